//! The fill queue: what waits is applied once, in any order, and a vector that cannot forget agrees at every step.

use plimsoll_book::{
    BookError, FillQueue, OrderId, QueueView, QueuedFill, Side, Size, Ticks,
    queue::{ENTRY_BYTES, FILL, HEADER_BYTES, TAKEN_OFF},
};
use plimsoll_risk::{layout::Key, num::Quote};
use proptest::prelude::*;

const MARKET: Key = Key([7; 32]);

fn bytes(capacity: usize) -> Vec<u64> {
    vec![0; (HEADER_BYTES + capacity * ENTRY_BYTES) / 8]
}

fn created(capacity: usize) -> Vec<u64> {
    let mut bytes = bytes(capacity);
    FillQueue::create(bytemuck::cast_slice_mut(&mut bytes), MARKET, 254).unwrap();
    bytes
}

fn load(bytes: &mut [u64]) -> FillQueue<'_> {
    FillQueue::load(bytemuck::cast_slice_mut(bytes)).unwrap()
}

fn taker(n: u8) -> Key {
    // All but the last byte alike: the first word alone would not tell these apart.
    let mut key = [9; 32];
    key[31] = n;
    Key(key)
}

fn fill(n: u32) -> QueuedFill {
    QueuedFill {
        maker: Key([n as u8; 32]),
        taker: taker((n % 3) as u8),
        order: OrderId::new(u64::from(n) + 2),
        fee: Quote::new(-i64::from(n)),
        funding: 0,
        price: Ticks::new(n + 1),
        limit: Ticks::new(n + 2),
        lots: Size::new(n + 3),
        slot: (n % 32) as u8,
        side: (n % 2) as u8,
        kind: if n.is_multiple_of(5) { TAKEN_OFF } else { FILL },
        closes: (n % 2) as u8,
    }
}

fn same(a: &QueuedFill, b: &QueuedFill) -> bool {
    bytemuck::bytes_of(a) == bytemuck::bytes_of(b)
}

#[test]
fn a_new_queue_is_empty_and_knows_its_market() {
    let mut bytes = created(8);
    let queue = load(&mut bytes);
    assert_eq!((queue.header().market, queue.header().bump, queue.header().capacity), (MARKET, 254, 8));
    assert_eq!((queue.numbers(), queue.room(true), queue.room(false)), (0..0, 8, 6));
    assert!(!queue.is_half_full());
    assert!(queue.get(0).is_none());
}

#[test]
fn an_entry_comes_back_as_it_was_pushed_and_only_once() {
    let mut bytes = created(4);
    let mut queue = load(&mut bytes);
    assert_eq!(queue.push(&fill(5)), Ok(0));
    let waiting = *queue.get(0).unwrap();
    assert!(same(&waiting, &fill(5)));
    assert_eq!(
        (waiting.side(), waiting.is_fill(), waiting.closes_order(), waiting.fee.get()),
        (Side::Ask, false, true, -5)
    );
    assert!(same(&queue.take(0).unwrap(), &fill(5)));
    assert_eq!(queue.take(0).err(), Some(BookError::NoSuchFill));
    assert_eq!(queue.take(1).err(), Some(BookError::NoSuchFill));
    assert_eq!(queue.push(&QueuedFill { kind: 0, ..fill(5) }), Err(BookError::BadOrder));
}

#[test]
fn the_last_quarter_is_kept_for_liquidations_and_a_full_queue_refuses() {
    for (capacity, ordinary) in [(8u32, 6u32), (9, 6), (1, 0), (3, 2)] {
        let mut bytes = created(capacity as usize);
        let mut queue = load(&mut bytes);
        for n in 0..capacity {
            assert_eq!(queue.room(true), capacity - n);
            assert_eq!(queue.room(false), ordinary.saturating_sub(n));
            assert_eq!(queue.is_half_full(), 2 * n >= capacity);
            queue.push(&fill(n)).unwrap();
        }
        let before = bytes.clone();
        assert_eq!(load(&mut bytes).push(&fill(99)), Err(BookError::QueueFull));
        assert_eq!(bytes, before, "a refusal changes nothing");
    }
    assert_eq!(load(&mut created(0)).push(&fill(1)), Err(BookError::QueueFull));
}

#[test]
fn a_hole_counts_as_used_until_all_before_it_are_applied() {
    let mut bytes = created(4);
    let mut queue = load(&mut bytes);
    for n in 0..4 {
        queue.push(&fill(n)).unwrap();
    }
    queue.take(1).unwrap();
    queue.take(2).unwrap();
    assert_eq!((queue.numbers(), queue.room(true), queue.header().live), (0..4, 0, 2));
    assert_eq!(queue.push(&fill(9)), Err(BookError::QueueFull));
    assert!(queue.get(1).is_none());
    queue.take(0).unwrap();
    assert_eq!((queue.numbers(), queue.room(true)), (3..4, 3));
    assert_eq!(queue.push(&fill(4)), Ok(4));
    assert!(queue.get(0).is_none(), "a number is never given twice");
    assert!(same(queue.get(4).unwrap(), &fill(4)));
}

#[test]
fn a_queue_grows_while_it_is_empty_and_moves_nothing_while_it_is_not() {
    let mut bytes = created(4);
    for n in 0..3 {
        load(&mut bytes).push(&fill(n)).unwrap();
    }
    bytes.resize(bytes.len() + 10 * 1_024 / 8, 0);
    let mut queue = load(&mut bytes);
    assert_eq!(queue.header().capacity, 4);
    for n in 0..3 {
        assert!(same(&queue.take(n.into()).unwrap(), &fill(n)));
    }
    assert_eq!(queue.header().capacity, 4);
    let mut queue = load(&mut bytes);
    assert_eq!((queue.header().capacity, queue.room(true)), (102, 102));
    assert_eq!(queue.push(&fill(3)), Ok(3));
    assert!(same(queue.get(3).unwrap(), &fill(3)));
}

