//! Set delegate: the owner lets a session key trade, within a scope and until a time, or takes that back.

use super::open_account::require_same_exchange;
use crate::{
    clock,
    errors::Refusal,
    events::DelegateSet,
    state::{MarginAccount, RiskBoard, margin_account::scope, risk_board::Pausable},
};
use anchor_lang::prelude::*;
use plimsoll_risk::layout::Key as Address;

#[derive(Accounts)]
pub struct SetDelegate<'info> {
    pub owner: Signer<'info>,
    pub board: AccountLoader<'info, RiskBoard>,
    #[account(mut)]
    pub account: AccountLoader<'info, MarginAccount>,
}

impl SetDelegate<'_> {
    fn validate(&self, delegate: &Pubkey, scope: u32, expires_at: i64) -> Result<()> {
        let now = clock::now()?;
        let (account, board) = (self.account.load()?, self.board.load()?);
        account.require_owner(self.owner.key)?;
        require_same_exchange(&account, &board)?;
        if *delegate == Pubkey::default() {
            return Ok(()); // taking it back is always possible, paused or not
        }
        board.require_running(Pausable::Account, now)?;
        let sound = delegate != self.owner.key && scope != 0 && scope & !scope::ALL == 0 && expires_at > now;
        ensure!(sound, Refusal::BadDelegation);
        Ok(())
    }
}

#[access_control(ctx.accounts.validate(&delegate, scope, expires_at))]
pub fn set_delegate(ctx: Context<SetDelegate>, delegate: Pubkey, scope: u32, expires_at: i64) -> Result<()> {
    let mut account = ctx.accounts.account.load_mut()?;
    let removed = delegate == Pubkey::default();
    account.header.delegate = Address(delegate.to_bytes());
    account.header.delegate_scope = if removed { 0 } else { scope };
    account.header.delegate_expires_at = if removed { 0 } else { expires_at };
    let (scope, expires_at) = (account.header.delegate_scope, account.header.delegate_expires_at);
    let sequence = account.next_event();
    DelegateSet { account: ctx.accounts.account.key(), sequence, delegate, scope, expires_at }.tell();
    Ok(())
}
