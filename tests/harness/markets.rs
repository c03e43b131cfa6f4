//! Markets: created on standard terms, refreshed, looked at.

use crate::{Receipt, World, perps::Perp};
use plimsoll::state::Market;
use plimsoll_client::{
    addresses::MarketAddresses,
    book::{self, BookView, QueueView},
    decode,
    instructions::{ledger, refresh, setup, trade},
    lookup::Table,
};
use plimsoll_risk::layout::{
    account::Position,
    market::{MARKET_REDUCE_ONLY, MarketTerms},
};
use solana_instruction::Instruction;
use solana_pubkey::Pubkey;

/// Large enough that no story meets it by accident, small enough that sums of it fit.
const PLENTY: u64 = 1 << 48;
const PLENTY_OF_LOTS: u64 = (1 << 30) - 1;

impl World {
    /// Creates a market in the name of the admin, on the program's own cautious terms.
    pub fn creates_market(&mut self, perp: Perp) -> Receipt {
        let admin = self.person("admin");
        let index = u8::try_from(self.markets.len()).expect("a place on the board");
        let market = MarketAddresses::derive(&self.exchange, index);
        let terms = perp.args(self.feed_of(perp.token));
        let receipt = self.does(&[setup::create_market(&market, admin, terms)]);
        self.markets.push((perp, market));
        receipt
    }

    /// Caps that no story meets by accident, an initial ratio that open interest does not raise, and no breaker.
    pub fn sets_standard_market_terms(&mut self, perp: Perp) {
        for cap in ["market.open_interest_cap", "market.oi_upper", "market.settlement_cap"] {
            self.sets_in_market(cap, perp, PLENTY);
        }
        self.sets_in_market("market.oi_lower", perp, PLENTY / 2);
        self.sets_in_market("market.account_cap", perp, PLENTY_OF_LOTS);
        self.sets_in_market("market.breaker_move", perp, 0);
    }

    /// The admin sets a market's parameter: at once, as it must be, before opening or tightening.
    pub fn sets_in_market(&mut self, name: &str, perp: Perp, value: u64) {
        let queued = self.admin().proposes_in(name, perp, value);
        assert!(queued.is_none(), "{name} has to wait");
    }

    /// A side of a market's book, or its queue, grows by so many steps.
    pub fn grows_book(&mut self, perp: Perp, book: Pubkey, steps: usize) {
        let (market, payer) = (self.market_of(perp), self.chain.payer());
        for _ in 0..steps {
            self.does(&[setup::grow_book(&market, book, payer)]);
        }
    }

    /// Funding is accrued and copied to the board with the open interest.
    pub fn refreshes_market(&mut self, perp: Perp) -> Receipt {
        let market = self.market_of(perp);
        self.does(&[refresh::refresh_market(&market)])
    }

    /// All markets but those that end.
    pub(crate) fn refreshes_all_markets(&mut self) {
        let board = self.board();
        let trades =
            |market: &&MarketAddresses| board.markets[usize::from(market.index)].state <= MARKET_REDUCE_ONLY;
        let markets = self.markets.iter().map(|(_, market)| market);
        let all: Vec<Instruction> = markets.filter(trades).map(refresh::refresh_market).collect();
        for some in all.chunks(4) {
            self.does(some);
        }
    }

    /// Waiting fills of these people are settled in their accounts.
    pub fn applies_fills(&mut self, perp: Perp, names: &[&str]) -> Receipt {
        let makers: Vec<Pubkey> = names.iter().map(|name| self.account_of(name)).collect();
        let instruction = trade::apply_fills(&self.market_of(perp), &makers, u8::MAX);
        self.does(&[instruction])
    }

    /// Fees move from a market's pool to the exchange.
    pub fn collects_fees(&mut self, perp: Perp) -> Receipt {
        let instruction = ledger::collect_fees(&self.market_of(perp), self.quote_bank());
        self.does(&[instruction])
    }

    /// The fee collector takes what was collected to a token account of his own.
    pub fn pays_fees(&mut self) -> Receipt {
        let (quote, collector) = (self.tokens[0], self.person("fee collector"));
        let wallet = self.chain.wallet(&collector, &quote);
        let instruction = ledger::pay_fees(&self.bank_of(quote), collector, wallet);
        self.does(&[instruction])
    }

    /// A lookup table of everything that traders name again and again.
    pub fn makes_table(&mut self) -> Table {
        let banks: Vec<_> = self.tokens.iter().map(|token| self.bank_of(*token)).collect();
        let markets: Vec<_> = self.markets.iter().map(|(_, market)| *market).collect();
        let oracles: Vec<_> = self.tokens[1..].iter().map(|token| token.pyth()).collect();
        let addresses = plimsoll_client::lookup::shared(&self.exchange, &banks, &markets, &oracles);
        self.chain.makes_table(&addresses)
    }

    /// The perpetuals, in the order of the board.
    pub fn perps(&self) -> impl Iterator<Item = Perp> {
        self.markets.iter().map(|(perp, _)| *perp)
    }

    pub fn market_of(&self, perp: Perp) -> MarketAddresses {
        let found = self.markets.iter().find(|(it, _)| it.name == perp.name);
        found.expect("a market of this world").1
    }

    /// The quote token's bank.
    pub fn quote_bank(&self) -> Pubkey {
        self.bank_of(self.tokens[0]).bank
    }

    /// A market's account, as it stands.
    pub fn market(&self, perp: Perp) -> Market {
        decode::read(self.chain.data(&self.market_of(perp).market)).expect("a market")
    }

    /// A market's entry on the board, as it stands.
    pub fn terms(&self, perp: Perp) -> MarketTerms {
        self.board().markets[usize::from(self.market_of(perp).index)]
    }

    /// A market's book, as it stands.
    pub fn book(&self, perp: Perp) -> BookView<'_> {
        let market = self.market_of(perp);
        BookView::read(self.chain.data(&market.bids), self.chain.data(&market.asks)).expect("a book")
    }

    /// What waits for makers in a market, as it stands.
    pub fn queue(&self, perp: Perp) -> QueueView<'_> {
        book::queue(self.chain.data(&self.market_of(perp).queue)).expect("a queue")
    }

    /// Somebody's position in a market, as it stands; an empty one where there is none.
    pub fn position(&self, name: &str, perp: Perp) -> Position {
        let account = self.account(name);
        let place = account.place_of(self.market_of(perp).index);
        place.map_or_else(bytemuck::Zeroable::zeroed, |place| account.positions[place])
    }

    /// Lots of somebody's position: long above zero, short below.
    pub fn lots(&self, name: &str, perp: Perp) -> i32 {
        self.position(name, perp).lots.get()
    }

    /// What the oracles say of a perpetual's underlying, in ticks of the market.
    pub fn oracle_ticks(&mut self, perp: Perp) -> u32 {
        perp.ticks(self.oracle().price(perp.token))
    }
}
