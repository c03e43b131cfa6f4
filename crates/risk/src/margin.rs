//! Whether an account with positions is safe: its balances, then one pass over its positions (DESIGN §4, §6).

use crate::deleveraging::seen;
use crate::error::{RiskError, overflow};
use crate::funding::due;
use crate::health::{self, Basis, Check, Health, Overlay, Span, trusted};
use crate::layout::account::{Balance, MAX_BALANCES, MAX_POSITIONS, MarginAccount, Position};
use crate::layout::board::RiskBoard;
use crate::layout::feed::Feed;
use crate::layout::market::MarketTerms;
use crate::market::{LotValues, lot_values, refresh_market};
use crate::num::{Price, Quote, Ratio};
use crate::position::{Exposure, Marks};
use crate::requirement::{Rates, Yardstick};
use crate::valuation::Prices;

/// What an account is measured by.
#[derive(Clone, Copy, Debug)]
pub struct Holdings<'a> {
    /// Deposits and borrows.
    pub balances: &'a [Balance; MAX_BALANCES],
    /// Positions, with what rests or is queued in them.
    pub positions: &'a [Position; MAX_POSITIONS],
}

impl<'a> From<&'a MarginAccount> for Holdings<'a> {
    fn from(account: &'a MarginAccount) -> Self {
        Self { balances: &account.balances, positions: &account.positions }
    }
}

/// Net collateral and requirement at one kind of check.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Margin {
    /// What counts for it and against it: balances or pocket, PnL, what orders would lose.
    pub collateral: Health,
    /// What positions and orders need, native quote, rounded up; 0 or more.
    pub requirement: Quote,
}

impl Margin {
    /// Net collateral, native quote, rounded down.
    #[inline(always)]
    pub const fn net_collateral(&self) -> Quote {
        self.collateral.net()
    }

    /// Health: net collateral less requirement, native quote, rounded down (and never below −2^63).
    #[inline(always)]
    pub const fn health(&self) -> Quote {
        self.collateral.net().saturating_sub(self.requirement)
    }

    /// Whether nothing is missing.
    #[inline(always)]
    pub const fn is_healthy(&self) -> bool {
        !self.health().is_negative()
    }
}

/// Margin of an account's cross part at one kind of check: all balances, and the positions that are not isolated.
///
/// Balances count as in [`health`](crate::health::health). Of each position `pnl_t(uPnL) − order_loss` joins the collateral
/// and `N·r_t` the requirement ([`Exposure`], [`Yardstick::requirement`]; DESIGN §4): PnL rounded down, losses and
/// requirements up, once a position at every kind alike, so that Withdraw ≤ Initial ≤ LiquidationEnd ≤ Maintenance survives
/// rounding wherever the parameters keep it ([`ratios_are_ordered`](crate::requirement::ratios_are_ordered)).
/// What a position still owes of funding, or gets, counts to the unit as if it had been applied
/// ([`due`](crate::funding::due)), and so does what its side went through ([`pending`](crate::deleveraging::pending)); nothing
/// is written.
///
/// A market whose entry is stale or invalid is valued at the overlay's price for its feed, exactly as if it had been
/// refreshed with it, or at the feed's own where the kind of check may rest on it: [`Check::Liquidator`] and the maintenance
/// kinds take a diverged price as a liquidation does. Otherwise the strict kinds refuse and the maintenance kinds count a long at min(last valid, stable),
/// decaying, a short at max, and the notional at max (DESIGN §6), with the ratios of the last refresh.
///
/// Errors as [`health`](crate::health::health); `StaleMarket` where that says `StalePrice` of a bank; one `PublishSpread` for the prices of balances and positions together; and those of [`Exposure::of`] and [`Yardstick::of`].
pub fn margin(
    holdings: &Holdings<'_>,
    board: &RiskBoard,
    overlay: &Overlay,
    check: Check,
    now: i64,
) -> Result<Margin, RiskError> {
    measure(holdings, board, overlay, check, now).map(|(margin, _)| margin)
}

/// [`margin`], and beside it the sum of all unrealised PnL of the cross positions, unweighted, rounded down once a position.
#[inline(never)]
pub(crate) fn measure(
    holdings: &Holdings<'_>,
    board: &RiskBoard,
    overlay: &Overlay,
    check: Check,
    now: i64,
) -> Result<(Margin, Quote), RiskError> {
    let mut span = Span::empty();
    let collateral = health::weigh(holdings.balances, board, overlay, check.basis(), now, &mut span)?;
    let scale = Scale { board, overlay, check, now, yardstick: Yardstick::of(check, &board.header, now)? };
    let (mut gains, mut losses, mut required, mut unrealised) = (0u64, 0u64, 0u64, 0i64);
    for position in holdings.positions {
        if !position.is_cross() {
            continue;
        }
        let leg = scale.leg(position, &mut span)?;
        // Sixteen numbers below 2^58 never wrap.
        if leg.net.is_negative() {
            losses = losses.wrapping_add(leg.net.magnitude());
        } else {
            gains = gains.wrapping_add(leg.net.magnitude());
        }
        required = required.wrapping_add(leg.requirement.magnitude());
        unrealised = unrealised.wrapping_add(leg.unrealised.get());
    }
    scale.accept(&span)?;
    let collateral = Health {
        assets: collateral.assets.checked_add(Quote::from_unsigned(gains)?)?,
        liabilities: collateral.liabilities.checked_add(Quote::from_unsigned(losses)?)?,
    };
    Ok((Margin { collateral, requirement: Quote::from_unsigned(required)? }, Quote::new(unrealised)))
}

