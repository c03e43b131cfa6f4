//! Parameters that move slowly: a change of maintenance margin liquidates nobody in one slot (DESIGN §1.6, §9).

use crate::num::Ratio;

/// A parameter on its way from one value to another, in a straight line over time.
///
/// The unit is the parameter's own (a [`Ratio`], a [`SizeFactor`](crate::num::SizeFactor)); times are unix seconds.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, bytemuck::Pod, bytemuck::Zeroable)]
pub struct Ramp {
    /// Value at and before `start`.
    pub from: u32,
    /// Value at and after `end`.
    pub to: u32,
    /// When it starts to move.
    pub start: i64,
    /// When it arrives.
    pub end: i64,
}

impl Ramp {
    /// A parameter that does not move.
    pub const fn constant(value: u32) -> Self {
        Self { from: value, to: value, start: 0, end: 0 }
    }

    /// The value at `now`: `to` exactly at and after `end` (also when the ramp is empty), `from` up to `start`, on the line
    /// between them rounded towards `from` (the change never runs ahead of its schedule).
    #[inline]
    #[allow(clippy::cast_possible_truncation)] // A part of |to − from| at most.
    pub const fn value(&self, now: i64) -> u32 {
        if now >= self.end {
            return self.to;
        }
        if now <= self.start {
            return self.from;
        }
        // start < now < end
        let gone = now.abs_diff(self.start) as u128;
        let whole = self.end.abs_diff(self.start) as u128;
        let moved = match (self.from.abs_diff(self.to) as u128).saturating_mul(gone).checked_div(whole) {
            Some(moved) => moved as u32,
            None => return self.to,
        };
        if self.to >= self.from { self.from.saturating_add(moved) } else { self.from.saturating_sub(moved) }
    }

    /// The value at `now` of a ramp that moves a [`Ratio`].
    #[inline]
    pub const fn ratio(&self, now: i64) -> Ratio {
        Ratio::new(self.value(now))
    }

    /// A ramp from the present value to a new target over `duration` seconds (0: at once).
    pub const fn retarget(&self, now: i64, to: u32, duration: u32) -> Self {
        Self { from: self.value(now), to, start: now, end: now.saturating_add(duration as i64) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ramp_starts_where_it_was_and_arrives_exactly() {
        let ramp = Ramp::constant(100).retarget(1_000, 201, 100);
        assert_eq!(ramp.value(i64::MIN), 100);
        assert_eq!(ramp.value(1_000), 100);
        assert_eq!(ramp.value(1_050), 150);
        assert_eq!(ramp.value(1_099), 199);
        assert_eq!(ramp.value(1_100), 201);
        assert_eq!(ramp.value(i64::MAX), 201);
    }

    #[test]
    fn a_change_never_runs_ahead_of_its_schedule() {
        let down = Ramp { from: 10, to: 0, start: 0, end: 100 };
        assert_eq!(down.value(9), 10);
        assert_eq!(down.value(10), 9);
        let up = Ramp { from: 0, to: 10, start: 0, end: 100 };
        assert_eq!(up.value(9), 0);
        assert_eq!(up.value(99), 9);
    }

    #[test]
    fn a_new_target_continues_from_the_present_value() {
        let first = Ramp::constant(0).retarget(0, 1_000, 1_000);
        let second = first.retarget(400, 0, 100);
        assert_eq!(second.value(400), 400);
        assert_eq!(second.value(450), 200);
        assert_eq!(first.retarget(400, 7, 0).value(400), 7);
    }

    #[test]
    fn extreme_times_do_not_overflow() {
        let ramp = Ramp { from: 0, to: u32::MAX, start: i64::MIN, end: i64::MAX };
        assert_eq!(ramp.value(0), u32::MAX / 2);
        assert_eq!(Ramp { start: 5, end: 5, ..ramp }.value(5), u32::MAX);
    }
}
