//! What is judged and liquidated by itself: an account's cross part, or one isolated position with its pocket.

use crate::{errors::Refusal, state::MarginAccount};
use anchor_lang::prelude::*;
use plimsoll_risk::{
    RiskError,
    health::Check,
    layout::account::{
        ACCOUNT_FLAGGED, ACCOUNT_HEALTHY, ACCOUNT_INSOLVENT, POSITION_INSOLVENT, PocketFlag, Position,
    },
    liquidation::{self, Flag, View},
    margin::{Holdings, Margin, isolated_margin, margin},
};

/// Names an account's cross part, where any other number names the market of an isolated position.
pub const CROSS: u8 = u8::MAX;

/// What is judged and liquidated by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// The account's balances with all its cross positions.
    Cross,
    /// The isolated position at this place, with its pocket.
    Pocket(usize),
}

impl Scope {
    /// The scope that an instruction names.
    ///
    /// # Errors
    /// [`Refusal::NoPosition`], [`Refusal::NotIsolated`]: only an isolated position stands for itself.
    pub fn named(account: &MarginAccount, code: u8) -> Result<Self> {
        if code == CROSS {
            return Ok(Self::Cross);
        }
        let place = account.place_of(code).ok_or(Refusal::NoPosition)?;
        let scope = Self::around(account, place);
        ensure!(scope != Self::Cross, Refusal::NotIsolated);
        Ok(scope)
    }

    /// The scope that the position at a place belongs to.
    pub fn around(account: &MarginAccount, place: usize) -> Self {
        match account.positions.get(place) {
            Some(position) if position.is_isolated() => Self::Pocket(place),
            _ => Self::Cross,
        }
    }

