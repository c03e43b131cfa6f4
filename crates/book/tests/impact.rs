//! What it takes to trade so much with one side, against the orders counted one by one.

use plimsoll_book::{
    BookSide, Notional, OrderPrice, Side, SideView, Size, Ticks, side::NewOrder, slab, view::Impact,
};
use plimsoll_risk::layout::Key;
use proptest::prelude::*;

const ORACLE: Option<Ticks> = Some(Ticks::new(100));
const NOW: u32 = 10;

fn order(price: OrderPrice, lots: u32, expires_at: u32) -> NewOrder {
    let (owner, lots) = (Key([1; 32]), Size::new(lots));
    NewOrder { owner, slot: 0, client_id: 0, price, lots, expires_at, reduce_only: false }
}

fn fixed(price: u32, lots: u32) -> NewOrder {
    order(OrderPrice::Fixed(Ticks::new(price)), lots, 0)
}

/// The bytes of a side with these orders.
fn side(side: Side, orders: &[NewOrder]) -> Vec<u64> {
    let mut bytes = vec![0; (slab::HEADER_BYTES + orders.len() * slab::NODE_BYTES) / 8];
    let mut book = BookSide::create(bytemuck::cast_slice_mut(&mut bytes), side, Key::NONE, 0).unwrap();
    for order in orders {
        book.insert(order).unwrap();
    }
    bytes
}

fn impact(bytes: &[u64], notional: u64, most: u32) -> Option<(u64, u64)> {
    let view = SideView::load(bytemuck::cast_slice(bytes)).unwrap();
    let found = view.impact(ORACLE, NOW, Notional::new(notional), most);
    found.map(|Impact { notional, lots }| (notional.get(), lots))
}

#[test]
fn the_last_order_counts_in_part_and_its_lots_round_up() {
    let asks = side(Side::Ask, &[fixed(103, 10), fixed(101, 5), fixed(101, 1)]);
    assert_eq!(impact(&asks, 1, 9), Some((101, 1)));
    assert_eq!(impact(&asks, 5 * 101, 9), Some((5 * 101, 5)));
    assert_eq!(impact(&asks, 5 * 101, 1), Some((5 * 101, 5)));
    assert_eq!(impact(&asks, 6 * 101 + 1, 9), Some((6 * 101 + 103, 7)));
    let bids = side(Side::Bid, &[fixed(97, 10), fixed(99, 5)]);
    assert_eq!(impact(&bids, 5 * 99 + 2 * 97, 9), Some((5 * 99 + 2 * 97, 7)));
}

#[test]
fn a_side_that_is_too_thin_or_too_long_to_walk_has_no_impact() {
    let asks = side(Side::Ask, &[fixed(101, 5), fixed(102, 5)]);
    assert_eq!(impact(&asks, 5 * 101 + 5 * 102, 2), Some((5 * 101 + 5 * 102, 10)));
    assert_eq!(impact(&asks, 5 * 101 + 5 * 102 + 1, 2), None);
    assert_eq!(impact(&asks, 5 * 101 + 1, 1), None);
    assert_eq!(impact(&asks, 0, 9), None);
    assert_eq!(impact(&asks, u64::MAX, 9), None);
    assert_eq!(impact(&side(Side::Bid, &[]), 1, 9), None);
}

#[test]
fn what_could_not_fill_now_is_passed_over_and_counts_to_the_walk() {
    let beyond = OrderPrice::Pegged { offset: 1, limit: Ticks::new(102) };
    let asks = side(
        Side::Ask,
        &[order(OrderPrice::Fixed(Ticks::new(100)), 50, NOW), order(beyond, 50, 0), fixed(102, 5)],
    );
    assert_eq!(impact(&asks, 204, 3), Some((204, 2)));
    assert_eq!(impact(&asks, 204, 2), None);
}

#[test]
fn the_largest_sizes_and_prices_have_an_impact_without_overflow() {
    let worth = u64::from(u32::MAX) * u64::from(u32::MAX);
    let asks = side(Side::Ask, &[fixed(u32::MAX, u32::MAX), fixed(u32::MAX, u32::MAX)]);
    assert_eq!(impact(&asks, worth, 2), Some((worth, u32::MAX.into())));
    assert_eq!(impact(&asks, worth + 1, 2), Some((worth + u64::from(u32::MAX), 1 << 32)));
    assert_eq!(impact(&asks, u64::MAX, 2), Some((u64::MAX, (1 << 32) + 1)));
    let bids = side(Side::Bid, &[fixed(u32::MAX, u32::MAX), fixed(u32::MAX - 1, u32::MAX)]);
    assert_eq!(impact(&bids, u64::MAX, 2), None, "what it is worth does not fit");
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn impact_agrees_with_taking_lot_by_lot(
        asks in any::<bool>(),
        orders in proptest::collection::vec((any::<bool>(), 80u32..120, 1u32..9, 0u32..4), 0..20),
        notional in 1u64..12_000,
    ) {
        let which = if asks { Side::Ask } else { Side::Bid };
        let orders: Vec<_> = orders
            .into_iter()
            .map(|(pegged, price, lots, expiry)| {
                let price = match pegged {
                    true => OrderPrice::Pegged { offset: price as i32 - 100, limit: Ticks::new(99) },
                    false => OrderPrice::Fixed(Ticks::new(price)),
                };
                order(price, lots, if expiry == 0 { NOW } else { 0 })
            })
            .collect();
        let bytes = side(which, &orders);
        let view = SideView::load(bytemuck::cast_slice(&bytes)).unwrap();
        let (mut worth, mut lots) = (0u64, 0u64);
        for resting in view.orders(ORACLE, NOW) {
            for _ in 0..resting.order.lots.get() {
                if worth < notional {
                    worth += u64::from(resting.price.get());
                    lots += 1;
                }
            }
        }
        let expected = (worth >= notional).then_some((worth, lots));
        prop_assert_eq!(impact(&bytes, notional, u32::MAX), expected);
    }
}
