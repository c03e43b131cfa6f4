//! Insurance staking: who stakes bears losses and earns revenue, and leaves neither before a loss nor with somebody else's
//! money.

mod owners;

use harness::{Failure, World, amounts::*, perps::*, tokens::*};
use plimsoll::{errors::Refusal, state::risk_board::Pausable};
use plimsoll_client::{events::Event, instructions::liquidation::Scope};

const ALL: [&str; 7] = ["alice", "bob", "liz", "sam", "tess", "mallory", "keeper"];
/// Shares that nobody owns, against one native unit.
const VIRTUAL: u128 = 1_000;

/// Alice with 1,000 USDC, the others with 10,000 and more; sam, tess and mallory have stakes, empty. All revenue of the
/// insurance goes to the fund.
fn world() -> World {
    let mut world = World::with_steady_markets(&[BTC_PERP], |world| {
        world.sets_in_market("market.tranche_target", BTC_PERP, 0)
    });
    for (name, amount) in [
        ("alice", 1_000),
        ("bob", 1_000_000),
        ("liz", 1_000_000),
        ("sam", 10_000),
        ("tess", 10_000),
        ("mallory", 10_000),
        ("keeper", 10_000),
    ] {
        world.trader(name).deposits(USDC, usdc(amount));
    }
    for name in ["sam", "tess", "mallory"] {
        world.trader(name).opens_stake();
    }
    world
}

/// The fund as its stakers should find it: what the shares own, and how many there are.
#[derive(Clone, Copy, Default)]
struct Fund {
    assets: u128,
    shares: u128,
}

impl Fund {
    fn worth(self, shares: u128) -> u128 {
        shares * (self.assets + 1) / (self.shares + VIRTUAL)
    }

    fn issues(self, amount: u128) -> u128 {
        amount * (self.shares + VIRTUAL) / (self.assets + 1)
    }

    /// Somebody stakes: the balance and the fund change by the amount, the shares are those of the price.
    fn stakes(&mut self, world: &mut World, name: &str, amount: u64) -> u64 {
        let issued = self.issues(amount.into());
        let before = world.sheet(&ALL);
        let told = world.trader(name).stakes(amount);
        let Event::StakeMoved(event) = told.event() else { panic!("{:?}", told.events) };
        assert_eq!((event.amount, u128::from(event.shares)), (amount as i64, issued));
        before.changed(world, &moved(name, -i128::from(amount)).each());
        self.assets += u128::from(amount);
        self.shares += issued;
        event.shares
    }

    /// Somebody redeems at the price of now; returns what that was worth.
    fn redeems(&mut self, world: &mut World, name: &str, shares: u64) -> u128 {
        let worth = self.worth(shares.into());
        let before = world.sheet(&ALL);
        let told = world.trader(name).redeems(shares);
        let Event::StakeMoved(event) = told.event() else { panic!("{:?}", told.events) };
        assert_eq!((i128::from(event.amount), event.shares), (-(worth as i128), shares));
        before.changed(world, &moved(name, worth as i128).each());
        self.assets -= worth;
        self.shares -= u128::from(shares);
        worth
    }
}

/// The lines that move with a stake: names and changes.
struct Moved(String, i128);

fn moved(name: &str, by: i128) -> Moved {
    Moved(format!("{name} USDC"), by)
}

impl Moved {
    fn each(&self) -> [(&str, i128); 3] {
        [(&self.0, self.1), ("USDC deposits", self.1), ("fund", -self.1)]
    }
}

fn cooldown(world: &World) -> i64 {
    world.exchange_account().insurance_cooldown.into()
}

fn refused(world: &mut World, name: &str, shares: u64, reason: impl Into<Failure>) {
    world.trader(name).refused(reason).redeems(shares);
}

/// Alice's 800 lots have lost 442.4 more than she has; she is flagged, and counted among the insolvent.
fn alice_fails(world: &mut World) {
    world.deals("alice", "bob", BTC_PERP, 800, 60_000);
    world.jolts(BTC, -30);
    world.trader("keeper").assesses("alice", Scope::Cross);
    assert_eq!(world.insurance().insolvent, 1);
}

