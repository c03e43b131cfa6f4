//! Refresh market: funding is accrued from the book's premium and copied to the board with the open interest. Anyone may.

use crate::{
    errors::{Refusal, unbooked},
    events::MarketRefreshed,
    premium,
    state::{Market, RiskBoard, book, risk_board::Pausable},
};
use anchor_lang::prelude::*;
use plimsoll_book::SideView;
use plimsoll_risk::{
    funding,
    layout::market::{MARKET_SETTLING, MarketTerms},
    market,
    num::Quote,
};

#[derive(Accounts)]
pub struct RefreshMarket<'info> {
    #[account(mut)]
    pub board: AccountLoader<'info, RiskBoard>,
    #[account(mut)]
    pub market: AccountLoader<'info, Market>,
    /// CHECK: compared with the market's
    pub bids: UncheckedAccount<'info>,
    /// CHECK: compared with the market's
    pub asks: UncheckedAccount<'info>,
}

impl RefreshMarket<'_> {
    fn validate(&self, now: i64) -> Result<()> {
        let (board, market) = (self.board.load()?, self.market.load()?);
        ensure!(self.board.as_ref().key.as_array() == &market.board.0, Refusal::ForeignBoard);
        let entry = board.market(market.index)?;
        ensure!(self.market.as_ref().key.as_array() == &entry.market.0, Refusal::ForeignMarket);
        // From settlement on funding stands still.
        ensure!(entry.state < MARKET_SETTLING, Refusal::MarketClosed);
        board.require_running(Pausable::Refresh, now)
    }

    /// Looks at the book, if nobody has in this slot.
    fn observe(&self, market: &mut Market, terms: &MarketTerms, clock: &Clock) -> Result<()> {
        let (bids, asks) = (book::view(&self.bids, &market.bids)?, book::view(&self.asks, &market.asks)?);
        let (bids, asks) =
            (SideView::load(&bids).map_err(unbooked)?, SideView::load(&asks).map_err(unbooked)?);
        premium::observe(market, terms, bids, asks, clock)
    }
}

/// What so many lots are worth at the board's price, native quote, rounded up; what is beyond all bounds is as much as any
/// amount can be: there, too, new risk needs its whole worth.
fn worth(lots: u64, terms: &MarketTerms) -> Quote {
    market::worth(terms, lots, true).unwrap_or(Quote::MAX)
}

/// The book is looked at first, then what stood before is paid for, then the entry's margin follows the open interest.
pub fn refresh_market(ctx: Context<RefreshMarket>) -> Result<()> {
    let clock = Clock::get()?;
    let (accounts, now) = (&ctx.accounts, clock.unix_timestamp);
    accounts.validate(now)?;
    let (mut board, mut market) = (accounts.board.load_mut()?, accounts.market.load_mut()?);
    let index = market.index;
    let terms = board.markets.get_mut(usize::from(index)).ok_or(Refusal::UnknownMarket)?;
    accounts.observe(&mut market, terms, &clock)?;
    let period = market.funding_period;
    funding::copy(terms, &mut market.premium, period, now);
    terms.open_interest = worth(market.open_interest(), terms);
    let (funding, open_interest) = (terms.funding, terms.open_interest.get());
    board.revalue_market(index, now)?;
    let (address, sequence) = (*accounts.market.as_ref().key, market.next_event());
    MarketRefreshed { market: address, sequence, funding, open_interest }.tell();
    Ok(())
}
