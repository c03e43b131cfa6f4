//! Who governs, or tries to.

use crate::{Failure, Receipt, World, perps::Perp, tokens::Token};
use plimsoll::{governance::Scope, state::risk_board::Pausable};
use plimsoll_client::{
    addresses::pending_change,
    instructions::{
        governance::{self, Proposal, Queued, number, parameter},
        vault,
    },
};
use solana_pubkey::Pubkey;

/// Somebody who governs, under the name of the role.
pub struct Governor<'w> {
    pub(crate) world: &'w mut World,
    pub(crate) key: Pubkey,
    pub(crate) expected: Option<Failure>,
}

impl<'w> Governor<'w> {
    pub(crate) fn new(world: &'w mut World, name: &str) -> Self {
        let key = world.chain.person(name);
        Self { world, key, expected: None }
    }

    /// What follows has to be refused.
    #[must_use]
    pub fn refused(mut self, reason: impl Into<Failure>) -> Self {
        self.expected = Some(reason.into());
        self
    }

    /// Proposes a number for a parameter of a token's bank or feed: queued if it has to wait.
    pub fn proposes(&mut self, name: &str, token: Token, value: u64) -> Option<Queued> {
        let row = parameter(name).unwrap_or_else(|| panic!("no parameter {name}"));
        let target = match row.scope {
            Scope::Feed => self.world.feed_of(token),
            _ => self.world.place_of(token),
        };
        let bank = (row.scope == Scope::Bank).then(|| self.world.bank_of(token).bank);
        self.sends(&Proposal { parameter: row.id, target, bank, market: None, value: number(value) })
    }

    /// Proposes a number for a parameter of a market: queued if it has to wait.
    pub fn proposes_in(&mut self, name: &str, perp: Perp, value: u64) -> Option<Queued> {
        let row = parameter(name).unwrap_or_else(|| panic!("no parameter {name}"));
        let of = self.world.market_of(perp);
        let (target, market) = (of.index, Some(of.market));
        self.sends(&Proposal { parameter: row.id, target, bank: None, market, value: number(value) })
    }

    /// Proposes a number for a parameter of the exchange or the board.
    pub fn proposes_for_all(&mut self, name: &str, value: u64) -> Option<Queued> {
        self.proposes_bytes(name, number(value))
    }

    /// Proposes an address for a parameter of the exchange.
    pub fn proposes_address(&mut self, name: &str, value: Pubkey) -> Option<Queued> {
        self.proposes_bytes(name, value.to_bytes())
    }

    fn proposes_bytes(&mut self, name: &str, value: [u8; 32]) -> Option<Queued> {
        let row = parameter(name).unwrap_or_else(|| panic!("no parameter {name}"));
        self.sends(&Proposal { parameter: row.id, target: 0, bank: None, market: None, value })
    }

    /// Proposes something as it stands.
    pub fn sends(&mut self, proposal: &Proposal) -> Option<Queued> {
        let next = self.world.exchange_account().change_sequence + 1;
        let instruction = proposal.propose(&self.world.exchange, self.key, next);
        self.world.attempts(&[instruction], self.expected.as_ref());
        let change = pending_change(&self.world.exchange.exchange, next).address();
        let queued = self.world.change(&change).is_some();
        let Proposal { bank, market, .. } = *proposal;
        queued.then_some(Queued { change, proposer: self.key, bank, market })
    }

    /// Applies a queued change.
    pub fn applies(&mut self, queued: &Queued) -> Receipt {
        let instruction = queued.apply(&self.world.exchange);
        self.world.attempts(&[instruction], self.expected.as_ref())
    }

    /// Vetoes a queued change.
    pub fn vetoes(&mut self, queued: &Queued) -> Receipt {
        let instruction = queued.veto(&self.world.exchange, self.key);
        self.world.attempts(&[instruction], self.expected.as_ref())
    }

    /// Takes a queued change back.
    pub fn takes_back(&mut self, queued: &Queued) -> Receipt {
        let instruction = queued.withdraw(&self.world.exchange, self.key);
        self.world.attempts(&[instruction], self.expected.as_ref())
    }

    /// Nominates an admin.
    pub fn nominates(&mut self, nominee: Pubkey) -> Receipt {
        let instruction = governance::nominate_admin(&self.world.exchange, self.key, nominee);
        self.world.attempts(&[instruction], self.expected.as_ref())
    }

    /// Accepts a nomination.
    pub fn accepts(&mut self) -> Receipt {
        let instruction = governance::accept_admin(&self.world.exchange, self.key);
        self.world.attempts(&[instruction], self.expected.as_ref())
    }

    /// Pauses an action.
    pub fn pauses(&mut self, action: Pausable, seconds: i64) -> Receipt {
        let seconds = u32::try_from(seconds).expect("a pause of less than a century");
        let instruction = governance::pause(&self.world.exchange, self.key, action as u8, seconds);
        self.world.attempts(&[instruction], self.expected.as_ref())
    }

    /// Ends a pause.
    pub fn unpauses(&mut self, action: Pausable) -> Receipt {
        let instruction = governance::unpause(&self.world.exchange, self.key, action as u8);
        self.world.attempts(&[instruction], self.expected.as_ref())
    }

    /// Opens a bank again that closed itself.
    pub fn resumes(&mut self, token: Token) -> Receipt {
        let instruction = vault::resume_bank(&self.world.bank_of(token), self.key);
        self.world.attempts(&[instruction], self.expected.as_ref())
    }

    /// Takes a vault's surplus to an own token account.
    pub fn skims(&mut self, token: Token) -> Receipt {
        let destination = self.world.chain.wallet(&self.key, &token);
        let instruction = vault::skim_surplus(&self.world.bank_of(token), self.key, destination);
        self.world.attempts(&[instruction], self.expected.as_ref())
    }

    /// What is in an own token account.
    pub fn wallet_holds(&mut self, token: Token) -> u64 {
        let wallet = self.world.chain.wallet(&self.key, &token);
        self.world.chain.tokens_in(&wallet)
    }
}
