//! The two sides of a market: who comes, who leaves, and what a position makes of what its side went through.

use super::Market;
use crate::{
    errors::{Refusal, refused},
    events::Deleveraged,
    state::MarginAccount,
};
use anchor_lang::prelude::*;
use plimsoll_book::Size;
use plimsoll_risk::{
    deleveraging::{self, Pending, Residue},
    fill, funding,
    layout::{Key, account::Position, market::MarketTerms},
    num::Quote,
};

impl Market {
    /// Brings a position up to date before anything else happens to its lots: what its side went through if it has not
    /// applied that yet, otherwise funding alone. Returns the funding paid (native quote, below zero what it got), or what
    /// was pending, funding included.
    ///
    /// # Errors
    /// [`Refusal::Overflow`], [`Refusal::OutOfBounds`]: accounts that do not fit together.
    #[inline(always)]
    pub fn bring_up(
        &mut self,
        position: &mut Position,
        terms: &MarketTerms,
    ) -> Result<(Quote, Option<Pending>)> {
        self.bring_up_to(position, terms, self.premium.funding)
    }

    /// The same with another cumulative funding: the board's copy, where a check that reads it follows.
    ///
    /// # Errors
    /// As [`Market::bring_up`].
    #[inline(always)]
    pub fn bring_up_to(
        &mut self,
        position: &mut Position,
        terms: &MarketTerms,
        funding: i64,
    ) -> Result<(Quote, Option<Pending>)> {
        if deleveraging::is_behind(position, terms) {
            return Ok((Quote::ZERO, Some(self.catch_up(position, terms, funding)?)));
        }
        Ok((funding::apply(position, funding).map_err(refused)?, None))
    }

    #[cold]
    #[inline(never)]
    fn catch_up(&mut self, position: &mut Position, terms: &MarketTerms, funding: i64) -> Result<Pending> {
        let is_long = position.lots.get() > 0;
        let pending = deleveraging::apply(position, terms, funding).map_err(refused)?;
        let pending = pending.ok_or(Refusal::NothingToDo)?;
        self.residue(is_long).absorb(&pending).map_err(refused)?;
        Ok(pending)
    }

    /// Brings the position at a place up to date ([`Market::bring_up`]) and tells of what had been pending. Returns the funding
    /// paid, native quote; 0 where the event tells of it.
    ///
    /// # Errors
    /// [`Refusal::NoPosition`] for a place that is none; as [`Market::bring_up`].
    #[inline(always)]
    pub fn touch(
        &mut self,
        account: &mut MarginAccount,
        key: &Key,
        place: usize,
        terms: &MarketTerms,
    ) -> Result<Quote> {
        let position = account.positions.get_mut(place).ok_or(Refusal::NoPosition)?;
        if deleveraging::is_behind(position, terms) {
            self.touch_late(account, key, place, terms)?;
            return Ok(Quote::ZERO);
        }
        funding::apply(position, self.premium.funding).map_err(refused)
    }

    #[cold]
    #[inline(never)]
    fn touch_late(
        &mut self,
        account: &mut MarginAccount,
        key: &Key,
        place: usize,
        terms: &MarketTerms,
    ) -> Result<()> {
        let position = account.positions.get_mut(place).ok_or(Refusal::NoPosition)?;
        let pending = self.catch_up(position, terms, self.premium.funding)?;
        tell(account, key, self.index, &pending);
        Ok(())
    }

    /// Buys or sells lots for their worth (exact, 0 or more) and a fee, native quote, in a position that was brought up to
    /// date: the position, its side's snapshot where it joins one, and the market's lots.
    ///
    /// # Errors
    /// [`Refusal::Overflow`].
    pub fn trade(
        &mut self,
        position: &mut Position,
        terms: &MarketTerms,
        is_bid: bool,
        (lots, worth, fee): (Size, Quote, Quote),
    ) -> Result<()> {
        let before = position.lots.get();
        fill::fill(position, is_bid, lots.get(), worth, fee).map_err(refused)?;
        let after = position.lots.get();
        if after.signum() != before.signum() {
            fill::join_side(position, terms);
        }
        self.moved(before, after)
    }

    /// Notes how the lots of a position that was brought up to date changed, long above zero: the lots of both sides, and
    /// who is on them.
    ///
    /// # Errors
    /// [`Refusal::Overflow`] where fewer lots are left than were taken; [`Refusal::OutOfBounds`] where nobody is left who
    /// could leave.
    pub fn moved(&mut self, before: i32, after: i32) -> Result<()> {
        let longs = i64::from(after.max(0)).wrapping_sub(i64::from(before.max(0))); // both are 32 bits wide
        let shorts = i64::from(before.min(0)).wrapping_sub(i64::from(after.min(0)));
        self.long_lots = self.long_lots.checked_add_signed(longs).ok_or(Refusal::Overflow)?;
        self.short_lots = self.short_lots.checked_add_signed(shorts).ok_or(Refusal::Overflow)?;
        if before.signum() != after.signum() {
            self.change_sides(before, after)?;
        }
        Ok(())
    }

    #[inline(never)]
    fn change_sides(&mut self, before: i32, after: i32) -> Result<()> {
        if before != 0 {
            self.residue(before > 0).leaves().map_err(refused)?;
        }
        if after != 0 {
            self.residue(after > 0).joins().map_err(refused)?;
        }
        Ok(())
    }

    /// What the longs or the shorts have and their positions do not say yet.
    pub const fn residue(&mut self, is_long: bool) -> &mut Residue {
        if is_long { &mut self.long_residue } else { &mut self.short_residue }
    }
}

