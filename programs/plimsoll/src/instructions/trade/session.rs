//! One action at work on a market's book.

use super::{
    args::OrderArgs,
    cancel,
    desk::Action,
    makers::{Brought, Settlement, UNCOUNTED, quote},
};
use crate::{
    errors::{Refusal, beyond, refuse, refused},
    events::{MakerChange, Ordered},
    state::{MarginAccount, Market},
};
use anchor_lang::prelude::*;
use plimsoll_book::{
    Book, Kind, Limits, OrderId, OrderPrice, Outcome, Side, Size, Stopped, Taker, Ticks, match_order,
    queue::FillQueue, slab,
};
use plimsoll_risk::{
    fill,
    layout::{
        Key,
        account::{OpenOrder, Position},
        market::{MARKET_DELEVERAGED, MARKET_OPEN, MARKET_REDUCE_ONLY, MarketTerms},
    },
    num::Quote,
    position::worst_case_lots,
};

/// Most orders that one order removes in passing: expired ones, or such as cannot be served.
const MOST_REMOVALS: u32 = 8;

/// Most makers that one instruction tells of: its memory is 32 KiB, and a log longer than 10,000 bytes loses its end.
const MOST_MET: u32 = 48;
/// The same in a market that was once deleveraged: each maker may have that to tell first.
const MOST_MET_LATE: u32 = 24;

/// One action at work: what it reads and what it changes.
pub struct Session<'s, 'b, 'info> {
    pub book: &'s mut Book<'b>,
    pub queue: FillQueue<'s>,
    pub market: &'s mut Market,
    pub terms: &'s MarketTerms,
    /// Makers' margin accounts that the transaction brought along.
    pub makers: &'s [AccountInfo<'info>],
    pub account: &'s mut MarginAccount,
    /// The account's address.
    pub key: Key,
    /// Where its position in the market is.
    pub place: usize,
    /// Funding that the position paid first; told by the first order's event.
    pub funding: Quote,
    /// Index price.
    pub price: Ticks,
    /// Now, unix seconds.
    pub now: i64,
}

