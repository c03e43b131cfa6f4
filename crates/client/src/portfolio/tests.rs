//! What a portfolio says, held against the engine and the program's own rules one unit on either side.

mod limits;
mod liquidation;
mod orders;
mod values;
mod withdrawal;
mod world;
