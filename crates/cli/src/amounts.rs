//! Amounts, prices and sizes as people write them, and back: `1,000.5 SOL`, `25 %`, `all`, `59,000.5`, `0.5 BTC`.
//!
//! What is read is exact or refused: nobody's order is rounded. What is shown reads back as the same.

use crate::{Refusal, figure::Figure};
use plimsoll_book::{Size, Ticks};
use plimsoll_deploy::{
    decimal::Decimal,
    value::{Denomination, split},
};
use plimsoll_risk::num::{RATIO_BITS, Ratio};

/// How much of a token somebody wants to move.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// So many native units.
    Native(u64),
    /// A part of what there is, at most 1.
    Part(Ratio),
    /// What there is.
    All,
}

impl Wanted {
    /// Native units of it where there is so much, rounded down.
    pub fn of(self, whole: u64) -> u64 {
        match self {
            Self::Native(amount) => amount,
            Self::Part(part) => {
                let scaled = u128::from(whole).saturating_mul(part.get().into()) >> RATIO_BITS;
                u64::try_from(scaled).unwrap_or(u64::MAX)
            }
            Self::All => whole,
        }
    }
}

/// Reads `10 SOL`, `1,000.5`, `25 %` or `all`: an amount of a token, whose name may be left out.
///
/// # Errors
/// `Malformed`: another token's name, no number, more decimals than the token has.
pub fn tokens(text: &str, of: &Denomination) -> Result<Wanted, Refusal> {
    let text = text.trim();
    let bare = text.strip_suffix(&of.symbol).map_or(text, str::trim_end);
    if bare.eq_ignore_ascii_case("all") {
        return Ok(Wanted::All);
    }
    let (number, unit) = split(text);
    let decimal = Decimal::parse(number);
    if unit == "%" {
        let part = decimal.and_then(|it| it.scaled_down(1 << RATIO_BITS, 100));
        let part = part.filter(|part| *part <= 1 << RATIO_BITS).and_then(|part| u32::try_from(part).ok());
        let part = part.ok_or_else(|| malformed(text, "a percentage up to \"100 %\""))?;
        return Ok(Wanted::Part(Ratio::new(part)));
    }
    let example = format!("an amount such as \"1,000.5 {}\", \"25 %\" or \"all\"", of.symbol);
    let decimal = decimal.ok_or_else(|| malformed(text, &example))?;
    if !(unit.is_empty() || unit.eq_ignore_ascii_case(&of.symbol)) {
        return Err(malformed(text, &format!("an amount of {}", of.symbol)));
    }
    let native = decimal.scaled_exactly(power(of.decimals)).and_then(|native| u64::try_from(native).ok());
    native.map(Wanted::Native).ok_or_else(|| {
        malformed(text, &format!("at most {} decimals, and no more than there can be", of.decimals))
    })
}

/// In what a market counts: lots of an underlying, ticks of quote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scale {
    /// What one whole unit of the underlying is called.
    pub symbol: String,
    /// Lots in it.
    pub lots_per_unit: u64,
    /// Native quote that one lot at one tick is worth.
    pub tick_lot: u32,
    /// The quote token.
    pub quote: Denomination,
}

impl Scale {
    /// Native quote for one whole unit, by which the price moves from tick to tick.
    pub(crate) fn tick(&self) -> u128 {
        u128::from(self.tick_lot).saturating_mul(self.lots_per_unit.into())
    }

    /// Reads `59,000.5`, with or without the quote token's name: a price of one whole unit, as ticks.
    ///
    /// # Errors
    /// `Malformed`: no number; a price between two ticks, with these two.
    pub fn price(&self, text: &str) -> Result<Ticks, Refusal> {
        let expected = || malformed(text, &format!("a price such as \"1,000.5 {}\"", self.quote.symbol));
        let decimal = number_of(text, &self.quote.symbol).ok_or_else(expected)?;
        let one = power(self.quote.decimals);
        let down = decimal.scaled_down(one, self.tick()).and_then(whole).ok_or_else(expected)?;
        let is_exact = decimal.scaled_exactly(one) == Some(u128::from(down).saturating_mul(self.tick()));
        if is_exact && down != 0 {
            return Ok(Ticks::new(down));
        }
        let (low, high) = (down.max(1), down.saturating_add(1));
        let near = [low, high].map(|ticks| self.show_price(Ticks::new(ticks)));
        Err(malformed(text, &nearest(&near)))
    }

    /// Reads `0.5 BTC`, `0.5` or `12 lots`: a size, as lots.
    ///
    /// # Errors
    /// `Malformed`: no number; no whole number of lots, with the nearest two.
    pub fn size(&self, text: &str) -> Result<Size, Refusal> {
        let expected = || malformed(text, &format!("a size such as \"0.5 {0}\" or \"10 lots\"", self.symbol));
        let (number, unit) = split(text);
        let lots_in_one = if unit == "lots" || unit == "lot" { 1 } else { self.lots_per_unit };
        let decimal = if lots_in_one == 1 { Decimal::parse(number) } else { number_of(text, &self.symbol) };
        let decimal = decimal.ok_or_else(expected)?;
        let down = decimal.scaled_down(lots_in_one.into(), 1).and_then(whole).ok_or_else(expected)?;
        if decimal.scaled_exactly(lots_in_one.into()) == Some(down.into()) && down != 0 {
            return Ok(Size::new(down));
        }
        let near = [down.max(1), down.saturating_add(1)].map(|lots| self.show_lots(lots));
        Err(malformed(text, &nearest(&near)))
    }

