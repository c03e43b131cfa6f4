//! Close stake: an empty stake gives its rent back.

use crate::state::InsuranceStake;
use anchor_lang::prelude::*;

#[derive(Accounts)]
pub struct CloseStake<'info> {
    /// Gets the rent back.
    #[account(mut)]
    pub owner: Signer<'info>,
    #[account(mut, close = owner)]
    pub stake: AccountLoader<'info, InsuranceStake>,
}

/// Shares of a generation that lost everything count until they are told to cool, which strikes them off.
pub fn close_stake(ctx: Context<CloseStake>) -> Result<()> {
    let stake = ctx.accounts.stake.load()?;
    stake.require_owner(ctx.accounts.owner.key)?;
    stake.require_empty()
}
