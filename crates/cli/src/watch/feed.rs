//! Where scenes come from: every margin account in memory, changed by subscription; read again now and then, and where no
//! subscription is to be had.

use super::scene::{Held, Scene};
use crate::{
    Refusal,
    exchange::Exchange,
    look::events::{self, Line, Shown},
    names::Names,
};
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender};
use plimsoll::state::MarginAccount;
use plimsoll_client::{decode, rpc::Reader};
use solana_account_decoder_client_types::UiAccountEncoding;
use solana_client::{
    pubsub_client::{ProgramSubscription, PubsubClient},
    rpc_client::RpcClient,
    rpc_config::{RpcAccountInfoConfig, RpcProgramAccountsConfig},
    rpc_response::{Response as RpcResponse, RpcKeyedAccount},
};
use solana_pubkey::Pubkey;
use std::{
    collections::HashMap,
    ops::ControlFlow,
    thread,
    time::{Duration, Instant},
};

/// How often what.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// A scene is made so often.
    pub frame: Duration,
    /// What accounts share, and the clock, are read again so often, whatever the subscription says.
    pub shared: Duration,
    /// All margin accounts are read again so often: nobody tells when one is closed.
    pub everything: Duration,
    /// The same without a subscription; and how long it waits before it connects again.
    pub pause: Duration,
}

impl Pace {
    /// For people who watch.
    pub const USUAL: Self = Self {
        frame: Duration::from_millis(500),
        shared: Duration::from_secs(5),
        everything: Duration::from_secs(60),
        pause: Duration::from_secs(5),
    };
}

/// Past transactions whose events are shown at the start.
const PAST: usize = 20;

/// An exchange and all its margin accounts.
pub struct Memory {
    /// Board, banks, markets, insurance.
    pub exchange: Exchange,
    /// By address.
    pub accounts: HashMap<Pubkey, Held>,
}

impl Memory {
    /// Reads everything.
    ///
    /// # Errors
    /// `Failed`: the network does not answer.
    pub fn read(reader: &Reader, names: Names) -> Result<Self, Refusal> {
        let exchange = Exchange::read(reader, names)?;
        let accounts = reader.margin_accounts(None)?;
        let accounts = accounts.iter().map(|(address, account)| (*address, Held::from(&account.0))).collect();
        Ok(Self { exchange, accounts })
    }

    /// Takes an account of the program as it is now.
    pub fn apply(&mut self, address: Pubkey, data: &[u8]) {
        match decode::read::<MarginAccount>(data) {
            Ok(account) => {
                self.accounts.insert(address, Held::from(&account.0));
            }
            // A closed one is told without its mark.
            Err(_) if self.accounts.remove(&address).is_some() => {}
            Err(_) => self.exchange.apply(&address, data),
        }
    }

    /// Takes what changes during one frame.
    fn gather(&mut self, changes: Option<&Changes>, frame: Duration) -> Result<(), Refusal> {
        let Some(changes) = changes else {
            thread::sleep(frame);
            return Ok(());
        };
        let began = Instant::now();
        loop {
            match changes.recv_timeout(frame.saturating_sub(began.elapsed())) {
                Ok(change) => self.take(&change.value),
                Err(RecvTimeoutError::Timeout) => return Ok(()),
                Err(RecvTimeoutError::Disconnected) => {
                    return Err(Refusal::Failed("the subscription ended".into()));
                }
            }
        }
    }

    fn take(&mut self, change: &RpcKeyedAccount) {
        let address = change.pubkey.parse().ok();
        if let Some((address, data)) = address.zip(change.account.data.decode()) {
            self.apply(address, &data);
        }
    }
}

/// What the screen is told.
pub enum News {
    /// A new scene.
    Scene(Box<Scene>),
    /// Something happened.
    Event(Box<Line>),
    /// The network does not answer, or answers again.
    Problem(Option<String>),
}

/// Where to ask.
pub struct Source {
    /// JSON-RPC, for past transactions.
    pub client: RpcClient,
    /// JSON-RPC, for accounts.
    pub reader: Reader,
    /// WebSocket.
    pub websocket: String,
    /// How parts of the exchange are called.
    pub names: Names,
    /// How often what.
    pub pace: Pace,
}

type Changes = Receiver<RpcResponse<RpcKeyedAccount>>;

impl Source {
    /// Tells scenes until nobody listens.
    pub fn feed_scenes(&self, tell: &Sender<News>) {
        loop {
            // Where no subscription is to be had, everything is read again and again instead.
            let subscription = self.changes().ok();
            match self.spell(subscription.as_ref().map(|(_, changes)| changes), tell) {
                Ok(ControlFlow::Continue(())) => {}
                Ok(ControlFlow::Break(())) => return,
                Err(refusal) => {
                    if tell.send(News::Problem(Some(refusal.to_string()))).is_err() {
                        return;
                    }
                    thread::sleep(self.pace.pause);
                }
            }
        }
    }

    /// Tells events of the past, then those to come, until nobody listens.
    pub fn feed_events(&self, tell: &Sender<News>) {
        let mut is_first = true;
        // Whoever cannot subscribe is told so by the scenes' own attempts.
        while let Ok(ControlFlow::Continue(())) | Err(_) = self.events(is_first, tell) {
            is_first = false;
            thread::sleep(self.pace.pause);
        }
    }

    fn events(&self, looks_back: bool, tell: &Sender<News>) -> Result<ControlFlow<()>, Refusal> {
        let shown = Shown::new(Exchange::read(&self.reader, self.names.clone())?);
        let following = events::follow(&self.websocket, &plimsoll::ID)?;
        let past = if looks_back { events::past(&self.client, &plimsoll::ID, PAST)? } else { Vec::new() };
        for told in past.into_iter().chain(following.told()) {
            for line in shown.events(&told) {
                if tell.send(News::Event(Box::new(line))).is_err() {
                    return Ok(ControlFlow::Break(()));
                }
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    fn changes(&self) -> Result<ProgramSubscription, Refusal> {
        let account_config = RpcAccountInfoConfig {
            encoding: Some(UiAccountEncoding::Base64),
            commitment: Some(self.client.commitment()),
            ..RpcAccountInfoConfig::default()
        };
        let config = RpcProgramAccountsConfig { account_config, ..RpcProgramAccountsConfig::default() };
        PubsubClient::program_subscribe(self.websocket.as_str(), &plimsoll::ID, Some(config))
            .map_err(|error| Refusal::Failed(format!("no subscription at {}: {error}", self.websocket)))
    }

    /// For a while: everything once, then what changes. Breaks once nobody listens.
    fn spell(&self, changes: Option<&Changes>, tell: &Sender<News>) -> Result<ControlFlow<()>, Refusal> {
        let mut memory = Memory::read(&self.reader, self.names.clone())?;
        let (began, mut shared_at) = (Instant::now(), Instant::now());
        let Pace { frame, shared, everything, pause } = self.pace;
        let length = if changes.is_some() { everything } else { pause };
        if tell.send(News::Problem(None)).is_err() {
            return Ok(ControlFlow::Break(()));
        }
        loop {
            if tell.send(News::Scene(Box::new(Scene::of(&memory)))).is_err() {
                return Ok(ControlFlow::Break(()));
            }
            if began.elapsed() >= length {
                return Ok(ControlFlow::Continue(()));
            }
            memory.gather(changes, frame)?;
            if shared_at.elapsed() >= shared {
                memory.exchange = Exchange::read(&self.reader, self.names.clone())?;
                shared_at = Instant::now();
            }
        }
    }
}
