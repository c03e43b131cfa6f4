//! Values that contradict each other. Looked at after every write, at where ramps are and where they go.

use super::{
    Scope, Target,
    table::{self, LEAST_BREAKER_MOVE},
};
use crate::{
    errors::{Refusal, beyond},
    instructions::trigger::reward_limit,
    state::{Bank, Exchange, Market, RiskBoard},
};
use anchor_lang::prelude::*;
use plimsoll_risk::{
    layout::{
        Key as Address,
        bank::{BankTerms, NO_FEED},
        board::BoardHeader,
        market::MarketTerms,
    },
    num::Ratio,
    ramp::Ramp,
    requirement::ratios_are_ordered,
    valuation::weights_are_ordered,
};

/// A shorter silence than this is no outage, seconds.
const LEAST_OUTAGE: u32 = 60;

/// # Errors
/// [`Refusal::Contradiction`], [`Refusal::RolesCollide`], [`Refusal::RewardTooLarge`].
pub(super) fn check(target: &mut Target, scope: Scope, now: i64) -> Result<()> {
    match scope {
        Scope::Exchange => roles(target.exchange),
        Scope::Board => {
            outages(&target.board.header)?;
            all_weights(target.board, now).and_then(|()| all_ratios(target.board, now))
        }
        Scope::BankTerms => {
            let liq_buffer = target.board.header.liq_buffer;
            weights(target.terms()?, &liq_buffer, now)
        }
        Scope::Bank => limits(target.bank()?).and_then(|()| curve(target.bank()?)),
        Scope::Feed => Ok(()),
        Scope::Market => {
            let (liq_buffer, quote_decimals) =
                (target.board.header.liq_buffer, target.board.header.quote_decimals);
            let terms = *target.market_terms()?;
            ratios(&terms, &liq_buffer, now)?;
            danger(&terms)?;
            trading(target.market()?, &terms, now)?;
            reward(target.market()?, quote_decimals)
        }
    }
}

/// Who pauses and vetoes must be somebody else than those whom it watches, and somebody has to be there.
///
/// # Errors
/// [`Refusal::RolesCollide`]; [`Refusal::OutOfBounds`] for nobody.
pub fn require_roles(admin: &Pubkey, risk_council: &Pubkey, guardian: &Pubkey) -> Result<()> {
    for role in [admin, risk_council, guardian] {
        ensure!(*role != Pubkey::default(), Refusal::OutOfBounds);
    }
    ensure!(guardian != admin && guardian != risk_council, Refusal::RolesCollide);
    Ok(())
}

/// The first delays of an exchange have the bounds of every later change.
///
/// # Errors
/// [`Refusal::OutOfBounds`].
pub fn require_delays(timelock_seconds: u64, ramp_seconds: u64) -> Result<()> {
    table::TIMELOCK.require_within(timelock_seconds)?;
    table::RAMP.require_within(ramp_seconds)
}

fn roles(exchange: &Exchange) -> Result<()> {
    let key = |address: Address| Pubkey::from(address.0);
    require_roles(&key(exchange.admin), &key(exchange.risk_council), &key(exchange.guardian))
}

/// The liquidation buffer is part of the order of every bank's weights.
fn all_weights(board: &RiskBoard, now: i64) -> Result<()> {
    let used = board.banks.get(..usize::from(board.header.bank_count)).ok_or(Refusal::UnknownBank)?;
    used.iter().try_for_each(|terms| weights(terms, &board.header.liq_buffer, now))
}

/// Stricter kinds of check weigh no kinder, now and at every point of the ramps; the quote token counts exactly 1.
fn weights(terms: &BankTerms, liq_buffer: &Ramp, now: i64) -> Result<()> {
    if terms.feed == NO_FEED {
        let one = Ratio::ONE;
        let all = [
            terms.asset_weight_initial,
            Ratio::new(terms.asset_weight_maint.to),
            terms.liability_weight_initial,
            Ratio::new(terms.liability_weight_maint.to),
        ];
        ensure!(all == [one; 4] && terms.scale_start.is_zero(), Refusal::Contradiction);
        return Ok(());
    }
    let ahead = BankTerms {
        asset_weight_maint: rest_of(&terms.asset_weight_maint, now),
        liability_weight_maint: rest_of(&terms.liability_weight_maint, now),
        ..*terms
    };
    let buffer = Ratio::new(liq_buffer.value(now).max(liq_buffer.to));
    ensure!(weights_are_ordered(&ahead, buffer), Refusal::Contradiction);
    Ok(())
}

