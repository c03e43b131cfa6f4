//! Trigger orders: they wait in the account, and a keeper who sees the price reach one earns its reward.

use harness::{
    Receipt, World,
    amounts::{days, hours},
    perps::*,
    tokens::*,
};
use plimsoll::{
    errors::Refusal,
    events::{TriggerChanged, TriggerExecuted},
    state::{margin_account::scope, risk_board::Pausable},
};
use plimsoll_client::{
    book::Side,
    events::Event,
    instructions::{order::Order, trigger::Trigger},
};
use plimsoll_risk::num::Ratio;

/// What executing a trigger order earns unless its owner says otherwise: a tenth of a USDC.
const USUAL: u64 = 100_000;

/// Alice is long 1,000 lots at 60,000 and so is anna short; bob, with plenty, is opposite to both, and offers and bids
/// within half a percent of the oracle price. Ken keeps.
fn world() -> World {
    let mut world = World::with_steady_markets(&[BTC_PERP, ETH_PERP], |_| ());
    for name in ["alice", "anna"] {
        world.trader(name).deposits(USDC, usdc(10_000));
    }
    world.trader("bob").deposits(USDC, usdc(10_000_000));
    world.trader("ken");
    world.deals("alice", "bob", BTC_PERP, 1_000, 60_000);
    world.deals("bob", "anna", BTC_PERP, 1_000, 60_000);
    world
}

/// The oracle says a price, and bob quotes around it.
fn quoted_at(world: &mut World, price: u32, lots: u32) {
    world.oracle().says(BTC, f64::from(price));
    let half = price / 200;
    for (side, price) in [(Side::Bid, price - half), (Side::Ask, price + half)] {
        world.trader("bob").places(BTC_PERP, Order::limit(side, lots, price));
    }
}

/// Ken executes somebody's first trigger order, with bob's account.
fn fires(world: &mut World, name: &str) -> Receipt {
    world.trader("ken").meeting(&["bob"]).executes_trigger_of(name, BTC_PERP, 0)
}

fn does_not_fire(world: &mut World, name: &str, reason: Refusal) {
    world.trader("ken").meeting(&["bob"]).refused(reason).executes_trigger_of(name, BTC_PERP, 0);
}

fn executed(receipt: &Receipt) -> &TriggerExecuted {
    let found = receipt.events.iter().find_map(|event| match event {
        Event::TriggerExecuted(executed) => Some(executed),
        _ => None,
    });
    found.unwrap_or_else(|| panic!("no trigger order was executed: {:#?}", receipt.events))
}

fn waiting(world: &World, name: &str) -> u8 {
    world.account(name).header.triggers_in_use
}

#[test]
fn a_stop_or_a_profit_fires_where_its_price_is_reached_and_not_before() {
    let long = |trigger: fn(Side, u32) -> Trigger, at| ("alice", trigger(Side::Ask, at));
    let short = |trigger: fn(Side, u32) -> Trigger, at| ("anna", trigger(Side::Bid, at));
    for ((name, trigger), not_yet, then) in [
        (long(Trigger::stop_loss, 57_000), 57_001, 57_000),
        (long(Trigger::take_profit, 63_000), 62_999, 63_000),
        (short(Trigger::stop_loss, 63_000), 62_999, 63_000),
        (short(Trigger::take_profit, 57_000), 57_001, 57_000),
    ] {
        let mut world = world();
        world.trader(name).places_trigger(BTC_PERP, trigger);
        world.oracle().says(BTC, f64::from(not_yet));
        does_not_fire(&mut world, name, Refusal::TriggerNotReached);
        quoted_at(&mut world, then, 2_000);
        let told = fires(&mut world, name);
        assert_eq!(told.ordered().filled, 1_000);
        assert_eq!((world.lots(name, BTC_PERP), waiting(&world, name)), (0, 0));
        assert_eq!(executed(&told).reward, USUAL);
        world.trader("ken").owns(USDC, USUAL);
        world.trader(name).owns(USDC, usdc(10_000) - USUAL);
    }
}

