//! Interest: the price of a loan, and what passes from borrowers to lenders and reserves (DESIGN §4 "Interest", §5).

use crate::error::{RiskError, overflow};
use crate::num::{Index, RATIO_BITS, Ratio, Shares, TokenAmount, wide};

/// Seconds in a year of interest: 365 days.
pub const SECONDS_PER_YEAR: u64 = 31_536_000;

/// The most time one accrual credits, seconds: after an outage nobody pays for more than an hour of it.
pub const MAX_ACCRUAL_SECONDS: u64 = 3_600;

/// Annual borrow rate by utilisation: straight lines through four points, at 0, `kink1`, `kink2` and 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RateCurve {
    /// Utilisation of the first kink; `kink1 ≤ kink2 ≤ 1`.
    pub kink1: Ratio,
    /// Utilisation of the second kink.
    pub kink2: Ratio,
    /// Annual rate at utilisation 0.
    pub rate0: Ratio,
    /// Annual rate at `kink1`.
    pub rate1: Ratio,
    /// Annual rate at `kink2`.
    pub rate2: Ratio,
    /// Annual rate at utilisation 1.
    pub rate3: Ratio,
}

impl RateCurve {
    /// The annual rate at a utilisation, rounded up (the borrower pays the fraction); beyond 1 it is `rate3`.
    ///
    /// `BadParameter` when the kinks are out of order.
    pub fn rate(&self, utilisation: Ratio) -> Result<Ratio, RiskError> {
        if self.kink1 > self.kink2 || self.kink2 > Ratio::ONE {
            return Err(RiskError::BadParameter);
        }
        let (low, high, from, to) = if utilisation >= Ratio::ONE {
            return Ok(self.rate3);
        } else if utilisation < self.kink1 {
            (Ratio::ZERO, self.kink1, self.rate0, self.rate1)
        } else if utilisation < self.kink2 {
            (self.kink1, self.kink2, self.rate1, self.rate2)
        } else {
            (self.kink2, Ratio::ONE, self.rate2, self.rate3)
        };
        // low ≤ utilisation < high, so the line has a length.
        let along = u64::from(utilisation.saturating_sub(low).get());
        let length = u64::from(high.saturating_sub(low).get());
        let rise = u64::from(from.get().abs_diff(to.get()));
        let raw = if to >= from {
            wide::mul_div_up(rise, along, length).map(|part| u64::from(from.get()).saturating_add(part))
        } else {
            wide::mul_div_down(rise, along, length).map(|part| u64::from(from.get()).saturating_sub(part))
        };
        match raw.and_then(|raw| u32::try_from(raw).ok()) {
            Some(raw) => Ok(Ratio::new(raw)),
            None => overflow(),
        }
    }
}

/// Borrows as a share of deposits, rounded up: 0 without borrows, at most 1.
pub const fn utilisation(deposits: TokenAmount, borrows: TokenAmount) -> Ratio {
    if borrows.is_zero() {
        return Ratio::ZERO;
    }
    if borrows.get() >= deposits.get() {
        return Ratio::ONE;
    }
    match Ratio::from_fraction_up(borrows.get(), deposits.get()) {
        Ok(ratio) => ratio,
        Err(_) => Ratio::ONE,
    }
}

/// What a bank owes and is owed: the part of a bank that interest changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BankLedger {
    /// Growth of a deposit share.
    pub deposit_index: Index,
    /// Growth of a borrow share.
    pub borrow_index: Index,
    /// All deposit shares.
    pub deposit_shares: Shares,
    /// All borrow shares.
    pub borrow_shares: Shares,
    /// The protocol's part of past interest, whole native units.
    pub reserves: u64,
    /// The fraction of a native unit beyond `reserves`, 2^-64.
    pub reserves_fraction: u64,
}

impl BankLedger {
    /// What lenders own together, native units, rounded down.
    pub const fn deposits(&self) -> Result<TokenAmount, RiskError> {
        self.deposit_shares.amount_down(self.deposit_index)
    }

    /// What borrowers owe together, native units, rounded up.
    pub const fn borrows(&self) -> Result<TokenAmount, RiskError> {
        self.borrow_shares.amount_up(self.borrow_index)
    }

