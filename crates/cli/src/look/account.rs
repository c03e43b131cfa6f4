//! A margin account: what it is worth, how much margin each kind of check finds, what it holds, what state it is in.

use super::{
    orders::Orders,
    positions::Positions,
    table::{or_dash, table},
};
use crate::{Refusal, amounts::show_seconds, exchange::Exchange, figure::Figure};
use plimsoll::state::MarginAccount;
use plimsoll_client::{
    portfolio::{self, Portfolio, Valuation},
    rpc::Reader,
};
use plimsoll_risk::{
    RiskError,
    layout::account::{ACCOUNT_FLAGGED, ACCOUNT_INSOLVENT, Balance, MAX_BALANCES, MAX_POSITIONS, Position},
    margin::{Holdings, Margin},
    num::Quote,
};
use serde::Serialize;
use solana_pubkey::Pubkey;
use std::fmt;

/// One margin account.
#[derive(Debug, Serialize)]
pub struct AccountView {
    /// Its address.
    pub account: String,
    /// Whose it is.
    pub owner: String,
    /// Which of the owner's accounts.
    pub number: u32,
    /// `cross` or `portfolio`.
    pub mode: &'static str,
    /// `healthy`, `margin-call`, `liquidation`, `insolvent`, `unknown` (a price is missing): by the figures of its cross part.
    pub standing: &'static str,
    /// Equity of the cross part: everything at full price; nothing where a price is missing.
    pub equity: Option<Figure>,
    /// What is spoken for of what counts at maintenance, a part of 1: above 1 it may be liquidated.
    pub load: Option<Figure>,
    /// Margin of the cross part at each kind of check.
    pub margin: Margins,
    /// What is written on the account.
    pub flags: Flags,
    /// Who may trade for the owner.
    pub delegate: Option<Delegate>,
    /// Deposits and borrows.
    pub balances: Vec<BalanceView>,
    /// Positions, valued.
    #[serde(flatten)]
    pub positions: Positions,
    /// Orders.
    #[serde(flatten)]
    pub orders: Orders,
}

/// Margin at each kind of check.
#[derive(Debug, Serialize)]
pub struct Margins {
    /// What may leave.
    pub withdraw: Checked,
    /// What taking risk needs.
    pub initial: Checked,
    /// Where a liquidation ends.
    pub liquidation_end: Checked,
    /// Where a liquidation begins.
    pub maintenance: Checked,
}

/// Margin at one kind of check, or why there is none.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum Checked {
    /// Net collateral less requirement.
    Margin {
        /// What is left; below zero what is missing.
        health: Figure,
        /// Weighted assets less weighted liabilities.
        net_collateral: Figure,
        /// What positions and orders need.
        requirement: Figure,
    },
    /// A price is missing, or not good enough for this kind.
    Refused {
        /// Why.
        refused: String,
    },
}

/// What is written on an account, times in unix seconds.
#[derive(Debug, Serialize)]
pub struct Flags {
    /// `none`, `flagged`, `insolvent`: of the cross part.
    pub state: &'static str,
    /// When its cross part was flagged.
    pub flagged_at: Option<i64>,
    /// When its margin call was posted.
    pub margin_called_at: Option<i64>,
    /// Markets whose pockets are flagged.
    pub flagged_pockets: Vec<String>,
    /// When anyone may cancel its orders, unless it shows life.
    pub dead_man_deadline: Option<i64>,
}

/// Who may trade for the owner.
#[derive(Debug, Serialize)]
pub struct Delegate {
    /// The key.
    pub key: String,
    /// When it ends, unix seconds.
    pub expires_at: i64,
}

/// A deposit, or a borrow below zero.
#[derive(Debug, Serialize)]
pub struct BalanceView {
    /// The token.
    pub token: String,
    /// How much, interest until now included; owed below zero.
    pub amount: Figure,
    /// Its worth at full price; nothing where that is missing.
    pub value: Option<Figure>,
    /// How much of it may be withdrawn now, without borrowing.
    pub withdrawable: Figure,
}