impl Session<'_, '_, '_> {
    /// Cancels, places, and holds the position against the market's own limits. Returns the lots filled.
    pub fn carry_out(mut self, action: &Action, before: &Position) -> Result<u64> {
        if !action.cancels.is_empty() {
            let cancelled = cancel::known(self.account, self.market, self.book, action.cancels)?;
            cancel::tell(self.account, self.key, self.market.index, cancelled);
        }
        let deleveraged = self.terms.flags & MARKET_DELEVERAGED != 0;
        let (mut filled, mut room) = (0u64, if deleveraged { MOST_MET_LATE } else { MOST_MET });
        for order in action.orders {
            filled = filled.saturating_add(u64::from(self.place(order, &mut room)?.get()));
        }
        self.require_within_limits(before)?;
        Ok(filled)
    }

    fn position(&mut self) -> Result<&mut Position> {
        self.account.positions.get_mut(self.place).ok_or_else(|| Refusal::NoPosition.into())
    }

    /// Matches one order, books what it filled, lists what rests of it. Returns the lots filled.
    #[inline(never)]
    fn place(&mut self, order: &OrderArgs, room: &mut u32) -> Result<Size> {
        let taker = self.taker(order)?;
        let now = u32::try_from(self.now).map_err(|_| Refusal::Overflow)?;
        let limits = Limits {
            now,
            band: self.market.band_around(self.price),
            makers: u32::from(order.most_makers).min(*room),
            removals: MOST_REMOVALS.min(*room),
        };
        let open_interest = self.market.open_interest();
        let (outcome, worth, makers) = self.meet(&taker, &limits)?;
        *room = room.saturating_sub(u32::try_from(makers.len()).unwrap_or(u32::MAX));
        let fee = self.take(taker.side, &outcome, worth)?;
        self.rest(order, &taker, &outcome)?;
        let now_open = self.market.open_interest();
        if now_open > open_interest && now_open > self.market.open_interest_cap {
            return Err(beyond(Refusal::OpenInterestCap, now_open, self.market.open_interest_cap));
        }
        self.tell(&taker, &outcome, (worth, fee), makers);
        Ok(outcome.filled)
    }

    /// The order as the book takes it.
    fn taker(&mut self, order: &OrderArgs) -> Result<Taker> {
        let (side, kind) = (order.side()?, order.kind()?);
        let known_flags = super::args::REDUCE_ONLY | super::args::PEGGED;
        ensure!(order.flags & !known_flags == 0, Refusal::BadOrder);
        let may_rest = matches!(kind, Kind::Limit | Kind::PostOnly | Kind::PostOnlySlide);
        let reduce_only = match order.is_reduce_only() {
            true => Some(self.reducible(side, may_rest)?),
            false if order.lots < self.market.minimum_lots => {
                let (lots, least) = (u64::from(order.lots), u64::from(self.market.minimum_lots));
                return Err(beyond(Refusal::BelowMinimumOrder, lots, least));
            }
            false => None,
        };
        let slot = self.account.free_order_slot();
        ensure!(slot.is_some() || !may_rest, Refusal::NoFreeOrder);
        Ok(Taker {
            owner: self.key,
            slot: slot.unwrap_or_default(),
            client_id: order.client_id,
            side,
            price: order.price(),
            lots: Size::new(order.lots),
            kind,
            self_trade: order.self_trade()?,
            reduce_only,
            expires_at: order.expires_at,
        })
    }

    /// What a reduce-only order can reduce: the position; for one that rests, less what others that rest already claim.
    fn reducible(&mut self, side: Side, rests: bool) -> Result<Size> {
        let lots = self.position()?.lots.get();
        let held = if side == Side::Bid { lots.min(0) } else { lots.max(0) }.unsigned_abs();
        if !rests {
            return Ok(Size::new(held));
        }
        let (mut claimed, mut used) = (0u32, self.account.header.orders_in_use);
        while used != 0 {
            let slot = used.trailing_zeros() as usize;
            used &= used.wrapping_sub(1); // clears the lowest bit
            let Some(order) = self.account.orders.get(slot) else { break };
            let id = OrderId::new(order.id);
            let claims = order.market == self.market.index && order.flags & slab::REDUCE_ONLY != 0;
            if claims && id.side() == side {
                let lots = self.book.side(side).owner_of(order.node, id).map_or(0, |node| node.lots.get());
                claimed = claimed.saturating_add(lots);
            }
        }
        Ok(Size::new(held.saturating_sub(claimed)))
    }

    /// Meets the other side of the book; makers are settled or queued.
    fn meet(&mut self, taker: &Taker, limits: &Limits) -> Result<(Outcome, u64, Vec<MakerChange>)> {
        let mut settlement = Settlement {
            allowance: UNCOUNTED,
            market: self.market,
            terms: self.terms,
            queue: &mut self.queue,
            brought: Brought::new(self.makers),
            account: self.account,
            taker: self.key,
            opposite: taker.side.opposite(),
            now: self.now,
            worth: 0,
            changes: Vec::new(),
        };
        let outcome = match_order(self.book, taker, Some(self.price), limits, &mut settlement);
        let outcome = outcome.map_err(|failure| failure.0)?;
        let (worth, changes) = (settlement.worth, settlement.changes);
        if outcome.stopped == Stopped::Refused && outcome.filled.is_zero() {
            return Err(refuse(if self.queue.room(false) == 0 {
                Refusal::QueueFull
            } else {
                Refusal::TooManyUnsettled
            }));
        }
        Ok((outcome, worth, changes))
    }

    /// Books what was filled: lots, worth, fee. Returns the fee.
    fn take(&mut self, side: Side, outcome: &Outcome, worth: u64) -> Result<i64> {
        if outcome.filled.is_zero() {
            return Ok(0);
        }
        let fee = self.market.taker_fee_on(worth)?;
        self.market.charge(fee)?;
        let position = self.account.positions.get_mut(self.place).ok_or(Refusal::NoPosition)?;
        let deal = (outcome.filled, quote(worth)?, Quote::new(fee));
        self.market.trade(position, self.terms, side == Side::Bid, deal)?;
        Ok(fee)
    }

    /// Lists what rests, and counts it in the worst case at its limit.
    fn rest(&mut self, order: &OrderArgs, taker: &Taker, outcome: &Outcome) -> Result<()> {
        let Some(rested) = outcome.rested else { return Ok(()) };
        let limit = match taker.price {
            OrderPrice::Fixed(_) => rested.price,
            OrderPrice::Pegged { limit, .. } => limit,
        };
        ensure!(!self.account.scope_flag(self.place).is_live(self.now), Refusal::Flagged);
        let worth = quote(self.market.worth_at(limit, rested.lots)?)?;
        let position = self.account.positions.get_mut(self.place).ok_or(Refusal::NoPosition)?;
        fill::reserve(position, taker.side == Side::Bid, rested.lots.get(), worth).map_err(refused)?;
        if self.terms.breaker_until > self.now {
            require_counterparty(position, taker)?;
        }
        let pegged = if matches!(taker.price, OrderPrice::Pegged { .. }) { slab::PEGGED } else { 0 };
        let reduces = if order.is_reduce_only() { slab::REDUCE_ONLY } else { 0 };
        self.account.list_order(
            taker.slot,
            OpenOrder {
                id: rested.id.get(),
                client_id: taker.client_id,
                node: rested.at,
                market: self.market.index,
                flags: pegged | reduces,
                reserved: [0; 2],
            },
        )
    }

    /// The market's own limits: what it takes at all now, and how much of it one account may come to hold.
    fn require_within_limits(&mut self, before: &Position) -> Result<()> {
        let (terms, now, cap) = (self.terms, self.now, self.market.account_cap);
        let after = self.position()?;
        if terms.state != MARKET_OPEN || terms.breaker_until > now {
            require_reduction(terms.state, before, after)?;
        }
        let is = worst_case_lots(after).ok_or(Refusal::Overflow)?;
        if is > cap && worst_case_lots(before).is_none_or(|was| is > was) {
            return Err(beyond(Refusal::AccountPositionCap, u64::from(is), u64::from(cap)));
        }
        Ok(())
    }

    #[inline(never)]
    fn tell(&mut self, taker: &Taker, outcome: &Outcome, (worth, fee): (u64, i64), makers: Vec<MakerChange>) {
        let funding = core::mem::take(&mut self.funding);
        Ordered {
            account: Pubkey::from(self.key.0),
            sequence: self.account.next_event(),
            market: self.market.index,
            side: taker.side.code(),
            client_id: taker.client_id,
            order: outcome.rested.map_or(0, |rested| rested.id.get()),
            price: outcome.rested.map_or(0, |rested| rested.price.get()),
            rests: outcome.rested.map_or(0, |rested| rested.lots.get()),
            filled: outcome.filled.get(),
            quote: worth,
            fee,
            funding: funding.get(),
            makers,
        }
        .tell();
    }
}

