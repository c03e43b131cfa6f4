//! `plimsoll completions`: what a shell offers behind a half-written command.

use crate::{Refusal, commands::Cli, session};
use clap::{Args, CommandFactory};
use clap_complete::Shell;

/// Writes completions for a shell, to be sourced: `source <(plimsoll completions bash)`
#[derive(Args)]
pub struct Completions {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

impl Completions {
    /// Writes them.
    ///
    /// # Errors
    /// `Unwritten`.
    pub fn run(&self) -> Result<(), Refusal> {
        let mut text = Vec::new();
        clap_complete::generate(self.shell, &mut Cli::command(), "plimsoll", &mut text);
        session::write(&String::from_utf8_lossy(&text))
    }
}
