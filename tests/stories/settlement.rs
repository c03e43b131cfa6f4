//! Settlement: losses become cash of a market's pool, and gains are paid from nothing else.

use harness::{
    World,
    amounts::{hours, minutes},
    perps::*,
    tokens::*,
};
use plimsoll::{
    errors::Refusal,
    state::{Bank, MarginAccount, Market, risk_board::Pausable},
};
use plimsoll_client::{
    events::Event,
    instructions::{ledger, liquidation::Scope},
};
use plimsoll_risk::num::Quote;
use solana_instruction::Instruction;
use solana_pubkey::Pubkey;

/// Alice, bob and carol with 10,000 USDC each, all long and short of 1,000 lots: alice and bob traded them at 60,000.
fn world() -> World {
    let mut world = endowed();
    world.deals("alice", "bob", BTC_PERP, 1_000, 60_000);
    world
}

fn endowed() -> World {
    let mut world = World::with_steady_markets(&[BTC_PERP, ETH_PERP], |_| ());
    for name in ["alice", "bob", "carol"] {
        world.trader(name).deposits(USDC, usdc(10_000));
    }
    world
}

/// The price has fallen by a tenth: alice is 600 down, and bob has bought all his lots back from carol.
fn after_a_fall() -> World {
    let mut world = world();
    world.oracle().moves(BTC, -10);
    world.deals("bob", "carol", BTC_PERP, 1_000, 54_000);
    world
}

fn pool(world: &World) -> u64 {
    world.market(BTC_PERP).pool.get()
}

/// What a settlement told: the amount that the account got, below zero what it paid.
#[track_caller]
fn settles(world: &mut World, name: &str) -> i64 {
    let told = world.trader(name).settles(BTC_PERP);
    let Event::PnlSettled(event) = told.event() else { panic!("{:?}", told.events) };
    event.amount
}

fn gained(world: &World, name: &str) -> i128 {
    world.balance(name, USDC) - i128::from(usdc(10_000))
}

#[test]
fn a_loss_moves_from_the_loser_s_balance_to_the_pool() {
    let mut world = after_a_fall();
    let fee = world.taker_fee(BTC_PERP, 1_000, 60_000);
    let lost = usdc(600) as i64 + fee;
    assert_eq!(settles(&mut world, "alice"), -lost);
    assert_eq!((gained(&world, "alice"), pool(&world)), (-i128::from(lost), lost as u64));
    // The position is as it was, and nothing of the loss is left in it.
    assert_eq!(world.lots("alice", BTC_PERP), 1_000);
    assert_eq!(world.paper_profit("alice", BTC_PERP), 0);
    world.trader("alice").refused(Refusal::NothingToSettle).settles(BTC_PERP);
}

#[test]
fn a_gain_waits_for_a_loser() {
    let mut world = after_a_fall();
    let (fee, rebate) = (world.taker_fee(BTC_PERP, 1_000, 54_000), world.rebate(BTC_PERP, 1_000, 60_000));
    let gain = usdc(600) as i64 + rebate - fee;
    assert_eq!(world.unsettled("bob", BTC_PERP), gain);
    world.trader("bob").refused(Refusal::NothingToSettle).settles(BTC_PERP);
    settles(&mut world, "alice");
    assert_eq!(settles(&mut world, "bob"), gain);
    world.trader("bob").owns(USDC, usdc(10_000) + gain as u64);
    assert!(world.position("bob", BTC_PERP).is_free(), "flat and settled, the slot is free");
    world.trader("bob").refused(Refusal::NoPosition).settles(BTC_PERP);
}

#[test]
fn a_gain_is_paid_as_far_as_losers_have_paid() {
    let mut world = after_a_fall();
    world.trader("alice").withdraws(USDC, usdc(7_800));
    world.trader("alice").deposits(SOL, sol(100));
    world.trader("alice").withdraws(USDC, usdc(2_000));
    world.guardian().pauses(Pausable::Borrow, hours(1)); // so that alice pays no more than the 200 that she holds
    assert_eq!(settles(&mut world, "alice"), -(usdc(200) as i64));
    assert_eq!(settles(&mut world, "bob"), usdc(200) as i64);
    assert_eq!(pool(&world), 0);
    world.trader("bob").refused(Refusal::NothingToSettle).settles(BTC_PERP);
    world.trader("alice").deposits(USDC, usdc(1_000));
    settles(&mut world, "alice");
    settles(&mut world, "bob");
    assert!(world.position("bob", BTC_PERP).is_free());
}

