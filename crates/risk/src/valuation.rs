//! What one share of a bank is worth in each kind of check, computed when a price or an index changes and never in a
//! margin check (DESIGN §2, §4 "Net collateral").

use crate::error::{RiskError, overflow};
use crate::layout::bank::{BankTerms, NO_FEED, ShareValues};
use crate::layout::board::BoardHeader;
use crate::layout::feed::Feed;
use crate::num::{Index, PRICE_BITS, Price, Quote, RATIO_BITS, Ratio, Scaled, StoredIndex, wide};
use crate::validity::Validity;

/// Most decimals of a token, and of the quote token.
pub const MAX_DECIMALS: u8 = 12;

/// Weights are products of two ratios, in 2^-60, and below 4.
const WEIGHT_BITS: u32 = 62;
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

/// `wL_maint + liq_buffer·(wL_maint − wA_maint)`, exact, in 2^-60. `Overflow` from 4 on.
fn liqend_weight(asset: Ratio, liability: Ratio, liq_buffer: Ratio) -> Result<u64, RiskError> {
    let gap = u64::from(liability.saturating_sub(asset).get());
    // Each factor is below 2^32.
    let extra = u64::from(liq_buffer.get()).saturating_mul(gap);
    match weight(liability).checked_add(extra) {
        Some(weight) if weight < 1 << WEIGHT_BITS => Ok(weight),
        _ => overflow(),
    }
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

/// `10^-places` for up to [`MAX_DECIMALS`] places, rounded down and up: a multiplication in place of a division.
const TENTHS: [(Scaled, Scaled); MAX_DECIMALS as usize + 1] = {
    let mut table = [(Scaled::ZERO, Scaled::ZERO); MAX_DECIMALS as usize + 1];
    let (mut places, mut power) = (0, 1u64);
    #[allow(clippy::arithmetic_side_effects, clippy::indexing_slicing)] // Evaluated by the compiler.
    while places < table.len() {
        let one = Scaled::new_down(1, 0);
        table[places] = (one.over_down(power), one.over_up(power));
        (places, power) = (places + 1, power * 10);
    }
    table
};

/// Native quote that one native token is worth at a price of 1, rounded down and up: `10^quote_decimals / 10^token_decimals`.
fn token_at_one(token: u8, quote: u8) -> Result<(Scaled, Scaled), RiskError> {
    if token > MAX_DECIMALS || quote > MAX_DECIMALS {
        return Err(RiskError::BadParameter);
    }
    if token >= quote {
        return TENTHS.get(usize::from(token.saturating_sub(quote))).copied().ok_or(RiskError::BadParameter);
    }
    let exact = Scaled::new_down(u128::from(10u64.saturating_pow(u32::from(quote.saturating_sub(token)))), 0);
    Ok((exact, exact))
}

/// Native quote that one share of deposits (down) and of borrows (up) is worth at a price of 1: as [`set_indexes`] left it,
/// else computed.
#[inline(always)]
fn shares_at_one(terms: &BankTerms, quote_decimals: u8) -> Result<(Scaled, Scaled), RiskError> {
    if terms.deposit_unit == 0 || terms.borrow_unit == 0 {
        return compute_shares_at_one(terms, quote_decimals);
    }
    let unit = |mantissa, shift| Scaled { mantissa, exponent: i32::from(shift).saturating_neg() };
    Ok((unit(terms.deposit_unit, terms.deposit_shift), unit(terms.borrow_unit, terms.borrow_shift)))
}

#[cold]
fn compute_shares_at_one(terms: &BankTerms, quote_decimals: u8) -> Result<(Scaled, Scaled), RiskError> {
    let (token_down, token_up) = token_at_one(terms.decimals, quote_decimals)?;
    let deposit_index = Scaled::new_down(Index::from(terms.deposit_index).get(), INDEX_EXPONENT);
    let borrow_index = Scaled::new_up(Index::from(terms.borrow_index).get(), INDEX_EXPONENT);
    Ok((deposit_index.product_down(token_down), borrow_index.product_up(token_up)))
}

/// Gives a bank's entry new indexes, with what follows from them alone, so that a price need not compute it again.
///
/// The values of shares follow at the next [`refresh_bank`]. Errors: `BadParameter` beyond [`MAX_DECIMALS`]; then nothing
/// has changed.
pub fn set_indexes(
    terms: &mut BankTerms,
    deposit: StoredIndex,
    borrow: StoredIndex,
    quote_decimals: u8,
) -> Result<(), RiskError> {
    let with_indexes = BankTerms { deposit_index: deposit, borrow_index: borrow, ..*terms };
    let (deposit_unit, borrow_unit) = compute_shares_at_one(&with_indexes, quote_decimals)?;
    terms.deposit_index = deposit;
    terms.borrow_index = borrow;
    (terms.deposit_unit, terms.deposit_shift) = stored(deposit_unit);
    (terms.borrow_unit, terms.borrow_shift) = stored(borrow_unit);
    Ok(())
}

/// Mantissa and shift; a number that no shift of a byte expresses is left to be computed each time.
fn stored(unit: Scaled) -> (u64, u8) {
    match u8::try_from(unit.exponent.saturating_neg()) {
        Ok(shift) => (unit.mantissa, shift),
        Err(_) => (0, 0),
    }
}

/// What values one bank's shares: weights, and a share at full price and at the price that strict kinds take.
struct Valuer {
    weights: Weights,
    asset: Scaled,
    asset_strict: Scaled,
    liability: Scaled,
    liability_strict: Scaled,
    deposits_value: Quote,
}

impl Valuer {
    fn new(terms: &BankTerms, prices: Prices, setting: &Setting) -> Result<Self, RiskError> {
        let Prices { price, stable } = prices;
        let (deposit, borrow) = shares_at_one(terms, setting.quote_decimals)?;
        let [at_price, at_stable] =
            [price, stable].map(|price| Scaled::new_down(u128::from(price.get()), PRICE_EXPONENT));
        let (low, high) = if price < stable { (at_price, at_stable) } else { (at_stable, at_price) };
        let asset = deposit.product_down(at_price);
        let deposits_value = total(asset, terms);
        let mut weights = Weights::of(terms, setting)?;
        weights.asset_strict = scaled(weights.asset_strict, terms, deposits_value);
        Ok(Self {
            weights,
            asset,
            asset_strict: deposit.product_down(low),
            liability: borrow.product_up(at_price),
            liability_strict: borrow.product_up(high),
            deposits_value,
        })
    }

    /// The value of one share, native quote: assets rounded down, liabilities up.
    #[inline(always)]
    fn value(&self, worth: Worth) -> Scaled {
        let weights = &self.weights;
        let value = match worth {
            Worth::AssetStrict => self.asset_strict.fraction_down(weights.asset_strict),
            Worth::AssetMaint => self.asset.fraction_down(weights.asset_maint),
            Worth::AssetEquity => return self.asset,
            Worth::LiabilityStrict => self.liability_strict.fraction_up(weights.liability_strict),
            Worth::LiabilityLiqend => self.liability.fraction_up(weights.liability_liqend),
            Worth::LiabilityMaint => self.liability.fraction_up(weights.liability_maint),
            Worth::LiabilityEquity => return self.liability,
        };
        // A weight counts 2^-60, a fraction 2^-62.
        Scaled { exponent: value.exponent.saturating_add(2), ..value }
    }
}

/// The strict weight of assets, less once deposits pass the bank's start (DESIGN §4): `· min(1, start / value)`, down.
fn scaled(weight: u64, terms: &BankTerms, deposits_value: Quote) -> u64 {
    let start = terms.scale_start;
    if terms.feed == NO_FEED || start <= Quote::ZERO || deposits_value <= start {
        return weight;
    }
    if deposits_value == Quote::MAX {
        // A value that does not fit its type is not known: nothing of the asset counts.
        return 0;
    }
    wide::mul_div_down(weight, start.magnitude(), deposits_value.magnitude()).unwrap_or(0)
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
    let asset_strict = valuer.value(Worth::AssetStrict);
    let asset_maint = valuer.value(Worth::AssetMaint);
    let liability_strict = valuer.value(Worth::LiabilityStrict);
    let liability_liqend = valuer.value(Worth::LiabilityLiqend);
    let liability_maint = valuer.value(Worth::LiabilityMaint);
    // The largest value takes (nearly) all 64 bits; the others share its shift. Values that share a base share an exponent.
    let mut shift = 127;
    for value in
        [asset_strict, asset_maint, valuer.asset, liability_strict, liability_maint, valuer.liability]
    {
        if value.mantissa != 0 {
            shift = shift.min(value.exponent.saturating_neg());
        }
    }
    let shift = u8::try_from(shift).map_err(|_| RiskError::Overflow)?;
    let down = |value: Scaled| value.mantissa_down(u32::from(shift)).ok_or(RiskError::Overflow);
    let up = |value: Scaled| value.mantissa_up(u32::from(shift)).ok_or(RiskError::Overflow);
    let values = ShareValues {
        asset_strict: down(asset_strict)?,
        asset_maint: down(asset_maint)?,
        liability_strict: up(liability_strict)?,
        liability_liqend: up(liability_liqend)?,
        liability_maint: up(liability_maint)?,
        asset_equity: down(valuer.asset)?,
        liability_equity: up(valuer.liability)?,
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
    if value.mantissa == 0 {
        return Ok((0, 0));
    }
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
#[inline]
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
mod tests;
