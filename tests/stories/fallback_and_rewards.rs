//! The fallback oracle, and what refreshing earns.

use harness::{Receipt, World, amounts::*, oracles::SwitchboardFeed, tokens::*};
use plimsoll::errors::Refusal;
use plimsoll_client::{
    events::Event,
    instructions::refresh::{Refresher, refresh_prices},
};
use plimsoll_risk::{num::Price, observation::Source};

/// Pyth has been silent for so long.
fn after_silence(seconds: i64) -> World {
    let mut world = World::open();
    world.passes(seconds);
    world
}

fn says(world: &mut World, price: f64) -> SwitchboardFeed {
    let feed = SwitchboardFeed::new(price, 0.1, world.now());
    world.oracle().publishes_on_switchboard(SOL, feed);
    feed
}

#[test]
fn the_fallback_is_heard_after_a_minute_of_silence() {
    let mut world = after_silence(60);
    says(&mut world, 151.0);
    world.oracle().refused(Refusal::FallbackNotNeeded).refreshes_from_switchboard(SOL);
    world.passes(1);
    says(&mut world, 151.0);
    world.oracle().refreshes_from_switchboard(SOL);
    let feed = world.feed(SOL);
    assert_eq!((feed.source, feed.price), (Source::Switchboard.code(), Price::new(151 << 40)));
}

#[test]
fn the_fallback_stays_near_the_boards_price() {
    let mut world = after_silence(61);
    says(&mut world, 150.0 * 1.051);
    world.oracle().refused(Refusal::FallbackOutOfBand).refreshes_from_switchboard(SOL);
    says(&mut world, 150.0 * 0.949);
    world.oracle().refused(Refusal::FallbackOutOfBand).refreshes_from_switchboard(SOL);
    says(&mut world, 150.0 * 1.049);
    world.oracle().refreshes_from_switchboard(SOL);
}

#[test]
fn only_the_boards_own_fallback_account_is_heard() {
    let mut world = after_silence(61);
    let feed = SwitchboardFeed::new(150.0, 0.1, world.now());
    world.oracle().publishes_on_switchboard(BTC, feed);
    world.oracle().refused(Refusal::OracleWrongFeed).refreshes_from(&[(0, BTC.switchboard())]);
}

#[test]
fn a_fallback_that_anybody_could_have_written_is_refused() {
    let mut world = after_silence(61);
    let good = SwitchboardFeed::new(150.0, 0.1, world.now());
    for (feed, reason) in [
        (SwitchboardFeed { samples: 2, ..good }, Refusal::OracleTooFewSamples),
        (SwitchboardFeed { samples: 0, least_samples: 0, ..good }, Refusal::OracleTooFewSamples),
        (SwitchboardFeed { observed_at: 0, ..good }, Refusal::OracleUndated),
        (SwitchboardFeed { writable_by_authority: true, ..good }, Refusal::OracleWritable),
        (SwitchboardFeed { value: -good.value, ..good }, Refusal::OracleNonPositive),
    ] {
        world.oracle().publishes_on_switchboard(SOL, feed);
        world.oracle().refused(reason).refreshes_from_switchboard(SOL);
    }
    world.oracle().publishes_on_switchboard(SOL, good);
    world.oracle().refreshes_from_switchboard(SOL);
}

#[test]
fn publish_times_rise_across_both_sources() {
    let mut world = after_silence(100);
    says(&mut world, 151.0);
    world.oracle().refreshes_from_switchboard(SOL);
    let update = world.oracle().update(SOL);
    let older = harness::oracle::Update { publish_time: update.publish_time - 1, ..update };
    world.oracle().posts(SOL, older);
    world.oracle().refused(Refusal::PriceNotNewer).refreshes(&[SOL]);
    world.passes(1);
    world.oracle().publishes(SOL);
    world.oracle().refreshes(&[SOL]);
    assert_eq!(world.feed(SOL).source, Source::Pyth.code());
    says(&mut world, 151.0);
    world.passes(1);
    says(&mut world, 151.0);
    world.oracle().refused(Refusal::FallbackNotNeeded).refreshes_from_switchboard(SOL);
}

#[test]
fn a_fallback_price_serves_a_withdrawal() {
    let mut world = World::open();
    world.trader("lender").deposits(USDC, usdc(1_000));
    world.trader("alice").deposits(SOL, sol(10));
    world.passes(61);
    says(&mut world, 149.0);
    let accounts = [SOL.switchboard()];
    world.trader("alice").bringing_accounts(&accounts).borrows(USDC, usdc(100));
    world.trader("alice").owes(USDC, usdc(100));
}

