//! What one share of a bank is worth in each kind of check, computed when a price or an index changes and never in a
//! margin check (DESIGN §2, §4 "Net collateral").

use crate::error::{RiskError, overflow};
use crate::layout::bank::{BankTerms, NO_FEED, ShareValues};
use crate::layout::board::BoardHeader;
use crate::layout::feed::Feed;
use crate::num::{Index, PRICE_BITS, Price, Quote, RATIO_BITS, Ratio, Scaled, wide};
use crate::validity::Validity;

/// Most decimals of a token, and of the quote token.
pub const MAX_DECIMALS: u8 = 12;

/// Weights are products of two ratios: 2^-60.
const WEIGHT_EXPONENT: i32 = -60;
/// Prices count 2^-40.
const PRICE_EXPONENT: i32 = -40;
const _: () = assert!(PRICE_BITS == 40 && RATIO_BITS == 30);
/// Indexes count 2^-64.
const INDEX_EXPONENT: i32 = -64;

/// The two prices that a token is valued at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Prices {
    /// The oracle price.
    pub price: Price,
    /// The stable price.
    pub stable: Price,
}

impl Prices {
    /// The quote token's, by definition.
    pub const QUOTE: Self = Self { price: Price::ONE, stable: Price::ONE };
}

/// What else a valuation rests on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Setting {
    /// Decimals of the quote token, at most [`MAX_DECIMALS`].
    pub quote_decimals: u8,
    /// How much further than maintenance a liquidation goes.
    pub liq_buffer: Ratio,
    /// The time that ramps are read at, unix seconds.
    pub now: i64,
}

impl Setting {
    /// What the board says at `now`.
    pub const fn of(header: &BoardHeader, now: i64) -> Self {
        Self { quote_decimals: header.quote_decimals, liq_buffer: header.liq_buffer.ratio(now), now }
    }
}

/// A bank's weights at one moment, in 2^-60, but for the scaling by deposits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Weights {
    asset_strict: u64,
    asset_maint: u64,
    liability_strict: u64,
    liability_liqend: u64,
    liability_maint: u64,
}

/// A ratio in 2^-60. Exact; below 2^62.
const fn weight(ratio: Ratio) -> u64 {
    (ratio.get() as u64) << RATIO_BITS
}

impl Weights {
    const QUOTE: Self = {
        let one = weight(Ratio::ONE);
        Self {
            asset_strict: one,
            asset_maint: one,
            liability_strict: one,
            liability_liqend: one,
            liability_maint: one,
        }
    };

    /// Maintenance weights as ramped; strict ones never milder than those; assets at most 1, liabilities at least 1.
    fn of(terms: &BankTerms, setting: &Setting) -> Result<Self, RiskError> {
        if terms.feed == NO_FEED {
            return Ok(Self::QUOTE);
        }
        let asset = terms.asset_weight_maint.ratio(setting.now).min(Ratio::ONE);
        let liability = terms.liability_weight_maint.ratio(setting.now).max(Ratio::ONE);
        let liability_maint = weight(liability);
        Ok(Self {
            asset_strict: weight(terms.asset_weight_initial.min(asset)),
            asset_maint: weight(asset),
            liability_strict: weight(terms.liability_weight_initial.max(liability)),
            liability_liqend: liqend_weight(asset, liability, setting.liq_buffer)?,
            liability_maint,
        })
    }
}

/// `wL_maint + liq_buffer·(wL_maint − wA_maint)`, exact, in 2^-60.
fn liqend_weight(asset: Ratio, liability: Ratio, liq_buffer: Ratio) -> Result<u64, RiskError> {
    let gap = u64::from(liability.saturating_sub(asset).get());
    // Each factor is below 2^32.
    let extra = u64::from(liq_buffer.get()).saturating_mul(gap);
    weight(liability).checked_add(extra).ok_or(RiskError::Overflow)
}

