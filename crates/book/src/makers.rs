//! Who hears of what happens to resting orders: the program, which settles it in their owners' accounts.

use crate::{
    error::BookError,
    slab::Node,
    units::{Size, Ticks},
};

/// What the owner of a maker order can do now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admission {
    /// All of it may fill.
    Fill,
    /// At most so many lots may fill; the rest of the order is removed (a reduce-only order beyond its position).
    Clip(Size),
    /// It stays and does not fill (a reduce-only order whose account is not here).
    Skip,
    /// It does not fill and is removed (its account is flagged).
    Remove,
    /// Matching ends here (no room to queue its fill).
    Stop,
}

/// Why lots left the book without a fill.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// Its time was over.
    Expired,
    /// It was pegged, and beyond its limit.
    BeyondPegLimit,
    /// It offered a taker more than the price band allows.
    OutsideBand,
    /// It would have traded with its own account.
    SelfTrade,
    /// It was larger than the position that it may only reduce.
    ReduceOnly,
    /// Its account was refused by [`Makers::admit`].
    Refused,
    /// It was the worst, the side was full, and a better one came.
    Evicted,
}

/// One fill.
#[derive(Clone, Copy, Debug)]
pub struct Fill<'a> {
    /// The maker's order; its `lots` are what is left, and nothing means that it is gone.
    pub maker: &'a Node,
    /// Its node.
    pub at: u32,
    /// Where they met: the maker's price.
    pub price: Ticks,
    /// How much.
    pub lots: Size,
}

/// Lots of a resting order that left the book without a fill.
#[derive(Clone, Copy, Debug)]
pub struct Taken<'a> {
    /// The order; its `lots` are what is left, and nothing means that it is gone.
    pub maker: &'a Node,
    /// Its node.
    pub at: u32,
    /// How much.
    pub lots: Size,
    /// Why.
    pub reason: Reason,
}

/// Told of everything that happens to resting orders, in the order in which it happens.
pub trait Makers {
    /// Why the whole call fails.
    type Error: From<BookError>;

    /// Asked before a fill: may this order, at this price?
    fn admit(&mut self, maker: &Node, price: Ticks) -> Admission;

    /// Asked before an order of someone else is taken off: can its owner's account be told? If not, matching ends here.
    fn can_take_off(&mut self, _maker: &Node, _reason: Reason) -> bool {
        true
    }

    /// Told of each fill.
    fn filled(&mut self, fill: &Fill) -> Result<(), Self::Error>;

    /// Told of lots that left the book without a fill.
    fn taken_off(&mut self, taken: &Taken) -> Result<(), Self::Error>;
}
