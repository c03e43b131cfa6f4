//! One network for all stories, and people who use the command on it.

use crate::network::{Ran, Trader, World};
use plimsoll_localnet::{oracle::Publisher, wallet};
use plimsoll_risk::num::Price;
use serde_json::Value;
use solana_keypair::{Keypair, Signer};
use std::{path::PathBuf, sync::LazyLock};

static WORLD: LazyLock<World> = LazyLock::new(|| World::boot("act"));

/// The network, set up by whoever comes first.
pub fn world() -> &'static World {
    &WORLD
}

/// Lets so many seconds pass and publishes prices, whole dollars, without telling the board: from then on whoever needs a
/// price brings it along. The prices are there before the time is: no story that runs beside finds them old.
pub fn passes(world: &World, seconds: i64, prices: [u64; 3]) {
    let then = world.network.now() + seconds;
    let prices = prices.map(|dollars| Price::from_decimal(dollars, 0).expect("a price"));
    Publisher::new(&world.network, &world.manifest).publish(&prices, then).expect("published");
    world.network.set_time(then).expect("time goes on");
}

/// Somebody with a keypair file.
pub struct Person {
    /// Who signs.
    pub key: Keypair,
    file: PathBuf,
    world: &'static World,
}

impl Person {
    /// Somebody new, with so many whole tokens by name in the wallet.
    pub fn with(tokens: &[(&str, u64)]) -> Self {
        Self::on(world(), tokens)
    }

    /// The same on another network.
    pub fn on(world: &'static World, tokens: &[(&str, u64)]) -> Self {
        let Trader { key, file, .. } = world.wallet(0);
        for (token, amount) in tokens {
            let bank = world.manifest.banks.iter().find(|bank| bank.name == *token).expect("a bank");
            let native = amount * 10u64.pow(bank.decimals.into());
            wallet::give(&world.network, &world.bank(token), &key.pubkey(), native).expect("tokens");
        }
        Self { key, file, world }
    }

    /// Somebody whom the manifest names.
    pub fn official(name: &str) -> Self {
        Self::official_on(world(), name)
    }

    /// The same on another network.
    pub fn official_on(world: &'static World, name: &str) -> Self {
        let Trader { key, file, .. } = world.official(name);
        Self { key, file, world }
    }

    /// Runs the command: words as a shell would pass them, split at spaces.
    pub fn says(&self, words: &str) -> Ran {
        let keypair = self.file.to_str().expect("a path");
        let words: Vec<&str> = words.split_whitespace().chain(["--keypair", keypair]).collect();
        self.world.run(&words)
    }

    /// Runs the command, which succeeds, and reads its answer.
    #[track_caller]
    pub fn does(&self, words: &str) -> Value {
        self.says(&format!("{words} --json")).json()
    }

    /// Runs the command, which is refused with an exit code and says why in a line.
    #[track_caller]
    pub fn is_refused(&self, words: &str, code: i32, why: &str) {
        self.says(words).refused(code, why);
    }
}
