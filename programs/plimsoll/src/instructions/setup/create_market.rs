//! Create market: a perpetual gets its accounts and its place on the board, with cautious parameters and a small cap.

use crate::{
    clock,
    errors::{Refusal, unbooked},
    events::MarketCreated,
    governance::table::{LEAST_SETTLEMENT, MOST_MINIMUM_LOTS},
    pda, premium,
    state::{
        Exchange, Market, RiskBoard,
        book::{ASKS_SEED, BIDS_SEED, BOOK_SIDE, FILL_QUEUE, QUEUE_SEED},
    },
};
use anchor_lang::{Discriminator, prelude::*, solana_program::entrypoint::MAX_PERMITTED_DATA_INCREASE};
use plimsoll_book::{BookSide, FillQueue, Side, Ticks};
use plimsoll_risk::{
    deleveraging,
    layout::{
        Key as Address,
        board::MAX_MARKETS,
        feed::Feed,
        market::{MARKET_OPEN, MarketTerms},
    },
    market::lot_values,
    num::{Quote, Ratio, SIZE_FACTOR_BITS, SizeFactor, TokenAmount},
    ramp::Ramp,
    validity::Validity,
    valuation::Prices,
};

const ONE: u32 = Ratio::ONE.get();
/// Cautious terms of a new market; each is a parameter from then on. The size factors and the multiple of volatility are
/// the strictest in use anywhere: 0.0002 and 0.00004 a square root of whole quote, so that a position of a million needs
/// its whole fifth and grows dearer from there.
const IMR: Ratio = Ratio::new(ONE / 5);
const MMR: u32 = ONE / 10;
const IMF: SizeFactor = SizeFactor::new(factor(200));
const IMF_MAINT: u32 = factor(40);
const KAPPA: Ratio = Ratio::new(ONE * 3);
const BREAKER_IMR: Ratio = Ratio::new(ONE / 2);
const TAKER_FEE: Ratio = Ratio::from_bps(5);
const MAKER_REBATE: Ratio = Ratio::from_bps(1);
const BAND: Ratio = Ratio::new(ONE / 20);
const FUNDING_CAP: Ratio = Ratio::new(ONE / 20);
const FUNDING_PERIOD: u32 = 8 * 3_600;
const UNSETTLED_CAP: u32 = 16;
/// In whole quote. What a profit on paper may count for is capped, though its weight begins at zero.
const PNL_CAP: u64 = 1_000;
const OI_LOWER: u64 = 250_000;
const OI_UPPER: u64 = 2_500_000;
const IMPACT_NOTIONAL: u64 = 2_500;
const SETTLEMENT_CAP: u64 = 10_000;
/// Of liquidations: what the auction begins and ends with, and how long it takes; what of it is the insurance fund's.
const LIQ_FEE_START: Ratio = Ratio::from_bps(50);
const LIQ_FEE_MOST: Ratio = Ratio::from_bps(250);
const LIQ_FEE_SECONDS: u32 = 60;
const LIQ_INSURANCE_SHARE: Ratio = Ratio::from_bps(3_000);
/// A move within a window that opens the breaker, and for how long.
const BREAKER_MOVE: Ratio = Ratio::from_bps(1_500);
const BREAKER_SECONDS: u32 = 300;
/// In whole quote, a window and an hour.
const LIQ_WINDOW_CAP: u64 = 5_000_000;
const SUBSIDY_CAP: u64 = 1_000;
/// In whole quote: what a market keeps of its insurance revenue before the shared fund gets any.
const TRANCHE_TARGET: u64 = 10_000;
/// Rewards of executing a trigger order in one whole quote.
const REWARDS_IN_WHOLE: u64 = 10;
/// Caps of a new market, in least orders. A price may still be missing, so a cap in money has no meaning yet; the least
/// order is what its creator thinks worth trading, and a thousand of them are enough to try whether everything works.
const OPEN_INTEREST_CAP: u64 = 1_000;
const ACCOUNT_CAP: u32 = 100;
/// Prices of a market that make sense, in ticks: a tick is at most a tenth of a percent, and a price may still double.
const SENSIBLE: core::ops::Range<u32> = 1_000..1 << 31;

/// Millionths as a size factor's raw number.
#[allow(clippy::arithmetic_side_effects)] // Below 2^10 · 2^42, at compile time.
const fn factor(millionths: u64) -> u32 {
    ((millionths << SIZE_FACTOR_BITS) / 1_000_000) as u32
}

/// What a market can never change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, AnchorSerialize, AnchorDeserialize)]
pub struct MarketArgs {
    /// Its feed on the board.
    pub feed: u8,
    /// Lots in one whole unit of the underlying.
    pub lots_per_unit: u64,
    /// Native quote that one lot at one tick is worth.
    pub tick_lot: u32,
    /// Least lots of an order.
    pub minimum_lots: u32,
}

