//! What is told of those who could not pay: deleveraging, bankruptcy, and who bore what.

use super::packed::{elements, events};
use anchor_lang::prelude::*;

/// [`BankruptcyLeg::kind`]: a position's loss.
pub const LEG_POSITION: u8 = 0;
/// [`BankruptcyLeg::kind`]: a borrow.
pub const LEG_BORROW: u8 = 1;
/// [`BankruptcyLeg::kind`]: a gain that was not paid out yet, seized for the insurance fund.
pub const LEG_CLAIM: u8 = 2;
/// [`BankruptcyLeg::kind`]: a deposit too small to be liquidated, seized for the bank's reserves.
pub const LEG_DEPOSIT: u8 = 3;

elements! {
    /// One thing that a bankrupt account owed or owned, and what became of it.
    #[derive(Clone, Debug, Default, PartialEq, Eq, AnchorSerialize, AnchorDeserialize)]
    pub struct BankruptcyLeg {
        /// One of `LEG_*`.
        pub kind: u8,
        /// Place on the board of the market or the bank.
        pub index: u8,
        /// The loss or claim in native quote; the borrow or deposit in native units of its token.
        pub amount: u64,
        /// What was seized from the account for it, native quote.
        pub seized: u64,
        /// Borne by the first layer: the market's insurance tranche (native quote), or the bank's reserves (native
        /// units).
        pub own: u64,
        /// What the shared insurance fund paid, native quote.
        pub fund: u64,
        /// Native units that were bought from the resolver, with what was seized and what the fund paid.
        pub bought: u64,
        /// Borne by the market's winners (native quote), or the bank's lenders (native units).
        pub others: u64,
        /// What stays open in the market, native quote.
        pub deficit: u64,
    }
}

events! {
    /// Lots of an insolvent position were closed against the whole other side.
    #[event]
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct ClosedByDeleveraging {
        /// The margin account.
        pub account: Pubkey,
        /// Number of the event in the account.
        pub sequence: u64,
        /// The market's place on the board.
        pub market: u8,
        /// Number of the event in the market.
        pub market_sequence: u64,
        /// Whether the account's lots were long.
        pub is_long: bool,
        /// Lots closed: of the account, and of the other side together.
        pub lots: u32,
        /// Their worth at the board's price, native quote.
        pub quote: i64,
        /// Funding that the account's position paid first, native quote; below zero what it got.
        pub funding: i64,
        /// Equity before, native quote.
        pub equity: i64,
    }

    /// A bankruptcy was resolved: what was left is seized, what was owed is gone.
    #[event]
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct BankruptcyResolved {
        /// The margin account.
        pub account: Pubkey,
        /// Number of the event in the account.
        pub sequence: u64,
        /// 255 for the cross part, otherwise the market of the isolated position.
        pub scope: u8,
        /// Number of the event in the insurance fund.
        pub fund_sequence: u64,
        /// What the shared fund covers afterwards, native quote.
        pub cover: u64,
        /// Quote that was seized.
        pub cash: u64,
        /// What the waterfall had to bear, native quote.
        pub deficit: u64,
        /// The margin account that sold tokens to the fund.
        pub resolver: Pubkey,
        /// Number of the event in that account; 0 where nothing was bought.
        pub resolver_sequence: u64,
        /// What it was paid, native quote.
        pub paid: u64,
        /// Its balance of quote afterwards: owed below zero; 0 where nothing was bought.
        pub resolver_balance: i64,
        /// What was owed and seized, in order.
        pub legs: Vec<BankruptcyLeg>,
    }
}
