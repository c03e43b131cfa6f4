//! `plimsoll cancel`: orders leave the book.

use super::{
    deed::Deed,
    operator::{Operator, Own},
    place::Direction,
};
use crate::{Refusal, exchange::MarketEntry};
use clap::Args;
use plimsoll::state::MarginAccount;
use plimsoll_client::{book::OrderId, instructions::trade::Trading};
use std::collections::BTreeSet;

/// Cancels an order by its number, orders by the client's number, or all
///
/// Exit codes: 0 done; 1 the program or the network said no; 2 malformed arguments; 3 must not or cannot be done.
#[derive(Args, Debug)]
pub struct Cancel {
    /// The order's number; with --all or --client-id the market, or every market where none is named
    #[arg(value_name = "ORDER|MARKET", required_unless_present_any = ["all", "client_id"])]
    what: Option<String>,
    /// The order's market, where two markets gave the same number
    #[arg(value_name = "MARKET")]
    on: Option<String>,
    /// All orders
    #[arg(long, conflicts_with_all = ["on", "client_id"])]
    all: bool,
    /// Of all orders, those that buy or those that sell
    #[arg(long, value_enum, requires = "all")]
    side: Option<Direction>,
    /// All orders with this number of the client's
    #[arg(long, value_name = "NUMBER", conflicts_with = "on")]
    client_id: Option<u64>,
    #[command(flatten)]
    own: Own,
}

impl Cancel {
    /// Does it.
    ///
    /// # Errors
    /// One line, and the exit code of its kind.
    pub fn run(&self) -> Result<(), Refusal> {
        let operator = Operator::open(&self.own.sending)?;
        let (address, account) = operator.own(&self.own)?;
        let trading =
            |market: &MarketEntry| Trading { market: market.at, account: address, trader: operator.signer };
        let (told, instructions) = if self.all || self.client_id.is_some() {
            let markets = self.markets(&operator, &account)?;
            let which = |market: &&MarketEntry| match self.client_id {
                Some(number) => trading(market).cancel_by_client_id(number),
                None => trading(market).cancel_all(self.side.map(Direction::side)),
            };
            (self.told(&markets), markets.iter().map(which).collect())
        } else {
            let (market, order) = self.order(&operator, &account)?;
            let told = format!("cancel order {} in {}", order.get(), market.name);
            (told, vec![trading(market).cancel(order)])
        };
        operator.does(&Deed::new(told, instructions).about(address))
    }

    fn told(&self, markets: &[&MarketEntry]) -> String {
        let names: Vec<&str> = markets.iter().map(|market| market.name.as_str()).collect();
        let which = match (self.client_id, self.side) {
            (Some(number), _) => format!("the orders numbered {number} by the client"),
            (None, Some(Direction::Buy)) => "all orders that buy".to_owned(),
            (None, Some(Direction::Sell)) => "all orders that sell".to_owned(),
            (None, None) => "all orders".to_owned(),
        };
        format!("cancel {which} in {}", names.join(", "))
    }

    /// The market that is named, or all in which the account has such orders.
    fn markets<'o>(
        &self,
        operator: &'o Operator,
        account: &MarginAccount,
    ) -> Result<Vec<&'o MarketEntry>, Refusal> {
        let exchange = operator.exchange();
        if let Some(text) = &self.what {
            return Ok(vec![exchange.market(text)?]);
        }
        let is_meant = |client: u64, id: u64| {
            let side = OrderId::new(id).side();
            id != 0
                && self.client_id.is_none_or(|number| client == number)
                && self.side.is_none_or(|wanted| wanted.side() == side)
        };
        let orders = account.orders.iter().filter(|order| is_meant(order.client_id, order.id));
        let places: BTreeSet<u8> = orders.map(|order| order.market).collect();
        let markets = exchange.markets.iter().filter(|market| places.contains(&market.at.index));
        let markets: Vec<&MarketEntry> = markets.collect();
        if markets.is_empty() {
            return Err(Refusal::Refused("the account has no such order".into()));
        }
        Ok(markets)
    }

    /// The order of a number, and its market.
    fn order<'o>(
        &self,
        operator: &'o Operator,
        account: &MarginAccount,
    ) -> Result<(&'o MarketEntry, OrderId), Refusal> {
        let text = self.what.as_deref().unwrap_or_default();
        let number: u64 = text.parse().ok().filter(|number| *number != 0).ok_or_else(|| {
            Refusal::Malformed(format!("{text:?}: expected an order's number, or --all, or --client-id"))
        })?;
        let exchange = operator.exchange();
        if let Some(name) = &self.on {
            return Ok((exchange.market(name)?, OrderId::new(number)));
        }
        let orders = account.orders.iter().filter(|order| order.id == number);
        let places: BTreeSet<u8> = orders.map(|order| order.market).collect();
        let mut found = exchange.markets.iter().filter(|market| places.contains(&market.at.index));
        match (found.next(), found.next()) {
            (Some(market), None) => Ok((market, OrderId::new(number))),
            (None, _) => Err(Refusal::Refused(format!("the account has no order {number}"))),
            (Some(one), Some(other)) => {
                let both = format!("{} and {}", one.name, other.name);
                Err(Refusal::Malformed(format!("order {number} is in {both}: say which")))
            }
        }
    }
}
