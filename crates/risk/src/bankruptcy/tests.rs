//! Estates that can be checked by hand.

extern crate std;
use super::*;
use crate::layout::account::{Balance, MarginAccount, POSITION_IN_USE, POSITION_ISOLATED};
use crate::num::{Lots, Shares, StoredIndex};
use crate::validity::Validity;
use bytemuck::Zeroable;
use std::boxed::Box;
use std::vec::Vec;

const NOW: i64 = 1_000_000;

/// The quote token, then a token of 9 decimals at 2, stable at 3; both with indexes of 1.
fn board() -> Box<RiskBoard> {
    let mut board: Box<RiskBoard> = Box::new(Zeroable::zeroed());
    board.header.quote_decimals = 6;
    board.header.bank_count = 2;
    let one = StoredIndex::from(Index::ONE);
    for (bank, feed, decimals) in [(0, NO_FEED, 6), (1, 0, 9)] {
        let entry = &mut board.banks[bank];
        (entry.feed, entry.decimals) = (feed, decimals);
        (entry.deposit_index, entry.borrow_index) = (one, one);
    }
    let feed = &mut board.feeds[0];
    feed.price = Price::new(2 << PRICE_BITS);
    feed.last_valid_price = feed.price;
    feed.stable = Price::new(3 << PRICE_BITS);
    (feed.publish_time, feed.last_valid_time, feed.max_age) = (NOW, NOW, 60);
    feed.validity = Validity::Valid as u8;
    board
}

fn account() -> Box<MarginAccount> {
    Box::new(Zeroable::zeroed())
}

fn balance(bank: u8, shares: u64, is_borrow: bool) -> Balance {
    Balance { shares: Shares::new(shares), bank, borrowed: u8::from(is_borrow), ..Balance::zeroed() }
}

fn position(market: u8, quote: i64) -> Position {
    let quote = Quote::new(quote);
    Position { market, quote, realised: quote, flags: POSITION_IN_USE, ..Position::zeroed() }
}

fn estate(account: &MarginAccount, cash: u64, board: &RiskBoard, now: i64) -> Estate {
    Estate::of_cross(&Holdings::from(account), TokenAmount::new(cash), board, now).unwrap()
}

#[test]
fn losses_are_borrows_and_positions_and_cash_is_shared_alike() {
    let (board, mut account) = (board(), account());
    account.balances[3] = balance(1, 50_000_001, true); // 0.050000001 at 2
    account.positions[0] = position(4, -300_000);
    account.positions[9] = position(5, -0);
    let mut found = estate(&account, 100_000, &board, NOW);
    assert_eq!((found.owed, found.cash), (Quote::new(400_001), Quote::new(100_000)));
    assert!(found.is_bankrupt(Quote::new(10), false));
    assert_eq!(found.share_out(), Ok(Quote::new(300_001)));
    let legs: Vec<Leg> = found.legs().collect();
    assert_eq!(legs[0].debtor, Debtor::Balance(3));
    assert_eq!(legs[1].debtor, Debtor::Position(0));
    let shares: Vec<_> =
        legs.iter().map(|leg| (leg.loss.get(), leg.attributed.get(), leg.seized.get())).collect();
    assert_eq!(shares, [(100_001, 75_001, 25_000), (300_000, 225_000, 75_000)]);
}

#[test]
fn without_cash_every_loss_is_attributed_whole() {
    let (board, mut account) = (board(), account());
    account.balances[0] = balance(0, 70, true);
    let mut found = estate(&account, 0, &board, NOW);
    assert_eq!(found.share_out(), Ok(Quote::new(70)));
    assert_eq!(found.legs().map(|leg| leg.attributed.get()).sum::<i64>(), 70);
}

#[test]
fn a_pocket_answers_for_its_position_alone() {
    let mut position = position(4, -500);
    position.flags |= POSITION_ISOLATED;
    position.pocket = Quote::new(120);
    let mut found = Estate::of_pocket(7, &position).unwrap();
    assert!(found.is_bankrupt(Quote::ZERO, false));
    assert_eq!(found.share_out(), Ok(Quote::new(380)));
    let leg = found.legs().next().unwrap();
    assert_eq!((leg.debtor, leg.seized), (Debtor::Position(7), Quote::new(120)));
    // The account's other positions do not see it.
    let mut account = account();
    account.positions[7] = position;
    assert_eq!(estate(&account, 0, &board(), NOW).owed, Quote::ZERO);
    position.lots = Lots::new(1);
    assert!(!Estate::of_pocket(7, &position).unwrap().is_bankrupt(Quote::MAX, true));
}

