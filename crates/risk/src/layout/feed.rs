//! A feed's entry on the risk board: one underlying, one price.

use super::Key;
use crate::{
    num::{Price, Ratio},
    ramp::Ramp,
};

crate::layout! {
    /// One underlying: where its price comes from, what it is, how it has moved.
    pub struct Feed {
        /// Pyth's id of the price.
        pub pyth_feed_id: Key,
        /// The Switchboard account that stands in when Pyth is silent; unset is none.
        pub switchboard: Key,
        /// The last price, whatever its validity.
        pub price: Price,
        /// Its confidence interval, in the same unit.
        pub confidence: Price,
        /// When it was published, unix seconds; strictly increases across sources.
        pub publish_time: i64,
        /// When Pyth's last accepted price was published, unix seconds.
        pub pyth_publish_time: i64,
        /// When it was copied here, unix seconds.
        pub refreshed_at: i64,
        /// Follows the price slowly: what strict checks trust.
        pub stable: Price,
        /// 5-minute average.
        pub twap: Price,
        /// The last price on the volatility grid.
        pub grid_price: Price,
        /// The last point of the volatility grid, unix seconds.
        pub grid_time: i64,
        /// Mean squared return of a grid step, 2^-60.
        pub variance: u64,
        /// The last price that was valid.
        pub last_valid_price: Price,
        /// When that was published, unix seconds.
        pub last_valid_time: i64,
        /// Since when the price diverges, unix seconds; 0 is not.
        pub diverged_since: i64,
        /// Markets that use the feed, a bit each.
        pub markets: u64,
        /// Banks that use the feed, a bit each.
        pub banks: u32,
        /// Age beyond which the price is stale, seconds.
        pub max_age: u32,
        /// Widest confidence, as a ratio of the price.
        pub max_confidence: Ratio,
        /// Furthest distance from the stable price.
        pub max_divergence: Ratio,
        /// Fastest movement of the stable price, ratio a minute.
        pub stable_rate: Ratio,
        /// Furthest distance of a Switchboard price from the board's.
        pub fallback_band: Ratio,
        /// Least daily volatility assumed.
        pub volatility_floor: Ratio,
        /// Sensitivity to the market-wide factor, portfolio margin.
        pub beta: Ratio,
        /// Own daily volatility, portfolio margin.
        pub sigma: Ramp,
        /// Own shock, portfolio margin.
        pub shock: Ramp,
        /// Basis charge, portfolio margin.
        pub basis: Ramp,
        /// A `Validity`.
        pub validity: u8,
        /// A `Source`.
        pub source: u8,
        /// 1 when the entry is in use.
        pub in_use: u8,
        /// Unused, zero.
        pub reserved: [u8; 5],
        /// What the price was when the breakers' window began.
        pub window_price: Price,
        /// When that window began, unix seconds.
        pub window_start: i64,
        /// Unused, zero.
        pub reserved2: [u8; 72],
    }
}
