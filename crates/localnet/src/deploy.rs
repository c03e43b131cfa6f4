//! Deploys a program the way governance upgrades it: bytes into a buffer, then the loader's own `Upgrade`.
//!
//! The program's id belongs to a key that nobody on this network has, so the first deployment cannot be signed. An
//! empty program is therefore put at the id, with a real upgrade authority; everything after that goes through the
//! loader, which verifies the bytes as on a public network.

use std::collections::BTreeSet;

use anyhow::{Context, Result, anyhow, ensure};
use hiro_system_kit::nestable_block_on;
use solana_client::rpc_client::RpcClient;
use solana_keypair::Keypair;
use solana_loader_v3_interface::{get_program_data_address, instruction, state::UpgradeableLoaderState};
use solana_pubkey::Pubkey;
use solana_signer::Signer;
use surfpool_core::surfnet::noop_program::NOOP_PROGRAM_ELF;

use crate::Network;

/// What fits into one transaction beside its signature, keys and blockhash.
const CHUNK: usize = 960;
/// Pays the rent of a megabyte twice and the fees of writing it.
const FUNDS: u64 = 100_000_000_000;

/// Deploys `elf` at `id` and leaves `authority` as its upgrade authority.
pub fn program(network: &Network, id: &Pubkey, elf: &[u8], authority: &Keypair) -> Result<()> {
    network.airdrop(&authority.pubkey(), FUNDS)?;
    place_empty_program(network, id, elf.len(), &authority.pubkey())?;
    let buffer = write_buffer(network, elf, authority)?;
    let upgrade = instruction::upgrade(id, &buffer, &authority.pubkey(), &authority.pubkey());
    network.send(&[upgrade], &[authority]).context("the loader refused the program")?;
    verify(&network.client(), id, elf, &authority.pubkey())
}

/// A program that does nothing, with room for `length` bytes.
fn place_empty_program(network: &Network, id: &Pubkey, length: usize, authority: &Pubkey) -> Result<()> {
    let mut empty = NOOP_PROGRAM_ELF.to_vec();
    empty.resize(length.max(empty.len()), 0);
    let written = nestable_block_on(network.locker.write_program(*id, Some(*authority), 0, &empty, &None));
    written.map_err(|error| anyhow!("no place for the program at {id}: {error}"))
}

/// Writes the bytes into a new buffer account and reads them back.
fn write_buffer(network: &Network, elf: &[u8], authority: &Keypair) -> Result<Pubkey> {
    let (client, buffer) = (network.client(), Keypair::new());
    let rent =
        client.get_minimum_balance_for_rent_exemption(UpgradeableLoaderState::size_of_buffer(elf.len()))?;
    let create = instruction::create_buffer(
        &authority.pubkey(),
        &buffer.pubkey(),
        &authority.pubkey(),
        rent,
        elf.len(),
    )
    .map_err(|error| anyhow!("{error:?}"))?;
    network.send(&create, &[authority, &buffer]).context("could not create the buffer")?;

    let write = |position: usize, chunk: &[u8]| -> Result<_> {
        let offset = u32::try_from(position * CHUNK)?;
        Ok(instruction::write(&buffer.pubkey(), &authority.pubkey(), offset, chunk.to_vec()))
    };
    for (position, chunk) in elf.chunks(CHUNK).enumerate() {
        network.send_blindly(&[write(position, chunk)?], &[authority])?;
    }
    // Once more for the first: when its outcome is known, so are those of all that were sent before it.
    network.send(&[write(0, &elf[..CHUNK.min(elf.len())])?], &[authority])?;
    let written = client.get_account_data(&buffer.pubkey())?;
    let header = UpgradeableLoaderState::size_of_buffer_metadata();
    let wrong: BTreeSet<usize> =
        (0..elf.len()).filter(|at| written.get(header + at) != elf.get(*at)).map(|at| at / CHUNK).collect();
    ensure!(wrong.is_empty(), "chunks {wrong:?} of the buffer are not what was written");
    Ok(buffer.pubkey())
}

/// What the loader must have left: our bytes, under our authority.
fn verify(client: &RpcClient, id: &Pubkey, elf: &[u8], authority: &Pubkey) -> Result<()> {
    let data = client.get_account_data(&get_program_data_address(id))?;
    let (header, code) = data
        .split_at_checked(UpgradeableLoaderState::size_of_programdata_metadata())
        .context("the program's data has no header")?;
    // slot u64 after the state's tag u32, then an optional authority
    ensure!(header.get(13..45) == Some(authority.as_ref()), "the upgrade authority is not {authority}");
    ensure!(code.starts_with(elf), "the deployed bytes are not those of the program");
    Ok(())
}
