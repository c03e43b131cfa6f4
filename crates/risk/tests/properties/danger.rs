//! Who is in danger, and by which prices: assessments, diverged feeds and settled markets against plain margin checks.

use crate::desk::*;
use plimsoll_risk::RiskError;
use plimsoll_risk::health::{Check, Overlay};
use plimsoll_risk::layout::account::{Balance, MAX_BALANCES, MAX_POSITIONS, POSITION_IN_USE, Position};
use plimsoll_risk::layout::board::RiskBoard;
use plimsoll_risk::layout::market::SETTLED;
use plimsoll_risk::liquidation::{
    Assessment, CallChange, Danger, FLAG_SECONDS, Flag, FlagChange, Reading, Scope, View, assess, state,
};
use plimsoll_risk::margin::{Holdings, Margin, equity, isolated_margin, margin};
use plimsoll_risk::market::refresh_market;
use plimsoll_risk::num::{Price, Quote, Ratio};
use plimsoll_risk::observation::{OraclePrice, fold};
use plimsoll_risk::validity::{DIVERGENCE_SECONDS, Validity, usable_for_liquidation};
use proptest::prelude::*;
use proptest::strategy::ValueTree;

const NOBODYS: [Balance; MAX_BALANCES] =
    [Balance { shares: plimsoll_risk::num::Shares::ZERO, bank: 0, borrowed: 0, reserved: [0; 6] };
        MAX_BALANCES];

fn at(
    board: &RiskBoard,
    positions: &[Position; MAX_POSITIONS],
    check: Check,
    now: i64,
) -> Result<Margin, RiskError> {
    margin(&Holdings { balances: &NOBODYS, positions }, board, &Overlay::none(), check, now)
}

