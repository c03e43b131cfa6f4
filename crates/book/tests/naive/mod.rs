//! The rules of the book once more, the slow and obvious way: a vector of orders, searched whole for every question.

use plimsoll_book::{
    Admission, BookError, Kind, Limits, OrderPrice, Reason, SelfTrade, Side, Size, Stopped, Taker, Ticks,
};
use plimsoll_risk::layout::Key;
use std::collections::HashSet;

/// What a sink heard, in numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard {
    Filled { id: u64, at: u32, price: u32, lots: u32, left: u32 },
    Taken { id: u64, at: u32, lots: u32, left: u32, reason: Reason },
}

/// What became of an order, in numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Result {
    pub filled: u32,
    pub notional: u64,
    pub decremented: u32,
    pub cancelled: u32,
    /// Id, lots, price.
    pub rested: Option<(u64, u32, u32)>,
    pub makers: u32,
    pub removed: u32,
    pub stopped: Option<Stopped>,
}

/// A program that decides by arithmetic on ids, differently with each salt.
#[derive(Clone, Copy, Debug)]
pub struct Policy(pub u64);

impl Policy {
    pub fn admit(self, id: u64, reduce_only: bool, lots: u32) -> Admission {
        let draw = id.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(self.0) >> 7;
        match (reduce_only, draw % 40) {
            (true, 0..12) => Admission::Skip,
            (true, 12..24) => Admission::Clip(Size::new((draw / 40) as u32 % (lots + 2))),
            (false, 0) => Admission::Remove,
            (_, 39) => Admission::Stop,
            _ => Admission::Fill,
        }
    }

    pub fn can_take_off(self, id: u64) -> bool {
        !(id ^ self.0).is_multiple_of(13)
    }
}

#[derive(Clone, Debug)]
pub struct Order {
    pub at: u32,
    pub id: u64,
    pub owner: Key,
    pub client_id: u64,
    pub price: OrderPrice,
    pub lots: u32,
    pub expires_at: u32,
    pub reduce_only: bool,
}

/// One side: orders as they came.
#[derive(Clone, Debug)]
pub struct NaiveSide {
    pub side: Side,
    pub orders: Vec<Order>,
    pub last_id: u64,
    pub capacity: usize,
}

/// Smaller is served first.
fn key(side: Side, price: i64) -> i64 {
    if side == Side::Bid { -price } else { price }
}

impl Order {
    /// Price now (where there is none, still a number to sort by), and whether it may not rest there. `None` for a pegged order without an oracle price.
    pub fn now(&self, side: Side, oracle: Option<u32>) -> Option<(i64, bool)> {
        match self.price {
            OrderPrice::Fixed(price) => Some((price.get().into(), false)),
            OrderPrice::Pegged { offset, limit } => {
                let raw = i64::from(oracle?) + i64::from(offset);
                let exists = raw >= 1 && raw <= u32::MAX.into();
                let worse = key(side, raw) >= key(side, limit.get().into());
                Some((raw, !exists || !worse))
            }
        }
    }

    fn expired(&self, now: u32) -> bool {
        self.expires_at != 0 && self.expires_at <= now
    }

    fn is_pegged(&self) -> bool {
        matches!(self.price, OrderPrice::Pegged { .. })
    }
}

impl NaiveSide {
    pub fn new(side: Side, capacity: usize) -> Self {
        Self { side, orders: Vec::new(), last_id: side.code().into(), capacity }
    }

    /// Ids and prices in the order in which they would be served.
    pub fn served(&self, oracle: Option<u32>, now: u32) -> Vec<(u64, i64)> {
        let mut all: Vec<_> = self
            .orders
            .iter()
            .filter(|order| !order.expired(now))
            .filter_map(|order| order.now(self.side, oracle).map(|price| (order.id, price)))
            .filter(|(_, (_, beyond))| !beyond)
            .map(|(id, (price, _))| (id, price))
            .collect();
        all.sort_by_key(|(id, price)| (key(self.side, *price), *id));
        all
    }

    fn index(&self, id: u64) -> usize {
        self.orders.iter().position(|order| order.id == id).unwrap()
    }

    pub fn take_off(&mut self, id: u64, lots: u32, reason: Reason, heard: &mut Vec<Heard>) {
        let index = self.index(id);
        let order = &mut self.orders[index];
        order.lots -= lots;
        heard.push(Heard::Taken { id, at: order.at, lots, left: order.lots, reason });
        if order.lots == 0 {
            self.orders.swap_remove(index);
        }
    }

