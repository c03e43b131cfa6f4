//! Margin accounts: opened, delegated, closed.

use crate::{book::Book, shapes::lived_in};
use harness::{
    amounts::days,
    keys,
    tokens::{SOL, sol},
};
use plimsoll::state::margin_account::scope;
use plimsoll_client::instructions::account::MarginAccount;

pub fn measure(book: &mut Book) {
    let mut world = lived_in();
    let (payer, owner) = (world.chain.payer(), world.person("alice"));
    let account = MarginAccount::derive(&world.exchange, owner, 0);
    book.measure("open_account", "the first", &mut world, account.open(payer));
    assert_eq!(world.account("alice").header.owner.0, owner.to_bytes());

    let expires_at = world.now() + days(1);
    let delegate = account.set_delegate(keys::address("session key"), scope::ALL, expires_at);
    book.measure("set_delegate", "every scope", &mut world, delegate);
    assert_eq!(world.account("alice").header.delegate.0, keys::address("session key").to_bytes());

    // A balance that was there and is gone leaves its traces in the slot.
    world.trader("alice").deposits(SOL, sol(1));
    world.trader("alice").withdraws_all(SOL);
    book.measure("close_account", "empty again", &mut world, account.close(payer));
    assert!(world.chain.account(&account.address).is_none());
}
