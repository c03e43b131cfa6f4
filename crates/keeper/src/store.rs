//! An exchange in memory: all that is on chain of it, the newest version of each account.

use crate::ledger::Ledger;
use plimsoll::state::{
    Bank, MarginAccount, Market, RiskBoard,
    book::{BOOK_SIDE, FILL_QUEUE},
};
use plimsoll_client::{
    addresses::{BankAddresses, ExchangeAddresses, MarketAddresses},
    book::{self, BookView, QueueView, Side},
    decode::{self, DecodeError},
};
use plimsoll_risk::layout::account;
use solana_pubkey::Pubkey;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

/// An account of the program, as it was at a slot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Update {
    /// Its address.
    pub address: Pubkey,
    /// The slot at which it was so, or a later one.
    pub slot: u64,
    /// Its data; nothing once it is closed.
    pub data: Option<Vec<u8>>,
}

/// A bank and its addresses.
#[derive(Clone, Copy, Debug)]
pub struct BankEntry {
    /// Where it is, with its vault and mint.
    pub at: BankAddresses,
    /// What it holds.
    pub bank: Bank,
}

/// A market and its addresses.
#[derive(Clone, Copy, Debug)]
pub struct MarketEntry {
    /// Where it is, with its book.
    pub at: MarketAddresses,
    /// Its limits, its pool, its windows.
    pub market: Market,
}

/// All accounts of one exchange.
#[derive(Debug)]
pub struct Store {
    of: ExchangeAddresses,
    accounts: Ledger<Pubkey>,
    board: Option<Box<RiskBoard>>,
    banks: BTreeMap<u8, BankEntry>,
    markets: BTreeMap<u8, MarketEntry>,
    /// Sides of books and fill queues, where their data lies.
    books: HashMap<Pubkey, Vec<u8>>,
    /// Margin accounts that are flagged, called, or have a pocket that is flagged.
    flagged: BTreeSet<Pubkey>,
    slots: HashMap<Pubkey, u64>,
}

impl Store {
    /// An empty one, for an exchange.
    pub fn new(of: ExchangeAddresses) -> Self {
        Self {
            of,
            accounts: Ledger::default(),
            board: None,
            banks: BTreeMap::new(),
            markets: BTreeMap::new(),
            books: HashMap::new(),
            flagged: BTreeSet::new(),
            slots: HashMap::new(),
        }
    }

    /// Takes an account as it is now. An older version than the one that is there is passed over, and so is what a keeper
    /// does not need.
    ///
    /// # Errors
    /// The board's address with other data than a board's.
    pub fn apply(&mut self, update: &Update) -> Result<(), DecodeError> {
        if self.slots.get(&update.address).is_some_and(|slot| *slot > update.slot) {
            return Ok(());
        }
        self.slots.insert(update.address, update.slot);
        match &update.data {
            Some(data) => self.put(update.address, data),
            None => {
                self.remove(&update.address);
                Ok(())
            }
        }
    }

    /// Takes everything as it was at a slot: what is not among it and is not newer is gone.
    ///
    /// # Errors
    /// The first account that cannot be read; the others are taken.
    pub fn replace(&mut self, slot: u64, all: &[Update]) -> Result<(), DecodeError> {
        let found: HashSet<Pubkey> = all.iter().map(|update| update.address).collect();
        let is_gone = |(address, at): (&Pubkey, &u64)| *at <= slot && !found.contains(address);
        let gone: Vec<Pubkey> = self.slots.iter().filter(|it| is_gone(*it)).map(|(it, _)| *it).collect();
        for address in gone {
            self.remove(&address);
            self.slots.remove(&address);
        }
        all.iter().map(|update| self.apply(update)).fold(Ok(()), Result::and)
    }

    fn put(&mut self, address: Pubkey, data: &[u8]) -> Result<(), DecodeError> {
        if data.starts_with(BOOK_SIDE) || data.starts_with(FILL_QUEUE) {
            self.books.insert(address, data.to_vec());
        } else if address == self.of.board {
            self.board = Some(Box::new(decode::read(data)?));
        } else if decode::is::<MarginAccount>(data) {
            self.put_account(address, &decode::read::<MarginAccount>(data)?.0);
        } else if decode::is::<Market>(data) {
            let market: Market = decode::read(data)?;
            let at = MarketAddresses::read(address, &market);
            self.markets.insert(market.index, MarketEntry { at, market });
        } else if decode::is::<Bank>(data) {
            let bank: Bank = decode::read(data)?;
            let at = BankAddresses::read(address, &bank);
            self.banks.insert(bank.index, BankEntry { at, bank });
        } else {
            // Closed, and told before it was gone; or of a kind that a keeper does not need.
            self.remove(&address);
        }
        Ok(())
    }

    fn put_account(&mut self, address: Pubkey, account: &account::MarginAccount) {
        let header = &account.header;
        let is_flagged = header.flagged_at != 0
            || header.margin_called_at != 0
            || account.pocket_flags.iter().any(account::PocketFlag::is_set);
        if is_flagged {
            self.flagged.insert(address);
        } else {
            self.flagged.remove(&address);
        }
        self.accounts.put(address, account);
    }

    fn remove(&mut self, address: &Pubkey) {
        self.accounts.remove(address);
        self.flagged.remove(address);
        self.books.remove(address);
        self.markets.retain(|_, entry| entry.at.market != *address);
        self.banks.retain(|_, entry| entry.at.bank != *address);
    }

