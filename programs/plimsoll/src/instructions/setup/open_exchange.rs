//! Open exchange: set-up ends for good, money may come in, and from now on loosening waits.

use crate::{
    errors::Refusal,
    events::ExchangeOpened,
    state::{Exchange, RiskBoard, exchange::PHASE_OPEN},
};
use anchor_lang::prelude::*;

#[derive(Accounts)]
pub struct OpenExchange<'info> {
    pub admin: Signer<'info>,
    #[account(mut)]
    pub exchange: AccountLoader<'info, Exchange>,
    #[account(mut)]
    pub board: AccountLoader<'info, RiskBoard>,
}

impl OpenExchange<'_> {
    fn validate(&self) -> Result<()> {
        let (exchange, board) = (self.exchange.load()?, self.board.load()?);
        exchange.require_admin(self.admin.key)?;
        ensure!(exchange.board.0 == self.board.key().to_bytes(), Refusal::ForeignBoard);
        ensure!(!exchange.is_open(), Refusal::AlreadyOpen);
        ensure!(board.header.bank_count > 0, Refusal::QuoteBankFirst);
        Ok(())
    }
}

#[access_control(ctx.accounts.validate())]
pub fn open_exchange(ctx: Context<OpenExchange>) -> Result<()> {
    let address = ctx.accounts.exchange.key();
    let mut exchange = ctx.accounts.exchange.load_mut()?;
    exchange.phase = PHASE_OPEN;
    ctx.accounts.board.load_mut()?.header.is_open = 1;
    let sequence = exchange.next_event();
    ExchangeOpened { exchange: address, sequence }.tell();
    Ok(())
}
