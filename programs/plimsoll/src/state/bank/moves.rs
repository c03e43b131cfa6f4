//! Moves of tokens between an account and a bank, in the ledger: each within the bank's caps and limits.

use super::{Bank, UNLIMITED};
use crate::{
    errors::{Refusal, beyond, refused},
    state::MarginAccount,
};
use anchor_lang::prelude::*;
use plimsoll_risk::{
    RiskError,
    layout::account::Balance,
    num::{Index, Ratio, Shares, TokenAmount},
    outflow::OutflowTerms,
};

const HOUR: u32 = 3_600;
const DAY: u32 = 86_400;

/// What a deposit or a withdrawal did.
#[derive(Clone, Copy, Debug)]
pub struct Moved {
    /// What moved.
    pub amount: TokenAmount,
    /// Of it, what paid back or made a debt.
    pub debt: TokenAmount,
    /// The balance afterwards, native units, owed below zero.
    pub balance: i64,
}

impl Bank {
    /// Puts an amount into an account's balance: pays back what it owes first, deposits the rest.
    ///
    /// # Errors
    /// Caps, dust, a full account; [`Refusal::Overflow`].
    pub fn deposit(&mut self, account: &mut MarginAccount, amount: TokenAmount, now: i64) -> Result<Moved> {
        self.accrue(now)?;
        let before = self.deposits()?;
        let slot = account.slot_for(self.index)?;
        let repaid = self.credit(slot, amount)?;
        self.take_in(amount)?;
        let moved = self.moved(slot, amount, repaid)?;
        self.observe_inflow(amount, before, now)?;
        self.observe_rate()?;
        Ok(moved)
    }

    /// Pays back a debt, at most all of it.
    ///
    /// # Errors
    /// [`Refusal::NothingOwed`], [`Refusal::RepaysMoreThanOwed`].
    pub fn repay(&mut self, account: &mut MarginAccount, amount: TokenAmount, now: i64) -> Result<Moved> {
        self.accrue(now)?;
        let before = self.deposits()?;
        let place = account.slot_of(self.index).ok_or(Refusal::NothingOwed)?;
        let slot = &mut account.balances[place];
        ensure!(slot.is_borrow(), Refusal::NothingOwed);
        let repaid = self.pay_back(slot, amount)?;
        if repaid < amount {
            return Err(beyond(Refusal::RepaysMoreThanOwed, amount.get(), repaid.get()));
        }
        self.take_in(amount)?;
        let moved = self.moved(slot, amount, repaid)?;
        self.observe_inflow(amount, before, now)?;
        self.observe_rate()?;
        Ok(moved)
    }

    /// Takes an amount out of an account's balance, borrowing what it does not hold if allowed.
    ///
    /// # Errors
    /// [`Refusal::WouldBorrow`], caps, the utilisation and outflow limits.
    pub fn withdraw(
        &mut self,
        account: &mut MarginAccount,
        amount: TokenAmount,
        may_borrow: bool,
        now: i64,
    ) -> Result<Moved> {
        self.accrue(now)?;
        let before = self.deposits()?;
        let slot = account.slot_for(self.index)?;
        let held = self.take_deposit(slot, amount)?;
        let borrowed = amount.saturating_sub(held);
        if borrowed > TokenAmount::ZERO {
            if !may_borrow {
                return Err(beyond(Refusal::WouldBorrow, amount.get(), held.get()));
            }
            self.add_borrow(slot, borrowed)?;
        }
        self.require_utilisation()?;
        self.pay_out(amount)?;
        let moved = self.moved(slot, amount, borrowed)?;
        self.observe_outflow(amount, before, now)?;
        self.observe_rate()?;
        Ok(moved)
    }

    /// Pays an account out of the reserves: no token moves, what was the bank's becomes a deposit.
    ///
    /// `None`, and nothing changed, where the reserves do not hold that much or the account cannot take it (caps, a full
    /// account, dust): whoever pays goes on without.
    pub fn reward(
        &mut self,
        account: &mut MarginAccount,
        amount: TokenAmount,
        now: i64,
    ) -> Result<Option<Moved>> {
        self.accrue(now)?;
        let mut after = *self;
        let Some(reserves) = self.reserves.checked_sub(amount.get()) else {
            return Ok(None);
        };
        after.reserves = reserves;
        let Ok(slot) = account.slot_for(self.index) else {
            return Ok(None);
        };
        let mut balance = *slot;
        let Ok(repaid) = after.credit(&mut balance, amount) else {
            return Ok(None);
        };
        (*self, *slot) = (after, balance);
        let moved = self.moved(slot, amount, repaid)?;
        self.observe_rate()?;
        Ok(Some(moved))
    }

