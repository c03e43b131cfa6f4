//! Liquidate into the book: an endangered position meets resting orders, nowhere worse than the price less the auction's
//! fee; who sets it off earns of what was better.

use super::{
    danger::{Danger, owe_insurance, parties, require_at_least, require_market, weight_of},
    scope::Scope,
};
use crate::{
    errors::{Refusal, beyond, refused, unbooked},
    events::{LiquidatedIntoBook, MakerChange},
    instructions::trade::{
        desk::Desk,
        makers::{Brought, Settlement, quote},
    },
    premium, prices,
    state::{MarginAccount, Market, RiskBoard, book, market::left_in_window},
};
use anchor_lang::prelude::*;
use plimsoll_book::{
    Book, Kind, Limits, OrderPrice, SelfTrade, Side, Size, Taker, Ticks, match_order, queue::FillQueue,
};
use plimsoll_risk::{
    layout::{account::Position, market::MarketTerms},
    liquidation::{self, Fee, Standing, Step, StepTerms, View, book_fee, book_limit},
    market::worth,
    num::{Quote, TokenAmount, wide},
};

/// Most orders removed in passing: expired ones, or such as cannot be served.
const MOST_REMOVALS: u32 = 8;
/// Most makers met: a log longer than 10,000 bytes loses its end, and each may have a deleveraging to tell first.
const MOST_MET: u8 = 24;

#[derive(Accounts)]
pub struct LiquidateIntoBook<'info> {
    /// Who earns by it: any other margin account of the exchange.
    #[account(mut)]
    pub keeper_account: AccountLoader<'info, MarginAccount>,
    /// Who is liquidated.
    #[account(mut)]
    pub account: AccountLoader<'info, MarginAccount>,
    pub board: AccountLoader<'info, RiskBoard>,
    #[account(mut)]
    pub market: AccountLoader<'info, Market>,
    /// CHECK: compared with the market's
    #[account(mut)]
    pub bids: UncheckedAccount<'info>,
    /// CHECK: compared with the market's
    #[account(mut)]
    pub asks: UncheckedAccount<'info>,
    /// CHECK: compared with the market's
    #[account(mut)]
    pub queue: UncheckedAccount<'info>,
    // Remaining accounts: as for placing an order.
}

/// Sells or buys back, reduce-only and at once, what brings health at the end of a liquidation to 0: at most `most_lots` and
/// what the market's window still allows, meeting at most `most_makers`. The taker fee comes out of what the fills were
/// better than the limit, then the auction's fee; the keeper gets its part, at least `least_pay` (native quote), as a claim in
/// its position in the market. The endangered account never ends below the limit.
pub fn liquidate_into_book<'info>(
    ctx: Context<'info, LiquidateIntoBook<'info>>,
    most_lots: u32,
    most_makers: u8,
    least_pay: u64,
) -> Result<()> {
    let accounts = &*ctx.accounts;
    let clock = Clock::get()?;
    let now = clock.unix_timestamp;
    let board = accounts.board.load()?;
    let (keeper, mut account) = parties(&accounts.keeper_account, &accounts.account, &board)?;
    drop(keeper); // it may be a maker, too
    let mut market = accounts.market.load_mut()?;
    let terms = require_market(&market, accounts.board.as_ref().key, &board)?;
    let desk = accounts.desk(ctx.remaining_accounts);
    let overlay = prices::overlay(&board, desk.oracles())?;
    let view = View { board: &board.0, overlay: &overlay, now };

    let (place, _) = account.position_in(market.index)?;
    let funding = market.touch(&mut account, &desk.account_key(), place, terms)?;
    let danger = Danger::of(&account, Scope::around(&account, place), &view)?;
    let before = *account.positions.get(place).ok_or(Refusal::NoPosition)?;
    let priced = Box::new(view.market(market.index).map_err(refused)?);
    let offer = Offer::of(&danger, &before, &mut market, &priced, most_lots, &view)?;
    let met = offer.meet(&desk, (&mut account, place), &mut market, &priced, (most_makers, &clock))?;
    let funding = funding.checked_add(met.funding).map_err(refused)?;
    let costs = offer.costs(&market, &met, &priced)?;
    let fee = Quote::new(costs.taker_fee).checked_add(costs.fee.total()).map_err(refused)?;
    market.charge(costs.taker_fee)?;
    owe_insurance(&mut market, costs.fee.insurance)?;
    let worth = TokenAmount::new(met.worth);
    market.liq_window_taken = market.liq_window_taken.checked_add(worth).map_err(refused)?;
    let position = account.positions.get_mut(place).ok_or(Refusal::NoPosition)?;
    market.trade(position, terms, !offer.is_long, (met.filled, quote(met.worth)?, fee))?;
    let gained = weight_of(position, &view)?.checked_sub(weight_of(&before, &view)?).map_err(refused)?;
    let keeper_sequence = accounts.pay(&mut market, terms, costs.fee.liquidator, least_pay)?;
    let over = danger.ends(&mut account, gained)?;
    account.tidy(place);
    LiquidatedIntoBook {
        account: *accounts.account.as_ref().key,
        sequence: account.next_event(),
        keeper: *accounts.keeper_account.as_ref().key,
        keeper_sequence,
        market: market.index,
        is_long: offer.is_long,
        lots: met.filled.get(),
        quote: met.worth,
        taker_fee: costs.taker_fee,
        fee: costs.fee.liquidator.get(),
        insurance_fee: costs.fee.insurance.get(),
        funding: funding.get(),
        liqend: danger.standing.liqend.get(),
        equity: danger.standing.equity.get(),
        over,
        makers: met.makers,
    }
    .tell();
    Ok(())
}

