//! What keepers and liquidators do about accounts in danger, and how accounts get there.

use crate::{Receipt, World, perps::Perp, tokens::Token, trader::Trader};
use plimsoll_client::instructions::{
    liquidation::{self, IntoBook, Liquidation, Resolution, Scope},
    trade::Trading,
};
use plimsoll_risk::{
    layout::account::{MarginAccount, Position},
    liquidation::Flag,
    num::Ratio,
};
use solana_pubkey::Pubkey;

/// Price of a take-over that is never too bad: for a long that is taken over, and for a short.
const ANY_PRICE: (u32, u32) = (u32::MAX, 1);
/// Seconds between two refreshes of a price that slides.
const STEP: i64 = 10;

impl Trader<'_> {
    /// Assesses a scope of somebody's account: flags, renews, lifts, marks, or posts a margin call.
    pub fn assesses(&mut self, name: &str, scope: Scope) -> Receipt {
        let insurance = Some(self.world.exchange.insurance);
        self.assesses_with(name, scope, insurance)
    }

    /// The same, with the insurance fund's account or without.
    pub fn assesses_with(&mut self, name: &str, scope: Scope, insurance: Option<Pubkey>) -> Receipt {
        let (board, account) = (self.world.exchange.board, self.world.account_of(name));
        let instruction = liquidation::assess(board, account, scope, insurance, &self.oracles);
        self.sends(&[instruction])
    }

    /// Cancels all orders of somebody in danger in a market.
    pub fn cancels_all_of(&mut self, name: &str, perp: Perp) -> Receipt {
        let account = self.world.account_of(name);
        let trading = Trading { account, ..self.trading(perp) };
        self.sends(&[trading.cancel_all(None)])
    }

    /// The accounts of liquidating somebody into his own account.
    pub fn liquidation(&self, name: &str) -> Liquidation {
        Liquidation {
            board: self.world.exchange.board,
            liquidator: self.key,
            own: self.acts_on(),
            account: self.world.account_of(name),
        }
    }

    /// Takes over at most so many lots of somebody's position, at whatever the auction asks.
    pub fn takes_over(&mut self, name: &str, perp: Perp, most_lots: u32) -> Receipt {
        let is_long = self.world.lots(name, perp) > 0;
        let worst = if is_long { ANY_PRICE.0 } else { ANY_PRICE.1 };
        self.takes_over_at(name, perp, most_lots, worst)
    }

    /// The same at no worse a price than this, in ticks: most that is paid for a long, least that is got for a short.
    pub fn takes_over_at(&mut self, name: &str, perp: Perp, most_lots: u32, worst: u32) -> Receipt {
        let (market, bank) = (self.world.market_of(perp), self.world.quote_bank());
        let liquidation = self.liquidation(name);
        let instruction = liquidation.take_over(&market, most_lots, worst, Some(bank), &self.oracles);
        self.sends(&[instruction])
    }

    /// The same without the quote bank, which only a subsidy needs.
    pub fn takes_over_unsubsidised(&mut self, name: &str, perp: Perp, most_lots: u32) -> Receipt {
        let is_long = self.world.lots(name, perp) > 0;
        let worst = if is_long { ANY_PRICE.0 } else { ANY_PRICE.1 };
        let market = self.world.market_of(perp);
        let instruction = self.liquidation(name).take_over(&market, most_lots, worst, None, &self.oracles);
        self.sends(&[instruction])
    }

    /// Liquidates at most so many lots of somebody's position into the book, whatever that pays; makers are those whom he
    /// is [`meeting`](Trader::meeting).
    pub fn liquidates_into_book(&mut self, name: &str, perp: Perp, most_lots: u32) -> Receipt {
        self.liquidates_into_book_by(name, perp, &IntoBook { most_lots, most_makers: u8::MAX, least_pay: 0 })
    }

    /// The same on terms.
    pub fn liquidates_into_book_by(&mut self, name: &str, perp: Perp, terms: &IntoBook) -> Receipt {
        let (market, account) = (self.world.market_of(perp), self.world.account_of(name));
        let (own, makers) = (self.acts_on(), &self.makers);
        let instruction =
            liquidation::liquidate_into_book(&market, own, account, terms, &self.oracles, makers);
        self.sends(&[instruction])
    }

    /// Repays at most so much of somebody's borrow for collateral, at whatever the auction pays.
    pub fn swaps_collateral(&mut self, name: &str, debt: Token, collateral: Token, most: u64) -> Receipt {
        self.swaps_collateral_for(name, (debt, collateral), most, Ratio::ZERO)
    }

    /// The same for at least this fee. `of` are the tokens of the debt and of the collateral.
    pub fn swaps_collateral_for(
        &mut self,
        name: &str,
        of: (Token, Token),
        most: u64,
        least_fee: Ratio,
    ) -> Receipt {
        let (debt, collateral) = (self.world.bank_of(of.0), self.world.bank_of(of.1));
        let liquidation = self.liquidation(name);
        let instruction = liquidation.swap_collateral(&debt, &collateral, most, least_fee, &self.oracles);
        self.sends(&[instruction])
    }

    /// Buys at most so much of somebody's positive PnL, native quote, at whatever the auction pays.
    pub fn buys_pnl(&mut self, name: &str, perp: Perp, most: u64) -> Receipt {
        self.buys_pnl_for(name, perp, most, Ratio::ZERO)
    }

    /// The same for at least this fee.
    pub fn buys_pnl_for(&mut self, name: &str, perp: Perp, most: u64, least_fee: Ratio) -> Receipt {
        let (market, bank) = (self.world.market_of(perp), self.world.quote_bank());
        let instruction = self.liquidation(name).buy_pnl(&market, bank, most, least_fee, &self.oracles);
        self.sends(&[instruction])
    }

    /// Closes at most so many lots of somebody insolvent against the other side.
    pub fn deleverages(&mut self, name: &str, perp: Perp, most_lots: u32) -> Receipt {
        let (market, account) = (self.world.market_of(perp), self.world.account_of(name));
        let instruction = liquidation::deleverage(&market, account, most_lots, &self.oracles);
        self.sends(&[instruction])
    }

    /// Brings somebody's position up to what its side of a market went through.
    pub fn applies_deleveraging_of(&mut self, name: &str, perp: Perp) -> Receipt {
        let (market, account) = (self.world.market_of(perp), self.world.account_of(name));
        self.sends(&[liquidation::apply_deleveraging(&market, account)])
    }

    /// Sends what a scope of somebody bankrupt owes down the waterfall, with every leg that it has.
    pub fn resolves(&mut self, name: &str, scope: Scope) -> Receipt {
        let legs = self.world.legs_of(name, scope);
        self.resolves_with(name, scope, &legs)
    }

    /// The same with these markets and banks.
    pub fn resolves_with(&mut self, name: &str, scope: Scope, legs: &[Pubkey]) -> Receipt {
        let resolution = Resolution {
            exchange: self.world.exchange,
            resolver: self.key,
            resolver_account: self.acts_on(),
            account: self.world.account_of(name),
            quote_bank: self.world.quote_bank(),
        };
        self.sends(&[resolution.resolve(scope, legs)])
    }

    /// Gates a token's withdrawals because of what somebody bankrupt owes of it.
    pub fn gates(&mut self, token: Token, name: &str) -> Receipt {
        let (bank, account) = (self.world.bank_of(token), self.world.account_of(name));
        self.sends(&[liquidation::gate_withdrawals(&bank, account, &self.oracles)])
    }
}

