//! Markets: where the price is, what funding costs, how much is open, what is owed to winners.

use super::table::{or_dash, table};
use crate::{
    amounts::show_seconds,
    exchange::{Exchange, MarketEntry},
    figure::Figure,
};
use plimsoll_risk::{
    layout::{
        feed::Feed,
        market::{MARKET_CLOSED, MARKET_OPEN, MARKET_REDUCE_ONLY, MARKET_SETTLING, MarketTerms},
    },
    validity::Validity,
};
use serde::Serialize;
use std::fmt;

/// What stands above a [`MarketView::row`].
pub const HEADS: [&str; 10] = [
    "market",
    "index",
    "stable",
    "funding/h",
    "open interest",
    "in quote",
    "pool",
    "deficit",
    "haircut",
    "mode",
];

/// An hour, seconds: for how long funding is shown.
const HOUR: i128 = 3_600;

/// One market.
#[derive(Debug, Serialize)]
pub struct MarketView {
    /// Its name.
    pub market: String,
    /// Its place on the board.
    pub place: u8,
    /// Its address.
    pub address: String,
    /// `open`, `reduce-only`, `breaker` (reduce-only until it closes again), `settling`, `closed`.
    pub mode: &'static str,
    /// Seconds until the breaker closes; nothing while it is closed.
    pub breaker_seconds: Option<u64>,
    /// The oracle's price; nothing before the first one.
    pub index: Option<Figure>,
    /// The slow price that strict checks trust as well.
    pub stable: Option<Figure>,
    /// `valid`, `stale`, `wide`, `diverged`, `missing`.
    pub price: &'static str,
    /// How long ago the price was published, seconds.
    pub price_age: Option<u64>,
    /// What longs pay shorts in an hour while the premium stands, a part of the notional.
    pub funding_hour: Figure,
    /// Open interest, of one side.
    pub open_interest: Figure,
    /// The same, quote at the index; nothing without one.
    pub open_interest_quote: Option<Figure>,
    /// Most open interest.
    pub open_interest_cap: Figure,
    /// Initial margin ratio, without what grows with an account's own size.
    pub initial_ratio: Figure,
    /// Maintenance margin ratio, likewise.
    pub maintenance_ratio: Figure,
    /// What losers paid in and winners were not paid yet.
    pub pool: Figure,
    /// What winners are owed that nobody will pay in.
    pub deficit: Figure,
    /// What is paid of each gain: 1 without a deficit.
    pub haircut: Figure,
    /// Its own part of the insurance fund.
    pub insurance: Figure,
}

/// All markets, in their order on the board.
#[derive(Debug, Serialize)]
pub struct Markets {
    /// Each.
    pub markets: Vec<MarketView>,
}

impl Markets {
    /// As they are.
    pub fn of(exchange: &Exchange) -> Self {
        Self {
            markets: exchange.markets.iter().filter_map(|entry| MarketView::of(exchange, entry)).collect(),
        }
    }
}

impl MarketView {
    /// As it is; nothing for one whose entry the board does not have.
    pub fn of(exchange: &Exchange, entry: &MarketEntry) -> Option<Self> {
        let (market, scale, now) = (&entry.market, &entry.scale, exchange.now);
        let terms = exchange.board.market(market.index).ok()?;
        let feed = exchange.board.feed(terms.feed).ok()?;
        let quote = |amount: i64| Figure::tokens(amount, &scale.quote);
        let breaker = u64::try_from(terms.breaker_until.saturating_sub(now)).ok().filter(|left| *left > 0);
        let has_price = !feed.price.is_zero();
        let age = u64::try_from(now.saturating_sub(feed.publish_time)).unwrap_or(0);
        Some(Self {
            market: entry.name.clone(),
            place: market.index,
            address: entry.at.market.to_string(),
            mode: mode(terms, breaker.is_some()),
            breaker_seconds: breaker,
            index: has_price.then(|| Figure::price(feed.price)),
            stable: has_price.then(|| Figure::price(feed.stable)),
            price: validity(feed, now),
            price_age: has_price.then_some(age),
            funding_hour: Figure::ratio(funding_hour(entry)),
            open_interest: Figure::lots(market.open_interest(), scale),
            open_interest_quote: has_price.then(|| {
                let product = i128::from(market.open_interest()).saturating_mul(terms.lot_price.into());
                Figure::tokens(product >> (terms.shift & 63), &scale.quote)
            }),
            open_interest_cap: Figure::lots(market.open_interest_cap, scale),
            initial_ratio: Figure::ratio(terms.initial_ratio.get()),
            maintenance_ratio: Figure::ratio(terms.maint_ratio.get()),
            pool: Figure::tokens(market.pool.get(), &scale.quote),
            deficit: Figure::tokens(market.deficit.get(), &scale.quote),
            haircut: Figure::ratio(terms.haircut.get()),
            insurance: quote(i64::try_from(market.insurance.get()).unwrap_or(i64::MAX)),
        })
    }

    /// What a person wants to know first, under [`HEADS`].
    pub fn row(&self) -> [String; 10] {
        [
            self.market.clone(),
            self.index_now(),
            or_dash(self.stable.as_ref()),
            self.funding_hour.to_string(),
            self.open_interest.to_string(),
            or_dash(self.open_interest_quote.as_ref()),
            self.pool.to_string(),
            self.deficit.to_string(),
            self.haircut.to_string(),
            self.state(),
        ]
    }

    /// Its mode for a person, and for how long.
    fn state(&self) -> String {
        match self.breaker_seconds {
            Some(left) if self.mode == "breaker" => format!("breaker {}", show_seconds(left)),
            _ => self.mode.to_owned(),
        }
    }

    /// Its index for a person, and what is wrong with it.
    fn index_now(&self) -> String {
        let age = self.price_age.map(show_seconds).unwrap_or_default();
        match (&self.index, self.price) {
            (None, _) => "no price".to_owned(),
            (Some(index), "valid") => index.to_string(),
            (Some(index), "stale") => format!("{index} ({age} old)"),
            (Some(index), what) => format!("{index} ({what})"),
        }
    }
}

/// What longs pay in an hour, 2^-30 of the notional: the premium within the cap, by the period in which it is paid once.
fn funding_hour(entry: &MarketEntry) -> i128 {
    let market = &entry.market;
    let cap = i128::from(market.funding_cap.get());
    let premium = i128::from(market.premium.premium).clamp(-cap, cap);
    premium.saturating_mul(HOUR).checked_div(market.funding_period.into()).unwrap_or(0)
}

const fn mode(terms: &MarketTerms, is_broken: bool) -> &'static str {
    match terms.state {
        MARKET_OPEN if is_broken => "breaker",
        MARKET_OPEN => "open",
        MARKET_REDUCE_ONLY => "reduce-only",
        MARKET_SETTLING => "settling",
        MARKET_CLOSED => "closed",
        _ => "unknown",
    }
}

/// What the feed's price is good for, its age counted until now.
pub fn validity(feed: &Feed, now: i64) -> &'static str {
    let age = now.saturating_sub(feed.publish_time);
    match Validity::from_code(feed.validity) {
        Validity::Missing => "missing",
        Validity::Valid if age > i64::from(feed.max_age) => "stale",
        Validity::Valid => "valid",
        Validity::Stale => "stale",
        Validity::Wide => "wide",
        Validity::Diverged => "diverged",
    }
}

impl fmt::Display for Markets {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}", table(&HEADS, self.markets.iter().map(MarketView::row)))
    }
}
