//! Replays crashes on the compiled program: `cargo xtask replay` (docs/REPLAY.md).
//!
//! - `venue`: the exchange. - `people`: who is there, with sizes by the engine in `sizes`. - `maker`: who trades all the time.
//! - `keepers`: what is done about those in danger. - `course`: the replay itself.

mod course;
mod keepers;
mod maker;
mod people;
mod sizes;
#[cfg(test)]
mod tests;
mod venue;

use anyhow::{Context, Result, bail};
use clap::Parser;
use course::{Plan, replay};
use plimsoll_sim::{
    calendar::day_start,
    history::{History, Period},
    synthetic::{Crash, Symbol, majors},
};
use std::{fs, fs::File, path::PathBuf};

/// Replays a crash on the compiled program, and reports what became of everybody
#[derive(Parser)]
#[command(name = "replay")]
struct Arguments {
    /// Hourly prices of BTC-USD, ETH-USD and SOL-USD (unix_time,symbol,open,high,low,close); a crash is made up without
    #[arg(long, requires = "from", requires = "to")]
    prices: Option<PathBuf>,
    /// The first day, or unix seconds
    #[arg(long)]
    from: Option<String>,
    /// The last day, or the first unix second after
    #[arg(long)]
    to: Option<String>,
    /// Accounts with random portfolios
    #[arg(long, default_value_t = 200)]
    accounts: u32,
    /// What market maker, liquidators and stakers have, percent of what they usually have
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    backing: u32,
    /// Where all chance comes from
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Where the report is written as JSON
    #[arg(long)]
    json: Option<PathBuf>,
    /// Says why instructions were refused, on standard error
    #[arg(long)]
    verbose: bool,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let plan = plan(&arguments)?;
    let venue = replay(&plan);
    let report = &venue.teller.report;
    print!("{report}");
    if arguments.verbose {
        for ((name, reason), count) in &venue.teller.refusals {
            eprintln!("{name:<24} {reason:<28} {count:>8}");
        }
    }
    if let Some(path) = &arguments.json {
        fs::write(path, report.json()?).with_context(|| format!("could not write {}", path.display()))?;
    }
    if report.endangered_left > 0 {
        bail!("still in danger:\n{}", venue.left.join("\n"));
    }
    Ok(())
}

fn plan(arguments: &Arguments) -> Result<Plan> {
    let Arguments { accounts, backing, seed, .. } = *arguments;
    let (source, history) = match &arguments.prices {
        Some(path) => {
            let bounds = [&arguments.from, &arguments.to].map(|bound| bound.as_deref().unwrap_or_default());
            let period = Period::parse(bounds[0], bounds[1]).map_err(|error| anyhow::anyhow!("{error}"))?;
            let file = File::open(path).with_context(|| format!("could not open {}", path.display()))?;
            let history =
                History::read(file, &venue::SYMBOLS, period).map_err(|error| anyhow::anyhow!("{error}"))?;
            (venue::SYMBOLS.join(", "), history)
        }
        None => ("a crash that was made up".to_owned(), made_up().history(seed)),
    };
    Ok(Plan { source, history, accounts, backing, seed })
}

/// A day on which the market loses about a third.
fn made_up() -> Crash {
    let start = day_start("2022-05-07").expect("a day");
    Crash::of_a_day(start, symbols())
}

/// What is traded in a crash that is made up.
fn symbols() -> Vec<Symbol> {
    majors().expect("prices")
}
