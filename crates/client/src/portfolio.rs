//! What an account is worth, what margin it has, how far it is from liquidation, and how much more it may do.
//!
//! Every figure comes out of `plimsoll-risk`, the code that the program itself runs, on the board as it lies on chain:
//! what is computed here cannot disagree with what the chain will say of the same bytes. No floats; no network; nothing is
//! written. Who values many accounts takes a [`Valuation`], which allocates nothing; who looks at one takes a [`Portfolio`].

mod liquidation;
mod orders;
mod repricing;
#[cfg(test)]
mod tests;
mod withdrawal;

pub use liquidation::LiquidationPrices;
pub use orders::{Intent, Way};
pub use repricing::Repriced;

use plimsoll::{
    errors::Refusal,
    premium,
    state::{MarginAccount, Market, RiskBoard},
};
use plimsoll_book::Ticks;
use plimsoll_risk::{
    RiskError,
    deleveraging::seen,
    health::{Check, Overlay},
    layout::{
        account::{self, MAX_BALANCES, MAX_POSITIONS, POSITION_ISOLATED, Position},
        board,
        market::MarketTerms,
    },
    margin::{self, Holdings, Margin},
    market::lot_values,
    num::{Lots, Price, Quote, Ratio, Shares, wide},
    position::worst_case_lots,
    requirement::unbound,
    valuation::Prices,
};

/// Where no oracle prices stand in for the board's.
static NO_PRICES: Overlay = Overlay::none();

/// Maintenance margin of an account's cross part, by the board alone: what a keeper asks of every account that it knows.
///
/// One pass, no allocation. Rounding and errors as [`margin::margin`].
#[inline]
pub fn maintenance(
    account: &account::MarginAccount,
    board: &board::RiskBoard,
    now: i64,
) -> Result<Margin, RiskError> {
    Valuation::new(board, now).maintenance(&Holdings::from(account))
}

/// How much of what counts for an account is spoken for: `(liabilities + requirement) / assets`, rounded up.
///
/// Above 1 exactly where health is below 0, [`Ratio::MAX`] from 4 on and where nothing counts for it: accounts in the
/// order of their load are in the order in which danger reaches them, whatever their size. 0 where nothing is owed.
#[inline]
pub fn load(margin: &Margin) -> Ratio {
    let owed = margin.collateral.liabilities.magnitude().saturating_add(margin.requirement.magnitude());
    if owed == 0 {
        return Ratio::ZERO;
    }
    Ratio::from_fraction_up(owed, margin.collateral.assets.magnitude()).unwrap_or(Ratio::MAX)
}

/// A board at a moment, by which any number of accounts are valued.
#[derive(Clone, Copy, Debug)]
pub struct Valuation<'a> {
    board: &'a board::RiskBoard,
    overlay: &'a Overlay,
    now: i64,
}

impl<'a> Valuation<'a> {
    /// By the board's own prices; `now` in unix seconds.
    pub const fn new(board: &'a board::RiskBoard, now: i64) -> Self {
        Self { board, overlay: &NO_PRICES, now }
    }

    /// With oracle prices in place of the board's stale ones, as a transaction would bring them along.
    pub const fn with_overlay(self, overlay: &'a Overlay) -> Self {
        Self { overlay, ..self }
    }

    /// Maintenance margin of the cross part. Errors as [`margin::margin`].
    #[inline]
    pub fn maintenance(&self, holdings: &Holdings<'_>) -> Result<Margin, RiskError> {
        self.margin(holdings, Check::Maintenance)
    }

    /// Margin of the cross part at one kind of check. Errors as [`margin::margin`].
    #[inline]
    pub fn margin(&self, holdings: &Holdings<'_>, check: Check) -> Result<Margin, RiskError> {
        margin::margin(holdings, self.board, self.overlay, check, self.now)
    }

    /// Margin of an isolated position with its pocket. Errors as [`margin::isolated_margin`].
    #[inline]
    pub fn pocket(&self, position: &Position, check: Check) -> Result<Margin, RiskError> {
        margin::isolated_margin(position, self.board, self.overlay, check, self.now)
    }

    /// Equity of the cross part, native quote, rounded down. Errors as [`margin::equity`].
    #[inline]
    pub fn equity(&self, holdings: &Holdings<'_>) -> Result<Quote, RiskError> {
        margin::equity(holdings, self.board, self.overlay, self.now).map(|health| health.net())
    }

