//! A bank: one collateral token's vault, its deposits and borrows, its limits.

use super::{margin_account::MarginAccount, zero_copy::account};
use crate::errors::{Refusal, beyond, refused};
use anchor_lang::prelude::*;
use plimsoll_risk::{
    interest::{self, BankLedger, RateCurve},
    layout::{Key, account::Balance},
    num::{Index, Ratio, Shares, StoredIndex, TokenAmount},
    outflow::{OutflowTerms, OutflowWindow},
};

/// The vault held less than the ledger: no tokens come in or leave until the admin resumes the bank.
pub const VAULT_SHORT: u8 = 1;
/// No cap.
pub const UNLIMITED: u64 = u64::MAX;

const HOUR: u32 = 3_600;
const DAY: u32 = 86_400;

plimsoll_risk::layout! {
    /// One collateral token.
    pub struct Bank {
        /// The exchange that it belongs to.
        pub exchange: Key,
        /// The exchange's risk board.
        pub board: Key,
        /// The token.
        pub mint: Key,
        /// The token account that holds all of it; its authority is the bank.
        pub vault: Key,
        /// SPL Token or Token-2022.
        pub token_program: Key,
        /// What a deposit share is worth, 2^-64 native units.
        pub deposit_index: StoredIndex,
        /// What a borrow share owes, 2^-64 native units.
        pub borrow_index: StoredIndex,
        /// All deposit shares.
        pub deposit_shares: Shares,
        /// All borrow shares.
        pub borrow_shares: Shares,
        /// Interest kept back, native units.
        pub reserves: u64,
        /// The same below one unit, 2^-64.
        pub reserves_fraction: u64,
        /// What the vault has to hold, native units.
        pub vault_balance: TokenAmount,
        /// Parts of the quote vault that are nobody's deposit: isolated positions' pockets.
        pub pockets: TokenAmount,
        /// The same: markets' PnL pools.
        pub pools: TokenAmount,
        /// The same: the insurance fund and its tranches.
        pub insurance: TokenAmount,
        /// The same: fees collected and not paid out yet.
        pub fees: TokenAmount,
        /// Until when interest is accrued, unix seconds.
        pub accrued_at: i64,
        /// Number of the bank's last event.
        pub sequence: u64,
        /// Most that may be deposited in all.
        pub deposit_cap: u64,
        /// Most that one account may hold.
        pub account_deposit_cap: u64,
        /// Most that may be borrowed in all.
        pub borrow_cap: u64,
        /// Most that one account may owe.
        pub account_borrow_cap: u64,
        /// Least deposit.
        pub minimum_deposit: u64,
        /// Withdrawals up to this size may use the whole outflow limit.
        pub small_withdrawal: u64,
        /// Net outflow of the running hour.
        pub hour_outflow: OutflowWindow,
        /// Net outflow of the running day.
        pub day_outflow: OutflowWindow,
        /// Annual borrow rate since `accrued_at`: the one observed at the last change of utilisation.
        pub borrow_rate: Ratio,
        /// First kink of the rate curve, a utilisation.
        pub kink1: Ratio,
        /// Second kink of the rate curve, a utilisation.
        pub kink2: Ratio,
        /// Annual rate at no utilisation.
        pub rate0: Ratio,
        /// Annual rate at the first kink.
        pub rate1: Ratio,
        /// Annual rate at the second kink.
        pub rate2: Ratio,
        /// Annual rate at full utilisation.
        pub rate3: Ratio,
        /// Part of the interest that is kept back.
        pub reserve_factor: Ratio,
        /// Most of the deposits that may be lent.
        pub utilisation_limit: Ratio,
        /// Most net outflow an hour, of the deposits.
        pub hour_limit: Ratio,
        /// Most net outflow a day, of the deposits.
        pub day_limit: Ratio,
        /// Part of the outflow limits that large withdrawals cannot use.
        pub small_share: Ratio,
        /// Its place on the board.
        pub index: u8,
        /// Decimals of the token.
        pub decimals: u8,
        /// The canonical bump of its address.
        pub bump: u8,
        /// The canonical bump of the vault's address.
        pub vault_bump: u8,
        /// State bits.
        pub flags: u8,
        /// 1 for Token-2022.
        pub token_2022: u8,
        /// Unused, zero.
        pub reserved: [u8; 2],
        /// Unused, zero.
        pub spare: [u8; 256],
    }
}

