//! Who is nearest to liquidation.

use crate::desk::View;
use plimsoll_client::portfolio::{self, Valuation};
use plimsoll_risk::{margin::Holdings, num::Ratio};
use plimsoll_sim::strategy::Scope;
use solana_pubkey::Pubkey;
use std::cmp::Reverse;

/// An account's cross part, or a pocket, and how much of what counts for it is spoken for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ranked {
    /// [`portfolio::load`] at maintenance: above 1 it may be liquidated.
    pub load: Ratio,
    /// The margin account.
    pub account: Pubkey,
    /// Which part of it.
    pub scope: Scope,
}

/// All scopes whose load is at least this, and all of accounts with a flag, the most endangered first; at equal load by
/// address. Values every account from memory, once. What cannot be valued is counted in the metrics and left out.
pub fn riskiest(view: &View<'_>, least: Ratio) -> Vec<Ranked> {
    let valuation = Valuation::new(&view.board.0, view.now);
    let accounts = view.store.accounts();
    let (mut found, mut unknown) = (Vec::new(), 0u64);
    for (address, holdings) in accounts.addresses().iter().zip(accounts.all_holdings()) {
        let is_flagged = view.store.is_flagged(address);
        for (scope, load) in loads(&valuation, &holdings) {
            match load {
                Some(load) if load >= least || is_flagged => {
                    found.push(Ranked { load, account: *address, scope });
                }
                Some(_) => {}
                None => unknown = unknown.saturating_add(1),
            }
        }
    }
    metrics::counter!("plimsoll_keeper_unvalued_total").increment(unknown);
    found.sort_by_key(|ranked| (Reverse(ranked.load), ranked.account, ranked.scope));
    found
}

/// Load of the cross part and of each pocket; nothing where it cannot be valued.
fn loads(valuation: &Valuation<'_>, holdings: &Holdings<'_>) -> impl Iterator<Item = (Scope, Option<Ratio>)> {
    let cross = valuation.maintenance(holdings).ok().map(|margin| portfolio::load(&margin));
    let pockets = holdings.positions.iter().filter(|position| position.is_isolated());
    let pockets = pockets.map(|position| {
        let margin = valuation.pocket(position, plimsoll_risk::health::Check::Maintenance).ok();
        (Scope::Pocket(position.market), margin.map(|margin| portfolio::load(&margin)))
    });
    std::iter::once((Scope::Cross, cross)).chain(pockets)
}
