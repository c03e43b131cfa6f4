//! Tokens in and out.

use crate::stage::Person;

#[test]
fn a_first_deposit_opens_the_account_and_all_of_it_comes_back() {
    let alice = Person::with(&[("USDC", 1_000)]);
    let deposit = alice.does("deposit 1,000 USDC");
    assert_eq!(deposit["done"], "open margin account 0, deposit 1,000 USDC");
    assert_eq!((&deposit["before"]["equity"], &deposit["after"]["equity"]), (&"0".into(), &"1000".into()));
    assert!(deposit["signature"].is_string());
    alice.is_refused("deposit 1 USDC", 1, "instruction 1 (deposit)");
    assert_eq!(alice.does("withdraw 250.5 USDC")["after"]["equity"], "749.5");
    assert_eq!(alice.does("withdraw 50% USDC")["after"]["equity"], "374.75");
    assert_eq!(alice.does("withdraw all USDC")["after"]["equity"], "0");
    assert_eq!(alice.does("deposit all USDC")["amount"], "1000");
    alice.does("withdraw all USDC");
    alice.does("account close");
    alice.is_refused("withdraw 1 USDC", 1, "there is no margin account");
}

#[test]
fn a_token_of_the_other_program_goes_to_a_wallet_that_never_held_it() {
    let bob = Person::with(&[("BTC", 2)]);
    bob.does("account open");
    let deposit = bob.says("deposit 1.5 BTC").text();
    assert!(deposit.starts_with("done: deposit 1.5 BTC\n"), "{deposit}");
    // Prices come with eleven decimals: what is lost of them is less than a unit of quote.
    assert!(deposit.contains("equity: 0 USDC → 89,999.999"), "{deposit}");
    // A bank of another token pays out to an account that is created on the way.
    let lender = Person::with(&[("SOL", 100)]);
    lender.does("deposit 100 SOL");
    let borrow = bob.does("withdraw 5 SOL --borrow");
    assert!(borrow["after"]["equity"].as_str().is_some_and(|it| it.starts_with("88999.99")), "{borrow}");
    bob.is_refused("withdraw 10 SOL", 1, "WouldBorrow");
    assert_eq!(bob.does("repay 4 SOL")["amount"], "4");
    assert_eq!(bob.does("repay all SOL")["done"], "repay all SOL that is owed");
}

#[test]
fn what_must_not_be_is_refused_in_the_programs_words() {
    let carol = Person::with(&[("USDC", 500)]);
    carol.does("deposit 500 USDC");
    carol.is_refused("withdraw 500.000001 USDC", 1, "instruction 1 (withdraw): WouldBorrow: ");
    carol.is_refused("account close", 1, "instruction 1 (close_account)");
}

#[test]
fn what_cannot_be_read_is_malformed() {
    let dave = Person::with(&[]);
    dave.is_refused("deposit 1,0 USDC", 2, "expected an amount such as");
    dave.is_refused("deposit 10 DOGE", 2, "known are USDC, SOL, BTC, ETH");
    dave.is_refused("deposit 10", 2, "expected an amount and a token");
    dave.is_refused("deposit 0.0000001 USDC", 2, "at most 6 decimals");
    dave.is_refused("deposit 0 USDC", 2, "that is nothing");
    dave.is_refused("account delegate somebody", 2, "expected an address");
    dave.is_refused("account dead-man soon", 2, "expected a time such as");
    assert_eq!(
        dave.says("deposit").err.lines().next(),
        Some("error: the following required arguments were not provided:")
    );
}

#[test]
fn a_dry_run_tells_what_would_be_and_changes_nothing() {
    let erin = Person::with(&[("USDC", 100)]);
    let deposit = erin.does("deposit 100 USDC --dry-run");
    assert_eq!(deposit["would"], "open margin account 0, deposit 100 USDC");
    assert_eq!((&deposit["before"]["equity"], &deposit["after"]["equity"]), (&"0".into(), &"100".into()));
    assert!(deposit["compute_units"].as_u64().is_some_and(|units| units > 1_000), "{deposit}");
    erin.is_refused("withdraw 1 USDC", 1, "there is no margin account");
    erin.is_refused("deposit 101 USDC --dry-run", 1, "instruction 2 (deposit)");
}

#[test]
fn an_owner_lends_the_account_and_takes_it_back() {
    let (frank, grace) = (Person::with(&[("USDC", 100)]), Person::with(&[]));
    let account = frank.does("deposit 100 USDC")["account"].as_str().expect("an address").to_owned();
    let key = solana_keypair::Signer::pubkey(&grace.key);
    grace.is_refused(&format!("account dead-man 1h --account {account}"), 1, "NotATrader");
    let told = frank.does(&format!("account delegate {key} --for 1d"));
    assert_eq!(told["done"], format!("let {key} act for 1 d"));
    grace.does(&format!("account dead-man 1h --account {account}"));
    grace.is_refused(&format!("withdraw 1 USDC --account {account}"), 1, "NotTheOwner");
    frank.does("account delegate none");
    grace.is_refused(&format!("account dead-man off --account {account}"), 1, "NotATrader");
    assert_eq!(frank.does("account dead-man off")["done"], "switch the dead-man switch off");
}
