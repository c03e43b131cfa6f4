//! Tokens go out, borrowed or owned.

use harness::{World, amounts::*, oracles::Quoted, tokens::*};
use plimsoll::errors::Refusal;
use plimsoll_client::events::Event;

/// A lender with plenty of USDC, and alice with 10 SOL at 150.
fn with_lender() -> World {
    let mut world = World::open();
    world.trader("lender").deposits(USDC, usdc(10_000));
    world.trader("alice").deposits(SOL, sol(10));
    world
}

/// The most that an attempt accepts, below `beyond`: tried on copies of the world.
fn most(
    world: &World,
    beyond: u64,
    attempt: impl Fn(&mut World, u64) -> solana_instruction::Instruction,
) -> u64 {
    let (mut accepted, mut refused) = (0, beyond);
    while refused - accepted > 1 {
        let middle = accepted + (refused - accepted) / 2;
        let mut copy = world.clone();
        let instruction = attempt(&mut copy, middle);
        match copy.chain.send(&[instruction]).error {
            None => accepted = middle,
            Some(_) => refused = middle,
        }
    }
    accepted
}

#[test]
fn a_withdrawal_moves_exactly_its_amount() {
    let mut world = World::open();
    for token in STANDARD {
        world.trader("alice").deposits(token, 1_000_007);
        world.trader("alice").withdraws(token, 7);
        world.trader("alice").owns(token, 1_000_000);
        assert_eq!(world.trader("alice").has_in_wallet(token), 7);
        assert_eq!(world.vault_holds(token), 1_000_000);
    }
}

#[test]
fn everything_can_be_withdrawn_to_the_last_unit() {
    let mut world = with_lender();
    world.trader("alice").borrows(USDC, usdc(900));
    world.passes(hours(1));
    world.refreshes_all();
    world.trader("alice").repays_all(USDC);
    world.trader("alice").withdraws_all(SOL);
    assert_eq!(world.trader("alice").has_in_wallet(SOL), sol(10));
    let owned = world.trader("lender").balance(USDC);
    assert!(owned > i128::from(usdc(10_000)), "interest was earned");
    world.trader("lender").withdraws_all(USDC);
    assert_eq!(i128::from(world.trader("lender").has_in_wallet(USDC)), owned);
    assert!(world.bank(USDC).deposit_shares.is_zero() && world.bank(SOL).deposit_shares.is_zero());
    world.trader("lender").closes_account();
}

#[test]
fn nothing_is_no_withdrawal() {
    let mut world = with_lender();
    world.trader("alice").refused(Refusal::ZeroAmount).withdraws(SOL, 0);
    world.trader("alice").refused(Refusal::NothingHeld).withdraws_all(BTC);
    world.trader("alice").borrows(USDC, usdc(1));
    world.trader("alice").refused(Refusal::NothingHeld).withdraws_all(USDC);
}

#[test]
fn a_withdrawal_borrows_only_if_it_may() {
    let mut world = with_lender();
    world.trader("alice").refused(Refusal::WouldBorrow).withdraws(SOL, sol(10) + 1);
    world.trader("alice").refused(Refusal::WouldBorrow).withdraws(USDC, 1);
    let told = world.trader("alice").borrows(USDC, usdc(100));
    let Event::Withdrawn(event) = told.event() else { panic!("{:?}", told.events) };
    assert_eq!((event.borrowed, event.balance), (usdc(100), -(usdc(100) as i64)));
    world.trader("alice").owes(USDC, usdc(100));
}

#[test]
fn a_withdrawal_may_use_up_the_balance_and_borrow_the_rest() {
    let mut world = with_lender();
    world.trader("alice").deposits(USDC, usdc(30));
    let told = world.trader("alice").borrows(USDC, usdc(50));
    let Event::Withdrawn(event) = told.event() else { panic!("{:?}", told.events) };
    assert_eq!((event.amount, event.borrowed), (usdc(50), usdc(20)));
    world.trader("alice").owes(USDC, usdc(20));
}