#[derive(Accounts)]
pub struct CreateMarket<'info> {
    /// The exchange's admin; pays for the accounts.
    #[account(mut)]
    pub admin: Signer<'info>,
    #[account(mut)]
    pub exchange: AccountLoader<'info, Exchange>,
    #[account(mut)]
    pub board: AccountLoader<'info, RiskBoard>,
    /// CHECK: address by seeds in the handler
    #[account(mut)]
    pub market: UncheckedAccount<'info>,
    /// CHECK: address by seeds in the handler
    #[account(mut)]
    pub bids: UncheckedAccount<'info>,
    /// CHECK: address by seeds in the handler
    #[account(mut)]
    pub asks: UncheckedAccount<'info>,
    /// CHECK: address by seeds in the handler
    #[account(mut)]
    pub queue: UncheckedAccount<'info>,
    pub system_program: Program<'info, System>,
}

impl<'info> CreateMarket<'info> {
    fn validate(&self, args: &MarketArgs) -> Result<()> {
        let (exchange, board) = (self.exchange.load()?, self.board.load()?);
        exchange.require_admin(self.admin.key)?;
        ensure!(exchange.board.0 == self.board.key().to_bytes(), Refusal::ForeignBoard);
        ensure!(board.header.bank_count > 0, Refusal::QuoteBankFirst);
        ensure!(usize::from(board.header.market_count) < MAX_MARKETS, Refusal::BoardFull);
        args.require_sensible(board.feed(args.feed)?, board.header.quote_decimals)
    }

    /// Makes one account at its address: the bump. What was made begins with its mark.
    #[inline(never)]
    fn create(
        &self,
        account: &UncheckedAccount<'info>,
        seeds: [&[u8]; 3],
        space: usize,
        mark: &[u8],
    ) -> Result<u8> {
        let [kind, parent, number] = seeds;
        let (address, bump) = Pubkey::find_program_address(&seeds, &crate::ID);
        ensure!(account.key() == address, Refusal::WrongBook);
        pda::create_marked(&self.admin, account, &[kind, parent, number, &[bump]], space, mark)?;
        Ok(bump)
    }

    /// The three accounts of the book, each of the size that one instruction can make.
    fn create_book(&self) -> Result<()> {
        let market = self.market.key();
        let address = Address(market.to_bytes());
        for (account, seed, side) in [(&self.bids, BIDS_SEED, Side::Bid), (&self.asks, ASKS_SEED, Side::Ask)]
        {
            let seeds = [seed, market.as_ref(), &[]];
            let bump = self.create(account, seeds, MAX_PERMITTED_DATA_INCREASE, BOOK_SIDE)?;
            let mut data = account.try_borrow_mut_data()?;
            BookSide::create(behind_the_mark(&mut data)?, side, address, bump).map_err(unbooked)?;
        }
        let seeds = [QUEUE_SEED, market.as_ref(), &[]];
        let bump = self.create(&self.queue, seeds, MAX_PERMITTED_DATA_INCREASE, FILL_QUEUE)?;
        let mut data = self.queue.try_borrow_mut_data()?;
        FillQueue::create(behind_the_mark(&mut data)?, address, bump).map_err(unbooked)?;
        Ok(())
    }

    /// The market's own account: nobody holds anything, and little can be held.
    #[inline(never)]
    fn write_market(&self, args: &MarketArgs, index: u8, bump: u8, now: i64) -> Result<()> {
        let whole = whole_quote(self.board.load()?.header.quote_decimals);
        let mut data = self.market.try_borrow_mut_data()?;
        let market: &mut Market =
            bytemuck::try_from_bytes_mut(behind_the_mark(&mut data)?).map_err(|_| Refusal::BadMarket)?;
        market.exchange = Address(self.exchange.key().to_bytes());
        market.board = Address(self.board.key().to_bytes());
        market.bids = Address(self.bids.key().to_bytes());
        market.asks = Address(self.asks.key().to_bytes());
        market.queue = Address(self.queue.key().to_bytes());
        (market.index, market.bump) = (index, bump);
        market.tick_lot = args.tick_lot;
        market.minimum_lots = args.minimum_lots;
        market.open_interest_cap = u64::from(args.minimum_lots).saturating_mul(OPEN_INTEREST_CAP);
        market.account_cap = args.minimum_lots.saturating_mul(ACCOUNT_CAP); // at most 10^8: a position holds it
        market.taker_fee = TAKER_FEE;
        market.maker_rebate = MAKER_REBATE;
        market.band = BAND;
        market.impact_notional = quote(IMPACT_NOTIONAL, whole);
        market.funding_cap = FUNDING_CAP;
        market.funding_period = FUNDING_PERIOD;
        market.premium.since = now;
        let settlement_cap = whole.saturating_mul(SETTLEMENT_CAP).max(LEAST_SETTLEMENT);
        market.settlement_cap = TokenAmount::new(settlement_cap);
        market.unsettled_cap = UNSETTLED_CAP;
        let reward = whole.checked_div(REWARDS_IN_WHOLE).unwrap_or(0);
        market.trigger_reward = u32::try_from(reward).unwrap_or(0);
        market.liq_window_cap = TokenAmount::new(whole.saturating_mul(LIQ_WINDOW_CAP));
        market.tranche_target = TokenAmount::new(whole.saturating_mul(TRANCHE_TARGET));
        market.subsidy_cap = TokenAmount::new(whole.saturating_mul(SUBSIDY_CAP));
        Ok(())
    }

