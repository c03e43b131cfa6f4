//! The sender and the reader on a local network, as whoever writes a bot uses them; the first of their nodes is dead.

use anyhow::{Context, Result, ensure};
use plimsoll::{errors::Refusal, state::MarginAccount};
use plimsoll_client::{
    addresses::{BankAddresses, ExchangeAddresses},
    instructions::{
        account,
        vault::{Inflow, Outflow},
    },
    rpc::{Outcome, Reader, Sender, Settings},
    transaction::{fees::Bid, nonce::Nonce},
};
use plimsoll_localnet::{Network, deploy, wallet};
use solana_commitment_config::CommitmentConfig;
use solana_instruction::Instruction;
use solana_keypair::Keypair;
use solana_pubkey::Pubkey;
use solana_signer::Signer;
use solana_system_interface::instruction::create_nonce_account;
use std::{fs, path::Path};

const GIVEN: u64 = 500_000_000;
const DEPOSITED: u64 = 100_000_000;

/// A network with the usual exchange, and somebody who sends.
struct Scene {
    _network: Network,
    of: ExchangeAddresses,
    settings: Settings,
    key: Keypair,
    sender: Sender,
    reader: Reader,
    account: account::MarginAccount,
    inflow: Inflow,
}

impl Scene {
    fn new() -> Result<Self> {
        let (network, manifest) = (Network::boot()?, deploy::usual_manifest()?);
        let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/deploy/plimsoll.so");
        deploy::from_manifest(&network, &fs::read(program).context("build the program first")?, &manifest)?;
        let (of, key, quote) = (ExchangeAddresses::derive(), Keypair::new(), manifest.quote());
        let bank = BankAddresses::derive(&of, quote.mint, quote.token_program);
        wallet::fund(&network, &key.pubkey(), 1_000_000_000)?;
        let source = wallet::give(&network, &bank, &key.pubkey(), GIVEN)?;
        let account = account::MarginAccount::derive(&of, key.pubkey(), 0);
        let inflow = Inflow { bank, account: account.address, depositor: key.pubkey(), source };
        let urls = vec!["http://127.0.0.1:1".to_owned(), network.rpc_url()];
        let commitment = CommitmentConfig::processed();
        let settings = Settings { urls, commitment, ..Settings::new("") };
        let sender = Sender::new(settings.clone(), key.insecure_clone());
        let reader = sender.reader();
        Ok(Self { _network: network, of, settings, key, sender, reader, account, inflow })
    }

    fn outflow(&self) -> Outflow {
        let Inflow { bank, account, depositor: owner, source: destination } = self.inflow;
        Outflow { bank, account, owner, destination }
    }

    /// What the account holds of the quote token, native units.
    fn held(&self) -> Result<u64> {
        let account: MarginAccount = self.reader.one(self.account.address)?;
        let (_, bank) = self.reader.banks()?.into_iter().next().context("a bank")?;
        Ok(bank.held_by(&account)?.get())
    }

    /// A fresh account that holds a nonce.
    fn makes_nonce(&self) -> Result<Nonce> {
        let (address, own) = (Keypair::new(), self.key.pubkey());
        let rent = 10_000_000;
        let made = create_nonce_account(&own, &address.pubkey(), &own, rent);
        done(&self.sender.send(&made, &[&address]))?;
        self.reader.nonce(address.pubkey())?.context("a nonce")
    }
}

fn done(outcome: &Outcome) -> Result<()> {
    ensure!(outcome.is_done(), "{outcome}");
    Ok(())
}

#[test]
fn what_a_bot_sends_is_executed_once_and_what_is_refused_is_explained() -> Result<()> {
    let scene = Scene::new()?;
    sends_and_reads(&scene)?;
    twins_are_both_executed(&scene)?;
    refusals_are_explained(&scene)?;
    a_dry_run_sends_nothing(&scene)?;
    a_durable_transaction_is_executed_once(&scene)
}

fn sends_and_reads(scene: &Scene) -> Result<()> {
    let Scene { sender, reader, account, inflow, of, .. } = scene;
    done(&sender.send(&[account.open(sender.payer()), inflow.deposit(DEPOSITED)], &[]))?;
    ensure!(scene.held()? == DEPOSITED);
    let [own, others] = [Some(sender.payer()), Some(Pubkey::default())].map(|it| reader.margin_accounts(it));
    let own: Vec<Pubkey> = own?.into_iter().map(|(address, _)| address).collect();
    ensure!(own == [account.address] && others?.is_empty() && reader.margin_accounts(None)?.len() == 1);
    let (board, markets) = (reader.board()?, reader.markets()?);
    ensure!(board.header.exchange.0 == of.exchange.to_bytes() && reader.exchange()?.timelock_seconds > 0);
    ensure!(markets.iter().enumerate().all(|(place, (at, _))| usize::from(at.index) == place));
    let book = reader.book(&markets.first().context("a market")?.0)?;
    ensure!(book.view()?.bids.is_empty() && reader.pending_changes()?.is_empty());
    ensure!(reader.stake(&sender.payer())?.is_none() && reader.now()? > 0);
    ensure!(reader.insurance().is_ok());
    Ok(())
}

fn twins_are_both_executed(scene: &Scene) -> Result<()> {
    let before = scene.held()?;
    let deposit = [scene.inflow.deposit(7)];
    for _ in 0..3 {
        done(&scene.sender.send_with(&deposit, &[], Bid::URGENT))?;
    }
    ensure!(scene.held()? == before + 3 * 7, "three equal transactions in one moment");
    Ok(())
}

fn refusals_are_explained(scene: &Scene) -> Result<()> {
    let too_much = scene.outflow().withdraw(GIVEN, false, &[]);
    let refused = scene.sender.send(&[scene.inflow.deposit(1), too_much], &[]);
    let Outcome::Refused(why) = &refused else { anyhow::bail!("{refused:?}") };
    ensure!(why.code == u32::from(Refusal::WouldBorrow) && why.instruction == Some(1), "{why:?}");
    let said = refused.to_string();
    ensure!(said.starts_with("instruction 2 (withdraw): WouldBorrow: "), "{said}");
    let said = scene.sender.send(&[scene.inflow.deposit(2 * GIVEN)], &[]).to_string();
    ensure!(said.starts_with("instruction 1 (deposit): ") && said.contains("insufficient funds"), "{said}");
    Ok(())
}

fn a_dry_run_sends_nothing(scene: &Scene) -> Result<()> {
    let settings = Settings { is_dry_run: true, ..scene.settings.clone() };
    let (sender, before) = (Sender::new(settings, scene.key.insecure_clone()), scene.held()?);
    let rehearsed = sender.send(&[scene.inflow.deposit(7)], &[]);
    ensure!(matches!(rehearsed, Outcome::Rehearsed(Some(1..))), "{rehearsed:?}");
    ensure!(scene.held()? == before);
    Ok(())
}

fn a_durable_transaction_is_executed_once(scene: &Scene) -> Result<()> {
    let (nonce, before) = (scene.makes_nonce()?, scene.held()?);
    let deposit: [Instruction; 1] = [scene.inflow.deposit(7)];
    done(&scene.sender.send_with(&deposit, &[], nonce))?;
    ensure!(scene.reader.nonce(nonce.address)?.context("a nonce")?.hash != nonce.hash, "it is advanced");
    let again = scene.sender.send_with(&[scene.inflow.deposit(8)], &[], nonce);
    ensure!(again.to_string().contains("nonce"), "{again}");
    ensure!(scene.held()? == before + 7);
    Ok(())
}
