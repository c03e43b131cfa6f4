//! Open account: a fixed-size margin account, one of as many as its owner likes.

use crate::{
    errors::Refusal,
    events::AccountOpened,
    state::{MarginAccount, RiskBoard, risk_board::Pausable},
};
use anchor_lang::prelude::*;
use plimsoll_risk::layout::Key as Address;

#[derive(Accounts)]
#[instruction(number: u32)]
pub struct OpenAccount<'info> {
    /// Pays for the account.
    #[account(mut)]
    pub payer: Signer<'info>,
    /// Signs, so that nobody opens accounts in another's name.
    pub owner: Signer<'info>,
    pub board: AccountLoader<'info, RiskBoard>,
    #[account(
        init, payer = payer, space = MarginAccount::SPACE,
        seeds = [MarginAccount::SEED, &board.load()?.header.exchange.0, owner.key().as_ref(), &number.to_le_bytes()], bump,
    )]
    pub account: AccountLoader<'info, MarginAccount>,
    pub system_program: Program<'info, System>,
}

impl OpenAccount<'_> {
    fn validate(&self) -> Result<()> {
        let now = Clock::get()?.unix_timestamp;
        self.board.load()?.require_running(Pausable::Account, now)
    }
}

#[access_control(ctx.accounts.validate())]
pub fn open_account(ctx: Context<OpenAccount>, number: u32) -> Result<()> {
    let mut account = ctx.accounts.account.load_init()?;
    let header = &mut account.header;
    header.exchange = ctx.accounts.board.load()?.header.exchange;
    header.owner = Address(ctx.accounts.owner.key().to_bytes());
    header.number = number;
    header.opened_at = Clock::get()?.unix_timestamp;
    header.bump = ctx.bumps.account;
    emit!(AccountOpened { account: ctx.accounts.account.key(), owner: ctx.accounts.owner.key(), number });
    Ok(())
}

/// Refuses an account of another exchange than the board's.
pub(crate) fn require_same_exchange(account: &MarginAccount, board: &RiskBoard) -> Result<()> {
    ensure!(account.header.exchange == board.header.exchange, Refusal::ForeignExchange);
    Ok(())
}
