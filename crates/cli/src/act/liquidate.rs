//! `plimsoll liquidate`: an account in danger, taken through one step of its liquidation.

use super::{
    deed::Deed,
    measures,
    operator::{Operator, Own, held},
    oracles::{self, Beside},
    tell,
};
use crate::{Refusal, exchange::Exchange, figure::Figure};
use clap::{Args, ValueEnum};
use plimsoll::state::MarginAccount;
use plimsoll_client::instructions::{liquidation::Liquidation, refresh};
use plimsoll_keeper::{
    case::{Case, Taste, Way},
    desk::{self, View},
    store::{Store, Update},
};
use plimsoll_risk::{RiskError, num::Ratio};
use plimsoll_sim::strategy::{Action, Scope};
use serde_json::json;
use solana_instruction::Instruction;
use solana_pubkey::Pubkey;
use std::collections::{BTreeMap, BTreeSet};

/// Steps before the liquidation itself: flagging, orders of each market cancelled, fills applied.
const PATIENCE: usize = 64;
/// Refreshes before it, of four prices each: a board has 64.
const ROUNDS: usize = 16;
/// Part of the own spare margin that one step may use, hundredths of a percent: prices move before it is executed.
const PRUDENCE_BPS: u32 = 9_000;
/// Part of a step that the book must take to be preferred, hundredths of a percent.
const BOOK_SHARE_BPS: u32 = 5_000;

/// Takes one step of an account's liquidation
///
/// What has to come first is done first: prices are refreshed, the account is flagged, its orders are cancelled, its fills
/// applied. Then the engine's
/// estimate of the step is shown (what is taken, what it earns), and it is sent. Run it again for the next step. With --json
/// each of these is an object on a line of its own.
///
/// Exit codes: 0 done; 1 the program or the network said no; 2 malformed arguments; 3 must not or cannot be done.
#[derive(Args, Debug)]
pub struct Liquidate {
    /// The endangered margin account
    #[arg(value_name = "ADDRESS")]
    whom: Pubkey,
    /// `cross`, or the market of an isolated position; without this whichever is in danger
    #[arg(long, value_name = "cross|MARKET")]
    scope: Option<String>,
    /// In which way; the engine's choice without this
    #[arg(long, value_enum)]
    way: Option<By>,
    /// The worst price of a take-over
    #[arg(long, value_name = "PRICE", requires = "way")]
    worst: Option<String>,
    /// How far from the index a take-over may still happen, where no worst price is given
    #[arg(long, value_name = "PERCENT", default_value = "3%")]
    slippage: String,
    #[command(flatten)]
    own: Own,
}

/// A way to liquidate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum By {
    /// Takes lots over at the oracle price less the fee
    Takeover,
    /// Sells lots into the book, and earns of what is better
    Book,
    /// Repays a debt for collateral and the fee
    Swap,
    /// Pays cash for a profit that the pool cannot pay now
    Pnl,
}

impl By {
    /// Ways that are not meant, in all markets and banks.
    fn others(self, exchange: &Exchange) -> BTreeSet<Way> {
        let mut closed = BTreeSet::new();
        for index in exchange.markets.iter().map(|entry| entry.at.index) {
            closed.extend((self != Self::Takeover).then_some(Way::TakeOver(index)));
            closed.extend((self != Self::Book).then_some(Way::Book(index)));
            closed.extend((self != Self::Pnl).then_some(Way::BuyPnl(index)));
        }
        let banks = exchange.banks.iter().map(|entry| Way::Swap(entry.bank.index));
        closed.extend(banks.filter(|_| self != Self::Swap));
        closed
    }
}

impl Liquidate {
    /// Does it.
    ///
    /// # Errors
    /// One line, and the exit code of its kind.
    pub fn run(&self) -> Result<(), Refusal> {
        let slippage = measures::percent(&self.slippage)?;
        let Some(operator) = self.refreshed()? else { return Ok(()) };
        let own = desk::Own { owner: operator.signer, account: operator.own_account(&self.own) };
        let closed = self.way.map(|way| way.others(operator.exchange())).unwrap_or_default();
        let hunt = Hunt { liquidate: self, operator: &operator, own, slippage, closed };
        for _ in 0..PATIENCE {
            let step = hunt.next()?;
            let is_last = step.profit.is_some() || operator.only_looks();
            hunt.takes(&step)?;
            if is_last {
                return Ok(());
            }
        }
        Err(Refusal::Failed("the account changes faster than it can be dealt with: try again".into()))
    }
}

impl Liquidate {
    /// The exchange with prices that are fresh for both accounts, as far as there are fresh ones: whoever is judged by stale
    /// prices is judged wrongly. Nothing where a refresh was only tried.
    fn refreshed(&self) -> Result<Option<Operator>, Refusal> {
        for _ in 0..ROUNDS {
            let operator = Operator::open(&self.own.sending)?;
            let (_, own) = operator.own(&self.own)?;
            let stale =
                oracles::brought(&operator, &[&operator.account(&self.whom)?, &own], Beside::Nothing).feeds;
            if stale.is_empty() {
                return Ok(Some(operator));
            }
            let names: Vec<String> =
                stale.iter().map(|(feed, _)| operator.exchange().names.feed(*feed)).collect();
            let refresh = refresh::refresh_prices(operator.exchange().of.board, &stale, None);
            operator.does(&Deed::new(format!("refresh {}", names.join(", ")), vec![refresh]))?;
            if operator.only_looks() {
                return Ok(None);
            }
        }
        Err(Refusal::Failed("prices do not get fresh".into()))
    }
}

