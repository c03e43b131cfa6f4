//! Apply fills: what waits in the queue is settled in its makers' accounts, by anyone.

use super::makers::{Brought, settle, told};
use crate::{
    clock,
    errors::{Refusal, unbooked},
    events::{FillsApplied, MakerChange},
    state::{Market, RiskBoard, book, risk_board::Pausable},
};
use anchor_lang::prelude::*;
use plimsoll_book::queue::FillQueue;
use plimsoll_risk::layout::market::MARKET_DELEVERAGED;

/// Most fills applied in one instruction: its memory is 32 KiB, and a log longer than 10,000 bytes loses its end.
pub const MOST_APPLIED: u8 = 64;
/// The same in a market that was once deleveraged: each maker may have that to tell first.
pub const MOST_APPLIED_LATE: u8 = 36;

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

/// Applies waiting fills of the makers that were passed, oldest first, at most `most` and [`MOST_APPLIED`] of them
/// ([`MOST_APPLIED_LATE`] in a market that was once deleveraged).
pub fn apply_fills<'info>(ctx: Context<'info, ApplyFills<'info>>, most: u8) -> Result<()> {
    let accounts = &ctx.accounts;
    let mut market = accounts.market.load_mut()?;
    ensure!(market.board.is(accounts.board.as_ref().key.as_array()), Refusal::ForeignBoard);
    let board = accounts.board.load()?;
    board.require_running(Pausable::ApplyFills, clock::now()?)?;
    let terms = board.market(market.index)?;
    let mut bytes = book::open(&accounts.queue, &market.queue)?;
    let mut queue = FillQueue::load(&mut bytes).map_err(unbooked)?;
    let deleveraged = terms.flags & MARKET_DELEVERAGED != 0;
    let most = usize::from(most.min(if deleveraged { MOST_APPLIED_LATE } else { MOST_APPLIED }));
    let mut brought = Brought::new(ctx.remaining_accounts);
    let mut makers: Vec<MakerChange> = Vec::new();
    for number in queue.numbers() {
        if makers.len() >= most {
            break;
        }
        let Some(waiting) = queue.get(number) else { continue };
        let Some(place) = brought.find(&waiting.maker) else { continue };
        let change = queue.take(number).map_err(unbooked)?;
        if change.is_fill() {
            market.waits_no_longer(change.side(), change.lots)?;
        }
        let mut account = brought.load(place)?;
        let done = settle(&mut account, &mut market, terms, &change)?;
        account.tidy(done.place);
        makers.push(told(&change, (done.sequence, done.funding)));
    }
    ensure!(!makers.is_empty(), Refusal::NothingToApply);
    FillsApplied { market: market.index, makers }.tell();
    Ok(())
}