#[test]
fn the_margin_limit_holds_to_the_unit() {
    let mut world = with_lender();
    let borrow = |world: &mut World, amount| world.trader("alice").outflow(USDC).withdraw(amount, true, &[]);
    // 10 SOL at 150, weighted 80%; quote debts weigh 1. A debt is rounded up by at most a unit.
    let limit = most(&world, usdc(5_000), borrow);
    assert!((usdc(1_200) - 2..=usdc(1_200)).contains(&limit), "{limit}");
    world.trader("alice").refused(Refusal::NotEnoughMargin).borrows(USDC, limit + 1);
    world.trader("alice").borrows(USDC, limit);
    world.trader("alice").refused(Refusal::NotEnoughMargin).borrows(USDC, 1);
    world.trader("alice").refused(Refusal::NotEnoughMargin).withdraws(SOL, sol(0.001));
}

#[test]
fn debts_in_another_token_weigh_more() {
    let mut world = World::open();
    world.trader("lender").deposits(SOL, sol(1_000));
    world.trader("alice").deposits(USDC, usdc(1_800));
    let borrow = |world: &mut World, amount| world.trader("alice").outflow(SOL).withdraw(amount, true, &[]);
    // 1,800 USDC carry 10 SOL at 150 · 120%.
    let limit = most(&world, sol(100), borrow);
    assert!((sol(10) - 20..=sol(10) + 20).contains(&limit), "{limit}");
}

#[test]
fn collateral_leaves_as_far_as_the_debt_allows() {
    let mut world = with_lender();
    world.trader("alice").borrows(USDC, usdc(600));
    let withdraw =
        |world: &mut World, amount| world.trader("alice").outflow(SOL).withdraw(amount, false, &[]);
    let limit = most(&world, sol(10), withdraw);
    assert!((sol(5) - 100..=sol(5)).contains(&limit), "{limit}");
    world.trader("alice").refused(Refusal::NotEnoughMargin).withdraws_all(SOL);
}

#[test]
fn a_fall_of_the_price_takes_room_away_and_a_rise_opens_it_slowly() {
    let mut world = with_lender();
    let borrow = |world: &mut World, amount| world.trader("alice").outflow(USDC).withdraw(amount, true, &[]);
    world.oracle().moves(SOL, -20);
    let after_fall = most(&world, usdc(5_000), borrow);
    assert!((usdc(960) - 2..=usdc(960)).contains(&after_fall), "{after_fall}");
    let mut world = with_lender();
    world.oracle().moves(SOL, 20);
    // Strict checks trust the lower of price and stable price.
    let after_rise = most(&world, usdc(5_000), borrow);
    assert!((usdc(1_200) - 2..=usdc(1_201)).contains(&after_rise), "{after_rise}");
}

#[test]
fn at_most_the_utilisation_limit_is_lent() {
    let mut world = World::open();
    world.trader("lender").deposits(USDC, usdc(1_000));
    world.trader("alice").deposits(SOL, sol(100));
    world.trader("alice").refused(Refusal::UtilisationLimit).borrows(USDC, usdc(800) + 1);
    world.trader("alice").borrows(USDC, usdc(800) - 10); // four fifths, to the nearest 2^-30
    world.trader("lender").refused(Refusal::UtilisationLimit).withdraws(USDC, usdc(1));
    world.trader("alice").repays(USDC, usdc(400));
    world.trader("lender").withdraws(USDC, usdc(400));
}

#[test]
fn borrow_caps_hold_for_the_bank_and_for_each_account() {
    let mut world = with_lender();
    world.trader("bob").deposits(SOL, sol(10));
    world.sets("bank.borrow_cap", USDC, usdc(500));
    world.sets("bank.account_borrow_cap", USDC, usdc(300));
    world.trader("alice").refused(Refusal::AccountBorrowCap).borrows(USDC, usdc(300) + 1);
    world.trader("alice").borrows(USDC, usdc(300));
    world.trader("bob").refused(Refusal::BorrowCap).borrows(USDC, usdc(200) + 1);
    world.trader("bob").borrows(USDC, usdc(200));
}

/// A lender with 1,000 USDC; a tenth may leave an hour, a quarter a day, a fifth of that is kept for 5 USDC and less.
fn with_outflow_limits() -> World {
    let mut world = World::before_opening();
    for (parameter, value) in [("bank.hour_limit", percent(10)), ("bank.day_limit", percent(25))] {
        world.sets(parameter, USDC, value);
    }
    world.sets("bank.small_withdrawal", USDC, usdc(5));
    let mut world = world.opens();
    world.trader("lender").deposits(USDC, usdc(1_000));
    world.passes(days(4)); // what has just come in may leave again
    world
}