impl<'info> LiquidateIntoBook<'info> {
    fn desk<'a>(&'a self, others: &'a [AccountInfo<'info>]) -> Desk<'a, 'info> {
        Desk {
            account: &self.account,
            board: &self.board,
            market: &self.market,
            bids: &self.bids,
            asks: &self.asks,
            queue: &self.queue,
            others,
        }
    }

    /// The keeper's part joins its position in the market. Returns the number of the event in its account; 0 where it earned
    /// nothing.
    fn pay(&self, market: &mut Market, terms: &MarketTerms, amount: Quote, least: u64) -> Result<u64> {
        require_at_least(amount, quote(least)?)?;
        if amount.is_zero() {
            return Ok(0);
        }
        let mut keeper = self.keeper_account.load_mut()?;
        let (_, position) = keeper.position_for(market.index, terms)?;
        let gets = Quote::ZERO.checked_sub(amount).map_err(refused)?;
        market.trade(position, terms, true, (Size::ZERO, Quote::ZERO, gets))?;
        Ok(keeper.next_event())
    }
}

/// What is offered to the book.
struct Offer {
    is_long: bool,
    lots: Size,
    limit: Ticks,
    terms: StepTerms,
}

/// What the book did with it.
struct Met {
    filled: Size,
    /// Native quote.
    worth: u64,
    /// What the position paid for the time until the book was looked at, native quote.
    funding: Quote,
    makers: Vec<MakerChange>,
}

/// What that costs the position, native quote.
struct Costs {
    taker_fee: i64,
    fee: Fee,
}

impl Offer {
    /// Sized as a step at the worst price that the book may fill at.
    ///
    /// # Errors
    /// [`Refusal::LiquidationWindow`] where the market's window is used up; [`Refusal::NothingToDo`].
    #[inline(never)]
    fn of(
        danger: &Danger,
        position: &Position,
        market: &mut Market,
        priced: &MarketTerms,
        most_lots: u32,
        view: &View,
    ) -> Result<Self> {
        let most_lots = most_lots.min(most_in_window(market, &danger.standing, position, priced, view.now)?);
        let terms = danger.terms(&priced.auction(), most_lots, view);
        let step = liquidation::step(position, &danger.standing, &terms, view).map_err(refused)?;
        ensure!(step.lots > 0, Refusal::NothingToDo);
        let is_long = position.lots.get() > 0;
        let rate = Step::rate_limit(&danger.standing, &terms, priced);
        let worst = book_limit(priced.lot_price, rate, is_long);
        let limit = limit_in_ticks(worst, priced.shift, market.tick_lot, is_long)?;
        Ok(Self { is_long, lots: Size::new(step.lots), limit, terms })
    }

