//! One of each instruction, by its builder.

use crate::{
    addresses::{BankAddresses, ExchangeAddresses, MarketAddresses},
    book::{OrderId, Side},
    instructions::{
        account::MarginAccount,
        governance::{self, Proposal, Queued},
        insurance::Stake,
        ledger::{self, Pocket},
        liquidation::{self, IntoBook, Liquidation, Resolution, Scope},
        order::Order,
        refresh, settlement, setup,
        trade::{self, Trading},
        trigger::{self, Execution, Trigger},
        vault::{self, Inflow, Outflow},
    },
};
use plimsoll::instructions::setup::{MarketArgs, Roles};
use plimsoll_risk::num::Ratio;
use solana_instruction::Instruction;
use solana_pubkey::Pubkey;

/// Somebody, or an account, of each number.
const fn key(number: u8) -> Pubkey {
    Pubkey::new_from_array([number; 32])
}

const SOMEBODY: Pubkey = key(1);
const ACCOUNT: Pubkey = key(2);
const WALLET: Pubkey = key(3);

struct Places {
    of: ExchangeAddresses,
    bank: BankAddresses,
    market: MarketAddresses,
}

/// All that there are.
pub fn of_each() -> Vec<Instruction> {
    let of = ExchangeAddresses::derive();
    let places = Places {
        of,
        bank: BankAddresses::derive(&of, key(4), key(5)),
        market: MarketAddresses::derive(&of, 0),
    };
    [
        setting_up(&places),
        governing(&places),
        money(&places),
        trading(&places),
        liquidating(&places),
        insuring(&places),
        ending(&places),
    ]
    .concat()
}

fn setting_up(Places { of, bank, market }: &Places) -> Vec<Instruction> {
    let roles = Roles {
        admin: SOMEBODY,
        risk_council: SOMEBODY,
        guardian: SOMEBODY,
        fee_collector: SOMEBODY,
        timelock_seconds: 0,
        ramp_seconds: 0,
    };
    let terms = MarketArgs { feed: 0, lots_per_unit: 1, tick_lot: 1, minimum_lots: 1 };
    vec![
        setup::create_exchange(SOMEBODY, SOMEBODY, bank.mint, roles),
        setup::create_board(of, SOMEBODY),
        setup::grow_board(of, SOMEBODY),
        setup::add_feed(of, SOMEBODY, [0; 32], key(9)),
        setup::register_bank(bank, SOMEBODY, 0),
        setup::create_market(market, SOMEBODY, terms),
        setup::grow_book(market, market.bids, SOMEBODY),
        setup::create_insurance(of, SOMEBODY, bank.bank),
        setup::open_exchange(of, SOMEBODY),
        refresh::refresh_prices(of.board, &[], None),
        refresh::refresh_bank(bank),
        refresh::refresh_market(market),
    ]
}

fn governing(Places { of, .. }: &Places) -> Vec<Instruction> {
    let proposal = Proposal { parameter: 0, target: 0, bank: None, market: None, value: [0; 32] };
    let queued = Queued { change: key(6), proposer: SOMEBODY, bank: None, market: None };
    vec![
        proposal.propose(of, SOMEBODY, 0),
        queued.apply(of),
        queued.veto(of, SOMEBODY),
        queued.withdraw(of, SOMEBODY),
        governance::nominate_admin(of, SOMEBODY, SOMEBODY),
        governance::accept_admin(of, SOMEBODY),
        governance::pause(of, SOMEBODY, 0, 1),
        governance::unpause(of, SOMEBODY, 0),
        settlement::prove_life(of, SOMEBODY),
    ]
}

