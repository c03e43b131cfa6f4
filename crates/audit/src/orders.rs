//! Orders: what accounts list, reserve and wait for is what books and queues hold.

use crate::ledger::{Ledger, Trading};
use plimsoll::state::MarginAccount;
use plimsoll_client::book::{Node, OrderId, Side, Size, Ticks, audit::audit};
use plimsoll_risk::{layout::account::OpenOrder, num::Quote};
use solana_pubkey::Pubkey;

const SIDES: [Side; 2] = [Side::Bid, Side::Ask];

/// I-13 `books_are_sound`: both sides keep every promise of their structure, and no two orders cross that could fill now at
/// fixed prices, whoever is at hand. (A reduce-only order whose account is not here lets takers pass.)
pub(crate) fn books_are_sound(trading: &Trading, now: i64) {
    let index = trading.market.index;
    for side in SIDES {
        let view = trading.book.side(side);
        assert_eq!(Pubkey::from(view.header().market.0), trading.address, "{side:?}s of market {index}");
        if let Err(fault) = audit(&view) {
            panic!("{side:?}s of market {index}: {fault:?}");
        }
    }
    let now = u32::try_from(now).expect("a time of this century");
    let best = |side| {
        let mut orders = trading.book.side(side).orders(None, now);
        orders.find(|resting| !resting.order.is_reduce_only()).map(|resting| resting.price)
    };
    if let (Some(bid), Some(ask)) = (best(Side::Bid), best(Side::Ask)) {
        assert!(bid < ask, "the book of market {index} is crossed: {bid:?} meets {ask:?}");
    }
}

/// I-13 `listed_orders_are_those_of_the_book`: every order of a book stands in its owner's account, in the slot that the book
/// names; and every listed order rests there, or waits in the queue to be struck off.
pub(crate) fn listed_orders_are_those_of_the_book(ledger: &Ledger, trading: &Trading) {
    for side in SIDES {
        for (at, node) in trading.book.all(side) {
            let owner = Pubkey::from(node.owner.0);
            let account = ledger.accounts.get(&owner).expect("an order of nobody");
            let listed = &account.orders[usize::from(node.slot)];
            assert_eq!(listed.id, node.id.get(), "order slot {} of {owner}", node.slot);
            assert_eq!((listed.node, listed.market), (at, trading.market.index), "an order of {owner}");
            assert_eq!(listed.client_id, node.client_id, "client id of an order of {owner}");
        }
    }
    for (address, account) in &ledger.accounts {
        for (slot, order) in listed(account, trading.market.index) {
            let id = OrderId::new(order.id);
            let rests = trading.book.order(id, order.node).is_some_and(|node| of(node, address, slot));
            let mut waiting = trading.waiting_for(*address);
            let leaves =
                waiting.any(|it| it.closes_order() && it.order == id && usize::from(it.slot) == slot);
            assert!(rests != leaves, "{address} lists {id:?}: rests {rests}, waits to leave {leaves}");
        }
    }
}

fn listed(account: &MarginAccount, market: u8) -> impl Iterator<Item = (usize, &OpenOrder)> {
    account.orders.iter().enumerate().filter(move |(_, order)| order.id != 0 && order.market == market)
}

fn of(node: &Node, owner: &Pubkey, slot: usize) -> bool {
    node.owner.0 == owner.to_bytes() && usize::from(node.slot) == slot
}

/// I-13 `what_is_reserved_rests_or_waits`: an account's bids and asks in a market, in lots and at their limits in quote, are
/// those of its resting orders and of what waits for it in the queue.
pub(crate) fn what_is_reserved_rests_or_waits(ledger: &Ledger, trading: &Trading) {
    let market = trading.market;
    for (address, account) in &ledger.accounts {
        let mut reserved = [(0u64, 0u64); 2];
        let mut reserve = |side: Side, lots: Size, limit| {
            let sum = &mut reserved[usize::from(side.code())];
            sum.0 += u64::from(lots.get());
            sum.1 += market.worth_at(limit, lots).expect("a worth");
        };
        for (_, order) in listed(account, market.index) {
            let id = OrderId::new(order.id);
            if let Some(node) = trading.book.order(id, order.node) {
                reserve(id.side(), node.lots, limit(node, id.side()));
            }
        }
        for waiting in trading.waiting_for(*address) {
            reserve(waiting.side(), waiting.lots, waiting.limit);
        }
        let held = account.place_of(market.index).map(|place| &account.positions[place]);
        let held = held.map_or([(0, 0); 2], |held| {
            let quote = |quote: Quote| quote.get().unsigned_abs();
            [(held.bids.into(), quote(held.bids_quote)), (held.asks.into(), quote(held.asks_quote))]
        });
        assert_eq!(held, reserved, "bids and asks of {address} in market {}", market.index);
    }
}

/// The worst price of an order: its own, or where a pegged one does not go beyond.
fn limit(node: &Node, side: Side) -> Ticks {
    if node.is_pegged() { node.peg_limit } else { side.price(node.rank) }
}
