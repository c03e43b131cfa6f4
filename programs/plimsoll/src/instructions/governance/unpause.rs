//! Unpause: the guardian or the admin ends a pause before its time.

use crate::{
    clock,
    errors::Refusal,
    events::PauseSet,
    governance::pauses,
    state::{Exchange, RiskBoard},
};
use anchor_lang::prelude::*;

#[derive(Accounts)]
pub struct Unpause<'info> {
    /// The guardian or the admin.
    pub signer: Signer<'info>,
    #[account(mut)]
    pub exchange: AccountLoader<'info, Exchange>,
    #[account(mut)]
    pub board: AccountLoader<'info, RiskBoard>,
}

impl Unpause<'_> {
    fn validate(&self) -> Result<()> {
        let exchange = self.exchange.load()?;
        if exchange.require_admin(self.signer.key).is_err() {
            exchange.require_guardian(self.signer.key)?;
        }
        ensure!(exchange.board.0 == self.board.key().to_bytes(), Refusal::ForeignBoard);
        Ok(())
    }
}

#[access_control(ctx.accounts.validate())]
pub fn unpause(ctx: Context<Unpause>, action: u8) -> Result<()> {
    let now = clock::now()?;
    pauses::unpause(&mut *ctx.accounts.board.load_mut()?, action, now)?;
    let sequence = ctx.accounts.exchange.load_mut()?.governed(now);
    PauseSet { sequence, action, until: now }.tell();
    Ok(())
}
