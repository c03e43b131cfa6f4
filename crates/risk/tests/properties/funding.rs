//! Funding against exact rational numbers.

use crate::desk::*;
use crate::exact::*;
use num_traits::Zero;
use plimsoll_risk::funding::{Impact, PremiumWindow, apply, due, premium};
use plimsoll_risk::health::Overlay;
use plimsoll_risk::layout::account::{MAX_POSITIONS, POSITION_IN_USE, Position};
use plimsoll_risk::layout::market::MarketTerms;
use plimsoll_risk::margin::{Holdings, equity, isolated_margin, margin};
use plimsoll_risk::num::{Lots, Ratio};
use proptest::prelude::*;

fn clamped(number: Exact, cap: &Exact) -> Exact {
    number.min(cap.clone()).max(-cap.clone())
}

fn lot_value(terms: &MarketTerms) -> Exact {
    fraction(terms.lot_price, power_of_two(u32::from(terms.shift)))
}

fn position(lots: i32, funding: i64) -> Position {
    Position { lots: Lots::new(lots), funding, flags: POSITION_IN_USE, ..bytemuck::Zeroable::zeroed() }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn a_premium_is_within_a_unit_of_exact(
        ticks in (1u64..1 << 31, 1u64..1 << 31, 0i64..2_000),
        lots in (1u64..1 << 32, 1u64..1 << 32),
        tick_lot in 1u32..1 << 20, shift in 0u8..=31, cap in 0u32..1 << 31,
    ) {
        let bid = Impact { notional: ticks.0 * lots.0 - lots.0 / 3, lots: lots.0 };
        let ask = Impact { notional: ticks.1 * lots.1 + lots.1 / 7, lots: lots.1 };
        let average = |of: &Impact| fraction(of.notional, of.lots);
        let mid = (average(&bid) + average(&ask)) / whole(2) * whole(tick_lot);
        // An index near the mid, as far as its 32 bits allow.
        let raw = &mid * fraction(1_000 + ticks.2, 2_000) * whole(power_of_two(u32::from(shift)));
        let lot_price = u32::try_from(raw.to_integer()).unwrap_or(u32::MAX).max(1);
        let terms = MarketTerms { lot_price, shift, ..bytemuck::Zeroable::zeroed() };
        let exact = clamped(mid / lot_value(&terms) - whole(1), &ratio(Ratio::new(cap)));
        let found = premium(Some(bid), Some(ask), tick_lot, &terms, Ratio::new(cap)).unwrap();
        let unit = fraction(1, power_of_two(30));
        prop_assert!(is_near(&(whole(found) * &unit), &exact, &unit), "{} for {}", found, exact);
    }

    #[test]
    fn funding_is_what_each_premium_made_while_it_stood(
        observations in prop::collection::vec((-(1i32 << 30)..1 << 30, 0i64..200), 0..40),
        lot in (any::<u32>(), 0u8..=40), period in 3_600u32..100_000,
    ) {
        let terms =
            MarketTerms { lot_price: lot.0, shift: lot.1, funding_updated_at: NOW, ..bytemuck::Zeroable::zeroed() };
        let mut window = PremiumWindow { since: NOW, ..bytemuck::Zeroable::zeroed() };
        let (mut now, mut exact, unit) = (NOW, Exact::zero(), fraction(1, power_of_two(30)));
        let a_second = lot_value(&terms) / whole(period) * whole(power_of_two(32)) * &unit;
        for (slot, (seen, seconds)) in observations.iter().enumerate() {
            window.observe(*seen, &terms, period, (now, slot as u64));
            // However often it is credited.
            window.credit(&terms, period, now + seconds / 2);
            let paid = (NOW + 3_600 - now).clamp(0, *seconds).min(60);
            now += seconds;
            exact += whole(*seen) * whole(paid) * &a_second;
        }
        window.credit(&terms, period, now);
        // Each credit is cut off by less than a unit, or by one of what a second makes of the premium's own unit.
        let cut = whole(1) + fraction(240, power_of_two(u32::from(terms.shift)));
        let within = whole(2 * observations.len() + 1) * cut;
        prop_assert!(is_near(&whole(window.funding), &exact, &within), "{} for {}", window.funding, exact);
    }

    #[test]
    fn what_is_due_is_the_exact_ceiling_and_covers_what_is_received(
        lots in prop::collection::vec(any::<i32>(), 1..8), from in any::<i64>(), to in any::<i64>(), near in any::<bool>(),
    ) {
        let to = if near { from.saturating_add(to >> 24) } else { to };
        let terms = MarketTerms { funding: to, ..bytemuck::Zeroable::zeroed() };
        let growth = whole(to) - whole(from);
        let fits = to.checked_sub(from).is_some();
        let (mut total, mut open) = (0i128, 0i64);
        for lots in lots {
            match due(&position(lots, from), terms.funding) {
                Ok(found) => {
                    prop_assert!(is_ceiling(found.get(), &(whole(lots) * &growth / whole(power_of_two(32)))));
                    total += i128::from(found.get());
                    open += i64::from(lots);
                }
                Err(_) => prop_assert!(!fits && lots != 0),
            }
        }
        // The other side of all of them.
        if let (true, Ok(lots)) = (fits, i32::try_from(-open)) {
            prop_assert!(total + i128::from(due(&position(lots, from), terms.funding).unwrap().get()) >= 0);
        }
    }

    #[test]
    fn applying_funding_first_or_not_gives_the_same_margin(
        account in account(), funding in prop::collection::vec((any::<i64>(), 0u32..64), MAX_POSITIONS), seen in any::<i64>(),
    ) {
        let (mut board, mut positions) = open(&account);
        for (place, (market, shift)) in funding.iter().enumerate() {
            board.markets[place].funding = market >> shift;
            positions[place].funding = (seen >> shift).wrapping_add(market >> shift) >> 1;
        }
        let applied = positions.map(|mut position| {
            if position.flags & POSITION_IN_USE != 0 {
                let terms = board.markets[usize::from(position.market)];
                let _ = apply(&mut position, terms.funding);
            }
            position
        });
        let balances = bytemuck::Zeroable::zeroed();
        let holdings = |positions| Holdings { balances: &balances, positions };
        for check in KINDS {
            let of = |positions| margin(&holdings(positions), &board, &Overlay::none(), check, NOW);
            prop_assert_eq!(of(&positions), of(&applied));
            for (late, early) in positions.iter().zip(&applied).filter(|(position, _)| position.is_isolated()) {
                let of = |position| isolated_margin(position, &board, &Overlay::none(), check, NOW);
                prop_assert_eq!(of(late), of(early));
            }
        }
        let of = |positions| equity(&holdings(positions), &board, &Overlay::none(), NOW);
        prop_assert_eq!(of(&positions), of(&applied));
    }
}
