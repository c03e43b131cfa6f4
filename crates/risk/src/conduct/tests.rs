//! The rule of conduct, by example: a market at 100 with 10 % maintenance and 20 % initial margin.

extern crate std;
use super::*;
use crate::layout::account::{Balance, MAX_BALANCES, MAX_POSITIONS, POSITION_IN_USE, POSITION_ISOLATED};
use crate::layout::bank::BankTerms;
use crate::layout::bank::NO_FEED;
use crate::layout::market::MarketTerms;
use crate::num::{Lots, Ratio, Shares};
use bytemuck::Zeroable;
use std::boxed::Box;

const NOW: i64 = 1_700_000_000;

struct Desk {
    board: Box<RiskBoard>,
    balances: [Balance; MAX_BALANCES],
    positions: [Position; MAX_POSITIONS],
}

/// An account with a long of so many lots in slot 2, bought at 100, and this equity.
fn desk(lots: i32, equity: i64, isolated: bool) -> Desk {
    let mut board: Box<RiskBoard> = Box::new(RiskBoard::zeroed());
    (board.header.bank_count, board.header.market_count) = (1, 1);
    board.banks[0] = BankTerms { feed: NO_FEED, valid_until: NOW, ..BankTerms::zeroed() };
    let values = &mut board.banks[0].values;
    for value in [&mut values.asset_strict, &mut values.asset_maint, &mut values.asset_equity] {
        *value = 1;
    }
    for value in [&mut values.liability_strict, &mut values.liability_maint, &mut values.liability_equity] {
        *value = 1;
    }
    board.markets[0] = MarketTerms {
        lot_price: 100,
        lot_stable: 100,
        initial_ratio: Ratio::new(Ratio::ONE.get() / 5),
        maint_ratio: Ratio::new(Ratio::ONE.get() / 10),
        unbound_initial: Quote::MAX,
        unbound_maint: Quote::MAX,
        valid_until: NOW,
        ..MarketTerms::zeroed()
    };
    let mut desk = Desk { board, balances: Zeroable::zeroed(), positions: Zeroable::zeroed() };
    let flags = if isolated { POSITION_IN_USE | POSITION_ISOLATED } else { POSITION_IN_USE };
    desk.positions[2] = long(lots, flags);
    if isolated {
        desk.positions[2].pocket = Quote::new(equity);
    } else {
        desk.deposit(equity);
    }
    desk
}

fn long(lots: i32, flags: u8) -> Position {
    Position { lots: Lots::new(lots), quote: Quote::new(i64::from(lots) * -100), flags, ..Position::zeroed() }
}

impl Desk {
    fn deposit(&mut self, amount: i64) {
        self.balances[0].shares = Shares::new(amount.unsigned_abs());
        self.balances[0].borrowed = u8::from(amount < 0);
    }

    /// Trades lots at a price, with something paid from the balances, and asks whether that may stand.
    fn trade(&mut self, lots: i64, price: i64, paid: i64) -> Result<(), RiskError> {
        let before = self.positions[2];
        let size = u32::try_from(lots.unsigned_abs()).unwrap();
        let worth = Quote::new(lots.abs() * price);
        crate::fill::fill(&mut self.positions[2], lots > 0, size, worth, Quote::ZERO).unwrap();
        self.judge(&before, paid)
    }

    fn judge(&self, before: &Position, paid: i64) -> Result<(), RiskError> {
        let holdings = Holdings { balances: &self.balances, positions: &self.positions };
        let change = Change { holdings, place: 2, before, paid: Quote::new(paid) };
        allowed(&change, &self.board, &Overlay::none(), NOW)
    }
}

#[test]
fn taking_risk_needs_initial_margin() {
    for isolated in [false, true] {
        assert_eq!(desk(10, 220, isolated).trade(1, 100, 0), Ok(()));
        let refused = desk(10, 219, isolated).trade(1, 100, 0);
        let (collateral, requirement) = (Quote::new(219), Quote::new(220));
        assert_eq!(refused, Err(RiskError::NotEnoughMargin { collateral, requirement }));
    }
}

#[test]
fn in_a_margin_call_risk_may_fall_and_not_rise() {
    for isolated in [false, true] {
        assert_eq!(desk(10, 150, isolated).trade(-1, 100, 0), Ok(()));
        assert!(desk(10, 150, isolated).trade(1, 99, 0).is_err());
        // The reduction frees 20 initial and 10 maintenance margin: it may cost no more.
        assert_eq!(desk(10, 150, isolated).trade(-1, 90, 0), Ok(()));
        let refused = desk(10, 150, isolated).trade(-1, 89, 0);
        assert_eq!(refused, Err(RiskError::LowersHealth { by: Quote::new(1) }));
        // Whoever is healthy may sell as badly as they like.
        assert_eq!(desk(10, 300, isolated).trade(-1, 50, 0), Ok(()));
    }
}

#[test]
fn a_flip_to_a_smaller_size_is_a_reduction_and_to_a_larger_one_is_not() {
    assert_eq!(desk(10, 150, false).trade(-19, 100, 0), Ok(()));
    assert_eq!(desk(10, 150, false).trade(-20, 100, 0), Ok(()));
    let refused = desk(10, 150, false).trade(-21, 100, 0);
    assert!(matches!(refused, Err(RiskError::NotEnoughMargin { .. })));
}

