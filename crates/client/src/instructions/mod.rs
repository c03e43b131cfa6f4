//! What can be sent, one builder an area.

pub mod account;
pub mod governance;
pub mod insurance;
pub mod ledger;
pub mod liquidation;
pub mod order;
pub mod refresh;
pub mod settlement;
pub mod setup;
pub mod trade;
pub mod trigger;
pub mod vault;

use crate::transaction::compute;
use anchor_lang::{InstructionData, ToAccountMetas};
use solana_instruction::{AccountMeta, Instruction};
use solana_pubkey::Pubkey;

/// What the interface calls an instruction, `place_order`; `None` for one of another program.
pub fn name(of: &Instruction) -> Option<String> {
    if of.program_id != plimsoll::ID {
        return None;
    }
    let mut name = String::new();
    for letter in compute::name(&of.data)?.chars() {
        if letter.is_uppercase() && !name.is_empty() {
            name.push('_');
        }
        name.push(letter.to_ascii_lowercase());
    }
    Some(name)
}

/// An instruction of the program.
fn instruction(accounts: impl ToAccountMetas, data: impl InstructionData) -> Instruction {
    Instruction { program_id: plimsoll::ID, accounts: accounts.to_account_metas(None), data: data.data() }
}

/// Oracle accounts behind an instruction's own.
fn with_oracles(mut instruction: Instruction, oracles: &[Pubkey]) -> Instruction {
    instruction.accounts.extend(oracles.iter().map(|oracle| AccountMeta::new_readonly(*oracle, false)));
    instruction
}

/// Margin accounts of makers behind an instruction's own accounts and its oracles'.
fn with_makers(mut instruction: Instruction, makers: &[Pubkey]) -> Instruction {
    instruction.accounts.extend(makers.iter().map(|maker| AccountMeta::new(*maker, false)));
    instruction
}
