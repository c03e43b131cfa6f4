//! Work that is read off the chain: each role's transactions of one turn, out of the exchange as it is now and nothing else.
//! A keeper that starts again begins where the chain is.

pub mod maker;
mod triggers;
mod unwinding;

pub use triggers::executions;
pub use unwinding::{Unwinding, unwindings};

use crate::{
    config::{Accruing, Refreshing, Settling},
    desk::{Task, View},
};
use plimsoll_client::{
    book::Side,
    instructions::{ledger, liquidation, refresh, trade},
};
use plimsoll_risk::{
    deleveraging,
    layout::{
        account::Position,
        market::{MARKET_SETTLING, MarketTerms},
    },
};
use solana_pubkey::Pubkey;
use std::{cmp::Reverse, collections::BTreeMap};

/// Makers that a transaction brings along, to be settled at once.
pub const COMPANIONS: usize = 8;
/// Waiting fills that one instruction applies.
const MOST_APPLIED: u8 = 36;
/// Feeds that one transaction refreshes.
const MOST_FEEDS: usize = 8;
/// Funding and settlements wait so many times as long for prices that are not valid.
const PATIENCE: i64 = 10;
/// Most deleveragings applied in one turn.
const MOST_DELEVERAGINGS: usize = 64;

/// Prices that are older than the settings allow, where an oracle account has a newer one: with it all others that are as
/// old, since what one account tells of is seen before the next. An account that was never seen may have anything.
pub fn refreshes(view: &View<'_>, settings: &Refreshing, oracles: &BTreeMap<u8, Pubkey>) -> Vec<Task> {
    let board = view.store.exchange().board;
    let payee = view.store.quote_bank().filter(|_| settings.is_paid);
    let payee = payee.map(|quote_bank| refresh::Refresher { quote_bank, account: view.own.account });
    let known = |feed: u8| view.board.feed(feed).map_or(i64::MAX, |it| it.publish_time);
    let is_old = |feed: u8| view.now.saturating_sub(known(feed)) >= settings.price_seconds;
    let is_newer = |(feed, oracle): &(u8, Pubkey)| {
        view.store.published(oracle).is_none_or(|published| published > known(*feed))
    };
    let old: Vec<(u8, Pubkey)> =
        oracles.iter().map(|(feed, at)| (*feed, *at)).filter(|it| is_old(it.0)).collect();
    let due = old.chunks(MOST_FEEDS).filter(|feeds| feeds.iter().any(is_newer));
    due.map(|feeds| Task::new("refresh_prices", refresh::refresh_prices(board, feeds, payee))).collect()
}

/// Funding, then interest, where they are older than the settings allow. Funding waits for a valid price, but not for long:
/// without one the time counts for nothing.
pub fn accruals(view: &View<'_>, settings: &Accruing) -> Vec<Task> {
    let age = |since: i64| view.now.saturating_sub(since);
    let markets = view.store.markets().filter(|entry| {
        let terms = view.board.market(entry.market.index).ok();
        terms.filter(|it| it.state < MARKET_SETTLING).is_some_and(|it| {
            let patience = if it.valid_until >= view.now { 1 } else { PATIENCE };
            age(it.funding_updated_at) >= settings.market_seconds.saturating_mul(patience)
        })
    });
    let markets = markets.map(|entry| Task::new("refresh_market", refresh::refresh_market(&entry.at)));
    let banks = view.store.banks().filter(|entry| {
        let terms = view.board.bank(entry.bank.index);
        terms.is_ok_and(|it| age(it.updated_at) >= settings.bank_seconds)
    });
    let banks = banks.map(|entry| Task::new("refresh_bank", refresh::refresh_bank(&entry.at)));
    markets.chain(banks).collect()
}

/// Waiting fills of the makers who wait longest, a transaction a market.
pub fn fills(view: &View<'_>) -> Vec<Task> {
    let of_market = |entry: &crate::store::MarketEntry| {
        let mut makers: Vec<Pubkey> = Vec::new();
        for (_, fill) in view.store.queue(entry.market.index)?.waiting() {
            let maker = Pubkey::from(fill.maker.0);
            if makers.len() < COMPANIONS && !makers.contains(&maker) {
                makers.push(maker);
            }
        }
        let apply = || Task::new("apply_fills", trade::apply_fills(&entry.at, &makers, MOST_APPLIED));
        (!makers.is_empty()).then(apply)
    };
    view.store.markets().filter_map(of_market).collect()
}

