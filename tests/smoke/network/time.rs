//! Time and prices under control.

use anyhow::{Result, anyhow};
use plimsoll::state::RiskBoard;
use plimsoll_client::{decode, instructions::refresh::refresh_prices};
use plimsoll_localnet::{Options, deploy, oracle::Publisher};
use plimsoll_risk::num::Price;
use solana_signer::Signer;
use solana_transaction::Transaction;

use super::Scene;

/// Long before any machine's own time, and long after.
const PAST: i64 = 1_651_881_600;
const FUTURE: i64 = 7_000_000_000;

fn board(scene: &Scene) -> Result<RiskBoard> {
    Ok(decode::read::<RiskBoard>(&scene.network.client().get_account_data(&scene.of.board)?)?)
}

fn price(whole: u64) -> Result<Price> {
    Price::from_decimal(whole, 0).map_err(|error| anyhow!("{error:?}"))
}

#[test]
fn published_prices_reach_the_board_at_exactly_the_time_that_was_set() -> Result<()> {
    let (scene, manifest) = (Scene::new()?, deploy::usual_manifest()?);
    let publisher = Publisher::new(&scene.network, &manifest);
    let feeds: Vec<_> = (0u8..3).map(|feed| (feed, publisher.account(feed.into()))).collect();
    for (time, prices) in [(FUTURE, [80, 40_000, 2_800]), (FUTURE + 1, [81, 39_000, 2_700])] {
        let prices = prices.into_iter().map(price).collect::<Result<Vec<_>>>()?;
        scene.network.set_time(time)?;
        publisher.publish(&prices, time)?;
        assert_eq!(publisher.published().into_iter().collect::<Option<Vec<_>>>(), Some(prices.clone()));
        scene.network.send(&[refresh_prices(scene.of.board, &feeds, None)], &[&scene.owner])?;

        let board = board(&scene)?;
        assert_eq!(board.header.heartbeat, time, "the program's own clock");
        for (feed, price) in board.feeds.iter().zip(prices) {
            assert_eq!((feed.price, feed.publish_time, feed.refreshed_at), (price, time, time));
        }
    }
    Ok(())
}

#[test]
fn time_that_was_set_stands_and_goes_on_from_there_when_it_is_let_go() -> Result<()> {
    let scene = Scene::with(&Options { slot_ms: 1_000, ..Options::default() })?;
    let network = &scene.network;
    network.set_time(PAST)?;
    let slot = network.client().get_slot()?;
    scene.opens()?;
    // Here each transaction is followed by the blocks that make it final.
    for amount in 1..=20 {
        scene.deposits(amount)?;
    }
    assert_eq!(network.now(), PAST);
    assert!(network.client().get_slot()? > slot, "blocks follow one another all the same");

    network.clock_runs_free();
    scene.deposits(21)?;
    let now = network.now();
    assert!((PAST + 1..PAST + 1_000).contains(&now), "a second a block: {now}");
    assert!(network.set_time(-1).is_err() && network.set_time(i64::MAX).is_err());
    Ok(())
}

#[test]
fn a_blockhash_outlives_a_thousand_turns_of_the_clock() -> Result<()> {
    let scene = Scene::new()?;
    let client = scene.network.client();
    let (blockhash, slot) = (client.get_latest_blockhash()?, client.get_slot()?);
    for second in 0..1_000 {
        scene.network.set_time(FUTURE + second)?;
    }
    assert!(client.get_slot()? >= slot + 1_000, "each turn is a slot of its own");
    assert_eq!(scene.network.now(), FUTURE + 999);
    let opens = Transaction::new_signed_with_payer(
        &[scene.account.open(scene.owner.pubkey())],
        Some(&scene.owner.pubkey()),
        &[&scene.owner],
        blockhash,
    );
    client.send_and_confirm_transaction(&opens)?;
    Ok(())
}
