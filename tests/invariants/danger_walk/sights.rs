//! What a walk over danger has to have seen, by the events that tell of it.

use plimsoll::events::{BankruptcyLeg, BankruptcyResolved, LEG_BORROW, LEG_CLAIM, LEG_DEPOSIT, LEG_POSITION};
use plimsoll_client::events::Event;

/// An account's cross part.
const CROSS: u8 = u8::MAX;

/// Everything that has to have happened. Seldom a claim is seized, too, and deposits are.
pub const ALL: [&str; 39] = [
    "margin call",
    "flag set",
    "flag renewed",
    "flag lifted",
    "scope marked insolvent",
    "pocket assessed",
    "take-over that ends the danger",
    "take-over that leaves danger",
    "take-over of a short",
    "take-over for a subsidy",
    "take-over for less than the auction asks",
    "liquidation met makers at once",
    "liquidation met makers through the queue",
    "liquidation for a keeper's pay",
    "collateral swapped",
    "collateral swapped on credit",
    "swap fee into reserves",
    "profit bought",
    "long closed by deleveraging",
    "short closed by deleveraging",
    "deleveraging reached a winner",
    "winner paid for a bankruptcy",
    "bankruptcy of a cross part",
    "bankruptcy of a pocket",
    "loss in a market",
    "loss of a borrow",
    "tranche paid",
    "fund paid for a market",
    "fund paid for a borrow",
    "winners charged",
    "deficit opened",
    "deficit filled",
    "lenders bore a loss",
    "reserves bore a loss",
    "tokens bought from a resolver",
    "fees became insurance",
    "withdrawals gated",
    "breaker opened",
    "outage ended",
];

/// Says what an event shows.
pub fn see(event: &Event, mut met: impl FnMut(&'static str)) {
    let mut seen = |happened: bool, sight: &'static str| {
        if happened {
            met(sight);
        }
    };
    match event {
        Event::MarginCall(_) => seen(true, "margin call"),
        Event::Assessed(it) => {
            let (set, first) = (it.flagged_at != 0, it.flagged_at == it.renewed_at);
            seen(set && first, "flag set");
            seen(set && !first, "flag renewed");
            seen(!set, "flag lifted");
            seen(it.insolvent, "scope marked insolvent");
            seen(it.scope != CROSS, "pocket assessed");
        }
        Event::TakenOver(it) => {
            seen(it.over, "take-over that ends the danger");
            seen(!it.over, "take-over that leaves danger");
            seen(!it.is_long, "take-over of a short");
            seen(it.subsidy > 0, "take-over for a subsidy");
            seen(it.equity <= 0, "take-over for less than the auction asks");
        }
        Event::LiquidatedIntoBook(it) => {
            seen(it.makers.iter().any(|it| it.sequence != 0), "liquidation met makers at once");
            seen(it.makers.iter().any(|it| it.sequence == 0), "liquidation met makers through the queue");
            seen(it.fee > 0, "liquidation for a keeper's pay");
        }
        Event::CollateralSwapped(it) => {
            seen(true, "collateral swapped");
            seen(it.borrowed > 0, "collateral swapped on credit");
            seen(it.reserved > 0, "swap fee into reserves");
        }
        Event::PnlBought(_) => seen(true, "profit bought"),
        Event::ClosedByDeleveraging(it) => {
            seen(it.is_long, "long closed by deleveraging");
            seen(!it.is_long, "short closed by deleveraging");
        }
        Event::Deleveraged(it) => {
            seen(it.closed > 0, "deleveraging reached a winner");
            seen(it.closed == 0, "winner paid for a bankruptcy");
        }
        Event::BankruptcyResolved(it) => see_bankruptcy(it, seen),
        Event::InsuranceEarned(it) => {
            seen(it.filled > 0, "deficit filled");
            seen(it.tranche + it.fund > 0, "fees became insurance");
        }
        Event::WithdrawalsGated(_) => seen(true, "withdrawals gated"),
        Event::BreakerOpened(_) => seen(true, "breaker opened"),
        Event::OutageEnded(_) => seen(true, "outage ended"),
        _ => (),
    }
}

fn see_bankruptcy(it: &BankruptcyResolved, mut seen: impl FnMut(bool, &'static str)) {
    seen(it.scope == CROSS, "bankruptcy of a cross part");
    seen(it.scope != CROSS, "bankruptcy of a pocket");
    for BankruptcyLeg { kind, own, fund, bought, others, deficit, index, .. } in &it.legs {
        match *kind {
            LEG_POSITION => {
                seen(true, "loss in a market");
                seen(*own > 0, "tranche paid");
                seen(*fund > 0, "fund paid for a market");
                seen(*others > 0, "winners charged");
                seen(*deficit > 0, "deficit opened");
            }
            LEG_BORROW => {
                seen(true, "loss of a borrow");
                seen(*own > 0, "reserves bore a loss");
                seen(*fund > 0, "fund paid for a borrow");
                seen(*others > 0, "lenders bore a loss");
                seen(*bought > 0 && *index != 0, "tokens bought from a resolver");
            }
            LEG_CLAIM => seen(true, "claim seized"),
            LEG_DEPOSIT => seen(true, "deposit seized"),
            _ => unreachable!("a leg of no kind"),
        }
    }
}
