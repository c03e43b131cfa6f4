//! What somebody still has when it is asked whether he is bankrupt: claims, dust, and what is more than that.

use super::*;

/// Alice made 90 in ETH-PERP that bob owes and has not paid, and lost 1,440 in BTC-PERP; nothing of her is open.
fn with_a_claim() -> World {
    let mut world = world();
    world.insures(usdc(10_000));
    world.deals("alice", "bob", ETH_PERP, 300, 30_000);
    world.jolts(ETH, 10);
    world.deals("bob", "alice", ETH_PERP, 300, 33_000);
    world.deals("alice", "bob", BTC_PERP, 800, 60_000);
    taken_over(world)
}

#[test]
fn a_claim_holds_the_bankruptcy_up_until_the_deadline_and_is_then_the_insurances() {
    let mut world = with_a_claim();
    let claim = i128::from(world.position("alice", ETH_PERP).quote.get());
    assert!(claim > units(80), "30 cents a lot, less fees: {claim}");
    world.trader("keeper").refused(Refusal::NotBankrupt).resolves("alice", Scope::Cross);
    let flagged = world.flag_of("alice", Scope::Cross).flagged_at;
    let deadline = flagged + i64::from(world.board().header.insolvency_seconds);
    let left = deadline - world.now() - 1;
    world.waits(left / 2);
    world.trader("keeper").assesses("alice", Scope::Cross); // fresh proof, or the flag would lapse
    let left = deadline - world.now() - 1;
    world.waits(left);
    world.trader("keeper").refused(Refusal::NotBankrupt).resolves("alice", Scope::Cross);
    world.waits(1);

    let (lost, before) = (lost(&world), sheet(&world));
    let told = resolves(&mut world, "alice", Scope::Cross);
    let claims: Vec<_> = told.legs.iter().filter(|leg| leg.kind == LEG_CLAIM).collect();
    assert_eq!((claims.len(), claims[0].amount.into()), (1, claim));
    // What she owes is the whole loss: her claim is nobody's but the insurance's from now on.
    before.changed(
        &world,
        &[
            ("alice USDC", -units(1_000)),
            ("alice BTC-PERP quote", lost),
            ("alice BTC-PERP realised", lost),
            ("alice ETH-PERP quote", -claim),
            ("alice ETH-PERP realised", -claim),
            ("BTC-PERP pool", lost),
            ("ETH-PERP insurance fees", claim),
            ("fund", units(1_000) - lost),
            ("USDC deposits", -units(1_000)),
        ],
    );
    // Once bob pays, insurance gets it, with its part of the fees.
    world.trader("bob").settles(ETH_PERP);
    let fees = i128::from(world.market(ETH_PERP).fees_receivable.get());
    let shared = (fees * i128::from(world.exchange_account().fee_share.get())) >> 30;
    let before = sheet(&world);
    world.collects_fees(ETH_PERP);
    before.changed(
        &world,
        &[
            ("ETH-PERP pool", -fees - claim),
            ("ETH-PERP fees", -fees),
            ("ETH-PERP insurance fees", -claim),
            ("ETH-PERP tranche", shared + claim),
            ("USDC collected", fees - shared),
        ],
    );
}

#[test]
fn a_claim_that_is_paid_in_time_is_the_accounts_own() {
    let mut world = with_a_claim();
    let claim = world.position("alice", ETH_PERP).quote.get();
    world.trader("bob").settles(ETH_PERP);
    world.trader("alice").settles(ETH_PERP);
    let lost = lost(&world);
    let told = resolves(&mut world, "alice", Scope::Cross);
    assert_eq!(
        (told.cash, told.deficit as i128),
        (usdc(1_000) + claim as u64, lost - units(1_000) - i128::from(claim))
    );
}

