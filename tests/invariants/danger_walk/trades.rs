//! How people get into danger: trades, debts, and now and then a rescue.

use super::walk::{LENDER, PEOPLE, PERPS, TRADERS, Walk};
use harness::{perps::Perp, tokens::*};
use plimsoll_client::{
    book::Side,
    instructions::{
        ledger::{self, Pocket},
        order::Order,
        trade::{self, Trading},
        vault::{Inflow, Outflow},
    },
};
use solana_pubkey::Pubkey;

/// Beyond so much of a token, in quote, nobody deposits more.
const PLENTY: f64 = 8_000.0;

impl Walk {
    fn trading(&self, name: &str, perp: Perp) -> Trading {
        Trading { market: self.world.market_of(perp), account: self.address(name), trader: self.key(name) }
    }

    fn any_lots(&mut self, perp: Perp, price: u32) -> u32 {
        let worth = if self.dice.percent(75) { 6_000.0 } else { 16_000.0 } * 1e6 * self.dice.sign().abs();
        (worth / perp.worth(1, price) as f64) as u32 + 1
    }

    fn any_side(&mut self) -> Side {
        if self.dice.percent(50) { Side::Bid } else { Side::Ask }
    }

    /// One offers, another takes: at once, or for the queue.
    pub fn deals(&mut self) {
        let (maker, taker, perp, side) =
            (self.any_trader(), self.dice.one_of(&PEOPLE), self.any_perp(), self.any_side());
        let price = self.about(perp);
        let lots = self.any_lots(perp, price);
        let offer = self.trading(maker, perp).place(&Order::limit(side, lots, price), &[], &[]);
        if self.sends(&[offer]).error.is_some() {
            return;
        }
        let mut take = Order::limit(side.opposite(), lots, price).immediate();
        if self.dice.percent(15) {
            take = take.reduce_only();
        }
        let makers: &[Pubkey] = if self.dice.percent(75) { &[self.address(maker)] } else { &[] };
        let take = self.trading(taker, perp).place(&take, &[], makers);
        self.sends(&[take]);
    }

    /// Somebody risks all that he has, and some more that he just deposited: across, isolated, or by borrowing.
    pub fn goes_all_in(&mut self) {
        let (name, perp) = (self.any_trader(), self.any_perp());
        let kept = self.dice.one_of(&[USDC, USDC, SOL, BTC, ETH]);
        let amount = 400.0 + 1_200.0 * self.dice.sign().abs();
        let deposit = self.inflow(name, kept).deposit(kept.units(amount / kept.price));
        if self.sends(&[deposit]).error.is_some() {
            return;
        }
        match self.dice.below(5) {
            0 | 1 => self.borrows_most(name),
            2 if kept == USDC && self.position(name, perp).is_flat() => {
                if !self.position(name, perp).is_isolated() {
                    let isolate = self.pocket(name, perp).set_mode(true);
                    self.sends(&[isolate]);
                }
                let fund = self.pocket(name, perp).fund(usdc(amount * 0.9), &[]);
                self.sends(&[fund]);
                self.trades_most(name, perp, amount * 5.0);
            }
            _ => self.trades_most(name, perp, amount * 8.0),
        }
    }

    /// As much as his margin lets him, up to so much, in whole quote, against whoever can afford it.
    fn trades_most(&mut self, name: &str, perp: Perp, worth: f64) {
        let (price, side) = (self.price_of(perp), self.any_side());
        let mut lots = (worth * 1e6 / perp.worth(1, price) as f64) as u32 + 1;
        for _ in 0..6 {
            let offer =
                self.trading(LENDER, perp).place(&Order::limit(side.opposite(), lots, price), &[], &[]);
            let take = Order::limit(side, lots, price).fill_or_kill();
            let take = self.trading(name, perp).place(&take, &[], &[self.address(LENDER)]);
            if self.sends(&[offer, take]).error.is_none() {
                return;
            }
            lots = lots * 3 / 4 + 1;
        }
    }

