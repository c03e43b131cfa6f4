//! How long the guardian may pause: every pause expires, and their sum is limited.

use crate::{
    errors::{Refusal, refuse},
    state::{Exchange, RiskBoard, exchange::PauseDuty, risk_board::Pausable},
};
use anchor_lang::prelude::*;

/// Shortest pause, seconds.
pub const SHORTEST_PAUSE: u32 = 60;
/// Longest pause from now, seconds.
pub const LONGEST_PAUSE: u32 = 86_400;
/// Seconds of pause of one action that may begin within one window.
pub const PAUSE_DUTY: u32 = 3 * 86_400;
/// Length of the window, seconds.
pub const DUTY_WINDOW: i64 = 14 * 86_400;

// Two windows' duty end to end is the longest unbroken pause: a ready change outlives it.
const _: () = assert!((PAUSE_DUTY as i64) * 2 < super::change::CHANGE_LIFETIME);

/// Pauses an action, or extends its pause; returns until when.
///
/// An extension uses only the seconds that it adds. What an early end leaves unused is not given back.
///
/// # Errors
/// [`Refusal::UnknownAction`], [`Refusal::BadPause`], [`Refusal::PauseDutyUsedUp`].
pub fn pause(
    exchange: &mut Exchange,
    board: &mut RiskBoard,
    action: u8,
    seconds: u32,
    now: i64,
) -> Result<i64> {
    let place = place_of(action)?;
    ensure!((SHORTEST_PAUSE..=LONGEST_PAUSE).contains(&seconds), Refusal::BadPause);
    let (Some(duty), Some(paused_until)) =
        (exchange.pause_duty.get_mut(place), board.header.paused_until.get_mut(place))
    else {
        return Err(refuse(Refusal::UnknownAction));
    };
    let until = now.checked_add(i64::from(seconds)).ok_or(Refusal::Overflow)?;
    let begins = now.max(*paused_until);
    ensure!(begins < until, Refusal::BadPause);
    duty.begin(until.saturating_sub(begins), now)?;
    *paused_until = until;
    Ok(until)
}

/// Ends a pause before its time.
///
/// # Errors
/// [`Refusal::UnknownAction`], [`Refusal::NotPaused`].
pub fn unpause(board: &mut RiskBoard, action: u8, now: i64) -> Result<()> {
    let place = place_of(action)?;
    let paused_until = board.header.paused_until.get_mut(place).ok_or(Refusal::UnknownAction)?;
    ensure!(now < *paused_until, Refusal::NotPaused);
    *paused_until = 0;
    Ok(())
}

/// The place of a known action in the tables of pauses.
fn place_of(action: u8) -> Result<usize> {
    let place = usize::from(action);
    let known = Pausable::ALL.get(place).ok_or(Refusal::UnknownAction)?;
    Ok(*known as usize)
}

impl PauseDuty {
    /// Counts seconds of pause against the running window, or against a new one.
    fn begin(&mut self, seconds: i64, now: i64) -> Result<()> {
        if now.saturating_sub(self.window_start) >= DUTY_WINDOW {
            self.window_start = now;
            self.used = 0;
        }
        let seconds = u32::try_from(seconds).map_err(|_| Refusal::BadPause)?;
        let used = self.used.checked_add(seconds).ok_or(Refusal::PauseDutyUsedUp)?;
        ensure!(used <= PAUSE_DUTY, Refusal::PauseDutyUsedUp);
        self.used = used;
        Ok(())
    }
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects)]
mod tests {
    use super::*;
    use bytemuck::Zeroable;

    const NOW: i64 = 1_800_000_000;
    const HOUR: u32 = 3_600;

    fn world() -> (Exchange, Box<RiskBoard>) {
        (Zeroable::zeroed(), Box::new(Zeroable::zeroed()))
    }

    #[test]
    fn every_pause_expires_and_is_short() {
        for action in Pausable::ALL {
            let (mut exchange, mut board) = world();
            for seconds in [0, SHORTEST_PAUSE - 1, LONGEST_PAUSE + 1, u32::MAX] {
                assert!(pause(&mut exchange, &mut board, action as u8, seconds, NOW).is_err());
            }
            pause(&mut exchange, &mut board, action as u8, HOUR, NOW).unwrap();
            assert!(board.require_running(action, NOW + 3_599).is_err());
            board.require_running(action, NOW + 3_600).unwrap();
            for other in Pausable::ALL.into_iter().filter(|other| *other != action) {
                board.require_running(other, NOW).unwrap();
            }
        }
    }

    #[test]
    fn an_extension_uses_only_what_it_adds() {
        let (mut exchange, mut board) = world();
        pause(&mut exchange, &mut board, 1, 10 * HOUR, NOW).unwrap();
        assert!(pause(&mut exchange, &mut board, 1, 10 * HOUR, NOW).is_err(), "adds nothing");
        let until = pause(&mut exchange, &mut board, 1, 10 * HOUR, NOW + 3_600).unwrap();
        assert_eq!(until, NOW + 11 * 3_600);
        assert_eq!(exchange.pause_duty[1].used, 11 * HOUR);
    }

    #[test]
    fn a_guardian_that_pauses_whenever_it_can_has_paused_its_duty_and_no_more() {
        let (mut exchange, mut board) = world();
        let (mut paused, mut longest, mut run) = (0u32, 0, 0);
        for hour in 0..4 * 14 * 24i64 {
            let now = NOW + hour * 3_600;
            let _ = pause(&mut exchange, &mut board, 7, 24 * HOUR, now)
                .or_else(|_| pause(&mut exchange, &mut board, 7, HOUR, now));
            if board.require_running(Pausable::ApplyChange, now).is_err() {
                (paused, run) = (paused + 1, run + 1);
                longest = longest.max(run);
            } else {
                run = 0;
            }
        }
        assert!(paused <= 4 * PAUSE_DUTY / HOUR, "{paused} hours");
        assert!(paused > 3 * PAUSE_DUTY / HOUR, "{paused} hours");
        assert!(longest < super::super::CHANGE_LIFETIME / 3_600, "{longest} hours without a break");
    }

    #[test]
    fn an_early_end_gives_nothing_back() {
        let (mut exchange, mut board) = world();
        assert!(unpause(&mut board, 0, NOW).is_err());
        pause(&mut exchange, &mut board, 0, 24 * HOUR, NOW).unwrap();
        unpause(&mut board, 0, NOW + 60).unwrap();
        board.require_running(Pausable::Deposit, NOW + 60).unwrap();
        assert_eq!(exchange.pause_duty[0].used, 24 * HOUR);
    }

    #[test]
    fn unknown_actions_have_a_refusal_of_their_own() {
        let (mut exchange, mut board) = world();
        for action in [Pausable::ALL.len() as u8, 17, u8::MAX] {
            let refusal = pause(&mut exchange, &mut board, action, HOUR, NOW).unwrap_err();
            assert_eq!(refusal, Refusal::UnknownAction.into());
            assert_eq!(unpause(&mut board, action, NOW).unwrap_err(), Refusal::UnknownAction.into());
        }
    }
}