    /// Pays back what a balance owes, then deposits the rest, within minimum and caps; returns what it paid back.
    #[inline]
    fn credit(&mut self, slot: &mut Balance, amount: TokenAmount) -> Result<TokenAmount> {
        let repaid = self.pay_back(slot, amount)?;
        let rest = amount.saturating_sub(repaid);
        if !rest.is_zero() {
            self.add_deposit(slot, rest)?;
        }
        Ok(repaid)
    }

    /// The same for what the protocol itself pays: no cap, minimum or dust refuses it. What is worth less than a share stays in
    /// the vault.
    pub(super) fn credit_always(&mut self, slot: &mut Balance, amount: TokenAmount) -> Result<TokenAmount> {
        let (repaid, _) = self.reduce_debt(slot, amount)?;
        let rest = amount.saturating_sub(repaid);
        if !rest.is_zero() {
            self.add_shares(slot, rest)?;
        }
        Ok(repaid)
    }

    #[inline]
    pub(super) fn moved(&self, slot: &Balance, amount: TokenAmount, debt: TokenAmount) -> Result<Moved> {
        let balance = if slot.is_borrow() {
            let owed = slot.shares.amount_up(self.borrow_index.into()).map_err(refused)?;
            i64::try_from(owed.get()).ok().and_then(i64::checked_neg)
        } else {
            let held = slot.shares.amount_down(self.deposit_index.into()).map_err(refused)?;
            i64::try_from(held.get()).ok()
        };
        Ok(Moved { amount, debt, balance: balance.ok_or(Refusal::Overflow)? })
    }

    /// Reduces a debt by at most `amount`; returns what it took.
    ///
    /// # Errors
    /// [`Refusal::DustAmount`] for less than a share.
    #[inline]
    fn pay_back(&mut self, slot: &mut Balance, amount: TokenAmount) -> Result<TokenAmount> {
        let (paid, shares) = self.reduce_debt(slot, amount)?;
        ensure!(paid.is_zero() || shares > Shares::ZERO, Refusal::DustAmount);
        Ok(paid)
    }

    /// Reduces a debt by at most `amount`; returns what it took, and the shares, rounded down: the user never gains.
    fn reduce_debt(&mut self, slot: &mut Balance, amount: TokenAmount) -> Result<(TokenAmount, Shares)> {
        if !slot.is_borrow() || slot.is_free() {
            return Ok((TokenAmount::ZERO, Shares::ZERO));
        }
        let index: Index = self.borrow_index.into();
        let owed = slot.shares.amount_up(index).map_err(refused)?;
        let paid = amount.min(owed);
        let shares = if paid == owed {
            slot.shares
        } else {
            Shares::from_amount_down(paid, index).map_err(refused)?
        };
        slot.shares = slot.shares.checked_sub(shares).map_err(refused)?;
        self.borrow_shares = self.borrow_shares.checked_sub(shares).map_err(refused)?;
        if slot.is_free() {
            *slot = bytemuck::Zeroable::zeroed();
            slot.bank = self.index;
        }
        Ok((paid, shares))
    }

    fn add_deposit(&mut self, slot: &mut Balance, amount: TokenAmount) -> Result<()> {
        if amount.get() < self.minimum_deposit {
            return Err(beyond(Refusal::BelowMinimumDeposit, amount.get(), self.minimum_deposit));
        }
        let shares = self.add_shares(slot, amount)?;
        ensure!(shares > Shares::ZERO, Refusal::DustAmount);
        within(self.deposits()?, self.deposit_cap, Refusal::DepositCap)?;
        if self.account_deposit_cap != UNLIMITED {
            let held = slot.shares.amount_down(self.deposit_index.into()).map_err(refused)?;
            within(held, self.account_deposit_cap, Refusal::AccountDepositCap)?;
        }
        Ok(())
    }

    /// Adds an amount to a deposit; returns its shares, rounded down: the user never gains.
    #[inline]
    fn add_shares(&mut self, slot: &mut Balance, amount: TokenAmount) -> Result<Shares> {
        let shares = Shares::from_amount_down(amount, self.deposit_index.into()).map_err(refused)?;
        slot.shares = slot.shares.checked_add(shares).map_err(refused)?;
        slot.borrowed = 0;
        self.deposit_shares = self.deposit_shares.checked_add(shares).map_err(refused)?;
        Ok(shares)
    }

