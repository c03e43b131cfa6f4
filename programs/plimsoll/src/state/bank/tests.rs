//! Moves inside the vault: what one side loses another gets, and what is lent stays covered.
#![allow(clippy::arithmetic_side_effects, clippy::indexing_slicing)]

use super::*;
use plimsoll_risk::num::{Index, Quote};

const NOW: i64 = 1_800_000_000;
/// Indexes that no amount of a few units divides: every rounding shows.
const DEPOSIT_INDEX: u128 = (1 << 64) * 13 / 11;
const BORROW_INDEX: u128 = (1 << 64) * 17 / 9;

/// A bank whose ledger is exactly covered, borrows allowed, beside a lender's deposit and a borrower's debt.
struct Vault {
    bank: Bank,
    lender: Box<MarginAccount>,
    borrower: Box<MarginAccount>,
}

fn amount(units: u64) -> TokenAmount {
    TokenAmount::new(units)
}

fn account() -> Box<MarginAccount> {
    Box::new(bytemuck::Zeroable::zeroed())
}

impl Vault {
    fn of(deposit: u64, borrow: u64) -> Self {
        let mut bank: Bank = bytemuck::Zeroable::zeroed();
        bank.index = 2;
        bank.deposit_index = Index::new(DEPOSIT_INDEX).into();
        bank.borrow_index = Index::new(BORROW_INDEX).into();
        bank.accrued_at = NOW;
        (bank.deposit_cap, bank.account_deposit_cap) = (UNLIMITED, UNLIMITED);
        (bank.borrow_cap, bank.account_borrow_cap) = (UNLIMITED, UNLIMITED);
        bank.minimum_deposit = 1;
        bank.utilisation_limit = Ratio::from_bps(8_000);
        (bank.hour_limit, bank.day_limit) = (Ratio::ONE, Ratio::ONE);
        (bank.kink1, bank.kink2) = (Ratio::from_bps(5_000), Ratio::from_bps(8_000));
        let mut vault = Self { bank, lender: account(), borrower: account() };
        vault.bank.deposit(&mut vault.lender, amount(deposit), NOW).unwrap();
        if borrow > 0 {
            vault.bank.withdraw(&mut vault.borrower, amount(borrow), true, NOW).unwrap();
        }
        vault
    }

    /// What the vault holds beyond its ledger, 2^-64 units: D and B exact.
    fn dust(&self) -> i128 {
        let bank = &self.bank;
        let deposits = u128::from(bank.deposit_shares.get()) * DEPOSIT_INDEX;
        let borrows = u128::from(bank.borrow_shares.get()) * BORROW_INDEX;
        let earmarks = [bank.pockets, bank.pools, bank.insurance, bank.fees].map(|part| part.get());
        let held = i128::from(bank.vault_balance.get()) - i128::from(earmarks.iter().sum::<u64>());
        (held << 64) - deposits.cast_signed() + borrows.cast_signed()
    }

    /// Does something, and sees that the ledger neither leaked nor swallowed more than a rounding on each side.
    fn does<T>(&mut self, what: impl FnOnce(&mut Self) -> Result<T>) -> T {
        let before = self.dust();
        let done = what(self).unwrap();
        let gained = self.dust() - before;
        assert!((0..4i128 << 64).contains(&gained), "dust grew by {gained} / 2^64");
        assert!(self.bank.borrows().unwrap() <= self.bank.deposits().unwrap());
        done
    }

    fn within_utilisation(&self) -> bool {
        let limit = self.bank.deposits().unwrap().mul_down(self.bank.utilisation_limit).unwrap();
        self.bank.borrows().unwrap() <= limit
    }
}

#[test]
fn a_loss_takes_the_deposit_first_and_then_a_debt() {
    let mut vault = Vault::of(10_000, 0);
    let mut loser = account();
    vault.bank.deposit(&mut loser, amount(500), NOW).unwrap();
    let held = vault.bank.held_by(&loser).unwrap().get();
    let moved = vault.does(|it| it.bank.pay_loss(&mut loser, amount(2_000), true, NOW));
    assert_eq!((moved.amount.get(), moved.debt.get()), (2_000, 2_000 - held));
    assert!(moved.balance <= i64::try_from(held).unwrap() - 2_000);
    assert_eq!(vault.bank.pools, amount(2_000));
}

