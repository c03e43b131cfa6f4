//! Settle PnL: a loss becomes cash of the market's pool, a gain is paid out of it (DESIGN §5). Anyone may.

use crate::{
    clock,
    errors::{Refusal, refused},
    events::PnlSettled,
    instructions::liquidation::scope::Scope,
    state::{
        Bank, InsuranceFund, MarginAccount, Market, RiskBoard,
        market::{left_in_window, sides},
        risk_board::Pausable,
    },
};
use anchor_lang::prelude::*;
use plimsoll_risk::{
    health::Overlay,
    layout::{Key, account::Position, market::MarketTerms},
    num::{Quote, TokenAmount},
    settlement,
};

#[derive(Accounts)]
pub struct SettlePnl<'info> {
    #[account(mut)]
    pub account: AccountLoader<'info, MarginAccount>,
    pub board: AccountLoader<'info, RiskBoard>,
    #[account(mut)]
    pub market: AccountLoader<'info, Market>,
    #[account(mut)]
    pub quote_bank: AccountLoader<'info, Bank>,
    /// Knows whether an insolvent account is marked: then gains wait.
    pub insurance: AccountLoader<'info, InsuranceFund>,
}

impl SettlePnl<'_> {
    /// While somebody's loss is known but not borne yet, nobody takes a gain out of what is to cover it: only who is marked
    /// himself, whose gain lessens what he owes.
    ///
    /// # Errors
    /// [`Refusal::LossPending`].
    fn require_gains(&self, account: &MarginAccount, place: usize) -> Result<()> {
        let insurance = self.insurance.load()?;
        ensure!(insurance.exchange == account.header.exchange, Refusal::ForeignExchange);
        let own = Scope::around(account, place).is_insolvent(account);
        ensure!(insurance.insolvent == 0 || own, Refusal::LossPending);
        Ok(())
    }
}

/// Settles as much as the rules allow of the account's profit or loss in one market; what its side went through and funding
/// are applied first.
pub fn settle_pnl(ctx: Context<SettlePnl>) -> Result<()> {
    let now = clock::now()?;
    let accounts = &ctx.accounts;
    let board = accounts.board.load()?;
    let (mut account, mut market) = (accounts.account.load_mut()?, accounts.market.load_mut()?);
    let mut bank = accounts.quote_bank.load_mut()?;
    ensure!(account.header.exchange == bank.exchange, Refusal::ForeignExchange);
    bank.require_quote(accounts.board.as_ref().key, &board)?;
    super::require_market(&market, accounts.board.as_ref().key)?;
    board.require_running(Pausable::Settle, now)?;

    let terms = board.market(market.index)?;
    let (place, position) = account.position_in(market.index)?;
    let (funding, pending) = market.bring_up_to(position, terms, terms.funding)?;
    let loss = settlement::loss(position, terms, now).map_err(refused)?;
    if let Some(pending) = &pending {
        let key = Key(accounts.account.as_ref().key.to_bytes());
        sides::tell(&mut account, &key, market.index, pending);
    }
    let mut settlement =
        Settlement { board: &board, terms, account: &mut account, place, bank: &mut bank, now };
    let (amount, balance) = if loss > Quote::ZERO {
        let (paid, balance) = settlement.loss(&mut market, loss)?;
        (Quote::ZERO.checked_sub(paid).map_err(refused)?, balance)
    } else {
        accounts.require_gains(settlement.account, place)?;
        settlement.gain(&mut market)?
    };
    account.tidy(place);
    PnlSettled {
        account: *accounts.account.as_ref().key,
        sequence: account.next_event(),
        market: market.index,
        amount: amount.get(),
        funding: funding.get(),
        balance,
    }
    .tell();
    Ok(())
}

/// One position, and who stands for it: its pocket if it is isolated, otherwise the account's balances.
struct Settlement<'a> {
    board: &'a RiskBoard,
    terms: &'a MarketTerms,
    account: &'a mut MarginAccount,
    place: usize,
    bank: &'a mut Bank,
    now: i64,
}

