//! A million random operations, each compared with the naive model: every result, every fill, every order.

mod naive;

use naive::{Heard, NaiveSide, Policy};
use plimsoll_book::{
    Admission, Book, BookError, BookSide, Fill, Kind, Limits, Makers, Node, OrderId, OrderPrice, Reason,
    SelfTrade, Side, SideView, Size, Stopped, Taken, Taker, Ticks, audit::audit, slab,
};
use plimsoll_risk::layout::Key;

/// SplitMix64.
struct Random(u64);

impl Random {
    fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, n: u64) -> u64 {
        self.draw() % n
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len() as u64) as usize]
    }
}

struct Program {
    policy: Policy,
    heard: Vec<Heard>,
}

impl Makers for Program {
    type Error = BookError;

    fn admit(&mut self, maker: &Node, _price: Ticks) -> Admission {
        self.policy.admit(maker.id.get(), maker.is_reduce_only(), maker.lots.get())
    }

    fn can_take_off(&mut self, maker: &Node, _reason: Reason) -> bool {
        self.policy.can_take_off(maker.id.get())
    }

    fn filled(&mut self, fill: &Fill) -> Result<(), BookError> {
        self.heard.push(Heard::Filled {
            id: fill.maker.id.get(),
            at: fill.at,
            price: fill.price.get(),
            lots: fill.lots.get(),
            left: fill.maker.lots.get(),
        });
        Ok(())
    }

    fn taken_off(&mut self, taken: &Taken) -> Result<(), BookError> {
        self.heard.push(Heard::Taken {
            id: taken.maker.id.get(),
            at: taken.at,
            lots: taken.lots.get(),
            left: taken.maker.lots.get(),
            reason: taken.reason,
        });
        Ok(())
    }
}

/// How a run goes.
#[derive(Clone, Copy)]
struct Market {
    seed: u64,
    operations: u32,
    capacity: usize,
    /// Prices stand within so many ticks of the oracle's.
    spread: u64,
    /// Of 100 operations, so many are new orders.
    orders: u64,
}

struct World {
    market: Market,
    random: Random,
    bytes: [Vec<u64>; 2],
    sides: [NaiveSide; 2],
    /// Orders that are gone: node and id.
    gone: Vec<(u32, u64)>,
    oracle: Option<u32>,
    now: u32,
    /// Fills, orders taken off by reason, errors: so that a run can prove what it has seen.
    fills: u64,
    reasons: std::collections::BTreeMap<String, u64>,
}

fn words(capacity: usize) -> usize {
    (slab::HEADER_BYTES + capacity * slab::NODE_BYTES) / 8
}

impl World {
    fn new(market: Market) -> Self {
        let sides = [Side::Bid, Side::Ask];
        let bytes = sides.map(|side| {
            let mut bytes = vec![0u64; words(market.capacity)];
            BookSide::create(bytemuck::cast_slice_mut(&mut bytes), side, Key([7; 32]), 255).unwrap();
            bytes
        });
        Self {
            market,
            random: Random(market.seed),
            bytes,
            sides: sides.map(|side| NaiveSide::new(side, market.capacity)),
            gone: Vec::new(),
            oracle: Some(10_000),
            now: 1_000,
            fills: 0,
            reasons: Default::default(),
        }
    }

    fn count(&mut self, what: impl core::fmt::Debug) {
        *self.reasons.entry(format!("{what:?}")).or_default() += 1;
    }

