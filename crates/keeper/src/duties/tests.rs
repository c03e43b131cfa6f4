use super::{maker::Maker, *};
use crate::{
    config::{Accruing, Making, Refreshing},
    scene::{NOW, Scene, clock, oracle},
};
use bytemuck::Zeroable;
use plimsoll_risk::num::{Lots, Quote};

#[test]
fn a_loss_is_settled_whole_and_a_gain_as_far_as_it_is_realised() {
    let terms = MarketTerms { lot_price: 500, shift: 2, ..MarketTerms::zeroed() };
    let position = |quote, realised| Position {
        lots: Lots::new(8),
        quote: Quote::new(quote),
        realised: Quote::new(realised),
        ..Position::zeroed()
    };
    assert_eq!(unsettled(&position(-1_300, 0), &terms), (300, false));
    assert_eq!(unsettled(&position(-900, 40), &terms), (40, true));
    assert_eq!(unsettled(&position(-900, 400), &terms), (100, true));
    assert_eq!(unsettled(&position(-900, -5), &terms), (0, true));
}

const ORACLES: [Pubkey; 2] = [Pubkey::new_from_array([7; 32]), Pubkey::new_from_array([8; 32])];

/// How many feeds each refresh is of.
fn refreshed(scene: &Scene, published: [i64; 2]) -> Vec<usize> {
    let mut store = scene.store();
    for (address, published) in ORACLES.iter().zip(published).filter(|it| it.1 != 0) {
        assert!(store.apply(&oracle(*address, published)).is_ok());
    }
    let feeds = (0u8..).zip(ORACLES).collect();
    let tasks = scene.looks(&store, |view| refreshes(view, &Refreshing::default(), &feeds));
    tasks
        .iter()
        .map(|task| task.instruction.accounts.iter().filter(|it| ORACLES.contains(&it.pubkey)).count())
        .collect()
}

#[test]
fn prices_are_refreshed_together_once_one_of_them_is_newer() {
    let mut scene = Scene { oracles: ORACLES.to_vec(), ..Scene::new() };
    for feed in &mut scene.board.feeds[..2] {
        feed.publish_time = NOW - 5;
    }
    assert_eq!(refreshed(&scene, [NOW - 5, NOW - 5]), [0; 0], "nothing is newer than what the board has");
    assert_eq!(refreshed(&scene, [NOW - 5, NOW]), [2], "the other may be newer as well");
    assert_eq!(refreshed(&scene, [NOW - 5, 0]), [2], "nobody knows what is in an account that was not seen");
    scene.board.feeds[1].publish_time = NOW - 4;
    assert_eq!(refreshed(&scene, [NOW - 5, NOW]), [0; 0], "what is newer is not old enough to be replaced");
}

#[test]
fn funding_waits_for_a_valid_price_but_not_for_long() {
    let mut scene = Scene::new();
    let mut due = |age: i64, is_valid: bool| {
        let terms = &mut scene.board.markets[0];
        (terms.funding_updated_at, terms.valid_until) = (NOW - age, if is_valid { NOW } else { NOW - 1 });
        let store = scene.store();
        scene.looks(&store, |view| accruals(view, &Accruing::default()).len())
    };
    assert_eq!((due(59, true), due(60, true)), (0, 1));
    assert_eq!((due(60, false), due(599, false), due(600, false)), (0, 0, 1));
}

#[test]
fn a_maker_quotes_once_until_the_index_moves_or_orders_are_missing_for_long() {
    let (mut scene, settings, maker) = (Scene::new(), Making::default(), Maker::default());
    let ways = |scene: &Scene, maker: &Maker, now: i64| {
        let mut store = scene.store();
        assert!(store.apply(&clock(now)).is_ok());
        let quotes = scene.looks(&store, |view| maker.quotes(view, &settings));
        quotes.first().map(|quote| quote.ways.len())
    };
    assert_eq!(
        ways(&scene, &maker, NOW),
        Some(2),
        "flat, with nothing to cancel: the ladder, and the modest one"
    );

    let quoted = Maker::having_quoted(0, 60_000, NOW);
    scene.board.markets[0].valid_until = NOW + 60;
    assert_eq!(ways(&scene, &quoted, NOW + 4), None, "orders are missing, but not for long");
    assert_eq!(ways(&scene, &quoted, NOW + 5), Some(2));
    scene.board.markets[0].lot_price = 6_003_100 << 8;
    assert_eq!(ways(&scene, &quoted, NOW), Some(2), "more than five hundredths of a percent");
    scene.board.markets[0].lot_price = 6_003_000 << 8;
    assert_eq!(ways(&scene, &quoted, NOW), None);
    assert_eq!(ways(&scene, &maker, NOW + 61), None, "without a valid price nothing is quoted");

    let held = &mut scene.account.positions[0];
    (held.flags, held.lots) = (1, Lots::new(50_000));
    scene.account.orders[0] = plimsoll_risk::layout::account::OpenOrder { id: 8, ..Zeroable::zeroed() };
    assert_eq!(ways(&scene, &maker, NOW), Some(4), "besides: only what reduces, and at last nothing at all");
}
