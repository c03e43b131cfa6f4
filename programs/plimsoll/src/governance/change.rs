//! A change from proposal to effect.

use super::{Parameter, Scope, Target, Value, rules, table::GUARDIAN};
use crate::{
    errors::Refusal,
    state::{Exchange, PendingChange},
};
use anchor_lang::prelude::*;
use plimsoll_risk::{funding, layout::Key as Address, validity::Validity};

/// How long a change may be applied once it is ready, seconds.
///
/// Longer than the guardian can keep [`ApplyChange`](crate::state::risk_board::Pausable) paused, so that pausing is no veto.
pub const CHANGE_LIFETIME: i64 = 7 * 86_400;

/// What became of a proposal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is in force, or its ramp has begun. Carries the value before.
    Applied(Value),
    /// It has to wait; nothing changed. Carries the value in force.
    Waits(Value),
}

/// Judges a change and, if it need not wait, puts it into force: all changes during set-up, tightening afterwards.
///
/// A ramp is judged by where it was going: a new target beyond that is looser and waits, any other begins now, from
/// the ramp's present value and for a full ramp. So tightening again and again stretches a ramp, but never moves the
/// value away from safety. A change that waits is held against other parameters only when it is applied: two that
/// belong together can be queued together.
///
/// # Errors
/// [`Refusal::NoChange`], [`Refusal::Contradiction`], [`Refusal::RolesCollide`], [`Refusal::RewardTooLarge`], a missing target.
pub fn propose(parameter: &Parameter, target: &mut Target, value: Value, now: i64) -> Result<Outcome> {
    require_target(parameter, target)?;
    let old = parameter.read(target)?;
    ensure!(old != value, Refusal::NoChange);
    if target.exchange.is_open() && parameter.waits(old, value) {
        return Ok(Outcome::Waits(old));
    }
    put_into_force(parameter, target, value, now)?;
    Ok(Outcome::Applied(old))
}

/// Puts a change into force that has waited long enough.
///
/// # Errors
/// [`Refusal::NotReady`], [`Refusal::ChangeExpired`], [`Refusal::ParameterMoved`], [`Refusal::Contradiction`].
pub fn apply(change: &PendingChange, target: &mut Target, now: i64) -> Result<()> {
    ensure!(now >= change.ready_at, Refusal::NotReady);
    ensure!(now < change.expires_at, Refusal::ChangeExpired);
    let parameter = Parameter::by_id(change.parameter)?;
    require_target(parameter, target)?;
    // A program upgrade in between may have narrowed the bounds.
    let value = parameter.value(&change.new_value)?;
    ensure!(parameter.read(target)?.to_bytes() == change.old_value, Refusal::ParameterMoved);
    put_into_force(parameter, target, value, now)
}

fn require_target(parameter: &Parameter, target: &mut Target) -> Result<()> {
    match parameter.scope {
        Scope::Exchange | Scope::Board => target.require_only(),
        Scope::Market => target.require_trading(),
        Scope::BankTerms | Scope::Bank | Scope::Feed => Ok(()),
    }
}

fn put_into_force(parameter: &Parameter, target: &mut Target, value: Value, now: i64) -> Result<()> {
    let ramp_seconds = if target.exchange.is_open() { target.exchange.ramp_seconds } else { 0 };
    let ramp_seconds = u32::try_from(ramp_seconds).map_err(|_| Refusal::Overflow)?;
    // What has passed is paid at the terms that stood (DESIGN §3).
    match parameter.scope {
        Scope::Bank => target.bank()?.accrue(now)?,
        Scope::Market => accrue_funding(target, now)?,
        _ => {}
    }
    parameter.write(target, value, now, ramp_seconds)?;
    rules::check(target, parameter.scope, now)?;
    match parameter.scope {
        Scope::Bank => target.bank()?.observe_rate(),
        Scope::BankTerms => target.board.revalue_bank(target.index, now),
        Scope::Feed => {
            if parameter.unit.is_address() {
                // What another source said is not a price of this one.
                target.feed()?.validity = Validity::Missing.code();
            }
            target.board.revalue_feed(target.index, now)
        }
        Scope::Market => target.board.revalue_market(target.index, now),
        Scope::Exchange | Scope::Board => Ok(()),
    }
}

/// Funding until now, out of what was observed of the book: a change does not look at it again.
fn accrue_funding(target: &mut Target, now: i64) -> Result<()> {
    let (mut window, period) = (target.market()?.premium, target.market()?.funding_period);
    funding::copy(target.market_terms()?, &mut window, period, now);
    target.market()?.premium = window;
    Ok(())
}

impl Exchange {
    /// # Errors
    /// [`Refusal::NotAGovernor`], or [`Refusal::NotTheAdmin`] for what the council may not propose.
    pub(crate) fn require_proposer(&self, signer: &Pubkey, parameter: &Parameter) -> Result<()> {
        if parameter.is_for_admin_only() {
            return self.require_admin(signer);
        }
        let signer = signer.to_bytes();
        ensure!(self.admin.0 == signer || self.risk_council.0 == signer, Refusal::NotAGovernor);
        Ok(())
    }

    /// # Errors
    /// [`Refusal::NotTheGuardian`].
    pub(crate) fn require_guardian(&self, signer: &Pubkey) -> Result<()> {
        ensure!(self.guardian.0 == signer.to_bytes(), Refusal::NotTheGuardian);
        Ok(())
    }

    /// Number that the next queued change gets.
    pub(crate) fn next_change(&self) -> u64 {
        self.change_sequence.wrapping_add(1) // a counter, never a quantity
    }

    /// From when something loosening that is asked for now may happen, unix seconds: at once during set-up.
    pub(crate) fn ready_at(&self, now: i64) -> Result<i64> {
        if !self.is_open() {
            return Ok(now);
        }
        now.checked_add_unsigned(self.timelock_seconds).ok_or_else(|| Refusal::Overflow.into())
    }

    /// A change that waits, with the next number.
    pub(crate) fn queue(
        &mut self,
        parameter: u16,
        target: u8,
        values: [[u8; 32]; 2],
        now: i64,
    ) -> Result<PendingChange> {
        let ready_at = self.ready_at(now)?;
        self.change_sequence = self.next_change();
        let [old_value, new_value] = values;
        Ok(PendingChange {
            exchange: Address::NONE,
            proposer: Address::NONE,
            old_value,
            new_value,
            number: self.change_sequence,
            queued_at: now,
            ready_at,
            expires_at: ready_at.checked_add(CHANGE_LIFETIME).ok_or(Refusal::Overflow)?,
            parameter,
            target,
            bump: 0,
            reserved: [0; 4],
        })
    }
}

impl PendingChange {
    /// The account must be of this exchange, and its rent goes back to who paid it.
    ///
    /// # Errors
    /// [`Refusal::ForeignExchange`], [`Refusal::NotTheProposer`].
    pub(crate) fn require_belongs(&self, exchange: &Pubkey, proposer: &Pubkey) -> Result<()> {
        ensure!(self.exchange.0 == exchange.to_bytes(), Refusal::ForeignExchange);
        ensure!(self.proposer.0 == proposer.to_bytes(), Refusal::NotTheProposer);
        Ok(())
    }

    /// # Errors
    /// [`Refusal::OwnRemoval`]: the guardian cannot veto who replaces it.
    pub(crate) fn require_vetoable(&self) -> Result<()> {
        ensure!(self.parameter != GUARDIAN.id, Refusal::OwnRemoval);
        Ok(())
    }
}
