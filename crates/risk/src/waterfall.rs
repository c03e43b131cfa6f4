//! The waterfall: who bears what a bankrupt account owes (DESIGN §6).
//!
//! First [`attribute`] the deficit over what was owed, and share what was seized pari passu ([`seized_part`]). Then
//! each part goes its own way: a market's loss through [`of_market`] (its tranche, the shared fund, the winners, an
//! open deficit), a borrow through [`of_borrow`] (reserves, insurance, the bank's lenders by [`haircut`]). Every
//! function here conserves: its parts add up to what it was given, to the unit.

use crate::error::{RiskError, overflow};
use crate::num::{Index, Quote, Ratio, Shares, TokenAmount, wide};

/// Attributes a deficit to what was owed: `D_i = D·L_i/ΣL`, rounded up, as long as there is something left of `D`.
///
/// Rounding up everywhere would attribute too much, so the last of them bear what is left: each part is less than a
/// unit above its exact share and less than one a part below it, none is above its own loss, and together they are `D`
/// exactly. Losses are measured before anything was seized; native quote, 0 or more. Returns `ΣL`.
///
/// `BadParameter` for a deficit above `ΣL` or for slices of different lengths; `Overflow` for anything below 0 and for
/// sums that do not fit. `parts` means nothing then.
pub fn attribute(deficit: Quote, losses: &[Quote], parts: &mut [Quote]) -> Result<Quote, RiskError> {
    if losses.len() != parts.len() {
        return Err(RiskError::BadParameter);
    }
    let mut total = Quote::ZERO;
    for loss in losses {
        if loss.is_negative() {
            return overflow();
        }
        total = total.checked_add(*loss)?;
    }
    if deficit.is_negative() {
        return overflow();
    }
    if deficit > total {
        return Err(RiskError::BadParameter);
    }
    let mut left = deficit;
    for (part, loss) in parts.iter_mut().zip(losses) {
        let share = match deficit.is_zero() {
            true => Some(0),
            false => wide::mul_div_up(deficit.magnitude(), loss.magnitude(), total.magnitude()),
        };
        let Some(share) = share else { return overflow() };
        *part = Quote::from_unsigned(share)?.min(left);
        left = left.saturating_sub(*part);
    }
    Ok(total)
}

/// What a loss is paid out of what was seized: all that was not attributed to it ([`attribute`]); native quote, 0 or
/// more, and together `ΣL − D`, which is what was seized.
pub fn seized_part(loss: Quote, attributed: Quote) -> Quote {
    loss.saturating_sub(attributed).max(Quote::ZERO)
}

crate::layout! {
    /// What the shared fund paid for a tier of markets in the running window.
    pub struct TierWindow {
        /// When it began, unix seconds.
        pub start: i64,
        /// Paid since, native quote.
        pub paid: TokenAmount,
    }
}

impl TierWindow {
    /// What the fund may still pay now, native quote, of a cap a window of so many seconds.
    pub fn left(&self, cap: TokenAmount, seconds: u32, now: i64) -> TokenAmount {
        if self.is_over(seconds, now) { cap } else { cap.saturating_sub(self.paid) }
    }

    /// Counts a payment. `Overflow` where it does not fit; then nothing has changed.
    pub fn pay(&mut self, amount: TokenAmount, seconds: u32, now: i64) -> Result<(), RiskError> {
        if self.is_over(seconds, now) {
            *self = Self { start: now, paid: amount };
        } else {
            self.paid = self.paid.checked_add(amount)?;
        }
        Ok(())
    }

    const fn is_over(&self, seconds: u32, now: i64) -> bool {
        now.saturating_sub(self.start) >= seconds as i64
    }
}

/// What stands before the winners of a market, native quote.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cover {
    /// The market's own insurance tranche.
    pub tranche: TokenAmount,
    /// The shared insurance fund.
    pub fund: TokenAmount,
    /// What the tier still may take of it in this window ([`TierWindow::left`]).
    pub tier: TokenAmount,
    /// What the other side's lots may still bear in this hour ([`charge`](crate::deleveraging::charge) tells when it
    /// was charged).
    pub winners: Quote,
}

