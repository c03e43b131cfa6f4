//! What a settlement takes and pays, by example.

extern crate std;
use super::*;
use crate::num::Lots;
use bytemuck::Zeroable;

const NOW: i64 = 1_700_000_000;

fn quote(raw: i64) -> Quote {
    Quote::new(raw)
}

/// A lot at 100, at 90 by the stable price.
fn terms() -> MarketTerms {
    MarketTerms { lot_price: 100, lot_stable: 90, valid_until: NOW, ..MarketTerms::zeroed() }
}

fn long(cost: i64, realised: i64) -> Position {
    Position {
        lots: Lots::new(10),
        quote: quote(realised - cost),
        realised: quote(realised),
        ..Position::zeroed()
    }
}

#[test]
fn a_loss_is_what_is_missing_at_the_price_and_funding_counts() {
    assert_eq!(loss(&long(1_200, 0), &terms(), NOW), Ok(quote(200)));
    assert_eq!(loss(&long(900, 0), &terms(), NOW), Ok(quote(0)));
    let billed = MarketTerms { funding: 7 << 32, ..terms() };
    assert_eq!(loss(&long(1_200, 0), &billed, NOW), Ok(quote(270)));
}

#[test]
fn a_gain_is_the_least_of_realised_the_worse_price_and_the_pool() {
    let of = |cost, realised, pool, deficit| {
        gain(&long(cost, realised), &terms(), quote(pool), quote(deficit), NOW).unwrap().get()
    };
    assert_eq!(of(900, 50, 1_000, 0), 50);
    // At the stable price the lots are worth 900: 40 of the 60 are gone.
    assert_eq!(of(940, 60, 1_000, 0), 20);
    assert_eq!(of(900, 50, 30, 0), 30);
    assert_eq!(of(900, 50, 30, 61), 9);
    assert_eq!(of(900, 50, 0, 0), 0);
    assert_eq!(of(900, 50, -5, 0), 0);
    assert_eq!(of(2_000, 50, 1_000, 0), 0);
    assert_eq!(of(500, -50, 1_000, 0), 0);
    let billed = MarketTerms { funding: 2 << 32, ..terms() };
    assert_eq!(gain(&long(880, 50), &billed, quote(1_000), quote(0), NOW), Ok(quote(30)));
}

#[test]
fn a_stale_market_settles_nothing() {
    let stale = Err(RiskError::StaleMarket { market: 0 });
    assert_eq!(loss(&long(1_200, 0), &terms(), NOW + 1), stale);
    assert_eq!(gain(&long(900, 5), &terms(), quote(9), quote(0), NOW + 1), stale);
}

#[test]
fn a_loss_without_lots_needs_no_price() {
    let flat = |raw| Position { quote: quote(raw), realised: quote(raw), ..Position::zeroed() };
    assert_eq!(loss(&flat(-70), &terms(), NOW + 1), Ok(quote(70)));
    assert_eq!(loss(&flat(70), &terms(), NOW + 1), Ok(quote(0)));
    let stale = Err(RiskError::StaleMarket { market: 0 });
    assert_eq!(gain(&flat(70), &terms(), quote(900), quote(0), NOW + 1), stale);
}

#[test]
fn a_settled_loss_is_settled_and_comes_back_when_the_price_does() {
    let mut position = long(1_200, 0);
    settle(&mut position, quote(200)).unwrap();
    assert_eq!(loss(&position, &terms(), NOW), Ok(Quote::ZERO));
    let risen = MarketTerms { lot_price: 130, lot_stable: 120, ..terms() };
    assert_eq!(gain(&position, &risen, quote(1_000), quote(0), NOW), Ok(quote(200)));
    settle(&mut position, quote(-200)).unwrap();
    assert_eq!((position.quote.get(), position.realised.get()), (-1_200, 0));
    position.realised = Quote::MAX;
    assert_eq!(settle(&mut position, quote(1)), Err(RiskError::Overflow));
    assert_eq!(position.quote.get(), -1_200);
}

#[test]
fn a_loss_takes_the_deposit_or_what_collateral_supports_and_of_a_pocket_the_pocket() {
    assert_eq!(loss_limit(TokenAmount::new(50), quote(-20)), Ok(quote(50)));
    assert_eq!(loss_limit(TokenAmount::new(50), quote(80)), Ok(quote(80)));
    assert_eq!(loss_limit(TokenAmount::ZERO, quote(-20)), Ok(quote(0)));
    assert_eq!(loss_limit(TokenAmount::MAX, quote(0)), Err(RiskError::Overflow));
    let pocketed = Position { pocket: quote(30), ..Position::zeroed() };
    assert_eq!(
        (pocket_loss(&pocketed, quote(20)), pocket_loss(&pocketed, quote(40))),
        (quote(20), quote(30))
    );
}

#[test]
fn an_insolvent_account_pays_with_all_of_its_collateral_and_another_with_what_carries_it() {
    use crate::layout::bank::{BankTerms, ShareValues};
    let mut board = std::boxed::Box::new(RiskBoard::zeroed());
    let values = ShareValues {
        asset_maint: 8,
        asset_equity: 10,
        liability_maint: 12,
        liability_equity: 10,
        ..ShareValues::zeroed()
    };
    for bank in &mut board.banks[..2] {
        *bank = BankTerms { values, valid_until: NOW, ..BankTerms::zeroed() };
    }
    let mut balances: [Balance; MAX_BALANCES] = Zeroable::zeroed();
    balances[0].shares = crate::num::Shares::new(100);
    balances[1] = Balance { shares: crate::num::Shares::new(20), bank: 1, borrowed: 1, ..Balance::zeroed() };
    let none = Overlay::none();
    // 800 less 240, and 1,000 less 200; a borrow a unit more.
    assert_eq!(balances_at_maintenance(&balances, &board, &none, NOW), Ok(quote(559)));
    assert_eq!(balances_at_full_price(&balances, &board, &none, NOW), Ok(quote(799)));
}
