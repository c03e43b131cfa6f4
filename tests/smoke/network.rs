//! On a local network: deployed through the loader, spoken to through JSON-RPC.

mod saved;
mod speed;
mod streams;
mod time;

use std::{collections::BTreeSet, fs, path::Path};

use anyhow::Result;
use base64::{Engine, prelude::BASE64_STANDARD};
use harness::program;
use plimsoll::state::MarginAccount;
use plimsoll_client::{
    addresses::{BankAddresses, ExchangeAddresses},
    decode,
    instructions::{account, vault::Inflow},
};
use plimsoll_localnet::{Network, Options, Processed, deploy, wallet};
use solana_client::rpc_config::RpcSendTransactionConfig;
use solana_keypair::{Keypair, Signature};
use solana_pubkey::Pubkey;
use solana_signer::Signer;
use solana_transaction::Transaction;

const DEPOSITED: u64 = 250_000_000;
const NUMBER: u32 = 7;

/// A network with the usual exchange, and somebody who has something to deposit and has not done it yet.
struct Scene {
    network: Network,
    of: ExchangeAddresses,
    owner: Keypair,
    account: account::MarginAccount,
    /// From the owner's token account into the account.
    inflow: Inflow,
}

impl Scene {
    fn new() -> Result<Self> {
        Self::with(&Options::default())
    }

    fn with(options: &Options) -> Result<Self> {
        let (network, manifest) = (Network::boot_with(options)?, deploy::usual_manifest()?);
        deploy::from_manifest(&network, &program::elf(), &manifest)?;
        let (of, owner, quote) = (ExchangeAddresses::derive(), Keypair::new(), manifest.quote());
        let bank = BankAddresses::derive(&of, quote.mint, quote.token_program);
        wallet::fund(&network, &owner.pubkey(), 1_000_000_000)?;
        let source = wallet::give(&network, &bank, &owner.pubkey(), DEPOSITED)?;
        let account = account::MarginAccount::derive(&of, owner.pubkey(), NUMBER);
        let inflow = Inflow { bank, account: account.address, depositor: owner.pubkey(), source };
        Ok(Self { network, of, owner, account, inflow })
    }

    fn opens(&self) -> Result<Signature> {
        self.network.send(&[self.account.open(self.owner.pubkey())], &[&self.owner])
    }

    fn deposits(&self, amount: u64) -> Result<Signature> {
        self.network.send(&[self.inflow.deposit(amount)], &[&self.owner])
    }
}

#[test]
fn the_loader_accepts_the_program_and_a_wallet_deposits_through_json_rpc() -> Result<()> {
    let scene = Scene::new()?;
    scene.opens()?;
    scene.deposits(DEPOSITED)?;

    let (network, Inflow { bank, source, .. }) = (&scene.network, &scene.inflow);
    assert_eq!(wallet::held(network, source)?, 0);
    assert_eq!(wallet::held(network, &bank.vault)?, DEPOSITED);
    let data = network.client().get_account_data(&scene.account.address)?;
    let decoded = decode::read::<MarginAccount>(&data)?;
    assert_eq!((decoded.header.owner.0, decoded.header.number), (scene.owner.pubkey().to_bytes(), NUMBER));
    leave_for_the_typescript_test(&decoded, &data)
}

#[test]
fn every_bank_of_the_manifest_has_tokens_that_the_faucet_mints() -> Result<()> {
    let (scene, manifest) = (Scene::new()?, deploy::usual_manifest()?);
    let mut programs = BTreeSet::new();
    for bank in &manifest.banks {
        let at = BankAddresses::derive(&scene.of, bank.mint, bank.token_program);
        let somebody = Pubkey::new_unique();
        let account = wallet::give(&scene.network, &at, &somebody, 5)?;
        assert_eq!(wallet::give(&scene.network, &at, &somebody, 5)?, account, "{}", bank.name);
        assert_eq!(wallet::held(&scene.network, &account)?, 10, "{}", bank.name);
        programs.insert(bank.token_program);
    }
    assert_eq!(programs.len(), 2, "there are tokens of both token programs");
    Ok(())
}

#[test]
fn a_transaction_that_was_processed_is_refused_and_not_executed_again() -> Result<()> {
    let (watch, watched) = crossbeam_channel::unbounded();
    let scene = Scene::with(&Options { watch: Some(watch), ..Options::default() })?;
    scene.opens()?;
    let client = scene.network.client();
    let transaction = Transaction::new_signed_with_payer(
        &[scene.inflow.deposit(1_000)],
        Some(&scene.owner.pubkey()),
        &[&scene.owner],
        client.get_latest_blockhash()?,
    );
    let signature = client.send_and_confirm_transaction(&transaction)?;
    let error = client.send_transaction(&transaction).expect_err("it was processed");
    assert!(error.to_string().contains("already been processed"), "{error}");
    let blindly = RpcSendTransactionConfig { skip_preflight: true, ..Default::default() };
    assert_eq!(client.send_transaction_with_config(&transaction, blindly)?, signature);
    scene.deposits(1)?;
    assert_eq!(wallet::held(&scene.network, &scene.inflow.bank.vault)?, 1_001);
    assert_eq!(client.get_signature_status(&signature)?, Some(Ok(())));
    let reports: Vec<Processed> = watched.try_iter().filter(|it| it.signature == signature).collect();
    assert_eq!(reports.len(), 1, "{reports:?}");
    Ok(())
}

#[test]
fn whoever_watches_hears_of_every_transaction_in_order_and_why_it_failed() -> Result<()> {
    let (watch, watched) = crossbeam_channel::unbounded();
    let scene = Scene::with(&Options { watch: Some(watch), ..Options::default() })?;
    let mut wanted = vec![(scene.opens()?, None)];
    for amount in 1..=50 {
        wanted.push((scene.deposits(amount)?, None));
    }
    let client = scene.network.client();
    let too_much = Transaction::new_signed_with_payer(
        &[scene.inflow.deposit(DEPOSITED)],
        Some(&scene.owner.pubkey()),
        &[&scene.owner],
        client.get_latest_blockhash()?,
    );
    let blindly = RpcSendTransactionConfig { skip_preflight: true, ..Default::default() };
    let failed = client.send_transaction_with_config(&too_much, blindly)?;
    wanted.push((failed, Some(())));
    wanted.push((scene.deposits(51)?, None));

    // What set the scene stands before.
    let heard: Vec<Processed> =
        watched.iter().skip_while(|it| it.signature != wanted[0].0).take(wanted.len()).collect();
    let outcomes: Vec<_> = heard.iter().map(|it| (it.signature, it.error.as_ref().map(|_| ()))).collect();
    assert_eq!(outcomes, wanted);
    for report in &heard {
        assert_eq!(report.instructions.len(), 1);
        assert_eq!(report.instructions[0].0, plimsoll_client::ID);
        assert!(report.compute_units > 1_000 && !report.logs.is_empty(), "{report:?}");
    }
    let failed = &heard[wanted.len() - 2];
    let why = failed.error.as_ref().map(ToString::to_string).unwrap_or_default();
    assert!(why.contains("custom program error"), "there is not enough to deposit: {why}");
    Ok(())
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
