//! Governance (DESIGN §9): loosening waits, tightening does not; who may ask for it; how long a pause may last.
//!
//! - [`table`]: every parameter, one row each. The code, the tests and `docs/RISK_PARAMETERS.md` read the same rows.
//! - [`parameter`]: what a row says: unit, bounds, class, ramp, place.
//! - [`target`]: the accounts that a parameter can live in.
//! - [`rules`]: values that contradict each other.
//! - [`change`]: a change from proposal to effect.
//! - [`pauses`]: how long the guardian may pause.

pub mod change;
#[cfg(not(target_os = "solana"))]
mod markdown;
pub mod parameter;
pub mod pauses;
pub mod rules;
pub mod table;
pub mod target;
#[cfg(test)]
mod tests;

pub use change::{CHANGE_LIFETIME, Outcome};
#[cfg(not(target_os = "solana"))]
pub use markdown::parameters_markdown;
pub use parameter::{Class, Parameter, Place, Scope, Unit, Value};
pub use rules::{require_delays, require_roles};
pub use table::PARAMETERS;
pub use target::{Target, with_target};
