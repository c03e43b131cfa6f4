//! Repay: anyone pays back what a margin account owes, never more. Works where deposits are paused or capped.

use super::deposit::Deposit;
use crate::state::risk_board::Pausable;
use anchor_lang::prelude::*;
use plimsoll_risk::num::TokenAmount;

/// Pays back exactly `amount`.
pub fn repay(ctx: Context<Deposit>, amount: u64) -> Result<()> {
    let now = Clock::get()?.unix_timestamp;
    ctx.accounts.validate_inflow(Pausable::Repay, amount, now)?;
    pay(&ctx, TokenAmount::new(amount), now)
}

/// Pays back all that is owed at this moment, to the last unit.
pub fn repay_all(ctx: Context<Deposit>) -> Result<()> {
    let now = Clock::get()?.unix_timestamp;
    ctx.accounts.validate_inflow(Pausable::Repay, 1, now)?;
    let owed = {
        let account = ctx.accounts.account.load()?;
        let mut bank = ctx.accounts.bank.load_mut()?;
        bank.accrue(now)?;
        bank.owed_by(&account)?
    };
    pay(&ctx, owed, now)
}

fn pay(ctx: &Context<Deposit>, amount: TokenAmount, now: i64) -> Result<()> {
    let moved = {
        let mut account = ctx.accounts.account.load_mut()?;
        ctx.accounts.bank.load_mut()?.repay(&mut account, amount, now)?
    };
    ctx.accounts.settle(&moved)
}
