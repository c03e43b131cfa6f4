//! Deals between two people, and limits found by trying.

use crate::{Receipt, World, governors::Governor, perps::Perp, tokens::Token};
use plimsoll_client::{
    book::Side,
    instructions::{ledger, order::Order},
};
use plimsoll_risk::num::{RATIO_BITS, Ratio};
use solana_instruction::Instruction;

/// Minutes that a stable price may take to follow.
const PATIENCE: usize = 500;

impl World {
    /// With these perpetuals on standard terms, but initial ratios that volatility does not raise: a fifth of the worth,
    /// before the root of it makes that more. `more` sets what else is to be known before opening.
    pub fn with_steady_markets(perps: &[Perp], more: impl FnOnce(&mut Self)) -> Self {
        let mut world = Self::with_markets_before_opening(perps);
        for perp in perps {
            world.sets_in_market("market.kappa", *perp, 0);
        }
        more(&mut world);
        world.opens()
    }

    /// One buys lots of the other at a price in ticks: the seller's order rests first, and both are settled at once.
    pub fn deals(&mut self, buyer: &str, seller: &str, perp: Perp, lots: u32, ticks: u32) -> Receipt {
        self.trader(seller).places(perp, Order::limit(Side::Ask, lots, ticks).post_only());
        let order = Order::limit(Side::Bid, lots, ticks).fill_or_kill();
        self.trader(buyer).meeting(&[seller]).places(perp, order)
    }

    /// The largest number below `beyond` that an attempt accepts, tried on copies of this world.
    ///
    /// # Panics
    /// Where not even 1 is accepted, or `beyond` is: then it says nothing.
    #[track_caller]
    pub fn most(&self, beyond: u64, attempt: impl Fn(&mut World, u64) -> Instruction) -> u64 {
        let accepts = |number| {
            let mut copy = self.clone();
            let instruction = attempt(&mut copy, number);
            copy.chain.send(&[instruction]).error.is_none()
        };
        assert!(accepts(1) && !accepts(beyond), "the limit is not between 1 and {beyond}");
        let (mut accepted, mut refused) = (1, beyond);
        while refused - accepted > 1 {
            let middle = accepted + (refused - accepted) / 2;
            if accepts(middle) {
                accepted = middle;
            } else {
                refused = middle;
            }
        }
        accepted
    }

    /// Time passes at this price until a token's stable price has followed, and all prices are fresh.
    pub fn calms(&mut self, token: Token) {
        for _ in 0..PATIENCE {
            let feed = self.feed(token);
            if feed.stable == feed.price {
                self.refreshes_all();
                return;
            }
            self.passes(60);
            self.oracle().publishes(token);
            self.oracle().refreshes(&[token]);
        }
        panic!("the stable price of {} never follows", token.name);
    }

    /// What somebody's position in a market has made at the oracle's price, native quote; exact where that is a whole tick
    /// and no funding is due.
    pub fn paper_profit(&mut self, name: &str, perp: Perp) -> i64 {
        let ticks = self.oracle_ticks(perp);
        let position = self.position(name, perp);
        let worth = perp.worth(position.lots.magnitude(), ticks) as i64;
        position.quote.get() + if position.lots.get() < 0 { -worth } else { worth }
    }

    /// What takers pay for lots at a price in ticks, native quote, rounded up.
    pub fn taker_fee(&self, perp: Perp, lots: u32, ticks: u32) -> i64 {
        part(perp.worth(lots, ticks), self.market(perp).taker_fee).1
    }

    /// What makers get for it, native quote, rounded down.
    pub fn rebate(&self, perp: Perp, lots: u32, ticks: u32) -> i64 {
        part(perp.worth(lots, ticks), self.market(perp).maker_rebate).0
    }

    /// Quote that a position has gained or lost and not settled, native units.
    pub fn unsettled(&self, name: &str, perp: Perp) -> i64 {
        self.position(name, perp).realised.get()
    }
}

impl Governor<'_> {
    /// Takes all collected fees to an own token account of the quote token.
    pub fn takes_fees(&mut self) -> Receipt {
        let quote = self.world.tokens[0];
        let wallet = self.world.chain.wallet(&self.key, &quote);
        let instruction = ledger::pay_fees(&self.world.bank_of(quote), self.key, wallet);
        self.world.attempts(&[instruction], self.expected.as_ref())
    }
}

/// A part of an amount, rounded down and rounded up.
fn part(amount: u64, ratio: Ratio) -> (i64, i64) {
    let product = u128::from(amount) * u128::from(ratio.get());
    let floor = (product >> RATIO_BITS) as i64;
    (floor, floor + i64::from(product & ((1 << RATIO_BITS) - 1) != 0))
}
