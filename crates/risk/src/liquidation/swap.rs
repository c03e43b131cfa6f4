//! How much of a borrow is repaid for collateral, and how much of a gain is bought.

use super::{Fee, Standing, StepTerms, View, proportion};
use crate::error::{RiskError, overflow};
use crate::layout::account::Balance;
use crate::layout::bank::{BankTerms, NO_FEED};
use crate::layout::feed::Feed;
use crate::num::{Quote, Ratio, Shares, wide};
use crate::valuation::refresh_bank;

/// Tries after which the search for a swap takes what is enough; the gain is a straight line but for rounding.
const MOST_TRIES: u32 = 8;

/// A swap that overshoots by so little is as good as exact, native quote.
const NEAR: i64 = 4;

/// A borrow, or a part of it, repaid for collateral.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Swap {
    /// Borrow shares that the liquidator repays; their tokens are rounded up by the bank.
    pub debt_shares: Shares,
    /// What these are worth at full price, native quote, rounded down.
    pub debt_worth: Quote,
    /// Deposit shares that the liquidator gets for them.
    pub collateral_shares: Shares,
    /// What these are worth more, native quote: the liquidator's part, and the insurance fund's, to be paid by the
    /// liquidator.
    pub fee: Fee,
    /// Amounts tried.
    pub evaluations: u32,
}

/// Sizes a swap: the least of a borrow whose repayment, for collateral at the price and the fee on top, brings health
/// at the end of a liquidation to 0; all of it where that is not enough or would leave less than dust, as far as the
/// collateral goes.
///
/// The fee is the least of the auction's, of `max(0, E)·(worth repaid)/ΣN`, and of half of what weights leave between
/// the two: repaying always improves health. Collateral is rounded down: the account never gives more than the fee.
///
/// `BadParameter` for balances of the wrong kind, or of one bank; `StalePrice` without a valid price of either;
/// `LowersHealth` where weights leave nothing to gain. `Overflow` for a worth of 2^58 native quote or more.
pub fn swap(
    debt: &Balance,
    collateral: &Balance,
    standing: &Standing,
    terms: &StepTerms,
    view: &View<'_>,
) -> Result<Swap, RiskError> {
    if !debt.is_borrow() || collateral.is_borrow() || debt.bank == collateral.bank {
        return Err(RiskError::BadParameter);
    }
    if !standing.liqend.is_negative() || debt.is_free() || collateral.is_free() {
        return Ok(Swap::default());
    }
    let (owed, owned) = (view.bank(debt.bank)?, view.bank(collateral.bank)?);
    let rate = standing.rate(terms.rate).min(room(&owed, &owned)?);
    let trial = Exchange { debt: debt.shares, collateral: collateral.shares, owed, owned, rate };
    let most = trial.most()?;
    let (shares, evaluations) = trial.fewest(most, standing.liqend.magnitude())?;
    let left = Shares::new(debt.shares.get().saturating_sub(shares));
    let is_dust = trial.owed_at_price(left)? < terms.dust.max(Quote::ZERO).magnitude();
    let shares = if is_dust && most == debt.shares.get() { most } else { shares };
    if trial.gain(shares)? <= 0 {
        return Err(RiskError::LowersHealth { by: Quote::new(trial.gain(shares)?.saturating_neg()) });
    }
    let (shares, worth, given) = trial.whole(shares, most)?;
    let fee = Quote::from_unsigned(trial.owned_at_price(given)?.saturating_sub(worth))?;
    Ok(Swap {
        debt_shares: Shares::new(shares),
        debt_worth: Quote::from_unsigned(worth)?,
        collateral_shares: given,
        fee: Fee::split(fee, terms.insurance_share)?,
        evaluations,
    })
}

