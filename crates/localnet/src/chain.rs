//! The network as deployments see it: in this process, without JSON-RPC.

use plimsoll_deploy::{Chain, Fault};
use solana_account::Account;
use solana_instruction::Instruction;
use solana_keypair::{Keypair, Signature};
use solana_pubkey::Pubkey;
use solana_rent::Rent;

use crate::Network;

impl Chain for Network {
    fn network(&self) -> Result<plimsoll_deploy::Network, Fault> {
        Ok(plimsoll_deploy::Network::Private)
    }

    fn account(&self, address: &Pubkey) -> Result<Option<Account>, Fault> {
        let address = *address;
        self.locker.with_svm_reader(move |svm| svm.get_account(&address)).map_err(fault)
    }

    fn accounts(&self, addresses: &[Pubkey]) -> Result<Vec<Option<Account>>, Fault> {
        addresses.iter().map(|address| self.account(address)).collect()
    }

    fn rent(&self, bytes: usize) -> Result<u64, Fault> {
        Ok(self.locker.with_svm_reader(|svm| svm.inner.get_sysvar::<Rent>()).minimum_balance(bytes))
    }

    fn send(&self, instructions: &[Instruction], signers: &[&Keypair]) -> Result<Signature, Fault> {
        self.execute(instructions, signers).map_err(fault)
    }

    fn now(&self) -> Result<i64, Fault> {
        Ok(Self::now(self))
    }
}

fn fault(error: impl std::fmt::Display) -> Fault {
    Fault::Chain(error.to_string())
}
