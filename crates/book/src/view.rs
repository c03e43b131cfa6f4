//! Reading a side: from an account's bytes, on chain or off.

use crate::{
    error::BookError,
    slab::{self, NIL, Node, SideHeader, node},
    tree,
    units::{Notional, Side, Size, Ticks},
};

/// One side of a book, read-only.
#[derive(Clone, Copy)]
pub struct SideView<'a> {
    pub(crate) header: &'a SideHeader,
    pub(crate) nodes: &'a [Node],
}

/// A resting order as seen at an oracle price.
#[derive(Clone, Copy, Debug)]
pub struct Resting<'a> {
    /// Its node.
    pub at: u32,
    /// The order.
    pub order: &'a Node,
    /// What it would fill at now.
    pub price: Ticks,
}

/// What taking so much from one side would be worth: `notional / lots` is its mean price, in ticks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Impact {
    /// Exactly what these lots are worth at their makers' prices.
    pub notional: Notional,
    /// How many lots, never 0.
    pub lots: u64,
}

impl<'a> SideView<'a> {
    /// Reads a side from its account's bytes behind the discriminator.
    pub fn load(bytes: &'a [u8]) -> Result<Self, BookError> {
        let (header, nodes) = slab::split(bytes)?;
        Side::from_code(header.side).ok_or(BookError::NotABook)?;
        Ok(Self { header, nodes })
    }

    /// What stands in front of the nodes.
    pub fn header(&self) -> &'a SideHeader {
        self.header
    }

    /// Bids or asks.
    pub fn side(&self) -> Side {
        self.header.side()
    }

    /// How many orders rest here.
    pub fn len(&self) -> u32 {
        self.header.count()
    }

    /// Whether no order rests here.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many orders the account has room for.
    pub fn capacity(&self) -> usize {
        self.nodes.len()
    }

    /// The order in a node. `None` for a free node, or none at all.
    pub fn order(&self, at: u32) -> Option<&'a Node> {
        self.nodes.get(at as usize).filter(|node| !node.id.is_zero())
    }

    /// The orders that could fill now, in the order in which they would: pegged orders at this oracle price, without those
    /// beyond their limits; none of them without an oracle price; nothing whose time is over.
    pub fn orders(&self, oracle: Option<Ticks>, now: u32) -> Orders<'a> {
        // Links that run in circles, in bytes that no book wrote, end here too.
        let left = self.nodes.len().min(self.len() as usize);
        Orders { view: *self, merge: Merge::new(self.header, oracle), now, left }
    }

    /// The first of [`SideView::orders`].
    pub fn best(&self, oracle: Option<Ticks>, now: u32) -> Option<Resting<'a>> {
        self.orders(oracle, now).next()
    }

    /// What it takes to trade `notional` with this side as it stands, best price first.
    ///
    /// The last order counts in part, with the fewest whole lots that reach `notional`: the result is worth that much or,
    /// by less than one lot, more. `None` if the first `most_orders` orders do not reach it, or if nothing is asked for.
    /// Orders that could not fill now are passed over; so that the walk is bounded, they count to `most_orders`.
    pub fn impact(
        &self,
        oracle: Option<Ticks>,
        now: u32,
        notional: Notional,
        most_orders: u32,
    ) -> Option<Impact> {
        let mut sought = Sought { asked: notional, missing: notional, lots: 0 };
        if oracle.is_none() || self.header.pegged.best == NIL {
            // Nothing to merge: the walk is paid for by whoever trades first in a slot.
            let (side, mut at) = (self.header.side(), self.header.fixed.best);
            for _ in 0..most_orders {
                let order = self.nodes.get(at as usize)?;
                if !order.is_expired(now) && sought.is_reached_by(side.price(order.rank), order.lots)? {
                    return sought.found(side.price(order.rank));
                }
                at = tree::next(self.nodes, at).ok()?;
            }
            return None;
        }
        let mut merge = Merge::new(self.header, oracle);
        for _ in 0..most_orders {
            let head = merge.head(self.nodes).ok()??;
            let order = node(self.nodes, head.at).ok()?;
            let price = merge.side.price(head.rank);
            if !head.beyond && !order.is_expired(now) && sought.is_reached_by(price, order.lots)? {
                return sought.found(price);
            }
            merge.pass(self.nodes, &head).ok()?;
        }
        None
    }
}

/// A depth on the way to be reached.
struct Sought {
    asked: Notional,
    missing: Notional,
    lots: u64,
}