impl View<'_> {
    /// The bank's entry at a price that a liquidation may rest on, brought up to date where the board's is stale.
    /// `StalePrice` where there is none. `Missing` for a bank that the board does not have.
    pub fn bank(&self, place: u8) -> Result<BankTerms, RiskError> {
        let entry = self.board.banks.get(usize::from(place)).ok_or(RiskError::Missing)?;
        if entry.valid_until >= self.now {
            return Ok(*entry);
        }
        let stale = RiskError::StalePrice { bank: u16::from(place) };
        let mut terms = *entry;
        let feed: Feed = if terms.feed == NO_FEED {
            bytemuck::Zeroable::zeroed()
        } else {
            self.feed(terms.feed)?.ok_or(stale)?
        };
        refresh_bank(&mut terms, &feed, &self.board.header, self.now)?;
        if terms.valid_until < self.now { Err(stale) } else { Ok(terms) }
    }
}

/// Half of what maintenance weights leave between a repaid borrow and the collateral given for it, rounded down.
fn room(owed: &BankTerms, owned: &BankTerms) -> Result<Ratio, RiskError> {
    let frees = fraction(owed.values.liability_maint, owed.values.liability_equity)?;
    let costs = fraction(owned.values.asset_maint, owned.values.asset_equity)?;
    let between = frees.saturating_sub(costs);
    // Collateral that counts nothing costs no health at all.
    if costs.is_zero() {
        return Ok(Ratio::ONE);
    }
    let room = Ratio::from_fraction_down(u64::from(between.get()) >> 1, u64::from(costs.get()));
    Ok(room.unwrap_or(Ratio::ONE).min(Ratio::ONE))
}

/// A weight, from worths of a share. `BadParameter` for a share that is worth nothing.
fn fraction(weighted: u64, full: u64) -> Result<Ratio, RiskError> {
    match Ratio::from_fraction_down(weighted, full) {
        Err(RiskError::Overflow) => Ok(Ratio::MAX),
        found => found,
    }
}

/// Shares at a mantissa, native quote, rounded down. `Overflow` from 2^58 on.
#[inline(always)]
fn worth_down(shares: Shares, mantissa: u64, shift: u8) -> Result<u64, RiskError> {
    let worth = wide::mul(shares.get(), mantissa).wrapping_shr(u32::from(shift));
    if worth >> 58 != 0 {
        return overflow();
    }
    wide::narrow(worth).ok_or(RiskError::Overflow)
}

/// The most shares at a mantissa that are worth at most so much, rounded down.
fn shares_down(worth: u64, mantissa: u64, shift: u8) -> Shares {
    // 2^58 at most, so that 70 bits of shift would fit; more only ever means worthless shares.
    let shift = u32::from(shift);
    let scaled = u128::from(worth);
    let scaled = if scaled.leading_zeros() < shift { u128::MAX } else { scaled.wrapping_shl(shift) };
    let shares = scaled.checked_div(u128::from(mantissa)).and_then(wide::narrow);
    Shares::new(shares.unwrap_or(u64::MAX))
}

/// A borrow, and collateral to be exchanged for its repayment.
struct Exchange {
    debt: Shares,
    collateral: Shares,
    owed: BankTerms,
    owned: BankTerms,
    rate: Ratio,
}

impl Exchange {
    /// Borrow shares at full price, native quote, rounded down.
    fn owed_at_price(&self, shares: Shares) -> Result<u64, RiskError> {
        worth_down(shares, self.owed.values.liability_equity, self.owed.shift)
    }

    /// Deposit shares at full price, native quote, rounded down.
    fn owned_at_price(&self, shares: Shares) -> Result<u64, RiskError> {
        worth_down(shares, self.owned.values.asset_equity, self.owned.shift)
    }

