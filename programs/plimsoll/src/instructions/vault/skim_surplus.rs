//! Skim surplus: what somebody sent to a vault by mistake or as a gift belongs to no ledger; the fee collector takes it.

use crate::{
    clock,
    errors::Refusal,
    events::SurplusSkimmed,
    state::{Bank, Exchange, RiskBoard, risk_board::Pausable},
    token::Transfer,
};
use anchor_lang::prelude::*;

#[derive(Accounts)]
pub struct SkimSurplus<'info> {
    pub fee_collector: Signer<'info>,
    pub exchange: AccountLoader<'info, Exchange>,
    pub board: AccountLoader<'info, RiskBoard>,
    #[account(mut)]
    pub bank: AccountLoader<'info, Bank>,
    /// CHECK: compared with the bank's
    pub mint: UncheckedAccount<'info>,
    /// CHECK: compared with the bank's
    #[account(mut)]
    pub vault: UncheckedAccount<'info>,
    /// CHECK: kind and mint in `Transfer::validate`
    #[account(mut)]
    pub destination: UncheckedAccount<'info>,
    /// CHECK: compared with the bank's
    pub token_program: UncheckedAccount<'info>,
}

impl<'info> SkimSurplus<'info> {
    pub(crate) fn transfer(&self) -> Transfer<'_, 'info> {
        Transfer {
            bank: &self.bank,
            mint: &self.mint,
            vault: &self.vault,
            other: &self.destination,
            token_program: &self.token_program,
        }
    }

    /// That the fee collector asks, for what is the exchange's, while `action` runs.
    pub(crate) fn validate(&self, action: Pausable) -> Result<()> {
        let (exchange, board, bank) = (self.exchange.load()?, self.board.load()?, self.bank.load()?);
        ensure!(bank.exchange.0 == self.exchange.key().to_bytes(), Refusal::ForeignExchange);
        bank.require_board(self.board.as_ref().key)?;
        ensure!(exchange.fee_collector.0 == self.fee_collector.key().to_bytes(), Refusal::NotTheFeeCollector);
        board.require_running(action, clock::now()?)?;
        bank.require_whole()?;
        self.transfer().validate(&bank)
    }
}

#[access_control(ctx.accounts.validate(Pausable::Skim))]
pub fn skim_surplus(ctx: Context<SkimSurplus>) -> Result<()> {
    let transfer = ctx.accounts.transfer();
    let (surplus, decimals, recorded, event) = {
        let mut bank = ctx.accounts.bank.load_mut()?;
        let recorded = bank.vault_balance.get();
        let surplus = transfer.held()?.saturating_sub(recorded); // short or exact: nothing to take
        ensure!(surplus > 0, Refusal::NoSurplus);
        let sequence = bank.next_event();
        let event = SurplusSkimmed { bank: *ctx.accounts.bank.as_ref().key, sequence, amount: surplus };
        (surplus, bank.decimals, recorded, event)
    };
    transfer.pay_out(surplus, decimals, recorded)?;
    event.tell();
    Ok(())
}
