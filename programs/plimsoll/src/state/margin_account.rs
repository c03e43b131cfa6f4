//! The margin account of the engine, as an account of this program.

use super::zero_copy::{account, account_around};
use crate::errors::Refusal;
use anchor_lang::prelude::*;
use plimsoll_risk::layout::account::Balance;

account_around! {
    /// One person's balances, positions and orders.
    MarginAccount, plimsoll_risk::layout::account::MarginAccount, b"marginac"
}

/// What an owner may let a delegate do: bits of `delegate_scope`.
pub mod scope {
    /// Place orders and change positions.
    pub const TRADE: u32 = 1;
    /// Cancel orders.
    pub const CANCEL: u32 = 1 << 1;
    /// Deposit into slots that the account does not use yet.
    pub const DEPOSIT: u32 = 1 << 2;
    /// Every bit that means something.
    pub const ALL: u32 = TRADE | CANCEL | DEPOSIT;
}

/// Slots that a stranger's deposit must leave free.
pub const SLOTS_KEPT_FROM_STRANGERS: usize = 8;

impl MarginAccount {
    /// Seed of its address, before exchange, owner and number.
    pub const SEED: &'static [u8] = b"account";

    /// # Errors
    /// [`Refusal::NotTheOwner`] for anybody else, delegates included.
    pub fn require_owner(&self, signer: &Pubkey) -> Result<()> {
        ensure!(self.header.owner.0 == signer.to_bytes(), Refusal::NotTheOwner);
        Ok(())
    }

    /// Whether the signer may do what `scope` names, as owner or as delegate.
    pub fn allows(&self, signer: &Pubkey, scope: u32, now: i64) -> bool {
        let signer = signer.to_bytes();
        self.header.owner.0 == signer
            || (self.header.delegate.0 == signer
                && self.header.delegate_scope & scope == scope
                && now < self.header.delegate_expires_at)
    }

    /// Number for the account's next event.
    pub fn next_event(&mut self) -> u64 {
        self.header.sequence = self.header.sequence.wrapping_add(1); // a counter, never a quantity
        self.header.sequence
    }

    /// The slot that holds a bank's balance.
    pub fn slot_of(&self, bank: u8) -> Option<usize> {
        self.balances.iter().position(|slot| !slot.is_free() && slot.bank == bank)
    }

    /// Free slots for balances.
    pub fn free_slots(&self) -> usize {
        self.balances.iter().filter(|slot| slot.is_free()).count()
    }

    /// The slot that holds a bank's balance, or a free one.
    ///
    /// # Errors
    /// [`Refusal::NoFreeSlot`] where all slots hold other tokens.
    pub fn slot_for(&mut self, bank: u8) -> Result<&mut Balance> {
        let place = self
            .slot_of(bank)
            .or_else(|| self.balances.iter().position(Balance::is_free))
            .ok_or(Refusal::NoFreeSlot)?;
        let slot = self.balances.get_mut(place).ok_or(Refusal::NoFreeSlot)?;
        slot.bank = bank;
        Ok(slot)
    }

    /// Whether somebody owes something or risks something here: then a withdrawal needs a margin check.
    pub fn has_risk(&self) -> bool {
        self.balances.iter().any(|slot| !slot.is_free() && slot.is_borrow())
            || self.positions.iter().any(|position| position.flags != 0)
    }

    /// # Errors
    /// [`Refusal::AccountNotEmpty`] while it holds a balance, a position or an order.
    pub fn require_empty(&self) -> Result<()> {
        let empty = self.balances.iter().all(Balance::is_free)
            && self.positions.iter().all(|position| position.flags == 0)
            && self.header.orders_in_use == 0
            && self.header.triggers_in_use == 0;
        ensure!(empty, Refusal::AccountNotEmpty);
        Ok(())
    }
}
