//! A borrow's way down the waterfall: what was seized buys it back first, then reserves, insurance and the bank's lenders;
//! and the gate that holds withdrawals while that is not known yet.

use harness::{World, amounts::*, insurance::INSURER, tokens::*};
use plimsoll::{
    errors::Refusal,
    events::{BankruptcyLeg, BankruptcyResolved, LEG_BORROW},
};
use plimsoll_client::{events::Event, instructions::liquidation::Scope};
use plimsoll_risk::{layout::account::Balance, num::Index};

const ALL: [&str; 6] = ["alice", "lender", "lena", "liz", "keeper", INSURER];

/// Everybody has an account.
fn open() -> World {
    let mut world = World::open();
    for name in ALL {
        world.trader(name);
    }
    world
}

/// Alice owes 15 SOL against 3,000 USDC; a hundred SOL are lender's. Two months later, a SOL is 220: she owes 300 more than
/// she has, and the interest.
fn owes_sol() -> World {
    let mut world = open();
    world.trader("lender").deposits(SOL, sol(100));
    world.trader("alice").deposits(USDC, usdc(3_000));
    world.trader("alice").borrows(SOL, sol(15));
    world.passes(days(60));
    world.refreshes_all();
    world.oracle().says(SOL, 220.0);
    world.refreshes_all();
    world
}

/// Somebody's deposit shares of a token.
fn shares(world: &World, name: &str, token: Token) -> u128 {
    let place = world.place_of(token);
    let account = world.account(name);
    let held = |slot: &&Balance| !slot.is_free() && slot.bank == place && !slot.is_borrow();
    account.balances.iter().find(held).map_or(0, |slot| slot.shares.get().into())
}

fn deposit_index(world: &World, token: Token) -> u128 {
    Index::from(world.bank(token).deposit_index).get()
}

/// What shares are worth at an index, rounded down.
fn worth(shares: u128, index: u128) -> i128 {
    // Below 2^64 and, in these stories, below 2^65.
    let (whole, part) = (index >> 64, index & u128::from(u64::MAX));
    (shares * whole + ((shares * part) >> 64)) as i128
}

fn resolves(world: &mut World) -> BankruptcyResolved {
    let told = world.trader("keeper").resolves("alice", Scope::Cross);
    let Event::BankruptcyResolved(event) = told.event() else { panic!("{:?}", told.events) };
    event.clone()
}

fn up(amount: u128, by: u128, of: u128) -> u128 {
    (amount * by).div_ceil(of)
}

#[test]
fn a_borrow_is_bought_back_then_reserves_insurance_and_lenders_bear_it() {
    let mut world = owes_sol();
    world.trader("lena").deposits(SOL, sol(40));
    world.insures(usdc(50));
    world.trader("keeper").assesses("alice", Scope::Cross);
    // Whoever resolves sells the tokens: he has none, then too few.
    world.trader("keeper").refused(Refusal::BringTokens).resolves("alice", Scope::Cross);
    world.trader("keeper").deposits(SOL, sol(13));
    world.trader("keeper").refused(Refusal::BringTokens).resolves("alice", Scope::Cross);
    world.trader("keeper").deposits(SOL, sol(7));

    let before = world.sheet(&ALL);
    let (index, owed) = (deposit_index(&world, SOL), world.balance("alice", SOL).unsigned_abs());
    let reserves = u128::from(world.bank(SOL).reserves);
    assert!(reserves > 0, "two months of interest leave some");
    // At 220 a SOL and a hundredth more, whatever the auction asks.
    let price = up(owed, 220_000_000, u128::from(sol(1)));
    let fee = u128::from(world.exchange_account().purchase_fee.get());
    let all = price + up(price, fee, 1 << 30);
    let cash = u128::from(usdc(3_000));
    let by_cash = owed * cash / all;
    let cash_spent = up(all, by_cash, owed);
    let (left, left_costs) = (owed - by_cash, all - cash_spent);
    let budget = u128::from(usdc(50));
    let insured = left * budget / left_costs;
    let fund_spent = up(left_costs, insured, left);
    let lenders = left - reserves - insured;
    assert!(lenders > u128::from(sol(1)) && insured > u128::from(sol(0.2)), "{lenders} {insured}");

    let told = resolves(&mut world);
    let leg = BankruptcyLeg {
        kind: LEG_BORROW,
        index: world.place_of(SOL),
        amount: owed as u64,
        seized: usdc(3_000),
        own: reserves as u64,
        fund: fund_spent as u64,
        bought: (by_cash + insured) as u64,
        others: lenders as u64,
        deficit: 0,
    };
    assert_eq!(told.legs, [leg]);
    assert_eq!(
        (told.cash, told.deficit, told.paid),
        (usdc(3_000), (price - cash) as u64, (cash_spent + fund_spent) as u64)
    );

    // The index fell by what the lenders bear, rounded up, a share; the shares that were sold are not among them.
    let all_shares: u128 = ["lender", "lena", "keeper"].map(|name| shares(&world, name, SOL)).iter().sum();
    assert_eq!(all_shares, u128::from(world.bank(SOL).deposit_shares.get()));
    let fallen = index - (lenders << 64).div_ceil(all_shares);
    assert_eq!(deposit_index(&world, SOL), fallen);
    let bears = |name| worth(shares(&world, name, SOL), fallen) - before.line(&format!("{name} SOL"));
    let (kept, paid) = ((cash - cash_spent) as i128, (cash_spent + fund_spent) as i128);
    let deposits = worth(all_shares, fallen) - before.line("SOL deposits");
    before.changed(
        &world,
        &[
            ("alice USDC", -(cash as i128)),
            ("alice SOL", owed as i128),
            ("keeper USDC", paid),
            ("keeper SOL", bears("keeper")),
            ("lender SOL", bears("lender")),
            ("lena SOL", bears("lena")),
            ("fund", kept - fund_spent as i128),
            ("SOL deposits", deposits),
            ("SOL borrows", -(owed as i128)),
            ("SOL reserves", -(reserves as i128)),
            ("USDC deposits", paid - cash as i128),
        ],
    );
    // What the three lost is what the keeper sold and what the lenders bear, to a unit each.
    let lost = -(bears("keeper") + bears("lender") + bears("lena"));
    assert!((0..=4).contains(&(lost - (by_cash + insured + lenders) as i128)), "{lost}");

    // Everybody leaves at the new index, to the last of them.
    for name in ["lender", "lena", "keeper"] {
        let held = worth(shares(&world, name, SOL), fallen) as u64;
        let had = world.trader(name).has_in_wallet(SOL);
        world.trader(name).withdraws_all(SOL);
        assert_eq!(world.trader(name).has_in_wallet(SOL) - had, held, "{name}");
    }
    assert!(world.bank(SOL).deposit_shares.is_zero());
}

