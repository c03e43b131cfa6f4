use super::{maker::Maker, *};
use crate::{
    config::{Accruing, Making, Refreshing, Settling},
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
fn settlements_wait_for_prices_but_not_for_long() {
    let mut scene = Scene::new();
    let settings = Settling { seconds: 60, ..Settling::default() };
    let mut is_due = |age: i64, is_valid: bool| {
        scene.board.markets[0].valid_until = if is_valid { NOW } else { NOW - 1 };
        scene.looks(&scene.store(), |view| settles_now(view, &settings, NOW - age))
    };
    assert!(!is_due(59, true) && is_due(60, true));
    assert!(!is_due(60, false) && !is_due(599, false) && is_due(600, false));
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

/// What a maker that has never quoted would quote in the first market.
fn quoted(scene: &Scene, settings: &Making) -> Option<Vec<Task>> {
    let quotes = scene.looks(&scene.store(), |view| Maker::default().quotes(view, settings));
    quotes.into_iter().next().map(|quote| quote.ways)
}

#[test]
fn a_maker_waits_while_a_price_is_missing_to_anything_that_it_holds() {
    let (mut scene, settings) = (Scene::new(), Making::default());
    scene.board.header.market_count = 2;
    scene.board.markets[1] = scene.board.markets[0];
    let held = &mut scene.account.positions[0];
    (held.flags, held.market, held.lots) = (1, 1, Lots::new(50));
    scene.board.markets[0].valid_until = NOW + 60;
    for (until, is_quoted) in [(NOW, true), (NOW - 1, false), (NOW + 90, true)] {
        scene.board.markets[1].valid_until = until;
        let ways = quoted(&scene, &settings);
        assert_eq!(ways.is_some(), is_quoted, "until {until}");
        assert!(ways.iter().flatten().all(|way| way.until == until.min(NOW + 60)));
    }
}

#[test]
fn a_maker_places_no_more_orders_than_it_has_places_for() {
    let (mut scene, many) = (Scene::new(), Making { ladder_bps: (1..=12).collect(), ..Making::default() });
    let length = |ways: &[Task]| ways.first().map(|way| way.instruction.data.len());
    let eight = Making { ladder_bps: (1..=8).collect(), ..Making::default() };
    let (many_ways, eight_ways) = (quoted(&scene, &many), quoted(&scene, &eight));
    let (many_ways, eight_ways) = (many_ways.expect("a ladder"), eight_ways.expect("a ladder"));
    assert_eq!(length(&many_ways), length(&eight_ways), "one instruction places sixteen");

    for order in &mut scene.account.orders {
        (order.id, order.market) = (8, 1);
    }
    assert_eq!(
        quoted(&scene, &many).map(|ways| ways.len()),
        Some(0),
        "all places are taken by another market"
    );
    for order in &mut scene.account.orders {
        order.market = 0;
    }
    let ways = quoted(&scene, &many).expect("they wait to be applied");
    assert_eq!(ways.iter().map(|way| way.name).collect::<Vec<_>>(), ["cancel_all"]);
}
