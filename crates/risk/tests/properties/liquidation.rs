//! Steps of a liquidation against margin checks of the account before and after them.

use crate::desk::*;
use plimsoll_risk::RiskError;
use plimsoll_risk::health::{Check, Overlay};
use plimsoll_risk::layout::account::{Balance, MAX_BALANCES, POSITION_IN_USE, Position};
use plimsoll_risk::layout::bank::{BankTerms, NO_FEED};
use plimsoll_risk::layout::board::RiskBoard;
use plimsoll_risk::layout::feed::Feed;
use plimsoll_risk::liquidation::{Standing, Step, StepTerms, View, book_fee, book_limit, step, swap};
use plimsoll_risk::margin::{Holdings, isolated_margin, margin};
use plimsoll_risk::num::{Index, Lots, Price, Quote, Ratio, Shares};
use plimsoll_risk::ramp::Ramp;
use plimsoll_risk::validity::Validity;
use plimsoll_risk::valuation::{refresh_bank, weights_are_ordered};
use proptest::prelude::*;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Cases, lots tried, most lots tried.
static TRIES: [AtomicU64; 3] = [AtomicU64::new(0), AtomicU64::new(0), AtomicU64::new(0)];

fn count(tries: u32) {
    TRIES[0].fetch_add(1, Relaxed);
    TRIES[1].fetch_add(tries.into(), Relaxed);
    TRIES[2].fetch_max(tries.into(), Relaxed);
}

struct Patient {
    board: Box<RiskBoard>,
    positions: [Position; 16],
    balances: [Balance; MAX_BALANCES],
}

impl Patient {
    fn health(&self, at: usize, check: Check) -> Quote {
        let found = if self.positions[at].is_isolated() {
            isolated_margin(&self.positions[at], &self.board, &Overlay::none(), check, NOW)
        } else {
            let holdings = Holdings { balances: &self.balances, positions: &self.positions };
            margin(&holdings, &self.board, &Overlay::none(), check, NOW)
        };
        found.unwrap().health()
    }

    fn standing(&self, at: usize) -> Standing {
        let overlay = Overlay::none();
        let view = View { board: &self.board, overlay: &overlay, now: NOW };
        if self.positions[at].is_isolated() {
            return Standing::of_pocket(&self.positions[at], &view).unwrap();
        }
        Standing::of(&Holdings { balances: &self.balances, positions: &self.positions }, &view).unwrap()
    }

    fn step(&self, at: usize, standing: &Standing, terms: &StepTerms) -> Result<Step, RiskError> {
        step(
            &self.positions[at],
            standing,
            terms,
            &View { board: &self.board, overlay: &Overlay::none(), now: NOW },
        )
    }

    /// Takes a step.
    fn take(&mut self, at: usize, step: &Step) {
        let position = &mut self.positions[at];
        let sign = position.lots.get().signum();
        let (worth, fee) = (step.worth.get(), step.fee.total().get());
        position.lots = Lots::new(position.lots.get() - sign * step.lots as i32);
        position.quote = Quote::new(position.quote.get() + i64::from(sign) * worth - fee);
    }

    /// After so many lots of a position were taken over at the price, for a fee.
    fn taken(&self, at: usize, lots: u32, rate: (Quote, Quote)) -> Quote {
        let mut after = Patient { board: self.board.clone(), ..*self };
        let (worth, fee) = (rate.0.get(), rate.1.get());
        let position = &mut after.positions[at];
        let sign = position.lots.get().signum();
        position.lots = Lots::new(position.lots.get() - sign * lots as i32);
        position.quote = Quote::new(position.quote.get() + i64::from(sign) * worth - fee);
        after.health(at, Check::LiquidationEnd)
    }

    fn worth(&self, at: usize, lots: u32) -> Quote {
        let market = &self.board.markets[usize::from(self.positions[at].market)];
        let product = u64::from(lots) * u64::from(market.lot_price);
        let floor = product >> market.shift;
        let up = u64::from(self.positions[at].lots.get() < 0 && floor << market.shift != product);
        Quote::new((floor + up) as i64)
    }
}

