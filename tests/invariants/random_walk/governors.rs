//! Who governs: roles change hands, actions are paused.

use super::walk::Walk;
use harness::keys;
use plimsoll::{
    governance::pauses::{LONGEST_PAUSE, SHORTEST_PAUSE},
    state::{Exchange, risk_board::Pausable},
};
use plimsoll_client::instructions::governance;
use plimsoll_risk::layout::Key;
use solana_pubkey::Pubkey;

/// Whoever may ever hold a role.
pub const ALL: [&str; 8] = [
    "admin",
    "second admin",
    "risk council",
    "second council",
    "guardian",
    "second guardian",
    FEE_COLLECTORS[0],
    FEE_COLLECTORS[1],
];
pub const FEE_COLLECTORS: [&str; 2] = ["fee collector", "second collector"];

impl Walk {
    /// Who signs where a role is asked for: its holder, or now and then somebody else.
    pub fn signer_for(&mut self, role: impl Fn(&Exchange) -> Key) -> Pubkey {
        if self.dice.percent(5) {
            return keys::address(self.dice.one_of(&FEE_COLLECTORS));
        }
        Pubkey::from(role(&self.world.exchange_account()).0)
    }

    pub fn an_admin_is_nominated(&mut self) {
        let admin = self.signer_for(|exchange| exchange.admin);
        let nominee = match self.dice.below(20) {
            0 => Pubkey::default(),
            1 => Pubkey::from(self.world.exchange_account().guardian.0),
            number => keys::address(["admin", "second admin"][number as usize % 2]),
        };
        self.tries(&[governance::nominate_admin(&self.world.exchange, admin, nominee)]);
    }

    /// The nominee accepts, often once the delay is over.
    pub fn an_admin_accepts(&mut self) {
        let exchange = self.world.exchange_account();
        let nominee = match exchange.nominated_admin.is_none() {
            true => keys::address("second admin"),
            false => self.signer_for(|exchange| exchange.nominated_admin),
        };
        if self.dice.percent(60) {
            self.waits_until(exchange.admin_ready_at);
        }
        self.tries(&[governance::accept_admin(&self.world.exchange, nominee)]);
    }

    /// Mostly for some minutes.
    pub fn an_action_is_paused(&mut self) {
        let guardian = self.signer_for(|exchange| exchange.guardian);
        let action = self.any_action();
        let seconds = match self.dice.below(10) {
            0 => self.dice.between(0, u64::from(u32::MAX)) as u32,
            1 => self.dice.one_of(&[SHORTEST_PAUSE - 1, SHORTEST_PAUSE, LONGEST_PAUSE, LONGEST_PAUSE + 1]),
            _ => SHORTEST_PAUSE + self.dice.below(240) as u32,
        };
        self.tries(&[governance::pause(&self.world.exchange, guardian, action, seconds)]);
    }

    /// Mostly one that is paused.
    pub fn an_action_is_unpaused(&mut self) {
        let now = self.world.now();
        let paused = self.world.board().header.paused_until.iter().position(|until| now < *until);
        let action =
            paused.filter(|_| self.dice.percent(80)).map_or_else(|| self.any_action(), |it| it as u8);
        let signer = match self.dice.percent(50) {
            true => self.signer_for(|exchange| exchange.guardian),
            false => self.signer_for(|exchange| exchange.admin),
        };
        self.tries(&[governance::unpause(&self.world.exchange, signer, action)]);
    }

    fn any_action(&mut self) -> u8 {
        if self.dice.percent(5) { self.dice.roll() as u8 } else { self.dice.one_of(&Pausable::ALL) as u8 }
    }

    /// Lets time pass up to a moment, unless it is over.
    pub fn waits_until(&mut self, moment: i64) {
        self.world.passes((moment - self.world.now()).max(0));
    }
}
