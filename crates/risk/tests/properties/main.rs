//! Properties of the engine against exact models: every figure here is compared with rational arithmetic.

mod accounts;
mod exact;
mod filters;
mod interest;
mod limits;
mod numbers;
mod positions;
