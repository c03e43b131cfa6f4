//! Deleveraging: what nobody takes over closes against everybody on the other side, pro rata; and the losses that no insurance
//! covers: winners bear their part, the rest cuts gains until fees have filled it.

mod epochs;

use harness::{World, perps::*, tokens::*};
use plimsoll::{
    errors::Refusal,
    events::{BankruptcyResolved, ClosedByDeleveraging, Deleveraged},
};
use plimsoll_client::{
    book::Side,
    events::Event,
    instructions::{liquidation::Scope, order::Order},
};

/// All who trade here.
const ALL: [&str; 8] = ["alice", "anna", "bob", "carol", "dave", "erin", "liz", "keeper"];
/// What a lot was opened at, and what it is worth after the fall, native quote: 60,000 and 46,700 ticks.
const OPENED: i128 = 6_000_000;
const FALLEN: i128 = 4_670_000;
/// What all but the endangered begin with, whole quote.
const PLENTY: u32 = 1_000_000;

/// Alice and anna with 1,000 USDC, the others with plenty. Maintenance is a tenth of the worth.
fn world() -> World {
    let mut world = World::with_steady_markets(&[BTC_PERP], |_| ());
    for name in ALL {
        let amount = if ["alice", "anna"].contains(&name) { 1_000 } else { PLENTY };
        world.trader(name).deposits(USDC, usdc(amount));
    }
    world
}

/// Alice long 800 lots and erin 200; bob short 601, carol 298, dave 101.
fn open() -> World {
    let mut world = world();
    for (buyer, seller, lots) in
        [("alice", "bob", 601), ("alice", "carol", 199), ("erin", "carol", 99), ("erin", "dave", 101)]
    {
        world.deals(buyer, seller, BTC_PERP, lots, 60_000);
    }
    world
}

fn falls_to(world: &mut World, price: f64) {
    world.oracle().says(BTC, price);
    world.refreshes_all();
}

/// The price falls, somebody is flagged, and nobody takes anything over until the deadline has passed.
fn overdue(world: &mut World, name: &str) {
    world.trader("keeper").assesses(name, Scope::Cross);
    world.trader("keeper").refused(Refusal::DeadlineNotPassed).deleverages(name, BTC_PERP, u32::MAX);
    let seconds = i64::from(world.board().header.insolvency_seconds);
    world.waits(seconds - 60);
    world.trader("keeper").assesses(name, Scope::Cross);
    world.waits(59);
    world.trader("keeper").refused(Refusal::DeadlineNotPassed).deleverages(name, BTC_PERP, u32::MAX);
    world.waits(1);
}

fn closes(world: &mut World, name: &str, most: u32) -> ClosedByDeleveraging {
    let told = world.trader("keeper").deleverages(name, BTC_PERP, most);
    let Event::ClosedByDeleveraging(event) = told.event() else { panic!("{:?}", told.events) };
    event.clone()
}

fn resolves(world: &mut World, name: &str) -> BankruptcyResolved {
    let told = world.trader("keeper").resolves(name, Scope::Cross);
    let Event::BankruptcyResolved(event) = told.event() else { panic!("{:?}", told.events) };
    event.clone()
}

fn deleveraged(events: &[Event]) -> Deleveraged {
    let found = events.iter().find_map(|event| match event {
        Event::Deleveraged(event) => Some(event.clone()),
        _ => None,
    });
    found.unwrap_or_else(|| panic!("nobody is deleveraged in {events:#?}"))
}

/// Most that short lots bear in an hour at the fallen price: half of the maintenance ratio, native quote.
fn room(world: &World, lots: u128) -> i128 {
    let ratio = u128::from(world.terms(BTC_PERP).maint_ratio.get());
    ((((FALLEN as u128 * ratio) << 1) * lots) >> 32) as i128
}

fn units(whole: impl Into<f64>) -> i128 {
    usdc(whole).into()
}

/// What alice lost when all her lots were closed, native quote: 1.33 a lot, and what she paid as a taker.
fn alices_loss(world: &World) -> i128 {
    let fees = world.taker_fee(BTC_PERP, 601, 60_000) + world.taker_fee(BTC_PERP, 199, 60_000);
    800 * (OPENED - FALLEN) + i128::from(fees)
}

fn sums(world: &World) -> (u64, u64) {
    let market = world.market(BTC_PERP);
    (market.long_lots, market.short_lots)
}

/// Deleverages alice in two steps; every balance is checked after each.
fn deleverages_alice(world: &mut World) {
    for (most, lots, left) in [(500, 500, 500), (u32::MAX, 300, 200)] {
        let before = world.sheet(&ALL);
        let told = closes(world, "alice", most);
        assert_eq!((told.lots, told.quote.into(), told.is_long), (lots, i128::from(lots) * FALLEN, true));
        let lots = i128::from(lots);
        before.changed(
            world,
            &[
                ("alice BTC-PERP lots", -lots),
                ("alice BTC-PERP quote", lots * FALLEN),
                ("alice BTC-PERP realised", lots * (FALLEN - OPENED)),
                ("BTC-PERP longs", -lots),
                ("BTC-PERP shorts", -lots),
            ],
        );
        assert_eq!(sums(world), (left, left));
    }
}

