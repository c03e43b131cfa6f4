//! The same as [`asynchronous`], for who may wait: each call runs the other's future to its end.

use super::{Accounts, Book, Outcome, ReadError, Settings, Terms, asynchronous};
use crate::{
    addresses::{BankAddresses, ExchangeAddresses, MarketAddresses},
    decode::Account,
    lookup::Table,
    transaction::nonce::Nonce,
};
use plimsoll::state::{
    Bank, Exchange, InsuranceFund, InsuranceStake, MarginAccount, Market, PendingChange, RiskBoard,
};
use solana_commitment_config::CommitmentConfig;
use solana_instruction::Instruction;
use solana_keypair::Keypair;
use solana_pubkey::Pubkey;
use solana_transaction::versioned::VersionedTransaction;
use std::{future::Future, sync::Arc};
use tokio::{
    runtime::{Builder, Runtime},
    task::block_in_place,
};

/// Where futures run. Dropping it never waits, so that it may be dropped by a future as well.
struct Waiting(Option<Runtime>);

impl Waiting {
    /// # Panics
    /// Where the system gives no event queue.
    fn new() -> Arc<Self> {
        let runtime = Builder::new_current_thread().enable_all().build();
        Arc::new(Self(Some(runtime.expect("the system has an event queue left"))))
    }

    fn on<T>(&self, future: impl Future<Output = T>) -> T {
        let runtime = self.0.as_ref().expect("it is taken only when it is dropped");
        // Whoever calls from a runtime of many threads does not stop the others.
        block_in_place(|| runtime.block_on(future))
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

/// Sends transactions, and waits until it is known what became of them: [`asynchronous::Sender`], waited for.
///
/// Any number of threads may use one. Not to be called by a future, unless its runtime has many threads.
pub struct Sender {
    inner: asynchronous::Sender,
    waiting: Arc<Waiting>,
}

impl Sender {
    /// With nodes, and the key that pays and signs. Nothing is asked yet.
    ///
    /// # Panics
    /// Where the system gives no event queue.
    pub fn new(settings: Settings, payer: Keypair) -> Self {
        Self { inner: asynchronous::Sender::new(settings, payer), waiting: Waiting::new() }
    }

    /// Who pays and signs.
    pub fn payer(&self) -> Pubkey {
        self.inner.payer()
    }

    /// Reads by the same nodes.
    pub fn reader(&self) -> Reader {
        Reader { inner: self.inner.reader(), waiting: Arc::clone(&self.waiting) }
    }

    /// [`asynchronous::Sender::read_tables`], waited for.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn read_tables(&self) -> Result<&[Table], ReadError> {
        self.waiting.on(self.inner.read_tables())
    }

    /// [`asynchronous::Sender::send`], waited for.
    pub fn send(&self, instructions: &[Instruction], extra: &[&Keypair]) -> Outcome {
        self.waiting.on(self.inner.send(instructions, extra))
    }

    /// [`asynchronous::Sender::send_with`], waited for.
    pub fn send_with(
        &self,
        instructions: &[Instruction],
        extra: &[&Keypair],
        terms: impl Into<Terms>,
    ) -> Outcome {
        self.waiting.on(self.inner.send_with(instructions, extra, terms))
    }

    /// [`asynchronous::Sender::submit`], waited for.
    pub fn submit(&self, transaction: VersionedTransaction, nonce: Option<Nonce>) -> Outcome {
        self.waiting.on(self.inner.submit(transaction, nonce))
    }
}

/// Reads accounts by a node's answers: [`asynchronous::Reader`], waited for.
#[derive(Clone)]
pub struct Reader {
    inner: asynchronous::Reader,
    waiting: Arc<Waiting>,
}

impl Reader {
    /// By nodes at these addresses: where one does not answer, the next is asked. Nothing is asked yet.
    ///
    /// # Panics
    /// Where the system gives no event queue.
    pub fn new(urls: &[String], commitment: CommitmentConfig) -> Self {
        Self { inner: asynchronous::Reader::new(urls, commitment), waiting: Waiting::new() }
    }

    /// The exchange's own addresses.
    pub const fn addresses(&self) -> &ExchangeAddresses {
        self.inner.addresses()
    }
}

/// Methods of the asynchronous reader, waited for. Errors as [`ReadError`].
macro_rules! waits {
    ($($name:ident$(<$kind:ident>)?($($argument:ident: $of:ty),*) -> $answer:ty;)+) => {
        impl Reader {
            $(
                #[doc = concat!("[`asynchronous::Reader::", stringify!($name), "`], waited for.")]
                ///
                /// # Errors
                /// [`ReadError`].
                pub fn $name$(<$kind: Account>)?(&self, $($argument: $of),*) -> Result<$answer, ReadError> {
                    self.waiting.on(self.inner.$name($($argument),*))
                }
            )+
        }
    };
}

waits! {
    now() -> i64;
    exchange() -> Exchange;
    board() -> Box<RiskBoard>;
    insurance() -> InsuranceFund;
    banks() -> Vec<(BankAddresses, Bank)>;
    markets() -> Vec<(MarketAddresses, Market)>;
    book(market: &MarketAddresses) -> Book;
    margin_accounts(owner: Option<Pubkey>) -> Vec<(Pubkey, MarginAccount)>;
    stake(owner: &Pubkey) -> Option<InsuranceStake>;
    pending_changes() -> Vec<(Pubkey, PendingChange)>;
    nonce(address: Pubkey) -> Option<Nonce>;
    tables(addresses: &[Pubkey]) -> Vec<Table>;
    one<T>(address: Pubkey) -> T;
    find<T>(address: Pubkey) -> Option<T>;
    all<T>() -> Vec<(Pubkey, T)>;
    accounts(addresses: &[Pubkey]) -> Accounts;
}
