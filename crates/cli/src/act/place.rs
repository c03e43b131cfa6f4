//! `plimsoll place`: an order for the book.

use super::{
    deed::Deed,
    makers::Meeting,
    measures,
    operator::{Operator, Own, held},
    oracles::{self, Beside, Brought},
};
use crate::{
    Refusal,
    amounts::{self, Wanted},
    exchange::MarketEntry,
};
use clap::{Args, ValueEnum};
use plimsoll::state::MarginAccount;
use plimsoll_client::{
    book::{Side, Size, Ticks},
    instructions::{ledger::Pocket, order::Order, trade::Trading},
    portfolio::Portfolio,
};
use plimsoll_risk::num::{Price, Ratio};
use solana_instruction::Instruction;
use solana_pubkey::Pubkey;

/// Makers whose accounts ride along, at most: as many as an order meets.
const COMPANIONS: usize = 16;

/// Places an order
///
/// `plimsoll place BTC buy 0.5 BTC @ 59,000` rests what does not fill at once; `--market` takes what there is, at no worse a
/// price than the slippage allows. Makers that it meets are settled at once, as many as fit into the transaction; prices
/// that are stale on the board are brought along.
///
/// Exit codes: 0 done; 1 the program or the network said no; 2 malformed arguments; 3 must not or cannot be done.
#[derive(Args, Debug)]
pub struct Place {
    /// The market, by its name or its underlying's
    #[arg(value_name = "MARKET")]
    on: String,
    /// Buys or sells
    #[arg(value_enum)]
    side: Direction,
    /// How much, and at which price: `0.5 BTC @ 59,000`; without a price where --market is given
    #[arg(value_name = "SIZE [@ PRICE]", required = true, num_args = 1..)]
    terms: Vec<String>,
    /// Fills at once at what the book offers; the rest is dropped
    #[arg(long, group = "kind")]
    market: bool,
    /// How far from the index a market order may fill
    #[arg(long, value_name = "PERCENT", default_value = "0.5%")]
    slippage: String,
    /// Rests, or fails if it would take
    #[arg(long, group = "kind")]
    post_only: bool,
    /// Takes what it can; the rest is dropped
    #[arg(long, group = "kind")]
    ioc: bool,
    /// Fills at once and whole, or fails
    #[arg(long, group = "kind")]
    fok: bool,
    /// Only ever reduces the position
    #[arg(long)]
    reduce_only: bool,
    /// After how long its time is over
    #[arg(long, value_name = "TIME")]
    expires: Option<String>,
    /// Any number, by which it can be cancelled
    #[arg(long, value_name = "NUMBER", default_value_t = 0)]
    client_id: u64,
    /// Isolates the position first, and puts so much quote into its pocket
    #[arg(long, value_name = "AMOUNT")]
    isolated: Option<String>,
    #[command(flatten)]
    own: Own,
}

/// Buys or sells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Direction {
    /// Buys
    #[value(alias = "bid")]
    Buy,
    /// Sells
    #[value(alias = "ask")]
    Sell,
}

impl Direction {
    /// Its side of the book.
    pub const fn side(self) -> Side {
        match self {
            Self::Buy => Side::Bid,
            Self::Sell => Side::Ask,
        }
    }
}

/// What is worked out of the arguments before an order is built.
struct Terms {
    lots: Size,
    price: Ticks,
    expires: u32,
}

impl Place {
    /// Does it.
    ///
    /// # Errors
    /// One line, and the exit code of its kind.
    pub fn run(&self) -> Result<(), Refusal> {
        let slippage = measures::percent(&self.slippage)?;
        let operator = Operator::open(&self.own.sending)?;
        let market = operator.exchange().market(&self.on)?;
        let (address, account) = operator.own(&self.own)?;
        let brought = oracles::brought(&operator, &[&account], Beside::Market(market.at.index));
        let index = index(&operator, market, &brought);
        let terms = Terms {
            expires: measures::until(operator.exchange().now, self.expires.as_deref())?,
            ..self.terms(&operator, market, index, slippage)?
        };
        let mut instructions = self.isolating(&operator, market, (address, &account), &brought)?;
        let oracle = index.and_then(|index| in_ticks(&operator, market, index));
        let meeting = Meeting {
            side: self.side.side(),
            limit: terms.price,
            oracle,
            now: operator.exchange().now,
            own: address,
        };
        let makers = self.makers(&operator, market, &meeting)?;
        let trading = Trading { market: market.at, account: address, trader: operator.signer };
        let order = self.order(&terms);
        instructions.push(trading.place(&order, &brought.accounts(), &makers));
        let mut deed = Deed::new(self.told(market, &terms), instructions).about(address);
        let mut settled = makers.len();
        while settled > 0 && !deed.fits(operator.signer) {
            settled -= 1;
            deed.instructions.pop();
            deed.instructions.push(trading.place(&order, &brought.accounts(), &makers[..settled]));
        }
        operator.does(&deed.detail("market", market.name.clone()).detail("makers", settled))
    }

