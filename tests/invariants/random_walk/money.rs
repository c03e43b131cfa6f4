//! Tokens in and out: deposits, withdrawals, loans, gifts, theft.

use super::walk::{BOT, PEOPLE, Walk};
use harness::keys;
use plimsoll::{
    oracle,
    state::{Bank, MarginAccount, bank::VAULT_SHORT},
};
use plimsoll_client::{
    decode,
    events::Event,
    instructions::{
        refresh::refresh_bank,
        vault::{self, Inflow, Outflow},
    },
};
use plimsoll_risk::{
    error::RiskError,
    health::{self, Check, Overlay},
};
use solana_pubkey::Pubkey;

impl Walk {
    pub fn deposits(&mut self) {
        let (who, place) = (self.anybody(), self.any_bank());
        let for_another = self.dice.percent(20);
        let whose = if for_another { self.dice.one_of(&PEOPLE) } else { who };
        // All of a fortune comes in rarely: it makes every limit of a bank meaningless.
        let near = if self.dice.percent(10) { self.wallet_of(who, place) } else { self.usual(place) };
        let amount = self.amount(place, near);
        let account = self.any_account(whose).address;
        let deposit = self.inflow(who, account, place).deposit(amount);
        if who == whose {
            self.tries(&[deposit]);
        } else {
            self.tries_as("deposit for another", &[deposit]);
        }
    }

    pub fn repays(&mut self) {
        let (account, place) = self.any_debt();
        let who = self.anybody();
        let owed = u64::try_from(-self.balance(account, place)).unwrap_or(0);
        let amount = self.amount(place, owed);
        let repay = self.inflow(who, account, place).repay(amount);
        self.tries(&[repay]);
    }

    pub fn repays_all(&mut self) {
        let (account, place) = self.any_debt();
        let who = self.anybody();
        let repay = self.inflow(who, account, place).repay_all();
        self.tries(&[repay]);
    }

    pub fn withdraws(&mut self) {
        let (who, place) = (self.dice.one_of(&PEOPLE), self.any_bank());
        let outflow = self.outflow(who, place);
        let held = u64::try_from(self.balance(outflow.account, place)).unwrap_or(0);
        let amount = self.amount(place, held);
        self.takes_out(None, &outflow, |oracles| outflow.withdraw(amount, false, oracles));
    }

    pub fn withdraws_all(&mut self) {
        let (who, place) = (self.dice.one_of(&PEOPLE), self.any_bank());
        let outflow = self.outflow(who, place);
        self.takes_out(None, &outflow, |oracles| outflow.withdraw_all(oracles));
    }

    pub fn borrows(&mut self) {
        let (who, place) = (self.dice.one_of(&PEOPLE), self.any_bank());
        let outflow = self.outflow(who, place);
        let held = u64::try_from(self.balance(outflow.account, place)).unwrap_or(0);
        let amount = held.saturating_add(self.amount(place, held) / 2).max(1);
        self.takes_out(Some("borrow"), &outflow, |oracles| outflow.withdraw(amount, true, oracles));
    }

    /// Sends a withdrawal, now and then with oracle accounts; who came away with something is still healthy.
    fn takes_out(
        &mut self,
        flavour: Option<&'static str>,
        outflow: &Outflow,
        instruction: impl Fn(&[Pubkey]) -> solana_instruction::Instruction,
    ) {
        let oracles = if self.dice.percent(25) { self.brought_along() } else { Vec::new() };
        let addresses: Vec<Pubkey> = oracles.iter().map(|(_, address)| *address).collect();
        let instruction = instruction(&addresses);
        let receipt = match flavour {
            _ if !addresses.is_empty() => self.tries_as("withdraw with oracles", &[instruction]),
            Some(flavour) => self.tries_as(flavour, &[instruction]),
            None => self.tries(&[instruction]),
        };
        if receipt.error.is_none() {
            self.must_be_healthy(&outflow.account, &oracles);
        }
    }

    /// Nobody becomes unhealthy by his own withdrawal: the engine judges the accounts as they lie on the machine.
    fn must_be_healthy(&self, address: &Pubkey, oracles: &[(u8, Pubkey)]) {
        let account: MarginAccount = decode::read(self.world.chain.data(address)).expect("a margin account");
        if !account.has_risk() {
            return;
        }
        let board = self.world.board();
        let mut overlay = Overlay::none();
        for (place, oracle) in oracles {
            let feed = &board.feeds[usize::from(*place)];
            let there = self.world.chain.account(oracle).expect("an oracle account");
            let price =
                oracle::read_price(oracle, &there.owner, &there.data, &feed.pyth_feed_id, &feed.switchboard);
            overlay.push(*place, price.expect("a price that was accepted")).expect("few enough");
        }
        for check in [Check::Withdraw, Check::Initial, Check::LiquidationEnd, Check::Maintenance] {
            match health::health(&account.balances, board, &overlay, check, self.world.now()) {
                Ok(health) => {
                    assert!(health.is_healthy(), "{address} withdrew and is short at {check:?}: {health:?}");
                }
                // A treasure may weigh little enough for the strict kinds, and too much to count for the others.
                Err(RiskError::Overflow) if !check.is_strict() => {}
                Err(error) => panic!("{address} withdrew, and {check:?} says {error:?}"),
            }
        }
    }

    pub fn a_gift_comes(&mut self) {
        let place = self.any_bank();
        let listing = self.listings[place];
        let amount = self.dice.between(1, 1 << 40);
        self.world.donates(listing.token, amount);
        self.books.surplus_changes(&listing.bank.bank, i128::from(amount));
        self.tries(&[refresh_bank(&listing.bank)]);
    }

