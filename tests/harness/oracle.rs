//! Prices: published in the oracles' own formats, copied to the board by anybody.

use crate::{
    Failure, Receipt, World,
    oracles::{self, Confidence, Quoted, SwitchboardFeed, Verification},
    tokens::Token,
};
use plimsoll::oracle::{pyth, switchboard};
use plimsoll_client::instructions::refresh::{self, Refresher};
use solana_account::Account;
use solana_pubkey::Pubkey;

/// The publisher of prices, who also refreshes the board.
pub struct Oracle<'w> {
    world: &'w mut World,
    expected: Option<Failure>,
    paid: Option<String>,
}

/// A Pyth update as a story wants it: honest unless it says otherwise.
#[derive(Clone, Copy, Debug)]
pub struct Update {
    pub feed_id: [u8; 32],
    pub price: Quoted,
    pub confidence: Confidence,
    pub publish_time: i64,
    pub verification: Verification,
    pub owner: Pubkey,
}

impl<'w> Oracle<'w> {
    pub(crate) fn new(world: &'w mut World) -> Self {
        Self { world, expected: None, paid: None }
    }

    /// The next refresh has to be refused.
    #[must_use]
    pub fn refused(mut self, reason: impl Into<Failure>) -> Self {
        self.expected = Some(reason.into());
        self
    }

    /// The next refresh is paid to somebody's margin account.
    #[must_use]
    pub fn paying(mut self, name: &str) -> Self {
        self.world.trader(name);
        self.paid = Some(name.to_owned());
        self
    }

    /// What Pyth would say of a token now.
    pub fn update(&self, token: Token) -> Update {
        Update {
            feed_id: token.feed_id(),
            price: self.price(token).into(),
            confidence: 0.0.into(),
            publish_time: self.world.now(),
            verification: Verification::Full,
            owner: pyth::RECEIVER,
        }
    }

    /// What is said of a token.
    pub fn price(&self, token: Token) -> f64 {
        self.world.prices[usize::from(self.world.place_of(token))]
    }

    /// Publishes the token's price now, without telling the board.
    pub fn publishes(&mut self, token: Token) -> Pubkey {
        let update = self.update(token);
        self.posts(token, update)
    }

    /// Publishes another price, without telling the board.
    pub fn publishes_price(&mut self, token: Token, price: f64) -> Pubkey {
        let place = usize::from(self.world.place_of(token));
        self.world.prices[place] = price;
        self.publishes(token)
    }

    /// Posts an update as it stands to the token's Pyth account.
    pub fn posts(&mut self, token: Token, update: Update) -> Pubkey {
        let Update { feed_id, price, confidence, publish_time, verification, owner } = update;
        let data = oracles::pyth_update(feed_id, price, confidence, publish_time, verification);
        self.writes(token.pyth(), owner, data)
    }

    /// Publishes on Switchboard.
    pub fn publishes_on_switchboard(&mut self, token: Token, feed: SwitchboardFeed) -> Pubkey {
        self.writes(token.switchboard(), switchboard::ON_DEMAND, feed.data())
    }

    /// Writes an oracle account.
    pub fn writes(&mut self, address: Pubkey, owner: Pubkey, data: Vec<u8>) -> Pubkey {
        let lamports = self.world.chain.rent(data.len());
        self.world
            .chain
            .place(address, Account { lamports, data, owner, executable: false, rent_epoch: u64::MAX });
        address
    }

    /// A second later a token has another price, and the board knows.
    pub fn says(&mut self, token: Token, price: f64) -> Receipt {
        self.world.passes(1);
        self.publishes_price(token, price);
        self.refreshes(&[token])
    }

    /// A second later a token's price has moved by so many percent, and the board knows.
    pub fn moves(&mut self, token: Token, percent: impl Into<f64>) -> Receipt {
        let price = self.price(token) * (1.0 + percent.into() / 100.0);
        self.says(token, price)
    }

    /// Refreshes the board from these tokens' Pyth accounts.
    pub fn refreshes(&mut self, tokens: &[Token]) -> Receipt {
        let feeds: Vec<_> = tokens.iter().map(|token| (self.world.feed_of(*token), token.pyth())).collect();
        self.refreshes_from(&feeds)
    }

    /// Refreshes the board from a token's Switchboard account.
    pub fn refreshes_from_switchboard(&mut self, token: Token) -> Receipt {
        self.refreshes_from(&[(self.world.feed_of(token), token.switchboard())])
    }

    /// Refreshes feeds of the board from accounts.
    pub fn refreshes_from(&mut self, feeds: &[(u8, Pubkey)]) -> Receipt {
        let quote_bank = self.world.bank_of(self.world.tokens[0]).bank;
        let refresher =
            self.paid.as_ref().map(|name| Refresher { quote_bank, account: self.world.account_of(name) });
        let instruction = refresh::refresh_prices(self.world.exchange.board, feeds, refresher);
        self.world.attempts(&[instruction], self.expected.as_ref())
    }
}
