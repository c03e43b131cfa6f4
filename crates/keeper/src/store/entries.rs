//! What goes into the memory, and what is found there.

use crate::pulse::Topic;
use plimsoll::state::{Bank, Market};
use plimsoll_client::addresses::{BankAddresses, MarketAddresses};
use solana_pubkey::Pubkey;

/// An account of the program, as it was at a slot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Update {
    /// Its address.
    pub address: Pubkey,
    /// The slot at which it was so, or a later one.
    pub slot: u64,
    /// Its data; nothing once it is closed.
    pub data: Option<Vec<u8>>,
}

/// A bank and its addresses.
#[derive(Clone, Copy, Debug)]
pub struct BankEntry {
    /// Where it is, with its vault and mint.
    pub at: BankAddresses,
    /// What it holds.
    pub bank: Bank,
}

/// A market and its addresses.
#[derive(Clone, Copy, Debug)]
pub struct MarketEntry {
    /// Where it is, with its book.
    pub at: MarketAddresses,
    /// Its limits, its pool, its windows.
    pub market: Market,
}

/// What an update brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Applied {
    /// Nothing new.
    Nothing,
    /// A change.
    Changed(Topic),
    /// It is older than what is there, and not the same. Of some nodes all that is told comes with an old slot: what is true
    /// has to be read.
    Doubtful,
}