    /// Meets the other side of the book. The room that the queue keeps for liquidations may be used.
    #[inline(never)]
    fn meet(
        &self,
        desk: &Desk,
        (account, place): (&mut MarginAccount, usize),
        market: &mut Market,
        priced: &MarketTerms,
        (most_makers, clock): (u8, &Clock),
    ) -> Result<Met> {
        let (mut bids, mut asks) =
            (book::open(desk.bids, &market.bids)?, book::open(desk.asks, &market.asks)?);
        let mut queue = book::open(desk.queue, &market.queue)?;
        let mut queue = FillQueue::load(&mut queue).map_err(unbooked)?;
        let mut book = Book::load(&mut bids, &mut asks).map_err(unbooked)?;
        premium::observe(market, priced, book.bids.view(), book.asks.view(), clock)?;
        // That may have accrued funding, which all lots pay that were there until now.
        let funding = market.touch(account, &desk.account_key(), place, priced)?;
        let price = market.index_price(priced)?;
        let limits = Limits {
            now: u32::try_from(clock.unix_timestamp).map_err(|_| Refusal::Overflow)?,
            band: market.band_around(price),
            makers: u32::from(most_makers.min(MOST_MET)),
            removals: MOST_REMOVALS,
        };
        let taker = self.taker(desk);
        let mut settlement = Settlement {
            allowance: queue.room(true),
            market,
            terms: priced,
            queue: &mut queue,
            brought: Brought::new(desk.others.get(desk.oracles().len()..).unwrap_or_default()),
            account,
            taker: taker.owner,
            opposite: taker.side.opposite(),
            now: clock.unix_timestamp,
            worth: 0,
            changes: Vec::new(),
        };
        let outcome = match_order(&mut book, &taker, Some(price), &limits, &mut settlement);
        let filled = outcome.map_err(|failure| failure.0)?.filled;
        let (worth, makers) = (settlement.worth, settlement.changes);
        // Orders that were removed in passing stand in nobody's way any more: that much is done.
        ensure!(!makers.is_empty(), Refusal::CannotFill);
        Ok(Met { filled, worth, funding, makers })
    }

    fn taker(&self, desk: &Desk) -> Taker {
        Taker {
            owner: desk.account_key(),
            slot: 0,
            client_id: 0,
            side: if self.is_long { Side::Ask } else { Side::Bid },
            price: OrderPrice::Fixed(self.limit),
            lots: self.lots,
            kind: Kind::ImmediateOrCancel,
            self_trade: SelfTrade::CancelProvide,
            reduce_only: Some(self.lots),
            expires_at: 0,
        }
    }

    /// Out of what the fills were better than the limit: the taker fee, then what the auction asks.
    fn costs(&self, market: &Market, met: &Met, priced: &MarketTerms) -> Result<Costs> {
        let (filled, at_limit) = (quote(met.worth)?, quote(market.worth_at(self.limit, met.filled)?)?);
        let better = if self.is_long { filled.checked_sub(at_limit) } else { at_limit.checked_sub(filled) };
        let better = better.map_err(refused)?.max(Quote::ZERO);
        let taker_fee = Quote::new(market.taker_fee_on(met.worth)?).min(better);
        let left = if self.is_long { filled.checked_sub(taker_fee) } else { filled.checked_add(taker_fee) };
        let at_price = worth(priced, met.filled.get().into(), false).map_err(refused)?;
        let fee = book_fee(left.map_err(refused)?, at_limit, at_price, self.is_long, &self.terms);
        Ok(Costs { taker_fee: taker_fee.get(), fee: fee.map_err(refused)? })
    }
}

/// The worst price of the book, ticks: rounded up for what is sold, down for what is bought back.
///
/// # Errors
/// [`Refusal::NoOraclePrice`] below one tick.
fn limit_in_ticks(worst: u32, shift: u8, tick_lot: u32, is_long: bool) -> Result<Ticks> {
    if !is_long {
        return premium::ticks(worst, shift, tick_lot).ok_or_else(|| Refusal::NoOraclePrice.into());
    }
    // A ceiling: one more than the floor of one less.
    let below = premium::ticks(worst.saturating_sub(1), shift, tick_lot).map_or(0, Ticks::get);
    Ok(Ticks::new(below.saturating_add(1)))
}

