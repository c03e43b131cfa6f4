//! Prices: they drift, jump, come late, wide or not at all.

use super::{
    conduct::overlay,
    walk::{PERPS, PRICED, Walk},
};
use harness::oracle::Update;
use plimsoll_client::instructions::refresh::{refresh_bank, refresh_market, refresh_prices};
use plimsoll_risk::{market, observation};
use solana_instruction::Instruction;
use solana_pubkey::Pubkey;

impl Walk {
    /// Some prices move, and somebody tells the board: mostly well.
    pub fn prices_come(&mut self) {
        let mut feeds = Vec::new();
        for _ in 0..1 + self.dice.below(3) {
            let place = self.dice.below(PRICED.len() as u64) as usize;
            self.price_moves(place);
            let odd = self.dice.percent(6);
            feeds.push((place as u8, self.posts(place, odd)));
        }
        self.sends(&[refresh_prices(self.world.exchange.board, &feeds, None)]);
    }

    /// Mostly a little, within the band; seldom beyond it, or beyond what the feed may diverge. Back, in the long run.
    fn price_moves(&mut self, place: usize) {
        let most = match self.dice.below(200) {
            0..110 => 0.004,
            110..184 => 0.02,
            184..199 => 0.12,
            _ => 0.6,
        };
        let first = PRICED[place].price;
        let back = (first / self.prices[place]).powf(0.05);
        let moved = self.prices[place] * back * (1.0 + most * self.dice.sign());
        self.prices[place] = moved.clamp(first / 2.0, first * 2.0);
    }

    /// Publishes a price on Pyth; an odd one is late, or wide.
    pub fn posts(&mut self, place: usize, odd: bool) -> Pubkey {
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

    /// All prices are published and told; all banks' interest is accrued, and sometimes all markets' funding.
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
        if self.dice.percent(30) {
            let markets = PERPS.map(|perp| refresh_market(&self.world.market_of(perp)));
            self.sends(&markets);
        }
    }

    /// All oracle accounts, fresh, for a transaction that brings them along.
    pub fn brought_along(&mut self) -> Vec<Pubkey> {
        (0..PRICED.len()).map(|place| self.posts(place, false)).collect()
    }

    /// A market's index price on the board in ticks, valid or not.
    pub fn board_index(&self, place: usize) -> Option<u32> {
        let (terms, market) = (self.world.terms(PERPS[place]), self.world.market(PERPS[place]));
        let ticks = terms.lot_price.checked_shr(terms.shift.into()).unwrap_or(0) / market.tick_lot;
        (ticks > 0).then_some(ticks)
    }

    /// The index price that an order meets: the board's while it is valid, else that of the oracle accounts that it brings.
    pub fn index(&self, place: usize, oracles: &[Pubkey]) -> Option<u32> {
        let (board, now) = (self.world.board(), self.world.now());
        let mut terms = self.world.terms(PERPS[place]);
        if terms.valid_until >= now {
            return self.board_index(place);
        }
        let mut feed = board.feeds[usize::from(terms.feed)];
        if let Some(price) = overlay(&self.world, oracles).price(terms.feed) {
            observation::fold(&mut feed, price, now).ok()?;
        }
        market::refresh_market(&mut terms, &feed, &board.header, now).ok()?;
        let ticks = terms.lot_price.checked_shr(terms.shift.into()).unwrap_or(0) / PERPS[place].tick_lot;
        (terms.valid_until >= now && ticks > 0).then_some(ticks)
    }

    /// About where a market trades, ticks.
    pub fn about(&self, place: usize) -> u32 {
        let token = PERPS[place].token;
        let feed = PRICED.iter().position(|it| *it == token).expect("a priced token");
        PERPS[place].ticks(self.prices[feed]).max(1)
    }
}
