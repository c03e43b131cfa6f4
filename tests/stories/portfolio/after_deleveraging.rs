//! A portfolio whose side of a market was deleveraged, and to which nobody has applied that yet.

use super::{PERPS, people};
use harness::{World, perps::*, tokens::*};
use people::SUBJECT;
use plimsoll_client::instructions::liquidation::Scope;
use plimsoll_sim::dice::{Dice, Subject};

/// She and another are short what somebody poor is long; the price falls until nobody takes that over any more, and it is
/// closed against both.
pub fn portfolio(seed: u64) -> World {
    let mut dice = Dice::new(seed, Subject::Conduct);
    let mut world = World::with_steady_markets(&PERPS, |_| ());
    for name in ["maker", "keeper", "one stranger", "another stranger"] {
        world.trader(name).deposits(USDC, usdc(10_000_000));
    }
    world.trader("poor").deposits(USDC, usdc(1_000));
    world.trader(SUBJECT).deposits(USDC, usdc(1_000 + dice.below(1_000) as u32));
    world.trader(SUBJECT).deposits(BTC, btc(0.01));
    world.deals("poor", SUBJECT, BTC_PERP, dice.between(380, 420) as u32, 60_000);
    world.deals("poor", "maker", BTC_PERP, 400, 60_000);
    world.oracle().says(BTC, 46_700.0);
    world.refreshes_all();
    people::holds(&mut world, &mut dice, ETH_PERP, 95);
    people::holds(&mut world, &mut dice, SOL_PERP, 95);
    let seconds = i64::from(world.board().header.insolvency_seconds);
    world.trader("keeper").assesses("poor", Scope::Cross);
    world.waits(seconds - 60);
    world.trader("keeper").assesses("poor", Scope::Cross);
    world.waits(60);
    let before = world.lots(SUBJECT, BTC_PERP);
    world.trader("keeper").deleverages("poor", BTC_PERP, 300);
    assert_eq!(world.lots(SUBJECT, BTC_PERP), before, "nobody applied it yet");
    people::ages(&mut world);
    world
}
