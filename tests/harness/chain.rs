//! A Solana machine with the compiled program on it: LiteSVM, with the limits that it does not enforce itself.

use crate::{failure::Failure, keys, program};
use litesvm::{LiteSVM, types::TransactionResult};
use plimsoll_client::{
    addresses::program_data,
    events::{self, Event},
    lookup::{self, Table},
};
use solana_account::{Account, AccountSharedData};
use solana_clock::Clock;
use solana_instruction::Instruction;
use solana_keypair::Keypair;
use solana_message::{Message, VersionedMessage};
use solana_pubkey::Pubkey;
use solana_signer::Signer;
use solana_transaction::{TransactionError, versioned::VersionedTransaction};
use std::collections::HashMap;

/// Most accounts that one transaction may lock.
const MAX_LOCKS: usize = 64;
/// When the clock begins, unix seconds.
const GENESIS: i64 = 1_800_000_000;
const FORTUNE: u64 = 1_000_000_000_000_000;

/// What a transaction did.
#[derive(Clone, Debug)]
pub struct Receipt {
    pub compute_units: u64,
    pub logs: Vec<String>,
    pub events: Vec<Event>,
    /// Why it was refused, if it was.
    pub error: Option<TransactionError>,
}

impl Receipt {
    fn new(result: TransactionResult) -> Self {
        let (error, meta) = match result {
            Ok(meta) => (None, meta),
            Err(failed) => (Some(failed.err), failed.meta),
        };
        let events = events::in_log(meta.logs.iter().map(String::as_str));
        Self { compute_units: meta.compute_units_consumed, logs: meta.logs, events, error }
    }

    /// The only event of the transaction.
    pub fn event(&self) -> &Event {
        assert_eq!(self.events.len(), 1, "{:#?}", self.events);
        &self.events[0]
    }

    /// # Panics
    /// Where the transaction was refused.
    pub fn must_succeed(self) -> Self {
        if let Some(error) = &self.error {
            panic!("refused: {} ({error:?})\n{}", crate::failure::name(error), self.logs.join("\n"));
        }
        self
    }

    /// # Panics
    /// Where the transaction was not refused, or for another reason.
    pub fn must_fail(self, expected: &Failure) -> Self {
        let Some(error) = &self.error else {
            panic!("expected {expected}, but it went through\n{}", self.logs.join("\n"))
        };
        assert!(
            expected.matches(error),
            "expected {expected}, got {} ({error:?})\n{}",
            crate::failure::name(error),
            self.logs.join("\n")
        );
        self
    }
}

/// The machine, and the keys of everybody who acts on it.
#[derive(Clone)]
pub struct Chain {
    svm: LiteSVM,
    signers: HashMap<Pubkey, [u8; 32]>,
    payer: Pubkey,
}

impl Chain {
    /// With the program deployed as an upgradeable one, whose authority is the key of that name.
    pub fn new(upgrade_authority: &str) -> Self {
        let svm = LiteSVM::new().with_transaction_history(0).with_log_bytes_limit(None);
        let mut chain = Self { svm, signers: HashMap::new(), payer: Pubkey::default() };
        chain.payer = chain.person("payer of fees");
        let authority = chain.person(upgrade_authority);
        chain.svm.add_program(plimsoll::ID, &program::elf()).expect("the loader accepts the program");
        chain.hand_over_program(&authority);
        let mut clock: Clock = chain.svm.get_sysvar();
        (clock.unix_timestamp, clock.slot) = (GENESIS, 1_000);
        chain.svm.set_sysvar(&clock);
        chain
    }

    /// LiteSVM deploys programs without an authority: writes one into the program's data account, where the loader would.
    fn hand_over_program(&mut self, authority: &Pubkey) {
        let address = program_data().address();
        let mut account = self.account(&address).expect("the program was deployed");
        account.data[12] = 1;
        account.data[13..45].copy_from_slice(authority.as_ref());
        self.place(address, account);
    }

    /// Somebody with a key and lamports.
    pub fn person(&mut self, name: &str) -> Pubkey {
        let key = keys::keypair(name);
        if self.signers.insert(key.pubkey(), *key.secret_bytes()).is_none() {
            let account = AccountSharedData::new(FORTUNE, 0, &anchor_lang::system_program::ID);
            self.place(key.pubkey(), account.into());
        }
        key.pubkey()
    }

    /// A key that may sign, without an account yet.
    pub fn key(&mut self, name: &str) -> Pubkey {
        let key = keys::keypair(name);
        self.signers.insert(key.pubkey(), *key.secret_bytes());
        key.pubkey()
    }

    /// Sends a transaction signed by everybody whom its instructions name as signer.
    ///
    /// # Panics
    /// Where it breaks a limit of the network, which the machine would not notice.
    pub fn send(&mut self, instructions: &[Instruction]) -> Receipt {
        let blockhash = self.svm.latest_blockhash();
        let message = Message::new_with_blockhash(instructions, Some(&self.payer), &blockhash);
        self.send_message(VersionedMessage::Legacy(message))
    }

