//! What a Hermes server answers: prices with a proof each, under one root that the guardians signed.

use anyhow::{Context, Result, anyhow, ensure};
use base64::{Engine, engine::general_purpose::STANDARD};
use pythnet_sdk::wire::v1::{AccumulatorUpdateData, MerklePriceUpdate, Proof};
use serde::Deserialize;

/// The mark of a price among messages.
const PRICE: u8 = 0;
/// In a price's message, where its feed is named and where the time of its publication lies, big-endian.
const FEED: std::ops::Range<usize> = 1..33;
const PUBLISH_TIME: usize = 53;
/// In what the guardians signed, where the number of their set lies, big-endian.
const GUARDIAN_SET: usize = 1;

/// Prices of one moment, and the signatures under them.
#[derive(Clone, Debug)]
pub struct Message {
    /// What the guardians signed, with their signatures.
    pub vaa: Vec<u8>,
    /// Which set of guardians signed.
    pub guardian_set: u32,
    /// The prices.
    pub prices: Vec<ProvedPrice>,
}

/// A price and the proof that it is under the root.
#[derive(Clone, Debug)]
pub struct ProvedPrice {
    /// Pyth's id of it.
    pub feed: [u8; 32],
    /// When it was published, unix seconds.
    pub published: i64,
    /// As the receiver takes it.
    pub update: MerklePriceUpdate,
}

#[derive(Deserialize)]
struct Answer {
    binary: Binary,
}

#[derive(Deserialize)]
struct Binary {
    encoding: String,
    data: Vec<String>,
}

/// Reads an answer of `/v2/updates/price/latest` in base64.
///
/// # Errors
/// Another form of answer; data that are no signed prices.
pub fn read_all(answer: &str) -> Result<Vec<Message>> {
    let Answer { binary } = serde_json::from_str(answer).context("an answer of another form")?;
    ensure!(binary.encoding == "base64", "an answer in {}: base64 was asked for", binary.encoding);
    binary.data.iter().map(|data| read(&STANDARD.decode(data)?)).collect()
}

/// Reads one message of signed prices. What is no price is left out.
///
/// # Errors
/// Data of another form.
pub fn read(data: &[u8]) -> Result<Message> {
    let data =
        AccumulatorUpdateData::try_from_slice(data).map_err(|error| anyhow!("no signed prices: {error}"))?;
    let Proof::WormholeMerkle { vaa, updates } = data.proof;
    let vaa: Vec<u8> = vaa.into();
    let set = vaa.get(GUARDIAN_SET..).and_then(|bytes| bytes.first_chunk()).context("nobody signed")?;
    let guardian_set = u32::from_be_bytes(*set);
    Ok(Message { guardian_set, prices: updates.into_iter().filter_map(price).collect(), vaa })
}

fn price(update: MerklePriceUpdate) -> Option<ProvedPrice> {
    let message: &[u8] = update.message.as_ref();
    if message.first() != Some(&PRICE) {
        return None;
    }
    let feed = message.get(FEED)?.try_into().ok()?;
    let published = i64::from_be_bytes(*message.get(PUBLISH_TIME..)?.first_chunk()?);
    Some(ProvedPrice { feed, published, update })
}
