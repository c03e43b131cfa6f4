//! Bad feeds must not protect bad accounts: a token without a price is no shield, a leg without one waits while the others
//! are taken, and a price that jumped blocks for a few minutes only.

use harness::{
    World,
    auctions::{fee, rate_after},
    perps::*,
    tokens::*,
};
use plimsoll::errors::Refusal;
use plimsoll_client::{
    book::Side,
    instructions::{liquidation::Scope, order::Order},
};
use plimsoll_risk::{liquidation::Flag, validity::Validity};

const ALL: [&str; 4] = ["alice", "bob", "carol", "dave"];

fn world() -> World {
    let mut world = World::with_steady_markets(&[BTC_PERP, ETH_PERP], |_| ());
    for name in &ALL[1..] {
        world.trader(name).deposits(USDC, usdc(100_000));
    }
    world
}

/// So much time passes in which nobody hears of a token, and all others are fresh.
fn silences(world: &mut World, token: Token, seconds: i64) {
    let end = world.now() + seconds;
    while world.now() < end {
        world.passes((end - world.now()).min(60));
        let others: Vec<Token> = world.tokens()[1..].iter().copied().filter(|it| *it != token).collect();
        for other in &others {
            world.oracle().publishes(*other);
        }
        world.oracle().refreshes(&others);
        for all in world.tokens().to_vec() {
            world.trader("keeper").refreshes(all);
        }
    }
}

fn validity(world: &World, token: Token) -> Validity {
    let feed = world.feed(token);
    let is_old = world.now() - feed.publish_time > i64::from(feed.max_age);
    if is_old { Validity::Stale } else { Validity::from_code(feed.validity) }
}

#[test]
fn dust_without_a_price_shields_nobody() {
    let mut world = world();
    world.trader("alice").deposits(USDC, usdc(2_000));
    world.trader("alice").deposits(SOL, 10);
    world.trader("alice").deposits(BTC, 1);
    world.deals("alice", "bob", BTC_PERP, 1_000, 60_000);
    world.oracle().says(BTC, 44_400.0);
    silences(&mut world, SOL, 120);
    assert_eq!(validity(&world, SOL), Validity::Stale);
    // She herself may not withdraw without a price, but is flagged and liquidated without one.
    world.trader("alice").refused(Refusal::StalePrice).withdraws(USDC, 1);
    world.trader("carol").assesses("alice", Scope::Cross);
    let sheet = world.sheet(&ALL);
    world.trader("carol").takes_over("alice", BTC_PERP, 30);
    let (worth, fee) = (30 * 4_440_000, fee(30 * 4_440_000, rate_after(0)));
    sheet.changed(
        &world,
        &[
            ("alice BTC-PERP lots", -30),
            ("alice BTC-PERP quote", worth - fee.total()),
            ("alice BTC-PERP realised", worth - 180_000_000 - fee.total()),
            ("carol BTC-PERP lots", 30),
            ("carol BTC-PERP quote", fee.liquidator - worth),
            ("carol BTC-PERP realised", fee.liquidator),
            ("BTC-PERP insurance fees", fee.insurance),
        ],
    );
    world.trader("dave").bids(BTC_PERP, 100, 44_400);
    world.trader("carol").meeting(&["dave"]).liquidates_into_book("alice", BTC_PERP, u32::MAX);
    assert_eq!(world.flag_of("alice", Scope::Cross), Flag::default());
}

#[test]
fn dust_without_a_price_shields_no_borrower() {
    let mut world = world();
    world.trader("bob").deposits(SOL, sol(1_000));
    world.trader("carol").deposits(SOL, sol(100));
    world.trader("alice").deposits(USDC, usdc(10_000));
    world.trader("alice").deposits(BTC, 1);
    world.trader("alice").borrows(SOL, sol(50));
    world.oracle().says(SOL, 187.5);
    silences(&mut world, BTC, 90);
    world.trader("carol").assesses("alice", Scope::Cross);
    world.trader("carol").swaps_collateral("alice", SOL, USDC, u64::MAX);
    assert_eq!(world.flag_of("alice", Scope::Cross), Flag::default());
    assert!(world.balance("alice", SOL) > -(sol(30) as i128));
}

