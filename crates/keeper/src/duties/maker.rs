//! A market maker: a ladder around the index, moved as the index moves and leant against what was filled.

use super::companions;
use crate::{
    chain::Outcome,
    config::Making,
    desk::{Desk, Task, View},
    outlook,
    role::Role,
    store::MarketEntry,
};
use plimsoll::{instructions::trade::MAX_PLACED, premium};
use plimsoll_client::{
    book::{OrderId, Side},
    instructions::{
        order::Order,
        trade::{self, Trading},
    },
};
use plimsoll_risk::layout::account::{AccountHeader, MAX_ORDERS, MarginAccount, OpenOrder};
use plimsoll_sim::quoting::{Instrument, Quoted, Style};
use std::collections::BTreeMap;

/// Makers that a batch has room for.
const COMPANIONS: usize = 6;

/// What was quoted last, by market. Forgotten at the end of a life: the next one begins by quoting anew.
#[derive(Debug, Default)]
pub struct Maker {
    quoted: BTreeMap<u8, Middle>,
}

/// Where a ladder was put, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Middle {
    /// Ticks.
    pub ticks: u32,
    /// On the chain's clock, unix seconds.
    pub at: i64,
}

/// A new ladder.
#[derive(Clone, Debug)]
pub struct Quote {
    middle: Middle,
    /// Ways to place it, each for when the one before is refused. The last only takes away what is out of place by now.
    pub ways: Vec<Task>,
}

impl Maker {
    /// Quotes anew where it has to, one market after the other.
    pub fn turn(&mut self, desk: &Desk, settings: &Making) {
        let markets = |view: &View<'_>| quoted_markets(view, settings).map(|it| it.market.index).collect();
        let due = desk.looks(|view| (sign_of_life(view, settings), markets(view)));
        let Some((sign, markets)): Option<(_, Vec<u8>)> = due else { return };
        if let Some(task) = sign {
            desk.does(Role::Maker, &task);
        }
        for market in markets {
            if desk.stop.is_set() {
                return;
            }
            // Decided one by one: since the one before, prices and time may have changed.
            let quote = desk.looks(|view| self.quote_in(view, settings, market)).flatten();
            let Some(quote) = quote else { continue };
            if is_settled(desk, &quote.ways) {
                self.quoted.insert(market, quote.middle);
            }
        }
    }

    /// New ladders where the index has moved, lots were filled, or orders have been missing for a while: what is there is
    /// cancelled and the ladder placed in one transaction. What of the crowd's orders is in the way is filled. Nothing while a
    /// price is missing to anything that the maker holds.
    pub fn quotes(&self, view: &View<'_>, settings: &Making) -> Vec<Quote> {
        let quoted = quoted_markets(view, settings);
        quoted.filter_map(|entry| self.quote_in(view, settings, entry.market.index)).collect()
    }

    fn quote_in(&self, view: &View<'_>, settings: &Making, market: u8) -> Option<Quote> {
        let own = view.store.account(&view.own.account).filter(|_| outlook::is_measurable(view))?;
        self.quote(view, settings, view.store.market(market)?, &own)
    }

    /// One that has quoted before, for tests.
    #[cfg(test)]
    pub fn having_quoted(market: u8, ticks: u32, at: i64) -> Self {
        Self { quoted: BTreeMap::from([(market, Middle { ticks, at })]) }
    }

    fn quote(
        &self,
        view: &View<'_>,
        settings: &Making,
        entry: &MarketEntry,
        own: &MarginAccount,
    ) -> Option<Quote> {
        let market = entry.market.index;
        let (at, style) = (instrument(view, entry)?, settings.style());
        let held = own.positions.iter().find(|position| !position.is_free() && position.market == market);
        let held = held.map_or(0, |position| position.lots.get());
        let (mut ladder, resting) = (style.ladder(&at, held), resting(own, market));
        ladder.truncate(room(view, own, market).min(MAX_PLACED));
        let middle = Middle { ticks: style.middle(&at, held), at: view.now };
        if let Some(was) = self.quoted.get(&market) {
            let is_off = Style::is_off(was.ticks, middle.ticks, settings.move_bps);
            let is_complete = resting.len() == ladder.len();
            let is_recent = view.now.saturating_sub(was.at) < settings.again_seconds;
            if !is_off && (is_complete || is_recent) {
                return None;
            }
        }
        let until = outlook::prices_hold(view, own).min(view.board.market(market).ok()?.valid_until);
        let ways = Ways { view, entry, resting: &resting, until }.of(&ladder, held);
        Some(Quote { middle, ways })
    }
}

/// Tries one way after the other; says whether a ladder is placed, or cannot be. Not where it can once prices are new again.
fn is_settled(desk: &Desk, ways: &[Task]) -> bool {
    for way in ways {
        let outcome = desk.does(Role::Maker, way);
        if outcome.waits_for_prices() || matches!(outcome, Outcome::Failed(_)) {
            return false;
        }
        if !matches!(outcome, Outcome::Refused(_)) {
            return true;
        }
    }
    true
}

