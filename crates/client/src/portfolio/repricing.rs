//! A copy of the board on which prices can be moved: what would be, if.

use plimsoll_risk::{
    RiskError, layout::board::RiskBoard, market::refresh_market, num::Price, validity::Validity,
    valuation::refresh_bank,
};
use std::ops::Deref;

/// A board of one's own at a moment, whose feeds can be moved.
#[derive(Clone, Debug)]
pub struct Repriced {
    board: Box<RiskBoard>,
    now: i64,
}

impl Repriced {
    /// A copy of a board; `now` in unix seconds.
    pub fn new(board: &RiskBoard, now: i64) -> Self {
        Self { board: Box::new(*board), now }
    }

    /// Moves a feed to a price, valid and published at this moment, and with it every bank and market that uses the feed, as
    /// a refresh would: ratios as ramped by now, the rest unchanged. Stable price and average stay where they were: who
    /// asks the strict kinds asks what they would say in the first moment after such a move.
    ///
    /// A market in which a lot's worth leaves its range is closed, as the program closes it.
    ///
    /// # Errors
    /// `PriceOutOfRange`; `Missing` for a feed that the board does not have; `Overflow` where a share of a bank would be
    /// worth more than fits.
    pub fn moves(&mut self, feed: u8, price: Price) -> Result<(), RiskError> {
        let price = Price::checked(price.get())?;
        let RiskBoard { header, feeds, banks, markets } = &mut *self.board;
        let entry = feeds.get_mut(usize::from(feed)).ok_or(RiskError::Missing)?;
        entry.price = price;
        entry.publish_time = entry.publish_time.max(self.now);
        entry.validity = Validity::Valid.code();
        entry.last_valid_price = price;
        entry.last_valid_time = entry.publish_time;
        for terms in banks.iter_mut().take(header.bank_count.into()).filter(|terms| terms.feed == feed) {
            refresh_bank(terms, entry, header, self.now)?;
        }
        for terms in markets.iter_mut().take(header.market_count.into()).filter(|terms| terms.feed == feed) {
            if refresh_market(terms, entry, header, self.now).is_err() {
                terms.valid_until = 0;
            }
        }
        Ok(())
    }
}

impl Deref for Repriced {
    type Target = RiskBoard;
    fn deref(&self) -> &RiskBoard {
        &self.board
    }
}
