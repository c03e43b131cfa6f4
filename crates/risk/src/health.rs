//! Whether an account is safe: one pass over its balances (DESIGN §4, §6).

use crate::error::RiskError;
use crate::layout::account::{Balance, MAX_BALANCES};
use crate::layout::bank::{BankTerms, NO_FEED, ShareValues};
use crate::layout::board::RiskBoard;
use crate::layout::feed::Feed;
use crate::num::{Price, Quote, Ratio, wide};
use crate::observation::{OraclePrice, admit, fold};
use crate::validity::{Trust, Validity};
use crate::valuation::{Prices, Setting, Worth, indexes_valid_until, share_value};

/// How long the last valid price of a bad feed counts in full, seconds.
pub const BAD_FEED_GRACE: i64 = 600;

/// How long it takes after that until an asset with a bad feed counts nothing, seconds.
pub const BAD_FEED_DECAY: i64 = 21_600;

/// One balance may count at most 2^58 native quote: sixteen of them, and a unit each, fit [`Quote`].
const VALUE_BITS: u32 = 58;

/// How strict a check is (DESIGN §4), the strictest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Check {
    /// What may leave the account: positive PnL counts nothing.
    Withdraw,
    /// What taking risk needs.
    Initial,
    /// The same for whoever takes over risk in a liquidation: strict values, but of every feed that the liquidation rests
    /// on ([`usable_for_liquidation`](crate::validity::usable_for_liquidation)), or nobody could take it over. A token that
    /// he holds and whose feed is not one of these counts nothing; a debt in it, or a position on it, refuses.
    Liquidator,
    /// Where a liquidation ends.
    LiquidationEnd,
    /// Where a liquidation begins.
    Maintenance,
}

impl Check {
    /// Whether values are those of the strict kinds: stable prices, initial weights, fresh feeds only.
    #[inline(always)]
    pub const fn is_strict(self) -> bool {
        matches!(self, Self::Withdraw | Self::Initial | Self::Liquidator)
    }

    /// Which feeds' prices it rests on.
    pub(crate) const fn trust(self) -> Trust {
        match self {
            Self::Withdraw | Self::Initial => Trust::Valid,
            Self::Liquidator | Self::LiquidationEnd | Self::Maintenance => Trust::Liquidation,
        }
    }

    pub(crate) const fn basis(self) -> Basis {
        match self {
            Self::Withdraw | Self::Initial => Basis::STRICT,
            Self::Liquidator => Basis { bad_feeds: BadFeeds::Endured, ..Basis::STRICT },
            Self::LiquidationEnd => Basis { liability: Worth::LiabilityLiqend, ..Basis::MAINTENANCE },
            Self::Maintenance => Basis::MAINTENANCE,
        }
    }
}

/// What a check makes of a feed that is not valid.
#[derive(Clone, Copy, PartialEq, Eq)]
enum BadFeeds {
    /// It refuses.
    Refused,
    /// It refuses those that a liquidation cannot rest on either.
    Endured,
    /// The same are counted less instead.
    Degraded,
}

/// Which values of a share a check takes.
#[derive(Clone, Copy)]
pub(crate) struct Basis {
    asset: Worth,
    liability: Worth,
    bad_feeds: BadFeeds,
}

impl Basis {
    const STRICT: Self =
        Self { asset: Worth::AssetStrict, liability: Worth::LiabilityStrict, bad_feeds: BadFeeds::Refused };
    const MAINTENANCE: Self =
        Self { asset: Worth::AssetMaint, liability: Worth::LiabilityMaint, bad_feeds: BadFeeds::Degraded };
    pub(crate) const EQUITY: Self =
        Self { asset: Worth::AssetEquity, liability: Worth::LiabilityEquity, ..Self::MAINTENANCE };

    /// Whether a bad feed refuses the check instead of counting less.
    #[inline(always)]
    fn strict(self) -> bool {
        self.bad_feeds != BadFeeds::Degraded
    }

