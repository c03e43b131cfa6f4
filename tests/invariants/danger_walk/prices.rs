//! Prices: they drift, crash, come late, wide or not at all.

use super::walk::{PERPS, PRICED, Walk};
use harness::{oracle::Update, perps::Perp};
use plimsoll_client::instructions::refresh::{refresh_bank, refresh_market, refresh_prices};
use solana_instruction::Instruction;
use solana_pubkey::Pubkey;

impl Walk {
    /// Some prices move, and somebody tells the board: mostly well.
    pub fn prices_come(&mut self) {
        let mut feeds = Vec::new();
        for _ in 0..1 + self.dice.below(3) {
            let place = self.dice.place_in(&PRICED);
            let most = if self.dice.percent(70) { 0.01 } else { 0.05 };
            let by = most * self.dice.sign();
            self.price_moves(place, by);
            let odd = self.dice.percent(5);
            feeds.push((place as u8, self.posts(place, odd)));
        }
        self.sends(&[refresh_prices(self.world.exchange.board, &feeds, None)]);
    }

    /// All prices move by a lot at once, most of them down, or one does.
    pub fn a_price_crashes(&mut self) {
        let least = if self.dice.percent(60) { 0.12 } else { 0.26 };
        let by = least + 0.18 * self.dice.sign().abs();
        let (all, one) = (self.dice.percent(60), self.dice.place_in(&PRICED));
        for place in 0..PRICED.len() {
            if all || place == one {
                let falls = self.dice.percent(65);
                self.price_moves(place, if falls { -by } else { by });
            }
        }
        self.world.passes(1);
        self.everything_is_refreshed();
        self.is_alarmed();
    }

    /// Back towards where it began, in the long run.
    fn price_moves(&mut self, place: usize, by: f64) {
        let first = PRICED[place].price;
        let back = (first / self.prices[place]).powf(0.04);
        self.prices[place] = (self.prices[place] * back * (1.0 + by)).clamp(first / 3.0, first * 3.0);
    }

    /// Publishes a price on Pyth; an odd one is late, or wide.
    fn posts(&mut self, place: usize, odd: bool) -> Pubkey {
        let (token, price, now) = (PRICED[place], self.prices[place], self.world.now());
        let mut oracle = self.world.oracle();
        let update = Update { price: price.into(), ..oracle.update(token) };
        match (odd, self.dice.percent(50)) {
            (false, _) => oracle.posts(token, update),
            (true, true) => oracle.posts(token, Update { publish_time: now - 1_000, ..update }),
            (true, false) => oracle.posts(token, Update { confidence: (price / 5.0).into(), ..update }),
        }
    }

    pub fn is_stale(&self) -> bool {
        let feeds = &self.world.board().feeds[..PRICED.len()];
        feeds.iter().any(|feed| self.world.now() - feed.refreshed_at > 25)
    }

    /// All prices are published and told, all banks' interest and all markets' funding is accrued.
    pub fn everything_is_refreshed(&mut self) {
        let mut feeds = Vec::new();
        for (place, token) in PRICED.into_iter().enumerate() {
            if self.world.feed(token).publish_time < self.world.now() {
                feeds.push((place as u8, self.posts(place, false)));
            }
        }
        let prices = refresh_prices(self.world.exchange.board, &feeds, None);
        let tokens = self.world.tokens().to_vec();
        let banks = tokens.into_iter().map(|token| refresh_bank(&self.world.bank_of(token)));
        let all: Vec<Instruction> = (!feeds.is_empty()).then_some(prices).into_iter().chain(banks).collect();
        self.sends(&all);
        let trades =
            |perp: &Perp| self.world.terms(*perp).state <= plimsoll_risk::layout::market::MARKET_REDUCE_ONLY;
        let markets =
            PERPS.into_iter().filter(trades).map(|perp| refresh_market(&self.world.market_of(perp)));
        let markets: Vec<Instruction> = markets.collect();
        if !markets.is_empty() {
            self.sends(&markets);
        }
    }

    /// All oracle accounts, fresh, for a transaction that brings them along; mostly none.
    pub fn brought_along(&mut self) -> Vec<Pubkey> {
        if !self.dice.percent(10) {
            return Vec::new();
        }
        (0..PRICED.len()).map(|place| self.posts(place, false)).collect()
    }

    /// About where a market trades, ticks.
    pub fn about(&mut self, perp: Perp) -> u32 {
        let off = 1.0 + 0.006 * self.dice.sign();
        ((f64::from(self.price_of(perp)) * off) as u32).max(1)
    }

    /// The price of a market's underlying, ticks.
    pub fn price_of(&self, perp: Perp) -> u32 {
        let feed = PRICED.iter().position(|it| *it == perp.token).expect("a priced token");
        perp.ticks(self.prices[feed]).max(1)
    }
}
