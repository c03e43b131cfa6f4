//! The walk itself: a world, a step, and what is asked after it.

use super::{conduct::Standing, shadow::Shadow};
use crate::random_walk::{
    dice::Dice,
    refusals,
    tally::{ONCE, Tally},
};
use harness::{Receipt, World, amounts::*, perps::*, snapshot::Snapshot, tokens::*};
use plimsoll::state::MarginAccount;
use plimsoll_client::{
    book::QueuedFill,
    decode,
    events::Event,
    instructions::{account, governance::Queued},
};
use plimsoll_risk::layout::account::Position;
use solana_instruction::Instruction;
use solana_pubkey::Pubkey;
use std::collections::BTreeMap;

/// Those who trade.
pub const PEOPLE: [&str; 8] = ["alice", "bob", "carol", "dave", "erin", "frank", "grace", "heidi"];
/// Who has a key and nothing else.
pub const STRANGER: &str = "stranger";
/// The markets; the first is small.
pub const PERPS: [Perp; 3] = [BTC_PERP, ETH_PERP, SOL_PERP];
/// The tokens beside the quote token, in the order of their feeds.
pub const PRICED: [Token; 4] = [SOL, BTC, BAR, ETH];

/// Room of the first market: orders a side, entries of the queue.
const FEW_ORDERS: usize = 10;
const FEW_FILLS: usize = 12;
/// Bytes of a node.
const NODE: usize = size_of::<plimsoll_client::book::Node>();

pub struct Walk {
    pub world: World,
    pub dice: Dice,
    pub tally: Tally,
    /// One a market.
    pub shadows: [Shadow; 3],
    /// True prices of [`PRICED`].
    pub prices: [f64; 4],
    /// Everybody's key and margin account: deriving them takes longer than looking at the account.
    addresses: BTreeMap<&'static str, (Pubkey, Pubkey)>,
    /// Changes of terms that wait.
    pub queue: Vec<Queued>,
}

type Action = fn(&mut Walk);

/// What there is to do, and how often.
const ACTIONS: &[(u64, Action)] = &[
    (230, Walk::places),
    (40, Walk::batches),
    (14, Walk::cancels_one),
    (5, Walk::cancels_a_client_id),
    (5, Walk::cancels_all),
    (30, Walk::applies_fills),
    (30, Walk::settles),
    (12, Walk::refreshes_a_market),
    (30, Walk::prices_come),
    (12, Walk::deposits),
    (6, Walk::withdraws),
    (4, Walk::borrows),
    (9, Walk::is_rescued),
    (12, Walk::funds_a_pocket),
    (7, Walk::drains_a_pocket),
    (7, Walk::changes_a_mode),
    (10, Walk::places_a_trigger),
    (4, Walk::cancels_a_trigger),
    (14, Walk::executes_a_trigger),
    (3, Walk::sets_a_dead_man),
    (4, Walk::collects_fees),
    (2, Walk::pays_fees),
    (4, Walk::terms_change),
    (2, Walk::a_change_is_applied),
    (4, Walk::a_market_reopens),
    (2, Walk::an_action_is_paused),
    (1, Walk::a_market_is_tried),
    (1, Walk::a_book_grows),
];

impl Walk {
    pub fn new(seed: u64) -> Self {
        let mut world = World::with_markets_before_opening(&PERPS);
        Self::sets_terms(&mut world);
        let mut walk = Self {
            world: world.opens(),
            dice: Dice::new(seed),
            tally: Tally::default(),
            shadows: [Shadow::new(), Shadow::new(), Shadow::new()],
            prices: PRICED.map(|token| token.price),
            addresses: BTreeMap::new(),
            queue: Vec::new(),
        };
        walk.the_first_market_is_small();
        walk.everybody_comes();
        walk
    }