    /// One buys lots of another at a price in ticks, whole and at once; returns whether that went through.
    pub fn trade(&mut self, buyer: &str, seller: &str, perp: Perp, lots: u32, ticks: u32) -> bool {
        let offer = self.trading(seller, perp).place(&Order::limit(Side::Ask, lots, ticks), &[], &[]);
        let take = Order::limit(Side::Bid, lots, ticks).fill_or_kill();
        let take = self.trading(buyer, perp).place(&take, &[], &[self.address(seller)]);
        self.sends(&[offer, take]).error.is_none()
    }

    fn borrows_most(&mut self, name: &'static str) {
        let token = self.any_divisible();
        let held = u64::try_from(self.balance(name, token)).unwrap_or(0);
        let outflow = self.outflow(name, token);
        let mut worth = 3_000.0;
        for _ in 0..5 {
            let amount = held + token.units(worth / token.price);
            if amount == held || self.sends(&[outflow.withdraw(amount, true, &[])]).error.is_none() {
                return;
            }
            worth *= 0.65;
        }
    }

    /// An order that may meet somebody in danger, or keep its owner's flag from anything.
    pub fn rests_an_order(&mut self) {
        let (name, perp, side) = (self.dice.one_of(&PEOPLE), self.any_perp(), self.any_side());
        let price = self.about(perp);
        let off = price / 500 * self.dice.below(6) as u32;
        let price = if side == Side::Bid { price - off } else { price + off };
        let lots = self.any_lots(perp, price);
        let order = Order::limit(side, lots, price).post_only();
        let place = self.trading(name, perp).place(&order, &[], &[]);
        self.sends(&[place]);
    }

    pub fn cancels_all(&mut self) {
        let (name, perp) = (self.anybody(), self.any_perp());
        let cancel = self.trading(name, perp).cancel_all(None);
        self.sends(&[cancel]);
    }

    pub fn applies_fills(&mut self) {
        let perp = self.any_perp();
        self.applies_all_fills(perp);
    }

    pub fn applies_all_fills(&mut self, perp: Perp) {
        let makers = PEOPLE.map(|name| self.address(name));
        let most = 1 + self.dice.below(8) as u8;
        let apply = trade::apply_fills(&self.world.market_of(perp), &makers, most);
        self.sends(&[apply]);
    }

    pub fn settles(&mut self) {
        let (name, perp) = (self.anybody(), self.any_perp());
        self.settles_in(name, perp);
    }

    pub fn settles_in(&mut self, name: &str, perp: Perp) {
        let (market, bank) = (self.world.market_of(perp), self.world.quote_bank());
        self.sends(&[ledger::settle_pnl(&market, self.address(name), bank)]);
    }

    pub fn collects_fees(&mut self) {
        let perp = self.any_perp();
        let (market, bank) = (self.world.market_of(perp), self.world.quote_bank());
        self.sends(&[ledger::collect_fees(&market, bank)]);
    }

    pub fn inflow(&mut self, name: &str, token: Token) -> Inflow {
        let key = self.key(name);
        let source = self.world.trader(name).gets(token, token.units((20_000.0 / token.price).ceil()));
        Inflow { bank: self.world.bank_of(token), account: self.address(name), depositor: key, source }
    }

    pub fn outflow(&mut self, name: &str, token: Token) -> Outflow {
        let owner = self.key(name);
        let destination = self.world.trader(name).wallet(token);
        Outflow { bank: self.world.bank_of(token), account: self.address(name), owner, destination }
    }

    pub fn any_token(&mut self) -> Token {
        if self.dice.percent(40) { USDC } else { self.dice.one_of(&[SOL, BTC, ETH, BAR]) }
    }

    /// Nobody borrows what is indivisible: no part of such a debt could be swapped for collateral worth less than a unit.
    fn any_divisible(&mut self) -> Token {
        if self.dice.percent(40) { USDC } else { self.dice.one_of(&[SOL, BTC, ETH]) }
    }

    fn any_worth(&mut self, token: Token) -> u64 {
        let most = if self.dice.percent(60) { 700.0 } else { 5_000.0 };
        token.units(self.dice.sign().abs() * most / token.price)
    }

