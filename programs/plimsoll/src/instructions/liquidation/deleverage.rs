//! Deleverage: lots of a position that nobody takes over in time are closed against the whole other side. Anyone may.

use super::{
    danger::{Danger, key_of, require_market},
    scope::Scope,
};
use crate::{
    clock,
    errors::{Refusal, refused},
    events::ClosedByDeleveraging,
    prices,
    state::{MarginAccount, Market, RiskBoard},
};
use anchor_lang::prelude::*;
use plimsoll_book::Size;
use plimsoll_risk::{
    deleveraging::{self, Closing, Side},
    layout::market::MarketTerms,
    liquidation::{View, insolvency_due},
    market::worth,
    num::Quote,
};

#[derive(Accounts)]
pub struct Deleverage<'info> {
    /// Who is insolvent.
    #[account(mut)]
    pub account: AccountLoader<'info, MarginAccount>,
    #[account(mut)]
    pub board: AccountLoader<'info, RiskBoard>,
    #[account(mut)]
    pub market: AccountLoader<'info, Market>,
    // Remaining accounts: oracle accounts in place of stale prices.
}

/// Closes at most `most_lots` of an insolvent account's position at the board's price, pro rata against everybody on the
/// other side, once the time for ordinary liquidation has passed.
///
/// # Errors
/// [`Refusal::NotInsolvent`], [`Refusal::DeadlineNotPassed`]; [`Refusal::NothingToDo`] without lots on both sides;
/// [`Refusal::EpochPending`]; those of [`Danger::of`].
pub fn deleverage<'info>(ctx: Context<'info, Deleverage<'info>>, most_lots: u32) -> Result<()> {
    let accounts = &*ctx.accounts;
    let now = clock::now()?;
    let mut board = accounts.board.load_mut()?;
    let (mut account, mut market) = (accounts.account.load_mut()?, accounts.market.load_mut()?);
    ensure!(account.header.exchange == board.header.exchange, Refusal::ForeignExchange);
    require_market(&market, accounts.board.as_ref().key, &board)?;
    let overlay = prices::overlay(&board, ctx.remaining_accounts)?;
    let view = View { board: &board.0, overlay: &overlay, now };
    let terms = view.market(market.index).map_err(refused)?;

    let (place, _) = account.position_in(market.index)?;
    let funding = market.touch(&mut account, &key_of(&accounts.account), place, &terms)?;
    let scope = Scope::around(&account, place);
    let equity = Danger::of(&account, scope, &view)?.standing.equity;
    ensure!(equity <= Quote::ZERO, Refusal::NotInsolvent);
    let flagged_at = scope.flag(&account).flagged_at;
    let is_due = insolvency_due(flagged_at, board.header.insolvency_seconds, now);
    ensure!(is_due, Refusal::DeadlineNotPassed);

    let position = account.positions.get_mut(place).ok_or(Refusal::NoPosition)?;
    let is_long = position.lots.get() > 0;
    let most_lots = position.lots.magnitude().min(most_lots);
    let (lots, worth) = close_others(&mut market, &mut board, &terms, is_long, most_lots)?;
    market.trade(position, &terms, !is_long, (Size::new(lots), worth, Quote::ZERO))?;
    account.tidy(place);
    ClosedByDeleveraging {
        account: *accounts.account.as_ref().key,
        sequence: account.next_event(),
        market: market.index,
        market_sequence: market.next_event(),
        is_long,
        lots,
        quote: worth.get(),
        funding: funding.get(),
        equity: equity.get(),
    }
    .tell();
    Ok(())
}

/// Closes lots of the side that faces one of these; returns how many, and their worth at the price, rounded against the
/// insolvent position. `terms` is the market's entry at that price.
fn close_others(
    market: &mut Market,
    board: &mut RiskBoard,
    terms: &MarketTerms,
    is_long: bool,
    most_lots: u32,
) -> Result<(u32, Quote)> {
    let open_lots = if is_long { market.short_lots } else { market.long_lots };
    let lots = most_lots.min(u32::try_from(open_lots).unwrap_or(u32::MAX));
    ensure!(lots > 0, Refusal::NothingToDo);
    let worth = worth(terms, lots.into(), !is_long).map_err(refused)?;
    let funding = market.premium.funding;
    let (index, lots_closed) = (market.index, u64::from(lots));
    let closing = Closing { market: index, is_long: !is_long, open_lots, lots: lots_closed, worth, funding };
    let mut side = Side::of(terms, !is_long);
    deleveraging::deleverage(&mut side, market.residue(!is_long), &closing).map_err(refused)?;
    let entry = board.markets.get_mut(usize::from(index)).ok_or(Refusal::UnknownMarket)?;
    side.store(entry, !is_long);
    let total = if is_long { &mut market.short_lots } else { &mut market.long_lots };
    *total = total.checked_sub(lots_closed).ok_or(Refusal::Overflow)?;
    Ok((lots, worth))
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytemuck::Zeroable;

    /// A market of 5 longs and 5 shorts, one position each; a lot is worth 100.5.
    fn parts() -> (Box<Market>, Box<RiskBoard>) {
        let (mut market, mut board): (Box<Market>, Box<RiskBoard>) =
            (Box::new(Zeroable::zeroed()), Box::new(Zeroable::zeroed()));
        let terms = &mut board.markets[0];
        Side::new().store(terms, true);
        Side::new().store(terms, false);
        (terms.lot_price, terms.shift) = (201, 1);
        for is_long in [true, false] {
            market.residue(is_long).joins().unwrap();
        }
        (market.long_lots, market.short_lots) = (5, 5);
        (market, board)
    }

    #[test]
    fn no_more_is_closed_than_the_other_side_has() {
        for (is_long, most, lots) in [(true, 4, 4), (true, 9, 5), (false, u32::MAX, 5)] {
            let (mut market, mut board) = parts();
            let terms = board.markets[0];
            let closed = close_others(&mut market, &mut board, &terms, is_long, most).unwrap();
            let worth = (201 * i64::from(lots) + i64::from(!is_long)) / 2;
            assert_eq!(closed, (lots, Quote::new(worth)));
            let (this, other) = (market.long_lots, market.short_lots);
            let (this, other) = if is_long { (this, other) } else { (other, this) };
            assert_eq!((this, other), (5, 5 - u64::from(lots)), "the position's own side changes with it");
            assert_eq!(market.residue(!is_long).lots, -i64::from(lots));
        }
    }

    #[test]
    fn an_empty_other_side_closes_nothing() {
        let (mut market, mut board) = parts();
        let terms = board.markets[0];
        market.short_lots = 0;
        let refusal = close_others(&mut market, &mut board, &terms, true, 5).unwrap_err();
        assert_eq!(refusal, Refusal::NothingToDo.into());
    }
}
