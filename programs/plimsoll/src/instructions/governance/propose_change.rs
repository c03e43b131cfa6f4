//! Propose change: what makes the protocol safer happens now, what makes it riskier is queued.

use crate::{
    clock,
    errors::Refusal,
    events::{ChangeQueued, ParameterChanged},
    governance::{Outcome, Parameter, change, with_target},
    pda,
    state::{Bank, Exchange, Market, PendingChange, RiskBoard},
};
use anchor_lang::{Discriminator, prelude::*};
use plimsoll_risk::layout::Key as Address;

#[derive(Accounts)]
pub struct ProposeChange<'info> {
    /// The admin, or the risk council within what it may propose; pays for a queued change.
    #[account(mut)]
    pub proposer: Signer<'info>,
    #[account(mut)]
    pub exchange: AccountLoader<'info, Exchange>,
    #[account(mut)]
    pub board: AccountLoader<'info, RiskBoard>,
    /// The bank's own account, for parameters that live there.
    #[account(mut)]
    pub bank: Option<AccountLoader<'info, Bank>>,
    /// The market's own account, for parameters of a market.
    #[account(mut)]
    pub market: Option<AccountLoader<'info, Market>>,
    /// Where the change is queued if it has to wait; untouched otherwise.
    /// CHECK: address by seeds; created here
    #[account(
        mut,
        seeds = [PendingChange::SEED, exchange.key().as_ref(), &exchange.load()?.next_change().to_le_bytes()], bump,
    )]
    pub change: UncheckedAccount<'info>,
    pub system_program: Program<'info, System>,
}

impl ProposeChange<'_> {
    fn validate(&self, parameter: u16) -> Result<()> {
        self.exchange.load()?.require_proposer(self.proposer.key, Parameter::by_id(parameter)?)
    }

    /// Queues the change and says so.
    fn queue(&self, mut change: PendingChange, bump: u8) -> Result<()> {
        let now = change.queued_at;
        let (exchange, number) = (self.exchange.key(), change.number.to_le_bytes());
        let seeds: &[&[u8]] = &[PendingChange::SEED, exchange.as_ref(), &number, &[bump]];
        pda::create(&self.proposer, &self.change, seeds, PendingChange::SPACE)?;
        change.exchange = Address(self.exchange.key().to_bytes());
        change.proposer = Address(self.proposer.key().to_bytes());
        change.bump = bump;
        let mut data = self.change.try_borrow_mut_data()?;
        let (discriminator, rest) = data.split_at_mut(8);
        discriminator.copy_from_slice(PendingChange::DISCRIMINATOR);
        rest.copy_from_slice(bytemuck::bytes_of(&change));
        ChangeQueued {
            sequence: self.exchange.load_mut()?.governed(now),
            number: change.number,
            parameter: change.parameter,
            target: change.target,
            old_value: change.old_value,
            new_value: change.new_value,
            ready_at: change.ready_at,
        }
        .tell();
        Ok(())
    }
}

#[access_control(ctx.accounts.validate(parameter))]
pub fn propose_change(
    ctx: Context<ProposeChange>,
    parameter: u16,
    target: u8,
    value: [u8; 32],
) -> Result<()> {
    let now = clock::now()?;
    let accounts = &ctx.accounts;
    let row = Parameter::by_id(parameter)?;
    let new = row.value(&value)?;
    let (bank, market) = (accounts.bank.as_ref(), accounts.market.as_ref());
    let mut outcome = None;
    with_target(&accounts.exchange, &accounts.board, bank, market, target, &mut |place| {
        outcome = Some(change::propose(row, place, new, now)?);
        Ok(())
    })?;
    match outcome.ok_or(Refusal::NoChange)? {
        Outcome::Applied(old) => ParameterChanged {
            sequence: accounts.exchange.load_mut()?.governed(now),
            parameter,
            target,
            old_value: old.to_bytes(),
            new_value: value,
        }
        .tell(),
        Outcome::Waits(old) => {
            let queued =
                accounts.exchange.load_mut()?.queue(parameter, target, [old.to_bytes(), value], now)?;
            accounts.queue(queued, ctx.bumps.change)?;
        }
    }
    Ok(())
}