/// Margin of one isolated position at one kind of check: its pocket, PnL and orders, and nothing else of its account
/// (DESIGN §4 "Isolated position").
///
/// Rounding, bad feeds and errors as [`margin`]; `Overflow` for a pocket of less than 0 or of 2^58 native quote or more.
pub fn isolated_margin(
    position: &Position,
    board: &RiskBoard,
    overlay: &Overlay,
    check: Check,
    now: i64,
) -> Result<Margin, RiskError> {
    measure_pocket(position, board, overlay, check, now).map(|(margin, _)| margin)
}

/// [`isolated_margin`], and beside it the position's unrealised PnL, unweighted, rounded down.
pub(crate) fn measure_pocket(
    position: &Position,
    board: &RiskBoard,
    overlay: &Overlay,
    check: Check,
    now: i64,
) -> Result<(Margin, Quote), RiskError> {
    let leg = leg(position, board, overlay, check, now)?;
    if position.pocket.get() >> 58 != 0 {
        return overflow();
    }
    let collateral = if leg.net.is_negative() {
        Health { assets: position.pocket, liabilities: Quote::from_unsigned(leg.net.magnitude())? }
    } else {
        Health { assets: position.pocket.checked_add(leg.net)?, liabilities: Quote::ZERO }
    };
    Ok((Margin { collateral, requirement: leg.requirement }, leg.unrealised))
}

/// Equity of an account's cross part: balances at full price and all unrealised PnL, unweighted (DESIGN §4).
///
/// Rounding, bad feeds and errors as in the maintenance kinds of [`margin`].
pub fn equity(
    holdings: &Holdings<'_>,
    board: &RiskBoard,
    overlay: &Overlay,
    now: i64,
) -> Result<Health, RiskError> {
    let mut span = Span::empty();
    let mut total = health::weigh(holdings.balances, board, overlay, Basis::EQUITY, now, &mut span)?;
    let check = Check::Maintenance;
    let scale = Scale { board, overlay, check, now, yardstick: Yardstick::of(check, &board.header, now)? };
    for position in holdings.positions {
        if position.is_cross() {
            let pnl = scale.exposure(position, &mut span)?.0.unrealised;
            let part = Quote::from_unsigned(pnl.magnitude())?;
            let side = if pnl.is_negative() { &mut total.liabilities } else { &mut total.assets };
            *side = side.checked_add(part)?;
        }
    }
    Ok(total)
}

/// One position in a check.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Leg {
    /// `pnl_t(uPnL) − order_loss`, native quote, rounded down; below 2^58 in magnitude.
    pub(crate) net: Quote,
    /// `N·r_t`, native quote, rounded up; at most 2^56.
    pub(crate) requirement: Quote,
    /// `uPnL`, native quote, rounded down; at the marks of the check. Below 2^57 in magnitude.
    pub(crate) unrealised: Quote,
}

/// One position alone, of whatever mode and without its pocket. Rounding, bad feeds and errors as [`margin`].
#[inline(never)]
pub(crate) fn leg(
    position: &Position,
    board: &RiskBoard,
    overlay: &Overlay,
    check: Check,
    now: i64,
) -> Result<Leg, RiskError> {
    let scale = Scale { board, overlay, check, now, yardstick: Yardstick::of(check, &board.header, now)? };
    scale.leg(position, &mut Span::empty())
}

/// What all positions of a check are measured with.
struct Scale<'a> {
    board: &'a RiskBoard,
    overlay: &'a Overlay,
    check: Check,
    now: i64,
    yardstick: Yardstick,
}

