//! On LiteSVM, where all other tests run.

use harness::program;
use litesvm::LiteSVM;
use solana_instruction::error::InstructionError;
use solana_keypair::Keypair;
use solana_message::Message;
use solana_signer::Signer;
use solana_transaction::{Transaction, TransactionError};

use crate::probe;

#[test]
fn the_program_loads_and_refuses_an_unknown_instruction() {
    let mut machine = LiteSVM::new();
    machine.add_program(plimsoll::ID, &program::elf()).expect("the loader accepts the program");
    let payer = Keypair::new();
    machine.airdrop(&payer.pubkey(), 1_000_000_000).expect("an airdrop");

    let message = Message::new(&[probe::unknown_instruction()], Some(&payer.pubkey()));
    let outcome = machine.send_transaction(Transaction::new(&[&payer], message, machine.latest_blockhash()));

    let refusal = InstructionError::Custom(probe::NO_SUCH_INSTRUCTION);
    assert_eq!(outcome.expect_err("nothing to run").err, TransactionError::InstructionError(0, refusal));
}
