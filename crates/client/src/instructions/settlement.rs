//! The end of a market: settlement at one price, and what shows that those who govern live.

use super::instruction;
use crate::addresses::{ExchangeAddresses, MarketAddresses, insurance};
use solana_instruction::Instruction;
use solana_pubkey::Pubkey;

/// Begins the hour whose average is the settlement price. The admin signs once the market is reduce-only; anybody when its
/// feed or those who govern have been silent for long.
pub fn start_settlement(market: &MarketAddresses, signer: Pubkey) -> Instruction {
    let accounts = plimsoll::accounts::StartSettlement {
        signer,
        exchange: market.exchange,
        board: market.board,
        market: market.market,
    };
    instruction(accounts, plimsoll::instruction::StartSettlement {})
}

/// Takes the feed's last valid price into the average; fixes the settlement price once the hour is over. Nobody needs to
/// sign.
pub fn observe_settlement(market: &MarketAddresses) -> Instruction {
    let accounts = plimsoll::accounts::ObserveSettlement { board: market.board, market: market.market };
    instruction(accounts, plimsoll::instruction::ObserveSettlement {})
}

/// Closes an account's position at the settlement price. Nobody needs to sign.
pub fn close_settled(market: &MarketAddresses, account: Pubkey) -> Instruction {
    let accounts = plimsoll::accounts::CloseSettled { account, board: market.board, market: market.market };
    instruction(accounts, plimsoll::instruction::CloseSettled {})
}

/// Closes a market in which nothing is left; what its pool still holds becomes insurance. Nobody needs to sign.
pub fn close_market(market: &MarketAddresses, quote_bank: Pubkey) -> Instruction {
    let accounts = plimsoll::accounts::CloseMarket {
        board: market.board,
        market: market.market,
        quote_bank,
        insurance: insurance(&market.exchange).address(),
    };
    instruction(accounts, plimsoll::instruction::CloseMarket {})
}

/// Shows that those who govern live. The admin signs.
pub fn prove_life(of: &ExchangeAddresses, admin: Pubkey) -> Instruction {
    let accounts = plimsoll::accounts::ProveLife { admin, exchange: of.exchange };
    instruction(accounts, plimsoll::instruction::ProveLife {})
}
