//! How the book's makers are settled: at once where their accounts were passed, through the fill queue where not.

use crate::{
    ID,
    errors::{Refusal, refused, unbooked},
    events::MakerChange,
    state::{MarginAccount, Market},
};
use anchor_lang::{Discriminator, ZeroCopy, prelude::*};
use core::cell::{RefCell, RefMut};
use plimsoll_book::{
    Admission, BookError, Fill, Makers, Reason, Side, Size, Taken, Ticks,
    queue::{FILL, FillQueue, QueuedFill, TAKEN_OFF},
    slab::Node,
};
use plimsoll_risk::{
    fill, funding,
    layout::{Key, account::Position, market::MarketTerms},
    num::{Lots, Quote},
};

/// This program, to be compared by words.
pub const PROGRAM: Key = Key(ID.to_bytes());

/// Why matching fails: the book's reasons and the program's own.
pub struct Failure(pub Error);

impl From<BookError> for Failure {
    #[cold]
    fn from(error: BookError) -> Self {
        Self(unbooked(error))
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self(error)
    }
}

/// Accounts that a transaction brought along, to be found by their addresses: quickest in the order in which they are needed.
pub struct Brought<'a, 'info> {
    accounts: &'a [AccountInfo<'info>],
    /// Where the next one is expected.
    cursor: usize,
}

impl<'a, 'info> Brought<'a, 'info> {
    pub fn new(accounts: &'a [AccountInfo<'info>]) -> Self {
        Self { accounts, cursor: 0 }
    }

    /// Finds an account, beginning where the last one was found. `None` if it is not here, or not to be written to.
    pub fn find(&mut self, key: &Key) -> Option<usize> {
        let (passed, ahead) = self.accounts.split_at_checked(self.cursor)?;
        let is_it = |account: &AccountInfo| key.is(account.key.as_array());
        let found = match ahead.iter().position(is_it) {
            Some(place) => place.wrapping_add(self.cursor), // both are places in one list
            None => passed.iter().position(is_it)?,
        };
        self.cursor = found;
        self.accounts.get(found).is_some_and(|account| account.is_writable).then_some(found)
    }

    /// A margin account by its place.
    ///
    /// # Errors
    /// [`Refusal::NotAMarginAccount`], and [`Refusal::DuplicateAccount`] for one that is in use already.
    pub fn load(&self, place: usize) -> Result<RefMut<'a, MarginAccount>> {
        let account = self.accounts.get(place).ok_or(Refusal::NoSuchOrder)?;
        ensure!(PROGRAM.is(account.owner.as_array()), Refusal::NotAMarginAccount);
        let data: &'a RefCell<&'info mut [u8]> = &account.data;
        let data = data.try_borrow_mut().map_err(|_| Refusal::DuplicateAccount)?;
        let is_one = data.len() == MarginAccount::SPACE && data.starts_with(MarginAccount::DISCRIMINATOR);
        ensure!(is_one, Refusal::NotAMarginAccount);
        Ok(RefMut::map(data, |data| bytemuck::from_bytes_mut(data.split_at_mut(8).1)))
    }

    /// A market or bank that is a leg of a loss, by its address.
    ///
    /// # Errors
    /// [`Refusal::MissingLeg`] where it is not here, cannot be written to, is in use, or is of another kind.
    pub fn open<T: ZeroCopy + Discriminator>(&mut self, key: &Key) -> Result<RefMut<'a, T>> {
        let data = self.data_of(key, T::DISCRIMINATOR, size_of::<T>())?;
        Ok(RefMut::map(data, |data| bytemuck::from_bytes_mut(data)))
    }

    /// An account's data behind its discriminator.
    #[inline(never)]
    fn data_of(&mut self, key: &Key, discriminator: &[u8], size: usize) -> Result<RefMut<'a, [u8]>> {
        let place = self.find(key).ok_or(Refusal::MissingLeg)?;
        let account = self.accounts.get(place).ok_or(Refusal::MissingLeg)?;
        let data: &'a RefCell<&'info mut [u8]> = &account.data;
        let is_ours = PROGRAM.is(account.owner.as_array());
        let data = data.try_borrow_mut().ok().filter(|data| {
            is_ours && data.len() == size.saturating_add(8) && data.starts_with(discriminator)
        });
        let data = data.ok_or(Refusal::MissingLeg)?;
        Ok(RefMut::map(data, |data| data.split_at_mut(8).1))
    }
}

