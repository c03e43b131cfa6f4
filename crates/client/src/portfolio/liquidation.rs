//! At which price of its underlying an account, or a pocket, begins to be liquidated.

use super::{Portfolio, Repriced, Valuation, full_requirement_at};
use plimsoll_risk::{
    RiskError, deleveraging::seen, health::Check, layout::account::Position, margin::Holdings, num::Price,
};

/// Prices of an underlying at which maintenance health is just below 0, everything else unchanged: one unit of 2^-40
/// nearer to where it is healthy it is not.
///
/// A long has one below, a short one above; who has orders, or collateral of the same underlying, may have both.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LiquidationPrices {
    /// The nearest one from the present price downwards.
    pub below: Option<Price>,
    /// The nearest one from the present price upwards.
    pub above: Option<Price>,
    /// Whether health is below 0 at the present price already.
    pub has_begun: bool,
}

impl LiquidationPrices {
    /// The one that is nearer to a price; the lower where both are as near.
    pub fn nearest(&self, to: Price) -> Option<Price> {
        [self.below, self.above].into_iter().flatten().min_by_key(|price| price.distance(to))
    }
}

impl Portfolio<'_> {
    /// The liquidation price of the position in a market: the nearer of [`Portfolio::liquidation_prices`]. `None` where no
    /// price leads there. Errors as there.
    pub fn liquidation_price(&self, market: u8) -> Result<Option<Price>, RiskError> {
        Ok(self.liquidation_prices(market)?.nearest(self.index(market)?))
    }

    /// The index prices of a position's market at which what answers for it (its pocket, or the account) begins to be
    /// liquidated: Maintenance health crosses 0 while every bank and market on the same feed moves along and everything
    /// else stays. An account in danger has the prices at which the danger would end.
    ///
    /// The board counts as refreshed at this moment, with a valid price. Health is concave in the price but for where a
    /// requirement reaches its whole notional, so between those prices a bisection finds the only crossing, exact to
    /// 2^-40. Prices at which the engine has no answer (a lot or a share worth more than fits) are not searched; nor is,
    /// for an account in danger, a range of safe prices narrower than a doubling. None for a settled market: its price
    /// never moves again.
    ///
    /// # Errors
    /// `Missing` where there is no position; `StaleMarket` where there never was a price; whatever
    /// [`margin`](plimsoll_risk::margin::margin) says at the present price.
    pub fn liquidation_prices(&self, market: u8) -> Result<LiquidationPrices, RiskError> {
        let position = self.held(market).ok_or(RiskError::Missing)?;
        let terms = self.terms(market)?;
        if terms.is_settled() {
            return Ok(LiquidationPrices::default());
        }
        let index = self.index(market)?;
        let pocket = position.is_isolated().then_some(position);
        let board = Repriced::new(self.board, self.now);
        let mut search = Search { portfolio: self, pocket, feed: terms.feed, board };
        let safe = search.is_safe(index.get())?;
        let bends = search.bends(index)?;
        Ok(LiquidationPrices {
            below: search.crossing(index.get(), safe, downwards(index.get(), &bends)),
            above: search.crossing(index.get(), safe, upwards(index.get(), &bends)),
            has_begun: !safe,
        })
    }
}

/// Prices between which health is concave, from a price down to the lowest: its halves, and the bends.
fn downwards(from: u64, bends: &[u64]) -> Vec<u64> {
    let halves = (1..u64::BITS).map(|times| from >> times).take_while(|price| *price != 0);
    let bends = bends.iter().copied().filter(|price| *price < from && *price != 0);
    let mut stops: Vec<u64> = halves.chain(bends).chain((from > 1).then_some(1)).collect();
    stops.sort_unstable_by(|left, right| right.cmp(left));
    stops.dedup();
    stops
}

/// The same upwards, to the highest.
fn upwards(from: u64, bends: &[u64]) -> Vec<u64> {
    const HIGHEST: u64 = Price::LIMIT - 1;
    let doubles = (1..=from.leading_zeros()).map(|times| from << times).filter(|price| *price < HIGHEST);
    let bends = bends.iter().copied().filter(|price| *price > from && *price < HIGHEST);
    let mut stops: Vec<u64> = doubles.chain(bends).chain((from < HIGHEST).then_some(HIGHEST)).collect();
    stops.sort_unstable();
    stops.dedup();
    stops
}

/// One scope, measured at one price of one feed after the other.
struct Search<'a> {
    portfolio: &'a Portfolio<'a>,
    /// The isolated position that is asked about; the cross part otherwise.
    pocket: Option<&'a Position>,
    feed: u8,
    board: Repriced,
}

impl Search<'_> {
    /// Whether maintenance health is at least 0 at a price.
    fn is_safe(&mut self, price: u64) -> Result<bool, RiskError> {
        self.board.moves(self.feed, Price::new(price))?;
        let Portfolio { account, overlay, now, .. } = self.portfolio;
        let valuation = Valuation::new(&self.board, *now).with_overlay(overlay);
        let margin = match self.pocket {
            Some(position) => valuation.pocket(position, Check::Maintenance),
            None => valuation.maintenance(&Holdings::from(&account.0)),
        };
        margin.map(|margin| margin.is_healthy())
    }

    /// Prices at which the requirement of one of the positions on the feed reaches its whole notional; the board stands at
    /// `index`.
    fn bends(&self, index: Price) -> Result<Vec<u64>, RiskError> {
        let (board, mut found) = (&*self.board, Vec::new());
        let all = self.portfolio.account.positions.iter().filter(|position| !position.is_free());
        for position in all.filter(|position| self.pocket.is_some() == position.is_isolated()) {
            let terms = board.markets.get(usize::from(position.market)).ok_or(RiskError::Missing)?;
            if terms.feed != self.feed || terms.is_settled() {
                continue;
            }
            let mut late = None;
            let position = seen(position, terms, &mut late)?;
            found.extend(full_requirement_at(position, terms, index, board.header.quote_decimals));
        }
        Ok(found)
    }

    /// The first price along the stops at which it is otherwise than at the start, seen from the side in danger.
    fn crossing(&mut self, start: u64, safe: bool, stops: Vec<u64>) -> Option<Price> {
        let mut near = start;
        for far in stops {
            if self.is_safe(far).ok()? != safe {
                return Some(self.between(near, far, safe));
            }
            near = far;
        }
        None
    }

    /// Between a price at which it is as at the start and one at which it is not: the price in danger next to a safe one.
    fn between(&mut self, mut same: u64, mut other: u64, safe: bool) -> Price {
        while same.abs_diff(other) > 1 {
            let middle = same.midpoint(other);
            // Both ends have an answer, so what lies between them has one.
            let side = if self.is_safe(middle) == Ok(safe) { &mut same } else { &mut other };
            *side = middle;
        }
        Price::new(if safe { other } else { same })
    }
}
