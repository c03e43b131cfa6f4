//! Every structural promise of a side, checked: for tests, invariants and whoever reads a book off chain.

use crate::{
    slab::{NIL, Node, Tree},
    units::OrderId,
    view::SideView,
};

/// What is wrong with a side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// A link leads to no node, or a node's parent is another than the one it hangs below.
    Link,
    /// An order stands before one that should be served first.
    Order,
    /// Two neighbouring subtrees differ by more than a level, or a node says so wrongly.
    Balance,
    /// A cached end is not the end.
    End,
    /// A count is wrong: a node is lost, or in two places.
    Count,
    /// A free node holds something, or an order holds nothing: no id, no lots, or an id of the other side or never given.
    Content,
}

/// What a side looks like, if nothing is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// Levels of the tree of fixed prices.
    pub fixed_depth: u32,
    /// Levels of the tree of pegged orders.
    pub pegged_depth: u32,
    /// Nodes given back and waiting.
    pub free: u32,
}

/// Checks links, order, balance, ends, counts and the free list.
pub fn audit(side: &SideView) -> Result<Shape, Fault> {
    let header = side.header;
    let fixed_depth = Walk::of(side, &header.fixed, false)?;
    let pegged_depth = Walk::of(side, &header.pegged, true)?;
    let mut free: u32 = 0;
    let mut at = header.free;
    while at != NIL {
        let node = side.nodes.get(at as usize).ok_or(Fault::Link)?;
        if *bytemuck::bytes_of(node) != *bytemuck::bytes_of(&emptied(node.parent)) {
            return Err(Fault::Content);
        }
        free = free.saturating_add(1);
        if free > header.touched {
            return Err(Fault::Count);
        }
        at = node.parent;
    }
    if header.count().checked_add(free) != Some(header.touched) || header.touched as usize > side.nodes.len()
    {
        return Err(Fault::Count);
    }
    Ok(Shape { fixed_depth, pegged_depth, free })
}

/// What a node given back looks like.
fn emptied(next: u32) -> Node {
    Node { parent: next, ..bytemuck::Zeroable::zeroed() }
}

/// A walk through one tree, in order.
struct Walk<'a> {
    side: &'a SideView<'a>,
    pegged: bool,
    last: Option<(u32, OrderId)>,
    last_at: u32,
    first_at: u32,
    count: u32,
}

impl<'a> Walk<'a> {
    /// Walks a tree; returns how many levels it has.
    fn of(side: &'a SideView<'a>, tree: &Tree, pegged: bool) -> Result<u32, Fault> {
        let mut walk = Self { side, pegged, last: None, last_at: NIL, first_at: NIL, count: 0 };
        let depth = walk.depth(tree.root, NIL, 0)?;
        if (walk.first_at, walk.last_at) != (tree.best, tree.worst) {
            return Err(Fault::End);
        }
        if walk.count != tree.count { Err(Fault::Count) } else { Ok(depth) }
    }

    fn depth(&mut self, at: u32, parent: u32, level: u32) -> Result<u32, Fault> {
        if at == NIL {
            return Ok(0);
        }
        let node = self.side.nodes.get(at as usize).ok_or(Fault::Link)?;
        if node.parent != parent || level > 64 {
            return Err(Fault::Link);
        }
        let left = self.depth(node.left, at, level.saturating_add(1))?;
        self.visit(at, node)?;
        let right = self.depth(node.right, at, level.saturating_add(1))?;
        let even = match node.tall {
            0 => left == right,
            1 => left == right.saturating_add(1),
            2 => right == left.saturating_add(1),
            _ => false,
        };
        if even { Ok(left.max(right).saturating_add(1)) } else { Err(Fault::Balance) }
    }

    fn visit(&mut self, at: u32, node: &Node) -> Result<(), Fault> {
        let place = (node.rank, node.id);
        if self.last.is_some_and(|last| last >= place) {
            return Err(Fault::Order);
        }
        let header = self.side.header;
        if node.id.get() <= 1
            || node.id > header.last_id
            || node.id.side() != header.side()
            || node.lots.is_zero()
            || node.is_pegged() != self.pegged
        {
            return Err(Fault::Content);
        }
        if self.count == 0 {
            self.first_at = at;
        }
        self.last = Some(place);
        self.last_at = at;
        self.count = self.count.checked_add(1).ok_or(Fault::Count)?;
        Ok(())
    }
}
