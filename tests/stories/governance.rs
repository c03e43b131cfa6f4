//! Changes between proposal and effect, pauses, and the hand-over of the admin's role.

use anchor_lang::error::ErrorCode;
use harness::{World, amounts::*, keys, tokens::*};
use plimsoll::{errors::Refusal, state::risk_board::Pausable};
use plimsoll_client::{addresses::pending_change, events::Event, instructions::governance::Queued};
use plimsoll_risk::num::Ratio;
use solana_account::Account;
use solana_pubkey::Pubkey;

/// A queued rise of SOL's weight, whose delay has passed.
fn with_ready_change() -> (World, Queued) {
    let mut world = World::open();
    let queued = world.admin().proposes("bank.asset_weight_maint", SOL, percent(92)).expect("waits");
    world.passes(days(2));
    (world, queued)
}

#[test]
fn a_queued_change_is_told_with_both_values_and_its_time() {
    let mut world = World::open();
    let now = world.now();
    let queued = world.admin().proposes("bank.borrow_cap", SOL, 5);
    assert!(queued.is_none(), "tightening");
    let queued = world.admin().proposes("bank.borrow_cap", SOL, 9).expect("waits");
    let change = world.change(&queued.change).expect("queued");
    assert_eq!((change.old_value[0], change.new_value[0], change.number), (5, 9, 1));
    assert_eq!((change.queued_at, change.ready_at, change.expires_at), (now, now + days(2), now + days(9)));
}

#[test]
fn a_queued_change_does_nothing_until_it_is_applied() {
    let (mut world, queued) = with_ready_change();
    let weight = |world: &World| world.board().banks[1].asset_weight_maint;
    assert_eq!(u64::from(weight(&world).to), percent(90));
    world.governor("anyone").applies(&queued);
    assert_eq!(u64::from(weight(&world).to), percent(92));
    assert_eq!(u64::from(weight(&world).value(world.now())), percent(90));
    let midway = u64::from(weight(&world).value(world.now() + hours(12)));
    assert!(midway.abs_diff(percent(91)) <= 1, "{midway}");
}

#[test]
fn a_change_is_applied_once() {
    let (mut world, queued) = with_ready_change();
    world.governor("anyone").applies(&queued);
    world.governor("anyone").refused(ErrorCode::AccountOwnedByWrongProgram).applies(&queued);
}

#[test]
fn the_rent_of_a_change_returns_to_who_proposed_it() {
    let mut world = World::open();
    let council = world.person("risk council");
    let before = world.chain.account(&council).expect("council").lamports;
    let queued =
        world.governor("risk council").proposes("bank.asset_weight_maint", SOL, percent(92)).expect("waits");
    assert!(world.chain.account(&council).expect("council").lamports < before);
    world.passes(days(2));
    let thief = Queued { proposer: world.person("thief"), ..queued };
    world.governor("anyone").refused(Refusal::NotTheProposer).applies(&thief);
    world.guardian().refused(Refusal::NotTheProposer).vetoes(&thief);
    world.admin().refused(Refusal::NotTheProposer).takes_back(&thief);
    world.governor("anyone").applies(&queued);
    assert_eq!(world.chain.account(&council).expect("council").lamports, before);
}

#[test]
fn the_guardian_vetoes_and_nobody_else() {
    let (mut world, queued) = with_ready_change();
    for who in ["admin", "risk council", "stranger"] {
        world.governor(who).refused(Refusal::NotTheGuardian).vetoes(&queued);
    }
    let told = world.guardian().vetoes(&queued);
    let guardian = keys::address("guardian");
    assert!(matches!(told.event(), Event::ChangeDropped(event) if event.by == guardian && event.number == 1));
    assert!(world.change(&queued.change).is_none());
    assert_eq!(u64::from(world.board().banks[1].asset_weight_maint.to), percent(90));
}

#[test]
fn the_guardian_cannot_veto_its_own_removal() {
    let mut world = World::open();
    let successor = world.person("next guardian");
    let queued = world.admin().proposes_address("exchange.guardian", successor).expect("waits");
    world.guardian().refused(Refusal::OwnRemoval).vetoes(&queued);
    world.guardian().pauses(Pausable::ApplyChange, days(1));
    world.passes(days(2));
    world.governor("anyone").applies(&queued);
    world.guardian().refused(Refusal::NotTheGuardian).pauses(Pausable::Deposit, hours(1));
    world.governor("next guardian").pauses(Pausable::Deposit, hours(1));
}

