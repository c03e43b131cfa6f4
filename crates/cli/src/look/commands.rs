//! The commands that show something and change nothing.

use super::{
    account::AccountView,
    banks::Banks,
    book::DepthView,
    events::{self, Shown},
    insurance::InsuranceView,
    markets::Markets,
    orders::Orders,
    positions::Positions,
    which::Which,
};
use crate::{
    Refusal,
    session::{Connection, Session},
};
use clap::Args;
use solana_pubkey::Pubkey;

/// Prices on each side unless more are asked for.
const DEPTH: usize = 10;
/// Transactions whose events are shown unless more are asked for.
const TRANSACTIONS: usize = 20;

/// Shows a margin account: its equity, the kinds of health, balances, positions, orders, flags
#[derive(Args, Clone, Debug)]
pub struct AccountOf {
    #[command(flatten)]
    which: Which,
    #[command(flatten)]
    connection: Connection,
}

impl AccountOf {
    /// Reads and shows it.
    ///
    /// # Errors
    /// One line, and the exit code of its kind.
    pub fn run(&self) -> Result<(), Refusal> {
        let session = Session::open(&self.connection)?;
        let address = self.which.address(&session)?;
        let (exchange, account) = (session.exchange()?, session.account(&address)?);
        let view = AccountView::read(session.reader(), &exchange, &address, &account)?;
        session.says(&view, &view)
    }
}

/// Shows an account's positions: where each would be liquidated, profit and loss, funding due
#[derive(Args, Clone, Debug)]
pub struct PositionsOf {
    #[command(flatten)]
    which: Which,
    #[command(flatten)]
    connection: Connection,
}

impl PositionsOf {
    /// Reads and shows them. Errors as [`AccountOf::run`].
    pub fn run(&self) -> Result<(), Refusal> {
        let session = Session::open(&self.connection)?;
        let address = self.which.address(&session)?;
        let view = Positions::of(&session.exchange()?, &*session.account(&address)?);
        session.says(&view, &view)
    }
}

/// Shows an account's orders: those on the books, and those that wait for a price
#[derive(Args, Clone, Debug)]
pub struct OrdersOf {
    #[command(flatten)]
    which: Which,
    #[command(flatten)]
    connection: Connection,
}

impl OrdersOf {
    /// Reads and shows them. Errors as [`AccountOf::run`].
    pub fn run(&self) -> Result<(), Refusal> {
        let session = Session::open(&self.connection)?;
        let address = self.which.address(&session)?;
        let (exchange, account) = (session.exchange()?, session.account(&address)?);
        let view = Orders::read(session.reader(), &exchange, &account)?;
        session.says(&view, &view)
    }
}

/// Shows the markets: index, stable price, funding, open interest, deficits, breakers
#[derive(Args, Clone, Debug)]
pub struct MarketsOf {
    #[command(flatten)]
    connection: Connection,
}

impl MarketsOf {
    /// Reads and shows them. Errors as [`AccountOf::run`].
    pub fn run(&self) -> Result<(), Refusal> {
        let session = Session::open(&self.connection)?;
        let view = Markets::of(&session.exchange()?);
        session.says(&view, &view)
    }
}

/// Shows the banks: deposits, borrows, utilisation, rates, caps, insurance
#[derive(Args, Clone, Debug)]
pub struct BanksOf {
    #[command(flatten)]
    connection: Connection,
}

impl BanksOf {
    /// Reads and shows them. Errors as [`AccountOf::run`].
    pub fn run(&self) -> Result<(), Refusal> {
        let session = Session::open(&self.connection)?;
        let view = Banks::of(&session.exchange()?);
        session.says(&view, &view)
    }
}

/// Shows a market's book
#[derive(Args, Clone, Debug)]
pub struct BookOf {
    /// The market, such as BTC-PERP or BTC
    market: String,
    /// How many prices a side
    #[arg(long, value_name = "N", default_value_t = DEPTH)]
    depth: usize,
    #[command(flatten)]
    connection: Connection,
}

impl BookOf {
    /// Reads and shows it. Errors as [`AccountOf::run`].
    pub fn run(&self) -> Result<(), Refusal> {
        let session = Session::open(&self.connection)?;
        let exchange = session.exchange()?;
        let entry = exchange.market(&self.market)?;
        let book = session.reader().book(&entry.at)?;
        let view = DepthView::of(&exchange, entry, &book, self.depth)?;
        session.says(&view, &view)
    }
}

/// Shows the insurance: the shared fund, the markets' own parts, deficits
#[derive(Args, Clone, Debug)]
pub struct InsuranceOf {
    #[command(flatten)]
    connection: Connection,
}

impl InsuranceOf {
    /// Reads and shows it. Errors as [`AccountOf::run`].
    pub fn run(&self) -> Result<(), Refusal> {
        let session = Session::open(&self.connection)?;
        let view = InsuranceView::of(&session.exchange()?);
        let view =
            view.ok_or_else(|| Refusal::Failed("there is no insurance fund on this network".into()))?;
        session.says(&view, &view)
    }
}

/// Shows what happened: the events of the newest transactions, the oldest first; with --json one object a line
#[derive(Args, Clone, Debug)]
pub struct EventsOf {
    /// Goes on with what happens from now on, until it is interrupted
    #[arg(long)]
    follow: bool,
    /// Looks back at so many transactions
    #[arg(long, value_name = "N", default_value_t = TRANSACTIONS)]
    limit: usize,
    /// Only what concerns this account, market or bank
    #[arg(long, value_name = "ADDRESS")]
    of: Option<Pubkey>,
    #[command(flatten)]
    connection: Connection,
}

impl EventsOf {
    /// Reads and shows them. Errors as [`AccountOf::run`].
    pub fn run(&self) -> Result<(), Refusal> {
        let session = Session::open(&self.connection)?;
        let exchange = session.exchange()?;
        let of = self.of.unwrap_or(plimsoll::ID);
        let shown = Shown::new(exchange);
        // Subscribed before it looks back, so that nothing falls between.
        let following = self.follow.then(|| events::follow(&session.websocket(), &of)).transpose()?;
        for told in events::past(session.client(), &of, self.limit)? {
            for line in shown.events(&told) {
                session.says(&line, &line)?;
            }
        }
        let Some(following) = following else { return Ok(()) };
        for told in following.told() {
            for line in shown.events(&told) {
                session.says(&line, &line)?;
            }
        }
        Err(Refusal::Failed("the subscription ended".into()))
    }
}
