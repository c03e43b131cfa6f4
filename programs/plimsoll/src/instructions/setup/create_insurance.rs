//! Create insurance: the shared fund, empty. Its cash will lie in the quote vault.

use crate::{
    errors::Refusal,
    pda,
    state::{Bank, Exchange, InsuranceFund, RiskBoard},
};
use anchor_lang::{Discriminator, prelude::*};
use plimsoll_risk::layout::Key as Address;

#[derive(Accounts)]
pub struct CreateInsurance<'info> {
    /// The exchange's admin; pays for the account.
    #[account(mut)]
    pub admin: Signer<'info>,
    pub exchange: AccountLoader<'info, Exchange>,
    pub board: AccountLoader<'info, RiskBoard>,
    pub quote_bank: AccountLoader<'info, Bank>,
    /// CHECK: created here at this address
    #[account(mut, seeds = [InsuranceFund::SEED, exchange.key().as_ref()], bump)]
    pub insurance: UncheckedAccount<'info>,
    pub system_program: Program<'info, System>,
}

impl CreateInsurance<'_> {
    fn validate(&self) -> Result<()> {
        let (exchange, board) = (self.exchange.load()?, self.board.load()?);
        exchange.require_admin(self.admin.key)?;
        ensure!(exchange.board.0 == self.board.key().to_bytes(), Refusal::ForeignBoard);
        self.quote_bank.load()?.require_quote(self.board.as_ref().key, &board)
    }
}

#[access_control(ctx.accounts.validate())]
pub fn create_insurance(ctx: Context<CreateInsurance>) -> Result<()> {
    let (accounts, bump) = (&ctx.accounts, ctx.bumps.insurance);
    let exchange = accounts.exchange.key();
    let seeds: &[&[u8]] = &[InsuranceFund::SEED, exchange.as_ref(), &[bump]];
    let (space, mark) = (InsuranceFund::SPACE, InsuranceFund::DISCRIMINATOR);
    pda::create_marked(&accounts.admin, &accounts.insurance, seeds, space, mark)?;
    let mut data = accounts.insurance.try_borrow_mut_data()?;
    let insurance: &mut InsuranceFund = pda::fields(&mut data)?;
    insurance.exchange = Address(exchange.to_bytes());
    insurance.bump = bump;
    insurance.fund.cooldown = accounts.exchange.load()?.insurance_cooldown;
    Ok(())
}
