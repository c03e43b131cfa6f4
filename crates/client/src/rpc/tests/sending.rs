//! The sender, by scripted nodes.

use super::script::{Asked, blockhash, broken, node, refused, status, unknown, wire};
use crate::{
    addresses::ExchangeAddresses,
    instructions::account::MarginAccount,
    rpc::{
        Outcome, Settings, Terms,
        asynchronous::Sender,
        journey::Pace,
        nodes::{Node, over},
    },
    transaction::{Draft, fees::Bid, nonce::Nonce},
};
use plimsoll::errors::Refusal;
use serde_json::{Value, json};
use solana_instruction::{AccountMeta, Instruction};
use solana_keypair::Keypair;
use solana_message::Hash;
use solana_pubkey::Pubkey;
use solana_rpc_client_api::{client_error::Result, request::RpcRequest};
use solana_signer::Signer;
use std::{io, time::Duration};

const HOUR: Duration = Duration::from_secs(3_600);

/// Nothing waits, and nothing that was asked gets old.
const HASTY: Pace = Pace {
    first_question: Duration::ZERO,
    longest_pause: Duration::ZERO,
    resend: Duration::ZERO,
    silence: HOUR,
    durable: HOUR,
    blockhash: HOUR,
    fees: HOUR,
};

fn sender(nodes: Vec<Node>, change: impl FnOnce(&mut Settings)) -> Sender {
    let mut settings = Settings::new("scripted");
    change(&mut settings);
    Sender::over(over(nodes, settings.commitment), settings, payer(), HASTY)
}

fn payer() -> Keypair {
    Keypair::new_from_array([1; 32])
}

/// A sender to one node that answers so.
fn to(
    answer: impl Fn(&Asked, RpcRequest, &Value) -> Option<Result<Value>> + Send + Sync + 'static,
) -> (Sender, Asked) {
    let (node, asked) = node(answer);
    (sender(vec![node], |_| ()), asked)
}

/// Any instruction of the program.
fn opening() -> Vec<Instruction> {
    vec![MarginAccount::derive(&ExchangeAddresses::derive(), payer().pubkey(), 0).open(payer().pubkey())]
}

fn waits<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime").block_on(future)
}

fn sends(sender: &Sender) -> Outcome {
    waits(sender.send(&opening(), &[]))
}

#[test]
fn a_usual_transaction_is_one_request_when_everything_is_known() {
    let (sender, asked) = to(|_, _, _| None);
    for _ in 0..3 {
        assert!(sends(&sender).is_done());
    }
    assert_eq!(asked.times(RpcRequest::GetLatestBlockhash), 1, "the blockhash is kept");
    assert_eq!(asked.times(RpcRequest::GetRecentPrioritizationFees), 1, "and so is what others paid");
    assert_eq!(
        (asked.times(RpcRequest::SendTransaction), asked.times(RpcRequest::GetSignatureStatuses)),
        (3, 3)
    );
    assert_eq!(asked.times(RpcRequest::SimulateTransaction), 0, "the node that takes it rehearses it");
}

#[test]
fn the_same_again_is_another_transaction() {
    let (sender, asked) = to(|_, _, _| None);
    let outcomes: Vec<Outcome> = (0..4).map(|_| sends(&sender)).collect();
    let mut sent = asked.sent();
    sent.sort_unstable();
    sent.dedup();
    assert_eq!(sent.len(), 4, "the network executes one of twins: {outcomes:?}");
}

#[test]
fn it_is_sent_again_until_it_is_executed() {
    let (sender, asked) = to(|asked, request, _| {
        let is_late = request == RpcRequest::GetSignatureStatuses && asked.sent().len() < 3;
        is_late.then(|| Ok(unknown()))
    });
    let Outcome::Done(signature) = sends(&sender) else { panic!("it goes through") };
    assert_eq!(asked.sent(), [signature; 3]);
    let skips: Vec<Value> =
        asked.of(RpcRequest::SendTransaction).iter().map(|it| it[1]["skipPreflight"].clone()).collect();
    assert_eq!(skips, [json!(false), json!(true), json!(true)], "it is rehearsed once");
    assert_eq!(asked.of(RpcRequest::SendTransaction)[0][1]["preflightCommitment"], "confirmed");
}

#[test]
fn it_expires_with_the_last_block_of_its_blockhash() {
    let (sender, asked) = to(|asked, request, _| match request {
        RpcRequest::GetSignatureStatuses => Some(Ok(unknown())),
        RpcRequest::GetBlockHeight => {
            let asked = asked.times(RpcRequest::GetBlockHeight);
            Some(Ok(json!(if asked < 3 { 150 } else { 151 })))
        }
        _ => None,
    });
    let Outcome::Failed(why) = sends(&sender) else { panic!("it is never executed") };
    assert!(why.contains("cannot be any more"), "{why}");
    assert_eq!(asked.sent().len(), 3, "block 150 is the last in which it counts");
}

