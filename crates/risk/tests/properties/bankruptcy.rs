//! Estates of every shape: what was seized and what the waterfall bears are together what was owed, to the unit.

use crate::exact::{self, *};
use plimsoll_risk::bankruptcy::{Debt, Debtor, Estate, MOST_LEGS, of_debt, worth_up};
use plimsoll_risk::layout::account::{Balance, MarginAccount, POSITION_IN_USE, Position};
use plimsoll_risk::layout::{bank::NO_FEED, board::RiskBoard};
use plimsoll_risk::margin::Holdings;
use plimsoll_risk::num::{Index, Price, Quote, Shares, StoredIndex, TokenAmount};
use proptest::prelude::*;

fn amount() -> impl Strategy<Value = i64> {
    (any::<u64>(), 8u32..64).prop_map(|(raw, shift)| (raw >> shift) as i64)
}

fn signed() -> impl Strategy<Value = i64> {
    (amount(), any::<bool>()).prop_map(|(amount, is_loss)| if is_loss { -amount } else { amount })
}

/// A board on which every bank's token is worth 1 and every share a unit.
fn flat_board() -> Box<RiskBoard> {
    let mut board: Box<RiskBoard> = Box::new(bytemuck::Zeroable::zeroed());
    board.header.quote_bank = u8::MAX;
    for entry in &mut board.banks {
        entry.feed = NO_FEED;
        (entry.deposit_index, entry.borrow_index) =
            (StoredIndex::from(Index::ONE), StoredIndex::from(Index::ONE));
    }
    board
}

thread_local! {
    static BOARD: Box<RiskBoard> = flat_board();
}

/// An account of deposits above and borrows below zero, and of closed positions.
fn account(balances: &[i64], positions: &[i64]) -> MarginAccount {
    let mut account: MarginAccount = bytemuck::Zeroable::zeroed();
    for (place, amount) in balances.iter().enumerate() {
        account.balances[place] = Balance {
            shares: Shares::new(amount.unsigned_abs()),
            bank: place as u8,
            borrowed: u8::from(*amount < 0),
            reserved: [0; 6],
        };
    }
    for (place, quote) in positions.iter().enumerate() {
        let quote = Quote::new(*quote);
        account.positions[place] =
            Position { quote, realised: quote, flags: POSITION_IN_USE, ..bytemuck::Zeroable::zeroed() };
    }
    account
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100_000))]

    #[test]
    fn cash_and_deficit_pay_every_loss_exactly(
        balances in prop::collection::vec(signed(), 0..=16),
        positions in prop::collection::vec(signed(), 0..=16),
        part in 0u64..=1_000,
    ) {
        let account = account(&balances, &positions);
        let lost = |all: &[i64]| all.iter().map(|it| i128::from((*it).min(0))).sum::<i128>().unsigned_abs();
        let held = |all: &[i64]| all.iter().map(|it| i128::from((*it).max(0))).sum::<i128>();
        let owed = lost(&balances) + lost(&positions);
        let cash = (owed * u128::from(part) / 1_000) as u64;
        let estate = BOARD.with(|board| {
            Estate::of_cross(&Holdings::from(&account), TokenAmount::new(cash), board, 1)
        });
        let mut estate = estate.unwrap();
        prop_assert_eq!(i128::from(estate.owed.get()), owed as i128);
        prop_assert_eq!(i128::from(estate.claims.get()), held(&positions));
        prop_assert_eq!(i128::from(estate.tokens.get()), held(&balances));
        let deficit = estate.share_out().unwrap();
        prop_assert_eq!(deficit.magnitude() + cash, owed as u64);
        let (mut attributed, mut seized, mut count) = (0u64, 0u64, 0);
        for leg in estate.legs() {
            let source = match leg.debtor {
                Debtor::Balance(place) => balances[place],
                Debtor::Position(place) => positions[place],
            };
            prop_assert_eq!(leg.loss.get(), -source);
            prop_assert!(leg.seized >= Quote::ZERO && leg.attributed >= Quote::ZERO);
            prop_assert_eq!(leg.seized.get() + leg.attributed.get(), leg.loss.get());
            (attributed, seized, count) =
                (attributed + leg.attributed.magnitude(), seized + leg.seized.magnitude(), count + 1);
        }
        prop_assert_eq!((attributed, seized), (deficit.magnitude(), cash));
        prop_assert!(count <= MOST_LEGS);
        if estate.is_bankrupt(Quote::new(1_000), false) {
            prop_assert!(owed as i128 >= i128::from(cash) + held(&positions));
            prop_assert!(held(&balances) < 1_000 && held(&positions) < 1_000);
        }
    }

    #[test]
    fn a_debt_is_paid_exactly_and_nobody_pays_more_than_he_has(
        owed in any_size(), cost in any_size(), seized in any_size(), reserves in any_size(), budget in any_size(),
    ) {
        let tokens = TokenAmount::new;
        let debt = Debt {
            owed: tokens(owed), cost: tokens(cost), seized: tokens(seized), reserves: tokens(reserves), budget: tokens(budget),
        };
        let paid = of_debt(&debt).unwrap();
        let sum = [paid.seized, paid.loss.reserves, paid.loss.bought, paid.loss.lenders];
        prop_assert_eq!(sum.iter().map(|part| u128::from(part.get())).sum::<u128>(), u128::from(owed));
        prop_assert!(paid.seized_spent.get() <= seized && paid.loss.spent.get() <= budget);
        prop_assert!(paid.loss.reserves.get() <= reserves);
        prop_assert!(u128::from(paid.seized_spent.get()) + u128::from(paid.loss.spent.get()) <= u128::from(cost));
        prop_assert!(paid.bought().get() <= owed && paid.spent().get() <= cost);
        // Who sells never gets less than the price, but for a unit where cash and fund buy the last of it together.
        let exact = u128::from(cost) * u128::from(paid.bought().get());
        prop_assert!((u128::from(paid.spent().get()) + 1) * u128::from(owed.max(1)) > exact);
        // Lenders bear nothing that somebody before them could still have borne.
        if !paid.loss.lenders.is_zero() {
            prop_assert_eq!(paid.loss.reserves.get(), reserves);
        }
        if !debt.needs_purchase() {
            prop_assert!(paid.bought().is_zero());
        }
    }

    #[test]
    fn a_worth_is_the_exact_product_rounded_up(
        amount in any_size(), price in any_size(), token in 0u8..=12, quote in 0u8..=12,
    ) {
        let price = Price::new(price >> 1);
        let exact = whole(amount) * exact::price(price) * whole(ten_to(quote)) / whole(ten_to(token));
        match worth_up(TokenAmount::new(amount), price, (token, quote)) {
            Ok(found) => prop_assert!(is_ceiling(found.magnitude(), &exact)),
            // Beyond a quote, or on the way there.
            Err(_) => prop_assert!(exact * whole(ten_to(12)) > whole(u64::MAX >> 1)),
        }
    }
}
