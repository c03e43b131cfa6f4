//! What an account's owner knows from events alone: every unit of quote that came, went, was won and lost.

mod danger;
#[cfg(test)]
mod tests;

use crate::{World, perps::Perp};
use plimsoll::events::{MakerChange, Ordered, PnlSettled, PocketMoved, TriggerExecuted};
use plimsoll_client::{
    book::{OrderId, Side},
    events::{Event, Source},
};
use solana_pubkey::Pubkey;
use std::collections::BTreeMap;

/// A position, as told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Line {
    pub lots: i64,
    /// What was paid for it, with sign; what was settled is not in it any more.
    pub quote: i128,
    pub pocket: i128,
    pub isolated: bool,
}

/// An account's story in native quote, told by events. Nobody owes or lends the quote token in it.
#[derive(Clone, Debug, Default)]
pub struct Statement {
    account: Pubkey,
    /// The quote token's place among the banks.
    quote_bank: u8,
    /// What a lot at a tick is worth, market by market.
    tick_lots: Vec<u32>,
    /// Number of the last event.
    pub sequence: u64,
    /// Balance of the quote token.
    pub balance: i128,
    pub lines: BTreeMap<u8, Line>,
    /// Markets of the trigger orders by slot.
    triggers: BTreeMap<u8, u8>,
    pub deposited: i128,
    pub withdrawn: i128,
    /// What sales brought, less what purchases cost.
    pub traded: i128,
    /// Fees less rebates.
    pub fees: i128,
    /// Funding paid less received.
    pub funding: i128,
    /// Rewards of keepers, paid less earned.
    pub rewards: i128,
    /// What the deleveraging of a side paid, less what winners bore, funding until then included.
    pub deleveraged: i128,
    /// What swaps of collateral brought in quote, less what they took.
    pub swapped: i128,
    /// What is staked in the insurance fund, less what was redeemed.
    pub staked: i128,
    /// What a bankruptcy forgave, less what it seized.
    pub forgiven: i128,
    /// Times that profit or loss became cash.
    pub settlements: usize,
    /// Fills as maker that were settled at once, and through the queue.
    pub fills: (usize, usize),
}

impl World {
    /// From now on everything that is told is kept. To be called before the accounts of interest are opened.
    pub fn listens(&mut self) {
        self.history.told.get_or_insert_default();
    }

    /// Somebody's story since the world [`listens`](World::listens).
    ///
    /// # Panics
    /// Where an event of the account is missing, or says another balance than those before it.
    pub fn statement(&self, name: &str) -> Statement {
        let tick_lots = self.perps().map(|perp| perp.tick_lot).collect();
        let account = self.account_of(name);
        let mut statement = Statement { account, tick_lots, ..Statement::default() };
        for event in self.history.told.as_ref().expect("somebody listens") {
            statement.reads(event);
        }
        statement
    }

    /// Somebody's position, as a statement would tell of it.
    pub fn line(&self, name: &str, perp: Perp) -> Line {
        let position = self.position(name, perp);
        Line {
            lots: position.lots.get().into(),
            quote: position.quote.get().into(),
            pocket: position.pocket.get().into(),
            isolated: position.is_isolated(),
        }
    }
}

impl Statement {
    /// Sum of what was won and lost: trades, fees, funding, rewards, deleveraging.
    pub fn result(&self) -> i128 {
        self.traded - self.fees - self.funding - self.rewards + self.deleveraged
    }

    /// What a market's line says; an empty one for a market that was never traded.
    pub fn line(&self, market: u8) -> Line {
        self.lines.get(&market).copied().unwrap_or_default()
    }

