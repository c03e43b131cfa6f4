//! Deposit: anyone's tokens enter a bank's vault for a margin account, paying back what it owes there first.

use crate::{
    errors::Refusal,
    events::Deposited,
    state::{
        Bank, MarginAccount, RiskBoard,
        bank::Moved,
        margin_account::{SLOTS_KEPT_FROM_STRANGERS, scope},
        risk_board::Pausable,
    },
    token::Transfer,
};
use anchor_lang::prelude::*;
use plimsoll_risk::num::{Index, TokenAmount};

#[derive(Accounts)]
pub struct Deposit<'info> {
    /// Whose tokens they are; need not be the account's owner.
    pub depositor: Signer<'info>,
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
    /// The depositor's token account.
    /// CHECK: kind and mint in `Transfer::validate`, the authority by the token program
    #[account(mut)]
    pub source: UncheckedAccount<'info>,
    /// CHECK: compared with the bank's
    pub token_program: UncheckedAccount<'info>,
}

impl<'info> Deposit<'info> {
    pub(super) fn transfer(&self) -> Transfer<'_, 'info> {
        Transfer {
            bank: &self.bank,
            mint: &self.mint,
            vault: &self.vault,
            other: &self.source,
            token_program: &self.token_program,
        }
    }

    /// What must hold for tokens to come in, whether as a deposit or to pay back a debt.
    pub(super) fn validate_inflow(&self, action: Pausable, amount: u64, now: i64) -> Result<()> {
        let (account, board, bank) = (self.account.load()?, self.board.load()?, self.bank.load()?);
        require!(account.header.exchange == bank.exchange, Refusal::ForeignExchange);
        require!(self.board.as_ref().key.as_array() == &bank.board.0, Refusal::ForeignBoard);
        board.require_running(action, now)?;
        bank.require_whole()?;
        require!(amount > 0, Refusal::ZeroAmount);
        self.transfer().validate(&bank)
    }

    fn validate(&self, amount: u64, now: i64) -> Result<()> {
        self.validate_inflow(Pausable::Deposit, amount, now)?;
        let (account, bank) = (self.account.load()?, self.bank.load()?);
        let opens_a_slot = account.slot_of(bank.index).is_none();
        let crowded = opens_a_slot && account.free_slots() <= SLOTS_KEPT_FROM_STRANGERS;
        require!(
            !crowded || account.allows(self.depositor.key, scope::DEPOSIT, now),
            Refusal::SlotsKeptForOwner
        );
        Ok(())
    }

    /// The ledger is final; now the tokens follow.
    pub(super) fn settle(&self, moved: &Moved) -> Result<()> {
        let (decimals, recorded, event) = {
            let (mut account, bank) = (self.account.load_mut()?, self.bank.load()?);
            let event = Deposited {
                account: *self.account.as_ref().key,
                sequence: account.next_event(),
                bank: bank.index,
                amount: moved.amount.get(),
                repaid: moved.debt.get(),
                balance: moved.balance,
                deposit_index: Index::from(bank.deposit_index).get(),
                borrow_index: Index::from(bank.borrow_index).get(),
            };
            let before = bank.vault_balance.get().saturating_sub(moved.amount.get()); // `deposit` added it
            (bank.decimals, before, event)
        };
        self.transfer().take_in(&self.depositor, moved.amount.get(), decimals, recorded)?;
        emit!(event);
        Ok(())
    }
}

pub fn deposit(ctx: Context<Deposit>, amount: u64) -> Result<()> {
    let now = Clock::get()?.unix_timestamp;
    ctx.accounts.validate(amount, now)?;
    let moved = {
        let mut account = ctx.accounts.account.load_mut()?;
        ctx.accounts.bank.load_mut()?.deposit(&mut account, TokenAmount::new(amount), now)?
    };
    ctx.accounts.settle(&moved)
}
