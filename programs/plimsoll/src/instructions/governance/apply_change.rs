//! Apply change: what was queued and not vetoed takes effect; anyone may bring it about.

use crate::{
    clock,
    events::ParameterChanged,
    governance::{change, with_target},
    state::{Bank, Exchange, Market, PendingChange, RiskBoard, risk_board::Pausable},
};
use anchor_lang::prelude::*;

#[derive(Accounts)]
pub struct ApplyChange<'info> {
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
    #[account(mut, close = proposer)]
    pub change: AccountLoader<'info, PendingChange>,
    /// Who proposed it gets its rent back.
    /// CHECK: the change names it
    #[account(mut)]
    pub proposer: UncheckedAccount<'info>,
}

impl ApplyChange<'_> {
    fn validate(&self, now: i64) -> Result<()> {
        self.change.load()?.require_belongs(&self.exchange.key(), self.proposer.key)?;
        self.board.load()?.require_running(Pausable::ApplyChange, now)
    }
}

pub fn apply_change(ctx: Context<ApplyChange>) -> Result<()> {
    let now = clock::now()?;
    let accounts = &ctx.accounts;
    accounts.validate(now)?;
    let queued = *accounts.change.load()?;
    let (bank, market) = (accounts.bank.as_ref(), accounts.market.as_ref());
    with_target(&accounts.exchange, &accounts.board, bank, market, queued.target, &mut |place| {
        change::apply(&queued, place, now)
    })?;
    ParameterChanged {
        sequence: accounts.exchange.load_mut()?.next_event(),
        parameter: queued.parameter,
        target: queued.target,
        old_value: queued.old_value,
        new_value: queued.new_value,
    }
    .tell();
    Ok(())
}