    /// Size and price, in the market's lots and ticks.
    fn terms(
        &self,
        operator: &Operator,
        market: &MarketEntry,
        index: Option<Price>,
        slippage: Ratio,
    ) -> Result<Terms, Refusal> {
        let text = self.terms.join(" ");
        let (size, price) = match text.split_once('@') {
            Some((size, price)) => (size, Some(price)),
            None => (text.as_str(), None),
        };
        let lots = market.scale.size(size.trim())?;
        let price = match (price, self.market) {
            (Some(price), false) => market.scale.price(price.trim())?,
            (None, true) => worst(operator, market, index, (self.side.side(), slippage))?,
            (Some(_), true) => {
                return Err(Refusal::Malformed("--market takes what there is: say no price".into()));
            }
            (None, false) => {
                return Err(Refusal::Malformed("say a price, `@ 59,000`, or --market".into()));
            }
        };
        Ok(Terms { lots, price, expires: 0 })
    }

    fn order(&self, terms: &Terms) -> Order {
        let (side, lots, price) = (self.side.side(), terms.lots.get(), terms.price.get());
        let order =
            if self.market { Order::market(side, lots, price) } else { Order::limit(side, lots, price) };
        let order = match (self.post_only, self.ioc, self.fok) {
            (true, ..) => order.post_only(),
            (_, true, _) => order.immediate(),
            (.., true) => order.fill_or_kill(),
            _ => order,
        };
        let order = if self.reduce_only { order.reduce_only() } else { order };
        order.expires(terms.expires).client_id(self.client_id)
    }

    fn told(&self, market: &MarketEntry, terms: &Terms) -> String {
        let side = if self.side == Direction::Buy { "buy" } else { "sell" };
        let size = market.scale.show_lots(i128::from(terms.lots.get()));
        let price = market.scale.show_price(terms.price);
        let at = if self.market { "at the market, no worse than" } else { "at" };
        format!("{side} {size} in {} {at} {price}", market.name)
    }

    /// Makes the position stand alone, with a pocket, where that is asked for.
    fn isolating(
        &self,
        operator: &Operator,
        market: &MarketEntry,
        (address, account): (Pubkey, &MarginAccount),
        brought: &Brought,
    ) -> Result<Vec<Instruction>, Refusal> {
        let Some(text) = &self.isolated else { return Ok(Vec::new()) };
        let quote = operator.exchange().quote();
        let Wanted::Native(amount) = amounts::tokens(text, &quote)? else {
            return Err(Refusal::Malformed(format!("{text:?}: expected an amount of {}", quote.symbol)));
        };
        let pocket = pocket(operator, market, address)?;
        let held = held(account, market.at.index);
        let is_isolated = held.is_some_and(|position| position.is_isolated());
        let isolate = (!is_isolated).then(|| pocket.set_mode(true));
        Ok(isolate.into_iter().chain([pocket.fund(amount, &brought.accounts())]).collect())
    }

    /// Whom it is expected to meet; nobody where it only rests.
    fn makers(
        &self,
        operator: &Operator,
        market: &MarketEntry,
        meeting: &Meeting,
    ) -> Result<Vec<Pubkey>, Refusal> {
        if self.post_only {
            return Ok(Vec::new());
        }
        let book = operator.session().reader().book(&market.at)?;
        // A book that cannot be read settles nobody at once: the order is the program's to judge.
        Ok(book.view().map(|book| meeting.makers(&book, COMPANIONS)).unwrap_or_default())
    }
}

/// The pocket of an account's position in a market.
pub fn pocket(operator: &Operator, market: &MarketEntry, account: Pubkey) -> Result<Pocket, Refusal> {
    let quote_bank = operator.exchange().quote_bank()?.at.bank;
    let (board, trader) = (market.at.board, operator.signer);
    Ok(Pocket { board, market: market.at.index, account, trader, quote_bank })
}

/// The price of a market's underlying: the one brought along, or the board's; nothing where there never was one.
pub fn index(operator: &Operator, market: &MarketEntry, brought: &Brought) -> Option<Price> {
    let board = &operator.exchange().board;
    let feed = board.market(market.at.index).ok()?.feed;
    let new = brought.overlay.price(feed).map(|new| new.price);
    new.or_else(|| board.feed(feed).ok().map(|feed| feed.price)).filter(|price| !price.is_zero())
}

/// A price in a market's ticks, rounded down.
pub fn in_ticks(operator: &Operator, market: &MarketEntry, price: Price) -> Option<Ticks> {
    let nobody = bytemuck::Zeroable::zeroed();
    let exchange = operator.exchange();
    Portfolio::new(&nobody, &exchange.board, exchange.now).in_ticks(price, &market.market)
}

/// The worst price of whoever buys or sells within a distance of the index: never further away than that.
pub fn worst(
    operator: &Operator,
    market: &MarketEntry,
    index: Option<Price>,
    (side, away): (Side, Ratio),
) -> Result<Ticks, Refusal> {
    let unknown = || Refusal::Failed(format!("{} has no price to start from", market.name));
    let index = index.ok_or_else(unknown)?;
    let room = index.mul_down(away).map_err(|_| unknown())?;
    match side {
        Side::Bid => {
            let most = Price::new(index.get().saturating_add(room.get()));
            in_ticks(operator, market, most)
        }
        // Rounded down it would be further away.
        Side::Ask => in_ticks(operator, market, index.saturating_sub(room)).and_then(|ticks| ticks.offset(1)),
    }
    .ok_or_else(unknown)
}