#[test]
fn a_loss_is_paid_from_the_deposit_alone_while_borrowing_is_not_allowed() {
    let mut vault = Vault::of(10_000, 0);
    let mut loser = account();
    vault.bank.deposit(&mut loser, amount(500), NOW).unwrap();
    let held = vault.bank.held_by(&loser).unwrap();
    let moved = vault.does(|it| it.bank.pay_loss(&mut loser, amount(2_000), false, NOW));
    assert_eq!((moved.amount, moved.debt.get(), moved.balance), (held, 0, 0));
    assert!(loser.slot_of(2).is_none());
}

#[test]
fn a_loss_is_paid_in_part_where_utilisation_or_a_cap_ends_it() {
    // (deposit of the lender, lent before, borrow cap, cap of one account)
    let limits =
        [(10_000, 7_000, u64::MAX, u64::MAX), (10_000, 0, 700, u64::MAX), (10_000, 0, u64::MAX, 700)];
    for (deposit, lent, cap, account_cap) in limits {
        let mut vault = Vault::of(deposit, lent);
        (vault.bank.borrow_cap, vault.bank.account_borrow_cap) = (cap, account_cap);
        let mut loser = account();
        let moved = vault.does(|it| it.bank.pay_loss(&mut loser, amount(5_000), true, NOW));
        assert!(moved.amount.get() > 600 && moved.amount.get() < 1_000, "{moved:?}");
        assert!(vault.within_utilisation());
        // No more than roundings are left.
        let again = vault.does(|it| it.bank.pay_loss(&mut loser, amount(5_000), true, NOW));
        assert!(again.amount.get() <= 8, "{again:?}");
    }
}

#[test]
fn a_deposit_that_is_lent_out_pays_no_loss() {
    let mut vault = Vault::of(10_000, 7_900);
    let mut lender = vault.lender.clone();
    let moved = vault.does(|it| it.bank.pay_loss(&mut lender, amount(9_000), true, NOW));
    assert!(moved.amount.get() < 125 && !moved.amount.is_zero(), "{moved:?}");
    assert!(vault.within_utilisation());
    vault.bank.utilisation_limit = Ratio::from_bps(5_000);
    let moved = vault.does(|it| it.bank.pay_loss(&mut lender, amount(9_000), true, NOW));
    assert!(moved.amount.is_zero());
    vault.bank.utilisation_limit = Ratio::ZERO;
    let moved = vault.does(|it| it.bank.pay_loss(&mut lender, amount(9_000), true, NOW));
    assert!(moved.amount.is_zero());
}

#[test]
fn any_loss_against_any_utilisation_is_paid_without_a_refusal() {
    for lent in (0..8_000).step_by(37) {
        for most in [1, 2, 3, 50, 999, 100_000] {
            let mut vault = Vault::of(10_000, lent);
            let mut lender = vault.lender.clone();
            vault.does(|it| it.bank.pay_loss(&mut lender, amount(most), true, NOW));
            assert!(vault.within_utilisation());
        }
    }
}

#[test]
fn a_gain_is_refused_by_no_cap_minimum_or_dust() {
    let mut vault = Vault::of(10_000, 0);
    let mut loser = vault.lender.clone();
    vault.does(|it| it.bank.pay_loss(&mut loser, amount(1_000), false, NOW));
    (vault.bank.deposit_cap, vault.bank.account_deposit_cap) = (0, 0);
    vault.bank.minimum_deposit = 1_000_000;
    let mut winner = account();
    let moved = vault.does(|it| it.bank.pay_gain(&mut winner, amount(900), NOW));
    assert!(moved.balance <= 900 && moved.balance >= 898);
    // One unit is less than a share: it stays in the vault.
    let before = vault.bank.held_by(&winner).unwrap();
    vault.does(|it| it.bank.pay_gain(&mut winner, amount(1), NOW));
    assert_eq!(vault.bank.held_by(&winner).unwrap(), before);
    assert_eq!(vault.bank.pools, amount(99));
    assert!(vault.bank.pay_gain(&mut winner, amount(100), NOW).is_err());
}

#[test]
fn a_gain_pays_back_a_debt_first() {
    let mut vault = Vault::of(10_000, 300);
    let mut loser = vault.lender.clone();
    vault.does(|it| it.bank.pay_loss(&mut loser, amount(1_000), false, NOW));
    let mut winner = vault.borrower.clone();
    let owed = vault.bank.owed_by(&winner).unwrap();
    let moved = vault.does(|it| it.bank.pay_gain(&mut winner, amount(1_000), NOW));
    assert_eq!(moved.debt, owed);
    assert!(moved.balance > 690 && !winner.balances[winner.slot_of(2).unwrap()].is_borrow());
}

