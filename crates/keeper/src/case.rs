//! One scope of one account in danger: what is to be done about it now, and what that earns.

use crate::{
    desk::{Task, View},
    outlook::{self, Depth, MAKERS},
};
use plimsoll_client::{
    book::Side,
    instructions::{
        ledger,
        liquidation::{self, IntoBook, Liquidation, Resolution},
        trade,
    },
    portfolio::Portfolio,
};
use plimsoll_risk::{
    RiskError,
    health::Overlay,
    layout::account::{ACCOUNT_INSOLVENT, MarginAccount, POSITION_INSOLVENT, Position},
    liquidation::{
        Fee, Scope as Measured, Standing, StepTerms, book_fee, fee_rate, insolvency_due, step, swap,
    },
    margin::Holdings,
    num::{Index, Price, Quote, Ratio},
};
use plimsoll_sim::strategy::{Action, BookQuestion, MarketOutlook, Outlook, Scope, Situation, next};
use solana_instruction::Instruction;
use solana_pubkey::Pubkey;
use std::collections::{BTreeMap, BTreeSet};

/// Most that the keeper pays for somebody's gains at once, native quote.
const BUYS: Quote = Quote::new(1_000_000_000_000);

/// What is not tried again now once it was refused, with the market or bank.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Way {
    /// Into the book.
    Book(u8),
    /// Taken over.
    TakeOver(u8),
    /// A borrow repaid.
    Swap(u8),
    /// A gain bought.
    BuyPnl(u8),
    /// A gain paid.
    SettleGain(u8),
    /// Closed against the other side.
    Deleverage(u8),
}

/// The way that an action is; nothing where no other could be tried in its place.
pub const fn way_of(action: &Action) -> Option<Way> {
    match *action {
        Action::IntoBook { market, .. } => Some(Way::Book(market)),
        Action::TakeOver { market, .. } => Some(Way::TakeOver(market)),
        Action::SwapCollateral { debt, .. } => Some(Way::Swap(debt)),
        Action::BuyPnl { market, .. } => Some(Way::BuyPnl(market)),
        Action::SettleGain { market } => Some(Way::SettleGain(market)),
        Action::Deleverage { market, .. } => Some(Way::Deleverage(market)),
        _ => None,
    }
}

/// How the keeper likes to liquidate.
#[derive(Clone, Copy, Debug)]
pub struct Taste<'a> {
    /// Part of its spare initial margin that one take-over may use; 0 takes nothing over, buys nothing and repays nothing.
    pub prudence: Ratio,
    /// Part of a step that the book must take for it to be preferred to taking over.
    pub book_share: Ratio,
    /// How far from the price a take-over may still happen.
    pub slippage: Ratio,
    /// Of each token, by its bank's place on the board, what is never given in swaps, native units.
    pub keep: &'a BTreeMap<String, u64>,
}

/// One scope of an account.
pub struct Case<'a> {
    view: View<'a>,
    address: Pubkey,
    account: MarginAccount,
    scope: Scope,
    taste: Taste<'a>,
    closed: &'a BTreeSet<Way>,
}

impl<'a> Case<'a> {
    /// Of an account as it is in memory; nothing where it is gone. `closed` are the ways that were refused before.
    pub fn of(
        view: View<'a>,
        address: Pubkey,
        scope: Scope,
        taste: Taste<'a>,
        closed: &'a BTreeSet<Way>,
    ) -> Option<Self> {
        let account = view.store.account(&address)?;
        Some(Self { view, address, account, scope, taste, closed })
    }

    /// What is to be done next; nothing where nothing can be done now. Errors as in a margin check.
    pub fn next(&self) -> Result<Option<Action>, RiskError> {
        let overlay = Overlay::none();
        let held = self.account.positions.iter().filter(|position| !position.is_free());
        let markets: Vec<MarketOutlook> = held.map(|position| self.market(position)).collect();
        let outlook = Outlook {
            markets: &markets,
            book: &|question| self.depth(&question).lots,
            book_share: self.taste.book_share,
            slippage: self.taste.slippage,
            repays: &|bank| self.buys() && self.is_open(Way::Swap(bank)) && self.repayable(bank) > 0,
        };
        next(&self.situation(&overlay), &outlook)
    }

