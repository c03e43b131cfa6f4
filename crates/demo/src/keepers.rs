//! Keepers as processes of their own, each with a key, a configuration and a log; killed and started again at will.

use crate::{
    crowd::{self, Capital, Person},
    stage::{PURSE, Stage},
};
use anyhow::{Context, Result, ensure};
use plimsoll_client::errors::{self, refusal};
use plimsoll_keeper::chain::Outcome;
use plimsoll_localnet::wallet;
use serde::{Deserialize, Serialize};
use solana_keypair::Signer;
use std::{
    collections::BTreeMap,
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::LazyLock,
    thread,
    time::{Duration, Instant},
};

/// The keeper's executable, beside the demo's own.
const PROGRAM: &str = "plimsoll-keeper";
/// What is counted where a node does not answer, or says no.
const NETWORK: &str = "Network";
/// The first code of the program's own refusals.
const ERROR_CODE_OFFSET: u32 = 6_000;
/// How long a keeper may take to finish what it began.
const PATIENCE: Duration = Duration::from_secs(10);

/// Who does what, and with how much: whole quote, and worth of each other token.
const STAFF: [(&str, &[&str], Capital); 5] = [
    ("clerk", &["refresher", "funding", "fills", "settler", "triggers"], Capital { quote: 1_000, tokens: 0 }),
    ("liquidator-1", &["liquidator"], Capital { quote: 20_000_000, tokens: 1_000_000 }),
    ("liquidator-2", &["liquidator"], Capital { quote: 20_000_000, tokens: 1_000_000 }),
    ("insurance", &["insurance"], Capital { quote: 1_000_000, tokens: 100_000 }),
    ("maker", &["maker"], Capital { quote: 50_000_000, tokens: 0 }),
];

/// One keeper.
pub struct Keeper {
    /// Who it is.
    pub person: Person,
    /// Its configuration.
    config: PathBuf,
    /// What it says.
    pub log: PathBuf,
    process: Option<Child>,
}

/// All keepers; they end when dropped.
pub struct Keepers {
    /// One by one.
    pub all: Vec<Keeper>,
    program: PathBuf,
}

impl Keepers {
    /// Opens an account with capital for each keeper and writes its key and its configuration into a folder. None works yet.
    ///
    /// # Errors
    /// A file that cannot be written; the network or the program refuses; the executable is not there.
    pub fn hire(stage: &Stage, folder: &Path) -> Result<Self> {
        let program = std::env::current_exe()?.with_file_name(PROGRAM);
        let program = if program.exists() { program } else { beside_tests(&program) };
        ensure!(program.exists(), "{} is missing: `cargo build --workspace` makes it", program.display());
        fs::create_dir_all(folder).with_context(|| format!("could not make {}", folder.display()))?;
        let people = STAFF.map(|(name, ..)| Person::named(stage, name.to_owned()));
        let capital: Vec<(&Person, Capital)> =
            people.iter().zip(STAFF).map(|(person, (.., capital))| (person, capital)).collect();
        crowd::equip(stage, &capital)?;
        let mut all = Vec::new();
        for (person, (name, roles, _)) in people.into_iter().zip(STAFF) {
            wallet::fund(&stage.network, &person.key.pubkey(), PURSE)?;
            let path = |ending| folder.join(format!("{name}.{ending}"));
            let (key, config, log) = (path("json"), path("toml"), path("log"));
            fs::write(&key, serde_json::to_string(&person.key.to_bytes().to_vec())?)?;
            fs::write(&config, toml::to_string(&configuration(stage, &key, roles))?)?;
            File::create(&log)?;
            all.push(Keeper { person, config, log, process: None });
        }
        Ok(Self { all, program })
    }

    /// Starts those that do not work.
    ///
    /// # Errors
    /// A process that cannot be started.
    pub fn start(&mut self) -> Result<()> {
        for keeper in &mut self.all {
            let has_ended = keeper.process.as_mut().is_none_or(|it| !matches!(it.try_wait(), Ok(None)));
            if has_ended {
                keeper.process = Some(spawn(&self.program, keeper)?);
            }
        }
        Ok(())
    }

    /// Kills one at once, whatever it is doing, and starts it again.
    ///
    /// # Errors
    /// A process that cannot be started.
    pub fn kill(&mut self, number: usize) -> Result<()> {
        if let Some(mut process) = self.all.get_mut(number).and_then(|keeper| keeper.process.take()) {
            process.kill()?;
            process.wait()?;
        }
        self.start()
    }

    /// Those that ended by themselves since the last look, by name: nobody asked them to.
    pub fn ended(&mut self) -> Vec<String> {
        let ended = |keeper: &mut Keeper| {
            let status = keeper.process.as_mut()?.try_wait().ok().flatten()?;
            Some(format!("{} ended by itself ({status}): see {}", keeper.person.name, keeper.log.display()))
        };
        self.all.iter_mut().filter_map(ended).collect()
    }

