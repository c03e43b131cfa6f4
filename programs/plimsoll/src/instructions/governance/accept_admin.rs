//! Accept admin: the second step; a key that cannot sign can never become the admin.

use crate::{clock, errors::Refusal, events::AdminHandOver, governance, state::Exchange};
use anchor_lang::prelude::*;
use plimsoll_risk::layout::Key as Address;

#[derive(Accounts)]
pub struct AcceptAdmin<'info> {
    pub nominee: Signer<'info>,
    #[account(mut)]
    pub exchange: AccountLoader<'info, Exchange>,
}

impl AcceptAdmin<'_> {
    fn validate(&self) -> Result<()> {
        let exchange = self.exchange.load()?;
        ensure!(!exchange.nominated_admin.is_none(), Refusal::NobodyNominated);
        ensure!(exchange.nominated_admin.0 == self.nominee.key().to_bytes(), Refusal::NotTheNominee);
        ensure!(clock::now()? >= exchange.admin_ready_at, Refusal::NotReady);
        let (council, guardian) = (Pubkey::from(exchange.risk_council.0), Pubkey::from(exchange.guardian.0));
        governance::require_roles(self.nominee.key, &council, &guardian)
    }
}

#[access_control(ctx.accounts.validate())]
pub fn accept_admin(ctx: Context<AcceptAdmin>) -> Result<()> {
    let mut exchange = ctx.accounts.exchange.load_mut()?;
    exchange.admin = exchange.nominated_admin;
    exchange.nominated_admin = Address::NONE;
    let ready_at = core::mem::take(&mut exchange.admin_ready_at);
    AdminHandOver {
        sequence: exchange.governed(clock::now()?),
        admin: ctx.accounts.nominee.key(),
        nominee: Pubkey::default(),
        ready_at,
    }
    .tell();
    Ok(())
}
