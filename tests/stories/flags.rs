//! Flags: set where maintenance health is below 0, alive as long as danger is proved, gone once a liquidation would end. And
//! what whoever is flagged may still do.

use harness::{
    Receipt, World,
    auctions::{fee, rate_after},
    perps::*,
    tokens::*,
};
use plimsoll::{errors::Refusal, events::Assessed};
use plimsoll_client::{
    book::Side,
    events::Event,
    instructions::{liquidation::Scope, order::Order},
};
use plimsoll_risk::liquidation::Flag;

const ALL: [&str; 4] = ["alice", "bob", "carol", "dave"];
/// How long a flag lives without fresh proof.
const FLAG: i64 = 300;
/// What alice paid for 1,000 lots at 60,000: 3 USDC, but for what a ratio drops.
const TAKER_FEE: i128 = 2_999_995;

/// Alice holds 2,000 USDC and is long 1,000 lots at 60,000, of bob.
fn world() -> World {
    let mut world = World::with_steady_markets(&[BTC_PERP, ETH_PERP], |_| ());
    world.trader("alice").deposits(USDC, usdc(2_000));
    for name in &ALL[1..] {
        world.trader(name).deposits(USDC, usdc(50_000));
    }
    world.deals("alice", "bob", BTC_PERP, 1_000, 60_000);
    world
}

fn at(world: &mut World, price: f64) {
    world.oracle().says(BTC, price);
    world.refreshes_all();
}

/// At 44,400 there are 437 behind 4,440: 7 short of maintenance, 29.2 of the end of a liquidation.
fn flagged() -> World {
    let mut world = world();
    at(&mut world, 44_400.0);
    world.trader("carol").assesses("alice", Scope::Cross);
    world
}

fn flag(world: &World) -> Flag {
    world.flag_of("alice", Scope::Cross)
}

