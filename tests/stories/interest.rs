//! What borrowers pay and lenders earn, held against an exact model in rational numbers.

use harness::{World, amounts::*, tokens::*};
use num_bigint::BigInt;
use num_rational::BigRational;
use num_traits::{ToPrimitive, Zero};
use plimsoll::state::Bank;
use plimsoll_client::instructions::refresh::refresh_bank;
use plimsoll_risk::num::{RATIO_BITS, Ratio};

fn whole(number: u64) -> BigRational {
    BigRational::from_integer(BigInt::from(number))
}

fn ratio(ratio: Ratio) -> BigRational {
    BigRational::new(BigInt::from(ratio.get()), BigInt::from(1_u64 << RATIO_BITS))
}

/// The same number to 2^-192: far finer than a unit, and the fractions of a long story stay short.
fn short(number: BigRational) -> BigRational {
    let scale: BigInt = BigInt::from(1) << 192_u32;
    BigRational::new((number * BigRational::from_integer(scale.clone())).round().to_integer(), scale)
}

/// Deposits, borrows and reserves of a bank as they would be without any rounding.
struct Model {
    deposits: BigRational,
    borrows: BigRational,
    reserves: BigRational,
    rate: BigRational,
}

impl Model {
    fn of(bank: &Bank) -> Self {
        let (deposits, borrows) = (bank.deposits().expect("fits").get(), bank.borrows().expect("fits").get());
        let mut model = Self {
            deposits: whole(deposits),
            borrows: whole(borrows),
            reserves: whole(bank.reserves),
            rate: BigRational::zero(),
        };
        model.observes(bank);
        model
    }

    /// Straight lines through (0, rate0), (kink1, rate1), (kink2, rate2), (1, rate3).
    fn observes(&mut self, bank: &Bank) {
        let used = &self.borrows / &self.deposits;
        let points = [
            (BigRational::zero(), ratio(bank.rate0)),
            (ratio(bank.kink1), ratio(bank.rate1)),
            (ratio(bank.kink2), ratio(bank.rate2)),
            (whole(1), ratio(bank.rate3)),
        ];
        let line = points.windows(2).find(|line| used <= line[1].0).expect("at most everything is lent");
        let [(from, low), (to, high)] = line else { unreachable!() };
        self.rate = short(low + (high - low) * (&used - from) / (to - from));
    }

    /// The rate that stood over the time is charged, for at most an hour.
    fn passes(&mut self, bank: &Bank, seconds: i64) {
        let time = BigRational::new(BigInt::from(seconds.min(hours(1))), BigInt::from(31_536_000));
        let interest = short(&self.borrows * &self.rate * time);
        let kept = short(&interest * ratio(bank.reserve_factor));
        self.borrows += &interest;
        self.deposits += &interest - &kept;
        self.reserves += kept;
        self.observes(bank);
    }
}

#[track_caller]
fn near(actual: u64, exact: &BigRational, units: u64) {
    let distance = (exact - whole(actual)).to_f64().expect("a number").abs();
    assert!(distance <= units as f64, "{actual} is {distance} units away");
}

/// 100,000 USDC, 70,000 of them lent.
fn with_loan() -> World {
    let mut world = World::open();
    world.trader("lender").deposits(USDC, usdc(100_000));
    world.trader("alice").deposits(SOL, sol(1_000));
    world.trader("alice").borrows(USDC, usdc(70_000));
    world
}

#[test]
fn interest_is_exact_to_a_unit_a_refresh_however_irregular_they_are() {
    let mut world = with_loan();
    let mut model = Model::of(&world.bank(USDC));
    let gaps = [1, 7, 60, 3_600, 13, 3_599, 2, 1_800, 86_400, 5, 3_601, 900, 1, 1, 1, 2_500];
    let mut refreshes = 0;
    for gap in gaps.into_iter().cycle().take(120) {
        world.passes(gap);
        world.trader("anyone").refreshes(USDC);
        let bank = world.bank(USDC);
        model.passes(&bank, gap);
        refreshes += 1;
        near(bank.borrows().expect("fits").get(), &model.borrows, refreshes);
        near(bank.deposits().expect("fits").get(), &model.deposits, refreshes);
        near(bank.reserves, &model.reserves, refreshes);
    }
    let bank = world.bank(USDC);
    let paid = bank.borrows().expect("fits").get() - usdc(70_000);
    let earned = bank.deposits().expect("fits").get() - usdc(100_000) + bank.reserves;
    assert!(paid > usdc(10) && earned <= paid && paid - earned <= refreshes);
    near(paid, &(model.borrows - whole(usdc(70_000))), 2);
}

