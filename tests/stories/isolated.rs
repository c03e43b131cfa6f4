//! Isolated positions: a pocket stands for one position, and nothing else of the account does.

use harness::{World, amounts::days, perps::*, tokens::*};
use plimsoll::{
    errors::Refusal,
    state::{MarginAccount, margin_account::scope, risk_board::Pausable},
};
use plimsoll_client::{book::Side, instructions::order::Order};
use plimsoll_risk::{
    health::{Check, Overlay},
    margin::{Holdings, margin},
};

/// Alice with 10,000 USDC and an isolated, empty position in BTC-PERP; bob with plenty. At 60,000 ticks a lot is worth
/// 6 USDC, a fifth of that is its initial margin.
fn world() -> World {
    let mut world = World::with_steady_markets(&[BTC_PERP, ETH_PERP], |_| ());
    world.trader("alice").deposits(USDC, usdc(10_000));
    world.trader("bob").deposits(USDC, usdc(10_000_000));
    world.trader("alice").isolates(BTC_PERP);
    world
}

/// The same, long 800 lots on a pocket of 1,000.
fn long() -> World {
    let mut world = world();
    world.trader("alice").funds_pocket(BTC_PERP, usdc(1_000));
    world.deals("alice", "bob", BTC_PERP, 800, 60_000);
    world
}

/// Lets time pass until price and stable price are one, so that both limits are those of the price.
fn at(mut world: World, price: f64) -> World {
    world.oracle().says(BTC, price);
    world.calms(BTC);
    world
}

fn pocket(world: &World) -> u64 {
    world.position("alice", BTC_PERP).pocket.magnitude()
}

#[test]
fn a_position_is_opened_into_what_its_pocket_carries() {
    let mut world = world();
    world.trader("alice").funds_pocket(BTC_PERP, usdc(1_000));
    world.trader("alice").owns(USDC, usdc(9_000));
    world.trader("bob").places(BTC_PERP, Order::limit(Side::Ask, 2_000, 60_000));
    // 1,000 carry 1.2 and a fee of 0.003 a lot: the 9,000 beside it do not count.
    world.trader("alice").meeting(&["bob"]).refused(Refusal::NotEnoughMargin).longs(BTC_PERP, 832);
    world.trader("alice").meeting(&["bob"]).longs(BTC_PERP, 831);
    world.trader("alice").holds(BTC_PERP, 831).owns(USDC, usdc(9_000));
    world.trader("alice").refused(Refusal::NotEnoughMargin).meeting(&["bob"]).longs(BTC_PERP, 1);
}

#[test]
fn without_a_pocket_nothing_can_be_opened() {
    let mut world = world();
    world.trader("bob").places(BTC_PERP, Order::limit(Side::Ask, 2_000, 60_000));
    world.trader("alice").meeting(&["bob"]).refused(Refusal::NotEnoughMargin).longs(BTC_PERP, 1);
    let order = Order::limit(Side::Bid, 1, 50_000);
    world.trader("alice").refused(Refusal::NotEnoughMargin).places(BTC_PERP, order);
    world.trader("alice").funds_pocket(BTC_PERP, usdc(2));
    world.trader("alice").meeting(&["bob"]).longs(BTC_PERP, 1);
    world.trader("alice").holds(BTC_PERP, 1);
}

#[test]
fn more_in_the_pocket_makes_room() {
    let mut world = long();
    let more = |world: &mut World, lots: u64| {
        let order = Order::limit(Side::Bid, lots as u32, 60_000).post_only();
        world.trader("alice").trading(BTC_PERP).place(&order, &[], &[])
    };
    // 997.6 are left of 1,000: 831.3 lots; with 240 more 200 lots more.
    assert_eq!(world.most(10_000, more), 31);
    world.trader("alice").funds_pocket(BTC_PERP, usdc(240));
    assert_eq!(world.most(10_000, more), 231);
}

