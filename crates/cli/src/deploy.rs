//! A deployment from the command line: whom to ask, what to show, when to stop.

use crate::{
    Refusal,
    commands::deploy::Deploy,
    session::{self, keypair, write},
};
use plimsoll_deploy::{Cluster, Fault, Manifest, Plan, State, Step, apply};
use serde_json::json;
use solana_client::rpc_client::RpcClient;
use solana_keypair::{Keypair, Signer};
use std::io::{self, BufRead};

/// The deployment that the arguments ask for.
///
/// # Errors
/// One line, and the exit code of its kind.
pub fn run(args: &Deploy) -> Result<(), Refusal> {
    if args.json && !args.yes && !args.dry_run {
        return Err(Refusal::Malformed("--json cannot ask: add --yes or --dry-run".into()));
    }
    let manifest = Manifest::read(&args.manifest)?;
    let chain = connect(&args.cluster, &manifest)?;
    let keypair = args.keypair.as_deref().map(keypair).transpose()?;
    let signer = keypair.as_ref().map(Signer::pubkey);
    let plan = Plan::of(&manifest, &State::read(&chain, &manifest)?, signer)?;
    let keypair = keypair.filter(|_| !args.dry_run && !plan.is_done());
    if !args.json {
        say(&format!("{} at {}", manifest.cluster, chain.url()))?;
        write(&plan.to_string())?;
    }
    let Some(keypair) = keypair else {
        return if args.json { say(&plan.json().to_string()) } else { Ok(()) };
    };
    if let Some(blocked) = plan.blocked {
        return Err(Refusal::Refused(blocked));
    }
    if !args.yes {
        ask()?;
    }
    do_it(args, &manifest, &chain, &keypair)
}

/// Applies, telling every step as it goes, and what is left.
fn do_it(args: &Deploy, manifest: &Manifest, chain: &RpcClient, keypair: &Keypair) -> Result<(), Refusal> {
    let mut done = Vec::new();
    let mut tell = |step: &Step| {
        if !args.json {
            // Whoever closed the pipe does not want to know; the deployment goes on.
            let _ = say(&step.to_string());
        }
        done.push(step.to_string());
    };
    let left = apply(manifest, chain, keypair, &mut tell)?;
    if args.json {
        return say(&json!({ "done": done, "left": left.json() }).to_string());
    }
    write(&left.to_string())
}

/// The server that is deployed to. The network itself is asked which it is.
fn connect(cluster: &str, manifest: &Manifest) -> Result<RpcClient, Refusal> {
    session::require_same(Cluster::named(cluster), manifest.cluster)?;
    Ok(session::client(session::url(cluster)?, manifest.cluster))
}

/// Anything but a clear yes is a no.
fn ask() -> Result<(), Refusal> {
    write("apply this? [y/N] ")?;
    let mut answer = String::new();
    io::stdin()
        .lock()
        .read_line(&mut answer)
        .map_err(|error| Refusal::Failed(format!("nothing sent: {error}")))?;
    match answer.trim() {
        "y" | "Y" | "yes" => Ok(()),
        _ => Err(Refusal::Failed("nothing sent: it was not confirmed".into())),
    }
}

fn say(line: &str) -> Result<(), Refusal> {
    write(&format!("{line}\n"))
}

impl From<Fault> for Refusal {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Manifest(what) => Self::Malformed(what),
            Fault::Refused(what) => Self::Refused(what),
            Fault::Chain(what) => Self::Failed(what),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::{Path, PathBuf};

    fn args(cluster: &str, manifest: &str) -> Deploy {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../migrations");
        Deploy {
            cluster: cluster.into(),
            manifest: folder.join(manifest),
            keypair: None,
            dry_run: true,
            yes: false,
            json: false,
        }
    }

    #[track_caller]
    fn refused(args: &Deploy, code: u8, why: &str) {
        let refusal = run(args).expect_err("a refusal");
        let line = refusal.to_string();
        assert!(refusal.exit_code() == code && line.contains(why) && !line.contains('\n'), "{line}");
    }

    #[test]
    fn a_fault_of_the_arguments_or_of_the_manifest_is_malformed_input() {
        refused(&args("devnet", "localnet.toml"), 2, "--cluster devnet: the manifest is for localnet");
        refused(&args("moonnet", "localnet.toml"), 2, "expected localnet, devnet, mainnet or a URL");
        refused(&args("mainnet", "mainnet.toml"), 2, "exchange.admin: not filled in yet");
        refused(&args("localnet", "nowhere.toml"), 2, "cannot read");
        refused(
            &Deploy { dry_run: false, json: true, ..args("localnet", "localnet.toml") },
            2,
            "add --yes or --dry-run",
        );
        let keypair = Some(PathBuf::from("/nowhere/key.json"));
        refused(&Deploy { keypair, ..args("localnet", "localnet.toml") }, 2, "cannot read the keypair");
    }

    #[test]
    fn a_network_that_does_not_answer_is_a_failure() {
        refused(&args("http://127.0.0.1:1", "localnet.toml"), 1, "failed: the network: ");
    }
}
