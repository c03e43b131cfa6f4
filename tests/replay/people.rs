//! Everybody who is there when the crash comes: those of the census, and those who live of it.

use crate::venue::Venue;
use harness::Receipt;
use plimsoll_client::{
    book::Side,
    instructions::{
        account,
        insurance::Stake,
        ledger::Pocket,
        order::Order,
        trade::Trading,
        vault::{Inflow, Outflow},
    },
};
use plimsoll_sim::{
    population::{self, Account, Census, Pair, Wish},
    sizes::part_of,
};
use solana_pubkey::Pubkey;

/// Whole quote in native units.
const WHOLE: u64 = 1_000_000;
/// What a market maker has, whole quote.
const MAKER: u64 = 50_000_000;
/// What a liquidator has of quote, and of each other token, whole quote.
const LIQUIDATOR: (u64, u64) = (20_000_000, 5_000_000);
const LIQUIDATORS: usize = 3;
/// What each staker stakes, whole quote.
const STAKES: [u64; 2] = [150_000, 50_000];
/// How often a trade that is refused is tried again, a tenth smaller.
const ATTEMPTS: usize = 5;

/// Somebody with a margin account.
#[derive(Clone, Copy)]
pub struct Person {
    pub owner: Pubkey,
    pub account: Pubkey,
}

/// Everybody.
pub struct People {
    /// Those of the census, in its order.
    pub crowd: Vec<Person>,
    pub maker: Person,
    pub liquidators: Vec<Person>,
}

impl People {
    /// Everybody who has positions, in a fixed order.
    pub fn all(&self) -> impl Iterator<Item = &Person> {
        self.crowd.iter().chain([&self.maker]).chain(&self.liquidators)
    }

    /// The same with what to call them.
    pub fn named(&self) -> Vec<(String, Person)> {
        let number = |kind: &'static str, people: &[Person]| {
            people
                .iter()
                .enumerate()
                .map(|(number, it)| (format!("{kind} {number}"), *it))
                .collect::<Vec<_>>()
        };
        let maker = vec![("maker".to_owned(), self.maker)];
        [number("account", &self.crowd), maker, number("liquidator", &self.liquidators)].concat()
    }
}

/// Everybody comes, deposits, borrows and trades: each long of somebody with the short of somebody else, through the book.
/// Maker, liquidators and stakers bring `backing` percent of what they usually have.
pub fn gather(venue: &mut Venue, seed: u64, accounts: u32, backing: u32) -> People {
    let whole = |usually: u64| usually * WHOLE / 100 * u64::from(backing);
    let liquidators: Vec<Person> =
        (0..LIQUIDATORS).map(|number| venue.opens(&format!("replay {seed} liquidator {number}"))).collect();
    for liquidator in &liquidators {
        venue.deposits(liquidator, 0, whole(LIQUIDATOR.0));
        for bank in 1..venue.banks.len() as u8 {
            let units = venue.units(bank, whole(LIQUIDATOR.1));
            venue.deposits(liquidator, bank, units);
        }
    }
    let maker = venue.opens(&format!("replay {seed} maker"));
    venue.deposits(&maker, 0, whole(MAKER));
    for (number, stake) in STAKES.iter().enumerate() {
        let staker = venue.opens(&format!("replay {seed} staker {number}"));
        venue.stakes(&staker, whole(*stake));
    }
    let wishes =
        Census::leveraged(seed, accounts, venue.markets.len() as u8, venue.banks.len() as u8).accounts();
    let names = (0..wishes.len()).map(|number| format!("replay {seed} account {number}"));
    let crowd: Vec<Person> = names.map(|name| venue.opens(&name)).collect();
    for (person, wish) in crowd.iter().zip(&wishes) {
        venue.brings(person, wish);
    }
    venue.trades(&crowd, &wishes);
    People { crowd, maker, liquidators }
}

impl Venue {
    fn opens(&mut self, name: &str) -> Person {
        let (owner, payer) = (self.world.person(name), self.world.chain.payer());
        let account = account::MarginAccount::derive(&self.exchange, owner, 0);
        self.does("open_account", &account.open(payer));
        Person { owner, account: account.address }
    }

    fn deposits(&mut self, person: &Person, bank: u8, amount: u64) {
        let token = self.tokens[usize::from(bank)];
        let source = self.world.chain.wallet(&person.owner, &token);
        self.world.chain.mints(&token, &source, amount);
        let Person { owner: depositor, account } = *person;
        let inflow = Inflow { bank: self.banks[usize::from(bank)], account, depositor, source };
        self.does("deposit", &inflow.deposit(amount));
    }

