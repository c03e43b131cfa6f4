//! Folding one oracle price into a feed: what is accepted, and what it changes (DESIGN §4 "Feeds", §8).

use crate::error::RiskError;
use crate::layout::{board::RefreshReward, feed::Feed};
use crate::num::Price;
use crate::validity::{FeedTerms, Validity, classify};
use crate::volatility::Volatility;
use crate::{stable, twap};

/// A price may be published at most so far ahead of the clock, seconds: the skew of honest clocks.
pub const MAX_CLOCK_SKEW: i64 = 10;

/// The fallback is heard only when the first source's last price is older than this, seconds.
pub const PRIMARY_SILENCE: i64 = 60;

/// How long a breaker's window lasts, seconds: moves are measured against the price that stood when it began.
pub const WINDOW_SECONDS: i64 = 300;

/// Where a price comes from.
#[repr(u8)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Source {
    /// The first source.
    #[default]
    Pyth = 0,
    /// The fallback.
    Switchboard = 1,
}

impl Source {
    /// The byte that it is stored as.
    pub const fn code(self) -> u8 {
        self as u8
    }
}

/// One price as an oracle published it; its account, owner and feed id are checked already.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OraclePrice {
    /// Whole quote per whole token.
    pub price: Price,
    /// Half width of the confidence interval, in the same unit.
    pub confidence: Price,
    /// When it was published, unix seconds.
    pub publish_time: i64,
    /// Who published it.
    pub source: Source,
}

/// What a refresh changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moved {
    /// The price before; 0 if there was none.
    pub from: Price,
    /// The price now.
    pub to: Price,
    /// For how long the feed had not been refreshed, seconds.
    pub waited_seconds: u64,
    /// What the new price is.
    pub validity: Validity,
}

impl Moved {
    /// Whether a refresher has earned something: the price was old, or it has moved.
    pub fn is_worth_paying(&self, terms: &RefreshReward) -> bool {
        self.waited_seconds >= u64::from(terms.min_age) || self.to.deviates(self.from, terms.min_move)
    }
}

/// What a feed would be after a price, as far as a valuation asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Admitted {
    /// The stable price, which has followed the previous price up to now.
    pub stable: Price,
    /// The 5-minute average, which has followed the previous price up to now.
    pub twap: Price,
    /// What the new price is, measured against that stable price.
    pub validity: Validity,
}

/// The price that stood until now: the last one, or the last valid one while the last is too wide to be trusted.
fn previous(feed: &Feed) -> Price {
    if Validity::from_code(feed.validity) == Validity::Wide { feed.last_valid_price } else { feed.price }
}

/// Since when the previous price stood, in seconds up to `now`; 0 when the clock has not moved.
fn stood(feed: &Feed, now: i64) -> u64 {
    u64::try_from(now.saturating_sub(feed.refreshed_at)).unwrap_or(0)
}

/// Tests whether a feed accepts a price at `now`, and what it would be; changes nothing.
///
/// Errors: `PriceOutOfRange`; `OldUpdate` unless `publish_time` is later than the feed's, whatever the source;
/// `FutureUpdate` beyond [`MAX_CLOCK_SKEW`]; for the fallback `PrimaryAlive` until the first source has been silent for
/// [`PRIMARY_SILENCE`], and `OutsideBand` when it is further than the feed's band from the 5-minute average (a feed without
/// any price is never started by the fallback).
#[inline(never)]
pub fn admit(feed: &Feed, new: &OraclePrice, now: i64) -> Result<Admitted, RiskError> {
    look(feed, new, now).map(|(admitted, _, _)| admitted)
}

/// [`admit`], and beside it the price that stood until now, and for how long.
#[inline(always)]
fn look(feed: &Feed, new: &OraclePrice, now: i64) -> Result<(Admitted, Price, u64), RiskError> {
    Price::checked(new.price.get())?;
    if new.publish_time <= feed.publish_time {
        return Err(RiskError::OldUpdate);
    }
    if new.publish_time > now.saturating_add(MAX_CLOCK_SKEW) {
        return Err(RiskError::FutureUpdate);
    }
    let (previous, elapsed) = (previous(feed), stood(feed, now));
    let stable = stable::follow(feed.stable, previous, feed.stable_rate, elapsed);
    let twap = twap::average(feed.twap, previous, elapsed);
    if new.source == Source::Switchboard {
        if now.saturating_sub(feed.pyth_publish_time) <= PRIMARY_SILENCE {
            return Err(RiskError::PrimaryAlive);
        }
        if new.price.deviates(twap, feed.fallback_band) {
            return Err(RiskError::OutsideBand);
        }
    }
    // The first price of all is its own stable price and average.
    let first = |average: Price| if average.is_zero() { new.price } else { average };
    let (stable, twap) = (first(stable), first(twap));
    let age = now.saturating_sub(new.publish_time);
    let validity = classify(&FeedTerms::from(feed), age, new.confidence, new.price, stable);
    Ok((Admitted { stable, twap, validity }, previous, elapsed))
}

