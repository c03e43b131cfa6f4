//! What a client has to know of a network, for people and as JSON.

use std::fmt::Write;

use anyhow::Result;
use plimsoll_client::addresses::{self, BankAddresses, ExchangeAddresses, MarketAddresses};
use plimsoll_deploy::{
    Manifest,
    manifest::{Bank, Market},
};
use plimsoll_localnet::{Network, keepers::Keepers, oracle};
use serde_json::{Map, Value, json};
use solana_pubkey::Pubkey;
use solana_signer::Signer;

use crate::keys::Kept;

/// All of it, in one value.
pub fn everything(
    network: &Network,
    manifest: &Manifest,
    keys: &[Kept],
    keepers: Option<&Keepers>,
) -> Result<Value> {
    let of = ExchangeAddresses::derive();
    let text = |address: &Pubkey| address.to_string();
    let feeds = manifest.feeds.iter().enumerate().map(|(place, feed)| {
        let id: String = feed.pyth.iter().map(|byte| format!("{byte:02x}")).collect();
        json!({ "name": feed.name, "index": place, "pyth": id, "oracle": text(&oracle::address(&feed.name)) })
    });
    let banks = manifest.banks.iter().enumerate().map(|(place, bank)| {
        let at = BankAddresses::derive(&of, bank.mint, bank.token_program);
        json!({
            "name": bank.name, "index": place, "feed": bank.feed, "decimals": bank.decimals,
            "mint": text(&at.mint), "tokenProgram": text(&at.token_program),
            "bank": text(&at.bank), "vault": text(&at.vault),
        })
    });
    let market = |(place, market): (usize, &Market)| -> Result<Value> {
        let at = MarketAddresses::derive(&of, u8::try_from(place)?);
        Ok(json!({
            "name": market.name, "index": place, "feed": market.feed, "market": text(&at.market),
            "bids": text(&at.bids), "asks": text(&at.asks), "queue": text(&at.queue),
        }))
    };
    let markets = manifest.markets.iter().enumerate().map(market).collect::<Result<Vec<_>>>()?;
    let key = |kept: &Kept| json!({ "address": text(&kept.key.pubkey()), "keypair": kept.file });
    let wallet = |kept: &Kept| {
        let owner = kept.key.pubkey();
        let token = |bank: &Bank| {
            let account = addresses::token_account(&owner, &bank.mint, &bank.token_program).address();
            (bank.name.clone(), Value::from(account.to_string()))
        };
        let tokens: Map<String, Value> = manifest.banks.iter().map(token).collect();
        json!({ "address": text(&owner), "keypair": kept.file, "tokens": tokens })
    };
    let keepers = keepers.iter().flat_map(|keepers| &keepers.all);
    let keepers = keepers
        .map(|it| json!({ "name": it.name, "keypair": it.keypair, "log": it.log }))
        .collect::<Vec<_>>();
    let (roles, wallets) = keys.split_at(ROLES.len().min(keys.len()));
    let roles: Map<String, Value> =
        ROLES.iter().zip(roles).map(|(name, kept)| ((*name).to_owned(), key(kept))).collect();
    Ok(json!({
        "rpc": network.rpc_url(), "websocket": network.websocket_url(), "time": network.now(),
        "program": text(&plimsoll_client::ID), "exchange": text(&of.exchange), "board": text(&of.board),
        "insurance": text(&of.insurance), "feeds": feeds.collect::<Vec<_>>(), "banks": banks.collect::<Vec<_>>(),
        "markets": markets, "roles": roles, "wallets": wallets.iter().map(wallet).collect::<Vec<_>>(),
        "keepers": keepers,
    }))
}

/// Whose keys stand before those of the wallets.
pub const ROLES: [&str; 2] = ["deployer", "guardian"];

/// The same for a person.
pub fn in_words(all: &Value) -> String {
    let mut text = String::new();
    let mut line = |name: &str, what: &Value| {
        let what = what.as_str().map_or_else(|| what.to_string(), str::to_owned);
        // A string takes everything.
        let _ = writeln!(text, "{name:<16} {what}");
    };
    for (name, field) in
        [("JSON-RPC", "rpc"), ("WebSocket", "websocket"), ("program", "program"), ("exchange", "exchange")]
    {
        line(name, &all[field]);
    }
    let lists = [("feeds", "oracle"), ("banks", "mint"), ("markets", "market")];
    for (list, address) in lists {
        for entry in all[list].as_array().into_iter().flatten() {
            let name = entry["name"].as_str().unwrap_or_default();
            line(&format!("{address} {name}"), &entry[address]);
        }
    }
    for (role, entry) in all["roles"].as_object().into_iter().flatten() {
        line(role, &entry["keypair"]);
    }
    for entry in all["wallets"].as_array().into_iter().flatten() {
        line("wallet", &entry["keypair"]);
    }
    for entry in all["keepers"].as_array().into_iter().flatten() {
        let name = entry["name"].as_str().unwrap_or_default();
        line(&format!("log {name}"), &entry["log"]);
    }
    text
}