#[test]
fn a_handful_of_a_dead_token_shields_nobody() {
    let (mut board, mut account) = (board(), account());
    account.positions[0] = position(0, -1_000);
    account.balances[0] = balance(1, 1_000_000_000, false); // one, at its stable price of 3
    let dust = Quote::new(3_000_000);
    assert_eq!(estate(&account, 0, &board, NOW).tokens, dust);
    assert!(!estate(&account, 0, &board, NOW).is_bankrupt(dust, true));
    assert!(estate(&account, 0, &board, NOW).is_bankrupt(Quote::new(3_000_001), false));
    // Nobody publishes any more. It counts as long as a margin check counts anything of it, then not at all.
    board.feeds[0].validity = Validity::Stale as u8;
    let end = NOW + health::BAD_FEED_GRACE + health::BAD_FEED_DECAY;
    assert_eq!(estate(&account, 0, &board, end - 1).tokens, dust);
    let late = estate(&account, 0, &board, end);
    assert_eq!(late.tokens, Quote::ZERO);
    assert!(late.is_bankrupt(Quote::ZERO, false));
}

#[test]
fn a_claim_holds_everybody_up_until_the_deadline() {
    let (board, mut account) = (board(), account());
    account.positions[0] = position(0, -1_000);
    account.positions[1] = position(1, 400);
    let found = estate(&account, 0, &board, NOW);
    assert!(!found.is_bankrupt(Quote::new(400), false));
    assert!(found.is_bankrupt(Quote::new(401), false));
    assert!(found.is_bankrupt(Quote::new(400), true));
    // Who is owed more than he owes is not insolvent, however dry the pools.
    account.positions[1] = position(1, 1_001);
    assert!(!estate(&account, 0, &board, NOW).is_bankrupt(Quote::MAX, true));
    account.positions[0] = position(0, 0);
    account.positions[1] = position(1, 0);
    assert!(!estate(&account, 0, &board, NOW).is_bankrupt(Quote::MAX, true));
}

#[test]
fn a_token_is_bought_only_at_a_price_of_today() {
    let mut board = board();
    assert_eq!(debt_price(&board, 1, NOW), Ok((Price::new(2 << PRICE_BITS), Buying::Possible)));
    assert_eq!(debt_price(&board, 0, NOW), Ok((Price::ONE, Buying::Possible)));
    let high = Price::new(3 << PRICE_BITS);
    assert_eq!(debt_price(&board, 1, NOW + 61), Ok((high, Buying::Later)));
    assert_eq!(debt_price(&board, 1, NOW + 30_000), Ok((high, Buying::Never)));
    (board.feeds[0].stable, board.feeds[0].last_valid_price) = (Price::ZERO, Price::ZERO);
    assert_eq!(debt_price(&board, 1, NOW + 61), Err(RiskError::StalePrice { bank: 1 }));
    assert_eq!(debt_price(&board, 40, NOW), Err(RiskError::Missing));
}

#[test]
fn worths_are_exact_but_for_one_rounding() {
    let price = Price::new((1 << PRICE_BITS) + 1);
    for (decimals, down, up) in [((6, 6), 1_000, 1_001), ((9, 6), 1, 2), ((3, 6), 1_000_000, 1_000_001)] {
        assert_eq!(worth_down(TokenAmount::new(1_000), price, decimals), Ok(Quote::new(down)));
        assert_eq!(worth_up(TokenAmount::new(1_000), price, decimals), Ok(Quote::new(up)));
    }
    assert_eq!(worth_up(TokenAmount::new(1_000), Price::ONE, (9, 6)), Ok(Quote::new(1)));
    assert_eq!(worth_up(TokenAmount::MAX, price, (6, 6)), Err(RiskError::Overflow));
    assert_eq!(worth_up(TokenAmount::MAX, price, (0, 19)), Err(RiskError::Overflow));
    assert_eq!(worth_up(TokenAmount::MAX, price, (0, 20)), Err(RiskError::BadParameter));
}

#[test]
fn what_was_seized_pays_before_reserves_and_insurance() {
    let tokens = TokenAmount::new;
    // 1,000 for 2,020: 505 buy 250, reserves bear 300, 404 buy 200, lenders bear 250.
    let debt = Debt {
        owed: tokens(1_000),
        cost: tokens(2_020),
        seized: tokens(505),
        reserves: tokens(300),
        budget: tokens(404),
    };
    let paid = of_debt(&debt).unwrap();
    assert_eq!((paid.seized, paid.seized_spent), (tokens(250), tokens(505)));
    let loss =
        BorrowLoss { reserves: tokens(300), bought: tokens(200), spent: tokens(404), lenders: tokens(250) };
    assert_eq!(paid.loss, loss);
    assert_eq!((paid.bought(), paid.spent()), (tokens(450), tokens(909)));
    // Reserves alone; nothing insured; nothing that could be bought.
    let alone = Debt { seized: tokens(0), reserves: tokens(5_000), ..debt };
    assert!(!alone.needs_purchase());
    assert_eq!(of_debt(&alone).unwrap().loss.reserves, tokens(1_000));
    let nothing = Debt { seized: tokens(0), budget: tokens(0), ..debt };
    assert!(!nothing.needs_purchase());
    assert_eq!(of_debt(&nothing).unwrap().loss.lenders, tokens(700));
    let dead = of_debt(&Debt { cost: tokens(0), ..debt }).unwrap();
    assert_eq!((dead.bought(), dead.spent(), dead.loss.lenders), (tokens(0), tokens(0), tokens(700)));
}