#[test]
fn a_gain_needs_a_slot() {
    let mut vault = Vault::of(10_000, 0);
    vault.bank.pools = amount(100);
    vault.bank.vault_balance = amount(10_100);
    let mut full = account();
    for slot in &mut full.balances {
        (slot.bank, slot.shares) = (9, Shares::new(1));
    }
    assert_eq!(vault.bank.pay_gain(&mut full, amount(10), NOW).unwrap_err(), Refusal::NoFreeSlot.into());
}

#[test]
fn a_pocket_is_filled_from_a_deposit_alone_and_not_from_what_is_lent() {
    let mut vault = Vault::of(10_000, 7_000);
    let mut owner = vault.lender.clone();
    assert!(vault.bank.fill_pocket(&mut owner, amount(10_001), NOW).is_err());
    let mut vault = Vault::of(10_000, 7_000);
    assert!(vault.bank.fill_pocket(&mut owner, amount(1_300), NOW).is_err());
    let mut vault = Vault::of(10_000, 7_000);
    let mut owner = vault.lender.clone();
    vault.does(|it| it.bank.fill_pocket(&mut owner, amount(1_200), NOW));
    assert_eq!(vault.bank.pockets, amount(1_200));
    vault.does(|it| it.bank.empty_pocket(&mut owner, amount(1_200), NOW));
    assert!(vault.bank.held_by(&owner).unwrap() <= amount(10_000));
    assert!(vault.bank.pockets.is_zero());
}

#[test]
fn pockets_and_pools_pay_each_other() {
    let mut vault = Vault::of(10_000, 0);
    let mut owner = vault.lender.clone();
    vault.does(|it| it.bank.fill_pocket(&mut owner, amount(500), NOW));
    vault.does(|it| it.bank.pocket_pays(amount(200)));
    assert_eq!((vault.bank.pockets, vault.bank.pools), (amount(300), amount(200)));
    vault.does(|it| it.bank.pocket_gains(amount(50)));
    assert_eq!((vault.bank.pockets, vault.bank.pools), (amount(350), amount(150)));
    assert!(vault.bank.pocket_gains(amount(151)).is_err());
}

#[test]
fn a_stake_comes_out_of_a_deposit_and_redemption_pays_a_debt_first() {
    let mut vault = Vault::of(10_000, 300);
    let (mut staker, mut debtor) = (account(), vault.borrower.clone());
    vault.bank.deposit(&mut staker, amount(500), NOW).unwrap();
    assert!(vault.bank.fill_insurance(&mut staker, amount(501), NOW).is_err(), "on credit");
    assert!(vault.bank.insurance.is_zero());
    let moved = vault.does(|it| it.bank.fill_insurance(&mut staker, amount(400), NOW));
    assert_eq!((moved.amount, vault.bank.insurance), (amount(400), amount(400)));
    let moved = vault.does(|it| it.bank.empty_insurance(&mut debtor, amount(250), NOW));
    assert_eq!((moved.debt, vault.bank.insurance), (amount(250), amount(150)));
    assert!(vault.bank.empty_insurance(&mut staker, amount(151), NOW).is_err());
}

#[test]
fn what_lenders_need_is_not_staked() {
    let mut vault = Vault::of(10_000, 7_900);
    let mut lender = vault.lender.clone();
    assert!(vault.bank.fill_insurance(&mut lender, amount(1_000), NOW).is_err());
}

#[test]
fn insurance_earns_from_the_pools_and_pays_into_them() {
    let mut vault = Vault::of(10_000, 0);
    let mut loser = vault.lender.clone();
    vault.does(|it| it.bank.pay_loss(&mut loser, amount(1_000), false, NOW));
    vault.does(|it| it.bank.insurance_earns(amount(700)));
    vault.does(|it| it.bank.insurance_pays(amount(200)));
    assert_eq!((vault.bank.pools, vault.bank.insurance), (amount(500), amount(500)));
    assert!(vault.bank.insurance_earns(amount(501)).is_err());
    assert!(vault.bank.insurance_pays(amount(501)).is_err());
}

