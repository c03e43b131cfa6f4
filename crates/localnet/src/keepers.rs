//! Keepers as processes of their own, each with a key, a configuration and a log in one folder; they end with whoever
//! started them, however that ends.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, anyhow, ensure};
use plimsoll_deploy::Manifest;
use solana_keypair::{Keypair, write_keypair_file};
use toml::{Table, Value, toml};

use crate::{Network, oracle};

/// The keepers' executable, beside those of the others.
const PROGRAM: &str = "plimsoll-keeper";
/// How long a keeper may take to finish what it began.
const PATIENCE: Duration = Duration::from_secs(10);
/// Between two looks whether it has.
const GLANCE: Duration = Duration::from_millis(10);

/// Where the keepers' executable is: beside that of this process or, for tests, a folder above.
///
/// # Errors
/// It is in neither place.
pub fn program() -> Result<PathBuf> {
    let beside = std::env::current_exe()?.with_file_name(PROGRAM);
    let above = beside.parent().and_then(Path::parent).map(|folder| folder.join(PROGRAM));
    let found = [Some(beside.clone()), above].into_iter().flatten().find(|path| path.is_file());
    found.with_context(|| format!("{} is missing: `cargo build --workspace` makes it", beside.display()))
}

/// What one of them does.
pub struct Job<'a> {
    /// Who it is: its files are called so.
    pub name: &'a str,
    /// Its roles, as configurations call them.
    pub roles: &'a [&'a str],
    /// What of its configuration is not as usual on a local network. Values of tables that both have are put together.
    pub settings: Table,
}

/// How keepers write their logs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Logs {
    /// For people.
    Text,
    /// For programs.
    Json,
}

/// One of them.
pub struct Keeper {
    /// Who it is.
    pub name: String,
    /// What it says.
    pub log: PathBuf,
    /// Its key.
    pub keypair: PathBuf,
    config: PathBuf,
    process: Option<Child>,
}

/// All of them. They end when dropped.
pub struct Keepers {
    /// One by one.
    pub all: Vec<Keeper>,
    program: PathBuf,
    folder: PathBuf,
    logs: Logs,
}

impl Keepers {
    /// Nobody yet; the files of who comes will lie in a folder, which is made if it is missing.
    ///
    /// # Errors
    /// The executable is missing; the folder cannot be made.
    pub fn new(folder: &Path, logs: Logs) -> Result<Self> {
        let program = program()?;
        // A configuration names the key beside it, and is read by another process.
        let folder = std::path::absolute(folder)?;
        fs::create_dir_all(&folder)
            .with_context(|| format!("cannot make the folder {}", folder.display()))?;
        Ok(Self { all: Vec::new(), program, folder, logs })
    }

    /// One more, who signs with a key: writes the key and a configuration, and empties the log. It does not work yet.
    ///
    /// # Errors
    /// The files cannot be written.
    pub fn hire(
        &mut self,
        network: &Network,
        manifest: &Manifest,
        key: &Keypair,
        job: Job<'_>,
    ) -> Result<()> {
        let path = |ending| self.folder.join(format!("{}.{ending}", job.name));
        let (keypair, config, log) = (path("json"), path("toml"), path("log"));
        write_keypair_file(key, &keypair)
            .map_err(|error| anyhow!("cannot write {}: {error}", keypair.display()))?;
        let name = job.name.to_owned();
        let text = toml::to_string(&configuration(network, manifest, &keypair, job)?)?;
        fs::write(&config, text).with_context(|| format!("cannot write {}", config.display()))?;
        File::create(&log).with_context(|| format!("cannot write {}", log.display()))?;
        self.all.push(Keeper { name, log, keypair, config, process: None });
        Ok(())
    }

    /// Starts those that do not work.
    ///
    /// # Errors
    /// A process that cannot be started.
    pub fn start(&mut self) -> Result<()> {
        for keeper in &mut self.all {
            if !keeper.works() {
                keeper.process = Some(spawn(&self.program, keeper, self.logs)?);
            }
        }
        Ok(())
    }

    /// Kills one at once, whatever it is doing. [`start`](Self::start) starts it again.
    ///
    /// # Errors
    /// There is no such keeper.
    pub fn kill(&mut self, number: usize) -> Result<()> {
        let count = self.all.len();
        ensure!(number < count, "there are {count} keepers, and no number {number}");
        self.all[number].ends_at_once();
        Ok(())
    }

