//! Pause: the guardian stops one kind of action for a while; it starts again by itself.

use crate::{
    clock,
    errors::Refusal,
    events::PauseSet,
    governance::pauses,
    state::{Exchange, RiskBoard},
};
use anchor_lang::prelude::*;

#[derive(Accounts)]
pub struct Pause<'info> {
    pub guardian: Signer<'info>,
    #[account(mut)]
    pub exchange: AccountLoader<'info, Exchange>,
    #[account(mut)]
    pub board: AccountLoader<'info, RiskBoard>,
}

impl Pause<'_> {
    fn validate(&self) -> Result<()> {
        let exchange = self.exchange.load()?;
        exchange.require_guardian(self.guardian.key)?;
        ensure!(exchange.board.0 == self.board.key().to_bytes(), Refusal::ForeignBoard);
        Ok(())
    }
}

#[access_control(ctx.accounts.validate())]
pub fn pause(ctx: Context<Pause>, action: u8, seconds: u32) -> Result<()> {
    let now = clock::now()?;
    let mut exchange = ctx.accounts.exchange.load_mut()?;
    let mut board = ctx.accounts.board.load_mut()?;
    let until = pauses::pause(&mut exchange, &mut board, action, seconds, now)?;
    PauseSet { sequence: exchange.governed(now), action, until }.tell();
    Ok(())
}
