//! Fills that wait for their makers, in one account of the market: a header and a ring of 104-byte entries.
//!
//! A taker's transaction settles the makers whose accounts it brings; what happened to the others waits here until anyone
//! brings their accounts. Each entry has a number, given once and never again, and may be applied in any order: one that is
//! applied before an older one leaves a hole, which counts as used until all before it are applied too. A full queue
//! refuses and never overwrites, and the last quarter of the room is kept for liquidations.

use crate::{
    error::BookError,
    units::{OrderId, Side, Size, Ticks},
};
use core::ops::Range;
use plimsoll_risk::{layout::Key, num::Quote};

/// Bytes of the header. With an account's eight bytes in front, as long as two entries.
pub const HEADER_BYTES: usize = core::mem::size_of::<QueueHeader>();
/// Bytes of an entry.
pub const ENTRY_BYTES: usize = core::mem::size_of::<QueuedFill>();

/// [`QueuedFill::kind`] of an entry that is applied, or was never used.
pub const APPLIED: u8 = 0;
/// [`QueuedFill::kind`] of lots of the maker's order that met a taker.
pub const FILL: u8 = 1;
/// [`QueuedFill::kind`] of lots of the maker's order that left the book without a fill; the place of the
/// [`Reason`](crate::Reason) is added.
pub const TAKEN_OFF: u8 = 2;

plimsoll_risk::layout! {
    /// What stands in front of the entries.
    pub struct QueueHeader {
        /// The market.
        pub market: Key,
        /// The oldest number that may still wait.
        pub head: u64,
        /// How many numbers were ever given: the next one.
        pub tail: u64,
        /// How many entries wait.
        pub live: u32,
        /// How many entries are in use as a ring: number `n` stands in entry `n % capacity`.
        pub capacity: u32,
        /// The canonical bump of the account's address.
        pub bump: u8,
        /// Unused, zero.
        pub reserved: [u8; 7],
        /// Unused, zero.
        pub spare: [u8; 136],
    }

    /// What happened to a maker's order, for its margin account to be told.
    pub struct QueuedFill {
        /// The margin account that the order belongs to.
        pub maker: Key,
        /// The margin account that met it, or took it off in passing.
        pub taker: Key,
        /// The order.
        pub order: OrderId,
        /// What the maker pays for the fill, native units of the quote token; a rebate is negative.
        pub fee: Quote,
        /// The market's cumulative funding when they met, 2^-32 native quote a lot: the maker holds the lots since then.
        pub funding: i64,
        /// Where they met.
        pub price: Ticks,
        /// What the order was margined at.
        pub limit: Ticks,
        /// How much.
        pub lots: Size,
        /// Where the maker's account lists the order.
        pub slot: u8,
        /// The maker's side, a `Side`.
        pub side: u8,
        /// [`APPLIED`], [`FILL`], or from [`TAKEN_OFF`] on why the lots left the book without a fill.
        pub kind: u8,
        /// 1 if the order left the book with this, 0 if some of it rests on.
        pub closes: u8,
    }
}

impl QueuedFill {
    /// Whether its maker's account is still to be told.
    #[inline(always)]
    pub fn is_waiting(&self) -> bool {
        self.kind != APPLIED
    }

    /// Whether the lots met a taker, rather than left the book without a fill.
    #[inline(always)]
    pub fn is_fill(&self) -> bool {
        self.kind == FILL
    }

    /// Whether the maker buys or sells.
    #[inline(always)]
    pub fn side(&self) -> Side {
        if self.side == 0 { Side::Bid } else { Side::Ask }
    }

    /// Whether the order left the book with this.
    #[inline(always)]
    pub fn closes_order(&self) -> bool {
        self.closes != 0
    }
}

impl QueueHeader {
    /// Numbers that may still wait, oldest first; among them are those applied out of turn.
    #[inline(always)]
    pub fn numbers(&self) -> Range<u64> {
        self.head..self.tail
    }

    /// Entries that nothing new may use: those that wait, and holes behind the oldest of them.
    #[inline(always)]
    fn used(&self) -> u64 {
        self.tail.saturating_sub(self.head)
    }

    /// Room for new entries; for all but liquidations without the last quarter of the capacity, rounded up.
    #[inline(always)]
    pub fn room(&self, for_liquidation: bool) -> u32 {
        let kept = if for_liquidation { 0 } else { self.capacity.div_ceil(4) };
        let room = u64::from(self.capacity.saturating_sub(kept)).saturating_sub(self.used());
        u32::try_from(room).unwrap_or(0) // Never above the capacity.
    }

