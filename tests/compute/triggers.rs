//! Trigger orders.

use crate::{
    book::Book,
    desks::{LOTS, PERP, adversarial, price},
};
use harness::World;
use plimsoll_client::{
    book::Side,
    instructions::trigger::{Execution, Trigger, cancel_trigger},
};

pub fn measure(book: &mut Book) {
    let mut world = adversarial();
    for _ in 0..7 {
        world.trader("alice").places_trigger(PERP, Trigger::stop_loss(Side::Ask, 1));
    }
    let reached = Trigger::stop_loss(Side::Ask, price(Side::Ask, 0)).lots(LOTS);
    let place = world.trader("alice").trading(PERP).place_trigger(&reached);
    let receipt = book.measure("place_trigger", "the last of 8", &mut world, place);
    let slot = receipt.trigger_slot();
    assert_eq!((slot, triggers(&world)), (7, 8));

    let mut other = world.clone();
    let trader = other.trader("alice").key();
    let cancel = cancel_trigger(other.exchange.board, other.account_of("alice"), trader, slot);
    book.measure("cancel_trigger", "the last of 8", &mut other, cancel);
    assert_eq!(triggers(&other), 7);
    executes(book, world, slot);
}

fn executes(book: &mut Book, mut world: World, slot: u8) {
    world.trader("keeper");
    let execution = Execution {
        market: world.market_of(PERP),
        account: world.account_of("alice"),
        keeper: world.account_of("keeper"),
        quote_bank: world.quote_bank(),
    };
    let makers = [world.account_of("m0")];
    let before = world.lots("alice", PERP);
    let shape = "the last of 8; 16 balances, 2 debts, 16 positions with funding due, 31 orders; fills 1 maker, settled \
                 at once, of a book 14 levels deep, its premium observed";
    book.measure("execute_trigger", shape, &mut world, execution.execute(slot, &[], &makers));
    assert_eq!(world.lots("alice", PERP), before - LOTS as i32);
    assert_eq!(triggers(&world), 7);
    let quote = world.tokens()[0];
    assert!(world.balance("keeper", quote) > 0, "the keeper earned");
}

fn triggers(world: &World) -> u32 {
    world.account("alice").header.triggers_in_use.count_ones()
}
