//! The accounts of an action in one market, and its rule: cancel, match, rest, and have the margin for what comes of it.

use super::{
    args::{MAX_CANCELLED, MAX_PLACED, OrderArgs},
    makers::PROGRAM,
    orders::Trade,
    session::Session,
};
use crate::{
    errors::{Refusal, refused, unbooked},
    premium, prices,
    state::{MarginAccount, Market, RiskBoard, book, margin_account::scope, risk_board::Pausable},
};
use anchor_lang::prelude::*;
use plimsoll_book::{Book, queue::FillQueue};
use plimsoll_risk::{
    conduct::{self, Change},
    health::Overlay,
    layout::Key,
    margin::Holdings,
    num::Quote,
};

/// Where no oracle accounts came along: nothing needs to be copied then.
static NO_PRICES: Overlay = Overlay::none();

/// The accounts of an action in one market, wherever an instruction has them from.
pub struct Desk<'a, 'info> {
    pub account: &'a AccountLoader<'info, MarginAccount>,
    pub board: &'a AccountLoader<'info, RiskBoard>,
    pub market: &'a AccountLoader<'info, Market>,
    pub bids: &'a AccountInfo<'info>,
    pub asks: &'a AccountInfo<'info>,
    pub queue: &'a AccountInfo<'info>,
    /// Oracle accounts, then makers' margin accounts.
    pub others: &'a [AccountInfo<'info>],
}

impl<'a, 'info> Desk<'a, 'info> {
    /// The accounts of an instruction that trades.
    pub fn of(ctx: &'a Context<'info, Trade<'info>>) -> Self {
        let accounts = &*ctx.accounts;
        Self {
            account: &accounts.account,
            board: &accounts.board,
            market: &accounts.market,
            bids: &accounts.bids,
            asks: &accounts.asks,
            queue: &accounts.queue,
            others: ctx.remaining_accounts,
        }
    }

    /// The accounts belong together; the book's own are compared when they are opened.
    pub fn validate(&self, account: &MarginAccount, market: &Market) -> Result<()> {
        ensure!(account.header.exchange == market.exchange, Refusal::ForeignExchange);
        ensure!(market.board.is(self.board.as_ref().key.as_array()), Refusal::ForeignBoard);
        Ok(())
    }

    /// The margin account's address.
    pub fn account_key(&self) -> Key {
        Key(self.account.as_ref().key.to_bytes())
    }

    /// Oracle accounts in place of stale prices.
    pub fn oracles(&self) -> &'a [AccountInfo<'info>] {
        self.oracles_and_makers().0
    }

    /// Oracle accounts come first: whatever belongs to another program.
    fn oracles_and_makers(&self) -> (&'a [AccountInfo<'info>], &'a [AccountInfo<'info>]) {
        let oracles = self.others.iter().take_while(|account| !PROGRAM.is(account.owner.as_array())).count();
        self.others.split_at(oracles)
    }
}

/// What an account pays once it is known how many lots were filled: returns what left its balances, native quote.
pub type Payment<'a> = &'a mut dyn FnMut(&mut MarginAccount, usize, u64) -> Result<Quote>;

/// What is done in one go.
pub struct Action<'a> {
    /// Orders that are taken back first.
    pub cancels: &'a [u64],
    /// Orders that are placed then.
    pub orders: &'a [OrderArgs],
    /// What is paid for it, given the place of the position and the lots filled: a keeper's reward.
    pub payment: Option<Payment<'a>>,
}

/// Cancels and places for the account's owner or delegate, and checks its margin once.
pub fn trade<'info>(ctx: &Context<'info, Trade<'info>>, cancels: &[u64], orders: &[OrderArgs]) -> Result<()> {
    let few = orders.len() <= MAX_PLACED && cancels.len() <= MAX_CANCELLED;
    ensure!(few && !orders.is_empty(), Refusal::TooManyOrders);
    let desk = Desk::of(ctx);
    let clock = Clock::get()?;
    let now = clock.unix_timestamp;
    let mut account = desk.account.load_mut()?;
    account.require_trader(ctx.accounts.trader.key, scope::TRADE, now)?;
    account.shows_life(now);
    let board = desk.board.load()?;
    board.require_running(Pausable::Place, now)?;
    act(&desk, &board, &mut account, &clock, Action { cancels, orders, payment: None })
}

/// Carries an action out; afterwards the account has the margin that it needs (DESIGN §4).
///
/// # Errors
/// Whatever the book, the market's limits or the margin rules refuse.
pub fn act(
    desk: &Desk,
    board: &RiskBoard,
    account: &mut MarginAccount,
    clock: &Clock,
    action: Action,
) -> Result<()> {
    let mut market = desk.market.load_mut()?;
    desk.validate(account, &market)?;
    let (oracles, makers) = desk.oracles_and_makers();
    let read;
    let overlay = if oracles.is_empty() {
        &NO_PRICES
    } else {
        read = prices::overlay(board, oracles)?;
        &read
    };
    let now = clock.unix_timestamp;
    let mut terms = board.market(market.index)?;
    let brought;
    if terms.valid_until < now {
        brought = prices::market_terms(board, market.index, overlay, now)?;
        terms = brought.as_deref().unwrap_or(terms);
    }
    let (mut bids, mut asks) = (book::open(desk.bids, &market.bids)?, book::open(desk.asks, &market.asks)?);
    let mut queue = book::open(desk.queue, &market.queue)?;
    let mut book = Book::load(&mut bids, &mut asks).map_err(unbooked)?;
    premium::observe(&mut market, terms, book.bids.view(), book.asks.view(), clock)?;

    let key = desk.account_key();
    let (place, _) = account.position_for(market.index, terms)?;
    let funding = market.touch(account, &key, place, terms)?;
    let before = *account.positions.get(place).ok_or(Refusal::NoPosition)?;
    let filled = Session {
        book: &mut book,
        queue: FillQueue::load(&mut queue).map_err(unbooked)?,
        price: market.index_price(terms)?,
        market: &mut market,
        terms,
        makers,
        account,
        key,
        place,
        funding,
        now,
    }
    .carry_out(&action, &before)?;
    let paid = match action.payment {
        Some(pay) => pay(account, place, filled)?,
        None => Quote::ZERO,
    };
    let change = Change { holdings: Holdings::from(&account.0), place, before: &before, paid };
    conduct::allowed(&change, board, overlay, now).map_err(refused)?;
    account.tidy(place);
    Ok(())
}
