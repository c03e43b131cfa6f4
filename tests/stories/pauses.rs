//! Every instruction against every pause: which it stops, and which it does not.

pub mod danger;

use harness::{World, amounts::*, keys, perps::*, tokens::*};
use plimsoll::{
    errors::Refusal,
    state::{margin_account::scope, risk_board::Pausable},
};
use plimsoll_client::{
    addresses::MarketAddresses,
    book::{OrderId, Side},
    instructions::{
        account::MarginAccount,
        governance::{self, Proposal, Queued, number, parameter},
        ledger,
        order::Order,
        refresh, setup, trade,
        trigger::{self, Execution, Trigger},
        vault,
    },
};
use solana_instruction::Instruction;
use solana_pubkey::Pubkey;
use std::collections::BTreeSet;

/// An instruction that would succeed, and the pauses that stop it.
pub struct Row {
    pub name: &'static str,
    stopped_by: &'static [Pausable],
    pub instruction: Instruction,
}

fn row(name: &'static str, stopped_by: &'static [Pausable], instruction: Instruction) -> Row {
    Row { name, stopped_by, instruction }
}

/// What the table needs to name.
struct Stage {
    world: World,
    ready: Queued,
    waiting: Queued,
    /// Of tess: her order that rests, and her stop-loss that is due.
    order: OrderId,
    stop: u8,
}

/// A world in which every instruction of the table would succeed.
fn stage() -> Stage {
    let mut world = World::with_markets(&[BTC_PERP, SOL_PERP]);
    world.trader("lender").deposits(USDC, usdc(1_000));
    world.trader("alice").deposits(SOL, sol(10));
    world.trader("alice").borrows(USDC, usdc(10));
    world.trader("bob").deposits(SOL, sol(10));
    world.trader("carol");
    let ready = world.admin().proposes("bank.reserve_factor", SOL, bps(1_100)).expect("waits");
    let nominee = world.person("nominee");
    world.admin().nominates(nominee);
    world.passes(days(2));
    let waiting = world.admin().proposes("bank.reserve_factor", BTC, bps(1_100)).expect("waits");
    world.refreshes_all();
    world.donates(SOL, 5);
    world.trader("bob").deposits(BTC, 5);
    world.robs_vault(BTC, 1);
    world.trader("bob").refreshes(BTC);
    world.heals_vault(BTC, 1);
    world.guardian().pauses(Pausable::Skim, minutes(1));
    world.passes(minutes(1));
    world.refreshes_all();
    world.passes(1);
    world.oracle().publishes(SOL);
    for (who, token) in [("alice", SOL), ("alice", USDC)] {
        world.trader(who).gets(token, 1_000_000);
    }
    let (order, stop) = people_trade(&mut world);
    Stage { world, ready, waiting, order, stop }
}

/// Tess is long at a small loss; she has an order that rests and a stop-loss that is due, and a pocket in another market. A
/// fill waits for its maker, the pool holds fees, and some are collected. Returns her order and her stop-loss.
fn people_trade(world: &mut World) -> (OrderId, u8) {
    world.stakes(&["tess", "maker"]);
    world.trader("keeper");
    world.trader("maker").asks(BTC_PERP, 200, 60_010);
    world.trader("maker").bids(BTC_PERP, 50, 59_990);
    world.trader("tess").meeting(&["maker"]).longs(BTC_PERP, 100);
    world.trader("tess").settles(BTC_PERP);
    world.collects_fees(BTC_PERP);
    world.trader("tess").longs(BTC_PERP, 10);
    world.trader("tess").isolates(SOL_PERP);
    world.trader("tess").funds_pocket(SOL_PERP, usdc(10));
    let order = world.trader("tess").bids(BTC_PERP, 5, 59_000);
    let stop = world.trader("tess").places_trigger(BTC_PERP, Trigger::stop_loss(Side::Ask, 61_000));
    (order, stop.trigger_slot())
}

