//! What an order will do, foretold from the shadow book alone.

use super::{
    fate::{Fate, Foretold},
    shadow::{Price, Resting, Shadow, Waiting, key},
};
use plimsoll::{
    errors::Refusal,
    instructions::trade::{OrderArgs, PEGGED, REDUCE_ONLY},
    state::Market,
};
use plimsoll_client::book::Side;
use solana_pubkey::Pubkey;
use std::collections::HashSet;

/// Most orders that one order removes in passing.
const MOST_REMOVALS: usize = 8;
/// Most changes of makers that one instruction tells of.
pub const MOST_MET: usize = 48;
/// Ratios count 2^-30.
const RATIO_BITS: u32 = 30;

/// `kind` of what events tell of makers.
const FILLED: u8 = 0;
const EXPIRED: u8 = 1;
const BEYOND_PEG_LIMIT: u8 = 2;
const OUTSIDE_BAND: u8 = 3;
const SELF_TRADE: u8 = 4;
const REDUCES: u8 = 5;
const EVICTED: u8 = 7;

/// Kinds of orders.
const LIMIT: u8 = 0;
const FILL_OR_KILL: u8 = 2;
const POST_ONLY: u8 = 3;
const SLIDE: u8 = 4;
const MARKET: u8 = 5;

/// Who meets the book, and what the market says of it.
#[derive(Clone, Copy)]
pub struct Setting<'a> {
    pub taker: Pubkey,
    /// Accounts of makers that are settled at once.
    pub brought: &'a [Pubkey],
    pub market: &'a Market,
    /// Index price, ticks.
    pub index: u32,
    /// Unix seconds.
    pub now: u32,
    /// How many changes of makers the instruction may still tell of.
    pub room: usize,
}

/// A share of an amount, rounded up or down.
fn share(ratio: u32, of: u64, up: bool) -> i64 {
    let product = u128::from(ratio) * u128::from(of);
    let rounding = if up { (1 << RATIO_BITS) - 1 } else { 0 };
    i64::try_from((product + rounding) >> RATIO_BITS).expect("a fee")
}

struct Meeting<'a> {
    shadow: &'a mut Shadow,
    setting: Setting<'a>,
    order: OrderArgs,
    side: Side,
    allowance: u64,
    skipped: HashSet<u64>,
    left: u32,
    decremented: u32,
    met: usize,
    removed: usize,
    stopped: bool,
    refused: bool,
    fate: Fate,
}

/// Carries an order out on the shadow book.
///
/// # Errors
/// Why it will be refused. Then the shadow is changed in part: throw it away.
pub fn carry_out(shadow: &mut Shadow, order: &OrderArgs, setting: Setting) -> Result<Fate, Refusal> {
    let side = if order.side == 0 { Side::Bid } else { Side::Ask };
    let price = match order.flags & PEGGED != 0 {
        true => Price::Pegged { offset: order.peg_offset, limit: order.price },
        false => Price::Fixed(order.price),
    };
    let left = admissible(shadow, order, side, price, &setting)?;
    let (raw, beyond) = price.now(side, setting.index);
    if price == Price::Fixed(0) {
        return Err(Refusal::BadOrder);
    }
    if beyond {
        return Err(Refusal::BeyondPegLimit);
    }
    let unsettled_cap = setting.market.unsettled_cap.into();
    let allowance = shadow.queue.allowance(setting.taker, unsettled_cap);
    let mut meeting = Meeting {
        shadow,
        setting,
        order: *order,
        side,
        allowance,
        skipped: HashSet::new(),
        left,
        decremented: 0,
        met: 0,
        removed: 0,
        stopped: false,
        refused: false,
        fate: Fate::default(),
    };
    meeting.meets(raw)?;
    meeting.rests_or_not(price, raw)?;
    meeting.ends()
}

/// How many lots it may trade.
fn admissible(
    shadow: &Shadow,
    order: &OrderArgs,
    side: Side,
    price: Price,
    setting: &Setting,
) -> Result<u32, Refusal> {
    let reducible = (order.flags & REDUCE_ONLY != 0).then(|| reducible(shadow, order, side, setting.taker));
    if order.lots == 0 || (price.is_pegged() && order.kind == MARKET) {
        return Err(Refusal::BadOrder);
    }
    if order.expires_at != 0 && order.expires_at <= setting.now {
        return Err(Refusal::OrderExpired);
    }
    match reducible {
        Some(0) => Err(Refusal::NothingToReduce),
        reducible => Ok(order.lots.min(reducible.unwrap_or(u32::MAX))),
    }
}

/// The position on the other side; for an order that rests, less what others that rest already claim.
fn reducible(shadow: &Shadow, order: &OrderArgs, side: Side, taker: Pubkey) -> u32 {
    let held = can_reduce(shadow.held(taker), side);
    if !may_rest(order.kind) {
        return held;
    }
    let claims = shadow.side(side).orders.iter().filter(|it| it.owner == taker && it.reduce_only);
    held.saturating_sub(claims.map(|it| it.lots).fold(0, u32::saturating_add))
}

