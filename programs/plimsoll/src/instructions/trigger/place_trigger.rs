//! Place trigger: a stop-loss, take-profit or trailing stop begins to wait.

use super::execute_trigger::TRAILING_STOP;
use crate::{
    clock,
    errors::{Refusal, beyond},
    events::TriggerPlaced,
    state::{MarginAccount, Market, RiskBoard, margin_account::scope, risk_board::Pausable},
};
use anchor_lang::prelude::*;
use plimsoll_risk::{layout::account::TriggerOrder, num::Ratio};

/// Furthest that a trailing stop may follow: half of the price.
pub const MAX_TRAIL: Ratio = Ratio::new(Ratio::ONE.get() / 2);

/// In place of a reward: the market's usual one.
pub const USUAL_REWARD: u32 = u32::MAX;

/// A trigger order as a client sends it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, AnchorSerialize, AnchorDeserialize)]
pub struct TriggerArgs {
    /// 0 stop-loss, 1 take-profit, 2 trailing stop.
    pub kind: u8,
    /// What it does when it is set off: 0 buys, 1 sells; it only ever reduces the position.
    pub side: u8,
    /// The price that sets it off, ticks; of a trailing stop the first one.
    pub trigger_price: u32,
    /// The worst price that it may fill at, ticks; 0 is whatever the market's band allows.
    pub limit_price: u32,
    /// Of a trailing stop, its distance from the best price, 2^-30.
    pub trail: u32,
    /// Most lots that it closes; `u32::MAX` is all of the position.
    pub lots: u32,
    /// What the keeper who executes it earns, native quote; `u32::MAX` is the market's usual reward.
    pub reward: u32,
    /// When it lapses, unix seconds; 0 is never.
    pub expires_at: u32,
    /// Any number, for the client.
    pub client_id: u64,
}

#[derive(Accounts)]
pub struct PlaceTrigger<'info> {
    /// The account's owner, or a delegate that may trade.
    pub trader: Signer<'info>,
    #[account(mut)]
    pub account: AccountLoader<'info, MarginAccount>,
    pub board: AccountLoader<'info, RiskBoard>,
    pub market: AccountLoader<'info, Market>,
}

impl PlaceTrigger<'_> {
    fn validate(&self, account: &MarginAccount, board: &RiskBoard, market: &Market, now: i64) -> Result<()> {
        account.require_trader(self.trader.key, scope::TRADE, now)?;
        ensure!(account.header.exchange == board.header.exchange, Refusal::ForeignExchange);
        ensure!(self.board.as_ref().key.as_array() == &market.board.0, Refusal::ForeignMarket);
        board.require_running(Pausable::Place, now)
    }
}

/// Puts a trigger order into a free slot of the account. It may wait for a position that is yet to be opened, and no price
/// matters before it is executed.
pub fn place_trigger(ctx: Context<PlaceTrigger>, trigger: TriggerArgs) -> Result<()> {
    let now = clock::now()?;
    let accounts = &ctx.accounts;
    let (board, market) = (accounts.board.load()?, accounts.market.load()?);
    let mut account = accounts.account.load_mut()?;
    accounts.validate(&account, &board, &market, now)?;
    trigger.require_sound(now)?;
    let is_owner = account.require_owner(accounts.trader.key).is_ok();
    let reward = reward(trigger.reward, market.trigger_reward, is_owner, board.header.quote_decimals)?;

    let slot = account.header.triggers_in_use.trailing_ones();
    let place = account.triggers.get_mut(slot as usize).ok_or(Refusal::NoFreeTrigger)?;
    *place = trigger.order(market.index, reward);
    account.header.triggers_in_use |= 1u8.checked_shl(slot).ok_or(Refusal::NoFreeTrigger)?;
    account.shows_life(now);
    TriggerPlaced {
        account: *accounts.account.as_ref().key,
        sequence: account.next_event(),
        market: market.index,
        slot: u8::try_from(slot).map_err(|_| Refusal::NoFreeTrigger)?,
        client_id: trigger.client_id,
        trigger_price: trigger.trigger_price,
        lots: trigger.lots,
    }
    .tell();
    Ok(())
}

impl TriggerArgs {
    /// # Errors
    /// [`Refusal::BadTrigger`] for unknown codes, no price, no lots, a time that is over, and a trail that is missing, beyond
    /// [`MAX_TRAIL`], or not of a trailing stop.
    fn require_sound(&self, now: i64) -> Result<()> {
        let trails = self.kind == TRAILING_STOP;
        let trail_fits =
            if trails { self.trail > 0 && self.trail <= MAX_TRAIL.get() } else { self.trail == 0 };
        let known = self.kind <= TRAILING_STOP && self.side <= 1;
        let lasts = self.expires_at == 0 || i64::from(self.expires_at) > now;
        let sound = known && trail_fits && lasts && self.trigger_price > 0 && self.lots > 0;
        ensure!(sound, Refusal::BadTrigger);
        Ok(())
    }

