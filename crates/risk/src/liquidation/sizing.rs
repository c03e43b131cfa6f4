//! How many lots of one position a step takes.

use super::{Exposure, Fee, Standing, StepTerms, View, marks_of, proportion};
use crate::error::{RiskError, overflow};
use crate::funding::due;
use crate::health::Check;
use crate::layout::account::Position;
use crate::layout::market::MarketTerms;
use crate::num::{Lots, Quote, Ratio};
use crate::position::{Marks, worst_case_lots};
use crate::requirement::{Rates, Yardstick};

/// What a step takes from a position.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Step {
    /// Lots, towards flat; 0 where nothing is needed.
    pub lots: u32,
    /// What they are worth at the price, native quote: for a long rounded down, for a short up. Changes hands exactly.
    pub worth: Quote,
    /// What the position pays for it, native quote, rounded down: never more than its part of the equity.
    pub fee: Fee,
    /// What the auction asks for the step, native quote, rounded down: from an insolvent account the rest is the
    /// insurance's, capped.
    pub wanted: Quote,
    /// Lots tried.
    pub evaluations: u32,
}

/// Sizes a step: the fewest lots of one position that bring health at the end of a liquidation to 0 when they are taken
/// over at the price less the fee; all of them where that is not enough, or would leave less than dust; at most what
/// the liquidator takes.
///
/// The fee is the least of the auction's, of `max(0, E)·N_step/ΣN`, and of half the market's maintenance ratio: a step
/// always improves health. Only this position is measured again, for each number of lots that is tried. As `R` grows
/// faster and faster with `N`, a chord ends beyond the answer and a tangent before it: three or four tries, where
/// halving takes 31.
///
/// Also sizes a step into the book, whose fills are nowhere worse than [`book_limit`] at [`Step::rate_limit`]'s rate.
///
/// `StaleMarket` for a leg without a valid price: it is not taken. `LowersHealth` where taking it would not improve
/// Maintenance health (a market without a maintenance ratio). Errors otherwise as [`Exposure::of`] and
/// [`Yardstick::of`].
pub fn step(
    position: &Position,
    standing: &Standing,
    terms: &StepTerms,
    view: &View<'_>,
) -> Result<Step, RiskError> {
    let market = view.market(position.market)?;
    let held = position.lots.magnitude();
    let most = held.min(terms.most_lots);
    if !standing.liqend.is_negative() || most == 0 {
        return Ok(Step::default());
    }
    let rate = step_rate(standing, terms.rate, &market);
    let trial = Trial::new(position, &market, view, Check::LiquidationEnd, rate)?;
    let mut search = Search {
        trial: &trial,
        start: trial.after(0)?.health,
        need: standing.liqend.magnitude(),
        evaluations: 1,
    };
    let mut lots = search.fewest(most)?;
    let left = trial.marks_worth(held.saturating_sub(lots));
    if most == held && left < terms.dust.max(Quote::ZERO).magnitude() {
        lots = held;
    }
    let evaluations = search.evaluations;
    let maintenance = Trial::new(position, &market, view, Check::Maintenance, rate)?;
    let (before, after) = (maintenance.after(0)?.health, maintenance.after(lots)?.health);
    if after <= before {
        return Err(RiskError::LowersHealth { by: before.saturating_sub(after) });
    }
    let fee = Fee::split(trial.fee(lots)?, terms.insurance_share)?;
    let wanted = terms.rate.mul_down(Quote::from_unsigned(trial.marks_worth(lots))?)?;
    Ok(Step { lots, worth: trial.worth(lots)?, fee, wanted, evaluations })
}

/// The rate of a step: the auction's, within the account's equity and half the market's maintenance ratio.
fn step_rate(standing: &Standing, asked: Ratio, market: &MarketTerms) -> Ratio {
    standing.rate(asked).min(Ratio::new(market.maint_ratio.get() >> 1))
}

impl Step {
    /// The worst price of a step into the book, as a part of the price: the same rate that [`step`] sizes with.
    pub fn rate_limit(standing: &Standing, terms: &StepTerms, market: &MarketTerms) -> Ratio {
        step_rate(standing, terms.rate, market)
    }
}

