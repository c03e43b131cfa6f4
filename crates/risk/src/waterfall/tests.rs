//! The waterfall in figures that can be checked by hand.

use super::*;

#[test]
fn the_last_of_the_losses_bears_what_rounding_up_leaves() {
    let losses = [Quote::new(100), Quote::new(50), Quote::new(1)];
    let mut parts = [Quote::ZERO; 3];
    // Exactly 66.2, 33.1 and 0.7.
    assert_eq!(attribute(Quote::new(100), &losses, &mut parts), Ok(Quote::new(151)));
    assert_eq!(parts, [Quote::new(67), Quote::new(33), Quote::ZERO]);
    assert_eq!(seized_part(losses[1], parts[1]), Quote::new(17));
    assert_eq!(attribute(Quote::ZERO, &[], &mut []), Ok(Quote::ZERO));
    assert_eq!(attribute(Quote::new(152), &losses, &mut parts), Err(RiskError::BadParameter));
    assert_eq!(attribute(Quote::new(1), &[Quote::new(-1)], &mut [Quote::ZERO]), Err(RiskError::Overflow));
}

#[test]
fn a_markets_loss_goes_down_step_by_step() {
    let cover = Cover {
        tranche: TokenAmount::new(30),
        fund: TokenAmount::new(500),
        tier: TokenAmount::new(40),
        winners: Quote::new(20),
    };
    let parts = |loss| {
        let found = of_market(Quote::new(loss), &cover).unwrap();
        [found.tranche.get(), found.fund.get(), found.winners.get(), found.deficit.get()]
    };
    assert_eq!(parts(25), [25, 0, 0, 0]);
    assert_eq!(parts(65), [30, 35, 0, 0]);
    assert_eq!(parts(100), [30, 40, 20, 10]);
    assert_eq!(of_market(Quote::new(-1), &cover), Err(RiskError::Overflow));
}

#[test]
fn insurance_buys_what_reserves_do_not_cover() {
    let tokens = TokenAmount::new;
    // Worth 2 each, 1 % for the keeper, who asked for 5 %.
    let cost = purchase_cost(tokens(2_000), Ratio::from_bps(500), Ratio::from_bps(100)).unwrap();
    assert_eq!(cost, tokens(2_020));
    let found = of_borrow(tokens(1_000), tokens(300), cost, tokens(1_000)).unwrap();
    // 1,000 buy 495 at 2.02: 999.9.
    assert_eq!(
        found,
        BorrowLoss { reserves: tokens(300), bought: tokens(495), spent: tokens(1_000), lenders: tokens(205) }
    );
    assert_eq!(of_borrow(tokens(5), tokens(0), tokens(0), tokens(9)).unwrap().lenders, tokens(5));
}

#[test]
fn lenders_lose_alike_and_at_most_everything() {
    let half = haircut(Index::ONE, Shares::new(1_000), TokenAmount::new(500)).unwrap();
    assert_eq!(half.get(), 1 << 63);
    let nothing = haircut(Index::ONE, Shares::new(1_000), TokenAmount::new(5_000)).unwrap();
    assert_eq!(Shares::new(1_000).amount_down(nothing), Ok(TokenAmount::ZERO));
    assert_eq!(haircut(Index::ONE, Shares::ZERO, TokenAmount::new(1)), Err(RiskError::BadParameter));
    assert_eq!(haircut(Index::ONE, Shares::ZERO, TokenAmount::ZERO), Ok(Index::ONE));
}

#[test]
fn a_tiers_cap_counts_in_a_window() {
    let mut window = TierWindow { start: 100, paid: TokenAmount::new(60) };
    let left = |window: &TierWindow, now| window.left(TokenAmount::new(100), 50, now).get();
    assert_eq!((left(&window, 149), left(&window, 150)), (40, 100));
    window.pay(TokenAmount::new(40), 50, 149).unwrap();
    assert_eq!(left(&window, 149), 0);
    window.pay(TokenAmount::new(10), 50, 160).unwrap();
    assert_eq!((window.start, left(&window, 160)), (160, 90));
}