    /// Ticks as a price of one whole unit: `59,000.5`.
    pub fn show_price(&self, ticks: Ticks) -> String {
        Figure::ticks(ticks, self).to_string()
    }

    /// Lots in whole units, short below zero: `-0.5 BTC`.
    pub fn show_lots(&self, lots: impl Into<i128>) -> String {
        Figure::lots(lots, self).to_string()
    }
}

/// How long, in its two largest units: `2 d 3 h`, `5 min`, `0 s`.
pub fn show_seconds(seconds: u64) -> String {
    let mut left = seconds;
    let mut parts = Vec::new();
    for (length, unit) in [(86_400, "d"), (3_600, "h"), (60, "min"), (1, "s")] {
        let whole = left / length;
        left %= length;
        if whole != 0 {
            parts.push(format!("{whole} {unit}"));
        }
    }
    parts.truncate(2);
    if parts.is_empty() { "0 s".to_owned() } else { parts.join(" ") }
}

fn power(decimals: u8) -> u128 {
    10u128.pow(decimals.into())
}

fn whole(number: u128) -> Option<u32> {
    u32::try_from(number).ok()
}

/// A number, behind which this name may stand and no other.
fn number_of(text: &str, symbol: &str) -> Option<Decimal> {
    let (number, unit) = split(text);
    let fits = unit.is_empty() || unit.eq_ignore_ascii_case(symbol);
    Decimal::parse(number).filter(|_| fits)
}

fn nearest(near: &[String; 2]) -> String {
    let [low, high] = near;
    if low == high { format!("at least {low}") } else { format!("{low} or {high}, the nearest") }
}

fn malformed(text: &str, expected: &str) -> Refusal {
    Refusal::Malformed(format!("{text:?}: expected {expected}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sol() -> Denomination {
        Denomination { symbol: "SOL".into(), decimals: 9 }
    }

    /// A lot is 0.0001 BTC, a tick one dollar.
    fn bitcoin() -> Scale {
        let quote = Denomination { symbol: "USDC".into(), decimals: 6 };
        Scale { symbol: "BTC".into(), lots_per_unit: 10_000, tick_lot: 50, quote }
    }

    #[track_caller]
    fn says<T: std::fmt::Debug>(outcome: Result<T, Refusal>, expected: &str) {
        let refusal = outcome.expect_err("a refusal");
        assert!(refusal.exit_code() == 2 && refusal.to_string().contains(expected), "{refusal}");
    }

    #[test]
    fn an_amount_is_read_exactly() {
        for (text, native) in [
            ("10 SOL", 10_000_000_000),
            ("1,000.5 sol", 1_000_500_000_000),
            ("0.000000001", 1),
            ("2SOL", 2_000_000_000),
        ] {
            assert_eq!(tokens(text, &sol()).ok(), Some(Wanted::Native(native)), "{text}");
        }
        for text in ["all", "ALL", "all SOL"] {
            assert_eq!(tokens(text, &sol()).ok(), Some(Wanted::All), "{text}");
        }
        assert_eq!(tokens("25 %", &sol()).map(|part| part.of(1_001)).ok(), Some(250));
    }

    #[test]
    fn an_amount_that_cannot_be_is_refused_with_what_was_expected() {
        says(tokens("10 USDC", &sol()), "expected an amount of SOL");
        says(tokens("0.0000000001", &sol()), "at most 9 decimals");
        says(tokens("101 %", &sol()), r#"a percentage up to "100 %""#);
        for text in ["", "-1 SOL", "1,00 SOL", "SOL", "."] {
            says(tokens(text, &sol()), "such as");
        }
    }

    #[test]
    fn a_price_is_a_tick_or_refused_with_the_nearest_two() {
        let btc = bitcoin();
        assert_eq!(btc.price("59,000.5").map(Ticks::get).ok(), Some(118_001));
        assert_eq!(btc.price("59000 USDC").map(Ticks::get).ok(), Some(118_000));
        says(btc.price("59,000.7"), "59,000.5 or 59,001, the nearest");
        says(btc.price("0"), "at least 0.5");
        says(btc.price("59,000 SOL"), "a price such as");
        assert_eq!(btc.show_price(Ticks::new(118_001)), "59,000.5");
    }

    #[test]
    fn a_size_is_a_whole_number_of_lots_or_refused_with_the_nearest_two() {
        let btc = bitcoin();
        assert_eq!(btc.size("0.5 BTC").map(Size::get).ok(), Some(5_000));
        assert_eq!(btc.size("12 lots").map(Size::get).ok(), Some(12));
        says(btc.size("0.00015 BTC"), "0.0001 BTC or 0.0002 BTC, the nearest");
        says(btc.size("0.00001"), "at least 0.0001 BTC");
        says(btc.size("1 ETH"), "a size such as");
        assert_eq!(btc.show_lots(-12_345), "-1.2345 BTC");
    }

    #[test]
    fn a_length_is_shown_in_its_two_largest_units() {
        let lengths = [0, 59, 3_600, 90_061, 86_460].map(show_seconds);
        assert_eq!(lengths, ["0 s", "59 s", "1 h", "1 d 1 h", "1 d 1 min"]);
    }
}
