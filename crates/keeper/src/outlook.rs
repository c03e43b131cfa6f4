//! What a liquidator finds around an account in danger: books, pools, windows, and what its own account carries.

use crate::desk::View;
use plimsoll::premium;
use plimsoll_client::{book::Side, windows};
use plimsoll_risk::{
    health::{Check, Overlay},
    layout::account::{MarginAccount, Position},
    liquidation::{self, Scope as Measured},
    margin::Holdings,
    num::{Index, Quote, RATIO_BITS, Ratio, Shares, TokenAmount},
};
use plimsoll_sim::strategy::BookQuestion;
use solana_pubkey::Pubkey;

/// Orders that a liquidation into the book meets.
pub const MAKERS: u8 = 16;
/// Lots that one take-over may be of: what a position holds.
const MOST_LOTS: u128 = (1 << 30) - 1;

/// What margin is measured by; `overlay` is an empty one.
pub fn measures<'a>(view: &View<'a>, overlay: &'a Overlay) -> liquidation::View<'a> {
    liquidation::View { board: &view.board.0, overlay, now: view.now }
}

/// Initial margin that the keeper's own account has left, native quote, rounded down; 0 where it cannot be told.
pub fn spare_margin(view: &View<'_>) -> u64 {
    let Some(own) = view.store.account(&view.own.account) else { return 0 };
    let overlay = Overlay::none();
    let scope = Measured::Cross(Holdings::from(&own));
    let health = scope.measure(Check::Liquidator, &measures(view, &overlay)).map(|(health, _)| health);
    health.unwrap_or(Quote::ZERO).max(Quote::ZERO).magnitude()
}

/// Whether all prices may be used now that strict checks of the keeper's own account rest on: without them it may neither
/// trade nor take anything.
pub fn is_measurable(view: &View<'_>) -> bool {
    let Some(own) = view.store.account(&view.own.account) else { return false };
    let overlay = Overlay::none();
    Measured::Cross(Holdings::from(&own)).measure(Check::Initial, &measures(view, &overlay)).is_ok()
}

/// Until when those prices may be used that may be used now, of all that an account holds, unix seconds.
pub fn prices_hold(view: &View<'_>, account: &MarginAccount) -> i64 {
    let quote = view.board.header.quote_bank;
    let balances = account.balances.iter().filter(|slot| !slot.is_free() && slot.bank != quote);
    let banks = balances.filter_map(|slot| Some(view.board.bank(slot.bank).ok()?.valid_until));
    let positions = account.positions.iter().filter(|position| !position.is_free());
    let markets = positions.filter_map(|position| Some(view.board.market(position.market).ok()?.valid_until));
    banks.chain(markets).filter(|until| *until >= view.now).min().unwrap_or(i64::MAX)
}

/// Lots that the keeper takes over at most: what a part of its spare margin carries.
pub fn capacity(view: &View<'_>, market: u8, prudence: Ratio) -> u32 {
    let Ok(terms) = view.board.market(market) else { return 0 };
    let spare = Quote::from_unsigned(spare_margin(view)).and_then(|spare| prudence.mul_down(spare));
    let margin = u128::from(spare.unwrap_or(Quote::ZERO).magnitude());
    let of_a_lot = u128::from(terms.lot_price).saturating_mul(terms.initial_ratio.get().into());
    // Below 2^64 shifted by at most 30 and 31.
    let scaled = margin.wrapping_shl(u32::from(terms.shift & 31).saturating_add(RATIO_BITS));
    let lots = scaled.checked_div(of_a_lot).unwrap_or(0);
    u32::try_from(lots.min(MOST_LOTS)).unwrap_or(0)
}

/// What a market's pool pays of gains now, native quote, rounded down: its haircut counted, and its window.
pub fn payable(view: &View<'_>, market: u8) -> u64 {
    view.store.market(market).map_or(0, |entry| windows::payable(&entry.market, view.now))
}