    /// Reduces a deposit by at most `amount`; returns what it took. Shares are rounded up: the user never gains.
    pub(super) fn take_deposit(&mut self, slot: &mut Balance, amount: TokenAmount) -> Result<TokenAmount> {
        if slot.is_borrow() || slot.is_free() {
            return Ok(TokenAmount::ZERO);
        }
        let index: Index = self.deposit_index.into();
        let held = slot.shares.amount_down(index).map_err(refused)?;
        let taken = amount.min(held);
        let shares = if taken == held {
            slot.shares
        } else {
            Shares::from_amount_up(taken, index).map_err(refused)?
        };
        let shares = shares.min(slot.shares);
        slot.shares = slot.shares.checked_sub(shares).map_err(refused)?;
        self.deposit_shares = self.deposit_shares.checked_sub(shares).map_err(refused)?;
        Ok(taken)
    }

    pub(super) fn add_borrow(&mut self, slot: &mut Balance, amount: TokenAmount) -> Result<()> {
        let index: Index = self.borrow_index.into();
        let shares = Shares::from_amount_up(amount, index).map_err(refused)?;
        slot.shares = slot.shares.checked_add(shares).map_err(refused)?;
        slot.borrowed = 1;
        self.borrow_shares = self.borrow_shares.checked_add(shares).map_err(refused)?;
        within(self.borrows()?, self.borrow_cap, Refusal::BorrowCap)?;
        let owed = slot.shares.amount_up(index).map_err(refused)?;
        within(owed, self.account_borrow_cap, Refusal::AccountBorrowCap)
    }

    /// Lenders can be paid only while something of what they lent is still here.
    pub(super) fn require_utilisation(&self) -> Result<()> {
        if self.borrow_shares == Shares::ZERO {
            return Ok(());
        }
        let (deposits, borrows) = (self.deposits()?, self.borrows()?);
        let limit = deposits.mul_down(self.utilisation_limit).map_err(refused)?;
        within(borrows, limit.get(), Refusal::UtilisationLimit)
    }

    fn outflow_terms(&self, limit_ratio: Ratio, period_seconds: u32) -> OutflowTerms {
        OutflowTerms {
            limit_ratio,
            period_seconds,
            small_size: TokenAmount::new(self.small_withdrawal),
            small_share: self.small_share,
        }
    }

    /// Counts an inflow for both windows, measured on the deposits before it.
    fn observe_inflow(&mut self, amount: TokenAmount, deposits: TokenAmount, now: i64) -> Result<()> {
        let (hour, day) =
            (self.outflow_terms(self.hour_limit, HOUR), self.outflow_terms(self.day_limit, DAY));
        self.hour_outflow = self.hour_outflow.inflow(amount, &hour, deposits, now).map_err(refused)?;
        self.day_outflow = self.day_outflow.inflow(amount, &day, deposits, now).map_err(refused)?;
        Ok(())
    }

    /// Counts an outflow against both windows, measured on the deposits before it.
    fn observe_outflow(&mut self, amount: TokenAmount, deposits: TokenAmount, now: i64) -> Result<()> {
        let (hour, day) =
            (self.outflow_terms(self.hour_limit, HOUR), self.outflow_terms(self.day_limit, DAY));
        let hour_outflow = self.hour_outflow.outflow(amount, &hour, deposits, now);
        let day_outflow = self.day_outflow.outflow(amount, &day, deposits, now);
        self.hour_outflow =
            hour_outflow.map_err(|error| outflow_refused(error, Refusal::HourlyOutflow, amount))?;
        self.day_outflow =
            day_outflow.map_err(|error| outflow_refused(error, Refusal::DailyOutflow, amount))?;
        Ok(())
    }

    #[inline]
    fn take_in(&mut self, amount: TokenAmount) -> Result<()> {
        self.vault_balance = self.vault_balance.checked_add(amount).map_err(refused)?;
        Ok(())
    }

    /// Tokens leave. The earmarks stay covered: all that leaves here was taken from a deposit or lent first, with
    /// B ≤ limit · D ≤ D afterwards ([`Bank::require_utilisation`]; the limit is below 1), so what is left,
    /// D − B + R + earmarks + dust, is at least the earmarks.
    fn pay_out(&mut self, amount: TokenAmount) -> Result<()> {
        self.vault_balance = self.vault_balance.checked_sub(amount).map_err(|_| Refusal::UtilisationLimit)?;
        Ok(())
    }
}

fn within(value: TokenAmount, cap: u64, refusal: Refusal) -> Result<()> {
    if value.get() > cap {
        return Err(beyond(refusal, value.get(), cap));
    }
    Ok(())
}

/// Names the window that is full, what was asked for and what could leave now.
#[cold]
fn outflow_refused(error: RiskError, window: Refusal, amount: TokenAmount) -> Error {
    match error {
        RiskError::OutflowLimit { available } => beyond(window, amount.get(), available.get()),
        other => refused(other),
    }
}
