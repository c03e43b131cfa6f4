//! Create board: the account is larger than one instruction may allocate, so it begins small.

use crate::{
    errors::Refusal,
    pda,
    state::{Exchange, RiskBoard},
};
use anchor_lang::{prelude::*, solana_program::entrypoint::MAX_PERMITTED_DATA_INCREASE};
use plimsoll_risk::layout::Key as Address;

#[derive(Accounts)]
pub struct CreateBoard<'info> {
    /// The exchange's admin; pays for the account.
    #[account(mut)]
    pub admin: Signer<'info>,
    #[account(mut)]
    pub exchange: AccountLoader<'info, Exchange>,
    /// The board; it has no discriminator, so that nothing accepts it, until it is fully grown.
    /// CHECK: created here at this address
    #[account(mut, seeds = [RiskBoard::SEED, exchange.key().as_ref()], bump)]
    pub board: UncheckedAccount<'info>,
    pub system_program: Program<'info, System>,
}

impl CreateBoard<'_> {
    fn validate(&self) -> Result<()> {
        let exchange = self.exchange.load()?;
        exchange.require_admin(self.admin.key)?;
        ensure!(exchange.board.is_none(), Refusal::BoardComplete);
        Ok(())
    }
}

#[access_control(ctx.accounts.validate())]
pub fn create_board(ctx: Context<CreateBoard>) -> Result<()> {
    let space = MAX_PERMITTED_DATA_INCREASE.min(RiskBoard::SPACE);
    let exchange = ctx.accounts.exchange.key();
    let seeds: &[&[u8]] = &[RiskBoard::SEED, exchange.as_ref(), &[ctx.bumps.board]];
    ctx.accounts.exchange.load_mut()?.board = Address(ctx.accounts.board.key().to_bytes());
    pda::create(&ctx.accounts.admin, &ctx.accounts.board, seeds, space)
}
