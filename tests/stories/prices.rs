//! Prices on their way to the board: what is refused, what is kept, what it earns.

use harness::{
    World,
    oracle::Update,
    oracles::{Quoted, Verification, pyth_update},
    tokens::*,
};
use plimsoll::{errors::Refusal, oracle::pyth};
use plimsoll_client::events::Event;
use plimsoll_risk::{num::Price, validity::Validity};

fn dollars(price: f64) -> Price {
    Price::new((price * (1_u64 << 40) as f64) as u64)
}

fn validity(world: &World, token: Token) -> Validity {
    Validity::from_code(world.feed(token).validity)
}

/// Posts a changed update of SOL a second later and tries to refresh from it.
#[track_caller]
fn posting_is_refused(change: impl FnOnce(Update) -> Update, reason: Refusal) {
    let mut world = World::open();
    world.passes(1);
    let update = change(world.oracle().update(SOL));
    world.oracle().posts(SOL, update);
    world.oracle().refused(reason).refreshes(&[SOL]);
}

#[test]
fn a_refresh_copies_the_price_and_says_which_feeds_moved() {
    let mut world = World::open();
    let told = world.oracle().says(BTC, 61_000.5);
    let Event::PricesRefreshed(event) = told.event() else { panic!("{:?}", told.events) };
    assert_eq!((event.board, event.feeds, event.reward), (world.exchange.board, 0b10, 0));
    let feed = world.feed(BTC);
    assert_eq!((feed.price, feed.publish_time), (dollars(61_000.5), world.now()));
    assert_eq!(world.board().header.heartbeat, world.now());
}

#[test]
fn a_price_is_the_same_whatever_its_exponent() {
    let quotes = [
        (152, 0),
        (15_200, -2),
        (15_200_000_000, -8),
        (152_000_000_000_000, -12),
        (1_520_000_000_000_000_000, -16),
    ];
    for (mantissa, exponent) in quotes {
        let mut world = World::open();
        world.passes(1);
        let update = world.oracle().update(SOL);
        world.oracle().posts(SOL, Update { price: Quoted { mantissa, exponent }, ..update });
        world.oracle().refreshes(&[SOL]);
        assert_eq!(world.feed(SOL).price, dollars(152.0), "{mantissa}e{exponent}");
    }
}

#[test]
fn a_partially_verified_price_is_refused() {
    posting_is_refused(
        |update| Update { verification: Verification::Partial(5), ..update },
        Refusal::OraclePartiallyVerified,
    );
}

#[test]
fn a_price_of_another_feed_is_refused() {
    posting_is_refused(|update| Update { feed_id: BTC.feed_id(), ..update }, Refusal::OracleWrongFeed);
}

#[test]
fn an_account_of_another_program_is_refused() {
    posting_is_refused(|update| Update { owner: plimsoll::ID, ..update }, Refusal::OracleOwner);
    posting_is_refused(
        |update| Update { owner: anchor_lang::system_program::ID, ..update },
        Refusal::OracleOwner,
    );
}

#[test]
fn a_price_that_is_no_price_is_refused() {
    let quoting =
        |mantissa, exponent| move |update| Update { price: Quoted { mantissa, exponent }, ..update };
    posting_is_refused(quoting(0, -8), Refusal::OracleNonPositive);
    posting_is_refused(quoting(-15_000_000_000, -8), Refusal::OracleNonPositive);
    posting_is_refused(quoting(i64::MIN, -8), Refusal::OracleNonPositive);
    posting_is_refused(quoting(150, 1), Refusal::OracleOutOfRange);
    posting_is_refused(quoting(150, -19), Refusal::OracleOutOfRange);
    posting_is_refused(quoting(i64::MAX, 0), Refusal::OracleOutOfRange);
    posting_is_refused(quoting(1, -18), Refusal::OracleOutOfRange);
}

#[test]
fn a_price_is_not_refreshed_with_an_older_one() {
    let mut world = World::open();
    world.passes(10);
    let update = world.oracle().update(SOL);
    let at = |seconds| Update { publish_time: update.publish_time - seconds, ..update };
    world.oracle().posts(SOL, at(3));
    world.oracle().refreshes(&[SOL]);
    for seconds in [3, 4, 10] {
        world.oracle().posts(SOL, at(seconds));
        world.oracle().refused(Refusal::PriceNotNewer).refreshes(&[SOL]);
    }
    world.oracle().posts(SOL, at(2));
    world.oracle().refreshes(&[SOL]);
}

#[test]
fn a_price_from_the_future_is_refused_beyond_ten_seconds_of_skew() {
    let ahead =
        |seconds| move |update: Update| Update { publish_time: update.publish_time + seconds, ..update };
    posting_is_refused(ahead(11), Refusal::PriceFromTheFuture);
    posting_is_refused(ahead(i64::from(u32::MAX)), Refusal::PriceFromTheFuture);
    let mut world = World::open();
    world.passes(1);
    let update = ahead(10)(world.oracle().update(SOL));
    world.oracle().posts(SOL, update);
    world.oracle().refreshes(&[SOL]);
}

