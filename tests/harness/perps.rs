//! The perpetuals of the test world.

use crate::tokens::{BTC, ETH, SOL, Token};
use plimsoll::instructions::setup::MarketArgs;

/// A perpetual that can be traded.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Perp {
    pub name: &'static str,
    /// What it is about: its feed is this token's.
    pub token: Token,
    pub lots_per_unit: u64,
    /// Native quote that one lot at one tick is worth.
    pub tick_lot: u32,
    pub minimum_lots: u32,
}

/// A lot is 0.0001 BTC, a tick one dollar.
pub const BTC_PERP: Perp = Perp::new("BTC-PERP", BTC, 10_000);
/// A lot is 0.001 ETH, a tick ten cents.
pub const ETH_PERP: Perp = Perp::new("ETH-PERP", ETH, 1_000);
/// A lot is 0.01 SOL, a tick one cent.
pub const SOL_PERP: Perp = Perp::new("SOL-PERP", SOL, 100);

/// Native units of one whole quote token.
const QUOTE: f64 = 1_000_000.0;

impl Perp {
    /// Of which a lot at a tick is worth a hundredth of a cent.
    const fn new(name: &'static str, token: Token, lots_per_unit: u64) -> Self {
        Self { name, token, lots_per_unit, tick_lot: 100, minimum_lots: 1 }
    }

    /// A price in whole quote as ticks, rounded to the nearest.
    pub fn ticks(&self, price: impl Into<f64>) -> u32 {
        (price.into() * QUOTE / (self.lots_per_unit as f64 * f64::from(self.tick_lot))).round() as u32
    }

    /// So much of the underlying as lots, rounded to the nearest.
    pub fn lots(&self, units: impl Into<f64>) -> u32 {
        (units.into() * self.lots_per_unit as f64).round() as u32
    }

    /// What lots at a price in ticks are worth, native quote. Exact.
    pub fn worth(&self, lots: u32, ticks: u32) -> u64 {
        u64::from(lots) * u64::from(ticks) * u64::from(self.tick_lot)
    }

    /// What its creation fixes for ever.
    pub fn args(&self, feed: u8) -> MarketArgs {
        let Self { lots_per_unit, tick_lot, minimum_lots, .. } = *self;
        MarketArgs { feed, lots_per_unit, tick_lot, minimum_lots }
    }
}
