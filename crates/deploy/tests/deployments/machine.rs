//! A Solana machine in memory as the network of a deployment.

use crate::elf;
use litesvm::LiteSVM;
use plimsoll_client::addresses::program_data;
use plimsoll_deploy::{Chain, Fault, Network};
use solana_account::Account;
use solana_clock::Clock;
use solana_instruction::Instruction;
use solana_keypair::{Keypair, Signature, Signer};
use solana_message::{Message, VersionedMessage};
use solana_pubkey::Pubkey;
use solana_transaction::versioned::VersionedTransaction;
use std::cell::{Cell, RefCell};

const GENESIS: i64 = 1_800_000_000;
const FORTUNE: u64 = 100_000_000_000;

/// The machine with the program on it.
pub struct Machine {
    svm: RefCell<LiteSVM>,
    pub network: Cell<Network>,
    /// Transactions until the network goes away.
    pub left: Cell<usize>,
    pub sent: Cell<usize>,
}

impl Machine {
    /// The program's upgrade authority is the deployer, who has lamports.
    pub fn new(deployer: &Keypair) -> Self {
        let mut svm = LiteSVM::new().with_transaction_history(0);
        svm.add_program(plimsoll::ID, &elf()).expect("the loader accepts the program");
        svm.airdrop(&deployer.pubkey(), FORTUNE).expect("lamports");
        let mut clock: Clock = svm.get_sysvar();
        (clock.unix_timestamp, clock.slot) = (GENESIS, 1_000);
        svm.set_sysvar(&clock);
        let machine = Self {
            svm: RefCell::new(svm),
            network: Cell::new(Network::Private),
            left: Cell::new(usize::MAX),
            sent: Cell::new(0),
        };
        machine.hand_over_program(&deployer.pubkey());
        machine
    }

    /// Writes an upgrade authority where the loader would.
    pub fn hand_over_program(&self, authority: &Pubkey) {
        let address = program_data().address();
        let mut account = self.svm.borrow().get_account(&address).expect("the program was deployed");
        account.data[12] = 1;
        account.data[13..45].copy_from_slice(authority.as_ref());
        self.svm.borrow_mut().set_account(address, account).expect("the machine accepts it");
    }

    pub fn enrich(&self, key: &Pubkey) {
        self.svm.borrow_mut().airdrop(key, FORTUNE).expect("lamports");
    }

    /// A mint without authorities, as it lies on chain: supply (u64) at 36, decimals, whether it is initialised.
    pub fn makes_mint(&self, address: &Pubkey, decimals: u8) {
        let mut data = vec![0; 82];
        (data[44], data[45]) = (decimals, 1);
        let account =
            Account { lamports: 10_000_000, data, owner: anchor_spl::token::ID, ..Account::default() };
        self.svm.borrow_mut().set_account(*address, account).expect("the machine accepts it");
    }

    pub fn wait(&self, seconds: i64) {
        let mut svm = self.svm.borrow_mut();
        let mut clock: Clock = svm.get_sysvar();
        clock.unix_timestamp += seconds;
        clock.slot += 1;
        svm.set_sysvar(&clock);
    }
}

impl Chain for Machine {
    fn network(&self) -> Result<Network, Fault> {
        Ok(self.network.get())
    }

    fn account(&self, address: &Pubkey) -> Result<Option<Account>, Fault> {
        Ok(self.svm.borrow().get_account(address))
    }

    fn accounts(&self, addresses: &[Pubkey]) -> Result<Vec<Option<Account>>, Fault> {
        addresses.iter().map(|address| self.account(address)).collect()
    }

    fn rent(&self, bytes: usize) -> Result<u64, Fault> {
        Ok(self.svm.borrow().minimum_balance_for_rent_exemption(bytes))
    }

    fn send(&self, instructions: &[Instruction], signers: &[&Keypair]) -> Result<Signature, Fault> {
        let left =
            self.left.get().checked_sub(1).ok_or_else(|| Fault::Chain("the network went away".into()))?;
        self.left.set(left);
        self.sent.set(self.sent.get() + 1);
        let mut svm = self.svm.borrow_mut();
        let message =
            Message::new_with_blockhash(instructions, Some(&signers[0].pubkey()), &svm.latest_blockhash());
        let message = VersionedMessage::Legacy(message);
        let bytes = plimsoll_client::lookup::size(&message);
        assert!(bytes <= plimsoll_client::lookup::MAX_TRANSACTION, "the transaction has {bytes} bytes");
        let transaction = VersionedTransaction::try_new(message, signers).expect("everybody signs");
        let outcome = svm.send_transaction(transaction);
        outcome
            .map(|meta| meta.signature)
            .map_err(|failed| Fault::Chain(format!("{:?}\n{}", failed.err, failed.meta.logs.join("\n"))))
    }

    fn now(&self) -> Result<i64, Fault> {
        Ok(self.svm.borrow().get_sysvar::<Clock>().unix_timestamp)
    }
}
