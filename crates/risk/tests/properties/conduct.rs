//! What the rule of conduct says of one changed leg, against margin and equity of the whole account before and after.

use crate::desk::*;
use plimsoll_risk::RiskError;
use plimsoll_risk::conduct::{Change, allowed};
use plimsoll_risk::fill::fill;
use plimsoll_risk::health::{Check, Overlay};
use plimsoll_risk::layout::account::{Balance, MAX_BALANCES, MAX_POSITIONS, Position};
use plimsoll_risk::layout::bank::{BankTerms, NO_FEED};
use plimsoll_risk::layout::board::RiskBoard;
use plimsoll_risk::layout::market::MarketTerms;
use plimsoll_risk::margin::{Holdings, equity, isolated_margin, margin};
use plimsoll_risk::num::{Quote, Ratio, Shares, StoredIndex};
use plimsoll_risk::ramp::Ramp;
use plimsoll_risk::valuation::refresh_bank;
use proptest::prelude::*;

/// A bank of the quote token, a share a unit.
fn add_quote_bank(board: &mut RiskBoard) {
    board.header.bank_count = 1;
    board.banks[0] = BankTerms {
        feed: NO_FEED,
        decimals: 6,
        deposit_index: StoredIndex::ONE,
        borrow_index: StoredIndex::ONE,
        asset_weight_initial: Ratio::ONE,
        liability_weight_initial: Ratio::ONE,
        asset_weight_maint: Ramp::constant(Ratio::ONE.get()),
        liability_weight_maint: Ramp::constant(Ratio::ONE.get()),
        updated_at: NOW,
        ..bytemuck::Zeroable::zeroed()
    };
    let header = board.header;
    let no_feed = bytemuck::Zeroable::zeroed();
    refresh_bank(&mut board.banks[0], &no_feed, &header, NOW).unwrap();
    board.banks[0].valid_until = i64::MAX;
}

/// A deposit, or a borrow, of so much quote.
fn balances(quote: i64) -> [Balance; MAX_BALANCES] {
    let mut balances: [Balance; MAX_BALANCES] = bytemuck::Zeroable::zeroed();
    balances[0].shares = Shares::new(quote.unsigned_abs());
    balances[0].borrowed = u8::from(quote < 0);
    balances
}

/// Health at Initial and at Maintenance, equity and maintenance requirement of what answers for a position.
#[derive(Debug)]
struct Whole {
    initial: i64,
    maint: i64,
    equity: i64,
    requirement: i64,
}

impl Whole {
    fn of(board: &RiskBoard, holdings: &Holdings<'_>, position: &Position) -> Self {
        let none = Overlay::none();
        let at = |check| {
            if position.is_isolated() {
                isolated_margin(position, board, &none, check, NOW).unwrap()
            } else {
                margin(holdings, board, &none, check, NOW).unwrap()
            }
        };
        let (initial, maint) = (at(Check::Initial), at(Check::Maintenance));
        let equity = if position.is_isolated() {
            // Alone, and cross: its equity is the account's.
            let mut alone: [Position; MAX_POSITIONS] = bytemuck::Zeroable::zeroed();
            alone[0] = Position { flags: 1, ..*position };
            let holdings = Holdings { balances: &balances(position.pocket.get()), positions: &alone };
            self::equity(&holdings, board, &none, NOW)
        } else {
            self::equity(holdings, board, &none, NOW)
        };
        Self {
            initial: initial.health().get(),
            maint: maint.health().get(),
            equity: equity.unwrap().net().get(),
            requirement: maint.requirement.get(),
        }
    }

    /// DESIGN §4 "Taking risk or withdrawing needs …", said as it stands there.
    fn may_become(&self, after: &Self, raises: bool) -> bool {
        let falls = after.initial < self.initial || after.maint < self.maint;
        let product = |a: i64, b: i64| i128::from(a) * i128::from(b);
        let keeps = if self.equity < 0 || self.requirement == 0 {
            after.equity >= self.equity && after.requirement <= self.requirement
        } else {
            product(after.equity, self.requirement) >= product(self.equity, after.requirement)
        };
        after.initial >= 0 || (!raises && !falls && (after.maint >= 0 || keeps))
    }
}

/// How a position changes.
#[derive(Clone, Debug)]
enum Act {
    /// A part of the position, 2^-10, is closed (above zero) or added, at a price off by so many 2^-14, at a fee.
    Trade(i64, i64, i64),
    /// Its orders become these.
    Orders(Position),
    /// It becomes this one.
    Anything(Position),
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        6 => (prop_oneof![4 => 0i64..=1_024, 1 => -200i64..2_000], -400i64..200, 0i64..2)
            .prop_map(|(part, off, fee)| Act::Trade(part, off, fee)),
        1 => position().prop_map(Act::Orders),
        1 => position().prop_map(Act::Anything),
    ]
}

