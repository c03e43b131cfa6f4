//! The SDK against the program's published interface: nothing is missing, and nothing is called otherwise.

mod everything;

use crate::{
    decode::{self, Account},
    errors,
    events::Event,
    instructions,
};
use plimsoll::state::{
    Bank, Exchange, InsuranceFund, InsuranceStake, MarginAccount, Market, PendingChange, RiskBoard,
};
use serde::Deserialize;
use std::collections::BTreeMap;

/// Most bytes of an event or an account that holds nothing but zeros.
const MOST: usize = 16_384;

#[derive(Deserialize)]
struct Interface {
    instructions: Vec<Described>,
    accounts: Vec<Marked>,
    events: Vec<Marked>,
    errors: Vec<Named>,
}

#[derive(Deserialize)]
struct Described {
    name: String,
    discriminator: Vec<u8>,
    accounts: Vec<Role>,
}

#[derive(Deserialize)]
struct Role {
    #[serde(default)]
    signer: bool,
    #[serde(default)]
    writable: bool,
    #[serde(default)]
    optional: bool,
}

#[derive(Deserialize)]
struct Marked {
    name: String,
    discriminator: Vec<u8>,
}

#[derive(Deserialize)]
struct Named {
    code: u32,
    name: String,
    msg: String,
}

fn interface() -> Interface {
    serde_json::from_str(include_str!("../../../idl/plimsoll.json")).expect("an interface")
}

#[test]
fn every_instruction_has_a_builder_that_names_its_accounts_as_the_interface_does() {
    let built: BTreeMap<String, _> =
        everything::of_each().into_iter().map(|it| (instructions::name(&it).expect("a name"), it)).collect();
    let all = interface().instructions;
    let wanted: Vec<&str> = all.iter().map(|it| it.name.as_str()).collect();
    assert_eq!(built.keys().collect::<Vec<_>>(), wanted, "both in the order of the alphabet");
    for described in &all {
        let instruction = &built[&described.name];
        assert!(instruction.data.starts_with(&described.discriminator), "{}", described.name);
        assert_eq!(instruction.accounts.len(), described.accounts.len(), "{}", described.name);
        for (at, (meta, role)) in instruction.accounts.iter().zip(&described.accounts).enumerate() {
            // In place of an optional account that is not brought stands the program, which nobody writes.
            let is_left_out = role.optional && meta.pubkey == plimsoll::ID;
            let fits = meta.is_signer == role.signer && (meta.is_writable == role.writable || is_left_out);
            assert!(fits, "account {at} of {}: {meta:?}", described.name);
        }
    }
}

#[test]
fn every_event_is_read_under_its_name() {
    for event in interface().events {
        let zeros = |count| [event.discriminator.clone(), vec![0; count]].concat();
        let found = (0..MOST).find_map(|count| Event::read(&zeros(count)));
        let found = found.unwrap_or_else(|| panic!("{} is not read", event.name));
        assert!(format!("{found:?}").starts_with(&format!("{}(", event.name)), "{found:?}");
    }
}

#[test]
fn every_account_is_decoded() {
    fn decoded<T: Account>() -> Vec<u8> {
        let data = [T::DISCRIMINATOR.to_vec(), vec![0; size_of::<T>()]].concat();
        assert!(decode::is::<T>(&data) && !decode::is::<T>(&data[1..]), "{}", T::NAME);
        T::DISCRIMINATOR.to_vec()
    }
    let known = [
        ("Bank", decoded::<Bank>()),
        ("Exchange", decoded::<Exchange>()),
        ("InsuranceFund", decoded::<InsuranceFund>()),
        ("InsuranceStake", decoded::<InsuranceStake>()),
        ("MarginAccount", decoded::<MarginAccount>()),
        ("Market", decoded::<Market>()),
        ("PendingChange", decoded::<PendingChange>()),
        ("RiskBoard", decoded::<RiskBoard>()),
    ];
    let wanted: Vec<(String, Vec<u8>)> =
        interface().accounts.into_iter().map(|it| (it.name, it.discriminator)).collect();
    let known: Vec<(String, Vec<u8>)> =
        known.into_iter().map(|(name, mark)| (name.to_owned(), mark)).collect();
    assert_eq!(known, wanted);
}

#[test]
fn every_error_has_its_name_and_its_explanation() {
    let all = interface().errors;
    for error in &all {
        assert_eq!(errors::name(error.code), error.name);
        assert_eq!(errors::explanation(error.code).as_deref(), Some(error.msg.as_str()));
    }
    let next = all.iter().map(|error| error.code).max().expect("errors") + 1;
    assert!(errors::refusal(next).is_none(), "the interface knows all of them");
}
