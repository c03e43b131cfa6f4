//! What an account may do: anything that leaves it Initial-healthy, and while it is not, only what makes it safer (DESIGN §4).

use crate::deleveraging::seen;
use crate::error::{RiskError, overflow};
use crate::health::{self, Basis, Check, Overlay, Span};
use crate::layout::account::Position;
use crate::layout::board::RiskBoard;
use crate::layout::market::MARKET_DELEVERAGED;
use crate::margin::{Holdings, Leg, Margin, isolated_margin, leg, margin, measure};
use crate::num::{Quote, wide};
use crate::position::worst_case_lots;

/// No payment and no pocket is as large as this: 2^58 native quote.
const LIMIT_BITS: u32 = 58;

/// What an action did to an account: one position changed, and something may have been paid from the balances.
#[derive(Clone, Copy, Debug)]
pub struct Change<'a> {
    /// The account after it.
    pub holdings: Holdings<'a>,
    /// The slot of the position that changed. Not freed yet: a pocket would be missing.
    pub place: usize,
    /// That position before it; a zeroed one where the slot was free. Its funding and deleveraging may be unapplied: they are
    /// counted.
    pub before: &'a Position,
    /// What it took from the quote balance (a trigger's reward), native quote, rounded up; 0 or more.
    pub paid: Quote,
}

/// Whether an action may stand (DESIGN §4 "Health").
///
/// Allowed where Initial health is at least 0 after it; an isolated position answers for itself with its pocket, and if
/// something was paid from the balances, the rest of the account for that. Otherwise only if
/// - `|q|` did not rise, and no borrow did (what was paid came from a deposit);
/// - neither Initial nor Maintenance health fell. The other legs and balances are the same before and after, so the changed
///   position and the payment tell; where its feed is bad, strict values do not exist and Maintenance decides alone;
/// - with Maintenance health below 0, `E/R` did not fall. For an insolvent account (E < 0), of whom a smaller R makes that
///   ratio worse however fair the trade, instead: neither did E fall nor R rise.
///
/// Costs one pass over the account where risk rises, none where a reduction costs no equity, one otherwise.
///
/// Refusals: `NotEnoughMargin` where risk rose, `LowersHealth`, `LowersEquityRatio`; `BadParameter` for a slot that does not
/// exist or that changed its market; errors of [`margin`].
pub fn allowed(change: &Change<'_>, board: &RiskBoard, overlay: &Overlay, now: i64) -> Result<(), RiskError> {
    let Some(after) = change.holdings.positions.get(change.place) else {
        return Err(RiskError::BadParameter);
    };
    if change.paid.get() >> LIMIT_BITS != 0 {
        return overflow();
    }
    let before = change.before;
    if !before.is_free() && !after.is_free() && before.market != after.market {
        return Err(RiskError::BadParameter);
    }
    let isolated = before.is_isolated() || after.is_isolated();
    // What its side went through is not what the action did.
    let market = if after.is_free() { before.market } else { after.market };
    let terms = board.markets.get(usize::from(market)).ok_or(RiskError::Missing)?;
    let (mut was, mut is) = (None, None);
    let (before, after) = if terms.flags & MARKET_DELEVERAGED == 0 {
        (before, after)
    } else {
        (seen(before, terms, &mut was)?, seen(after, terms, &mut is)?)
    };
    let case = Case { change, before, after, isolated, board, overlay, now };
    if isolated && !change.paid.is_zero() {
        sufficient(&margin(&change.holdings, board, overlay, Check::Initial, now)?)?;
    }
    if case.raises_risk() {
        return sufficient(&case.initial()?);
    }
    let initial = if case.raises_worst_case() { case.initial().ok() } else { None };
    if initial.is_some_and(|margin| margin.is_healthy()) {
        return Ok(());
    }
    match (case.reduction(), initial) {
        // It had the margin before: what it lacks is more of it.
        (Err(RiskError::LowersHealth { by }), Some(margin))
            if margin.health().checked_add(by).is_ok_and(|before| !before.is_negative()) =>
        {
            sufficient(&margin)
        }
        (judged, _) => judged,
    }
}

/// `NotEnoughMargin` for a health below 0.
fn sufficient(margin: &Margin) -> Result<(), RiskError> {
    if margin.is_healthy() {
        return Ok(());
    }
    Err(RiskError::NotEnoughMargin { collateral: margin.net_collateral(), requirement: margin.requirement })
}

/// The changed position at one moment, with its pocket if it stands on that; what of it enters E, NC and R.
#[derive(Clone, Copy)]
struct Part {
    net: Quote,
    requirement: Quote,
    equity: Quote,
}

impl Part {
    /// Below 2^60 in magnitude, as all terms are below 2^58.
    #[inline(always)]
    fn health(&self) -> Quote {
        self.net.saturating_sub(self.requirement)
    }
}

/// Maintenance health, equity and requirement of whatever stands for the position: its pocket, or the account.
struct Standing {
    health: Quote,
    equity: Quote,
    requirement: Quote,
}

/// One change, judged.
struct Case<'a> {
    change: &'a Change<'a>,
    before: &'a Position,
    after: &'a Position,
    isolated: bool,
    board: &'a RiskBoard,
    overlay: &'a Overlay,
    now: i64,
}

