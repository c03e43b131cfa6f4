//! The insurance fund and what its stakers hold of it.

use super::{exchange::TIERS, zero_copy::account};
use crate::errors::Refusal;
use anchor_lang::prelude::*;
use plimsoll_risk::{
    insurance::{Fund, Stake},
    layout::Key,
    waterfall::TierWindow,
};

plimsoll_risk::layout! {
    /// The shared part of the insurance: what it has, who shares it, what it paid lately.
    ///
    /// Its cash lies in the quote vault, earmarked together with the markets' own tranches.
    pub struct InsuranceFund {
        /// The exchange that it belongs to.
        pub exchange: Key,
        /// Assets and shares.
        pub fund: Fund,
        /// What was paid for each tier of markets in its running window.
        pub tiers: [TierWindow; TIERS],
        /// Accounts and pockets that are marked insolvent.
        pub insolvent: u32,
        /// Markets with an open deficit.
        pub open_deficits: u32,
        /// Number of its last event.
        pub sequence: u64,
        /// The canonical bump of its address.
        pub bump: u8,
        /// Unused, zero.
        pub reserved: [u8; 7],
        /// Unused, zero.
        pub spare: [u8; 128],
    }

    /// One owner's stake in the fund.
    pub struct InsuranceStake {
        /// The exchange that it belongs to.
        pub exchange: Key,
        /// Whose it is.
        pub owner: Key,
        /// Shares.
        pub stake: Stake,
        /// Number of its last event.
        pub sequence: u64,
        /// The canonical bump of its address.
        pub bump: u8,
        /// Unused, zero.
        pub reserved: [u8; 7],
        /// Unused, zero.
        pub spare: [u8; 64],
    }
}

account!(InsuranceFund, b"insuranc");
account!(InsuranceStake, b"insstake");

impl InsuranceFund {
    /// Seed of its address, before the exchange.
    pub const SEED: &'static [u8] = b"insurance";

    /// # Errors
    /// [`Refusal::ForeignExchange`] for the fund of another exchange.
    pub fn require_of(&self, exchange: &Key) -> Result<()> {
        ensure!(self.exchange == *exchange, Refusal::ForeignExchange);
        Ok(())
    }

    /// Whether somebody's loss is known but not borne yet: then nobody leaves.
    pub fn loss_pending(&self) -> bool {
        self.insolvent != 0 || self.open_deficits != 0
    }

    /// Number for the fund's next event.
    pub fn next_event(&mut self) -> u64 {
        self.sequence = self.sequence.wrapping_add(1); // a counter, never a quantity
        self.sequence
    }
}

impl InsuranceStake {
    /// Seed of its address, before exchange and owner.
    pub const SEED: &'static [u8] = b"stake";

    /// # Errors
    /// [`Refusal::NotTheOwner`] for anybody else.
    pub fn require_owner(&self, signer: &Pubkey) -> Result<()> {
        ensure!(self.owner.is(signer.as_array()), Refusal::NotTheOwner);
        Ok(())
    }

    /// # Errors
    /// [`Refusal::StakeNotEmpty`] while it has shares. Those of a generation that lost everything go when they are told to
    /// cool.
    pub fn require_empty(&self) -> Result<()> {
        ensure!(self.stake.shares.is_zero() && self.stake.cooling.is_zero(), Refusal::StakeNotEmpty);
        Ok(())
    }

    /// Number for the stake's next event.
    pub fn next_event(&mut self) -> u64 {
        self.sequence = self.sequence.wrapping_add(1); // a counter, never a quantity
        self.sequence
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytemuck::Zeroable;
    use plimsoll_risk::num::{Shares, TokenAmount};

    #[test]
    fn a_loss_pends_while_somebody_is_insolvent_or_a_deficit_is_open() {
        let mut fund = InsuranceFund::zeroed();
        assert!(!fund.loss_pending());
        fund.insolvent = 1;
        assert!(fund.loss_pending());
        (fund.insolvent, fund.open_deficits) = (0, 1);
        assert!(fund.loss_pending());
    }

    #[test]
    fn a_stake_that_lost_everything_is_empty_once_it_was_told_to_cool() {
        let (mut fund, mut stake) = (InsuranceFund::zeroed(), InsuranceStake::zeroed());
        fund.fund.stake(&mut stake.stake, TokenAmount::new(5_000), 1_000).unwrap();
        fund.fund.slash(TokenAmount::new(5_000), 1_001);
        assert_eq!(stake.require_empty().unwrap_err(), Refusal::StakeNotEmpty.into());
        fund.fund.begin_cooling(&mut stake.stake, Shares::ZERO, 1_002).unwrap();
        stake.require_empty().unwrap();
    }
}
