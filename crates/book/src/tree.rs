//! The order of the nodes: a height-balanced (AVL) tree over node indexes, with parent links and both ends cached.
//!
//! Two neighbouring subtrees never differ by more than one level, so the depth is below 1.45·log2(n + 2): the least of the
//! classic balanced trees, and descending is what a book spends most on. Parent links let a node be removed from where it
//! is, without a descent. Rotations relink and never copy: a node's index is its order's address.

use crate::{
    error::{BookError, corrupt},
    slab::{NIL, Node, Tree, node, node_mut},
};

/// More levels than any tree of 2^32 nodes has: bounds every descent, whatever the bytes say.
const MAX_DEPTH: u32 = 64;

/// One of a node's two subtrees. As a number, what [`Node::tall`] says when that one is the higher.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    Left = 1,
    Right = 2,
}

/// [`Node::tall`] of a node whose subtrees are equally high.
const EVEN: u8 = 0;

impl Way {
    #[inline(always)]
    fn other(self) -> Self {
        match self {
            Way::Left => Way::Right,
            Way::Right => Way::Left,
        }
    }
}

impl Node {
    #[inline(always)]
    fn child(&self, way: Way) -> u32 {
        match way {
            Way::Left => self.left,
            Way::Right => self.right,
        }
    }

    #[inline(always)]
    fn set_child(&mut self, way: Way, to: u32) {
        match way {
            Way::Left => self.left = to,
            Way::Right => self.right = to,
        }
    }

    #[inline(always)]
    fn way_to(&self, child: u32) -> Way {
        if self.left == child { Way::Left } else { Way::Right }
    }
}

/// The furthest node in one direction, `from` included.
#[inline(always)]
fn furthest(nodes: &[Node], from: u32, way: Way) -> Result<u32, BookError> {
    let mut at = from;
    for _ in 0..MAX_DEPTH {
        match node(nodes, at)?.child(way) {
            NIL => return Ok(at),
            next => at = next,
        }
    }
    corrupt()
}

/// The neighbour in one direction; `NIL` at the end.
#[inline(always)]
pub(crate) fn neighbour(nodes: &[Node], of: u32, way: Way) -> Result<u32, BookError> {
    let below = node(nodes, of)?.child(way);
    if below != NIL {
        return furthest(nodes, below, way.other());
    }
    let mut at = of;
    for _ in 0..MAX_DEPTH {
        let parent = node(nodes, at)?.parent;
        if parent == NIL || node(nodes, parent)?.way_to(at) != way {
            return Ok(parent);
        }
        at = parent;
    }
    corrupt()
}

/// The next in order; `NIL` behind the last.
#[inline(always)]
pub(crate) fn next(nodes: &[Node], of: u32) -> Result<u32, BookError> {
    neighbour(nodes, of, Way::Right)
}

/// Puts a node in its place: behind all that have its rank, since it is the newest.
pub(crate) fn insert(tree: &mut Tree, nodes: &mut [Node], at: u32, rank: u32) -> Result<(), BookError> {
    let (parent, way) = place(tree, nodes, rank)?;
    let new = node_mut(nodes, at)?;
    (new.left, new.right, new.parent, new.tall) = (NIL, NIL, parent, EVEN);
    tree.count = tree.count.saturating_add(1);
    if parent == NIL {
        (tree.root, tree.best, tree.worst) = (at, at, at);
        return Ok(());
    }
    node_mut(nodes, parent)?.set_child(way, at);
    if way == Way::Left && parent == tree.best {
        tree.best = at;
    } else if way == Way::Right && parent == tree.worst {
        tree.worst = at;
    }
    after_growth(tree, nodes, parent, way)
}

/// Below which node a new one belongs, and on which side of it. Both ends are known without a descent.
fn place(tree: &Tree, nodes: &[Node], rank: u32) -> Result<(u32, Way), BookError> {
    if tree.root == NIL {
        return Ok((NIL, Way::Left));
    }
    if rank < node(nodes, tree.best)?.rank {
        return Ok((tree.best, Way::Left));
    }
    if rank >= node(nodes, tree.worst)?.rank {
        return Ok((tree.worst, Way::Right));
    }
    let mut at = tree.root;
    for _ in 0..MAX_DEPTH {
        let here = node(nodes, at)?;
        let way = if rank < here.rank { Way::Left } else { Way::Right };
        match here.child(way) {
            NIL => return Ok((at, way)),
            next => at = next,
        }
    }
    corrupt()
}

/// Balances upwards after a subtree has become a level higher.
fn after_growth(tree: &mut Tree, nodes: &mut [Node], mut at: u32, mut way: Way) -> Result<(), BookError> {
    for _ in 0..MAX_DEPTH {
        let here = node_mut(nodes, at)?;
        if here.tall == way as u8 {
            rotate(tree, nodes, at, way)?;
            return Ok(());
        }
        if here.tall != EVEN {
            here.tall = EVEN;
            return Ok(());
        }
        here.tall = way as u8;
        let parent = here.parent;
        if parent == NIL {
            return Ok(());
        }
        way = node(nodes, parent)?.way_to(at);
        at = parent;
    }
    corrupt()
}

