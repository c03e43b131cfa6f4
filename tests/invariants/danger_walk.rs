//! Five thousand steps without a plan over accounts in danger: six people who trade, cross and isolated, and borrow; three
//! markets whose prices crash; two keepers and a resolver who try to liquidate, deleverage and resolve, mostly whom they may and
//! often whom they may not; stakes that come, cool and go; fees that fill insurance.
//!
//! After each step every invariant of the harness holds; after each liquidation, beside that, the liquidated stand no worse
//! and the liquidator carries what he took ([`keepers`]). Whoever is bankrupt can be resolved, whatever it takes
//! ([`clearing`]): at the end everybody is, all markets are settled and closed, and everybody can leave.
//!
//! CI walks one fixed way, and that has to have met everything; `PLIMSOLL_WALK_SEED` and `PLIMSOLL_WALK_STEPS` choose another,
//! as for the other walks.

mod clearing;
mod end;
mod keepers;
mod prices;
mod sights;
mod stakes;
mod trades;
mod walk;

use crate::random_walk::{from_environment, tally::OF_DANGER};
use walk::Walk;

const SEED: u64 = 7;
const STEPS: u64 = 5_000;

#[test]
fn five_thousand_random_steps_of_danger_keep_every_invariant() {
    let seed = from_environment("PLIMSOLL_WALK_SEED", SEED);
    let steps = from_environment("PLIMSOLL_WALK_STEPS", STEPS);
    println!("danger walk: seed {seed}, {steps} steps");
    let mut walk = Walk::new(seed);
    for _ in 0..steps {
        walk.step();
    }
    let tally = walk.ends();
    println!("danger walk: {steps} steps, {tally}");
    if seed == SEED && steps >= STEPS {
        tally.must_have_met(OF_DANGER.into_iter().filter(|name| *name != "create_insurance"));
        tally.must_have_seen(&sights::ALL);
    }
}
