//! Events: one for every change of value, numbered per account so that a gap proves a missed one.

mod insurance;
mod liquidation;
mod packed;
mod trading;
mod waterfall;

pub use insurance::*;
pub use liquidation::*;
pub use trading::*;
pub use waterfall::*;

use anchor_lang::prelude::*;
use packed::events;

events! {
    /// Tokens came into a margin account.
    #[event]
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct Deposited {
        /// The margin account.
        pub account: Pubkey,
        /// Number of the event in the account.
        pub sequence: u64,
        /// The bank's place on the board.
        pub bank: u8,
        /// Native units that came in.
        pub amount: u64,
        /// Of these, what paid back a debt.
        pub repaid: u64,
        /// Balance afterwards in native units: owed below zero.
        pub balance: i64,
        /// The bank's deposit index, 2^-64.
        pub deposit_index: u128,
        /// The bank's borrow index, 2^-64.
        pub borrow_index: u128,
    }

    /// Tokens left a margin account.
    #[event]
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct Withdrawn {
        /// The margin account.
        pub account: Pubkey,
        /// Number of the event in the account.
        pub sequence: u64,
        /// The bank's place on the board.
        pub bank: u8,
        /// Native units that left.
        pub amount: u64,
        /// Of these, what was borrowed.
        pub borrowed: u64,
        /// Balance afterwards in native units: owed below zero.
        pub balance: i64,
        /// The bank's deposit index, 2^-64.
        pub deposit_index: u128,
        /// The bank's borrow index, 2^-64.
        pub borrow_index: u128,
    }

    /// Interest was accrued and copied to the board.
    #[event]
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct BankRefreshed {
        /// The bank.
        pub bank: Pubkey,
        /// Number of the event in the bank.
        pub sequence: u64,
        /// The bank's deposit index, 2^-64.
        pub deposit_index: u128,
        /// The bank's borrow index, 2^-64.
        pub borrow_index: u128,
        /// What the bank keeps back of interest, native units.
        pub reserves: u64,
    }

    /// A bank closed itself: its vault holds less than its ledger.
    #[event]
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct VaultShort {
        /// The bank.
        pub bank: Pubkey,
        /// Number of the event in the bank.
        pub sequence: u64,
        /// Native units that the ledger says.
        pub recorded: u64,
        /// Native units that are there.
        pub held: u64,
    }

    /// A closed bank was resumed.
    #[event]
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct BankResumed {
        /// The bank.
        pub bank: Pubkey,
        /// Number of the event in the bank.
        pub sequence: u64,
    }

    /// Surplus left a vault.
    #[event]
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct SurplusSkimmed {
        /// The bank.
        pub bank: Pubkey,
        /// Number of the event in the bank.
        pub sequence: u64,
        /// Native units.
        pub amount: u64,
    }

    /// Prices were copied to the board.
    #[event]
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct PricesRefreshed {
        /// The board.
        pub board: Pubkey,
        /// Number of the event on the board.
        pub sequence: u64,
        /// Feeds that moved, a bit each.
        pub feeds: u64,
        /// What the refresher earned, native quote.
        pub reward: u64,
    }

    /// A refresher was paid out of the quote bank's reserves.
    #[event]
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct RefresherPaid {
        /// The refresher's margin account.
        pub account: Pubkey,
        /// Number of the event in the account.
        pub sequence: u64,
        /// Native quote credited.
        pub amount: u64,
        /// Of these, what paid back a debt.
        pub repaid: u64,
        /// Balance afterwards in native units: owed below zero.
        pub balance: i64,
    }

    /// A margin account was opened.
    #[event]
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct AccountOpened {
        /// The margin account.
        pub account: Pubkey,
        /// Its owner.
        pub owner: Pubkey,
        /// Which of the owner's accounts.
        pub number: u32,
    }

    /// A margin account was closed.
    #[event]
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct AccountClosed {
        /// The margin account.
        pub account: Pubkey,
        /// Number of the event in the account.
        pub sequence: u64,
    }

    /// A delegate was set or removed.
    #[event]
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct DelegateSet {
        /// The margin account.
        pub account: Pubkey,
        /// Number of the event in the account.
        pub sequence: u64,
        /// The delegate; nobody if removed.
        pub delegate: Pubkey,
        /// What it may do.
        pub scope: u32,
        /// Until when, unix seconds.
        pub expires_at: i64,
    }

    /// A change was queued.
    #[event]
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct ChangeQueued {
        /// Number of the event in the exchange.
        pub sequence: u64,
        /// The change's number.
        pub number: u64,
        /// The parameter.
        pub parameter: u16,
        /// Which bank, feed or market.
        pub target: u8,
        /// Value now.
        pub old_value: [u8; 32],
        /// Value wanted.
        pub new_value: [u8; 32],
        /// From when it may be applied, unix seconds.
        pub ready_at: i64,
    }

    /// A parameter changed.
    #[event]
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct ParameterChanged {
        /// Number of the event in the exchange.
        pub sequence: u64,
        /// The parameter.
        pub parameter: u16,
        /// Which bank, feed or market.
        pub target: u8,
        /// Value before.
        pub old_value: [u8; 32],
        /// Value from now on, or at the end of its ramp.
        pub new_value: [u8; 32],
    }

    /// A queued change was vetoed or withdrawn.
    #[event]
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct ChangeDropped {
        /// Number of the event in the exchange.
        pub sequence: u64,
        /// The change's number.
        pub number: u64,
        /// Who dropped it.
        pub by: Pubkey,
    }

    /// An action was paused, or its pause ended early.
    #[event]
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct PauseSet {
        /// Number of the event in the exchange.
        pub sequence: u64,
        /// The action, a `Pausable`.
        pub action: u8,
        /// Until when, unix seconds.
        pub until: i64,
    }

    /// The admin's role is being handed over, or was.
    #[event]
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct AdminHandOver {
        /// Number of the event in the exchange.
        pub sequence: u64,
        /// The admin now.
        pub admin: Pubkey,
        /// The nominee; nobody once accepted.
        pub nominee: Pubkey,
        /// When the nominee may accept, unix seconds.
        pub ready_at: i64,
    }

    /// The exchange was opened: from now on loosening waits.
    #[event]
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct ExchangeOpened {
        /// The exchange.
        pub exchange: Pubkey,
        /// Number of the event in the exchange.
        pub sequence: u64,
    }

    /// A feed was added to the board.
    #[event]
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct FeedAdded {
        /// Number of the event in the exchange.
        pub sequence: u64,
        /// Its place on the board.
        pub feed: u8,
        /// Pyth's id.
        pub pyth_feed_id: [u8; 32],
    }

    /// A bank was registered.
    #[event]
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct BankRegistered {
        /// Number of the event in the exchange.
        pub sequence: u64,
        /// The bank.
        pub bank: Pubkey,
        /// Its place on the board.
        pub index: u8,
        /// Its mint.
        pub mint: Pubkey,
    }
}
