//! What a position makes of what its side went through.

use super::{EpochEnd, Side, UNIT_BITS, WHOLE_LOT, part_of_funding};
use crate::error::{RiskError, overflow};
use crate::fill::{join_side, share_down};
use crate::layout::account::Position;
use crate::layout::market::MarketTerms;
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
        let cost = position.quote.checked_sub(position.realised)?;
        let freed = share_down(cost, self.closed, position.lots.magnitude())?;
        let mut seen = Position {
            lots: self.lots,
            quote: position.quote.checked_add(self.change)?,
            realised: position.realised.checked_add(self.change)?.checked_add(freed)?,
            funding,
            ..*position
        };
        let is_long = position.lots.get() > 0;
        let side = if is_long { &terms.longs } else { &terms.shorts };
        (seen.epoch, seen.deleveraging_a, seen.deleveraging_k) = (side.epoch, side.a, side.k);
        Ok(seen)
    }
}

/// What the side of a position went through since its snapshot: nothing, at the cost of a comparison, nearly always.
///
/// `funding` is the market's cumulative funding now, or the board's copy where that is all there is. The part of a lot
/// that rounding closes counts at the entry's price, for a long rounded down, for a short up. `BadParameter` for a
/// snapshot that no epoch of the side explains; `Overflow` for what does not fit.
#[inline(always)]
pub fn pending(position: &Position, terms: &MarketTerms, funding: i64) -> Result<Option<Pending>, RiskError> {
    let lots = position.lots.get();
    let side = if lots < 0 { &terms.shorts } else { &terms.longs };
    let moved = (side.a ^ position.deleveraging_a)
        | (side.k ^ position.deleveraging_k).cast_unsigned()
        | u64::from(side.epoch ^ position.epoch);
    if moved == 0 || lots == 0 {
        return Ok(None);
    }
    catch_up(position, terms, funding).map(Some)
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
    *position = pending.seen(position, terms, funding)?;
    if position.lots.is_zero() {
        join_side(position, terms);
    }
    Ok(Some(pending))
}

/// Lots in 2^-32, and what they were paid, in halves of a native quote.
struct Carried {
    lots: u64,
    paid: i128,
}

impl Carried {
    /// From one point of an epoch to a later one.
    fn forward(&mut self, from: EpochEnd, to: EpochEnd, is_long: bool) -> Result<(), RiskError> {
        if from.a == 0 || to.a > from.a {
            return Err(RiskError::BadParameter);
        }
        let Some(grown) = to.k.checked_sub(from.k) else { return overflow() };
        let product = wide::mul(self.lots, grown.unsigned_abs());
        let divisor = u128::from(from.a);
        // 2^-32 lots times 2^-32 quote over 2^-63 lots counts 2^-1.
        let gains = (grown >= 0) == is_long;
        let paid = if gains { product.checked_div(divisor).unwrap_or(0) } else { product.div_ceil(divisor) };
        let Ok(paid) = i64::try_from(paid) else { return overflow() };
        let paid = i128::from(if gains { paid } else { paid.wrapping_neg() });
        self.paid = self.paid.saturating_add(paid);
        self.lots = wide::mul_div_down(self.lots, to.a, from.a).unwrap_or(0);
        Ok(())
    }
}

#[cold]
#[inline(never)]
fn catch_up(position: &Position, terms: &MarketTerms, funding: i64) -> Result<Pending, RiskError> {
    let held = position.lots.magnitude();
    let is_long = position.lots.get() > 0;
    let side = Side::of(terms, is_long);
    let snapshot = EpochEnd { a: position.deleveraging_a, k: position.deleveraging_k };
    let here = EpochEnd { a: side.now.a, k: side.now.k };
    let earlier = position.epoch != side.now.epoch;
    // Below 2^63, as no position has more than 2^31 lots.
    let mut carried = Carried { lots: u64::from(held).wrapping_shl(UNIT_BITS), paid: 0 };
    let start = carried.lots;
    if earlier {
        if position.epoch.wrapping_add(1) != side.now.epoch {
            return Err(RiskError::BadParameter);
        }
        carried.forward(snapshot, side.before, is_long)?;
        carried.forward(EpochEnd { a: WHOLE_LOT, k: 0 }, here, is_long)?;
    } else {
        carried.forward(snapshot, here, is_long)?;
    }
    let whole = carried.lots >> UNIT_BITS;
    let fraction = carried.lots & u64::from(u32::MAX);
    let lots = i32::try_from(whole).or_else(|_| overflow())?;
    let closed = held.saturating_sub(lots.unsigned_abs());
    let paid = i64::try_from(carried.paid >> 1).or_else(|_| overflow())?;
    let settled = settled_funding((start, position.funding), (carried.lots, funding), is_long)?;
    let rounded = fraction_worth(fraction, terms, is_long);
    let change = Quote::new(paid).checked_add(settled)?.checked_add(rounded)?;
    let signed = if is_long { lots } else { lots.wrapping_neg() };
    let now = part_of_funding(funding, i64::from(signed), true)?;
    let then = part_of_funding(position.funding, i64::from(position.lots.get()), false)?;
    let base = change.checked_add(now)?.checked_sub(then)?;
    Ok(Pending { lots: Lots::new(signed), closed, change, base, earlier })
}

/// `q₀·F₀ − q·F` for lots in 2^-32, native quote, rounded down.
fn settled_funding(from: (u64, i64), to: (u64, i64), is_long: bool) -> Result<Quote, RiskError> {
    let worth = |(lots, funding): (u64, i64)| {
        let product = wide::mul(lots, funding.unsigned_abs()).cast_signed();
        if (funding < 0) == is_long { product.wrapping_neg() } else { product }
    };
    // Lots are below 2^63, so each is at most 2^126.
    let difference = worth(from).wrapping_sub(worth(to));
    i64::try_from(difference >> 64).map(Quote::new).or_else(|_| overflow())
}

/// What a part of a lot (2^-32) is worth at the entry's price, native quote: paid to a long, rounded down, or by a
/// short, up.
fn fraction_worth(fraction: u64, terms: &MarketTerms, is_long: bool) -> Quote {
    // Below 2^32 each.
    let product = u128::from(fraction.wrapping_mul(u64::from(terms.lot_price)));
    let places = UNIT_BITS.saturating_add(u32::from(terms.shift & 63));
    let floor = product.wrapping_shr(places);
    let cut = floor.wrapping_shl(places) != product;
    // Below 2^32.
    let floor = i64::try_from(floor).unwrap_or(i64::MAX);
    Quote::new(if is_long { floor } else { floor.saturating_add(i64::from(cut)).wrapping_neg() })
}
