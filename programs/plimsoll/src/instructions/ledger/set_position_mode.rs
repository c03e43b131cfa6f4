//! Set position mode: a flat position becomes isolated, or cross again.

use crate::{
    clock,
    errors::Refusal,
    events::{PocketMoved, PositionModeSet},
    state::{Bank, MarginAccount, RiskBoard},
};
use anchor_lang::prelude::*;
use plimsoll_risk::{
    layout::{
        account::{POSITION_INSOLVENT, POSITION_ISOLATED, Position},
        market::MarketTerms,
    },
    num::{Quote, TokenAmount},
};

#[derive(Accounts)]
pub struct SetPositionMode<'info> {
    /// The account's owner, or a delegate that may trade.
    pub trader: Signer<'info>,
    #[account(mut)]
    pub account: AccountLoader<'info, MarginAccount>,
    pub board: AccountLoader<'info, RiskBoard>,
    #[account(mut)]
    pub quote_bank: AccountLoader<'info, Bank>,
}

impl SetPositionMode<'_> {
    fn validate(&self, account: &MarginAccount, board: &RiskBoard, bank: &Bank, now: i64) -> Result<()> {
        super::require_pockets(self.trader.key, account, bank, (self.board.as_ref().key, board), now)
    }
}

/// Makes a position stand on a pocket of its own, or on the account's balances. What is left in the pocket goes back to
/// the balance. Trigger orders stay. Not while what answers for the position is flagged for liquidation.
pub fn set_position_mode(ctx: Context<SetPositionMode>, market: u8, isolated: bool) -> Result<()> {
    let now = clock::now()?;
    let accounts = &ctx.accounts;
    let board = accounts.board.load()?;
    let (mut account, mut bank) = (accounts.account.load_mut()?, accounts.quote_bank.load_mut()?);
    accounts.validate(&account, &board, &bank, now)?;
    ensure!(!account.is_flagged_in(market, now), Refusal::Flagged);

    let address = *accounts.account.as_ref().key;
    if isolated {
        isolate(&mut account, market, board.market(market)?)?;
    } else if let Some((amount, balance)) = rejoin(&mut account, &mut bank, market, now)? {
        let (sequence, amount) = (account.next_event(), amount.get().saturating_neg()); // above zero
        PocketMoved { account: address, sequence, market, amount, funding: 0, pocket: 0, balance }.tell();
    }
    account.shows_life(now);
    PositionModeSet { account: address, sequence: account.next_event(), market, isolated }.tell();
    Ok(())
}

/// Sets a position apart, opening its slot if there is none.
fn isolate(account: &mut MarginAccount, market: u8, terms: &MarketTerms) -> Result<()> {
    let (_, position) = account.position_for(market, terms)?;
    ensure!(!position.is_isolated(), Refusal::SameMode);
    require_settled(position)?;
    position.flags |= POSITION_ISOLATED;
    Ok(())
}

/// Makes a position cross again, which frees its slot: nothing is left of it. Returns what was moved out of its pocket, if
/// anything, and the balance afterwards.
fn rejoin(
    account: &mut MarginAccount,
    bank: &mut Bank,
    market: u8,
    now: i64,
) -> Result<Option<(Quote, i64)>> {
    // A market without a position is cross.
    let place = account.place_of(market).ok_or(Refusal::SameMode)?;
    let position = account.positions.get_mut(place).ok_or(Refusal::SameMode)?;
    ensure!(position.is_isolated(), Refusal::SameMode);
    require_settled(position)?;
    position.flags &= !POSITION_ISOLATED;
    let left = core::mem::take(&mut position.pocket);
    account.tidy(place);
    if left <= Quote::ZERO {
        return Ok(None);
    }
    let amount = TokenAmount::new(left.magnitude());
    Ok(Some((left, bank.empty_pocket(account, amount, now)?.balance)))
}

/// # Errors
/// [`Refusal::PositionNotFlat`] while there are lots, orders, or profit or loss that is not settled; [`Refusal::Flagged`]
/// while the insurance fund still counts the pocket among the insolvent.
fn require_settled(position: &Position) -> Result<()> {
    ensure!(position.flags & POSITION_INSOLVENT == 0, Refusal::Flagged);
    let settled = position.is_flat() && position.quote.get() | position.realised.get() == 0;
    ensure!(settled, Refusal::PositionNotFlat);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytemuck::Zeroable;
    use plimsoll_risk::num::Lots;

    const MARKET: u8 = 3;

    fn refusal<T: core::fmt::Debug>(result: Result<T>, refusal: Refusal) {
        assert_eq!(result.unwrap_err(), refusal.into());
    }

    fn parts() -> (Box<MarginAccount>, Bank, MarketTerms) {
        (Box::new(Zeroable::zeroed()), Zeroable::zeroed(), Zeroable::zeroed())
    }

    #[test]
    fn a_mode_is_set_once_and_opens_a_slot() {
        let (mut account, _, terms) = parts();
        isolate(&mut account, MARKET, &terms).unwrap();
        assert!(account.positions[account.place_of(MARKET).unwrap()].is_isolated());
        refusal(isolate(&mut account, MARKET, &terms), Refusal::SameMode);
    }

    #[test]
    fn whatever_is_open_or_unsettled_keeps_its_mode() {
        let touches: [fn(&mut Position); 5] = [
            |position| position.lots = Lots::new(-1),
            |position| position.bids = 1,
            |position| position.asks = 1,
            |position| position.quote = Quote::new(-1),
            |position| position.realised = Quote::new(1),
        ];
        for touch in touches {
            let (mut account, mut bank, terms) = parts();
            isolate(&mut account, MARKET, &terms).unwrap();
            touch(account.position_in(MARKET).unwrap().1);
            refusal(rejoin(&mut account, &mut bank, MARKET, 0), Refusal::PositionNotFlat);
            account.position_in(MARKET).unwrap().1.flags &= !POSITION_ISOLATED;
            refusal(isolate(&mut account, MARKET, &terms), Refusal::PositionNotFlat);
        }
    }

    #[test]
    fn a_pocket_that_counts_as_insolvent_keeps_its_mode() {
        let (mut account, mut bank, terms) = parts();
        isolate(&mut account, MARKET, &terms).unwrap();
        account.position_in(MARKET).unwrap().1.flags |= POSITION_INSOLVENT;
        refusal(rejoin(&mut account, &mut bank, MARKET, 0), Refusal::Flagged);
    }

    #[test]
    fn a_market_without_an_isolated_position_is_cross_already() {
        let (mut account, mut bank, terms) = parts();
        refusal(rejoin(&mut account, &mut bank, MARKET, 0), Refusal::SameMode);
        account.position_for(MARKET, &terms).unwrap();
        refusal(rejoin(&mut account, &mut bank, MARKET, 0), Refusal::SameMode);
    }

    #[test]
    fn an_empty_pocket_leaves_a_free_slot_behind() {
        let (mut account, mut bank, terms) = parts();
        isolate(&mut account, MARKET, &terms).unwrap();
        assert_eq!(rejoin(&mut account, &mut bank, MARKET, 0).unwrap(), None);
        assert_eq!(account.place_of(MARKET), None);
        account.require_empty().unwrap();
    }
}
