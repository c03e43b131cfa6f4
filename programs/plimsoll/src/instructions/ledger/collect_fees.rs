//! Collect fees: what a market owes to the exchange and to insurance leaves its pool, or fills its open deficit. Anyone may.

use crate::{
    clock,
    errors::{Refusal, refused},
    events::{FeesCollected, InsuranceEarned},
    state::{Bank, Exchange, InsuranceFund, Market, RiskBoard, risk_board::Pausable},
};
use anchor_lang::prelude::*;
use plimsoll_risk::{
    layout::market::MARKET_CLOSED,
    num::{Quote, Ratio, TokenAmount},
};

#[derive(Accounts)]
pub struct CollectFees<'info> {
    pub board: AccountLoader<'info, RiskBoard>,
    #[account(mut)]
    pub market: AccountLoader<'info, Market>,
    #[account(mut)]
    pub quote_bank: AccountLoader<'info, Bank>,
    pub exchange: AccountLoader<'info, Exchange>,
    #[account(mut)]
    pub insurance: AccountLoader<'info, InsuranceFund>,
}

impl CollectFees<'_> {
    /// Returns whether the market is closed.
    fn validate(&self, market: &Market, bank: &Bank, insurance: &InsuranceFund) -> Result<bool> {
        let board = self.board.load()?;
        bank.require_quote(self.board.as_ref().key, &board)?;
        super::require_market(market, self.board.as_ref().key)?;
        ensure!(bank.exchange.is(self.exchange.as_ref().key.as_array()), Refusal::ForeignExchange);
        insurance.require_of(&bank.exchange)?;
        board.require_running(Pausable::Settle, clock::now()?)?;
        Ok(board.market(market.index)?.state == MARKET_CLOSED)
    }
}

/// While a deficit is open, what is owed fills it: winners come before the exchange and its insurance, and no cash moves.
/// Otherwise all that is owed, or all that the pool holds of it, is collected: also once the market is closed, as losers
/// may pay late; it has no part of the insurance of its own any more then.
pub fn collect_fees(ctx: Context<CollectFees>) -> Result<()> {
    let (accounts, now) = (&ctx.accounts, clock::now()?);
    let (mut market, mut bank) = (accounts.market.load_mut()?, accounts.quote_bank.load_mut()?);
    let mut insurance = accounts.insurance.load_mut()?;
    let is_closed = accounts.validate(&market, &bank, &insurance)?;

    let filled = fill_deficit(&mut market)?;
    // The fund waits for no deficit of a closed market.
    if !filled.is_zero() && market.deficit.is_zero() && !is_closed {
        insurance.open_deficits = insurance.open_deficits.saturating_sub(1);
    }
    let collected = Collected::from(&mut market, accounts.exchange.load()?.fee_share)?;
    bank.collect_fees(collected.fees)?;
    bank.insurance_earns(collected.insurance)?;
    let target = if is_closed { TokenAmount::ZERO } else { market.tranche_target };
    let tranche = collected.insurance.min(target.saturating_sub(market.insurance));
    let fund = collected.insurance.saturating_sub(tranche);
    market.insurance = market.insurance.checked_add(tranche).map_err(refused)?;
    insurance.fund.add_revenue(fund, now).map_err(refused)?;

    let address = *accounts.market.as_ref().key;
    let [fees, filled, tranche, fund] = [collected.fees, filled, tranche, fund].map(TokenAmount::get);
    ensure!(fees | filled | tranche | fund != 0, Refusal::NothingToCollect);
    if fees != 0 {
        FeesCollected { market: address, sequence: market.next_event(), amount: fees }.tell();
    }
    if filled | tranche | fund != 0 {
        InsuranceEarned {
            market: address,
            sequence: market.next_event(),
            fund_sequence: insurance.next_event(),
            filled,
            deficit: market.deficit.get(),
            tranche,
            fund,
        }
        .tell();
    }
    Ok(())
}

/// Gives up what is receivable, insurance's part first, for as much of the open deficit; returns how much.
fn fill_deficit(market: &mut Market) -> Result<TokenAmount> {
    let mut filled = TokenAmount::ZERO;
    for receivable in [&mut market.insurance_receivable, &mut market.fees_receivable] {
        let part = market.deficit.min(above_zero(*receivable));
        market.deficit = market.deficit.saturating_sub(part);
        *receivable = less(*receivable, part)?;
        filled = filled.checked_add(part).map_err(refused)?;
    }
    Ok(filled)
}

