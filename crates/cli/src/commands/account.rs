//! `plimsoll account`: a margin account shown, opened, closed, delegated.

use crate::{Refusal, act::account::AccountAct, look::commands::AccountOf as Look};
use clap::Args;

/// Shows a margin account, or opens, closes, delegates one
///
/// Exit codes: 0 done; 1 the program or the network said no; 2 malformed arguments; 3 must not or cannot be done.
#[derive(Args)]
#[command(args_conflicts_with_subcommands = true)]
#[group(skip)]
pub struct Account {
    #[command(subcommand)]
    act: Option<AccountAct>,
    #[command(flatten)]
    look: Look,
}

impl Account {
    /// Does what is asked for; shows the account where nothing else is.
    ///
    /// # Errors
    /// One line, and the exit code of its kind.
    pub fn run(&self) -> Result<(), Refusal> {
        self.act.as_ref().map_or_else(|| self.look.run(), AccountAct::run)
    }
}
