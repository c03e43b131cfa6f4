//! What is shown at one moment.

use super::feed::Memory;
use crate::{
    exchange::Exchange,
    figure::Figure,
    look::{insurance::InsuranceView, markets::Markets},
};
use plimsoll_client::portfolio::{self, Valuation};
use plimsoll_risk::{
    RiskError,
    health::Check,
    layout::account::{self, Balance, MAX_BALANCES, MAX_POSITIONS, PocketFlag, Position},
    margin::{Holdings, Margin},
    num::Ratio,
};
use serde::Serialize;
use solana_pubkey::Pubkey;
use std::cmp::Reverse;

/// Most accounts that are shown.
const MOST: usize = 200;

/// What a margin account is valued by.
#[derive(Clone)]
pub struct Held {
    balances: [Balance; MAX_BALANCES],
    positions: [Position; MAX_POSITIONS],
    /// When its cross part was flagged; 0 is not.
    flagged_at: i64,
    pockets: [PocketFlag; MAX_POSITIONS],
}

impl From<&account::MarginAccount> for Held {
    fn from(account: &account::MarginAccount) -> Self {
        Self {
            balances: account.balances,
            positions: account.positions,
            flagged_at: account.header.flagged_at,
            pockets: account.pocket_flags,
        }
    }
}

/// An account's cross part, or one of its pockets.
#[derive(Clone, Debug, Serialize)]
pub struct Risky {
    /// The margin account.
    pub account: String,
    /// `cross`, or the market whose pocket it is.
    pub scope: String,
    /// What is spoken for of what counts at maintenance, a part of 1: above 1 it may be liquidated; 4 or more is shown as 4.
    pub load: Figure,
    /// Health at maintenance: below zero what is missing.
    pub health: Figure,
    /// What positions and orders need.
    pub requirement: Figure,
    /// `safe`, `near` (above 80 %), `endangered`, each with `, flagged` where it is.
    pub state: String,
    #[serde(skip)]
    rank: Ratio,
}

/// Everything on the screen but the events.
#[derive(Serialize)]
pub struct Scene {
    /// The chain's clock, unix seconds.
    pub now: i64,
    /// Margin accounts.
    pub accounts: usize,
    /// Accounts and pockets below maintenance.
    pub endangered: usize,
    /// Accounts and pockets that are flagged.
    pub flagged: usize,
    /// Accounts and pockets that cannot be valued.
    pub unvalued: usize,
    /// The markets.
    #[serde(flatten)]
    pub markets: Markets,
    /// The insurance; nothing before it is set up.
    pub insurance: Option<InsuranceView>,
    /// Accounts and pockets with something at risk, the most endangered first.
    pub riskiest: Vec<Risky>,
}

impl Scene {
    /// Of what is in memory.
    pub fn of(memory: &Memory) -> Self {
        let exchange = &memory.exchange;
        let mut scene = Self {
            now: exchange.now,
            accounts: memory.accounts.len(),
            endangered: 0,
            flagged: 0,
            unvalued: 0,
            markets: Markets::of(exchange),
            insurance: InsuranceView::of(exchange),
            riskiest: Vec::new(),
        };
        let valuation = Valuation::new(&exchange.board, exchange.now);
        for (address, held) in &memory.accounts {
            for (scope, is_flagged, margin) in held.scopes(&valuation) {
                scene.count(exchange, address, scope, is_flagged, margin);
            }
        }
        scene.riskiest.sort_by(|one, other| {
            let key = |it: &Risky| (Reverse(it.rank), it.account.clone(), it.scope.clone());
            key(one).cmp(&key(other))
        });
        scene.riskiest.truncate(MOST);
        scene
    }

    fn count(
        &mut self,
        exchange: &Exchange,
        address: &Pubkey,
        scope: Option<u8>,
        is_flagged: bool,
        margin: Result<Margin, RiskError>,
    ) {
        self.flagged = self.flagged.saturating_add(usize::from(is_flagged));
        let Ok(margin) = margin else {
            self.unvalued = self.unvalued.saturating_add(1);
            return;
        };
        let load = portfolio::load(&margin);
        let is_endangered = !margin.is_healthy();
        self.endangered = self.endangered.saturating_add(usize::from(is_endangered));
        if load.is_zero() && !is_flagged {
            return;
        }
        let word = match load {
            _ if is_endangered => "endangered",
            load if load > Ratio::from_bps(8_000) => "near",
            _ => "safe",
        };
        let quote = exchange.quote();
        self.riskiest.push(Risky {
            account: address.to_string(),
            scope: scope.map_or_else(|| "cross".to_owned(), |market| exchange.names.market(market)),
            load: Figure::ratio(load.get()),
            health: Figure::tokens(margin.health().get(), &quote),
            requirement: Figure::tokens(margin.requirement.get(), &quote),
            state: if is_flagged { format!("{word}, flagged") } else { word.to_owned() },
            rank: load,
        });
    }
}

impl Held {
    /// The cross part, and each pocket: which market's, whether it is flagged, its margin at maintenance.
    fn scopes<'a>(
        &'a self,
        valuation: &'a Valuation<'_>,
    ) -> impl Iterator<Item = (Option<u8>, bool, Result<Margin, RiskError>)> + 'a {
        let holdings = Holdings { balances: &self.balances, positions: &self.positions };
        let cross = (None, self.flagged_at != 0, valuation.maintenance(&holdings));
        let pockets = self.positions.iter().zip(&self.pockets).filter(|(position, _)| position.is_isolated());
        let pockets = pockets.map(|(position, flag)| {
            (Some(position.market), flag.is_set(), valuation.pocket(position, Check::Maintenance))
        });
        std::iter::once(cross).chain(pockets)
    }
}