#[test]
fn who_proposed_or_the_admin_takes_a_change_back() {
    let mut world = World::open();
    let mine =
        world.governor("risk council").proposes("bank.asset_weight_maint", SOL, percent(92)).expect("waits");
    world.governor("stranger").refused(Refusal::NotAGovernor).takes_back(&mine);
    world.guardian().refused(Refusal::NotAGovernor).takes_back(&mine);
    world.governor("risk council").takes_back(&mine);
    let theirs =
        world.governor("risk council").proposes("bank.asset_weight_maint", SOL, percent(92)).expect("waits");
    world.admin().takes_back(&theirs);
    let admins = world.admin().proposes("bank.asset_weight_maint", SOL, percent(92)).expect("waits");
    world.governor("risk council").refused(Refusal::NotAGovernor).takes_back(&admins);
}

#[test]
fn a_change_expires() {
    let (mut world, queued) = with_ready_change();
    world.passes(days(7) - 1);
    world.clone().governor("anyone").applies(&queued);
    world.passes(1);
    world.governor("anyone").refused(Refusal::ChangeExpired).applies(&queued);
    world.admin().takes_back(&queued);
}

#[test]
fn a_change_dies_if_the_parameter_moved_meanwhile() {
    let (mut world, queued) = with_ready_change();
    world.sets("bank.asset_weight_initial", SOL, percent(70));
    world.sets("bank.asset_weight_maint", SOL, percent(85));
    world.governor("anyone").refused(Refusal::ParameterMoved).applies(&queued);
}

#[test]
fn of_two_changes_of_one_parameter_only_the_first_applied_counts() {
    let mut world = World::open();
    let first = world.admin().proposes("bank.asset_weight_maint", SOL, percent(92)).expect("waits");
    let second = world.admin().proposes("bank.asset_weight_maint", SOL, percent(95)).expect("waits");
    assert_ne!(first.change, second.change);
    world.passes(days(2));
    world.governor("anyone").applies(&second);
    world.governor("anyone").refused(Refusal::ParameterMoved).applies(&first);
}

#[test]
fn values_that_contradict_each_other_are_refused() {
    let mut world = World::open();
    world.admin().refused(Refusal::Contradiction).proposes("bank.asset_weight_maint", SOL, percent(79));
    world.admin().refused(Refusal::Contradiction).proposes("bank.liability_weight_maint", SOL, percent(130));
    world.admin().refused(Refusal::Contradiction).proposes("bank.day_limit", SOL, percent(50));
    world.admin().refused(Refusal::Contradiction).proposes("bank.asset_weight_initial", USDC, percent(99));
    world.sets("bank.hour_limit", SOL, percent(40));
    world.sets("bank.day_limit", SOL, percent(50));
    // What waits is judged when it is applied.
    let queued = world.admin().proposes("bank.hour_limit", SOL, percent(60)).expect("waits");
    world.passes(days(2));
    world.governor("anyone").refused(Refusal::Contradiction).applies(&queued);
}

#[test]
fn a_donation_to_a_changes_address_does_not_stand_in_its_way() {
    let mut world = World::open();
    let address = pending_change(&world.exchange.exchange, 1).address();
    world.chain.place(address, Account { lamports: 1_000_000, ..Account::default() });
    let queued = world.admin().proposes("bank.asset_weight_maint", SOL, percent(92)).expect("waits");
    assert_eq!(queued.change, address);
}

#[test]
fn a_tightened_maintenance_weight_moves_along_its_ramp() {
    let mut world = World::open();
    world.sets("bank.asset_weight_initial", SOL, percent(50));
    assert_eq!(world.board().banks[1].asset_weight_initial, Ratio::new(percent(50) as u32), "at once");
    world.sets("bank.asset_weight_maint", SOL, percent(60));
    let ramp = world.board().banks[1].asset_weight_maint;
    let at = |hour| u64::from(ramp.value(world.now() + hours(hour)));
    assert_eq!((at(0), at(24)), (percent(90), percent(60)));
    assert!(at(8).abs_diff(percent(80)) <= 1);
}

#[test]
fn the_terms_take_effect_on_margin_at_once() {
    let mut world = World::open();
    world.trader("lender").deposits(USDC, usdc(10_000));
    world.trader("alice").deposits(SOL, sol(10));
    world.sets("bank.asset_weight_initial", SOL, percent(40));
    world.trader("alice").refused(Refusal::NotEnoughMargin).borrows(USDC, usdc(601));
    world.trader("alice").borrows(USDC, usdc(599));
}

