//! One side of a book: insert, cancel, expire, find the worst.

use crate::{
    error::BookError,
    slab::{self, NIL, Node, PEGGED, SideHeader, Tree, node, node_mut},
    tree,
    units::{OrderId, Side, Size, Ticks},
    view::{SideView, Standing},
};
use plimsoll_risk::layout::Key;

/// One side of a book, in its account's bytes.
pub struct BookSide<'a> {
    pub(crate) header: &'a mut SideHeader,
    pub(crate) nodes: &'a mut [Node],
    pub(crate) side: Side,
}

/// What comes to rest.
#[derive(Clone, Copy, Debug)]
pub struct NewOrder {
    /// The margin account that it belongs to.
    pub owner: Key,
    /// Where that account lists it.
    pub slot: u8,
    /// The number that the client gave it.
    pub client_id: u64,
    /// A price, or an offset from the oracle's.
    pub price: crate::order::OrderPrice,
    /// How much.
    pub lots: Size,
    /// When its time is over, unix seconds; 0 is never.
    pub expires_at: u32,
    /// Whether it may only reduce its owner's position.
    pub reduce_only: bool,
}

impl<'a> BookSide<'a> {
    /// Makes an empty side of zeroed bytes, an account's behind the discriminator.
    pub fn create(bytes: &'a mut [u8], side: Side, market: Key, bump: u8) -> Result<Self, BookError> {
        let (header, nodes) = slab::split_mut(bytes)?;
        header.market = market;
        (header.fixed, header.pegged) = (Tree::EMPTY, Tree::EMPTY);
        header.last_id = OrderId::new(u64::from(side.code()));
        (header.free, header.touched) = (NIL, 0);
        (header.side, header.bump) = (side.code(), bump);
        Ok(Self { header, nodes, side })
    }

    /// Reads a side from its account's bytes behind the discriminator. All room that the account has is in use: growing it
    /// needs nothing else.
    pub fn load(bytes: &'a mut [u8]) -> Result<Self, BookError> {
        let (header, nodes) = slab::split_mut(bytes)?;
        let side = Side::from_code(header.side).ok_or(BookError::NotABook)?;
        Ok(Self { header, nodes, side })
    }

