//! Several nodes, of which some do not answer.

use super::script::{broken, node};
use crate::rpc::nodes::over;
use solana_commitment_config::CommitmentConfig;
use solana_rpc_client::nonblocking::rpc_client::RpcClient;
use solana_rpc_client_api::{
    client_error::ErrorKind,
    request::{RpcError, RpcRequest, RpcResponseErrorData},
};
use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

fn height(client: &RpcClient) -> Result<u64, String> {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    runtime.block_on(client.get_block_height()).map_err(|error| error.to_string())
}

#[test]
fn the_next_node_is_asked_where_one_does_not_answer_and_stays_the_one() {
    let is_up = Arc::new(AtomicBool::new(true));
    let answers = Arc::clone(&is_up);
    let (first, asked_first) = node(move |_, _, _| {
        (!answers.load(Ordering::Relaxed)).then(|| broken(io::ErrorKind::ConnectionRefused))
    });
    let (second, asked_second) = node(|_, _, _| None);
    let client = over(vec![first, second], CommitmentConfig::confirmed());
    assert_eq!(height(&client), Ok(10));
    is_up.store(false, Ordering::Relaxed);
    for _ in 0..3 {
        assert_eq!(height(&client), Ok(10));
    }
    let of = RpcRequest::GetBlockHeight;
    assert_eq!((asked_first.times(of), asked_second.times(of)), (2, 3), "the first is asked once too often");
}

#[test]
fn an_unhealthy_node_is_passed_over_and_a_refusal_is_an_answer() {
    let of_the_node = |code| {
        let (first, _) = node(move |_, _, _| {
            let data = RpcResponseErrorData::Empty;
            Some(Err(RpcError::RpcResponseError { code, message: format!("no {code}"), data }.into()))
        });
        let (second, _) = node(|_, _, _| None);
        height(&over(vec![first, second], CommitmentConfig::confirmed()))
    };
    assert_eq!(of_the_node(-32005), Ok(10));
    assert!(of_the_node(-32602).is_err_and(|why| why.contains("no -32602")));
}

#[test]
fn when_none_answers_each_was_asked_once_and_the_worst_is_told() {
    let (first, asked) = node(|_, _, _| Some(broken(io::ErrorKind::ConnectionRefused)));
    let (second, _) = node(|_, _, _| Some(broken(io::ErrorKind::ConnectionReset)));
    let (third, _) = node(|_, _, _| Some(broken(io::ErrorKind::ConnectionRefused)));
    let client = over(vec![first, second, third], CommitmentConfig::confirmed());
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let error = runtime.block_on(client.get_block_height()).expect_err("nobody answers");
    let ErrorKind::Io(error) = error.kind() else { panic!("{error}") };
    assert_eq!(error.kind(), io::ErrorKind::ConnectionReset, "what may have arrived is not unreachable");
    assert_eq!(asked.times(RpcRequest::GetBlockHeight), 1);
    assert!(height(&over(Vec::new(), CommitmentConfig::confirmed())).is_err());
}
