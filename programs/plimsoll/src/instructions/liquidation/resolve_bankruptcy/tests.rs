//! Whole bankruptcies on accounts in memory: after each, every identity of the ledger holds to the unit.
#![allow(clippy::arithmetic_side_effects, clippy::indexing_slicing)]

use super::{waterfall::*, *};
use crate::{
    events::{BankruptcyLeg, LEG_BORROW, LEG_CLAIM, LEG_DEPOSIT, LEG_POSITION},
    state::{Market, bank::UNLIMITED},
};
use anchor_lang::Discriminator;
use bytemuck::Zeroable;
use plimsoll_risk::{
    RiskError,
    deleveraging::Side,
    layout::{
        Key,
        account::{
            POSITION_IN_USE, POSITION_INSOLVENT, POSITION_ISOLATED, POSITION_WAS_SHORT, PocketFlag, Position,
        },
        bank::NO_FEED,
    },
    num::{Index, PRICE_BITS, Price, Quote, Ratio, Shares},
    validity::Validity,
};

const NOW: i64 = 1_800_000_000;
const INDEX: u128 = (1 << 64) * 13 / 11;
const MARKETS: usize = 3;
/// Place on the board of a token worth 2.
const TOKEN: u8 = 1;

fn new<T: Zeroable>() -> Box<T> {
    Box::new(T::zeroed())
}

fn units(units: u64) -> TokenAmount {
    TokenAmount::new(units)
}

fn key(number: u8) -> Key {
    Key([number; 32])
}

/// Everything that a bankruptcy touches.
struct Scene {
    account: Box<MarginAccount>,
    resolver: Box<MarginAccount>,
    lender: Box<MarginAccount>,
    exchange: Box<Exchange>,
    board: Box<RiskBoard>,
    insurance: Box<InsuranceFund>,
    quote_bank: Box<Bank>,
    token_bank: Box<Bank>,
    markets: [Box<Market>; MARKETS],
}

fn bank(index: u8) -> Box<Bank> {
    let mut bank: Box<Bank> = new();
    bank.index = index;
    bank.deposit_index = Index::new(INDEX).into();
    bank.borrow_index = Index::new(INDEX + (INDEX >> 3)).into();
    bank.accrued_at = NOW;
    (bank.deposit_cap, bank.account_deposit_cap) = (UNLIMITED, UNLIMITED);
    (bank.borrow_cap, bank.account_borrow_cap) = (UNLIMITED, UNLIMITED);
    bank.utilisation_limit = Ratio::from_bps(9_000);
    (bank.hour_limit, bank.day_limit) = (Ratio::ONE, Ratio::ONE);
    (bank.kink1, bank.kink2) = (Ratio::from_bps(5_000), Ratio::from_bps(8_000));
    bank
}

impl Scene {
    /// Two banks, each with a lender's 10,000; three markets of 10 longs and 10 shorts at 100 a lot; nothing insured.
    fn new() -> Self {
        let mut scene = Self {
            account: new(),
            resolver: new(),
            lender: new(),
            exchange: new(),
            board: new(),
            insurance: new(),
            quote_bank: bank(0),
            token_bank: bank(TOKEN),
            markets: [new(), new(), new()],
        };
        let header = &mut scene.board.header;
        (header.bank_count, header.market_count, header.feed_count) = (2, 3, 1);
        for (place, feed) in [(0, NO_FEED), (1, 0)] {
            let entry = &mut scene.board.banks[place];
            entry.valid_until = NOW + 60;
            (entry.bank, entry.feed) = (key(10 + place as u8), feed);
            entry.deposit_index = scene.quote_bank.deposit_index;
            entry.borrow_index = scene.quote_bank.borrow_index;
        }
        let feed = &mut scene.board.feeds[0];
        (feed.price, feed.stable) = (Price::new(2 << PRICE_BITS), Price::new(2 << PRICE_BITS));
        feed.last_valid_price = feed.price;
        (feed.publish_time, feed.last_valid_time, feed.max_age) = (NOW, NOW, 60);
        feed.validity = Validity::Valid as u8;
        for (index, market) in scene.markets.iter_mut().enumerate() {
            let terms = &mut scene.board.markets[index];
            terms.market = key(20 + index as u8);
            Side::new().store(terms, true);
            Side::new().store(terms, false);
            (terms.lot_price, terms.maint_ratio) = (100, Ratio::new(1 << 27));
            market.index = index as u8;
            (market.long_lots, market.short_lots) = (10, 10);
            market.long_residue.joins().unwrap();
            market.short_residue.joins().unwrap();
        }
        scene.exchange.tier_seconds = 3_600;
        scene.exchange.tier_caps = [units(1_000_000); 4];
        for bank in [&mut scene.quote_bank, &mut scene.token_bank] {
            bank.deposit(&mut scene.lender, units(10_000), NOW).unwrap();
        }
        scene
    }

