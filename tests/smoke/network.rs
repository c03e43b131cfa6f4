//! On a local network: deployed through the loader, spoken to through JSON-RPC.

use std::{fs, path::Path};

use anyhow::Result;
use base64::{Engine, prelude::BASE64_STANDARD};
use harness::program;
use plimsoll::state::MarginAccount;
use plimsoll_client::{
    decode,
    instructions::{account, vault::Inflow},
};
use plimsoll_localnet::{
    Network, exchange,
    tokens::{self, Token},
};
use solana_keypair::Keypair;
use solana_pubkey::Pubkey;
use solana_signer::Signer;

const DEPOSITED: u64 = 250_000_000;
const NUMBER: u32 = 7;

#[test]
fn the_loader_accepts_the_program_and_a_wallet_deposits_through_json_rpc() -> Result<()> {
    let network = Network::boot()?;
    let exchange = exchange::open(&network, &program::elf())?;
    let wallet = Keypair::new();
    network.airdrop(&wallet.pubkey(), 1_000_000_000)?;
    let quote = Token { mint: exchange.quote.mint, program: exchange.quote.token_program };
    let source = tokens::give(&network, &exchange.admin, quote, &wallet.pubkey(), DEPOSITED)?;

    let account = account::MarginAccount::derive(&exchange.addresses, wallet.pubkey(), NUMBER);
    let inflow =
        Inflow { bank: exchange.quote, account: account.address, depositor: wallet.pubkey(), source };
    network.send(&[account.open(wallet.pubkey()), inflow.deposit(DEPOSITED)], &[&wallet])?;

    assert_eq!(tokens::held(&network, &source)?, 0);
    assert_eq!(tokens::held(&network, &exchange.quote.vault)?, DEPOSITED);
    let data = network.client().get_account_data(&account.address)?;
    let decoded = decode::read::<MarginAccount>(&data)?;
    assert_eq!((decoded.header.owner.0, decoded.header.number), (wallet.pubkey().to_bytes(), NUMBER));
    leave_for_the_typescript_test(&decoded, &data)
}

/// The TypeScript test decodes what the network returned, with the generated client.
fn leave_for_the_typescript_test(decoded: &MarginAccount, data: &[u8]) -> Result<()> {
    let held: Vec<_> = decoded.balances.iter().filter(|slot| !slot.is_free()).collect();
    assert_eq!(held.len(), 1, "one deposit, one balance");
    let fixture = serde_json::json!({
        "data": BASE64_STANDARD.encode(data),
        "owner": Pubkey::from(decoded.header.owner.0).to_string(),
        "number": decoded.header.number,
        "bank": held[0].bank,
        "shares": held[0].shares.get().to_string(),
    });
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/fixtures");
    fs::create_dir_all(&folder)?;
    fs::write(folder.join("margin_account.json"), serde_json::to_string_pretty(&fixture)?)?;
    Ok(())
}
