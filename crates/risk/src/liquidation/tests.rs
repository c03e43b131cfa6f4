//! Liquidation in figures that can be checked by hand.

extern crate std;
use super::*;
use crate::layout::account::POSITION_IN_USE;
use crate::num::Lots;
use crate::ramp::Ramp;
use bytemuck::Zeroable;
use std::boxed::Box;

const NOW: i64 = 1_000_000;

fn part(of: u32) -> Ratio {
    Ratio::new(Ratio::ONE.get() / of)
}

/// One market: a lot is worth 1,024 and needs a sixteenth, an eighth more at the end of a liquidation: 72.
fn board() -> Box<RiskBoard> {
    let mut board = Box::new(RiskBoard::zeroed());
    board.header.liq_buffer = Ramp::constant(part(8).get());
    board.header.quote_decimals = 6;
    board.header.market_count = 1;
    board.markets[0] = MarketTerms {
        lot_price: 1_024 << 8,
        lot_stable: 1_024 << 8,
        shift: 8,
        maint_ratio: part(16),
        unbound_maint: Quote::MAX,
        valid_until: NOW,
        ..MarketTerms::zeroed()
    };
    board
}

/// 1,000 lots that have made so much.
fn long(profit: i64) -> [Position; 16] {
    let mut positions = [Position::zeroed(); 16];
    positions[0] = Position {
        lots: Lots::new(1_000),
        quote: Quote::new(profit - 1_024_000),
        flags: POSITION_IN_USE,
        ..Position::zeroed()
    };
    positions
}

const ASKED: StepTerms = StepTerms {
    rate: Ratio::new(1 << 23),
    insurance_share: Ratio::new(1 << 28),
    dust: Quote::ZERO,
    most_lots: u32::MAX,
};

fn sized(profit: i64, terms: &StepTerms) -> Result<Step, RiskError> {
    let (board, positions, overlay) = (board(), long(profit), Overlay::none());
    let view = View { board: &board, overlay: &overlay, now: NOW };
    let balances = Zeroable::zeroed();
    let standing = Standing::of(&Holdings { balances: &balances, positions: &positions }, &view)?;
    assert_eq!(
        standing,
        Standing {
            liqend: Quote::new(profit - 72_000),
            equity: Quote::new(profit),
            at_risk: Quote::new(1_024_001),
        }
    );
    step(&positions[0], &standing, terms, &view)
}

#[test]
fn the_fee_rises_from_the_moment_of_flagging() {
    let auction = Auction {
        start: Ratio::from_bps(100),
        most: Ratio::from_bps(500),
        seconds: 100,
        insurance_share: Ratio::ZERO,
    };
    let at = |seconds| fee_rate(&auction, NOW, NOW + seconds);
    assert_eq!(
        (at(-5), at(0), at(100), at(1_000)),
        (auction.start, auction.start, auction.most, auction.most)
    );
    assert!(Ratio::from_bps(300).get() - at(50).get() <= 1);
    let flat = Auction { most: Ratio::ZERO, seconds: 0, ..auction };
    assert_eq!(fee_rate(&flat, NOW, NOW), auction.start);
    assert!(!flag_lapsed(NOW, NOW + FLAG_SECONDS) && flag_lapsed(NOW, NOW + FLAG_SECONDS + 1));
}

#[test]
fn a_step_frees_what_is_missing_lot_by_lot() {
    // 6,400 are missing; a lot frees 72 and costs 8.
    let step = sized(65_600, &ASKED).unwrap();
    assert_eq!((step.lots, step.worth), (100, Quote::new(102_400)));
    assert_eq!(step.fee, Fee { liquidator: Quote::new(600), insurance: Quote::new(200) });
    assert_eq!(step.wanted, Quote::new(800));
    assert!(step.evaluations <= 6, "{step:?}");
    assert_eq!(sized(65_599, &ASKED).unwrap().lots, 101);
    assert_eq!(sized(72_000, &ASKED), Ok(Step::default()));
}

#[test]
fn little_that_is_left_is_taken_too_and_never_more_than_the_liquidator_takes() {
    let dusty = StepTerms { dust: Quote::new(900 * 1_024 + 1), ..ASKED };
    assert_eq!(sized(65_600, &dusty).unwrap().lots, 1_000);
    let modest = StepTerms { most_lots: 30, ..dusty };
    assert_eq!(sized(65_600, &modest).unwrap().lots, 30);
}

#[test]
fn an_account_without_equity_pays_no_fee_and_one_with_little_its_part() {
    let insolvent = sized(-1_000, &ASKED).unwrap();
    assert_eq!(
        (insolvent.lots, insolvent.fee.total(), insolvent.wanted),
        (1_000, Quote::ZERO, Quote::new(8_000))
    );
    // 1,024 of equity are a thousandth of what is at risk.
    let poor = sized(1_024, &ASKED).unwrap();
    assert_eq!(poor.lots, 1_000);
    assert!((1_022..=1_024).contains(&poor.fee.total().get()), "{poor:?}");
}

