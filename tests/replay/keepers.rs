//! Keepers and liquidators: each account in danger, until nothing more can be done about it now.

use crate::{
    maker::PRUDENCE,
    people::{People, Person},
    venue::Venue,
};
use plimsoll_client::{
    book::Side,
    instructions::{
        ledger,
        liquidation::{self, IntoBook, Liquidation, Resolution},
        trade,
    },
    windows,
};
use plimsoll_risk::{
    health::{Check, Overlay},
    layout::account::{MarginAccount, Position},
    liquidation::{Scope as Measured, Standing},
    margin::Holdings,
    num::{Index, Quote, RATIO_BITS, Ratio},
};
use plimsoll_sim::{
    sizes::part_of,
    strategy::{Action, BookQuestion, MarketOutlook, Outlook, Scope, Situation, next},
};
use solana_instruction::Instruction;
use solana_pubkey::Pubkey;
use std::collections::BTreeSet;

/// Most that is done about one scope at one moment.
const PATIENCE: usize = 48;
/// Most that a liquidator pays for somebody's gains at once, native quote.
const BUYS: Quote = Quote::new(1_000_000_000_000);
/// Orders that a liquidation into the book meets.
const MAKERS: u8 = 16;
/// Lots that one take-over may be of: what a position holds.
const MOST_LOTS: u64 = (1 << 30) - 1;

/// What was refused for a scope at this moment.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Way {
    Book,
    TakeOver,
    Swap,
    BuyPnl,
    SettleGain,
    Deleverage,
}

/// One scope of an account, who looks after it, and what was refused.
struct Case {
    account: Pubkey,
    scope: Scope,
    keeper: Person,
    closed: BTreeSet<(Way, u8)>,
}

impl Venue {
    /// Everything that can be done now about everybody in danger. `turn` says whose turn it is among the liquidators.
    pub fn keeps(&mut self, people: &People, turn: usize) {
        for (number, person) in people.all().enumerate() {
            for scope in self.stirring(&person.account) {
                let others = || people.liquidators.iter().filter(|it| it.account != person.account);
                let keeper = others().nth((turn + number) % others().count()).expect("another liquidator");
                let closed = BTreeSet::new();
                self.serves(Case { account: person.account, scope, keeper: *keeper, closed });
            }
        }
    }

    /// Scopes of an account about which something may have to be done.
    fn stirring(&self, account: &Pubkey) -> Vec<Scope> {
        let account = &self.account(account).0;
        let flagged =
            account.header.flagged_at != 0 || account.pocket_flags.iter().any(|flag| flag.flagged_at != 0);
        let mut scopes = Scope::of(account);
        if !flagged {
            let (overlay, nothing) = (Overlay::none(), nobody());
            let view = self.view(&overlay);
            scopes.retain(|scope| {
                let situation = Situation { account, scope: *scope, view };
                next(&situation, &nothing).expect("a decision").is_some()
            });
        }
        scopes
    }

    fn serves(&mut self, mut case: Case) {
        for _ in 0..PATIENCE {
            let Some(action) = self.decides(&case) else { return };
            let (name, instruction) = self.instruction(&case, action);
            let receipt = self.tries(name, &instruction);
            if receipt.error.is_none() {
                continue;
            }
            match way_of(action) {
                Some(way) => case.closed.insert(way),
                // Nothing else can be tried in its place.
                None => return,
            };
        }
    }

    fn decides(&self, case: &Case) -> Option<Action> {
        let account = &self.account(&case.account).0;
        let overlay = Overlay::none();
        let view = self.view(&overlay);
        let positions = account.positions.iter().filter(|position| position.flags != 0);
        let markets: Vec<MarketOutlook> = positions.map(|position| self.outlook(case, position)).collect();
        let outlook = Outlook {
            markets: &markets,
            book: &|question| self.depth(case, question),
            book_share: Ratio::from_bps(5_000),
            slippage: Ratio::from_bps(300),
            repays: &|bank| self.repays(case, bank),
        };
        next(&Situation { account, scope: case.scope, view }, &outlook).expect("a decision")
    }

    /// One market, as the case's liquidator finds it.
    fn outlook(&self, case: &Case, position: &Position) -> MarketOutlook {
        let (index, is_long) = (position.market, position.lots.get() > 0);
        let market = self.market(index);
        let open = |way| !case.closed.contains(&(way, index));
        let of_it = self.queue(index).waiting().filter(|(_, fill)| fill.maker.0 == case.account.to_bytes());
        let queued = of_it.map(|(_, fill)| fill.lots.get()).sum();
        let (counter_lots, earlier) = if is_long {
            (market.short_lots, market.short_residue.earlier)
        } else {
            (market.long_lots, market.long_residue.earlier)
        };
        let quote = |amount: u64| Quote::new(i64::try_from(amount).unwrap_or(i64::MAX));
        MarketOutlook {
            market: index,
            queued,
            capacity: if open(Way::TakeOver) { self.capacity(case, index) } else { 0 },
            counter_lots: if open(Way::Deleverage) && earlier == 0 { counter_lots } else { 0 },
            payable: if open(Way::SettleGain) { quote(self.payable(index)) } else { Quote::ZERO },
            pool: if market.deficit.is_zero() { quote(market.pool.get()) } else { Quote::ZERO },
            buys: if open(Way::BuyPnl) { BUYS } else { Quote::ZERO },
        }
    }

