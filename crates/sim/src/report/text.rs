//! The report for people.

use super::{Amount, Report, Way, amount::parted};
use crate::calendar::minute;
use core::fmt;

impl Report {
    fn money(&self, amount: Amount) -> String {
        amount.in_tokens(self.quote_decimals)
    }

    fn way(&self, out: &mut fmt::Formatter<'_>, name: &str, way: Way) -> fmt::Result {
        let (notional, fee) = (self.money(way.notional), self.money(way.fee));
        writeln!(out, "  {name:<18} {:>8}  {notional:>20}  {fee:>16}", parted(way.count.into()))
    }

    fn write_losses(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let losses = &self.losses;
        writeln!(
            out,
            "\nBankruptcies         {:>8}  lacked {}",
            self.bankruptcies,
            self.money(losses.total)
        )?;
        let borne = [
            ("market insurance", losses.tranches_paid),
            ("shared insurance", losses.insurance_paid),
            ("winners", losses.winners_charged),
            ("bank reserves", losses.reserves_paid),
            ("lenders", losses.lenders_bore),
            ("still open", losses.open_deficit),
        ];
        for (name, amount) in borne {
            writeln!(out, "  {name:<18} {:>30}", self.money(amount))?;
        }
        Ok(())
    }
}

impl fmt::Display for Report {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(out, "{}, {} to {} UTC", self.source, minute(self.from), minute(self.until))?;
        let steps = parted(self.steps.into());
        writeln!(
            out,
            "{} accounts, seed {}, {steps} steps of {} s",
            self.accounts, self.seed, self.step_seconds
        )?;
        writeln!(out, "\nMargin calls         {:>8}", parted(self.margin_calls.into()))?;
        writeln!(out, "Flagged              {:>8}", parted(self.flagged.into()))?;
        writeln!(out, "Recovered            {:>8}", parted(self.recovered.into()))?;
        writeln!(out, "Orders cancelled     {:>8}", parted(self.orders_cancelled.into()))?;
        writeln!(out, "\nLiquidations            count              notional               fee")?;
        let ways = &self.liquidations;
        self.way(out, "taken over", ways.taken_over)?;
        self.way(out, "into the book", ways.into_book)?;
        self.way(out, "collateral swapped", ways.collateral_swaps)?;
        self.way(out, "gains bought", ways.pnl_bought)?;
        self.way(out, "deleveraged", ways.deleveraged)?;
        self.write_losses(out)?;
        writeln!(out, "\nDeleveraged lots     {:>8}", parted(self.deleveraged_lots.into()))?;
        writeln!(out, "Still endangered     {:>8}", parted(self.endangered_left.into()))?;
        writeln!(out, "\nVaults less claims, native units (end, least, most)")?;
        for vault in &self.vaults {
            writeln!(out, "  {}  {}  {}  {}", vault.mint, vault.difference, vault.least, vault.most)?;
        }
        writeln!(out, "\nInstructions                  count  refused    most CU")?;
        for (name, cost) in &self.instructions {
            let (count, most) = (parted(cost.count.into()), parted(cost.most_compute_units.into()));
            writeln!(out, "  {name:<24} {count:>8} {:>8} {most:>10}", parted(cost.refused.into()))?;
        }
        Ok(())
    }
}