    /// Whether half of the capacity or more is used, holes included.
    #[inline(always)]
    pub fn is_half_full(&self) -> bool {
        self.used() >= u64::from(self.capacity.div_ceil(2))
    }
}

/// A fill queue, read-only.
#[derive(Clone, Copy)]
pub struct QueueView<'a> {
    header: &'a QueueHeader,
    /// The ring: as many as the header's capacity says.
    ring: &'a [QueuedFill],
}

impl<'a> QueueView<'a> {
    /// Reads a queue from its account's bytes behind the discriminator.
    ///
    /// # Errors
    /// `NotABook` for bytes that are no queue.
    pub fn load(bytes: &'a [u8]) -> Result<Self, BookError> {
        let (header, rest) = bytes.split_at_checked(HEADER_BYTES).ok_or(BookError::NotABook)?;
        let header: &QueueHeader = bytemuck::try_from_bytes(header).map_err(|_| BookError::NotABook)?;
        let whole = rest.get(..whole_entries(rest.len())).ok_or(BookError::NotABook)?;
        let entries: &[QueuedFill] = bytemuck::try_cast_slice(whole).map_err(|_| BookError::NotABook)?;
        let ring = entries.get(..ring_length(header)?).ok_or(BookError::NotABook)?;
        Ok(Self { header, ring })
    }

    /// What stands in front of the entries, and what follows from it: numbers, room.
    #[inline(always)]
    pub fn header(&self) -> &'a QueueHeader {
        self.header
    }

    /// The entry of a number. `None` if it is applied, or was never given.
    #[inline]
    pub fn get(&self, number: u64) -> Option<&'a QueuedFill> {
        if !self.header.numbers().contains(&number) {
            return None;
        }
        self.ring.get(place(number, self.ring.len())?).filter(|fill| fill.is_waiting())
    }

    /// What waits, with its numbers, oldest first.
    pub fn waiting(self) -> impl Iterator<Item = (u64, &'a QueuedFill)> {
        self.header.numbers().filter_map(move |number| Some((number, self.get(number)?)))
    }

    /// How many entries wait that this taker caused, of either kind. Reads every used entry.
    pub fn unsettled_of(&self, taker: &Key) -> u32 {
        let used = usize::try_from(self.header.used()).unwrap_or(usize::MAX);
        let from = place(self.header.head, self.ring.len()).unwrap_or(0);
        // The ring's used part: from the head to the ring's end, then from its beginning.
        let (before, after) = self.ring.split_at_checked(from).unwrap_or((&[], self.ring));
        let older = after.get(..used).unwrap_or(after);
        let newer = before.get(..used.saturating_sub(older.len())).unwrap_or(before);
        waiting_of(older, taker).saturating_add(waiting_of(newer, taker))
    }
}

/// A fill queue, in its account's bytes.
pub struct FillQueue<'a> {
    header: &'a mut QueueHeader,
    /// The ring: as many as the header's capacity says.
    ring: &'a mut [QueuedFill],
}

impl<'a> FillQueue<'a> {
    /// Makes an empty queue of zeroed bytes, an account's behind the discriminator.
    ///
    /// # Errors
    /// `NotABook` for bytes too short for a header, or misaligned.
    pub fn create(bytes: &'a mut [u8], market: Key, bump: u8) -> Result<Self, BookError> {
        let queue = Self::load(bytes)?;
        (queue.header.market, queue.header.bump) = (market, bump);
        Ok(queue)
    }

    /// Reads a queue from its account's bytes behind the discriminator. An empty queue takes all room that the account has
    /// into use: while anything waits, changing the capacity would move it.
    ///
    /// # Errors
    /// `NotABook` for bytes that are no queue.
    pub fn load(bytes: &'a mut [u8]) -> Result<Self, BookError> {
        let (header, rest) = bytes.split_at_mut_checked(HEADER_BYTES).ok_or(BookError::NotABook)?;
        let header: &mut QueueHeader =
            bytemuck::try_from_bytes_mut(header).map_err(|_| BookError::NotABook)?;
        let whole = whole_entries(rest.len());
        let whole = rest.get_mut(..whole).ok_or(BookError::NotABook)?;
        let entries: &mut [QueuedFill] =
            bytemuck::try_cast_slice_mut(whole).map_err(|_| BookError::NotABook)?;
        if header.head == header.tail {
            header.capacity = u32::try_from(entries.len()).unwrap_or(u32::MAX);
        }
        let ring = entries.get_mut(..ring_length(header)?).ok_or(BookError::NotABook)?;
        Ok(Self { header, ring })
    }

