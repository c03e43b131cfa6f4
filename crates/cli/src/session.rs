//! One connection to one exchange: where it is, how its parts are called, who signs, how answers are written.

use crate::{Refusal, exchange::Exchange, names::Names};
use clap::Args;
use plimsoll::state::MarginAccount;
use plimsoll_client::rpc::Reader;
use plimsoll_deploy::{Chain, Cluster, Network};
use serde::Serialize;
use solana_client::rpc_client::RpcClient;
use solana_commitment_config::CommitmentConfig;
use solana_keypair::{Keypair, read_keypair_file};
use solana_pubkey::Pubkey;
use std::{
    cell::OnceCell,
    env,
    fmt::Display,
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
};

/// Manifests that come with the command, by cluster.
const MANIFESTS: [(Cluster, &str, &str); 3] = [
    (Cluster::Localnet, "localnet.toml", include_str!("../../../migrations/localnet.toml")),
    (Cluster::Devnet, "devnet.toml", include_str!("../../../migrations/devnet.toml")),
    (Cluster::Mainnet, "mainnet.toml", include_str!("../../../migrations/mainnet.toml")),
];

/// Where the exchange is, and who asks.
#[derive(Args, Clone, Debug)]
pub struct Connection {
    /// localnet, devnet, mainnet, or the URL of a JSON-RPC server
    #[arg(long, env = "PLIMSOLL_CLUSTER", default_value = "localnet", value_name = "NAME|URL")]
    pub cluster: String,
    /// URL of the WebSocket server; without one the usual place beside the JSON-RPC server
    #[arg(long, env = "PLIMSOLL_WEBSOCKET", value_name = "URL")]
    pub websocket: Option<String>,
    /// Who signs: a keypair file as `solana-keygen` writes it; without one ~/.config/solana/id.json
    #[arg(long, env = "PLIMSOLL_KEYPAIR", value_name = "FILE")]
    pub keypair: Option<PathBuf>,
    /// The manifest whose names are used; without one the cluster's own
    #[arg(long, env = "PLIMSOLL_MANIFEST", value_name = "FILE")]
    pub manifest: Option<PathBuf>,
    /// Writes JSON: amounts as decimal strings in whole units, ratios as parts of 1, times in unix seconds
    #[arg(long)]
    pub json: bool,
}

/// An open connection.
pub struct Session {
    client: RpcClient,
    reader: Reader,
    websocket: Option<String>,
    cluster: Cluster,
    names: Names,
    keypair: Option<PathBuf>,
    signer: OnceCell<Keypair>,
    json: bool,
}

impl Session {
    /// Finds the server and the names. Asks the network only where its address does not say which it is.
    ///
    /// # Errors
    /// `Malformed` for a cluster that is none and a manifest that is none, or another cluster's; `Failed` where the network
    /// is asked and does not answer.
    pub fn open(connection: &Connection) -> Result<Self, Refusal> {
        let url = url(&connection.cluster)?;
        let named = Cluster::named(&connection.cluster);
        let (cluster, names) = match (&connection.manifest, named) {
            (Some(path), _) => names_in(path)?,
            (None, Some(cluster)) => names_of(cluster)?,
            (None, None) => names_of(cluster_at(&RpcClient::new(url.to_owned()))?)?,
        };
        require_same(named, cluster)?;
        let client = client(url, cluster);
        Ok(Self {
            reader: Reader::new(&[url.to_owned()], client.commitment()),
            client,
            websocket: connection.websocket.clone(),
            cluster,
            names,
            keypair: connection.keypair.clone(),
            signer: OnceCell::new(),
            json: connection.json,
        })
    }

    /// The JSON-RPC server, at the commitment that fits its cluster.
    pub const fn client(&self) -> &RpcClient {
        &self.client
    }

    /// Reads the program's accounts there.
    pub const fn reader(&self) -> &Reader {
        &self.reader
    }

    /// Which cluster it is.
    pub const fn cluster(&self) -> Cluster {
        self.cluster
    }

