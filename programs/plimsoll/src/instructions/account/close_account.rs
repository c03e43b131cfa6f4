//! Close account: an empty margin account goes, its rent returns.

use super::open_account::require_same_exchange;
use crate::{
    clock,
    events::AccountClosed,
    state::{MarginAccount, RiskBoard, risk_board::Pausable},
};
use anchor_lang::prelude::*;

#[derive(Accounts)]
pub struct CloseAccount<'info> {
    pub owner: Signer<'info>,
    /// Receives the rent.
    /// CHECK: anyone the owner likes
    #[account(mut)]
    pub receiver: UncheckedAccount<'info>,
    pub board: AccountLoader<'info, RiskBoard>,
    #[account(mut, close = receiver)]
    pub account: AccountLoader<'info, MarginAccount>,
}

impl CloseAccount<'_> {
    fn validate(&self) -> Result<()> {
        let (account, board) = (self.account.load()?, self.board.load()?);
        account.require_owner(self.owner.key)?;
        require_same_exchange(&account, &board)?;
        board.require_running(Pausable::Account, clock::now()?)?;
        account.require_empty()
    }
}

#[access_control(ctx.accounts.validate())]
pub fn close_account(ctx: Context<CloseAccount>) -> Result<()> {
    let sequence = ctx.accounts.account.load_mut()?.next_event();
    AccountClosed { account: ctx.accounts.account.key(), sequence }.tell();
    Ok(())
}