#[test]
fn outflow_limits_never_hold_the_last_units_back() {
    let mut world = World::before_opening();
    world.sets("bank.hour_limit", BAR, percent(10));
    world.sets("bank.day_limit", BAR, percent(25));
    let mut world = world.opens();
    world.trader("alice").deposits(BAR, 4);
    world.passes(days(30));
    world.trader("alice").refused(Refusal::HourlyOutflow).withdraws(BAR, 4);
    for bar in 1..=4 {
        world.trader("alice").withdraws(BAR, 1);
        assert_eq!(world.trader("alice").has_in_wallet(BAR), bar);
        world.passes(days(1));
    }
}

#[test]
fn what_has_just_come_in_may_leave_again() {
    let mut world = with_outflow_limits();
    world.trader("alice").deposits(USDC, usdc(500));
    world.trader("alice").withdraws_all(USDC);
    world.trader("lender").refused(Refusal::HourlyOutflow).withdraws(USDC, usdc(81));
    world.trader("lender").withdraws(USDC, usdc(79));
}

#[test]
fn an_hours_outflow_is_limited_and_part_of_it_is_kept_for_small_withdrawals() {
    let mut world = with_outflow_limits();
    world.trader("lender").refused(Refusal::HourlyOutflow).withdraws(USDC, usdc(80) + 1);
    world.trader("lender").withdraws(USDC, usdc(72));
    world.trader("lender").refused(Refusal::HourlyOutflow).withdraws(USDC, usdc(5) + 1);
    // What is left shrinks with the deposits: a tenth of 928.
    for _ in 0..3 {
        world.trader("lender").withdraws(USDC, usdc(5));
    }
    world.trader("lender").refused(Refusal::HourlyOutflow).withdraws(USDC, usdc(5));
}

#[test]
fn the_outflow_limit_leaks_with_time_and_deposits_make_room() {
    let mut world = with_outflow_limits();
    world.trader("lender").withdraws(USDC, usdc(70));
    world.trader("lender").refused(Refusal::HourlyOutflow).withdraws(USDC, usdc(30));
    let mut patient = world.clone();
    patient.passes(hours(1));
    patient.trader("lender").withdraws(USDC, usdc(30));
    world.trader("other").deposits(USDC, usdc(40));
    world.trader("lender").withdraws(USDC, usdc(30));
}

#[test]
fn a_days_outflow_is_limited_too() {
    let mut world = with_outflow_limits();
    let mut left = 0;
    for _ in 0..3 {
        world.trader("lender").withdraws(USDC, usdc(60));
        left += usdc(60);
        world.passes(hours(1));
    }
    assert_eq!(left, usdc(180));
    world.trader("lender").refused(Refusal::DailyOutflow).withdraws(USDC, usdc(60));
    world.passes(days(1));
    world.trader("lender").withdraws(USDC, usdc(60));
}

#[test]
fn who_owes_nothing_needs_no_price_to_leave() {
    let mut world = with_lender();
    world.passes(days(365));
    world.trader("alice").withdraws_all(SOL);
    assert_eq!(world.trader("alice").has_in_wallet(SOL), sol(10));
}

#[test]
fn a_stale_price_stops_a_borrow_and_a_fresh_oracle_account_rescues_it() {
    let mut world = with_lender();
    world.passes(61);
    world.trader("alice").refused(Refusal::StalePrice).borrows(USDC, usdc(100));
    world.trader("alice").bringing(&[SOL]).refused(Refusal::StalePrice).borrows(USDC, usdc(100));
    world.oracle().publishes(SOL);
    world.trader("alice").refused(Refusal::StalePrice).borrows(USDC, usdc(100));
    let board = world.chain.data(&world.exchange.board).to_vec();
    world.trader("alice").bringing(&[SOL]).borrows(USDC, usdc(100));
    world.trader("alice").owes(USDC, usdc(100));
    assert!(world.chain.data(&world.exchange.board) == board, "the board is only read");
}

#[test]
fn an_overlay_counts_exactly_as_a_refresh_would() {
    let mut world = with_lender();
    world.passes(90);
    world.oracle().publishes_price(SOL, 120.0);
    let overlaid = |world: &mut World, amount| {
        let oracles = [SOL.pyth()];
        world.trader("alice").outflow(USDC).withdraw(amount, true, &oracles)
    };
    let by_overlay = most(&world, usdc(5_000), overlaid);
    world.oracle().refreshes(&[SOL]);
    let plain = |world: &mut World, amount| world.trader("alice").outflow(USDC).withdraw(amount, true, &[]);
    assert_eq!(by_overlay, most(&world, usdc(5_000), plain));
}

