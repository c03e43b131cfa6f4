//! The rules of matching, each by its name.

use plimsoll_book::{
    Admission, Book, BookError, BookSide, Fill, Kind, Limits, Makers, Node, OrderPrice, Outcome, Reason,
    Rested, SelfTrade, Side, Size, Stopped, Taken, Taker, Ticks, audit::audit, slab,
};
use plimsoll_risk::layout::Key;

const ORACLE: u32 = 100;

/// A program that hears everything and admits what it is told to.
struct Program {
    admission: Admission,
    can_take_off: bool,
    /// Owner, price, lots.
    fills: Vec<(u8, u32, u32)>,
    /// Owner, lots, why.
    taken: Vec<(u8, u32, Reason)>,
}

impl Makers for Program {
    type Error = BookError;

    fn admit(&mut self, _maker: &Node, _price: Ticks) -> Admission {
        self.admission
    }

    fn can_take_off(&mut self, _maker: &Node, _reason: Reason) -> bool {
        self.can_take_off
    }

    fn filled(&mut self, fill: &Fill) -> Result<(), BookError> {
        self.fills.push((fill.maker.owner.0[0], fill.price.get(), fill.lots.get()));
        Ok(())
    }

    fn taken_off(&mut self, taken: &Taken) -> Result<(), BookError> {
        self.taken.push((taken.maker.owner.0[0], taken.lots.get(), taken.reason));
        Ok(())
    }
}

/// A market with room for four orders a side.
struct Market {
    bids: Vec<u64>,
    asks: Vec<u64>,
    oracle: Option<Ticks>,
    limits: Limits,
    program: Program,
}

fn market() -> Market {
    let side = |side| {
        let mut bytes = vec![0u64; (slab::HEADER_BYTES + 4 * slab::NODE_BYTES) / 8];
        BookSide::create(bytemuck::cast_slice_mut(&mut bytes), side, Key::NONE, 0).unwrap();
        bytes
    };
    Market {
        bids: side(Side::Bid),
        asks: side(Side::Ask),
        oracle: Some(Ticks::new(ORACLE)),
        limits: Limits { now: 10, band: (Ticks::new(50), Ticks::new(150)), makers: 8, removals: 8 },
        program: Program { admission: Admission::Fill, can_take_off: true, fills: vec![], taken: vec![] },
    }
}

fn order(owner: u8, side: Side, price: u32, lots: u32) -> Taker {
    Taker {
        owner: Key([owner; 32]),
        slot: owner,
        client_id: 0,
        side,
        price: OrderPrice::Fixed(Ticks::new(price)),
        lots: Size::new(lots),
        kind: Kind::Limit,
        self_trade: SelfTrade::DecrementAndCancel,
        reduce_only: None,
        expires_at: 0,
    }
}

fn bid(owner: u8, price: u32, lots: u32) -> Taker {
    order(owner, Side::Bid, price, lots)
}

fn ask(owner: u8, price: u32, lots: u32) -> Taker {
    order(owner, Side::Ask, price, lots)
}

fn pegged(taker: Taker, offset: i32, limit: u32) -> Taker {
    Taker { price: OrderPrice::Pegged { offset, limit: Ticks::new(limit) }, ..taker }
}

impl Market {
    fn tries(&mut self, taker: Taker) -> Result<Outcome, BookError> {
        let bids = bytemuck::cast_slice_mut(&mut self.bids);
        let mut book = Book::load(bids, bytemuck::cast_slice_mut(&mut self.asks)).unwrap();
        let outcome =
            plimsoll_book::match_order(&mut book, &taker, self.oracle, &self.limits, &mut self.program);
        for side in [Side::Bid, Side::Ask] {
            audit(&book.side(side).view()).unwrap();
        }
        outcome
    }

    fn places(&mut self, taker: Taker) -> Outcome {
        self.tries(taker).unwrap()
    }

    fn rests(&mut self, taker: Taker) -> Rested {
        self.places(taker).rested.unwrap()
    }

    /// Owner, price, lots of what rests, best first.
    fn resting(&mut self, side: Side) -> Vec<(u8, u32, u32)> {
        let (oracle, now) = (self.oracle, self.limits.now);
        let bids = bytemuck::cast_slice_mut(&mut self.bids);
        let mut book = Book::load(bids, bytemuck::cast_slice_mut(&mut self.asks)).unwrap();
        let view = book.side(side).view();
        view.orders(oracle, now).map(|r| (r.order.owner.0[0], r.price.get(), r.order.lots.get())).collect()
    }
}

