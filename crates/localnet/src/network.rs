//! The network itself: boot, addresses, money, transactions, end.

use std::{
    net::TcpListener,
    sync::atomic::{AtomicU32, Ordering},
    thread::{self, JoinHandle},
};

use anyhow::{Context, Result, anyhow, bail};
use crossbeam_channel::{Receiver, Sender};
use hiro_system_kit::nestable_block_on;
use solana_client::rpc_client::RpcClient;
use solana_commitment_config::CommitmentConfig;
use solana_compute_budget_interface::ComputeBudgetInstruction;
use solana_instruction::Instruction;
use solana_keypair::{Keypair, Signature};
use solana_message::{Hash, Message, VersionedMessage};
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
    SvmFeatureConfig, TransactionStatusEvent,
};

use crate::{
    clock::Clock,
    once::{self, Known},
    watch::{self, Processed},
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
    /// Length of a slot, milliseconds: how often there is a block by the clock, and how far one moves a clock that runs.
    pub slot_ms: u64,
    /// Ports of JSON-RPC and WebSocket; a free one is chosen instead of 0.
    pub ports: (u16, u16),
    /// Hears of every processed transaction. A sender that can be full would stop the network: give it one without bound.
    pub watch: Option<Sender<Processed>>,
}

impl Default for Options {
    fn default() -> Self {
        Self { blocks: Blocks::default(), slot_ms: 400, ports: (0, 0), watch: None }
    }
}

/// A running network. It ends when dropped.
pub struct Network {
    ports: (u16, u16),
    pub(crate) locker: SurfnetSvmLocker,
    clock: Clock,
    commands: Sender<SimnetCommand>,
    run: Option<JoinHandle<()>>,
    /// How many transactions were executed without JSON-RPC.
    executed: AtomicU32,
}

/// Compute units that such a transaction may take, at least; and at most twice that.
const LEAST_LIMIT: u32 = 500_000;

impl Network {
    /// A network for tests: a block for each transaction, on free ports.
    pub fn boot() -> Result<Self> {
        Self::boot_with(&Options::default())
    }