    fn make_room(
        &mut self,
        price: i64,
        oracle: Option<u32>,
        now: u32,
        policy: Policy,
        heard: &mut Vec<Heard>,
    ) -> core::result::Result<(), BookError> {
        if self.orders.len() < self.capacity {
            return Ok(());
        }
        let tail = |pegged| {
            let last =
                self.orders.iter().filter(|order| order.is_pegged() == pegged).max_by_key(|order| {
                    let place = match order.price {
                        OrderPrice::Fixed(price) => key(self.side, price.get().into()),
                        OrderPrice::Pegged { offset, .. } => key(self.side, offset.into()),
                    };
                    (place, order.id)
                })?;
            let (price, beyond) = last.now(self.side, oracle)?;
            Some((beyond || last.expired(now), key(self.side, price), last))
        };
        let worst = [tail(false), tail(true)]
            .into_iter()
            .flatten()
            .max_by_key(|(dead, key, order)| (*dead, *key, order.id));
        let (dead, worst_key, order) = worst.ok_or(BookError::BookFull)?;
        let reason = match dead {
            false if key(self.side, price) >= worst_key => return Err(BookError::BookFull),
            false => Reason::Evicted,
            true if order.expired(now) => Reason::Expired,
            true => Reason::BeyondPegLimit,
        };
        let (id, lots) = (order.id, order.lots);
        if !policy.can_take_off(id) {
            return Err(BookError::BookFull);
        }
        self.take_off(id, lots, reason, heard);
        Ok(())
    }
}

/// Matches against `theirs`, rests on `ours`. The new order's node is not known here: it is 0.
pub fn match_order(
    ours: &mut NaiveSide,
    theirs: &mut NaiveSide,
    taker: &Taker,
    oracle: Option<u32>,
    limits: &Limits,
    policy: Policy,
) -> core::result::Result<(Result, Vec<Heard>), BookError> {
    let mut left = admissible(taker, limits)?;
    let limit = limit(taker, oracle)?;
    let (skipped, result, heard) = (HashSet::new(), Result::default(), Vec::new());
    let mut meeting = Meeting { theirs, taker, oracle, limits, policy, skipped, result, heard };
    let mut price = limit;
    if matches!(taker.kind, Kind::PostOnly | Kind::PostOnlySlide) {
        let best = meeting.next(limit);
        if best.is_some() || meeting.result.stopped.is_some() {
            let (Some((_, best)), Kind::PostOnlySlide) = (best, taker.kind) else {
                return Err(BookError::WouldTake);
            };
            price = if taker.side == Side::Bid { best - 1 } else { best + 1 };
            if price < 1 || price > u32::MAX.into() {
                return Err(BookError::WouldTake);
            }
        }
    } else {
        meeting.take(limit, &mut left)?;
    }
    let Meeting { mut result, mut heard, .. } = meeting;
    if taker.kind == Kind::FillOrKill && (left > 0 || result.decremented > 0) {
        return Err(BookError::CannotFill);
    }
    let rests = matches!(taker.kind, Kind::Limit | Kind::PostOnly | Kind::PostOnlySlide);
    if left == 0 || result.stopped.is_some() || !rests {
        result.cancelled = left;
        return Ok((result, heard));
    }
    ours.make_room(price, oracle, limits.now, policy, &mut heard)?;
    ours.last_id += 2;
    ours.orders.push(Order {
        at: 0,
        id: ours.last_id,
        owner: taker.owner,
        client_id: taker.client_id,
        price: match taker.price {
            OrderPrice::Fixed(_) => OrderPrice::Fixed(Ticks::new(price as u32)),
            OrderPrice::Pegged { offset, limit: peg } => {
                OrderPrice::Pegged { offset: offset + (price - limit) as i32, limit: peg }
            }
        },
        lots: left,
        expires_at: taker.expires_at,
        reduce_only: taker.reduce_only.is_some(),
    });
    result.rested = Some((ours.last_id, left, price as u32));
    Ok((result, heard))
}

fn admissible(taker: &Taker, limits: &Limits) -> core::result::Result<u32, BookError> {
    let pegged = matches!(taker.price, OrderPrice::Pegged { .. });
    if taker.lots.get() == 0 || (pegged && taker.kind == Kind::Market) {
        return Err(BookError::BadOrder);
    }
    if taker.expires_at != 0 && taker.expires_at <= limits.now {
        return Err(BookError::AlreadyExpired);
    }
    match taker.reduce_only.map(Size::get) {
        Some(0) => Err(BookError::NothingToReduce),
        reducible => Ok(taker.lots.get().min(reducible.unwrap_or(u32::MAX))),
    }
}

