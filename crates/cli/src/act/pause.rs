//! `plimsoll pause`, `plimsoll unpause`: the guardian stops one kind of action for a while.

use super::{
    deed::Deed,
    measures,
    operator::{Operator, Sending},
};
use crate::{Refusal, amounts};
use clap::{Args, builder::PossibleValuesParser};
use plimsoll::state::risk_board::Pausable;
use plimsoll_client::instructions::governance;

/// Pauses one kind of action; the guardian
///
/// A pause lasts at least a minute and at most a day, and the sum of all is limited.
///
/// Exit codes: 0 done; 1 the program or the network said no; 2 malformed arguments; 3 must not or cannot be done.
#[derive(Args, Debug)]
pub struct Pause {
    /// What is paused
    #[arg(value_parser = PossibleValuesParser::new(ACTIONS), ignore_case = true)]
    action: String,
    /// For how long
    #[arg(long = "for", value_name = "TIME")]
    length: String,
    #[command(flatten)]
    sending: Sending,
}

/// Ends a pause; the guardian or the admin
///
/// Exit codes: 0 done; 1 the program or the network said no; 2 malformed arguments; 3 must not or cannot be done.
#[derive(Args, Debug)]
pub struct Unpause {
    /// What is paused
    #[arg(value_parser = PossibleValuesParser::new(ACTIONS), ignore_case = true)]
    action: String,
    #[command(flatten)]
    sending: Sending,
}

/// Names of what can be paused, in the order of [`Pausable::ALL`].
const ACTIONS: [&str; Pausable::ALL.len()] = [
    "deposit",
    "withdraw",
    "borrow",
    "repay",
    "account",
    "refresh",
    "skim",
    "apply-change",
    "place",
    "cancel",
    "apply-fills",
    "settle",
    "pocket",
    "trigger",
    "liquidate",
    "insurance",
];

impl Pause {
    /// Does it.
    ///
    /// # Errors
    /// One line, and the exit code of its kind.
    pub fn run(&self) -> Result<(), Refusal> {
        let seconds = measures::seconds(&self.length)?;
        let operator = Operator::open(&self.sending)?;
        let exchange = operator.exchange();
        let pause = governance::pause(&exchange.of, operator.signer, place(&self.action)?, seconds);
        let until = exchange.now.saturating_add(seconds.into());
        let length = amounts::show_seconds(seconds.into());
        let told = format!("pause {} for {length}, until {}", self.action, measures::moment(until));
        operator
            .does(&Deed::new(told, vec![pause]).detail("action", self.action.as_str()).detail("until", until))
    }
}

impl Unpause {
    /// Does it.
    ///
    /// # Errors
    /// One line, and the exit code of its kind.
    pub fn run(&self) -> Result<(), Refusal> {
        let operator = Operator::open(&self.sending)?;
        let unpause = governance::unpause(&operator.exchange().of, operator.signer, place(&self.action)?);
        let told = format!("end the pause of {}", self.action);
        operator.does(&Deed::new(told, vec![unpause]).detail("action", self.action.as_str()))
    }
}

/// The number of an action.
fn place(action: &str) -> Result<u8, Refusal> {
    let place = ACTIONS.iter().position(|name| name.eq_ignore_ascii_case(action));
    let place = place.and_then(|place| u8::try_from(place).ok());
    place.ok_or_else(|| Refusal::Malformed(format!("{action:?} cannot be paused")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_action_is_called_as_the_program_calls_it() {
        for (action, name) in Pausable::ALL.iter().zip(ACTIONS) {
            let called: String = name.split('-').map(|word| word[..1].to_uppercase() + &word[1..]).collect();
            assert_eq!((called, place(name).ok()), (format!("{action:?}"), Some(*action as u8)));
        }
    }
}
