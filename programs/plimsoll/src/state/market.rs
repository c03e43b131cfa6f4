//! A market: one perpetual's limits, fees, open interest, PnL pool, and what its book was like when last looked at.

pub mod sides;

use super::zero_copy::account;
use crate::{
    errors::{Refusal, refused},
    premium,
};
use anchor_lang::prelude::*;
use plimsoll_book::{Notional, Side, Size, Ticks};
use plimsoll_risk::{
    RiskError,
    deleveraging::{ChargeWindow, Residue},
    funding::PremiumWindow,
    layout::{Key, market::MarketTerms},
    num::{Price, Quote, RATIO_BITS, Ratio, TokenAmount},
};

/// How long a window lasts in which a market pays gains or subsidies, or takes liquidations into its book, seconds.
pub const WINDOW: i64 = 3_600;

/// What may still be used in a running window; begins a new one when that is over.
pub fn left_in_window(start: &mut i64, used: &mut TokenAmount, cap: TokenAmount, now: i64) -> TokenAmount {
    if now.saturating_sub(*start) >= WINDOW {
        (*start, *used) = (now, TokenAmount::ZERO);
    }
    cap.saturating_sub(*used)
}

plimsoll_risk::layout! {
    /// One perpetual.
    pub struct Market {
        /// The exchange that it belongs to.
        pub exchange: Key,
        /// The exchange's risk board.
        pub board: Key,
        /// Resting bids.
        pub bids: Key,
        /// Resting asks.
        pub asks: Key,
        /// Fills that wait for their maker.
        pub queue: Key,
        /// Number of the market's last event.
        pub sequence: u64,
        /// PnL pool: what losers paid in and winners were not paid yet, native quote.
        pub pool: TokenAmount,
        /// What winners are owed that nobody will pay in: haircuts every gain.
        pub deficit: TokenAmount,
        /// Fees less rebates that are not collected from the pool yet, native quote.
        pub fees_receivable: Quote,
        /// The market's own part of the insurance fund, native quote.
        pub insurance: TokenAmount,
        /// Lots of all longs that fills were settled for.
        pub long_lots: u64,
        /// Lots of all shorts that fills were settled for.
        pub short_lots: u64,
        /// Lots of waiting fills whose makers bought.
        pub queued_bids: u64,
        /// Lots of waiting fills whose makers sold.
        pub queued_asks: u64,
        /// What the book's impact price said, weighted by time.
        pub premium: PremiumWindow,
        /// Start of the running window of settled gains, unix seconds.
        pub settlement_start: i64,
        /// Gains paid in it, native quote.
        pub settlement_paid: TokenAmount,
        /// Most gains paid in one window, native quote; a part of it is never more than the pool.
        pub settlement_cap: TokenAmount,
        /// Most open interest, lots of one side.
        pub open_interest_cap: u64,
        /// Depth at which the impact price is taken, native quote.
        pub impact_notional: Quote,
        /// Most lots that one account may hold or come to hold by its orders.
        pub account_cap: u32,
        /// Native quote that one lot at one tick is worth: prices and sizes multiply without rounding.
        pub tick_lot: u32,
        /// Least lots of an order.
        pub minimum_lots: u32,
        /// Paid by takers, of the notional.
        pub taker_fee: Ratio,
        /// Paid by makers, of the notional.
        pub maker_fee: Ratio,
        /// Paid to makers, of the notional; never more than takers pay.
        pub maker_rebate: Ratio,
        /// Furthest from the index that an order may match, a ratio.
        pub band: Ratio,
        /// Largest premium that funding counts, a ratio.
        pub funding_cap: Ratio,
        /// In how many seconds a premium is paid once.
        pub funding_period: u32,
        /// Fills that one taker may have waiting once the queue is half full.
        pub unsettled_cap: u32,
        /// What a keeper earns for executing a trigger order unless its owner says otherwise, native quote.
        pub trigger_reward: u32,
        /// Its place on the board.
        pub index: u8,
        /// The canonical bump of its address.
        pub bump: u8,
        /// Which cap a window of the shared insurance fund it falls under.
        pub tier: u8,
        /// Unused, zero.
        pub reserved: [u8; 9],
        /// Insurance's parts of liquidation fees that are not collected from the pool yet, native quote.
        pub insurance_receivable: Quote,
        /// What the longs have and their positions do not say yet, and the protocol's rounding lots.
        pub long_residue: Residue,
        /// The same of the shorts.
        pub short_residue: Residue,
        /// What longs bore of losses in the running hour.
        pub long_charge: ChargeWindow,
        /// What shorts bore of losses in the running hour.
        pub short_charge: ChargeWindow,
        /// Start of the running window of liquidations into the book, unix seconds.
        pub liq_window_start: i64,
        /// Worth of what was liquidated into the book in it, native quote.
        pub liq_window_taken: TokenAmount,
        /// Most that is liquidated into the book in one window, native quote.
        pub liq_window_cap: TokenAmount,
        /// Up to so much its own part of the insurance fund keeps of its revenue, native quote.
        pub tranche_target: TokenAmount,
        /// Start of the running hour of subsidies, unix seconds.
        pub subsidy_start: i64,
        /// Fees of insolvent accounts' liquidations that insurance paid in it, native quote.
        pub subsidy_paid: TokenAmount,
        /// Most subsidies an hour, native quote.
        pub subsidy_cap: TokenAmount,
        /// When the hour began whose average is the settlement price, unix seconds; 0 is not in settlement.
        pub settle_from: i64,
        /// Seconds of it that are averaged already.
        pub settle_credited: i64,
        /// The average until now, 2^-40.
        pub settle_average: Price,
        /// Unused, zero.
        pub spare: [u8; 48],
    }
}

