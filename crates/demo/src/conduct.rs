//! The course of it: moment after moment, as fast as the keepers keep up.

use crate::{
    audit::{Loaded, Photograph},
    crowd,
    heard::Heard,
    keepers::Keepers,
    outcome::{Look, Outcome, Profit, Rounding, Used, Wall},
    prices::Course,
    stage::Stage,
};
use anyhow::{Result, ensure};
use plimsoll_audit::Ledger;
use plimsoll_deploy::Manifest;
use plimsoll_risk::num::Price;
use plimsoll_sim::{
    dice::{Dice, Subject},
    report::{Amount, Report, price},
};
use std::{
    collections::BTreeMap,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

/// When nothing was processed for so long, nobody has anything to do; at least, and at most. In between it is so many times
/// as long as keepers take to copy a price: a machine with other things to do is waited for.
const QUIET: (Duration, Duration) = (Duration::from_millis(30), Duration::from_secs(1));
const TIMES: u32 = 3;
/// Time goes on after so long, done or not.
const PATIENCE: Duration = Duration::from_secs(3);
/// Between two looks at the whole ledger, seconds on the network's clock.
const LOOKS: i64 = 1_800;
/// Longest time at the last prices in which the last are seen to, seconds on the network's clock.
const AFTERMATH: i64 = 3 * 3_600;
/// Rounding that one instruction may leave in a vault, native units.
const DUST: u64 = 2;

/// What is to happen.
pub struct Plan {
    /// The compiled program.
    pub elf: Vec<u8>,
    /// What is deployed.
    pub manifest: Manifest,
    /// The prices.
    pub course: Course,
    /// How many are there.
    pub accounts: u32,
    /// Where portfolios and killings come from.
    pub seed: u64,
    /// A keeper is killed every so many moments.
    pub kills: Option<u64>,
    /// Where keys, configurations and logs of keepers lie.
    pub folder: PathBuf,
    /// Ends it before the next moment.
    pub stop: Arc<AtomicBool>,
}

/// What is going on, for people.
pub enum News<'a> {
    /// Something is being set up.
    SetUp(&'a str),
    /// A moment has passed.
    Moment {
        /// Its place, and how many there are.
        step: (usize, usize),
        /// Unix seconds.
        unix_time: i64,
        /// In the order of the manifest's feeds.
        prices: &'a [Price],
        /// The last look.
        look: &'a Look,
    },
}

/// Does all of it. The stage is handed back as it is at the end, with the keepers at work.
///
/// # Errors
/// The network ends, refuses what has to go through, or never rests; it was told to stop.
pub fn run(plan: Plan, tell: &dyn Fn(News<'_>)) -> Result<(Outcome, Stage, Keepers)> {
    let began = Instant::now();
    tell(News::SetUp("the network and the exchange"));
    let (stage, receiver) = Stage::open(&plan.elf, plan.manifest, &plan.course)?;
    let heard =
        Heard::listen(receiver, Report { accounts: plan.accounts, quote_decimals: 6, ..Report::default() });
    tell(News::SetUp("capital"));
    let mut keepers = Keepers::hire(&stage, &plan.folder)?;
    crowd::stakers(&stage)?;
    crowd::gather(&stage, plan.seed, plan.accounts, &|what| tell(News::SetUp(what)))?;
    tell(News::SetUp("keepers"));
    keepers.start()?;
    let course = &plan.course;
    let mut conductor = Conductor {
        outcome: Outcome {
            source: course.source.clone(),
            from: course.first().unix_time,
            until: course.moments.last().map_or(0, |moment| moment.unix_time),
            step_seconds: course.step,
            seed: plan.seed,
            accounts: plan.accounts,
            markets: stage.markets.iter().map(|place| place.name.clone()).collect(),
            ..Outcome::default()
        },
        equity: BTreeMap::new(),
        dice: Dice::new(plan.seed, Subject::Conduct),
        kills: plan.kills,
        reaction: Duration::ZERO,
        stop: plan.stop,
        stage,
        heard,
        keepers,
        tell,
    };
    conductor.outcome.wall_seconds.set_up = began.elapsed().as_secs();
    let played = Instant::now();
    conductor.plays(course)?;
    conductor.sees_to_the_last(course)?;
    conductor.closes()?;
    conductor.outcome.wall_seconds =
        Wall { prices: played.elapsed().as_secs(), ..conductor.outcome.wall_seconds };
    Ok((conductor.outcome, conductor.stage, conductor.keepers))
}

struct Conductor<'a> {
    stage: Stage,
    heard: Heard,
    keepers: Keepers,
    outcome: Outcome,
    /// Of each keeper at the start, native quote.
    equity: BTreeMap<String, i64>,
    dice: Dice,
    kills: Option<u64>,
    /// How long keepers took to copy prices lately.
    reaction: Duration,
    stop: Arc<AtomicBool>,
    tell: &'a dyn Fn(News<'_>),
}

