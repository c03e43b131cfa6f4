//! What a liquidator does next about an account in danger, decided from what anyone can read on the chain.
//!
//! One mechanism for an account's cross part and for an isolated position with its pocket. [`next`] follows the order
//! that the rules imply (DESIGN §6):
//!
//! 1. deleveraging that is still to be applied, so that everything else is measured as it is;
//! 2. flagging, renewing, clearing, marking the insolvent;
//! 3. orders out of the way: cancelled, then queued fills applied;
//! 4. lots into the book where it takes them within the fee, else taken over; collateral for borrows, first where borrows
//!    weigh more than lots;
//! 5. losses and gains made cash, so that collateral can be swapped for them;
//! 6. deleveraging, once nobody took the lots in time; the waterfall, once nothing of value is left.
//!
//! It never proposes what the program refuses by its rules, as far as the inputs tell: what the liquidator owns, and
//! limits that other accounts hold, are the caller's to say in the [`Outlook`].

mod case;
mod claims;
mod lots;
mod swaps;

use case::{Case, Danger};
use plimsoll_risk::{
    RiskError, deleveraging,
    layout::account::{MarginAccount, Position},
    liquidation::{FLAG_SECONDS, View},
    num::{Price, Quote, Ratio, Shares},
};

/// A flag this old is proved again, seconds: well before it lapses.
pub const RENEW_SECONDS: i64 = FLAG_SECONDS / 2;

/// Places of the pauses that matter here, on the board.
const PAUSE_BORROW: usize = 2;
const PAUSE_CANCEL: usize = 9;
const PAUSE_FILLS: usize = 10;
const PAUSE_SETTLE: usize = 11;
const PAUSE_LIQUIDATE: usize = 14;

/// What is liquidated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scope {
    /// An account's balances and all positions that they stand for.
    Cross,
    /// The isolated position in this market, with its pocket.
    Pocket(u8),
}

impl Scope {
    /// As instructions take it: 255, or the market's place on the board.
    pub const fn code(self) -> u8 {
        match self {
            Self::Cross => u8::MAX,
            Self::Pocket(market) => market,
        }
    }

    /// The scopes of an account: its cross part, and each isolated position.
    pub fn of(account: &MarginAccount) -> Vec<Self> {
        let pockets = account.positions.iter().filter(|position| position.is_isolated());
        std::iter::once(Self::Cross).chain(pockets.map(|position| Self::Pocket(position.market))).collect()
    }
}

/// What is looked at.
#[derive(Clone, Copy)]
pub struct Situation<'a> {
    /// The account in danger.
    pub account: &'a MarginAccount,
    /// Which part of it.
    pub scope: Scope,
    /// Board, prices in place of stale entries, the time.
    pub view: View<'a>,
}

/// One market, as the liquidator finds it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MarketOutlook {
    /// Its place on the board.
    pub market: u8,
    /// Lots of this account's fills that wait in the queue.
    pub queued: u32,
    /// Most lots that the liquidator takes over; 0 for their own account.
    pub capacity: u32,
    /// Lots of the other side, against which lots could be deleveraged; 0 while an epoch of it waits for somebody.
    pub counter_lots: u64,
    /// What the pool pays of gains now: `h·pool`, within the window; 0 is dry.
    pub payable: Quote,
    /// What the pool holds; 0 with an open deficit. A gain within it is not for sale.
    pub pool: Quote,
    /// Most of a gain that the liquidator buys.
    pub buys: Quote,
}

/// What the book is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BookQuestion {
    /// The market's place on the board.
    pub market: u8,
    /// Whether a long is sold; otherwise a short is bought back.
    pub is_long: bool,
    /// The worst price, a lot, in the unit of the entry's `lot_price`.
    pub limit: u32,
}

/// What the liquidator can and wants.
#[derive(Clone, Copy)]
pub struct Outlook<'a> {
    /// The markets of the account.
    pub markets: &'a [MarketOutlook],
    /// How many lots the book takes within a limit, and within the market's window of liquidated notional.
    pub book: &'a dyn Fn(BookQuestion) -> u32,
    /// Part of a step that the book must take for it to be preferred to taking over.
    pub book_share: Ratio,
    /// How far from the price a take-over may still happen.
    pub slippage: Ratio,
    /// Whether the liquidator has the tokens of a bank, to repay a borrow with.
    pub repays: &'a dyn Fn(u8) -> bool,
}

impl Outlook<'_> {
    /// A market; nothing of one that is not listed.
    fn market(&self, market: u8) -> MarketOutlook {
        let listed = self.markets.iter().find(|outlook| outlook.market == market);
        listed.copied().unwrap_or(MarketOutlook { market, ..MarketOutlook::default() })
    }
}

