//! Who lacks margin may only do what lowers his risk.

use plimsoll::state::{MarginAccount, RiskBoard};
use plimsoll_risk::{
    RiskError,
    health::{Check, Overlay},
    layout::account::{Balance, Position},
    margin::{Holdings, isolated_margin, margin},
};

/// An account and the board that its margin was checked against, at one moment.
#[derive(Clone, Copy)]
pub struct Moment<'a> {
    pub account: &'a MarginAccount,
    pub board: &'a RiskBoard,
    /// Unix seconds.
    pub now: i64,
}

impl Moment<'_> {
    /// Whether the cross part has initial margin.
    ///
    /// # Errors
    /// Where a price that it needs is not valid.
    fn is_healthy(&self) -> Result<bool, RiskError> {
        let holdings = Holdings::from(&self.account.0);
        let overlay = Overlay::default();
        margin(&holdings, self.board, &overlay, Check::Initial, self.now).map(|it| it.is_healthy())
    }

    /// The same of an isolated position.
    fn is_healthy_alone(&self, position: &Position) -> Result<bool, RiskError> {
        let overlay = Overlay::default();
        isolated_margin(position, self.board, &overlay, Check::Initial, self.now).map(|it| it.is_healthy())
    }

    fn position(&self, market: u8) -> Option<&Position> {
        self.account.positions.iter().find(|it| it.flags != 0 && it.market == market)
    }

    /// Shares owed to a bank.
    fn owes(&self, bank: u8) -> u64 {
        let owed = |it: &&Balance| it.is_borrow() && !it.is_free() && it.bank == bank;
        self.account.balances.iter().find(owed).map_or(0, |it| it.shares.get())
    }
}

/// I-15 `who_acts_keeps_margin_or_lowers_risk`: what an account did itself leaves it with initial margin, or raised none of
/// its borrows and positions; and so for each isolated position. Both moments are of one transaction that the account's
/// owner or delegate signed. Where a price is not valid nobody can say, and nothing is asked.
///
/// # Panics
/// Where it does not hold.
pub fn who_acts_keeps_margin_or_lowers_risk(before: &Moment, after: &Moment) {
    if let Ok(false) = after.is_healthy() {
        for slot in after.account.balances.iter().filter(|slot| slot.is_borrow()) {
            assert!(after.owes(slot.bank) <= before.owes(slot.bank), "a borrow of bank {} rose", slot.bank);
        }
        for position in after.account.positions.iter().filter(|position| position.is_cross()) {
            must_not_have_grown(before, position);
        }
    }
    for position in after.account.positions.iter().filter(|position| position.is_isolated()) {
        if let Ok(false) = after.is_healthy_alone(position) {
            must_not_have_grown(before, position);
        }
    }
}

fn must_not_have_grown(before: &Moment, position: &Position) {
    let had = before.position(position.market).map_or(0, |it| it.lots.get().unsigned_abs());
    let has = position.lots.get().unsigned_abs();
    assert!(has <= had, "without margin, a position in market {} grew from {had} to {has}", position.market);
}
