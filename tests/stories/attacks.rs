//! What somebody might try, each by its name, and what comes of it.

use harness::{World, keys, perps::*, tokens::*};
use plimsoll::errors::Refusal;
use plimsoll_client::{
    book::Side,
    instructions::{order::Order, trigger::Trigger},
};
use plimsoll_risk::{
    health::{Check, Overlay},
    margin::{Holdings, equity, margin},
};
use solana_account::Account;
use solana_instruction::AccountMeta;

/// Mallory and moll, who are one person, and bob, who is honest. At 60,000 ticks a lot is worth 6 USDC.
fn world() -> World {
    let mut world = World::with_steady_markets(&[BTC_PERP], |_| ());
    world.trader("mallory").deposits(USDC, usdc(10_000));
    world.trader("bob").deposits(USDC, usdc(1_000_000));
    world.trader("carol").deposits(USDC, usdc(10_000));
    world
}

fn bid(lots: u32, ticks: u32) -> Order {
    Order::limit(Side::Bid, lots, ticks)
}

fn ask(lots: u32, ticks: u32) -> Order {
    Order::limit(Side::Ask, lots, ticks)
}

/// Health at one kind of check, equity and maintenance requirement, native quote.
fn standing(world: &World, name: &str, check: Check) -> (i64, i64, i64) {
    let (account, board, now) = (world.account(name), world.board(), world.now());
    let (holdings, overlay) = (Holdings::from(&account.0), Overlay::none());
    let at = |check| margin(&holdings, board, &overlay, check, now).expect("a margin");
    let equity = equity(&holdings, board, &overlay, now).expect("an equity").net().get();
    (at(check).health().get(), equity, at(Check::Maintenance).requirement.get())
}

#[test]
fn profit_on_paper_is_not_withdrawn_through_an_accomplice_s_settled_loss() {
    let mut world = world();
    world.trader("moll").deposits(USDC, usdc(2_500));
    world.deals("mallory", "moll", BTC_PERP, 1_000, 60_000);
    world.oracle().says(BTC, 87_000.0); // moll lost 2,700, which is more than she has
    world.trader("moll").settles(BTC_PERP);
    let paid = world.market(BTC_PERP).pool.get();
    assert_eq!((world.balance("moll", USDC), paid), (0, usdc(2_500)));

    world.trader("mallory").refused(Refusal::NothingToSettle).settles(BTC_PERP);
    let profit = world.paper_profit("mallory", BTC_PERP);
    assert!(profit > usdc(2_690) as i64);
    world.trader("mallory").refused(Refusal::NotEnoughMargin).withdraws(USDC, usdc(8_261));

    // Realised by a trade with bob, it is still what moll has paid, and not a unit of anybody else's.
    world.calms(BTC);
    world.deals("bob", "mallory", BTC_PERP, 1_000, 87_000);
    world.trader("mallory").settles(BTC_PERP);
    world.trader("mallory").refused(Refusal::NothingToSettle).settles(BTC_PERP);
    world.trader("mallory").owns(USDC, usdc(10_000) + paid);
    world.trader("mallory").withdraws_all(USDC);
    world.trader("bob").owns(USDC, usdc(1_000_000));
    world.trader("carol").withdraws_all(USDC);
    assert_eq!(world.trader("carol").has_in_wallet(USDC), usdc(10_000));
}

/// Bob has sold 1,000 lots into mallory's bid at 60,000; her account was not there, and the price has fallen by a tenth.
fn with_a_queued_fill(mut world: World) -> World {
    world.trader("mallory").places(BTC_PERP, bid(1_000, 60_000));
    world.trader("bob").shorts(BTC_PERP, 1_000);
    world.oracle().moves(BTC, -10);
    assert_eq!((world.lots("mallory", BTC_PERP), world.queue(BTC_PERP).header().live), (0, 1));
    world
}

#[test]
fn a_queued_fill_is_not_hidden_by_a_withdrawal() {
    let mut world = with_a_queued_fill(world());
    world.trader("mallory").refused(Refusal::NotEnoughMargin).withdraws_all(USDC);
    world.trader("mallory").refused(Refusal::NoSuchOrder).cancels_all(BTC_PERP, None);
    // 600 are lost, and a fifth of 5,400 is needed.
    let take = |world: &mut World, amount| world.trader("mallory").outflow(USDC).withdraw(amount, false, &[]);
    let most = world.most(usdc(10_001), take);
    assert!(most.abs_diff(usdc(8_320)) < 100, "{most}");
    world.trader("mallory").withdraws(USDC, most);
    world.applies_fills(BTC_PERP, &["mallory"]);
    let rebate = world.rebate(BTC_PERP, 1_000, 60_000);
    assert_eq!(world.paper_profit("mallory", BTC_PERP), rebate - usdc(600) as i64);
}

