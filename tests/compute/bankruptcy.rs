//! Bankruptcies: what is left is seized, and losses go down the waterfall, in as many legs as an account can have.

use crate::{
    book::Book,
    desks::{MARKETS, PERPS, funding_runs, near, opened, some_lots},
    shapes::{TOKENS, refresh_everything},
};
use harness::{
    Receipt, World,
    amounts::days,
    insurance::INSURER,
    tokens::{Token, USDC, usdc},
};
use plimsoll::events::{BankruptcyLeg, LEG_BORROW, LEG_CLAIM, LEG_DEPOSIT, LEG_POSITION};
use plimsoll::state::{Exchange, Market};
use plimsoll_client::{
    book::Side,
    events::Event,
    instructions::{
        liquidation::{Resolution, Scope},
        order::Order,
    },
};
use plimsoll_risk::{
    layout::account::{Balance, Position},
    num::TokenAmount,
};
use solana_instruction::Instruction;
use solana_pubkey::Pubkey;

/// Loses everything and more.
const LOSER: &str = "loser";
/// Takes over what can be taken over, and sells tokens to the insurance fund.
const RIVAL: &str = "rival";
/// On the other side of the market without orders.
const DEEP: &str = "deep";

pub fn measure(book: &mut Book) {
    remains(book);
    waterfall(book);
    everything(book);
}

/// One loss, which all layers share, and as much else as an account can have.
fn remains(book: &mut Book) {
    let mut world = with_remains();
    let table = world.makes_table();
    let (ordered, mut other) = (resolve(&mut world), world.clone());
    let shape = "1 loss, paid by cash, tranche, fund, winners, the rest open; 15 claims, 15 deposits too small to count";
    let receipt = book.measure_by_table("bankruptcy.max_shape", shape, &mut world, ordered, &table);
    let legs = legs(&receipt);
    let count = |kind| legs.iter().filter(|leg| leg.kind == kind).count();
    assert_eq!((count(LEG_POSITION), count(LEG_CLAIM), count(LEG_DEPOSIT)), (1, MARKETS - 1, 15));
    assert!(legs.iter().any(|leg| leg.seized > 0
        && leg.own > 0
        && leg.fund > 0
        && leg.others > 0
        && leg.deficit > 0));
    assert_nothing_left(&world);

    let legs = other.legs_of(LOSER, Scope::Cross);
    let resolve = resolve_with(&mut other, &legs);
    let shape = "the same with markets and banks in another order than the program needs them in";
    book.measure_by_table("bankruptcy.unordered", shape, &mut other, resolve, &table);
    assert_nothing_left(&other);
}

/// 16 losses, half of them borrows; each layer bears something.
fn waterfall(book: &mut Book) {
    let mut world = with_losses(8, 8);
    let resolve = resolve(&mut world);
    let shape =
        "8 borrows and 8 positions: cash; reserves, fund, lenders; tranches, fund, winners, open deficits";
    let receipt = book.measure("waterfall.total", shape, &mut world, resolve);
    assert_all_layers(&receipt, (8, 8));
    assert_nothing_left(&world);
}

/// As many losses as an account can have.
fn everything(book: &mut Book) {
    let mut world = with_losses(15, MARKETS);
    let resolve = resolve(&mut world);
    let table = world.makes_table();
    let shape = "the same of 15 borrows and 16 positions";
    let receipt = book.measure_by_table("waterfall.31_legs", shape, &mut world, resolve, &table);
    assert_all_layers(&receipt, (15, MARKETS));
    assert_nothing_left(&world);
}