/// What to send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Apply what the position's side went through.
    ApplyDeleveraging {
        /// The market's place on the board.
        market: u8,
    },
    /// Flag, renew, clear or mark the scope; post its margin call.
    Assess,
    /// Cancel all its orders in a market.
    CancelAll {
        /// The market's place on the board.
        market: u8,
    },
    /// Apply its queued fills in a market.
    ApplyFills {
        /// The market's place on the board.
        market: u8,
    },
    /// Liquidate into the book.
    IntoBook {
        /// The market's place on the board.
        market: u8,
        /// Most lots.
        most_lots: u32,
    },
    /// Take lots over.
    TakeOver {
        /// The market's place on the board.
        market: u8,
        /// Most lots.
        most_lots: u32,
        /// The worst price for the liquidator, quote a unit: highest for a long that is taken, lowest for a short.
        worst_price: Price,
    },
    /// Repay a borrow for collateral.
    SwapCollateral {
        /// The bank that is owed.
        debt: u8,
        /// The bank whose deposit is given for it.
        collateral: u8,
        /// Borrow shares that the swap is sized at.
        debt_shares: Shares,
    },
    /// Turn a loss into cash of the pool.
    SettleLoss {
        /// The market's place on the board.
        market: u8,
    },
    /// Have the pool pay a gain.
    SettleGain {
        /// The market's place on the board.
        market: u8,
    },
    /// Buy a gain that the pool cannot pay.
    BuyPnl {
        /// The market's place on the board.
        market: u8,
        /// Most of it, native quote.
        most: Quote,
    },
    /// Close lots against the other side.
    Deleverage {
        /// The market's place on the board.
        market: u8,
        /// Most lots.
        most_lots: u32,
    },
    /// Share out what is left, and what is owed.
    Resolve,
}

/// The next thing to do about a scope; `None` where nothing can be done now.
///
/// Errors as in a margin check: the account and the board do not belong together, or an amount does not fit.
pub fn next(situation: &Situation<'_>, outlook: &Outlook<'_>) -> Result<Option<Action>, RiskError> {
    if let Some(market) = situation.behind()?
        && !situation.is_paused(PAUSE_FILLS)
    {
        return Ok(Some(Action::ApplyDeleveraging { market }));
    }
    let header = &situation.view.board.header;
    let now = situation.view.now;
    if now < header.grace_until {
        return Ok(None);
    }
    let Some(case) = Case::of(situation)? else { return Ok(None) };
    if case.is_to_be_assessed(now) {
        return Ok(Some(Action::Assess));
    }
    if !case.flag.is_live(now) {
        return Ok(None);
    }
    if situation.has_orders() {
        return Ok(situation.clear_orders(outlook));
    }
    if now < header.cancel_only_until || situation.is_paused(PAUSE_LIQUIDATE) {
        return Ok(None);
    }
    let danger = Danger::of(case, situation)?;
    if claims::is_bankrupt(situation, &danger)? {
        return Ok(Some(Action::Resolve));
    }
    let (first, second): (Way, Way) = if danger.is_borrow_heavy() {
        (swaps::swap_largest, lots::reduce)
    } else {
        (lots::reduce, swaps::swap_largest)
    };
    for way in [first, second, claims::make_cash, lots::deleverage] {
        if let Some(action) = way(situation, &danger, outlook)? {
            return Ok(Some(action));
        }
    }
    Ok(None)
}

/// One way to bring a flagged scope without orders closer to safety.
type Way = fn(&Situation<'_>, &Danger<'_>, &Outlook<'_>) -> Result<Option<Action>, RiskError>;

impl<'a> Situation<'a> {
    /// The positions of the scope, with their slots.
    fn placed(&self) -> impl Iterator<Item = (usize, &'a Position)> + use<'a> {
        let scope = self.scope;
        self.account.positions.iter().enumerate().filter(move |(_, position)| match scope {
            Scope::Cross => position.is_cross(),
            Scope::Pocket(market) => position.is_isolated() && position.market == market,
        })
    }

    /// The positions of the scope.
    fn positions(&self) -> impl Iterator<Item = &'a Position> + use<'a> {
        self.placed().map(|(_, position)| position)
    }

    /// The first market in which a position has not applied what its side went through.
    fn behind(&self) -> Result<Option<u8>, RiskError> {
        for position in self.positions() {
            let terms =
                self.view.board.markets.get(usize::from(position.market)).ok_or(RiskError::Missing)?;
            if deleveraging::pending(position, terms, terms.funding)?.is_some() {
                return Ok(Some(position.market));
            }
        }
        Ok(None)
    }

    fn is_paused(&self, pause: usize) -> bool {
        self.view.board.header.paused_until.get(pause).is_some_and(|until| self.view.now < *until)
    }

    fn has_orders(&self) -> bool {
        self.positions().any(|position| position.bids | position.asks != 0)
    }

    /// Cancels what rests; what is left then waits in the queue.
    fn clear_orders(&self, outlook: &Outlook<'_>) -> Option<Action> {
        let mut with_orders = self.positions().filter(|position| position.bids | position.asks != 0);
        let (cancels, fills) = (!self.is_paused(PAUSE_CANCEL), !self.is_paused(PAUSE_FILLS));
        with_orders.find_map(|position| {
            let market = position.market;
            let lots = u64::from(position.bids).saturating_add(u64::from(position.asks));
            let queued = u64::from(outlook.market(market).queued);
            if queued < lots {
                return cancels.then_some(Action::CancelAll { market });
            }
            fills.then_some(Action::ApplyFills { market })
        })
    }
}

#[cfg(test)]
mod tests;
