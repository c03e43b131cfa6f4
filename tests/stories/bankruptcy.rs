//! Bankruptcies: what is left is seized and shared out, what is owed goes down the waterfall, and nothing else moves.

mod estates;

use harness::{World, amounts::*, perps::*, sheet::Sheet, tokens::*};
use plimsoll::{
    errors::Refusal,
    events::{BankruptcyLeg, BankruptcyResolved, LEG_CLAIM, LEG_DEPOSIT, LEG_POSITION},
    state::MarginAccount,
};
use plimsoll_client::{
    book::Side,
    events::Event,
    instructions::{liquidation::Scope, order::Order},
};

/// Two markets, maintenance at a tenth of the worth; alice with 1,000 USDC, bob and liz with plenty. `more` sets what else
/// is to be known before opening.
fn world_with(more: impl FnOnce(&mut World)) -> World {
    let mut world = World::with_steady_markets(&[BTC_PERP, ETH_PERP], more);
    world.trader("alice").deposits(USDC, usdc(1_000));
    for name in ["bob", "liz"] {
        world.trader(name).deposits(USDC, usdc(1_000_000));
    }
    world
}

fn world() -> World {
    world_with(|_| ())
}

/// The same, alice long 800 lots for 4,800, all of it cross; bob is short.
fn long() -> World {
    let mut world = world();
    world.deals("alice", "bob", BTC_PERP, 800, 60_000);
    world
}

/// At 42,000 her 800 lots have lost 1,440; liz takes them over, for nothing, as there is nothing left to pay her with.
fn taken_over(mut world: World) -> World {
    world.jolts(BTC, -30);
    let scope = world.scope_of("alice", BTC_PERP);
    world.trader("keeper").assesses("alice", scope);
    world.trader("liz").takes_over("alice", BTC_PERP, u32::MAX);
    assert_eq!(world.lots("alice", BTC_PERP), 0);
    world
}

/// What 800 lots that were bought at 60,000 as a taker have lost at 42,000, native quote.
fn lost(world: &World) -> i128 {
    i128::from(usdc(1_440)) + i128::from(world.taker_fee(BTC_PERP, 800, 60_000))
}

fn units(whole: impl Into<f64>) -> i128 {
    usdc(whole).into()
}

fn sheet(world: &World) -> Sheet {
    world.sheet(&["alice", "bob", "liz", "keeper"])
}

fn resolves(world: &mut World, name: &str, scope: Scope) -> BankruptcyResolved {
    let told = world.trader("keeper").resolves(name, scope);
    let Event::BankruptcyResolved(event) = told.event() else { panic!("{:?}", told.events) };
    event.clone()
}

/// Everything of an account but one position and the number of its last event.
fn rest_of(mut account: MarginAccount, market: u8) -> Vec<u8> {
    let place = account.place_of(market).expect("a position");
    account.positions[place] = bytemuck::Zeroable::zeroed();
    account.pocket_flags[place] = bytemuck::Zeroable::zeroed();
    account.header.sequence = 0;
    bytemuck::bytes_of(&account.0).to_vec()
}

#[test]
fn an_isolated_bankruptcy_leaves_its_account_untouched() {
    let mut world = world();
    world.insures(usdc(10_000));
    world.trader("alice").deposits(USDC, usdc(9_000));
    world.trader("alice").deposits(SOL, sol(10));
    world.trader("alice").isolates(BTC_PERP);
    world.trader("alice").funds_pocket(BTC_PERP, usdc(1_000));
    world.deals("alice", "bob", BTC_PERP, 800, 60_000);
    world.deals("bob", "alice", ETH_PERP, 300, 30_000);
    world.trader("alice").places(ETH_PERP, Order::limit(Side::Bid, 10, 29_000));
    let market = world.market_of(BTC_PERP).index;
    let scope = Scope::Pocket(market);

    let rest = rest_of(world.account("alice"), market);
    let mut world = taken_over(world);
    let (lost, before) = (lost(&world), sheet(&world));
    assert_eq!(world.position("alice", BTC_PERP).quote.get(), -(lost as i64));
    let uncovered = lost - units(1_000);
    let told = resolves(&mut world, "alice", scope);
    assert_eq!((told.cash, told.deficit), (usdc(1_000), uncovered as u64));
    before.changed(
        &world,
        &[
            ("alice BTC-PERP quote", lost),
            ("alice BTC-PERP realised", lost),
            ("alice BTC-PERP pocket", -units(1_000)),
            ("BTC-PERP pool", lost),
            ("fund", -uncovered),
        ],
    );
    assert!(rest_of(world.account("alice"), market) == rest, "the rest of the account changed");
    assert_eq!(world.flag_of("alice", scope), Default::default());
    assert_eq!(world.insurance().insolvent, 0);

    // The account goes on: the market may be traded again, in the same mode.
    world.trader("alice").withdraws(USDC, usdc(8_000));
    world.trader("alice").funds_pocket(BTC_PERP, usdc(500));
    world.deals("alice", "bob", BTC_PERP, 100, 42_000);
    assert!(world.position("alice", BTC_PERP).is_isolated());
}

