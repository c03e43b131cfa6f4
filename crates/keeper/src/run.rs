//! A keeper's life: one thread follows the chain, and one works for each role, until it is told to stop.

use crate::{
    config::Config,
    desk::{Desk, Task, View},
    duties, liquidator,
    role::Role,
};
use anyhow::Result;
use solana_pubkey::Pubkey;
use std::{
    collections::{BTreeMap, BTreeSet},
    thread,
    time::{Duration, Instant},
};

/// Until the exchange was seen, it is looked so often whether it was.
const PATIENCE: Duration = Duration::from_millis(50);

/// Works until [`Desk::stop`] is set. Whatever was begun is finished.
///
/// # Errors
/// Oracle accounts that cannot be read from the configuration.
pub fn run(desk: &Desk, config: &Config, roles: &BTreeSet<Role>) -> Result<()> {
    let oracles = config.refresher.feeds()?;
    thread::scope(|scope| {
        scope.spawn(|| desk.follows());
        for role in roles {
            scope.spawn(|| works(desk, config, &oracles, *role));
        }
    });
    tracing::info!(errors = ?desk.tally.errors(), "stopped");
    Ok(())
}

/// One role's loop.
fn works(desk: &Desk, config: &Config, oracles: &BTreeMap<u8, Pubkey>, role: Role) {
    while desk.store().board().is_none() {
        if desk.stop.waits(PATIENCE) {
            return;
        }
    }
    tracing::info!(%role, "begins");
    while !desk.stop.is_set() {
        let began = Instant::now();
        if let Some(now) = desk.now() {
            turn(desk, config, oracles, role, now);
        }
        metrics::histogram!("plimsoll_keeper_turn_seconds", "role" => role.name()).record(began.elapsed());
        desk.stop.waits(config.turn_ms.of(role));
    }
}

/// One turn of a role.
fn turn(desk: &Desk, config: &Config, oracles: &BTreeMap<u8, Pubkey>, role: Role, now: i64) {
    let does = |tasks: &dyn Fn(&View<'_>) -> Vec<Task>| {
        for task in desk.looks(now, |view| tasks(view)).unwrap_or_default() {
            if desk.stop.is_set() {
                return;
            }
            desk.does(role, &task);
        }
    };
    match role {
        Role::Refresher => does(&|view| duties::refreshes(view, &config.refresher, oracles)),
        Role::Fills => does(&duties::fills),
        Role::Settler => does(&|view| duties::settlements(view, &config.settler)),
        Role::Triggers => does(&duties::executions),
        Role::Maker => does(&|view| duties::quotes(view, &config.maker)),
        Role::Liquidator => liquidator::turn(desk, role, &config.liquidation, now),
        Role::Insurance => {
            does(&duties::deleveragings);
            liquidator::turn(desk, role, &config.liquidation, now);
        }
    }
}