#[test]
fn a_leg_without_a_valid_price_is_not_taken() {
    let (mut board, positions) = (board(), long(0));
    board.markets[0].valid_until = NOW - 1;
    let view = View { board: &board, overlay: &Overlay::none(), now: NOW };
    let standing = Standing { liqend: Quote::new(-1), ..Standing::default() };
    assert_eq!(step(&positions[0], &standing, &ASKED, &view), Err(RiskError::StaleMarket { market: 0 }));
}

#[test]
fn a_step_into_the_book_pays_from_what_was_better_than_the_limit() {
    assert_eq!((book_limit(1_280, ASKED.rate, true), book_limit(1_280, ASKED.rate, false)), (1_270, 1_290));
    let fee = |filled, limit, is_long| {
        book_fee(Quote::new(filled), Quote::new(limit), Quote::new(12_800), is_long, &ASKED)
            .unwrap()
            .total()
            .get()
    };
    assert_eq!(
        (fee(12_760, 12_700, true), fee(12_900, 12_700, true), fee(12_700, 12_700, true)),
        (60, 100, 0)
    );
    assert_eq!((fee(12_840, 12_900, false), fee(12_600, 12_900, false)), (60, 100));
}

#[test]
fn a_gain_is_bought_for_what_is_owed() {
    let standing = Standing { equity: Quote::new(1_000), at_risk: Quote::new(10_000), ..Standing::default() };
    let sale = buy_pnl(Quote::new(5_000), Quote::new(1_270), &standing, &ASKED).unwrap();
    assert_eq!(
        (sale.claim, sale.paid, sale.fee.total()),
        (Quote::new(1_280), Quote::new(1_270), Quote::new(10))
    );
    let all = buy_pnl(Quote::new(640), Quote::new(1_270), &standing, &ASKED).unwrap();
    assert_eq!((all.claim, all.paid), (Quote::new(640), Quote::new(635)));
    assert_eq!(buy_pnl(Quote::new(-5), Quote::new(5), &standing, &ASKED), Ok(PnlSale::default()));
}

#[test]
fn a_state_begins_at_maintenance_and_ends_where_a_liquidation_does() {
    let read = |initial, maint, liqend, equity, flagged| {
        state(&Reading {
            initial: Quote::new(initial),
            maint: Quote::new(maint),
            liqend: Quote::new(liqend),
            equity: Quote::new(equity),
            has_value: true,
            owes: true,
            flagged,
        })
    };
    assert_eq!(read(0, 9, 5, 20, false), Danger::Healthy);
    assert_eq!(read(-1, 0, -1, 20, false), Danger::MarginCall);
    assert_eq!(read(-1, 0, -1, 20, true), Danger::Liquidation);
    assert_eq!(read(-1, 1, 0, 20, true), Danger::MarginCall);
    assert_eq!(read(-9, -1, -2, 1, false), Danger::Liquidation);
    assert_eq!(read(-9, -1, -2, 0, true), Danger::Insolvent);
    let gone = Reading {
        initial: Quote::new(-5),
        maint: Quote::new(-5),
        liqend: Quote::new(-5),
        equity: Quote::new(-5),
        has_value: false,
        owes: true,
        flagged: true,
    };
    assert_eq!(state(&gone), Danger::Bankrupt);
    let empty = Reading {
        initial: Quote::ZERO,
        maint: Quote::ZERO,
        liqend: Quote::ZERO,
        equity: Quote::ZERO,
        owes: false,
        ..gone
    };
    assert_eq!(state(&empty), Danger::Healthy);
}

#[test]
fn an_insolvent_scope_has_until_its_deadline() {
    assert!(!insolvency_due(NOW, 600, NOW + 599) && insolvency_due(NOW, 600, NOW + 600));
    assert!(insolvency_due(NOW, 0, NOW) && !insolvency_due(0, 0, NOW));
    assert!(!insolvency_due(NOW, 600, NOW - 9_999));
}

#[test]
fn markets_and_the_board_name_their_auctions() {
    let terms = MarketTerms {
        liq_fee_start: part(1_024),
        liq_fee_most: part(64),
        liq_fee_seconds: 60,
        liq_insurance_share: part(4),
        ..MarketTerms::zeroed()
    };
    let auction = Auction { start: part(1_024), most: part(64), seconds: 60, insurance_share: part(4) };
    assert_eq!(terms.auction(), auction);
    let header = BoardHeader {
        swap_fee_start: part(512),
        swap_fee_most: part(32),
        swap_fee_seconds: 90,
        swap_insurance_share: part(2),
        ..BoardHeader::zeroed()
    };
    let auction = Auction { start: part(512), most: part(32), seconds: 90, insurance_share: part(2) };
    assert_eq!(header.swap_auction(), auction);
}
