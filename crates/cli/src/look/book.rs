//! A market's book: prices with what rests at each, the best ones where they meet.

use super::table::table;
use crate::{
    Refusal,
    exchange::{Exchange, MarketEntry},
    figure::Figure,
};
use plimsoll::premium::index_ticks;
use plimsoll_client::{
    book::{BookView as Sides, Side, Ticks},
    rpc::Book,
};
use serde::Serialize;
use std::fmt;

/// One price of a side.
#[derive(Debug, Serialize)]
pub struct LevelView {
    /// What its orders fill at.
    pub price: Figure,
    /// What rests at it.
    pub size: Figure,
    /// What rests at it or at better prices.
    pub total: Figure,
    /// Orders at it.
    pub orders: u32,
}

/// Both sides, the best price first.
#[derive(Debug, Serialize)]
pub struct DepthView {
    /// The market.
    pub market: String,
    /// Where pegged orders stand; nothing without a price.
    pub index: Option<Figure>,
    /// Buyers.
    pub bids: Vec<LevelView>,
    /// Sellers.
    pub asks: Vec<LevelView>,
    /// Orders on both sides, those included that cannot fill now.
    pub orders: u32,
}

impl DepthView {
    /// As it is, to so many prices a side.
    ///
    /// # Errors
    /// `Failed` where the accounts are no book.
    pub fn of(exchange: &Exchange, entry: &MarketEntry, book: &Book, depth: usize) -> Result<Self, Refusal> {
        let sides = book.view().map_err(|error| Refusal::Failed(error.to_string()))?;
        let index = oracle(exchange, entry);
        let side = |side| levels(&sides, side, entry, index, exchange.now, depth);
        Ok(Self {
            market: entry.name.clone(),
            index: index.map(|ticks| Figure::ticks(ticks, &entry.scale)),
            bids: side(Side::Bid),
            asks: side(Side::Ask),
            orders: sides.bids.len().saturating_add(sides.asks.len()),
        })
    }
}

/// The index in ticks; nothing without a price.
pub fn oracle(exchange: &Exchange, entry: &MarketEntry) -> Option<Ticks> {
    index_ticks(exchange.board.market(entry.market.index).ok()?, entry.market.tick_lot)
}

fn levels(
    book: &Sides<'_>,
    side: Side,
    entry: &MarketEntry,
    oracle: Option<Ticks>,
    now: i64,
    depth: usize,
) -> Vec<LevelView> {
    let mut found: Vec<(Ticks, u64, u32)> = Vec::new();
    for resting in book.side(side).orders(oracle, u32::try_from(now).unwrap_or(u32::MAX)) {
        let (lots, is_full) = (u64::from(resting.order.lots.get()), found.len() == depth);
        match found.last_mut().filter(|(price, ..)| *price == resting.price) {
            Some((_, size, orders)) => {
                (*size, *orders) = (size.saturating_add(lots), orders.saturating_add(1));
            }
            None if is_full => break,
            None => found.push((resting.price, lots, 1)),
        }
    }
    let mut total = 0u64;
    let level = |(price, size, orders): (Ticks, u64, u32)| {
        total = total.saturating_add(size);
        LevelView {
            price: Figure::ticks(price, &entry.scale),
            size: Figure::lots(size, &entry.scale),
            total: Figure::lots(total, &entry.scale),
            orders,
        }
    };
    found.into_iter().map(level).collect()
}

impl fmt::Display for DepthView {
    /// Asks from the highest down, the index, bids.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let row = |side: &str, it: &LevelView| {
            [
                side.to_owned(),
                it.price.to_string(),
                it.size.to_string(),
                it.total.to_string(),
                it.orders.to_string(),
            ]
        };
        let asks = self.asks.iter().rev().map(|it| row("ask", it));
        let index = self.index.iter().map(|index| {
            ["index".to_owned(), index.to_string(), String::new(), String::new(), String::new()]
        });
        let bids = self.bids.iter().map(|it| row("bid", it));
        let rows = asks.chain(index).chain(bids);
        writeln!(out, "{}: {} orders\n", self.market, self.orders)?;
        write!(out, "{}", table(&["", "price", "size", "total", "orders"], rows))
    }
}
