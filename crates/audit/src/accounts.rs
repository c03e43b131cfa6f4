//! Margin accounts: their slots.

use crate::ledger::Ledger;
use bytemuck::Pod;
use plimsoll::state::MarginAccount;
use solana_pubkey::Pubkey;
use std::collections::HashSet;

/// I-5 `slots_are_tidy`: an account has at most one balance of a bank and one position in a market, and a free slot holds
/// nothing at all.
pub(crate) fn slots_are_tidy(ledger: &Ledger) {
    for (address, account) in &ledger.accounts {
        balances_are_tidy(address, account);
        positions_are_tidy(address, account);
        let (orders, triggers) = (account.header.orders_in_use, account.header.triggers_in_use);
        for (slot, order) in account.orders.iter().enumerate() {
            let used = orders >> slot & 1 == 1;
            assert_eq!(used, order.id != 0, "order slot {slot} of {address}");
            assert!(used || is_zero(order), "something is left in order slot {slot} of {address}");
        }
        for (slot, trigger) in account.triggers.iter().enumerate() {
            let used = triggers >> slot & 1 == 1;
            assert!(used || is_zero(trigger), "something is left in trigger slot {slot} of {address}");
        }
    }
}

fn balances_are_tidy(address: &Pubkey, account: &MarginAccount) {
    let mut seen = HashSet::new();
    for slot in &account.balances {
        assert!(slot.is_free() || seen.insert(slot.bank), "two balances of bank {} in {address}", slot.bank);
        assert!(!slot.is_free() || !slot.is_borrow(), "an empty debt in {address}");
    }
}

/// Flat, a position has nothing unrealised: all of its quote can be settled.
fn positions_are_tidy(address: &Pubkey, account: &MarginAccount) {
    let mut seen = HashSet::new();
    for position in &account.positions {
        if position.flags == 0 {
            assert!(is_zero(position), "something is left of a position of {address}");
            continue;
        }
        let market = position.market;
        assert!(seen.insert(market), "two positions in market {market} in {address}");
        let flat = position.lots.is_zero();
        assert!(
            !flat || position.quote == position.realised,
            "unrealised and flat: {position:?} of {address}"
        );
        assert!(!position.pocket.is_negative(), "a pocket below zero in {address}");
        assert!(position.is_isolated() || position.pocket.get() == 0, "a pocket of a cross position");
    }
}

fn is_zero<T: Pod>(slot: &T) -> bool {
    bytemuck::bytes_of(slot).iter().all(|byte| *byte == 0)
}
