//! The cluster's time.

use anchor_lang::prelude::*;

/// Now, unix seconds: one copy of what nearly every instruction asks for.
///
/// # Errors
/// The runtime's, where it has no clock.
#[inline(never)]
pub(crate) fn now() -> Result<i64> {
    Ok(Clock::get()?.unix_timestamp)
}