#[test]
fn a_pocket_is_drained_to_what_its_position_needs() {
    let world = long();
    let drain = |world: &mut World, amount| world.trader("alice").pocket(BTC_PERP).drain(amount, &[]);
    let takes_out = |world: &mut World, expected: f64| {
        let most = world.most(usdc(1_000) + 1, drain);
        assert!(most.abs_diff(usdc(expected)) < 100, "{most}");
        world.trader("alice").refused(Refusal::NotEnoughMargin).drains_pocket(BTC_PERP, most + 1);
        let before = pocket(world);
        world.trader("alice").drains_pocket(BTC_PERP, most);
        assert_eq!(pocket(world), before - most);
        world.trader("alice").owns(USDC, usdc(9_000) + most);
    };
    // 1,000 less the fee of 2.4 and a fifth of 4,800.
    takes_out(&mut world.clone(), 37.6);
    // A loss of 24 is gone, and a fifth of 24 is needed less.
    takes_out(&mut at(world.clone(), 59_700.0), 37.6 - 24.0 + 4.8);
    // A profit of 480 on paper stays where it is; the fee is paid by it, and 96 more are needed.
    let mut risen = at(world, 66_000.0);
    assert!(risen.position("alice", BTC_PERP).pocket.get() > 0);
    risen.trader("alice").refused(Refusal::NotEnoughMargin).drains_pocket(BTC_PERP, 1);
    risen.trader("alice").funds_pocket(BTC_PERP, usdc(56) + 100);
    risen.trader("alice").drains_pocket(BTC_PERP, 50);
}

#[test]
fn draining_needs_a_price_and_an_oracle_account_will_do() {
    let mut world = long();
    world.passes(90);
    world.trader("alice").refused(Refusal::StaleMarket).drains_pocket(BTC_PERP, 1);
    world.oracle().publishes(BTC);
    world.trader("alice").bringing(&[BTC]).drains_pocket(BTC_PERP, 1);
    assert_eq!(pocket(&world), usdc(1_000) - 1);
    // Filling one takes nothing but the deposit of an account without other risk.
    world.passes(90);
    world.trader("alice").funds_pocket(BTC_PERP, 1);
    assert_eq!(pocket(&world), usdc(1_000));
}

/// An account without one position, without what a settlement counts and without the number of its last event.
fn rest_of(mut account: MarginAccount, market: u8) -> Vec<u8> {
    let place = account.place_of(market).expect("a position");
    account.positions[place] = bytemuck::Zeroable::zeroed();
    account.header.sequence = 0;
    bytemuck::bytes_of(&account.0).to_vec()
}

#[test]
fn a_loss_larger_than_the_pocket_never_touches_the_account() {
    let mut world = long();
    world.trader("alice").deposits(SOL, sol(10));
    world.deals("bob", "alice", ETH_PERP, 300, 30_000);
    world.trader("alice").places(ETH_PERP, Order::limit(Side::Bid, 10, 29_000));
    let market = world.market_of(BTC_PERP).index;
    let health = |world: &World, check| {
        let account = world.account("alice");
        let holdings = Holdings::from(&account.0);
        margin(&holdings, world.board(), &Overlay::none(), check, world.now()).expect("a margin")
    };
    let (rest, before) = (rest_of(world.account("alice"), market), health(&world, Check::Maintenance));

    world.oracle().moves(BTC, -30); // 1,440 lost of 1,000
    world.trader("alice").settles(BTC_PERP);
    let position = world.position("alice", BTC_PERP);
    assert_eq!(position.pocket.get(), 0);
    assert!(
        world.paper_profit("alice", BTC_PERP) < -(usdc(440) as i64),
        "the rest of the loss is still there"
    );
    world.trader("alice").refused(Refusal::NothingToSettle).settles(BTC_PERP);
    assert!(rest_of(world.account("alice"), market) == rest, "the rest of the account changed");
    assert_eq!(health(&world, Check::Maintenance), before);

    // And so the account goes on: it trades, withdraws, and opens nothing more where it lost.
    world.trader("alice").withdraws(USDC, usdc(8_000));
    world.deals("bob", "alice", ETH_PERP, 10, 30_000);
    world.trader("alice").holds(ETH_PERP, -310);
    world.trader("bob").places(BTC_PERP, Order::limit(Side::Ask, 1, 42_000));
    world.trader("alice").meeting(&["bob"]).refused(Refusal::NotEnoughMargin).longs(BTC_PERP, 1);
}

#[test]
fn trouble_of_the_account_never_touches_an_isolated_position() {
    let mut world = long();
    world.trader("alice").withdraws(USDC, usdc(8_000));
    world.deals("bob", "alice", ETH_PERP, 1_600, 30_000);
    world.oracle().moves(ETH, 30); // 1,440 lost of 1,000
    world.oracle().publishes(BTC);
    world.oracle().refreshes(&[BTC]);
    let before = world.position("alice", BTC_PERP);
    world.trader("alice").settles(ETH_PERP);
    world.trader("alice").owns(USDC, 0);
    assert!(bytemuck::bytes_of(&world.position("alice", BTC_PERP)) == bytemuck::bytes_of(&before));
    // Its margin is its own: it may even grow.
    world.deals("alice", "bob", BTC_PERP, 30, 60_000);
    world.trader("alice").holds(BTC_PERP, 830);
}

