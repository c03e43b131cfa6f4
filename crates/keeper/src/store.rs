//! An exchange in memory: all that is on chain of it, the newest version of each account.

mod entries;

pub use entries::{Applied, BankEntry, MarketEntry, Update};

use crate::{chain::CLOCK, ledger::Ledger, pulse::Topic};
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
    /// Margin accounts in which something waits for its price or its time.
    waiting: BTreeSet<Pubkey>,
    /// Margin accounts of which the cross part, or a pocket, is marked insolvent.
    insolvent: BTreeSet<Pubkey>,
    /// The chain's time, unix seconds.
    now: Option<i64>,
    /// When the price in an oracle account was published, unix seconds; nothing before the account was seen.
    oracles: BTreeMap<Pubkey, Option<i64>>,
    seen: HashMap<Pubkey, Seen>,
}

/// What a keeper needs of the program's accounts.
#[derive(Clone, Copy)]
enum Kind {
    Book,
    Board,
    Account,
    Market,
    Bank,
}

impl Kind {
    const fn topic(self) -> Topic {
        match self {
            Self::Book => Topic::Book,
            Self::Board => Topic::Board,
            Self::Account => Topic::Account,
            Self::Market | Self::Bank => Topic::Place,
        }
    }
}

/// Which version of an account is there.
#[derive(Clone, Copy, Debug, Default)]
struct Seen {
    /// The slot at which it was so, or a later one.
    slot: u64,
    /// How often it has changed.
    revision: u64,
}

