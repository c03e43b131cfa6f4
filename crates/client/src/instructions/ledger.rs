//! Cash of the markets: settlement, pockets, fees.

use super::{instruction, with_oracles};
use crate::addresses::{BankAddresses, MarketAddresses, insurance};
use solana_instruction::Instruction;
use solana_pubkey::Pubkey;

/// Turns as much of an account's profit or loss in a market into cash as the rules allow. Nobody needs to sign.
pub fn settle_pnl(market: &MarketAddresses, account: Pubkey, quote_bank: Pubkey) -> Instruction {
    let accounts = plimsoll::accounts::SettlePnl {
        account,
        board: market.board,
        market: market.market,
        quote_bank,
        insurance: insurance(&market.exchange).address(),
    };
    instruction(accounts, plimsoll::instruction::SettlePnl {})
}

/// The pocket of a position, isolated or about to be. `trader` signs: the account's owner, or a delegate.
#[derive(Clone, Copy, Debug)]
pub struct Pocket {
    pub board: Pubkey,
    /// The market's place on the board.
    pub market: u8,
    /// The margin account.
    pub account: Pubkey,
    pub trader: Pubkey,
    pub quote_bank: Pubkey,
}

impl Pocket {
    /// Tops it up out of the account's deposit, native quote. `oracles` stand in for stale prices of the board.
    pub fn fund(&self, amount: u64, oracles: &[Pubkey]) -> Instruction {
        let data = plimsoll::instruction::FundPocket { market: self.market, amount };
        with_oracles(instruction(self.accounts(), data), oracles)
    }

    /// Takes out what the position does not need, native quote. `oracles` stand in for stale prices of the board.
    pub fn drain(&self, amount: u64, oracles: &[Pubkey]) -> Instruction {
        let data = plimsoll::instruction::DrainPocket { market: self.market, amount };
        with_oracles(instruction(self.accounts(), data), oracles)
    }

    /// Makes the position, which has to be flat, stand on its pocket alone, or on the account's balances again.
    pub fn set_mode(&self, isolated: bool) -> Instruction {
        let Self { board, market, account, trader, quote_bank } = *self;
        let accounts = plimsoll::accounts::SetPositionMode { trader, account, board, quote_bank };
        instruction(accounts, plimsoll::instruction::SetPositionMode { market, isolated })
    }

    fn accounts(&self) -> plimsoll::accounts::MovePocket {
        let Self { board, account, trader, quote_bank, .. } = *self;
        plimsoll::accounts::MovePocket { trader, account, board, quote_bank }
    }
}

/// Moves a market's fees from its pool to the exchange and to insurance, as far as the pool holds them; while a deficit is
/// open they fill that. Nobody needs to sign.
pub fn collect_fees(market: &MarketAddresses, quote_bank: Pubkey) -> Instruction {
    let accounts = plimsoll::accounts::CollectFees {
        board: market.board,
        market: market.market,
        quote_bank,
        exchange: market.exchange,
        insurance: insurance(&market.exchange).address(),
    };
    instruction(accounts, plimsoll::instruction::CollectFees {})
}

/// Collected fees leave the quote vault for a token account that the fee collector names; he signs.
pub fn pay_fees(quote: &BankAddresses, fee_collector: Pubkey, destination: Pubkey) -> Instruction {
    let accounts = super::vault::skim_accounts(quote, fee_collector, destination);
    instruction(accounts, plimsoll::instruction::PayFees {})
}
