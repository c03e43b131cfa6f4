//! Deploys a program the way governance upgrades it: bytes into a buffer, then the loader's own `Upgrade`.
//!
//! The program's id belongs to a key that nobody on this network has, so the first deployment cannot be signed. An
//! empty program is therefore put at the id, with a real upgrade authority; everything after that goes through the
//! loader, which verifies the bytes as on a public network.

use std::thread;

use anyhow::{Context, Result, anyhow, ensure};
use hiro_system_kit::nestable_block_on;
use plimsoll_deploy::{Chain, Manifest, local};
use solana_instruction::Instruction;
use solana_keypair::Keypair;
use solana_loader_v3_interface::{get_program_data_address, instruction, state::UpgradeableLoaderState};
use solana_pubkey::Pubkey;
use solana_signer::Signer;
use surfpool_core::surfnet::noop_program::NOOP_PROGRAM_ELF;

use crate::Network;

/// Bytes in one instruction: the loader reads no more than a packet of 1,232 bytes, with 16 before these.
const CHUNK: usize = 1_216;
/// Instructions in one transaction: it goes to the network within this process, where it need not fit into a packet itself.
const WRITES: usize = 48;
/// Pays the rent of a megabyte twice and the fees of writing it.
const FUNDS: u64 = 100_000_000_000;

/// Whose key deploys on local networks, after `local:`.
pub const DEPLOYER: &str = "deployer";

/// The manifest of local networks that comes with the project: `migrations/localnet.toml`.
///
/// # Errors
/// It is not a manifest any more.
pub fn usual_manifest() -> Result<Manifest> {
    const PATH: &str = "migrations/localnet.toml";
    Ok(Manifest::parse(include_str!("../../../migrations/localnet.toml"), PATH)?)
}

/// Deploys the program and everything that a manifest says; what is there already stays. Returns the deployer's key: the
/// upgrade authority, and the admin where the manifest says `deployer`.
///
/// # Errors
/// The loader refuses the program; the manifest cannot be carried out at once.
pub fn from_manifest(network: &Network, elf: &[u8], manifest: &Manifest) -> Result<Keypair> {
    let deployer = local::keypair(DEPLOYER);
    program(network, &plimsoll_client::ID, elf, &deployer)?;
    let left = plimsoll_deploy::apply(manifest, network, &deployer, &mut |_| ())?;
    ensure!(left.is_done(), "the manifest is not carried out yet:\n{left}");
    Ok(deployer)
}

/// Deploys `elf` at `id` and leaves `authority` as its upgrade authority.
pub fn program(network: &Network, id: &Pubkey, elf: &[u8], authority: &Keypair) -> Result<()> {
    network.airdrop(&authority.pubkey(), FUNDS)?;
    place_empty_program(network, id, elf.len(), &authority.pubkey())?;
    let buffer = write_buffer(network, elf, authority)?;
    let upgrade = instruction::upgrade(id, &buffer, &authority.pubkey(), &authority.pubkey());
    // The loader upgrades a program once a slot, and what it deploys can be called from the next one on.
    network.makes_block()?;
    network.execute(&[upgrade], &[authority]).context("the loader refused the program")?;
    network.makes_block()?;
    verify(network, id, elf, &authority.pubkey())
}

/// A program that does nothing, with room for `length` bytes.
fn place_empty_program(network: &Network, id: &Pubkey, length: usize, authority: &Pubkey) -> Result<()> {
    let mut empty = NOOP_PROGRAM_ELF.to_vec();
    empty.resize(length.max(empty.len()), 0);
    let write = || nestable_block_on(network.locker.write_program(*id, Some(*authority), 0, &empty, &None));
    // On a thread of its own: whoever deploys may be at work for a runtime, which must not be blocked.
    let written = thread::scope(|scope| scope.spawn(write).join());
    let written = written.map_err(|_| anyhow!("the network panicked"))?;
    written.map_err(|error| anyhow!("no place for the program at {id}: {error}"))
}

/// Writes the bytes into a new buffer account and reads them back.
fn write_buffer(network: &Network, elf: &[u8], authority: &Keypair) -> Result<Pubkey> {
    let (buffer, owner) = (Keypair::new(), authority.pubkey());
    let rent = network.rent(UpgradeableLoaderState::size_of_buffer(elf.len()))?;
    let create = instruction::create_buffer(&owner, &buffer.pubkey(), &owner, rent, elf.len())
        .map_err(|error| anyhow!("{error:?}"))?;
    network.execute(&create, &[authority, &buffer]).context("could not create the buffer")?;
    let write = |(position, chunk): (usize, &[u8])| -> Result<Instruction> {
        let offset = u32::try_from(position * CHUNK)?;
        Ok(instruction::write(&buffer.pubkey(), &owner, offset, chunk.to_vec()))
    };
    let writes = elf.chunks(CHUNK).enumerate().map(write).collect::<Result<Vec<_>>>()?;
    for writes in writes.chunks(WRITES) {
        network.execute(writes, &[authority]).context("could not write the program into the buffer")?;
    }
    let written = data(network, &buffer.pubkey())?;
    let code = written.get(UpgradeableLoaderState::size_of_buffer_metadata()..);
    ensure!(code == Some(elf), "the buffer does not hold what was written");
    Ok(buffer.pubkey())
}

fn data(network: &Network, address: &Pubkey) -> Result<Vec<u8>> {
    let account = network.account(address)?;
    Ok(account.with_context(|| format!("there is no account {address}"))?.data)
}

/// What the loader must have left: our bytes, under our authority.
fn verify(network: &Network, id: &Pubkey, elf: &[u8], authority: &Pubkey) -> Result<()> {
    let data = data(network, &get_program_data_address(id))?;
    let (header, code) = data
        .split_at_checked(UpgradeableLoaderState::size_of_programdata_metadata())
        .context("the program's data has no header")?;
    // slot u64 after the state's tag u32, then an optional authority
    ensure!(header.get(13..45) == Some(authority.as_ref()), "the upgrade authority is not {authority}");
    ensure!(code.starts_with(elf), "the deployed bytes are not those of the program");
    Ok(())
}
