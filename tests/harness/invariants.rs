//! What holds after every step of every test: each function is a row of `docs/INVARIANTS.md`.

use crate::{Chain, Receipt, snapshot::Snapshot};
use plimsoll::state::{Bank, Exchange, MarginAccount, RiskBoard};
use plimsoll_client::{
    decode,
    events::{Event, Source},
};
use plimsoll_risk::num::Index;
use solana_account::ReadableAccount;
use solana_pubkey::Pubkey;
use std::collections::{BTreeMap, HashMap, HashSet};

/// What the invariants that look back need to remember.
#[derive(Clone, Default)]
pub struct History {
    /// Number of the last event of each.
    sequences: HashMap<Source, u64>,
    /// Instructions that went through.
    operations: u64,
    /// Indexes of each bank when last looked at.
    indexes: HashMap<Pubkey, (Index, Index)>,
    /// Banks whose vaults a test has robbed.
    pub(crate) robbed: HashSet<Pubkey>,
}

impl History {
    /// Takes note of what went through.
    pub(crate) fn record(&mut self, receipt: &Receipt, instructions: usize) {
        self.operations += instructions as u64;
        self.events_are_numbered_without_gaps(receipt);
    }

    /// I-7 `events_are_numbered_without_gaps`
    fn events_are_numbered_without_gaps(&mut self, receipt: &Receipt) {
        for event in &receipt.events {
            if let Event::AccountOpened(opened) = event {
                self.sequences.remove(&Source::Account(opened.account)); // an address may be opened again
            }
            let Some((source, number)) = event.sequence() else { continue };
            let last = self.sequences.insert(source, number).unwrap_or(0);
            assert_eq!(number, last + 1, "an event of {source:?} is missing or doubled");
        }
    }

    fn last_of(&self, source: Source) -> u64 {
        self.sequences.get(&source).copied().unwrap_or(0)
    }
}

