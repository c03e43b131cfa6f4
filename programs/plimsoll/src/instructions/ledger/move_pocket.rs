//! Move pocket: quote goes from an account's balance into the pocket of an isolated position, or back.

use crate::{
    clock,
    errors::{Refusal, beyond, refused},
    events::PocketMoved,
    prices,
    state::{Bank, MarginAccount, RiskBoard},
};
use anchor_lang::prelude::*;
use plimsoll_risk::{
    RiskError, deleveraging, funding,
    health::Check,
    layout::account::Position,
    margin,
    num::{Quote, TokenAmount},
};

#[derive(Accounts)]
pub struct MovePocket<'info> {
    /// The account's owner, or a delegate that may trade: nothing leaves the account.
    pub trader: Signer<'info>,
    #[account(mut)]
    pub account: AccountLoader<'info, MarginAccount>,
    pub board: AccountLoader<'info, RiskBoard>,
    #[account(mut)]
    pub quote_bank: AccountLoader<'info, Bank>,
    // Remaining accounts: oracle accounts in place of stale prices.
}

impl MovePocket<'_> {
    fn validate(&self, account: &MarginAccount, board: &RiskBoard, bank: &Bank, now: i64) -> Result<()> {
        super::require_pockets(self.trader.key, account, bank, (self.board.as_ref().key, board), now)
    }
}

/// Tops a pocket up out of the account's deposit; what is left has to carry the account's own risk, as if it were withdrawn.
pub fn fund_pocket<'info>(ctx: Context<'info, MovePocket<'info>>, market: u8, amount: u64) -> Result<()> {
    let now = clock::now()?;
    let accounts = &ctx.accounts;
    let board = accounts.board.load()?;
    let (mut account, mut bank) = (accounts.account.load_mut()?, accounts.quote_bank.load_mut()?);
    accounts.validate(&account, &board, &bank, now)?;
    let amount_in_quote = positive(amount)?;

    let (_, position) = account.position_in(market)?;
    ensure!(position.is_isolated(), Refusal::NotIsolated);
    position.pocket = super::into_pocket(position.pocket, amount_in_quote)?;
    let pocket = position.pocket.get();
    let moved = bank.fill_pocket(&mut account, TokenAmount::new(amount), now)?;
    if account.has_risk() {
        let overlay = prices::overlay(&board, ctx.remaining_accounts)?;
        board.require_healthy(&account, &overlay, Check::Withdraw, now)?;
    }
    account.shows_life(now);
    PocketMoved {
        account: *accounts.account.as_ref().key,
        sequence: account.next_event(),
        market,
        amount: amount_in_quote.get(),
        funding: 0,
        pocket,
        balance: moved.balance,
    }
    .tell();
    Ok(())
}

/// Takes out of a pocket what the position does not need, as if it were withdrawn; funding is applied first. What the
/// position's side went through needs the market's account: whoever drains applies that before.
pub fn drain_pocket<'info>(ctx: Context<'info, MovePocket<'info>>, market: u8, amount: u64) -> Result<()> {
    let now = clock::now()?;
    let accounts = &ctx.accounts;
    let board = accounts.board.load()?;
    let (mut account, mut bank) = (accounts.account.load_mut()?, accounts.quote_bank.load_mut()?);
    accounts.validate(&account, &board, &bank, now)?;
    let amount_in_quote = positive(amount)?;

    let (place, position) = account.position_in(market)?;
    ensure!(position.is_isolated(), Refusal::NotIsolated);
    let terms = board.market(market)?;
    let pending = deleveraging::pending(position, terms, terms.funding).map_err(refused)?;
    ensure!(pending.is_none(), Refusal::DeleveragingPends);
    let funding = funding::apply(position, terms.funding).map_err(refused)?;
    if position.pocket < amount_in_quote {
        return Err(beyond(Refusal::PocketTooSmall, amount, position.pocket.magnitude()));
    }
    position.pocket = position.pocket.checked_sub(amount_in_quote).map_err(refused)?;
    let pocket = position.pocket.get();
    require_carried(position, &board, ctx.remaining_accounts, now)?;
    let moved = bank.empty_pocket(&mut account, TokenAmount::new(amount), now)?;
    account.tidy(place);
    account.shows_life(now);
    PocketMoved {
        account: *accounts.account.as_ref().key,
        sequence: account.next_event(),
        market,
        amount: amount_in_quote.get().saturating_neg(), // above zero, so it has a negative
        funding: funding.get(),
        pocket,
        balance: moved.balance,
    }
    .tell();
    Ok(())
}

/// An amount above zero, as quote.
fn positive(amount: u64) -> Result<Quote> {
    ensure!(amount > 0, Refusal::ZeroAmount);
    Quote::from_unsigned(amount).map_err(refused)
}

/// # Errors
/// [`Refusal::NotEnoughMargin`] unless what is left in the pocket carries the position at Withdraw values; a flat one needs
/// no price, but must still cover what it owes its market.
fn require_carried(position: &Position, board: &RiskBoard, oracles: &[AccountInfo], now: i64) -> Result<()> {
    if position.is_flat() {
        return require_covered(position);
    }
    let overlay = prices::overlay(board, oracles)?;
    let margin = margin::isolated_margin(position, board, &overlay, Check::Withdraw, now).map_err(refused)?;
    if !margin.is_healthy() {
        let (collateral, requirement) = (margin.net_collateral(), margin.requirement);
        return Err(refused(RiskError::NotEnoughMargin { collateral, requirement }));
    }
    Ok(())
}

/// A loss that is realised but not settled is the pocket's to pay: draining it first would leave it to the others.
fn require_covered(position: &Position) -> Result<()> {
    let collateral = position.pocket.checked_add(position.quote.min(Quote::ZERO)).map_err(refused)?;
    if collateral.is_negative() {
        return Err(refused(RiskError::NotEnoughMargin { collateral, requirement: Quote::ZERO }));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytemuck::Zeroable;

    fn flat(quote: i64, pocket: i64) -> Position {
        let quote = Quote::new(quote);
        Position { quote, realised: quote, pocket: Quote::new(pocket), ..Zeroable::zeroed() }
    }

    #[test]
    fn a_flat_position_keeps_in_its_pocket_what_it_lost() {
        assert!(require_covered(&flat(-100, 100)).is_ok());
        assert!(require_covered(&flat(-100, 99)).is_err());
    }

    #[test]
    fn a_gain_that_is_not_settled_yet_lets_nothing_more_out() {
        assert!(require_covered(&flat(100, 0)).is_ok());
        assert!(require_covered(&flat(100, -1)).is_err());
    }
}
