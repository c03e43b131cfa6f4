//! Into the book: resting orders are met, nowhere worse than the price less the fee, and the keeper earns of what was better.

use super::{ALL, endangered, flagged_at, is_free, is_over, short};
use harness::{
    World,
    amounts::bps,
    auctions::{Fee, part, split},
    perps::*,
    sheet::Sheet,
    tokens::*,
};
use plimsoll::errors::Refusal;
use plimsoll_client::book::Side;
use plimsoll_client::instructions::{
    liquidation::{IntoBook, Scope},
    order::Order,
};

/// Dave bids for 30 lots at 44,350 and erin for 100 at 44,250, while alice is flagged.
fn bids() -> World {
    let mut world = endangered(false);
    world.trader("dave").bids(BTC_PERP, 30, 44_350);
    world.trader("erin").bids(BTC_PERP, 100, 44_250);
    world
}

/// What 30 lots at 44,350 and 36 at 44,250 bring, native quote.
const DAVE: i128 = 30 * 4_435_000;
const ERIN: i128 = 36 * 4_425_000;

/// What takers pay for so much: five hundredths of a percent, rounded up.
fn taker_fee(worth: i128) -> i128 {
    part(worth, bps(5).into()) + 1 // none of these stories meets a whole number
}

/// What makers get: one hundredth of a percent, rounded down.
fn rebate(worth: i128) -> i128 {
    part(worth, bps(1).into())
}

/// 66 lots of alice's were sold, with a limit of 44,179 (44,178 and a fraction, rounded up): the taker fee and what was better
/// than that limit are gone, as the auction asks for more (1.4652).
fn costs() -> (i128, Fee) {
    let (filled, at_limit) = (DAVE + ERIN, 66 * 4_417_900);
    let taker_fee = taker_fee(filled);
    let fee = split(filled - taker_fee - at_limit, bps(3_000).into());
    assert_eq!((filled - at_limit, taker_fee), (768_600, 146_175));
    (taker_fee, fee)
}

#[test]
fn lots_meet_makers_at_once_and_the_account_never_ends_below_the_limit() {
    let mut world = bids();
    let sheet = world.sheet(&ALL);
    let told =
        world.trader("carol").meeting(&["erin", "dave"]).liquidates_into_book("alice", BTC_PERP, u32::MAX);
    let (taker_fee, fee) = costs();
    let got = 66 * 4_417_900;
    sheet.changed(
        &world,
        &[
            ("alice BTC-PERP lots", -66),
            ("alice BTC-PERP quote", got),
            ("alice BTC-PERP realised", got - 66 * 6_000_000),
            ("dave BTC-PERP lots", 30),
            ("dave BTC-PERP bids", -30),
            ("dave BTC-PERP quote", rebate(DAVE) - DAVE),
            ("dave BTC-PERP realised", rebate(DAVE)),
            ("erin BTC-PERP lots", 36),
            ("erin BTC-PERP bids", -36),
            ("erin BTC-PERP quote", rebate(ERIN) - ERIN),
            ("erin BTC-PERP realised", rebate(ERIN)),
            ("carol BTC-PERP quote", fee.liquidator),
            ("carol BTC-PERP realised", fee.liquidator),
            ("BTC-PERP insurance fees", fee.insurance),
            ("BTC-PERP fees", taker_fee - rebate(DAVE) - rebate(ERIN)),
        ],
    );
    assert!(is_over(told.events.last()));
    is_free(&world, Scope::Cross);
}

#[test]
fn makers_who_are_not_there_are_queued_and_get_the_same_later() {
    let mut world = bids();
    let sheet = world.sheet(&ALL);
    let told = world.trader("carol").liquidates_into_book("alice", BTC_PERP, u32::MAX);
    let (taker_fee, fee) = costs();
    let got = 66 * 4_417_900;
    let of_alice = [
        ("alice BTC-PERP lots", -66),
        ("alice BTC-PERP quote", got),
        ("alice BTC-PERP realised", got - 66 * 6_000_000),
        ("carol BTC-PERP quote", fee.liquidator),
        ("carol BTC-PERP realised", fee.liquidator),
        ("BTC-PERP insurance fees", fee.insurance),
        ("BTC-PERP fees", taker_fee - rebate(DAVE) - rebate(ERIN)),
        ("BTC-PERP longs", -66),
    ];
    sheet.changed(&world, &of_alice);
    assert!(is_over(told.events.last()));
    assert_eq!(world.waiting(BTC_PERP), 2);
    is_free(&world, Scope::Cross);

    let sheet = world.sheet(&ALL);
    world.applies_fills(BTC_PERP, &["erin", "dave"]);
    sheet.changed(
        &world,
        &[
            ("dave BTC-PERP lots", 30),
            ("dave BTC-PERP bids", -30),
            ("dave BTC-PERP quote", rebate(DAVE) - DAVE),
            ("dave BTC-PERP realised", rebate(DAVE)),
            ("erin BTC-PERP lots", 36),
            ("erin BTC-PERP bids", -36),
            ("erin BTC-PERP quote", rebate(ERIN) - ERIN),
            ("erin BTC-PERP realised", rebate(ERIN)),
            ("BTC-PERP longs", 66),
        ],
    );
}

