//! Signals, which say when to save and when to end.

use std::io;

use tokio::{
    runtime::{Builder, Runtime},
    signal::unix::{Signal, SignalKind, signal},
};

/// What a signal means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    /// An interrupt, or a termination.
    End,
    /// SIGUSR1.
    Save,
}

/// The signals that are listened for.
pub struct Signals {
    runtime: Runtime,
    interrupt: Signal,
    terminate: Signal,
    save: Signal,
}

impl Signals {
    /// Listens from now on: what comes before somebody asks is not lost.
    pub fn listen() -> io::Result<Self> {
        let runtime = Builder::new_current_thread().enable_io().build()?;
        let entered = runtime.enter();
        let [interrupt, terminate, save] =
            [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::user_defined1()].map(signal);
        drop(entered);
        Ok(Self { runtime, interrupt: interrupt?, terminate: terminate?, save: save? })
    }

    /// Waits for the next one.
    pub fn next(&mut self) -> Told {
        let Self { runtime, interrupt, terminate, save } = self;
        runtime.block_on(async {
            tokio::select! {
                _ = interrupt.recv() => Told::End,
                _ = terminate.recv() => Told::End,
                _ = save.recv() => Told::Save,
            }
        })
    }
}
