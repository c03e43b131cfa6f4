//! What is told of accounts in danger: flags and calls, what was taken of them, and by whom.
//!
//! Each event of a way to liquidate counts in both accounts, and carries the health and the equity that it was decided by.

use super::{MakerChange, packed::events};
use anchor_lang::prelude::*;

events! {
    /// An account may only reduce its risk until it has more margin: told once.
    #[event]
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct MarginCall {
        /// The margin account.
        pub account: Pubkey,
        /// Number of the event in the account.
        pub sequence: u64,
        /// Initial health, native quote, below zero.
        pub initial: i64,
    }

    /// A scope was flagged for liquidation, proved to be in danger still, let go, or its insolvency became known or is
    /// over.
    #[event]
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct Assessed {
        /// The margin account.
        pub account: Pubkey,
        /// Number of the event in the account.
        pub sequence: u64,
        /// The market of an isolated position; 255 is the cross part.
        pub scope: u8,
        /// Whether the insurance fund counts it as insolvent from now on.
        pub insolvent: bool,
        /// When it was flagged, unix seconds; 0 is not flagged.
        pub flagged_at: i64,
        /// The last proof of danger, unix seconds.
        pub renewed_at: i64,
        /// Health, native quote: at the end of a liquidation where a flag stood, otherwise at maintenance.
        pub health: i64,
        /// Equity, native quote; 0 where there is no danger.
        pub equity: i64,
    }

    /// A liquidator took lots over.
    #[event]
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct TakenOver {
        /// The endangered margin account.
        pub account: Pubkey,
        /// Number of the event in it.
        pub sequence: u64,
        /// The liquidator's margin account.
        pub liquidator: Pubkey,
        /// Number of the event in that.
        pub liquidator_sequence: u64,
        /// The market's place on the board.
        pub market: u8,
        /// Whether the lots were long.
        pub is_long: bool,
        /// Lots that changed hands.
        pub lots: u32,
        /// What they were worth at the price, native quote.
        pub quote: u64,
        /// What the account paid to the liquidator, native quote.
        pub fee: i64,
        /// What the account paid to the market's insurance, native quote.
        pub insurance_fee: i64,
        /// What the market's insurance paid to the liquidator, native quote: the account had no equity left.
        pub subsidy: i64,
        /// Funding that the account's position paid first, native quote; below zero what it got.
        pub funding: i64,
        /// The same of the liquidator's.
        pub liquidator_funding: i64,
        /// The account's health at the end of a liquidation before this, native quote.
        pub liqend: i64,
        /// Its equity before this, native quote.
        pub equity: i64,
        /// Whether the danger is over.
        pub over: bool,
    }

    /// A position was liquidated into the book.
    #[event]
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct LiquidatedIntoBook {
        /// The endangered margin account.
        pub account: Pubkey,
        /// Number of the event in it.
        pub sequence: u64,
        /// The keeper's margin account.
        pub keeper: Pubkey,
        /// Number of the event in that; 0 where it earned nothing.
        pub keeper_sequence: u64,
        /// The market's place on the board.
        pub market: u8,
        /// Whether the lots were long.
        pub is_long: bool,
        /// Lots filled.
        pub lots: u32,
        /// What they were worth, native quote.
        pub quote: u64,
        /// What the account paid to the exchange, native quote.
        pub taker_fee: i64,
        /// What it paid to the keeper, native quote.
        pub fee: i64,
        /// What it paid to the market's insurance, native quote.
        pub insurance_fee: i64,
        /// Funding that its position paid first, native quote; below zero what it got.
        pub funding: i64,
        /// Its health at the end of a liquidation before this, native quote.
        pub liqend: i64,
        /// Its equity before this, native quote.
        pub equity: i64,
        /// Whether the danger is over.
        pub over: bool,
        /// What happened to makers, in order.
        pub makers: Vec<MakerChange>,
    }

    /// A liquidator repaid a borrow for collateral.
    #[event]
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct CollateralSwapped {
        /// The endangered margin account.
        pub account: Pubkey,
        /// Number of the event in it.
        pub sequence: u64,
        /// The liquidator's margin account.
        pub liquidator: Pubkey,
        /// Number of the event in that.
        pub liquidator_sequence: u64,
        /// Place on the board of the bank of what was owed.
        pub debt_bank: u8,
        /// Place on the board of the bank of what was given for it.
        pub collateral_bank: u8,
        /// What was repaid, native units of the debt.
        pub repaid: u64,
        /// What the liquidator paid beyond that to the reserves of the debt's bank: the insurance's part.
        pub reserved: u64,
        /// Of both, what the liquidator borrowed.
        pub borrowed: u64,
        /// What he got, native units of the collateral.
        pub collateral: u64,
        /// What the collateral was worth beyond the debt, native quote: the liquidator's part.
        pub fee: i64,
        /// The same: the insurance's part.
        pub insurance_fee: i64,
        /// The account's balance in the debt's bank afterwards, owed below zero.
        pub debt_balance: i64,
        /// Its balance in the collateral's bank afterwards.
        pub collateral_balance: i64,
        /// The liquidator's balance in the debt's bank afterwards, owed below zero.
        pub liquidator_debt_balance: i64,
        /// His balance in the collateral's bank afterwards, owed below zero.
        pub liquidator_collateral_balance: i64,
        /// The account's health at the end of a liquidation before this, native quote.
        pub liqend: i64,
        /// Its equity before this, native quote.
        pub equity: i64,
        /// Whether the danger is over.
        pub over: bool,
    }

    /// A liquidator paid cash for a profit that the pool could not pay.
    #[event]
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct PnlBought {
        /// The endangered margin account.
        pub account: Pubkey,
        /// Number of the event in it.
        pub sequence: u64,
        /// The liquidator's margin account.
        pub liquidator: Pubkey,
        /// Number of the event in that.
        pub liquidator_sequence: u64,
        /// The market's place on the board.
        pub market: u8,
        /// What moved from the account's position to the liquidator's, native quote.
        pub claim: i64,
        /// What the liquidator paid the account for it, native quote.
        pub paid: i64,
        /// What he paid to the market's insurance, native quote.
        pub insurance_fee: i64,
        /// Funding that the account's position paid first, native quote; below zero what it got.
        pub funding: i64,
        /// The same of the liquidator's.
        pub liquidator_funding: i64,
        /// The account's balance of quote afterwards, owed below zero.
        pub balance: i64,
        /// The liquidator's balance of quote afterwards.
        pub liquidator_balance: i64,
        /// The account's health at the end of a liquidation before this, native quote.
        pub liqend: i64,
        /// Its equity before this, native quote.
        pub equity: i64,
    }
}