impl Conductor<'_> {
    fn plays(&mut self, course: &Course) -> Result<()> {
        let first = course.first();
        self.looks(first.unix_time, &first.prices)?;
        let count = course.moments.len();
        for (number, moment) in course.moments.iter().enumerate().skip(1) {
            self.lives_through(moment.unix_time, &moment.prices)?;
            if (moment.unix_time - first.unix_time) % LOOKS == 0 {
                self.looks(moment.unix_time, &moment.prices)?;
            }
            self.tells((number, count - 1), moment.unix_time, &moment.prices);
        }
        Ok(())
    }

    fn tells(&self, step: (usize, usize), unix_time: i64, prices: &[Price]) {
        let look = self.outcome.looks.last().cloned().unwrap_or_default();
        (self.tell)(News::Moment { step, unix_time, prices, look: &look });
    }

    /// One moment: its prices come, and keepers do what there is to do.
    fn lives_through(&mut self, unix_time: i64, prices: &[Price]) -> Result<()> {
        ensure!(!self.stop.load(Ordering::Relaxed), "interrupted");
        if self.kills.is_some_and(|every| self.outcome.steps % every == every - 1) {
            let number = self.dice.below(self.keepers.people.len() as u64);
            self.keepers.kill(number as usize)?;
            self.outcome.kills += 1;
        }
        if !self.is_kept_up_with(unix_time, prices)? {
            self.outcome.steps_not_kept_up += 1;
        }
        for ended in self.keepers.ended() {
            self.outcome.violations.push(ended);
            self.keepers.start()?;
        }
        self.outcome.steps += 1;
        Ok(())
    }

    /// Publishes prices and waits until keepers have done all there is to do; whether it came to that.
    fn is_kept_up_with(&mut self, unix_time: i64, prices: &[Price]) -> Result<bool> {
        let before = self.heard.record().refreshes;
        self.stage.publishes(unix_time, prices)?;
        let published = Instant::now();
        if !self.heard.waits(|record| record.refreshes > before, Duration::ZERO, PATIENCE) {
            return Ok(false);
        }
        // Slow once, it is believed to be fast again only little by little.
        self.reaction = published.elapsed().max(self.reaction - self.reaction / 8);
        let times = if self.heard.record().teller.standing_flags() == 0 { 1 } else { TIMES };
        let quiet = (self.reaction * times).clamp(QUIET.0, QUIET.1);
        Ok(self.heard.waits(|_| true, quiet, PATIENCE))
    }

    /// Time goes on at the last prices until nobody is in danger: claims that nobody buys and deficits that nobody takes over
    /// wait for their deadlines.
    fn sees_to_the_last(&mut self, course: &Course) -> Result<()> {
        let (mut unix_time, step) = (self.outcome.until, i64::from(course.step));
        let prices = course.last_prices();
        loop {
            self.looks(unix_time, prices)?;
            let endangered = self.outcome.looks.last().map_or(0, |look| look.endangered);
            if endangered == 0 || unix_time >= self.outcome.until + AFTERMATH {
                return Ok(());
            }
            for _ in 0..5 {
                unix_time += step;
                self.lives_through(unix_time, prices)?;
            }
            self.tells((course.moments.len() - 1, course.moments.len() - 1), unix_time, prices);
        }
    }

    /// Looks at the whole ledger, and writes down how it stands.
    fn looks(&mut self, unix_time: i64, prices: &[Price]) -> Result<()> {
        let photograph = Photograph::take(&self.stage, &self.heard)?;
        self.outcome.violations.extend(photograph.violation.clone());
        let ledger = photograph.ledger();
        self.compares_vaults(&photograph, &ledger);
        let loads = photograph.loads(&ledger);
        let look = self.look(&ledger, &loads, unix_time, prices);
        self.outcome.endangered_left = look.endangered;
        self.outcome.looks.push(look);
        let at_first = self.equity.is_empty();
        for person in &self.keepers.people {
            let Some(equity) = photograph.equity(&ledger, &person.account) else { continue };
            let name = &person.name;
            if at_first {
                self.equity.insert(name.clone(), equity);
            }
            let change = equity - self.equity.get(name).copied().unwrap_or(equity);
            self.outcome.keeper_profit.entry(name.clone()).or_default().equity_change =
                Amount::new(change.into());
        }
        self.heard.record().board = ledger.board.map(|board| Box::new(*board));
        Ok(())
    }

    fn compares_vaults(&mut self, photograph: &Photograph, ledger: &Ledger<'_>) {
        let bound = i128::from(DUST * self.heard.record().history.operations());
        for (place, gap) in photograph.gaps(ledger) {
            let name = self.stage.manifest.banks[usize::from(place)].name.clone();
            let now = Amount::new(gap);
            let rounding = self.outcome.vault_rounding.entry(name.clone()).or_insert(Rounding {
                end: now,
                least: now,
                most: now,
            });
            *rounding = Rounding { end: now, least: rounding.least.min(now), most: rounding.most.max(now) };
            let difference = if (0..=bound).contains(&gap) { Amount::default() } else { now };
            // Once different, always told.
            let told = self.outcome.vault_difference.entry(name).or_default();
            if told.get() == 0 {
                *told = difference;
            }
        }
    }

    fn look(&self, ledger: &Ledger<'_>, loads: &[Loaded], unix_time: i64, prices: &[Price]) -> Look {
        let record = self.heard.record();
        let report = &record.teller.report;
        let (ways, losses) = (&report.liquidations, &report.losses);
        let markets = || ledger.markets.values();
        let feeds = || self.stage.markets.iter().map(|place| place.feed);
        let open_interest = markets().map(|it| {
            let lots = i128::from(it.market.long_lots.max(it.market.short_lots));
            Amount::new((lots * i128::from(it.terms.lot_price)) >> u32::from(it.terms.shift))
        });
        let insurance = losses.tranches_paid.plus(losses.insurance_paid.get());
        Look {
            unix_time,
            prices: feeds().map(|feed| price(prices[feed])).collect(),
            stable: feeds().filter_map(|feed| Some(price(ledger.board?.feeds[feed].stable))).collect(),
            open_interest: open_interest.collect(),
            insurance: Amount::new(ledger.insured().into()),
            loads: quantiles(loads),
            endangered: loads.iter().filter(|it| it.is_endangered).count() as u64,
            liquidations: [
                ways.taken_over.count,
                ways.into_book.count,
                ways.collateral_swaps.count,
                ways.pnl_bought.count,
                ways.deleveraged.count,
            ],
            deficit: losses.total,
            bore: [insurance, losses.winners_charged, losses.reserves_paid, losses.lenders_bore],
        }
    }

    /// What was heard goes into the outcome.
    fn closes(&mut self) -> Result<()> {
        let open: u64 = {
            let photograph = Photograph::take(&self.stage, &self.heard)?;
            photograph.ledger().markets.values().map(|it| it.market.deficit.get()).sum()
        };
        let mut record = self.heard.record();
        record.teller.leaves_open(open);
        let report = record.teller.report.clone();
        let outcome = &mut self.outcome;
        outcome.transactions = record.transactions;
        outcome.fills = record.fills;
        (outcome.margin_calls, outcome.flagged, outcome.recovered) =
            (report.margin_calls, report.flagged, report.recovered);
        (outcome.liquidations, outcome.bankruptcies, outcome.losses) =
            (report.liquidations, report.bankruptcies, report.losses);
        let losses = &report.losses;
        outcome.insurance_paid = losses.tranches_paid.plus(losses.insurance_paid.get());
        outcome.socialised =
            losses.winners_charged.plus(losses.reserves_paid.get()).plus(losses.lenders_bore.get());
        outcome.unresolved_deficit = losses.open_deficit;
        for (name, cost) in report.instructions {
            let allowed = record.allowed.get(&name).copied();
            let used = Used {
                count: cost.count,
                refused: cost.refused,
                max_compute_units: cost.most_compute_units,
                allowed,
            };
            outcome.instructions.insert(name, used);
        }
        outcome.keeper_errors = self.keepers.errors()?;
        for person in &self.keepers.people {
            let fees = record.earned.get(&person.account).copied().unwrap_or_default();
            let profit: &mut Profit = outcome.keeper_profit.entry(person.name.clone()).or_default();
            profit.fees = Amount::new(fees);
        }
        outcome.violations.append(&mut record.violations);
        Ok(())
    }
}

/// The highest load, and that of one in twenty, in four, in two; hundredths of a percent.
fn quantiles(loads: &[Loaded]) -> [u32; 4] {
    let mut all: Vec<u32> = loads
        .iter()
        .map(|it| {
            u32::try_from((u64::from(it.load.get()) * 10_000) >> plimsoll_risk::num::RATIO_BITS)
                .unwrap_or(u32::MAX)
        })
        .collect();
    all.sort_unstable_by(|one, other| other.cmp(one));
    [1, 20, 4, 2].map(|part| match part {
        1 => all.first().copied().unwrap_or(0),
        part => all.get(all.len() / part).copied().unwrap_or(0),
    })
}