#[test]
fn a_mode_changes_only_where_nothing_is_open_or_unsettled() {
    let mut world = world();
    world.trader("alice").refused(Refusal::SameMode).isolates(BTC_PERP);
    world.trader("alice").refused(Refusal::SameMode).crosses(ETH_PERP);
    world.trader("alice").funds_pocket(BTC_PERP, usdc(100));
    let refused = |world: &mut World| {
        world.trader("alice").refused(Refusal::PositionNotFlat).crosses(BTC_PERP);
    };
    let order = world.trader("alice").places(BTC_PERP, Order::limit(Side::Bid, 10, 50_000)).rests();
    refused(&mut world);
    world.trader("alice").cancels(BTC_PERP, order);
    world.deals("alice", "bob", BTC_PERP, 10, 60_000);
    refused(&mut world);
    world.deals("bob", "alice", BTC_PERP, 10, 60_000);
    world.trader("alice").holds(BTC_PERP, 0);
    refused(&mut world); // the fees are not settled
    world.trader("alice").settles(BTC_PERP);
    world.trader("alice").crosses(BTC_PERP);

    // The same the other way round.
    world.deals("alice", "bob", BTC_PERP, 10, 60_000);
    world.trader("alice").refused(Refusal::PositionNotFlat).isolates(BTC_PERP);
    world.deals("bob", "alice", BTC_PERP, 10, 60_000);
    world.trader("alice").refused(Refusal::PositionNotFlat).isolates(BTC_PERP);
    world.trader("alice").settles(BTC_PERP);
    world.trader("alice").isolates(BTC_PERP);
    assert!(world.position("alice", BTC_PERP).is_isolated());
}

#[test]
fn a_mode_stays_while_the_position_comes_and_goes() {
    let mut world = long();
    world.deals("bob", "alice", BTC_PERP, 800, 60_000);
    world.trader("alice").settles(BTC_PERP);
    let left = pocket(&world);
    world.trader("alice").drains_pocket(BTC_PERP, left);
    let position = world.position("alice", BTC_PERP);
    assert!(position.is_isolated() && position.is_done());
    world.trader("alice").funds_pocket(BTC_PERP, usdc(1_000));
    world.deals("alice", "bob", BTC_PERP, 800, 60_000);
    assert!(world.position("alice", BTC_PERP).is_isolated());
}

#[test]
fn what_is_left_in_the_pocket_comes_back_with_the_mode() {
    let mut world = long();
    world.deals("bob", "alice", BTC_PERP, 800, 60_100);
    world.trader("bob").settles(BTC_PERP); // he sold at 60,000 and bought at 60,100
    world.trader("alice").settles(BTC_PERP);
    let fees = world.taker_fee(BTC_PERP, 800, 60_000) - world.rebate(BTC_PERP, 800, 60_100);
    let left = usdc(1_000) + usdc(8) - fees.unsigned_abs(); // 800 lots, 0.01 each
    assert_eq!(pocket(&world), left);
    let told = world.trader("alice").crosses(BTC_PERP);
    assert_eq!(told.events.len(), 2, "the pocket moved, the mode was set");
    world.trader("alice").owns(USDC, usdc(9_000) + left);
    assert!(world.position("alice", BTC_PERP).is_free());
}

#[test]
fn a_pocket_is_filled_from_the_deposit_and_never_on_credit() {
    let mut world = world();
    world.trader("alice").refused(Refusal::ZeroAmount).funds_pocket(BTC_PERP, 0);
    world.trader("alice").refused(Refusal::WouldBorrow).funds_pocket(BTC_PERP, usdc(10_000) + 1);
    world.trader("alice").deposits(SOL, sol(100));
    world.trader("alice").refused(Refusal::WouldBorrow).funds_pocket(BTC_PERP, usdc(10_000) + 1);
    world.trader("alice").funds_pocket(BTC_PERP, usdc(10_000));
    assert_eq!((pocket(&world), world.balance("alice", USDC)), (usdc(10_000), 0));
    world.trader("alice").refused(Refusal::ZeroAmount).drains_pocket(BTC_PERP, 0);
    world.trader("alice").refused(Refusal::PocketTooSmall).drains_pocket(BTC_PERP, usdc(10_000) + 1);
    world.trader("alice").drains_pocket(BTC_PERP, usdc(10_000));
    world.trader("alice").owns(USDC, usdc(10_000));
}

