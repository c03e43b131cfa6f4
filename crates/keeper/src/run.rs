//! A keeper's life: one thread follows the chain, and one works for each role, until it is told to stop.
//!
//! A role's turn comes when something that it acts on has changed ([`Role::topics`]), or after its longest pause
//! ([`TurnMs`](crate::config::TurnMs)). A turn in which there is nothing to do asks the network nothing.

use crate::{
    chain::Outcome,
    config::Config,
    desk::{Desk, Task, View},
    duties::{self, maker::Maker},
    liquidator::Liquidator,
    pulse::{Topic, timed},
    pyth::Poster,
    role::Role,
};
use anyhow::Result;
use solana_pubkey::Pubkey;
use std::{
    collections::{BTreeMap, BTreeSet},
    thread,
    time::Duration,
};

/// Until the exchange was seen, it is looked so often whether it was.
const PATIENCE: Duration = Duration::from_secs(1);

/// Works until [`Desk::ends`] is called, with what is on chain for it. Whatever was begun is finished; a maker's orders are
/// cancelled.
///
/// # Errors
/// Oracle accounts that cannot be read from the configuration.
pub fn run(desk: &Desk, config: &Config, roles: &BTreeSet<Role>) -> Result<()> {
    run_with(desk, config, roles, None)
}

/// The same, with whoever posts prices before they are refreshed.
///
/// # Errors
/// As [`run`].
pub fn run_with(desk: &Desk, config: &Config, roles: &BTreeSet<Role>, poster: Option<Poster>) -> Result<()> {
    let mut oracles = config.refresher.feeds()?;
    oracles.extend(poster.iter().flat_map(Poster::oracles));
    let mut poster = poster;
    thread::scope(|scope| {
        scope.spawn(|| desk.follows());
        for role in roles.iter().copied() {
            let gives_back = !roles.contains(&Role::Maker);
            let poster = poster.take_if(|_| role == Role::Refresher);
            let (oracles, state) = (&oracles, State { poster, ..State::default() });
            let worker = Worker { desk, config, oracles, role, gives_back, state };
            scope.spawn(|| worker.works());
        }
    });
    tracing::info!(errors = ?desk.tally.errors(), "stopped");
    Ok(())
}

/// One role at work.
struct Worker<'a> {
    desk: &'a Desk,
    config: &'a Config,
    oracles: &'a BTreeMap<u8, Pubkey>,
    role: Role,
    /// Whether lots that were taken over are given back.
    gives_back: bool,
    state: State,
}

/// What a role remembers from turn to turn; nothing that a new life could not do without.
#[derive(Default)]
struct State {
    maker: Maker,
    liquidator: Liquidator,
    /// When everybody was settled last; a settling's pause before the first look.
    settled_at: Option<i64>,
    poster: Option<Poster>,
}

