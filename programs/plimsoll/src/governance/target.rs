//! The accounts that a parameter can live in, checked.

use crate::{
    errors::Refusal,
    state::{Bank, Exchange, Market, RiskBoard},
};
use anchor_lang::prelude::*;
use plimsoll_risk::layout::{
    bank::BankTerms,
    feed::Feed,
    market::{MARKET_REDUCE_ONLY, MarketTerms},
};

/// What a change may touch: the exchange, its board, and the bank or market that it is about, if it is about one.
pub struct Target<'a> {
    /// The exchange.
    pub exchange: &'a mut Exchange,
    /// Its risk board.
    pub board: &'a mut RiskBoard,
    /// The bank's own account, where the change needs it.
    pub bank: Option<&'a mut Bank>,
    /// The market's own account, where the change needs it.
    pub market: Option<&'a mut Market>,
    /// Which bank, feed or market of the board; 0 where there is only one.
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

    /// The market's own account.
    ///
    /// # Errors
    /// [`Refusal::MissingMarket`] if it was not given.
    pub fn market(&mut self) -> Result<&mut Market> {
        self.market.as_deref_mut().ok_or_else(|| Refusal::MissingMarket.into())
    }

    /// The market's entry on the board.
    ///
    /// # Errors
    /// [`Refusal::UnknownMarket`] beyond the markets in use.
    pub fn market_terms(&mut self) -> Result<&mut MarketTerms> {
        ensure!(self.index < self.board.header.market_count, Refusal::UnknownMarket);
        self.board.markets.get_mut(usize::from(self.index)).ok_or_else(|| Refusal::UnknownMarket.into())
    }

    /// That the market still trades: in settlement nothing of it changes any more, and there is no way back.
    ///
    /// # Errors
    /// [`Refusal::MissingMarket`] if its account was not given; [`Refusal::MarketClosed`] from settlement on;
    /// [`Refusal::UnknownMarket`] beyond the markets in use.
    pub(super) fn require_trading(&mut self) -> Result<()> {
        self.market()?;
        ensure!(self.market_terms()?.state <= MARKET_REDUCE_ONLY, Refusal::MarketClosed);
        Ok(())
    }

    /// # Errors
    /// [`Refusal::UnknownTarget`] for a number where there is only one.
    pub(super) fn require_only(&self) -> Result<()> {
        ensure!(self.index == 0, Refusal::UnknownTarget);
        Ok(())
    }
}

/// Opens the accounts of a change and does something with them. The rule is called once; it is behind a reference so that
/// this exists once in the program.
///
/// # Errors
/// [`Refusal::ForeignBoard`], [`Refusal::UnknownBank`], [`Refusal::UnknownMarket`] where the accounts do not belong together.
#[inline(never)]
pub fn with_target(
    exchange: &AccountLoader<Exchange>,
    board: &AccountLoader<RiskBoard>,
    bank: Option<&AccountLoader<Bank>>,
    market: Option<&AccountLoader<Market>>,
    index: u8,
    rule: &mut dyn FnMut(&mut Target) -> Result<()>,
) -> Result<()> {
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
    let mut market = match market {
        None => None,
        Some(market) => {
            ensure!(board.market(index)?.market.0 == market.key().to_bytes(), Refusal::UnknownMarket);
            Some(market.load_mut()?)
        }
    };
    rule(&mut Target {
        exchange: &mut exchange,
        board: &mut board,
        bank: bank.as_deref_mut(),
        market: market.as_deref_mut(),
        index,
    })
}
