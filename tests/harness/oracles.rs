//! Oracle accounts as the oracles' own programs write them: the data that tests and local networks publish prices with.

use anchor_lang::AccountSerialize;
use bytemuck::{Pod, Zeroable};
use pyth_solana_receiver_sdk::price_update::{PriceFeedMessage, PriceUpdateV2, VerificationLevel};
use solana_pubkey::Pubkey;
use std::mem::{offset_of, size_of};

/// A price as Pyth quotes it: `mantissa × 10^exponent`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quoted {
    pub mantissa: i64,
    pub exponent: i32,
}

impl From<(i64, i32)> for Quoted {
    fn from((mantissa, exponent): (i64, i32)) -> Self {
        Self { mantissa, exponent }
    }
}

/// With the 8 decimals of most feeds, or 12 below one whole unit, so that small prices keep their digits.
impl From<f64> for Quoted {
    fn from(price: f64) -> Self {
        let exponent = if price.abs() >= 1.0 { -8 } else { -12 };
        Self { mantissa: (price * 10f64.powi(-exponent)).round() as i64, exponent }
    }
}

/// A confidence interval: a number of quote units, or a mantissa to the price's own exponent.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Confidence {
    Quote(f64),
    Mantissa(u64),
}

impl From<f64> for Confidence {
    fn from(confidence: f64) -> Self {
        Self::Quote(confidence)
    }
}

impl From<u64> for Confidence {
    fn from(mantissa: u64) -> Self {
        Self::Mantissa(mantissa)
    }
}

/// How much of an update's signatures Pyth's receiver checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verification {
    Full,
    Partial(u8),
}

/// The data of a Pyth update account, as the receiver program leaves it: 134 bytes, whatever the verification.
pub fn pyth_update(
    feed_id: [u8; 32],
    price: impl Into<Quoted>,
    confidence: impl Into<Confidence>,
    publish_time: i64,
    verification: Verification,
) -> Vec<u8> {
    let Quoted { mantissa: price, exponent } = price.into();
    let conf = match confidence.into() {
        Confidence::Quote(quote) => (quote * 10f64.powi(-exponent)).round() as u64,
        Confidence::Mantissa(mantissa) => mantissa,
    };
    let update = PriceUpdateV2 {
        write_authority: Pubkey::new_from_array([1; 32]),
        verification_level: match verification {
            Verification::Full => VerificationLevel::Full,
            Verification::Partial(num_signatures) => VerificationLevel::Partial { num_signatures },
        },
        price_message: PriceFeedMessage {
            feed_id,
            price,
            conf,
            exponent,
            publish_time,
            prev_publish_time: publish_time.saturating_sub(1),
            ema_price: price,
            ema_conf: conf,
        },
        posted_slot: 1,
    };
    let mut data = Vec::with_capacity(PriceUpdateV2::LEN);
    update.try_serialize(&mut data).expect("a vector takes every byte");
    data.resize(PriceUpdateV2::LEN, 0);
    data
}

/// What a Switchboard pull feed says. Numbers of 128 bits have 18 decimals.
#[derive(Clone, Copy, Debug)]
pub struct SwitchboardFeed {
    pub value: i128,
    pub standard_deviation: i128,
    pub range: i128,
    /// When the submission behind the result was observed, unix seconds.
    pub observed_at: i64,
    /// When anything was last submitted, whatever became of it, unix seconds.
    pub updated_at: i64,
    pub samples: u8,
    /// The fewest samples that the feed accepts.
    pub least_samples: u8,
    /// Which of the 32 submissions became the result.
    pub submission: u8,
    pub writable_by_authority: bool,
}

impl SwitchboardFeed {
    /// Three oracles that lie `spread` around `price`, just heard.
    pub fn new(price: f64, spread: f64, observed_at: i64) -> Self {
        let range = decimals_18(spread).saturating_mul(2);
        Self {
            value: decimals_18(price),
            standard_deviation: range / 3,
            range,
            observed_at,
            updated_at: observed_at,
            samples: 3,
            least_samples: 3,
            submission: 1,
            writable_by_authority: false,
        }
    }