    /// The exchange's own addresses.
    pub const fn exchange(&self) -> &ExchangeAddresses {
        &self.of
    }

    /// All margin accounts.
    pub const fn accounts(&self) -> &Ledger<Pubkey> {
        &self.accounts
    }

    /// A margin account.
    pub fn account(&self, address: &Pubkey) -> Option<account::MarginAccount> {
        self.accounts.account(address)
    }

    /// Whether a margin account, or a pocket of it, is flagged, or its margin call is posted.
    pub fn is_flagged(&self, address: &Pubkey) -> bool {
        self.flagged.contains(address)
    }

    /// The risk board; nothing before it was seen.
    pub fn board(&self) -> Option<&RiskBoard> {
        self.board.as_deref()
    }

    /// The market at a place on the board.
    pub fn market(&self, index: u8) -> Option<&MarketEntry> {
        self.markets.get(&index)
    }

    /// All markets, in their order on the board.
    pub fn markets(&self) -> impl Iterator<Item = &MarketEntry> {
        self.markets.values()
    }

    /// The bank at a place on the board.
    pub fn bank(&self, index: u8) -> Option<&BankEntry> {
        self.banks.get(&index)
    }

    /// All banks, in their order on the board.
    pub fn banks(&self) -> impl Iterator<Item = &BankEntry> {
        self.banks.values()
    }

    /// The quote token's bank.
    pub fn quote_bank(&self) -> Option<Pubkey> {
        let index = self.board()?.header.quote_bank;
        self.bank(index).map(|entry| entry.at.bank)
    }

    /// The book of a market; nothing where it cannot be read.
    pub fn book(&self, market: u8) -> Option<BookView<'_>> {
        let at = self.market(market)?.at;
        BookView::read(self.books.get(&at.bids)?, self.books.get(&at.asks)?).ok()
    }

    /// Fills of a market that wait for their makers; nothing where they cannot be read.
    pub fn queue(&self, market: u8) -> Option<QueueView<'_>> {
        book::queue(self.books.get(&self.market(market)?.at.queue)?).ok()
    }

    /// Owners of the first orders of a side, in the order in which they are met, each once, at most so many, but these.
    pub fn owners(&self, market: u8, side: Side, now: i64, most: usize, but: &[Pubkey]) -> Vec<Pubkey> {
        let (Some(book), Ok(now)) = (self.book(market), u32::try_from(now)) else { return Vec::new() };
        let mut found = Vec::new();
        for resting in book.side(side).orders(None, now) {
            let owner = Pubkey::from(resting.order.owner.0);
            if found.len() == most {
                break;
            }
            if !but.contains(&owner) && !found.contains(&owner) {
                found.push(owner);
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use anchor_lang::Discriminator;
    use bytemuck::Zeroable;

    fn key(number: u8) -> Pubkey {
        Pubkey::new_from_array([number; 32])
    }

    /// A margin account that was flagged at this time.
    fn account(address: u8, slot: u64, flagged_at: i64) -> Update {
        let mut account = account::MarginAccount::zeroed();
        account.header.flagged_at = flagged_at;
        let data = [MarginAccount::DISCRIMINATOR, bytemuck::bytes_of(&account)].concat();
        Update { address: key(address), slot, data: Some(data) }
    }

    fn flagged_at(store: &Store, address: u8) -> Option<i64> {
        store.account(&key(address)).map(|account| account.header.flagged_at)
    }

    #[test]
    fn the_newest_version_wins_in_whatever_order_they_come() {
        let mut store = Store::new(ExchangeAddresses::derive());
        for update in [account(1, 10, 5), account(1, 9, 4), account(2, 9, 0)] {
            assert_eq!(store.apply(&update), Ok(()));
        }
        assert_eq!((flagged_at(&store, 1), flagged_at(&store, 2)), (Some(5), Some(0)));
        assert!(store.is_flagged(&key(1)) && !store.is_flagged(&key(2)));
        assert_eq!(store.apply(&account(1, 10, 0)), Ok(()));
        assert!(!store.is_flagged(&key(1)), "of one slot the later counts");
    }

    #[test]
    fn what_a_snapshot_does_not_show_is_gone_unless_it_is_newer() {
        let mut store = Store::new(ExchangeAddresses::derive());
        for update in [account(1, 10, 1), account(2, 10, 2), account(3, 21, 3)] {
            assert_eq!(store.apply(&update), Ok(()));
        }
        assert_eq!(store.replace(20, &[account(2, 20, 7)]), Ok(()));
        let found = [1, 2, 3].map(|address| flagged_at(&store, address));
        assert_eq!(found, [None, Some(7), Some(3)]);
        assert!(!store.is_flagged(&key(1)));
    }

    #[test]
    fn a_closed_account_does_not_come_back_by_an_older_message() {
        let mut store = Store::new(ExchangeAddresses::derive());
        assert_eq!(store.apply(&Update { data: None, ..account(1, 12, 0) }), Ok(()));
        assert_eq!(store.apply(&account(1, 11, 1)), Ok(()));
        assert_eq!(flagged_at(&store, 1), None);
    }

    #[test]
    fn what_is_no_account_any_more_is_gone() {
        let mut store = Store::new(ExchangeAddresses::derive());
        assert_eq!(store.apply(&account(1, 1, 1)), Ok(()));
        assert_eq!(store.apply(&Update { data: Some(Vec::new()), ..account(1, 2, 0) }), Ok(()));
        assert!(store.accounts().is_empty() && !store.is_flagged(&key(1)));
    }
}