    fn side(&mut self, side: Side) -> BookSide<'_> {
        BookSide::load(bytemuck::cast_slice_mut(&mut self.bytes[side.code() as usize])).unwrap()
    }

    fn view(&self, side: Side) -> SideView<'_> {
        SideView::load(bytemuck::cast_slice(&self.bytes[side.code() as usize])).unwrap()
    }

    fn price(&mut self, side: Side) -> OrderPrice {
        let spread = self.market.spread;
        let away = self.random.below(spread) as i64 - spread as i64 / 3;
        let offset = if side == Side::Bid { -away } else { away } as i32;
        let oracle = self.oracle.unwrap_or(10_000) as i32;
        if self.random.below(3) > 0 {
            return OrderPrice::Fixed(Ticks::new((oracle + offset).max(0) as u32));
        }
        let slack = self.random.below(2 * spread) as i32 - spread as i32 / 8;
        let limit = if side == Side::Bid { oracle + offset + slack } else { oracle + offset - slack };
        OrderPrice::Pegged { offset, limit: Ticks::new(limit.max(0) as u32) }
    }

    fn taker(&mut self) -> Taker {
        let side = self.random.pick(&[Side::Bid, Side::Ask]);
        let often = [Kind::Limit, Kind::Limit, Kind::Limit, Kind::PostOnlySlide, Kind::PostOnly];
        let seldom = [Kind::ImmediateOrCancel, Kind::FillOrKill, Kind::Market];
        let kind =
            if self.random.below(4) > 0 { self.random.pick(&often) } else { self.random.pick(&seldom) };
        Taker {
            owner: Key([self.random.below(12) as u8; 32]),
            slot: self.random.below(32) as u8,
            client_id: self.random.draw(),
            side,
            price: self.price(side),
            lots: Size::new(self.random.below(40) as u32),
            kind,
            self_trade: self.random.pick(&[
                SelfTrade::DecrementAndCancel,
                SelfTrade::CancelProvide,
                SelfTrade::Abort,
            ]),
            reduce_only: match self.random.below(6) {
                0 => Some(Size::new(self.random.below(30) as u32)),
                _ => None,
            },
            expires_at: if self.random.below(4) == 0 { self.now + self.random.below(60) as u32 } else { 0 },
        }
    }

    fn place(&mut self) {
        let taker = self.taker();
        let wide = (self.market.spread / self.random.pick(&[1, 1, 3, 12, 30])) as u32;
        let middle = self.oracle.unwrap_or(10_000);
        let limits = Limits {
            now: self.now,
            band: (Ticks::new(middle.saturating_sub(wide)), Ticks::new(middle + wide)),
            makers: self.random.below(12) as u32,
            removals: self.random.below(6) as u32,
        };
        let policy = Policy(self.random.draw());
        let oracle = self.oracle;
        let [mut bids, mut asks] = self.sides.clone();
        let (ours, theirs) =
            if taker.side == Side::Bid { (&mut bids, &mut asks) } else { (&mut asks, &mut bids) };
        let expected = naive::match_order(ours, theirs, &taker, oracle, &limits, policy);

        let before = expected.is_err().then(|| self.bytes.clone());
        let mut program = Program { policy, heard: Vec::new() };
        let [bid_bytes, ask_bytes] = &mut self.bytes;
        let mut book =
            Book::load(bytemuck::cast_slice_mut(bid_bytes), bytemuck::cast_slice_mut(ask_bytes)).unwrap();
        let outcome =
            plimsoll_book::match_order(&mut book, &taker, oracle.map(Ticks::new), &limits, &mut program);
        let mut node = 0;
        let found = outcome.map(|outcome| {
            node = outcome.rested.map_or(0, |rested| rested.at);
            let result = naive::Result {
                filled: outcome.filled.get(),
                notional: outcome.notional.get(),
                decremented: outcome.decremented.get(),
                cancelled: outcome.cancelled.get(),
                rested: outcome.rested.map(|rested| (rested.id.get(), rested.lots.get(), rested.price.get())),
                makers: outcome.makers,
                removed: outcome.removed,
                stopped: (outcome.stopped != Stopped::No).then_some(outcome.stopped),
            };
            (result, program.heard)
        });
        assert_eq!(found, expected, "{taker:?} {limits:?} oracle {oracle:?}");
        match found {
            Err(error) => {
                self.bytes = before.unwrap();
                self.count(error);
            }
            Ok((result, heard)) => {
                self.sides = [bids, asks];
                self.settle(taker.side, result, node, &heard);
            }
        }
    }

    /// Notes where the new order lives, and who is gone.
    fn settle(&mut self, side: Side, result: naive::Result, node: u32, heard: &[Heard]) {
        if let Some(stopped) = result.stopped {
            self.count(stopped);
        }
        if let Some((id, ..)) = result.rested {
            let order = self.sides[side.code() as usize].orders.last_mut().unwrap();
            assert_eq!(order.id, id);
            order.at = node;
        }
        for event in heard {
            match *event {
                Heard::Filled { id, at, left, .. } => {
                    self.fills += 1;
                    if left == 0 {
                        self.gone.push((at, id));
                    }
                }
                Heard::Taken { id, at, left, reason, .. } => {
                    self.count(reason);
                    if left == 0 {
                        self.gone.push((at, id));
                    }
                }
            }
        }
    }

    /// Cancels, expires or shrinks an order by its name, or tries so with a name that is no more.
    fn by_name(&mut self) {
        if self.random.below(4) == 0 && !self.gone.is_empty() {
            let (at, id) = self.random.pick(&self.gone.clone()[self.gone.len().saturating_sub(64)..]);
            let id = OrderId::new(id);
            let now = self.now;
            let mut side = self.side(id.side());
            assert_eq!(side.cancel(at, id).err(), Some(BookError::NoSuchOrder));
            assert_eq!(side.expire(at, id, now).err(), Some(BookError::NoSuchOrder));
            return;
        }
        let s = self.random.below(2) as usize;
        if self.sides[s].orders.is_empty() {
            return;
        }
        let index = self.random.below(self.sides[s].orders.len() as u64) as usize;
        let order = self.sides[s].orders[index].clone();
        let (at, id, now) = (order.at, OrderId::new(order.id), self.now);
        let what = self.random.below(4);
        let to = self.random.below(u64::from(order.lots) + 1) as u32;
        let mut side = self.side(id.side());
        let gone = match what {
            0 => {
                let shrunk = side.reduce(at, id, Size::new(to));
                assert_eq!(shrunk.is_ok(), 0 < to && to < order.lots);
                if shrunk.is_ok() {
                    self.sides[s].orders[index].lots = to;
                }
                return;
            }
            1 => side.expire(at, id, now).inspect_err(|error| assert_eq!(*error, BookError::NotExpired)),
            _ => side.cancel(at, id),
        };
        assert_eq!(gone.is_ok(), what > 1 || (order.expires_at != 0 && order.expires_at <= now));
        if let Ok(node) = gone {
            assert_eq!(
                (node.lots.get(), node.client_id, node.owner),
                (order.lots, order.client_id, order.owner)
            );
            self.gone.push((at, order.id));
            self.sides[s].orders.swap_remove(index);
        }
    }

    fn step(&mut self) {
        let draw = self.random.below(100);
        if draw < self.market.orders {
            self.place();
        } else {
            self.by_name();
        }
        match self.random.below(2_000) {
            0..20 => self.now += self.random.below(10) as u32,
            20..120 => {
                let jump = self.random.below(self.market.spread) as i64 - self.market.spread as i64 / 2;
                self.oracle =
                    Some((i64::from(self.oracle.unwrap_or(10_000)) + jump / 4).clamp(1, 20_000) as u32);
            }
            120..123 => self.oracle = None,
            123 => {
                let s = self.random.below(2) as usize;
                self.sides[s].capacity += 1;
                self.bytes[s].resize(words(self.sides[s].capacity), 0);
            }
            _ => {}
        }
    }

    /// Every order of both sides, one by one, and every promise of the trees.
    fn check(&self) {
        for naive in &self.sides {
            let view = self.view(naive.side);
            audit(&view).unwrap();
            assert_eq!(view.len() as usize, naive.orders.len());
            for order in &naive.orders {
                let node = view.order(order.at).unwrap();
                assert_eq!((node.id.get(), node.lots.get(), node.owner), (order.id, order.lots, order.owner));
                assert_eq!((node.expires_at, node.is_reduce_only()), (order.expires_at, order.reduce_only));
            }
            let served: Vec<_> = view
                .orders(self.oracle.map(Ticks::new), self.now)
                .map(|resting| (resting.order.id.get(), i64::from(resting.price.get())))
                .collect();
            assert_eq!(served, naive.served(self.oracle, self.now));
        }
    }

    fn run(mut self) -> Self {
        for step in 0..self.market.operations {
            self.step();
            if step % 61 == 0 {
                self.check();
            }
        }
        self.check();
        self
    }
}

