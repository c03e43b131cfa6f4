//! Those who trade all the time: a market maker who quotes around the index, and liquidators who give back what they took.

use crate::{
    people::{People, Person},
    venue::Venue,
};
use plimsoll_client::{
    book::{OrderId, Side},
    instructions::{ledger, order::Order, trade},
};
use plimsoll_risk::num::Ratio;
use plimsoll_sim::quoting::{Instrument, Quoted, Style, unwinding};
use solana_pubkey::Pubkey;

/// How far from the index the maker quotes, hundredths of a percent: five orders a side.
const LADDER: [u32; 5] = [10, 25, 60, 120, 240];
/// Worth of one order of the maker's, native quote.
const RUNG: u64 = 60_000_000_000;
/// How far from the index a liquidator sells what he took, hundredths of a percent.
const REACH: u32 = 70;
/// Makers that an order brings along, to be settled at once.
pub const COMPANIONS: usize = 8;
/// The same of a batch, which has less room for them.
const BATCH_COMPANIONS: usize = 6;
/// Waiting fills that one instruction applies.
const MOST_APPLIED: u8 = 36;

impl Venue {
    /// The maker quotes anew in every market. What of the crowd's orders is in the way is filled.
    pub fn quotes(&mut self, maker: &Person) {
        for market in 0..self.markets.len() as u8 {
            let account = &self.account(&maker.account).0;
            let orders = account.orders.iter().filter(|order| order.id != 0 && order.market == market);
            let cancels: Vec<OrderId> = orders.map(|order| OrderId::new(order.id)).collect();
            let rungs = style().ladder(&self.instrument(market), 0);
            let ladder: Vec<Order> = rungs.iter().map(|rung| order(*rung)).collect();
            let mut makers = self.companions(market, &[maker.account]);
            makers.truncate(BATCH_COMPANIONS);
            let trading = self.trading(maker, market);
            let quote = trading.batch(&cancels, &ladder, &[], &makers);
            if self.tries("batch", &quote).error.is_some() {
                // Nobody takes while a breaker is open; and what he has may not carry all of it.
                let modest: Vec<Order> = ladder.into_iter().map(Order::post_only_slide).collect();
                let quote = trading.batch(&cancels, &modest, &[], &[]);
                self.tries("batch", &quote);
            }
        }
    }

    /// Owners of the first orders of both sides, each once, but these.
    fn companions(&self, market: u8, but: &[Pubkey]) -> Vec<Pubkey> {
        let mut found = self.owners(market, Side::Bid, but);
        found.extend(self.owners(market, Side::Ask, but));
        found.sort_unstable();
        found.dedup();
        found
    }

    /// Owners of the first orders of a side, in the order in which they are met, each once, but these.
    pub fn owners(&self, market: u8, side: Side, but: &[Pubkey]) -> Vec<Pubkey> {
        let mut found = Vec::new();
        let now = u32::try_from(self.now()).expect("a time of this century");
        for resting in self.book(market).side(side).orders(None, now) {
            let owner = Pubkey::from(resting.order.owner.0);
            if !but.contains(&owner) && !found.contains(&owner) {
                found.push(owner);
            }
            if found.len() == COMPANIONS {
                break;
            }
        }
        found
    }

    /// Liquidators sell what they took, as far as the book takes it near the index.
    pub fn unwinds(&mut self, people: &People) {
        for liquidator in &people.liquidators {
            for market in 0..self.markets.len() as u8 {
                let account = &self.account(&liquidator.account).0;
                let held = account.positions.iter().find(|it| it.flags != 0 && it.market == market);
                let lots = held.map_or(0, |position| position.lots.get());
                let Some(back) = unwinding(&self.instrument(market), lots, REACH) else { continue };
                let order = order(back).immediate().reduce_only();
                let side = if back.is_bid { Side::Ask } else { Side::Bid };
                let makers = self.owners(market, side, &[liquidator.account]);
                self.places(liquidator, market, &order, &makers);
            }
        }
    }

    /// A market, as whoever trades in it reckons.
    fn instrument(&self, market: u8) -> Instrument {
        let tick_lot = self.markets[usize::from(market)].perp.tick_lot;
        Instrument { index: self.index_ticks(market), tick_lot, minimum_lots: 1 }
    }

    /// Fills that wait are applied.
    pub fn applies_waiting(&mut self) {
        for market in 0..self.markets.len() as u8 {
            let mut makers: Vec<Pubkey> = Vec::new();
            for (_, fill) in self.queue(market).waiting() {
                let maker = Pubkey::from(fill.maker.0);
                if !makers.contains(&maker) && makers.len() < COMPANIONS {
                    makers.push(maker);
                }
            }
            if !makers.is_empty() {
                let at = self.markets[usize::from(market)].at;
                self.tries("apply_fills", &trade::apply_fills(&at, &makers, MOST_APPLIED));
            }
        }
    }

    /// Losses become cash of the pools first, then gains are paid out of them; fees follow.
    pub fn settles(&mut self, people: &[Person]) {
        let quote_bank = self.quote_bank();
        for losses in [true, false] {
            for person in people {
                for (market, is_loss) in self.unsettled(person) {
                    if is_loss == losses {
                        let at = self.markets[usize::from(market)].at;
                        self.tries("settle_pnl", &ledger::settle_pnl(&at, person.account, quote_bank));
                    }
                }
            }
        }
        for place in self.markets.clone() {
            self.tries("collect_fees", &ledger::collect_fees(&place.at, quote_bank));
        }
    }

    /// Markets in which somebody has a loss to settle, or a gain that was realised.
    fn unsettled(&self, person: &Person) -> Vec<(u8, bool)> {
        let mut found = Vec::new();
        for position in self.account(&person.account).0.positions.iter().filter(|it| it.flags != 0) {
            let terms = &self.board().markets[usize::from(position.market)];
            let worth =
                (i128::from(position.lots.get()) * i128::from(terms.lot_price)) >> u32::from(terms.shift);
            let pnl = worth + i128::from(position.quote.get());
            if pnl < 0 {
                found.push((position.market, true));
            } else if pnl > 0 && position.realised.get() > 0 {
                found.push((position.market, false));
            }
        }
        found
    }
}

/// How the maker quotes: whatever he holds.
fn style() -> Style {
    Style { ladder_bps: LADDER.to_vec(), rung: RUNG, skew_bps: 0, inventory: 0 }
}

fn order(quoted: Quoted) -> Order {
    Order::limit(if quoted.is_bid { Side::Bid } else { Side::Ask }, quoted.lots, quoted.ticks)
}

/// Part of what a liquidator could carry that one take-over may use.
pub const PRUDENCE: Ratio = Ratio::from_bps(5_000);
