//! What events of liquidation, deleveraging, bankruptcy and settlement mean for an account.

use super::Statement;
use plimsoll::events::{
    BankruptcyResolved, ClosedByDeleveraging, CollateralSwapped, Deleveraged, LEG_CLAIM, LEG_POSITION,
    LiquidatedIntoBook, PnlBought, PositionSettled, TakenOver,
};
use plimsoll_client::{book::Side, events::Event, instructions::liquidation::Scope};

impl Statement {
    pub(super) fn reads_danger(&mut self, event: &Event) {
        match event {
            Event::Deleveraged(it) if it.account == self.account => self.reads_deleveraging(it),
            Event::ClosedByDeleveraging(it) if it.account == self.account => self.reads_closing(it),
            Event::BankruptcyResolved(it) => self.reads_bankruptcy(it),
            Event::TakenOver(it) => self.reads_take_over(it),
            Event::LiquidatedIntoBook(it) => self.reads_liquidation(it),
            Event::CollateralSwapped(it) => self.reads_swap(it),
            Event::PnlBought(it) => self.reads_purchase(it),
            Event::PositionSettled(it) if it.account == self.account => self.reads_settled(it),
            _ => (),
        }
    }

    fn reads_deleveraging(&mut self, it: &Deleveraged) {
        self.deleveraged += i128::from(it.quote);
        let line = self.of(it.market);
        assert_eq!(line.lots.abs(), i64::from(it.lots.abs()) + i64::from(it.closed), "other lots are told");
        line.lots = it.lots.into();
        line.quote += i128::from(it.quote);
    }

    fn reads_closing(&mut self, it: &ClosedByDeleveraging) {
        self.pays_funding(it.market, it.funding);
        let side = if it.is_long { Side::Ask } else { Side::Bid };
        self.trades(it.market, side, (it.lots, it.quote.unsigned_abs(), 0));
    }

    fn reads_bankruptcy(&mut self, it: &BankruptcyResolved) {
        if it.account == self.account {
            let positions = it.legs.iter().filter(|leg| [LEG_POSITION, LEG_CLAIM].contains(&leg.kind));
            for leg in positions {
                let line = self.of(leg.index);
                let owed = std::mem::take(&mut line.quote);
                assert_eq!(owed.abs(), i128::from(leg.amount), "another loss is told");
                self.forgiven -= owed;
            }
            let cross = Scope::from_code(it.scope) == Scope::Cross;
            let cash = if cross { &mut self.balance } else { &mut self.of(it.scope).pocket };
            let cash = std::mem::take(cash);
            assert_eq!(cash.max(0), i128::from(it.cash), "other cash is told");
            self.forgiven -= cash;
        }
        if it.resolver == self.account && it.resolver_sequence != 0 {
            self.swapped += i128::from(it.paid);
            self.moves_balance(it.paid.into(), it.resolver_balance);
        }
    }

    fn reads_take_over(&mut self, it: &TakenOver) {
        let (gives, takes) = if it.is_long { (Side::Ask, Side::Bid) } else { (Side::Bid, Side::Ask) };
        if it.account == self.account {
            self.pays_funding(it.market, it.funding);
            self.trades(it.market, gives, (it.lots, it.quote, it.fee + it.insurance_fee));
        }
        if it.liquidator == self.account {
            self.pays_funding(it.market, it.liquidator_funding);
            self.trades(it.market, takes, (it.lots, it.quote, -(it.fee + it.subsidy)));
        }
    }

    fn reads_liquidation(&mut self, it: &LiquidatedIntoBook) {
        self.reads_makers(it.market, &it.makers, false);
        if it.account == self.account {
            self.pays_funding(it.market, it.funding);
            let side = if it.is_long { Side::Ask } else { Side::Bid };
            self.trades(it.market, side, (it.lots, it.quote, it.taker_fee + it.fee + it.insurance_fee));
        }
        if it.keeper == self.account {
            self.rewards -= i128::from(it.fee);
            self.of(it.market).quote += i128::from(it.fee);
        }
    }

    fn reads_swap(&mut self, it: &CollateralSwapped) {
        if it.account == self.account {
            self.is_told(it.debt_bank, it.debt_balance);
            self.is_told(it.collateral_bank, it.collateral_balance);
        }
        if it.liquidator == self.account {
            self.is_told(it.debt_bank, it.liquidator_debt_balance);
            self.is_told(it.collateral_bank, it.liquidator_collateral_balance);
        }
    }

    /// A swap left this balance of a bank.
    fn is_told(&mut self, bank: u8, balance: i64) {
        if bank == self.quote_bank {
            self.swapped += i128::from(balance) - self.balance;
            self.balance = balance.into();
        }
    }

    fn reads_purchase(&mut self, it: &PnlBought) {
        let [claim, paid, insured] = [it.claim, it.paid, it.insurance_fee].map(i128::from);
        if it.account == self.account {
            self.pays_funding(it.market, it.funding);
            self.of(it.market).quote -= claim;
            self.fees += claim - paid;
            self.moves_balance(paid, it.balance);
        }
        if it.liquidator == self.account {
            self.pays_funding(it.market, it.liquidator_funding);
            self.of(it.market).quote += claim;
            self.fees -= claim - paid - insured;
            self.moves_balance(-paid - insured, it.liquidator_balance);
        }
    }

    fn reads_settled(&mut self, it: &PositionSettled) {
        self.pays_funding(it.market, it.funding);
        let side = if it.lots > 0 { Side::Ask } else { Side::Bid };
        self.trades(it.market, side, (it.lots.unsigned_abs(), it.worth, 0));
    }
}
