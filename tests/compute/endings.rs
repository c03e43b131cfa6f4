//! How markets end, and what shows that those who govern live.

use crate::{
    book::Book,
    desks::{MARKETS, PERPS, entering, funding_runs},
};
use harness::{World, perps::Perp};
use plimsoll_client::instructions::settlement;
use plimsoll_risk::layout::market::MARKET_CLOSED;

/// The last that alice has entered.
const ENDS: Perp = PERPS[MARKETS - 2];
const TRADERS: [&str; 2] = ["alice", "counterparty"];

pub fn measure(book: &mut Book) {
    let mut world = entering()[MARKETS - 2].clone();
    funding_runs(&mut world);
    let admin = world.person("admin");
    let prove = settlement::prove_life(&world.exchange, admin);
    book.measure("prove_life", "the admin", &mut world, prove);
    assert_eq!(world.exchange_account().governed_at, world.now());

    world.makes_reduce_only(ENDS);
    let start = settlement::start_settlement(&world.market_of(ENDS), admin);
    book.measure("start_settlement", "a market that is reduce-only; funding accrues", &mut world, start);
    assert_eq!(world.market(ENDS).settle_from, world.now());
    observes(book, &mut world);
    closes(book, &mut world);
}

fn observes(book: &mut Book, world: &mut World) {
    let observe = settlement::observe_settlement(&world.market_of(ENDS));
    world.waits(60);
    book.measure("observe_settlement", "a minute of the hour", world, observe.clone());
    assert!(world.market(ENDS).settle_credited > 0);
    while world.market(ENDS).settle_credited < 3_540 {
        world.waits(60);
        world.does(std::slice::from_ref(&observe));
    }
    world.waits(60);
    book.measure("observe_settlement.last", "the last: the price is fixed", world, observe);
    assert_ne!(world.terms(ENDS).settlement_price, 0);
}

fn closes(book: &mut Book, world: &mut World) {
    let (market, bank) = (world.market_of(ENDS), world.quote_bank());
    for name in TRADERS {
        world.trader("keeper").cancels_all_of(name, ENDS);
    }
    let close = settlement::close_settled(&market, world.account_of(TRADERS[0]));
    book.measure("close_settled", "the last of 15 positions", world, close);
    assert_eq!(world.lots(TRADERS[0], ENDS), 0);
    world.trader("keeper").closes_settled(TRADERS[1], ENDS);
    for name in TRADERS {
        world.trader(name).settles(ENDS);
    }
    world.collects_fees(ENDS);
    book.measure(
        "close_market",
        "what rounding left goes to insurance",
        world,
        settlement::close_market(&market, bank),
    );
    assert_eq!(world.terms(ENDS).state, MARKET_CLOSED);
}