impl AccountView {
    /// Of an account at an address, with its orders read from their books.
    ///
    /// # Errors
    /// `Failed`: the network does not answer.
    pub fn read(
        reader: &Reader,
        exchange: &Exchange,
        address: &Pubkey,
        account: &MarginAccount,
    ) -> Result<Self, Refusal> {
        let orders = Orders::read(reader, exchange, account)?;
        Ok(Self::of(exchange, address, account, orders))
    }

    fn of(exchange: &Exchange, address: &Pubkey, account: &MarginAccount, orders: Orders) -> Self {
        let portfolio = Portfolio::new(account, &exchange.board, exchange.now);
        let (margins, of) = (portfolio.margins(), exchange.quote());
        let header = &account.header;
        let checked = |margin| Checked::of(exchange, margin);
        let has_delegate = header.delegate.0 != [0; 32];
        Self {
            account: address.to_string(),
            owner: Pubkey::from(header.owner.0).to_string(),
            number: header.number,
            mode: if header.mode == 0 { "cross" } else { "portfolio" },
            standing: standing(&margins, portfolio.equity()),
            equity: portfolio.equity().ok().map(|equity| Figure::tokens(equity.get(), &of)),
            load: margins.maintenance.ok().map(|it| Figure::ratio(portfolio::load(&it).get())),
            margin: Margins {
                withdraw: checked(margins.withdraw),
                initial: checked(margins.initial),
                liquidation_end: checked(margins.liquidation_end),
                maintenance: checked(margins.maintenance),
            },
            flags: Flags::of(exchange, account),
            delegate: has_delegate.then(|| Delegate {
                key: Pubkey::from(header.delegate.0).to_string(),
                expires_at: header.delegate_expires_at,
            }),
            balances: balances(exchange, account),
            positions: Positions::of(exchange, account),
            orders,
        }
    }
}

/// The first of the states of danger that the figures say.
fn standing(margins: &portfolio::Margins, equity: Result<Quote, RiskError>) -> &'static str {
    let missing = |margin: Result<Margin, RiskError>| margin.is_ok_and(|margin| !margin.is_healthy());
    match (margins.maintenance, equity) {
        (Err(_), _) | (_, Err(_)) => "unknown",
        (Ok(margin), Ok(equity)) if !margin.is_healthy() && equity.get() <= 0 => "insolvent",
        (Ok(margin), _) if !margin.is_healthy() => "liquidation",
        _ if missing(margins.initial) => "margin-call",
        _ => "healthy",
    }
}

impl Checked {
    fn of(exchange: &Exchange, margin: Result<Margin, RiskError>) -> Self {
        let quote = |amount: Quote| Figure::tokens(amount.get(), &exchange.quote());
        match margin {
            Ok(margin) => Self::Margin {
                health: quote(margin.health()),
                net_collateral: quote(margin.net_collateral()),
                requirement: quote(margin.requirement),
            },
            Err(error) => Self::Refused { refused: exchange.says(error) },
        }
    }

    fn row(&self, kind: &str) -> [String; 4] {
        let kind = kind.to_owned();
        match self {
            Self::Margin { health, net_collateral, requirement } => {
                [kind, health.to_string(), net_collateral.to_string(), requirement.to_string()]
            }
            Self::Refused { refused } => [kind, refused.clone(), String::new(), String::new()],
        }
    }
}

impl Flags {
    fn of(exchange: &Exchange, account: &MarginAccount) -> Self {
        let header = &account.header;
        let set = |at: i64| Some(at).filter(|at| *at != 0);
        let pockets = account.positions.iter().zip(&account.pocket_flags).filter(|(_, flag)| flag.is_set());
        Self {
            state: match header.state {
                ACCOUNT_FLAGGED => "flagged",
                ACCOUNT_INSOLVENT => "insolvent",
                _ => "none",
            },
            flagged_at: set(header.flagged_at),
            margin_called_at: set(header.margin_called_at),
            flagged_pockets: pockets.map(|(position, _)| exchange.names.market(position.market)).collect(),
            dead_man_deadline: set(header.dead_man_deadline),
        }
    }

