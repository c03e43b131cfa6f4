//! Every margin account in memory, laid out for valuing all of them: what a margin check reads lies apart and dense.

use plimsoll_risk::{
    layout::account::{
        AccountHeader, Balance, MAX_BALANCES, MAX_ORDERS, MAX_POSITIONS, MAX_TRIGGERS, MarginAccount,
        OpenOrder, PocketFlag, Position, TriggerOrder,
    },
    margin::Holdings,
};
use std::{collections::HashMap, hash::Hash};

/// What a margin check reads of an account, 1.5 KiB.
#[derive(Clone, Copy, Debug)]
struct Hot {
    balances: [Balance; MAX_BALANCES],
    positions: [Position; MAX_POSITIONS],
}

/// What it does not read.
#[derive(Clone, Copy, Debug)]
struct Cold {
    header: AccountHeader,
    orders: [OpenOrder; MAX_ORDERS],
    triggers: [TriggerOrder; MAX_TRIGGERS],
    pocket_flags: [PocketFlag; MAX_POSITIONS],
}

/// Accounts by address and by place. Places are dense: whoever leaves is replaced by the last.
#[derive(Debug)]
pub struct Ledger<K> {
    hot: Vec<Hot>,
    cold: Vec<Cold>,
    addresses: Vec<K>,
    places: HashMap<K, usize>,
}

impl<K> Default for Ledger<K> {
    fn default() -> Self {
        Self { hot: Vec::new(), cold: Vec::new(), addresses: Vec::new(), places: HashMap::new() }
    }
}

impl<K: Copy + Eq + Hash> Ledger<K> {
    /// How many accounts there are.
    pub fn len(&self) -> usize {
        self.hot.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.hot.is_empty()
    }

    /// Puts an account in, or what it is now in the place of what it was.
    pub fn put(&mut self, address: K, account: &MarginAccount) {
        let hot = Hot { balances: account.balances, positions: account.positions };
        let cold = Cold {
            header: account.header,
            orders: account.orders,
            triggers: account.triggers,
            pocket_flags: account.pocket_flags,
        };
        let place = self.places.get(&address).copied();
        match place.and_then(|at| Some((self.hot.get_mut(at)?, self.cold.get_mut(at)?))) {
            Some((was_hot, was_cold)) => (*was_hot, *was_cold) = (hot, cold),
            None => {
                self.places.insert(address, self.hot.len());
                self.hot.push(hot);
                self.cold.push(cold);
                self.addresses.push(address);
            }
        }
    }

    /// Takes an account out; nothing where there is none.
    pub fn remove(&mut self, address: &K) {
        let Some(place) = self.places.remove(address) else { return };
        self.hot.swap_remove(place);
        self.cold.swap_remove(place);
        self.addresses.swap_remove(place);
        if let Some(moved) = self.addresses.get(place) {
            self.places.insert(*moved, place);
        }
    }

    /// The address at a place.
    pub fn address(&self, place: usize) -> Option<K> {
        self.addresses.get(place).copied()
    }

    /// The place of an address.
    pub fn place(&self, address: &K) -> Option<usize> {
        self.places.get(address).copied()
    }

    /// All addresses, in the order of their places.
    pub fn addresses(&self) -> &[K] {
        &self.addresses
    }

    /// What a margin check reads of the account at a place.
    #[inline]
    pub fn holdings(&self, place: usize) -> Option<Holdings<'_>> {
        self.hot.get(place).map(Hot::holdings)
    }

    /// What a margin check reads of every account, in the order of their places.
    #[inline]
    pub fn all_holdings(&self) -> impl Iterator<Item = Holdings<'_>> {
        self.hot.iter().map(Hot::holdings)
    }

    /// Who the account at a place belongs to, and what state it is in.
    pub fn header(&self, place: usize) -> Option<&AccountHeader> {
        self.cold.get(place).map(|cold| &cold.header)
    }

    /// Flags of the isolated positions of the account at a place.
    pub fn pocket_flags(&self, place: usize) -> Option<&[PocketFlag; MAX_POSITIONS]> {
        self.cold.get(place).map(|cold| &cold.pocket_flags)
    }

    /// Trigger orders of the account at a place.
    pub fn triggers(&self, place: usize) -> Option<&[TriggerOrder; MAX_TRIGGERS]> {
        self.cold.get(place).map(|cold| &cold.triggers)
    }

    /// The whole account at an address, put together again.
    pub fn account(&self, address: &K) -> Option<MarginAccount> {
        let place = self.place(address)?;
        let (hot, cold) = (self.hot.get(place)?, self.cold.get(place)?);
        Some(MarginAccount {
            header: cold.header,
            balances: hot.balances,
            positions: hot.positions,
            orders: cold.orders,
            triggers: cold.triggers,
            pocket_flags: cold.pocket_flags,
        })
    }
}

impl Hot {
    #[inline]
    fn holdings(&self) -> Holdings<'_> {
        Holdings { balances: &self.balances, positions: &self.positions }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytemuck::Zeroable;
    use plimsoll_risk::num::Lots;

    fn with_lots(lots: i32) -> MarginAccount {
        let mut account = MarginAccount::zeroed();
        account.positions[3].lots = Lots::new(lots);
        account.triggers[2].lots = lots.unsigned_abs();
        account
    }

    #[test]
    fn an_account_is_itself_again_and_the_newest_counts() {
        let mut ledger = Ledger::default();
        for (address, lots) in [(7, 1), (8, 2), (7, 3)] {
            ledger.put(address, &with_lots(lots));
        }
        assert_eq!(ledger.len(), 2);
        let account = ledger.account(&7).expect("an account");
        assert_eq!((account.positions[3].lots.get(), account.triggers[2].lots), (3, 3));
        assert!(ledger.account(&9).is_none());
    }

    #[test]
    fn the_last_takes_the_place_of_whoever_leaves() {
        let mut ledger = Ledger::default();
        for address in 1..=4 {
            ledger.put(address, &with_lots(address));
        }
        ledger.remove(&2);
        ledger.remove(&9);
        assert_eq!(ledger.addresses(), [1, 4, 3]);
        for address in [1, 3, 4] {
            assert_eq!(ledger.account(&address).expect("it stayed").positions[3].lots.get(), address);
        }
        ledger.remove(&3);
        assert_eq!((ledger.place(&4), ledger.place(&3), ledger.len()), (Some(1), None, 2));
    }
}
