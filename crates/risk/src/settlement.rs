//! Settlement: how much of a loss becomes cash in the market's pool, and how much of a gain leaves it (DESIGN §5).
//!
//! Nothing here moves cash: the caller does, within the pool's, the bank's and the window's own limits.

use crate::deleveraging::seen;
use crate::error::RiskError;
use crate::funding;
use crate::health::{self, Check, Overlay};
use crate::layout::account::{Balance, MAX_BALANCES, Position};
use crate::layout::board::RiskBoard;
use crate::layout::market::MarketTerms;
use crate::margin::marks_of;
use crate::num::{Quote, TokenAmount, wide};
use crate::position::Exposure;

/// What an account's balances support alone, without any PnL: assets less liabilities at maintenance weights, native quote,
/// rounded down. Bad feeds and errors as in [`health`](crate::health::health).
pub fn balances_at_maintenance(
    balances: &[Balance; MAX_BALANCES],
    board: &RiskBoard,
    overlay: &Overlay,
    now: i64,
) -> Result<Quote, RiskError> {
    health::health(balances, board, overlay, Check::Maintenance, now).map(|health| health.net())
}

/// What an endangered account's balances are worth: assets less liabilities at full price, native quote, rounded down. Bad
/// feeds and errors as in [`equity`](crate::health::equity).
pub fn balances_at_full_price(
    balances: &[Balance; MAX_BALANCES],
    board: &RiskBoard,
    overlay: &Overlay,
    now: i64,
) -> Result<Quote, RiskError> {
    health::equity(balances, board, overlay, now).map(|worth| worth.net())
}

/// Most that a settlement may take from a cross account for its losses, native quote, 0 or more: its quote deposit, or what
/// its balances support where that is more. The rest of a loss stays in the position, and nobody is made to borrow what
/// their collateral does not carry.
///
/// `supported` is [`balances_at_maintenance`]; of an account that is flagged for liquidation [`balances_at_full_price`]. Its
/// collateral is to be swapped for the quote that it owes, all of it: at maintenance weights the loss beyond would stay in the
/// position, no swap could reach the last of the collateral (or any of it, where its weight is 0), and the waterfall would ask
/// others to pay for what the account still has.
///
/// `Overflow` for a deposit from 2^63 on.
pub fn loss_limit(quote_deposit: TokenAmount, supported: Quote) -> Result<Quote, RiskError> {
    Ok(Quote::from_unsigned(quote_deposit.get())?.max(supported))
}

/// What of a loss an isolated position can pay: its pocket, and nothing of its account. Native quote, 0 or more.
pub fn pocket_loss(position: &Position, loss: Quote) -> Quote {
    loss.min(position.pocket).max(Quote::ZERO)
}

/// What a position owes the pool: `−min(0, uPnL)` at the price, funding and deleveraging counted; native quote, rounded up.
/// Without lots it owes what it owes, whatever the price: a feed that is silent must not protect whoever lost.
///
/// `StaleMarket` for lots while the entry may not be used at `now`; errors otherwise as [`Exposure::of`].
pub fn loss(position: &Position, terms: &MarketTerms, now: i64) -> Result<Quote, RiskError> {
    if position.lots.is_zero() {
        return Quote::ZERO.checked_sub(position.quote.min(Quote::ZERO));
    }
    let pnl = unrealised(position, terms, false, now)?;
    Quote::ZERO.checked_sub(pnl.min(Quote::ZERO))
}

/// Most that the pool pays a position: `min(realised, uPnL, h·pool)`, 0 or more, native quote, rounded down.
///
/// Funding and deleveraging count in both; `uPnL` is at the Withdraw values, the worse of price and stable price; `h = pool/(pool + deficit)`
/// is the haircut that an open deficit takes from every gain. Errors as [`loss`].
pub fn gain(
    position: &Position,
    terms: &MarketTerms,
    pool: Quote,
    deficit: Quote,
    now: i64,
) -> Result<Quote, RiskError> {
    let mut late = None;
    let position = seen(position, terms, &mut late)?;
    let realised = position.realised.checked_sub(funding::due(position, terms.funding)?)?;
    let pnl = unrealised(position, terms, true, now)?;
    Ok(realised.min(pnl).min(payable(pool, deficit)?).max(Quote::ZERO))
}

/// `h·pool`, native quote, rounded down; nothing of a pool that is not above 0. A deficit below 0 counts 0.
pub fn payable(pool: Quote, deficit: Quote) -> Result<Quote, RiskError> {
    if pool <= Quote::ZERO {
        return Ok(Quote::ZERO);
    }
    if deficit <= Quote::ZERO {
        return Ok(pool);
    }
    // Both are below 2^63.
    let (cash, claims) = (pool.magnitude(), pool.magnitude().saturating_add(deficit.magnitude()));
    Quote::from_unsigned(wide::mul_div_down(cash, cash, claims).unwrap_or(0))
}

fn unrealised(position: &Position, terms: &MarketTerms, strict: bool, now: i64) -> Result<Quote, RiskError> {
    if terms.valid_until < now {
        return Err(RiskError::StaleMarket { market: position.market });
    }
    let mut late = None;
    let position = seen(position, terms, &mut late)?;
    let due = funding::due(position, terms.funding)?;
    Ok(Exposure::of(position, &marks_of(terms, strict), due)?.unrealised)
}

/// Moves cash between a position and its pool: above zero a loss that was paid in, below zero a gain that was paid out.
///
/// What the position had cost stays as it was. Funding has been applied. `Overflow` where it does not fit; then nothing has
/// changed.
pub fn settle(position: &mut Position, paid_in: Quote) -> Result<(), RiskError> {
    let (quote, realised) = (position.quote.checked_add(paid_in)?, position.realised.checked_add(paid_in)?);
    (position.quote, position.realised) = (quote, realised);
    Ok(())
}

#[cfg(test)]
mod tests;
