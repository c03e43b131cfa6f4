//! The command as people start it: what it says, what it answers, what it saves.

use std::{
    fs::{self, File},
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, ChildStdout, Command, Stdio},
    thread,
    time::Duration,
};

use anyhow::{Context, Result, ensure};
use plimsoll_client::{book::Side, rpc::Reader};
use serde_json::Value;
use solana_client::rpc_client::RpcClient;
use solana_commitment_config::CommitmentConfig;
use solana_pubkey::Pubkey;

/// Between two looks.
const PAUSE: Duration = Duration::from_millis(50);

/// A folder of this test, away when the test is over.
struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        // What is left is in the folder for temporary files.
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A running command.
struct Running {
    child: Child,
    said: Value,
    _out: BufReader<ChildStdout>,
}

impl Running {
    fn start(folder: &Path, more: &[&str]) -> Result<Self> {
        let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let mut command = Command::new(env!("CARGO_BIN_EXE_plimsoll-localnet"));
        command.args(["--json", "--rpc-port", "0", "--ws-port", "0", "--wallets", "2"]).args(more);
        command.arg("--elf").arg(repository.join("target/deploy/plimsoll.so"));
        command.arg("--keys").arg(folder.join("keys")).arg("--state").arg(folder.join("state"));
        let mut child = command.stdout(Stdio::piped()).spawn()?;
        let mut out = BufReader::new(child.stdout.take().context("its output is piped")?);
        let mut line = String::new();
        out.read_line(&mut line)?;
        let said = serde_json::from_str(&line).with_context(|| format!("it said {line:?}"))?;
        Ok(Self { child, said, _out: out })
    }

    fn client(&self) -> Result<RpcClient> {
        let url = self.said["rpc"].as_str().context("rpc")?.to_owned();
        Ok(RpcClient::new_with_commitment(url, CommitmentConfig::processed()))
    }

    /// Waits until every feed has a price on the board and every market orders on both sides.
    fn comes_alive(&mut self) -> Result<()> {
        let url = self.said["rpc"].as_str().context("rpc")?.to_owned();
        let reader = Reader::new(&[url], CommitmentConfig::processed());
        loop {
            let board = reader.board()?;
            let feeds = &board.feeds[..usize::from(board.header.feed_count)];
            let is_priced = feeds.iter().all(|feed| feed.price.get() > 0);
            let mut is_quoted = true;
            for (at, _) in reader.markets()? {
                let book = reader.book(&at)?;
                let book = book.view()?;
                is_quoted &= [Side::Bid, Side::Ask].into_iter().all(|side| book.all(side).count() > 0);
            }
            if is_priced && is_quoted {
                return Ok(());
            }
            thread::sleep(PAUSE);
        }
    }

    /// Waits until nobody works with the maker's key any more.
    fn waits_for_the_end_of_the_maker(&self) -> Result<()> {
        let keepers = self.said["keepers"].as_array().context("keepers")?;
        let maker = keepers.iter().find(|it| it["name"] == "maker").context("a maker")?;
        let lock = format!("{}.maker.lock", maker["keypair"].as_str().context("a file")?);
        let lock = File::open(&lock).with_context(|| format!("it worked, so there is {lock}"))?;
        Ok(lock.lock()?)
    }

    fn signal(&self, name: &str) -> Result<()> {
        let kill = format!("kill -s {name} {}", self.child.id());
        let status = Command::new("sh").args(["-c", &kill]).status()?;
        ensure!(status.success(), "kill: {status}");
        Ok(())
    }

    fn ends(mut self) -> Result<()> {
        self.signal("TERM")?;
        let status = self.child.wait()?;
        ensure!(status.success(), "{status}");
        Ok(())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It has ended already where the test went well.
        let _ = self.child.kill();
    }
}

fn address(of: &Value, field: &str) -> Result<Pubkey> {
    Ok(of[field].as_str().with_context(|| format!("no {field} in {of}"))?.parse()?)
}

