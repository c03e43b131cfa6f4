//! Values of parameters as people write them, and back: `2.5 %`, `300 s`, `100,000 USDC`, `50 BTC`, `yes`.
//!
//! What is read is exact, or refused; only ratios and size factors, which are binary fractions, are rounded: down, as the
//! program's own table rounds its bounds. What is shown reads back as the same value.

use crate::decimal::Decimal;
use plimsoll::governance::{Class, Parameter, Unit, Value};
use plimsoll_risk::{
    layout::Key,
    num::{RATIO_BITS, SIZE_FACTOR_BITS},
};
use solana_pubkey::Pubkey;

/// What counts as no bound at all: the table's greatest amounts.
const UNBOUNDED: u64 = i64::MAX as u64;

/// A token by its name, and how many decimals it has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Denomination {
    pub symbol: String,
    pub decimals: u8,
}

/// An underlying by its name, and how many lots one whole unit of it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LotSize {
    pub symbol: String,
    pub lots_per_unit: u64,
}

/// What the amounts in a text are amounts of.
#[derive(Clone, Debug, Default)]
pub struct Units {
    pub quote: Denomination,
    /// The bank's own token, for a bank's parameters.
    pub token: Option<Denomination>,
    /// The market's underlying, for a market's parameters.
    pub lots: Option<LotSize>,
}

/// Reads a value in the parameter's unit; bounds are looked at elsewhere.
///
/// # Errors
/// What was expected instead.
pub fn parse(parameter: &Parameter, text: &str, units: &Units) -> Result<Value, String> {
    if parameter.unit.is_address() {
        return address(parameter.unit, text);
    }
    let (number, unit) = split(text);
    if let Some(special) = special(parameter, text) {
        return Ok(Value::Number(special));
    }
    let number = || Decimal::parse(number).ok_or_else(|| expected(parameter, units));
    let raw = match (parameter.unit, unit) {
        (Unit::Ratio, "%") => number()?.scaled_down(1 << RATIO_BITS, 100),
        (Unit::Ratio, "bps") => number()?.scaled_down(1 << RATIO_BITS, 10_000),
        (Unit::SizeFactor, "") => number()?.scaled_down(1 << SIZE_FACTOR_BITS, 1),
        (Unit::SizeFactor, "ppm") => number()?.scaled_down(1 << SIZE_FACTOR_BITS, 1_000_000),
        (Unit::Count, "") => number()?.scaled_exactly(1),
        (Unit::Seconds, unit) => {
            let length = seconds_in(unit).ok_or_else(|| expected(parameter, units))?;
            number()?.scaled_exactly(length)
        }
        (Unit::Lots, "lots" | "lot") => number()?.scaled_exactly(1),
        (Unit::Lots, unit) => {
            let of = units.lots.as_ref().filter(|lots| lots.symbol == unit);
            number()?.scaled_exactly(of.ok_or_else(|| expected(parameter, units))?.lots_per_unit.into())
        }
        (Unit::Tokens | Unit::Quote, unit) => {
            let of = denomination(parameter, units).filter(|of| of.symbol == unit);
            let of = of.ok_or_else(|| expected(parameter, units))?;
            number()?.scaled_exactly(10u128.pow(of.decimals.into()))
        }
        _ => return Err(expected(parameter, units)),
    };
    let raw = raw.and_then(|raw| u64::try_from(raw).ok());
    raw.map(Value::Number)
        .ok_or_else(|| format!("{}, no finer and no larger than it counts", expected(parameter, units)))
}

/// Words for values that have no number: no limit at all, yes and no.
fn special(parameter: &Parameter, text: &str) -> Option<u64> {
    match (text.trim(), parameter.unit) {
        ("yes" | "true", Unit::Flag) => Some(1),
        ("no" | "false", Unit::Flag) => Some(0),
        ("unlimited", _) if parameter.most >= UNBOUNDED => Some(parameter.most),
        ("none", _) if parameter.class == Class::LooseningUpZeroIsNone => Some(0),
        _ => None,
    }
}

