//! From nothing to an exchange that can hold money.

use crate::{
    book::Book,
    shapes::{LATE, TOKENS, nearly_full},
};
use harness::{
    World,
    perps::SOL_PERP,
    tokens::{BTC, SOL, USDC},
    world::UPGRADE_AUTHORITY,
};
use plimsoll::state::RiskBoard;
use plimsoll_client::{addresses::MarketAddresses, instructions::setup};
use plimsoll_risk::layout::bank::NO_FEED;

pub fn measure(book: &mut Book) {
    let mut world = World::bare();
    world.makes_mints(&TOKENS[..3]);
    exchange_and_board(book, &mut world);
    first_banks(book, &mut world);
    last_bank(book);
    market(book);
}

fn exchange_and_board(book: &mut Book, world: &mut World) {
    let (payer, authority, admin) =
        (world.chain.payer(), world.person(UPGRADE_AUTHORITY), world.person("admin"));
    let roles = world.roles();
    let create = setup::create_exchange(payer, authority, USDC.mint(), roles);
    book.measure("create_exchange", "the only one", world, create);
    assert_eq!(world.exchange_account().admin.0, admin.to_bytes());

    let create = setup::create_board(&world.exchange, admin);
    book.measure("create_board", "10 KiB", world, create);
    for step in 0..setup::growths() {
        let before = world.chain.data(&world.exchange.board).len();
        let grow = setup::grow_board(&world.exchange, payer);
        if step == 0 {
            book.measure("grow_board", "10 KiB more", world, grow);
        } else if step + 1 == setup::growths() {
            book.measure("grow_board.last", "what is missing; becomes a board", world, grow);
        } else {
            world.does(&[grow]);
        }
        assert!(world.chain.data(&world.exchange.board).len() > before);
    }
    assert_eq!(world.chain.data(&world.exchange.board).len(), RiskBoard::SPACE);
}

fn first_banks(book: &mut Book, world: &mut World) {
    let admin = world.person("admin");
    let quote = setup::register_bank(&world.bank_of(USDC), admin, NO_FEED);
    book.measure("register_bank", "the quote token's", world, quote);
    let create = setup::create_insurance(&world.exchange, admin, world.bank_of(USDC).bank);
    book.measure("create_insurance", "the only one", world, create);
    assert_eq!(world.insurance().exchange.0, world.exchange.exchange.to_bytes());
    for (feed, (name, shape, token)) in (0..).zip([
        ("register_bank.spl", "the second, SPL Token", SOL),
        ("register_bank.token_2022", "the third, Token-2022", BTC),
    ]) {
        let add = setup::add_feed(&world.exchange, admin, token.feed_id(), token.switchboard());
        if feed == 0 {
            book.measure("add_feed", "the first of 64", world, add);
        } else {
            world.does(&[add]);
        }
        let register = setup::register_bank(&world.bank_of(token), admin, feed);
        book.measure(name, shape, world, register);
    }
    assert_eq!((world.board().header.feed_count, world.board().header.bank_count), (2, 3));
}

fn last_bank(book: &mut Book) {
    let mut world = nearly_full();
    let last = LATE[3];
    let add = last.add_feed(&mut world);
    book.measure("add_feed.64", "the last of 64", &mut world, add);
    let register = last.register_bank(&mut world);
    book.measure("register_bank.32", "the last of 32, SPL Token", &mut world, register);
    assert_eq!((world.board().header.feed_count, world.board().header.bank_count), (64, 32));

    let admin = world.person("admin");
    let open = setup::open_exchange(&world.exchange, admin);
    book.measure("open_exchange", "32 banks, 64 feeds", &mut world, open);
    assert_ne!(world.exchange_account().phase, nearly_full().exchange_account().phase);
}

fn market(book: &mut Book) {
    let mut world = nearly_full();
    let perp = SOL_PERP;
    let market = MarketAddresses::derive(&world.exchange, 0);
    let (admin, payer) = (world.person("admin"), world.chain.payer());
    let create = setup::create_market(&market, admin, perp.args(world.feed_of(perp.token)));
    book.measure("create_market", "the first", &mut world, create);
    assert_eq!(world.board().header.market_count, 1);
    for (name, shape, grown) in [
        ("grow_book", "a side, 10 KiB more", market.bids),
        ("grow_book.queue", "the queue, 10 KiB more", market.queue),
    ] {
        let before = world.chain.data(&grown).len();
        book.measure(name, shape, &mut world, setup::grow_book(&market, grown, payer));
        assert_eq!(world.chain.data(&grown).len(), before + 10_240);
    }
}