#[test]
fn a_gap_through_zero_is_paid_by_the_tranche_first_and_then_by_the_fund() {
    let mut world = long();
    world.insures(usdc(10_000));
    world.endows_tranche(BTC_PERP, usdc(100));
    let mut world = unsubsidised(world);
    let (lost, before) = (lost(&world), sheet(&world));
    let uncovered = lost - units(1_000);
    let told = resolves(&mut world, "alice", Scope::Cross);
    let leg = BankruptcyLeg {
        kind: LEG_POSITION,
        index: world.market_of(BTC_PERP).index,
        amount: lost as u64,
        seized: usdc(1_000),
        own: usdc(100),
        fund: (uncovered - units(100)) as u64,
        ..Default::default()
    };
    assert_eq!(told.legs, [leg]);
    before.changed(
        &world,
        &[
            ("alice USDC", -units(1_000)),
            ("alice BTC-PERP quote", lost),
            ("alice BTC-PERP realised", lost),
            ("BTC-PERP pool", lost),
            ("BTC-PERP tranche", -units(100)),
            ("fund", units(100) - uncovered),
            ("USDC deposits", -units(1_000)),
        ],
    );
    // Bob is paid in full, out of cash, once his profit is one: he closes what he is short at 42,000.
    world.calms(BTC);
    world.deals("bob", "liz", BTC_PERP, 800, 42_000);
    let gain = units(1_440)
        + i128::from(world.rebate(BTC_PERP, 800, 60_000) - world.taker_fee(BTC_PERP, 800, 42_000));
    let before = sheet(&world);
    world.trader("bob").settles(BTC_PERP);
    assert_eq!(before.changes(&world)["bob USDC"], gain);
}

/// The same as `taken_over`, with nothing paid for it.
fn unsubsidised(mut world: World) -> World {
    world.jolts(BTC, -30);
    world.trader("keeper").assesses("alice", Scope::Cross);
    world.trader("liz").takes_over_unsubsidised("alice", BTC_PERP, u32::MAX);
    world
}

#[test]
fn the_tranche_pays_who_takes_over_from_the_insolvent_within_its_cap_an_hour() {
    for cap in [999, 10] {
        let mut world = long();
        world.sets_in_market("market.subsidy_cap", BTC_PERP, usdc(cap));
        world.endows_tranche(BTC_PERP, usdc(500));
        world.jolts(BTC, -30);
        world.trader("keeper").assesses("alice", Scope::Cross);
        world.waits(minutes(2));
        let before = sheet(&world);
        world.trader("liz").takes_over("alice", BTC_PERP, u32::MAX);
        // Two minutes after the flag the auction asks for all that it ever asks: 2.5 % of 3,360.
        let most = world.terms(BTC_PERP).liq_fee_most.get();
        let asked = (u128::from(usdc(3_360)) * u128::from(most)) >> 30;
        let subsidy = (asked as i128).min(units(cap));
        before.changed(
            &world,
            &[
                ("alice BTC-PERP lots", -800),
                ("alice BTC-PERP quote", units(3_360)),
                ("alice BTC-PERP realised", -units(1_440)),
                ("liz BTC-PERP lots", 800),
                ("liz BTC-PERP quote", subsidy - units(3_360)),
                ("liz BTC-PERP realised", subsidy),
                ("BTC-PERP pool", subsidy),
                ("BTC-PERP tranche", -subsidy),
            ],
        );
    }
}

/// Most that lots of BTC-PERP bear in an hour at 42,000, native quote: a twentieth of their worth, of which `borne` was
/// borne; in the units of 2^-32 a lot that the program counts.
fn room(world: &World, lots: u128, borne: u128) -> i128 {
    let ratio = u128::from(world.terms(BTC_PERP).maint_ratio.get());
    let cap = (4_200_000 * ratio) << 1; // half of a ratio in 2^-30
    let charged = (borne << 32).div_ceil(lots);
    (((cap - charged) * lots) >> 32) as i128
}

