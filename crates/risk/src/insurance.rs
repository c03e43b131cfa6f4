//! The insurance fund: what stakers own of it, what it loses, and how revenue reaches them (DESIGN §6 "Insurance
//! staking").
//!
//! Shares are priced with a *virtual offset*: as if [`VIRTUAL_SHARES`] shares owned one native unit more. So the first
//! staker cannot make the price so high that the next one's shares round to nothing: to take a unit from them, a
//! donation must give up a thousand. Revenue streams in over a day, so nobody earns by staking for the moment in which
//! it arrives.

use crate::error::{RiskError, overflow};
use crate::num::{Shares, TokenAmount, wide};

/// Shares that nobody owns, against one native unit.
pub const VIRTUAL_SHARES: u64 = 1_000;

/// How long revenue takes to reach the stakers, seconds.
pub const STREAM_SECONDS: i64 = 86_400;

/// How long after cooling shares may be redeemed, seconds; then they must cool again.
pub const REDEMPTION_SECONDS: i64 = 172_800;

/// A stake gets at least so many shares, so that rounding never takes more than a thousandth of it, however dear they
/// became.
pub const LEAST_SHARES: u64 = 1_000;

/// A loss that leaves less than 2^-20 of what a share cost at first ends a generation: no price could go on from there.
const WIPED_BITS: u32 = 20;

crate::layout! {
    /// What the fund has, and who shares it.
    pub struct Fund {
        /// What the shares own, native quote.
        pub assets: TokenAmount,
        /// What nobody's shares own, native quote: revenue from times without stakers, and what those left behind who
        /// lost all.
        pub own: TokenAmount,
        /// Revenue that is still streaming in, native quote. It covers losses, too, and before the stakers do.
        pub streaming: TokenAmount,
        /// When all of it will have arrived, unix seconds.
        pub stream_end: i64,
        /// Until when it was credited, unix seconds.
        pub streamed_at: i64,
        /// All shares, cooling ones included.
        pub shares: Shares,
        /// How often the stakers lost everything: stakes of an earlier generation are worth nothing.
        pub generation: u32,
        /// How long shares cool, seconds.
        pub cooldown: u32,
    }

    /// One owner's stake.
    pub struct Stake {
        /// Shares that are not cooling.
        pub shares: Shares,
        /// Shares that are: still slashable, and priced when they are redeemed.
        pub cooling: Shares,
        /// When they may be redeemed, unix seconds.
        pub ready_at: i64,
        /// The fund's generation that the shares are of.
        pub generation: u32,
        /// Unused, zero.
        pub reserved: [u8; 4],
    }
}

/// Why a stake cannot move.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StakeRefusal {
    /// An insolvent account is flagged, or a deficit is open: who stakes then pays first. Wait until it is covered.
    LossPending,
    /// The shares are still cooling. Redeem from `ready_at` on.
    Cooling {
        /// When they may be redeemed, unix seconds.
        ready_at: i64,
    },
    /// The time to redeem has passed. Let them cool again.
    WindowOver,
    /// There are not so many shares.
    NotEnough,
    /// The amount is worth fewer than [`LEAST_SHARES`], or the shares are worth less than a unit.
    TooSmall,
    /// A sum does not fit.
    Arithmetic(RiskError),
}

impl From<RiskError> for StakeRefusal {
    fn from(error: RiskError) -> Self {
        Self::Arithmetic(error)
    }
}

impl Fund {
    /// Credits the stream until now, rounded down; a clock that went back credits nothing.
    pub fn credit(&mut self, now: i64) {
        let elapsed = now.saturating_sub(self.streamed_at);
        if elapsed <= 0 {
            return;
        }
        let left = self.stream_end.saturating_sub(self.streamed_at);
        let arrived = if elapsed >= left {
            self.streaming.get()
        } else {
            // A part of it.
            wide::mul_div_down(self.streaming.get(), elapsed.unsigned_abs(), left.unsigned_abs()).unwrap_or(0)
        };
        // Without stakers it is the fund's own: else the virtual shares would have a price before the first stake.
        let owner = if self.shares.is_zero() { &mut self.own } else { &mut self.assets };
        // Only where the total is beyond its range, and then the rest waits.
        if let Ok(sum) = owner.checked_add(TokenAmount::new(arrived)) {
            *owner = sum;
            self.streaming = self.streaming.saturating_sub(TokenAmount::new(arrived));
            self.streamed_at = now;
        }
    }

