//! From oracle accounts to the board, or, where a transaction brings its own, in place of the board's stale prices.

use crate::{
    errors::{Refusal, refuse, refused},
    oracle,
    state::RiskBoard,
};
use anchor_lang::prelude::*;
use plimsoll_risk::{
    RiskError,
    health::Overlay,
    layout::{feed::Feed, market::MarketTerms},
    market,
    observation::{self, Moved, OraclePrice},
};

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
    board.revalue_feed(feed, now)?;
    Ok(Some(moved))
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