fn limit(taker: &Taker, oracle: Option<u32>) -> core::result::Result<i64, BookError> {
    match taker.price {
        OrderPrice::Fixed(price) if price.get() == 0 => Err(BookError::BadOrder),
        OrderPrice::Fixed(price) => Ok(price.get().into()),
        OrderPrice::Pegged { offset, limit } => {
            let price = i64::from(oracle.ok_or(BookError::NoOraclePrice)?) + i64::from(offset);
            let worse = key(taker.side, price) >= key(taker.side, limit.get().into());
            if price < 1 || price > u32::MAX.into() || !worse {
                Err(BookError::BeyondPegLimit)
            } else {
                Ok(price)
            }
        }
    }
}

struct Meeting<'a> {
    theirs: &'a mut NaiveSide,
    taker: &'a Taker,
    oracle: Option<u32>,
    limits: &'a Limits,
    policy: Policy,
    skipped: HashSet<u64>,
    result: Result,
    heard: Vec<Heard>,
}

impl Meeting<'_> {
    /// The best that is left, at this price or better: id and price.
    fn next(&mut self, limit: i64) -> Option<(u64, i64)> {
        let side = self.theirs.side;
        loop {
            let (order, price, beyond) = self
                .theirs
                .orders
                .iter()
                .filter(|order| !self.skipped.contains(&order.id))
                .filter_map(|order| {
                    order.now(side, self.oracle).map(|(price, beyond)| (order, price, beyond))
                })
                .filter(|(_, price, _)| key(side, *price) <= key(side, limit))
                .min_by_key(|(order, price, _)| (key(side, *price), order.id))?;
            let (low, high) = (i64::from(self.limits.band.0.get()), i64::from(self.limits.band.1.get()));
            let too_good = if side == Side::Ask { price < low } else { price > high };
            let reason = match (order.expired(self.limits.now), beyond, too_good) {
                (true, ..) => Reason::Expired,
                (_, true, _) => Reason::BeyondPegLimit,
                (.., true) => Reason::OutsideBand,
                _ => return Some((order.id, price)),
            };
            let (id, lots) = (order.id, order.lots);
            if self.result.removed == self.limits.removals {
                self.result.stopped = Some(Stopped::Removals);
                return None;
            }
            if !self.policy.can_take_off(id) {
                self.result.stopped = Some(Stopped::Refused);
                return None;
            }
            self.result.removed += 1;
            self.theirs.take_off(id, lots, reason, &mut self.heard);
        }
    }

    fn take(&mut self, limit: i64, left: &mut u32) -> core::result::Result<(), BookError> {
        while *left > 0 && self.result.stopped.is_none() {
            let Some((id, price)) = self.next(limit) else { break };
            let (low, high) = self.limits.band;
            let too_bad = match self.theirs.side {
                Side::Ask => price > high.get().into(),
                Side::Bid => price < low.get().into(),
            };
            if too_bad {
                self.result.stopped = Some(Stopped::Band);
            } else if self.result.makers == self.limits.makers {
                self.result.stopped = Some(Stopped::Makers);
            } else {
                self.result.makers += 1;
                self.meet(id, price, left)?;
            }
        }
        Ok(())
    }

    fn meet(&mut self, id: u64, price: i64, left: &mut u32) -> core::result::Result<(), BookError> {
        let order = self.theirs.orders[self.theirs.index(id)].clone();
        if order.owner == self.taker.owner {
            let lots = match self.taker.self_trade {
                SelfTrade::Abort => return Err(BookError::SelfTrade),
                SelfTrade::CancelProvide => order.lots,
                SelfTrade::DecrementAndCancel => {
                    let both = order.lots.min(*left);
                    *left -= both;
                    self.result.decremented += both;
                    both
                }
            };
            self.theirs.take_off(id, lots, Reason::SelfTrade, &mut self.heard);
            return Ok(());
        }
        let most = match self.policy.admit(id, order.reduce_only, order.lots) {
            Admission::Fill => order.lots,
            Admission::Clip(most) => most.get().min(order.lots),
            Admission::Skip => {
                self.skipped.insert(id);
                return Ok(());
            }
            Admission::Remove => {
                self.theirs.take_off(id, order.lots, Reason::Refused, &mut self.heard);
                return Ok(());
            }
            Admission::Stop => {
                self.result.stopped = Some(Stopped::Refused);
                return Ok(());
            }
        };
        let lots = most.min(*left);
        if lots > 0 {
            *left -= lots;
            self.result.filled += lots;
            self.result.notional += u64::from(lots) * price as u64;
            let index = self.theirs.index(id);
            let rest = order.lots - lots;
            self.theirs.orders[index].lots = rest;
            self.heard.push(Heard::Filled { id, at: order.at, price: price as u32, lots, left: rest });
            if rest == 0 {
                self.theirs.orders.swap_remove(index);
            }
        }
        if lots == most && most < order.lots {
            self.theirs.take_off(id, order.lots - lots, Reason::ReduceOnly, &mut self.heard);
        }
        Ok(())
    }
}
