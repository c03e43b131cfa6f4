//! The bytes of one side of a book, frozen: a header, then nodes, as many as the account has room for.
//!
//! A node's index is its order's address for as long as the order rests: balancing the tree changes links and moves no
//! node, and growing the account adds nodes behind the others. Nodes are taken from the free list first, then from those
//! never touched, so that neither creating nor growing a side has to write to its nodes.

use crate::{
    error::{BookError, corrupt},
    units::{OrderId, Side, Size, Ticks},
};
use plimsoll_risk::layout::Key;

/// No node.
pub const NIL: u32 = u32::MAX;
/// Bytes of the header. With an account's eight bytes in front, as long as two nodes.
pub const HEADER_BYTES: usize = core::mem::size_of::<SideHeader>();
/// Bytes of a node. 10 KiB, what one instruction can grow an account by, are 128 nodes.
pub const NODE_BYTES: usize = core::mem::size_of::<Node>();

/// The order's price is an offset from the oracle price.
pub const PEGGED: u8 = 1;
/// The order may only reduce its owner's position.
pub const REDUCE_ONLY: u8 = 2;

plimsoll_risk::layout! {
    /// An ordered tree of nodes.
    pub struct Tree {
        /// The node that all others are below.
        pub root: u32,
        /// The order that is served first.
        pub best: u32,
        /// The order that is served last.
        pub worst: u32,
        /// How many orders are in it.
        pub count: u32,
    }

    /// What stands in front of the nodes.
    pub struct SideHeader {
        /// The market.
        pub market: Key,
        /// Orders at a fixed price.
        pub fixed: Tree,
        /// Orders at an offset from the oracle price.
        pub pegged: Tree,
        /// The last id given.
        pub last_id: OrderId,
        /// The first of the nodes given back, linked by `parent`.
        pub free: u32,
        /// Nodes from this one on were never in use.
        pub touched: u32,
        /// Bids or asks, a `Side`.
        pub side: u8,
        /// The canonical bump of the account's address.
        pub bump: u8,
        /// Unused, zero.
        pub reserved: [u8; 6],
        /// Unused, zero.
        pub spare: [u8; 64],
    }

    /// A resting order. A node given back is zero but for `parent`.
    pub struct Node {
        /// The margin account that the order belongs to.
        pub owner: Key,
        /// Its name, and its place in time; 0 is a free node.
        pub id: OrderId,
        /// The number that the client gave it.
        pub client_id: u64,
        /// Its place in price: of two orders the smaller is served first. An ask's ticks, the complement of a bid's; the
        /// same of `offset + 2^31` for a pegged order.
        pub rank: u32,
        /// The price beyond which a pegged order does not rest: a bid never above it, an ask never below.
        pub peg_limit: Ticks,
        /// What is left of it.
        pub lots: Size,
        /// When its time is over, unix seconds; 0 is never.
        pub expires_at: u32,
        /// The tree of those served before it.
        pub left: u32,
        /// The tree of those served after it.
        pub right: u32,
        /// The node above; of a free node, the next free one.
        pub parent: u32,
        /// Which of its trees is the higher one, by one level: 0 neither, 1 the left, 2 the right.
        pub tall: u8,
        /// Where its owner's account lists it.
        pub slot: u8,
        /// Pegged, reduce-only.
        pub flags: u8,
        /// Unused, zero.
        pub reserved: u8,
    }
}

impl Tree {
    /// Without orders.
    pub const EMPTY: Self = Self { root: NIL, best: NIL, worst: NIL, count: 0 };
}

impl SideHeader {
    /// Bids or asks.
    #[inline(always)]
    pub fn side(&self) -> Side {
        if self.side == 0 { Side::Bid } else { Side::Ask }
    }

    /// How many orders rest on this side.
    #[inline(always)]
    pub fn count(&self) -> u32 {
        self.fixed.count.saturating_add(self.pegged.count)
    }
}

impl Node {
    /// Whether its price follows the oracle's.
    #[inline(always)]
    pub fn is_pegged(&self) -> bool {
        self.flags & PEGGED != 0
    }