/// Resolves alice's bankruptcy; returns what the winners bear, and what stays open.
fn resolves_alice(world: &mut World) -> (i128, i128) {
    let lost = alices_loss(world);
    let (before, uncovered) = (world.sheet(&ALL), lost - units(1_000));
    let winners = room(world, 200);
    let deficit = uncovered - winners;
    assert!(winners > units(46) && deficit > units(19), "{winners} {deficit}");
    let told = resolves(world, "alice");
    let borne = [told.legs[0].own, told.legs[0].fund, told.legs[0].others, told.legs[0].deficit];
    assert_eq!(borne.map(i128::from), [0, 0, winners, deficit]);
    before.changed(
        world,
        &[
            ("alice USDC", -units(1_000)),
            ("alice BTC-PERP quote", lost),
            ("alice BTC-PERP realised", lost),
            ("BTC-PERP pool", units(1_000)),
            ("BTC-PERP deficit", deficit),
            ("USDC deposits", -units(1_000)),
        ],
    );
    assert_eq!((world.insurance().open_deficits, world.insurance().insolvent), (1, 0));
    (winners, deficit)
}

/// What a short of so many lots pays when four fifths of them are closed, and his part of what the winners bear: both
/// rounded against him, by two units at most.
fn pays(told: &Deleveraged, lots: i128, left: i32, winners: i128) -> i128 {
    let closed = lots - i128::from(left.unsigned_abs());
    assert_eq!((told.lots, told.closed.into()), (left, closed));
    let part = (lots * winners + 999) / 1_000;
    let paid = -i128::from(told.quote);
    assert!((0..=2).contains(&(paid - closed * FALLEN - part)), "{paid} for {closed} lots and {part}");
    paid
}

#[test]
fn a_gap_beyond_insurance_is_deleveraged_charged_and_cuts_gains_until_fees_fill_it() {
    let mut world = open();
    falls_to(&mut world, 46_700.0);
    overdue(&mut world, "alice");
    deleverages_alice(&mut world);
    let (winners, deficit) = resolves_alice(&mut world);

    // Bob is brought up to date by a stranger.
    let before = world.sheet(&ALL);
    let told = world.trader("keeper").applies_deleveraging_of("bob", BTC_PERP);
    let paid = pays(&deleveraged(&told.events), 601, -120, winners);
    before.changed(
        &world,
        &[
            ("bob BTC-PERP lots", 481),
            ("bob BTC-PERP quote", -paid),
            ("bob BTC-PERP realised", 481 * OPENED - paid),
        ],
    );
    world.trader("keeper").refused(Refusal::NothingToDo).applies_deleveraging_of("bob", BTC_PERP);

    // Carol by settling: she gets all that she realised, as the pool carries it.
    let rebate = world.rebate(BTC_PERP, 199, 60_000) + world.rebate(BTC_PERP, 99, 60_000);
    let before = world.sheet(&ALL);
    let told = world.trader("carol").settles(BTC_PERP);
    let paid = pays(&deleveraged(&told.events), 298, -59, winners);
    let gain = 239 * OPENED - paid + i128::from(rebate);
    before.changed(
        &world,
        &[
            ("carol USDC", gain),
            ("carol BTC-PERP lots", 239),
            ("carol BTC-PERP quote", -paid - gain),
            ("carol BTC-PERP realised", -i128::from(rebate)),
            ("BTC-PERP pool", -gain),
            ("USDC deposits", gain),
        ],
    );

    // Dave by a trade: he buys 5 lots back.
    world.trader("liz").asks(BTC_PERP, 5, 46_700);
    let before = world.sheet(&ALL);
    let order = Order::limit(Side::Bid, 5, 46_700).fill_or_kill();
    let told = world.trader("dave").meeting(&["liz"]).places(BTC_PERP, order);
    let paid = pays(&deleveraged(&told.events), 101, -20, winners);
    let (fee, earned) =
        (i128::from(world.taker_fee(BTC_PERP, 5, 46_700)), i128::from(world.rebate(BTC_PERP, 5, 46_700)));
    before.changed(
        &world,
        &[
            ("dave BTC-PERP lots", 86),
            ("dave BTC-PERP quote", -paid - 5 * FALLEN - fee),
            ("dave BTC-PERP realised", 86 * OPENED - paid - 5 * FALLEN - fee),
            ("liz BTC-PERP lots", -5),
            ("liz BTC-PERP quote", 5 * FALLEN + earned),
            ("liz BTC-PERP realised", earned),
            ("liz BTC-PERP asks", -5),
            ("BTC-PERP fees", fee - earned),
        ],
    );
    // 120, 59, 15 and 5 of the 200 that erin is long: one lot is the protocol's.
    assert_eq!((sums(&world), world.market(BTC_PERP).short_residue.lots), ((200, 200), 1));

    haircuts(&mut world, deficit);
}

