//! What holds after every step of every test: each function is a row of `docs/INVARIANTS.md`.
//!
//! - `plimsoll_audit`: I-1 to I-8, I-10 to I-14, I-20, I-23 to I-25, on whatever accounts there are.
//! - [`conduct`]: I-15, for whoever knows who acted. - `danger`: I-21, I-22, by the instruction.

pub mod conduct;
mod danger;
mod past;
#[cfg(test)]
mod tests;

pub(crate) use danger::Danger;
pub use plimsoll_audit::History;

use crate::{Chain, snapshot::Snapshot};
use plimsoll_audit::Ledger;
use solana_account::ReadableAccount;

/// The whole ledger on a machine.
fn ledger(chain: &Chain) -> Ledger<'_> {
    let accounts = chain.accounts_of(plimsoll::ID);
    Ledger::read(accounts.map(|(address, account)| (*address, account.data())))
}

/// Checks all that need nothing but the ledger.
///
/// # Panics
/// Where one does not hold, with its name.
pub(crate) fn check(chain: &Chain, history: &mut History) {
    plimsoll_audit::check(&ledger(chain), |vault| chain.tokens_in(vault), chain.now(), history);
}

/// I-9 `a_refused_transaction_changes_nothing`: every account of the program and of the token programs is what it was.
pub(crate) fn a_refused_transaction_changes_nothing(before: &Snapshot, chain: &Chain) {
    let differences = before.differences(&Snapshot::of(chain));
    assert!(differences.is_empty(), "a refused transaction changed {differences:?}");
}
