//! Chance, the same everywhere for the same seed.

/// SplitMix64.
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// 0 up to, but not including, a bound above 0.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.roll() % bound
    }

    /// Whether something happens that does so many times in a hundred.
    pub fn percent(&mut self, chance: u64) -> bool {
        self.below(100) < chance
    }

    pub fn one_of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.place_in(choices)]
    }

    pub fn place_in<T>(&mut self, choices: &[T]) -> usize {
        self.below(choices.len() as u64) as usize
    }

    /// From one bound to the other, both included, of any order of magnitude.
    pub fn between(&mut self, least: u64, most: u64) -> u64 {
        let magnitude = self.below(65) as u32;
        let beyond = self.roll() & u64::MAX.checked_shr(64 - magnitude).unwrap_or(0);
        least + beyond.min(most - least)
    }

    /// From −1 to 1.
    pub fn sign(&mut self) -> f64 {
        self.below(2_000_001) as f64 / 1_000_000.0 - 1.0
    }
}