/// Worst price of a step into the book, a lot, in the unit of the entry's `lot_price`: oracle less the rate for a long
/// that is sold, rounded up; oracle and the rate for a short that is bought back, rounded down. So no fill is worse
/// than what was sized.
pub fn book_limit(lot_price: u32, rate: Ratio, is_long: bool) -> u32 {
    // Below 2^32 × at most 2^30.
    let part = u64::from(lot_price).wrapping_mul(u64::from(rate.min(Ratio::ONE).get())) >> 30;
    let part = u32::try_from(part).unwrap_or(u32::MAX);
    if is_long { lot_price.saturating_sub(part) } else { lot_price.saturating_add(part) }
}

/// What a step into the book costs: what its fills were better than the limit, at most what the auction asks of them;
/// split.
///
/// `filled` is what the lots changed hands for, `at_limit` and `at_price` what they are worth there (native quote). The
/// position never ends below the limit. Errors as [`Fee::split`].
pub fn book_fee(
    filled: Quote,
    at_limit: Quote,
    at_price: Quote,
    is_long: bool,
    terms: &StepTerms,
) -> Result<Fee, RiskError> {
    let improvement = if is_long { filled.checked_sub(at_limit)? } else { at_limit.checked_sub(filled)? };
    let wanted = terms.rate.mul_down(at_price)?;
    Fee::split(improvement.min(wanted).max(Quote::ZERO), terms.insurance_share)
}

/// A position with some of its lots taken.
#[derive(Clone, Copy)]
struct Outcome {
    /// `pnl − order loss − N·r`, native quote.
    health: Quote,
    /// Worst-case lots, `N` and `R` that are left.
    lots: u32,
    notional: Quote,
    requirement: Quote,
}

/// All that trying a number of lots needs, computed once.
struct Trial<'a> {
    position: &'a Position,
    is_long: bool,
    due: Quote,
    marks: Marks,
    rates: Rates,
    yardstick: Yardstick,
    rate: Ratio,
}

impl<'a> Trial<'a> {
    fn new(
        position: &'a Position,
        market: &MarketTerms,
        view: &View<'_>,
        check: Check,
        rate: Ratio,
    ) -> Result<Self, RiskError> {
        Ok(Self {
            position,
            is_long: position.lots.get() > 0,
            due: due(position, market.funding)?,
            marks: marks_of(market, false),
            rates: Rates::of(market, false),
            yardstick: Yardstick::of(check, &view.board.header, view.now)?,
            rate,
        })
    }

    /// Lots at the price, native quote, rounded down.
    #[inline(always)]
    fn marks_worth(&self, lots: u32) -> u64 {
        // Below 2^32 each.
        u64::from(lots).wrapping_mul(u64::from(self.marks.notional)).wrapping_shr(u32::from(self.marks.shift))
    }

    /// What changes hands for so many lots: a long gets it rounded down, a short pays it rounded up.
    #[inline(always)]
    fn worth(&self, lots: u32) -> Result<Quote, RiskError> {
        let floor = self.marks_worth(lots);
        let product = u64::from(lots).wrapping_mul(u64::from(self.marks.notional));
        let cut = floor.wrapping_shl(u32::from(self.marks.shift)) != product;
        Quote::from_unsigned(floor.wrapping_add(u64::from(cut && !self.is_long)))
    }

    #[inline(always)]
    fn fee(&self, lots: u32) -> Result<Quote, RiskError> {
        self.rate.mul_down(Quote::from_unsigned(self.marks_worth(lots))?)
    }

    #[inline(always)]
    fn after(&self, lots: u32) -> Result<Outcome, RiskError> {
        let worth = self.worth(lots)?;
        let (taken, paid) = if self.is_long {
            (i32::try_from(lots), worth)
        } else {
            (i32::try_from(lots).map(i32::wrapping_neg), Quote::ZERO.saturating_sub(worth))
        };
        let Some(left) = taken.ok().and_then(|taken| self.position.lots.get().checked_sub(taken)) else {
            return overflow();
        };
        let quote = self.position.quote.checked_add(paid)?.checked_sub(self.fee(lots)?)?;
        let position = Position { lots: Lots::new(left), quote, ..*self.position };
        let exposure = Exposure::of(&position, &self.marks, self.due)?;
        let requirement = self.yardstick.requirement(exposure.notional, &self.rates)?;
        // Below 2^58 each.
        let health = exposure.unrealised.saturating_sub(exposure.order_loss).saturating_sub(requirement);
        let lots = worst_case_lots(&position).unwrap_or(u32::MAX);
        Ok(Outcome { health, lots, notional: exposure.notional, requirement })
    }
}