#[test]
fn what_has_no_price_for_long_counts_less_and_less_until_the_rest_is_liquidated() {
    let mut world = world();
    world.trader("alice").deposits(SOL, sol(10));
    world.deals("alice", "bob", BTC_PERP, 800, 60_000);
    // 1,350 of SOL at maintenance behind a position that needs 480: for ten minutes in full, then to nothing in six hours.
    silences(&mut world, SOL, 600 + 3 * 3_600);
    world.trader("carol").refused(Refusal::NothingToDo).assesses("alice", Scope::Cross);
    silences(&mut world, SOL, 3_600);
    world.trader("carol").assesses("alice", Scope::Cross); // 450
    let sheet = world.sheet(&ALL);
    world.trader("carol").takes_over("alice", BTC_PERP, u32::MAX);
    let taken = -sheet.changes(&world)["alice BTC-PERP lots"];
    // 447.6 (the fee is paid) behind 504 at the end of a liquidation, and a lot frees 0.63 and costs 0.03: 94 lots.
    assert_eq!(taken, 94);
    let (worth, fee) = (taken * 6_000_000, fee(taken * 6_000_000, rate_after(0)));
    sheet.changed(
        &world,
        &[
            ("alice BTC-PERP lots", -taken),
            ("alice BTC-PERP quote", worth - fee.total()),
            ("alice BTC-PERP realised", -fee.total()),
            ("carol BTC-PERP lots", taken),
            ("carol BTC-PERP quote", fee.liquidator - worth),
            ("carol BTC-PERP realised", fee.liquidator),
            ("BTC-PERP insurance fees", fee.insurance),
        ],
    );
    // Her SOL were not touched, and once they have a price again they count in full.
    assert_eq!(world.balance("alice", SOL), sol(10) as i128);
    world.refreshes_all();
    world.trader("alice").withdraws(SOL, sol(1));
}

#[test]
fn a_leg_without_a_price_waits_while_the_others_are_taken() {
    let mut world = world();
    world.trader("alice").deposits(USDC, usdc(2_000));
    world.deals("alice", "bob", BTC_PERP, 1_000, 60_000);
    world.deals("alice", "bob", ETH_PERP, 200, 30_000);
    world.oracle().says(BTC, 45_000.0);
    silences(&mut world, ETH, 120);
    world.trader("carol").assesses("alice", Scope::Cross);
    world.trader("dave").bids(BTC_PERP, 100, 45_000);
    let mut carol = world.trader("carol").refused(Refusal::StaleMarket);
    carol.takes_over("alice", ETH_PERP, 10);
    carol.liquidates_into_book("alice", ETH_PERP, 10);
    world.trader("carol").takes_over("alice", BTC_PERP, 10);
    world.trader("carol").meeting(&["dave"]).liquidates_into_book("alice", BTC_PERP, 10);
    assert_eq!((world.lots("alice", BTC_PERP), world.lots("alice", ETH_PERP)), (980, 200));
    // Whoever brings a price takes that leg, too.
    world.oracle().publishes(ETH);
    let sheet = world.sheet(&ALL);
    world.trader("carol").bringing(&[ETH]).takes_over("alice", ETH_PERP, 10);
    let (worth, fee) = (30_000_000, fee(30_000_000, rate_after(0)));
    sheet.changed(
        &world,
        &[
            ("alice ETH-PERP lots", -10),
            ("alice ETH-PERP quote", worth - fee.total()),
            ("alice ETH-PERP realised", -fee.total()),
            ("carol ETH-PERP lots", 10),
            ("carol ETH-PERP quote", fee.liquidator - worth),
            ("carol ETH-PERP realised", fee.liquidator),
            ("ETH-PERP insurance fees", fee.insurance),
        ],
    );
}

