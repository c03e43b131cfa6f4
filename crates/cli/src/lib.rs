//! What the `plimsoll` command does, apart from the process around it.

pub mod commands;
pub mod deploy;
pub mod margin;
pub mod refusal;

pub use refusal::Refusal;
