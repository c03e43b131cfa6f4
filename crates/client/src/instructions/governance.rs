//! Parameters, pauses and roles.

use super::instruction;
use crate::addresses::{ExchangeAddresses, pending_change};
use anchor_lang::system_program;
use plimsoll::governance::{PARAMETERS, Parameter};
use solana_instruction::Instruction;
use solana_pubkey::Pubkey;

/// The parameter of a name, as `docs/RISK_PARAMETERS.md` has it.
pub fn parameter(name: &str) -> Option<&'static Parameter> {
    PARAMETERS.iter().find(|parameter| parameter.name == name)
}

/// A number in the 32 bytes that a change carries.
pub fn number(value: u64) -> [u8; 32] {
    plimsoll::governance::Value::Number(value).to_bytes()
}

/// A value wanted for a parameter.
#[derive(Clone, Copy, Debug)]
pub struct Proposal {
    /// Number of the parameter in the table.
    pub parameter: u16,
    /// Which bank, feed or market of the board; 0 where there is only one.
    pub target: u8,
    /// The bank's account, for a parameter that lives there.
    pub bank: Option<Pubkey>,
    /// The market's account, for a market's parameter.
    pub market: Option<Pubkey>,
    pub value: [u8; 32],
}

impl Proposal {
    /// Proposes it; it is queued under `number`, the exchange's next, if it has to wait. The proposer signs.
    pub fn propose(&self, of: &ExchangeAddresses, proposer: Pubkey, number: u64) -> Instruction {
        let accounts = plimsoll::accounts::ProposeChange {
            proposer,
            exchange: of.exchange,
            board: of.board,
            bank: self.bank,
            market: self.market,
            change: pending_change(&of.exchange, number).address(),
            system_program: system_program::ID,
        };
        let Self { parameter, target, value, .. } = *self;
        instruction(accounts, plimsoll::instruction::ProposeChange { parameter, target, value })
    }
}

/// A change that waits.
#[derive(Clone, Copy, Debug)]
pub struct Queued {
    /// Its account.
    pub change: Pubkey,
    /// Who gets the rent back.
    pub proposer: Pubkey,
    /// The bank's account, for a parameter that lives there.
    pub bank: Option<Pubkey>,
    /// The market's account, for a market's parameter.
    pub market: Option<Pubkey>,
}

impl Queued {
    /// Puts it into force. Nobody needs to sign.
    pub fn apply(&self, of: &ExchangeAddresses) -> Instruction {
        let accounts = plimsoll::accounts::ApplyChange {
            exchange: of.exchange,
            board: of.board,
            bank: self.bank,
            market: self.market,
            change: self.change,
            proposer: self.proposer,
        };
        instruction(accounts, plimsoll::instruction::ApplyChange {})
    }

    /// Stops it. The guardian signs.
    pub fn veto(&self, of: &ExchangeAddresses, guardian: Pubkey) -> Instruction {
        let accounts = plimsoll::accounts::VetoChange {
            guardian,
            exchange: of.exchange,
            change: self.change,
            proposer: self.proposer,
        };
        instruction(accounts, plimsoll::instruction::VetoChange {})
    }

    /// Takes it back. The proposer or the admin signs.
    pub fn withdraw(&self, of: &ExchangeAddresses, governor: Pubkey) -> Instruction {
        let accounts = plimsoll::accounts::WithdrawChange {
            governor,
            exchange: of.exchange,
            change: self.change,
            proposer: self.proposer,
        };
        instruction(accounts, plimsoll::instruction::WithdrawChange {})
    }
}

/// Names who may become admin after the delay; nobody (`Pubkey::default()`) takes it back. The admin signs.
pub fn nominate_admin(of: &ExchangeAddresses, admin: Pubkey, nominee: Pubkey) -> Instruction {
    let accounts = plimsoll::accounts::NominateAdmin { admin, exchange: of.exchange };
    instruction(accounts, plimsoll::instruction::NominateAdmin { nominee })
}

/// The nominee becomes admin, and signs.
pub fn accept_admin(of: &ExchangeAddresses, nominee: Pubkey) -> Instruction {
    let accounts = plimsoll::accounts::AcceptAdmin { nominee, exchange: of.exchange };
    instruction(accounts, plimsoll::instruction::AcceptAdmin {})
}

/// Pauses an action, a place in `Pausable::ALL`, for so long. The guardian signs.
pub fn pause(of: &ExchangeAddresses, guardian: Pubkey, action: u8, seconds: u32) -> Instruction {
    let accounts = plimsoll::accounts::Pause { guardian, exchange: of.exchange, board: of.board };
    instruction(accounts, plimsoll::instruction::Pause { action, seconds })
}

/// Ends a pause. The guardian or the admin signs.
pub fn unpause(of: &ExchangeAddresses, signer: Pubkey, action: u8) -> Instruction {
    let accounts = plimsoll::accounts::Unpause { signer, exchange: of.exchange, board: of.board };
    instruction(accounts, plimsoll::instruction::Unpause { action })
}
