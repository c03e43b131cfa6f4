//! An exchange as it lies on chain at one moment, with its names.

use crate::{Refusal, amounts::Scale, names::Names};
use plimsoll::state::{self, Bank, InsuranceFund, Market, RiskBoard};
use plimsoll_client::{
    addresses::{BankAddresses, ExchangeAddresses, MarketAddresses},
    decode,
    rpc::{ReadError, Reader},
};
use plimsoll_deploy::value::{Denomination, LotSize, Units};
use plimsoll_risk::RiskError;
use solana_pubkey::Pubkey;

/// A bank, its addresses and its token's name.
#[derive(Clone, Debug)]
pub struct BankEntry {
    /// What its token is called.
    pub name: String,
    /// Where it is, with its vault and mint.
    pub at: BankAddresses,
    /// What it holds.
    pub bank: Bank,
}

impl BankEntry {
    /// Its token by name, and how many decimals it has.
    pub fn denomination(&self) -> Denomination {
        Denomination { symbol: self.name.clone(), decimals: self.bank.decimals }
    }
}

/// A market, its addresses and its name.
#[derive(Clone, Debug)]
pub struct MarketEntry {
    /// What it is called.
    pub name: String,
    /// Where it is, with its book.
    pub at: MarketAddresses,
    /// Its limits, its pool, its windows.
    pub market: Market,
    /// In what it counts.
    pub scale: Scale,
}

/// All that is shared of an exchange: its board, banks, markets and insurance fund.
pub struct Exchange {
    /// Where it is.
    pub of: ExchangeAddresses,
    /// How its parts are called.
    pub names: Names,
    /// Roles, delays, settings.
    pub exchange: Box<state::Exchange>,
    /// Prices and terms.
    pub board: Box<RiskBoard>,
    /// In their order on the board.
    pub banks: Vec<BankEntry>,
    /// In their order on the board.
    pub markets: Vec<MarketEntry>,
    /// The shared part of the insurance; nothing before it is set up.
    pub insurance: Option<Box<InsuranceFund>>,
    /// The chain's clock, unix seconds.
    pub now: i64,
}

impl Exchange {
    /// Reads it.
    ///
    /// # Errors
    /// `Failed`: the network does not answer, or there is no exchange, or not all of it.
    pub fn read(reader: &Reader, names: Names) -> Result<Self, Refusal> {
        let mut read = Self {
            of: *reader.addresses(),
            names,
            exchange: Box::new(reader.exchange()?),
            board: reader.board()?,
            banks: Vec::new(),
            markets: Vec::new(),
            insurance: reader.find(reader.addresses().insurance)?.map(Box::new),
            now: reader.now()?,
        };
        read.banks = reader.banks()?.into_iter().map(|(at, bank)| read.bank_entry(at, bank)).collect();
        let markets = reader.markets()?.into_iter();
        read.markets = markets.map(|(at, market)| read.market_entry(at, market)).collect::<Result<_, _>>()?;
        Ok(read)
    }

    fn bank_entry(&self, at: BankAddresses, bank: Bank) -> BankEntry {
        BankEntry { name: self.names.bank(bank.index), at, bank }
    }

    fn market_entry(&self, at: MarketAddresses, market: Market) -> Result<MarketEntry, Refusal> {
        let terms = self.board.market(market.index).map_err(|_| short())?;
        let scale = Scale {
            symbol: self.names.feed(terms.feed),
            lots_per_unit: terms.lots_per_unit,
            tick_lot: market.tick_lot,
            quote: self.quote(),
        };
        Ok(MarketEntry { name: self.names.market(market.index), at, market, scale })
    }

    /// The quote token.
    pub fn quote(&self) -> Denomination {
        let header = &self.board.header;
        Denomination { symbol: self.names.bank(header.quote_bank), decimals: header.quote_decimals }
    }

