//! Each invariant notices: a world in which all hold, one thing changed behind the program's back, and the complaint.

use super::conduct::{Moment, who_acts_keeps_margin_or_lowers_risk};
use crate::{World, perps::*, tokens::*};
use bytemuck::Pod;
use plimsoll::state::{MarginAccount, Market};
use plimsoll_client::{
    book::Side,
    instructions::{
        liquidation::{self, Liquidation, Scope},
        order::Order,
    },
};
use plimsoll_risk::{
    layout::account::{ACCOUNT_FLAGGED, ACCOUNT_INSOLVENT, POSITION_INSOLVENT},
    num::{Lots, Quote, TokenAmount},
};
use solana_pubkey::Pubkey;
use std::{
    any::Any,
    panic::{AssertUnwindSafe, catch_unwind},
};

/// Alice is long 60 lots, which still wait for bob; another 40 of his ask rest, and a bid of his.
fn world() -> World {
    let mut world = World::with_markets(&[BTC_PERP]);
    for name in ["alice", "bob"] {
        world.trader(name).deposits(USDC, usdc(100_000));
    }
    world.trader("bob").places(BTC_PERP, Order::limit(Side::Ask, 100, 60_000).client_id(7));
    world.trader("bob").places(BTC_PERP, Order::limit(Side::Bid, 5, 59_000));
    world.trader("alice").longs(BTC_PERP, 60);
    world
}

/// What is complained of once an account is changed.
fn complaint<T: Pod>(address: impl Fn(&World) -> Pubkey, change: impl FnOnce(&mut T)) -> String {
    let mut world = world();
    let address = address(&world);
    world.chain.tamper(&address, |account| {
        change(bytemuck::from_bytes_mut(&mut account.data[8..8 + size_of::<T>()]));
    });
    let check = AssertUnwindSafe(|| super::check(&world.chain, &mut world.history));
    message(catch_unwind(check).expect_err("nobody noticed"))
}

fn message(panic: Box<dyn Any + Send>) -> String {
    match panic.downcast::<String>() {
        Ok(message) => *message,
        Err(other) => (*other.downcast::<&str>().expect("a message")).to_owned(),
    }
}

#[track_caller]
fn in_market(change: impl FnOnce(&mut Market), words: &str) {
    says(&complaint(|world| world.market_of(BTC_PERP).market, change), words);
}

#[track_caller]
fn in_account(name: &str, change: impl FnOnce(&mut MarginAccount), words: &str) {
    says(&complaint(|world| world.account_of(name), change), words);
}

#[track_caller]
fn says(complaint: &str, words: &str) {
    assert!(complaint.contains(words), "{complaint}");
}

#[test]
fn lots_that_nobody_holds_are_noticed() {
    in_market(|market| market.long_lots += 1, "lots counted in market");
    in_account("alice", |it| it.positions[0].lots = Lots::new(61), "lots counted in market");
    // Head and tail, behind the market.
    let change = |header: &mut [u64; 6]| header[5] = header[4];
    says(&complaint(|world| world.market_of(BTC_PERP).queue, change), "waiting in market");
}

#[test]
fn quote_that_nobody_lost_is_noticed() {
    in_account("alice", |it| it.positions[0].quote = Quote::ZERO, "leaks");
    in_market(|market| market.fees_receivable = Quote::new(1_000_000_000), "leaks");
    in_market(|market| market.fees_receivable = Quote::ZERO, "gathers dust");
}

#[test]
fn an_earmark_that_nobody_holds_is_noticed() {
    in_market(|market| market.pool = TokenAmount::new(1), "earmarks of bank");
    in_account("alice", |it| it.positions[0].pocket = Quote::new(1), "a pocket of a cross position");
}

#[test]
fn orders_that_books_do_not_hold_are_noticed() {
    in_account("bob", |it| it.positions[0].asks += 1, "bids and asks of");
    in_account("bob", |it| it.positions[0].bids_quote = Quote::ZERO, "bids and asks of");
    in_account("bob", |it| it.orders[0].client_id = 8, "client id");
    in_account("bob", |it| it.orders[0].node += 1, "an order of");
    in_account("bob", |it| it.header.orders_in_use = 0, "order slot");
    in_account("alice", |it| (it.orders[0].id, it.header.orders_in_use) = (9, 1), "lists");
    in_account("bob", |it| it.positions[3].asks = 1, "something is left of a position");
}

#[test]
fn a_damaged_book_is_noticed() {
    // The count of orders at fixed prices, behind the market and three links.
    let change = |header: &mut [u32; 12]| header[11] += 1;
    says(&complaint(|world| world.market_of(BTC_PERP).asks, change), "Count");
}

#[test]
fn an_event_that_was_not_told_is_noticed() {
    in_market(|market| market.sequence += 1, "events of market");
}