#[test]
fn the_better_price_fills_first_and_the_older_of_equals() {
    let mut market = market();
    market.rests(ask(1, 102, 5));
    market.rests(ask(2, 101, 5));
    market.rests(ask(3, 101, 5));
    let outcome = market.places(bid(9, 102, 12));
    assert_eq!(market.program.fills, [(2, 101, 5), (3, 101, 5), (1, 102, 2)]);
    assert_eq!((outcome.filled.get(), outcome.notional.get()), (12, 10 * 101 + 2 * 102));
    assert_eq!(market.resting(Side::Ask), [(1, 102, 3)]);
    assert_eq!(outcome.rested, None);
}

#[test]
fn a_partly_filled_maker_keeps_its_place() {
    let mut market = market();
    market.rests(bid(1, 99, 5));
    market.rests(bid(2, 99, 5));
    market.places(ask(9, 99, 3));
    market.places(ask(9, 99, 3));
    assert_eq!(market.program.fills, [(1, 99, 3), (1, 99, 2), (2, 99, 1)]);
}

#[test]
fn what_does_not_fill_rests_at_its_own_price() {
    let mut market = market();
    market.rests(ask(1, 101, 5));
    let outcome = market.places(bid(9, 103, 8));
    let rested = outcome.rested.unwrap();
    assert_eq!((rested.lots.get(), rested.price.get(), rested.id.side()), (3, 103, Side::Bid));
    assert_eq!(market.resting(Side::Bid), [(9, 103, 3)]);
}

#[test]
fn immediate_or_cancel_and_market_orders_never_rest() {
    for kind in [Kind::ImmediateOrCancel, Kind::Market] {
        let mut market = market();
        market.rests(ask(1, 101, 5));
        market.rests(ask(2, 104, 5));
        let outcome = market.places(Taker { kind, ..bid(9, 103, 8) });
        assert_eq!((outcome.filled.get(), outcome.cancelled.get(), outcome.rested), (5, 3, None));
        assert_eq!(market.resting(Side::Bid), []);
    }
}

#[test]
fn fill_or_kill_fills_whole_or_fails() {
    let mut market = market();
    market.rests(ask(1, 101, 5));
    let kind = Kind::FillOrKill;
    assert_eq!(market.places(Taker { kind, ..bid(9, 101, 2) }).filled.get(), 2);
    assert_eq!(market.tries(Taker { kind, ..bid(9, 101, 4) }), Err(BookError::CannotFill));
}

#[test]
fn post_only_never_takes_and_a_slide_stops_one_tick_behind() {
    let mut market = market();
    market.rests(ask(1, 101, 5));
    assert_eq!(market.tries(Taker { kind: Kind::PostOnly, ..bid(9, 101, 2) }), Err(BookError::WouldTake));
    assert_eq!(market.rests(Taker { kind: Kind::PostOnly, ..bid(9, 99, 2) }).price.get(), 99);
    assert_eq!(market.rests(Taker { kind: Kind::PostOnlySlide, ..bid(9, 120, 2) }).price.get(), 100);
    let slide = Taker { kind: Kind::PostOnlySlide, ..pegged(ask(8, 0, 1), -20, 1) };
    assert_eq!(market.rests(slide).price.get(), 101);
    market.oracle = Some(Ticks::new(103));
    assert_eq!(market.resting(Side::Ask), [(1, 101, 5), (8, 104, 1)], "the slide moved the offset");
    assert!(market.program.fills.is_empty());
}

#[test]
fn a_slide_without_a_price_to_slide_to_is_refused() {
    let mut market = market();
    market.limits.band = (Ticks::new(1), Ticks::new(150));
    market.rests(ask(1, 1, 5));
    assert_eq!(market.tries(Taker { kind: Kind::PostOnlySlide, ..bid(9, 5, 2) }), Err(BookError::WouldTake));
}

#[test]
fn reduce_only_is_clipped_to_what_it_can_reduce() {
    let mut market = market();
    market.rests(ask(1, 101, 5));
    let reducing = |most| Taker { reduce_only: Some(Size::new(most)), ..bid(9, 101, 20) };
    let outcome = market.places(reducing(7));
    assert_eq!((outcome.filled.get(), outcome.rested.unwrap().lots.get()), (5, 2));
    assert_eq!(market.tries(reducing(0)), Err(BookError::NothingToReduce));
}

#[test]
fn a_clipped_maker_fills_its_position_and_is_removed() {
    let mut market = market();
    market.rests(ask(1, 101, 5));
    market.program.admission = Admission::Clip(Size::new(3));
    assert_eq!(market.places(bid(9, 101, 2)).filled.get(), 2);
    assert_eq!(market.resting(Side::Ask), [(1, 101, 3)]);
    market.program.admission = Admission::Clip(Size::new(1));
    let outcome = market.places(bid(9, 101, 4));
    assert_eq!(outcome.filled.get(), 1);
    assert_eq!(market.program.taken, [(1, 2, Reason::ReduceOnly)]);
    assert_eq!(outcome.rested.unwrap().lots.get(), 3);
}

