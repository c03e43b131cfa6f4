//! Deleveraging: for whoever causes it, and for everybody whom it reaches.

use crate::{
    book::Book,
    desks::{LOTS, PERP, adversarial, deepest_price, funding_runs, near},
};
use harness::{
    World,
    tokens::{USDC, usdc},
};
use plimsoll_client::{
    book::Side,
    instructions::{
        liquidation::{self, Scope},
        order::Order,
    },
};
use plimsoll_risk::deleveraging::WHOLE_LOT;

/// Short, and insolvent.
const SHORT: &str = "insolvent short";

pub fn measure(book: &mut Book) {
    let world = deleverages(book);
    touches(book, &world);
    applies(book, &world);
}

/// Whoever is insolvent beyond the deadline, with lots in the market that is measured.
fn insolvent() -> World {
    let mut world = adversarial();
    world.trader(SHORT).deposits(USDC, usdc(150));
    for _ in 0..2 {
        world.trader("bob").meeting(&[]).places(PERP, Order::limit(Side::Bid, 1_000, near(PERP, 0)));
        world.trader(SHORT).meeting(&["bob"]).shorts(PERP, 1_000);
    }
    world.oracle().moves(PERP.token, 49);
    funding_runs(&mut world);
    funding_runs(&mut world);
    for _ in 0..2 {
        world.trader("keeper").assesses(SHORT, Scope::Cross);
        funding_runs(&mut world);
    }
    world.trader("keeper").assesses(SHORT, Scope::Cross);
    world
}

fn deleverages(book: &mut Book) -> World {
    let mut world = insolvent();
    let (market, account) = (world.market_of(PERP), world.account_of(SHORT));
    let had = world.lots(SHORT, PERP);
    world.trader("keeper").deleverages(SHORT, PERP, 200);
    // Whoever comes between two deleveragings has a snapshot that is no whole lot.
    world.trader("keeper").applies_deleveraging_of("bob", PERP);
    let deleverage = liquidation::deleverage(&market, account, 300, &[]);
    let shape = "1 balance, 1 position; the second of its side";
    book.measure("deleverage", shape, &mut world, deleverage);
    assert_eq!(world.lots(SHORT, PERP), had + 500);
    funding_runs(&mut world);
    assert_ne!(world.position("bob", PERP).deleveraging_a, WHOLE_LOT);
    world
}

/// What a pending deleveraging adds to an order: against the same order once it has been applied.
fn touches(book: &mut Book, world: &World) {
    let at = deepest_price(Side::Bid);
    let cost = |applied: bool| {
        let mut world = world.clone();
        let before = world.lots("bob", PERP);
        if applied {
            world.trader("keeper").applies_deleveraging_of("bob", PERP);
            funding_runs(&mut world);
        }
        let receipt = world.trader("bob").places(PERP, Order::limit(Side::Bid, LOTS, at));
        assert!(world.lots("bob", PERP) < before);
        assert_eq!(receipt.events.len(), if applied { 1 } else { 2 });
        receipt.compute_units
    };
    let (pending, applied) = (cost(false), cost(true));
    let shape = "an order whose position a second deleveraging waits for, less the same order once it is applied; \
                 funding due on both";
    book.note("deleverage.touch", shape, pending - applied);
}

fn applies(book: &mut Book, world: &World) {
    let mut world = world.clone();
    let before = world.lots("alice", PERP);
    let apply = liquidation::apply_deleveraging(&world.market_of(PERP), world.account_of("alice"));
    let shape = "the last of 16 positions, with funding due";
    book.measure("apply_deleveraging", shape, &mut world, apply);
    assert!(world.lots("alice", PERP) < before);
}