    fn order(&self, market: u8, reward: u32) -> TriggerOrder {
        TriggerOrder {
            client_id: self.client_id,
            expires_at: i64::from(self.expires_at),
            trigger_price: self.trigger_price,
            limit_price: self.limit_price,
            lots: self.lots,
            reward,
            trail: self.trail,
            market,
            kind: self.kind,
            flags: self.side,
            ..bytemuck::Zeroable::zeroed()
        }
    }
}

/// What the keeper earns, native quote: what was asked for, or the market's usual reward, within [`reward_limit`].
///
/// # Errors
/// [`Refusal::RewardTooLarge`] beyond the limit, or beyond the usual for anybody but the owner.
fn reward(asked: u32, usual: u32, is_owner: bool, quote_decimals: u8) -> Result<u32> {
    let limit = reward_limit(quote_decimals);
    if asked == USUAL_REWARD {
        return Ok(usual.min(limit));
    }
    let most = if is_owner { limit } else { usual.min(limit) };
    if asked > most {
        return Err(beyond(Refusal::RewardTooLarge, asked.into(), most.into()));
    }
    Ok(asked)
}

/// Most that anybody may promise a keeper for one trigger order, native quote: 2 whole units.
pub const fn reward_limit(quote_decimals: u8) -> u32 {
    10u32.saturating_pow(quote_decimals as u32).saturating_mul(2)
}

#[cfg(test)]
mod tests {
    use super::{
        super::execute_trigger::{STOP_LOSS, TAKE_PROFIT},
        *,
    };

    const NOW: i64 = 1_000;

    const SOUND: TriggerArgs = TriggerArgs {
        kind: STOP_LOSS,
        side: 1,
        trigger_price: 50_000,
        limit_price: 0,
        trail: 0,
        lots: 10,
        reward: USUAL_REWARD,
        expires_at: 0,
        client_id: 7,
    };
    const TRAILING: TriggerArgs = TriggerArgs { kind: TRAILING_STOP, trail: MAX_TRAIL.get(), ..SOUND };

    #[test]
    fn sound_triggers_are_taken() {
        for trigger in [
            SOUND,
            TRAILING,
            TriggerArgs { kind: TAKE_PROFIT, side: 0, lots: u32::MAX, expires_at: 1_001, ..SOUND },
            TriggerArgs { trail: 1, ..TRAILING },
        ] {
            trigger.require_sound(NOW).unwrap();
        }
    }

    #[test]
    fn malformed_triggers_are_refused() {
        for trigger in [
            TriggerArgs { kind: 3, ..SOUND },
            TriggerArgs { side: 2, ..SOUND },
            TriggerArgs { trigger_price: 0, ..SOUND },
            TriggerArgs { lots: 0, ..SOUND },
            TriggerArgs { expires_at: 1_000, ..SOUND },
            TriggerArgs { trail: 1, ..SOUND },
            TriggerArgs { trail: 0, ..TRAILING },
            TriggerArgs { trail: MAX_TRAIL.get() + 1, ..TRAILING },
        ] {
            assert_eq!(trigger.require_sound(NOW).unwrap_err(), Refusal::BadTrigger.into(), "{trigger:?}");
        }
    }

    #[test]
    fn an_order_is_what_its_arguments_say() {
        let order = SOUND.order(4, 5);
        assert_eq!((order.market, order.reward, order.lots, order.client_id), (4, 5, 10, 7));
        assert_eq!((order.kind, order.flags, order.trigger_price), (STOP_LOSS, SOUND.side, 50_000));
        assert_eq!(TriggerArgs { side: 0, ..SOUND }.order(4, 5).flags, 0);
    }

    #[test]
    fn only_the_owner_promises_more_than_usual_and_nobody_more_than_two() {
        const USUAL: u32 = 50_000;
        assert_eq!(reward_limit(6), 2_000_000);
        assert_eq!(reward(USUAL_REWARD, USUAL, false, 6).unwrap(), USUAL);
        assert_eq!(reward(0, USUAL, false, 6).unwrap(), 0);
        assert_eq!(reward(USUAL, USUAL, false, 6).unwrap(), USUAL);
        assert!(reward(USUAL + 1, USUAL, false, 6).is_err());
        assert_eq!(reward(2_000_000, USUAL, true, 6).unwrap(), 2_000_000);
        assert!(reward(2_000_001, USUAL, true, 6).is_err());
        // Whatever a market calls usual, the limit holds.
        assert_eq!(reward(USUAL_REWARD, 3_000_000, false, 6).unwrap(), 2_000_000);
        assert!(reward(2_000_001, 3_000_000, false, 6).is_err());
    }
}
