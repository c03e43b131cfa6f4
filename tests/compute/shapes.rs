//! The worlds that instructions are measured in: a board as full as it gets, banks whose interest runs.

use harness::{
    World,
    amounts::{days, percent},
    oracles::{self, Verification},
    tokens::{BTC, SOL, Token, USDC, sol, usdc},
};
use plimsoll::oracle::pyth;
use plimsoll_client::instructions::{
    governance::{Proposal, number, parameter},
    refresh::refresh_bank,
    setup,
};
use solana_instruction::Instruction;
use std::sync::OnceLock;

const NAMES: [&str; 29] = [
    "T03", "T04", "T05", "T06", "T07", "T08", "T09", "T10", "T11", "T12", "T13", "T14", "T15", "T16", "T17",
    "T18", "T19", "T20", "T21", "T22", "T23", "T24", "T25", "T26", "T27", "T28", "T29", "T30", "T31",
];

/// Underlyings without a bank.
const UNUSED: [&str; 33] = [
    "U00", "U01", "U02", "U03", "U04", "U05", "U06", "U07", "U08", "U09", "U10", "U11", "U12", "U13", "U14",
    "U15", "U16", "U17", "U18", "U19", "U20", "U21", "U22", "U23", "U24", "U25", "U26", "U27", "U28", "U29",
    "U30", "U31", "U32",
];

/// A token for each bank that a board can have.
pub const TOKENS: [Token; 32] = {
    let mut all = [USDC; 32];
    (all[1], all[2]) = (SOL, BTC);
    let mut place = 3;
    while place < all.len() {
        all[place] = Token::new(NAMES[place - 3], 6 + (place % 4) as u8, 1.0 + place as f64);
        place += 1;
    }
    all
};

/// How many of them have the feed before them on the board.
const EARLY: usize = 28;

/// A token whose feed is one of the last of the board: whoever looks for it passes all others.
#[derive(Clone, Copy)]
pub struct Late {
    pub token: Token,
    pub bank: u8,
    pub feed: u8,
}

/// The tokens with the last four feeds.
pub const LATE: [Late; 4] = [late(0), late(1), late(2), late(3)];

const fn late(place: u8) -> Late {
    Late { token: TOKENS[EARLY + place as usize], bank: EARLY as u8 + place, feed: 60 + place }
}

impl Late {
    /// Gives it its feed.
    pub fn add_feed(&self, world: &mut World) -> Instruction {
        let admin = world.person("admin");
        setup::add_feed(&world.exchange, admin, self.token.feed_id(), self.token.switchboard())
    }

    /// Gives it its bank.
    pub fn register_bank(&self, world: &mut World) -> Instruction {
        let admin = world.person("admin");
        setup::register_bank(&world.bank_of(self.token), admin, self.feed)
    }

    /// The weights that other tokens have, in an order in which none contradicts another.
    fn counts(&self, world: &mut World) {
        for (name, value) in [
            ("bank.liability_weight_maint", percent(110)),
            ("bank.asset_weight_maint", percent(90)),
            ("bank.asset_weight_initial", percent(80)),
            ("bank.liability_weight_initial", percent(120)),
        ] {
            let parameter = parameter(name).expect("a parameter").id;
            let proposal =
                Proposal { parameter, target: self.bank, bank: None, market: None, value: number(value) };
            world.admin().sends(&proposal);
        }
    }
}

/// Publishes a price now, without telling the board.
pub fn publish(world: &mut World, token: Token, price: f64) {
    let data = oracles::pyth_update(token.feed_id(), price, 0.0, world.now(), Verification::Full);
    world.oracle().writes(token.pyth(), pyth::RECEIVER, data);
}

/// The feeds that have a bank, and its token.
pub fn priced_feeds() -> Vec<(u8, Token)> {
    let early = (0..).zip(TOKENS[1..EARLY].iter().copied());
    early.chain(LATE.map(|late| (late.feed, late.token))).collect()
}

/// Feeds that have no bank, and whose prices they are.
pub fn unused_feeds() -> Vec<(u8, Token)> {
    (EARLY as u8 - 1..LATE[0].feed).map(|feed| (feed, unused(feed))).collect()
}

fn unused(feed: u8) -> Token {
    Token::new(UNUSED[usize::from(feed) + 1 - EARLY], 6, 10.0 + f64::from(feed))
}

/// Everything but the last feed and its bank: 63 and 31, before opening.
pub fn nearly_full() -> World {
    static WORLD: OnceLock<World> = OnceLock::new();
    WORLD.get_or_init(build_nearly_full).clone()
}

fn build_nearly_full() -> World {
    let mut world = World::with_tokens(&TOKENS[..EARLY]);
    world.makes_mints(&TOKENS[EARLY..]);
    let admin = world.person("admin");
    for place in world.board().header.feed_count..LATE[0].feed {
        let nobodys = setup::add_feed(&world.exchange, admin, unused(place).feed_id(), admin);
        world.does(&[nobodys]);
    }
    for late in &LATE[..3] {
        let both = [late.add_feed(&mut world), late.register_bank(&mut world)];
        world.does(&both);
    }
    world
}

/// 32 banks, 64 feeds, lenders and borrowers, a day of interest; all prices fresh.
pub fn lived_in() -> World {
    static WORLD: OnceLock<World> = OnceLock::new();
    WORLD.get_or_init(build_lived_in).clone()
}

fn build_lived_in() -> World {
    let world = full();
    lends(world.opens())
}

/// Everything that a board holds but markets, before opening.
pub fn full() -> World {
    let mut world = nearly_full();
    let both = [LATE[3].add_feed(&mut world), LATE[3].register_bank(&mut world)];
    world.does(&both);
    for late in LATE {
        late.counts(&mut world);
    }
    world.sets_for_all("refresh.reward", 1_000);
    world.sets_for_all("refresh.hourly_cap", 50_000_000);
    world
}

/// Lenders and borrowers come, and a day passes.
pub fn lends(mut world: World) -> World {
    refresh_late(&mut world);
    for token in TOKENS[..16].iter().copied() {
        world.trader("lender").deposits(token, token.units(100_000));
    }
    world.trader("debtor").deposits(TOKENS[3], TOKENS[3].units(1_000_000));
    world.trader("debtor").borrows(USDC, usdc(50_000));
    world.trader("debtor").borrows(SOL, sol(1_000));
    world.trader("debtor").borrows(BTC, BTC.units(1));
    world.passes(days(1));
    refresh_everything(&mut world);
    world
}

/// All prices and all banks are brought up to date.
pub fn refresh_everything(world: &mut World) {
    world.refreshes_all();
    refresh_late(world);
}

fn refresh_late(world: &mut World) {
    LATE.iter().for_each(|late| publish(world, late.token, late.token.price));
    world.oracle().refreshes_from(&LATE.map(|late| (late.feed, late.token.pyth())));
    let banks = LATE.map(|late| refresh_bank(&world.bank_of(late.token)));
    world.does(&banks);
}
