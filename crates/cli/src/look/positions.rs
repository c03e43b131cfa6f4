//! An account's positions, valued: where each would be liquidated, what it won or lost, what funding waits.

use super::table::{or_dash, table};
use crate::{
    exchange::{Exchange, MarketEntry},
    figure::Figure,
};
use plimsoll::state::MarginAccount;
use plimsoll_client::portfolio::{Portfolio, PositionValue};
use plimsoll_risk::{
    RiskError,
    deleveraging::seen,
    funding,
    layout::account::Position,
    num::{Price, Quote, RATIO_BITS},
};
use serde::Serialize;
use std::fmt;

/// One position.
#[derive(Debug, Serialize)]
pub struct PositionView {
    /// Its market.
    pub market: String,
    /// Whether it stands on its pocket alone.
    pub isolated: bool,
    /// Its size, short below zero.
    pub size: Figure,
    /// The price of the underlying.
    pub index: Figure,
    /// Worth at the index.
    pub notional: Figure,
    /// Profit or loss at the index, funding until now included.
    pub unrealised: Figure,
    /// Of that, what was realised and not settled yet.
    pub realised: Figure,
    /// Funding that the position owes since it was last touched; below zero what it gets.
    pub funding_due: Figure,
    /// What it needs at maintenance, its orders counted.
    pub requirement: Figure,
    /// Margin of its own; 0 of a cross position.
    pub pocket: Figure,
    /// The index at which it would begin to be liquidated, downwards; nothing where no price leads there.
    pub liquidation_below: Option<Figure>,
    /// The same upwards.
    pub liquidation_above: Option<Figure>,
    /// How far the index is from the nearer of them, a part of itself.
    pub distance: Option<Figure>,
    /// Whether its liquidation may begin now.
    pub in_liquidation: bool,
    /// Resting and waiting bids.
    pub bids: Figure,
    /// Resting and waiting asks.
    pub asks: Figure,
}

/// A position that cannot be valued now.
#[derive(Debug, Serialize)]
pub struct Unvalued {
    /// Its market.
    pub market: String,
    /// Why.
    pub why: String,
}

/// All positions.
#[derive(Debug, Serialize)]
pub struct Positions {
    /// In the order of their slots.
    pub positions: Vec<PositionView>,
    /// Those without a price.
    pub unvalued: Vec<Unvalued>,
}

impl Positions {
    /// Valued by the board.
    pub fn of(exchange: &Exchange, account: &MarginAccount) -> Self {
        let portfolio = Portfolio::new(account, &exchange.board, exchange.now);
        let held = account.positions.iter().filter(|position| !position.is_free());
        let (mut positions, mut unvalued) = (Vec::new(), Vec::new());
        for (position, value) in held.zip(portfolio.positions()) {
            let Some(entry) = exchange.markets.get(usize::from(position.market)) else { continue };
            let view = value.and_then(|value| view(exchange, entry, position, &value));
            match view {
                Ok(view) => positions.push(view),
                Err(error) => {
                    let why = exchange.says(error);
                    unvalued.push(Unvalued { market: entry.name.clone(), why });
                }
            }
        }
        Self { positions, unvalued }
    }
}

fn view(
    exchange: &Exchange,
    entry: &MarketEntry,
    position: &Position,
    value: &PositionValue,
) -> Result<PositionView, RiskError> {
    let quote = |amount: Quote| Figure::tokens(amount.get(), &entry.scale.quote);
    let price = |price: Option<Price>| price.map(Figure::price);
    Ok(PositionView {
        market: entry.name.clone(),
        isolated: value.isolated,
        size: Figure::lots(value.lots.get(), &entry.scale),
        index: Figure::price(value.index),
        notional: quote(value.notional),
        unrealised: quote(value.unrealised),
        realised: quote(position.realised),
        funding_due: quote(funding_due(exchange, entry, position)?),
        requirement: quote(value.requirement),
        pocket: quote(value.pocket),
        liquidation_below: price(value.liquidation.below),
        liquidation_above: price(value.liquidation.above),
        distance: distance(value),
        in_liquidation: value.liquidation.has_begun,
        bids: Figure::lots(position.bids, &entry.scale),
        asks: Figure::lots(position.asks, &entry.scale),
    })
}

/// How far the index is from the nearest price of liquidation, a part of itself, rounded down; 0 once it has begun.
fn distance(value: &PositionValue) -> Option<Figure> {
    if value.liquidation.has_begun {
        return Some(Figure::ratio(0));
    }
    let away = i128::from(value.liquidation.nearest(value.index)?.distance(value.index).get());
    Some(Figure::ratio((away << RATIO_BITS).checked_div(value.index.get().into())?))
}

/// What the position would pay if it were touched now: by the market's own funding, ahead of the board's copy.
fn funding_due(exchange: &Exchange, entry: &MarketEntry, position: &Position) -> Result<Quote, RiskError> {
    let terms = exchange.board.market(position.market).map_err(|_| RiskError::Missing)?;
    let mut window = entry.market.premium;
    window.credit(terms, entry.market.funding_period, exchange.now);
    funding::due(seen(position, terms, &mut None)?, window.funding)
}

impl PositionView {
    /// Where it would begin to be liquidated, for a person.
    pub fn liquidation(&self) -> String {
        match (&self.liquidation_below, &self.liquidation_above) {
            _ if self.in_liquidation => "now".to_owned(),
            (Some(below), Some(above)) => format!("{below} / {above}"),
            (one, other) => or_dash(one.as_ref().or(other.as_ref())),
        }
    }
}

impl fmt::Display for Positions {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        const HEADS: [&str; 10] = [
            "market",
            "size",
            "notional",
            "index",
            "liquidation",
            "distance",
            "unrealised",
            "funding due",
            "needs",
            "margin",
        ];
        if self.positions.is_empty() && self.unvalued.is_empty() {
            return write!(out, "no positions");
        }
        let rows = self.positions.iter().map(|it| {
            [
                it.market.clone(),
                it.size.to_string(),
                it.notional.to_string(),
                it.index.to_string(),
                it.liquidation(),
                or_dash(it.distance.as_ref()),
                it.unrealised.to_string(),
                it.funding_due.to_string(),
                it.requirement.to_string(),
                if it.isolated { format!("isolated {}", it.pocket) } else { "cross".to_owned() },
            ]
        });
        write!(out, "{}", table(&HEADS, rows))?;
        for it in &self.unvalued {
            write!(out, "\n{}: {}", it.market, it.why)?;
        }
        Ok(())
    }
}
