//! Orders of every kind, foretold before they are sent; cancels of every kind.

use super::{
    conduct::Standing,
    fate::Fate,
    matching::{self, Setting},
    shadow::Shadow,
    walk::{PEOPLE, PERPS, STRANGER, Walk},
};
use harness::{Receipt, failure};
use plimsoll::{errors::Refusal, events::Ordered, instructions::trade::OrderArgs};
use plimsoll_client::{
    book::{OrderId, SelfTrade, Side},
    events::Event,
    instructions::{order::Order, trade::Trading},
};
use solana_instruction::Instruction;
use solana_pubkey::Pubkey;
use std::collections::BTreeSet;

/// Refusals of an order that the book has no part in.
const NOT_OF_THE_BOOK: [Refusal; 17] = [
    Refusal::Paused,
    Refusal::NotATrader,
    Refusal::NotEnoughMargin,
    Refusal::RaisesRisk,
    Refusal::StaleMarket,
    Refusal::StalePrice,
    Refusal::PricesTooFarApart,
    Refusal::PriceNotNewer,
    Refusal::MarketReduceOnly,
    Refusal::OpenInterestCap,
    Refusal::AccountPositionCap,
    Refusal::NoFreePosition,
    Refusal::NoFreeOrder,
    Refusal::BelowMinimumOrder,
    Refusal::Overflow,
    Refusal::TooManyOrders,
    Refusal::TooManyOverlays,
];

/// Orders that are sent together, and what comes along.
pub struct Ask {
    pub name: &'static str,
    pub place: usize,
    pub cancels: Vec<u64>,
    pub orders: Vec<OrderArgs>,
    pub makers: Vec<Pubkey>,
    pub oracles: Vec<Pubkey>,
}

/// What is foretold of them: the shadow afterwards, what was cancelled, and each order's fate; or why not.
pub type Foretold = Result<(Shadow, Vec<(u64, u32)>, Vec<Fate>), Refusal>;

impl Walk {
    pub fn trading(&self, name: &str, signer: &str, place: usize) -> Trading {
        let market = self.world.market_of(PERPS[place]);
        Trading { market, account: self.address(name), trader: self.key(signer) }
    }

    pub fn places(&mut self) {
        let (name, place) = (self.anybody(), self.any_market());
        let order = self.any_order(name, place);
        let (makers, oracles) = self.along(place, order.args().side);
        let signer = if self.dice.percent(1) { STRANGER } else { name };
        let instruction = self.trading(name, signer, place).place(&order, &oracles, &makers);
        let ask = Ask { name, place, cancels: Vec::new(), orders: vec![order.args()], makers, oracles };
        self.asks(&ask, instruction);
    }

    pub fn batches(&mut self) {
        let (name, place) = (self.anybody(), self.any_market());
        let cancels: Vec<OrderId> =
            (0..self.dice.below(4)).filter_map(|_| self.any_id(name, place)).collect();
        let count = if self.dice.percent(3) { 0 } else { 1 + self.dice.below(4) };
        let orders: Vec<Order> = (0..count).map(|_| self.any_order(name, place)).collect();
        let side = orders.first().map_or(0, |order| order.args().side);
        let (makers, oracles) = self.along(place, side);
        let instruction = self.trading(name, name, place).batch(&cancels, &orders, &oracles, &makers);
        let cancels = cancels.into_iter().map(OrderId::get).collect();
        let orders = orders.iter().map(Order::args).collect();
        self.asks(&Ask { name, place, cancels, orders, makers, oracles }, instruction);
    }

    /// Sends orders, and holds what came of them against what was foretold.
    fn asks(&mut self, ask: &Ask, instruction: Instruction) {
        let foretold = self.foretells(ask);
        let receipt = self.acts(ask.name, instruction, &ask.oracles);
        if let Some(error) = &receipt.error {
            return must_be_refused_for(&foretold, &failure::name(error), &NOT_OF_THE_BOOK);
        }
        self.must_have_happened(ask, foretold, &receipt);
    }

