//! The worlds that liquidations are measured in: somebody in danger with as much as an account holds, and a liquidator with no
//! less.

use crate::{
    desks::{
        MARKETS, PERP, PERPS, adversarial, assert_funding_is_due, enters, fills_balances, funding_runs, near,
    },
    shapes::refresh_everything,
};
use harness::{
    World,
    tokens::{SOL, USDC, sol, usdc},
};
use plimsoll_client::{
    book::Side,
    instructions::{liquidation::Scope, order::Order},
};
use plimsoll_risk::{
    health::{Check, Overlay},
    liquidation::{self, Standing, View},
    margin::Holdings,
};
use std::sync::OnceLock;

/// Has as much as an account holds, and carries what she takes.
pub const RIVAL: &str = "rival";
/// Lots that alice and the rival are long in the measured market: of hers a step takes a part.
const POSITION: u32 = 200_000;

/// What stands behind somebody's cross part, native quote.
pub fn standing(world: &World, name: &str) -> Standing {
    let (account, board, overlay) = (world.account(name), world.board(), Overlay::none());
    let view = View { board, overlay: &overlay, now: world.now() };
    Standing::of(&Holdings::from(&account.0), &view).expect("a standing")
}

/// Health of somebody's cross part at one kind of check, native quote.
pub fn health(world: &World, name: &str, check: Check) -> i64 {
    let (account, board, overlay) = (world.account(name), world.board(), Overlay::none());
    let view = View { board, overlay: &overlay, now: world.now() };
    let scope = liquidation::Scope::Cross(Holdings::from(&account.0));
    scope.measure(check, &view).expect("a health").0.get()
}

/// Alice with 16 balances, 2 debts and 16 positions, short of initial margin and of nothing else.
pub fn called() -> World {
    let mut world = adversarial();
    world.trader("alice").borrows(SOL, sol(700));
    while health(&world, "alice", Check::Initial) >= 0 {
        world.oracle().moves(SOL, 4);
        refresh_everything(&mut world);
    }
    funding_runs(&mut world);
    assert!(health(&world, "alice", Check::Maintenance) >= 0);
    world
}

/// Alice and the rival with 16 balances, 2 debts and 16 positions each; alice is about to be flagged. Funding is due on
/// every position.
pub fn in_danger() -> World {
    static WORLD: OnceLock<World> = OnceLock::new();
    WORLD.get_or_init(build_in_danger).clone()
}

fn build_in_danger() -> World {
    let mut world = adversarial();
    fills_balances(&mut world, RIVAL);
    for perp in &PERPS[..MARKETS - 1] {
        enters(&mut world, RIVAL, *perp);
    }
    world.trader("deep").deposits(USDC, usdc(1_000_000));
    for name in ["alice", RIVAL] {
        world.trader("deep").places(PERP, Order::limit(Side::Ask, POSITION, near(PERP, 0)));
        world.trader(name).meeting(&["deep"]).longs(PERP, POSITION);
    }
    world.trader("alice").borrows(SOL, sol(700));
    while health(&world, "alice", Check::Maintenance) >= 0 {
        world.oracle().moves(SOL, 1);
    }
    funding_runs(&mut world);
    for name in ["alice", RIVAL] {
        assert_funding_is_due(&world, name, MARKETS);
    }
    world
}

/// The same, flagged, without orders, a part of alice's position short of what ends her danger. Funding is due on every
/// position.
pub fn flagged() -> World {
    static WORLD: OnceLock<World> = OnceLock::new();
    WORLD.get_or_init(build_flagged).clone()
}

fn build_flagged() -> World {
    let mut world = in_danger();
    world.trader("keeper").assesses("alice", Scope::Cross);
    for perp in PERPS {
        world.trader("keeper").cancels_all_of("alice", perp);
    }
    funding_runs(&mut world);
    world.trader("keeper").assesses("alice", Scope::Cross);
    let short = standing(&world, "alice").liqend.get();
    let left = usdc(1_000) as i64;
    assert!(short < -left, "{short}");
    world.trader("alice").deposits(USDC, (-short - left) as u64);
    for name in ["alice", RIVAL] {
        assert_funding_is_due(&world, name, MARKETS);
    }
    world
}
