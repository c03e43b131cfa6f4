//! Why a deployment does not go on: one line for a person.

use std::fmt;

/// Why a deployment does not go on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The manifest cannot be read or says something impossible: file, line, field, value and bound.
    Manifest(String),
    /// What is wanted must not or cannot be done on this chain.
    Refused(String),
    /// The network does not answer, or the program refused a step.
    Chain(String),
}

impl Fault {
    /// A refusal with its reason.
    pub(crate) fn refused(reason: impl Into<String>) -> Self {
        Self::Refused(reason.into())
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Manifest(what) | Self::Refused(what) | Self::Chain(what) => out.write_str(what),
        }
    }
}

impl std::error::Error for Fault {}
