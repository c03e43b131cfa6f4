//! Pyth: price updates that anyone posts to accounts of Pyth's receiver program.
//!
//! Read by hand: decoding the account with Pyth's own crate costs a copy and an allocation, and a board has dozens of feeds.
//! The tests hold this reader against that crate.
//!
//! ```text
//! offset  0  discriminator    8
//!         8  write authority 32
//!        40  verification     1   0 = partial (one more byte follows: the number of signatures), 1 = full
//!        41  feed id         32   this and all that follows: at these offsets only after full verification
//!        73  price            8   i64, × 10^exponent
//!        81  confidence       8   u64, × 10^exponent
//!        89  exponent         4   i32
//!        93  publish time     8   i64, unix seconds
//!       101  previous publish time 8, moving average of price 8 and of confidence 8, posted slot 8
//!       133  end (the account itself has 134 bytes: room for the longer verification)
//! ```

use super::{OracleRefusal, bytes_at, decimal, same, u64_at};
use anchor_lang::prelude::{Pubkey, pubkey};
use plimsoll_risk::observation::{OraclePrice, Source};

/// The program whose accounts are believed: Pyth's receiver. It has this address on mainnet, devnet and every other public
/// cluster.
///
/// Pyth also runs a second receiver with the same accounts ("Pyth Core Compatible", `rec2…`), made for those who wanted to move
/// ahead of the upgrade of August 2026. This one was upgraded in place; one receiver is half as much to trust as two.
pub const RECEIVER: Pubkey = pubkey!("rec5EKMGg6MxZYaMdyBfgwp4d5rB9T1VQH5pJv5LtFJ");

/// Anchor's mark of a `PriceUpdateV2`.
pub const DISCRIMINATOR: [u8; 8] = [34, 241, 35, 99, 157, 126, 244, 205];

/// Bytes of a fully verified update.
pub const LENGTH: usize = 133;

const VERIFICATION: usize = 40;
const FULL: u8 = 1;
const FEED_ID: usize = 41;
const PRICE: usize = 73;
const CONFIDENCE: usize = 81;
const EXPONENT: usize = 89;
const PUBLISH_TIME: usize = 93;

/// The feed that fully verified update data name, whatever else is wrong with them.
pub fn feed_id(data: &[u8]) -> Option<&[u8; 32]> {
    data.get(FEED_ID..)?.first_chunk()
}

/// The price in a Pyth update, if the account is the receiver's and the update is of this feed.
///
/// - Only full verification is accepted.
/// - Exponents −18 ..= 0: no feed has had another, and a number with a positive one hardly fits a price.
/// - The price is rounded to the nearest 2^-40, the confidence up; a confidence beyond the range of prices is the widest, so
///   that the engine sees a wide feed instead of an old one.
/// - The publish time is passed on as it stands: its order and its age are the engine's to judge.
#[inline(always)]
pub fn read(owner: &Pubkey, data: &[u8], feed_id: &[u8; 32]) -> Result<OraclePrice, OracleRefusal> {
    if !same(&owner.to_bytes(), &RECEIVER.to_bytes()) {
        return Err(OracleRefusal::WrongOwner);
    }
    parse(data, feed_id)
}

/// [`read`], once the owner is known.
pub(super) fn parse(data: &[u8], feed_id: &[u8; 32]) -> Result<OraclePrice, OracleRefusal> {
    let update = data.first_chunk::<LENGTH>().ok_or(OracleRefusal::Truncated)?;
    if u64_at::<0, LENGTH>(update) != u64::from_le_bytes(DISCRIMINATOR) {
        return Err(OracleRefusal::WrongDiscriminator);
    }
    if update[VERIFICATION] != FULL {
        return Err(OracleRefusal::NotFullyVerified);
    }
    if !same(&bytes_at::<FEED_ID, 32, LENGTH>(update), feed_id) {
        return Err(OracleRefusal::WrongFeed);
    }

    let decimals = match i32::from_le_bytes(bytes_at::<EXPONENT, 4, LENGTH>(update)) {
        exponent if exponent > 0 => return Err(OracleRefusal::ExponentOutOfRange),
        exponent => exponent.unsigned_abs(),
    };
    if decimals > decimal::MAX_DECIMALS {
        return Err(OracleRefusal::ExponentOutOfRange);
    }
    let price = match i64::from_le_bytes(bytes_at::<PRICE, 8, LENGTH>(update)) {
        price if price <= 0 => return Err(OracleRefusal::NonPositivePrice),
        price => price.unsigned_abs(),
    };
    Ok(OraclePrice {
        price: decimal::price(price, decimals).ok_or(OracleRefusal::PriceOutOfRange)?,
        confidence: decimal::spread(u64_at::<CONFIDENCE, LENGTH>(update), decimals),
        publish_time: i64::from_le_bytes(bytes_at::<PUBLISH_TIME, 8, LENGTH>(update)),
        source: Source::Pyth,
    })
}
