//! A local network with the exchange of the usual manifest, its prices published, and the command as a child process.
#![allow(dead_code)] // each test file uses its part

use plimsoll_client::{
    addresses::{BankAddresses, ExchangeAddresses},
    instructions::{account::MarginAccount, refresh},
};
use plimsoll_deploy::{Manifest, local};
use plimsoll_localnet::{Network, Options, deploy, oracle, wallet};
use plimsoll_risk::num::Price;
use solana_instruction::Instruction;
use solana_keypair::{Keypair, Signer, write_keypair_file};
use solana_pubkey::Pubkey;
use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

/// Prices of SOL, BTC and ETH at first, whole dollars.
pub const PRICES: [u64; 3] = [200, 60_000, 2_500];
/// Lamports for whoever signs.
const FEES: u64 = 10_000_000_000;

/// The network, its exchange, and where keypair files lie.
pub struct World {
    /// It ends with the process.
    pub network: Network,
    /// What was deployed.
    pub manifest: Manifest,
    /// Where the exchange is.
    pub of: ExchangeAddresses,
    publisher: oracle::Publisher,
    folder: PathBuf,
}

/// Somebody with a margin account, and the file with the key.
pub struct Trader {
    /// Who signs.
    pub key: Keypair,
    /// Account number 0.
    pub account: MarginAccount,
    /// For `--keypair`.
    pub file: PathBuf,
}

impl World {
    /// Boots, deploys, publishes; time stands still.
    pub fn boot(name: &str) -> Self {
        let network = Network::boot_with(&Options::default()).expect("a network");
        network.set_time(network.now()).expect("time stands");
        let elf = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/deploy/plimsoll.so");
        let elf = fs::read(elf).expect("the program: `cargo xtask build` makes it");
        let manifest = deploy::usual_manifest().expect("a manifest");
        deploy::from_manifest(&network, &elf, &manifest).expect("an exchange");
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        fs::create_dir_all(&folder).expect("a folder for keys");
        let publisher = oracle::Publisher::new(&network, &manifest);
        let world = Self { network, manifest, of: ExchangeAddresses::derive(), publisher, folder };
        world.publish(PRICES);
        world
    }

    /// Publishes prices of this moment, whole dollars, and refreshes everything.
    pub fn publish(&self, prices: [u64; 3]) {
        let prices = prices.map(|dollars| Price::from_decimal(dollars, 0).expect("a price"));
        self.publisher.publish(&prices, self.network.now()).expect("published");
        let payer = self.funded();
        let feeds: Vec<(u8, Pubkey)> =
            (0u8..).zip(0..prices.len()).map(|(place, feed)| (place, self.publisher.account(feed))).collect();
        self.send(&[refresh::refresh_prices(self.of.board, &feeds, None)], &[&payer]);
        let banks: Vec<Instruction> =
            self.manifest.banks.iter().map(|it| refresh::refresh_bank(&self.bank(&it.name))).collect();
        self.send(&banks, &[&payer]);
    }

    /// The bank of a token by its name in the manifest.
    pub fn bank(&self, name: &str) -> BankAddresses {
        let bank = self.manifest.banks.iter().find(|it| it.name == name).expect("a bank");
        BankAddresses::derive(&self.of, bank.mint, bank.token_program)
    }

    /// A key with lamports.
    pub fn funded(&self) -> Keypair {
        let key = Keypair::new();
        wallet::fund(&self.network, &key.pubkey(), FEES).expect("lamports");
        key
    }

    /// A key with lamports and so many whole USDC in its wallet, and no margin account yet.
    pub fn wallet(&self, usdc: u64) -> Trader {
        let trader = self.with_file(self.funded());
        let (bank, owner) = (self.bank("USDC"), trader.key.pubkey());
        wallet::give(&self.network, &bank, &owner, usdc * 1_000_000).expect("tokens");
        trader
    }

    /// Somebody whom the manifest names.
    pub fn official(&self, name: &str) -> Trader {
        let key = local::keypair(name);
        wallet::fund(&self.network, &key.pubkey(), FEES).expect("lamports");
        self.with_file(key)
    }

    fn with_file(&self, key: Keypair) -> Trader {
        let account = MarginAccount::derive(&self.of, key.pubkey(), 0);
        // Tests run beside each other: each has a file of its own.
        let file = self.folder.join(format!("{}.json", Keypair::new().pubkey()));
        write_keypair_file(&key, &file).expect("a keypair file");
        Trader { key, account, file }
    }

    /// Sends one transaction, which must succeed.
    #[track_caller]
    pub fn send(&self, instructions: &[Instruction], signers: &[&Keypair]) {
        self.network.send(instructions, signers).expect("a transaction");
    }

    /// The command, pointed at this network.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_plimsoll"));
        command.args(arguments).args(["--cluster", &self.network.rpc_url()]);
        command.args(["--websocket", &self.network.websocket_url()]);
        command.env("PLIMSOLL_KEYPAIR", "/nowhere/id.json").env_remove("PLIMSOLL_MANIFEST");
        command
    }

    /// Runs it to its end.
    pub fn run(&self, arguments: &[&str]) -> Ran {
        Ran::of(self.command(arguments).output().expect("a process"))
    }

    /// Runs it as somebody: words as a shell would pass them, split at spaces.
    pub fn says(&self, trader: &Trader, words: &str) -> Ran {
        self.run_as(trader, &words.split_whitespace().collect::<Vec<_>>())
    }

    /// Runs it as somebody.
    pub fn run_as(&self, trader: &Trader, arguments: &[&str]) -> Ran {
        let keypair = trader.file.to_str().expect("a path");
        self.run(&[arguments, &["--keypair", keypair]].concat())
    }
}

/// What became of a process.
#[derive(Debug)]
pub struct Ran {
    /// Its exit code.
    pub code: Option<i32>,
    /// What it wrote.
    pub out: String,
    /// What it complained of.
    pub err: String,
}

impl Ran {
    fn of(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).expect("text");
        Self { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
    }

    /// What it wrote, of a process that succeeded.
    #[track_caller]
    pub fn text(self) -> String {
        assert_eq!(self.code, Some(0), "{self:?}");
        self.out
    }

    /// The same as JSON.
    #[track_caller]
    pub fn json(self) -> serde_json::Value {
        let text = self.text();
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
    }

    /// That it was refused with this code, and why.
    #[track_caller]
    pub fn refused(self, code: i32, why: &str) {
        let is_one_line = self.err.trim_end().lines().count() == 1;
        assert!(self.code == Some(code) && self.err.contains(why) && is_one_line, "{self:?}");
    }
}