#[test]
fn insurance_covers_a_borrow_whole_and_lenders_bear_nothing() {
    let mut world = owes_sol();
    world.insures(usdc(5_000));
    world.trader("keeper").deposits(SOL, sol(20));
    world.trader("keeper").assesses("alice", Scope::Cross);
    let (before, index) = (world.sheet(&ALL), deposit_index(&world, SOL));
    let told = resolves(&mut world);
    let leg = &told.legs[0];
    assert_eq!((leg.others, leg.own + leg.bought), (0, leg.amount));
    assert_eq!(deposit_index(&world, SOL), index);
    let changes = before.changes(&world);
    assert_eq!(
        changes["fund"],
        -i128::from(leg.fund) + i128::from(leg.seized) - i128::from(told.paid - leg.fund)
    );
    assert!(!changes.contains_key("lender SOL"));
}

#[test]
fn a_borrow_of_quote_needs_nobody_to_sell_it() {
    let mut world = open();
    for (name, amount) in [("lender", 5_000), ("lena", 3_000), ("liz", 4_000)] {
        world.trader(name).deposits(USDC, usdc(amount));
    }
    world.trader("alice").deposits(SOL, sol(20));
    world.trader("alice").borrows(USDC, usdc(2_300));
    world.insures(usdc(50));
    world.passes(days(60));
    world.refreshes_all();
    world.jolts(SOL, -30);
    world.trader("keeper").assesses("alice", Scope::Cross);
    world.trader("keeper").refused(Refusal::NotBankrupt).resolves("alice", Scope::Cross);
    // 20 SOL at 105 pay 2,100 of it, and nobody earns anything: there is nothing to earn it from.
    let before = world.sheet(&ALL);
    world.trader("liz").swaps_collateral("alice", USDC, SOL, u64::MAX);
    let changes = before.changes(&world);
    let dust = world.balance("alice", SOL);
    assert!((0..100).contains(&dust), "what is worth less than a unit of quote: {dust}");
    assert_eq!((changes["alice SOL"], changes["liz SOL"]), (dust - 20_000_000_000, 20_000_000_000 - dust));
    assert!((-2..=2).contains(&(changes["liz USDC"] + i128::from(usdc(2_100)))), "{changes:?}");

    let before = world.sheet(&ALL);
    let (index, owed) = (deposit_index(&world, USDC), world.balance("alice", USDC).unsigned_abs());
    let (reserves, budget) = (u128::from(world.bank(USDC).reserves), u128::from(usdc(50)));
    let lenders = owed - reserves - budget;
    let told = resolves(&mut world);
    let leg = &told.legs[0];
    assert_eq!(
        [leg.own, leg.fund, leg.bought, leg.others].map(u128::from),
        [reserves, budget, budget, lenders]
    );
    assert_eq!((told.paid, told.resolver_sequence), (0, 0));
    let all_shares = u128::from(world.bank(USDC).deposit_shares.get());
    let fallen = index - (lenders << 64).div_ceil(all_shares);
    let bears = |name| worth(shares(&world, name, USDC), fallen) - before.line(&format!("{name} USDC"));
    let deposits = worth(all_shares, fallen) - before.line("USDC deposits");
    before.changed(
        &world,
        &[
            ("alice USDC", owed as i128),
            ("alice SOL", -dust),
            ("SOL deposits", -dust),
            ("SOL reserves", dust),
            ("lender USDC", bears("lender")),
            ("lena USDC", bears("lena")),
            ("liz USDC", bears("liz")),
            ("fund", -(budget as i128)),
            ("USDC deposits", deposits),
            ("USDC borrows", -(owed as i128)),
            ("USDC reserves", -(reserves as i128)),
        ],
    );
    for name in ["lender", "lena", "liz"] {
        let held = world.balance(name, USDC) as u64;
        let had = world.trader(name).has_in_wallet(USDC);
        world.trader(name).withdraws_all(USDC);
        assert_eq!(world.trader(name).has_in_wallet(USDC) - had, held, "{name}");
    }
}