#[test]
fn below_maintenance_equity_may_not_fall_faster_than_the_requirement() {
    for isolated in [false, true] {
        // E/R = 80/100; selling half may cost half of the equity.
        assert_eq!(desk(10, 80, isolated).trade(-5, 92, 0), Ok(()));
        let refused = desk(10, 80, isolated).trade(-5, 91, 0);
        let (equity, requirement) = (Quote::new(35), Quote::new(50));
        assert_eq!(refused, Err(RiskError::LowersEquityRatio { equity, requirement }));
    }
}

#[test]
fn an_insolvent_account_may_reduce_at_no_cost_only() {
    assert_eq!(desk(10, -50, false).trade(-5, 100, 0), Ok(()));
    assert!(matches!(desk(10, -50, false).trade(-5, 99, 0), Err(RiskError::LowersEquityRatio { .. })));
}

#[test]
fn a_reward_is_paid_from_a_deposit_or_the_account_must_be_healthy() {
    assert_eq!(desk(10, 150, false).trade(-1, 100, 10), Ok(()));
    let refused = desk(10, 150, false).trade(-1, 100, 11);
    assert_eq!(refused, Err(RiskError::LowersHealth { by: Quote::new(1) }));
    let mut borrower = desk(10, -1, false);
    borrower.positions[2].quote = Quote::new(-850);
    assert!(matches!(borrower.trade(-1, 100, 1), Err(RiskError::NotEnoughMargin { .. })));
    borrower = desk(10, -1, false);
    borrower.positions[2].quote = Quote::new(-850);
    assert_eq!(borrower.trade(-1, 100, 0), Ok(()));
}

#[test]
fn the_account_and_not_the_pocket_answers_for_what_an_isolated_position_pays() {
    assert_eq!(desk(10, 150, true).trade(-1, 100, 5), Ok(()));
    let mut owing = desk(10, 150, true);
    owing.deposit(-5);
    let refused = owing.trade(-1, 100, 5);
    assert!(matches!(refused, Err(RiskError::NotEnoughMargin { .. })));
}

#[test]
fn funding_not_applied_yet_counts_before_as_it_does_after() {
    let mut desk = desk(10, 150, false);
    desk.board.markets[0].funding = 3 << 32;
    let before = desk.positions[2];
    crate::funding::apply(&mut desk.positions[2], desk.board.markets[0].funding).unwrap();
    assert_eq!(desk.trade(-1, 100, 0), Ok(()));
    assert_eq!(desk.judge(&before, 0), Ok(()));
    desk.positions[2].quote = desk.positions[2].quote.checked_sub(Quote::new(11)).unwrap();
    assert_eq!(desk.judge(&before, 0), Err(RiskError::LowersHealth { by: Quote::new(1) }));
}

#[test]
fn a_bad_feed_stops_new_risk_and_not_a_reduction() {
    let stale = |lots| {
        let mut desk = desk(10, 150, false);
        desk.board.markets[0].valid_until = NOW - 1;
        desk.board.markets[0].lots_per_unit = 1_000_000;
        desk.board.feeds[0].last_valid_price = crate::num::Price::new(100 << 40);
        desk.board.feeds[0].stable = crate::num::Price::new(100 << 40);
        desk.board.feeds[0].last_valid_time = NOW;
        desk.board.header.quote_decimals = 6;
        desk.trade(lots, 100, 0)
    };
    assert_eq!(stale(-1), Ok(()));
    assert_eq!(stale(1), Err(RiskError::StaleMarket { market: 0 }));
}

#[test]
fn a_change_that_is_none_is_refused() {
    let desk = desk(10, 150, false);
    let elsewhere = Position { market: 1, ..desk.positions[2] };
    assert_eq!(desk.judge(&elsewhere, 0), Err(RiskError::BadParameter));
    assert_eq!(desk.judge(&desk.positions[2], -1), Err(RiskError::Overflow));
    let holdings = Holdings { balances: &desk.balances, positions: &desk.positions };
    let change = Change { holdings, place: 16, before: &desk.positions[2], paid: Quote::ZERO };
    let found = allowed(&change, &desk.board, &Overlay::none(), NOW);
    assert_eq!(found, Err(RiskError::BadParameter));
}

#[test]
fn lots_that_deleveraging_took_are_not_a_reduction_of_the_trade() {
    use crate::deleveraging::{WHOLE_LOT, apply};
    for isolated in [false, true] {
        let mut desk = desk(10, 100, isolated);
        desk.positions[2].deleveraging_a = WHOLE_LOT;
        let terms = &mut desk.board.markets[0];
        // Half of each lot was closed at 100.
        (terms.longs.a, terms.longs.k) = (WHOLE_LOT / 2, 50 << 32);
        terms.flags |= crate::layout::market::MARKET_DELEVERAGED;
        let (before, terms) = (desk.positions[2], *terms);
        apply(&mut desk.positions[2], &terms, 0).unwrap();
        assert_eq!(desk.positions[2].lots, Lots::new(5));
        assert_eq!(desk.judge(&before, 0), Ok(()));
        // Seven are fewer than ten, and more than five.
        let worth = Quote::new(200);
        crate::fill::fill(&mut desk.positions[2], true, 2, worth, Quote::ZERO).unwrap();
        let (collateral, requirement) = (Quote::new(100), Quote::new(140));
        let refused = Err(RiskError::NotEnoughMargin { collateral, requirement });
        assert_eq!(desk.judge(&before, 0), refused);
    }
}
