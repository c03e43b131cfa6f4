//! What the program tells becomes a report.

use plimsoll::{
    events::{Assessed, BankruptcyLeg, BankruptcyResolved, LEG_BORROW, LEG_POSITION},
    state::RiskBoard,
};
use plimsoll_client::{errors, events::Event};
use plimsoll_risk::num::PRICE_BITS;
use plimsoll_sim::report::{Amount, Report};
use solana_instruction::error::InstructionError;
use solana_pubkey::Pubkey;
use solana_transaction::TransactionError;
use std::collections::BTreeMap;

/// The quote token's bank.
const QUOTE: u8 = 0;
/// The cross part of an account.
const CROSS: u8 = u8::MAX;
/// Native units of one whole quote token.
const WHOLE: u128 = 1_000_000;

/// What became of an instruction.
#[derive(Clone, Copy, Debug)]
pub struct Told<'a> {
    /// What it is called.
    pub name: &'a str,
    /// What it used.
    pub compute_units: u64,
    /// Why it was refused, if it was.
    pub error: Option<&'a TransactionError>,
    /// What it told.
    pub events: &'a [Event],
}

/// Writes the report.
pub struct Teller {
    /// What was told until now.
    pub report: Report,
    /// Flags that stand, by account and scope: when they were set.
    flags: BTreeMap<(Pubkey, u8), i64>,
    /// Whether something was liquidated, deleveraged or resolved since somebody last took note.
    pub is_eventful: bool,
    /// Refusals by instruction and reason.
    pub refusals: BTreeMap<(String, String), u64>,
}

impl Teller {
    /// Goes on with a report.
    pub const fn new(report: Report) -> Self {
        Self { report, flags: BTreeMap::new(), is_eventful: false, refusals: BTreeMap::new() }
    }

    /// Takes note of what became of an instruction; the board is as it was then, for what tokens were worth.
    pub fn hears(&mut self, told: &Told<'_>, board: &RiskBoard) {
        if let Some(error) = told.error {
            self.report.refused(told.name);
            *self.refusals.entry((told.name.to_owned(), reason(error))).or_default() += 1;
            return;
        }
        self.report.succeeded(told.name, told.compute_units);
        for event in told.events {
            self.hears_event(event, board);
        }
    }

    fn hears_event(&mut self, event: &Event, board: &RiskBoard) {
        let ways = &mut self.report.liquidations;
        match event {
            Event::MarginCall(_) => self.report.margin_calls += 1,
            Event::Assessed(it) => self.hears_assessment(it),
            Event::TakenOver(it) => {
                ways.taken_over.add(it.quote.into(), i128::from(it.fee) + i128::from(it.insurance_fee));
                self.steps(it.account, it.market, it.over);
            }
            Event::LiquidatedIntoBook(it) => {
                let fee = i128::from(it.taker_fee) + i128::from(it.fee) + i128::from(it.insurance_fee);
                ways.into_book.add(it.quote.into(), fee);
                self.steps(it.account, it.market, it.over);
            }
            Event::CollateralSwapped(it) => {
                let notional = worth(board, it.debt_bank, it.repaid);
                ways.collateral_swaps.add(notional, i128::from(it.fee) + i128::from(it.insurance_fee));
                self.steps(it.account, CROSS, it.over);
            }
            Event::PnlBought(it) => {
                ways.pnl_bought.add(it.claim.into(), i128::from(it.claim) - i128::from(it.paid));
                self.is_eventful = true;
            }
            Event::ClosedByDeleveraging(it) => {
                ways.deleveraged.add(it.quote.into(), 0);
                self.report.deleveraged_lots += u64::from(it.lots);
                self.is_eventful = true;
            }
            Event::BankruptcyResolved(it) => self.hears_bankruptcy(it, board),
            // Nobody else may cancel the orders of somebody who is not flagged.
            Event::Cancelled(it) if self.is_flagged(it.account) => {
                self.report.orders_cancelled += it.orders.len() as u64;
            }
            _ => (),
        }
    }

    /// Accounts and pockets that are flagged now, by what was told.
    pub fn standing_flags(&self) -> usize {
        self.flags.len()
    }

    fn is_flagged(&self, account: Pubkey) -> bool {
        self.flags.range((account, 0)..=(account, u8::MAX)).next().is_some()
    }

    fn hears_assessment(&mut self, it: &Assessed) {
        let place = (it.account, it.scope);
        if it.flagged_at == 0 {
            if self.flags.remove(&place).is_some() {
                self.report.recovered += 1;
            }
        } else if self.flags.insert(place, it.flagged_at) != Some(it.flagged_at) {
            self.report.flagged += 1;
        }
    }

    /// A step of a liquidation in a market (or of the cross part); the scope's flag falls where the danger is over. Only an
    /// isolated position has a flag of its own.
    fn steps(&mut self, account: Pubkey, market: u8, over: bool) {
        self.is_eventful = true;
        let own = (account, market);
        let place = if self.flags.contains_key(&own) { own } else { (account, CROSS) };
        if over && self.flags.remove(&place).is_some() {
            self.report.recovered += 1;
        }
    }

    fn hears_bankruptcy(&mut self, it: &BankruptcyResolved, board: &RiskBoard) {
        self.is_eventful = true;
        self.flags.remove(&(it.account, it.scope));
        self.report.bankruptcies += 1;
        let losses = &mut self.report.losses;
        losses.total = losses.total.plus(it.deficit.into());
        for leg in &it.legs {
            let BankruptcyLeg { kind, index, own, fund, others, .. } = *leg;
            losses.insurance_paid = losses.insurance_paid.plus(fund.into());
            if kind == LEG_POSITION {
                losses.tranches_paid = losses.tranches_paid.plus(own.into());
                losses.winners_charged = losses.winners_charged.plus(others.into());
            } else if kind == LEG_BORROW {
                losses.reserves_paid = losses.reserves_paid.plus(worth(board, index, own));
                losses.lenders_bore = losses.lenders_bore.plus(worth(board, index, others));
            }
        }
    }

    /// What no one bore yet, native quote.
    pub fn leaves_open(&mut self, deficits: u64) {
        self.report.losses.open_deficit = Amount::new(deficits.into());
    }
}

/// What native units of a bank's token are worth at the board's price, native quote, rounded down.
fn worth(board: &RiskBoard, bank: u8, units: u64) -> i128 {
    if bank == QUOTE {
        return units.into();
    }
    let terms = &board.banks[usize::from(bank)];
    let price = board.feeds[usize::from(terms.feed)].price;
    let one = 10u128.pow(u32::from(terms.decimals));
    let worth = u128::from(units) * u128::from(price.get()) / one * WHOLE;
    i128::try_from(worth >> PRICE_BITS).expect("an amount of money")
}

/// Why an instruction was refused.
pub fn reason(error: &TransactionError) -> String {
    match error {
        TransactionError::InstructionError(_, InstructionError::Custom(code)) => errors::name(*code),
        other => format!("{other:?}"),
    }
}
