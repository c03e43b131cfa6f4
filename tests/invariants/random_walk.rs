//! Ten thousand steps without a plan, over every instruction that needs no market: four people with accounts, four tokens of 0, 6, 8 and 9
//! decimals (and some more that are listed on the way), moving prices, jumping clocks, interest, changing terms, pauses,
//! gifts, robbed vaults, changing admins. The ledger is checked after each step ([`books`]), and what is refused has a
//! name and changes nothing ([`walk`]).
//!
//! CI walks one fixed way. `PLIMSOLL_WALK_SEED=7` walks another, `PLIMSOLL_WALK_STEPS=100000` walks further; what a panic
//! says can be had again with the same two numbers. A walk shorter than ten thousand steps need not have met everything,
//! so it is not asked to.

mod accounts;
mod books;
pub mod dice;
mod end;
mod governance;
mod governors;
#[path = "../compute/instructions.rs"]
mod instructions;
mod money;
mod prices;
pub mod refusals;
mod setup;
pub mod tally;
mod walk;

use walk::Walk;

const SEED: u64 = 1;
const STEPS: u64 = 10_000;

#[test]
fn ten_thousand_random_steps_keep_every_bank_identity() {
    let (seed, steps) =
        (from_environment("PLIMSOLL_WALK_SEED", SEED), from_environment("PLIMSOLL_WALK_STEPS", STEPS));
    println!("random walk: seed {seed}, {steps} steps");
    let mut walk = Walk::new(seed);
    for _ in 0..steps {
        walk.step();
    }
    println!("random walk: {steps} steps, {}", walk.tally);
    if steps >= STEPS {
        walk.tally.must_have_met_everything();
        walk.must_have_earned();
    }
    walk.ends();
}

pub fn from_environment(name: &str, otherwise: u64) -> u64 {
    match std::env::var(name) {
        Ok(text) => text.parse().unwrap_or_else(|_| panic!("{name} is {text}, not a number")),
        Err(_) => otherwise,
    }
}
