//! The `plimsoll` command.

use clap::{Parser, Subcommand};
use plimsoll_cli::commands::{deploy, margin};
use std::process::ExitCode;

/// Plimsoll from the command line.
#[derive(Parser)]
#[command(name = "plimsoll", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Deploy(deploy::Deploy),
    Margin(margin::Margin),
}

fn main() -> ExitCode {
    let outcome = match Cli::parse().command {
        Command::Deploy(deploy) => deploy.run(),
        Command::Margin(margin) => margin.run(),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(refusal) => {
            eprintln!("{refusal}");
            ExitCode::from(refusal.exit_code())
        }
    }
}
