//! Dead-man switch: a silent maker's orders may be cancelled by anyone.

use crate::{
    clock,
    errors::{Refusal, beyond},
    events::DeadManSet,
    state::{MarginAccount, RiskBoard, margin_account::scope, risk_board::Pausable},
};
use anchor_lang::prelude::*;

/// Shortest silence that may be set, seconds: a few lost transactions are no silence.
pub const MIN_SILENCE: u32 = 10;
/// Longest silence that may be set, seconds.
pub const MAX_SILENCE: u32 = 86_400;

#[derive(Accounts)]
pub struct SetDeadMan<'info> {
    /// The account's owner, or a delegate that may trade or cancel.
    pub trader: Signer<'info>,
    #[account(mut)]
    pub account: AccountLoader<'info, MarginAccount>,
    pub board: AccountLoader<'info, RiskBoard>,
}

impl SetDeadMan<'_> {
    fn validate(&self, account: &MarginAccount, board: &RiskBoard, now: i64) -> Result<()> {
        let allowed = [scope::CANCEL, scope::TRADE].map(|scope| account.allows(self.trader.key, scope, now));
        ensure!(allowed.contains(&true), Refusal::NotATrader);
        ensure!(account.header.exchange == board.header.exchange, Refusal::ForeignExchange);
        board.require_running(Pausable::Account, now)
    }
}

/// Sets after how many seconds of silence anyone may cancel the account's orders; 0 switches it off.
pub fn set_dead_man(ctx: Context<SetDeadMan>, seconds: u32) -> Result<()> {
    let now = clock::now()?;
    let accounts = &ctx.accounts;
    let (board, mut account) = (accounts.board.load()?, accounts.account.load_mut()?);
    accounts.validate(&account, &board, now)?;
    set(&mut account, seconds, now)?;
    let sequence = account.next_event();
    DeadManSet { account: *accounts.account.as_ref().key, sequence, seconds }.tell();
    Ok(())
}

/// # Errors
/// [`Refusal::BadDeadManSwitch`] unless 0, or between [`MIN_SILENCE`] and [`MAX_SILENCE`].
fn set(account: &mut MarginAccount, seconds: u32, now: i64) -> Result<()> {
    if seconds != 0 && !(MIN_SILENCE..=MAX_SILENCE).contains(&seconds) {
        let bound = if seconds < MIN_SILENCE { MIN_SILENCE } else { MAX_SILENCE };
        return Err(beyond(Refusal::BadDeadManSwitch, seconds.into(), bound.into()));
    }
    account.header.dead_man_seconds = seconds;
    account.header.dead_man_deadline = 0;
    account.shows_life(now); // sets the deadline, unless it was switched off
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytemuck::Zeroable;

    const NOW: i64 = 1_000;

    #[test]
    fn the_switch_is_due_after_so_much_silence() {
        let mut account: Box<MarginAccount> = Box::new(Zeroable::zeroed());
        for seconds in [MIN_SILENCE, MAX_SILENCE] {
            set(&mut account, seconds, NOW).unwrap();
            let due = NOW + i64::from(seconds);
            assert!(!account.is_silent(due - 1) && account.is_silent(due));
        }
    }

    #[test]
    fn switched_off_it_is_never_due() {
        let mut account: Box<MarginAccount> = Box::new(Zeroable::zeroed());
        set(&mut account, MIN_SILENCE, NOW).unwrap();
        set(&mut account, 0, NOW).unwrap();
        assert!(!account.is_silent(i64::MAX));
    }

    #[test]
    fn too_short_and_too_long_a_silence_are_refused() {
        let mut account: Box<MarginAccount> = Box::new(Zeroable::zeroed());
        for seconds in [1, MIN_SILENCE - 1, MAX_SILENCE + 1, u32::MAX] {
            assert!(set(&mut account, seconds, NOW).is_err());
            assert_eq!(account.header.dead_man_seconds, 0);
        }
    }
}
