//! Properties of the engine against exact models: every figure here is compared with rational arithmetic.

mod accounts;
mod bankruptcy;
mod conduct;
mod danger;
mod deleveraging;
mod desk;
mod exact;
mod fills;
mod filters;
mod funding;
mod insurance;
mod interest;
mod limits;
mod liquidation;
mod numbers;
mod positions;
mod waterfall;
