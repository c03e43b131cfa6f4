//! Moves of quote inside the vault: between balances, pockets, pools, insurance and fees.
//!
//! No token comes in or leaves, so no outflow window counts any of it, and `vault = D − B + R + earmarks + dust` holds
//! through each move: what one side loses another gets, rounded against the user. What the protocol pays is refused by no
//! cap, minimum or dust; what goes from lenders' deposits to an earmark, which is never lent, keeps utilisation below its limit.

use super::{Bank, Moved};
use crate::{
    errors::{Refusal, beyond, refused},
    state::MarginAccount,
};
use anchor_lang::prelude::*;
use plimsoll_risk::num::{Index, Quote, RATIO_BITS, Shares, TokenAmount, wide};

impl Bank {
    /// A loss becomes cash: takes at most `most` out of an account's balance, first its deposit, then a debt if allowed, for
    /// the markets' pools. Takes less, even nothing, where utilisation or a cap on borrows would be passed.
    ///
    /// # Errors
    /// [`Refusal::NoFreeSlot`] where the debt would need one; [`Refusal::Overflow`].
    pub fn pay_loss(
        &mut self,
        account: &mut MarginAccount,
        most: TokenAmount,
        may_borrow: bool,
        now: i64,
    ) -> Result<Moved> {
        self.accrue(now)?;
        let amount = self.payable(account, most, may_borrow)?;
        if amount.is_zero() {
            return self.nothing_moved(account);
        }
        let slot = account.slot_for(self.index)?;
        let borrowed = amount.saturating_sub(self.take_deposit(slot, amount)?);
        if !borrowed.is_zero() {
            self.add_borrow(slot, borrowed)?;
        }
        self.require_utilisation()?;
        self.pools = self.pools.checked_add(amount).map_err(refused)?;
        self.observe_rate()?;
        self.moved(slot, amount, borrowed)
    }

    /// A gain becomes cash: pays it out of the markets' pools into an account's balance, its debt first.
    ///
    /// # Errors
    /// [`Refusal::NoFreeSlot`]; [`Refusal::Overflow`] for more than the pools hold.
    pub fn pay_gain(&mut self, account: &mut MarginAccount, amount: TokenAmount, now: i64) -> Result<Moved> {
        self.pools = self.pools.checked_sub(amount).map_err(refused)?;
        self.pay(account, amount, now)
    }

    /// An isolated position's loss: its pocket pays the pools. The pocket covers it: the caller has seen to that.
    ///
    /// # Errors
    /// [`Refusal::Overflow`].
    pub fn pocket_pays(&mut self, amount: TokenAmount) -> Result<()> {
        self.pockets = self.pockets.checked_sub(amount).map_err(refused)?;
        self.pools = self.pools.checked_add(amount).map_err(refused)?;
        Ok(())
    }

    /// An isolated position's gain: the pools pay its pocket.
    ///
    /// # Errors
    /// [`Refusal::Overflow`] for more than the pools hold.
    pub fn pocket_gains(&mut self, amount: TokenAmount) -> Result<()> {
        self.pools = self.pools.checked_sub(amount).map_err(refused)?;
        self.pockets = self.pockets.checked_add(amount).map_err(refused)?;
        Ok(())
    }

    /// Takes an amount out of an account's deposit for a pocket; a pocket is never filled on credit.
    ///
    /// # Errors
    /// [`Refusal::WouldBorrow`] for more than the account holds; [`Refusal::UtilisationLimit`]: a pocket is not lent.
    pub fn fill_pocket(
        &mut self,
        account: &mut MarginAccount,
        amount: TokenAmount,
        now: i64,
    ) -> Result<Moved> {
        let moved = self.set_aside(account, amount, now)?;
        self.pockets = self.pockets.checked_add(amount).map_err(refused)?;
        Ok(moved)
    }

    /// Takes an amount out of an account's deposit for the insurance fund; nobody stakes on credit.
    ///
    /// # Errors
    /// As [`Bank::fill_pocket`].
    pub fn fill_insurance(
        &mut self,
        account: &mut MarginAccount,
        amount: TokenAmount,
        now: i64,
    ) -> Result<Moved> {
        let moved = self.set_aside(account, amount, now)?;
        self.insurance = self.insurance.checked_add(amount).map_err(refused)?;
        Ok(moved)
    }

