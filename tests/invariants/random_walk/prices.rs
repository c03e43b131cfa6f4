//! Prices: published in the oracles' own formats, mostly well, and copied to the board by anybody.

use super::walk::{PEOPLE, STANDARD_BANKS, Walk};
use harness::{
    keys,
    oracles::{Quoted, SwitchboardFeed, Verification, pyth_update},
};
use plimsoll::oracle::{pyth, switchboard};
use plimsoll_client::{
    events::Event,
    instructions::refresh::{Refresher, refresh_bank, refresh_prices},
};
use plimsoll_risk::{layout::feed::Feed, observation::PRIMARY_SILENCE};
use solana_account::Account;
use solana_pubkey::Pubkey;

/// Feeds that banks hang on: the first of the board. Others are there only to be there.
pub const PRICED: usize = 5;
/// Banks beside the first that fit the transaction that refreshes everything.
const FURTHER_BANKS: usize = 5;

/// What an update may be like, beside good.
#[derive(Clone, Copy)]
enum Flaw {
    Older,
    Future,
    Late,
    Wide,
    Partial,
    AnotherFeed,
    Negative,
    Exponent,
    Owner,
}

/// Those that the board takes, as a price that is not valid, or passes over.
const TAKEN: [Flaw; 3] = [Flaw::Older, Flaw::Late, Flaw::Wide];
/// Those that refuse the whole batch.
const REFUSED: [Flaw; 6] =
    [Flaw::Future, Flaw::Partial, Flaw::AnotherFeed, Flaw::Negative, Flaw::Exponent, Flaw::Owner];

impl Walk {
    /// Some prices move, and somebody tells the board: for pay or not, of one feed or many, well or not.
    pub fn prices_come(&mut self) {
        let batch_is_flawed = self.dice.percent(20);
        let fallback = self.dice.percent(60);
        let mut feeds = Vec::new();
        let mut by_switchboard = false;
        for _ in 0..1 + self.dice.below(4) {
            let place = self.any_feed();
            self.price_moves(place);
            let silent = self.world.now() - self.feed(place).pyth_publish_time > PRIMARY_SILENCE;
            let flaw = self.flaw(batch_is_flawed);
            let account = if silent && fallback && flaw.is_none() {
                by_switchboard = true;
                self.posts_on_switchboard(place)
            } else {
                self.posts(place, flaw)
            };
            feeds.push((place as u8, account));
        }
        if self.dice.percent(2) {
            feeds[0].0 = self.prices.len() as u8; // a feed that does not exist yet
        }
        let refresher = self.dice.percent(50).then(|| self.refresher());
        let refresh = refresh_prices(self.world.exchange.board, &feeds, refresher);
        let receipt = match by_switchboard {
            true => self.tries_as("refresh from Switchboard", &[refresh]),
            false => self.tries(&[refresh]),
        };
        let is_paid = |event: &Event| matches!(event, Event::PricesRefreshed(event) if event.reward > 0);
        if receipt.events.iter().any(is_paid) {
            self.tally.met("refresh for pay");
        }
    }

    fn flaw(&mut self, refused: bool) -> Option<Flaw> {
        match self.dice.below(100) {
            0..15 => Some(self.dice.one_of(&TAKEN)),
            15..50 if refused => Some(self.dice.one_of(&REFUSED)),
            _ => None,
        }
    }

    fn refresher(&mut self) -> Refresher {
        let who = self.dice.one_of(&PEOPLE);
        Refresher { quote_bank: self.listings[0].bank.bank, account: self.any_account(who).address }
    }

    /// All prices that banks hang on, and the interest of the first banks and of old ones, in one transaction.
    pub fn everything_is_refreshed(&mut self) {
        let mut feeds = Vec::new();
        for place in 0..self.prices.len().min(PRICED) {
            if self.feed(place).publish_time < self.world.now() {
                feeds.push((place as u8, self.posts(place, None)));
            }
        }
        let prices = refresh_prices(self.world.exchange.board, &feeds, None);
        let (board, nearly_stale) = (self.world.board(), self.world.now() - 3_000);
        let old = (STANDARD_BANKS..self.listings.len())
            .filter(|place| board.banks[*place].updated_at < nearly_stale);
        let places: Vec<usize> = (0..STANDARD_BANKS).chain(old.take(FURTHER_BANKS)).collect();
        let banks = places.into_iter().map(|place| refresh_bank(&self.listings[place].bank));
        let instructions: Vec<_> = (!feeds.is_empty()).then_some(prices).into_iter().chain(banks).collect();
        self.tries(&instructions);
    }