#[test]
fn a_limit_price_holds_and_the_trigger_goes_on_waiting() {
    let mut world = world();
    world.trader("alice").places_trigger(BTC_PERP, Trigger::stop_loss(Side::Ask, 57_000).limit(56_900));
    quoted_at(&mut world, 57_000, 2_000); // bids at 56,715
    does_not_fire(&mut world, "alice", Refusal::CannotFill);
    world.trader("bob").places(BTC_PERP, Order::limit(Side::Bid, 2_000, 56_900));
    let told = fires(&mut world, "alice");
    assert_eq!(told.ordered().quote, BTC_PERP.worth(1_000, 56_900));
}

#[test]
fn a_market_stop_takes_what_the_band_allows() {
    let mut world = world();
    world.trader("alice").places_trigger(BTC_PERP, Trigger::stop_loss(Side::Ask, 57_000));
    world.oracle().says(BTC, 57_000.0);
    // The band ends 5% below, rounded inwards.
    world.trader("bob").places(BTC_PERP, Order::limit(Side::Bid, 300, 54_151));
    world.trader("bob").places(BTC_PERP, Order::limit(Side::Bid, 2_000, 54_150));
    let told = fires(&mut world, "alice");
    assert_eq!((told.ordered().filled, told.ordered().quote), (300, BTC_PERP.worth(300, 54_151)));
    world.oracle().says(BTC, 56_999.0);
    fires(&mut world, "alice");
    world.trader("alice").holds(BTC_PERP, 0);
}

#[test]
fn a_trailing_stop_follows_the_price_and_fires_behind_its_peak() {
    for (name, side, best, back, stop) in
        [("alice", Side::Ask, 66_000, 59_401, 59_400), ("anna", Side::Bid, 54_000, 59_399, 59_400)]
    {
        let mut world = world();
        let first = if side == Side::Ask { 54_000 } else { 66_000 };
        world.trader(name).places_trigger(BTC_PERP, Trigger::trailing(side, first, Ratio::from_bps(1_000)));
        world.oracle().says(BTC, 60_000.0);
        does_not_fire(&mut world, name, Refusal::TriggerNotReached); // it is a tenth away already
        world.oracle().says(BTC, f64::from(best));
        let told = fires(&mut world, name);
        let Event::TriggerChanged(TriggerChanged { trigger_price, .. }) = told.event() else {
            panic!("{:?}", told.events)
        };
        assert_eq!(*trigger_price, stop);
        world.trader("ken").owns(USDC, 0); // nobody is paid for it
        does_not_fire(&mut world, name, Refusal::TriggerNotReached);
        world.oracle().says(BTC, f64::from(back)); // it never goes back
        does_not_fire(&mut world, name, Refusal::TriggerNotReached);
        assert_eq!(world.account(name).triggers[0].trigger_price, stop);
        quoted_at(&mut world, stop, 2_000);
        fires(&mut world, name);
        world.trader(name).holds(BTC_PERP, 0);
        world.trader("ken").owns(USDC, USUAL);
    }
}

#[test]
fn executed_in_part_it_keeps_the_rest_and_the_rest_of_its_reward() {
    let mut world = world();
    world.trader("alice").places_trigger(BTC_PERP, Trigger::stop_loss(Side::Ask, 57_000).lots(800));
    quoted_at(&mut world, 57_000, 200);
    assert_eq!(executed(&fires(&mut world, "alice")).reward, USUAL / 4);
    let trigger = world.account("alice").triggers[0];
    assert_eq!((trigger.lots, u64::from(trigger.reward)), (600, USUAL * 3 / 4));
    does_not_fire(&mut world, "alice", Refusal::CannotFill);
    quoted_at(&mut world, 57_000, 2_000);
    assert_eq!(executed(&fires(&mut world, "alice")).reward, USUAL * 3 / 4);
    world.trader("alice").holds(BTC_PERP, 200);
    assert_eq!(waiting(&world, "alice"), 0);
    world.trader("ken").owns(USDC, USUAL);
}

