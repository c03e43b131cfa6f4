//! Everybody who is there when the crash comes: each with a key of their own, each signs what they do, all over JSON-RPC.

use crate::stage::{PURSE, Stage, must};
use anyhow::{Context, Result, anyhow};
use plimsoll::state::{MarginAccount, RiskBoard};
use plimsoll_client::{
    book::Side,
    instructions::{account, insurance::Stake, ledger::Pocket, order::Order, trade::Trading, vault::Outflow},
    rpc::{Outcome, Sender},
};
use plimsoll_deploy::local;
use plimsoll_localnet::wallet;
use plimsoll_risk::{health::Overlay, liquidation::View, num::Quote};
use plimsoll_sim::{
    population::{self, Account, Census, Pair, Wish},
    sizes::{self, part_of},
};
use solana_instruction::Instruction;
use solana_keypair::{Keypair, Signer};
use solana_pubkey::Pubkey;
use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicUsize, Ordering},
    thread,
};

/// Native units of one whole quote token.
const WHOLE: u64 = 1_000_000;
/// What each staker stakes, whole quote.
const STAKES: [u64; 2] = [150_000, 50_000];
/// Clients at work at the same time.
const CLIENTS: usize = 4;
/// How often a trade that is refused is tried again, a tenth smaller.
const ATTEMPTS: usize = 5;

/// Somebody with a margin account.
pub struct Person {
    /// What to call them.
    pub name: String,
    /// Who signs for them.
    pub key: Keypair,
    /// Their margin account.
    pub account: Pubkey,
}

impl Person {
    /// Somebody by a name, whose key everybody knows.
    pub fn named(stage: &Stage, name: String) -> Self {
        let key = local::keypair(&format!("demo: {name}"));
        let account = account::MarginAccount::derive(&stage.of, key.pubkey(), 0).address;
        Self { name, key, account }
    }

    fn owner(&self) -> Pubkey {
        self.key.pubkey()
    }
}

/// What somebody brings: whole quote, and as much worth of each other token.
#[derive(Clone, Copy, Debug)]
pub struct Capital {
    /// Whole quote.
    pub quote: u64,
    /// Worth of each other token, whole quote.
    pub tokens: u64,
}

/// Prices and accounts at one moment.
struct Scene {
    board: Box<RiskBoard>,
    accounts: BTreeMap<Pubkey, MarginAccount>,
    now: i64,
}

impl Scene {
    fn of(stage: &Stage) -> Result<Self> {
        let reader = stage.reader();
        let accounts = reader.margin_accounts(None)?.into_iter().collect();
        Ok(Self { board: reader.board()?, accounts, now: stage.network.now() })
    }

    fn view<'a>(&'a self, overlay: &'a Overlay) -> View<'a> {
        View { board: &self.board.0, overlay, now: self.now }
    }

    fn account(&self, person: &Person) -> Result<&MarginAccount> {
        self.accounts.get(&person.account).with_context(|| format!("{} has no account", person.name))
    }

    fn units(&self, bank: u8, worth: u64) -> Result<u64> {
        let overlay = Overlay::none();
        sizes::units(&self.view(&overlay), bank, Quote::from_unsigned(worth).map_err(|it| anyhow!("{it:?}"))?)
            .with_context(|| format!("bank {bank} has no price"))
    }

    /// The index of a market, ticks.
    fn ticks(&self, market: u8, tick_lot: u32) -> Result<u32> {
        let terms = &self.board.markets[usize::from(market)];
        let ticks = plimsoll::premium::index_ticks(terms, tick_lot);
        ticks.map(|ticks| ticks.get()).with_context(|| format!("market {market} has no price"))
    }
}

/// Opens an account with capital for each of these people.
///
/// # Errors
/// The network or the program refuses.
pub fn equip(stage: &Stage, people: &[(&Person, Capital)]) -> Result<()> {
    let scene = Scene::of(stage)?;
    each(stage, people, |sender, (person, capital)| {
        let mut deposits = vec![(0, capital.quote * WHOLE)];
        for bank in 1..stage.banks.len() as u8 {
            deposits.push((bank, scene.units(bank, capital.tokens * WHOLE)?));
        }
        opens(stage, sender, person, &deposits)
    })
}

