//! From nothing to an exchange that can hold money.

use super::instruction;
use crate::addresses::{BankAddresses, ExchangeAddresses, MarketAddresses, program_data};
use anchor_lang::system_program;
use plimsoll::instructions::setup::{MarketArgs, Roles};
use solana_instruction::Instruction;
use solana_pubkey::Pubkey;

/// Creates the exchange; payer and the program's upgrade authority sign.
pub fn create_exchange(
    payer: Pubkey,
    upgrade_authority: Pubkey,
    quote_mint: Pubkey,
    roles: Roles,
) -> Instruction {
    let accounts = plimsoll::accounts::CreateExchange {
        payer,
        upgrade_authority,
        program_data: program_data().address(),
        quote_mint,
        exchange: ExchangeAddresses::derive().exchange,
        system_program: system_program::ID,
    };
    instruction(accounts, plimsoll::instruction::CreateExchange { roles })
}

/// Creates the risk board, small. The admin signs.
pub fn create_board(of: &ExchangeAddresses, admin: Pubkey) -> Instruction {
    let accounts = plimsoll::accounts::CreateBoard {
        admin,
        exchange: of.exchange,
        board: of.board,
        system_program: system_program::ID,
    };
    instruction(accounts, plimsoll::instruction::CreateBoard {})
}

/// Grows the risk board by what one instruction may add: send [`growths`] of them. The payer signs.
pub fn grow_board(of: &ExchangeAddresses, payer: Pubkey) -> Instruction {
    let accounts = plimsoll::accounts::GrowBoard {
        payer,
        exchange: of.exchange,
        board: of.board,
        system_program: system_program::ID,
    };
    instruction(accounts, plimsoll::instruction::GrowBoard {})
}

/// How many times a new board has to grow.
pub const fn growths() -> usize {
    const STEP: usize = solana_program::entrypoint::MAX_PERMITTED_DATA_INCREASE;
    plimsoll::state::RiskBoard::SPACE.div_ceil(STEP) - 1
}

/// Gives an underlying its place on the board; an unset `switchboard` is no fallback. The admin signs.
pub fn add_feed(
    of: &ExchangeAddresses,
    admin: Pubkey,
    pyth_feed_id: [u8; 32],
    switchboard: Pubkey,
) -> Instruction {
    let accounts = plimsoll::accounts::AddFeed { admin, exchange: of.exchange, board: of.board };
    instruction(accounts, plimsoll::instruction::AddFeed { pyth_feed_id, switchboard })
}

/// Gives a token its bank, vault and place on the board. The admin signs and pays.
pub fn register_bank(bank: &BankAddresses, admin: Pubkey, feed: u8) -> Instruction {
    let accounts = plimsoll::accounts::RegisterBank {
        admin,
        exchange: bank.exchange,
        board: bank.board,
        mint: bank.mint,
        bank: bank.bank,
        vault: bank.vault,
        token_program: bank.token_program,
        system_program: system_program::ID,
    };
    instruction(accounts, plimsoll::instruction::RegisterBank { feed })
}

/// Gives a perpetual its accounts and its place on the board, the first free one. The admin signs and pays.
pub fn create_market(market: &MarketAddresses, admin: Pubkey, terms: MarketArgs) -> Instruction {
    let accounts = plimsoll::accounts::CreateMarket {
        admin,
        exchange: market.exchange,
        board: market.board,
        market: market.market,
        bids: market.bids,
        asks: market.asks,
        queue: market.queue,
        system_program: system_program::ID,
    };
    instruction(accounts, plimsoll::instruction::CreateMarket { market: terms })
}

/// Gives `book`, the market's bids, asks or queue, the room that one instruction may add. The payer signs.
pub fn grow_book(market: &MarketAddresses, book: Pubkey, payer: Pubkey) -> Instruction {
    let accounts = plimsoll::accounts::GrowBook {
        payer,
        market: market.market,
        book,
        system_program: system_program::ID,
    };
    instruction(accounts, plimsoll::instruction::GrowBook {})
}

/// Creates the insurance fund, empty. The admin signs and pays.
pub fn create_insurance(of: &ExchangeAddresses, admin: Pubkey, quote_bank: Pubkey) -> Instruction {
    let accounts = plimsoll::accounts::CreateInsurance {
        admin,
        exchange: of.exchange,
        board: of.board,
        quote_bank,
        insurance: of.insurance,
        system_program: system_program::ID,
    };
    instruction(accounts, plimsoll::instruction::CreateInsurance {})
}

/// Ends set-up for good. The admin signs.
pub fn open_exchange(of: &ExchangeAddresses, admin: Pubkey) -> Instruction {
    let accounts = plimsoll::accounts::OpenExchange { admin, exchange: of.exchange, board: of.board };
    instruction(accounts, plimsoll::instruction::OpenExchange {})
}