    /// Lots that the liquidator takes over at most: a part of what his margin carries.
    fn capacity(&self, case: &Case, market: u8) -> u32 {
        let terms = &self.board().markets[usize::from(market)];
        let margin = u128::from(part_of(self.spare_margin(&case.keeper.account), PRUDENCE));
        let of_a_lot = u128::from(terms.lot_price) * u128::from(terms.initial_ratio.get());
        let lots = (margin << (u32::from(terms.shift) + RATIO_BITS)).checked_div(of_a_lot).unwrap_or(0);
        u32::try_from(lots.min(u128::from(MOST_LOTS))).unwrap_or(0)
    }

    /// What a market's pool pays of gains now: its haircut counted, and its window.
    fn payable(&self, market: u8) -> u64 {
        windows::payable(self.market(market), self.now())
    }

    /// Lots that the book takes within a limit, as far as one instruction meets them and the market's window allows.
    fn depth(&self, case: &Case, question: BookQuestion) -> u32 {
        let BookQuestion { market: index, is_long, limit } = question;
        if case.closed.contains(&(Way::Book, index)) {
            return 0;
        }
        let (market, terms) = (self.market(index), &self.board().markets[usize::from(index)]);
        let now = u32::try_from(self.now()).expect("a time of this century");
        let side = if is_long { Side::Bid } else { Side::Ask };
        let mut lots = 0u64;
        for resting in self.book(index).side(side).orders(None, now).take(usize::from(MAKERS)) {
            let worth = (u128::from(resting.price.get()) * u128::from(market.tick_lot)) << terms.shift;
            let limit = u128::from(limit);
            let within = if is_long { worth >= limit } else { worth <= limit };
            if !within {
                break;
            }
            if !resting.order.is_reduce_only() {
                lots += u64::from(resting.order.lots.get());
            }
        }
        let window = windows::lots_into_book(market, terms, self.now());
        u32::try_from(lots).unwrap_or(u32::MAX).min(window)
    }

    /// Whether the liquidator has the tokens of a bank, and margin: a price that is missing to any of what he holds stops him.
    fn repays(&self, case: &Case, bank: u8) -> bool {
        let keeper = &case.keeper.account;
        let balances = &self.account(keeper).0.balances;
        let has = balances.iter().any(|slot| !slot.is_free() && !slot.is_borrow() && slot.bank == bank);
        has && !case.closed.contains(&(Way::Swap, bank)) && self.spare_margin(keeper) > 0
    }

    fn instruction(&self, case: &Case, action: Action) -> (&'static str, Instruction) {
        let at = |market: u8| self.markets[usize::from(market)].at;
        let Case { account, keeper, .. } = *case;
        let (board, quote_bank) = (self.exchange.board, self.quote_bank());
        let liquidation = Liquidation { board, liquidator: keeper.owner, own: keeper.account, account };
        match action {
            Action::ApplyDeleveraging { market } => {
                ("apply_deleveraging", liquidation::apply_deleveraging(&at(market), account))
            }
            Action::Assess => {
                let insurance = Some(self.exchange.insurance);
                ("assess", liquidation::assess(board, account, scope(case), insurance, &[]))
            }
            Action::CancelAll { market } => {
                let trading = trade::Trading { account, ..self.trading(&keeper, market) };
                ("cancel_all", trading.cancel_all(None))
            }
            Action::ApplyFills { market } => {
                ("apply_fills", trade::apply_fills(&at(market), &[account], MAKERS))
            }
            Action::IntoBook { market, most_lots } => {
                ("liquidate_into_book", self.book_liquidation(case, market, most_lots))
            }
            Action::TakeOver { market, most_lots, worst_price } => {
                let is_long = position(&self.account(&account).0, market).lots.get() > 0;
                let worst = self.ticks(market, worst_price, is_long);
                ("take_over", liquidation.take_over(&at(market), most_lots, worst, Some(quote_bank), &[]))
            }
            Action::SwapCollateral { debt, collateral, debt_shares } => {
                let index = Index::from(self.bank(debt).borrow_index);
                let most = debt_shares.amount_up(index).expect("an amount of tokens").get();
                let [debt, collateral] = [debt, collateral].map(|bank| &self.banks[usize::from(bank)]);
                ("swap_collateral", liquidation.swap_collateral(debt, collateral, most, Ratio::ZERO, &[]))
            }
            Action::SettleLoss { market } | Action::SettleGain { market } => {
                ("settle_pnl", ledger::settle_pnl(&at(market), account, quote_bank))
            }
            Action::BuyPnl { market, most } => {
                ("buy_pnl", liquidation.buy_pnl(&at(market), quote_bank, most.magnitude(), Ratio::ZERO, &[]))
            }
            Action::Deleverage { market, most_lots } => {
                ("deleverage", liquidation::deleverage(&at(market), account, most_lots, &[]))
            }
            Action::Resolve => ("resolve_bankruptcy", self.resolution(case)),
        }
    }

