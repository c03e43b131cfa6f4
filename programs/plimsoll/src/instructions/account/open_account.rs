//! Open account: a fixed-size margin account, one of as many as its owner likes.

use crate::{
    clock,
    errors::Refusal,
    events::AccountOpened,
    pda,
    state::{MarginAccount, RiskBoard, risk_board::Pausable},
};
use anchor_lang::{Discriminator, prelude::*};
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
    /// CHECK: created here at this address
    #[account(
        mut,
        seeds = [MarginAccount::SEED, &board.load()?.header.exchange.0, owner.key().as_ref(), &number.to_le_bytes()], bump,
    )]
    pub account: UncheckedAccount<'info>,
    pub system_program: Program<'info, System>,
}

impl OpenAccount<'_> {
    fn validate(&self) -> Result<()> {
        let now = clock::now()?;
        self.board.load()?.require_running(Pausable::Account, now)
    }
}

#[access_control(ctx.accounts.validate())]
pub fn open_account(ctx: Context<OpenAccount>, number: u32) -> Result<()> {
    let accounts = &ctx.accounts;
    let (exchange, owner) = (accounts.board.load()?.header.exchange, accounts.owner.key());
    let bump = ctx.bumps.account;
    let seeds: &[&[u8]] = &[MarginAccount::SEED, &exchange.0, owner.as_ref(), &number.to_le_bytes(), &[bump]];
    let (space, mark) = (MarginAccount::SPACE, MarginAccount::DISCRIMINATOR);
    pda::create_marked(&accounts.payer, &accounts.account, seeds, space, mark)?;
    let mut data = accounts.account.try_borrow_mut_data()?;
    let account: &mut MarginAccount = pda::fields(&mut data)?;
    let header = &mut account.header;
    header.exchange = exchange;
    header.owner = Address(owner.to_bytes());
    header.number = number;
    header.opened_at = clock::now()?;
    header.bump = bump;
    AccountOpened { account: accounts.account.key(), owner, number }.tell();
    Ok(())
}

/// Refuses an account of another exchange than the board's.
pub(crate) fn require_same_exchange(account: &MarginAccount, board: &RiskBoard) -> Result<()> {
    ensure!(account.header.exchange == board.header.exchange, Refusal::ForeignExchange);
    Ok(())
}
