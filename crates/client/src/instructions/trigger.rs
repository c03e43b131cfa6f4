//! Trigger orders: stop-loss, take-profit, trailing stop.

use super::{instruction, trade::Trading, with_makers, with_oracles};
use crate::addresses::MarketAddresses;
use plimsoll::instructions::trigger::TriggerArgs;
use plimsoll_book::Side;
use plimsoll_risk::num::Ratio;
use solana_instruction::Instruction;
use solana_pubkey::Pubkey;

const STOP_LOSS: u8 = 0;
const TAKE_PROFIT: u8 = 1;
const TRAILING: u8 = 2;
/// Of lots: the whole position. Of a reward: the market's usual one.
const USUAL: u32 = u32::MAX;

/// A trigger order, built word by word: `Trigger::stop_loss(Side::Ask, 55_000).lots(10).client_id(7)`. It closes the whole
/// position at the market's usual reward unless it says otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub struct Trigger(TriggerArgs);

impl Trigger {
    /// Sells at or below the price in ticks, or buys at or above it.
    pub const fn stop_loss(side: Side, price: u32) -> Self {
        Self::new(STOP_LOSS, side, price, 0)
    }

    /// Sells at or above the price in ticks, or buys at or below it.
    pub const fn take_profit(side: Side, price: u32) -> Self {
        Self::new(TAKE_PROFIT, side, price, 0)
    }

    /// A stop-loss that follows the best price at a distance; `first` is where it begins, in ticks.
    pub const fn trailing(side: Side, first: u32, distance: Ratio) -> Self {
        Self::new(TRAILING, side, first, distance.get())
    }

    const fn new(kind: u8, side: Side, trigger_price: u32, trail: u32) -> Self {
        Self(TriggerArgs {
            kind,
            side: side.code(),
            trigger_price,
            limit_price: 0,
            trail,
            lots: USUAL,
            reward: USUAL,
            expires_at: 0,
            client_id: 0,
        })
    }

    /// Closes at most so many lots.
    pub const fn lots(self, lots: u32) -> Self {
        Self(TriggerArgs { lots, ..self.0 })
    }

    /// Fills at no worse price than this, in ticks.
    pub const fn limit(self, price: u32) -> Self {
        Self(TriggerArgs { limit_price: price, ..self.0 })
    }

    /// Pays the keeper so much, native quote. More than the market's usual reward only the owner may promise.
    pub const fn reward(self, reward: u32) -> Self {
        Self(TriggerArgs { reward, ..self.0 })
    }

    /// Lapses at this moment, unix seconds.
    pub const fn expires(self, at: u32) -> Self {
        Self(TriggerArgs { expires_at: at, ..self.0 })
    }

    /// Any number, for the client.
    pub const fn client_id(self, number: u64) -> Self {
        Self(TriggerArgs { client_id: number, ..self.0 })
    }

    /// As the program takes it.
    pub const fn args(&self) -> TriggerArgs {
        self.0
    }
}

impl Trading {
    /// Places a trigger order.
    pub fn place_trigger(&self, trigger: &Trigger) -> Instruction {
        let accounts = plimsoll::accounts::PlaceTrigger {
            trader: self.trader,
            account: self.account,
            board: self.market.board,
            market: self.market.market,
        };
        instruction(accounts, plimsoll::instruction::PlaceTrigger { trigger: trigger.args() })
    }
}

/// Takes a trigger order back by its slot in the account. `trader` signs; anyone for one whose time is over.
pub fn cancel_trigger(board: Pubkey, account: Pubkey, trader: Pubkey, slot: u8) -> Instruction {
    let accounts = plimsoll::accounts::CancelTrigger { trader, account, board };
    instruction(accounts, plimsoll::instruction::CancelTrigger { slot })
}

/// A keeper's work on somebody's trigger order in a market. Nobody needs to sign.
#[derive(Clone, Copy, Debug)]
pub struct Execution {
    pub market: MarketAddresses,
    /// The margin account whose trigger order it is.
    pub account: Pubkey,
    /// The keeper's margin account, where the reward goes.
    pub keeper: Pubkey,
    pub quote_bank: Pubkey,
}

impl Execution {
    /// Executes the trigger order in a slot; oracles and makers as for placing an order.
    pub fn execute(&self, slot: u8, oracles: &[Pubkey], makers: &[Pubkey]) -> Instruction {
        let market = &self.market;
        let accounts = plimsoll::accounts::ExecuteTrigger {
            account: self.account,
            board: market.board,
            market: market.market,
            bids: market.bids,
            asks: market.asks,
            queue: market.queue,
            keeper: self.keeper,
            quote_bank: self.quote_bank,
        };
        let data = plimsoll::instruction::ExecuteTrigger { slot };
        with_makers(with_oracles(instruction(accounts, data), oracles), makers)
    }
}