#[test]
fn a_profit_on_paper_is_not_paid() {
    let mut world = world();
    world.oracle().moves(BTC, -10);
    settles(&mut world, "alice");
    assert_eq!(
        world.paper_profit("bob", BTC_PERP),
        (usdc(600) as i64) + world.rebate(BTC_PERP, 1_000, 60_000)
    );
    // Only the rebate is realised.
    assert_eq!(settles(&mut world, "bob"), world.rebate(BTC_PERP, 1_000, 60_000));
    world.trader("bob").refused(Refusal::NothingToSettle).settles(BTC_PERP);
}

#[test]
fn who_paid_a_loss_on_paper_gets_it_back_when_the_price_comes_back() {
    let mut world = world();
    world.oracle().moves(BTC, -10);
    let paid = settles(&mut world, "alice");
    world.trader("alice").refused(Refusal::NothingToSettle).settles(BTC_PERP);
    world.oracle().says(BTC, 60_000.0);
    world.calms(BTC);
    // All but the fee.
    assert_eq!(settles(&mut world, "alice"), -paid - world.taker_fee(BTC_PERP, 1_000, 60_000));
}

#[test]
fn a_gain_counts_at_the_worse_of_price_and_stable_price() {
    let mut world = after_a_fall();
    settles(&mut world, "alice");
    // Bob is short again, from 54,000; the price rises a tenth and his loss eats his gain up, until it falls again.
    world.deals("carol", "bob", BTC_PERP, 1_000, 54_000);
    world.oracle().says(BTC, 60_000.0);
    world.calms(BTC);
    world.oracle().says(BTC, 54_000.0);
    assert!(world.paper_profit("bob", BTC_PERP) > usdc(590) as i64);
    // At 60,000, where the stable price still is, he is only his fees and rebates ahead: less than nothing.
    world.trader("bob").refused(Refusal::NothingToSettle).settles(BTC_PERP);
    world.calms(BTC);
    assert!(settles(&mut world, "bob") > usdc(590) as i64);
}

#[test]
fn one_window_pays_no_more_than_its_cap() {
    let mut world = after_a_fall();
    settles(&mut world, "alice");
    world.sets_in_market("market.settlement_cap", BTC_PERP, usdc(250));
    assert_eq!(settles(&mut world, "bob"), usdc(250) as i64);
    world.trader("bob").refused(Refusal::NothingToSettle).settles(BTC_PERP);
    world.passes(hours(1) - 61);
    world.refreshes_all();
    world.trader("bob").refused(Refusal::NothingToSettle).settles(BTC_PERP);
    world.passes(minutes(1) + 1);
    world.refreshes_all();
    assert_eq!(settles(&mut world, "bob"), usdc(250) as i64);
    // A loss is taken whatever was paid out.
    world.oracle().moves(BTC, -10);
    assert_eq!(settles(&mut world, "alice"), -(usdc(540) as i64));
}

#[test]
fn an_open_deficit_cuts_every_gain_and_fees_fill_it() {
    let mut world = after_a_fall();
    settles(&mut world, "alice");
    let full = pool(&world);
    world.opens_deficit(BTC_PERP, full / 4);
    // Three quarters are left, and three quarters of that are paid at once.
    let left = full - full / 4;
    let paid = (u128::from(left) * u128::from(left) / u128::from(full)) as i64;
    assert_eq!(settles(&mut world, "bob"), paid);
    let fees = world.market(BTC_PERP).fees_receivable.get() as u64;
    let told = world.collects_fees(BTC_PERP);
    let Event::InsuranceEarned(event) = told.event() else { panic!("{:?}", told.events) };
    assert_eq!((event.filled, event.deficit), (fees, full / 4 - fees));
    assert_eq!((event.tranche, event.fund), (0, 0));
    assert_eq!(pool(&world), left - paid as u64, "no cash moves");
    assert_eq!(world.market(BTC_PERP).deficit.get(), full / 4 - fees);
}

#[test]
fn a_loss_beyond_the_deposit_is_borrowed_against_other_collateral() {
    let mut world = endowed();
    world.trader("dora").deposits(SOL, sol(100));
    world.deals("dora", "bob", BTC_PERP, 1_000, 60_000);
    world.oracle().moves(BTC, -10);
    world.oracle().publishes(SOL);
    world.oracle().refreshes(&[SOL]);
    let paid = settles(&mut world, "dora");
    assert_eq!(-paid, usdc(600) as i64 + world.taker_fee(BTC_PERP, 1_000, 60_000));
    world.trader("dora").owes(USDC, paid.unsigned_abs());
}

