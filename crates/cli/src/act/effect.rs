//! What a deed does to a margin account: how it stood before and stands after, which orders came and went.

use super::{
    operator::{Operator, held},
    oracles::{Beside, brought},
};
use crate::{exchange::Exchange, figure::Figure};
use plimsoll::state::MarginAccount;
use plimsoll_client::portfolio::Portfolio;
use plimsoll_risk::{RiskError, health::Overlay, margin::Margin, num::Quote};
use serde::Serialize;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// An account before and after.
pub struct Effect {
    before: Box<MarginAccount>,
    after: Box<MarginAccount>,
    overlay: Overlay,
}

/// Equity and health of the cross part; nothing where a price is too old to tell.
#[derive(Serialize)]
struct Standing {
    equity: Option<Figure>,
    withdraw_health: Option<Figure>,
    initial_health: Option<Figure>,
    maintenance_health: Option<Figure>,
}

impl Effect {
    /// An account that is not there has nothing. Both are valued at the newest prices that can be brought along.
    pub fn new(operator: &Operator, before: Option<MarginAccount>, after: Option<MarginAccount>) -> Self {
        let boxed =
            |account: Option<MarginAccount>| Box::new(account.unwrap_or_else(bytemuck::Zeroable::zeroed));
        let (before, after) = (boxed(before), boxed(after));
        let overlay = brought(operator, &[&*after, &*before], Beside::Nothing).overlay;
        Self { before, after, overlay }
    }

    /// A line for each figure, each order, each position that changed.
    pub fn lines(&self, exchange: &Exchange) -> Vec<String> {
        let [before, after] = self.standings(exchange).map(|it| it.figures());
        let shown = |figure: Option<Figure>| {
            figure.map_or_else(|| "not known: a price is too old".to_owned(), |it| it.to_string())
        };
        let both = before.into_iter().zip(after);
        let figures = both.map(|((name, was), (_, is))| format!("{name}: {} → {}", shown(was), shown(is)));
        let moved = self.moved(exchange).into_iter();
        let moved = moved.map(|(market, was, is)| format!("position in {market}: {was} → {is}"));
        let [gone, new] = self.orders(exchange);
        let gone = gone.into_iter().map(|(market, id)| format!("order {id} in {market} is off the book"));
        let new = new.into_iter().map(|(market, id)| format!("order {id} rests in {market}"));
        figures.chain(moved).chain(gone).chain(new).collect()
    }

    /// The same for scripts.
    pub fn json(&self, exchange: &Exchange) -> Value {
        let [before, after] = self.standings(exchange);
        let moved = self.moved(exchange).into_iter();
        let moved = moved.map(|(market, was, is)| json!({ "market": market, "before": was, "after": is }));
        let [gone, new] = self.orders(exchange).map(|orders| {
            let told = |(market, id): (String, u64)| json!({ "market": market, "order": id.to_string() });
            orders.into_iter().map(told).collect::<Vec<_>>()
        });
        json!({
            "before": before,
            "after": after,
            "positions": moved.collect::<Vec<_>>(),
            "orders_gone": gone,
            "orders_new": new,
        })
    }

    fn standings(&self, exchange: &Exchange) -> [Standing; 2] {
        [&self.before, &self.after].map(|account| Standing::of(account, exchange, self.overlay))
    }

    /// Positions whose size changed: market, before, after.
    fn moved(&self, exchange: &Exchange) -> Vec<(String, Figure, Figure)> {
        let lots = |account: &MarginAccount, market: u8| {
            held(account, market).map_or(0, |position| position.lots.get())
        };
        let changed = exchange.markets.iter().filter_map(|entry| {
            let (was, is) = (lots(&self.before, entry.at.index), lots(&self.after, entry.at.index));
            let figure = |lots: i32| Figure::lots(lots, &entry.scale);
            (was != is).then(|| (entry.name.clone(), figure(was), figure(is)))
        });
        changed.collect()
    }

    /// Orders that went, and orders that came: market and number.
    fn orders(&self, exchange: &Exchange) -> [Vec<(String, u64)>; 2] {
        let [before, after] = [&self.before, &self.after].map(|account| {
            let used = account.orders.iter().filter(|order| order.id != 0);
            used.map(|order| (order.market, order.id)).collect::<BTreeSet<_>>()
        });
        let told = |(market, id): &(u8, u64)| (exchange.names.market(*market), *id);
        [before.difference(&after).map(told).collect(), after.difference(&before).map(told).collect()]
    }
}

impl Standing {
    fn of(account: &MarginAccount, exchange: &Exchange, overlay: Overlay) -> Self {
        let portfolio = Portfolio::new(account, &exchange.board, exchange.now).with_overlay(overlay);
        let (margins, quote) = (portfolio.margins(), exchange.quote());
        let figure = |amount: Quote| Figure::tokens(amount.get(), &quote);
        let health = |margin: Result<Margin, RiskError>| margin.ok().map(|margin| figure(margin.health()));
        Self {
            equity: portfolio.equity().ok().map(figure),
            withdraw_health: health(margins.withdraw),
            initial_health: health(margins.initial),
            maintenance_health: health(margins.maintenance),
        }
    }

    fn figures(self) -> [(&'static str, Option<Figure>); 4] {
        [
            ("equity", self.equity),
            ("withdraw health", self.withdraw_health),
            ("initial health", self.initial_health),
            ("maintenance health", self.maintenance_health),
        ]
    }
}
