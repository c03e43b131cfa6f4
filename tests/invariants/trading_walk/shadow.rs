//! A book kept beside the program's, the slow and obvious way: orders in a vector, searched whole for every question. It
//! hears only what was sent and what events told, and has to be what lies on the machine.

use harness::{World, perps::Perp};
use plimsoll_client::book::{BookView, Node, Side};
use solana_pubkey::Pubkey;
use std::collections::BTreeMap;

/// At what price an order rests, ticks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Price {
    Fixed(u32),
    Pegged { offset: i32, limit: u32 },
}

/// A resting order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Resting {
    pub id: u64,
    pub owner: Pubkey,
    pub client_id: u64,
    pub price: Price,
    pub lots: u32,
    pub expires_at: u32,
    pub reduce_only: bool,
}

/// One side: orders as they came.
#[derive(Clone, Debug)]
pub struct ShadowSide {
    pub side: Side,
    pub orders: Vec<Resting>,
    pub last_id: u64,
    pub capacity: usize,
}

/// A change of a maker's order that waits for its account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Waiting {
    pub number: u64,
    pub maker: Pubkey,
    pub taker: Pubkey,
    pub order: u64,
    pub lots: u32,
    pub price: u32,
    pub fee: i64,
    /// As events tell it: 0 a fill, otherwise why the lots left the book.
    pub kind: u8,
    pub closes: bool,
}

/// What waits in one market, oldest first; numbers from `head` to `tail` are in use, applied or not.
#[derive(Clone, Debug, Default)]
pub struct ShadowQueue {
    pub head: u64,
    pub tail: u64,
    pub capacity: u64,
    pub waiting: Vec<Waiting>,
}

/// One market: its book, its queue, and who holds how many lots.
#[derive(Clone, Debug)]
pub struct Shadow {
    pub bids: ShadowSide,
    pub asks: ShadowSide,
    pub queue: ShadowQueue,
    pub lots: BTreeMap<Pubkey, i64>,
}

/// Smaller is served first.
pub fn key(side: Side, price: i64) -> i64 {
    if side == Side::Bid { -price } else { price }
}

impl Price {
    /// The price now, a number to sort by even where there is no such price, and whether an order may not rest there.
    pub fn now(self, side: Side, index: u32) -> (i64, bool) {
        match self {
            Self::Fixed(price) => (price.into(), false),
            Self::Pegged { offset, limit } => {
                let raw = i64::from(index) + i64::from(offset);
                let exists = raw >= 1 && raw <= u32::MAX.into();
                (raw, !exists || key(side, raw) < key(side, limit.into()))
            }
        }
    }

    /// What an order at it is margined at.
    pub fn limit(self) -> u32 {
        match self {
            Self::Fixed(price) => price,
            Self::Pegged { limit, .. } => limit,
        }
    }

    pub fn is_pegged(self) -> bool {
        matches!(self, Self::Pegged { .. })
    }
}

impl Resting {
    pub fn is_expired(&self, now: u32) -> bool {
        self.expires_at != 0 && self.expires_at <= now
    }

    fn of(node: &Node, side: Side) -> Self {
        let price = match node.is_pegged() {
            true => Price::Pegged { offset: side.offset(node.rank), limit: node.peg_limit.get() },
            false => Price::Fixed(side.price(node.rank).get()),
        };
        Self {
            id: node.id.get(),
            owner: Pubkey::from(node.owner.0),
            client_id: node.client_id,
            price,
            lots: node.lots.get(),
            expires_at: node.expires_at,
            reduce_only: node.is_reduce_only(),
        }
    }
}

impl ShadowSide {
    fn new(side: Side) -> Self {
        Self { side, orders: Vec::new(), last_id: side.code().into(), capacity: 0 }
    }

    /// Ids and prices in the order in which they would be served.
    fn served(&self, index: u32, now: u32) -> Vec<(u64, i64)> {
        let alive = self.orders.iter().filter(|order| !order.is_expired(now));
        let mut all: Vec<_> = alive
            .map(|order| (order.id, order.price.now(self.side, index)))
            .filter(|(_, (_, beyond))| !beyond)
            .map(|(id, (price, _))| (id, price))
            .collect();
        all.sort_by_key(|(id, price)| (key(self.side, *price), *id));
        all
    }

    pub fn place_of(&self, id: u64) -> Option<usize> {
        self.orders.iter().position(|order| order.id == id)
    }