/// An account that is short of what ends a liquidation by a part (2^-10) of what its first position needs.
fn patient(account: &[(Listed, Position)], part: u64) -> Patient {
    let (board, positions) = open(account);
    let mut patient = Patient { board, positions, balances: bytemuck::Zeroable::zeroed() };
    let health = patient.health(0, Check::LiquidationEnd).get();
    let need = (patient.worth(0, positions[0].lots.magnitude()).magnitude() * part) >> 10;
    let first = &mut patient.positions[0];
    // Health moves by exactly what its quote moves by.
    first.quote = Quote::new(first.quote.get() - health - need as i64 - 1);
    patient
}

fn leg() -> impl Strategy<Value = (Listed, Position)> {
    let lots = prop_oneof![1 => -40i32..40, 4 => -1i32 << 24..1 << 24];
    (listed(), position(), lots).prop_map(|(listed, position, lots)| {
        let position = Position {
            lots: Lots::new(if lots == 0 { 1 } else { lots }),
            bids: 0,
            asks: 0,
            bids_quote: Quote::ZERO,
            asks_quote: Quote::ZERO,
            quote: Quote::new(position.quote.get() >> 4),
            ..position
        };
        (listed, position)
    })
}

fn ask() -> impl Strategy<Value = StepTerms> {
    (0u32..1 << 26, 0u32..=1 << 30, prop_oneof![Just(0i64), 0i64..1 << 24]).prop_map(|(rate, share, dust)| {
        StepTerms {
            rate: Ratio::new(rate),
            insurance_share: Ratio::new(share),
            dust: Quote::new(dust),
            most_lots: u32::MAX,
        }
    })
}

/// Of a deposit, and what a borrow weighs above 1: far apart, or near.
fn weights() -> impl Strategy<Value = (u32, u32)> {
    let far = (1u32 << 28..(1 << 30) - (1 << 20), 1u32 << 20..1 << 29);
    prop_oneof![far, ((1u32 << 30) - (1 << 25)..(1 << 30) - (1 << 20), 1u32 << 20..1 << 25)]
}

