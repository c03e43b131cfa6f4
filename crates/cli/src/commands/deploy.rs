//! `plimsoll deploy`: makes an exchange what its manifest says.

use crate::{Refusal, deploy};
use clap::Args;
use std::path::PathBuf;

/// Shows what a manifest would create and change on a network, asks, and does it
///
/// The plan lists what is missing and every parameter that differs, old → new: what tightens takes effect at once, what
/// loosens is queued and the plan says from when it may be applied. Run it again at any time: it carries on where it
/// stopped, applies queued changes whose time has come, and says "nothing to do" when the network is as the manifest says.
/// Mainnet is refused unless nobody but a timelocked multisig can replace the program, or nobody can.
///
/// Exit codes: 0 done, nothing to do, or only shown; 1 the network, the program or the person asked said no, or the answer
/// could not be written; 2 malformed manifest or arguments; 3 the deployment must not or cannot be done.
#[derive(Args)]
pub struct Deploy {
    /// localnet, devnet, mainnet, or the URL of a JSON-RPC server
    #[arg(long)]
    pub(crate) cluster: String,
    /// The manifest, TOML
    #[arg(long, value_name = "FILE")]
    pub(crate) manifest: PathBuf,
    /// Who deploys and pays: a keypair file as `solana-keygen` writes it. Without one the plan is only shown
    #[arg(long, value_name = "FILE")]
    pub(crate) keypair: Option<PathBuf>,
    /// Shows the plan and sends nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Does not ask
    #[arg(long)]
    pub(crate) yes: bool,
    /// Writes one JSON object instead of lines; needs --yes or --dry-run
    #[arg(long)]
    pub(crate) json: bool,
}

impl Deploy {
    /// Reads, shows, asks, does.
    ///
    /// # Errors
    /// One line, and the exit code of its kind.
    pub fn run(&self) -> Result<(), Refusal> {
        deploy::run(self)
    }
}