/// Bob and dave are paid; what the pool lacks for dave he gets when fees have filled the deficit.
fn haircuts(world: &mut World, deficit: i128) {
    let gain = i128::from(world.unsettled("bob", BTC_PERP));
    world.trader("bob").settles(BTC_PERP);
    assert_eq!(world.unsettled("bob", BTC_PERP), 0, "{gain} are paid in full");
    let (claim, pool) =
        (i128::from(world.unsettled("dave", BTC_PERP)), i128::from(world.market(BTC_PERP).pool.get()));
    let payable = pool * pool / (pool + deficit);
    assert!(payable < claim, "{payable} of {claim}");
    let before = world.sheet(&ALL);
    world.trader("dave").settles(BTC_PERP);
    before.changed(
        world,
        &[
            ("dave USDC", payable),
            ("dave BTC-PERP quote", -payable),
            ("dave BTC-PERP realised", -payable),
            ("BTC-PERP pool", -payable),
            ("USDC deposits", payable),
        ],
    );
    // Others trade, and pay their fees.
    world.deals("erin", "liz", BTC_PERP, 12_000, 46_700);
    world.trader("erin").settles(BTC_PERP);
    let fees = i128::from(world.market(BTC_PERP).fees_receivable.get());
    assert!(fees > deficit);
    let before = world.sheet(&ALL);
    world.collects_fees(BTC_PERP);
    let rest = fees - deficit;
    let shared = (rest * i128::from(world.exchange_account().fee_share.get())) >> 30;
    before.changed(
        world,
        &[
            ("BTC-PERP deficit", -deficit),
            ("BTC-PERP fees", -fees),
            ("BTC-PERP pool", -rest),
            ("BTC-PERP tranche", shared),
            ("USDC collected", rest - shared),
        ],
    );
    assert_eq!(world.insurance().open_deficits, 0);
    let left = claim - payable;
    let before = world.sheet(&ALL);
    world.trader("dave").settles(BTC_PERP);
    assert_eq!(before.changes(world)["dave USDC"], left, "the whole rest of his gain");
}

#[test]
fn only_the_insolvent_are_deleveraged_and_only_after_the_deadline() {
    let mut world = open();
    world.trader("keeper").refused(Refusal::NotFlagged).deleverages("erin", BTC_PERP, 1);
    // In danger, but with something left: 1,000 less 912 and a fee.
    falls_to(&mut world, 48_600.0);
    world.trader("keeper").assesses("alice", Scope::Cross);
    assert_eq!(world.insurance().insolvent, 0);
    world.waits(240);
    world.trader("keeper").assesses("alice", Scope::Cross);
    world.waits(120);
    world.trader("keeper").refused(Refusal::NotInsolvent).deleverages("alice", BTC_PERP, 1);
    // Insolvent later than flagged: the deadline counts from the flag.
    falls_to(&mut world, 46_700.0);
    let before = world.sheet(&ALL);
    closes(&mut world, "alice", 1);
    before.changed(
        &world,
        &[
            ("alice BTC-PERP lots", -1),
            ("alice BTC-PERP quote", FALLEN),
            ("alice BTC-PERP realised", FALLEN - OPENED),
            ("BTC-PERP longs", -1),
            ("BTC-PERP shorts", -1),
        ],
    );
    world.trader("keeper").refused(Refusal::NothingToDo).deleverages("alice", BTC_PERP, 0);
    for name in ["erin", "bob"] {
        world.trader("keeper").refused(Refusal::NotFlagged).deleverages(name, BTC_PERP, 1);
    }
}

#[test]
fn a_short_is_deleveraged_against_the_longs() {
    let mut world = world();
    for (buyer, seller, lots) in [("bob", "alice", 700), ("carol", "alice", 100), ("carol", "erin", 200)] {
        world.deals(buyer, seller, BTC_PERP, lots, 60_000);
    }
    falls_to(&mut world, 73_000.0);
    overdue(&mut world, "alice");
    let risen = 7_300_000;
    let before = world.sheet(&ALL);
    let told = closes(&mut world, "alice", u32::MAX);
    assert_eq!((told.lots, told.is_long), (800, false));
    before.changed(
        &world,
        &[
            ("alice BTC-PERP lots", 800),
            ("alice BTC-PERP quote", -800 * risen),
            ("alice BTC-PERP realised", 800 * (OPENED - risen)),
            ("BTC-PERP longs", -800),
            ("BTC-PERP shorts", -800),
        ],
    );
    // A fifth of 700 and of 300 is left: the index is rounded down, so that a lot of each is the protocol's.
    let before = world.sheet(&ALL);
    for name in ["bob", "carol"] {
        world.trader("keeper").applies_deleveraging_of(name, BTC_PERP);
    }
    let changes = before.changes(&world);
    for (name, held) in [("bob", 700), ("carol", 300)] {
        let closed = -changes[&format!("{name} BTC-PERP lots")];
        assert!((0..=1).contains(&(closed - held * 4 / 5)), "{name}: {closed}");
        let paid = changes[&format!("{name} BTC-PERP quote")];
        assert!((0..=1).contains(&(closed * risen - paid)), "{name}: {paid}");
    }
    let held = i64::from(world.lots("bob", BTC_PERP) + world.lots("carol", BTC_PERP));
    assert_eq!(held + world.market(BTC_PERP).long_residue.lots, 200);
}
