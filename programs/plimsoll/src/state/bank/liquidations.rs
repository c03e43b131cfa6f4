//! Moves of a liquidation inside the vault: debts and deposits change hands.
//!
//! No token comes in or leaves, and no cap on deposits refuses what only changes hands.

use super::{Bank, Moved};
use crate::{
    errors::{Refusal, refused},
    state::MarginAccount,
};
use anchor_lang::prelude::*;
use plimsoll_risk::{
    layout::account::Balance,
    num::{Shares, TokenAmount},
};

impl Bank {
    /// What an account owes for borrow shares of this bank, native units, rounded up.
    ///
    /// # Errors
    /// [`Refusal::Overflow`].
    pub fn owed_for(&self, shares: Shares) -> Result<TokenAmount> {
        shares.amount_up(self.borrow_index.into()).map_err(refused)
    }

    /// A liquidator repays borrow shares of an account, what they owe rounded up, and pays `kept` on top to the reserves:
    /// out of the deposit, the rest borrowed. Returns what happened to the account and to the liquidator.
    ///
    /// # Errors
    /// [`Refusal::NothingOwed`] for more shares than the account owes; caps on borrows; [`Refusal::NoFreeSlot`];
    /// [`Refusal::UtilisationLimit`] where lenders would own less than borrowers owe.
    pub fn repay_for(
        &mut self,
        account: &mut MarginAccount,
        liquidator: &mut MarginAccount,
        shares: Shares,
        kept: TokenAmount,
    ) -> Result<(Moved, Moved)> {
        let place = account.slot_of(self.index).ok_or(Refusal::NothingOwed)?;
        let slot = &mut account.balances[place];
        ensure!(slot.is_borrow(), Refusal::NothingOwed);
        let repaid = self.owed_for(shares)?;
        slot.shares = slot.shares.checked_sub(shares).map_err(|_| Refusal::NothingOwed)?;
        self.borrow_shares = self.borrow_shares.checked_sub(shares).map_err(refused)?;
        self.reserves = self.reserves.checked_add(kept.get()).ok_or(Refusal::Overflow)?;
        let relieved = self.told(slot, repaid, repaid)?;
        if slot.is_free() {
            slot.borrowed = 0;
        }

        let amount = repaid.checked_add(kept).map_err(refused)?;
        let slot = liquidator.slot_for(self.index)?;
        let borrowed = amount.saturating_sub(self.take_deposit(slot, amount)?);
        if !borrowed.is_zero() {
            self.add_borrow(slot, borrowed)?;
        }
        self.require_lent_is_owned()?;
        self.observe_rate()?;
        let paid = self.told(slot, amount, borrowed)?;
        Ok((relieved, paid))
    }

    /// Deposit shares of an account become another's; what that one owes here is paid back with them first. Returns what
    /// happened to each: native units, rounded down.
    ///
    /// # Errors
    /// [`Refusal::NothingHeld`] for more shares than the account holds; [`Refusal::NoFreeSlot`];
    /// [`Refusal::UtilisationLimit`] where rounding would leave lenders less than borrowers owe.
    pub fn hand_over(
        &mut self,
        from: &mut MarginAccount,
        to: &mut MarginAccount,
        shares: Shares,
    ) -> Result<(Moved, Moved)> {
        let place = from.slot_of(self.index).ok_or(Refusal::NothingHeld)?;
        let given = &mut from.balances[place];
        ensure!(!given.is_borrow(), Refusal::NothingHeld);
        let amount = shares.amount_down(self.deposit_index.into()).map_err(refused)?;
        given.shares = given.shares.checked_sub(shares).map_err(|_| Refusal::NothingHeld)?;
        let gone = self.told(given, amount, TokenAmount::ZERO)?;

        let slot = to.slot_for(self.index)?;
        let mut repaid = TokenAmount::ZERO;
        if slot.is_borrow() {
            self.deposit_shares = self.deposit_shares.checked_sub(shares).map_err(refused)?;
            repaid = self.credit_always(slot, amount)?;
            self.require_lent_is_owned()?;
            self.observe_rate()?;
        } else {
            slot.shares = slot.shares.checked_add(shares).map_err(refused)?;
        }
        Ok((gone, self.told(slot, amount, repaid)?))
    }

    /// [`Bank::moved`], once for the four times that it is needed here.
    #[inline(never)]
    fn told(&self, slot: &Balance, amount: TokenAmount, debt: TokenAmount) -> Result<Moved> {
        self.moved(slot, amount, debt)
    }

    /// # Errors
    /// [`Refusal::UtilisationLimit`] where lenders would own less than borrowers owe.
    #[inline(never)]
    fn require_lent_is_owned(&self) -> Result<()> {
        let lent = if self.borrow_shares == Shares::ZERO { TokenAmount::ZERO } else { self.borrows()? };
        ensure!(lent <= self.deposits()?, Refusal::UtilisationLimit);
        Ok(())
    }
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects)]
mod tests {
    use super::*;
    use crate::state::bank::UNLIMITED;
    use bytemuck::Zeroable;
    use plimsoll_risk::num::{Index, Ratio};

    const BANK: u8 = 2;
    /// Indexes that no number of a few shares divides: every rounding shows.
    const DEPOSIT_INDEX: u128 = (1 << 64) * 13 / 11;
    const BORROW_INDEX: u128 = (1 << 64) * 17 / 9;

