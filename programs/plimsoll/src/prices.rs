//! From oracle accounts to the board, or, where a transaction brings its own, in place of the board's stale prices.

use crate::{
    errors::{Refusal, refuse, refused},
    events::BreakerOpened,
    governance::table::LEAST_BREAKER_MOVE,
    oracle,
    state::RiskBoard,
};
use anchor_lang::prelude::*;
use plimsoll_risk::{
    RiskError,
    health::Overlay,
    layout::{feed::Feed, market::MarketTerms},
    market,
    num::RATIO_BITS,
    observation::{self, Moved, OraclePrice},
    validity::Validity,
};

/// A move below this part of the price, a power of two, opens no breaker: that it is not larger costs a shift.
const CALM_BITS: u32 = 6;
const _: () = assert!(LEAST_BREAKER_MOVE.get() > 1 << (RATIO_BITS - CALM_BITS));

/// Copies one oracle account's price to a feed and to what depends on it.
///
/// `None` if the account brings nothing newer.
///
/// # Errors
/// Whatever is malformed about the account, or out of bounds about its price.
#[inline]
pub fn refresh(board: &mut RiskBoard, feed: u8, oracle: &AccountInfo, now: i64) -> Result<Option<Moved>> {
    let price = read(board.feed(feed)?, oracle)?;
    let entry = board.feeds.get_mut(usize::from(feed)).ok_or(Refusal::UnknownFeed)?;
    if price.publish_time <= entry.publish_time {
        return Ok(None);
    }
    let moved = observation::fold(entry, &price, now).map_err(refused)?;
    if entry.markets != 0 && is_wild(entry) {
        open_breakers(board, feed, now)?;
    }
    board.revalue_feed(feed, now)?;
    Ok(Some(moved))
}

/// Whether the price has moved so far in the breakers' window that one of the feed's markets may have had enough.
fn is_wild(feed: &Feed) -> bool {
    let (price, before) = (feed.price.get(), feed.window_price.get());
    price.abs_diff(before) > before >> CALM_BITS
}

/// Opens the breakers of the markets on a feed whose limit the move passes; one that is open stays so for its whole time
/// again. What is too wide to be trusted moves nothing.
#[cold]
#[inline(never)]
fn open_breakers(board: &mut RiskBoard, feed: u8, now: i64) -> Result<()> {
    let entry = board.feed(feed)?;
    let trusted = matches!(Validity::from_code(entry.validity), Validity::Valid | Validity::Diverged);
    let (from, to) = (entry.window_price, entry.price);
    let mut left = if trusted { entry.markets } else { 0 };
    while left != 0 {
        let place = left.trailing_zeros();
        left &= left.wrapping_sub(1); // clears the lowest bit
        let market = u8::try_from(place).map_err(|_| Refusal::UnknownMarket)?;
        let terms = board.markets.get_mut(usize::from(market)).ok_or(Refusal::UnknownMarket)?;
        if market::trips(from, to, terms.breaker_move) {
            let until = now.saturating_add(i64::from(terms.breaker_seconds));
            terms.breaker_until = until;
            let sequence = board.next_event();
            BreakerOpened { sequence, market, from: from.get(), to: to.get(), until }.tell();
        }
    }
    Ok(())
}

/// Reads oracle accounts that a transaction brings along, each for the feed that it belongs to.
///
/// # Errors
/// An account that no feed of the board knows; more than an overlay holds.
pub fn overlay(board: &RiskBoard, oracles: &[AccountInfo]) -> Result<Overlay> {
    let mut overlay = Overlay::none();
    for oracle in oracles {
        let (index, price) = find(board, oracle)?;
        overlay.push(index, price).map_err(refused)?;
    }
    Ok(overlay)
}

/// A market's entry as it would be with the price that a transaction brought along; `None` where the board's own will do.
///
/// # Errors
/// [`Refusal::StaleMarket`] where neither is valid.
#[inline]
pub fn market_terms(
    board: &RiskBoard,
    index: u8,
    overlay: &Overlay,
    now: i64,
) -> Result<Option<Box<MarketTerms>>> {
    if board.market(index)?.valid_until >= now {
        return Ok(None);
    }
    repriced(board, index, overlay, now).map(Some)
}