account!(Bank, b"bankbank");

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
    /// Seed of its address, before exchange and mint.
    pub const SEED: &'static [u8] = b"bank";
    /// Seed of its vault's address, before the bank.
    pub const VAULT_SEED: &'static [u8] = b"vault";

    /// The rate curve.
    pub fn curve(&self) -> RateCurve {
        RateCurve {
            kink1: self.kink1,
            kink2: self.kink2,
            rate0: self.rate0,
            rate1: self.rate1,
            rate2: self.rate2,
            rate3: self.rate3,
        }
    }

    /// All deposits in native units, rounded down.
    pub fn deposits(&self) -> Result<TokenAmount> {
        self.deposit_shares.amount_down(self.deposit_index.into()).map_err(refused)
    }

    /// All borrows in native units, rounded up.
    pub fn borrows(&self) -> Result<TokenAmount> {
        self.borrow_shares.amount_up(self.borrow_index.into()).map_err(refused)
    }

    /// # Errors
    /// [`Refusal::VaultShortfall`] once its vault was found short.
    pub fn require_whole(&self) -> Result<()> {
        ensure!(self.flags & VAULT_SHORT == 0, Refusal::VaultShortfall);
        Ok(())
    }

    /// Number for the bank's next event.
    pub fn next_event(&mut self) -> u64 {
        self.sequence = self.sequence.wrapping_add(1); // a counter, never a quantity
        self.sequence
    }

    /// Accrues interest up to now at the rate observed at the last change of utilisation (DESIGN §3).
    ///
    /// # Errors
    /// [`Refusal::Overflow`] where an index would leave its range.
    pub fn accrue(&mut self, now: i64) -> Result<()> {
        let elapsed = now.saturating_sub(self.accrued_at);
        if elapsed <= 0 {
            return Ok(());
        }
        self.accrued_at = now;
        if self.borrow_shares == Shares::ZERO {
            return Ok(());
        }
        let ledger = BankLedger {
            deposit_index: self.deposit_index.into(),
            borrow_index: self.borrow_index.into(),
            deposit_shares: self.deposit_shares,
            borrow_shares: self.borrow_shares,
            reserves: self.reserves,
            reserves_fraction: self.reserves_fraction,
        };
        let after =
            ledger.accrue(self.borrow_rate, self.reserve_factor, elapsed.unsigned_abs()).map_err(refused)?;
        self.deposit_index = after.deposit_index.into();
        self.borrow_index = after.borrow_index.into();
        self.reserves = after.reserves;
        self.reserves_fraction = after.reserves_fraction;
        Ok(())
    }

    /// Observes the rate that stands from now on: after every change of deposits, borrows or the curve.
    pub fn observe_rate(&mut self) -> Result<()> {
        self.borrow_rate = if self.borrow_shares == Shares::ZERO {
            self.rate0
        } else {
            self.curve().rate(interest::utilisation(self.deposits()?, self.borrows()?)).map_err(refused)?
        };
        Ok(())
    }

    /// Puts an amount into an account's balance: pays back what it owes first, deposits the rest.
    ///
    /// # Errors
    /// Caps, dust, a full account; [`Refusal::Overflow`].
    pub fn deposit(&mut self, account: &mut MarginAccount, amount: TokenAmount, now: i64) -> Result<Moved> {
        self.accrue(now)?;
        let before = self.deposits()?;
        let slot = account.slot_for(self.index)?;
        let repaid = self.pay_back(slot, amount)?;
        let rest = amount.saturating_sub(repaid);
        if rest > TokenAmount::ZERO {
            self.add_deposit(slot, rest)?;
        }
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
    /// Pays nothing where the reserves do not hold that much.
    pub fn reward(
        &mut self,
        account: &mut MarginAccount,
        amount: TokenAmount,
        now: i64,
    ) -> Result<TokenAmount> {
        self.accrue(now)?;
        let Some(reserves) = self.reserves.checked_sub(amount.get()) else {
            return Ok(TokenAmount::ZERO);
        };
        self.reserves = reserves;
        let slot = account.slot_for(self.index)?;
        let repaid = self.pay_back(slot, amount)?;
        let rest = amount.saturating_sub(repaid);
        if !rest.is_zero() {
            self.add_deposit(slot, rest)?;
        }
        self.observe_rate()?;
        Ok(amount)
    }

    /// What an account holds in this bank, native units rounded down; 0 if it owes.
    pub fn held_by(&self, account: &MarginAccount) -> Result<TokenAmount> {
        match account.slot_of(self.index) {
            Some(place) if !account.balances[place].is_borrow() => {
                account.balances[place].shares.amount_down(self.deposit_index.into()).map_err(refused)
            }
            _ => Ok(TokenAmount::ZERO),
        }
    }

    /// What an account owes in this bank, native units rounded up; 0 if it holds.
    pub fn owed_by(&self, account: &MarginAccount) -> Result<TokenAmount> {
        match account.slot_of(self.index) {
            Some(place) if account.balances[place].is_borrow() => {
                account.balances[place].shares.amount_up(self.borrow_index.into()).map_err(refused)
            }
            _ => Ok(TokenAmount::ZERO),
        }
    }

    fn moved(&self, slot: &Balance, amount: TokenAmount, debt: TokenAmount) -> Result<Moved> {
        let balance = if slot.is_borrow() {
            let owed = slot.shares.amount_up(self.borrow_index.into()).map_err(refused)?;
            i64::try_from(owed.get()).ok().and_then(i64::checked_neg)
        } else {
            let held = slot.shares.amount_down(self.deposit_index.into()).map_err(refused)?;
            i64::try_from(held.get()).ok()
        };
        Ok(Moved { amount, debt, balance: balance.ok_or(Refusal::Overflow)? })
    }

    /// Reduces a debt by at most `amount`; returns what it took. Shares are rounded down: the user never gains.
    fn pay_back(&mut self, slot: &mut Balance, amount: TokenAmount) -> Result<TokenAmount> {
        if !slot.is_borrow() || slot.is_free() {
            return Ok(TokenAmount::ZERO);
        }
        let index: Index = self.borrow_index.into();
        let owed = slot.shares.amount_up(index).map_err(refused)?;
        let paid = amount.min(owed);
        let shares = if paid == owed {
            slot.shares
        } else {
            Shares::from_amount_down(paid, index).map_err(refused)?
        };
        ensure!(shares > Shares::ZERO, Refusal::DustAmount);
        slot.shares = slot.shares.checked_sub(shares).map_err(refused)?;
        self.borrow_shares = self.borrow_shares.checked_sub(shares).map_err(refused)?;
        if slot.is_free() {
            *slot = bytemuck::Zeroable::zeroed();
            slot.bank = self.index;
        }
        Ok(paid)
    }

    fn add_deposit(&mut self, slot: &mut Balance, amount: TokenAmount) -> Result<()> {
        if amount.get() < self.minimum_deposit {
            return Err(beyond(Refusal::BelowMinimumDeposit, amount.get(), self.minimum_deposit));
        }
        let index: Index = self.deposit_index.into();
        let shares = Shares::from_amount_down(amount, index).map_err(refused)?;
        ensure!(shares > Shares::ZERO, Refusal::DustAmount);
        slot.shares = slot.shares.checked_add(shares).map_err(refused)?;
        slot.borrowed = 0;
        self.deposit_shares = self.deposit_shares.checked_add(shares).map_err(refused)?;
        within(self.deposits()?, self.deposit_cap, Refusal::DepositCap)?;
        if self.account_deposit_cap != UNLIMITED {
            let held = slot.shares.amount_down(index).map_err(refused)?;
            within(held, self.account_deposit_cap, Refusal::AccountDepositCap)?;
        }
        Ok(())
    }

    /// Reduces a deposit by at most `amount`; returns what it took. Shares are rounded up: the user never gains.
    fn take_deposit(&mut self, slot: &mut Balance, amount: TokenAmount) -> Result<TokenAmount> {
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

    fn add_borrow(&mut self, slot: &mut Balance, amount: TokenAmount) -> Result<()> {
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
    fn require_utilisation(&self) -> Result<()> {
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
        self.hour_outflow =
            self.hour_outflow.outflow(amount, &hour, deposits, now).map_err(|_| Refusal::HourlyOutflow)?;
        self.day_outflow =
            self.day_outflow.outflow(amount, &day, deposits, now).map_err(|_| Refusal::DailyOutflow)?;
        Ok(())
    }

    fn take_in(&mut self, amount: TokenAmount) -> Result<()> {
        self.vault_balance = self.vault_balance.checked_add(amount).map_err(refused)?;
        Ok(())
    }

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