impl Settlement<'_> {
    fn position(&mut self) -> Result<&mut Position> {
        self.account.positions.get_mut(self.place).ok_or_else(|| Refusal::NoPosition.into())
    }

    /// Pays what can be paid of a loss into the pool; returns that, above zero, and the balance or pocket afterwards.
    fn loss(&mut self, market: &mut Market, loss: Quote) -> Result<(Quote, i64)> {
        let position = self.position()?;
        let (paid, balance) = if position.is_isolated() {
            let paid = settlement::pocket_loss(position, loss);
            position.pocket = position.pocket.checked_sub(paid).map_err(refused)?;
            let pocket = position.pocket.get();
            self.bank.pocket_pays(TokenAmount::new(paid.magnitude()))?;
            (paid, pocket)
        } else {
            self.pay_from_balances(loss)?
        };
        ensure!(paid > Quote::ZERO, Refusal::NothingToSettle);
        market.pool = market.pool.checked_add(TokenAmount::new(paid.magnitude())).map_err(refused)?;
        settlement::settle(self.position()?, paid).map_err(refused)?;
        Ok((paid, balance))
    }

    /// The part of a loss that the account's balances can and may pay: nobody is made to borrow what their collateral does
    /// not carry, or while borrowing is paused.
    fn pay_from_balances(&mut self, loss: Quote) -> Result<(Quote, i64)> {
        self.bank.accrue(self.now)?;
        let held = self.bank.held_by(self.account)?;
        let most = if held.get() >= loss.magnitude() {
            loss
        } else {
            let supported = self.supported()?;
            settlement::loss_limit(held, supported).map_err(refused)?.min(loss)
        };
        let may_borrow = self.board.require_running(Pausable::Borrow, self.now).is_ok();
        let most = TokenAmount::new(most.magnitude());
        let moved = self.bank.pay_loss(self.account, most, may_borrow, self.now)?;
        Ok((Quote::from_unsigned(moved.amount.get()).map_err(refused)?, moved.balance))
    }

    /// What the balances carry by themselves; of an account that is flagged all that they are worth. The board's values of them
    /// may lag their banks by its `bank_max_age`.
    #[inline(never)]
    fn supported(&self) -> Result<Quote> {
        let (balances, overlay) = (&self.account.balances, Overlay::none());
        let supported = if self.account.cross_flag().is_live(self.now) {
            settlement::balances_at_full_price(balances, self.board, &overlay, self.now)
        } else {
            settlement::balances_at_maintenance(balances, self.board, &overlay, self.now)
        };
        supported.map_err(refused)
    }

    /// Pays what the pool and the market's window can pay of a gain; returns that and the balance or pocket afterwards.
    fn gain(&mut self, market: &mut Market) -> Result<(Quote, i64)> {
        let (terms, now) = (self.terms, self.now);
        let position = self.position()?;
        let in_quote = |amount: TokenAmount| Quote::from_unsigned(amount.get()).map_err(refused);
        let (pool, deficit) = (in_quote(market.pool)?, in_quote(market.deficit)?);
        let gain = settlement::gain(position, terms, pool, deficit, now).map_err(refused)?;
        let amount = TokenAmount::new(gain.max(Quote::ZERO).magnitude()).min(left_to_pay(market, now));
        ensure!(!amount.is_zero(), Refusal::NothingToSettle);
        let gain = in_quote(amount)?;
        market.settlement_paid = market.settlement_paid.checked_add(amount).map_err(refused)?;
        market.pool = market.pool.checked_sub(amount).map_err(refused)?;
        settlement::settle(position, Quote::ZERO.checked_sub(gain).map_err(refused)?).map_err(refused)?;
        if position.is_isolated() {
            position.pocket = super::into_pocket(position.pocket, gain)?;
            let pocket = position.pocket.get();
            self.bank.pocket_gains(amount)?;
            return Ok((gain, pocket));
        }
        let moved = self.bank.pay_gain(self.account, amount, now)?;
        Ok((gain, moved.balance))
    }
}

/// What may still be paid in the market's running window.
fn left_to_pay(market: &mut Market, now: i64) -> TokenAmount {
    left_in_window(&mut market.settlement_start, &mut market.settlement_paid, market.settlement_cap, now)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::market::WINDOW;
    use bytemuck::Zeroable;

    #[test]
    fn a_window_pays_its_cap_once_and_the_next_one_again() {
        let mut market: Market = Zeroable::zeroed();
        market.settlement_cap = TokenAmount::new(100);
        assert_eq!(left_to_pay(&mut market, 1_000_000), TokenAmount::new(100));
        market.settlement_paid = TokenAmount::new(70);
        assert_eq!(left_to_pay(&mut market, 1_000_000 + WINDOW - 1), TokenAmount::new(30));
        // A cap that was tightened below what was paid already leaves nothing.
        market.settlement_cap = TokenAmount::new(50);
        assert_eq!(left_to_pay(&mut market, 1_000_001), TokenAmount::ZERO);
        assert_eq!(left_to_pay(&mut market, 1_000_000 + WINDOW), TokenAmount::new(50));
        assert_eq!(market.settlement_paid, TokenAmount::ZERO);
    }
}