/// What leaves a pool, native quote.
#[derive(Debug, PartialEq, Eq)]
struct Collected {
    /// For the exchange.
    fees: TokenAmount,
    /// For insurance.
    insurance: TokenAmount,
}

impl Collected {
    /// Takes out of a market what it owes, as far as its pool holds it: the fees, of which `share` (rounded down) is
    /// insurance, then what liquidations owe to insurance. Rebates beyond the fees come first: they are in the winners'
    /// claims already. Nothing while a deficit is open.
    fn from(market: &mut Market, share: Ratio) -> Result<Self> {
        if !market.deficit.is_zero() {
            return Ok(Self { fees: TokenAmount::ZERO, insurance: TokenAmount::ZERO });
        }
        let owed = market.insurance_receivable.checked_add(market.fees_receivable.min(Quote::ZERO));
        let fees = market.pool.min(above_zero(market.fees_receivable));
        let left = market.pool.saturating_sub(fees);
        let direct = left.min(above_zero(owed.map_err(refused)?));
        market.pool = left.saturating_sub(direct);
        market.fees_receivable = less(market.fees_receivable, fees)?;
        market.insurance_receivable = less(market.insurance_receivable, direct)?;
        let shared = fees.mul_down(share.min(Ratio::ONE)).map_err(refused)?;
        let insurance = direct.checked_add(shared).map_err(refused)?;
        Ok(Self { fees: fees.saturating_sub(shared), insurance })
    }
}

fn above_zero(owed: Quote) -> TokenAmount {
    TokenAmount::new(owed.max(Quote::ZERO).magnitude())
}

fn less(owed: Quote, part: TokenAmount) -> Result<Quote> {
    Quote::from_unsigned(part.get()).and_then(|part| owed.checked_sub(part)).map_err(refused)
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects)]
mod tests {
    use super::*;
    use bytemuck::Zeroable;

    fn market(pool: u64, deficit: u64, (fees, insurance): (i64, i64)) -> Market {
        let mut market: Market = Zeroable::zeroed();
        market.pool = TokenAmount::new(pool);
        market.deficit = TokenAmount::new(deficit);
        (market.fees_receivable, market.insurance_receivable) = (Quote::new(fees), Quote::new(insurance));
        market
    }

    /// What is collected at a share of a quarter, and what is owed afterwards; the pool falls by as much.
    fn collected(pool: u64, deficit: u64, owed: (i64, i64)) -> ((u64, u64), (i64, i64)) {
        let mut market = market(pool, deficit, owed);
        let got = Collected::from(&mut market, Ratio::from_bps(2_500)).unwrap();
        assert_eq!(pool - market.pool.get(), got.fees.get() + got.insurance.get());
        let left = (market.fees_receivable.get(), market.insurance_receivable.get());
        assert_eq!(owed.0 + owed.1 - left.0 - left.1, (pool - market.pool.get()).cast_signed());
        ((got.fees.get(), got.insurance.get()), left)
    }

    #[test]
    fn fees_are_collected_as_far_as_the_pool_holds_them_and_a_part_is_insurance() {
        assert_eq!(collected(100, 0, (39, 20)), ((30, 29), (0, 0)));
        assert_eq!(collected(20, 0, (30, 5)), ((15, 5), (10, 5)));
        assert_eq!(collected(33, 0, (30, 5)), ((23, 10), (0, 2)));
    }

    #[test]
    fn neither_rebates_nor_an_open_deficit_leave_anything_to_collect() {
        assert_eq!(collected(100, 0, (-30, 0)), ((0, 0), (-30, 0)));
        assert_eq!(collected(100, 1, (30, 10)), ((0, 0), (30, 10)));
        assert_eq!(collected(100, 0, (-30, 50)), ((0, 20), (-30, 30)));
        assert_eq!(collected(100, 0, (-30, 20)), ((0, 0), (-30, 20)));
    }

    #[test]
    fn what_is_owed_fills_the_deficit_insurance_first_and_moves_no_cash() {
        for (deficit, owed, filled, left) in [
            (100, (60, 30), 90, (10, 0, 0)),
            (20, (60, 30), 20, (0, 60, 10)),
            (50, (60, 30), 50, (0, 40, 0)),
            (50, (-60, 30), 30, (20, -60, 0)),
            (0, (60, 30), 0, (0, 60, 30)),
        ] {
            let mut market = market(7, deficit, owed);
            assert_eq!(fill_deficit(&mut market).unwrap().get(), filled);
            let after =
                (market.deficit.get(), market.fees_receivable.get(), market.insurance_receivable.get());
            assert_eq!((after, market.pool.get()), (left, 7));
        }
    }
}
