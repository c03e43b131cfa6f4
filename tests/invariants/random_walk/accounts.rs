//! Margin accounts come and go.

use super::walk::{ACCOUNTS, BOT, PEOPLE, Walk};
use harness::keys;
use plimsoll::state::margin_account::scope;
use plimsoll_client::instructions::account::MarginAccount;
use solana_pubkey::Pubkey;

impl Walk {
    pub fn an_account_opens(&mut self) {
        let account = self.one_of_all_accounts();
        let payer = self.world.chain.payer();
        self.tries(&[account.open(payer)]);
    }

    /// Mostly refused, because it is not empty; now and then because a stranger asks.
    pub fn an_account_closes(&mut self) {
        let mut account = self.one_of_all_accounts();
        let receiver = account.owner;
        if self.dice.percent(5) {
            account.owner = keys::address(BOT);
        }
        self.tries(&[account.close(receiver)]);
    }

    pub fn a_delegate_is_set(&mut self) {
        let account = self.one_of_all_accounts();
        let (now, bot) = (self.world.now(), keys::address(BOT));
        let (delegate, scope, until) = self.dice.one_of(&[
            (bot, scope::ALL, now + 86_400),
            (bot, scope::DEPOSIT, now + 60),
            (bot, scope::TRADE, now + 3_600),
            (Pubkey::default(), 0, 0),
            (account.owner, scope::ALL, now + 60),
            (bot, 0, now + 60),
            (bot, scope::ALL + 1, now + 60),
            (bot, scope::ALL, now),
        ]);
        self.tries(&[account.set_delegate(delegate, scope, until)]);
    }

    fn one_of_all_accounts(&mut self) -> MarginAccount {
        let who = self.dice.one_of(&PEOPLE);
        let number = self.dice.below(ACCOUNTS) as u32;
        self.account(who, number)
    }
}
