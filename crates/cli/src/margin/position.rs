//! Positions as the engine knows them: a market on the board and a slot of the account.
//!
//! A file gives sizes in whole units of the underlying, with up to 8 decimals, and no lots. Each market here has its own: a
//! size that makes the account's sizes whole numbers of lots while 31 bits hold them, else the smallest that does fit.

use super::{
    board::{Quoted, Unfit, constant, ratio},
    decimal::{Decimal, PLACES},
    input::{Market, Position},
};
use bytemuck::Zeroable;
use plimsoll_risk::{
    RiskError,
    layout::{
        account::{self, POSITION_IN_USE, POSITION_ISOLATED},
        market::MarketTerms,
    },
    num::{Lots, Quote, Ratio, SIZE_FACTOR_BITS, SizeFactor},
    ramp::Ramp,
};

/// Most lots that a position with its orders may come to: what the engine's signed 32 bits hold.
const MOST_LOTS: u128 = i32::MAX as u128;

/// How many lots make one unit that a market's price counts, and how sizes become lots.
#[derive(Clone, Copy, Debug)]
pub struct LotSize {
    /// Lots in a unit.
    pub lots_per_unit: u64,
    /// Units of 10^-8 of the file's underlying in a unit.
    smallest_per_unit: u128,
}

impl LotSize {
    /// For a position in a market whose price counts 10^`exponent` of the file's underlying, at least 10^-8.
    ///
    /// `None` where fewer than one lot a unit would fit.
    pub fn of(position: &Position, exponent: i32) -> Option<Self> {
        let smallest_per_unit =
            10u128.checked_pow(u32::try_from(exponent.checked_add_unsigned(PLACES)?).ok()?)?;
        let size = |decimal: Decimal| decimal.units().unsigned_abs();
        let sizes = [size(position.base), size(position.bids), size(position.asks)];
        let worst = size(position.base) + size(position.bids).max(size(position.asks));
        // As fine as 31 bits allow: a lot that is worth a lot would cost decimals of quote.
        let mut lot = 1u128;
        while worst / lot > MOST_LOTS
            && sizes.iter().chain([&smallest_per_unit]).all(|each| each % (lot * 10) == 0)
        {
            lot *= 10;
        }
        let lots_per_unit = if worst / lot <= MOST_LOTS {
            smallest_per_unit / lot
        } else {
            smallest_per_unit.checked_mul(MOST_LOTS)?.checked_div(worst)?
        };
        // More lots than that only where a lot is worth nothing.
        let lots_per_unit = u64::try_from(lots_per_unit).unwrap_or(u64::MAX);
        if lots_per_unit == 0 {
            return None;
        }
        Some(Self { lots_per_unit, smallest_per_unit })
    }

    /// A size in lots, to the nearest.
    fn lots(&self, size: Decimal) -> Result<u32, RiskError> {
        let lots = size.units().unsigned_abs().checked_mul(u128::from(self.lots_per_unit));
        let lots = lots.and_then(|lots| lots.checked_add(self.smallest_per_unit / 2));
        let lots = lots.ok_or(RiskError::Overflow)? / self.smallest_per_unit;
        u32::try_from(lots).map_err(|_| RiskError::Overflow)
    }
}

/// A market's entry before its first refresh, but for its lots and its feed.
pub fn terms_of(name: &str, market: &Market, quote_decimals: u8) -> Result<MarketTerms, Unfit> {
    let factor = |field, decimal| {
        size_factor(decimal).ok_or_else(|| refuse(name, field, decimal, "a number below 0.00097656"))
    };
    let (open_interest, oi_lower, oi_upper) =
        of_one_scale([market.open_interest, market.oi_lower, market.oi_upper]);
    Ok(MarketTerms {
        imf: SizeFactor::new(factor("imf", market.imf)?),
        imf_maint_ramp: Ramp::constant(factor("imf_maint", market.imf_maint)?),
        imr: ratio(market.imr),
        mmr: constant(market.mmr),
        kappa: below_four(name, "kappa", market.kappa)?,
        open_interest,
        oi_lower,
        oi_upper,
        pnl_weight: ratio(market.pnl_weight),
        // A cap beyond all that the engine counts is none.
        pnl_cap: quote(market.pnl_cap, quote_decimals).unwrap_or(Quote::MAX),
        ..Zeroable::zeroed()
    })
}

/// The daily volatility of a market's feed.
pub fn sigma_of(name: &str, market: &Market) -> Result<Ratio, Unfit> {
    below_four(name, "sigma_daily", market.sigma_daily)
}

/// A market's prices, counted in the unit that keeps them most exact: the power of ten of the file's unit.
pub fn quoted(name: &str, market: &Market) -> Result<(Quoted, i32), Unfit> {
    let (low, high) = (market.price.min(market.stable_price), market.price.max(market.stable_price));
    // Dear units are counted in parts, cheap ones in multiples.
    let places = if high.units() / Decimal::ONE.units() < 1_000_000 { 0 } else { PLACES };
    let quoted = Quoted::of(&format!("markets.{name}"), market.price, market.stable_price, places)?;
    // Both share 32 bits: the smaller keeps 22 of them.
    if high.units() / 1_000 > low.units() {
        let expected = "price and stable_price within 10^3 of each other";
        return Err(refuse(name, "stable_price", market.stable_price, expected));
    }
    let exponent = i32::from(quoted.decimals).saturating_sub_unsigned(places);
    Ok((quoted, exponent))
}

