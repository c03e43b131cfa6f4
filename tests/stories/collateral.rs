//! Accounts that owe tokens: a borrow is repaid for collateral at the price and a fee, and profit that no pool can pay is
//! bought for cash. Interest is off, so that every balance is what these deals made it.

use harness::{
    World,
    amounts::bps,
    auctions::{Fee, part, split, swap_rate_after},
    perps::*,
    sheet::Sheet,
    tokens::*,
};
use plimsoll::{errors::Refusal, state::risk_board::Pausable};
use plimsoll_client::{events::Event, instructions::liquidation::Scope};
use plimsoll_risk::{liquidation::Flag, num::Ratio};

/// Everybody of these stories.
const ALL: [&str; 4] = ["alice", "lena", "carol", "dave"];

/// Alice has borrowed 50 SOL of lena's on 10,000 USDC. A SOL that is owed counts 1.1 at maintenance, and a hundredth more at
/// the end of a liquidation. Carol holds both tokens, dave only USDC.
fn world() -> World {
    let mut world = World::with_steady_markets(&[BTC_PERP, ETH_PERP], |world| {
        for token in [USDC, SOL] {
            for rate in ["bank.rate1", "bank.rate2", "bank.rate3"] {
                world.sets(rate, token, 0);
            }
        }
    });
    world.trader("lena").deposits(SOL, sol(1_000));
    world.trader("alice").deposits(USDC, usdc(10_000));
    world.trader("carol").deposits(USDC, usdc(50_000));
    world.trader("carol").deposits(SOL, sol(100));
    world.trader("dave").deposits(USDC, usdc(50_000));
    world.trader("alice").borrows(SOL, sol(50));
    world
}

/// SOL is at 187.5: she owes 9,375, 406.25 too much for the end of a liquidation. She is flagged at once.
fn endangered() -> World {
    flagged_at(world(), 187.5)
}

fn flagged_at(mut world: World, price: f64) -> World {
    world.oracle().says(SOL, price);
    world.refreshes_all();
    world.trader("carol").assesses("alice", Scope::Cross);
    world
}

/// What so many lamports at 187.5 are worth, rounded down: three sixteenths of a unit each.
fn worth(lamports: i128) -> i128 {
    lamports * 3 / 16
}

/// The fee for so much that is repaid: a fifth of it is the insurance's, to be paid in the debt's token.
fn fee(worth: i128, rate: i128) -> Fee {
    split(part(worth, rate), bps(2_000).into())
}

/// The insurance's part in lamports: the same part of what is repaid.
fn kept(lamports: i128, fee: Fee) -> i128 {
    lamports * fee.insurance / worth(lamports)
}

/// Somebody who holds SOL has repaid so many lamports for USDC; of these he borrowed so many.
#[track_caller]
fn swapped(sheet: &Sheet, world: &World, who: &str, (repaid, fee, borrowed): (i128, Fee, i128)) {
    let (given, kept) = (worth(repaid) + fee.total(), kept(repaid, fee));
    sheet.changed(
        world,
        &[
            ("alice SOL", repaid),
            ("alice USDC", -given),
            (&format!("{who} SOL"), -repaid - kept),
            (&format!("{who} USDC"), given),
            ("SOL borrows", borrowed - repaid),
            ("SOL deposits", borrowed - repaid - kept),
            ("SOL reserves", kept),
        ],
    );
}