    /// A closed position that made or lost so much.
    fn made(&mut self, market: u8, quote: i64, flags: u8) -> &mut Position {
        let quote = Quote::new(quote);
        let place = usize::from(market) + 4;
        let position = &mut self.account.positions[place];
        *position =
            Position { market, quote, realised: quote, flags: POSITION_IN_USE | flags, ..Position::zeroed() };
        position
    }

    fn insures(&mut self, amount: u64) {
        self.insurance.fund.own = units(amount);
        self.quote_bank.insurance = self.quote_bank.insurance.checked_add(units(amount)).unwrap();
        self.quote_bank.vault_balance = self.quote_bank.vault_balance.checked_add(units(amount)).unwrap();
    }

    fn insures_market(&mut self, market: usize, amount: u64) {
        self.markets[market].insurance = units(amount);
        self.quote_bank.insurance = self.quote_bank.insurance.checked_add(units(amount)).unwrap();
        self.quote_bank.vault_balance = self.quote_bank.vault_balance.checked_add(units(amount)).unwrap();
    }

    fn borrows(&mut self, amount: u64, of_quote: bool) {
        let bank = if of_quote { &mut self.quote_bank } else { &mut self.token_bank };
        bank.withdraw(&mut self.account, units(amount), true, NOW).unwrap();
    }

    /// What vaults hold beyond their ledgers, 2^-64 units.
    fn dust(&self) -> [i128; 2] {
        [&self.quote_bank, &self.token_bank].map(|bank| {
            let worth = |shares: Shares, index| (u128::from(shares.get()) * Index::from(index).get()) as i128;
            let earmarks = [bank.pockets, bank.pools, bank.insurance, bank.fees].map(|part| part.get());
            let rest = earmarks.iter().sum::<u64>() + bank.reserves;
            let held = i128::from(bank.vault_balance.get()) - i128::from(rest);
            (held << 64) - worth(bank.deposit_shares, bank.deposit_index)
                + worth(bank.borrow_shares, bank.borrow_index)
        })
    }

    /// `pool + deficit − Σ quote − receivables` of each market.
    fn markets_dust(&self) -> [i64; MARKETS] {
        core::array::from_fn(|index| {
            let market = &self.markets[index];
            let own = self.account.positions.iter().filter(|it| !it.is_free() && it.market == index as u8);
            let quotes: i64 = own.map(|it| it.quote.get()).sum();
            let bases = market.long_residue.base.get() + market.short_residue.base.get();
            let receivable = market.insurance_receivable.get() + market.fees_receivable.get();
            (market.pool.get() + market.deficit.get()).cast_signed() - quotes - bases - receivable
        })
    }