    /// Adds revenue (native quote), to stream in over [`STREAM_SECONDS`].
    ///
    /// What is streaming already keeps its pace: the end is the mean of both ends, weighted with the amounts and
    /// rounded up, so that adding a unit every second delays nothing. `Overflow` where the total does not fit; then
    /// only the stream was credited.
    pub fn add_revenue(&mut self, amount: TokenAmount, now: i64) -> Result<(), RiskError> {
        self.credit(now);
        if amount.is_zero() {
            return Ok(());
        }
        let streaming = self.streaming.checked_add(amount)?;
        self.assets.checked_add(self.own)?.checked_add(streaming)?;
        let left = self.stream_end.saturating_sub(now).clamp(0, STREAM_SECONDS).unsigned_abs();
        // Below 2^64 × 86,400, twice; the mean is at most a day.
        let weight = wide::mul(self.streaming.get(), left)
            .saturating_add(wide::mul(amount.get(), STREAM_SECONDS.unsigned_abs()));
        let mean = weight.div_ceil(u128::from(streaming.get()));
        let mean = i64::try_from(mean).unwrap_or(STREAM_SECONDS);
        self.streaming = streaming;
        self.stream_end = now.saturating_add(mean);
        self.streamed_at = self.streamed_at.max(now);
        Ok(())
    }

    /// All that covers losses, native quote.
    pub const fn cover(&self) -> TokenAmount {
        TokenAmount::new(
            self.assets.get().saturating_add(self.own.get()).saturating_add(self.streaming.get()),
        )
    }

    /// Takes a loss: what is streaming bears first, then what is the fund's own, then all shares alike. Returns what
    /// was there to be taken, native quote.
    ///
    /// A loss that leaves shares worth next to nothing ends their generation: what is left is the fund's, and who
    /// stakes next begins anew.
    pub fn slash(&mut self, amount: TokenAmount, now: i64) -> TokenAmount {
        self.credit(now);
        let mut left = amount;
        draw(&mut left, &mut self.streaming);
        draw(&mut left, &mut self.own);
        let from_shares = draw(&mut left, &mut self.assets);
        let first_price = self.shares.get().checked_div(VIRTUAL_SHARES).unwrap_or(0);
        let is_wiped = self.assets.get() < (first_price >> WIPED_BITS).max(1);
        if is_wiped && !from_shares.is_zero() && !self.shares.is_zero() {
            self.shares = Shares::ZERO;
            self.generation = self.generation.wrapping_add(1);
            self.close();
        }
        amount.saturating_sub(left)
    }

    /// Without shares nobody owns assets but the fund.
    fn close(&mut self) {
        if self.shares.is_zero() {
            // Below their sum, which was there before.
            self.own = TokenAmount::new(self.own.get().saturating_add(self.assets.get()));
            self.assets = TokenAmount::ZERO;
        }
    }

    /// What so many shares are worth now, native quote, rounded down.
    pub fn worth(&self, shares: Shares) -> Result<TokenAmount, RiskError> {
        let (assets, all) = self.price()?;
        match wide::mul_div_down(shares.get(), assets, all) {
            Some(worth) => Ok(TokenAmount::new(worth)),
            None => overflow(),
        }
    }

    /// Assets over shares, the virtual ones included.
    fn price(&self) -> Result<(u64, u64), RiskError> {
        match (self.assets.get().checked_add(1), self.shares.get().checked_add(VIRTUAL_SHARES)) {
            (Some(assets), Some(shares)) => Ok((assets, shares)),
            _ => overflow(),
        }
    }