#[test]
fn a_borrow_is_repaid_for_collateral_in_steps_until_the_account_is_out_of_danger() {
    let mut world = endangered();
    // Ten SOL for 1,875 and a percent: 15 of the fee for carol, 3.75 in SOL into the reserves of the bank.
    let sheet = world.sheet(&ALL);
    world.trader("carol").swaps_collateral("alice", SOL, USDC, sol(10));
    let first = fee(1_875_000_000, swap_rate_after(0));
    assert_eq!(
        (first.liquidator, first.insurance, kept(10_000_000_000, first)),
        (15_000_000, 3_749_999, 19_999_994)
    );
    swapped(&sheet, &world, "carol", (10_000_000_000, first, 0));

    // A minute later the auction asks 4.5 %. 218.75 are missing, and each unit of debt frees 0.11 and costs 0.045.
    world.waits(60);
    let sheet = world.sheet(&ALL);
    let told = world.trader("carol").swaps_collateral("alice", SOL, USDC, u64::MAX);
    let Some(Event::CollateralSwapped(event)) = told.events.last() else { panic!("{:?}", told.events) };
    let repaid = i128::from(event.repaid);
    let rate = swap_rate_after(60);
    swapped(&sheet, &world, "carol", (repaid, fee(worth(repaid), rate), 0));
    assert!(event.over && world.flag_of("alice", Scope::Cross) == Flag::default());

    // What is left is covered at the end of a liquidation, with next to nothing beyond it.
    let (owes, owns) = (-world.balance("alice", SOL), world.balance("alice", USDC));
    let health = owns - worth(owes) * 111 / 100;
    assert!((0..100).contains(&health), "{health} beyond 0 with {owes} owed");
    world.trader("dave").refused(Refusal::NotFlagged).swaps_collateral("alice", SOL, USDC, 1);
    // She may repay the rest and leave.
    world.trader("alice").repays_all(SOL);
    world.trader("alice").withdraws_all(USDC);
}

#[test]
fn a_liquidator_borrows_what_he_does_not_hold_and_carries_it() {
    let mut world = endangered();
    let (repaid, fee) = (10_000_000_000, fee(1_875_000_000, swap_rate_after(0)));
    let sheet = world.sheet(&ALL);
    world.trader("dave").swaps_collateral("alice", SOL, USDC, sol(10));
    swapped(&sheet, &world, "dave", (repaid, fee, repaid + kept(repaid, fee)));

    // Carol's 100 SOL are more than enough: no pause of borrowing stops her.
    world.guardian().pauses(Pausable::Borrow, 3_600);
    world.trader("dave").refused(Refusal::Paused).swaps_collateral("alice", SOL, USDC, sol(1));
    world.trader("carol").swaps_collateral("alice", SOL, USDC, sol(1));
    world.guardian().unpauses(Pausable::Borrow);

    // Who has nothing gets collateral for it, but less than he needs to owe so much.
    world.trader("poor").refused(Refusal::NotEnoughMargin).swaps_collateral("alice", SOL, USDC, sol(1));
    world.trader("poor").deposits(USDC, usdc(50));
    world.trader("poor").swaps_collateral("alice", SOL, USDC, sol(1));
    world.trader("poor").deposits(SOL, sol(2));
    assert!(world.balance("poor", SOL) > 0 && world.balance("poor", USDC) > usdc(237) as i128);
}

#[test]
fn what_a_liquidator_gets_pays_back_what_he_owes_first() {
    let mut world = endangered();
    world.trader("erin").deposits(SOL, sol(100));
    world.trader("erin").borrows(USDC, usdc(1_000));
    let people = [&ALL[..], &["erin"][..]].concat();
    let sheet = world.sheet(&people);
    world.trader("erin").swaps_collateral("alice", SOL, USDC, sol(10));
    let (repaid, fee) = (10_000_000_000, fee(1_875_000_000, swap_rate_after(0)));
    let (given, kept) = (worth(repaid) + fee.total(), kept(repaid, fee));
    sheet.changed(
        &world,
        &[
            ("alice SOL", repaid),
            ("alice USDC", -given),
            ("erin SOL", -repaid - kept),
            ("erin USDC", given),
            ("SOL borrows", -repaid),
            ("SOL deposits", -repaid - kept),
            ("SOL reserves", kept),
            ("USDC borrows", -1_000_000_000),
            ("USDC deposits", -1_000_000_000),
        ],
    );
    world.trader("erin").owns(USDC, (given - 1_000_000_000) as u64);
}

