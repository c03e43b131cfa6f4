//! Whoever acts keeps the margin that he had, and whoever lacks it does not get worse.

use super::walk::{PERPS, Walk};
use harness::{World, invariants::conduct};
use plimsoll::{oracle, state::MarginAccount};
use plimsoll_risk::{
    health::{Check, Overlay},
    margin::{Holdings, isolated_margin, margin},
};
use solana_account::ReadableAccount;
use solana_pubkey::Pubkey;
use std::collections::BTreeMap;

/// Health at Initial and at Maintenance, native quote; none where a price that it needs is not valid.
pub type Healths = [Option<i64>; 2];

const CHECKS: [Check; 2] = [Check::Initial, Check::Maintenance];

/// How somebody stands at one moment.
pub struct Standing {
    account: MarginAccount,
    board: Box<plimsoll::state::RiskBoard>,
    now: i64,
    with_oracles: bool,
    cross: Healths,
    /// Of isolated positions, by market.
    pockets: BTreeMap<u8, Healths>,
}

impl Standing {
    pub fn of(walk: &Walk, name: &str, oracles: &[Pubkey]) -> Self {
        let world = &walk.world;
        let (account, board, now) = (*walk.account(name), world.board(), world.now());
        let overlay = overlay(world, oracles);
        let cross = CHECKS.map(|check| {
            let margin = margin(&Holdings::from(&account.0), board, &overlay, check, now).ok()?;
            margin.net_collateral().get().checked_sub(margin.requirement.get())
        });
        let isolated = account.positions.iter().filter(|it| it.flags != 0 && it.is_isolated());
        let pockets = isolated.map(|position| {
            let healths = CHECKS.map(|check| {
                let margin = isolated_margin(position, board, &overlay, check, now).ok()?;
                margin.net_collateral().get().checked_sub(margin.requirement.get())
            });
            (position.market, healths)
        });
        let pockets = pockets.collect();
        let with_oracles = !oracles.is_empty();
        Self { account, board: Box::new(*board), now, with_oracles, cross, pockets }
    }

    /// Whether any part of it is known to be below Initial.
    pub fn lacks_margin(&self) -> bool {
        self.all().any(|healths| healths[0].is_some_and(|health| health < 0))
    }

    fn all(&self) -> impl Iterator<Item = &Healths> {
        std::iter::once(&self.cross).chain(self.pockets.values())
    }

    /// # Panics
    /// Where somebody's own action cost him his margin, or made worse what lacked it.
    pub fn must_be_no_worse_than(&self, before: &Self, name: &str) {
        keeps(before.cross, self.cross, &format!("{name}, cross"));
        for perp in 0..PERPS.len() as u8 {
            let at = |standing: &Self| standing.pockets.get(&perp).copied();
            if let (Some(was), Some(is)) = (at(before), at(self)) {
                keeps(was, is, &format!("{name}, isolated in market {perp}"));
            }
        }
        self.must_not_have_taken_risk_since(before);
    }

    /// # Panics
    /// Where somebody without margin has more of a position or of a debt than before. Nothing else is asked of a cancel, which
    /// is always allowed: an order that would gain no longer makes up for one that would lose.
    pub fn must_not_have_taken_risk_since(&self, before: &Self) {
        if !self.with_oracles {
            conduct::who_acts_keeps_margin_or_lowers_risk(&before.moment(), &self.moment());
        }
    }

    fn moment(&self) -> conduct::Moment<'_> {
        conduct::Moment { account: &self.account, board: &self.board, now: self.now }
    }

    /// # Panics
    /// Where settlement, which anybody may do to an account, cost more of its health than rounding and the interest since the
    /// board last heard of its bank.
    pub fn must_not_have_lost_by_settlement(&self, before: &Self, amount: i64, name: &str) {
        let most = 3 + amount.abs() / 1_000;
        for (was, is) in before.all().zip(self.all()) {
            for (was, is) in was.iter().zip(is) {
                if let (Some(was), Some(is)) = (was, is) {
                    assert!(*is >= was - most, "settling {amount} cost {name} {} of health", was - is);
                }
            }
        }
    }
}

/// Native units that funding's rounding costs whoever acts: his position is brought up to the market's own funding, which may
/// be ahead of the board's, and both steps are rounded against him.
const ROUNDING: i64 = 2;

fn keeps(before: Healths, after: Healths, whose: &str) {
    let ([Some(was), was_maint], [Some(is), is_maint]) = (before, after) else { return };
    let (is, is_maint) = (is + ROUNDING, is_maint.map(|is| is + ROUNDING));
    if is >= 0 {
        return;
    }
    assert!(was < 0, "{whose}: initial health fell from {was} to {is}");
    assert!(is >= was, "{whose}: without margin, initial health fell from {was} to {is}");
    if let (Some(was), Some(is)) = (was_maint, is_maint) {
        assert!(is >= was, "{whose}: without margin, maintenance health fell from {was} to {is}");
    }
}

/// Prices that a transaction brings along, as the program reads them.
pub fn overlay(world: &World, oracles: &[Pubkey]) -> Overlay {
    let mut overlay = Overlay::none();
    for address in oracles {
        let account = world.chain.account(address).expect("an oracle account");
        for (feed, index) in world.board().feeds.iter().zip(0u8..world.board().header.feed_count) {
            let read = oracle::read_price(
                address,
                account.owner(),
                account.data(),
                &feed.pyth_feed_id,
                &feed.switchboard,
            );
            if let Ok(price) = read {
                let _ = overlay.push(index, price); // more than fit are refused by the program too
            }
        }
    }
    overlay
}
