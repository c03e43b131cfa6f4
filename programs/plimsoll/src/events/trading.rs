//! What is told of markets: orders and what they met, funding, settlement, pockets, trigger orders, fees.

use super::packed::{elements, events};
use anchor_lang::prelude::*;

elements! {
    /// One fill of a maker's order, or lots of it that left the book without one.
    #[derive(Clone, Debug, PartialEq, Eq, AnchorSerialize, AnchorDeserialize)]
    pub struct MakerChange {
        /// The maker's margin account.
        pub maker: Pubkey,
        /// Number of the event in the maker's account; 0 while it waits in the queue.
        pub sequence: u64,
        /// The order.
        pub order: u64,
        /// Lots.
        pub lots: u32,
        /// Price in ticks.
        pub price: u32,
        /// What the maker pays for it, native quote; below zero what it gets.
        pub fee: i64,
        /// Funding that the maker's position paid first, native quote; below zero what it got.
        pub funding: i64,
        /// 0 a fill; otherwise why the lots left the book without one, 1 + the reason's place.
        pub kind: u8,
    }

    /// An order that left the book.
    #[derive(Clone, Debug, PartialEq, Eq, AnchorSerialize, AnchorDeserialize)]
    pub struct CancelledOrder {
        /// The order.
        pub order: u64,
        /// Lots that were left of it.
        pub lots: u32,
    }
}

