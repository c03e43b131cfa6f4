//! `plimsoll position`: on what a position stands.

use super::{
    deed::Deed,
    operator::{Operator, Own, held},
    oracles::{self, Beside},
    place::pocket,
};
use crate::{
    Refusal,
    amounts::{self, Wanted},
    figure::Figure,
};
use clap::{Args, Subcommand};

/// Makes a position stand on its own pocket, or on the account again
///
/// Exit codes: 0 done; 1 the program or the network said no; 2 malformed arguments; 3 must not or cannot be done.
#[derive(Args, Debug)]
pub struct Position {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Isolates a position that is flat: it will stand on its pocket alone
    Isolate(Isolate),
    /// Makes an isolated position that is flat stand on the account's balances again; its pocket returns to them
    Cross(Cross),
    /// Moves quote from the account's balance into a position's pocket
    Fund(Fund),
    /// Moves quote that a position does not need from its pocket to the account's balance
    Drain(Drain),
}

#[derive(Args, Debug)]
struct Isolate {
    /// The market
    #[arg(value_name = "MARKET")]
    on: String,
    /// What goes into its pocket at once, quote
    amount: Option<String>,
    #[command(flatten)]
    own: Own,
}

#[derive(Args, Debug)]
struct Cross {
    /// The market
    #[arg(value_name = "MARKET")]
    on: String,
    #[command(flatten)]
    own: Own,
}

#[derive(Args, Debug)]
struct Fund {
    /// The market
    #[arg(value_name = "MARKET")]
    on: String,
    /// How much quote: `500`, `500 USDC`
    #[arg(required = true, num_args = 1..)]
    amount: Vec<String>,
    #[command(flatten)]
    own: Own,
}

#[derive(Args, Debug)]
struct Drain {
    /// The market
    #[arg(value_name = "MARKET")]
    on: String,
    /// How much quote: `500`, `500 USDC`, `50%` or `all` of the pocket
    #[arg(required = true, num_args = 1..)]
    amount: Vec<String>,
    #[command(flatten)]
    own: Own,
}

/// What a position is made to do.
enum Move {
    Mode { isolated: bool, funding: Option<u64> },
    Fund(u64),
    Drain(Wanted),
}

impl Position {
    /// Does it.
    ///
    /// # Errors
    /// One line, and the exit code of its kind.
    pub fn run(&self) -> Result<(), Refusal> {
        match &self.what {
            What::Isolate(it) => act(&it.on, &it.own, |operator| {
                let funding = it.amount.as_deref().map(|text| native(operator, text)).transpose()?;
                Ok(Move::Mode { isolated: true, funding })
            }),
            What::Cross(it) => act(&it.on, &it.own, |_| Ok(Move::Mode { isolated: false, funding: None })),
            What::Fund(it) => {
                act(&it.on, &it.own, |operator| native(operator, &it.amount.join(" ")).map(Move::Fund))
            }
            What::Drain(it) => act(&it.on, &it.own, |operator| {
                let quote = operator.exchange().quote();
                amounts::tokens(&it.amount.join(" "), &quote).map(Move::Drain)
            }),
        }
    }
}

fn act(on: &str, own: &Own, read: impl FnOnce(&Operator) -> Result<Move, Refusal>) -> Result<(), Refusal> {
    let operator = Operator::open(&own.sending)?;
    let (wanted, market) = (read(&operator)?, operator.exchange().market(on)?);
    let (address, account) = operator.own(own)?;
    let brought = oracles::brought(&operator, &[&account], Beside::Market(market.at.index));
    let (pocket, oracles) = (pocket(&operator, market, address)?, &brought.accounts());
    let name = &market.name;
    let shown = |amount: u64| Figure::tokens(amount, &operator.exchange().quote());
    let (told, instructions) = match wanted {
        Move::Mode { isolated: true, funding } => {
            let funds = funding.map(|amount| pocket.fund(amount, oracles));
            let with = funding.map(|amount| format!(", with {}", shown(amount))).unwrap_or_default();
            let instructions = [pocket.set_mode(true)].into_iter().chain(funds).collect();
            (format!("isolate the position in {name}{with}"), instructions)
        }
        Move::Mode { isolated: false, .. } => {
            (format!("make the position in {name} stand on the account"), vec![pocket.set_mode(false)])
        }
        Move::Fund(amount) => {
            let told = format!("move {} into the pocket in {name}", shown(amount));
            (told, vec![pocket.fund(amount, oracles)])
        }
        Move::Drain(wanted) => {
            let held = held(&account, market.at.index);
            let amount = wanted.of(held.map_or(0, |position| position.pocket.magnitude()));
            let told = format!("move {} out of the pocket in {name}", shown(amount));
            (told, vec![pocket.drain(amount, oracles)])
        }
    };
    let deed = Deed::new(told, instructions).about(address);
    operator.does(&deed.detail("market", name.clone()))
}

/// An amount of quote, native units.
fn native(operator: &Operator, text: &str) -> Result<u64, Refusal> {
    let quote = operator.exchange().quote();
    match amounts::tokens(text, &quote)? {
        Wanted::Native(amount) if amount > 0 => Ok(amount),
        _ => Err(Refusal::Malformed(format!("{text:?}: expected an amount of {}", quote.symbol))),
    }
}
