//! Events for people: names for places, amounts in their tokens, sizes and prices in their markets' units.

use super::{
    Told,
    catalogue::{self, Event, Fields, Value},
};
use crate::{
    act::{changes::Subject, measures::moment},
    exchange::{BankEntry, Exchange, MarketEntry},
    figure::Figure,
    look::{orders::side_word, table::short},
};
use plimsoll::governance::Parameter;
use plimsoll_client::book::Ticks;
use plimsoll_deploy::value;
use serde::{Serialize, Serializer, ser::SerializeMap};
use std::fmt;

/// Amounts of quote.
const QUOTE: [&str; 27] = [
    "quote",
    "fee",
    "insurance_fee",
    "taker_fee",
    "subsidy",
    "funding",
    "liquidator_funding",
    "equity",
    "liqend",
    "health",
    "initial",
    "pocket",
    "paid",
    "claim",
    "pool",
    "deficit",
    "tranche",
    "fund",
    "cash",
    "cover",
    "worth",
    "reward",
    "loss",
    "filled",
    "keeper_balance",
    "liquidator_balance",
    "resolver_balance",
];
/// Amounts of the token of the bank that the event names, else of quote.
const TOKENS: [&str; 8] =
    ["amount", "repaid", "borrowed", "balance", "reserves", "held", "recorded", "reserved"];
/// Sizes in lots.
const LOTS: [&str; 3] = ["lots", "rests", "closed"];
/// Prices in ticks.
const TICKS: [&str; 2] = ["price", "trigger_price"];
/// What only programs need.
const UNTOLD: [&str; 3] = ["deposit_index", "borrow_index", "exchange"];
/// What a change of a parameter is told by: together, not one by one.
const CHANGE: [&str; 4] = ["parameter", "target", "old_value", "new_value"];
/// In place of a market: an account's cross part.
const CROSS: i128 = 255;

/// How events of one exchange are shown.
pub struct Shown {
    exchange: Exchange,
}

/// One event, ready to be written.
#[derive(Clone, Debug)]
pub struct Line {
    signature: String,
    slot: u64,
    event: Event,
    market: Option<String>,
    bank: Option<String>,
    words: String,
}

impl Shown {
    /// By an exchange's names and units.
    pub const fn new(exchange: Exchange) -> Self {
        Self { exchange }
    }

    /// The events of a transaction, in order.
    pub fn events(&self, told: &Told) -> Vec<Line> {
        catalogue::in_log(&told.logs).into_iter().map(|event| self.line(told, event)).collect()
    }

    fn line(&self, told: &Told, event: Event) -> Line {
        let (market, bank) = (self.market(&event.fields), self.bank(&event.fields, "bank"));
        let mut words = vec![event.name.clone()];
        words.extend(market.map(|entry| entry.name.clone()));
        words.extend(bank.map(|entry| entry.name.clone()));
        words.extend(self.change(&event.fields));
        let told_fields = event.fields.iter().filter_map(|(name, value)| {
            let shown = self.word(&event.fields, name, value)?;
            Some(format!("{}={shown}", name.replace('_', "-")))
        });
        words.extend(told_fields);
        Line {
            signature: told.signature.clone(),
            slot: told.slot,
            market: market.map(|entry| entry.name.clone()),
            bank: bank.map(|entry| entry.name.clone()),
            words: words.join(" "),
            event,
        }
    }

    /// The market that an event is of: by its place, or by its address.
    fn market(&self, fields: &Fields) -> Option<&MarketEntry> {
        match field(fields, "market")? {
            Value::Number(place, _) => self.exchange.markets.get(usize::try_from(*place).ok()?),
            Value::Key(key) => self.exchange.markets.iter().find(|entry| entry.at.market == *key),
            _ => None,
        }
    }

    fn bank(&self, fields: &Fields, name: &str) -> Option<&BankEntry> {
        match field(fields, name)? {
            Value::Number(place, _) => self.exchange.banks.get(usize::try_from(*place).ok()?),
            Value::Key(key) => self.exchange.banks.iter().find(|entry| entry.at.bank == *key),
            _ => None,
        }
    }

