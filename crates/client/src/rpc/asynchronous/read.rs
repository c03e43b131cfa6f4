//! Accounts, read and decoded.

use crate::{
    addresses::{self, BankAddresses, ExchangeAddresses, MarketAddresses},
    book::BookView,
    decode::{self, Account, DecodeError},
    lookup::{self, Table},
    rpc::nodes,
    transaction::nonce::Nonce,
};
use plimsoll::state::{
    Bank, Exchange, InsuranceFund, InsuranceStake, MarginAccount, Market, PendingChange, RiskBoard,
};
use plimsoll_risk::layout::account;
use solana_account_decoder_client_types::{UiAccount, UiAccountEncoding};
use solana_commitment_config::CommitmentConfig;
use solana_pubkey::Pubkey;
use solana_rpc_client::nonblocking::rpc_client::RpcClient;
use solana_rpc_client_api::{
    client_error::Error as ClientError,
    config::{RpcAccountInfoConfig, RpcProgramAccountsConfig},
    filter::{Memcmp, RpcFilterType},
};
use solana_sdk_ids::sysvar;
use std::{fmt, mem::offset_of, sync::Arc};

/// Most accounts that one request asks for.
const MOST_ACCOUNTS: usize = 100;
/// Where in the clock the time lies.
const UNIX_TIME: std::ops::Range<usize> = 32..40;
/// Bytes of an account's mark.
const MARK: usize = 8;
/// Where a margin account names its owner.
const OWNER: usize =
    MARK + offset_of!(account::MarginAccount, header) + offset_of!(account::AccountHeader, owner);

/// Why nothing could be read.
#[derive(Debug)]
pub enum ReadError {
    /// No node answers, or one refuses to.
    Network(ClientError),
    /// There is no such account.
    Missing {
        /// What should be there.
        wanted: &'static str,
        /// Where.
        address: Pubkey,
    },
    /// It is another account than it should be.
    Decode(DecodeError),
}

impl fmt::Display for ReadError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Network(error) => write!(out, "{error}"),
            Self::Missing { wanted, address } => write!(out, "there is no {wanted} at {address}"),
            Self::Decode(error) => write!(out, "{error}"),
        }
    }
}

impl std::error::Error for ReadError {}

impl From<ClientError> for ReadError {
    fn from(error: ClientError) -> Self {
        Self::Network(error)
    }
}

impl From<DecodeError> for ReadError {
    fn from(error: DecodeError) -> Self {
        Self::Decode(error)
    }
}

/// Some accounts, whatever program's.
#[derive(Clone, Debug)]
pub struct Accounts {
    /// The slot at which they were so; the oldest, where several answers make it up.
    pub slot: u64,
    /// Owner and data, in the order of the addresses; nothing for those that there are not.
    pub found: Vec<Option<(Pubkey, Vec<u8>)>>,
}

/// Both sides of a market's book at one slot, in bytes.
#[derive(Clone, Debug)]
pub struct Book {
    bids: Vec<u8>,
    asks: Vec<u8>,
}

impl Book {
    /// To be looked at.
    ///
    /// # Errors
    /// Other kinds of accounts.
    pub fn view(&self) -> Result<BookView<'_>, DecodeError> {
        BookView::read(&self.bids, &self.asks)
    }
}

/// Reads accounts by a node's answers. Every method's errors are [`ReadError`]'s.
#[derive(Clone)]
pub struct Reader {
    client: Arc<RpcClient>,
    of: ExchangeAddresses,
}

impl Reader {
    /// By nodes at these addresses: where one does not answer, the next is asked. Nothing is asked yet.
    pub fn new(urls: &[String], commitment: CommitmentConfig) -> Self {
        Self::over(nodes::client(urls, commitment))
    }

    pub(in crate::rpc) fn over(client: Arc<RpcClient>) -> Self {
        Self { client, of: ExchangeAddresses::derive() }
    }

    /// The exchange's own addresses.
    pub const fn addresses(&self) -> &ExchangeAddresses {
        &self.of
    }

    /// The chain's own time, unix seconds.
    pub async fn now(&self) -> Result<i64, ReadError> {
        let clock = self.data(sysvar::clock::ID, "clock").await?;
        let time = clock.get(UNIX_TIME).and_then(|bytes| bytes.try_into().ok());
        let short = DecodeError::Short { wanted: "clock", bytes: clock.len() };
        time.map(i64::from_le_bytes).ok_or(short.into())
    }

    /// The exchange.
    pub async fn exchange(&self) -> Result<Exchange, ReadError> {
        self.one(self.of.exchange).await
    }

    /// The risk board.
    pub async fn board(&self) -> Result<Box<RiskBoard>, ReadError> {
        Ok(Box::new(self.one(self.of.board).await?))
    }

    /// The insurance fund.
    pub async fn insurance(&self) -> Result<InsuranceFund, ReadError> {
        self.one(self.of.insurance).await
    }

    /// All banks, in their order on the board.
    pub async fn banks(&self) -> Result<Vec<(BankAddresses, Bank)>, ReadError> {
        let mut banks: Vec<(Pubkey, Bank)> = self.all().await?;
        banks.sort_unstable_by_key(|(_, bank)| bank.index);
        let entry = |(address, bank)| (BankAddresses::read(address, &bank), bank);
        Ok(banks.into_iter().map(entry).collect())
    }

    /// All markets, in their order on the board.
    pub async fn markets(&self) -> Result<Vec<(MarketAddresses, Market)>, ReadError> {
        let mut markets: Vec<(Pubkey, Market)> = self.all().await?;
        markets.sort_unstable_by_key(|(_, market)| market.index);
        let entry = |(address, market)| (MarketAddresses::read(address, &market), market);
        Ok(markets.into_iter().map(entry).collect())
    }

