//! The quantities of a book: one type each, so that a wrong product does not compile.
//!
//! | type | stored | unit |
//! |---|---|---|
//! | [`Ticks`] | `u32` | price, in the market's ticks |
//! | [`Size`] | `u32` | base lots, without sign |
//! | [`Notional`] | `u64` | ticks × lots |
//! | [`OrderId`] | `u64` | the side's sequence number, its lowest bit the side |

use crate::error::BookError;
use bytemuck::{Pod, Zeroable};
use plimsoll_risk::layout::{Described, Kind};

/// Declares a quantity: a transparent newtype with `new`, `get`, `ZERO` and `MAX`.
macro_rules! quantity {
    ($(#[$doc:meta])* $name:ident($inner:ty) as $kind:ident) => {
        $(#[$doc])*
        #[repr(transparent)]
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Pod, Zeroable)]
        pub struct $name($inner);

        impl $name {
            /// Nothing.
            pub const ZERO: Self = Self(0);
            /// The largest.
            pub const MAX: Self = Self(<$inner>::MAX);

            /// Wraps a raw number in this type's unit.
            #[inline(always)]
            pub const fn new(raw: $inner) -> Self {
                Self(raw)
            }

            /// The raw number in this type's unit.
            #[inline(always)]
            pub const fn get(self) -> $inner {
                self.0
            }

            /// Whether this is nothing.
            #[inline(always)]
            pub const fn is_zero(self) -> bool {
                self.0 == 0
            }
        }

        impl Described for $name {
            const KIND: Kind = Kind::$kind;
        }
    };
}

quantity! {
    /// A price, in the market's ticks. Orders have 1 ..= 2^32 − 1.
    Ticks(u32) as U32
}

quantity! {
    /// A size, in base lots, without sign.
    Size(u32) as U32
}

quantity! {
    /// What lots are worth, in ticks × lots: the market scales it to quote.
    Notional(u64) as U64
}

quantity! {
    /// An order's name in its market, given when it comes to rest: later orders have larger ids, an id is never given
    /// twice, its lowest bit is the side (0 a bid, 1 an ask), 0 is no order.
    OrderId(u64) as U64
}

impl Ticks {
    /// `ticks × size`. Exact: 32 bits by 32 bits.
    #[inline(always)]
    #[allow(clippy::arithmetic_side_effects)] // (2^32−1)² < 2^64.
    pub const fn times(self, size: Size) -> Notional {
        Notional(self.0 as u64 * size.0 as u64)
    }

    /// The fewest lots worth at least so much at this price, rounded up. `None` at a price of 0, for more lots than a size
    /// has, and for nothing.
    #[inline(always)]
    pub(crate) fn lots_worth(self, notional: Notional) -> Option<Size> {
        let whole_before = notional.0.checked_sub(1)?.checked_div(self.0.into())?;
        u32::try_from(whole_before).ok()?.checked_add(1).map(Size)
    }

    /// The price at a distance. `None` where there is no such price.
    #[inline(always)]
    pub fn offset(self, by: i32) -> Option<Self> {
        match self.0.checked_add_signed(by) {
            None | Some(0) => None,
            Some(ticks) => Some(Self(ticks)),
        }
    }

    /// How far this price is from another. `Overflow` from 2^31 on.
    pub fn distance(self, from: Self) -> Result<i32, BookError> {
        let apart = i64::from(self.0).saturating_sub(i64::from(from.0));
        i32::try_from(apart).map_err(|_| BookError::Overflow)
    }
}

impl Size {
    /// The difference. `Overflow` when the other is larger.
    #[inline(always)]
    pub const fn checked_sub(self, other: Self) -> Result<Self, BookError> {
        match self.0.checked_sub(other.0) {
            Some(difference) => Ok(Self(difference)),
            None => Err(BookError::Overflow),
        }
    }

    /// The sum. `Overflow` when it does not fit.
    #[inline(always)]
    pub const fn checked_add(self, other: Self) -> Result<Self, BookError> {
        match self.0.checked_add(other.0) {
            Some(sum) => Ok(Self(sum)),
            None => Err(BookError::Overflow),
        }
    }
}

impl Notional {
    /// The sum. `Overflow` when it does not fit.
    #[inline(always)]
    pub const fn checked_add(self, other: Self) -> Result<Self, BookError> {
        match self.0.checked_add(other.0) {
            Some(sum) => Ok(Self(sum)),
            None => Err(BookError::Overflow),
        }
    }
}