/// Somebody after an account in danger.
struct Hunt<'a> {
    liquidate: &'a Liquidate,
    operator: &'a Operator,
    own: desk::Own,
    slippage: Ratio,
    closed: BTreeSet<Way>,
}

/// What is to be done next.
struct Step {
    told: String,
    instruction: Instruction,
    /// What it earns, of a step of the liquidation itself.
    profit: Option<Figure>,
}

impl Hunt<'_> {
    /// Of the account as it is now.
    fn next(&self) -> Result<Step, Refusal> {
        let whom = self.liquidate.whom;
        let account = self.operator.account(&whom)?;
        let store = self.store(&account)?;
        let unread = || Refusal::Failed("the exchange cannot be read".into());
        let board = store.board().ok_or_else(unread)?;
        let now = self.operator.session().reader().now()?;
        let view = View { store: &store, board, own: self.own, now };
        let (keep, prudence) = (BTreeMap::new(), Ratio::from_bps(PRUDENCE_BPS));
        let book_share = Ratio::from_bps(BOOK_SHARE_BPS);
        let taste = Taste { prudence, book_share, slippage: self.slippage, keep: &keep };
        for scope in self.scopes(&account)? {
            let case = Case::of(view, whom, scope, taste, &self.closed).ok_or_else(unread)?;
            if let Some(action) = case.next().map_err(|error| self.unjudged(error))? {
                return self.step(&case, scope, &action);
            }
        }
        Err(Refusal::Refused("nothing can be done now: it is in no danger, or not in this way".into()))
    }

    fn step(&self, case: &Case<'_>, scope: Scope, action: &Action) -> Result<Step, Refusal> {
        let exchange = self.operator.exchange();
        let missing = || Refusal::Failed("something that the step needs cannot be read".into());
        let task = case.task(action).ok_or_else(missing)?;
        let profit = match tell::is_business(action) {
            true => Some(case.profit(action).map_err(|error| self.unjudged(error))?),
            false => None,
        };
        let profit = profit.map(|profit| Figure::tokens(profit.get(), &exchange.quote()));
        let instruction = match (action, &self.liquidate.worst) {
            (Action::TakeOver { market, most_lots, .. }, Some(worst)) => {
                let entry = exchange.markets.get(usize::from(*market)).ok_or_else(missing)?;
                let worst = entry.scale.price(worst)?.get();
                let (board, account) = (exchange.of.board, self.liquidate.whom);
                let liquidation =
                    Liquidation { board, liquidator: self.own.owner, own: self.own.account, account };
                let quote_bank = Some(exchange.quote_bank()?.at.bank);
                liquidation.take_over(&entry.at, *most_lots, worst, quote_bank, &[])
            }
            _ => task.instruction,
        };
        let told = format!("{}: {}", tell::scope(scope, exchange), tell::action(action, exchange));
        let earns = profit.as_ref().map(|profit| format!(", earning {profit}")).unwrap_or_default();
        Ok(Step { told: told + &earns, instruction, profit })
    }

    fn unjudged(&self, error: RiskError) -> Refusal {
        Refusal::Failed(format!("the account cannot be judged: {}", self.operator.exchange().says(error)))
    }

    fn takes(&self, step: &Step) -> Result<(), Refusal> {
        let mut deed = Deed::new(step.told.clone(), vec![step.instruction.clone()]).about(self.own.account);
        deed = deed.detail("whom", self.liquidate.whom.to_string());
        if let Some(profit) = &step.profit {
            if !self.operator.only_looks() {
                let answer = json!({ "estimate": step.told, "profit": profit });
                self.operator.session().says(format!("estimate: {}", step.told), answer)?;
            }
            deed = deed.detail("profit", profit);
        }
        self.operator.does(&deed)
    }

    /// The scope that is named, or all of them.
    fn scopes(&self, account: &MarginAccount) -> Result<Vec<Scope>, Refusal> {
        Ok(match self.liquidate.scope.as_deref() {
            None => Scope::of(account),
            Some("cross") => vec![Scope::Cross],
            Some(name) => {
                let market = self.operator.exchange().market(name)?;
                let held = held(account, market.at.index).filter(|it| it.is_isolated());
                if held.is_none() {
                    let what = format!("{} is not isolated in this account: say --scope cross", market.name);
                    return Err(Refusal::Malformed(what));
                }
                vec![Scope::Pocket(market.at.index)]
            }
        })
    }

    /// All that a step depends on: the board, banks, markets, both accounts, and the books of the markets concerned.
    fn store(&self, account: &MarginAccount) -> Result<Store, Refusal> {
        let exchange = self.operator.exchange();
        let mut wanted = vec![exchange.of.board, self.liquidate.whom, self.own.account];
        wanted.extend(exchange.banks.iter().map(|entry| entry.at.bank));
        for entry in &exchange.markets {
            let at = &entry.at;
            wanted.push(at.market);
            if account.positions.iter().any(|position| !position.is_free() && position.market == at.index) {
                wanted.extend([at.bids, at.asks, at.queue]);
            }
        }
        let read = self.operator.session().reader().accounts(&wanted)?;
        let mut store = Store::new(exchange.of);
        for (address, account) in wanted.into_iter().zip(read.found) {
            let update = Update { address, slot: read.slot, data: account.map(|(_, data)| data) };
            store.apply(&update).map_err(|error| Refusal::Failed(error.to_string()))?;
        }
        Ok(store)
    }
}
