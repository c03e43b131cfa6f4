//! Assess: who is in danger is flagged, who is not any more is let go, who is short of initial margin is called.

use super::scope::Scope;
use crate::{
    clock,
    errors::{Refusal, refuse, refused},
    events::{Assessed, MarginCall},
    prices,
    state::{InsuranceFund, MarginAccount, RiskBoard},
};
use anchor_lang::prelude::*;
use plimsoll_risk::liquidation::{self, CallChange, Flag, FlagChange, View};

#[derive(Accounts)]
pub struct Assess<'info> {
    #[account(mut)]
    pub account: AccountLoader<'info, MarginAccount>,
    pub board: AccountLoader<'info, RiskBoard>,
    /// The insurance fund, where it changes whether the scope counts as insolvent.
    #[account(mut)]
    pub insurance: Option<AccountLoader<'info, InsuranceFund>>,
    // Remaining accounts: oracle accounts in place of stale prices.
}

impl Assess<'_> {
    fn validate(&self, account: &MarginAccount, board: &RiskBoard, now: i64) -> Result<()> {
        ensure!(account.header.exchange == board.header.exchange, Refusal::ForeignExchange);
        ensure!(now >= board.header.grace_until, Refusal::GracePeriod);
        Ok(())
    }

    /// The insurance fund counts one insolvent scope more, or less.
    fn count(&self, board: &RiskBoard, insolvent: bool) -> Result<()> {
        let Some(fund) = &self.insurance else { return Err(refuse(Refusal::MissingInsurance)) };
        let mut fund = fund.load_mut()?;
        ensure!(fund.exchange == board.header.exchange, Refusal::ForeignExchange);
        let count = if insolvent { fund.insolvent.checked_add(1) } else { fund.insolvent.checked_sub(1) };
        fund.insolvent = count.ok_or(Refusal::Overflow)?;
        Ok(())
    }
}

/// Shows how a scope stands (255 is the cross part, otherwise the market of an isolated position) and what follows from
/// that: flag, fresh proof or end of it; insolvent or not; a margin call, once. Anyone may, and no pause stops it.
pub fn assess<'info>(ctx: Context<'info, Assess<'info>>, code: u8) -> Result<()> {
    let accounts = &*ctx.accounts;
    let now = clock::now()?;
    let board = accounts.board.load()?;
    let mut account = accounts.account.load_mut()?;
    accounts.validate(&account, &board, now)?;
    let overlay = prices::overlay(&board, ctx.remaining_accounts)?;
    let view = View { board: &board.0, overlay: &overlay, now };

    let scope = Scope::named(&account, code)?;
    let flag = scope.flag(&account);
    let called = account.header.margin_called_at != 0;
    let found = liquidation::assess(&scope.held(&account), &flag, called, &view).map_err(refused)?;
    let insolvent = found.is_insolvent();
    let counts = insolvent != scope.is_insolvent(&account);
    let told = counts || found.flag != FlagChange::Stays;
    ensure!(told || found.call != CallChange::Stays, Refusal::NothingToDo);

    let flag = match found.flag {
        FlagChange::Stays => flag,
        FlagChange::Set => Flag { flagged_at: now, renewed_at: now },
        FlagChange::Renewed => Flag { renewed_at: now, ..flag },
        FlagChange::Cleared => Flag::default(),
    };
    scope.set_flag(&mut account, flag)?;
    if counts {
        accounts.count(&board, insolvent)?;
        scope.mark(&mut account, insolvent);
    }
    if told {
        Assessed {
            account: *accounts.account.as_ref().key,
            sequence: account.next_event(),
            scope: code,
            insolvent,
            flagged_at: flag.flagged_at,
            renewed_at: flag.renewed_at,
            health: found.liqend.or(found.maint).map_or(0, |health| health.get()),
            equity: found.equity.map_or(0, |equity| equity.get()),
        }
        .tell();
    }
    match found.call {
        CallChange::Stays => {}
        CallChange::Ended => account.header.margin_called_at = 0,
        CallChange::Posted => {
            account.header.margin_called_at = now;
            MarginCall {
                account: *accounts.account.as_ref().key,
                sequence: account.next_event(),
                initial: found.initial.map_or(0, |initial| initial.get()),
            }
            .tell();
        }
    }
    Ok(())
}
