//! Matching: an order meets the other side, best price first, oldest first, and what is left of it may rest.

use crate::{
    book::Book,
    error::BookError,
    makers::{Admission, Fill, Makers, Reason, Taken},
    order::{Kind, Limits, OrderPrice, Outcome, Rested, SelfTrade, Stopped, Taker},
    side::{BookSide, NewOrder},
    slab::{node, node_mut},
    units::{Side, Size, Ticks},
    view::{Head, Merge},
};

/// Matches an order, then lets what is left of it rest if its kind says so.
///
/// `oracle` is the market's oracle price in ticks; without one, pegged orders neither match nor move. Results depend on
/// the arguments and the book alone. After an error the book may be changed in part: fail the transaction.
pub fn match_order<M: Makers>(
    book: &mut Book,
    taker: &Taker,
    oracle: Option<Ticks>,
    limits: &Limits,
    makers: &mut M,
) -> Result<Outcome, M::Error> {
    let left = taker.admissible(limits.now)?;
    let limit = taker.price.now(taker.side, oracle)?;
    let (own, opposite) = book.own_and_opposite(taker.side);
    let mut matching = Matching::new(opposite, taker, oracle, limits, makers, left);
    let price = match taker.kind {
        Kind::PostOnly | Kind::PostOnlySlide => matching.post(limit)?,
        _ => {
            matching.take(limit)?;
            limit
        }
    };
    let Matching { left, mut outcome, .. } = matching;
    if taker.kind == Kind::FillOrKill && !(left.is_zero() && outcome.decremented.is_zero()) {
        return Err(BookError::CannotFill.into());
    }
    if left.is_zero() || outcome.stopped != Stopped::No || !taker.may_rest() {
        outcome.cancelled = left;
        return Ok(outcome);
    }
    make_room(own, own.side.rank(price), oracle, limits.now, makers)?;
    let new = NewOrder {
        owner: taker.owner,
        slot: taker.slot,
        client_id: taker.client_id,
        price: stored_price(taker.price, limit, price)?,
        lots: left,
        expires_at: taker.expires_at,
        reduce_only: taker.reduce_only.is_some(),
    };
    let (at, id) = own.insert(&new)?;
    outcome.rested = Some(Rested { at, id, lots: left, price });
    Ok(outcome)
}

/// The price to rest at: a slide moves a fixed price, or the offset of a pegged one.
fn stored_price(asked: OrderPrice, limit: Ticks, slid: Ticks) -> Result<OrderPrice, BookError> {
    Ok(match asked {
        OrderPrice::Fixed(_) => OrderPrice::Fixed(slid),
        OrderPrice::Pegged { offset, limit: peg_limit } => OrderPrice::Pegged {
            offset: offset.checked_add(slid.distance(limit)?).ok_or(BookError::Overflow)?,
            limit: peg_limit,
        },
    })
}

/// Evicts the worst order of a full side for a better one; an order that could not be served anyway goes first.
fn make_room<M: Makers>(
    side: &mut BookSide,
    rank: u32,
    oracle: Option<Ticks>,
    now: u32,
    makers: &mut M,
) -> Result<(), M::Error> {
    if !side.is_full() {
        return Ok(());
    }
    let (at, worst) = side.worst(oracle, now)?.ok_or(BookError::BookFull)?;
    let order = node(side.nodes, at)?;
    let reason = match worst {
        Some(worst) if rank >= worst => return Err(BookError::BookFull.into()),
        Some(_) => Reason::Evicted,
        None if order.is_expired(now) => Reason::Expired,
        None => Reason::BeyondPegLimit,
    };
    if !makers.can_take_off(order, reason) {
        return Err(BookError::BookFull.into());
    }
    let lots = order.lots;
    shrink(side, at, lots, reason, makers)?;
    Ok(side.remove(at)?)
}

/// Takes lots of an order off. Returns whether none is left: then the order has to go.
fn shrink<M: Makers>(
    side: &mut BookSide,
    at: u32,
    lots: Size,
    reason: Reason,
    makers: &mut M,
) -> Result<bool, M::Error> {
    let maker = node_mut(side.nodes, at)?;
    maker.lots = maker.lots.checked_sub(lots)?;
    makers.taken_off(&Taken { maker, at, lots, reason })?;
    Ok(maker.lots.is_zero())
}

/// A taker on its way along the other side.
struct Matching<'b, 'a, M> {
    side: &'b mut BookSide<'a>,
    merge: Merge,
    taker: &'b Taker,
    limits: &'b Limits,
    makers: &'b mut M,
    /// Ranks of the band's ends: the best that may fill, and the worst.
    band: (u32, u32),
    left: Size,
    outcome: Outcome,
}

impl<'b, 'a, M: Makers> Matching<'b, 'a, M> {
    fn new(
        side: &'b mut BookSide<'a>,
        taker: &'b Taker,
        oracle: Option<Ticks>,
        limits: &'b Limits,
        makers: &'b mut M,
        left: Size,
    ) -> Self {
        let (low, high) = (side.side.rank(limits.band.0), side.side.rank(limits.band.1));
        let merge = Merge::new(side.header, oracle);
        let band = (low.min(high), low.max(high));
        Self { side, merge, taker, limits, makers, band, left, outcome: Outcome::NOTHING }
    }

