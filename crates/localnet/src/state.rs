//! A network's accounts and time, saved to a file and restored on another network.
//!
//! The file is compressed JSON, a line for what it is and a line for each account, data in base64. Transactions of the past
//! are not in it: a restored network knows no signatures.

use std::{
    fs::{self, File},
    io::{BufRead, BufReader, BufWriter, Write},
    path::Path,
};

use anyhow::{Context, Result, anyhow, ensure};
use base64::{Engine, prelude::BASE64_STANDARD};
use serde::{Deserialize, Serialize};
use solana_account::Account;
use solana_pubkey::Pubkey;
use solana_sdk_ids::{bpf_loader_upgradeable, sysvar};
use surfpool_core::surfnet::svm::SurfnetSvm;

use crate::{Network, clock::enter_slot};

/// What the first line calls such a file.
const FORMAT: &str = "plimsoll-localnet";
/// Files of other versions are refused.
const VERSION: u32 = 1;
/// Fast; accounts are mostly zeros.
const COMPRESSION: i32 = 1;

/// The first line.
#[derive(Serialize, Deserialize)]
struct Header {
    format: String,
    version: u32,
    slot: u64,
    block_height: u64,
    /// Of the clock, since 1970.
    unix_milliseconds: u64,
    /// Whether time stood.
    is_standing: bool,
    accounts: usize,
}

/// Every other line.
#[derive(Serialize, Deserialize)]
struct Saved {
    address: String,
    owner: String,
    lamports: u64,
    executable: bool,
    rent_epoch: u64,
    data: String,
}

/// Saves all accounts, the clock and the slot. The file is written beside its place and moved there when it is whole. What the
/// network makes anew for itself, recent blockhashes and other sysvars, is left out.
///
/// # Errors
/// The file cannot be written.
pub fn save(network: &Network, path: &Path) -> Result<()> {
    let (header, accounts) = network.locker.with_svm_reader(contents)?;
    let unfinished = path.with_extension("unfinished");
    let cannot = || format!("cannot save the network to {}", path.display());
    let file = File::create(&unfinished).with_context(cannot)?;
    let mut out = zstd::Encoder::new(BufWriter::new(file), COMPRESSION)?;
    write_line(&mut out, &header).with_context(cannot)?;
    for account in &accounts {
        write_line(&mut out, &Saved::from(account)).with_context(cannot)?;
    }
    out.finish()?.into_inner().map_err(std::io::IntoInnerError::into_error)?.sync_all()?;
    fs::rename(&unfinished, path).with_context(cannot)
}

/// Puts a saved network's accounts onto this one and takes over its clock and slot. Accounts that it has and the file has not
/// stay: meant for a network that was just booted.
///
/// # Errors
/// The file is not there, is none of these or of another version, or is cut off.
pub fn restore(network: &Network, path: &Path) -> Result<()> {
    let cannot = || format!("cannot restore the network from {}", path.display());
    let file = File::open(path).with_context(cannot)?;
    let (header, accounts) = read(file).with_context(cannot)?;
    network.locker.with_svm_writer(move |svm| put(svm, &header, accounts)).with_context(cannot)
}

fn contents(svm: &SurfnetSvm) -> Result<(Header, Vec<(Pubkey, Account)>)> {
    let all = svm.get_all_accounts().map_err(|error| anyhow!("{error}"))?;
    let accounts: Vec<(Pubkey, Account)> = all
        .into_iter()
        .map(|(address, account)| (address, Account::from(account)))
        .filter(|(_, account)| account.lamports > 0 && account.owner != sysvar::ID)
        .collect();
    let header = Header {
        format: FORMAT.to_owned(),
        version: VERSION,
        slot: svm.latest_epoch_info.absolute_slot,
        block_height: svm.chain_tip.index,
        unix_milliseconds: svm.updated_at,
        is_standing: svm.slot_time == 0,
        accounts: accounts.len(),
    };
    Ok((header, accounts))
}

fn read(file: File) -> Result<(Header, Vec<(Pubkey, Account)>)> {
    let mut lines = BufReader::new(zstd::Decoder::new(file)?).lines();
    let first = lines.next().context("it is empty")?.context("it is not a saved network")?;
    let header: Header = serde_json::from_str(&first).context("it is not a saved network")?;
    let (found, wanted) = ((header.format.as_str(), header.version), (FORMAT, VERSION));
    ensure!(found == wanted, "it is {} version {}, expected {FORMAT} version {VERSION}", found.0, found.1);
    let mut accounts = Vec::with_capacity(header.accounts.min(1 << 20));
    for line in lines {
        accounts.push(serde_json::from_str::<Saved>(&line?)?.account()?);
    }
    ensure!(accounts.len() == header.accounts, "it has {} of {} accounts", accounts.len(), header.accounts);
    Ok((header, accounts))
}

/// Data of programs first: the machine compiles a program when it comes, out of its data.
fn put(svm: &mut SurfnetSvm, header: &Header, accounts: Vec<(Pubkey, Account)>) -> Result<()> {
    svm.updated_at = header.unix_milliseconds;
    svm.genesis_updated_at = header.unix_milliseconds;
    if header.is_standing {
        svm.slot_time = 0;
    }
    svm.chain_tip.index = svm.chain_tip.index.max(header.block_height);
    // A slot in which nothing has happened yet: what was deployed in the last one can be called.
    enter_slot(svm, header.slot.saturating_add(1));
    let refused = |address: &Pubkey, error: &dyn std::fmt::Display| anyhow!("account {address}: {error}");
    let (programs_data, others): (Vec<_>, Vec<_>) = accounts
        .into_iter()
        .partition(|(_, account)| account.owner == bpf_loader_upgradeable::ID && !account.executable);
    for (address, account) in programs_data.into_iter().chain(others) {
        let there = svm.get_account(&address).map_err(|error| refused(&address, &error))?;
        if there.as_ref() != Some(&account) {
            svm.set_account(&address, account).map_err(|error| refused(&address, &error))?;
        }
    }
    Ok(())
}

fn write_line(out: &mut impl Write, line: &impl Serialize) -> Result<()> {
    serde_json::to_writer(&mut *out, line)?;
    Ok(out.write_all(b"\n")?)
}

impl From<&(Pubkey, Account)> for Saved {
    fn from((address, account): &(Pubkey, Account)) -> Self {
        Self {
            address: address.to_string(),
            owner: account.owner.to_string(),
            lamports: account.lamports,
            executable: account.executable,
            rent_epoch: account.rent_epoch,
            data: BASE64_STANDARD.encode(&account.data),
        }
    }
}

impl Saved {
    fn account(self) -> Result<(Pubkey, Account)> {
        let address: Pubkey = self.address.parse().with_context(|| self.address.clone())?;
        let owner: Pubkey = self.owner.parse().with_context(|| self.owner.clone())?;
        let data = BASE64_STANDARD.decode(&self.data).with_context(|| format!("data of {address}"))?;
        let (lamports, executable, rent_epoch) = (self.lamports, self.executable, self.rent_epoch);
        Ok((address, Account { lamports, data, owner, executable, rent_epoch }))
    }
}
