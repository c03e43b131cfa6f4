//! `cargo xtask <command>`: what this repository does that cargo alone cannot.

mod binaries;
mod build;
mod ci;
mod compute;
mod demo;
mod docs;
mod idl;
mod localnet;
mod process;
mod replay;
mod repository;
mod sbf;
mod source_paths;
mod test;
mod typescript;

use std::{ffi::OsString, path::PathBuf};

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Builds, tests and generates what cargo alone cannot")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Compile the on-chain program to target/deploy/plimsoll.so
    Build,
    /// Compile the program, then run every test, Rust and TypeScript
    Test,
    /// Write idl/plimsoll.json and the TypeScript client from the program's source
    Idl {
        /// Write nothing: fail if what is committed is out of date
        #[arg(long)]
        check: bool,
    },
    /// Measure compute units and write docs/COMPUTE_UNITS.md
    Compute {
        /// Write nothing: fail if what is committed is out of date
        #[arg(long)]
        check: bool,
    },
    /// Write docs/RISK_PARAMETERS.md from the parameter table
    Docs,
    /// Replay a crash on the compiled program: `cargo xtask replay --help` says what of
    #[command(disable_help_flag = true)]
    Replay {
        /// What the replay is told
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<OsString>,
    },
    /// Run a local network with the program on it: `cargo xtask localnet --help` says what it can be told
    #[command(disable_help_flag = true)]
    Localnet {
        /// What the network is told
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<OsString>,
    },
    /// Survive a crash on a local network, with keepers as real clients: `cargo xtask demo --help` says what of
    #[command(disable_help_flag = true)]
    Demo {
        /// What the demo is told
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<OsString>,
    },
    /// Everything that must hold before a merge
    Ci,
    /// Half of `idl`, in a process of its own
    #[command(hide = true)]
    ExtractIdl { to: PathBuf },
}

fn main() -> anyhow::Result<()> {
    match Arguments::parse().command {
        Command::Build => build::program().map(|_| ()),
        Command::Test => test::everything(),
        Command::Idl { check } => idl::run_generators(check),
        Command::Compute { check } => compute::run_measurements(check),
        Command::Docs => docs::write(),
        Command::Replay { arguments } => replay::run_replay(&arguments),
        Command::Localnet { arguments } => localnet::run_network(&arguments),
        Command::Demo { arguments } => demo::run_demo(&arguments),
        Command::Ci => ci::run_checks(),
        Command::ExtractIdl { to } => idl::extract(&to),
    }
}