#[test]
fn a_debt_without_a_price_waits_while_another_is_repaid() {
    let mut world = world();
    for (token, amount) in [(SOL, sol(1_000)), (BTC, btc(10))] {
        world.trader("bob").deposits(token, amount);
        world.trader("carol").deposits(token, amount / 2);
    }
    world.trader("alice").deposits(USDC, usdc(10_000));
    world.trader("alice").borrows(SOL, sol(25));
    world.trader("alice").borrows(BTC, btc(0.06));
    world.oracle().says(BTC, 89_500.0);
    silences(&mut world, SOL, 120);
    world.trader("carol").assesses("alice", Scope::Cross);
    world.trader("carol").refused(Refusal::StalePrice).swaps_collateral("alice", SOL, USDC, sol(1));
    // Carol holds SOL herself: it counts nothing meanwhile, and holds nobody up.
    world.trader("carol").swaps_collateral("alice", BTC, USDC, btc(0.001));
    world.trader("dave").swaps_collateral("alice", BTC, USDC, btc(0.001));
    world.oracle().publishes(SOL);
    world.trader("carol").bringing(&[SOL]).swaps_collateral("alice", SOL, USDC, sol(0.1));
    world.trader("dave").swaps_collateral("alice", BTC, USDC, u64::MAX);
    assert_eq!(world.flag_of("alice", Scope::Cross), Flag::default());
}

/// Alice is long 1,000 lots at 60,000 on so much, and BTC falls to this at once: further from its stable price than a price
/// may be.
fn jumped(cash: f64, price: f64) -> World {
    let mut world = world();
    world.trader("alice").deposits(USDC, usdc(cash));
    world.deals("alice", "bob", BTC_PERP, 1_000, 60_000);
    world.oracle().says(BTC, price);
    world.refreshes_all();
    assert_eq!(validity(&world, BTC), Validity::Diverged);
    world
}

/// Alice is not flagged before this many seconds, and is then; the price stays, refreshed every ten.
fn is_flagged_after(world: &mut World, seconds: i64) {
    for _ in 0..seconds / 10 {
        world.trader("carol").refused(Refusal::NothingToDo).assesses("alice", Scope::Cross);
        world.passes(10);
        world.refreshes_all();
    }
    world.trader("carol").assesses("alice", Scope::Cross);
    assert_eq!(world.flag_of("alice", Scope::Cross).flagged_at, world.now());
    assert_eq!(validity(world, BTC), Validity::Diverged);
}

#[test]
fn a_jump_stops_blocking_once_the_average_has_followed_it_half_way() {
    // At 27,000 there are 197 behind 2,700. From 60,000 the average goes a thirtieth of the way in ten
    // seconds: after a minute it is at 53,924, of which 27,000 is half.
    let mut world = jumped(3_500.0, 27_000.0);
    is_flagged_after(&mut world, 60);
    // She trades and withdraws nothing on such a price; whoever takes over is held to the worse of it and the stable one.
    world.trader("alice").refused(Refusal::StaleMarket).withdraws(USDC, 1);
    let sheet = world.sheet(&ALL);
    world.trader("carol").takes_over("alice", BTC_PERP, 100);
    let (worth, fee) = (270_000_000, fee(270_000_000, rate_after(0)));
    sheet.changed(
        &world,
        &[
            ("alice BTC-PERP lots", -100),
            ("alice BTC-PERP quote", worth - fee.total()),
            ("alice BTC-PERP realised", worth - 600_000_000 - fee.total()),
            ("carol BTC-PERP lots", 100),
            ("carol BTC-PERP quote", fee.liquidator - worth),
            ("carol BTC-PERP realised", fee.liquidator),
            ("BTC-PERP insurance fees", fee.insurance),
        ],
    );
    let order = Order::limit(Side::Bid, 1, 27_000).post_only();
    world.trader("dave").refused(Refusal::StaleMarket).places(BTC_PERP, order);
}

#[test]
fn no_jump_blocks_for_more_than_three_minutes() {
    // At 15,000 there are 97 behind 1,500. The average needs five minutes and a half.
    let mut world = jumped(4_600.0, 15_000.0);
    is_flagged_after(&mut world, 180);
    world.trader("carol").takes_over("alice", BTC_PERP, u32::MAX);
    assert!(world.lots("carol", BTC_PERP) > 0);
}