    /// The fee collector takes exactly what was given.
    pub fn a_surplus_is_skimmed(&mut self) {
        let place = self.any_bank();
        let listing = self.listings[place];
        let collector = self.signer_for(|exchange| exchange.fee_collector);
        let destination = self.world.chain.wallet(&collector, &listing.token);
        let surplus = self.books.surplus(&listing.bank.bank);
        let receipt = self.tries(&[vault::skim_surplus(&listing.bank, collector, destination)]);
        if receipt.error.is_none() {
            let Event::SurplusSkimmed(event) = receipt.event() else { panic!("{:?}", receipt.events) };
            assert_eq!(i128::from(event.amount), surplus, "{} was skimmed", listing.token.name);
        }
    }

    /// A vault loses tokens, and the bank closes itself if it notices.
    pub fn a_vault_is_robbed(&mut self) {
        let place = self.any_bank();
        let listing = self.listings[place];
        let held = self.world.vault_holds(listing.token);
        if held > 0 && self.robbed.is_none() {
            let amount = self.dice.between(1, held);
            self.world.robs_vault(listing.token, amount);
            self.books.surplus_changes(&listing.bank.bank, -i128::from(amount));
            self.robbed = Some((place, amount));
        }
        self.tries(&[refresh_bank(&listing.bank)]);
    }

    /// The tokens come back.
    pub fn a_vault_is_healed(&mut self) {
        let Some((place, amount)) = self.robbed.take() else { return self.a_bank_is_refreshed() };
        let listing = self.listings[place];
        self.world.heals_vault(listing.token, amount);
        self.books.surplus_changes(&listing.bank.bank, i128::from(amount));
        self.tries(&[refresh_bank(&listing.bank)]);
    }

    /// The admin opens a bank again, mostly one that is closed.
    pub fn a_bank_resumes(&mut self) {
        let closed = (0..self.listings.len()).find(|place| self.bank(*place).flags & VAULT_SHORT != 0);
        let place = closed.filter(|_| self.dice.percent(90)).unwrap_or_else(|| self.any_bank());
        let admin = self.signer_for(|exchange| exchange.admin);
        self.tries(&[vault::resume_bank(&self.listings[place].bank, admin)]);
    }

    pub fn bank(&self, place: usize) -> Bank {
        decode::read(self.world.chain.data(&self.listings[place].bank.bank)).expect("a bank")
    }

    /// Somebody's balance in native units, owed below zero; nothing without an account.
    pub fn balance(&self, account: Pubkey, place: usize) -> i128 {
        let Ok(account) = decode::read::<MarginAccount>(self.world.chain.data(&account)) else { return 0 };
        let bank = self.bank(place);
        let (held, owed) = (bank.held_by(&account).expect("fits"), bank.owed_by(&account).expect("fits"));
        i128::from(held.get()) - i128::from(owed.get())
    }

    /// Somebody with tokens.
    fn anybody(&mut self) -> &'static str {
        if self.dice.percent(5) { BOT } else { self.dice.one_of(&PEOPLE) }
    }

    fn wallet_of(&mut self, who: &str, place: usize) -> u64 {
        let wallet = self.wallet(who, self.listings[place].token);
        self.world.chain.tokens_in(&wallet)
    }

    /// Mostly what some thousands of quote buy, or a part of `near`, or all of it and perhaps one more; dust; anything.
    fn amount(&mut self, place: usize, near: u64) -> u64 {
        let usual = self.usual(place);
        match self.dice.below(100) {
            0..50 => self.dice.between(1, usual),
            50..83 => (near.min(usual.saturating_mul(8)) / 8 * (1 + self.dice.below(8))).max(1),
            83..88 => near.saturating_add(self.dice.below(2)),
            88..96 => 1 + self.dice.below(3),
            96..98 => self.dice.between(1, u64::MAX),
            _ => self.dice.one_of(&[0, 1 << 58, i64::MAX as u64, 1 << 63, u64::MAX]),
        }
    }

    /// What 5,000 quote buy, about.
    fn usual(&self, place: usize) -> u64 {
        let token = self.listings[place].token;
        ((5_000.0 / token.price * 10f64.powi(i32::from(token.decimals))) as u64).max(3)
    }

    /// An account and a bank in which it owes something, mostly.
    fn any_debt(&mut self) -> (Pubkey, usize) {
        let debts: Vec<_> =
            self.balances().into_iter().filter(|(_, at, place)| self.balance(*at, *place) < 0).collect();
        if !debts.is_empty() && self.dice.percent(90) {
            let (_, account, place) = self.dice.one_of(&debts);
            return (account, place);
        }
        let who = self.dice.one_of(&PEOPLE);
        (self.any_account(who).address, self.any_bank())
    }

    pub fn inflow(&mut self, who: &str, account: Pubkey, place: usize) -> Inflow {
        let listing = self.listings[place];
        let source = self.wallet(who, listing.token);
        Inflow { bank: listing.bank, account, depositor: keys::address(who), source }
    }

    /// Out of somebody's account, mostly to his own wallet, and hardly ever by a stranger.
    fn outflow(&mut self, who: &str, place: usize) -> Outflow {
        let listing = self.listings[place];
        let account = self.any_account(who).address;
        let receiver = if self.dice.percent(10) { BOT } else { who };
        let owner = if self.dice.percent(2) { BOT } else { who };
        let destination = self.wallet(receiver, listing.token);
        Outflow { bank: listing.bank, account, owner: keys::address(owner), destination }
    }
}
