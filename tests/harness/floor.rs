//! A trading floor: people with money around a book, and what they see of it.

use crate::{
    Receipt, World,
    perps::Perp,
    tokens::{USDC, usdc},
    trader::Trader,
};
use plimsoll::events::{MakerChange, Ordered};
use plimsoll_client::{
    book::{Node, OrderId, Side},
    events::Event,
    instructions::order::Order,
};
use plimsoll_risk::num::RATIO_BITS;

/// What everybody on a floor begins with, whole quote.
pub const STAKE: u32 = 1_000_000;

impl World {
    /// A world with these markets in which these people hold a million quote each.
    pub fn floor(perps: &[Perp], names: &[&str]) -> Self {
        let mut world = Self::with_markets(perps);
        world.stakes(names);
        world
    }

    /// These people deposit a million quote each.
    pub fn stakes(&mut self, names: &[&str]) {
        for name in names {
            self.trader(name).deposits(USDC, usdc(STAKE));
        }
    }

    /// What somebody's orders reserve in a market, resting or waiting in the queue: lots and native quote, bids then asks.
    pub fn reserved(&self, name: &str, perp: Perp) -> [(u32, i64); 2] {
        let held = self.position(name, perp);
        [(held.bids, held.bids_quote.get()), (held.asks, held.asks_quote.get())]
    }

    /// What one lot at a price in ticks needs at the market's initial ratio, native quote, rounded down: of positions too
    /// small for the size factor to matter.
    pub fn initial_margin_of_a_lot(&self, perp: Perp, ticks: u32) -> u64 {
        let ratio = u64::from(self.terms(perp).initial_ratio.get());
        (perp.worth(1, ticks) * ratio) >> RATIO_BITS
    }

    /// How many orders somebody's account lists.
    pub fn listed(&self, name: &str) -> u32 {
        self.account(name).header.orders_in_use.count_ones()
    }

    /// An order as it rests, by its id alone.
    pub fn resting(&self, perp: Perp, id: OrderId) -> Option<&Node> {
        self.book(perp).all(id.side()).map(|(_, node)| node).find(|node| node.id == id)
    }

    /// How many orders rest on a side.
    pub fn depth(&self, perp: Perp, side: Side) -> u32 {
        self.book(perp).side(side).len()
    }

    /// How many fills wait for their makers.
    pub fn waiting(&self, perp: Perp) -> u32 {
        self.queue(perp).header().live
    }
}

impl Trader<'_> {
    /// Lets a bid rest: so many lots at a price in ticks.
    pub fn bids(&mut self, perp: Perp, lots: u32, price: u32) -> OrderId {
        self.places(perp, Order::limit(Side::Bid, lots, price).post_only()).rests()
    }

    /// Lets an ask rest: so many lots at a price in ticks.
    pub fn asks(&mut self, perp: Perp, lots: u32, price: u32) -> OrderId {
        self.places(perp, Order::limit(Side::Ask, lots, price).post_only()).rests()
    }
}

impl Receipt {
    /// What became of every order that was placed.
    pub fn all_ordered(&self) -> Vec<&Ordered> {
        let ordered = self.events.iter().filter_map(|event| match event {
            Event::Ordered(ordered) => Some(ordered),
            _ => None,
        });
        ordered.collect()
    }

    /// What happened to makers, whether an order or a liquidation met them or their waiting fills were applied.
    pub fn makers(&self) -> Vec<&MakerChange> {
        let makers = self.events.iter().flat_map(|event| match event {
            Event::Ordered(ordered) => ordered.makers.as_slice(),
            Event::FillsApplied(applied) => applied.makers.as_slice(),
            Event::LiquidatedIntoBook(liquidated) => liquidated.makers.as_slice(),
            _ => &[],
        });
        makers.collect()
    }

    /// Ids of the orders that were cancelled.
    pub fn cancelled(&self) -> Vec<OrderId> {
        let cancelled = self.events.iter().flat_map(|event| match event {
            Event::Cancelled(cancelled) => cancelled.orders.as_slice(),
            _ => &[],
        });
        cancelled.map(|order| OrderId::new(order.order)).collect()
    }
}