    /// Both sides of a market's book, at one slot.
    pub async fn book(&self, market: &MarketAddresses) -> Result<Book, ReadError> {
        let mut found = self.accounts(&[market.bids, market.asks]).await?.found.into_iter();
        let mut side = |address| {
            let side = found.next().flatten().map(|(_, data)| data);
            side.ok_or(ReadError::Missing { wanted: "side of a book", address })
        };
        Ok(Book { bids: side(market.bids)?, asks: side(market.asks)? })
    }

    /// All margin accounts, or those of one owner, in any order.
    pub async fn margin_accounts(
        &self,
        owner: Option<Pubkey>,
    ) -> Result<Vec<(Pubkey, MarginAccount)>, ReadError> {
        self.filtered(owner.map(|owner| (OWNER, owner))).await
    }

    /// An owner's stake in the insurance fund; nothing where there is none.
    pub async fn stake(&self, owner: &Pubkey) -> Result<Option<InsuranceStake>, ReadError> {
        self.find(addresses::stake(&self.of.exchange, owner).address()).await
    }

    /// Changes that wait to be applied, the oldest first.
    pub async fn pending_changes(&self) -> Result<Vec<(Pubkey, PendingChange)>, ReadError> {
        let mut changes: Vec<(Pubkey, PendingChange)> = self.all().await?;
        changes.sort_unstable_by_key(|(_, change)| change.number);
        Ok(changes)
    }

    /// A durable nonce; nothing where there is none.
    pub async fn nonce(&self, address: Pubkey) -> Result<Option<Nonce>, ReadError> {
        Ok(self.first(address).await?.and_then(|data| Nonce::read(address, &data)))
    }

    /// Lookup tables.
    pub async fn tables(&self, addresses: &[Pubkey]) -> Result<Vec<Table>, ReadError> {
        const WANTED: &str = "lookup table";
        let found = self.accounts(addresses).await?.found;
        let table = |(address, account): (&Pubkey, Option<(Pubkey, Vec<u8>)>)| {
            let (_, data) = account.ok_or(ReadError::Missing { wanted: WANTED, address: *address })?;
            lookup::read(*address, &data).ok_or(DecodeError::AnotherKind { wanted: WANTED }.into())
        };
        addresses.iter().zip(found).map(table).collect()
    }

    /// An account of the program.
    pub async fn one<T: Account>(&self, address: Pubkey) -> Result<T, ReadError> {
        Ok(decode::read(&self.data(address, T::NAME).await?)?)
    }

    /// An account of the program; nothing where there is none.
    pub async fn find<T: Account>(&self, address: Pubkey) -> Result<Option<T>, ReadError> {
        Ok(self.first(address).await?.map(|data| decode::read(&data)).transpose()?)
    }

    /// All accounts of one kind, in any order.
    pub async fn all<T: Account>(&self) -> Result<Vec<(Pubkey, T)>, ReadError> {
        self.filtered(None).await
    }

    /// Accounts of whatever program, in the order of the addresses.
    pub async fn accounts(&self, addresses: &[Pubkey]) -> Result<Accounts, ReadError> {
        let mut all = Accounts { slot: u64::MAX, found: Vec::with_capacity(addresses.len()) };
        for some in addresses.chunks(MOST_ACCOUNTS) {
            let answer = self.client.get_multiple_ui_accounts_with_config(some, in_base64()).await?;
            all.slot = all.slot.min(answer.context.slot);
            all.found.extend(answer.value.into_iter().map(|account| account.and_then(decoded)));
        }
        Ok(all)
    }

    async fn first(&self, address: Pubkey) -> Result<Option<Vec<u8>>, ReadError> {
        let found = self.accounts(&[address]).await?.found.into_iter().flatten().next();
        Ok(found.map(|(_, data)| data))
    }

    async fn data(&self, address: Pubkey, wanted: &'static str) -> Result<Vec<u8>, ReadError> {
        self.first(address).await?.ok_or(ReadError::Missing { wanted, address })
    }

    /// All accounts of one kind that have this key at this place.
    async fn filtered<T: Account>(&self, at: Option<(usize, Pubkey)>) -> Result<Vec<(Pubkey, T)>, ReadError> {
        let has = |at, bytes: &[u8]| RpcFilterType::Memcmp(Memcmp::new_base58_encoded(at, bytes));
        let key = at.map(|(place, key)| has(place, key.as_ref()));
        let config = RpcProgramAccountsConfig {
            filters: Some([has(0, T::DISCRIMINATOR)].into_iter().chain(key).collect()),
            account_config: in_base64(),
            ..RpcProgramAccountsConfig::default()
        };
        let all = self.client.get_program_ui_accounts_with_config(&plimsoll::ID, config).await?;
        let read = |(address, account): (Pubkey, UiAccount)| {
            let (_, data) = decoded(account).ok_or(DecodeError::Damaged { wanted: T::NAME })?;
            Ok((address, decode::read(&data)?))
        };
        all.into_iter().map(read).collect()
    }
}

fn in_base64() -> RpcAccountInfoConfig {
    RpcAccountInfoConfig { encoding: Some(UiAccountEncoding::Base64), ..RpcAccountInfoConfig::default() }
}

/// Owner and data.
fn decoded(account: UiAccount) -> Option<(Pubkey, Vec<u8>)> {
    Some((account.owner.parse().ok()?, account.data.decode()?))
}