    /// Terms under which everything can happen.
    fn sets_terms(world: &mut World) {
        for (perp, open_interest, account) in [(BTC_PERP, 12_000, 6_000), (ETH_PERP, 60_000, 20_000)] {
            world.sets_in_market("market.open_interest_cap", perp, open_interest);
            world.sets_in_market("market.account_cap", perp, account);
        }
        world.sets_in_market("market.pnl_weight", BTC_PERP, percent(50));
        world.sets_in_market("market.settlement_cap", ETH_PERP, usdc(500));
        world.sets_in_market("market.maker_rebate", SOL_PERP, 0);
        world.sets_in_market("market.maker_fee", SOL_PERP, bps(2));
        world.sets_in_market("market.unsettled_cap", BTC_PERP, 4);
        world.sets_in_market("market.impact_notional", BTC_PERP, usdc(200));
        world.sets_in_market("market.impact_notional", ETH_PERP, usdc(1_000));
        world.sets_in_market("market.impact_notional", SOL_PERP, usdc(1_000));
        world.sets("feed.max_divergence", SOL, percent(10));
    }

    /// Ten orders a side and twelve entries: full all the time.
    fn the_first_market_is_small(&mut self) {
        let market = self.world.market_of(BTC_PERP);
        let header = size_of_val(self.world.book(BTC_PERP).bids.header());
        for side in [market.bids, market.asks] {
            self.world.chain.tamper(&side, |account| account.data.truncate(8 + header + FEW_ORDERS * NODE));
        }
        let header = size_of_val(self.world.queue(BTC_PERP).header());
        self.world.chain.tamper(&market.queue, |account| {
            account.data.truncate(8 + header + FEW_FILLS * size_of::<QueuedFill>());
            // The capacity, behind the mark, the market, head, tail and the count.
            account.data[60..64].copy_from_slice(&(FEW_FILLS as u32).to_le_bytes());
        });
        assert_eq!(self.world.book(BTC_PERP).bids.capacity(), FEW_ORDERS);
        assert_eq!(self.world.queue(BTC_PERP).header().capacity as usize, FEW_FILLS);
    }

    fn everybody_comes(&mut self) {
        for name in [STRANGER, "fee collector", "guardian", "risk council"] {
            let key = self.world.person(name);
            self.addresses.insert(name, (key, Pubkey::default()));
        }
        let payer = self.world.chain.payer();
        for name in PEOPLE {
            let owner = self.world.person(name);
            let account = account::MarginAccount::derive(&self.world.exchange, owner, 0);
            self.addresses.insert(name, (owner, account.address));
            self.sends(&[account.open(payer)]);
            for token in self.world.tokens().to_vec() {
                self.mints(name, token, token.units(1e9 / token.price));
            }
            let deposit = self.inflow(name, USDC).deposit(usdc(6_000));
            self.sends(&[deposit]);
        }
        for token in [SOL, BTC, ETH] {
            let deposit = self.inflow("heidi", token).deposit(token.units(10_000.0 / token.price));
            self.sends(&[deposit]);
        }
    }

    pub fn mints(&mut self, name: &str, token: Token, amount: u64) {
        let wallet = self.world.chain.wallet(&self.addresses[name].0, &token);
        self.world.chain.mints(&token, &wallet, amount);
    }

    /// Time passes or not, then somebody does something. Most of the time somebody keeps the board fresh.
    pub fn step(&mut self) {
        let seconds = match self.dice.below(100) {
            0..45 => 0,
            45..96 => 1 + self.dice.below(4),
            96..99 => self.dice.below(200),
            _ => self.dice.below(7_200),
        };
        self.world.passes(seconds as i64);
        if self.is_stale() && self.dice.percent(85) {
            self.everything_is_refreshed();
        } else {
            self.does_something();
        }
        self.must_be_as_foretold();
    }

    fn does_something(&mut self) {
        let all: u64 = ACTIONS.iter().map(|(weight, _)| weight).sum();
        let mut left = self.dice.below(all);
        for (weight, action) in ACTIONS {
            match left.checked_sub(*weight) {
                Some(rest) => left = rest,
                None => return action(self),
            }
        }
    }

    /// The books, queues and positions on the machine are those of the shadows.
    pub fn must_be_as_foretold(&self) {
        for (place, (shadow, perp)) in self.shadows.iter().zip(PERPS).enumerate() {
            shadow.must_equal(&self.world, perp, self.board_index(place));
            for name in PEOPLE {
                let (told, held) = (shadow.held(self.address(name)), self.position(name, place).lots.get());
                assert_eq!(i64::from(held), told, "{} of {name}", perp.name);
            }
        }
    }

