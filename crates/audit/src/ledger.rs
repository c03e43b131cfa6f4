//! The whole ledger at one moment.

use plimsoll::state::{Bank, Exchange, InsuranceFund, InsuranceStake, MarginAccount, Market, RiskBoard};
use plimsoll_client::{
    book::{self, BookView, QueueView, QueuedFill},
    decode,
};
use plimsoll_risk::layout::{Key, account::Position, market::MarketTerms};
use solana_pubkey::Pubkey;
use std::collections::BTreeMap;

/// As it lies on chain.
#[derive(Default)]
#[expect(missing_docs, reason = "they are what the program calls them")]
pub struct Ledger<'a> {
    pub exchange: Option<&'a Exchange>,
    pub board: Option<&'a RiskBoard>,
    pub insurance: Option<&'a InsuranceFund>,
    pub stakes: BTreeMap<Pubkey, &'a InsuranceStake>,
    pub banks: BTreeMap<u8, (Pubkey, &'a Bank)>,
    pub markets: BTreeMap<u8, Trading<'a>>,
    pub accounts: BTreeMap<Pubkey, &'a MarginAccount>,
}

/// One market with its book.
#[expect(missing_docs, reason = "they are what the program calls them")]
pub struct Trading<'a> {
    pub address: Pubkey,
    pub market: &'a Market,
    /// Its entry on the board.
    pub terms: &'a MarketTerms,
    pub book: BookView<'a>,
    pub queue: QueueView<'a>,
}

impl<'a> Ledger<'a> {
    /// Out of all accounts of the program, with their addresses; the data of each aligned to 8 bytes, as every allocation of
    /// its own is.
    ///
    /// # Panics
    /// Where a market has no board, no book or no queue.
    pub fn read(accounts: impl IntoIterator<Item = (Pubkey, &'a [u8])>) -> Self {
        let all: BTreeMap<Pubkey, &[u8]> = accounts.into_iter().collect();
        let mut ledger = Self::default();
        let mut found = Vec::new();
        for (address, data) in &all {
            if let Some(account) = look::<MarginAccount>(data) {
                ledger.accounts.insert(*address, account);
            } else if let Some(bank) = look::<Bank>(data) {
                ledger.banks.insert(bank.index, (*address, bank));
            } else if let Some(market) = look::<Market>(data) {
                found.push((*address, market));
            } else if let Some(board) = look::<RiskBoard>(data) {
                ledger.board = Some(board);
            } else if let Some(insurance) = look::<InsuranceFund>(data) {
                ledger.insurance = Some(insurance);
            } else if let Some(stake) = look::<InsuranceStake>(data) {
                ledger.stakes.insert(*address, stake);
            } else if let Some(exchange) = look::<Exchange>(data) {
                ledger.exchange = Some(exchange);
            }
        }
        for (address, market) in found {
            let board = ledger.board.expect("a market without a board");
            ledger.markets.insert(market.index, Trading::read(&all, board, address, market));
        }
        ledger
    }

    /// All insurance, native quote: the shared fund's, and the markets' own parts.
    pub fn insured(&self) -> u64 {
        let shared = self.insurance.map_or(0, |insurance| insurance.fund.cover().get());
        shared + self.markets.values().map(|trading| trading.market.insurance.get()).sum::<u64>()
    }

    /// Positions in a market, with the account that each belongs to.
    pub fn positions(&self, market: u8) -> impl Iterator<Item = (Pubkey, &'a Position)> {
        self.accounts.iter().filter_map(move |(address, account)| {
            Some((*address, &account.positions[account.place_of(market)?]))
        })
    }
}

impl<'a> Trading<'a> {
    fn read(
        all: &BTreeMap<Pubkey, &'a [u8]>,
        board: &'a RiskBoard,
        address: Pubkey,
        market: &'a Market,
    ) -> Self {
        let data = |key: Key| all.get(&Pubkey::from(key.0)).copied().unwrap_or_default();
        let book = BookView::read(data(market.bids), data(market.asks)).expect("a book");
        let queue = book::queue(data(market.queue)).expect("a queue");
        let terms = &board.markets[usize::from(market.index)];
        assert_eq!(Pubkey::from(terms.market.0), address, "the board knows another market {}", market.index);
        Self { address, market, terms, book, queue }
    }

    /// What waits for an account, oldest first.
    pub fn waiting_for(&self, account: Pubkey) -> impl Iterator<Item = &'a QueuedFill> {
        let of_it = move |fill: &&QueuedFill| fill.maker.0 == account.to_bytes();
        self.queue.waiting().map(|(_, fill)| fill).filter(of_it)
    }
}

fn look<T: decode::Account>(data: &[u8]) -> Option<&T> {
    decode::view(data).ok().flatten()
}
