//! How many lots an account may buy or sell.

use super::{Most, Portfolio};
use plimsoll::{
    errors::Refusal,
    state::{MarginAccount, Market},
};
use plimsoll_book::{Side, Size, Ticks};
use plimsoll_risk::{
    conduct::{self, Change},
    fill,
    layout::{
        account::Position,
        market::{MARKET_OPEN, MARKET_REDUCE_ONLY, MarketTerms},
    },
    margin::Holdings,
    market::refresh_market,
    num::Quote,
    observation::fold,
    position::worst_case_lots,
};

/// How an order comes to change a position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// It fills at once, at its price, and pays the taker's fee.
    Takes,
    /// It rests at its price, post-only.
    Rests,
}

/// An order whose size is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Intent {
    /// Buys or sells.
    pub side: Side,
    /// At what price.
    pub price: Ticks,
    /// Whether it fills or rests.
    pub way: Way,
}

impl Portfolio<'_> {
    /// The largest order that the program would let stand in a market, by its own rules ([`conduct::allowed`]): Initial
    /// health is at least 0 after it, or it makes the account safer. Funding that is due is paid first. An isolated
    /// position answers with its pocket.
    ///
    /// The market's own limits count: its state, its breaker, the open interest (as if every maker of a fill opened a
    /// position), the account's cap, the least order. What the book holds, the band around the index and the guardian's
    /// pauses do not. Orders are assumed not to improve an account for a while and harm it later in ways other than by
    /// reducing its position first.
    pub fn max_order(&self, market: &Market, intent: &Intent) -> Most<Size> {
        match Trial::new(self, market, intent) {
            Ok(trial) => trial.largest(),
            Err(refused) => Most { amount: Size::ZERO, refused },
        }
    }

    /// A market's entry as a transaction would take it.
    fn fresh_terms(&self, index: u8) -> Result<MarketTerms, Refusal> {
        let mut terms = *self.board.market(index).map_err(|_| Refusal::UnknownMarket)?;
        if terms.valid_until >= self.now {
            return Ok(terms);
        }
        let mut feed = *self.board.feed(terms.feed).map_err(|_| Refusal::UnknownFeed)?;
        if let Some(price) = self.overlay.price(terms.feed) {
            fold(&mut feed, price, self.now).map_err(Refusal::from)?;
        }
        refresh_market(&mut terms, &feed, &self.board.header, self.now).map_err(Refusal::from)?;
        if terms.valid_until < self.now { Err(Refusal::StaleMarket) } else { Ok(terms) }
    }
}

/// One order, tried at one size after the other.
struct Trial<'a> {
    portfolio: &'a Portfolio<'a>,
    intent: Intent,
    market: Market,
    terms: MarketTerms,
    /// The account with the position opened and its funding paid.
    account: MarginAccount,
    place: usize,
    before: Position,
}

impl<'a> Trial<'a> {
    fn new(portfolio: &'a Portfolio<'a>, market: &Market, intent: &Intent) -> Result<Self, Refusal> {
        let terms = portfolio.fresh_terms(market.index)?;
        let (mut market, mut account) = (*market, *portfolio.account);
        let period = market.funding_period;
        market.premium.credit(&terms, period, portfolio.now);
        let opened = account.position_for(market.index, &terms);
        let (place, position) = opened.map_err(|_| Refusal::NoFreePosition)?;
        market.bring_up(position, &terms).map_err(|_| Refusal::Overflow)?;
        let before = *position;
        if intent.way == Way::Rests {
            if account.free_order_slot().is_none() {
                return Err(Refusal::NoFreeOrder);
            }
            if account.scope_flag(place).is_live(portfolio.now) {
                return Err(Refusal::Flagged);
            }
        }
        Ok(Self { portfolio, intent: *intent, market, terms, account, place, before })
    }

    fn is_bid(&self) -> bool {
        self.intent.side == Side::Bid
    }

    /// Lots of the position that the side closes.
    fn closes(&self) -> u32 {
        let held = self.before.lots;
        if (held.get() < 0) == self.is_bid() { held.magnitude() } else { 0 }
    }