/// Her lots are taken over and her bankruptcy is resolved; returns what the fund paid.
fn alice_is_resolved(world: &mut World) -> u128 {
    world.trader("liz").takes_over_unsubsidised("alice", BTC_PERP, u32::MAX);
    let told = world.trader("keeper").resolves("alice", Scope::Cross);
    let Event::BankruptcyResolved(event) = told.event() else { panic!("{:?}", told.events) };
    event.legs[0].fund.into()
}

/// Two trade to and fro, and what insurance gets of the fees begins to stream into the fund; returns that.
fn earns(world: &mut World) -> u128 {
    world.refreshes_all();
    world.deals("bob", "liz", BTC_PERP, 5_000, 60_000);
    world.deals("liz", "bob", BTC_PERP, 5_000, 60_000);
    for name in ["bob", "liz"] {
        world.trader(name).settles(BTC_PERP);
    }
    let told = world.collects_fees(BTC_PERP);
    let fund = told.events.iter().find_map(|event| match event {
        Event::InsuranceEarned(event) => Some(event.fund),
        _ => None,
    });
    fund.expect("revenue").into()
}

#[test]
fn a_stake_is_cooled_and_redeemed_within_its_window_and_then_cooled_again() {
    let (mut world, mut fund) = (world(), Fund::default());
    world.trader("sam").refused(Refusal::WouldBorrow).stakes(usdc(10_001));
    let shares = fund.stakes(&mut world, "sam", usdc(1_000));
    assert_eq!(shares, usdc(1_000) * 1_000);
    refused(&mut world, "sam", shares, Refusal::NotEnoughShares); // nothing has cooled
    world.trader("sam").refused(Refusal::NotEnoughShares).cools(shares + 1);
    let told = world.trader("sam").cools(shares / 4);
    let Event::StakeCooled(event) = told.event() else { panic!("{:?}", told.events) };
    let seconds = cooldown(&world);
    assert_eq!((event.shares, event.ready_at), (shares / 4, world.now() + seconds));

    world.passes(seconds - 1);
    refused(&mut world, "sam", 1_000, Refusal::StakeCooling);
    world.passes(1);
    refused(&mut world, "sam", shares / 4 + 1, Refusal::NotEnoughShares);
    assert_eq!(fund.redeems(&mut world, "sam", shares / 8), u128::from(usdc(125)));
    world.passes(days(2) - 1);
    assert_eq!(fund.redeems(&mut world, "sam", shares / 16), u128::from(usdc(62.5)));
    world.passes(1);
    refused(&mut world, "sam", shares / 16, Refusal::RedemptionOver);

    // Again, with all that is left; whoever changes his mind stops it, and more shares begin anew.
    let left = shares - shares / 8 - shares / 16;
    world.trader("sam").cools(left);
    world.passes(seconds - 1);
    world.trader("sam").cools(0);
    world.passes(1);
    refused(&mut world, "sam", left, Refusal::NotEnoughShares);
    world.trader("sam").cools(1_000);
    world.passes(seconds - 1);
    world.trader("sam").cools(left);
    world.passes(1);
    refused(&mut world, "sam", 1_000, Refusal::StakeCooling);
    world.passes(seconds - 1);
    assert_eq!(fund.redeems(&mut world, "sam", left), u128::from(usdc(812.5)));
    world.trader("sam").owns(USDC, usdc(10_000));
    assert_eq!(world.fund_covers(), 0);
}