    /// Sends a transaction. A refusal has a name and changes nothing.
    pub fn sends(&mut self, instructions: &[Instruction]) -> Receipt {
        let names: Vec<_> = instructions.iter().map(|instruction| self.tally.name_of(instruction)).collect();
        let before = Snapshot::of(&self.world.chain);
        let receipt = self.world.tries_anything(instructions);
        if let Some(error) = &receipt.error {
            let (place, reason) = refusals::place_and_name(error, &names, &receipt.logs);
            let differences = before.differences(&Snapshot::of(&self.world.chain));
            assert!(differences.is_empty(), "{names:?}: {reason} and yet changed {differences:?}");
            self.tally.refused(names[place], reason);
            return receipt;
        }
        for name in names {
            assert!(!ONCE.contains(&name), "{name} went through in an open exchange");
            self.tally.done(name);
        }
        if receipt.events.iter().any(pays_funding) {
            self.tally.met("funding paid");
        }
        receipt
    }

    /// The same, done by somebody for his own account: he keeps the margin that he had.
    pub fn acts(&mut self, name: &str, instruction: Instruction, oracles: &[Pubkey]) -> Receipt {
        let before = Standing::of(self, name, oracles);
        let receipt = self.sends(&[instruction]);
        if receipt.error.is_none() {
            let after = Standing::of(self, name, oracles);
            after.must_be_no_worse_than(&before, name);
            if before.lacks_margin() && receipt.events.iter().any(|it| matches!(it, Event::Ordered(_))) {
                self.tally.met("trade by one who lacks margin");
            }
        }
        receipt
    }

    /// Somebody's margin account.
    pub fn address(&self, name: &str) -> Pubkey {
        self.addresses[name].1
    }

    /// Somebody's own key.
    pub fn key(&self, name: &str) -> Pubkey {
        self.addresses[name].0
    }

    /// Somebody's margin account, as it stands.
    pub fn account(&self, name: &str) -> &MarginAccount {
        let data = self.world.chain.data(&self.address(name));
        decode::view(data).expect("a margin account").expect("aligned as every allocation is")
    }

    /// Somebody's position in a market; an empty one where there is none.
    pub fn position(&self, name: &str, place: usize) -> Position {
        let account = self.account(name);
        account.place_of(place as u8).map_or_else(bytemuck::Zeroable::zeroed, |it| account.positions[it])
    }

    pub fn anybody(&mut self) -> &'static str {
        self.dice.one_of(&PEOPLE)
    }

    /// A market's place: mostly the small one.
    pub fn any_market(&mut self) -> usize {
        match self.dice.below(10) {
            0..5 => 0,
            5..8 => 1,
            _ => 2,
        }
    }

    /// In the end every waiting fill is applied and every order cancelled: nothing is left of a book.
    pub fn ends(mut self) {
        self.world.passes(days(1)); // no pause is longer
        let makers = PEOPLE.map(|name| self.address(name));
        for (place, perp) in PERPS.into_iter().enumerate() {
            while !self.shadows[place].queue.waiting.is_empty() {
                self.applies(place, &makers, 8).must_succeed();
            }
            for name in PEOPLE {
                let owner = self.address(name);
                let shadow = &self.shadows[place];
                if [&shadow.bids, &shadow.asks]
                    .into_iter()
                    .any(|it| it.orders.iter().any(|it| it.owner == owner))
                {
                    let cancel = self.trading(name, name, place).cancel_all(None);
                    self.cancels(name, place, cancel, |_| true).must_succeed();
                }
            }
            let book = self.world.book(perp);
            assert!(book.bids.is_empty() && book.asks.is_empty(), "something is left of {}", perp.name);
        }
        self.must_be_as_foretold();
        for name in PEOPLE {
            assert_eq!(self.account(name).header.orders_in_use, 0, "{name} still lists orders");
        }
    }
}

fn pays_funding(event: &Event) -> bool {
    match event {
        Event::Ordered(it) => it.funding != 0 || it.makers.iter().any(|it| it.funding != 0),
        Event::PnlSettled(it) => it.funding != 0,
        _ => false,
    }
}
