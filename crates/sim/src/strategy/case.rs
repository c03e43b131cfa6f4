//! How a scope stands, measured once.

use super::{RENEW_SECONDS, Scope, Situation};
use plimsoll_risk::{
    RiskError,
    layout::{
        account::{ACCOUNT_INSOLVENT, POSITION_INSOLVENT},
        board::BoardHeader,
    },
    liquidation::{self, Assessment, CallChange, Flag, FlagChange, Standing, assess, insolvency_due},
    margin::Holdings,
    num::Quote,
};

/// What a decision needs to know of a scope.
pub(super) struct Case<'a> {
    /// The scope as the engine measures it.
    held: liquidation::Scope<'a>,
    pub(super) flag: Flag,
    /// Whether the insurance fund counts it among the insolvent.
    pub(super) is_marked: bool,
    found: Assessment,
}

impl<'a> Case<'a> {
    /// Measures a scope; `None` for a pocket that is gone.
    pub(super) fn of(situation: &Situation<'a>) -> Result<Option<Self>, RiskError> {
        let account = situation.account;
        let (held, flag, is_marked) = match situation.scope {
            Scope::Cross => {
                let held = liquidation::Scope::Cross(Holdings::from(account));
                (held, Flag::from(&account.header), account.header.state == ACCOUNT_INSOLVENT)
            }
            Scope::Pocket(_) => {
                let Some((place, position)) = situation.placed().next() else { return Ok(None) };
                let flag = account.pocket_flags.get(place).map_or_else(Flag::default, Flag::from);
                let is_marked = position.flags & POSITION_INSOLVENT != 0;
                (liquidation::Scope::Pocket(position), flag, is_marked)
            }
        };
        let is_called = account.header.margin_called_at != 0;
        let found = assess(&held, &flag, is_called, &situation.view)?;
        Ok(Some(Self { held, flag, is_marked, found }))
    }

    /// Whether an assessment is worth its fee: a call, a flag, a mark, or a proof that grows old.
    pub(super) fn is_to_be_assessed(&self, now: i64) -> bool {
        let flag_changes = match self.found.flag {
            FlagChange::Stays => false,
            FlagChange::Renewed => now.saturating_sub(self.flag.renewed_at) >= RENEW_SECONDS,
            FlagChange::Set | FlagChange::Cleared => true,
        };
        flag_changes || self.found.call != CallChange::Stays || self.found.is_insolvent() != self.is_marked
    }

    /// What steps are sized by.
    pub(super) fn standing(&self, situation: &Situation<'_>) -> Result<Standing, RiskError> {
        Standing::of_scope(&self.held, &situation.view)
    }

    /// Everything borrowed, native quote, rounded up; nothing of a pocket.
    pub(super) fn borrowed(&self, situation: &Situation<'_>) -> Result<Quote, RiskError> {
        self.held.worth(&situation.view).map(|worth| worth.liabilities)
    }

    /// Whether the time to be saved by others is over.
    pub(super) fn is_overdue(&self, header: &BoardHeader, now: i64) -> bool {
        insolvency_due(self.flag.flagged_at, header.insolvency_seconds, now)
    }
}

/// A flagged scope without orders, to be liquidated now.
pub(super) struct Danger<'a> {
    pub(super) case: Case<'a>,
    pub(super) standing: Standing,
    /// Everything borrowed, native quote, rounded up.
    pub(super) borrowed: Quote,
}

impl<'a> Danger<'a> {
    pub(super) fn of(case: Case<'a>, situation: &Situation<'a>) -> Result<Self, RiskError> {
        let (standing, borrowed) = (case.standing(situation)?, case.borrowed(situation)?);
        Ok(Self { case, standing, borrowed })
    }

    /// Whether more is owed than positions are worth.
    pub(super) fn is_borrow_heavy(&self) -> bool {
        self.borrowed > self.standing.at_risk.saturating_sub(self.borrowed)
    }
}
