//! A walk: the world, what the walk knows of it, and one step.

use super::{
    books::Books,
    dice::Dice,
    refusals,
    tally::{ONCE, Tally},
};
use harness::{Receipt, World, keys, snapshot::Snapshot, tokens::*};
use plimsoll_client::{
    addresses::BankAddresses,
    instructions::{account::MarginAccount, governance::Queued, refresh::refresh_bank},
};
use solana_instruction::Instruction;
use solana_pubkey::Pubkey;
use std::collections::BTreeMap;

/// Who has margin accounts.
pub const PEOPLE: [&str; 4] = ["alice", "bob", "carol", "dave"];
/// Who may act for somebody, with tokens of his own.
pub const BOT: &str = "bot";
/// Banks that are there from the beginning.
pub const STANDARD_BANKS: usize = STANDARD.len();
/// Accounts that each may open, numbered from 0.
pub const ACCOUNTS: u64 = 4;
/// What a wallet begins with, native units of any token.
const FORTUNE: u64 = 1 << 50;
/// What one wallet holds of two tokens: a quarter of all that 64 bits can count.
const TREASURE: u64 = 1 << 62;

/// A bank and its token.
#[derive(Clone, Copy)]
pub struct Listing {
    pub token: Token,
    pub bank: BankAddresses,
}

pub struct Walk {
    pub world: World,
    pub dice: Dice,
    pub tally: Tally,
    pub books: Books,
    /// Banks, in the order of the board.
    pub listings: Vec<Listing>,
    /// True prices of the feeds, in the order of the board: at the beginning, and now.
    pub prices: Vec<(f64, f64)>,
    /// Changes that wait, and those that are gone.
    pub queue: Vec<Queued>,
    pub gone: Vec<Queued>,
    /// The value that each parameter of each target had before the walk first touched it.
    pub standards: BTreeMap<(u16, u8), [u8; 32]>,
    /// The bank whose vault is robbed, and of how much.
    pub robbed: Option<(usize, u64)>,
}

type Action = fn(&mut Walk);

/// What there is to do, and how often.
const ACTIONS: &[(u64, Action)] = &[
    (22, Walk::deposits),
    (16, Walk::withdraws),
    (5, Walk::withdraws_all),
    (22, Walk::borrows),
    (8, Walk::repays),
    (4, Walk::repays_all),
    (14, Walk::prices_come),
    (5, Walk::a_bank_is_refreshed),
    (3, Walk::an_account_opens),
    (3, Walk::an_account_closes),
    (2, Walk::a_delegate_is_set),
    (3, Walk::a_gift_comes),
    (2, Walk::a_surplus_is_skimmed),
    (1, Walk::a_vault_is_robbed),
    (4, Walk::a_vault_is_healed),
    (3, Walk::a_bank_resumes),
    (5, Walk::a_change_is_proposed),
    (4, Walk::a_change_is_applied),
    (1, Walk::a_change_is_vetoed),
    (1, Walk::a_change_is_withdrawn),
    (1, Walk::an_admin_is_nominated),
    (1, Walk::an_admin_accepts),
    (2, Walk::an_action_is_paused),
    (2, Walk::an_action_is_unpaused),
    (1, Walk::a_feed_is_added),
    (1, Walk::a_bank_is_registered),
    (1, Walk::set_up_is_tried_again),
];

impl Walk {
    pub fn new(seed: u64) -> Self {
        let mut world = World::before_opening();
        world.sets_for_all("refresh.reward", 1_000);
        world.sets_for_all("refresh.hourly_cap", 20_000);
        let mut walk = Self {
            world: world.opens(),
            dice: Dice::new(seed),
            tally: Tally::default(),
            books: Books::default(),
            listings: Vec::new(),
            prices: STANDARD[1..].iter().map(|token| (token.price, token.price)).collect(),
            queue: Vec::new(),
            gone: Vec::new(),
            standards: BTreeMap::new(),
            robbed: None,
        };
        walk.books.refreshes = walk.world.board().header.sequence;
        walk.everybody_comes();
        for (place, token) in STANDARD.into_iter().enumerate() {
            walk.lists(token);
            let amount = token.units(20_000.0 / token.price);
            let inflow = walk.inflow("dave", walk.account("dave", 0).address, place);
            walk.tries(&[inflow.deposit(amount)]);
        }
        for token in [USDC, BAR] {
            walk.world.trader("carol").gets(token, TREASURE);
        }
        walk
    }