    /// Those that ended by themselves since the last look, in words: nobody asked them to.
    pub fn ended(&mut self) -> Vec<String> {
        let ended = |keeper: &mut Keeper| {
            let status = keeper.process.as_mut()?.try_wait().ok().flatten()?;
            keeper.process = None;
            Some(format!("{} ended by itself ({status}): see {}", keeper.name, keeper.log.display()))
        };
        self.all.iter_mut().filter_map(ended).collect()
    }

    /// Asks all to stop, and waits until they have; who takes too long is killed.
    pub fn stop(&mut self) {
        for keeper in &mut self.all {
            if let Some(process) = &mut keeper.process {
                // The end of its input is what tells it.
                process.stdin = None;
            }
        }
        let until = Instant::now() + PATIENCE;
        for keeper in &mut self.all {
            while keeper.works() && Instant::now() < until {
                thread::sleep(GLANCE);
            }
            keeper.ends_at_once();
        }
    }
}

impl Drop for Keepers {
    fn drop(&mut self) {
        self.all.iter_mut().for_each(Keeper::ends_at_once);
    }
}

impl Keeper {
    fn works(&mut self) -> bool {
        self.process.as_mut().is_some_and(|process| matches!(process.try_wait(), Ok(None)))
    }

    fn ends_at_once(&mut self) {
        if let Some(mut process) = self.process.take() {
            // It may have ended already.
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}

fn spawn(program: &Path, keeper: &Keeper, logs: Logs) -> Result<Child> {
    let cannot = || format!("cannot start {}", program.display());
    let log = File::options().append(true).open(&keeper.log).with_context(cannot)?;
    let format = match logs {
        Logs::Text => "text",
        Logs::Json => "json",
    };
    Command::new(program)
        .arg("--config")
        .arg(&keeper.config)
        .args(["--logs", format, "--until-stdin-ends"])
        // Others count by the log what keepers did, so it says so whatever tells the rest of the processes to be quiet.
        .env("RUST_LOG", "info")
        .env("NO_COLOR", "1") // a file has none
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(log)
        .spawn()
        .with_context(cannot)
}

/// What is usual on a local network, with the job's own settings over it.
fn configuration(network: &Network, manifest: &Manifest, keypair: &Path, job: Job<'_>) -> Result<Table> {
    let (rpc, websocket) = (network.rpc_url(), network.websocket_url());
    let oracle = |(place, feed): (usize, &plimsoll_deploy::manifest::Feed)| {
        (place.to_string(), Value::from(oracle::address(&feed.name).to_string()))
    };
    let oracles: Table = manifest.feeds.iter().enumerate().map(oracle).collect();
    let keypair = keypair.to_str().with_context(|| format!("{} is not UTF-8", keypair.display()))?;
    // Nobody bids on a local network, and its node takes long to find out.
    let mut usual = toml! {
        [node]
        commitment = "processed"
        most_priority = 0
        most_urgent_priority = 0
    };
    let particular = [
        ("keypair", Value::from(keypair)),
        ("roles", Value::from(job.roles.to_vec())),
        ("node", Table::from_iter([("rpc", rpc), ("websocket", websocket)].map(entry)).into()),
        ("refresher", Table::from_iter([("oracles", oracles)].map(entry)).into()),
    ];
    put_over(&mut usual, Table::from_iter(particular.map(entry)));
    put_over(&mut usual, job.settings);
    Ok(usual)
}

fn entry((name, value): (&str, impl Into<Value>)) -> (String, Value) {
    (name.to_owned(), value.into())
}

/// Puts values into a table: into its tables where both have one, otherwise in place of what is there.
fn put_over(below: &mut Table, above: Table) {
    for (name, value) in above {
        match (below.get_mut(&name), value) {
            (Some(Value::Table(below)), Value::Table(above)) => put_over(below, above),
            (_, value) => _ = below.insert(name, value),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_go_over_what_is_usual_and_leave_the_rest() {
        let mut all = toml! {
            roles = ["maker"]
            [node]
            rpc = "here"
            most_priority = 0
        };
        let settings = toml! {
            roles = ["fills"]
            [node]
            most_priority = 7
            [settler]
            seconds = 60
        };
        put_over(&mut all, settings);
        let wanted = toml! {
            roles = ["fills"]
            [node]
            rpc = "here"
            most_priority = 7
            [settler]
            seconds = 60
        };
        assert_eq!(all, wanted);
    }
}
