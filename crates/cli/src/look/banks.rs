//! Banks: what lies in them, what is lent, what it costs, how much more fits.

use super::table::table;
use crate::{
    amounts::show_seconds,
    exchange::{BankEntry, Exchange},
    figure::Figure,
};
use plimsoll::state::bank::VAULT_SHORT;
use plimsoll_risk::{interest, num::RATIO_BITS};
use serde::Serialize;
use std::fmt;

/// One bank, its interest accrued until now.
#[derive(Debug, Serialize)]
pub struct BankView {
    /// Its token's name.
    pub bank: String,
    /// Its place on the board.
    pub place: u8,
    /// Its address.
    pub address: String,
    /// Its token's mint.
    pub mint: String,
    /// `open`, `gated` (nothing is withdrawn until a loss is attributed), `short` (its vault held less than it owes).
    pub state: &'static str,
    /// Seconds until a gate opens; nothing without one.
    pub gated_seconds: Option<u64>,
    /// All deposits, rounded down.
    pub deposits: Figure,
    /// All borrows, rounded up.
    pub borrows: Figure,
    /// What is lent of the deposits.
    pub utilisation: Figure,
    /// Annual rate that borrowers pay.
    pub borrow_rate: Figure,
    /// Annual rate that lenders get.
    pub deposit_rate: Figure,
    /// Most deposits.
    pub deposit_cap: Figure,
    /// Most borrows.
    pub borrow_cap: Figure,
    /// Weight of a deposit where risk is taken.
    pub asset_weight_initial: Figure,
    /// Weight of a borrow where risk is taken.
    pub liability_weight_initial: Figure,
    /// Interest kept back.
    pub reserves: Figure,
    /// What of its vault is insurance's.
    pub insurance: Figure,
    /// What its vault has to hold.
    pub vault: Figure,
}

/// All banks, in their order on the board.
#[derive(Debug, Serialize)]
pub struct Banks {
    /// Each.
    pub banks: Vec<BankView>,
}

impl Banks {
    /// As they are.
    pub fn of(exchange: &Exchange) -> Self {
        Self { banks: exchange.banks.iter().filter_map(|entry| BankView::of(exchange, entry)).collect() }
    }
}

impl BankView {
    /// As it is; nothing for one whose figures left their range.
    pub fn of(exchange: &Exchange, entry: &BankEntry) -> Option<Self> {
        let (mut bank, of, now) = (entry.bank, entry.denomination(), exchange.now);
        bank.accrue(now).ok()?;
        let terms = exchange.board.bank(bank.index).ok()?;
        let (deposits, borrows) = (bank.deposits().ok()?, bank.borrows().ok()?);
        let utilisation = interest::utilisation(deposits, borrows);
        let lent = i128::from(bank.borrow_rate.get()).saturating_mul(utilisation.get().into()) >> RATIO_BITS;
        let kept = (1i128 << RATIO_BITS).saturating_sub(bank.reserve_factor.get().into());
        let gated = u64::try_from(bank.gated_until.saturating_sub(now)).ok().filter(|left| *left > 0);
        let tokens = |amount: u64| Figure::tokens(amount, &of);
        let state = match gated {
            _ if bank.flags & VAULT_SHORT != 0 => "short",
            Some(_) => "gated",
            None => "open",
        };
        Some(Self {
            bank: entry.name.clone(),
            place: bank.index,
            address: entry.at.bank.to_string(),
            mint: entry.at.mint.to_string(),
            state,
            gated_seconds: gated,
            deposits: tokens(deposits.get()),
            borrows: tokens(borrows.get()),
            utilisation: Figure::ratio(utilisation.get()),
            borrow_rate: Figure::ratio(bank.borrow_rate.get()),
            deposit_rate: Figure::ratio(lent.saturating_mul(kept) >> RATIO_BITS),
            deposit_cap: Figure::cap(bank.deposit_cap, &of),
            borrow_cap: Figure::cap(bank.borrow_cap, &of),
            asset_weight_initial: Figure::ratio(terms.asset_weight_initial.get()),
            liability_weight_initial: Figure::ratio(terms.liability_weight_initial.get()),
            reserves: tokens(bank.reserves),
            insurance: tokens(bank.insurance.get()),
            vault: tokens(bank.vault_balance.get()),
        })
    }

    /// Its state for a person, and for how long.
    pub fn state_now(&self) -> String {
        self.gated_seconds
            .map_or_else(|| self.state.to_owned(), |left| format!("gated {}", show_seconds(left)))
    }
}

impl fmt::Display for Banks {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        const HEADS: [&str; 10] = [
            "bank",
            "deposits",
            "borrows",
            "utilisation",
            "borrow rate",
            "deposit rate",
            "deposit cap",
            "borrow cap",
            "insurance",
            "state",
        ];
        let rows = self.banks.iter().map(|it| {
            [
                it.bank.clone(),
                it.deposits.to_string(),
                it.borrows.to_string(),
                it.utilisation.to_string(),
                it.borrow_rate.to_string(),
                it.deposit_rate.to_string(),
                it.deposit_cap.to_string(),
                it.borrow_cap.to_string(),
                it.insurance.to_string(),
                it.state_now(),
            ]
        });
        write!(out, "{}", table(&HEADS, rows))
    }
}
