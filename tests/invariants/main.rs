//! What must hold whatever happens.

mod oracle_formats;
mod random_walk;
mod trading_walk;
