//! A keeper over JSON-RPC and WebSocket: an account in danger on a local network is found, flagged and taken over, once; and
//! a connection that breaks is made again.

use anyhow::{Context, Result, ensure};
use harness::{World, keys, perps::BTC_PERP, program, tokens::*};
use plimsoll_client::{
    addresses::ExchangeAddresses,
    book::Side,
    instructions::{liquidation::Scope, order::Order, trigger::Trigger},
};
use plimsoll_keeper::{
    chain::{
        Chain, Event,
        rpc::{Options, Rpc},
    },
    config::Config,
    desk::{Desk, Own},
    ranking::riskiest,
    role::Role,
    run::run,
    stop::Stop,
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
    collections::BTreeSet,
    fmt::Write,
    io,
    net::{Shutdown, TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
    time::{Duration, Instant},
};

const KEEPER: &str = "carol";
const FORTUNE: u64 = 1_000_000_000_000;
/// How long a keeper may take, and how long it is watched doing nothing.
const PATIENCE: Duration = Duration::from_secs(30);
const WATCH: Duration = Duration::from_secs(2);

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

/// A network with the program deployed by the loader, and that world's accounts and time on it.
fn network(world: &World) -> Result<Network> {
    let network = Network::boot()?;
    deploy::program(&network, &plimsoll::ID, &program::elf(), &Keypair::new())?;
    network.airdrop(&keys::keypair(KEEPER).pubkey(), FORTUNE)?;
    let client = network.client();
    for address in everything(world) {
        let Some(account) = world.chain.account(&address) else { continue };
        let mut data = String::new();
        account.data.iter().try_for_each(|byte| write!(data, "{byte:02x}"))?;
        let to = json!({ "lamports": account.lamports, "owner": account.owner.to_string(), "data": data });
        request(&client, "surfnet_setAccount", json!([address.to_string(), to]))?;
    }
    let milliseconds = world.now() * 1_000 + 1_000;
    request(&client, "surfnet_timeTravel", json!([{ "absoluteTimestamp": milliseconds }]))?;
    Ok(network)
}

fn options(network: &Network, websocket: String) -> Options {
    Options {
        url: network.rpc_url(),
        websocket,
        commitment: CommitmentConfig::processed(),
        resync: Duration::from_secs(600),
        bid: plimsoll_client::transaction::fees::Bid::USUAL,
        tables: Vec::new(),
        is_dry_run: false,
    }
}

/// A liquidator at work on a network, until somebody is satisfied with it.
fn keeps(network: &Network, is_dry_run: bool, is_enough: impl Fn(&Desk) -> bool) -> Result<Arc<Desk>> {
    works(network, is_dry_run, "roles = [\"liquidator\"]", is_enough)
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
    let node = format!(
        "[node]\nrpc = \"{rpc}\"\nwebsocket = \"{websocket}\"\n[turn_ms]\nliquidator = 50\nsettler = 100"
    );
    let text = format!("{more}\n{node}");
    let config = Config::read(&text)?;
    let options = Options { is_dry_run, ..options(network, network.websocket_url()) };
    let desk = Arc::new(Desk::new(of, Arc::new(Rpc::connect(options, key)?), own));
    let roles: BTreeSet<Role> = config.roles.iter().copied().collect();
    let (working, began) = (Arc::clone(&desk), Instant::now());
    let keeper = thread::spawn(move || run(&working, &config, &roles));
    while !is_enough(&desk) && began.elapsed() < PATIENCE {
        thread::sleep(Duration::from_millis(20));
    }
    desk.stop.set();
    keeper.join().map_err(|_| anyhow::anyhow!("the keeper panicked"))??;
    Ok(desk)
}

fn lots(desk: &Desk, account: &Pubkey) -> Option<i32> {
    desk.store().account(account).map(|account| account.positions[0].lots.get())
}

#[test]
#[ignore = "over real sockets for most of a minute: `cargo test -p plimsoll-keeper --test network -- --ignored`"]
fn a_liquidator_saves_an_account_over_rpc_and_does_nothing_twice() -> Result<()> {
    let world = in_danger();
    let network = network(&world)?;
    let alice = world.account_of("alice");

    let rehearsing = keeps(&network, true, |desk| !desk.tally.all().is_empty())?;
    ensure!(lots(&rehearsing, &alice) == Some(1_000), "a rehearsal changes nothing");
    ensure!(rehearsing.tally.done(Role::Liquidator, "assess") == 0, "and is not counted as done");

    let dear = "roles = [\"liquidator\"]\nliquidation = { least_profit = 1000000000 }";
    let watched = Instant::now();
    let waiting = works(&network, false, dear, |_| watched.elapsed() > WATCH)?;
    ensure!(
        waiting.tally.done(Role::Liquidator, "assess") > 0,
        "whoever earns too little flags all the same"
    );
    ensure!(waiting.tally.done(Role::Liquidator, "take_over") == 0, "but takes nothing over");

    let is_saved = |desk: &Desk| {
        let took = desk.tally.done(Role::Liquidator, "take_over") > 0;
        took && desk.store().account(&alice).is_some_and(|account| account.header.flagged_at == 0)
    };
    let desk = keeps(&network, false, is_saved)?;
    let left = lots(&desk, &alice).context("alice's account")?;
    let taken = lots(&desk, &world.account_of(KEEPER)).context("the keeper's account")?;
    println!("{left} lots are left of 1,000, {:?}", desk.tally.all());
    ensure!(0 < left && left < 1_000, "as many lots as are needed are taken, and no more: {left} are left");
    ensure!(left + taken == 1_000, "the keeper has them: {taken}");
    ensure!(is_saved(&desk), "it was enough: the flag is lifted");
    let ranked = desk.looks(world.now(), |view| riskiest(view, Ratio::ONE)).context("a board")?;
    ensure!(ranked.iter().all(|it| it.load <= Ratio::ONE), "nobody is in danger any more: {ranked:?}");
    ensure!(desk.tally.errors().is_empty(), "{:?}", desk.tally.errors());

    let watched = Instant::now();
    let again = keeps(&network, false, |_| watched.elapsed() > WATCH)?;
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

#[test]
#[ignore = "over real sockets for most of a minute: `cargo test -p plimsoll-keeper --test network -- --ignored`"]
fn every_other_role_does_its_work_over_rpc() -> Result<()> {
    let world = busy();
    let network = network(&world)?;
    let more = format!(
        "roles = [\"refresher\", \"fills\", \"triggers\", \"settler\", \"maker\", \"insurance\"]\n\
         refresher = {{ price_seconds = 1, market_seconds = 1, bank_seconds = 1, is_paid = true, oracles = {{ {} = \"{}\" }} }}\n\
         settler = {{ least = 1000000 }}\n\
         maker = {{ ladder_bps = [100, 200], rung = 1000000000 }}",
        world.feed_of(BTC),
        BTC.pyth(),
    );
    let work = [
        (Role::Refresher, "refresh_prices"),
        (Role::Refresher, "refresh_market"),
        (Role::Refresher, "refresh_bank"),
        (Role::Fills, "apply_fills"),
        (Role::Triggers, "execute_trigger"),
        (Role::Settler, "settle_pnl"),
        (Role::Maker, "batch"),
    ];
    let is_done = |desk: &Desk| work.iter().all(|(role, name)| desk.tally.done(*role, name) > 0);
    let desk = works(&network, false, &more, is_done)?;
    println!("{:#?}", desk.tally.all());
    ensure!(is_done(&desk), "everybody did something: {:?}", desk.tally.all());
    ensure!(lots(&desk, &world.account_of("alice")) == Some(0), "alice's stop-loss closed her position");
    ensure!(desk.tally.done(Role::Triggers, "execute_trigger") == 1, "once");
    let store = desk.store();
    ensure!(store.queue(0).is_some_and(|queue| queue.waiting().count() == 0), "no fill waits any more");
    let own = store.account(&world.account_of(KEEPER)).context("the keeper's account")?;
    ensure!(own.orders.iter().filter(|order| order.id != 0).count() == 4, "two bids and two asks rest");
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
#[ignore = "over real sockets for most of a minute: `cargo test -p plimsoll-keeper --test network -- --ignored`"]
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

/// Hands on what comes and goes between whoever connects and a port, until the connections are cut.
struct Line {
    address: String,
    streams: Arc<Mutex<Vec<TcpStream>>>,
}

impl Line {
    fn to(port: &str) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let (address, streams) =
            (format!("ws://{}", listener.local_addr()?), Arc::new(Mutex::new(Vec::new())));
        let (port, open) = (port.to_owned(), Arc::clone(&streams));
        thread::spawn(move || {
            for near in listener.incoming().flatten() {
                let Ok(far) = TcpStream::connect(&port) else { return };
                for (from, to) in [(&near, &far), (&far, &near)] {
                    let (Ok(mut from), Ok(mut to)) = (from.try_clone(), to.try_clone()) else { return };
                    thread::spawn(move || io::copy(&mut from, &mut to));
                }
                open.lock().expect("no panic").extend([near, far]);
            }
        });
        Ok(Self { address, streams })
    }

    fn is_cut(&self) {
        for stream in self.streams.lock().expect("no panic").drain(..) {
            // An error means that it has ended already.
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
}

#[test]
#[ignore = "over real sockets for most of a minute: `cargo test -p plimsoll-keeper --test network -- --ignored`"]
fn a_broken_connection_is_made_again_and_everything_is_read_again() -> Result<()> {
    let network = Network::boot()?;
    let line = Line::to(network.websocket_url().trim_start_matches("ws://"))?;
    let chain = Rpc::connect(options(&network, line.address.clone()), Keypair::new())?;
    let (stop, events) = (Stop::default(), Mutex::new(Vec::new()));
    let comes = |event: &str, times: usize| -> Result<()> {
        let began = Instant::now();
        let count = || events.lock().expect("no panic").iter().filter(|name| **name == event).count();
        while count() < times {
            ensure!(began.elapsed() < PATIENCE, "{event} did not come {times} times");
            thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    };
    let tells = |event| {
        let name = match event {
            Event::Snapshot { .. } => "snapshot",
            Event::Changed(_) => "change",
            Event::Lost => "loss",
        };
        events.lock().expect("no panic").push(name);
    };
    thread::scope(|scope| {
        let mut tells = tells;
        let (chain, stop) = (&chain, &stop);
        scope.spawn(move || chain.follow(stop, &mut tells));
        let outcome = (1..=2).try_for_each(|times| {
            comes("snapshot", times)?;
            line.is_cut();
            comes("loss", times)
        });
        let outcome = outcome.and_then(|()| comes("snapshot", 3));
        stop.set();
        outcome
    })
}