/// Whether a bank's weights keep the kinds of check in order: Withdraw ≤ Initial ≤ LiquidationEnd ≤ Maintenance (DESIGN §4).
///
/// To be asked whenever weights or the buffer are set: `wA_init ≤ wA_maint ≤ 1 ≤ wL_maint` and
/// `wL_init ≥ wL_maint + liq_buffer·(wL_maint − wA_maint)`. Without the last one a borrower who may still take risk
/// could be short of what ends a liquidation. Exact.
pub fn weights_are_ordered(terms: &BankTerms, liq_buffer: Ratio) -> bool {
    if terms.feed == NO_FEED {
        return true;
    }
    // A ramp's values lie between its ends, and the law is linear in them: all four corners are enough.
    let assets = [terms.asset_weight_maint.from, terms.asset_weight_maint.to];
    let liabilities = [terms.liability_weight_maint.from, terms.liability_weight_maint.to];
    assets.into_iter().map(Ratio::new).all(|asset| {
        liabilities.into_iter().map(Ratio::new).all(|liability| {
            terms.asset_weight_initial <= asset
                && asset <= Ratio::ONE
                && liability >= Ratio::ONE
                && liqend_weight(asset, liability, liq_buffer)
                    .is_ok_and(|end| weight(terms.liability_weight_initial) >= end)
        })
    })
}

/// Which value of a share: the fields of [`ShareValues`], in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Worth {
    /// Deposit in the strict kinds.
    AssetStrict,
    /// Deposit in the maintenance kinds.
    AssetMaint,
    /// Borrow in the strict kinds.
    LiabilityStrict,
    /// Borrow at the end of a liquidation.
    LiabilityLiqend,
    /// Borrow in the maintenance kind.
    LiabilityMaint,
    /// Deposit at full price.
    AssetEquity,
    /// Borrow at full price.
    LiabilityEquity,
}

/// `10^decimals`; `BadParameter` beyond [`MAX_DECIMALS`].
const fn power_of_ten(decimals: u8) -> Result<u64, RiskError> {
    if decimals > MAX_DECIMALS {
        return Err(RiskError::BadParameter);
    }
    Ok(10u64.saturating_pow(decimals as u32))
}

/// Native quote that one share is worth at a price of 1: `index × 10^quote_decimals / 10^token_decimals`.
fn share_at_one(index: Index, terms: &BankTerms, setting: &Setting, up: bool) -> Result<Scaled, RiskError> {
    let (token, quote) = (power_of_ten(terms.decimals)?, power_of_ten(setting.quote_decimals)?);
    let share = if up {
        Scaled::new_up(index.get(), INDEX_EXPONENT)
    } else {
        Scaled::new_down(index.get(), INDEX_EXPONENT)
    };
    // Both are powers of ten: the larger one is a multiple of the smaller.
    Ok(match (token > quote, up) {
        (true, true) => share.over_up(token.checked_div(quote).unwrap_or(1)),
        (true, false) => share.over_down(token.checked_div(quote).unwrap_or(1)),
        (false, true) => share.times_up(quote.checked_div(token).unwrap_or(1), 0),
        (false, false) => share.times_down(quote.checked_div(token).unwrap_or(1), 0),
    })
}

/// What values one bank's shares: prices, weights, and a share of each kind at a price of 1.
struct Valuer {
    prices: Prices,
    weights: Weights,
    deposit: Scaled,
    borrow: Scaled,
    deposits_value: Quote,
}

impl Valuer {
    fn new(terms: &BankTerms, prices: Prices, setting: &Setting) -> Result<Self, RiskError> {
        let mut weights = Weights::of(terms, setting)?;
        let deposit = share_at_one(terms.deposit_index.into(), terms, setting, false)?;
        let borrow = share_at_one(terms.borrow_index.into(), terms, setting, true)?;
        let deposits_value = total(deposit.times_down(prices.price.get(), PRICE_EXPONENT), terms);
        let (start, value) = (terms.scale_start, deposits_value);
        if terms.feed != NO_FEED && start > Quote::ZERO && value > start {
            // start < value, so it fits; a deposit that moves the value is scaled at the next refresh.
            weights.asset_strict =
                wide::mul_div_down(weights.asset_strict, start.magnitude(), value.magnitude()).unwrap_or(0);
        }
        Ok(Self { prices, weights, deposit, borrow, deposits_value })
    }

