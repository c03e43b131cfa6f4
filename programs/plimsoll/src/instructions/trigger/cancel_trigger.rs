//! Cancel trigger: a trigger order is taken back; anyone clears one whose time is over.

use crate::{
    clock,
    errors::Refusal,
    events::TriggerChanged,
    state::{MarginAccount, RiskBoard, margin_account::scope, risk_board::Pausable},
};
use anchor_lang::prelude::*;
use plimsoll_risk::layout::account::TriggerOrder;

#[derive(Accounts)]
pub struct CancelTrigger<'info> {
    /// The account's owner, or a delegate that may cancel; anyone for a trigger whose time is over.
    pub trader: Signer<'info>,
    #[account(mut)]
    pub account: AccountLoader<'info, MarginAccount>,
    pub board: AccountLoader<'info, RiskBoard>,
}

/// Takes a trigger order back.
pub fn cancel_trigger(ctx: Context<CancelTrigger>, slot: u8) -> Result<()> {
    let now = clock::now()?;
    let accounts = &ctx.accounts;
    let (board, mut account) = (accounts.board.load()?, accounts.account.load_mut()?);
    ensure!(account.header.exchange == board.header.exchange, Refusal::ForeignExchange);
    board.require_running(Pausable::Cancel, now)?;

    let trigger = account.trigger(slot)?;
    if account.allows(accounts.trader.key, scope::CANCEL, now) {
        account.shows_life(now);
    } else {
        ensure!(is_over(&trigger, now), Refusal::NotATrader);
    }
    account.clear_trigger(slot);
    let sequence = account.next_event();
    TriggerChanged { account: *accounts.account.as_ref().key, sequence, slot, trigger_price: 0 }.tell();
    Ok(())
}

/// Whether a trigger order's time is over.
const fn is_over(trigger: &TriggerOrder, now: i64) -> bool {
    trigger.expires_at != 0 && trigger.expires_at <= now
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytemuck::Zeroable;

    #[test]
    fn a_trigger_without_a_time_is_never_over() {
        let mut trigger: TriggerOrder = Zeroable::zeroed();
        assert!(!is_over(&trigger, i64::MAX));
        trigger.expires_at = 100;
        assert!(!is_over(&trigger, 99));
        assert!(is_over(&trigger, 100));
    }
}