impl OrderId {
    /// Which side the order is on.
    pub const fn side(self) -> Side {
        if self.0 & 1 == 0 { Side::Bid } else { Side::Ask }
    }
}

/// Buyers or sellers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Side {
    /// Buys: the highest price is served first.
    Bid,
    /// Sells: the lowest price is served first.
    Ask,
}

/// What a pegged order's offset is stored above, so that offsets sort as unsigned numbers.
const OFFSET_BIAS: u32 = 1 << 31;

impl Side {
    /// As stored in an account: 0 a bid, 1 an ask.
    #[inline(always)]
    pub const fn code(self) -> u8 {
        match self {
            Side::Bid => 0,
            Side::Ask => 1,
        }
    }

    /// From what is stored in an account.
    #[inline(always)]
    pub const fn from_code(code: u8) -> Option<Self> {
        match code {
            0 => Some(Side::Bid),
            1 => Some(Side::Ask),
            _ => None,
        }
    }

    /// The other side.
    #[inline(always)]
    pub const fn opposite(self) -> Self {
        match self {
            Side::Bid => Side::Ask,
            Side::Ask => Side::Bid,
        }
    }

    /// What turns a price into a rank, and back: a bid's rank is the complement of its price.
    #[inline(always)]
    const fn mask(self) -> u32 {
        match self {
            Side::Bid => u32::MAX,
            Side::Ask => 0,
        }
    }

    /// A price's place on this side: the smaller rank is served first.
    #[inline(always)]
    pub const fn rank(self, price: Ticks) -> u32 {
        price.0 ^ self.mask()
    }

    /// The price of a rank.
    #[inline(always)]
    pub const fn price(self, rank: u32) -> Ticks {
        Ticks(rank ^ self.mask())
    }

    /// An offset's place among the pegged orders of this side: the smaller rank is served first.
    #[inline(always)]
    #[allow(clippy::cast_sign_loss)] // The bits as they are, the sign bit flipped: order is kept.
    pub const fn offset_rank(self, offset: i32) -> u32 {
        (offset as u32 ^ OFFSET_BIAS) ^ self.mask()
    }

    /// The offset of a pegged order's rank.
    #[inline(always)]
    #[allow(clippy::cast_possible_wrap)] // The inverse of `offset_rank`.
    pub const fn offset(self, rank: u32) -> i32 {
        (rank ^ self.mask() ^ OFFSET_BIAS) as i32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_better_price_has_the_smaller_rank() {
        let (low, high) = (Ticks::new(99), Ticks::new(101));
        assert!(Side::Ask.rank(low) < Side::Ask.rank(high));
        assert!(Side::Bid.rank(high) < Side::Bid.rank(low));
        assert!(Side::Ask.offset_rank(-5) < Side::Ask.offset_rank(5));
        assert!(Side::Bid.offset_rank(5) < Side::Bid.offset_rank(-5));
    }

    #[test]
    fn a_rank_gives_its_price_and_its_offset_back() {
        for side in [Side::Bid, Side::Ask] {
            for raw in [0, 1, 77, u32::MAX] {
                assert_eq!(side.price(side.rank(Ticks::new(raw))), Ticks::new(raw));
            }
            for offset in [i32::MIN, -1, 0, 1, i32::MAX] {
                assert_eq!(side.offset(side.offset_rank(offset)), offset);
            }
        }
    }

    #[test]
    fn a_price_at_or_below_zero_does_not_exist() {
        assert_eq!(Ticks::new(5).offset(-5), None);
        assert_eq!(Ticks::new(5).offset(-6), None);
        assert_eq!(Ticks::MAX.offset(1), None);
        assert_eq!(Ticks::new(5).offset(-4), Some(Ticks::new(1)));
    }

    #[test]
    fn what_does_not_fit_is_an_overflow_and_the_largest_product_fits() {
        assert_eq!(Ticks::MAX.times(Size::MAX).get(), u64::from(u32::MAX) * u64::from(u32::MAX));
        assert_eq!(Notional::MAX.checked_add(Notional::new(1)), Err(BookError::Overflow));
        assert_eq!(Size::MAX.checked_add(Size::new(1)), Err(BookError::Overflow));
        assert_eq!(Size::ZERO.checked_sub(Size::new(1)), Err(BookError::Overflow));
        assert_eq!(Ticks::MAX.distance(Ticks::new(1)), Err(BookError::Overflow));
    }
}