fn can_reduce(lots: i64, side: Side) -> u32 {
    let opposite = if side == Side::Bid { lots.min(0) } else { lots.max(0) };
    u32::try_from(opposite.unsigned_abs()).expect("lots")
}

fn may_rest(kind: u8) -> bool {
    matches!(kind, LIMIT | POST_ONLY | SLIDE)
}

impl Meeting<'_> {
    fn is_here(&self, maker: Pubkey) -> bool {
        maker == self.setting.taker || self.setting.brought.contains(&maker)
    }

    /// Lots of an order leave the book, filled or not; its owner hears of it now or later.
    fn changes(
        &mut self,
        side: Side,
        id: u64,
        (lots, price, fee, kind): (u32, u32, i64, u8),
    ) -> Result<(), Refusal> {
        let book = self.shadow.side_mut(side);
        let place = book.place_of(id).expect("an order of the book");
        let order = &mut book.orders[place];
        order.lots -= lots;
        let (maker, closes) = (order.owner, order.lots == 0);
        if closes {
            book.orders.swap_remove(place);
        }
        let (is_fill, at_once) = (kind == FILLED, self.is_here(maker));
        if at_once && is_fill {
            self.shadow.trades(maker, side, lots);
        } else if !at_once {
            self.allowance = self.allowance.checked_sub(1).ok_or(Refusal::QueueFull)?;
            let taker = self.setting.taker;
            let waiting = Waiting { number: 0, maker, taker, order: id, lots, price, fee, kind, closes };
            self.shadow.queue.push(waiting);
        }
        self.fate.makers.push(Foretold { maker, order: id, lots, price, fee, kind, at_once });
        Ok(())
    }

    fn takes_off(&mut self, side: Side, order: &Resting, lots: u32, kind: u8) -> Result<(), Refusal> {
        self.changes(side, order.id, (lots, order.price.limit(), 0, kind))
    }

    /// The band around the index, rounded inwards.
    fn band(&self) -> (i64, i64) {
        let width = (u64::from(self.setting.index) * u64::from(self.setting.market.band.get())) >> RATIO_BITS;
        let (index, width) = (i64::from(self.setting.index), width as i64);
        ((index - width).max(1), (index + width).min(u32::MAX.into()))
    }

    /// The best maker that is left, at this price or better, and its price. Removes on the way what cannot be one.
    fn next(&mut self, limit: i64) -> Result<Option<(Resting, i64)>, Refusal> {
        let theirs = self.side.opposite();
        loop {
            let index = self.setting.index;
            let found = self
                .shadow
                .side(theirs)
                .orders
                .iter()
                .filter(|order| !self.skipped.contains(&order.id))
                .map(|order| (*order, order.price.now(theirs, index)))
                .filter(|(_, (price, _))| key(theirs, *price) <= key(theirs, limit))
                .min_by_key(|(order, (price, _))| (key(theirs, *price), order.id));
            let Some((order, (price, beyond))) = found else { return Ok(None) };
            let (low, high) = self.band();
            let too_good = if theirs == Side::Ask { price < low } else { price > high };
            let kind = match (order.is_expired(self.setting.now), beyond, too_good) {
                (true, ..) => EXPIRED,
                (_, true, _) => BEYOND_PEG_LIMIT,
                (.., true) => OUTSIDE_BAND,
                _ => return Ok(Some((order, price))),
            };
            if self.removed == MOST_REMOVALS.min(self.setting.room) {
                self.stopped = true;
                return Ok(None);
            }
            if self.allowance == 0 && !self.is_here(order.owner) {
                (self.stopped, self.refused) = (true, true);
                return Ok(None);
            }
            self.removed += 1;
            self.takes_off(theirs, &order, order.lots, kind)?;
        }
    }

    fn meets(&mut self, limit: i64) -> Result<(), Refusal> {
        if matches!(self.order.kind, POST_ONLY | SLIDE) {
            return Ok(());
        }
        while self.left > 0 && !self.stopped {
            let Some((maker, price)) = self.next(limit)? else { break };
            let (low, high) = self.band();
            if price < low
                || price > high
                || self.met == usize::from(self.order.most_makers).min(self.setting.room)
            {
                self.stopped = true;
            } else {
                self.met += 1;
                self.meets_one(&maker, price)?;
            }
        }
        Ok(())
    }

    fn meets_one(&mut self, maker: &Resting, price: i64) -> Result<(), Refusal> {
        let theirs = self.side.opposite();
        if maker.owner == self.setting.taker {
            return self.meets_own(maker);
        }
        let most = match (self.is_here(maker.owner), maker.reduce_only) {
            (true, true) => can_reduce(self.shadow.held(maker.owner), theirs).min(maker.lots),
            (true, false) => maker.lots,
            (false, true) => {
                self.skipped.insert(maker.id);
                return Ok(());
            }
            (false, false) if self.allowance == 0 => {
                (self.stopped, self.refused) = (true, true);
                return Ok(());
            }
            (false, false) => maker.lots,
        };
        let lots = most.min(self.left);
        if lots > 0 {
            let (price, market) = (price as u32, self.setting.market);
            let worth = u64::from(lots) * u64::from(price) * u64::from(market.tick_lot);
            let fee =
                share(market.maker_fee.get(), worth, true) - share(market.maker_rebate.get(), worth, false);
            self.left -= lots;
            self.fate.filled += lots;
            self.fate.quote += worth;
            self.changes(theirs, maker.id, (lots, price, fee, FILLED))?;
        }
        if lots == most && most < maker.lots {
            self.takes_off(theirs, maker, maker.lots - lots, REDUCES)?;
        }
        Ok(())
    }

    fn meets_own(&mut self, maker: &Resting) -> Result<(), Refusal> {
        let theirs = self.side.opposite();
        match self.order.self_trade {
            0 => {
                let both = maker.lots.min(self.left);
                self.left -= both;
                self.decremented += both;
                self.takes_off(theirs, maker, both, SELF_TRADE)
            }
            1 => self.takes_off(theirs, maker, maker.lots, SELF_TRADE),
            _ => Err(Refusal::SelfTrade),
        }
    }

    /// Where a post-only order may rest: at its price, or behind the best maker that it would take.
    fn behind_the_best(&mut self, limit: i64) -> Result<i64, Refusal> {
        let best = self.next(limit)?;
        match best {
            None if !self.stopped => Ok(limit),
            Some((_, best)) if self.order.kind == SLIDE => {
                let price = if self.side == Side::Bid { best - 1 } else { best + 1 };
                if price < 1 || price > u32::MAX.into() { Err(Refusal::WouldTake) } else { Ok(price) }
            }
            _ => Err(Refusal::WouldTake),
        }
    }

    fn rests_or_not(&mut self, asked: Price, limit: i64) -> Result<(), Refusal> {
        let posts = matches!(self.order.kind, POST_ONLY | SLIDE);
        let price = if posts { self.behind_the_best(limit)? } else { limit };
        if self.order.kind == FILL_OR_KILL && (self.left > 0 || self.decremented > 0) {
            return Err(Refusal::CannotFill);
        }
        if self.left == 0 || self.stopped || !may_rest(self.order.kind) {
            return Ok(());
        }
        self.makes_room(price)?;
        let price_asked = match asked {
            Price::Fixed(_) => Price::Fixed(price as u32),
            Price::Pegged { offset, limit: peg } => {
                Price::Pegged { offset: offset + (price - limit) as i32, limit: peg }
            }
        };
        let (lots, order, owner) = (self.left, self.order, self.setting.taker);
        let ours = self.shadow.side_mut(self.side);
        ours.last_id += 2;
        let id = ours.last_id;
        ours.orders.push(Resting {
            id,
            owner,
            client_id: order.client_id,
            price: price_asked,
            lots,
            expires_at: order.expires_at,
            reduce_only: order.flags & REDUCE_ONLY != 0,
        });
        self.fate.rests = (id, price as u32, lots);
        Ok(())
    }

    /// A full side gives its worst order up for a better one; one that could not be served anyway goes first.
    fn makes_room(&mut self, price: i64) -> Result<(), Refusal> {
        let (side, index, now) = (self.side, self.setting.index, self.setting.now);
        let ours = self.shadow.side(side);
        if ours.orders.len() < ours.capacity {
            return Ok(());
        }
        let last = |pegged: bool| {
            let of_kind = ours.orders.iter().filter(|order| order.price.is_pegged() == pegged);
            let last = of_kind.max_by_key(|order| match order.price {
                Price::Fixed(price) => (key(side, price.into()), order.id),
                Price::Pegged { offset, .. } => (key(side, offset.into()), order.id),
            })?;
            let (price, beyond) = last.price.now(side, index);
            Some((beyond || last.is_expired(now), key(side, price), *last))
        };
        let both = [last(false), last(true)].into_iter().flatten();
        let worst = both.max_by_key(|(dead, key, order)| (*dead, *key, order.id));
        let (dead, worst_key, order) = worst.ok_or(Refusal::BookFull)?;
        let kind = match dead {
            false if key(side, price) >= worst_key => return Err(Refusal::BookFull),
            false => EVICTED,
            true if order.is_expired(now) => EXPIRED,
            true => BEYOND_PEG_LIMIT,
        };
        if self.allowance == 0 && !self.is_here(order.owner) {
            return Err(Refusal::BookFull);
        }
        self.takes_off(side, &order, order.lots, kind)
    }

    fn ends(mut self) -> Result<Fate, Refusal> {
        if self.refused && self.fate.filled == 0 {
            let full = self.shadow.queue.room() == 0;
            return Err(if full { Refusal::QueueFull } else { Refusal::TooManyUnsettled });
        }
        if self.fate.filled > 0 {
            self.fate.fee = share(self.setting.market.taker_fee.get(), self.fate.quote, true);
            self.shadow.trades(self.setting.taker, self.side, self.fate.filled);
        }
        Ok(self.fate)
    }
}
