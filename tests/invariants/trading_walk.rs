//! Twenty thousand steps without a plan over trading: eight people, three markets (one with a book of ten orders a side and
//! a queue of twelve), every kind of order, makers at hand or not, fills applied in any order, funding, settlement, pockets,
//! triggers, dead men, jumping and stale prices, changing terms, reduce-only times.
//!
//! After each step, beside the harness's invariants: the books, the queues and the lots of all positions are those of a
//! shadow ([`shadow`]) that hears only what is sent and told; what an order does to whom, at what price and fee, is foretold
//! from the shadow ([`matching`]) before it is sent; and whoever acted kept the margin that he had ([`conduct`]).
//!
//! CI walks one fixed way; `PLIMSOLL_WALK_SEED` and `PLIMSOLL_WALK_STEPS` choose another, as for the walk over banks.

mod conduct;
mod crank;
mod fate;
mod matching;
mod orders;
mod prices;
mod purse;
mod shadow;
mod terms;
mod triggers;
mod walk;

use crate::random_walk::{from_environment, tally::OF_MARKETS};
use walk::Walk;

const SEED: u64 = 1;
const STEPS: u64 = 20_000;

/// What has to have happened among all that went through.
const FLAVOURS: [&str; 19] = [
    "fill at once",
    "fill through the queue",
    "fill at a pegged price",
    "fill of a reduce-only maker",
    "expired order removed",
    "order beyond its peg limit removed",
    "order outside the band removed",
    "own order met",
    "reduce-only order clipped",
    "order evicted",
    "trade with oracles",
    "gain settled",
    "loss settled",
    "position of a pocket settled",
    "trailing stop followed",
    "trigger executed",
    "dead man's orders cancelled",
    "trade by one who lacks margin",
    "funding paid",
];

#[test]
fn twenty_thousand_random_steps_of_trading_are_as_foretold() {
    let seed = from_environment("PLIMSOLL_WALK_SEED", SEED);
    let steps = from_environment("PLIMSOLL_WALK_STEPS", STEPS);
    println!("trading walk: seed {seed}, {steps} steps");
    let mut walk = Walk::new(seed);
    for _ in 0..steps {
        walk.step();
    }
    println!("trading walk: {steps} steps, {}", walk.tally);
    if steps >= STEPS {
        walk.tally.must_have_met(OF_MARKETS);
        walk.tally.must_have_seen(&FLAVOURS);
    }
    walk.ends();
}
