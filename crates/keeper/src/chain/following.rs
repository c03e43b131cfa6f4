//! The chain as a node tells it: `programSubscribe` for the exchange, `accountSubscribe` for what is watched besides, and
//! everything read anew at the start, after each interruption, and now and then.

use super::{CLOCK, Event};
use crate::{stop::Stop, store::Update};
use anyhow::{Context, Result, anyhow};
use backon::{BackoffBuilder, ExponentialBuilder};
use futures_util::{FutureExt, StreamExt, stream, stream::BoxStream};
use serde::Deserialize;
use solana_account_decoder_client_types::{UiAccount, UiAccountEncoding};
use solana_client::{
    nonblocking::{pubsub_client::PubsubClient, rpc_client::RpcClient},
    rpc_config::{RpcAccountInfoConfig, RpcProgramAccountsConfig},
};
use solana_commitment_config::CommitmentConfig;
use solana_pubkey::Pubkey;
use std::{
    str::FromStr,
    time::{Duration, Instant},
};

/// How often it is looked whether the keeper stops, and whether something is to be read again.
const GLANCE: Duration = Duration::from_millis(200);
/// A clock that was not heard for so long is asked: some nodes tell nobody of it.
const CLOCK_PATIENCE: Duration = Duration::from_secs(2);
/// Of those it is asked no more often than this, a slot, while nothing but the program's accounts changes.
const CLOCK_PAUSE: Duration = Duration::from_millis(400);
/// Between two attempts to connect: the first, and the longest.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// Most accounts that one request asks for.
const MOST_ACCOUNTS: usize = 100;
/// Most changes that are told together.
const MOST_CHANGES: usize = 512;

/// What hears of events, and says what is to be read again.
pub type Tell<'a> = dyn FnMut(Event) -> Vec<Pubkey> + 'a;

/// Where one node listens.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Endpoint {
    /// JSON-RPC.
    #[serde(rename = "rpc")]
    pub url: String,
    /// WebSocket.
    pub websocket: String,
}

/// How nodes are followed.
#[derive(Clone, Debug)]
pub struct Following {
    /// The nodes: the next one is taken when a connection is lost.
    pub nodes: Vec<Endpoint>,
    /// Which blocks count.
    pub commitment: CommitmentConfig,
    /// After so long everything is read again, since nobody tells when an account is closed.
    pub resync: Duration,
}

impl Following {
    /// Follows the program's accounts and the watched ones until the keeper stops; connects again as often as it takes.
    pub fn follow(&self, watched: &[Pubkey], stop: &Stop, tell: &mut Tell<'_>) {
        let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
            Ok(runtime) => runtime,
            Err(error) => return tracing::error!(%error, "no runtime to connect with"),
        };
        let pauses = ExponentialBuilder::default()
            .with_min_delay(FIRST_PAUSE)
            .with_max_delay(LONGEST_PAUSE)
            .with_jitter()
            .without_max_times();
        let mut pause = pauses.build();
        for node in self.nodes.iter().cycle() {
            let mut has_read = false;
            let mut hears = |event| {
                has_read = true;
                tell(event)
            };
            let end = runtime.block_on(async {
                tokio::select! {
                    end = self.connection(node, watched, &mut hears) => end,
                    () = told(stop) => Ok(()),
                }
            });
            let Err(error) = end else { return };
            tell(Event::Lost);
            if has_read {
                pause = pauses.build();
            }
            let wait = pause.next().unwrap_or(LONGEST_PAUSE);
            tracing::warn!(%error, ?wait, node = node.url, "connection lost");
            if stop.waits(wait) {
                return;
            }
        }
    }

    fn account_config(&self) -> RpcAccountInfoConfig {
        RpcAccountInfoConfig {
            encoding: Some(UiAccountEncoding::Base64),
            commitment: Some(self.commitment),
            ..RpcAccountInfoConfig::default()
        }
    }

    fn program_config(&self) -> RpcProgramAccountsConfig {
        RpcProgramAccountsConfig {
            account_config: self.account_config(),
            ..RpcProgramAccountsConfig::default()
        }
    }

    /// One connection, from beginning to end. The subscriptions come before the first snapshot, so nothing is missed.
    async fn connection(&self, node: &Endpoint, watched: &[Pubkey], tell: &mut Tell<'_>) -> Result<()> {
        let client = RpcClient::new_with_commitment(node.url.clone(), self.commitment);
        let subscriptions = PubsubClient::new(&node.websocket).await?;
        let mut changes = self.changes(&subscriptions, watched).await?;
        let (mut read_at, mut clock) = (None, Clock::default());
        loop {
            if read_at.is_none_or(|at: Instant| at.elapsed() >= self.resync) {
                // What is watched comes first: whoever hears of the exchange knows the time already.
                tell(Event::Changed(self.read(&client, watched).await?));
                tell(self.snapshot(&client).await?);
                (read_at, clock.read_at) = (Some(Instant::now()), Instant::now());
            }
            let mut news = Vec::new();
            if let Ok(first) = tokio::time::timeout(GLANCE, changes.next()).await {
                news.push(first.context("the subscription ended")?);
                while news.len() < MOST_CHANGES
                    && let Some(more) = changes.next().now_or_never()
                {
                    news.push(more.context("the subscription ended")?);
                }
            }
            let news = news.into_iter().collect::<Result<Vec<Update>>>()?;
            if clock.is_to_be_asked(&news, watched, Instant::now()) {
                tell(Event::Changed(self.read(&client, &[CLOCK]).await?));
            }
            let doubtful = if news.is_empty() { Vec::new() } else { tell(Event::Changed(news)) };
            if !doubtful.is_empty() {
                tell(Event::Changed(self.read(&client, &doubtful).await?));
            }
        }
    }

    /// Everything that the node tells, in the order in which it comes.
    async fn changes<'a>(
        &self,
        subscriptions: &'a PubsubClient,
        watched: &[Pubkey],
    ) -> Result<stream::SelectAll<BoxStream<'a, Result<Update>>>> {
        let (of_program, _) =
            subscriptions.program_subscribe(&plimsoll::ID, Some(self.program_config())).await?;
        let mut all = stream::SelectAll::new();
        all.push(ends(of_program.map(|change| {
            let address = Pubkey::from_str(&change.value.pubkey)?;
            Ok(Update { address, slot: change.context.slot, data: change.value.account.data.decode() })
        })));
        for address in watched.iter().copied() {
            let (changes, _) = subscriptions.account_subscribe(&address, Some(self.account_config())).await?;
            all.push(ends(changes.map(move |change| {
                Ok(Update { address, slot: change.context.slot, data: change.value.data.decode() })
            })));
        }
        Ok(all)
    }

    async fn snapshot(&self, client: &RpcClient) -> Result<Event> {
        // What is read after this question is at least so new.
        let slot = client.get_slot().await?;
        let all = client.get_program_ui_accounts_with_config(&plimsoll::ID, self.program_config()).await?;
        let update =
            |(address, account): (Pubkey, UiAccount)| Update { address, slot, data: account.data.decode() };
        Ok(Event::Snapshot { slot, accounts: all.into_iter().map(update).collect() })
    }

    /// Accounts as they are now, whosever they are.
    async fn read(&self, client: &RpcClient, addresses: &[Pubkey]) -> Result<Vec<Update>> {
        let mut found = Vec::new();
        for some in addresses.chunks(MOST_ACCOUNTS) {
            let answer = client.get_multiple_ui_accounts_with_config(some, self.account_config()).await?;
            found.extend(some.iter().zip(answer.value).map(|(address, account)| Update {
                address: *address,
                slot: answer.context.slot,
                data: account.and_then(|account| account.data.decode()),
            }));
        }
        Ok(found)
    }
}