    /// Whether it may only reduce its owner's position.
    #[inline(always)]
    pub fn is_reduce_only(&self) -> bool {
        self.flags & REDUCE_ONLY != 0
    }

    /// Whether its time is over.
    #[inline(always)]
    pub fn is_expired(&self, now: u32) -> bool {
        self.expires_at != 0 && self.expires_at <= now
    }

    /// The worst price it can fill at: what its owner is margined at.
    pub fn limit(&self, side: Side) -> Ticks {
        if self.is_pegged() { self.peg_limit } else { side.price(self.rank) }
    }
}

/// A node that has to be there.
#[inline(always)]
pub(crate) fn node(nodes: &[Node], at: u32) -> Result<&Node, BookError> {
    match nodes.get(at as usize) {
        Some(node) => Ok(node),
        None => corrupt(),
    }
}

/// A node that has to be there, to be changed.
#[inline(always)]
pub(crate) fn node_mut(nodes: &mut [Node], at: u32) -> Result<&mut Node, BookError> {
    match nodes.get_mut(at as usize) {
        Some(node) => Ok(node),
        None => corrupt(),
    }
}

/// Takes a node into service. `None` when all are.
pub(crate) fn take(header: &mut SideHeader, nodes: &[Node]) -> Result<Option<u32>, BookError> {
    if header.free != NIL {
        let at = header.free;
        header.free = node(nodes, at)?.parent;
        return Ok(Some(at));
    }
    let at = header.touched;
    if (at as usize) < nodes.len() && at != NIL {
        header.touched = at.saturating_add(1);
        return Ok(Some(at));
    }
    Ok(None)
}

/// Gives a node back. Its order's id is gone with it.
pub(crate) fn give_back(header: &mut SideHeader, nodes: &mut [Node], at: u32) -> Result<(), BookError> {
    let place = node_mut(nodes, at)?;
    // In two halves, the link between them: on chain, clearing all in one is a call and a loop, which cost ten times that.
    (place.owner, place.id) = (Key::NONE, OrderId::ZERO);
    place.parent = header.free;
    (place.client_id, place.rank, place.peg_limit, place.lots) = (0, 0, Ticks::ZERO, Size::ZERO);
    (place.expires_at, place.left, place.right) = (0, 0, 0);
    (place.tall, place.slot, place.flags, place.reserved) = (0, 0, 0, 0);
    header.free = at;
    Ok(())
}

/// A header and its nodes, from an account's bytes behind the discriminator.
pub(crate) fn split(bytes: &[u8]) -> Result<(&SideHeader, &[Node]), BookError> {
    let (header, rest) = bytes.split_at_checked(HEADER_BYTES).ok_or(BookError::NotABook)?;
    let header: &SideHeader = bytemuck::try_from_bytes(header).map_err(|_| BookError::NotABook)?;
    let (whole, _) = rest.split_at_checked(whole_nodes(rest.len())).ok_or(BookError::NotABook)?;
    Ok((header, bytemuck::try_cast_slice(whole).map_err(|_| BookError::NotABook)?))
}

/// The same, to be changed.
pub(crate) fn split_mut(bytes: &mut [u8]) -> Result<(&mut SideHeader, &mut [Node]), BookError> {
    let (header, rest) = bytes.split_at_mut_checked(HEADER_BYTES).ok_or(BookError::NotABook)?;
    let header: &mut SideHeader = bytemuck::try_from_bytes_mut(header).map_err(|_| BookError::NotABook)?;
    let whole = whole_nodes(rest.len());
    let (whole, _) = rest.split_at_mut_checked(whole).ok_or(BookError::NotABook)?;
    Ok((header, bytemuck::try_cast_slice_mut(whole).map_err(|_| BookError::NotABook)?))
}

/// Bytes of the nodes that fit.
#[allow(clippy::arithmetic_side_effects)] // NODE_BYTES is not 0, and the remainder is not above the length.
const fn whole_nodes(bytes: usize) -> usize {
    bytes - bytes % NODE_BYTES
}