#[test]
fn the_command_says_what_clients_need_publishes_prices_and_carries_on_where_it_stopped() -> Result<()> {
    let folder = Folder(std::env::temp_dir().join(format!("plimsoll-command-{}", std::process::id())));
    fs::create_dir_all(&folder.0)?;
    let first = Running::start(&folder.0, &["--no-keepers", "--speed", "3600"])?;
    let (client, said) = (first.client()?, first.said.clone());
    let counts =
        ["feeds", "banks", "markets", "wallets"].map(|list| said[list].as_array().map_or(0, Vec::len));
    assert_eq!(counts, [3, 4, 3, 2]);
    let wallet = &said["wallets"][0];
    assert_eq!(client.get_balance(&address(wallet, "address")?)?, 1_000_000_000_000);
    ensure!(Path::new(wallet["keypair"].as_str().context("a file")?).exists(), "its key is kept");
    let board = client.get_account(&address(&said, "board")?)?;
    assert_eq!(board.owner, address(&said, "program")?);

    // Prices come each second: an hour of the network's time.
    let oracle = address(&said["feeds"][1], "oracle")?;
    let before = client.get_account_data(&oracle)?;
    while client.get_account_data(&oracle)? == before {
        thread::sleep(PAUSE);
    }
    first.signal("USR1")?;
    while !folder.0.join("state").exists() {
        thread::sleep(PAUSE);
    }
    first.ends()?;

    let second = Running::start(&folder.0, &["--no-keepers"])?;
    let (client, told) = (second.client()?, &second.said);
    ensure!(told["time"].as_i64() >= said["time"].as_i64().map(|time| time + 3_600), "{told}");
    assert_eq!(client.get_balance(&address(wallet, "address")?)?, 1_000_000_000_000, "given once");
    let program = client.get_account(&address(&said, "program")?)?;
    ensure!(program.executable, "the program is there");
    second.ends()
}

#[test]
fn keepers_bring_prices_and_quotes_carry_on_with_a_saved_network_and_end_with_one_that_is_killed()
-> Result<()> {
    let folder = Folder(std::env::temp_dir().join(format!("plimsoll-alive-{}", std::process::id())));
    fs::create_dir_all(&folder.0)?;
    let mut first = Running::start(&folder.0, &[])?;
    let said = first.said["keepers"].as_array().cloned().unwrap_or_default();
    let names: Vec<&str> = said.iter().filter_map(|keeper| keeper["name"].as_str()).collect();
    assert_eq!(names, ["clerk", "liquidator", "maker"], "`cargo build --workspace` makes the keepers");
    first.comes_alive()?;
    first.ends()?;
    for keeper in &said {
        let log = fs::read_to_string(keeper["log"].as_str().context("a log")?)?;
        ensure!(log.contains(" stopped "), "asked to stop, and not killed: {keeper}\n{log}");
    }

    let mut second = Running::start(&folder.0, &[])?;
    second.comes_alive()?;
    second.child.kill()?;
    second.child.wait()?;
    second.waits_for_the_end_of_the_maker()
}

#[test]
fn what_it_cannot_do_it_says_with_what_to_do_about_it() -> Result<()> {
    let refusal = |arguments: &[&str]| -> Result<String> {
        let output = Command::new(env!("CARGO_BIN_EXE_plimsoll-localnet")).args(arguments).output()?;
        ensure!(!output.status.success(), "{arguments:?} was accepted");
        Ok(String::from_utf8(output.stderr)?)
    };
    let no_program = refusal(&["--elf", "no/program.so"])?;
    ensure!(no_program.contains("cargo xtask build"), "{no_program}");
    let devnet = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../migrations/devnet.toml");
    let devnet = refusal(&["--manifest", devnet.to_str().context("a path")?])?;
    ensure!(devnet.contains("plimsoll-localnet: "), "{devnet}");
    Ok(())
}