#[test]
fn a_price_that_is_old_when_it_arrives_is_kept_but_not_valid() {
    let mut world = World::open();
    world.passes(200);
    let update = world.oracle().update(SOL);
    world.oracle().posts(SOL, Update { publish_time: update.publish_time - 61, ..update });
    world.oracle().refreshes(&[SOL]);
    assert_eq!(validity(&world, SOL), Validity::Stale);
    world.oracle().posts(SOL, Update { publish_time: update.publish_time - 60, ..update });
    world.oracle().refreshes(&[SOL]);
    assert_eq!(validity(&world, SOL), Validity::Valid);
}

#[test]
fn a_wide_price_is_kept_but_not_valid() {
    let mut world = World::open();
    for (confidence, expected) in [(2.9, Validity::Valid), (3.1, Validity::Wide), (1e9, Validity::Wide)] {
        world.passes(1);
        let update = world.oracle().update(SOL);
        world.oracle().posts(SOL, Update { confidence: confidence.into(), ..update });
        world.oracle().refreshes(&[SOL]);
        assert_eq!(validity(&world, SOL), expected, "{confidence}");
    }
}

#[test]
fn a_diverged_price_is_kept_with_the_time_since_when() {
    let mut world = World::open();
    world.oracle().says(SOL, 224.0);
    assert_eq!((validity(&world, SOL), world.feed(SOL).diverged_since), (Validity::Valid, 0));
    world.oracle().says(SOL, 230.0);
    let since = world.now();
    assert_eq!((validity(&world, SOL), world.feed(SOL).diverged_since), (Validity::Diverged, since));
    assert_eq!(world.feed(SOL).last_valid_price, dollars(224.0));
    world.oracle().says(SOL, 231.0);
    assert_eq!(world.feed(SOL).diverged_since, since);
    world.oracle().says(SOL, 150.0);
    assert_eq!((validity(&world, SOL), world.feed(SOL).diverged_since), (Validity::Valid, 0));
}

#[test]
fn malformed_accounts_are_refused() {
    let good = pyth_update(SOL.feed_id(), 150.0, 0.0, 1_800_000_100, Verification::Full);
    let mut other_kind = good.clone();
    other_kind[0] ^= 1;
    let cases = [
        (other_kind, Refusal::OracleKind),
        (good[..100].to_vec(), Refusal::OracleTruncated),
        (good[..7].to_vec(), Refusal::OracleTruncated),
        (Vec::new(), Refusal::OracleTruncated),
    ];
    for (data, reason) in cases {
        let mut world = World::open();
        world.oracle().writes(SOL.pyth(), pyth::RECEIVER, data);
        world.oracle().refused(reason).refreshes(&[SOL]);
    }
}

#[test]
fn feeds_without_news_are_passed_over_and_one_bad_account_refuses_all() {
    let mut world = World::open();
    world.passes(1);
    world.oracle().publishes_price(BTC, 62_000.0);
    let told = world.oracle().refreshes(&[SOL, BTC, BAR]);
    assert!(matches!(told.event(), Event::PricesRefreshed(event) if event.feeds == 0b10));
    world.oracle().refused(Refusal::PriceNotNewer).refreshes(&[SOL, BTC, BAR]);
    world.passes(1);
    world.oracle().publishes(BTC);
    world.oracle().refused(Refusal::OracleWrongFeed).refreshes_from(&[(1, BTC.pyth()), (0, BAR.pyth())]);
}

#[test]
fn each_feed_has_its_account_and_is_on_the_board() {
    let mut world = World::open();
    world.passes(1);
    world.oracle().publishes(SOL);
    world.oracle().refused(Refusal::UnknownFeed).refreshes_from(&[(3, SOL.pyth())]);
    world.oracle().refused(Refusal::UnknownFeed).refreshes_from(&[(255, SOL.pyth())]);
    world.oracle().refused(Refusal::WrongOracleCount).refreshes_from(&[]);
    let board = world.exchange.board;
    let mut unmatched =
        plimsoll_client::instructions::refresh::refresh_prices(board, &[(0, SOL.pyth())], None);
    unmatched.accounts.pop();
    world.refuses(&[unmatched], Refusal::WrongOracleCount);
}

#[test]
fn one_feed_given_twice_moves_once() {
    let mut world = World::open();
    world.passes(30);
    world.oracle().publishes(SOL);
    let feed = (0, SOL.pyth());
    let told = world.oracle().refreshes_from(&[feed, feed, feed]);
    assert!(matches!(told.event(), Event::PricesRefreshed(event) if event.feeds == 1));
}
