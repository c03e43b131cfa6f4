//! The risk board of the engine, as an account of this program.

use super::zero_copy::{account, account_around};
use super::{Bank, MarginAccount};
use crate::errors::{Refusal, beyond, refused};
use anchor_lang::prelude::*;
use plimsoll_risk::{
    health::{self, Check, Overlay},
    layout::{bank::BankTerms, feed::Feed},
    valuation,
};

account_around! {
    /// All that a margin check reads beside the margin account.
    RiskBoard, plimsoll_risk::layout::board::RiskBoard, b"riskboar"
}

/// What can be paused one by one: places in the board's `paused_until`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Pausable {
    /// Tokens come in.
    Deposit = 0,
    /// Tokens go out.
    Withdraw = 1,
    /// A balance goes below zero, or further below.
    Borrow = 2,
    /// A debt is paid back.
    Repay = 3,
    /// Margin accounts are opened, closed and delegated.
    Account = 4,
    /// Prices and indexes are copied to the board.
    Refresh = 5,
    /// Surplus leaves a vault.
    Skim = 6,
    /// Queued changes are applied.
    ApplyChange = 7,
}

impl Pausable {
    /// All of them, in the order of their places.
    pub const ALL: [Self; 8] = [
        Self::Deposit,
        Self::Withdraw,
        Self::Borrow,
        Self::Repay,
        Self::Account,
        Self::Refresh,
        Self::Skim,
        Self::ApplyChange,
    ];
}

impl RiskBoard {
    /// Seed of its address, before the exchange.
    pub const SEED: &'static [u8] = b"board";

    /// # Errors
    /// [`Refusal::Paused`] while the guardian's pause of the action lasts.
    pub fn require_running(&self, action: Pausable, now: i64) -> Result<()> {
        let until = self.header.paused_until[action as usize];
        ensure!(now >= until, Refusal::Paused);
        Ok(())
    }

    /// # Errors
    /// [`Refusal::UnknownBank`] beyond the banks in use.
    pub fn bank(&self, index: u8) -> Result<&BankTerms> {
        ensure!(index < self.header.bank_count, Refusal::UnknownBank);
        self.banks.get(usize::from(index)).ok_or_else(|| Refusal::UnknownBank.into())
    }

    /// # Errors
    /// [`Refusal::UnknownFeed`] beyond the feeds in use.
    pub fn feed(&self, index: u8) -> Result<&Feed> {
        ensure!(index < self.header.feed_count, Refusal::UnknownFeed);
        self.feeds.get(usize::from(index)).ok_or_else(|| Refusal::UnknownFeed.into())
    }

    /// Number for the board's next event.
    pub fn next_event(&mut self) -> u64 {
        self.header.sequence = self.header.sequence.wrapping_add(1); // a counter, never a quantity
        self.header.sequence
    }

    /// Copies a bank's indexes and totals, and computes what its shares are worth.
    ///
    /// # Errors
    /// [`Refusal::ForeignBoard`] if the entry is another bank's.
    pub fn copy_bank(&mut self, bank: &Bank, now: i64) -> Result<()> {
        let quote_decimals = self.header.quote_decimals;
        let terms = self.banks.get_mut(usize::from(bank.index)).ok_or(Refusal::UnknownBank)?;
        valuation::set_indexes(terms, bank.deposit_index, bank.borrow_index, quote_decimals)
            .map_err(refused)?;
        terms.deposit_shares = bank.deposit_shares;
        terms.updated_at = now;
        self.revalue_bank(bank.index, now)
    }

    /// Computes anew what one bank's shares are worth: after its index, weights or price changed.
    ///
    /// # Errors
    /// [`Refusal::Overflow`] where a value leaves its range.
    pub fn revalue_bank(&mut self, index: u8, now: i64) -> Result<()> {
        let RiskBoard(board) = self;
        let terms = board.banks.get_mut(usize::from(index)).ok_or(Refusal::UnknownBank)?;
        let [first, ..] = &board.feeds; // the quote token has none, and none is looked at
        let feed = board.feeds.get(usize::from(terms.feed)).unwrap_or(first);
        valuation::refresh_bank(terms, feed, &board.header, now).map_err(refused)
    }

    /// Computes anew what the shares of all banks on a feed are worth.
    ///
    /// # Errors
    /// [`Refusal::Overflow`] where a value leaves its range.
    pub fn revalue_feed(&mut self, feed: u8, now: i64) -> Result<()> {
        let mut banks = self.feed(feed)?.banks;
        while banks != 0 {
            let index = banks.trailing_zeros();
            self.revalue_bank(u8::try_from(index).map_err(|_| Refusal::UnknownBank)?, now)?;
            banks &= banks.wrapping_sub(1); // clears the lowest bit
        }
        Ok(())
    }

    /// # Errors
    /// [`Refusal::NotEnoughMargin`] below zero health; whatever a price that is needed lacks.
    pub fn require_healthy(
        &self,
        account: &MarginAccount,
        overlay: &Overlay,
        check: Check,
        now: i64,
    ) -> Result<()> {
        let health = health::health(&account.balances, self, overlay, check, now).map_err(refused)?;
        if !health.is_healthy() {
            return Err(beyond(
                Refusal::NotEnoughMargin,
                health.assets.magnitude(),
                health.liabilities.magnitude(),
            ));
        }
        Ok(())
    }
}
