//! Resume bank: after its vault was found short and is whole again, the admin lets tokens move again.

use crate::{
    errors::{Refusal, beyond},
    events::BankResumed,
    state::{Bank, Exchange, bank::VAULT_SHORT},
    token,
};
use anchor_lang::prelude::*;

#[derive(Accounts)]
pub struct ResumeBank<'info> {
    pub admin: Signer<'info>,
    pub exchange: AccountLoader<'info, Exchange>,
    #[account(mut)]
    pub bank: AccountLoader<'info, Bank>,
    /// CHECK: compared with the bank's
    pub vault: UncheckedAccount<'info>,
}

impl ResumeBank<'_> {
    fn validate(&self) -> Result<()> {
        let bank = self.bank.load()?;
        ensure!(bank.exchange.0 == self.exchange.key().to_bytes(), Refusal::ForeignExchange);
        self.exchange.load()?.require_admin(self.admin.key)?;
        ensure!(bank.vault.0 == self.vault.key().to_bytes(), Refusal::WrongVault);
        let (held, recorded) = (token::amount_of(&self.vault)?, bank.vault_balance.get());
        if held < recorded {
            return Err(beyond(Refusal::StillShort, held, recorded));
        }
        ensure!(bank.flags & VAULT_SHORT != 0, Refusal::NotPaused);
        Ok(())
    }
}

#[access_control(ctx.accounts.validate())]
pub fn resume_bank(ctx: Context<ResumeBank>) -> Result<()> {
    let mut bank = ctx.accounts.bank.load_mut()?;
    bank.flags &= !VAULT_SHORT;
    let sequence = bank.next_event();
    BankResumed { bank: ctx.accounts.bank.key(), sequence }.tell();
    Ok(())
}