    fn situation<'b>(&'b self, overlay: &'b Overlay) -> Situation<'b> {
        Situation { account: &self.account, scope: self.scope, view: outlook::measures(&self.view, overlay) }
    }

    /// Whether a pool may pay the scope's gains: while somebody is marked insolvent, only who is marked as well.
    fn is_paid(&self) -> bool {
        let is_marked = match self.scope {
            Scope::Cross => self.account.header.state == ACCOUNT_INSOLVENT,
            Scope::Pocket(market) => {
                let mut held = self.account.positions.iter();
                held.any(|it| it.is_isolated() && it.market == market && it.flags & POSITION_INSOLVENT != 0)
            }
        };
        is_marked || !self.view.store.is_loss_pending()
    }

    /// Whether nobody took the scope over in time: what is left then is the insurance driver's.
    pub fn is_overdue(&self) -> bool {
        let seconds = self.view.board.header.insolvency_seconds;
        insolvency_due(self.flagged_at(), seconds, self.view.now)
    }

    fn is_open(&self, way: Way) -> bool {
        !self.closed.contains(&way)
    }

    /// Whether the keeper puts its own money in; never against itself.
    fn buys(&self) -> bool {
        !self.taste.prudence.is_zero() && self.account.header.owner.0 != self.view.own.owner.to_bytes()
    }

    /// What the keeper can repay of a token.
    fn repayable(&self, bank: u8) -> u64 {
        let keep = self.taste.keep.get(&bank.to_string()).copied().unwrap_or(0);
        outlook::repayable(&self.view, bank, keep)
    }

    fn market(&self, position: &Position) -> MarketOutlook {
        let (view, market) = (&self.view, position.market);
        let quote = |amount| Quote::new(i64::try_from(amount).unwrap_or(i64::MAX));
        let entry = view.store.market(market).filter(|entry| entry.market.deficit.is_zero());
        let takes_over = self.buys() && self.is_open(Way::TakeOver(market));
        MarketOutlook {
            market,
            queued: outlook::queued(view, market, &self.address),
            capacity: if takes_over { outlook::capacity(view, market, self.taste.prudence) } else { 0 },
            counter_lots: match self.is_open(Way::Deleverage(market)) {
                true => outlook::counter_lots(view, position),
                false => 0,
            },
            payable: match self.is_open(Way::SettleGain(market)) && self.is_paid() {
                true => quote(outlook::payable(view, market)),
                false => Quote::ZERO,
            },
            pool: entry.map_or(Quote::ZERO, |entry| quote(entry.market.pool.get())),
            buys: if self.buys() && self.is_open(Way::BuyPnl(market)) { BUYS } else { Quote::ZERO },
        }
    }

    fn depth(&self, question: &BookQuestion) -> Depth {
        if !self.is_open(Way::Book(question.market)) {
            return Depth::default();
        }
        outlook::depth(&self.view, question, u32::MAX).unwrap_or_default()
    }

    fn position(&self, market: u8) -> Option<&Position> {
        self.account.positions.iter().find(|position| !position.is_free() && position.market == market)
    }

    fn balance(&self, bank: u8) -> Option<&plimsoll_risk::layout::account::Balance> {
        self.account.balances.iter().find(|slot| !slot.is_free() && slot.bank == bank)
    }

    /// What an action earns the keeper, native quote, rounded down, as the engine sizes it; 0 of what earns nothing. What
    /// the prices do to what was taken is not counted.
    ///
    /// # Errors
    /// As in a margin check.
    pub fn profit(&self, action: &Action) -> Result<Quote, RiskError> {
        let overlay = Overlay::none();
        let measured = match self.scope {
            Scope::Cross => Measured::Cross(Holdings::from(&self.account)),
            Scope::Pocket(market) => Measured::Pocket(self.position(market).ok_or(RiskError::Missing)?),
        };
        let view = outlook::measures(&self.view, &overlay);
        let standing = Standing::of_scope(&measured, &view)?;
        let fee = match *action {
            Action::TakeOver { market, most_lots, .. } => {
                let position = self.position(market).ok_or(RiskError::Missing)?;
                let terms = StepTerms { most_lots, ..self.terms(Some(market))? };
                step(position, &standing, &terms, &view)?.fee
            }
            Action::IntoBook { market, most_lots } => self.book_profit(market, most_lots, &standing)?,
            Action::SwapCollateral { debt, collateral, .. } => {
                let (debt, collateral) = (self.balance(debt), self.balance(collateral));
                let (debt, collateral) = debt.zip(collateral).ok_or(RiskError::Missing)?;
                swap(debt, collateral, &standing, &self.terms(None)?, &view)?.fee
            }
            Action::BuyPnl { most, .. } => {
                let terms = self.terms(None)?;
                Fee::split(terms.rate.mul_down(most)?, terms.insurance_share)?
            }
            _ => Fee::default(),
        };
        Ok(fee.liquidator)
    }

