//! A liquidator gives back what it took over: into the book, near the index, reducing only.

use super::{COMPANIONS, maker};
use crate::desk::{Task, View};
use plimsoll_client::{book::Side, instructions::trade::Trading};
use plimsoll_risk::layout::account::Position;
use plimsoll_sim::quoting::{Quoted, unwinding};

/// Lots to be given back.
#[derive(Clone, Debug)]
pub struct Unwinding {
    /// The market's place on the board.
    pub market: u8,
    /// What is held there.
    pub lots: i32,
    /// The order.
    pub task: Task,
}

/// All lots of the keeper's own for which somebody bids, or that somebody offers, within reach of the index, hundredths of a
/// percent; 0 gives nothing back.
pub fn unwindings(view: &View<'_>, reach_bps: u32) -> Vec<Unwinding> {
    let Some(own) = view.store.account(&view.own.account).filter(|_| reach_bps != 0) else {
        return Vec::new();
    };
    let held = own.positions.iter().filter(|position| !position.is_free());
    held.filter_map(|position| unwind(view, position, reach_bps)).collect()
}

fn unwind(view: &View<'_>, position: &Position, reach_bps: u32) -> Option<Unwinding> {
    let entry = view.store.market(position.market)?;
    let back = unwinding(&maker::instrument(view, entry)?, position.lots.get(), reach_bps)?;
    if !is_taken(view, position.market, &back) {
        return None;
    }
    let own = view.own;
    let side = if back.is_bid { Side::Ask } else { Side::Bid };
    let makers = view.store.owners(position.market, side, view.now, COMPANIONS, &[own.account]);
    let trading = Trading { market: entry.at, account: own.account, trader: own.owner };
    let order = maker::order(back).immediate().reduce_only();
    let until = view.board.market(position.market).ok()?.valid_until;
    let task = Task::new("place_order", trading.place(&order, &[], &makers)).until(until);
    Some(Unwinding { market: position.market, lots: position.lots.get(), task })
}

/// Whether the first order on the other side is good enough, and somebody else's.
fn is_taken(view: &View<'_>, market: u8, back: &Quoted) -> bool {
    let (Some(book), Ok(now)) = (view.store.book(market), u32::try_from(view.now)) else { return false };
    let side = if back.is_bid { Side::Ask } else { Side::Bid };
    let first = book.side(side).orders(None, now).find(|resting| !resting.order.is_reduce_only());
    first.is_some_and(|resting| {
        let price = resting.price.get();
        let is_good = if back.is_bid { price <= back.ticks } else { price >= back.ticks };
        is_good && resting.order.owner.0 != view.own.account.to_bytes()
    })
}
