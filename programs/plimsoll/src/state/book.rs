//! The accounts of a market's book: `plimsoll-book` reads and writes their bytes, this says which bytes they are.

use crate::errors::Refusal;
use anchor_lang::prelude::*;
use core::cell::{Ref, RefMut};
use plimsoll_risk::layout::Key;

/// First bytes of a side of a book.
pub const BOOK_SIDE: &[u8; 8] = b"bookside";
/// First bytes of a fill queue.
pub const FILL_QUEUE: &[u8; 8] = b"fillqueu";

/// Seeds of the addresses of a market's accounts, before the market.
pub const BIDS_SEED: &[u8] = b"bids";
/// See [`BIDS_SEED`].
pub const ASKS_SEED: &[u8] = b"asks";
/// See [`BIDS_SEED`].
pub const QUEUE_SEED: &[u8] = b"queue";

/// The bytes behind the mark of an account that the market names; which kind it is follows from that.
///
/// # Errors
/// [`Refusal::WrongBook`] for any other account than `expected`.
pub fn open<'a>(account: &'a AccountInfo, expected: &Key) -> Result<RefMut<'a, [u8]>> {
    ensure!(expected.is(account.key.as_array()), Refusal::WrongBook);
    let data = account.try_borrow_mut_data()?;
    ensure!(data.len() >= 8, Refusal::WrongBook);
    Ok(RefMut::map(data, |data| data.split_at_mut(8).1))
}

/// The same, read-only.
///
/// # Errors
/// [`Refusal::WrongBook`] for any other account than `expected`.
pub fn view<'a>(account: &'a AccountInfo, expected: &Key) -> Result<Ref<'a, [u8]>> {
    ensure!(expected.is(account.key.as_array()), Refusal::WrongBook);
    let data = account.try_borrow_data()?;
    ensure!(data.len() >= 8, Refusal::WrongBook);
    Ok(Ref::map(data, |data| data.split_at(8).1))
}