impl Case<'_> {
    /// Whether `|q|` or a borrow rose.
    fn raises_risk(&self) -> bool {
        self.after.lots.magnitude() > self.before.lots.magnitude()
            || (!self.change.paid.is_zero() && self.owes_quote())
    }

    /// Whether orders can make more of the position than before: then health will hardly have risen, and whether there is
    /// enough of it is the first question.
    fn raises_worst_case(&self) -> bool {
        worst_case_lots(self.after) > worst_case_lots(self.before)
    }

    /// Whether the quote token is owed: then what was paid was borrowed.
    fn owes_quote(&self) -> bool {
        let quote = self.board.header.quote_bank;
        let mut balances = self.change.holdings.balances.iter();
        balances.any(|balance| balance.is_borrow() && balance.bank == quote && !balance.is_free())
    }

    /// Initial margin after the change, of the pocket or of the account.
    fn initial(&self) -> Result<Margin, RiskError> {
        if self.isolated {
            isolated_margin(self.after, self.board, self.overlay, Check::Initial, self.now)
        } else {
            margin(&self.change.holdings, self.board, self.overlay, Check::Initial, self.now)
        }
    }

    /// The rules where neither `|q|` nor a borrow rose.
    fn reduction(&self) -> Result<(), RiskError> {
        let before = self.part(self.before, Check::Maintenance)?;
        let after = self.part(self.after, Check::Maintenance)?;
        let paid = if self.isolated { Quote::ZERO } else { self.change.paid };
        let fall = |before: Quote, after: Quote| before.saturating_sub(after).checked_add(paid);
        let maint = fall(before.health(), after.health())?;
        let by = match (self.part(self.before, Check::Initial), self.part(self.after, Check::Initial)) {
            (Ok(before), Ok(after)) => maint.max(fall(before.health(), after.health())?),
            (Err(RiskError::StaleMarket { .. }), _) | (_, Err(RiskError::StaleMarket { .. })) => maint,
            (Err(refusal), _) | (_, Err(refusal)) => return Err(refusal),
        };
        if by > Quote::ZERO {
            // Not a reduction then: only health allows it.
            return if self.initial()?.is_healthy() { Ok(()) } else { Err(RiskError::LowersHealth { by }) };
        }
        let equity_fall = fall(before.equity, after.equity)?;
        if equity_fall <= Quote::ZERO && after.requirement <= before.requirement {
            return Ok(());
        }
        let standing = self.standing(&after)?;
        if !standing.health.is_negative() {
            return Ok(());
        }
        let equity = standing.equity.checked_add(equity_fall)?;
        let others = standing.requirement.checked_sub(after.requirement)?;
        let requirement = others.checked_add(before.requirement)?;
        if keeps_ratio((equity, requirement), (standing.equity, standing.requirement)) {
            return Ok(());
        }
        Err(RiskError::LowersEquityRatio { equity: standing.equity, requirement: standing.requirement })
    }

    /// A position at one kind of check. A free slot is nothing.
    fn part(&self, position: &Position, check: Check) -> Result<Part, RiskError> {
        let leg = if position.is_free() {
            Leg::default()
        } else {
            leg(position, self.board, self.overlay, check, self.now)?
        };
        let pocket = if self.isolated { position.pocket } else { Quote::ZERO };
        if pocket.get() >> LIMIT_BITS != 0 {
            return overflow();
        }
        Ok(Part {
            net: leg.net.checked_add(pocket)?,
            requirement: leg.requirement,
            equity: leg.unrealised.checked_add(pocket)?,
        })
    }

    /// What stands for the position after the change; equity of balances is computed only where it matters.
    fn standing(&self, after: &Part) -> Result<Standing, RiskError> {
        if self.isolated {
            let (health, equity, requirement) = (after.health(), after.equity, after.requirement);
            return Ok(Standing { health, equity, requirement });
        }
        let (board, overlay, holdings) = (self.board, self.overlay, &self.change.holdings);
        let (margin, pnl) = measure(holdings, board, overlay, Check::Maintenance, self.now)?;
        let (health, requirement) = (margin.health(), margin.requirement);
        if !health.is_negative() {
            return Ok(Standing { health, equity: Quote::ZERO, requirement });
        }
        let mut span = Span::empty();
        let balances = health::weigh(holdings.balances, board, overlay, Basis::EQUITY, self.now, &mut span)?;
        Ok(Standing { health, equity: balances.net().checked_add(pnl)?, requirement })
    }
}

/// Whether `E/R` did not fall from the first pair to the second, exactly; where E was below 0, or R nothing, whether neither
/// E fell nor R rose.
fn keeps_ratio(before: (Quote, Quote), after: (Quote, Quote)) -> bool {
    if before.0.is_negative() || before.1 <= Quote::ZERO {
        return after.0 >= before.0 && after.1 <= before.1;
    }
    !after.0.is_negative()
        && wide::mul(after.0.magnitude(), before.1.magnitude())
            >= wide::mul(before.0.magnitude(), after.1.magnitude())
}

#[cfg(test)]
mod tests;
