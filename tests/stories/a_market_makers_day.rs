//! A market maker's day: hundreds of fills, some at once, some through the queue; and the events account for every unit.

use harness::{World, perps::*, statement::Line, tokens::*};
use plimsoll::errors::Refusal;
use plimsoll_client::{
    book::OrderId,
    book::Side,
    events::Event,
    instructions::{ledger, order::Order},
};

const TAKERS: [&str; 3] = ["tim", "tom", "tara"];
const ROUNDS: u32 = 60;

/// Numbers without a plan, the same on every day.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: u32) -> u32 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) % u64::from(bound)) as u32
    }
}

/// The maker takes its quotes back and quotes three levels a side around a price that is a little above the oracle's.
/// Returns the orders that rest.
fn quotes(world: &mut World, old: &[OrderId]) -> Vec<OrderId> {
    let middle = world.oracle_ticks(BTC_PERP) + 100;
    let level = |side, step: u32| {
        let away = 20 + 40 * step;
        let price = if side == Side::Bid { middle - away } else { middle + away };
        Order::limit(side, 300, price).post_only_slide()
    };
    let orders: Vec<_> =
        [Side::Bid, Side::Ask].into_iter().flat_map(|side| [0, 1, 2].map(|step| level(side, step))).collect();
    let told = world.trader("maker").batches(BTC_PERP, old, &orders);
    let placed = told.events.iter().filter_map(|event| match event {
        Event::Ordered(ordered) => Some(OrderId::new(ordered.order)),
        _ => None,
    });
    placed.collect()
}

/// Somebody takes what is there, with the maker's account or without it.
fn takes(world: &mut World, dice: &mut Dice) {
    let name = TAKERS[dice.below(3) as usize];
    // Whoever holds much rather gets out of it.
    let held = world.lots(name, BTC_PERP);
    let buys = if held.abs() > 2_000 { held < 0 } else { dice.below(2) == 0 };
    let lots = 1 + dice.below(700);
    let order =
        if buys { Order::market(Side::Bid, lots, u32::MAX) } else { Order::market(Side::Ask, lots, 1) };
    let makers: &[&str] = if dice.below(2) == 0 { &["maker"] } else { &[] };
    world.trader(name).meeting(makers).places(BTC_PERP, order);
}

/// Whatever can be settled of somebody's profit or loss is.
fn settles(world: &mut World, name: &str) {
    let settle = ledger::settle_pnl(&world.market_of(BTC_PERP), world.account_of(name), world.quote_bank());
    world.tries(&[settle]);
}

fn is_told_exactly(world: &World) {
    let (statement, account) = (world.statement("maker"), world.account("maker"));
    assert_eq!(statement.sequence, account.header.sequence, "an event is missing");
    assert_eq!(statement.balance, world.balance("maker", USDC));
    assert_eq!(statement.line(world.market_of(BTC_PERP).index), world.line("maker", BTC_PERP));
}

#[test]
fn a_market_makers_day_is_told_to_the_last_unit_by_its_events() {
    let mut world = World::with_markets(&[BTC_PERP]);
    world.listens();
    for name in TAKERS.iter().chain(&["maker"]) {
        world.trader(name).deposits(USDC, usdc(100_000));
    }
    let (mut dice, mut resting) = (Dice(7), Vec::new());
    for round in 0..ROUNDS {
        world.passes(i64::from(dice.below(40)));
        let percent = (f64::from(dice.below(100)) - 49.5) / 100.0;
        world.oracle().moves(BTC, percent);
        world.refreshes_market(BTC_PERP);
        resting = quotes(&mut world, &resting);
        for _ in 0..=dice.below(3) {
            takes(&mut world, &mut dice);
        }
        if dice.below(3) == 0 && world.queue(BTC_PERP).header().live > 0 {
            world.applies_fills(BTC_PERP, &["maker"]);
        }
        if dice.below(4) == 0 {
            TAKERS.iter().chain(&["maker"]).for_each(|name| settles(&mut world, name));
        }
        if round == ROUNDS / 2 {
            world.trader("maker").withdraws(USDC, usdc(10_000));
        }
        is_told_exactly(&world);
    }
    goes_home(&mut world);
    is_told_exactly(&world);

    let statement = world.statement("maker");
    assert_eq!(statement.line(world.market_of(BTC_PERP).index), Line::default());
    assert_eq!(statement.balance, i128::from(usdc(90_000)) + statement.result());
    assert!(statement.fills.0 > 10 && statement.fills.1 > 10, "{:?}", statement.fills);
    assert!(statement.settlements > 3 && statement.funding != 0 && statement.fees < 0, "{statement:?}");
}

/// Everybody closes, losers settle, and then the winners.
fn goes_home(world: &mut World) {
    world.trader("maker").cancels_all(BTC_PERP, None);
    if world.queue(BTC_PERP).header().live > 0 {
        world.applies_fills(BTC_PERP, &["maker"]);
    }
    let price = world.oracle_ticks(BTC_PERP);
    for name in TAKERS {
        let held = world.lots(name, BTC_PERP);
        let (buyer, seller) = if held > 0 { ("maker", name) } else { (name, "maker") };
        if held != 0 {
            world.deals(buyer, seller, BTC_PERP, held.unsigned_abs(), price);
        }
    }
    let all = ["tim", "tom", "tara", "maker"];
    for _ in 0..2 {
        all.iter().for_each(|name| settles(world, name));
    }
    for name in all {
        world.trader(name).refused(Refusal::NoPosition).settles(BTC_PERP);
    }
}