#[test]
fn a_trigger_on_the_whole_position_stays_one() {
    let mut world = world();
    world.trader("alice").places_trigger(BTC_PERP, Trigger::stop_loss(Side::Ask, 57_000));
    quoted_at(&mut world, 57_000, 500);
    assert_eq!(executed(&fires(&mut world, "alice")).reward, USUAL / 2);
    assert_eq!(world.account("alice").triggers[0].lots, u32::MAX);
    quoted_at(&mut world, 57_000, 500);
    fires(&mut world, "alice");
    world.trader("alice").holds(BTC_PERP, 0);
    world.trader("ken").owns(USDC, USUAL);
}

#[test]
fn many_small_executions_earn_no_more_than_one() {
    let mut world = world();
    world.trader("alice").places_trigger(BTC_PERP, Trigger::stop_loss(Side::Ask, 57_000).lots(10).reward(7));
    world.oracle().says(BTC, 57_000.0);
    let mut earned = 0;
    for _ in 0..10 {
        world.trader("bob").places(BTC_PERP, Order::limit(Side::Bid, 1, 57_000));
        earned += executed(&fires(&mut world, "alice")).reward;
    }
    assert_eq!(earned, 7);
    assert_eq!(waiting(&world, "alice"), 0);
}

#[test]
fn a_trigger_only_ever_reduces() {
    let mut world = world();
    // On the wrong side, or of more than there is.
    world.trader("alice").places_trigger(BTC_PERP, Trigger::take_profit(Side::Bid, 57_000));
    quoted_at(&mut world, 57_000, 2_000);
    does_not_fire(&mut world, "alice", Refusal::NothingToReduce);
    world.trader("alice").cancels_trigger(0);
    world.trader("alice").places_trigger(BTC_PERP, Trigger::stop_loss(Side::Ask, 57_000).lots(5_000));
    assert_eq!(fires(&mut world, "alice").ordered().filled, 1_000);
    assert_eq!((world.lots("alice", BTC_PERP), waiting(&world, "alice")), (0, 0));
}

#[test]
fn it_waits_for_a_position_that_is_yet_to_be_opened() {
    let mut world = world();
    world.trader("carl").deposits(USDC, usdc(10_000));
    world.trader("carl").places_trigger(BTC_PERP, Trigger::stop_loss(Side::Ask, 57_000));
    quoted_at(&mut world, 57_000, 2_000);
    does_not_fire(&mut world, "carl", Refusal::NothingToReduce);
    world.deals("carl", "bob", BTC_PERP, 10, 57_000);
    fires(&mut world, "carl");
    world.trader("carl").holds(BTC_PERP, 0);
}

#[test]
fn a_trigger_that_is_over_fires_no_more_and_anyone_clears_it() {
    let mut world = world();
    let until = world.now() as u32 + 100;
    world.trader("alice").places_trigger(BTC_PERP, Trigger::stop_loss(Side::Ask, 57_000).expires(until));
    quoted_at(&mut world, 57_000, 2_000);
    world.trader("ken").for_account_of("alice").refused(Refusal::NotATrader).cancels_trigger(0);
    world.passes(99);
    world.refreshes_all();
    does_not_fire(&mut world, "alice", Refusal::OrderExpired);
    world.trader("ken").for_account_of("alice").cancels_trigger(0);
    assert_eq!(waiting(&world, "alice"), 0);
    does_not_fire(&mut world, "alice", Refusal::NoSuchTrigger);
    let late = Trigger::stop_loss(Side::Ask, 57_000).expires(until);
    world.trader("alice").refused(Refusal::BadTrigger).places_trigger(BTC_PERP, late);
}

#[test]
fn the_owner_may_promise_more_than_usual_within_the_limit_and_a_delegate_may_not() {
    let mut world = world();
    let until = world.now() + days(1);
    world.trader("alice").delegates("dora", scope::ALL, until);
    let stop = |reward: u64| Trigger::stop_loss(Side::Ask, 57_000).reward(reward as u32).lots(100);
    let mut dora = world.trader("dora").for_account_of("alice").refused(Refusal::RewardTooLarge);
    dora.places_trigger(BTC_PERP, stop(USUAL + 1));
    world.trader("dora").for_account_of("alice").places_trigger(BTC_PERP, stop(USUAL));
    world.trader("alice").refused(Refusal::RewardTooLarge).places_trigger(BTC_PERP, stop(usdc(2) + 1));
    world.trader("alice").places_trigger(BTC_PERP, stop(usdc(2)));
    quoted_at(&mut world, 57_000, 2_000);
    for slot in [0, 1] {
        world.trader("ken").meeting(&["bob"]).executes_trigger_of("alice", BTC_PERP, slot);
    }
    world.trader("ken").owns(USDC, USUAL + usdc(2));
    world.trader("alice").owns(USDC, usdc(10_000) - USUAL - usdc(2));
}

