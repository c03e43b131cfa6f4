//! Keepers race for the same liquidation, in one block: whoever comes first has it, and the others lose nothing but what a
//! transaction costs.

use harness::{Receipt, World, failure, perps::*, sheet::Sheet, tokens::*};
use plimsoll::errors::Refusal;
use plimsoll_client::{
    book::Side,
    events::Event,
    instructions::{
        liquidation::{self, IntoBook, Scope},
        order::Order,
    },
};
use plimsoll_risk::num::Ratio;
use solana_instruction::Instruction;

const KEEPERS: [&str; 3] = ["carol", "dave", "erin"];
/// Every order in which three may arrive.
const ORDERS: [[usize; 3]; 6] = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];

/// Alice is long 1,000 lots at 60,000 on 2,000 USDC, and flagged at 44,400: 66 lots are to be taken. Frank bids for as many as
/// anybody wants to sell.
fn world() -> World {
    let mut world = World::with_steady_markets(&[BTC_PERP], |_| ());
    world.trader("alice").deposits(USDC, usdc(2_000));
    for name in ["bob", "frank"].iter().chain(&KEEPERS) {
        world.trader(name).deposits(USDC, usdc(50_000));
    }
    world.deals("alice", "bob", BTC_PERP, 1_000, 60_000);
    world.oracle().says(BTC, 44_400.0);
    world.refreshes_all();
    world.trader("carol").assesses("alice", Scope::Cross);
    world.trader("frank").places(BTC_PERP, Order::limit(Side::Bid, 2_000, 44_300).post_only());
    world
}

/// Alice owes 50 SOL at 187.5 on 10,000 USDC, and is flagged.
fn borrower() -> World {
    let mut world = World::with_steady_markets(&[BTC_PERP], |_| ());
    world.trader("bob").deposits(SOL, sol(1_000));
    world.trader("frank").deposits(USDC, usdc(1));
    world.trader("alice").deposits(USDC, usdc(10_000));
    for name in KEEPERS {
        world.trader(name).deposits(USDC, usdc(50_000));
        world.trader(name).deposits(SOL, sol(100));
    }
    world.trader("alice").borrows(SOL, sol(50));
    world.oracle().says(SOL, 187.5);
    world.refreshes_all();
    world.trader("carol").assesses("alice", Scope::Cross);
    world
}

/// A way of liquidation, with all that one step of it may take.
type Way = fn(&mut World, &str) -> Instruction;

fn takes_over(world: &mut World, keeper: &str) -> Instruction {
    let (market, bank) = (world.market_of(BTC_PERP), world.quote_bank());
    world.trader(keeper).liquidation("alice").take_over(&market, u32::MAX, u32::MAX, Some(bank), &[])
}

fn into_book(world: &mut World, keeper: &str) -> Instruction {
    let (market, account, frank) =
        (world.market_of(BTC_PERP), world.account_of("alice"), world.account_of("frank"));
    let own = world.trader(keeper).acts_on();
    let terms = IntoBook { most_lots: u32::MAX, most_makers: u8::MAX, least_pay: 0 };
    liquidation::liquidate_into_book(&market, own, account, &terms, &[], &[frank])
}

fn swaps(world: &mut World, keeper: &str) -> Instruction {
    let (debt, collateral) = (world.bank_of(SOL), world.bank_of(USDC));
    world.trader(keeper).liquidation("alice").swap_collateral(&debt, &collateral, u64::MAX, Ratio::ZERO, &[])
}

fn sheet(world: &World) -> Sheet {
    world.sheet(&["alice", "bob", "frank", "carol", "dave", "erin"])
}

/// The three, in this order, in one block; the sheet after each.
fn race(world: &mut World, order: [usize; 3], way: Way) -> Vec<(&'static str, Receipt, bool)> {
    let (slot, mut told) = (world.now(), Vec::new());
    for keeper in order.map(|place| KEEPERS[place]) {
        let instruction = way(world, keeper);
        let before = sheet(world);
        let receipt = world.tries(&[instruction]);
        told.push((keeper, receipt, !before.changes(world).is_empty()));
    }
    assert_eq!(world.now(), slot);
    told
}

#[test]
fn of_three_who_come_at_once_the_first_wins_and_the_others_change_nothing() {
    let ways: [(fn() -> World, Way); 3] = [(world, takes_over), (world, into_book), (borrower, swaps)];
    for (world, way) in ways {
        let fresh = world();
        let mut ends = Vec::new();
        for order in ORDERS {
            let mut world = fresh.clone();
            let told = race(&mut world, order, way);
            for (place, (keeper, receipt, changed)) in told.iter().enumerate() {
                let error = receipt.error.as_ref().map(failure::name);
                let expected = (place > 0).then(|| "NotFlagged".to_owned());
                assert_eq!((&error, *changed), (&expected, place == 0), "{keeper} in {order:?}");
                assert_eq!(receipt.events.is_empty(), place > 0, "a loser tells nothing");
            }
            ends.push(what_alice_has(&world));
        }
        assert!(ends.iter().all(|end| *end == ends[0]), "it makes no difference to her who won: {ends:?}");
    }
}

/// Everything of alice's.
fn what_alice_has(world: &World) -> [i128; 5] {
    let position = world.position("alice", BTC_PERP);
    let quote = [position.lots.get().into(), position.quote.get().into(), position.realised.get().into()];
    [world.balance("alice", USDC), world.balance("alice", SOL), quote[0], quote[1], quote[2]]
}

