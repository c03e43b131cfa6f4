//! The leaves of a manifest: numbers within their bounds, addresses, names, and what nobody has filled in yet.

use super::{Cluster, Feed, Holder, Setting, place::Source, raw::Parameters};
use crate::{
    Fault, local,
    value::{self, Denomination, Units},
};
use plimsoll::governance::{Scope, Unit, Value};
use plimsoll_client::instructions::governance::parameter;
use solana_keypair::Signer;
use solana_pubkey::Pubkey;
use std::{collections::HashSet, ops::Range};
use toml::Spanned;

/// What a value begins with that somebody still has to decide.
const PLACEHOLDER: &str = "FILL IN";
/// What is said elsewhere in the manifest than under parameters.
const ELSEWHERE: [(&str, &str); 8] = [
    ("exchange.timelock_seconds", "exchange"),
    ("exchange.ramp_seconds", "exchange"),
    ("exchange.risk_council", "exchange"),
    ("exchange.guardian", "exchange"),
    ("exchange.fee_collector", "exchange"),
    ("feed.pyth_feed_id", "the feed's pyth"),
    ("feed.switchboard", "the feed's switchboard"),
    ("market.minimum_lots", "the market's minimum_lots"),
];

/// What is known while a manifest is checked.
pub struct Checking<'t> {
    pub source: &'t Source<'t>,
    pub cluster: Cluster,
    pub quote: Denomination,
}

impl Checking<'_> {
    /// Parameters of some scopes, in the order of the table.
    pub fn settings(
        &self,
        group: &str,
        scopes: &[Scope],
        raw: &Parameters,
        units: &Units,
    ) -> Result<Vec<Setting>, Fault> {
        let mut settings = Vec::new();
        for (name, text) in raw {
            let name = format!("{group}.{name}");
            let known = parameter(&name).filter(|parameter| scopes.contains(&parameter.scope));
            let known =
                known.ok_or_else(|| self.source.fault(&name, text, "no parameter has this name here"))?;
            if let Some((_, elsewhere)) = ELSEWHERE.iter().find(|(it, _)| *it == name) {
                return Err(self.source.fault(
                    &name,
                    text,
                    format!("is said by {elsewhere}, not under parameters"),
                ));
            }
            let number = self.number(&name, &name, text, units)?;
            let place = self.source.place(&text.span());
            settings.push(Setting { parameter: known, value: Value::Number(number), place });
        }
        settings.sort_by_key(|setting| setting.parameter.id);
        Ok(settings)
    }

    /// A number of a parameter, within its bounds.
    pub fn number(
        &self,
        field: &str,
        name: &str,
        text: &Spanned<toml::Value>,
        units: &Units,
    ) -> Result<u64, Fault> {
        let row =
            parameter(name).ok_or_else(|| self.source.fault(field, text, "no parameter has this name"))?;
        let written = match text.get_ref() {
            toml::Value::String(text) => text.clone(),
            toml::Value::Boolean(flag) => flag.to_string(),
            toml::Value::Integer(number) if row.unit == Unit::Count => number.to_string(),
            other => other.to_string(),
        };
        self.require_filled(field, &written, &text.span())?;
        let value = value::parse(row, &written, units).map_err(|expected| {
            self.source.fault(field, text, format!("{written:?}, expected {expected}"))
        })?;
        match value {
            Value::Number(number) => self.within(field, name, number, &text.span(), units),
            Value::Address(_) => Err(self.source.fault(field, text, "expected a number")),
        }
    }

    pub fn within(
        &self,
        field: &str,
        name: &str,
        number: u64,
        span: &Range<usize>,
        units: &Units,
    ) -> Result<u64, Fault> {
        let Some(row) = parameter(name) else { return Ok(number) };
        let show = |raw| value::show(row, Value::Number(raw), units);
        let broken = if number < row.least {
            Some(("less", row.least))
        } else if number > row.most {
            Some(("more", row.most))
        } else {
            None
        };
        broken.map_or(Ok(number), |(side, bound)| {
            let what = format!("{} is {side} than {}", show(number), show(bound));
            Err(self.source.at(span, field, what))
        })
    }

    pub fn holder(&self, field: &str, raw: &Spanned<String>) -> Result<Holder, Fault> {
        if raw.get_ref() == "deployer" {
            return Ok(Holder::Deployer);
        }
        self.address(field, raw).map(Holder::Key)
    }

    pub fn address(&self, field: &str, raw: &Spanned<String>) -> Result<Pubkey, Fault> {
        let text = self.filled(field, raw)?;
        if let Some(name) = text.strip_prefix(local::PREFIX) {
            if self.cluster != Cluster::Localnet {
                let what = format!("{text:?}: everybody knows that key; only a localnet may use it");
                return Err(self.source.fault(field, raw, what));
            }
            return Ok(local::keypair(name).pubkey());
        }
        let key = value::base58(text).filter(|key| *key != [0; 32]).map(Pubkey::from);
        key.ok_or_else(|| self.source.fault(field, raw, format!("{text:?}, expected an address")))
    }

    pub fn feed_named(&self, field: &str, raw: &Spanned<String>, feeds: &[Feed]) -> Result<u8, Fault> {
        let place = feeds.iter().position(|feed| feed.name == *raw.get_ref());
        let place = place.and_then(|place| u8::try_from(place).ok());
        place.ok_or_else(|| self.source.fault(field, raw, format!("no feed is called {:?}", raw.get_ref())))
    }

    pub fn filled<'s>(&self, field: &str, raw: &'s Spanned<String>) -> Result<&'s str, Fault> {
        self.require_filled(field, raw.get_ref(), &raw.span())?;
        Ok(raw.get_ref())
    }

    pub fn require_filled(&self, field: &str, text: &str, span: &Range<usize>) -> Result<(), Fault> {
        let Some(wanted) = text.strip_prefix(PLACEHOLDER) else { return Ok(()) };
        let left = self.source.text.matches(&format!("\"{PLACEHOLDER}")).count();
        let wanted = wanted.trim_start_matches([':', ' ']);
        Err(self.source.at(
            span,
            field,
            format!("not filled in yet: {wanted} ({left} such places in this manifest)"),
        ))
    }

    pub fn require_few<T>(&self, field: &str, list: &[Spanned<T>], most: usize) -> Result<(), Fault> {
        match list.get(most) {
            None => Ok(()),
            Some(one_more) => {
                Err(self.source.fault(field, one_more, format!("{} are more than {most}", list.len())))
            }
        }
    }

    pub fn require_distinct<'r>(
        &self,
        field: &str,
        values: impl Iterator<Item = &'r Spanned<String>>,
    ) -> Result<(), Fault> {
        let mut seen = HashSet::new();
        for value in values {
            if !seen.insert(value.get_ref()) {
                return Err(self.source.fault(field, value, format!("{:?} is there twice", value.get_ref())));
            }
        }
        Ok(())
    }
}
