//! Execute trigger: the price has reached it, so it becomes a reduce-only order; the keeper who saw it earns a little.

use crate::{
    errors::{Refusal, refused},
    events::{TriggerChanged, TriggerExecuted},
    instructions::trade::{
        OrderArgs, REDUCE_ONLY,
        desk::{Action, Desk, act},
    },
    prices,
    state::{Bank, MarginAccount, Market, RiskBoard, risk_board::Pausable},
};
use anchor_lang::prelude::*;
use plimsoll_book::{Side, Ticks};
use plimsoll_risk::{
    layout::account::TriggerOrder,
    num::{Quote, RATIO_BITS, TokenAmount},
};

/// Kind of a trigger order: sets off when the price moves against the position.
pub const STOP_LOSS: u8 = 0;
/// Kind of a trigger order: sets off when the price moves in favour of the position.
pub const TAKE_PROFIT: u8 = 1;
/// Kind of a trigger order: a stop-loss that follows the best price at a distance.
pub const TRAILING_STOP: u8 = 2;

/// Orders that a trigger becomes: immediate or cancel.
const IMMEDIATE: u8 = 1;
/// Its own resting orders give way to it.
const CANCEL_PROVIDE: u8 = 1;
/// Most makers that it meets: one transaction holds no more.
const MOST_MAKERS: u8 = 16;

#[derive(Accounts)]
pub struct ExecuteTrigger<'info> {
    /// Whose trigger it is.
    #[account(mut)]
    pub account: AccountLoader<'info, MarginAccount>,
    pub board: AccountLoader<'info, RiskBoard>,
    #[account(mut)]
    pub market: AccountLoader<'info, Market>,
    /// CHECK: compared with the market's
    #[account(mut)]
    pub bids: UncheckedAccount<'info>,
    /// CHECK: compared with the market's
    #[account(mut)]
    pub asks: UncheckedAccount<'info>,
    /// CHECK: compared with the market's
    #[account(mut)]
    pub queue: UncheckedAccount<'info>,
    /// Where the reward goes: any other margin account of the exchange.
    #[account(mut)]
    pub keeper: AccountLoader<'info, MarginAccount>,
    #[account(mut)]
    pub quote_bank: AccountLoader<'info, Bank>,
    // Remaining accounts: as for placing an order.
}

impl<'info> ExecuteTrigger<'info> {
    fn desk<'a>(&'a self, others: &'a [AccountInfo<'info>]) -> Desk<'a, 'info> {
        Desk {
            account: &self.account,
            board: &self.board,
            market: &self.market,
            bids: &self.bids,
            asks: &self.asks,
            queue: &self.queue,
            others,
        }
    }

    fn validate(&self, board: &RiskBoard, account: &MarginAccount, now: i64) -> Result<()> {
        board.require_running(Pausable::Trigger, now)?;
        ensure!(self.keeper.as_ref().key != self.account.as_ref().key, Refusal::DuplicateAccount);
        let (bank, keeper) = (self.quote_bank.load()?, self.keeper.load()?);
        let one_exchange =
            account.header.exchange == bank.exchange && keeper.header.exchange == bank.exchange;
        ensure!(one_exchange, Refusal::ForeignExchange);
        ensure!(bank.index == board.header.quote_bank, Refusal::UnknownBank);
        Ok(())
    }

    /// Pays the keeper's reward out of the pocket of an isolated position, out of the deposit of a cross one: as far as
    /// there is one. Nothing is borrowed for it. Returns what left the balances.
    fn reward(
        &self,
        account: &mut MarginAccount,
        place: usize,
        most: TokenAmount,
        now: i64,
    ) -> Result<(Quote, Paid)> {
        let (mut bank, mut keeper) = (self.quote_bank.load_mut()?, self.keeper.load_mut()?);
        let position = account.positions.get_mut(place).ok_or(Refusal::NoPosition)?;
        let (from_balances, balance, got) = if position.is_isolated() {
            let got = bank.pass_on_from_pocket(&mut position.pocket, &mut keeper, most, now)?;
            (Quote::ZERO, position.pocket.get(), got)
        } else {
            let (left, got) = bank.pass_on(account, &mut keeper, most, now)?;
            (quote(left.amount)?, left.balance, got)
        };
        let paid = Paid {
            amount: got.amount.get(),
            balance,
            keeper_balance: got.balance,
            keeper_sequence: keeper.next_event(),
        };
        Ok((from_balances, paid))
    }
}

/// What the keeper got, and what both hold now.
#[derive(Clone, Copy, Default)]
struct Paid {
    amount: u64,
    balance: i64,
    keeper_balance: i64,
    keeper_sequence: u64,
}

