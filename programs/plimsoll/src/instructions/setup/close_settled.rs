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
    num::{Quote, wide},
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
    let worth = worth(terms, size.into(), is_long)?;
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

/// What lots are worth at the settlement price, native quote: a long gets it rounded down, a short pays it rounded up.
pub(super) fn worth(terms: &MarketTerms, lots: u64, is_long: bool) -> Result<Quote> {
    let (price, shift) = (u64::from(terms.settlement_price), u32::from(terms.shift));
    let worth = if is_long {
        wide::mul_shift_down(lots, price, shift)
    } else {
        wide::mul_shift_up(lots, price, shift)
    };
    Quote::from_unsigned(worth.ok_or(Refusal::Overflow)?).map_err(refused)
}