#[test]
fn eight_triggers_fit_an_account() {
    let mut world = world();
    let stop = Trigger::stop_loss(Side::Ask, 57_000);
    for slot in 0..8 {
        assert_eq!(world.trader("alice").places_trigger(BTC_PERP, stop).trigger_slot(), slot);
    }
    world.trader("alice").refused(Refusal::NoFreeTrigger).places_trigger(BTC_PERP, stop);
    world.trader("alice").cancels_trigger(3);
    assert_eq!(world.trader("alice").places_trigger(BTC_PERP, stop).trigger_slot(), 3);
}

#[test]
fn the_reward_of_an_isolated_position_comes_from_its_pocket() {
    let mut world = world();
    world.trader("iris").deposits(USDC, usdc(10_000));
    world.trader("iris").isolates(BTC_PERP);
    world.trader("iris").funds_pocket(BTC_PERP, usdc(2_000));
    world.deals("iris", "bob", BTC_PERP, 1_000, 60_000);
    world.trader("iris").places_trigger(BTC_PERP, Trigger::stop_loss(Side::Ask, 57_000));
    quoted_at(&mut world, 57_000, 2_000);
    let told = fires(&mut world, "iris");
    assert_eq!(world.position("iris", BTC_PERP).pocket.magnitude(), usdc(2_000) - USUAL);
    assert_eq!(executed(&told).balance, (usdc(2_000) - USUAL) as i64);
    world.trader("iris").owns(USDC, usdc(8_000));
    world.trader("ken").owns(USDC, USUAL);
}

#[test]
fn who_has_no_deposit_owes_no_reward() {
    let mut world = world();
    world.trader("sol").deposits(SOL, sol(100));
    world.deals("sol", "bob", BTC_PERP, 100, 60_000);
    world.trader("sol").places_trigger(BTC_PERP, Trigger::stop_loss(Side::Ask, 57_000));
    quoted_at(&mut world, 57_000, 2_000);
    let told = fires(&mut world, "sol");
    assert_eq!(executed(&told).reward, 0);
    world.trader("sol").holds(BTC_PERP, 0).owns(USDC, 0);
    world.trader("ken").owns(USDC, 0);
}

#[test]
fn a_keeper_is_another_account_of_the_exchange() {
    let mut world = world();
    world.trader("alice").places_trigger(BTC_PERP, Trigger::stop_loss(Side::Ask, 57_000));
    quoted_at(&mut world, 57_000, 2_000);
    let mut alice = world.trader("alice").meeting(&["bob"]).refused(Refusal::DuplicateAccount);
    alice.executes_trigger_of("alice", BTC_PERP, 0);
    let mut foreign = world.clone();
    let ken = foreign.account_of("ken");
    foreign.chain.tamper(&ken, |account| account.data[8..40].fill(7)); // of another exchange
    does_not_fire(&mut foreign, "alice", Refusal::ForeignExchange);
    // A maker who is met may be the keeper.
    let told = world.trader("bob").meeting(&["bob"]).executes_trigger_of("alice", BTC_PERP, 0);
    assert_eq!(executed(&told).reward, USUAL);
    world.trader("bob").owns(USDC, usdc(10_000_000) + USUAL);
}

#[test]
fn a_trigger_belongs_to_its_slot_and_market() {
    let mut world = world();
    world.trader("alice").places_trigger(BTC_PERP, Trigger::stop_loss(Side::Ask, 57_000));
    quoted_at(&mut world, 57_000, 2_000);
    for (perp, slot) in [(BTC_PERP, 1), (BTC_PERP, 8), (BTC_PERP, 255), (ETH_PERP, 0)] {
        let mut ken = world.trader("ken").refused(Refusal::NoSuchTrigger);
        ken.executes_trigger_of("alice", perp, slot);
    }
    world.trader("alice").refused(Refusal::NoSuchTrigger).cancels_trigger(1);
    fires(&mut world, "alice");
    does_not_fire(&mut world, "alice", Refusal::NoSuchTrigger);
}