/// A stream whose end is an error: nobody notices it among others otherwise.
fn ends<'a>(
    changes: impl futures_util::Stream<Item = Result<Update>> + Send + 'a,
) -> BoxStream<'a, Result<Update>> {
    changes.chain(stream::once(async { Err(anyhow!("a subscription ended")) })).boxed()
}

/// Returns when it is time to stop.
async fn told(stop: &Stop) {
    while !stop.is_set() {
        tokio::time::sleep(GLANCE).await;
    }
}

/// Whether the node tells of its clock by itself.
struct Clock {
    is_told: bool,
    read_at: Instant,
}

impl Default for Clock {
    fn default() -> Self {
        Self { is_told: false, read_at: Instant::now() }
    }
}

impl Clock {
    /// Whether it has to be asked: after a silence; where the node does not tell of it, with news, at once if those are of
    /// something watched, since prices come with a time of their own.
    fn is_to_be_asked(&mut self, news: &[Update], watched: &[Pubkey], now: Instant) -> bool {
        if news.iter().any(|update| update.address == CLOCK) {
            (self.is_told, self.read_at) = (true, now);
            return false;
        }
        let age = now.saturating_duration_since(self.read_at);
        let is_watched = news.iter().any(|update| watched.contains(&update.address));
        let has_moved = is_watched || (!news.is_empty() && age >= CLOCK_PAUSE);
        let is_due = age >= CLOCK_PATIENCE || (has_moved && !self.is_told);
        if is_due {
            self.read_at = now;
        }
        is_due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_nobody_tells_of_is_asked_when_prices_come_and_else_once_a_slot() {
        let of = |address| [Update { address, slot: 1, data: None }];
        let (program, price) = (Pubkey::new_from_array([1; 32]), Pubkey::new_from_array([2; 32]));
        let mut clock = Clock::default();
        let start = clock.read_at;
        let mut asks =
            |news: &[Update], passed: Duration| clock.is_to_be_asked(news, &[CLOCK, price], start + passed);
        assert!(!asks(&[], Duration::ZERO), "nothing has happened, and it was read just now");
        assert!(asks(&of(price), Duration::ZERO) && asks(&of(price), Duration::ZERO));
        assert!(!asks(&of(program), CLOCK_PAUSE / 2));
        assert!(asks(&of(program), CLOCK_PAUSE) && !asks(&of(program), CLOCK_PAUSE));
        assert!(!asks(&[], CLOCK_PAUSE * 2) && asks(&[], CLOCK_PAUSE + CLOCK_PATIENCE));
        assert!(!asks(&of(CLOCK), CLOCK_PAUSE + CLOCK_PATIENCE));
        assert!(!asks(&of(price), CLOCK_PAUSE * 2 + CLOCK_PATIENCE), "this node tells of it");
    }
}
