//! At what prices those trade who trade all the time: a market maker's ladder around the index, and what a liquidator asks
//! for the lots that were taken over.
//!
//! Prices are in ticks of a market, worths in native quote; all roundings are away from the index for a maker, so that no
//! quote is better than its rung says.

const BPS: u64 = 10_000;

/// A market, as whoever trades in it reckons.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Instrument {
    /// Its index in ticks, at least one.
    pub index: u32,
    /// Worth of one lot at a price of one tick, native quote.
    pub tick_lot: u32,
    /// Least lots of an order.
    pub minimum_lots: u32,
}

/// An order that is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quoted {
    /// A bid; otherwise an ask.
    pub is_bid: bool,
    /// How many lots, at least one.
    pub lots: u32,
    /// The limit, at least one tick.
    pub ticks: u32,
}

/// How a maker quotes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Style {
    /// How far from the middle, hundredths of a percent: a bid and an ask each.
    pub ladder_bps: Vec<u32>,
    /// Worth of one order, native quote.
    pub rung: u64,
    /// How far the middle is moved against a full inventory, hundredths of a percent: down with lots bought, up with lots
    /// sold. 0 takes no notice of the inventory.
    pub skew_bps: u32,
    /// Worth of a full inventory, native quote: from there on nothing is quoted that would add to it. 0 is no limit.
    pub inventory: u64,
}

impl Instrument {
    /// Worth of a lot at the index, native quote, at least 1.
    fn lot(&self) -> u64 {
        u64::from(self.index).saturating_mul(self.tick_lot.into()).max(1)
    }

    /// A price so far above (or below) another, in ticks, rounded away from it.
    fn away(from: u32, bps: u32, is_above: bool) -> u32 {
        let away = u64::from(from).saturating_mul(bps.into()).div_ceil(BPS).max(1);
        let away = u32::try_from(away).unwrap_or(u32::MAX);
        if is_above { from.saturating_add(away) } else { from.saturating_sub(away).max(1) }
    }
}

impl Style {
    /// Where the middle of the ladder is, for who holds so many lots, ticks rounded towards the index.
    pub fn middle(&self, at: &Instrument, held: i32) -> u32 {
        if self.inventory == 0 {
            return at.index;
        }
        let worth = u64::from(held.unsigned_abs()).saturating_mul(at.lot()).min(self.inventory);
        let full = u128::from(self.inventory).saturating_mul(BPS.into());
        let shift = u128::from(worth)
            .saturating_mul(self.skew_bps.into())
            .saturating_mul(at.index.into())
            .checked_div(full)
            .unwrap_or(0);
        let shift = u32::try_from(shift).unwrap_or(u32::MAX);
        if held > 0 { at.index.saturating_sub(shift).max(1) } else { at.index.saturating_add(shift) }
    }

    /// The whole ladder, a bid and an ask a rung, for who holds so many lots.
    pub fn ladder(&self, at: &Instrument, held: i32) -> Vec<Quoted> {
        let middle = self.middle(at, held);
        let lots = self.rung.checked_div(at.lot()).unwrap_or(0);
        let lots = u32::try_from(lots).unwrap_or(u32::MAX).max(at.minimum_lots).max(1);
        let is_full =
            self.inventory != 0 && u64::from(held.unsigned_abs()).saturating_mul(at.lot()) >= self.inventory;
        let rungs = self.ladder_bps.iter().flat_map(|bps| {
            [true, false].map(|is_bid| Quoted {
                is_bid,
                lots,
                ticks: Instrument::away(middle, *bps, !is_bid),
            })
        });
        rungs.filter(|quoted| !is_full || quoted.is_bid == (held < 0)).collect()
    }

    /// Whether orders around this middle are out of place by now, where the settings allow so much, hundredths of a percent.
    pub fn is_off(middle: u32, wanted: u32, most_bps: u32) -> bool {
        let gap = u64::from(middle.abs_diff(wanted)).saturating_mul(BPS);
        gap > u64::from(wanted).saturating_mul(most_bps.into())
    }
}

/// What gives back lots that were taken over, at once and at most so far from the index, hundredths of a percent, rounded
/// towards it; nothing of none. It is meant to reduce only.
pub fn unwinding(at: &Instrument, held: i32, reach_bps: u32) -> Option<Quoted> {
    let away = u64::from(at.index).saturating_mul(reach_bps.into()).checked_div(BPS).unwrap_or(0);
    let away = u32::try_from(away).unwrap_or(u32::MAX);
    let ticks = if held > 0 { at.index.saturating_sub(away).max(1) } else { at.index.saturating_add(away) };
    (held != 0).then_some(Quoted { is_bid: held < 0, lots: held.unsigned_abs(), ticks })
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT: Instrument = Instrument { index: 60_000, tick_lot: 100, minimum_lots: 2 };

    fn style() -> Style {
        Style { ladder_bps: vec![10, 25], rung: 60_000_000, skew_bps: 20, inventory: 600_000_000 }
    }

    fn ticks(held: i32) -> Vec<(bool, u32)> {
        style().ladder(&AT, held).iter().map(|it| (it.is_bid, it.ticks)).collect()
    }

    #[test]
    fn a_ladder_lies_around_the_index_and_each_rung_is_worth_the_same() {
        assert_eq!(ticks(0), [(true, 59_940), (false, 60_060), (true, 59_850), (false, 60_150)]);
        assert!(style().ladder(&AT, 0).iter().all(|quoted| quoted.lots == 10));
        let small = Style { rung: 1, ..style() };
        assert!(small.ladder(&AT, 0).iter().all(|quoted| quoted.lots == 2), "not below the least order");
    }

    #[test]
    fn a_rung_is_rounded_away_from_the_middle() {
        let at = Instrument { index: 9_999, ..AT };
        let found: Vec<u32> = style().ladder(&at, 0).iter().map(|it| it.ticks).collect();
        assert_eq!(found, [9_989, 10_009, 9_974, 10_024]);
        let cheap = Instrument { index: 1, ..AT };
        assert!(
            style().ladder(&cheap, 0).iter().all(|quoted| quoted.ticks == if quoted.is_bid { 1 } else { 2 })
        );
    }

    #[test]
    fn what_is_held_moves_the_middle_and_a_full_inventory_is_only_sold() {
        // Half of the inventory: half of the skew.
        assert_eq!((style().middle(&AT, 50), style().middle(&AT, -50)), (59_940, 60_060));
        assert_eq!(ticks(50), [(true, 59_880), (false, 60_000), (true, 59_790), (false, 60_090)]);
        assert_eq!(ticks(100), [(false, 59_940), (false, 60_030)]);
        assert_eq!(ticks(-300).iter().filter(|(is_bid, _)| !is_bid).count(), 0);
        let indifferent = Style { inventory: 0, ..style() };
        assert_eq!((indifferent.middle(&AT, 1 << 30), indifferent.ladder(&AT, 1 << 30).len()), (60_000, 4));
    }

    #[test]
    fn quotes_are_off_once_the_middle_is_further_than_allowed() {
        assert!(!Style::is_off(60_000, 60_030, 5) && Style::is_off(60_000, 60_031, 5));
    }

    #[test]
    fn lots_are_given_back_within_reach_of_the_index() {
        let back = |held| unwinding(&AT, held, 70).map(|it| (it.is_bid, it.lots, it.ticks));
        assert_eq!(back(7), Some((false, 7, 59_580)));
        assert_eq!(back(-7), Some((true, 7, 60_420)));
        assert_eq!(back(0), None);
    }
}
