//! Buy PnL: a liquidator pays cash for a profit that its market's pool cannot pay now, at the auction's discount.

use super::{
    danger::{Danger, key_of, parties, require_at_least, require_carried, require_market, require_trader},
    scope::Scope,
};
use crate::{
    clock,
    errors::{Refusal, beyond, refused},
    events::PnlBought,
    prices,
    state::{Bank, MarginAccount, Market, RiskBoard},
};
use anchor_lang::prelude::*;
use plimsoll_risk::{
    health::Check,
    layout::{account::Position, market::MarketTerms},
    liquidation::{self, PnlSale, View},
    margin::{Holdings, equity, isolated_margin},
    num::{Quote, Ratio, TokenAmount},
    settlement,
};

#[derive(Accounts)]
pub struct BuyPnl<'info> {
    /// The liquidator account's owner, or a delegate.
    pub liquidator: Signer<'info>,
    #[account(mut)]
    pub liquidator_account: AccountLoader<'info, MarginAccount>,
    /// Who is liquidated.
    #[account(mut)]
    pub account: AccountLoader<'info, MarginAccount>,
    pub board: AccountLoader<'info, RiskBoard>,
    #[account(mut)]
    pub market: AccountLoader<'info, Market>,
    #[account(mut)]
    pub quote_bank: AccountLoader<'info, Bank>,
    // Remaining accounts: oracle accounts in place of stale prices.
}

/// Buys what covers the cash that the account lacks, at most `most` (native quote), of a profit that the pool cannot pay
/// now: the claim moves to the liquidator's position in the market, the price to the account's balance and the insurance's
/// part of the discount to the market's own insurance, both out of the liquidator's deposit. He keeps at least `least_fee`
/// of the claim (a ratio), and carries what he has then.
///
/// A pocket never needs it: its only profit is that of the position which it stands for.
pub fn buy_pnl<'info>(ctx: Context<'info, BuyPnl<'info>>, most: u64, least_fee: u32) -> Result<()> {
    let accounts = &*ctx.accounts;
    let now = clock::now()?;
    let board = accounts.board.load()?;
    let (mut liquidator, mut account) = parties(&accounts.liquidator_account, &accounts.account, &board)?;
    require_trader(&mut liquidator, accounts.liquidator.key, now)?;
    let (mut market, mut bank) = (accounts.market.load_mut()?, accounts.quote_bank.load_mut()?);
    let terms = require_market(&market, accounts.board.as_ref().key, &board)?;
    bank.require_quote(accounts.board.as_ref().key, &board)?;
    bank.accrue(now)?;
    let overlay = prices::overlay(&board, ctx.remaining_accounts)?;
    let view = View { board: &board.0, overlay: &overlay, now };

    let (place, position) = account.position_in(market.index)?;
    ensure!(position.is_cross(), Refusal::NothingToDo);
    let funding = market.touch(&mut account, &key_of(&accounts.account), place, terms)?;
    let danger = Danger::of(&account, Scope::Cross, &view)?;
    let auction = danger.terms(&board.header.swap_auction(), 0, &view);
    let profit = unpaid_profit(&account, place, &market, &view)?;
    let owed = lacking(&account, &bank, &view)?;
    let most = Quote::from_unsigned(most).unwrap_or(Quote::MAX);
    let sale = liquidation::buy_pnl(profit.min(most), owed, &danger.standing, &auction).map_err(refused)?;
    ensure!(sale.claim > Quote::ZERO, Refusal::NothingToDo);
    require_at_least(sale.fee.liquidator, Ratio::new(least_fee).mul_up(sale.claim).map_err(refused)?)?;

    let (bought, liquidator_funding) =
        accounts.hand_over(&mut account, &mut liquidator, &mut market, terms, (place, sale.claim))?;
    let paid = pay(&mut bank, &mut liquidator, &mut account, &sale, now)?;
    let insurance = TokenAmount::new(sale.fee.insurance.magnitude());
    market.insurance = market.insurance.checked_add(insurance).map_err(refused)?;
    require_carried(&liquidator, Scope::Cross, &view)?;
    account.tidy(place);
    liquidator.tidy(bought);
    PnlBought {
        account: *accounts.account.as_ref().key,
        sequence: account.next_event(),
        liquidator: *accounts.liquidator_account.as_ref().key,
        liquidator_sequence: liquidator.next_event(),
        market: market.index,
        claim: sale.claim.get(),
        paid: sale.paid.get(),
        insurance_fee: sale.fee.insurance.get(),
        funding: funding.get(),
        liquidator_funding: liquidator_funding.get(),
        balance: paid.0,
        liquidator_balance: paid.1,
        liqend: danger.standing.liqend.get(),
        equity: danger.standing.equity.get(),
    }
    .tell();
    Ok(())
}