    /// A network as described.
    ///
    /// # Errors
    /// A port is taken, or the machine does not start.
    pub fn boot_with(options: &Options) -> Result<Self> {
        const ATTEMPTS: usize = 5;
        // Between finding a free port and listening on it, another process may take it: then others are tried.
        let attempts = if options.ports.0 != 0 && options.ports.1 != 0 { 1 } else { ATTEMPTS };
        let mut failure = anyhow!("no attempt was made");
        for _ in 0..attempts {
            match Self::on_ports(options, ports(options.ports)?) {
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
        let (commands, sent) = crossbeam_channel::unbounded();
        let known = Known::default();
        let received = once::filter(sent, known.clone())?;
        let unheard = watch::listen(geyser, options.watch.clone(), known)?;

        let (loop_locker, loop_commands) = (locker.clone(), commands.clone());
        let run = thread::Builder::new().name("localnet".to_owned()).spawn(move || {
            let run = start_local_surfnet_runloop(loop_locker, config, loop_commands, received, unheard);
            if let Err(error) = nestable_block_on(run) {
                eprintln!("local network: {error}");
            }
        })?;
        wait_until_started(&events)?;
        drain(events)?;
        let clock = Clock::new(locker.clone(), options.slot_ms);
        Ok(Self { ports, locker, clock, commands, run: Some(run), executed: AtomicU32::new(0) })
    }

    /// The network's clock, for whoever turns it from another thread.
    pub fn clock(&self) -> Clock {
        self.clock.clone()
    }

    /// The time that programs see, unix seconds.
    pub fn now(&self) -> i64 {
        self.clock.now()
    }

    /// Sets the time that programs see: [`Clock::set_time`].
    ///
    /// # Errors
    /// Before 1970 or beyond what milliseconds can count.
    pub fn set_time(&self, unix_time: i64) -> Result<()> {
        self.clock.set_time(unix_time)
    }

    /// Lets time go on by itself: [`Clock::runs_free`].
    pub fn clock_runs_free(&self) {
        self.clock.runs_free();
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
        let signature = submit(&client, instructions, signers)?;
        outcome_of(&client, &signature)
    }

    /// Has one transaction executed, without the way through JSON-RPC. The first signer pays. The same instructions may be
    /// sent again.
    pub(crate) fn execute(&self, instructions: &[Instruction], signers: &[&Keypair]) -> Result<Signature> {
        // Its limit is what makes it another transaction than the one before.
        let limit = LEAST_LIMIT + self.executed.fetch_add(1, Ordering::Relaxed) % LEAST_LIMIT;
        let limit = ComputeBudgetInstruction::set_compute_unit_limit(limit);
        let instructions: Vec<Instruction> = [limit].iter().chain(instructions).cloned().collect();
        let transaction = signed(&instructions, signers, &self.locker.latest_absolute_blockhash())?;
        let signature = transaction.signatures[0]; // that of whoever pays
        let (answer, outcome) = crossbeam_channel::bounded(1);
        let command = SimnetCommand::ProcessTransaction(None, transaction, answer, true, None);
        self.commands.send(command).map_err(|_| anyhow!("the network has ended"))?;
        match outcome.recv()? {
            TransactionStatusEvent::Success(_) => Ok(signature),
            TransactionStatusEvent::SimulationFailure((error, meta))
            | TransactionStatusEvent::ExecutionFailure((error, meta)) => {
                bail!("{error}\n{}", meta.logs.join("\n"))
            }
            TransactionStatusEvent::VerificationFailure(why) => bail!(why),
        }
    }

    /// Makes a block now.
    pub(crate) fn makes_block(&self) -> Result<()> {
        let made = self.locker.with_svm_writer(SurfnetSvm::confirm_current_block);
        made.map_err(|error| anyhow!("no block could be made: {error}"))
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

fn signed(
    instructions: &[Instruction],
    signers: &[&Keypair],
    blockhash: &Hash,
) -> Result<VersionedTransaction> {
    let payer = signers.first().context("a transaction needs a signer")?.pubkey();
    let message = Message::new_with_blockhash(instructions, Some(&payer), blockhash);
    Ok(VersionedTransaction::try_new(VersionedMessage::Legacy(message), signers)?)
}

fn submit(client: &RpcClient, instructions: &[Instruction], signers: &[&Keypair]) -> Result<Signature> {
    let transaction = signed(instructions, signers, &client.get_latest_blockhash()?)?;
    let config = RpcSendTransactionConfig {
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

/// The wanted ports, with ports that nothing listens on instead of 0; distinct because both are held while they are looked
/// for.
fn ports((rpc, websocket): (u16, u16)) -> Result<(u16, u16)> {
    let (first, second) = (TcpListener::bind("127.0.0.1:0")?, TcpListener::bind("127.0.0.1:0")?);
    let or_free = |wanted, free: &TcpListener| -> Result<u16> {
        Ok(if wanted == 0 { free.local_addr()?.port() } else { wanted })
    };
    Ok((or_free(rpc, &first)?, or_free(websocket, &second)?))
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

/// How messages about one transaction begin.
const REFUSALS: [&str; 3] =
    ["Transaction simulation failed", "Transaction execution failed", "Failed to process transaction"];

/// Takes events as they come until the network ends: nobody else does.
fn drain(events: Receiver<SimnetEvent>) -> Result<()> {
    thread::Builder::new().name("localnet-events".to_owned()).spawn(move || {
        for event in events {
            match event {
                // Whoever sent the transaction hears of it.
                SimnetEvent::ErrorLog(_, message) if REFUSALS.iter().any(|it| message.starts_with(it)) => {}
                SimnetEvent::ErrorLog(_, message) => eprintln!("local network: {message}"),
                _ => {}
            }
        }
    })?;
    Ok(())
}
