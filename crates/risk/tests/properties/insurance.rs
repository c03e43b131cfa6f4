//! Stakers, attackers, losses and revenue in any order.

use crate::exact::any_size;
use plimsoll_risk::insurance::{Fund, REDEMPTION_SECONDS, STREAM_SECONDS, Stake, StakeRefusal};
use plimsoll_risk::num::{Shares, TokenAmount};
use proptest::prelude::*;

#[derive(Clone, Copy, Debug)]
enum Step {
    Stake(usize, u64),
    /// Who, and which part of their shares, a thousandth each.
    Cool(usize, u64),
    Redeem(usize, u64),
    Revenue(u64),
    Slash(u64),
    Wait(i64),
}

fn step() -> impl Strategy<Value = Step> {
    let sum = || prop_oneof![any_size(), 0u64..1 << 40, 0u64..1_000];
    prop_oneof![
        3 => (0usize..3, sum()).prop_map(|(who, amount)| Step::Stake(who, amount)),
        2 => (0usize..3, 0u64..=1_000).prop_map(|(who, part)| Step::Cool(who, part)),
        3 => (0usize..3, 0u64..=1_000).prop_map(|(who, part)| Step::Redeem(who, part)),
        2 => sum().prop_map(Step::Revenue),
        1 => sum().prop_map(Step::Slash),
        3 => prop_oneof![0i64..100, 0i64..200_000].prop_map(Step::Wait),
    ]
}

struct World {
    fund: Fund,
    stakes: [Stake; 3],
    now: i64,
    came: u128,
    left: u128,
}

fn part(of: Shares, part: u64) -> Shares {
    Shares::new((u128::from(of.get()) * u128::from(part) / 1_000) as u64)
}

impl World {
    fn new() -> Self {
        let fund = Fund { cooldown: 1_000, ..bytemuck::Zeroable::zeroed() };
        Self { fund, stakes: [bytemuck::Zeroable::zeroed(); 3], now: 1_000_000, came: 0, left: 0 }
    }

    fn take(&mut self, step: Step) {
        let (fund, now) = (&mut self.fund, self.now);
        match step {
            Step::Stake(who, amount) => {
                if fund.stake(&mut self.stakes[who], TokenAmount::new(amount), now).is_ok() {
                    self.came += u128::from(amount);
                }
            }
            Step::Cool(who, of) => {
                let stake = &mut self.stakes[who];
                let all = Shares::new(stake.shares.get() + stake.cooling.get());
                let current = stake.generation == fund.generation;
                assert!(fund.begin_cooling(stake, part(all, of), now).is_ok() || !current);
            }
            Step::Redeem(who, of) => {
                let stake = &mut self.stakes[who];
                let ready = now >= stake.ready_at && now < stake.ready_at + REDEMPTION_SECONDS;
                let shares = part(stake.cooling, of);
                match fund.redeem(stake, shares, false, now) {
                    Ok(paid) => {
                        assert!(ready);
                        self.left += u128::from(paid.get());
                    }
                    Err(StakeRefusal::Cooling { .. } | StakeRefusal::WindowOver) => {
                        assert!(!ready || shares.is_zero())
                    }
                    Err(_) => {}
                }
            }
            Step::Revenue(amount) => {
                if fund.add_revenue(TokenAmount::new(amount), now).is_ok() {
                    self.came += u128::from(amount);
                }
            }
            Step::Slash(amount) => {
                let cover = fund.cover();
                let taken = fund.slash(TokenAmount::new(amount), now);
                assert_eq!(taken, cover.min(TokenAmount::new(amount)));
                self.left += u128::from(taken.get());
            }
            Step::Wait(seconds) => self.now += seconds,
        }
    }