    /// How feeds, banks and markets are called.
    pub const fn names(&self) -> &Names {
        &self.names
    }

    /// Whether answers are JSON.
    pub const fn is_json(&self) -> bool {
        self.json
    }

    /// Where subscriptions are made: as said, or where it usually is: one port further, or the same name without a port.
    pub fn websocket(&self) -> String {
        self.websocket.clone().unwrap_or_else(|| websocket_beside(&self.client.url()))
    }

    /// The exchange as it is now.
    ///
    /// # Errors
    /// `Failed`: the network does not answer, or there is no exchange.
    pub fn exchange(&self) -> Result<Exchange, Refusal> {
        Exchange::read(&self.reader, self.names.clone())
    }

    /// A margin account as it is now.
    ///
    /// # Errors
    /// `Failed`: the network does not answer, or there is no margin account at this address.
    pub fn account(&self, address: &Pubkey) -> Result<Box<MarginAccount>, Refusal> {
        Ok(Box::new(self.reader.one(*address)?))
    }

    /// Who signs.
    ///
    /// # Errors
    /// `Malformed` for a file that is no keypair.
    pub fn signer(&self) -> Result<&Keypair, Refusal> {
        if let Some(signer) = self.signer.get() {
            return Ok(signer);
        }
        let read = match &self.keypair {
            Some(path) => keypair(path)?,
            None => keypair(&usual_keypair())?,
        };
        Ok(self.signer.get_or_init(|| read))
    }

    /// Writes an answer: lines for a person, or one JSON object.
    ///
    /// # Errors
    /// `Unwritten`.
    pub fn says(&self, human: impl Display, json: impl Serialize) -> Result<(), Refusal> {
        if !self.json {
            let text = human.to_string();
            return write(&if text.ends_with('\n') { text } else { text + "\n" });
        }
        let text = serde_json::to_string(&json).map_err(|error| Refusal::Unwritten(error.to_string()))?;
        write(&(text + "\n"))
    }
}

/// The server behind a cluster's name, or an address.
///
/// # Errors
/// `Malformed` for anything else.
pub fn url(cluster: &str) -> Result<&str, Refusal> {
    Ok(match Cluster::named(cluster) {
        Some(Cluster::Localnet) => "http://127.0.0.1:8899",
        Some(Cluster::Devnet) => "https://api.devnet.solana.com",
        Some(Cluster::Mainnet) => "https://api.mainnet-beta.solana.com",
        None if cluster.starts_with("http://") || cluster.starts_with("https://") => cluster,
        None => {
            let expected = "expected localnet, devnet, mainnet or a URL";
            return Err(Refusal::Malformed(format!("--cluster {cluster}: {expected}")));
        }
    })
}

/// A manifest is for one cluster.
///
/// # Errors
/// `Malformed` where the command names another one.
pub fn require_same(named: Option<Cluster>, manifest: Cluster) -> Result<(), Refusal> {
    match named {
        Some(named) if named != manifest => {
            Err(Refusal::Malformed(format!("--cluster {named}: the manifest is for {manifest}")))
        }
        _ => Ok(()),
    }
}

/// A client of a server. What cannot be undone any more is what the next step starts from; a local network undoes nothing.
pub fn client(url: &str, cluster: Cluster) -> RpcClient {
    let commitment = match cluster {
        Cluster::Localnet => CommitmentConfig::processed(),
        Cluster::Devnet | Cluster::Mainnet => CommitmentConfig::confirmed(),
    };
    RpcClient::new_with_commitment(url.to_owned(), commitment)
}

/// A keypair file as `solana-keygen` writes it.
///
/// # Errors
/// `Malformed`.
pub fn keypair(path: &Path) -> Result<Keypair, Refusal> {
    read_keypair_file(path)
        .map_err(|error| Refusal::Malformed(format!("cannot read the keypair {}: {error}", path.display())))
}