    /// Takes out of an account's deposit what becomes an earmark.
    #[inline(never)]
    fn set_aside(&mut self, account: &mut MarginAccount, amount: TokenAmount, now: i64) -> Result<Moved> {
        self.accrue(now)?;
        let held = self.held_by(account)?;
        if held < amount {
            return Err(beyond(Refusal::WouldBorrow, amount.get(), held.get()));
        }
        let slot = account.slot_for(self.index)?;
        self.take_deposit(slot, amount)?;
        self.require_utilisation()?;
        self.observe_rate()?;
        self.moved(slot, amount, TokenAmount::ZERO)
    }

    /// Pays an amount that came out of a pocket into its account's balance, its debt first.
    ///
    /// # Errors
    /// [`Refusal::NoFreeSlot`]; [`Refusal::Overflow`] for more than all pockets hold.
    pub fn empty_pocket(
        &mut self,
        account: &mut MarginAccount,
        amount: TokenAmount,
        now: i64,
    ) -> Result<Moved> {
        self.pockets = self.pockets.checked_sub(amount).map_err(refused)?;
        self.pay(account, amount, now)
    }

    /// Pays an amount out of the insurance fund into an account's balance, its debt first.
    ///
    /// # Errors
    /// [`Refusal::NoFreeSlot`]; [`Refusal::Overflow`] for more than all insurance.
    pub fn empty_insurance(
        &mut self,
        account: &mut MarginAccount,
        amount: TokenAmount,
        now: i64,
    ) -> Result<Moved> {
        self.insurance = self.insurance.checked_sub(amount).map_err(refused)?;
        self.pay(account, amount, now)
    }

    /// Revenue of the insurance fund, or of a market's part of it, leaves the markets' pools.
    ///
    /// # Errors
    /// [`Refusal::Overflow`] for more than the pools hold.
    pub fn insurance_earns(&mut self, amount: TokenAmount) -> Result<()> {
        self.pools = self.pools.checked_sub(amount).map_err(refused)?;
        self.insurance = self.insurance.checked_add(amount).map_err(refused)?;
        Ok(())
    }

    /// The insurance fund, or a market's part of it, pays a loss into the markets' pools.
    ///
    /// # Errors
    /// [`Refusal::Overflow`] for more than all insurance.
    pub fn insurance_pays(&mut self, amount: TokenAmount) -> Result<()> {
        self.insurance = self.insurance.checked_sub(amount).map_err(refused)?;
        self.pools = self.pools.checked_add(amount).map_err(refused)?;
        Ok(())
    }

    /// Fees move from the markets' pools to the exchange.
    ///
    /// # Errors
    /// [`Refusal::Overflow`] for more than the pools hold.
    pub fn collect_fees(&mut self, amount: TokenAmount) -> Result<()> {
        self.pools = self.pools.checked_sub(amount).map_err(refused)?;
        self.fees = self.fees.checked_add(amount).map_err(refused)?;
        Ok(())
    }

    /// All collected fees leave the vault. The outflow windows do not count them: those hold back depositors' money, and
    /// fees are nobody's deposit.
    ///
    /// # Errors
    /// [`Refusal::Overflow`] for more than the vault holds.
    pub fn release_fees(&mut self) -> Result<TokenAmount> {
        let amount = self.fees;
        self.vault_balance = self.vault_balance.checked_sub(amount).map_err(refused)?;
        self.fees = TokenAmount::ZERO;
        Ok(amount)
    }

    /// One account pays another out of its deposit, at most what it holds: never on credit. Returns what happened to each.
    ///
    /// Nothing moves where the payee has no free slot, and where so much rounding would be lost that lenders would own less
    /// than borrowers owe: whoever pays goes on without.
    ///
    /// # Errors
    /// [`Refusal::Overflow`].
    pub fn pass_on(
        &mut self,
        from: &mut MarginAccount,
        to: &mut MarginAccount,
        most: TokenAmount,
        now: i64,
    ) -> Result<(Moved, Moved)> {
        self.accrue(now)?;
        let amount = most.min(self.held_by(from)?);
        let paid = if amount.is_zero() { None } else { self.try_to_pass(from, to, amount)? };
        match paid {
            Some(both) => Ok(both),
            None => Ok((self.nothing_moved(from)?, self.nothing_moved(to)?)),
        }
    }

    /// An isolated position pays another account out of its pocket, at most what it holds. Returns what happened to that
    /// account; nothing where it has no free slot.
    ///
    /// # Errors
    /// [`Refusal::Overflow`].
    pub fn pass_on_from_pocket(
        &mut self,
        pocket: &mut Quote,
        to: &mut MarginAccount,
        most: TokenAmount,
        now: i64,
    ) -> Result<Moved> {
        self.accrue(now)?;
        let amount = most.min(TokenAmount::new((*pocket).max(Quote::ZERO).magnitude()));
        let has_room = to.slot_of(self.index).is_some() || to.free_slots() > 0;
        if amount.is_zero() || !has_room {
            return self.nothing_moved(to);
        }
        let amount_in_quote = Quote::from_unsigned(amount.get()).map_err(refused)?;
        *pocket = pocket.checked_sub(amount_in_quote).map_err(refused)?;
        self.empty_pocket(to, amount, now)
    }

