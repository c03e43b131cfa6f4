//! The smallest transaction that only our program can answer.

use solana_instruction::Instruction;

/// What Anchor answers to an instruction that the program does not have.
pub const NO_SUCH_INSTRUCTION: u32 = anchor_lang::error::ErrorCode::InstructionFallbackNotFound as u32;

/// An instruction that the program does not have.
pub fn unknown_instruction() -> Instruction {
    Instruction { program_id: plimsoll::ID, accounts: Vec::new(), data: vec![0xff; 8] }
}