/// Folds a price into its feed at `now`.
///
/// Stable price, average and volatility integrate the *previous* price over the time that it stood; then the new one is
/// stored with its validity. Only a valid one becomes the last valid price. Where the breakers' window is over, a new one
/// begins with the price that stood ([`trips`](crate::market::trips)). On an error ([`admit`]) nothing changes.
#[inline(never)]
pub fn fold(feed: &mut Feed, new: &OraclePrice, now: i64) -> Result<Moved, RiskError> {
    let (admitted, before, waited_seconds) = look(feed, new, now)?;
    let moved = Moved { from: feed.price, to: new.price, waited_seconds, validity: admitted.validity };
    let before = if before.is_zero() { new.price } else { before };
    // An earlier `now`, or 0 before the first: nothing wraps.
    if now.wrapping_sub(feed.window_start) >= WINDOW_SECONDS {
        (feed.window_price, feed.window_start) = (before, now);
    }
    let volatility =
        Volatility { variance: feed.variance, grid_price: feed.grid_price, grid_time: feed.grid_time }
            .observe(before, now);
    feed.variance = volatility.variance;
    feed.grid_price = volatility.grid_price;
    feed.grid_time = volatility.grid_time;
    feed.stable = admitted.stable;
    feed.twap = admitted.twap;
    feed.price = new.price;
    feed.confidence = new.confidence;
    feed.publish_time = new.publish_time;
    feed.refreshed_at = feed.refreshed_at.max(now);
    feed.validity = admitted.validity.code();
    feed.source = new.source.code();
    if new.source == Source::Pyth {
        feed.pyth_publish_time = new.publish_time;
    }
    match admitted.validity {
        Validity::Valid => {
            feed.last_valid_price = new.price;
            feed.last_valid_time = new.publish_time;
            feed.diverged_since = 0;
        }
        Validity::Diverged if feed.diverged_since == 0 => feed.diverged_since = now,
        // Neither proves that an episode of divergence is over.
        _ => {}
    }
    Ok(moved)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::num::Ratio;
    use bytemuck::Zeroable;

    const NOW: i64 = 1_000_000;

    fn feed() -> Feed {
        Feed {
            max_age: 60,
            max_confidence: Ratio::from_bps(200),
            max_divergence: Ratio::from_bps(1_000),
            stable_rate: Ratio::from_bps(50),
            fallback_band: Ratio::from_bps(300),
            ..Feed::zeroed()
        }
    }

    fn dollars(cents: u64) -> Price {
        Price::from_decimal(cents, -2).unwrap()
    }

    fn pyth(cents: u64, publish_time: i64) -> OraclePrice {
        OraclePrice { price: dollars(cents), confidence: Price::new(0), publish_time, source: Source::Pyth }
    }

    fn switchboard(cents: u64, publish_time: i64) -> OraclePrice {
        OraclePrice { source: Source::Switchboard, ..pyth(cents, publish_time) }
    }

    fn started() -> Feed {
        let mut feed = feed();
        fold(&mut feed, &pyth(10_000, NOW), NOW).unwrap();
        feed
    }

    #[test]
    fn the_first_price_starts_everything() {
        let feed = started();
        for price in [feed.price, feed.stable, feed.twap, feed.grid_price, feed.last_valid_price] {
            assert_eq!(price, dollars(10_000));
        }
        assert_eq!(Validity::from_code(feed.validity), Validity::Valid);
        assert_eq!((feed.last_valid_time, feed.pyth_publish_time, feed.refreshed_at), (NOW, NOW, NOW));
    }

    #[test]
    fn nobody_can_choose_an_older_price() {
        let mut feed = started();
        assert_eq!(fold(&mut feed, &pyth(1, NOW), NOW + 5), Err(RiskError::OldUpdate));
        assert_eq!(fold(&mut feed, &switchboard(1, NOW - 1), NOW + 500), Err(RiskError::OldUpdate));
        assert_eq!(feed.price, dollars(10_000));
    }

    #[test]
    fn a_price_from_the_future_is_refused() {
        let mut feed = started();
        assert_eq!(fold(&mut feed, &pyth(10_000, NOW + 11), NOW), Err(RiskError::FutureUpdate));
        assert!(fold(&mut feed, &pyth(10_000, NOW + 10), NOW).is_ok());
    }

    #[test]
    fn a_refresh_cannot_choose_what_is_integrated() {
        let mut feed = started();
        fold(&mut feed, &pyth(10_900, NOW + 30), NOW + 30).unwrap();
        // The new price has not stood yet: only the old one counted.
        assert_eq!((feed.stable, feed.twap), (dollars(10_000), dollars(10_000)));
        fold(&mut feed, &pyth(10_000, NOW + 60), NOW + 60).unwrap();
        assert!(feed.stable > dollars(10_000) && feed.twap > dollars(10_000));
    }

    #[test]
    fn the_fallback_is_heard_only_when_the_first_source_is_silent() {
        let mut feed = started();
        let at = |time| switchboard(10_100, time);
        assert_eq!(fold(&mut feed, &at(NOW + 60), NOW + 60), Err(RiskError::PrimaryAlive));
        assert!(fold(&mut feed, &at(NOW + 61), NOW + 61).is_ok());
        assert_eq!((feed.source, feed.pyth_publish_time), (Source::Switchboard.code(), NOW));
    }

    #[test]
    fn the_fallback_stays_within_its_band() {
        let mut feed = started();
        assert_eq!(fold(&mut feed, &switchboard(10_301, NOW + 61), NOW + 61), Err(RiskError::OutsideBand));
        assert!(fold(&mut feed, &switchboard(10_299, NOW + 61), NOW + 61).is_ok());
        let mut empty = self::feed();
        assert_eq!(fold(&mut empty, &switchboard(10_000, NOW), NOW), Err(RiskError::OutsideBand));
    }

    #[test]
    fn a_wide_price_is_kept_but_not_trusted() {
        let mut feed = started();
        let wide = OraclePrice { confidence: dollars(300), ..pyth(10_200, NOW + 5) };
        assert_eq!(fold(&mut feed, &wide, NOW + 5).unwrap().validity, Validity::Wide);
        assert_eq!((feed.price, feed.last_valid_price), (dollars(10_200), dollars(10_000)));
        fold(&mut feed, &pyth(10_000, NOW + 65), NOW + 65).unwrap();
        assert_eq!((feed.stable, feed.twap), (dollars(10_000), dollars(10_000)));
    }

    #[test]
    fn a_divergence_is_one_episode_until_a_valid_price() {
        let mut feed = started();
        assert_eq!(fold(&mut feed, &pyth(11_200, NOW + 5), NOW + 5).unwrap().validity, Validity::Diverged);
        fold(&mut feed, &pyth(11_300, NOW + 9), NOW + 9).unwrap();
        assert_eq!((feed.diverged_since, feed.last_valid_price), (NOW + 5, dollars(10_000)));
        fold(&mut feed, &pyth(10_050, NOW + 12), NOW + 12).unwrap();
        assert_eq!((feed.diverged_since, feed.last_valid_price), (0, dollars(10_050)));
    }

    #[test]
    fn a_breakers_window_begins_with_the_price_that_stood() {
        let mut feed = started();
        assert_eq!((feed.window_price, feed.window_start), (dollars(10_000), NOW));
        fold(&mut feed, &pyth(10_100, NOW + 299), NOW + 299).unwrap();
        assert_eq!((feed.window_price, feed.window_start), (dollars(10_000), NOW));
        // The next one is measured against what stood until now, not against itself.
        fold(&mut feed, &pyth(10_900, NOW + 300), NOW + 300).unwrap();
        assert_eq!((feed.window_price, feed.window_start), (dollars(10_100), NOW + 300));
        // However long nobody looked.
        fold(&mut feed, &pyth(9_000, NOW + 9_000), NOW + 9_000).unwrap();
        assert_eq!((feed.window_price, feed.window_start), (dollars(10_900), NOW + 9_000));
    }

    #[test]
    fn a_stale_update_still_brings_the_time_forward() {
        let mut feed = started();
        assert_eq!(fold(&mut feed, &pyth(10_000, NOW + 5), NOW + 500).unwrap().validity, Validity::Stale);
        assert_eq!((feed.publish_time, feed.last_valid_time), (NOW + 5, NOW));
    }

    #[test]
    fn a_refresher_is_paid_for_an_old_price_or_a_move() {
        let terms = RefreshReward { min_age: 20, min_move: Ratio::from_bps(10), ..RefreshReward::zeroed() };
        let mut feed = started();
        assert!(!fold(&mut feed, &pyth(10_001, NOW + 5), NOW + 5).unwrap().is_worth_paying(&terms));
        assert!(fold(&mut feed, &pyth(10_050, NOW + 6), NOW + 6).unwrap().is_worth_paying(&terms));
        assert!(fold(&mut feed, &pyth(10_050, NOW + 26), NOW + 26).unwrap().is_worth_paying(&terms));
    }
}
