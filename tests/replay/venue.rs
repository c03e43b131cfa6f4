//! The exchange that a crash is replayed on: its banks, its markets, its terms; and what is sent to it.

use harness::{
    Receipt, World,
    amounts::{bps, percent},
    oracle::Update,
    oracles::{Quoted, Verification},
    perps::{BTC_PERP, ETH_PERP, Perp, SOL_PERP},
    tokens::{BTC, ETH, SOL, Token, USDC},
};
use plimsoll::{
    oracle::pyth,
    state::{Bank, MarginAccount, Market, RiskBoard},
};
use plimsoll_audit::telling::{Teller, Told};
use plimsoll_client::{
    addresses::{BankAddresses, ExchangeAddresses, MarketAddresses},
    book::{self, BookView, QueueView},
    decode,
    instructions::refresh,
};
use plimsoll_risk::{
    health::Overlay,
    liquidation::View,
    num::{PRICE_BITS, Price},
};
use plimsoll_sim::report::Report;
use solana_instruction::Instruction;
use solana_pubkey::Pubkey;

/// What is replayed, as the files of prices call it, in the order of the markets and of the feeds.
pub const SYMBOLS: [&str; 3] = ["BTC-USD", "ETH-USD", "SOL-USD"];

/// The markets, in their order on the board.
const PERPS: [Perp; 3] = [BTC_PERP, ETH_PERP, SOL_PERP];
/// Their underlyings: the banks behind the quote token's.
const TOKENS: [Token; 3] = [BTC, ETH, SOL];

/// Margin terms of a market, hundredths of a percent.
struct Terms {
    initial: u32,
    maintenance: u32,
    band: u32,
}

/// Twenty times on the large ones, ten times on the small one.
const LARGE: Terms = Terms { initial: 500, maintenance: 300, band: 250 };
const SMALL: Terms = Terms { initial: 1_000, maintenance: 500, band: 450 };

/// Silence that is an outage, seconds: ten steps.
const HEARTBEAT_GAP: u64 = 600;
/// Decimals of the prices that are published.
const DECIMALS: i32 = 8;

/// One market, with what never changes of it.
#[derive(Clone, Copy)]
pub struct Place {
    pub perp: Perp,
    pub at: MarketAddresses,
}

/// The exchange, and the account of what happens on it.
pub struct Venue {
    pub world: World,
    pub exchange: ExchangeAddresses,
    /// Tokens by bank, the quote token first.
    pub tokens: Vec<Token>,
    pub banks: Vec<BankAddresses>,
    pub markets: Vec<Place>,
    pub teller: Teller,
    /// Who is in danger at the end.
    pub left: Vec<String>,
    oracles: Vec<Pubkey>,
}

impl Venue {
    /// An open exchange, its oracles at these prices (in the order of [`SYMBOLS`]).
    pub fn open(prices: &[Price], report: Report) -> Self {
        let mut tokens = vec![USDC];
        for (token, price) in TOKENS.iter().zip(prices) {
            let Quoted { mantissa, exponent } = quoted(*price);
            tokens.push(Token { price: mantissa as f64 * 10f64.powi(exponent), ..*token });
        }
        let mut world = World::with_tokens(&tokens);
        world.sets_for_all("board.heartbeat_gap", HEARTBEAT_GAP);
        for token in &tokens[1..] {
            world.sets("feed.max_divergence", *token, percent(10));
        }
        for (perp, terms) in PERPS.iter().zip([LARGE, LARGE, SMALL]) {
            let market = *perp;
            world.creates_market(market);
            world.sets_standard_market_terms(market);
            sets_terms(&mut world, market, &terms);
            world.grows_book(market, world.market_of(market).queue, 2);
        }
        let world = world.opens();
        Self {
            exchange: world.exchange,
            banks: tokens.iter().map(|token| world.bank_of(*token)).collect(),
            markets: PERPS.iter().map(|perp| Place { perp: *perp, at: world.market_of(*perp) }).collect(),
            oracles: tokens[1..].iter().map(Token::pyth).collect(),
            teller: Teller::new(report),
            left: Vec::new(),
            tokens,
            world,
        }
    }

    /// Sends an instruction that may be refused by name, and writes down what became of it.
    pub fn tries(&mut self, name: &str, instruction: &Instruction) -> Receipt {
        let receipt = self.world.tries_unchecked(instruction);
        let board =
            RiskBoard::from_account_data(self.world.chain.data(&self.exchange.board)).expect("a board");
        let Receipt { compute_units, error, events, .. } = &receipt;
        let told = Told { name, compute_units: *compute_units, error: error.as_ref(), events };
        self.teller.hears(&told, board);
        receipt
    }

