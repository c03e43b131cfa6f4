//! The board is brought up to date, by anyone.

use super::{instruction, with_oracles};
use crate::addresses::{BankAddresses, MarketAddresses};
use solana_instruction::Instruction;
use solana_pubkey::Pubkey;

/// Who is paid for a refresh, and from where.
#[derive(Clone, Copy, Debug)]
pub struct Refresher {
    /// The quote token's bank.
    pub quote_bank: Pubkey,
    /// The refresher's margin account.
    pub account: Pubkey,
}

/// Copies oracle prices to the board: of each feed, by its place there, from an oracle account.
pub fn refresh_prices(board: Pubkey, feeds: &[(u8, Pubkey)], refresher: Option<Refresher>) -> Instruction {
    let accounts = plimsoll::accounts::RefreshPrices {
        board,
        quote_bank: refresher.map(|refresher| refresher.quote_bank),
        refresher: refresher.map(|refresher| refresher.account),
    };
    let (places, oracles): (Vec<u8>, Vec<Pubkey>) = feeds.iter().copied().unzip();
    with_oracles(instruction(accounts, plimsoll::instruction::RefreshPrices { feeds: places }), &oracles)
}

/// Accrues a bank's interest and copies its indexes to the board; a bank whose vault is short closes itself.
pub fn refresh_bank(bank: &BankAddresses) -> Instruction {
    let accounts = plimsoll::accounts::RefreshBank { board: bank.board, bank: bank.bank, vault: bank.vault };
    instruction(accounts, plimsoll::instruction::RefreshBank {})
}

/// Accrues a market's funding and copies it to the board with the open interest.
pub fn refresh_market(market: &MarketAddresses) -> Instruction {
    let accounts = plimsoll::accounts::RefreshMarket {
        board: market.board,
        market: market.market,
        bids: market.bids,
        asks: market.asks,
    };
    instruction(accounts, plimsoll::instruction::RefreshMarket {})
}
