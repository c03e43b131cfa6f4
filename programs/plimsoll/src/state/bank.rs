//! A bank: one collateral token's vault, its deposits and borrows, its limits.

mod earmarks;
mod liquidations;
mod losses;
mod moves;
#[cfg(test)]
mod tests;

pub use moves::Moved;

use super::{RiskBoard, margin_account::MarginAccount, zero_copy::account};
use crate::errors::{Refusal, refused};
use anchor_lang::prelude::*;
use plimsoll_risk::{
    interest::{self, BankLedger, RateCurve},
    layout::Key,
    num::{Ratio, Shares, StoredIndex, TokenAmount},
    outflow::OutflowWindow,
};

/// The vault held less than the ledger: no tokens come in or leave until the admin resumes the bank.
pub const VAULT_SHORT: u8 = 1;
/// From one gate of withdrawals to the next, seconds.
const GATE_REST: i64 = 86_400;
/// No cap.
pub const UNLIMITED: u64 = u64::MAX;

plimsoll_risk::layout! {
    /// One collateral token.
    pub struct Bank {
        /// The exchange that it belongs to.
        pub exchange: Key,
        /// The exchange's risk board.
        pub board: Key,
        /// The token.
        pub mint: Key,
        /// The token account that holds all of it; its authority is the bank.
        pub vault: Key,
        /// SPL Token or Token-2022.
        pub token_program: Key,
        /// What a deposit share is worth, 2^-64 native units.
        pub deposit_index: StoredIndex,
        /// What a borrow share owes, 2^-64 native units.
        pub borrow_index: StoredIndex,
        /// All deposit shares.
        pub deposit_shares: Shares,
        /// All borrow shares.
        pub borrow_shares: Shares,
        /// Interest kept back, native units.
        pub reserves: u64,
        /// The same below one unit, 2^-64.
        pub reserves_fraction: u64,
        /// What the vault has to hold, native units.
        pub vault_balance: TokenAmount,
        /// Parts of the quote vault that are nobody's deposit: isolated positions' pockets.
        pub pockets: TokenAmount,
        /// The same: markets' PnL pools.
        pub pools: TokenAmount,
        /// The same: the insurance fund and its tranches.
        pub insurance: TokenAmount,
        /// The same: fees collected and not paid out yet.
        pub fees: TokenAmount,
        /// Until when interest is accrued, unix seconds.
        pub accrued_at: i64,
        /// Number of the bank's last event.
        pub sequence: u64,
        /// Most that may be deposited in all.
        pub deposit_cap: u64,
        /// Most that one account may hold.
        pub account_deposit_cap: u64,
        /// Most that may be borrowed in all.
        pub borrow_cap: u64,
        /// Most that one account may owe.
        pub account_borrow_cap: u64,
        /// Least deposit.
        pub minimum_deposit: u64,
        /// Withdrawals up to this size may use the whole outflow limit.
        pub small_withdrawal: u64,
        /// Net outflow of the running hour.
        pub hour_outflow: OutflowWindow,
        /// Net outflow of the running day.
        pub day_outflow: OutflowWindow,
        /// Annual borrow rate since `accrued_at`: the one observed at the last change of utilisation.
        pub borrow_rate: Ratio,
        /// First kink of the rate curve, a utilisation.
        pub kink1: Ratio,
        /// Second kink of the rate curve, a utilisation.
        pub kink2: Ratio,
        /// Annual rate at no utilisation.
        pub rate0: Ratio,
        /// Annual rate at the first kink.
        pub rate1: Ratio,
        /// Annual rate at the second kink.
        pub rate2: Ratio,
        /// Annual rate at full utilisation.
        pub rate3: Ratio,
        /// Part of the interest that is kept back.
        pub reserve_factor: Ratio,
        /// Most of the deposits that may be lent.
        pub utilisation_limit: Ratio,
        /// Most net outflow an hour, of the deposits.
        pub hour_limit: Ratio,
        /// Most net outflow a day, of the deposits.
        pub day_limit: Ratio,
        /// Part of the outflow limits that large withdrawals cannot use.
        pub small_share: Ratio,
        /// Its place on the board.
        pub index: u8,
        /// Decimals of the token.
        pub decimals: u8,
        /// The canonical bump of its address.
        pub bump: u8,
        /// The canonical bump of the vault's address.
        pub vault_bump: u8,
        /// State bits.
        pub flags: u8,
        /// 1 for Token-2022.
        pub token_2022: u8,
        /// Unused, zero.
        pub reserved: [u8; 2],
        /// Until when nothing may be withdrawn, because a material loss is being attributed; unix seconds.
        pub gated_until: i64,
        /// Until when it cannot be gated again, unix seconds.
        pub gate_rests_until: i64,
        /// Unused, zero.
        pub spare: [u8; 240],
    }
}

account!(Bank, b"bankbank");

impl Bank {
    /// Seed of its address, before exchange and mint.
    pub const SEED: &'static [u8] = b"bank";
    /// Seed of its vault's address, before the bank.
    pub const VAULT_SEED: &'static [u8] = b"vault";

