//! Oracle accounts that ride along where the board's prices are stale.

use super::operator::Operator;
use plimsoll::{oracle::pyth, state::MarginAccount};
use plimsoll_risk::{
    health::Overlay,
    layout::{bank::NO_FEED, board::RiskBoard},
    observation::OraclePrice,
};
use solana_account_decoder_client_types::UiAccountEncoding;
use solana_client::{
    rpc_client::RpcClient,
    rpc_config::{RpcAccountInfoConfig, RpcProgramAccountsConfig},
    rpc_filter::{Memcmp, RpcFilterType},
};
use solana_pubkey::Pubkey;

/// Where an update says that it was fully verified; its feed's id follows.
const VERIFIED: usize = 40;

/// What a deed is about beside what accounts hold, by its place on the board.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Beside {
    /// The market of an order.
    Market(u8),
    /// The bank of a borrow.
    Bank(u8),
    /// Nothing.
    Nothing,
}

/// Accounts to bring along, and what they say.
#[derive(Clone, Debug)]
pub struct Brought {
    /// By the feeds' places on the board.
    pub feeds: Vec<(u8, Pubkey)>,
    /// Their prices.
    pub overlay: Overlay,
}

impl Brought {
    /// As they follow an instruction's own accounts.
    pub fn accounts(&self) -> Vec<Pubkey> {
        self.feeds.iter().map(|(_, address)| *address).collect()
    }
}

/// Pyth's newest accounts for every feed that a check of accounts, and of what comes beside, would find stale on the board; as
/// many as one instruction takes, what comes beside first.
///
/// None where the board is fresh; nor where the network does not say, or has nothing newer: the program then says which
/// price is missing.
pub fn brought(operator: &Operator, accounts: &[&MarginAccount], beside: Beside) -> Brought {
    let exchange = operator.exchange();
    let mut brought = Brought { feeds: Vec::new(), overlay: Overlay::none() };
    for feed in stale(accounts, &exchange.board, beside, exchange.now).into_iter().take(Overlay::CAPACITY) {
        let Ok(entry) = exchange.board.feed(feed) else { continue };
        let newest = newest(operator.session().client(), &entry.pyth_feed_id.0);
        let newest = newest.filter(|(_, price)| price.publish_time > entry.publish_time);
        if let Some((address, price)) = newest
            && brought.overlay.push(feed, price).is_ok()
        {
            brought.feeds.push((feed, address));
        }
    }
    brought
}

/// Feeds of what comes beside, and of all that accounts hold, whose entries on the board are too old, each once.
fn stale(accounts: &[&MarginAccount], board: &RiskBoard, beside: Beside, now: i64) -> Vec<u8> {
    let of_market =
        |index: u8| board.markets.get(usize::from(index)).map(|terms| (terms.feed, terms.valid_until));
    let of_bank =
        |index: u8| board.banks.get(usize::from(index)).map(|terms| (terms.feed, terms.valid_until));
    let first = match beside {
        Beside::Market(index) => of_market(index),
        Beside::Bank(index) => of_bank(index),
        Beside::Nothing => None,
    };
    let positions = accounts.iter().flat_map(|account| &account.positions);
    let positions = positions.filter(|position| !position.is_free()).filter_map(|it| of_market(it.market));
    let balances = accounts.iter().flat_map(|account| &account.balances);
    let balances = balances.filter(|slot| !slot.is_free()).filter_map(|slot| of_bank(slot.bank));
    let mut feeds = Vec::new();
    for (feed, valid_until) in first.into_iter().chain(positions).chain(balances) {
        if valid_until < now && feed != NO_FEED && !feeds.contains(&feed) {
            feeds.push(feed);
        }
    }
    feeds
}

/// The newest fully verified update of a feed.
fn newest(client: &RpcClient, feed_id: &[u8; 32]) -> Option<(Pubkey, OraclePrice)> {
    let named = [&[1], &feed_id[..]].concat();
    let config = RpcProgramAccountsConfig {
        filters: Some(vec![
            RpcFilterType::Memcmp(Memcmp::new_raw_bytes(0, pyth::DISCRIMINATOR.to_vec())),
            RpcFilterType::Memcmp(Memcmp::new_raw_bytes(VERIFIED, named)),
        ]),
        account_config: RpcAccountInfoConfig {
            encoding: Some(UiAccountEncoding::Base64),
            commitment: Some(client.commitment()),
            ..RpcAccountInfoConfig::default()
        },
        ..RpcProgramAccountsConfig::default()
    };
    let found = client.get_program_ui_accounts_with_config(&pyth::RECEIVER, config).ok()?;
    let read = found.into_iter().filter_map(|(address, account)| {
        let price = pyth::read(&pyth::RECEIVER, &account.data.decode()?, feed_id).ok()?;
        Some((address, price))
    });
    read.max_by_key(|(_, price)| price.publish_time)
}