/// The search for the fewest lots that are enough.
struct Search<'a> {
    trial: &'a Trial<'a>,
    /// Health of the position before.
    start: Quote,
    /// What must be gained, native quote, above 0.
    need: u64,
    evaluations: u32,
}

/// A number of lots, and by how much it is too few (below 0) or enough.
#[derive(Clone, Copy)]
struct Tried {
    lots: u32,
    beyond: i64,
}

impl Search<'_> {
    fn fewest(&mut self, most: u32) -> Result<u32, RiskError> {
        let mut few = Tried { lots: 0, beyond: i64::try_from(self.need).map_or(i64::MIN, i64::wrapping_neg) };
        let (mut enough, mut outcome) = self.attempt(most)?;
        if enough.beyond < 0 {
            return Ok(most);
        }
        while enough.lots.saturating_sub(few.lots) > 1 {
            let width = enough.lots.saturating_sub(few.lots);
            self.narrow(&mut few, &mut enough, &mut outcome, Self::chord)?;
            if enough.lots.saturating_sub(few.lots) > 1 {
                self.narrow(&mut few, &mut enough, &mut outcome, Self::tangent)?;
            }
            let left = enough.lots.saturating_sub(few.lots);
            if left > 1 && left > width >> 1 {
                self.narrow(&mut few, &mut enough, &mut outcome, Self::middle)?;
            }
        }
        Ok(enough.lots)
    }

    /// Tries a number of lots between the two ends and moves one of them there.
    fn narrow(
        &mut self,
        few: &mut Tried,
        enough: &mut Tried,
        outcome: &mut Outcome,
        guess: fn(&Self, Tried, Tried, &Outcome) -> u32,
    ) -> Result<(), RiskError> {
        let inside = (few.lots.saturating_add(1), enough.lots.saturating_sub(1));
        let lots = guess(self, *few, *enough, outcome).clamp(inside.0, inside.1);
        let (tried, found) = self.attempt(lots)?;
        if tried.beyond < 0 {
            *few = tried;
        } else {
            (*enough, *outcome) = (tried, found);
        }
        Ok(())
    }

    fn attempt(&mut self, lots: u32) -> Result<(Tried, Outcome), RiskError> {
        self.evaluations = self.evaluations.saturating_add(1);
        let outcome = self.trial.after(lots)?;
        let gained = outcome.health.saturating_sub(self.start);
        let need = Quote::from_unsigned(self.need).unwrap_or(Quote::MAX);
        Ok((Tried { lots, beyond: gained.saturating_sub(need).get() }, outcome))
    }

    /// Where the line between both ends passes 0, rounded up: at or beyond the answer, as the gain of each further lot
    /// falls.
    fn chord(&self, few: Tried, enough: Tried, _: &Outcome) -> u32 {
        let missing = few.beyond.unsigned_abs();
        let rise = enough.beyond.unsigned_abs().saturating_add(missing);
        let width = u64::from(enough.lots.saturating_sub(few.lots));
        let lots = u32::try_from(proportion(width, missing, rise)).unwrap_or(u32::MAX);
        few.lots.saturating_add(lots).saturating_add(1)
    }

    /// Where the tangent at the upper end passes 0, rounded down: before the answer, for the same reason. From 1.5·R/N
    /// a lot where size makes the ratio, as `R ~ N^1.5`, else R/N; less the fee.
    fn tangent(&self, _: Tried, enough: Tried, outcome: &Outcome) -> u32 {
        let requirement = outcome.requirement.magnitude();
        let sized = outcome.notional >= self.trial.rates.unbound && outcome.requirement < outcome.notional;
        let slope = if sized { requirement.saturating_add(requirement >> 1) } else { requirement };
        let fee = self.trial.rate.mul_down(outcome.notional).unwrap_or(Quote::ZERO).magnitude();
        let slope = slope.saturating_sub(fee);
        if slope == 0 {
            return enough.lots.saturating_sub(1);
        }
        // Two units for what rounding adds to health.
        let beyond = enough.beyond.unsigned_abs().saturating_add(2);
        let back = proportion(beyond, u64::from(outcome.lots), slope).saturating_add(1);
        enough.lots.saturating_sub(u32::try_from(back).unwrap_or(u32::MAX))
    }

    fn middle(&self, few: Tried, enough: Tried, _: &Outcome) -> u32 {
        few.lots.saturating_add(enough.lots.saturating_sub(few.lots) >> 1)
    }
}
