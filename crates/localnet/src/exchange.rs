//! An exchange on the local network, open for deposits of its quote token.

use anyhow::{Context, Result};
use plimsoll::instructions::setup::Roles;
use plimsoll_client::{
    addresses::{BankAddresses, ExchangeAddresses},
    instructions::setup,
};
use plimsoll_risk::layout::bank::NO_FEED;
use solana_instruction::Instruction;
use solana_keypair::Keypair;
use solana_signer::Signer;

use crate::{Network, deploy, tokens};

/// Decimals of the quote token, as of the dollar tokens it stands for.
const QUOTE_DECIMALS: u8 = 6;
const DAY: u64 = 86_400;

/// An exchange and the keys that govern it. Here one key is admin, risk council and upgrade authority.
pub struct Exchange {
    pub addresses: ExchangeAddresses,
    pub admin: Keypair,
    pub guardian: Keypair,
    /// The bank of the token that is worth 1; the admin mints that token.
    pub quote: BankAddresses,
}

/// Deploys the program and opens an exchange on it.
pub fn open(network: &Network, elf: &[u8]) -> Result<Exchange> {
    let (admin, guardian) = (Keypair::new(), Keypair::new());
    deploy::program(network, &plimsoll_client::ID, elf, &admin)?;
    let quote = tokens::create(network, &admin, QUOTE_DECIMALS)?;
    let authority = admin.pubkey();
    let roles = Roles {
        admin: authority,
        risk_council: authority,
        guardian: guardian.pubkey(),
        fee_collector: authority,
        timelock_seconds: 2 * DAY,
        ramp_seconds: DAY,
    };
    let of = ExchangeAddresses::derive();
    let bank = BankAddresses::derive(&of, quote.mint, quote.program);
    let create = setup::create_exchange(authority, authority, quote.mint, roles);
    network.send(&[create], &[&admin]).context("creating the exchange")?;
    network.send(&board(&of, &admin), &[&admin]).context("creating the board")?;
    network
        .send(&[setup::register_bank(&bank, authority, NO_FEED)], &[&admin])
        .context("registering the quote bank")?;
    network
        .send(&[setup::create_insurance(&of, authority, bank.bank)], &[&admin])
        .context("creating the insurance fund")?;
    network.send(&[setup::open_exchange(&of, authority)], &[&admin]).context("opening the exchange")?;
    Ok(Exchange { addresses: of, admin, guardian, quote: bank })
}

/// The board at its full size: it is larger than one instruction may allocate.
fn board(of: &ExchangeAddresses, admin: &Keypair) -> Vec<Instruction> {
    let grow = setup::grow_board(of, admin.pubkey());
    std::iter::once(setup::create_board(of, admin.pubkey()))
        .chain(std::iter::repeat_n(grow, setup::growths()))
        .collect()
}
