//! Deleveraging and what winners bear: pro rata, in one step for a whole side, whoever is on it (DESIGN §6).
//!
//! A side of a market carries two numbers that every position on it measures itself by: `A`, what is left of one lot of
//! the epoch's start, and `K`, what one such lot was paid. A position that took its snapshot at `A₀, K₀` with `q₀` lots
//! now has
//!
//! - `q₀·A/A₀` lots, rounded towards flat, and
//! - `q₀·(K − K₀)/A₀` more quote, rounded against it.
//!
//! **Funding** is owed on the lots that were held while it accrued, so `−∫A dF` belongs to `K`. By parts that is
//! `A₀·F₀ − A·F − Σ F·δA`: each closing adds `(P − F)·δA` to `K`, the rest is read off the position's own funding snapshot
//! when it is touched, and an accrual costs a side nothing.
//!
//! **Rounding.** The part of a lot that a position loses is closed at the board's price, so no equity jumps; the
//! *residue* of the side ([`Residue`]), a position of the protocol, takes it over. Σ long = Σ short holds exactly with
//! it.
//!
//! Applied before funding, orders and fills: [`funding::due`](crate::funding::due) means nothing for a position behind
//! its side.

mod position;

pub use position::{Pending, apply, is_behind, pending, seen};

use crate::error::{RiskError, overflow};
use crate::layout::market::{DeleveragingSide, EpochEnd, MARKET_DELEVERAGED, MarketTerms};
use crate::num::{Lots, Quote, RATIO_BITS, wide};

/// `A` at the start of an epoch: one lot.
pub const WHOLE_LOT: u64 = 1 << 63;

/// Below this `A` (2^-13 of a lot) an epoch ends, as soon as nobody is two epochs behind.
pub const SMALL: u64 = 1 << 50;

/// Below this `A` (2^-23 of a lot) nothing is deleveraged until the epoch could end. Here a unit of `K` is 2^-9 native
/// quote for a lot that joins, which is what an event can cost it in rounding; at [`SMALL`] it is 2^-19.
pub const LEAST: u64 = 1 << 40;

/// Beyond this `K` (2^29 native quote a lot) an epoch ends, too.
const LARGE: u64 = 1 << 61;

/// More lots than this are on no side.
const OPEN_BITS: u32 = 40;

/// How long a cap on what winners bear counts, seconds.
pub const CHARGE_SECONDS: i64 = 3_600;

/// Unit of `K`, of a price here and of funding: 2^-32 native quote a lot.
const UNIT_BITS: u32 = 32;

crate::layout! {
    /// What a side has and its positions, as they are stored, do not say: what is not applied yet, and the protocol's
    /// rounding position.
    ///
    /// `lots` and `base` are what the side has less what is stored in positions. Once nobody is behind, they *are* the
    /// protocol's position ([`Residue::take`]).
    pub struct Residue {
        /// Lots of the side less lots stored in its positions; below zero while a deleveraging is not applied
        /// everywhere.
        pub lots: i64,
        /// The same of `quote + lots·F`, native quote, rounded down.
        pub base: Quote,
        /// Positions that have not applied the last change of their side.
        pub behind: u32,
        /// Positions on the side: those with lots.
        pub positions: u32,
        /// Of these, positions whose snapshot is of the epoch before.
        pub earlier: u32,
        /// Unused, zero.
        pub reserved: [u8; 4],
    }

    /// What winners bore in the running hour.
    pub struct ChargeWindow {
        /// When it began, unix seconds.
        pub start: i64,
        /// Borne since, 2^-32 native quote a lot, rounded up.
        pub charged: u64,
    }
}

impl ChargeWindow {
    /// The hour that is running: a new one when the last is over.
    const fn running(&self, now: i64) -> Self {
        if now.saturating_sub(self.start) >= CHARGE_SECONDS { Self { start: now, charged: 0 } } else { *self }
    }
}

/// One side of a market, as deleveraging sees it.
#[derive(Clone, Copy, Debug)]
pub struct Side {
    /// The running epoch.
    pub now: DeleveragingSide,
    /// How the one before ended.
    pub before: EpochEnd,
}

