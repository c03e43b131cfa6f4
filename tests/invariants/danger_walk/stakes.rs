//! Stakes in the insurance fund: they come, cool and go, whatever happens to those whom they insure.

use super::walk::{STAKERS, Walk};
use harness::tokens::*;
use plimsoll_client::instructions::insurance::Stake;
use plimsoll_risk::insurance::Stake as Shares;

impl Walk {
    fn staker(&mut self) -> (&'static str, Stake) {
        let name = if self.dice.percent(90) { self.dice.one_of(&STAKERS) } else { self.anybody() };
        (name, Stake::derive(&self.world.exchange, self.key(name)))
    }

    /// His shares; none without a stake.
    fn shares(&self, name: &str, stake: &Stake) -> Shares {
        let is_open = !self.world.chain.data(&stake.address).is_empty();
        if is_open { self.world.stake(name).stake } else { bytemuck::Zeroable::zeroed() }
    }

    pub fn stakes(&mut self) {
        let (name, stake) = self.staker();
        let amount = if self.dice.percent(4) { 0 } else { usdc(600.0 * self.dice.sign().abs()) };
        let (account, bank) = (self.address(name), self.world.quote_bank());
        let oracles = self.brought_along();
        self.sends(&[stake.stake(account, bank, amount, &oracles)]);
    }

    pub fn cools(&mut self) {
        let (name, stake) = self.staker();
        let held = self.shares(name, &stake);
        let shares = held.shares.get() + held.cooling.get();
        let shares = match self.dice.below(10) {
            0 => 0,
            1 => shares + 1,
            _ => shares / 4 * (1 + self.dice.below(4)),
        };
        self.sends(&[stake.cool(shares)]);
    }

    pub fn redeems(&mut self) {
        let (name, stake) = self.staker();
        let shares = self.shares(name, &stake).cooling.get();
        let shares = match self.dice.below(10) {
            0 => shares + 1,
            1..5 => shares / 2 + 1,
            _ => shares,
        };
        let (account, bank) = (self.address(name), self.world.quote_bank());
        self.sends(&[stake.redeem(account, bank, shares)]);
    }

    /// Until what cools may be redeemed, which mostly happens then.
    pub fn waits_for_a_stake(&mut self) {
        let (name, stake) = self.staker();
        let held = self.shares(name, &stake);
        if held.cooling.is_zero() {
            return self.cools();
        }
        let left = held.ready_at - self.world.now();
        self.world.passes(left.max(0));
        self.everything_is_refreshed();
        let (account, bank) = (self.address(name), self.world.quote_bank());
        self.sends(&[stake.redeem(account, bank, held.cooling.get())]);
    }

    pub fn opens_or_closes_a_stake(&mut self) {
        let name = self.anybody();
        let stake = Stake::derive(&self.world.exchange, self.key(name));
        let instruction = if self.dice.percent(50) { stake.open() } else { stake.close() };
        self.sends(&[instruction]);
    }

    /// Mostly whoever governs; beside the fund he is who markets hang on.
    pub fn proves_life(&mut self) {
        let name = if self.dice.percent(60) { "admin" } else { "guardian" };
        let signer = self.world.person(name);
        self.sends(&[plimsoll_client::instructions::settlement::prove_life(&self.world.exchange, signer)]);
    }
}