#[test]
fn a_queued_fill_is_not_hidden_by_closing() {
    let mut world = with_a_queued_fill(world());
    world.trader("mallory").refused(Refusal::AccountNotEmpty).closes_account();
    // Nor by trading out of what she does not have yet: a reduce-only order finds nothing, another is a new risk.
    world.trader("bob").places(BTC_PERP, bid(2_000, 54_000));
    let reducing = ask(1_000, 54_000).reduce_only();
    world.trader("mallory").refused(Refusal::NothingToReduce).places(BTC_PERP, reducing);
    world.trader("mallory").meeting(&["bob"]).shorts(BTC_PERP, 1_000);
    world.trader("mallory").holds(BTC_PERP, -1_000);
    world.trader("mallory").refused(Refusal::AccountNotEmpty).closes_account();
    world.applies_fills(BTC_PERP, &["mallory"]);
    world.trader("mallory").holds(BTC_PERP, 0);
    assert!(world.unsettled("mallory", BTC_PERP) < -(usdc(599) as i64));
}

#[test]
fn a_queued_fill_is_not_hidden_by_a_change_of_mode() {
    let mut world = with_a_queued_fill(world());
    world.trader("mallory").refused(Refusal::PositionNotFlat).isolates(BTC_PERP);
    world.applies_fills(BTC_PERP, &["mallory"]);
    world.trader("mallory").refused(Refusal::PositionNotFlat).isolates(BTC_PERP);
    assert!(world.paper_profit("mallory", BTC_PERP) < -(usdc(599) as i64));
}

#[test]
fn a_queued_fill_is_not_hidden_by_draining_its_pocket() {
    let mut world = world();
    world.trader("mallory").isolates(BTC_PERP);
    world.trader("mallory").funds_pocket(BTC_PERP, usdc(2_000));
    let mut world = with_a_queued_fill(world);
    world.trader("mallory").refused(Refusal::PositionNotFlat).crosses(BTC_PERP);
    let drain = |world: &mut World, amount| world.trader("mallory").pocket(BTC_PERP).drain(amount, &[]);
    let most = world.most(usdc(2_000), drain);
    assert!(most.abs_diff(usdc(320)) < 100, "{most}");
    world.trader("mallory").drains_pocket(BTC_PERP, most);
    world.applies_fills(BTC_PERP, &["mallory"]);
    world.trader("mallory").settles(BTC_PERP);
    let rebate = world.rebate(BTC_PERP, 1_000, 60_000);
    let left = usdc(2_000) as i64 - most as i64 - usdc(600) as i64 + rebate;
    assert_eq!(world.position("mallory", BTC_PERP).pocket.get(), left);
}

#[test]
fn a_loss_that_is_not_settled_is_not_left_behind() {
    let mut world = world();
    world.deals("mallory", "bob", BTC_PERP, 1_000, 60_000);
    world.oracle().moves(BTC, -10);
    world.deals("bob", "mallory", BTC_PERP, 1_000, 54_000);
    let lost = world.unsettled("mallory", BTC_PERP).unsigned_abs();
    assert!(lost > usdc(600));
    world.trader("mallory").refused(Refusal::NotEnoughMargin).withdraws_all(USDC);
    world.trader("mallory").refused(Refusal::AccountNotEmpty).closes_account();
    world.trader("mallory").refused(Refusal::PositionNotFlat).isolates(BTC_PERP);
    world.trader("mallory").refused(Refusal::NotEnoughMargin).withdraws(USDC, usdc(10_000) - lost + 1);
    world.trader("mallory").withdraws(USDC, usdc(10_000) - lost);
    world.trader("mallory").settles(BTC_PERP);
    world.trader("mallory").owns(USDC, 0);
    world.trader("mallory").closes_account();
    assert_eq!(world.market(BTC_PERP).pool.get(), lost);
}