    /// The same of one that has to go through.
    pub fn does(&mut self, name: &str, instruction: &Instruction) -> Receipt {
        self.tries(name, instruction).must_succeed()
    }

    /// Time has come to a moment: its prices are published and copied to the board, and markets look at their books.
    pub fn reaches(&mut self, now: i64, prices: &[Price]) {
        if now > self.now() {
            self.world.chain.set_time(now);
        }
        for (place, price) in prices.iter().enumerate() {
            let token = self.tokens[place + 1];
            let update = Update {
                feed_id: token.feed_id(),
                price: quoted(*price),
                confidence: 0u64.into(),
                publish_time: now,
                verification: Verification::Full,
                owner: pyth::RECEIVER,
            };
            self.world.oracle().posts(token, update);
        }
        let feeds: Vec<(u8, Pubkey)> = (0u8..).zip(self.oracles.iter().copied()).collect();
        let all = refresh::refresh_prices(self.exchange.board, &feeds, None);
        self.does("refresh_prices", &all);
        for place in self.markets.clone() {
            self.does("refresh_market", &refresh::refresh_market(&place.at));
        }
    }

    /// Interest of all banks is accrued.
    pub fn refreshes_banks(&mut self) {
        for bank in self.banks.clone() {
            self.does("refresh_bank", &refresh::refresh_bank(&bank));
        }
    }

    pub fn now(&self) -> i64 {
        self.world.now()
    }

    pub fn board(&self) -> &RiskBoard {
        self.world.board()
    }

    /// What margin is measured by now; `overlay` is an empty one.
    pub fn view<'a>(&'a self, overlay: &'a Overlay) -> View<'a> {
        View { board: &self.board().0, overlay, now: self.now() }
    }

    /// A margin account, where it lies.
    pub fn account(&self, address: &Pubkey) -> &MarginAccount {
        look(self.world.chain.data(address))
    }

    pub fn market(&self, market: u8) -> &Market {
        look(self.world.chain.data(&self.markets[usize::from(market)].at.market))
    }

    pub fn bank(&self, bank: u8) -> &Bank {
        look(self.world.chain.data(&self.banks[usize::from(bank)].bank))
    }

    pub fn book(&self, market: u8) -> BookView<'_> {
        let MarketAddresses { bids, asks, .. } = self.markets[usize::from(market)].at;
        BookView::read(self.world.chain.data(&bids), self.world.chain.data(&asks)).expect("a book")
    }

    pub fn queue(&self, market: u8) -> QueueView<'_> {
        let queue = self.markets[usize::from(market)].at.queue;
        book::queue(self.world.chain.data(&queue)).expect("a queue")
    }

    /// The index of a market in ticks, rounded down.
    pub fn index_ticks(&self, market: u8) -> u32 {
        let feed = self.board().markets[usize::from(market)].feed;
        self.ticks(market, self.board().feeds[usize::from(feed)].price, false)
    }

    /// A price in ticks of a market, rounded up or down; at least one.
    pub fn ticks(&self, market: u8, price: Price, up: bool) -> u32 {
        let perp = self.markets[usize::from(market)].perp;
        let scaled = u128::from(price.get()) * 1_000_000;
        let unit = (u128::from(perp.lots_per_unit) * u128::from(perp.tick_lot)) << PRICE_BITS;
        let ticks = if up { scaled.div_ceil(unit) } else { scaled / unit };
        u32::try_from(ticks).unwrap_or(u32::MAX).max(1)
    }

    /// The quote token's bank.
    pub fn quote_bank(&self) -> Pubkey {
        self.banks[0].bank
    }
}

/// Higher leverage than a new market allows; caution against volatility and size that does not swallow it; a breaker.
fn sets_terms(world: &mut World, perp: Perp, terms: &Terms) {
    let numbers = [
        ("market.kappa", percent(100)),
        ("market.imf_maint", 1 << 22),
        ("market.imf", 1 << 24),
        ("market.band", bps(terms.band)),
        ("market.mmr", bps(terms.maintenance)),
        ("market.imr", bps(terms.initial)),
        ("market.breaker_move", bps(1_000)),
    ];
    for (name, value) in numbers {
        world.sets_in_market(name, perp, value);
    }
}

/// A price as Pyth publishes it, rounded down.
fn quoted(price: Price) -> Quoted {
    let mantissa = (u128::from(price.get()) * 10u128.pow(DECIMALS.unsigned_abs())) >> PRICE_BITS;
    Quoted { mantissa: i64::try_from(mantissa).expect("a price of money"), exponent: -DECIMALS }
}

fn look<T: decode::Account>(data: &[u8]) -> &T {
    decode::view(data).expect("an account of this kind").expect("an allocation of its own")
}