#[test]
fn a_skipped_maker_stays_a_refused_one_goes_and_a_stop_stops() {
    let mut market = market();
    market.rests(ask(1, 101, 5));
    let taker = Taker { kind: Kind::ImmediateOrCancel, ..bid(9, 101, 2) };
    market.program.admission = Admission::Skip;
    assert_eq!(market.places(taker).cancelled.get(), 2);
    market.program.admission = Admission::Stop;
    let stopped = market.places(Taker { kind: Kind::Limit, ..taker });
    assert_eq!((stopped.stopped, stopped.rested, stopped.cancelled.get()), (Stopped::Refused, None, 2));
    assert_eq!(market.resting(Side::Ask), [(1, 101, 5)]);
    market.program.admission = Admission::Remove;
    market.places(taker);
    assert_eq!(market.program.taken, [(1, 5, Reason::Refused)]);
    assert_eq!(market.resting(Side::Ask), []);
}

#[test]
fn an_account_never_trades_with_itself() {
    let with = |self_trade, lots| {
        let mut market = market();
        market.rests(ask(9, 101, 5));
        market.rests(ask(1, 102, 5));
        let outcome = market.tries(Taker { self_trade, ..bid(9, 102, lots) });
        (outcome.map(|o| (o.filled.get(), o.decremented.get())), market.resting(Side::Ask))
    };
    assert_eq!(with(SelfTrade::DecrementAndCancel, 2), (Ok((0, 2)), vec![(9, 101, 3), (1, 102, 5)]));
    assert_eq!(with(SelfTrade::DecrementAndCancel, 8), (Ok((3, 5)), vec![(1, 102, 2)]));
    assert_eq!(with(SelfTrade::CancelProvide, 4), (Ok((4, 0)), vec![(1, 102, 1)]));
    assert_eq!(with(SelfTrade::Abort, 2).0, Err(BookError::SelfTrade));
}

#[test]
fn an_expired_order_is_removed_in_passing_and_never_fills() {
    let mut market = market();
    market.rests(Taker { expires_at: 11, ..ask(1, 101, 5) });
    market.rests(Taker { expires_at: 11, ..ask(2, 101, 5) });
    market.rests(ask(3, 102, 5));
    assert_eq!(market.tries(Taker { expires_at: 10, ..bid(9, 1, 1) }), Err(BookError::AlreadyExpired));
    market.limits.now = 11;
    market.limits.removals = 1;
    let outcome = market.places(bid(9, 102, 1));
    assert_eq!((outcome.stopped, outcome.removed, outcome.rested), (Stopped::Removals, 1, None));
    assert_eq!(market.places(bid(9, 102, 1)).filled.get(), 1);
    assert_eq!(market.program.taken, [(1, 5, Reason::Expired), (2, 5, Reason::Expired)]);
    assert_eq!(market.program.fills, [(3, 102, 1)]);
}

#[test]
fn a_price_outside_the_band_never_fills_and_the_order_does_not_rest_across_it() {
    let mut market = market();
    market.rests(ask(1, 151, 5));
    let outcome = market.places(bid(9, 160, 1));
    assert_eq!((outcome.stopped, outcome.cancelled.get()), (Stopped::Band, 1));
    assert_eq!(market.resting(Side::Ask), [(1, 151, 5)]);
    market.rests(ask(2, 49, 5));
    market.rests(ask(3, 50, 5));
    assert_eq!(
        market.places(bid(9, 150, 1)).filled.get(),
        1,
        "an order left behind does not block the market"
    );
    assert_eq!(market.program.taken, [(2, 5, Reason::OutsideBand)]);
    assert_eq!(market.program.fills, [(3, 50, 1)]);
}

#[test]
fn no_more_makers_are_met_than_allowed() {
    let mut market = market();
    for owner in 1..4 {
        market.rests(ask(owner, 101, 1));
    }
    market.limits.makers = 2;
    let outcome = market.places(bid(9, 101, 3));
    assert_eq!((outcome.filled.get(), outcome.cancelled.get()), (2, 1));
    assert_eq!((outcome.stopped, outcome.makers), (Stopped::Makers, 2));
    let outcome = market.places(bid(9, 100, 3));
    assert_eq!(outcome.stopped, Stopped::No, "nobody is left at this price");
    assert!(outcome.rested.is_some());
}

