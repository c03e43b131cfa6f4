//! Random boards with an account on them: underlyings that banks and markets share, cross and isolated positions, orders, debts.

use plimsoll::state::{Bank, MarginAccount, Market, RiskBoard};
use plimsoll_risk::{
    layout::{
        account::{POSITION_IN_USE, POSITION_ISOLATED, Position},
        bank::{BankTerms, NO_FEED},
        feed::Feed,
        market::MarketTerms,
    },
    market::refresh_market,
    num::{Index, Lots, Price, Quote, Ratio, Shares, SizeFactor, TokenAmount},
    ramp::Ramp,
    validity::Validity,
    valuation::{refresh_bank, set_indexes},
};
use proptest::prelude::*;
use std::fmt;

pub const NOW: i64 = 1_700_000_000;
const BUFFER: Ratio = Ratio::from_bps(1_000);
/// An index above one, for banks whose shares are no amounts.
const GROWN: Index = Index::new((1 << 64) + (1 << 61) + 12_345);

/// A market, and the position in it.
#[derive(Clone, Debug)]
pub struct Perp {
    lot_worth: u64,
    mmr: u32,
    imf: u32,
    more: (u32, u32),
    gain: (u32, i64),
    lots: i32,
    /// What the position made, orders' distances from the price: in thousandths.
    made: i64,
    orders: (u32, u32),
    away: (i64, i64),
    pocket: Option<i64>,
}

/// An underlying with its bank and its markets.
#[derive(Clone, Debug)]
pub struct Underlying {
    price: u64,
    tilt: u64,
    decimals: u8,
    weights: (u32, u32, u32),
    balance: i64,
    scale_start: i64,
    perps: Vec<Perp>,
}

prop_compose! {
    fn perp()(
        lot_worth in 1u64..10_000,
        maint in (1u32 << 23..1 << 28, prop_oneof![Just(0u32), 0u32..3_000_000_000]),
        more in (0u32..1 << 27, 0u32..500_000_000),
        gain in (0u32..=1 << 30, prop_oneof![Just(0i64), 0i64..1 << 44]),
        lots in prop_oneof![1 => Just(0i32), 4 => -1i32 << 22..1 << 22, 2 => -1i32 << 12..1 << 12],
        made in -200i64..200,
        orders in (prop_oneof![3 => Just(0u32), 1 => 0u32..1 << 22], prop_oneof![3 => Just(0u32), 1 => 0u32..1 << 22]),
        away in (-100i64..50, -50i64..100),
        pocket in prop_oneof![2 => Just(None), 1 => (0i64..300).prop_map(Some)],
    ) -> Perp {
        let (mmr, imf) = maint;
        Perp { lot_worth, mmr, imf, more, gain, lots, made, orders, away, pocket }
    }
}

prop_compose! {
    fn underlying()(
        price in (1u64 << 56..1u64 << 58, 0u32..20).prop_map(|(raw, shift)| raw >> shift),
        tilt in 80u64..125,
        decimals in 5u8..=9,
        weights in (1u32 << 28..1 << 30, 1u32 << 28..1 << 30, 0u32..1 << 27),
        balance in prop_oneof![2 => Just(0i64), 3 => -1i64 << 40..1 << 41],
        scale_start in prop_oneof![Just(0i64), 1i64 << 30..1 << 45],
        perps in prop::collection::vec(perp(), 1..=2),
    ) -> Underlying {
        Underlying { price, tilt, decimals, weights, balance, scale_start, perps }
    }
}

/// A board, an account, and the accounts of banks and markets that belong to it.
#[derive(Clone)]
pub struct World {
    drawn: (Vec<Underlying>, i64),
    pub board: Box<RiskBoard>,
    pub account: Box<MarginAccount>,
    pub banks: Vec<Bank>,
    pub markets: Vec<Market>,
}

/// What it was made of: its accounts are 70 KiB.
impl fmt::Debug for World {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.drawn.fmt(out)
    }
}

/// Random worlds: one to three underlyings with one or two markets each.
pub fn world() -> impl Strategy<Value = World> {
    let underlyings = prop::collection::vec(underlying(), 1..=3);
    (underlyings, -1i64 << 40..1i64 << 42).prop_map(|(underlyings, quote)| World::new(&underlyings, quote))
}

