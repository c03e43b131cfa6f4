//! The compiled program runs on every machine that we test on: LiteSVM, the banks of a validator, and a local network
//! where it is deployed through the loader and spoken to through JSON-RPC.

mod banks;
mod litesvm;
mod network;
mod probe;