#[test]
fn withdrawals_are_gated_for_a_loss_that_is_material_and_for_an_hour_a_day() {
    let mut world = owes_sol();
    world.trader("keeper").refused(Refusal::NotFlagged).gates(SOL, "alice");
    world.trader("keeper").assesses("alice", Scope::Cross);
    // A hundredth of all deposits is material: of 160 SOL it is more than she owes too much, of 100 it is less.
    world.trader("lena").deposits(SOL, sol(60));
    world.trader("keeper").refused(Refusal::NothingMaterial).gates(SOL, "alice");
    world.trader("keeper").refused(Refusal::NothingMaterial).gates(BTC, "alice");
    world.trader("lena").withdraws(SOL, sol(59));
    let told = world.trader("keeper").gates(SOL, "alice");
    let Event::WithdrawalsGated(event) = told.event() else { panic!("{:?}", told.events) };
    let gated_at = world.now();
    assert_eq!(event.until, gated_at + hours(1));
    assert!((usdc(300)..usdc(330)).contains(&event.loss.unsigned_abs()), "{}", event.loss);

    // Nobody leaves, nobody borrows; deposits come in, other tokens go out.
    for name in ["lender", "lena"] {
        world.trader(name).refused(Refusal::Gated).withdraws(SOL, 1_000);
        world.trader(name).refused(Refusal::Gated).withdraws_all(SOL);
    }
    world.trader("lena").deposits(USDC, usdc(10_000));
    world.trader("lena").refused(Refusal::Gated).borrows(SOL, sol(1));
    world.trader("lena").deposits(SOL, sol(1));
    world.trader("lena").withdraws(USDC, usdc(1_000));

    world.passes(hours(1) - 1);
    world.trader("lender").refused(Refusal::Gated).withdraws(SOL, 1_000);
    world.passes(1);
    world.trader("lender").refreshes(SOL);
    let before = world.sheet(&ALL);
    world.trader("lender").withdraws(SOL, sol(1));
    let left = before.changes(&world)["lender SOL"];
    assert!((-i128::from(sol(1)) - 1..=-i128::from(sol(1))).contains(&left), "{left}");

    // Not again before a day has passed since, however material it is.
    world.passes(days(1) - hours(1) - 1);
    world.refreshes_all();
    world.trader("keeper").assesses("alice", Scope::Cross);
    world.trader("keeper").refused(Refusal::NothingMaterial).gates(SOL, "alice");
    world.passes(1);
    world.trader("keeper").gates(SOL, "alice");
    assert_eq!(world.bank(SOL).gated_until, gated_at + days(1) + hours(1));
    // A gate is no answer: the loss is borne, and the gate opens in its time.
    world.trader("keeper").deposits(SOL, sol(20));
    resolves(&mut world);
    world.trader("lender").refused(Refusal::Gated).withdraws(SOL, 1_000);
    world.passes(hours(1));
    world.trader("lender").withdraws(SOL, 1_000);
}

#[test]
fn who_is_in_danger_but_not_insolvent_gates_nothing() {
    let mut world = World::open();
    world.trader("lender").deposits(SOL, sol(100));
    world.trader("alice").deposits(USDC, usdc(3_000));
    world.trader("alice").borrows(SOL, sol(15));
    world.oracle().says(SOL, 190.0); // 2,850 of 3,000, and 3,135 at its weight in maintenance
    world.refreshes_all();
    world.trader("keeper").assesses("alice", Scope::Cross);
    assert_ne!(world.flag_of("alice", Scope::Cross).flagged_at, 0);
    world.trader("keeper").refused(Refusal::NotInsolvent).gates(SOL, "alice");
    world.trader("lender").withdraws(SOL, sol(1));
}