    /// Resolves, or refuses, with all markets and banks brought in an order that nobody expects.
    fn tries(&mut self, scope: Scope) -> Result<Borne> {
        let mut estate = take_stock(&self.account, scope, &self.quote_bank, &self.board, NOW)?;
        assert!(estate.is_bankrupt(Quote::new(10), false), "{estate:?}");
        estate.share_out().map_err(refused)?;
        let mut stored: Vec<(Pubkey, Vec<u64>, u64)> = Vec::new();
        let store = |discriminator: &[u8], bytes: &[u8]| {
            let mut data = vec![0u64; 1 + bytes.len() / 8];
            let all: &mut [u8] = bytemuck::cast_slice_mut(&mut data);
            all[..8].copy_from_slice(discriminator);
            all[8..].copy_from_slice(bytes);
            data
        };
        for (place, market) in self.markets.iter().enumerate().rev() {
            let data = store(Market::DISCRIMINATOR, bytemuck::bytes_of(&**market));
            stored.push((Pubkey::from(key(20 + place as u8).0), data, 0));
        }
        let data = store(Bank::DISCRIMINATOR, bytemuck::bytes_of(&*self.token_bank));
        stored.push((Pubkey::from(key(10 + TOKEN).0), data, 0));
        let infos: Vec<AccountInfo> = stored
            .iter_mut()
            .map(|(key, data, lamports)| {
                AccountInfo::new(
                    key,
                    false,
                    true,
                    lamports,
                    bytemuck::cast_slice_mut(data),
                    &crate::ID,
                    false,
                )
            })
            .collect();
        let waterfall = Waterfall {
            account: &mut self.account,
            resolver: &mut self.resolver,
            exchange: &self.exchange,
            board: &mut self.board,
            insurance: &mut self.insurance,
            quote_bank: &mut self.quote_bank,
            brought: Brought::new(&infos),
            fee: Ratio::from_bps(1_000),
            now: NOW,
            price: TokenAmount::ZERO,
            legs: Vec::new(),
        };
        let borne = waterfall.run(&estate, scope)?;
        drop(infos);
        let read = |number: usize| &bytemuck::cast_slice::<u64, u8>(&stored[number].1)[8..];
        for place in 0..MARKETS {
            *self.markets[place] = *bytemuck::from_bytes(read(MARKETS - 1 - place));
        }
        *self.token_bank = *bytemuck::from_bytes(read(MARKETS));
        release(&mut self.account, scope, &mut self.insurance)?;
        Ok(borne)
    }

    /// Resolves, and sees that every identity holds.
    fn resolves(&mut self, scope: Scope) -> Borne {
        // Pools are what markets own; whoever set the scene up gave no cash with their quotes.
        let (before, markets_before) = (self.dust(), self.markets_dust());
        let borne = self.tries(scope).unwrap();
        for (after, before) in self.dust().iter().zip(before) {
            let gained = after - before;
            assert!((0..6i128 << 64).contains(&gained), "a vault's dust grew by {gained} / 2^64");
        }
        assert_eq!(self.markets_dust(), markets_before);
        let pools: u64 = self.markets.iter().map(|market| market.pool.get()).sum();
        assert_eq!(self.quote_bank.pools, units(pools));
        let tranches: u64 = self.markets.iter().map(|market| market.insurance.get()).sum();
        assert_eq!(self.quote_bank.insurance, units(self.insurance.fund.cover().get() + tranches));
        for bank in [&self.quote_bank, &self.token_bank] {
            assert!(bank.borrows().unwrap() <= bank.deposits().unwrap());
        }
        borne
    }
}

fn position_leg(index: u8, amount: u64) -> BankruptcyLeg {
    BankruptcyLeg { kind: LEG_POSITION, index, amount, ..Default::default() }
}

