//! Withdraw change: who proposed it, or the admin, takes a queued change back.

use crate::{
    clock,
    errors::Refusal,
    events::ChangeDropped,
    state::{Exchange, PendingChange},
};
use anchor_lang::prelude::*;

#[derive(Accounts)]
pub struct WithdrawChange<'info> {
    /// The proposer or the admin.
    pub governor: Signer<'info>,
    #[account(mut)]
    pub exchange: AccountLoader<'info, Exchange>,
    #[account(mut, close = proposer)]
    pub change: AccountLoader<'info, PendingChange>,
    /// Who proposed it gets its rent back.
    /// CHECK: the change names it
    #[account(mut)]
    pub proposer: UncheckedAccount<'info>,
}

impl WithdrawChange<'_> {
    fn validate(&self) -> Result<()> {
        self.change.load()?.require_belongs(&self.exchange.key(), self.proposer.key)?;
        let is_admin = self.exchange.load()?.require_admin(self.governor.key).is_ok();
        ensure!(is_admin || self.governor.key == self.proposer.key, Refusal::NotAGovernor);
        Ok(())
    }
}

#[access_control(ctx.accounts.validate())]
pub fn withdraw_change(ctx: Context<WithdrawChange>) -> Result<()> {
    let now = clock::now()?;
    ChangeDropped {
        sequence: ctx.accounts.exchange.load_mut()?.governed(now),
        number: ctx.accounts.change.load()?.number,
        by: ctx.accounts.governor.key(),
    }
    .tell();
    Ok(())
}
