//! Who is in danger, measured no further than that takes, and what follows from it for the flag and the margin call.

use super::{Danger, Scope, View, flag_lapsed};
use crate::error::RiskError;
use crate::health::Check;
use crate::layout::account::{AccountHeader, PocketFlag};
use crate::num::Quote;

/// When a scope was flagged for liquidation, and when its danger was last proved.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flag {
    /// When it was flagged, unix seconds; 0 is not flagged. The auction's clock.
    pub flagged_at: i64,
    /// Last proof that it is still in danger, unix seconds.
    pub renewed_at: i64,
}

impl Flag {
    /// Whether it counts: set, and not lapsed.
    pub const fn is_live(&self, now: i64) -> bool {
        self.flagged_at != 0 && !flag_lapsed(self.renewed_at, now)
    }
}

impl From<&AccountHeader> for Flag {
    fn from(header: &AccountHeader) -> Self {
        Self { flagged_at: header.flagged_at, renewed_at: header.flag_renewed_at }
    }
}

impl From<&PocketFlag> for Flag {
    fn from(flag: &PocketFlag) -> Self {
        Self { flagged_at: i64::from(flag.flagged_at), renewed_at: i64::from(flag.renewed_at) }
    }
}

/// What becomes of a flag.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FlagChange {
    /// It stays as it is.
    #[default]
    Stays,
    /// It is set at this moment, and a new auction begins; an old one had lapsed, or there was none.
    Set,
    /// It is proved anew; the auction goes on.
    Renewed,
    /// It is taken away.
    Cleared,
}

/// What becomes of a margin call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CallChange {
    /// It stays as it is.
    #[default]
    Stays,
    /// It is posted: Initial health is below 0.
    Posted,
    /// It is over: Initial health is not below 0 any more.
    Ended,
}

/// What an assessment found, and what it changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Assessment {
    /// Who is in danger; never `Bankrupt`, which only the waterfall tells.
    pub danger: Danger,
    /// What becomes of the flag.
    pub flag: FlagChange,
    /// What becomes of the margin call; a pocket has none.
    pub call: CallChange,
    /// Initial health, native quote, where it was asked and could be measured.
    pub initial: Option<Quote>,
    /// Maintenance health, where it was asked: without a live flag.
    pub maint: Option<Quote>,
    /// Health at the end of a liquidation, where it was asked: with a live flag.
    pub liqend: Option<Quote>,
    /// Equity, where it was asked: in danger.
    pub equity: Option<Quote>,
}

impl Assessment {
    const SAFE: Self = Self {
        danger: Danger::Healthy,
        flag: FlagChange::Stays,
        call: CallChange::Stays,
        initial: None,
        maint: None,
        liqend: None,
        equity: None,
    };

    /// Whether the insurance fund counts the scope among the insolvent: in danger with `E ≤ 0`.
    pub const fn is_insolvent(&self) -> bool {
        matches!(self.danger, Danger::Insolvent)
    }

    /// Whether the scope is flagged after this.
    pub const fn is_flagged(&self) -> bool {
        matches!(self.danger, Danger::Liquidation | Danger::Insolvent)
    }
}

/// Assesses an account's cross part or a pocket (DESIGN §6).
///
/// Without a live flag, Maintenance health below 0 sets one. With it, health at the end of a liquidation below 0 renews it,
/// else it is cleared; a lapsed one is cleared where Maintenance health is not below 0, else set anew. In danger the equity
/// is measured, too: from 0 down the scope is insolvent. Out of it, Initial health tells the margin call of an account;
/// where a feed is bad it cannot be measured, and nothing is called or ended.
///
/// Costs one pass over the account and one over its balances in danger; one or two passes out of it. Errors as
/// [`margin`](crate::margin::margin) in the maintenance kinds.
pub fn assess(
    scope: &Scope<'_>,
    flag: &Flag,
    margin_called: bool,
    view: &View<'_>,
) -> Result<Assessment, RiskError> {
    let live = flag.is_live(view.now);
    let check = if live { Check::LiquidationEnd } else { Check::Maintenance };
    let (health, pnl) = scope.measure(check, view)?;
    let mut found = Assessment::SAFE;
    *(if live { &mut found.liqend } else { &mut found.maint }) = Some(health);
    if !health.is_negative() {
        if flag.flagged_at != 0 {
            found.flag = FlagChange::Cleared;
        }
        if let Scope::Cross(_) = scope {
            found.tell_margin_call(initial(scope, view)?, margin_called);
        }
        return Ok(found);
    }
    let equity = scope.worth(view)?.net().checked_add(pnl)?;
    found.equity = Some(equity);
    found.danger = if equity <= Quote::ZERO { Danger::Insolvent } else { Danger::Liquidation };
    found.flag = match live {
        false => FlagChange::Set,
        true if flag.renewed_at == view.now => FlagChange::Stays,
        true => FlagChange::Renewed,
    };
    Ok(found)
}

impl Assessment {
    fn tell_margin_call(&mut self, initial: Option<Quote>, margin_called: bool) {
        self.initial = initial;
        let Some(initial) = initial else { return };
        if initial.is_negative() {
            self.danger = Danger::MarginCall;
        }
        self.call = match (initial.is_negative(), margin_called) {
            (true, false) => CallChange::Posted,
            (false, true) => CallChange::Ended,
            _ => CallChange::Stays,
        };
    }
}

/// Initial health; `None` where prices do not allow it.
fn initial(scope: &Scope<'_>, view: &View<'_>) -> Result<Option<Quote>, RiskError> {
    match scope.measure(Check::Initial, view) {
        Ok((health, _)) => Ok(Some(health)),
        Err(RiskError::StaleMarket { .. } | RiskError::StalePrice { .. } | RiskError::PublishSpread) => {
            Ok(None)
        }
        Err(other) => Err(other),
    }
}
