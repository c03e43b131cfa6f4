//! Collect fees: what the exchange is owed moves from a market's pool to the quote bank's collected fees. Anyone may.

use crate::{
    errors::{Refusal, refused},
    events::FeesCollected,
    state::{Bank, Market, RiskBoard, risk_board::Pausable},
};
use anchor_lang::prelude::*;
use plimsoll_risk::num::{Quote, TokenAmount};

#[derive(Accounts)]
pub struct CollectFees<'info> {
    pub board: AccountLoader<'info, RiskBoard>,
    #[account(mut)]
    pub market: AccountLoader<'info, Market>,
    #[account(mut)]
    pub quote_bank: AccountLoader<'info, Bank>,
}

/// Collects all that is owed, or all that the pool holds of it; nothing while winners are owed more than will be paid in.
pub fn collect_fees(ctx: Context<CollectFees>) -> Result<()> {
    let accounts = &ctx.accounts;
    let board = accounts.board.load()?;
    let (mut market, mut bank) = (accounts.market.load_mut()?, accounts.quote_bank.load_mut()?);
    bank.require_quote(accounts.board.as_ref().key, &board)?;
    super::require_market(&market, accounts.board.as_ref().key)?;
    board.require_running(Pausable::Settle, Clock::get()?.unix_timestamp)?;

    let amount = collectable(&market);
    ensure!(!amount.is_zero(), Refusal::NothingToCollect);
    market.pool = market.pool.checked_sub(amount).map_err(refused)?;
    let collected = Quote::from_unsigned(amount.get()).map_err(refused)?;
    market.fees_receivable = market.fees_receivable.checked_sub(collected).map_err(refused)?;
    bank.collect_fees(amount)?;
    let sequence = market.next_event();
    emit!(FeesCollected { market: *accounts.market.as_ref().key, sequence, amount: amount.get() });
    Ok(())
}

/// `min(pool, receivable)`: nothing while rebates exceed fees, and nothing while a deficit is open.
fn collectable(market: &Market) -> TokenAmount {
    if !market.deficit.is_zero() {
        return TokenAmount::ZERO;
    }
    market.pool.min(TokenAmount::new(market.fees_receivable.max(Quote::ZERO).magnitude()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytemuck::Zeroable;

    fn market(pool: u64, deficit: u64, receivable: i64) -> Market {
        let mut market: Market = Zeroable::zeroed();
        market.pool = TokenAmount::new(pool);
        market.deficit = TokenAmount::new(deficit);
        market.fees_receivable = Quote::new(receivable);
        market
    }

    #[test]
    fn fees_are_collected_as_far_as_the_pool_holds_them() {
        assert_eq!(collectable(&market(100, 0, 30)), TokenAmount::new(30));
        assert_eq!(collectable(&market(20, 0, 30)), TokenAmount::new(20));
    }

    #[test]
    fn neither_rebates_nor_an_open_deficit_leave_anything_to_collect() {
        assert_eq!(collectable(&market(100, 0, -30)), TokenAmount::ZERO);
        assert_eq!(collectable(&market(100, 1, 30)), TokenAmount::ZERO);
    }
}
