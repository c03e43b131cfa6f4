//! Sending and reading for who must not wait: the same as the blocking [`Sender`](super::Sender) and
//! [`Reader`](super::Reader), which do nothing but wait for these.

mod read;

pub use read::{Accounts, Book, ReadError, Reader};

use super::{
    Outcome, Settings, Terms,
    journey::{End, Heard, Journey, Pace, Step},
    nodes::{self, is_unreachable},
    recent::{Blockhash, Blockhashes, Fees},
};
use crate::{
    lookup::Table,
    transaction::{Draft, compute, fees::Bid, nonce::Nonce},
};
use solana_instruction::Instruction;
use solana_keypair::Keypair;
use solana_message::Hash;
use solana_pubkey::Pubkey;
use solana_rpc_client::nonblocking::rpc_client::RpcClient;
use solana_rpc_client_api::{
    client_error::{Error as ClientError, ErrorKind, TransactionError},
    config::{RpcSendTransactionConfig, RpcSimulateTransactionConfig},
    request::{RpcError, RpcResponseErrorData},
};
use solana_signer::Signer;
use solana_transaction::{Signature, versioned::VersionedTransaction};
use std::{
    fmt::Display,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Instant,
};
use tokio::sync::OnceCell;

/// So often a transaction is built anew whose blockhash the node does not know.
const ATTEMPTS: usize = 3;
/// Most accounts of which a node says what others paid.
const MOST_SAMPLED: usize = 128;

/// Sends transactions, and waits until it is known what became of them.
///
/// A transaction is rehearsed by the node that takes it, sent again every two seconds, and ends when it is executed or cannot
/// be any more: after the last block of its blockhash, or once its durable nonce is advanced. A usual one costs two requests
/// and as many questions as it takes to be executed.
pub struct Sender {
    client: Arc<RpcClient>,
    settings: Settings,
    payer: Keypair,
    pace: Pace,
    tables: OnceCell<Vec<Table>>,
    /// Held while a blockhash is read, so that who sends at the same time does not read another.
    blockhashes: tokio::sync::Mutex<Blockhashes>,
    fees: Mutex<Fees>,
}

/// How long a transaction can be executed.
#[derive(Clone, Copy)]
enum Validity {
    /// Up to this block.
    Until(u64),
    /// Until this nonce is advanced.
    Durable(Nonce),
}

/// A transaction that is ready to be sent.
struct Ready {
    transaction: VersionedTransaction,
    validity: Validity,
    /// Instructions that were added before those that were given.
    added: usize,
}

impl Sender {
    /// With nodes, and the key that pays and signs. Nothing is asked yet.
    pub fn new(settings: Settings, payer: Keypair) -> Self {
        let client = nodes::client(&settings.urls, settings.commitment);
        Self::over(client, settings, payer, Pace::USUAL)
    }

    pub(super) fn over(client: Arc<RpcClient>, settings: Settings, payer: Keypair, pace: Pace) -> Self {
        let (tables, blockhashes) = (OnceCell::new(), tokio::sync::Mutex::default());
        Self { client, settings, payer, pace, tables, blockhashes, fees: Mutex::default() }
    }

    /// Who pays and signs.
    pub fn payer(&self) -> Pubkey {
        self.payer.pubkey()
    }

    /// Reads by the same nodes.
    pub fn reader(&self) -> Reader {
        Reader::over(Arc::clone(&self.client))
    }

    /// Reads the settings' lookup tables, unless it has them: whoever would like to know early that one is missing.
    ///
    /// # Errors
    /// [`ReadError`].
    pub async fn read_tables(&self) -> Result<&[Table], ReadError> {
        let reader = self.reader();
        let tables = self.tables.get_or_try_init(|| reader.tables(&self.settings.tables)).await?;
        Ok(tables)
    }

    /// Sends instructions as one transaction, by the settings. `extra` sign beside the payer.
    pub async fn send(&self, instructions: &[Instruction], extra: &[&Keypair]) -> Outcome {
        self.send_with(instructions, extra, Terms::default()).await
    }

    /// Sends instructions as one transaction, by its own terms: a bid ([`Bid::URGENT`]), a durable nonce, or both.
    pub async fn send_with(
        &self,
        instructions: &[Instruction],
        extra: &[&Keypair],
        terms: impl Into<Terms>,
    ) -> Outcome {
        let terms = terms.into();
        for _ in 0..ATTEMPTS {
            let ready = match self.assemble(instructions, extra, &terms).await {
                Ok(ready) => ready,
                Err(why) => return Outcome::Failed(why),
            };
            if self.settings.is_dry_run {
                return self.rehearse(&ready, instructions).await;
            }
            match self.travel(&ready.transaction, ready.validity).await {
                End::Stale if terms.nonce.is_none() => self.blockhashes.lock().await.forget(),
                end => return outcome_of(end, &ready, instructions),
            }
        }
        Outcome::Failed(TransactionError::BlockhashNotFound.to_string())
    }

