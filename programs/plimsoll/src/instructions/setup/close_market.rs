//! Close market: nothing is left in it; what its pool and its insurance still hold belongs to the shared fund. Anyone may.

use super::close_settled::require_fixed;
use crate::{
    clock,
    errors::{Refusal, refused},
    events::MarketClosed,
    state::{Bank, InsuranceFund, Market, RiskBoard},
};
use anchor_lang::prelude::*;
use plimsoll_risk::{
    layout::market::{MARKET_CLOSED, MarketTerms},
    market::worth,
    num::{Quote, TokenAmount},
};

#[derive(Accounts)]
pub struct CloseMarket<'info> {
    #[account(mut)]
    pub board: AccountLoader<'info, RiskBoard>,
    #[account(mut)]
    pub market: AccountLoader<'info, Market>,
    #[account(mut)]
    pub quote_bank: AccountLoader<'info, Bank>,
    #[account(mut)]
    pub insurance: AccountLoader<'info, InsuranceFund>,
}

/// Closes a market without positions, waiting fills or fees to collect, once its pool holds no more than dust: gains that it
/// could pay are settled first. A loser may pay after that: then winners are paid out of it as before.
pub fn close_market(ctx: Context<CloseMarket>) -> Result<()> {
    let (accounts, now) = (&ctx.accounts, clock::now()?);
    let key = *accounts.board.as_ref().key;
    let (mut board, mut market) = (accounts.board.load_mut()?, accounts.market.load_mut()?);
    let (mut bank, mut insurance) = (accounts.quote_bank.load_mut()?, accounts.insurance.load_mut()?);
    ensure!(market.board.is(key.as_array()), Refusal::ForeignMarket);
    bank.require_quote(&key, &board)?;
    insurance.require_of(&bank.exchange)?;
    let dust = board.header.liq_dust;
    let terms = board.markets.get_mut(usize::from(market.index)).ok_or(Refusal::UnknownMarket)?;
    require_fixed(terms)?;
    require_nothing_left(&market)?;

    close_residues(&mut market, terms)?;
    let had_deficit = !market.deficit.is_zero();
    let pool = empty(&mut market, dust)?;
    bank.insurance_earns(pool)?;
    let tranche = core::mem::take(&mut market.insurance);
    let all = pool.checked_add(tranche).map_err(refused)?;
    insurance.fund.add_revenue(all, now).map_err(refused)?;
    // Whatever is open now stays so for ever: nobody waits for it.
    insurance.open_deficits = insurance.open_deficits.saturating_sub(u32::from(had_deficit));
    let feed = usize::from(terms.feed);
    terms.state = MARKET_CLOSED;
    if let Some(feed) = board.feeds.get_mut(feed) {
        feed.markets &= !1u64.wrapping_shl(u32::from(market.index));
    }
    MarketClosed {
        market: *accounts.market.as_ref().key,
        sequence: market.next_event(),
        fund_sequence: insurance.next_event(),
        pool: pool.get(),
        tranche: tranche.get(),
        deficit: market.deficit.get(),
    }
    .tell();
    Ok(())
}

/// # Errors
/// [`Refusal::MarketNotEmpty`] while somebody has lots, a fill waits, or fees could be collected.
fn require_nothing_left(market: &Market) -> Result<()> {
    let positions = market.long_residue.positions | market.short_residue.positions;
    ensure!(positions == 0 && market.queued_bids | market.queued_asks == 0, Refusal::MarketNotEmpty);
    let owed = market.fees_receivable > Quote::ZERO || market.insurance_receivable > Quote::ZERO;
    ensure!(market.pool.is_zero() || !owed, Refusal::MarketNotEmpty);
    Ok(())
}

