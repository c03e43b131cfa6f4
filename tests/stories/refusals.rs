//! Every account of an instruction that would succeed, replaced or taken away, one after the other: each time it is refused,
//! for the reason of the table, and changes nothing.

use crate::pauses::danger::stages;
use anchor_lang::error::ErrorCode;
use harness::{Failure, World, failure, keys};
use plimsoll::errors::Refusal;
use solana_instruction::{Instruction, error::InstructionError};
use solana_pubkey::Pubkey;
use solana_transaction::TransactionError;
use std::collections::{BTreeMap, BTreeSet};

/// What is done to an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Flaw {
    /// Another program's account stands in its place.
    AnotherPrograms,
    /// An account of this program of another kind.
    AnotherKind,
    /// One of the same kind, and the same in everything, of another exchange.
    AnotherExchange,
    /// It cannot be written to.
    ReadOnly,
    /// It does not sign.
    Unsigned,
    /// A stranger signs in its place.
    Stranger,
    /// Neither it nor any behind it is there.
    Missing,
}

const FLAWS: [Flaw; 7] = [
    Flaw::AnotherPrograms,
    Flaw::AnotherKind,
    Flaw::AnotherExchange,
    Flaw::ReadOnly,
    Flaw::Unsigned,
    Flaw::Stranger,
    Flaw::Missing,
];

/// The accounts that an instruction names, from the interface that clients are made of.
struct Names(serde_json::Value);

impl Names {
    fn read() -> Self {
        let text = include_str!("../../idl/plimsoll.json");
        Self(serde_json::from_str(text).expect("the interface"))
    }

    fn of(&self, instruction: &str) -> Vec<String> {
        let all = self.0["instructions"].as_array().expect("instructions");
        let found = all.iter().find(|it| it["name"] == instruction);
        let found = found.unwrap_or_else(|| panic!("no {instruction} in the interface"));
        let accounts = found["accounts"].as_array().expect("accounts");
        accounts.iter().map(|it| it["name"].as_str().expect("a name").to_owned()).collect()
    }
}

/// Tries every flaw of every account of these instructions, each in a world where it would succeed, and compares the reasons
/// with a table: `instruction account: Flaw Reason, …`, a line an account.
///
/// # Panics
/// Where an instruction went through, or a reason is not that of the table.
pub fn must_be_refused(instructions: &[&str], table: &str) {
    let (names, mut met, mut found) = (Names::read(), BTreeSet::new(), Vec::new());
    for (world, rows) in stages() {
        for row in rows.iter().filter(|row| instructions.contains(&row.name)) {
            met.insert(row.name);
            must_succeed(&world, &row.instruction, row.name);
            for (place, account) in names.of(row.name).iter().enumerate() {
                let reasons: Vec<String> = FLAWS
                    .into_iter()
                    .filter_map(|flaw| {
                        let reason = refused(&world, &row.instruction, place, flaw)?;
                        Some(format!("{flaw:?} {reason}"))
                    })
                    .collect();
                found.push(format!("{} {account}: {}", row.name, reasons.join(", ")));
            }
        }
    }
    assert_eq!(met.len(), instructions.len(), "only {met:?} are in the table of pauses");
    let expected: Vec<&str> = table.lines().collect();
    assert_eq!(found, expected, "\n{}", found.join("\n"));
}

fn must_succeed(world: &World, instruction: &Instruction, name: &str) {
    let mut copy = world.clone();
    let receipt = copy.chain.send(std::slice::from_ref(instruction));
    assert!(receipt.error.is_none(), "{name}: {}", receipt.logs.join("\n"));
}

