//! What the `plimsoll` command does, apart from the process around it.

pub mod act;
pub mod amounts;
pub mod commands;
pub mod deploy;
pub mod exchange;
pub mod figure;
pub mod look;
pub mod margin;
pub mod names;
pub mod refusal;
pub mod session;
pub mod watch;

pub use refusal::Refusal;
