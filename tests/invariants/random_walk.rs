//! Ten thousand steps without a plan, by four people in four tokens of 0, 6, 8 and 9 decimals: prices move, clocks jump,
//! terms change, actions are paused, people come and go. Every invariant is checked after each step.

use harness::{World, amounts::*, tokens::*};
use plimsoll::state::{margin_account::scope, risk_board::Pausable};
use plimsoll_client::{
    errors,
    instructions::{
        governance::{self, Proposal, Queued, number, parameter},
        refresh::{Refresher, refresh_bank, refresh_prices},
        vault,
    },
};
use solana_instruction::{Instruction, error::InstructionError};
use solana_pubkey::Pubkey;
use solana_transaction::TransactionError;
use std::collections::BTreeMap;

const STEPS: usize = 10_000;
const PEOPLE: [&str; 4] = ["alice", "bob", "carol", "dave"];
/// What a wallet begins with, native units of any token.
const FORTUNE: u64 = 1 << 50;

/// SplitMix64: the same walk everywhere.
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.roll() % bound
    }

    fn one_of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len() as u64) as usize]
    }

    /// An amount worth up to some thousands of quote, of any order of magnitude.
    fn amount(&mut self, token: Token) -> u64 {
        let largest = (5_000.0 / token.price * 10f64.powi(i32::from(token.decimals))).max(3.0) as u64;
        let shift = self.below(u64::from(64 - largest.leading_zeros()));
        1 + self.below(largest >> shift)
    }
}

/// What happened in a walk: how often each action went through, and how often each was refused, and why.
#[derive(Default)]
struct Tally {
    done: BTreeMap<&'static str, usize>,
    refused: BTreeMap<String, usize>,
}

struct Walk {
    world: World,
    dice: Dice,
    queued: Vec<Queued>,
    tally: Tally,
}

impl Walk {
    fn new(seed: u64) -> Self {
        let mut world = World::before_opening();
        world.sets_for_all("refresh.reward", 1_000);
        world.sets_for_all("refresh.hourly_cap", 20_000);
        let mut world = world.opens();
        for name in PEOPLE {
            for token in STANDARD {
                world.trader(name).gets(token, FORTUNE);
            }
        }
        world.chain.wallet(&harness::keys::address("fee collector"), &USDC);
        for token in STANDARD {
            world.trader("dave").deposits(token, token.units(20_000.0 / token.price));
            let collector = world.person("fee collector");
            world.chain.wallet(&collector, &token);
        }
        Self { world, dice: Dice(seed), queued: Vec::new(), tally: Tally::default() }
    }

    fn step(&mut self) {
        let who = self.dice.one_of(&PEOPLE);
        let token = self.dice.one_of(&STANDARD);
        match self.dice.below(100) {
            0..18 => self.deposits(who, token),
            18..34 => self.withdraws(who, token),
            34..48 => self.borrows(who, token),
            48..58 => self.repays(who, token),
            58..70 => self.a_price_moves(who),
            70..84 => self.time_passes(),
            84..88 => self.a_bank_is_refreshed(token),
            88..92 => self.a_gift_comes_or_goes(token),
            92..96 => self.governance_acts(token),
            96..98 => self.a_pause_begins_or_ends(),
            _ => self.an_account_changes(who),
        }
    }

    fn tries(&mut self, action: &'static str, instructions: &[Instruction]) -> bool {
        match self.world.tries(instructions).error {
            None => *self.tally.done.entry(action).or_default() += 1,
            Some(TransactionError::InstructionError(_, InstructionError::Custom(code))) => {
                *self.tally.refused.entry(format!("{action}: {}", errors::name(code))).or_default() += 1;
                return false;
            }
            Some(other) => panic!("{action}: {other:?}"),
        }
        true
    }

    fn deposits(&mut self, who: &str, token: Token) {
        let whose = if self.dice.below(5) == 0 { self.dice.one_of(&PEOPLE) } else { who };
        let amount = self.dice.amount(token);
        let inflow = self.world.trader(who).for_account_of(whose).inflow(token);
        self.tries("deposit", &[inflow.deposit(amount)]);
    }

    fn withdraws(&mut self, who: &str, token: Token) {
        let outflow = self.world.trader(who).outflow(token);
        if self.dice.below(4) == 0 {
            self.tries("withdraw all", &[outflow.withdraw_all(&[])]);
            return;
        }
        let held = u64::try_from(self.world.balance(who, token)).unwrap_or(0);
        let amount = 1 + self.dice.below(held.max(1) * 11 / 10 + 1);
        self.tries("withdraw", &[outflow.withdraw(amount, false, &[])]);
    }