/// What a node is tied to.
struct Links {
    left: u32,
    right: u32,
    parent: u32,
    tall: u8,
}

/// Takes a node out, whose [`next`] is known. Its neighbours keep their indexes.
pub(crate) fn remove(tree: &mut Tree, nodes: &mut [Node], at: u32, next: u32) -> Result<(), BookError> {
    if at == tree.best {
        tree.best = next;
    }
    if at == tree.worst {
        tree.worst = neighbour(nodes, at, Way::Left)?;
    }
    tree.count = tree.count.saturating_sub(1);
    let Node { left, right, parent, tall, .. } = *node(nodes, at)?;
    if left != NIL && right != NIL {
        return remove_inner(tree, nodes, at, next, &Links { left, right, parent, tall });
    }
    let below = if left == NIL { right } else { left };
    let way = replace_child(tree, nodes, parent, at, below)?;
    after_loss(tree, nodes, parent, way)
}

/// Takes out a node with two subtrees: the next in order takes its place.
fn remove_inner(
    tree: &mut Tree,
    nodes: &mut [Node],
    at: u32,
    heir: u32,
    gone: &Links,
) -> Result<(), BookError> {
    let (start, way) = if heir == gone.right {
        (heir, Way::Right)
    } else {
        let Node { parent, right, .. } = *node(nodes, heir)?;
        node_mut(nodes, parent)?.left = right;
        if right != NIL {
            node_mut(nodes, right)?.parent = parent;
        }
        node_mut(nodes, heir)?.right = gone.right;
        node_mut(nodes, gone.right)?.parent = heir;
        (parent, Way::Left)
    };
    node_mut(nodes, gone.left)?.parent = heir;
    let in_place = node_mut(nodes, heir)?;
    in_place.left = gone.left;
    in_place.tall = gone.tall;
    replace_child(tree, nodes, gone.parent, at, heir)?;
    after_loss(tree, nodes, start, way)
}

/// Hangs `new` where `old` hung. Returns on which side of the parent that is.
fn replace_child(
    tree: &mut Tree,
    nodes: &mut [Node],
    parent: u32,
    old: u32,
    new: u32,
) -> Result<Way, BookError> {
    if new != NIL {
        node_mut(nodes, new)?.parent = parent;
    }
    if parent == NIL {
        tree.root = new;
        return Ok(Way::Left);
    }
    let above = node_mut(nodes, parent)?;
    let way = above.way_to(old);
    above.set_child(way, new);
    Ok(way)
}

/// Balances upwards after a subtree has become a level lower.
fn after_loss(tree: &mut Tree, nodes: &mut [Node], mut at: u32, mut way: Way) -> Result<(), BookError> {
    for _ in 0..MAX_DEPTH {
        if at == NIL {
            return Ok(());
        }
        let here = node_mut(nodes, at)?;
        let mut top = at;
        if here.tall == EVEN {
            here.tall = way.other() as u8;
            return Ok(());
        } else if here.tall == way as u8 {
            here.tall = EVEN;
        } else {
            top = rotate(tree, nodes, at, way.other())?;
            if node(nodes, top)?.tall != EVEN {
                return Ok(());
            }
        }
        at = node(nodes, top)?.parent;
        if at != NIL {
            way = node(nodes, at)?.way_to(top);
        }
    }
    corrupt()
}

/// Lifts what is two levels too high on one side of a node. Returns who is on top now: even if the whole became lower.
fn rotate(tree: &mut Tree, nodes: &mut [Node], at: u32, high: Way) -> Result<u32, BookError> {
    let child = node(nodes, at)?.child(high);
    let below = node(nodes, child)?;
    let tall = below.tall;
    if tall != high.other() as u8 {
        lift(tree, nodes, at, child, high)?;
        let (upper, lower) = if tall == EVEN { (high.other() as u8, high as u8) } else { (EVEN, EVEN) };
        node_mut(nodes, child)?.tall = upper;
        node_mut(nodes, at)?.tall = lower;
        return Ok(child);
    }
    let middle = below.child(high.other());
    let tall = node(nodes, middle)?.tall;
    lift(tree, nodes, child, middle, high.other())?;
    lift(tree, nodes, at, middle, high)?;
    node_mut(nodes, at)?.tall = if tall == high as u8 { high.other() as u8 } else { EVEN };
    node_mut(nodes, child)?.tall = if tall == high.other() as u8 { high as u8 } else { EVEN };
    node_mut(nodes, middle)?.tall = EVEN;
    Ok(middle)
}

/// One rotation: `child`, on the `way` side of `at`, takes its place and `at` goes below it.
fn lift(tree: &mut Tree, nodes: &mut [Node], at: u32, child: u32, way: Way) -> Result<(), BookError> {
    let moved = node(nodes, child)?.child(way.other());
    let lowered = node_mut(nodes, at)?;
    let parent = lowered.parent;
    lowered.set_child(way, moved);
    lowered.parent = child;
    if moved != NIL {
        node_mut(nodes, moved)?.parent = at;
    }
    node_mut(nodes, child)?.set_child(way.other(), at);
    replace_child(tree, nodes, parent, at, child)?;
    Ok(())
}
