//! Stakes in the insurance fund.

use super::{instruction, with_oracles};
use crate::addresses::{ExchangeAddresses, stake};
use anchor_lang::system_program;
use solana_instruction::Instruction;
use solana_pubkey::Pubkey;

/// An owner's stake in the insurance fund. The owner signs.
#[derive(Clone, Copy, Debug)]
pub struct Stake {
    pub exchange: ExchangeAddresses,
    pub owner: Pubkey,
    pub address: Pubkey,
}

impl Stake {
    /// By derivation.
    pub fn derive(of: &ExchangeAddresses, owner: Pubkey) -> Self {
        Self { exchange: *of, owner, address: stake(&of.exchange, &owner).address() }
    }

    /// Opens it, empty; the owner pays the rent.
    pub fn open(&self) -> Instruction {
        let accounts = plimsoll::accounts::OpenStake {
            owner: self.owner,
            exchange: self.exchange.exchange,
            stake: self.address,
            system_program: system_program::ID,
        };
        instruction(accounts, plimsoll::instruction::OpenStake {})
    }

    /// Stakes native quote out of the deposit of a margin account of the owner's. `oracles` stand in for stale prices of
    /// the board.
    pub fn stake(&self, account: Pubkey, quote_bank: Pubkey, amount: u64, oracles: &[Pubkey]) -> Instruction {
        let data = plimsoll::instruction::Stake { amount };
        with_oracles(instruction(self.accounts(account, quote_bank), data), oracles)
    }

    /// Lets so many shares cool, those that cool already included.
    pub fn cool(&self, shares: u64) -> Instruction {
        let accounts = plimsoll::accounts::Cool {
            owner: self.owner,
            exchange: self.exchange.exchange,
            insurance: self.exchange.insurance,
            stake: self.address,
        };
        instruction(accounts, plimsoll::instruction::Cool { shares })
    }

    /// Redeems shares that have cooled; their worth goes to the deposit of a margin account of the owner's.
    pub fn redeem(&self, account: Pubkey, quote_bank: Pubkey, shares: u64) -> Instruction {
        let data = plimsoll::instruction::Redeem { shares };
        instruction(self.accounts(account, quote_bank), data)
    }

    /// Closes it when it is empty; the rent goes back to the owner.
    pub fn close(&self) -> Instruction {
        let accounts = plimsoll::accounts::CloseStake { owner: self.owner, stake: self.address };
        instruction(accounts, plimsoll::instruction::CloseStake {})
    }

    fn accounts(&self, account: Pubkey, quote_bank: Pubkey) -> plimsoll::accounts::MoveStake {
        plimsoll::accounts::MoveStake {
            owner: self.owner,
            account,
            exchange: self.exchange.exchange,
            board: self.exchange.board,
            insurance: self.exchange.insurance,
            stake: self.address,
            quote_bank,
        }
    }
}