/// The liquidation buffer is part of the order of every market's ratios, too.
fn all_ratios(board: &RiskBoard, now: i64) -> Result<()> {
    let used = board.markets.get(..usize::from(board.header.market_count)).ok_or(Refusal::UnknownMarket)?;
    used.iter().try_for_each(|terms| ratios(terms, &board.header.liq_buffer, now))
}

/// Stricter kinds of check need no less margin, now and at every point of the ramps; margin grows with open interest.
///
/// The ramp of open interest has to have a length: without one it would be switched off, by what looks like tightening.
#[inline(never)]
fn ratios(terms: &MarketTerms, liq_buffer: &Ramp, now: i64) -> Result<()> {
    let ahead = MarketTerms {
        mmr: rest_of(&terms.mmr, now),
        imf_maint_ramp: rest_of(&terms.imf_maint_ramp, now),
        ..*terms
    };
    let buffer = Ratio::new(liq_buffer.value(now).max(liq_buffer.to));
    ensure!(ratios_are_ordered(&ahead, buffer), Refusal::Contradiction);
    ensure!(terms.oi_lower < terms.oi_upper, Refusal::Contradiction);
    Ok(())
}

/// A trade at the edge of the band, with its fee, costs no more than the least maintenance margin still ahead: nobody can
/// trade an account that is healthy into a debt. And a rebate comes out of what the taker paid.
fn trading(market: &Market, terms: &MarketTerms, now: i64) -> Result<()> {
    let fee = market.taker_fee.max(market.maker_fee).get();
    let worst = u64::from(market.band.get()).saturating_add(u64::from(fee));
    ensure!(worst <= u64::from(terms.mmr.value(now).min(terms.mmr.to)), Refusal::Contradiction);
    ensure!(market.maker_rebate <= market.taker_fee, Refusal::Contradiction);
    ensure!(market.maker_fee.is_zero() || market.maker_rebate.is_zero(), Refusal::Contradiction);
    Ok(())
}

/// A liquidation's fee rises, and a breaker opens for moves that are not everyday ones. That a fee is at most half of the
/// maintenance margin is seen to where it is taken.
fn danger(terms: &MarketTerms) -> Result<()> {
    ensure!(terms.liq_fee_start <= terms.liq_fee_most, Refusal::Contradiction);
    ensure!(terms.breaker_move.is_zero() || terms.breaker_move >= LEAST_BREAKER_MOVE, Refusal::Contradiction);
    Ok(())
}

/// A swap's fee rises; and refreshes that merely pause for a moment are no outage, or the grace period would never end.
fn outages(header: &BoardHeader) -> Result<()> {
    ensure!(header.swap_fee_start <= header.swap_fee_most, Refusal::Contradiction);
    let gap = header.heartbeat_gap;
    ensure!(gap == 0 || gap >= LEAST_OUTAGE, Refusal::Contradiction);
    Ok(())
}

/// No market's usual reward passes what any reward may be.
fn reward(market: &Market, quote_decimals: u8) -> Result<()> {
    let (reward, most) = (market.trigger_reward, reward_limit(quote_decimals));
    if reward > most {
        return Err(beyond(Refusal::RewardTooLarge, reward.into(), most.into()));
    }
    Ok(())
}

/// What a ramp still has before it: where it has been does not matter any more.
fn rest_of(ramp: &Ramp, now: i64) -> Ramp {
    Ramp { from: ramp.value(now), ..*ramp }
}

/// An hour cannot let out more than a day.
fn limits(bank: &Bank) -> Result<()> {
    ensure!(bank.hour_limit <= bank.day_limit, Refusal::Contradiction);
    Ok(())
}

/// Rates rise with utilisation, and the kinks stand in their order.
fn curve(bank: &Bank) -> Result<()> {
    ensure!(bank.kink1 < bank.kink2 && bank.kink2 < Ratio::ONE, Refusal::Contradiction);
    let rising = bank.rate0 <= bank.rate1 && bank.rate1 <= bank.rate2 && bank.rate2 <= bank.rate3;
    ensure!(rising, Refusal::Contradiction);
    Ok(())
}
