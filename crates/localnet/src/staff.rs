//! Who keeps a local network alive: prices copied to the board, fills applied, accounts in danger liquidated, books quoted.

use std::path::Path;

use anyhow::{Context, Result};
use plimsoll_client::{
    addresses::{BankAddresses, ExchangeAddresses},
    instructions::account::MarginAccount,
};
use plimsoll_deploy::{Chain, Manifest, local};
use plimsoll_localnet::{
    Network,
    keepers::{Job, Keepers, Logs},
    wallet,
};
use solana_signer::Signer;
use toml::{Table, toml};

use crate::{LAMPORTS, whole};

/// One of them: roles, and what its margin account gets of the quote bank and of each other bank, whole tokens.
struct Post {
    name: &'static str,
    roles: &'static [&'static str],
    quote: u64,
    others: u64,
}

const STAFF: [Post; 3] = [
    Post {
        name: "clerk",
        roles: &["refresher", "funding", "fills", "settler", "triggers"],
        quote: 1_000,
        others: 0,
    },
    Post { name: "liquidator", roles: &["liquidator", "insurance"], quote: 20_000_000, others: 1_000 },
    Post { name: "maker", roles: &["maker"], quote: 50_000_000, others: 0 },
];

/// Opens a margin account for each, unless it has one from before, and starts them; their files lie in a folder.
///
/// # Errors
/// The executable is missing; files cannot be written; the network refuses.
pub fn start(network: &Network, manifest: &Manifest, folder: &Path) -> Result<Keepers> {
    let mut keepers = Keepers::new(folder, Logs::Text)?;
    for post in &STAFF {
        let key = local::keypair(post.name);
        equip(network, manifest, post).with_context(|| format!("an account for the {}", post.name))?;
        let job = Job { name: post.name, roles: post.roles, settings: settings() };
        keepers.hire(network, manifest, &key, job)?;
    }
    keepers.start()?;
    Ok(keepers)
}

/// Prices come each second: whoever looks at markets should see them move.
fn settings() -> Table {
    toml! {
        [refresher]
        price_seconds = 2
    }
}

/// Lamports, and a margin account with capital.
fn equip(network: &Network, manifest: &Manifest, post: &Post) -> Result<()> {
    let (of, key) = (ExchangeAddresses::derive(), local::keypair(post.name));
    let account = MarginAccount::derive(&of, key.pubkey(), 0);
    if network.account(&account.address)?.is_some() {
        return Ok(());
    }
    wallet::fund(network, &key.pubkey(), LAMPORTS)?;
    let local = manifest.banks.iter().enumerate().filter(|(_, bank)| bank.local.is_some());
    let deposits: Vec<(BankAddresses, u64)> = local
        .map(|(place, bank)| {
            let tokens = if place == 0 { post.quote } else { post.others };
            (BankAddresses::derive(&of, bank.mint, bank.token_program), whole(bank, tokens))
        })
        .filter(|(_, amount)| *amount > 0)
        .collect();
    // In one transaction: there is no account without its capital.
    Chain::send(network, &wallet::entry(network, &account, key.pubkey(), &deposits)?, &[&key])?;
    Ok(())
}
