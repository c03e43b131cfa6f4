//! A market's entry on the risk board: all that a margin check needs to know of a perpetual.

use super::Key;
use crate::{
    num::{Quote, Ratio, SizeFactor},
    ramp::Ramp,
};

/// Flag of [`MarketTerms`]: the model of portfolio margin covers this market's positions.
pub const PORTFOLIO_ELIGIBLE: u8 = 1;
/// Flag of [`MarketTerms`]: a side of it was once deleveraged or charged. Never cleared: without it no position has
/// anything pending, and a margin check need not compare snapshots.
pub const MARKET_DELEVERAGED: u8 = 2;

/// In place of the time until which a price may be used: the market is settled, and its price never changes again.
pub const SETTLED: i64 = i64::MAX;

/// State of a market: everything may trade.
pub const MARKET_OPEN: u8 = 0;
/// State of a market: positions may only shrink.
pub const MARKET_REDUCE_ONLY: u8 = 1;
/// State of a market: no trading; every position closes at the settlement price.
pub const MARKET_SETTLING: u8 = 2;
/// State of a market: nothing is left of it.
pub const MARKET_CLOSED: u8 = 3;

crate::layout! {
    /// Deleveraging of one side of a market, applied by each account when it is next touched (DESIGN §6).
    pub struct DeleveragingSide {
        /// What is left of one lot of the epoch's start, 2^-63.
        pub a: u64,
        /// Quote moved to one lot of the epoch's start, 2^-32 native quote.
        pub k: i64,
        /// Which epoch.
        pub epoch: u16,
        /// Unused, zero.
        pub reserved: [u8; 6],
    }

    /// Where the last epoch of a side ended.
    pub struct EpochEnd {
        /// Its last `A`, 2^-63; 0 where the whole side was closed.
        pub a: u64,
        /// Its last `K`, 2^-32 native quote.
        pub k: i64,
    }

    /// A market's entry on the risk board.
    pub struct MarketTerms {
        /// Native quote a lot at the price: `lots · lot_price >> shift`.
        pub lot_price: u32,
        /// The same at the stable price.
        pub lot_stable: u32,
        /// The largest of the initial ratios that do not depend on the account.
        pub initial_ratio: Ratio,
        /// Maintenance ratio as ramped.
        pub maint_ratio: Ratio,
        /// Size factor of the initial ratio.
        pub imf: SizeFactor,
        /// Size factor of the maintenance ratio as ramped.
        pub imf_maint: SizeFactor,
        /// Notional below which the size factor cannot bind in the strict kinds.
        pub unbound_initial: Quote,
        /// Notional below which the size factor cannot bind in the maintenance kinds.
        pub unbound_maint: Quote,
        /// Most positive PnL of one position that counts in Initial.
        pub pnl_cap: Quote,
        /// Cumulative funding, 2^-32 native quote a lot, paid by longs.
        pub funding: i64,
        /// Until when the price may be used, unix seconds; [`SETTLED`] once it is the settlement price.
        pub valid_until: i64,
        /// Publish time of the price, unix seconds.
        pub publish_time: i64,
        /// Weight of positive PnL in Initial.
        pub pnl_weight: Ratio,
        /// What is paid of each gain while a deficit is open.
        pub haircut: Ratio,
        /// Common shift of `lot_price` and `lot_stable`.
        pub shift: u8,
        /// Its feed on the board.
        pub feed: u8,
        /// One of the `MARKET_*` states: open, reduce-only, settling, closed.
        pub state: u8,
        /// A set of [`PORTFOLIO_ELIGIBLE`] and [`MARKET_DELEVERAGED`].
        pub flags: u8,
        /// Unused, zero.
        pub reserved: [u8; 4],
        /// Deleveraging of the longs.
        pub longs: DeleveragingSide,
        /// Deleveraging of the shorts.
        pub shorts: DeleveragingSide,
        /// The market account.
        pub market: Key,
        /// Open interest in quote, as last copied.
        pub open_interest: Quote,
        /// Open interest at which the initial ratio begins to rise.
        pub oi_lower: Quote,
        /// Open interest at which the initial ratio reaches 1.
        pub oi_upper: Quote,
        /// Initial margin ratio.
        pub imr: Ratio,
        /// Weight of volatility in the initial ratio.
        pub kappa: Ratio,
        /// Initial ratio while a breaker is open.
        pub breaker_imr: Ratio,
        /// Unused, zero.
        pub reserved_ratio: u32,
        /// Until when the breaker is open, unix seconds.
        pub breaker_until: i64,
        /// Maintenance margin ratio.
        pub mmr: Ramp,
        /// Size factor of the maintenance ratio.
        pub imf_maint_ramp: Ramp,
        /// Lots in one whole unit of the underlying.
        pub lots_per_unit: u64,
        /// When funding was last accrued, unix seconds.
        pub funding_updated_at: i64,
        /// Price that a market in settlement closes at, native quote a lot, as `lot_price`.
        pub settlement_price: u32,
        /// Unused, zero.
        pub reserved_settlement: u32,
        /// Fee of a liquidation at the moment of flagging, a part of the notional taken.
        pub liq_fee_start: Ratio,
        /// The same at the end of its auction; not below `liq_fee_start`.
        pub liq_fee_most: Ratio,
        /// How long the fee rises, seconds.
        pub liq_fee_seconds: u32,
        /// Part of each fee that belongs to the insurance fund.
        pub liq_insurance_share: Ratio,
        /// Move within a breaker's window beyond which the breaker opens; 0 is never.
        pub breaker_move: Ratio,
        /// How long the breaker stays open, seconds.
        pub breaker_seconds: u32,
        /// Unused, zero.
        pub spare: [u8; 8],
        /// How the longs' epoch before ended.
        pub longs_ended: EpochEnd,
        /// How the shorts' epoch before ended.
        pub shorts_ended: EpochEnd,
    }
}

impl MarketTerms {
    /// Whether its price is the settlement price: it never grows old, is of no publish time and is never refreshed.
    #[inline(always)]
    pub const fn is_settled(&self) -> bool {
        self.valid_until == SETTLED
    }
}