    /// The same, read-only.
    #[inline(always)]
    pub fn view(&self) -> SideView<'_> {
        SideView { header: self.header, nodes: self.nodes }
    }

    /// Bids or asks.
    pub fn side(&self) -> Side {
        self.side
    }

    /// Whether a new order would have to take a resting one's room.
    pub fn is_full(&self) -> bool {
        self.header.free == NIL && self.header.touched as usize >= self.nodes.len()
    }

    /// Lets an order rest, behind all that have its price. Returns its node and its id; `BookFull` without room.
    ///
    /// `BadOrder` without lots or at a price of 0. Whether it crosses is not asked here.
    pub fn insert(&mut self, new: &NewOrder) -> Result<(u32, OrderId), BookError> {
        let (rank, peg_limit, peg) = new.price.rank(self.side)?;
        if new.lots.is_zero() {
            return Err(BookError::BadOrder);
        }
        let id = OrderId::new(self.header.last_id.get().checked_add(2).ok_or(BookError::Overflow)?);
        let at = slab::take(self.header, self.nodes)?.ok_or(BookError::BookFull)?;
        self.header.last_id = id;
        let place = node_mut(self.nodes, at)?;
        *place = Node {
            owner: new.owner,
            id,
            client_id: new.client_id,
            rank,
            peg_limit,
            lots: new.lots,
            expires_at: new.expires_at,
            left: NIL,
            right: NIL,
            parent: NIL,
            tall: 0,
            slot: new.slot,
            flags: peg | if new.reduce_only { slab::REDUCE_ONLY } else { 0 },
            reserved: 0,
        };
        let tree = if peg == PEGGED { &mut self.header.pegged } else { &mut self.header.fixed };
        tree::insert(tree, self.nodes, at, rank)?;
        Ok((at, id))
    }

    /// The order of this name in this node: whose it is, and what is left of it.
    ///
    /// # Errors
    /// `NoSuchOrder` if it is gone, whoever lives in the node now.
    #[inline(always)]
    pub fn owner_of(&self, at: u32, id: OrderId) -> Result<&Node, BookError> {
        match self.nodes.get(at as usize) {
            Some(order) if order.id == id && !id.is_zero() => Ok(order),
            _ => Err(BookError::NoSuchOrder),
        }
    }

    /// Takes an order off, wherever it stands. The id is the proof: a node that another order lives in now is left alone.
    pub fn cancel(&mut self, at: u32, id: OrderId) -> Result<Node, BookError> {
        let order = *self.owner_of(at, id)?;
        self.remove(at)?;
        Ok(order)
    }

    /// Takes an order off whose time is over. Anyone may.
    pub fn expire(&mut self, at: u32, id: OrderId, now: u32) -> Result<Node, BookError> {
        if !self.owner_of(at, id)?.is_expired(now) {
            return Err(BookError::NotExpired);
        }
        self.cancel(at, id)
    }

    /// Makes an order smaller where it stands: it keeps its place in time. `BadOrder` unless something is left and less.
    pub fn reduce(&mut self, at: u32, id: OrderId, to: Size) -> Result<(), BookError> {
        if to.is_zero() || to >= self.owner_of(at, id)?.lots {
            return Err(BookError::BadOrder);
        }
        node_mut(self.nodes, at)?.lots = to;
        Ok(())
    }

    /// Takes a node out of its tree and gives it back.
    pub(crate) fn remove(&mut self, at: u32) -> Result<(), BookError> {
        let order = node(self.nodes, at)?;
        // Only then does removing ask who is next.
        let asked = at == self.header.fixed.best
            || at == self.header.pegged.best
            || (order.left != NIL && order.right != NIL);
        let next = if asked { tree::next(self.nodes, at)? } else { NIL };
        self.remove_before(at, next)
    }

    /// The same, where the next of its tree is known already.
    pub(crate) fn remove_before(&mut self, at: u32, next: u32) -> Result<(), BookError> {
        let tree = match node(self.nodes, at)?.is_pegged() {
            true => &mut self.header.pegged,
            false => &mut self.header.fixed,
        };
        tree::remove(tree, self.nodes, at, next)?;
        slab::give_back(self.header, self.nodes, at)
    }

    /// The order that would be served last of all, and its rank at this oracle price; `None` for a rank if it could not be
    /// served at all: its time is over, or it is beyond its limit. Without an oracle price pegged orders are left alone.
    pub(crate) fn worst(
        &self,
        oracle: Option<Ticks>,
        now: u32,
    ) -> Result<Option<(u32, Option<u32>)>, BookError> {
        let fixed = self.last(self.header.fixed.worst, now, |order| Some(Standing::fixed(order)))?;
        let pegged = self.last(self.header.pegged.worst, now, |order| {
            let offset = self.side.offset(order.rank);
            oracle.map(|oracle| Standing::pegged(self.side, offset, order.peg_limit, oracle))
        })?;
        Ok(match (fixed, pegged) {
            (Some(fixed), Some(pegged)) => Some(if fixed.0 > pegged.0 { fixed } else { pegged }),
            (fixed, pegged) => fixed.or(pegged),
        }
        .map(|((dead, rank, _), at)| (at, if dead { None } else { Some(rank) })))
    }

    /// How bad a tree's last order is: dead before anything, then its rank, then its age.
    #[allow(clippy::type_complexity)]
    fn last(
        &self,
        at: u32,
        now: u32,
        standing: impl Fn(&Node) -> Option<Standing>,
    ) -> Result<Option<((bool, u32, OrderId), u32)>, BookError> {
        if at == NIL {
            return Ok(None);
        }
        let order = node(self.nodes, at)?;
        Ok(standing(order)
            .map(|now_at| ((now_at.beyond || order.is_expired(now), now_at.rank, order.id), at)))
    }
}
