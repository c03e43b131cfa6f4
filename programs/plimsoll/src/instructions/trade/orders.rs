//! Place, cancel, or both in a batch.

use super::{
    args::OrderArgs,
    cancel::{self, Which},
    desk,
};
use crate::state::{MarginAccount, Market, RiskBoard};
use anchor_lang::prelude::*;

/// What trading in one market needs.
#[derive(Accounts)]
pub struct Trade<'info> {
    /// The account's owner, or a delegate.
    pub trader: Signer<'info>,
    #[account(mut)]
    pub account: AccountLoader<'info, MarginAccount>,
    pub board: AccountLoader<'info, RiskBoard>,
    #[account(mut)]
    pub market: AccountLoader<'info, Market>,
    /// CHECK: compared with the market's
    #[account(mut)]
    pub bids: UncheckedAccount<'info>,
    /// CHECK: compared with the market's
    #[account(mut)]
    pub asks: UncheckedAccount<'info>,
    /// CHECK: compared with the market's
    #[account(mut)]
    pub queue: UncheckedAccount<'info>,
    // Remaining accounts: oracle accounts in place of stale prices, then makers' margin accounts, in the order in which
    // they are expected to be met; makers that are not here are settled through the queue.
}

/// Places one order.
pub fn place_order<'info>(ctx: Context<'info, Trade<'info>>, order: OrderArgs) -> Result<()> {
    desk::trade(&ctx, &[], &[order])
}

/// Cancels, then places, with one margin check at the end. Orders that are gone already are passed over.
pub fn batch<'info>(
    ctx: Context<'info, Trade<'info>>,
    cancels: Vec<u64>,
    orders: Vec<OrderArgs>,
) -> Result<()> {
    desk::trade(&ctx, &cancels, &orders)
}

/// Cancels one order.
pub fn cancel_order<'info>(ctx: Context<'info, Trade<'info>>, order: u64) -> Result<()> {
    cancel::cancel(&ctx, Which::Order(order))
}

/// Cancels all orders that have this client id in the market.
pub fn cancel_by_client_id<'info>(ctx: Context<'info, Trade<'info>>, client_id: u64) -> Result<()> {
    cancel::cancel(&ctx, Which::Client(client_id))
}

/// Cancels all orders in the market, or those of one side: 0 bids, 1 asks, 2 both. Anyone may once the dead-man switch is
/// due, while the account (or the pocket behind its position here) is flagged for liquidation, and where the market is settled.
pub fn cancel_all<'info>(ctx: Context<'info, Trade<'info>>, side: u8) -> Result<()> {
    cancel::cancel(&ctx, Which::side(side)?)
}
