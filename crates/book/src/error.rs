//! Why the book refuses.

/// What went wrong, and what the caller can do about it.
///
/// After an error from [`match_order`](crate::match_order) the book may be changed in part: the transaction has to fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BookError {
    /// The bytes are too short, misaligned, or neither a side of a book nor a fill queue. The wrong account was passed.
    NotABook,
    /// A link leads nowhere. Never happens to bytes that only this crate wrote.
    Corrupt,
    /// A sum, a price or an order id does not fit its type.
    Overflow,
    /// An order without lots, a price of 0, or a market order that is pegged. Fix the order.
    BadOrder,
    /// The order's time is already over.
    AlreadyExpired,
    /// A reduce-only order with nothing to reduce.
    NothingToReduce,
    /// A pegged order while there is no valid oracle price. Retry after the next refresh.
    NoOraclePrice,
    /// At this oracle price the pegged order would be beyond its own limit. Widen the limit or the offset.
    BeyondPegLimit,
    /// A post-only order would take. Move its price, or let it slide.
    WouldTake,
    /// A fill-or-kill order cannot be filled at once and whole.
    CannotFill,
    /// It would trade against its own account, and its owner chose to abort.
    SelfTrade,
    /// No room, and the new order is not better than the worst one resting. Offer a better price, or grow the account.
    BookFull,
    /// This node does not hold that order: it was filled, cancelled, expired or evicted.
    NoSuchOrder,
    /// The order's time is not over yet.
    NotExpired,
    /// No room in the fill queue. Apply some of what waits there, or grow the account.
    QueueFull,
    /// No fill of this number waits: it is applied already, or was never given.
    NoSuchFill,
}

/// Refuses. Where this is called becomes a cold path, and the answer a constant there.
#[inline(always)]
pub(crate) const fn corrupt<T>() -> Result<T, BookError> {
    cold();
    Err(BookError::Corrupt)
}

#[cold]
#[inline(always)]
const fn cold() {}
