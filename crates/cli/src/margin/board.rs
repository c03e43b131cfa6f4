//! The input as the engine knows it: a risk board, and an account's balances and positions.
//!
//! A file gives neither the decimals of its tokens nor their shares. The board is free to choose both, so it chooses
//! what keeps the file's numbers: every amount exact (8 places) while it fits 64 bits, every price near the top of the
//! engine's range, where it is most exact.

use super::{
    decimal::{Decimal, PLACES},
    input::{Balance, Bank, Input, Position},
    position::{self, LotSize},
    rules::Fault,
};
use bytemuck::Zeroable;
use plimsoll_risk::{
    RiskError,
    layout::{
        account::{self, MAX_BALANCES, MAX_POSITIONS},
        bank::{BankTerms, NO_FEED, PORTFOLIO_ELIGIBLE},
        board::{BoardHeader, RiskBoard},
        feed::Feed,
    },
    margin::Holdings,
    market::refresh_market,
    num::{Price, Quote, RATIO_BITS, Ratio, Shares, StoredIndex},
    ramp::Ramp,
    validity::Validity,
    valuation::{MAX_DECIMALS, refresh_bank},
};

/// The time on the board; prices are published at it, so all are fresh and of one age.
pub const NOW: i64 = 1;

/// A price of fewer units than this is rounded by more than 2^-23 of itself, which could be seen in the answer.
const FEWEST_UNITS: u64 = 1 << 22;

/// Why there is no board.
#[derive(Debug)]
pub enum Unfit {
    /// The input has a number that no choice of decimals makes fit.
    Input(Fault),
    /// The engine refuses; `Overflow` may pass with fewer decimals of quote.
    Engine(RiskError),
}

impl From<RiskError> for Unfit {
    fn from(error: RiskError) -> Self {
        Self::Engine(error)
    }
}

/// All that a margin check reads.
#[derive(Debug)]
pub struct Desk {
    /// The board, with the input's banks in the order of their names.
    pub board: Box<RiskBoard>,
    /// The account's balances.
    balances: [account::Balance; MAX_BALANCES],
    /// Its positions, in the order of the input.
    pub positions: [account::Position; MAX_POSITIONS],
}

impl Desk {
    /// Puts a checked input on a board whose quote token has so many decimals.
    pub fn new(input: &Input, quote_decimals: u8) -> Result<Self, Unfit> {
        let mut desk = Self {
            board: Box::new(RiskBoard::zeroed()),
            balances: Zeroable::zeroed(),
            positions: Zeroable::zeroed(),
        };
        desk.board.header.quote_decimals = quote_decimals;
        desk.board.header.liq_buffer = constant(input.liq_buffer);
        for (place, (name, bank)) in input.banks.iter().enumerate() {
            let held = input.account.balances.iter().position(|balance| balance.bank == *name);
            let amount = held.and_then(|at| Some((at, input.account.balances.get(at)?)));
            let places = amount_places(amount)?;
            desk.open_bank(place, name, bank, places)?;
            if let Some((at, balance)) = amount {
                desk.hold(at, place, balance, places)?;
            }
        }
        for (at, position) in input.account.positions.iter().enumerate() {
            desk.open_market(at, position, input)?;
        }
        Ok(desk)
    }

