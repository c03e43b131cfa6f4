//! Nominate admin: the first of two steps; the role stays where it is until the nominee accepts.

use crate::{clock, errors::Refusal, events::AdminHandOver, state::Exchange};
use anchor_lang::prelude::*;
use plimsoll_risk::layout::Key as Address;

#[derive(Accounts)]
pub struct NominateAdmin<'info> {
    pub admin: Signer<'info>,
    #[account(mut)]
    pub exchange: AccountLoader<'info, Exchange>,
}

impl NominateAdmin<'_> {
    fn validate(&self, nominee: &Pubkey) -> Result<()> {
        let exchange = self.exchange.load()?;
        exchange.require_admin(self.admin.key)?;
        ensure!(exchange.guardian.0 != nominee.to_bytes(), Refusal::RolesCollide);
        Ok(())
    }
}

/// Nominating nobody takes a nomination back.
#[access_control(ctx.accounts.validate(&nominee))]
pub fn nominate_admin(ctx: Context<NominateAdmin>, nominee: Pubkey) -> Result<()> {
    let mut exchange = ctx.accounts.exchange.load_mut()?;
    exchange.nominated_admin = Address(nominee.to_bytes());
    let now = clock::now()?;
    exchange.admin_ready_at = exchange.ready_at(now)?;
    AdminHandOver {
        sequence: exchange.governed(now),
        admin: ctx.accounts.admin.key(),
        nominee,
        ready_at: exchange.admin_ready_at,
    }
    .tell();
    Ok(())
}