    /// Oracle accounts for a withdrawal: all that banks hang on, mostly; too many or a bad one, sometimes.
    pub fn brought_along(&mut self) -> Vec<(u8, Pubkey)> {
        let count = if self.dice.percent(5) { PRICED } else { STANDARD_BANKS };
        let mut oracles = Vec::new();
        for place in 0..count.min(self.prices.len()) {
            let flaw = if self.dice.percent(2) { Some(self.dice.one_of(&REFUSED)) } else { None };
            oracles.push((place as u8, self.posts(place, flaw)));
        }
        oracles
    }

    fn any_feed(&mut self) -> usize {
        if self.dice.percent(90) {
            self.dice.below(self.prices.len().min(PRICED) as u64) as usize
        } else {
            self.dice.below(self.prices.len() as u64) as usize
        }
    }

    pub fn feed(&self, place: usize) -> Feed {
        self.world.board().feeds[place]
    }

    /// Mostly by a little, sometimes by half, and never far from where it began.
    fn price_moves(&mut self, place: usize) {
        let most = match self.dice.below(100) {
            0..60 => 0.005,
            60..95 => 0.03,
            95..98 => 0.1,
            _ => 0.5,
        };
        let (first, now) = self.prices[place];
        self.prices[place].1 = (now * (1.0 + most * self.dice.sign())).clamp(first / 3.0, first * 3.0);
    }

    /// Publishes a feed's price in a Pyth account of its own, under the id that the board knows.
    fn posts(&mut self, place: usize, flaw: Option<Flaw>) -> Pubkey {
        let (feed, now) = (self.feed(place), self.world.now());
        let (mut id, mut owner) = (feed.pyth_feed_id.0, pyth::RECEIVER);
        let mut price = Quoted::from(self.prices[place].1);
        let (mut confidence, mut time, mut verification) = (0.0, now, Verification::Full);
        match flaw {
            None => {}
            Some(Flaw::Older) => time = feed.publish_time - self.dice.below(100) as i64,
            Some(Flaw::Future) => time = now + 11 + self.dice.below(1_000) as i64,
            Some(Flaw::Late) => time = now - i64::from(feed.max_age) - self.dice.below(10) as i64,
            Some(Flaw::Wide) => confidence = self.prices[place].1 / 5.0,
            Some(Flaw::Partial) => verification = Verification::Partial(5),
            Some(Flaw::AnotherFeed) => id = keys::bytes("a feed of nobody"),
            Some(Flaw::Negative) => price.mantissa = -price.mantissa,
            Some(Flaw::Exponent) => price.exponent = 1,
            Some(Flaw::Owner) => owner = keys::address("nobody's oracle"),
        }
        let data = pyth_update(id, price, confidence, time, verification);
        self.writes(keys::address(&format!("pyth account of feed {place}")), owner, data)
    }

    /// The same on Switchboard, at the address that the board knows; sometimes undated, thin, or far off.
    fn posts_on_switchboard(&mut self, place: usize) -> Pubkey {
        let price = self.prices[place].1;
        let mut said = SwitchboardFeed::new(price, price / 1_000.0, self.world.now());
        match self.dice.below(20) {
            0 => said.samples = 1,
            1 => said.observed_at = 0,
            2 => said.value *= 2,
            3 => said.writable_by_authority = true,
            _ => {}
        }
        let address = Pubkey::from(self.feed(place).switchboard.0);
        if address == Pubkey::default() {
            return self.posts(place, None); // the board knows none
        }
        self.writes(address, switchboard::ON_DEMAND, said.data())
    }

    fn writes(&mut self, address: Pubkey, owner: Pubkey, data: Vec<u8>) -> Pubkey {
        let lamports = self.world.chain.rent(data.len());
        let account = Account { lamports, data, owner, executable: false, rent_epoch: u64::MAX };
        self.world.chain.place(address, account);
        address
    }
}