    /// The ledger after `elapsed_seconds` (at most [`MAX_ACCRUAL_SECONDS`] count) at `annual_rate`.
    ///
    /// The rate is the one computed after the *last* change of utilisation: it is what stood over the elapsed time
    /// (DESIGN §3), so no refresh can choose it. What borrowers owe more is split to 2^-64 of a native unit between
    /// `reserve_factor` for the reserves (rounded down) and the lenders (rounded down per share): ΔD + ΔR ≤ ΔB exactly.
    /// Lenders' claims must cover what borrowers owe (B ≤ D, in whole units): when they would not, the reserves get less;
    /// when that is not enough, nothing accrues in this period. Without deposits all goes to the reserves.
    ///
    /// `BadParameter` for a reserve factor above 1; `Overflow` when an index or a total leaves its range.
    pub fn accrue(
        &self,
        annual_rate: Ratio,
        reserve_factor: Ratio,
        elapsed_seconds: u64,
    ) -> Result<Self, RiskError> {
        if reserve_factor > Ratio::ONE {
            return Err(RiskError::BadParameter);
        }
        let growth = self.borrow_growth(annual_rate, elapsed_seconds)?;
        if growth == 0 || self.borrow_shares.is_zero() {
            return Ok(*self);
        }
        let borrow_index = Index::checked(self.borrow_index.get().saturating_add(growth))?;
        let grown = Self { borrow_index, ..*self };
        let owed = u128::from(self.borrow_shares.get()).checked_mul(growth).ok_or(RiskError::Overflow)?;
        if self.deposit_shares.is_zero() {
            return grown.split(0, owed);
        }
        let reserves = part(owed, reserve_factor);
        let wanted = grown.split(owed.saturating_sub(reserves), reserves)?;
        let Some(short) = wanted.shortage()? else { return Ok(wanted) };
        // One unit more than is short, because the lenders' part rounds down once a share.
        let given = u128::from(short).saturating_add(1).checked_shl(64).unwrap_or(u128::MAX);
        let reserves = reserves.saturating_sub(given);
        let squeezed = grown.split(owed.saturating_sub(reserves), reserves)?;
        Ok(if squeezed.shortage()?.is_none() { squeezed } else { *self })
    }

    /// By how much the borrow index grows, 2^-64, rounded up.
    fn borrow_growth(&self, annual_rate: Ratio, elapsed_seconds: u64) -> Result<u128, RiskError> {
        const DIVISOR: u128 = (SECONDS_PER_YEAR as u128) << RATIO_BITS;
        let seconds = elapsed_seconds.min(MAX_ACCRUAL_SECONDS);
        // Below 2^32 · 2^12: with an index below 2^80 the product fits 128 bits.
        let rate_seconds = u64::from(annual_rate.get()).saturating_mul(seconds);
        let product =
            self.borrow_index.get().checked_mul(u128::from(rate_seconds)).ok_or(RiskError::Overflow)?;
        Ok(product.div_ceil(DIVISOR))
    }

    /// This ledger with Q64.64 native units given to the lenders (rounded down per share) and to the reserves (exact).
    fn split(&self, lenders: u128, reserves: u128) -> Result<Self, RiskError> {
        let per_share = lenders.checked_div(u128::from(self.deposit_shares.get())).unwrap_or(0);
        let deposit_index = self.deposit_index.get().checked_add(per_share).ok_or(RiskError::Overflow)?;
        let held = Index::from(crate::num::StoredIndex { low: self.reserves_fraction, high: self.reserves });
        let held = held.get().checked_add(reserves).ok_or(RiskError::Overflow)?;
        let (reserves, reserves_fraction) = Index::new(held).split();
        Ok(Self { deposit_index: Index::checked(deposit_index)?, reserves, reserves_fraction, ..*self })
    }

    /// By how many native units what borrowers owe exceeds what lenders own, if it does.
    fn shortage(&self) -> Result<Option<u64>, RiskError> {
        Ok(match self.borrows()?.get().checked_sub(self.deposits()?.get()) {
            None | Some(0) => None,
            short => short,
        })
    }
}

