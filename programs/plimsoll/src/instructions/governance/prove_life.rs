//! Prove life: the admin shows that somebody governs; otherwise anyone may wind the markets down.

use crate::{clock, events::LifeProved, state::Exchange};
use anchor_lang::prelude::*;

#[derive(Accounts)]
pub struct ProveLife<'info> {
    pub admin: Signer<'info>,
    #[account(mut)]
    pub exchange: AccountLoader<'info, Exchange>,
}

/// Every other act of the admin, the council or the guardian shows it, too.
pub fn prove_life(ctx: Context<ProveLife>) -> Result<()> {
    let now = clock::now()?;
    let mut exchange = ctx.accounts.exchange.load_mut()?;
    exchange.require_admin(ctx.accounts.admin.key)?;
    LifeProved { sequence: exchange.governed(now), at: now }.tell();
    Ok(())
}