#[test]
fn a_million_random_operations_agree_with_the_naive_model() {
    let market =
        |seed, operations, capacity, spread, orders| Market { seed, operations, capacity, spread, orders };
    let markets = [
        market(1, 200_000, 4, 20, 80),
        market(2, 250_000, 30, 60, 75),
        market(3, 250_000, 120, 300, 70),
        market(4, 200_000, 400, 40_000, 70),
        market(5, 100_000, 1_100, 3_000, 90),
    ];
    assert_eq!(markets.iter().map(|market| market.operations).sum::<u32>(), 1_000_000);
    let runs: Vec<_> = markets.map(|market| std::thread::spawn(move || World::new(market).run())).into();
    let mut seen = std::collections::BTreeMap::<String, u64>::new();
    let mut fills = 0;
    for run in runs {
        let world = run.join().unwrap();
        fills += world.fills;
        println!("{} fills, {:?}", world.fills, world.reasons);
        for (what, times) in world.reasons {
            *seen.entry(what).or_default() += times;
        }
    }
    assert!(fills > 100_000);
    for what in [
        "Expired",
        "BeyondPegLimit",
        "OutsideBand",
        "SelfTrade",
        "ReduceOnly",
        "Refused",
        "Evicted",
        "Makers",
        "Removals",
        "Band",
        "WouldTake",
        "CannotFill",
        "BookFull",
        "NoOraclePrice",
        "NothingToReduce",
    ] {
        assert!(seen.get(what).is_some_and(|times| *times > 50), "{what} was hardly tried");
    }
}
