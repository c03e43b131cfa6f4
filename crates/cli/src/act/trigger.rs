//! `plimsoll trigger`: orders that wait for a price.

use super::{
    deed::Deed,
    measures,
    operator::{Operator, Own, held},
    oracles::{self, Beside},
    place::{Direction, index, worst},
};
use crate::{
    Refusal,
    amounts::{self, Wanted},
    exchange::MarketEntry,
};
use clap::{Args, Subcommand};
use plimsoll::state::MarginAccount;
use plimsoll_client::{
    book::Side,
    instructions::{
        trade::Trading,
        trigger::{Trigger, cancel_trigger},
    },
};

/// Orders that wait for a price: stop-loss, take-profit, trailing stop
///
/// They only ever reduce a position. Keepers execute them at the oracle price, for a reward.
///
/// Exit codes: 0 done; 1 the program or the network said no; 2 malformed arguments; 3 must not or cannot be done.
#[derive(Args, Debug)]
pub struct Triggers {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Closes the position when the price has turned against it
    StopLoss(AtPrice),
    /// Closes the position when the price has gone its way
    TakeProfit(AtPrice),
    /// A stop-loss that follows the best price at a distance
    Trailing(Trailing),
    /// Takes a trigger order back, by its slot in the account
    Cancel(Cancel),
}

#[derive(Args, Debug)]
struct AtPrice {
    /// The market
    #[arg(value_name = "MARKET")]
    on: String,
    /// The oracle price that sets it off
    #[arg(long, value_name = "PRICE")]
    at: String,
    #[command(flatten)]
    usual: Usual,
}

#[derive(Args, Debug)]
struct Trailing {
    /// The market
    #[arg(value_name = "MARKET")]
    on: String,
    /// How far from the best price, at most half of it
    #[arg(long, value_name = "PERCENT")]
    distance: String,
    /// Where it begins; without it at the distance from the present price
    #[arg(long, value_name = "PRICE")]
    at: Option<String>,
    #[command(flatten)]
    usual: Usual,
}

#[derive(Args, Debug)]
struct Cancel {
    /// Its slot, as `plimsoll account` shows it
    slot: u8,
    #[command(flatten)]
    own: Own,
}

/// What all kinds have in common.
#[derive(Args, Debug)]
struct Usual {
    /// How much of the position it closes; all of it without this
    #[arg(long, value_name = "SIZE")]
    size: Option<String>,
    /// The worst price that it may fill at; whatever the market's band allows without this
    #[arg(long, value_name = "PRICE")]
    limit: Option<String>,
    /// Buys or sells, where there is no position yet
    #[arg(long, value_enum)]
    side: Option<Direction>,
    /// What the keeper earns, quote; the market's usual reward without this
    #[arg(long, value_name = "AMOUNT")]
    reward: Option<String>,
    /// After how long it lapses
    #[arg(long, value_name = "TIME")]
    expires: Option<String>,
    /// Any number, for yourself
    #[arg(long, value_name = "NUMBER", default_value_t = 0)]
    client_id: u64,
    #[command(flatten)]
    own: Own,
}

impl Triggers {
    /// Does it.
    ///
    /// # Errors
    /// One line, and the exit code of its kind.
    pub fn run(&self) -> Result<(), Refusal> {
        match &self.what {
            What::StopLoss(it) => it.place("stop-loss", Trigger::stop_loss),
            What::TakeProfit(it) => it.place("take-profit", Trigger::take_profit),
            What::Trailing(it) => it.place(),
            What::Cancel(it) => it.cancel(),
        }
    }
}

impl AtPrice {
    fn place(&self, kind: &str, make: impl Fn(Side, u32) -> Trigger) -> Result<(), Refusal> {
        self.usual.place(&self.on, |_, market, side| {
            let at = market.scale.price(&self.at)?;
            Ok((make(side, at.get()), format!("{kind} at {}", market.scale.show_price(at))))
        })
    }
}

