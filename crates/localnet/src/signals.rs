//! Signals, which say when to save and when to end.

use std::{io, time::Duration};

use tokio::{
    runtime::{Builder, Runtime},
    signal::unix::{Signal, SignalKind, signal},
    time::sleep,
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
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let entered = runtime.enter();
        let [interrupt, terminate, save] =
            [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::user_defined1()].map(signal);
        drop(entered);
        Ok(Self { runtime, interrupt: interrupt?, terminate: terminate?, save: save? })
    }

    /// Waits for the next one, but not for longer than so long.
    pub fn next_within(&mut self, most: Duration) -> Option<Told> {
        let Self { runtime, interrupt, terminate, save } = self;
        runtime.block_on(async {
            tokio::select! {
                _ = interrupt.recv() => Some(Told::End),
                _ = terminate.recv() => Some(Told::End),
                _ = save.recv() => Some(Told::Save),
                () = sleep(most) => None,
            }
        })
    }
}
