//! Apply deleveraging: what a position's side went through is written into the position. Anyone may.

use crate::{
    clock,
    errors::Refusal,
    state::{MarginAccount, Market, RiskBoard, market::sides, risk_board::Pausable},
};
use anchor_lang::prelude::*;
use plimsoll_risk::layout::Key;

#[derive(Accounts)]
pub struct ApplyDeleveraging<'info> {
    #[account(mut)]
    pub account: AccountLoader<'info, MarginAccount>,
    pub board: AccountLoader<'info, RiskBoard>,
    #[account(mut)]
    pub market: AccountLoader<'info, Market>,
}

/// Brings the account's position in the market up to what its side went through: for the position it changes nothing that
/// any other touch would not, but it lets epochs end and pockets be drained.
///
/// # Errors
/// [`Refusal::NothingToDo`] where nothing is pending.
pub fn apply_deleveraging(ctx: Context<ApplyDeleveraging>) -> Result<()> {
    let accounts = &ctx.accounts;
    let (mut account, mut market) = (accounts.account.load_mut()?, accounts.market.load_mut()?);
    ensure!(account.header.exchange == market.exchange, Refusal::ForeignExchange);
    ensure!(market.board.is(accounts.board.as_ref().key.as_array()), Refusal::ForeignBoard);
    let board = accounts.board.load()?;
    board.require_running(Pausable::ApplyFills, clock::now()?)?;
    let terms = board.market(market.index)?;
    let (place, position) = account.position_in(market.index)?;
    let (_, pending) = market.bring_up(position, terms)?;
    let pending = pending.ok_or(Refusal::NothingToDo)?;
    sides::tell(&mut account, &Key(accounts.account.as_ref().key.to_bytes()), market.index, &pending);
    account.tidy(place);
    Ok(())
}
