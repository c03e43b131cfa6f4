use super::*;
use base64::{Engine, engine::general_purpose::STANDARD};
use byteorder::BigEndian;
use pyth_solana_receiver_sdk::PostUpdateParams;
use pythnet_sdk::{
    accumulators::{
        Accumulator,
        merkle::{MerkleRoot, MerkleTree},
    },
    hashers::keccak256_160::Keccak160,
    messages::{Message as Wire, PriceFeedMessage},
    wire::{
        PrefixedVec, to_vec,
        v1::{AccumulatorUpdateData, MerklePriceUpdate, Proof},
    },
};

const GUARDIANS: u32 = 5;

fn wire(feed: u8, publish_time: i64) -> Vec<u8> {
    let price = PriceFeedMessage {
        feed_id: [feed; 32],
        price: 6_000_000_000_000,
        conf: 1_000_000,
        exponent: -8,
        publish_time,
        prev_publish_time: publish_time - 1,
        ema_price: 6_000_000_000_000,
        ema_conf: 1_000_000,
    };
    to_vec::<_, BigEndian>(&Wire::PriceFeedMessage(price)).expect("a message")
}

/// A message as a server sends it, with 13 signatures that nobody checks here; and the root of its prices.
fn signed(prices: &[(u8, i64)]) -> (Vec<u8>, MerkleRoot<Keccak160>) {
    let messages: Vec<Vec<u8>> = prices.iter().map(|(feed, time)| wire(*feed, *time)).collect();
    let tree = MerkleTree::<Keccak160>::new(&messages.iter().map(Vec::as_slice).collect::<Vec<_>>())
        .expect("a tree");
    let update = |message: &Vec<u8>| MerklePriceUpdate {
        message: PrefixedVec::from(message.clone()),
        proof: tree.prove(message).expect("a proof"),
    };
    let vaa = [&[1][..], &GUARDIANS.to_be_bytes(), &[13], &[7; 13 * 66], &[9; 88]].concat();
    let updates = messages.iter().map(update).collect();
    let data = AccumulatorUpdateData::new(Proof::WormholeMerkle { vaa: PrefixedVec::from(vaa), updates });
    (to_vec::<_, BigEndian>(&data).expect("a message"), tree.root)
}

#[test]
fn prices_are_read_with_proofs_that_hold() {
    let (data, root) = signed(&[(1, 70), (2, 71), (3, 72)]);
    let answer = format!(
        r#"{{"binary":{{"encoding":"base64","data":["{}"]}},"parsed":null}}"#,
        STANDARD.encode(&data)
    );
    let messages = message::read_all(&answer).expect("messages");
    let [message] = messages.as_slice() else { panic!("one message") };
    assert_eq!((message.guardian_set, message.vaa.len()), (GUARDIANS, 952));
    let found: Vec<(u8, i64)> = message.prices.iter().map(|it| (it.feed[0], it.published)).collect();
    assert_eq!(found, [(1, 70), (2, 71), (3, 72)]);
    assert!(message.prices.iter().all(|it| root.check(it.update.proof.clone(), it.update.message.as_ref())));
}

#[test]
fn what_is_no_answer_is_refused() {
    for answer in [
        "",
        "{}",
        r#"{"binary":{"encoding":"hex","data":[]}}"#,
        r#"{"binary":{"encoding":"base64","data":["UE5BVQ=="]}}"#,
    ] {
        assert!(message::read_all(answer).is_err(), "{answer}");
    }
}

#[test]
fn signatures_are_written_whole_and_verified_last() {
    let (data, _) = signed(&[(1, 70)]);
    let message = message::read(&data).expect("a message");
    let key = |byte| Pubkey::new_from_array([byte; 32]);
    let draft = Draft { account: key(1), writer: key(2) };
    let parts = parts(&draft, &message);
    let lengths: Vec<(usize, bool)> = parts.iter().map(|(part, is_last)| (part.len(), *is_last)).collect();
    assert_eq!(lengths, [(3, false), (2, true)], "made, begun, written; written, verified");
    let writes = parts
        .iter()
        .flat_map(|(part, _)| part)
        .filter(|it| it.data.starts_with(&instructions::mark("write_encoded_vaa")));
    let written: Vec<u8> = writes.flat_map(|it| it.data[16..].to_vec()).collect();
    assert_eq!(written, message.vaa);
}

#[test]
fn a_post_is_as_the_receiver_takes_it() {
    let (data, _) = signed(&[(1, 70), (2, 71)]);
    let message = message::read(&data).expect("a message");
    let key = |byte| Pubkey::new_from_array([byte; 32]);
    let post =
        Draft { account: key(1), writer: key(2) }.post(&message.prices[1], key(3)).expect("an instruction");
    assert_eq!(post.program_id, plimsoll::oracle::pyth::RECEIVER);
    assert_eq!(post.data[..8], [133, 95, 207, 175, 11, 79, 118, 44], "the receiver's own mark");
    let params: PostUpdateParams = borsh::from_slice(&post.data[8..]).expect("parameters");
    assert_eq!((params.merkle_price_update, params.treasury_id), (message.prices[1].update.clone(), 1));
    let signers: Vec<Pubkey> = post.accounts.iter().filter(|it| it.is_signer).map(|it| it.pubkey).collect();
    assert_eq!(signers, [key(2), key(3), key(2)]);
}

#[test]
fn keys_are_the_same_in_every_life_and_differ_by_feed_and_payer() {
    let (alice, bob) = (Keypair::new_from_array([1; 32]), Keypair::new_from_array([2; 32]));
    let key = |payer, of: &[u8]| derived(payer, of).pubkey();
    assert_eq!(key(&alice, b"a"), key(&alice, b"a"));
    assert_ne!(key(&alice, b"a"), key(&alice, b"b"));
    assert_ne!(key(&alice, b"a"), key(&bob, b"a"));
}
