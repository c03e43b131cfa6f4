//! The chain behind RPC nodes: followed as [`following`](super::following) says, transactions sent as the SDK does.

use super::{
    Bids, CLOCK, Chain, Outcome, Parcel,
    following::{Endpoint, Following, Tell},
};
use crate::{stop::Stop, store::Update};
use anyhow::{Result, ensure};
use plimsoll_client::rpc::{self, Reader, Sender, Settings, Terms};
use solana_commitment_config::CommitmentConfig;
use solana_keypair::Keypair;
use solana_pubkey::Pubkey;
use std::time::Duration;

/// How a node is reached, and what is paid.
#[derive(Clone, Debug)]
pub struct Options {
    /// The nodes: the next one is taken where one does not answer.
    pub nodes: Vec<Endpoint>,
    /// Which blocks count.
    pub commitment: CommitmentConfig,
    /// After so long everything is read again, since nobody tells when an account is closed.
    pub resync: Duration,
    /// What is bid for priority.
    pub bids: Bids,
    /// Tables in which transactions find accounts.
    pub tables: Vec<Pubkey>,
    /// Whether nothing is sent.
    pub is_dry_run: bool,
}

/// The nodes, and the key that pays and signs.
pub struct Rpc {
    following: Following,
    bids: Bids,
    sender: Sender,
    reader: Reader,
}

impl Rpc {
    /// Connects and reads the lookup tables.
    ///
    /// # Errors
    /// No node is given, or none answers; a table is none.
    pub fn connect(options: Options, payer: Keypair) -> Result<Self> {
        let Options { nodes, commitment, resync, bids, tables, is_dry_run } = options;
        ensure!(!nodes.is_empty(), "no node is given");
        let urls = nodes.iter().map(|node| node.url.clone()).collect();
        let sender =
            Sender::new(Settings { urls, commitment, bid: bids.ordinary, tables, is_dry_run }, payer);
        sender.read_tables()?;
        let reader = sender.reader();
        Ok(Self { following: Following { nodes, commitment, resync }, bids, sender, reader })
    }
}

impl Chain for Rpc {
    fn follow(&self, watched: &[Pubkey], stop: &Stop, tell: &mut Tell<'_>) {
        self.following.follow(watched, stop, tell);
    }

    fn accounts(&self, addresses: &[Pubkey]) -> Result<Vec<Update>> {
        let answer = self.reader.accounts(addresses)?;
        let update = |(address, account): (&Pubkey, Option<(Pubkey, Vec<u8>)>)| {
            let own = account.filter(|(owner, _)| *owner == plimsoll::ID || *address == CLOCK);
            Update { address: *address, slot: answer.slot, data: own.map(|(_, data)| data) }
        };
        Ok(addresses.iter().zip(answer.found).map(update).collect())
    }

    fn send(&self, parcel: &Parcel<'_>) -> Outcome {
        let Parcel { instructions, signers, urgency, compute_limit } = *parcel;
        let terms = Terms { bid: Some(self.bids.of(urgency)), compute_limit, nonce: None };
        match self.sender.send_with(instructions, signers, terms) {
            rpc::Outcome::Done(_) => Outcome::Done,
            rpc::Outcome::Rehearsed(_) => Outcome::Rehearsed,
            rpc::Outcome::Refused(refused) => Outcome::Refused(refused.code),
            rpc::Outcome::Failed(why) => Outcome::Failed(why),
        }
    }
}