    /// What the account is measured by.
    pub fn holdings(&self) -> Holdings<'_> {
        Holdings { balances: &self.balances, positions: &self.positions }
    }

    /// Gives the market of a position a place on the board, with a feed of its own, and the position its slot.
    fn open_market(&mut self, at: usize, position: &Position, input: &Input) -> Result<(), Unfit> {
        let name = &*position.market;
        let market = input.markets.get(name).ok_or(RiskError::Missing)?;
        let RiskBoard { header, feeds, markets, .. } = &mut *self.board;
        let (Some(terms), Some(feed), Some(slot)) =
            (markets.get_mut(at), feeds.get_mut(usize::from(header.feed_count)), self.positions.get_mut(at))
        else {
            return Err(RiskError::TooMany.into());
        };
        let (quoted, exponent) = position::quoted(name, market)?;
        let lot_size = LotSize::of(position, exponent).ok_or_else(|| {
            let base = position.base;
            Unfit::Input(format!(
                "account.positions[{at}].base: found {base}, expected a size (with its orders) that the engine can hold"
            ))
        })?;
        *feed = quoted.feed();
        feed.volatility_floor = position::sigma_of(name, market)?;
        *terms = position::terms_of(name, market, header.quote_decimals)?;
        terms.lots_per_unit = lot_size.lots_per_unit;
        terms.feed = header.feed_count;
        let number = u8::try_from(at).map_err(|_| RiskError::TooMany)?;
        header.feed_count = header.feed_count.saturating_add(1);
        header.market_count = number.saturating_add(1);
        *slot = position::slot_of(position, number, &lot_size, header.quote_decimals)?;
        Ok(refresh_market(terms, feed, header, NOW)?)
    }

    /// Gives a bank its place on the board, and a feed of its own at the same place.
    fn open_bank(&mut self, place: usize, name: &str, bank: &Bank, places: u32) -> Result<(), Unfit> {
        let number = u8::try_from(place).map_err(|_| RiskError::TooMany)?;
        let RiskBoard { header, feeds, banks, .. } = &mut *self.board;
        let (Some(terms), Some(feed)) = (banks.get_mut(place), feeds.get_mut(place)) else {
            return Err(RiskError::TooMany.into());
        };
        *terms = terms_of(bank);
        if bank.is_quote() {
            terms.decimals = u8::try_from(places).map_err(|_| RiskError::BadParameter)?;
            terms.feed = NO_FEED;
            header.quote_bank = number;
        } else {
            let quoted = Quoted::of(&format!("banks.{name}"), bank.price, bank.stable_price, places)?;
            *feed = quoted.feed();
            terms.decimals = quoted.decimals;
            terms.feed = number;
        }
        header.bank_count = number.saturating_add(1);
        header.feed_count = header.bank_count;
        scale_by_deposits(terms, bank, feed, header)?;
        Ok(refresh_bank(terms, feed, header, NOW)?)
    }

    /// Writes a balance into its slot, in shares that are worth one native unit each.
    fn hold(&mut self, at: usize, place: usize, balance: &Balance, places: u32) -> Result<(), Unfit> {
        let slot = self.balances.get_mut(at).ok_or(RiskError::TooMany)?;
        slot.shares = Shares::new(native(balance.amount, places).ok_or(RiskError::Overflow)?);
        slot.bank = u8::try_from(place).map_err(|_| RiskError::TooMany)?;
        slot.borrowed = u8::from(balance.amount < Decimal::ZERO);
        Ok(())
    }
}

/// A bank's entry before its first refresh, but for its feed and decimals.
fn terms_of(bank: &Bank) -> BankTerms {
    BankTerms {
        deposit_index: StoredIndex::ONE,
        borrow_index: StoredIndex::ONE,
        asset_weight_initial: ratio(bank.asset_weight_initial),
        asset_weight_maint: constant(bank.asset_weight_maint),
        liability_weight_initial: ratio(bank.liability_weight_initial),
        liability_weight_maint: constant(bank.liability_weight_maint),
        flags: if bank.portfolio_eligible { PORTFOLIO_ELIGIBLE } else { 0 },
        ..Zeroable::zeroed()
    }
}

/// Sets deposits and `scale_start` so that their ratio is the file's.
///
/// The ratio is all that counts, and native units of a worth may be too coarse for it or overflow. So the board has as
/// many deposits as fit, and `scale_start` the file's part of what the engine says that they are worth.
fn scale_by_deposits(
    terms: &mut BankTerms,
    bank: &Bank,
    feed: &Feed,
    header: &BoardHeader,
) -> Result<(), RiskError> {
    let Some(start) = bank.scale_start.filter(|start| *start < bank.deposits_value) else {
        return Ok(());
    };
    for halvings in 0..u64::BITS {
        terms.deposit_shares = Shares::new(u64::MAX >> halvings);
        refresh_bank(terms, feed, header, NOW)?;
        if terms.deposits_value < Quote::MAX {
            break;
        }
    }
    let worth = u128::from(terms.deposits_value.magnitude());
    let (start, value) = (start.units().unsigned_abs(), bank.deposits_value.units().unsigned_abs());
    // 60 significant bits of the ratio: worth · start then fits.
    let excess = value.checked_ilog2().unwrap_or(0).saturating_sub(60);
    let part = worth.checked_mul(start >> excess).ok_or(RiskError::Overflow)?.checked_div(value >> excess);
    // 0 would mean that nothing is ever scaled.
    let part = part.and_then(|part| u64::try_from(part).ok()).ok_or(RiskError::Overflow)?.max(1);
    terms.scale_start = Quote::from_unsigned(part)?;
    Ok(())
}

/// Two prices in the engine's range, by counting the token in another unit: 10^n tokens.
pub struct Quoted {
    price: Price,
    stable: Price,
    /// Of a token that has so many decimals fewer in the file; of an underlying, the power of ten that is counted as one.
    pub decimals: u8,
}