#[test]
fn deposits_too_small_to_be_liquidated_go_to_the_reserves() {
    let mut world = long();
    world.insures(usdc(10_000));
    world.trader("alice").deposits(SOL, sol(0.05)); // 7.5 of the 10 that count as dust
    world.trader("alice").deposits(BTC, btc(0.00002)); // 0.84 at the fallen price, 1.2 at the stable one
    let mut world = taken_over(world);
    let (lost, before) = (lost(&world), sheet(&world));
    let told = resolves(&mut world, "alice", Scope::Cross);
    let forfeited: Vec<_> =
        told.legs.iter().filter(|leg| leg.kind == LEG_DEPOSIT).map(|leg| leg.amount).collect();
    assert_eq!(forfeited, [sol(0.05), btc(0.00002)]);
    before.changed(
        &world,
        &[
            ("alice USDC", -units(1_000)),
            ("alice SOL", -i128::from(sol(0.05))),
            ("alice BTC", -i128::from(btc(0.00002))),
            ("alice BTC-PERP quote", lost),
            ("alice BTC-PERP realised", lost),
            ("BTC-PERP pool", lost),
            ("fund", units(1_000) - lost),
            ("USDC deposits", -units(1_000)),
            ("SOL deposits", -i128::from(sol(0.05))),
            ("SOL reserves", sol(0.05).into()),
            ("BTC deposits", -i128::from(btc(0.00002))),
            ("BTC reserves", btc(0.00002).into()),
        ],
    );
    let account = world.account("alice");
    assert!(
        account.balances.iter().all(|slot| slot.is_free()) && account.positions.iter().all(|it| it.is_free())
    );
    world.trader("alice").closes_account();
}

#[test]
fn who_has_something_left_is_not_bankrupt() {
    let refused = |world: &mut World, reason| {
        world.trader("keeper").refused(reason).resolves("alice", Scope::Cross);
    };
    // Lots.
    let mut it = long();
    it.jolts(BTC, -30);
    it.trader("keeper").assesses("alice", Scope::Cross);
    refused(&mut it, Refusal::NotBankrupt);
    // Half of them.
    it.trader("liz").takes_over("alice", BTC_PERP, 400);
    refused(&mut it, Refusal::NotBankrupt);
    // An order.
    let mut it = long();
    it.trader("alice").bids(ETH_PERP, 1, 20_000);
    let mut it = taken_over_after_cancelling(it);
    assert_eq!(it.listed("alice"), 0);
    resolves(&mut it, "alice", Scope::Cross);
    refused(&mut it, Refusal::NotFlagged); // once is enough
    // A deposit above dust.
    let mut it = long();
    it.trader("alice").deposits(SOL, sol(0.07));
    let mut it = taken_over(it);
    refused(&mut it, Refusal::NotBankrupt);
    it.waits(minutes(4));
    it.trader("keeper").assesses("alice", Scope::Cross);
    it.waits(minutes(4)); // beyond the deadline, too: somebody swaps it
    refused(&mut it, Refusal::NotBankrupt);
    // More deposited than is owed.
    let mut it = taken_over(long());
    it.trader("alice").deposits(USDC, usdc(443));
    refused(&mut it, Refusal::NotBankrupt);
    // A flag that lapsed, or none.
    let mut it = taken_over(long());
    it.waits(minutes(5) + 1);
    refused(&mut it, Refusal::NotFlagged);
    it.trader("keeper").assesses("alice", Scope::Cross);
    resolves(&mut it, "alice", Scope::Cross);
    let mut it = long();
    refused(&mut it, Refusal::NotFlagged);
    refused_pocket(&mut it);
}

/// An account without an isolated position there has no such scope.
fn refused_pocket(world: &mut World) {
    let scope = Scope::Pocket(world.market_of(BTC_PERP).index);
    let legs = [world.market_of(BTC_PERP).market];
    world.trader("keeper").refused(Refusal::NotIsolated).resolves_with("alice", scope, &legs);
}

fn taken_over_after_cancelling(mut world: World) -> World {
    world.jolts(BTC, -30);
    world.trader("keeper").assesses("alice", Scope::Cross);
    world.trader("liz").refused(Refusal::OrdersRemain).takes_over("alice", BTC_PERP, u32::MAX);
    world.trader("keeper").cancels_all_of("alice", ETH_PERP);
    world.trader("liz").takes_over("alice", BTC_PERP, u32::MAX);
    world
}

#[test]
fn whoever_resolves_brings_every_market_and_bank_along() {
    let mut world = long();
    world.insures(usdc(10_000));
    world.trader("alice").deposits(SOL, sol(0.05));
    let mut world = taken_over(world);
    let legs = world.legs_of("alice", Scope::Cross);
    assert_eq!(legs.len(), 2);
    for place in 0..legs.len() {
        let mut less = legs.clone();
        less.remove(place);
        world.trader("keeper").refused(Refusal::MissingLeg).resolves_with("alice", Scope::Cross, &less);
    }
    let reversed: Vec<_> = legs.iter().rev().copied().collect();
    world.trader("keeper").resolves_with("alice", Scope::Cross, &reversed);
    assert_eq!(world.position("alice", BTC_PERP).quote.get(), 0);
}
