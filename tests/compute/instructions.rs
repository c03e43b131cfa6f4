//! The program's instructions, as its source names them: one that nobody measures cannot hide.

use sha2::{Digest, Sha256};
use solana_instruction::Instruction;

const SOURCE: &str = include_str!("../../programs/plimsoll/src/lib.rs");

/// Their names, in the order of the dispatcher.
pub fn all() -> Vec<&'static str> {
    let (_, program) = SOURCE.split_once("#[program]").expect("the source has a program");
    let names = program.lines().filter_map(|line| line.strip_prefix("    pub fn "));
    names.filter_map(|rest| rest.split(['(', '<']).next()).collect()
}

/// The name of an instruction that is about to be sent, by its discriminator.
///
/// # Panics
/// Where the program has no such instruction.
pub fn name_of(instruction: &Instruction) -> &'static str {
    let found = all().into_iter().find(|name| instruction.data.starts_with(&discriminator(name)));
    found.expect("an instruction of the program")
}

fn discriminator(name: &str) -> [u8; 8] {
    let hash: [u8; 32] = Sha256::digest(format!("global:{name}")).into();
    std::array::from_fn(|place| hash[place])
}