    /// For a person, one line each.
    fn lines(&self, now: i64) -> Vec<String> {
        let ago = |at: i64| show_seconds(u64::try_from(now.saturating_sub(at)).unwrap_or(0));
        let mut lines = Vec::new();
        lines.extend(self.flagged_at.map(|at| format!("{} for {}", self.state, ago(at))));
        lines.extend(self.margin_called_at.map(|at| format!("margin call posted {} ago", ago(at))));
        lines.extend(self.flagged_pockets.iter().map(|market| format!("pocket of {market} flagged")));
        let left = |at: i64| show_seconds(u64::try_from(at.saturating_sub(now)).unwrap_or(0));
        lines.extend(self.dead_man_deadline.map(|at| format!("dead-man switch in {}", left(at))));
        lines
    }
}

fn balances(exchange: &Exchange, account: &MarginAccount) -> Vec<BalanceView> {
    let portfolio = Portfolio::new(account, &exchange.board, exchange.now);
    let held = account.balances.iter().filter(|slot| !slot.is_free());
    held.filter_map(|slot| {
        let entry = exchange.banks.get(usize::from(slot.bank))?;
        let mut bank = entry.bank;
        bank.accrue(exchange.now).ok()?;
        let amount = if slot.is_borrow() {
            i128::from(bank.owed_by(account).ok()?.get()).saturating_neg()
        } else {
            i128::from(bank.held_by(account).ok()?.get())
        };
        Some(BalanceView {
            token: entry.name.clone(),
            amount: Figure::tokens(amount, &entry.denomination()),
            withdrawable: Figure::tokens(
                portfolio.max_withdrawal(&entry.bank, false).amount.get(),
                &entry.denomination(),
            ),
            value: worth(exchange, slot).ok().map(|value| Figure::tokens(value.get(), &exchange.quote())),
        })
    })
    .collect()
}

/// A balance at full price, by the board.
fn worth(exchange: &Exchange, slot: &Balance) -> Result<Quote, RiskError> {
    let mut balances: [Balance; MAX_BALANCES] = bytemuck::Zeroable::zeroed();
    let [first, ..] = &mut balances;
    *first = *slot;
    let positions: [Position; MAX_POSITIONS] = bytemuck::Zeroable::zeroed();
    let holdings = Holdings { balances: &balances, positions: &positions };
    Valuation::new(&exchange.board, exchange.now).equity(&holdings)
}

impl fmt::Display for AccountView {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(out, "account {}, number {} of {}", self.account, self.number, self.owner)?;
        let (equity, load) = (or_dash(self.equity.as_ref()), or_dash(self.load.as_ref()));
        writeln!(out, "{}: equity {equity}, load {load}", self.standing)?;
        for line in self.flags.lines(self.orders.now()) {
            writeln!(out, "{line}")?;
        }
        if let Some(delegate) = &self.delegate {
            writeln!(out, "delegate {}", delegate.key)?;
        }
        let Margins { withdraw, initial, liquidation_end, maintenance } = &self.margin;
        let rows = [
            withdraw.row("withdraw"),
            initial.row("initial"),
            liquidation_end.row("liquidation end"),
            maintenance.row("maintenance"),
        ];
        writeln!(out, "\n{}", table(&["check", "health", "net collateral", "requirement"], rows))?;
        let rows = self.balances.iter().map(|it| {
            [it.token.clone(), it.amount.to_string(), or_dash(it.value.as_ref()), it.withdrawable.to_string()]
        });
        writeln!(out, "\n{}", table(&["token", "balance", "worth", "withdrawable"], rows))?;
        write!(out, "\n{}\n\n{}", self.positions, self.orders)
    }
}
