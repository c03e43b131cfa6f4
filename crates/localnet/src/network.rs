//! The network itself: boot, addresses, money, transactions, end.

use std::{
    net::TcpListener,
    thread::{self, JoinHandle},
};

use anyhow::{Context, Result, anyhow, bail};
use crossbeam_channel::{Receiver, Sender};
use hiro_system_kit::nestable_block_on;
use solana_client::rpc_client::RpcClient;
use solana_commitment_config::CommitmentConfig;
use solana_instruction::Instruction;
use solana_keypair::{Keypair, Signature};
use solana_message::{Message, VersionedMessage};
use solana_pubkey::Pubkey;
use solana_rpc_client_api::config::RpcSendTransactionConfig;
use solana_signer::Signer;
use solana_transaction::versioned::VersionedTransaction;
use surfpool_core::{
    runloops::start_local_surfnet_runloop,
    surfnet::{
        locker::SurfnetSvmLocker,
        svm::{SurfnetSvm, SurfnetSvmConfig},
    },
};
use surfpool_types::{
    BlockProductionMode, RpcConfig, SimnetCommand, SimnetConfig, SimnetEvent, SurfpoolConfig,
    SvmFeatureConfig,
};

/// When a block is made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Blocks {
    /// One for each transaction: nothing waits, nothing happens between two requests. For tests.
    #[default]
    PerTransaction,
    /// By the clock, as on a real network.
    ByClock,
}

/// How a network is booted.
#[derive(Clone, Debug)]
pub struct Options {
    pub blocks: Blocks,
    /// Length of a slot in milliseconds. Jumps in time divide by it: keep it near 400.
    pub slot_ms: u64,
    /// Ports of JSON-RPC and WebSocket; free ones are chosen otherwise.
    pub ports: Option<(u16, u16)>,
}

impl Default for Options {
    fn default() -> Self {
        Self { blocks: Blocks::default(), slot_ms: 400, ports: None }
    }
}

/// A running network. It ends when dropped.
pub struct Network {
    ports: (u16, u16),
    pub(crate) locker: SurfnetSvmLocker,
    commands: Sender<SimnetCommand>,
    run: Option<JoinHandle<()>>,
}

impl Network {
    /// A network for tests: a block for each transaction, on free ports.
    pub fn boot() -> Result<Self> {
        Self::boot_with(&Options::default())
    }

    /// A network as described.
    pub fn boot_with(options: &Options) -> Result<Self> {
        const ATTEMPTS: usize = 5;
        if let Some(ports) = options.ports {
            return Self::on_ports(options, ports);
        }
        // Between finding a free port and listening on it, another process may take it: then others are tried.
        let mut failure = anyhow!("no attempt was made");
        for _ in 0..ATTEMPTS {
            match Self::on_ports(options, free_ports()?) {
                Ok(network) => return Ok(network),
                Err(error) => failure = error,
            }
        }
        Err(failure.context("the local network did not start"))
    }

    fn on_ports(options: &Options, ports: (u16, u16)) -> Result<Self> {
        let config = surfpool_config(options, ports);
        let (svm, events, geyser) = SurfnetSvm::new(svm_config(&config.simnets[0]))
            .map_err(|error| anyhow!("the virtual machine did not start: {error}"))?;
        let locker = SurfnetSvmLocker::new(svm);
        let (commands, received) = crossbeam_channel::unbounded();

        let (loop_locker, loop_commands) = (locker.clone(), commands.clone());
        let run = thread::Builder::new().name("localnet".to_owned()).spawn(move || {
            let run = start_local_surfnet_runloop(loop_locker, config, loop_commands, received, geyser);
            if let Err(error) = nestable_block_on(run) {
                eprintln!("local network: {error}");
            }
        })?;
        wait_until_started(&events)?;
        drain(events)?;
        Ok(Self { ports, locker, commands, run: Some(run) })
    }

    pub fn rpc_url(&self) -> String {
        format!("http://127.0.0.1:{}", self.ports.0)
    }

    pub fn websocket_url(&self) -> String {
        format!("ws://127.0.0.1:{}", self.ports.1)
    }

    /// A client that sees a transaction's effects as soon as it was processed.
    pub fn client(&self) -> RpcClient {
        RpcClient::new_with_commitment(self.rpc_url(), CommitmentConfig::processed())
    }

    /// Gives an address lamports out of nothing.
    pub fn airdrop(&self, to: &Pubkey, lamports: u64) -> Result<()> {
        let outcome = self.locker.airdrop(to, lamports).map_err(|error| anyhow!("airdrop: {error}"))?;
        outcome.map(|_| ()).map_err(|failed| anyhow!("airdrop: {}", failed.err))
    }

