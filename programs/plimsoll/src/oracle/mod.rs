//! Oracles: the account of a foreign program becomes one validated [`OraclePrice`], or a reason why not.
//!
//! Two formats, chosen by the account's owner: Pyth's pull updates ([`pyth`]) and, as fallback, Switchboard's pull feeds
//! ([`switchboard`]). Both are read where they lie, by constant offsets behind one length check: a refresh reads many of
//! them. What depends on the board (age, order in time, deviation, whether the fallback may speak at all) is decided by
//! the engine's observation, not here.

mod decimal;
pub mod pyth;
pub mod switchboard;

use anchor_lang::prelude::Pubkey;
use plimsoll_risk::{layout::Key, observation::OraclePrice};

/// Why an oracle account yields no price.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OracleRefusal {
    /// The account belongs to no oracle program that is accepted on this cluster.
    WrongOwner,
    /// The account belongs to an oracle program but is of another kind (a configuration, a queue, a TWAP).
    WrongDiscriminator,
    /// The data ends before the format does.
    Truncated,
    /// Only some of the signatures of the Pyth update were checked: post it with full verification.
    NotFullyVerified,
    /// The account is genuine, but of another feed than the board's.
    WrongFeed,
    /// The price is zero or negative, or there is none yet.
    NonPositivePrice,
    /// The exponent lies outside −18 ..= 0, where every published one lies.
    ExponentOutOfRange,
    /// The price does not fit the protocol's own: it lies outside 2^-40 ..< 2^23.
    PriceOutOfRange,
    /// Fewer Switchboard oracles stand behind the result than the feed itself demands.
    TooFewSamples,
    /// Nothing in the Switchboard account says when the result's value was observed: wait for the feed's next update.
    Undated,
    /// The Switchboard feed lets its authority write any value without an oracle: such a feed is not an oracle.
    WritableByAuthority,
}

/// The price in an oracle account, for the feed that expects `pyth_feed_id` and `switchboard`.
///
/// The owner decides the format. An unset `switchboard` matches no account that Switchboard owns.
///
/// # Errors
/// The first [`OracleRefusal`] that applies. An account that is genuine but belongs to another feed is always `WrongFeed`,
/// before anything is said about its price, so that a caller may look for the feed that it does belong to.
pub fn read_price(
    address: &Pubkey,
    owner: &Pubkey,
    data: &[u8],
    pyth_feed_id: &Key,
    switchboard: &Key,
) -> Result<OraclePrice, OracleRefusal> {
    if same(&owner.to_bytes(), &pyth::RECEIVER.to_bytes()) {
        pyth::parse(data, &pyth_feed_id.0)
    } else {
        switchboard::read(owner, address, data, &switchboard.0)
    }
}

/// Whether an oracle account speaks of the feed that expects `pyth_feed_id` and `switchboard`: cheap, and no proof of
/// anything else.
pub fn names(address: &Pubkey, owner: &Pubkey, data: &[u8], pyth_feed_id: &Key, switchboard: &Key) -> bool {
    if same(&owner.to_bytes(), &pyth::RECEIVER.to_bytes()) {
        pyth::feed_id(data).is_some_and(|named| same(named, &pyth_feed_id.0))
    } else {
        same(&address.to_bytes(), &switchboard.0)
    }
}

/// Whether 32 bytes are the same, compared as four words.
#[inline(always)]
fn same(left: &[u8; 32], right: &[u8; 32]) -> bool {
    u64_at::<0, 32>(left) == u64_at::<0, 32>(right)
        && u64_at::<8, 32>(left) == u64_at::<8, 32>(right)
        && u64_at::<16, 32>(left) == u64_at::<16, 32>(right)
        && u64_at::<24, 32>(left) == u64_at::<24, 32>(right)
}

/// `N` bytes of `data` from `AT` on. That they lie within is checked by the compiler.
#[inline(always)]
fn bytes_at<const AT: usize, const N: usize, const LENGTH: usize>(data: &[u8; LENGTH]) -> [u8; N] {
    const { assert!(AT + N <= LENGTH) };
    match data[AT..].first_chunk() {
        Some(bytes) => *bytes,
        None => [0; N],
    }
}

#[inline(always)]
fn u64_at<const AT: usize, const LENGTH: usize>(data: &[u8; LENGTH]) -> u64 {
    u64::from_le_bytes(bytes_at::<AT, 8, LENGTH>(data))
}
