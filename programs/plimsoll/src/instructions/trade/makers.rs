//! How the book's makers are settled: at once where their accounts were passed, through the fill queue where not.

use crate::{
    ID,
    errors::{Refusal, refused, unbooked},
    events::MakerChange,
    state::{MarginAccount, Market},
};
use anchor_lang::{Discriminator, prelude::*};
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

/// Margin accounts that a transaction brought along, to be found by their addresses in the order in which they are needed.
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
}

/// What happened to a maker's order, carried out in its account: position, orders, the market's lots. Returns the number of
/// the event and the funding that was applied first, native quote.
///
/// The position's slot stays in use; [`MarginAccount::tidy`] gives it back.
///
/// # Errors
/// [`Refusal::NoPosition`], [`Refusal::Overflow`]: accounts that do not fit together.
pub fn settle(
    account: &mut MarginAccount,
    market: &mut Market,
    terms: &MarketTerms,
    change: &QueuedFill,
) -> Result<(u64, i64)> {
    let (_, position) = account.position_in(market.index)?;
    let is_bid = change.side() == Side::Bid;
    let reserved = quote(market.worth_at(change.limit, change.lots)?)?;
    let mut paid = Quote::ZERO;
    if change.is_fill() {
        let before = position.lots.get();
        paid = funding::apply(position, market.premium.funding).map_err(refused)?;
        let worth = quote(market.worth_at(change.price, change.lots)?)?;
        trade(position, terms, is_bid, (change.lots, worth, change.fee))?;
        market.count(before, position.lots.get())?;
        // What waited has been the maker's since it was matched.
        let lots = position.lots.get().checked_sub(before).ok_or(Refusal::Overflow)?;
        let (lots, funding) = (Lots::new(lots), market.premium.funding);
        let late = funding::charge_late(position, lots, change.funding, funding).map_err(refused)?;
        paid = paid.checked_add(late).map_err(refused)?;
    }
    fill::release(position, is_bid, change.lots.get(), reserved).map_err(refused)?;
    if change.closes_order() {
        account.strike_order(change.slot, change.order.get());
    }
    Ok((account.next_event(), paid.get()))
}

/// Buys or sells lots for their worth and a fee; a position that changed its side joins that side's deleveraging.
///
/// # Errors
/// [`Refusal::Overflow`].
pub fn trade(
    position: &mut Position,
    terms: &MarketTerms,
    is_bid: bool,
    (lots, worth, fee): (Size, Quote, Quote),
) -> Result<()> {
    let before = position.lots.get().signum();
    fill::fill(position, is_bid, lots.get(), worth, fee).map_err(refused)?;
    if position.lots.get().signum() != before {
        fill::join_side(position, terms);
    }
    Ok(())
}

/// An exact worth as an amount with a sign.
///
/// # Errors
/// [`Refusal::Overflow`] from 2^63 on.
pub fn quote(worth: u64) -> Result<Quote> {
    Quote::from_unsigned(worth).map_err(refused)
}

/// What an event tells of a maker's change.
pub fn told(change: &QueuedFill, sequence: u64, funding: i64) -> MakerChange {
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
    /// How many entries of the queue this order may use.
    pub allowance: u32,
    /// The makers' side.
    pub opposite: Side,
    /// What was filled, native quote.
    pub worth: u64,
    /// What happened to makers, in order.
    pub changes: Vec<MakerChange>,
}

impl Settlement<'_, '_, '_> {
    fn is_own(&self, maker: &Node) -> bool {
        maker.owner == self.taker
    }

    /// Carries a change out, or lets it wait.
    fn carry_out(&mut self, change: &QueuedFill) -> Result<()> {
        let (sequence, funding) = if change.maker == self.taker {
            settle(self.account, self.market, self.terms, change)?
        } else if let Some(place) = self.brought.find(&change.maker) {
            let mut account = self.brought.load(place)?;
            let done = settle(&mut account, self.market, self.terms, change)?;
            if let Some(place) = account.place_of(self.market.index).filter(|_| change.closes_order()) {
                account.tidy(place);
            }
            done
        } else {
            ensure!(self.allowance > 0, Refusal::QueueFull);
            self.allowance = self.allowance.saturating_sub(1);
            self.queue.push(change).map_err(unbooked)?;
            if change.is_fill() {
                self.market.waits(change.side(), change.lots)?;
            }
            (0, 0)
        };
        self.changes.push(told(change, sequence, funding));
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
            return match (maker.is_reduce_only(), self.allowance) {
                (true, _) => Admission::Skip,
                (false, 0) => Admission::Stop,
                (false, _) => Admission::Fill,
            };
        };
        // What cannot be read is refused when the fill is settled.
        let Ok(account) = self.brought.load(place) else { return Admission::Fill };
        if account.header.flagged_at != 0 {
            Admission::Remove
        } else if maker.is_reduce_only() {
            Admission::Clip(self.reducible(&account, self.opposite))
        } else {
            Admission::Fill
        }
    }

    fn can_take_off(&mut self, maker: &Node, _reason: Reason) -> bool {
        self.is_own(maker) || self.allowance > 0 || self.brought.find(&maker.owner).is_some()
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
