//! The chain behind an RPC node: accounts by `getProgramAccounts` once and `programSubscribe` from then on, transactions
//! rehearsed, sent, and sent again until they are executed or their blockhash is too old.

use super::{Chain, Event, Outcome};
use crate::{stop::Stop, store::Update};
use anyhow::{Context, Result, anyhow};
use backon::{BackoffBuilder, ExponentialBuilder};
use futures_util::StreamExt;
use plimsoll_client::{
    lookup::Table,
    transaction::{Draft, fees::Bid},
};
use solana_account_decoder_client_types::UiAccountEncoding;
use solana_client::{
    nonblocking::{pubsub_client::PubsubClient, rpc_client::RpcClient as AsyncClient},
    rpc_client::RpcClient,
    rpc_config::{
        RpcAccountInfoConfig, RpcProgramAccountsConfig, RpcSendTransactionConfig,
        RpcSimulateTransactionConfig,
    },
};
use solana_commitment_config::CommitmentConfig;
use solana_instruction::{Instruction, error::InstructionError};
use solana_keypair::Keypair;
use solana_pubkey::Pubkey;
use solana_signer::Signer;
use solana_transaction::{TransactionError, versioned::VersionedTransaction};
use std::{
    str::FromStr,
    thread,
    time::{Duration, Instant},
};

/// Where the chain's clock lies, and where in it the time.
const CLOCK: Pubkey = solana_pubkey::pubkey!("SysvarC1ock11111111111111111111111111111111");
const UNIX_TIME: std::ops::Range<usize> = 32..40;
/// How often it is looked whether the keeper stops, and whether everything is to be read again.
const GLANCE: Duration = Duration::from_millis(200);
/// How often it is asked what became of a transaction.
const POLL: Duration = Duration::from_millis(100);
/// How often a transaction is sent again.
const RESEND: Duration = Duration::from_secs(2);
/// Between two attempts to connect: the first, and the longest.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// Most accounts that one request asks for.
const MOST_ACCOUNTS: usize = 100;

/// How a node is reached, and what is paid.
#[derive(Clone, Debug)]
pub struct Options {
    /// JSON-RPC.
    pub url: String,
    /// WebSocket.
    pub websocket: String,
    /// Which blocks count.
    pub commitment: CommitmentConfig,
    /// After so long everything is read again, since nobody tells when an account is closed.
    pub resync: Duration,
    /// What is bid for priority.
    pub bid: Bid,
    /// Tables in which transactions find accounts.
    pub tables: Vec<Pubkey>,
    /// Whether nothing is sent.
    pub is_dry_run: bool,
}

/// A node, and the key that pays and signs.
pub struct Rpc {
    options: Options,
    client: RpcClient,
    tables: Vec<Table>,
    payer: Keypair,
}

impl Rpc {
    /// Connects and reads the lookup tables.
    ///
    /// # Errors
    /// The node does not answer; a table is none.
    pub fn connect(options: Options, payer: Keypair) -> Result<Self> {
        let client = RpcClient::new_with_commitment(options.url.clone(), options.commitment);
        let read = |address: &Pubkey| {
            let data = client.get_account_data(address)?;
            plimsoll_client::lookup::read(*address, &data).with_context(|| format!("{address} is no table"))
        };
        let tables = options.tables.iter().map(read).collect::<Result<_>>()?;
        Ok(Self { options, client, tables, payer })
    }

    fn account_config(&self) -> RpcAccountInfoConfig {
        RpcAccountInfoConfig {
            encoding: Some(UiAccountEncoding::Base64),
            commitment: Some(self.options.commitment),
            ..RpcAccountInfoConfig::default()
        }
    }

    fn program_config(&self) -> RpcProgramAccountsConfig {
        RpcProgramAccountsConfig {
            account_config: self.account_config(),
            ..RpcProgramAccountsConfig::default()
        }
    }

    /// One connection, from beginning to end. The subscription comes before the first snapshot, so nothing is missed.
    async fn connection(&self, tell: &mut dyn FnMut(Event)) -> Result<()> {
        let client = AsyncClient::new_with_commitment(self.options.url.clone(), self.options.commitment);
        let subscriptions = PubsubClient::new(&self.options.websocket).await?;
        let (mut changes, _unsubscribe) =
            subscriptions.program_subscribe(&plimsoll::ID, Some(self.program_config())).await?;
        let mut read_at: Option<Instant> = None;
        loop {
            if read_at.is_none_or(|at| at.elapsed() >= self.options.resync) {
                tell(self.snapshot(&client).await?);
                read_at = Some(Instant::now());
            }
            let Ok(change) = tokio::time::timeout(GLANCE, changes.next()).await else { continue };
            let change = change.context("the subscription ended")?;
            let address = Pubkey::from_str(&change.value.pubkey)?;
            let data = change.value.account.data.decode();
            tell(Event::Changed(Update { address, slot: change.context.slot, data }));
        }
    }

    async fn snapshot(&self, client: &AsyncClient) -> Result<Event> {
        // What is read after this question is at least so new.
        let slot = client.get_slot().await?;
        let all = client.get_program_ui_accounts_with_config(&plimsoll::ID, self.program_config()).await?;
        let update = |(address, account): (Pubkey, solana_account_decoder_client_types::UiAccount)| Update {
            address,
            slot,
            data: account.data.decode(),
        };
        Ok(Event::Snapshot { slot, accounts: all.into_iter().map(update).collect() })
    }

