//! Prices as Pyth publishes them: accounts of its receiver program, in its format, written without a transaction.

use anchor_lang::AccountSerialize;
use anyhow::{Context, Result, anyhow, ensure};
use plimsoll::oracle::pyth::{self, RECEIVER};
use plimsoll_deploy::{Manifest, local};
use plimsoll_risk::num::{PRICE_BITS, Price};
use pyth_solana_receiver_sdk::price_update::{PriceFeedMessage, PriceUpdateV2, VerificationLevel};
use solana_account::Account;
use solana_pubkey::Pubkey;
use solana_rent::Rent;
use solana_signer::Signer;
use surfpool_core::surfnet::locker::SurfnetSvmLocker;

use crate::Network;

/// Decimals of what is published: the most at which every price fits 63 bits.
const DECIMALS: u32 = 11;
/// A price is said to be uncertain by a 5,000th, about what Pyth says of the large ones on a usual day.
const CERTAINTY: i64 = 5_000;

/// Publishes the prices of a manifest's feeds on a network.
pub struct Publisher {
    locker: SurfnetSvmLocker,
    feeds: Vec<Feed>,
    rent: u64,
}

struct Feed {
    name: String,
    id: [u8; 32],
    account: Pubkey,
}

impl Publisher {
    /// For the feeds of a manifest, in their order. Nothing is published yet.
    pub fn new(network: &Network, manifest: &Manifest) -> Self {
        let feed = |feed: &plimsoll_deploy::manifest::Feed| Feed {
            name: feed.name.clone(),
            id: feed.pyth,
            account: address(&feed.name),
        };
        let locker = network.locker.clone();
        let rent = locker.with_svm_reader(|svm| svm.inner.get_sysvar::<Rent>());
        let feeds = manifest.feeds.iter().map(feed).collect();
        Self { locker, feeds, rent: rent.minimum_balance(PriceUpdateV2::LEN) }
    }

    /// The account with the price of the feed at a place on the board. Panics for a place without a feed.
    pub fn account(&self, feed: usize) -> Pubkey {
        self.feeds[feed].account
    }

    /// Publishes the prices of all feeds, by their places, as of one moment, unix seconds: all of them before the next
    /// transaction. Each is rounded to the nearest 10^-11.
    ///
    /// # Errors
    /// There are not as many prices as feeds; a price is none.
    pub fn publish(&self, prices: &[Price], publish_time: i64) -> Result<()> {
        let (found, wanted) = (prices.len(), self.feeds.len());
        ensure!(found == wanted, "{found} prices for {wanted} feeds");
        let update = |(feed, price): (&Feed, &Price)| -> Result<(Pubkey, Account)> {
            let data =
                update(feed.id, *price, publish_time).with_context(|| format!("{}: {price:?}", feed.name))?;
            let account = Account {
                lamports: self.rent,
                data,
                owner: RECEIVER,
                executable: false,
                rent_epoch: u64::MAX,
            };
            Ok((feed.account, account))
        };
        let updates = self.feeds.iter().zip(prices).map(update).collect::<Result<Vec<_>>>()?;
        self.locker.with_svm_writer(move |svm| {
            let written =
                updates.into_iter().try_for_each(|(address, account)| svm.set_account(&address, account));
            written.map_err(|error| anyhow!("the prices could not be written: {error}"))
        })
    }

    /// The prices that are there, by the places of their feeds.
    pub fn published(&self) -> Vec<Option<Price>> {
        let price = |feed: &Feed| {
            let (address, id) = (feed.account, feed.id);
            let account = self.locker.with_svm_reader(move |svm| svm.get_account(&address)).ok().flatten()?;
            pyth::read(&account.owner, &account.data, &id).ok().map(|update| update.price)
        };
        self.feeds.iter().map(price).collect()
    }
}

/// Where the price of the feed of a name is published on local networks.
pub fn address(feed: &str) -> Pubkey {
    local::keypair(&format!("pyth: {feed}")).pubkey()
}

/// The data of an update account, as the receiver program leaves it after full verification.
fn update(feed_id: [u8; 32], price: Price, publish_time: i64) -> Result<Vec<u8>> {
    let price = decimal(price).context("no price to publish")?;
    let conf = u64::try_from(price / CERTAINTY)?;
    let update = PriceUpdateV2 {
        write_authority: Pubkey::default(),
        verification_level: VerificationLevel::Full,
        price_message: PriceFeedMessage {
            feed_id,
            price,
            conf,
            exponent: -i32::try_from(DECIMALS)?,
            publish_time,
            prev_publish_time: publish_time.saturating_sub(1),
            ema_price: price,
            ema_conf: conf,
        },
        posted_slot: 0,
    };
    let mut data = Vec::with_capacity(PriceUpdateV2::LEN);
    update.try_serialize(&mut data)?;
    data.resize(PriceUpdateV2::LEN, 0);
    Ok(data)
}

/// A price with so many decimals, rounded to nearest; `None` where nothing is left of it.
fn decimal(price: Price) -> Option<i64> {
    let scaled = u128::from(price.get()).checked_mul(10u128.pow(DECIMALS))?;
    let rounded = scaled.checked_add(1 << (PRICE_BITS - 1))? >> PRICE_BITS;
    i64::try_from(rounded).ok().filter(|decimal| *decimal > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_program_reads_what_is_published() -> Result<()> {
        for (mantissa, exponent) in [(1, -6), (99_999, -5), (40_123, 0), (8_000_000, 0)] {
            let price = Price::from_decimal(mantissa, exponent).map_err(|error| anyhow!("{error:?}"))?;
            let data = update([7; 32], price, 1_651_881_600)?;
            let read = pyth::read(&RECEIVER, &data, &[7; 32]).map_err(|refusal| anyhow!("{refusal:?}"))?;
            let error = read.price.distance(price).get();
            ensure!(error <= 10, "{price:?} was read as {:?}", read.price);
            assert_eq!(read.publish_time, 1_651_881_600);
            assert!(read.confidence.get() <= price.get() / 4_999 + 100, "{:?}", read.confidence);
        }
        Ok(())
    }

    #[test]
    fn no_price_is_not_published() {
        assert!(update([7; 32], Price::ZERO, 0).is_err());
    }
}