impl Sought {
    /// Whether an order reaches what is missing; counts all of it if it does not.
    #[inline(always)]
    fn is_reached_by(&mut self, price: Ticks, lots: Size) -> Option<bool> {
        let worth = price.times(lots);
        if worth >= self.missing {
            return Some(true);
        }
        self.missing = Notional::new(self.missing.get().checked_sub(worth.get())?);
        self.lots = self.lots.checked_add(lots.get().into())?;
        Some(false)
    }

    /// All that was counted, and of the last order the fewest lots that reach what is missing.
    #[inline(always)]
    fn found(&self, price: Ticks) -> Option<Impact> {
        let part = price.lots_worth(self.missing)?;
        let met = self.asked.get().checked_sub(self.missing.get())?;
        let notional = Notional::new(met.checked_add(price.times(part).get())?);
        Some(Impact { notional, lots: self.lots.checked_add(part.get().into())? })
    }
}

/// See [`SideView::orders`].
pub struct Orders<'a> {
    view: SideView<'a>,
    merge: Merge,
    now: u32,
    left: usize,
}

impl<'a> Iterator for Orders<'a> {
    type Item = Resting<'a>;

    fn next(&mut self) -> Option<Resting<'a>> {
        let nodes = self.view.nodes;
        while self.left > 0 {
            self.left = self.left.saturating_sub(1);
            let head = self.merge.head(nodes).ok()??;
            self.merge.pass(nodes, &head).ok()?;
            let order = nodes.get(head.at as usize)?;
            if !head.beyond && !order.is_expired(self.now) {
                return Some(Resting { at: head.at, order, price: self.merge.side.price(head.rank) });
            }
        }
        None
    }
}

/// An order's standing among all of its side at an oracle price.
#[derive(Clone, Copy)]
pub(crate) struct Standing {
    /// Rank of its price now.
    pub rank: u32,
    /// Whether it is pegged, and where it may not rest: beyond its limit, or at no price at all.
    pub beyond: bool,
}

impl Standing {
    #[inline(always)]
    pub(crate) fn fixed(order: &Node) -> Self {
        Self { rank: order.rank, beyond: false }
    }

    #[inline(always)]
    pub(crate) fn pegged(side: Side, offset: i32, limit: Ticks, oracle: Ticks) -> Self {
        match oracle.offset(offset) {
            Some(price) => {
                let rank = side.rank(price);
                Self { rank, beyond: rank < side.rank(limit) }
            }
            None if offset < 0 => Self { rank: side.rank(Ticks::ZERO), beyond: true },
            None => Self { rank: side.rank(Ticks::MAX), beyond: true },
        }
    }
}

/// The next maker, as [`Merge`] found it.
#[derive(Clone, Copy)]
pub(crate) struct Head {
    pub at: u32,
    pub rank: u32,
    pub beyond: bool,
    pegged: bool,
}

/// Walks both trees of a side at once, best first.
pub(crate) struct Merge {
    pub side: Side,
    oracle: Ticks,
    fixed: u32,
    pegged: u32,
}

impl Merge {
    pub(crate) fn new(header: &SideHeader, oracle: Option<Ticks>) -> Self {
        let (oracle, pegged) = match oracle {
            Some(oracle) => (oracle, header.pegged.best),
            None => (Ticks::ZERO, NIL),
        };
        Self { side: header.side(), oracle, fixed: header.fixed.best, pegged }
    }

    /// The better of the two heads; the older one if they are equal.
    #[inline(always)]
    pub(crate) fn head(&self, nodes: &[Node]) -> Result<Option<Head>, BookError> {
        let fixed = match self.fixed {
            NIL => None,
            at => Some((at, node(nodes, at)?)),
        };
        if self.pegged == NIL {
            return Ok(fixed.map(|(at, order)| Head { at, rank: order.rank, beyond: false, pegged: false }));
        }
        let peg = node(nodes, self.pegged)?;
        let now = Standing::pegged(self.side, self.side.offset(peg.rank), peg.peg_limit, self.oracle);
        Ok(Some(match fixed {
            Some((at, order)) if (order.rank, order.id) < (now.rank, peg.id) => {
                Head { at, rank: order.rank, beyond: false, pegged: false }
            }
            _ => Head { at: self.pegged, rank: now.rank, beyond: now.beyond, pegged: true },
        }))
    }

    /// Goes on behind the head. Returns the next of its tree. Call before the head is removed.
    #[inline(always)]
    pub(crate) fn pass(&mut self, nodes: &[Node], head: &Head) -> Result<u32, BookError> {
        let next = tree::next(nodes, head.at)?;
        if head.pegged {
            self.pegged = next;
        } else {
            self.fixed = next;
        }
        Ok(next)
    }
}