    fn largest(&self) -> Most<Size> {
        let closes = self.closes();
        // From flat on, and from the same size on the other side on, an order no longer reduces: what is allowed there is
        // allowed up to some size and not beyond.
        let anchors = [closes, closes.saturating_mul(2)];
        let mut allowed = anchors.into_iter().filter(|lots| self.attempt(*lots).is_ok()).max().unwrap_or(0);
        let mut beyond = u32::MAX;
        let mut refused = match self.attempt(beyond) {
            Ok(()) => return Most { amount: Size::MAX, refused: Refusal::Overflow },
            Err(refused) => refused,
        };
        while beyond.abs_diff(allowed) > 1 {
            let middle = allowed.midpoint(beyond);
            match self.attempt(middle) {
                Ok(()) => allowed = middle,
                Err(why) => (beyond, refused) = (middle, why),
            }
        }
        // Less than the least order can be sent reduce-only.
        if allowed < self.market.minimum_lots && allowed > closes {
            return Most { amount: Size::new(closes), refused: Refusal::BelowMinimumOrder };
        }
        Most { amount: Size::new(allowed), refused }
    }

    /// What the program would say to so many lots.
    fn attempt(&self, lots: u32) -> Result<(), Refusal> {
        let mut positions = self.account.positions;
        let after = positions.get_mut(self.place).ok_or(Refusal::NoPosition)?;
        let worth = self.market.worth_at(self.intent.price, Size::new(lots));
        let worth = worth.map_err(|_| Refusal::Overflow)?;
        match self.intent.way {
            Way::Takes => self.fill(after, lots, worth)?,
            Way::Rests => fill::reserve(after, self.is_bid(), lots, Quote::from_unsigned(worth)?)?,
        }
        self.require_within_limits(after)?;
        let holdings = Holdings { balances: &self.account.balances, positions: &positions };
        let change = Change { holdings, place: self.place, before: &self.before, paid: Quote::ZERO };
        let Portfolio { board, overlay, now, .. } = self.portfolio;
        Ok(conduct::allowed(&change, board, overlay, *now)?)
    }

    fn fill(&self, position: &mut Position, lots: u32, worth: u64) -> Result<(), Refusal> {
        let fee = self.market.taker_fee_on(worth).map_err(|_| Refusal::Overflow)?;
        let before = position.lots.get();
        fill::fill(position, self.is_bid(), lots, Quote::from_unsigned(worth)?, Quote::new(fee))?;
        if position.lots.get().signum() != before.signum() {
            fill::join_side(position, &self.terms);
        }
        let (was, is) = (self.market.open_interest(), self.open_interest(lots));
        if is > was && is > self.market.open_interest_cap {
            return Err(Refusal::OpenInterestCap);
        }
        Ok(())
    }

    /// Open interest after a fill of so many lots against makers who open positions with all of them.
    fn open_interest(&self, lots: u32) -> u64 {
        let Market { long_lots, short_lots, queued_bids, queued_asks, .. } = self.market;
        let (longs, shorts) = (long_lots.saturating_add(queued_bids), short_lots.saturating_add(queued_asks));
        let closed = u64::from(lots.min(self.closes()));
        let opened = u64::from(lots).saturating_sub(closed);
        let (own, other) = if self.is_bid() { (longs, shorts) } else { (shorts, longs) };
        let other = other.saturating_sub(closed).saturating_add(lots.into());
        own.saturating_add(opened).max(other)
    }

    /// The market's state, its breaker, and the most that one account may come to hold.
    fn require_within_limits(&self, after: &Position) -> Result<(), Refusal> {
        let (before, now) = (&self.before, self.portfolio.now);
        match self.terms.state {
            MARKET_OPEN if self.terms.breaker_until > now && !towards_flat(before, after) => {
                return Err(Refusal::BreakerOpen);
            }
            MARKET_OPEN => {}
            MARKET_REDUCE_ONLY if only_reduces(before, after) => {}
            MARKET_REDUCE_ONLY => return Err(Refusal::MarketReduceOnly),
            _ => return Err(Refusal::MarketClosed),
        }
        let (was, is) = (worst_case_lots(before), worst_case_lots(after).ok_or(Refusal::Overflow)?);
        if is > self.market.account_cap && was.is_none_or(|was| is > was) {
            return Err(Refusal::AccountPositionCap);
        }
        Ok(())
    }
}

/// Whether a position came nearer to flat or stayed.
fn towards_flat(before: &Position, after: &Position) -> bool {
    let (was, is) = (before.lots.get(), after.lots.get());
    if was < 0 { (was..=0).contains(&is) } else { (0..=was).contains(&is) }
}

/// Whether, besides, no side got more orders unless they can only close it.
fn only_reduces(before: &Position, after: &Position) -> bool {
    let is = after.lots.get();
    let closes =
        |lots: u32, lots_before: u32, most: i32| lots <= lots_before || i64::from(lots) <= i64::from(most);
    towards_flat(before, after)
        && closes(after.bids, before.bids, is.saturating_neg())
        && closes(after.asks, before.asks, is)
}