    fn borrows(&mut self, who: &str, token: Token) {
        let amount = self.dice.amount(token) / 2 + 1;
        let outflow = self.world.trader(who).outflow(token);
        let overlay = if self.dice.below(3) == 0 {
            let now = self.world.now();
            let old: Vec<Token> =
                STANDARD[1..].iter().copied().filter(|it| self.world.feed(*it).publish_time < now).collect();
            old.iter().map(|token| self.world.oracle().publishes(*token)).collect()
        } else {
            Vec::new()
        };
        self.tries("borrow", &[outflow.withdraw(amount, true, &overlay)]);
    }

    fn repays(&mut self, who: &str, token: Token) {
        let owed_in = |token: &Token| self.world.balance(who, *token) < 0;
        let token = STANDARD.into_iter().find(owed_in).unwrap_or(token);
        let owed = u64::try_from(-self.world.balance(who, token)).unwrap_or(0);
        let payer = self.dice.one_of(&PEOPLE);
        let inflow = self.world.trader(payer).for_account_of(who).inflow(token);
        if self.dice.below(3) == 0 {
            self.tries("repay all", &[inflow.repay_all()]);
        } else {
            let amount = 1 + self.dice.below(owed.max(1) * 11 / 10 + 1);
            self.tries("repay", &[inflow.repay(amount)]);
        }
    }

    /// One token's price moves a little; whoever tells the board is paid, or not.
    fn a_price_moves(&mut self, who: &str) {
        let token = self.dice.one_of(&STANDARD[1..]);
        let per_mille = self.dice.below(81) as f64 - 40.0;
        let price = (self.world.oracle().price(token) * (1.0 + per_mille / 1_000.0))
            .clamp(token.price / 3.0, token.price * 3.0);
        self.world.passes(1);
        self.world.oracle().publishes_price(token, price);
        let quote_bank = self.world.bank_of(USDC).bank;
        let account = self.world.trader(who).margin_account().address;
        let refresher = (self.dice.below(2) == 0).then_some(Refresher { quote_bank, account });
        let feed = (self.world.feed_of(token), token.pyth());
        self.tries("refresh prices", &[refresh_prices(self.world.exchange.board, &[feed], refresher)]);
    }

    fn time_passes(&mut self) {
        let seconds = match self.dice.below(20) {
            0 => hours(1) + self.dice.below(80_000) as i64,
            1..4 => self.dice.below(3_600) as i64,
            _ => 1 + self.dice.below(20) as i64,
        };
        self.world.passes(seconds);
        let stale = self.world.now() - self.world.feed(SOL).refreshed_at > 30;
        if stale && self.dice.below(10) > 0 {
            self.everything_is_refreshed();
        }
    }

    fn everything_is_refreshed(&mut self) {
        let now = self.world.now();
        let old: Vec<Token> =
            STANDARD[1..].iter().copied().filter(|it| self.world.feed(*it).publish_time < now).collect();
        for token in &old {
            self.world.oracle().publishes(*token);
        }
        let feeds: Vec<(u8, Pubkey)> = old.iter().map(|it| (self.world.feed_of(*it), it.pyth())).collect();
        let prices = refresh_prices(self.world.exchange.board, &feeds, None);
        let banks = STANDARD.map(|token| refresh_bank(&self.world.bank_of(token)));
        let instructions: Vec<_> = (!feeds.is_empty()).then_some(prices).into_iter().chain(banks).collect();
        self.tries("refresh everything", &instructions);
    }

    fn a_bank_is_refreshed(&mut self, token: Token) {
        let bank = self.world.bank_of(token);
        self.tries("refresh bank", &[refresh_bank(&bank)]);
    }

    fn a_gift_comes_or_goes(&mut self, token: Token) {
        if self.dice.below(2) == 0 {
            let amount = self.dice.amount(token);
            self.world.donates(token, amount);
            return;
        }
        let collector = self.world.person("fee collector");
        let destination = self.world.chain.wallet(&collector, &token);
        let bank = self.world.bank_of(token);
        self.tries("skim", &[vault::skim_surplus(&bank, collector, destination)]);
    }

