//! Grow book: a side of a book or a fill queue gets the room that one instruction may add. Anyone may pay for it.

use crate::{
    errors::{Refusal, beyond, unbooked},
    pda,
    state::Market,
};
use anchor_lang::{prelude::*, solana_program::entrypoint::MAX_PERMITTED_DATA_INCREASE};
use plimsoll_book::FillQueue;

/// Most bytes of a side of a book: more than 1,200 orders.
const LARGEST_SIDE: usize = 10 * MAX_PERMITTED_DATA_INCREASE;
/// Most bytes of a fill queue: more than 400 fills. Each taker's waiting fills are counted by looking at all of them.
const LARGEST_QUEUE: usize = 4 * MAX_PERMITTED_DATA_INCREASE;

#[derive(Accounts)]
pub struct GrowBook<'info> {
    /// Anyone may pay for it.
    #[account(mut)]
    pub payer: Signer<'info>,
    pub market: AccountLoader<'info, Market>,
    /// Bids, asks or queue of the market.
    /// CHECK: compared with the market's
    #[account(mut)]
    pub book: UncheckedAccount<'info>,
    pub system_program: Program<'info, System>,
}

impl GrowBook<'_> {
    /// Whether the account is the market's fill queue, rather than a side of its book.
    fn is_queue(&self) -> Result<bool> {
        let (market, book) = (self.market.load()?, self.book.key.as_array());
        let is_queue = *book == market.queue.0;
        ensure!(is_queue || *book == market.bids.0 || *book == market.asks.0, Refusal::WrongBook);
        Ok(is_queue)
    }

    /// Reads the queue, which takes new room into use if nothing waits.
    ///
    /// # Errors
    /// [`Refusal::CannotGrow`] while fills wait: they would stand elsewhere in a longer ring.
    fn require_empty_queue(&self) -> Result<()> {
        let mut data = self.book.try_borrow_mut_data()?;
        let bytes = data.get_mut(8..).ok_or(Refusal::WrongBook)?;
        let queue = FillQueue::load(bytes).map_err(unbooked)?;
        ensure!(queue.numbers().is_empty(), Refusal::CannotGrow);
        Ok(())
    }
}

/// A side takes its new room into use by itself; a queue here.
pub fn grow_book(ctx: Context<GrowBook>) -> Result<()> {
    let accounts = &ctx.accounts;
    let is_queue = accounts.is_queue()?;
    let (space, most) = (accounts.book.data_len(), if is_queue { LARGEST_QUEUE } else { LARGEST_SIDE });
    if space >= most {
        return Err(beyond(Refusal::CannotGrow, space as u64, most as u64));
    }
    if is_queue {
        accounts.require_empty_queue()?;
    }
    let grown = space.saturating_add(MAX_PERMITTED_DATA_INCREASE).min(most);
    pda::grow(&accounts.payer, &accounts.book, grown)?;
    if is_queue {
        accounts.require_empty_queue()?;
    }
    Ok(())
}
