//! Veto change: the guardian stops a queued change, whatever it is, save who replaces the guardian.

use crate::{
    clock,
    events::ChangeDropped,
    state::{Exchange, PendingChange},
};
use anchor_lang::prelude::*;

#[derive(Accounts)]
pub struct VetoChange<'info> {
    pub guardian: Signer<'info>,
    #[account(mut)]
    pub exchange: AccountLoader<'info, Exchange>,
    #[account(mut, close = proposer)]
    pub change: AccountLoader<'info, PendingChange>,
    /// Who proposed it gets its rent back.
    /// CHECK: the change names it
    #[account(mut)]
    pub proposer: UncheckedAccount<'info>,
}

impl VetoChange<'_> {
    fn validate(&self) -> Result<()> {
        let change = self.change.load()?;
        self.exchange.load()?.require_guardian(self.guardian.key)?;
        change.require_belongs(&self.exchange.key(), self.proposer.key)?;
        change.require_vetoable()
    }
}

#[access_control(ctx.accounts.validate())]
pub fn veto_change(ctx: Context<VetoChange>) -> Result<()> {
    let now = clock::now()?;
    ChangeDropped {
        sequence: ctx.accounts.exchange.load_mut()?.governed(now),
        number: ctx.accounts.change.load()?.number,
        by: ctx.accounts.guardian.key(),
    }
    .tell();
    Ok(())
}