#[test]
fn a_liquidator_is_never_paid_less_than_he_asks() {
    let mut world = endangered();
    let mut carol = world.trader("carol").refused(Refusal::WorseThanAllowed);
    carol.swaps_collateral_for("alice", (SOL, USDC), sol(10), Ratio::from_bps(81));
    let sheet = world.sheet(&ALL);
    // A percent less the fifth of it.
    world.trader("carol").swaps_collateral_for("alice", (SOL, USDC), sol(10), Ratio::from_bps(80));
    swapped(&sheet, &world, "carol", (10_000_000_000, fee(1_875_000_000, swap_rate_after(0)), 0));
}

#[test]
fn a_swap_needs_a_debt_collateral_and_two_banks() {
    let mut world = endangered();
    let carol = |world: &mut World, refusal, of: (Token, Token)| {
        world.trader("carol").refused(refusal).swaps_collateral("alice", of.0, of.1, u64::MAX);
    };
    carol(&mut world, Refusal::NothingOwed, (BTC, USDC));
    carol(&mut world, Refusal::NothingOwed, (USDC, SOL));
    carol(&mut world, Refusal::NothingHeld, (SOL, BTC));
    carol(&mut world, Refusal::DuplicateAccount, (SOL, SOL));
    world.trader("carol").refused(Refusal::NothingToDo).swaps_collateral("alice", SOL, USDC, 0);
}

#[test]
fn a_debt_of_which_dust_would_be_left_is_repaid_whole() {
    // 9,900.5 owed on 10,000: 9,895.5 repaid would do, and leave 5.
    let mut world = flagged_at(world(), 198.01);
    let sheet = world.sheet(&ALL);
    let told = world.trader("carol").swaps_collateral("alice", SOL, USDC, u64::MAX);
    let Some(Event::CollateralSwapped(event)) = told.events.last() else { panic!("{:?}", told.events) };
    assert_eq!((event.repaid, event.debt_balance, event.over), (sol(50), 0, true));
    let changes = sheet.changes(&world);
    let given = 9_900_500_000 + part(9_900_500_000, swap_rate_after(0));
    // To the unit: what a lamport is worth is no fraction of a power of two here.
    assert!((changes["alice USDC"] + given).abs() <= 1, "{changes:?}");
    assert_eq!(changes["carol USDC"], -changes["alice USDC"]);
    world.trader("alice").withdraws_all(USDC);
    // Who takes less leaves it.
    let mut world = flagged_at(self::world(), 198.01);
    world.trader("carol").swaps_collateral("alice", SOL, USDC, sol(49.99));
    assert_eq!(world.balance("alice", SOL), -(sol(0.01) as i128));
}

/// Alice holds 1,500 USDC and 5 SOL. She is long 1,000 lots of BTC at 60,000 and short 1,300 of ETH at 30,000, of bob; then BTC
/// rises by a tenth and ETH by 49 percent: she has made 600 and lost 1,911. Bob's loss in BTC is not settled: that pool is empty.
fn winner() -> World {
    let mut world = World::with_steady_markets(&[BTC_PERP, ETH_PERP], |_| ());
    world.trader("alice").deposits(USDC, usdc(1_500));
    world.trader("alice").deposits(SOL, sol(5));
    for name in ["bob", "carol"] {
        world.trader(name).deposits(USDC, usdc(50_000));
    }
    world.deals("alice", "bob", BTC_PERP, 1_000, 60_000);
    world.deals("bob", "alice", ETH_PERP, 1_300, 30_000);
    world.passes(1);
    world.oracle().publishes_price(ETH, 4_470.0);
    world.oracle().publishes_price(BTC, 66_000.0);
    world.refreshes_all();
    world.trader("carol").assesses("alice", Scope::Cross);
    world
}

const TRADERS: [&str; 3] = ["alice", "bob", "carol"];

