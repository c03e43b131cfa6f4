//! Several nodes behind one client: where one does not answer, the next is asked.

use async_trait::async_trait;
use serde_json::Value;
use solana_commitment_config::CommitmentConfig;
use solana_rpc_client::{
    http_sender::HttpSender,
    nonblocking::rpc_client::RpcClient,
    rpc_client::RpcClientConfig,
    rpc_sender::{RpcSender, RpcTransportStats},
};
use solana_rpc_client_api::{
    client_error::{Error as ClientError, ErrorKind, Result},
    custom_error::JSON_RPC_SERVER_ERROR_NODE_UNHEALTHY,
    request::{RpcError, RpcRequest},
};
use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

/// A transport to one node.
pub(super) type Node = Box<dyn RpcSender + Send + Sync>;

/// The nodes, and which one is asked at present.
struct Nodes {
    all: Vec<Node>,
    present: AtomicUsize,
}

/// A client of nodes at these addresses.
pub(super) fn client(urls: &[String], commitment: CommitmentConfig) -> Arc<RpcClient> {
    let node = |url: &String| -> Node { Box::new(HttpSender::new(url)) };
    over(urls.iter().map(node).collect(), commitment)
}

/// A client over these transports.
pub(super) fn over(all: Vec<Node>, commitment: CommitmentConfig) -> Arc<RpcClient> {
    let nodes = Nodes { all, present: AtomicUsize::new(0) };
    Arc::new(RpcClient::new_sender(nodes, RpcClientConfig::with_commitment(commitment)))
}

/// Whether it says something of the node and nothing of what was asked.
fn is_of_the_node(error: &ErrorKind) -> bool {
    match error {
        ErrorKind::Io(_) | ErrorKind::Reqwest(_) | ErrorKind::Middleware(_) => true,
        ErrorKind::RpcError(RpcError::RpcResponseError { code, .. }) => {
            *code == JSON_RPC_SERVER_ERROR_NODE_UNHEALTHY
        }
        _ => false,
    }
}

/// Whether what was asked surely reached no node.
pub(super) fn is_unreachable(error: &ErrorKind) -> bool {
    match error {
        ErrorKind::Reqwest(error) => error.is_connect() || error.is_builder(),
        ErrorKind::Io(error) => error.kind() == std::io::ErrorKind::ConnectionRefused,
        _ => false,
    }
}

#[async_trait]
impl RpcSender for Nodes {
    async fn send(&self, request: RpcRequest, params: Value) -> Result<Value> {
        let mut why = ClientError::from(RpcError::RpcRequestError("there is no node to ask".to_owned()));
        let mut may_have_arrived = false;
        for _ in 0..self.all.len() {
            let place = self.present.load(Ordering::Relaxed);
            let Some(node) = self.all.get(place) else { break };
            match node.send(request, params.clone()).await {
                Err(error) if is_of_the_node(error.kind()) => {
                    // What may have arrived at one node is not unreachable because another one is.
                    if !may_have_arrived {
                        may_have_arrived = !is_unreachable(error.kind());
                        why = error;
                    }
                }
                answer => return answer,
            }
            let next = place.saturating_add(1).checked_rem(self.all.len()).unwrap_or(0);
            // Whoever asked at the same time has moved on already, perhaps.
            let _ = self.present.compare_exchange(place, next, Ordering::Relaxed, Ordering::Relaxed);
        }
        Err(why)
    }

    fn get_transport_stats(&self) -> RpcTransportStats {
        let node = self.all.get(self.present.load(Ordering::Relaxed));
        node.map(|node| node.get_transport_stats()).unwrap_or_default()
    }

    fn url(&self) -> String {
        let node = self.all.get(self.present.load(Ordering::Relaxed));
        node.map(|node| node.url()).unwrap_or_default()
    }
}
