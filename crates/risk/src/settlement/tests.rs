//! What a settlement takes and pays, by example.

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