impl Side {
    /// A side of a market that was never deleveraged.
    pub const fn new() -> Self {
        let now = DeleveragingSide { a: WHOLE_LOT, k: 0, epoch: 0, reserved: [0; 6] };
        Self { now, before: EpochEnd { a: WHOLE_LOT, k: 0 } }
    }

    /// The longs or the shorts of a market.
    pub const fn of(terms: &MarketTerms, is_long: bool) -> Self {
        if is_long {
            Self { now: terms.longs, before: terms.longs_ended }
        } else {
            Self { now: terms.shorts, before: terms.shorts_ended }
        }
    }

    /// Writes it back, and from then on margin checks look for what is pending.
    pub const fn store(&self, terms: &mut MarketTerms, is_long: bool) {
        if is_long {
            (terms.longs, terms.longs_ended) = (self.now, self.before);
        } else {
            (terms.shorts, terms.shorts_ended) = (self.now, self.before);
        }
        terms.flags |= MARKET_DELEVERAGED;
    }

    /// Ends the epoch where `A` is small or `K` large and nobody is two epochs behind; whether lots can still be told
    /// apart after that.
    fn turn(&mut self, residue: &mut Residue) -> bool {
        if self.now.a >= SMALL && self.now.k.unsigned_abs() < LARGE {
            return true;
        }
        if residue.earlier != 0 {
            return self.now.a >= LEAST;
        }
        self.before = EpochEnd { a: self.now.a, k: self.now.k };
        // Wraps around: only the epoch before is ever told from others, and nobody is further behind.
        let epoch = self.now.epoch.wrapping_add(1);
        self.now = DeleveragingSide { a: WHOLE_LOT, k: 0, epoch, ..self.now };
        residue.earlier = residue.positions;
        true
    }
}

impl Default for Side {
    fn default() -> Self {
        Self::new()
    }
}

/// Lots that a side gives up all at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Closing {
    /// The market's place on the board.
    pub market: u8,
    /// Which side gives them up.
    pub is_long: bool,
    /// All lots of that side before, stored or not.
    pub open_lots: u64,
    /// How many of them are closed.
    pub lots: u64,
    /// What they are worth at the board's price, native quote, exactly what the other side pays or gets.
    pub worth: Quote,
    /// The market's cumulative funding, accrued until now.
    pub funding: i64,
}

/// Closes lots of a side pro rata, against somebody on the other side whose position changes by the same lots and
/// worth.
///
/// The price is `worth / lots`: a long gets it rounded down, a short pays it rounded up; `A` is rounded down. All that
/// is left over is the residue's. The caller takes the lots off the side's total.
///
/// `BadParameter` for more lots than there are and for a side without an `A`; `EpochPending` where `A` would fall below
/// [`LEAST`] while positions of the epoch before have not been touched: anybody may touch them. `Overflow` for a worth
/// below 0 and for what does not fit. Then nothing has changed.
pub fn deleverage(side: &mut Side, residue: &mut Residue, closing: &Closing) -> Result<(), RiskError> {
    let Closing { market, is_long, open_lots, lots, worth, funding } = *closing;
    if lots == 0 {
        return Ok(());
    }
    let (mut changed, mut rest) = (*side, *residue);
    let Some(staying) = open_lots.checked_sub(lots) else { return Err(RiskError::BadParameter) };
    if changed.now.a == 0 {
        return Err(RiskError::BadParameter);
    }
    if worth.is_negative() || open_lots >> OPEN_BITS != 0 {
        return overflow();
    }
    let Some(left) = wide::mul_div_down(changed.now.a, staying, open_lots) else { return overflow() };
    let closed = changed.now.a.saturating_sub(left);
    let price = u128::from(worth.magnitude()).wrapping_shl(UNIT_BITS);
    let price =
        if is_long { price.checked_div(u128::from(lots)) } else { Some(price.div_ceil(u128::from(lots))) };
    let price = price.and_then(wide::narrow).and_then(|price| i64::try_from(price).ok());
    let Some(per_lot) = price.and_then(|price| price.checked_sub(funding)) else { return overflow() };
    // Longs: down. Shorts have lots below zero, so a larger K takes more from them.
    let grown = part(per_lot, closed, 63, !is_long)?;
    let Some(k) = changed.now.k.checked_add(grown) else { return overflow() };
    changed.now.a = left;
    changed.now.k = k;
    let signed = i64::try_from(lots).unwrap_or(i64::MAX);
    // Of the longs worth − lots·F joins the residue, of the shorts the opposite.
    let (paid, sign) = if is_long { (worth.get(), -1) } else { (worth.get().wrapping_neg(), 1) };
    let base = Quote::new(paid).checked_add(part_of_funding(funding, signed.wrapping_mul(sign), false)?)?;
    rest.base = rest.base.checked_add(base)?;
    let Some(less) = rest.lots.checked_sub(signed) else { return overflow() };
    rest.lots = less;
    rest.behind = rest.positions;
    if !changed.turn(&mut rest) {
        return Err(RiskError::EpochPending { market });
    }
    (*side, *residue) = (changed, rest);
    Ok(())
}

