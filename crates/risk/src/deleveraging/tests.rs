//! Deleveraging in figures that can be checked by hand.

extern crate std;
use super::*;
use crate::fill::join_side;
use crate::layout::account::{POSITION_IN_USE, Position};
use bytemuck::Zeroable;

/// A lot is worth 500.
fn market() -> MarketTerms {
    let (longs, shorts) = (Side::new().now, Side::new().now);
    MarketTerms { lot_price: 500 << 8, shift: 8, longs, shorts, ..MarketTerms::zeroed() }
}

fn holds(lots: i32, quote: i64, terms: &MarketTerms) -> Position {
    let mut position = Position {
        lots: Lots::new(lots),
        quote: Quote::new(quote),
        funding: terms.funding,
        flags: POSITION_IN_USE,
        ..Position::zeroed()
    };
    join_side(&mut position, terms);
    position
}

fn of(positions: u32) -> Residue {
    Residue { positions, ..Residue::zeroed() }
}

fn closes(is_long: bool, open_lots: u64, lots: u64, terms: &MarketTerms) -> Closing {
    let worth = Quote::new(500 * lots.cast_signed());
    Closing { market: 0, is_long, open_lots, lots, worth, funding: terms.funding }
}

fn close(terms: &mut MarketTerms, residue: &mut Residue, closing: &Closing) -> Result<(), RiskError> {
    let mut side = Side::of(terms, closing.is_long);
    deleverage(&mut side, residue, closing)?;
    side.store(terms, closing.is_long);
    Ok(())
}

#[test]
fn a_tenth_of_a_side_is_closed_for_everybody_at_the_boards_price() {
    let mut terms = market();
    let (mut large, mut small) = (holds(-600, 330_000, &terms), holds(-400, 240_000, &terms));
    let mut residue = of(2);
    let closing = closes(false, 1_000, 100, &terms);
    close(&mut terms, &mut residue, &closing).unwrap();
    assert_eq!((residue.lots, residue.base, residue.behind), (-100, Quote::new(-50_000), 2));
    for (position, lots, quote) in [(&mut large, -540, 300_000), (&mut small, -360, 220_000)] {
        let pending = apply(position, &terms, terms.funding).unwrap().unwrap();
        residue.absorb(&pending).unwrap();
        // A unit for A and K, which are rounded for the vault.
        assert!((position.lots.get() - lots).abs() <= 1);
        let equity = |lots: i64, quote: i64| lots * 500 + quote;
        let found = equity(position.lots.get().into(), position.quote.get());
        assert!(
            (equity(lots.into(), quote) - 2..=equity(lots.into(), quote)).contains(&found),
            "{position:?}"
        );
        assert_eq!(apply(position, &terms, terms.funding), Ok(None));
    }
    let (rest, quote) = residue.take(false, 0).unwrap().unwrap();
    assert_eq!(large.lots.get() + small.lots.get() + rest.get(), -900);
    assert_eq!((570_000 - 50_000) - (large.quote.get() + small.quote.get()), quote.get());
}

#[test]
fn a_part_of_a_lot_changes_hands_at_the_price() {
    let mut terms = market();
    let mut position = holds(7, -3_000, &terms);
    let mut residue = of(1);
    let closing = closes(true, 10, 5, &terms);
    close(&mut terms, &mut residue, &closing).unwrap();
    // 3.5 lots closed, and half a lot more because lots are whole: 4 × 500.
    let pending = pending(&position, &terms, terms.funding).unwrap().unwrap();
    assert_eq!((pending.lots, pending.closed, pending.change), (Lots::new(3), 4, Quote::new(2_000)));
    apply(&mut position, &terms, terms.funding).unwrap();
    assert_eq!(position.quote, Quote::new(-1_000));
    // 4 lots had cost 3,000 · 4/7, rounded against the user.
    assert_eq!(position.realised, Quote::new(2_000 - 1_715));
}

#[test]
fn funding_is_owed_on_the_lots_that_were_held_while_it_accrued() {
    let mut terms = market();
    let mut position = holds(100, -50_000, &terms);
    let mut residue = of(1);
    terms.funding += 3 << 32; // 100 lots pay 300
    let closing = closes(true, 100, 50, &terms);
    close(&mut terms, &mut residue, &closing).unwrap(); // 50 lots are paid 25,000
    terms.funding += 2 << 32; // 50 lots pay 100
    apply(&mut position, &terms, terms.funding).unwrap();
    assert_eq!((position.lots, position.quote), (Lots::new(50), Quote::new(-50_000 - 300 + 25_000 - 100)));
    assert_eq!(position.funding, terms.funding);
}

