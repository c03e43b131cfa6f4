//! Trigger orders of all kinds, executed by others; dead men.

use super::{
    orders::{Ask, must_be_refused_for},
    walk::{PEOPLE, PERPS, STRANGER, Walk},
};
use harness::failure;
use plimsoll::{
    errors::Refusal,
    instructions::trade::{OrderArgs, REDUCE_ONLY},
};
use plimsoll_client::{
    book::Side,
    events::Event,
    instructions::{
        trade,
        trigger::{self, Execution, Trigger},
    },
};
use plimsoll_risk::{layout::account::TriggerOrder, num::Ratio};

/// Refusals of a trigger order that the book has no part in.
const NOT_OF_THE_BOOK: [Refusal; 14] = [
    Refusal::Paused,
    Refusal::NotEnoughMargin,
    Refusal::RaisesRisk,
    Refusal::StaleMarket,
    Refusal::StalePrice,
    Refusal::PricesTooFarApart,
    Refusal::PriceNotNewer,
    Refusal::TriggerNotReached,
    Refusal::NoSuchTrigger,
    Refusal::OrderExpired,
    Refusal::NoFreePosition,
    Refusal::AccountPositionCap,
    Refusal::OpenInterestCap,
    Refusal::MarketReduceOnly,
];

impl Walk {
    /// Mostly one that closes what there is.
    pub fn places_a_trigger(&mut self) {
        let (name, place) = (self.anybody(), self.any_market());
        let held = self.shadows[place].held(self.address(name));
        let closes = if held < 0 { Side::Bid } else { Side::Ask };
        let side = if self.dice.percent(85) { closes } else { closes.opposite() };
        let about = f64::from(self.about(place));
        let price = if self.dice.percent(2) { 0 } else { (about * (1.0 + 0.03 * self.dice.sign())) as u32 };
        let trail = Ratio::from_bps(50 + self.dice.below(5_200) as u32 / (1 + self.dice.below(40) as u32));
        let mut trigger = match self.dice.below(3) {
            0 => Trigger::stop_loss(side, price),
            1 => Trigger::take_profit(side, price),
            _ => Trigger::trailing(side, price, trail),
        };
        if self.dice.percent(60) {
            trigger = trigger.lots(self.dice.below(500) as u32);
        }
        if self.dice.percent(20) {
            trigger = trigger.limit((about * (1.0 + 0.02 * self.dice.sign())) as u32);
        }
        if self.dice.percent(40) {
            trigger = trigger.reward(self.dice.between(0, 2_100_000) as u32);
        }
        let now = self.world.now() as u32;
        if self.dice.percent(30) {
            trigger = trigger.expires(now + self.dice.below(120) as u32);
        }
        let place = self.trading(name, name, place).place_trigger(&trigger);
        self.acts(name, place, &[]);
    }

    fn any_trigger(&mut self) -> Option<(&'static str, u8, TriggerOrder)> {
        let mut all = Vec::new();
        for name in PEOPLE {
            let account = self.account(name);
            let used = |slot: usize| account.header.triggers_in_use >> slot & 1 == 1;
            let triggers = account.triggers.iter().enumerate().filter(|(slot, _)| used(*slot));
            all.extend(triggers.map(|(slot, trigger)| (name, slot as u8, *trigger)));
        }
        if all.is_empty() { None } else { Some(self.dice.one_of(&all)) }
    }

    /// By its owner, or by a stranger who may only once its time is over.
    pub fn cancels_a_trigger(&mut self) {
        let Some((name, slot, _)) = self.any_trigger() else { return self.places_a_trigger() };
        let signer = if self.dice.percent(30) { STRANGER } else { name };
        let slot = if self.dice.percent(5) { slot ^ 7 } else { slot };
        let board = self.world.exchange.board;
        let cancel = trigger::cancel_trigger(board, self.address(name), self.key(signer), slot);
        self.acts(name, cancel, &[]);
    }

    /// It becomes an order like any other, foretold like any other.
    pub fn executes_a_trigger(&mut self) {
        let Some((name, slot, trigger)) = self.any_trigger() else { return self.places_a_trigger() };
        let place = usize::from(trigger.market);
        let (makers, oracles) = self.along(place, trigger.flags);
        let keeper = self.dice.one_of(&PEOPLE);
        if keeper == name {
            return self.places_a_trigger();
        }
        let execution = Execution {
            market: self.world.market_of(PERPS[place]),
            account: self.address(name),
            keeper: self.address(keeper),
            quote_bank: self.world.quote_bank(),
        };
        let makers: Vec<_> = makers.into_iter().filter(|it| *it != execution.keeper).collect();
        let instruction = execution.execute(slot, &oracles, &makers);
        let orders = vec![becomes(&trigger)];
        let ask = Ask { name, place, cancels: Vec::new(), orders, makers, oracles };
        let mut foretold = self.foretells(&ask);
        if foretold.as_ref().is_ok_and(|(_, _, fates)| fates[0].filled == 0) {
            foretold = Err(Refusal::CannotFill);
        }
        let receipt = self.acts(name, instruction, &ask.oracles);
        if let Some(error) = &receipt.error {
            return must_be_refused_for(&foretold, &failure::name(error), &NOT_OF_THE_BOOK);
        }
        if receipt.events.iter().any(|event| matches!(event, Event::TriggerExecuted(_))) {
            self.tally.met("trigger executed");
            self.must_have_happened(&ask, foretold, &receipt);
        } else {
            self.tally.met("trailing stop followed");
        }
    }

    pub fn sets_a_dead_man(&mut self) {
        let name = self.anybody();
        let seconds = match self.dice.below(10) {
            0..3 => 0,
            3 => self.dice.between(0, u64::from(u32::MAX)) as u32,
            _ => 10 + self.dice.below(120) as u32,
        };
        let board = self.world.exchange.board;
        let set = trade::set_dead_man(board, self.address(name), self.key(name), seconds);
        self.acts(name, set, &[]);
    }
}

/// The order that a trigger becomes: immediate, only reducing, before its own resting ones.
fn becomes(trigger: &TriggerOrder) -> OrderArgs {
    let any = if trigger.flags == 0 { u32::MAX } else { 1 };
    OrderArgs {
        side: trigger.flags,
        kind: 1,
        flags: REDUCE_ONLY,
        self_trade: 1,
        lots: trigger.lots,
        price: if trigger.limit_price == 0 { any } else { trigger.limit_price },
        peg_offset: 0,
        expires_at: 0,
        client_id: trigger.client_id,
        most_makers: 16,
    }
}
