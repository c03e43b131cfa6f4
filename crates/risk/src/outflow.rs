//! How much may leave a bank in an hour and in a day: a leaky bucket of net outflow (DESIGN §6, "Breakers").

use crate::error::RiskError;
use crate::num::{Ratio, TokenAmount, wide};

/// One window of the limiter.
///
/// The level rises with withdrawals and borrows, falls with deposits and repayments, and leaks away over the period. It may
/// fall below zero: what came in may leave again, or somebody who deposits and withdraws the same would use up the limit of
/// everybody else. The limit is a share of the deposits at the start of the window or now, whichever are less.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, bytemuck::Pod, bytemuck::Zeroable)]
pub struct OutflowWindow {
    /// Net outflow that has not leaked yet, in native units; below zero after a net inflow.
    pub level: i64,
    /// The bank's deposits when the window started, in native units.
    pub base: u64,
    /// When the window started, unix seconds.
    pub base_time: i64,
    /// When the level last leaked, unix seconds.
    pub updated_at: i64,
}

/// What limits a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutflowTerms {
    /// Share of the deposits that may leave in one period; 1 or more is no limit.
    pub limit_ratio: Ratio,
    /// Length of the window in seconds; 0 is no limit.
    pub period_seconds: u32,
    /// Withdrawals up to this size may also use the allotment, and so much may leave in any period; native units.
    pub small_size: TokenAmount,
    /// Share of the limit kept for small withdrawals; at most 1.
    pub small_share: Ratio,
}

impl OutflowTerms {
    /// Whether these terms limit nothing.
    const fn unlimited(&self) -> bool {
        self.limit_ratio.get() >= Ratio::ONE.get() || self.period_seconds == 0
    }
}

impl OutflowWindow {
    /// The window once time has passed: leaked, and re-anchored when a full period has gone by.
    ///
    /// The leak rounds against the withdrawer.
    fn aged(&self, terms: &OutflowTerms, deposits_now: TokenAmount, now: i64) -> Result<Self, RiskError> {
        let mut window = *self;
        if now.saturating_sub(self.base_time) >= i64::from(terms.period_seconds) {
            window.base = deposits_now.get();
            window.base_time = now;
        }
        // A clock that stands still or runs back leaks nothing.
        let elapsed = u64::try_from(now.saturating_sub(self.updated_at)).unwrap_or(0);
        if elapsed == 0 {
            return Ok(window);
        }
        // A debit leaks by the window in which it was made. A credit by the present one: a bank that was empty when its window
        // started would never forget what came in since.
        let limit = if self.level < 0 {
            window.limit(terms, deposits_now)?
        } else {
            self.limit(terms, deposits_now)?
        };
        let period = u64::from(terms.period_seconds).max(1);
        // A credit is forgotten no slower, a debit no faster than its line.
        let leaked = if self.level < 0 {
            wide::mul_div_up(limit.get(), elapsed, period)
        } else {
            wide::mul_div_down(limit.get(), elapsed, period)
        };
        let leaked = leaked.unwrap_or(u64::MAX);
        if leaked == 0 && self.level != 0 {
            // Too short for one whole unit: the time keeps counting, or frequent calls would stop the leak.
            return Ok(window);
        }
        // Towards zero from either side.
        let left = self.level.unsigned_abs().saturating_sub(leaked);
        window.level = signed(left).saturating_mul(self.level.signum());
        window.updated_at = now;
        Ok(window)
    }

    /// `limit_ratio × min(base, deposits now)`, rounded down, native units; but at least one small withdrawal: a share of
    /// what is left would never let the last units go.
    fn limit(&self, terms: &OutflowTerms, deposits_now: TokenAmount) -> Result<TokenAmount, RiskError> {
        let share = TokenAmount::new(self.base.min(deposits_now.get())).mul_down(terms.limit_ratio)?;
        Ok(share.max(terms.small_size))
    }

    /// The window after `amount` came in at `now`: the level falls.
    ///
    /// `deposits_now`: the bank's deposits before it, native units. Errors: `Overflow`.
    pub fn inflow(
        &self,
        amount: TokenAmount,
        terms: &OutflowTerms,
        deposits_now: TokenAmount,
        now: i64,
    ) -> Result<Self, RiskError> {
        if terms.unlimited() {
            return Ok(*self);
        }
        let window = self.aged(terms, deposits_now, now)?;
        Ok(Self { level: window.level.saturating_sub(signed(amount.get())), ..window })
    }

