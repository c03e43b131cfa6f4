//! Times in the units that the program counts.

/// Minutes in seconds.
pub const fn minutes(count: i64) -> i64 {
    count * 60
}

/// Hours in seconds.
pub const fn hours(count: i64) -> i64 {
    minutes(count * 60)
}

/// Days in seconds.
pub const fn days(count: i64) -> i64 {
    hours(count * 24)
}

/// A ratio in the program's unit, out of hundredths of a percent.
pub const fn bps(bps: u32) -> u64 {
    plimsoll_risk::num::Ratio::from_bps(bps).get() as u64
}

/// A ratio in the program's unit, out of percent.
pub const fn percent(percent: u32) -> u64 {
    bps(percent * 100)
}
