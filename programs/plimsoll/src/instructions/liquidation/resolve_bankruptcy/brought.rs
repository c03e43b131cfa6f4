//! Markets and banks that a transaction brings along, found by the addresses that the board knows them by.

use crate::errors::Refusal;
use anchor_lang::{Discriminator, ZeroCopy, prelude::*};
use core::cell::{RefCell, RefMut};
use plimsoll_risk::layout::Key;

/// Accounts in any order; quickest in the order in which they are needed.
pub struct Brought<'a, 'info> {
    accounts: &'a [AccountInfo<'info>],
    /// Where the next one is expected.
    cursor: usize,
}

impl<'a, 'info> Brought<'a, 'info> {
    pub const fn new(accounts: &'a [AccountInfo<'info>]) -> Self {
        Self { accounts, cursor: 0 }
    }

    /// Writes to one of this program's accounts.
    ///
    /// # Errors
    /// [`Refusal::MissingLeg`] where it is not here, cannot be written to, or is of another kind.
    pub fn load<T: ZeroCopy + Discriminator>(&mut self, key: &Key) -> Result<RefMut<'a, T>> {
        let data = self.find(key, T::DISCRIMINATOR, size_of::<T>())?;
        Ok(RefMut::map(data, |data| bytemuck::from_bytes_mut(data)))
    }

    /// An account's data behind its discriminator.
    #[inline(never)]
    fn find(&mut self, key: &Key, discriminator: &[u8], size: usize) -> Result<RefMut<'a, [u8]>> {
        let (passed, ahead) = self.accounts.split_at_checked(self.cursor).ok_or(Refusal::MissingLeg)?;
        let is_it = |account: &AccountInfo| key.is(account.key.as_array());
        let place = match ahead.iter().position(is_it) {
            Some(place) => place.wrapping_add(self.cursor), // both are places in one list
            None => passed.iter().position(is_it).ok_or(Refusal::MissingLeg)?,
        };
        let found = self.accounts.get(place).ok_or(Refusal::MissingLeg)?;
        self.cursor = place.wrapping_add(1); // at most the length
        let data: &'a RefCell<&'info mut [u8]> = &found.data;
        let is_ours = crate::ID == *found.owner && found.is_writable;
        let data = data.try_borrow_mut().ok().filter(|data| {
            is_ours && data.len() == size.saturating_add(8) && data.starts_with(discriminator)
        });
        let data = data.ok_or(Refusal::MissingLeg)?;
        Ok(RefMut::map(data, |data| data.split_at_mut(8).1))
    }
}
