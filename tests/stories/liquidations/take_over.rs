//! Taking over: lots become the liquidator's at the price less the fee.

use super::{ALL, TAKER_FEE, endangered, flagged_at, is_free, is_over, long, short};
use harness::{
    World,
    auctions::{Fee, fee, part, rate_after},
    perps::*,
    tokens::*,
};
use plimsoll::errors::Refusal;
use plimsoll_client::instructions::liquidation::Scope;
use plimsoll_risk::liquidation::Flag;

/// What the sheet says when so many of alice's long lots become somebody's at this price.
#[track_caller]
fn taken_over(
    sheet: &harness::sheet::Sheet,
    world: &World,
    who: &str,
    (lots, ticks): (i128, i128),
    fee: Fee,
) {
    let worth = lots * ticks * 100;
    // 1,000 lots had cost 6,000 without the fee of 3, which was realised at once.
    let realised = worth - lots * 6_000_000 - fee.total();
    let line = |what: &str| format!("{who} BTC-PERP {what}");
    sheet.changed(
        world,
        &[
            ("alice BTC-PERP lots", -lots),
            ("alice BTC-PERP quote", worth - fee.total()),
            ("alice BTC-PERP realised", realised),
            (&line("lots"), lots),
            (&line("quote"), fee.liquidator - worth),
            (&line("realised"), fee.liquidator),
            ("BTC-PERP insurance fees", fee.insurance),
        ],
    );
}

#[test]
fn two_keepers_take_over_in_steps_what_brings_the_account_out_of_danger_and_no_more() {
    for isolated in [false, true] {
        let mut world = endangered(isolated);
        let scope = world.scope_of("alice", BTC_PERP);
        let (cash, flag) = (world.balance("alice", USDC), world.flag_of("alice", scope));

        // Half a percent of 177.6: 0.888 to the unit that a ratio drops, three tenths of it for the insurance.
        let sheet = world.sheet(&ALL);
        let told = world.trader("carol").takes_over("alice", BTC_PERP, 40);
        let first = fee(177_600_000, rate_after(0));
        assert_eq!((first.liquidator, first.insurance), (621_600, 266_399));
        taken_over(&sheet, &world, "carol", (40, 44_400), first);
        assert!(!is_over(told.events.last()));
        assert_eq!(world.flag_of("alice", scope), flag, "the auction goes on");

        // 436.112 are behind 4,262.4: 11.44 short. A lot frees 0.4662 and costs 0.0666 half a minute later: 28.6 lots.
        world.waits(30);
        let sheet = world.sheet(&ALL);
        let told = world.trader("dave").takes_over("alice", BTC_PERP, u32::MAX);
        let second = fee(29 * 4_440_000, rate_after(30));
        taken_over(&sheet, &world, "dave", (29, 44_400), second);
        assert!(is_over(told.events.last()));

        // 434.18 behind 931 lots worth 4,133.64, of which a tenth and a twentieth more is 434.03; a lot less had not sufficed.
        let held = usdc(2_000) as i128 - TAKER_FEE;
        let equity = held - 1_000 * 1_560_000 - first.total() - second.total();
        let needs = |lots: i128| lots * 4_440_000 * 105 / 1_000;
        assert!(equity >= needs(931) && equity + 66_600 < needs(932), "{equity}");
        is_free(&world, scope);
        world.trader("erin").refused(Refusal::NotFlagged).takes_over("alice", BTC_PERP, 1);
        world.trader("alice").holds(BTC_PERP, 931).owns(USDC, cash as u64);

        // And she goes on: she reduces by an order of her own, and a flag is not set again.
        world.trader("alice").asks(BTC_PERP, 31, 44_500);
        world.trader("bob").meeting(&["alice"]).longs(BTC_PERP, 31);
        world.trader("alice").holds(BTC_PERP, 900);
        assert_eq!(world.flag_of("alice", scope), Flag::default());
    }
}