    /// The value of one share, native quote: assets rounded down, liabilities up.
    fn value(&self, worth: Worth) -> Scaled {
        let Prices { price, stable } = self.prices;
        let asset = |price: Price| self.deposit.times_down(price.get(), PRICE_EXPONENT);
        let liability = |price: Price| self.borrow.times_up(price.get(), PRICE_EXPONENT);
        let weights = &self.weights;
        match worth {
            Worth::AssetStrict => asset(price.min(stable)).times_down(weights.asset_strict, WEIGHT_EXPONENT),
            Worth::AssetMaint => asset(price).times_down(weights.asset_maint, WEIGHT_EXPONENT),
            Worth::AssetEquity => asset(price),
            Worth::LiabilityStrict => {
                liability(price.max(stable)).times_up(weights.liability_strict, WEIGHT_EXPONENT)
            }
            Worth::LiabilityLiqend => liability(price).times_up(weights.liability_liqend, WEIGHT_EXPONENT),
            Worth::LiabilityMaint => liability(price).times_up(weights.liability_maint, WEIGHT_EXPONENT),
            Worth::LiabilityEquity => liability(price),
        }
    }
}

/// All deposit shares at a value of one, native quote, rounded down; what does not fit is as much as fits.
fn total(share: Scaled, terms: &BankTerms) -> Quote {
    let exact = share.times_down(terms.deposit_shares.get(), 0);
    let raw = exact.mantissa_down(0).and_then(|raw| Quote::from_unsigned(raw).ok());
    raw.unwrap_or(Quote::MAX)
}

/// A bank's seven values with their common shift, and what all its deposits are worth.
#[derive(Clone, Copy, Debug)]
pub struct Valuation {
    /// Value of one share for each kind of check.
    pub values: ShareValues,
    /// Common shift of `values`, 0 to 127.
    pub shift: u8,
    /// Worth of all deposits at the price, native quote, rounded down, at most [`Quote::MAX`].
    pub deposits_value: Quote,
}

/// Computes the seven values of one share (DESIGN §4): `(shares × mantissa) >> shift` is native quote.
///
/// Strict assets: `min(price, stable) · min(wA_init, wA_maint) · min(1, scale_start / deposits value)`; strict
/// liabilities: `max(price, stable) · max(wL_init, wL_maint)`; maintenance: `price · w_maint`; end of liquidation:
/// liabilities at `wL_maint + liq_buffer·(wL_maint − wA_maint)`; equity: `price`. The quote token has weight 1 in all.
/// Assets are rounded down, liabilities up, the largest within 2^-60 of exact.
///
/// `BadParameter` for decimals beyond [`MAX_DECIMALS`]; `Overflow` when one share is worth 2^64 native quote or more.
pub fn share_values(terms: &BankTerms, prices: Prices, setting: &Setting) -> Result<Valuation, RiskError> {
    let valuer = Valuer::new(terms, prices, setting)?;
    let assets = [Worth::AssetStrict, Worth::AssetMaint, Worth::AssetEquity].map(|worth| valuer.value(worth));
    let liabilities =
        [Worth::LiabilityStrict, Worth::LiabilityLiqend, Worth::LiabilityMaint, Worth::LiabilityEquity]
            .map(|worth| valuer.value(worth));
    // The largest value takes all 64 bits; the others share its shift.
    let mut shift = 127;
    for value in assets.iter().chain(&liabilities).filter(|value| value.mantissa != 0) {
        shift = shift.min(value.exponent.saturating_neg());
    }
    let shift = u8::try_from(shift).map_err(|_| RiskError::Overflow)?;
    let down = |value: &Scaled| value.mantissa_down(u32::from(shift)).ok_or(RiskError::Overflow);
    let up = |value: &Scaled| value.mantissa_up(u32::from(shift)).ok_or(RiskError::Overflow);
    let [asset_strict, asset_maint, asset_equity] = &assets;
    let [liability_strict, liability_liqend, liability_maint, liability_equity] = &liabilities;
    let values = ShareValues {
        asset_strict: down(asset_strict)?,
        asset_maint: down(asset_maint)?,
        liability_strict: up(liability_strict)?,
        liability_liqend: up(liability_liqend)?,
        liability_maint: up(liability_maint)?,
        asset_equity: down(asset_equity)?,
        liability_equity: up(liability_equity)?,
    };
    Ok(Valuation { values, shift, deposits_value: valuer.deposits_value })
}