    fn stakes(&mut self, person: &Person, amount: u64) {
        self.deposits(person, 0, amount);
        let stake = Stake::derive(&self.exchange, person.owner);
        self.does("open_stake", &stake.open());
        self.does("stake", &stake.stake(person.account, self.quote_bank(), amount, &[]));
    }

    /// Somebody of the census deposits, borrows, and fills pockets.
    fn brings(&mut self, person: &Person, wish: &Account) {
        for deposit in &wish.deposits {
            let units = self.units(deposit.bank, deposit.worth.magnitude());
            self.deposits(person, deposit.bank, units.max(1));
        }
        for borrow in &wish.borrows {
            let most = self.most_borrowed(&person.account, borrow.bank);
            let amount = part_of(most, borrow.part);
            let token = self.tokens[usize::from(borrow.bank)];
            let destination = self.world.chain.wallet(&person.owner, &token);
            let Person { owner, account } = *person;
            let outflow = Outflow { bank: self.banks[usize::from(borrow.bank)], account, owner, destination };
            if amount > 0 {
                self.does("withdraw", &outflow.withdraw(amount, true, &[]));
            }
        }
        for (market, amount) in wish.pockets() {
            let Person { owner: trader, account } = *person;
            let (board, quote_bank) = (self.exchange.board, self.quote_bank());
            let pocket = Pocket { board, market, account, trader, quote_bank };
            self.does("set_position_mode", &pocket.set_mode(true));
            self.does("fund_pocket", &pocket.fund(amount, &[]));
        }
    }

    /// Positions in pairs, then the orders that rest.
    fn trades(&mut self, crowd: &[Person], wishes: &[Account]) {
        let limit = |number: usize, wish: &Wish| self.limit(&crowd[number], &wishes[number], wish.market);
        for pair in population::pairs(wishes, limit) {
            self.deals(crowd, pair);
        }
        for (person, wish) in crowd.iter().zip(wishes) {
            for order in &wish.resting {
                let most = u64::from(self.limit(person, wish, order.market));
                let index = u64::from(self.index_ticks(order.market));
                let away = part_of(index, order.away);
                let ticks = if order.is_bid { index - away } else { index + away } as u32;
                let lots = part_of(most, order.part) as u32;
                let side = if order.is_bid { Side::Bid } else { Side::Ask };
                if lots > 0 {
                    let order_args = Order::limit(side, lots, ticks).post_only();
                    self.places(person, order.market, &order_args, &[]);
                }
            }
        }
    }

    /// Lots that somebody, or his pocket in the market, could hold if it held nothing else.
    fn limit(&self, person: &Person, wish: &Account, market: u8) -> u32 {
        let pocket = wish.pockets().into_iter().find(|(of, _)| *of == market);
        self.most_lots(&person.account, market, pocket.map(|(_, amount)| amount))
    }

    /// One sells lots to another at the index, through the book; fewer where margin is short after all.
    fn deals(&mut self, crowd: &[Person], pair: Pair) {
        let (long, short) = (crowd[pair.long], crowd[pair.short]);
        let ticks = self.index_ticks(pair.market);
        let mut lots = pair.lots;
        for _ in 0..ATTEMPTS {
            let ask = Order::limit(Side::Ask, lots, ticks).post_only();
            if self.places(&short, pair.market, &ask, &[]).error.is_none() {
                let bid = Order::limit(Side::Bid, lots, ticks).fill_or_kill();
                if self.places(&long, pair.market, &bid, &[short.account]).error.is_none() {
                    return;
                }
                let cancel = self.trading(&short, pair.market).cancel_all(None);
                self.does("cancel_all", &cancel);
            }
            lots -= lots.div_ceil(10);
            if lots == 0 {
                return;
            }
        }
    }

    pub fn trading(&self, person: &Person, market: u8) -> Trading {
        let market = self.markets[usize::from(market)].at;
        Trading { market, account: person.account, trader: person.owner }
    }

    pub fn places(&mut self, person: &Person, market: u8, order: &Order, makers: &[Pubkey]) -> Receipt {
        let place = self.trading(person, market).place(order, &[], makers);
        self.tries("place_order", &place)
    }
}
