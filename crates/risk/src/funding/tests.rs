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

#[test]
fn an_observation_counts_for_a_minute_however_often_it_is_credited() {
    let mut window = window(5);
    window.credit(NOW + 40);
    assert_eq!((window.sum, window.since), (200, NOW + 40));
    window.credit(NOW + 100);
    window.credit(NOW + 1_000);
    assert_eq!(window.sum, 300);
    window.observe(7, NOW + 1_000, 9);
    window.credit(NOW + 1_010);
    assert_eq!(window.sum, 370);
}

#[test]
fn what_stood_is_credited_and_not_what_is_observed_now() {
    let mut window = window(-3);
    assert!(window.needs_observation(12));
    window.observe(1 << 30, NOW + 10, 12);
    assert_eq!((window.sum, window.premium, window.slot), (-30, 1 << 30, 12));
    assert!(!window.needs_observation(12));
}

#[test]
fn a_clock_that_went_back_credits_nothing() {
    let mut window = window(5);
    window.credit(NOW - 10);
    assert_eq!((window.sum, window.since), (0, NOW));
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
fn an_hour_at_one_percent_pays_an_eighth_of_it() {
    let (mut terms, mut window) = (terms(), window(1 << 20));
    for minute in 1..60 {
        window.observe(1 << 20, NOW + minute * 60, minute as u64);
    }
    let added = accrue(&mut terms, &mut window, Ratio::ONE, EIGHT_HOURS, NOW + 3_600).unwrap();
    assert_eq!(added, (1_000_000i64 << 32 >> 10) / 8);
    assert_eq!((terms.funding, terms.funding_updated_at, window.sum), (added, NOW + 3_600, 0));
    assert_eq!(accrue(&mut terms, &mut window, Ratio::ONE, EIGHT_HOURS, NOW + 3_600), Ok(0));
}

#[test]
fn time_without_an_observation_lowers_the_rate_and_an_outage_pays_an_hour() {
    let (mut terms, mut window) = (terms(), window(-(1 << 20)));
    let added = accrue(&mut terms, &mut window, Ratio::ONE, EIGHT_HOURS, NOW + 7_200).unwrap();
    let mean = (1i64 << 20) * 60 / 7_200;
    let lot = 1_000_000i128 << 2;
    assert_eq!(i128::from(added), -(lot * i128::from(mean) * 3_600 / i128::from(EIGHT_HOURS)));
}

#[test]
fn an_accrual_that_does_not_fit_changes_nothing() {
    let (mut terms, mut window) = (terms(), window(1 << 20));
    terms.funding = i64::MAX;
    assert_eq!(accrue(&mut terms, &mut window, Ratio::ONE, 1, NOW + 60), Err(RiskError::Overflow));
    assert_eq!((terms.funding_updated_at, window.sum, window.credited), (NOW, 0, 0));
    assert_eq!(accrue(&mut terms, &mut window, Ratio::ONE, 0, NOW + 60), Err(RiskError::BadParameter));
}

#[test]
fn payers_pay_the_fraction_and_receivers_lose_it() {
    let terms = MarketTerms { funding: 3 << 31, ..terms() };
    let mut long = Position { lots: Lots::new(3), ..Position::zeroed() };
    let short = Position { lots: Lots::new(-3), ..Position::zeroed() };
    assert_eq!(due(&long, &terms), Ok(Quote::new(5)));
    assert_eq!(due(&short, &terms), Ok(Quote::new(-4)));
    assert_eq!(apply(&mut long, &terms), Ok(Quote::new(5)));
    assert_eq!((long.quote, long.realised, long.funding), (Quote::new(-5), Quote::new(-5), 3 << 31));
    assert_eq!(due(&long, &terms), Ok(Quote::ZERO));
}

#[test]
fn what_cannot_be_taken_changes_nothing() {
    let terms = MarketTerms { funding: 1 << 32, ..terms() };
    let broke = Position { lots: Lots::new(1), realised: Quote::new(i64::MIN), ..Position::zeroed() };
    let mut position = broke;
    assert_eq!(apply(&mut position, &terms), Err(RiskError::Overflow));
    assert_eq!(bytemuck::bytes_of(&position), bytemuck::bytes_of(&broke));
    let far = Position { lots: Lots::new(1), funding: i64::MIN, ..Position::zeroed() };
    assert_eq!(due(&far, &terms), Err(RiskError::Overflow));
}
