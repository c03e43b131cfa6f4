//! Refresh bank: interest is accrued and copied to the board; a bank whose vault holds too little closes itself.

use crate::{
    clock,
    errors::Refusal,
    events::{BankRefreshed, VaultShort},
    state::{Bank, RiskBoard, bank::VAULT_SHORT, risk_board::Pausable},
    token,
};
use anchor_lang::prelude::*;
use plimsoll_risk::num::Index;

#[derive(Accounts)]
pub struct RefreshBank<'info> {
    #[account(mut)]
    pub board: AccountLoader<'info, RiskBoard>,
    #[account(mut)]
    pub bank: AccountLoader<'info, Bank>,
    /// CHECK: compared with the bank's
    pub vault: UncheckedAccount<'info>,
}

impl RefreshBank<'_> {
    fn validate(&self, now: i64) -> Result<()> {
        let (board, bank) = (self.board.load()?, self.bank.load()?);
        bank.require_board(self.board.as_ref().key)?;
        ensure!(self.vault.key.as_array() == &bank.vault.0, Refusal::WrongVault);
        board.require_running(Pausable::Refresh, now)
    }
}

pub fn refresh_bank(ctx: Context<RefreshBank>) -> Result<()> {
    let now = clock::now()?;
    ctx.accounts.validate(now)?;
    let mut bank = ctx.accounts.bank.load_mut()?;
    bank.accrue(now)?;
    bank.observe_rate()?;
    ctx.accounts.board.load_mut()?.copy_bank(&bank, now)?;

    let address = *ctx.accounts.bank.as_ref().key;
    let (held, recorded) = (token::amount_of(&ctx.accounts.vault)?, bank.vault_balance.get());
    let sequence = bank.next_event();
    if held < recorded && bank.flags & VAULT_SHORT == 0 {
        bank.flags |= VAULT_SHORT;
        VaultShort { bank: address, sequence, recorded, held }.tell();
        return Ok(());
    }
    BankRefreshed {
        bank: address,
        sequence,
        deposit_index: Index::from(bank.deposit_index).get(),
        borrow_index: Index::from(bank.borrow_index).get(),
        reserves: bank.reserves,
    }
    .tell();
    Ok(())
}
