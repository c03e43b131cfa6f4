//! What a market still lets through in its running hours, computed as the program will.

use plimsoll::state::{Market, market::left_in_window};
use plimsoll_risk::{layout::market::MarketTerms, num::Quote, settlement};

/// What a market's pool pays of gains now, native quote, rounded down: its haircut counted, and its window.
pub fn payable(market: &Market, now: i64) -> u64 {
    let quote = |amount: u64| Quote::from_unsigned(amount).unwrap_or(Quote::MAX);
    let cash = settlement::payable(quote(market.pool.get()), quote(market.deficit.get()));
    let (mut start, mut paid) = (market.settlement_start, market.settlement_paid);
    let left = left_in_window(&mut start, &mut paid, market.settlement_cap, now);
    cash.map_or(0, Quote::magnitude).min(left.get())
}

/// Lots that may still be liquidated into a market's book in its running hour, at the price of its entry on the board.
pub fn lots_into_book(market: &Market, terms: &MarketTerms, now: i64) -> u32 {
    let (mut start, mut taken) = (market.liq_window_start, market.liq_window_taken);
    let left = left_in_window(&mut start, &mut taken, market.liq_window_cap, now);
    let scaled = u128::from(left.get()) << (terms.shift & 63);
    let lots = scaled.checked_div(terms.lot_price.into()).unwrap_or(0);
    u32::try_from(lots).unwrap_or(u32::MAX)
}
