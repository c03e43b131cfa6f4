//! The risk board: everything beyond the margin account that a margin check reads (DESIGN §1, decision 2).

use super::{Key, bank::BankTerms, feed::Feed, market::MarketTerms};
use crate::{
    num::{Quote, Ratio, TokenAmount},
    ramp::Ramp,
};

/// Feeds on a board.
pub const MAX_FEEDS: usize = 64;
/// Banks on a board.
pub const MAX_BANKS: usize = 32;
/// Markets on a board.
pub const MAX_MARKETS: usize = 64;
/// Things that can be paused one by one.
pub const PAUSABLE_ACTIONS: usize = 16;
/// Market-wide shocks of portfolio margin.
pub const FACTOR_SHOCKS: usize = 16;

crate::layout! {
    /// What refreshers earn, and have earned in the running hour.
    pub struct RefreshReward {
        /// For a refresh that moved something, native quote.
        pub reward: TokenAmount,
        /// At most so much an hour, native quote.
        pub hourly_cap: TokenAmount,
        /// Start of the running hour, unix seconds.
        pub hour_start: i64,
        /// Paid in the running hour, native quote.
        pub paid: TokenAmount,
        /// A price this old is worth refreshing, seconds.
        pub min_age: u32,
        /// A price that moved this far is worth refreshing.
        pub min_move: Ratio,
    }

    /// Parameters of portfolio margin that belong to no single underlying (DESIGN §4).
    pub struct PortfolioTerms {
        /// Multiple of the standard deviation in expected shortfall.
        pub tail_multiple: Ramp,
        /// Daily volatility of the market-wide factor.
        pub factor_sigma: Ramp,
        /// Least requirement as a ratio of gross notional.
        pub floor: Ramp,
        /// The shock table before the last change, signed ratios.
        pub shocks_from: [i32; FACTOR_SHOCKS],
        /// The shock table, signed ratios.
        pub shocks_to: [i32; FACTOR_SHOCKS],
        /// When the table began to move, unix seconds.
        pub shocks_start: i64,
        /// When the table arrives, unix seconds.
        pub shocks_end: i64,
        /// Least equity of an account in portfolio mode.
        pub minimum_equity: Quote,
    }

    /// What holds for the whole exchange.
    pub struct BoardHeader {
        /// The exchange that the board belongs to.
        pub exchange: Key,
        /// Until when each action is paused, unix seconds.
        pub paused_until: [i64; PAUSABLE_ACTIONS],
        /// How much further than maintenance a liquidation goes.
        pub liq_buffer: Ramp,
        /// Widest spread of publish times within one strict check, seconds.
        pub max_publish_spread: u32,
        /// Age of a bank's indexes beyond which they are stale, seconds.
        pub bank_max_age: u32,
        /// Decimals of the quote token.
        pub quote_decimals: u8,
        /// The quote token's bank.
        pub quote_bank: u8,
        /// Banks in use.
        pub bank_count: u8,
        /// Markets in use.
        pub market_count: u8,
        /// Feeds in use.
        pub feed_count: u8,
        /// The canonical bump of the board's address.
        pub bump: u8,
        /// 1 once the exchange is open: nothing is deposited before.
        pub is_open: u8,
        /// Unused, zero.
        pub reserved: [u8; 1],
        /// Number of the board's last event.
        pub sequence: u64,
        /// Last refresh of any price, unix seconds.
        pub heartbeat: i64,
        /// End of the grace period after an outage, unix seconds.
        pub grace_until: i64,
        /// End of the cancel-only period after an outage, unix seconds.
        pub cancel_only_until: i64,
        /// Refreshers' pay.
        pub refresh: RefreshReward,
        /// Portfolio margin.
        pub portfolio: PortfolioTerms,
        /// Fee of a swap of collateral, or of bought profit, at the moment of flagging, a part of the worth that changes
        /// hands.
        pub swap_fee_start: Ratio,
        /// The same at the end of its auction; not below `swap_fee_start`.
        pub swap_fee_most: Ratio,
        /// How long that fee rises, seconds.
        pub swap_fee_seconds: u32,
        /// Part of each such fee that belongs to the insurance fund.
        pub swap_insurance_share: Ratio,
        /// Where a liquidation would leave less than so much, native quote, it takes everything.
        pub liq_dust: Quote,
        /// How long after flagging an insolvent account may be deleveraged, seconds.
        pub insolvency_seconds: u32,
        /// A silence of all refreshes this long is an outage, seconds; 0 is never.
        pub heartbeat_gap: u32,
        /// How long nothing is liquidated after an outage, seconds.
        pub grace_seconds: u32,
        /// How long after that orders may only be cancelled, seconds.
        pub cancel_only_seconds: u32,
        /// Deficit beyond which a bank's withdrawals are gated, a part of its deposits.
        pub gate_share: Ratio,
        /// How long they are gated, seconds.
        pub gate_seconds: u32,
        /// Unused, zero.
        pub spare: [u8; 464],
    }

    /// The risk board.
    pub struct RiskBoard {
        /// What holds for the whole exchange.
        pub header: BoardHeader,
        /// Underlyings.
        pub feeds: [Feed; MAX_FEEDS],
        /// Banks.
        pub banks: [BankTerms; MAX_BANKS],
        /// Markets.
        pub markets: [MarketTerms; MAX_MARKETS],
    }
}

/// How long one hour of refreshers' pay lasts, seconds.
const HOUR: i64 = 3_600;

impl RefreshReward {
    /// What so many refreshes that moved something earn now, native quote: less where the hour's cap is near.
    ///
    /// Begins a new hour when the running one is over; counts nothing as paid.
    pub fn earn(&mut self, refreshes: u32, now: i64) -> TokenAmount {
        if now.saturating_sub(self.hour_start) >= HOUR {
            self.hour_start = now;
            self.paid = TokenAmount::ZERO;
        }
        let left = self.hourly_cap.saturating_sub(self.paid);
        // More than any cap is as good as the cap.
        TokenAmount::new(self.reward.get().saturating_mul(u64::from(refreshes))).min(left)
    }
}
