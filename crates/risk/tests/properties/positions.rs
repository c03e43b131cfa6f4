//! Positions of random accounts, cross and isolated, against exact rational numbers.

use crate::desk::*;
use crate::exact::*;
use num_traits::{Signed, Zero};
use plimsoll_risk::RiskError;
use plimsoll_risk::health::{Check, Overlay};
use plimsoll_risk::layout::account::{MAX_POSITIONS, POSITION_IN_USE, Position};
use plimsoll_risk::layout::board::RiskBoard;
use plimsoll_risk::layout::feed::Feed;
use plimsoll_risk::layout::market::MarketTerms;
use plimsoll_risk::margin::{Holdings, Margin, equity, isolated_margin, margin};
use plimsoll_risk::market::refresh_market;
use plimsoll_risk::num::{Lots, Price, Quote, Ratio};
use plimsoll_risk::observation::{OraclePrice, fold};
use plimsoll_risk::ramp::Ramp;
use plimsoll_risk::requirement::ratios_are_ordered;
use plimsoll_risk::validity::Validity;
use proptest::prelude::*;

fn cross(board: &RiskBoard, positions: &[Position; MAX_POSITIONS], check: Check) -> Margin {
    let holdings = Holdings { balances: &bytemuck::Zeroable::zeroed(), positions };
    margin(&holdings, board, &Overlay::none(), check, NOW).unwrap()
}

fn alone(board: &RiskBoard, position: &Position, check: Check) -> Margin {
    isolated_margin(position, board, &Overlay::none(), check, NOW).unwrap()
}

/// What a position adds, exactly: `pnl_t − order_loss`, `N·r_t` and `uPnL`, and how far the engine may be off.
struct Leg {
    net: Exact,
    requirement: Exact,
    unrealised: Exact,
    slack: Exact,
}

fn quote(quote: Quote) -> Exact {
    whole(quote.get())
}

fn exact_leg(listed: &Listed, position: &Position, check: Check) -> Leg {
    let (terms, zero) = (&listed.terms, Exact::zero());
    let lot = |at: Price| price(at) * whole(1_000_000) / whole(terms.lots_per_unit);
    let (spot, stable) = (lot(listed.feed.price), lot(listed.feed.stable));
    let lots = whole(position.lots.get());
    let (bids, asks) = (whole(position.bids), whole(position.asks));
    let unrealised = &lots * &spot + quote(position.quote);
    let careful =
        if lots < zero { spot.clone().max(stable.clone()) } else { spot.clone().min(stable.clone()) };
    let strict = &lots * careful + quote(position.quote);
    let pnl = match check {
        Check::Withdraw => strict.min(zero.clone()),
        Check::Initial | Check::Liquidator if strict > zero => {
            (ratio(terms.pnl_weight) * strict).min(quote(terms.pnl_cap))
        }
        Check::Initial | Check::Liquidator => strict,
        _ => unrealised.clone(),
    };
    let by_bids = quote(position.bids_quote) - &bids * &spot;
    let by_asks = &asks * &spot - quote(position.asks_quote);
    let worst = (&lots + &bids).abs().max((&lots - &asks).abs());
    let notional = &worst * &spot;
    let slack = whole(4) + &worst * (spot + stable) / whole(power_of_two(28));
    Leg {
        net: pnl - by_bids.max(by_asks).max(zero),
        requirement: exact_ratio(listed, &notional, check) * notional,
        unrealised,
        slack,
    }
}

