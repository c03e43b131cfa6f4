//! An account's orders: those that rest or wait, and those that wait for a price.

use super::table::{or_dash, table};
use crate::{
    Refusal,
    amounts::show_seconds,
    exchange::{Exchange, MarketEntry},
    figure::Figure,
};
use plimsoll::{
    instructions::trigger::{STOP_LOSS, TAKE_PROFIT, TRAILING_STOP},
    state::MarginAccount,
};
use plimsoll_client::{
    book::{BookView, Node, OrderId, Side, Ticks},
    rpc::{Book, Reader},
};
use plimsoll_risk::layout::account::{OpenOrder, TriggerOrder};
use serde::Serialize;
use std::{
    collections::{BTreeMap, btree_map::Entry},
    fmt,
};

/// One order.
#[derive(Debug, Serialize)]
pub struct OrderView {
    /// Its market.
    pub market: String,
    /// Its number in the market's book, by which it is cancelled.
    pub order: String,
    /// The number that the client gave it; 0 is none.
    pub client_id: String,
    /// `buy` or `sell`.
    pub side: &'static str,
    /// `rests`, or `filled`: it left the book and waits for its fills to be applied.
    pub state: &'static str,
    /// Its price, of a pegged order its limit.
    pub price: Option<Figure>,
    /// What is left of it.
    pub size: Option<Figure>,
    /// When its time is over, unix seconds; nothing for never.
    pub expires_at: Option<u32>,
    /// Whether its price follows the oracle's.
    pub pegged: bool,
    /// Whether it may only reduce the position.
    pub reduce_only: bool,
}

/// One order that waits for the oracle price.
#[derive(Debug, Serialize)]
pub struct TriggerView {
    /// Its market.
    pub market: String,
    /// Its slot in the account, by which it is cancelled.
    pub slot: u8,
    /// The number that the client gave it; 0 is none.
    pub client_id: String,
    /// `stop-loss`, `take-profit` or `trailing-stop`.
    pub kind: &'static str,
    /// `buy` or `sell`.
    pub side: &'static str,
    /// The oracle price that sets it off.
    pub trigger: Figure,
    /// The worst price that it may fill at.
    pub limit: Figure,
    /// How much of the position it closes.
    pub size: Figure,
    /// Distance of a trailing stop from the best price.
    pub trail: Option<Figure>,
    /// When it lapses, unix seconds; nothing for never.
    pub expires_at: Option<i64>,
}

/// All of an account's orders.
#[derive(Debug, Serialize)]
pub struct Orders {
    /// Those on a book, or filled and waiting.
    pub orders: Vec<OrderView>,
    /// Those that wait for a price.
    pub triggers: Vec<TriggerView>,
    #[serde(skip)]
    now: i64,
}

impl Orders {
    /// Reads the books of the account's orders, and finds them there.
    ///
    /// # Errors
    /// `Failed`: the network does not answer, or an account is no book.
    pub fn read(reader: &Reader, exchange: &Exchange, account: &MarginAccount) -> Result<Self, Refusal> {
        let mut books: BTreeMap<u8, Book> = BTreeMap::new();
        let mut orders = Vec::new();
        for order in account.orders.iter().filter(|order| order.id != 0) {
            let Some(market) = exchange.markets.get(usize::from(order.market)) else { continue };
            let book = match books.entry(order.market) {
                Entry::Occupied(known) => known.into_mut(),
                Entry::Vacant(unknown) => unknown.insert(reader.book(&market.at)?),
            };
            let book = book.view().map_err(|error| Refusal::Failed(error.to_string()))?;
            orders.push(order_view(market, order, &book));
        }
        Ok(Self { orders, triggers: triggers(exchange, account), now: exchange.now })
    }

    /// When they were read, by the chain's clock.
    pub const fn now(&self) -> i64 {
        self.now
    }

    fn resting(&self) -> String {
        const HEADS: [&str; 7] = ["market", "side", "size", "price", "order", "expires", "is"];
        let rows = self.orders.iter().map(|it| {
            [
                it.market.clone(),
                it.side.to_owned(),
                or_dash(it.size.as_ref()),
                or_dash(it.price.as_ref()),
                it.order.clone(),
                expiry(it.expires_at.map(i64::from), self.now),
                it.kind(),
            ]
        });
        table(&HEADS, rows)
    }

