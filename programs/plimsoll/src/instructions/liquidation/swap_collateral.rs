//! Swap collateral: a liquidator repays an endangered account's borrow and gets collateral for it, and the fee on top.

use super::{
    danger::{Danger, parties, require_at_least, require_carried, require_trader},
    scope::Scope,
};
use crate::{
    clock,
    errors::{Refusal, refused},
    events::CollateralSwapped,
    prices,
    state::{Bank, MarginAccount, RiskBoard, risk_board::Pausable},
};
use anchor_lang::prelude::*;
use bytemuck::Zeroable;
use plimsoll_risk::{
    health::{self, Check},
    layout::account::{Balance, MAX_BALANCES},
    liquidation::{self, Swap, View},
    num::{Quote, Ratio, Shares, TokenAmount, wide},
};

#[derive(Accounts)]
pub struct SwapCollateral<'info> {
    /// The liquidator account's owner, or a delegate.
    pub liquidator: Signer<'info>,
    #[account(mut)]
    pub liquidator_account: AccountLoader<'info, MarginAccount>,
    /// Who is liquidated.
    #[account(mut)]
    pub account: AccountLoader<'info, MarginAccount>,
    pub board: AccountLoader<'info, RiskBoard>,
    /// The bank of what the account owes.
    #[account(mut)]
    pub debt_bank: AccountLoader<'info, Bank>,
    /// The bank of what the account gives.
    #[account(mut)]
    pub collateral_bank: AccountLoader<'info, Bank>,
    // Remaining accounts: oracle accounts in place of stale prices.
}

/// Repays what brings health at the end of a liquidation to 0, at most `most_debt` (native units), out of the liquidator's
/// deposit or on his credit, for collateral worth that and the fee: of it he keeps at least `least_fee` of what he repaid
/// (a ratio), and pays the insurance's part into the reserves of the debt's bank. He carries what he owes then.
pub fn swap_collateral<'info>(
    ctx: Context<'info, SwapCollateral<'info>>,
    most_debt: u64,
    least_fee: u32,
) -> Result<()> {
    let accounts = &*ctx.accounts;
    let now = clock::now()?;
    let board = accounts.board.load()?;
    let (mut liquidator, mut account) = parties(&accounts.liquidator_account, &accounts.account, &board)?;
    require_trader(&mut liquidator, accounts.liquidator.key, now)?;
    ensure!(
        accounts.debt_bank.as_ref().key != accounts.collateral_bank.as_ref().key,
        Refusal::DuplicateAccount
    );
    let (mut debt_bank, mut collateral_bank) =
        (accounts.debt_bank.load_mut()?, accounts.collateral_bank.load_mut()?);
    for bank in [&mut debt_bank, &mut collateral_bank] {
        bank.require_board(accounts.board.as_ref().key)?;
        bank.accrue(now)?;
    }
    let overlay = prices::overlay(&board, ctx.remaining_accounts)?;
    let view = View { board: &board.0, overlay: &overlay, now };

    let danger = Danger::of(&account, Scope::Cross, &view)?;
    let (debt, collateral) = balances(&account, &debt_bank, &collateral_bank, most_debt)?;
    let terms = danger.terms(&board.header.swap_auction(), 0, &view);
    let swap = liquidation::swap(&debt, &collateral, &danger.standing, &terms, &view).map_err(refused)?;
    ensure!(swap.debt_shares > Shares::ZERO, Refusal::NothingToDo);
    let least = Ratio::new(least_fee).mul_up(swap.debt_worth).map_err(refused)?;
    require_at_least(swap.fee.liquidator, least)?;

    let banks = [debt_bank.index, collateral_bank.index];
    let before = weight(&account, banks, &view)?;
    let kept = kept(&swap, debt_bank.owed_for(swap.debt_shares)?)?;
    let (relieved, paid) = debt_bank.repay_for(&mut account, &mut liquidator, swap.debt_shares, kept)?;
    if !paid.debt.is_zero() {
        board.require_running(Pausable::Borrow, now)?;
    }
    let (given, got) = collateral_bank.hand_over(&mut account, &mut liquidator, swap.collateral_shares)?;
    require_carried(&liquidator, Scope::Cross, &view)?;
    let gained = weight(&account, banks, &view)?.checked_sub(before).map_err(refused)?;
    let over = danger.ends(&mut account, gained)?;
    CollateralSwapped {
        account: *accounts.account.as_ref().key,
        sequence: account.next_event(),
        liquidator: *accounts.liquidator_account.as_ref().key,
        liquidator_sequence: liquidator.next_event(),
        debt_bank: debt_bank.index,
        collateral_bank: collateral_bank.index,
        repaid: relieved.amount.get(),
        reserved: kept.get(),
        borrowed: paid.debt.get(),
        collateral: given.amount.get(),
        fee: swap.fee.liquidator.get(),
        insurance_fee: swap.fee.insurance.get(),
        debt_balance: relieved.balance,
        collateral_balance: given.balance,
        liquidator_debt_balance: paid.balance,
        liquidator_collateral_balance: got.balance,
        liqend: danger.standing.liqend.get(),
        equity: danger.standing.equity.get(),
        over,
    }
    .tell();
    Ok(())
}

/// What the account owes in one bank, at most so much of it, and what it has in the other.
///
/// # Errors
/// [`Refusal::NothingOwed`], [`Refusal::NothingHeld`].
fn balances(
    account: &MarginAccount,
    debt_bank: &Bank,
    collateral_bank: &Bank,
    most_debt: u64,
) -> Result<(Balance, Balance)> {
    let balance = |bank: &Bank| account.slot_of(bank.index).map(|place| account.balances[place]);
    let debt = balance(debt_bank).filter(Balance::is_borrow).ok_or(Refusal::NothingOwed)?;
    let collateral = balance(collateral_bank).filter(|held| !held.is_borrow()).ok_or(Refusal::NothingHeld)?;
    let most = TokenAmount::new(most_debt);
    // More than the shares of the whole debt is no limit.
    let most = Shares::from_amount_down(most, debt_bank.borrow_index.into()).unwrap_or(debt.shares);
    Ok((Balance { shares: debt.shares.min(most), ..debt }, collateral))
}

/// What the balances in two banks add to health at the end of a liquidation. As each is rounded for itself, what this
/// changes by is what the whole changes by.
fn weight(account: &MarginAccount, banks: [u8; 2], view: &View) -> Result<Quote> {
    let mut both = [Balance::zeroed(); MAX_BALANCES];
    for (slot, bank) in both.iter_mut().zip(banks) {
        let place = account.slot_of(bank);
        *slot = place.and_then(|place| account.balances.get(place)).copied().unwrap_or(*slot);
    }
    let health = health::health(&both, view.board, view.overlay, Check::LiquidationEnd, view.now);
    Ok(health.map_err(refused)?.net())
}

/// The insurance's part of the fee in the debt's own token: the same part of what is repaid, rounded down.
fn kept(swap: &Swap, repaid: TokenAmount) -> Result<TokenAmount> {
    if swap.debt_worth <= Quote::ZERO {
        return Ok(TokenAmount::ZERO);
    }
    let (part, whole) = (swap.fee.insurance.magnitude(), swap.debt_worth.magnitude());
    let kept = wide::mul_div_down(repaid.get(), part, whole).ok_or(Refusal::Overflow)?;
    Ok(TokenAmount::new(kept))
}