/// Bytes of the mark before an account's fields.
const ANCHOR_MARK: usize = 8;
/// Of a clock and of a fully verified price, the bytes that tell the time.
const CLOCK_TIME: usize = 32;
const PUBLISH_TIME: usize = 93;

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
            waiting: BTreeSet::new(),
            insolvent: BTreeSet::new(),
            now: None,
            oracles: BTreeMap::new(),
            seen: HashMap::new(),
        }
    }

    /// The same, and these are oracle accounts.
    pub fn with_oracles(mut self, oracles: impl IntoIterator<Item = Pubkey>) -> Self {
        self.oracles = oracles.into_iter().map(|oracle| (oracle, None)).collect();
        self
    }

    /// Takes an account as it is now, and says what that changes. Of what a keeper does not need nothing is kept.
    ///
    /// # Errors
    /// The board's address with other data than a board's.
    pub fn apply(&mut self, update: &Update) -> Result<Applied, DecodeError> {
        if let Some(applied) = self.times(update) {
            return Ok(applied);
        }
        let data = update.data.as_deref();
        let known = self.seen.get(&update.address).copied();
        let is_same = known.is_some() && self.is(&update.address, data);
        if known.is_some_and(|seen| seen.slot > update.slot) {
            let is_kept = self.has(&update.address) || self.kind(&update.address, data).is_some();
            return Ok(if is_kept && !is_same { Applied::Doubtful } else { Applied::Nothing });
        }
        let topic = if is_same { None } else { self.put(update.address, data)? };
        let mut seen = Seen { slot: update.slot, ..known.unwrap_or_default() };
        seen.revision = seen.revision.wrapping_add(u64::from(topic.is_some())); // only compared
        self.seen.insert(update.address, seen);
        Ok(topic.map_or(Applied::Nothing, Applied::Changed))
    }

    /// Takes what only tells a time: it goes forward, whatever slot it is told with. Nothing of any other account.
    fn times(&mut self, update: &Update) -> Option<Applied> {
        let (known, offset, topic) = if update.address == CLOCK {
            (&mut self.now, CLOCK_TIME, Topic::Clock)
        } else {
            (self.oracles.get_mut(&update.address)?, PUBLISH_TIME, Topic::Oracle)
        };
        let time = update.data.as_deref().and_then(|data| time_at(data, offset));
        if time <= *known {
            return Some(Applied::Nothing);
        }
        *known = time;
        Some(Applied::Changed(topic))
    }

    /// Takes everything as it was at a slot: what is not among it and is not newer is gone.
    ///
    /// # Errors
    /// The first account that cannot be read; the others are taken.
    pub fn replace(&mut self, slot: u64, all: &[Update]) -> Result<(), DecodeError> {
        let found: HashSet<Pubkey> = all.iter().map(|update| update.address).collect();
        let is_gone = |(address, seen): (&Pubkey, &Seen)| seen.slot <= slot && !found.contains(address);
        let gone: Vec<Pubkey> = self.seen.iter().filter(|it| is_gone(*it)).map(|(it, _)| *it).collect();
        for address in gone {
            self.remove(&address);
            self.seen.remove(&address);
        }
        all.iter().map(|update| self.apply(update).map(|_| ())).fold(Ok(()), Result::and)
    }

    /// Whether an account is there with just these data.
    fn is(&self, address: &Pubkey, data: Option<&[u8]>) -> bool {
        let Some(data) = data else { return !self.has(address) };
        let is = |kept: &[u8]| data.get(ANCHOR_MARK..).is_some_and(|body| body.starts_with(kept));
        match self.kind(address, Some(data)) {
            Some(Kind::Book) => self.books.get(address).is_some_and(|book| book == data),
            Some(Kind::Board) => self.board().is_some_and(|board| is(bytemuck::bytes_of(board))),
            Some(Kind::Account) => {
                self.accounts.account(address).is_some_and(|account| is(bytemuck::bytes_of(&account)))
            }
            Some(Kind::Market) => {
                let mut of_it = self.markets.values().filter(|entry| entry.at.market == *address);
                of_it.any(|entry| is(bytemuck::bytes_of(&entry.market)))
            }
            Some(Kind::Bank) => {
                let mut of_it = self.banks.values().filter(|entry| entry.at.bank == *address);
                of_it.any(|entry| is(bytemuck::bytes_of(&entry.bank)))
            }
            None => !self.has(address),
        }
    }

    fn has(&self, address: &Pubkey) -> bool {
        self.books.contains_key(address)
            || self.accounts.place(address).is_some()
            || self.markets.values().any(|entry| entry.at.market == *address)
            || self.banks.values().any(|entry| entry.at.bank == *address)
    }

    /// What account data are, of what a keeper needs.
    fn kind(&self, address: &Pubkey, data: Option<&[u8]>) -> Option<Kind> {
        let data = data?;
        if data.starts_with(BOOK_SIDE) || data.starts_with(FILL_QUEUE) {
            Some(Kind::Book)
        } else if *address == self.of.board {
            Some(Kind::Board)
        } else if decode::is::<MarginAccount>(data) {
            Some(Kind::Account)
        } else if decode::is::<Market>(data) {
            Some(Kind::Market)
        } else {
            decode::is::<Bank>(data).then_some(Kind::Bank)
        }
    }

    fn put(&mut self, address: Pubkey, data: Option<&[u8]>) -> Result<Option<Topic>, DecodeError> {
        let kind = self.kind(&address, data);
        // Closed; or closed and told before it was gone; or of a kind that a keeper does not need.
        let (Some(data), Some(kind)) = (data, kind) else { return Ok(self.remove(&address)) };
        match kind {
            Kind::Book => {
                self.books.insert(address, data.to_vec());
            }
            Kind::Board => self.board = Some(Box::new(decode::read(data)?)),
            Kind::Account => self.put_account(address, &decode::read::<MarginAccount>(data)?.0),
            Kind::Market => {
                let market: Market = decode::read(data)?;
                let at = MarketAddresses::read(address, &market);
                self.markets.insert(market.index, MarketEntry { at, market });
            }
            Kind::Bank => {
                let bank: Bank = decode::read(data)?;
                let at = BankAddresses::read(address, &bank);
                self.banks.insert(bank.index, BankEntry { at, bank });
            }
        }
        Ok(Some(kind.topic()))
    }

    fn put_account(&mut self, address: Pubkey, account: &account::MarginAccount) {
        let header = &account.header;
        let is_flagged = header.flagged_at != 0
            || header.margin_called_at != 0
            || account.pocket_flags.iter().any(account::PocketFlag::is_set);
        belongs(&mut self.flagged, address, is_flagged);
        let waits_for_silence = header.dead_man_deadline != 0 && header.orders_in_use != 0;
        belongs(&mut self.waiting, address, header.triggers_in_use != 0 || waits_for_silence);
        let is_insolvent = header.state == account::ACCOUNT_INSOLVENT
            || account.positions.iter().any(|position| position.flags & account::POSITION_INSOLVENT != 0);
        belongs(&mut self.insolvent, address, is_insolvent);
        self.accounts.put(address, account);
    }

    fn remove(&mut self, address: &Pubkey) -> Option<Topic> {
        let topic = if self.books.remove(address).is_some() {
            Topic::Book
        } else if self.accounts.place(address).is_some() {
            self.accounts.remove(address);
            self.flagged.remove(address);
            self.waiting.remove(address);
            self.insolvent.remove(address);
            Topic::Account
        } else if self.has(address) {
            self.markets.retain(|_, entry| entry.at.market != *address);
            self.banks.retain(|_, entry| entry.at.bank != *address);
            Topic::Place
        } else {
            return None;
        };
        Some(topic)
    }

    /// The clock and the oracle accounts: what is not the program's.
    pub fn watched(&self) -> impl Iterator<Item = Pubkey> {
        std::iter::once(CLOCK).chain(self.oracles.keys().copied())
    }

    /// The chain's time, unix seconds; nothing before it was seen.
    pub const fn now(&self) -> Option<i64> {
        self.now
    }

    /// When the price in an oracle account was published, unix seconds; nothing before the account was seen.
    pub fn published(&self, oracle: &Pubkey) -> Option<i64> {
        self.oracles.get(oracle).copied().flatten()
    }

    /// A number that is another one once any of these accounts has changed, of those that are kept.
    pub fn revision<'a>(&self, addresses: impl IntoIterator<Item = &'a Pubkey>) -> u64 {
        let of = |address: &Pubkey| match self.published(address) {
            Some(published) => published.cast_unsigned(),
            None => self.seen.get(address).map_or(0, |seen| seen.revision),
        };
        addresses.into_iter().map(of).fold(0, u64::wrapping_add)
    }

    /// Margin accounts in which something waits for its price or its time: trigger orders, a dead-man switch.
    pub const fn waiting(&self) -> &BTreeSet<Pubkey> {
        &self.waiting
    }

    /// Whether anybody is marked insolvent: until that is resolved nobody else is paid a gain.
    pub fn is_loss_pending(&self) -> bool {
        !self.insolvent.is_empty()
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

/// Puts an address into a set, or takes it out.
fn belongs(set: &mut BTreeSet<Pubkey>, address: Pubkey, is_in: bool) {
    if is_in {
        set.insert(address);
    } else {
        set.remove(&address);
    }
}

/// A time in account data, unix seconds.
fn time_at(data: &[u8], offset: usize) -> Option<i64> {
    data.get(offset..)?.first_chunk().map(|bytes| i64::from_le_bytes(*bytes))
}

#[cfg(test)]
mod tests;
