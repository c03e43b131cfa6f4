//! `plimsoll governance`: parameters proposed, queued, applied, vetoed.

use super::{
    changes::{Subject, waiting},
    deed::Deed,
    measures::moment,
    operator::{Operator, Sending},
};
use crate::{
    Refusal,
    session::{Connection, Session},
};
use clap::{Args, Subcommand};
use plimsoll::governance::{PARAMETERS, Parameter, Scope, Value};
use plimsoll_client::instructions::governance::{self, Proposal};
use plimsoll_deploy::value;
use serde_json::json;

/// Proposes changes of parameters, shows what is queued, applies and vetoes
///
/// What tightens applies at once; what loosens waits for the timelock and can be vetoed by the guardian. For keys that sign
/// elsewhere: --print-transaction --as ADDRESS, with --nonce where signing takes days.
///
/// Exit codes: 0 done; 1 the program or the network said no; 2 malformed arguments; 3 must not or cannot be done.
#[derive(Args, Debug)]
pub struct Governance {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Proposes a value for a parameter; admin or risk council
    Propose(Propose),
    /// Shows the changes that are queued: what, by whom, from when they may be applied
    Pending(Pending),
    /// Applies a queued change whose time has come; anyone
    Apply(Numbered),
    /// Drops a queued change; the guardian
    Veto(Numbered),
    /// Takes a queued change back; its proposer or the admin
    Withdraw(Numbered),
}

#[derive(Args, Debug)]
struct Propose {
    /// Its name, as docs/RISK_PARAMETERS.md has it; what stands before the point may be left out
    parameter: String,
    /// The value, as manifests write it: `2.5 %`, `300 s`, `100,000 USDC`, `yes`, an address
    #[arg(required = true, num_args = 1..)]
    value: Vec<String>,
    #[command(flatten)]
    of: Of,
    #[command(flatten)]
    sending: Sending,
}

/// Whose parameter it is.
#[derive(Args, Debug)]
#[group(multiple = false)]
struct Of {
    /// The bank that it belongs to, by its token
    #[arg(long, value_name = "TOKEN")]
    bank: Option<String>,
    /// The market that it belongs to
    #[arg(long, value_name = "MARKET")]
    market: Option<String>,
    /// The feed that it belongs to
    #[arg(long, value_name = "FEED")]
    feed: Option<String>,
}

#[derive(Args, Debug)]
struct Pending {
    #[command(flatten)]
    connection: Connection,
}

#[derive(Args, Debug)]
struct Numbered {
    /// The change's number
    number: u64,
    #[command(flatten)]
    sending: Sending,
}

impl Governance {
    /// Does it.
    ///
    /// # Errors
    /// One line, and the exit code of its kind.
    pub fn run(&self) -> Result<(), Refusal> {
        match &self.what {
            What::Propose(it) => it.run(),
            What::Pending(it) => it.run(),
            What::Apply(it) => it.run("apply", |queued, operator| queued.apply(&operator.exchange().of)),
            What::Veto(it) => {
                it.run("veto", |queued, operator| queued.veto(&operator.exchange().of, operator.signer))
            }
            What::Withdraw(it) => it.run("withdraw", |queued, operator| {
                queued.withdraw(&operator.exchange().of, operator.signer)
            }),
        }
    }
}