/// Executes a trigger order whose price is reached; a trailing stop whose price moved on follows it instead.
pub fn execute_trigger<'info>(ctx: Context<'info, ExecuteTrigger<'info>>, slot: u8) -> Result<()> {
    let accounts = &*ctx.accounts;
    let clock = Clock::get()?;
    let now = clock.unix_timestamp;
    let board = accounts.board.load()?;
    let mut account = accounts.account.load_mut()?;
    accounts.validate(&board, &account, now)?;
    let desk = accounts.desk(ctx.remaining_accounts);
    let trigger = account.trigger(slot)?;
    ensure!(trigger.expires_at == 0 || trigger.expires_at > now, Refusal::OrderExpired);
    let price = {
        let market = accounts.market.load()?;
        desk.validate(&account, &market)?;
        ensure!(market.index == trigger.market, Refusal::NoSuchTrigger);
        let overlay = prices::overlay(&board, desk.oracles())?;
        let brought = prices::market_terms(&board, market.index, &overlay, now)?;
        let terms = brought.as_deref().map_or_else(|| board.market(market.index), Ok)?;
        market.index_price(terms)?
    };
    if !is_reached(&trigger, price) {
        let followed = followed(&trigger, price).ok_or(Refusal::TriggerNotReached)?;
        return follow(&mut account, accounts.account.as_ref().key, slot, followed);
    }
    let mut paid = Paid::default();
    let mut pay = |account: &mut MarginAccount, place: usize, filled: u64| {
        ensure!(filled > 0, Refusal::CannotFill);
        let reward = use_up(account, place, slot, filled)?;
        let (left, done) = accounts.reward(account, place, reward, now)?;
        paid = done;
        Ok(left)
    };
    let order = order(&trigger);
    let action = Action { cancels: &[], orders: &[order], payment: Some(&mut pay) };
    act(&desk, &board, &mut account, &clock, action)?;
    TriggerExecuted {
        account: *accounts.account.as_ref().key,
        sequence: account.next_event(),
        slot,
        balance: paid.balance,
        keeper: *accounts.keeper.as_ref().key,
        keeper_sequence: paid.keeper_sequence,
        reward: paid.amount,
        keeper_balance: paid.keeper_balance,
    }
    .tell();
    Ok(())
}

/// Takes what was filled off a trigger order: it goes on waiting for the rest of the position, if the book had not enough.
/// Returns the share of its reward that was earned, rounded down: many small executions earn no more than one.
fn use_up(account: &mut MarginAccount, place: usize, slot: u8, filled: u64) -> Result<TokenAmount> {
    let trigger = account.trigger(slot)?;
    let held = account.positions.get(place).map_or(0, |position| position.lots.magnitude());
    let left = if trigger.lots == u32::MAX {
        held
    } else {
        held.min(trigger.lots.saturating_sub(u32::try_from(filled).unwrap_or(u32::MAX)))
    };
    if left == 0 {
        account.clear_trigger(slot);
        return Ok(TokenAmount::new(u64::from(trigger.reward)));
    }
    let target = filled.saturating_add(u64::from(left)); // not 0
    let earned = u64::from(trigger.reward).saturating_mul(filled).checked_div(target).unwrap_or(0);
    if let Some(waiting) = account.triggers.get_mut(usize::from(slot)) {
        waiting.reward = trigger.reward.saturating_sub(u32::try_from(earned).unwrap_or(u32::MAX));
        waiting.lots = if trigger.lots == u32::MAX { trigger.lots } else { left };
    }
    Ok(TokenAmount::new(earned))
}

fn quote(amount: TokenAmount) -> Result<Quote> {
    Quote::from_unsigned(amount.get()).map_err(refused)
}

/// Whether the price has come to the trigger. A stop that sells waits for a fall, a profit that it sells for a rise.
fn is_reached(trigger: &TriggerOrder, price: Ticks) -> bool {
    let sells = trigger.flags == Side::Ask.code();
    if sells == (trigger.kind != TAKE_PROFIT) {
        price.get() <= trigger.trigger_price
    } else {
        price.get() >= trigger.trigger_price
    }
}

/// Where a trailing stop goes when the price moved in favour of the position: its distance behind it, rounded away from
/// the price. `None` if that would not tighten it, or for any other kind.
fn followed(trigger: &TriggerOrder, price: Ticks) -> Option<u32> {
    if trigger.kind != TRAILING_STOP {
        return None;
    }
    let distance =
        (u64::from(price.get()).wrapping_mul(u64::from(trigger.trail)) >> RATIO_BITS).saturating_add(1);
    let distance = u32::try_from(distance).ok()?;
    if trigger.flags == Side::Ask.code() {
        Some(price.get().saturating_sub(distance)).filter(|stop| *stop > trigger.trigger_price)
    } else {
        Some(price.get().saturating_add(distance)).filter(|stop| *stop < trigger.trigger_price)
    }
}

/// A trailing stop follows the price. Nobody is paid for it.
fn follow(account: &mut MarginAccount, key: &Pubkey, slot: u8, to: u32) -> Result<()> {
    if let Some(trigger) = account.triggers.get_mut(usize::from(slot)) {
        trigger.trigger_price = to;
    }
    TriggerChanged { account: *key, sequence: account.next_event(), slot, trigger_price: to }.tell();
    Ok(())
}

/// The order that a trigger becomes: it takes what it can up to its limit, or up to the band's end, and only reduces.
fn order(trigger: &TriggerOrder) -> OrderArgs {
    let any = if trigger.flags == Side::Bid.code() { u32::MAX } else { 1 };
    OrderArgs {
        side: trigger.flags,
        kind: IMMEDIATE,
        flags: REDUCE_ONLY,
        self_trade: CANCEL_PROVIDE,
        lots: trigger.lots,
        price: if trigger.limit_price == 0 { any } else { trigger.limit_price },
        peg_offset: 0,
        expires_at: 0,
        client_id: trigger.client_id,
        most_makers: MOST_MAKERS,
    }
}
