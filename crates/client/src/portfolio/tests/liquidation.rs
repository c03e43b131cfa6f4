//! Liquidation prices against the engine, one unit of 2^-40 on either side.

use super::world::{NOW, World, world};
use crate::portfolio::{LiquidationPrices, Portfolio};
use plimsoll::state::RiskBoard;
use plimsoll_risk::{
    health::{Check, Overlay},
    layout::account::Position,
    margin::{Holdings, isolated_margin, margin},
    market::refresh_market,
    num::{Price, Quote},
    valuation::refresh_bank,
};
use proptest::prelude::*;

/// Measures anew what answers for a position, with its feed at one price after the other.
struct Scales<'a> {
    world: &'a World,
    board: Box<RiskBoard>,
    position: &'a Position,
}

impl<'a> Scales<'a> {
    fn new(world: &'a World, position: &'a Position) -> Self {
        Self { world, board: world.board.clone(), position }
    }

    fn feed(&self) -> usize {
        self.board.markets[usize::from(self.position.market)].feed.into()
    }

    fn health(&mut self, price: u64) -> Option<Quote> {
        let at = self.feed();
        let RiskBoard(board) = &mut *self.board;
        board.feeds[at].price = Price::new(price);
        let feed = board.feeds[at];
        for terms in
            board.banks.iter_mut().filter(|terms| usize::from(terms.feed) == at && terms.decimals != 0)
        {
            refresh_bank(terms, &feed, &board.header, NOW).ok()?;
        }
        for terms in board.markets.iter_mut().filter(|it| usize::from(it.feed) == at && it.lots_per_unit != 0)
        {
            if refresh_market(terms, &feed, &board.header, NOW).is_err() {
                terms.valid_until = 0;
            }
        }
        let (none, check) = (Overlay::none(), Check::Maintenance);
        let found = if self.position.is_isolated() {
            isolated_margin(self.position, board, &none, check, NOW)
        } else {
            margin(&Holdings::from(&self.world.account.0), board, &none, check, NOW)
        };
        found.ok().map(|margin| margin.health())
    }

    fn endangered(&mut self, price: u64) -> Option<bool> {
        self.health(price).map(Quote::is_negative)
    }
}

/// The price in danger, and the safe one beside it, of each liquidation price.
fn edges(found: &LiquidationPrices) -> impl Iterator<Item = (u64, u64)> {
    // Safety lies towards the present price, or away from it where that is in danger itself.
    let (under, over) = (|price: u64| price - 1, |price: u64| price + 1);
    let has_begun = found.has_begun;
    let beside_below = move |price: u64| if has_begun { under(price) } else { over(price) };
    let beside_above = move |price: u64| if has_begun { over(price) } else { under(price) };
    let below = found.below.map(|price| (price.get(), beside_below(price.get())));
    below.into_iter().chain(found.above.map(|price| (price.get(), beside_above(price.get()))))
}

/// Roundings of sixteen legs, and of ratios in 2^-30.
fn is_near_zero(health: Quote, world: &World) -> bool {
    let of = |market: usize| {
        let (position, terms) = (&world.account.positions[market], &world.board.markets[market]);
        let lots = u64::from(position.lots.magnitude()) + u64::from(position.bids) + u64::from(position.asks);
        (u128::from(lots) * u128::from(terms.lot_price)) >> terms.shift
    };
    let notional: u128 = (0..world.markets.len()).map(of).sum();
    u128::from(health.magnitude()) < 100 + (notional >> 20)
}

/// Prices from one to another, each a thirtieth of the way in its logarithm.
fn between(from: u64, to: u64) -> impl Iterator<Item = u64> {
    (1..30u32).map(move |step| {
        let (from, to, part) = (u128::from(from), u128::from(to), u128::from(step));
        ((from * (30 - part) + to * part) / 30) as u64
    })
}

#[test]
fn a_danger_that_ends_before_the_price_has_doubled_is_found() {
    let world = World::with_a_notch();
    let found = Portfolio::new(&world.account, &world.board, NOW).liquidation_prices(0).unwrap();
    let above = found.above.expect("a notch above").get();
    assert!(!found.has_begun && (105 << 40..115 << 40).contains(&above), "{found:?}");
    let mut scales = Scales::new(&world, &world.account.positions[0]);
    let endangered = [above - 1, above, 200 << 40].map(|price| scales.endangered(price));
    assert_eq!(endangered, [Some(false), Some(true), Some(false)]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3_000))]

    #[test]
    fn one_unit_beside_a_liquidation_price_the_account_is_safe(world in world()) {
        let portfolio = Portfolio::new(&world.account, &world.board, NOW);
        for position in world.account.positions.iter().filter(|position| !position.is_free()) {
            let mut scales = Scales::new(&world, position);
            let index = world.board.feeds[scales.feed()].price;
            let found = portfolio.liquidation_prices(position.market).unwrap();
            prop_assert_eq!(Some(found.has_begun), scales.endangered(index.get()));
            for (endangered, safe) in edges(&found) {
                prop_assert_eq!(scales.endangered(endangered), Some(true), "{:?}", found);
                prop_assert_eq!(scales.endangered(safe), Some(false), "{:?}", found);
            }
            let nearest = portfolio.liquidation_price(position.market).unwrap();
            prop_assert_eq!(nearest, found.nearest(index));
        }
    }

    #[test]
    fn before_a_liquidation_price_is_reached_nothing_is_in_danger(world in world()) {
        let portfolio = Portfolio::new(&world.account, &world.board, NOW);
        for position in world.account.positions.iter().filter(|position| !position.is_free()) {
            let mut scales = Scales::new(&world, position);
            let index = world.board.feeds[scales.feed()].price.get();
            let found = portfolio.liquidation_prices(position.market).unwrap();
            if found.has_begun {
                continue;
            }
            let below = found.below.map_or(1, Price::get);
            let above = found.above.map_or(index.saturating_mul(1_000).min(Price::LIMIT - 1), Price::get);
            for price in between(index, below).chain(between(index, above)) {
                let Some(health) = scales.health(price) else { continue };
                prop_assert!(!health.is_negative() || is_near_zero(health, &world), "{:?} {}", found, price);
            }
        }
    }
}
