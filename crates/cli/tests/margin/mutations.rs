//! Whatever the file says: an answer or one line, never a panic.

use super::{margin_of, position, sample};
use plimsoll_cli::margin::evaluate;
use proptest::prelude::*;
use serde_json::{Value, json};

/// A change to a JSON tree.
#[derive(Clone, Debug)]
enum Change {
    Replace(Value),
    Remove,
    Repeat,
    Rename(String),
}

fn odd_text() -> impl Strategy<Value = String> {
    prop_oneof![
        prop::sample::select(vec![
            "",
            "-",
            "0",
            "-0",
            "1",
            "-1",
            "1e9",
            "1.0",
            ".5",
            "3.99999999",
            "4",
            "0.00000001",
            "0.000000001",
            "99999999999",
            "99999999999999999999",
            "100000000000000000000",
            "USDC",
            "SOL",
            "SOL-PERP",
            "cross",
            "portfolio",
            "a\nb",
            "\u{2028}\u{1b}[2J",
            "null",
        ])
        .prop_map(str::to_owned),
        "-?[0-9]{1,22}(\\.[0-9]{0,9})?",
        any::<String>(),
    ]
}

fn odd_value() -> impl Strategy<Value = Value> {
    prop_oneof![
        4 => odd_text().prop_map(Value::String),
        1 => prop::sample::select(vec![
            json!(null), json!(true), json!(0), json!(-1.5), json!(u64::MAX), json!(1e300), json!([]), json!({}),
            json!(["1", "1"]), json!({ "bank": "SOL", "amount": "1" }), json!({ "cross": null }),
        ]),
        1 => Just(position()),
    ]
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        4 => odd_value().prop_map(Change::Replace),
        1 => Just(Change::Remove),
        1 => Just(Change::Repeat),
        1 => odd_text().prop_map(Change::Rename),
    ]
}

/// The tree's node number `at` (counted from the root, children in order), and its parent's path to it.
fn mutate(node: &mut Value, at: &mut usize, change: &Change) {
    let Some(left) = at.checked_sub(1) else {
        if let Change::Replace(value) = change {
            *node = value.clone();
        }
        return;
    };
    *at = left;
    match node {
        Value::Object(fields) => {
            for key in fields.keys().cloned().collect::<Vec<_>>() {
                if *at == 0 && apply_to_field(fields, &key, change) {
                    return;
                }
                mutate(&mut fields[&key], at, change);
                if *at == 0 {
                    return;
                }
            }
        }
        Value::Array(elements) => {
            for index in 0..elements.len() {
                if *at == 0 && apply_to_element(elements, index, change) {
                    return;
                }
                mutate(&mut elements[index], at, change);
                if *at == 0 {
                    return;
                }
            }
        }
        _ => {}
    }
}

fn apply_to_field(fields: &mut serde_json::Map<String, Value>, key: &str, change: &Change) -> bool {
    match change {
        Change::Replace(_) => return false,
        Change::Remove => drop(fields.remove(key)),
        Change::Repeat => drop(fields.insert(format!("{key}2"), fields[key].clone())),
        Change::Rename(name) => {
            let value = fields.remove(key).unwrap();
            fields.insert(name.clone(), value);
        }
    }
    true
}

fn apply_to_element(elements: &mut Vec<Value>, index: usize, change: &Change) -> bool {
    match change {
        Change::Remove => drop(elements.remove(index)),
        Change::Repeat => elements.push(elements[index].clone()),
        Change::Replace(_) | Change::Rename(_) => return false,
    }
    true
}

prop_compose! {
    /// The sample with up to three changes, and sometimes with a position.
    fn mutated()(
        changes in prop::collection::vec((0..80usize, change()), 1..4),
        held in any::<bool>(),
    ) -> Vec<u8> {
        let mut input = sample();
        if held {
            input["account"]["positions"] = json!([position()]);
        }
        for (mut at, change) in changes {
            mutate(&mut input, &mut at, &change);
        }
        input.to_string().into_bytes()
    }
}

prop_compose! {
    /// The sample's text with bytes overwritten, cut or put in.
    fn garbled()(
        edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0..3u8), 1..6),
    ) -> Vec<u8> {
        let mut text = sample().to_string().into_bytes();
        for (at, byte, kind) in edits {
            let at = at.index(text.len());
            match kind {
                0 => text[at] = byte,
                1 => text.insert(at, byte),
                _ => text.truncate(at.max(1)),
            }
        }
        text
    }
}

fn assert_one_line(line: &str) -> Result<(), TestCaseError> {
    prop_assert!(!line.is_empty() && line.len() < 500);
    prop_assert!(
        !line.contains(|each: char| each.is_control() || each == '\u{2028}' || each == '\u{2029}'),
        "{line}"
    );
    Ok(())
}

fn assert_answer_or_one_line(text: &[u8]) -> Result<(), TestCaseError> {
    if let Err(refusal) = evaluate(text) {
        prop_assert!([2, 3].contains(&refusal.exit_code()));
        assert_one_line(&refusal.to_string())?;
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_changed_file_gets_an_answer_or_one_line(text in mutated()) {
        assert_answer_or_one_line(&text)?;
    }

    #[test]
    fn a_garbled_file_gets_an_answer_or_one_line(text in garbled()) {
        assert_answer_or_one_line(&text)?;
    }

    #[test]
    fn any_bytes_get_one_line(text in prop::collection::vec(any::<u8>(), 0..200)) {
        assert_answer_or_one_line(&text)?;
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_command_ends_with_an_answer_or_one_line(text in prop_oneof![mutated(), garbled()]) {
        let run = margin_of(&text);
        prop_assert!([0, 2, 3].contains(&run.code), "{}", run.stderr);
        if run.code == 0 {
            prop_assert!(run.stderr.is_empty());
        } else {
            prop_assert!(run.stdout.is_empty());
            assert_one_line(run.stderr.strip_suffix('\n').unwrap_or_default())?;
        }
    }
}
