//! What the book says of the price: the premium over the index that funding pays for (DESIGN §4 "Funding").

use crate::{errors::Refusal, state::Market};
use anchor_lang::prelude::*;
use plimsoll_book::{Impact, Notional, SideView, Ticks};
use plimsoll_risk::{
    funding,
    layout::market::{MARKET_SETTLING, MarketTerms},
};

/// Most orders of one side that an observation looks at: what the slot's first touch pays for it is bounded, whatever anybody
/// lets rest. Whoever wants to hide the depth behind tiny orders needs as many more as this is larger, so it may be small.
const MOST_ORDERS: u32 = 4;

/// What one lot is worth at the board's price, in ticks, rounded down; `None` where that does not reach a single tick.
///
/// Whether the price may still be used is not asked here.
#[inline]
pub fn index_ticks(terms: &MarketTerms, tick_lot: u32) -> Option<Ticks> {
    ticks(terms.lot_price, terms.shift, tick_lot)
}

/// The same of a lot worth `mantissa >> shift` native quote.
#[inline]
pub fn ticks(mantissa: u32, shift: u8, tick_lot: u32) -> Option<Ticks> {
    let worth = mantissa.checked_shr(shift.into()).unwrap_or(0);
    worth.checked_div(tick_lot).filter(|ticks| *ticks != 0).map(Ticks::new)
}

/// Observes the book as it stands at the slot's first touch, and credits what was observed before for the time that it
/// stood. Does nothing if the slot has been observed already, so it may be called before every change of the book.
///
/// The impact price of a side is that of `impact_notional`. The premium counts 0 without a valid index, with a side that
/// does not reach that depth, and with one that does so only by more lots than an impact price can be taken of: an
/// observation never fails, or a single odd order could stop all trading. Nor does it count in a market that is settled:
/// what is left of its book trades no more.
///
/// # Errors
/// [`Refusal::Overflow`] for a clock before 1970.
#[inline(never)]
pub fn observe(
    market: &mut Market,
    terms: &MarketTerms,
    bids: SideView,
    asks: SideView,
    clock: &Clock,
) -> Result<()> {
    if !market.premium.needs_observation(clock.slot) {
        return Ok(());
    }
    let now = clock.unix_timestamp;
    let seconds = u32::try_from(now).map_err(|_| Refusal::Overflow)?;
    let counts = terms.valid_until >= now && terms.state < MARKET_SETTLING;
    let premium = if counts { premium_now(market, terms, [bids, asks], seconds) } else { 0 };
    let period = market.funding_period;
    market.premium.observe(premium, terms, period, (now, clock.slot));
    Ok(())
}