/// A profit at the price, native quote, of which the pool cannot pay all now.
///
/// # Errors
/// [`Refusal::NothingToDo`] where the pool can: then settling it costs nothing.
fn unpaid_profit(account: &MarginAccount, place: usize, market: &Market, view: &View) -> Result<Quote> {
    let position = account.positions.get(place).ok_or(Refusal::NoPosition)?;
    // There are no orders, so PnL is all that a position adds to its collateral.
    let alone = Position { pocket: Quote::ZERO, ..*position };
    let margin = isolated_margin(&alone, view.board, view.overlay, Check::LiquidationEnd, view.now);
    let profit = margin.map_err(refused)?.net_collateral();
    let pool = Quote::from_unsigned(market.pool.get()).map_err(refused)?;
    ensure!(pool < profit || !market.deficit.is_zero(), Refusal::NothingToDo);
    Ok(profit)
}

/// The cash that the account lacks: debts of all tokens and losses at full price, less its deposit of quote; native quote.
fn lacking(account: &MarginAccount, bank: &Bank, view: &View) -> Result<Quote> {
    let worth = equity(&Holdings::from(&account.0), view.board, view.overlay, view.now).map_err(refused)?;
    let held = Quote::from_unsigned(bank.held_by(account)?.get()).map_err(refused)?;
    worth.liabilities.checked_sub(held).map_err(refused)
}

/// The liquidator pays the account, and the insurance its part. Returns the balances of both afterwards.
///
/// # Errors
/// [`Refusal::WouldBorrow`] where his deposit does not hold it.
fn pay(
    bank: &mut Bank,
    liquidator: &mut MarginAccount,
    account: &mut MarginAccount,
    sale: &PnlSale,
    now: i64,
) -> Result<(i64, i64)> {
    let price = TokenAmount::new(sale.paid.magnitude());
    let (_, got) = bank.pass_on(liquidator, account, price, now)?;
    if got.amount != price {
        return Err(beyond(Refusal::WouldBorrow, price.get(), got.amount.get()));
    }
    let left = bank.fill_insurance(liquidator, TokenAmount::new(sale.fee.insurance.magnitude()), now)?;
    Ok((got.balance, left.balance))
}

impl BuyPnl<'_> {
    /// Moves a claim from the position at a place to the liquidator's, which is brought up to date first. Returns the
    /// place of that and the funding that it paid, native quote.
    fn hand_over(
        &self,
        account: &mut MarginAccount,
        liquidator: &mut MarginAccount,
        market: &mut Market,
        terms: &MarketTerms,
        (place, claim): (usize, Quote),
    ) -> Result<(usize, Quote)> {
        let position = account.positions.get_mut(place).ok_or(Refusal::NoPosition)?;
        let less = Quote::ZERO.checked_sub(claim).map_err(refused)?;
        settlement::settle(position, less).map_err(refused)?;
        let (bought, _) = liquidator.position_for(market.index, terms)?;
        let funding = market.touch(liquidator, &key_of(&self.liquidator_account), bought, terms)?;
        let position = liquidator.positions.get_mut(bought).ok_or(Refusal::NoPosition)?;
        settlement::settle(position, claim).map_err(refused)?;
        Ok((bought, funding))
    }
}
