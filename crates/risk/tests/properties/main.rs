//! Properties of the engine against exact models: every figure here is compared with rational arithmetic.

mod accounts;
mod conduct;
mod desk;
mod exact;
mod fills;
mod filters;
mod funding;
mod interest;
mod limits;
mod numbers;
mod positions;