#[test]
fn nothing_is_sold_below_the_limit_and_the_auction_lowers_it() {
    let mut world = endangered(false);
    world.trader("dave").bids(BTC_PERP, 200, 44_178);
    world
        .trader("carol")
        .meeting(&["dave"])
        .refused(Refusal::CannotFill)
        .liquidates_into_book("alice", BTC_PERP, 66);
    // Three seconds later it is 44,133.6.
    world.waits(3);
    world.trader("carol").meeting(&["dave"]).liquidates_into_book("alice", BTC_PERP, u32::MAX);
    assert!(world.lots("dave", BTC_PERP) > 0);
    is_free(&world, Scope::Cross);
}

#[test]
fn a_short_is_bought_back_nowhere_above_its_limit() {
    // 66 lots at 73,164 at most: half a percent above 72,800.
    let mut world = flagged_at(short(), 72_800.0);
    world.trader("erin").asks(BTC_PERP, 100, 73_164);
    world.trader("carol").refused(Refusal::CannotFill).liquidates_into_book("alice", BTC_PERP, u32::MAX);
    world.trader("dave").asks(BTC_PERP, 40, 73_000);
    let sheet = world.sheet(&ALL);
    world.trader("carol").meeting(&["dave"]).liquidates_into_book("alice", BTC_PERP, u32::MAX);
    // 72,800 and half a percent is 73,163.99…: rounded down. The auction asks 1.456 of 40 lots, and 0.652 were better.
    let (worth, at_limit) = (40 * 7_300_000, 40 * 7_316_300);
    let taker_fee = taker_fee(worth);
    let fee = split(at_limit - worth - taker_fee, bps(3_000).into());
    sheet.changed(
        &world,
        &[
            ("alice BTC-PERP lots", 40),
            ("alice BTC-PERP quote", -at_limit),
            ("alice BTC-PERP realised", 40 * 6_000_000 - at_limit),
            ("dave BTC-PERP lots", -40),
            ("dave BTC-PERP asks", -40),
            ("dave BTC-PERP quote", worth + rebate(worth)),
            ("dave BTC-PERP realised", rebate(worth)),
            ("carol BTC-PERP quote", fee.liquidator),
            ("carol BTC-PERP realised", fee.liquidator),
            ("BTC-PERP insurance fees", fee.insurance),
            ("BTC-PERP fees", taker_fee - rebate(worth)),
        ],
    );
}

#[test]
fn where_fills_are_good_the_account_pays_what_the_auction_asks_and_keeps_the_rest() {
    let mut world = endangered(false);
    world.trader("dave").bids(BTC_PERP, 100, 45_000);
    let sheet = world.sheet(&ALL);
    world.trader("carol").meeting(&["dave"]).liquidates_into_book("alice", BTC_PERP, 50);
    let worth = 50 * 4_500_000;
    let (taker_fee, fee) = (taker_fee(worth), split(part(50 * 4_440_000, bps(50).into()), bps(3_000).into()));
    let got = worth - taker_fee - fee.total();
    sheet.changed(
        &world,
        &[
            ("alice BTC-PERP lots", -50),
            ("alice BTC-PERP quote", got),
            ("alice BTC-PERP realised", got - 50 * 6_000_000),
            ("dave BTC-PERP lots", 50),
            ("dave BTC-PERP bids", -50),
            ("dave BTC-PERP quote", rebate(worth) - worth),
            ("dave BTC-PERP realised", rebate(worth)),
            ("carol BTC-PERP quote", fee.liquidator),
            ("carol BTC-PERP realised", fee.liquidator),
            ("BTC-PERP insurance fees", fee.insurance),
            ("BTC-PERP fees", taker_fee - rebate(worth)),
        ],
    );
}

