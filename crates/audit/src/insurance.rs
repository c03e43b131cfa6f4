//! What events say of insurance, and of what lenders bear.

use crate::History;
use plimsoll::events::{BankruptcyLeg, BankruptcyResolved, LEG_BORROW, LEG_POSITION};
use plimsoll_client::events::Event;

/// Place of the quote token's bank: the first of every world.
const QUOTE: u8 = 0;

impl History {
    /// Takes note of what a transaction told: how all insurance changed, and whose lenders bore a loss.
    pub(crate) fn insurance_is_told(&mut self, told: &[Event]) {
        for event in told {
            self.insured += change(event);
            if let Event::BankruptcyResolved(it) = event {
                self.haircuts.extend(it.legs.iter().filter(|leg| lenders_bore(leg)).map(|leg| leg.index));
            }
        }
    }
}

fn lenders_bore(leg: &BankruptcyLeg) -> bool {
    leg.kind == LEG_BORROW && leg.others > 0
}

/// What comes into the fund and the markets' own parts of it, native quote; below zero what goes out.
fn change(event: &Event) -> i128 {
    match event {
        Event::StakeMoved(it) => it.amount.into(),
        Event::InsuranceEarned(it) => i128::from(it.tranche) + i128::from(it.fund),
        Event::PnlBought(it) => it.insurance_fee.into(),
        Event::MarketClosed(it) => it.pool.into(),
        Event::TakenOver(it) => -i128::from(it.subsidy),
        Event::BankruptcyResolved(it) => left_over(it) - borne(it),
        _ => 0,
    }
}

/// What tranches and the shared fund bore of a bankruptcy, native quote.
fn borne(it: &BankruptcyResolved) -> i128 {
    let tranches = it.legs.iter().filter(|leg| leg.kind == LEG_POSITION).map(|leg| leg.own);
    tranches.chain(it.legs.iter().map(|leg| leg.fund)).map(i128::from).sum()
}

/// What was seized for borrows and bought nothing: insurance keeps it. What is paid for tokens goes to the resolver; of the
/// quote token a unit costs a unit.
fn left_over(it: &BankruptcyResolved) -> i128 {
    let borrows = || it.legs.iter().filter(|leg| leg.kind == LEG_BORROW);
    let seized: i128 = borrows().map(|leg| i128::from(leg.seized)).sum();
    let fund: i128 = borrows().map(|leg| i128::from(leg.fund)).sum();
    let quote = borrows().filter(|leg| leg.index == QUOTE);
    seized + fund - i128::from(it.paid) - quote.map(|leg| i128::from(leg.bought)).sum::<i128>()
}
