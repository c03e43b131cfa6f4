//! Pyth's prices, fetched from a Hermes server and posted through Pyth's receiver, verified by all guardians that are needed.
//!
//! The accounts belong to the keeper's key and are derived from it: one a feed, made once and used ever after, and one for
//! signatures, whose rent comes back with each round. A keeper that was killed in the middle of a round closes what it left
//! when the next one begins.

pub mod instructions;
pub mod message;

use crate::{
    chain::{Outcome, Parcel, Urgency},
    desk::Desk,
    role::Role,
};
use anyhow::{Result, bail, ensure};
use instructions::Draft;
use message::{Message, ProvedPrice};
use sha2::{Digest, Sha256};
use solana_instruction::Instruction;
use solana_keypair::Keypair;
use solana_pubkey::Pubkey;
use solana_signer::Signer;
use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

/// Bytes of signatures that one transaction writes, beside all else that the first one does.
const CHUNK: usize = 700;
/// What making the account, writing and verifying signatures, and posting a price may cost, compute units: 13 signatures at
/// 38,000, and hashes of a proof.
const WRITING: u32 = 60_000;
const VERIFYING: u32 = 700_000;
const POSTING: u32 = 250_000;
/// A server that takes longer is not waited for.
const PATIENCE: Duration = Duration::from_secs(10);

/// Posts prices.
pub struct Poster {
    http: reqwest::Client,
    hermes: String,
    draft: Draft,
    draft_key: Keypair,
    /// The feeds, by their places on the board.
    feeds: BTreeMap<u8, Feed>,
    fetched_at: Option<Instant>,
    pause: Duration,
}

struct Feed {
    id: [u8; 32],
    key: Keypair,
    /// The last price that was posted, unix seconds.
    posted: i64,
}

impl Poster {
    /// One that asks this server for these feeds, by their places on the board, at most so often.
    ///
    /// # Errors
    /// HTTP cannot be spoken here.
    pub fn new(hermes: &str, payer: &Keypair, feeds: &[(u8, [u8; 32])], pause: Duration) -> Result<Self> {
        let draft_key = derived(payer, b"signatures");
        let feed =
            |(place, id): &(u8, [u8; 32])| (*place, Feed { id: *id, key: derived(payer, id), posted: 0 });
        Ok(Self {
            http: reqwest::Client::builder().timeout(PATIENCE).build()?,
            hermes: hermes.trim_end_matches('/').to_owned(),
            draft: Draft { account: draft_key.pubkey(), writer: payer.pubkey() },
            draft_key,
            feeds: feeds.iter().map(feed).collect(),
            fetched_at: None,
            pause,
        })
    }

    /// The accounts that are posted to, by the feeds' places on the board.
    pub fn oracles(&self) -> impl Iterator<Item = (u8, Pubkey)> {
        self.feeds.iter().map(|(place, feed)| (*place, feed.key.pubkey()))
    }

