//! Sequences of trades against exact average costs.

use crate::exact::*;
use num_traits::Zero;
use plimsoll_risk::fill::{fill, release, reserve};
use plimsoll_risk::layout::account::Position;
use plimsoll_risk::num::Quote;
use plimsoll_risk::settlement::settle;
use proptest::prelude::*;

/// A position with the cost of its open lots, exactly.
struct Model {
    lots: i64,
    cost: Exact,
    realised: Exact,
}

impl Model {
    /// `cost` is below zero for a long, as `quote` is.
    fn trade(&mut self, lots: i64, proceeds: &Exact, fee: i64) {
        let closes = self.lots.signum() * lots.signum() < 0;
        let closing = if closes { lots.abs().min(self.lots.abs()) } else { 0 };
        let mut opened = proceeds.clone();
        if closing > 0 {
            let earned = proceeds * fraction(closing, lots.abs());
            let share = &self.cost * fraction(closing, self.lots.abs());
            self.cost -= &share;
            opened -= &earned;
            self.realised += earned + share;
        }
        self.cost += opened;
        self.lots += lots;
        self.realised -= whole(fee);
    }
}

fn lots() -> impl Strategy<Value = i64> {
    prop_oneof![-20i64..20, -(1i64 << 27)..1 << 27]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn realised_profit_is_the_exact_one_rounded_against_the_user(
        trades in prop::collection::vec((lots(), 0i64..1 << 40, -1_000i64..1_000, any::<bool>(), -1_000i64..1_000), 1..12),
    ) {
        let mut position: Position = bytemuck::Zeroable::zeroed();
        let mut model = Model { lots: 0, cost: Exact::zero(), realised: Exact::zero() };
        let mut cash = 0i64;
        for (count, (lots, worth, fee, closes, settled)) in trades.into_iter().enumerate() {
            let lots = if closes { -model.lots } else { lots };
            let worth = if lots == 0 { 0 } else { worth };
            let proceeds = -lots.signum() * worth;
            let before = position.realised.get();
            let size = u32::try_from(lots.unsigned_abs()).unwrap();
            let realised = fill(&mut position, lots > 0, size, Quote::new(worth), Quote::new(fee)).unwrap();
            model.trade(lots, &whole(proceeds), fee);
            cash += proceeds - fee;
            prop_assert_eq!(position.realised.get() - before, realised.get());
            prop_assert_eq!((position.quote.get(), i64::from(position.lots.get())), (cash, model.lots));
            let short = &model.realised - whole(position.realised.get());
            prop_assert!(short >= Exact::zero() && short < whole(2 * (count as i64 + 1)), "{}", short);
            if position.lots.is_zero() {
                prop_assert_eq!(position.quote, position.realised);
                // What was cut off is realised now.
                prop_assert!(short.is_zero());
            }
            settle(&mut position, Quote::new(settled)).unwrap();
            model.realised += whole(settled);
            cash += settled;
        }
    }

    #[test]
    fn what_was_reserved_can_be_released_in_any_parts(
        orders in prop::collection::vec((any::<bool>(), 0u32..1 << 28, 0i64..1 << 50), 1..12), part in 0u32..=100,
    ) {
        let mut position: Position = bytemuck::Zeroable::zeroed();
        for (is_bid, lots, worth) in &orders {
            reserve(&mut position, *is_bid, *lots, Quote::new(*worth)).unwrap();
        }
        for (is_bid, lots, worth) in &orders {
            let first = (lots / 100 * part, worth / 100 * i64::from(part));
            release(&mut position, *is_bid, first.0, Quote::new(first.1)).unwrap();
            release(&mut position, *is_bid, lots - first.0, Quote::new(worth - first.1)).unwrap();
        }
        prop_assert!(position.is_done());
        prop_assert_eq!((position.bids_quote, position.asks_quote), (Quote::ZERO, Quote::ZERO));
        prop_assert!(release(&mut position, true, 1, Quote::ZERO).is_err());
    }
}
