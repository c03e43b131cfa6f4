//! A keeper over JSON-RPC and WebSocket: an account in danger on a local network is found, flagged and taken over, once; every
//! role does its work; time that jumps is noticed.

mod line;
mod unwinding;

use anyhow::{Context, Result, ensure};
use harness::{World, keys, perps::BTC_PERP, program, tokens::*};
use plimsoll_client::{
    addresses::ExchangeAddresses,
    book::Side,
    instructions::{liquidation::Scope, order::Order, trigger::Trigger},
};
use plimsoll_keeper::{
    chain::{
        Bids,
        following::Endpoint,
        rpc::{Options, Rpc},
    },
    config::Config,
    desk::{Desk, Own},
    ranking::riskiest,
    role::Role,
    run::run,
};
use plimsoll_localnet::{Network, deploy};
use plimsoll_risk::num::Ratio;
use serde_json::{Value, json};
use solana_client::{rpc_client::RpcClient, rpc_request::RpcRequest};
use solana_commitment_config::CommitmentConfig;
use solana_keypair::Keypair;
use solana_pubkey::Pubkey;
use solana_signer::Signer;
use std::{
    cell::{Cell, RefCell},
    collections::BTreeSet,
    fmt::Write,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

const KEEPER: &str = "carol";
const FORTUNE: u64 = 1_000_000_000_000;
/// How long a keeper may take: only a hang is longer.
const PATIENCE: Duration = Duration::from_secs(300);
/// So often time and prices jump.
const JUMPS: u32 = 5;
/// A keeper that has had so many turns more has found nothing to do.
const TURNS: u64 = 3;

/// Alice is long 1,000 lots at 60,000 with 2,000 USDC, and a unit is worth 44,400: 437 of equity behind 4,440, where a tenth
/// is needed.
fn in_danger() -> World {
    let mut world = World::with_steady_markets(&[BTC_PERP], |_| ());
    world.trader("alice").deposits(USDC, usdc(2_000));
    for name in ["bob", KEEPER] {
        world.trader(name).deposits(USDC, usdc(100_000));
    }
    world.deals("alice", "bob", BTC_PERP, 1_000, 60_000);
    world.oracle().says(BTC, 44_400.0);
    world.refreshes_all();
    world
}

/// Everything that the keeper and the program look at.
fn everything(world: &World) -> Vec<Pubkey> {
    let of = ExchangeAddresses::derive();
    let at = world.market_of(BTC_PERP);
    let banks = world.tokens().iter().flat_map(|token| {
        let at = world.bank_of(*token);
        [at.bank, at.vault, at.mint, token.pyth()]
    });
    let accounts = ["alice", "bob", "dave", KEEPER].map(|name| world.account_of(name));
    let own = [of.exchange, of.board, of.insurance, at.market, at.bids, at.asks, at.queue];
    own.into_iter().chain(banks).chain(accounts).collect()
}

fn request(client: &RpcClient, method: &'static str, parameters: Value) -> Result<Value> {
    Ok(client.send(RpcRequest::Custom { method }, parameters)?)
}

/// A network with the program deployed by the loader, and that world's accounts and time on it. Time stands.
fn network(world: &World) -> Result<Network> {
    let network = Network::boot()?;
    network.set_time(world.now())?;
    deploy::program(&network, &plimsoll::ID, &program::elf(), &Keypair::new())?;
    network.airdrop(&keys::keypair(KEEPER).pubkey(), FORTUNE)?;
    let client = network.client();
    everything(world).iter().try_for_each(|address| put(&client, world, address))?;
    Ok(network)
}

/// Puts an account of that world on a network, if there is one.
fn put(client: &RpcClient, world: &World, address: &Pubkey) -> Result<()> {
    let Some(account) = world.chain.account(address) else { return Ok(()) };
    let mut data = String::new();
    account.data.iter().try_for_each(|byte| write!(data, "{byte:02x}"))?;
    let to = json!({ "lamports": account.lamports, "owner": account.owner.to_string(), "data": data });
    request(client, "surfnet_setAccount", json!([address.to_string(), to])).map(|_| ())
}

fn options(network: &Network, websocket: String) -> Options {
    Options {
        nodes: vec![Endpoint { url: network.rpc_url(), websocket }],
        commitment: CommitmentConfig::processed(),
        resync: Duration::from_secs(600),
        bids: Bids::up_to(100_000, 1_000_000),
        tables: Vec::new(),
        is_dry_run: false,
    }
}

/// A liquidator at work on a network, until somebody is satisfied with it.
fn keeps(network: &Network, is_dry_run: bool, is_enough: impl Fn(&Desk) -> bool) -> Result<Arc<Desk>> {
    works(network, is_dry_run, "roles = [\"liquidator\"]\nturn_ms = { liquidator = 50 }", is_enough)
}

/// A keeper at work with more to its configuration, until somebody is satisfied with it.
fn works(
    network: &Network,
    is_dry_run: bool,
    more: &str,
    is_enough: impl Fn(&Desk) -> bool,
) -> Result<Arc<Desk>> {
    let (of, key) = (ExchangeAddresses::derive(), keys::keypair(KEEPER));
    let own = Own::derive(&of, key.pubkey(), 0);
    let (rpc, websocket) = (network.rpc_url(), network.websocket_url());
    let node = format!("[node]\nrpc = \"{rpc}\"\nwebsocket = \"{websocket}\"");
    let text = format!("{more}\n{node}");
    let config = Config::read(&text)?;
    let options = Options { is_dry_run, ..options(network, network.websocket_url()) };
    let oracles = config.refresher.feeds()?.into_values();
    let desk = Arc::new(Desk::new(of, Arc::new(Rpc::connect(options, key)?), own, oracles));
    let roles: BTreeSet<Role> = config.roles.iter().copied().collect();
    let (working, began) = (Arc::clone(&desk), Instant::now());
    let keeper = thread::spawn(move || run(&working, &config, &roles));
    while !is_enough(&desk) && began.elapsed() < PATIENCE {
        thread::sleep(Duration::from_millis(20));
    }
    desk.ends();
    keeper.join().map_err(|_| anyhow::anyhow!("the keeper panicked"))??;
    Ok(desk)
}

/// Whether something has come about and the liquidator has found nothing more to do in some turns since.
fn and_then_idle(is_so: impl Fn(&Desk) -> bool) -> impl Fn(&Desk) -> bool {
    let since = Cell::new(None);
    move |desk| {
        let now = (desk.tally.all(), desk.tally.turns_of(Role::Liquidator));
        let was = since.take().filter(|(sent, _)| *sent == now.0);
        let (sent, first) = was.unwrap_or_else(|| now.clone());
        let is_idle = is_so(desk) && now.1 >= first.saturating_add(TURNS);
        since.set(Some((sent, first)));
        is_idle
    }
}

fn lots(desk: &Desk, account: &Pubkey) -> Option<i32> {
    desk.store().account(account).map(|account| account.positions[0].lots.get())
}

#[test]
fn a_liquidator_saves_an_account_over_rpc_and_does_nothing_twice() -> Result<()> {
    let world = in_danger();
    let network = network(&world)?;
    let alice = world.account_of("alice");

    let rehearsing = keeps(&network, true, |desk| !desk.tally.all().is_empty())?;
    ensure!(lots(&rehearsing, &alice) == Some(1_000), "a rehearsal changes nothing");
    ensure!(rehearsing.tally.done(Role::Liquidator, "assess") == 0, "and is not counted as done");

    let dear = "roles = [\"liquidator\"]\nturn_ms = { liquidator = 50 }\nliquidation = { least_profit = 1000000000 }";
    let waiting = works(&network, false, dear, and_then_idle(|desk| desk.store().is_flagged(&alice)))?;
    ensure!(
        waiting.tally.done(Role::Liquidator, "assess") > 0,
        "whoever earns too little flags all the same"
    );
    ensure!(waiting.tally.done(Role::Liquidator, "take_over") == 0, "but takes nothing over");

    let is_saved = |desk: &Desk| {
        let took = desk.tally.done(Role::Liquidator, "take_over") > 0;
        took && desk.store().account(&alice).is_some_and(|account| account.header.flagged_at == 0)
    };
    let desk = keeps(&network, false, and_then_idle(is_saved))?;
    let left = lots(&desk, &alice).context("alice's account")?;
    let taken = lots(&desk, &world.account_of(KEEPER)).context("the keeper's account")?;
    println!("{left} lots are left of 1,000, {:?}", desk.tally.all());
    ensure!(0 < left && left < 1_000, "as many lots as are needed are taken, and no more: {left} are left");
    ensure!(left + taken == 1_000, "the keeper has them: {taken}");
    ensure!(is_saved(&desk), "it was enough: the flag is lifted");
    let ranked = desk.looks(|view| riskiest(view, Ratio::ONE)).context("a board")?;
    ensure!(ranked.iter().all(|it| it.load <= Ratio::ONE), "nobody is in danger any more: {ranked:?}");
    ensure!(desk.tally.errors().is_empty(), "{:?}", desk.tally.errors());

    let again = keeps(&network, false, |desk| desk.tally.turns_of(Role::Liquidator) >= TURNS)?;
    ensure!(again.tally.all().is_empty(), "started again, it finds nothing to do: {:?}", again.tally.all());
    ensure!(lots(&again, &alice) == Some(left), "and leaves things as they are");
    Ok(())
}

/// A fill waits for bob; alice has a stop-loss that the price has reached, and dave bids for her lots; the oracle knows a newer
/// price than the board.
fn busy() -> World {
    let mut world = World::with_steady_markets(&[BTC_PERP], |_| ());
    for name in ["alice", "bob", "dave", KEEPER] {
        world.trader(name).deposits(USDC, usdc(100_000));
    }
    world.trader("bob").places(BTC_PERP, Order::limit(Side::Ask, 1_000, 60_000).post_only());
    world.trader("alice").longs(BTC_PERP, 1_000);
    world.trader("alice").places_trigger(BTC_PERP, Trigger::stop_loss(Side::Ask, 55_000));
    world.oracle().says(BTC, 54_000.0);
    world.refreshes_all();
    world.trader("dave").places(BTC_PERP, Order::limit(Side::Bid, 2_000, 54_000).post_only());
    world.passes(2);
    world.oracle().publishes(BTC);
    world
}

/// How many orders an account has.
fn resting(desk: &Desk, account: &Pubkey) -> Option<usize> {
    let account = desk.store().account(account)?;
    Some(account.orders.iter().filter(|order| order.id != 0).count())
}

#[test]
fn every_other_role_does_its_work_over_rpc() -> Result<()> {
    let world = busy();
    let network = network(&world)?;
    let more = format!(
        "roles = [\"refresher\", \"funding\", \"fills\", \"triggers\", \"settler\", \"maker\", \"insurance\"]\n\
         funding = {{ market_seconds = 1, bank_seconds = 1 }}\n\
         refresher = {{ price_seconds = 1, is_paid = true, oracles = {{ {} = \"{}\" }} }}\n\
         turn_ms = {{ settler = 50 }}\nsettler = {{ seconds = 0, least = 1000000 }}\n\
         maker = {{ ladder_bps = [100, 200], rung = 1000000000 }}",
        world.feed_of(BTC),
        BTC.pyth(),
    );
    let work = [
        (Role::Refresher, "refresh_prices"),
        (Role::Funding, "refresh_market"),
        (Role::Funding, "refresh_bank"),
        (Role::Fills, "apply_fills"),
        (Role::Triggers, "execute_trigger"),
        (Role::Settler, "settle_pnl"),
        (Role::Maker, "batch"),
    ];
    let own = world.account_of(KEEPER);
    let is_done = |desk: &Desk| work.iter().all(|(role, name)| desk.tally.done(*role, name) > 0);
    let has_quoted = Cell::new(false);
    let desk = works(&network, false, &more, |desk| {
        has_quoted.set(has_quoted.get() || resting(desk, &own) == Some(4));
        has_quoted.get() && is_done(desk)
    })?;
    ensure!(has_quoted.get(), "two bids and two asks rested");
    ensure!(resting(&desk, &own) == Some(0), "and were cancelled at the end");
    println!("{:#?}", desk.tally.all());
    ensure!(is_done(&desk), "everybody did something: {:?}", desk.tally.all());
    ensure!(lots(&desk, &world.account_of("alice")) == Some(0), "alice's stop-loss closed her position");
    ensure!(desk.tally.done(Role::Triggers, "execute_trigger") == 1, "once");
    let store = desk.store();
    ensure!(store.queue(0).is_some_and(|queue| queue.waiting().count() == 0), "no fill waits any more");
    Ok(())
}

/// Time and prices jump, as in a replay; nobody's longest pause is over.
#[test]
fn a_jump_is_acted_upon_when_it_comes() -> Result<()> {
    let mut world = busy();
    let network = network(&world)?;
    let jumps = Cell::new(0u32);
    let feed = world.feed_of(BTC);
    let more = format!(
        "roles = [\"refresher\", \"funding\"]\nrefresher = {{ oracles = {{ {feed} = \"{}\" }} }}\n\
         turn_ms = {{ refresher = 3600000, funding = 3600000 }}",
        BTC.pyth(),
    );
    let world = RefCell::new(&mut world);
    let client = network.client();
    let desk = works(&network, false, &more, |desk| {
        let times = desk.looks(|view| {
            let market = view.board.market(0).map(|terms| terms.funding_updated_at);
            (view.now, view.board.feed(feed).map(|feed| feed.publish_time), market)
        });
        let Some((now, Ok(published), Ok(funding))) = times else { return false };
        let mut world = world.borrow_mut();
        if jumps.get() > 0 && [now, published, funding] != [world.now(); 3] {
            return false;
        }
        if jumps.get() == JUMPS {
            return true;
        }
        jumps.set(jumps.get() + 1);
        world.passes(120);
        world.oracle().publishes(BTC);
        network.set_time(world.now()).expect("a later time");
        put(&client, &world, &BTC.pyth()).expect("an oracle account");
        false
    })?;
    println!("{:?}", desk.tally.all());
    ensure!(jumps.get() == JUMPS, "{} jumps of {JUMPS}", jumps.get());
    ensure!(desk.tally.errors().is_empty(), "{:?}", desk.tally.errors());
    Ok(())
}

/// Alice owes more than she has, nobody took her lots over, and the deadline has passed.
fn overdue() -> World {
    let mut world = World::with_steady_markets(&[BTC_PERP], |_| ());
    world.trader("alice").deposits(USDC, usdc(1_000));
    for name in ["bob", KEEPER] {
        world.trader(name).deposits(USDC, usdc(100_000));
    }
    world.deals("alice", "bob", BTC_PERP, 800, 60_000);
    world.oracle().says(BTC, 46_700.0);
    world.refreshes_all();
    world.trader(KEEPER).assesses("alice", Scope::Cross);
    world.waits(i64::from(world.board().header.insolvency_seconds) - 60);
    world.trader(KEEPER).assesses("alice", Scope::Cross);
    world.waits(60);
    world
}

#[test]
fn what_nobody_takes_is_deleveraged_and_resolved_over_rpc() -> Result<()> {
    let world = overdue();
    let network = network(&world)?;
    let work = ["deleverage", "resolve_bankruptcy", "apply_deleveraging"];
    let is_done = |desk: &Desk| work.iter().all(|name| desk.tally.done(Role::Insurance, name) > 0);
    let desk = works(&network, false, "roles = [\"insurance\"]", is_done)?;
    ensure!(is_done(&desk), "everything was done: {:?}", desk.tally.all());
    let store = desk.store();
    for name in ["alice", "bob"] {
        let account = store.account(&world.account_of(name)).context("an account")?;
        ensure!(account.positions[0].lots.is_zero(), "{name} is flat");
    }
    ensure!(!store.is_flagged(&world.account_of("alice")), "alice is not flagged any more");
    ensure!(desk.tally.errors().is_empty(), "{:?}", desk.tally.errors());
    Ok(())
}