fn cases() -> u32 {
    std::env::var("PLIMSOLL_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(100_000)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cases()))]

    #[test]
    fn a_step_takes_what_is_needed_and_not_a_lot_more(
        account in prop::collection::vec(leg(), 1..3), part in 1u64..200, terms in ask(),
    ) {
        let patient = patient(&account, part);
        let standing = patient.standing(0);
        let before = patient.health(0, Check::LiquidationEnd);
        prop_assert_eq!(standing.liqend, before);
        let held = patient.positions[0].lots.magnitude();
        let found = patient.step(0, &standing, &terms);
        if let Err(RiskError::LowersHealth { by }) = found {
            // Lots so small, or a ratio so low, that what taking them frees rounds to nothing.
            let worth = patient.worth(0, held).magnitude() as u128;
            let ratio = patient.board.markets[0].maint_ratio.get() as u128;
            prop_assert!(by.get() >= 0 && (patient.worth(0, 1).get() < 64 || (worth * ratio) >> 30 < 64 || ratio < 64));
            return Ok(());
        }
        let found = found.unwrap();
        count(found.evaluations);
        prop_assert!(found.lots > 0 && found.lots <= held);
        prop_assert_eq!(found.worth, patient.worth(0, found.lots));
        // At most its part of the equity.
        let fee = found.fee.total();
        let cap = standing.equity.max(Quote::ZERO).magnitude() as u128 * found.worth.magnitude() as u128;
        prop_assert!(fee.magnitude() as u128 * standing.at_risk.magnitude() as u128 <= cap, "{:?}", found);
        prop_assert!(fee <= found.wanted && fee.get() >= 0);
        let after = patient.taken(0, found.lots, (found.worth, fee));
        prop_assert!(after >= Quote::ZERO || found.lots == held, "{after:?} {found:?}");
        if found.lots < held {
            // One lot less is not enough.
            let rate = terms.rate.min(Step::rate_limit(&standing, &terms, &patient.board.markets[0]));
            let less = patient.worth(0, found.lots - 1);
            let floor = (u64::from(found.lots - 1) * u64::from(patient.board.markets[0].lot_price)) >> patient.board.markets[0].shift;
            let fee = rate.mul_down(Quote::new(floor as i64)).unwrap();
            prop_assert!(patient.taken(0, found.lots - 1, (less, fee)) < Quote::ZERO, "{found:?}");
            prop_assert!(patient.worth(0, held - found.lots) >= terms.dust);
        }
        let mut done = Patient { board: patient.board.clone(), ..patient };
        done.take(0, &found);
        prop_assert!(done.health(0, Check::Maintenance) > patient.health(0, Check::Maintenance));
        let tries = (TRIES[0].load(Relaxed), TRIES[1].load(Relaxed), TRIES[2].load(Relaxed));
        prop_assert!(tries.2 <= 20, "{tries:?}");
        if tries.0.is_multiple_of(20_000) {
            eprintln!("sizing: {} steps, {:.2} lots tried each, {} at most", tries.0, tries.1 as f64 / tries.0 as f64, tries.2);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cases()))]

    #[test]
    fn a_take_over_in_parts_costs_what_it_costs_at_once(
        account in prop::collection::vec(leg(), 1..3), part in 1u64..200, terms in ask(),
        cuts in prop::collection::vec(1u32..1_000, 1..8),
    ) {
        let mut patient = patient(&account, part);
        let standing = patient.standing(0);
        let Ok(whole) = patient.step(0, &standing, &terms) else { return Ok(()) };
        let mut at_once = Patient { board: patient.board.clone(), ..patient };
        at_once.take(0, &whole);
        // Each part a cut of what is left, the last all of it; all in one slot, so at one price and one fee.
        let (mut left, mut steps) = (whole.lots, 0i64);
        for cut in cuts.iter().copied().chain([1_000]) {
            let most_lots = ((u64::from(left) * u64::from(cut)).div_ceil(1_000)) as u32;
            let standing = patient.standing(0);
            // What rounding left of the gap may already be closed, or be too small for one more part to help.
            let Ok(found) = patient.step(0, &standing, &StepTerms { most_lots, ..terms }) else { return Ok(()) };
            if found.lots == 0 {
                break;
            }
            prop_assert!(found.lots <= most_lots);
            patient.take(0, &found);
            (left, steps) = (left - found.lots, steps + 1);
            if left == 0 {
                break;
            }
        }
        // A unit of worth and of fee a part; and of the rate, which is rounded to 2^-30 once more for each.
        let worth = whole.worth.get();
        let rounding = 2 * steps + 2 + (steps + 1) * (worth >> 28);
        if left == 0 {
            let difference = patient.standing(0).equity.get() - at_once.standing(0).equity.get();
            prop_assert!(difference.abs() <= rounding, "{difference} in {steps} parts of {whole:?}");
        } else {
            // Enough before, by rounding alone: what is left would not have freed more than that.
            let freed = patient.standing(0).liqend.get();
            let dust = terms.dust.get();
            prop_assert!(freed >= 0 || dust > 0, "{freed} {left} {whole:?}");
            let undone = patient.worth(0, left).get();
            let ratio = i64::from(patient.board.markets[0].maint_ratio.get() >> 10);
            prop_assert!(((undone >> 20) * ratio) <= rounding + 64 + dust, "{left} of {whole:?} left, {rounding}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(5_000))]

    #[test]
    fn steps_after_steps_end_a_liquidation_and_never_cost_more_than_the_equity(
        account in prop::collection::vec(leg(), 1..6), part in 1u64..400, terms in ask(), most in 1u32..1 << 24,
    ) {
        let account: Vec<_> = account.into_iter().map(|(listed, mut position)| {
            position.flags = POSITION_IN_USE;
            position.pocket = Quote::ZERO;
            (listed, position)
        }).collect();
        let mut patient = patient(&account, part);
        let (equity, mut paid) = (patient.standing(0).equity.max(Quote::ZERO), 0i64);
        let terms = StepTerms { most_lots: most, ..terms };
        for _ in 0..4 {
            for at in 0..account.len() {
                let standing = patient.standing(at);
                let Ok(found) = patient.step(at, &standing, &terms) else { continue };
                prop_assert!(found.lots <= most);
                patient.take(at, &found);
                paid += found.fee.total().get();
            }
        }
        prop_assert!(paid <= equity.get());
    }

    #[test]
    fn the_book_never_costs_more_than_what_was_sized(
        lot in 1u32.., shift in 0u8..20, rate in 0u32..1 << 28, lots in 1u32..1 << 20, better in 0u64..1 << 20, is_long in any::<bool>(),
    ) {
        let terms = StepTerms {
            rate: Ratio::new(rate), insurance_share: Ratio::from_bps(2_000), dust: Quote::ZERO, most_lots: u32::MAX,
        };
        let limit = book_limit(lot, terms.rate, is_long);
        prop_assert!((limit <= lot) == is_long || limit == lot);
        let at = |mark: u32| Quote::new(((u64::from(lots) * u64::from(mark)) >> shift) as i64);
        let moved = (better % 3_000).min(at(limit).magnitude()) as i64;
        let filled = Quote::new(at(limit).get() + if is_long { moved } else { -moved });
        let fee = book_fee(filled, at(limit), at(lot), is_long, &terms).unwrap().total();
        prop_assert!(fee.get() >= 0 && fee.get() <= moved && fee <= terms.rate.mul_down(at(lot)).unwrap());
    }

    #[test]
    fn a_swap_repays_what_is_needed_and_always_helps(
        prices in (1u64 << 36..1u64 << 52, 1u64 << 36..1u64 << 52),
        decimals in (4u8..=9, 4u8..=9), weights in weights(),
        worths in (1u64 << 24..1 << 46, 0u64..3_000), indexes in (0u32..1 << 30, 0u32..1 << 30), terms in ask(),
    ) {
        let mut board: Box<RiskBoard> = Box::new(bytemuck::Zeroable::zeroed());
        board.header.liq_buffer = Ramp::constant(BUFFER.get());
        board.header.quote_decimals = 6;
        board.header.bank_count = 2;
        let header = board.header;
        let grown = |index: u32| Index::new((1 << 64) + (u128::from(index) << 33));
        for (place, (price, decimals, index)) in
            [(prices.0, decimals.0, indexes.0), (prices.1, decimals.1, indexes.1)].into_iter().enumerate()
        {
            let feed = Feed {
                price: Price::new(price), stable: Price::new(price), publish_time: NOW, max_age: 60,
                validity: Validity::Valid.code(), ..bytemuck::Zeroable::zeroed()
            };
            board.feeds[place] = feed;
            let maint = (1u32 << 30) + weights.1;
            let bank = &mut board.banks[place];
            *bank = BankTerms {
                feed: place as u8, decimals,
                deposit_index: grown(index).into(), borrow_index: grown(index).into(),
                asset_weight_initial: Ratio::new(weights.0), asset_weight_maint: Ramp::constant(weights.0),
                liability_weight_initial: Ratio::new(maint + (maint >> 1)), liability_weight_maint: Ramp::constant(maint),
                updated_at: NOW, ..bytemuck::Zeroable::zeroed()
            };
            prop_assert!(bank.feed != NO_FEED && weights_are_ordered(bank, BUFFER));
            refresh_bank(bank, &feed, &header, NOW).unwrap();
        }
        // Collateral worth so much; debt so that health is short of 0 by up to what repaying all would free.
        let shares = |worth: u64, mantissa: u64, shift: u8| ((u128::from(worth) << shift) / u128::from(mantissa)) as u64;
        let (owed, owned) = (board.banks[0], board.banks[1]);
        let bits = |mantissa: u64| u128::from(mantissa >> 33);
        let carried = (u128::from(worths.0) * bits(owned.values.asset_maint) * bits(owed.values.liability_equity)
            / bits(owned.values.asset_equity).max(1) / bits(owed.values.liability_liqend).max(1)) as u64;
        let debt = carried + carried * worths.1 / 10_000 + 10;
        let mut balances: [Balance; MAX_BALANCES] = bytemuck::Zeroable::zeroed();
        balances[0] = Balance { shares: Shares::new(shares(debt, owed.values.liability_equity, owed.shift)), bank: 0, borrowed: 1, reserved: [0; 6] };
        balances[1] = Balance { shares: Shares::new(shares(worths.0, owned.values.asset_equity, owned.shift)), bank: 1, borrowed: 0, reserved: [0; 6] };
        let positions = bytemuck::Zeroable::zeroed();
        let view = View { board: &board, overlay: &Overlay::none(), now: NOW };
        let of = |balances, check| margin(&Holdings { balances, positions: &positions }, &board, &Overlay::none(), check, NOW).unwrap().health();
        let standing = Standing::of(&Holdings { balances: &balances, positions: &positions }, &view).unwrap();
        if standing.liqend >= Quote::ZERO {
            return Ok(());
        }
        let found = swap(&balances[0], &balances[1], &standing, &terms, &view).unwrap();
        prop_assert!(found.evaluations <= 8);
        let mut after = balances;
        after[0].shares = balances[0].shares.checked_sub(found.debt_shares).unwrap();
        after[1].shares = balances[1].shares.checked_sub(found.collateral_shares).unwrap();
        let (end, maint) = (of(&after, Check::LiquidationEnd), of(&after, Check::Maintenance));
        prop_assert!(maint >= of(&balances, Check::Maintenance));
        prop_assert!(end > standing.liqend);
        // However rich the account is otherwise: the fee stays within what the weights leave.
        let rich = Standing { equity: Quote::new(1 << 60), ..standing };
        let found_rich = swap(&balances[0], &balances[1], &rich, &terms, &view).unwrap();
        let mut dear = balances;
        dear[0].shares = balances[0].shares.checked_sub(found_rich.debt_shares).unwrap();
        dear[1].shares = balances[1].shares.checked_sub(found_rich.collateral_shares).unwrap();
        prop_assert!(of(&dear, Check::Maintenance) >= of(&balances, Check::Maintenance), "{found_rich:?}");
        // Ended, or nothing is left to do it with.
        let tiny = (after[1].shares.get() as u128 * u128::from(owned.values.asset_equity)) >> owned.shift;
        let whole = after[0].shares.is_zero();
        let unit = (u128::from(owned.values.asset_equity) >> owned.shift) + (u128::from(owed.values.liability_equity) >> owed.shift);
        let unit = 2 * unit + 100;
        // A share of the collateral is given whole: what that leaves missing, less than its worth, is the next step's.
        let near = i64::try_from(unit).unwrap().saturating_neg();
        prop_assert!(end.get() >= near || whole || tiny < unit, "{end:?} {found:?} {tiny}");
        // And not a lot more: what one share of the debt is worth, and rounding.
        if !whole && tiny > unit {
            let share = i64::try_from(unit).unwrap();
            prop_assert!(end.get() <= 16 + share, "{end:?} {found:?}");
        }
        let cap = standing.equity.max(Quote::ZERO).magnitude() as u128 * u128::from(found.debt_worth.magnitude());
        prop_assert!(found.fee.total().magnitude() as u128 * standing.at_risk.magnitude() as u128 <= cap);
    }
}