#[test]
fn a_step_that_leaves_some_of_it_is_for_the_next_and_no_lot_is_taken_twice() {
    let modest = |world: &mut World, keeper: &str| {
        let (market, bank) = (world.market_of(BTC_PERP), world.quote_bank());
        world.trader(keeper).liquidation("alice").take_over(&market, 30, u32::MAX, Some(bank), &[])
    };
    for order in ORDERS {
        let mut world = world();
        let told = race(&mut world, order, modest);
        let lots: Vec<i32> = told.iter().map(|(keeper, ..)| world.lots(keeper, BTC_PERP)).collect();
        assert_eq!(lots, [30, 30, 6], "in {order:?}");
        assert_eq!(world.lots("alice", BTC_PERP), 1_000 - 66);
        let over: Vec<bool> = told.iter().map(|(_, receipt, _)| ends(receipt)).collect();
        assert_eq!(over, [false, false, true]);
    }
}

fn ends(receipt: &Receipt) -> bool {
    match receipt.events.last() {
        Some(Event::TakenOver(it)) => it.over,
        other => panic!("{other:?}"),
    }
}

#[test]
fn different_ways_race_like_one() {
    for ways in [[takes_over as Way, into_book as Way], [into_book as Way, takes_over as Way]] {
        let mut world = world();
        let first = ways[0](&mut world, "carol");
        let second = ways[1](&mut world, "dave");
        world.does(&[first]);
        let before = sheet(&world);
        world.refuses(&[second], Refusal::NotFlagged);
        before.changed(&world, &[]);
        assert_eq!(world.lots("alice", BTC_PERP), 1_000 - 66);
    }
}

#[test]
fn of_several_who_flag_only_the_first_begins_an_auction() {
    let mut world = world();
    let flag = world.flag_of("alice", Scope::Cross);
    for keeper in KEEPERS {
        world.trader(keeper).refused(Refusal::NothingToDo).assesses("alice", Scope::Cross);
    }
    world.waits(20);
    world.trader("dave").assesses("alice", Scope::Cross);
    world.trader("erin").refused(Refusal::NothingToDo).assesses("alice", Scope::Cross);
    let renewed = world.flag_of("alice", Scope::Cross);
    assert_eq!((renewed.flagged_at, renewed.renewed_at), (flag.flagged_at, world.now()));
}

#[test]
fn a_keeper_must_carry_what_it_takes() {
    let mut world = world();
    // A lot needs 0.888 of initial margin (a fifth), less the fee that it earns (0.01554).
    world.trader("poor").deposits(USDC, usdc(10));
    world.trader("poor").refused(Refusal::NotEnoughMargin).takes_over("alice", BTC_PERP, u32::MAX);
    world.trader("poor").refused(Refusal::NotEnoughMargin).takes_over("alice", BTC_PERP, 12);
    world.trader("poor").takes_over("alice", BTC_PERP, 11);
    world.trader("poor").holds(BTC_PERP, 11);
    world.trader("poor").refused(Refusal::NotEnoughMargin).takes_over("alice", BTC_PERP, 1);
    // Nobody needs margin to put lots into the book: what it earns is its own.
    world.trader("pauper").meeting(&["frank"]).liquidates_into_book("alice", BTC_PERP, u32::MAX);
    assert!(world.unsettled("pauper", BTC_PERP) > 0 && world.lots("pauper", BTC_PERP) == 0);
}

#[test]
fn a_keeper_with_an_isolated_position_carries_what_it_takes_in_its_pocket() {
    let mut world = world();
    world.trader("poor").deposits(USDC, usdc(1_000));
    world.trader("poor").isolates(BTC_PERP);
    world.trader("poor").refused(Refusal::NotEnoughMargin).takes_over("alice", BTC_PERP, 11);
    world.trader("poor").funds_pocket(BTC_PERP, usdc(10));
    world.trader("poor").refused(Refusal::NotEnoughMargin).takes_over("alice", BTC_PERP, 12);
    world.trader("poor").takes_over("alice", BTC_PERP, 11);
    world.trader("poor").holds(BTC_PERP, 11).owns(USDC, usdc(990));
}

#[test]
fn nobody_liquidates_himself() {
    // Where the own account stands among those of the instruction, and whether somebody signs for it.
    let ways: [(World, Way, usize, bool); 3] =
        [(world(), takes_over, 1, true), (world(), into_book, 0, false), (borrower(), swaps, 1, true)];
    for (mut world, way, place, signs) in ways {
        let own = way(&mut world, "alice");
        world.refuses(&[own], Refusal::SelfLiquidation);
        // Nor by another account of his.
        let second = second_account(&mut world, "alice");
        let mut instruction = way(&mut world, "alice");
        instruction.accounts[place].pubkey = second;
        world.refuses(&[instruction], Refusal::SelfLiquidation);
        // A keeper who signs does not act for an account that is not his.
        if signs {
            let mut instruction = way(&mut world, "carol");
            instruction.accounts[1].pubkey = world.account_of("dave");
            world.refuses(&[instruction], Refusal::NotATrader);
        }
    }
}

/// Another margin account of somebody's, with the number 1.
fn second_account(world: &mut World, name: &str) -> solana_pubkey::Pubkey {
    let (key, payer) = (world.trader(name).key(), world.chain.payer());
    let account = plimsoll_client::instructions::account::MarginAccount::derive(&world.exchange, key, 1);
    world.does(&[account.open(payer)]);
    account.address
}