    /// The market's entry on the board, and its bit among what its feed moves.
    #[inline(never)]
    fn write_terms(&self, args: &MarketArgs, index: u8, now: i64) -> Result<()> {
        let mut board = self.board.load_mut()?;
        let whole = whole_quote(board.header.quote_decimals);
        board.header.market_count = index.checked_add(1).ok_or(Refusal::BoardFull)?;
        let feed = board.feeds.get_mut(usize::from(args.feed)).ok_or(Refusal::UnknownFeed)?;
        feed.markets |= 1u64.checked_shl(u32::from(index)).ok_or(Refusal::BoardFull)?;
        let terms = board.markets.get_mut(usize::from(index)).ok_or(Refusal::BoardFull)?;
        terms.market = Address(self.market.key().to_bytes());
        terms.feed = args.feed;
        terms.lots_per_unit = args.lots_per_unit;
        terms.state = MARKET_OPEN;
        terms.funding_updated_at = now;
        let whole_side = deleveraging::Side::new();
        (terms.longs, terms.longs_ended) = (whole_side.now, whole_side.before);
        (terms.shorts, terms.shorts_ended) = (whole_side.now, whole_side.before);
        write_margin(terms, whole);
        write_liquidation(terms);
        board.revalue_market(index, now)
    }
}

/// Margin of a new market.
fn write_margin(terms: &mut MarketTerms, whole: u64) {
    terms.imr = IMR;
    terms.mmr = Ramp::constant(MMR);
    terms.imf = IMF;
    terms.imf_maint_ramp = Ramp::constant(IMF_MAINT);
    terms.kappa = KAPPA;
    terms.breaker_imr = BREAKER_IMR;
    terms.pnl_weight = Ratio::ZERO;
    terms.pnl_cap = quote(PNL_CAP, whole);
    terms.oi_lower = quote(OI_LOWER, whole);
    terms.oi_upper = quote(OI_UPPER, whole);
    terms.haircut = Ratio::ONE;
}

/// Liquidation and breaker of a new market.
fn write_liquidation(terms: &mut MarketTerms) {
    terms.liq_fee_start = LIQ_FEE_START;
    terms.liq_fee_most = LIQ_FEE_MOST;
    terms.liq_fee_seconds = LIQ_FEE_SECONDS;
    terms.liq_insurance_share = LIQ_INSURANCE_SHARE;
    terms.breaker_move = BREAKER_MOVE;
    terms.breaker_seconds = BREAKER_SECONDS;
}

impl MarketArgs {
    /// Whether lots and ticks are of a size to trade in, at the price that the feed has; asked of none where it has none.
    ///
    /// # Errors
    /// [`Refusal::BadMarket`].
    fn require_sensible(&self, feed: &Feed, quote_decimals: u8) -> Result<()> {
        let all_there = self.lots_per_unit != 0 && self.tick_lot != 0 && self.minimum_lots != 0;
        ensure!(all_there && self.minimum_lots <= MOST_MINIMUM_LOTS, Refusal::BadMarket);
        if Validity::from_code(feed.validity) == Validity::Missing {
            return Ok(());
        }
        let prices = Prices { price: feed.price, stable: feed.stable };
        let lot = lot_values(prices, self.lots_per_unit, quote_decimals).map_err(|_| Refusal::BadMarket)?;
        let price = premium::ticks(lot.price, lot.shift, self.tick_lot).map_or(0, Ticks::get);
        ensure!(SENSIBLE.contains(&price), Refusal::BadMarket);
        Ok(())
    }
}

/// One whole quote token in native units.
fn whole_quote(decimals: u8) -> u64 {
    10u64.saturating_pow(decimals.into())
}

/// Whole quote as an amount: at most six decimals, so nothing is lost.
fn quote(amount: u64, whole: u64) -> Quote {
    Quote::from_unsigned(amount.saturating_mul(whole)).unwrap_or(Quote::MAX)
}

/// The bytes of an account behind what says of which kind it is.
fn behind_the_mark(data: &mut [u8]) -> Result<&mut [u8]> {
    data.get_mut(8..).ok_or_else(|| Refusal::WrongBook.into())
}

#[access_control(ctx.accounts.validate(&market))]
pub fn create_market(ctx: Context<CreateMarket>, market: MarketArgs) -> Result<()> {
    let now = clock::now()?;
    let accounts = &ctx.accounts;
    let index = accounts.board.load()?.header.market_count;
    let exchange = accounts.exchange.key();
    let seeds = [Market::SEED, exchange.as_ref(), &[index]];
    let bump = accounts.create(&accounts.market, seeds, Market::SPACE, Market::DISCRIMINATOR)?;
    accounts.create_book()?;
    accounts.write_market(&market, index, bump, now)?;
    accounts.write_terms(&market, index, now)?;
    let sequence = accounts.exchange.load_mut()?.next_event();
    MarketCreated { sequence, market: accounts.market.key(), index, feed: market.feed }.tell();
    Ok(())
}
