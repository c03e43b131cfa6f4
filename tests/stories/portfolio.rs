//! What the SDK says of an account is what the chain does: for random portfolios the liquidation price of each position, the
//! largest order and the largest withdrawal are tried on copies of the world, one unit on either side.

mod after_deleveraging;
mod people;
mod probes;

use harness::{World, perps::*, tokens::*};
use people::Circumstances;
use probes::Tally;

/// The markets of these tests.
const PERPS: [Perp; 3] = [BTC_PERP, ETH_PERP, SOL_PERP];
/// The tokens that can be held there.
const TOKENS: [Token; 5] = [USDC, SOL, BTC, BAR, ETH];

/// Tries everything that the SDK says of the subject of each of these worlds.
fn probes(worlds: impl IntoIterator<Item = World>) -> Tally {
    let mut tally = Tally::default();
    for world in worlds {
        probes::liquidation_prices(&world, &mut tally);
        probes::largest_orders(&world, &mut tally);
        probes::reductions_where_nothing_else_goes(&world, &mut tally);
        probes::largest_withdrawals(&world, &mut tally);
    }
    tally
}

fn portfolios(seeds: std::ops::Range<u64>, of: Circumstances) -> Tally {
    probes(seeds.map(|seed| people::portfolio(seed, &of)))
}

#[test]
fn a_cross_portfolio_is_what_the_sdk_says() {
    let tally = portfolios(0..14, Circumstances::default());
    assert!(tally.liquidations >= 15 && tally.orders >= 100 && tally.withdrawals >= 60, "{tally:?}");
}

#[test]
fn a_portfolio_with_pockets_is_what_the_sdk_says() {
    let tally = portfolios(100..112, Circumstances { pockets: 600_000, ..Circumstances::default() });
    assert!(tally.pockets >= 8 && tally.orders >= 80, "{tally:?}");
}

#[test]
fn a_portfolio_that_meets_caps_is_what_the_sdk_says() {
    let tally = portfolios(200..210, Circumstances { is_capped: true, ..Circumstances::default() });
    assert!(tally.capped >= 20, "{tally:?}");
}

#[test]
fn a_portfolio_near_its_end_is_what_the_sdk_says() {
    let tally = portfolios(300..310, Circumstances { is_pressed: true, ..Circumstances::default() });
    assert!(tally.liquidations >= 10 && tally.reductions >= 20 && tally.reduce_only >= 8, "{tally:?}");
}

#[test]
fn a_portfolio_that_deleveraging_waits_for_is_what_the_sdk_says() {
    let tally = probes((400..403).map(after_deleveraging::portfolio));
    assert!(tally.liquidations >= 3, "{tally:?}");
}
