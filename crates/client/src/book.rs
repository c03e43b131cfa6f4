//! Order books and fill queues, out of account data.

use crate::decode::DecodeError;
use plimsoll::state::book::{BOOK_SIDE, FILL_QUEUE};

pub use plimsoll_book::{
    Kind, Node, Notional, OrderId, QueueView, QueuedFill, Resting, SelfTrade, Side, SideView, Size, Ticks,
    audit,
    queue::{FILL, TAKEN_OFF},
};

const SIDE: &str = "side of a book";
const QUEUE: &str = "fill queue";

/// Both sides of a market's book, where their data lies.
#[derive(Clone, Copy)]
pub struct BookView<'a> {
    /// Those who buy.
    pub bids: SideView<'a>,
    /// Those who sell.
    pub asks: SideView<'a>,
}

impl<'a> BookView<'a> {
    /// Reads both sides from their accounts' data.
    ///
    /// # Errors
    /// Other kinds of accounts; sides that are exchanged, or of two markets.
    pub fn read(bids: &'a [u8], asks: &'a [u8]) -> Result<Self, DecodeError> {
        let book = Self { bids: side(bids)?, asks: side(asks)? };
        let fits = book.bids.side() == Side::Bid
            && book.asks.side() == Side::Ask
            && book.bids.header().market == book.asks.header().market;
        if fits { Ok(book) } else { Err(DecodeError::AnotherKind { wanted: SIDE }) }
    }

    /// One side.
    pub const fn side(&self, side: Side) -> SideView<'a> {
        match side {
            Side::Bid => self.bids,
            Side::Ask => self.asks,
        }
    }

    /// An order by its id and the node that its owner's account lists.
    pub fn order(&self, id: OrderId, node: u32) -> Option<&'a Node> {
        self.side(id.side()).order(node).filter(|order| order.id == id)
    }

    /// Every order of a side, pegged ones and those whose time is over included, in the order of the bytes.
    pub fn all(&self, side: Side) -> impl Iterator<Item = (u32, &'a Node)> + use<'a> {
        let side = self.side(side);
        let touched = side.header().touched;
        (0..touched).filter_map(move |at| Some((at, side.order(at)?)))
    }
}

/// Reads one side of a book from its account's data.
///
/// # Errors
/// Another kind of account; data that no program wrote, or at an odd place in memory.
pub fn side(data: &[u8]) -> Result<SideView<'_>, DecodeError> {
    let body = data.strip_prefix(BOOK_SIDE).ok_or(DecodeError::AnotherKind { wanted: SIDE })?;
    SideView::load(body).map_err(|_| DecodeError::Damaged { wanted: SIDE })
}

/// Reads a fill queue from its account's data.
///
/// # Errors
/// Another kind of account; data that no program wrote, or at an odd place in memory.
pub fn queue(data: &[u8]) -> Result<QueueView<'_>, DecodeError> {
    let body = data.strip_prefix(FILL_QUEUE).ok_or(DecodeError::AnotherKind { wanted: QUEUE })?;
    QueueView::load(body).map_err(|_| DecodeError::Damaged { wanted: QUEUE })
}

#[cfg(test)]
mod tests {
    use super::*;
    use plimsoll_book::{BookSide, FillQueue};
    use plimsoll_risk::layout::Key;

    const MARKET: Key = Key([9; 32]);

    /// Account data, aligned as every allocation of its own is.
    fn account(mark: &[u8; 8], write: impl FnOnce(&mut [u8])) -> Vec<u64> {
        let mut words = vec![0u64; 1_280];
        let bytes: &mut [u8] = bytemuck::cast_slice_mut(&mut words);
        let (head, body) = bytes.split_at_mut(8);
        head.copy_from_slice(mark);
        write(body);
        words
    }

    fn one_side(side: Side) -> Vec<u64> {
        account(BOOK_SIDE, |body| assert!(BookSide::create(body, side, MARKET, 255).is_ok()))
    }

    #[test]
    fn a_book_is_read_from_its_two_accounts_and_from_no_others() {
        let (bids, asks) = (one_side(Side::Bid), one_side(Side::Ask));
        let (bids, asks): (&[u8], &[u8]) = (bytemuck::cast_slice(&bids), bytemuck::cast_slice(&asks));
        let book = BookView::read(bids, asks).expect("a book");
        assert!(book.bids.is_empty() && book.asks.is_empty() && book.bids.capacity() == 126);
        assert_eq!(BookView::read(asks, bids).err(), Some(DecodeError::AnotherKind { wanted: SIDE }));
        assert_eq!(queue(bids).err(), Some(DecodeError::AnotherKind { wanted: QUEUE }));
    }

    #[test]
    fn a_queue_is_read_behind_its_mark() {
        let words = account(FILL_QUEUE, |body| assert!(FillQueue::create(body, MARKET, 255).is_ok()));
        let data: &[u8] = bytemuck::cast_slice(&words);
        assert_eq!(queue(data).expect("a queue").waiting().count(), 0);
        assert_eq!(side(data).err(), Some(DecodeError::AnotherKind { wanted: SIDE }));
        assert_eq!(queue(&data[..40]).err(), Some(DecodeError::Damaged { wanted: QUEUE }));
    }
}
