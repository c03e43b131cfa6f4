//! Why the engine refuses to answer.

use crate::num::{Quote, TokenAmount};

/// What went wrong, and what the caller can do about it.
///
/// The engine never guesses: an input that it cannot price, or a result that does not fit, is one of these.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RiskError {
    /// A result does not fit its type. Nothing to retry: an amount, price or index is outside what the protocol supports.
    Overflow,
    /// A price is 0 or not below 2^63. The oracle is broken: use another source or wait for the next update.
    PriceOutOfRange,
    /// A ratio, kink, decimal count or other parameter is outside its documented range. Fix the configuration.
    BadParameter,
    /// A balance names a bank, or a bank a feed, that the board does not have. The accounts do not belong together.
    Missing,
    /// More overlay prices than an [`Overlay`](crate::health::Overlay) holds. Refresh the board for the rest.
    TooMany,
    /// The price of this bank's token is older than its limit, or invalid. Refresh the board, or hand in an overlay price.
    StalePrice {
        /// Index of the bank on the board.
        bank: u16,
    },
    /// The price of this market is older than its limit, or invalid. Refresh the board, or hand in an overlay price.
    StaleMarket {
        /// The market's place on the board.
        market: u8,
    },
    /// The account, or the pocket, would not carry the risk taken. Deposit `requirement − collateral`, or take less.
    NotEnoughMargin {
        /// Net collateral after the action, native quote, rounded down.
        collateral: Quote,
        /// What positions and orders need after it, native quote, rounded up.
        requirement: Quote,
    },
    /// Margin is short, and this reduction would cost more health than it frees. Reduce at a better price, or deposit.
    LowersHealth {
        /// What health would lose, native quote, rounded up.
        by: Quote,
    },
    /// Health is below maintenance, and equity would fall faster than the requirement. Reduce at a better price, or deposit.
    LowersEquityRatio {
        /// Equity after the action, native quote, rounded down.
        equity: Quote,
        /// Maintenance requirement after the action, native quote, rounded up.
        requirement: Quote,
    },
    /// Somebody's deleveraging of two epochs is not applied yet, and a third cannot begin. Apply it to the positions of this
    /// market that are behind (anyone may), then retry.
    EpochPending {
        /// The market's place on the board.
        market: u8,
    },
    /// The prices in a strict check were published too far apart. Refresh the older ones.
    PublishSpread,
    /// The update is not newer than the one already known. Fetch a newer one; nothing was changed.
    OldUpdate,
    /// The update claims to come from the future. The publisher's or the cluster's clock is off; retry later.
    FutureUpdate,
    /// The fallback oracle is not accepted: the first source is still alive. Use the first source.
    PrimaryAlive,
    /// The fallback oracle's price is too far from the known one. Wait for the first source.
    OutsideBand,
    /// The withdrawal would exceed the bank's net outflow limit. Withdraw at most `available` now, or wait.
    OutflowLimit {
        /// What a withdrawal of this size class could still take in this window now, in native units.
        available: TokenAmount,
    },
}

/// Refuses. Where this is called becomes a cold path, and the answer a constant there: a function of its own would have its
/// callers read back a tag that is always an error's.
#[inline(always)]
pub(crate) const fn overflow<T>() -> Result<T, RiskError> {
    cold();
    Err(RiskError::Overflow)
}

#[cold]
#[inline(always)]
const fn cold() {}