    /// Stakes an amount (native quote); returns the shares, rounded down. Refusals: `TooSmall`, `Arithmetic`; then only
    /// the stream was credited.
    pub fn stake(
        &mut self,
        stake: &mut Stake,
        amount: TokenAmount,
        now: i64,
    ) -> Result<Shares, StakeRefusal> {
        self.credit(now);
        let mut own = *stake;
        own.renew(self.generation);
        let (assets, all) = self.price()?;
        let Some(shares) = wide::mul_div_down(amount.get(), all, assets) else {
            return Err(StakeRefusal::Arithmetic(RiskError::Overflow));
        };
        if shares < LEAST_SHARES {
            return Err(StakeRefusal::TooSmall);
        }
        let shares = Shares::new(shares);
        let total = self.assets.checked_add(amount)?;
        total.checked_add(self.own)?.checked_add(self.streaming)?;
        let issued = self.shares.checked_add(shares)?;
        own.shares = own.shares.checked_add(shares)?;
        (self.assets, self.shares, *stake) = (total, issued, own);
        Ok(shares)
    }

    /// Takes redeemable shares out of a stake; returns what they are worth now, native quote, rounded down.
    ///
    /// Between the end of cooling and [`REDEMPTION_SECONDS`] later, and not while a loss is pending (an insolvent
    /// account is flagged or a deficit is open). Refusals as named; then only the stream was credited.
    pub fn redeem(
        &mut self,
        stake: &mut Stake,
        shares: Shares,
        loss_pending: bool,
        now: i64,
    ) -> Result<TokenAmount, StakeRefusal> {
        self.credit(now);
        let mut own = *stake;
        own.renew(self.generation);
        if loss_pending {
            return Err(StakeRefusal::LossPending);
        }
        if shares > own.cooling {
            return Err(StakeRefusal::NotEnough);
        }
        if now < own.ready_at {
            return Err(StakeRefusal::Cooling { ready_at: own.ready_at });
        }
        if now.saturating_sub(own.ready_at) >= REDEMPTION_SECONDS {
            return Err(StakeRefusal::WindowOver);
        }
        let worth = self.worth(shares)?;
        if worth.is_zero() {
            return Err(StakeRefusal::TooSmall);
        }
        // At most all assets: the virtual shares keep the rest.
        let assets = self.assets.checked_sub(worth)?;
        let issued = self.shares.checked_sub(shares)?;
        own.cooling = own.cooling.saturating_sub(shares);
        (self.assets, self.shares, *stake) = (assets, issued, own);
        self.close();
        Ok(worth)
    }

    /// Lets so many of the stake's shares cool, those that cool already included: their time begins again, too.
    ///
    /// `NotEnough` for more than there are; then nothing has changed.
    pub fn begin_cooling(&self, stake: &mut Stake, shares: Shares, now: i64) -> Result<(), StakeRefusal> {
        let mut own = *stake;
        own.renew(self.generation);
        let all = own.shares.checked_add(own.cooling)?;
        let left = all.checked_sub(shares).map_err(|_| StakeRefusal::NotEnough)?;
        own.cooling = shares;
        own.shares = left;
        own.ready_at = now.saturating_add(i64::from(self.cooldown));
        *stake = own;
        Ok(())
    }
}

/// Takes as much as there is; returns it.
fn draw(left: &mut TokenAmount, from: &mut TokenAmount) -> TokenAmount {
    let drawn = (*left).min(*from);
    *left = left.saturating_sub(drawn);
    *from = from.saturating_sub(drawn);
    drawn
}

impl Stake {
    /// Shares of an earlier generation were lost.
    fn renew(&mut self, generation: u32) {
        if self.generation != generation {
            *self = Self { shares: Shares::ZERO, cooling: Shares::ZERO, ready_at: 0, generation, ..*self };
        }
    }
}

#[cfg(test)]
mod tests;