impl Trailing {
    fn place(&self) -> Result<(), Refusal> {
        let distance = measures::percent(&self.distance)?;
        self.usual.place(&self.on, |operator, market, side| {
            let first = match &self.at {
                Some(text) => market.scale.price(text)?,
                None => {
                    let nobody = bytemuck::Zeroable::zeroed();
                    let brought = oracles::brought(operator, &[&nobody], Beside::Market(market.at.index));
                    // A sale waits below the price, a purchase above it.
                    worst(operator, market, index(operator, market, &brought), (side, distance))?
                }
            };
            let told = format!("trailing stop at {}, from {}", self.distance, market.scale.show_price(first));
            Ok((Trigger::trailing(side, first.get(), distance), told))
        })
    }
}

impl Cancel {
    fn cancel(&self) -> Result<(), Refusal> {
        let operator = Operator::open(&self.own.sending)?;
        let (address, _) = operator.own(&self.own)?;
        let cancel = cancel_trigger(operator.exchange().of.board, address, operator.signer, self.slot);
        let told = format!("take trigger order {} back", self.slot);
        operator.does(&Deed::new(told, vec![cancel]).about(address))
    }
}

impl Usual {
    fn place(
        &self,
        on: &str,
        make: impl FnOnce(&Operator, &MarketEntry, Side) -> Result<(Trigger, String), Refusal>,
    ) -> Result<(), Refusal> {
        let operator = Operator::open(&self.own.sending)?;
        let market = operator.exchange().market(on)?;
        let (address, account) = operator.own(&self.own)?;
        let side = self.side(market, &account)?;
        let (trigger, told) = make(&operator, market, side)?;
        let trigger = self.complete(&operator, market, trigger)?;
        let trading = Trading { market: market.at, account: address, trader: operator.signer };
        let slot = account.header.triggers_in_use.trailing_ones();
        let verb = if side == Side::Bid { "buy" } else { "sell" };
        let told = format!("{verb} in {}: {told}, trigger order {slot}", market.name);
        let deed = Deed::new(told, vec![trading.place_trigger(&trigger)]).about(address);
        operator.does(&deed.detail("market", market.name.clone()).detail("slot", slot))
    }

    /// The side that closes the position, unless it is said.
    fn side(&self, market: &MarketEntry, account: &MarginAccount) -> Result<Side, Refusal> {
        if let Some(side) = self.side {
            return Ok(side.side());
        }
        let held = held(account, market.at.index);
        match held.map_or(0, |position| position.lots.get().signum()) {
            1 => Ok(Side::Ask),
            -1 => Ok(Side::Bid),
            _ => {
                let what = format!("there is no position in {}: say --side buy or --side sell", market.name);
                Err(Refusal::Malformed(what))
            }
        }
    }

    fn complete(
        &self,
        operator: &Operator,
        market: &MarketEntry,
        trigger: Trigger,
    ) -> Result<Trigger, Refusal> {
        let mut trigger = trigger.client_id(self.client_id);
        if let Some(text) = &self.size {
            trigger = trigger.lots(market.scale.size(text)?.get());
        }
        if let Some(text) = &self.limit {
            trigger = trigger.limit(market.scale.price(text)?.get());
        }
        if let Some(text) = &self.reward {
            let quote = operator.exchange().quote();
            let reward = match amounts::tokens(text, &quote)? {
                // The greatest number stands for the usual reward.
                Wanted::Native(amount) => u32::try_from(amount).ok().filter(|reward| *reward < u32::MAX),
                _ => None,
            };
            let expected =
                || Refusal::Malformed(format!("{text:?}: expected a small amount of {}", quote.symbol));
            trigger = trigger.reward(reward.ok_or_else(expected)?);
        }
        Ok(trigger.expires(measures::until(operator.exchange().now, self.expires.as_deref())?))
    }
}
