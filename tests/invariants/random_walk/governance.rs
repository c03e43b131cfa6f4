//! Changes of parameters: any row of the table, any target, any value; proposed, applied, vetoed, withdrawn.

use super::{governors, walk::Walk};
use harness::keys;
use plimsoll::{
    governance::{PARAMETERS, Parameter, Scope, Target, Unit},
    state::{Bank, RiskBoard},
};
use plimsoll_client::{
    addresses::pending_change,
    decode,
    instructions::governance::{Proposal, Queued, number},
};
use plimsoll_risk::layout::Key;

impl Walk {
    /// Half of the proposals put something back to where it was: terms change all the time, but do not drift away.
    pub fn a_change_is_proposed(&mut self) {
        let moved = self.moved();
        let (row, target, value) = if !moved.is_empty() && self.dice.percent(60) {
            self.dice.one_of(&moved)
        } else {
            let row = self.any_row();
            let target = self.any_target(row.scope);
            let Some(now) = self.value(row, target) else { return self.proposes(row, target, [1; 32]) };
            if row.value(&now).is_ok() {
                self.standards.entry((row.id, target)).or_insert(now); // some begin at 0, where nobody may put them
            }
            (row, target, self.any_value(row, target, now))
        };
        self.proposes(row, target, value);
    }

    /// Mostly one that has a target here: this world has no markets.
    fn any_row(&mut self) -> &'static Parameter {
        loop {
            let row = &PARAMETERS[self.dice.place_in(PARAMETERS)];
            if row.scope != Scope::Market || self.dice.percent(3) {
                return row;
            }
        }
    }

    fn proposes(&mut self, row: &Parameter, target: u8, value: [u8; 32]) {
        let proposer = match self.dice.percent(60) {
            true => self.signer_for(|exchange| exchange.admin),
            false => self.signer_for(|exchange| exchange.risk_council),
        };
        let listing = self.listings.get(usize::from(target));
        let bank = listing.filter(|_| row.scope == Scope::Bank).map(|listing| listing.bank.bank);
        let bank = bank.filter(|_| !self.dice.percent(2));
        let of = self.world.exchange;
        let next = self.world.exchange_account().change_sequence + 1;
        let guess = if self.dice.percent(2) { next + 1 } else { next };
        let proposal = Proposal { parameter: row.id, target, bank, market: None, value };
        self.tries(&[proposal.propose(&of, proposer, guess)]);
        let change = pending_change(&of.exchange, next).address();
        if self.world.change(&change).is_some() {
            self.queue.push(Queued { change, proposer, bank, market: None });
        }
    }

    /// Parameters that are not where they were, and where that was.
    fn moved(&self) -> Vec<(&'static Parameter, u8, [u8; 32])> {
        let rows = self
            .standards
            .iter()
            .map(|((id, target), value)| (&PARAMETERS[usize::from(*id)], *target, *value));
        rows.filter(|(row, target, value)| self.value(row, *target) != Some(*value)).collect()
    }

    /// A parameter's value; nothing without a target.
    fn value(&self, row: &Parameter, target: u8) -> Option<[u8; 32]> {
        let mut exchange = self.world.exchange_account();
        let mut board: Box<RiskBoard> = Box::new(*self.world.board());
        let listing = self.listings.get(usize::from(target));
        let bank = listing.and_then(|it| decode::read::<Bank>(self.world.chain.data(&it.bank.bank)).ok());
        let (mut bank, index) = (bank, target);
        let (exchange, board, bank) = (&mut exchange, &mut *board, bank.as_mut());
        let mut target = Target { exchange, board, bank, market: None, index };
        row.read(&mut target).ok().map(plimsoll::governance::Value::to_bytes)
    }

    fn any_target(&mut self, scope: Scope) -> u8 {
        let odd = self.dice.percent(2);
        match scope {
            Scope::Exchange | Scope::Board | Scope::Market => u8::from(odd),
            Scope::BankTerms | Scope::Bank if odd => self.listings.len() as u8,
            Scope::BankTerms | Scope::Bank => self.any_bank() as u8,
            Scope::Feed if odd => self.prices.len() as u8,
            Scope::Feed => self.dice.below(self.prices.len() as u64) as u8,
        }
    }

    fn any_value(&mut self, row: &Parameter, target: u8, now: [u8; 32]) -> [u8; 32] {
        if row.unit.is_address() {
            return self.any_address(row, target);
        }
        let now = u64::from_le_bytes(now[..8].try_into().expect("eight bytes"));
        let (least, most) = (row.least, row.most);
        number(match self.dice.below(100) {
            0..50 => (now / 10).saturating_mul(5 + self.dice.below(11)).clamp(least, most),
            50..80 => self.dice.between(least, most),
            80..85 => most - self.dice.between(0, most - least),
            85..92 => self.dice.one_of(&[least, most, least + 1, most - 1]),
            92..96 => self.dice.one_of(&[least.wrapping_sub(1), most.wrapping_add(1)]),
            _ => now,
        })
    }

    fn any_address(&mut self, row: &Parameter, target: u8) -> [u8; 32] {
        let nobody = row.unit == Unit::OptionalAddress || self.dice.percent(10);
        match row.scope {
            _ if nobody && self.dice.percent(50) => [0; 32],
            Scope::Feed => keys::bytes(&format!("another name of {} {target}", row.name)),
            _ => keys::address(self.dice.one_of(&governors::ALL)).to_bytes(),
        }
    }

    /// Applies one, often once its time has come, now and then when that is over.
    pub fn a_change_is_applied(&mut self) {
        let Some(mut queued) = self.any_change() else { return self.a_change_is_proposed() };
        if let Some(change) = self.world.change(&queued.change) {
            match self.dice.below(100) {
                0..60 => self.waits_until(change.ready_at),
                60..63 => self.waits_until(change.expires_at),
                _ => {}
            }
        }
        if self.dice.percent(3) {
            queued.bank = None;
        }
        self.tries(&[queued.apply(&self.world.exchange)]);
        self.forgets_what_is_gone();
    }

    pub fn a_change_is_vetoed(&mut self) {
        let Some(queued) = self.any_change() else { return self.a_change_is_proposed() };
        let guardian = self.signer_for(|exchange| exchange.guardian);
        self.tries(&[queued.veto(&self.world.exchange, guardian)]);
        self.forgets_what_is_gone();
    }

    pub fn a_change_is_withdrawn(&mut self) {
        let Some(queued) = self.any_change() else { return self.a_change_is_proposed() };
        let governor = match self.dice.percent(50) {
            true => self.signer_for(|exchange| exchange.admin),
            false => self.signer_for(|_| Key(queued.proposer.to_bytes())),
        };
        self.tries(&[queued.withdraw(&self.world.exchange, governor)]);
        self.forgets_what_is_gone();
    }

    /// One that waits, or now and then one that is gone; mostly with the right receiver of its rent.
    fn any_change(&mut self) -> Option<Queued> {
        let gone = !self.gone.is_empty() && self.dice.percent(3);
        let among = if gone { &self.gone } else { &self.queue };
        let last = among.last().copied()?;
        let mut queued = if self.dice.percent(60) { last } else { self.dice.one_of(among) };
        if self.dice.percent(3) {
            queued.proposer = keys::address("stranger");
        }
        Some(queued)
    }

    fn forgets_what_is_gone(&mut self) {
        let (here, gone) = self.queue.iter().partition(|it| self.world.change(&it.change).is_some());
        self.queue = here;
        self.gone.extend::<Vec<Queued>>(gone);
    }
}
