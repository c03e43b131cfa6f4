//! The program's events by their interface description: every field, by its name, out of the bytes in a log.

use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::Value as Json;
use solana_pubkey::Pubkey;
use std::{collections::HashMap, sync::LazyLock};

/// What Anchor writes of the program at each build.
const IDL: &str = include_str!("../../../../../idl/plimsoll.json");
/// What stands before an event in a log.
const IN_LOG: &str = "Program data: ";
/// Bytes of an event's mark.
const MARK: usize = 8;

static CATALOGUE: LazyLock<HashMap<[u8; MARK], Kind>> = LazyLock::new(|| catalogue().unwrap_or_default());

/// One event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// What it is called.
    pub name: String,
    /// Its fields, in their order.
    pub fields: Fields,
}

/// Fields by name.
pub type Fields = Vec<(String, Value)>;

/// A field's value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// Yes or no.
    Flag(bool),
    /// A number; whether it is of more than 32 bits.
    Number(i128, bool),
    /// An address.
    Key(Pubkey),
    /// Bytes that are no address.
    Bytes(Vec<u8>),
    /// Elements with fields of their own.
    List(Vec<Fields>),
}

/// All events in a log, in order.
pub fn in_log(lines: &[String]) -> Vec<Event> {
    let data = lines.iter().filter_map(|line| line.strip_prefix(IN_LOG));
    data.filter_map(|text| read(&BASE64_STANDARD.decode(text).ok()?)).collect()
}

/// One event, mark first; nothing for anything else.
fn read(data: &[u8]) -> Option<Event> {
    let (mark, mut body) = data.split_first_chunk::<MARK>()?;
    let kind = CATALOGUE.get(mark)?;
    let fields = fields(&kind.fields, &mut body)?;
    body.is_empty().then(|| Event { name: kind.name.clone(), fields })
}

struct Kind {
    name: String,
    fields: Vec<(String, Shape)>,
}

/// How a field lies in the bytes.
#[derive(Clone)]
enum Shape {
    Flag,
    Unsigned(usize),
    Signed(usize),
    Key,
    Bytes(usize),
    List(Vec<(String, Shape)>),
}

fn fields(shapes: &[(String, Shape)], body: &mut &[u8]) -> Option<Fields> {
    shapes.iter().map(|(name, shape)| Some((name.clone(), value(shape, body)?))).collect()
}

fn value(shape: &Shape, body: &mut &[u8]) -> Option<Value> {
    Some(match shape {
        Shape::Flag => Value::Flag(unsigned(body, 1)? != 0),
        Shape::Unsigned(bytes) => Value::Number(i128::try_from(unsigned(body, *bytes)?).ok()?, *bytes > 4),
        Shape::Signed(bytes) => {
            let unused = 128u32.checked_sub(u32::try_from(bytes.checked_mul(8)?).ok()?)?;
            Value::Number((unsigned(body, *bytes)? << unused).cast_signed() >> unused, *bytes > 4)
        }
        Shape::Key => Value::Key(Pubkey::try_from(take(body, 32)?).ok()?),
        Shape::Bytes(bytes) => Value::Bytes(take(body, *bytes)?.to_vec()),
        Shape::List(element) => {
            let count = unsigned(body, 4)?;
            Value::List((0..count).map(|_| fields(element, body)).collect::<Option<_>>()?)
        }
    })
}

/// Little-endian, as Borsh writes it.
fn unsigned(body: &mut &[u8], bytes: usize) -> Option<u128> {
    let digits = take(body, bytes)?.iter().rev();
    Some(digits.fold(0, |number, byte| number << 8 | u128::from(*byte)))
}

fn take<'a>(body: &mut &'a [u8], bytes: usize) -> Option<&'a [u8]> {
    let (front, rest) = body.split_at_checked(bytes)?;
    *body = rest;
    Some(front)
}

fn catalogue() -> Option<HashMap<[u8; MARK], Kind>> {
    let idl: Json = serde_json::from_str(IDL).ok()?;
    let listed = idl.get("types")?.as_array()?.iter();
    let types: HashMap<&str, &Json> = listed.filter_map(|it| Some((it.get("name")?.as_str()?, it))).collect();
    let kind = |event: &Json| {
        let name = event.get("name")?.as_str()?;
        let mark = event.get("discriminator")?.as_array()?;
        let mark: Vec<u8> = mark.iter().filter_map(|byte| u8::try_from(byte.as_u64()?).ok()).collect();
        Some((mark.try_into().ok()?, Kind { name: name.to_owned(), fields: shapes(name, &types)? }))
    };
    idl.get("events")?.as_array()?.iter().map(kind).collect()
}