impl World {
    /// Quote is a balance of so much native quote, below zero a debt.
    fn new(underlyings: &[Underlying], quote: i64) -> Self {
        let mut world = Self {
            drawn: (underlyings.to_vec(), quote),
            board: Box::new(bytemuck::Zeroable::zeroed()),
            account: Box::new(bytemuck::Zeroable::zeroed()),
            banks: Vec::new(),
            markets: Vec::new(),
        };
        let header = &mut world.board.header;
        header.liq_buffer = Ramp::constant(BUFFER.get());
        header.quote_decimals = 6;
        header.max_publish_spread = 10;
        for underlying in underlyings {
            world.list(underlying);
        }
        world.board.header.quote_bank = world.board.header.bank_count;
        world.add_bank(NO_FEED, BankTerms { decimals: 6, ..bytemuck::Zeroable::zeroed() }, quote);
        world
    }

    /// An account whose health has a notch: a long so large that its requirement reaches the whole notional at a price of
    /// 114.8, beside a deposit of the same token, so that health falls towards that price and rises from there on. At a
    /// price of 100 it is safe.
    pub fn with_a_notch() -> Self {
        let perp = Perp {
            lot_worth: 819,
            mmr: 0,
            // 0.0005 for each root of a quote unit: 1 at a notional of 4 million.
            imf: 2_199_023_256,
            more: (0, 0),
            gain: (0, 0),
            lots: 34_840_000,
            made: 0,
            orders: (0, 0),
            away: (0, 0),
            pocket: None,
        };
        let underlying = Underlying {
            price: 100 << 40,
            tilt: 100,
            decimals: 6,
            weights: (1 << 30, 1 << 30, 0),
            balance: 1_393_600_000_000,
            scale_start: 0,
            perps: vec![perp],
        };
        let mut world = Self::new(&[underlying], 0);
        world.account.positions[0].quote = Quote::new(-1_622_000_000_000);
        world
    }

    fn list(&mut self, underlying: &Underlying) {
        let number = self.board.header.feed_count;
        self.board.header.feed_count += 1;
        let stable = u128::from(underlying.price) * u128::from(underlying.tilt) / 100;
        self.board.feeds[usize::from(number)] = Feed {
            price: Price::new(underlying.price),
            stable: Price::new(stable as u64),
            last_valid_price: Price::new(underlying.price),
            last_valid_time: NOW,
            publish_time: NOW,
            max_age: 60,
            validity: Validity::Valid.code(),
            ..bytemuck::Zeroable::zeroed()
        };
        let (one, other, above) = underlying.weights;
        let (asset_initial, asset_maint) = (one.min(other), one.max(other));
        let liability_maint = (1 << 30) + above;
        let gap = u64::from(liability_maint - asset_maint) * u64::from(BUFFER.get());
        let terms = BankTerms {
            decimals: underlying.decimals,
            scale_start: Quote::new(underlying.scale_start),
            asset_weight_initial: Ratio::new(asset_initial),
            asset_weight_maint: Ramp::constant(asset_maint),
            liability_weight_initial: Ratio::new(liability_maint + gap.div_ceil(1 << 30) as u32),
            liability_weight_maint: Ramp::constant(liability_maint),
            ..bytemuck::Zeroable::zeroed()
        };
        // A balance worth so much native quote.
        let worth = i128::from(underlying.balance) << 40;
        let tokens =
            worth * 10i128.pow(underlying.decimals.into()) / 1_000_000 / i128::from(underlying.price);
        self.add_bank(number, terms, tokens as i64);
        for perp in &underlying.perps {
            self.add_market(number, underlying.price, perp);
        }
    }

