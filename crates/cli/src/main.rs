//! The `plimsoll` command.

use clap::{Parser, Subcommand};
use plimsoll_cli::commands::margin;
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
    Margin(margin::Margin),
}

fn main() -> ExitCode {
    let outcome = match Cli::parse().command {
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