    fn waiting(&self) -> String {
        const HEADS: [&str; 7] = ["market", "kind", "side", "size", "trigger", "limit", "slot"];
        let rows = self.triggers.iter().map(|it| {
            [
                it.market.clone(),
                it.kind.to_owned(),
                it.side.to_owned(),
                it.size.to_string(),
                it.trigger.to_string(),
                it.limit.to_string(),
                it.slot.to_string(),
            ]
        });
        table(&HEADS, rows)
    }
}

impl OrderView {
    /// What is special about it.
    fn kind(&self) -> String {
        let words = [(self.pegged, "pegged"), (self.reduce_only, "reduce-only")];
        let words = words.into_iter().filter_map(|(is, word)| is.then_some(word));
        std::iter::once(self.state).chain(words).collect::<Vec<_>>().join(", ")
    }
}

fn expiry(at: Option<i64>, now: i64) -> String {
    or_dash(at.map(|at| match u64::try_from(at.saturating_sub(now)) {
        Ok(left) if left > 0 => format!("in {}", show_seconds(left)),
        _ => "over".to_owned(),
    }))
}

/// `buy` or `sell`.
pub const fn side_word(is_ask: bool) -> &'static str {
    if is_ask { "sell" } else { "buy" }
}

fn order_view(entry: &MarketEntry, order: &OpenOrder, book: &BookView<'_>) -> OrderView {
    let id = OrderId::new(order.id);
    let node = book.order(id, order.node);
    OrderView {
        market: entry.name.clone(),
        order: order.id.to_string(),
        client_id: order.client_id.to_string(),
        side: side_word(id.side() == Side::Ask),
        state: if node.is_some() { "rests" } else { "filled" },
        price: node.map(|node| Figure::ticks(price_of(node, id.side()), &entry.scale)),
        size: node.map(|node| Figure::lots(node.lots.get(), &entry.scale)),
        expires_at: node.map(|node| node.expires_at).filter(|at| *at != 0),
        pegged: node.is_some_and(Node::is_pegged),
        reduce_only: node.is_some_and(Node::is_reduce_only),
    }
}

fn price_of(node: &Node, side: Side) -> Ticks {
    if node.is_pegged() { node.peg_limit } else { side.price(node.rank) }
}

fn triggers(exchange: &Exchange, account: &MarginAccount) -> Vec<TriggerView> {
    let used = (0u8..).zip(account.triggers.iter());
    let used = used.filter(|(slot, _)| account.trigger(*slot).is_ok());
    used.filter_map(|(slot, trigger)| {
        let entry = exchange.markets.get(usize::from(trigger.market))?;
        Some(trigger_view(entry, slot, trigger))
    })
    .collect()
}

fn trigger_view(entry: &MarketEntry, slot: u8, trigger: &TriggerOrder) -> TriggerView {
    let scale = &entry.scale;
    TriggerView {
        market: entry.name.clone(),
        slot,
        client_id: trigger.client_id.to_string(),
        kind: match trigger.kind {
            STOP_LOSS => "stop-loss",
            TAKE_PROFIT => "take-profit",
            TRAILING_STOP => "trailing-stop",
            _ => "unknown",
        },
        side: side_word(trigger.flags == Side::Ask.code()),
        trigger: Figure::ticks(Ticks::new(trigger.trigger_price), scale),
        limit: Figure::ticks(Ticks::new(trigger.limit_price), scale),
        size: Figure::lots(trigger.lots, scale),
        trail: (trigger.kind == TRAILING_STOP).then(|| Figure::ratio(trigger.trail)),
        expires_at: Some(trigger.expires_at).filter(|at| *at != 0),
    }
}

impl fmt::Display for Orders {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.orders.is_empty(), self.triggers.is_empty()) {
            (true, true) => write!(out, "no orders"),
            (false, true) => write!(out, "{}", self.resting()),
            (true, false) => write!(out, "{}", self.waiting()),
            (false, false) => write!(out, "{}\n\n{}", self.resting(), self.waiting()),
        }
    }
}