    /// Unrealised PnL of a position of whatever mode, unweighted, funding and deleveraging that wait counted; native quote,
    /// rounded down. Errors as [`margin::equity`].
    pub fn unrealised(&self, position: &Position) -> Result<Quote, RiskError> {
        let mut positions: [Position; MAX_POSITIONS] = bytemuck::Zeroable::zeroed();
        let [first, ..] = &mut positions;
        *first = Position { flags: position.flags & !POSITION_ISOLATED, ..*position };
        self.equity(&Holdings { balances: &[NOTHING; MAX_BALANCES], positions: &positions })
    }
}

const NOTHING: account::Balance =
    account::Balance { shares: Shares::ZERO, bank: 0, borrowed: 0, reserved: [0; 6] };

/// The most of something, and why one more is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Most<T> {
    /// The most; nothing where not even one is allowed.
    pub amount: T,
    /// What the program would say to one more.
    pub refused: Refusal,
}

/// Margin of the cross part at each kind of check; the strict kinds are refused where a price is too old or too wide.
#[derive(Clone, Copy, Debug)]
pub struct Margins {
    /// What may leave the account.
    pub withdraw: Result<Margin, RiskError>,
    /// What taking risk needs.
    pub initial: Result<Margin, RiskError>,
    /// Where a liquidation ends.
    pub liquidation_end: Result<Margin, RiskError>,
    /// Where a liquidation begins.
    pub maintenance: Result<Margin, RiskError>,
}

/// One position, valued.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PositionValue {
    /// The market's place on the board.
    pub market: u8,
    /// Whether it stands on its pocket alone.
    pub isolated: bool,
    /// Its size, deleveraging applied: long above zero.
    pub lots: Lots,
    /// Price of the underlying.
    pub index: Price,
    /// Worth of the lots at the index price, native quote, rounded up; orders not counted.
    pub notional: Quote,
    /// Unrealised PnL, unweighted, native quote, rounded down.
    pub unrealised: Quote,
    /// What it needs at maintenance, orders counted, native quote, rounded up.
    pub requirement: Quote,
    /// Its pocket, native quote; 0 of a cross position.
    pub pocket: Quote,
    /// Where the account, or the pocket, would begin to be liquidated.
    pub liquidation: LiquidationPrices,
}

impl PositionValue {
    /// How far the index price is from where liquidation begins, as a part of itself, rounded down; 0 where it has begun,
    /// at most [`Ratio::MAX`]. `None` where no price leads there.
    pub fn distance(&self) -> Option<Ratio> {
        if self.liquidation.has_begun {
            return Some(Ratio::ZERO);
        }
        let away = self.liquidation.nearest(self.index)?.distance(self.index);
        Some(Ratio::from_fraction_down(away.get(), self.index.get()).unwrap_or(Ratio::MAX))
    }
}

/// One account, looked at closely.
#[derive(Clone, Copy, Debug)]
pub struct Portfolio<'a> {
    account: &'a MarginAccount,
    board: &'a RiskBoard,
    overlay: Overlay,
    now: i64,
}

impl<'a> Portfolio<'a> {
    /// Of an account by the board's own prices; `now` in unix seconds.
    pub const fn new(account: &'a MarginAccount, board: &'a RiskBoard, now: i64) -> Self {
        Self { account, board, overlay: Overlay::none(), now }
    }

    /// With oracle prices in place of the board's stale ones, as a transaction would bring them along.
    pub const fn with_overlay(self, overlay: Overlay) -> Self {
        Self { overlay, ..self }
    }

