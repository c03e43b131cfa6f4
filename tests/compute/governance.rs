//! Who may change what, and when.

use crate::{
    book::Book,
    shapes::{LATE, lived_in},
};
use harness::{
    World,
    amounts::{bps, days, hours},
    keys,
    tokens::SOL,
};
use plimsoll::{governance::Scope, state::risk_board::Pausable};
use plimsoll_client::{
    addresses::pending_change,
    instructions::governance::{self, Proposal, Queued, number, parameter},
};

/// A bank's parameter: interest is accrued before it changes, and the rate observed after.
const OF_A_BANK: &str = "bank.rate3";
/// A parameter of a bank's entry on the board, whose shares are valued anew.
const OF_TERMS: &str = "bank.asset_weight_maint";

pub fn measure(book: &mut Book) {
    at_once(book);
    queued(book);
    hand_over(book);
    pauses(book);
}

fn proposal(world: &World, name: &str, value: u64) -> Proposal {
    let row = parameter(name).expect("a parameter");
    let bank = (row.scope == Scope::Bank).then(|| world.bank_of(SOL).bank);
    Proposal { parameter: row.id, target: world.place_of(SOL), bank, market: None, value: number(value) }
}

/// Tightening needs not wait.
fn at_once(book: &mut Book) {
    let mut world = lived_in();
    world.passes(hours(1));
    let admin = world.person("admin");
    for (name, shape, parameter, value) in [
        ("propose_change", "applied at once, a bank's", "bank.utilisation_limit", bps(7_000)),
        (
            "propose_change.ramped",
            "applied at once, ramped, a bank's terms",
            "bank.liability_weight_maint",
            bps(11_500),
        ),
    ] {
        let sequence = world.exchange_account().change_sequence;
        let propose = proposal(&world, parameter, value).propose(&world.exchange, admin, sequence + 1);
        book.measure(name, shape, &mut world, propose);
        assert_eq!(world.exchange_account().change_sequence, sequence, "nothing waits");
    }
    assert_eq!(u64::from(world.bank(SOL).utilisation_limit.get()), bps(7_000));
}

/// Everything else waits, and is applied, vetoed or taken back.
fn queued(book: &mut Book) {
    let mut world = lived_in();
    let (admin, guardian) = (world.person("admin"), world.person("guardian"));
    let proposal = proposal(&world, OF_A_BANK, bps(9_000));
    let change = pending_change(&world.exchange.exchange, 1).address();
    let propose = proposal.propose(&world.exchange, admin, 1);
    book.measure("propose_change.queued", "has to wait", &mut world, propose);
    let queued = Queued { change, proposer: admin, bank: proposal.bank, market: None };
    assert!(world.change(&change).is_some());

    let mut other = world.clone();
    let veto = queued.veto(&other.exchange, guardian);
    book.measure("veto_change", "1 change", &mut other, veto);
    assert!(other.change(&change).is_none());

    let mut other = world.clone();
    let withdraw = queued.withdraw(&other.exchange, admin);
    book.measure("withdraw_change", "1 change", &mut other, withdraw);
    assert!(other.change(&change).is_none());

    world.passes(days(2));
    let apply = queued.apply(&world.exchange);
    book.measure("apply_change", "a bank's; interest accrues", &mut world, apply);
    assert_eq!(u64::from(world.bank(SOL).rate3.get()), bps(9_000));
    terms_of_the_last_bank(book, world);
}

fn terms_of_the_last_bank(book: &mut Book, mut world: World) {
    let admin = world.person("admin");
    let row = parameter(OF_TERMS).expect("a parameter");
    let last = LATE[3].bank;
    let proposal =
        Proposal { parameter: row.id, target: last, bank: None, market: None, value: number(bps(9_500)) };
    world.admin().sends(&proposal);
    let change = pending_change(&world.exchange.exchange, 2).address();
    world.passes(days(2));
    let before = world.board().banks[usize::from(last)].asset_weight_maint;
    let apply = Queued { change, proposer: admin, bank: None, market: None }.apply(&world.exchange);
    book.measure("apply_change.ramped", "ramped, terms of the last of 32 banks", &mut world, apply);
    assert_ne!(world.board().banks[usize::from(last)].asset_weight_maint, before);
}

fn hand_over(book: &mut Book) {
    let mut world = lived_in();
    let (admin, heir) = (world.person("admin"), world.person("heir"));
    let nominate = governance::nominate_admin(&world.exchange, admin, heir);
    book.measure("nominate_admin", "1 nominee", &mut world, nominate);
    world.passes(days(2));
    let accept = governance::accept_admin(&world.exchange, heir);
    book.measure("accept_admin", "after the delay", &mut world, accept);
    assert_eq!(world.exchange_account().admin.0, keys::address("heir").to_bytes());
}

fn pauses(book: &mut Book) {
    let mut world = lived_in();
    let guardian = world.person("guardian");
    let (action, place) = (Pausable::Withdraw as u8, Pausable::Withdraw as usize);
    let pause = governance::pause(&world.exchange, guardian, action, 3_600);
    book.measure("pause", "1 action", &mut world, pause);
    assert_eq!(world.board().header.paused_until[place], world.now() + 3_600);
    let unpause = governance::unpause(&world.exchange, guardian, action);
    book.measure("unpause", "1 action", &mut world, unpause);
    assert_eq!(world.board().header.paused_until[place], 0);
}
