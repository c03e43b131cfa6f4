//! The walk itself: a world in which much can go wrong, a step, and what is asked of every transaction.

use super::sights;
use crate::random_walk::{dice::Dice, refusals, tally::Tally};
use harness::{Receipt, World, amounts::*, keys, perps::*, snapshot::Snapshot, tokens::*};
use plimsoll::state::MarginAccount;
use plimsoll_client::{decode, instructions::liquidation::Scope};
use plimsoll_risk::{
    health::Overlay,
    layout::account::Position,
    liquidation::{self, Standing, View},
    margin::Holdings,
};
use solana_instruction::Instruction;
use solana_pubkey::Pubkey;
use std::collections::BTreeMap;

/// Those who trade and borrow.
pub const TRADERS: [&str; 6] = ["alice", "bob", "carol", "dave", "erin", "frank"];
/// Those who liquidate.
pub const KEEPERS: [&str; 2] = ["kim", "leo"];
/// Those who stake.
pub const STAKERS: [&str; 2] = ["stan", "sue"];
/// Whose tokens the others borrow.
pub const LENDER: &str = "heidi";
/// Everybody with a margin account.
pub const PEOPLE: [&str; 11] =
    ["alice", "bob", "carol", "dave", "erin", "frank", "kim", "leo", "stan", "sue", "heidi"];
/// The markets.
pub const PERPS: [Perp; 3] = [BTC_PERP, ETH_PERP, SOL_PERP];
/// The tokens beside the quote token, in the order of their feeds.
pub const PRICED: [Token; 4] = [SOL, BTC, BAR, ETH];

/// Refusals that would say that the program is confused, whoever asked for what.
const CONFUSED: [&str; 3] = ["Overflow", "BookCorrupt", "NoSuchFill"];

pub struct Walk {
    pub world: World,
    pub dice: Dice,
    pub tally: Tally,
    /// True prices of [`PRICED`].
    pub prices: [f64; 4],
    /// Steps until the last crash is forgotten.
    pub alarm: u64,
    /// Everybody's margin account: deriving them takes longer than looking at them.
    addresses: BTreeMap<&'static str, Pubkey>,
}

type Action = fn(&mut Walk);

/// What there is to do, and how often.
const PEACE: &[(u64, Action)] = &[
    (80, Walk::deals),
    (90, Walk::goes_all_in),
    (30, Walk::rests_an_order),
    (12, Walk::cancels_all),
    (20, Walk::applies_fills),
    (40, Walk::settles),
    (40, Walk::prices_come),
    (18, Walk::a_price_crashes),
    (10, Walk::deposits),
    (6, Walk::withdraws),
    (14, Walk::borrows),
    (3, Walk::repays),
    (12, Walk::is_rescued),
    (10, Walk::changes_a_mode),
    (16, Walk::funds_a_pocket),
    (4, Walk::drains_a_pocket),
    (10, Walk::collects_fees),
    (12, Walk::stakes),
    (8, Walk::cools),
    (10, Walk::redeems),
    (6, Walk::waits_for_a_stake),
    (8, Walk::opens_or_closes_a_stake),
    (2, Walk::proves_life),
];

/// The same once prices have crashed.
const DANGER: &[(u64, Action)] = &[
    (80, Walk::assesses),
    (30, Walk::cancels_orders_of_another),
    (12, Walk::applies_fills),
    (50, Walk::takes_over),
    (50, Walk::liquidates_into_a_book),
    (50, Walk::swaps_collateral),
    (40, Walk::buys_pnl),
    (40, Walk::deleverages),
    (25, Walk::applies_deleveraging),
    (50, Walk::resolves),
    (15, Walk::gates),
    (15, Walk::settles),
    (20, Walk::rests_an_order),
    (8, Walk::deposits),
    (4, Walk::redeems),
    (4, Walk::collects_fees),
];

/// Steps that a crash keeps everybody busy.
const ALARM: u64 = 45;
/// Minutes of calm after it: stable prices follow.
const CALM: u64 = 5;

impl Walk {
    pub fn new(seed: u64) -> Self {
        let world = World::with_steady_markets(&PERPS, sets_terms);
        let prices = PRICED.map(|token| token.price);
        let addresses = PEOPLE.into_iter().map(|name| (name, world.account_of(name))).collect();
        let (dice, tally) = (Dice::new(seed), Tally::default());
        let mut walk = Self { world, dice, tally, prices, alarm: 0, addresses };
        walk.everybody_comes();
        walk
    }