    /// What the shadow says of it.
    pub fn foretells(&mut self, ask: &Ask) -> Foretold {
        let Some(index) = self.index(ask.place, &ask.oracles) else { return Err(Refusal::StaleMarket) };
        let perp = PERPS[ask.place];
        self.shadows[ask.place].measures(&self.world, perp);
        let mut shadow = self.shadows[ask.place].clone();
        let market = self.world.market(perp);
        let taker = self.address(ask.name);
        let now = u32::try_from(self.world.now()).expect("a time of this century");
        let cancelled = strikes(&mut shadow, taker, |_, id| ask.cancels.contains(&id));
        let mut setting =
            Setting { taker, brought: &ask.makers, market: &market, index, now, room: matching::MOST_MET };
        let mut fates = Vec::new();
        for order in &ask.orders {
            let fate = matching::carry_out(&mut shadow, order, setting)?;
            setting.room = setting.room.saturating_sub(fate.makers.len());
            fates.push(fate);
        }
        Ok((shadow, cancelled, fates))
    }

    /// # Panics
    /// Where orders were carried out otherwise than foretold.
    pub fn must_have_happened(&mut self, ask: &Ask, foretold: Foretold, receipt: &Receipt) {
        let (shadow, cancelled, fates) = match foretold {
            Ok(foretold) => foretold,
            Err(refusal) => panic!("foretold {refusal:?}, but it went through: {:?}", ask.orders),
        };
        assert_eq!(told_cancelled(receipt), cancelled, "cancelled by {}", ask.name);
        let told: Vec<&Ordered> = receipt.events.iter().filter_map(ordered).collect();
        let told: Vec<Fate> = told.into_iter().map(Fate::of).collect();
        assert_eq!(told, fates, "{:?} of {}", ask.orders, ask.name);
        self.sees(ask, &fates);
        self.shadows[ask.place] = shadow;
    }

    /// Notes what kinds of things happened.
    fn sees(&mut self, ask: &Ask, fates: &[Fate]) {
        const REMOVED: [&str; 8] = [
            "fill at once",
            "expired order removed",
            "order beyond its peg limit removed",
            "order outside the band removed",
            "own order met",
            "reduce-only order clipped",
            "order of a flagged account removed",
            "order evicted",
        ];
        let shadow = &self.shadows[ask.place];
        let resting =
            |id| [&shadow.bids, &shadow.asks].into_iter().flat_map(|it| &it.orders).find(|it| it.id == id);
        for change in fates.iter().flat_map(|fate| &fate.makers) {
            let is_fill = change.kind == 0;
            let queued = is_fill && !change.at_once;
            self.tally.met(if queued { "fill through the queue" } else { REMOVED[usize::from(change.kind)] });
            let Some(order) = resting(change.order).filter(|_| is_fill) else { continue };
            if order.price.is_pegged() {
                self.tally.met("fill at a pegged price");
            }
            if order.reduce_only {
                self.tally.met("fill of a reduce-only maker");
            }
        }
        if !ask.oracles.is_empty() && self.world.terms(PERPS[ask.place]).valid_until < self.world.now() {
            self.tally.met("trade with oracles");
        }
    }

    /// Makers and oracle accounts that come along: nobody, some, or all whose orders wait on the other side.
    pub fn along(&mut self, place: usize, side: u8) -> (Vec<Pubkey>, Vec<Pubkey>) {
        let opposite = if side == 0 { Side::Ask } else { Side::Bid };
        let owners: BTreeSet<Pubkey> =
            self.shadows[place].side(opposite).orders.iter().map(|order| order.owner).collect();
        let mut makers: Vec<Pubkey> = match self.dice.below(10) {
            0..4 => Vec::new(),
            4..6 => owners.into_iter().collect(),
            6..8 => owners.into_iter().filter(|_| self.dice.percent(50)).collect(),
            _ => {
                PEOPLE.map(|name| self.address(name)).into_iter().filter(|_| self.dice.percent(40)).collect()
            }
        };
        if makers.len() > 1 && self.dice.percent(50) {
            let by = self.dice.place_in(&makers);
            makers.rotate_left(by);
        }
        let stale = self.world.terms(PERPS[place]).valid_until < self.world.now();
        let brings = self.dice.percent(if stale { 60 } else { 2 });
        let oracles = if brings { self.brought_along() } else { Vec::new() };
        (makers, oracles)
    }