    /// A change of a parameter in its own units: `SOL bank.kink1: 70 % → 80 %`.
    fn change(&self, fields: &Fields) -> Option<String> {
        let [Value::Number(id, _), Value::Number(target, _), Value::Bytes(old), Value::Bytes(new)] =
            CHANGE.map(|name| field(fields, name).unwrap_or(&Value::Flag(false)))
        else {
            return None;
        };
        let parameter = Parameter::by_id(u16::try_from(*id).ok()?).ok()?;
        let subject = Subject::at(&self.exchange, parameter.scope, u8::try_from(*target).ok()?).ok()?;
        let shown = |bytes: &Vec<u8>| {
            let value = parameter.value(bytes.as_slice().try_into().ok()?).ok()?;
            Some(value::show(parameter, value, &subject.units))
        };
        Some(format!("{} {}: {} → {}", subject.name, parameter.name, shown(old)?, shown(new)?))
    }

    /// A field for a person; nothing where it says nothing.
    fn word(&self, fields: &Fields, name: &str, value: &Value) -> Option<String> {
        let is_said = matches!(name, "market" | "bank")
            || UNTOLD.contains(&name)
            || CHANGE.contains(&name)
            || name.ends_with("sequence");
        if is_said {
            return None;
        }
        match value {
            Value::Flag(flag) => flag.then(|| "yes".to_owned()),
            Value::Key(key) => Some(short(&key.to_string())),
            Value::Bytes(bytes) => Some(bytes.iter().take(4).map(|byte| format!("{byte:02x}")).collect()),
            Value::List(list) => (!list.is_empty()).then(|| list.len().to_string()),
            Value::Number(number, _) if name == "side" => Some(side_word(*number != 0).to_owned()),
            Value::Number(CROSS, _) if name == "scope" => Some("cross".to_owned()),
            Value::Number(place, _) if name == "scope" => {
                u8::try_from(*place).ok().map(|place| self.exchange.names.market(place))
            }
            Value::Number(0, _) => None,
            Value::Number(at, true) if name.ends_with("_at") || name.ends_with("until") => {
                i64::try_from(*at).ok().map(moment)
            }
            Value::Number(number, is_wide) => Some(self.number(fields, name, *number, *is_wide)),
        }
    }

    fn number(&self, fields: &Fields, name: &str, number: i128, is_wide: bool) -> String {
        let market = self.market(fields);
        // Fills count lots, deficits that were filled count quote.
        let is_size = LOTS.contains(&name) || (name == "filled" && !is_wide);
        match market {
            Some(entry) if is_size => return Figure::lots(number, &entry.scale).to_string(),
            Some(entry) if TICKS.contains(&name) && !is_wide => {
                let ticks = u32::try_from(number).unwrap_or(u32::MAX);
                return Figure::ticks(Ticks::new(ticks), &entry.scale).to_string();
            }
            _ => {}
        }
        if name.ends_with("_bank") {
            return u8::try_from(number)
                .map_or_else(|_| number.to_string(), |it| self.exchange.names.bank(it));
        }
        if TOKENS.contains(&name) {
            let of = self.bank(fields, "bank").map(BankEntry::denomination);
            return Figure::tokens(number, &of.unwrap_or_else(|| self.exchange.quote())).to_string();
        }
        if QUOTE.contains(&name) && is_wide {
            return Figure::tokens(number, &self.exchange.quote()).to_string();
        }
        number.to_string()
    }
}

fn field<'a>(fields: &'a Fields, name: &str) -> Option<&'a Value> {
    fields.iter().find(|(it, _)| it == name).map(|(_, value)| value)
}

impl fmt::Display for Line {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} {}", self.slot, self.words)
    }
}

impl Serialize for Line {
    /// `{signature, slot, event, market_name?, bank_name?, fields: {…}}`: fields as the interface description names them,
    /// in native units, numbers of more than 32 bits as strings.
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        let mut map = out.serialize_map(None)?;
        map.serialize_entry("signature", &self.signature)?;
        map.serialize_entry("slot", &self.slot)?;
        map.serialize_entry("event", &self.event.name)?;
        if let Some(market) = &self.market {
            map.serialize_entry("market_name", market)?;
        }
        if let Some(bank) = &self.bank {
            map.serialize_entry("bank_name", bank)?;
        }
        map.serialize_entry("fields", &json(&self.event.fields))?;
        map.end()
    }
}

fn json(fields: &Fields) -> serde_json::Value {
    fields.iter().map(|(name, value)| (name.clone(), json_value(value))).collect()
}

fn json_value(value: &Value) -> serde_json::Value {
    match value {
        Value::Flag(flag) => (*flag).into(),
        Value::Number(number, false) => i64::try_from(*number).unwrap_or(i64::MAX).into(),
        Value::Number(number, true) => number.to_string().into(),
        Value::Key(key) => key.to_string().into(),
        Value::Bytes(bytes) => bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>().into(),
        Value::List(list) => list.iter().map(json).collect(),
    }
}
