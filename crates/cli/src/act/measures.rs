//! Lengths of time and percentages on the command line: `10m`, `1h`, `2d`; `0.5%`.

use crate::Refusal;
use plimsoll_deploy::{decimal::Decimal, value::split};
use plimsoll_risk::num::{RATIO_BITS, Ratio};
use std::time::{Duration, UNIX_EPOCH};

/// Reads a length of time, whole seconds.
///
/// # Errors
/// Anything else, and more than 32 bits of seconds, with an example.
pub fn seconds(text: &str) -> Result<u32, Refusal> {
    let whole = humantime::parse_duration(text).ok().filter(|time| time.subsec_nanos() == 0);
    let seconds = whole.and_then(|time| u32::try_from(time.as_secs()).ok());
    seconds.ok_or_else(|| Refusal::Malformed(format!("{text:?}: expected a time such as 90s, 10m, 1h or 2d")))
}

/// When a length of time from now is over, unix seconds; 0 where none is given.
///
/// # Errors
/// As [`seconds`]; a moment beyond 32 bits.
pub fn until(now: i64, length: Option<&str>) -> Result<u32, Refusal> {
    let Some(text) = length else { return Ok(0) };
    let at = now.saturating_add(seconds(text)?.into());
    u32::try_from(at).map_err(|_| Refusal::Malformed(format!("{text:?}: that is too far away")))
}

/// A moment, unix seconds, as `2026-01-31T12:00:00Z`.
pub fn moment(unix: i64) -> String {
    let since = Duration::from_secs(u64::try_from(unix).unwrap_or(0));
    match UNIX_EPOCH.checked_add(since).filter(|_| unix < 253_402_300_800) {
        Some(moment) => humantime::format_rfc3339_seconds(moment).to_string(),
        None => "never".to_owned(),
    }
}

/// Reads a percentage below 100, rounded down to a binary fraction.
///
/// # Errors
/// Anything else, with an example.
pub fn percent(text: &str) -> Result<Ratio, Refusal> {
    let (number, unit) = split(text);
    let raw =
        Decimal::parse(number).filter(|_| unit == "%").and_then(|it| it.scaled_down(1 << RATIO_BITS, 100));
    let raw = raw.filter(|raw| *raw < 1 << RATIO_BITS).and_then(|raw| u32::try_from(raw).ok());
    raw.map(Ratio::new)
        .ok_or_else(|| Refusal::Malformed(format!("{text:?}: expected a percentage below 100 such as 0.5%")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_read_in_whole_seconds() {
        for (text, length) in [("90s", 90), ("10m", 600), ("1h", 3_600), ("2d", 172_800), ("1h 30m", 5_400)] {
            assert_eq!(seconds(text).ok(), Some(length), "{text}");
        }
        for text in ["", "10", "-1h", "500ms", "200 years", "soon"] {
            assert_eq!(seconds(text).err().map(|refusal| refusal.exit_code()), Some(2), "{text}");
        }
    }

    #[test]
    fn a_length_ends_at_a_moment_and_none_never_ends() {
        assert_eq!((until(1_000, Some("1m")).ok(), until(1_000, None).ok()), (Some(1_060), Some(0)));
        assert_eq!(
            (moment(1_800_000_000), moment(i64::MAX)),
            ("2027-01-15T08:00:00Z".into(), "never".into())
        );
    }

    #[test]
    fn a_percentage_is_below_the_whole() {
        assert_eq!(percent("50%").map(Ratio::get).ok(), Some(1 << (RATIO_BITS - 1)));
        assert_eq!(percent("0.5 %").map(Ratio::get).ok(), Some((1 << RATIO_BITS) / 200));
        for text in ["", "0.5", "100%", "-1%", "x%"] {
            assert_eq!(percent(text).err().map(|refusal| refusal.exit_code()), Some(2), "{text}");
        }
    }
}