/// Who bears a market's loss, native quote; together the loss exactly.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MarketLoss {
    /// The market's own insurance tranche, into the pool.
    pub tranche: Quote,
    /// The shared insurance fund, into the pool.
    pub fund: Quote,
    /// The winners, by index.
    pub winners: Quote,
    /// What stays open and haircuts every gain.
    pub deficit: Quote,
}

/// A market's loss: tranche, then shared fund up to the tier's cap, then winners, then an open deficit.
///
/// `Overflow` for a loss below 0; what does not reach winners below 0 counts as nothing.
pub fn of_market(loss: Quote, cover: &Cover) -> Result<MarketLoss, RiskError> {
    if loss.is_negative() {
        return overflow();
    }
    let mut left = loss;
    let tranche = draw(&mut left, cover.tranche.get());
    let fund = draw(&mut left, cover.fund.min(cover.tier).get());
    let winners = draw(&mut left, cover.winners.max(Quote::ZERO).magnitude());
    Ok(MarketLoss { tranche, fund, winners, deficit: left })
}

/// Takes as much as there is.
fn draw(left: &mut Quote, available: u64) -> Quote {
    let drawn = Quote::from_unsigned(available).unwrap_or(Quote::MAX).min(*left);
    *left = left.saturating_sub(drawn);
    drawn
}

/// Who bears a borrow's loss, native units of its token; together the loss exactly.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BorrowLoss {
    /// The bank's own reserves.
    pub reserves: TokenAmount,
    /// Bought with the insurance fund's quote, and paid into the bank.
    pub bought: TokenAmount,
    /// What the fund pays for these, native quote, rounded up.
    pub spent: TokenAmount,
    /// The bank's lenders, by index.
    pub lenders: TokenAmount,
}

/// What an amount costs the insurance fund, native quote: its worth at the oracle price (rounded up) and a fee, at most
/// `most`; rounded up. `Overflow` where it does not fit.
pub fn purchase_cost(worth: TokenAmount, fee: Ratio, most: Ratio) -> Result<TokenAmount, RiskError> {
    worth.checked_add(worth.mul_up(fee.min(most))?)
}

/// A borrow's loss: reserves, then what insurance can buy from a keeper, then the lenders.
///
/// `cost` is what buying the whole loss would cost ([`purchase_cost`]), `budget` what the fund may spend. Tokens bought
/// are rounded down, what they cost is rounded up: at most the budget. A cost of 0 for a loss buys nothing: there is no
/// price for it.
pub fn of_borrow(
    loss: TokenAmount,
    reserves: TokenAmount,
    cost: TokenAmount,
    budget: TokenAmount,
) -> Result<BorrowLoss, RiskError> {
    let drawn = reserves.min(loss);
    let left = loss.saturating_sub(drawn);
    if left.is_zero() || cost.is_zero() {
        return Ok(BorrowLoss { reserves: drawn, lenders: left, ..BorrowLoss::default() });
    }
    let affordable = wide::mul_div_down(loss.get(), budget.get(), cost.get()).unwrap_or(u64::MAX);
    let bought = affordable.min(left.get());
    let Some(spent) = wide::mul_div_up(cost.get(), bought, loss.get()) else { return overflow() };
    Ok(BorrowLoss {
        reserves: drawn,
        bought: TokenAmount::new(bought),
        spent: TokenAmount::new(spent),
        lenders: TokenAmount::new(left.get().saturating_sub(bought)),
    })
}

/// The deposit index after the lenders of a bank bore a loss (native units): lower by `loss / shares`, rounded up, so
/// that all deposits fall by at least the loss; the difference is the bank's dust.
///
/// Never 0, as an index must not be: lenders who lost everything keep 2^-64 a share, which is nothing of any deposit.
/// `BadParameter` for a loss to nobody.
pub fn haircut(index: Index, shares: Shares, loss: TokenAmount) -> Result<Index, RiskError> {
    if loss.is_zero() {
        return Ok(index);
    }
    if shares.is_zero() {
        return Err(RiskError::BadParameter);
    }
    let fall = u128::from(loss.get()).wrapping_shl(64).div_ceil(u128::from(shares.get()));
    Ok(Index::new(index.get().saturating_sub(fall).max(1)))
}

#[cfg(test)]
mod tests;
