//! What is left when the lots are gone: losses and gains to be made cash, and whether anything of value is left.

use super::{
    Action, Outlook, PAUSE_BORROW, PAUSE_SETTLE, Scope, Situation, case::Danger, lots::asked, swaps,
};
use plimsoll_risk::{
    RiskError,
    bankruptcy::{Buying, Estate, debt_price},
    layout::account::{Balance, Position},
    liquidation::buy_pnl,
    margin::Holdings,
    num::{Index, Quote, TokenAmount},
    settlement,
};

/// A loss becomes a borrow that collateral can repay; a gain becomes cash, out of the pool or out of a buyer's pocket.
///
/// Only of positions without lots: as long as there are lots, they go first.
pub(super) fn make_cash(
    situation: &Situation<'_>,
    danger: &Danger<'_>,
    outlook: &Outlook<'_>,
) -> Result<Option<Action>, RiskError> {
    let settles = !situation.is_paused(PAUSE_SETTLE);
    let now = situation.view.now;
    for position in situation.positions().filter(|position| position.is_flat()) {
        let market = position.market;
        let terms = situation.view.board.markets.get(usize::from(market)).ok_or(RiskError::Missing)?;
        if terms.valid_until < now || position.quote.is_zero() {
            continue;
        }
        if position.quote.is_negative() {
            if settles && can_pay(situation, danger)? {
                return Ok(Some(Action::SettleLoss { market }));
            }
            continue;
        }
        let payable = outlook.market(market).payable;
        if settles && settlement::gain(position, terms, payable, Quote::ZERO, now)? > Quote::ZERO {
            return Ok(Some(Action::SettleGain { market }));
        }
        if let Some(action) = bought(situation, danger, outlook, position)? {
            return Ok(Some(action));
        }
    }
    Ok(None)
}

/// Whether a settlement finds anything to pay a loss with: a quote deposit, or collateral that carries a borrow. A pocket's
/// loss is the waterfall's to settle.
fn can_pay(situation: &Situation<'_>, danger: &Danger<'_>) -> Result<bool, RiskError> {
    let view = &situation.view;
    if situation.scope != Scope::Cross
        || !situation.deposits().any(|deposit| situation.is_collateral(deposit))
    {
        return Ok(false);
    }
    let has_cash =
        |deposit: &Balance| !situation.is_collateral(deposit) && swaps::worth(situation, deposit) > 0;
    if situation.deposits().any(has_cash) {
        return Ok(true);
    }
    let balances = &situation.account.balances;
    let supports = if danger.case.is_marked {
        settlement::balances_at_full_price
    } else {
        settlement::balances_at_maintenance
    };
    let supported = supports(balances, view.board, view.overlay, view.now)?;
    Ok(supported > Quote::ZERO && !situation.is_paused(PAUSE_BORROW))
}

/// A gain that the pool does not pay, bought for cash that the account owes.
fn bought(
    situation: &Situation<'_>,
    danger: &Danger<'_>,
    outlook: &Outlook<'_>,
    position: &Position,
) -> Result<Option<Action>, RiskError> {
    let offer = outlook.market(position.market);
    if situation.scope != Scope::Cross || offer.pool >= position.quote {
        return Ok(None);
    }
    let held = Quote::from_unsigned(situation.cash()?.get())?;
    let lacking = danger.borrowed.saturating_sub(held);
    let terms = asked(&situation.view.board.header.swap_auction(), situation, danger);
    let sale = buy_pnl(position.quote.min(offer.buys), lacking, &danger.standing, &terms)?;
    let most = sale.claim;
    Ok((most > Quote::ZERO).then_some(Action::BuyPnl { market: position.market, most }))
}

/// Whether nothing of value is left and more is owed than cash and claims pay; not while a token that is owed has no price
/// to be bought at.
pub(super) fn is_bankrupt(situation: &Situation<'_>, danger: &Danger<'_>) -> Result<bool, RiskError> {
    let view = &situation.view;
    let estate = match situation.scope {
        Scope::Cross => {
            Estate::of_cross(&Holdings::from(situation.account), situation.cash()?, view.board, view.now)?
        }
        Scope::Pocket(_) => {
            let Some((place, position)) = situation.placed().next() else { return Ok(false) };
            Estate::of_pocket(place, position)?
        }
    };
    if situation.scope == Scope::Cross {
        for borrow in situation.account.balances.iter().filter(|balance| balance.is_borrow()) {
            if !borrow.is_free() && debt_price(view.board, borrow.bank, view.now)?.1 == Buying::Later {
                return Ok(false);
            }
        }
    }
    let header = &view.board.header;
    Ok(estate.is_bankrupt(header.liq_dust, danger.case.is_overdue(header, view.now)))
}

impl<'a> Situation<'a> {
    fn deposits(&self) -> impl Iterator<Item = &'a Balance> + use<'a> {
        self.account.balances.iter().filter(|balance| !balance.is_free() && !balance.is_borrow())
    }

    /// Whether a balance is of another token than quote.
    fn is_collateral(&self, balance: &Balance) -> bool {
        balance.bank != self.view.board.header.quote_bank
    }

    /// The quote deposit at the board's index, native units, rounded down.
    fn cash(&self) -> Result<TokenAmount, RiskError> {
        let Some(deposit) = self.deposits().find(|deposit| !self.is_collateral(deposit)) else {
            return Ok(TokenAmount::ZERO);
        };
        let bank = self.view.board.banks.get(usize::from(deposit.bank)).ok_or(RiskError::Missing)?;
        deposit.shares.amount_down(Index::from(bank.deposit_index))
    }
}