    /// Sends one transaction through JSON-RPC and fails unless it succeeded. The first signer pays.
    pub fn send(&self, instructions: &[Instruction], signers: &[&Keypair]) -> Result<Signature> {
        let client = self.client();
        let signature = submit(&client, instructions, signers, false)?;
        outcome_of(&client, &signature)
    }

    /// Sends one transaction without a rehearsal and without asking what became of it: for many at once, whose effect
    /// is looked at afterwards.
    pub fn send_blindly(&self, instructions: &[Instruction], signers: &[&Keypair]) -> Result<Signature> {
        submit(&self.client(), instructions, signers, true)
    }

    /// Waits for the network's end, which comes when the process is interrupted.
    pub fn join(mut self) -> Result<()> {
        let run = self.run.take().context("the network was joined before")?;
        run.join().map_err(|_| anyhow!("the local network panicked"))
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        // An error means that it has ended already.
        let _ = self.commands.send(SimnetCommand::Terminate(None));
    }
}

fn submit(
    client: &RpcClient,
    instructions: &[Instruction],
    signers: &[&Keypair],
    skip_preflight: bool,
) -> Result<Signature> {
    let payer = signers.first().context("a transaction needs a signer")?.pubkey();
    let message = Message::new_with_blockhash(instructions, Some(&payer), &client.get_latest_blockhash()?);
    let transaction = VersionedTransaction::try_new(VersionedMessage::Legacy(message), signers)?;
    let config = RpcSendTransactionConfig {
        skip_preflight,
        preflight_commitment: Some(CommitmentConfig::processed().commitment),
        ..Default::default()
    };
    Ok(client.send_transaction_with_config(&transaction, config)?)
}

/// Asks until the outcome is known. The request that sent the transaction returned when it had been executed; what
/// remains is that the block with it is written.
fn outcome_of(client: &RpcClient, signature: &Signature) -> Result<Signature> {
    const REQUESTS: usize = 10_000;
    for _ in 0..REQUESTS {
        if let Some(outcome) = client.get_signature_status(signature)? {
            return outcome.map(|()| *signature).with_context(|| format!("{signature} failed"));
        }
        thread::yield_now();
    }
    bail!("{signature} was sent and never processed")
}

/// Two ports that nothing listens on, distinct because both are held while they are looked for.
fn free_ports() -> Result<(u16, u16)> {
    let (first, second) = (TcpListener::bind("127.0.0.1:0")?, TcpListener::bind("127.0.0.1:0")?);
    Ok((first.local_addr()?.port(), second.local_addr()?.port()))
}

fn surfpool_config(options: &Options, ports: (u16, u16)) -> SurfpoolConfig {
    let simnet = SimnetConfig {
        // Without both it would fetch accounts that it lacks from the public network.
        offline_mode: true,
        remote_rpc_url: None,
        slot_time: options.slot_ms,
        block_production_mode: match options.blocks {
            Blocks::PerTransaction => BlockProductionMode::Transaction,
            Blocks::ByClock => BlockProductionMode::Clock,
        },
        instruction_profiling_enabled: false,
        ..Default::default()
    };
    let rpc = RpcConfig {
        bind_host: "127.0.0.1".to_owned(),
        bind_port: ports.0,
        ws_port: ports.1,
        ..Default::default()
    };
    SurfpoolConfig { simnets: vec![simnet], rpc, ..Default::default() }
}

fn svm_config(simnet: &SimnetConfig) -> SurfnetSvmConfig {
    SurfnetSvmConfig {
        surfnet_id: simnet.surfnet_id.clone(),
        slot_time: simnet.slot_time,
        instruction_profiling_enabled: simnet.instruction_profiling_enabled,
        max_profiles: simnet.max_profiles,
        log_bytes_limit: simnet.log_bytes_limit,
        feature_config: SvmFeatureConfig::default(),
        skip_blockhash_check: simnet.skip_blockhash_check,
    }
}

fn wait_until_started(events: &Receiver<SimnetEvent>) -> Result<()> {
    loop {
        match events.recv().context("the network ended while it started")? {
            SimnetEvent::CoreStarted(_) => return Ok(()),
            SimnetEvent::Aborted(reason) => bail!("the network did not start: {reason}"),
            SimnetEvent::Shutdown => bail!("the network shut down while it started"),
            _ => {}
        }
    }
}

/// Takes events as they come until the network ends: their channel has no bound and would fill the memory.
fn drain(events: Receiver<SimnetEvent>) -> Result<()> {
    thread::Builder::new().name("localnet-events".to_owned()).spawn(move || {
        for event in events {
            if let SimnetEvent::ErrorLog(_, message) = event {
                eprintln!("local network: {message}");
            }
        }
    })?;
    Ok(())
}
