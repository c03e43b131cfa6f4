//! How a trade changes a position: lots reserved by orders, given back, filled.

use crate::error::{RiskError, overflow};
use crate::layout::account::{POSITION_IN_USE, Position};
use crate::layout::market::MarketTerms;
use crate::num::{Lots, Quote};

/// Puts a new position into a free slot: flat, cross, with the market's funding and the longs' deleveraging as it stands.
///
/// `BadParameter` for a slot in use.
pub fn open(position: &mut Position, market: u8, terms: &MarketTerms) -> Result<(), RiskError> {
    if !position.is_free() {
        return Err(RiskError::BadParameter);
    }
    let empty: Position = bytemuck::Zeroable::zeroed();
    *position = Position { market, flags: POSITION_IN_USE, funding: terms.funding, ..empty };
    join_side(position, terms);
    Ok(())
}

/// Takes the deleveraging snapshot of the side that the position is on; a flat one takes the longs'.
///
/// After each fill that brought it to that side: what a side went through before does not concern who joins it.
pub fn join_side(position: &mut Position, terms: &MarketTerms) {
    let side = if position.lots.get() < 0 { &terms.shorts } else { &terms.longs };
    position.epoch = side.epoch;
    position.deleveraging_a = side.a;
    position.deleveraging_k = side.k;
}

/// Lots that begin to rest or to wait in the fill queue, and their worth at their limits, native quote.
///
/// `Overflow` where they do not fit, and for a worth below 0; then nothing has changed.
pub fn reserve(position: &mut Position, is_bid: bool, lots: u32, worth: Quote) -> Result<(), RiskError> {
    if worth.is_negative() {
        return overflow();
    }
    let (reserved, reserved_worth) = side(position, is_bid);
    let Some(sum) = reserved.checked_add(lots) else { return overflow() };
    *reserved_worth = reserved_worth.checked_add(worth)?;
    *reserved = sum;
    Ok(())
}

/// Lots that rest or wait no longer, cancelled or about to be filled, and their worth at their limits, native quote.
///
/// `Overflow` for more lots or a larger worth than there are, and for a worth below 0; then nothing has changed.
pub fn release(position: &mut Position, is_bid: bool, lots: u32, worth: Quote) -> Result<(), RiskError> {
    let (reserved, reserved_worth) = side(position, is_bid);
    let Some(left) = reserved.checked_sub(lots) else { return overflow() };
    if worth.is_negative() || worth > *reserved_worth {
        return overflow();
    }
    *reserved_worth = reserved_worth.saturating_sub(worth);
    *reserved = left;
    Ok(())
}

#[inline(always)]
fn side(position: &mut Position, is_bid: bool) -> (&mut u32, &mut Quote) {
    if is_bid {
        (&mut position.bids, &mut position.bids_quote)
    } else {
        (&mut position.asks, &mut position.asks_quote)
    }
}

/// Buys or sells lots for `worth` (native quote, exact, 0 or more) and pays `fee` (below zero: is paid a rebate); returns the
/// profit realised by it, native quote, the fee included.
///
/// What is closed realises its proceeds and its share of what the position had cost, `quote − realised`, rounded down: the
/// fraction stays in the open lots. A fill beyond flat closes everything and opens the rest at the fill's own average, the
/// closed lots' proceeds rounded down. A position without lots has nothing unrealised: `realised == quote`; it remembers which
/// side it left ([`Position::was_short`]).
///
/// Funding has been applied ([`apply`](crate::funding::apply)), and the lots were released if they had rested. `Overflow` for
/// more than 2^31 − 1 lots held, for a worth below 0, and for what does not fit; `BadParameter` for a worth of no lots. Then
/// nothing has changed.
pub fn fill(
    position: &mut Position,
    is_bid: bool,
    lots: u32,
    worth: Quote,
    fee: Quote,
) -> Result<Quote, RiskError> {
    if worth.is_negative() {
        return overflow();
    }
    if lots == 0 && !worth.is_zero() {
        return Err(RiskError::BadParameter);
    }
    // At most 2^31 and 2^32 in magnitude.
    let held = i64::from(position.lots.get());
    let bought = if is_bid { i64::from(lots) } else { i64::from(lots).wrapping_neg() };
    let now = match i32::try_from(held.wrapping_add(bought)) {
        Ok(now) if now != i32::MIN => Lots::new(now),
        _ => return overflow(),
    };
    let proceeds = if is_bid { Quote::ZERO.checked_sub(worth)? } else { worth };
    let reduces = (held > 0 && !is_bid) || (held < 0 && is_bid);
    let gross = if reduces { closed(position, lots, proceeds)? } else { Quote::ZERO };
    let realised = gross.checked_sub(fee)?;
    let quote = position.quote.checked_add(proceeds)?.checked_sub(fee)?;
    position.realised = position.realised.checked_add(realised)?;
    if now.is_zero() && held != 0 {
        position.leave_side();
    }
    position.quote = quote;
    position.lots = now;
    Ok(realised)
}

/// What closing so many of the held lots (all, if there are fewer) realises: proceeds and share of the cost, both rounded down.
fn closed(position: &Position, lots: u32, proceeds: Quote) -> Result<Quote, RiskError> {
    let held = position.lots.magnitude();
    let closing = lots.min(held);
    let cost = position.quote.checked_sub(position.realised)?;
    share_down(proceeds, closing, lots)?.checked_add(share_down(cost, closing, held)?)
}

/// `amount · part / whole`, rounded towards minus infinity, for `part ≤ whole`; nothing of a whole of 0.
///
/// Whole and rest of the quotient apart: no product passes 64 bits, and a 64-bit division costs one unit on chain.
pub(crate) fn share_down(amount: Quote, part: u32, whole: u32) -> Result<Quote, RiskError> {
    if part == whole {
        return Ok(amount);
    }
    let (magnitude, part, whole) = (amount.magnitude(), u64::from(part), u64::from(whole));
    let (Some(each), Some(rest)) = (magnitude.checked_div(whole), magnitude.checked_rem(whole)) else {
        return Ok(Quote::ZERO);
    };
    // Below 2^32 each; and `each · part` is at most the magnitude.
    let rest = rest.wrapping_mul(part);
    let more = if amount.is_negative() { rest.div_ceil(whole) } else { rest.checked_div(whole).unwrap_or(0) };
    let share = Quote::from_unsigned(each.wrapping_mul(part).saturating_add(more))?;
    if amount.is_negative() { Quote::ZERO.checked_sub(share) } else { Ok(share) }
}

#[cfg(test)]
mod tests;
