//! The prices that are replayed: recorded hours, or a crash out of a seed.

use anyhow::{Context, Result, anyhow, ensure};
use plimsoll_deploy::Manifest;
use plimsoll_risk::num::Price;
use plimsoll_sim::{
    calendar::day_start,
    history::{History, Period},
    path::{self, Moment, Step},
    synthetic::{Crash, majors},
};
use std::{fs::File, path::Path};

/// When a crash that is made up begins.
const BEGIN: &str = "2022-05-07";
/// What the quote token is called in files of prices.
const QUOTE: &str = "-USD";

/// Prices from the first moment to the last.
pub struct Course {
    /// Where they come from, in words.
    pub source: String,
    /// Seconds between two moments.
    pub step: u32,
    /// Prices in the order of the manifest's feeds.
    pub moments: Vec<Moment>,
}

impl Course {
    /// Recorded hourly prices of the manifest's feeds.
    ///
    /// # Errors
    /// No such file, period or price.
    pub fn recorded(file: &Path, (from, to): (&str, &str), step: u32, manifest: &Manifest) -> Result<Self> {
        let period = Period::parse(from, to).map_err(|error| anyhow!("{error}"))?;
        let opened = File::open(file).with_context(|| format!("could not open {}", file.display()))?;
        let symbols: Vec<String> = manifest.feeds.iter().map(|feed| feed.name.clone() + QUOTE).collect();
        let names: Vec<&str> = symbols.iter().map(String::as_str).collect();
        let history = History::read(opened, &names, period).map_err(|error| anyhow!("{error}"))?;
        let moments = path::moments(&history, steps(step)?).collect();
        Ok(Self { source: symbols.join(", "), step, moments })
    }

    /// A day on which the market loses about a third, a part of it in jumps.
    ///
    /// # Errors
    /// A step that is not whole minutes; a feed of which no crash is known.
    pub fn synthetic(seed: u64, step: u32, manifest: &Manifest) -> Result<Self> {
        let start = day_start(BEGIN).context("a day")?;
        let symbols = majors().context("prices")?;
        Self::of_crash(&Crash::of_a_day(start, symbols), seed, step, manifest)
    }

    /// The minutes of a crash.
    ///
    /// # Errors
    /// As [`Course::synthetic`].
    pub fn of_crash(crash: &Crash, seed: u64, step: u32, manifest: &Manifest) -> Result<Self> {
        ensure!(
            step.is_multiple_of(60) && step > 0,
            "a crash that is made up has a price a minute: --step 60, 120, …"
        );
        let place = |name: &str| {
            let wanted = format!("{name}{QUOTE}");
            crash.symbols.iter().position(|symbol| symbol.name == wanted)
        };
        let places = manifest
            .feeds
            .iter()
            .map(|feed| place(&feed.name).with_context(|| format!("no crash of {} is known", feed.name)));
        let places: Vec<usize> = places.collect::<Result<_>>()?;
        let minutes = crash.moments(seed).into_iter().step_by(step as usize / 60);
        let moments = minutes.map(|minute| {
            let prices = places.iter().map(|place| minute.prices[*place]).collect();
            Moment { prices, ..minute }
        });
        Ok(Self { source: "a crash that was made up".to_owned(), step, moments: moments.collect() })
    }

    /// The first moment.
    pub fn first(&self) -> &Moment {
        &self.moments[0] // there is one: an hour of prices, or the start of a crash
    }

    /// The prices of the last moment.
    pub fn last_prices(&self) -> &[Price] {
        self.moments.last().map_or(&[], |moment| &moment.prices)
    }
}

fn steps(seconds: u32) -> Result<Step> {
    Step::new(seconds).with_context(|| {
        format!("--step {seconds} would miss extremes: it has to divide {} seconds", path::LEG)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest() -> Manifest {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../migrations/localnet.toml");
        Manifest::read(&file).unwrap_or_else(|fault| panic!("{fault}"))
    }

    #[test]
    fn a_crash_that_is_made_up_has_a_price_for_each_feed_in_its_order() -> Result<()> {
        let manifest = manifest();
        let course = Course::synthetic(1, 120, &manifest)?;
        assert_eq!(course.moments.len(), 24 * 30 + 1);
        assert!(course.moments.windows(2).all(|two| two[1].unix_time - two[0].unix_time == 120));
        let price = |name: &str| {
            let place = manifest.feeds.iter().position(|feed| feed.name == name);
            place.map(|place| course.first().prices[place])
        };
        assert_eq!(price("BTC"), Price::from_decimal(40_000, 0).ok());
        assert_eq!(price("SOL"), Price::from_decimal(80, 0).ok());
        assert!(course.last_prices() < &course.first().prices[..]);
        Ok(())
    }

    #[test]
    fn a_step_that_fits_no_price_is_refused() {
        for step in [0, 90] {
            assert!(Course::synthetic(1, step, &manifest()).is_err(), "{step}");
        }
        assert!(steps(90).is_err() && steps(120).is_ok());
    }
}