/// Why an instruction with a flaw is refused; `None` where the account cannot have it.
fn refused(world: &World, instruction: &Instruction, place: usize, flaw: Flaw) -> Option<String> {
    let mut world = world.clone();
    let mut flawed = instruction.clone();
    let meta = flawed.accounts[place].clone();
    let of_the_program = world.chain.account(&meta.pubkey).is_some_and(|it| it.owner == plimsoll::ID);
    match flaw {
        Flaw::AnotherPrograms if of_the_program => replace(&mut flawed, place, world.tokens()[0].mint()),
        Flaw::AnotherKind if of_the_program => {
            let (board, exchange) = (world.exchange.board, world.exchange.exchange);
            replace(&mut flawed, place, if meta.pubkey == exchange { board } else { exchange });
        }
        Flaw::AnotherExchange if of_the_program => {
            let twin = twin(&mut world, &meta.pubkey);
            replace(&mut flawed, place, twin);
        }
        Flaw::ReadOnly if meta.is_writable => flawed.accounts[place].is_writable = false,
        Flaw::Unsigned if meta.is_signer => flawed.accounts[place].is_signer = false,
        Flaw::Stranger if meta.is_signer => {
            let stranger = world.person("mallory");
            replace(&mut flawed, place, stranger);
        }
        Flaw::Missing => flawed.accounts.truncate(place),
        _ => return None,
    }
    let receipt = {
        let mut copy = world.clone();
        copy.chain.send(std::slice::from_ref(&flawed))
    };
    let Some(error) = receipt.error else { return Some("went through".to_owned()) };
    let reason = named(&error);
    // Once more, where it is seen that nothing changes.
    if let TransactionError::InstructionError(_, it) = error {
        let expected = match it {
            InstructionError::Custom(code) => Failure::Code(code),
            other => Failure::Runtime(other),
        };
        world.refuses(&[flawed], expected);
    }
    Some(reason)
}

/// What to call an error: the framework's by their own names.
pub fn named(error: &TransactionError) -> String {
    const FRAMEWORKS: [(ErrorCode, &str); 7] = [
        (ErrorCode::ConstraintMut, "ConstraintMut"),
        (ErrorCode::ConstraintSeeds, "ConstraintSeeds"),
        (ErrorCode::ConstraintDuplicateMutableAccount, "ConstraintDuplicateMutableAccount"),
        (ErrorCode::AccountDiscriminatorMismatch, "AccountDiscriminatorMismatch"),
        (ErrorCode::AccountNotEnoughKeys, "AccountNotEnoughKeys"),
        (ErrorCode::AccountOwnedByWrongProgram, "AccountOwnedByWrongProgram"),
        (ErrorCode::AccountNotSigner, "AccountNotSigner"),
    ];
    let is_it = |code: ErrorCode| Failure::from(code).matches(error);
    let found = FRAMEWORKS.into_iter().find(|(code, _)| is_it(*code));
    found.map_or_else(|| failure::name(error), |(_, name)| name.to_owned())
}

/// Tries instructions on copies of a world and compares the reasons.
///
/// # Panics
/// Where one went through, or was refused for another reason.
pub fn must_be_refused_for(world: &World, attempts: Vec<(&str, Instruction, Refusal)>) {
    let mut wrong = Vec::new();
    for (what, instruction, reason) in attempts {
        let mut copy = world.clone();
        let receipt = copy.chain.send(std::slice::from_ref(&instruction));
        let found = receipt.error.as_ref().map_or_else(|| "went through".to_owned(), named);
        if found == reason.name() {
            world.clone().refuses(&[instruction], reason);
        } else {
            wrong.push(format!("{what}: {found}, not {}", reason.name()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn replace(instruction: &mut Instruction, place: usize, key: Pubkey) {
    instruction.accounts[place].pubkey = key;
}

/// A copy of an account at an address of its own, in which exchange, board and market are those of a twin.
fn twin(world: &mut World, address: &Pubkey) -> Pubkey {
    let mut account = world.chain.account(address).expect("an account");
    let mut names: BTreeMap<Pubkey, Pubkey> = BTreeMap::new();
    for of in [world.exchange.exchange, world.exchange.board] {
        names.insert(of, keys::address(&format!("twin of {of}")));
    }
    for (from, to) in names {
        let places: Vec<usize> = (8..account.data.len().saturating_sub(31))
            .filter(|place| account.data[*place..*place + 32] == from.to_bytes())
            .collect();
        for place in places {
            account.data[place..place + 32].copy_from_slice(&to.to_bytes());
        }
    }
    let twin = keys::address(&format!("twin of {address}"));
    world.chain.place(twin, account);
    twin
}