    fn add_bank(&mut self, feed: u8, terms: BankTerms, balance: i64) {
        let index = self.board.header.bank_count;
        self.board.header.bank_count += 1;
        let header = self.board.header;
        let shares = Shares::from_amount_up(TokenAmount::new(balance.unsigned_abs()), GROWN).unwrap();
        let [deposits, borrows] = [3 * shares.get() + (1 << 40), shares.get() + (1 << 38)];
        let mut terms = BankTerms { feed, updated_at: NOW, deposit_shares: Shares::new(deposits), ..terms };
        set_indexes(&mut terms, GROWN.into(), GROWN.into(), 6).unwrap();
        refresh_bank(&mut terms, &self.board.feeds[usize::from(feed) % 64], &header, NOW).unwrap();
        self.board.banks[usize::from(index)] = terms;
        let slot = &mut self.account.balances[usize::from(index)];
        (slot.shares, slot.bank, slot.borrowed) = (shares, index, u8::from(balance < 0));
        let held = Shares::new(deposits - borrows).amount_down(GROWN).unwrap();
        self.banks.push(Bank {
            index,
            deposit_index: GROWN.into(),
            borrow_index: GROWN.into(),
            deposit_shares: Shares::new(deposits),
            borrow_shares: Shares::new(borrows),
            vault_balance: held,
            accrued_at: NOW,
            borrow_cap: u64::MAX,
            account_borrow_cap: u64::MAX,
            utilisation_limit: Ratio::from_bps(9_500),
            hour_limit: Ratio::ONE,
            day_limit: Ratio::ONE,
            ..bytemuck::Zeroable::zeroed()
        });
    }

    fn add_market(&mut self, feed: u8, price: u64, perp: &Perp) {
        let index = self.board.header.market_count;
        self.board.header.market_count += 1;
        let raised =
            |rate: u32| (u64::from(rate) * (u64::from(BUFFER.get()) + (1 << 30))).div_ceil(1 << 30) as u32;
        let mut terms = MarketTerms {
            feed,
            lots_per_unit: (price / (perp.lot_worth << 27)).max(1),
            mmr: Ramp::constant(perp.mmr),
            imr: Ratio::new((raised(perp.mmr) + perp.more.0).min(1 << 30)),
            imf_maint_ramp: Ramp::constant(perp.imf),
            imf: SizeFactor::new(raised(perp.imf) + perp.more.1),
            pnl_weight: Ratio::new(perp.gain.0),
            pnl_cap: Quote::new(perp.gain.1),
            ..bytemuck::Zeroable::zeroed()
        };
        let header = self.board.header;
        refresh_market(&mut terms, &self.board.feeds[usize::from(feed)], &header, NOW).unwrap();
        self.board.markets[usize::from(index)] = terms;
        self.account.positions[usize::from(index)] = perp.position(index, &terms);
        self.markets.push(Market {
            index,
            tick_lot: 1,
            account_cap: u32::MAX,
            open_interest_cap: u64::MAX,
            taker_fee: Ratio::from_bps(5),
            minimum_lots: 1,
            ..bytemuck::Zeroable::zeroed()
        });
    }
}

impl Perp {
    fn position(&self, market: u8, terms: &MarketTerms) -> Position {
        let worth = |lots: i64, thousandths: i64| {
            let at_price = (i128::from(lots) * i128::from(terms.lot_price)) >> terms.shift;
            Quote::new((at_price * i128::from(1_000 + thousandths) / 1_000) as i64)
        };
        let notional = worth(i64::from(self.lots.unsigned_abs()), 0).get();
        let cost = worth(i64::from(self.lots), 0).get();
        let isolated = if self.pocket.is_some() { POSITION_ISOLATED } else { 0 };
        Position {
            lots: Lots::new(self.lots),
            bids: self.orders.0,
            asks: self.orders.1,
            quote: Quote::new(notional / 1_000 * self.made - cost),
            bids_quote: worth(self.orders.0.into(), self.away.0),
            asks_quote: worth(self.orders.1.into(), self.away.1),
            pocket: Quote::new(notional / 1_000 * self.pocket.unwrap_or(0)),
            market,
            flags: POSITION_IN_USE | isolated,
            ..bytemuck::Zeroable::zeroed()
        }
    }
}

/// The code of a program's refusal.
pub fn refusal(error: anchor_lang::error::Error) -> Option<plimsoll::errors::Refusal> {
    match error {
        anchor_lang::error::Error::AnchorError(error) => crate::errors::refusal(error.error_code_number),
        anchor_lang::error::Error::ProgramError(_) => None,
    }
}