#[test]
fn a_pocket_pays_what_it_has_and_the_rest_goes_down_every_layer() {
    let mut scene = Scene::new();
    // A long lost it, so the shorts won: 10 lots, 6.25 each an hour.
    scene.made(1, -1_000, POSITION_ISOLATED | POSITION_INSOLVENT).pocket = Quote::new(150);
    (scene.quote_bank.pockets, scene.insurance.insolvent) = (units(150), 1);
    scene.quote_bank.vault_balance = units(10_150);
    scene.account.pocket_flags[5] = PocketFlag { flagged_at: 1, renewed_at: 1 };
    scene.made(2, -70, 0);
    scene.insures_market(1, 200);
    scene.insures(500);
    scene.exchange.tier_caps[0] = units(300);
    let borne = scene.resolves(Scope::Pocket(5));
    assert_eq!((borne.cash, borne.paid), (units(150), units(0)));
    let leg = BankruptcyLeg {
        seized: 150,
        own: 200,
        fund: 300,
        others: 62,
        deficit: 288,
        ..position_leg(1, 1_000)
    };
    assert_eq!(borne.legs, [leg]);
    let market = &scene.markets[1];
    assert_eq!((market.pool, market.deficit, market.insurance), (units(650), units(288), units(0)));
    assert_eq!(market.short_residue.base, Quote::new(-62));
    assert!(scene.board.markets[1].shorts.k > 0 && scene.board.markets[1].longs.k == 0);
    assert_eq!((scene.insurance.fund.cover(), scene.insurance.tiers[0].paid), (units(200), units(300)));
    assert_eq!((scene.insurance.open_deficits, scene.insurance.insolvent), (1, 0));
    // The account beside it is untouched.
    assert_eq!(scene.account.positions[6].quote, Quote::new(-70));
    let left = scene.account.positions[5];
    assert!(left.is_isolated() && left.is_done() && !scene.account.pocket_flags[5].is_set());
    // A second deficit in the same market does not count twice.
    scene.made(1, -10, POSITION_ISOLATED | POSITION_WAS_SHORT);
    scene.exchange.tier_caps[0] = units(0);
    let borne = scene.resolves(Scope::Pocket(5));
    assert_eq!(borne.legs[0].others, 10, "shorts lost it: the longs bear it");
    scene.made(1, -100, POSITION_ISOLATED);
    assert_eq!(scene.resolves(Scope::Pocket(5)).legs[0].deficit, 100, "the hour's cap is used up");
    assert_eq!(scene.insurance.open_deficits, 1);
}

#[test]
fn nothing_insured_and_nobody_opposite_leaves_a_deficit() {
    let mut scene = Scene::new();
    scene.markets[0].short_lots = 0;
    scene.made(0, -1_000, 0);
    let borne = scene.resolves(Scope::Cross);
    assert_eq!(borne.legs, [BankruptcyLeg { deficit: 1_000, ..position_leg(0, 1_000) }]);
    assert!(scene.account.positions[4].is_free());
}

#[test]
fn a_borrow_alone_is_borne_by_reserves_the_fund_and_lenders() {
    let mut scene = indebted(440);
    assert_eq!(scene.tries(Scope::Cross).err().unwrap(), Refusal::BringTokens.into());
    let mut scene = indebted(440);
    scene.token_bank.deposit(&mut scene.resolver, units(250), NOW).unwrap();
    let held = |scene: &Scene| scene.token_bank.held_by(&scene.lender).unwrap().get();
    let before = held(&scene);
    let borne = scene.resolves(Scope::Cross);
    let leg = &borne.legs[0];
    assert_eq!((leg.kind, leg.index, leg.own), (LEG_BORROW, TOKEN, 100));
    // 1,002 cost 2,004 and a tenth, rounded up: 440 buy 199 of them, for 437.9.
    assert_eq!((leg.amount, leg.bought, leg.fund, borne.paid), (1_002, 199, 438, units(438)));
    assert_eq!(leg.others, 1_002 - 100 - 199);
    // All lenders lose alike; the resolver still is one.
    let lost = before - held(&scene);
    assert!((leg.others * 99 / 100..=leg.others).contains(&lost), "{lost}");
    assert!(borne.resolver_balance == 437 || borne.resolver_balance == 438, "rounded against the payee");
    assert!(scene.account.require_empty().is_ok());
    // The board is not ahead of the bank, and does not vouch for what it had computed.
    assert_eq!(scene.board.banks[1].valid_until, 0);
    let index = Index::from(scene.token_bank.deposit_index);
    assert_eq!(Index::from(scene.board.banks[1].deposit_index), index);
    assert!(index.get() < INDEX);
}

/// An account that borrowed 1,000 of the token, whose bank has reserves of 100, and a fund.
fn indebted(insured: u64) -> Scene {
    let mut scene = Scene::new();
    scene.borrows(1_000, false);
    scene.token_bank.reserves = 100;
    scene.token_bank.vault_balance = scene.token_bank.vault_balance.checked_add(units(100)).unwrap();
    scene.insures(insured);
    scene
}

