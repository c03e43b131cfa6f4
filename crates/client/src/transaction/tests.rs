//! What the network would say to a transaction, known before it is sent.

use super::*;
use solana_instruction::AccountMeta;
use solana_sdk_ids::{compute_budget, system_program};

fn key(number: u8) -> Pubkey {
    Pubkey::new_from_array([number; 32])
}

/// An instruction with so many accounts and bytes.
fn instruction(accounts: u8, bytes: usize) -> Instruction {
    let accounts = (100..).take(accounts.into()).map(|it| AccountMeta::new(key(it), false)).collect();
    Instruction { program_id: key(3), accounts, data: vec![0; bytes] }
}

fn draft(accounts: u8, bytes: usize) -> Draft {
    Draft::new(key(2), vec![instruction(accounts, bytes)])
}

fn table(accounts: u8) -> Table {
    Table { key: key(4), addresses: (100..).take(accounts.into()).map(key).collect() }
}

/// Program and data of each instruction.
fn contents(message: &VersionedMessage) -> Vec<(Pubkey, Vec<u8>)> {
    let keys = message.static_account_keys();
    message
        .instructions()
        .iter()
        .map(|it| (keys[usize::from(it.program_id_index)], it.data.clone()))
        .collect()
}

#[test]
fn limits_and_price_stand_before_the_instructions() {
    let made = draft(3, 5).priced(7).compute_limit(123_456).assemble(Hash::default()).expect("fits");
    let found = contents(&made.message);
    let programs: Vec<Pubkey> = found.iter().map(|(program, _)| *program).collect();
    assert_eq!(programs, [compute_budget::ID, compute_budget::ID, compute_budget::ID, key(3)]);
    assert_eq!(found[0].1, [&[2][..], &123_456u32.to_le_bytes()].concat());
    assert_eq!(found[1].1, [&[4][..], &made.loaded_limit.to_le_bytes()].concat());
    assert_eq!(found[2].1, [&[3][..], &7u64.to_le_bytes()].concat());
    assert_eq!(made.fee, 5_000 + 1, "one signature, and 7 micro-lamports for 123,456 units");
    let free = draft(3, 5).assemble(Hash::default()).expect("fits");
    assert_eq!((contents(&free.message).len(), free.fee), (3, 5_000));
}

#[test]
fn a_durable_transaction_advances_its_nonce_first_and_stands_on_it() {
    let nonce = Nonce { address: key(7), authority: key(8), hash: Hash::new_from_array([9; 32]) };
    let made = draft(1, 1).durable(nonce).assemble(Hash::default()).expect("fits");
    assert_eq!(contents(&made.message)[0], (system_program::ID, vec![4, 0, 0, 0]));
    assert_eq!(*made.message.recent_blockhash(), nonce.hash);
    assert_eq!(made.message.header().num_required_signatures, 2, "payer and authority");
    assert_eq!(made.fee, 10_000);
}

#[test]
fn a_transaction_that_is_too_large_says_by_how_much() {
    let fits = draft(1, 0).assemble(Hash::default()).expect("fits");
    // Two more bytes say how long so much data is.
    let room = MAX_TRANSACTION - fits.bytes - 1;
    assert_eq!(draft(1, room).assemble(Hash::default()).map(|made| made.bytes), Ok(MAX_TRANSACTION));
    let refused = draft(1, room + 3).assemble(Hash::default()).expect_err("too large");
    assert_eq!(refused, TransactionError::TooLarge { bytes: MAX_TRANSACTION + 3 });
    assert_eq!(refused.to_string(), "1235 bytes are 3 more than the 1232 of a transaction");
}

#[test]
fn tables_make_it_smaller_and_every_lock_counts() {
    assert!(matches!(draft(40, 0).assemble(Hash::default()), Err(TransactionError::TooLarge { .. })));
    let made = draft(40, 0).tables(vec![table(40)]).assemble(Hash::default()).expect("fits");
    assert!(made.bytes < 400 && made.locks == 43, "payer, two programs");
    let refused = draft(70, 0).tables(vec![table(70)]).assemble(Hash::default()).expect_err("too many");
    assert_eq!(refused, TransactionError::TooManyLocks { locks: 73 });
    assert_eq!(refused.to_string(), "73 accounts are 9 more than the 64 that a transaction locks");
}

#[test]
fn what_it_writes_is_the_payers_account_and_what_is_marked_so_each_once() {
    let mut second = instruction(3, 0);
    second.accounts[2].is_writable = false;
    let draft = Draft::new(key(2), vec![instruction(2, 0), second]);
    assert_eq!(draft.written(), [key(2), key(100), key(101)]);
}

#[test]
fn nothing_to_send_is_refused() {
    let refused = Draft::new(key(2), vec![]).assemble(Hash::default());
    assert_eq!(refused, Err(TransactionError::Empty));
}

#[test]
fn what_may_be_loaded_grows_with_accounts_programs_and_tables() {
    let of = |draft: &Draft| draft.loaded_bytes();
    assert_eq!(of(&draft(1, 0)) % PAGE, 0);
    assert!(of(&draft(10, 0)) >= 10 * LARGEST_ACCOUNT);
    assert!(of(&draft(10, 0).tables(vec![table(1); 8])) > of(&draft(10, 0)));
    let own = Instruction { program_id: plimsoll::ID, ..instruction(1, 0) };
    let both = Draft::new(key(2), vec![instruction(1, 0), own]);
    assert!(of(&both) - of(&draft(1, 0)) >= compute::cap("program_bytes").expect("a cap") - PAGE);
}