    /// Whether it is the check of a liquidator.
    fn is_liquidator(self) -> bool {
        self.strict() && self.bad_feeds != BadFeeds::Refused
    }

    /// Which feeds are good.
    fn trust(self) -> Trust {
        if self.bad_feeds == BadFeeds::Refused { Trust::Valid } else { Trust::Liquidation }
    }
}

/// What an account has and owes, weighted for one kind of check.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Health {
    /// What it has, native quote, rounded down; 0 or more.
    pub assets: Quote,
    /// What it owes, native quote, rounded up; 0 or more.
    pub liabilities: Quote,
}

impl Health {
    /// Assets less liabilities, native quote: health, or equity. Exact.
    #[inline(always)]
    pub const fn net(&self) -> Quote {
        // Both lie between 0 and 2^63.
        self.assets.saturating_sub(self.liabilities)
    }

    /// Whether nothing is missing.
    #[inline(always)]
    pub const fn is_healthy(&self) -> bool {
        !self.net().is_negative()
    }
}

/// Oracle prices that a transaction brings along in place of stale entries (DESIGN §1, decision 2).
///
/// Each counts exactly as if its feed had been refreshed with it, for banks whose entry on the board is stale, and only if
/// the feed would accept it ([`admit`]) and the check may rest on it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Overlay {
    prices: [(u8, OraclePrice); Overlay::CAPACITY],
    count: usize,
}

impl Overlay {
    /// Most prices in an overlay.
    pub const CAPACITY: usize = 4;

    /// No prices: the board's alone count.
    pub const fn none() -> Self {
        const ABSENT: (u8, OraclePrice) = (
            NO_FEED,
            OraclePrice {
                price: Price::ZERO,
                confidence: Price::ZERO,
                publish_time: 0,
                source: crate::observation::Source::Pyth,
            },
        );
        Self { prices: [ABSENT; Self::CAPACITY], count: 0 }
    }

    /// Adds a price for a feed of the board; of two for one feed the first counts. `TooMany` beyond [`Overlay::CAPACITY`].
    pub fn push(&mut self, feed: u8, price: OraclePrice) -> Result<(), RiskError> {
        let slot = self.prices.get_mut(self.count).ok_or(RiskError::TooMany)?;
        *slot = (feed, price);
        self.count = self.count.saturating_add(1);
        Ok(())
    }

    /// The price for a feed, if it holds one.
    pub fn price(&self, feed: u8) -> Option<&OraclePrice> {
        self.prices.iter().take(self.count).find(|(of, _)| *of == feed).map(|(_, price)| price)
    }
}

/// Publish times of the prices in a check, the quote token's excluded.
#[derive(Clone, Copy)]
pub(crate) struct Span {
    oldest: i64,
    newest: i64,
}

impl Span {
    /// No price yet.
    #[inline(always)]
    pub(crate) const fn empty() -> Self {
        Self { oldest: i64::MAX, newest: i64::MIN }
    }

    #[inline(always)]
    pub(crate) fn include(&mut self, time: i64) {
        self.oldest = self.oldest.min(time);
        self.newest = self.newest.max(time);
    }

    /// Whether they lie further apart than allowed; no price at all never does.
    #[inline(always)]
    pub(crate) const fn exceeds(&self, seconds: u32) -> bool {
        self.newest.saturating_sub(self.oldest) > seconds as i64
    }
}

