//! Exact decimal numbers of no more than 38 digits.

use std::fmt;

/// More places than any unit has.
const MOST_PLACES: u32 = 18;

/// `mantissa · 10^-places`, never negative.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decimal {
    mantissa: u128,
    places: u32,
}

impl Decimal {
    /// `mantissa · 10^-places`, of no more than 18 places.
    pub const fn new(mantissa: u128, places: u32) -> Self {
        Self { mantissa, places }
    }

    /// Reads `1,000.25`: digits, with `,` or `_` before each group of three of the whole part or nowhere.
    pub fn parse(text: &str) -> Option<Self> {
        let (whole, fraction) =
            text.split_once('.').map_or((text, None), |(whole, rest)| (whole, Some(rest)));
        let whole = ungrouped(whole)?;
        let fraction = fraction.unwrap_or("0");
        let places =
            u32::try_from(fraction.len()).ok().filter(|places| (1..=MOST_PLACES).contains(places))?;
        if !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let mantissa = format!("{whole}{fraction}").parse().ok()?;
        Some(Self { mantissa, places })
    }

    /// The number times `by`, if that is whole.
    pub fn scaled_exactly(self, by: u128) -> Option<u128> {
        let (scaled, one) = (self.mantissa.checked_mul(by)?, 10u128.checked_pow(self.places)?);
        (scaled % one == 0).then_some(scaled / one)
    }

    /// The number times `by / over`, rounded down.
    pub fn scaled_down(self, by: u128, over: u128) -> Option<u128> {
        let below = 10u128.checked_pow(self.places)?.checked_mul(over)?;
        Some(self.mantissa.checked_mul(by)? / below)
    }

    /// The shortest decimal that, divided by `over` and rounded down to a binary fraction of so many bits, is `raw` again.
    pub fn shortest(raw: u64, bits: u32, over: u128) -> Self {
        let whole = u128::from(raw) * over;
        let at = |places: u32| Self::new((whole * 10u128.pow(places)).div_ceil(1 << bits), places);
        let reads_back = |it: &Self| it.scaled_down(1 << bits, over) == Some(raw.into());
        (0..MOST_PLACES).map(at).find(reads_back).unwrap_or_else(|| at(MOST_PLACES))
    }
}

impl fmt::Display for Decimal {
    /// As short as exact, with a comma before each three digits: `1,000.25`; without commas as `{:#}`.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let one = 10u128.pow(self.places);
        let whole = (self.mantissa / one).to_string();
        for (place, digit) in whole.chars().enumerate() {
            if place > 0 && (whole.len() - place).is_multiple_of(3) && !out.alternate() {
                out.write_str(",")?;
            }
            write!(out, "{digit}")?;
        }
        let rest = self.mantissa % one;
        if rest == 0 {
            return Ok(());
        }
        let rest = format!("{rest:0width$}", width = self.places as usize);
        write!(out, ".{}", rest.trim_end_matches('0'))
    }
}

/// The digits of a whole number without its separators, if these stand where they belong.
fn ungrouped(text: &str) -> Option<String> {
    let mut groups = text.split([',', '_']);
    let first = groups.next()?;
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let mut whole = first.to_owned();
    let mut is_grouped = false;
    for group in groups {
        if group.len() != 3 {
            return None;
        }
        (is_grouped, whole) = (true, whole + group);
    }
    let is_sound = digits(&whole) && !first.is_empty() && (!is_grouped || first.len() <= 3);
    is_sound.then_some(whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_decimal_is_read_exactly_and_written_as_short_as_exact() {
        for (text, shown) in
            [("0", "0"), ("1000000", "1,000,000"), ("1_000.250", "1,000.25"), ("0.000001", "0.000001")]
        {
            assert_eq!(Decimal::parse(text).unwrap().to_string(), shown, "{text}");
            assert_eq!(format!("{:#}", Decimal::parse(text).unwrap()), shown.replace(',', ""), "{text}");
        }
    }

    #[test]
    fn anything_else_is_no_decimal() {
        for text in ["", ".5", "5.", "1,00", "1000,000", ",100", "1..2", "-1", "1e3", "1,000,", "1.2,3", "٣"]
        {
            assert_eq!(Decimal::parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_scale_that_leaves_a_rest_is_refused_or_rounded_down() {
        let number = Decimal::parse("2.5").unwrap();
        assert_eq!((number.scaled_exactly(10), number.scaled_exactly(1)), (Some(25), None));
        assert_eq!(number.scaled_down(1, 1), Some(2));
    }
}