/// Writes text as it is.
///
/// # Errors
/// `Unwritten`.
pub fn write(text: &str) -> Result<(), Refusal> {
    let mut out = io::stdout().lock();
    let written = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    written.map_err(|error| Refusal::Unwritten(error.to_string()))
}

/// Where Solana's own command keeps its key.
fn usual_keypair() -> PathBuf {
    env::home_dir().unwrap_or_default().join(".config/solana/id.json")
}

/// Names in a file, and the cluster that they are for.
fn names_in(path: &Path) -> Result<(Cluster, Names), Refusal> {
    let text = fs::read_to_string(path)
        .map_err(|error| Refusal::Malformed(format!("cannot read {}: {error}", path.display())))?;
    Names::read(&text, &path.display().to_string())
}

fn names_of(cluster: Cluster) -> Result<(Cluster, Names), Refusal> {
    let own = MANIFESTS.iter().find(|(it, ..)| *it == cluster);
    let (_, file, text) = own.ok_or_else(|| Refusal::Malformed(format!("{cluster} has no manifest")))?;
    Names::read(text, file)
}

/// Which cluster a server is of, by its network's first block.
fn cluster_at(client: &RpcClient) -> Result<Cluster, Refusal> {
    match client.network()? {
        Network::Mainnet => Ok(Cluster::Mainnet),
        Network::Devnet => Ok(Cluster::Devnet),
        Network::Private => Ok(Cluster::Localnet),
        Network::Testnet => {
            Err(Refusal::Malformed("this is the testnet: say --manifest FILE for its names".into()))
        }
    }
}

fn websocket_beside(url: &str) -> String {
    let url = url.trim_end_matches('/').replacen("http", "ws", 1);
    let Some((front, port)) = url.rsplit_once(':') else { return url };
    match port.parse::<u16>().ok().and_then(|port| port.checked_add(1)) {
        Some(port) => format!("{front}:{port}"),
        None => url,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn connection(cluster: &str) -> Connection {
        Connection {
            cluster: cluster.into(),
            websocket: None,
            keypair: Some("/nowhere/key.json".into()),
            manifest: None,
            json: false,
        }
    }

    #[track_caller]
    fn refused<T>(outcome: Result<T, Refusal>, code: u8, why: &str) {
        let Err(refusal) = outcome else { panic!("nothing was refused") };
        let line = refusal.to_string();
        assert!(refusal.exit_code() == code && line.contains(why), "{line}");
    }

    #[test]
    fn a_named_cluster_opens_without_a_network() {
        for (name, websocket) in [
            ("localnet", "ws://127.0.0.1:8900"),
            ("devnet", "wss://api.devnet.solana.com"),
            ("mainnet", "wss://api.mainnet-beta.solana.com"),
        ] {
            let session = Session::open(&connection(name)).expect("a session");
            assert_eq!((session.websocket(), session.cluster().to_string()), (websocket.into(), name.into()));
            assert_eq!(session.names().bank(0), "USDC");
        }
    }

    #[test]
    fn what_is_no_cluster_is_malformed_and_a_silent_network_a_failure() {
        refused(Session::open(&connection("moonnet")), 2, "expected localnet, devnet, mainnet or a URL");
        refused(Session::open(&connection("http://127.0.0.1:1")), 1, "failed: the network: ");
        let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../migrations/localnet.toml");
        let mixed = Connection { manifest: Some(manifest), ..connection("devnet") };
        refused(Session::open(&mixed), 2, "--cluster devnet: the manifest is for localnet");
        let nowhere = Connection { manifest: Some("/nowhere.toml".into()), ..connection("devnet") };
        refused(Session::open(&nowhere), 2, "cannot read /nowhere.toml");
    }

    #[test]
    fn a_signer_is_asked_for_only_when_somebody_signs() {
        let session = Session::open(&connection("localnet")).expect("a session");
        refused(session.signer(), 2, "cannot read the keypair /nowhere/key.json");
    }
}