/// With all legs in the order in which the program comes to them: what is owed first, then markets before banks.
fn resolve(world: &mut World) -> Instruction {
    let account = world.account(LOSER);
    let bank = |slot: &Balance| world.bank_of(world.tokens()[usize::from(slot.bank)]).bank;
    let market = |position: &Position| world.market_of(PERPS[usize::from(position.market)]).market;
    let (debts, deposits): (Vec<Balance>, Vec<Balance>) = account
        .balances
        .iter()
        .filter(|slot| !slot.is_free() && slot.bank != 0)
        .partition(|slot| slot.is_borrow());
    let (losses, claims): (Vec<Position>, Vec<Position>) =
        account.positions.iter().filter(|it| it.is_cross()).partition(|it| it.quote.is_negative());
    let owed = debts.iter().map(bank).chain(losses.iter().map(market));
    let legs: Vec<Pubkey> = owed.chain(claims.iter().map(market)).chain(deposits.iter().map(bank)).collect();
    resolve_with(world, &legs)
}

fn resolve_with(world: &mut World, legs: &[Pubkey]) -> Instruction {
    let resolver = world.trader(RIVAL).key();
    let resolution = Resolution {
        exchange: world.exchange,
        resolver,
        resolver_account: world.account_of(RIVAL),
        account: world.account_of(LOSER),
        quote_bank: world.quote_bank(),
    };
    resolution.resolve(Scope::Cross, legs)
}

fn legs(receipt: &Receipt) -> &[BankruptcyLeg] {
    let Event::BankruptcyResolved(it) = receipt.event() else { panic!("{:?}", receipt.events) };
    &it.legs
}

fn assert_nothing_left(world: &World) {
    let account = world.account(LOSER);
    assert!(account.balances.iter().all(|slot| slot.is_free()));
    assert!(account.positions.iter().all(|position| position.flags == 0));
}

fn assert_all_layers(receipt: &Receipt, (borrows, positions): (usize, usize)) {
    for (kind, count) in [(LEG_BORROW, borrows), (LEG_POSITION, positions)] {
        let legs: Vec<_> = legs(receipt).iter().filter(|leg| leg.kind == kind).collect();
        assert_eq!(legs.len(), count);
        let bore = |part: fn(&BankruptcyLeg) -> u64| legs.iter().filter(|leg| part(leg) > 0).count();
        assert_eq!(bore(|leg| leg.seized), count);
        assert!(bore(|leg| leg.own) >= count - 1, "{legs:#?}"); // one bank has no reserves yet
        assert!(bore(|leg| leg.fund) >= count / 3, "{legs:#?}");
        assert!(bore(|leg| leg.others) >= count / 2, "{legs:#?}");
    }
}

/// Somebody who takes over whatever there is, and has all tokens; and somebody who trades in the market without orders.
fn with_others() -> World {
    let mut world = opened();
    world.trader(RIVAL).deposits(USDC, usdc(1_000_000));
    for token in TOKENS[1..MARKETS].iter() {
        world.trader(RIVAL).deposits(*token, token.units(1_000));
    }
    world.trader(INSURER).deposits(USDC, usdc(1)); // rounding takes a unit of each deposit
    world.trader(DEEP).deposits(USDC, usdc(1_000_000));
    let perp = PERPS[MARKETS - 1];
    for (side, bps) in [(Side::Ask, 50), (Side::Bid, -10)] {
        world.trader(DEEP).places(perp, Order::limit(side, 60 * some_lots(perp), near(perp, bps)));
    }
    world
}

/// Who is on the other side of a market.
fn other_in(place: usize) -> &'static str {
    if place + 1 == MARKETS { DEEP } else { "counterparty" }
}

/// These tokens' prices move by so many percent, and stay there until a liquidation may rest on them.
fn moves(world: &mut World, tokens: &[Token], percent: i32) {
    for token in tokens {
        world.oracle().moves(*token, percent);
    }
    for _ in 0..2 {
        funding_runs(world);
    }
}

