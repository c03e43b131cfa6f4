//! A network in a file.

use std::{collections::BTreeMap, fs, path::PathBuf};

use anyhow::Result;
use plimsoll_localnet::{Network, state, wallet};
use solana_account::Account;
use solana_pubkey::Pubkey;
use solana_sdk_ids::{bpf_loader_upgradeable, system_program};

use super::{DEPOSITED, Scene};

const TIME: i64 = 1_651_881_600;

/// A file of this test, away when the test is over.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Self {
        Self(std::env::temp_dir().join(format!("plimsoll-{name}-{}.state", std::process::id())))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // It is not there where the test failed before.
        let _ = fs::remove_file(&self.0);
    }
}

/// Everything that belongs to the programs, as JSON-RPC answers it.
fn accounts(network: &Network) -> Result<BTreeMap<Pubkey, Account>> {
    let owners =
        [plimsoll_client::ID, bpf_loader_upgradeable::ID, anchor_spl::token::ID, anchor_spl::token_2022::ID];
    let mut all = BTreeMap::new();
    for owner in owners {
        all.extend(network.client().get_program_accounts(&owner)?);
    }
    Ok(all)
}

#[test]
fn a_saved_network_is_restored_byte_for_byte_and_goes_on() -> Result<()> {
    let (mut scene, file) = (Scene::new()?, Scratch::new("saved"));
    scene.network.set_time(TIME)?;
    scene.opens()?;
    scene.deposits(1_000)?;
    let slot = scene.network.client().get_slot()?;
    state::save(&scene.network, &file.0)?;
    let saved = accounts(&scene.network)?;
    let owned = scene.network.client().get_balance(&scene.inflow.depositor)?;

    scene.network = Network::boot()?;
    state::restore(&scene.network, &file.0)?;
    let (client, mut restored) = (scene.network.client(), accounts(&scene.network)?);
    for (address, account) in &saved {
        assert_eq!(restored.remove(address).as_ref(), Some(account), "{address}");
    }
    assert!(restored.is_empty(), "nothing else is there: {restored:?}");
    assert!(saved.len() > 20, "{}", saved.len());
    assert_eq!(client.get_balance(&scene.inflow.depositor)?, owned);
    assert_eq!(client.get_account(&scene.inflow.depositor)?.owner, system_program::ID);
    assert_eq!(scene.network.now(), TIME);
    assert!(client.get_slot()? > slot);

    scene.deposits(DEPOSITED - 1_000)?;
    assert_eq!(wallet::held(&scene.network, &scene.inflow.bank.vault)?, DEPOSITED);
    Ok(())
}

#[test]
fn a_file_that_is_not_whole_or_not_a_network_is_refused() -> Result<()> {
    let (network, file) = (Network::boot()?, Scratch::new("broken"));
    let refusal = |bytes: &[u8]| -> Result<String> {
        fs::write(&file.0, bytes)?;
        Ok(format!("{:#}", state::restore(&network, &file.0).expect_err("it is no network")))
    };
    state::save(&network, &file.0)?;
    let whole = fs::read(&file.0)?;
    assert!(refusal(&whole[..whole.len() / 2])?.contains("cannot restore"));
    assert!(refusal(b"{}")?.contains("not a saved network"));
    assert!(refusal(b"")?.contains("cannot restore"));
    fs::write(&file.0, &whole)?;
    state::restore(&network, &file.0)
}
