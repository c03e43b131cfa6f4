//! Orders leave the book: their owner's, a delegate's or, after a dead man's deadline, anybody's wish.

use super::{desk::Desk, makers::quote, orders::Trade};
use crate::{
    errors::{Refusal, refused, unbooked},
    events::{Cancelled, CancelledOrder},
    premium,
    state::{MarginAccount, Market, book, margin_account::scope, risk_board::Pausable},
};
use anchor_lang::prelude::*;
use plimsoll_book::{Book, BookError, OrderId, Side};
use plimsoll_risk::{
    fill,
    layout::{
        Key,
        account::OpenOrder,
        market::{MARKET_SETTLING, MarketTerms},
    },
};

/// Which orders are cancelled.
#[derive(Clone, Copy, Debug)]
pub enum Which {
    /// The one of this id.
    Order(u64),
    /// Those of this client id.
    Client(u64),
    /// Those of one side, or all.
    Side(Option<Side>),
}

impl Which {
    /// 0 bids, 1 asks, 2 both.
    ///
    /// # Errors
    /// [`Refusal::BadOrder`] for anything else.
    pub fn side(code: u8) -> Result<Self> {
        ensure!(code <= 2, Refusal::BadOrder);
        Ok(Self::Side(Side::from_code(code)))
    }

    fn includes(&self, order: &OpenOrder) -> bool {
        match self {
            Self::Order(id) => order.id == *id,
            Self::Client(client_id) => order.client_id == *client_id,
            Self::Side(side) => side.is_none_or(|side| OrderId::new(order.id).side() == side),
        }
    }

    /// Whoever may: all of it for owner and delegate; for anyone, everything of a silent maker, of whoever is flagged for
    /// liquidation, and in a market that is settled.
    fn require_allowed(
        &self,
        account: &mut MarginAccount,
        signer: &Pubkey,
        market: &MarketTerms,
        (index, now): (u8, i64),
    ) -> Result<()> {
        if account.allows(signer, scope::CANCEL, now) {
            account.shows_life(now);
            return Ok(());
        }
        let anyone =
            account.is_silent(now) || account.is_flagged_in(index, now) || market.state >= MARKET_SETTLING;
        ensure!(matches!(self, Self::Side(_)) && anyone, Refusal::NotATrader);
        Ok(())
    }
}

/// Cancels those of an account's orders in one market. It is an error if there is none.
pub fn cancel<'info>(ctx: &Context<'info, Trade<'info>>, which: Which) -> Result<()> {
    let desk = Desk::of(ctx);
    let clock = Clock::get()?;
    let mut account = desk.account.load_mut()?;
    let (mut market, board) = (desk.market.load_mut()?, desk.board.load()?);
    desk.validate(&account, &market)?;
    let (terms, now) = (board.market(market.index)?, clock.unix_timestamp);
    which.require_allowed(&mut account, ctx.accounts.trader.key, terms, (market.index, now))?;
    board.require_running(Pausable::Cancel, now)?;
    let (mut bids, mut asks) = (book::open(desk.bids, &market.bids)?, book::open(desk.asks, &market.asks)?);
    let mut book = Book::load(&mut bids, &mut asks).map_err(unbooked)?;
    premium::observe(&mut market, terms, book.bids.view(), book.asks.view(), &clock)?;
    let cancelled = match which {
        Which::Order(id) => known(&mut account, &market, &mut book, &[id])?,
        _ => matching(&mut account, &market, &mut book, &which)?,
    };
    ensure!(!cancelled.is_empty(), Refusal::NoSuchOrder);
    if let Some(place) = account.place_of(market.index) {
        account.tidy(place);
    }
    tell(&mut account, desk.account_key(), market.index, cancelled);
    Ok(())
}

/// Takes those orders off that are meant. One that waits in the fill queue has left the book already: it is passed over.
fn matching(
    account: &mut MarginAccount,
    market: &Market,
    book: &mut Book,
    which: &Which,
) -> Result<Vec<CancelledOrder>> {
    let mut cancelled = Vec::new();
    let mut used = account.header.orders_in_use;
    while used != 0 {
        let slot = used.trailing_zeros() as usize;
        used &= used.wrapping_sub(1); // clears the lowest bit
        let Some(order) = account.orders.get(slot).copied() else { break };
        if order.market == market.index && which.includes(&order) {
            cancelled.extend(take_off(account, market, book, slot, &order)?);
        }
    }
    Ok(cancelled)
}

