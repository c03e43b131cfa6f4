//! Transactions for keys that sign elsewhere; what shells and packagers need.

use crate::stage::{Person, world};
use base64::{Engine, prelude::BASE64_STANDARD};
use solana_keypair::{Keypair, Signature, Signer};
use solana_system_interface::instruction::create_nonce_account;
use solana_transaction::versioned::VersionedTransaction;
use std::{
    io::Write,
    process::{Command, Stdio},
};

fn read(text: &str) -> VersionedTransaction {
    let bytes = BASE64_STANDARD.decode(text).expect("base64");
    bincode::deserialize(&bytes).expect("a transaction")
}

#[test]
fn a_governor_signs_elsewhere_and_the_transaction_goes_through() {
    let (clerk, guardian) = (Person::with(&[]), Person::official("guardian"));
    let nonce = Keypair::new();
    let (key, authority) = (guardian.key.pubkey(), guardian.key.pubkey());
    let create = create_nonce_account(&key, &nonce.pubkey(), &authority, 10_000_000);
    world().network.send(&create, &[&guardian.key, &nonce]).expect("a nonce");
    let words = format!("pause insurance --for 1h --print-transaction --as {key} --nonce {}", nonce.pubkey());
    let printed = clerk.does(&words);
    assert_eq!(printed["signers"], serde_json::json!([key.to_string()]));
    let unsigned = read(printed["transaction"].as_str().expect("base64"));
    assert_eq!(unsigned.signatures, [Signature::default()]);
    let signed = VersionedTransaction::try_new(unsigned.message, &[&guardian.key]).expect("signed");
    world().network.client().send_and_confirm_transaction(&signed).expect("it goes through");
    guardian.does("unpause insurance");
    // People get the text and nothing else.
    let plain = clerk.says(&words.replace(&format!("--nonce {}", nonce.pubkey()), "")).text();
    assert_eq!(read(plain.trim()).signatures.len(), 1);
    clerk.is_refused(&format!("pause insurance --for 1m --nonce {key}"), 1, "holds no nonce");
}

#[test]
fn somebody_else_signs_only_what_is_printed() {
    let clerk = Person::with(&[]);
    let answer = clerk.says(&format!("pause insurance --for 1m --as {}", clerk.key.pubkey()));
    assert!(answer.err.contains("--print-transaction"), "{answer:?}");
}

/// What the command writes that needs no network.
fn plainly(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_plimsoll")).args(arguments).output().expect("a process");
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).expect("text")
}

#[test]
fn completions_are_scripts_of_their_shells() {
    let bash = plainly(&["completions", "bash"]);
    let mut shell = Command::new("bash").arg("-n").stdin(Stdio::piped()).spawn().expect("bash");
    shell.stdin.take().expect("its input").write_all(bash.as_bytes()).expect("a script");
    assert!(shell.wait().expect("it ends").success() && bash.contains("plimsoll"));
    for (shell, mark) in
        [("zsh", "#compdef plimsoll"), ("fish", "complete -c plimsoll"), ("powershell", "plimsoll")]
    {
        assert!(plainly(&["completions", shell]).contains(mark), "{shell}");
    }
    assert_eq!(plainly(&["--version"]).trim(), format!("plimsoll {}", env!("CARGO_PKG_VERSION")));
}