#[test]
fn owner_and_delegate_take_triggers_back_and_strangers_do_not() {
    let mut world = world();
    let (until, stop) = (world.now() + days(1), Trigger::stop_loss(Side::Ask, 57_000));
    for _ in 0..2 {
        world.trader("alice").places_trigger(BTC_PERP, stop);
    }
    let mut ken = world.trader("ken").for_account_of("alice").refused(Refusal::NotATrader);
    ken.cancels_trigger(0);
    ken.places_trigger(BTC_PERP, stop);
    world.trader("alice").delegates("dora", scope::CANCEL, until);
    world.trader("dora").for_account_of("alice").cancels_trigger(0);
    world.trader("dora").for_account_of("alice").refused(Refusal::NotATrader).places_trigger(BTC_PERP, stop);
    world.trader("alice").cancels_trigger(1);
    assert_eq!(waiting(&world, "alice"), 0);
}

#[test]
fn pauses_stop_what_they_name() {
    let mut world = world();
    let stop = Trigger::stop_loss(Side::Ask, 57_000);
    world.trader("alice").places_trigger(BTC_PERP, stop);
    quoted_at(&mut world, 57_000, 2_000);
    for action in [Pausable::Trigger, Pausable::Cancel, Pausable::Place] {
        world.guardian().pauses(action, hours(1));
        if action == Pausable::Trigger {
            does_not_fire(&mut world, "alice", Refusal::Paused);
        }
        if action == Pausable::Cancel {
            world.trader("alice").refused(Refusal::Paused).cancels_trigger(0);
        }
        if action == Pausable::Place {
            world.trader("alice").refused(Refusal::Paused).places_trigger(BTC_PERP, stop);
        }
        world.guardian().unpauses(action);
    }
    fires(&mut world, "alice");
    world.trader("alice").holds(BTC_PERP, 0);
}

#[test]
fn a_stale_price_fires_nothing_and_an_oracle_account_will_do() {
    let mut world = world();
    world.trader("alice").places_trigger(BTC_PERP, Trigger::stop_loss(Side::Ask, 57_000));
    quoted_at(&mut world, 57_000, 2_000);
    world.passes(90);
    does_not_fire(&mut world, "alice", Refusal::StaleMarket);
    world.oracle().publishes_price(BTC, 57_001.0);
    let mut ken = world.trader("ken").meeting(&["bob"]).bringing(&[BTC]).refused(Refusal::TriggerNotReached);
    ken.executes_trigger_of("alice", BTC_PERP, 0);
    world.oracle().publishes_price(BTC, 56_999.0);
    world.trader("ken").meeting(&["bob"]).bringing(&[BTC]).executes_trigger_of("alice", BTC_PERP, 0);
    world.trader("alice").holds(BTC_PERP, 0);
}

#[test]
fn a_stop_still_fires_when_the_account_is_in_danger() {
    let mut world = world();
    world.trader("alice").withdraws(USDC, usdc(8_700));
    world.trader("alice").places_trigger(BTC_PERP, Trigger::stop_loss(Side::Ask, 57_000));
    quoted_at(&mut world, 49_000, 2_000); // 1,100 lost of 1,300: below maintenance
    fires(&mut world, "alice");
    world.trader("alice").holds(BTC_PERP, 0);
}

#[test]
fn own_orders_in_the_way_give_way() {
    let mut world = world();
    world.trader("alice").places(BTC_PERP, Order::limit(Side::Bid, 100, 57_010));
    world.trader("alice").places_trigger(BTC_PERP, Trigger::stop_loss(Side::Ask, 57_000));
    quoted_at(&mut world, 57_000, 2_000);
    fires(&mut world, "alice");
    world.trader("alice").holds(BTC_PERP, 0);
    assert_eq!(world.position("alice", BTC_PERP).bids, 0);
}
