//! What a bankruptcy does to a bank: deposits are seized, debts go, and somebody bears them.
//!
//! No token comes in or leaves, and `vault = D − B + R + earmarks + dust` holds through each: what a debt was falls off B,
//! and reserves, insurance and lenders together lose that much, rounded against them by less than a unit each.

use super::Bank;
use crate::{
    errors::{Refusal, beyond, refused},
    state::MarginAccount,
};
use anchor_lang::prelude::*;
use plimsoll_risk::{
    layout::account::Balance,
    num::{Index, Shares, TokenAmount},
    waterfall::{BorrowLoss, haircut},
};

impl Bank {
    /// All that an account deposited of the quote token goes to the pools, for whoever it owes. Returns that, rounded down.
    ///
    /// # Errors
    /// [`Refusal::UtilisationLimit`] where so much of it is lent that lenders would own less than borrowers owe.
    pub fn seize(&mut self, account: &mut MarginAccount) -> Result<TokenAmount> {
        let Some(place) = account.slot_of(self.index) else { return Ok(TokenAmount::ZERO) };
        let slot = &mut account.balances[place];
        if slot.is_borrow() {
            return Ok(TokenAmount::ZERO);
        }
        let amount = self.take_all(slot)?;
        self.pools = self.pools.checked_add(amount).map_err(refused)?;
        let is_covered = self.borrow_shares == Shares::ZERO || self.borrows()? <= self.deposits()?;
        ensure!(is_covered, Refusal::UtilisationLimit);
        Ok(amount)
    }

    /// A deposit too small to be liquidated goes to the reserves. Returns it, rounded down.
    ///
    /// # Errors
    /// [`Refusal::Overflow`].
    pub fn forfeit(&mut self, slot: &mut Balance) -> Result<TokenAmount> {
        let amount = self.take_all(slot)?;
        self.reserves = self.reserves.checked_add(amount.get()).ok_or(Refusal::Overflow)?;
        self.observe_rate()?;
        Ok(amount)
    }

    /// Takes tokens that the insurance fund buys out of the seller's deposit: they pay a debt back ([`Bank::write_off`]).
    ///
    /// # Errors
    /// [`Refusal::BringTokens`] for more than the seller holds.
    pub fn buy_from(&mut self, seller: &mut MarginAccount, amount: TokenAmount) -> Result<()> {
        if amount.is_zero() {
            return Ok(());
        }
        let held = self.held_by(seller)?;
        if held < amount {
            return Err(beyond(Refusal::BringTokens, amount.get(), held.get()));
        }
        self.take_deposit(seller.slot_for(self.index)?, amount)?;
        Ok(())
    }

    /// A whole debt goes: reserves and lenders bear their parts of it; what was bought has been taken already. The board's
    /// copy has to follow where lenders bear any, or it would be ahead.
    ///
    /// # Errors
    /// [`Refusal::Overflow`] for more than there is.
    #[inline(never)]
    pub fn write_off(&mut self, slot: &mut Balance, loss: &BorrowLoss) -> Result<()> {
        self.borrow_shares = self.borrow_shares.checked_sub(slot.shares).map_err(refused)?;
        *slot = bytemuck::Zeroable::zeroed();
        self.reserves = self.reserves.checked_sub(loss.reserves.get()).ok_or(Refusal::Overflow)?;
        let index: Index = self.deposit_index.into();
        self.deposit_index = haircut(index, self.deposit_shares, loss.lenders).map_err(refused)?.into();
        self.observe_rate()
    }

    /// What the pools hold and no market owns becomes insurance.
    ///
    /// # Errors
    /// [`Refusal::Overflow`] for more than the pools hold.
    pub fn pools_insure(&mut self, amount: TokenAmount) -> Result<()> {
        self.pools = self.pools.checked_sub(amount).map_err(refused)?;
        self.insurance = self.insurance.checked_add(amount).map_err(refused)?;
        Ok(())
    }

    fn take_all(&mut self, slot: &mut Balance) -> Result<TokenAmount> {
        let amount = slot.shares.amount_down(self.deposit_index.into()).map_err(refused)?;
        self.deposit_shares = self.deposit_shares.checked_sub(slot.shares).map_err(refused)?;
        *slot = bytemuck::Zeroable::zeroed();
        Ok(amount)
    }
}
