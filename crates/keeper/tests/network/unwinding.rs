//! What a liquidator does with lots that it took over: no network, only what it decides, carried out on the compiled program.

use crate::{KEEPER, everything};
use harness::{World, keys, perps::BTC_PERP, tokens::*};
use plimsoll_client::{addresses::ExchangeAddresses, book::Side, instructions::order::Order};
use plimsoll_keeper::{
    chain::CLOCK,
    desk::{Own, View},
    duties,
    store::{Store, Update},
};
use solana_signer::Signer;

/// Carol has taken 1,000 lots over; dave bids for 600 of them near the index, and for the rest far from it.
#[test]
fn what_was_taken_over_is_given_back_near_the_index_and_not_below() {
    let mut world = World::with_steady_markets(&[BTC_PERP], |_| ());
    for name in ["bob", "dave", KEEPER] {
        world.trader(name).deposits(USDC, usdc(100_000));
    }
    world.deals(KEEPER, "bob", BTC_PERP, 1_000, 60_000);
    for (lots, price) in [(600, 59_820), (600, 59_400)] {
        world.trader("dave").places(BTC_PERP, Order::limit(Side::Bid, lots, price).post_only());
    }
    let given_back = |world: &mut World, reach: u32| {
        let of = ExchangeAddresses::derive();
        let own = Own::derive(&of, keys::keypair(KEEPER).pubkey(), 0);
        let mut store = Store::new(of);
        let mut clock = vec![0; 32];
        clock.extend(world.now().to_le_bytes());
        let all =
            everything(world).into_iter().filter_map(|it| Some((it, world.chain.account(&it)?.data.clone())));
        for (address, data) in all.chain([(CLOCK, clock)]) {
            assert!(store.apply(&Update { address, slot: 1, data: Some(data) }).is_ok());
        }
        let (board, now) = (store.board().expect("a board"), world.now());
        let due = duties::unwindings(&View { store: &store, board, own, now }, reach);
        let tasks: Vec<_> = due.into_iter().map(|back| back.task.instruction).collect();
        tasks.iter().for_each(|task| _ = world.does(std::slice::from_ref(task)));
        (tasks.len(), world.account(KEEPER).0.positions[0].lots.get())
    };
    assert_eq!(given_back(&mut world, 29), (0, 1_000), "nobody bids so near");
    assert_eq!(given_back(&mut world, 70), (1, 400));
    assert_eq!(given_back(&mut world, 70), (0, 400), "what is left would cost too much");
    assert_eq!(given_back(&mut world, 0), (0, 400), "0 keeps everything");
}