#[test]
fn a_takers_unsettled_fills_are_counted_by_the_whole_address() {
    let mut bytes = created(4);
    let mut queue = load(&mut bytes);
    for n in 0..3 {
        queue.push(&fill(n)).unwrap();
    }
    for n in 0..3 {
        queue.take(n).unwrap();
    }
    // Around the end of the ring: takers 0, 1, 2, 0.
    for n in 3..7 {
        queue.push(&fill(n)).unwrap();
    }
    let unsettled = |queue: &FillQueue| [0, 1, 2, 3].map(|n| queue.unsettled_of(&taker(n)));
    assert_eq!(unsettled(&queue), [2, 1, 1, 0]);
    queue.take(6).unwrap();
    assert_eq!(unsettled(&queue), [1, 1, 1, 0], "what is applied is settled, hole or not");
    assert_eq!(queue.unsettled_of(&Key([9; 32])), 0);
}

#[test]
fn bytes_that_are_no_queue_are_refused() {
    assert_eq!(FillQueue::load(&mut [0; HEADER_BYTES - 1]).err(), Some(BookError::NotABook));
    let mut bytes = created(2);
    load(&mut bytes).push(&fill(1)).unwrap();
    let short = bytes.len() - 2 * ENTRY_BYTES / 8;
    let cut: &[u8] = bytemuck::cast_slice(&bytes[..short]);
    assert_eq!(QueueView::load(cut).err(), Some(BookError::NotABook), "fewer entries than are in use");
    bytes[4] = 2; // The head is beyond the tail.
    assert_eq!(QueueView::load(bytemuck::cast_slice(&bytes)).err(), Some(BookError::NotABook));
    assert_eq!(FillQueue::load(bytemuck::cast_slice_mut(&mut bytes)).err(), Some(BookError::NotABook));
}

/// What waits, the slow and obvious way.
#[derive(Default)]
struct Model {
    /// By number; `None` is applied.
    all: Vec<Option<QueuedFill>>,
    capacity: usize,
    fits: usize,
}

impl Model {
    fn head(&self) -> usize {
        self.all.iter().position(Option::is_some).unwrap_or(self.all.len())
    }

    fn used(&self) -> usize {
        self.all.len() - self.head()
    }

    /// What `load` does.
    fn settle_capacity(&mut self) {
        if self.used() == 0 {
            self.capacity = self.fits;
        }
    }

    fn check(&self, view: &QueueView) {
        assert_eq!(view.header().numbers(), self.head() as u64..self.all.len() as u64);
        assert_eq!(view.header().room(true) as usize, self.capacity - self.used());
        let waiting: Vec<_> = view.waiting().collect();
        let expected: Vec<_> =
            self.all.iter().enumerate().filter_map(|(n, fill)| Some((n as u64, (*fill)?))).collect();
        assert_eq!(waiting.len(), view.header().live as usize);
        assert_eq!(waiting.len(), expected.len());
        for ((n, found), (m, fill)) in waiting.iter().zip(&expected) {
            assert!(n == m && same(found, fill));
        }
        for n in 0..4 {
            let mine = expected.iter().filter(|(_, fill)| fill.taker == taker(n)).count();
            assert_eq!(view.unsettled_of(&taker(n)) as usize, mine);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_pushes_takes_and_growth_lose_nothing_and_apply_nothing_twice(
        capacity in 0usize..12,
        steps in proptest::collection::vec((0u8..100, any::<u32>()), 1..300),
    ) {
        let mut bytes = created(capacity);
        let mut model = Model { capacity, fits: capacity, ..Model::default() };
        for (what, n) in steps {
            model.settle_capacity();
            match what {
                0..50 => {
                    let fill = fill(n % 1_000_000);
                    let number = load(&mut bytes).push(&fill);
                    if model.used() < model.capacity {
                        prop_assert_eq!(number, Ok(model.all.len() as u64));
                        model.all.push(Some(fill));
                    } else {
                        prop_assert_eq!(number, Err(BookError::QueueFull));
                    }
                }
                50..97 => {
                    // Mostly near the head, now and then gone or never given.
                    let number = (model.head() + n as usize % 8).saturating_sub(2);
                    let found = load(&mut bytes).take(number as u64);
                    match model.all.get_mut(number).and_then(Option::take) {
                        Some(fill) => prop_assert!(same(&found.unwrap(), &fill)),
                        None => prop_assert_eq!(found.err(), Some(BookError::NoSuchFill)),
                    }
                }
                _ => {
                    model.fits += n as usize % 5;
                    bytes.resize((HEADER_BYTES + model.fits * ENTRY_BYTES) / 8, 0);
                    model.settle_capacity();
                    load(&mut bytes);
                }
            }
            model.check(&QueueView::load(bytemuck::cast_slice(&bytes)).unwrap());
        }
    }

    #[test]
    fn no_bytes_at_all_make_the_queue_panic(mut bytes in proptest::collection::vec(any::<u64>(), 23..60), small in any::<bool>()) {
        if small {
            for word in &mut bytes {
                *word &= 0x0000_0003_0000_0003;
            }
        }
        if let Ok(view) = QueueView::load(bytemuck::cast_slice(&bytes)) {
            let _ = view.waiting().count();
            let _ = view.unsettled_of(&taker(1));
        }
        if let Ok(mut queue) = FillQueue::load(bytemuck::cast_slice_mut(&mut bytes)) {
            let _ = queue.push(&fill(1));
            for number in queue.numbers() {
                let _ = queue.take(number);
            }
        }
    }
}