    /// The same as a version-0 transaction, which finds in lookup tables what stands there.
    ///
    /// # Panics
    /// As [`Chain::send`].
    pub fn send_v0(&mut self, instructions: &[Instruction], tables: &[Table]) -> Receipt {
        let message = lookup::message(&self.payer, instructions, tables, self.svm.latest_blockhash());
        self.send_message(message.expect("not too many accounts"))
    }

    /// Sends one instruction of a transaction alone, whatever its size: for whoever looks at each by itself.
    pub(crate) fn replays(&mut self, instruction: &Instruction) -> Receipt {
        let blockhash = self.svm.latest_blockhash();
        let instructions = std::slice::from_ref(instruction);
        let message = Message::new_with_blockhash(instructions, Some(&self.payer), &blockhash);
        self.sign_and_send(VersionedMessage::Legacy(message))
    }

    fn send_message(&mut self, message: VersionedMessage) -> Receipt {
        let (bytes, locks) = (lookup::size(&message), lookup::locks(&message));
        assert!(bytes <= lookup::MAX_TRANSACTION, "the transaction has {bytes} bytes");
        assert!(locks <= MAX_LOCKS, "it locks {locks} accounts");
        self.sign_and_send(message)
    }

    fn sign_and_send(&mut self, message: VersionedMessage) -> Receipt {
        let signatures = usize::from(message.header().num_required_signatures);
        let signers = message.static_account_keys()[..signatures].to_vec();
        let keys: Vec<Keypair> = signers.iter().map(|key| self.key_of(key)).collect();
        let keys: Vec<&Keypair> = keys.iter().collect();
        let transaction = VersionedTransaction::try_new(message, &keys).expect("everybody signs");
        Receipt::new(self.svm.send_transaction(transaction))
    }

    /// Makes a lookup table of addresses by the runtime's own program, ready to be used.
    pub fn makes_table(&mut self, addresses: &[Pubkey]) -> Table {
        let (payer, slot) = (self.payer, self.slot_with_a_hash());
        // A table's address is its authority's and a slot's: another table needs another authority.
        let mut number = 0;
        let (address, instructions) = loop {
            let authority = self.person(&format!("keeper of table {number}"));
            let (address, instructions) = lookup::create(authority, payer, slot, addresses);
            if self.data(&address).is_empty() {
                break (address, instructions);
            }
            number += 1;
        };
        for instruction in instructions {
            self.send(&[instruction]).must_succeed();
        }
        self.set_time(self.now()); // what was added can be used from the next slot on
        lookup::read(address, self.data(&address)).expect("a lookup table")
    }

    /// A slot that the machine remembers a block of: the first in the sysvar, behind its count.
    fn slot_with_a_hash(&self) -> u64 {
        let slot = self.data(&solana_sdk_ids::sysvar::slot_hashes::ID).get(8..16).expect("a slot");
        u64::from_le_bytes(slot.try_into().expect("eight bytes"))
    }

    fn key_of(&self, address: &Pubkey) -> Keypair {
        let secret = self.signers.get(address).unwrap_or_else(|| panic!("nobody has the key of {address}"));
        Keypair::new_from_array(*secret)
    }

    pub fn payer(&self) -> Pubkey {
        self.payer
    }

    pub fn account(&self, address: &Pubkey) -> Option<Account> {
        self.svm.get_account(address)
    }

    /// The data of an account; nothing for one that is not there.
    pub fn data(&self, address: &Pubkey) -> &[u8] {
        use solana_account::ReadableAccount;
        self.svm.accounts_db().get_account_ref(address).map(ReadableAccount::data).unwrap_or_default()
    }

    /// Puts an account at an address, whatever was there.
    pub fn place(&mut self, address: Pubkey, account: Account) {
        self.svm.set_account(address, account).expect("the machine accepts the account");
    }

    /// Changes bytes of an account behind the program's back.
    pub fn tamper(&mut self, address: &Pubkey, change: impl FnOnce(&mut Account)) {
        let mut account = self.account(address).expect("there is an account");
        change(&mut account);
        self.place(*address, account);
    }

    /// Every account of a program.
    pub fn accounts_of(&self, program: Pubkey) -> impl Iterator<Item = (&Pubkey, &AccountSharedData)> {
        use solana_account::ReadableAccount;
        self.svm.accounts_db().inner.iter().filter(move |(_, account)| *account.owner() == program)
    }

    pub fn now(&self) -> i64 {
        self.svm.get_sysvar::<Clock>().unix_timestamp
    }

    /// Moves the clock; slots follow it.
    pub fn set_time(&mut self, unix_seconds: i64) {
        let mut clock: Clock = self.svm.get_sysvar();
        let passed = u64::try_from(unix_seconds - clock.unix_timestamp).unwrap_or(0);
        clock.slot += 1 + passed * 5 / 2;
        clock.unix_timestamp = unix_seconds;
        self.svm.set_sysvar(&clock);
    }

    pub fn rent(&self, bytes: usize) -> u64 {
        self.svm.minimum_balance_for_rent_exemption(bytes)
    }
}