account!(Market, b"marketmk");

impl Market {
    /// Seed of its address, before the exchange and its place on the board.
    pub const SEED: &'static [u8] = b"market";

    /// Number for the market's next event.
    pub fn next_event(&mut self) -> u64 {
        self.sequence = self.sequence.wrapping_add(1); // a counter, never a quantity
        self.sequence
    }

    /// What ticks × lots are worth, native quote. Exact.
    ///
    /// # Errors
    /// [`Refusal::Overflow`] beyond 2^56 native quote: no position could hold it.
    pub fn worth(&self, notional: Notional) -> Result<u64> {
        let worth = notional.get().checked_mul(u64::from(self.tick_lot)).filter(|worth| worth >> 56 == 0);
        worth.ok_or_else(|| Refusal::Overflow.into())
    }

    /// What lots at a price are worth, native quote. Exact.
    ///
    /// # Errors
    /// [`Refusal::Overflow`] as [`Market::worth`].
    pub fn worth_at(&self, price: Ticks, lots: Size) -> Result<u64> {
        self.worth(price.times(lots))
    }

    /// What a taker pays for so much, native quote, rounded up.
    ///
    /// # Errors
    /// [`Refusal::Overflow`].
    pub fn taker_fee_on(&self, worth: u64) -> Result<i64> {
        fee_up(self.taker_fee, worth)
    }

    /// What a maker pays for so much (rounded up), less what it gets (rounded down), native quote.
    ///
    /// # Errors
    /// [`Refusal::Overflow`].
    pub fn maker_fee_on(&self, worth: u64) -> Result<i64> {
        let rebate = if self.maker_rebate == Ratio::ZERO { 0 } else { fee_down(self.maker_rebate, worth)? };
        let fee = if self.maker_fee == Ratio::ZERO { 0 } else { fee_up(self.maker_fee, worth)? };
        Ok(fee.wrapping_sub(rebate)) // both below 2^56
    }

    /// Notes that fees are owed to the exchange, or rebates by it.
    ///
    /// # Errors
    /// [`Refusal::Overflow`].
    pub fn charge(&mut self, fee: i64) -> Result<()> {
        self.fees_receivable = self.fees_receivable.checked_add(Quote::new(fee)).map_err(refused)?;
        Ok(())
    }

    /// The index price in ticks, rounded down.
    ///
    /// # Errors
    /// [`Refusal::NoOraclePrice`] where that is below one tick.
    pub fn index_price(&self, terms: &MarketTerms) -> Result<Ticks> {
        premium::index_ticks(terms, self.tick_lot).ok_or_else(|| Refusal::NoOraclePrice.into())
    }

    /// Lowest and highest price at which orders may match: the index price less and plus `band` of it, rounded inwards.
    pub fn band_around(&self, index: Ticks) -> (Ticks, Ticks) {
        let width = u64::from(index.get()).wrapping_mul(u64::from(self.band.get())) >> RATIO_BITS;
        let width = u32::try_from(width).unwrap_or(u32::MAX);
        let low = index.get().saturating_sub(width).max(1);
        (Ticks::new(low), Ticks::new(index.get().saturating_add(width)))
    }

    /// Open interest in lots: the larger side, with waiting fills as if all of them opened positions. What they close shows
    /// when they are applied.
    pub fn open_interest(&self) -> u64 {
        let (long, short) = (
            self.long_lots.saturating_add(self.queued_bids),
            self.short_lots.saturating_add(self.queued_asks),
        );
        long.max(short)
    }

    fn queued(&mut self, side: Side) -> &mut u64 {
        if side == Side::Bid { &mut self.queued_bids } else { &mut self.queued_asks }
    }

    /// Notes that a maker's fill waits.
    ///
    /// # Errors
    /// [`Refusal::Overflow`].
    pub fn waits(&mut self, side: Side, lots: Size) -> Result<()> {
        let queued = self.queued(side);
        *queued = queued.checked_add(u64::from(lots.get())).ok_or(Refusal::Overflow)?;
        Ok(())
    }

    /// Notes that a maker's fill waits no longer.
    ///
    /// # Errors
    /// [`Refusal::Overflow`] for more lots than wait.
    pub fn waits_no_longer(&mut self, side: Side, lots: Size) -> Result<()> {
        let queued = self.queued(side);
        *queued = queued.checked_sub(u64::from(lots.get())).ok_or(Refusal::Overflow)?;
        Ok(())
    }
}

fn fee_up(fee: Ratio, worth: u64) -> Result<i64> {
    let worth = Quote::from_unsigned(worth).map_err(refused)?;
    fee.mul_up(worth).map(Quote::get).map_err(|_: RiskError| Refusal::Overflow.into())
}

fn fee_down(fee: Ratio, worth: u64) -> Result<i64> {
    let worth = Quote::from_unsigned(worth).map_err(refused)?;
    fee.mul_down(worth).map(Quote::get).map_err(|_: RiskError| Refusal::Overflow.into())
}
