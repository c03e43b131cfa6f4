//! `plimsoll account open`, `close`, `delegate`, `dead-man`.

use super::{
    deed::Deed,
    measures,
    operator::{Operator, Own},
};
use crate::{Refusal, amounts};
use clap::{Args, Subcommand, ValueEnum};
use plimsoll::state::margin_account::scope;
use plimsoll_client::instructions::{account::MarginAccount, trade};
use solana_pubkey::Pubkey;

/// What is done with a margin account itself.
#[derive(Debug, Subcommand)]
pub enum AccountAct {
    /// Opens a margin account; its rent comes back when it is closed
    Open(Open),
    /// Closes a margin account that is empty: no balances, positions or orders
    Close(Close),
    /// Lets another key trade for you, never withdraw; `none` takes it back
    Delegate(Delegate),
    /// Says after how much silence anyone may cancel your orders; `off` ends it
    DeadMan(DeadMan),
}

impl AccountAct {
    /// Does it.
    ///
    /// # Errors
    /// One line, and the exit code of its kind.
    pub fn run(&self) -> Result<(), Refusal> {
        match self {
            Self::Open(open) => open.run(),
            Self::Close(close) => close.run(),
            Self::Delegate(delegate) => delegate.run(),
            Self::DeadMan(dead_man) => dead_man.run(),
        }
    }
}

/// `account open`.
#[derive(Args, Debug)]
pub struct Open {
    #[command(flatten)]
    own: Own,
}

impl Open {
    fn run(&self) -> Result<(), Refusal> {
        let operator = Operator::open(&self.own.sending)?;
        let account = owned(&operator, &self.own);
        let told =
            format!("open margin account {} of {}: {}", account.number, account.owner, account.address);
        let deed = Deed::new(told, vec![account.open(operator.signer)]).about(account.address);
        operator.does(&deed)
    }
}

/// `account close`.
#[derive(Args, Debug)]
pub struct Close {
    #[command(flatten)]
    own: Own,
}

impl Close {
    fn run(&self) -> Result<(), Refusal> {
        let operator = Operator::open(&self.own.sending)?;
        let account = owned(&operator, &self.own);
        operator.account(&account.address)?;
        let told = format!("close margin account {}", account.address);
        let deed = Deed::new(told, vec![account.close(operator.signer)]).about(account.address);
        operator.does(&deed)
    }
}

/// What a delegate may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Allowed {
    /// Place orders and change positions
    Trade,
    /// Cancel orders
    Cancel,
    /// Deposit tokens that the account does not hold yet
    Deposit,
}

impl Allowed {
    const fn bit(self) -> u32 {
        match self {
            Self::Trade => scope::TRADE,
            Self::Cancel => scope::CANCEL,
            Self::Deposit => scope::DEPOSIT,
        }
    }
}

/// `account delegate`.
#[derive(Args, Debug)]
pub struct Delegate {
    /// Who may act for you, or `none`
    #[arg(value_name = "ADDRESS")]
    delegate: String,
    /// What the delegate may do
    #[arg(long, value_enum, value_delimiter = ',', default_values = ["trade", "cancel"])]
    may: Vec<Allowed>,
    /// For how long
    #[arg(long = "for", value_name = "TIME", default_value = "7d")]
    length: String,
    #[command(flatten)]
    own: Own,
}

impl Delegate {
    fn run(&self) -> Result<(), Refusal> {
        let (scope, length) = (self.scope(), measures::seconds(&self.length)?);
        let delegate = match self.delegate.as_str() {
            "none" => None,
            text => Some(address(text)?),
        };
        let operator = Operator::open(&self.own.sending)?;
        let account = owned(&operator, &self.own);
        operator.account(&account.address)?;
        let until = operator.exchange().now.saturating_add(length.into());
        let (told, set) = match delegate {
            None => ("take the delegation back".to_owned(), account.set_delegate(Pubkey::default(), 0, 0)),
            Some(key) => {
                let length = amounts::show_seconds(length.into());
                (format!("let {key} act for {length}"), account.set_delegate(key, scope, until))
            }
        };
        operator.does(&Deed::new(told, vec![set]).about(account.address))
    }

    fn scope(&self) -> u32 {
        self.may.iter().fold(0, |bits, allowed| bits | allowed.bit())
    }
}

/// `account dead-man`.
#[derive(Args, Debug)]
pub struct DeadMan {
    /// How much silence, or `off`
    #[arg(value_name = "TIME")]
    silence: String,
    #[command(flatten)]
    own: Own,
}

impl DeadMan {
    fn run(&self) -> Result<(), Refusal> {
        let seconds = if self.silence == "off" { 0 } else { measures::seconds(&self.silence)? };
        let operator = Operator::open(&self.own.sending)?;
        let (account, _) = operator.own(&self.own)?;
        let board = operator.exchange().of.board;
        let told = match seconds {
            0 => "switch the dead-man switch off".to_owned(),
            _ => {
                let silence = amounts::show_seconds(seconds.into());
                format!("let anyone cancel the orders after {silence} of silence")
            }
        };
        let set = trade::set_dead_man(board, account, operator.signer, seconds);
        operator.does(&Deed::new(told, vec![set]).about(account))
    }
}

/// The margin account that is meant, as its owner's: only he opens, closes and delegates.
fn owned(operator: &Operator, own: &Own) -> MarginAccount {
    let account = MarginAccount::derive(&operator.exchange().of, operator.signer, own.number);
    MarginAccount { address: operator.own_account(own), ..account }
}

fn address(text: &str) -> Result<Pubkey, Refusal> {
    let key = text.parse().ok().filter(|key| *key != Pubkey::default());
    key.ok_or_else(|| Refusal::Malformed(format!("{text:?}: expected an address or none")))
}
