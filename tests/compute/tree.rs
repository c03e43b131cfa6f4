//! The deepest tree that the orders of one side can form: no neighbour could be missing without it being balanced anew.

/// As many orders as the least tree of 14 levels has. The next level takes 1,596: more than a side has room for.
pub const ORDERS: usize = size(LEVELS);
const LEVELS: usize = 14;

/// Least nodes of a height-balanced tree with so many levels.
const fn size(levels: usize) -> usize {
    match levels {
        0 => 0,
        1 => 1,
        _ => 1 + size(levels - 1) + size(levels - 2),
    }
}

/// Places from the best (0) to the worst price, level by level: inserted in this order nothing is ever balanced.
///
/// Each node's higher side is that which makes two rotations necessary, one level after the other, once its best or worst
/// node is taken out.
pub fn insertion_order() -> Vec<usize> {
    levels().concat()
}

/// Before which place a new price has to go the deepest, and is balanced by two rotations.
pub fn deepest_gap() -> usize {
    let levels = levels();
    let deepest = levels[LEVELS - 1][0];
    // One that hangs from the next better one has nothing between the two.
    let hangs_from_worse = levels[LEVELS - 2].contains(&(deepest + 1));
    if hangs_from_worse { deepest + 1 } else { deepest }
}

fn levels() -> Vec<Vec<usize>> {
    let mut found = vec![Vec::new(); LEVELS];
    collect(LEVELS, 0, false, 0, &mut found);
    found
}

/// The places of a subtree that begins with `first`, by level.
fn collect(levels: usize, first: usize, best_is_higher: bool, depth: usize, found: &mut [Vec<usize>]) {
    if levels == 0 {
        return;
    }
    let (higher, lower) = (levels - 1, levels.saturating_sub(2));
    let (better, worse) = if best_is_higher { (higher, lower) } else { (lower, higher) };
    let at = first + size(better);
    found[depth].push(at);
    // The higher subtree leans towards the middle, the lower one as the whole does.
    collect(better, first, false, depth + 1, found);
    collect(worse, at + 1, true, depth + 1, found);
}

#[test]
fn every_place_is_inserted_once() {
    let mut order = insertion_order();
    assert_eq!(order.len(), ORDERS);
    order.sort_unstable();
    assert!(order.into_iter().eq(0..ORDERS));
    assert_eq!(ORDERS, 986);
}
