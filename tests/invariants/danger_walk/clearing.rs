//! Seeing a danger through: whatever it takes until nobody is flagged or owes what he cannot pay.

use super::walk::{KEEPERS, PERPS, PRICED, TRADERS, Walk};
use harness::{perps::Perp, tokens::*};
use plimsoll_client::instructions::liquidation::Scope;
use plimsoll_risk::{layout::market::MARKET_REDUCE_ONLY, num::Ratio};

/// Rounds of half a minute after which a danger has to be over: the insolvency deadline passes in two, an oracle's disagreement
/// with itself blocks at most six.
const MOST_ROUNDS: usize = 40;

impl Walk {
    /// Clearing one may charge another: who was well may not be any more.
    pub fn clears_everybody(&mut self) {
        for keeper in KEEPERS {
            if self.balance(keeper, USDC) < i128::from(usdc(30_000)) {
                self.world.trader(keeper).deposits(USDC, usdc(30_000));
            }
        }
        for _ in 0..4 {
            for name in TRADERS.iter().chain(&KEEPERS) {
                self.clears(name);
            }
        }
    }

    /// # Panics
    /// Where somebody stays flagged, or in danger, whatever is done.
    pub fn clears(&mut self, name: &str) {
        for _ in 0..MOST_ROUNDS {
            self.everything_is_refreshed();
            let scopes = self.scopes_of(name);
            let in_danger: Vec<Scope> =
                scopes.into_iter().filter(|scope| self.is_in_danger(name, *scope)).collect();
            if in_danger.is_empty() {
                return;
            }
            for scope in in_danger {
                self.clears_scope(name, scope);
            }
            self.world.passes(31);
        }
        let scopes = self.scopes_of(name);
        let standings: Vec<_> = scopes.iter().map(|scope| (scope, self.standing(name, *scope))).collect();
        let balances = [USDC, SOL, BTC, BAR, ETH].map(|token| (token.name, self.balance(name, token)));
        let lots = PERPS.map(|perp| (self.lots(name, perp), self.position(name, perp).quote));
        panic!("{name} stays in danger: {standings:?}, {balances:?}, {lots:?}");
    }

    fn is_in_danger(&self, name: &str, scope: Scope) -> bool {
        let standing = self.standing(name, scope).expect("fresh prices");
        self.is_flagged(name, scope) || standing.equity.is_negative()
    }

    fn clears_scope(&mut self, name: &str, scope: Scope) {
        self.assesses_scope(name, scope, true, &[]);
        let keeper = KEEPERS[usize::from(name == KEEPERS[0])];
        let perps: Vec<Perp> = PERPS
            .into_iter()
            .filter(|perp| self.position(name, *perp).flags != 0 && self.scope_of(name, *perp) == scope)
            .collect();
        for perp in &perps {
            self.empties_book_of(name, *perp);
            self.clears_position(name, *perp, keeper);
        }
        if scope == Scope::Cross {
            self.sells_everything_of(name, keeper);
        }
        let legs = self.world.legs_of(name, scope);
        self.brings_tokens(name, keeper);
        self.resolves_scope(name, scope, keeper, &legs);
        self.assesses_scope(name, scope, true, &[]);
    }

    /// His orders are cancelled, and what waits is applied.
    pub fn empties_book_of(&mut self, name: &str, perp: Perp) {
        let position = self.position(name, perp);
        if position.bids | position.asks != 0 {
            self.cancels_for(name, perp, KEEPERS[0]);
        }
        while self.world.queue(perp).header().live > 0 {
            self.applies_all_fills(perp);
        }
    }

    fn clears_position(&mut self, name: &str, perp: Perp, keeper: &str) {
        if self.world.terms(perp).state > MARKET_REDUCE_ONLY {
            self.settles_in(name, perp);
            return;
        }
        for other in super::walk::PEOPLE {
            if self.position(other, perp).flags != 0 {
                self.applies_deleveraging_of(other, perp);
            }
        }
        if self.lots(name, perp) != 0 {
            let is_long = self.lots(name, perp) > 0;
            let (market, bank) = (self.world.market_of(perp), self.world.quote_bank());
            let worst = if is_long { u32::MAX } else { 1 };
            let take = self.liquidation(keeper, name).take_over(&market, u32::MAX, worst, Some(bank), &[]);
            self.sends(&[take]);
        }
        if self.lots(name, perp) != 0 {
            self.deleverages_position(name, perp, u32::MAX);
        }
        self.settles_in(name, perp);
    }

    /// Whatever he has is sold for whatever he owes.
    fn sells_everything_of(&mut self, name: &str, keeper: &str) {
        let tokens = || [USDC].into_iter().chain(PRICED);
        for debt in tokens() {
            for collateral in tokens() {
                let balances = [debt, collateral].map(|token| self.balance(name, token));
                if balances[0] < 0 && balances[1] > 0 {
                    let (debt, collateral) = (self.world.bank_of(debt), self.world.bank_of(collateral));
                    let liquidation = self.liquidation(keeper, name);
                    let swap = liquidation.swap_collateral(&debt, &collateral, u64::MAX, Ratio::ZERO, &[]);
                    self.sends(&[swap]);
                }
            }
        }
        for perp in PERPS {
            let (market, bank) = (self.world.market_of(perp), self.world.quote_bank());
            if self.position(name, perp).quote.get() > 0 {
                let buy = self.liquidation(keeper, name).buy_pnl(&market, bank, u64::MAX, Ratio::ZERO, &[]);
                self.sends(&[buy]);
            }
        }
    }

    /// The resolver holds what the fund may have to buy.
    fn brings_tokens(&mut self, name: &str, keeper: &str) {
        for token in PRICED {
            let owed = -self.balance(name, token);
            let held = self.balance(keeper, token);
            if owed > held {
                let missing = (owed - held) as u64;
                let amount = missing + missing / 10 + 10;
                self.world.trader(keeper).deposits(token, amount);
            }
        }
    }
}