#[test]
fn a_short_is_taken_over_like_a_long() {
    // 717 behind 7,280: 47.4 short of the end. A lot frees 0.7644 and costs 0.0364: 65.1 lots.
    let mut world = flagged_at(short(), 72_800.0);
    let sheet = world.sheet(&ALL);
    let told = world.trader("carol").takes_over("alice", BTC_PERP, u32::MAX);
    let worth = 66 * 7_280_000;
    let fee = fee(worth, rate_after(0));
    sheet.changed(
        &world,
        &[
            ("alice BTC-PERP lots", 66),
            ("alice BTC-PERP quote", -worth - fee.total()),
            ("alice BTC-PERP realised", 66 * 6_000_000 - worth - fee.total()),
            ("carol BTC-PERP lots", -66),
            ("carol BTC-PERP quote", worth + fee.liquidator),
            ("carol BTC-PERP realised", fee.liquidator),
            ("BTC-PERP insurance fees", fee.insurance),
        ],
    );
    assert!(is_over(told.events.last()));
    is_free(&world, Scope::Cross);
}

#[test]
fn a_liquidator_never_pays_more_or_gets_less_than_he_allows() {
    // 0.35 % are his: he pays 44,244.6 for a long, and gets 73,054.8 for a short.
    let mut world = endangered(false);
    world.trader("carol").refused(Refusal::WorseThanAllowed).takes_over_at("alice", BTC_PERP, 66, 44_244);
    world.trader("carol").takes_over_at("alice", BTC_PERP, 66, 44_245);
    world.trader("carol").holds(BTC_PERP, 66);
    let mut world = flagged_at(short(), 72_800.0);
    world.trader("carol").refused(Refusal::WorseThanAllowed).takes_over_at("alice", BTC_PERP, 66, 73_055);
    world.trader("carol").takes_over_at("alice", BTC_PERP, 66, 73_054);
    world.trader("carol").holds(BTC_PERP, -66);
}

#[test]
fn never_more_lots_than_the_liquidator_takes_and_none_of_none() {
    let mut world = endangered(false);
    world.trader("carol").refused(Refusal::NothingToDo).takes_over("alice", BTC_PERP, 0);
    for taken in 1..=3 {
        let sheet = world.sheet(&ALL);
        world.trader("carol").takes_over("alice", BTC_PERP, 1);
        assert_eq!(sheet.changes(&world)["alice BTC-PERP lots"], -1);
        world.trader("carol").holds(BTC_PERP, taken);
    }
}

/// Alice is long ten lots on 20 USDC. At 41,000 there are 0.97 behind 41: nine lots would do, and leave 4.1.
fn small() -> World {
    let mut world = World::with_steady_markets(&[BTC_PERP], |_| ());
    world.trader("alice").deposits(USDC, usdc(20));
    for name in &ALL[1..] {
        world.trader(name).deposits(USDC, usdc(100_000));
    }
    world.deals("alice", "bob", BTC_PERP, 10, 60_000);
    flagged_at(world, 41_000.0)
}

#[test]
fn what_would_leave_dust_is_closed_whole_unless_the_liquidator_takes_less() {
    let mut world = small();
    let taker_fee = -i128::from(world.unsettled("alice", BTC_PERP)); // 0.03
    let sheet = world.sheet(&ALL);
    world.trader("carol").takes_over("alice", BTC_PERP, u32::MAX);
    let fee = fee(41_000_000, rate_after(0));
    sheet.changed(
        &world,
        &[
            ("alice BTC-PERP lots", -10),
            ("alice BTC-PERP quote", 41_000_000 - fee.total()),
            ("alice BTC-PERP realised", -19_000_000 - fee.total()),
            ("carol BTC-PERP lots", 10),
            ("carol BTC-PERP quote", fee.liquidator - 41_000_000),
            ("carol BTC-PERP realised", fee.liquidator),
            ("BTC-PERP insurance fees", fee.insurance),
        ],
    );
    is_free(&world, Scope::Cross);
    // The loss is a claim of the pool until it is settled: 0.97 less the fee stay hers.
    let left = 1_000_000 - taker_fee - fee.total();
    world.trader("alice").settles(BTC_PERP);
    world.trader("alice").owns(USDC, left as u64);
    assert!(world.position("alice", BTC_PERP).is_free());

    let mut world = small();
    world.trader("carol").takes_over("alice", BTC_PERP, 9);
    world.trader("alice").holds(BTC_PERP, 1);
    is_free(&world, Scope::Cross);
}

