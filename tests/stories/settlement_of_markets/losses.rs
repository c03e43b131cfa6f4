//! Losses that come to light when a market ends, and what is settled after its end.

use super::*;

#[test]
fn who_is_bankrupt_at_the_settlement_price_goes_down_the_waterfall() {
    let mut world = world();
    world.trader("alice").withdraws(USDC, usdc(9_000));
    world.insures(usdc(1_000));
    world.jolts(BTC, -30);
    world.makes_reduce_only(BTC_PERP);
    world.admin().starts_settlement(BTC_PERP);
    world.averages_settlement(BTC_PERP);
    for name in ["alice", "bob", "carol", "dave"] {
        closes(&mut world, name);
    }
    let owed = -i128::from(world.unsettled("alice", BTC_PERP));
    assert!((usdc(1_442)..usdc(1_443)).contains(&(owed as u64)), "{owed}");
    world.trader("keeper").assesses("alice", Scope::Cross);
    let before = world.sheet(&ALL);
    world.trader("keeper").resolves("alice", Scope::Cross);
    let held = i128::from(usdc(1_000));
    before.changed(
        &world,
        &[
            ("alice USDC", -held),
            ("alice BTC-PERP quote", owed),
            ("alice BTC-PERP realised", owed),
            ("BTC-PERP pool", owed),
            ("fund", held - owed),
            ("USDC deposits", -held),
        ],
    );
    // So bob is paid in full, as is dave, once carol's pocket has paid.
    for name in ["carol", "bob", "dave"] {
        world.trader(name).settles(BTC_PERP);
        assert_eq!(world.unsettled(name, BTC_PERP), 0, "{name}");
    }
    world.collects_fees(BTC_PERP);
    world.trader("keeper").closes_market(BTC_PERP);
}

#[test]
fn what_no_insurance_covers_stays_open_for_ever_in_a_closed_market_and_frees_the_fund() {
    let mut world = world();
    world.trader("alice").withdraws(USDC, usdc(9_000));
    world.jolts(BTC, -30);
    world.makes_reduce_only(BTC_PERP);
    world.admin().starts_settlement(BTC_PERP);
    world.averages_settlement(BTC_PERP);
    for name in ["alice", "bob", "carol", "dave"] {
        closes(&mut world, name);
    }
    world.trader("keeper").assesses("alice", Scope::Cross);
    world.trader("keeper").resolves("alice", Scope::Cross);
    let deficit = world.market(BTC_PERP).deficit.get();
    assert!(
        (usdc(442)..usdc(443)).contains(&deficit),
        "nobody has lots any more that could bear it: {deficit}"
    );
    world.trader("carol").settles(BTC_PERP);
    world.trader("keeper").refused(Refusal::MarketNotEmpty).closes_market(BTC_PERP);
    world.collects_fees(BTC_PERP);
    // Each gain is cut as long as it takes until the pool holds no more than dust.
    let paid = |world: &World, name: &str| world.balance(name, USDC) - i128::from(usdc(10_000));
    for _ in 0..200 {
        let before = world.market(BTC_PERP);
        if before.pool.get() <= world.board().header.liq_dust.magnitude() {
            break;
        }
        for name in ["bob", "dave"] {
            if world.unsettled(name, BTC_PERP) > 0 {
                world.trader(name).settles(BTC_PERP);
            }
        }
    }
    let (bob, dave) = (paid(&world, "bob"), paid(&world, "dave"));
    assert!(bob + dave > i128::from(usdc(1_150)), "{bob} and {dave} of what alice and carol had");
    world.trader("keeper").closes_market(BTC_PERP);
    assert_eq!(world.insurance().open_deficits, 0);
    world.insures(usdc(1)); // nobody waits for what is never filled
}

/// All positions are closed at the settlement price, and nobody has settled anything, when somebody closes the market: its
/// pool is empty.
fn closed_too_early(mut world: World) -> World {
    world.makes_reduce_only(BTC_PERP);
    world.admin().starts_settlement(BTC_PERP);
    world.averages_settlement(BTC_PERP);
    for name in ["alice", "bob", "carol", "dave"] {
        closes(&mut world, name);
    }
    let before = world.sheet(&ALL);
    world.trader("mallory").closes_market(BTC_PERP);
    let tranche = before.line("BTC-PERP tranche");
    before.changed(&world, &[("BTC-PERP tranche", -tranche), ("fund", tranche)]);
    world
}

