//! A keeper ends with whoever started it.

use anyhow::{Context, Result, ensure};
use solana_keypair::Keypair;
use std::{
    fs,
    io::{BufRead, BufReader},
    net::TcpListener,
    path::Path,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

/// How long a keeper may take to end: only one that does not end at all takes longer.
const PATIENCE: Duration = Duration::from_secs(120);

/// A keeper without a network: nobody listens where it connects to.
fn starts() -> Result<Child> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let (key, config) = (folder.join("input.json"), folder.join("input.toml"));
    fs::write(&key, serde_json::to_string(&Keypair::new().to_bytes().to_vec())?)?;
    let nowhere = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
    let node = format!("[node]\nrpc = \"http://{nowhere}\"\nwebsocket = \"ws://{nowhere}\"\n");
    fs::write(&config, format!("roles = [\"funding\"]\n{node}"))?;
    let mut keeper = Command::new(env!("CARGO_BIN_EXE_plimsoll-keeper"));
    keeper.arg("--config").arg(&config).arg("--keypair").arg(&key).arg("--until-stdin-ends");
    keeper.env("RUST_LOG", "info").stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
    keeper.spawn().context("the keeper did not start")
}

#[test]
fn a_keeper_stops_when_its_standard_input_ends() -> Result<()> {
    let mut keeper = starts()?;
    let mut said = BufReader::new(keeper.stderr.take().context("its logs")?);
    let mut line = String::new();
    while !line.contains("connection lost") {
        line.clear();
        ensure!(said.read_line(&mut line)? > 0, "it ended by itself");
    }
    ensure!(keeper.try_wait()?.is_none(), "it works as long as the input lasts");

    drop(keeper.stdin.take());
    let began = Instant::now();
    let status = loop {
        if let Some(status) = keeper.try_wait()? {
            break Some(status);
        }
        if began.elapsed() > PATIENCE {
            break None;
        }
        thread::sleep(Duration::from_millis(20));
    };
    let status = if let Some(status) = status {
        status
    } else {
        keeper.kill()?;
        keeper.wait()?
    };
    ensure!(status.success(), "it stops and says that all is well: {status}");
    Ok(())
}
