//! The subcommands: what each takes, reads and writes.

pub mod deploy;
pub mod margin;