/// How many lots may go into the book now: what the market's window leaves. It gives way where the equity is nearly gone
/// (twice what the auction's largest fee on the position would cost): a cap would only make the loss larger.
///
/// # Errors
/// [`Refusal::LiquidationWindow`] where nothing is left.
fn most_in_window(
    market: &mut Market,
    standing: &Standing,
    position: &Position,
    priced: &MarketTerms,
    now: i64,
) -> Result<u32> {
    let cap = market.liq_window_cap;
    let left = left_in_window(&mut market.liq_window_start, &mut market.liq_window_taken, cap, now);
    let notional = worth(priced, position.lots.magnitude().into(), false).map_err(refused)?;
    let fee = priced.liq_fee_most.mul_up(notional).map_err(refused)?;
    if standing.equity < fee.checked_add(fee).map_err(refused)? {
        return Ok(u32::MAX);
    }
    let scale = 1u64.wrapping_shl(u32::from(priced.shift & 63));
    let lots = wide::mul_div_down(left.get(), scale, u64::from(priced.lot_price)).unwrap_or(u64::MAX);
    if lots == 0 {
        return Err(beyond(Refusal::LiquidationWindow, market.liq_window_taken.get(), cap.get()));
    }
    Ok(u32::try_from(lots).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytemuck::Zeroable;
    use plimsoll_risk::num::{Lots, Ratio};

    const NOW: i64 = 1_000_000;

    #[test]
    fn a_limit_is_never_worse_than_what_was_sized() {
        // A lot is worth 2,560/2^8 = 10; a tick of it 3: 3⅓ ticks.
        assert_eq!(limit_in_ticks(2_560, 8, 3, true).unwrap(), Ticks::new(4));
        assert_eq!(limit_in_ticks(2_560, 8, 3, false).unwrap(), Ticks::new(3));
        // Exactly 4 ticks.
        assert_eq!(limit_in_ticks(3_072, 8, 3, true).unwrap(), Ticks::new(4));
        assert_eq!(limit_in_ticks(3_072, 8, 3, false).unwrap(), Ticks::new(4));
        // A fraction of a unit more.
        assert_eq!(limit_in_ticks(3_073, 8, 3, true).unwrap(), Ticks::new(5));
        assert_eq!(limit_in_ticks(0, 8, 3, true).unwrap(), Ticks::new(1));
        assert!(limit_in_ticks(255, 8, 3, false).is_err());
    }

    /// A market whose lots are worth 10 each and a long of 1,000 of them.
    fn market() -> (Box<Market>, MarketTerms, Position) {
        let mut market: Box<Market> = Box::new(Zeroable::zeroed());
        market.tick_lot = 1;
        let terms = MarketTerms {
            lot_price: 2_560,
            shift: 8,
            liq_fee_most: Ratio::from_bps(500),
            ..Zeroable::zeroed()
        };
        (market, terms, Position { lots: Lots::new(1_000), ..Zeroable::zeroed() })
    }

    #[test]
    fn a_window_limits_what_goes_into_the_book_until_equity_is_nearly_gone() {
        let (mut market, terms, position) = market();
        market.liq_window_cap = TokenAmount::new(1_005);
        let standing = |equity| Standing { equity: Quote::new(equity), ..Standing::default() };
        let mut most = |equity, now| most_in_window(&mut market, &standing(equity), &position, &terms, now);
        // Twice 5 % of 10,000, rounded up each.
        assert_eq!(most(1_002, NOW).unwrap(), 100);
        assert_eq!(most(999, NOW).unwrap(), u32::MAX);
        assert_eq!(most(-5, NOW).unwrap(), u32::MAX);
        market.liq_window_taken = TokenAmount::new(1_000);
        let mut most = |equity, now| most_in_window(&mut market, &standing(equity), &position, &terms, now);
        assert!(most(1_002, NOW + 3_599).is_err());
        assert_eq!(most(1_002, NOW + 3_600).unwrap(), 100);
    }

    #[test]
    fn fees_come_out_of_what_was_better_than_the_limit_and_never_below_it() {
        let (mut market, terms, _) = market();
        market.taker_fee = Ratio::from_bps(100);
        let rate = Ratio::from_bps(1_000);
        let terms_of_step =
            StepTerms { rate, insurance_share: Ratio::ZERO, dust: Quote::ZERO, most_lots: u32::MAX };
        for is_long in [true, false] {
            let limit = Ticks::new(if is_long { 9 } else { 11 });
            let offer = Offer { is_long, lots: Size::new(100), limit, terms: terms_of_step };
            let costs = |worth| {
                let met = Met { filled: Size::new(100), worth, funding: Quote::ZERO, makers: Vec::new() };
                let costs = offer.costs(&market, &met, &terms).unwrap();
                (costs.taker_fee, costs.fee.total().get())
            };
            let at_limit = if is_long { 900 } else { 1_100 };
            assert_eq!(costs(at_limit), (0, 0));
            let near = if is_long { 904 } else { 1_096 };
            assert_eq!(costs(near), (4, 0));
            // 1,000 pay 10 or 11 to the exchange; the auction gets at most 10 % of 1,000 (less what a ratio drops).
            let (taker_fee, fee) = costs(1_000);
            assert_eq!(taker_fee, 10);
            assert_eq!(fee, 90);
        }
    }
}
