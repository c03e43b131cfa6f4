//! The margin account of the engine, as an account of this program.

use super::zero_copy::{account, account_around};
use crate::errors::{Refusal, refused};
use anchor_lang::prelude::*;
use plimsoll_risk::{
    fill,
    layout::{
        account::{ACCOUNT_INSOLVENT, Balance, MAX_ORDERS, OpenOrder, PocketFlag, Position, TriggerOrder},
        market::MarketTerms,
    },
    liquidation::Flag,
};

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
        ensure!(self.header.owner.is(signer.as_array()), Refusal::NotTheOwner);
        Ok(())
    }

    /// Whether the signer may do what `scope` names, as owner or as delegate.
    #[inline]
    pub fn allows(&self, signer: &Pubkey, scope: u32, now: i64) -> bool {
        let signer = signer.as_array();
        self.header.owner.is(signer)
            || (self.header.delegate.is(signer)
                && self.header.delegate_scope & scope == scope
                && now < self.header.delegate_expires_at)
    }

    /// # Errors
    /// [`Refusal::NotATrader`] unless the signer is the owner, or the delegate within this scope and its time.
    pub fn require_trader(&self, signer: &Pubkey, scope: u32, now: i64) -> Result<()> {
        ensure!(self.allows(signer, scope, now), Refusal::NotATrader);
        Ok(())
    }

    /// A sign of life: whoever acts for the owner moves the dead man's deadline.
    pub fn shows_life(&mut self, now: i64) {
        let header = &mut self.header;
        if header.dead_man_seconds != 0 {
            header.dead_man_deadline = now.saturating_add(i64::from(header.dead_man_seconds));
        }
    }

    /// Whether its owner has been silent for longer than he allowed.
    pub fn is_silent(&self, now: i64) -> bool {
        self.header.dead_man_deadline != 0 && self.header.dead_man_deadline <= now
    }

    /// Number for the account's next event.
    pub fn next_event(&mut self) -> u64 {
        self.header.sequence = self.header.sequence.wrapping_add(1); // a counter, never a quantity
        self.header.sequence
    }

    /// The slot that holds a bank's balance.
    #[inline]
    pub fn slot_of(&self, bank: u8) -> Option<usize> {
        self.balances.iter().position(|slot| !slot.is_free() && slot.bank == bank)
    }

    /// Free slots for balances.
    #[inline]
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

    /// The place of the position in a market.
    #[inline]
    pub fn place_of(&self, market: u8) -> Option<usize> {
        self.positions.iter().position(|position| position.market == market && position.flags != 0)
    }

    /// The position in a market, and its place.
    ///
    /// # Errors
    /// [`Refusal::NoPosition`] where there is none.
    pub fn position_in(&mut self, market: u8) -> Result<(usize, &mut Position)> {
        let place = self.place_of(market).ok_or(Refusal::NoPosition)?;
        let position = self.positions.get_mut(place).ok_or(Refusal::NoPosition)?;
        Ok((place, position))
    }

    /// The position in a market, and its place; a new one where there is none.
    ///
    /// # Errors
    /// [`Refusal::NoFreePosition`] where all slots are in use.
    pub fn position_for(&mut self, market: u8, terms: &MarketTerms) -> Result<(usize, &mut Position)> {
        let (place, is_new) = match self.place_of(market) {
            Some(place) => (place, false),
            None => {
                (self.positions.iter().position(|it| it.flags == 0).ok_or(Refusal::NoFreePosition)?, true)
            }
        };
        let position = self.positions.get_mut(place).ok_or(Refusal::NoFreePosition)?;
        if is_new {
            fill::open(position, market, terms).map_err(refused)?;
        }
        Ok((place, position))
    }

    /// Gives a position's slot back once nothing is left of it: no lots, orders, PnL. An isolated one stays what its owner
    /// made it, until he makes it cross again.
    pub fn tidy(&mut self, place: usize) {
        let done = |position: &&mut Position| position.is_done() && !position.is_isolated();
        if let Some(position) = self.positions.get_mut(place).filter(done) {
            *position = bytemuck::Zeroable::zeroed();
            if let Some(flag) = self.pocket_flags.get_mut(place) {
                *flag = PocketFlag::NONE;
            }
        }
    }

    /// What answers for the position at a place, and when that was flagged and last shown to be in danger: its own pocket,
    /// or the account's cross part, also for a place without a position.
    #[inline]
    pub fn scope_flag(&self, place: usize) -> Flag {
        match self.positions.get(place).filter(|position| position.is_isolated()) {
            Some(_) => Flag::from(self.pocket_flags.get(place).unwrap_or(&PocketFlag::NONE)),
            None => self.cross_flag(),
        }
    }

    /// When the account's cross part was flagged and last shown to be in danger.
    #[inline]
    pub fn cross_flag(&self) -> Flag {
        Flag::from(&self.header)
    }

    /// Whether what answers for a market's position is flagged now: then nothing new of it may rest, and anyone cancels its
    /// orders. For a market without a position the cross part answers.
    pub fn is_flagged_in(&self, market: u8, now: i64) -> bool {
        self.scope_flag(self.place_of(market).unwrap_or(usize::MAX)).is_live(now)
    }

    /// Whether anything of the account was ever flagged and not cleared since: what nearly always saves looking further.
    #[inline]
    pub fn has_flags(&self) -> bool {
        let pockets = self.pocket_flags.iter().fold(0, |any, flag| any | flag.flagged_at);
        self.header.flagged_at != 0 || pockets != 0
    }

    /// The slot of a resting order: ids are a market's own, another market may have given the same one.
    pub fn order_slot(&self, market: u8, id: u64) -> Option<usize> {
        // A free slot has the id of no order.
        let is_it = |order: &OpenOrder| order.id == id && order.market == market;
        self.orders.iter().position(is_it).filter(|_| id != 0)
    }

    /// A slot for another order.
    pub fn free_order_slot(&self) -> Option<u8> {
        let slot = self.header.orders_in_use.trailing_ones();
        u8::try_from(slot).ok().filter(|slot| usize::from(*slot) < MAX_ORDERS)
    }

    /// Lists a resting order.
    ///
    /// # Errors
    /// [`Refusal::NoFreeOrder`] for a slot that the account does not have.
    pub fn list_order(&mut self, slot: u8, order: OpenOrder) -> Result<()> {
        *self.orders.get_mut(usize::from(slot)).ok_or(Refusal::NoFreeOrder)? = order;
        self.header.orders_in_use |= 1u32.wrapping_shl(u32::from(slot));
        Ok(())
    }

    /// Strikes an order off the list, if it is still this one that the slot holds.
    pub fn strike_order(&mut self, slot: u8, id: u64) {
        if let Some(order) = self.orders.get_mut(usize::from(slot)).filter(|order| order.id == id) {
            *order = bytemuck::Zeroable::zeroed();
            self.header.orders_in_use &= !1u32.wrapping_shl(u32::from(slot));
        }
    }

    /// A trigger order.
    ///
    /// # Errors
    /// [`Refusal::NoSuchTrigger`] for a slot without one.
    pub fn trigger(&self, slot: u8) -> Result<TriggerOrder> {
        let used = 1u8.checked_shl(u32::from(slot)).is_some_and(|bit| self.header.triggers_in_use & bit != 0);
        let trigger = self.triggers.get(usize::from(slot)).filter(|_| used);
        trigger.copied().ok_or_else(|| Refusal::NoSuchTrigger.into())
    }

    /// Gives the slot of a trigger order back.
    pub fn clear_trigger(&mut self, slot: u8) {
        if let Some(trigger) = self.triggers.get_mut(usize::from(slot)) {
            *trigger = bytemuck::Zeroable::zeroed();
            self.header.triggers_in_use &= !1u8.wrapping_shl(u32::from(slot));
        }
    }

    /// Whether somebody owes something or risks something here: then a withdrawal needs a margin check.
    pub fn has_risk(&self) -> bool {
        self.balances.iter().any(|slot| !slot.is_free() && slot.is_borrow())
            || self.positions.iter().any(Position::is_cross)
    }

    /// # Errors
    /// [`Refusal::AccountNotEmpty`] while it holds a balance, a position or an order, or the insurance fund counts it among the
    /// insolvent.
    pub fn require_empty(&self) -> Result<()> {
        let empty = self.balances.iter().all(Balance::is_free)
            && self.positions.iter().all(|it| it.is_free() || (it.is_isolated() && it.is_done()))
            && self.header.orders_in_use == 0
            && self.header.triggers_in_use == 0
            && self.header.state != ACCOUNT_INSOLVENT;
        ensure!(empty, Refusal::AccountNotEmpty);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytemuck::Zeroable;
    use plimsoll_risk::{
        layout::account::{POSITION_IN_USE, POSITION_ISOLATED},
        liquidation::FLAG_SECONDS,
        num::Quote,
    };

    const NOW: i64 = 1_000_000;

    /// A cross position in market 7 and an isolated one in market 8.
    fn account() -> Box<MarginAccount> {
        let mut account: Box<MarginAccount> = Box::new(Zeroable::zeroed());
        for (place, (market, flags)) in
            [(7, POSITION_IN_USE), (8, POSITION_IN_USE | POSITION_ISOLATED)].into_iter().enumerate()
        {
            (account.positions[place].market, account.positions[place].flags) = (market, flags);
        }
        account
    }

    fn flagged(account: &MarginAccount, now: i64) -> [bool; 3] {
        [7, 8, 9].map(|market| account.is_flagged_in(market, now))
    }

    #[test]
    fn the_cross_part_and_each_pocket_are_flagged_for_themselves() {
        let mut account = account();
        assert!(!account.has_flags());
        (account.header.flagged_at, account.header.flag_renewed_at) = (NOW - 500, NOW);
        assert_eq!(flagged(&account, NOW), [true, false, true]);
        assert!(account.has_flags());
        account.header.flagged_at = 0;
        account.pocket_flags[1] = PocketFlag { flagged_at: 999_500, renewed_at: 1_000_000 };
        assert_eq!(flagged(&account, NOW), [false, true, false]);
        assert!(account.has_flags());
    }

    #[test]
    fn a_flag_lapses_without_fresh_proof() {
        let mut account = account();
        (account.header.flagged_at, account.header.flag_renewed_at) = (NOW - 500, NOW);
        account.pocket_flags[1] = PocketFlag { flagged_at: 999_500, renewed_at: 1_000_000 };
        assert_eq!(flagged(&account, NOW + FLAG_SECONDS), [true; 3]);
        assert_eq!(flagged(&account, NOW + FLAG_SECONDS + 1), [false; 3]);
    }

    #[test]
    fn an_account_that_counts_as_insolvent_is_not_empty() {
        let mut account: Box<MarginAccount> = Box::new(Zeroable::zeroed());
        account.require_empty().unwrap();
        account.header.state = ACCOUNT_INSOLVENT;
        assert!(account.require_empty().is_err());
    }

    #[test]
    fn a_slot_that_is_given_back_forgets_its_flag() {
        let mut account = account();
        account.pocket_flags[1] = PocketFlag { flagged_at: 1, renewed_at: 1 };
        account.tidy(1);
        assert!(account.pocket_flags[1].is_set(), "an isolated position stays");
        account.positions[1].flags = POSITION_IN_USE;
        account.positions[1].quote = Quote::new(1);
        account.tidy(1);
        assert!(account.pocket_flags[1].is_set(), "something is left of it");
        account.positions[1].quote = Quote::ZERO;
        account.tidy(1);
        assert!(!account.pocket_flags[1].is_set() && account.positions[1].is_free());
    }
}