/// Where a market is not open, or its breaker is.
#[cold]
#[inline(never)]
fn require_reduction(state: u8, before: &Position, after: &Position) -> Result<()> {
    ensure!(state == MARKET_OPEN || state == MARKET_REDUCE_ONLY, Refusal::MarketClosed);
    ensure!(state == MARKET_OPEN || only_reduces(before, after), Refusal::MarketReduceOnly);
    // The breaker: what rests was looked at when it came to rest.
    ensure!(state != MARKET_OPEN || towards_flat(before, after), Refusal::BreakerOpen);
    Ok(())
}

/// While the breaker is open an order rests as a counterparty only, post-only, unless all orders of its side together can
/// only close the position.
#[cold]
#[inline(never)]
fn require_counterparty(position: &Position, taker: &Taker) -> Result<()> {
    let held = position.lots.get();
    let (rests, closes) = match taker.side {
        Side::Bid => (position.bids, held.saturating_neg()),
        Side::Ask => (position.asks, held),
    };
    let posts = matches!(taker.kind, Kind::PostOnly | Kind::PostOnlySlide);
    let reduces = taker.reduce_only.is_some() || i64::from(rests) <= i64::from(closes);
    ensure!(posts || reduces, Refusal::BreakerOpen);
    Ok(())
}

