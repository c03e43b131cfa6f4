//! The worlds that trading is measured in: 16 markets, one of them with a book that an adversary has shaped.

use crate::{
    shapes::{LATE, TOKENS, full, lends, refresh_everything},
    tree,
};
use harness::{
    World,
    perps::Perp,
    tokens::{SOL, USDC, sol, usdc},
};
use plimsoll_client::{
    book::{OrderId, Side, audit},
    instructions::order::Order,
};
use std::sync::OnceLock;

/// As many as an account has positions; the last one is that which is traded in.
pub const MARKETS: usize = 16;

/// A perpetual on each of the first tokens that have a feed.
pub const PERPS: [Perp; MARKETS] = {
    let mut all = [perp(1); MARKETS];
    let mut place = 0;
    while place < MARKETS {
        all[place] = perp(place + 1);
        place += 1;
    }
    all
};

const fn perp(token: usize) -> Perp {
    let token = TOKENS[token];
    Perp { name: token.name, token, lots_per_unit: 100, tick_lot: 1, minimum_lots: 1 }
}

/// The one whose book is measured; in every account it is the last that a position was opened in.
pub const PERP: Perp = PERPS[MARKETS - 1];

/// Makers that a taker meets first, each with the best order that the ones before left.
pub const MAKERS: [&str; 10] = ["m0", "m1", "m2", "m3", "m4", "m5", "m6", "m7", "m8", "m9"];
/// Lots of each order, but for one a side.
pub const LOTS: u32 = 10;
/// Orders that an observation of the premium looks at, of which only the last one reaches the depth that it looks for.
const OBSERVED: u64 = 4;

/// Worth 100 or so, in lots.
pub fn some_lots(perp: Perp) -> u32 {
    (10_000.0 / perp.token.price).ceil() as u32
}

/// A price so many hundredths of a percent from where the oracles say.
pub fn near(perp: Perp, bps: i32) -> u32 {
    let ticks = perp.ticks(perp.token.price);
    ticks.checked_add_signed((f64::from(ticks) * f64::from(bps) / 10_000.0) as i32).expect("a price")
}

/// A price of the measured book by twice its place from the best, which leaves room for one between two places.
pub fn price(side: Side, twice: usize) -> u32 {
    let away = i32::try_from(twice).expect("a small number");
    match side {
        Side::Bid => near(PERP, -10) - away.unsigned_abs(),
        Side::Ask => near(PERP, 50) + away.unsigned_abs(),
    }
}

/// Where a new order goes the deepest into the measured book.
pub fn deepest_price(side: Side) -> u32 {
    price(side, 2 * tree::deepest_gap() - 1)
}

/// 16 markets whose funding runs, lenders, fresh prices, nobody in the measured market.
pub fn opened() -> World {
    let mut world = full();
    for perp in PERPS {
        world.creates_market(perp);
        world.sets_standard_market_terms(perp);
    }
    let half_of_the_last = u64::from(LOTS) * (2 * OBSERVED - 1) / 2;
    let depth = half_of_the_last * u64::from(near(PERP, 0)) * u64::from(PERP.tick_lot);
    world.sets_in_market("market.impact_notional", PERP, depth);
    let market = world.market_of(PERP);
    for side in [market.bids, market.asks] {
        world.grows_book(PERP, side, 9);
    }
    world.grows_book(PERP, market.queue, 3);
    let mut world = lends(world.opens());
    world.trader("counterparty").deposits(USDC, usdc(1_000_000));
    for perp in &PERPS[..MARKETS - 1] {
        let deep = some_lots(*perp) * 60;
        let orders =
            [Order::limit(Side::Ask, deep, near(*perp, 50)), Order::limit(Side::Bid, deep, near(*perp, -10))];
        world.trader("counterparty").batches(*perp, &[], &orders);
    }
    world
}

/// Opens 14 deposits and 2 debts, of which SOL's is the last balance.
pub fn fills_balances(world: &mut World, name: &str) {
    world.trader(name).deposits(USDC, usdc(5));
    let held = TOKENS[3..12].iter().copied().chain(LATE.map(|late| late.token));
    for token in held {
        world.trader(name).deposits(token, token.units(1_000));
    }
    world.trader(name).borrows(TOKENS[12], TOKENS[12].units(10));
    world.trader(name).borrows(SOL, sol(10));
}

/// A long in a market, and an order on each side of its book.
pub fn enters(world: &mut World, name: &str, perp: Perp) {
    let lots = some_lots(perp);
    world.trader(name).meeting(&["counterparty"]).longs(perp, lots);
    let orders =
        [Order::limit(Side::Bid, lots, near(perp, -100)), Order::limit(Side::Ask, lots, near(perp, 150))];
    world.trader(name).batches(perp, &[], &orders);
}

