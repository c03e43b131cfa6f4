//! Whom an order is expected to meet: their margin accounts ride along, and are settled at once.

use plimsoll_client::book::{BookView, Side, Ticks};
use solana_pubkey::Pubkey;

/// An order on its way to the book.
#[derive(Clone, Copy, Debug)]
pub struct Meeting {
    /// Whether it buys or sells.
    pub side: Side,
    /// Its worst price.
    pub limit: Ticks,
    /// Where pegged orders stand.
    pub oracle: Option<Ticks>,
    /// The chain's time, unix seconds.
    pub now: i64,
    /// Whose it is: nobody settles with himself.
    pub own: Pubkey,
}

impl Meeting {
    /// Margin accounts of the orders that it would meet, in the order in which it would, each once, at most so many.
    pub fn makers(&self, book: &BookView<'_>, most: usize) -> Vec<Pubkey> {
        let now = u32::try_from(self.now).unwrap_or(u32::MAX);
        let is_within = |price: Ticks| match self.side {
            Side::Bid => price <= self.limit,
            Side::Ask => price >= self.limit,
        };
        let mut found = Vec::new();
        let resting = book.side(self.side.opposite()).orders(self.oracle, now);
        for met in resting.take_while(|met| is_within(met.price)) {
            let owner = Pubkey::from(met.order.owner.0);
            if found.len() == most {
                break;
            }
            if owner != self.own && !found.contains(&owner) {
                found.push(owner);
            }
        }
        found
    }
}
