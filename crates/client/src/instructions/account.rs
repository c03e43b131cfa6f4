//! Margin accounts: opened, delegated, closed.

use super::instruction;
use crate::addresses::{ExchangeAddresses, margin_account};
use anchor_lang::system_program;
use solana_instruction::Instruction;
use solana_pubkey::Pubkey;

/// One of an owner's margin accounts.
#[derive(Clone, Copy, Debug)]
pub struct MarginAccount {
    pub board: Pubkey,
    pub owner: Pubkey,
    pub number: u32,
    pub address: Pubkey,
}

impl MarginAccount {
    /// By derivation.
    pub fn derive(of: &ExchangeAddresses, owner: Pubkey, number: u32) -> Self {
        Self {
            board: of.board,
            owner,
            number,
            address: margin_account(&of.exchange, &owner, number).address(),
        }
    }

    /// Opens it; `payer` pays the rent. Both sign.
    pub fn open(&self, payer: Pubkey) -> Instruction {
        let accounts = plimsoll::accounts::OpenAccount {
            payer,
            owner: self.owner,
            board: self.board,
            account: self.address,
            system_program: system_program::ID,
        };
        instruction(accounts, plimsoll::instruction::OpenAccount { number: self.number })
    }

    /// Closes it when it is empty; the rent goes to `receiver`. The owner signs.
    pub fn close(&self, receiver: Pubkey) -> Instruction {
        let accounts = plimsoll::accounts::CloseAccount {
            owner: self.owner,
            receiver,
            board: self.board,
            account: self.address,
        };
        instruction(accounts, plimsoll::instruction::CloseAccount {})
    }

    /// Lets `delegate` act within `scope` (bits of `plimsoll::state::margin_account::scope`) until a time; nobody
    /// (`Pubkey::default()`) takes it back. The owner signs.
    pub fn set_delegate(&self, delegate: Pubkey, scope: u32, expires_at: i64) -> Instruction {
        let accounts =
            plimsoll::accounts::SetDelegate { owner: self.owner, board: self.board, account: self.address };
        instruction(accounts, plimsoll::instruction::SetDelegate { delegate, scope, expires_at })
    }
}
