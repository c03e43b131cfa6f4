//! Open stake: an owner gets a place for shares of the insurance fund.

use crate::{
    pda,
    state::{Exchange, InsuranceStake},
};
use anchor_lang::{Discriminator, prelude::*};
use plimsoll_risk::layout::Key as Address;

#[derive(Accounts)]
pub struct OpenStake<'info> {
    /// Pays for the account.
    #[account(mut)]
    pub owner: Signer<'info>,
    pub exchange: AccountLoader<'info, Exchange>,
    /// CHECK: created here at this address
    #[account(mut, seeds = [InsuranceStake::SEED, exchange.key().as_ref(), owner.key().as_ref()], bump)]
    pub stake: UncheckedAccount<'info>,
    pub system_program: Program<'info, System>,
}

/// Opens it, empty.
pub fn open_stake(ctx: Context<OpenStake>) -> Result<()> {
    let accounts = &ctx.accounts;
    let (exchange, owner, bump) = (accounts.exchange.key(), accounts.owner.key(), ctx.bumps.stake);
    let seeds: &[&[u8]] = &[InsuranceStake::SEED, exchange.as_ref(), owner.as_ref(), &[bump]];
    let (space, mark) = (InsuranceStake::SPACE, InsuranceStake::DISCRIMINATOR);
    pda::create_marked(&accounts.owner, &accounts.stake, seeds, space, mark)?;
    let mut data = accounts.stake.try_borrow_mut_data()?;
    let stake: &mut InsuranceStake = pda::fields(&mut data)?;
    stake.exchange = Address(exchange.to_bytes());
    stake.owner = Address(owner.to_bytes());
    stake.bump = bump;
    Ok(())
}
