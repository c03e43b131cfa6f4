//! Chance that repeats: the same seed gives the same throws on every machine, whatever order the subjects throw in.

use rand_chacha::{
    ChaCha8Rng,
    rand_core::{RngCore, SeedableRng},
};

/// What is thrown for. Each has throws of its own, so that one more account changes no price.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// Prices that are made up.
    Prices,
    /// Who has and owes what.
    Accounts,
    /// What people do while time passes.
    Conduct,
}

/// A source of throws.
#[derive(Clone, Debug)]
pub struct Dice(ChaCha8Rng);

impl Dice {
    /// The throws of a seed for a subject.
    pub fn new(seed: u64, subject: Subject) -> Self {
        let mut key = [0u8; 32];
        for (place, byte) in key.iter_mut().zip(seed.to_le_bytes()) {
            *place = byte;
        }
        let mut source = ChaCha8Rng::from_seed(key);
        source.set_stream(match subject {
            Subject::Prices => 1,
            Subject::Accounts => 2,
            Subject::Conduct => 3,
        });
        Self(source)
    }

    /// 0 up to and without `bound`; 0 for a bound of 0. The numbers are equally likely to within `bound / 2^64`.
    pub fn below(&mut self, bound: u64) -> u64 {
        let product = u128::from(self.0.next_u64()).saturating_mul(u128::from(bound));
        // The upper half of a product of 64 bits by 64 bits.
        u64::try_from(product >> 64).unwrap_or(0)
    }

    /// `least` up to and with `most`; `least` where `most` is below it.
    pub fn between(&mut self, least: u64, most: u64) -> u64 {
        let width = most.saturating_sub(least).saturating_add(1);
        least.saturating_add(self.below(width))
    }

    /// True so many times in a million.
    pub fn happens(&mut self, per_million: u32) -> bool {
        self.below(1_000_000) < u64::from(per_million)
    }

    /// A number around 0, in a bell of three throws: `−reach ..= reach`.
    pub fn around_zero(&mut self, reach: u32) -> i64 {
        let thrown = (0..3)
            .fold(0u64, |sum, _| sum.saturating_add(self.between(0, u64::from(reach).saturating_mul(2))));
        // Below 3·2^33, so the conversion always succeeds.
        i64::try_from(thrown / 3).unwrap_or(0).saturating_sub(i64::from(reach))
    }

    /// One of the items, each equally likely; `None` of none.
    pub fn one_of<'a, T>(&mut self, items: &'a [T]) -> Option<&'a T> {
        let count = u64::try_from(items.len()).unwrap_or(u64::MAX);
        items.get(usize::try_from(self.below(count)).unwrap_or(0))
    }

    /// Puts the items in any order, each equally likely.
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            let other = self.below(u64::try_from(last).unwrap_or(u64::MAX).saturating_add(1));
            items.swap(last, usize::try_from(other).unwrap_or(last));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_and_a_subject_fix_every_throw() {
        let throws = |seed, subject| {
            let mut dice = Dice::new(seed, subject);
            (0..4).map(|_| dice.below(1_000_000)).collect::<Vec<_>>()
        };
        // Written down: another release of the generator, or another machine, must throw the same.
        assert_eq!(throws(7, Subject::Prices), FIRST);
        assert_ne!(throws(7, Subject::Prices), throws(7, Subject::Accounts));
        assert_ne!(throws(7, Subject::Prices), throws(8, Subject::Prices));
    }

    const FIRST: [u64; 4] = [934_366, 281_621, 963_023, 796_215];

    #[test]
    fn throws_stay_within_their_bounds_and_reach_them() {
        let mut dice = Dice::new(1, Subject::Conduct);
        let thrown: Vec<u64> = (0..1_000).map(|_| dice.between(3, 5)).collect();
        assert!((3..=5).all(|wanted| thrown.contains(&wanted)));
        assert!(thrown.iter().all(|number| (3..=5).contains(number)));
        assert!((0..1_000).all(|_| dice.around_zero(10).abs() <= 10));
        assert_eq!(dice.below(0), 0);
        assert_eq!(dice.between(9, 2), 9);
        assert_eq!(dice.one_of::<u8>(&[]), None);
    }

    #[test]
    fn shuffling_loses_nobody() {
        let mut items: Vec<u32> = (0..50).collect();
        Dice::new(3, Subject::Accounts).shuffle(&mut items);
        assert_ne!(items, (0..50).collect::<Vec<_>>());
        items.sort_unstable();
        assert_eq!(items, (0..50).collect::<Vec<_>>());
    }
}