/// The account's slot for a position.
pub fn slot_of(
    position: &Position,
    market: u8,
    lot_size: &LotSize,
    quote_decimals: u8,
) -> Result<account::Position, Unfit> {
    let quote = |decimal| quote(decimal, quote_decimals).ok_or(RiskError::Overflow);
    let lots = i32::try_from(lot_size.lots(position.base)?).map_err(|_| RiskError::Overflow)?;
    let isolated = if position.isolated_margin.is_some() { POSITION_ISOLATED } else { 0 };
    Ok(account::Position {
        lots: Lots::new(if position.base < Decimal::ZERO { -lots } else { lots }),
        bids: lot_size.lots(position.bids)?,
        asks: lot_size.lots(position.asks)?,
        market,
        flags: POSITION_IN_USE | isolated,
        quote: quote(position.quote)?,
        pocket: quote(position.isolated_margin.unwrap_or(Decimal::ZERO))?,
        bids_quote: quote(position.bids_quote)?,
        asks_quote: quote(position.asks_quote)?,
        ..Zeroable::zeroed()
    })
}

fn refuse(name: &str, field: &str, found: Decimal, expected: &str) -> Unfit {
    Unfit::Input(format!("markets.{name}.{field}: found {found}, expected {expected}"))
}

fn below_four(name: &str, field: &str, decimal: Decimal) -> Result<Ratio, Unfit> {
    if decimal < Decimal::FOUR {
        Ok(ratio(decimal))
    } else {
        Err(refuse(name, field, decimal, "a number below 4"))
    }
}

/// The nearest size factor, if there is one.
fn size_factor(decimal: Decimal) -> Option<u32> {
    let one = Decimal::ONE.units().unsigned_abs();
    let scaled = decimal.units().unsigned_abs().checked_mul(1 << SIZE_FACTOR_BITS)?.checked_add(one / 2)?;
    u32::try_from(scaled / one).ok()
}

/// Three worths of which only the ratios count, in one unit that keeps 62 bits.
fn of_one_scale(worths: [Decimal; 3]) -> (Quote, Quote, Quote) {
    let units = worths.map(|worth| worth.units().unsigned_abs());
    let largest = units.into_iter().max().unwrap_or(0);
    let excess = largest.checked_ilog2().unwrap_or(0).saturating_sub(61);
    let [first, second, third] = units.map(|units| Quote::new((units >> excess) as i64));
    (first, second, third)
}

/// The nearest amount in native units, if 64 bits hold it.
fn quote(decimal: Decimal, quote_decimals: u8) -> Option<Quote> {
    let scaled = decimal.units().unsigned_abs().checked_mul(10u128.pow(u32::from(quote_decimals)))?;
    let one = Decimal::ONE.units().unsigned_abs();
    let raw = i64::try_from(scaled.checked_add(one / 2)? / one).ok()?;
    Some(Quote::new(if decimal < Decimal::ZERO { -raw } else { raw }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decimal(text: &str) -> Decimal {
        serde_json::from_value(serde_json::Value::String(text.to_owned())).unwrap()
    }

    fn lots(base: &str, bids: &str, exponent: i32) -> Option<(u64, u32, u32)> {
        let zero = Decimal::ZERO;
        let position = Position {
            market: String::new(),
            base: decimal(base),
            quote: zero,
            bids: decimal(bids),
            bids_quote: zero,
            asks: zero,
            asks_quote: zero,
            isolated_margin: None,
        };
        let size = LotSize::of(&position, exponent)?;
        Some((size.lots_per_unit, size.lots(position.base).unwrap(), size.lots(position.bids).unwrap()))
    }

    #[test]
    fn sizes_are_whole_lots_while_31_bits_hold_them() {
        assert_eq!(lots("-1.5", "1", 0), Some((100_000_000, 150_000_000, 100_000_000)));
        assert_eq!(lots("0.00000001", "20", 0), Some((100_000_000, 1, 2_000_000_000)));
        assert_eq!(lots("0", "0", 0), Some((100_000_000, 0, 0)));
        assert_eq!(lots("500", "0.5", 2), Some((100_000_000, 500_000_000, 500_000)));
    }

    #[test]
    fn larger_sizes_have_the_smallest_lots_that_fit() {
        assert_eq!(lots("314744.5709", "0", 0), Some((6822, 2_147_187_463, 0)));
        assert_eq!(lots("2147483647", "0", 0), Some((1, 2_147_483_647, 0)));
        assert_eq!(lots("2147483648", "0", 0), None);
        assert_eq!(lots("2147483648", "0", 3), Some((999, 2_145_336_164, 0)));
    }

    #[test]
    fn only_the_ratios_of_open_interest_count() {
        let huge = decimal("99999999999999999999");
        let (interest, lower, upper) = of_one_scale([decimal("50000000000000000000"), Decimal::ZERO, huge]);
        assert_eq!(lower, Quote::ZERO);
        assert!((interest.get() * 2 - upper.get()).abs() <= 2);
    }
}