/// `⌊amount · ratio⌋` of a Q64.64 amount, for a ratio of at most 1.
const fn part(amount: u128, ratio: Ratio) -> u128 {
    let (whole, fraction) = Index::new(amount).split();
    // whole·ratio ≤ 2^94, so neither the shift nor the sum leaves 128 bits.
    (wide::mul(whole, ratio.get() as u64) << (64 - RATIO_BITS))
        .saturating_add(wide::mul(fraction, ratio.get() as u64) >> RATIO_BITS)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bps(bps: u32) -> Ratio {
        Ratio::from_bps(bps)
    }

    fn curve() -> RateCurve {
        RateCurve {
            kink1: bps(6_000),
            kink2: bps(8_500),
            rate0: bps(0),
            rate1: bps(500),
            rate2: bps(2_000),
            rate3: bps(20_000),
        }
    }

    fn ledger(deposits: u64, borrows: u64) -> BankLedger {
        BankLedger {
            deposit_index: Index::ONE,
            borrow_index: Index::ONE,
            deposit_shares: Shares::new(deposits),
            borrow_shares: Shares::new(borrows),
            reserves: 0,
            reserves_fraction: 0,
        }
    }

    #[test]
    fn the_curve_passes_through_its_four_points() {
        let curve = curve();
        assert_eq!(curve.rate(Ratio::ZERO), Ok(curve.rate0));
        assert_eq!(curve.rate(curve.kink1), Ok(curve.rate1));
        assert_eq!(curve.rate(curve.kink2), Ok(curve.rate2));
        assert_eq!(curve.rate(Ratio::ONE), Ok(curve.rate3));
        assert_eq!(curve.rate(Ratio::MAX), Ok(curve.rate3));
        let flat = RateCurve { kink1: Ratio::ONE, kink2: Ratio::ONE, ..curve };
        assert_eq!(flat.rate(bps(5_000)).unwrap().get().abs_diff(bps(250).get()), 1); // up
    }

    #[test]
    fn a_curve_with_kinks_out_of_order_is_refused() {
        let crossed = RateCurve { kink1: bps(9_000), ..curve() };
        assert_eq!(crossed.rate(bps(1)), Err(RiskError::BadParameter));
        let beyond = RateCurve { kink2: Ratio::MAX, ..curve() };
        assert_eq!(beyond.rate(bps(1)), Err(RiskError::BadParameter));
    }

    #[test]
    fn utilisation_is_rounded_up_and_capped() {
        let of = |deposits, borrows| utilisation(TokenAmount::new(deposits), TokenAmount::new(borrows));
        assert_eq!(of(0, 0), Ratio::ZERO);
        assert_eq!(of(0, 1), Ratio::ONE);
        assert_eq!(of(10, 11), Ratio::ONE);
        assert_eq!(of(3, 1).get(), 357_913_942);
        assert_eq!(of(u64::MAX, 1).get(), 1);
    }

    #[test]
    fn a_year_at_ten_percent_is_paid_hour_by_hour() {
        let mut bank = ledger(1_000_000_000_000, 500_000_000_000);
        for _ in 0..8_760 {
            bank = bank.accrue(bps(1_000), bps(2_000), 3_600).unwrap();
        }
        // Compounded hourly: e^0.1 = 1.10517; a fifth of the interest is the reserves'.
        let interest = bank.borrows().unwrap().get() - 500_000_000_000;
        assert!((52_585_000_000..52_586_000_000).contains(&interest), "{interest}");
        assert!(bank.reserves.abs_diff(interest / 5) < 9_000);
        let lent = bank.deposits().unwrap().get() - 1_000_000_000_000;
        assert!(lent + bank.reserves <= interest);
        assert!(lent + bank.reserves + 9_000 > interest);
    }

    #[test]
    fn an_outage_costs_borrowers_an_hour_at_most() {
        let bank = ledger(1_000_000, 500_000);
        let hour = bank.accrue(Ratio::ONE, bps(1_000), 3_600).unwrap();
        assert_eq!(bank.accrue(Ratio::ONE, bps(1_000), u64::MAX).unwrap(), hour);
        assert_eq!(bank.accrue(Ratio::ONE, bps(1_000), 0).unwrap(), bank);
    }

    #[test]
    fn reserves_yield_before_borrowers_owe_more_than_lenders_own() {
        // Fully lent out: whatever the reserves took would be missing from the lenders.
        let bank = ledger(1_000_000_000_000, 1_000_000_000_000 - 5_000_000);
        let after = bank.accrue(Ratio::ONE, Ratio::ONE, 3_600).unwrap();
        assert!(after.borrow_index > bank.borrow_index);
        assert!(after.borrows().unwrap() <= after.deposits().unwrap());
        assert!(after.reserves > 0 && after.reserves < 100_000_000);
    }

    #[test]
    fn nothing_accrues_when_borrowers_already_owe_more_than_lenders_own() {
        let bank = ledger(1_000, 2_000);
        assert_eq!(bank.accrue(Ratio::ONE, bps(1_000), 3_600).unwrap(), bank);
    }

    #[test]
    fn without_lenders_all_interest_is_the_reserves() {
        let after = ledger(0, 1 << 50).accrue(Ratio::ONE, bps(1_000), 3_600).unwrap();
        assert_eq!(after.deposit_index, Index::ONE);
        assert_eq!(
            after.reserves,
            after.borrows().unwrap().get() - (1 << 50) - u64::from(after.reserves_fraction > 0)
        );
    }

    #[test]
    fn an_index_at_its_limit_is_an_overflow() {
        let full = BankLedger { borrow_index: Index::new(Index::LIMIT - 1), ..ledger(1, 1) };
        assert_eq!(full.accrue(Ratio::ONE, Ratio::ZERO, 3_600), Err(RiskError::Overflow));
        let bank = ledger(1, 1);
        assert_eq!(bank.accrue(Ratio::ONE, Ratio::MAX, 1), Err(RiskError::BadParameter));
    }
}
