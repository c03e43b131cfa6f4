//! Integer square roots.

/// `⌊√n⌋`, by five Newton steps from a start at most twice too high.
///
/// The relative error falls 1 → 0.25 → 0.025 → 3e-4 → 5e-8 → 1e-15, below one unit of any 32-bit root; a floor step from
/// above never falls below the root, so at most one unit is left to take off.
#[inline]
#[allow(clippy::arithmetic_side_effects, clippy::cast_possible_truncation)] // start ≥ 1; every step is at most 2^32.
pub const fn isqrt(n: u64) -> u32 {
    if n == 0 {
        return 0;
    }
    let bits = 64 - n.leading_zeros();
    let mut root = 1u64 << bits.div_ceil(2);
    root = (root + n / root) >> 1;
    root = (root + n / root) >> 1;
    root = (root + n / root) >> 1;
    root = (root + n / root) >> 1;
    root = (root + n / root) >> 1;
    if n / root < root {
        root -= 1;
    }
    root as u32
}

/// `⌈√n⌉`: up to 2^32, hence the wider type.
#[inline]
#[allow(clippy::arithmetic_side_effects)] // root < 2^32, so its square and its successor fit.
pub const fn isqrt_up(n: u64) -> u64 {
    let root = isqrt(n) as u64;
    if root * root == n { root } else { root + 1 }
}

/// `⌈√n⌉` for n ≥ 2^62, by three Newton steps from a straight line through the root; meaningless below.
///
/// The line is within 3 % over the two octaves; the relative error falls to 5e-4, 1e-7 and 1e-14. A floor step never falls
/// below the root's floor, so the last one is that floor or one more.
#[inline]
pub const fn isqrt_up_normal(n: u64) -> u64 {
    // 0.343·2^32 + 0.6875·n/2^32: 2^31 ≤ √n < 2^32.
    const START: u64 = 1_473_000_000;
    const SLOPE: u64 = 176; // 2^-8
    // Never 0, so a division always has an answer; all sums are below 2^34.
    let mut root = START.wrapping_add((n >> 32).wrapping_mul(SLOPE) >> 8);
    let mut step = 0;
    while step < 3 {
        root = match n.checked_div(root) {
            Some(quotient) => root.wrapping_add(quotient) >> 1,
            None => return 0,
        };
        step = 1u32.wrapping_add(step);
    }
    // The floor is below 2^32, so squares fit.
    let root = if root > u32::MAX as u64 { u32::MAX as u64 } else { root };
    let less = root.wrapping_sub(1);
    if root.wrapping_mul(root) < n {
        root.wrapping_add(1)
    } else if less.wrapping_mul(less) >= n {
        less
    } else {
        root
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_root_is_exact_around_every_square() {
        for bit in 0..32 {
            for root in [1u64 << bit, (1u64 << bit) + 1, (1u64 << bit) * 3 / 2, (2u64 << bit) - 1] {
                let root = root.min(u32::MAX as u64);
                assert_eq!(isqrt(root * root) as u64, root);
                assert_eq!(isqrt_up(root * root), root);
                assert_eq!(isqrt(root * root - 1) as u64, root - 1);
                assert_eq!(isqrt_up(root * root + 1), root + 1);
            }
        }
    }

    #[test]
    fn a_root_of_two_octaves_is_the_same_in_three_steps() {
        let mut roots = 1u64 << 31;
        while roots <= u32::MAX as u64 {
            for n in
                [roots * roots, roots * roots + 1, (roots * roots).saturating_sub(1), roots * (roots + 1)]
            {
                if n >= 1 << 62 {
                    assert_eq!(isqrt_up_normal(n), isqrt_up(n), "{n}");
                }
            }
            roots += 104_729;
        }
        for n in [1 << 62, (1 << 62) + 1, u64::MAX, u64::MAX - 1, u32::MAX as u64 * u32::MAX as u64] {
            assert_eq!(isqrt_up_normal(n), isqrt_up(n), "{n}");
        }
    }

    #[test]
    fn the_ends_of_the_range_have_roots() {
        assert_eq!((isqrt(0), isqrt_up(0)), (0, 0));
        assert_eq!((isqrt(1), isqrt_up(2)), (1, 2));
        assert_eq!(isqrt(u64::MAX), u32::MAX);
        assert_eq!(isqrt_up(u64::MAX), 1 << 32);
    }
}