impl Worker<'_> {
    fn works(mut self) {
        let (desk, role) = (self.desk, self.role);
        if !self.sees_the_exchange() {
            return;
        }
        tracing::info!(%role, "begins");
        let most = self.config.turn_ms.of(role);
        while !desk.stop.is_set() {
            let was = desk.pulse().of(role.topics());
            let (looked, took) = timed(|| self.turn());
            desk.tally.turns(role, took);
            // As long as it takes to look at everybody: where there are many, half a core is enough.
            desk.stop.waits(looked.min(most));
            desk.pulse().waits(role.topics(), was, most, &desk.stop);
        }
        if role == Role::Maker {
            self.does(|view| duties::maker::withdrawals(view, &self.config.maker));
        }
    }

    /// Waits until the board and the time are known; says whether they are, or it was time to stop.
    fn sees_the_exchange(&self) -> bool {
        const FIRST: [Topic; 2] = [Topic::Board, Topic::Clock];
        let desk = self.desk;
        while !desk.stop.is_set() {
            let was = desk.pulse().of(&FIRST);
            if desk.looks(|_| ()).is_some() {
                return true;
            }
            desk.pulse().waits(&FIRST, was, PATIENCE, &desk.stop);
        }
        false
    }

    /// One turn; returns how long it took to decide.
    fn turn(&mut self) -> Duration {
        let (config, oracles) = (self.config, self.oracles);
        match self.role {
            Role::Refresher => {
                if let Some(poster) = &mut self.state.poster {
                    poster.turn(self.desk, config.refresher.price_seconds);
                }
                self.does(|view| duties::refreshes(view, &config.refresher, oracles))
            }
            Role::Funding => self.does(|view| duties::accruals(view, &config.funding)),
            Role::Fills => self.does(duties::fills),
            Role::Settler => self.settles(),
            Role::Triggers => self.does(duties::executions),
            Role::Maker => {
                self.state.maker.turn(self.desk, &config.maker);
                Duration::ZERO
            }
            Role::Liquidator => self.liquidates(),
            Role::Insurance => {
                let looked = self.does(duties::deleveragings);
                looked.saturating_add(self.liquidates())
            }
        }
    }

    fn liquidates(&mut self) -> Duration {
        let (settings, gives_back) = (&self.config.liquidation, self.gives_back);
        self.state.liquidator.turn(self.desk, self.role, settings, gives_back)
    }

    /// Everybody, now and then on the chain's own clock, with prices.
    fn settles(&mut self) -> Duration {
        let settings = &self.config.settler;
        let since = &mut self.state.settled_at;
        let due = self.desk.looks(|view| {
            let since = *since.get_or_insert(view.now.saturating_sub(settings.seconds));
            duties::settles_now(view, settings, since).then_some(view.now)
        });
        let Some(now) = due.flatten() else { return Duration::ZERO };
        self.state.settled_at = Some(now);
        self.does(|view| duties::settlements(view, settings))
    }

    /// Decides, then sends one after the other, until it is time to stop. At the end of a life, what is decided then is sent.
    fn does(&self, tasks: impl FnOnce(&View<'_>) -> Vec<Task>) -> Duration {
        let (desk, is_ending) = (self.desk, self.desk.stop.is_set());
        let (tasks, took) = timed(|| desk.looks(tasks).unwrap_or_default());
        for some in
            tasks.chunk_by(|one, next| one.name == next.name).flat_map(|of| of.chunks(self.role.together()))
        {
            if desk.stop.is_set() && !is_ending {
                break;
            }
            let outcome = desk.does_together(self.role, some);
            if some.len() > 1 && matches!(outcome, Outcome::Refused(_)) {
                // One that cannot be done keeps none of the others from it.
                some.iter().for_each(|task| _ = desk.does(self.role, task));
            }
        }
        took
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        chain::memory::Memory,
        scene::{ALICE, NOW, Scene, data, flagged_at},
    };
    use anchor_lang::Discriminator;
    use plimsoll::state::RiskBoard;
    use std::{sync::Arc, time::Instant};

    const IDLE: &str = "[node]\nrpc = \"\"\nwebsocket = \"\"\n\
        [turn_ms]\nliquidator = 3600000\nfunding = 3600000\nfills = 3600000\n";

    /// Waits until something holds; says whether it ever did.
    fn comes(holds: impl Fn() -> bool) -> bool {
        let began = Instant::now();
        while !holds() && began.elapsed() < Duration::from_secs(120) {
            thread::sleep(Duration::from_millis(2));
        }
        holds()
    }

    #[test]
    fn a_role_wakes_by_what_it_acts_on_and_asks_nothing_where_there_is_nothing_to_do() {
        let scene = Scene::new();
        let chain = Arc::new(Memory::new(|_, _| Outcome::Done));
        chain.state().now = NOW;
        chain.state().put(scene.of.board, data(RiskBoard::DISCRIMINATOR, &*scene.board));
        let config = Config::read(IDLE).expect("a configuration");
        let desk = Desk::new(scene.of, Arc::<Memory>::clone(&chain) as _, scene.own, []);
        let roles = [Role::Liquidator, Role::Funding, Role::Fills];
        let turns = |role| desk.tally.turns_of(role);
        let (woken, fills) = thread::scope(|scope| {
            scope.spawn(|| run(&desk, &config, &BTreeSet::from(roles)));
            let begun = comes(|| roles.iter().all(|role| turns(*role) > 0));
            let (liquidators, fills) = (turns(Role::Liquidator), turns(Role::Fills));
            chain.state().put(ALICE, flagged_at(0));
            let by_account = comes(|| turns(Role::Liquidator) > liquidators);
            let funding = turns(Role::Funding);
            chain.state().now = NOW + 1;
            let by_time = comes(|| turns(Role::Funding) > funding);
            desk.ends();
            ([begun, by_account, by_time], fills)
        });
        assert_eq!(woken, [true; 3], "the first turns, an account that changed, time that passed");
        assert_eq!(turns(Role::Fills), fills, "neither concerns whoever applies fills");
        assert!(chain.state().sent.is_empty() && chain.state().asked == 0, "nothing was to be done");
    }
}