/// What settling a maker's change leaves to tell and to tidy.
pub struct Settled {
    /// Where the maker's position is; its slot stays in use until [`MarginAccount::tidy`] gives it back.
    pub place: usize,
    /// Number of the event in the maker's account.
    pub sequence: u64,
    /// Funding that the position paid first, native quote; below zero what it got.
    pub funding: i64,
}

/// What happened to a maker's order, carried out in its account: position, orders, the market's lots. What the position's side
/// went through comes before the fill, which then joins that side as it stands now: queued lots are on no side.
///
/// # Errors
/// [`Refusal::NoPosition`], [`Refusal::Overflow`]: accounts that do not fit together.
pub fn settle(
    account: &mut MarginAccount,
    market: &mut Market,
    terms: &MarketTerms,
    change: &QueuedFill,
) -> Result<Settled> {
    let place = account.place_of(market.index).ok_or(Refusal::NoPosition)?;
    let paid =
        if change.is_fill() { market.touch(account, &change.maker, place, terms)? } else { Quote::ZERO };
    let position = account.positions.get_mut(place).ok_or(Refusal::NoPosition)?;
    let late = if change.is_fill() { fill_maker(position, market, terms, change)? } else { Quote::ZERO };
    let reserved = quote(market.worth_at(change.limit, change.lots)?)?;
    fill::release(position, change.side() == Side::Bid, change.lots.get(), reserved).map_err(refused)?;
    if change.closes_order() {
        account.strike_order(change.slot, change.order.get());
    }
    let funding = paid.checked_add(late).map_err(refused)?.get();
    Ok(Settled { place, sequence: account.next_event(), funding })
}

/// Fills a maker's position. Returns the funding of lots that waited: they have been the maker's since they were matched.
fn fill_maker(
    position: &mut Position,
    market: &mut Market,
    terms: &MarketTerms,
    change: &QueuedFill,
) -> Result<Quote> {
    let before = position.lots.get();
    let worth = quote(market.worth_at(change.price, change.lots)?)?;
    market.trade(position, terms, change.side() == Side::Bid, (change.lots, worth, change.fee))?;
    let lots = position.lots.get().checked_sub(before).ok_or(Refusal::Overflow)?;
    let (lots, funding) = (Lots::new(lots), market.premium.funding);
    funding::charge_late(position, lots, change.funding, funding).map_err(refused)
}

/// An exact worth as an amount with a sign.
///
/// # Errors
/// [`Refusal::Overflow`] from 2^63 on.
pub fn quote(worth: u64) -> Result<Quote> {
    Quote::from_unsigned(worth).map_err(refused)
}

/// What an event tells of a maker's change.
pub fn told(change: &QueuedFill, (sequence, funding): (u64, i64)) -> MakerChange {
    MakerChange {
        maker: Pubkey::from(change.maker.0),
        sequence,
        order: change.order.get(),
        lots: change.lots.get(),
        price: change.price.get(),
        fee: change.fee.get(),
        funding,
        kind: change.kind.saturating_sub(FILL),
    }
}

/// Settles the makers that one order meets.
pub struct Settlement<'a, 'q, 'info> {
    pub market: &'a mut Market,
    pub terms: &'a MarketTerms,
    pub queue: &'a mut FillQueue<'q>,
    pub brought: Brought<'a, 'info>,
    /// The taker's own account, whose resting orders may be met or pushed out too.
    pub account: &'a mut MarginAccount,
    /// Its address.
    pub taker: Key,
    /// How many entries of the queue this order may still use; [`UNCOUNTED`] until it needs one.
    pub allowance: u32,
    /// The makers' side.
    pub opposite: Side,
    /// Now, unix seconds.
    pub now: i64,
    /// What was filled, native quote.
    pub worth: u64,
    /// What happened to makers, in order.
    pub changes: Vec<MakerChange>,
}

/// In place of an allowance: the queue is asked once an order needs it. It never has so much room.
pub const UNCOUNTED: u32 = u32::MAX;

/// How many entries of the queue a taker's order may use: from half full on, `cap` in all for each taker.
fn allowance(queue: &FillQueue, cap: u32, taker: &Key) -> u32 {
    let room = queue.room(false);
    if queue.is_half_full() {
        return room.min(cap.saturating_sub(queue.unsettled_of(taker)));
    }
    let header = queue.header();
    let used = u32::try_from(header.tail.saturating_sub(header.head)).unwrap_or(u32::MAX);
    let to_half = (header.capacity / 2).saturating_sub(used);
    room.min(to_half.saturating_add(cap))
}

