//! Random portfolios, the same for the same seed.

use super::{PERPS, TOKENS};
use harness::{World, amounts::percent, perps::*, tokens::*};
use plimsoll_client::{
    book::Side,
    instructions::order::Order,
    portfolio::{Intent, Portfolio, Way},
};
use plimsoll_risk::{num::PRICE_BITS, position::worst_case_lots};
use plimsoll_sim::dice::{Dice, Subject};
use std::sync::{Mutex, OnceLock};

/// Whose portfolio it is.
pub const SUBJECT: &str = "alice";
/// Who stands on the other side of what she has.
const MAKER: &str = "maker";
/// Who stand on the other side of what she tries: flat, so that whatever she does opens positions of theirs.
pub const STRANGERS: [&str; 2] = ["one stranger", "another stranger"];
const EVERYBODY_ELSE: [&str; 4] = [MAKER, STRANGERS[0], STRANGERS[1], "keeper"];

/// What is special about some portfolios.
#[derive(Clone, Copy, Debug, Default)]
pub struct Circumstances {
    /// How many positions in a million are isolated.
    pub pockets: u32,
    /// Whether markets and banks have limits that such an account meets.
    pub is_capped: bool,
    /// Whether a price is moved to where the account is called.
    pub is_pressed: bool,
}

/// People with all kinds of money around empty books; made once, and copied.
fn floor() -> World {
    static FLOOR: OnceLock<Mutex<World>> = OnceLock::new();
    let floor = FLOOR.get_or_init(|| {
        let mut world = World::with_markets(&PERPS);
        for name in EVERYBODY_ELSE {
            world.trader(name).deposits(USDC, usdc(1_000_000_000));
        }
        for (token, amount) in [(USDC, 1e7), (SOL, 2e3), (BTC, 5.0), (BAR, 100.0), (ETH, 80.0)] {
            world.trader("lender").deposits(token, token.units(amount));
        }
        Mutex::new(world)
    });
    floor.lock().expect("no world broke while it was copied").clone()
}

/// A world in which [`SUBJECT`] has such a portfolio: funding and interest of the last seconds are due, prices are fresh.
pub fn portfolio(seed: u64, of: &Circumstances) -> World {
    let (mut world, mut dice) = (floor(), Dice::new(seed, Subject::Accounts));
    has_money(&mut world, &mut dice);
    owes(&mut world, &mut dice);
    for perp in PERPS {
        if dice.happens(700_000) {
            isolates(&mut world, &mut dice, perp, of.pockets);
            let least = if of.is_pressed { 85 } else { 30 };
            let part = dice.between(least, 98);
            holds(&mut world, &mut dice, perp, part);
        }
    }
    lives(&mut world, &mut dice);
    if of.is_pressed {
        is_pressed(&mut world, &mut dice);
    }
    waits_for_fills(&mut world, &mut dice);
    if of.is_capped {
        meets_caps(&mut world, &mut dice);
    }
    ages(&mut world);
    world
}

/// A few seconds later prices are fresh, funding and interest due.
pub fn ages(world: &mut World) {
    world.passes(7);
    let others = &world.tokens()[1..].to_vec();
    for token in others {
        world.oracle().publishes(*token);
    }
    world.oracle().refreshes(others);
}

fn has_money(world: &mut World, dice: &mut Dice) {
    world.trader(SUBJECT).deposits(USDC, usdc(2_000 + dice.below(8_000) as u32));
    for token in TOKENS {
        if dice.happens(400_000) {
            // Bars are indivisible.
            let whole = (2_000.0 + dice.below(20_000) as f64) / token.price;
            let amount = token.units(whole).max(1);
            world.trader(SUBJECT).deposits(token, amount);
        }
    }
}

fn owes(world: &mut World, dice: &mut Dice) {
    for token in TOKENS {
        let account = world.account(SUBJECT);
        if !dice.happens(300_000) || account.slot_of(world.place_of(token)).is_some() {
            continue;
        }
        let most =
            Portfolio::new(&account, world.board(), world.now()).max_withdrawal(&world.bank(token), true);
        let amount = most.amount.get() / 100 * dice.between(5, 60);
        if amount > 0 {
            world.trader(SUBJECT).borrows(token, amount);
        }
    }
}

/// Sometimes sets an own pocket aside for what she will hold in a market.
fn isolates(world: &mut World, dice: &mut Dice, perp: Perp, pockets: u32) {
    if dice.happens(pockets) {
        world.trader(SUBJECT).isolates(perp);
        let funds = usdc(200 + dice.below(800) as u32);
        // She may have spoken for all that she has.
        let fund = world.trader(SUBJECT).pocket(perp).fund(funds, &[]);
        world.tries(&[fund]);
    }
}