    /// The data of the account.
    pub fn data(&self) -> Vec<u8> {
        let mut feed = PullFeedAccountData::zeroed();
        if let Some(submission) = feed.submissions.get_mut(usize::from(self.submission)) {
            *submission = OracleSubmission { oracle: [2; 32], slot: 1, landed_at: 1, value: self.value };
        }
        if let Some(timestamp) = feed.submission_timestamps.get_mut(usize::from(self.submission)) {
            *timestamp = self.observed_at;
        }
        feed.queue = [3; 32];
        feed.feed_hash = [4; 32];
        feed.min_responses = 1;
        feed.permit_write_by_authority = self.writable_by_authority.into();
        feed.min_sample_size = self.least_samples;
        feed.last_update_timestamp = self.updated_at;
        feed.max_staleness = 150;
        feed.result = CurrentResult {
            value: self.value,
            std_dev: self.standard_deviation,
            mean: self.value,
            range: self.range,
            min_value: self.value.saturating_sub(self.range / 2),
            max_value: self.value.saturating_add(self.range / 2),
            num_samples: self.samples,
            submission_idx: self.submission,
            padding1: [0; 6],
            slot: 1,
            min_slot: 1,
            max_slot: 1,
        };
        [&PULL_FEED_DISCRIMINATOR[..], bytemuck::bytes_of(&feed)].concat()
    }
}

/// The data of a Switchboard pull feed on which three oracles agree within `spread` of `price`.
pub fn switchboard_feed(price: f64, spread: f64, observed_at: i64) -> Vec<u8> {
    SwitchboardFeed::new(price, spread, observed_at).data()
}

/// Nine decimals of the float, then nine zeros: a float has no eighteen.
fn decimals_18(quote: f64) -> i128 {
    ((quote * 1e9).round() as i128).saturating_mul(1_000_000_000)
}

const PULL_FEED_DISCRIMINATOR: [u8; 8] = [196, 27, 108, 196, 10, 215, 219, 40];

// Switchboard's own structs, field for field (crate `switchboard-on-demand` 0.13, `on_demand/accounts/pull_feed.rs`). The crate
// itself stays out: it brings a protocol-buffer compiler for every platform to describe one account.

#[repr(C)]
#[derive(Clone, Copy, Pod, Zeroable)]
struct OracleSubmission {
    oracle: [u8; 32],
    slot: u64,
    landed_at: u64,
    value: i128,
}

#[repr(C)]
#[derive(Clone, Copy, Pod, Zeroable)]
struct CompactResult {
    std_dev: f32,
    mean: f32,
    slot: u64,
}

#[repr(C)]
#[derive(Clone, Copy, Pod, Zeroable)]
struct CurrentResult {
    value: i128,
    std_dev: i128,
    mean: i128,
    range: i128,
    min_value: i128,
    max_value: i128,
    num_samples: u8,
    submission_idx: u8,
    padding1: [u8; 6],
    slot: u64,
    min_slot: u64,
    max_slot: u64,
}

#[repr(C)]
#[derive(Clone, Copy, Pod, Zeroable)]
struct PullFeedAccountData {
    submissions: [OracleSubmission; 32],
    authority: [u8; 32],
    queue: [u8; 32],
    feed_hash: [u8; 32],
    initialized_at: i64,
    permissions: u64,
    max_variance: u64,
    min_responses: u32,
    name: [u8; 32],
    padding1: [u8; 1],
    permit_write_by_authority: u8,
    historical_result_idx: u8,
    min_sample_size: u8,
    last_update_timestamp: i64,
    lut_slot: u64,
    reserved1: [u8; 32],
    result: CurrentResult,
    max_staleness: u32,
    padding2: [u8; 12],
    historical_results: [CompactResult; 32],
    ebuf4: [u8; 8],
    ebuf3: [u8; 24],
    submission_timestamps: [i64; 32],
}

/// Offsets in the account, behind the discriminator of 8 bytes, as accounts on the chain have them.
const _: () = {
    assert!(size_of::<PullFeedAccountData>() == 3200);
    assert!(8 + offset_of!(PullFeedAccountData, authority) == 2056);
    assert!(8 + offset_of!(PullFeedAccountData, feed_hash) == 2120);
    assert!(8 + offset_of!(PullFeedAccountData, min_responses) == 2176);
    assert!(8 + offset_of!(PullFeedAccountData, name) == 2180);
    assert!(8 + offset_of!(PullFeedAccountData, permit_write_by_authority) == 2213);
    assert!(8 + offset_of!(PullFeedAccountData, min_sample_size) == 2215);
    assert!(8 + offset_of!(PullFeedAccountData, last_update_timestamp) == 2216);
    assert!(8 + offset_of!(PullFeedAccountData, result) == 2264);
    assert!(offset_of!(CurrentResult, range) == 48);
    assert!(offset_of!(CurrentResult, num_samples) == 96);
    assert!(offset_of!(CurrentResult, slot) == 104);
    assert!(8 + offset_of!(PullFeedAccountData, max_staleness) == 2392);
    assert!(8 + offset_of!(PullFeedAccountData, submission_timestamps) == 2952);
};
