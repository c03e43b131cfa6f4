//! Trigger orders whose price was reached, and trailing stops that have to follow.

use super::COMPANIONS;
use crate::desk::{Task, View};
use plimsoll::{
    instructions::trigger::execute_trigger::{TAKE_PROFIT, TRAILING_STOP},
    premium,
};
use plimsoll_client::{
    book::Side,
    instructions::{trade::Trading, trigger::Execution},
};
use plimsoll_risk::{
    layout::account::{MarginAccount, TriggerOrder},
    num::RATIO_BITS,
};
use solana_pubkey::Pubkey;
use std::collections::BTreeSet;

/// A trailing stop follows once it would move by so much of the price, 2^-10: not for every tick.
const STRIDE_BITS: u32 = 10;

/// All trigger orders that the program would execute or move now, and the orders of makers who have been silent for too long.
pub fn executions(view: &View<'_>) -> Vec<Task> {
    let mut tasks = Vec::new();
    for address in view.store.waiting() {
        let Some(account) = view.store.account(address) else { continue };
        for (slot, trigger) in (0u8..).zip(&account.triggers) {
            let waits = account.header.triggers_in_use.checked_shr(slot.into()).unwrap_or(0) & 1 == 1;
            if waits && let Some(task) = execution(view, address, slot, trigger) {
                tasks.push(task);
            }
        }
        tasks.extend(dead_man(view, address, &account));
    }
    tasks
}

/// Orders of an account whose owner set a dead-man switch and was silent: cancelled, market by market.
fn dead_man(view: &View<'_>, account: &Pubkey, of_it: &MarginAccount) -> Vec<Task> {
    let deadline = of_it.header.dead_man_deadline;
    if deadline == 0 || deadline > view.now {
        return Vec::new();
    }
    let markets: BTreeSet<u8> =
        of_it.orders.iter().filter(|order| order.id != 0).map(|order| order.market).collect();
    let cancel = |market: u8| {
        let market = view.store.market(market)?.at;
        let trading = Trading { market, account: *account, trader: view.own.owner };
        Some(Task::new("cancel_all", trading.cancel_all(None)))
    };
    markets.into_iter().filter_map(cancel).collect()
}

fn execution(view: &View<'_>, account: &Pubkey, slot: u8, trigger: &TriggerOrder) -> Option<Task> {
    let entry = view.store.market(trigger.market)?;
    let terms = view.board.market(trigger.market).ok().filter(|terms| terms.valid_until >= view.now)?;
    let price = premium::index_ticks(terms, entry.market.tick_lot)?.get();
    let is_over = trigger.expires_at != 0 && trigger.expires_at <= view.now;
    if is_over || !(is_reached(trigger, price) || follows(trigger, price)) {
        return None;
    }
    let side = if trigger.flags == Side::Ask.code() { Side::Bid } else { Side::Ask };
    let makers = view.store.owners(trigger.market, side, view.now, COMPANIONS, &[*account, view.own.account]);
    let quote_bank = view.store.quote_bank()?;
    let execution = Execution { market: entry.at, account: *account, keeper: view.own.account, quote_bank };
    Some(Task::new("execute_trigger", execution.execute(slot, &[], &makers)).until(terms.valid_until))
}

/// Whether the price, in ticks, has come to the trigger. A stop that sells waits for a fall, a profit that it sells for a rise.
fn is_reached(trigger: &TriggerOrder, price: u32) -> bool {
    let sells = trigger.flags == Side::Ask.code();
    if sells == (trigger.kind != TAKE_PROFIT) {
        price <= trigger.trigger_price
    } else {
        price >= trigger.trigger_price
    }
}

/// Whether a trailing stop is further behind the price than it should be, by at least a stride.
fn follows(trigger: &TriggerOrder, price: u32) -> bool {
    let distance = u64::from(price).saturating_mul(trigger.trail.into()) >> RATIO_BITS;
    let least = distance.saturating_add(u64::from(price >> STRIDE_BITS)).saturating_add(1);
    let gap = if trigger.flags == Side::Ask.code() {
        price.checked_sub(trigger.trigger_price)
    } else {
        trigger.trigger_price.checked_sub(price)
    };
    trigger.kind == TRAILING_STOP && gap.is_some_and(|gap| u64::from(gap) > least)
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytemuck::Zeroable;
    use plimsoll::instructions::trigger::execute_trigger::STOP_LOSS;
    use plimsoll_risk::num::Ratio;

    fn trigger(kind: u8, side: Side) -> TriggerOrder {
        let trail = Ratio::from_bps(1_000).get();
        TriggerOrder { kind, flags: side.code(), trigger_price: 50_000, trail, ..TriggerOrder::zeroed() }
    }

    #[test]
    fn a_stop_waits_for_what_harms_and_a_profit_for_what_helps() {
        for (kind, side, below, above) in [
            (STOP_LOSS, Side::Ask, true, false),
            (STOP_LOSS, Side::Bid, false, true),
            (TAKE_PROFIT, Side::Ask, false, true),
            (TAKE_PROFIT, Side::Bid, true, false),
        ] {
            let trigger = trigger(kind, side);
            assert_eq!((is_reached(&trigger, 49_999), is_reached(&trigger, 50_001)), (below, above));
            assert!(is_reached(&trigger, 50_000));
        }
    }

    #[test]
    fn a_trailing_stop_follows_by_strides() {
        let sells = trigger(TRAILING_STOP, Side::Ask);
        // A tenth behind 55,556 is 50,000; it moves once that is a thousandth of the price away.
        assert!(!follows(&sells, 55_556) && !follows(&sells, 55_600) && follows(&sells, 55_700));
        let buys = trigger(TRAILING_STOP, Side::Bid);
        assert!(!follows(&buys, 45_450) && follows(&buys, 45_300) && !follows(&buys, 60_000));
        assert!(!follows(&trigger(STOP_LOSS, Side::Ask), 90_000));
    }
}