    fn everybody_comes(&mut self) {
        for name in TRADERS.iter().chain(&KEEPERS).chain(&STAKERS) {
            self.world.trader(name).deposits(USDC, usdc(5_000));
        }
        let mut lender = self.world.trader(LENDER);
        for token in [USDC, SOL, BTC, BAR, ETH] {
            lender.deposits(token, token.units((150_000.0 / token.price).ceil()));
        }
        for token in [SOL, BTC, BAR, ETH] {
            self.world.trader(KEEPERS[0]).deposits(token, token.units((8_000.0 / token.price).ceil()));
        }
        for name in STAKERS {
            self.world.trader(name).opens_stake();
            self.world.trader(name).stakes(usdc(3_000));
        }
    }

    /// Time passes or not, then somebody does something. Most of the time somebody keeps the board fresh.
    pub fn step(&mut self) {
        let seconds = match self.dice.below(1_000) {
            0..500 => 0,
            500..900 => 1 + self.dice.below(5),
            _ if self.alarm > 0 => self.dice.below(20),
            900..985 => self.dice.below(500),
            985..995 => self.dice.below(3_000),
            _ => self.dice.below(200_000),
        };
        self.world.passes(seconds as i64);
        self.alarm = self.alarm.saturating_sub(1);
        if self.alarm == 1 {
            return self.alarm_ends();
        }
        if self.is_stale() && self.dice.percent(90) {
            self.everything_is_refreshed();
        } else {
            let busy = if self.alarm > 0 && self.is_anybody_endangered() { 92 } else { 5 };
            let actions = if self.dice.percent(busy) { DANGER } else { PEACE };
            self.does_one_of(actions);
        }
    }

    /// Prices crash: that keeps everybody busy for a while.
    pub fn is_alarmed(&mut self) {
        self.alarm = ALARM;
    }

    /// Mostly everybody in danger is seen through; then some calm minutes pass.
    fn alarm_ends(&mut self) {
        if self.dice.percent(70) {
            self.clears_everybody();
        }
        for _ in 0..CALM {
            self.world.passes(60);
            self.everything_is_refreshed();
        }
        if self.dice.percent(30) {
            self.deficits_are_filled();
        }
    }

    /// By fees, of which two who can afford it pay enough.
    fn deficits_are_filled(&mut self) {
        for perp in PERPS {
            if self.world.market(perp).deficit.is_zero() {
                continue;
            }
            for keeper in KEEPERS {
                if self.balance(keeper, USDC) < i128::from(usdc(200_000)) {
                    self.world.trader(keeper).deposits(USDC, usdc(200_000));
                }
            }
            self.everybody_cancels(perp);
            self.fees_fill_the_deficit(perp);
        }
    }

    fn does_one_of(&mut self, actions: &[(u64, Action)]) {
        let all: u64 = actions.iter().map(|(weight, _)| weight).sum();
        let mut left = self.dice.below(all);
        for (weight, action) in actions {
            match left.checked_sub(*weight) {
                Some(rest) => left = rest,
                None => return action(self),
            }
        }
    }

    /// Sends a transaction. A refusal has a name, none of those of the confused, and changes nothing.
    pub fn sends(&mut self, instructions: &[Instruction]) -> Receipt {
        let names: Vec<_> = instructions.iter().map(|instruction| self.tally.name_of(instruction)).collect();
        let before = Snapshot::of(&self.world.chain);
        let receipt = self.world.tries_anything(instructions);
        if let Some(error) = &receipt.error {
            let (place, reason) = refusals::place_and_name(error, &names, &receipt.logs);
            assert!(!CONFUSED.contains(&&*reason), "{names:?}: {reason}\n{}", receipt.logs.join("\n"));
            let differences = before.differences(&Snapshot::of(&self.world.chain));
            assert!(differences.is_empty(), "{names:?}: {reason} and yet changed {differences:?}");
            self.tally.refused(names[place], reason);
            return receipt;
        }
        for name in names {
            self.tally.done(name);
        }
        for event in &receipt.events {
            sights::see(event, |sight| self.tally.met(sight));
        }
        receipt
    }

    pub fn key(&self, name: &str) -> Pubkey {
        keys::address(name)
    }

