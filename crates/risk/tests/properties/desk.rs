//! Random markets and positions, on a board.

use plimsoll_risk::health::Check;
use plimsoll_risk::layout::account::{MAX_POSITIONS, POSITION_IN_USE, POSITION_ISOLATED, Position};
use plimsoll_risk::layout::board::RiskBoard;
use plimsoll_risk::layout::feed::Feed;
use plimsoll_risk::layout::market::MarketTerms;
use plimsoll_risk::market::refresh_market;
use plimsoll_risk::num::{Lots, Price, Quote, Ratio, SizeFactor};
use plimsoll_risk::ramp::Ramp;
use plimsoll_risk::requirement::ratios_are_ordered;
use plimsoll_risk::validity::Validity;
use proptest::prelude::*;

pub const NOW: i64 = 1_700_000_000;
pub const BUFFER: Ratio = Ratio::from_bps(1_000);
pub const KINDS: [Check; 5] =
    [Check::Withdraw, Check::Initial, Check::Liquidator, Check::LiquidationEnd, Check::Maintenance];

/// A market with its feed.
#[derive(Clone, Debug)]
pub struct Listed {
    pub terms: MarketTerms,
    pub feed: Feed,
}

prop_compose! {
    /// Prices of $0.00001 to $8,000,000, a lot worth 10^-4 to 10 quote, parameters by the law.
    pub fn listed()(
        price in (1u64 << 56..1u64 << 60, 0u32..36).prop_map(|(raw, shift)| raw >> shift),
        tilt in 50u64..200,
        lots in 1u64..10_000,
        maint in (0u32..1 << 29, 0u32..3_000_000_000),
        more in (0u32..1 << 28, 0u32..500_000_000),
        volatility in (0u32..1 << 31, 0u32..1 << 28),
        interest in (0i64..1 << 50, 0i64..1 << 50, 0i64..1 << 50),
        gain in (0u32..=1 << 30, prop_oneof![Just(0i64), 0i64..1 << 40]),
    ) -> Listed {
        let raised = |rate: u32| (u64::from(rate) * (u64::from(BUFFER.get()) + (1 << 30))).div_ceil(1 << 30) as u32;
        let feed = Feed {
            price: Price::new(price),
            stable: Price::new((u128::from(price) * u128::from(tilt) / 100) as u64),
            last_valid_price: Price::new(price),
            last_valid_time: NOW,
            publish_time: NOW,
            max_age: 60,
            volatility_floor: Ratio::new(volatility.1),
            validity: Validity::Valid.code(),
            ..bytemuck::Zeroable::zeroed()
        };
        let terms = MarketTerms {
            lots_per_unit: (price / (lots << 27)).max(1),
            mmr: Ramp::constant(maint.0),
            imr: Ratio::new((raised(maint.0) + more.0).min(1 << 30)),
            imf_maint_ramp: Ramp::constant(maint.1),
            imf: SizeFactor::new(raised(maint.1) + more.1),
            kappa: Ratio::new(volatility.0),
            open_interest: Quote::new(interest.0),
            oi_lower: Quote::new(interest.1),
            oi_upper: Quote::new(interest.2),
            pnl_weight: Ratio::new(gain.0),
            pnl_cap: Quote::new(gain.1),
            ..bytemuck::Zeroable::zeroed()
        };
        Listed { terms, feed }
    }
}

prop_compose! {
    pub fn position()(
        lots in prop_oneof![1 => Just(0i32), 4 => -1i32 << 24..1 << 24],
        orders in (prop_oneof![Just(0u32), 0u32..1 << 25], prop_oneof![Just(0u32), 0u32..1 << 25]),
        quote in -1i64 << 46..1 << 46,
        worths in (0i64..1 << 46, 0i64..1 << 46),
        pocket in prop::option::of(0i64..1 << 44),
    ) -> Position {
        let isolated = if pocket.is_some() { POSITION_ISOLATED } else { 0 };
        Position {
            lots: Lots::new(lots),
            bids: orders.0,
            asks: orders.1,
            quote: Quote::new(quote),
            bids_quote: Quote::new(if orders.0 == 0 { 0 } else { worths.0 }),
            asks_quote: Quote::new(if orders.1 == 0 { 0 } else { worths.1 }),
            pocket: Quote::new(pocket.unwrap_or(0)),
            flags: POSITION_IN_USE | isolated,
            ..bytemuck::Zeroable::zeroed()
        }
    }
}

pub fn account() -> impl Strategy<Value = Vec<(Listed, Position)>> {
    prop::collection::vec((listed(), position()), 1..=MAX_POSITIONS)
}

/// A board of these markets, all fresh, and the positions in their slots.
pub fn open(account: &[(Listed, Position)]) -> (Box<RiskBoard>, [Position; MAX_POSITIONS]) {
    let mut board: Box<RiskBoard> = Box::new(bytemuck::Zeroable::zeroed());
    board.header.liq_buffer = Ramp::constant(BUFFER.get());
    board.header.quote_decimals = 6;
    board.header.market_count = account.len() as u8;
    let header = board.header;
    let mut positions: [Position; MAX_POSITIONS] = bytemuck::Zeroable::zeroed();
    for (at, (listed, position)) in account.iter().enumerate() {
        assert!(ratios_are_ordered(&listed.terms, BUFFER));
        board.feeds[at] = listed.feed;
        board.markets[at] = MarketTerms { feed: at as u8, ..listed.terms };
        refresh_market(&mut board.markets[at], &listed.feed, &header, NOW).unwrap();
        positions[at] = Position { market: at as u8, ..*position };
    }
    (board, positions)
}