    /// The next maker at `rank` or better. Removes on the way what cannot be one; ends early when it may not.
    fn next(&mut self, rank: u32) -> Result<Option<Head>, M::Error> {
        loop {
            let Some(head) = self.merge.head(self.side.nodes)?.filter(|head| head.rank <= rank) else {
                return Ok(None);
            };
            let order = node(self.side.nodes, head.at)?;
            let reason = if order.is_expired(self.limits.now) {
                Reason::Expired
            } else if head.beyond {
                Reason::BeyondPegLimit
            } else if head.rank < self.band.0 {
                Reason::OutsideBand
            } else {
                return Ok(Some(head));
            };
            if self.outcome.removed >= self.limits.removals {
                self.outcome.stopped = Stopped::Removals;
                return Ok(None);
            }
            if !self.makers.can_take_off(order, reason) {
                self.outcome.stopped = Stopped::Refused;
                return Ok(None);
            }
            self.outcome.removed = self.outcome.removed.saturating_add(1);
            let lots = order.lots;
            self.take_off(&head, lots, reason)?;
        }
    }

    /// Where a post-only order may rest: at its price, or behind the best maker that it would take.
    fn post(&mut self, limit: Ticks) -> Result<Ticks, M::Error> {
        let head = self.next(self.side.side.rank(limit))?;
        let maker = match (head, self.outcome.stopped) {
            (None, Stopped::No) => return Ok(limit),
            (Some(head), _) if self.taker.kind == Kind::PostOnlySlide => self.side.side.price(head.rank),
            _ => return Err(BookError::WouldTake.into()),
        };
        let behind = match self.taker.side {
            Side::Bid => maker.offset(-1),
            Side::Ask => maker.offset(1),
        };
        Ok(behind.ok_or(BookError::WouldTake)?)
    }

    /// Takes until nothing is left, nobody is left at this price, or something ends it.
    fn take(&mut self, limit: Ticks) -> Result<(), M::Error> {
        let rank = self.side.side.rank(limit);
        while !self.left.is_zero() && self.outcome.stopped == Stopped::No {
            let Some(head) = self.next(rank)? else { break };
            if head.rank > self.band.1 {
                self.outcome.stopped = Stopped::Band;
            } else if self.outcome.makers >= self.limits.makers {
                self.outcome.stopped = Stopped::Makers;
            } else {
                self.outcome.makers = self.outcome.makers.saturating_add(1);
                self.meet(&head)?;
            }
        }
        Ok(())
    }

    /// Meets one maker.
    fn meet(&mut self, head: &Head) -> Result<(), M::Error> {
        let maker = node(self.side.nodes, head.at)?;
        let lots = maker.lots;
        if maker.owner == self.taker.owner {
            return self.meet_own(head, lots);
        }
        let price = self.side.side.price(head.rank);
        match self.makers.admit(maker, price) {
            Admission::Fill => self.fill(head, price, lots),
            Admission::Clip(most) if most >= lots => self.fill(head, price, lots),
            Admission::Clip(most) => {
                let filled = most.min(self.left);
                if !filled.is_zero() {
                    self.fill(head, price, filled)?;
                }
                if filled == most {
                    let rest = node(self.side.nodes, head.at)?.lots;
                    self.take_off(head, rest, Reason::ReduceOnly)?;
                }
                Ok(())
            }
            Admission::Skip => {
                self.merge.pass(self.side.nodes, head)?;
                Ok(())
            }
            Admission::Remove => self.take_off(head, lots, Reason::Refused),
            Admission::Stop => {
                self.outcome.stopped = Stopped::Refused;
                Ok(())
            }
        }
    }

    /// Meets an order of the own account.
    fn meet_own(&mut self, head: &Head, lots: Size) -> Result<(), M::Error> {
        match self.taker.self_trade {
            SelfTrade::Abort => Err(BookError::SelfTrade.into()),
            SelfTrade::CancelProvide => self.take_off(head, lots, Reason::SelfTrade),
            SelfTrade::DecrementAndCancel => {
                let both = lots.min(self.left);
                self.left = self.left.checked_sub(both)?;
                self.outcome.decremented = self.outcome.decremented.checked_add(both)?;
                self.take_off(head, both, Reason::SelfTrade)
            }
        }
    }

    /// Fills at most so many lots of a maker, at its price.
    fn fill(&mut self, head: &Head, price: Ticks, most: Size) -> Result<(), M::Error> {
        let lots = most.min(self.left);
        self.left = self.left.checked_sub(lots)?;
        self.outcome.filled = self.outcome.filled.checked_add(lots)?;
        self.outcome.notional = self.outcome.notional.checked_add(price.times(lots))?;
        let maker = node_mut(self.side.nodes, head.at)?;
        maker.lots = maker.lots.checked_sub(lots)?;
        self.makers.filled(&Fill { maker, at: head.at, price, lots })?;
        if maker.lots.is_zero() {
            self.remove(head)?;
        }
        Ok(())
    }

    /// Takes lots of a maker off, and the maker itself if none is left.
    fn take_off(&mut self, head: &Head, lots: Size, reason: Reason) -> Result<(), M::Error> {
        if shrink(self.side, head.at, lots, reason, self.makers)? {
            self.remove(head)?;
        }
        Ok(())
    }

    /// Removes a maker and goes on behind it.
    fn remove(&mut self, head: &Head) -> Result<(), BookError> {
        let next = self.merge.pass(self.side.nodes, head)?;
        self.side.remove_before(head.at, next)
    }
}
