//! Staking in figures that can be checked by hand.

use super::*;
use bytemuck::Zeroable;

const DAY: i64 = STREAM_SECONDS;

fn fund() -> (Fund, Stake) {
    (Fund { cooldown: 100, ..Fund::zeroed() }, Stake::zeroed())
}

fn of(amount: u64) -> TokenAmount {
    TokenAmount::new(amount)
}

#[test]
fn a_stake_cools_and_is_redeemed_within_its_window() {
    let (mut fund, mut stake) = fund();
    let shares = fund.stake(&mut stake, of(1_000), 0).unwrap();
    assert_eq!(shares, Shares::new(1_000_000));
    assert_eq!(fund.redeem(&mut stake, shares, false, 5), Err(StakeRefusal::NotEnough));
    fund.begin_cooling(&mut stake, shares, 5).unwrap();
    assert_eq!(fund.redeem(&mut stake, shares, false, 104), Err(StakeRefusal::Cooling { ready_at: 105 }));
    assert_eq!(fund.redeem(&mut stake, shares, true, 105), Err(StakeRefusal::LossPending));
    let over = 105 + REDEMPTION_SECONDS;
    assert_eq!(fund.redeem(&mut stake, shares, false, over), Err(StakeRefusal::WindowOver));
    fund.begin_cooling(&mut stake, shares, over).unwrap();
    assert_eq!(fund.redeem(&mut stake, shares, false, over + 100), Ok(of(1_000)));
    assert_eq!((fund.shares, fund.cover()), (Shares::ZERO, TokenAmount::ZERO));
}

#[test]
fn cooling_shares_bear_losses_after_what_nobody_owns() {
    let (mut fund, mut stake) = fund();
    fund.add_revenue(of(100), 0).unwrap();
    fund.credit(DAY); // nobody stakes: the fund's own
    let shares = fund.stake(&mut stake, of(1_000), DAY).unwrap();
    fund.begin_cooling(&mut stake, shares, DAY).unwrap();
    fund.add_revenue(of(50), DAY).unwrap();
    assert_eq!(fund.slash(of(650), DAY), of(650));
    assert_eq!((fund.streaming, fund.own, fund.assets), (of(0), of(0), of(500)));
    assert_eq!(fund.redeem(&mut stake, shares, false, DAY + 100), Ok(of(500)));
}

#[test]
fn revenue_arrives_over_a_day() {
    let (mut fund, mut stake) = fund();
    fund.stake(&mut stake, of(1_000), 0).unwrap();
    fund.add_revenue(of(800), 0).unwrap();
    fund.credit(DAY / 4);
    assert_eq!((fund.assets, fund.streaming), (of(1_200), of(600)));
    // 600 over 18 hours and 600 over 24: 1,200 over 21.
    fund.add_revenue(of(600), DAY / 4).unwrap();
    assert_eq!(fund.stream_end, DAY / 4 + 21 * 3_600);
    fund.credit(DAY / 4 + 21 * 3_600);
    assert_eq!((fund.assets, fund.streaming), (of(2_400), of(0)));
}

#[test]
fn who_loses_everything_has_nothing_of_the_next_generation() {
    let (mut fund, mut lost) = fund();
    let shares = fund.stake(&mut lost, of(1_000_000), 0).unwrap();
    assert_eq!(fund.slash(of(2_000_000), 1), of(1_000_000));
    assert_eq!((fund.shares, fund.generation), (Shares::ZERO, 1));
    let mut next = Stake::zeroed();
    let bought = fund.stake(&mut next, of(500), 2).unwrap();
    assert_eq!(fund.worth(bought), Ok(of(500)));
    assert_eq!(fund.begin_cooling(&mut lost, shares, 3), Err(StakeRefusal::NotEnough));
    assert_eq!(fund.redeem(&mut lost, Shares::new(1), false, 200), Err(StakeRefusal::NotEnough));
}

#[test]
fn a_stake_too_small_for_its_shares_is_refused() {
    let (mut fund, mut first) = fund();
    fund.stake(&mut first, of(1), 0).unwrap();
    fund.add_revenue(of(1_000_000), 0).unwrap();
    // A share is worth 500 now.
    let mut next = Stake::zeroed();
    assert_eq!(fund.stake(&mut next, of(400_000), DAY), Err(StakeRefusal::TooSmall));
    assert!(fund.stake(&mut next, of(600_000), DAY).is_ok());
}

#[test]
fn what_does_not_fit_changes_nothing() {
    let (mut fund, mut stake) = fund();
    let huge = of(u64::MAX);
    assert_eq!(fund.stake(&mut stake, huge, 0), Err(StakeRefusal::Arithmetic(RiskError::Overflow)));
    fund.add_revenue(of(u64::MAX - 5), 0).unwrap();
    assert_eq!(fund.add_revenue(of(6), 0), Err(RiskError::Overflow));
    assert!(fund.stake(&mut stake, of(6), 0).is_err());
    assert_eq!((fund.assets, fund.shares), (TokenAmount::ZERO, Shares::ZERO));
}
