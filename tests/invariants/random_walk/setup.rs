//! The board grows; what set the exchange up is over for good.

use super::{prices::PRICED, walk::Walk};
use harness::{keys, tokens::*, world::UPGRADE_AUTHORITY};
use plimsoll_client::{addresses::BankAddresses, instructions::setup};
use plimsoll_risk::layout::bank::NO_FEED;

/// Tokens that are listed on the way: more than fit one margin account together with the first four.
const FURTHER: usize = 14;
/// Of these.
const DECIMALS: [u8; 6] = [0, 6, 8, 9, 12, 2];

fn further(place: usize) -> Token {
    let decimals = DECIMALS[place % DECIMALS.len()];
    Token { is_token_2022: place % 3 == 2, ..Token::new(NAMES[place], decimals, 10.0) }
}

impl Walk {
    pub fn a_feed_is_added(&mut self) {
        let admin = self.signer_for(|exchange| exchange.admin);
        let place = self.prices.len();
        let id = if self.dice.percent(3) { [0; 32] } else { keys::bytes(&format!("feed {place}")) };
        let switchboard = keys::address(&format!("switchboard account of feed {place}"));
        let receipt = self.tries(&[setup::add_feed(&self.world.exchange, admin, id, switchboard)]);
        if receipt.error.is_none() {
            self.prices.push((10.0, 10.0));
        }
    }

    /// Mostly the next token; now and then one that is there, one of too many decimals, or without a feed.
    pub fn a_bank_is_registered(&mut self) {
        let admin = self.signer_for(|exchange| exchange.admin);
        let next = self.listings.len() - STANDARD.len();
        let token = match self.dice.below(20) {
            0 => Token::new("too fine", 13, 1.0),
            1 => self.dice.one_of(&STANDARD),
            _ => further(next.min(FURTHER - 1)),
        };
        if self.world.chain.account(&token.mint()).is_none() {
            self.world.chain.makes_mint(&token, &[], &[]);
        }
        let among = self.prices.len().min(PRICED) as u64;
        let feed = if self.dice.percent(5) { NO_FEED } else { self.dice.below(among) as u8 };
        let bank = BankAddresses::derive(&self.world.exchange, token.mint(), token.token_program());
        let receipt = self.tries(&[setup::register_bank(&bank, admin, feed)]);
        if receipt.error.is_none() {
            self.lists(token);
        }
    }

    /// Whoever asks: there is one exchange and one board, and they are open and grown.
    pub fn set_up_is_tried_again(&mut self) {
        let (payer, authority) = (self.world.chain.payer(), self.world.person(UPGRADE_AUTHORITY));
        let admin = self.signer_for(|exchange| exchange.admin);
        let of = self.world.exchange;
        let instruction = match self.dice.below(4) {
            0 => setup::create_exchange(payer, authority, USDC.mint(), self.world.roles()),
            1 => setup::create_board(&of, admin),
            2 => setup::grow_board(&of, payer),
            _ => setup::open_exchange(&of, admin),
        };
        self.tries(&[instruction]);
    }
}