#[test]
fn who_joined_later_is_not_concerned() {
    let mut terms = market();
    let mut residue = of(1);
    let closing = closes(true, 10, 5, &terms);
    close(&mut terms, &mut residue, &closing).unwrap();
    let late = holds(5, -2_500, &terms);
    assert_eq!(pending(&late, &terms, terms.funding), Ok(None));
    assert_eq!(pending(&holds(-5, 2_500, &terms), &terms, terms.funding), Ok(None));
}

#[test]
fn an_emptied_side_begins_a_new_epoch_and_the_late_still_get_their_money() {
    let mut terms = market();
    let mut absent = holds(10, -4_000, &terms);
    let mut residue = of(1);
    let closing = closes(true, 10, 10, &terms);
    close(&mut terms, &mut residue, &closing).unwrap();
    assert_eq!((terms.longs.a, terms.longs.k, terms.longs.epoch), (WHOLE_LOT, 0, 1));
    // Somebody new, and all of theirs is closed: not while the first is two epochs behind.
    residue.joins().unwrap();
    let before = residue;
    let closing = closes(true, 4, 4, &terms);
    assert_eq!(close(&mut terms, &mut residue, &closing), Err(RiskError::EpochPending { market: 0 }));
    assert_eq!((residue.lots, residue.positions), (before.lots, before.positions));
    let pending = apply(&mut absent, &terms, terms.funding).unwrap().unwrap();
    residue.absorb(&pending).unwrap();
    assert_eq!(
        (absent.lots, absent.quote, absent.realised),
        (Lots::ZERO, Quote::new(1_000), Quote::new(1_000))
    );
    close(&mut terms, &mut residue, &closing).unwrap();
    assert_eq!(terms.longs.epoch, 2);
}

#[test]
fn winners_bear_a_loss_up_to_the_cap_of_the_hour() {
    let mut terms = market();
    terms.maint_ratio = crate::num::Ratio::from_bps(500);
    // 5 % of 500, halved: 12.5 a lot, rounded down.
    let cap = charge_cap(&terms);
    assert_eq!(cap >> 22, (25 << 9) - 1);
    let mut window = ChargeWindow::zeroed();
    let (mut side, mut residue) = (Side::new(), of(1));
    assert_eq!(charge_room(&window, 100, cap, 5_000), Quote::new(1_249));
    let bill = Charge { is_long: true, open_lots: 100, amount: Quote::new(1_000), cap };
    assert_eq!(charge(&mut side, &mut residue, &mut window, &bill, 5_000), Ok(Quote::new(1_000)));
    assert_eq!(charge(&mut side, &mut residue, &mut window, &bill, 5_001), Ok(Quote::new(249)));
    assert_eq!(charge(&mut side, &mut residue, &mut window, &bill, 8_600), Ok(Quote::new(1_000)));
    let joined = holds(40, -20_000, &terms);
    side.store(&mut terms, true);
    // 40 of 100 lots bear 40 % of 2,249, rounded up.
    assert_eq!(pending(&joined, &terms, terms.funding).unwrap().unwrap().change, Quote::new(-900));
    let nobody = Charge { open_lots: 0, ..bill };
    assert_eq!(charge(&mut side, &mut residue, &mut window, &nobody, 20_000), Ok(Quote::ZERO));
}

#[test]
fn what_makes_no_sense_changes_nothing() {
    let terms = market();
    let (mut side, mut residue) = (Side::new(), of(1));
    let more = closes(true, 10, 11, &terms);
    assert_eq!(deleverage(&mut side, &mut residue, &more), Err(RiskError::BadParameter));
    let negative = Closing { worth: Quote::new(-1), ..closes(true, 10, 1, &terms) };
    assert_eq!(deleverage(&mut side, &mut residue, &negative), Err(RiskError::Overflow));
    assert_eq!((side.now.a, side.now.k, residue.lots), (WHOLE_LOT, 0, 0));
    let mut lost = holds(5, 0, &terms);
    lost.epoch = 7;
    assert_eq!(pending(&lost, &terms, terms.funding), Err(RiskError::BadParameter));
    assert_eq!(of(1).take(true, 0), Ok(None));
}
