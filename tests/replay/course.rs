//! The course of a replay: from the first price to the last, and until nobody is in danger.

use crate::{
    people::{self, People, Person},
    venue::Venue,
};
use plimsoll_audit::vaults::Gap;
use plimsoll_risk::num::Price;
use plimsoll_sim::{
    history::History,
    path::{self, Step},
    report::{Amount, HourReport, Report, price},
};

/// Between two moments, seconds.
const STEP: u32 = 60;
/// Moments between two quotes of the maker, two refreshes of the banks, two reports, and two settlements of everybody.
const QUOTES: u64 = 5;
const BANKS: u64 = 15;
const AN_HOUR: u64 = 60;
const SETTLEMENTS: u64 = 360;
/// Most moments at the last prices in which the last are seen to.
const AFTERMATH: u64 = 180;

/// What is replayed.
pub struct Plan {
    /// Where the prices come from, in words.
    pub source: String,
    pub history: History,
    pub accounts: u32,
    /// What maker, liquidators and stakers bring, percent of what they usually have.
    pub backing: u32,
    pub seed: u64,
}

/// Replays prices on the compiled program.
///
/// # Panics
/// Where an invariant does not hold.
pub fn replay(plan: &Plan) -> Venue {
    let step = Step::new(STEP).expect("a part of a leg");
    let moments: Vec<path::Moment> = path::moments(&plan.history, step).collect();
    let period = plan.history.period();
    let report = Report {
        source: plan.source.clone(),
        from: period.from,
        until: period.until,
        step_seconds: STEP,
        seed: plan.seed,
        accounts: plan.accounts,
        quote_decimals: 6,
        ..Report::default()
    };
    let first = moments.first().expect("at least an hour of prices");
    let venue = Venue::open(&first.prices, report);
    let mut course = Course { start: venue.now() - period.from, venue, step: 0 };
    let people = people::gather(&mut course.venue, plan.seed, plan.accounts, plan.backing);
    course.venue.world.checks();
    for moment in &moments {
        course.lives_through(&people, moment.unix_time, &moment.prices);
    }
    course.sees_to_the_last(&people, moments.last().unwrap_or(first));
    course.closes(&people);
    course.venue
}

struct Course {
    venue: Venue,
    /// What the machine's clock is ahead of the prices' times, seconds.
    start: i64,
    step: u64,
}

impl Course {
    fn lives_through(&mut self, people: &People, unix_time: i64, prices: &[Price]) {
        let (step, venue) = (self.step, &mut self.venue);
        if step > 0 {
            venue.reaches(unix_time + self.start, prices);
        }
        if step.is_multiple_of(BANKS) {
            venue.refreshes_banks();
        }
        venue.keeps(people, step as usize);
        if step.is_multiple_of(QUOTES) {
            venue.applies_waiting();
            venue.quotes(&people.maker);
            venue.unwinds(people);
        }
        if step.is_multiple_of(AN_HOUR) && step > 0 {
            let everybody: Vec<Person> = match step.is_multiple_of(SETTLEMENTS) {
                true => people.all().copied().collect(),
                false => people.liquidators.iter().chain([&people.maker]).copied().collect(),
            };
            venue.settles(&everybody);
            venue.writes_down_the_hour(people, unix_time, prices);
        }
        if step.is_multiple_of(AN_HOUR) || std::mem::take(&mut venue.teller.is_eventful) {
            venue.world.checks();
        }
        venue.compares_vaults();
        venue.teller.report.steps += 1;
        self.step += 1;
    }

    /// Time goes on at the last prices until nobody is in danger: claims that nobody buys and deficits that nobody takes over
    /// wait for their deadlines.
    fn sees_to_the_last(&mut self, people: &People, last: &path::Moment) {
        for moment in 1..=AFTERMATH {
            if self.venue.endangered(people) == 0 {
                return;
            }
            let unix_time = last.unix_time + i64::try_from(moment).unwrap_or(0) * i64::from(STEP);
            self.lives_through(people, unix_time, &last.prices);
        }
    }

    fn closes(&mut self, people: &People) {
        let venue = &mut self.venue;
        venue.world.checks();
        venue.compares_vaults();
        let open = (0..venue.markets.len() as u8).map(|market| venue.market(market).deficit.get()).sum();
        venue.teller.leaves_open(open);
        venue.teller.report.endangered_left = venue.endangered(people);
        venue.left = venue.names_endangered(people);
    }
}

impl Venue {
    fn writes_down_the_hour(&mut self, people: &People, unix_time: i64, prices: &[Price]) {
        let open_interest = |market: u8| {
            let (terms, market) = (&self.board().markets[usize::from(market)], self.market(market));
            let lots = i128::from(market.long_lots.max(market.short_lots));
            Amount::new((lots * i128::from(terms.lot_price)) >> u32::from(terms.shift))
        };
        let hour = HourReport {
            unix_time,
            prices: prices.iter().map(|it| price(*it)).collect(),
            open_interest: (0..self.markets.len() as u8).map(open_interest).collect(),
            insurance: Amount::new(self.bank(0).insurance.get().into()),
            endangered: self.endangered(people),
            bankruptcies: self.teller.report.bankruptcies,
        };
        self.teller.report.hours.push(hour);
    }

    /// Each vault less what it owes, exactly, rounded down to whole units.
    ///
    /// # Panics
    /// Where it is below 0: somebody's tokens are gone.
    fn compares_vaults(&mut self) {
        for (place, token) in self.tokens.clone().iter().enumerate() {
            let bank = *self.bank(place as u8);
            let gap = Gap::of(&bank, self.world.chain.tokens_in(&bank.vault.0.into()));
            assert!(gap.units() >= 0, "the vault of {} lacks {} units", token.name, -gap.units());
            self.teller.report.vault(token.name, gap.units());
        }
    }
}
