//! Withdraw: tokens leave a bank's vault for their owner, borrowing beyond the balance where margin and caps allow.

use crate::{
    clock,
    errors::Refusal,
    events::Withdrawn,
    prices,
    state::{Bank, MarginAccount, RiskBoard, bank::Moved, risk_board::Pausable},
    token::Transfer,
};
use anchor_lang::prelude::*;
use plimsoll_risk::{
    health::Check,
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

    fn validate(&self, account: &MarginAccount, bank: &Bank) -> Result<()> {
        account.require_owner(self.owner.key)?;
        ensure!(account.header.exchange == bank.exchange, Refusal::ForeignExchange);
        bank.require_board(self.board.as_ref().key)?;
        bank.require_whole()?;
        self.transfer().validate(bank)
    }

    /// The way out for all tokens: `rule` moves the ledger, the account must have the margin it needs after that
    /// (DESIGN §4), and when all is final the tokens follow.
    fn pay_out(
        &self,
        oracles: &[AccountInfo<'info>],
        rule: impl FnOnce(&mut Bank, &mut MarginAccount, i64) -> Result<Moved>,
    ) -> Result<()> {
        let now = clock::now()?;
        let (decimals, recorded, event) = {
            let board = self.board.load()?;
            let (mut account, mut bank) = (self.account.load_mut()?, self.bank.load_mut()?);
            self.validate(&account, &bank)?;
            bank.require_ungated(now)?;
            board.require_running(Pausable::Withdraw, now)?;
            let recorded = bank.vault_balance.get();
            let moved = rule(&mut bank, &mut account, now)?;
            if !moved.debt.is_zero() {
                board.require_running(Pausable::Borrow, now)?;
            }
            // Who owes nothing needs no margin: no stale price can hold deposits back.
            if account.has_risk() {
                let overlay = prices::overlay(&board, oracles)?;
                board.require_healthy(&account, &overlay, Check::Withdraw, now)?;
            }
            (bank.decimals, recorded, self.event(&mut account, &bank, &moved))
        };
        self.transfer().pay_out(event.amount, decimals, recorded)?;
        event.tell();
        Ok(())
    }

    fn event(&self, account: &mut MarginAccount, bank: &Bank, moved: &Moved) -> Withdrawn {
        Withdrawn {
            account: *self.account.as_ref().key,
            sequence: account.next_event(),
            bank: bank.index,
            amount: moved.amount.get(),
            borrowed: moved.debt.get(),
            balance: moved.balance,
            deposit_index: Index::from(bank.deposit_index).get(),
            borrow_index: Index::from(bank.borrow_index).get(),
        }
    }
}

/// Withdraws exactly `amount`, borrowing what the account does not hold if `may_borrow`.
pub fn withdraw<'info>(ctx: Context<'info, Withdraw<'info>>, amount: u64, may_borrow: bool) -> Result<()> {
    ensure!(amount > 0, Refusal::ZeroAmount);
    ctx.accounts.pay_out(ctx.remaining_accounts, |bank, account, now| {
        bank.withdraw(account, TokenAmount::new(amount), may_borrow, now)
    })
}

/// Withdraws all that the account holds of the token at this moment, to the last unit.
pub fn withdraw_all<'info>(ctx: Context<'info, Withdraw<'info>>) -> Result<()> {
    ctx.accounts.pay_out(ctx.remaining_accounts, |bank, account, now| {
        bank.accrue(now)?;
        let held = bank.held_by(account)?;
        ensure!(!held.is_zero(), Refusal::NothingHeld);
        bank.withdraw(account, held, false, now)
    })
}
