//! What must hold whatever happens.

mod danger_walk;
mod oracle_formats;
mod random_walk;
mod trading_walk;
