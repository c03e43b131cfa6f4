//! Depth and structure where an attacker chooses the prices.

use plimsoll_book::{
    BookError, BookSide, OrderId, OrderPrice, Side, SideView, Size, Ticks, audit::audit, side::NewOrder, slab,
};
use plimsoll_risk::layout::Key;
use proptest::prelude::*;

const ORDERS: u32 = 4_096;

fn order(price: OrderPrice) -> NewOrder {
    NewOrder {
        owner: Key([1; 32]),
        slot: 0,
        client_id: 0,
        price,
        lots: Size::new(1),
        expires_at: 0,
        reduce_only: false,
    }
}

fn fixed(price: u32) -> NewOrder {
    order(OrderPrice::Fixed(Ticks::new(price)))
}

fn room(capacity: u32) -> Vec<u64> {
    vec![0; (slab::HEADER_BYTES + capacity as usize * slab::NODE_BYTES) / 8]
}

fn create(bytes: &mut [u64], side: Side) -> BookSide<'_> {
    BookSide::create(bytemuck::cast_slice_mut(bytes), side, Key::NONE, 0).unwrap()
}

/// 2·log2(n) + 2.
fn deepest(count: u32) -> f64 {
    2.0 * f64::from(count.max(1)).log2() + 2.0
}

fn check(view: &SideView) {
    let shape = audit(view).unwrap();
    assert!(f64::from(shape.fixed_depth) <= deepest(view.header().fixed.count));
    assert!(f64::from(shape.pegged_depth) <= deepest(view.header().pegged.count));
}

/// Fills a side with prices, then empties it in three manners, checking all the way.
fn survives(price: impl Fn(u32) -> u32) {
    for side in [Side::Bid, Side::Ask] {
        for every in [1, 2, 7] {
            let mut bytes = room(ORDERS);
            let mut book = create(&mut bytes, side);
            let mut resting: Vec<(u32, OrderId)> = Vec::new();
            for n in 0..ORDERS {
                resting.push(book.insert(&fixed(price(n))).unwrap());
                if n % 256 == 0 {
                    check(&book.view());
                }
            }
            check(&book.view());
            let shape = audit(&book.view()).unwrap();
            assert!(f64::from(shape.fixed_depth) <= 1.45 * f64::from(ORDERS).log2() + 1.0);
            while !resting.is_empty() {
                let from = resting.len();
                let mut n = 0;
                resting.retain(|(at, id)| {
                    n += 1;
                    let goes = n % every == 0;
                    if goes {
                        book.cancel(*at, *id).unwrap();
                    }
                    !goes
                });
                check(&book.view());
                if resting.len() == from {
                    let (at, id) = resting.pop().unwrap();
                    book.cancel(at, id).unwrap();
                }
            }
            assert_eq!(audit(&book.view()).unwrap().free, ORDERS);
        }
    }
}

#[test]
fn rising_prices_keep_the_tree_flat() {
    survives(|n| n + 1);
}

#[test]
fn falling_prices_keep_the_tree_flat() {
    survives(|n| ORDERS - n);
}

#[test]
fn one_price_for_all_keeps_the_tree_flat() {
    survives(|_| 77);
}

#[test]
fn zig_zag_prices_keep_the_tree_flat() {
    survives(|n| if n % 2 == 0 { 1 + n } else { 2 * ORDERS - n });
}

#[test]
fn prices_that_halve_the_gap_keep_the_tree_flat() {
    survives(|n| n.reverse_bits() | 1);
}

#[test]
fn taking_the_best_over_and_over_keeps_the_tree_flat() {
    let mut bytes = room(1_024);
    let mut book = create(&mut bytes, Side::Ask);
    for n in 0..1_024 {
        book.insert(&fixed(1 + n * 7 % 1_024)).unwrap();
    }
    let mut last = Ticks::ZERO;
    for _ in 0..1_024 {
        let (at, id, price) = {
            let view = book.view();
            let best = view.best(None, 0).unwrap();
            (best.at, best.order.id, best.price)
        };
        assert!(last < price);
        last = price;
        book.cancel(at, id).unwrap();
        check(&book.view());
    }
    assert!(book.view().is_empty());
}