    /// What a withdrawal of the given size may still take at `now`, native units, rounded down.
    ///
    /// [`TokenAmount::MAX`] without a limit. A size above `small_size` may use `limit × (1 − small_share)`, others all of it.
    pub fn available(
        &self,
        amount: TokenAmount,
        terms: &OutflowTerms,
        deposits_now: TokenAmount,
        now: i64,
    ) -> Result<TokenAmount, RiskError> {
        if terms.unlimited() {
            return Ok(TokenAmount::MAX);
        }
        let window = self.aged(terms, deposits_now, now)?;
        window.room(amount, terms, deposits_now)
    }

    /// What is left of an aged window for a withdrawal of the given size.
    fn room(
        &self,
        amount: TokenAmount,
        terms: &OutflowTerms,
        deposits_now: TokenAmount,
    ) -> Result<TokenAmount, RiskError> {
        let limit = self.limit(terms, deposits_now)?;
        let usable = if amount > terms.small_size {
            limit.saturating_sub(limit.mul_up(terms.small_share)?)
        } else {
            limit
        };
        let level = self.level.unsigned_abs();
        Ok(TokenAmount::new(if self.level < 0 {
            usable.get().saturating_add(level)
        } else {
            usable.get().saturating_sub(level)
        }))
    }

    /// The window after `amount` left at `now`, or a refusal.
    ///
    /// `deposits_now`: the bank's deposits before this withdrawal, native units. Refuses with `OutflowLimit` beyond the
    /// limit (exactly at it is allowed).
    pub fn outflow(
        &self,
        amount: TokenAmount,
        terms: &OutflowTerms,
        deposits_now: TokenAmount,
        now: i64,
    ) -> Result<Self, RiskError> {
        if terms.unlimited() {
            return Ok(*self);
        }
        let window = self.aged(terms, deposits_now, now)?;
        let available = window.room(amount, terms, deposits_now)?;
        if amount > available {
            return Err(RiskError::OutflowLimit { available });
        }
        // amount ≤ limit − level, so the sum stays within the limit.
        Ok(Self { level: window.level.saturating_add(signed(amount.get())), ..window })
    }
}