#[test]
fn a_tier_takes_no_more_of_the_fund_than_its_cap_in_a_window() {
    let names = ["alice", "anna", "ada"];
    let mut world = world_with(|world| world.sets_for_all("exchange.tier_cap_0", usdc(250)));
    world.insures(usdc(10_000));
    world.endows_tranche(BTC_PERP, usdc(100));
    for name in &names[1..] {
        world.trader(name).deposits(USDC, usdc(1_000));
    }
    for name in names {
        world.deals(name, "bob", BTC_PERP, 800, 60_000);
    }
    world.jolts(BTC, -30);
    for name in names {
        world.trader("keeper").assesses(name, Scope::Cross);
        world.trader("liz").takes_over_unsubsidised(name, BTC_PERP, u32::MAX);
    }
    let lost = lost(&world);
    let uncovered = lost - units(1_000);
    let bears = |world: &mut World, name: &str, [tranche, fund, winners, deficit]: [i128; 4]| {
        let before = world.sheet(&[name, "bob", "liz", "keeper"]);
        let told = resolves(world, name, Scope::Cross);
        let leg = &told.legs[0];
        let borne = [leg.own, leg.fund, leg.others, leg.deficit].map(i128::from);
        assert_eq!(borne, [tranche, fund, winners, deficit], "{name}");
        before.changed(
            world,
            &[
                (&format!("{name} USDC"), -units(1_000)),
                (&format!("{name} BTC-PERP quote"), lost),
                (&format!("{name} BTC-PERP realised"), lost),
                ("BTC-PERP pool", units(1_000) + tranche + fund),
                ("BTC-PERP tranche", -tranche),
                ("BTC-PERP deficit", deficit),
                ("fund", -fund),
                ("USDC deposits", -units(1_000)),
            ],
        );
    };
    let first = uncovered - units(350);
    bears(&mut world, "alice", [units(100), units(250), first, 0]);
    // The window's cap is used up: the 2,400 lots that are short bear what they may bear in an hour, the rest stays open.
    let second = room(&world, 2_400, first as u128).min(uncovered);
    bears(&mut world, "anna", [0, 0, second, uncovered - second]);
    assert_eq!(world.insurance().open_deficits, u32::from(second < uncovered));

    world.passes(days(1));
    world.refreshes_all();
    world.trader("keeper").assesses("ada", Scope::Cross);
    let third = uncovered - units(250);
    bears(&mut world, "ada", [0, units(250), third, 0]);

    // Bob bore what the winners bore, each charge rounded up to 2^-32 a lot.
    let a_lot = |charge: i128| (charge << 32).div_euclid(2_400) + i128::from((charge << 32) % 2_400 != 0);
    let borne = (2_400 * (a_lot(first) + a_lot(second) + a_lot(third)) + (1 << 32) - 1) >> 32;
    let before = sheet(&world);
    world.trader("keeper").applies_deleveraging_of("bob", BTC_PERP);
    before.changed(&world, &[("bob BTC-PERP quote", -borne), ("bob BTC-PERP realised", -borne)]);
    assert!((0..=3).contains(&(borne - first - second - third)));
}

#[test]
fn what_is_left_is_shared_pari_passu_among_all_losses() {
    let mut world = world();
    world.insures(usdc(10_000));
    world.endows_tranche(BTC_PERP, usdc(50));
    world.deals("alice", "bob", BTC_PERP, 401, 60_000);
    world.deals("alice", "bob", ETH_PERP, 797, 30_000);
    world.jolts(BTC, -40);
    world.jolts(ETH, -20);
    world.trader("keeper").assesses("alice", Scope::Cross);
    for perp in [BTC_PERP, ETH_PERP] {
        world.trader("liz").takes_over_unsubsidised("alice", perp, u32::MAX);
    }
    // 2.4 a lot of BTC-PERP, 0.6 a lot of ETH-PERP.
    let of_btc = i128::from(BTC_PERP.worth(401, 24_000)) + i128::from(world.taker_fee(BTC_PERP, 401, 60_000));
    let of_eth = i128::from(ETH_PERP.worth(797, 6_000)) + i128::from(world.taker_fee(ETH_PERP, 797, 30_000));
    let owed = of_btc + of_eth;
    let deficit = owed - units(1_000);
    // In proportion, the first rounded up.
    let btc_bears = (deficit * of_btc + owed - 1) / owed;
    let eth_bears = deficit - btc_bears;
    let before = sheet(&world);
    let told = resolves(&mut world, "alice", Scope::Cross);
    assert_eq!((told.cash, told.deficit as i128), (usdc(1_000), deficit));
    let seized: Vec<i128> = told.legs.iter().map(|leg| leg.seized.into()).collect();
    assert_eq!(seized, [of_btc - btc_bears, of_eth - eth_bears]);
    assert_eq!(seized.iter().sum::<i128>(), units(1_000));
    before.changed(
        &world,
        &[
            ("alice USDC", -units(1_000)),
            ("alice BTC-PERP quote", of_btc),
            ("alice BTC-PERP realised", of_btc),
            ("alice ETH-PERP quote", of_eth),
            ("alice ETH-PERP realised", of_eth),
            ("BTC-PERP pool", of_btc),
            ("BTC-PERP tranche", -units(50)),
            ("ETH-PERP pool", of_eth),
            ("fund", units(50) - deficit),
            ("USDC deposits", -units(1_000)),
        ],
    );
}