    /// Something is proposed, applied or vetoed.
    fn governance_acts(&mut self, token: Token) {
        let of = self.world.exchange;
        if let Some(queued) = self.queued.pop() {
            let guardian = self.world.person("guardian");
            if self.dice.below(4) == 0 {
                self.tries("veto", &[queued.veto(&of, guardian)]);
                return;
            }
            self.world.passes(days(2));
            self.tries("apply", &[queued.apply(&of)]);
            return;
        }
        let admin = self.world.person("admin");
        let (name, least, most) = self.dice.one_of(&[
            ("bank.reserve_factor", 0, bps(5_000)),
            ("bank.rate1", bps(100), bps(500)),
            ("bank.rate3", bps(10_000), bps(30_000)),
            ("bank.utilisation_limit", bps(5_000), bps(9_800)),
            ("bank.hour_limit", bps(2_000), bps(10_000)),
            ("bank.minimum_deposit", 1, 4),
            ("bank.account_deposit_cap", 1 << 40, u64::MAX),
        ]);
        let value = least + self.dice.below(most - least);
        let row = parameter(name).expect("a parameter");
        let bank = Some(self.world.bank_of(token).bank);
        let proposal =
            Proposal { parameter: row.id, target: self.world.place_of(token), bank, value: number(value) };
        let next = self.world.exchange_account().change_sequence + 1;
        self.tries("propose", &[proposal.propose(&of, admin, next)]);
        let change = plimsoll_client::addresses::pending_change(&of.exchange, next).address();
        if self.world.change(&change).is_some() {
            self.queued.push(Queued { change, proposer: admin, bank });
        }
    }

    fn a_pause_begins_or_ends(&mut self) {
        let (guardian, of) = (self.world.person("guardian"), self.world.exchange);
        let action = self.dice.one_of(&Pausable::ALL) as u8;
        let seconds = 60 + self.dice.below(240) as u32;
        match self.dice.below(3) {
            0 => self.tries("unpause", &[governance::unpause(&of, guardian, action)]),
            _ => self.tries("pause", &[governance::pause(&of, guardian, action, seconds)]),
        };
    }

    fn an_account_changes(&mut self, who: &str) {
        let account = self.world.trader(who).margin_account();
        let guest = self.world.trader("guest").margin_account();
        match self.dice.below(3) {
            0 => {
                let until = self.world.now() + hours(1);
                let bot = harness::keys::address("bot");
                self.tries("delegate", &[account.set_delegate(bot, scope::ALL, until)]);
            }
            1 => {
                self.tries("take delegation back", &[account.set_delegate(Pubkey::default(), 0, 0)]);
            }
            _ => {
                let payer = self.world.chain.payer();
                self.tries("close and open", &[guest.close(guest.owner), guest.open(payer)]);
            }
        }
    }

    /// Everybody pays back and leaves: what remains in the vaults is nobody's deposit.
    fn everybody_leaves(mut self) {
        self.outflow_limits_end();
        for name in PEOPLE {
            for token in STANDARD {
                if self.world.balance(name, token) < 0 {
                    self.world.trader(name).repays_all(token);
                }
            }
        }
        for name in PEOPLE {
            for token in STANDARD {
                if self.world.balance(name, token) > 0 {
                    self.world.trader(name).withdraws_all(token);
                }
            }
            self.world.trader(name).closes_account();
        }
        for token in STANDARD {
            let bank = self.world.bank(token);
            assert!(bank.deposit_shares.is_zero() && bank.borrow_shares.is_zero());
            assert!(bank.vault_balance.get() >= bank.reserves, "{}: the reserves are not there", token.name);
        }
    }

    /// A share of what is left never lets the last unit go.
    fn outflow_limits_end(&mut self) {
        let full = bps(10_000);
        let is_limited = |world: &World, token: Token| u64::from(world.bank(token).hour_limit.get()) < full;
        let limited: Vec<Token> =
            STANDARD.into_iter().filter(|token| is_limited(&self.world, *token)).collect();
        let queued: Vec<Queued> = limited
            .iter()
            .filter_map(|token| self.world.admin().proposes("bank.hour_limit", *token, full))
            .collect();
        self.world.passes(days(2));
        for change in &queued {
            self.world.admin().applies(change);
        }
        self.world.refreshes_all();
    }
}

fn walk(seed: u64, steps: usize) {
    let mut walk = Walk::new(seed);
    for _ in 0..steps {
        walk.step();
    }
    let Tally { done, refused } = &walk.tally;
    println!("{done:#?}\n{refused:#?}");
    let through: usize = done.values().sum();
    assert!(through * 2 > steps, "only {through} of {steps} steps went through");
    for action in [
        "deposit",
        "withdraw",
        "withdraw all",
        "borrow",
        "repay",
        "repay all",
        "skim",
        "apply",
        "veto",
        "pause",
        "close and open",
    ] {
        assert!(done.get(action).is_some_and(|times| *times >= 5), "{action} hardly ever went through");
    }
    walk.everybody_leaves();
}

#[test]
fn ten_thousand_steps_break_no_invariant() {
    walk(1, STEPS);
}
