//! Tokens in and out of accounts and pockets; modes of positions.

use super::walk::{PEOPLE, PERPS, STRANGER, Walk};
use harness::tokens::*;
use plimsoll_client::instructions::{
    ledger::Pocket,
    vault::{Inflow, Outflow},
};
use plimsoll_risk::{
    health::{Check, Overlay},
    margin::{Holdings, isolated_margin, margin},
};
use solana_instruction::Instruction;
use solana_pubkey::Pubkey;

/// Beyond so much of a token, in quote, nobody deposits more: limits would mean nothing.
const PLENTY: f64 = 12_000.0;

impl Walk {
    pub fn inflow(&mut self, name: &str, token: Token) -> Inflow {
        let key = self.key(name);
        let source = self.world.chain.wallet(&key, &token);
        Inflow { bank: self.world.bank_of(token), account: self.address(name), depositor: key, source }
    }

    fn outflow(&mut self, name: &str, token: Token) -> Outflow {
        let owner = self.key(name);
        let destination = self.world.chain.wallet(&owner, &token);
        Outflow { bank: self.world.bank_of(token), account: self.address(name), owner, destination }
    }

    /// Native units, owed below zero.
    fn balance(&self, name: &str, token: Token) -> i128 {
        let (bank, account) = (self.world.bank(token), self.account(name));
        let (held, owed) = (bank.held_by(account).expect("fits"), bank.owed_by(account).expect("fits"));
        i128::from(held.get()) - i128::from(owed.get())
    }

    fn any_token(&mut self) -> Token {
        if self.dice.percent(60) { USDC } else { self.dice.one_of(&[SOL, BTC, ETH, BAR]) }
    }

    /// Some hundreds of quote, or some thousands.
    fn any_worth(&mut self, token: Token) -> u64 {
        let most = if self.dice.percent(70) { 800.0 } else { 8_000.0 };
        let worth = self.dice.sign().abs() * most;
        token.units(worth / token.price)
    }

    pub fn deposits(&mut self) {
        let (name, token) = (self.anybody(), self.any_token());
        if self.balance(name, token) > i128::from(token.units(PLENTY / token.price)) {
            return self.withdraws();
        }
        let amount = self.any_worth(token);
        let deposit = self.inflow(name, token).deposit(amount);
        self.acts(name, deposit, &[]);
    }

    pub fn withdraws(&mut self) {
        let (name, token) = (self.anybody(), self.any_token());
        let outflow = self.outflow(name, token);
        let amount = self.any_worth(token);
        self.takes_out(name, |oracles| match amount % 20 {
            0 => outflow.withdraw_all(oracles),
            _ => outflow.withdraw(amount, false, oracles),
        });
    }

    pub fn borrows(&mut self) {
        let (name, token) = (self.anybody(), self.any_token());
        let held = u64::try_from(self.balance(name, token)).unwrap_or(0);
        let amount = held + self.any_worth(token);
        let outflow = self.outflow(name, token);
        self.takes_out(name, |oracles| outflow.withdraw(amount, true, oracles));
    }

    fn takes_out(&mut self, name: &str, instruction: impl Fn(&[Pubkey]) -> Instruction) {
        let oracles = if self.dice.percent(20) { self.brought_along() } else { Vec::new() };
        self.acts(name, instruction(&oracles), &oracles);
    }

    /// Who lacks margin gets what is missing: otherwise soon nobody could trade.
    pub fn is_rescued(&mut self) {
        let first = self.dice.place_in(&PEOPLE);
        for step in 0..PEOPLE.len() {
            let name = PEOPLE[(first + step) % PEOPLE.len()];
            let account = *self.account(name);
            let (board, overlay, now) = (self.world.board(), Overlay::none(), self.world.now());
            let check = Check::Initial;
            let missing =
                |health: i64| (health < 0).then(|| health.unsigned_abs() + health.unsigned_abs() / 2 + 1);
            let cross = margin(&Holdings::from(&account.0), board, &overlay, check, now).ok();
            let cross = cross.and_then(|it| missing(it.net_collateral().get() - it.requirement.get()));
            if let Some(amount) = cross {
                let deposit = self.inflow(name, USDC).deposit(amount);
                self.acts(name, deposit, &[]);
                return;
            }
            let isolated = account.positions.iter().filter(|it| it.flags != 0 && it.is_isolated());
            let short = isolated.filter_map(|position| {
                let it = isolated_margin(position, board, &overlay, check, now).ok()?;
                Some((position.market, missing(it.net_collateral().get() - it.requirement.get())?))
            });
            if let Some((market, amount)) = short.collect::<Vec<_>>().first().copied() {
                let deposit = self.inflow(name, USDC).deposit(amount);
                self.acts(name, deposit, &[]);
                let fund = self.pocket(name, name, market.into()).fund(amount, &[]);
                self.acts(name, fund, &[]);
                return;
            }
        }
        self.deposits();
    }

    fn pocket(&self, name: &str, signer: &str, place: usize) -> Pocket {
        Pocket {
            board: self.world.exchange.board,
            market: self.world.market_of(PERPS[place]).index,
            account: self.address(name),
            trader: self.key(signer),
            quote_bank: self.world.quote_bank(),
        }
    }

    /// Mostly somebody who has a pocket.
    fn somebody_isolated(&mut self) -> (&'static str, usize) {
        let mut all = Vec::new();
        for name in PEOPLE {
            for place in 0..PERPS.len() {
                if self.position(name, place).is_isolated() {
                    all.push((name, place));
                }
            }
        }
        if all.is_empty() || self.dice.percent(10) {
            return (self.anybody(), self.any_market());
        }
        self.dice.one_of(&all)
    }

    pub fn funds_a_pocket(&mut self) {
        let (name, place) = self.somebody_isolated();
        let amount = self.any_worth(USDC);
        let oracles = if self.dice.percent(10) { self.brought_along() } else { Vec::new() };
        let signer = if self.dice.percent(2) { STRANGER } else { name };
        let fund = self.pocket(name, signer, place).fund(amount, &oracles);
        self.acts(name, fund, &oracles);
    }

    /// A part, all, or a little more than all.
    pub fn drains_a_pocket(&mut self) {
        let (name, place) = self.somebody_isolated();
        let held = self.position(name, place).pocket.get().unsigned_abs();
        let amount = match self.dice.below(10) {
            0 => 0,
            1 => held + 1,
            2..4 => held,
            _ => held / 8 * self.dice.below(5),
        };
        let oracles = if self.dice.percent(10) { self.brought_along() } else { Vec::new() };
        let drain = self.pocket(name, name, place).drain(amount, &oracles);
        self.acts(name, drain, &oracles);
    }

    /// Mostly of a position that is flat, or of none.
    pub fn changes_a_mode(&mut self) {
        let (mut name, mut place) = (self.anybody(), self.any_market());
        for _ in 0..12 {
            if self.position(name, place).is_flat() {
                break;
            }
            (name, place) = (self.anybody(), self.any_market());
        }
        let isolated = self.position(name, place).is_isolated();
        let to = if self.dice.percent(8) { isolated } else { !isolated };
        let change = self.pocket(name, name, place).set_mode(to);
        self.acts(name, change, &[]);
    }
}