#[test]
fn an_overlay_never_replaces_a_fresh_price() {
    let mut world = with_lender();
    world.passes(1);
    world.oracle().publishes_price(SOL, 170.0);
    world.trader("alice").bringing(&[SOL]).refused(Refusal::NotEnoughMargin).borrows(USDC, usdc(1_250));
}

#[test]
fn an_overlay_is_an_oracle_account_of_the_board_and_there_are_few() {
    let mut world = with_lender();
    world.passes(90);
    for token in [SOL, BTC] {
        world.oracle().publishes(token);
    }
    let stray = world.trader("alice").wallet(SOL);
    world.trader("alice").bringing_accounts(&[stray]).refused(Refusal::OracleOwner).borrows(USDC, 1);
    let update = world.oracle().update(SOL);
    let foreign = Token { name: "FOREIGN", ..SOL };
    world.oracle().posts(foreign, harness::oracle::Update { feed_id: [9; 32], ..update });
    world.trader("alice").bringing(&[foreign]).refused(Refusal::OracleWrongFeed).borrows(USDC, 1);
    let five = [SOL, SOL, SOL, SOL, BTC];
    world.trader("alice").bringing(&five).refused(Refusal::TooManyOverlays).borrows(USDC, 1);
    world.trader("alice").bringing(&[BTC]).refused(Refusal::StalePrice).borrows(USDC, 1);
    world.trader("alice").bringing(&[BTC, SOL]).borrows(USDC, 1);
}

#[test]
fn a_wide_price_stops_a_borrow() {
    let mut world = with_lender();
    world.passes(1);
    let update = world.oracle().update(SOL);
    let wide = harness::oracle::Update { confidence: 150.0_f64.mul_add(0.02, 0.01).into(), ..update };
    world.oracle().posts(SOL, wide);
    world.oracle().refreshes(&[SOL]);
    world.trader("alice").refused(Refusal::StalePrice).borrows(USDC, usdc(1));
    world.oracle().says(SOL, 150.0);
    world.trader("alice").borrows(USDC, usdc(1));
}

#[test]
fn a_diverged_price_stops_a_borrow_until_the_stable_price_has_followed() {
    let mut world = with_lender();
    world.oracle().says(SOL, 230.0);
    world.trader("alice").refused(Refusal::StalePrice).borrows(USDC, usdc(1));
    for _ in 0..5 {
        world.passes(59);
        world.oracle().says(SOL, 230.0);
    }
    world.oracle().says(BTC, 60_000.0);
    world.trader("alice").borrows(USDC, usdc(1));
}

#[test]
fn a_price_that_was_never_set_stops_a_borrow() {
    let mut world = World::open();
    let token = Token::new("NEW", 6, 10.0);
    world.chain.makes_mint(&token, &[], &[]);
    world.registers(token);
    world.trader("lender").deposits(USDC, usdc(1_000));
    world.trader("alice").deposits(token, token.units(1_000));
    world.trader("alice").refused(Refusal::StalePrice).borrows(USDC, 1);
}

#[test]
fn stale_indexes_stop_a_borrow_until_the_bank_is_refreshed() {
    let mut world = with_lender();
    world.passes(hours(1) + 1);
    world.oracle().publishes(SOL);
    world.oracle().refreshes(&[SOL]);
    world.trader("alice").refused(Refusal::StalePrice).borrows(USDC, usdc(1));
    world.trader("alice").refreshes(SOL);
    world.trader("alice").refreshes(USDC);
    world.trader("alice").borrows(USDC, usdc(1));
}

#[test]
fn prices_of_one_check_were_published_close_together() {
    let mut world = with_lender();
    world.trader("alice").deposits(BTC, btc(1));
    world.passes(11);
    world.oracle().publishes(SOL);
    world.oracle().refreshes(&[SOL]);
    world.trader("alice").refused(Refusal::PricesTooFarApart).borrows(USDC, usdc(1));
    world.oracle().publishes(BTC);
    world.oracle().refreshes(&[BTC]);
    world.passes(10);
    let update = world.oracle().update(SOL);
    world
        .oracle()
        .posts(SOL, harness::oracle::Update { price: Quoted { mantissa: 150, exponent: 0 }, ..update });
    world.oracle().refreshes(&[SOL]);
    world.trader("alice").borrows(USDC, usdc(1));
}