fn changed(position: &Position, terms: &MarketTerms, act: &Act) -> Position {
    let mut after = *position;
    match act {
        Act::Trade(part, off, fee) => {
            let lots = i64::from(position.lots.get()) * part / 1_024;
            let buys = lots < 0;
            let worth = (i128::from(lots.unsigned_abs()) * i128::from(terms.lot_price)) >> terms.shift;
            let worth = (worth * i128::from(16_384 + if buys { -off } else { *off }) / 16_384) as i64;
            let size = lots.unsigned_abs() as u32;
            fill(&mut after, buys, size, Quote::new(worth), Quote::new(fee * (worth >> 11))).unwrap();
        }
        Act::Orders(other) => {
            (after.bids, after.asks) = (other.bids, other.asks);
            (after.bids_quote, after.asks_quote) = (other.bids_quote, other.asks_quote);
        }
        Act::Anything(other) => {
            after = Position { market: position.market, flags: position.flags, ..*other };
        }
    }
    after
}

/// Balances, or a pocket, that bring the account before the change near a threshold: Initial, Maintenance, no equity.
fn endow(
    board: &RiskBoard,
    positions: &mut [Position; MAX_POSITIONS],
    place: usize,
    level: (u8, i64),
) -> i64 {
    positions[place].pocket = Quote::ZERO;
    let none = balances(0);
    let before = Whole::of(board, &Holdings { balances: &none, positions }, &positions[place]);
    let base = match level.0 {
        0 => before.initial,
        1 => before.maint,
        2 => before.equity,
        _ => (before.maint + before.equity) / 2,
    };
    let amount = level.1 - base;
    if positions[place].is_isolated() {
        positions[place].pocket = Quote::new(amount.max(0));
    }
    amount
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3_000))]

    #[test]
    fn one_changed_leg_is_judged_as_the_whole_account_before_and_after_would_be(
        account in prop::collection::vec((listed(), position()), 1..=6),
        act in act(), place in 0usize..6, level in (0u8..4, prop_oneof![-1_000i64..1_000, -1i64 << 40..1 << 40]),
        paid in prop_oneof![2 => Just(0i64), 1 => 0i64..1 << 24], bare in any::<bool>(),
    ) {
        let (mut board, mut positions) = open(&account);
        add_quote_bank(&mut board);
        let place = place % account.len();
        if bare {
            for position in &mut positions {
                (position.bids, position.asks) = (0, 0);
                (position.bids_quote, position.asks_quote) = (Quote::ZERO, Quote::ZERO);
            }
        }
        let amount = endow(&board, &mut positions, place, level);
        let before = positions[place];
        let (had, has) = (balances(amount), balances(amount - paid));
        let whole_before = Whole::of(&board, &Holdings { balances: &had, positions: &positions }, &before);
        positions[place] = changed(&before, &board.markets[place], &act);
        let after = positions[place];
        let holdings = Holdings { balances: &has, positions: &positions };
        let whole_after = Whole::of(&board, &holdings, &after);
        // What the balances really lost: a borrow counts a unit more than it is.
        let paid = if amount >= 0 && amount < paid { paid + 1 } else { paid };
        let borrows = paid > 0 && amount < paid;
        let raises = after.lots.magnitude() > before.lots.magnitude() || borrows;
        let rest = margin(&holdings, &board, &Overlay::none(), Check::Initial, NOW).unwrap();
        let pays = !before.is_isolated() || paid == 0 || rest.is_healthy();
        let expected = pays && whole_before.may_become(&whole_after, raises);
        let change = Change { holdings, place, before: &before, paid: Quote::new(paid) };
        let found = allowed(&change, &board, &Overlay::none(), NOW);
        prop_assert_eq!(found.is_ok(), expected, "{:?}: {:?} then {:?}", found, whole_before, whole_after);
        if let Err(refusal) = found {
            let named = matches!(
                refusal,
                RiskError::NotEnoughMargin { .. }
                    | RiskError::LowersHealth { .. }
                    | RiskError::LowersEquityRatio { .. }
            );
            prop_assert!(named, "{:?}", refusal);
        }
    }

    #[test]
    fn an_isolated_loss_never_touches_the_account(
        account in account(), amount in -1i64 << 40..1 << 40, loss in (0i64..1 << 44, any::<i64>()), lots in any::<i32>(),
    ) {
        let (mut board, mut positions) = open(&account);
        add_quote_bank(&mut board);
        let balances = balances(amount);
        let of = |board: &RiskBoard, positions: &[Position; MAX_POSITIONS]| {
            let holdings = Holdings { balances: &balances, positions };
            let none = Overlay::none();
            (KINDS.map(|check| margin(&holdings, board, &none, check, NOW)), equity(&holdings, board, &none, NOW))
        };
        let before = of(&board, &positions);
        for (place, position) in positions.iter_mut().enumerate().filter(|(_, position)| position.is_isolated()) {
            position.quote = Quote::new(position.quote.get() - loss.0);
            position.realised = Quote::new(position.realised.get() - loss.0);
            position.pocket = Quote::ZERO;
            position.lots = plimsoll_risk::num::Lots::new(lots);
            board.markets[place].funding = loss.1;
        }
        prop_assert_eq!(before, of(&board, &positions));
    }
}