/// The protocol's rounding positions close at the settlement price like all others; what they made or lost is the exchange's,
/// as fees are.
fn close_residues(market: &mut Market, terms: &MarketTerms) -> Result<()> {
    let funding = market.premium.funding;
    for is_long in [true, false] {
        let Some((lots, quote)) = market.residue(is_long).take(is_long, funding).map_err(refused)? else {
            continue;
        };
        let size = u64::from(lots.magnitude());
        let worth = worth(terms, size, !is_long).map_err(refused)?;
        let made = if is_long { quote.checked_add(worth) } else { quote.checked_sub(worth) };
        let made = made.and_then(|made| market.fees_receivable.checked_add(made)).map_err(refused)?;
        market.fees_receivable = made;
        let side = if is_long { &mut market.long_lots } else { &mut market.short_lots };
        *side = side.checked_sub(size).ok_or(Refusal::Overflow)?;
    }
    ensure!(market.long_lots | market.short_lots == 0, Refusal::MarketNotEmpty);
    Ok(())
}

/// Takes all out of a pool that holds no more than dust beside the exchange's own; returns it. What is not the exchange's own
/// may still be somebody's gain: it joins the deficit, so that the market's ledger says so.
///
/// # Errors
/// [`Refusal::MarketNotEmpty`] for more: gains have to be settled first.
fn empty(market: &mut Market, dust: Quote) -> Result<TokenAmount> {
    let pool = market.pool;
    let own = pool.min(TokenAmount::new(market.fees_receivable.max(Quote::ZERO).magnitude()));
    let others = pool.saturating_sub(own);
    ensure!(others.get() <= dust.max(Quote::ZERO).magnitude(), Refusal::MarketNotEmpty);
    let in_quote = Quote::from_unsigned(own.get()).map_err(refused)?;
    market.fees_receivable = market.fees_receivable.checked_sub(in_quote).map_err(refused)?;
    market.deficit = market.deficit.checked_add(others).map_err(refused)?;
    market.pool = TokenAmount::ZERO;
    Ok(pool)
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytemuck::Zeroable;

    /// A lot is worth 10.5 native quote.
    fn terms() -> MarketTerms {
        MarketTerms { lot_price: 21, settlement_price: 21, shift: 1, ..MarketTerms::zeroed() }
    }

    #[test]
    fn rounding_positions_close_at_the_price_and_what_they_made_is_the_exchanges() {
        let mut market = Market::zeroed();
        (market.long_lots, market.short_lots) = (3, 3);
        (market.long_residue.lots, market.long_residue.base) = (3, Quote::new(-20));
        (market.short_residue.lots, market.short_residue.base) = (3, Quote::new(25));
        close_residues(&mut market, &terms()).unwrap();
        // −20 + 31 of the longs, 25 − 32 of the shorts.
        assert_eq!(market.fees_receivable, Quote::new(4));
        assert_eq!((market.long_lots, market.short_lots), (0, 0));
        market.long_lots = 1;
        assert!(close_residues(&mut market, &terms()).is_err(), "somebody's lots");
    }

    #[test]
    fn a_pool_is_emptied_of_dust_only_and_its_ledger_still_balances() {
        let mut market = Market::zeroed();
        (market.pool, market.fees_receivable) = (TokenAmount::new(104), Quote::new(4));
        assert!(empty(&mut market, Quote::new(99)).is_err());
        assert_eq!(empty(&mut market, Quote::new(100)).unwrap(), TokenAmount::new(104));
        let after = (market.pool.get(), market.deficit.get(), market.fees_receivable.get());
        assert_eq!(after, (0, 100, 0));
    }

    #[test]
    fn nothing_closes_over_positions_waiting_fills_or_fees() {
        let touches: [fn(&mut Market); 4] = [
            |market| market.short_residue.positions = 1,
            |market| market.queued_asks = 1,
            |market| market.fees_receivable = Quote::new(1),
            |market| market.insurance_receivable = Quote::new(1),
        ];
        for touch in touches {
            let mut market = Market::zeroed();
            market.pool = TokenAmount::new(1);
            assert!(require_nothing_left(&market).is_ok());
            touch(&mut market);
            assert!(require_nothing_left(&market).is_err());
        }
    }
}