#[test]
fn a_keeper_asks_for_a_least_pay_and_meets_as_many_makers_as_it_likes() {
    let mut world = bids();
    let (_, fee) = costs();
    let terms =
        |least: i128, most_makers| IntoBook { most_lots: u32::MAX, most_makers, least_pay: least as u64 };
    let makers = ["dave", "erin"];
    world.trader("carol").meeting(&makers).refused(Refusal::WorseThanAllowed).liquidates_into_book_by(
        "alice",
        BTC_PERP,
        &terms(fee.liquidator + 1, 2),
    );
    world.trader("carol").meeting(&makers).refused(Refusal::CannotFill).liquidates_into_book_by(
        "alice",
        BTC_PERP,
        &terms(0, 0),
    );
    let mut other = world.clone();
    world.trader("carol").meeting(&makers).liquidates_into_book_by(
        "alice",
        BTC_PERP,
        &terms(fee.liquidator, 2),
    );
    assert_eq!(i128::from(world.position("carol", BTC_PERP).quote.get()), fee.liquidator);
    other.trader("carol").meeting(&makers).liquidates_into_book_by("alice", BTC_PERP, &terms(0, 1));
    assert_eq!((other.lots("dave", BTC_PERP), other.lots("erin", BTC_PERP)), (30, 0));
    other.trader("alice").holds(BTC_PERP, 970);
}

#[test]
fn a_keeper_may_be_a_maker_too() {
    let mut world = endangered(false);
    world.trader("carol").bids(BTC_PERP, 100, 44_400);
    let sheet = world.sheet(&ALL);
    world.trader("carol").meeting(&["carol"]).liquidates_into_book("alice", BTC_PERP, 10);
    let worth = 10 * 4_440_000;
    let (taker_fee, at_limit) = (taker_fee(worth), 10 * 4_417_900);
    let fee = split(worth - taker_fee - at_limit, bps(3_000).into());
    sheet.changed(
        &world,
        &[
            ("alice BTC-PERP lots", -10),
            ("alice BTC-PERP quote", at_limit),
            ("alice BTC-PERP realised", at_limit - 10 * 6_000_000),
            ("carol BTC-PERP lots", 10),
            ("carol BTC-PERP bids", -10),
            ("carol BTC-PERP quote", rebate(worth) - worth + fee.liquidator),
            ("carol BTC-PERP realised", rebate(worth) + fee.liquidator),
            ("BTC-PERP insurance fees", fee.insurance),
            ("BTC-PERP fees", taker_fee - rebate(worth)),
        ],
    );
}

/// Makers with 32 bids of one lot each at 44,350, and four of them: 128 bids are more than a side takes, so the last has 8.
fn crowded(world: &mut World) -> [&'static str; 4] {
    let makers = ["m1", "m2", "m3", "m4"];
    for name in makers {
        world.trader(name).deposits(USDC, usdc(10_000));
        let rounds = if name == "m4" { 1 } else { 4 };
        for _ in 0..rounds {
            world.trader(name).batches(BTC_PERP, &[], &[Order::limit(Side::Bid, 1, 44_350); 8]);
        }
    }
    makers
}

/// Who fills the queue as far as orders may: from half full on, 16 each.
const SELLERS: [(&str, u32); 5] = [("s1", 16), ("s2", 16), ("s3", 16), ("s4", 16), ("s5", 8)];

#[test]
fn the_last_quarter_of_the_queue_is_there_for_liquidations() {
    let mut world = endangered(false);
    let makers = crowded(&mut world);
    let sheet = world.sheet(&[&ALL[..], &makers[..]].concat());
    // 72 of 96 entries is as far as orders go.
    for (who, lots) in SELLERS {
        world.trader(who).deposits(USDC, usdc(1_000));
        world.trader(who).shorts(BTC_PERP, lots);
    }
    assert_eq!(world.waiting(BTC_PERP), 72);
    world.trader("bob").refused(Refusal::QueueFull).shorts(BTC_PERP, 1);

    world.trader("carol").liquidates_into_book("alice", BTC_PERP, u32::MAX);
    world.trader("alice").holds(BTC_PERP, 1_000 - 24);
    assert_eq!((world.waiting(BTC_PERP), world.depth(BTC_PERP, Side::Bid)), (96, 8));
    // Then it is full for these, too; makers who are there need no room.
    world.trader("carol").refused(Refusal::CannotFill).liquidates_into_book("alice", BTC_PERP, u32::MAX);
    world.trader("carol").meeting(&["m4"]).liquidates_into_book("alice", BTC_PERP, u32::MAX);
    world.trader("alice").holds(BTC_PERP, 1_000 - 32);

    for maker in &makers[..3] {
        world.applies_fills(BTC_PERP, &[maker]);
    }
    nothing_was_lost(&sheet, &world, &makers);
}

