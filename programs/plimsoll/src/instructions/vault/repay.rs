//! Repay: anyone pays back what a margin account owes, never more. Works where deposits are paused or capped.

use super::deposit::Deposit;
use crate::{errors::Refusal, state::risk_board::Pausable};
use anchor_lang::prelude::*;
use plimsoll_risk::num::TokenAmount;

/// Pays back exactly `amount`.
pub fn repay(ctx: Context<Deposit>, amount: u64) -> Result<()> {
    ensure!(amount > 0, Refusal::ZeroAmount);
    ctx.accounts
        .take_in(Pausable::Repay, |bank, account, now| bank.repay(account, TokenAmount::new(amount), now))
}

/// Pays back all that is owed at this moment, to the last unit.
pub fn repay_all(ctx: Context<Deposit>) -> Result<()> {
    ctx.accounts.take_in(Pausable::Repay, |bank, account, now| {
        bank.accrue(now)?;
        let owed = bank.owed_by(account)?;
        ensure!(!owed.is_zero(), Refusal::NothingOwed);
        bank.repay(account, owed, now)
    })
}
