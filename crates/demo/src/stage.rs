//! Where it happens: a local network with the program on it, and an exchange by the manifest.

use crate::prices::Course;
use anyhow::{Context, Result};
use crossbeam_channel::Receiver;
use plimsoll_client::{
    addresses::{BankAddresses, ExchangeAddresses, MarketAddresses},
    instructions::refresh,
    rpc::{Outcome, Reader, Sender, Settings},
    transaction::fees::Bid,
};
use plimsoll_deploy::{Manifest, local};
use plimsoll_localnet::{Blocks, Network, Options, Processed, deploy, oracle::Publisher, wallet};
use plimsoll_risk::num::Price;
use solana_instruction::Instruction;
use solana_keypair::{Keypair, Signer};
use solana_pubkey::Pubkey;

/// What somebody who pays fees has, lamports.
pub const PURSE: u64 = 1_000_000_000_000;

/// One market.
#[derive(Clone, Debug)]
pub struct Place {
    /// What the manifest calls it.
    pub name: String,
    /// Its accounts.
    pub at: MarketAddresses,
    /// The place of its feed.
    pub feed: usize,
    /// Native quote that one lot at one tick is worth.
    pub tick_lot: u32,
}

/// The network and the exchange on it.
pub struct Stage {
    /// The network.
    pub network: Network,
    /// What was deployed.
    pub manifest: Manifest,
    /// Who publishes prices.
    pub publisher: Publisher,
    /// The exchange.
    pub of: ExchangeAddresses,
    /// Its banks, the quote token's first.
    pub banks: Vec<BankAddresses>,
    /// Its markets.
    pub markets: Vec<Place>,
}

impl Stage {
    /// Boots a network at the time of the first prices and opens the exchange; what is processed comes out of the receiver.
    ///
    /// # Errors
    /// The network does not start, or refuses the deployment.
    pub fn open(elf: &[u8], manifest: Manifest, course: &Course) -> Result<(Self, Receiver<Processed>)> {
        let (watch, heard) = crossbeam_channel::unbounded();
        // A block for each transaction: nobody waits for one to know what became of his.
        let options = Options { blocks: Blocks::PerTransaction, watch: Some(watch), ..Options::default() };
        let network = Network::boot_with(&options)?;
        let first = course.first();
        network.set_time(first.unix_time)?;
        deploy::from_manifest(&network, elf, &manifest).context("deploying the exchange")?;
        let of = ExchangeAddresses::derive();
        let bank = |bank: &plimsoll_deploy::manifest::Bank| {
            BankAddresses::derive(&of, bank.mint, bank.token_program)
        };
        let place = |(index, market): (u8, &plimsoll_deploy::manifest::Market)| Place {
            name: market.name.clone(),
            at: MarketAddresses::derive(&of, index),
            feed: market.feed.into(),
            tick_lot: market.tick_lot,
        };
        let stage = Self {
            publisher: Publisher::new(&network, &manifest),
            of,
            banks: manifest.banks.iter().map(bank).collect(),
            markets: (0..).zip(&manifest.markets).map(place).collect(),
            network,
            manifest,
        };
        stage.publishes(first.unix_time, &first.prices)?;
        stage.refreshes()?;
        Ok((stage, heard))
    }

    /// Time has come to a moment: its prices are published.
    ///
    /// # Errors
    /// The network has ended.
    pub fn publishes(&self, unix_time: i64, prices: &[Price]) -> Result<()> {
        self.network.set_time(unix_time)?;
        self.publisher.publish(prices, unix_time)
    }

    /// The first refresh: from then on keepers do it.
    fn refreshes(&self) -> Result<()> {
        let sender = self.sender("first refresher")?;
        let feeds: Vec<(u8, Pubkey)> =
            (0..).zip((0..self.manifest.feeds.len()).map(|feed| self.publisher.account(feed))).collect();
        let markets = self.markets.iter().map(|place| refresh::refresh_market(&place.at));
        let banks = self.banks.iter().map(refresh::refresh_bank);
        must(&sender, &[refresh::refresh_prices(self.of.board, &feeds, None)], &[])?;
        markets.chain(banks).try_for_each(|one| must(&sender, &[one], &[]))
    }

    /// Somebody who pays for transactions.
    ///
    /// # Errors
    /// The network has ended.
    pub fn sender(&self, name: &str) -> Result<Sender> {
        let payer = local::keypair(&format!("demo: {name}"));
        wallet::fund(&self.network, &payer.pubkey(), PURSE)?;
        Ok(Sender::new(self.settings(), payer))
    }

    /// Reads the exchange's accounts.
    pub fn reader(&self) -> Reader {
        let settings = self.settings();
        Reader::new(&settings.urls, settings.commitment)
    }

    fn settings(&self) -> Settings {
        let commitment = self.network.client().commitment();
        // Nobody bids on a local network, and its node takes long to find out.
        let bid = Bid { most: 0, ..Bid::USUAL };
        Settings { commitment, bid, ..Settings::new(self.network.rpc_url()) }
    }
}

/// Sends what has to go through.
///
/// # Errors
/// It did not.
pub fn must(sender: &Sender, instructions: &[Instruction], extra: &[&Keypair]) -> Result<()> {
    match sender.send(instructions, extra) {
        Outcome::Done(_) => Ok(()),
        other => Err(anyhow::anyhow!("{other}")),
    }
}