    /// Mostly an honest order near the index; now and then a strange one.
    fn any_order(&mut self, name: &str, place: usize) -> Order {
        let held = self.shadows[place].held(self.address(name));
        let side = match self.dice.below(10) {
            0..2 if held > 0 => Side::Ask,
            0..2 if held < 0 => Side::Bid,
            number if number % 2 == 0 => Side::Bid,
            _ => Side::Ask,
        };
        let lots = match self.dice.below(40) {
            0 => self.dice.between(0, u64::from(u32::MAX)) as u32,
            1..6 => held.unsigned_abs().max(1) as u32,
            6..22 => 1 + self.dice.below(300) as u32,
            22..34 => 1 + self.dice.below(1_500) as u32,
            _ => 1 + self.dice.below(6_000) as u32,
        };
        let price = self.any_price(place, side);
        let kind = self.dice.below(100);
        let is_market = kind >= 78;
        let order = if self.dice.percent(if is_market { 1 } else { 22 }) {
            self.pegged(place, side, lots)
        } else if is_market {
            Order::market(side, lots, self.worst_price(side, price))
        } else {
            Order::limit(side, lots, price)
        };
        let order = match kind {
            0..36 | 78.. => order,
            36..50 => order.immediate(),
            50..56 => order.fill_or_kill(),
            56..69 => order.post_only(),
            _ => order.post_only_slide(),
        };
        let reduces = if side == Side::Ask { held > 0 } else { held < 0 };
        let chance = if reduces { 30 } else { 3 };
        let order = if self.dice.percent(chance) { order.reduce_only() } else { order };
        self.dresses(order)
    }

    /// Some ticks from the oracle price, with a limit that is sometimes near.
    fn pegged(&mut self, place: usize, side: Side, lots: u32) -> Order {
        let about = i64::from(self.about(place));
        let offset = (about as f64 * 0.02 * self.dice.sign()) as i32;
        let worst = if side == Side::Bid { about + about / 25 } else { about - about / 25 };
        let limit = if self.dice.percent(70) { worst } else { about + i64::from(offset) };
        Order::limit(side, lots, limit.max(1) as u32).pegged(offset)
    }

    /// Times, numbers, and what happens among one's own.
    fn dresses(&mut self, mut order: Order) -> Order {
        let now = self.world.now() as u32;
        order = match self.dice.below(100) {
            0..65 => order,
            65..98 => order.expires(now + 1 + self.dice.below(90) as u32),
            _ => order.expires(now - self.dice.below(5) as u32),
        };
        let behaviour = match self.dice.below(10) {
            0..5 => SelfTrade::DecrementAndCancel,
            5..9 => SelfTrade::CancelProvide,
            _ => SelfTrade::Abort,
        };
        let makers = if self.dice.percent(80) { 16 } else { self.dice.below(6) as u8 };
        order.self_trade(behaviour).client_id(self.dice.below(5)).most_makers(makers)
    }

    /// Near the index; a bid mostly below it, an ask above; now and then outside the band, or absurd.
    fn any_price(&mut self, place: usize, side: Side) -> u32 {
        let about = f64::from(self.about(place));
        let away = match self.dice.below(100) {
            0..60 => 0.012 * self.dice.sign() + 0.004,
            60..92 => 0.04 * self.dice.sign(),
            92..99 => 0.15 * self.dice.sign(),
            _ => return self.dice.one_of(&[0, 1, u32::MAX, u32::MAX - 1]),
        };
        let price = if side == Side::Bid { about * (1.0 - away) } else { about * (1.0 + away) };
        price.max(1.0) as u32
    }

    fn worst_price(&mut self, side: Side, price: u32) -> u32 {
        match (self.dice.percent(60), side) {
            (false, _) => price,
            (true, Side::Bid) => u32::MAX,
            (true, Side::Ask) => 1,
        }
    }

    /// An order of somebody in a market, mostly; one of another, or of nobody.
    fn any_id(&mut self, name: &str, place: usize) -> Option<OrderId> {
        let owner = self.address(name);
        let shadow = &self.shadows[place];
        let all: Vec<_> = [&shadow.bids, &shadow.asks].into_iter().flat_map(|it| &it.orders).collect();
        let own: Vec<u64> = all.iter().filter(|it| it.owner == owner).map(|it| it.id).collect();
        let any: Vec<u64> = all.iter().map(|it| it.id).collect();
        let among = if self.dice.percent(90) { own } else { any };
        match among.is_empty() {
            true => self.dice.percent(30).then(|| OrderId::new(self.dice.below(2_000))),
            false => Some(OrderId::new(self.dice.one_of(&among))),
        }
    }

    pub fn cancels_one(&mut self) {
        let (name, place) = (self.anybody(), self.any_market());
        let Some(id) = self.any_id(name, place) else { return self.places() };
        let cancel = self.trading(name, name, place).cancel(id);
        self.cancels(name, place, cancel, |it| it == id.get());
    }

