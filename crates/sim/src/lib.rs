//! Crashes to replay: everything of a replay that needs no chain, as pure functions of files and seeds.
//!
//! - [`history`]: hourly prices out of a file; [`synthetic`]: hourly prices out of a seed.
//! - [`path`]: what a price did within an hour, moment by moment.
//! - [`population`]: who is in the market, and positions in pairs.
//! - [`sizes`]: how much somebody can take on.
//! - [`strategy`]: what a liquidator does next about an account in danger. [`quoting`]: at what prices makers and liquidators trade.
//! - [`report`]: what happened, as JSON and as text.
//! - [`dice`]: chance that repeats. [`calendar`]: days.
//!
//! No floats: the same input gives the same bytes on every machine.
#![deny(missing_docs)]
#![deny(
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss,
    clippy::expect_used,
    clippy::float_arithmetic,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]
#![cfg_attr(
    test,
    allow(
        clippy::arithmetic_side_effects,
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::panic,
        clippy::unwrap_used
    )
)]

pub mod calendar;
pub mod dice;
pub mod history;
pub mod path;
pub mod population;
pub mod quoting;
pub mod report;
pub mod sizes;
pub mod strategy;
pub mod synthetic;
