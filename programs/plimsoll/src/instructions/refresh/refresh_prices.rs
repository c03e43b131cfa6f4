//! Refresh prices: oracle accounts are checked and copied to the board; who moves something old earns a little.

use crate::{
    clock,
    errors::{Refusal, refused},
    events::{OutageEnded, PricesRefreshed, RefresherPaid},
    prices,
    state::{Bank, MarginAccount, RiskBoard, risk_board::Pausable},
};
use anchor_lang::prelude::*;
use plimsoll_risk::num::TokenAmount;

#[derive(Accounts)]
pub struct RefreshPrices<'info> {
    #[account(mut)]
    pub board: AccountLoader<'info, RiskBoard>,
    /// The quote bank, whose reserves pay the refresher; left out, nobody is paid.
    #[account(mut)]
    pub quote_bank: Option<AccountLoader<'info, Bank>>,
    /// The refresher's margin account.
    #[account(mut)]
    pub refresher: Option<AccountLoader<'info, MarginAccount>>,
    // Remaining accounts: one oracle account a feed, in the order of the feeds.
}

impl RefreshPrices<'_> {
    fn validate(&self, feeds: &[u8], oracles: usize, now: i64) -> Result<()> {
        let board = self.board.load()?;
        board.require_running(Pausable::Refresh, now)?;
        ensure!(!feeds.is_empty() && feeds.len() == oracles, Refusal::WrongOracleCount);
        if let Some(bank) = &self.quote_bank {
            let bank = bank.load()?;
            ensure!(bank.exchange == board.header.exchange, Refusal::ForeignExchange);
            ensure!(bank.index == board.header.quote_bank, Refusal::UnknownBank);
        }
        if let Some(account) = &self.refresher {
            ensure!(account.load()?.header.exchange == board.header.exchange, Refusal::ForeignExchange);
        }
        Ok(())
    }

    /// Credits what was earned, as far as the hour's cap and the reserves go.
    fn pay(&self, board: &mut RiskBoard, worth_paying: u32, now: i64) -> Result<TokenAmount> {
        let (Some(bank), Some(refresher)) = (&self.quote_bank, &self.refresher) else {
            return Ok(TokenAmount::ZERO);
        };
        let earned = board.header.refresh.earn(worth_paying, now);
        if earned.is_zero() {
            return Ok(TokenAmount::ZERO);
        }
        let mut account = refresher.load_mut()?;
        let Some(moved) = bank.load_mut()?.reward(&mut account, earned, now)? else {
            return Ok(TokenAmount::ZERO);
        };
        board.header.refresh.paid = board.header.refresh.paid.checked_add(earned).map_err(refused)?;
        RefresherPaid {
            account: *refresher.as_ref().key,
            sequence: account.next_event(),
            amount: moved.amount.get(),
            repaid: moved.debt.get(),
            balance: moved.balance,
        }
        .tell();
        Ok(earned)
    }
}

/// A price came: if none had for too long, nobody is liquidated for a while, and then orders may only be cancelled, so that
/// whoever was cut off can act first.
fn beat(board: &mut RiskBoard, now: i64) {
    let header = &mut board.header;
    let silence = now.saturating_sub(header.heartbeat);
    let was_silent = header.heartbeat_gap != 0 && silence > i64::from(header.heartbeat_gap);
    let is_first = header.heartbeat == 0;
    header.heartbeat = now;
    if was_silent && !is_first {
        outage_ends(board, silence, now);
    }
}

#[cold]
#[inline(never)]
fn outage_ends(board: &mut RiskBoard, silence: i64, now: i64) {
    let header = &mut board.header;
    let grace_until = now.saturating_add(i64::from(header.grace_seconds));
    let cancel_only_until = grace_until.saturating_add(i64::from(header.cancel_only_seconds));
    (header.grace_until, header.cancel_only_until) = (grace_until, cancel_only_until);
    OutageEnded { sequence: board.next_event(), silence, grace_until, cancel_only_until }.tell();
}

/// Refreshes each of `feeds` from the oracle account in the same place. A feed whose account brings nothing newer is
/// passed over; it is an error if none does. Anything malformed refuses the whole.
pub fn refresh_prices<'info>(ctx: Context<'info, RefreshPrices<'info>>, feeds: Vec<u8>) -> Result<()> {
    let now = clock::now()?;
    let accounts = &ctx.accounts;
    accounts.validate(&feeds, ctx.remaining_accounts.len(), now)?;
    let mut board = accounts.board.load_mut()?;
    let (mut moved, mut worth_paying) = (0u64, 0u32);
    let is_paid = accounts.refresher.is_some();
    for (index, oracle) in feeds.iter().zip(ctx.remaining_accounts) {
        let Some(change) = prices::refresh(&mut board, *index, oracle, now)? else { continue };
        moved |= 1u64.checked_shl(u32::from(*index)).ok_or(Refusal::UnknownFeed)?;
        let earns = is_paid && change.is_worth_paying(&board.header.refresh);
        worth_paying = worth_paying.saturating_add(u32::from(earns)); // at most 64 feeds
    }
    ensure!(moved != 0, Refusal::PriceNotNewer);
    beat(&mut board, now);
    let reward = accounts.pay(&mut board, worth_paying, now)?.get();
    let sequence = board.next_event();
    PricesRefreshed { board: *accounts.board.as_ref().key, sequence, feeds: moved, reward }.tell();
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytemuck::Zeroable;

    #[test]
    fn a_silence_beyond_the_gap_begins_grace_and_then_cancel_only() {
        let mut board: Box<RiskBoard> = Box::new(Zeroable::zeroed());
        let header = &mut board.header;
        (header.heartbeat_gap, header.grace_seconds, header.cancel_only_seconds) = (180, 60, 90);
        let periods = |board: &RiskBoard| (board.header.grace_until, board.header.cancel_only_until);
        beat(&mut board, 1_000_000); // the first of all
        beat(&mut board, 1_000_180);
        assert_eq!(periods(&board), (0, 0));
        beat(&mut board, 1_000_361);
        assert_eq!(periods(&board), (1_000_421, 1_000_511));
        board.header.heartbeat_gap = 0;
        beat(&mut board, 2_000_000);
        assert_eq!((periods(&board), board.header.heartbeat), ((1_000_421, 1_000_511), 2_000_000));
    }
}
