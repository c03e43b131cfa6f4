//! What keepers do to accounts in danger, and try with those who are not.

use super::walk::{KEEPERS, PEOPLE, PERPS, PRICED, Walk};
use harness::{Receipt, perps::Perp, tokens::*};
use plimsoll_client::{
    events::Event,
    instructions::{
        liquidation::{self, IntoBook, Liquidation, Resolution, Scope},
        trade::Trading,
    },
};
use plimsoll_risk::{
    health::{Check, Overlay},
    margin::{Holdings, isolated_margin, margin},
    num::{Quote, Ratio},
};
use solana_instruction::Instruction;
use solana_pubkey::Pubkey;

/// Units by which rounding may lower the health of whoever is liquidated: funding is brought up to date first.
const ROUNDING: i64 = 64;

/// Somebody, and what of his is judged by itself.
type Target = (&'static str, Scope);

impl Walk {
    /// Mostly somebody of a kind, with the scope that is; seldom anybody, and any scope.
    fn target(&mut self, is_one: impl Fn(&Self, &str, Scope) -> bool) -> Option<Target> {
        let all =
            PEOPLE.into_iter().flat_map(|name| self.scopes_of(name).into_iter().map(move |it| (name, it)));
        let all: Vec<_> = all.collect();
        let some: Vec<_> = all.iter().filter(|(name, scope)| is_one(self, name, *scope)).copied().collect();
        if !some.is_empty() && self.dice.percent(90) {
            return Some(self.dice.one_of(&some));
        }
        if self.dice.percent(80) {
            return None;
        }
        let (name, scope) = self.dice.one_of(&all);
        let nonsense = self.dice.percent(15);
        Some((name, if nonsense { Scope::Pocket(self.dice.below(4) as u8) } else { scope }))
    }

    pub fn is_anybody_endangered(&self) -> bool {
        PEOPLE
            .iter()
            .any(|name| self.scopes_of(name).into_iter().any(|scope| self.is_endangered(name, scope)))
    }

    fn is_endangered(&self, name: &str, scope: Scope) -> bool {
        let in_danger = self.standing(name, scope).is_some_and(|it| it.liqend.is_negative());
        in_danger || self.is_flagged(name, scope)
    }

    fn is_insolvent(&self, name: &str, scope: Scope) -> bool {
        self.is_flagged(name, scope) && self.standing(name, scope).is_some_and(|it| it.equity <= Quote::ZERO)
    }

    fn is_flagged_debtor(&self, name: &str, scope: Scope) -> bool {
        let owes = |token: Token| self.balance(name, token) < 0;
        scope == Scope::Cross && self.is_flagged(name, scope) && (owes(USDC) || PRICED.into_iter().any(owes))
    }

    fn is_flagged_winner(&self, name: &str, scope: Scope) -> bool {
        let wins = |perp: Perp| self.profit(name, perp) > 0;
        scope == Scope::Cross && self.is_flagged(name, scope) && PERPS.into_iter().any(wins)
    }

    /// What a position has made at the price of the board, native quote, about.
    fn profit(&self, name: &str, perp: Perp) -> i64 {
        let (position, terms) = (self.position(name, perp), self.world.terms(perp));
        let worth = (i64::from(position.lots.get()) * i64::from(terms.lot_price)) >> terms.shift;
        position.quote.get() + worth
    }

    /// Somebody flagged, whose orders were mostly cancelled before.
    fn victim(&mut self, is_one: impl Fn(&Self, &str, Scope) -> bool) -> Option<Target> {
        let (name, scope) = self.target(is_one)?;
        if self.is_flagged(name, scope) && self.dice.percent(70) {
            for perp in PERPS {
                let position = self.position(name, perp);
                if position.bids | position.asks != 0 {
                    self.cancels_for(name, perp, KEEPERS[0]);
                    self.applies_all_fills(perp);
                }
            }
        }
        Some((name, scope))
    }

    /// Mostly a market in which the scope has lots.
    fn perp_of(&mut self, name: &str, scope: Scope) -> Perp {
        let is_in = |perp: &Perp| {
            let position = self.position(name, *perp);
            let here = match scope {
                Scope::Cross => position.is_cross(),
                Scope::Pocket(market) => position.is_isolated() && position.market == market,
            };
            here && !position.lots.is_zero()
        };
        let some: Vec<Perp> = PERPS.into_iter().filter(is_in).collect();
        if some.is_empty() || self.dice.percent(5) { self.any_perp() } else { self.dice.one_of(&some) }
    }

    /// Mostly a keeper; sometimes anybody, the target himself included.
    fn keeper(&mut self) -> &'static str {
        if self.dice.percent(92) { self.dice.one_of(&KEEPERS) } else { self.anybody() }
    }

    pub fn assesses(&mut self) {
        let Some((name, scope)) = self.target(Self::is_endangered) else { return self.deals() };
        let with_fund = !self.dice.percent(8);
        let oracles = self.brought_along();
        self.assesses_scope(name, scope, with_fund, &oracles);
    }

    pub fn assesses_scope(
        &mut self,
        name: &str,
        scope: Scope,
        with_fund: bool,
        oracles: &[Pubkey],
    ) -> Receipt {
        let (board, fund) = (self.world.exchange.board, self.world.exchange.insurance);
        let account = self.address(name);
        self.sends(&[liquidation::assess(board, account, scope, with_fund.then_some(fund), oracles)])
    }

    pub fn cancels_orders_of_another(&mut self) {
        let Some((name, _)) = self.target(Self::is_endangered) else { return self.deals() };
        let (perp, stranger) = (self.any_perp(), self.keeper());
        self.cancels_for(name, perp, stranger);
    }

    pub fn cancels_for(&mut self, name: &str, perp: Perp, stranger: &str) -> Receipt {
        let market = self.world.market_of(perp);
        let trading = Trading { market, account: self.address(name), trader: self.key(stranger) };
        self.sends(&[trading.cancel_all(None)])
    }

    pub fn liquidation(&self, keeper: &str, name: &str) -> Liquidation {
        Liquidation {
            board: self.world.exchange.board,
            liquidator: self.key(keeper),
            own: self.address(keeper),
            account: self.address(name),
        }
    }

    pub fn takes_over(&mut self) {
        let Some((name, scope)) = self.victim(Self::is_flagged) else { return self.deals() };
        let (keeper, perp) = (self.keeper(), self.perp_of(name, scope));
        let is_long = self.lots(name, perp) > 0;
        let about = self.about(perp);
        let worst = match (self.dice.percent(60), is_long) {
            (true, true) => u32::MAX,
            (true, false) => 1,
            (false, _) => about,
        };
        let most = match self.dice.below(10) {
            0 => 0,
            1..5 => 1 + self.dice.below(60) as u32,
            _ => u32::MAX,
        };
        let bank = self.dice.percent(80).then(|| self.world.quote_bank());
        let (market, oracles) = (self.world.market_of(perp), self.brought_along());
        let take = self.liquidation(keeper, name).take_over(&market, most, worst, bank, &oracles);
        self.liquidates(name, scope, Some((keeper, Some(perp))), take, &oracles);
    }

    pub fn liquidates_into_a_book(&mut self) {
        let Some((name, scope)) = self.victim(Self::is_flagged) else { return self.deals() };
        let (keeper, perp) = (self.keeper(), self.perp_of(name, scope));
        let terms = IntoBook {
            most_lots: if self.dice.percent(70) { u32::MAX } else { self.dice.below(100) as u32 },
            most_makers: self.dice.below(9) as u8,
            least_pay: if self.dice.percent(80) { 0 } else { self.dice.below(2_000_000) },
        };
        let makers: Vec<Pubkey> = match self.dice.percent(50) {
            true => PEOPLE.iter().filter(|it| **it != name).map(|it| self.address(it)).collect(),
            false => Vec::new(),
        };
        let market = self.world.market_of(perp);
        let (own, account) = (self.address(keeper), self.address(name));
        let into = liquidation::liquidate_into_book(&market, own, account, &terms, &[], &makers);
        self.liquidates(name, scope, None, into, &[]);
    }

    /// A token that he owes, and one that he has; sometimes any two.
    fn swappable(&mut self, name: &str) -> (Token, Token) {
        let tokens = [USDC, PRICED[0], PRICED[1], PRICED[2], PRICED[3]];
        let (mut debts, mut deposits) = (Vec::new(), Vec::new());
        for token in tokens {
            let balance = self.balance(name, token);
            (if balance < 0 { &mut debts } else { &mut deposits }).push((token, balance));
        }
        deposits.retain(|(_, balance)| *balance > 0);
        let nonsense = debts.is_empty() || deposits.is_empty() || self.dice.percent(4);
        if !nonsense {
            return (self.dice.one_of(&debts).0, self.dice.one_of(&deposits).0);
        }
        let first = self.dice.place_in(&tokens);
        (tokens[first], tokens[(first + 1) % tokens.len()])
    }

    pub fn swaps_collateral(&mut self) {
        let Some((name, scope)) = self.victim(Self::is_flagged_debtor) else { return self.deals() };
        let (keeper, (debt, collateral)) = (self.keeper(), self.swappable(name));
        let most = match self.dice.below(10) {
            0 => 0,
            1..4 => debt.units(100.0 / debt.price),
            _ => u64::MAX,
        };
        let least = Ratio::from_bps(if self.dice.percent(75) { 0 } else { self.dice.below(400) as u32 });
        let oracles = self.brought_along();
        let (debt, collateral) = (self.world.bank_of(debt), self.world.bank_of(collateral));
        let liquidation = self.liquidation(keeper, name);
        let swap = liquidation.swap_collateral(&debt, &collateral, most, least, &oracles);
        self.liquidates(name, scope, Some((keeper, None)), swap, &oracles);
    }

    pub fn buys_pnl(&mut self) {
        let Some((name, _)) = self.victim(Self::is_flagged_winner) else { return self.deals() };
        let keeper = self.keeper();
        let winning = |perp: &Perp| self.profit(name, *perp) > 0;
        let winning: Vec<Perp> = PERPS.into_iter().filter(winning).collect();
        let perp = if winning.is_empty() { self.any_perp() } else { self.dice.one_of(&winning) };
        let most = if self.dice.percent(60) { u64::MAX } else { usdc(50.0 * self.dice.sign().abs()) };
        let (market, bank) = (self.world.market_of(perp), self.world.quote_bank());
        let buy = self.liquidation(keeper, name).buy_pnl(&market, bank, most, Ratio::ZERO, &[]);
        self.liquidates(name, Scope::Cross, Some((keeper, None)), buy, &[]);
    }

    /// Sends one way to liquidate: the liquidated scope's maintenance health does not fall, unless by the discount of a profit
    /// that becomes cash, and the liquidator, where there is one, can carry what he has then.
    fn liquidates(
        &mut self,
        name: &str,
        scope: Scope,
        liquidator: Option<(&str, Option<Perp>)>,
        instruction: Instruction,
        oracles: &[Pubkey],
    ) {
        let before = self.health(name, scope, Check::Maintenance);
        let receipt = self.sends(&[instruction]);
        if receipt.error.is_some() || !oracles.is_empty() {
            return;
        }
        let paid = receipt.events.iter().map(discount).sum::<i64>();
        let after = self.health(name, scope, Check::Maintenance);
        if let (Some(before), Some(after)) = (before, after) {
            assert!(after >= before - paid - ROUNDING, "liquidated, {name} fell from {before} to {after}");
        }
        let Some((keeper, perp)) = liquidator else { return };
        let own = perp.map_or(Scope::Cross, |perp| self.scope_of(keeper, perp));
        let health = self.health(keeper, own, Check::Liquidator);
        assert!(health.is_none_or(|it| it >= 0), "{keeper} cannot carry what he took: {health:?}");
    }

    /// Health of a scope by the board alone, native quote; `None` where there is none, or a price is missing.
    fn health(&self, name: &str, scope: Scope, check: Check) -> Option<i64> {
        let account = self.account(name);
        let (board, overlay, now) = (self.world.board(), Overlay::none(), self.world.now());
        let margin = match scope {
            Scope::Cross => margin(&Holdings::from(&account.0), board, &overlay, check, now),
            Scope::Pocket(market) => {
                isolated_margin(&account.positions[account.place_of(market)?], board, &overlay, check, now)
            }
        };
        Some(margin.ok()?.health().get())
    }

    pub fn deleverages(&mut self) {
        let Some((name, scope)) = self.victim(Self::is_insolvent) else { return self.deals() };
        let perp = self.perp_of(name, scope);
        let most = if self.dice.percent(60) { u32::MAX } else { 1 + self.dice.below(300) as u32 };
        self.deleverages_position(name, perp, most);
    }

    pub fn deleverages_position(&mut self, name: &str, perp: Perp, most: u32) -> Receipt {
        let (market, account) = (self.world.market_of(perp), self.address(name));
        self.sends(&[liquidation::deleverage(&market, account, most, &[])])
    }

    pub fn applies_deleveraging(&mut self) {
        let perp = self.any_perp();
        let behind: Vec<_> = PEOPLE.into_iter().filter(|name| self.is_behind(name, perp)).collect();
        let name = if behind.is_empty() { self.anybody() } else { self.dice.one_of(&behind) };
        self.applies_deleveraging_of(name, perp);
    }

    fn is_behind(&self, name: &str, perp: Perp) -> bool {
        let (position, terms) = (self.position(name, perp), self.world.terms(perp));
        let funding = self.world.market(perp).premium.funding;
        plimsoll_risk::deleveraging::pending(&position, &terms, funding).expect("an epoch").is_some()
    }

    pub fn applies_deleveraging_of(&mut self, name: &str, perp: Perp) -> Receipt {
        let (market, account) = (self.world.market_of(perp), self.address(name));
        self.sends(&[liquidation::apply_deleveraging(&market, account)])
    }

    pub fn resolves(&mut self) {
        let Some((name, scope)) = self.victim(Self::is_insolvent) else { return self.deals() };
        let keeper = self.dice.one_of(&KEEPERS);
        let mut legs = self.world.legs_of(name, scope);
        if self.dice.percent(8) {
            legs.pop();
        }
        if name != keeper {
            self.resolves_scope(name, scope, keeper, &legs);
        }
    }

    pub fn resolves_scope(&mut self, name: &str, scope: Scope, keeper: &str, legs: &[Pubkey]) -> Receipt {
        let resolution = Resolution {
            exchange: self.world.exchange,
            resolver: self.key(keeper),
            resolver_account: self.address(keeper),
            account: self.address(name),
            quote_bank: self.world.quote_bank(),
        };
        self.sends(&[resolution.resolve(scope, legs)])
    }

    pub fn gates(&mut self) {
        let Some((name, _)) = self.target(Self::is_insolvent) else { return self.deals() };
        let token = self.any_token();
        let bank = self.world.bank_of(token);
        let account = self.address(name);
        self.sends(&[liquidation::gate_withdrawals(&bank, account, &[])]);
    }
}

/// What a profit that was bought cost beyond its price, native quote.
fn discount(event: &Event) -> i64 {
    match event {
        Event::PnlBought(it) => it.claim - it.paid,
        _ => 0,
    }
}