fn shapes(name: &str, types: &HashMap<&str, &Json>) -> Option<Vec<(String, Shape)>> {
    let fields = types.get(name)?.get("type")?.get("fields")?.as_array()?.iter();
    fields.map(|it| Some((it.get("name")?.as_str()?.to_owned(), shape(it.get("type")?, types)?))).collect()
}

fn shape(kind: &Json, types: &HashMap<&str, &Json>) -> Option<Shape> {
    if let Some(element) = kind.get("vec") {
        return Some(Shape::List(shapes(element.get("defined")?.get("name")?.as_str()?, types)?));
    }
    if let Some(array) = kind.get("array") {
        return Some(Shape::Bytes(usize::try_from(array.get(1)?.as_u64()?).ok()?));
    }
    let kind = kind.as_str()?;
    let bytes = |bits: &str| Some(bits.parse::<usize>().ok()? / 8);
    match kind {
        "bool" => Some(Shape::Flag),
        "pubkey" => Some(Shape::Key),
        _ => match kind.strip_prefix('u') {
            Some(bits) => Some(Shape::Unsigned(bytes(bits)?)),
            None => Some(Shape::Signed(bytes(kind.strip_prefix('i')?)?)),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use borsh::to_vec;
    use plimsoll::events::{Cancelled, CancelledOrder, PocketMoved};
    use plimsoll_client::events;

    fn logged(mark: &[u8], body: &[u8]) -> Vec<String> {
        vec![format!("{IN_LOG}{}", BASE64_STANDARD.encode([mark, body].concat()))]
    }

    fn mark(name: &str) -> [u8; MARK] {
        *CATALOGUE.iter().find(|(_, kind)| kind.name == name).expect("an event").0
    }

    #[test]
    fn every_event_of_the_description_has_a_shape() {
        let idl: Json = serde_json::from_str(IDL).expect("json");
        let events = idl["events"].as_array().expect("events").len();
        assert!(events > 40 && CATALOGUE.len() == events, "{events} events, {} read", CATALOGUE.len());
    }

    #[test]
    fn an_event_is_read_field_by_field_as_the_client_reads_it() {
        let event = PocketMoved {
            account: Pubkey::new_from_array([7; 32]),
            sequence: 9,
            market: 2,
            amount: -5,
            funding: i64::MIN,
            pocket: 3,
            balance: i64::MAX,
        };
        let log = logged(&mark("PocketMoved"), &to_vec(&event).expect("bytes"));
        let read = in_log(&log);
        assert_eq!(read.len(), 1);
        assert_eq!(read[0].fields[0], ("account".into(), Value::Key(event.account)));
        assert_eq!(read[0].fields[3], ("amount".into(), Value::Number(-5, true)));
        assert_eq!(read[0].fields[4].1, Value::Number(i64::MIN.into(), true));
        let lines = log.iter().map(String::as_str);
        assert_eq!(events::in_log(lines), [events::Event::PocketMoved(event)]);
    }

    #[test]
    fn a_list_is_read_and_what_ends_too_early_or_too_late_is_no_event() {
        let orders = vec![CancelledOrder { order: 1, lots: 2 }, CancelledOrder { order: 3, lots: 4 }];
        let event = Cancelled { account: Pubkey::default(), sequence: 1, market: 0, orders };
        let (mark, body) = (mark("Cancelled"), to_vec(&event).expect("bytes"));
        let read = in_log(&logged(&mark, &body));
        let Value::List(listed) = &read[0].fields[3].1 else { panic!("no list") };
        assert_eq!(
            listed[1],
            [("order".into(), Value::Number(3, true)), ("lots".into(), Value::Number(4, false))]
        );
        assert!(in_log(&logged(&mark, &body[..body.len() - 1])).is_empty());
        assert!(in_log(&logged(&mark, &[&body[..], &[0]].concat())).is_empty());
    }
}
