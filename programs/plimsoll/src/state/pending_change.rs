//! A change of a parameter that waits for its time.

use super::zero_copy::account;
use plimsoll_risk::layout::Key;

plimsoll_risk::layout! {
    /// One queued change: what, from which value to which, by whom, when.
    pub struct PendingChange {
        /// The exchange that it belongs to.
        pub exchange: Key,
        /// Who proposed it and gets its rent back.
        pub proposer: Key,
        /// Value of the parameter when the change was queued: the change dies if it moved since.
        pub old_value: [u8; 32],
        /// The value wanted.
        pub new_value: [u8; 32],
        /// Its number.
        pub number: u64,
        /// When it was queued, unix seconds.
        pub queued_at: i64,
        /// From when it may be applied, unix seconds.
        pub ready_at: i64,
        /// From when it may not be applied any more, unix seconds.
        pub expires_at: i64,
        /// Number of the parameter in the table.
        pub parameter: u16,
        /// Which bank, feed or market; 0 where there is only one.
        pub target: u8,
        /// The canonical bump of its address.
        pub bump: u8,
        /// Unused, zero.
        pub reserved: [u8; 4],
    }
}

account!(PendingChange, b"pendingc");

impl PendingChange {
    /// Seed of its address, before the exchange and its number.
    pub const SEED: &'static [u8] = b"change";
}
