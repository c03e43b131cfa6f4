//! A bank's entry on the risk board: all that a margin check needs to know of a token.

use super::Key;
use crate::{
    num::{Quote, Ratio, Shares, StoredIndex},
    ramp::Ramp,
};

/// In place of a feed's number: the token is the quote token, worth exactly 1.
pub const NO_FEED: u8 = u8::MAX;

/// The model of portfolio margin covers this bank's balances.
pub const PORTFOLIO_ELIGIBLE: u8 = 1;

crate::layout! {
    /// The value of one share in native quote units: `(shares · mantissa) >> shift`, one shift for all.
    ///
    /// Computed at each refresh from index, price and weight, so that a margin check multiplies
    /// once a balance. Assets are rounded down, liabilities up.
    pub struct ShareValues {
        /// Deposit in the strict kinds (Withdraw, Initial).
        pub asset_strict: u64,
        /// Deposit in the maintenance kinds.
        pub asset_maint: u64,
        /// Borrow in the strict kinds.
        pub liability_strict: u64,
        /// Borrow at the end of a liquidation: maintenance plus its buffer.
        pub liability_liqend: u64,
        /// Borrow in the maintenance kind.
        pub liability_maint: u64,
        /// Deposit at full price.
        pub asset_equity: u64,
        /// Borrow at full price.
        pub liability_equity: u64,
    }

    /// A bank's entry on the risk board.
    pub struct BankTerms {
        /// Value of one share for each kind of check.
        pub values: ShareValues,
        /// Until when `values` may be used, unix seconds; 0 while its feed is not valid.
        pub valid_until: i64,
        /// Publish time of the price in `values`, unix seconds.
        pub publish_time: i64,
        /// Common shift of `values`, 0 to 127.
        pub shift: u8,
        /// Its feed on the board, or [`NO_FEED`].
        pub feed: u8,
        /// Decimals of the token, 0 to 12.
        pub decimals: u8,
        /// Eligibility bits.
        pub flags: u8,
        /// Shift of `deposit_unit`.
        pub deposit_shift: u8,
        /// Shift of `borrow_unit`.
        pub borrow_shift: u8,
        /// Unused, zero.
        pub reserved: [u8; 2],
        /// The bank account.
        pub bank: Key,
        /// Growth of a deposit share.
        pub deposit_index: StoredIndex,
        /// Growth of a borrow share.
        pub borrow_index: StoredIndex,
        /// All deposit shares of the bank, as last copied.
        pub deposit_shares: Shares,
        /// Worth of all its deposits at the price.
        pub deposits_value: Quote,
        /// Deposits' worth beyond which strict asset weights shrink; 0 is never.
        pub scale_start: Quote,
        /// Weight of a deposit in the strict kinds, at most 1.
        pub asset_weight_initial: Ratio,
        /// Weight of a borrow in the strict kinds, at least 1.
        pub liability_weight_initial: Ratio,
        /// Weight of a deposit in the maintenance kinds, at most 1.
        pub asset_weight_maint: Ramp,
        /// Weight of a borrow in the maintenance kinds, at least 1.
        pub liability_weight_maint: Ramp,
        /// When the indexes were copied from the bank, unix seconds.
        pub updated_at: i64,
        /// Native quote that a deposit share is worth at a price of 1, 2^-`deposit_shift`, rounded down; 0 is not computed.
        pub deposit_unit: u64,
        /// Native quote that a borrow share owes at a price of 1, 2^-`borrow_shift`, rounded up; 0 is not computed.
        pub borrow_unit: u64,
    }
}
