//! What people do in markets.

use crate::{Receipt, perps::Perp, trader::Trader};
use plimsoll::events::{Ordered, TriggerPlaced};
use plimsoll_client::{
    book::{OrderId, Side},
    events::Event,
    instructions::{
        ledger::{self, Pocket},
        order::Order,
        refresh,
        trade::{self, Trading},
        trigger::{self, Execution, Trigger},
    },
};
use plimsoll_risk::layout::account::Position;

impl Trader<'_> {
    /// The accounts of trading in a market.
    pub fn trading(&self, perp: Perp) -> Trading {
        Trading { market: self.world.market_of(perp), account: self.acts_on(), trader: self.key }
    }

    /// The accounts of an isolated position's pocket.
    pub fn pocket(&self, perp: Perp) -> Pocket {
        Pocket {
            board: self.world.exchange.board,
            market: self.world.market_of(perp).index,
            account: self.acts_on(),
            trader: self.key,
            quote_bank: self.world.quote_bank(),
        }
    }

    /// Buys so many lots at once, at whatever price the market's band allows.
    ///
    /// # Panics
    /// Where fewer are filled.
    pub fn longs(&mut self, perp: Perp, lots: u32) -> Receipt {
        self.takes(perp, Order::market(Side::Bid, lots, u32::MAX))
    }

    /// Sells so many lots at once, at whatever price the market's band allows.
    ///
    /// # Panics
    /// Where fewer are filled.
    pub fn shorts(&mut self, perp: Perp, lots: u32) -> Receipt {
        self.takes(perp, Order::market(Side::Ask, lots, 1))
    }

    fn takes(&mut self, perp: Perp, order: Order) -> Receipt {
        let receipt = self.places(perp, order);
        if !self.expects_refusal() {
            assert_eq!(receipt.ordered().filled, order.args().lots, "lots filled for {}", self.name);
        }
        receipt
    }

    /// Places an order.
    pub fn places(&mut self, perp: Perp, order: Order) -> Receipt {
        let instruction = self.trading(perp).place(&order, &self.oracles, &self.makers);
        self.sends(&[instruction])
    }

    /// Cancels, then places, in one instruction.
    pub fn batches(&mut self, perp: Perp, cancels: &[OrderId], orders: &[Order]) -> Receipt {
        let instruction = self.trading(perp).batch(cancels, orders, &self.oracles, &self.makers);
        self.sends(&[instruction])
    }

    /// Cancels one order.
    pub fn cancels(&mut self, perp: Perp, order: OrderId) -> Receipt {
        let instruction = self.trading(perp).cancel(order);
        self.sends(&[instruction])
    }

    /// Cancels all orders of a client id.
    pub fn cancels_client_id(&mut self, perp: Perp, client_id: u64) -> Receipt {
        let instruction = self.trading(perp).cancel_by_client_id(client_id);
        self.sends(&[instruction])
    }

    /// Cancels all orders, or those of one side.
    pub fn cancels_all(&mut self, perp: Perp, side: Option<Side>) -> Receipt {
        let instruction = self.trading(perp).cancel_all(side);
        self.sends(&[instruction])
    }

    /// Lets anyone cancel his orders after so much silence; 0 is never.
    pub fn sets_dead_man(&mut self, seconds: u32) -> Receipt {
        let board = self.world.exchange.board;
        let instruction = trade::set_dead_man(board, self.acts_on(), self.key, seconds);
        self.sends(&[instruction])
    }

    /// Settles profit or loss of the account in a market.
    pub fn settles(&mut self, perp: Perp) -> Receipt {
        let (market, bank) = (self.world.market_of(perp), self.world.quote_bank());
        let instruction = ledger::settle_pnl(&market, self.acts_on(), bank);
        self.sends(&[instruction])
    }

    /// Makes a flat position isolated.
    pub fn isolates(&mut self, perp: Perp) -> Receipt {
        let instruction = self.pocket(perp).set_mode(true);
        self.sends(&[instruction])
    }

    /// Makes a flat position cross again.
    pub fn crosses(&mut self, perp: Perp) -> Receipt {
        let instruction = self.pocket(perp).set_mode(false);
        self.sends(&[instruction])
    }

    /// Quote goes from the balance into a pocket, native units.
    pub fn funds_pocket(&mut self, perp: Perp, amount: u64) -> Receipt {
        let instruction = self.pocket(perp).fund(amount, &self.oracles);
        self.sends(&[instruction])
    }

    /// Quote goes from a pocket back to the balance, native units.
    pub fn drains_pocket(&mut self, perp: Perp, amount: u64) -> Receipt {
        let instruction = self.pocket(perp).drain(amount, &self.oracles);
        self.sends(&[instruction])
    }

    /// Places a trigger order.
    pub fn places_trigger(&mut self, perp: Perp, trigger: Trigger) -> Receipt {
        let instruction = self.trading(perp).place_trigger(&trigger);
        self.sends(&[instruction])
    }

    /// Takes a trigger order back.
    pub fn cancels_trigger(&mut self, slot: u8) -> Receipt {
        let board = self.world.exchange.board;
        let instruction = trigger::cancel_trigger(board, self.acts_on(), self.key, slot);
        self.sends(&[instruction])
    }

    /// As a keeper, executes somebody's trigger order.
    pub fn executes_trigger_of(&mut self, name: &str, perp: Perp, slot: u8) -> Receipt {
        let execution = Execution {
            market: self.world.market_of(perp),
            account: self.world.account_of(name),
            keeper: self.account.address,
            quote_bank: self.world.quote_bank(),
        };
        let instruction = execution.execute(slot, &self.oracles, &self.makers);
        self.sends(&[instruction])
    }

    /// As a keeper, settles waiting fills of those whom he is [`meeting`](Trader::meeting), at most so many.
    pub fn applies_fills(&mut self, perp: Perp, most: u8) -> Receipt {
        let instruction = trade::apply_fills(&self.world.market_of(perp), &self.makers, most);
        self.sends(&[instruction])
    }

    /// As a keeper, refreshes a market.
    pub fn refreshes_market(&mut self, perp: Perp) -> Receipt {
        let instruction = refresh::refresh_market(&self.world.market_of(perp));
        self.sends(&[instruction])
    }

    /// As a keeper, moves a market's fees from its pool to the exchange.
    pub fn collects_fees(&mut self, perp: Perp) -> Receipt {
        let instruction = ledger::collect_fees(&self.world.market_of(perp), self.world.quote_bank());
        self.sends(&[instruction])
    }

    /// His position in a market.
    pub fn position(&self, perp: Perp) -> Position {
        self.world.position(&self.name, perp)
    }

    /// # Panics
    /// Where the position has another size: long above zero, short below.
    #[track_caller]
    pub fn holds(&self, perp: Perp, lots: i32) -> &Self {
        assert_eq!(self.position(perp).lots.get(), lots, "{} of {}", perp.name, self.name);
        self
    }
}

impl Receipt {
    /// What became of the order that was placed: the only one, or the first of several.
    ///
    /// # Panics
    /// Where no order was carried out.
    pub fn ordered(&self) -> &Ordered {
        let ordered = self.events.iter().find_map(|event| match event {
            Event::Ordered(ordered) => Some(ordered),
            _ => None,
        });
        ordered.unwrap_or_else(|| panic!("no order in {:#?}", self.events))
    }

    /// The order that came to rest.
    ///
    /// # Panics
    /// Where none did.
    pub fn rests(&self) -> OrderId {
        let order = self.ordered().order;
        assert_ne!(order, 0, "nothing rests");
        OrderId::new(order)
    }

    /// The slot of the trigger order that was placed.
    ///
    /// # Panics
    /// Where none was.
    pub fn trigger_slot(&self) -> u8 {
        let placed = self.events.iter().find_map(|event| match event {
            Event::TriggerPlaced(TriggerPlaced { slot, .. }) => Some(*slot),
            _ => None,
        });
        placed.unwrap_or_else(|| panic!("no trigger order in {:#?}", self.events))
    }
}