/// A loss that a side's winners are to bear.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Charge {
    /// Which side bears it.
    pub is_long: bool,
    /// All lots of that side, before any deleveraging for the same loss.
    pub open_lots: u64,
    /// The loss, native quote.
    pub amount: Quote,
    /// Most that one lot bears in [`CHARGE_SECONDS`], 2^-32 native quote ([`charge_cap`]).
    pub cap: u64,
}

/// `r_maint·P/2`: most that one lot of a market bears in an hour, 2^-32 native quote, rounded down.
pub fn charge_cap(terms: &MarketTerms) -> u64 {
    let product = u64::from(terms.lot_price).wrapping_mul(u64::from(terms.maint_ratio.get()));
    // A ratio of 2^-30, a half, and 2^-32: one bit more than the entry's own shift.
    let places = RATIO_BITS.saturating_add(1).saturating_add(u32::from(terms.shift & 63));
    let scaled = u128::from(product).wrapping_shl(UNIT_BITS).wrapping_shr(places);
    wide::narrow(scaled).unwrap_or(u64::MAX)
}

/// What a side's lots may still bear in the running hour, native quote, rounded down: `winners` of a
/// [`Cover`](crate::waterfall::Cover).
pub fn charge_room(window: &ChargeWindow, open_lots: u64, cap: u64, now: i64) -> Quote {
    let room = wide::mul(cap.saturating_sub(window.running(now).charged), open_lots).wrapping_shr(UNIT_BITS);
    wide::narrow(room).and_then(|room| Quote::from_unsigned(room).ok()).unwrap_or(Quote::MAX)
}

/// Lets a side's lots bear a loss by index, at most the cap a lot and hour; returns what they bear, native quote.
///
/// Together the positions and the residue bear at least that much: the part of a lot is rounded up. Nothing of an empty
/// side. `BadParameter` for a side without an `A`; `Overflow` for an amount below 0 and for what does not fit. Then
/// nothing has changed.
pub fn charge(
    side: &mut Side,
    residue: &mut Residue,
    window: &mut ChargeWindow,
    charge: &Charge,
    now: i64,
) -> Result<Quote, RiskError> {
    let Charge { is_long, open_lots, amount, cap } = *charge;
    if amount.is_negative() || open_lots >> OPEN_BITS != 0 {
        return overflow();
    }
    if side.now.a == 0 {
        return Err(RiskError::BadParameter);
    }
    let mut hour = window.running(now);
    let taken = charge_room(window, open_lots, cap, now).magnitude().min(amount.magnitude());
    if taken == 0 {
        return Ok(Quote::ZERO);
    }
    let (mut changed, mut rest) = (*side, *residue);
    let (lots, bits) = (u128::from(open_lots), UNIT_BITS.saturating_sub(1));
    // Below 2^126; taken·2^32 is below 2^95, and at most the cap's room a lot.
    let grown = wide::mul(taken, changed.now.a).div_ceil(lots.wrapping_shl(bits));
    let per_lot = u128::from(taken).wrapping_shl(UNIT_BITS).div_ceil(lots);
    let (Some(grown), Some(per_lot)) = (wide::narrow(grown), wide::narrow(per_lot)) else {
        return overflow();
    };
    let k = if is_long {
        changed.now.k.checked_sub_unsigned(grown)
    } else {
        changed.now.k.checked_add_unsigned(grown)
    };
    let Some(k) = k else { return overflow() };
    changed.now.k = k;
    let taken = Quote::from_unsigned(taken)?;
    rest.base = rest.base.checked_sub(taken)?;
    rest.behind = rest.positions;
    hour.charged = hour.charged.saturating_add(per_lot);
    // `A` stays as it is, so lots can be told apart as before.
    changed.turn(&mut rest);
    (*side, *residue, *window) = (changed, rest, hour);
    Ok(taken)
}