/// The same board with every price diverged, near the average or far from it, for so long.
fn diverge(board: &RiskBoard, near: bool, seconds: i64) -> Box<RiskBoard> {
    let mut board = Box::new(*board);
    let count = usize::from(board.header.market_count);
    for (feed, market) in board.feeds.iter_mut().zip(&mut board.markets).take(count) {
        feed.validity = Validity::Diverged.code();
        feed.diverged_since = NOW - seconds;
        feed.max_divergence = Ratio::from_bps(1_000);
        let away = feed.price.get() / if near { 16 } else { 4 };
        feed.twap = Price::new(feed.price.get() + away);
        market.valid_until = 0;
    }
    board
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn divergence_blocks_a_liquidation_for_three_minutes_at_most_and_never_near_the_average(
        account in account(), near in any::<bool>(), seconds in 0i64..400, later in 0i64..90,
    ) {
        let (valid, positions) = open(&account);
        prop_assume!(positions.iter().any(Position::is_cross));
        let board = diverge(&valid, near, seconds);
        let now = NOW + later;
        let fresh = later <= 60;
        let usable = fresh && (near || seconds + later >= DIVERGENCE_SECONDS);
        prop_assert_eq!(usable_for_liquidation(&board.feeds[0], now), usable);
        for check in [Check::Withdraw, Check::Initial] {
            let refused = matches!(at(&board, &positions, check, now), Err(RiskError::StaleMarket { .. }));
            prop_assert!(refused, "{check:?}");
        }
        for check in [Check::Liquidator, Check::LiquidationEnd, Check::Maintenance] {
            let found = at(&board, &positions, check, now);
            if usable {
                // To the unit as if the feeds were valid.
                prop_assert_eq!(found, at(&valid, &positions, check, now));
            } else {
                prop_assert_eq!(found.is_err(), check.is_strict());
            }
        }
        let overlay = Overlay::none();
        let view = View { board: &board, overlay: &overlay, now };
        let leg = view.market(0);
        prop_assert_eq!(leg.is_ok(), usable);
        if let Ok(leg) = leg {
            prop_assert_eq!((leg.lot_price, leg.lot_stable), (valid.markets[0].lot_price, valid.markets[0].lot_stable));
        }
    }

    #[test]
    fn an_overlay_is_judged_as_its_feed_would_be(
        account in prop::collection::vec((listed(), position()), 1..3), off in 500u64..2_000, started in 0i64..400, settled in 1i64..300,
    ) {
        let (mut board, mut positions) = open(&account);
        positions[0].flags = POSITION_IN_USE;
        let later = NOW + settled;
        for (place, feed) in board.feeds.iter_mut().enumerate().take(account.len()) {
            (feed.refreshed_at, feed.twap, feed.stable) = (NOW, feed.price, feed.price);
            (feed.max_confidence, feed.max_divergence) = (Ratio::ONE, Ratio::from_bps(1_000));
            feed.max_age = 600;
            board.markets[place].valid_until = 0;
            if started > 200 {
                feed.diverged_since = NOW - started;
            }
        }
        board.feeds[0].validity = Validity::Missing.code();
        let price = Price::new((u128::from(board.feeds[0].price.get()) * u128::from(off) / 1_000) as u64);
        let new = OraclePrice { price, publish_time: later, ..OraclePrice::default() };
        let mut overlay = Overlay::none();
        overlay.push(0, new).unwrap();
        let mut folded = board.clone();
        fold(&mut folded.feeds[0], &new, later).unwrap();
        for check in KINDS {
            let brought = margin(&Holdings { balances: &NOBODYS, positions: &positions }, &board, &overlay, check, later);
            let usable = usable_for_liquidation(&folded.feeds[0], later);
            let direct = at(&folded, &positions, check, later);
            if usable {
                prop_assert_eq!(brought, direct, "{:?}", check);
            } else {
                prop_assert_eq!(brought.is_err(), check.is_strict());
            }
        }
    }

    #[test]
    fn a_settled_market_never_grows_old_and_has_no_publish_time(account in account(), later in 0i64..1 << 40) {
        let (mut board, positions) = open(&account);
        board.header.max_publish_spread = 10;
        let before = KINDS.map(|check| at(&board, &positions, check, NOW).unwrap());
        let header = board.header;
        for (place, market) in board.markets.iter_mut().enumerate().take(account.len()) {
            market.valid_until = SETTLED;
            market.publish_time = place as i64 * 1_000;
            let entry = *market;
            let moved = plimsoll_risk::layout::feed::Feed { price: Price::ONE, ..account[place].0.feed };
            refresh_market(market, &moved, &header, NOW + later).unwrap();
            prop_assert_eq!(bytemuck::bytes_of(&entry), bytemuck::bytes_of(market));
        }
        prop_assert_eq!(before, KINDS.map(|check| at(&board, &positions, check, NOW + later).unwrap()));
    }
}

/// What an account or a pocket is, measured in full.
fn reading(
    board: &RiskBoard,
    positions: &[Position; MAX_POSITIONS],
    pocket: Option<&Position>,
    flagged: bool,
) -> Reading {
    let of = |check| {
        let found = match pocket {
            None => at(board, positions, check, NOW),
            Some(position) => isolated_margin(position, board, &Overlay::none(), check, NOW),
        };
        found.unwrap().health()
    };
    let worth = match pocket {
        None => {
            equity(&Holdings { balances: &NOBODYS, positions }, board, &Overlay::none(), NOW).unwrap().net()
        }
        Some(position) => {
            let mut alone = [bytemuck::Zeroable::zeroed(); MAX_POSITIONS];
            alone[0] = Position { flags: POSITION_IN_USE, ..*position };
            let holdings = Holdings { balances: &NOBODYS, positions: &alone };
            let pnl = equity(&holdings, board, &Overlay::none(), NOW).unwrap().net();
            Quote::new(pnl.get() + position.pocket.get())
        }
    };
    Reading {
        initial: of(Check::Initial),
        maint: of(Check::Maintenance),
        liqend: of(Check::LiquidationEnd),
        equity: worth,
        has_value: true,
        owes: true,
        flagged,
    }
}

