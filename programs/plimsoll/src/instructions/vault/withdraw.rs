//! Withdraw: tokens leave a bank's vault for their owner, borrowing beyond the balance where margin and caps allow.

use crate::{
    errors::Refusal,
    events::Withdrawn,
    prices,
    state::{Bank, MarginAccount, RiskBoard, bank::Moved, risk_board::Pausable},
    token::Transfer,
};
use anchor_lang::prelude::*;
use plimsoll_risk::{
    health::{Check, Overlay},
    num::{Index, TokenAmount},
};

#[derive(Accounts)]
pub struct Withdraw<'info> {
    /// A delegate may trade but never withdraw.
    pub owner: Signer<'info>,
    #[account(mut)]
    pub account: AccountLoader<'info, MarginAccount>,
    pub board: AccountLoader<'info, RiskBoard>,
    #[account(mut)]
    pub bank: AccountLoader<'info, Bank>,
    /// CHECK: compared with the bank's
    pub mint: UncheckedAccount<'info>,
    /// CHECK: compared with the bank's
    #[account(mut)]
    pub vault: UncheckedAccount<'info>,
    /// Where the tokens go: any token account of the mint.
    /// CHECK: kind and mint in `Transfer::validate`
    #[account(mut)]
    pub destination: UncheckedAccount<'info>,
    /// CHECK: compared with the bank's
    pub token_program: UncheckedAccount<'info>,
    // Remaining accounts: oracle accounts in place of stale prices, up to four.
}

impl<'info> Withdraw<'info> {
    fn transfer(&self) -> Transfer<'_, 'info> {
        Transfer {
            bank: &self.bank,
            mint: &self.mint,
            vault: &self.vault,
            other: &self.destination,
            token_program: &self.token_program,
        }
    }

    fn validate(&self, amount: u64, now: i64) -> Result<()> {
        let (account, board, bank) = (self.account.load()?, self.board.load()?, self.bank.load()?);
        account.require_owner(self.owner.key)?;
        require!(account.header.exchange == bank.exchange, Refusal::ForeignExchange);
        require!(self.board.as_ref().key.as_array() == &bank.board.0, Refusal::ForeignBoard);
        board.require_running(Pausable::Withdraw, now)?;
        bank.require_whole()?;
        require!(amount > 0, Refusal::ZeroAmount);
        self.transfer().validate(&bank)
    }

    /// Moves the ledger; then the account must have the margin it needs (DESIGN §4).
    fn take_out(&self, amount: TokenAmount, may_borrow: bool, overlay: &Overlay, now: i64) -> Result<Moved> {
        let mut account = self.account.load_mut()?;
        let board = self.board.load()?;
        let moved = self.bank.load_mut()?.withdraw(&mut account, amount, may_borrow, now)?;
        if moved.debt > TokenAmount::ZERO {
            board.require_running(Pausable::Borrow, now)?;
        }
        // Who owes nothing needs no margin: no stale price can hold deposits back.
        if account.has_risk() {
            board.require_healthy(&account, overlay, Check::Withdraw, now)?;
        }
        Ok(moved)
    }

    /// The ledger is final; now the tokens follow.
    fn settle(&self, moved: &Moved) -> Result<()> {
        let (decimals, recorded, event) = {
            let (mut account, bank) = (self.account.load_mut()?, self.bank.load()?);
            let event = Withdrawn {
                account: *self.account.as_ref().key,
                sequence: account.next_event(),
                bank: bank.index,
                amount: moved.amount.get(),
                borrowed: moved.debt.get(),
                balance: moved.balance,
                deposit_index: Index::from(bank.deposit_index).get(),
                borrow_index: Index::from(bank.borrow_index).get(),
            };
            let before = bank.vault_balance.get().saturating_add(moved.amount.get()); // `withdraw` took it
            (bank.decimals, before, event)
        };
        self.transfer().pay_out(moved.amount.get(), decimals, recorded)?;
        emit!(event);
        Ok(())
    }
}

/// Withdraws exactly `amount`, borrowing what the account does not hold if `may_borrow`.
pub fn withdraw<'info>(ctx: Context<'info, Withdraw<'info>>, amount: u64, may_borrow: bool) -> Result<()> {
    let now = Clock::get()?.unix_timestamp;
    ctx.accounts.validate(amount, now)?;
    let overlay = prices::overlay(&ctx.accounts.board, ctx.remaining_accounts)?;
    let moved = ctx.accounts.take_out(TokenAmount::new(amount), may_borrow, &overlay, now)?;
    ctx.accounts.settle(&moved)
}

/// Withdraws all that the account holds of the token at this moment, to the last unit.
pub fn withdraw_all<'info>(ctx: Context<'info, Withdraw<'info>>) -> Result<()> {
    let now = Clock::get()?.unix_timestamp;
    ctx.accounts.validate(1, now)?;
    let held = {
        let account = ctx.accounts.account.load()?;
        let mut bank = ctx.accounts.bank.load_mut()?;
        bank.accrue(now)?;
        bank.held_by(&account)?
    };
    require!(held > TokenAmount::ZERO, Refusal::NothingHeld);
    let overlay = prices::overlay(&ctx.accounts.board, ctx.remaining_accounts)?;
    let moved = ctx.accounts.take_out(held, false, &overlay, now)?;
    ctx.accounts.settle(&moved)
}
