//! What the program tells becomes the report.

use harness::Receipt;
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

/// Writes the report.
pub struct Teller {
    pub report: Report,
    /// Flags that stand, by account and scope: when they were set.
    flags: BTreeMap<(Pubkey, u8), i64>,
    /// The scope that is being liquidated.
    pub scope: u8,
    /// Whether something was liquidated, deleveraged or resolved since the last look.
    pub is_eventful: bool,
    /// Who is in danger at the end.
    pub left: Vec<String>,
    /// Refusals by instruction and reason.
    pub refusals: BTreeMap<(String, String), u64>,
}

impl Teller {
    pub fn new(report: Report) -> Self {
        Self {
            report,
            flags: BTreeMap::new(),
            scope: CROSS,
            is_eventful: false,
            left: Vec::new(),
            refusals: BTreeMap::new(),
        }
    }

    /// Takes note of what became of an instruction.
    pub fn hears(&mut self, name: &str, receipt: &Receipt, board: &RiskBoard) {
        if let Some(error) = &receipt.error {
            self.report.refused(name);
            *self.refusals.entry((name.to_owned(), reason(error))).or_default() += 1;
            return;
        }
        self.report.succeeded(name, receipt.compute_units);
        for event in &receipt.events {
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
                self.steps(it.account, it.over);
            }
            Event::LiquidatedIntoBook(it) => {
                let fee = i128::from(it.taker_fee) + i128::from(it.fee) + i128::from(it.insurance_fee);
                ways.into_book.add(it.quote.into(), fee);
                self.steps(it.account, it.over);
            }
            Event::CollateralSwapped(it) => {
                let notional = worth(board, it.debt_bank, it.repaid);
                ways.collateral_swaps.add(notional, i128::from(it.fee) + i128::from(it.insurance_fee));
                self.steps(it.account, it.over);
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
            _ => (),
        }
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

    /// A step of a liquidation; the scope's flag falls where the danger is over.
    fn steps(&mut self, account: Pubkey, over: bool) {
        self.is_eventful = true;
        if over && self.flags.remove(&(account, self.scope)).is_some() {
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

    /// Orders of somebody in danger were cancelled.
    pub fn hears_cancels(&mut self, receipt: &Receipt) {
        for event in &receipt.events {
            if let Event::Cancelled(it) = event {
                self.report.orders_cancelled += it.orders.len() as u64;
            }
        }
    }

    /// What no one bore yet.
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
fn reason(error: &TransactionError) -> String {
    match error {
        TransactionError::InstructionError(_, InstructionError::Custom(code)) => errors::name(*code),
        other => format!("{other:?}"),
    }
}