/// How a ladder may be placed in a market.
struct Ways<'a> {
    view: &'a View<'a>,
    entry: &'a MarketEntry,
    resting: &'a [OrderId],
    /// When the prices get too old.
    until: i64,
}

impl Ways<'_> {
    /// The whole ladder; resting only, since nobody takes while a breaker is open; the side that reduces what is held, for an
    /// account that carries no more; nothing at all.
    fn of(&self, ladder: &[Quoted], held: i32) -> Vec<Task> {
        let makers = companions(self.view, self.entry.market.index, COMPANIONS, &[self.view.own.account]);
        let whole: Vec<Order> = ladder.iter().map(|quoted| order(*quoted)).collect();
        let resting: Vec<Order> = whole.iter().map(|order| order.post_only_slide()).collect();
        let reduces = |quoted: &&Quoted| held != 0 && quoted.is_bid == (held < 0);
        let reducing: Vec<Order> =
            ladder.iter().filter(reduces).map(|it| order(*it).post_only_slide()).collect();
        let mut ways = Vec::new();
        if !whole.is_empty() {
            ways.extend([self.batch(&whole, &makers), self.batch(&resting, &[])]);
        }
        if !reducing.is_empty() && reducing.len() < whole.len() {
            ways.push(self.batch(&reducing, &[]));
        }
        if !self.resting.is_empty() {
            ways.push(Task::new("cancel_all", trading(self.view, self.entry).cancel_all(None)));
        }
        ways
    }

    fn batch(&self, orders: &[Order], makers: &[solana_pubkey::Pubkey]) -> Task {
        let trading = trading(self.view, self.entry);
        Task::new("batch", trading.batch(self.resting, orders, &[], makers)).until(self.until)
    }
}

/// Takes all orders away, at the end of a life.
pub fn withdrawals(view: &View<'_>, settings: &Making) -> Vec<Task> {
    let Some(own) = view.store.account(&view.own.account) else { return Vec::new() };
    let with_orders = quoted_markets(view, settings).filter(|it| !resting(&own, it.market.index).is_empty());
    with_orders.map(|entry| Task::new("cancel_all", trading(view, entry).cancel_all(None))).collect()
}

/// Sets the dead-man switch as configured, and says in time that the maker lives: what rests when it does not any more may be
/// cancelled by anyone.
fn sign_of_life(view: &View<'_>, settings: &Making) -> Option<Task> {
    let AccountHeader { dead_man_seconds, dead_man_deadline, .. } =
        view.store.account(&view.own.account)?.header;
    let wanted = settings.dead_man_seconds;
    let is_silent = dead_man_deadline.saturating_sub(view.now) < i64::from(wanted >> 1);
    let sign = || trade::set_dead_man(view.store.exchange().board, view.own.account, view.own.owner, wanted);
    (wanted != 0 && (dead_man_seconds != wanted || is_silent)).then(|| Task::new("set_dead_man", sign()))
}

/// A market as whoever trades in it reckons; nothing without a valid price.
pub fn instrument(view: &View<'_>, entry: &MarketEntry) -> Option<Instrument> {
    let terms = view.board.market(entry.market.index).ok().filter(|terms| terms.valid_until >= view.now)?;
    let index = premium::index_ticks(terms, entry.market.tick_lot)?.get();
    Some(Instrument { index, tick_lot: entry.market.tick_lot, minimum_lots: entry.market.minimum_lots })
}

/// Something quoted, as an order.
pub fn order(quoted: Quoted) -> Order {
    Order::limit(if quoted.is_bid { Side::Bid } else { Side::Ask }, quoted.lots, quoted.ticks)
}

fn quoted_markets<'a>(view: &View<'a>, settings: &'a Making) -> impl Iterator<Item = &'a MarketEntry> {
    let all = settings.markets.is_empty();
    view.store.markets().filter(move |it| all || settings.markets.contains(&it.market.index))
}

fn trading(view: &View<'_>, entry: &MarketEntry) -> Trading {
    Trading { market: entry.at, account: view.own.account, trader: view.own.owner }
}

/// How many orders an account has places for in a market, once those that rest there are cancelled. What was filled keeps its
/// place until the fill is applied.
fn room(view: &View<'_>, own: &MarginAccount, market: u8) -> usize {
    let rests = |order: &&OpenOrder| {
        let book = view.store.book(market);
        book.is_some_and(|book| book.order(OrderId::new(order.id), order.node).is_some())
    };
    let in_use = own.orders.iter().filter(|order| order.id != 0);
    let (here, elsewhere): (Vec<_>, Vec<_>) = in_use.partition(|order| order.market == market);
    let freed = here.iter().copied().filter(rests).count();
    let kept = here.len().saturating_sub(freed).saturating_add(elsewhere.len());
    MAX_ORDERS.saturating_sub(kept)
}

fn resting(own: &MarginAccount, market: u8) -> Vec<OrderId> {
    let of_it = own.orders.iter().filter(|order| order.id != 0 && order.market == market);
    of_it.map(|order| OrderId::new(order.id)).collect()
}