#[test]
fn nobody_is_made_to_borrow_more_than_their_collateral_carries() {
    let mut world = endowed();
    world.trader("bob").deposits(USDC, usdc(100_000));
    world.trader("dora").deposits(SOL, sol(100));
    // 15,000 at 80% carry 10,000 and a fifth of 8,400; at 90% they support 3,500 more than the debt.
    world.trader("dora").borrows(USDC, usdc(10_000));
    world.deals("dora", "bob", BTC_PERP, 1_400, 60_000);
    world.oracle().moves(BTC, -45);
    world.oracle().publishes(SOL);
    world.oracle().refreshes(&[SOL]);
    let lost = world.paper_profit("dora", BTC_PERP);
    assert!(lost < -(usdc(3_700) as i64), "{lost}");
    let paid = settles(&mut world, "dora");
    assert!((-paid).abs_diff(usdc(3_500) as i64) < 1_000, "{paid}");
    assert!(
        world.paper_profit("dora", BTC_PERP).abs_diff(lost - paid) == 0,
        "the rest stays in the position"
    );
    world.trader("dora").refused(Refusal::NothingToSettle).settles(BTC_PERP);
}

#[test]
fn a_loss_is_borrowed_only_within_the_bank_s_limits_and_while_that_is_open() {
    let mut world = endowed();
    world.trader("dora").deposits(SOL, sol(100));
    world.deals("dora", "bob", BTC_PERP, 1_000, 60_000);
    world.oracle().moves(BTC, -10);
    world.oracle().publishes(SOL);
    world.oracle().refreshes(&[SOL]);

    let mut paused = world.clone();
    paused.guardian().pauses(Pausable::Borrow, hours(1));
    paused.trader("dora").refused(Refusal::NothingToSettle).settles(BTC_PERP);

    for cap in ["bank.account_borrow_cap", "bank.borrow_cap"] {
        let mut capped = world.clone();
        capped.sets(cap, USDC, usdc(100));
        let paid = settles(&mut capped, "dora");
        assert!((usdc(100) as i64 - 3..=usdc(100) as i64).contains(&-paid), "{cap}: {paid}");
        capped.trader("dora").refused(Refusal::NothingToSettle).settles(BTC_PERP);
    }

    // Of 1,100 in deposits 880 may be lent.
    for (name, left) in [("alice", 0), ("bob", 1_100), ("carol", 0)] {
        world.trader(name).withdraws(USDC, usdc(10_000 - left));
    }
    world.trader("eve").deposits(SOL, sol(100));
    world.trader("eve").borrows(USDC, usdc(500));
    let paid = settles(&mut world, "dora");
    assert!((usdc(380) as i64 - 10..=usdc(380) as i64).contains(&-paid), "{paid}");
    world.trader("dora").refused(Refusal::NothingToSettle).settles(BTC_PERP);
}

#[test]
fn an_isolated_gain_goes_to_the_pocket() {
    let mut world = endowed();
    world.trader("alice").isolates(BTC_PERP);
    world.trader("alice").funds_pocket(BTC_PERP, usdc(2_000));
    world.deals("bob", "alice", BTC_PERP, 1_000, 60_000);
    world.oracle().moves(BTC, -10);
    world.deals("alice", "carol", BTC_PERP, 1_000, 54_000);
    settles(&mut world, "bob");
    let gain = settles(&mut world, "alice");
    assert_eq!(world.position("alice", BTC_PERP).pocket.get(), usdc(2_000) as i64 + gain);
    world.trader("alice").owns(USDC, usdc(8_000));
}

#[test]
fn nothing_is_settled_without_a_trusted_price() {
    let mut world = after_a_fall();
    let mut stale = world.clone();
    stale.passes(61);
    stale.trader("alice").refused(Refusal::StaleMarket).settles(BTC_PERP);
    stale.oracle().publishes(BTC);
    stale.oracle().refreshes(&[BTC]);
    settles(&mut stale, "alice");
    assert!(pool(&stale) > 0);

    world.oracle().moves(BTC, 70); // more than half away from the stable price
    world.trader("alice").refused(Refusal::StaleMarket).settles(BTC_PERP);
    world.trader("bob").refused(Refusal::StaleMarket).settles(BTC_PERP);
    assert_eq!(pool(&world), 0);
}