fn traders_rows(world: &mut World) -> Vec<Row> {
    use Pausable::{Account, Borrow, Deposit, Repay, Withdraw};
    let (payer, board, now) = (world.chain.payer(), world.exchange, world.now());
    let sol_in = world.trader("alice").inflow(SOL);
    let usdc_in = world.trader("alice").inflow(USDC);
    let sol_out = world.trader("bob").outflow(SOL);
    let usdc_out = world.trader("alice").outflow(USDC);
    let account = world.trader("alice").margin_account();
    let empty = world.trader("carol").margin_account();
    let dave = world.person("dave");
    vec![
        row("deposit", &[Deposit], sol_in.deposit(1_000)),
        row("deposit", &[Deposit], usdc_in.deposit(1_000)), // pays back, but is not the way for that
        row("withdraw", &[Withdraw], sol_out.withdraw(1_000, false, &[])),
        row("withdraw", &[Withdraw, Borrow], usdc_out.withdraw(1_000, true, &[])),
        row("withdraw_all", &[Withdraw], sol_out.withdraw_all(&[])),
        row("repay", &[Repay], usdc_in.repay(1_000)),
        row("repay_all", &[Repay], {
            world.trader("alice").gets(USDC, usdc(20));
            usdc_in.repay_all()
        }),
        row("open_account", &[Account], MarginAccount::derive(&board, dave, 0).open(payer)),
        row("close_account", &[Account], empty.close(empty.owner)),
        row(
            "set_delegate",
            &[Account],
            account.set_delegate(keys::address("bot"), scope::TRADE, now + hours(9)),
        ),
        row("set_delegate", &[], account.set_delegate(Pubkey::default(), 0, 0)), // taking it back always works
    ]
}

fn keepers_rows(world: &mut World) -> Vec<Row> {
    use Pausable::{Refresh, Skim};
    let (admin, collector) = (world.person("admin"), world.person("fee collector"));
    let destination = world.chain.wallet(&collector, &SOL);
    let (sol_bank, btc_bank) = (world.bank_of(SOL), world.bank_of(BTC));
    vec![
        row("refresh_prices", &[Refresh], refresh::refresh_prices(sol_bank.board, &[(0, SOL.pyth())], None)),
        row("refresh_bank", &[Refresh], refresh::refresh_bank(&sol_bank)),
        row("skim_surplus", &[Skim], vault::skim_surplus(&sol_bank, collector, destination)),
        row("resume_bank", &[], vault::resume_bank(&btc_bank, admin)),
    ]
}

fn trading_rows(stage: &mut Stage) -> Vec<Row> {
    use Pausable::{Account, ApplyFills, Cancel, Place, Trigger as Execute};
    let (world, order) = (&mut stage.world, stage.order);
    let (market, tess, maker) = (world.market_of(BTC_PERP), world.person("tess"), world.account_of("maker"));
    let account = world.account_of("tess");
    let trading = world.trader("tess").trading(BTC_PERP);
    let bid = Order::limit(Side::Bid, 5, 59_000);
    let execution =
        Execution { market, account, keeper: world.account_of("keeper"), quote_bank: world.quote_bank() };
    vec![
        row("place_order", &[Place], trading.place(&bid, &[], &[])),
        row("batch", &[Place], trading.batch(&[order], &[bid], &[], &[])), // a batch always places something
        row("cancel_order", &[Cancel], trading.cancel(order)),
        row("cancel_by_client_id", &[Cancel], trading.cancel_by_client_id(0)),
        row("cancel_all", &[Cancel], trading.cancel_all(None)),
        row("apply_fills", &[ApplyFills], trade::apply_fills(&market, &[maker], 8)),
        row("set_dead_man", &[Account], trade::set_dead_man(market.board, account, tess, 60)),
        row("place_trigger", &[Place], trading.place_trigger(&Trigger::stop_loss(Side::Ask, 50_000))),
        row("cancel_trigger", &[Cancel], trigger::cancel_trigger(market.board, account, tess, stage.stop)),
        row("execute_trigger", &[Execute], execution.execute(stage.stop, &[], &[maker])),
    ]
}

fn cash_rows(world: &mut World) -> Vec<Row> {
    use Pausable::{Pocket, Refresh, Settle};
    let (market, bank, collector) =
        (world.market_of(BTC_PERP), world.quote_bank(), world.person("fee collector"));
    let (admin, payer) = (world.person("admin"), world.chain.payer());
    let (wallet, account) = (world.chain.wallet(&collector, &USDC), world.account_of("tess"));
    let pocket = world.trader("tess").pocket(SOL_PERP);
    let third = MarketAddresses::derive(&world.exchange, 2);
    let args = SOL_PERP.args(world.feed_of(SOL));
    vec![
        row("settle_pnl", &[Settle], ledger::settle_pnl(&market, account, bank)),
        row("collect_fees", &[Settle], ledger::collect_fees(&market, bank)),
        row("pay_fees", &[Settle], ledger::pay_fees(&world.bank_of(USDC), collector, wallet)),
        row("fund_pocket", &[Pocket], pocket.fund(1_000, &[])),
        row("drain_pocket", &[Pocket], pocket.drain(1_000, &[])),
        row("set_position_mode", &[Pocket], pocket.set_mode(false)),
        row("refresh_market", &[Refresh], refresh::refresh_market(&market)),
        row("create_market", &[], setup::create_market(&third, admin, args)),
        row("grow_book", &[], setup::grow_book(&market, market.bids, payer)),
    ]
}