#[test]
fn a_profit_that_no_pool_can_pay_is_bought_as_far_as_cash_is_lacking() {
    let mut world = winner();
    // 1,911 lost, less what a maker got for it and 1,500 of cash.
    let lacking = 1_911_000_000 - i128::from(world.unsettled("alice", ETH_PERP)) - 1_500_000_000;
    let rate = swap_rate_after(0);
    let one = 1i128 << 30;
    let claim = (lacking * one + one - rate - 1) / (one - rate);
    let fee = split(part(claim, rate), bps(2_000).into());
    let paid = claim - fee.total();
    assert!((0..=1).contains(&(paid - lacking)), "{paid} for {lacking}");

    let least = |bps| Ratio::from_bps(bps);
    let mut carol = world.trader("carol").refused(Refusal::WorseThanAllowed);
    carol.buys_pnl_for("alice", BTC_PERP, u64::MAX, least(81));
    let sheet = world.sheet(&TRADERS);
    world.trader("carol").buys_pnl_for("alice", BTC_PERP, u64::MAX, least(79));
    sheet.changed(
        &world,
        &[
            ("alice USDC", paid),
            ("alice BTC-PERP quote", -claim),
            ("alice BTC-PERP realised", -claim),
            ("carol USDC", -paid - fee.insurance),
            ("carol BTC-PERP quote", claim),
            ("carol BTC-PERP realised", claim),
            ("BTC-PERP tranche", fee.insurance),
            ("USDC deposits", -fee.insurance),
        ],
    );
    // She lacks no more cash: nothing else is bought.
    world.trader("carol").refused(Refusal::NothingToDo).buys_pnl("alice", BTC_PERP, u64::MAX);
    // Her loss is paid in full now, and carol is paid once bob has paid his.
    world.trader("alice").settles(ETH_PERP);
    world.trader("alice").owns(USDC, (paid - lacking) as u64);
    world.trader("bob").settles(BTC_PERP);
    let sheet = world.sheet(&TRADERS);
    world.trader("carol").settles(BTC_PERP);
    sheet.changed(
        &world,
        &[
            ("carol USDC", claim),
            ("carol BTC-PERP quote", -claim),
            ("carol BTC-PERP realised", -claim),
            ("BTC-PERP pool", -claim),
            ("USDC deposits", claim),
        ],
    );
    assert!(world.position("carol", BTC_PERP).is_free());
}

#[test]
fn no_more_profit_is_bought_than_the_buyer_takes_and_pays_for() {
    let mut world = winner();
    let sheet = world.sheet(&TRADERS);
    world.trader("carol").buys_pnl("alice", BTC_PERP, usdc(10));
    let fee = split(part(10_000_000, swap_rate_after(0)), bps(2_000).into());
    let paid = 10_000_000 - fee.total();
    sheet.changed(
        &world,
        &[
            ("alice USDC", paid),
            ("alice BTC-PERP quote", -10_000_000),
            ("alice BTC-PERP realised", -10_000_000),
            ("carol USDC", -paid - fee.insurance),
            ("carol BTC-PERP quote", 10_000_000),
            ("carol BTC-PERP realised", 10_000_000),
            ("BTC-PERP tranche", fee.insurance),
            ("USDC deposits", -fee.insurance),
        ],
    );
    // For cash that he has: SOL will not do, however much of it.
    world.trader("dave").deposits(SOL, sol(1_000));
    world.trader("dave").refused(Refusal::WouldBorrow).buys_pnl("alice", BTC_PERP, usdc(10));
    world.trader("carol").refused(Refusal::NothingToDo).buys_pnl("alice", BTC_PERP, 0);
}

#[test]
fn nothing_is_sold_at_a_discount_that_settling_would_bring_whole() {
    let mut world = winner();
    world.trader("bob").settles(BTC_PERP); // 600 less a rebate, and she has made 600 less a fee
    world.trader("carol").refused(Refusal::NothingToDo).buys_pnl("alice", BTC_PERP, u64::MAX);
    // A loss is no profit.
    let refused = world.trader("carol").refused(Refusal::NothingToDo).buys_pnl("alice", ETH_PERP, u64::MAX);
    assert!(refused.events.is_empty());
    // But where gains are cut by a deficit, whoever pays in full is welcome.
    world.opens_deficit(BTC_PERP, usdc(1));
    let before = world.balance("alice", USDC);
    world.trader("carol").buys_pnl("alice", BTC_PERP, usdc(10));
    assert_eq!(world.balance("alice", USDC) - before, 9_900_001);
}