    fn book_liquidation(&self, case: &Case, market: u8, most_lots: u32) -> Instruction {
        let is_long = position(&self.account(&case.account).0, market).lots.get() > 0;
        let side = if is_long { Side::Bid } else { Side::Ask };
        let makers = self.owners(market, side, &[case.account, case.keeper.account]);
        let terms = IntoBook { most_lots, most_makers: MAKERS, least_pay: 0 };
        let at = &self.markets[usize::from(market)].at;
        liquidation::liquidate_into_book(at, case.keeper.account, case.account, &terms, &[], &makers)
    }

    fn resolution(&self, case: &Case) -> Instruction {
        let account = &self.account(&case.account).0;
        let is_in = |position: &&Position| match case.scope {
            Scope::Cross => position.is_cross(),
            Scope::Pocket(market) => position.is_isolated() && position.market == market,
        };
        let positions = account.positions.iter().filter(is_in);
        let mut legs: Vec<Pubkey> =
            positions.map(|position| self.markets[usize::from(position.market)].at.market).collect();
        if case.scope == Scope::Cross {
            let others = account.balances.iter().filter(|slot| !slot.is_free() && slot.bank != 0);
            legs.extend(others.map(|slot| self.banks[usize::from(slot.bank)].bank));
        }
        let resolution = Resolution {
            exchange: self.exchange,
            resolver: case.keeper.owner,
            resolver_account: case.keeper.account,
            account: case.account,
            quote_bank: self.quote_bank(),
        };
        resolution.resolve(scope(case), &legs)
    }

    /// Accounts and pockets below maintenance now.
    pub fn endangered(&self, people: &People) -> u64 {
        people.all().map(|person| self.below_maintenance(&person.account).len() as u64).sum()
    }

    /// Who is below maintenance now, and how far, a line each.
    pub fn names_endangered(&self, people: &People) -> Vec<String> {
        let lines = people.named().into_iter().flat_map(|(name, person)| {
            let of_it = self.below_maintenance(&person.account).into_iter();
            of_it.map(move |(scope, health, equity)| {
                let scope = scope.code();
                format!("{name}, scope {scope}: maintenance {}, equity {}", health.get(), equity.get())
            })
        });
        lines.collect()
    }

    /// Scopes of an account below maintenance, with health and equity, native quote.
    fn below_maintenance(&self, account: &Pubkey) -> Vec<(Scope, Quote, Quote)> {
        let account = &self.account(account).0;
        let (overlay, mut found) = (Overlay::none(), Vec::new());
        let view = self.view(&overlay);
        for scope in Scope::of(account) {
            let measured = match scope {
                Scope::Cross => Measured::Cross(Holdings::from(account)),
                Scope::Pocket(market) => {
                    let of_it = account.positions.iter().filter(|it| it.is_isolated());
                    let mut of_it = of_it.filter(|position| position.market == market);
                    Measured::Pocket(of_it.next().expect("an isolated position"))
                }
            };
            let (health, _) = measured.measure(Check::Maintenance, &view).expect("a health");
            if health.is_negative() {
                let standing = Standing::of_scope(&measured, &view).expect("a standing");
                found.push((scope, health, standing.equity));
            }
        }
        found
    }
}

/// A liquidator who neither has nor finds anything.
fn nobody() -> Outlook<'static> {
    Outlook { markets: &[], book: &|_| 0, book_share: Ratio::ONE, slippage: Ratio::ZERO, repays: &|_| false }
}

/// What is not tried again now once this was refused.
fn way_of(action: Action) -> Option<(Way, u8)> {
    match action {
        Action::IntoBook { market, .. } => Some((Way::Book, market)),
        Action::TakeOver { market, .. } => Some((Way::TakeOver, market)),
        Action::SwapCollateral { debt, .. } => Some((Way::Swap, debt)),
        Action::BuyPnl { market, .. } => Some((Way::BuyPnl, market)),
        Action::SettleGain { market } => Some((Way::SettleGain, market)),
        Action::Deleverage { market, .. } => Some((Way::Deleverage, market)),
        _ => None,
    }
}

/// The case's scope as the client says it.
fn scope(case: &Case) -> liquidation::Scope {
    liquidation::Scope::from_code(case.scope.code())
}

fn position(account: &MarginAccount, market: u8) -> Position {
    let found = account.positions.iter().find(|position| position.flags != 0 && position.market == market);
    found.copied().unwrap_or_else(bytemuck::Zeroable::zeroed)
}
