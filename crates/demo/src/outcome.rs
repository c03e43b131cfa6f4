//! What came of it: the same as numbers for programs, as a summary for people, and as a page with charts.

use plimsoll_sim::report::{Amount, Liquidations, Losses};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, fmt};

/// What came of a demo. Amounts are whole native units written as text, prices decimals written as text.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// Where the prices come from.
    pub source: String,
    /// The first moment, unix seconds.
    pub from: i64,
    /// The last moment of the prices, unix seconds.
    pub until: i64,
    /// Seconds between two moments.
    pub step_seconds: u32,
    /// Where portfolios, and prices that are made up, come from.
    pub seed: u64,
    /// Accounts of the crowd.
    pub accounts: u32,
    /// Moments.
    pub steps: u64,
    /// Moments at which keepers were not done when time went on.
    pub steps_not_kept_up: u64,
    /// Transactions that had something to do with the program.
    pub transactions: u64,
    /// Fills of makers' orders.
    pub fills: u64,
    /// Margin calls posted.
    pub margin_calls: u64,
    /// Accounts and pockets flagged for liquidation.
    pub flagged: u64,
    /// Flags that ended with the account in safety.
    pub recovered: u64,
    /// Liquidations by way.
    pub liquidations: Liquidations,
    /// Accounts and pockets resolved as bankrupt.
    pub bankruptcies: u64,
    /// What bankruptcies lacked, and who bore it.
    pub losses: Losses,
    /// What the shared fund and the markets' own insurance paid, native quote.
    pub insurance_paid: Amount,
    /// What winners, reserves and lenders bore, native quote.
    pub socialised: Amount,
    /// What nobody bore yet, native quote.
    pub unresolved_deficit: Amount,
    /// Tokens in each vault less all claims on it, native units, by token: what rounding left in the vault's favour is no
    /// difference, anything else is.
    pub vault_difference: BTreeMap<String, Amount>,
    /// What rounding left in each vault, native units, by token.
    pub vault_rounding: BTreeMap<String, Rounding>,
    /// What keepers were refused or could not send, by name, but for what others had done before.
    pub keeper_errors: BTreeMap<String, u64>,
    /// What each keeper made.
    pub keeper_profit: BTreeMap<String, Profit>,
    /// Keepers killed.
    pub kills: u64,
    /// Each instruction by name.
    pub instructions: BTreeMap<String, Used>,
    /// Accounts and pockets still below maintenance at the end.
    pub endangered_left: u64,
    /// What did not hold. Empty in a good run.
    pub violations: Vec<String>,
    /// The markets, in the order of the prices and open interests below.
    pub markets: Vec<String>,
    /// How it stood from time to time.
    pub looks: Vec<Look>,
    /// Real seconds: set-up, and prices.
    pub wall_seconds: Wall,
}

/// What rounding left in a vault, native units.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rounding {
    /// At the end.
    pub end: Amount,
    /// The least at any look.
    pub least: Amount,
    /// The most at any look.
    pub most: Amount,
}

/// What a keeper made, native quote.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Profit {
    /// Fees and rewards.
    pub fees: Amount,
    /// Equity at the end less equity at the start: prices have moved what it holds.
    pub equity_change: Amount,
}

/// What an instruction used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Used {
    /// How often it succeeded.
    pub count: u64,
    /// How often it was refused after it was sent.
    pub refused: u64,
    /// Most compute units of one success.
    pub max_compute_units: u64,
    /// What a transaction with it alone asked for at most, by the table of measured caps; nothing where it never came alone.
    pub allowed: Option<u64>,
}

/// How it stood at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Look {
    /// Unix seconds.
    pub unix_time: i64,
    /// Published prices, in the order of the markets, quote a unit.
    pub prices: Vec<String>,
    /// The board's stable prices: what caution values assets by.
    pub stable: Vec<String>,
    /// Open interest in the order of the markets, native quote.
    pub open_interest: Vec<Amount>,
    /// The shared fund and all tranches, native quote.
    pub insurance: Amount,
    /// Load at maintenance of the riskiest, of one in twenty, in four, in two: hundredths of a percent, 10,000 is danger.
    pub loads: [u32; 4],
    /// Accounts and pockets below maintenance.
    pub endangered: u64,
    /// Liquidations by way until now: taken over, into the book, swapped, gains bought, deleveraged.
    pub liquidations: [u64; 5],
    /// What bankruptcies lacked until now, native quote, and who bore it: insurance, winners, reserves, lenders.
    pub deficit: Amount,
    /// In the order above.
    pub bore: [Amount; 4],
}

/// Real seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wall {
    /// Network, exchange, crowd, keepers.
    pub set_up: u64,
    /// From the first price to the last look.
    pub prices: u64,
}

impl Outcome {
    /// Whether everything held and everybody was seen to.
    pub fn is_good(&self) -> bool {
        self.faults().is_empty()
    }

    /// What is wrong, a line each.
    pub fn faults(&self) -> Vec<String> {
        let mut faults = self.violations.clone();
        if self.endangered_left > 0 {
            faults.push(format!("{} accounts and pockets are still in danger", self.endangered_left));
        }
        let differences = self.vault_difference.iter().filter(|(_, amount)| amount.get() != 0);
        faults.extend(differences.map(|(token, amount)| format!("the vault of {token} differs by {amount}")));
        faults
    }

    /// Quote in words: the quote token has six decimals.
    pub fn money(amount: Amount) -> String {
        amount.in_tokens(6)
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ways = &self.liquidations;
        writeln!(out, "{} accounts, {} steps of {} s", self.accounts, self.steps, self.step_seconds)?;
        writeln!(out, "  transactions        {:>10}   fills {}", self.transactions, self.fills)?;
        writeln!(
            out,
            "  margin calls        {:>10}   flagged {}, recovered {}",
            self.margin_calls, self.flagged, self.recovered
        )?;
        for (name, way) in [
            ("taken over", ways.taken_over),
            ("into the book", ways.into_book),
            ("collateral swapped", ways.collateral_swaps),
            ("gains bought", ways.pnl_bought),
            ("deleveraged", ways.deleveraged),
        ] {
            writeln!(out, "  {name:<20}{:>9}   {} USDC", way.count, Self::money(way.notional))?;
        }
        let (lacked, paid) = (Self::money(self.losses.total), Self::money(self.insurance_paid));
        writeln!(
            out,
            "  bankruptcies        {:>10}   lacked {lacked}, insurance paid {paid}",
            self.bankruptcies
        )?;
        writeln!(
            out,
            "  socialised {}, unresolved {}",
            Self::money(self.socialised),
            Self::money(self.unresolved_deficit)
        )?;
        writeln!(out, "  keepers killed      {:>10}   errors {:?}", self.kills, self.keeper_errors)?;
        writeln!(
            out,
            "  still in danger     {:>10}   steps not kept up with {}",
            self.endangered_left, self.steps_not_kept_up
        )?;
        let Wall { set_up, prices } = self.wall_seconds;
        writeln!(out, "  set up in {set_up} s, prices in {prices} s")?;
        let differences: Vec<String> =
            self.vault_difference.iter().map(|(token, it)| format!("{token} {it}")).collect();
        writeln!(out, "  vaults less claims: {}", differences.join(", "))?;
        match self.faults() {
            faults if faults.is_empty() => writeln!(out, "Every invariant held."),
            faults => faults.iter().try_for_each(|fault| writeln!(out, "FAULT: {fault}")),
        }
    }
}
