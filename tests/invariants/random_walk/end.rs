//! The end of a walk: everybody pays back and leaves, and what remains in the vaults is nobody's deposit.

use super::walk::{ACCOUNTS, PEOPLE, STANDARD_BANKS, Walk};
use harness::amounts::*;
use plimsoll::state::bank::VAULT_SHORT;
use plimsoll_client::instructions::{
    governance::{Proposal, Queued, number, parameter},
    vault::{self, Outflow},
};
use plimsoll_risk::num::Index;
use solana_pubkey::Pubkey;

impl Walk {
    /// # Panics
    /// Where the identities held for want of anything to round: no interest, no dust.
    pub fn must_have_earned(&self) {
        for place in 0..STANDARD_BANKS {
            let (bank, listing) = (self.bank(place), self.listings[place]);
            let name = listing.token.name;
            assert!(Index::from(bank.deposit_index) > Index::ONE, "{name}: lenders earned nothing");
            assert!(
                Index::from(bank.borrow_index) > bank.deposit_index.into(),
                "{name}: nothing was kept back"
            );
            assert!(self.books.dust(&listing.bank.bank) > 0, "{name}: nothing was rounded");
        }
    }

    pub fn ends(mut self) {
        self.vaults_are_whole();
        self.world.passes(days(1)); // no pause is longer
        self.outflow_limits_end();
        self.debts_are_paid();
        self.balances_are_withdrawn();
        for place in 0..self.listings.len() {
            let (bank, name) = (self.bank(place), self.listings[place].token.name);
            assert!(
                bank.deposit_shares.is_zero() && bank.borrow_shares.is_zero(),
                "{name}: shares of nobody"
            );
            assert!(bank.vault_balance.get() >= bank.reserves, "{name}: the reserves are not there");
        }
    }

    fn must(&mut self, instruction: solana_instruction::Instruction) {
        self.tries(&[instruction]).must_succeed();
    }

    fn admin(&self) -> Pubkey {
        Pubkey::from(self.world.exchange_account().admin.0)
    }

    fn vaults_are_whole(&mut self) {
        self.a_vault_is_healed();
        for place in 0..self.listings.len() {
            if self.bank(place).flags & VAULT_SHORT != 0 {
                self.must(vault::resume_bank(&self.listings[place].bank, self.admin()));
            }
        }
    }

    /// A share of what is left never lets the last unit go.
    fn outflow_limits_end(&mut self) {
        for name in ["bank.day_limit", "bank.hour_limit"] {
            let mut queue = Vec::new();
            for place in 0..self.listings.len() {
                let bank = self.bank(place);
                let limit = if name == "bank.day_limit" { bank.day_limit } else { bank.hour_limit };
                if u64::from(limit.get()) < percent(100) {
                    queue.push(self.asks_for_no_limit(name, place));
                }
            }
            self.world.passes(self.world.exchange_account().timelock_seconds as i64);
            for queued in queue {
                self.must(queued.apply(&self.world.exchange));
            }
        }
    }

    fn asks_for_no_limit(&mut self, name: &str, place: usize) -> Queued {
        let (bank, proposer) = (Some(self.listings[place].bank.bank), self.admin());
        let row = parameter(name).expect("a parameter");
        let (target, value) = (place as u8, number(percent(100)));
        let proposal = Proposal { parameter: row.id, target, bank, market: None, value };
        let next = self.world.exchange_account().change_sequence + 1;
        self.must(proposal.propose(&self.world.exchange, proposer, next));
        let of = self.world.exchange.exchange;
        let change = plimsoll_client::addresses::pending_change(&of, next).address();
        Queued { change, proposer, bank, market: None }
    }

    fn debts_are_paid(&mut self) {
        for (who, account, place) in self.balances() {
            let owed = u64::try_from(-self.balance(account, place)).unwrap_or(0);
            if owed > 0 {
                let token = self.listings[place].token;
                let wallet = self.wallet(who, token);
                self.world.chain.mints(&token, &wallet, owed + owed / 10 + 10);
                let repay = self.inflow(who, account, place).repay_all();
                self.must(repay);
            }
        }
    }

    fn balances_are_withdrawn(&mut self) {
        for (who, account, place) in self.balances() {
            if self.balance(account, place) > 0 {
                let listing = self.listings[place];
                let destination = self.wallet(who, listing.token);
                let owner = harness::keys::address(who);
                let outflow = Outflow { bank: listing.bank, account, owner, destination };
                self.must(outflow.withdraw_all(&[]));
            }
        }
    }

    /// Every account in every bank.
    pub fn balances(&self) -> Vec<(&'static str, Pubkey, usize)> {
        let accounts =
            PEOPLE.into_iter().flat_map(|who| (0..ACCOUNTS as u32).map(move |number| (who, number)));
        accounts
            .flat_map(|(who, number)| {
                let account = self.account(who, number).address;
                (0..self.listings.len()).map(move |place| (who, account, place))
            })
            .collect()
    }
}
