//! The `plimsoll` command as its users live it: the compiled binary, run as a process of its own, against a local network
//! with the compiled program and the usual manifest. One network serves all stories.

mod governing;
mod liquidating;
#[path = "../network/mod.rs"]
mod network;
mod signing;
mod stage;
mod staking;
mod trading;
mod vault;
mod waiting;