/// One value of one share, with a shift of its own: for balances whose entry on the board cannot be used.
///
/// Returns mantissa and shift (0 to 127). Rounding and errors as [`share_values`].
pub fn share_value(
    terms: &BankTerms,
    worth: Worth,
    prices: Prices,
    setting: &Setting,
) -> Result<(u64, u8), RiskError> {
    let value = Valuer::new(terms, prices, setting)?.value(worth);
    let shift = u8::try_from(value.exponent.saturating_neg().min(127)).map_err(|_| RiskError::Overflow)?;
    let asset = matches!(worth, Worth::AssetStrict | Worth::AssetMaint | Worth::AssetEquity);
    let mantissa =
        if asset { value.mantissa_down(u32::from(shift)) } else { value.mantissa_up(u32::from(shift)) };
    match mantissa {
        Some(mantissa) => Ok((mantissa, shift)),
        None => overflow(),
    }
}

/// The time until which a bank's indexes are young enough, unix seconds; no limit when the board sets none (0).
pub const fn indexes_valid_until(terms: &BankTerms, header: &BoardHeader) -> i64 {
    if header.bank_max_age == 0 {
        i64::MAX
    } else {
        terms.updated_at.saturating_add(header.bank_max_age as i64)
    }
}

/// Brings a bank's entry up to date after its feed, its indexes or its weights changed.
///
/// A feed that is not valid closes the entry (`valid_until` = 0) and leaves its values. Otherwise it is open until the
/// price or the indexes are too old. `feed` is not looked at for the quote token. Errors as [`share_values`]; then nothing
/// has changed.
pub fn refresh_bank(
    terms: &mut BankTerms,
    feed: &Feed,
    header: &BoardHeader,
    now: i64,
) -> Result<(), RiskError> {
    let (prices, publish_time, price_until) = if terms.feed == NO_FEED {
        (Prices::QUOTE, now, i64::MAX)
    } else if Validity::from_code(feed.validity) == Validity::Valid {
        let until = feed.publish_time.saturating_add(i64::from(feed.max_age));
        (Prices { price: feed.price, stable: feed.stable }, feed.publish_time, until)
    } else {
        terms.valid_until = 0;
        return Ok(());
    };
    let valuation = share_values(terms, prices, &Setting::of(header, now))?;
    terms.values = valuation.values;
    terms.shift = valuation.shift;
    terms.deposits_value = valuation.deposits_value;
    terms.publish_time = publish_time;
    terms.valid_until = price_until.min(indexes_valid_until(terms, header));
    Ok(())
}

#[cfg(test)]
mod tests {
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
        assert!(valuation.values.liability_strict >> 63 == 1, "the largest value takes all bits");
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
        assert!(matches!(
            share_values(&dear, Prices { price, stable: price }, &wide),
            Err(RiskError::Overflow)
        ));
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
        assert!(!weights_are_ordered(
            &BankTerms { asset_weight_initial: Ratio::ONE, ..terms() },
            Ratio::ZERO
        ));
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
}
