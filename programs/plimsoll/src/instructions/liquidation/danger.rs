//! The one gate of all ways to liquidate: flagged, ordered home, measured; and how a scope leaves it again.

use super::scope::Scope;
use crate::{
    errors::{Refusal, beyond, refused},
    state::{MarginAccount, Market, RiskBoard, margin_account::scope, risk_board::require_liquidations},
};
use anchor_lang::prelude::*;
use core::cell::RefMut;
use plimsoll_risk::{
    RiskError,
    health::Check,
    layout::{
        Key,
        account::Position,
        market::{MARKET_OPEN, MARKET_REDUCE_ONLY, MarketTerms},
    },
    liquidation::{Auction, Flag, Standing, StepTerms, View, fee_rate},
    margin::isolated_margin,
    num::Quote,
};

/// A scope that may be liquidated now, as it stands before that.
pub struct Danger {
    /// What is liquidated.
    pub scope: Scope,
    /// What stands behind it.
    pub standing: Standing,
    /// Since when its auction runs, unix seconds.
    flagged_at: i64,
}

impl Danger {
    /// Lets a scope in: after an outage's grace, flagged by fresh proof, without orders, in danger still.
    ///
    /// # Errors
    /// [`Refusal::Paused`], [`Refusal::GracePeriod`], [`Refusal::NotFlagged`], [`Refusal::OrdersRemain`],
    /// [`Refusal::NotEndangered`]; those of a measurement.
    #[inline(never)]
    pub fn of(account: &MarginAccount, scope: Scope, view: &View) -> Result<Self> {
        require_liquidations(&view.board.header, view.now)?;
        let flag = scope.flag(account);
        ensure!(flag.is_live(view.now), Refusal::NotFlagged);
        ensure!(!scope.has_orders(account), Refusal::OrdersRemain);
        let standing = Standing::of_scope(&scope.held(account), view).map_err(refused)?;
        ensure!(standing.liqend.is_negative(), Refusal::NotEndangered);
        Ok(Self { scope, standing, flagged_at: flag.flagged_at })
    }

    /// What a step costs now, and how large it may be.
    pub fn terms(&self, auction: &Auction, most_lots: u32, view: &View) -> StepTerms {
        StepTerms {
            rate: fee_rate(auction, self.flagged_at, view.now),
            insurance_share: auction.insurance_share,
            dust: view.board.header.liq_dust,
            most_lots,
        }
    }

    /// Takes the flag back if health at the end of a liquidation, which has changed by so much, is not below 0 any more.
    /// Returns whether the danger is over. A scope that counts as insolvent is assessed first: the fund has to know.
    ///
    /// # Errors
    /// [`Refusal::Overflow`].
    pub fn ends(&self, account: &mut MarginAccount, gained: Quote) -> Result<bool> {
        let liqend = self.standing.liqend.checked_add(gained).map_err(refused)?;
        let over = !liqend.is_negative() && !self.scope.is_insolvent(account);
        if over {
            self.scope.set_flag(account, Flag::default())?;
        }
        Ok(over)
    }
}

/// What one position adds to its scope's health at the end of a liquidation, beside its pocket. As each position is
/// rounded for itself, what this changes by is what the whole changes by.
///
/// # Errors
/// [`Refusal::Overflow`].
pub fn weight_of(position: &Position, view: &View) -> Result<Quote> {
    let alone = Position { pocket: Quote::ZERO, ..*position };
    let margin = isolated_margin(&alone, view.board, view.overlay, Check::LiquidationEnd, view.now);
    Ok(margin.map_err(refused)?.health())
}

/// Writes to an endangered account and to that of whoever gains by it.
///
/// # Errors
/// [`Refusal::SelfLiquidation`] for one account, or two of one owner; [`Refusal::ForeignExchange`].
pub fn parties<'a>(
    other: &'a AccountLoader<'_, MarginAccount>,
    account: &'a AccountLoader<'_, MarginAccount>,
    board: &RiskBoard,
) -> Result<(RefMut<'a, MarginAccount>, RefMut<'a, MarginAccount>)> {
    ensure!(other.as_ref().key != account.as_ref().key, Refusal::SelfLiquidation);
    let (other, account) = (other.load_mut()?, account.load_mut()?);
    let exchange = &board.header.exchange;
    let one_exchange = other.header.exchange == *exchange && account.header.exchange == *exchange;
    ensure!(one_exchange, Refusal::ForeignExchange);
    ensure!(other.header.owner != account.header.owner, Refusal::SelfLiquidation);
    Ok((other, account))
}

/// A liquidator's trader signs, and shows life.
///
/// # Errors
/// [`Refusal::NotATrader`].
pub fn require_trader(liquidator: &mut MarginAccount, signer: &Pubkey, now: i64) -> Result<()> {
    liquidator.require_trader(signer, scope::TRADE, now)?;
    liquidator.shows_life(now);
    Ok(())
}

/// A liquidator must carry what he took: strict values, of all prices that the liquidation rests on.
///
/// # Errors
/// [`Refusal::NotEnoughMargin`]; whatever a price that is needed lacks.
#[inline(never)]
pub fn require_carried(liquidator: &MarginAccount, scope: Scope, view: &View) -> Result<()> {
    let margin = scope.margin(liquidator, view, Check::Liquidator).map_err(refused)?;
    if !margin.is_healthy() {
        let (collateral, requirement) = (margin.net_collateral(), margin.requirement);
        return Err(refused(RiskError::NotEnoughMargin { collateral, requirement }));
    }
    Ok(())
}

/// The entry of a market that belongs to a board at this address, and that positions still change in. A breaker stops no
/// liquidation.
///
/// # Errors
/// [`Refusal::ForeignMarket`], [`Refusal::MarketClosed`].
pub fn require_market<'a>(market: &Market, key: &Pubkey, board: &'a RiskBoard) -> Result<&'a MarketTerms> {
    ensure!(market.board.is(key.as_array()), Refusal::ForeignMarket);
    let terms = board.market(market.index)?;
    ensure!(terms.state == MARKET_OPEN || terms.state == MARKET_REDUCE_ONLY, Refusal::MarketClosed);
    Ok(terms)
}

/// A margin account's address.
pub fn key_of(account: &AccountLoader<'_, MarginAccount>) -> Key {
    Key(account.as_ref().key.to_bytes())
}

/// The insurance's part of a fee: the pool owes it until it is collected.
///
/// # Errors
/// [`Refusal::Overflow`].
pub fn owe_insurance(market: &mut Market, fee: Quote) -> Result<()> {
    market.insurance_receivable = market.insurance_receivable.checked_add(fee).map_err(refused)?;
    Ok(())
}

/// # Errors
/// [`Refusal::WorseThanAllowed`] for less than was asked for.
pub fn require_at_least(got: Quote, least: Quote) -> Result<()> {
    if got < least {
        return Err(beyond(Refusal::WorseThanAllowed, got.magnitude(), least.magnitude()));
    }
    Ok(())
}