    /// The fee of as many lots as the book takes, at the prices that are there.
    fn book_profit(&self, market: u8, most: u32, standing: &Standing) -> Result<Fee, RiskError> {
        let overlay = Overlay::none();
        let entry = outlook::measures(&self.view, &overlay).market(market)?;
        let position = self.position(market).ok_or(RiskError::Missing)?;
        let (is_long, terms) = (position.lots.get() > 0, self.terms(Some(market))?);
        let rate = plimsoll_risk::liquidation::Step::rate_limit(standing, &terms, &entry);
        let limit = plimsoll_risk::liquidation::book_limit(entry.lot_price, rate, is_long);
        let question = BookQuestion { market, is_long, limit };
        let found = outlook::depth(&self.view, &question, most).unwrap_or_default();
        let worth = |of_a_lot: u32| {
            let product = u64::from(found.lots).saturating_mul(of_a_lot.into());
            Quote::from_unsigned(product.wrapping_shr(u32::from(entry.shift & 63)))
        };
        book_fee(Quote::from_unsigned(found.worth)?, worth(limit)?, worth(entry.lot_price)?, is_long, &terms)
    }

    /// How anything is taken now, in a market's auction or in that of swaps.
    fn terms(&self, market: Option<u8>) -> Result<StepTerms, RiskError> {
        let header = &self.view.board.header;
        let auction = match market {
            Some(market) => self.view.board.market(market).map_err(|_| RiskError::Missing)?.auction(),
            None => header.swap_auction(),
        };
        Ok(StepTerms {
            rate: fee_rate(&auction, self.flagged_at(), self.view.now),
            insurance_share: auction.insurance_share,
            dust: header.liq_dust,
            most_lots: u32::MAX,
        })
    }

    /// When the scope was flagged, unix seconds; 0 where it is not.
    fn flagged_at(&self) -> i64 {
        match self.scope {
            Scope::Cross => self.account.header.flagged_at,
            Scope::Pocket(market) => {
                let mut held = self.account.positions.iter().zip(&self.account.pocket_flags);
                let found = held.find(|(position, _)| position.is_isolated() && position.market == market);
                found.map_or(0, |(_, flag)| flag.flagged_at.into())
            }
        }
    }

    /// Until when the prices may be used that an action rests on, unix seconds.
    fn until(&self, action: &Action) -> i64 {
        let of_market = |market: u8| self.view.board.market(market).map_or(i64::MAX, |it| it.valid_until);
        let takes = |until: i64| {
            let own = self.view.store.account(&self.view.own.account);
            own.map_or(until, |own| until.min(outlook::prices_hold(&self.view, &own)))
        };
        match *action {
            Action::IntoBook { market, .. }
            | Action::SettleLoss { market }
            | Action::SettleGain { market }
            | Action::Deleverage { market, .. } => of_market(market),
            Action::TakeOver { market, .. } => takes(of_market(market)),
            Action::SwapCollateral { .. } | Action::BuyPnl { .. } => {
                takes(outlook::prices_hold(&self.view, &self.account))
            }
            _ => i64::MAX,
        }
    }