#[test]
fn reserves_that_cover_a_borrow_ask_nobody_else() {
    let mut scene = indebted(1_000);
    scene.token_bank.reserves = 5_000;
    scene.token_bank.vault_balance = scene.token_bank.vault_balance.checked_add(units(4_900)).unwrap();
    // Nor do they need a price.
    scene.board.feeds[0].publish_time = NOW - 100;
    let borne = scene.resolves(Scope::Cross);
    assert_eq!((borne.legs[0].own, borne.paid), (borne.legs[0].amount, units(0)));
}

#[test]
fn a_stale_price_buys_nothing_until_the_token_is_dead_and_then_never() {
    let mut scene = indebted(1_000);
    scene.board.feeds[0].publish_time = NOW - 100;
    assert_eq!(scene.tries(Scope::Cross).err().unwrap(), refused(RiskError::StalePrice { bank: 1 }));
    let mut scene = indebted(1_000);
    (scene.board.feeds[0].publish_time, scene.board.feeds[0].last_valid_time) = (NOW - 30_000, NOW - 30_000);
    let leg = &scene.resolves(Scope::Cross).legs[0];
    assert_eq!((leg.own, leg.bought, leg.fund), (100, 0, 0));
}

#[test]
fn a_quote_borrow_is_paid_by_the_fund_itself() {
    let mut scene = Scene::new();
    scene.borrows(1_000, true);
    scene.insures(300);
    scene.account.header.state = plimsoll_risk::layout::account::ACCOUNT_INSOLVENT;
    scene.insurance.insolvent = 1;
    let borne = scene.resolves(Scope::Cross);
    let leg = &borne.legs[0];
    assert_eq!((leg.fund, leg.bought, borne.paid), (300, 300, units(0)));
    assert_eq!(leg.amount, 300 + leg.others);
    assert_eq!((scene.insurance.fund.cover(), scene.insurance.insolvent), (units(0), 0));
}

#[test]
fn markets_and_borrows_share_the_cash_and_the_rest_is_seized() {
    let mut scene = Scene::new();
    scene.borrows(100, false);
    scene.made(0, -500, 0);
    scene.made(1, -300, POSITION_WAS_SHORT);
    scene.made(2, 7, 0);
    scene.quote_bank.deposit(&mut scene.account, units(400), NOW).unwrap();
    scene.token_bank.deposit(&mut scene.resolver, units(2_000), NOW).unwrap();
    scene.insures(10_000);
    let borne = scene.resolves(Scope::Cross);
    assert_eq!(borne.legs.len(), 4);
    let seized: u64 = borne.legs.iter().map(|leg| leg.seized).sum();
    assert_eq!(units(seized), borne.cash);
    for leg in &borne.legs[1..3] {
        assert_eq!(leg.amount, leg.seized + leg.fund, "the fund covers all of it");
        assert!(leg.seized.abs_diff(leg.amount * borne.cash.get() / 1_002) <= 2);
    }
    assert_eq!(borne.legs[0].bought, borne.legs[0].amount);
    assert_eq!((borne.legs[3].kind, borne.legs[3].amount), (LEG_CLAIM, 7));
    assert_eq!(scene.markets[2].insurance_receivable, Quote::new(7));
    assert!(scene.account.require_empty().is_ok());
}

#[test]
fn a_handful_of_tokens_goes_to_the_reserves() {
    let mut scene = Scene::new();
    scene.token_bank.deposit(&mut scene.account, units(4), NOW).unwrap();
    scene.made(0, -500, 0);
    let borne = scene.resolves(Scope::Cross);
    let leg = &borne.legs[1];
    assert_eq!((leg.kind, leg.index, leg.amount), (LEG_DEPOSIT, TOKEN, scene.token_bank.reserves));
    assert!(scene.token_bank.reserves >= 3 && scene.account.require_empty().is_ok());
}

#[test]
fn every_leg_has_to_be_brought() {
    let mut scene = Scene::new();
    scene.made(0, -500, 0);
    scene.board.markets[0].market = key(99);
    assert_eq!(scene.tries(Scope::Cross).err().unwrap(), Refusal::MissingLeg.into());
}
