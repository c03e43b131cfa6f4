//! What keepers do: fills applied, funding accrued, profit and loss settled, fees collected.

use super::{
    conduct::Standing,
    fate::Foretold,
    walk::{PEOPLE, PERPS, Walk},
};
use harness::{Receipt, failure, keys, tokens::USDC};
use plimsoll::errors::Refusal;
use plimsoll_client::{
    book::Side,
    events::Event,
    instructions::{ledger, refresh, setup, trade},
};
use solana_pubkey::Pubkey;

impl Walk {
    /// Of some makers, in any order, at most so many.
    pub fn applies_fills(&mut self) {
        let waits = (0..PERPS.len()).filter(|place| !self.shadows[*place].queue.waiting.is_empty());
        let waits: Vec<usize> = waits.collect();
        let some = !waits.is_empty() && self.dice.percent(90);
        let place = if some { self.dice.one_of(&waits) } else { self.any_market() };
        let makers: Vec<Pubkey> = match self.dice.below(10) {
            0..4 => PEOPLE.map(|name| self.address(name)).to_vec(),
            4..8 => self.shadows[place].queue.waiting.iter().take(2).map(|it| it.maker).collect(),
            _ => {
                PEOPLE.map(|name| self.address(name)).into_iter().filter(|_| self.dice.percent(30)).collect()
            }
        };
        let most = if self.dice.percent(70) { 8 } else { self.dice.below(4) as u8 };
        self.applies(place, &makers, most);
    }

    /// Exactly the oldest of these makers' are applied, each as it was foretold when it was queued.
    pub fn applies(&mut self, place: usize, makers: &[Pubkey], most: u8) -> Receipt {
        self.shadows[place].measures(&self.world, PERPS[place]);
        let mut shadow = self.shadows[place].clone();
        let taken = shadow.queue.take(makers, most.into());
        let instruction = trade::apply_fills(&self.world.market_of(PERPS[place]), makers, most);
        let receipt = self.sends(&[instruction]);
        if let Some(error) = &receipt.error {
            let found = failure::name(error);
            let nothing = taken.is_empty() && found == Refusal::NothingToApply.name();
            assert!(nothing || found == Refusal::Paused.name(), "{found}, and there is {taken:?}");
            return receipt;
        }
        let told = receipt.events.iter().find_map(|event| match event {
            Event::FillsApplied(applied) => Some(applied.makers.iter().map(Foretold::of).collect::<Vec<_>>()),
            _ => None,
        });
        let foretold: Vec<Foretold> = taken
            .iter()
            .map(|it| Foretold {
                maker: it.maker,
                order: it.order,
                lots: it.lots,
                price: it.price,
                fee: it.fee,
                kind: it.kind,
                at_once: true,
            })
            .collect();
        assert_eq!(told, Some(foretold), "fills applied in {}", PERPS[place].name);
        for fill in taken.iter().filter(|it| it.kind == 0) {
            let side = if fill.order & 1 == 0 { Side::Bid } else { Side::Ask };
            shadow.trades(fill.maker, side, fill.lots);
        }
        self.shadows[place] = shadow;
        receipt
    }

    pub fn refreshes_a_market(&mut self) {
        let place = self.any_market();
        self.sends(&[refresh::refresh_market(&self.world.market_of(PERPS[place]))]);
    }

    pub fn settles(&mut self) {
        let (mut name, mut place) = (self.anybody(), self.any_market());
        for _ in 0..5 {
            if self.position(name, place).flags != 0 {
                break;
            }
            (name, place) = (self.anybody(), self.any_market());
        }
        let (market, bank) = (self.world.market_of(PERPS[place]), self.world.quote_bank());
        let before = Standing::of(self, name, &[]);
        let receipt = self.sends(&[ledger::settle_pnl(&market, self.address(name), bank)]);
        let settled = receipt.events.iter().find_map(|event| match event {
            Event::PnlSettled(settled) => Some(settled),
            _ => None,
        });
        let Some(settled) = settled else { return };
        self.tally.met(if settled.amount > 0 { "gain settled" } else { "loss settled" });
        let after = Standing::of(self, name, &[]);
        after.must_not_have_lost_by_settlement(&before, settled.amount, name);
        if self.position(name, place).is_isolated() {
            self.tally.met("position of a pocket settled");
        }
    }

    pub fn collects_fees(&mut self) {
        let place = self.any_market();
        let (market, bank) = (self.world.market_of(PERPS[place]), self.world.quote_bank());
        self.sends(&[ledger::collect_fees(&market, bank)]);
    }

    /// All that was collected leaves, to whoever may have it.
    pub fn pays_fees(&mut self) {
        let collector = keys::address(if self.dice.percent(20) { "guardian" } else { "fee collector" });
        let destination = self.world.chain.wallet(&collector, &USDC);
        let before = self.world.chain.tokens_in(&destination);
        let collected = self.world.bank(USDC).fees.get();
        let receipt = self.sends(&[ledger::pay_fees(&self.world.bank_of(USDC), collector, destination)]);
        if receipt.error.is_none() {
            assert_eq!(self.world.chain.tokens_in(&destination), before + collected, "fees paid");
        }
    }

    /// Sides of the last market grow, and its queue while nothing waits: up to a limit.
    pub fn a_book_grows(&mut self) {
        let market = self.world.market_of(PERPS[2]);
        let which = self.dice.one_of(&[market.bids, market.asks, market.queue, market.queue]);
        let payer = self.world.chain.payer();
        self.sends(&[setup::grow_book(&market, which, payer)]);
    }
}
