//! Start settlement: a market stops trading, and the hour begins whose average price it closes at (DESIGN §9).

use crate::{
    clock,
    errors::Refusal,
    events::SettlementStarted,
    state::{Exchange, Market, RiskBoard},
};
use anchor_lang::prelude::*;
use plimsoll_risk::{
    funding,
    layout::{
        feed::Feed,
        market::{MARKET_REDUCE_ONLY, MARKET_SETTLING, MarketTerms},
    },
    num::Ratio,
};

/// A feed without a valid price for so long is dead, seconds: 7 days.
const DEAD_AFTER: i64 = 7 * 86_400;

#[derive(Accounts)]
pub struct StartSettlement<'info> {
    /// The admin, once the market is reduce-only; anyone when its feed or those who govern are dead.
    pub signer: Signer<'info>,
    pub exchange: AccountLoader<'info, Exchange>,
    #[account(mut)]
    pub board: AccountLoader<'info, RiskBoard>,
    #[account(mut)]
    pub market: AccountLoader<'info, Market>,
}

impl StartSettlement<'_> {
    fn validate(&self, now: i64) -> Result<()> {
        let (exchange, board, market) = (self.exchange.load()?, self.board.load()?, self.market.load()?);
        ensure!(exchange.board.is(self.board.as_ref().key.as_array()), Refusal::ForeignBoard);
        ensure!(market.board == exchange.board, Refusal::ForeignMarket);
        let terms = board.market(market.index)?;
        ensure!(terms.state <= MARKET_REDUCE_ONLY, Refusal::MarketClosed);
        let may = is_delisted(&exchange, self.signer.key, terms)
            || exchange.is_abandoned(now)
            || is_dead(board.feed(terms.feed)?, now);
        ensure!(may, Refusal::CannotSettle);
        Ok(())
    }
}

fn is_delisted(exchange: &Exchange, signer: &Pubkey, terms: &MarketTerms) -> bool {
    terms.state == MARKET_REDUCE_ONLY && exchange.require_admin(signer).is_ok()
}

/// Whether a feed had a price once and has none any more. One that never had a price carries no position.
fn is_dead(feed: &Feed, now: i64) -> bool {
    feed.last_valid_time != 0 && now.saturating_sub(feed.last_valid_time) >= DEAD_AFTER
}

/// Funding until now is paid for the last time.
pub fn start_settlement(ctx: Context<StartSettlement>) -> Result<()> {
    let (accounts, now) = (&ctx.accounts, clock::now()?);
    accounts.validate(now)?;
    let (mut board, mut market) = (accounts.board.load_mut()?, accounts.market.load_mut()?);
    let terms = board.markets.get_mut(usize::from(market.index)).ok_or(Refusal::UnknownMarket)?;
    begin(&mut market, terms, now);
    let (sequence, funding) = (market.next_event(), terms.funding);
    SettlementStarted { market: *accounts.market.as_ref().key, sequence, funding }.tell();
    Ok(())
}

/// No premium stands from now on, and none counts that the book may show while its orders are cancelled.
fn begin(market: &mut Market, terms: &mut MarketTerms, now: i64) {
    let period = market.funding_period;
    funding::copy(terms, &mut market.premium, period, now);
    market.premium.premium = 0;
    market.funding_cap = Ratio::ZERO;
    market.settle_from = now;
    terms.state = MARKET_SETTLING;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::exchange::ABANDONED_AFTER;
    use bytemuck::Zeroable;
    use plimsoll_risk::layout::{Key, market::MARKET_OPEN};

    const NOW: i64 = 1_800_000_000;

    #[test]
    fn only_the_admin_delists_and_only_what_is_reduce_only() {
        let (mut exchange, mut terms) = (Exchange::zeroed(), MarketTerms::zeroed());
        let (admin, stranger) = (Pubkey::new_unique(), Pubkey::new_unique());
        exchange.admin = Key(admin.to_bytes());
        for (state, signer, may) in [
            (MARKET_OPEN, admin, false),
            (MARKET_REDUCE_ONLY, admin, true),
            (MARKET_REDUCE_ONLY, stranger, false),
        ] {
            terms.state = state;
            assert_eq!(is_delisted(&exchange, &signer, &terms), may);
        }
    }

    #[test]
    fn a_feed_is_dead_after_a_week_and_an_exchange_abandoned_after_half_a_year() {
        let (mut exchange, mut feed) = (Exchange::zeroed(), Feed::zeroed());
        assert!(!is_dead(&feed, NOW), "a feed that never had a price is not dead");
        (feed.last_valid_time, exchange.governed_at) = (NOW, NOW);
        assert!(!is_dead(&feed, NOW + DEAD_AFTER - 1) && is_dead(&feed, NOW + DEAD_AFTER));
        assert!(!exchange.is_abandoned(NOW + ABANDONED_AFTER - 1));
        assert!(exchange.is_abandoned(NOW + ABANDONED_AFTER));
        exchange.governed(NOW + 1);
        assert!(!exchange.is_abandoned(NOW + ABANDONED_AFTER));
    }

    #[test]
    fn funding_is_paid_until_settlement_begins_and_never_again() {
        let (mut market, mut terms) = (Market::zeroed(), MarketTerms::zeroed());
        (terms.lot_price, terms.funding_updated_at) = (1 << 20, NOW);
        (market.funding_period, market.funding_cap) = (3_600, Ratio::ONE);
        (market.premium.since, market.premium.premium) = (NOW, 1 << 20);
        begin(&mut market, &mut terms, NOW + 30);
        let paid = terms.funding;
        assert!(paid > 0 && paid == market.premium.funding && terms.state == MARKET_SETTLING);
        market.premium.credit(&terms, 3_600, NOW + 90);
        assert_eq!(market.premium.funding, paid);
    }
}
