//! Replays: transactions by the ten thousand, of which the invariants of the whole ledger are checked now and then.

use crate::{Receipt, World, invariants, invariants::Danger, world::is_a_named_refusal};
use plimsoll_client::events::Event;
use solana_instruction::Instruction;

impl World {
    /// Sends one instruction that may be refused by name. What it told is counted and what it did to accounts in danger is
    /// judged, as after every verb; all other invariants wait for [`World::checks`], but after a bankruptcy, which alone may
    /// lower what lenders own.
    ///
    /// # Panics
    /// Where it fails without a name, or breaks what is judged.
    pub fn tries_unchecked(&mut self, instruction: &Instruction) -> Receipt {
        let instructions = std::slice::from_ref(instruction);
        let danger = Danger::of(&self.chain, instructions);
        let receipt = self.chain.send(instructions);
        if let Some(error) = &receipt.error {
            assert!(is_a_named_refusal(error), "{error:?}\n{}", receipt.logs.join("\n"));
            return receipt;
        }
        danger.judge(&self.chain, instructions);
        self.history.record(&receipt.events, 1);
        if receipt.events.iter().any(|event| matches!(event, Event::BankruptcyResolved(_))) {
            self.checks();
        }
        receipt
    }

    /// Checks every invariant.
    ///
    /// # Panics
    /// Where one does not hold, with its name.
    pub fn checks(&mut self) {
        invariants::check(&self.chain, &mut self.history);
    }
}