#[cold]
#[inline(never)]
fn repriced(board: &RiskBoard, index: u8, overlay: &Overlay, now: i64) -> Result<Box<MarketTerms>> {
    let mut terms = Box::new(*board.market(index)?);
    let mut feed = Box::new(*board.feed(terms.feed)?);
    if let Some(price) = overlay.price(terms.feed) {
        observation::fold(&mut feed, price, now).map_err(refused)?;
    }
    market::refresh_market(&mut terms, &feed, &board.header, now).map_err(refused)?;
    if terms.valid_until < now {
        return Err(refused(RiskError::StaleMarket { market: index }));
    }
    Ok(terms)
}

/// The feed that an oracle account belongs to, and its price.
fn find(board: &RiskBoard, oracle: &AccountInfo) -> Result<(u8, OraclePrice)> {
    let data = oracle.try_borrow_data()?;
    for (feed, index) in board.feeds.iter().zip(0..board.header.feed_count) {
        if oracle::names(oracle.key, oracle.owner, &data, &feed.pyth_feed_id, &feed.switchboard) {
            return Ok((index, read(feed, oracle)?));
        }
    }
    // Nobody's: what is wrong with it is said by the first feed's reader.
    read(board.feed(0)?, oracle)?;
    Err(refuse(Refusal::OracleWrongFeed))
}

#[inline]
fn read(feed: &Feed, oracle: &AccountInfo) -> Result<OraclePrice> {
    let data = oracle.try_borrow_data()?;
    let price = oracle::read_price(oracle.key, oracle.owner, &data, &feed.pyth_feed_id, &feed.switchboard);
    price.map_err(|refusal| refuse(Refusal::from(refusal)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytemuck::Zeroable;
    use plimsoll_risk::num::{Price, Ratio};

    const NOW: i64 = 1_000_000;

    /// Two markets on feed 0, the first with a breaker at a sixteenth; the window began at 100.
    fn board(price: u64) -> Box<RiskBoard> {
        let mut board: Box<RiskBoard> = Box::new(Zeroable::zeroed());
        board.header.feed_count = 1;
        board.header.market_count = 2;
        let feed = &mut board.feeds[0];
        (feed.price, feed.window_price, feed.markets) = (Price::new(price), Price::new(10_000), 0b11);
        feed.validity = Validity::Valid.code();
        (board.markets[0].breaker_move, board.markets[0].breaker_seconds) = (Ratio::from_bps(625), 60);
        board
    }

    fn opened(board: &mut RiskBoard) -> [bool; 2] {
        if is_wild(&board.feeds[0]) {
            open_breakers(board, 0, NOW).unwrap();
        }
        [0, 1].map(|market| board.markets[market].breaker_until == NOW + 60)
    }

    #[test]
    fn a_breaker_opens_beyond_its_limit_either_way_and_only_where_there_is_one() {
        for (price, open) in
            [(10_625, false), (10_626, true), (9_375, false), (9_374, true), (10_100, false), (20_000, true)]
        {
            assert_eq!(opened(&mut board(price)), [open, false], "{price}");
        }
    }

    #[test]
    fn what_is_not_trusted_opens_nothing_but_a_diverged_price_does() {
        for (validity, open) in
            [(Validity::Wide, false), (Validity::Stale, false), (Validity::Diverged, true)]
        {
            let mut board = board(20_000);
            board.feeds[0].validity = validity.code();
            assert_eq!(opened(&mut board), [open, false], "{validity:?}");
        }
    }

    #[test]
    fn every_limit_that_governance_can_set_lies_beyond_what_counts_as_calm() {
        let mut board = board(10_201);
        board.markets[0].breaker_move = LEAST_BREAKER_MOVE;
        assert_eq!(opened(&mut board), [true, false]);
    }
}
