//! What a position makes of what its side went through.

use super::{UNIT_BITS, WHOLE_LOT};
use crate::error::{RiskError, overflow};
use crate::fill::{join_side, share_down};
use crate::layout::account::Position;
use crate::layout::market::{EpochEnd, MARKET_DELEVERAGED, MarketTerms};
use crate::num::{Lots, Quote, wide};

/// What a position has not applied yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pending {
    /// Its lots after, with sign.
    pub lots: Lots,
    /// How many lots that closes.
    pub closed: u32,
    /// What its `quote` changes by, funding until now included; native quote, rounded down.
    pub change: Quote,
    /// What leaves the residue: the change of `quote + lots·F`, native quote, rounded up.
    pub base: Quote,
    /// Whether its snapshot was of the epoch before.
    pub earlier: bool,
}

impl Pending {
    /// The position as if this had been applied, for a check that writes nothing. Errors as [`apply`].
    pub fn seen(
        &self,
        position: &Position,
        terms: &MarketTerms,
        funding: i64,
    ) -> Result<Position, RiskError> {
        let (quote, realised) = self.settled(position)?;
        let mut seen = Position { lots: self.lots, quote, realised, funding, ..*position };
        let is_long = position.lots.get() > 0;
        let side = if is_long { &terms.longs } else { &terms.shorts };
        (seen.epoch, seen.deleveraging_a, seen.deleveraging_k) = (side.epoch, side.a, side.k);
        Ok(seen)
    }

    /// `quote` and `realised` afterwards: closed lots realise what they were paid and their share of the cost.
    #[inline(always)]
    fn settled(&self, position: &Position) -> Result<(Quote, Quote), RiskError> {
        let (quote, realised, change) = (position.quote.get(), position.realised.get(), self.change.get());
        let (cost, lost) = quote.overflowing_sub(realised);
        if lost {
            return overflow();
        }
        let freed = share_down(Quote::new(cost), self.closed, position.lots.magnitude())?;
        let realised = Sum::of(realised).and(change).and(freed.get());
        let quote = Sum::of(quote).and(change);
        if quote.lost | realised.lost {
            return overflow();
        }
        Ok((Quote::new(quote.value), Quote::new(realised.value)))
    }
}

/// A sum of native quote, and whether it left its type on the way: asked once in the end, as each question costs.
#[derive(Clone, Copy)]
struct Sum {
    value: i64,
    lost: bool,
}

impl Sum {
    #[inline(always)]
    const fn of(value: i64) -> Self {
        Self { value, lost: false }
    }

    #[inline(always)]
    const fn and(self, other: i64) -> Self {
        let (value, lost) = self.value.overflowing_add(other);
        Self { value, lost: self.lost | lost }
    }

    #[inline(always)]
    const fn less(self, other: i64) -> Self {
        let (value, lost) = self.value.overflowing_sub(other);
        Self { value, lost: self.lost | lost }
    }
}

/// Whether a position has not applied the last change of its side. In a market that was never deleveraged that is one bit.
#[inline(always)]
pub fn is_behind(position: &Position, terms: &MarketTerms) -> bool {
    terms.flags & MARKET_DELEVERAGED != 0 && has_moved(position, terms)
}

/// Whether a position with lots has another snapshot than its side.
#[inline(always)]
fn has_moved(position: &Position, terms: &MarketTerms) -> bool {
    let side = if position.lots.get() < 0 { &terms.shorts } else { &terms.longs };
    let moved = (side.a ^ position.deleveraging_a)
        | (side.k ^ position.deleveraging_k).cast_unsigned()
        | u64::from(side.epoch ^ position.epoch);
    moved != 0 && !position.lots.is_zero()
}

/// What the side of a position went through since its snapshot: nothing, at the cost of a comparison, nearly always.
///
/// `funding` is the market's cumulative funding now, or the board's copy where that is all there is. The part of a lot
/// that rounding closes counts at the entry's price, for a long rounded down, for a short up. `BadParameter` for a
/// snapshot that no epoch of the side explains; `Overflow` for what does not fit.
#[inline(always)]
pub fn pending(position: &Position, terms: &MarketTerms, funding: i64) -> Result<Option<Pending>, RiskError> {
    if !has_moved(position, terms) {
        return Ok(None);
    }
    catch_up(position, terms, funding).map(Some)
}