#[test]
fn a_side_that_is_counted_wrong_is_noticed() {
    in_market(|market| market.long_residue.positions += 1, "longs of market 0");
    in_market(|market| market.short_residue.earlier += 1, "shorts of market 0");
    in_market(|market| market.long_residue.behind += 1, "longs of market 0");
    in_market(|market| market.short_residue.lots = 1, "lots counted in market");
    in_market(|market| market.long_residue.base = Quote::new(-1_000_000_000), "dust");
}

#[test]
fn a_loss_that_the_fund_does_not_count_is_noticed() {
    in_market(|market| market.deficit = TokenAmount::new(1), "open deficits");
    let mark = |it: &mut MarginAccount| (it.header.state, it.header.flagged_at) = (ACCOUNT_INSOLVENT, 1);
    in_account("alice", mark, "insolvent accounts and pockets");
}

#[test]
fn a_flag_without_what_it_is_about_is_noticed() {
    in_account("alice", |it| it.header.state = ACCOUNT_FLAGGED, "state 1 of");
    let flag = |it: &mut MarginAccount| it.pocket_flags[0].flagged_at = 1;
    in_account("alice", flag, "the flag of a pocket that is none");
    in_account("alice", |it| it.positions[0].flags |= POSITION_INSOLVENT, "insolvent");
}

#[test]
fn insurance_that_nobody_told_of_is_noticed() {
    let mut world = world();
    world.endows_tranche(BTC_PERP, 5);
    world.history.insured -= 5;
    let check = AssertUnwindSafe(|| super::check(&world.chain, &mut world.history));
    says(&message(catch_unwind(check).expect_err("nobody noticed")), "insurance changed by 5");
}

#[test]
fn a_healthy_account_in_danger_is_noticed() {
    let mut world = world();
    world.applies_fills(BTC_PERP, &["bob"]);
    let (account, board, now) = (world.account_of("alice"), world.exchange.board, world.now());
    let market = world.market_of(BTC_PERP);
    let own = world.account_of("bob");
    let liquidation = Liquidation { board, liquidator: own, own, account };
    let deeds = [
        (liquidation::assess(board, account, Scope::Cross, None, &[]), "is flagged, health"),
        (liquidation.take_over(&market, 1, 1, None, &[]), "without a flag"),
        (liquidation::deleverage(&market, account, 1, &[]), "too early"),
    ];
    for (deed, words) in deeds {
        let deed = [deed];
        let danger = super::Danger::of(&world.chain, &deed);
        let mut after = world.chain.clone();
        after.tamper(&account, |it| {
            let it: &mut MarginAccount =
                bytemuck::from_bytes_mut(&mut it.data[8..8 + size_of::<MarginAccount>()]);
            (it.header.flagged_at, it.header.flag_renewed_at) = (now, now);
        });
        let judge = AssertUnwindSafe(|| danger.judge(&after, &deed));
        says(&message(catch_unwind(judge).expect_err("nobody noticed")), words);
    }
}

#[test]
fn a_price_worse_than_allowed_is_noticed() {
    let mut world = World::with_steady_markets(&[BTC_PERP], |_| ());
    for (name, amount) in [("alice", 2_000), ("bob", 20_000), ("carol", 20_000)] {
        world.trader(name).deposits(USDC, usdc(amount));
    }
    world.deals("alice", "bob", BTC_PERP, 1_000, 60_000);
    world.jolts(BTC, -28);
    world.trader("carol").assesses("alice", Scope::Cross);
    let market = world.market_of(BTC_PERP);
    let liquidation = world.trader("carol").liquidation("alice");
    let at = |worst| [liquidation.take_over(&market, 100, worst, None, &[])];
    // The price is 43,200, the fee half a percent.
    let (allowed, less) = (at(43_100), at(42_000));
    let danger = super::Danger::of(&world.chain, &less);
    let mut after = world.chain.clone();
    after.send(&allowed).must_succeed();
    let judge = AssertUnwindSafe(|| danger.judge(&after, &less));
    says(&message(catch_unwind(judge).expect_err("nobody noticed")), "lots for");
    world.does(&allowed);
}

#[test]
fn risk_without_margin_is_noticed_and_reducing_it_is_not() {
    let world = world();
    let with = |lots| {
        let mut account = world.account("alice");
        account.positions[0].lots = Lots::new(lots);
        account
    };
    let moment = |account| Moment { account, board: world.board(), now: world.now() };
    let (few, many, more) = (with(60), with(100_000), with(100_001));
    let judge = |before, after| {
        catch_unwind(AssertUnwindSafe(|| {
            who_acts_keeps_margin_or_lowers_risk(&moment(before), &moment(after));
        }))
    };
    assert!(judge(&few, &many).is_err() && judge(&many, &more).is_err());
    assert!(judge(&more, &many).is_ok() && judge(&many, &few).is_ok());
}
