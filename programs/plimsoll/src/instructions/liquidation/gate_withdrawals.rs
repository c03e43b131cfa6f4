//! Gate withdrawals: while a loss waits that is material for a bank, nobody leaves before it is known who bears it. The gate
//! opens by itself. Anyone may.

use crate::{
    clock,
    errors::{Refusal, refused},
    events::WithdrawalsGated,
    prices,
    state::{Bank, MarginAccount, RiskBoard, risk_board::Pausable},
};
use anchor_lang::prelude::*;
use plimsoll_risk::{
    bankruptcy, layout::account::ACCOUNT_INSOLVENT, liquidation::View, margin::Holdings, num::Quote,
};

#[derive(Accounts)]
pub struct GateWithdrawals<'info> {
    /// Flagged, and counted among the insolvent.
    pub account: AccountLoader<'info, MarginAccount>,
    pub board: AccountLoader<'info, RiskBoard>,
    #[account(mut)]
    pub bank: AccountLoader<'info, Bank>,
    // Remaining accounts: oracle accounts in place of stale prices.
}

impl GateWithdrawals<'_> {
    fn validate(&self, account: &MarginAccount, board: &RiskBoard, bank: &Bank, now: i64) -> Result<()> {
        bank.require_board(self.board.as_ref().key)?;
        ensure!(account.header.exchange == bank.exchange, Refusal::ForeignExchange);
        board.require_running(Pausable::Liquidate, now)?;
        ensure!(account.cross_flag().is_live(now), Refusal::NotFlagged);
        ensure!(account.header.state == ACCOUNT_INSOLVENT, Refusal::NotInsolvent);
        Ok(())
    }
}

/// Gates a bank for a loss of at least a part of its deposits (`gate_share`).
pub fn gate_withdrawals<'info>(ctx: Context<'info, GateWithdrawals<'info>>) -> Result<()> {
    let (accounts, now) = (&ctx.accounts, clock::now()?);
    let (account, board) = (accounts.account.load()?, accounts.board.load()?);
    let mut bank = accounts.bank.load_mut()?;
    accounts.validate(&account, &board, &bank, now)?;
    let overlay = prices::overlay(&board, ctx.remaining_accounts)?;
    let view = View { board: &board.0, overlay: &overlay, now };

    let holdings = Holdings::from(&account.0);
    let loss = bankruptcy::uncovered_in(bank.index, &holdings, &view).map_err(refused)?;
    let deposits = bankruptcy::deposits_worth(bank.index, bank.deposit_shares, &view).map_err(refused)?;
    let material = board.header.gate_share.mul_up(deposits).map_err(refused)?;
    ensure!(loss > Quote::ZERO && loss >= material, Refusal::NothingMaterial);
    bank.gate(board.header.gate_seconds, now)?;
    WithdrawalsGated {
        bank: *accounts.bank.as_ref().key,
        sequence: bank.next_event(),
        account: *accounts.account.as_ref().key,
        loss: loss.get(),
        until: bank.gated_until,
    }
    .tell();
    Ok(())
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects)]
mod tests {
    use super::*;
    use bytemuck::Zeroable;
    use plimsoll_risk::{
        health::Overlay,
        layout::bank::NO_FEED,
        num::{Shares, StoredIndex},
        valuation,
    };

    const NOW: i64 = 1_000_000;
    const DAY: i64 = 86_400;

    /// A board with two banks of quote-like tokens: a share of either is worth one native quote. Bank 0 is the quote token's.
    fn board() -> Box<RiskBoard> {
        let mut board: Box<RiskBoard> = Box::new(Zeroable::zeroed());
        (board.header.bank_count, board.header.quote_decimals) = (2, 6);
        board.header.bank_max_age = 3_600;
        for index in [0, 1] {
            let terms = &mut board.banks[usize::from(index)];
            (terms.feed, terms.decimals, terms.updated_at) = (NO_FEED, 6, NOW);
            valuation::set_indexes(terms, StoredIndex::ONE, StoredIndex::ONE, 6).unwrap();
            board.revalue_bank(index, NOW).unwrap();
        }
        board
    }

    /// Has `assets` in bank 0 and owes `debt` in bank 1, below zero the other way round.
    fn account(assets: i64, debt: i64) -> Box<MarginAccount> {
        let mut account: Box<MarginAccount> = Box::new(Zeroable::zeroed());
        for (bank, shares) in [(0u8, assets), (1, -debt)] {
            let slot = &mut account.balances[usize::from(bank)];
            (slot.bank, slot.shares) = (bank, Shares::new(shares.unsigned_abs()));
            slot.borrowed = u8::from(shares < 0);
        }
        account
    }

    fn loss(account: &MarginAccount, index: u8) -> i64 {
        let board = board();
        let overlay = Overlay::none();
        let view = View { board: &board.0, overlay: &overlay, now: NOW };
        bankruptcy::uncovered_in(index, &Holdings::from(&account.0), &view).unwrap().get()
    }

    #[test]
    fn a_bank_bears_what_is_owed_to_it_and_the_quote_bank_may_bear_all() {
        let near = |found: i64, expected: i64| assert!((found - expected).abs() <= 2, "{found} {expected}");
        near(loss(&account(40_000, 100_000), 1), 60_000);
        near(loss(&account(40_000, 100_000), 0), 60_000);
        // Two debts share what is lost: all of it, as there is nothing else.
        near(loss(&account(-50_000, 100_000), 1), 100_000);
        near(loss(&account(100_000, -50_000), 0), 0);
        near(loss(&account(100_000, -50_000), 1), 0);
        near(loss(&account(-60_000, -40_000), 1), 0);
    }

    #[test]
    fn a_gate_opens_by_itself_and_rests_for_a_day() {
        let mut bank = Bank::zeroed();
        bank.require_ungated(NOW).unwrap();
        bank.gate(3_600, NOW).unwrap();
        assert!(bank.require_ungated(NOW + 3_599).is_err());
        bank.require_ungated(NOW + 3_600).unwrap();
        assert_eq!(bank.gate(3_600, NOW + DAY - 1).unwrap_err(), Refusal::NothingMaterial.into());
        bank.gate(3_600, NOW + DAY).unwrap();
    }
}
