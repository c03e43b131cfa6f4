//! Deposit: anyone's tokens enter a bank's vault for a margin account, paying back what it owes there first.

use crate::{
    clock,
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

    fn validate(&self, account: &MarginAccount, bank: &Bank) -> Result<()> {
        ensure!(account.header.exchange == bank.exchange, Refusal::ForeignExchange);
        bank.require_board(self.board.as_ref().key)?;
        bank.require_whole()?;
        self.transfer().validate(bank)
    }

    /// The way in for all tokens: `rule` moves the ledger; when it is final, the tokens follow.
    pub(super) fn take_in(
        &self,
        action: Pausable,
        rule: impl FnOnce(&mut Bank, &mut MarginAccount, i64) -> Result<Moved>,
    ) -> Result<()> {
        let now = clock::now()?;
        let (decimals, recorded, event) = {
            let board = self.board.load()?;
            let (mut account, mut bank) = (self.account.load_mut()?, self.bank.load_mut()?);
            self.validate(&account, &bank)?;
            board.require_running(action, now)?;
            ensure!(board.header.is_open != 0, Refusal::NotOpen);
            let recorded = bank.vault_balance.get();
            let moved = rule(&mut bank, &mut account, now)?;
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
            (bank.decimals, recorded, event)
        };
        self.transfer().take_in(&self.depositor, event.amount, decimals, recorded)?;
        event.tell();
        Ok(())
    }

    /// A stranger's deposit may not use up the account's slots.
    fn require_slot(&self, account: &MarginAccount, bank: &Bank, now: i64) -> Result<()> {
        let opens_a_slot = account.slot_of(bank.index).is_none();
        let crowded = opens_a_slot && account.free_slots() <= SLOTS_KEPT_FROM_STRANGERS;
        ensure!(
            !crowded || account.allows(self.depositor.key, scope::DEPOSIT, now),
            Refusal::SlotsKeptForOwner
        );
        Ok(())
    }
}

pub fn deposit(ctx: Context<Deposit>, amount: u64) -> Result<()> {
    let accounts = &ctx.accounts;
    ensure!(amount > 0, Refusal::ZeroAmount);
    accounts.take_in(Pausable::Deposit, |bank, account, now| {
        accounts.require_slot(account, bank, now)?;
        bank.deposit(account, TokenAmount::new(amount), now)
    })
}
