//! What a taker asks for, and what became of it.

use crate::{
    error::BookError,
    slab::PEGGED,
    units::{Notional, OrderId, Side, Size, Ticks},
    view::Standing,
};
use plimsoll_risk::layout::Key;

/// At what price.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OrderPrice {
    /// At this price or better.
    Fixed(Ticks),
    /// At so many ticks from the oracle price, or better.
    Pegged {
        /// Ticks added to the oracle price.
        offset: i32,
        /// Where it does not rest and does not match: a bid above it, an ask below it.
        limit: Ticks,
    },
}

/// What happens to an order that cannot fill at once and whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Takes what it can; the rest rests, until `expires_at` if that is set.
    Limit,
    /// Takes what it can; the rest is cancelled.
    ImmediateOrCancel,
    /// Fills whole, or fails.
    FillOrKill,
    /// Rests, or fails if it would take.
    PostOnly,
    /// Rests; if it would take, one tick behind the best price of the other side.
    PostOnlySlide,
    /// Takes what it can at any price down to its worst one, which is its `price`; the rest is cancelled.
    Market,
}

/// What happens when an order meets one of its own account. No fill in any case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SelfTrade {
    /// Both become smaller by what would have been filled.
    DecrementAndCancel,
    /// The resting one is cancelled.
    CancelProvide,
    /// The whole call fails.
    Abort,
}

/// An order as it arrives.
#[derive(Clone, Copy, Debug)]
pub struct Taker {
    /// The margin account.
    pub owner: Key,
    /// Where that account will list it, should it rest.
    pub slot: u8,
    /// The number that the client gave it.
    pub client_id: u64,
    /// Buy or sell.
    pub side: Side,
    /// At what price.
    pub price: OrderPrice,
    /// How much.
    pub lots: Size,
    /// What happens to what cannot fill at once.
    pub kind: Kind,
    /// What happens when it meets its own account.
    pub self_trade: SelfTrade,
    /// For a reduce-only order, what it can reduce: the size of the position on the other side, less what other
    /// reduce-only orders already claim. It becomes no larger than that.
    pub reduce_only: Option<Size>,
    /// When its time is over, unix seconds; 0 is never.
    pub expires_at: u32,
}

/// What one call may do.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Now, unix seconds.
    pub now: u32,
    /// Lowest and highest price of a fill.
    pub band: (Ticks, Ticks),
    /// Most makers met: filled, skipped, refused or of the own account.
    pub makers: u32,
    /// Most orders removed in passing: expired, beyond their peg limit, better than the band.
    pub removals: u32,
}

/// Why matching ended before the order's price or size did. Then nothing rests: it would cross.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stopped {
    /// It did not: no lots are left, or nobody at this price.
    No,
    /// [`Limits::makers`] were met.
    Makers,
    /// [`Limits::removals`] were removed.
    Removals,
    /// The next maker's price is outside the band.
    Band,
    /// The program said so.
    Refused,
}

/// Where an order came to rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rested {
    /// Its node.
    pub at: u32,
    /// Its id.
    pub id: OrderId,
    /// How much of it.
    pub lots: Size,
    /// Its price now; after a slide not the one that was asked for.
    pub price: Ticks,
}

/// What became of an order: `filled + decremented + cancelled + rested` lots are what it was, reduce-only counted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// Lots filled.
    pub filled: Size,
    /// What they were worth.
    pub notional: Notional,
    /// Lots that met the own account.
    pub decremented: Size,
    /// Lots that neither filled nor rest.
    pub cancelled: Size,
    /// What rests.
    pub rested: Option<Rested>,
    /// Makers met.
    pub makers: u32,
    /// Orders removed in passing.
    pub removed: u32,
    /// Why matching ended early.
    pub stopped: Stopped,
}

impl Outcome {
    pub(crate) const NOTHING: Self = Self {
        filled: Size::ZERO,
        notional: Notional::ZERO,
        decremented: Size::ZERO,
        cancelled: Size::ZERO,
        rested: None,
        makers: 0,
        removed: 0,
        stopped: Stopped::No,
    };
}

impl OrderPrice {
    /// How it is stored: rank, peg limit, flag. `BadOrder` for a price of 0.
    pub(crate) fn rank(self, side: Side) -> Result<(u32, Ticks, u8), BookError> {
        match self {
            OrderPrice::Fixed(Ticks::ZERO) => Err(BookError::BadOrder),
            OrderPrice::Fixed(price) => Ok((side.rank(price), Ticks::ZERO, 0)),
            OrderPrice::Pegged { offset, limit } => Ok((side.offset_rank(offset), limit, PEGGED)),
        }
    }

    /// The price now. `NoOraclePrice`, `BeyondPegLimit`, `BadOrder` where there is none.
    pub(crate) fn now(self, side: Side, oracle: Option<Ticks>) -> Result<Ticks, BookError> {
        match self {
            OrderPrice::Fixed(Ticks::ZERO) => Err(BookError::BadOrder),
            OrderPrice::Fixed(price) => Ok(price),
            OrderPrice::Pegged { offset, limit } => {
                let oracle = oracle.ok_or(BookError::NoOraclePrice)?;
                let standing = Standing::pegged(side, offset, limit, oracle);
                if standing.beyond { Err(BookError::BeyondPegLimit) } else { Ok(side.price(standing.rank)) }
            }
        }
    }
}

impl Taker {
    /// What it may take at all; refuses what is no order.
    pub(crate) fn admissible(&self, now: u32) -> Result<Size, BookError> {
        let pegged = matches!(self.price, OrderPrice::Pegged { .. });
        if self.lots.is_zero() || (pegged && self.kind == Kind::Market) {
            return Err(BookError::BadOrder);
        }
        if self.expires_at != 0 && self.expires_at <= now {
            return Err(BookError::AlreadyExpired);
        }
        match self.reduce_only {
            Some(Size::ZERO) => Err(BookError::NothingToReduce),
            Some(reducible) => Ok(self.lots.min(reducible)),
            None => Ok(self.lots),
        }
    }

    /// Whether what does not fill may rest.
    pub(crate) fn may_rest(&self) -> bool {
        matches!(self.kind, Kind::Limit | Kind::PostOnly | Kind::PostOnlySlide)
    }
}