    /// What keepers were refused or could not send, by name, out of their logs: those of killed ones too. What others had done
    /// before is none.
    ///
    /// # Errors
    /// A log that cannot be read.
    pub fn errors(&self) -> Result<BTreeMap<String, u64>> {
        let mut errors = BTreeMap::new();
        for keeper in &self.all {
            for line in fs::read_to_string(&keeper.log)?.lines() {
                // The last line of one that was killed may be cut off.
                let Ok(line) = serde_json::from_str::<Line>(line) else { continue };
                let name = match (line.fields.message.as_str(), line.fields.outcome) {
                    ("failed", _) => NETWORK.to_owned(),
                    ("sent", Some(outcome)) if is_error(&outcome) => outcome,
                    _ => continue,
                };
                *errors.entry(name).or_default() += 1;
            }
        }
        Ok(errors)
    }

    /// Asks all to stop, and waits until they have.
    pub fn stop(&mut self) {
        for process in self.all.iter_mut().filter_map(|keeper| keeper.process.as_mut()) {
            drop(process.stdin.take());
        }
        let end = Instant::now() + PATIENCE;
        for keeper in &mut self.all {
            let Some(mut process) = keeper.process.take() else { continue };
            while matches!(process.try_wait(), Ok(None)) && Instant::now() < end {
                thread::sleep(Duration::from_millis(10));
            }
            // It may have ended in the meantime.
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}

impl Drop for Keepers {
    fn drop(&mut self) {
        for process in self.all.iter_mut().filter_map(|keeper| keeper.process.as_mut()) {
            // It may have ended already.
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}

/// A line of a keeper's log.
#[derive(Deserialize)]
struct Line {
    fields: Fields,
}

#[derive(Deserialize)]
struct Fields {
    #[serde(default)]
    message: String,
    outcome: Option<String>,
}

/// Whether what became of a transaction is worth telling: not what went through, nor what others had done before.
fn is_error(outcome: &str) -> bool {
    static CODES: LazyLock<BTreeMap<String, u32>> = LazyLock::new(|| {
        let codes = (0..).map(|place| ERROR_CODE_OFFSET + place).take_while(|code| refusal(*code).is_some());
        codes.map(|code| (errors::name(code), code)).collect()
    });
    let done = [Outcome::Done, Outcome::Rehearsed].map(|it| it.name());
    let is_too_late = CODES.get(outcome).is_some_and(|code| Outcome::Refused(*code).is_too_late());
    !is_too_late && !done.iter().any(|it| it == outcome)
}

/// Tests lie in a folder below that of the executables.
fn beside_tests(program: &Path) -> PathBuf {
    program.parent().and_then(Path::parent).map_or_else(PathBuf::new, |folder| folder.join(PROGRAM))
}

/// Starts one that ends with this process, however this one ends: it holds the other end of its standard input.
fn spawn(program: &Path, keeper: &Keeper) -> Result<Child> {
    let log = File::options().append(true).open(&keeper.log)?;
    Command::new(program)
        .arg("--config")
        .arg(&keeper.config)
        .args(["--logs", "json", "--until-stdin-ends"])
        // What became of transactions is read out of the logs.
        .env("RUST_LOG", "info")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(log)
        .spawn()
        .with_context(|| format!("could not start {}", program.display()))
}

#[derive(Serialize)]
struct Configuration {
    keypair: PathBuf,
    roles: Vec<&'static str>,
    node: Node,
    refresher: Refresher,
    settler: Settler,
}

#[derive(Serialize)]
struct Node {
    rpc: String,
    websocket: String,
    commitment: &'static str,
    most_priority: u64,
    most_urgent_priority: u64,
}

#[derive(Serialize)]
struct Refresher {
    oracles: BTreeMap<String, String>,
}

#[derive(Serialize)]
struct Settler {
    seconds: i64,
    least: u64,
}

fn configuration(stage: &Stage, key: &Path, roles: &[&'static str]) -> Configuration {
    let oracle = |feed: usize| (feed.to_string(), stage.publisher.account(feed).to_string());
    Configuration {
        keypair: key.to_owned(),
        roles: roles.to_vec(),
        node: Node {
            rpc: stage.network.rpc_url(),
            websocket: stage.network.websocket_url(),
            commitment: "processed",
            // Nobody bids on a local network, and its node takes long to find out.
            most_priority: 0,
            most_urgent_priority: 0,
        },
        refresher: Refresher { oracles: (0..stage.manifest.feeds.len()).map(oracle).collect() },
        settler: Settler { seconds: 3_600, least: 10_000_000 },
    }
}