/// Those who stand behind the insurance fund.
///
/// # Errors
/// The network or the program refuses.
pub fn stakers(stage: &Stage) -> Result<()> {
    let people =
        (1..).zip(STAKES).map(|(number, stake)| (Person::named(stage, format!("staker {number}")), stake));
    let people: Vec<(Person, u64)> = people.collect();
    each(stage, &people, |sender, (person, stake)| {
        let amount = stake * WHOLE;
        opens(stage, sender, person, &[(0, amount)])?;
        // Whoever stakes pays for the account of the stake.
        wallet::fund(&stage.network, &person.owner(), PURSE)?;
        let of = Stake::derive(&stage.of, person.owner());
        let stakes = [of.open(), of.stake(person.account, stage.banks[0].bank, amount, &[])];
        must(sender, &stakes, &[&person.key]).with_context(|| format!("{} stakes", person.name))
    })
}

/// Those of the census come, deposit, borrow and trade: each long of somebody with the short of somebody else, through the
/// book. `tell` hears what is going on.
///
/// # Errors
/// The network or the program refuses.
pub fn gather(stage: &Stage, seed: u64, accounts: u32, tell: &dyn Fn(&str)) -> Result<Vec<Person>> {
    let (markets, banks) = (stage.markets.len() as u8, stage.banks.len() as u8);
    let wishes = Census::leveraged(seed, accounts, markets, banks).accounts();
    let names = (0..wishes.len()).map(|number| format!("{seed} account {number}"));
    let people: Vec<Person> = names.map(|name| Person::named(stage, name)).collect();
    let crowd: Vec<(&Person, &Account)> = people.iter().zip(&wishes).collect();
    tell("accounts and deposits");
    let scene = Scene::of(stage)?;
    each(stage, &crowd, |sender, (person, wish)| {
        let deposits =
            wish.deposits.iter().map(|it| Ok((it.bank, scene.units(it.bank, it.worth.magnitude())?.max(1))));
        opens(stage, sender, person, &deposits.collect::<Result<Vec<_>>>()?)
    })?;
    tell("borrows and pockets");
    let scene = Scene::of(stage)?;
    each(stage, &crowd, |sender, (person, wish)| brings(stage, &scene, sender, (person, wish)))?;
    tell("trades");
    let scene = Scene::of(stage)?;
    trades(stage, &scene, &crowd)?;
    Ok(people)
}

/// Does the same for each, by several clients at a time.
fn each<T: Sync>(stage: &Stage, items: &[T], does: impl Fn(&Sender, &T) -> Result<()> + Sync) -> Result<()> {
    let next = AtomicUsize::new(0);
    let work = |client: usize| {
        let sender = stage.sender(&format!("client {client}"))?;
        while let Some(item) = items.get(next.fetch_add(1, Ordering::Relaxed)) {
            does(&sender, item)?;
        }
        Ok(())
    };
    thread::scope(|scope| {
        let work = &work;
        let clients: Vec<_> =
            (0..CLIENTS.min(items.len())).map(|client| scope.spawn(move || work(client))).collect();
        clients
            .into_iter()
            .try_for_each(|client| client.join().unwrap_or_else(|_| Err(anyhow!("a client panicked"))))
    })
}

/// Somebody opens an account and deposits native units, by bank; the tokens come out of nothing.
fn opens(stage: &Stage, sender: &Sender, person: &Person, deposits: &[(u8, u64)]) -> Result<()> {
    let account = account::MarginAccount::derive(&stage.of, person.owner(), 0);
    let deposits = deposits.iter().filter(|(_, amount)| *amount > 0);
    let deposits: Vec<_> =
        deposits.map(|(bank, amount)| (stage.banks[usize::from(*bank)], *amount)).collect();
    // As many as surely fit a transaction.
    for some in wallet::entry(&stage.network, &account, sender.payer(), &deposits)?.chunks(3) {
        must(sender, some, &[&person.key]).with_context(|| format!("{} comes", person.name))?;
    }
    Ok(())
}

/// Somebody of the census borrows, takes that away, and fills pockets.
fn brings(stage: &Stage, scene: &Scene, sender: &Sender, (person, wish): (&Person, &Account)) -> Result<()> {
    let (overlay, owner, account) = (Overlay::none(), person.owner(), person.account);
    for borrow in &wish.borrows {
        let most = sizes::most_borrowed(scene.account(person)?, &scene.view(&overlay), borrow.bank);
        let amount = part_of(most, borrow.part);
        let bank = stage.banks[usize::from(borrow.bank)];
        let destination = wallet::give(&stage.network, &bank, &owner, 0)?;
        let outflow = Outflow { bank, account, owner, destination };
        if amount > 0 {
            let withdraw = outflow.withdraw(amount, true, &[]);
            must(sender, &[withdraw], &[&person.key]).with_context(|| format!("{} borrows", person.name))?;
        }
    }
    for (market, amount) in wish.pockets() {
        let (board, quote_bank) = (stage.of.board, stage.banks[0].bank);
        let pocket = Pocket { board, market, account, trader: owner, quote_bank };
        let fills = [pocket.set_mode(true), pocket.fund(amount, &[])];
        must(sender, &fills, &[&person.key]).with_context(|| format!("{} fills a pocket", person.name))?;
    }
    Ok(())
}