events! {
    /// A market was created.
    #[event]
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct MarketCreated {
        /// Number of the event in the exchange.
        pub sequence: u64,
        /// The market.
        pub market: Pubkey,
        /// Its place on the board.
        pub index: u8,
        /// Its feed on the board.
        pub feed: u8,
    }

    /// Funding was accrued and copied to the board.
    #[event]
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct MarketRefreshed {
        /// The market.
        pub market: Pubkey,
        /// Number of the event in the market.
        pub sequence: u64,
        /// Cumulative funding, 2^-32 native quote a lot, paid by longs.
        pub funding: i64,
        /// Open interest copied to the board, native quote.
        pub open_interest: i64,
    }

    /// An order was carried out: what it filled, what rests of it.
    #[event]
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct Ordered {
        /// The margin account.
        pub account: Pubkey,
        /// Number of the event in the account.
        pub sequence: u64,
        /// The market's place on the board.
        pub market: u8,
        /// 0 buys, 1 sells.
        pub side: u8,
        /// The number that the client gave it.
        pub client_id: u64,
        /// The resting order; 0 is none.
        pub order: u64,
        /// Where it rests, ticks.
        pub price: u32,
        /// Lots that rest.
        pub rests: u32,
        /// Lots filled.
        pub filled: u32,
        /// What they were worth, native quote.
        pub quote: u64,
        /// What was paid for them, native quote.
        pub fee: i64,
        /// Funding that the position paid first, native quote; below zero what it got.
        pub funding: i64,
        /// What happened to makers, in order.
        pub makers: Vec<MakerChange>,
    }

    /// Orders were cancelled.
    #[event]
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct Cancelled {
        /// The margin account.
        pub account: Pubkey,
        /// Number of the event in the account.
        pub sequence: u64,
        /// The market's place on the board.
        pub market: u8,
        /// The orders.
        pub orders: Vec<CancelledOrder>,
    }

    /// Fills that waited for their makers were applied.
    #[event]
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct FillsApplied {
        /// The market's place on the board.
        pub market: u8,
        /// The fills, in order.
        pub makers: Vec<MakerChange>,
    }

    /// Profit or loss became cash.
    #[event]
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct PnlSettled {
        /// The margin account.
        pub account: Pubkey,
        /// Number of the event in the account.
        pub sequence: u64,
        /// The market's place on the board.
        pub market: u8,
        /// Native quote that the account got from the pool; below zero what it paid.
        pub amount: i64,
        /// Funding that the position paid first, native quote; below zero what it got.
        pub funding: i64,
        /// Balance of quote afterwards, or the pocket of an isolated position.
        pub balance: i64,
    }

    /// Quote moved between an account's balance and the pocket of an isolated position.
    #[event]
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct PocketMoved {
        /// The margin account.
        pub account: Pubkey,
        /// Number of the event in the account.
        pub sequence: u64,
        /// The market's place on the board.
        pub market: u8,
        /// Native quote into the pocket; below zero out of it.
        pub amount: i64,
        /// Funding that the position paid first, native quote; below zero what it got.
        pub funding: i64,
        /// What the pocket holds afterwards.
        pub pocket: i64,
        /// Balance of quote afterwards: owed below zero.
        pub balance: i64,
    }

    /// A position became isolated or cross.
    #[event]
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct PositionModeSet {
        /// The margin account.
        pub account: Pubkey,
        /// Number of the event in the account.
        pub sequence: u64,
        /// The market's place on the board.
        pub market: u8,
        /// Whether it stands on its pocket alone.
        pub isolated: bool,
    }

    /// The dead-man switch was set, or switched off.
    #[event]
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct DeadManSet {
        /// The margin account.
        pub account: Pubkey,
        /// Number of the event in the account.
        pub sequence: u64,
        /// Silence after which anyone may cancel its orders, seconds; 0 is off.
        pub seconds: u32,
    }

    /// A trigger order was placed.
    #[event]
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct TriggerPlaced {
        /// The margin account.
        pub account: Pubkey,
        /// Number of the event in the account.
        pub sequence: u64,
        /// The market's place on the board.
        pub market: u8,
        /// Its slot in the account.
        pub slot: u8,
        /// The number that the client gave it.
        pub client_id: u64,
        /// The price that sets it off, ticks.
        pub trigger_price: u32,
        /// The most that it closes, lots.
        pub lots: u32,
    }

    /// A trigger order was cancelled, or followed the price.
    #[event]
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct TriggerChanged {
        /// The margin account.
        pub account: Pubkey,
        /// Number of the event in the account.
        pub sequence: u64,
        /// Its slot in the account.
        pub slot: u8,
        /// The price that sets it off from now on, ticks; 0 if it is gone.
        pub trigger_price: u32,
    }

    /// A trigger order was executed; the order that it became is told by [`Ordered`].
    #[event]
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct TriggerExecuted {
        /// The margin account.
        pub account: Pubkey,
        /// Number of the event in the account.
        pub sequence: u64,
        /// Its slot in the account.
        pub slot: u8,
        /// Balance of quote afterwards, or the pocket of an isolated position.
        pub balance: i64,
        /// The keeper's margin account.
        pub keeper: Pubkey,
        /// Number of the event in the keeper's account.
        pub keeper_sequence: u64,
        /// What the keeper got, native quote.
        pub reward: u64,
        /// The keeper's balance of quote afterwards.
        pub keeper_balance: i64,
    }

    /// Fees moved from a market's pool to the exchange.
    #[event]
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct FeesCollected {
        /// The market.
        pub market: Pubkey,
        /// Number of the event in the market.
        pub sequence: u64,
        /// Native quote.
        pub amount: u64,
    }

    /// Collected fees left the quote vault for the fee collector.
    #[event]
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct FeesPaid {
        /// The quote bank.
        pub bank: Pubkey,
        /// Number of the event in the bank.
        pub sequence: u64,
        /// Native quote.
        pub amount: u64,
    }

    /// A position made up for what its side went through: lots that were closed against an insolvent account, losses
    /// that
    /// winners bear.
    #[event]
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct Deleveraged {
        /// The margin account.
        pub account: Pubkey,
        /// Number of the event in the account.
        pub sequence: u64,
        /// What the position was paid for it, native quote, funding until now included; below zero what it bore.
        pub quote: i64,
        /// Lots that were closed.
        pub closed: u32,
        /// Lots afterwards, long above zero.
        pub lots: i32,
        /// The market's place on the board.
        pub market: u8,
    }
}
