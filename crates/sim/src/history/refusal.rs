//! Why hourly prices cannot be read.

use crate::calendar::minute;
use core::fmt;

/// Why there is no history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HistoryError {
    /// A range that is none.
    Period {
        /// Its start as given.
        from: String,
        /// Its end as given.
        until: String,
    },
    /// A bad line.
    Line {
        /// Which, from 1; the header is line 1.
        line: u64,
        /// What is wrong with it.
        fault: Fault,
    },
    /// An hour of the range is not in the file.
    MissingHour {
        /// Whose.
        symbol: String,
        /// Which, unix seconds.
        unix_time: i64,
    },
    /// No symbols, or one of them twice.
    Symbols,
}

/// What is wrong with a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It is not the header that is expected.
    Header(String),
    /// It cannot be read as comma-separated values.
    Unreadable(String),
    /// It does not start at a whole hour in unix seconds.
    Time(String),
    /// A price is no positive decimal within range.
    Price {
        /// Which: open, high, low or close.
        column: &'static str,
        /// What stands there.
        text: String,
    },
    /// Low and high do not enclose open and close.
    Order,
    /// Its symbol had this hour already.
    Repeated,
}

impl fmt::Display for HistoryError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Period { from, until } => {
                write!(
                    out,
                    "{from} to {until} is no range of whole hours: give days as 2022-05-07, or unix seconds"
                )
            }
            Self::Line { line, fault } => write!(out, "line {line}: {fault}"),
            Self::MissingHour { symbol, unix_time } => {
                write!(out, "{symbol} has no prices for {} UTC ({unix_time})", minute(*unix_time))
            }
            Self::Symbols => out.write_str("name at least one symbol, and none twice"),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Header(found) => {
                write!(out, "the header is `{found}`, not `{}`", super::read::HEADER.join(","))
            }
            Self::Unreadable(reason) => out.write_str(reason),
            Self::Time(text) => write!(out, "`{text}` is not the start of an hour in unix seconds"),
            Self::Price { column, text } => {
                write!(out, "{column} `{text}` is not a positive decimal within range")
            }
            Self::Order => out.write_str("open or close lies outside low and high"),
            Self::Repeated => out.write_str("this symbol had this hour already"),
        }
    }
}

impl std::error::Error for HistoryError {}