/// Buys or sells so many percent of the most that she may.
pub fn holds(world: &mut World, dice: &mut Dice, perp: Perp, part: u64) {
    let side = if dice.happens(500_000) { Side::Bid } else { Side::Ask };
    let ticks = world.oracle_ticks(perp);
    let most = may_order(world, perp, side, Way::Takes, ticks);
    let lots = u64::from(most) * part / 100;
    let Some(lots) = u32::try_from(lots).ok().filter(|lots| *lots > 0) else { return };
    match side {
        Side::Bid => world.deals(SUBJECT, MAKER, perp, lots, ticks),
        Side::Ask => world.deals(MAKER, SUBJECT, perp, lots, ticks),
    };
}

/// The most lots that she may order.
fn may_order(world: &World, perp: Perp, side: Side, way: Way, ticks: u32) -> u32 {
    let account = world.account(SUBJECT);
    let intent = Intent { side, price: plimsoll_client::book::Ticks::new(ticks), way };
    Portfolio::new(&account, world.board(), world.now()).max_order(&world.market(perp), &intent).amount.get()
}

/// Minutes pass in which books lean to one side and prices move.
fn lives(world: &mut World, dice: &mut Dice) {
    for perp in PERPS {
        let index = world.oracle_ticks(perp);
        let lean = index / 1_000 * dice.between(0, 4) as u32;
        let (bid, ask) = if dice.happens(500_000) { (lean, 5 * lean) } else { (5 * lean, lean) };
        let deep = perp.lots(500_000.0 / perp.token.price);
        world.trader(MAKER).bids(perp, deep, index - bid - 1);
        world.trader(MAKER).asks(perp, deep, index + ask + 1);
    }
    world.waits(dice.between(120, 400) as i64);
    for perp in PERPS {
        world.trader(MAKER).cancels_all(perp, None);
    }
    for token in [SOL, BTC, ETH, BAR] {
        if dice.happens(500_000) {
            world.jolts(token, dice.around_zero(40) as f64 / 10.0);
        }
    }
}

/// One price moves most of the way to where she begins to be liquidated.
fn is_pressed(world: &mut World, dice: &mut Dice) {
    let held: Vec<Perp> = PERPS.into_iter().filter(|perp| world.lots(SUBJECT, *perp) != 0).collect();
    let Some(perp) = held.get(dice.below(held.len() as u64) as usize).copied() else { return };
    let account = world.account(SUBJECT);
    let value = Portfolio::new(&account, world.board(), world.now()).position(world.market_of(perp).index);
    let value = value.expect("a board").expect("a position");
    let Some(end) = value.liquidation.nearest(value.index) else { return };
    let one = (1u64 << PRICE_BITS) as f64;
    let way = (end.get() as f64 - value.index.get() as f64) / one * (dice.between(70, 98) as f64 / 100.0);
    let percent = way / (value.index.get() as f64 / one) * 100.0;
    if percent.abs() < 30.0 {
        world.slides(perp.token, percent, 300);
    }
}

/// Limits of markets and banks come down to about what she has and may.
fn meets_caps(world: &mut World, dice: &mut Dice) {
    for perp in PERPS {
        let held = worst_case_lots(&world.position(SUBJECT, perp)).map_or(0, u64::from);
        if dice.happens(500_000) {
            world.sets_in_market("market.account_cap", perp, held + dice.between(1, 200));
        }
        if dice.happens(500_000) {
            let open = world.market(perp).open_interest();
            world.sets_in_market("market.open_interest_cap", perp, open + dice.between(1, 200));
        }
    }
    for token in TOKENS {
        let whole = |dice: &mut Dice| token.units(dice.between(10, 2_000) as f64 / token.price);
        if dice.happens(400_000) {
            let owed = world.bank(token).borrows().expect("borrows").get();
            world.sets("bank.borrow_cap", token, owed + whole(dice));
        }
        if dice.happens(400_000) {
            world.sets("bank.account_borrow_cap", token, whole(dice).max(1));
        }
        if dice.happens(500_000) {
            world.sets("bank.hour_limit", token, percent(dice.between(5, 7) as u32));
            world.sets("bank.day_limit", token, percent(dice.between(7, 9) as u32));
        }
    }
}

/// Orders of hers rest where nobody meets them.
fn waits_for_fills(world: &mut World, dice: &mut Dice) {
    for perp in PERPS {
        if !dice.happens(400_000) {
            continue;
        }
        let side = if dice.happens(500_000) { Side::Bid } else { Side::Ask };
        let (index, away) = (world.oracle_ticks(perp), dice.between(20, 60) as u32);
        let ticks = match side {
            Side::Bid => index - index / 1_000 * away,
            Side::Ask => index + index / 1_000 * away,
        };
        let most = u64::from(may_order(world, perp, side, Way::Rests, ticks));
        let lots = u32::try_from(most * dice.between(5, 50) / 100).unwrap_or(u32::MAX);
        if lots > 0 {
            world.trader(SUBJECT).places(perp, Order::limit(side, lots, ticks).post_only());
        }
    }
}
