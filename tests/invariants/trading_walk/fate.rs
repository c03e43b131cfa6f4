//! What is foretold of an order, and what an event tells of it: the same words for both.

use plimsoll::events::{MakerChange, Ordered};
use solana_pubkey::Pubkey;

/// What is foretold of a maker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Foretold {
    pub maker: Pubkey,
    pub order: u64,
    pub lots: u32,
    pub price: u32,
    pub fee: i64,
    pub kind: u8,
    /// Whether it is settled in this transaction.
    pub at_once: bool,
}

/// What is foretold of an order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fate {
    /// Id, price, lots; zeros if nothing rests.
    pub rests: (u64, u32, u32),
    pub filled: u32,
    pub quote: u64,
    pub fee: i64,
    pub makers: Vec<Foretold>,
}

impl Foretold {
    pub fn of(change: &MakerChange) -> Self {
        let MakerChange { maker, sequence, order, lots, price, fee, kind, .. } = *change;
        Self { maker, order, lots, price, fee, kind, at_once: sequence != 0 }
    }
}

impl Fate {
    pub fn of(event: &Ordered) -> Self {
        Self {
            rests: (event.order, event.price, event.rests),
            filled: event.filled,
            quote: event.quote,
            fee: event.fee,
            makers: event.makers.iter().map(Foretold::of).collect(),
        }
    }
}