    /// The rate curve.
    pub fn curve(&self) -> RateCurve {
        RateCurve {
            kink1: self.kink1,
            kink2: self.kink2,
            rate0: self.rate0,
            rate1: self.rate1,
            rate2: self.rate2,
            rate3: self.rate3,
        }
    }

    /// All deposits in native units, rounded down.
    #[inline]
    pub fn deposits(&self) -> Result<TokenAmount> {
        self.deposit_shares.amount_down(self.deposit_index.into()).map_err(refused)
    }

    /// All borrows in native units, rounded up.
    #[inline]
    pub fn borrows(&self) -> Result<TokenAmount> {
        self.borrow_shares.amount_up(self.borrow_index.into()).map_err(refused)
    }

    /// # Errors
    /// [`Refusal::ForeignBoard`] for another exchange's board.
    #[inline]
    pub fn require_board(&self, board: &Pubkey) -> Result<()> {
        ensure!(self.board.is(board.as_array()), Refusal::ForeignBoard);
        Ok(())
    }

    /// That this is the quote token's bank of the board at this address.
    ///
    /// # Errors
    /// [`Refusal::ForeignBoard`] as [`Bank::require_board`]; [`Refusal::UnknownBank`] for another token's bank.
    pub fn require_quote(&self, key: &Pubkey, board: &RiskBoard) -> Result<()> {
        self.require_board(key)?;
        ensure!(self.index == board.header.quote_bank, Refusal::UnknownBank);
        Ok(())
    }

    /// # Errors
    /// [`Refusal::VaultShortfall`] once its vault was found short.
    pub fn require_whole(&self) -> Result<()> {
        ensure!(self.flags & VAULT_SHORT == 0, Refusal::VaultShortfall);
        Ok(())
    }

    /// # Errors
    /// [`Refusal::Gated`] while withdrawals wait for a loss to be attributed.
    #[inline]
    pub fn require_ungated(&self, now: i64) -> Result<()> {
        ensure!(now >= self.gated_until, Refusal::Gated);
        Ok(())
    }

    /// Gates withdrawals for so many seconds, and not again before a day has passed: whatever happens, a gate opens.
    ///
    /// # Errors
    /// [`Refusal::NothingMaterial`] while the last gate rests.
    pub fn gate(&mut self, seconds: u32, now: i64) -> Result<()> {
        ensure!(now >= self.gate_rests_until, Refusal::NothingMaterial);
        self.gated_until = now.saturating_add(i64::from(seconds));
        self.gate_rests_until = now.saturating_add(GATE_REST);
        Ok(())
    }

    /// Number for the bank's next event.
    pub fn next_event(&mut self) -> u64 {
        self.sequence = self.sequence.wrapping_add(1); // a counter, never a quantity
        self.sequence
    }

    /// Accrues interest up to now at the rate observed at the last change of utilisation (DESIGN §3).
    ///
    /// # Errors
    /// [`Refusal::Overflow`] where an index would leave its range.
    pub fn accrue(&mut self, now: i64) -> Result<()> {
        let elapsed = now.saturating_sub(self.accrued_at);
        if elapsed <= 0 {
            return Ok(());
        }
        self.accrued_at = now;
        if self.borrow_shares == Shares::ZERO {
            return Ok(());
        }
        let ledger = BankLedger {
            deposit_index: self.deposit_index.into(),
            borrow_index: self.borrow_index.into(),
            deposit_shares: self.deposit_shares,
            borrow_shares: self.borrow_shares,
            reserves: self.reserves,
            reserves_fraction: self.reserves_fraction,
        };
        let after =
            ledger.accrue(self.borrow_rate, self.reserve_factor, elapsed.unsigned_abs()).map_err(refused)?;
        self.deposit_index = after.deposit_index.into();
        self.borrow_index = after.borrow_index.into();
        self.reserves = after.reserves;
        self.reserves_fraction = after.reserves_fraction;
        Ok(())
    }

    /// Observes the rate that stands from now on: after every change of deposits, borrows or the curve.
    pub fn observe_rate(&mut self) -> Result<()> {
        self.borrow_rate = if self.borrow_shares == Shares::ZERO {
            self.rate0
        } else {
            self.curve().rate(interest::utilisation(self.deposits()?, self.borrows()?)).map_err(refused)?
        };
        Ok(())
    }

    /// What an account holds in this bank, native units rounded down; 0 if it owes.
    pub fn held_by(&self, account: &MarginAccount) -> Result<TokenAmount> {
        match account.slot_of(self.index) {
            Some(place) if !account.balances[place].is_borrow() => {
                account.balances[place].shares.amount_down(self.deposit_index.into()).map_err(refused)
            }
            _ => Ok(TokenAmount::ZERO),
        }
    }

    /// What an account owes in this bank, native units rounded up; 0 if it holds.
    pub fn owed_by(&self, account: &MarginAccount) -> Result<TokenAmount> {
        match account.slot_of(self.index) {
            Some(place) if account.balances[place].is_borrow() => {
                account.balances[place].shares.amount_up(self.borrow_index.into()).map_err(refused)
            }
            _ => Ok(TokenAmount::ZERO),
        }
    }
}
