//! On the banks of a validator, with every feature switched on.

use harness::program;
use solana_instruction::error::InstructionError;
use solana_program_test::{ProgramTest, read_file};
use solana_signer::Signer;
use solana_transaction::{Transaction, TransactionError};

use crate::probe;

#[tokio::test]
async fn a_validator_runs_the_compiled_program() {
    let mut test = ProgramTest::default();
    test.prefer_bpf(true);
    deploy(&mut test);
    let context = test.start_with_context().await;

    let transaction = Transaction::new_signed_with_payer(
        &[probe::unknown_instruction()],
        Some(&context.payer.pubkey()),
        &[&context.payer],
        context.last_blockhash,
    );
    let outcome =
        context.banks_client.process_transaction_with_metadata(transaction).await.expect("an answer");

    let refusal = InstructionError::Custom(probe::NO_SUCH_INSTRUCTION);
    assert_eq!(outcome.result, Err(TransactionError::InstructionError(0, refusal)));
    let ran = outcome.metadata.expect("it was executed").log_messages;
    assert!(ran.iter().any(|line| line.contains(&plimsoll::ID.to_string())), "{ran:#?}");
}

/// Places the bytes at the program's address: `add_program` would look for them by an environment variable.
fn deploy(test: &mut ProgramTest) {
    let elf = read_file(program::folder().join("plimsoll.so"));
    test.add_account(
        plimsoll::ID,
        solana_account::Account {
            lamports: solana_rent::Rent::default().minimum_balance(elf.len()),
            data: elf,
            owner: solana_sdk_ids::bpf_loader::id(),
            executable: true,
            rent_epoch: 0,
        },
    );
}