/// What a text for this parameter should look like.
fn expected(parameter: &Parameter, units: &Units) -> String {
    let amount = |of: Option<&Denomination>| {
        let symbol = of.map_or("the token", |of| &of.symbol);
        let word = if parameter.most >= UNBOUNDED { " or \"unlimited\"" } else { "" };
        format!("an amount such as \"1,000 {symbol}\"{word}")
    };
    match parameter.unit {
        Unit::Ratio => "a percentage such as \"2.5 %\"".into(),
        Unit::SizeFactor => "a factor per square root of quote such as \"200 ppm\" or \"0.0002\"".into(),
        Unit::Lots => match &units.lots {
            Some(lots) => format!("a size such as \"100 lots\" or \"5 {}\"", lots.symbol),
            None => "a size such as \"100 lots\"".into(),
        },
        Unit::Count => "a whole number".into(),
        Unit::Tokens | Unit::Quote => amount(denomination(parameter, units)),
        Unit::Seconds => "a time such as \"300 s\", \"5 min\", \"1 h\" or \"2 d\"".into(),
        Unit::Flag => "\"yes\" or \"no\"".into(),
        Unit::Address => "an address".into(),
        Unit::OptionalAddress => "an address or \"none\"".into(),
    }
}

/// A value as [`parse`] reads it.
pub fn show(parameter: &Parameter, value: Value, units: &Units) -> String {
    let raw = match value {
        Value::Address(address) => return show_address(parameter, address),
        Value::Number(raw) => raw,
    };
    match parameter.unit {
        Unit::Flag => (if raw == 0 { "no" } else { "yes" }).into(),
        _ if raw == parameter.most && raw >= UNBOUNDED => "unlimited".into(),
        Unit::Ratio => format!("{} %", Decimal::shortest(raw, RATIO_BITS, 100)),
        Unit::SizeFactor => format!("{} ppm", Decimal::shortest(raw, SIZE_FACTOR_BITS, 1_000_000)),
        Unit::Seconds => show_seconds(raw),
        Unit::Tokens | Unit::Quote => match denomination(parameter, units) {
            Some(of) => format!("{} {}", Decimal::new(raw.into(), of.decimals.into()), of.symbol),
            None => raw.to_string(),
        },
        Unit::Lots => format!("{} lots", Decimal::new(raw.into(), 0)),
        Unit::Count | Unit::Address | Unit::OptionalAddress => raw.to_string(),
    }
}

/// Amounts of quote are of the quote token, others of the bank's own.
fn denomination<'u>(parameter: &Parameter, units: &'u Units) -> Option<&'u Denomination> {
    match parameter.unit {
        Unit::Quote => Some(&units.quote),
        _ => units.token.as_ref(),
    }
}

/// The number and what stands behind it.
pub fn split(text: &str) -> (&str, &str) {
    let text = text.trim();
    let end = text.find(|c: char| !(c.is_ascii_digit() || ".,_".contains(c))).unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    (number, unit.trim())
}

fn seconds_in(unit: &str) -> Option<u128> {
    Some(match unit {
        "s" => 1,
        "min" => 60,
        "h" => 3_600,
        "d" => 86_400,
        _ => return None,
    })
}

/// In the largest unit that divides it.
fn show_seconds(raw: u64) -> String {
    let fits = |length: &(u64, &str)| raw != 0 && raw.is_multiple_of(length.0);
    let (length, unit) =
        [(86_400, "d"), (3_600, "h"), (60, "min")].into_iter().find(fits).unwrap_or((1, "s"));
    format!("{} {unit}", raw / length)
}

fn address(unit: Unit, text: &str) -> Result<Value, String> {
    if text == "none" && unit == Unit::OptionalAddress {
        return Ok(Value::Address(Key::NONE));
    }
    let bytes = if let Some(bytes) = hex(text) { Some(bytes) } else { base58(text) };
    let bytes = bytes.filter(|bytes| *bytes != [0; 32]);
    bytes.map(|bytes| Value::Address(Key(bytes))).ok_or_else(|| "an address, not all zero".into())
}

/// 32 bytes as 64 hexadecimal digits, with or without `0x`.
pub fn hex(text: &str) -> Option<[u8; 32]> {
    let digits = text.strip_prefix("0x").unwrap_or(text).as_bytes();
    if digits.len() != 64 {
        return None;
    }
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let mut bytes = [0; 32];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = digit(pair[0])? << 4 | digit(pair[1])?;
    }
    Some(bytes)
}

/// An address as wallets show it.
pub fn base58(text: &str) -> Option<[u8; 32]> {
    text.parse::<Pubkey>().ok().map(|key| key.to_bytes())
}

fn show_address(parameter: &Parameter, address: Key) -> String {
    if address == Key::NONE {
        return "none".into();
    }
    if parameter.name == "feed.pyth_feed_id" {
        return address.0.iter().map(|byte| format!("{byte:02x}")).collect();
    }
    Pubkey::from(address.0).to_string()
}