    /// The same, read-only.
    #[inline(always)]
    pub fn view(&self) -> QueueView<'_> {
        QueueView { header: self.header, ring: self.ring }
    }

    /// What stands in front of the entries.
    #[inline(always)]
    pub fn header(&self) -> &QueueHeader {
        self.header
    }

    /// See [`QueueHeader::room`].
    #[inline(always)]
    pub fn room(&self, for_liquidation: bool) -> u32 {
        self.header.room(for_liquidation)
    }

    /// See [`QueueHeader::is_half_full`].
    #[inline(always)]
    pub fn is_half_full(&self) -> bool {
        self.header.is_half_full()
    }

    /// See [`QueueHeader::numbers`].
    #[inline(always)]
    pub fn numbers(&self) -> Range<u64> {
        self.header.numbers()
    }

    /// See [`QueueView::get`].
    #[inline(always)]
    pub fn get(&self, number: u64) -> Option<&QueuedFill> {
        self.view().get(number)
    }

    /// See [`QueueView::unsettled_of`].
    #[inline(always)]
    pub fn unsettled_of(&self, taker: &Key) -> u32 {
        self.view().unsettled_of(taker)
    }

    /// Puts an entry behind all others and returns its number. Uses the room kept for liquidations too: whoever may not
    /// asks [`FillQueue::room`] first.
    ///
    /// # Errors
    /// `QueueFull` without room; `BadOrder` for an entry that says it is applied.
    pub fn push(&mut self, fill: &QueuedFill) -> Result<u64, BookError> {
        if !fill.is_waiting() {
            return Err(BookError::BadOrder);
        }
        let number = self.header.tail;
        if self.header.used() >= u64::from(self.header.capacity) {
            return Err(BookError::QueueFull);
        }
        let tail = number.checked_add(1).ok_or(BookError::Overflow)?;
        let at = place(number, self.ring.len()).ok_or(BookError::QueueFull)?;
        let place = self.ring.get_mut(at).ok_or(BookError::Corrupt)?;
        *place = *fill;
        self.header.tail = tail;
        self.header.live = self.header.live.checked_add(1).ok_or(BookError::Overflow)?;
        Ok(number)
    }

    /// Marks an entry as applied and returns it as it waited. Room comes back once all before it are applied too.
    ///
    /// # Errors
    /// `NoSuchFill` if it is applied already, or was never given.
    pub fn take(&mut self, number: u64) -> Result<QueuedFill, BookError> {
        if !self.header.numbers().contains(&number) {
            return Err(BookError::NoSuchFill);
        }
        let at = place(number, self.ring.len()).ok_or(BookError::NoSuchFill)?;
        let entry = self.ring.get_mut(at).ok_or(BookError::Corrupt)?;
        if !entry.is_waiting() {
            return Err(BookError::NoSuchFill);
        }
        let fill = *entry;
        entry.kind = APPLIED;
        self.header.live = self.header.live.saturating_sub(1);
        if number == self.header.head {
            self.pass_applied();
        }
        Ok(fill)
    }

    /// Moves the head to the oldest entry that waits: a step for each hole, on chain some ten compute units, and each hole is
    /// passed only once.
    fn pass_applied(&mut self) {
        if self.header.live == 0 {
            self.header.head = self.header.tail;
            return;
        }
        for number in self.header.numbers() {
            if self.view().get(number).is_some() {
                self.header.head = number;
                return;
            }
        }
    }
}

/// How many of these wait and have this taker.
fn waiting_of(entries: &[QueuedFill], taker: &Key) -> u32 {
    let mut count: u32 = 0;
    for fill in entries {
        if fill.taker == *taker && fill.is_waiting() {
            count = count.saturating_add(1);
        }
    }
    count
}

/// The entry in which a number stands. `None` without entries.
#[inline(always)]
fn place(number: u64, capacity: usize) -> Option<usize> {
    usize::try_from(number.checked_rem(capacity as u64)?).ok()
}

/// The header's capacity. `NotABook` if more entries are in use than it has, or if the head is behind the tail.
fn ring_length(header: &QueueHeader) -> Result<usize, BookError> {
    match header.tail.checked_sub(header.head) {
        Some(used) if used <= u64::from(header.capacity) => Ok(header.capacity as usize),
        _ => Err(BookError::NotABook),
    }
}

/// Bytes of the entries that fit.
#[allow(clippy::arithmetic_side_effects)] // ENTRY_BYTES is not 0, and the remainder is not above the length.
const fn whole_entries(bytes: usize) -> usize {
    bytes - bytes % ENTRY_BYTES
}