/// An amount as a change of level; one beyond any token's supply counts as the most there is.
fn signed(amount: u64) -> i64 {
    i64::try_from(amount).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_000_000;
    const TERMS: OutflowTerms = OutflowTerms {
        limit_ratio: Ratio::new(Ratio::ONE.get() / 4),
        period_seconds: 3_600,
        small_size: TokenAmount::new(10),
        small_share: Ratio::new(Ratio::ONE.get() / 2),
    };
    const DEPOSITS: TokenAmount = TokenAmount::new(4_000);

    fn leaves(window: OutflowWindow, amount: u64, now: i64) -> Result<OutflowWindow, RiskError> {
        window.outflow(TokenAmount::new(amount), &TERMS, DEPOSITS, now)
    }

    fn refused(available: u64) -> Result<OutflowWindow, RiskError> {
        Err(RiskError::OutflowLimit { available: TokenAmount::new(available) })
    }

    #[test]
    fn no_more_than_the_limit_leaves_in_a_period() {
        // A quarter of 4,000, of which half is kept for small withdrawals.
        let full = leaves(OutflowWindow::default(), 500, NOW).unwrap();
        assert_eq!(full.level, 500);
        assert_eq!(leaves(full, 11, NOW), refused(0));
        assert_eq!(leaves(OutflowWindow::default(), 501, NOW), refused(500));
    }

    #[test]
    fn small_withdrawals_have_an_allotment() {
        let mut window = leaves(OutflowWindow::default(), 500, NOW).unwrap();
        for _ in 0..50 {
            window = leaves(window, 10, NOW).unwrap();
        }
        assert_eq!(window.level, 1_000);
        assert_eq!(leaves(window, 1, NOW), refused(0));
    }

    #[test]
    fn the_level_leaks_over_the_period_and_never_too_fast() {
        let full = leaves(OutflowWindow::default(), 500, NOW).unwrap();
        // 1,000 an hour is one in 3.6 s.
        assert_eq!(leaves(full, 11, NOW + 36), refused(10));
        assert_eq!(leaves(full, 11, NOW + 39), refused(10));
        assert_eq!(leaves(full, 11, NOW + 40).unwrap().level, 500);
    }

    #[test]
    fn frequent_calls_do_not_stop_the_leak() {
        let mut window = leaves(OutflowWindow::default(), 500, NOW).unwrap();
        for second in 1..=3_600 {
            window = leaves(window, 0, NOW + second).unwrap();
        }
        assert!(window.level == 0, "{window:?}");
    }

    #[test]
    fn a_deposit_makes_room() {
        let full = leaves(OutflowWindow::default(), 500, NOW).unwrap();
        let enters = |amount| full.inflow(TokenAmount::new(amount), &TERMS, DEPOSITS, NOW).unwrap();
        assert_eq!(enters(100).level, 400);
        assert_eq!(enters(600).level, -100);
    }

    #[test]
    fn a_deposit_that_leaves_again_uses_up_nothing() {
        let window = leaves(OutflowWindow::default(), 0, NOW).unwrap();
        let after = NOW + 9_000;
        let entered = window.inflow(TokenAmount::new(2_000), &TERMS, DEPOSITS, after).unwrap();
        let left = leaves(entered, 2_000, after).unwrap();
        assert_eq!(left.level, 0);
        assert!(leaves(left, 500, after).is_ok());
    }

    #[test]
    fn what_came_in_is_forgotten_over_the_period() {
        let entered = OutflowWindow::default().inflow(TokenAmount::new(500), &TERMS, DEPOSITS, NOW).unwrap();
        assert_eq!(leaves(entered, 1_001, NOW), refused(1_000));
        assert_eq!(leaves(entered, 751, NOW + 900), refused(750));
        assert_eq!(leaves(entered, 501, NOW + 3_600), refused(500));
    }

    #[test]
    fn what_came_into_an_empty_bank_is_forgotten_too() {
        let entered = OutflowWindow::default().inflow(DEPOSITS, &TERMS, TokenAmount::ZERO, NOW).unwrap();
        assert_eq!((entered.base, entered.level), (0, -4_000));
        assert_eq!(leaves(entered, 501, NOW + 4 * 3_600), refused(500));
    }

    #[test]
    fn the_last_units_can_leave() {
        let few = TokenAmount::new(3); // a quarter of them is nothing
        let left = OutflowWindow::default().outflow(few, &TERMS, few, NOW).unwrap();
        assert_eq!(left.level, 3);
    }

    #[test]
    fn the_limit_follows_the_lesser_of_deposits_then_and_now() {
        let window = leaves(OutflowWindow::default(), 0, NOW).unwrap();
        let left = |deposits| {
            window
                .available(TokenAmount::new(11), &TERMS, TokenAmount::new(deposits), NOW + 60)
                .unwrap()
                .get()
        };
        assert_eq!((left(400_000), left(4_000), left(400)), (500, 500, 50));
        // A full period later the window starts anew.
        let later = window.available(TokenAmount::new(11), &TERMS, TokenAmount::new(400_000), NOW + 3_600);
        assert_eq!(later.unwrap().get(), 50_000);
    }

    #[test]
    fn a_ratio_of_one_or_more_is_no_limit() {
        let free = OutflowTerms { limit_ratio: Ratio::ONE, ..TERMS };
        let window = OutflowWindow::default();
        assert_eq!(window.outflow(TokenAmount::MAX, &free, TokenAmount::ZERO, NOW), Ok(window));
        assert_eq!(window.available(TokenAmount::MAX, &free, TokenAmount::ZERO, NOW), Ok(TokenAmount::MAX));
    }

    #[test]
    fn a_clock_that_runs_back_leaks_nothing() {
        let full = leaves(OutflowWindow::default(), 500, NOW).unwrap();
        assert_eq!(leaves(full, 11, NOW - 500), refused(0));
        assert_eq!(leaves(full, 11, i64::MIN), refused(0));
    }
}