/// Whether it is time to settle everybody, who were settled last at `since`, unix seconds: not while a market that is open has
/// no valid price, but that is not waited for long either.
pub fn settles_now(view: &View<'_>, settings: &Settling, since: i64) -> bool {
    let has_price = |entry: &crate::store::MarketEntry| {
        let terms = view.board.market(entry.market.index);
        terms.is_ok_and(|it| it.state >= MARKET_SETTLING || it.valid_until >= view.now)
    };
    let patience = if view.store.markets().all(has_price) { 1 } else { PATIENCE };
    view.now.saturating_sub(since) >= settings.seconds.saturating_mul(patience)
}

/// Losses become cash of the pools first, then gains that were realised are paid out of them, the largest first; fees follow.
/// No gain is paid while somebody is marked insolvent.
pub fn settlements(view: &View<'_>, settings: &Settling) -> Vec<Task> {
    let Some(quote_bank) = view.store.quote_bank() else { return Vec::new() };
    let accounts = view.store.accounts();
    let mut due: Vec<(bool, Reverse<u64>, Pubkey, u8)> = Vec::new();
    for (address, holdings) in accounts.addresses().iter().zip(accounts.all_holdings()) {
        for position in holdings.positions.iter().filter(|position| !position.is_free()) {
            let Ok(terms) = view.board.market(position.market) else { continue };
            let (amount, is_gain) = unsettled(position, terms);
            let is_barred = is_gain && view.store.is_loss_pending();
            if amount >= settings.least && terms.valid_until >= view.now && !is_barred {
                due.push((is_gain, Reverse(amount), *address, position.market));
            }
        }
    }
    due.sort_unstable();
    due.truncate(settings.most);
    let settle = |(_, _, account, market): (bool, Reverse<u64>, Pubkey, u8)| {
        let at = view.store.market(market)?.at;
        let until = view.board.market(market).ok()?.valid_until;
        Some(Task::new("settle_pnl", ledger::settle_pnl(&at, account, quote_bank)).until(until))
    };
    let pays_fees = |entry: &&crate::store::MarketEntry| {
        let market = &entry.market;
        let has_cash = !market.pool.is_zero() && market.deficit.is_zero();
        has_cash
            && market.fees_receivable.magnitude() >= settings.least
            && !market.fees_receivable.is_negative()
    };
    let fees = view.store.markets().filter(pays_fees);
    let fees = fees.map(|entry| Task::new("collect_fees", ledger::collect_fees(&entry.at, quote_bank)));
    due.into_iter().filter_map(settle).chain(fees).collect()
}

/// What of a position could be settled, native quote, rounded down, and whether it is a gain: a loss whole, a gain as far as
/// it is realised.
fn unsettled(position: &Position, terms: &MarketTerms) -> (u64, bool) {
    // Below 2^31 × 2^32.
    let product = i64::from(position.lots.get()).saturating_mul(terms.lot_price.into());
    let worth = product.wrapping_shr(u32::from(terms.shift & 63));
    let pnl = worth.saturating_add(position.quote.get());
    if pnl < 0 {
        (pnl.unsigned_abs(), false)
    } else {
        (pnl.min(position.realised.get()).max(0).unsigned_abs(), true)
    }
}

/// Deleveraging that positions have not applied yet, so that the next epoch can begin.
pub fn deleveragings(view: &View<'_>) -> Vec<Task> {
    let accounts = view.store.accounts();
    let mut tasks = Vec::new();
    for (address, holdings) in accounts.addresses().iter().zip(accounts.all_holdings()) {
        for position in holdings.positions.iter().filter(|position| !position.is_free()) {
            let (Ok(terms), Some(entry)) =
                (view.board.market(position.market), view.store.market(position.market))
            else {
                continue;
            };
            let is_pending =
                deleveraging::pending(position, terms, terms.funding).is_ok_and(|it| it.is_some());
            if is_pending && tasks.len() < MOST_DELEVERAGINGS {
                tasks.push(Task::new(
                    "apply_deleveraging",
                    liquidation::apply_deleveraging(&entry.at, *address),
                ));
            }
        }
    }
    tasks
}

/// Owners of the first orders of both sides, each once, but these, at most so many.
fn companions(view: &View<'_>, market: u8, most: usize, but: &[Pubkey]) -> Vec<Pubkey> {
    let mut found = view.store.owners(market, Side::Bid, view.now, COMPANIONS, but);
    found.extend(view.store.owners(market, Side::Ask, view.now, COMPANIONS, but));
    found.sort_unstable();
    found.dedup();
    found.truncate(most);
    found
}

#[cfg(test)]
mod tests;