#[test]
fn nobody_leaves_or_joins_between_a_loss_and_its_payment() {
    let (mut world, mut fund) = (world(), Fund::default());
    let sams = fund.stakes(&mut world, "sam", usdc(3_000));
    let tesss = fund.stakes(&mut world, "tess", usdc(1_000));
    world.trader("sam").cools(sams);
    world.passes(cooldown(&world));
    world.refreshes_all();

    let mut saved = world.clone();
    alice_fails(&mut world);
    refused(&mut world, "sam", sams, Refusal::LossPending);
    world.trader("mallory").refused(Refusal::LossPending).stakes(usdc(1_000));
    world.trader("tess").cools(tesss); // she may begin to cool: that helps nobody
    let paid = alice_is_resolved(&mut world);
    assert!(paid > u128::from(usdc(442)));
    // Three quarters of it are sam's: his shares had cooled, and are worth what they are worth now.
    fund.assets -= paid;
    let worth = fund.redeems(&mut world, "sam", sams);
    assert!((u128::from(usdc(3_000)) - worth).abs_diff(paid * 3 / 4) <= 1, "{worth}");
    world.passes(cooldown(&world));
    let worth = fund.redeems(&mut world, "tess", tesss);
    assert!((u128::from(usdc(1_000)) - worth).abs_diff(paid / 4) <= 1, "{worth}");

    // Where the price comes back in time, nobody lost anything, and the fund opens with the end of the danger.
    alice_fails(&mut saved);
    refused(&mut saved, "sam", sams, Refusal::LossPending);
    saved.oracle().says(BTC, 60_000.0);
    saved.refreshes_all();
    refused(&mut saved, "sam", sams, Refusal::LossPending); // nobody has looked yet
    saved.trader("keeper").assesses("alice", Scope::Cross);
    assert_eq!(saved.insurance().insolvent, 0);
    saved.trader("sam").redeems(sams);
    saved.trader("sam").owns(USDC, usdc(10_000));
}

#[test]
fn who_is_not_redeemed_in_time_bears_the_next_loss() {
    let (mut world, mut fund) = (world(), Fund::default());
    let shares = fund.stakes(&mut world, "sam", usdc(2_000));
    world.trader("sam").cools(shares);
    world.passes(days(3));
    world.refreshes_all();
    alice_fails(&mut world);
    let paid = alice_is_resolved(&mut world);
    refused(&mut world, "sam", shares, Refusal::StakeCooling);
    world.passes(cooldown(&world) - days(3));
    fund.assets -= paid;
    let worth = fund.redeems(&mut world, "sam", shares);
    assert!((u128::from(usdc(2_000)) - worth).abs_diff(paid) <= 1, "{worth}");
}

#[test]
fn revenue_streams_in_over_a_day_and_who_comes_late_gets_what_comes_late() {
    let (mut world, mut fund) = (world(), Fund::default());
    let sams = fund.stakes(&mut world, "sam", usdc(1_000));
    world.trader("sam").cools(sams);
    world.passes(cooldown(&world));
    let revenue = earns(&mut world);
    assert!(revenue > 1_000_000, "{revenue}");
    assert_eq!(u128::from(world.fund_covers()), fund.assets + revenue, "it covers losses at once");

    // Nothing of it is anybody's yet.
    let mut early = world.clone();
    let mut of_early = fund;
    assert_eq!(of_early.redeems(&mut early, "sam", sams), u128::from(usdc(1_000)));

    // A quarter of a day later a quarter is.
    world.passes(hours(6));
    fund.assets += revenue / 4;
    let worth = fund.redeems(&mut world, "sam", sams / 2);
    assert!(worth > u128::from(usdc(500)) + revenue / 8 - 2);
    // Tess comes for the rest of it, and gets her part of that and no more.
    let tesss = fund.stakes(&mut world, "tess", usdc(1_000));
    world.trader("tess").cools(tesss);
    world.passes(hours(18));
    fund.assets += revenue - revenue / 4;
    let worth = fund.redeems(&mut world, "sam", sams / 2);
    assert!(
        worth > u128::from(usdc(500)) + revenue / 8 + revenue / 4 - 2
            && worth < u128::from(usdc(500)) + revenue / 2
    );
    world.passes(cooldown(&world) - hours(18));
    let worth = fund.redeems(&mut world, "tess", tesss);
    assert!(
        worth > u128::from(usdc(1_000)) + revenue * 3 / 8
            && worth < u128::from(usdc(1_000)) + revenue * 3 / 4
    );
}

#[test]
fn what_is_streaming_bears_a_loss_before_the_stakers_do() {
    let (mut world, mut fund) = (world(), Fund::default());
    let shares = fund.stakes(&mut world, "sam", usdc(2_000));
    let revenue = earns(&mut world);
    alice_fails(&mut world);
    let passed = 1; // the price moved a second later
    let paid = alice_is_resolved(&mut world);
    let arrived = revenue * passed / 86_400;
    fund.assets = fund.assets + arrived - (paid - (revenue - arrived));
    assert_eq!(u128::from(world.fund_covers()), fund.assets);
    world.trader("sam").cools(shares);
    world.passes(cooldown(&world));
    fund.redeems(&mut world, "sam", shares);
}

