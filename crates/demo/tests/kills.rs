//! Keepers that are killed at any moment, in the middle of a crash: nothing is lost, and nothing is done twice.

use anyhow::{Context, Result};
use plimsoll_demo::{
    conduct::{Plan, run},
    prices::Course,
};
use plimsoll_deploy::Manifest;
use plimsoll_sim::{
    calendar::day_start,
    synthetic::{Crash, Phase, majors},
};
use std::{fs, path::Path, sync::Arc};

const SEED: u64 = 5;
const STEP: u32 = 120;

/// An hour in which the market loses about a fifth, jump by jump, and one in which it rests.
fn crash() -> Option<Crash> {
    let fall = Phase { hours: 1, drift: -2_500, noise: 3_000, jump_chance: 60_000, jump: -15_000 };
    let calm = Phase { hours: 1, drift: 0, noise: 500, jump_chance: 0, jump: 0 };
    Some(Crash { start: day_start("2022-05-07")?, symbols: majors()?, phases: vec![fall, calm] })
}

fn plan() -> Result<Plan> {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let manifest = Manifest::read(&repository.join("migrations/localnet.toml"))?;
    let course = Course::of_crash(&crash().context("a crash")?, SEED, STEP, &manifest)?;
    let program = repository.join("target/deploy/plimsoll.so");
    let elf = fs::read(program).context("`cargo xtask build` makes the program")?;
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("kills");
    Ok(Plan { elf, manifest, course, accounts: 24, seed: SEED, kills: Some(8), folder, stop: Arc::default() })
}

#[test]
fn killed_keepers_leave_nobody_in_danger_and_do_nothing_twice() -> Result<()> {
    let (outcome, _stage, mut keepers) = run(plan()?, &|_| ())?;
    keepers.stop();
    // Events without gaps, no transaction executed twice, nobody healthy liquidated, every invariant: each would be here.
    assert!(outcome.is_good(), "{outcome}");
    assert_eq!(outcome.endangered_left, 0, "{outcome}");
    assert!(outcome.vault_difference.len() > 1, "no vault was looked at");
    assert!(outcome.kills >= 3, "{} kills", outcome.kills);
    let ways = &outcome.liquidations;
    assert!(ways.taken_over.count + ways.into_book.count > 0, "nobody was in danger: {outcome}");
    Ok(())
}
