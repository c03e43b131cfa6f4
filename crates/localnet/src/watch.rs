//! What was processed, told to whoever wants to know.

use std::thread;

use anyhow::Result;
use crossbeam_channel::{Receiver, Sender};
use solana_keypair::Signature;
use solana_pubkey::Pubkey;
use solana_transaction_error::TransactionError;
use surfpool_core::surfnet::{GeyserEvent, GeyserTransactionEvent};

use crate::once::Known;

/// A transaction that the network processed, whether it succeeded or not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Processed {
    pub signature: Signature,
    /// Program and data of each instruction, in order, without those that programs called.
    pub instructions: Vec<(Pubkey, Vec<u8>)>,
    pub logs: Vec<String>,
    pub compute_units: u64,
    /// Why it failed; its fee was paid all the same.
    pub error: Option<TransactionError>,
}

/// Hands on every transaction, in order, and remembers it. The network waits while nobody takes its reports, so this always does.
///
/// The answer is for the network, which wants to tell plugins: they hear nothing.
pub fn listen(
    reports: Receiver<GeyserEvent>,
    watch: Option<Sender<Processed>>,
    known: Known,
) -> Result<Receiver<GeyserEvent>> {
    let (silence, unheard) = crossbeam_channel::unbounded();
    thread::Builder::new().name("localnet-watch".to_owned()).spawn(move || {
        for report in reports {
            let GeyserEvent::NotifyTransaction(event) = report else { continue };
            let Some(processed) = processed(event) else { continue };
            known.insert(processed.signature);
            if let Some(watch) = &watch {
                // An error means that nobody listens any more.
                let _ = watch.send(processed);
            }
        }
        // Until here: without its sender the other end would believe that the network has ended.
        drop(silence);
    })?;
    Ok(unheard)
}

/// `None` for what was not processed: it named a blockhash that is too old or unknown.
fn processed(event: GeyserTransactionEvent) -> Option<Processed> {
    let (transaction, meta) =
        (event.transaction_with_status_meta.transaction, event.transaction_with_status_meta.meta);
    let error = meta.status.err();
    if matches!(error, Some(TransactionError::BlockhashNotFound)) {
        return None;
    }
    let keys = transaction.message.static_account_keys();
    let instructions = transaction.message.instructions().iter().filter_map(|instruction| {
        Some((*keys.get(usize::from(instruction.program_id_index))?, instruction.data.clone()))
    });
    Some(Processed {
        signature: *transaction.signatures.first()?,
        instructions: instructions.collect(),
        logs: meta.log_messages.unwrap_or_default(),
        compute_units: meta.compute_units_consumed.unwrap_or_default(),
        error,
    })
}