    fn must_equal(&self, book: &BookView, index: Option<u32>, now: u32) {
        let mut real: Vec<Resting> =
            book.all(self.side).map(|(_, node)| Resting::of(node, self.side)).collect();
        real.sort_by_key(|order| order.id);
        let mut ours = self.orders.clone();
        ours.sort_by_key(|order| order.id);
        assert_eq!(real, ours, "{:?}s: the book, and what was sent and told", self.side);
        let Some(index) = index else { return };
        let oracle = Some(plimsoll_client::book::Ticks::new(index));
        let real: Vec<(u64, i64)> = book
            .side(self.side)
            .orders(oracle, now)
            .map(|it| (it.order.id.get(), i64::from(it.price.get())))
            .collect();
        assert_eq!(real, self.served(index, now), "{:?}s in the order of service", self.side);
    }
}

impl ShadowQueue {
    pub fn used(&self) -> u64 {
        self.tail - self.head
    }

    /// Entries for all but liquidations.
    pub fn room(&self) -> u64 {
        (self.capacity - self.capacity.div_ceil(4)).saturating_sub(self.used())
    }

    /// How many entries an order of this taker may use: from half full on, few.
    pub fn allowance(&self, taker: Pubkey, unsettled_cap: u64) -> u64 {
        if self.used() < self.capacity.div_ceil(2) {
            let to_half = (self.capacity / 2).saturating_sub(self.used());
            return self.room().min(to_half + unsettled_cap);
        }
        let unsettled = self.waiting.iter().filter(|it| it.taker == taker).count() as u64;
        self.room().min(unsettled_cap.saturating_sub(unsettled))
    }

    pub fn push(&mut self, waiting: Waiting) {
        self.waiting.push(Waiting { number: self.tail, ..waiting });
        self.tail += 1;
    }

    /// The oldest that wait for one of these makers, at most so many, leave it.
    pub fn take(&mut self, makers: &[Pubkey], most: usize) -> Vec<Waiting> {
        let mut taken = Vec::new();
        self.waiting.retain(|waiting| {
            let goes = taken.len() < most && makers.contains(&waiting.maker);
            if goes {
                taken.push(*waiting);
            }
            !goes
        });
        self.head = self.waiting.first().map_or(self.tail, |first| first.number);
        taken
    }
}

impl Shadow {
    pub fn new() -> Self {
        let (bids, asks) = (ShadowSide::new(Side::Bid), ShadowSide::new(Side::Ask));
        Self { bids, asks, queue: ShadowQueue::default(), lots: BTreeMap::new() }
    }

    pub fn side(&self, side: Side) -> &ShadowSide {
        if side == Side::Bid { &self.bids } else { &self.asks }
    }

    pub fn side_mut(&mut self, side: Side) -> &mut ShadowSide {
        if side == Side::Bid { &mut self.bids } else { &mut self.asks }
    }

    /// Lots that somebody holds, long above zero: what was filled and settled.
    pub fn held(&self, account: Pubkey) -> i64 {
        self.lots.get(&account).copied().unwrap_or(0)
    }

    pub fn trades(&mut self, account: Pubkey, side: Side, lots: u32) {
        let by = if side == Side::Bid { i64::from(lots) } else { -i64::from(lots) };
        *self.lots.entry(account).or_default() += by;
    }

    /// How much room the accounts have: the only thing that is read off them before they are compared.
    pub fn measures(&mut self, world: &World, perp: Perp) {
        let book = world.book(perp);
        (self.bids.capacity, self.asks.capacity) = (book.bids.capacity(), book.asks.capacity());
        let bytes = world.chain.data(&world.market_of(perp).queue).len();
        let entries = (bytes - 8 - size_of_val(world.queue(perp).header()))
            / size_of::<plimsoll_client::book::QueuedFill>();
        if self.queue.head == self.queue.tail {
            self.queue.capacity = entries as u64; // an empty queue takes new room into use
        }
    }

    /// # Panics
    /// Where the book, the queue or a position on the machine is another.
    pub fn must_equal(&self, world: &World, perp: Perp, index: Option<u32>) {
        let now = u32::try_from(world.now()).expect("a time of this century");
        let book = world.book(perp);
        for side in [&self.bids, &self.asks] {
            side.must_equal(&book, index, now);
        }
        let queue = world.queue(perp);
        let real: Vec<Waiting> = queue
            .waiting()
            .map(|(number, it)| Waiting {
                number,
                maker: Pubkey::from(it.maker.0),
                taker: Pubkey::from(it.taker.0),
                order: it.order.get(),
                lots: it.lots.get(),
                price: it.price.get(),
                fee: it.fee.get(),
                kind: it.kind.saturating_sub(1),
                closes: it.closes_order(),
            })
            .collect();
        assert_eq!(real, self.queue.waiting, "what waits in {}", perp.name);
        let header = queue.header();
        assert_eq!(
            (header.head, header.tail),
            (self.queue.head, self.queue.tail),
            "the queue of {}",
            perp.name
        );
    }
}
