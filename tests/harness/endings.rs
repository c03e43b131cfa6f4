//! How markets end: settlement at one price, and what is left.

use crate::{Receipt, World, governors::Governor, perps::Perp, trader::Trader};
use plimsoll_client::instructions::settlement;

/// How long the settlement price is averaged, seconds.
const SETTLEMENT: i64 = 3_600;

impl Governor<'_> {
    /// Begins the settlement of a market: the admin, or anybody when feed or governance is dead.
    pub fn starts_settlement(&mut self, perp: Perp) -> Receipt {
        let market = self.world.market_of(perp);
        let instruction = settlement::start_settlement(&market, self.key);
        self.world.attempts(&[instruction], self.expected.as_ref())
    }

    /// Shows that those who govern live.
    pub fn proves_life(&mut self) -> Receipt {
        let instruction = settlement::prove_life(&self.world.exchange, self.key);
        self.world.attempts(&[instruction], self.expected.as_ref())
    }
}

impl Trader<'_> {
    /// As a keeper, takes the last valid price into a settlement's average.
    pub fn observes_settlement(&mut self, perp: Perp) -> Receipt {
        let market = self.world.market_of(perp);
        self.sends(&[settlement::observe_settlement(&market)])
    }

    /// As a keeper, closes somebody's position at the settlement price.
    pub fn closes_settled(&mut self, name: &str, perp: Perp) -> Receipt {
        let (market, account) = (self.world.market_of(perp), self.world.account_of(name));
        self.sends(&[settlement::close_settled(&market, account)])
    }

    /// As a keeper, closes a market in which nothing is left.
    pub fn closes_market(&mut self, perp: Perp) -> Receipt {
        let (market, bank) = (self.world.market_of(perp), self.world.quote_bank());
        self.sends(&[settlement::close_market(&market, bank)])
    }
}

impl World {
    /// The admin lets positions in a market only shrink from now on: at once, as tightening may.
    pub fn makes_reduce_only(&mut self, perp: Perp) {
        self.sets_in_market("market.reduce_only", perp, 1);
    }

    /// The admin makes a market reduce-only and settles it; the hour passes with a price and an observation every minute,
    /// and the settlement price is fixed.
    pub fn settles_market(&mut self, perp: Perp) {
        self.makes_reduce_only(perp);
        self.admin().starts_settlement(perp);
        self.averages_settlement(perp);
    }

    /// The hour of a settlement passes with a price and an observation every minute, until the price is fixed.
    ///
    /// # Panics
    /// Where that takes longer.
    pub fn averages_settlement(&mut self, perp: Perp) {
        let most = SETTLEMENT / 60;
        for _ in 0..most {
            if self.terms(perp).settlement_price != 0 {
                return;
            }
            self.waits(60);
            self.trader("keeper").observes_settlement(perp);
        }
        assert_ne!(self.terms(perp).settlement_price, 0, "the price of {} is not fixed", perp.name);
    }
}
