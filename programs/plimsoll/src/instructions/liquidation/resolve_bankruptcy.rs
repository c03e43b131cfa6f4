//! Resolve a bankruptcy: what is left is seized, what is owed goes through the waterfall, all of it at once (DESIGN §6).
//!
//! - [`waterfall`]: what happens to each loss, and to what else is left.

#[cfg(test)]
mod tests;
mod waterfall;

use self::waterfall::{Borne, Waterfall};
use super::scope::Scope;
use crate::{
    clock,
    errors::{Refusal, refused},
    events::BankruptcyResolved,
    instructions::trade::makers::Brought,
    state::{
        Bank, Exchange, InsuranceFund, MarginAccount, RiskBoard, margin_account::scope,
        risk_board::require_liquidations,
    },
};
use anchor_lang::prelude::*;
use plimsoll_risk::{
    bankruptcy::{Estate, MOST_LEGS},
    liquidation::{Flag, fee_rate, insolvency_due},
    margin::Holdings,
    num::TokenAmount,
};

#[derive(Accounts)]
pub struct ResolveBankruptcy<'info> {
    /// The resolving account's owner, or a delegate.
    pub resolver: Signer<'info>,
    /// Sells the fund what it has to buy.
    #[account(mut)]
    pub resolver_account: AccountLoader<'info, MarginAccount>,
    /// Who is bankrupt.
    #[account(mut)]
    pub account: AccountLoader<'info, MarginAccount>,
    pub exchange: AccountLoader<'info, Exchange>,
    #[account(mut)]
    pub board: AccountLoader<'info, RiskBoard>,
    #[account(mut)]
    pub insurance: AccountLoader<'info, InsuranceFund>,
    #[account(mut)]
    pub quote_bank: AccountLoader<'info, Bank>,
    // Remaining accounts, writable, in any order: the markets of positions that owe or are owed, the banks of balances in
    // other tokens.
}

impl ResolveBankruptcy<'_> {
    /// That all accounts are of one exchange, and the resolver may trade for his.
    fn validate(&self, now: i64) -> Result<()> {
        ensure!(self.resolver_account.as_ref().key != self.account.as_ref().key, Refusal::DuplicateAccount);
        let (exchange, board) = (self.exchange.as_ref().key.as_array(), self.board.as_ref().key);
        let (resolver, account) = (self.resolver_account.load()?, self.account.load()?);
        let is_one = resolver.header.exchange.is(exchange)
            && account.header.exchange.is(exchange)
            && self.insurance.load()?.exchange.is(exchange);
        ensure!(is_one, Refusal::ForeignExchange);
        ensure!(self.exchange.load()?.board.is(board.as_array()), Refusal::ForeignBoard);
        resolver.require_trader(self.resolver.key, scope::TRADE, now)?;
        let entries = self.board.load()?;
        self.quote_bank.load()?.require_quote(board, &entries)?;
        require_liquidations(&entries.header, now)
    }
}

/// Resolves the bankruptcy of an account's cross part (255) or of the isolated position in a market: nothing of it is left,
/// neither what it had nor what it owed.
///
/// # Errors
/// [`Refusal::NotFlagged`], [`Refusal::NotBankrupt`]; [`Refusal::MissingLeg`]; [`Refusal::BringTokens`];
/// [`Refusal::StalePrice`] where a token has to be bought that has no price now.
pub fn resolve_bankruptcy<'info>(ctx: Context<'info, ResolveBankruptcy<'info>>, scope: u8) -> Result<()> {
    let accounts = &*ctx.accounts;
    let now = clock::now()?;
    accounts.validate(now)?;
    let (mut account, mut resolver) = (accounts.account.load_mut()?, accounts.resolver_account.load_mut()?);
    let (mut board, mut insurance) = (accounts.board.load_mut()?, accounts.insurance.load_mut()?);
    let (mut quote_bank, exchange) = (accounts.quote_bank.load_mut()?, accounts.exchange.load()?);

    let code = scope;
    let scope = Scope::named(&account, code)?;
    let flag = scope.flag(&account);
    ensure!(flag.is_live(now), Refusal::NotFlagged);
    quote_bank.accrue(now)?;
    let mut estate = take_stock(&account, scope, &quote_bank, &board, now)?;
    let is_due = insolvency_due(flag.flagged_at, board.header.insolvency_seconds, now);
    ensure!(estate.is_bankrupt(board.header.liq_dust, is_due), Refusal::NotBankrupt);
    let deficit = estate.share_out().map_err(refused)?;

    let fee = fee_rate(&board.header.swap_auction(), flag.flagged_at, now).min(exchange.purchase_fee);
    let waterfall = Waterfall {
        account: &mut account,
        resolver: &mut resolver,
        exchange: &exchange,
        board: &mut board,
        insurance: &mut insurance,
        quote_bank: &mut quote_bank,
        brought: Brought::new(ctx.remaining_accounts),
        fee,
        now,
        price: TokenAmount::ZERO,
        legs: Vec::with_capacity(MOST_LEGS),
    };
    let Borne { cash, paid, resolver_balance, legs } = waterfall.run(&estate, scope)?;
    release(&mut account, scope, &mut insurance)?;
    let resolver_sequence = if paid.is_zero() { 0 } else { resolver.next_event() };
    BankruptcyResolved {
        account: *accounts.account.as_ref().key,
        sequence: account.next_event(),
        scope: code,
        fund_sequence: insurance.next_event(),
        cover: insurance.fund.cover().get(),
        cash: cash.get(),
        deficit: deficit.magnitude(),
        resolver: *accounts.resolver_account.as_ref().key,
        resolver_sequence,
        paid: paid.get(),
        resolver_balance,
        legs,
    }
    .tell();
    Ok(())
}

/// What the scope has and owes.
#[inline(never)]
fn take_stock(
    account: &MarginAccount,
    scope: Scope,
    quote_bank: &Bank,
    board: &RiskBoard,
    now: i64,
) -> Result<Estate> {
    let estate = match scope {
        Scope::Cross => {
            Estate::of_cross(&Holdings::from(&account.0), quote_bank.held_by(account)?, &board.0, now)
        }
        Scope::Pocket(place) => {
            Estate::of_pocket(place, account.positions.get(place).ok_or(Refusal::NoPosition)?)
        }
    };
    estate.map_err(refused)
}

/// Nothing of the scope is left to be in danger: no flag, no mark, no slots.
fn release(account: &mut MarginAccount, scope: Scope, insurance: &mut InsuranceFund) -> Result<()> {
    scope.set_flag(account, Flag::default())?;
    if scope.is_insolvent(account) {
        scope.mark(account, false);
        insurance.insolvent = insurance.insolvent.checked_sub(1).ok_or(Refusal::Overflow)?;
    }
    if scope == Scope::Cross {
        account.header.margin_called_at = 0;
        for place in 0..account.positions.len() {
            account.tidy(place);
        }
    }
    Ok(())
}
