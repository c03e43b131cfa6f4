use super::*;
use crate::scene::{clock, data, flagged_at, oracle};
use anchor_lang::Discriminator;
use bytemuck::Zeroable;

fn key(number: u8) -> Pubkey {
    Pubkey::new_from_array([number; 32])
}

/// A margin account that was flagged at this time.
fn account(address: u8, slot: u64, time: i64) -> Update {
    Update { address: key(address), slot, data: Some(flagged_at(time)) }
}

fn known(store: &Store, address: u8) -> Option<i64> {
    store.account(&key(address)).map(|account| account.header.flagged_at)
}

#[test]
fn the_newest_version_wins_in_whatever_order_they_come() {
    let mut store = Store::new(ExchangeAddresses::derive());
    for update in [account(1, 10, 5), account(1, 9, 4), account(2, 9, 0)] {
        assert!(store.apply(&update).is_ok());
    }
    assert_eq!((known(&store, 1), known(&store, 2)), (Some(5), Some(0)));
    assert!(store.is_flagged(&key(1)) && !store.is_flagged(&key(2)));
    assert!(store.apply(&account(1, 10, 0)).is_ok());
    assert!(!store.is_flagged(&key(1)), "of one slot the later counts");
}

#[test]
fn what_a_snapshot_does_not_show_is_gone_unless_it_is_newer() {
    let mut store = Store::new(ExchangeAddresses::derive());
    for update in [account(1, 10, 1), account(2, 10, 2), account(3, 21, 3)] {
        assert!(store.apply(&update).is_ok());
    }
    assert_eq!(store.replace(20, &[account(2, 20, 7)]), Ok(()));
    let found = [1, 2, 3].map(|address| known(&store, address));
    assert_eq!(found, [None, Some(7), Some(3)]);
    assert!(!store.is_flagged(&key(1)));
}

#[test]
fn a_closed_account_does_not_come_back_by_an_older_message() {
    let mut store = Store::new(ExchangeAddresses::derive());
    assert!(store.apply(&Update { data: None, ..account(1, 12, 0) }).is_ok());
    assert!(store.apply(&account(1, 11, 1)).is_ok());
    assert_eq!(known(&store, 1), None);
}

#[test]
fn what_is_no_account_any_more_is_gone() {
    let mut store = Store::new(ExchangeAddresses::derive());
    assert!(store.apply(&account(1, 1, 1)).is_ok());
    assert!(store.apply(&Update { data: Some(Vec::new()), ..account(1, 2, 0) }).is_ok());
    assert!(store.accounts().is_empty() && !store.is_flagged(&key(1)));
}

#[test]
fn what_is_told_again_changes_nothing_and_what_is_told_late_is_doubtful() {
    let mut store = Store::new(ExchangeAddresses::derive());
    assert_eq!(store.apply(&account(1, 10, 5)), Ok(Applied::Changed(Topic::Account)));
    let revision = store.revision([&key(1)]);
    assert_eq!(store.apply(&account(1, 11, 5)), Ok(Applied::Nothing));
    assert_eq!(store.apply(&account(1, 9, 5)), Ok(Applied::Nothing));
    assert_eq!(store.apply(&account(1, 9, 6)), Ok(Applied::Doubtful), "a node may tell all with an old slot");
    assert_eq!((known(&store, 1), store.revision([&key(1)])), (Some(5), revision));
    assert_eq!(store.apply(&account(1, 12, 6)), Ok(Applied::Changed(Topic::Account)));
    assert_ne!(store.revision([&key(1)]), revision);
    assert_eq!(store.apply(&Update { address: key(2), slot: 5, data: None }), Ok(Applied::Nothing));
}

#[test]
fn times_only_go_forward_whatever_slot_they_come_with() {
    let mut store = Store::new(ExchangeAddresses::derive()).with_oracles([key(3)]);
    assert_eq!((store.now(), store.published(&key(3))), (None, None));
    assert_eq!(store.apply(&clock(70)), Ok(Applied::Changed(Topic::Clock)));
    assert_eq!(store.apply(&Update { slot: 9, ..clock(60) }), Ok(Applied::Nothing));
    assert_eq!(store.apply(&oracle(key(3), 50)), Ok(Applied::Changed(Topic::Oracle)));
    assert_eq!(store.apply(&oracle(key(3), 50)), Ok(Applied::Nothing));
    assert_eq!(store.apply(&oracle(key(4), 50)), Ok(Applied::Nothing), "nobody watches it");
    assert_eq!(store.replace(100, &[]), Ok(()));
    assert_eq!((store.now(), store.published(&key(3))), (Some(70), Some(50)), "no snapshot shows them");
}

#[test]
fn a_loss_is_pending_while_anybody_is_marked_insolvent() {
    let mut store = Store::new(ExchangeAddresses::derive());
    let mut slot = 0;
    let mut is_pending = |account: account::MarginAccount| {
        slot += 1;
        let data = Some(data(MarginAccount::DISCRIMINATOR, &account));
        assert!(store.apply(&Update { address: key(1), slot, data }).is_ok());
        store.is_loss_pending()
    };
    let healthy = account::MarginAccount::zeroed();
    let (mut cross, mut pocket) = (healthy, healthy);
    cross.header.state = account::ACCOUNT_INSOLVENT;
    pocket.positions[3].flags = account::POSITION_INSOLVENT;
    assert_eq!([healthy, cross, healthy, pocket].map(&mut is_pending), [false, true, false, true]);
    assert!(store.apply(&Update { address: key(1), slot: 9, data: None }).is_ok());
    assert!(!store.is_loss_pending());
}
