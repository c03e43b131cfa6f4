//! Both sides of a market's book.

use crate::{error::BookError, side::BookSide, units::Side};

/// Both sides of a market's book.
pub struct Book<'a> {
    /// Those who buy.
    pub bids: BookSide<'a>,
    /// Those who sell.
    pub asks: BookSide<'a>,
}

impl<'a> Book<'a> {
    /// Reads both sides from their accounts' bytes. `NotABook` if they are not bids and asks of one market.
    pub fn load(bids: &'a mut [u8], asks: &'a mut [u8]) -> Result<Self, BookError> {
        let (bids, asks) = (BookSide::load(bids)?, BookSide::load(asks)?);
        let one_market = bids.header.market == asks.header.market;
        if bids.side != Side::Bid || asks.side != Side::Ask || !one_market {
            return Err(BookError::NotABook);
        }
        Ok(Self { bids, asks })
    }

    /// One side.
    pub fn side(&mut self, side: Side) -> &mut BookSide<'a> {
        match side {
            Side::Bid => &mut self.bids,
            Side::Ask => &mut self.asks,
        }
    }

    /// The side that a taker would rest on, and the side that it takes from.
    pub(crate) fn own_and_opposite(&mut self, taker: Side) -> (&mut BookSide<'a>, &mut BookSide<'a>) {
        match taker {
            Side::Bid => (&mut self.bids, &mut self.asks),
            Side::Ask => (&mut self.asks, &mut self.bids),
        }
    }
}