/// A refresh earns 1,000 native USDC, at most 2,500 an hour; there are reserves to pay it from.
fn with_rewards() -> World {
    let mut world = World::before_opening();
    world.sets_for_all("refresh.reward", 1_000);
    world.sets_for_all("refresh.hourly_cap", 2_500);
    let mut world = world.opens();
    world.trader("lender").deposits(USDC, usdc(100_000));
    world.trader("alice").deposits(SOL, sol(1_000));
    world.trader("alice").borrows(USDC, usdc(60_000));
    for _ in 0..2 {
        world.passes(hours(1));
        world.refreshes_all();
    }
    world.trader("keeper");
    assert!(world.bank(USDC).reserves > 10_000);
    world
}

/// What a refresh says that it paid: the account's event and the board's agree.
#[track_caller]
fn reward_told(told: &Receipt) -> u64 {
    match told.events.as_slice() {
        [Event::PricesRefreshed(board)] if board.reward == 0 => 0,
        [Event::RefresherPaid(account), Event::PricesRefreshed(board)] => {
            assert_eq!(account.amount, board.reward);
            board.reward
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_refresher_is_paid_from_the_reserves_for_what_was_old_or_moved() {
    let mut world = with_rewards();
    let reserves = world.bank(USDC).reserves;
    world.passes(10);
    world.oracle().publishes(SOL);
    let told = world.oracle().paying("keeper").refreshes(&[SOL]);
    assert_eq!(reward_told(&told), 1_000);
    let balance = world.balance("keeper", USDC);
    assert!((999..=1_000).contains(&balance), "{balance}");
    assert!(world.bank(USDC).reserves <= reserves);
    world.passes(1);
    world.oracle().publishes_price(SOL, 150.0 * 1.0011);
    world.oracle().paying("keeper").refreshes(&[SOL]);
    assert!((1_998..=2_000).contains(&world.balance("keeper", USDC)));
}

#[test]
fn a_refresh_of_what_is_young_and_still_earns_nothing() {
    let mut world = with_rewards();
    world.passes(9);
    world.oracle().publishes_price(SOL, 150.0 * 1.0009);
    world.oracle().paying("keeper").refreshes(&[SOL]);
    assert_eq!(world.balance("keeper", USDC), 0);
}

#[test]
fn refreshers_earn_at_most_the_hours_cap() {
    let mut world = with_rewards();
    world.passes(10);
    for token in [SOL, BTC, BAR] {
        world.oracle().publishes(token);
    }
    let told = world.oracle().paying("keeper").refreshes(&[SOL, BTC, BAR]);
    assert_eq!(reward_told(&told), 2_500);
    world.passes(10);
    world.oracle().publishes(SOL);
    let told = world.oracle().paying("keeper").refreshes(&[SOL]);
    assert_eq!(reward_told(&told), 0);
    world.passes(hours(1));
    world.oracle().publishes(SOL);
    let told = world.oracle().paying("keeper").refreshes(&[SOL]);
    assert_eq!(reward_told(&told), 1_000);
}

#[test]
fn without_reserves_a_refresh_goes_through_unpaid() {
    let mut world = World::before_opening();
    world.sets_for_all("refresh.reward", 1_000);
    world.sets_for_all("refresh.hourly_cap", 2_500);
    let mut world = world.opens();
    world.passes(10);
    world.oracle().publishes(SOL);
    let told = world.oracle().paying("keeper").refreshes(&[SOL]);
    assert_eq!(reward_told(&told), 0);
    assert_eq!(world.balance("keeper", USDC), 0);
}

#[test]
fn a_reward_pays_back_a_refreshers_debt_first() {
    let mut world = with_rewards();
    world.trader("keeper").deposits(SOL, sol(1));
    world.trader("keeper").borrows(USDC, usdc(1));
    world.passes(10);
    world.oracle().publishes(SOL);
    let owed = world.balance("keeper", USDC);
    world.oracle().paying("keeper").refreshes(&[SOL]);
    assert!((998..=1_000).contains(&(world.balance("keeper", USDC) - owed)));
}

#[test]
fn rewards_come_from_the_quote_bank_alone() {
    let mut world = with_rewards();
    world.passes(10);
    world.oracle().publishes(SOL);
    let refresher = Refresher { quote_bank: world.bank_of(SOL).bank, account: world.account_of("keeper") };
    let board = world.exchange.board;
    world.refuses(&[refresh_prices(board, &[(0, SOL.pyth())], Some(refresher))], Refusal::UnknownBank);
}

#[test]
fn a_price_arrives_even_where_its_refresher_cannot_be_paid() {
    let mut world = with_rewards();
    world.sets("bank.account_deposit_cap", USDC, 0);
    let reserves = world.bank(USDC).reserves;
    world.passes(10);
    world.oracle().publishes_price(SOL, 151.0);
    let told = world.oracle().paying("keeper").refreshes(&[SOL]);
    assert_eq!(reward_told(&told), 0);
    assert_eq!(world.feed(SOL).price, Price::from_decimal(151, 0).unwrap());
    assert_eq!(world.balance("keeper", USDC), 0);
    assert!(world.bank(USDC).reserves >= reserves);
}