impl World {
    /// The scope of somebody's position in a market.
    pub fn scope_of(&self, name: &str, perp: Perp) -> Scope {
        let isolated = self.position(name, perp).is_isolated();
        if isolated { Scope::Pocket(self.market_of(perp).index) } else { Scope::Cross }
    }

    /// Markets of a scope's positions, and banks of its balances but the quote token's.
    pub fn legs_of(&self, name: &str, scope: Scope) -> Vec<Pubkey> {
        let account = self.account(name);
        let is_in = |position: &&Position| match scope {
            Scope::Cross => position.is_cross(),
            Scope::Pocket(market) => position.is_isolated() && position.market == market,
        };
        let positions = account.positions.iter().filter(is_in);
        let mut legs: Vec<Pubkey> =
            positions.map(|position| self.markets[usize::from(position.market)].1.market).collect();
        if scope == Scope::Cross {
            let others = account.balances.iter().filter(|slot| !slot.is_free() && slot.bank != 0);
            legs.extend(others.map(|slot| self.bank_of(self.tokens[usize::from(slot.bank)]).bank));
        }
        legs
    }

    /// When a scope of somebody's account was flagged, and last proved to be in danger; unix seconds, 0 is not.
    pub fn flag_of(&self, name: &str, scope: Scope) -> Flag {
        flag(&self.account(name), scope)
    }

    /// Time passes while everything stays fresh: a refresh of all at least every minute, so that nothing is an outage.
    pub fn waits(&mut self, seconds: i64) {
        let end = self.now() + seconds;
        while self.now() < end {
            self.passes((end - self.now()).min(60));
            self.refreshes_all();
        }
    }

    /// A token's price moves by so many percent in one refresh a second later, and all other prices are fresh, too.
    pub fn jolts(&mut self, token: Token, percent: impl Into<f64>) {
        self.oracle().moves(token, percent);
        self.refreshes_all();
    }

    /// A token's price moves by so many percent in so many seconds, evenly in its logarithm, a refresh of all every ten
    /// seconds.
    pub fn slides(&mut self, token: Token, percent: impl Into<f64>, seconds: i64) {
        let steps = (seconds / STEP).max(1);
        let factor = (1.0 + percent.into() / 100.0).powf(1.0 / steps as f64);
        for _ in 0..steps {
            self.passes(STEP);
            let price = self.oracle().price(token) * factor;
            self.oracle().publishes_price(token, price);
            self.refreshes_all();
        }
    }

    /// Nobody refreshes anything for so long; then somebody does.
    pub fn falls_silent(&mut self, seconds: i64) {
        self.passes(seconds);
        self.refreshes_all();
    }
}

/// When a scope of an account was flagged, and last proved to be in danger.
pub(crate) fn flag(account: &MarginAccount, scope: Scope) -> Flag {
    let Scope::Pocket(market) = scope else { return Flag::from(&account.header) };
    let here = |position: &Position| position.flags != 0 && position.market == market;
    let place = account.positions.iter().position(here);
    place.map_or_else(Flag::default, |place| Flag::from(&account.pocket_flags[place]))
}
