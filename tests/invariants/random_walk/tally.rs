//! What a walk has met: how often each instruction went through, how often each was refused, and why.

use super::instructions;
use solana_instruction::Instruction;
use std::{collections::BTreeMap, fmt};

/// Of set-up, which is over before the walk begins: the world was made by each of these, none ever goes through again.
pub const ONCE: [&str; 4] = ["create_exchange", "create_board", "grow_board", "open_exchange"];

/// What needs somebody in danger, a fund or a market that ends: the walk over danger meets these, this one does not.
pub const OF_DANGER: [&str; 20] = [
    "assess",
    "take_over",
    "liquidate_into_book",
    "swap_collateral",
    "buy_pnl",
    "deleverage",
    "apply_deleveraging",
    "resolve_bankruptcy",
    "gate_withdrawals",
    "create_insurance",
    "open_stake",
    "stake",
    "cool",
    "redeem",
    "close_stake",
    "start_settlement",
    "observe_settlement",
    "close_settled",
    "close_market",
    "prove_life",
];

/// What needs a market: the walk over trading meets these, this one does not.
pub const OF_MARKETS: [&str; 19] = [
    "place_order",
    "cancel_order",
    "batch",
    "apply_fills",
    "settle_pnl",
    "refresh_market",
    "cancel_by_client_id",
    "cancel_all",
    "execute_trigger",
    "place_trigger",
    "cancel_trigger",
    "fund_pocket",
    "drain_pocket",
    "set_position_mode",
    "set_dead_man",
    "collect_fees",
    "pay_fees",
    "create_market",
    "grow_book",
];

/// What an instruction may do beside its ordinary work, and the walk has to have seen.
const FLAVOURS: [&str; 5] =
    ["borrow", "deposit for another", "refresh for pay", "refresh from Switchboard", "withdraw with oracles"];

#[derive(Default)]
struct Count {
    done: u64,
    refused: BTreeMap<String, u64>,
}

/// Counts by instruction.
#[derive(Default)]
pub struct Tally {
    counts: BTreeMap<&'static str, Count>,
    flavours: BTreeMap<&'static str, u64>,
    names: BTreeMap<Vec<u8>, &'static str>,
}

impl Tally {
    pub fn name_of(&mut self, instruction: &Instruction) -> &'static str {
        let mark = instruction.data[..8].to_vec();
        self.names.entry(mark).or_insert_with(|| instructions::name_of(instruction))
    }

    pub fn done(&mut self, name: &'static str) {
        self.counts.entry(name).or_default().done += 1;
    }

    pub fn met(&mut self, flavour: &'static str) {
        *self.flavours.entry(flavour).or_default() += 1;
    }

    pub fn refused(&mut self, name: &'static str, reason: String) {
        *self.counts.entry(name).or_default().refused.entry(reason).or_default() += 1;
    }

    /// # Panics
    /// Where the walk went nowhere: an instruction never went through, or was never refused.
    pub fn must_have_met_everything(&self) {
        let names = instructions::all();
        let elsewhere = |name: &&str| OF_MARKETS.contains(name) || OF_DANGER.contains(name);
        self.must_have_met(names.into_iter().filter(|name| !elsewhere(name)));
        self.must_have_seen(&FLAVOURS);
    }

    /// # Panics
    /// Where one of these never went through, unless it only does in set-up, or was never refused.
    pub fn must_have_met(&self, names: impl IntoIterator<Item = &'static str>) {
        for name in names {
            let count = self.counts.get(name).unwrap_or_else(|| panic!("{name} was never tried"));
            assert_eq!(count.done == 0, ONCE.contains(&name), "{name} went through {} times", count.done);
            assert!(!count.refused.is_empty(), "{name} was never refused");
        }
    }

    /// # Panics
    /// Where one of these things was never seen.
    pub fn must_have_seen(&self, flavours: &[&str]) {
        for flavour in flavours {
            assert!(self.flavours.contains_key(flavour), "there was never a {flavour}");
        }
    }
}

impl fmt::Display for Tally {
    /// One line: `deposit 1200 done 80 refused (Paused 30, DustAmount 50), …; borrow 300, …`.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counted = |(name, times): (&String, &u64)| format!("{name} {times}");
        for (name, count) in &self.counts {
            let refused: u64 = count.refused.values().sum();
            let reasons: Vec<String> = count.refused.iter().map(counted).collect();
            write!(out, "{name} {} done {refused} refused ({}), ", count.done, reasons.join(", "))?;
        }
        let flavours: Vec<String> =
            self.flavours.iter().map(|(name, times)| format!("{name} {times}")).collect();
        write!(out, "of these: {}", flavours.join(", "))
    }
}
