//! Which refusals a walk may meet: each has a name, and each has a reason in what the walk tried.

use anchor_lang::error::ErrorCode;
use harness::failure;
use plimsoll::errors::Refusal;
use solana_instruction::error::InstructionError;
use solana_transaction::TransactionError;

/// The system program's: there is such an account already.
const ALREADY_IN_USE: u32 = 0;
/// The token programs': the wallet holds less.
const TOKENS_SHORT: u32 = 1;

/// The walk never passes a wrong account and no token of it lies: whoever says so is confused.
const CONFUSIONS: [Refusal; 9] = [
    Refusal::ForeignExchange,
    Refusal::ForeignBoard,
    Refusal::WrongMint,
    Refusal::WrongVault,
    Refusal::WrongTokenProgram,
    Refusal::WrongTokenAccount,
    Refusal::DuplicateAccount,
    Refusal::WrongProgramData,
    Refusal::ReceivedLess,
];

/// Which of a transaction's instructions was refused, and what to call the reason.
///
/// # Panics
/// Where the reason has no name: a crash, an overflow that nobody caught, a limit of the machine, a wrong account.
pub fn place_and_name(error: &TransactionError, names: &[&'static str], logs: &[String]) -> (usize, String) {
    let named = match error {
        TransactionError::InstructionError(place, InstructionError::Custom(code)) => {
            let place = usize::from(*place);
            reason(names[place], *code).map(|reason| (place, reason))
        }
        _ => None,
    };
    named.unwrap_or_else(|| panic!("{names:?}: {} ({error:?})\n{}", failure::name(error), logs.join("\n")))
}

fn reason(instruction: &str, code: u32) -> Option<String> {
    if let Some(refusal) = plimsoll_client::errors::refusal(code) {
        return (!CONFUSIONS.contains(&refusal)).then(|| refusal.name());
    }
    let missing = [ErrorCode::AccountNotInitialized, ErrorCode::AccountOwnedByWrongProgram].map(u32::from);
    let outrun = u32::from(ErrorCode::ConstraintSeeds);
    let (name, by) = match code {
        ALREADY_IN_USE => {
            ("exists already", &["create_exchange", "open_account", "register_bank", "open_stake"][..])
        }
        TOKENS_SHORT => ("wallet holds less", &["deposit", "repay", "repay_all"][..]),
        code if code == outrun => ("another change was queued first", &["propose_change"][..]),
        code if missing.contains(&code) => ("no such account", &NAME_AN_ACCOUNT[..]),
        _ => return None,
    };
    by.contains(&instruction).then(|| name.to_owned())
}

/// The instructions that the walk sends to margin accounts and changes that may be gone.
const NAME_AN_ACCOUNT: [&str; 15] = [
    "deposit",
    "withdraw",
    "withdraw_all",
    "repay",
    "repay_all",
    "refresh_prices",
    "close_account",
    "set_delegate",
    "apply_change",
    "veto_change",
    "withdraw_change",
    "stake",
    "cool",
    "redeem",
    "close_stake",
];