#[test]
fn orders_on_both_sides_do_not_shrink_the_worst_case() {
    let mut world = world();
    world.deals("mallory", "bob", BTC_PERP, 4_000, 60_000);
    let more = |world: &mut World, lots: u64| {
        world.trader("mallory").trading(BTC_PERP).place(&bid(lots as u32, 60_000).post_only(), &[], &[])
    };
    let room = world.most(20_000, more);
    // An order that would close the position, and one beyond, before and in one batch with the bid.
    world.trader("mallory").places(BTC_PERP, ask(4_000, 60_100));
    assert_eq!(world.most(20_000, more), room);
    world.trader("mallory").places(BTC_PERP, ask(4_000, 60_200));
    assert_eq!(world.most(20_000, more), room);
    let both = [ask(10, 60_300), bid(room as u32 + 1, 60_000)];
    world.trader("mallory").refused(Refusal::NotEnoughMargin).batches(BTC_PERP, &[], &both);
    assert_eq!(
        (world.position("mallory", BTC_PERP).asks, world.position("mallory", BTC_PERP).bids),
        (8_000, 0)
    );
}

#[test]
fn a_reducing_trade_at_a_bad_price_does_not_drain_an_account_below_maintenance() {
    let mut world = world();
    world.trader("moll").deposits(USDC, usdc(10_000));
    world.deals("mallory", "bob", BTC_PERP, 8_312, 60_000);
    world.oracle().moves(BTC, -18);
    let (health, mut equity, mut requirement) = standing(&world, "mallory", Check::Maintenance);
    assert!(health < 0 && equity > 0);
    let price = world.oracle_ticks(BTC_PERP);
    let worst = price - price * 5 / 100 + 1; // where the band ends

    // Moll buys as cheaply as mallory may sell, again and again.
    let mut refusals = 0;
    for ticks in (worst..=price).step_by(100) {
        let mut copy = world.clone();
        copy.trader("moll").places(BTC_PERP, bid(300, ticks));
        let moll = copy.account_of("moll");
        let sale = ask(300, 1).immediate();
        let sale = copy.trader("mallory").trading(BTC_PERP).place(&sale, &[], &[moll]);
        if copy.chain.send(std::slice::from_ref(&sale)).error.is_some() {
            copy.refuses(&[sale], Refusal::RaisesRisk);
            refusals += 1;
            continue;
        }
        world.trader("moll").places(BTC_PERP, bid(300, ticks));
        world.does(&[sale]);
        let (_, now_equity, now_requirement) = standing(&world, "mallory", Check::Maintenance);
        let (then, now) = (
            i128::from(equity) * i128::from(now_requirement),
            i128::from(now_equity) * i128::from(requirement),
        );
        assert!(now >= then, "equity fell faster than the requirement at {ticks}");
        (equity, requirement) = (now_equity, now_requirement);
    }
    assert!(refusals > 0 && world.lots("mallory", BTC_PERP) < 8_312);
}

#[test]
fn a_trigger_reward_is_no_withdrawal() {
    let mut world = world();
    world.trader("mallory").withdraws(USDC, usdc(8_700));
    world.deals("mallory", "bob", BTC_PERP, 1_000, 60_000);
    world.oracle().moves(BTC, -5); // below initial margin now
    world.trader("bob").places(BTC_PERP, bid(1_000, 57_000));
    world.trader("mallory").refused(Refusal::NotEnoughMargin).withdraws(USDC, 1);
    let promise = |lots| Trigger::stop_loss(Side::Ask, 58_000).lots(lots).reward(usdc(2) as u32);
    world.trader("mallory").places_trigger(BTC_PERP, promise(1));
    world.trader("mallory").places_trigger(BTC_PERP, promise(10));

    // One lot frees 0.57 of maintenance margin: less than would leave with the reward.
    let mut moll = world.trader("moll").meeting(&["bob"]).refused(Refusal::RaisesRisk);
    moll.executes_trigger_of("mallory", BTC_PERP, 0);
    // Ten free more than they cost.
    let before =
        (standing(&world, "mallory", Check::Initial).0, standing(&world, "mallory", Check::Maintenance).0);
    world.trader("moll").meeting(&["bob"]).executes_trigger_of("mallory", BTC_PERP, 1);
    let after =
        (standing(&world, "mallory", Check::Initial).0, standing(&world, "mallory", Check::Maintenance).0);
    assert!(after.0 > before.0 && after.1 > before.1);
    world.trader("moll").owns(USDC, usdc(2));
    world.trader("mallory").owns(USDC, usdc(1_298));
}

