//! What a sender asks, sends and says, by a network that answers as it is told to.

mod journeys;
mod nodes;
mod script;
mod sending;