/// Positions in pairs, then the orders that rest.
fn trades(stage: &Stage, scene: &Scene, crowd: &[(&Person, &Account)]) -> Result<()> {
    let wishes: Vec<Account> = crowd.iter().map(|(_, wish)| (*wish).clone()).collect();
    let limit = |number: usize, wish: &Wish| limit(stage, scene, crowd[number], wish.market).unwrap_or(0);
    let mut pairs: Vec<Vec<Pair>> = vec![Vec::new(); stage.markets.len()];
    for pair in population::pairs(&wishes, limit) {
        pairs[usize::from(pair.market)].push(pair);
    }
    // A market's trades come one after the other: each meets the other's order and nobody else's.
    each(stage, &pairs, |sender, pairs| {
        pairs.iter().try_for_each(|pair| deals(stage, scene, sender, (crowd, *pair)))
    })?;
    each(stage, crowd, |sender, person| rests(stage, scene, sender, *person))
}

/// Lots that somebody, or his pocket in the market, could hold if it held nothing else.
fn limit(stage: &Stage, scene: &Scene, (person, wish): (&Person, &Account), market: u8) -> Result<u32> {
    let pocket = wish.pockets().into_iter().find(|(of, _)| *of == market).map(|(_, amount)| amount);
    let tick_lot = stage.markets[usize::from(market)].tick_lot;
    let of_a_lot = u64::from(scene.ticks(market, tick_lot)?) * u64::from(tick_lot);
    let overlay = Overlay::none();
    Ok(sizes::most_lots(scene.account(person)?, &scene.view(&overlay), market, of_a_lot, pocket))
}

/// One sells lots to another at the index, through the book; fewer where margin is short after all.
fn deals(
    stage: &Stage,
    scene: &Scene,
    sender: &Sender,
    (crowd, pair): (&[(&Person, &Account)], Pair),
) -> Result<()> {
    let (long, short) = (crowd[pair.long].0, crowd[pair.short].0);
    let ticks = scene.ticks(pair.market, stage.markets[usize::from(pair.market)].tick_lot)?;
    let mut lots = pair.lots;
    for _ in 0..ATTEMPTS {
        let ask = Order::limit(Side::Ask, lots, ticks).post_only();
        let bid = Order::limit(Side::Bid, lots, ticks).fill_or_kill();
        let both: [Instruction; 2] = [
            trading(stage, short, pair.market).place(&ask, &[], &[]),
            trading(stage, long, pair.market).place(&bid, &[], &[short.account]),
        ];
        match sender.send(&both, &[&short.key, &long.key]) {
            Outcome::Done(_) => return Ok(()),
            Outcome::Refused(_) => lots -= lots.div_ceil(10),
            other => return Err(anyhow!("{} trades with {}: {other}", long.name, short.name)),
        }
        if lots == 0 {
            break;
        }
    }
    Ok(())
}

/// Somebody's orders that rest; what his margin does not carry any more is left out.
fn rests(stage: &Stage, scene: &Scene, sender: &Sender, (person, wish): (&Person, &Account)) -> Result<()> {
    for order in &wish.resting {
        let most = u64::from(limit(stage, scene, (person, wish), order.market)?);
        let index = u64::from(scene.ticks(order.market, stage.markets[usize::from(order.market)].tick_lot)?);
        let away = part_of(index, order.away);
        let ticks = if order.is_bid { index.saturating_sub(away) } else { index + away };
        let side = if order.is_bid { Side::Bid } else { Side::Ask };
        let lots = u32::try_from(part_of(most, order.part)).unwrap_or(0);
        if lots == 0 {
            continue;
        }
        let order_args = Order::limit(side, lots, u32::try_from(ticks)?).post_only();
        let place = trading(stage, person, order.market).place(&order_args, &[], &[]);
        if let Outcome::Failed(why) = sender.send(&[place], &[&person.key]) {
            return Err(anyhow!("{} places an order: {why}", person.name));
        }
    }
    Ok(())
}

fn trading(stage: &Stage, person: &Person, market: u8) -> Trading {
    Trading { market: stage.markets[usize::from(market)].at, account: person.account, trader: person.owner() }
}
