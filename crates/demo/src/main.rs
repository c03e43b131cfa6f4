//! `plimsoll-demo`, which `cargo xtask demo` builds and runs.

use anyhow::{Context, Result, bail};
use clap::Parser;
use plimsoll_demo::{
    conduct::{Plan, run},
    page::{page, picture},
    prices::Course,
    progress::Progress,
};
use plimsoll_deploy::Manifest;
use signal_hook::{
    consts::{SIGINT, SIGTERM},
    flag,
};
use std::{
    fs,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

/// Survives a crash on a local network, with keepers as real clients, and reports what became of everybody
#[derive(Parser)]
#[command(name = "plimsoll-demo")]
struct Arguments {
    /// Hourly prices (unix_time,symbol,open,high,low,close); a crash is made up without
    #[arg(long, requires = "from", requires = "to")]
    prices: Option<PathBuf>,
    /// The first day, or unix seconds
    #[arg(long)]
    from: Option<String>,
    /// The last day, or the first unix second after
    #[arg(long)]
    to: Option<String>,
    /// Accounts with random portfolios
    #[arg(long, default_value_t = 200)]
    accounts: u32,
    /// Where portfolios, and prices that are made up, come from
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Seconds between two moments
    #[arg(long, default_value_t = 120)]
    step: u32,
    /// Kills a keeper at random, and starts it again, every twenty moments
    #[arg(long)]
    kill: bool,
    /// Where the report is written, a page that needs nothing else
    #[arg(long, default_value = "target/demo/report.html")]
    html: PathBuf,
    /// Where the same is written for programs
    #[arg(long)]
    json: Option<PathBuf>,
    /// Where its most important charts are written as one drawing (SVG)
    #[arg(long)]
    picture: Option<PathBuf>,
    /// Leaves network and keepers at work at the last prices, until interrupted
    #[arg(long)]
    keep_running: bool,
    /// What is deployed
    #[arg(long, default_value = "migrations/localnet.toml")]
    manifest: PathBuf,
    /// The compiled program
    #[arg(long, default_value = "target/deploy/plimsoll.so")]
    elf: PathBuf,
    /// Where keys, configurations and logs of keepers lie
    #[arg(long, default_value = "target/demo/keepers")]
    folder: PathBuf,
}

/// Moments between two killings.
const BETWEEN_KILLS: u64 = 20;
/// Between two looks whether it is time to stop.
const GLANCE: Duration = Duration::from_millis(100);
/// The exit code of a process that was interrupted.
const INTERRUPTED: i32 = 130;

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let manifest = Manifest::read(&arguments.manifest)?;
    let course = match &arguments.prices {
        Some(file) => {
            let bounds = [&arguments.from, &arguments.to].map(|bound| bound.as_deref().unwrap_or_default());
            Course::recorded(file, (bounds[0], bounds[1]), arguments.step, &manifest)?
        }
        None => Course::synthetic(arguments.seed, arguments.step, &manifest)?,
    };
    let elf = fs::read(&arguments.elf).with_context(|| {
        format!("no program at {}: `cargo xtask build` makes it", arguments.elf.display())
    })?;
    let plan = Plan {
        elf,
        manifest,
        course,
        accounts: arguments.accounts,
        seed: arguments.seed,
        kills: arguments.kill.then_some(BETWEEN_KILLS),
        folder: arguments.folder.clone(),
        stop: stopped_by_signals()?,
    };
    let stop = Arc::clone(&plan.stop);
    let progress = Progress::new(plan.manifest.feeds.iter().map(|feed| feed.name.clone()).collect());
    let (outcome, stage, mut keepers) = run(plan, &|news| progress.tells(&news))?;
    progress.ends();
    print!("{outcome}");
    writes(&arguments.html, &page(&outcome))?;
    println!("Report: {}", arguments.html.display());
    if let Some(path) = &arguments.json {
        writes(path, &(serde_json::to_string_pretty(&outcome)? + "\n"))?;
    }
    if let Some(path) = &arguments.picture {
        writes(path, &picture(&outcome))?;
    }
    if arguments.keep_running {
        println!("JSON-RPC {}, WebSocket {}", stage.network.rpc_url(), stage.network.websocket_url());
        stage.network.clock_runs_free();
        while !stop.load(Ordering::Relaxed) {
            thread::sleep(GLANCE);
        }
    }
    keepers.stop();
    if !outcome.is_good() {
        bail!("not everything held");
    }
    Ok(())
}

/// Set by the first interrupt or termination signal, so that no keeper is left behind; a second one ends the process at once.
fn stopped_by_signals() -> Result<Arc<AtomicBool>> {
    let stop = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM] {
        flag::register_conditional_shutdown(signal, INTERRUPTED, Arc::clone(&stop))?;
        flag::register(signal, Arc::clone(&stop))?;
    }
    Ok(stop)
}

fn writes(path: &Path, text: &str) -> Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(path, text).with_context(|| format!("could not write {}", path.display()))
}