/// The premium of the impact mid over a valid index, 2^-30.
fn premium_now(market: &Market, terms: &MarketTerms, sides: [SideView; 2], now: u32) -> i32 {
    let oracle = index_ticks(terms, market.tick_lot);
    // Rounded down, to no less than one tick of one lot.
    let depth = market.impact_notional.magnitude().checked_div(market.tick_lot.into()).unwrap_or(0).max(1);
    let depth = Notional::new(depth);
    let impact = |side: &SideView| {
        let Impact { notional, lots } = side.impact(oracle, now, depth, MOST_ORDERS)?;
        Some(funding::Impact { notional: notional.get(), lots })
    };
    let [bids, asks] = &sides;
    // One side without depth decides: the other need not be walked.
    let Some(bid) = impact(bids) else { return 0 };
    let ask = impact(asks);
    let bid = Some(bid);
    funding::premium(bid, ask, market.tick_lot, terms, market.funding_cap).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::arithmetic_side_effects)]

    use super::*;
    use bytemuck::Zeroable;
    use plimsoll_book::{BookSide, OrderPrice, Side, Size, side::NewOrder};
    use plimsoll_risk::{
        layout::Key,
        num::{Quote, Ratio},
    };

    const NOW: i64 = 1_800_000_000;

    /// Lots worth 10 native quote at 1,000 ticks each; an impact price is taken of 100 lots.
    fn market() -> (Market, MarketTerms) {
        let (mut market, mut terms) = (Market::zeroed(), MarketTerms::zeroed());
        (market.tick_lot, market.impact_notional) = (10, Quote::new(1_000_000));
        market.funding_cap = Ratio::from_bps(500);
        market.premium.since = NOW;
        (terms.lot_price, terms.shift, terms.valid_until) = (10_000 << 8, 8, NOW);
        (market, terms)
    }

    fn clock(slot: u64) -> Clock {
        Clock { slot, unix_timestamp: NOW, ..Clock::default() }
    }

    /// A side with orders of so many lots at such prices.
    fn side(bytes: &mut Vec<u64>, of: Side, orders: &[(u32, u32)]) {
        bytes.resize(10_232 / 8, 0);
        let mut side = BookSide::create(bytemuck::cast_slice_mut(bytes), of, Key::NONE, 0).unwrap();
        for (price, lots) in orders {
            let (price, lots) = (OrderPrice::Fixed(Ticks::new(*price)), Size::new(*lots));
            let order = NewOrder {
                owner: Key([1; 32]),
                slot: 0,
                client_id: 0,
                price,
                lots,
                expires_at: 0,
                reduce_only: false,
            };
            side.insert(&order).unwrap();
        }
    }

    /// The premium that is observed of such a book, 2^-30.
    fn observed(bids: &[(u32, u32)], asks: &[(u32, u32)], valid_until: i64) -> i32 {
        let (mut market, mut terms) = market();
        terms.valid_until = valid_until;
        let (mut below, mut above) = (Vec::new(), Vec::new());
        side(&mut below, Side::Bid, bids);
        side(&mut above, Side::Ask, asks);
        let [bids, asks] = [&below, &above].map(|bytes| SideView::load(bytemuck::cast_slice(bytes)).unwrap());
        observe(&mut market, &terms, bids, asks, &clock(7)).unwrap();
        assert_eq!(market.premium.slot, 7);
        market.premium.premium
    }

    #[test]
    fn the_premium_is_that_of_the_impact_mid_over_the_index() {
        let percent = i32::try_from(Ratio::from_bps(100).get()).unwrap();
        let seen = observed(&[(1_005, 500)], &[(1_015, 500)], NOW);
        assert!((seen - percent).abs() <= 1, "{seen} is not {percent}");
        let thin_in_front = observed(&[(1_005, 500)], &[(1_006, 1), (1_015, 500)], NOW);
        assert!(thin_in_front < seen && thin_in_front > percent / 10 * 9, "one lot moves it by a hundredth");
    }

    #[test]
    fn it_counts_nothing_without_depth_or_index_and_never_more_than_the_cap() {
        let (deep, thin) = ([(1_010, 500)], [(1_010, 5)]);
        assert_eq!(observed(&deep, &[], NOW), 0);
        assert_eq!(observed(&[], &deep, NOW), 0);
        assert_eq!(observed(&deep, &thin, NOW), 0);
        assert_eq!(observed(&deep, &deep, NOW - 1), 0, "the index is stale");
        assert_ne!(observed(&deep, &deep, NOW), 0);
        let cap = i32::try_from(Ratio::from_bps(500).get()).unwrap();
        assert_eq!(observed(&[(5_000, 500)], &[(5_001, 500)], NOW), cap);
    }

    #[test]
    fn it_counts_nothing_in_a_market_that_is_settled() {
        let (mut market, mut terms) = market();
        let mut bytes = [Vec::new(), Vec::new()];
        let [below, above] = &mut bytes;
        side(below, Side::Bid, &[(1_010, 500)]);
        side(above, Side::Ask, &[(1_010, 500)]);
        let [bids, asks] = bytes.each_ref().map(|bytes| SideView::load(bytemuck::cast_slice(bytes)).unwrap());
        observe(&mut market, &terms, bids, asks, &clock(7)).unwrap();
        assert_ne!(market.premium.premium, 0);
        terms.state = MARKET_SETTLING;
        observe(&mut market, &terms, bids, asks, &clock(8)).unwrap();
        assert_eq!(market.premium.premium, 0);
    }

    #[test]
    fn a_slot_is_observed_once() {
        let (mut market, terms) = market();
        let mut bytes = [Vec::new(), Vec::new()];
        let [below, above] = &mut bytes;
        side(below, Side::Bid, &[(1_010, 500)]);
        side(above, Side::Ask, &[(1_010, 500)]);
        let [bids, asks] = bytes.each_ref().map(|bytes| SideView::load(bytemuck::cast_slice(bytes)).unwrap());
        observe(&mut market, &terms, bids, asks, &clock(7)).unwrap();
        let first = market.premium.premium;
        market.impact_notional = Quote::new(i64::MAX);
        observe(&mut market, &terms, bids, asks, &clock(7)).unwrap();
        assert_eq!(market.premium.premium, first);
        observe(&mut market, &terms, bids, asks, &clock(8)).unwrap();
        assert_eq!(market.premium.premium, 0);
    }

    #[test]
    fn a_lot_is_worth_whole_ticks_rounded_down_or_none() {
        let (_, mut terms) = market();
        assert_eq!(index_ticks(&terms, 10), Some(Ticks::new(1_000)));
        assert_eq!(index_ticks(&terms, 11), Some(Ticks::new(909)));
        assert_eq!(index_ticks(&terms, 10_001), None);
        terms.shift = 63;
        assert_eq!(index_ticks(&terms, 1), None);
        assert_eq!(index_ticks(&terms, 0), None);
    }
}
