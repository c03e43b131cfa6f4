//! What is on the chain now.

use crate::{Chain, Fault, chain::Network, manifest::Manifest};
use plimsoll::state::{Bank, Exchange, Market, PendingChange, RiskBoard};
use plimsoll_client::{
    addresses::{self, ExchangeAddresses, MarketAddresses},
    decode::{self, DecodeError},
};
use solana_account::Account;
use solana_pubkey::Pubkey;

/// Where a mint's data holds its decimals, in both token programs.
const DECIMALS_IN_MINT: usize = 44;

/// Who may replace the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Upgrade {
    /// There is no program at its address.
    NoProgram,
    Final,
    Key(Pubkey),
}

/// The risk board on its way.
#[derive(Clone)]
pub enum Board {
    Missing,
    /// So many bytes of it.
    Growing(usize),
    Ready(Box<RiskBoard>),
}

/// A token's mint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mint {
    pub program: Pubkey,
    pub decimals: u8,
}

/// A market and its book.
#[derive(Clone)]
pub struct Listed {
    pub addresses: MarketAddresses,
    pub market: Market,
    /// Bytes of bids, asks and queue.
    pub book: [usize; 3],
}

/// Everything on the chain that a plan depends on.
#[derive(Clone)]
pub struct State {
    pub network: Network,
    /// Unix seconds.
    pub now: i64,
    pub upgrade: Upgrade,
    pub of: ExchangeAddresses,
    pub exchange: Option<Box<Exchange>>,
    pub board: Board,
    pub has_insurance: bool,
    /// By their places on the board.
    pub banks: Vec<(Pubkey, Bank)>,
    /// By their places on the board.
    pub markets: Vec<Listed>,
    /// Queued changes with their addresses, the oldest first.
    pub pending: Vec<(Pubkey, PendingChange)>,
    /// Of the manifest's banks.
    pub mints: Vec<Option<Mint>>,
}

impl State {
    /// Reads it.
    ///
    /// # Errors
    /// The network does not answer, or its accounts are not the program's.
    pub fn read(chain: &dyn Chain, manifest: &Manifest) -> Result<Self, Fault> {
        let of = ExchangeAddresses::derive();
        let first = [of.exchange, of.board, of.insurance, addresses::program_data().address()];
        let mints = manifest.banks.iter().map(|bank| bank.mint);
        let found = chain.accounts(&first.into_iter().chain(mints).collect::<Vec<_>>())?;
        let (found, mints) = found.split_at_checked(first.len()).ok_or_else(short)?;
        let [exchange, board, insurance, program] = found else { return Err(short()) };
        let exchange =
            exchange.as_ref().map(|it| decode::read::<Exchange>(&it.data)).transpose().map_err(strange)?;
        let board = board_of(board.as_ref())?;
        let mut state = Self {
            network: chain.network()?,
            now: chain.now()?,
            upgrade: upgrade_of(program.as_ref()),
            of,
            exchange: exchange.map(Box::new),
            board,
            has_insurance: insurance.is_some(),
            banks: Vec::new(),
            markets: Vec::new(),
            pending: Vec::new(),
            mints: mints.iter().map(|mint| mint.as_ref().and_then(mint_of)).collect(),
        };
        state.read_listed(chain)?;
        state.read_pending(chain)?;
        Ok(state)
    }

    /// The board, once it is whole.
    pub fn board(&self) -> Option<&RiskBoard> {
        match &self.board {
            Board::Ready(board) => Some(board),
            _ => None,
        }
    }

    /// Whether loosening waits.
    pub fn is_open(&self) -> bool {
        self.exchange.as_ref().is_some_and(|exchange| exchange.is_open())
    }

    /// Feeds on the board.
    pub fn feeds(&self) -> usize {
        self.board().map_or(0, |board| board.header.feed_count.into())
    }

    fn read_listed(&mut self, chain: &dyn Chain) -> Result<(), Fault> {
        let Board::Ready(board) = &self.board else { return Ok(()) };
        let banks: Vec<Pubkey> = board
            .banks
            .iter()
            .take(board.header.bank_count.into())
            .map(|terms| terms.bank.0.into())
            .collect();
        for (address, account) in banks.iter().zip(chain.accounts(&banks)?) {
            self.banks.push((*address, decode::read(&account.ok_or_else(short)?.data).map_err(strange)?));
        }
        let markets: Vec<_> =
            (0..board.header.market_count).map(|index| MarketAddresses::derive(&self.of, index)).collect();
        let wanted: Vec<_> = markets.iter().flat_map(|it| [it.market, it.bids, it.asks, it.queue]).collect();
        let found = chain.accounts(&wanted)?;
        for (addresses, accounts) in markets.iter().zip(found.chunks_exact(4)) {
            let [Some(market), Some(bids), Some(asks), Some(queue)] = accounts else { return Err(short()) };
            let book = [bids.data.len(), asks.data.len(), queue.data.len()];
            let market = decode::read(&market.data).map_err(strange)?;
            self.markets.push(Listed { addresses: *addresses, market, book });
        }
        Ok(())
    }

    /// Changes are numbered from 1; those that were applied, vetoed or taken back are gone.
    fn read_pending(&mut self, chain: &dyn Chain) -> Result<(), Fault> {
        let Some(exchange) = &self.exchange else { return Ok(()) };
        let addresses: Vec<Pubkey> = (1..=exchange.change_sequence)
            .map(|number| addresses::pending_change(&self.of.exchange, number).address())
            .collect();
        for (address, account) in addresses.iter().zip(chain.accounts(&addresses)?) {
            if let Some(change) = account.and_then(|account| decode::read(&account.data).ok()) {
                self.pending.push((*address, change));
            }
        }
        Ok(())
    }
}

fn short() -> Fault {
    Fault::Chain("the network left out accounts that the board names".into())
}

fn strange(error: DecodeError) -> Fault {
    Fault::Chain(format!("on this chain: {error}"))
}

/// The board gets its mark when it has its full size.
fn board_of(account: Option<&Account>) -> Result<Board, Fault> {
    let Some(account) = account else { return Ok(Board::Missing) };
    if account.data.len() < RiskBoard::SPACE {
        return Ok(Board::Growing(account.data.len()));
    }
    Ok(Board::Ready(Box::new(decode::read(&account.data).map_err(strange)?)))
}

/// A program's data: tag 3 (u32), slot (u64), whether there is an authority (u8), its key.
fn upgrade_of(account: Option<&Account>) -> Upgrade {
    let Some(data) =
        account.map(|account| &account.data).filter(|data| data.starts_with(&3u32.to_le_bytes()))
    else {
        return Upgrade::NoProgram;
    };
    let key = data.get(13..45).and_then(|key| <[u8; 32]>::try_from(key).ok());
    match (data.get(12), key) {
        (Some(1), Some(key)) => Upgrade::Key(key.into()),
        _ => Upgrade::Final,
    }
}

fn mint_of(account: &Account) -> Option<Mint> {
    Some(Mint { program: account.owner, decimals: *account.data.get(DECIMALS_IN_MINT)? })
}