    pub fn deposits(&mut self) {
        let (name, token) = (self.anybody(), self.any_token());
        if self.balance(name, token) > i128::from(token.units(PLENTY / token.price)) {
            return self.withdraws();
        }
        let amount = self.any_worth(token);
        let deposit = self.inflow(name, token).deposit(amount);
        self.sends(&[deposit]);
    }

    pub fn withdraws(&mut self) {
        let (name, token) = (self.anybody(), self.any_token());
        let (amount, outflow) = (self.any_worth(token), self.outflow(name, token));
        let oracles = self.brought_along();
        let all = name != LENDER && self.dice.percent(20);
        let take =
            if all { outflow.withdraw_all(&oracles) } else { outflow.withdraw(amount, false, &oracles) };
        self.sends(&[take]);
    }

    /// Against whatever there is, and mostly as much as there may be.
    pub fn borrows(&mut self) {
        let (name, token) = (self.any_trader(), self.any_divisible());
        let held = u64::try_from(self.balance(name, token)).unwrap_or(0);
        let outflow = self.outflow(name, token);
        let mut amount = self.any_worth(token) * 2;
        for _ in 0..3 {
            if self.sends(&[outflow.withdraw(held + amount, true, &[])]).error.is_none() {
                break;
            }
            amount /= 2;
        }
    }

    pub fn repays(&mut self) {
        let (name, token) = (self.any_trader(), self.any_token());
        let amount = self.any_worth(token);
        let inflow = self.inflow(name, token);
        let repay = if self.dice.percent(30) { inflow.repay_all() } else { inflow.repay(amount) };
        self.sends(&[repay]);
    }

    /// Who has next to nothing gets something: otherwise soon nobody could trade.
    pub fn is_rescued(&mut self) {
        let first = self.dice.place_in(&TRADERS);
        for step in 0..TRADERS.len() {
            let name = TRADERS[(first + step) % TRADERS.len()];
            let scope = plimsoll_client::instructions::liquidation::Scope::Cross;
            let poor = self.standing(name, scope).is_some_and(|it| it.equity.get() < usdc(800) as i64);
            if poor && !self.is_flagged(name, scope) {
                let amount = usdc(1_000) + self.any_worth(USDC);
                let token = self.any_token();
                let amount = if token == USDC { amount } else { self.any_worth(token) };
                let deposit = self.inflow(name, token).deposit(amount);
                self.sends(&[deposit]);
                return;
            }
        }
        self.deposits();
    }

    fn pocket(&self, name: &str, perp: Perp) -> Pocket {
        Pocket {
            board: self.world.exchange.board,
            market: self.world.market_of(perp).index,
            account: self.address(name),
            trader: self.key(name),
            quote_bank: self.world.quote_bank(),
        }
    }

    pub fn changes_a_mode(&mut self) {
        let (mut name, mut perp) = (self.any_trader(), self.any_perp());
        for _ in 0..12 {
            if self.position(name, perp).is_flat() {
                break;
            }
            (name, perp) = (self.any_trader(), self.any_perp());
        }
        let to = self.dice.percent(70);
        let change = self.pocket(name, perp).set_mode(to);
        self.sends(&[change]);
    }

    fn somebody_isolated(&mut self) -> (&'static str, Perp) {
        let all = TRADERS.into_iter().flat_map(|name| PERPS.map(|perp| (name, perp)));
        let all: Vec<_> = all.filter(|(name, perp)| self.position(name, *perp).is_isolated()).collect();
        if all.is_empty() { (self.any_trader(), self.any_perp()) } else { self.dice.one_of(&all) }
    }

    pub fn funds_a_pocket(&mut self) {
        let (name, perp) = self.somebody_isolated();
        let amount = self.any_worth(USDC);
        let fund = self.pocket(name, perp).fund(amount, &[]);
        self.sends(&[fund]);
    }

    pub fn drains_a_pocket(&mut self) {
        let (name, perp) = self.somebody_isolated();
        let held = self.position(name, perp).pocket.get().unsigned_abs();
        let amount = held / 4 * self.dice.below(6);
        let oracles = self.brought_along();
        let drain = self.pocket(name, perp).drain(amount, &oracles);
        self.sends(&[drain]);
    }
}
