//! What trades do to a position, by example.

use super::*;
use crate::layout::market::DeleveragingSide;
use bytemuck::Zeroable;

fn quote(raw: i64) -> Quote {
    Quote::new(raw)
}

/// Buys (above zero) or sells lots at a price, with a fee.
fn trade(position: &mut Position, lots: i64, price: i64, fee: i64) -> i64 {
    let size = u32::try_from(lots.unsigned_abs()).unwrap();
    fill(position, lots > 0, size, quote(lots.abs() * price), quote(fee)).unwrap().get()
}

#[test]
fn a_reduction_realises_its_share_and_a_flat_position_has_realised_everything() {
    let mut position = Position::zeroed();
    assert_eq!(trade(&mut position, 10, 100, 3), -3);
    assert_eq!((position.lots.get(), position.quote.get(), position.realised.get()), (10, -1_003, -3));
    assert_eq!(trade(&mut position, -4, 110, 1), 39);
    assert_eq!((position.lots.get(), position.quote.get(), position.realised.get()), (6, -564, 36));
    assert_eq!(trade(&mut position, -6, 90, -2), -58);
    assert_eq!((position.lots.get(), position.quote), (0, position.realised));
    assert_eq!(position.realised.get(), -22);
}

#[test]
fn a_flip_closes_everything_and_opens_the_rest_at_the_fill_price() {
    let mut position = Position::zeroed();
    trade(&mut position, -5, 100, 0);
    assert_eq!(trade(&mut position, 8, 90, 0), 50);
    assert_eq!((position.lots.get(), position.quote.get(), position.realised.get()), (3, -220, 50));
}

#[test]
fn a_fraction_stays_in_the_open_lots() {
    let mut position = Position { lots: Lots::new(3), quote: quote(-10), ..Position::zeroed() };
    assert_eq!(trade(&mut position, -1, 3, 0), -1);
    let mut position = Position { lots: Lots::new(-3), quote: quote(10), ..Position::zeroed() };
    assert_eq!(trade(&mut position, 1, 3, 0), 0);
}

#[test]
fn what_does_not_fit_changes_nothing() {
    let full = Position { lots: Lots::new(i32::MAX), quote: quote(i64::MIN + 5), ..Position::zeroed() };
    for (is_bid, lots, worth, fee) in [
        (true, 1, 1, 0),
        (false, u32::MAX, 1, 0),
        (true, 0, 0, 6),
        (false, 1, -1, 0),
        (false, 1, 1, i64::MAX),
    ] {
        let mut position = full;
        let refused = fill(&mut position, is_bid, lots, quote(worth), quote(fee));
        assert_eq!(refused, Err(RiskError::Overflow));
        assert_eq!(bytemuck::bytes_of(&position), bytemuck::bytes_of(&full));
    }
    let mut flat = Position::zeroed();
    assert_eq!(fill(&mut flat, true, 0, quote(1), quote(0)), Err(RiskError::BadParameter));
}

#[test]
fn orders_reserve_and_release_what_they_reserved_and_no_more() {
    let mut position = Position::zeroed();
    reserve(&mut position, true, 7, quote(700)).unwrap();
    reserve(&mut position, false, 2, quote(220)).unwrap();
    release(&mut position, true, 3, quote(300)).unwrap();
    assert_eq!((position.bids, position.bids_quote.get()), (4, 400));
    assert_eq!((position.asks, position.asks_quote.get()), (2, 220));
    let before = position;
    for (is_bid, lots, worth) in [(true, 5, 0), (true, 0, 401), (false, 3, 220), (false, 1, -1)] {
        assert_eq!(release(&mut position, is_bid, lots, quote(worth)), Err(RiskError::Overflow));
    }
    assert_eq!(reserve(&mut position, true, u32::MAX, quote(0)), Err(RiskError::Overflow));
    assert_eq!(reserve(&mut position, true, 0, quote(i64::MAX)), Err(RiskError::Overflow));
    assert_eq!(reserve(&mut position, true, 0, quote(-1)), Err(RiskError::Overflow));
    assert_eq!(bytemuck::bytes_of(&position), bytemuck::bytes_of(&before));
}

#[test]
fn a_new_position_owes_nothing_from_before_and_an_emptied_one_is_done() {
    let longs = DeleveragingSide { a: 5, k: 6, epoch: 7, reserved: [0; 6] };
    let shorts = DeleveragingSide { a: 8, k: -9, epoch: 10, reserved: [0; 6] };
    let terms = MarketTerms { funding: -77, longs, shorts, ..MarketTerms::zeroed() };
    let mut position = Position::zeroed();
    assert!(position.is_free());
    open(&mut position, 3, &terms).unwrap();
    assert!(!position.is_free() && position.is_cross() && position.is_done());
    assert_eq!((position.market, position.funding), (3, -77));
    assert_eq!((position.deleveraging_a, position.deleveraging_k, position.epoch), (5, 6, 7));
    assert_eq!(open(&mut position, 3, &terms), Err(RiskError::BadParameter));
    trade(&mut position, -2, 10, 0);
    join_side(&mut position, &terms);
    assert_eq!((position.deleveraging_a, position.deleveraging_k, position.epoch), (8, -9, 10));
    assert!(!position.is_done() && !position.is_flat());
    trade(&mut position, 2, 9, 0);
    assert!(position.is_flat() && !position.is_done());
    (position.quote, position.realised) = (Quote::ZERO, Quote::ZERO);
    assert!(position.is_done());
    reserve(&mut position, false, 1, quote(1)).unwrap();
    assert!(!position.is_flat() && !position.is_done());
}
