//! Markets that trade, deleverage, pay funding and charge winners in any order, against exact fractions.

use crate::desk::KINDS;
use crate::exact::*;
use num_bigint::BigInt;
use num_traits::Zero;
use plimsoll_risk::conduct::{Change, allowed};
use plimsoll_risk::deleveraging::{
    Charge, ChargeWindow, Closing, Residue, Side, WHOLE_LOT, apply, charge, deleverage,
};
use plimsoll_risk::fill::{fill, join_side};
use plimsoll_risk::funding;
use plimsoll_risk::health::Overlay;
use plimsoll_risk::layout::account::{POSITION_IN_USE, Position};
use plimsoll_risk::layout::board::RiskBoard;
use plimsoll_risk::layout::market::MarketTerms;
use plimsoll_risk::liquidation::{Standing, View};
use plimsoll_risk::margin::{Holdings, isolated_margin, margin};
use plimsoll_risk::num::{Lots, Quote, Ratio};
use plimsoll_risk::settlement::{gain, loss};
use proptest::prelude::*;

#[derive(Clone, Copy, Debug)]
enum Step {
    /// Buyer, seller, lots.
    Trade(usize, usize, u32),
    /// Who is closed against the other side, and how many of their lots (all, if there are fewer).
    Deleverage(usize, u32),
    Funding(i64),
    Price(u32),
    Charge(bool, u32),
    Touch(usize),
}

fn step() -> impl Strategy<Value = Step> {
    let lots = || prop_oneof![1u32..20, 1u32..1 << 20, Just(u32::MAX >> 8)];
    prop_oneof![
        4 => (0usize..6, 0usize..6, lots()).prop_map(|(buyer, seller, lots)| Step::Trade(buyer, seller, lots)),
        4 => (0usize..6, lots()).prop_map(|(who, lots)| Step::Deleverage(who, lots)),
        1 => (-1i64 << 40..1 << 40).prop_map(Step::Funding),
        1 => (1u32..1 << 24).prop_map(Step::Price),
        1 => (any::<bool>(), 0u32..1 << 30).prop_map(|(is_long, amount)| Step::Charge(is_long, amount)),
        1 => (0usize..6).prop_map(Step::Touch),
    ]
}

/// What a position should be, exactly: lots since it was last touched as a fraction, and what its quote changed by.
#[derive(Clone)]
struct Model {
    /// As a fraction; none as long as nothing was closed.
    lots: Option<(BigInt, BigInt)>,
    held: u32,
    quote: Option<Exact>,
}

impl Model {
    fn of(position: &Position) -> Self {
        Self { lots: None, held: position.lots.magnitude(), quote: None }
    }

    fn exact_lots(&self) -> Exact {
        self.lots
            .as_ref()
            .map_or_else(|| whole(self.held), |(lots, unit)| Exact::new(lots.clone(), unit.clone()))
    }

    fn close(&mut self, staying: u64, open: u64) {
        let (lots, unit) = self.lots.get_or_insert_with(|| (self.held.into(), 1.into()));
        *lots *= staying;
        *unit *= open;
    }

    fn pay(&mut self, paid: Exact) {
        *self.quote.get_or_insert_with(Exact::zero) += paid;
    }
}

struct World {
    terms: MarketTerms,
    accounts: [Position; 6],
    models: Vec<Model>,
    /// Longs, shorts.
    open: [u64; 2],
    residues: [Residue; 2],
    windows: [ChargeWindow; 2],
    charged: i128,
    /// Whether quote is modelled, too.
    with_quote: bool,
    touches: i128,
    events: i128,
}

const fn place(is_long: bool) -> usize {
    if is_long { 0 } else { 1 }
}

