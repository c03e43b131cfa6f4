//! The accounts that a parameter can live in, checked.

use crate::{
    errors::Refusal,
    state::{Bank, Exchange, RiskBoard},
};
use anchor_lang::prelude::*;
use plimsoll_risk::layout::{bank::BankTerms, feed::Feed};

/// What a change may touch: the exchange, its board, and the bank that it is about, if it is about one.
pub struct Target<'a> {
    /// The exchange.
    pub exchange: &'a mut Exchange,
    /// Its risk board.
    pub board: &'a mut RiskBoard,
    /// The bank's own account, where the change needs it.
    pub bank: Option<&'a mut Bank>,
    /// Which bank or feed of the board; 0 where there is only one.
    pub index: u8,
}

impl Target<'_> {
    /// The bank's entry on the board.
    ///
    /// # Errors
    /// [`Refusal::UnknownBank`] beyond the banks in use.
    pub fn terms(&mut self) -> Result<&mut BankTerms> {
        ensure!(self.index < self.board.header.bank_count, Refusal::UnknownBank);
        self.board.banks.get_mut(usize::from(self.index)).ok_or_else(|| Refusal::UnknownBank.into())
    }

    /// The bank's own account.
    ///
    /// # Errors
    /// [`Refusal::MissingBank`] if it was not given.
    pub fn bank(&mut self) -> Result<&mut Bank> {
        self.bank.as_deref_mut().ok_or_else(|| Refusal::MissingBank.into())
    }

    /// The feed's entry on the board.
    ///
    /// # Errors
    /// [`Refusal::UnknownFeed`] beyond the feeds in use.
    pub fn feed(&mut self) -> Result<&mut Feed> {
        ensure!(self.index < self.board.header.feed_count, Refusal::UnknownFeed);
        self.board.feeds.get_mut(usize::from(self.index)).ok_or_else(|| Refusal::UnknownFeed.into())
    }

    /// # Errors
    /// [`Refusal::UnknownTarget`] for a number where there is only one.
    pub(super) fn require_only(&self) -> Result<()> {
        ensure!(self.index == 0, Refusal::UnknownTarget);
        Ok(())
    }
}

/// Opens the accounts of a change and does something with them.
///
/// # Errors
/// [`Refusal::ForeignBoard`], [`Refusal::UnknownBank`] where the accounts do not belong together.
pub fn with_target<R>(
    exchange: &AccountLoader<Exchange>,
    board: &AccountLoader<RiskBoard>,
    bank: Option<&AccountLoader<Bank>>,
    index: u8,
    rule: impl FnOnce(&mut Target) -> Result<R>,
) -> Result<R> {
    let mut exchange = exchange.load_mut()?;
    ensure!(exchange.board.0 == board.key().to_bytes(), Refusal::ForeignBoard);
    let mut board = board.load_mut()?;
    let mut bank = match bank {
        None => None,
        Some(bank) => {
            ensure!(board.bank(index)?.bank.0 == bank.key().to_bytes(), Refusal::UnknownBank);
            Some(bank.load_mut()?)
        }
    };
    rule(&mut Target { exchange: &mut exchange, board: &mut board, bank: bank.as_deref_mut(), index })
}