impl Quoted {
    /// The largest unit, for the most exact price, that keeps both prices in range.
    pub fn of(path: &str, at: Decimal, stable: Decimal, places: u32) -> Result<Self, Unfit> {
        let refuse = |field, found, expected| {
            Unfit::Input(format!("{path}.{field}: found {found}, expected {expected}"))
        };
        let (highest, which) = if at >= stable { (at, "price") } else { (stable, "stable_price") };
        let decimals = (0..=MAX_DECIMALS).rev().find(|decimals| price(highest, *decimals, places).is_some());
        let decimals = decimals.ok_or_else(|| refuse(which, highest, "a price that the engine can hold"))?;
        let fine = |field, given: Decimal| {
            price(given, decimals, places)
                .filter(|price| price.get() >= FEWEST_UNITS)
                .ok_or_else(|| refuse(field, given, "price and stable_price within 10^10 of each other"))
        };
        Ok(Self { price: fine("price", at)?, stable: fine("stable_price", stable)?, decimals })
    }

    /// A feed that has just published them.
    pub fn feed(&self) -> Feed {
        Feed {
            price: self.price,
            stable: self.stable,
            last_valid_price: self.price,
            publish_time: NOW,
            last_valid_time: NOW,
            refreshed_at: NOW,
            validity: Validity::Valid.code(),
            in_use: 1,
            ..Zeroable::zeroed()
        }
    }
}

/// The price of 10^(decimals − places) tokens, if the engine has it: a token of so many decimals, whose native unit is
/// 10^-places of the file's token.
fn price(given: Decimal, decimals: u8, places: u32) -> Option<Price> {
    let mantissa = u64::try_from(given.units()).ok()?;
    let exponent = i32::from(decimals).checked_sub_unsigned(places)?.checked_sub_unsigned(PLACES)?;
    Price::from_decimal(mantissa, exponent).ok()
}

/// Decimal places of a bank's native unit: all 8 unless the account's amount is too large for that.
fn amount_places(amount: Option<(usize, &Balance)>) -> Result<u32, Unfit> {
    let Some((at, balance)) = amount else { return Ok(PLACES) };
    let places = (0..=PLACES).rev().find(|places| native(balance.amount, *places).is_some());
    places.ok_or_else(|| {
        Unfit::Input(format!(
            "account.balances[{at}].amount: found {}, expected an amount that the engine can hold",
            balance.amount
        ))
    })
}

/// The magnitude in native units of so many places (at most 8), to the nearest, if 64 bits hold it.
fn native(amount: Decimal, places: u32) -> Option<u64> {
    let unit = 10u128.checked_pow(PLACES.checked_sub(places)?)?;
    let nearest = amount.units().unsigned_abs().checked_add(unit / 2)?.checked_div(unit)?;
    u64::try_from(nearest).ok()
}

/// The nearest ratio. Checked to lie from 0 to below 4 when it was read.
pub fn ratio(decimal: Decimal) -> Ratio {
    let one = Decimal::ONE.units().unsigned_abs();
    let raw = ((decimal.units().unsigned_abs() << RATIO_BITS) + one / 2) / one;
    Ratio::new(u32::try_from(raw).unwrap_or(u32::MAX))
}

/// The nearest ratio, as a parameter that does not move.
pub fn constant(decimal: Decimal) -> Ramp {
    Ramp::constant(ratio(decimal).get())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decimal(text: &str) -> Decimal {
        serde_json::from_value(serde_json::Value::String(text.to_owned())).unwrap()
    }

    #[test]
    fn an_amount_keeps_every_place_that_fits() {
        let places = |amount: &str| {
            let balance = Balance { bank: String::new(), amount: decimal(amount) };
            amount_places(Some((0, &balance))).ok()
        };
        assert_eq!(places("-0.00000001"), Some(8));
        assert_eq!(places("184467440737.09551615"), Some(8));
        assert_eq!(places("184467440737.09551616"), Some(7));
        assert_eq!(places("18446744073709551615.4"), Some(0));
        assert_eq!(places("18446744073709551615.5"), None);
    }

    #[test]
    fn a_ratio_is_the_nearest_one() {
        assert_eq!(ratio(Decimal::ONE), Ratio::ONE);
        assert_eq!(ratio(decimal("0.5")).get(), 1 << 29);
        assert_eq!(ratio(decimal("3.99999999")).get(), u32::MAX - 10);
    }

    #[test]
    fn a_price_is_counted_where_the_engine_is_most_exact() {
        assert_eq!(price(decimal("0.00000001"), 12, 8), Price::from_decimal(1, -4).ok());
        assert_eq!(price(decimal("10000000"), 12, 8), None);
        assert_eq!(price(decimal("10000000"), 7, 8), Price::from_decimal(1_000_000, 0).ok());
    }
}