fn consistent(found: &Assessment, full: &Reading, flag: &Flag, called: bool, is_pocket: bool) {
    let live = flag.is_live(NOW);
    let expected = match state(full) {
        Danger::MarginCall if is_pocket => Danger::Healthy,
        danger => danger,
    };
    assert_eq!(found.danger, expected);
    let endangered = matches!(expected, Danger::Liquidation | Danger::Insolvent);
    assert_eq!((found.is_flagged(), found.is_insolvent()), (endangered, expected == Danger::Insolvent));
    let change = match (endangered, live, flag.flagged_at != 0) {
        (true, false, _) => FlagChange::Set,
        (true, true, _) if flag.renewed_at == NOW => FlagChange::Stays,
        (true, true, _) => FlagChange::Renewed,
        (false, _, true) => FlagChange::Cleared,
        (false, _, false) => FlagChange::Stays,
    };
    assert_eq!(found.flag, change);
    let call = match (endangered || is_pocket, full.initial.is_negative(), called) {
        (false, true, false) => CallChange::Posted,
        (false, false, true) => CallChange::Ended,
        _ => CallChange::Stays,
    };
    assert_eq!(found.call, call);
    // What was measured is right, and nothing more was measured than the state takes.
    for (part, whole) in [
        (found.initial, full.initial),
        (found.maint, full.maint),
        (found.liqend, full.liqend),
        (found.equity, full.equity),
    ] {
        assert!(part.is_none_or(|part| part == whole), "{part:?} {whole:?}");
    }
    assert_eq!((found.maint.is_some(), found.liqend.is_some()), (!live, live));
    assert_eq!((found.equity.is_some(), found.initial.is_some()), (endangered, !endangered && !is_pocket));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(5_000))]

    #[test]
    fn an_assessment_measures_only_what_it_needs_and_says_what_the_state_is(
        account in prop::collection::vec((listed(), position()), 1..5),
        level in (0u8..4, -1_000i64..1_000), flagged in prop::option::of((0i64..1_000, 0i64..500)), called in any::<bool>(),
    ) {
        let (board, mut positions) = open(&account);
        let flag = flagged.map_or(Flag::default(), |(ago, renewed)| Flag {
            flagged_at: NOW - ago.max(renewed), renewed_at: NOW - renewed.min(ago),
        });
        let is_pocket = positions[0].is_isolated();
        let of = |positions: &[Position; MAX_POSITIONS]| {
            reading(&board, positions, is_pocket.then_some(&positions[0]), flag.is_live(NOW))
        };
        positions[0].pocket = Quote::ZERO;
        let full = of(&positions);
        let base = [full.initial, full.maint, full.liqend, full.equity][usize::from(level.0)];
        // To just where the state changes.
        positions[0].quote = Quote::new(positions[0].quote.get() - base.get() + level.1);
        let full = of(&positions);
        let overlay = Overlay::none();
        let view = View { board: &board, overlay: &overlay, now: NOW };
        let scope = if is_pocket {
            Scope::Pocket(&positions[0])
        } else {
            Scope::Cross(Holdings { balances: &NOBODYS, positions: &positions })
        };
        let found = assess(&scope, &flag, called, &view).unwrap();
        consistent(&found, &full, &flag, called, is_pocket);
    }
}

#[test]
fn a_flag_lapses_without_fresh_proof() {
    let flag = Flag { flagged_at: NOW - 1_000, renewed_at: NOW - FLAG_SECONDS };
    assert!(flag.is_live(NOW) && !flag.is_live(NOW + 1));
    assert!(!Flag::default().is_live(0));
}

#[test]
fn a_stale_price_decides_no_margin_call() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let drawn = listed().new_tree(&mut runner).unwrap().current();
    let held =
        Position { flags: POSITION_IN_USE, quote: Quote::new(1 << 50), ..bytemuck::Zeroable::zeroed() };
    let (board, positions) = open(&[(drawn, held)]);
    let overlay = Overlay::none();
    let scope = Scope::Cross(Holdings { balances: &NOBODYS, positions: &positions });
    for (later, called, expected) in
        [(0, true, CallChange::Ended), (61, true, CallChange::Stays), (61, false, CallChange::Stays)]
    {
        let view = View { board: &board, overlay: &overlay, now: NOW + later };
        let found = assess(&scope, &Flag::default(), called, &view).unwrap();
        assert_eq!(
            (found.call, found.danger, found.initial.is_some()),
            (expected, Danger::Healthy, later == 0)
        );
    }
}
