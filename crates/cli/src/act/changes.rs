//! Parameters and what they belong to; changes that wait.

use super::measures::moment;
use crate::{Refusal, exchange::Exchange, session::Session};
use plimsoll::{
    governance::{Parameter, Scope, Target, Value},
    state::PendingChange,
};
use plimsoll_client::instructions::governance::Queued;
use plimsoll_deploy::value::{self, Units};
use serde_json::json;
use solana_pubkey::Pubkey;

/// What a parameter belongs to.
#[derive(Clone, Debug)]
pub struct Subject {
    /// Its name: a bank's token, a market, a feed; the exchange or the board.
    pub name: String,
    /// Its place on the board; 0 where there is only one.
    pub target: u8,
    /// In what its values are written.
    pub units: Units,
    /// The bank's account, for a parameter that lives there.
    pub bank: Option<Pubkey>,
    /// The market's account, for a market's parameter.
    pub market: Option<Pubkey>,
}

impl Subject {
    /// Of a parameter, by the name of a bank, a market or a feed.
    ///
    /// # Errors
    /// `Malformed`: none of that name, or another kind of thing than the parameter belongs to.
    pub fn named(
        exchange: &Exchange,
        parameter: &Parameter,
        [bank, market, feed]: [Option<&str>; 3],
    ) -> Result<Self, Refusal> {
        let place = match (parameter.scope, bank, market, feed) {
            (Scope::Bank | Scope::BankTerms, Some(name), None, None) => exchange.bank(name)?.bank.index,
            (Scope::Market, None, Some(name), None) => exchange.market(name)?.at.index,
            (Scope::Feed, None, None, Some(name)) => exchange.names.find_feed(name)?,
            (Scope::Exchange | Scope::Board, None, None, None) => 0,
            _ => {
                let wanted = match parameter.scope {
                    Scope::Bank | Scope::BankTerms => "belongs to a bank: say --bank TOKEN",
                    Scope::Market => "belongs to a market: say --market MARKET",
                    Scope::Feed => "belongs to a feed: say --feed FEED",
                    Scope::Exchange | Scope::Board => "belongs to no bank, market or feed",
                };
                return Err(Refusal::Malformed(format!("{} {wanted}", parameter.name)));
            }
        };
        Self::at(exchange, parameter.scope, place)
    }

    /// What stands at a place.
    ///
    /// # Errors
    /// `Failed` where the board has no such place.
    pub fn at(exchange: &Exchange, scope: Scope, target: u8) -> Result<Self, Refusal> {
        let place = usize::from(target);
        let missing = || Refusal::Failed(format!("the board has no place {target} of this kind"));
        let plain = |name: String| Self { name, target, units: exchange.units(), bank: None, market: None };
        Ok(match scope {
            Scope::Exchange => plain("exchange".to_owned()),
            Scope::Board => plain("board".to_owned()),
            Scope::Feed => plain(exchange.names.feed(target)),
            Scope::Bank | Scope::BankTerms => {
                let entry = exchange.banks.get(place).ok_or_else(missing)?;
                let bank = (scope == Scope::Bank).then_some(entry.at.bank);
                Self { units: exchange.bank_units(entry), bank, ..plain(entry.name.clone()) }
            }
            Scope::Market => {
                let entry = exchange.markets.get(place).ok_or_else(missing)?;
                let (units, market) = (exchange.market_units(entry), Some(entry.at.market));
                Self { units, market, ..plain(entry.name.clone()) }
            }
        })
    }

    /// The value in force; of a ramp, the one that it moves to.
    ///
    /// # Errors
    /// `Failed` where the board has no such place.
    pub fn read(&self, exchange: &Exchange, parameter: &Parameter) -> Result<Value, Refusal> {
        let place = usize::from(self.target);
        let (mut head, mut board) = (exchange.exchange.clone(), exchange.board.clone());
        let mut bank = exchange.banks.get(place).map(|entry| entry.bank);
        let mut market = exchange.markets.get(place).map(|entry| entry.market);
        let mut target = Target {
            exchange: &mut head,
            board: &mut board,
            bank: bank.as_mut(),
            market: market.as_mut(),
            index: self.target,
        };
        let failed = |_| Refusal::Failed(format!("{} has no {}", self.name, parameter.name));
        parameter.read(&mut target).map_err(failed)
    }
}

/// A change that waits.
pub struct Waiting {
    /// As it lies on chain.
    pub pending: PendingChange,
    /// What instructions on it need to name.
    pub queued: Queued,
    subject: String,
    parameter: &'static str,
    told: [String; 2],
}

/// All changes that wait, the oldest first.
///
/// # Errors
/// `Failed`: the network does not answer, or a change is about something that the board does not have.
pub fn waiting(session: &Session, exchange: &Exchange) -> Result<Vec<Waiting>, Refusal> {
    let changes = session.reader().pending_changes()?.into_iter();
    changes.map(|(address, pending)| Waiting::of(exchange, address, pending)).collect()
}

impl Waiting {
    fn of(exchange: &Exchange, change: Pubkey, pending: PendingChange) -> Result<Self, Refusal> {
        let strange = |_| Refusal::Failed(format!("change {} cannot be read", pending.number));
        let parameter = Parameter::by_id(pending.parameter).map_err(strange)?;
        let subject = Subject::at(exchange, parameter.scope, pending.target)?;
        let [old, new] = [&pending.old_value, &pending.new_value].map(|bytes| parameter.value(bytes));
        let told = [old.map_err(strange)?, new.map_err(strange)?]
            .map(|it| value::show(parameter, it, &subject.units));
        let Subject { name, bank, market, .. } = subject;
        let queued = Queued { change, proposer: pending.proposer.0.into(), bank, market };
        Ok(Self { pending, queued, subject: name, parameter: parameter.name, told })
    }

    /// What it changes.
    pub fn told(&self) -> String {
        let [old, new] = &self.told;
        format!("{} {}: {old} → {new}", self.subject, self.parameter)
    }

    /// Whether it waits, may be applied, or is too old.
    const fn state(&self, now: i64) -> &'static str {
        if now < self.pending.ready_at {
            "waits"
        } else if now < self.pending.expires_at {
            "ready"
        } else {
            "expired"
        }
    }

    /// All of it on a line.
    pub fn line(&self, now: i64) -> String {
        let (number, state) = (self.pending.number, self.state(now));
        let (from, until) = (moment(self.pending.ready_at), moment(self.pending.expires_at));
        let told = self.told();
        format!("{number} {told} ({state}; from {from} until {until}; by {})", self.queued.proposer)
    }

    /// The same for scripts. Times are unix seconds.
    pub fn json(&self, now: i64) -> serde_json::Value {
        let [old, new] = &self.told;
        json!({
            "number": self.pending.number,
            "subject": self.subject,
            "parameter": self.parameter,
            "old": old,
            "new": new,
            "state": self.state(now),
            "queued_at": self.pending.queued_at,
            "ready_at": self.pending.ready_at,
            "expires_at": self.pending.expires_at,
            "proposer": self.queued.proposer.to_string(),
        })
    }
}