/// Lots of an account's fills that wait in a market's queue.
pub fn queued(view: &View<'_>, market: u8, account: &Pubkey) -> u32 {
    let Some(queue) = view.store.queue(market) else { return 0 };
    let of_it = queue.waiting().filter(|(_, fill)| fill.maker.0 == account.to_bytes());
    of_it.map(|(_, fill)| fill.lots.get()).fold(0, u32::saturating_add)
}

/// What the book takes within a limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Depth {
    /// Lots.
    pub lots: u32,
    /// What they change hands for, native quote.
    pub worth: u64,
}

/// What the book takes of at most so many lots within a limit, as far as one instruction meets orders and the market's window
/// and price band allow: what is better than the band is taken off, as are orders of accounts that are flagged. Pegged orders
/// and reduce-only ones are not counted: whether they match depends on what others hold.
pub fn depth(view: &View<'_>, question: &BookQuestion, most: u32) -> Option<Depth> {
    let market = &view.store.market(question.market)?.market;
    let terms = view.board.market(question.market).ok()?;
    let side = if question.is_long { Side::Bid } else { Side::Ask };
    let most = most.min(windows::lots_into_book(market, terms, view.now));
    let mut depth = Depth::default();
    let (low, high) = market.band_around(premium::index_ticks(terms, market.tick_lot)?);
    let orders = view.store.book(question.market)?.side(side).orders(None, u32::try_from(view.now).ok()?);
    for resting in orders.take(MAKERS.into()) {
        let of_a_lot = u64::from(resting.price.get()).saturating_mul(market.tick_lot.into());
        let worth = u128::from(of_a_lot).wrapping_shl(terms.shift.into());
        let limit = u128::from(question.limit);
        if if question.is_long { worth < limit } else { worth > limit } {
            break;
        }
        let is_within = low <= resting.price && resting.price <= high;
        if is_within
            && !resting.order.is_reduce_only()
            && !is_flagged(view, question.market, &resting.order.owner.0)
        {
            let lots = resting.order.lots.get().min(most.saturating_sub(depth.lots));
            depth.lots = depth.lots.saturating_add(lots);
            depth.worth = depth.worth.saturating_add(of_a_lot.saturating_mul(lots.into()));
        }
    }
    Some(depth)
}

/// Whether an account, or its pocket in a market, is flagged: a taker does not fill its orders.
fn is_flagged(view: &View<'_>, market: u8, account: &[u8; 32]) -> bool {
    let address = Pubkey::from(*account);
    let flagged = Some(address).filter(|it| view.store.is_flagged(it)).and_then(|it| view.store.account(&it));
    flagged.is_some_and(|account| plimsoll::state::MarginAccount(account).is_flagged_in(market, view.now))
}

/// Lots on the other side of a position, against which lots could be deleveraged; 0 while an epoch of it waits for somebody.
pub fn counter_lots(view: &View<'_>, position: &Position) -> u64 {
    let Some(entry) = view.store.market(position.market) else { return 0 };
    let market = &entry.market;
    let (lots, earlier) = if position.lots.get() > 0 {
        (market.short_lots, market.short_residue.earlier)
    } else {
        (market.long_lots, market.long_residue.earlier)
    };
    if earlier == 0 { lots } else { 0 }
}

/// How much of a token the keeper's own account can repay borrows with, native units, rounded down: what it has beyond what is
/// to be kept; 0 without margin to act, since a price that is missing to any of what it holds stops it.
pub fn repayable(view: &View<'_>, bank: u8, keep: u64) -> u64 {
    let (Some(own), Some(entry)) = (view.store.account(&view.own.account), view.store.bank(bank)) else {
        return 0;
    };
    let mut deposits = own.balances.iter().filter(|slot| !slot.is_free() && !slot.is_borrow());
    let shares = deposits.find(|slot| slot.bank == bank).map_or(Shares::ZERO, |slot| slot.shares);
    let has = shares.amount_down(Index::from(entry.bank.deposit_index)).map_or(0, TokenAmount::get);
    if spare_margin(view) > 0 { has.saturating_sub(keep) } else { 0 }
}
