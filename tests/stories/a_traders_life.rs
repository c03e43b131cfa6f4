//! A trader's life: what comes in, is risked, won, lost and paid leaves again, to the last unit.

use harness::{World, perps::*, statement::Line, tokens::*};
use plimsoll::errors::Refusal;
use plimsoll_client::{
    book::Side,
    events::Event,
    instructions::{order::Order, trigger::Trigger},
};

/// The oracles say prices, and the maker quotes 1,000 lots a side around them, a little above the middle: longs pay funding.
fn quotes(world: &mut World, btc: u32, eth: u32) {
    for (perp, price, unit) in [(BTC_PERP, btc, 1.0), (ETH_PERP, eth, 0.1)] {
        world.oracle().says(perp.token, f64::from(price) * unit);
        if world.position("maker", perp).bids | world.position("maker", perp).asks != 0 {
            world.trader("maker").cancels_all(perp, None);
        }
        let orders = [(Side::Bid, price), (Side::Ask, price + price / 200)];
        let orders = orders.map(|(side, price)| Order::limit(side, 1_000, price).post_only());
        world.trader("maker").batches(perp, &[], &orders);
    }
    world.refreshes_all();
}

/// Ten minutes at these prices, with the book and the markets looked at every minute.
fn waits(world: &mut World) {
    for _ in 0..10 {
        world.passes(60);
        world.refreshes_all();
    }
}

#[test]
fn a_traders_life_ends_with_every_unit_in_the_wallet() {
    let mut world = World::with_steady_markets(&[BTC_PERP, ETH_PERP], |_| ());
    world.listens();
    world.trader("maker").deposits(USDC, usdc(1_000_000));
    world.trader("ken");
    world.trader("alice").deposits(SOL, sol(20));
    world.trader("alice").deposits(USDC, usdc(5_000));
    quotes(&mut world, 60_000, 30_000);

    // Long BTC on the account, short ETH on a pocket of its own.
    world.trader("alice").meeting(&["maker"]).longs(BTC_PERP, 500);
    world.trader("alice").isolates(ETH_PERP);
    world.trader("alice").funds_pocket(ETH_PERP, usdc(600));
    world.trader("alice").meeting(&["maker"]).shorts(ETH_PERP, 700);
    world.trader("alice").places_trigger(BTC_PERP, Trigger::stop_loss(Side::Ask, 58_000));
    waits(&mut world);

    // Prices fall: the stop saves what is left of one, the other has won.
    quotes(&mut world, 57_900, 27_000);
    let fired = world.trader("ken").meeting(&["maker"]).executes_trigger_of("alice", BTC_PERP, 0);
    assert_eq!(fired.ordered().filled, 500);
    world.trader("alice").holds(BTC_PERP, 0);
    waits(&mut world);
    world.trader("alice").meeting(&["maker"]).longs(ETH_PERP, 700);
    world.trader("alice").holds(ETH_PERP, 0);
    let mid_way = world.statement("alice");
    for perp in [BTC_PERP, ETH_PERP] {
        assert_eq!(mid_way.line(world.market_of(perp).index), world.line("alice", perp), "{}", perp.name);
    }
    assert_ne!(mid_way.funding, 0, "funding was paid or received");

    // Her loss becomes cash; her gain waits until the maker has paid his.
    world.trader("alice").settles(BTC_PERP);
    world.trader("maker").cancels_all(ETH_PERP, None);
    world.trader("alice").refused(Refusal::NothingToSettle).settles(ETH_PERP);
    world.trader("maker").settles(ETH_PERP);
    world.trader("alice").settles(ETH_PERP);
    let pocket = world.position("alice", ETH_PERP).pocket.magnitude();
    assert!(pocket > usdc(600 + 180), "700 lots won 0.29 each and more");
    world.trader("alice").drains_pocket(ETH_PERP, pocket);
    world.trader("alice").crosses(ETH_PERP);

    // Everything leaves, and so does she.
    let told = world.trader("alice").withdraws_all(USDC);
    let Event::Withdrawn(left) = told.event() else { panic!("{:?}", told.events) };
    assert_eq!(left.balance, 0);
    world.trader("alice").withdraws_all(SOL);
    let statement = world.statement("alice");
    assert_eq!(statement.sequence, world.account("alice").header.sequence);
    world.trader("alice").closes_account();

    assert!(world.chain.account(&world.account_of("alice")).is_none());
    assert_eq!(in_wallet(&mut world, SOL), sol(20));
    let in_wallet = i128::from(in_wallet(&mut world, USDC));
    assert_eq!(in_wallet, i128::from(usdc(5_000)) + statement.result());
    assert_eq!(in_wallet, i128::from(left.amount));
    assert_eq!((statement.balance, statement.rewards), (0, 100_000));
    assert!(statement.lines.values().all(|line| *line == Line::default()));
    // 500 lots bought at 60,300 and sold at 57,900; 700 sold at 30,000 and bought at 27,135.
    let won = 700 * (30_000 - 27_135) * 100 - 500 * (60_300 - 57_900) * 100;
    assert_eq!(statement.traded, won);
    assert!(statement.fees > 0);
}

/// What alice's wallet holds, without opening a margin account for her again.
fn in_wallet(world: &mut World, token: Token) -> u64 {
    let alice = world.person("alice");
    let wallet = world.chain.wallet(&alice, &token);
    world.chain.tokens_in(&wallet)
}