/// The loser is flagged, the rival takes over all lots, and the deadline passes.
fn is_taken_apart(world: &mut World) {
    world.trader("keeper").assesses(LOSER, Scope::Cross);
    for perp in PERPS {
        if world.lots(LOSER, perp) != 0 {
            world.trader(RIVAL).takes_over_unsubsidised(LOSER, perp, u32::MAX);
            assert_eq!(world.lots(LOSER, perp), 0);
        }
    }
    funding_runs(world);
    world.trader("keeper").assesses(LOSER, Scope::Cross);
    funding_runs(world);
}

/// So many borrows and shorts of 100 each, which a rise of all prices has turned into losses beyond the deposit.
fn with_losses(borrows: usize, positions: usize) -> World {
    let mut world = with_others();
    world.trader(LOSER).deposits(USDC, usdc(75 * (borrows + positions) as u32));
    for token in &TOKENS[1..=borrows] {
        world.trader(LOSER).borrows(*token, token.units(100.0 / token.price));
    }
    for (place, perp) in PERPS.iter().enumerate().rev().take(positions) {
        world.trader(LOSER).meeting(&[other_in(place)]).shorts(*perp, some_lots(*perp));
        world.endows_tranche(*perp, usdc(2));
    }
    world.trader("borrower").deposits(USDC, usdc(10_000_000));
    for token in &TOKENS[1..MARKETS] {
        world.trader("borrower").borrows(*token, token.units(100_000.0 / token.price));
    }
    world.passes(days(30)); // of whose interest a part becomes reserves
    refresh_everything(&mut world);
    world.insures(usdc(150 * (borrows + positions) as u32));
    caps_insurance(&mut world, [60 * borrows, 15 * positions, 10 * positions, 5 * positions]);
    moves(&mut world, &TOKENS[1..=MARKETS], 49);
    moves(&mut world, &TOKENS[1..=MARKETS], 49);
    is_taken_apart(&mut world);
    world
}

/// Tier by tier the fund pays no more than this, in whole quote; markets take turns at the last three. Written behind the
/// program's back: those who govern would have to wait.
fn caps_insurance(world: &mut World, caps: [usize; 4]) {
    world.chain.tamper(&world.exchange.exchange.clone(), |account| {
        let exchange: &mut Exchange =
            bytemuck::from_bytes_mut(&mut account.data[8..8 + size_of::<Exchange>()]);
        exchange.tier_caps = caps.map(|cap| TokenAmount::new(usdc(cap as u32)));
    });
    for (place, perp) in PERPS.iter().enumerate() {
        world.chain.tamper(&world.market_of(*perp).market, |account| {
            let market: &mut Market = bytemuck::from_bytes_mut(&mut account.data[8..8 + size_of::<Market>()]);
            market.tier = 1 + (place % 3) as u8;
        });
    }
}

/// A loss in one market, a small gain in each other, and a little of each other token.
fn with_remains() -> World {
    let mut world = with_others();
    world.trader(LOSER).deposits(USDC, usdc(130));
    for token in &TOKENS[1..MARKETS] {
        world.trader(LOSER).deposits(*token, token.units(0.01 / token.price).max(1));
    }
    for perp in &PERPS[..MARKETS - 1] {
        let lots = (some_lots(*perp) / 2).max(1);
        for (side, bps) in [(Side::Ask, 40), (Side::Bid, -5)] {
            world.trader(LOSER).places(*perp, Order::limit(side, lots, near(*perp, bps)));
            let take = Order::limit(side.opposite(), lots, near(*perp, bps)).immediate();
            world.trader(RIVAL).meeting(&[LOSER]).places(*perp, take);
        }
        assert!(world.lots(LOSER, *perp) == 0 && world.position(LOSER, *perp).quote.get() > 0);
    }
    let perp = PERPS[MARKETS - 1];
    world.trader(LOSER).meeting(&[DEEP]).longs(perp, 5 * some_lots(perp));
    world.endows_tranche(perp, usdc(2));
    world.insures(usdc(3));
    moves(&mut world, &[perp.token], -40);
    is_taken_apart(&mut world);
    world
}
