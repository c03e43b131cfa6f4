//! Tokens in and out of vaults.

use super::{instruction, with_oracles};
use crate::addresses::BankAddresses;
use solana_instruction::Instruction;
use solana_pubkey::Pubkey;

/// Tokens of `depositor` on their way into a margin account, which need not be his. He signs.
#[derive(Clone, Copy, Debug)]
pub struct Inflow {
    pub bank: BankAddresses,
    pub account: Pubkey,
    pub depositor: Pubkey,
    /// The depositor's token account.
    pub source: Pubkey,
}

impl Inflow {
    /// Pays back what the account owes, and deposits the rest.
    pub fn deposit(&self, amount: u64) -> Instruction {
        instruction(self.accounts(), plimsoll::instruction::Deposit { amount })
    }

    /// Pays back exactly so much of a debt.
    pub fn repay(&self, amount: u64) -> Instruction {
        instruction(self.accounts(), plimsoll::instruction::Repay { amount })
    }

    /// Pays back all of a debt.
    pub fn repay_all(&self) -> Instruction {
        instruction(self.accounts(), plimsoll::instruction::RepayAll {})
    }

    fn accounts(&self) -> plimsoll::accounts::Deposit {
        plimsoll::accounts::Deposit {
            depositor: self.depositor,
            account: self.account,
            board: self.bank.board,
            bank: self.bank.bank,
            mint: self.bank.mint,
            vault: self.bank.vault,
            source: self.source,
            token_program: self.bank.token_program,
        }
    }
}

/// Tokens on their way from a margin account to any token account. Its owner signs.
#[derive(Clone, Copy, Debug)]
pub struct Outflow {
    pub bank: BankAddresses,
    pub account: Pubkey,
    pub owner: Pubkey,
    /// Where the tokens go.
    pub destination: Pubkey,
}

impl Outflow {
    /// Withdraws exactly so much, borrowing what the account does not hold if it may. `oracles` stand in for stale
    /// prices of the board.
    pub fn withdraw(&self, amount: u64, may_borrow: bool, oracles: &[Pubkey]) -> Instruction {
        let data = plimsoll::instruction::Withdraw { amount, may_borrow };
        with_oracles(instruction(self.accounts(), data), oracles)
    }

    /// Withdraws all that the account holds of the token.
    pub fn withdraw_all(&self, oracles: &[Pubkey]) -> Instruction {
        with_oracles(instruction(self.accounts(), plimsoll::instruction::WithdrawAll {}), oracles)
    }

    fn accounts(&self) -> plimsoll::accounts::Withdraw {
        plimsoll::accounts::Withdraw {
            owner: self.owner,
            account: self.account,
            board: self.bank.board,
            bank: self.bank.bank,
            mint: self.bank.mint,
            vault: self.bank.vault,
            destination: self.destination,
            token_program: self.bank.token_program,
        }
    }
}

/// What a vault holds beyond its ledger goes to a token account that the fee collector names; he signs.
pub fn skim_surplus(bank: &BankAddresses, fee_collector: Pubkey, destination: Pubkey) -> Instruction {
    let accounts = skim_accounts(bank, fee_collector, destination);
    instruction(accounts, plimsoll::instruction::SkimSurplus {})
}

/// The accounts of whatever the fee collector takes out of a vault.
pub(super) fn skim_accounts(
    bank: &BankAddresses,
    fee_collector: Pubkey,
    destination: Pubkey,
) -> plimsoll::accounts::SkimSurplus {
    plimsoll::accounts::SkimSurplus {
        fee_collector,
        exchange: bank.exchange,
        board: bank.board,
        bank: bank.bank,
        mint: bank.mint,
        vault: bank.vault,
        destination,
        token_program: bank.token_program,
    }
}

/// Opens a bank again whose vault was found short and is whole. The admin signs.
pub fn resume_bank(bank: &BankAddresses, admin: Pubkey) -> Instruction {
    let accounts =
        plimsoll::accounts::ResumeBank { admin, exchange: bank.exchange, bank: bank.bank, vault: bank.vault };
    instruction(accounts, plimsoll::instruction::ResumeBank {})
}
