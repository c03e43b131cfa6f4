//! The risk board of the engine, as an account of this program.

use super::zero_copy::{account, account_around};
use super::{Bank, MarginAccount};
use crate::errors::{Refusal, refused};
use anchor_lang::prelude::*;
use plimsoll_risk::{
    RiskError,
    health::{Check, Overlay},
    layout::{bank::BankTerms, board::BoardHeader, feed::Feed, market::MarketTerms},
    margin::{self, Holdings},
    market, valuation,
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
    /// Orders are placed.
    Place = 8,
    /// Orders and trigger orders are cancelled.
    Cancel = 9,
    /// Queued fills are applied.
    ApplyFills = 10,
    /// Profit and loss become cash; fees are collected and paid.
    Settle = 11,
    /// Quote moves in and out of pockets, positions change their mode.
    Pocket = 12,
    /// Trigger orders are executed.
    Trigger = 13,
    /// Accounts in danger are liquidated, deleveraged, resolved.
    Liquidate = 14,
    /// Stakes in the insurance fund come, cool and go.
    Insurance = 15,
}

impl Pausable {
    /// All of them, in the order of their places.
    pub const ALL: [Self; 16] = [
        Self::Deposit,
        Self::Withdraw,
        Self::Borrow,
        Self::Repay,
        Self::Account,
        Self::Refresh,
        Self::Skim,
        Self::ApplyChange,
        Self::Place,
        Self::Cancel,
        Self::ApplyFills,
        Self::Settle,
        Self::Pocket,
        Self::Trigger,
        Self::Liquidate,
        Self::Insurance,
    ];
}

/// # Errors
/// [`Refusal::Paused`] while the guardian's pause of the action lasts.
#[inline(always)]
pub fn require_running(header: &BoardHeader, action: Pausable, now: i64) -> Result<()> {
    ensure!(now >= header.paused_until[action as usize], Refusal::Paused);
    Ok(())
}

/// That accounts in danger may be liquidated and resolved now: not paused, and no grace after an outage running.
///
/// # Errors
/// [`Refusal::Paused`], [`Refusal::GracePeriod`].
pub fn require_liquidations(header: &BoardHeader, now: i64) -> Result<()> {
    require_running(header, Pausable::Liquidate, now)?;
    ensure!(now >= header.grace_until.max(header.cancel_only_until), Refusal::GracePeriod);
    Ok(())
}

impl RiskBoard {
    /// Seed of its address, before the exchange.
    pub const SEED: &'static [u8] = b"board";

    /// # Errors
    /// [`Refusal::Paused`] while the guardian's pause of the action lasts.
    pub fn require_running(&self, action: Pausable, now: i64) -> Result<()> {
        require_running(&self.header, action, now)
    }

    /// # Errors
    /// [`Refusal::UnknownBank`] beyond the banks in use.
    #[inline]
    pub fn bank(&self, index: u8) -> Result<&BankTerms> {
        ensure!(index < self.header.bank_count, Refusal::UnknownBank);
        self.banks.get(usize::from(index)).ok_or_else(|| Refusal::UnknownBank.into())
    }

    /// # Errors
    /// [`Refusal::UnknownFeed`] beyond the feeds in use.
    #[inline]
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
    #[inline]
    pub fn revalue_bank(&mut self, index: u8, now: i64) -> Result<()> {
        let RiskBoard(board) = self;
        let terms = board.banks.get_mut(usize::from(index)).ok_or(Refusal::UnknownBank)?;
        let [first, ..] = &board.feeds; // the quote token has none, and none is looked at
        let feed = board.feeds.get(usize::from(terms.feed)).unwrap_or(first);
        valuation::refresh_bank(terms, feed, &board.header, now).map_err(refused)
    }

    /// # Errors
    /// [`Refusal::UnknownMarket`] beyond the markets in use.
    #[inline]
    pub fn market(&self, index: u8) -> Result<&MarketTerms> {
        ensure!(index < self.header.market_count, Refusal::UnknownMarket);
        self.markets.get(usize::from(index)).ok_or_else(|| Refusal::UnknownMarket.into())
    }

    /// Computes anew what one lot of a market is worth and what margin it needs: after its price or parameters changed.
    ///
    /// A price at which a lot's worth leaves its range closes the market until another comes: it must not keep the feed,
    /// and whatever else lives on it, from being refreshed. A settlement price stays for ever.
    ///
    /// # Errors
    /// [`Refusal::UnknownMarket`], [`Refusal::UnknownFeed`].
    pub fn revalue_market(&mut self, index: u8, now: i64) -> Result<()> {
        let RiskBoard(board) = self;
        let terms = board.markets.get_mut(usize::from(index)).ok_or(Refusal::UnknownMarket)?;
        let feed = board.feeds.get(usize::from(terms.feed)).ok_or(Refusal::UnknownFeed)?;
        if market::refresh_market(terms, feed, &board.header, now).is_err() {
            terms.valid_until = 0;
        }
        Ok(())
    }

    /// Computes anew what the shares of all banks and the lots of all markets on a feed are worth.
    ///
    /// # Errors
    /// [`Refusal::Overflow`] where a value leaves its range.
    #[inline]
    pub fn revalue_feed(&mut self, feed: u8, now: i64) -> Result<()> {
        let entry = self.feeds.get(usize::from(feed)).ok_or(Refusal::UnknownFeed)?;
        let (mut banks, mut markets) = (entry.banks, entry.markets);
        while banks != 0 {
            let index = banks.trailing_zeros();
            self.revalue_bank(u8::try_from(index).map_err(|_| Refusal::UnknownBank)?, now)?;
            banks &= banks.wrapping_sub(1); // clears the lowest bit
        }
        while markets != 0 {
            let index = markets.trailing_zeros();
            self.revalue_market(u8::try_from(index).map_err(|_| Refusal::UnknownMarket)?, now)?;
            markets &= markets.wrapping_sub(1); // clears the lowest bit
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
        let holdings = Holdings::from(&account.0);
        let margin = margin::margin(&holdings, self, overlay, check, now).map_err(refused)?;
        if !margin.is_healthy() {
            let (collateral, requirement) = (margin.net_collateral(), margin.requirement);
            return Err(refused(RiskError::NotEnoughMargin { collateral, requirement }));
        }
        Ok(())
    }
}
