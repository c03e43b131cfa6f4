//! A node that answers as it is told to, and remembers what it was asked.

use crate::rpc::nodes::Node;
use async_trait::async_trait;
use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::{Value, json};
use solana_rpc_client::rpc_sender::{RpcSender, RpcTransportStats};
use solana_rpc_client_api::{
    client_error::{ErrorKind, Result},
    request::{RpcError, RpcRequest, RpcResponseErrorData},
};
use solana_transaction::Signature;
use std::{
    io,
    sync::{Arc, Mutex},
};

/// What a node was asked, in order.
#[derive(Clone, Default)]
pub struct Asked(Arc<Mutex<Vec<(RpcRequest, Value)>>>);

impl Asked {
    /// The parameters of every such question.
    pub fn of(&self, request: RpcRequest) -> Vec<Value> {
        let all = self.0.lock().expect("nobody panicked");
        all.iter().filter(|(of, _)| *of == request).map(|(_, parameters)| parameters.clone()).collect()
    }

    /// How often such a question was asked.
    pub fn times(&self, request: RpcRequest) -> usize {
        self.of(request).len()
    }

    /// Signatures of the transactions that were sent, again and again if they were.
    pub fn sent(&self) -> Vec<Signature> {
        self.of(RpcRequest::SendTransaction).iter().map(signature).collect()
    }
}

/// What answers a question, given all that was asked, this question included.
type Answer = dyn Fn(&Asked, RpcRequest, &Value) -> Result<Value> + Send + Sync;

struct Scripted {
    asked: Asked,
    answer: Box<Answer>,
}

/// A node that answers so, and does what it usually does where that is nothing.
pub fn node(
    answer: impl Fn(&Asked, RpcRequest, &Value) -> Option<Result<Value>> + Send + Sync + 'static,
) -> (Node, Asked) {
    let asked = Asked::default();
    let answer = move |asked: &Asked, request, parameters: &Value| match answer(asked, request, parameters) {
        Some(answer) => answer,
        None => Ok(usually(request, parameters)),
    };
    (Box::new(Scripted { asked: asked.clone(), answer: Box::new(answer) }), asked)
}

#[async_trait]
impl RpcSender for Scripted {
    async fn send(&self, request: RpcRequest, parameters: Value) -> Result<Value> {
        self.asked.0.lock().expect("nobody panicked").push((request, parameters.clone()));
        (self.answer)(&self.asked, request, &parameters)
    }

    fn get_transport_stats(&self) -> RpcTransportStats {
        RpcTransportStats::default()
    }

    fn url(&self) -> String {
        "scripted".to_owned()
    }
}

/// A network on which everything goes through at once.
fn usually(request: RpcRequest, parameters: &Value) -> Value {
    match request {
        RpcRequest::GetLatestBlockhash => blockhash(1),
        RpcRequest::GetRecentPrioritizationFees => json!([{ "slot": 1, "prioritizationFee": 77 }]),
        RpcRequest::SendTransaction => json!(signature(parameters).to_string()),
        RpcRequest::GetSignatureStatuses => status("confirmed"),
        RpcRequest::GetBlockHeight => json!(10),
        other => panic!("nobody told how to answer {other}"),
    }
}

/// The blockhash of this number, good for 150 blocks.
pub fn blockhash(number: u8) -> Value {
    let hash = solana_message::Hash::new_from_array([number; 32]).to_string();
    with_slot(&json!({ "blockhash": hash, "lastValidBlockHeight": 150 }))
}

/// A transaction is executed, in such a block.
pub fn status(confirmation: &str) -> Value {
    with_slot(&json!([{
        "slot": 1, "confirmations": 1, "err": null, "status": { "Ok": null }, "confirmationStatus": confirmation,
    }]))
}

/// No node knows of a transaction.
pub fn unknown() -> Value {
    with_slot(&json!([null]))
}

fn with_slot(value: &Value) -> Value {
    json!({ "context": { "slot": 1 }, "value": value })
}

/// The rehearsal failed with this error and log.
pub fn refused(error: &Value, log: &[&str]) -> Result<Value> {
    let result = json!({ "err": error, "logs": log });
    let result = serde_json::from_value(result).expect("a result of a rehearsal");
    let data = RpcResponseErrorData::SendTransactionPreflightFailure(result);
    Err(RpcError::RpcResponseError { code: -32002, message: "rehearsal failed".to_owned(), data }.into())
}

/// Nobody listens, or the connection broke.
pub fn broken(kind: io::ErrorKind) -> Result<Value> {
    Err(ErrorKind::Io(io::Error::from(kind)).into())
}

/// The bytes of the transaction that is sent, or rehearsed.
pub fn wire(parameters: &Value) -> Vec<u8> {
    BASE64_STANDARD.decode(parameters[0].as_str().expect("a transaction")).expect("in base 64")
}

fn signature(parameters: &Value) -> Signature {
    // One byte says how many signatures there are; the payer's is the first.
    Signature::try_from(&wire(parameters)[1..65]).expect("a signature")
}