#[test]
fn a_pegged_order_follows_the_oracle_and_the_older_of_equals_is_first() {
    let mut market = market();
    market.rests(pegged(ask(1, 0, 1), 3, 1));
    market.rests(ask(2, 103, 1));
    market.rests(pegged(ask(3, 0, 1), 3, 1));
    assert_eq!(market.resting(Side::Ask), [(1, 103, 1), (2, 103, 1), (3, 103, 1)]);
    market.oracle = Some(Ticks::new(101));
    assert_eq!(market.resting(Side::Ask), [(2, 103, 1), (1, 104, 1), (3, 104, 1)]);
    market.oracle = Some(Ticks::new(99));
    market.places(bid(9, 103, 3));
    assert_eq!(market.program.fills, [(1, 102, 1), (3, 102, 1), (2, 103, 1)]);
}

#[test]
fn a_pegged_order_beyond_its_limit_neither_rests_nor_matches() {
    let mut market = market();
    assert_eq!(market.tries(pegged(bid(1, 0, 1), 5, 104)), Err(BookError::BeyondPegLimit));
    market.rests(pegged(bid(1, 0, 1), 5, 105));
    market.oracle = Some(Ticks::new(101));
    assert_eq!(market.resting(Side::Bid), []);
    market.places(Taker { kind: Kind::ImmediateOrCancel, ..ask(9, 90, 1) });
    assert_eq!(market.program.taken, [(1, 1, Reason::BeyondPegLimit)]);
    assert!(market.program.fills.is_empty());
}

#[test]
fn without_an_oracle_price_pegged_orders_wait() {
    let mut market = market();
    market.rests(pegged(bid(1, 0, 1), -5, 105));
    market.oracle = None;
    assert_eq!(market.tries(pegged(bid(1, 0, 1), -5, 105)), Err(BookError::NoOraclePrice));
    assert_eq!(market.places(ask(9, 60, 1)).filled, Size::ZERO);
    market.oracle = Some(Ticks::new(ORACLE));
    assert_eq!(market.resting(Side::Bid), [(1, 95, 1)]);
}

#[test]
fn a_full_side_evicts_its_worst_only_for_a_better_order() {
    let mut market = market();
    for (owner, price) in [(1, 90), (2, 91), (3, 92)] {
        market.rests(bid(owner, price, 1));
    }
    market.rests(pegged(bid(4, 0, 1), -10, 100));
    assert_eq!(market.tries(bid(9, 90, 1)), Err(BookError::BookFull));
    market.rests(bid(5, 93, 1));
    assert_eq!(market.program.taken, [(4, 1, Reason::Evicted)], "the younger of the two at 90");
    market.rests(bid(6, 94, 1));
    assert_eq!(market.resting(Side::Bid), [(6, 94, 1), (5, 93, 1), (3, 92, 1), (2, 91, 1)]);
    market.program.can_take_off = false;
    assert_eq!(market.tries(bid(9, 99, 1)), Err(BookError::BookFull));
}

#[test]
fn what_is_no_order_is_refused() {
    let mut market = market();
    assert_eq!(market.tries(bid(1, 0, 1)), Err(BookError::BadOrder));
    assert_eq!(market.tries(bid(1, 1, 0)), Err(BookError::BadOrder));
    let pegged_market = Taker { kind: Kind::Market, ..pegged(bid(1, 0, 1), 0, 200) };
    assert_eq!(market.tries(pegged_market), Err(BookError::BadOrder));
}

#[test]
fn the_largest_sizes_and_prices_fill_without_overflow() {
    let mut market = market();
    market.limits.band = (Ticks::ZERO, Ticks::MAX);
    market.rests(ask(1, u32::MAX, u32::MAX));
    let outcome = market.places(bid(9, u32::MAX, u32::MAX));
    assert_eq!(outcome.notional.get(), u64::from(u32::MAX) * u64::from(u32::MAX));
}

#[test]
fn only_bids_and_asks_of_one_market_are_a_book() {
    let (mut bids, mut asks) = (market().bids, market().asks);
    let refused = |a: &mut [u64], b: &mut [u64]| {
        Book::load(bytemuck::cast_slice_mut(a), bytemuck::cast_slice_mut(b)).err()
    };
    assert_eq!(refused(&mut bids, &mut asks), None);
    assert_eq!(refused(&mut asks, &mut bids), Some(BookError::NotABook));
    BookSide::create(bytemuck::cast_slice_mut(&mut asks), Side::Ask, Key([1; 32]), 0).unwrap();
    assert_eq!(refused(&mut bids, &mut asks), Some(BookError::NotABook));
    assert_eq!(BookSide::load(&mut [0; 151]).err(), Some(BookError::NotABook));
}
