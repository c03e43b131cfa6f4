//! Priority fees: what others paid lately for the accounts that a transaction writes, and what to bid.

/// Micro-lamports in a lamport.
const MICRO: u128 = 1_000_000;

/// How to choose a priority fee out of what others paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bid {
    /// The percentile of recent fees to pay, 0 to 100.
    pub percentile: u8,
    /// Never less, micro-lamports a compute unit.
    pub least: u64,
    /// Never more, micro-lamports a compute unit.
    pub most: u64,
}

impl Bid {
    /// What most who got through paid: the median, at most 1 lamport for 10 units.
    pub const USUAL: Self = Self { percentile: 50, least: 1, most: 100_000 };
    /// What a liquidator pays whose profit does not wait.
    pub const URGENT: Self = Self { percentile: 90, least: 1_000, most: 1_000_000 };

    /// The fee to bid, micro-lamports a compute unit, given those of recent slots (as `getRecentPrioritizationFees` answers
    /// for the accounts that the transaction writes, in any order). `least` where there are none; `most` wins over `least`.
    pub fn choose(&self, recent: &[u64]) -> u64 {
        percentile(recent, self.percentile).unwrap_or(0).max(self.least).min(self.most)
    }
}

/// The smallest of the values that at least so many percent of them do not exceed (nearest rank); `None` of no values. More
/// than 100 percent counts as 100.
pub fn percentile(values: &[u64], percent: u8) -> Option<u64> {
    let mut sorted = values.to_vec();
    sorted.sort_unstable();
    let rank = sorted.len().saturating_mul(usize::from(percent.min(100))).div_ceil(100);
    sorted.get(rank.saturating_sub(1)).copied()
}

/// What a priority fee costs in all, lamports, rounded up: micro-lamports a unit, for the whole limit.
pub fn priority(micro_lamports: u64, compute_limit: u32) -> u64 {
    let product = u128::from(micro_lamports).saturating_mul(u128::from(compute_limit));
    u64::try_from(product.div_ceil(MICRO)).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentile_is_one_of_the_values() {
        let fees = [50, 0, 10, 40, 20];
        for (percent, fee) in [(0, 0), (20, 0), (21, 10), (50, 20), (80, 40), (81, 50), (100, 50), (200, 50)]
        {
            assert_eq!(percentile(&fees, percent), Some(fee), "{percent}");
        }
        assert_eq!(percentile(&[], 50), None);
    }

    #[test]
    fn a_bid_stays_within_its_bounds() {
        let bid = Bid { percentile: 50, least: 5, most: 100 };
        assert_eq!(bid.choose(&[]), 5);
        assert_eq!(bid.choose(&[1, 2, 3]), 5);
        assert_eq!(bid.choose(&[1, 20, 300]), 20);
        assert_eq!(bid.choose(&[1, 200, 300]), 100);
    }

    #[test]
    fn a_priority_fee_is_paid_for_the_whole_limit_and_rounds_up() {
        assert_eq!(priority(0, 200_000), 0);
        assert_eq!(priority(1, 1), 1);
        assert_eq!(priority(5, 200_000), 1);
        assert_eq!(priority(5, 200_001), 2);
        assert_eq!(priority(u64::MAX, 10_000_000), u64::MAX);
    }
}