#[test]
fn a_fee_is_at_most_the_equity_s_part_for_what_is_taken() {
    // One USDC of equity is behind 4,004: everything is taken, for what is left.
    let mut world = flagged_at(long(false), 40_040.0);
    let sheet = world.sheet(&ALL);
    world.trader("carol").takes_over("alice", BTC_PERP, 500);
    let equity = 4_000_000 - TAKER_FEE;
    let rate = (equity << 30) / 4_004_000_001;
    let half = |rate| {
        let total = part(2_002_000_000, rate);
        let insurance = part(total, (3_000 << 30) / 10_000);
        Fee { liquidator: total - insurance, insurance }
    };
    let first = half(rate);
    assert_eq!(first.total(), 500_001, "half of it, but for what ratios drop");
    taken_over(&sheet, &world, "carol", (500, 40_040), first);
    world.waits(60);
    let sheet = world.sheet(&ALL);
    world.trader("dave").takes_over("alice", BTC_PERP, u32::MAX);
    let rate = ((equity - first.total()) << 30) / 2_002_000_001;
    taken_over(&sheet, &world, "dave", (500, 40_040), half(rate));
    let left = usdc(2_000) as i128 + i128::from(world.position("alice", BTC_PERP).quote.get());
    assert!((0..10).contains(&left), "{left} is left: no more was taken than there was");
}

#[test]
fn of_who_has_no_equity_left_the_market_s_insurance_pays_the_fee_up_to_its_hour_s_cap() {
    let underwater = || {
        let mut world = long(false);
        world.endows_tranche(BTC_PERP, usdc(1_000));
        flagged_at(world, 39_000.0) // 103 less than nothing behind 3,900
    };
    let free = Fee { liquidator: 0, insurance: 0 };
    // Half a percent of 390 is 1.95: all of it is the liquidator's.
    let subsidy = |world: &World| world.market(BTC_PERP).subsidy_paid.get();
    let mut world = underwater();
    let sheet = world.sheet(&ALL);
    world.trader("carol").takes_over("alice", BTC_PERP, 100);
    let wanted = part(390_000_000, rate_after(0));
    assert_eq!((wanted, subsidy(&world)), (1_949_999, 1_949_999));
    sheet.changed(
        &world,
        &[
            ("alice BTC-PERP lots", -100),
            ("alice BTC-PERP quote", 390_000_000),
            ("alice BTC-PERP realised", 390_000_000 - 600_000_000),
            ("carol BTC-PERP lots", 100),
            ("carol BTC-PERP quote", wanted - 390_000_000),
            ("carol BTC-PERP realised", wanted),
            ("BTC-PERP tranche", -wanted),
            ("BTC-PERP pool", wanted),
        ],
    );
    // It is what he pays less: 38,805 instead of 39,000, and to the unit not less than that.
    world.trader("carol").refused(Refusal::WorseThanAllowed).takes_over_at("alice", BTC_PERP, 100, 38_805);
    world.trader("carol").takes_over_at("alice", BTC_PERP, 100, 38_806);

    // Without the quote bank it pays nothing.
    let sheet = world.sheet(&ALL);
    world.trader("dave").takes_over_unsubsidised("alice", BTC_PERP, 100);
    taken_over(&sheet, &world, "dave", (100, 39_000), free);

    // An hour's cap, and an hour later the next.
    let mut world = underwater();
    world.sets_in_market("market.subsidy_cap", BTC_PERP, 3_000_000);
    for expected in [1_949_999, 3_000_000, 3_000_000] {
        world.trader("carol").takes_over("alice", BTC_PERP, 100);
        assert_eq!(subsidy(&world), expected);
    }
    assert_eq!(world.tranche_of(BTC_PERP), usdc(997));
    world.waits(3_600);
    world.trader("carol").assesses("alice", Scope::Cross);
    world.trader("carol").takes_over("alice", BTC_PERP, 100);
    // The flag had lapsed: the auction began anew.
    assert_eq!((subsidy(&world), world.tranche_of(BTC_PERP)), (1_949_999, usdc(997) - 1_949_999));
}