/// A position as a check sees it that writes nothing: with what its side went through applied, until the board's copy of the
/// funding, in `late` where that is anything; itself otherwise, at the cost of a bit that tells whether its market was ever
/// deleveraged. Errors as [`pending`].
#[inline(always)]
pub fn seen<'a>(
    position: &'a Position,
    terms: &MarketTerms,
    late: &'a mut Option<Position>,
) -> Result<&'a Position, RiskError> {
    if terms.flags & MARKET_DELEVERAGED == 0 {
        return Ok(position);
    }
    compared(position, terms, late)
}

#[cold]
#[inline(never)]
fn compared<'a>(
    position: &'a Position,
    terms: &MarketTerms,
    late: &'a mut Option<Position>,
) -> Result<&'a Position, RiskError> {
    let Some(pending) = pending(position, terms, terms.funding)? else { return Ok(position) };
    Ok(late.insert(pending.seen(position, terms, terms.funding)?))
}

/// Applies what its side went through, and funding until `funding`, to a position, and takes a new snapshot; returns
/// what that was, for [`Residue::absorb`](super::Residue::absorb).
///
/// Closed lots realise what they were paid and their share of the cost, as a [`fill`](crate::fill::fill) does. Errors
/// as [`pending`]; then nothing has changed.
pub fn apply(
    position: &mut Position,
    terms: &MarketTerms,
    funding: i64,
) -> Result<Option<Pending>, RiskError> {
    let Some(pending) = pending(position, terms, funding)? else { return Ok(None) };
    let (quote, realised) = pending.settled(position)?;
    if pending.lots.is_zero() {
        position.leave_side();
    }
    (position.lots, position.funding) = (pending.lots, funding);
    (position.quote, position.realised) = (quote, realised);
    join_side(position, terms);
    Ok(Some(pending))
}

#[cold]
#[inline(never)]
fn catch_up(position: &Position, terms: &MarketTerms, funding: i64) -> Result<Pending, RiskError> {
    let (held, is_long) = (position.lots.magnitude(), position.lots.get() > 0);
    let (side, ended) =
        if is_long { (&terms.longs, &terms.longs_ended) } else { (&terms.shorts, &terms.shorts_ended) };
    let snapshot = EpochEnd { a: position.deleveraging_a, k: position.deleveraging_k };
    let here = EpochEnd { a: side.a, k: side.k };
    let earlier = position.epoch != side.epoch;
    let (lots, paid) = if earlier {
        if position.epoch.wrapping_add(1) != side.epoch {
            return Err(RiskError::BadParameter);
        }
        let (lots, paid) = carried(held, &snapshot, ended, is_long)?;
        let (lots, more) = carried_on(lots, &here, is_long)?;
        // Half of the sum fits where both do.
        let sum = i128::from(paid).saturating_add(i128::from(more));
        (lots, i64::try_from(sum >> 1).or_else(|_| overflow())?)
    } else {
        let (lots, paid) = carried(held, &snapshot, &here, is_long)?;
        (lots, paid >> 1)
    };
    let whole = lots >> UNIT_BITS;
    let fraction = lots & LOW;
    let Ok(staying) = i32::try_from(whole) else { return overflow() };
    let closed = held.saturating_sub(staying.unsigned_abs());
    let signed = if is_long { staying } else { staying.wrapping_neg() };
    let change = Sum::of(paid)
        .and(settled_funding(held, lots, (position.funding, funding), is_long))
        .and(fraction_worth(fraction, terms, is_long));
    let base = change.and(worth_of_funding(funding, signed, true)).less(worth_of_funding(
        position.funding,
        position.lots.get(),
        false,
    ));
    if base.lost {
        return overflow();
    }
    let (change, base) = (Quote::new(change.value), Quote::new(base.value));
    Ok(Pending { lots: Lots::new(signed), closed, change, base, earlier })
}

