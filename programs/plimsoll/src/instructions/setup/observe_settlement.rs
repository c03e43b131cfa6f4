//! Observe settlement: the price joins the average of the hour; once that is full, it is the settlement price. Anyone may.

use crate::{
    clock,
    errors::Refusal,
    events::SettlementFixed,
    state::{Market, RiskBoard},
};
use anchor_lang::prelude::*;
use plimsoll_risk::{
    layout::{
        feed::Feed,
        market::{MARKET_SETTLING, MarketTerms, SETTLED},
    },
    market::{LotValues, lot_values},
    num::Price,
    twap::{self, SETTLEMENT_SECONDS},
    valuation::Prices,
};

/// A price that came since the last observation counts for so long at most, seconds: who looks decides when, but not for how
/// much of the hour. Time beyond that belongs to no hour.
const LONGEST_OBSERVATION: u64 = 300;

#[derive(Accounts)]
pub struct ObserveSettlement<'info> {
    #[account(mut)]
    pub board: AccountLoader<'info, RiskBoard>,
    #[account(mut)]
    pub market: AccountLoader<'info, Market>,
}

impl ObserveSettlement<'_> {
    fn validate(&self) -> Result<()> {
        let (board, market) = (self.board.load()?, self.market.load()?);
        ensure!(market.board.is(self.board.as_ref().key.as_array()), Refusal::ForeignMarket);
        let terms = board.market(market.index)?;
        ensure!(terms.state == MARKET_SETTLING && !terms.is_settled(), Refusal::NotSettling);
        Ok(())
    }
}

/// Takes the feed's last valid price into the average for the time since the last look.
pub fn observe_settlement(ctx: Context<ObserveSettlement>) -> Result<()> {
    let (accounts, now) = (&ctx.accounts, clock::now()?);
    accounts.validate()?;
    let (mut board, mut market) = (accounts.board.load_mut()?, accounts.market.load_mut()?);
    let feed = board.feed(board.market(market.index)?.feed)?;
    if !observe(&mut market, feed, now)? {
        return Ok(());
    }
    let decimals = board.header.quote_decimals;
    let terms = board.markets.get_mut(usize::from(market.index)).ok_or(Refusal::UnknownMarket)?;
    fix(terms, market.settle_average, decimals);
    let (sequence, price) = (market.next_event(), market.settle_average.get());
    let (lot_price, shift) = (terms.lot_price, terms.shift);
    SettlementFixed { market: *accounts.market.as_ref().key, sequence, price, lot_price, shift }.tell();
    Ok(())
}

/// Credits the price for the time that it stood since the last observation; returns whether the hour is full.
///
/// A price that is older than the last observation stood all the time; of a newer one nobody knows what stood before it.
fn observe(market: &mut Market, feed: &Feed, now: i64) -> Result<bool> {
    let last = market.settle_from.saturating_add(market.settle_credited);
    let passed = u64::try_from(now.saturating_sub(last)).unwrap_or(0);
    ensure!(passed > 0, Refusal::NothingToDo);
    let stood = if feed.last_valid_time <= last { passed } else { passed.min(LONGEST_OBSERVATION) };
    let credited = market.settle_credited.max(0).unsigned_abs();
    let counted = stood.min(SETTLEMENT_SECONDS.saturating_sub(credited));
    market.settle_average = twap::settle(market.settle_average, credited, feed.last_valid_price, counted);
    let credited = credited.saturating_add(counted);
    market.settle_credited = i64::try_from(credited).map_err(|_| Refusal::Overflow)?;
    market.settle_from = now.saturating_sub(market.settle_credited);
    Ok(credited >= SETTLEMENT_SECONDS)
}

/// Fixes the price for ever. A lot that is worth more than an entry holds counts as much as it holds, one worth nothing the
/// least: a market must end.
fn fix(terms: &mut MarketTerms, average: Price, quote_decimals: u8) {
    let average = Price::new(average.get().max(1));
    let prices = Prices { price: average, stable: average };
    let lot = lot_values(prices, terms.lots_per_unit, quote_decimals);
    let LotValues { price, shift, .. } =
        lot.unwrap_or(LotValues { price: u32::MAX, stable: u32::MAX, shift: 0 });
    let price = price.max(1);
    (terms.lot_price, terms.lot_stable, terms.settlement_price, terms.shift) = (price, price, price, shift);
    terms.valid_until = SETTLED;
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytemuck::Zeroable;

    const NOW: i64 = 1_800_000_000;

    fn parts() -> (Market, Feed) {
        let (mut market, mut feed) = (Market::zeroed(), Feed::zeroed());
        market.settle_from = NOW;
        (feed.last_valid_price, feed.last_valid_time) = (Price::ONE, NOW - 5);
        (market, feed)
    }

    #[test]
    fn every_second_of_the_hour_counts_alike() {
        let (mut market, mut feed) = parts();
        for minute in 1..=60 {
            if minute == 31 {
                feed.last_valid_price = Price::new(3 * Price::ONE.get());
            }
            let at = NOW + 60 * minute;
            feed.last_valid_time = at - 1;
            assert_eq!(observe(&mut market, &feed, at).unwrap(), minute == 60);
            assert_eq!(market.settle_credited, 60 * minute);
        }
        // Each look rounds by half a unit at most.
        assert!(market.settle_average.get().abs_diff(2 * Price::ONE.get()) <= 30);
        assert_eq!(market.settle_from, NOW);
    }

    #[test]
    fn a_dead_feed_needs_one_look_and_a_living_one_a_look_every_five_minutes() {
        let (mut market, mut feed) = parts();
        assert!(observe(&mut market, &feed, NOW + 3_600).unwrap());
        assert_eq!(market.settle_average, Price::ONE);
        let (mut market, _) = parts();
        feed.last_valid_time = NOW + 3_599;
        assert!(!observe(&mut market, &feed, NOW + 3_600).unwrap());
        assert_eq!((market.settle_credited, market.settle_from), (300, NOW + 3_300));
        assert!(observe(&mut market, &feed, NOW + 3_600).is_err(), "no time has passed");
    }

    #[test]
    fn a_fixed_price_never_grows_old_and_is_worth_something() {
        let mut terms = MarketTerms::zeroed();
        terms.lots_per_unit = 100;
        fix(&mut terms, Price::from_decimal(250, 0).unwrap(), 6);
        // 250 whole quote a unit are 2.5 a lot.
        assert_eq!(u64::from(terms.lot_price) >> terms.shift, 2_500_000);
        assert_eq!((terms.lot_stable, terms.settlement_price), (terms.lot_price, terms.lot_price));
        assert!(terms.is_settled());
        fix(&mut terms, Price::ZERO, 6);
        assert!(terms.settlement_price != 0 && terms.shift > 40);
        terms.lots_per_unit = 1;
        fix(&mut terms, Price::from_decimal(1_000_000, 0).unwrap(), 6);
        assert_eq!((terms.settlement_price, terms.shift), (u32::MAX, 0));
    }
}