impl World {
    fn new(with_quote: bool) -> Self {
        let mut terms: MarketTerms = bytemuck::Zeroable::zeroed();
        (terms.longs.a, terms.shorts.a) = (WHOLE_LOT, WHOLE_LOT);
        (terms.lot_price, terms.shift) = (1 << 16, 8);
        let position = Position { flags: POSITION_IN_USE, ..bytemuck::Zeroable::zeroed() };
        let zero: Residue = bytemuck::Zeroable::zeroed();
        Self {
            terms,
            accounts: [position; 6],
            models: vec![Model::of(&position); 6],
            open: [0, 0],
            residues: [zero, zero],
            windows: [bytemuck::Zeroable::zeroed(); 2],
            charged: 0,
            with_quote,
            touches: 0,
            events: 0,
        }
    }

    fn price(&self) -> Exact {
        fraction(self.terms.lot_price, power_of_two(u32::from(self.terms.shift)))
    }

    /// What a position's lots bear if each event rounded `K` by a unit, which is 2^-32 of a lot of the epoch's start.
    fn unit_of_k(&self, position: &Position) -> Exact {
        let lots_of_start =
            fraction(position.lots.magnitude(), position.deleveraging_a.max(1)) * power_of_two(63);
        lots_of_start * whole(self.events) / power_of_two(32)
    }

    /// Applies what is pending, and checks it against the model.
    fn touch(&mut self, who: usize) {
        let position = &mut self.accounts[who];
        let before = *position;
        let is_long = before.lots.get() > 0;
        let pending = apply(position, &self.terms, self.terms.funding).unwrap();
        let model = &self.models[who];
        let found = position.lots.get().unsigned_abs();
        if let Some((lots, unit)) = &model.lots {
            // Towards flat, by at most one lot and what `A` cannot count.
            let short = lots - unit * found;
            assert!(short >= BigInt::zero() && &short * 256 <= unit * 257, "{found} for {lots}/{unit}");
        } else {
            assert_eq!(found, model.held);
        }
        if let Some(pending) = pending {
            self.residues[place(is_long)].absorb(&pending).unwrap();
            self.touches += 1;
        }
        funding::apply(&mut self.accounts[who], self.terms.funding).unwrap();
        if self.with_quote {
            let rounded = (model.exact_lots() - whole(found)) * self.price();
            let exact =
                model.quote.clone().unwrap_or_else(Exact::zero) + if is_long { rounded } else { -rounded };
            let change = whole(self.accounts[who].quote.get()) - whole(before.quote.get());
            let tolerance = whole(5)
                + fraction(u64::from(before.lots.magnitude()) + 1, 1u64 << 12)
                + self.unit_of_k(&before)
                + self.price() / whole(256);
            assert!(
                change <= &exact + self.price() / whole(256) && change >= &exact - tolerance,
                "{change} for {exact}"
            );
        }
        self.models[who] = Model::of(&self.accounts[who]);
    }

    fn fill(&mut self, who: usize, is_bid: bool, lots: u32, worth: i64) {
        let before = self.accounts[who].lots.get();
        fill(&mut self.accounts[who], is_bid, lots, Quote::new(worth), Quote::ZERO).unwrap();
        let after = self.accounts[who].lots.get();
        for is_long in [true, false] {
            let on = |lots: i32| lots != 0 && (lots > 0) == is_long;
            let size = |lots: i32| if on(lots) { u64::from(lots.unsigned_abs()) } else { 0 };
            let (open, residue) = (&mut self.open[place(is_long)], &mut self.residues[place(is_long)]);
            *open = *open + size(after) - size(before);
            match (on(before), on(after)) {
                (false, true) => residue.joins().unwrap(),
                (true, false) => residue.leaves().unwrap(),
                _ => {}
            }
        }
        if (before > 0) != (after > 0) || before == 0 {
            join_side(&mut self.accounts[who], &self.terms);
        }
        self.models[who] = Model::of(&self.accounts[who]);
    }

    fn worth(&self, lots: u32) -> i64 {
        ((u64::from(lots) * u64::from(self.terms.lot_price)) >> self.terms.shift) as i64
    }

    fn trade(&mut self, buyer: usize, seller: usize, lots: u32) {
        if buyer == seller {
            return;
        }
        self.touch(buyer);
        self.touch(seller);
        let worth = self.worth(lots);
        self.fill(buyer, true, lots, worth);
        self.fill(seller, false, lots, worth);
    }