    /// Sends a transaction that is signed already: by the members of a multisig, say. `nonce` where it stands on one.
    pub async fn submit(&self, transaction: VersionedTransaction, nonce: Option<Nonce>) -> Outcome {
        let validity = match nonce {
            Some(nonce) => Validity::Durable(nonce),
            // Whatever blockhash it has, the latest one counts as long or longer.
            None => match self.latest().await {
                Ok(latest) => Validity::Until(latest.last_block),
                Err(error) => return Outcome::Failed(error.to_string()),
            },
        };
        let ready = Ready { transaction, validity, added: 0 };
        if self.settings.is_dry_run {
            return self.rehearse(&ready, &[]).await;
        }
        outcome_of(self.travel(&ready.transaction, validity).await, &ready, &[])
    }

    /// Signs a transaction by a recent blockhash or a durable nonce.
    async fn assemble(
        &self,
        instructions: &[Instruction],
        extra: &[&Keypair],
        terms: &Terms,
    ) -> Result<Ready, String> {
        let tables = self.read_tables().await.map_err(text)?;
        let units = terms.compute_limit.unwrap_or_else(|| compute::limit(instructions));
        let draft = Draft::new(self.payer(), instructions.to_vec()).tables(tables.to_vec());
        let price = self.price(draft.written(), &terms.bid.unwrap_or(self.settings.bid)).await;
        let draft = draft.priced(price);
        match terms.nonce {
            None => self.stand_on_a_blockhash(&draft, units, extra).await,
            Some(nonce) => {
                let durable = draft.compute_limit(units).durable(nonce);
                let (transaction, added) = self.sign(&durable, nonce.hash, extra)?;
                Ok(Ready { transaction, validity: Validity::Durable(nonce), added })
            }
        }
    }

    async fn stand_on_a_blockhash(
        &self,
        draft: &Draft,
        mut units: u32,
        extra: &[&Keypair],
    ) -> Result<Ready, String> {
        let mut recent = self.blockhashes.lock().await;
        let blockhash = match recent.fresh(Instant::now(), self.pace.blockhash) {
            Some(blockhash) => blockhash,
            None => {
                let latest = self.latest().await.map_err(text)?;
                recent.put(latest, Instant::now());
                latest
            }
        };
        loop {
            let limited = draft.clone().compute_limit(units);
            let (transaction, added) = self.sign(&limited, blockhash.hash, extra)?;
            if transaction.signatures.first().is_none_or(|signature| recent.is_first(*signature)) {
                return Ok(Ready { transaction, validity: Validity::Until(blockhash.last_block), added });
            }
            // Another limit makes it another transaction; the table leaves a wider margin than one unit.
            units = units.saturating_sub(1);
        }
    }

    fn sign(
        &self,
        draft: &Draft,
        hash: Hash,
        extra: &[&Keypair],
    ) -> Result<(VersionedTransaction, usize), String> {
        let assembled = draft.assemble(hash).map_err(text)?;
        let added = assembled.added;
        let signing = usize::from(assembled.message.header().num_required_signatures);
        let wanted = assembled.message.static_account_keys().get(..signing).unwrap_or_default();
        let all = [&self.payer].into_iter().chain(extra.iter().copied());
        let keys: Vec<&Keypair> = all.filter(|key| wanted.contains(&key.pubkey())).collect();
        Ok((assembled.sign(&keys).map_err(text)?, added))
    }

    /// What to bid, micro-lamports a compute unit. Where the bid is one number, nobody is asked.
    async fn price(&self, mut written: Vec<Pubkey>, bid: &Bid) -> u64 {
        if bid.least >= bid.most {
            return bid.choose(&[]);
        }
        written.truncate(MOST_SAMPLED);
        if let Some(fees) = lock(&self.fees).fresh(&written, Instant::now(), self.pace.fees) {
            return bid.choose(fees);
        }
        // A node that does not say what others paid is no reason not to act.
        let recent = self.client.get_recent_prioritization_fees(&written).await.unwrap_or_default();
        let recent: Vec<u64> = recent.iter().map(|fee| fee.prioritization_fee).collect();
        let price = bid.choose(&recent);
        lock(&self.fees).put(written, recent, Instant::now(), self.pace.fees);
        price
    }

    async fn latest(&self) -> Result<Blockhash, ClientError> {
        let latest = self.client.get_latest_blockhash_with_commitment(self.settings.commitment).await?;
        Ok(Blockhash { hash: latest.0, last_block: latest.1 })
    }

