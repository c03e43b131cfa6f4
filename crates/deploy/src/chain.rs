//! The network that is deployed to, as far as a deployment needs it.

use crate::Fault;
use solana_account::Account;
use solana_client::rpc_client::RpcClient;
use solana_instruction::Instruction;
use solana_keypair::{Keypair, Signature, Signer};
use solana_message::{Message, VersionedMessage};
use solana_pubkey::Pubkey;
use solana_rpc_client_api::config::RpcSendTransactionConfig;
use solana_transaction::versioned::VersionedTransaction;
use std::{
    fmt, thread,
    time::{Duration, Instant},
};

/// First block of the public networks: by it a deployment knows where it is, whatever the address is called.
const MAINNET: &str = "5eykt4UsFv8P8NJdTREpY1vzqKqZKvdpKuc147dw2N9d";
const DEVNET: &str = "EtWTRABZaYq6iMfeYKouRu166VU2xqa1wcaWoxPkrZBG";
const TESTNET: &str = "4uhcVJyU9pJkvQyS88uRDiswHScSCkY3XQP2XrQqr9k9";
/// The clock's account, and where in it the time is: after slot, start of the epoch, epoch and next epoch, 8 bytes each.
const CLOCK: Pubkey = Pubkey::from_str_const("SysvarC1ock11111111111111111111111111111111");
const TIME_IN_CLOCK: std::ops::Range<usize> = 32..40;
/// Accounts in one request.
const PAGE: usize = 100;
/// A transaction lives for 150 blocks: about a minute.
const PATIENCE: Duration = Duration::from_secs(90);

/// Which network a chain is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Network {
    Mainnet,
    Devnet,
    /// Nothing of value, and no manifest is for it.
    Testnet,
    /// Somebody's own.
    Private,
}

impl Network {
    /// By the hash of the first block.
    pub fn of(genesis: &str) -> Self {
        match genesis {
            MAINNET => Self::Mainnet,
            DEVNET => Self::Devnet,
            TESTNET => Self::Testnet,
            _ => Self::Private,
        }
    }
}

/// The network that is deployed to.
pub trait Chain {
    /// Which network it is.
    fn network(&self) -> Result<Network, Fault>;
    /// An account, if there is one.
    fn account(&self, address: &Pubkey) -> Result<Option<Account>, Fault>;
    /// Many accounts, each in the place of its address.
    fn accounts(&self, addresses: &[Pubkey]) -> Result<Vec<Option<Account>>, Fault>;
    /// Lamports that an account of so many bytes must hold.
    fn rent(&self, bytes: usize) -> Result<u64, Fault>;
    /// Sends one transaction and returns when it succeeded. The first signer pays.
    fn send(&self, instructions: &[Instruction], signers: &[&Keypair]) -> Result<Signature, Fault>;
    /// The time that the program sees, unix seconds.
    fn now(&self) -> Result<i64, Fault>;
}

impl Chain for RpcClient {
    fn network(&self) -> Result<Network, Fault> {
        Ok(Network::of(&self.get_genesis_hash().map_err(silent)?.to_string()))
    }

    fn account(&self, address: &Pubkey) -> Result<Option<Account>, Fault> {
        let found = self.get_account_with_commitment(address, self.commitment()).map_err(silent)?;
        Ok(found.value)
    }

    fn accounts(&self, addresses: &[Pubkey]) -> Result<Vec<Option<Account>>, Fault> {
        let mut found = Vec::with_capacity(addresses.len());
        for page in addresses.chunks(PAGE) {
            found.extend(
                self.get_multiple_accounts_with_commitment(page, self.commitment()).map_err(silent)?.value,
            );
        }
        Ok(found)
    }

    fn rent(&self, bytes: usize) -> Result<u64, Fault> {
        self.get_minimum_balance_for_rent_exemption(bytes).map_err(silent)
    }

    fn send(&self, instructions: &[Instruction], signers: &[&Keypair]) -> Result<Signature, Fault> {
        let payer = signers.first().ok_or_else(|| Fault::refused("a transaction needs a signer"))?.pubkey();
        let blockhash = self.get_latest_blockhash().map_err(silent)?;
        let message = Message::new_with_blockhash(instructions, Some(&payer), &blockhash);
        let transaction = VersionedTransaction::try_new(VersionedMessage::Legacy(message), signers)
            .map_err(|error| Fault::Refused(format!("cannot sign: {error}")))?;
        let config = RpcSendTransactionConfig {
            preflight_commitment: Some(self.commitment().commitment),
            ..RpcSendTransactionConfig::default()
        };
        let signature = self
            .send_transaction_with_config(&transaction, config)
            .map_err(|error| refused_by_program(&error))?;
        await_outcome(self, &signature)
    }

    fn now(&self) -> Result<i64, Fault> {
        let clock = Chain::account(self, &CLOCK)?;
        let time = clock.as_ref().and_then(|clock| clock.data.get(TIME_IN_CLOCK)?.try_into().ok());
        time.map(i64::from_le_bytes).ok_or_else(|| Fault::Chain("the network has no clock".into()))
    }
}

/// Asks until the outcome is known, ever more slowly.
fn await_outcome(client: &RpcClient, signature: &Signature) -> Result<Signature, Fault> {
    let began = Instant::now();
    let mut pause = Duration::from_millis(5);
    while began.elapsed() < PATIENCE {
        match client.get_signature_status(signature).map_err(silent)? {
            Some(Ok(())) => return Ok(*signature),
            Some(Err(error)) => return Err(refused_by_program(&error)),
            None => thread::sleep(pause),
        }
        pause = (pause * 2).min(Duration::from_millis(500));
    }
    Err(Fault::Chain(format!("{signature} was sent and its outcome is not known yet: run this again")))
}

fn silent(error: impl fmt::Display) -> Fault {
    Fault::Chain(format!("the network: {error}"))
}

/// In the program's own words where the code is one of its refusals.
fn refused_by_program(error: &(impl fmt::Display + fmt::Debug)) -> Fault {
    let Some(code) = custom_code(&format!("{error:?}")) else { return silent(error) };
    let name = plimsoll_client::errors::name(code);
    let meaning = plimsoll_client::errors::explanation(code).unwrap_or_default();
    Fault::Chain(format!("the program refuses: {name}: {meaning}"))
}

/// The number in `Custom(6004)`.
fn custom_code(text: &str) -> Option<u32> {
    let (_, rest) = text.split_once("Custom(")?;
    rest.split_once(')')?.0.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_public_networks_are_known_by_their_first_block() {
        assert_eq!(Network::of(MAINNET), Network::Mainnet);
        assert_eq!(Network::of("11111111111111111111111111111111"), Network::Private);
    }

    #[test]
    fn a_refusal_of_the_program_is_told_in_its_words() {
        let code = u32::from(plimsoll::errors::Refusal::NotTheAdmin);
        let told = refused_by_program(&format!("InstructionError(0, Custom({code}))")).to_string();
        assert!(told.starts_with("the program refuses: NotTheAdmin"), "{told}");
    }
}
