//! The end of a walk: everybody in danger is seen through, every market is settled and closed, everybody pays back and leaves.

use super::walk::{KEEPERS, PEOPLE, PERPS, PRICED, Walk};
use crate::random_walk::tally::Tally;
use harness::{amounts::*, perps::Perp, tokens::*};
use plimsoll_client::instructions::settlement;
use plimsoll_risk::layout::market::MARKET_CLOSED;

/// Rounds after which all gains that can be paid are paid.
const MOST_ROUNDS: usize = 30;
/// Deals after which fees have filled every deficit.
const MOST_DEALS: usize = 400;

impl Walk {
    pub fn ends(mut self) -> Tally {
        self.world.passes(hours(3)); // no gate, pause or breaker is longer
        self.everything_is_refreshed();
        self.world.passes(60);
        for keeper in KEEPERS {
            self.world.trader(keeper).deposits(USDC, usdc(200_000));
        }
        self.clears_everybody();
        for perp in PERPS {
            self.everybody_cancels(perp);
            let open = self.world.market(perp).deficit;
            assert!(self.fees_fill_the_deficit(perp), "{} of {} are never filled", open.get(), perp.name);
        }
        for perp in PERPS {
            self.settles_market(perp);
        }
        self.everybody_settles();
        for perp in PERPS {
            self.ends_market(perp);
        }
        self.everybody_leaves();
        self.tally
    }

    pub fn everybody_cancels(&mut self, perp: Perp) {
        for name in PEOPLE {
            let position = self.position(name, perp);
            if position.bids | position.asks != 0 {
                self.cancels_for(name, perp, name);
            }
        }
        while self.world.queue(perp).header().live > 0 {
            self.applies_all_fills(perp);
        }
    }

    /// Two who can afford it trade to and fro until fees have filled what is open; returns whether they did.
    pub fn fees_fill_the_deficit(&mut self, perp: Perp) -> bool {
        for round in 0..MOST_DEALS {
            if self.world.market(perp).deficit.is_zero() {
                return true;
            }
            self.world.passes(1);
            self.everything_is_refreshed();
            let (buyer, seller) = (KEEPERS[round % 2], KEEPERS[1 - round % 2]);
            let ticks = self.price_of(perp);
            let lots = (100_000_000_000 / perp.worth(1, ticks)) as u32;
            if !self.trade(buyer, seller, perp, lots, ticks) {
                return false;
            }
            self.collects(perp);
        }
        false
    }

    /// Orders are cancelled, the hour passes, positions close.
    fn settles_market(&mut self, perp: Perp) {
        let (market, admin) = (self.world.market_of(perp), self.world.person("admin"));
        let start = settlement::start_settlement(&market, admin);
        assert!(self.sends(std::slice::from_ref(&start)).error.is_some(), "an open market began to settle");
        let close = settlement::close_settled(&market, self.address(PEOPLE[0]));
        assert!(self.sends(&[close]).error.is_some(), "a position of an open market was settled");
        self.world.makes_reduce_only(perp);
        self.sends(&[start]).must_succeed();
        let observe = settlement::observe_settlement(&market);
        while self.world.terms(perp).settlement_price == 0 {
            self.world.passes(60);
            self.everything_is_refreshed();
            self.sends(std::slice::from_ref(&observe));
        }
        assert!(self.sends(&[observe]).error.is_some(), "the price of settlement is fixed for ever");
        for name in PEOPLE {
            self.empties_book_of(name, perp);
        }
        for name in PEOPLE {
            if self.lots(name, perp) != 0 {
                let close = settlement::close_settled(&market, self.address(name));
                self.sends(&[close]);
            }
            assert_eq!(self.lots(name, perp), 0, "{name} still holds {}", perp.name);
        }
    }

    /// Losses are paid, by whoever can, and by the waterfall; then gains.
    fn everybody_settles(&mut self) {
        for _ in 0..MOST_ROUNDS {
            for perp in PERPS {
                for name in PEOPLE {
                    if self.position(name, perp).quote.get() != 0 {
                        self.settles_in(name, perp);
                    }
                }
                self.collects(perp);
            }
            for name in PEOPLE {
                self.pays_back(name);
                self.clears(name);
            }
        }
    }

    fn collects(&mut self, perp: Perp) {
        let (market, bank) = (self.world.market_of(perp), self.world.quote_bank());
        self.sends(&[plimsoll_client::instructions::ledger::collect_fees(&market, bank)]);
    }

    fn ends_market(&mut self, perp: Perp) {
        let (market, bank) = (self.world.market_of(perp), self.world.quote_bank());
        let close = settlement::close_market(&market, bank);
        let refused = self.sends(std::slice::from_ref(&close)).error.is_some();
        if refused && !self.world.market(perp).deficit.is_zero() {
            // h·pool never empties a pool, and no fees come any more: the last gains leave it ever more slowly.
            return self.tally.met("market that a deficit keeps open");
        }
        assert!(!refused, "{} cannot be closed: {:?}", perp.name, self.world.market(perp).pool);
        assert_eq!(self.world.terms(perp).state, MARKET_CLOSED);
        assert!(self.sends(&[close]).error.is_some(), "{} was closed twice", perp.name);
    }

    fn pays_back(&mut self, name: &str) {
        for token in [USDC].into_iter().chain(PRICED) {
            if self.balance(name, token) < 0 {
                self.world.trader(name).repays_all(token);
            }
        }
    }

    /// Whatever anybody still has can be withdrawn: claims = vaults.
    fn everybody_leaves(&mut self) {
        self.world.passes(hours(3)); // gates
        self.everything_is_refreshed();
        for name in PEOPLE {
            self.pays_back(name);
        }
        for name in PEOPLE {
            for token in [USDC].into_iter().chain(PRICED) {
                if self.balance(name, token) > 0 {
                    let take = self.outflow(name, token).withdraw_all(&[]);
                    self.sends(&[take]).must_succeed();
                }
            }
        }
    }
}
