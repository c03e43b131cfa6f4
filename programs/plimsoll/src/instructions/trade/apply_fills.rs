//! Apply fills: what waits in the queue is settled in its makers' accounts, by anyone.

use super::makers::{Brought, settle, told};
use crate::{
    errors::{Refusal, unbooked},
    events::{FillsApplied, MakerChange},
    state::{Market, RiskBoard, book, risk_board::Pausable},
};
use anchor_lang::prelude::*;
use plimsoll_book::queue::FillQueue;

/// Most fills applied in one instruction: its memory is 32 KiB, and a log longer than 10,000 bytes loses its end.
pub const MOST_APPLIED: u8 = 64;

#[derive(Accounts)]
pub struct ApplyFills<'info> {
    pub board: AccountLoader<'info, RiskBoard>,
    #[account(mut)]
    pub market: AccountLoader<'info, Market>,
    /// CHECK: compared with the market's
    #[account(mut)]
    pub queue: UncheckedAccount<'info>,
    // Remaining accounts: makers' margin accounts.
}

/// Applies waiting fills of the makers that were passed, oldest first, at most `most` and [`MOST_APPLIED`] of them.
pub fn apply_fills<'info>(ctx: Context<'info, ApplyFills<'info>>, most: u8) -> Result<()> {
    let accounts = &ctx.accounts;
    let mut market = accounts.market.load_mut()?;
    ensure!(market.board.is(accounts.board.as_ref().key.as_array()), Refusal::ForeignBoard);
    let board = accounts.board.load()?;
    board.require_running(Pausable::ApplyFills, Clock::get()?.unix_timestamp)?;
    let terms = board.market(market.index)?;
    let mut bytes = book::open(&accounts.queue, &market.queue)?;
    let mut queue = FillQueue::load(&mut bytes).map_err(unbooked)?;
    let mut brought = Brought::new(ctx.remaining_accounts);
    let mut makers: Vec<MakerChange> = Vec::new();
    for number in queue.numbers() {
        if makers.len() >= usize::from(most.min(MOST_APPLIED)) {
            break;
        }
        let Some(waiting) = queue.get(number) else { continue };
        let Some(place) = brought.find(&waiting.maker) else { continue };
        let change = queue.take(number).map_err(unbooked)?;
        if change.is_fill() {
            market.waits_no_longer(change.side(), change.lots)?;
        }
        let mut account = brought.load(place)?;
        let (sequence, funding) = settle(&mut account, &mut market, terms, &change)?;
        if let Some(place) = account.place_of(market.index) {
            account.tidy(place);
        }
        makers.push(told(&change, sequence, funding));
    }
    ensure!(!makers.is_empty(), Refusal::NothingToApply);
    emit!(FillsApplied { market: market.index, makers });
    Ok(())
}
