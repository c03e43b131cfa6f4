//! Banks: nothing leaks, nobody loses what interest gave.

use crate::{History, ledger::Ledger, vaults::Gap};
use plimsoll::state::{Bank, RiskBoard};
use plimsoll_risk::num::Index;
use solana_pubkey::Pubkey;
use std::collections::BTreeMap;

/// I-1 `the_ledger_never_leaks`: vault = D − B + R + earmarks + dust, exactly, in 2^-64 of a native unit; the dust is never
/// negative and at most two units an operation.
pub(crate) fn the_ledger_never_leaks(bank: &Bank, operations: u64) {
    let Gap { has, owes } = Gap::of(bank, bank.vault_balance.get());
    let dust = has.checked_sub(owes);
    let Some(dust) = dust else { panic!("bank {} leaks {} / 2^64 units", bank.index, owes - has) };
    let bound = u128::from(2 * operations) << 64;
    assert!(
        dust <= bound,
        "bank {} gathers dust: {} units after {operations} operations",
        bank.index,
        dust >> 64
    );
}

/// I-2 `the_vault_holds_what_is_recorded`: the token account holds at least the recorded balance.
pub(crate) fn the_vault_holds_what_is_recorded(held: u64, bank: &Bank) {
    let recorded = bank.vault_balance.get();
    assert!(held >= recorded, "the vault of bank {} holds {held}, not {recorded}", bank.index);
}

/// I-3 `borrowers_owe_no_more_than_lenders_own`: B ≤ D.
pub(crate) fn borrowers_owe_no_more_than_lenders_own(bank: &Bank) {
    let (deposits, borrows) = (bank.deposits().expect("deposits"), bank.borrows().expect("borrows"));
    assert!(borrows <= deposits, "bank {}: {borrows:?} are owed of {deposits:?}", bank.index);
}

/// I-4 `shares_add_up`: the accounts' shares are the bank's, exactly.
pub(crate) fn shares_add_up(ledger: &Ledger) {
    let mut sums: BTreeMap<(u8, bool), u128> = BTreeMap::new();
    for account in ledger.accounts.values() {
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

/// I-6 `indexes_never_fall`: interest is never taken back; what lenders own falls in a bankruptcy alone of which they bear a
/// part.
pub(crate) fn indexes_never_fall(address: &Pubkey, bank: &Bank, history: &mut History) {
    let now = (Index::from(bank.deposit_index), Index::from(bank.borrow_index));
    let before = history.indexes.insert(*address, now).unwrap_or(now);
    let bore = history.haircuts.contains(&bank.index);
    assert!(bore || now.0 >= before.0, "the deposit index of bank {} fell", bank.index);
    assert!(now.1 >= before.1, "the borrow index of bank {} fell", bank.index);
}

/// I-8 `the_board_is_never_ahead_of_its_banks`: what checks rest on has been accrued.
pub(crate) fn the_board_is_never_ahead_of_its_banks(board: &RiskBoard, bank: &Bank) {
    let terms = &board.banks[usize::from(bank.index)];
    let ahead = Index::from(terms.deposit_index) > bank.deposit_index.into()
        || Index::from(terms.borrow_index) > bank.borrow_index.into();
    assert!(!ahead, "the board is ahead of bank {}", bank.index);
}
