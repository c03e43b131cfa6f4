//! Who comes late to what his side went through: fills that waited, and whole epochs.

use super::*;

#[test]
fn an_emptied_side_begins_a_new_epoch_and_who_was_there_before_is_not_forgotten() {
    let mut world = world();
    world.deals("alice", "bob", BTC_PERP, 500, 60_000);
    world.deals("alice", "carol", BTC_PERP, 300, 60_000);
    falls_to(&mut world, 46_700.0);
    overdue(&mut world, "alice");
    assert_eq!(closes(&mut world, "alice", u32::MAX).lots, 800);
    assert_eq!((sums(&world), world.terms(BTC_PERP).shorts.epoch), ((0, 0), 1));
    // Nobody is left who could bear anything by index: all of it stays open.
    let fees = i128::from(world.taker_fee(BTC_PERP, 500, 60_000) + world.taker_fee(BTC_PERP, 300, 60_000));
    let told = resolves(&mut world, "alice");
    let uncovered = 800 * (OPENED - FALLEN) + fees - units(1_000);
    assert_eq!((told.legs[0].others, told.legs[0].deficit.into()), (0, uncovered));

    // Others trade in the new epoch, and one of them fails again.
    world.deals("anna", "liz", BTC_PERP, 700, 46_700);
    world.deals("anna", "dave", BTC_PERP, 100, 46_700);
    assert_eq!(sums(&world), (800, 800));
    falls_to(&mut world, 32_000.0);
    overdue(&mut world, "anna");
    let before = world.sheet(&ALL);
    closes(&mut world, "anna", 400);
    assert_eq!(before.changes(&world)["BTC-PERP shorts"], -400);
    // Emptied again, the side would forget bob and carol: somebody has to touch them first.
    world.trader("keeper").refused(Refusal::EpochPending).deleverages("anna", BTC_PERP, u32::MAX);
    for (name, lots) in [("bob", 500), ("carol", 300)] {
        let before = world.sheet(&ALL);
        let told = world.trader("keeper").applies_deleveraging_of(name, BTC_PERP);
        let event = deleveraged(&told.events);
        assert_eq!((event.lots, event.closed.into()), (0, lots));
        let paid = -i128::from(event.quote);
        assert!((0..=1).contains(&(paid - lots * FALLEN)), "{name}: closed at the price of then, {paid}");
        before.changed(
            &world,
            &[
                (&format!("{name} BTC-PERP lots"), lots),
                (&format!("{name} BTC-PERP quote"), -paid),
                (&format!("{name} BTC-PERP realised"), lots * OPENED - paid),
            ],
        );
    }
    world.trader("keeper").deleverages("anna", BTC_PERP, u32::MAX);
    assert_eq!((sums(&world), world.terms(BTC_PERP).shorts.epoch), ((0, 0), 2));
    for (name, lots) in [("liz", 700), ("dave", 100)] {
        let told = world.trader("keeper").applies_deleveraging_of(name, BTC_PERP);
        let event = deleveraged(&told.events);
        assert_eq!((event.lots, event.closed), (0, lots));
        assert!((0..=2).contains(&(-event.quote - i64::from(lots) * 3_200_000)), "{name}: {}", event.quote);
    }
    let residue = world.market(BTC_PERP).short_residue;
    assert_eq!((residue.lots, residue.positions, residue.behind, residue.earlier), (0, 0, 0, 0));
    // And whoever was closed out opens anew.
    world.deals("erin", "bob", BTC_PERP, 10, 32_000);
    assert_eq!((world.lots("bob", BTC_PERP), sums(&world)), (-10, (10, 10)));
}

#[test]
fn a_waiting_fill_meets_what_its_maker_went_through() {
    let mut world = open();
    falls_to(&mut world, 46_700.0);
    world.trader("carol").bids(BTC_PERP, 40, 46_700);
    world.trader("liz").shorts(BTC_PERP, 40); // carol is not brought along: her fill waits
    assert_eq!((world.waiting(BTC_PERP), sums(&world)), (1, (1_000, 1_040)));
    overdue(&mut world, "alice");
    closes(&mut world, "alice", u32::MAX);
    assert_eq!(sums(&world), (200, 240));

    // 240 of 1,040 are left of carol's 298, then she buys 40.
    let before = world.sheet(&ALL);
    let told = world.applies_fills(BTC_PERP, &["carol"]);
    let event = deleveraged(&told.events);
    let (left, closed) = (-event.lots, i128::from(event.closed));
    assert!((68..=69).contains(&left) && closed == i128::from(298 - left), "{left}");
    let paid = -i128::from(event.quote);
    assert!((0..=1).contains(&(paid - closed * FALLEN)), "{paid} for {closed} lots");
    let rebate = i128::from(world.rebate(BTC_PERP, 40, 46_700));
    before.changed(
        &world,
        &[
            ("carol BTC-PERP lots", closed + 40),
            ("carol BTC-PERP quote", rebate - paid - 40 * FALLEN),
            ("carol BTC-PERP realised", (closed + 40) * OPENED - paid - 40 * FALLEN + rebate),
            ("carol BTC-PERP bids", -40),
            ("BTC-PERP shorts", -40),
        ],
    );
    assert_eq!((world.waiting(BTC_PERP), sums(&world)), (0, (200, 200)));
    // Liz was a short like all others when it happened.
    let told = world.trader("liz").applies_deleveraging_of("liz", BTC_PERP);
    assert!((30..=32).contains(&deleveraged(&told.events).closed));
}