fn governors_rows(stage: &mut Stage) -> Vec<Row> {
    let world = &mut stage.world;
    let [admin, guardian, nominee] = ["admin", "guardian", "nominee"].map(|name| world.person(name));
    let of = world.exchange;
    let next = world.exchange_account().change_sequence + 1;
    let change = |name, value| Proposal {
        parameter: parameter(name).expect("a parameter").id,
        target: 1,
        bank: Some(world.bank_of(SOL).bank),
        market: None,
        value: number(value),
    };
    let new = Token::new("NEW", 6, 1.0);
    let register = setup::register_bank(&world.bank_of(new), admin, 0);
    let rows = vec![
        row("propose_change", &[], change("bank.minimum_deposit", 500).propose(&of, admin, next)),
        row("propose_change", &[], change("bank.reserve_factor", bps(1_200)).propose(&of, admin, next)),
        row("apply_change", &[Pausable::ApplyChange], stage.ready.apply(&of)),
        row("veto_change", &[], stage.waiting.veto(&of, guardian)),
        row("withdraw_change", &[], stage.waiting.withdraw(&of, admin)),
        row("nominate_admin", &[], governance::nominate_admin(&of, admin, Pubkey::default())),
        row("accept_admin", &[], governance::accept_admin(&of, nominee)),
        row("add_feed", &[], setup::add_feed(&of, admin, keys::bytes("another feed"), Pubkey::default())),
        row("register_bank", &[], register),
    ];
    world.chain.makes_mint(&new, &[], &[]);
    rows
}

/// Instructions that no pause can concern: the exchange is not there or not open yet, or they are the pauses themselves.
const BEYOND_PAUSES: [&str; 7] = [
    "create_exchange",
    "create_board",
    "grow_board",
    "create_insurance",
    "open_exchange",
    "pause",
    "unpause",
];

fn table() -> (World, Vec<Row>) {
    let mut stage = stage();
    let mut rows = traders_rows(&mut stage.world);
    rows.extend(keepers_rows(&mut stage.world));
    rows.extend(trading_rows(&mut stage));
    rows.extend(cash_rows(&mut stage.world));
    rows.extend(governors_rows(&mut stage));
    (stage.world, rows)
}

/// All worlds of the table, and the rows of each.
fn tables() -> Vec<(World, Vec<Row>)> {
    std::iter::once(table()).chain(danger::stages()).collect()
}

#[test]
fn every_pause_stops_what_it_names_and_nothing_else() {
    for (world, rows) in tables() {
        for row in &rows {
            world.clone().does(std::slice::from_ref(&row.instruction));
        }
        for action in Pausable::ALL {
            let mut paused = world.clone();
            paused.guardian().pauses(action, hours(1));
            for row in &rows {
                let mut world = paused.clone();
                let instruction = std::slice::from_ref(&row.instruction);
                match row.stopped_by.contains(&action) {
                    true => world.refuses(instruction, Refusal::Paused),
                    false => world.does(instruction),
                };
            }
        }
    }
}

#[test]
fn the_table_has_every_instruction_of_the_program() {
    let source = include_str!("../../programs/plimsoll/src/lib.rs");
    let (_, program) = source.split_once("pub mod plimsoll {").expect("the program's module");
    let names = program.split("pub fn ").skip(1).map(|rest| rest.split(['(', '<']).next().expect("a name"));
    let all: BTreeSet<&str> = names.collect();
    let rows: Vec<Row> = tables().into_iter().flat_map(|(_, rows)| rows).collect();
    let covered: BTreeSet<&str> = rows.iter().map(|row| row.name).chain(BEYOND_PAUSES).collect();
    assert_eq!(all, covered);
}

#[test]
fn every_action_that_can_be_paused_stops_something() {
    let rows: Vec<Row> = tables().into_iter().flat_map(|(_, rows)| rows).collect();
    for action in Pausable::ALL {
        assert!(rows.iter().any(|row| row.stopped_by.contains(&action)), "{action:?}");
    }
}