    /// Borrow shares, their worth, and the collateral given for them, where a share of collateral is worth so much that
    /// rounding it down takes the liquidator's fee, or more: one share more, and the debt that it pays for.
    ///
    /// Unchanged where nobody loses by rounding, or where so coarse a share cannot be paid for within the fee.
    fn whole(&self, shares: u64, most: u64) -> Result<(u64, u64, Shares), RiskError> {
        let (worth, given) = self.given(shares)?;
        if self.owned_at_price(given)? >= worth || given >= self.collateral {
            return Ok((shares, worth, given));
        }
        let more = Shares::new(given.get().saturating_add(1));
        let one = u64::from(Ratio::ONE.get());
        let price = self.owned_at_price(more)?;
        let paid = wide::mul_div_up(price, one, one.saturating_add(u64::from(self.rate.get())));
        // Rounded up: the account gives no more than the fee.
        let covered = shares_down(
            paid.unwrap_or(price).saturating_add(1),
            self.owed.values.liability_equity,
            self.owed.shift,
        );
        let covered = covered.get().saturating_add(1);
        let covered_worth = self.owed_at_price(Shares::new(covered))?;
        let most_fee = self.rate.mul_down(Quote::from_unsigned(covered_worth)?)?.magnitude();
        let is_fair = covered <= most && price.saturating_sub(covered_worth) <= most_fee;
        if is_fair && self.gain_of(covered, more)? > 0 {
            return Ok((covered, covered_worth, more));
        }
        Ok((shares, worth, given))
    }

    /// The most borrow shares that the collateral pays for with the fee, rounded down.
    fn most(&self) -> Result<u64, RiskError> {
        let all = self.owned_at_price(self.collateral)?;
        let one = u64::from(Ratio::ONE.get());
        let paid = wide::mul_div_down(all, one, one.saturating_add(u64::from(self.rate.get()))).unwrap_or(0);
        let shares = shares_down(paid, self.owed.values.liability_equity, self.owed.shift);
        Ok(shares.min(self.debt).get())
    }

    /// What so many borrow shares are worth, and the collateral given for them.
    fn given(&self, shares: u64) -> Result<(u64, Shares), RiskError> {
        let worth = self.owed_at_price(Shares::new(shares))?;
        let fee = self.rate.mul_down(Quote::from_unsigned(worth)?)?;
        let due = worth.saturating_add(fee.magnitude());
        let given = shares_down(due, self.owned.values.asset_equity, self.owned.shift);
        Ok((worth, given.min(self.collateral)))
    }

    /// What repaying so many shares adds to health at the end of a liquidation, native quote; balances count as in a
    /// check.
    fn gain(&self, shares: u64) -> Result<i64, RiskError> {
        let (_, given) = self.given(shares)?;
        self.gain_of(shares, given)
    }

    /// The same for as much collateral as is named.
    fn gain_of(&self, shares: u64, given: Shares) -> Result<i64, RiskError> {
        let owes = |shares: Shares| {
            let more = u64::from(!shares.is_zero());
            let worth = worth_down(shares, self.owed.values.liability_liqend, self.owed.shift);
            worth.map(|worth| worth.saturating_add(more).cast_signed())
        };
        let has = |shares| {
            worth_down(shares, self.owned.values.asset_maint, self.owned.shift).map(u64::cast_signed)
        };
        let freed = owes(self.debt)?.saturating_sub(owes(self.debt.saturating_sub(Shares::new(shares)))?);
        let lost = has(self.collateral)?.saturating_sub(has(self.collateral.saturating_sub(given))?);
        Ok(freed.saturating_sub(lost))
    }

    /// The fewest shares that gain what is needed, within [`NEAR`]; the most there are where they do not.
    fn fewest(&self, most: u64, need: u64) -> Result<(u64, u32), RiskError> {
        let need = i64::try_from(need).unwrap_or(i64::MAX);
        let (mut few, mut short) = (0u64, need.unsigned_abs());
        let (mut enough, mut beyond) = (most, self.gain(most)?.saturating_sub(need));
        let mut tries = 1u32;
        while beyond > NEAR && enough.saturating_sub(few) > 1 && tries < MOST_TRIES {
            tries = tries.saturating_add(1);
            let rise = beyond.unsigned_abs().saturating_add(short);
            let width = enough.saturating_sub(few);
            // A unit more than the line says, for what rounding takes.
            let aim = short.saturating_add(1).min(rise);
            let shares = few.saturating_add(proportion(width, aim, rise)).saturating_add(1);
            let shares = shares.clamp(few.saturating_add(1), enough.saturating_sub(1));
            let found = self.gain(shares)?.saturating_sub(need);
            if found < 0 {
                (few, short) = (shares, found.unsigned_abs());
            } else {
                (enough, beyond) = (shares, found);
            }
        }
        Ok((enough, tries))
    }
}