#[test]
fn fees_leave_the_vault_whole_and_once() {
    let mut vault = Vault::of(10_000, 0);
    let mut loser = vault.lender.clone();
    vault.does(|it| it.bank.pay_loss(&mut loser, amount(1_000), false, NOW));
    vault.does(|it| it.bank.collect_fees(amount(400)));
    let before = vault.bank.vault_balance;
    assert_eq!(vault.does(|it| it.bank.release_fees()), amount(400));
    assert_eq!(vault.bank.vault_balance, before.checked_sub(amount(400)).unwrap());
    assert!(vault.does(|it| it.bank.release_fees()).is_zero());
}

#[test]
fn one_account_pays_another_at_most_what_it_holds() {
    let mut vault = Vault::of(10_000, 300);
    let (mut payer, mut keeper, mut debtor) = (account(), account(), vault.borrower.clone());
    vault.bank.deposit(&mut payer, amount(100), NOW).unwrap();
    let held = vault.bank.held_by(&payer).unwrap();
    let (paid, got) = vault.does(|it| it.bank.pass_on(&mut payer, &mut keeper, amount(40), NOW));
    assert_eq!((paid.amount, got.amount), (amount(40), amount(40)));
    assert!(got.balance <= 40 && got.balance >= 38);
    // The rest, to somebody who owes.
    let (paid, got) = vault.does(|it| it.bank.pass_on(&mut payer, &mut debtor, amount(5_000), NOW));
    assert!(paid.amount <= held && paid.balance == 0 && got.debt == paid.amount);
    // Nothing is left; a debtor never pays.
    let (paid, got) = vault.does(|it| it.bank.pass_on(&mut payer, &mut keeper, amount(40), NOW));
    assert!(paid.amount.is_zero() && got.amount.is_zero() && paid.balance == 0);
    let (paid, _) = vault.does(|it| it.bank.pass_on(&mut debtor, &mut keeper, amount(40), NOW));
    assert!(paid.amount.is_zero() && paid.balance < 0);
}

#[test]
fn nothing_is_passed_on_to_an_account_without_a_slot() {
    let mut vault = Vault::of(10_000, 0);
    let (mut payer, mut full) = (vault.lender.clone(), account());
    for slot in &mut full.balances {
        (slot.bank, slot.shares) = (9, Shares::new(1));
    }
    let before = payer.balances;
    let (paid, got) = vault.does(|it| it.bank.pass_on(&mut payer, &mut full, amount(40), NOW));
    assert!(paid.amount.is_zero() && got.amount.is_zero());
    assert_eq!(payer.balances[0].shares, before[0].shares);
    vault.does(|it| it.bank.fill_pocket(&mut payer, amount(50), NOW));
    let mut pocket = Quote::new(50);
    let got = vault.does(|it| it.bank.pass_on_from_pocket(&mut pocket, &mut full, amount(40), NOW));
    assert!(got.amount.is_zero() && pocket == Quote::new(50));
}

#[test]
fn a_pocket_passes_on_at_most_itself() {
    let mut vault = Vault::of(10_000, 0);
    let (mut owner, mut keeper) = (vault.lender.clone(), account());
    vault.does(|it| it.bank.fill_pocket(&mut owner, amount(50), NOW));
    let mut pocket = Quote::new(50);
    let got = vault.does(|it| it.bank.pass_on_from_pocket(&mut pocket, &mut keeper, amount(40), NOW));
    assert_eq!((got.amount, pocket), (amount(40), Quote::new(10)));
    let got = vault.does(|it| it.bank.pass_on_from_pocket(&mut pocket, &mut keeper, amount(40), NOW));
    assert_eq!((got.amount, pocket), (amount(10), Quote::ZERO));
    assert!(vault.bank.pockets.is_zero());
}

#[test]
fn another_board_or_another_bank_is_not_the_quote_bank() {
    let (mut bank, mut board): (Bank, Box<RiskBoard>) =
        (bytemuck::Zeroable::zeroed(), Box::new(bytemuck::Zeroable::zeroed()));
    let key = Pubkey::new_unique();
    bank.board = Key(key.to_bytes());
    bank.index = 1;
    board.header.quote_bank = 1;
    bank.require_quote(&key, &board).unwrap();
    assert_eq!(bank.require_quote(&Pubkey::new_unique(), &board).unwrap_err(), Refusal::ForeignBoard.into());
    board.header.quote_bank = 0;
    assert_eq!(bank.require_quote(&key, &board).unwrap_err(), Refusal::UnknownBank.into());
}
