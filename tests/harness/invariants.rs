//! What holds after every step of every test: each function is a row of `docs/INVARIANTS.md`.
//!
//! - `banks`: I-1 to I-4, I-6, I-8. - `accounts`: I-5. - `events`: I-7.
//! - `markets`: I-10 to I-12, I-14. - `orders`: I-13. - [`conduct`]: I-15, for whoever knows who acted.
//! - `liquidations`: I-20, I-23 to I-25. - `danger`: I-21, I-22, by the instruction.

mod accounts;
mod banks;
pub mod conduct;
mod danger;
mod events;
mod insurance;
mod ledger;
mod liquidations;
mod markets;
mod orders;
mod past;
#[cfg(test)]
mod tests;

pub(crate) use danger::Danger;

use crate::{Chain, Receipt, snapshot::Snapshot};
use ledger::Ledger;
use plimsoll_client::events::{Event, Source};
use plimsoll_risk::num::Index;
use solana_pubkey::Pubkey;
use std::collections::{BTreeSet, HashMap, HashSet};

/// What the invariants that look back need to remember.
#[derive(Clone, Default)]
pub struct History {
    /// Number of the last event of each.
    sequences: HashMap<Source, u64>,
    /// Instructions that went through.
    operations: u64,
    /// Everything that was told, since somebody listens.
    pub(crate) told: Option<Vec<Event>>,
    /// Stakes that are open.
    stakes: BTreeSet<Pubkey>,
    /// Indexes of each bank when last looked at.
    indexes: HashMap<Pubkey, (Index, Index)>,
    /// Banks, by their places, whose lenders bore a part of the last transaction's bankruptcies.
    haircuts: HashSet<u8>,
    /// What events say that all insurance is, native quote.
    pub(crate) insured: i128,
    /// Banks whose vaults a test has robbed.
    pub(crate) robbed: HashSet<Pubkey>,
}

impl History {
    /// Takes note of what went through.
    pub(crate) fn record(&mut self, receipt: &Receipt, instructions: usize) {
        self.operations += instructions as u64;
        self.events_are_numbered_without_gaps(receipt);
        self.insurance_is_told(receipt);
        if let Some(told) = &mut self.told {
            told.extend_from_slice(&receipt.events);
        }
    }
}

/// Checks all of them.
///
/// # Panics
/// Where one does not hold, with its name.
pub(crate) fn check(chain: &Chain, history: &mut History) {
    let ledger = Ledger::read(chain);
    banks::shares_add_up(&ledger);
    accounts::slots_are_tidy(&ledger);
    events::counters_are_those_of_the_last_events(&ledger, history);
    for (address, bank) in ledger.banks.values() {
        banks::the_ledger_never_leaks(bank, history.operations);
        banks::borrowers_owe_no_more_than_lenders_own(bank);
        banks::indexes_never_fall(address, bank, history);
        if let Some(board) = ledger.board {
            banks::the_board_is_never_ahead_of_its_banks(board, bank);
        }
        if !history.robbed.contains(address) {
            banks::the_vault_holds_what_is_recorded(chain, bank);
        }
    }
    for trading in ledger.markets.values() {
        markets::the_queue_is_whole(trading);
        orders::books_are_sound(trading, chain.now());
        liquidations::residues_are_whole(&ledger, trading);
        markets::every_long_has_its_short(&ledger, trading);
        markets::no_market_leaks(&ledger, trading, history.operations);
        orders::listed_orders_are_those_of_the_book(&ledger, trading);
        orders::what_is_reserved_rests_or_waits(&ledger, trading);
    }
    markets::earmarks_are_what_markets_and_pockets_hold(&ledger);
    liquidations::insurance_falls_only_through_the_waterfall(&ledger, history);
    liquidations::open_deficits_and_insolvent_are_counted(&ledger);
    liquidations::flags_are_those_of_what_is_flagged(&ledger);
}

/// I-9 `a_refused_transaction_changes_nothing`: every account of the program and of the token programs is what it was.
pub(crate) fn a_refused_transaction_changes_nothing(before: &Snapshot, chain: &Chain) {
    let differences = before.differences(&Snapshot::of(chain));
    assert!(differences.is_empty(), "a refused transaction changed {differences:?}");
}