    /// Fetches what is old on the board, and posts what is newer than it; the oracle accounts tell the rest.
    pub fn turn(&mut self, desk: &Desk, price_seconds: i64) {
        if self.fetched_at.is_some_and(|at| at.elapsed() < self.pause) {
            return;
        }
        let known = |place: u8, view: &crate::desk::View<'_>| {
            view.board.feed(place).map_or(i64::MAX, |feed| feed.publish_time)
        };
        let old = desk.looks(|view| {
            let old = self.feeds.iter().filter(|(place, feed)| {
                view.now.saturating_sub(known(**place, view).max(feed.posted)) >= price_seconds
            });
            old.map(|(_, feed)| feed.id).collect::<Vec<_>>()
        });
        let Some(old) = old.filter(|old| !old.is_empty()) else { return };
        self.fetched_at = Some(Instant::now());
        let posted = self
            .fetch(&old)
            .and_then(|messages| messages.iter().try_for_each(|message| self.posts(desk, message)));
        if let Err(error) = posted {
            metrics::counter!("plimsoll_keeper_errors_total", "name" => "Hermes").increment(1);
            tracing::warn!(%error, "prices were not posted");
        }
    }

    fn fetch(&self, feeds: &[[u8; 32]]) -> Result<Vec<Message>> {
        let ids: Vec<(&str, String)> = feeds.iter().map(|id| ("ids[]", hex(id))).collect();
        let request = self.http.get(format!("{}/v2/updates/price/latest", self.hermes));
        let request = request.query(&ids).query(&[("encoding", "base64"), ("parsed", "false")]);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let answer = runtime.block_on(async { request.send().await?.error_for_status()?.text().await })?;
        message::read_all(&answer)
    }

    /// All transactions of a round. The account of signatures is closed whatever becomes of it.
    fn posts(&mut self, desk: &Desk, message: &Message) -> Result<()> {
        let newer = |price: &&ProvedPrice| {
            self.feeds.values().any(|feed| feed.id == price.feed && feed.posted < price.published)
        };
        let prices: Vec<&ProvedPrice> = message.prices.iter().filter(newer).collect();
        if prices.is_empty() {
            return Ok(());
        }
        let done = self
            .signs(desk, message)
            .and_then(|()| prices.iter().try_for_each(|price| self.post(desk, price)));
        let closed = self.send(desk, "close_encoded_vaa", &[self.draft.close()], &[], WRITING);
        done.and(closed)
    }

    /// Writes the signatures and has them verified.
    fn signs(&self, desk: &Desk, message: &Message) -> Result<()> {
        for (part, last) in parts(&self.draft, message) {
            let signers: &[&Keypair] = if part.len() > 2 { &[&self.draft_key] } else { &[] };
            let limit = if last { VERIFYING } else { WRITING };
            let first = self.send(desk, "write_encoded_vaa", &part, signers, limit);
            if let Err(error) = first {
                ensure!(!signers.is_empty(), error);
                // An earlier life has left the account.
                self.send(desk, "close_encoded_vaa", &[self.draft.close()], &[], WRITING)?;
                self.send(desk, "write_encoded_vaa", &part, signers, limit)?;
            }
        }
        Ok(())
    }

    fn post(&mut self, desk: &Desk, price: &ProvedPrice) -> Result<()> {
        let Some((place, feed)) = self.feeds.iter().find(|(_, feed)| feed.id == price.feed) else {
            return Ok(());
        };
        let (place, key) = (*place, feed.key.insecure_clone());
        let post = self.draft.post(price, key.pubkey())?;
        self.send(desk, "post_update", &[post], &[&key], POSTING)?;
        if let Some(feed) = self.feeds.get_mut(&place) {
            feed.posted = price.published;
        }
        Ok(())
    }

    fn send(
        &self,
        desk: &Desk,
        name: &'static str,
        instructions: &[Instruction],
        signers: &[&Keypair],
        limit: u32,
    ) -> Result<()> {
        let parcel = Parcel { instructions, signers, urgency: Urgency::Ordinary, compute_limit: Some(limit) };
        match desk.sends(Role::Refresher, name, &parcel) {
            Outcome::Done | Outcome::Rehearsed => Ok(()),
            Outcome::Refused(code) => bail!("{name}: refused with {code}"),
            Outcome::Failed(why) => bail!("{name}: {why}"),
            outdated @ Outcome::Outdated => bail!("{name}: {}", outdated.name()),
        }
    }
}

/// Instructions of each transaction that writes signatures, and whether it is the last, which has them verified as well.
fn parts(draft: &Draft, message: &Message) -> Vec<(Vec<Instruction>, bool)> {
    let count = message.vaa.len().div_ceil(CHUNK);
    let part = |(number, bytes): (usize, &[u8])| {
        let from = u32::try_from(number.saturating_mul(CHUNK)).unwrap_or(u32::MAX);
        let is_last = number.saturating_add(1) == count;
        let mut part = if number == 0 { draft.create(message.vaa.len()).to_vec() } else { Vec::new() };
        part.push(draft.write(from, bytes));
        part.extend(is_last.then(|| draft.verify(message.guardian_set)));
        (part, is_last)
    };
    message.vaa.chunks(CHUNK).enumerate().map(part).collect()
}

/// A key that only the payer's owner can know, the same in every life.
fn derived(payer: &Keypair, of: &[u8]) -> Keypair {
    let hash = Sha256::new().chain_update(b"plimsoll keeper: pyth").chain_update(payer.secret_bytes());
    Keypair::new_from_array(hash.chain_update(of).finalize().into())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests;
