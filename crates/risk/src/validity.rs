//! Whether a price may be used, and for what (DESIGN §6 "Bad feeds", §8).

use crate::layout::feed::Feed;
use crate::num::{Price, Ratio};

/// What is known of a feed's last price.
///
/// Stored as one byte ([`Validity::code`]); an empty entry (all zeros) is [`Validity::Missing`].
#[repr(u8)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Validity {
    /// There is no price.
    #[default]
    Missing = 0,
    /// Young, narrow, and near the stable price.
    Valid = 1,
    /// Older than its limit.
    Stale = 2,
    /// Its confidence interval is too wide.
    Wide = 3,
    /// Too far from the stable price.
    Diverged = 4,
}

impl Validity {
    /// The byte that it is stored as.
    pub const fn code(self) -> u8 {
        self as u8
    }

    /// From the stored byte; an unknown one is `Missing`, which allows the least.
    pub const fn from_code(code: u8) -> Self {
        match code {
            1 => Self::Valid,
            2 => Self::Stale,
            3 => Self::Wide,
            4 => Self::Diverged,
            _ => Self::Missing,
        }
    }
}

/// What somebody wants to do, as far as prices matter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Put tokens in.
    Deposit,
    /// Pay a borrow back.
    Repay,
    /// Make a position or a borrow smaller.
    Reduce,
    /// Make a position or a borrow larger, or place an order that could.
    RaiseRisk,
    /// Take tokens out of an account that needs margin (without borrows and positions no price is asked).
    Withdraw,
    /// Take over a leg of an account in danger.
    Liquidate,
    /// Settle profit and loss.
    Settle,
    /// Bring a newer price.
    Refresh,
}

/// Whether an action may rest on a price of this validity: the one table (DESIGN §8).
///
/// | | Valid | Stale | Wide | Diverged | Missing |
/// |---|---|---|---|---|---|
/// | Deposit, Repay, Reduce, Refresh | yes | yes | yes | yes | yes |
/// | RaiseRisk, Withdraw, Settle | yes | | | | |
/// | Liquidate | yes | | | yes¹ | |
///
/// ¹ Divergence may block a liquidation for a few minutes only (DESIGN §6): [`usable_for_liquidation`] measures them.
pub const fn accepts(action: Action, validity: Validity) -> bool {
    match action {
        Action::Deposit | Action::Repay | Action::Reduce | Action::Refresh => true,
        Action::RaiseRisk | Action::Withdraw | Action::Settle => matches!(validity, Validity::Valid),
        Action::Liquidate => matches!(validity, Validity::Valid | Validity::Diverged),
    }
}

/// How long one episode of divergence may block liquidations, seconds.
pub const DIVERGENCE_SECONDS: i64 = 180;

/// Which prices a check rests on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trust {
    /// Valid ones only.
    Valid,
    /// Those that a liquidation may rest on ([`usable_for_liquidation`]).
    Liquidation,
}

impl Trust {
    /// Whether a feed's last price may be used at `now`. One that is too old never is.
    pub fn accepts(self, feed: &Feed, now: i64) -> bool {
        let age = now.saturating_sub(feed.publish_time);
        let validity = Validity::from_code(feed.validity);
        age <= i64::from(feed.max_age) && self.stands(validity, (feed.price, feed.twap), feed, now)
    }

    /// The same of a price of this validity that is new to its feed, against the average as it would be then.
    #[inline(never)]
    pub(crate) fn stands(
        self,
        validity: Validity,
        (price, twap): (Price, Price),
        feed: &Feed,
        now: i64,
    ) -> bool {
        match validity {
            Validity::Valid => true,
            Validity::Diverged if self == Self::Liquidation => {
                let since = feed.diverged_since;
                let is_old = since != 0 && now.saturating_sub(since) >= DIVERGENCE_SECONDS;
                is_old || !price.deviates(twap, feed.max_divergence)
            }
            _ => false,
        }
    }
}

/// Whether liquidations and the maintenance kinds may rest on a feed's last price (DESIGN §6 "Bad feeds"): a valid one; a
/// diverged one, too, if it is within the furthest divergence of the 5-minute average, or once its episode has lasted
/// [`DIVERGENCE_SECONDS`]. Never one that is too old, too wide or missing.
///
/// A fallback's price was within its band of that average when it was accepted, so oracles that agree do not block.
pub fn usable_for_liquidation(feed: &Feed, now: i64) -> bool {
    Trust::Liquidation.accepts(feed, now)
}