#[test]
fn paused_settlement_settles_nothing() {
    let mut world = after_a_fall();
    world.guardian().pauses(Pausable::Settle, hours(1));
    world.trader("alice").refused(Refusal::Paused).settles(BTC_PERP);
    world.guardian().unpauses(Pausable::Settle);
    assert!(settles(&mut world, "alice") < 0);
}

#[test]
fn nothing_is_settled_where_there_is_nothing() {
    let mut world = world();
    world.trader("carol").refused(Refusal::NoPosition).settles(BTC_PERP);
    world.trader("bob").refused(Refusal::NothingToSettle).settles(BTC_PERP); // a rebate, and nobody has paid
    settles(&mut world, "alice"); // her fee
    world.trader("alice").refused(Refusal::NothingToSettle).settles(BTC_PERP);
    assert!(settles(&mut world, "bob") > 0);
}

#[test]
fn no_window_begins_anew_by_settling_nothing() {
    let mut world = after_a_fall();
    settles(&mut world, "alice");
    world.sets_in_market("market.settlement_cap", BTC_PERP, usdc(250));
    settles(&mut world, "bob");
    let started = world.market(BTC_PERP).settlement_start;
    world.passes(minutes(30));
    world.refreshes_all();
    world.trader("bob").refused(Refusal::NothingToSettle).settles(BTC_PERP);
    assert_eq!(world.market(BTC_PERP).settlement_start, started);
}

/// A copy of an account at another address, with a change: nothing but its kind is right about it.
fn forged<T: bytemuck::Pod>(world: &mut World, of: Pubkey, change: impl FnOnce(&mut T)) -> Pubkey {
    let address = harness::keys::address("a forged account");
    let mut account = world.chain.account(&of).expect("an account");
    change(bytemuck::from_bytes_mut(&mut account.data[8..8 + size_of::<T>()]));
    world.chain.place(address, account);
    address
}

#[test]
fn accounts_of_a_settlement_belong_together() {
    let world = after_a_fall();
    let (market, alice, bank) = (world.market_of(BTC_PERP), world.account_of("alice"), world.quote_bank());
    let settle = |market, account, bank| -> [Instruction; 1] { [ledger::settle_pnl(&market, account, bank)] };
    let foreign = plimsoll_risk::layout::Key([7; 32]);

    let mut it = world.clone();
    let of_sol = it.bank_of(SOL).bank;
    it.refuses(&settle(market, alice, of_sol), Refusal::UnknownBank);

    let mut it = world.clone();
    let other = forged::<MarginAccount>(&mut it, alice, |account| account.header.exchange = foreign);
    it.refuses(&settle(market, other, bank), Refusal::ForeignExchange);

    let mut it = world.clone();
    let other = forged::<Market>(&mut it, market.market, |market| market.board = foreign);
    let of_another = plimsoll_client::addresses::MarketAddresses { market: other, ..market };
    it.refuses(&settle(of_another, alice, bank), Refusal::ForeignMarket);

    let mut it = world.clone();
    let other = forged::<Bank>(&mut it, bank, |bank| bank.board = foreign);
    it.refuses(&settle(market, alice, other), Refusal::ForeignBoard);

    let mut it = world.clone();
    let settled = it.does(&settle(market, alice, bank)); // by nobody in particular
    assert_eq!(settled.events.len(), 1);
    assert_eq!(world.market(ETH_PERP).fees_receivable, Quote::ZERO);
}

#[test]
fn no_gain_is_paid_while_somebody_insolvent_is_not_resolved() {
    let mut world = after_a_fall();
    settles(&mut world, "alice");
    // Dave stands on a deposit that ETH's fall is larger than.
    world.trader("dave").deposits(USDC, usdc(600));
    world.deals("dave", "carol", ETH_PERP, 900, 30_000);
    let mut saved = world.clone();
    world.jolts(ETH, -30);
    world.trader("bob").assesses("dave", Scope::Cross);
    assert_eq!(world.insurance().insolvent, 1);
    world.trader("bob").refused(Refusal::LossPending).settles(BTC_PERP);
    // Losses are paid in all the same.
    world.trader("dave").settles(ETH_PERP);
    // What bob is owed waits for him until dave is worth something again, and somebody has shown it.
    world.oracle().says(ETH, 3_000.0);
    world.refreshes_all();
    world.trader("bob").refused(Refusal::LossPending).settles(BTC_PERP);
    world.trader("bob").assesses("dave", Scope::Cross);
    assert_eq!(world.insurance().insolvent, 0);
    assert_eq!(settles(&mut world, "bob"), settles(&mut saved, "bob"));
}