#[test]
fn the_first_staker_gains_nothing_by_making_shares_dear() {
    let (mut world, mut fund) = (world(), Fund::default());
    let own = fund.stakes(&mut world, "mallory", 1); // as little as there is
    assert_eq!(own, 1_000);
    // Tokens sent to the vault are a surplus and no part of the fund.
    world.donates(USDC, usdc(5_000));
    assert_eq!(world.fund_covers(), 1);
    // Fees reach it, in a day; then a share is a thousand times as dear and more.
    let revenue = earns(&mut world);
    world.passes(days(1));
    fund.assets += revenue;
    world.trader("tess").refused(Refusal::StakeTooSmall).stakes(100);
    let tesss = fund.stakes(&mut world, "tess", usdc(1_000));
    for name in ["mallory", "tess"] {
        let shares = if name == "tess" { tesss } else { own };
        world.trader(name).cools(shares);
    }
    world.passes(cooldown(&world));
    // Half of what was given is nobody's, and no more than a thousandth of what tess staked is gone.
    let worth = fund.redeems(&mut world, "mallory", own);
    assert!(worth <= revenue / 2 + u128::from(usdc(1)), "{worth} of {revenue}");
    let worth = fund.redeems(&mut world, "tess", tesss);
    assert!(worth <= u128::from(usdc(1_000)) && worth >= u128::from(usdc(999)), "{worth}");
}

#[test]
fn a_loss_beyond_the_fund_ends_a_generation_and_an_open_deficit_keeps_the_fund_closed() {
    let (mut world, mut fund) = (world(), Fund::default());
    let sams = fund.stakes(&mut world, "sam", usdc(80));
    let tesss = fund.stakes(&mut world, "tess", usdc(20));
    world.trader("sam").cools(sams);
    world.passes(cooldown(&world));
    world.refreshes_all();
    alice_fails(&mut world);
    assert_eq!(alice_is_resolved(&mut world), u128::from(usdc(100)), "all there is");
    let insurance = world.insurance();
    assert_eq!((insurance.fund.generation, insurance.fund.shares.get(), world.fund_covers()), (1, 0, 0));
    let deficit = world.market(BTC_PERP).deficit.get();
    assert!(deficit > usdc(170), "442.4 less the fund and 168 of the winners: {deficit}");

    // The loss is known, and nobody has borne the rest: no one leaves, no one joins to pay for it.
    assert_eq!((insurance.insolvent, insurance.open_deficits), (0, 1));
    refused(&mut world, "sam", sams, Refusal::LossPending);
    world.trader("mallory").refused(Refusal::LossPending).stakes(usdc(100));
    fills_the_deficit(&mut world);
    assert_eq!(world.insurance().open_deficits, 0);

    // Shares of that generation are nothing.
    refused(&mut world, "sam", sams, Refusal::NotEnoughShares);
    world.trader("tess").refused(Refusal::NotEnoughShares).cools(tesss);
    world.trader("tess").refused(Refusal::StakeNotEmpty).closes_stake();
    world.trader("tess").cools(0);
    world.trader("tess").closes_stake();
    // A new one begins as the first did; sam's old shares do not come back to life in it.
    let own = world.insurance().fund.own.get() + world.insurance().fund.streaming.get();
    let shares = world.trader("sam").stakes(usdc(50));
    let Event::StakeMoved(event) = shares.event() else { panic!("{:?}", shares.events) };
    assert_eq!(event.shares, usdc(50) * 1_000);
    assert_eq!(world.stake("sam").stake.shares.get(), event.shares);
    assert_eq!(world.fund_covers(), usdc(50) + own);
}

/// Two trade until their fees are as much as the deficit.
fn fills_the_deficit(world: &mut World) {
    for _ in 0..20 {
        world.refreshes_all();
        world.deals("bob", "liz", BTC_PERP, 20_000, 42_000);
        world.deals("liz", "bob", BTC_PERP, 20_000, 42_000);
        world.collects_fees(BTC_PERP);
        if world.market(BTC_PERP).deficit.get() == 0 {
            return;
        }
    }
    panic!("the deficit is never filled");
}