#[test]
fn the_admins_role_is_handed_over_in_two_steps_with_a_delay() {
    let mut world = World::open();
    let heir = world.person("heir");
    world.governor("heir").refused(Refusal::NobodyNominated).accepts();
    world.guardian().refused(Refusal::NotTheAdmin).nominates(heir);
    world.admin().nominates(heir);
    world.governor("heir").refused(Refusal::NotReady).accepts();
    world.passes(days(2) - 1);
    world.governor("heir").refused(Refusal::NotReady).accepts();
    world.passes(1);
    world.governor("stranger").refused(Refusal::NotTheNominee).accepts();
    world.admin().proposes("bank.minimum_deposit", SOL, 2); // still in office
    world.governor("heir").accepts();
    world.admin().refused(Refusal::NotAGovernor).proposes("bank.minimum_deposit", SOL, 3);
    world.governor("heir").proposes("bank.minimum_deposit", SOL, 3);
    world.governor("heir").refused(Refusal::NobodyNominated).accepts();
}

#[test]
fn a_nomination_is_taken_back_and_never_goes_to_the_guardian() {
    let mut world = World::open();
    let (heir, guardian) = (world.person("heir"), world.person("guardian"));
    world.admin().refused(Refusal::RolesCollide).nominates(guardian);
    world.admin().nominates(heir);
    world.admin().nominates(Pubkey::default());
    world.passes(days(3));
    world.governor("heir").refused(Refusal::NobodyNominated).accepts();
}

#[test]
fn a_pause_ends_by_itself() {
    let mut world = World::open();
    let told = world.guardian().pauses(Pausable::Deposit, hours(1));
    let until = world.now() + hours(1);
    assert!(matches!(told.event(), Event::PauseSet(event) if event.until == until && event.action == 0));
    world.passes(hours(1) - 1);
    world.trader("alice").refused(Refusal::Paused).deposits(SOL, 1);
    world.passes(1);
    world.trader("alice").deposits(SOL, 1);
}

#[test]
fn only_the_guardian_pauses_and_the_admin_too_may_end_a_pause() {
    let mut world = World::open();
    for who in ["admin", "risk council", "stranger"] {
        world.governor(who).refused(Refusal::NotTheGuardian).pauses(Pausable::Deposit, hours(1));
    }
    world.guardian().pauses(Pausable::Deposit, hours(1));
    world.governor("stranger").refused(Refusal::NotTheGuardian).unpauses(Pausable::Deposit);
    world.admin().unpauses(Pausable::Deposit);
    world.trader("alice").deposits(SOL, 1);
    world.guardian().pauses(Pausable::Deposit, hours(1));
    world.guardian().unpauses(Pausable::Deposit);
    world.guardian().refused(Refusal::NotPaused).unpauses(Pausable::Deposit);
}

#[test]
fn a_pause_has_a_least_and_a_greatest_length() {
    let mut world = World::open();
    for seconds in [0, 59, days(1) + 1, i64::from(u32::MAX)] {
        world.guardian().refused(Refusal::BadPause).pauses(Pausable::Withdraw, seconds);
    }
    world.guardian().pauses(Pausable::Withdraw, 60);
    world.guardian().refused(Refusal::BadPause).pauses(Pausable::Withdraw, 60); // adds nothing
    world.guardian().pauses(Pausable::Withdraw, days(1));
}

#[test]
fn nobody_pauses_what_is_not_in_the_list() {
    let mut world = World::open();
    let (of, guardian) = (world.exchange, world.person("guardian"));
    for action in [Pausable::ALL.len() as u8, 17, 255] {
        let pause = plimsoll_client::instructions::governance::pause(&of, guardian, action, 60);
        world.refuses(&[pause], Refusal::UnknownAction);
        let unpause = plimsoll_client::instructions::governance::unpause(&of, guardian, action);
        world.refuses(&[unpause], Refusal::UnknownAction);
    }
}

#[test]
fn an_action_is_paused_three_days_in_a_fortnight_at_most() {
    let mut world = World::open();
    for _ in 0..3 {
        world.guardian().pauses(Pausable::Withdraw, days(1));
        world.passes(days(1));
    }
    world.guardian().refused(Refusal::PauseDutyUsedUp).pauses(Pausable::Withdraw, 60);
    world.guardian().pauses(Pausable::Deposit, days(1)); // each action has its own
    world.passes(days(11));
    world.guardian().pauses(Pausable::Withdraw, days(1));
}

#[test]
fn an_extension_of_a_pause_uses_only_what_it_adds() {
    let mut world = World::open();
    world.guardian().pauses(Pausable::Withdraw, days(1));
    for _ in 0..48 {
        world.passes(hours(1));
        world.guardian().pauses(Pausable::Withdraw, days(1));
    }
    let used = world.exchange_account().pause_duty[Pausable::Withdraw as usize].used;
    assert_eq!(i64::from(used), days(3));
    world.passes(hours(1));
    world.guardian().refused(Refusal::PauseDutyUsedUp).pauses(Pausable::Withdraw, days(1));
}
