//! The quantities: one type each, so that a wrong product does not compile.
//!
//! Scales are powers of two (DESIGN §3): scaling is a shift. Whatever loses a fraction says `_down` or `_up`.
//!
//! | type | stored | unit |
//! |---|---|---|
//! | [`TokenAmount`] | `u64` | native units of a token |
//! | [`Shares`] | `u64` | shares of a bank's deposits or borrows |
//! | [`Quote`] | `i64` | native units of the quote token |
//! | [`Lots`] | `i32` | base lots |
//! | [`Price`] | `u64` | whole quote per whole token, 2^-40 |
//! | [`Ratio`] | `u32` | 2^-30 |
//! | [`SizeFactor`] | `u32` | 2^-42 per √(whole quote unit) |
//! | [`Index`] | `u128` | growth since the start, 2^-64 |

/// Declares a quantity: a transparent newtype with `new`, `get`, `ZERO` and checked addition and subtraction.
macro_rules! quantity {
    ($(#[$doc:meta])* $name:ident($inner:ty)) => {
        $(#[$doc])*
        #[repr(transparent)]
        #[derive(
            Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, bytemuck::Pod, bytemuck::Zeroable,
        )]
        pub struct $name($inner);

        impl $name {
            /// Nothing.
            pub const ZERO: Self = Self(0);

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

            /// The sum. Exact; [`RiskError::Overflow`](crate::RiskError::Overflow) when it does not fit.
            #[inline(always)]
            pub const fn checked_add(self, other: Self) -> Result<Self, crate::RiskError> {
                match self.0.checked_add(other.0) {
                    Some(sum) => Ok(Self(sum)),
                    None => crate::error::overflow(),
                }
            }

            /// The difference. Exact; [`RiskError::Overflow`](crate::RiskError::Overflow) when it does not fit.
            #[inline(always)]
            pub const fn checked_sub(self, other: Self) -> Result<Self, crate::RiskError> {
                match self.0.checked_sub(other.0) {
                    Some(difference) => Ok(Self(difference)),
                    None => crate::error::overflow(),
                }
            }

            /// The difference, or the end of the range that it would pass (0 for unsigned quantities).
            #[inline(always)]
            pub const fn saturating_sub(self, other: Self) -> Self {
                Self(self.0.saturating_sub(other.0))
            }
        }
    };
}

mod amount;
mod index;
mod price;
mod ratio;
mod scaled;
pub mod sqrt;
pub mod wide;

pub use amount::{Lots, Quote, Shares, TokenAmount};
pub use index::{Index, StoredIndex};
pub use price::{PRICE_BITS, Price};
pub use ratio::{RATIO_BITS, Ratio, SIZE_FACTOR_BITS, SizeFactor};
pub use scaled::Scaled;