#[test]
fn a_block_that_does_not_count_yet_is_waited_for() {
    let (sender, asked) = to(|asked, request, _| {
        let is_early = asked.times(RpcRequest::GetSignatureStatuses) < 5;
        (request == RpcRequest::GetSignatureStatuses && is_early).then(|| Ok(status("processed")))
    });
    assert!(sends(&sender).is_done());
    assert_eq!(asked.times(RpcRequest::GetSignatureStatuses), 5);
}

#[test]
fn a_refusal_names_the_instruction_and_explains_itself() {
    let code = u32::from(Refusal::NotEnoughMargin);
    let (sender, asked) = to(move |_, request, _| {
        // Two limits and a price stand before the two that were given.
        let error = json!({ "InstructionError": [4, { "Custom": code }] });
        (request == RpcRequest::SendTransaction).then(|| refused(&error, &[]))
    });
    let outcome = waits(sender.send(&[opening(), opening()].concat(), &[]));
    let Outcome::Refused(why) = &outcome else { panic!("{outcome}") };
    assert_eq!((why.code, why.instruction, why.called.as_deref()), (code, Some(1), Some("open_account")));
    let said = outcome.to_string();
    assert!(said.starts_with("instruction 2 (open_account): NotEnoughMargin: "), "{said}");
    assert_eq!(asked.sent().len(), 1);
}

#[test]
fn what_other_programs_refuse_is_told_in_their_words() {
    let (sender, _) = to(|_, request, _| {
        let log = [
            "Program log: Instruction: Transfer",
            "Program log: Error: insufficient funds",
            "Program x failed",
        ];
        let error = json!({ "InstructionError": [3, { "Custom": 1 }] });
        (request == RpcRequest::SendTransaction).then(|| refused(&error, &log))
    });
    assert_eq!(
        sends(&sender).to_string(),
        "instruction 1 (open_account): error 1: Error: insufficient funds"
    );
    let (sender, _) = to(|_, request, _| {
        let error = json!({ "InstructionError": [3, "ComputationalBudgetExceeded"] });
        (request == RpcRequest::SendTransaction).then(|| refused(&error, &[]))
    });
    let said = sends(&sender).to_string();
    assert!(said.starts_with("instruction 1 (open_account): "), "{said}");
}

#[test]
fn a_blockhash_that_the_node_does_not_know_is_renewed() {
    let (sender, asked) = to(|asked, request, _| match request {
        RpcRequest::GetLatestBlockhash => {
            let number = asked.times(RpcRequest::GetLatestBlockhash);
            Some(Ok(blockhash(u8::try_from(number).expect("few"))))
        }
        RpcRequest::SendTransaction if asked.sent().len() == 1 => {
            Some(refused(&json!("BlockhashNotFound"), &[]))
        }
        _ => None,
    });
    let Outcome::Done(signature) = sends(&sender) else { panic!("it goes through") };
    assert_eq!(asked.times(RpcRequest::GetLatestBlockhash), 2);
    assert!(asked.sent()[0] != signature && asked.sent()[1] == signature);
}

#[test]
fn a_blockhash_gets_old() {
    let (node, asked) = node(|_, _, _| None);
    let settings = Settings::new("scripted");
    let pace = Pace { blockhash: Duration::ZERO, ..HASTY };
    let sender = Sender::over(over(vec![node], settings.commitment), settings, payer(), pace);
    assert!(sends(&sender).is_done() && sends(&sender).is_done());
    assert_eq!(asked.times(RpcRequest::GetLatestBlockhash), 2);
    assert_ne!(asked.sent()[0], asked.sent()[1], "the node had no newer one: twins differ all the same");
}

#[test]
fn what_may_have_arrived_is_never_done_twice() {
    let (sender, asked) = to(|asked, request, _| match request {
        RpcRequest::SendTransaction if asked.sent().len() == 1 => {
            Some(broken(io::ErrorKind::ConnectionReset))
        }
        RpcRequest::SendTransaction => Some(refused(&json!("BlockhashNotFound"), &[])),
        _ => None,
    });
    let Outcome::Done(signature) = sends(&sender) else { panic!("the first one had arrived") };
    assert!(asked.sent().iter().all(|sent| *sent == signature));
}

#[test]
fn what_reaches_nobody_fails_at_once() {
    let (sender, asked) = to(|_, request, _| {
        (request == RpcRequest::SendTransaction).then(|| broken(io::ErrorKind::ConnectionRefused))
    });
    assert!(matches!(sends(&sender), Outcome::Failed(_)));
    assert_eq!(asked.sent().len(), 1);
}