/// Tells of what a position made of what its side went through.
#[cold]
#[inline(never)]
pub fn tell(account: &mut MarginAccount, key: &Key, market: u8, pending: &Pending) {
    Deleveraged {
        account: Pubkey::from(key.0),
        sequence: account.next_event(),
        quote: pending.change.get(),
        closed: pending.closed,
        lots: pending.lots.get(),
        market,
    }
    .tell();
}

#[cfg(test)]
mod tests {
    #![allow(clippy::arithmetic_side_effects)]

    use super::*;
    use bytemuck::Zeroable;
    use plimsoll_risk::{
        deleveraging::{Closing, Side, deleverage},
        layout::market::MARKET_DELEVERAGED,
        num::Lots,
    };

    const MARKET: u8 = 0;

    fn parts() -> (Box<Market>, Box<MarketTerms>) {
        let (mut market, mut terms): (Box<Market>, Box<MarketTerms>) =
            (Box::new(Zeroable::zeroed()), Box::new(Zeroable::zeroed()));
        market.index = MARKET;
        Side::new().store(&mut terms, true);
        Side::new().store(&mut terms, false);
        (terms.lot_price, terms.shift, terms.flags) = (100, 0, 0);
        (market, terms)
    }

    /// A position that traded so many lots, long above zero, at 100 each.
    fn trader(market: &mut Market, terms: &MarketTerms, lots: i32) -> Position {
        let mut position = Position::zeroed();
        fill::open(&mut position, MARKET, terms).unwrap();
        trade(market, terms, &mut position, lots).unwrap();
        position
    }

    fn trade(market: &mut Market, terms: &MarketTerms, position: &mut Position, lots: i32) -> Result<()> {
        let worth = Quote::new(100 * i64::from(lots.unsigned_abs()));
        let size = Size::new(lots.unsigned_abs());
        market.trade(position, terms, lots > 0, (size, worth, Quote::ZERO))
    }

    fn counted(market: &Market) -> (u64, u64, u32, u32) {
        let (longs, shorts) = (market.long_residue, market.short_residue);
        (market.long_lots, market.short_lots, longs.positions, shorts.positions)
    }

    /// Closes so many of the longs' lots at 100 each.
    fn close_longs(market: &mut Market, terms: &mut MarketTerms, lots: u64) {
        let mut side = Side::of(terms, true);
        let closing = Closing {
            market: MARKET,
            is_long: true,
            open_lots: market.long_lots,
            lots,
            worth: Quote::from_unsigned(100 * lots).unwrap(),
            funding: market.premium.funding,
        };
        deleverage(&mut side, &mut market.long_residue, &closing).unwrap();
        side.store(terms, true);
        market.long_lots -= lots;
    }

    #[test]
    fn whoever_comes_to_a_side_or_leaves_it_is_counted() {
        let (mut market, terms) = parts();
        let mut position = trader(&mut market, &terms, 5);
        assert_eq!(counted(&market), (5, 0, 1, 0));
        for (lots, then) in [
            (3, (8, 0, 1, 0)),
            (-10, (0, 2, 0, 1)),
            (-1, (0, 3, 0, 1)),
            (3, (0, 0, 0, 0)),
            (-4, (0, 4, 0, 1)),
        ] {
            trade(&mut market, &terms, &mut position, lots).unwrap();
            assert_eq!(counted(&market), then, "after {lots}");
        }
        trade(&mut market, &terms, &mut position, 4).unwrap();
        assert!(position.was_short(), "its last lots were short");
    }

    #[test]
    fn more_lots_than_there_are_never_leave_a_side() {
        let (mut market, _) = parts();
        assert!(market.moved(1, 0).is_err());
        assert!(market.moved(-1, 0).is_err());
        assert_eq!(counted(&market), (0, 0, 0, 0));
    }

    #[test]
    fn funding_alone_is_paid_where_nothing_is_pending() {
        let (mut market, mut terms) = parts();
        let mut position = trader(&mut market, &terms, 5);
        for flags in [0, MARKET_DELEVERAGED] {
            terms.flags = flags;
            market.premium.funding += 7 << 32;
            let (paid, pending) = market.bring_up(&mut position, &terms).unwrap();
            assert_eq!((paid, pending), (Quote::new(35), None));
        }
    }

    #[test]
    fn a_pending_deleveraging_is_applied_first_and_leaves_the_residue() {
        let (mut market, mut terms) = parts();
        let mut positions = [trader(&mut market, &terms, 6), trader(&mut market, &terms, 4)];
        close_longs(&mut market, &mut terms, 5);
        assert_eq!((market.long_residue.lots, market.long_residue.behind), (-5, 2));
        for (position, left) in positions.iter_mut().zip([3, 2]) {
            let (paid, pending) = market.bring_up(position, &terms).unwrap();
            assert_eq!((position.lots, paid), (Lots::new(left), Quote::ZERO));
            assert_eq!(pending.unwrap().lots, Lots::new(left));
            assert!(market.bring_up(position, &terms).unwrap().1.is_none(), "it is applied once");
        }
        assert_eq!((market.long_residue.lots, market.long_residue.behind), (0, 0));
        assert_eq!(counted(&market), (5, 0, 2, 0));
    }

    #[test]
    fn a_position_that_deleveraging_closed_joins_anew_with_its_next_lots() {
        let (mut market, mut terms) = parts();
        let mut position = trader(&mut market, &terms, 3);
        trader(&mut market, &terms, 1);
        close_longs(&mut market, &mut terms, 4);
        let (_, pending) = market.bring_up(&mut position, &terms).unwrap();
        assert!(pending.unwrap().lots.is_zero());
        assert_eq!(counted(&market), (0, 0, 1, 0), "who has not been touched yet is still there");
        trade(&mut market, &terms, &mut position, 2).unwrap();
        assert_eq!(counted(&market), (2, 0, 2, 0));
        assert!(market.bring_up(&mut position, &terms).unwrap().1.is_none());
    }
}