/// Whether a position came nearer to flat or stayed.
fn towards_flat(before: &Position, after: &Position) -> bool {
    let (was, is) = (before.lots.get(), after.lots.get());
    if was < 0 { (was..=0).contains(&is) } else { (0..=was).contains(&is) }
}

/// Whether a position came nearer to flat or stayed, and no side got more orders unless they can only close it: what other
/// orders could become is no room for new risk.
fn only_reduces(before: &Position, after: &Position) -> bool {
    let is = after.lots.get();
    let closes =
        |lots: u32, side_before: u32, most: i32| lots <= side_before || i64::from(lots) <= i64::from(most);
    towards_flat(before, after)
        && closes(after.bids, before.bids, is.saturating_neg())
        && closes(after.asks, before.asks, is)
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytemuck::Zeroable;
    use plimsoll_risk::num::Lots;

    fn position(lots: i32, bids: u32, asks: u32) -> Position {
        Position { lots: Lots::new(lots), bids, asks, ..Zeroable::zeroed() }
    }

    fn refusal(result: Result<()>) -> Option<Error> {
        result.err()
    }

    fn taker(side: Side, kind: Kind, reduce_only: bool) -> Taker {
        Taker {
            owner: Key([1; 32]),
            slot: 0,
            client_id: 0,
            side,
            price: OrderPrice::Fixed(Ticks::new(1)),
            lots: Size::new(1),
            kind,
            self_trade: plimsoll_book::SelfTrade::Abort,
            reduce_only: reduce_only.then_some(Size::new(1)),
            expires_at: 0,
        }
    }

    #[test]
    fn while_the_breaker_is_open_takers_only_reduce() {
        for (was, is, allowed) in
            [(5, 5, true), (5, 1, true), (-5, 0, true), (5, 6, false), (5, -1, false), (0, -1, false)]
        {
            let refused = refusal(require_reduction(MARKET_OPEN, &position(was, 0, 0), &position(is, 0, 0)));
            assert_eq!(refused.is_none(), allowed, "{was} -> {is}");
            assert!(refused.is_none_or(|error| error == Refusal::BreakerOpen.into()));
        }
        let orders = position(5, 9, 9);
        assert!(require_reduction(MARKET_OPEN, &position(5, 0, 0), &orders).is_ok(), "counterparties");
        let refused = refusal(require_reduction(MARKET_REDUCE_ONLY, &position(5, 0, 0), &orders));
        assert_eq!(
            refused,
            Some(Refusal::MarketReduceOnly.into()),
            "governance's state is as strict as ever"
        );
    }

    #[test]
    fn while_the_breaker_is_open_orders_rest_as_counterparties_or_to_close() {
        let long = position(5, 6, 6);
        let rests = |position: &Position, side, kind, reduce_only| {
            require_counterparty(position, &taker(side, kind, reduce_only)).is_ok()
        };
        for kind in [Kind::PostOnly, Kind::PostOnlySlide] {
            assert!(rests(&long, Side::Bid, kind, false) && rests(&long, Side::Ask, kind, false));
        }
        assert!(!rests(&long, Side::Ask, Kind::Limit, false), "six asks close five lots and open one");
        assert!(rests(&long, Side::Ask, Kind::Limit, true));
        assert!(rests(&position(5, 0, 5), Side::Ask, Kind::Limit, false));
        assert!(!rests(&position(5, 1, 0), Side::Bid, Kind::Limit, false));
        assert!(rests(&position(-5, 5, 0), Side::Bid, Kind::Limit, false));
        assert!(!rests(&position(0, 1, 0), Side::Bid, Kind::Limit, false));
    }
}