    fn everybody_comes(&mut self) {
        let payer = self.world.chain.payer();
        for name in PEOPLE {
            self.world.person(name);
            let account = self.account(name, 0);
            self.tries(&[account.open(payer)]);
        }
        for name in super::governors::ALL.into_iter().chain([BOT, "stranger"]) {
            self.world.person(name);
        }
    }

    /// A bank is there: everybody gets some of its token, and a wallet for it.
    pub fn lists(&mut self, token: Token) {
        let bank = self.world.bank_of(token);
        self.listings.push(Listing { token, bank });
        for name in PEOPLE.into_iter().chain([BOT]) {
            let wallet = self.wallet(name, token);
            self.world.chain.mints(&token, &wallet, FORTUNE);
        }
        for name in super::governors::FEE_COLLECTORS {
            self.wallet(name, token);
        }
    }

    pub fn wallet(&mut self, name: &str, token: Token) -> Pubkey {
        self.world.chain.wallet(&keys::address(name), &token)
    }

    pub fn account(&self, name: &str, number: u32) -> MarginAccount {
        MarginAccount::derive(&self.world.exchange, keys::address(name), number)
    }

    /// Somebody's account: mostly the first one.
    pub fn any_account(&mut self, name: &str) -> MarginAccount {
        let number = if self.dice.percent(85) { 0 } else { self.dice.below(ACCOUNTS) as u32 };
        self.account(name, number)
    }

    /// A bank's place on the board: mostly one of the first four.
    pub fn any_bank(&mut self) -> usize {
        if self.dice.percent(88) { self.dice.place_in(&STANDARD) } else { self.dice.place_in(&self.listings) }
    }

    /// Time passes or not, then somebody does something. Most of the time somebody keeps the board fresh.
    pub fn step(&mut self) {
        let seconds = match self.dice.below(100) {
            0..40 => 0,
            40..93 => 1 + self.dice.below(4),
            93..98 => self.dice.below(300),
            98 => self.dice.below(7_200),
            _ => self.dice.below(2 * 86_400),
        };
        self.world.passes(seconds as i64);
        if self.is_stale() && self.dice.percent(85) {
            return self.everything_is_refreshed();
        }
        let all: u64 = ACTIONS.iter().map(|(weight, _)| weight).sum();
        let mut left = self.dice.below(all);
        for (weight, action) in ACTIONS {
            match left.checked_sub(*weight) {
                Some(rest) => left = rest,
                None => return action(self),
            }
        }
    }

    fn is_stale(&self) -> bool {
        let used = &self.world.board().feeds[..self.prices.len().min(super::prices::PRICED)];
        used.iter().any(|feed| self.world.now() - feed.refreshed_at > 30)
    }

    /// Sends a transaction. Whatever comes of it, the books balance; a refusal has a name and changes nothing.
    pub fn tries(&mut self, instructions: &[Instruction]) -> Receipt {
        let names: Vec<_> = instructions.iter().map(|instruction| self.tally.name_of(instruction)).collect();
        let before = Snapshot::of(&self.world.chain);
        let receipt = self.world.tries_anything(instructions);
        if let Some(error) = &receipt.error {
            let (place, reason) = refusals::place_and_name(error, &names, &receipt.logs);
            let differences = before.differences(&Snapshot::of(&self.world.chain));
            assert!(differences.is_empty(), "{names:?}: {reason} and yet changed {differences:?}");
            self.tally.refused(names[place], reason);
        } else {
            for (name, instruction) in names.iter().zip(instructions) {
                assert!(!ONCE.contains(name), "{name} went through in an open exchange");
                self.tally.done(name);
                self.books.went_through(name, instruction, &self.listings);
            }
        }
        self.books.check(&self.world, &self.listings);
        receipt
    }

    /// The same for a flavour of an instruction, whose success is counted beside it.
    pub fn tries_as(&mut self, flavour: &'static str, instructions: &[Instruction]) -> Receipt {
        let receipt = self.tries(instructions);
        if receipt.error.is_none() {
            self.tally.met(flavour);
        }
        receipt
    }

    /// A bank's interest is accrued.
    pub fn a_bank_is_refreshed(&mut self) {
        let place = self.any_bank();
        self.tries(&[refresh_bank(&self.listings[place].bank)]);
    }
}