impl Propose {
    fn run(&self) -> Result<(), Refusal> {
        let parameter = self.parameter()?;
        let operator = Operator::open(&self.sending)?;
        let exchange = operator.exchange();
        let Of { bank, market, feed } = &self.of;
        let subject = Subject::named(exchange, parameter, [bank, market, feed].map(Option::as_deref))?;
        let text = self.value.join(" ");
        let value = value::parse(parameter, &text, &subject.units)
            .map_err(|expected| Refusal::Malformed(format!("{text:?}: expected {expected}")))?;
        require_within(parameter, value, &subject)?;
        let old = subject.read(exchange, parameter)?;
        if old == value {
            let shown = value::show(parameter, value, &subject.units);
            return Err(Refusal::Refused(format!("{} {} is {shown} already", subject.name, parameter.name)));
        }
        let number = exchange.exchange.change_sequence.saturating_add(1);
        let is_queued = exchange.exchange.is_open() && parameter.waits(old, value);
        let proposal = Proposal {
            parameter: parameter.id,
            target: subject.target,
            bank: subject.bank,
            market: subject.market,
            value: value.to_bytes(),
        };
        let [from, to] = [old, value].map(|it| value::show(parameter, it, &subject.units));
        let delay = i64::try_from(exchange.exchange.timelock_seconds).unwrap_or(i64::MAX);
        let ready = exchange.now.saturating_add(delay);
        let when = match is_queued {
            true => format!("queued as {number}, to be applied from {}", moment(ready)),
            false => "at once".to_owned(),
        };
        let told = format!("change {} {}: {from} → {to}, {when}", subject.name, parameter.name);
        let deed = Deed::new(told, vec![proposal.propose(&exchange.of, operator.signer, number)])
            .detail("subject", subject.name)
            .detail("parameter", parameter.name)
            .detail("old", from)
            .detail("new", to);
        let deed = if is_queued { deed.detail("number", number).detail("ready_at", ready) } else { deed };
        operator.does(&deed)
    }

    /// The parameter of the name; where what stands before the point is left out, the one that what is named has.
    fn parameter(&self) -> Result<&'static Parameter, Refusal> {
        let Of { bank, market, feed } = &self.of;
        let fits = |parameter: &&Parameter| match parameter.scope {
            Scope::Bank | Scope::BankTerms => bank.is_some(),
            Scope::Market => market.is_some(),
            Scope::Feed => feed.is_some(),
            Scope::Exchange | Scope::Board => bank.is_none() && market.is_none() && feed.is_none(),
        };
        let is_called = |parameter: &&Parameter| {
            parameter.name.split_once('.').is_some_and(|(_, name)| name == self.parameter)
        };
        let by_short_name = || PARAMETERS.iter().filter(fits).find(is_called);
        governance::parameter(&self.parameter).or_else(by_short_name).ok_or_else(|| {
            let what = format!("no parameter is called {:?} here", self.parameter);
            Refusal::Malformed(format!("{what}: docs/RISK_PARAMETERS.md lists them"))
        })
    }
}

impl Pending {
    fn run(&self) -> Result<(), Refusal> {
        let session = Session::open(&self.connection)?;
        let exchange = session.exchange()?;
        let changes = waiting(&session, &exchange)?;
        let mut lines: Vec<String> = changes.iter().map(|change| change.line(exchange.now)).collect();
        if lines.is_empty() {
            lines.push("nothing is queued".to_owned());
        }
        let all: Vec<_> = changes.iter().map(|change| change.json(exchange.now)).collect();
        session.says(lines.join("\n"), json!({ "pending": all, "now": exchange.now }))
    }
}

impl Numbered {
    fn run(
        &self,
        verb: &str,
        make: impl FnOnce(&governance::Queued, &Operator) -> solana_instruction::Instruction,
    ) -> Result<(), Refusal> {
        let operator = Operator::open(&self.sending)?;
        let changes = waiting(operator.session(), operator.exchange())?;
        let change = changes.iter().find(|change| change.pending.number == self.number);
        let change =
            change.ok_or_else(|| Refusal::Refused(format!("no change is queued under {}", self.number)))?;
        let told = format!("{verb} change {}: {}", self.number, change.told());
        let deed = Deed::new(told, vec![make(&change.queued, &operator)]).detail("number", self.number);
        operator.does(&deed)
    }
}

/// Bounds are compiled into the program: no vote passes them.
fn require_within(parameter: &Parameter, value: Value, subject: &Subject) -> Result<(), Refusal> {
    let Value::Number(number) = value else { return Ok(()) };
    let (side, bound) = match number {
        _ if number < parameter.least => ("less", parameter.least),
        _ if number > parameter.most => ("more", parameter.most),
        _ => return Ok(()),
    };
    let [value, bound] = [number, bound].map(|it| value::show(parameter, Value::Number(it), &subject.units));
    Err(Refusal::Refused(format!("{}: {value} is {side} than {bound}, for good", parameter.name)))
}