    fn check(&self) {
        let fund = &self.fund;
        // Nothing appears, nothing vanishes.
        assert_eq!(u128::from(fund.cover().get()), self.came - self.left);
        let (mut shares, mut worth) = (0u128, 0u128);
        for stake in self.stakes.iter().filter(|stake| stake.generation == fund.generation) {
            let own = u128::from(stake.shares.get()) + u128::from(stake.cooling.get());
            shares += own;
            worth += u128::from(fund.worth(Shares::new(own as u64)).unwrap().get());
        }
        assert_eq!(shares, u128::from(fund.shares.get()));
        assert!(worth <= u128::from(fund.assets.get()));
        assert!(fund.shares.get() > 0 || fund.assets.is_zero());
        assert!(fund.stream_end - self.now <= STREAM_SECONDS);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10_000))]

    #[test]
    fn the_fund_owes_what_it_has_after_any_sequence(steps in prop::collection::vec(step(), 1..24)) {
        let mut world = World::new();
        for step in steps {
            world.take(step);
            world.check();
        }
    }

    /// The attacker stakes first, lets the price rise at their own cost, waits for the victim, and redeems all.
    #[test]
    fn making_shares_dear_never_pays(
        first in 1u64..1 << 40, gift in 0u64..1 << 48, victim in 1u64..1 << 44, burnt in 0u64..=1_000,
    ) {
        let mut fund = Fund { cooldown: 10, ..bytemuck::Zeroable::zeroed() };
        let (mut attacker, mut staker): (Stake, Stake) = (bytemuck::Zeroable::zeroed(), bytemuck::Zeroable::zeroed());
        let got = fund.stake(&mut attacker, TokenAmount::new(first), 1).unwrap();
        // Redeeming a part first changes the price only by rounding.
        fund.begin_cooling(&mut attacker, part(got, burnt), 1).unwrap();
        let early = fund.redeem(&mut attacker, part(got, burnt), false, 11).map_or(0, |paid| paid.get());
        fund.add_revenue(TokenAmount::new(gift), 11).unwrap();
        let later = 11 + STREAM_SECONDS;
        let staked = fund.stake(&mut staker, TokenAmount::new(victim), later);
        let rest = Shares::new(attacker.shares.get() + attacker.cooling.get());
        fund.begin_cooling(&mut attacker, rest, later).unwrap();
        let late = fund.redeem(&mut attacker, rest, false, later + 10).map_or(0, |paid| paid.get());
        prop_assert!(early + late <= first + gift, "{early} + {late} for {first} + {gift}");
        if let Ok(shares) = staked {
            fund.begin_cooling(&mut staker, shares, later).unwrap();
            let back = fund.redeem(&mut staker, shares, false, later + 10).map_or(0, |paid| paid.get());
            prop_assert!(back <= victim + 1 + gift / 1_000 && back + victim / 900 + 2 >= victim, "{back} of {victim}");
        }
    }

    #[test]
    fn drops_of_revenue_delay_nothing(amount in 1u64 << 20..1 << 50, drops in prop::collection::vec(1i64..6_000, 1..40)) {
        let mut fund = Fund { cooldown: 10, ..bytemuck::Zeroable::zeroed() };
        let mut stake: Stake = bytemuck::Zeroable::zeroed();
        fund.stake(&mut stake, TokenAmount::new(1_000_000), 0).unwrap();
        fund.add_revenue(TokenAmount::new(amount), 0).unwrap();
        let mut now = 0;
        for seconds in drops {
            now += seconds;
            fund.add_revenue(TokenAmount::new(1), now).unwrap();
            // A second of delay for each that rounding adds, and a day's weight for a unit.
            let exact = (u128::from(amount) * (STREAM_SECONDS - now).max(0) as u128 / STREAM_SECONDS as u128) as u64;
            let slack = amount / 100 + 50;
            prop_assert!(fund.streaming.get() <= exact + slack, "{} for {exact} after {now}", fund.streaming.get());
        }
        fund.credit(now + STREAM_SECONDS);
        prop_assert!(fund.streaming.is_zero());
    }
}
