//! The board is brought up to date.

use crate::{
    book::{Book, transaction_bytes},
    shapes::{TOKENS, lived_in, priced_feeds, publish, unused_feeds},
};
use harness::{
    World,
    amounts::{days, hours, percent},
    oracles::SwitchboardFeed,
    perps::SOL_PERP,
    tokens::{SOL, Token, sol, usdc},
};
use plimsoll_client::instructions::{
    refresh::{Refresher, refresh_bank, refresh_prices},
    setup,
};
use plimsoll_risk::layout::board::MAX_MARKETS;
use solana_instruction::Instruction;
use solana_pubkey::Pubkey;

/// Most feeds that one transaction can name.
const MOST_FEEDS: usize = 29;
const MAX_TRANSACTION: usize = 1_232;

pub fn measure(book: &mut Book) {
    pyth(book);
    paid(book);
    switchboard(book);
    bank(book);
    without_banks(book);
    many_banks(book);
    many_markets(book);
    ramping(book);
}

/// Prices of so many feeds, published now, and the instruction that copies them.
fn published(world: &mut World, count: usize) -> Instruction {
    published_on(world, &priced_feeds()[..count])
}

fn published_on(world: &mut World, feeds: &[(u8, Token)]) -> Instruction {
    for (_, token) in feeds {
        publish(world, *token, token.price * 1.001);
    }
    let oracles: Vec<(u8, Pubkey)> = feeds.iter().map(|(feed, token)| (*feed, token.pyth())).collect();
    refresh_prices(world.exchange.board, &oracles, None)
}

fn pyth(book: &mut Book) {
    let mut costs = [0; 2];
    for (cost, (name, shape, count)) in costs
        .iter_mut()
        .zip([("refresh_prices", "1 feed, 1 bank", 1), ("refresh_prices.8_feeds", "8 feeds, 8 banks", 8)])
    {
        let mut world = lived_in();
        world.passes(5);
        let instruction = published(&mut world, count);
        *cost = book.measure(name, shape, &mut world, instruction).compute_units;
        let now = world.now();
        assert!(TOKENS[1..=count].iter().all(|token| world.feed(*token).publish_time == now));
    }
    book.note("refresh.per_feed", "each of 7 further feeds with its bank", (costs[1] - costs[0]).div_ceil(7));
    most(book);
    let mut world = lived_in();
    world.passes(days(1));
    let instruction = published(&mut world, 1);
    book.measure(
        "refresh_prices.after_a_day",
        "1 feed, 1 bank, a day after the last price",
        &mut world,
        instruction,
    );
}

/// As many as fit into one transaction.
fn most(book: &mut Book) {
    let mut world = lived_in();
    world.passes(5);
    let too_many = published(&mut world, MOST_FEEDS + 1);
    assert!(transaction_bytes(&world, &too_many) > MAX_TRANSACTION);
    let instruction = published(&mut world, MOST_FEEDS);
    let shape = "29 feeds, 29 banks: as many as fit into a transaction";
    book.measure("refresh_prices.29_feeds", shape, &mut world, instruction);
    assert_eq!(
        world.board().feeds.iter().filter(|feed| feed.publish_time == world.now()).count(),
        MOST_FEEDS
    );
}

fn paid(book: &mut Book) {
    let mut world = lived_in();
    world.trader("keeper").deposits(SOL, sol(1));
    world.passes(30);
    published(&mut world, 1);
    let quote_bank = world.bank_of(TOKENS[0]).bank;
    let refresher = Refresher { quote_bank, account: world.account_of("keeper") };
    let instruction = refresh_prices(world.exchange.board, &[(0, SOL.pyth())], Some(refresher));
    book.measure("refresh_prices.paid", "1 feed, 1 bank; the refresher is paid", &mut world, instruction);
    assert!(world.balance("keeper", TOKENS[0]) > 0);
}

fn switchboard(book: &mut Book) {
    let mut world = lived_in();
    world.passes(70);
    let feed = SwitchboardFeed::new(SOL.price * 1.001, 0.0, world.now());
    world.oracle().publishes_on_switchboard(SOL, feed);
    let instruction = refresh_prices(world.exchange.board, &[(0, SOL.switchboard())], None);
    book.measure("refresh_prices.switchboard", "1 feed, 1 bank, by the fallback", &mut world, instruction);
    assert_eq!(world.feed(SOL).publish_time, world.now());
}

