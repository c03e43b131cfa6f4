//! Close settled: an account's position closes at the settlement price. Anyone may.

use crate::{
    errors::{Refusal, refused},
    events::PositionSettled,
    state::{MarginAccount, Market, RiskBoard},
};
use anchor_lang::prelude::*;
use plimsoll_book::Size;
use plimsoll_risk::{
    layout::{
        Key,
        market::{MARKET_SETTLING, MarketTerms},
    },
    market,
    num::Quote,
};

#[derive(Accounts)]
pub struct CloseSettled<'info> {
    #[account(mut)]
    pub account: AccountLoader<'info, MarginAccount>,
    pub board: AccountLoader<'info, RiskBoard>,
    #[account(mut)]
    pub market: AccountLoader<'info, Market>,
}

/// Closes all lots, without a fee; what the position made or lost is settled as always. Orders have to be gone: anyone
/// cancels those of a market in settlement, and applies fills that wait.
pub fn close_settled(ctx: Context<CloseSettled>) -> Result<()> {
    let accounts = &ctx.accounts;
    let board = accounts.board.load()?;
    let (mut account, mut market) = (accounts.account.load_mut()?, accounts.market.load_mut()?);
    ensure!(market.board.is(accounts.board.as_ref().key.as_array()), Refusal::ForeignMarket);
    ensure!(account.header.exchange == market.exchange, Refusal::ForeignExchange);
    let (terms, key) = (board.market(market.index)?, *accounts.account.as_ref().key);
    require_fixed(terms)?;

    let (place, position) = account.position_in(market.index)?;
    ensure!(position.bids | position.asks == 0, Refusal::OrdersRemain);
    let funding = market.touch(&mut account, &Key(key.to_bytes()), place, terms)?;
    let (_, position) = account.position_in(market.index)?;
    let lots = position.lots;
    ensure!(!lots.is_zero(), Refusal::NothingToDo);
    let (size, is_long) = (lots.magnitude(), lots.get() > 0);
    let worth = market::worth(terms, size.into(), !is_long).map_err(refused)?;
    market.trade(position, terms, !is_long, (Size::new(size), worth, Quote::ZERO))?;
    account.tidy(place);
    PositionSettled {
        account: key,
        sequence: account.next_event(),
        market: market.index,
        lots: lots.get(),
        worth: worth.magnitude(),
        funding: funding.get(),
    }
    .tell();
    Ok(())
}

/// # Errors
/// [`Refusal::NotSettling`] before settlement and after the market's end; [`Refusal::SettlementNotFixed`] within its hour.
pub(super) fn require_fixed(terms: &MarketTerms) -> Result<()> {
    ensure!(terms.state == MARKET_SETTLING, Refusal::NotSettling);
    ensure!(terms.is_settled(), Refusal::SettlementNotFixed);
    Ok(())
}
