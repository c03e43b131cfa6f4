//! Trigger orders: they wait in the margin account until the oracle price reaches them.

pub mod cancel_trigger;
pub mod execute_trigger;
pub mod place_trigger;

pub use cancel_trigger::*;
pub use execute_trigger::*;
pub use place_trigger::*;