    fn deleverage(&mut self, who: usize, lots: u32) {
        self.touch(who);
        let held = self.accounts[who].lots;
        let is_long = held.get() < 0;
        let open = self.open[place(is_long)];
        let lots = lots.min(held.magnitude()).min(u32::try_from(open).unwrap());
        if lots == 0 {
            return;
        }
        let worth = self.worth(lots);
        let closing = Closing {
            market: 0,
            is_long,
            open_lots: open,
            lots: lots.into(),
            worth: Quote::new(worth),
            funding: self.terms.funding,
        };
        let mut side = Side::of(&self.terms, is_long);
        if deleverage(&mut side, &mut self.residues[place(is_long)], &closing).is_err() {
            // Only because somebody was two epochs behind.
            assert!(self.residues[place(is_long)].earlier > 0);
            (0..6).for_each(|who| self.touch(who));
            side = Side::of(&self.terms, is_long);
            deleverage(&mut side, &mut self.residues[place(is_long)], &closing).unwrap();
        }
        side.store(&mut self.terms, is_long);
        self.open[place(is_long)] -= u64::from(lots);
        self.events += 1;
        for (position, model) in self.accounts.iter().zip(&mut self.models) {
            if !position.lots.is_zero() && (position.lots.get() > 0) == is_long {
                if self.with_quote {
                    let paid = model.exact_lots() * whole(worth) / whole(open);
                    model.pay(if is_long { paid } else { -paid });
                }
                model.close(open - u64::from(lots), open);
            }
        }
        self.fill(who, is_long, lots, worth);
    }

    fn fund(&mut self, growth: i64) {
        self.terms.funding += growth;
        if self.with_quote {
            for (position, model) in self.accounts.iter().zip(&mut self.models) {
                let paid = model.exact_lots() * fraction(growth, power_of_two(32));
                model.pay(if position.lots.get() > 0 { -paid } else { paid });
            }
        }
    }

    fn charge(&mut self, is_long: bool, amount: u32) {
        let mut side = Side::of(&self.terms, is_long);
        let open_lots = self.open[place(is_long)];
        let cap = 1u64 << 46;
        let bill = Charge { is_long, open_lots, amount: Quote::new(amount.into()), cap };
        let (residue, window) = (&mut self.residues[place(is_long)], &mut self.windows[place(is_long)]);
        let taken = charge(&mut side, residue, window, &bill, 1).unwrap();
        assert!(taken <= bill.amount && window.charged <= cap);
        side.store(&mut self.terms, is_long);
        self.charged += i128::from(taken.get());
        self.events += 1;
        if self.with_quote && open_lots > 0 {
            for (position, model) in self.accounts.iter().zip(&mut self.models) {
                if !position.lots.is_zero() && (position.lots.get() > 0) == is_long {
                    let paid = model.exact_lots() * fraction(taken.get(), open_lots);
                    model.pay(-paid);
                }
            }
        }
    }

    fn take(&mut self, step: Step) {
        match step {
            Step::Trade(buyer, seller, lots) => self.trade(buyer, seller, lots),
            Step::Deleverage(who, lots) => self.deleverage(who, lots),
            Step::Funding(growth) => self.fund(growth),
            Step::Price(lot) => self.terms.lot_price = lot,
            Step::Charge(is_long, amount) => self.charge(is_long, amount),
            Step::Touch(who) => self.touch(who),
        }
        assert_eq!(self.open[0], self.open[1]);
    }