    /// An action as a transaction; nothing where something that it needs is not in memory yet.
    pub fn task(&self, action: &Action) -> Option<Task> {
        let (store, account, own) = (self.view.store, self.address, self.view.own);
        let (of, quote_bank) = (store.exchange(), store.quote_bank()?);
        let at = |market: u8| store.market(market).map(|entry| entry.at);
        let scope = liquidation::Scope::from_code(self.scope.code());
        let liquidation = Liquidation { board: of.board, liquidator: own.owner, own: own.account, account };
        let (name, instruction) = match *action {
            Action::ApplyDeleveraging { market } => {
                ("apply_deleveraging", liquidation::apply_deleveraging(&at(market)?, account))
            }
            Action::Assess => {
                ("assess", liquidation::assess(of.board, account, scope, Some(of.insurance), &[]))
            }
            Action::CancelAll { market } => {
                let trading = trade::Trading { market: at(market)?, account, trader: own.owner };
                ("cancel_all", trading.cancel_all(None))
            }
            Action::ApplyFills { market } => {
                ("apply_fills", trade::apply_fills(&at(market)?, &[account], MAKERS))
            }
            Action::IntoBook { market, most_lots } => {
                ("liquidate_into_book", self.book_liquidation(market, most_lots)?)
            }
            Action::TakeOver { market, most_lots, worst_price } => {
                let worst = self.ticks(market, worst_price)?;
                ("take_over", liquidation.take_over(&at(market)?, most_lots, worst, Some(quote_bank), &[]))
            }
            Action::SwapCollateral { debt, collateral, debt_shares } => {
                let (debt, collateral) = (store.bank(debt)?, store.bank(collateral)?);
                let owed = debt_shares.amount_up(Index::from(debt.bank.borrow_index)).ok()?;
                let most = owed.get().min(self.repayable(debt.bank.index));
                let swap = liquidation.swap_collateral(&debt.at, &collateral.at, most, Ratio::ZERO, &[]);
                ("swap_collateral", swap)
            }
            Action::SettleLoss { market } | Action::SettleGain { market } => {
                ("settle_pnl", ledger::settle_pnl(&at(market)?, account, quote_bank))
            }
            Action::BuyPnl { market, most } => {
                let most = most.magnitude();
                ("buy_pnl", liquidation.buy_pnl(&at(market)?, quote_bank, most, Ratio::ZERO, &[]))
            }
            Action::Deleverage { market, most_lots } => {
                ("deleverage", liquidation::deleverage(&at(market)?, account, most_lots, &[]))
            }
            Action::Resolve => ("resolve_bankruptcy", self.resolution(quote_bank)?),
        };
        Some(Task::new(name, instruction).until(self.until(action)))
    }

    /// The worst price in ticks, rounded down: the program compares in ticks as well.
    fn ticks(&self, market: u8, worst: Price) -> Option<u32> {
        let entry = self.view.store.market(market)?;
        let owner = plimsoll::state::MarginAccount(self.account);
        let portfolio = Portfolio::new(&owner, self.view.board, self.view.now);
        portfolio.in_ticks(worst, &entry.market).map(|ticks| ticks.get())
    }

    fn book_liquidation(&self, market: u8, most_lots: u32) -> Option<Instruction> {
        let side = if self.position(market)?.lots.get() > 0 { Side::Bid } else { Side::Ask };
        let (view, own) = (&self.view, self.view.own.account);
        let but = [self.address, own];
        let makers = view.store.owners(market, side, view.now, crate::duties::COMPANIONS, &but);
        let terms = IntoBook { most_lots, most_makers: MAKERS, least_pay: 0 };
        let at = view.store.market(market)?.at;
        Some(liquidation::liquidate_into_book(&at, own, self.address, &terms, &[], &makers))
    }

    fn resolution(&self, quote_bank: Pubkey) -> Option<Instruction> {
        let (store, own) = (self.view.store, self.view.own);
        let is_in = |position: &&Position| match self.scope {
            Scope::Cross => position.is_cross(),
            Scope::Pocket(market) => position.is_isolated() && position.market == market,
        };
        let positions = self.account.positions.iter().filter(is_in);
        let mut legs =
            positions.map(|it| Some(store.market(it.market)?.at.market)).collect::<Option<Vec<_>>>()?;
        if self.scope == Scope::Cross {
            let quote = self.view.board.header.quote_bank;
            let others = self.account.balances.iter().filter(|it| !it.is_free() && it.bank != quote);
            for slot in others {
                legs.push(store.bank(slot.bank)?.at.bank);
            }
        }
        let resolution = Resolution {
            exchange: *store.exchange(),
            resolver: own.owner,
            resolver_account: own.account,
            account: self.address,
            quote_bank,
        };
        Some(resolution.resolve(liquidation::Scope::from_code(self.scope.code()), &legs))
    }
}