    fn pocketed<'a>(&self, account: &'a MarginAccount) -> Option<&'a Position> {
        match self {
            Self::Cross => None,
            Self::Pocket(place) => account.positions.get(*place),
        }
    }

    /// When it was flagged, and when that was last proved.
    pub fn flag(&self, account: &MarginAccount) -> Flag {
        account.scope_flag(match self {
            Self::Cross => usize::MAX,
            Self::Pocket(place) => *place,
        })
    }

    /// Flags it, or takes the flag back.
    ///
    /// # Errors
    /// [`Refusal::Overflow`] for a clock that 32 bits do not hold.
    pub fn set_flag(&self, account: &mut MarginAccount, flag: Flag) -> Result<()> {
        match self {
            Self::Cross => {
                let header = &mut account.header;
                (header.flagged_at, header.flag_renewed_at) = (flag.flagged_at, flag.renewed_at);
                if header.state != ACCOUNT_INSOLVENT {
                    header.state = if flag.flagged_at == 0 { ACCOUNT_HEALTHY } else { ACCOUNT_FLAGGED };
                }
            }
            Self::Pocket(place) => {
                let seconds = |time: i64| u32::try_from(time).map_err(|_| Refusal::Overflow);
                let (flagged_at, renewed_at) = (seconds(flag.flagged_at)?, seconds(flag.renewed_at)?);
                let slot = account.pocket_flags.get_mut(*place).ok_or(Refusal::NoPosition)?;
                *slot = PocketFlag { flagged_at, renewed_at };
            }
        }
        Ok(())
    }

    /// Whether the insurance fund counts it among the insolvent.
    pub fn is_insolvent(&self, account: &MarginAccount) -> bool {
        match self.pocketed(account) {
            None => account.header.state == ACCOUNT_INSOLVENT,
            Some(position) => position.flags & POSITION_INSOLVENT != 0,
        }
    }

    /// Notes whether the insurance fund counts it among the insolvent.
    pub fn mark(&self, account: &mut MarginAccount, insolvent: bool) {
        match self {
            Self::Cross => {
                let flagged = account.header.flagged_at != 0;
                account.header.state = match (insolvent, flagged) {
                    (true, _) => ACCOUNT_INSOLVENT,
                    (false, true) => ACCOUNT_FLAGGED,
                    (false, false) => ACCOUNT_HEALTHY,
                };
            }
            Self::Pocket(place) => {
                if let Some(position) = account.positions.get_mut(*place) {
                    position.flags &= !POSITION_INSOLVENT;
                    position.flags |= if insolvent { POSITION_INSOLVENT } else { 0 };
                }
            }
        }
    }

    /// Whether orders of it rest, or wait in a queue.
    pub fn has_orders(&self, account: &MarginAccount) -> bool {
        match self.pocketed(account) {
            Some(position) => position.bids | position.asks != 0,
            None => {
                let cross = account.positions.iter().filter(|position| position.is_cross());
                cross.fold(0, |orders, position| orders | position.bids | position.asks) != 0
            }
        }
    }

    /// The same for the engine, which measures it.
    pub fn held<'a>(&self, account: &'a MarginAccount) -> liquidation::Scope<'a> {
        match self.pocketed(account) {
            Some(position) => liquidation::Scope::Pocket(position),
            None => liquidation::Scope::Cross(Holdings::from(&account.0)),
        }
    }

    /// Its margin at one kind of check.
    ///
    /// # Errors
    /// Whatever a price that is needed lacks.
    pub fn margin(
        &self,
        account: &MarginAccount,
        view: &View,
        check: Check,
    ) -> core::result::Result<Margin, RiskError> {
        let View { board, overlay, now } = *view;
        match self.pocketed(account) {
            Some(position) => isolated_margin(position, board, overlay, check, now),
            None => margin(&Holdings::from(&account.0), board, overlay, check, now),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytemuck::Zeroable;
    use plimsoll_risk::layout::account::{POSITION_IN_USE, POSITION_ISOLATED};

    /// A cross position in market 7 and an isolated one in market 8.
    fn account() -> Box<MarginAccount> {
        let mut account: Box<MarginAccount> = Box::new(Zeroable::zeroed());
        (account.positions[3].market, account.positions[3].flags) = (7, POSITION_IN_USE);
        (account.positions[4].market, account.positions[4].flags) = (8, POSITION_IN_USE | POSITION_ISOLATED);
        account
    }

    #[test]
    fn only_an_isolated_position_has_a_scope_of_its_own() {
        let account = account();
        assert_eq!(Scope::named(&account, CROSS).unwrap(), Scope::Cross);
        assert_eq!(Scope::named(&account, 8).unwrap(), Scope::Pocket(4));
        assert_eq!(Scope::named(&account, 7).unwrap_err(), Refusal::NotIsolated.into());
        assert_eq!(Scope::named(&account, 9).unwrap_err(), Refusal::NoPosition.into());
        assert_eq!(Scope::around(&account, 3), Scope::Cross);
        assert_eq!(Scope::around(&account, 4), Scope::Pocket(4));
    }

    #[test]
    fn what_one_scope_is_flagged_and_marked_for_is_no_other_s() {
        let flag = Flag { flagged_at: 1_000, renewed_at: 1_200 };
        for (scope, other) in [(Scope::Cross, Scope::Pocket(4)), (Scope::Pocket(4), Scope::Cross)] {
            let mut account = account();
            scope.set_flag(&mut account, flag).unwrap();
            scope.mark(&mut account, true);
            assert_eq!((scope.flag(&account), scope.is_insolvent(&account)), (flag, true));
            assert_eq!((other.flag(&account), other.is_insolvent(&account)), (Flag::default(), false));
            // The mark outlives the flag: only the fund's account may change it.
            scope.set_flag(&mut account, Flag::default()).unwrap();
            assert!(scope.is_insolvent(&account));
            scope.mark(&mut account, false);
            assert!(!scope.is_insolvent(&account));
            assert_eq!(account.header.state, ACCOUNT_HEALTHY);
        }
    }

    #[test]
    fn orders_of_a_pocket_are_not_the_cross_part_s() {
        let mut account = account();
        assert!(!Scope::Cross.has_orders(&account));
        account.positions[3].asks = 2;
        assert!(Scope::Cross.has_orders(&account) && !Scope::Pocket(4).has_orders(&account));
        (account.positions[3].asks, account.positions[4].bids) = (0, 1);
        assert!(!Scope::Cross.has_orders(&account) && Scope::Pocket(4).has_orders(&account));
    }
}