/// What a feed asks of a price.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FeedTerms {
    /// Age beyond which a price is stale, seconds.
    pub max_age: u32,
    /// Widest confidence, as a ratio of the price.
    pub max_confidence: Ratio,
    /// Furthest distance from the reference.
    pub max_divergence: Ratio,
}

impl From<&Feed> for FeedTerms {
    fn from(feed: &Feed) -> Self {
        Self {
            max_age: feed.max_age,
            max_confidence: feed.max_confidence,
            max_divergence: feed.max_divergence,
        }
    }
}

/// What a price is: the worst that applies, in the order Missing, Stale, Wide, Diverged.
///
/// Exactly at a limit is still within it. `age_seconds` below 0 (a publisher's clock ahead of ours) is young. A
/// `reference` of 0 (none yet) is not diverged from.
pub fn classify(
    terms: &FeedTerms,
    age_seconds: i64,
    confidence: Price,
    price: Price,
    reference: Price,
) -> Validity {
    if price.is_zero() || price.get() >= Price::LIMIT {
        return Validity::Missing;
    }
    if age_seconds > i64::from(terms.max_age) {
        return Validity::Stale;
    }
    // price ± confidence is what deviates from the price by the confidence.
    match price.checked_add(confidence) {
        Ok(edge) if !edge.deviates(price, terms.max_confidence) => {}
        _ => return Validity::Wide,
    }
    if !reference.is_zero() && price.deviates(reference, terms.max_divergence) {
        return Validity::Diverged;
    }
    Validity::Valid
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Validity; 5] =
        [Validity::Missing, Validity::Valid, Validity::Stale, Validity::Wide, Validity::Diverged];
    const TERMS: FeedTerms = FeedTerms {
        max_age: 60,
        max_confidence: Ratio::from_bps(5_000),
        max_divergence: Ratio::from_bps(5_000),
    };

    fn classified(age: i64, confidence: u64, price: u64, reference: u64) -> Validity {
        classify(&TERMS, age, Price::new(confidence), Price::new(price), Price::new(reference))
    }

    #[test]
    fn a_validity_survives_being_stored() {
        for validity in ALL {
            assert_eq!(Validity::from_code(validity.code()), validity);
        }
        assert_eq!(Validity::from_code(200), Validity::Missing);
        assert_eq!(Validity::default().code(), 0);
    }

    #[test]
    fn a_bad_feed_blocks_new_risk_but_never_deposits_repayments_or_reductions() {
        for validity in ALL {
            for action in [Action::Deposit, Action::Repay, Action::Reduce, Action::Refresh] {
                assert!(accepts(action, validity));
            }
            for action in [Action::RaiseRisk, Action::Withdraw, Action::Settle] {
                assert_eq!(accepts(action, validity), validity == Validity::Valid);
            }
        }
        assert!(
            accepts(Action::Liquidate, Validity::Diverged) && !accepts(Action::Liquidate, Validity::Wide)
        );
        assert!(
            !accepts(Action::Liquidate, Validity::Stale) && !accepts(Action::Liquidate, Validity::Missing)
        );
    }

    #[test]
    fn a_price_exactly_at_its_limits_is_valid() {
        assert_eq!(classified(60, 50, 100, 200), Validity::Valid);
        assert_eq!(classified(-5, 0, 100, 0), Validity::Valid);
    }

    #[test]
    fn a_price_just_beyond_a_limit_is_not_valid() {
        assert_eq!(classified(61, 50, 100, 200), Validity::Stale);
        assert_eq!(classified(60, 51, 100, 200), Validity::Wide);
        assert_eq!(classified(60, 50, 99, 200), Validity::Wide);
        assert_eq!(classified(60, 0, 99, 200), Validity::Diverged);
        assert_eq!(classified(0, 0, 0, 200), Validity::Missing);
        assert_eq!(classified(0, 0, 1 << 63, 200), Validity::Missing);
        assert_eq!(classified(0, u64::MAX, 100, 100), Validity::Wide);
    }
}