    fn reads(&mut self, event: &Event) {
        for (source, number) in event.sequences() {
            if source == Source::Account(self.account) {
                assert_eq!(number, self.sequence + 1, "an event is missing before {event:?}");
                self.sequence = number;
            }
        }
        match event {
            Event::Deposited(it) if it.account == self.account && it.bank == self.quote_bank => {
                self.deposited += i128::from(it.amount);
                self.moves_balance(it.amount.into(), it.balance);
            }
            Event::Withdrawn(it) if it.account == self.account && it.bank == self.quote_bank => {
                self.withdrawn += i128::from(it.amount);
                self.moves_balance(-i128::from(it.amount), it.balance);
            }
            Event::Ordered(it) => self.reads_order(it),
            Event::FillsApplied(it) => self.reads_makers(it.market, &it.makers, true),
            Event::PnlSettled(it) if it.account == self.account => self.reads_settlement(it),
            Event::PocketMoved(it) if it.account == self.account => self.reads_pocket(it),
            Event::PositionModeSet(it) if it.account == self.account => {
                self.of(it.market).isolated = it.isolated;
            }
            Event::TriggerPlaced(it) if it.account == self.account => {
                self.triggers.insert(it.slot, it.market);
            }
            Event::TriggerExecuted(it) => self.reads_trigger(it),
            Event::StakeMoved(it) if it.account == self.account => {
                self.staked += i128::from(it.amount);
                self.moves_balance(-i128::from(it.amount), it.balance);
            }
            _ => self.reads_danger(event),
        }
    }

    fn of(&mut self, market: u8) -> &mut Line {
        self.lines.entry(market).or_default()
    }

    fn moves_balance(&mut self, by: i128, told: i64) {
        self.balance += by;
        assert_eq!(self.balance, told.into(), "another balance is told");
    }

    fn pays_funding(&mut self, market: u8, funding: i64) {
        self.funding += i128::from(funding);
        self.of(market).quote -= i128::from(funding);
    }

    fn trades(&mut self, market: u8, side: Side, (lots, worth, fee): (u32, u64, i64)) {
        let sign = if side == Side::Bid { 1 } else { -1 };
        let proceeds = -i128::from(sign) * i128::from(worth);
        self.traded += proceeds;
        self.fees += i128::from(fee);
        let line = self.of(market);
        line.lots += sign * i64::from(lots);
        line.quote += proceeds - i128::from(fee);
    }

    fn reads_order(&mut self, it: &Ordered) {
        self.reads_makers(it.market, &it.makers, false);
        if it.account == self.account {
            self.pays_funding(it.market, it.funding);
            let side = Side::from_code(it.side).expect("a side");
            self.trades(it.market, side, (it.filled, it.quote, it.fee));
        }
    }

    fn reads_makers(&mut self, market: u8, makers: &[MakerChange], queued: bool) {
        let settled = |it: &&MakerChange| it.maker == self.account && it.sequence != 0 && it.kind == 0;
        let mine: Vec<MakerChange> = makers.iter().filter(settled).cloned().collect();
        for it in mine {
            let tick_lot = self.tick_lots[usize::from(market)];
            let worth = u64::from(it.lots) * u64::from(it.price) * u64::from(tick_lot);
            self.pays_funding(market, it.funding);
            self.trades(market, OrderId::new(it.order).side(), (it.lots, worth, it.fee));
            *(if queued { &mut self.fills.1 } else { &mut self.fills.0 }) += 1;
        }
    }

    fn reads_settlement(&mut self, it: &PnlSettled) {
        self.settlements += 1;
        self.pays_funding(it.market, it.funding);
        let line = self.of(it.market);
        line.quote -= i128::from(it.amount);
        if line.isolated {
            line.pocket += i128::from(it.amount);
            assert_eq!(line.pocket, it.balance.into(), "another pocket is told");
        } else {
            self.moves_balance(it.amount.into(), it.balance);
        }
    }

    fn reads_pocket(&mut self, it: &PocketMoved) {
        self.pays_funding(it.market, it.funding);
        let line = self.of(it.market);
        line.pocket += i128::from(it.amount);
        assert_eq!(line.pocket, it.pocket.into(), "another pocket is told");
        self.moves_balance(-i128::from(it.amount), it.balance);
    }

    fn reads_trigger(&mut self, it: &TriggerExecuted) {
        let reward = i128::from(it.reward);
        if it.account == self.account {
            self.rewards += reward;
            let market = self.triggers[&it.slot];
            let line = self.of(market);
            if line.isolated {
                line.pocket -= reward;
                assert_eq!(line.pocket, it.balance.into(), "another pocket is told");
            } else {
                self.moves_balance(-reward, it.balance);
            }
        }
        if it.keeper == self.account {
            self.rewards -= reward;
            self.moves_balance(reward, it.keeper_balance);
        }
    }
}
