//! Terms of markets change: tightened at once, loosened later; actions are paused; markets are tried.

use super::walk::{PERPS, Walk};
use harness::{amounts::*, keys, tokens::*};
use plimsoll::{instructions::setup::MarketArgs, state::risk_board::Pausable};
use plimsoll_client::{
    addresses::{MarketAddresses, pending_change},
    instructions::{
        governance::{self, Proposal, Queued, number, parameter},
        setup,
    },
};
use plimsoll_risk::layout::market::MARKET_REDUCE_ONLY;

/// Parameters of markets, and two values of each between which they go.
const TERMS: [(&str, u64, u64); 16] = [
    ("market.imr", percent(20), percent(30)),
    ("market.mmr", percent(10), percent(12)),
    ("market.kappa", bps(10_000), bps(20_000)),
    ("market.pnl_weight", percent(50), percent(10)),
    ("market.pnl_cap", 1_000_000_000, 100_000_000),
    ("market.reduce_only", 0, 1),
    ("market.taker_fee", bps(5), bps(11)),
    ("market.maker_fee", 0, bps(3)),
    ("market.maker_rebate", 0, bps(1)),
    ("market.band", percent(5), percent(2)),
    ("market.open_interest_cap", 60_000, 9_000),
    ("market.account_cap", 20_000, 5_000),
    ("market.minimum_lots", 1, 5),
    ("market.unsettled_cap", 16, 4),
    ("market.funding_cap", percent(5), percent(1)),
    ("market.funding_period", 3_600, 28_800),
];

/// What trading needs to be allowed.
const ACTIONS: [Pausable; 7] = [
    Pausable::Place,
    Pausable::Cancel,
    Pausable::ApplyFills,
    Pausable::Settle,
    Pausable::Pocket,
    Pausable::Trigger,
    Pausable::Refresh,
];

impl Walk {
    pub fn terms_change(&mut self) {
        let (name, one, other) = self.dice.one_of(&TERMS);
        let value = if self.dice.percent(50) { one } else { other };
        let place = self.any_market();
        self.proposes(name, place, value);
    }

    fn proposes(&mut self, name: &str, place: usize, value: u64) {
        let row = parameter(name).expect("a parameter");
        let of = self.world.market_of(PERPS[place]);
        let signer = if self.dice.percent(5) { "guardian" } else { "admin" };
        let (proposer, market) = (keys::address(signer), Some(of.market));
        let value = number(value);
        let proposal = Proposal { parameter: row.id, target: of.index, bank: None, market, value };
        let next = self.world.exchange_account().change_sequence + 1;
        self.sends(&[proposal.propose(&self.world.exchange, proposer, next)]);
        let change = pending_change(&self.world.exchange.exchange, next).address();
        if self.world.change(&change).is_some() {
            self.queue.push(Queued { change, proposer, bank: None, market });
        }
    }

    /// Those that wait, mostly once the time of the oldest has come; what is refused then is forgotten.
    pub fn a_change_is_applied(&mut self) {
        let Some(oldest) = self.queue.first() else { return self.terms_change() };
        if self.dice.percent(70) {
            let ready_at = self.world.change(&oldest.change).map_or(0, |change| change.ready_at);
            self.world.passes((ready_at - self.world.now()).max(0));
            self.everything_is_refreshed();
        }
        let mut waits = Vec::new();
        for queued in core::mem::take(&mut self.queue) {
            let ready = self.world.change(&queued.change).is_some_and(|it| it.ready_at <= self.world.now());
            if ready || self.dice.percent(5) {
                self.sends(&[queued.apply(&self.world.exchange)]);
            }
            if !ready {
                waits.push(queued);
            }
        }
        self.queue = waits;
    }

    /// A market that may only be reduced is opened again, which has to wait; one that is open stays so.
    pub fn a_market_reopens(&mut self) {
        let reduce_only = |place: &usize| self.world.terms(PERPS[*place]).state == MARKET_REDUCE_ONLY;
        let Some(place) = (0..PERPS.len()).find(reduce_only) else { return };
        self.queue.clear();
        self.proposes("market.reduce_only", place, 0);
        self.a_change_is_applied();
    }

    pub fn an_action_is_paused(&mut self) {
        let guardian = keys::address("guardian");
        let action = self.dice.one_of(&ACTIONS) as u8;
        let pause = match self.dice.percent(50) {
            true => governance::pause(&self.world.exchange, guardian, action, 60),
            false => governance::unpause(&self.world.exchange, guardian, action),
        };
        self.sends(&[pause]);
    }

    /// One more market, at the end of the board, of which nothing is asked but that it is made, once, as it must be.
    pub fn a_market_is_tried(&mut self) {
        let index = self.world.board().header.market_count;
        let market = MarketAddresses::derive(&self.world.exchange, index);
        let feed = self.world.feed_of(BAR);
        let good = MarketArgs { feed, lots_per_unit: 100, tick_lot: 100, minimum_lots: 1 };
        let enough = usize::from(index) > PERPS.len();
        let args = match self.dice.below(5) {
            0 => MarketArgs { lots_per_unit: 0, ..good },
            1 => MarketArgs { tick_lot: u32::MAX, ..good },
            2 => MarketArgs { minimum_lots: 0, ..good },
            _ if enough => MarketArgs { feed: 60, ..good },
            _ => good,
        };
        let signer = keys::address(if self.dice.percent(20) { "guardian" } else { "admin" });
        self.sends(&[setup::create_market(&market, signer, args)]);
    }
}
