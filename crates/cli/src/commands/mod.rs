//! The subcommands: what each takes, reads and writes.

pub mod account;
pub mod completions;
pub mod deploy;
pub mod margin;

use crate::{
    Refusal,
    act::{cancel, governance, liquidate, pause, place, position, stake, trigger, vault},
    look::commands as look,
    watch::Watch,
};
use clap::{Parser, Subcommand};

/// Plimsoll from the command line: cross, isolated and portfolio margin on Solana
///
/// Commands speak to a network (--cluster) as somebody (--keypair) and call things as a manifest does (--manifest). Amounts
/// are written as people write them: `10 SOL`, `1,000.5 USDC`, `0.5 BTC @ 59,000`. Every command writes JSON with --json.
#[derive(Parser)]
#[command(name = "plimsoll", version)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Account(account::Account),
    Positions(look::PositionsOf),
    Orders(look::OrdersOf),
    Markets(look::MarketsOf),
    Banks(look::BanksOf),
    Book(look::BookOf),
    Insurance(look::InsuranceOf),
    Events(look::EventsOf),
    Watch(Watch),
    Deposit(vault::Deposit),
    Withdraw(vault::Withdraw),
    Repay(vault::Repay),
    Place(place::Place),
    Cancel(cancel::Cancel),
    Trigger(trigger::Triggers),
    Position(position::Position),
    Liquidate(liquidate::Liquidate),
    Stake(stake::Stake),
    Governance(governance::Governance),
    Pause(pause::Pause),
    Unpause(pause::Unpause),
    Deploy(deploy::Deploy),
    Margin(margin::Margin),
    Completions(completions::Completions),
}

impl Cli {
    /// Does what the arguments ask for.
    ///
    /// # Errors
    /// One line, and the exit code of its kind.
    pub fn run(&self) -> Result<(), Refusal> {
        match &self.command {
            Command::Account(it) => it.run(),
            Command::Positions(it) => it.run(),
            Command::Orders(it) => it.run(),
            Command::Markets(it) => it.run(),
            Command::Banks(it) => it.run(),
            Command::Book(it) => it.run(),
            Command::Insurance(it) => it.run(),
            Command::Events(it) => it.run(),
            Command::Watch(it) => it.run(),
            Command::Deposit(it) => it.run(),
            Command::Withdraw(it) => it.run(),
            Command::Repay(it) => it.run(),
            Command::Place(it) => it.run(),
            Command::Cancel(it) => it.run(),
            Command::Trigger(it) => it.run(),
            Command::Position(it) => it.run(),
            Command::Liquidate(it) => it.run(),
            Command::Stake(it) => it.run(),
            Command::Governance(it) => it.run(),
            Command::Pause(it) => it.run(),
            Command::Unpause(it) => it.run(),
            Command::Deploy(it) => it.run(),
            Command::Margin(it) => it.run(),
            Command::Completions(it) => it.run(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn no_two_arguments_of_a_command_contradict_each_other() {
        Cli::command().debug_assert();
    }
}
