//! Stake and redeem: quote goes from an account's balance into the insurance fund for shares, or comes back for them.

use super::unstaked;
use crate::{
    clock,
    errors::{Refusal, refused},
    events::StakeMoved,
    prices,
    state::{
        Bank, Exchange, InsuranceFund, InsuranceStake, MarginAccount, RiskBoard, bank::Moved,
        risk_board::Pausable,
    },
};
use anchor_lang::prelude::*;
use core::cell::{Ref, RefMut};
use plimsoll_risk::{
    health::Check,
    num::{Quote, Shares, TokenAmount},
};

#[derive(Accounts)]
pub struct MoveStake<'info> {
    /// Owns the margin account and the stake.
    pub owner: Signer<'info>,
    /// Whose quote balance pays or is paid.
    #[account(mut)]
    pub account: AccountLoader<'info, MarginAccount>,
    pub exchange: AccountLoader<'info, Exchange>,
    pub board: AccountLoader<'info, RiskBoard>,
    #[account(mut)]
    pub insurance: AccountLoader<'info, InsuranceFund>,
    #[account(mut)]
    pub stake: AccountLoader<'info, InsuranceStake>,
    #[account(mut)]
    pub quote_bank: AccountLoader<'info, Bank>,
    // Remaining accounts: oracle accounts in place of stale prices.
}

/// The accounts, opened and found to belong together.
struct Opened<'a> {
    account: RefMut<'a, MarginAccount>,
    board: Ref<'a, RiskBoard>,
    insurance: RefMut<'a, InsuranceFund>,
    stake: RefMut<'a, InsuranceStake>,
    bank: RefMut<'a, Bank>,
    now: i64,
}

impl MoveStake<'_> {
    /// Opens the accounts: all of one owner and one exchange, and stakes may move now.
    #[inline(never)]
    fn open(&self) -> Result<Opened<'_>> {
        let exchange = self.exchange.load()?;
        let mut opened = Opened {
            account: self.account.load_mut()?,
            board: self.board.load()?,
            insurance: self.insurance.load_mut()?,
            stake: self.stake.load_mut()?,
            bank: self.quote_bank.load_mut()?,
            now: clock::now()?,
        };
        let Opened { account, board, insurance, stake, bank, now } = &mut opened;
        account.require_owner(self.owner.key)?;
        stake.require_owner(self.owner.key)?;
        bank.require_quote(self.board.as_ref().key, board)?;
        ensure!(bank.exchange.is(self.exchange.as_ref().key.as_array()), Refusal::ForeignExchange);
        insurance.require_of(&bank.exchange)?;
        let together = account.header.exchange == bank.exchange && stake.exchange == bank.exchange;
        ensure!(together, Refusal::ForeignExchange);
        board.require_running(Pausable::Insurance, *now)?;
        insurance.fund.cooldown = exchange.insurance_cooldown;
        Ok(opened)
    }

    #[inline(never)]
    fn tell(&self, opened: &mut Opened, amount: Quote, shares: Shares, moved: &Moved) {
        opened.account.shows_life(opened.now);
        StakeMoved {
            account: *self.account.as_ref().key,
            sequence: opened.account.next_event(),
            stake: *self.stake.as_ref().key,
            stake_sequence: opened.stake.next_event(),
            fund_sequence: opened.insurance.next_event(),
            amount: amount.get(),
            shares: shares.get(),
            balance: moved.balance,
        }
        .tell();
    }
}

/// Stakes an amount out of the account's deposit; what is left has to carry the account's own risk, as if it were withdrawn.
/// Not while a loss is pending: who stakes then would pay for it.
pub fn stake<'info>(ctx: Context<'info, MoveStake<'info>>, amount: u64) -> Result<()> {
    ensure!(amount > 0, Refusal::ZeroAmount);
    let amount_in_quote = Quote::from_unsigned(amount).map_err(refused)?;
    let mut opened = ctx.accounts.open()?;
    let Opened { account, board, insurance, stake, bank, now } = &mut opened;
    ensure!(!insurance.loss_pending(), Refusal::LossPending);
    let amount = TokenAmount::new(amount);
    let shares = insurance.fund.stake(&mut stake.stake, amount, *now).map_err(unstaked)?;
    let moved = bank.fill_insurance(account, amount, *now)?;
    if account.has_risk() {
        let overlay = prices::overlay(board, ctx.remaining_accounts)?;
        board.require_healthy(account, &overlay, Check::Withdraw, *now)?;
    }
    ctx.accounts.tell(&mut opened, amount_in_quote, shares, &moved);
    Ok(())
}

/// Redeems shares that have cooled at what they are worth now; that pays the account's debt first. Not while a loss is
/// pending: it would fall on those who stay.
pub fn redeem<'info>(ctx: Context<'info, MoveStake<'info>>, shares: u64) -> Result<()> {
    ensure!(shares > 0, Refusal::ZeroAmount);
    let mut opened = ctx.accounts.open()?;
    let Opened { account, insurance, stake, bank, now, .. } = &mut opened;
    let (shares, pending) = (Shares::new(shares), insurance.loss_pending());
    let amount = insurance.fund.redeem(&mut stake.stake, shares, pending, *now).map_err(unstaked)?;
    let moved = bank.empty_insurance(account, amount, *now)?;
    let paid = Quote::from_unsigned(amount.get()).and_then(|paid| Quote::ZERO.checked_sub(paid));
    ctx.accounts.tell(&mut opened, paid.map_err(refused)?, shares, &moved);
    Ok(())
}
