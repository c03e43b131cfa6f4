//! Where prices come from: what was traded once, or a crash that is made up; played at any speed.

use std::{
    fs::File,
    io::BufReader,
    path::PathBuf,
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, anyhow, ensure};
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender};
use plimsoll_deploy::Manifest;
use plimsoll_risk::num::Price;
use plimsoll_sim::{
    history::{HOUR, History, Period},
    path::price_within,
    synthetic::{Crash, Symbol},
};

use crate::{Network, clock::Clock, oracle::Publisher};

/// What a feed's symbol in files has behind the feed's name.
const QUOTED_IN: &str = "-USD";
/// How often prices are published, of real time.
const BETWEEN_PRICES: Duration = Duration::from_secs(1);
/// What symbols of made-up crashes cost first, whole quote units, and how much of the market's move they take, millionths.
const FIRST_PRICES: [(&str, u64, u32); 3] =
    [("BTC", 40_000, 1_000_000), ("ETH", 2_800, 1_200_000), ("SOL", 80, 1_500_000)];
const OTHER_SYMBOL: (u64, u32) = (10, 1_000_000);
/// Furthest move of a symbol's own in a minute, millionths.
const NOISE: u32 = 500;

/// Where prices come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// Hours of a file as `plimsoll_sim::history` describes it. `from` and `to` are days, both included, or unix seconds.
    Csv { path: PathBuf, from: String, to: String },
    /// A day with a crash that is made up from a seed, starting at a whole hour, unix seconds; from these prices on, by the
    /// places of their feeds, or from usual ones.
    Synthetic { seed: u64, start: i64, first: Vec<Option<Price>> },
}

/// The prices of a manifest's feeds over some time, by their places.
#[derive(Clone, Debug)]
pub struct Tape {
    history: History,
}

impl Source {
    /// Reads, or makes up, the prices of a manifest's feeds. A feed `BTC` is the file's `BTC-USD`.
    ///
    /// # Errors
    /// The file cannot be read, has a bad line, or lacks an hour of a feed.
    pub fn tape(&self, manifest: &Manifest) -> Result<Tape> {
        let history = match self {
            Self::Csv { path, from, to } => {
                let period = Period::parse(from, to).map_err(|error| anyhow!("{error}"))?;
                let file = File::open(path).with_context(|| format!("cannot open {}", path.display()))?;
                let symbols: Vec<String> =
                    manifest.feeds.iter().map(|feed| format!("{}{QUOTED_IN}", feed.name)).collect();
                let symbols: Vec<&str> = symbols.iter().map(String::as_str).collect();
                History::read(BufReader::new(file), &symbols, period)
                    .map_err(|error| anyhow!("{}: {error}", path.display()))?
            }
            Self::Synthetic { seed, start, first } => {
                let first = first.iter().copied().chain(std::iter::repeat(None));
                let symbols = manifest.feeds.iter().zip(first).map(|(feed, first)| symbol(&feed.name, first));
                let symbols = symbols.collect::<Result<_>>()?;
                Crash::of_a_day(*start, symbols).history(*seed)
            }
        };
        ensure!(!history.hours.is_empty(), "there is no hour of prices");
        Ok(Tape { history })
    }
}

fn symbol(feed: &str, first: Option<Price>) -> Result<Symbol> {
    let known = FIRST_PRICES.iter().find(|(name, ..)| *name == feed);
    let (price, beta) = known.map_or(OTHER_SYMBOL, |(_, price, beta)| (*price, *beta));
    let price = Price::from_decimal(price, 0).map_err(|error| anyhow!("{feed}: {error:?}"))?;
    let price = first.unwrap_or(price);
    Ok(Symbol { name: feed.to_owned(), price, beta, noise: NOISE })
}

impl Tape {
    /// When it starts and ends.
    pub fn period(&self) -> Period {
        self.history.period()
    }

    /// The prices at a moment, unix seconds, by the places of their feeds. Before the start they are the first ones, after the
    /// end the last ones.
    pub fn at(&self, unix_time: i64) -> Vec<Price> {
        let Period { from, until } = self.period();
        let gone = unix_time.clamp(from, until.saturating_sub(1)).saturating_sub(from);
        let hour = usize::try_from(gone / HOUR).unwrap_or(0);
        let second = if unix_time >= until { HOUR } else { gone % HOUR };
        let second = u32::try_from(second).unwrap_or(0);
        let candles = self.history.hours.get(hour).map_or(&[][..], |hour| &hour.candles);
        candles.iter().map(|candle| price_within(candle, second)).collect()
    }
}

