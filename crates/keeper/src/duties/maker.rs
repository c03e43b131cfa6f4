//! A market maker's quotes: a ladder around the index.

use super::{companions, task};
use crate::{
    config::Making,
    desk::{Task, View},
    store::MarketEntry,
};
use plimsoll::premium;
use plimsoll_client::{
    book::{OrderId, Side},
    instructions::{order::Order, trade::Trading},
};
use plimsoll_risk::layout::account::MarginAccount;

/// Makers that a batch has room for.
const COMPANIONS: usize = 6;
const BPS: u64 = 10_000;

/// New quotes where the index has moved or orders are missing: what is there is cancelled and the ladder placed, in one
/// transaction. What of the crowd's orders is in the way is filled.
pub fn quotes(view: &View<'_>, settings: &Making) -> Vec<Task> {
    let Some(own) = view.store.account(&view.own.account) else { return Vec::new() };
    let is_quoted =
        |entry: &&MarketEntry| settings.markets.is_empty() || settings.markets.contains(&entry.market.index);
    view.store.markets().filter(is_quoted).filter_map(|entry| quote(view, settings, entry, &own)).collect()
}

fn quote(view: &View<'_>, settings: &Making, entry: &MarketEntry, own: &MarginAccount) -> Option<Task> {
    let market = entry.market.index;
    let terms = view.board.market(market).ok().filter(|terms| terms.valid_until >= view.now)?;
    let index = u64::from(premium::index_ticks(terms, entry.market.tick_lot)?.get());
    let resting: Vec<OrderId> = own
        .orders
        .iter()
        .filter(|order| order.id != 0 && order.market == market)
        .map(|order| OrderId::new(order.id))
        .collect();
    if resting.len() == settings.ladder_bps.len().saturating_mul(2)
        && !has_moved(view, settings, market, index)
    {
        return None;
    }
    let of_a_lot = index.saturating_mul(entry.market.tick_lot.into());
    let lots = settings.rung.checked_div(of_a_lot).unwrap_or(0);
    let lots = u32::try_from(lots).unwrap_or(u32::MAX).max(entry.market.minimum_lots).max(1);
    let ladder: Vec<Order> = settings.ladder_bps.iter().flat_map(|away| rung(index, *away, lots)).collect();
    let makers = companions(view, market, COMPANIONS, &[view.own.account]);
    let trading = Trading { market: entry.at, account: view.own.account, trader: view.own.owner };
    Some(task("batch", trading.batch(&resting, &ladder, &[], &makers)))
}

/// A bid and an ask so far from the index, ticks rounded away from it.
fn rung(index: u64, away_bps: u32, lots: u32) -> [Order; 2] {
    let away = index.saturating_mul(away_bps.into()).div_ceil(BPS).max(1);
    let ticks = |price: u64| u32::try_from(price).unwrap_or(u32::MAX).max(1);
    [
        Order::limit(Side::Bid, lots, ticks(index.saturating_sub(away))),
        Order::limit(Side::Ask, lots, ticks(index.saturating_add(away))),
    ]
}

/// Whether the middle of one's own best orders is further from the index than the settings allow; also where one side of them
/// cannot be found.
fn has_moved(view: &View<'_>, settings: &Making, market: u8, index: u64) -> bool {
    let (Some(book), Ok(now)) = (view.store.book(market), u32::try_from(view.now)) else { return true };
    let best = |side: Side| {
        let mut own = book.side(side).orders(None, now);
        let found = own.find(|resting| resting.order.owner.0 == view.own.account.to_bytes());
        found.map(|resting| u64::from(resting.price.get()))
    };
    let (Some(bid), Some(ask)) = (best(Side::Bid), best(Side::Ask)) else { return true };
    let middle = bid.midpoint(ask);
    middle.abs_diff(index).saturating_mul(BPS) > index.saturating_mul(settings.move_bps.into())
}
