//! What one position has made, what its orders may lose, and how large it may become (DESIGN §4).

use crate::error::{RiskError, overflow};
use crate::layout::account::Position;
use crate::num::Quote;

/// Every part of one position lies below 2^56 native quote: sixteen of them fit [`Quote`] beside sixteen balances.
const PART_BITS: u32 = 56;

/// What one lot is worth, native quote: `lots × mark >> shift`, one shift (0 to 63) for all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Marks {
    /// For notionals.
    pub notional: u32,
    /// For the PnL of a long.
    pub long: u32,
    /// For the PnL of a short.
    pub short: u32,
    /// For lots that a bid would buy.
    pub bid: u32,
    /// For lots that an ask would sell.
    pub ask: u32,
    /// Common shift.
    pub shift: u8,
}

impl Marks {
    /// Lots at a mark, native quote, rounded down. Both factors are below 2^32, so the product fits.
    #[inline(always)]
    fn worth_down(&self, lots: u32, mark: u32) -> u64 {
        u64::from(lots).wrapping_mul(u64::from(mark)).wrapping_shr(u32::from(self.shift))
    }

    /// Lots at a mark, native quote, rounded up: one more than the floor where something was cut off.
    #[inline(always)]
    fn worth_up(&self, lots: u32, mark: u32) -> u64 {
        let shift = u32::from(self.shift);
        let product = u64::from(lots).wrapping_mul(u64::from(mark));
        let floor = product.wrapping_shr(shift);
        // Something was cut off only by a shift, so there is room for one.
        floor.wrapping_add(u64::from(floor.wrapping_shl(shift) != product))
    }
}

/// One position with its orders, in quote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exposure {
    /// Unrealised PnL `q·P + quote − due`, native quote, rounded down.
    pub unrealised: Quote,
    /// What resting and queued orders would lose if they filled now, native quote, rounded up; 0 or more.
    pub order_loss: Quote,
    /// The largest notional that the orders can lead to, native quote, rounded up; 0 or more.
    pub notional: Quote,
}

impl Exposure {
    /// Measures a position at these marks, with what it still owes of funding ([`due`](crate::funding::due)).
    ///
    /// - `unrealised = q·P + quote − due` with `P` = `marks.long` or `marks.short`: a long's worth rounded down, a short's up;
    /// - `order_loss = max(0, bids_quote − bids·P, asks·P − asks_quote)`;
    /// - `notional = P·max(|q + bids|, |q − asks|)`.
    ///
    /// Funding counts without being written, so a check of many positions writes none; deleveraging has been applied before.
    /// `Overflow` for a worst case of 2^32 lots or more, for a worth or a `quote − due` of 2^56 native quote or more, and for
    /// negative `bids_quote` or `asks_quote`.
    #[inline(always)]
    pub fn of(position: &Position, marks: &Marks, due: Quote) -> Result<Self, RiskError> {
        let quote = position.quote.checked_sub(due)?;
        let Some(lots) = worst_case_lots(position) else { return overflow() };
        let notional = marks.worth_up(lots, marks.notional);
        let held = position.lots.magnitude();
        let is_long = position.lots.get() >= 0;
        let worth =
            if is_long { marks.worth_down(held, marks.long) } else { marks.worth_up(held, marks.short) };
        let orders =
            if position.bids | position.asks == 0 { Orders::NONE } else { Orders::of(position, marks) };
        if (notional | worth | quote.magnitude() | orders.seen) >> PART_BITS != 0 {
            return overflow();
        }
        // All below 2^56, so nothing wraps.
        let worth = worth.cast_signed();
        let worth = if is_long { worth } else { worth.wrapping_neg() };
        Ok(Self {
            unrealised: Quote::new(worth.wrapping_add(quote.get())),
            order_loss: Quote::new(orders.loss),
            notional: Quote::new(notional.cast_signed()),
        })
    }
}

/// `max(|q + bids|, |q − asks|)`, lots, exact. `None` from 2^32 on.
///
/// As `q − asks ≤ q + bids`, the larger magnitude is that of the upper end above zero or of the lower end below it.
#[inline(always)]
pub fn worst_case_lots(position: &Position) -> Option<u32> {
    let held = i64::from(position.lots.get());
    // All terms are below 2^33 in magnitude.
    let upper = held.wrapping_add(i64::from(position.bids));
    let lower = held.wrapping_sub(i64::from(position.asks));
    u32::try_from(upper.max(lower.wrapping_neg())).ok()
}

/// What the orders would lose, and all that was computed for it, to be tested by the caller.
struct Orders {
    loss: i64,
    seen: u64,
}

impl Orders {
    const NONE: Self = Self { loss: 0, seen: 0 };

    /// `max(0, bids_quote − bids·P, asks·P − asks_quote)`, rounded up.
    #[inline(always)]
    fn of(position: &Position, marks: &Marks) -> Self {
        let (bids_quote, asks_quote) = (position.bids_quote.get(), position.asks_quote.get());
        let bought = marks.worth_down(position.bids, marks.bid);
        let sold = marks.worth_up(position.asks, marks.ask);
        // Meaningless where one passes 2^56: then the caller refuses.
        let by_bids = bids_quote.wrapping_sub(bought.cast_signed());
        let by_asks = sold.cast_signed().wrapping_sub(asks_quote);
        let seen = bids_quote.cast_unsigned() | asks_quote.cast_unsigned() | bought | sold;
        Self { loss: by_bids.max(by_asks).max(0), seen }
    }
}