/// Health of an account's balances at one kind of check.
///
/// Assets are rounded down once a balance, liabilities up (one native unit more than the floor), at every kind alike, so
/// that Withdraw ≤ Initial ≤ LiquidationEnd ≤ Maintenance survives rounding wherever the weights keep it
/// ([`weights_are_ordered`](crate::valuation::weights_are_ordered)).
///
/// A balance whose entry is stale or invalid is valued by the overlay's price for its feed, if there is one, or by the feed
/// itself where the kind of check may rest on it (a diverged price:
/// [`usable_for_liquidation`](crate::validity::usable_for_liquidation)). Otherwise the
/// strict kinds refuse (`StalePrice`) and the maintenance kinds count an asset at min(last valid, stable) for
/// [`BAD_FEED_GRACE`], less and less over [`BAD_FEED_DECAY`], then at nothing; a liability at max(last valid, stable)
/// (DESIGN §6: a bad feed must not protect a bad account).
///
/// Strict kinds refuse prices published further apart than the board allows (`PublishSpread`). `Missing` for a bank that
/// the board does not have; `Overflow` when a balance is worth 2^58 native quote or more.
///
/// Balances only: [`margin`](crate::margin::margin) adds positions and orders.
pub fn health(
    balances: &[Balance; MAX_BALANCES],
    board: &RiskBoard,
    overlay: &Overlay,
    check: Check,
    now: i64,
) -> Result<Health, RiskError> {
    weigh(balances, board, overlay, check.basis(), now, &mut Span::empty())
}

/// Equity of an account's balances: everything at full price, unweighted (DESIGN §4).
///
/// Rounding, bad feeds and errors as in the maintenance kinds of [`health`].
pub fn equity(
    balances: &[Balance; MAX_BALANCES],
    board: &RiskBoard,
    overlay: &Overlay,
    now: i64,
) -> Result<Health, RiskError> {
    weigh(balances, board, overlay, Basis::EQUITY, now, &mut Span::empty())
}

/// The one loop over balances, which adds the publish times that it saw to the span: a compare for a free slot; for another a bounds check, a
/// load, a compare for freshness, a wide multiplication and an addition.
#[inline(always)]
pub(crate) fn weigh(
    balances: &[Balance; MAX_BALANCES],
    board: &RiskBoard,
    overlay: &Overlay,
    basis: Basis,
    now: i64,
    span: &mut Span,
) -> Result<Health, RiskError> {
    let (mut assets, mut liabilities, mut seen) = (0u64, 0u64, 0u128);
    for balance in balances {
        if balance.shares.is_zero() {
            continue;
        }
        let Some(entry) = board.banks.get(usize::from(balance.bank)) else { return Err(RiskError::Missing) };
        let worth = if balance.is_borrow() { basis.liability } else { basis.asset };
        let (mantissa, shift) = if entry.valid_until >= now {
            if entry.feed != NO_FEED {
                span.include(entry.publish_time);
            }
            (mantissa(&entry.values, worth), entry.shift)
        } else {
            Repricing { board, overlay, basis, now }.value(balance, entry, worth, span)?
        };
        let value = wide::mul(balance.shares.get(), mantissa).wrapping_shr(u32::from(shift));
        // Tested once at the end: below 2^58 each, so neither sum wraps.
        seen |= value;
        if balance.is_borrow() {
            liabilities = liabilities.wrapping_add(low(value)).wrapping_add(1);
        } else {
            assets = assets.wrapping_add(low(value));
        }
    }
    if seen >> VALUE_BITS != 0 {
        return Err(RiskError::Overflow);
    }
    if basis.strict() && span.exceeds(board.header.max_publish_spread) {
        return Err(RiskError::PublishSpread);
    }
    Ok(Health { assets: Quote::from_unsigned(assets)?, liabilities: Quote::from_unsigned(liabilities)? })
}

/// The low 64 bits; the caller has seen to the others.
#[inline(always)]
#[allow(clippy::cast_possible_truncation)]
const fn low(value: u128) -> u64 {
    value as u64
}

/// The mantissa for a worth: the fields of [`ShareValues`] lie in the order of [`Worth`], so this is one load.
#[inline(always)]
fn mantissa(values: &ShareValues, worth: Worth) -> u64 {
    let fields: &[u64; 7] = bytemuck::cast_ref(values);
    fields.get(worth as usize).copied().unwrap_or(0)
}

/// Values what the board's own entry cannot value: stale or invalid, off the hot path.
struct Repricing<'a> {
    board: &'a RiskBoard,
    overlay: &'a Overlay,
    basis: Basis,
    now: i64,
}