fn exact_ratio(listed: &Listed, notional: &Exact, check: Check) -> Exact {
    let (terms, one) = (&listed.terms, whole(1));
    // To 12 decimals more than native quote.
    let scale = whole(ten_to(24));
    let root = Exact::new((notional * &scale).to_integer().sqrt(), ten_to(15));
    let size = |raw: u32| fraction(raw, power_of_two(42)) * &root;
    let (above, range) =
        (quote(terms.open_interest) - quote(terms.oi_lower), quote(terms.oi_upper) - quote(terms.oi_lower));
    let part =
        if range > Exact::zero() { at_least_zero(above / range).min(one.clone()) } else { Exact::zero() };
    let imr = ratio(terms.imr);
    let maint = ratio(Ratio::new(terms.mmr.to)).max(size(terms.imf_maint_ramp.to));
    match check {
        Check::Withdraw | Check::Initial | Check::Liquidator => {
            let volatility = ratio(terms.kappa) * ratio(listed.feed.volatility_floor);
            let ramp = &imr + (&one - &imr) * part;
            ramp.max(volatility).max(size(terms.imf.get())).min(one)
        }
        Check::LiquidationEnd => (maint * (&one + ratio(BUFFER))).min(one),
        Check::Maintenance => maint.min(one),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn margin_is_the_exact_sum_against_the_account_and_the_kinds_are_in_order(account in account()) {
        let (board, positions) = open(&account);
        let mut last: Vec<i64> = vec![i64::MIN; MAX_POSITIONS + 1];
        for check in KINDS {
            let found = cross(&board, &positions, check);
            let mut total = (Exact::zero(), Exact::zero(), whole(1));
            for (at, (listed, position)) in account.iter().enumerate() {
                let leg = exact_leg(listed, position, check);
                if position.is_isolated() {
                    let found = alone(&board, &positions[at], check);
                    let exact = quote(position.pocket) + &leg.net;
                    prop_assert!(is_near(&quote(found.net_collateral()), &exact, &leg.slack));
                    prop_assert!(is_near(&quote(found.requirement), &leg.requirement, &leg.slack));
                    prop_assert!(found.health().get() >= last[at], "{:?} of {}", check, at);
                    last[at] = found.health().get();
                } else {
                    total = (total.0 + leg.net, total.1 + leg.requirement, total.2 + leg.slack);
                }
            }
            prop_assert!(is_near(&quote(found.net_collateral()), &total.0, &total.2));
            prop_assert!(is_near(&quote(found.requirement), &total.1, &total.2));
            prop_assert!(found.health().get() >= last[MAX_POSITIONS], "{:?}", check);
            last[MAX_POSITIONS] = found.health().get();
        }
        let holdings = Holdings { balances: &bytemuck::Zeroable::zeroed(), positions: &positions };
        let found = equity(&holdings, &board, &Overlay::none(), NOW).unwrap();
        let mut exact = (Exact::zero(), whole(1));
        for (listed, position) in account.iter().filter(|(_, position)| position.is_cross()) {
            let leg = exact_leg(listed, position, Check::Maintenance);
            exact = (exact.0 + leg.unrealised, exact.1 + leg.slack);
        }
        prop_assert!(is_near(&quote(found.net()), &exact.0, &exact.1));
    }

    #[test]
    fn orders_never_improve_health(account in account()) {
        let (board, positions) = open(&account);
        let flat = positions.map(|position| Position {
            bids: 0, asks: 0, bids_quote: Quote::ZERO, asks_quote: Quote::ZERO, ..position
        });
        for check in KINDS {
            prop_assert!(cross(&board, &positions, check).health() <= cross(&board, &flat, check).health());
            for (with, without) in positions.iter().zip(&flat).filter(|(position, _)| position.is_isolated()) {
                prop_assert!(alone(&board, with, check).health() <= alone(&board, without, check).health());
            }
        }
    }

    #[test]
    fn an_isolated_position_never_touches_the_cross_part(account in account(), other in position(), ruined in any::<bool>()) {
        let (mut board, positions) = open(&account);
        let before = KINDS.map(|check| cross(&board, &positions, check));
        let mut changed = positions;
        for position in changed.iter_mut().filter(|position| position.is_isolated()) {
            *position = Position { market: position.market, flags: position.flags, ..other };
            if ruined {
                board.markets[usize::from(position.market)].valid_until = 0;
                board.feeds[usize::from(position.market)].validity = Validity::Missing.code();
            }
        }
        prop_assert_eq!(before, KINDS.map(|check| cross(&board, &changed, check)));
    }

    #[test]
    fn a_requirement_never_falls_when_a_position_grows(listed in listed(), lots in 0i32..1 << 24, more in 0i32..1 << 20) {
        let position = Position { flags: POSITION_IN_USE, ..bytemuck::Zeroable::zeroed() };
        let (board, mut positions) = open(&[(listed, position)]);
        for check in KINDS {
            let mut required = |lots| {
                positions[0].lots = Lots::new(lots);
                cross(&board, &positions, check).requirement
            };
            prop_assert!(required(lots) <= required(lots + more));
            prop_assert_eq!(required(lots), required(-lots));
        }
    }

    #[test]
    fn a_bad_feed_refuses_strict_kinds_and_never_makes_an_account_safer(account in account(), later in 61i64..30_000) {
        let (board, mut positions) = open(&account);
        for position in &mut positions {
            (position.bids, position.asks) = (0, 0);
            (position.bids_quote, position.asks_quote) = (Quote::ZERO, Quote::ZERO);
        }
        let holdings = Holdings { balances: &bytemuck::Zeroable::zeroed(), positions: &positions };
        let at = |check, later| margin(&holdings, &board, &Overlay::none(), check, NOW + later);
        if account.iter().any(|(_, position)| position.is_cross()) {
            prop_assert!(at(Check::Initial, later).is_err() && at(Check::Withdraw, later).is_err());
        }
        let health = |check, later| at(check, later).unwrap().health();
        // The other mantissa may round by one unit in 2^32.
        let slack = account.iter().fold(whole(16), |slack, (listed, position)| {
            slack + exact_leg(listed, position, Check::Maintenance).slack
        });
        prop_assert!(quote(health(Check::Maintenance, later)) <= quote(health(Check::Maintenance, 0)) + slack);
        prop_assert!(health(Check::Maintenance, later + 1_000) <= health(Check::Maintenance, later));
        prop_assert!(health(Check::LiquidationEnd, later) <= health(Check::Maintenance, later));
    }

    #[test]
    fn any_market_and_position_are_answered_without_a_panic(
        terms in prop::collection::vec(any::<u8>(), size_of::<MarketTerms>()),
        feed in prop::collection::vec(any::<u8>(), size_of::<Feed>()),
        position in prop::collection::vec(any::<u8>(), size_of::<Position>()),
        refresh in any::<bool>(), decimals in 0u8..16, buffer in any::<u32>(),
    ) {
        let mut board: Box<RiskBoard> = Box::new(bytemuck::Zeroable::zeroed());
        (board.header.quote_decimals, board.header.market_count) = (decimals, 1);
        board.header.liq_buffer = Ramp::constant(buffer);
        board.feeds[0] = bytemuck::pod_read_unaligned(&feed);
        board.feeds[0].validity = 1;
        board.markets[0] = MarketTerms { feed: 0, ..bytemuck::pod_read_unaligned(&terms) };
        let header = board.header;
        let feed = board.feeds[0];
        if refresh {
            let _ = refresh_market(&mut board.markets[0], &feed, &header, NOW);
        }
        let mut positions: [Position; MAX_POSITIONS] = bytemuck::Zeroable::zeroed();
        positions[0] = Position { market: 0, flags: POSITION_IN_USE, ..bytemuck::pod_read_unaligned(&position) };
        let holdings = Holdings { balances: &bytemuck::Zeroable::zeroed(), positions: &positions };
        for check in KINDS {
            let _ = margin(&holdings, &board, &Overlay::none(), check, NOW);
            let _ = isolated_margin(&positions[0], &board, &Overlay::none(), check, NOW);
        }
        let _ = ratios_are_ordered(&board.markets[0], Ratio::new(buffer));
    }
}

#[test]
fn a_market_that_the_board_does_not_have_is_missing() {
    let (board, mut positions) = open(&[]);
    positions[3] = Position { market: 7, flags: POSITION_IN_USE, ..bytemuck::Zeroable::zeroed() };
    let holdings = Holdings { balances: &bytemuck::Zeroable::zeroed(), positions: &positions };
    let found = margin(&holdings, &board, &Overlay::none(), Check::Maintenance, NOW);
    assert_eq!(found, Err(RiskError::Missing));
}

#[test]
fn an_overlay_counts_as_if_the_market_had_been_refreshed_with_it() {
    let feed = Feed {
        price: Price::new(150 << 40),
        stable: Price::new(149 << 40),
        refreshed_at: NOW,
        publish_time: NOW,
        max_age: 60,
        max_confidence: Ratio::ONE,
        max_divergence: Ratio::ONE,
        stable_rate: Ratio::from_bps(10),
        validity: Validity::Valid.code(),
        ..bytemuck::Zeroable::zeroed()
    };
    let terms = MarketTerms {
        lots_per_unit: 1_000,
        imr: Ratio::from_bps(1_000),
        mmr: Ramp::constant(Ratio::from_bps(500).get()),
        ..bytemuck::Zeroable::zeroed()
    };
    let held = Position { lots: Lots::new(-5_000), flags: POSITION_IN_USE, ..bytemuck::Zeroable::zeroed() };
    let (mut board, positions) = open(&[(Listed { terms, feed }, held)]);
    let later = NOW + 100;
    let price =
        OraclePrice { price: Price::new(160 << 40), publish_time: later - 1, ..OraclePrice::default() };
    let mut overlay = Overlay::none();
    overlay.push(0, price).unwrap();
    let holdings = Holdings { balances: &bytemuck::Zeroable::zeroed(), positions: &positions };
    let stale = margin(&holdings, &board, &Overlay::none(), Check::Initial, later);
    assert_eq!(stale, Err(RiskError::StaleMarket { market: 0 }));
    let brought = KINDS.map(|check| margin(&holdings, &board, &overlay, check, later).unwrap());
    let (header, mut feed) = (board.header, board.feeds[0]);
    fold(&mut feed, &price, later).unwrap();
    refresh_market(&mut board.markets[0], &feed, &header, later).unwrap();
    let refreshed = KINDS.map(|check| margin(&holdings, &board, &Overlay::none(), check, later).unwrap());
    assert_eq!(brought, refreshed);
    assert_eq!(brought[4].collateral.liabilities, Quote::new(800_000_000));
    assert_eq!(brought[4].requirement, Quote::new(40_000_000));
}