/// `lots·F`, native quote, rounded as told.
fn part_of_funding(funding: i64, lots: i64, up: bool) -> Result<Quote, RiskError> {
    let lots_are_short = lots < 0;
    let signed = if lots_are_short { funding.checked_neg() } else { Some(funding) };
    let Some(signed) = signed else { return overflow() };
    part(signed, lots.unsigned_abs(), UNIT_BITS, up).map(Quote::new)
}

/// `number·factor / 2^bits`, rounded up or down as told.
fn part(number: i64, factor: u64, bits: u32, up: bool) -> Result<i64, RiskError> {
    let magnitude = number.unsigned_abs();
    let away = (number < 0) != up;
    let part = if away {
        wide::mul_shift_up(magnitude, factor, bits)
    } else {
        wide::mul_shift_down(magnitude, factor, bits)
    };
    let Some(part) = part.and_then(|part| i64::try_from(part).ok()) else { return overflow() };
    Ok(if number < 0 { part.wrapping_neg() } else { part })
}

impl Residue {
    /// A position came to the side, with the side's present snapshot.
    pub fn joins(&mut self) -> Result<(), RiskError> {
        let Some(positions) = self.positions.checked_add(1) else { return overflow() };
        self.positions = positions;
        Ok(())
    }

    /// A position that had applied everything left the side. `BadParameter` where there is none.
    pub fn leaves(&mut self) -> Result<(), RiskError> {
        if self.positions <= self.behind {
            return Err(RiskError::BadParameter);
        }
        self.positions = self.positions.saturating_sub(1);
        Ok(())
    }

    /// A position applied what was pending. `BadParameter` where nobody was behind; then nothing has changed.
    pub fn absorb(&mut self, pending: &Pending) -> Result<(), RiskError> {
        let Some(behind) = self.behind.checked_sub(1) else { return Err(RiskError::BadParameter) };
        let Some(earlier) = self.earlier.checked_sub(u32::from(pending.earlier)) else {
            return Err(RiskError::BadParameter);
        };
        let Some(positions) = self.positions.checked_sub(u32::from(pending.lots.is_zero())) else {
            return Err(RiskError::BadParameter);
        };
        let base = self.base.checked_sub(pending.base)?;
        let Some(lots) = self.lots.checked_add(i64::from(pending.closed)) else { return overflow() };
        *self = Self { lots, base, behind, positions, earlier, ..*self };
        Ok(())
    }

    /// The protocol's rounding position, lots with sign and their quote (native, rounded down), once nobody is behind;
    /// it is taken out of the residue, to be held, traded or closed like any other. `None` before, and where there is
    /// nothing.
    ///
    /// `Overflow` where it does not fit; then nothing has changed.
    pub fn take(&mut self, is_long: bool, funding: i64) -> Result<Option<(Lots, Quote)>, RiskError> {
        if self.behind != 0 || (self.lots == 0 && self.base.is_zero()) {
            return Ok(None);
        }
        let lots = i32::try_from(self.lots).or_else(|_| overflow())?;
        let signed = if is_long { lots } else { lots.saturating_neg() };
        let quote = self.base.checked_sub(part_of_funding(funding, i64::from(signed), true)?)?;
        (self.lots, self.base) = (0, Quote::ZERO);
        Ok(Some((Lots::new(signed), quote)))
    }
}

#[cfg(test)]
mod tests;