#[test]
fn growing_moves_no_order_and_makes_room_for_128_more() {
    let mut bytes = room(126);
    let mut resting = Vec::new();
    {
        let mut book = create(&mut bytes, Side::Bid);
        for n in 0..126 {
            resting.push((book.insert(&fixed(1_000 + n * 31 % 126)).unwrap(), 1_000 + n * 31 % 126));
        }
        assert!(book.is_full());
        assert_eq!(book.insert(&fixed(5)), Err(BookError::BookFull));
    }
    bytes.resize(bytes.len() + 10 * 1_024 / 8, 0);
    let mut book = BookSide::load(bytemuck::cast_slice_mut(&mut bytes)).unwrap();
    assert_eq!(book.view().capacity(), 254);
    for _ in 0..128 {
        book.insert(&fixed(5)).unwrap();
    }
    assert!(book.is_full());
    check(&book.view());
    for ((at, id), price) in resting {
        let gone = book.cancel(at, id).unwrap();
        assert_eq!(gone.limit(Side::Bid), Ticks::new(price));
    }
    check(&book.view());
}

#[test]
fn a_node_that_lives_again_does_not_answer_to_its_old_id() {
    let mut bytes = room(1);
    let mut book = create(&mut bytes, Side::Ask);
    let (at, old) = book.insert(&fixed(5)).unwrap();
    book.cancel(at, old).unwrap();
    assert_eq!(book.cancel(at, old).err(), Some(BookError::NoSuchOrder));
    assert_eq!(book.cancel(at, OrderId::ZERO).err(), Some(BookError::NoSuchOrder));
    let (again, new) = book.insert(&fixed(5)).unwrap();
    assert_eq!(again, at);
    assert_eq!(book.owner_of(at, new).unwrap().owner, Key([1; 32]));
    for (at, id) in [(at, old), (at, OrderId::ZERO), (at + 1, new)] {
        assert_eq!(book.owner_of(at, id).err(), Some(BookError::NoSuchOrder));
    }
    assert_eq!(book.cancel(at, old).err(), Some(BookError::NoSuchOrder));
    assert_eq!(book.cancel(at + 1, new).err(), Some(BookError::NoSuchOrder));
    assert!(book.cancel(at, new).is_ok());
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_bytes_at_all_make_reading_panic(mut bytes in proptest::collection::vec(any::<u64>(), 0..80), small in any::<bool>()) {
        if small {
            // Links that mostly lead somewhere.
            for word in &mut bytes {
                *word &= 0x0000_0003_0000_0003;
            }
        }
        if let Ok(view) = SideView::load(bytemuck::cast_slice(&bytes)) {
            let _ = audit(&view);
            let _ = view.orders(Some(Ticks::new(100)), 1).count();
        }
        if let Ok(mut side) = BookSide::load(bytemuck::cast_slice_mut(&mut bytes)) {
            for price in 1..5 {
                let _ = side.insert(&fixed(price));
                let _ = side.insert(&order(OrderPrice::Pegged { offset: -3, limit: Ticks::new(price) }));
            }
            for at in 0..4 {
                if let Some(id) = side.view().order(at).map(|order| order.id) {
                    let _ = side.cancel(at, id);
                }
            }
        }
    }

    #[test]
    fn any_inserts_and_cancels_keep_every_promise(steps in proptest::collection::vec((any::<bool>(), any::<bool>(), 1u32..50), 1..300)) {
        let mut bytes = room(100);
        let mut book = create(&mut bytes, Side::Ask);
        let mut resting = Vec::new();
        for (adds, pegged, n) in steps {
            if adds || resting.is_empty() {
                let price = match pegged {
                    true => OrderPrice::Pegged { offset: n as i32 - 25, limit: Ticks::new(1) },
                    false => OrderPrice::Fixed(Ticks::new(n)),
                };
                match book.insert(&order(price)) {
                    Ok(new) => resting.push(new),
                    Err(error) => prop_assert_eq!((error, resting.len()), (BookError::BookFull, 100)),
                }
            } else {
                let (at, id) = resting.swap_remove(n as usize % resting.len());
                book.cancel(at, id).unwrap();
            }
            check(&book.view());
            prop_assert_eq!(book.view().len() as usize, resting.len());
        }
    }
}