#[test]
fn a_market_closed_before_anybody_settled_still_pays_everybody_and_locks_no_staker_in() {
    let mut world = world();
    world.trader("alice").withdraws(USDC, usdc(9_000));
    world.endows_tranche(BTC_PERP, usdc(70));
    world.jolts(BTC, -30);
    let mut world = closed_too_early(world);

    // Alice's loss is larger than all insurance: what opens in a closed market stays so, and nobody waits for it.
    world.trader("keeper").assesses("alice", Scope::Cross);
    let owed = -i128::from(world.unsettled("alice", BTC_PERP));
    let (held, insured) = (i128::from(usdc(1_000)), i128::from(usdc(70)));
    let before = world.sheet(&ALL);
    world.trader("keeper").resolves("alice", Scope::Cross);
    before.changed(
        &world,
        &[
            ("alice USDC", -held),
            ("alice BTC-PERP quote", owed),
            ("alice BTC-PERP realised", owed),
            ("BTC-PERP pool", held + insured),
            ("BTC-PERP deficit", owed - held - insured),
            ("fund", -insured),
            ("USDC deposits", -held),
        ],
    );
    assert!(!world.insurance().loss_pending());
    world.insures(usdc(1));

    world.trader("carol").settles(BTC_PERP);
    let market = world.market(BTC_PERP);
    let (pool, deficit) = (i128::from(market.pool.get()), i128::from(market.deficit.get()));
    let before = world.sheet(&ALL);
    world.trader("bob").settles(BTC_PERP);
    assert_eq!(before.changes(&world)["bob USDC"], pool * pool / (pool + deficit));
    // Fees fill what they can of the deficit.
    let fees = i128::from(market.fees_receivable.get());
    assert!(fees > 0 && fees < deficit);
    let before = world.sheet(&ALL);
    world.trader("keeper").collects_fees(BTC_PERP);
    before.changed(&world, &[("BTC-PERP fees", -fees), ("BTC-PERP deficit", -fees)]);
    assert_eq!(world.insurance().open_deficits, 0);
}

#[test]
fn fees_of_a_market_closed_too_early_go_to_the_exchange_and_the_fund() {
    let mut world = closed_too_early(world());
    world.trader("keeper").refused(Refusal::NothingToCollect).collects_fees(BTC_PERP);
    for name in ["alice", "carol", "bob", "dave"] {
        world.trader(name).settles(BTC_PERP);
        assert_eq!(world.unsettled(name, BTC_PERP), 0, "{name}");
    }
    let fees = i128::from(world.market(BTC_PERP).fees_receivable.get());
    let shared = (fees * i128::from(world.exchange_account().fee_share.get())) >> 30;
    let before = world.sheet(&ALL);
    world.trader("keeper").collects_fees(BTC_PERP);
    before.changed(
        &world,
        &[
            ("BTC-PERP pool", -fees),
            ("BTC-PERP fees", -fees),
            ("USDC collected", fees - shared),
            ("fund", shared),
        ],
    );
}

#[test]
fn rounding_lots_of_a_deleveraged_side_close_at_the_price_too() {
    let mut world = World::with_steady_markets(&[BTC_PERP], |_| ());
    for name in ALL {
        world.trader(name).deposits(USDC, usdc(if name == "alice" { 1_000 } else { 10_000 }));
    }
    for (buyer, seller, lots) in [("alice", "bob", 601), ("alice", "carol", 199), ("liz", "carol", 200)] {
        world.deals(buyer, seller, BTC_PERP, lots, 60_000);
    }
    world.insures(usdc(1_000));
    world.jolts(BTC, -30);
    world.trader("keeper").assesses("alice", Scope::Cross);
    world.waits(240);
    world.trader("keeper").assesses("alice", Scope::Cross);
    world.waits(60);
    world.trader("keeper").deleverages("alice", BTC_PERP, u32::MAX);
    world.trader("keeper").resolves("alice", Scope::Cross);
    world.makes_reduce_only(BTC_PERP);
    world.admin().starts_settlement(BTC_PERP);
    world.averages_settlement(BTC_PERP);
    // Who is behind is brought up to date as he is closed.
    for (name, lots) in [("bob", -120), ("carol", -79), ("liz", 200)] {
        let told = world.trader("keeper").closes_settled(name, BTC_PERP);
        let settled = told.events.iter().find_map(|event| match event {
            Event::PositionSettled(event) => Some(event.lots),
            _ => None,
        });
        assert_eq!(settled, Some(lots), "{name}");
    }
    let market = world.market(BTC_PERP);
    assert_eq!((market.long_lots, market.short_lots, market.short_residue.lots), (0, 1, 1));
    for name in ["liz", "bob", "carol"] {
        world.trader(name).settles(BTC_PERP);
        assert_eq!(world.unsettled(name, BTC_PERP), 0, "{name}");
    }
    world.collects_fees(BTC_PERP);
    let before = world.sheet(&ALL);
    world.trader("keeper").closes_market(BTC_PERP);
    let changes = before.changes(&world);
    assert_eq!(changes["BTC-PERP shorts"], -1);
    assert_eq!(
        changes["fund"] + changes["BTC-PERP tranche"] + changes["BTC-PERP pool"] + deficit_of(&changes),
        0
    );
}

fn deficit_of(changes: &std::collections::BTreeMap<String, i128>) -> i128 {
    changes.get("BTC-PERP deficit").copied().unwrap_or(0)
}
