//! What always holds, checked on the ledger of a whole exchange, and what is told of it, told on.
//!
//! - [`Ledger`]: every account of the program at one moment. [`check`]: the invariants of `docs/INVARIANTS.md` on it; each
//!   function is a row, under the same name.
//! - [`History`]: what the invariants that look back need to remember.
//! - [`telling`]: events become a report.
//!
//! Whoever has the accounts can ask, wherever they lie: tests on their machine, the demo on its network.
#![deny(missing_docs)]

mod accounts;
mod banks;
mod events;
mod insurance;
mod ledger;
mod liquidations;
mod markets;
mod orders;
pub mod telling;
pub mod vaults;

pub use ledger::{Ledger, Trading};

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
    pub told: Option<Vec<Event>>,
    /// Stakes that are open.
    stakes: BTreeSet<Pubkey>,
    /// Indexes of each bank when last looked at.
    indexes: HashMap<Pubkey, (Index, Index)>,
    /// Banks, by their places, whose lenders bore a part of bankruptcies since the last check.
    haircuts: HashSet<u8>,
    /// What events say that all insurance is, native quote.
    pub insured: i128,
    /// Banks whose vaults somebody has robbed on purpose.
    pub robbed: HashSet<Pubkey>,
}

impl History {
    /// Takes note of a transaction that went through: what it told, and how many instructions it had.
    ///
    /// # Panics
    /// Where an event is missing or doubled.
    pub fn record(&mut self, told: &[Event], instructions: usize) {
        self.operations += instructions as u64;
        self.events_are_numbered_without_gaps(told);
        self.insurance_is_told(told);
        if let Some(all) = &mut self.told {
            all.extend_from_slice(told);
        }
    }

    /// Instructions that went through.
    pub const fn operations(&self) -> u64 {
        self.operations
    }
}

/// Checks all of them, at a time (unix seconds). `held` are the tokens in a token account.
///
/// # Panics
/// Where one does not hold, with its name.
pub fn check(ledger: &Ledger, held: impl Fn(&Pubkey) -> u64, now: i64, history: &mut History) {
    banks::shares_add_up(ledger);
    accounts::slots_are_tidy(ledger);
    events::counters_are_those_of_the_last_events(ledger, history);
    for (address, bank) in ledger.banks.values() {
        banks::the_ledger_never_leaks(bank, history.operations);
        banks::borrowers_owe_no_more_than_lenders_own(bank);
        banks::indexes_never_fall(address, bank, history);
        if let Some(board) = ledger.board {
            banks::the_board_is_never_ahead_of_its_banks(board, bank);
        }
        if !history.robbed.contains(address) {
            banks::the_vault_holds_what_is_recorded(held(&bank.vault.0.into()), bank);
        }
    }
    for trading in ledger.markets.values() {
        markets::the_queue_is_whole(trading);
        orders::books_are_sound(trading, now);
        liquidations::residues_are_whole(ledger, trading);
        markets::every_long_has_its_short(ledger, trading);
        markets::no_market_leaks(ledger, trading, history.operations);
        orders::listed_orders_are_those_of_the_book(ledger, trading);
        orders::what_is_reserved_rests_or_waits(ledger, trading);
    }
    markets::earmarks_are_what_markets_and_pockets_hold(ledger);
    liquidations::insurance_falls_only_through_the_waterfall(ledger, history);
    liquidations::open_deficits_and_insolvent_are_counted(ledger);
    liquidations::flags_are_those_of_what_is_flagged(ledger);
    history.haircuts.clear();
}