/// The whole ledger at one moment, as it lies on the machine.
struct Ledger<'a> {
    exchange: Option<&'a Exchange>,
    board: Option<&'a RiskBoard>,
    banks: BTreeMap<u8, (Pubkey, &'a Bank)>,
    accounts: Vec<(Pubkey, &'a MarginAccount)>,
}

impl<'a> Ledger<'a> {
    fn read(chain: &'a Chain) -> Self {
        let mut ledger = Self { exchange: None, board: None, banks: BTreeMap::new(), accounts: Vec::new() };
        for (address, account) in chain.accounts_of(plimsoll::ID) {
            let data = account.data();
            if let Some(account) = look::<MarginAccount>(data) {
                ledger.accounts.push((*address, account));
            } else if let Some(bank) = look::<Bank>(data) {
                ledger.banks.insert(bank.index, (*address, bank));
            } else if let Some(board) = look::<RiskBoard>(data) {
                ledger.board = Some(board);
            } else if let Some(exchange) = look::<Exchange>(data) {
                ledger.exchange = Some(exchange);
            }
        }
        ledger
    }
}

fn look<T: decode::Account>(data: &[u8]) -> Option<&T> {
    decode::view(data).ok().flatten()
}

/// Checks all of them.
///
/// # Panics
/// Where one does not hold, with its name.
pub(crate) fn check(chain: &Chain, history: &mut History) {
    let ledger = Ledger::read(chain);
    shares_add_up(&ledger);
    slots_are_tidy(&ledger);
    counters_are_those_of_the_last_events(&ledger, history);
    for (address, bank) in ledger.banks.values() {
        the_ledger_never_leaks(bank, history.operations);
        borrowers_owe_no_more_than_lenders_own(bank);
        indexes_never_fall(address, bank, history);
        if let Some(board) = ledger.board {
            the_board_is_never_ahead_of_its_banks(board, bank);
        }
        if !history.robbed.contains(address) {
            the_vault_holds_what_is_recorded(chain, bank);
        }
    }
}

/// I-1 `the_ledger_never_leaks`: vault = D − B + R + earmarks + dust, exactly, in 2^-64 of a native unit; the dust is never
/// negative and at most two units an operation.
fn the_ledger_never_leaks(bank: &Bank, operations: u64) {
    let (deposits, borrows) = exact_totals(bank);
    let whole = |units: u64| u128::from(units) << 64;
    let earmarked = [bank.pockets, bank.pools, bank.insurance, bank.fees].map(|part| whole(part.get()));
    let has = whole(bank.vault_balance.get()).checked_add(borrows).expect("within 128 bits");
    let reserves = whole(bank.reserves) + u128::from(bank.reserves_fraction);
    let owes = deposits + reserves + earmarked.iter().sum::<u128>();
    let dust = has.checked_sub(owes);
    let Some(dust) = dust else { panic!("bank {} leaks {} / 2^64 units", bank.index, owes - has) };
    let bound = whole(2 * operations);
    assert!(
        dust <= bound,
        "bank {} gathers dust: {} units after {operations} operations",
        bank.index,
        dust >> 64
    );
}

/// What all lenders own and all borrowers owe, 2^-64 of a native unit.
fn exact_totals(bank: &Bank) -> (u128, u128) {
    let worth =
        |shares: u64, index: Index| u128::from(shares).checked_mul(index.get()).expect("within 128 bits");
    (
        worth(bank.deposit_shares.get(), bank.deposit_index.into()),
        worth(bank.borrow_shares.get(), bank.borrow_index.into()),
    )
}

/// I-2 `the_vault_holds_what_is_recorded`: the token account holds at least the recorded balance.
fn the_vault_holds_what_is_recorded(chain: &Chain, bank: &Bank) {
    let held = chain.tokens_in(&bank.vault.0.into());
    let recorded = bank.vault_balance.get();
    assert!(held >= recorded, "the vault of bank {} holds {held}, not {recorded}", bank.index);
}

/// I-3 `borrowers_owe_no_more_than_lenders_own`: B ≤ D.
fn borrowers_owe_no_more_than_lenders_own(bank: &Bank) {
    let (deposits, borrows) = (bank.deposits().expect("deposits"), bank.borrows().expect("borrows"));
    assert!(borrows <= deposits, "bank {}: {borrows:?} are owed of {deposits:?}", bank.index);
}

/// I-4 `shares_add_up`: the accounts' shares are the bank's, exactly.
fn shares_add_up(ledger: &Ledger) {
    let mut sums: BTreeMap<(u8, bool), u128> = BTreeMap::new();
    for (_, account) in &ledger.accounts {
        for slot in account.balances.iter().filter(|slot| !slot.is_free()) {
            *sums.entry((slot.bank, slot.is_borrow())).or_default() += u128::from(slot.shares.get());
        }
    }
    for (index, (_, bank)) in &ledger.banks {
        let sum = |borrowed| sums.get(&(*index, borrowed)).copied().unwrap_or(0);
        assert_eq!(sum(false), u128::from(bank.deposit_shares.get()), "deposit shares of bank {index}");
        assert_eq!(sum(true), u128::from(bank.borrow_shares.get()), "borrow shares of bank {index}");
    }
}

/// I-5 `slots_are_tidy`: an account has at most one balance of a bank, and a free slot owes nothing.
fn slots_are_tidy(ledger: &Ledger) {
    for (address, account) in &ledger.accounts {
        let mut seen = HashSet::new();
        for slot in &account.balances {
            assert!(
                slot.is_free() || seen.insert(slot.bank),
                "two balances of bank {} in {address}",
                slot.bank
            );
            assert!(!slot.is_free() || !slot.is_borrow(), "an empty debt in {address}");
        }
    }
}

/// I-6 `indexes_never_fall`: interest is never taken back.
fn indexes_never_fall(address: &Pubkey, bank: &Bank, history: &mut History) {
    let now = (Index::from(bank.deposit_index), Index::from(bank.borrow_index));
    let before = history.indexes.insert(*address, now).unwrap_or(now);
    assert!(now.0 >= before.0 && now.1 >= before.1, "an index of bank {} fell", bank.index);
}

/// I-7, the other half: what accounts count is what was told.
fn counters_are_those_of_the_last_events(ledger: &Ledger, history: &History) {
    for (address, account) in &ledger.accounts {
        assert_eq!(
            account.header.sequence,
            history.last_of(Source::Account(*address)),
            "events of {address}"
        );
    }
    for (address, bank) in ledger.banks.values() {
        assert_eq!(
            bank.sequence,
            history.last_of(Source::Account(*address)),
            "events of bank {}",
            bank.index
        );
    }
    if let Some(exchange) = ledger.exchange {
        assert_eq!(exchange.sequence, history.last_of(Source::Exchange), "events of the exchange");
    }
}

/// I-8 `the_board_is_never_ahead_of_its_banks`: what checks rest on has been accrued.
fn the_board_is_never_ahead_of_its_banks(board: &RiskBoard, bank: &Bank) {
    let terms = &board.banks[usize::from(bank.index)];
    let ahead = Index::from(terms.deposit_index) > bank.deposit_index.into()
        || Index::from(terms.borrow_index) > bank.borrow_index.into();
    assert!(!ahead, "the board is ahead of bank {}", bank.index);
}

/// I-9 `a_refused_transaction_changes_nothing`: every account of the program and of the token programs is what it was.
pub(crate) fn a_refused_transaction_changes_nothing(before: &Snapshot, chain: &Chain) {
    let differences = before.differences(&Snapshot::of(chain));
    assert!(differences.is_empty(), "a refused transaction changed {differences:?}");
}