/// Funding runs for a while, then all prices are fresh again; nothing has been observed in this slot.
pub fn funding_runs(world: &mut World) {
    for _ in 0..3 {
        world.passes(60);
        refresh_everything(world);
    }
    world.passes(1);
}

/// Alice has 16 balances with 2 debts, and has entered all markets but the measured one, one after the other: a world for
/// each number of positions, 1 to 15.
pub fn entering() -> &'static [World] {
    static WORLDS: OnceLock<Vec<World>> = OnceLock::new();
    WORLDS.get_or_init(|| {
        let mut world = opened();
        fills_balances(&mut world, "alice");
        let mut worlds = Vec::new();
        for perp in &PERPS[..MARKETS - 1] {
            enters(&mut world, "alice", *perp);
            worlds.push(world.clone());
        }
        worlds
    })
}

/// Alice with as much as an account holds but for one order; bob with one position; both long in the measured market, whose
/// makers are short. Its book is as deep as 986 orders a side make it. Funding is due on every position.
pub fn adversarial() -> World {
    static WORLD: OnceLock<World> = OnceLock::new();
    WORLD.get_or_init(build_adversarial).clone()
}

fn build_adversarial() -> World {
    let mut world = entering()[MARKETS - 2].clone();
    world.trader("bob").deposits(USDC, usdc(10_000));
    for name in MAKERS {
        makes_in_all_markets(&mut world, name);
    }
    for (name, lots) in [("alice", 1_000), ("bob", 1_000)] {
        for maker in MAKERS {
            world.trader(maker).places(PERP, Order::limit(Side::Ask, lots / 10, near(PERP, 0)));
        }
        world.trader(name).meeting(&MAKERS).longs(PERP, lots);
    }
    for side in [Side::Ask, Side::Bid] {
        fills_side(&mut world, side);
        let shape = audit::audit(&world.book(PERP).side(side)).expect("a sound side");
        assert_eq!(shape.fixed_depth, 14, "levels");
    }
    funding_runs(&mut world);
    assert_funding_is_due(&world, "alice", 16);
    assert_funding_is_due(&world, "bob", 1);
    assert_eq!(open_orders(&world, "alice"), 31);
    world
}

/// Positions in all markets, the measured one's last.
fn makes_in_all_markets(world: &mut World, name: &str) {
    world.trader(name).deposits(USDC, usdc(100_000));
    for perp in &PERPS[..MARKETS - 1] {
        world.trader(name).places(*perp, Order::limit(Side::Bid, 1, near(*perp, -200)));
    }
}

/// Level by level of the deepest tree. The makers have the best orders, alice the worst bid; the others' are fillers'.
fn fills_side(world: &mut World, side: Side) {
    let (mut run, mut owner_of_run) = (Vec::new(), String::new());
    let mut fillers = 0;
    for place in tree::insertion_order() {
        let owner = match place {
            0..10 => MAKERS[place].to_owned(),
            _ if place + 1 == tree::ORDERS && side == Side::Bid => "alice".to_owned(),
            _ => {
                fillers += 1;
                filler(side, (fillers - 1) / 32)
            }
        };
        if owner != owner_of_run || run.len() == 16 {
            places_all(world, &owner_of_run, &run);
            (run, owner_of_run) = (Vec::new(), owner);
        }
        run.push(Order::limit(side, LOTS, price(side, 2 * place)).client_id(7));
    }
    places_all(world, &owner_of_run, &run);
}

/// One of those with 32 orders in the measured market.
pub fn filler(side: Side, number: usize) -> String {
    format!("filler {number} of {side:?}s")
}

fn places_all(world: &mut World, owner: &str, orders: &[Order]) {
    if orders.is_empty() {
        return;
    }
    if owner.starts_with("filler") && open_orders(world, owner) == 0 {
        world.trader(owner).deposits(USDC, usdc(100_000));
    }
    world.trader(owner).batches(PERP, &[], orders);
}

/// How many orders somebody has, in all markets.
pub fn open_orders(world: &World, name: &str) -> u32 {
    let opened = world.chain.account(&world.account_of(name)).is_some();
    if opened { world.account(name).header.orders_in_use.count_ones() } else { 0 }
}

/// Somebody's orders in the measured market.
pub fn orders_of(world: &World, name: &str) -> Vec<OrderId> {
    let index = world.market_of(PERP).index;
    let account = world.account(name);
    let there = account.orders.iter().filter(|order| order.id != 0 && order.market == index);
    there.map(|order| OrderId::new(order.id)).collect()
}

/// So many positions with lots, all of which owe or are owed funding.
pub fn assert_funding_is_due(world: &World, name: &str, positions: usize) {
    let account = world.account(name);
    let board = world.board();
    let due = account.positions.iter().filter(|position| {
        let terms = &board.markets[usize::from(position.market)];
        position.flags != 0 && !position.lots.is_zero() && position.funding != terms.funding
    });
    assert_eq!(due.count(), positions, "positions of {name} with funding due");
}
