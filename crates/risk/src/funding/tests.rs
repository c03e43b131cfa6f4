//! The rules of funding, by example.

use super::*;
use crate::num::Lots;
use bytemuck::Zeroable;

const NOW: i64 = 1_700_000_000;
const PERCENT: i32 = (1 << 30) / 100;
const EIGHT_HOURS: u32 = 28_800;

/// A lot worth one quote of six decimals.
fn terms() -> MarketTerms {
    MarketTerms { lot_price: 1_000_000 << 10, shift: 10, funding_updated_at: NOW, ..MarketTerms::zeroed() }
}

fn window(premium: i32) -> PremiumWindow {
    PremiumWindow { premium, since: NOW, ..PremiumWindow::zeroed() }
}

fn side(ticks: u64) -> Option<Impact> {
    Some(Impact { notional: ticks * 7, lots: 7 })
}

/// Funding of one second at a premium of 1 %, 2^-32 native quote a lot: exact, as 28,800 divides what it is made of.
const A_SECOND: i64 = (1_000_000i64 << 2) * CENT / EIGHT_HOURS as i64;
/// A premium that divides without a rest: 28,800 × 256, near 0.7 %.
const CENT: i64 = 28_800 * 256;

fn credited(window: &mut PremiumWindow, now: i64) -> i64 {
    window.credit(&terms(), EIGHT_HOURS, now);
    window.funding
}

#[test]
fn an_observation_counts_for_a_minute_however_often_it_is_credited() {
    let mut window = window(CENT as i32);
    assert_eq!(credited(&mut window, NOW + 40), 40 * A_SECOND);
    assert_eq!(window.since, NOW + 40);
    credited(&mut window, NOW + 100);
    assert_eq!(credited(&mut window, NOW + 1_000), 60 * A_SECOND);
    window.observe(2 * CENT as i32, &terms(), EIGHT_HOURS, (NOW + 1_000, 9));
    assert_eq!(credited(&mut window, NOW + 1_010), 80 * A_SECOND);
}

#[test]
fn what_stood_is_credited_and_not_what_is_observed_now() {
    let mut window = window(-(CENT as i32));
    assert!(window.needs_observation(12));
    window.observe(1 << 30, &terms(), EIGHT_HOURS, (NOW + 10, 12));
    assert_eq!((window.funding, window.premium, window.slot), (-10 * A_SECOND, 1 << 30, 12));
    assert!(!window.needs_observation(12));
}

#[test]
fn a_clock_that_went_back_credits_nothing() {
    let mut window = window(CENT as i32);
    assert_eq!(credited(&mut window, NOW - 10), 0);
    assert_eq!(window.since, NOW);
}

#[test]
fn the_premium_is_the_mid_over_the_index_within_the_cap() {
    let of = |bid, ask| premium(side(bid), side(ask), 10_000, &terms(), Ratio::from_bps(500)).unwrap();
    assert_eq!(of(100, 100), 0);
    assert_eq!(of(100, 102), PERCENT);
    // −1 % to the nearest: the literal above was cut off.
    assert_eq!(of(98, 100), -PERCENT);
    assert_eq!(of(100, 150), Ratio::from_bps(500).get() as i32);
    assert_eq!(of(1, 2), -(Ratio::from_bps(500).get() as i32));
}

#[test]
fn an_empty_side_or_a_missing_index_counts_nothing() {
    let cap = Ratio::from_bps(500);
    let empty = Some(Impact { notional: 0, lots: 0 });
    assert_eq!(premium(None, side(200), 10_000, &terms(), cap), Ok(0));
    assert_eq!(premium(side(200), None, 10_000, &terms(), cap), Ok(0));
    assert_eq!(premium(side(200), empty, 10_000, &terms(), cap), Ok(0));
    assert_eq!(premium(side(200), side(200), 10_000, &MarketTerms::zeroed(), cap), Ok(0));
    let huge = Some(Impact { notional: u64::MAX, lots: 1 });
    assert_eq!(premium(huge, huge, 10_000, &terms(), cap), Err(RiskError::Overflow));
}

#[test]
fn an_hour_pays_an_eighth_of_the_premium_and_the_board_hears_of_it_with_the_refresh() {
    let (mut terms, mut window) = (terms(), window(CENT as i32));
    for minute in 1..60 {
        window.observe(CENT as i32, &terms, EIGHT_HOURS, (NOW + minute * 60, minute as u64));
    }
    assert_eq!((window.funding, terms.funding), (3_540 * A_SECOND, 0));
    copy(&mut terms, &mut window, EIGHT_HOURS, NOW + 3_600);
    assert_eq!((terms.funding, terms.funding_updated_at), (3_600 * A_SECOND, NOW + 3_600));
    copy(&mut terms, &mut window, EIGHT_HOURS, NOW + 3_600);
    assert_eq!(terms.funding, 3_600 * A_SECOND);
}

#[test]
fn without_a_refresh_nothing_accrues_beyond_an_hour() {
    let (terms, mut window) = (terms(), window(CENT as i32));
    for minute in 1..200 {
        window.observe(CENT as i32, &terms, EIGHT_HOURS, (NOW + minute * 60, minute as u64));
    }
    assert_eq!(window.funding, 3_600 * A_SECOND);
}

#[test]
fn what_does_not_fit_is_not_credited() {
    let (terms, mut window) = (terms(), window(CENT as i32));
    window.funding = i64::MAX;
    window.credit(&terms, EIGHT_HOURS, NOW + 60);
    assert_eq!((window.funding, window.credited), (i64::MAX, 60));
    window.credited = 0;
    window.credit(&terms, 0, NOW + 120);
    assert_eq!(window.funding, i64::MAX);
}

#[test]
fn payers_pay_the_fraction_and_receivers_lose_it() {
    let terms = MarketTerms { funding: 3 << 31, ..terms() };
    let mut long = Position { lots: Lots::new(3), ..Position::zeroed() };
    let short = Position { lots: Lots::new(-3), ..Position::zeroed() };
    assert_eq!(due(&long, terms.funding), Ok(Quote::new(5)));
    assert_eq!(due(&short, terms.funding), Ok(Quote::new(-4)));
    assert_eq!(apply(&mut long, terms.funding), Ok(Quote::new(5)));
    assert_eq!((long.quote, long.realised, long.funding), (Quote::new(-5), Quote::new(-5), 3 << 31));
    assert_eq!(due(&long, terms.funding), Ok(Quote::ZERO));
}

#[test]
fn what_cannot_be_taken_changes_nothing() {
    let terms = MarketTerms { funding: 1 << 32, ..terms() };
    let broke = Position { lots: Lots::new(1), realised: Quote::new(i64::MIN), ..Position::zeroed() };
    let mut position = broke;
    assert_eq!(apply(&mut position, terms.funding), Err(RiskError::Overflow));
    assert_eq!(bytemuck::bytes_of(&position), bytemuck::bytes_of(&broke));
    let far = Position { lots: Lots::new(1), funding: i64::MIN, ..Position::zeroed() };
    assert_eq!(due(&far, terms.funding), Err(RiskError::Overflow));
}
