//! Take over: lots of an endangered position become a liquidator's, at the price less the auction's fee.

use super::{
    danger::{
        Danger, key_of, owe_insurance, parties, require_carried, require_market, require_trader, weight_of,
    },
    scope::Scope,
};
use crate::{
    clock,
    errors::{Refusal, beyond, refused},
    events::TakenOver,
    prices,
    state::{Bank, MarginAccount, Market, RiskBoard, market::left_in_window},
};
use anchor_lang::prelude::*;
use plimsoll_book::{Size, Ticks};
use plimsoll_risk::{
    layout::market::MarketTerms,
    liquidation::{self, Standing, Step, View},
    num::{Quote, TokenAmount},
    position::worst_case_lots,
};

#[derive(Accounts)]
pub struct TakeOver<'info> {
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
    /// Where insurance pays the fee of an insolvent account; left out, it pays nothing.
    #[account(mut)]
    pub quote_bank: Option<AccountLoader<'info, Bank>>,
    // Remaining accounts: oracle accounts in place of stale prices.
}

impl TakeOver<'_> {
    /// What the market's own part of the insurance fund pays of the fee that an insolvent account cannot: within its hour's
    /// cap, and no more than it has.
    fn subsidise(
        &self,
        board: &RiskBoard,
        market: &mut Market,
        standing: &Standing,
        step: &Step,
        now: i64,
    ) -> Result<Quote> {
        let Some(bank) = self.quote_bank.as_ref().filter(|_| standing.equity <= Quote::ZERO) else {
            return Ok(Quote::ZERO);
        };
        let mut bank = bank.load_mut()?;
        bank.require_quote(self.board.as_ref().key, board)?;
        let wanted = step.wanted.checked_sub(step.fee.total()).map_err(refused)?.max(Quote::ZERO);
        let left =
            left_in_window(&mut market.subsidy_start, &mut market.subsidy_paid, market.subsidy_cap, now);
        let amount = TokenAmount::new(wanted.magnitude()).min(left).min(market.insurance);
        market.insurance = market.insurance.saturating_sub(amount); // no more than it has
        market.pool = market.pool.checked_add(amount).map_err(refused)?;
        market.subsidy_paid = market.subsidy_paid.checked_add(amount).map_err(refused)?;
        bank.insurance_pays(amount)?;
        Quote::from_unsigned(amount.get()).map_err(refused)
    }

    /// The liquidator's side of it: his position, brought up to date, gets the same lots for their worth less what he
    /// earns. Returns its place and the funding that it paid first, native quote.
    ///
    /// # Errors
    /// [`Refusal::NoFreePosition`]; [`Refusal::AccountPositionCap`].
    fn take(
        &self,
        liquidator: &mut MarginAccount,
        market: &mut Market,
        terms: &MarketTerms,
        step: &Step,
        (is_long, earned): (bool, Quote),
    ) -> Result<(usize, Quote)> {
        let (place, _) = liquidator.position_for(market.index, terms)?;
        let funding = market.touch(liquidator, &key_of(&self.liquidator_account), place, terms)?;
        let position = liquidator.positions.get_mut(place).ok_or(Refusal::NoPosition)?;
        let was = worst_case_lots(position);
        let fee = Quote::ZERO.checked_sub(earned).map_err(refused)?;
        market.trade(position, terms, is_long, (Size::new(step.lots), step.worth, fee))?;
        let is = worst_case_lots(position).ok_or(Refusal::Overflow)?;
        let cap = market.account_cap;
        if is > cap && was.is_none_or(|was| is > was) {
            return Err(beyond(Refusal::AccountPositionCap, u64::from(is), u64::from(cap)));
        }
        Ok((place, funding))
    }
}

/// Takes over what brings health at the end of a liquidation to 0, at most `most_lots`, at `worst_price` (ticks, fee and
/// subsidy included) or better. The liquidator carries what he took.
pub fn take_over<'info>(
    ctx: Context<'info, TakeOver<'info>>,
    most_lots: u32,
    worst_price: u32,
) -> Result<()> {
    let accounts = &*ctx.accounts;
    let now = clock::now()?;
    let board = accounts.board.load()?;
    let (mut liquidator, mut account) = parties(&accounts.liquidator_account, &accounts.account, &board)?;
    require_trader(&mut liquidator, accounts.liquidator.key, now)?;
    let mut market = accounts.market.load_mut()?;
    let terms = require_market(&market, accounts.board.as_ref().key, &board)?;
    let overlay = prices::overlay(&board, ctx.remaining_accounts)?;
    let view = View { board: &board.0, overlay: &overlay, now };

    let (place, _) = account.position_in(market.index)?;
    let funding = market.touch(&mut account, &key_of(&accounts.account), place, terms)?;
    let danger = Danger::of(&account, Scope::around(&account, place), &view)?;
    let position = account.positions.get_mut(place).ok_or(Refusal::NoPosition)?;
    let step_terms = danger.terms(&terms.auction(), most_lots, &view);
    let step = liquidation::step(position, &danger.standing, &step_terms, &view).map_err(refused)?;
    ensure!(step.lots > 0, Refusal::NothingToDo);
    let (is_long, before) = (position.lots.get() > 0, weight_of(position, &view)?);
    market.trade(position, terms, !is_long, (Size::new(step.lots), step.worth, step.fee.total()))?;
    let gained = weight_of(position, &view)?.checked_sub(before).map_err(refused)?;
    owe_insurance(&mut market, step.fee.insurance)?;
    let subsidy = accounts.subsidise(&board, &mut market, &danger.standing, &step, now)?;

    let earned = step.fee.liquidator.checked_add(subsidy).map_err(refused)?;
    require_price(&market, &step, earned, is_long, worst_price)?;
    let (taken, liquidator_funding) =
        accounts.take(&mut liquidator, &mut market, terms, &step, (is_long, earned))?;
    require_carried(&liquidator, Scope::around(&liquidator, taken), &view)?;
    let over = danger.ends(&mut account, gained)?;
    account.tidy(place);
    liquidator.tidy(taken);
    TakenOver {
        account: *accounts.account.as_ref().key,
        sequence: account.next_event(),
        liquidator: *accounts.liquidator_account.as_ref().key,
        liquidator_sequence: liquidator.next_event(),
        market: market.index,
        is_long,
        lots: step.lots,
        quote: step.worth.magnitude(),
        fee: step.fee.liquidator.get(),
        insurance_fee: step.fee.insurance.get(),
        subsidy: subsidy.get(),
        funding: funding.get(),
        liquidator_funding: liquidator_funding.get(),
        liqend: danger.standing.liqend.get(),
        equity: danger.standing.equity.get(),
        over,
    }
    .tell();
    Ok(())
}

/// The lots cost the liquidator, who is paid `earned` of their worth, no more than he allowed; or bring no less.
///
/// # Errors
/// [`Refusal::WorseThanAllowed`].
fn require_price(market: &Market, step: &Step, earned: Quote, is_long: bool, worst_price: u32) -> Result<()> {
    // Below 2^56 and 2^63; a limit beyond every price is none.
    let limit = market.worth_at(Ticks::new(worst_price), Size::new(step.lots)).unwrap_or(u64::MAX);
    let allowed = if is_long {
        step.worth.checked_sub(earned).map_err(refused)?.max(Quote::ZERO).magnitude() <= limit
    } else {
        step.worth.checked_add(earned).map_err(refused)?.magnitude() >= limit
    };
    ensure!(allowed, Refusal::WorseThanAllowed);
    Ok(())
}