impl Settlement<'_, '_, '_> {
    fn is_own(&self, maker: &Node) -> bool {
        maker.owner == self.taker
    }

    /// How many entries of the queue are left to this order: from half full on, few for each taker.
    fn allowance(&mut self) -> u32 {
        if self.allowance == UNCOUNTED {
            self.allowance = allowance(self.queue, self.market.unsettled_cap, &self.taker);
        }
        self.allowance
    }

    /// Carries a change out, or lets it wait.
    fn carry_out(&mut self, change: &QueuedFill) -> Result<()> {
        let told_as = if change.maker == self.taker {
            let done = settle(self.account, self.market, self.terms, change)?;
            (done.sequence, done.funding)
        } else if let Some(place) = self.brought.find(&change.maker) {
            let mut account = self.brought.load(place)?;
            let done = settle(&mut account, self.market, self.terms, change)?;
            if change.closes_order() {
                account.tidy(done.place);
            }
            (done.sequence, done.funding)
        } else {
            let allowance = self.allowance();
            ensure!(allowance > 0, Refusal::QueueFull);
            self.allowance = allowance.saturating_sub(1);
            self.queue.push(change).map_err(unbooked)?;
            if change.is_fill() {
                self.market.waits(change.side(), change.lots)?;
            }
            (0, 0)
        };
        self.changes.push(told(change, told_as));
        Ok(())
    }

    /// What a reduce-only order of this account can still reduce, lots.
    fn reducible(&self, account: &MarginAccount, side: Side) -> Size {
        let lots = account.place_of(self.market.index).map_or(0, |place| account.positions[place].lots.get());
        let opposite = if side == Side::Bid { lots.min(0) } else { lots.max(0) };
        Size::new(opposite.unsigned_abs())
    }
}

impl Makers for Settlement<'_, '_, '_> {
    type Error = Failure;

    /// Only cheap facts: who was passed, who is flagged, what may only reduce. Makers are margined when they place.
    fn admit(&mut self, maker: &Node, _price: Ticks) -> Admission {
        let Some(place) = self.brought.find(&maker.owner) else {
            return if maker.is_reduce_only() {
                Admission::Skip
            } else if self.allowance() == 0 {
                Admission::Stop
            } else {
                Admission::Fill
            };
        };
        // What cannot be read is refused when the fill is settled.
        let Ok(account) = self.brought.load(place) else { return Admission::Fill };
        if account.has_flags() && account.is_flagged_in(self.market.index, self.now) {
            Admission::Remove
        } else if maker.is_reduce_only() {
            Admission::Clip(self.reducible(&account, self.opposite))
        } else {
            Admission::Fill
        }
    }

    fn can_take_off(&mut self, maker: &Node, _reason: Reason) -> bool {
        self.is_own(maker) || self.allowance() > 0 || self.brought.find(&maker.owner).is_some()
    }

    fn filled(&mut self, fill: &Fill) -> core::result::Result<(), Failure> {
        let worth = self.market.worth_at(fill.price, fill.lots)?;
        let fee = self.market.maker_fee_on(worth)?;
        self.market.charge(fee)?;
        self.worth = self.worth.checked_add(worth).ok_or(Refusal::Overflow).map_err(Error::from)?;
        let change = QueuedFill {
            maker: fill.maker.owner,
            taker: self.taker,
            order: fill.maker.id,
            fee: Quote::new(fee),
            funding: self.market.premium.funding,
            price: fill.price,
            limit: fill.maker.limit(self.opposite),
            lots: fill.lots,
            slot: fill.maker.slot,
            side: self.opposite.code(),
            kind: FILL,
            closes: u8::from(fill.maker.lots.is_zero()),
        };
        self.carry_out(&change).map_err(Failure)
    }

    fn taken_off(&mut self, taken: &Taken) -> core::result::Result<(), Failure> {
        let side = taken.maker.id.side();
        let change = QueuedFill {
            maker: taken.maker.owner,
            taker: self.taker,
            order: taken.maker.id,
            fee: Quote::ZERO,
            funding: self.market.premium.funding,
            price: taken.maker.limit(side),
            limit: taken.maker.limit(side),
            lots: taken.lots,
            slot: taken.maker.slot,
            side: side.code(),
            kind: TAKEN_OFF.saturating_add(taken.reason as u8),
            closes: u8::from(taken.maker.lots.is_zero()),
        };
        self.carry_out(&change).map_err(Failure)
    }
}
