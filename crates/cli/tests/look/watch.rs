//! The screen on real accounts: keys, news, and where scenes come from.

use crate::{PATIENCE, TOWN, WORLD, does};
use plimsoll_cli::{
    names::Names,
    watch::{
        feed::{Memory, News, Pace, Source},
        scene::Scene,
        screen::{Screen, as_text},
    },
};
use plimsoll_client::rpc::Reader;
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use solana_client::rpc_client::RpcClient;
use std::sync::LazyLock;
use std::{
    thread,
    time::{Duration, Instant},
};

fn names() -> Names {
    Names::read(include_str!("../../../../migrations/localnet.toml"), "localnet.toml").expect("names").1
}

fn reader() -> Reader {
    let network = &WORLD.network;
    Reader::new(&[network.rpc_url()], network.client().commitment())
}

/// Everything is read again after each pause where there is no subscription.
fn source(websocket: String, pause: Duration) -> Source {
    let network = &WORLD.network;
    let short = Duration::from_millis(20);
    let client = RpcClient::new_with_commitment(network.rpc_url(), network.client().commitment());
    let pace = Pace { frame: short, shared: short, everything: Duration::MAX, pause };
    Source { client, reader: reader(), websocket, names: names(), pace }
}

fn screen() -> Screen {
    LazyLock::force(&TOWN);
    Screen::new("here".into(), Scene::of(&Memory::read(&reader(), names()).expect("everything")))
}

fn press(screen: &mut Screen, code: KeyCode) -> bool {
    screen.press(KeyEvent::new(code, KeyModifiers::NONE)).is_break()
}

fn text(screen: &Screen) -> String {
    as_text(screen, 150, 30).expect("a frame")
}

/// Somebody opens a margin account.
fn opens() {
    does(&WORLD.wallet(0), "account open");
}

/// Waits for a scene of which this holds.
fn awaits(source: Source, begin: impl FnOnce(), holds: impl Fn(&Scene) -> bool) {
    let (tell, news) = crossbeam_channel::unbounded();
    thread::spawn(move || source.feed_scenes(&tell));
    let mut begin = Some(begin);
    // Ends a hang, and nothing else.
    let end = Instant::now() + PATIENCE;
    loop {
        let told = news.recv_deadline(end).expect("news");
        assert!(Instant::now() < end, "scenes come, but none like that");
        let News::Scene(scene) = told else { continue };
        // After the first scene: what begins now can only be heard of.
        if let Some(begin) = begin.take() {
            begin();
        } else if holds(&scene) {
            return;
        }
    }
}

#[test]
fn a_chosen_panel_moves_and_q_ends() {
    let mut screen = screen();
    let first = text(&screen);
    assert!(first.contains("BTC-PERP") && first.contains("ETH-PERP"), "{first}");
    assert!(!press(&mut screen, KeyCode::BackTab) && !press(&mut screen, KeyCode::Down));
    let moved = text(&screen);
    let rows = |text: &str| text.lines().filter(|line| line.contains("BTC-PERP")).count();
    assert_eq!((rows(&first), rows(&moved)), (2, 1), "the markets begin with the second:\n{moved}");
    for _ in 0..9 {
        press(&mut screen, KeyCode::Down);
    }
    assert!(text(&screen).contains("SOL-PERP"), "it stops at the last");
    assert!(press(&mut screen, KeyCode::Char('q')));
    let interrupt = KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL);
    assert!(screen.press(interrupt).is_break() && !press(&mut screen, KeyCode::Char('c')));
}

#[test]
fn a_problem_is_shown_until_it_is_over() {
    let mut screen = screen();
    screen.hears(News::Problem(Some("failed: the network: gone".into())));
    assert!(text(&screen).contains("the network: gone"));
    screen.hears(News::Problem(None));
    assert!(!text(&screen).contains("gone"));
}

#[test]
fn a_change_is_heard_by_subscription() {
    let before = Memory::read(&reader(), names()).expect("everything").accounts.len();
    let source = source(WORLD.network.websocket_url(), Duration::MAX);
    awaits(source, opens, |scene| scene.accounts > before);
}

#[test]
fn without_a_subscription_everything_is_read_again_and_again() {
    let before = Memory::read(&reader(), names()).expect("everything").accounts.len();
    let source = source("ws://127.0.0.1:1".into(), Duration::from_millis(20));
    awaits(source, opens, |scene| scene.accounts > before);
}