#[test]
fn what_a_borrower_pays_is_what_lenders_and_reserves_get() {
    let mut world = with_loan();
    for _ in 0..48 {
        world.passes(hours(1));
        world.trader("anyone").refreshes(USDC);
    }
    world.trader("alice").repays_all(USDC);
    let bank = world.bank(USDC);
    let interest = world.vault_holds(USDC) - usdc(100_000);
    let lenders = bank.deposits().expect("fits").get() - usdc(100_000);
    let dust = interest - lenders - bank.reserves;
    assert!(dust <= 100, "{dust}");
    assert!(lenders.abs_diff(bank.reserves * 9) < lenders / 1_000, "a tenth is kept back");
}

#[test]
fn an_outage_costs_an_hour_at_most() {
    let mut world = with_loan();
    let mut an_hour = world.clone();
    an_hour.passes(hours(1));
    an_hour.trader("anyone").refreshes(USDC);
    world.passes(days(30));
    world.trader("anyone").refreshes(USDC);
    assert_eq!(world.bank(USDC).borrow_index, an_hour.bank(USDC).borrow_index);
}

#[test]
fn no_refresh_chooses_the_rate_that_is_charged() {
    let mut world = with_loan();
    world.trader("bob").deposits(SOL, sol(1_000));
    let mut calm = world.clone();
    for world in [&mut calm, &mut world] {
        world.passes(hours(1));
        world.refreshes_all();
    }
    // The hour is charged at the rate that stood over it, even if a borrow just before the refresh moves the rate.
    let mut moved = with_loan();
    moved.trader("bob").deposits(SOL, sol(1_000));
    moved.passes(hours(1));
    for token in [SOL, BTC, BAR] {
        moved.oracle().publishes(token);
    }
    moved.oracle().refreshes(&[SOL, BTC, BAR]);
    moved.trader("bob").borrows(USDC, usdc(9_000));
    moved.trader("anyone").refreshes(USDC);
    assert_eq!(moved.bank(USDC).borrow_index, calm.bank(USDC).borrow_index);
    assert!(moved.bank(USDC).borrow_rate > calm.bank(USDC).borrow_rate);
}

#[test]
fn a_deposit_a_refresh_and_a_withdrawal_in_one_transaction_change_nothing_for_anybody() {
    let mut world = with_loan();
    world.trader("bob").deposits(SOL, sol(1));
    world.passes(3_000);
    let refresh = refresh_bank(&world.bank_of(USDC));
    let mut without = world.clone();
    without.does(std::slice::from_ref(&refresh));

    let fortune = usdc(1_000_000);
    world.trader("bob").gets(USDC, fortune);
    let (inflow, outflow) = (world.trader("bob").inflow(USDC), world.trader("bob").outflow(USDC));
    world.does(&[inflow.deposit(fortune), refresh, outflow.withdraw_all(&[])]);

    for name in ["lender", "alice", "bob"] {
        assert_eq!(world.balance(name, USDC), without.balance(name, USDC), "{name}");
    }
    let (here, there) = (world.bank(USDC), without.bank(USDC));
    assert_eq!((here.deposit_index, here.borrow_index), (there.deposit_index, there.borrow_index));
    assert_eq!((here.reserves, here.borrow_rate), (there.reserves, there.borrow_rate));
    let bob = world.trader("bob").has_in_wallet(USDC);
    assert!(bob <= fortune && fortune - bob <= 1, "he pays the rounding: {bob}");
}

#[test]
fn refreshing_every_second_or_once_costs_the_same_but_for_compounding() {
    let (mut often, mut once) = (with_loan(), with_loan());
    for _ in 0..600 {
        often.passes(1);
        often.trader("anyone").refreshes(USDC);
    }
    once.passes(600);
    once.trader("anyone").refreshes(USDC);
    let owed = |world: &World| world.bank(USDC).borrows().expect("fits").get();
    assert!(owed(&often).abs_diff(owed(&once)) <= 2, "{} {}", owed(&often), owed(&once));
}

#[test]
fn without_borrowers_nobody_earns() {
    let mut world = World::open();
    world.trader("lender").deposits(USDC, usdc(100));
    world.passes(days(300));
    world.trader("anyone").refreshes(USDC);
    world.trader("lender").owns(USDC, usdc(100));
}

#[test]
fn interest_reaches_the_board_with_the_refresh() {
    let mut world = with_loan();
    world.passes(hours(1));
    world.trader("anyone").refreshes(USDC);
    let (bank, terms) = (world.bank(USDC), world.board().banks[0]);
    assert_eq!((bank.deposit_index, bank.borrow_index), (terms.deposit_index, terms.borrow_index));
    assert_eq!((terms.deposit_shares, terms.updated_at), (bank.deposit_shares, world.now()));
}
