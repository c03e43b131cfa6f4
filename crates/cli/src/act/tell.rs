//! What a liquidation does, in words.

use crate::{exchange::Exchange, figure::Figure};
use plimsoll_risk::num::Index;
use plimsoll_sim::strategy::{Action, Scope};

/// Which part of an account.
pub fn scope(scope: Scope, exchange: &Exchange) -> String {
    match scope {
        Scope::Cross => "cross".to_owned(),
        Scope::Pocket(market) => format!("isolated {}", exchange.names.market(market)),
    }
}

/// Whether something is done for what it earns.
pub const fn is_business(action: &Action) -> bool {
    matches!(
        action,
        Action::IntoBook { .. }
            | Action::TakeOver { .. }
            | Action::SwapCollateral { .. }
            | Action::BuyPnl { .. }
    )
}

/// What is done, as an order.
pub fn action(action: &Action, exchange: &Exchange) -> String {
    let name = |market: u8| exchange.names.market(market);
    let size = |market: u8, lots: u32| {
        let entry = exchange.markets.get(usize::from(market));
        entry.map_or_else(|| format!("{lots} lots"), |entry| Figure::lots(lots, &entry.scale).to_string())
    };
    match *action {
        Action::ApplyDeleveraging { market } => format!("apply deleveraging in {}", name(market)),
        Action::Assess => "assess it".to_owned(),
        Action::CancelAll { market } => format!("cancel its orders in {}", name(market)),
        Action::ApplyFills { market } => format!("apply its fills in {}", name(market)),
        Action::IntoBook { market, most_lots } => {
            format!("close up to {} in {} into the book", size(market, most_lots), name(market))
        }
        Action::TakeOver { market, most_lots, .. } => {
            format!("take over up to {} in {}", size(market, most_lots), name(market))
        }
        Action::SwapCollateral { debt, collateral, debt_shares } => {
            let entry = exchange.banks.get(usize::from(debt));
            let amount = entry.and_then(|entry| {
                let native = debt_shares.amount_up(Index::from(entry.bank.borrow_index)).ok()?;
                Some(Figure::tokens(native.get(), &entry.denomination()).to_string())
            });
            let amount = amount.unwrap_or_else(|| exchange.names.bank(debt));
            format!("repay up to {amount} for {}", exchange.names.bank(collateral))
        }
        Action::SettleLoss { market } => format!("settle its loss in {}", name(market)),
        Action::SettleGain { market } => format!("settle its gain in {}", name(market)),
        Action::BuyPnl { market, most } => {
            let most = Figure::tokens(most.get(), &exchange.quote());
            format!("buy up to {most} of its gain in {}", name(market))
        }
        Action::Deleverage { market, most_lots } => {
            format!("deleverage up to {} in {}", size(market, most_lots), name(market))
        }
        Action::Resolve => "resolve its bankruptcy".to_owned(),
    }
}