/// Takes orders of these ids off; such as are gone already are passed over.
pub fn known(
    account: &mut MarginAccount,
    market: &Market,
    book: &mut Book,
    ids: &[u64],
) -> Result<Vec<CancelledOrder>> {
    let mut cancelled = Vec::with_capacity(ids.len());
    for id in ids {
        let Some(slot) = account.order_slot(market.index, *id) else { continue };
        let Some(order) = account.orders.get(slot).copied() else { continue };
        cancelled.extend(take_off(account, market, book, slot, &order)?);
    }
    Ok(cancelled)
}

fn take_off(
    account: &mut MarginAccount,
    market: &Market,
    book: &mut Book,
    slot: usize,
    order: &OpenOrder,
) -> Result<Option<CancelledOrder>> {
    let id = OrderId::new(order.id);
    let side = id.side();
    let node = match book.side(side).cancel(order.node, id) {
        Ok(node) => node,
        Err(BookError::NoSuchOrder) => return Ok(None),
        Err(error) => return Err(unbooked(error)),
    };
    let worth = quote(market.worth_at(node.limit(side), node.lots)?)?;
    let (_, position) = account.position_in(market.index)?;
    fill::release(position, side == Side::Bid, node.lots.get(), worth).map_err(refused)?;
    account.strike_order(u8::try_from(slot).map_err(|_| Refusal::NoSuchOrder)?, order.id);
    Ok(Some(CancelledOrder { order: order.id, lots: node.lots.get() }))
}

/// Tells of orders that were cancelled, if there were any.
pub fn tell(account: &mut MarginAccount, key: Key, market: u8, orders: Vec<CancelledOrder>) {
    if !orders.is_empty() {
        let sequence = account.next_event();
        Cancelled { account: Pubkey::from(key.0), sequence, market, orders }.tell();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytemuck::Zeroable;
    use plimsoll_risk::{
        layout::account::{POSITION_IN_USE, POSITION_ISOLATED, PocketFlag},
        liquidation::FLAG_SECONDS,
    };

    const NOW: i64 = 1_000_000;
    const CROSS: u8 = 1;
    const ISOLATED: u8 = 2;
    const ALL: Which = Which::Side(None);

    fn account() -> Box<MarginAccount> {
        let mut account: Box<MarginAccount> = Box::new(Zeroable::zeroed());
        account.header.owner = Key([7; 32]);
        for (place, (market, flags)) in [(CROSS, 0), (ISOLATED, POSITION_ISOLATED)].into_iter().enumerate() {
            account.positions[place].market = market;
            account.positions[place].flags = POSITION_IN_USE | flags;
        }
        account
    }

    /// Whether a stranger may cancel.
    fn may(which: Which, account: &mut MarginAccount, market: u8, state: u8) -> bool {
        let terms = MarketTerms { state, ..Zeroable::zeroed() };
        which.require_allowed(account, &Pubkey::new_from_array([8; 32]), &terms, (market, NOW)).is_ok()
    }

    #[test]
    fn a_stranger_cancels_where_the_scope_is_flagged_and_nowhere_else() {
        let mut account = account();
        assert!(!may(ALL, &mut account, CROSS, 0) && !may(ALL, &mut account, ISOLATED, 0));
        (account.header.flagged_at, account.header.flag_renewed_at) =
            (NOW - FLAG_SECONDS, NOW - FLAG_SECONDS);
        assert!(may(ALL, &mut account, CROSS, 0) && !may(ALL, &mut account, ISOLATED, 0));
        assert!(!may(Which::Order(1), &mut account, CROSS, 0), "one by one is the owner's way");
        account.header.flag_renewed_at -= 1;
        assert!(!may(ALL, &mut account, CROSS, 0), "the flag has lapsed");
        account.pocket_flags[1] = PocketFlag { flagged_at: 1_000_000, renewed_at: 1_000_000 };
        assert!(!may(ALL, &mut account, CROSS, 0) && may(ALL, &mut account, ISOLATED, 0));
    }

    #[test]
    fn a_stranger_cancels_everybodys_orders_where_the_market_is_settled() {
        for (state, allowed) in
            [(MARKET_SETTLING - 1, false), (MARKET_SETTLING, true), (MARKET_SETTLING + 1, true)]
        {
            assert_eq!(may(ALL, &mut account(), CROSS, state), allowed, "state {state}");
        }
    }
}