#[test]
fn the_own_account_among_the_makers_is_met_once() {
    let mut world = world();
    world.trader("bob").places(BTC_PERP, ask(10, 60_001));
    world.trader("mallory").meeting(&["mallory", "bob"]).longs(BTC_PERP, 10);
    world.trader("mallory").holds(BTC_PERP, 10);
    // Its own orders are met as its own, whatever was passed: nothing is traded.
    world.trader("mallory").places(BTC_PERP, ask(5, 60_000));
    let told = world.trader("mallory").meeting(&["mallory"]).places(BTC_PERP, bid(5, 60_000));
    assert_eq!(told.ordered().filled, 0);
    let position = world.position("mallory", BTC_PERP);
    assert_eq!((position.lots.get(), position.bids, position.asks), (10, 0, 0));
}

#[test]
fn a_maker_passed_twice_is_settled_once_a_fill() {
    let mut world = world();
    world.trader("bob").places(BTC_PERP, ask(10, 60_000));
    world.trader("carol").places(BTC_PERP, ask(10, 60_001));
    world.trader("bob").places(BTC_PERP, ask(10, 60_002));
    world.trader("mallory").meeting(&["bob", "carol", "bob"]).longs(BTC_PERP, 30);
    assert_eq!((world.lots("bob", BTC_PERP), world.lots("carol", BTC_PERP)), (-20, -10));
    let worth = BTC_PERP.worth(10, 60_000) + BTC_PERP.worth(10, 60_002);
    let rebates = world.rebate(BTC_PERP, 10, 60_000) + world.rebate(BTC_PERP, 10, 60_002);
    assert_eq!(world.position("bob", BTC_PERP).quote.get(), worth as i64 + rebates);
    assert_eq!(world.queue(BTC_PERP).header().live, 0);
}

#[test]
fn a_maker_that_cannot_be_written_to_waits_in_the_queue() {
    let mut world = world();
    world.trader("bob").places(BTC_PERP, ask(10, 60_000));
    let (bob, before) = (world.account_of("bob"), world.account("bob"));
    let mut buy = world.trader("mallory").trading(BTC_PERP).place(&bid(10, 60_000), &[], &[]);
    buy.accounts.push(AccountMeta::new_readonly(bob, false));
    world.does(&[buy]);
    assert!(bytemuck::bytes_of(&world.account("bob").0) == bytemuck::bytes_of(&before.0));
    assert_eq!(world.queue(BTC_PERP).header().live, 1);
    world.applies_fills(BTC_PERP, &["bob"]);
    assert_eq!(world.lots("bob", BTC_PERP), -10);
}

#[test]
fn nobody_else_is_settled_in_a_maker_s_place() {
    let mut world = world();
    world.trader("bob").places(BTC_PERP, ask(40, 60_000));
    // A copy of bob's account that another program owns, at an address of its own.
    let forged = keys::address("a copy of bob's account");
    let copy = world.chain.account(&world.account_of("bob")).expect("an account");
    world.chain.place(forged, Account { owner: keys::address("another program"), ..copy });
    let (carol, market) = (world.account_of("carol"), world.market_of(BTC_PERP));
    let before = world.account("carol");
    let buy = |world: &mut World, makers: &[_]| {
        world.trader("mallory").trading(BTC_PERP).place(&bid(10, 60_000), &[], makers)
    };
    // In front it is taken for an oracle, and is none.
    let first = buy(&mut world, &[forged]);
    world.refuses(&[first], Refusal::OracleOwner);
    for (waiting, makers) in
        [(1, vec![carol]), (2, vec![carol, forged]), (3, vec![market.market, market.queue])]
    {
        let instruction = buy(&mut world, &makers);
        world.does(&[instruction]);
        assert_eq!(world.queue(BTC_PERP).header().live, waiting);
    }
    assert!(bytemuck::bytes_of(&world.account("carol").0) == bytemuck::bytes_of(&before.0));
    world.trader("carol").meeting(&["carol"]).refused(Refusal::NothingToApply).applies_fills(BTC_PERP, 9);
    world.applies_fills(BTC_PERP, &["bob"]);
    assert_eq!((world.lots("bob", BTC_PERP), world.lots("mallory", BTC_PERP)), (-30, 30));
}