/// 104 lots became the makers', 72 of people who sold them and 32 of alice.
fn nothing_was_lost(sheet: &Sheet, world: &World, makers: &[&str]) {
    assert_eq!((world.waiting(BTC_PERP), world.depth(BTC_PERP, Side::Bid)), (0, 0));
    let changes = sheet.changes(world);
    let line = |name: &str, what: &str| changes.get(&format!("{name} BTC-PERP {what}")).copied().unwrap_or(0);
    let of_makers: Vec<i128> = makers.iter().map(|name| line(name, "lots")).collect();
    assert_eq!(of_makers, [32, 32, 32, 8]);
    let each = rebate(4_435_000) - 4_435_000;
    assert_eq!(line("m1", "quote"), 32 * each);
    assert_eq!(line("m4", "quote"), 8 * each);
    assert_eq!((line("alice", "lots"), changes["BTC-PERP longs"]), (-32, 72));
    for (name, lots) in SELLERS {
        assert_eq!(world.lots(name, BTC_PERP).unsigned_abs(), lots);
    }
}

#[test]
fn a_window_caps_what_goes_into_the_book_and_never_what_is_taken_over() {
    let mut world = World::with_steady_markets(&[BTC_PERP], |world| {
        world.sets_in_market("market.liq_window_cap", BTC_PERP, usdc(100));
    });
    super::endow(&mut world);
    world.deals("alice", "bob", BTC_PERP, 1_000, 60_000);
    let mut world = flagged_at(world, 44_400.0);
    world.trader("dave").bids(BTC_PERP, 1_000, 44_350);
    // 22 lots of 4.44; the fills at 44,350 take 97.57 of the window, and half a lot more is no lot.
    world.trader("carol").meeting(&["dave"]).liquidates_into_book("alice", BTC_PERP, u32::MAX);
    world.trader("alice").holds(BTC_PERP, 978);
    assert_eq!(world.market(BTC_PERP).liq_window_taken.get(), 22 * 4_435_000);
    let mut carol = world.trader("carol").meeting(&["dave"]);
    carol = carol.refused(Refusal::LiquidationWindow);
    carol.liquidates_into_book("alice", BTC_PERP, u32::MAX);
    world.trader("carol").takes_over("alice", BTC_PERP, 10);

    // An hour later there is another window, for whoever is flagged still.
    for _ in 0..12 {
        world.waits(300);
        world.trader("carol").assesses("alice", Scope::Cross);
    }
    world.trader("carol").meeting(&["dave"]).liquidates_into_book("alice", BTC_PERP, u32::MAX);
    world.trader("alice").holds(BTC_PERP, 968 - 22);
}

#[test]
fn where_equity_is_nearly_gone_the_window_gives_way() {
    let mut world = World::with_steady_markets(&[BTC_PERP], |world| {
        world.sets_in_market("market.liq_window_cap", BTC_PERP, usdc(100));
    });
    super::endow(&mut world);
    world.deals("alice", "bob", BTC_PERP, 1_000, 60_000);
    // 197 behind 4,200: twice the auction's dearest fee is 210.
    let mut world = flagged_at(world, 42_000.0);
    world.trader("dave").bids(BTC_PERP, 1_000, 42_000);
    world.trader("carol").meeting(&["dave"]).liquidates_into_book("alice", BTC_PERP, u32::MAX);
    assert!(world.lots("dave", BTC_PERP) > 500, "{}", world.lots("dave", BTC_PERP));
    is_free(&world, Scope::Cross);
}

#[test]
fn an_isolated_position_goes_into_the_book_for_itself() {
    let mut world = endangered(true);
    world.trader("dave").bids(BTC_PERP, 100, 44_250);
    let scope = world.scope_of("alice", BTC_PERP);
    let cash = world.balance("alice", USDC);
    world.trader("carol").meeting(&["dave"]).liquidates_into_book("alice", BTC_PERP, u32::MAX);
    assert_eq!((world.lots("alice", BTC_PERP), world.balance("alice", USDC)), (934, cash));
    is_free(&world, scope);
}
