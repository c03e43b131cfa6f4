//! A plan for people, a line each, and for scripts.

use super::{Book, Change, Effect, Item, Plan, Step, Waiting};
use plimsoll::governance::Class;
use serde_json::{Value, json};
use std::fmt;

impl fmt::Display for Item {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} (place {})", self.name, self.place)
    }
}

impl Step {
    /// What it does to what, the same before and after a failed attempt.
    pub fn headline(&self) -> String {
        match self {
            Self::CreateMint(bank) => format!("create the mint of {bank}"),
            Self::CreateExchange => "create the exchange".into(),
            Self::CreateBoard => "create the risk board".into(),
            Self::GrowBoard(times) => format!("grow the risk board, {times} times"),
            Self::AddFeed(feed) => format!("add feed {feed}"),
            Self::RegisterBank(bank) => format!("register bank {bank}"),
            Self::CreateInsurance => "create the insurance fund".into(),
            Self::CreateMarket(market) => format!("create market {market}"),
            Self::GrowBook(market, book, times) => {
                let book = match book {
                    Book::Bids => "bids",
                    Book::Asks => "asks",
                    Book::Queue => "fill queue",
                };
                format!("grow the {book} of {market}, {times} times")
            }
            Self::Change(change) => format!("change {} {}", change.subject, change.parameter.name),
            Self::ApplyQueued(waiting) => format!("apply queued change {}", waiting.number),
            Self::HandOver(wanted) => match wanted.key() {
                Some(key) => format!("hand the upgrade authority over to {key}"),
                None => "make the program final".into(),
            },
            Self::Nominate(admin) => format!("nominate {admin} as admin"),
            Self::Accept(admin) => format!("accept the admin's role as {admin}"),
            Self::Open => "open the exchange: from then on loosening waits".into(),
        }
    }
}

impl Change {
    /// `tightening` or `loosening`; before the opening neither, and where either direction can hurt `two-way`.
    pub fn direction(&self) -> &'static str {
        match (self.effect, self.parameter.class) {
            (Effect::SetUp, _) => "set-up",
            (Effect::AtOnce, _) => "tightening",
            (Effect::From(_), Class::TwoWay) => "two-way",
            (Effect::From(_), _) => "loosening",
        }
    }

    fn when(&self) -> String {
        match self.effect {
            Effect::From(ready_at) => format!("queued; may apply from {}", time(ready_at)),
            Effect::AtOnce if self.parameter.is_ramped() => "at once, along its ramp".into(),
            Effect::SetUp | Effect::AtOnce => "at once".into(),
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.headline())?;
        match self {
            Self::Change(change) => {
                let [old, new] = &change.told;
                write!(out, ": {old} → {new}   ({}, {})", change.direction(), change.when())
            }
            Self::ApplyQueued(waiting) => {
                let [old, new] = &waiting.told;
                write!(out, ": {} {}: {old} → {new}", waiting.subject, waiting.parameter.name)
            }
            _ => Ok(()),
        }
    }
}

impl fmt::Display for Waiting {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [old, new] = &self.told;
        let (subject, name) = (&self.subject, self.parameter.name);
        let (from, until) = (time(self.ready_at), time(self.expires_at));
        write!(
            out,
            "{subject} {name}: {old} → {new}: already queued as {}; ready at {from}, until {until}",
            self.number
        )
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for step in &self.steps {
            writeln!(out, "  {step}")?;
        }
        for later in &self.later {
            writeln!(out, "  then set {} {}: {}", later.subject, later.parameter.name, later.told)?;
        }
        for waiting in &self.waiting {
            writeln!(out, "  waiting: {waiting}")?;
        }
        for note in &self.notes {
            writeln!(out, "  note: {note}")?;
        }
        if let Some(blocked) = &self.blocked {
            writeln!(out, "  blocked: {blocked}")?;
        }
        if self.is_done() {
            writeln!(out, "nothing to do")?;
        }
        Ok(())
    }
}

impl Plan {
    /// The same for scripts: `steps`, `later`, `waiting`, `notes`, `blocked`, `nothing_to_do`. Times are unix seconds.
    pub fn json(&self) -> Value {
        json!({
            "cluster": self.cluster,
            "signer": self.signer.map(|signer| signer.to_string()),
            "nothing_to_do": self.is_done(),
            "steps": self.steps.iter().map(step).collect::<Vec<_>>(),
            "later": self.later.iter().map(|it| json!({
                "subject": it.subject, "parameter": it.parameter.name, "new": it.told,
            })).collect::<Vec<_>>(),
            "waiting": self.waiting.iter().map(waiting).collect::<Vec<_>>(),
            "notes": self.notes,
            "blocked": self.blocked,
        })
    }
}

fn step(step: &Step) -> Value {
    match step {
        Step::Change(change) => json!({
            "do": step.headline(),
            "subject": change.subject,
            "parameter": change.parameter.name,
            "old": change.told[0],
            "new": change.told[1],
            "direction": change.direction(),
            "ready_at": match change.effect { Effect::From(ready_at) => Some(ready_at), _ => None },
        }),
        Step::ApplyQueued(it) => json!({ "do": step.headline(), "change": waiting(it) }),
        _ => json!({ "do": step.headline() }),
    }
}

fn waiting(it: &Waiting) -> Value {
    json!({
        "number": it.number,
        "subject": it.subject,
        "parameter": it.parameter.name,
        "old": it.told[0],
        "new": it.told[1],
        "ready_at": it.ready_at,
        "expires_at": it.expires_at,
    })
}

/// A time as `2026-01-31 12:00:00 UTC`.
pub fn time(unix: i64) -> String {
    let (days, seconds) = (unix.div_euclid(86_400), unix.rem_euclid(86_400));
    let (hour, minute, second) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    let (year, month, day) = date(days);
    format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02} UTC")
}

/// The date of a day since 1970. Years are counted from March, so that the leap day is the last of its year.
fn date(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468; // since the first of March of year 0
    let (era, of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    (year + era * 400 + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_told_by_the_calendar() {
        assert_eq!(time(0), "1970-01-01 00:00:00 UTC");
        assert_eq!(time(951_868_799), "2000-02-29 23:59:59 UTC");
        assert_eq!(time(1_800_000_000), "2027-01-15 08:00:00 UTC");
    }
}
