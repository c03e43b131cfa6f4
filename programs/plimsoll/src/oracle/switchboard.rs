//! Switchboard On-Demand, the fallback: pull feeds, the accounts of type `PullFeedAccountData`.
//!
//! One format only. A feed is known by its address, which governance puts on the board; its jobs and its oracles' queue are
//! behind that address, so governance should pick feeds whose authority nobody holds.
//!
//! Numbers are signed, of 128 bits, with 18 decimals.
//!
//! ```text
//! offset    0  discriminator          8
//!           8  submissions      32 × 64   oracle 32, slot 8, landed at 8, value 16
//!        2213  writable by authority  1
//!        2215  least samples          1
//!        2264  result: value         16   the median, which is one of the submissions
//!        2280  result: deviation     16
//!        2312  result: range         16
//!        2360  result: samples        1
//!        2361  result: submission     1   which of the submissions
//!        2952  timestamps        32 × 8   i64, when each submission's value was observed, unix seconds
//!        3208  end
//! ```

use super::{OracleRefusal, bytes_at, decimal, same, u64_at};
use anchor_lang::prelude::{Pubkey, pubkey};
use plimsoll_risk::{
    num::Price,
    observation::{OraclePrice, Source},
};

/// The program whose accounts are believed: Switchboard On-Demand on mainnet.
#[cfg(not(feature = "devnet"))]
pub const ON_DEMAND: Pubkey = pubkey!("SBondMDrcV3K4kxZR1HNVT7osZxAHVHgYXL5Ze1oMUv");
/// The program whose accounts are believed: Switchboard On-Demand on devnet.
#[cfg(feature = "devnet")]
pub const ON_DEMAND: Pubkey = pubkey!("Aio4gaXjXzJNVLtzwtNVmSqGKpANtXhybbkhtAC94ji2");

/// The mark of a `PullFeedAccountData`.
pub const DISCRIMINATOR: [u8; 8] = [196, 27, 108, 196, 10, 215, 219, 40];

/// Bytes of a pull feed.
pub const LENGTH: usize = 3208;

const SUBMISSIONS: usize = 8;
const SUBMISSION_BYTES: usize = 64;
const SUBMISSION_VALUE: usize = 48;
const WRITABLE_BY_AUTHORITY: usize = 2213;
const LEAST_SAMPLES: usize = 2215;
const VALUE: usize = 2264;
const DEVIATION: usize = 2280;
const RANGE: usize = 2312;
const SAMPLES: usize = 2360;
const SUBMISSION: usize = 2361;
const TIMESTAMPS: usize = 2952;
/// Most submissions that a feed holds.
const CAPACITY: usize = 32;

const _: () = assert!(TIMESTAMPS + 8 * CAPACITY == LENGTH);

/// The price in a pull feed, if the account is Switchboard's and the one that the board expects.
///
/// - The confidence is the larger of the standard deviation and half the range of the samples, rounded up: with a handful of
///   samples the deviation alone says little, and either may be zero. A spread that makes no sense is the widest.
/// - At least as many samples as the feed demands of itself, and at least one.
/// - Published when *the submission that became the result* was observed. The account's `last_update_timestamp` is no age: any
///   submission advances it, also one after which an older result stands. So the submission must still be there, with the
///   result's value, and dated.
#[inline(always)]
pub fn read(
    owner: &Pubkey,
    address: &Pubkey,
    data: &[u8],
    expected: &[u8; 32],
) -> Result<OraclePrice, OracleRefusal> {
    if !same(&owner.to_bytes(), &ON_DEMAND.to_bytes()) {
        return Err(OracleRefusal::WrongOwner);
    }
    if !same(&address.to_bytes(), expected) {
        return Err(OracleRefusal::WrongFeed);
    }
    parse(data)
}

/// [`read`], once owner and address are known.
fn parse(data: &[u8]) -> Result<OraclePrice, OracleRefusal> {
    let feed = data.first_chunk::<LENGTH>().ok_or(OracleRefusal::Truncated)?;
    if u64_at::<0, LENGTH>(feed) != u64::from_le_bytes(DISCRIMINATOR) {
        return Err(OracleRefusal::WrongDiscriminator);
    }
    if feed[WRITABLE_BY_AUTHORITY] != 0 {
        return Err(OracleRefusal::WritableByAuthority);
    }
    if feed[SAMPLES] < feed[LEAST_SAMPLES].max(1) {
        return Err(OracleRefusal::TooFewSamples);
    }

    let value = i128::from_le_bytes(bytes_at::<VALUE, 16, LENGTH>(feed));
    if value <= 0 {
        return Err(OracleRefusal::NonPositivePrice);
    }
    let publish_time =
        observed_at(feed, usize::from(feed[SUBMISSION]), value).ok_or(OracleRefusal::Undated)?;
    Ok(OraclePrice {
        price: decimal::wide_price(value.unsigned_abs()).ok_or(OracleRefusal::PriceOutOfRange)?,
        confidence: confidence(feed),
        publish_time,
        source: Source::Switchboard,
    })
}

/// When the value of this submission was observed, if the submission is there and is the one of that value.
fn observed_at(feed: &[u8; LENGTH], submission: usize, value: i128) -> Option<i64> {
    let (submissions, _) = feed[SUBMISSIONS..].as_chunks::<SUBMISSION_BYTES>();
    let submitted = submissions.get(..CAPACITY)?.get(submission)?;
    let (timestamps, _) = feed[TIMESTAMPS..].as_chunks::<8>();
    let timestamp = i64::from_le_bytes(*timestamps.get(submission)?);
    let dated = i128::from_le_bytes(bytes_at::<SUBMISSION_VALUE, 16, SUBMISSION_BYTES>(submitted)) == value;
    (dated && timestamp > 0).then_some(timestamp)
}

/// How far the samples lie apart.
fn confidence(feed: &[u8; LENGTH]) -> Price {
    let deviation = i128::from_le_bytes(bytes_at::<DEVIATION, 16, LENGTH>(feed));
    let range = i128::from_le_bytes(bytes_at::<RANGE, 16, LENGTH>(feed));
    match (u128::try_from(deviation), u128::try_from(range)) {
        (Ok(deviation), Ok(range)) => decimal::wide_spread(deviation.max(range.div_ceil(2))),
        _ => decimal::WIDEST,
    }
}
