//! Amounts: tokens, shares, quote and lots.

use super::{Index, Ratio, wide};
use crate::error::{RiskError, overflow};

quantity! {
    /// An amount of some token, in its native (smallest) units. 0 ..= 2^64 − 1.
    TokenAmount(u64)
}

quantity! {
    /// Shares of a bank's deposits or borrows. Worth `shares × index` native units of the token. 0 ..= 2^64 − 1.
    Shares(u64)
}

quantity! {
    /// An amount of quote, in native units of the quote token (six decimals by convention, never assumed), signed.
    Quote(i64)
}

quantity! {
    /// A size in a market, in base lots, signed: positive is long.
    Lots(i32)
}

impl TokenAmount {
    /// The largest amount.
    pub const MAX: Self = Self(u64::MAX);

    /// `ratio × amount`, rounded down. `Overflow` when it does not fit (only with ratios above 1).
    #[inline(always)]
    pub const fn mul_down(self, ratio: Ratio) -> Result<Self, RiskError> {
        match wide::mul_shift_down(self.0, ratio.get() as u64, super::RATIO_BITS) {
            Some(amount) => Ok(Self(amount)),
            None => overflow(),
        }
    }

    /// `ratio × amount`, rounded up. `Overflow` when it does not fit (only with ratios above 1).
    #[inline(always)]
    pub const fn mul_up(self, ratio: Ratio) -> Result<Self, RiskError> {
        match wide::mul_shift_up(self.0, ratio.get() as u64, super::RATIO_BITS) {
            Some(amount) => Ok(Self(amount)),
            None => overflow(),
        }
    }
}

impl Shares {
    /// What the shares are worth, in native units, rounded down: what a depositor owns. `Overflow` when it does not fit.
    #[inline(always)]
    pub const fn amount_down(self, index: Index) -> Result<TokenAmount, RiskError> {
        let (whole, fraction) = index.split();
        match self.whole_part(whole, wide::mul(self.0, fraction) >> 64) {
            Some(amount) => Ok(TokenAmount(amount)),
            None => overflow(),
        }
    }

    /// What the shares are worth, in native units, rounded up: what a borrower owes. `Overflow` when it does not fit.
    #[inline(always)]
    #[allow(clippy::arithmetic_side_effects)] // (2^64−1)² + 2^64 − 1 < 2^128.
    pub const fn amount_up(self, index: Index) -> Result<TokenAmount, RiskError> {
        let (whole, fraction) = index.split();
        let carried = (wide::mul(self.0, fraction) + u64::MAX as u128) >> 64;
        match self.whole_part(whole, carried) {
            Some(amount) => Ok(TokenAmount(amount)),
            None => overflow(),
        }
    }

    /// `shares × whole + rest`.
    #[inline(always)]
    const fn whole_part(self, whole: u64, rest: u128) -> Option<u64> {
        match (self.0.checked_mul(whole), wide::narrow(rest)) {
            (Some(product), Some(rest)) => product.checked_add(rest),
            _ => None,
        }
    }

    /// The shares that an amount is worth, rounded down: what a deposit is given, what a repayment takes off.
    ///
    /// `Overflow` when they do not fit; `BadParameter` for an index of 0.
    #[inline]
    pub const fn from_amount_down(amount: TokenAmount, index: Index) -> Result<Self, RiskError> {
        match ((amount.0 as u128) << 64).checked_div(index.get()) {
            Some(shares) => match wide::narrow(shares) {
                Some(shares) => Ok(Self(shares)),
                None => overflow(),
            },
            None => Err(RiskError::BadParameter),
        }
    }

    /// The shares that an amount is worth, rounded up: what a withdrawal takes off, what a borrow is charged.
    ///
    /// `Overflow` when they do not fit; `BadParameter` for an index of 0.
    #[inline]
    pub const fn from_amount_up(amount: TokenAmount, index: Index) -> Result<Self, RiskError> {
        if index.get() == 0 {
            return Err(RiskError::BadParameter);
        }
        match wide::narrow(((amount.0 as u128) << 64).div_ceil(index.get())) {
            Some(shares) => Ok(Self(shares)),
            None => overflow(),
        }
    }
}

impl Quote {
    /// The largest amount.
    pub const MAX: Self = Self(i64::MAX);

    /// From an unsigned number of native units. `Overflow` from 2^63 on.
    #[inline(always)]
    #[allow(clippy::cast_possible_wrap)] // Compared right here.
    pub const fn from_unsigned(raw: u64) -> Result<Self, RiskError> {
        if raw > i64::MAX as u64 { overflow() } else { Ok(Self(raw as i64)) }
    }

    /// Whether this is below zero.
    #[inline(always)]
    pub const fn is_negative(self) -> bool {
        self.0 < 0
    }

    /// The magnitude, in native units.
    #[inline(always)]
    pub const fn magnitude(self) -> u64 {
        self.0.unsigned_abs()
    }
}

impl Lots {
    /// The magnitude, in lots.
    #[inline(always)]
    pub const fn magnitude(self) -> u32 {
        self.0.unsigned_abs()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn index(whole: u64, fraction: u64) -> Index {
        Index::new(((whole as u128) << 64) | fraction as u128)
    }

    #[test]
    fn a_deposit_never_returns_more_than_was_put_in() {
        for amount in [0, 1, 2, 3, 1_000_000_007, u64::MAX >> 20] {
            for at in [index(1, 0), index(1, 1), index(1, u64::MAX), index(77, 12345), index(0, u64::MAX / 3)]
            {
                let amount = TokenAmount::new(amount);
                let shares = Shares::from_amount_down(amount, at).unwrap();
                assert!(shares.amount_down(at).unwrap() <= amount);
            }
        }
    }

    #[test]
    fn a_borrow_never_owes_less_than_was_taken() {
        for amount in [0, 1, 2, 3, 1_000_000_007, u64::MAX >> 20] {
            for at in [index(1, 0), index(1, 1), index(1, u64::MAX), index(77, 12345), index(0, u64::MAX / 3)]
            {
                let amount = TokenAmount::new(amount);
                let shares = Shares::from_amount_up(amount, at).unwrap();
                assert!(shares.amount_up(at).unwrap() >= amount);
            }
        }
    }

    #[test]
    fn shares_beyond_the_range_are_an_overflow() {
        assert_eq!(Shares::new(u64::MAX).amount_down(index(2, 0)), Err(RiskError::Overflow));
        assert_eq!(Shares::new(u64::MAX).amount_up(index(1, 1)), Err(RiskError::Overflow));
        assert_eq!(Shares::from_amount_down(TokenAmount::MAX, index(0, 1)), Err(RiskError::Overflow));
        assert_eq!(Shares::from_amount_up(TokenAmount::MAX, index(0, 1 << 63)), Err(RiskError::Overflow));
        assert_eq!(Shares::from_amount_down(TokenAmount::MAX, Index::new(0)), Err(RiskError::BadParameter));
        assert_eq!(Shares::from_amount_up(TokenAmount::MAX, Index::new(0)), Err(RiskError::BadParameter));
    }

    #[test]
    fn quote_refuses_what_it_cannot_hold() {
        assert_eq!(Quote::from_unsigned(1 << 63), Err(RiskError::Overflow));
        assert_eq!(Quote::from_unsigned(5), Ok(Quote::new(5)));
        assert_eq!(Quote::MAX.checked_add(Quote::new(1)), Err(RiskError::Overflow));
        assert_eq!(Quote::new(i64::MIN).magnitude(), 1 << 63);
    }
}
