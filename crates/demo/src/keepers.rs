//! Keepers as processes of their own, each with a key, a configuration and a log; killed and started again at will.

use crate::{
    crowd::{self, Capital, Person},
    stage::{PURSE, Stage},
};
use anyhow::Result;
use plimsoll_client::errors::{self, refusal};
use plimsoll_keeper::chain::Outcome;
use plimsoll_localnet::{
    keepers::{Job, Keepers as Processes, Logs},
    wallet,
};
use serde::Deserialize;
use solana_keypair::Signer;
use std::{collections::BTreeMap, fs, path::Path, sync::LazyLock};
use toml::toml;

/// What is counted where a node does not answer, or says no.
const NETWORK: &str = "Network";
/// The first code of the program's own refusals.
const ERROR_CODE_OFFSET: u32 = 6_000;
/// Who does what, and with how much: whole quote, and worth of each other token.
const STAFF: [(&str, &[&str], Capital); 5] = [
    ("clerk", &["refresher", "funding", "fills", "settler", "triggers"], Capital { quote: 1_000, tokens: 0 }),
    ("liquidator-1", &["liquidator"], Capital { quote: 20_000_000, tokens: 1_000_000 }),
    ("liquidator-2", &["liquidator"], Capital { quote: 20_000_000, tokens: 1_000_000 }),
    ("insurance", &["insurance"], Capital { quote: 1_000_000, tokens: 100_000 }),
    ("maker", &["maker"], Capital { quote: 50_000_000, tokens: 0 }),
];

/// All keepers; they end when dropped.
pub struct Keepers {
    /// Who they are, in the order of their numbers.
    pub people: Vec<Person>,
    processes: Processes,
}

impl Keepers {
    /// Opens an account with capital for each keeper and writes its key and its configuration into a folder. None works yet.
    ///
    /// # Errors
    /// A file that cannot be written; the network or the program refuses; the executable is not there.
    pub fn hire(stage: &Stage, folder: &Path) -> Result<Self> {
        let mut processes = Processes::new(folder, Logs::Json)?;
        let people: Vec<Person> = STAFF.map(|(name, ..)| Person::named(stage, name.to_owned())).into();
        let capital: Vec<(&Person, Capital)> =
            people.iter().zip(STAFF).map(|(person, (.., capital))| (person, capital)).collect();
        crowd::equip(stage, &capital)?;
        for (person, (name, roles, _)) in people.iter().zip(STAFF) {
            wallet::fund(&stage.network, &person.key.pubkey(), PURSE)?;
            let settings = toml! {
                [settler]
                seconds = 3_600
                least = 10_000_000
            };
            let job = Job { name, roles, settings };
            processes.hire(&stage.network, &stage.manifest, &person.key, job)?;
        }
        Ok(Self { people, processes })
    }

    /// Starts those that do not work.
    ///
    /// # Errors
    /// A process that cannot be started.
    pub fn start(&mut self) -> Result<()> {
        self.processes.start()
    }

    /// Kills one at once, whatever it is doing, and starts it again.
    ///
    /// # Errors
    /// There is no such keeper; a process that cannot be started.
    pub fn kill(&mut self, number: usize) -> Result<()> {
        self.processes.kill(number)?;
        self.start()
    }

    /// Those that ended by themselves since the last look, in words: nobody asked them to.
    pub fn ended(&mut self) -> Vec<String> {
        self.processes.ended()
    }

    /// Asks all to stop, and waits until they have.
    pub fn stop(&mut self) {
        self.processes.stop();
    }

    /// What keepers were refused or could not send, by name, out of their logs: those of killed ones too. What others had done
    /// before is none.
    ///
    /// # Errors
    /// A log that cannot be read.
    pub fn errors(&self) -> Result<BTreeMap<String, u64>> {
        let mut errors = BTreeMap::new();
        for keeper in &self.processes.all {
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
