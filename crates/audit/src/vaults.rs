//! What a bank has and what it owes, exactly.

use plimsoll::state::Bank;
use plimsoll_risk::num::Index;

/// Both sides of a bank's ledger, 2^-64 of a native unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gap {
    /// Its tokens, and what borrowers owe it.
    pub has: u128,
    /// What lenders own, reserves, and what is set apart for pockets, pools, insurance and fees.
    pub owes: u128,
}

impl Gap {
    /// Of a bank with so many native units in its vault.
    ///
    /// # Panics
    /// Where a total does not fit 128 bits.
    pub fn of(bank: &Bank, held: u64) -> Self {
        let worth =
            |shares: u64, index: Index| u128::from(shares).checked_mul(index.get()).expect("within 128 bits");
        let whole = |units: u64| u128::from(units) << 64;
        let lent = worth(bank.borrow_shares.get(), bank.borrow_index.into());
        let owned = worth(bank.deposit_shares.get(), bank.deposit_index.into());
        let earmarked = [bank.pockets, bank.pools, bank.insurance, bank.fees].map(|part| whole(part.get()));
        let reserves = whole(bank.reserves) + u128::from(bank.reserves_fraction);
        Self {
            has: whole(held).checked_add(lent).expect("within 128 bits"),
            owes: owned + reserves + earmarked.iter().sum::<u128>(),
        }
    }

    /// What it has beyond all claims, whole native units rounded down: below 0 somebody's tokens are gone.
    pub const fn units(self) -> i128 {
        match self.has.checked_sub(self.owes) {
            Some(beyond) => (beyond >> 64).cast_signed(),
            // What is missing counts whole, so that no fraction of it is taken for nothing.
            None => -(self.owes.saturating_sub(self.has).div_ceil(1 << 64).cast_signed()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Gap;

    #[test]
    fn a_fraction_beyond_is_nothing_and_a_fraction_missing_is_a_unit() {
        let gap = |has, owes| Gap { has, owes }.units();
        assert_eq!(gap((5 << 64) + 1, 3 << 64), 2);
        assert_eq!(gap(3 << 64, (3 << 64) - 1), 0);
        assert_eq!(gap(3 << 64, (3 << 64) + 1), -1);
        assert_eq!(gap(3 << 64, 5 << 64), -2);
    }
}