#[test]
fn a_bid_is_chosen_from_what_others_paid_unless_it_is_one_number() {
    let (sender, asked) = to(|_, _, _| None);
    // An instruction's data stands behind its length.
    let has_bid = |asked: &Asked, price: u64| {
        let data = [&[9, 3][..], &price.to_le_bytes()].concat();
        let sent = asked.of(RpcRequest::SendTransaction);
        wire(sent.last().expect("it was sent")).windows(data.len()).any(|bytes| bytes == data)
    };
    assert!(sends(&sender).is_done());
    assert!(has_bid(&asked, 77));
    let urgent = Bid { percentile: 90, least: 1_000, most: 1_000_000 };
    assert!(waits(sender.send_with(&opening(), &[], urgent)).is_done());
    assert!(has_bid(&asked, 1_000));
    let fixed = Bid { percentile: 50, least: 5, most: 5 };
    let (sender, asked) = to(|_, _, _| None);
    assert!(waits(sender.send_with(&opening(), &[], fixed)).is_done());
    assert!(has_bid(&asked, 5) && asked.times(RpcRequest::GetRecentPrioritizationFees) == 0);
}

#[test]
fn nothing_is_sent_in_a_dry_run() {
    let (node, asked) = node(|_, request, _| {
        let result = json!({ "err": null, "logs": [], "unitsConsumed": 4321 });
        let answer = json!({ "context": { "slot": 1 }, "value": result });
        (request == RpcRequest::SimulateTransaction).then_some(Ok(answer))
    });
    let sender = sender(vec![node], |settings| settings.is_dry_run = true);
    assert_eq!(sends(&sender), Outcome::Rehearsed(Some(4321)));
    assert!(asked.sent().is_empty());
}

/// A node on which a nonce account holds this hash once so many transactions were sent, another one before.
fn with_nonce(first: [u8; 32], then: [u8; 32], after: usize) -> (Sender, Asked) {
    use base64::{Engine, prelude::BASE64_STANDARD};
    to(move |asked, request, _| match request {
        RpcRequest::GetSignatureStatuses => Some(Ok(unknown())),
        RpcRequest::GetMultipleAccounts => {
            let held = if asked.sent().len() < after { first } else { then };
            let mark = [1, 0, 0, 0, 1, 0, 0, 0];
            let data = [&mark[..], payer().pubkey().as_ref(), &held, &5_000u64.to_le_bytes()].concat();
            let account = json!({
                "lamports": 1, "data": [BASE64_STANDARD.encode(data), "base64"], "space": 80,
                "owner": Pubkey::default().to_string(), "executable": false, "rentEpoch": 0,
            });
            Some(Ok(json!({ "context": { "slot": 1 }, "value": [account] })))
        }
        RpcRequest::GetBlockHeight => panic!("it does not expire by block height"),
        _ => None,
    })
}

fn nonce() -> Nonce {
    let address = Pubkey::new_from_array([8; 32]);
    Nonce { address, authority: payer().pubkey(), hash: Hash::new_from_array([3; 32]) }
}

#[test]
fn a_durable_transaction_lives_as_long_as_its_nonce() {
    let (sender, asked) = with_nonce([3; 32], [4; 32], 5);
    let outcome = waits(sender.send_with(&opening(), &[], nonce()));
    assert!(outcome.to_string().contains("cannot be any more"), "{outcome}");
    assert_eq!(asked.sent().len(), 5, "until somebody advanced the nonce");
    assert_eq!(asked.times(RpcRequest::GetLatestBlockhash), 0);
}

#[test]
fn what_others_signed_is_sent_as_it_is() {
    let member = Keypair::new_from_array([2; 32]);
    let instruction = Instruction {
        program_id: Pubkey::new_from_array([9; 32]),
        accounts: vec![AccountMeta::new_readonly(member.pubkey(), true)],
        data: Vec::new(),
    };
    let draft = Draft::new(payer().pubkey(), vec![instruction]).durable(nonce());
    let signed =
        draft.assemble(Hash::default()).expect("it fits").sign(&[&payer(), &member]).expect("all sign");
    let (sender, asked) = to(|_, _, _| None);
    let outcome = waits(sender.submit(signed.clone(), Some(nonce())));
    assert_eq!((outcome, asked.sent()), (Outcome::Done(signed.signatures[0]), vec![signed.signatures[0]]));
    assert_eq!(asked.times(RpcRequest::GetLatestBlockhash), 0);
}

#[test]
fn who_is_not_needed_does_not_sign() {
    let (sender, _) = to(|_, _, _| None);
    let stranger = Keypair::new_from_array([2; 32]);
    assert!(waits(sender.send(&opening(), &[&stranger])).is_done());
    let limited = Terms { compute_limit: Some(1_000), ..Terms::default() };
    assert!(waits(sender.send_with(&opening(), &[], limited)).is_done());
}