/// Whole lots from one point of an epoch to a later one: lots in 2^-32, and what they were paid, in halves of a native
/// quote.
#[inline(always)]
fn carried(held: u32, from: &EpochEnd, to: &EpochEnd, is_long: bool) -> Result<(u64, i64), RiskError> {
    if from.a == 0 || to.a > from.a {
        return Err(RiskError::BadParameter);
    }
    let Some(grown) = to.k.checked_sub(from.k) else { return overflow() };
    let divisor = Divisor::new(from.a);
    // 2^-32 lots times 2^-32 quote over 2^-63 lots counts 2^-1.
    let paid = divisor.divide(lots_times(u64::from(held), grown.unsigned_abs()));
    // Below 2^63, as no position has more than 2^31 lots.
    let lots = if to.a == from.a {
        u64::from(held).wrapping_shl(UNIT_BITS)
    } else {
        divisor.divide(lots_times(u64::from(held), to.a)).map_or(0, |(lots, _)| lots)
    };
    Ok((lots, signed_payment(paid, (grown >= 0) == is_long)?))
}

/// The same from the beginning of an epoch on, and of lots in 2^-32.
#[inline(never)]
fn carried_on(lots: u64, to: &EpochEnd, is_long: bool) -> Result<(u64, i64), RiskError> {
    if to.a > WHOLE_LOT {
        return Err(RiskError::BadParameter);
    }
    let over_a_whole_lot = |(high, low): (u64, u64)| {
        (high >> 63 == 0).then_some((high.wrapping_shl(1) | (low >> 63), low.wrapping_shl(1) != 0))
    };
    let paid = over_a_whole_lot(halves(wide::mul(lots, to.k.unsigned_abs())));
    let left = over_a_whole_lot(halves(wide::mul(lots, to.a))).map_or(0, |(lots, _)| lots);
    Ok((left, signed_payment(paid, (to.k >= 0) == is_long)?))
}

/// What is got is rounded down, what is paid up.
#[inline(always)]
fn signed_payment(paid: Option<(u64, bool)>, gains: bool) -> Result<i64, RiskError> {
    let Some((floor, cut)) = paid else { return overflow() };
    let Some(paid) = floor.checked_add(u64::from(cut && !gains)) else { return overflow() };
    let Ok(paid) = i64::try_from(paid) else { return overflow() };
    Ok(if gains { paid } else { paid.wrapping_neg() })
}

/// Lower half of a word.
const LOW: u64 = u32::MAX as u64;

/// `lots·2^32·factor` for fewer than 2^32 lots, upper and lower half: two products of 32-bit halves.
#[inline(always)]
const fn lots_times(lots: u64, factor: u64) -> (u64, u64) {
    // Below 2^32 each.
    let low = lots.wrapping_mul(factor & LOW);
    let high = lots.wrapping_mul(factor >> 32);
    (high.wrapping_add(low >> 32), low.wrapping_shl(32))
}

#[inline(always)]
#[allow(clippy::cast_possible_truncation)] // Both halves are there.
const fn halves(wide: u128) -> (u64, u64) {
    ((wide >> 64) as u64, wide as u64)
}

/// What several numbers of two words are divided by: two divisions of words each, where a division of two `u128` costs
/// several hundred units on chain (Knuth's algorithm D with digits of 32 bits).
struct Divisor {
    /// Its highest bit is set.
    shifted: u64,
    places: u32,
    is_whole_lot: bool,
}

impl Divisor {
    /// Above 0.
    #[inline(always)]
    const fn new(divisor: u64) -> Self {
        // Nearly always between a half and all of a lot: counting zeros is dear.
        let places = if divisor >> 62 == 1 { 1 } else { divisor.leading_zeros() };
        Self { shifted: divisor.wrapping_shl(places), places, is_whole_lot: divisor == WHOLE_LOT }
    }

    /// The quotient rounded down, and whether something was cut off; `None` where it does not fit a word.
    #[inline(always)]
    fn divide(&self, (high, low): (u64, u64)) -> Option<(u64, bool)> {
        if high == 0 && low == 0 {
            return Some((0, false));
        }
        if self.is_whole_lot {
            return (high >> 63 == 0)
                .then_some((high.wrapping_shl(1) | (low >> 63), low.wrapping_shl(1) != 0));
        }
        self.divide_long(high, low)
    }