    /// Somebody's margin account.
    pub fn address(&self, name: &str) -> Pubkey {
        self.addresses[name]
    }

    /// Somebody's margin account, as it stands.
    pub fn account(&self, name: &str) -> &MarginAccount {
        let data = self.world.chain.data(&self.address(name));
        decode::view(data).expect("a margin account").expect("aligned as every allocation is")
    }

    /// Somebody's position in a market; an empty one where there is none.
    pub fn position(&self, name: &str, perp: Perp) -> Position {
        let (account, market) = (self.account(name), self.world.market_of(perp).index);
        account.place_of(market).map_or_else(bytemuck::Zeroable::zeroed, |place| account.positions[place])
    }

    /// Lots of somebody's position: long above zero, short below.
    pub fn lots(&self, name: &str, perp: Perp) -> i32 {
        self.position(name, perp).lots.get()
    }

    /// The scope of somebody's position in a market.
    pub fn scope_of(&self, name: &str, perp: Perp) -> Scope {
        let isolated = self.position(name, perp).is_isolated();
        if isolated { Scope::Pocket(self.world.market_of(perp).index) } else { Scope::Cross }
    }

    /// Native units, owed below zero.
    pub fn balance(&self, name: &str, token: Token) -> i128 {
        let (bank, account) = (self.world.bank(token), self.account(name));
        let (held, owed) = (bank.held_by(account).expect("fits"), bank.owed_by(account).expect("fits"));
        i128::from(held.get()) - i128::from(owed.get())
    }

    pub fn any_trader(&mut self) -> &'static str {
        self.dice.one_of(&TRADERS)
    }

    pub fn anybody(&mut self) -> &'static str {
        self.dice.one_of(&PEOPLE)
    }

    pub fn any_perp(&mut self) -> Perp {
        self.dice.one_of(&PERPS)
    }

    /// Everything of somebody's that is judged by itself.
    pub fn scopes_of(&self, name: &str) -> Vec<Scope> {
        let account = self.account(name);
        let pockets =
            account.positions.iter().filter(|position| position.flags != 0 && position.is_isolated());
        let pockets = pockets.map(|position| Scope::Pocket(position.market));
        std::iter::once(Scope::Cross).chain(pockets).collect()
    }

    /// What stands behind a scope at the board's prices; `None` while one of them is missing.
    pub fn standing(&self, name: &str, scope: Scope) -> Option<Standing> {
        let account = self.account(name);
        let overlay = Overlay::none();
        let view = View { board: self.world.board(), overlay: &overlay, now: self.world.now() };
        let scope = match scope {
            Scope::Cross => liquidation::Scope::Cross(Holdings::from(&account.0)),
            Scope::Pocket(market) => {
                liquidation::Scope::Pocket(&account.positions[account.place_of(market)?])
            }
        };
        Standing::of_scope(&scope, &view).ok()
    }

    pub fn is_flagged(&self, name: &str, scope: Scope) -> bool {
        let account = self.account(name);
        let Scope::Pocket(market) = scope else { return account.header.flagged_at != 0 };
        account.place_of(market).is_some_and(|place| account.pocket_flags[place].is_set())
    }
}

/// Terms under which everything can happen, and soon.
fn sets_terms(world: &mut World) {
    for perp in PERPS {
        world.sets_in_market("market.liq_window_cap", perp, usdc(3_000));
        world.sets_in_market("market.tranche_target", perp, usdc(100));
        world.sets_in_market("market.subsidy_cap", perp, usdc(20));
    }
    world.sets_in_market("market.breaker_move", SOL_PERP, percent(20));
    world.sets_in_market("market.breaker_seconds", SOL_PERP, 30);
    world.sets_in_market("market.tier", ETH_PERP, 1);
    for (parameter, value) in [
        ("board.insolvency_seconds", 40),
        ("board.heartbeat_gap", 1_200),
        ("board.grace_seconds", 20),
        ("board.cancel_only_seconds", 20),
        ("board.gate_share", bps(10)),
        ("board.liq_dust", usdc(1)),
        ("exchange.insurance_cooldown", days(1) as u64),
        ("exchange.fee_share", percent(50)),
        ("exchange.tier_seconds", hours(1) as u64),
        ("exchange.tier_cap_0", usdc(150)),
        ("exchange.tier_cap_1", usdc(400)),
    ] {
        world.sets_for_all(parameter, value);
    }
}