#[test]
fn what_the_account_itself_needs_stays_out_of_pockets() {
    let mut world = world();
    world.deals("bob", "alice", ETH_PERP, 10_000, 30_000);
    let fund = |world: &mut World, amount| world.trader("alice").pocket(BTC_PERP).fund(amount, &[]);
    // A fifth of 30,000 stays.
    let most = world.most(usdc(10_000), fund);
    assert!(most.abs_diff(usdc(4_000)) < 100, "{most}");
    world.trader("alice").refused(Refusal::NotEnoughMargin).funds_pocket(BTC_PERP, most + 1);
    world.trader("alice").funds_pocket(BTC_PERP, most);
    assert_eq!(pocket(&world), most);
}

#[test]
fn only_isolated_positions_have_pockets() {
    let mut world = world();
    world.trader("alice").refused(Refusal::NoPosition).funds_pocket(ETH_PERP, 1);
    world.trader("alice").refused(Refusal::NoPosition).drains_pocket(ETH_PERP, 1);
    world.deals("alice", "bob", ETH_PERP, 10, 30_000);
    world.trader("alice").refused(Refusal::NotIsolated).funds_pocket(ETH_PERP, 1);
    world.trader("alice").refused(Refusal::NotIsolated).drains_pocket(ETH_PERP, 1);
}

#[test]
fn a_flat_position_pays_its_loss_before_its_pocket_leaves() {
    let mut world = long();
    world.oracle().moves(BTC, -5);
    world.deals("bob", "alice", BTC_PERP, 800, 57_000);
    let owed = world.unsettled("alice", BTC_PERP).unsigned_abs();
    let fees = world.taker_fee(BTC_PERP, 800, 60_000) - world.rebate(BTC_PERP, 800, 57_000);
    assert_eq!(owed, usdc(240) + fees.unsigned_abs()); // 800 lots, 0.3 each
    let free = usdc(1_000) - owed;
    world.trader("alice").refused(Refusal::NotEnoughMargin).drains_pocket(BTC_PERP, free + 1);
    world.trader("alice").drains_pocket(BTC_PERP, free);
    world.trader("alice").settles(BTC_PERP);
    assert_eq!(pocket(&world), 0);
    world.trader("alice").owns(USDC, usdc(9_000) + free);
    world.trader("alice").crosses(BTC_PERP);
}

#[test]
fn a_delegate_that_may_trade_moves_pockets_and_nobody_else_does() {
    let mut world = world();
    let until = world.now() + days(1);
    world.trader("alice").delegates("dora", scope::TRADE, until);
    world.trader("dora").for_account_of("alice").funds_pocket(BTC_PERP, usdc(10));
    assert_eq!(pocket(&world), usdc(10));
    world.trader("dora").for_account_of("alice").drains_pocket(BTC_PERP, usdc(4));
    world.trader("dora").for_account_of("alice").crosses(BTC_PERP);
    world.trader("alice").owns(USDC, usdc(10_000));
    world.trader("alice").isolates(BTC_PERP);
    world.trader("alice").delegates("dora", scope::CANCEL, until);
    for name in ["dora", "mallory"] {
        let mut other = world.trader(name).for_account_of("alice").refused(Refusal::NotATrader);
        other.funds_pocket(BTC_PERP, 1);
        other.drains_pocket(BTC_PERP, 1);
        other.crosses(BTC_PERP);
    }
}

#[test]
fn paused_pockets_stay_as_they_are() {
    let mut world = long();
    world.guardian().pauses(Pausable::Pocket, 3_600);
    let mut alice = world.trader("alice").refused(Refusal::Paused);
    alice.funds_pocket(BTC_PERP, 1);
    alice.drains_pocket(BTC_PERP, 1);
    alice.isolates(ETH_PERP);
    world.guardian().unpauses(Pausable::Pocket);
    world.trader("alice").funds_pocket(BTC_PERP, 1);
    assert_eq!(pocket(&world), usdc(1_000) + 1);
}
