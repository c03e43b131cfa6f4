//! From nothing to an exchange with standard terms, by the program's own instructions.

use crate::{
    World,
    amounts::{days, hours, percent},
    perps::Perp,
    tokens::{STANDARD, Token},
    world::UPGRADE_AUTHORITY,
};
use plimsoll::instructions::setup::Roles;
use plimsoll_client::instructions::setup;
use plimsoll_risk::layout::bank::NO_FEED;
use solana_pubkey::Pubkey;
use std::{
    collections::HashMap,
    sync::{Mutex, OnceLock},
};

/// Setting a world up takes as long as many stories: it is done once, and copied.
static READY: OnceLock<Mutex<(World, World)>> = OnceLock::new();
/// The same of worlds with markets, by the names of these.
static TRADING: OnceLock<Mutex<HashMap<Vec<&'static str>, World>>> = OnceLock::new();

impl World {
    /// The standard tokens on standard terms, fresh prices, ready for deposits.
    pub fn open() -> Self {
        ready().1
    }

    /// The same before it is opened: parameters still take effect at once.
    pub fn before_opening() -> Self {
        ready().0
    }

    /// The standard tokens and these perpetuals on standard terms, with the tokens that they are about, fresh prices, open.
    pub fn with_markets(perps: &[Perp]) -> Self {
        let names: Vec<_> = perps.iter().map(|perp| perp.name).collect();
        let worlds = TRADING.get_or_init(Mutex::default);
        let mut worlds = worlds.lock().expect("no world broke while it was copied");
        worlds.entry(names).or_insert_with(|| Self::with_markets_before_opening(perps).opens()).clone()
    }

    /// The same before it is opened: parameters still take effect at once.
    pub fn with_markets_before_opening(perps: &[Perp]) -> Self {
        let mut tokens = STANDARD.to_vec();
        for perp in perps {
            if !tokens.contains(&perp.token) {
                tokens.push(perp.token);
            }
        }
        let mut world = Self::with_tokens(&tokens);
        for perp in perps {
            world.creates_market(*perp);
            world.sets_standard_market_terms(*perp);
        }
        world
    }

    /// An exchange with these tokens on standard terms, not opened yet; the first is the quote token.
    pub fn with_tokens(tokens: &[Token]) -> Self {
        let mut world = Self::bare();
        world.makes_mints(tokens);
        world.creates_exchange(&tokens[0]);
        world.creates_board();
        for token in tokens {
            world.registers(*token);
            world.sets_standard_terms(*token);
        }
        world.creates_insurance();
        // Stories jump in time: only those about outages have any.
        world.sets_for_all("board.heartbeat_gap", 0);
        world
    }

    /// Ends set-up, with fresh prices.
    pub fn opens(mut self) -> Self {
        let admin = self.chain.person("admin");
        self.does(&[setup::open_exchange(&self.exchange, admin)]);
        self.refreshes_all();
        self
    }

    /// Makes the mints of tokens.
    pub fn makes_mints(&mut self, tokens: &[Token]) {
        for token in tokens {
            self.chain.makes_mint(token, &[], &[]);
        }
    }

    /// The roles of the test world, each a person of that name.
    pub fn roles(&mut self) -> Roles {
        Roles {
            admin: self.chain.person("admin"),
            risk_council: self.chain.person("risk council"),
            guardian: self.chain.person("guardian"),
            fee_collector: self.chain.person("fee collector"),
            timelock_seconds: days(2) as u64,
            ramp_seconds: hours(24) as u64,
        }
    }

    /// Creates the exchange in the name of the upgrade authority.
    pub fn creates_exchange(&mut self, quote: &Token) {
        let (payer, authority) = (self.chain.payer(), self.chain.person(UPGRADE_AUTHORITY));
        let roles = self.roles();
        self.does(&[setup::create_exchange(payer, authority, quote.mint(), roles)]);
    }

    /// Creates the board and lets it grow.
    pub fn creates_board(&mut self) {
        let (payer, admin) = (self.chain.payer(), self.chain.person("admin"));
        self.does(&[setup::create_board(&self.exchange, admin)]);
        for _ in 0..setup::growths() {
            self.does(&[setup::grow_board(&self.exchange, payer)]);
        }
    }

    /// Creates the insurance fund, once the quote token has its bank.
    pub fn creates_insurance(&mut self) {
        let (admin, bank) = (self.chain.person("admin"), self.quote_bank());
        self.does(&[setup::create_insurance(&self.exchange, admin, bank)]);
    }

    /// Registers a token's bank, and its feed unless it is the quote token.
    pub fn registers(&mut self, token: Token) {
        let admin = self.chain.person("admin");
        self.tokens.push(token);
        self.prices.push(token.price);
        let bank = self.bank_of(token);
        if self.tokens.len() == 1 {
            self.does(&[setup::register_bank(&bank, admin, NO_FEED)]);
            return;
        }
        let feed = self.feed_of(token);
        let add = setup::add_feed(&self.exchange, admin, token.feed_id(), token.switchboard());
        self.does(&[add, setup::register_bank(&bank, admin, feed)]);
    }

    /// Weights that let a token be borrowed against, no caps, no outflow limits, wide divergence.
    fn sets_standard_terms(&mut self, token: Token) {
        for cap in ["bank.borrow_cap", "bank.account_borrow_cap"] {
            self.sets(cap, token, u64::MAX);
        }
        for limit in ["bank.day_limit", "bank.hour_limit"] {
            self.sets(limit, token, percent(100));
        }
        if self.place_of(token) == 0 {
            return;
        }
        self.sets("bank.liability_weight_maint", token, percent(110));
        self.sets("bank.asset_weight_maint", token, percent(90));
        self.sets("bank.asset_weight_initial", token, percent(80));
        self.sets("bank.liability_weight_initial", token, percent(120));
        self.sets("feed.max_divergence", token, percent(50));
    }

    /// The admin sets a parameter of a token's bank or feed: at once, as it must be, before opening or tightening.
    pub fn sets(&mut self, parameter: &str, token: Token, value: u64) {
        let queued = self.admin().proposes(parameter, token, value);
        assert!(queued.is_none(), "{parameter} has to wait");
    }

    /// The same for a parameter of the exchange or the board.
    pub fn sets_for_all(&mut self, parameter: &str, value: u64) {
        let queued = self.admin().proposes_for_all(parameter, value);
        assert!(queued.is_none(), "{parameter} has to wait");
    }

    /// Somebody named, with lamports.
    pub fn person(&mut self, name: &str) -> Pubkey {
        self.chain.person(name)
    }
}

fn ready() -> (World, World) {
    let worlds = READY.get_or_init(|| {
        let closed = World::with_tokens(&STANDARD);
        Mutex::new((closed.clone(), closed.opens()))
    });
    worlds.lock().expect("no world broke while it was copied").clone()
}