/// What an assessment told.
#[track_caller]
fn assessed(receipt: &Receipt) -> &Assessed {
    match receipt.event() {
        Event::Assessed(event) => event,
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_old_flag_is_of_no_use_for_a_full_fee() {
    let mut world = flagged();
    let first = flag(&world);
    world.waits(FLAG + 1);
    let mut carol = world.trader("carol").refused(Refusal::NotFlagged);
    carol.takes_over("alice", BTC_PERP, u32::MAX);
    carol.liquidates_into_book("alice", BTC_PERP, u32::MAX);
    carol.buys_pnl("alice", BTC_PERP, u64::MAX);
    // Fresh proof begins a new auction, at half a percent instead of two and a half.
    let told = world.trader("carol").assesses("alice", Scope::Cross);
    let now = world.now();
    assert_eq!((assessed(&told).flagged_at, flag(&world)), (now, Flag { flagged_at: now, renewed_at: now }));
    assert!(now > first.flagged_at);
    let sheet = world.sheet(&ALL);
    world.trader("carol").takes_over("alice", BTC_PERP, 10);
    let (worth, fee) = (10 * 4_440_000, fee(10 * 4_440_000, rate_after(0)));
    assert_eq!(fee.total(), 221_999);
    sheet.changed(
        &world,
        &[
            ("alice BTC-PERP lots", -10),
            ("alice BTC-PERP quote", worth - fee.total()),
            ("alice BTC-PERP realised", worth - 60_000_000 - fee.total()),
            ("carol BTC-PERP lots", 10),
            ("carol BTC-PERP quote", fee.liquidator - worth),
            ("carol BTC-PERP realised", fee.liquidator),
            ("BTC-PERP insurance fees", fee.insurance),
        ],
    );
}

#[test]
fn a_flag_lives_for_five_minutes_after_each_proof_and_its_auction_goes_on() {
    let mut world = flagged();
    let first = flag(&world);
    for _ in 0..3 {
        world.waits(FLAG);
        let told = world.trader("dave").assesses("alice", Scope::Cross);
        assert_eq!(assessed(&told).flagged_at, first.flagged_at);
        assert_eq!(flag(&world), Flag { renewed_at: world.now(), ..first });
        // What was told is the health at the end of a liquidation: a tenth and a twentieth of it more, each rounded up.
        let equity = usdc(2_000) as i128 - TAKER_FEE - 1_560_000_000;
        assert_eq!(i128::from(assessed(&told).equity), equity);
        let requirement = equity - i128::from(assessed(&told).health);
        assert!((requirement - 466_200_000).abs() <= 2, "{requirement}");
    }
    world.waits(FLAG);
    let sheet = world.sheet(&ALL);
    world.trader("carol").takes_over("alice", BTC_PERP, 1);
    let fee = fee(4_440_000, rate_after(60));
    assert_eq!(sheet.changes(&world)["carol BTC-PERP quote"], fee.liquidator - 4_440_000);
}

#[test]
fn a_flag_that_lapsed_is_not_set_again_above_maintenance_though_it_would_have_stayed() {
    let mut world = flagged();
    world.trader("alice").deposits(USDC, usdc(10)); // 447: above 444, below 466.2
    world.waits(FLAG);
    world.trader("carol").assesses("alice", Scope::Cross);
    assert_ne!(flag(&world), Flag::default(), "it stays until the end of a liquidation is reached");
    world.waits(FLAG + 1);
    let told = world.trader("carol").assesses("alice", Scope::Cross);
    assert!(told.events.iter().any(|event| matches!(event, Event::MarginCall(_))));
    assert_eq!(flag(&world), Flag::default());
    world.trader("carol").refused(Refusal::NothingToDo).assesses("alice", Scope::Cross);
}

#[test]
fn whoever_is_called_is_called_once_and_again_only_after_it_was_over() {
    let mut world = world();
    world.trader("carol").refused(Refusal::NothingToDo).assesses("alice", Scope::Cross);
    // 997 behind 5,000, a fifth of which is initial margin.
    at(&mut world, 50_000.0);
    let told = world.trader("carol").assesses("alice", Scope::Cross);
    let Event::MarginCall(call) = told.event() else { panic!("{:?}", told.events) };
    let requirement = (5_000_000_000 * ((1i128 << 30) / 5)) / (1 << 30) + 1;
    assert_eq!(i128::from(call.initial), usdc(1_000) as i128 - TAKER_FEE - requirement);
    assert_eq!(world.account("alice").header.margin_called_at, world.now());
    world.trader("carol").refused(Refusal::NothingToDo).assesses("alice", Scope::Cross);
    world.waits(600);
    world.trader("carol").refused(Refusal::NothingToDo).assesses("alice", Scope::Cross);
    assert_eq!(flag(&world), Flag::default(), "a call is no flag");
    world.trader("carol").refused(Refusal::NotFlagged).takes_over("alice", BTC_PERP, 1);

    world.trader("alice").deposits(USDC, usdc(10));
    assert!(world.trader("carol").assesses("alice", Scope::Cross).events.is_empty(), "it is over");
    assert_eq!(world.account("alice").header.margin_called_at, 0);
    world.trader("alice").withdraws(USDC, usdc(6));
    at(&mut world, 49_900.0);
    let told = world.trader("carol").assesses("alice", Scope::Cross);
    assert!(matches!(told.event(), Event::MarginCall(_)));
}

#[test]
fn whoever_is_flagged_lets_nothing_rest_and_takes_nothing_out_but_may_reduce_at_once() {
    let mut world = flagged();
    let mut alice = world.trader("alice").refused(Refusal::Flagged);
    for order in [
        Order::limit(Side::Ask, 10, 45_000),
        Order::limit(Side::Ask, 10, 45_000).reduce_only(),
        Order::limit(Side::Bid, 10, 43_000).post_only(),
    ] {
        alice.places(BTC_PERP, order);
    }
    alice.places(ETH_PERP, Order::limit(Side::Bid, 1, 29_000));
    world.trader("dave").deposits(SOL, sol(10));
    let mut alice = world.trader("alice").refused(Refusal::NotEnoughMargin);
    alice.withdraws(USDC, 1);
    alice.borrows(SOL, 1);
    world.trader("alice").refused(Refusal::Flagged).isolates(BTC_PERP);
    world.trader("alice").refused(Refusal::AccountNotEmpty).closes_account();

    world.trader("bob").places(BTC_PERP, Order::limit(Side::Ask, 50, 44_400));
    world.trader("bob").places(BTC_PERP, Order::limit(Side::Bid, 50, 44_390));
    world.trader("alice").meeting(&["bob"]).refused(Refusal::NotEnoughMargin).longs(BTC_PERP, 1);
    let sheet = world.sheet(&ALL);
    world.trader("alice").meeting(&["bob"]).shorts(BTC_PERP, 20);
    let changes = sheet.changes(&world);
    assert_eq!((changes["alice BTC-PERP lots"], changes["bob BTC-PERP lots"]), (-20, 20));
    let order = Order::limit(Side::Ask, 20, 44_390).reduce_only().immediate();
    world.trader("alice").meeting(&["bob"]).places(BTC_PERP, order);
    world.trader("alice").holds(BTC_PERP, 960);
    // A limit order that is filled whole rests nowhere, either.
    world.trader("alice").meeting(&["bob"]).places(BTC_PERP, Order::limit(Side::Ask, 5, 44_390));
    world.trader("alice").holds(BTC_PERP, 955);
}

#[test]
fn a_deposit_ends_danger_and_whoever_assesses_says_so() {
    let mut world = flagged();
    let sheet = world.sheet(&ALL);
    world.trader("alice").deposits(USDC, usdc(29));
    world.trader("alice").refused(Refusal::Flagged).places(BTC_PERP, Order::limit(Side::Ask, 10, 45_000));
    world.trader("carol").takes_over("alice", BTC_PERP, 1); // 0.2 are missing still
    let mut other = flagged();
    other.trader("alice").deposits(USDC, usdc(30));
    let mut carol = other.trader("carol").refused(Refusal::NotEndangered);
    carol.takes_over("alice", BTC_PERP, u32::MAX);
    carol.liquidates_into_book("alice", BTC_PERP, u32::MAX);
    carol.buys_pnl("alice", BTC_PERP, u64::MAX);
    let told = other.trader("alice").assesses("alice", Scope::Cross);
    let Event::Assessed(event) = &told.events[0] else { panic!("{:?}", told.events) };
    assert_eq!((event.flagged_at, event.insolvent), (0, false));
    let health = 2_030_000_000 - TAKER_FEE - 1_560_000_000 - 466_200_000;
    assert!((i128::from(event.health) - health).abs() <= 2, "{event:?}, not {health}");
    assert_eq!(flag(&other), Flag::default());
    other.trader("alice").asks(BTC_PERP, 10, 45_000);
    assert_eq!(sheet.line("alice BTC-PERP lots"), 1_000);
}

/// Alice has a bid and two asks in the book, and one ask of BTC was met by bob while she was not there.
fn ordered() -> World {
    let mut world = world();
    world.trader("alice").bids(BTC_PERP, 10, 40_000);
    world.trader("alice").asks(BTC_PERP, 20, 61_000);
    world.trader("alice").asks(BTC_PERP, 30, 60_000);
    world.trader("bob").longs(BTC_PERP, 30);
    assert_eq!(world.waiting(BTC_PERP), 1);
    world
}

#[test]
fn strangers_cancel_the_orders_of_whoever_is_flagged_and_of_nobody_else() {
    let mut world = ordered();
    world.trader("mallory").refused(Refusal::NotATrader).cancels_all_of("alice", BTC_PERP);
    at(&mut world, 44_000.0);
    world.trader("carol").assesses("alice", Scope::Cross);
    world.trader("carol").refused(Refusal::OrdersRemain).takes_over("alice", BTC_PERP, 1);
    world.trader("carol").refused(Refusal::OrdersRemain).liquidates_into_book("alice", BTC_PERP, 1);
    // One by one is the owner's way.
    let bid = plimsoll_client::book::OrderId::new(world.account("alice").orders[0].id);
    world.trader("mallory").for_account_of("alice").refused(Refusal::NotATrader).cancels(BTC_PERP, bid);
    world.trader("mallory").refused(Refusal::NotATrader).cancels_all_of("bob", BTC_PERP);

    let sheet = world.sheet(&ALL);
    let told = world.trader("mallory").cancels_all_of("alice", BTC_PERP);
    assert_eq!(told.cancelled().len(), 2);
    sheet.changed(&world, &[("alice BTC-PERP bids", -10), ("alice BTC-PERP asks", -20)]);
    world.trader("mallory").refused(Refusal::NoSuchOrder).cancels_all_of("alice", BTC_PERP);

    // What waits in the queue is applied on the way, at the price that it was met at.
    world.trader("carol").refused(Refusal::OrdersRemain).takes_over("alice", BTC_PERP, 1);
    let sheet = world.sheet(&ALL);
    world.trader("carol").meeting(&["alice"]).applies_fills(BTC_PERP, u8::MAX);
    let rebate = i128::from(world.rebate(BTC_PERP, 30, 60_000));
    sheet.changed(
        &world,
        &[
            ("alice BTC-PERP lots", -30),
            ("alice BTC-PERP asks", -30),
            ("alice BTC-PERP quote", 180_000_000 + rebate),
            ("alice BTC-PERP realised", rebate),
            ("BTC-PERP longs", -30),
        ],
    );
    world.trader("carol").takes_over("alice", BTC_PERP, 1);
    world.trader("alice").holds(BTC_PERP, 969);
}

#[test]
fn an_account_that_its_orders_endangered_pays_no_fee_once_they_are_gone() {
    let mut world = World::with_steady_markets(&[BTC_PERP], |_| ());
    world.trader("alice").deposits(USDC, usdc(2_000));
    for name in &ALL[1..] {
        world.trader(name).deposits(USDC, usdc(50_000));
    }
    world.deals("alice", "bob", BTC_PERP, 100, 60_000);
    world.trader("alice").bids(BTC_PERP, 1_500, 59_000);
    // Filled, 1,500 lots would lose 1,350 and need a tenth of 7,500 at 50,000: 550 would be left for 800.
    at(&mut world, 50_000.0);
    world.trader("carol").assesses("alice", Scope::Cross);
    world.trader("carol").refused(Refusal::OrdersRemain).takes_over("alice", BTC_PERP, 100);
    world.trader("carol").cancels_all_of("alice", BTC_PERP);
    let sheet = world.sheet(&ALL);
    world.waits(60);
    for who in ["carol", "dave"] {
        let mut keeper = world.trader(who).refused(Refusal::NotEndangered);
        keeper.takes_over("alice", BTC_PERP, 100);
        keeper.liquidates_into_book("alice", BTC_PERP, 100);
    }
    world.trader("carol").assesses("alice", Scope::Cross);
    assert_eq!(flag(&world), Flag::default());
    sheet.changed(&world, &[]);
    world.trader("alice").withdraws(USDC, usdc(1_000));
}

#[test]
fn a_flag_is_its_scope_s_and_no_other_s() {
    let mut world = World::with_steady_markets(&[BTC_PERP, ETH_PERP], |_| ());
    world.trader("alice").deposits(USDC, usdc(4_000));
    for name in &ALL[1..] {
        world.trader(name).deposits(USDC, usdc(50_000));
    }
    world.trader("alice").isolates(BTC_PERP);
    world.trader("alice").funds_pocket(BTC_PERP, usdc(2_000));
    world.deals("alice", "bob", BTC_PERP, 1_000, 60_000);
    let rests = world.trader("alice").asks(ETH_PERP, 10, 31_000);
    let pocket = world.scope_of("alice", BTC_PERP);
    at(&mut world, 44_400.0);
    world.trader("carol").refused(Refusal::NothingToDo).assesses("alice", Scope::Cross);
    let eth = Scope::Pocket(world.market_of(ETH_PERP).index);
    world.trader("carol").refused(Refusal::NotIsolated).assesses("alice", eth);
    world.trader("carol").assesses("alice", pocket);
    assert_eq!((flag(&world), world.flag_of("alice", pocket).flagged_at), (Flag::default(), world.now()));

    // In that market nothing rests, and what there is of her account stays free.
    world.trader("alice").refused(Refusal::Flagged).places(BTC_PERP, Order::limit(Side::Ask, 1, 45_000));
    world.trader("mallory").refused(Refusal::NotATrader).cancels_all_of("alice", ETH_PERP);
    world.trader("alice").bids(ETH_PERP, 10, 29_000);
    world.trader("alice").cancels(ETH_PERP, rests);
    world.trader("alice").withdraws(USDC, usdc(100));
    // She may save it out of her account, or let it go: nothing takes from the one for the other.
    let cash = world.balance("alice", USDC);
    world.trader("carol").takes_over("alice", BTC_PERP, 10);
    assert_eq!(world.balance("alice", USDC), cash);
    world.trader("alice").funds_pocket(BTC_PERP, usdc(50));
    world.trader("carol").refused(Refusal::NotEndangered).takes_over("alice", BTC_PERP, 10);
    world.trader("alice").assesses("alice", pocket);
    world.trader("alice").asks(BTC_PERP, 1, 45_000);
}

#[test]
fn a_margin_call_is_the_account_s_and_a_pocket_gets_none() {
    let mut world = World::with_steady_markets(&[BTC_PERP], |_| ());
    world.trader("alice").deposits(USDC, usdc(2_000));
    world.trader("bob").deposits(USDC, usdc(50_000));
    world.trader("alice").isolates(BTC_PERP);
    world.trader("alice").funds_pocket(BTC_PERP, usdc(2_000));
    world.deals("alice", "bob", BTC_PERP, 1_000, 60_000);
    at(&mut world, 50_000.0);
    let pocket = world.scope_of("alice", BTC_PERP);
    world.trader("carol").refused(Refusal::NothingToDo).assesses("alice", pocket);
    world.trader("carol").refused(Refusal::NothingToDo).assesses("alice", Scope::Cross);
}