    /// The quote token's bank.
    ///
    /// # Errors
    /// `Failed` where the board does not have it.
    pub fn quote_bank(&self) -> Result<&BankEntry, Refusal> {
        self.banks.get(usize::from(self.board.header.quote_bank)).ok_or_else(short)
    }

    /// A bank by its token's name, its place or its mint.
    ///
    /// # Errors
    /// `Malformed` with the known names.
    pub fn bank(&self, text: &str) -> Result<&BankEntry, Refusal> {
        let by_mint = || self.banks.iter().find(|entry| entry.at.mint.to_string() == text);
        if let Some(entry) = by_mint() {
            return Ok(entry);
        }
        let place = self.names.find_bank(text)?;
        self.banks.get(usize::from(place)).ok_or_else(|| beyond("bank", place, self.banks.len()))
    }

    /// A market by its name, its underlying or its place.
    ///
    /// # Errors
    /// `Malformed` with the known names.
    pub fn market(&self, text: &str) -> Result<&MarketEntry, Refusal> {
        let place = self.names.find_market(text)?;
        self.markets.get(usize::from(place)).ok_or_else(|| beyond("market", place, self.markets.len()))
    }

    /// Takes one of its accounts as it is now; others are passed over. The clock is at least at the board's last refresh.
    pub fn apply(&mut self, address: &Pubkey, data: &[u8]) {
        if let Ok(board) = decode::read::<RiskBoard>(data) {
            *self.board = board;
            self.now = self.now.max(self.board.header.heartbeat);
        } else if let Ok(market) = decode::read::<Market>(data) {
            let entry = self.markets.iter_mut().find(|entry| entry.at.market == *address);
            entry.into_iter().for_each(|entry| entry.market = market);
        } else if let Ok(bank) = decode::read::<Bank>(data) {
            let entry = self.banks.iter_mut().find(|entry| entry.at.bank == *address);
            entry.into_iter().for_each(|entry| entry.bank = bank);
        } else if let Ok(fund) = decode::read::<InsuranceFund>(data) {
            self.insurance = Some(Box::new(fund));
        }
    }

    /// Why the engine has no answer, for a person.
    pub fn says(&self, error: RiskError) -> String {
        match error {
            RiskError::StalePrice { bank } => {
                let bank = u8::try_from(bank).map_or_else(|_| "a token".to_owned(), |it| self.names.bank(it));
                format!("the price of {bank} is too old or not sound")
            }
            RiskError::StaleMarket { market } => {
                format!("the price of {} is too old or not sound", self.names.market(market))
            }
            RiskError::PublishSpread => "prices were published too far apart".to_owned(),
            RiskError::Missing => "the board lacks a bank or a feed that it names".to_owned(),
            RiskError::Overflow => "a figure is out of its range".to_owned(),
            other => format!("{other:?}"),
        }
    }

    /// In what a bank's parameters are written.
    pub fn bank_units(&self, entry: &BankEntry) -> Units {
        Units { token: Some(entry.denomination()), ..self.units() }
    }

    /// In what a market's parameters are written.
    pub fn market_units(&self, entry: &MarketEntry) -> Units {
        let Scale { symbol, lots_per_unit, .. } = &entry.scale;
        let lots = LotSize { symbol: symbol.clone(), lots_per_unit: *lots_per_unit };
        Units { lots: Some(lots), ..self.units() }
    }

    /// In what the exchange's, the board's and feeds' parameters are written.
    pub fn units(&self) -> Units {
        Units { quote: self.quote(), ..Units::default() }
    }
}

fn beyond(kind: &str, place: u8, count: usize) -> Refusal {
    Refusal::Malformed(format!("there is no {kind} {place}: the board has {count}, counted from 0"))
}

fn short() -> Refusal {
    Refusal::Failed("the network left out accounts that the board names".into())
}

impl From<ReadError> for Refusal {
    fn from(error: ReadError) -> Self {
        Self::Failed(match error {
            ReadError::Network(error) => format!("the network: {error}"),
            other => other.to_string(),
        })
    }
}