fn bank(book: &mut Book) {
    let mut world = lived_in();
    world.passes(5);
    let before = world.bank(SOL).borrow_index;
    let instruction = refresh_bank(&world.bank_of(SOL));
    book.measure("refresh_bank", "interest accrues", &mut world, instruction);
    assert_ne!(world.bank(SOL).borrow_index, before);
}

/// A feed alone: what is left of its cost goes to the banks on it.
fn without_banks(book: &mut Book) {
    let costs = [1, 8].map(|count| {
        let mut world = lived_in();
        let costs = [(); 2].map(|()| {
            world.passes(5);
            let instruction = published_on(&mut world, &unused_feeds()[..count]);
            world.does(&[instruction]).compute_units
        });
        costs[1] // the first price of all is another matter
    });
    book.note(
        "refresh.per_feed_without_bank",
        "each of 7 further feeds that no bank uses",
        (costs[1] - costs[0]).div_ceil(7),
    );
}

/// The most banks that one feed can have.
fn many_banks(book: &mut Book) {
    let mut world = one_feed();
    let refresh = |world: &mut World| {
        world.passes(1);
        publish(world, SOL, SOL.price);
        refresh_prices(world.exchange.board, &[(0, SOL.pyth())], None)
    };
    let [_, one] = [(); 2].map(|()| {
        let instruction = refresh(&mut world);
        world.does(&[instruction]).compute_units
    });
    let admin = world.person("admin");
    for token in &TOKENS[2..] {
        let register = setup::register_bank(&world.bank_of(*token), admin, 0);
        world.does(&[register]);
    }
    let again = refresh(&mut world);
    let all = book.measure("refresh_prices.31_banks", "1 feed, 31 banks", &mut world, again).compute_units;
    let now = world.now();
    assert!(world.board().banks[1..].iter().all(|bank| bank.publish_time == now));
    book.note("refresh.per_bank", "each of 30 further banks of one feed", (all - one).div_ceil(30));
}

/// The most markets that one feed can have.
fn many_markets(book: &mut Book) {
    let mut world = one_feed();
    let refresh = |world: &mut World| {
        world.passes(1);
        publish(world, SOL, SOL.price);
        refresh_prices(world.exchange.board, &[(0, SOL.pyth())], None)
    };
    let [_, none] = [(); 2].map(|()| {
        let instruction = refresh(&mut world);
        world.does(&[instruction]).compute_units
    });
    for _ in 0..MAX_MARKETS {
        world.creates_market(SOL_PERP);
    }
    let again = refresh(&mut world);
    let shape = "1 feed, 1 bank, 64 markets";
    let all = book.measure("refresh_prices.64_markets", shape, &mut world, again).compute_units;
    let now = world.now();
    assert!(world.board().markets.iter().all(|market| market.publish_time == now));
    book.note("refresh.per_market", "each of 64 markets on one feed", (all - none).div_ceil(64));
}

/// The quote token's bank and one other.
fn one_feed() -> World {
    let mut world = World::bare();
    world.makes_mints(&TOKENS);
    world.creates_exchange(&TOKENS[0]);
    world.creates_board();
    TOKENS[..2].iter().for_each(|token| world.registers(*token));
    world
}

/// A bank whose weights are on their way, and whose deposits count less because there are many.
fn ramping(book: &mut Book) {
    let mut world = lived_in();
    world.sets("bank.liability_weight_maint", SOL, percent(115));
    world.sets("bank.asset_weight_maint", SOL, percent(85));
    world.sets("bank.scale_start", SOL, usdc(1_000));
    world.passes(hours(1));
    let instruction = published(&mut world, 1);
    let shape = "1 feed; 1 bank, both weights on their way, scaled by its deposits; an hour late";
    let before = world.board().banks[1].values.asset_strict;
    book.measure("refresh_prices.ramping", shape, &mut world, instruction);
    assert!(world.board().banks[1].values.asset_strict != before);
}