    /// Signs a transaction by the newest blockhash; with it, the last block in which it counts.
    fn assemble(&self, instructions: &[Instruction]) -> Result<(VersionedTransaction, u64)> {
        let draft = Draft::new(self.payer.pubkey(), instructions.to_vec()).tables(self.tables.clone());
        // A node that does not say what others paid is no reason not to act.
        let recent = self.client.get_recent_prioritization_fees(&draft.written()).unwrap_or_default();
        let recent: Vec<u64> = recent.iter().map(|fee| fee.prioritization_fee).collect();
        let (blockhash, last) = self.client.get_latest_blockhash_with_commitment(self.options.commitment)?;
        let assembled = draft.priced(self.options.bid.choose(&recent)).assemble(blockhash)?;
        Ok((assembled.sign(&[&self.payer])?, last))
    }

    fn rehearse(&self, transaction: &VersionedTransaction) -> Result<Option<TransactionError>> {
        let config = RpcSimulateTransactionConfig {
            commitment: Some(self.options.commitment),
            ..RpcSimulateTransactionConfig::default()
        };
        let answer = self.client.simulate_transaction_with_config(transaction, config)?;
        Ok(answer.value.err.map(TransactionError::from))
    }

    /// Sends it again and again until it is known what became of it.
    fn submit(
        &self,
        transaction: &VersionedTransaction,
        last_block: u64,
    ) -> Result<Option<TransactionError>> {
        let config = RpcSendTransactionConfig {
            skip_preflight: true,
            max_retries: Some(0),
            ..RpcSendTransactionConfig::default()
        };
        let signature = transaction.signatures.first().context("a transaction has a signature")?;
        loop {
            self.client.send_transaction_with_config(transaction, config)?;
            let sent = Instant::now();
            while sent.elapsed() < RESEND {
                let known =
                    self.client.get_signature_status_with_commitment(signature, self.options.commitment);
                if let Some(outcome) = known? {
                    return Ok(outcome.err());
                }
                thread::sleep(POLL);
            }
            if self.client.get_block_height()? > last_block {
                return Err(anyhow!("{signature} was not executed before its blockhash was too old"));
            }
        }
    }

    fn try_to_send(&self, instructions: &[Instruction]) -> Result<Outcome> {
        let (transaction, last_block) = self.assemble(instructions)?;
        if let Some(error) = self.rehearse(&transaction)? {
            return Ok(outcome_of(&error));
        }
        if self.options.is_dry_run {
            return Ok(Outcome::Rehearsed);
        }
        let failure = self.submit(&transaction, last_block)?;
        Ok(failure.map_or(Outcome::Done, |error| outcome_of(&error)))
    }
}

/// Returns when it is time to stop.
async fn told(stop: &Stop) {
    while !stop.is_set() {
        tokio::time::sleep(GLANCE).await;
    }
}

fn outcome_of(error: &TransactionError) -> Outcome {
    match error {
        TransactionError::InstructionError(_, InstructionError::Custom(code)) => Outcome::Refused(*code),
        // The very same was sent before, by an earlier life of this keeper.
        TransactionError::AlreadyProcessed => Outcome::Done,
        other => Outcome::Failed(other.to_string()),
    }
}

impl Chain for Rpc {
    fn follow(&self, stop: &Stop, tell: &mut dyn FnMut(Event)) {
        let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
            Ok(runtime) => runtime,
            Err(error) => return tracing::error!(%error, "no runtime to connect with"),
        };
        let pauses = ExponentialBuilder::default()
            .with_min_delay(FIRST_PAUSE)
            .with_max_delay(LONGEST_PAUSE)
            .with_jitter()
            .without_max_times();
        let mut pause = pauses.build();
        while !stop.is_set() {
            let mut has_read = false;
            let mut hears = |event| {
                has_read = true;
                tell(event);
            };
            let end = runtime.block_on(async {
                tokio::select! {
                    end = self.connection(&mut hears) => end,
                    () = told(stop) => Ok(()),
                }
            });
            let Err(error) = end else { return };
            tell(Event::Lost);
            if has_read {
                pause = pauses.build();
            }
            let wait = pause.next().unwrap_or(LONGEST_PAUSE);
            tracing::warn!(%error, ?wait, "connection lost");
            stop.waits(wait);
        }
    }

    fn accounts(&self, addresses: &[Pubkey]) -> Result<Vec<Update>> {
        let mut found = Vec::new();
        for some in addresses.chunks(MOST_ACCOUNTS) {
            let answer = self.client.get_multiple_ui_accounts_with_config(some, self.account_config())?;
            let program = plimsoll::ID.to_string();
            let of_program =
                |account: &solana_account_decoder_client_types::UiAccount| account.owner == program;
            found.extend(some.iter().zip(answer.value).map(|(address, account)| Update {
                address: *address,
                slot: answer.context.slot,
                data: account.filter(of_program).and_then(|account| account.data.decode()),
            }));
        }
        Ok(found)
    }

    fn now(&self) -> Result<i64> {
        let clock = self.client.get_account_data(&CLOCK)?;
        let time = clock.get(UNIX_TIME).and_then(|bytes| bytes.try_into().ok());
        time.map(i64::from_le_bytes).context("the clock cannot be read")
    }

    fn send(&self, instructions: &[Instruction]) -> Outcome {
        self.try_to_send(instructions).unwrap_or_else(|error| Outcome::Failed(format!("{error:#}")))
    }
}