fn money(Places { of, bank, market }: &Places) -> Vec<Instruction> {
    let own = MarginAccount::derive(of, SOMEBODY, 0);
    let inflow = Inflow { bank: *bank, account: ACCOUNT, depositor: SOMEBODY, source: WALLET };
    let outflow = Outflow { bank: *bank, account: ACCOUNT, owner: SOMEBODY, destination: WALLET };
    let pocket =
        Pocket { board: of.board, market: 0, account: ACCOUNT, trader: SOMEBODY, quote_bank: bank.bank };
    vec![
        own.open(SOMEBODY),
        own.close(SOMEBODY),
        own.set_delegate(SOMEBODY, 0, 0),
        inflow.deposit(1),
        inflow.repay(1),
        inflow.repay_all(),
        outflow.withdraw(1, true, &[]),
        outflow.withdraw_all(&[]),
        vault::skim_surplus(bank, SOMEBODY, WALLET),
        vault::resume_bank(bank, SOMEBODY),
        ledger::settle_pnl(market, ACCOUNT, bank.bank),
        pocket.fund(1, &[]),
        pocket.drain(1, &[]),
        pocket.set_mode(true),
        ledger::collect_fees(market, bank.bank),
        ledger::pay_fees(bank, SOMEBODY, WALLET),
    ]
}

fn trading(Places { of, bank, market }: &Places) -> Vec<Instruction> {
    let trading = Trading { market: *market, account: ACCOUNT, trader: SOMEBODY };
    let (order, trigger) = (Order::limit(Side::Bid, 1, 1), Trigger::stop_loss(Side::Ask, 1));
    let execution = Execution { market: *market, account: ACCOUNT, keeper: ACCOUNT, quote_bank: bank.bank };
    vec![
        trading.place(&order, &[], &[]),
        trading.batch(&[], &[order], &[], &[]),
        trading.cancel(OrderId::new(1)),
        trading.cancel_by_client_id(1),
        trading.cancel_all(None),
        trade::set_dead_man(of.board, ACCOUNT, SOMEBODY, 1),
        trade::apply_fills(market, &[], 1),
        trading.place_trigger(&trigger),
        trigger::cancel_trigger(of.board, ACCOUNT, SOMEBODY, 0),
        execution.execute(0, &[], &[]),
    ]
}

fn liquidating(Places { of, bank, market }: &Places) -> Vec<Instruction> {
    let liquidation = Liquidation { board: of.board, liquidator: SOMEBODY, own: ACCOUNT, account: key(7) };
    let resolution = Resolution {
        exchange: *of,
        resolver: SOMEBODY,
        resolver_account: ACCOUNT,
        account: key(7),
        quote_bank: bank.bank,
    };
    let terms = IntoBook { most_lots: 1, most_makers: 1, least_pay: 0 };
    vec![
        liquidation::assess(of.board, ACCOUNT, Scope::Cross, None, &[]),
        liquidation.take_over(market, 1, 1, None, &[]),
        liquidation.swap_collateral(bank, bank, 1, Ratio::ZERO, &[]),
        liquidation.buy_pnl(market, bank.bank, 1, Ratio::ZERO, &[]),
        liquidation::liquidate_into_book(market, ACCOUNT, key(7), &terms, &[], &[]),
        liquidation::deleverage(market, ACCOUNT, 1, &[]),
        liquidation::apply_deleveraging(market, ACCOUNT),
        resolution.resolve(Scope::Cross, &[]),
        liquidation::gate_withdrawals(bank, ACCOUNT, &[]),
    ]
}

fn insuring(Places { of, bank, .. }: &Places) -> Vec<Instruction> {
    let stake = Stake::derive(of, SOMEBODY);
    vec![
        stake.open(),
        stake.stake(ACCOUNT, bank.bank, 1, &[]),
        stake.cool(1),
        stake.redeem(ACCOUNT, bank.bank, 1),
        stake.close(),
    ]
}

fn ending(Places { bank, market, .. }: &Places) -> Vec<Instruction> {
    vec![
        settlement::start_settlement(market, SOMEBODY),
        settlement::observe_settlement(market),
        settlement::close_settled(market, ACCOUNT),
        settlement::close_market(market, bank.bank),
    ]
}