/// Prices and time as they are played, until this is dropped.
pub struct Player {
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// Plays a tape from a moment on, unix seconds: each real second the network's clock goes `speed` seconds further and the prices
/// of that moment are published. When the tape has ended, prices stay and time goes on.
///
/// # Errors
/// The first prices cannot be published.
pub fn play(network: &Network, manifest: &Manifest, tape: Tape, from: i64, speed: u32) -> Result<Player> {
    let (clock, publisher) = (network.clock(), Publisher::new(network, manifest));
    show(&clock, &publisher, &tape, from)?;
    let (stop, stopped) = crossbeam_channel::bounded(0);
    let thread = thread::Builder::new().name("localnet-prices".to_owned()).spawn(move || {
        let run = |time| show(&clock, &publisher, &tape, time);
        if let Err(error) = each_second(&stopped, from, speed, run) {
            eprintln!("local network: prices stand still: {error:#}");
        }
    })?;
    Ok(Player { stop: Some(stop), thread: Some(thread) })
}

fn show(clock: &Clock, publisher: &Publisher, tape: &Tape, unix_time: i64) -> Result<()> {
    clock.set_time(unix_time)?;
    publisher.publish(&tape.at(unix_time), unix_time)
}

/// Where the machine was too busy for a second, the next one goes as far as both.
fn each_second(
    stopped: &Receiver<()>,
    from: i64,
    speed: u32,
    mut then: impl FnMut(i64) -> Result<()>,
) -> Result<()> {
    let began = Instant::now();
    loop {
        let into_second = Duration::from_nanos(began.elapsed().subsec_nanos().into());
        match stopped.recv_timeout(BETWEEN_PRICES.saturating_sub(into_second)) {
            Err(RecvTimeoutError::Timeout) => {}
            Ok(()) | Err(RecvTimeoutError::Disconnected) => return Ok(()),
        }
        let seconds = i64::try_from(began.elapsed().as_secs()).context("it runs for too long")?;
        then(seconds.saturating_mul(speed.into()).saturating_add(from))?;
    }
}

impl Drop for Player {
    fn drop(&mut self) {
        self.stop = None;
        if let Some(thread) = self.thread.take() {
            // It has told why, if it panicked.
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deploy::usual_manifest;

    #[test]
    fn a_tape_has_the_price_of_every_second_and_of_all_feeds_in_their_places() -> Result<()> {
        let (manifest, start) = (usual_manifest()?, 1_651_881_600);
        let tape = Source::Synthetic { seed: 1, start, first: Vec::new() }.tape(&manifest)?;
        let Period { from, until } = tape.period();
        assert_eq!((from, until - from), (start, 24 * HOUR));
        let whole = |prices: Vec<Price>| prices.iter().map(|price| price.get() >> 40).collect::<Vec<_>>();
        assert_eq!(whole(tape.at(from)), [80, 40_000, 2_800], "SOL, BTC, ETH");
        assert_eq!(tape.at(from - 5), tape.at(from));
        assert_eq!(tape.at(until), tape.at(until + 99));
        let closes: Vec<Price> = tape.history.hours[3].candles.iter().map(|it| it.close).collect();
        let opens: Vec<Price> = tape.history.hours[4].candles.iter().map(|it| it.open).collect();
        assert_eq!(tape.at(from + 4 * HOUR), opens);
        assert_eq!(closes, opens, "an hour starts where the one before ended");
        assert_ne!(tape.at(from + 15 * HOUR), tape.at(from + 15 * HOUR + 60));
        assert!(tape.at(from + 18 * HOUR)[1] < tape.at(from)[1], "it is a crash");
        Ok(())
    }

    #[test]
    fn a_file_that_is_not_there_is_named() -> Result<()> {
        let source = Source::Csv {
            path: "no/such/file.csv".into(),
            from: "2022-05-07".into(),
            to: "2022-05-08".into(),
        };
        let error = source.tape(&usual_manifest()?).expect_err("no file");
        assert!(format!("{error:#}").contains("no/such/file.csv"), "{error:#}");
        Ok(())
    }
}
