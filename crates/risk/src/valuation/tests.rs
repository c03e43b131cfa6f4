//! The rules of a valuation, one bank at a time.

use super::*;
use crate::num::{Shares, StoredIndex};
use crate::ramp::Ramp;
use bytemuck::Zeroable;

const SETTING: Setting =
    Setting { quote_decimals: 6, liq_buffer: Ratio::new(Ratio::ONE.get() / 8), now: 1_000 };
const HUNDRED: Prices = Prices { price: Price::new(100 << 40), stable: Price::new(100 << 40) };

fn terms() -> BankTerms {
    BankTerms {
        feed: 0,
        decimals: 9,
        deposit_index: StoredIndex::ONE,
        borrow_index: StoredIndex::ONE,
        asset_weight_initial: Ratio::from_bps(5_000),
        asset_weight_maint: Ramp::constant(Ratio::from_bps(7_500).get()),
        liability_weight_initial: Ratio::from_bps(15_000),
        liability_weight_maint: Ramp::constant(Ratio::from_bps(12_500).get()),
        ..BankTerms::zeroed()
    }
}

/// Native quote of so many shares.
fn worth(valuation: &Valuation, mantissa: u64, shares: u64) -> u64 {
    wide::mul_shift_down(shares, mantissa, u32::from(valuation.shift)).unwrap()
}

#[test]
fn a_whole_token_is_worth_its_price() {
    let valuation = share_values(&terms(), HUNDRED, &SETTING).unwrap();
    assert_eq!(worth(&valuation, valuation.values.liability_equity, 1_000_000_000), 100_000_000);
    assert!(worth(&valuation, valuation.values.asset_equity, 1_000_000_000).abs_diff(100_000_000) <= 1);
    assert!(valuation.values.liability_strict >> 61 != 0, "the largest value takes nearly all bits");
}

#[test]
fn strict_weights_are_never_milder_than_maintenance() {
    // Maintenance has ramped past the initial weights.
    let tight = BankTerms {
        asset_weight_maint: Ramp::constant(Ratio::from_bps(2_500).get()),
        liability_weight_maint: Ramp::constant(Ratio::from_bps(20_000).get()),
        ..terms()
    };
    let values = share_values(&tight, HUNDRED, &SETTING).unwrap().values;
    assert_eq!(values.asset_strict, values.asset_maint);
    assert_eq!(values.liability_strict, values.liability_maint);
}

#[test]
fn a_weight_on_the_wrong_side_of_one_counts_as_one() {
    let zero = BankTerms {
        liability_weight_maint: Ramp::constant(0),
        liability_weight_initial: Ratio::ZERO,
        ..terms()
    };
    let values = share_values(&zero, HUNDRED, &SETTING).unwrap().values;
    assert_eq!(values.liability_strict, values.liability_equity);
}

#[test]
fn strict_assets_shrink_once_deposits_pass_the_start() {
    let at = |shares, start| {
        let terms =
            BankTerms { deposit_shares: Shares::new(shares), scale_start: Quote::new(start), ..terms() };
        let valuation = share_values(&terms, HUNDRED, &SETTING).unwrap();
        (valuation.deposits_value.get(), worth(&valuation, valuation.values.asset_strict, 1 << 40))
    };
    let (value, full) = at(1_000_000_000_000, 0);
    assert!(value.abs_diff(100_000_000_000) <= 1);
    assert_eq!(at(1_000_000_000_000, 100_000_000_000).1, full);
    assert!(at(1_000_000_000_000, 25_000_000_000).1.abs_diff(full / 4) <= 1);
    assert_eq!(at(u64::MAX, 1).1, 0);
}

#[test]
fn what_one_share_cannot_be_worth_is_refused() {
    let dear = BankTerms { decimals: 0, borrow_index: StoredIndex { low: 0, high: 4 }, ..terms() };
    let wide = Setting { quote_decimals: 12, ..SETTING };
    let price = Price::new(Price::LIMIT - 1);
    assert!(matches!(share_values(&dear, Prices { price, stable: price }, &wide), Err(RiskError::Overflow)));
    let many = BankTerms { decimals: 13, ..terms() };
    assert!(matches!(share_values(&many, HUNDRED, &SETTING), Err(RiskError::BadParameter)));
}

#[test]
fn a_token_without_worth_is_worth_nothing() {
    let none = Prices { price: Price::ZERO, stable: Price::ZERO };
    let valuation = share_values(&terms(), none, &SETTING).unwrap();
    assert_eq!((valuation.values.asset_equity, valuation.values.liability_strict), (0, 0));
}

#[test]
fn the_weights_law_asks_for_the_end_of_liquidation() {
    // 1.25 + (1.25 − 0.75)/8 = 1.3125
    let at = |bps| BankTerms { liability_weight_initial: Ratio::from_bps(bps), ..terms() };
    assert!(weights_are_ordered(&at(13_126), SETTING.liq_buffer));
    assert!(!weights_are_ordered(&at(13_124), SETTING.liq_buffer));
    let rising = BankTerms {
        liability_weight_maint: Ramp {
            from: Ratio::ONE.get(),
            to: Ratio::from_bps(20_000).get(),
            start: 0,
            end: 9,
        },
        ..terms()
    };
    assert!(!weights_are_ordered(&rising, SETTING.liq_buffer));
    assert!(!weights_are_ordered(&BankTerms { asset_weight_initial: Ratio::ONE, ..terms() }, Ratio::ZERO));
}

#[test]
fn an_invalid_feed_closes_the_entry() {
    let header = BoardHeader { quote_decimals: 6, bank_max_age: 100, ..BoardHeader::zeroed() };
    let mut feed = Feed { price: HUNDRED.price, stable: HUNDRED.stable, ..Feed::zeroed() };
    (feed.publish_time, feed.max_age, feed.validity) = (990, 60, Validity::Valid.code());
    let mut terms = BankTerms { updated_at: 1_000, ..terms() };
    refresh_bank(&mut terms, &feed, &header, 1_000).unwrap();
    assert_eq!((terms.valid_until, terms.publish_time), (1_050, 990));
    terms.updated_at = 900;
    refresh_bank(&mut terms, &feed, &header, 1_000).unwrap();
    assert_eq!(terms.valid_until, 1_000, "indexes age too");
    feed.validity = Validity::Wide.code();
    refresh_bank(&mut terms, &feed, &header, 1_000).unwrap();
    assert_eq!(terms.valid_until, 0);
}