impl Repricing<'_> {
    /// Mantissa and shift of one share of the balance.
    #[cold]
    #[inline(never)]
    fn value(
        &self,
        balance: &Balance,
        entry: &BankTerms,
        worth: Worth,
        span: &mut Span,
    ) -> Result<(u64, u8), RiskError> {
        let header = &self.board.header;
        if balance.bank >= header.bank_count {
            return Err(RiskError::Missing);
        }
        let prices = if entry.feed == NO_FEED {
            Some(Prices::QUOTE)
        } else {
            let feed = self.board.feeds.get(usize::from(entry.feed)).ok_or(RiskError::Missing)?;
            match self.fresh(entry.feed, feed) {
                Some((prices, publish_time)) => {
                    span.include(publish_time);
                    Some(prices)
                }
                // Whoever takes over risk is not held up by a token of his own that counts nothing just now.
                None if self.basis.is_liquidator() && !balance.is_borrow() => return Ok((0, 0)),
                None if self.basis.strict() => None,
                None => degraded(feed, balance.is_borrow(), self.now),
            }
        };
        let stale = RiskError::StalePrice { bank: u16::from(balance.bank) };
        let prices = prices.ok_or(stale)?;
        if self.basis.strict() && indexes_valid_until(entry, header) < self.now {
            return Err(stale);
        }
        share_value(entry, worth, prices, &Setting::of(header, self.now))
    }

    /// Prices that the check rests on, and when they were published: the overlay's, else those of the feed itself.
    fn fresh(&self, number: u8, feed: &Feed) -> Option<(Prices, i64)> {
        let trust = self.basis.trust();
        if let Some(new) = self.overlay.price(number)
            && let Ok(admitted) = admit(feed, new, self.now)
            && trust.stands(admitted.validity, (new.price, admitted.twap), feed, self.now)
        {
            return Some((Prices { price: new.price, stable: admitted.stable }, new.publish_time));
        }
        let prices = Prices { price: feed.price, stable: feed.stable };
        trust.accepts(feed, self.now).then_some((prices, feed.publish_time))
    }
}

/// A copy of a feed with a price that a check rests on: the overlay's folded in, else its own. Its validity says so:
/// whatever is refreshed with it takes it for valid.
#[cold]
#[inline(never)]
pub(crate) fn trusted(number: u8, feed: &Feed, overlay: &Overlay, trust: Trust, now: i64) -> Option<Feed> {
    let mut taken = *feed;
    if let Some(new) = overlay.price(number)
        && (fold(&mut taken, new, now).is_err() || !trust.accepts(&taken, now))
    {
        taken = *feed;
    }
    if !trust.accepts(&taken, now) {
        return None;
    }
    taken.validity = Validity::Valid.code();
    Some(taken)
}

/// The price that a bad feed still counts at (DESIGN §6): for assets min(last valid, stable), decaying; for liabilities max.
///
/// `None` for a liability that never had a price: it cannot count nothing.
fn degraded(feed: &Feed, borrow: bool, now: i64) -> Option<Prices> {
    let (last, stable) = (feed.last_valid_price, feed.stable);
    let price = if borrow {
        Some(last.max(stable)).filter(|price| !price.is_zero())?
    } else {
        // A part of the price always fits.
        last.min(stable).mul_down(remaining(now.saturating_sub(feed.last_valid_time))).unwrap_or(Price::ZERO)
    };
    Some(Prices { price, stable: price })
}

/// How much of an asset still counts when its feed has had no valid price for so long, rounded down.
pub(crate) fn remaining(seconds: i64) -> Ratio {
    let left = BAD_FEED_GRACE.saturating_add(BAD_FEED_DECAY).saturating_sub(seconds).clamp(0, BAD_FEED_DECAY);
    Ratio::from_fraction_down(left.unsigned_abs(), BAD_FEED_DECAY.unsigned_abs()).unwrap_or(Ratio::ZERO)
}

#[cfg(test)]
mod tests;