    async fn rehearse(&self, ready: &Ready, given: &[Instruction]) -> Outcome {
        let config = RpcSimulateTransactionConfig {
            commitment: Some(self.settings.commitment),
            ..RpcSimulateTransactionConfig::default()
        };
        let answer = self.client.simulate_transaction_with_config(&ready.transaction, config).await;
        match answer.map(|answer| answer.value) {
            Err(error) => Outcome::Failed(error.to_string()),
            Ok(result) => result.err.map_or(Outcome::Rehearsed(result.units_consumed), |error| {
                Outcome::of_error(&error.into(), given, ready.added, &result.logs.unwrap_or_default())
            }),
        }
    }

    /// Sends it, and does what the journey says, until it ends.
    async fn travel(&self, transaction: &VersionedTransaction, validity: Validity) -> End {
        let Some(signature) = transaction.signatures.first() else {
            return End::Unreachable("a transaction without a signature".to_owned());
        };
        let began = Instant::now();
        let mut journey = Journey::new(self.pace, matches!(validity, Validity::Durable(_)));
        loop {
            let heard = match journey.next(began.elapsed()) {
                Step::End(end) => return end,
                Step::Wait(time) => {
                    tokio::time::sleep(time).await;
                    continue;
                }
                Step::Send { is_rehearsed } => self.post(transaction, is_rehearsed).await,
                Step::AskOutcome => self.ask_outcome(signature).await,
                Step::AskValidity => self.ask_validity(validity).await,
            };
            journey.hears(began.elapsed(), heard);
        }
    }

    async fn post(&self, transaction: &VersionedTransaction, is_rehearsed: bool) -> Heard {
        let config = RpcSendTransactionConfig {
            skip_preflight: !is_rehearsed,
            preflight_commitment: Some(self.settings.commitment.commitment),
            max_retries: Some(0),
            ..RpcSendTransactionConfig::default()
        };
        match self.client.send_transaction_with_config(transaction, config).await {
            Ok(_) => Heard::Taken,
            Err(error) => match error.get_transaction_error() {
                Some(refused) => Heard::Rejected(refused, log_of(&error)),
                None if is_unreachable(error.kind()) => Heard::Unreachable(error.to_string()),
                None => Heard::Silence(error.to_string()),
            },
        }
    }

    async fn ask_outcome(&self, signature: &Signature) -> Heard {
        match self.client.get_signature_statuses(&[*signature]).await {
            Err(error) => Heard::Silence(error.to_string()),
            Ok(answer) => match answer.value.into_iter().next().flatten() {
                None => Heard::Unknown,
                Some(status) if !status.satisfies_commitment(self.settings.commitment) => Heard::Pending,
                Some(status) => Heard::Executed(status.err.map_or(Ok(()), Err)),
            },
        }
    }

    async fn ask_validity(&self, validity: Validity) -> Heard {
        let is_valid = match validity {
            Validity::Until(last) => {
                let height = self.client.get_block_height_with_commitment(self.settings.commitment).await;
                height.map(|height| height <= last).map_err(text)
            }
            Validity::Durable(nonce) => {
                let found = self.reader().nonce(nonce.address).await;
                found.map(|now| now.is_some_and(|now| now.hash == nonce.hash)).map_err(text)
            }
        };
        is_valid.map_or_else(Heard::Silence, Heard::Valid)
    }
}

/// What a journey's end means to who sent.
fn outcome_of(end: End, ready: &Ready, given: &[Instruction]) -> Outcome {
    let signature = ready.transaction.signatures.first().copied().unwrap_or_default();
    match end {
        End::Executed(Ok(())) => Outcome::Done(signature),
        End::Executed(Err(error)) => Outcome::of_error(&error, given, ready.added, &[]),
        End::Rejected(error, log) => Outcome::of_error(&error, given, ready.added, &log),
        End::Stale if matches!(ready.validity, Validity::Durable(_)) => {
            Outcome::Failed("its nonce is not the one that its account holds".to_owned())
        }
        End::Stale => Outcome::Failed(TransactionError::BlockhashNotFound.to_string()),
        End::Expired => Outcome::Failed(format!("{signature} was not executed, and cannot be any more")),
        End::Waiting => Outcome::Failed(format!("{signature} was not executed yet, and still can be")),
        End::Unreachable(why) => Outcome::Failed(why),
        End::Lost(why) => Outcome::Failed(format!("nobody says what became of {signature}: {why}")),
    }
}

/// What a node logged when it rehearsed a transaction.
fn log_of(error: &ClientError) -> Vec<String> {
    match error.kind() {
        ErrorKind::RpcError(RpcError::RpcResponseError {
            data: RpcResponseErrorData::SendTransactionPreflightFailure(result),
            ..
        }) => result.logs.clone().unwrap_or_default(),
        _ => Vec::new(),
    }
}

fn text(error: impl Display) -> String {
    error.to_string()
}

fn lock<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}
