//! Days of the Gregorian calendar, UTC.

/// Seconds in a day.
pub const DAY: i64 = 86_400;

/// The first second of a day written `2022-05-07`, unix seconds. `None` for anything else, and before 1970.
pub fn day_start(text: &str) -> Option<i64> {
    let mut parts = text.split('-');
    let mut part = |digits: usize| {
        let text = parts.next().filter(|text| text.len() == digits)?;
        text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse::<i64>().ok())?
    };
    let (year, month, day) = (part(4)?, part(2)?, part(2)?);
    if parts.next().is_some() || !(1..=12).contains(&month) || day < 1 {
        return None;
    }
    let start = days_before(year, month)?.checked_add(day.checked_sub(1)?)?.checked_mul(DAY)?;
    // A 31 February would be a day of March.
    (start >= 0 && date(start) == text).then_some(start)
}

/// The day of a moment, as `2022-05-07`.
pub fn date(unix_time: i64) -> String {
    let days = unix_time.div_euclid(DAY);
    // Years grow by at least 365 days, so this starts at most a few dozen years late.
    let mut year = (days / 366).saturating_add(1970);
    while days_before(year.saturating_add(1), 1).is_some_and(|next| next <= days) {
        year = year.saturating_add(1);
    }
    let month = (1..=12).rev().find(|month| days_before(year, *month).is_some_and(|start| start <= days));
    let month = month.unwrap_or(1);
    let day = days.saturating_sub(days_before(year, month).unwrap_or(0)).saturating_add(1);
    format!("{year:04}-{month:02}-{day:02}")
}

/// A moment, as `2022-05-07 13:00`.
pub fn minute(unix_time: i64) -> String {
    let second = unix_time.rem_euclid(DAY);
    format!("{} {:02}:{:02}", date(unix_time), second / 3_600, second % 3_600 / 60)
}

/// Days from 1 January 1970 to the first of a month.
fn days_before(year: i64, month: i64) -> Option<i64> {
    let past = year.checked_sub(1)?;
    let leaps =
        |year: i64| year.div_euclid(4).checked_sub(year.div_euclid(100))?.checked_add(year.div_euclid(400));
    let years = year.checked_sub(1970)?.checked_mul(365)?;
    let years = years.checked_add(leaps(past)?.checked_sub(leaps(1969)?)?)?;
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let months = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334];
    let before = months.get(usize::try_from(month.checked_sub(1)?).ok()?)?;
    years.checked_add(*before)?.checked_add(i64::from(is_leap && month > 2))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_days_are_where_they_are() {
        assert_eq!(day_start("1970-01-01"), Some(0));
        assert_eq!(day_start("2020-02-29"), Some(1_582_934_400));
        assert_eq!(day_start("2021-05-19"), Some(1_621_382_400));
        assert_eq!(day_start("2022-05-07"), Some(1_651_881_600));
        assert_eq!(minute(1_651_881_600 + 13 * 3_600 + 120), "2022-05-07 13:02");
    }

    #[test]
    fn every_day_comes_back_as_it_went() {
        for day in 0..30_000 {
            assert_eq!(day_start(&date(day * DAY)), Some(day * DAY));
        }
    }

    #[test]
    fn what_is_no_day_is_refused() {
        for text in
            ["2021-02-29", "2022-13-01", "2022-00-01", "2022-05-32", "2022-5-7", "1969-12-31", "2022-05", "x"]
        {
            assert_eq!(day_start(text), None, "{text}");
        }
    }
}