    /// Pays into an account's balance what was an earmark until now.
    fn pay(&mut self, account: &mut MarginAccount, amount: TokenAmount, now: i64) -> Result<Moved> {
        self.accrue(now)?;
        let slot = account.slot_for(self.index)?;
        let repaid = self.credit_always(slot, amount)?;
        self.observe_rate()?;
        self.moved(slot, amount, repaid)
    }

    /// Moves an amount that `from` holds. `None`, and nothing changed, where that cannot be.
    fn try_to_pass(
        &mut self,
        from: &mut MarginAccount,
        to: &mut MarginAccount,
        amount: TokenAmount,
    ) -> Result<Option<(Moved, Moved)>> {
        let (Ok(payer), Ok(payee)) = (from.slot_for(self.index), to.slot_for(self.index)) else {
            return Ok(None);
        };
        let (mut after, mut paid, mut credited) = (*self, *payer, *payee);
        after.take_deposit(&mut paid, amount)?;
        let repaid = after.credit_always(&mut credited, amount)?;
        // Deposits lose a share's rounding on each side; a debt that is paid back takes as much off both totals.
        if after.borrow_shares > Shares::ZERO && after.borrows()? > after.deposits()? {
            return Ok(None);
        }
        (*self, *payer, *payee) = (after, paid, credited);
        self.observe_rate()?;
        Ok(Some((self.moved(payer, amount, TokenAmount::ZERO)?, self.moved(payee, amount, repaid)?)))
    }

    fn nothing_moved(&self, account: &MarginAccount) -> Result<Moved> {
        match account.slot_of(self.index).and_then(|place| account.balances.get(place)) {
            Some(slot) => self.moved(slot, TokenAmount::ZERO, TokenAmount::ZERO),
            None => Ok(Moved { amount: TokenAmount::ZERO, debt: TokenAmount::ZERO, balance: 0 }),
        }
    }

    /// Most of `most` that can go from an account's balance to an earmark: its deposit, then a debt if allowed, as far as
    /// utilisation and the caps on borrows allow.
    fn payable(&self, account: &MarginAccount, most: TokenAmount, may_borrow: bool) -> Result<TokenAmount> {
        let wanted = most.min(self.held_by(account)?);
        let from_deposit = wanted.min(self.unlent()?);
        if from_deposit < wanted || from_deposit == most || !may_borrow {
            return Ok(from_deposit);
        }
        let room = self.room_to_borrow(self.owed_by(account)?, from_deposit)?;
        let borrowed = most.saturating_sub(from_deposit).min(room);
        from_deposit.checked_add(borrowed).map_err(refused)
    }

    /// How much of the deposits may go before what is lent of them passes the utilisation limit, rounded down.
    fn unlent(&self) -> Result<TokenAmount> {
        if self.borrow_shares == Shares::ZERO {
            return Ok(TokenAmount::MAX);
        }
        let limit = u64::from(self.utilisation_limit.get());
        let needed = wide::mul_div_up(self.borrows()?.get(), 1 << RATIO_BITS, limit).unwrap_or(u64::MAX);
        let kept = TokenAmount::new(needed.saturating_add(one_share(self.deposit_index.into())));
        Ok(self.deposits()?.saturating_sub(kept))
    }

    /// How much an account that owes so much may borrow once `leaving` has left the deposits, rounded down.
    fn room_to_borrow(&self, owed: TokenAmount, leaving: TokenAmount) -> Result<TokenAmount> {
        let left = leaving.get().saturating_add(one_share(self.deposit_index.into()));
        let left = self.deposits()?.saturating_sub(TokenAmount::new(left));
        let lendable = left.mul_down(self.utilisation_limit).map_err(refused)?.get();
        let lent = self.borrows()?.get();
        let room = lendable.min(self.borrow_cap).saturating_sub(lent);
        let room = room.min(self.account_borrow_cap.saturating_sub(owed.get()));
        Ok(TokenAmount::new(room.saturating_sub(one_share(self.borrow_index.into()))))
    }
}

/// What rounding to whole shares may cost a total, native units: less than one share is worth, and one.
fn one_share(index: Index) -> u64 {
    index.split().0.saturating_add(1)
}