/// A gain that was bought while its market's pool is dry.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PnlSale {
    /// What leaves the position's `quote` and joins the buyer's in the same market, native quote.
    pub claim: Quote,
    /// Cash that the buyer pays to the account's quote balance, rounded down.
    pub paid: Quote,
    /// What the claim is worth more than that, the insurance fund's part to be paid by the buyer.
    pub fee: Fee,
}

/// Sizes a purchase of unrealised profit, native quote: what covers `owed` (cash that the account lacks) after the
/// discount, rounded up, and at most the profit there is.
///
/// The discount is the auction's, within `max(0, E)·claim/ΣN`. It costs health (a gain counts in full at maintenance)
/// and turns what nobody pays now into cash that repays. `Overflow` for what does not fit.
pub fn buy_pnl(
    profit: Quote,
    owed: Quote,
    standing: &Standing,
    terms: &StepTerms,
) -> Result<PnlSale, RiskError> {
    if profit <= Quote::ZERO || owed <= Quote::ZERO {
        return Ok(PnlSale::default());
    }
    let rate = standing.rate(terms.rate);
    let one = u64::from(Ratio::ONE.get());
    let kept = one.saturating_sub(u64::from(rate.get()));
    let covers = wide::mul_div_up(owed.magnitude(), one, kept).unwrap_or(u64::MAX);
    let claim = Quote::from_unsigned(covers.min(profit.magnitude()))?;
    let fee = rate.mul_down(claim)?;
    Ok(PnlSale { claim, paid: claim.checked_sub(fee)?, fee: Fee::split(fee, terms.insurance_share)? })
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytemuck::Zeroable;

    /// A debt of shares worth 1 each at a weight of 1.1, against five shares of 2,000,000 at a weight of 0.8.
    fn coarse(debt: u64) -> Exchange {
        let (mut owed, mut owned) = (BankTerms::zeroed(), BankTerms::zeroed());
        (owed.shift, owned.shift) = (8, 8);
        (owed.values.liability_equity, owed.values.liability_liqend) = (256, 282);
        (owned.values.asset_equity, owned.values.asset_maint) = (2_000_000 << 8, 1_600_000 << 8);
        let (debt, collateral) = (Shares::new(debt), Shares::new(5));
        Exchange { debt, collateral, owed, owned, rate: Ratio::from_bps(100) }
    }

    #[test]
    fn a_share_of_collateral_that_is_worth_much_is_given_whole_and_paid_for() {
        let trial = coarse(8_400_000);
        // 292,000 of debt would bring no share at all.
        assert_eq!(trial.given(292_000).unwrap().1, Shares::ZERO);
        let (shares, worth, given) = trial.whole(292_000, 8_400_000).unwrap();
        assert_eq!((shares, worth, given), (1_980_201, 1_980_201, Shares::new(1)));
        // 2,000,000 less 1 % of what is repaid: the liquidator earns the fee, the account gives no more.
        assert!(2_000_000 - worth <= worth / 100);
        assert!(trial.gain_of(shares, given).unwrap() > 0);
    }

    #[test]
    fn nothing_changes_where_rounding_takes_nothing_or_the_debt_does_not_reach() {
        let trial = coarse(8_400_000);
        assert_eq!(trial.whole(3_960_397, 8_400_000).unwrap().2, Shares::new(2));
        // Less debt than a share is worth.
        let small = coarse(500_000);
        assert_eq!(small.whole(500_000, 500_000).unwrap(), (500_000, 500_000, Shares::ZERO));
    }
}
