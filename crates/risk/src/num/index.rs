//! Growth indexes of deposits and borrows.

use crate::error::RiskError;

/// The growth of one share since its bank opened, in 2^-64 (Q64.64): [`Index::ONE`] at the start, below 2^80 always.
#[repr(transparent)]
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, bytemuck::Pod, bytemuck::Zeroable,
)]
pub struct Index(u128);

/// An [`Index`] as it lies in an account: two words, because account data is aligned to 8 bytes only.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, bytemuck::Pod, bytemuck::Zeroable)]
pub struct StoredIndex {
    /// The fraction, in 2^-64.
    pub low: u64,
    /// The whole part; below 2^16.
    pub high: u64,
}

impl Index {
    /// No growth: one share is one native unit.
    pub const ONE: Self = Self(1 << 64);

    /// Every index lies below this: 2^80, a growth of 65,536 times.
    pub const LIMIT: u128 = 1 << 80;

    /// Wraps a raw Q64.64 number. Not range-checked: see [`Index::checked`].
    #[inline(always)]
    pub const fn new(raw: u128) -> Self {
        Self(raw)
    }

    /// The raw Q64.64 number.
    #[inline(always)]
    pub const fn get(self) -> u128 {
        self.0
    }

    /// From a raw number in range: `Overflow` from [`Index::LIMIT`] on.
    #[inline(always)]
    pub const fn checked(raw: u128) -> Result<Self, RiskError> {
        if raw < Self::LIMIT { Ok(Self(raw)) } else { Err(RiskError::Overflow) }
    }

    /// Whole part and fraction (2^-64).
    #[inline(always)]
    #[allow(clippy::cast_possible_truncation)] // The two halves.
    pub const fn split(self) -> (u64, u64) {
        ((self.0 >> 64) as u64, self.0 as u64)
    }
}

impl StoredIndex {
    /// No growth: one share is one native unit.
    pub const ONE: Self = Self { low: 0, high: 1 };
}

impl From<Index> for StoredIndex {
    #[inline(always)]
    fn from(index: Index) -> Self {
        let (high, low) = index.split();
        Self { low, high }
    }
}

impl From<StoredIndex> for Index {
    #[inline(always)]
    fn from(stored: StoredIndex) -> Self {
        Self(((stored.high as u128) << 64) | stored.low as u128)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_index_survives_being_stored() {
        for raw in [0, 1, 1 << 64, (1 << 64) + 5, Index::LIMIT - 1, u128::MAX] {
            assert_eq!(Index::from(StoredIndex::from(Index::new(raw))), Index::new(raw));
        }
        assert_eq!(StoredIndex::from(Index::ONE), StoredIndex::ONE);
        assert_eq!(Index::checked(Index::LIMIT), Err(RiskError::Overflow));
        assert!(Index::checked(Index::LIMIT - 1).is_ok());
    }
}