    /// What is pending counts in every check as if it had been applied.
    fn foresee(&mut self) {
        let mut board: Box<RiskBoard> = Box::new(bytemuck::Zeroable::zeroed());
        board.header.market_count = 1;
        self.terms.lot_stable = self.terms.lot_price - self.terms.lot_price / 8;
        board.markets[0] = MarketTerms {
            initial_ratio: Ratio::from_bps(1_000),
            maint_ratio: Ratio::from_bps(500),
            unbound_initial: Quote::MAX,
            unbound_maint: Quote::MAX,
            pnl_weight: Ratio::ONE,
            pnl_cap: Quote::MAX,
            valid_until: 1,
            ..self.terms
        };
        let terms = board.markets[0];
        for behind in self.accounts {
            let mut touched = behind;
            apply(&mut touched, &terms, terms.funding).unwrap();
            let view = View { board: &board, overlay: &Overlay::none(), now: 1 };
            let of = |position: &Position| {
                let mut positions: [Position; 16] = bytemuck::Zeroable::zeroed();
                positions[3] = *position;
                let holdings = Holdings { balances: &bytemuck::Zeroable::zeroed(), positions: &positions };
                let cross = KINDS.map(|check| margin(&holdings, &board, &Overlay::none(), check, 1));
                let pocket = KINDS.map(|check| isolated_margin(position, &board, &Overlay::none(), check, 1));
                let cash = (loss(position, &terms, 1), gain(position, &terms, Quote::MAX, Quote::ZERO, 1));
                let change = Change { holdings, place: 3, before: &behind, paid: Quote::ZERO };
                let conduct = allowed(&change, &board, &Overlay::none(), 1);
                let standing = (Standing::of(&holdings, &view), Standing::of_pocket(position, &view));
                (cross, pocket, cash, conduct, standing)
            };
            assert_eq!(of(&behind), of(&touched));
            // And applying it is no change that anybody made.
            assert_eq!(of(&touched).3, Ok(()));
        }
    }

    /// Everybody is up to date: all lots are somebody's, and no quote came out of nothing.
    fn finish(&mut self) {
        (0..6).for_each(|who| self.touch(who));
        let mut cash: i128 = self.charged;
        let mut lots = [0i64, 0];
        for position in &self.accounts {
            cash += i128::from(position.quote.get());
            lots[place(position.lots.get() > 0)] += i64::from(position.lots.get());
        }
        for is_long in [true, false] {
            let residue = &mut self.residues[place(is_long)];
            assert_eq!((residue.behind, residue.earlier), (0, 0));
            let (rest, quote) = residue.take(is_long, self.terms.funding).unwrap().unwrap_or_default();
            assert!(if is_long { rest >= Lots::ZERO } else { rest <= Lots::ZERO }, "{rest:?}");
            // Each touch leaves less than a lot, and what `A` cannot count.
            assert!(i128::from(rest.magnitude()) <= self.touches + 1, "{rest:?}");
            lots[place(is_long)] += i64::from(rest.get());
            cash += i128::from(quote.get());
        }
        assert_eq!(lots.map(i64::unsigned_abs), self.open);
        // Funding is rounded against each who pays or gets it, so the market never owes more than it has.
        assert!(cash <= 0 && cash >= -(self.steps_of_dust()), "{cash}");
    }

    fn steps_of_dust(&self) -> i128 {
        8 * (self.touches + self.events) + 200
    }
}

fn live(steps: &[Step], with_quote: bool) {
    let mut world = World::new(with_quote);
    for step in steps {
        world.take(*step);
    }
    world.foresee();
    world.finish();
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100_000))]

    #[test]
    fn every_lot_is_somebodys_after_any_sequence(steps in prop::collection::vec(step(), 1..12)) {
        live(&steps, false);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn every_position_is_paid_what_its_exact_part_is_worth(steps in prop::collection::vec(step(), 1..24)) {
        live(&steps, true);
    }

    #[test]
    fn epochs_follow_each_other_as_sides_are_emptied(
        parts in prop::collection::vec((0usize..6, 990u32..=1_000, any::<bool>()), 1..40),
    ) {
        let mut world = World::new(false);
        for (who, part, touches) in parts {
            world.trade(who, (who + 1) % 6, 1 << 16);
            world.trade((who + 2) % 6, (who + 3) % 6, 3 << 10);
            let held = world.accounts[who].lots.magnitude();
            world.deleverage(who, (u64::from(held) * u64::from(part) / 1_000) as u32);
            if touches {
                (0..6).for_each(|who| world.touch(who));
            }
        }
        world.finish();
    }
}