impl Scale<'_> {
    #[inline(always)]
    fn leg(&self, position: &Position, span: &mut Span) -> Result<Leg, RiskError> {
        let (exposure, rates, limits) = self.exposure(position, span)?;
        let requirement = self.yardstick.requirement(exposure.notional, &rates)?;
        let pnl = counted(exposure.unrealised, self.check, &limits)?;
        // Below 2^57 each.
        let net = pnl.saturating_sub(exposure.order_loss);
        Ok(Leg { net, requirement, unrealised: exposure.unrealised })
    }

    /// Exposure, rates and PnL limits from the market's entry; from a copy brought up to date where it is stale.
    #[inline(always)]
    fn exposure(
        &self,
        position: &Position,
        span: &mut Span,
    ) -> Result<(Exposure, Rates, PnlLimits), RiskError> {
        let Some(terms) = self.board.markets.get(usize::from(position.market)) else {
            return Err(RiskError::Missing);
        };
        let strict = self.check.is_strict();
        let mut late = None;
        let position = seen(position, terms, &mut late)?;
        let due = due(position, terms.funding)?;
        if terms.valid_until >= self.now {
            if !terms.is_settled() {
                span.include(terms.publish_time);
            }
            let exposure = Exposure::of(position, &marks_of(terms, strict), due)?;
            return Ok((exposure, Rates::of(terms, strict), PnlLimits::of(terms)));
        }
        let (marks, rates) = self.reprice(position.market, terms, span)?;
        Ok((Exposure::of(position, &marks, due)?, rates, PnlLimits::of(terms)))
    }

    /// The prices of a strict check must lie near each other.
    #[inline(always)]
    fn accept(&self, span: &Span) -> Result<(), RiskError> {
        if self.check.is_strict() && span.exceeds(self.board.header.max_publish_spread) {
            return Err(RiskError::PublishSpread);
        }
        Ok(())
    }

    /// Marks and rates of a market whose entry cannot be used, off the hot path.
    #[cold]
    #[inline(never)]
    fn reprice(&self, market: u8, terms: &MarketTerms, span: &mut Span) -> Result<(Marks, Rates), RiskError> {
        let header = &self.board.header;
        if market >= header.market_count {
            return Err(RiskError::Missing);
        }
        let strict = self.check.is_strict();
        let feed = self.board.feeds.get(usize::from(terms.feed)).ok_or(RiskError::Missing)?;
        if let Some(feed) = trusted(terms.feed, feed, self.overlay, self.check.trust(), self.now) {
            let mut terms = *terms;
            refresh_market(&mut terms, &feed, header, self.now)?;
            span.include(feed.publish_time);
            return Ok((marks_of(&terms, strict), Rates::of(&terms, strict)));
        }
        let Some(prices) = degraded(feed, self.now).filter(|_| !strict) else {
            return Err(RiskError::StaleMarket { market });
        };
        let lot = lot_values(prices, terms.lots_per_unit, header.quote_decimals)?;
        Ok((degraded_marks(lot), Rates::of(terms, strict)))
    }
}

/// How much of a gain counts.
#[derive(Clone, Copy)]
struct PnlLimits {
    weight: Ratio,
    cap: Quote,
}

impl PnlLimits {
    #[inline(always)]
    const fn of(terms: &MarketTerms) -> Self {
        Self { weight: terms.pnl_weight, cap: terms.pnl_cap }
    }
}

/// `pnl_t` (DESIGN §4): losses in full; gains in full in the maintenance kinds, `min(w_pnl·x, cap)` in Initial, nothing in
/// Withdraw. Rounded down, at most the gain itself.
#[inline(always)]
fn counted(pnl: Quote, check: Check, limits: &PnlLimits) -> Result<Quote, RiskError> {
    if pnl.is_negative() {
        return Ok(pnl);
    }
    match check {
        Check::Withdraw => Ok(Quote::ZERO),
        Check::Initial | Check::Liquidator => {
            Ok(limits.weight.mul_down(pnl)?.min(limits.cap).min(pnl).max(Quote::ZERO))
        }
        Check::LiquidationEnd | Check::Maintenance => Ok(pnl),
    }
}

/// Marks of a fresh entry: PnL of the strict kinds at the worse of price and stable price, everything else at the price.
#[inline(always)]
pub(crate) fn marks_of(terms: &MarketTerms, strict: bool) -> Marks {
    let (price, stable) = (terms.lot_price, terms.lot_stable);
    let (long, short) = if strict { (price.min(stable), price.max(stable)) } else { (price, price) };
    // A product shifts by 63 at most.
    Marks { notional: price, long, short, bid: price, ask: price, shift: terms.shift & 63 }
}

/// Marks of a bad feed, from its low price (as `price`) and its high one (as `stable`).
fn degraded_marks(lot: LotValues) -> Marks {
    let (low, high) = (lot.price, lot.stable);
    Marks { notional: high, long: low, short: high, bid: low, ask: high, shift: lot.shift }
}

/// What a bad feed still counts (DESIGN §6), low as `price` and high as `stable`: min(last valid, stable), decaying as an
/// asset does, and max. `None` for a feed that never had a price.
fn degraded(feed: &Feed, now: i64) -> Option<Prices> {
    let (last, stable) = (feed.last_valid_price, feed.stable);
    let left = health::remaining(now.saturating_sub(feed.last_valid_time));
    // A part of the price always fits.
    let low = last.min(stable).mul_down(left).unwrap_or(Price::ZERO);
    Some(Prices { price: low, stable: last.max(stable) }).filter(|prices| !prices.stable.is_zero())
}
