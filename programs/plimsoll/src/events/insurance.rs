//! What is told of insurance, of what protects everybody at once, and of how markets end.

use super::packed::events;
use anchor_lang::prelude::*;

events! {
    /// Quote went from a margin account into the insurance fund for shares, or came back for them.
    #[event]
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct StakeMoved {
        /// The margin account.
        pub account: Pubkey,
        /// Number of the event in the account.
        pub sequence: u64,
        /// The stake.
        pub stake: Pubkey,
        /// Number of the event in the stake.
        pub stake_sequence: u64,
        /// Number of the event in the fund.
        pub fund_sequence: u64,
        /// Native quote that was staked; redeemed below zero.
        pub amount: i64,
        /// Shares that came or, redeemed, went.
        pub shares: u64,
        /// The account's quote balance afterwards, native units: owed below zero.
        pub balance: i64,
    }

    /// Shares began to cool.
    #[event]
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct StakeCooled {
        /// The stake.
        pub stake: Pubkey,
        /// Number of the event in the stake.
        pub sequence: u64,
        /// All shares that cool now.
        pub shares: u64,
        /// When they may be redeemed, unix seconds.
        pub ready_at: i64,
    }

    /// What a market owed to insurance filled its deficit, or became cash of its insurance.
    #[event]
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct InsuranceEarned {
        /// The market.
        pub market: Pubkey,
        /// Number of the event in the market.
        pub sequence: u64,
        /// Number of the event in the fund.
        pub fund_sequence: u64,
        /// Fees of both kinds that were given up for the open deficit, native quote.
        pub filled: u64,
        /// What is left of that, native quote.
        pub deficit: u64,
        /// Paid into the market's own part of the insurance, native quote.
        pub tranche: u64,
        /// Paid into the shared fund, native quote; streams in.
        pub fund: u64,
    }

    /// After too long a silence of all prices: nobody is liquidated for a while, then orders may only be cancelled.
    #[event]
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct OutageEnded {
        /// Number of the event in the board.
        pub sequence: u64,
        /// How long no price had come, seconds.
        pub silence: i64,
        /// Until when nobody is liquidated, unix seconds.
        pub grace_until: i64,
        /// Until when orders may only be cancelled, unix seconds.
        pub cancel_only_until: i64,
    }

    /// A market's price moved too far too fast.
    #[event]
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct BreakerOpened {
        /// Number of the event in the board.
        pub sequence: u64,
        /// The market's place on the board.
        pub market: u8,
        /// What the price was when the window began, 2^-40.
        pub from: u64,
        /// The price now, 2^-40.
        pub to: u64,
        /// Until when orders may only reduce or rest, unix seconds.
        pub until: i64,
    }

    /// Withdrawals of a token wait for a loss to be attributed.
    #[event]
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct WithdrawalsGated {
        /// The bank.
        pub bank: Pubkey,
        /// Number of the event in the bank.
        pub sequence: u64,
        /// The insolvent account.
        pub account: Pubkey,
        /// Its loss that may fall on the bank, native quote.
        pub loss: i64,
        /// Until when nothing is withdrawn, unix seconds.
        pub until: i64,
    }

    /// The hour of a market's settlement began: nothing trades in it any more.
    #[event]
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct SettlementStarted {
        /// The market.
        pub market: Pubkey,
        /// Number of the event in the market.
        pub sequence: u64,
        /// Cumulative funding at which it stands from now on, 2^-32 native quote a lot.
        pub funding: i64,
    }

    /// A market's settlement price is fixed.
    #[event]
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct SettlementFixed {
        /// The market.
        pub market: Pubkey,
        /// Number of the event in the market.
        pub sequence: u64,
        /// The average, 2^-40.
        pub price: u64,
        /// The same in native quote a lot: `lot_price / 2^shift`.
        pub lot_price: u32,
        /// See `lot_price`.
        pub shift: u8,
    }

    /// A position was closed at the settlement price.
    #[event]
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct PositionSettled {
        /// The margin account.
        pub account: Pubkey,
        /// Number of the event in the account.
        pub sequence: u64,
        /// The market's place on the board.
        pub market: u8,
        /// Lots that were closed, long above zero.
        pub lots: i32,
        /// What they were worth, native quote: got for a long, paid for a short.
        pub worth: u64,
        /// Funding paid first, native quote; below zero what was got.
        pub funding: i64,
    }

    /// A market is closed for ever.
    #[event]
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct MarketClosed {
        /// The market.
        pub market: Pubkey,
        /// Number of the event in the market.
        pub sequence: u64,
        /// Number of the event in the insurance fund.
        pub fund_sequence: u64,
        /// What its pool still held and insurance got, native quote.
        pub pool: u64,
        /// What its own part of the insurance held and the shared fund got, native quote.
        pub tranche: u64,
        /// What gains may still claim and nobody pays any more, native quote.
        pub deficit: u64,
    }

    /// The admin showed that somebody governs.
    #[event]
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct LifeProved {
        /// Number of the event in the exchange.
        pub sequence: u64,
        /// When, unix seconds.
        pub at: i64,
    }
}
