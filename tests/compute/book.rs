//! What has been measured, one row a case.

use crate::{caps, instructions};
use harness::{Receipt, World};
use plimsoll_client::lookup::{self, Table};
use solana_instruction::Instruction;
use solana_message::{Hash, Message};

/// One figure.
#[derive(Clone, Debug)]
pub struct Row {
    /// The instruction or what traders call it, and after a dot what is special about the case.
    pub name: &'static str,
    pub shape: String,
    pub figure: u64,
    /// Size of the transaction, for an instruction that was sent.
    pub bytes: Option<usize>,
}

/// What traders call an instruction, and what the program calls it.
const ALIASES: [(&str, &str); 9] = [
    ("place", "place_order"),
    ("trade", "place_order"),
    ("cancel", "cancel_order"),
    ("liquidate.takeover", "take_over"),
    ("liquidate.book", "liquidate_into_book"),
    ("liquidate.collateral", "swap_collateral"),
    ("liquidate.pnl", "buy_pnl"),
    ("bankruptcy", "resolve_bankruptcy"),
    ("waterfall", "resolve_bankruptcy"),
];

impl Row {
    /// The most that it may be.
    pub fn cap(&self) -> Option<u64> {
        caps::of(self.name)
    }

    /// The instruction that was measured; nothing for a figure that was computed.
    pub fn instruction(&self) -> Option<&'static str> {
        self.bytes.map(|_| instruction_of(self.name))
    }
}

/// All figures, in the order in which they were measured.
#[derive(Debug, Default)]
pub struct Book(pub Vec<Row>);

impl Book {
    /// Sends one instruction and nothing else, and notes what the transaction cost.
    ///
    /// # Panics
    /// Where it is refused, breaks an invariant or a limit of the network, or is another instruction than the name says.
    pub fn measure(
        &mut self,
        name: &'static str,
        shape: &str,
        world: &mut World,
        instruction: Instruction,
    ) -> Receipt {
        let sent = instructions::name_of(&instruction);
        assert_eq!(sent, instruction_of(name), "measured as {name}");
        let bytes = transaction_bytes(world, &instruction);
        let receipt = world.does(&[instruction]);
        let figure = receipt.compute_units;
        self.0.push(Row { name, shape: shape.to_owned(), figure, bytes: Some(bytes) });
        receipt
    }

    /// The same by a version-0 transaction, which finds most accounts in a lookup table.
    ///
    /// # Panics
    /// As [`Book::measure`].
    pub fn measure_by_table(
        &mut self,
        name: &'static str,
        shape: &str,
        world: &mut World,
        instruction: Instruction,
        table: &Table,
    ) -> Receipt {
        let sent = instructions::name_of(&instruction);
        assert_eq!(sent, instruction_of(name), "measured as {name}");
        let (instructions, tables) = ([instruction], std::slice::from_ref(table));
        let message = lookup::message(&world.chain.payer(), &instructions, tables, Hash::default());
        let bytes = lookup::size(&message.expect("not too many accounts"));
        let receipt = world.does_v0(&instructions, tables);
        let figure = receipt.compute_units;
        self.0.push(Row { name, shape: shape.to_owned(), figure, bytes: Some(bytes) });
        receipt
    }

    /// Notes a figure that was computed.
    pub fn note(&mut self, name: &'static str, shape: &str, figure: u64) {
        self.0.push(Row { name, shape: shape.to_owned(), figure, bytes: None });
    }

    /// A figure that has been measured.
    pub fn figure(&self, name: &str) -> u64 {
        self.0.iter().find(|row| row.name == name).expect("a figure measured before").figure
    }
}

fn instruction_of(name: &'static str) -> &'static str {
    let is_of =
        |alias: &str| name.strip_prefix(alias).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
    let alias = ALIASES.iter().find(|(alias, _)| is_of(alias));
    alias.map_or_else(|| name.split('.').next().unwrap_or(name), |(_, instruction)| instruction)
}

/// Size of the transaction that holds one instruction.
pub fn transaction_bytes(world: &World, instruction: &Instruction) -> usize {
    let message = Message::new(std::slice::from_ref(instruction), Some(&world.chain.payer()));
    1 + 64 * usize::from(message.header.num_required_signatures) + message.serialize().len()
}