    /// A bank with a lender's 10,000 deposit shares, and an account that owes 100 borrow shares (189 units).
    fn vault() -> (Bank, Box<MarginAccount>, Box<MarginAccount>) {
        let mut bank: Bank = Zeroable::zeroed();
        bank.index = BANK;
        (bank.deposit_index, bank.borrow_index) =
            (Index::new(DEPOSIT_INDEX).into(), Index::new(BORROW_INDEX).into());
        (bank.borrow_cap, bank.account_borrow_cap) = (UNLIMITED, UNLIMITED);
        (bank.deposit_shares, bank.borrow_shares) = (Shares::new(10_000), Shares::new(100));
        bank.kink1 = Ratio::from_bps(5_000);
        bank.kink2 = Ratio::from_bps(8_000);
        let mut account: Box<MarginAccount> = Box::new(Zeroable::zeroed());
        account.balances[5] =
            Balance { shares: Shares::new(100), bank: BANK, borrowed: 1, ..Zeroable::zeroed() };
        (bank, account, Box::new(Zeroable::zeroed()))
    }

    fn holds(account: &mut MarginAccount, shares: u64) {
        account.balances[1] = Balance { shares: Shares::new(shares), bank: BANK, ..Zeroable::zeroed() };
    }

    /// D − B + R: what of the vault's tokens the ledger speaks for.
    fn ledger(bank: &Bank) -> i64 {
        let signed = |amount: TokenAmount| amount.get().cast_signed();
        signed(bank.deposits().unwrap()) - signed(bank.borrows().unwrap()) + bank.reserves.cast_signed()
    }

    #[test]
    fn a_debt_is_repaid_out_of_the_liquidator_s_deposit_and_insurance_kept_on_top() {
        let (mut bank, mut account, mut liquidator) = vault();
        holds(&mut liquidator, 1_000);
        let before = ledger(&bank);
        let (relieved, paid) =
            bank.repay_for(&mut account, &mut liquidator, Shares::new(37), TokenAmount::new(3)).unwrap();
        // 37 · 17/9 = 69.9; 63 shares still owe 119; 1,181.8 less 73 are left, shares rounded down.
        assert_eq!((relieved.amount.get(), relieved.balance), (70, -119));
        assert_eq!((paid.amount.get(), paid.debt.get(), paid.balance), (73, 0, 1_108));
        assert_eq!((bank.reserves, bank.borrow_shares.get()), (3, 63));
        assert!((0..=2).contains(&(before - ledger(&bank))));
    }

    #[test]
    fn what_the_liquidator_lacks_he_borrows_within_the_caps() {
        let (mut bank, mut account, mut liquidator) = vault();
        holds(&mut liquidator, 11);
        let before = ledger(&bank);
        let (relieved, paid) =
            bank.repay_for(&mut account, &mut liquidator, Shares::new(100), TokenAmount::ZERO).unwrap();
        assert_eq!((relieved.balance, account.balances[5].borrowed), (0, 0));
        // A deposit of 12 (11 shares lose a fraction), then 177.
        assert_eq!((paid.debt.get(), paid.balance), (177, -178));
        assert!((0..=2).contains(&(before - ledger(&bank))));

        let (mut bank, mut account, mut liquidator) = vault();
        bank.account_borrow_cap = 100;
        assert!(bank.repay_for(&mut account, &mut liquidator, Shares::new(100), TokenAmount::ZERO).is_err());
    }

    #[test]
    fn more_than_is_owed_or_held_never_moves() {
        let (mut bank, mut account, mut liquidator) = vault();
        let more = bank.repay_for(&mut account, &mut liquidator, Shares::new(101), TokenAmount::ZERO);
        assert_eq!(more.unwrap_err(), Refusal::NothingOwed.into());
        let (mut bank, mut account, mut liquidator) = vault();
        assert!(bank.hand_over(&mut account, &mut liquidator, Shares::new(1)).is_err(), "it owes");
        holds(&mut liquidator, 10);
        assert!(bank.hand_over(&mut liquidator, &mut account, Shares::new(11)).is_err());
    }

    #[test]
    fn what_lenders_own_never_falls_below_what_borrowers_owe() {
        let (mut bank, mut account, mut liquidator) = vault();
        // 189 are owed, 190 owned: what is kept on top is borrowed and does not fit.
        bank.deposit_shares = Shares::new(161);
        let kept = TokenAmount::new(5);
        let refused = bank.repay_for(&mut account, &mut liquidator, Shares::new(100), kept);
        assert_eq!(refused.unwrap_err(), Refusal::UtilisationLimit.into());
    }

    #[test]
    fn deposit_shares_change_hands_whole_and_pay_back_a_debt_first() {
        let (mut bank, mut debtor, mut account) = vault();
        holds(&mut account, 50);
        let mut other: Box<MarginAccount> = Box::new(Zeroable::zeroed());
        let (gone, got) = bank.hand_over(&mut account, &mut other, Shares::new(20)).unwrap();
        assert_eq!((gone.amount.get(), gone.balance, got.balance), (23, 35, 23));
        assert_eq!(bank.deposit_shares.get(), 10_000);

        let before = ledger(&bank);
        let (_, got) = bank.hand_over(&mut account, &mut debtor, Shares::new(30)).unwrap();
        // 35 units pay back 18 shares.
        assert_eq!((got.debt.get(), got.balance), (35, -155));
        assert_eq!((bank.deposit_shares.get(), bank.borrow_shares.get()), (9_970, 82));
        assert!((0..=2).contains(&(before - ledger(&bank))));
    }
}