    fn valuation(&self) -> Valuation<'_> {
        Valuation { board: self.board, overlay: &self.overlay, now: self.now }
    }

    fn holdings(&self) -> Holdings<'_> {
        Holdings::from(&self.account.0)
    }

    /// Equity of the cross part, native quote, rounded down. Errors as [`margin::equity`].
    pub fn equity(&self) -> Result<Quote, RiskError> {
        self.valuation().equity(&self.holdings())
    }

    /// Margin of the cross part at one kind of check. Errors as [`margin::margin`].
    pub fn margin(&self, check: Check) -> Result<Margin, RiskError> {
        self.valuation().margin(&self.holdings(), check)
    }

    /// Margin of the cross part at each kind of check.
    pub fn margins(&self) -> Margins {
        Margins {
            withdraw: self.margin(Check::Withdraw),
            initial: self.margin(Check::Initial),
            liquidation_end: self.margin(Check::LiquidationEnd),
            maintenance: self.margin(Check::Maintenance),
        }
    }

    /// Margin of whatever answers for the position in a market: its pocket if it is isolated, the cross part otherwise.
    ///
    /// Errors as [`margin::margin`].
    pub fn margin_behind(&self, market: u8, check: Check) -> Result<Margin, RiskError> {
        match self.held(market).filter(|position| position.is_isolated()) {
            Some(position) => self.valuation().pocket(position, check),
            None => self.margin(check),
        }
    }

    /// The positions, valued, in the order of their slots. Errors as [`Portfolio::position`].
    pub fn positions(&self) -> impl Iterator<Item = Result<PositionValue, RiskError>> + '_ {
        let held = self.account.positions.iter().filter(|position| !position.is_free());
        held.map(|position| self.value(position))
    }

    /// The position in a market, valued; `None` where there is none.
    ///
    /// # Errors
    /// As [`margin::margin`] in the maintenance kinds; `StaleMarket` for a market that never had a price.
    pub fn position(&self, market: u8) -> Result<Option<PositionValue>, RiskError> {
        self.held(market).map(|position| self.value(position)).transpose()
    }

    /// A price in a market's ticks, rounded down as the index is; `None` below one tick and where a lot's worth does not fit.
    pub fn in_ticks(&self, price: Price, market: &Market) -> Option<Ticks> {
        let terms = self.board.market(market.index).ok()?;
        let prices = Prices { price, stable: price };
        let lot = lot_values(prices, terms.lots_per_unit, self.board.header.quote_decimals).ok()?;
        premium::ticks(lot.price, lot.shift, market.tick_lot)
    }

    fn held(&self, market: u8) -> Option<&Position> {
        self.account.positions.iter().find(|position| !position.is_free() && position.market == market)
    }

    fn terms(&self, market: u8) -> Result<&MarketTerms, RiskError> {
        self.board.market(market).map_err(|_| RiskError::Missing)
    }

    /// The price that a market is valued at: its feed's, or the one brought along where its entry is stale.
    fn index(&self, market: u8) -> Result<Price, RiskError> {
        let terms = self.terms(market)?;
        let feed = self.board.feed(terms.feed).map_err(|_| RiskError::Missing)?;
        let brought = self.overlay.price(terms.feed).filter(|new| new.publish_time > feed.publish_time);
        let brought = brought.filter(|_| terms.valid_until < self.now);
        let price = brought.map_or(feed.price, |new| new.price);
        if price.is_zero() { Err(RiskError::StaleMarket { market }) } else { Ok(price) }
    }

    fn value(&self, position: &Position) -> Result<PositionValue, RiskError> {
        let market = position.market;
        let (terms, index) = (self.terms(market)?, self.index(market)?);
        let mut late = None;
        let lots = seen(position, terms, &mut late)?.lots;
        let needs = Position { pocket: Quote::ZERO, ..*position };
        let requirement = self.valuation().pocket(&needs, Check::Maintenance)?.requirement;
        Ok(PositionValue {
            market,
            isolated: position.is_isolated(),
            lots,
            index,
            notional: self.notional(lots, index, terms)?,
            unrealised: self.valuation().unrealised(position)?,
            requirement,
            pocket: position.pocket,
            liquidation: self.liquidation_prices(market)?,
        })
    }

    /// Lots at the index price, native quote, rounded up: by the market's entry while that is fresh.
    fn notional(&self, lots: Lots, index: Price, terms: &MarketTerms) -> Result<Quote, RiskError> {
        let (mantissa, shift) = if terms.valid_until >= self.now {
            (terms.lot_price, terms.shift)
        } else {
            let prices = Prices { price: index, stable: index };
            let lot = lot_values(prices, terms.lots_per_unit, self.board.header.quote_decimals)?;
            (lot.price, lot.shift)
        };
        let product = u64::from(lots.magnitude()).saturating_mul(u64::from(mantissa));
        Quote::from_unsigned(product.div_ceil(1 << (shift & 63)))
    }
}

/// Price at which a position's requirement reaches its whole notional, where the ratio stops growing: the one place where
/// maintenance health is not concave in the price. `None` where it never does.
fn full_requirement_at(position: &Position, terms: &MarketTerms, index: Price, decimals: u8) -> Option<u64> {
    let bound = unbound(Ratio::ONE, terms.imf_maint, decimals);
    let lots = u64::from(worst_case_lots(position)?);
    let notional = lots.saturating_mul(u64::from(terms.lot_price)) >> (terms.shift & 63);
    if bound == Quote::MAX || notional == 0 {
        return None;
    }
    wide::mul_div_down(index.get(), bound.magnitude(), notional)
}