    pub fn cancels_a_client_id(&mut self) {
        let (name, place, number) = (self.anybody(), self.any_market(), self.dice.below(5));
        let shadow = &self.shadows[place];
        let ids: Vec<u64> = [&shadow.bids, &shadow.asks]
            .into_iter()
            .flat_map(|it| &it.orders)
            .filter(|it| it.client_id == number)
            .map(|it| it.id)
            .collect();
        let cancel = self.trading(name, name, place).cancel_by_client_id(number);
        self.cancels(name, place, cancel, |id| ids.contains(&id));
    }

    /// His own; or, by a stranger, those of somebody who has been silent for too long.
    pub fn cancels_all(&mut self) {
        let (mut name, place) = (self.anybody(), self.any_market());
        let side = self.dice.one_of(&[None, Some(Side::Bid), Some(Side::Ask)]);
        let by_a_stranger = self.dice.percent(50);
        if by_a_stranger {
            let now = self.world.now();
            let silent = PEOPLE.into_iter().find(|name| self.account(name).is_silent(now));
            name = silent.unwrap_or(name);
        }
        let signer = if by_a_stranger { STRANGER } else { name };
        let cancel = self.trading(name, signer, place).cancel_all(side);
        let receipt =
            self.cancels(name, place, cancel, |id| side.is_none_or(|it| it == OrderId::new(id).side()));
        if by_a_stranger && receipt.error.is_none() {
            self.tally.met("dead man's orders cancelled");
        }
    }

    /// Sends a cancel, which takes exactly those off that are meant.
    pub fn cancels(
        &mut self,
        name: &str,
        place: usize,
        cancel: Instruction,
        is_meant: impl Fn(u64) -> bool,
    ) -> Receipt {
        let mut shadow = self.shadows[place].clone();
        let cancelled = strikes(&mut shadow, self.address(name), |_, id| is_meant(id));
        let before = Standing::of(self, name, &[]);
        let receipt = self.sends(&[cancel]);
        match &receipt.error {
            None => {
                Standing::of(self, name, &[]).must_not_have_taken_risk_since(&before);
                assert!(!cancelled.is_empty(), "nothing to cancel, and yet it went through");
                assert_eq!(told_cancelled(&receipt), cancelled, "cancelled by {name}");
                self.shadows[place] = shadow;
            }
            Some(error) => {
                let (found, allowed) = (failure::name(error), [Refusal::Paused, Refusal::NotATrader]);
                let expected = if cancelled.is_empty() { &[Refusal::NoSuchOrder][..] } else { &[] };
                let named = allowed.iter().chain(expected).any(|it| it.name() == found);
                assert!(named, "{name} cancels {cancelled:?} and is refused: {found}");
            }
        }
        receipt
    }
}

/// Somebody's orders that are meant leave the shadow: ids and lots, by id.
fn strikes(shadow: &mut Shadow, owner: Pubkey, is_meant: impl Fn(Side, u64) -> bool) -> Vec<(u64, u32)> {
    let mut struck = Vec::new();
    for side in [Side::Bid, Side::Ask] {
        shadow.side_mut(side).orders.retain(|order| {
            let goes = order.owner == owner && is_meant(side, order.id);
            if goes {
                struck.push((order.id, order.lots));
            }
            !goes
        });
    }
    struck.sort_unstable();
    struck
}

/// What events tell of cancelled orders, by id.
fn told_cancelled(receipt: &Receipt) -> Vec<(u64, u32)> {
    let cancelled = receipt.events.iter().filter_map(|event| match event {
        Event::Cancelled(cancelled) => Some(&cancelled.orders),
        _ => None,
    });
    let mut told: Vec<_> = cancelled.flatten().map(|order| (order.order, order.lots)).collect();
    told.sort_unstable();
    told
}

fn ordered(event: &Event) -> Option<&Ordered> {
    if let Event::Ordered(ordered) = event { Some(ordered) } else { None }
}

/// # Panics
/// Where the reason is neither what the shadow foretold nor one that the book has no part in.
pub fn must_be_refused_for(foretold: &Foretold, found: &str, others: &[Refusal]) {
    let expected = foretold.as_ref().err();
    let named = others.iter().chain(expected).any(|refusal| refusal.name() == found);
    assert!(named, "refused: {found}; foretold {:?}", foretold.as_ref().map(|(_, _, fates)| fates));
}
