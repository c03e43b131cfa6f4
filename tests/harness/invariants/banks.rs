//! Banks: nothing leaks, nobody loses what interest gave.

use super::{History, ledger::Ledger};
use crate::Chain;
use plimsoll::state::{Bank, RiskBoard};
use plimsoll_risk::num::Index;
use solana_pubkey::Pubkey;
use std::collections::BTreeMap;

/// I-1 `the_ledger_never_leaks`: vault = D − B + R + earmarks + dust, exactly, in 2^-64 of a native unit; the dust is never
/// negative and at most two units an operation.
pub(super) fn the_ledger_never_leaks(bank: &Bank, operations: u64) {
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
pub(super) fn the_vault_holds_what_is_recorded(chain: &Chain, bank: &Bank) {
    let held = chain.tokens_in(&bank.vault.0.into());
    let recorded = bank.vault_balance.get();
    assert!(held >= recorded, "the vault of bank {} holds {held}, not {recorded}", bank.index);
}

/// I-3 `borrowers_owe_no_more_than_lenders_own`: B ≤ D.
pub(super) fn borrowers_owe_no_more_than_lenders_own(bank: &Bank) {
    let (deposits, borrows) = (bank.deposits().expect("deposits"), bank.borrows().expect("borrows"));
    assert!(borrows <= deposits, "bank {}: {borrows:?} are owed of {deposits:?}", bank.index);
}

/// I-4 `shares_add_up`: the accounts' shares are the bank's, exactly.
pub(super) fn shares_add_up(ledger: &Ledger) {
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
pub(super) fn indexes_never_fall(address: &Pubkey, bank: &Bank, history: &mut History) {
    let now = (Index::from(bank.deposit_index), Index::from(bank.borrow_index));
    let before = history.indexes.insert(*address, now).unwrap_or(now);
    let bore = history.haircuts.contains(&bank.index);
    assert!(bore || now.0 >= before.0, "the deposit index of bank {} fell", bank.index);
    assert!(now.1 >= before.1, "the borrow index of bank {} fell", bank.index);
}

/// I-8 `the_board_is_never_ahead_of_its_banks`: what checks rest on has been accrued.
pub(super) fn the_board_is_never_ahead_of_its_banks(board: &RiskBoard, bank: &Bank) {
    let terms = &board.banks[usize::from(bank.index)];
    let ahead = Index::from(terms.deposit_index) > bank.deposit_index.into()
        || Index::from(terms.borrow_index) > bank.borrow_index.into();
    assert!(!ahead, "the board is ahead of bank {}", bank.index);
}