    #[inline(never)]
    fn divide_long(&self, high: u64, low: u64) -> Option<(u64, bool)> {
        let places = self.places;
        let lost = high >> (63u32.wrapping_sub(places)) >> 1;
        let carry = low >> (63u32.wrapping_sub(places)) >> 1;
        let (high, low) = (high.wrapping_shl(places) | carry, low.wrapping_shl(places));
        if lost != 0 || high >= self.shifted {
            return None;
        }
        let (first, rest) = self.digit(high, low >> 32);
        let (second, rest) = self.digit(rest, low & LOW);
        Some((first.wrapping_shl(32) | second, rest != 0))
    }

    /// The next digit of a quotient and what is left: `(rest·2^32 + next) / divisor` for a rest below the divisor.
    #[inline(always)]
    fn digit(&self, rest: u64, next: u64) -> (u64, u64) {
        let (upper, lower) = (self.shifted >> 32, self.shifted & LOW);
        // At least 2^31. The guess is at most two too large.
        let mut digit = rest.checked_div(upper).unwrap_or(0);
        let mut left = rest.wrapping_sub(digit.wrapping_mul(upper));
        while digit >> 32 != 0 || digit.wrapping_mul(lower) > (left.wrapping_shl(32) | next) {
            digit = digit.wrapping_sub(1);
            left = left.wrapping_add(upper);
            if left >> 32 != 0 {
                break;
            }
        }
        // The true rest is below the divisor, so what wraps around here cancels out.
        let whole = rest.wrapping_shl(32).wrapping_add(next);
        (digit, whole.wrapping_sub(digit.wrapping_mul(self.shifted)))
    }
}

/// `q₀·F₀ − q·F` for whole lots before and lots in 2^-32 after, native quote, rounded down.
#[inline(always)]
#[allow(clippy::cast_possible_truncation)] // What is left of the shift has 64 bits.
fn settled_funding(held: u32, lots: u64, (then, now): (i64, i64), is_long: bool) -> i64 {
    let worth = |(high, low): (u64, u64), funding: i64| {
        let product = (i128::from(high.cast_signed()) << 64) | i128::from(low);
        if (funding < 0) == is_long { product.wrapping_neg() } else { product }
    };
    // Lots are below 2^63, so each is at most 2^126.
    let before = worth(lots_times(u64::from(held), then.unsigned_abs()), then);
    let (high, low) = lots_times(lots >> UNIT_BITS, now.unsigned_abs());
    let (more_high, more_low) = lots_times(lots & LOW, now.unsigned_abs());
    // The fraction's product counts 2^-32 of the other's.
    let (fine, over) = low.overflowing_add(more_high.wrapping_shl(32) | (more_low >> 32));
    let after = worth((high.wrapping_add(more_high >> 32).wrapping_add(u64::from(over)), fine), now);
    (before.wrapping_sub(after) >> 64) as i64
}

/// `lots·F`, native quote, rounded as told: at most 2^62.
#[inline(always)]
fn worth_of_funding(funding: i64, lots: i32, up: bool) -> i64 {
    let (high, low) = lots_times(u64::from(lots.unsigned_abs()), funding.unsigned_abs());
    let is_negative = (funding < 0) != (lots < 0);
    let magnitude = high.wrapping_add(u64::from(low != 0 && is_negative != up)).cast_signed();
    if is_negative { magnitude.wrapping_neg() } else { magnitude }
}

/// What a part of a lot (2^-32) is worth at the entry's price, native quote: paid to a long, rounded down, or by a
/// short, up.
#[inline(always)]
fn fraction_worth(fraction: u64, terms: &MarketTerms, is_long: bool) -> i64 {
    // Below 2^32 each.
    let product = fraction.wrapping_mul(u64::from(terms.lot_price));
    let floor = (product >> UNIT_BITS).wrapping_shr(u32::from(terms.shift & 63));
    let places = UNIT_BITS.saturating_add(u32::from(terms.shift & 63));
    let cut = product != 0 && (places > 63 || floor.wrapping_shl(places) != product);
    // Below 2^32.
    let floor = floor.cast_signed();
    if is_long { floor } else { floor.saturating_add(i64::from(cut)).wrapping_neg() }
}
