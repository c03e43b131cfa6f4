//! The exchange: who governs, what is settled once for all.

use super::zero_copy::account;
use crate::errors::Refusal;
use anchor_lang::prelude::*;
use plimsoll_risk::{
    layout::{Key, board::PAUSABLE_ACTIONS},
    num::{Ratio, TokenAmount},
};

/// Tiers of markets, each with its own cap on what the shared insurance fund pays in a window.
pub const TIERS: usize = 4;

/// Silence of those who govern after which anyone may wind markets down, seconds: 180 days.
pub const ABANDONED_AFTER: i64 = 180 * 86_400;

/// Nothing can be deposited yet and parameters take effect at once.
pub const PHASE_SET_UP: u8 = 0;
/// Money is held: loosening waits.
pub const PHASE_OPEN: u8 = 1;

plimsoll_risk::layout! {
    /// How long one action has been paused in the running window: a guardian cannot pause for ever.
    pub struct PauseDuty {
        /// Start of the running window, unix seconds.
        pub window_start: i64,
        /// Seconds of pause begun in it.
        pub used: u32,
        /// Unused, zero.
        pub reserved: [u8; 4],
    }

    /// One deployment of the protocol.
    pub struct Exchange {
        /// Proposes every change, adds feeds, banks and markets.
        pub admin: Key,
        /// Who becomes admin by accepting, once `admin_ready_at` has passed.
        pub nominated_admin: Key,
        /// Proposes changes of parameters, within the table's bounds.
        pub risk_council: Key,
        /// Pauses and vetoes; nothing else.
        pub guardian: Key,
        /// Receives surplus and fees.
        pub fee_collector: Key,
        /// The token that is worth 1.
        pub quote_mint: Key,
        /// The risk board.
        pub board: Key,
        /// When the nominated admin may accept, unix seconds.
        pub admin_ready_at: i64,
        /// How long loosening waits, seconds.
        pub timelock_seconds: u64,
        /// How long a ramp takes, seconds.
        pub ramp_seconds: u64,
        /// Number of the last change queued.
        pub change_sequence: u64,
        /// Number of the exchange's last event.
        pub sequence: u64,
        /// Pauses of each action in its running window.
        pub pause_duty: [PauseDuty; PAUSABLE_ACTIONS],
        /// Set-up or open.
        pub phase: u8,
        /// The canonical bump of its address.
        pub bump: u8,
        /// Unused, zero.
        pub reserved: [u8; 6],
        /// Last sign of life of those who govern, unix seconds.
        pub governed_at: i64,
        /// How long insurance stakes cool before they may be redeemed, seconds.
        pub insurance_cooldown: u32,
        /// How long a window of the shared fund's payments to a tier of markets lasts, seconds.
        pub tier_seconds: u32,
        /// Most that the fund pays above the oracle price for tokens that cover a debt.
        pub purchase_fee: Ratio,
        /// Part of the collected trading fees that is the insurance fund's revenue.
        pub fee_share: Ratio,
        /// Most that the shared fund pays for each tier of markets in a window, native quote.
        pub tier_caps: [TokenAmount; TIERS],
        /// Unused, zero.
        pub spare: [u8; 200],
    }
}

account!(Exchange, b"exchange");

impl Exchange {
    /// Seed of its address.
    pub const SEED: &'static [u8] = b"exchange";

    /// # Errors
    /// [`Refusal::NotTheAdmin`] for anybody but the admin.
    pub fn require_admin(&self, signer: &Pubkey) -> Result<()> {
        ensure!(self.admin.0 == signer.to_bytes(), Refusal::NotTheAdmin);
        Ok(())
    }

    /// Whether money may be held, and loosening waits.
    pub fn is_open(&self) -> bool {
        self.phase == PHASE_OPEN
    }

    /// A sign of life of those who govern, and the number for its event.
    pub fn governed(&mut self, now: i64) -> u64 {
        self.governed_at = now;
        self.next_event()
    }

    /// Whether nobody has governed for so long that anyone may wind markets down.
    pub const fn is_abandoned(&self, now: i64) -> bool {
        now.saturating_sub(self.governed_at) >= ABANDONED_AFTER
    }

    /// Number for the exchange's next event.
    pub fn next_event(&mut self) -> u64 {
        self.sequence = self.sequence.wrapping_add(1); // a counter, never a quantity
        self.sequence
    }
}
