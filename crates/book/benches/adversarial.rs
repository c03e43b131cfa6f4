//! Operations per second on books that an attacker has shaped: `cargo bench -p plimsoll-book`.

use plimsoll_book::{
    Admission, Book, BookError, BookSide, Fill, Kind, Limits, Makers, Node, OrderPrice, SelfTrade, Side,
    Size, Taken, Taker, Ticks, side::NewOrder, slab,
};
use plimsoll_risk::layout::Key;
use std::{
    hint::black_box,
    time::{Duration, Instant},
};

const ORDERS: u32 = 1_024;
const ROUNDS: u32 = 500;

struct Anyone;

impl Makers for Anyone {
    type Error = BookError;

    fn admit(&mut self, _maker: &Node, _price: Ticks) -> Admission {
        Admission::Fill
    }

    fn filled(&mut self, fill: &Fill) -> Result<(), BookError> {
        black_box(fill);
        Ok(())
    }

    fn taken_off(&mut self, taken: &Taken) -> Result<(), BookError> {
        black_box(taken);
        Ok(())
    }
}

fn order(price: u32, pegged: bool) -> NewOrder {
    NewOrder {
        owner: Key([1; 32]),
        slot: 0,
        client_id: 0,
        price: match pegged {
            true => OrderPrice::Pegged { offset: price as i32, limit: Ticks::ZERO },
            false => OrderPrice::Fixed(Ticks::new(price)),
        },
        lots: Size::new(1),
        expires_at: 0,
        reduce_only: false,
    }
}

fn take_all() -> Taker {
    Taker {
        owner: Key([2; 32]),
        slot: 0,
        client_id: 0,
        side: Side::Bid,
        price: OrderPrice::Fixed(Ticks::MAX),
        lots: Size::new(ORDERS),
        kind: Kind::ImmediateOrCancel,
        self_trade: SelfTrade::Abort,
        reduce_only: None,
        expires_at: 0,
    }
}

fn print(name: &str, what: &str, time: Duration) {
    let per_second = f64::from(ORDERS * ROUNDS) / time.as_secs_f64();
    println!("{name:<28} {what:<8} {per_second:>14.0} per second");
}

/// Fills a side, cancels all of it in another order, fills it again and takes all of it, over and over.
fn bench(name: &str, price: impl Fn(u32) -> u32, pegged: impl Fn(u32) -> bool) {
    let words = (slab::HEADER_BYTES + ORDERS as usize * slab::NODE_BYTES) / 8;
    let (mut bids, mut asks) = (vec![0u64; words], vec![0u64; words]);
    let (bids, asks) = (bytemuck::cast_slice_mut(&mut bids), bytemuck::cast_slice_mut(&mut asks));
    BookSide::create(bids, Side::Bid, Key::NONE, 0).unwrap();
    BookSide::create(asks, Side::Ask, Key::NONE, 0).unwrap();
    let mut book = Book::load(bids, asks).unwrap();
    let limits = Limits { now: 1, band: (Ticks::ZERO, Ticks::MAX), makers: u32::MAX, removals: 0 };
    let mut resting = Vec::with_capacity(ORDERS as usize);
    let [mut inserting, mut cancelling, mut matching] = [Duration::ZERO; 3];
    for _ in 0..ROUNDS {
        let start = Instant::now();
        for n in 0..ORDERS {
            resting.push(book.asks.insert(&order(price(n), pegged(n))).unwrap());
        }
        inserting += start.elapsed();
        let start = Instant::now();
        for n in 0..ORDERS {
            // 1,024 and 389 have no common factor: every order once.
            let (at, id) = resting[(n * 389 % ORDERS) as usize];
            black_box(book.asks.cancel(at, id).unwrap());
        }
        cancelling += start.elapsed();
        resting.clear();
        for n in 0..ORDERS {
            book.asks.insert(&order(price(n), pegged(n))).unwrap();
        }
        let start = Instant::now();
        let taken =
            plimsoll_book::match_order(&mut book, &take_all(), Some(Ticks::new(1)), &limits, &mut Anyone);
        assert_eq!(taken.unwrap().filled, Size::new(ORDERS));
        matching += start.elapsed();
    }
    print(name, "insert", inserting);
    print(name, "cancel", cancelling);
    print(name, "fill", matching);
}

fn main() {
    let zig_zag = |n: u32| if n.is_multiple_of(2) { 1 + n } else { 2 * ORDERS - n };
    bench("rising prices", |n| n + 1, |_| false);
    bench("falling prices", |n| ORDERS - n, |_| false);
    bench("one price", |_| 77, |_| false);
    bench("zig-zag", zig_zag, |_| false);
    bench("scattered", |n| 1 + n * 389 % ORDERS, |_| false);
    bench("scattered, half pegged", |n| 1 + n * 389 % ORDERS, |n| n.is_multiple_of(2));
}
