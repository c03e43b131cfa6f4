//! Who is dealt with how, in figures that can be checked by hand.

use super::*;
use bytemuck::Zeroable;
use plimsoll_risk::{
    health::{BAD_FEED_DECAY, BAD_FEED_GRACE, Overlay},
    layout::{
        account::{
            ACCOUNT_FLAGGED, ACCOUNT_INSOLVENT, Balance, POSITION_IN_USE, POSITION_INSOLVENT,
            POSITION_ISOLATED, PocketFlag,
        },
        bank::{BankTerms, NO_FEED, ShareValues},
        board::RiskBoard,
        feed::Feed,
        market::{MARKET_SETTLING, MarketTerms},
    },
    num::{Lots, StoredIndex},
    ramp::Ramp,
    validity::Validity,
};

const NOW: i64 = 1_000_000;
const FLAGGED_AT: i64 = NOW - 10;
const QUOTE: u8 = 0;
const SOL: u8 = 1;

fn part(of: u32) -> Ratio {
    Ratio::new(Ratio::ONE.get() / of)
}

/// A token whose share is worth 1, three quarters of it at maintenance, and owed at five quarters.
fn bank(feed: u8) -> BankTerms {
    let weighted = if feed == NO_FEED { 1_024 } else { 768 };
    let owed = if feed == NO_FEED { 1_024 } else { 1_280 };
    BankTerms {
        values: ShareValues {
            asset_strict: weighted,
            asset_maint: weighted,
            liability_strict: owed,
            liability_liqend: owed,
            liability_maint: owed,
            asset_equity: 1_024,
            liability_equity: 1_024,
        },
        shift: 10,
        valid_until: NOW,
        publish_time: NOW,
        feed,
        decimals: 6,
        deposit_index: StoredIndex::ONE,
        borrow_index: StoredIndex::ONE,
        ..BankTerms::zeroed()
    }
}

/// Two markets on one feed: a lot is worth 1,024 and needs 128 to be opened, 64 to be kept, 72 to end a liquidation.
fn board() -> Box<RiskBoard> {
    let mut board = Box::new(RiskBoard::zeroed());
    let header = &mut board.header;
    header.liq_buffer = Ramp::constant(part(8).get());
    header.quote_decimals = 6;
    (header.market_count, header.bank_count, header.feed_count) = (2, 2, 1);
    header.insolvency_seconds = 600;
    header.liq_dust = Quote::new(100);
    header.max_publish_spread = 10;
    board.feeds[0] = Feed {
        price: Price::ONE,
        stable: Price::ONE,
        last_valid_price: Price::ONE,
        last_valid_time: NOW,
        publish_time: NOW,
        max_age: 60,
        validity: Validity::Valid as u8,
        ..Feed::zeroed()
    };
    (board.banks[0], board.banks[1]) = (bank(NO_FEED), bank(0));
    for market in &mut board.markets[..2] {
        *market = MarketTerms {
            lot_price: 1_024 << 8,
            lot_stable: 1_024 << 8,
            shift: 8,
            // Where its price is computed anew, a lot is worth 1,024.59.
            lots_per_unit: 976,
            initial_ratio: part(8),
            maint_ratio: part(16),
            unbound_initial: Quote::MAX,
            unbound_maint: Quote::MAX,
            pnl_weight: Ratio::ONE,
            valid_until: NOW,
            publish_time: NOW,
            liq_fee_start: Ratio::from_bps(50),
            liq_fee_most: Ratio::from_bps(50),
            ..MarketTerms::zeroed()
        };
    }
    board
}

/// Somebody, and what the liquidator finds.
struct Scene {
    account: Box<MarginAccount>,
    board: Box<RiskBoard>,
    scope: Scope,
    market: MarketOutlook,
    depth: u32,
    repays: bool,
}

impl Scene {
    /// Nobody with anything; a liquidator who takes everything, an empty book.
    fn new() -> Self {
        let market = MarketOutlook { capacity: u32::MAX, counter_lots: 5_000, ..MarketOutlook::default() };
        let account = Box::new(MarginAccount::zeroed());
        Self { account, board: board(), scope: Scope::Cross, market, depth: 0, repays: true }
    }

    /// 1,000 lots long that cost what they are worth, and so much quote.
    fn long(quote: u64) -> Self {
        Self::new().balance(QUOTE, quote, false).position(1_000, -1_024_000)
    }

    fn balance(mut self, bank: u8, shares: u64, is_borrow: bool) -> Self {
        let slot = usize::from(bank);
        self.account.balances[slot] =
            Balance { shares: Shares::new(shares), bank, borrowed: u8::from(is_borrow), ..Balance::zeroed() };
        self
    }

    fn position(mut self, lots: i32, quote: i64) -> Self {
        self.account.positions[0] = Position {
            lots: Lots::new(lots),
            quote: Quote::new(quote),
            realised: Quote::new(quote),
            flags: POSITION_IN_USE,
            ..Position::zeroed()
        };
        self
    }

    fn flagged(mut self) -> Self {
        let header = &mut self.account.header;
        (header.flagged_at, header.flag_renewed_at, header.state) = (FLAGGED_AT, FLAGGED_AT, ACCOUNT_FLAGGED);
        self.account.pocket_flags[0] = PocketFlag { flagged_at: 999_990, renewed_at: 999_990 };
        self
    }

    fn insolvent(mut self) -> Self {
        self = self.flagged();
        self.account.header.state = ACCOUNT_INSOLVENT;
        self.account.positions[0].flags |= POSITION_INSOLVENT;
        self
    }

    /// The position stands on a pocket.
    fn isolated(mut self, pocket: i64) -> Self {
        self.account.positions[0].flags |= POSITION_ISOLATED;
        self.account.positions[0].pocket = Quote::new(pocket);
        self.scope = Scope::Pocket(0);
        self
    }

    fn with(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }

    fn next(&self) -> Option<Action> {
        let (overlay, depth, repays) = (Overlay::none(), self.depth, self.repays);
        let view = View { board: &self.board, overlay: &overlay, now: NOW };
        let outlook = Outlook {
            markets: &[self.market],
            book: &move |_| depth,
            book_share: Ratio::ONE,
            slippage: Ratio::from_bps(100),
            repays: &move |_| repays,
        };
        next(&Situation { account: &self.account, scope: self.scope, view }, &outlook).unwrap()
    }

    fn nobody_takes(self) -> Self {
        self.with(|scene| scene.market.capacity = 0)
    }
}

#[test]
fn who_is_safe_is_left_alone_and_who_is_called_is_called_once() {
    assert_eq!(Scene::long(200_000).next(), None);
    assert_eq!(Scene::new().next(), None);
    assert_eq!(Scene::long(100_000).next(), Some(Action::Assess), "below Initial");
    assert_eq!(Scene::long(100_000).with(|scene| scene.account.header.margin_called_at = 5).next(), None);
    assert_eq!(
        Scene::long(200_000).with(|scene| scene.account.header.margin_called_at = 5).next(),
        Some(Action::Assess)
    );
    // Nobody can tell Initial health of an old price.
    let old = |scene: &mut Scene| {
        (scene.board.markets[0].valid_until, scene.board.feeds[0].max_age) = (NOW - 1, 0);
        scene.board.feeds[0].publish_time = NOW - 1;
    };
    assert_eq!(Scene::long(100_000).with(old).next(), None);
}

#[test]
fn a_flag_is_set_kept_fresh_and_cleared() {
    assert_eq!(Scene::long(60_000).next(), Some(Action::Assess), "below Maintenance");
    assert_eq!(Scene::long(72_000).flagged().next(), Some(Action::Assess), "safe again");
    let renewed = |seconds| move |scene: &mut Scene| scene.account.header.flag_renewed_at = NOW - seconds;
    assert_eq!(Scene::long(68_000).flagged().with(renewed(RENEW_SECONDS)).next(), Some(Action::Assess));
    // A lapsed flag proves nothing: between Maintenance and the end of a liquidation nobody may be touched, and it goes.
    assert_eq!(Scene::long(68_000).flagged().with(renewed(FLAG_SECONDS + 1)).next(), Some(Action::Assess));
    assert!(matches!(Scene::long(68_000).flagged().next(), Some(Action::TakeOver { .. })));
    assert_eq!(Scene::long(60_000).flagged().with(renewed(FLAG_SECONDS + 1)).next(), Some(Action::Assess));
    assert_eq!(Scene::long(90_000).flagged().with(renewed(FLAG_SECONDS + 1)).next(), Some(Action::Assess));
}

#[test]
fn orders_go_first_and_queued_fills_after_them() {
    let ordered = |bids, queued| {
        move |scene: &mut Scene| {
            scene.account.positions[0].bids = bids;
            scene.account.positions[0].bids_quote = Quote::new(1_024 * i64::from(bids));
            scene.market.queued = queued;
        }
    };
    assert_eq!(Scene::long(50_000).with(ordered(10, 0)).next(), Some(Action::Assess), "flagged before all");
    let flagged = |bids, queued| Scene::long(50_000).flagged().with(ordered(bids, queued));
    assert_eq!(flagged(10, 0).next(), Some(Action::CancelAll { market: 0 }));
    assert_eq!(flagged(10, 4).next(), Some(Action::CancelAll { market: 0 }));
    assert_eq!(flagged(10, 10).next(), Some(Action::ApplyFills { market: 0 }));
    assert_eq!(
        flagged(10, 10).with(|scene| scene.board.header.paused_until[PAUSE_FILLS] = NOW + 1).next(),
        None
    );
}

#[test]
fn lots_go_into_the_book_where_it_takes_them_and_are_taken_over_where_not() {
    let scene = || Scene::long(50_000).flagged();
    let Some(Action::TakeOver { market: 0, most_lots, worst_price }) = scene().next() else {
        panic!("nobody took over")
    };
    // Short of 22,000; each lot frees 72 less a fee of 5.
    assert!((305..=335).contains(&most_lots), "{most_lots}");
    assert_eq!(
        worst_price,
        Price::new(Price::ONE.get() + Price::ONE.mul_up(Ratio::from_bps(100)).unwrap().get())
    );
    let deep = scene().with(|scene| scene.depth = u32::MAX).next();
    assert_eq!(deep, Some(Action::IntoBook { market: 0, most_lots }));
    let shallow = |scene: &mut Scene| scene.depth = 20;
    assert!(matches!(scene().with(shallow).next(), Some(Action::TakeOver { .. })));
    let alone = scene().with(shallow).nobody_takes().next();
    assert_eq!(alone, Some(Action::IntoBook { market: 0, most_lots: 20 }));
    assert_eq!(scene().nobody_takes().next(), None);
    let small = scene().with(|scene| scene.market.capacity = 7).next();
    assert!(matches!(small, Some(Action::TakeOver { most_lots: 7, .. })));
}

#[test]
fn a_short_is_sold_to_the_liquidator_not_below_the_worst_price() {
    let scene = Scene::new().balance(QUOTE, 50_000, false).position(-1_000, 1_024_000).flagged();
    let Some(Action::TakeOver { worst_price, .. }) = scene.next() else { panic!("nobody took over") };
    assert!(worst_price < Price::ONE);
}

#[test]
fn the_largest_leg_goes_first_and_legs_without_a_price_or_a_market_stay() {
    let two = |scene: &mut Scene| {
        scene.account.positions[1] = Position {
            lots: Lots::new(-2_000),
            quote: Quote::new(2_048_000),
            market: 1,
            flags: POSITION_IN_USE,
            ..Position::zeroed()
        };
        scene.depth = u32::MAX;
    };
    let scene = || Scene::long(100_000).flagged().with(two);
    assert!(matches!(scene().next(), Some(Action::IntoBook { market: 1, .. })));
    let settling = |scene: &mut Scene| scene.board.markets[1].state = MARKET_SETTLING;
    assert!(matches!(scene().with(settling).next(), Some(Action::IntoBook { market: 0, .. })));
    let stale = |scene: &mut Scene| {
        scene.board.markets[1].valid_until = NOW - 1;

        scene.board.markets[1].feed = 1;
        scene.board.feeds[1] = Feed { validity: Validity::Stale as u8, ..scene.board.feeds[0] };
    };
    assert!(matches!(scene().with(stale).next(), Some(Action::IntoBook { market: 0, .. })));
}

#[test]
fn an_outage_gives_time_and_a_pause_stops_the_ways() {
    let grace = |scene: &mut Scene| scene.board.header.grace_until = NOW + 1;
    assert_eq!(Scene::long(50_000).with(grace).next(), None);
    assert_eq!(Scene::long(50_000).flagged().with(grace).next(), None);
    let cancel_only = |scene: &mut Scene| scene.board.header.cancel_only_until = NOW + 1;
    assert_eq!(Scene::long(50_000).with(cancel_only).next(), Some(Action::Assess));
    assert_eq!(Scene::long(50_000).flagged().with(cancel_only).next(), None);
    let ordered = |scene: &mut Scene| scene.account.positions[0].asks = 5;
    let cancelled = Scene::long(50_000).flagged().with(cancel_only).with(ordered).next();
    assert_eq!(cancelled, Some(Action::CancelAll { market: 0 }));
    let paused = |scene: &mut Scene| scene.board.header.paused_until[PAUSE_LIQUIDATE] = NOW + 1;
    assert_eq!(Scene::long(50_000).with(paused).next(), Some(Action::Assess));
    assert_eq!(Scene::long(50_000).flagged().with(paused).next(), None);
}

#[test]
fn the_insolvent_are_marked_taken_and_after_the_deadline_deleveraged() {
    let broke = || Scene::new().position(1_000, -1_030_000);
    assert_eq!(broke().flagged().next(), Some(Action::Assess), "to be marked");
    assert!(matches!(broke().insolvent().next(), Some(Action::TakeOver { most_lots: 1_000, .. })));
    assert_eq!(broke().insolvent().nobody_takes().next(), None, "there is time yet");
    let late = |scene: &mut Scene| scene.account.header.flagged_at = NOW - 601;
    let scene = || broke().insolvent().nobody_takes().with(late);
    assert_eq!(scene().next(), Some(Action::Deleverage { market: 0, most_lots: 1_000 }));
    let few = scene().with(|scene| scene.market.counter_lots = 30).next();
    assert_eq!(few, Some(Action::Deleverage { market: 0, most_lots: 30 }));
    assert_eq!(scene().with(|scene| scene.market.counter_lots = 0).next(), None);
    assert_eq!(Scene::long(50_000).insolvent().next(), Some(Action::Assess), "solvent again: the mark goes");
    assert_eq!(
        Scene::long(50_000).flagged().nobody_takes().with(late).next(),
        None,
        "solvent: nobody is deleveraged"
    );
}

#[test]
fn a_borrow_is_repaid_with_collateral_and_first_where_borrows_weigh_more() {
    let borrower = || Scene::new().balance(SOL, 100_000, false).balance(QUOTE, 80_000, true);
    assert_eq!(borrower().next(), Some(Action::Assess));
    let Some(Action::SwapCollateral { debt: QUOTE, collateral: SOL, debt_shares }) =
        borrower().flagged().next()
    else {
        panic!("nothing was swapped")
    };
    // Short of 5,000; each share repaid frees a quarter.
    assert!((19_900..=20_200).contains(&debt_shares.get()), "{debt_shares:?}");
    assert_eq!(borrower().flagged().with(|scene| scene.repays = false).next(), None);
    let heavy = borrower().position(10, -10_240).flagged().next();
    assert!(matches!(heavy, Some(Action::SwapCollateral { .. })));
    let light = borrower().position(1_000, -1_024_000).flagged().next();
    assert!(matches!(light, Some(Action::TakeOver { .. })));
    let light = borrower().position(1_000, -1_024_000).flagged().nobody_takes().next();
    assert!(matches!(light, Some(Action::SwapCollateral { .. })));
}

#[test]
fn a_loss_without_lots_becomes_a_borrow_that_collateral_repays() {
    let scene = || Scene::new().balance(SOL, 100_000, false).position(0, -90_000).flagged();
    assert_eq!(scene().next(), Some(Action::SettleLoss { market: 0 }));
    let paused = |scene: &mut Scene| scene.board.header.paused_until[PAUSE_BORROW] = NOW + 1;
    assert_eq!(scene().with(paused).next(), None);
    assert_eq!(scene().with(paused).balance(QUOTE, 10, false).next(), Some(Action::SettleLoss { market: 0 }));
    assert_eq!(scene().with(|scene| scene.board.header.paused_until[PAUSE_SETTLE] = NOW + 1).next(), None);
    // Of the insolvent even collateral that carries nothing pays.
    let worthless = |scene: &mut Scene| scene.board.banks[1].values.asset_maint = 0;
    let broke = Scene::new().balance(SOL, 100_000, false).position(0, -110_000).insolvent().with(worthless);
    assert_eq!(broke.next(), Some(Action::SettleLoss { market: 0 }));
}

#[test]
fn a_gain_is_paid_by_the_pool_or_bought_where_that_is_dry() {
    let scene = || {
        Scene::new()
            .balance(QUOTE, 60_000, true)
            .position(0, 50_000)
            .insolvent()
            .with(|scene| scene.repays = false)
    };
    let paid = scene().with(|scene| scene.market.payable = Quote::new(1)).next();
    assert_eq!(paid, Some(Action::SettleGain { market: 0 }));
    let bought = scene().with(|scene| scene.market.buys = Quote::new(20_000)).next();
    assert_eq!(bought, Some(Action::BuyPnl { market: 0, most: Quote::new(20_000) }));
    let held =
        |scene: &mut Scene| (scene.market.buys, scene.market.pool) = (Quote::new(20_000), Quote::new(50_000));
    assert_eq!(scene().with(held).next(), None, "the pool can pay it in the next window");
    assert_eq!(scene().next(), None, "nobody pays: its claim is worth something until the deadline");
    assert_eq!(
        scene().with(|scene| scene.account.header.flagged_at = NOW - 601).next(),
        Some(Action::Resolve)
    );
}

#[test]
fn the_waterfall_comes_when_nothing_of_value_is_left() {
    assert_eq!(Scene::new().position(0, -5).insolvent().next(), Some(Action::Resolve));
    assert_eq!(
        Scene::new().balance(QUOTE, 10, true).insolvent().next(),
        Some(Action::Resolve),
        "a borrow alone"
    );
    assert_eq!(Scene::long(0).position(1, -5_000).insolvent().nobody_takes().next(), None, "lots are left");
    let with = |sol| Scene::new().balance(SOL, sol, false).balance(QUOTE, 5_000, true).insolvent();
    assert_eq!(with(99).next(), Some(Action::Resolve), "dust shields nobody");
    assert!(matches!(with(100).next(), Some(Action::SwapCollateral { .. })));
    let owes_sol = || Scene::new().balance(SOL, 10, true).insolvent();
    assert_eq!(owes_sol().next(), Some(Action::Resolve));
    let unpriced = |scene: &mut Scene| scene.board.feeds[0].validity = Validity::Stale as u8;
    assert_eq!(owes_sol().with(unpriced).next(), None, "nobody knows what buying it costs");
    // A token without a price for hours is worth nothing, however much there is of it.
    let silent = |seconds| {
        move |scene: &mut Scene| {
            scene.board.feeds[0].validity = Validity::Stale as u8;
            scene.board.feeds[0].last_valid_time = NOW - seconds;
            scene.board.banks[1].valid_until = 0;
        }
    };
    assert_eq!(with(1_000).with(silent(BAD_FEED_GRACE + BAD_FEED_DECAY + 1)).next(), Some(Action::Resolve));
    assert_eq!(with(1_000).with(silent(BAD_FEED_GRACE)).next(), None, "not yet, and nobody can price a swap");
}

#[test]
fn a_pocket_goes_its_way_alone() {
    let scene = |pocket| Scene::new().position(1_000, -1_024_000).isolated(pocket);
    assert_eq!(Scope::of(&scene(1).account), [Scope::Cross, Scope::Pocket(0)]);
    assert_eq!((Scope::Cross.code(), Scope::Pocket(3).code()), (255, 3));
    assert_eq!(scene(64_000).next(), None);
    assert_eq!(scene(63_999).next(), Some(Action::Assess));
    assert!(matches!(scene(50_000).flagged().next(), Some(Action::TakeOver { .. })));
    assert_eq!(scene(0).flagged().next(), Some(Action::Assess), "to be marked");
    assert_eq!(Scene::new().position(0, -700).isolated(600).insolvent().next(), Some(Action::Resolve));
    // Its account neither helps nor suffers.
    let cross = |scene: Scene| scene.with(|scene| scene.scope = Scope::Cross).next();
    assert_eq!(cross(scene(0)), None);
    let gone = Scene::long(200_000).with(|scene| scene.scope = Scope::Pocket(0)).next();
    assert_eq!(gone, None, "no such pocket");
}

#[test]
fn deleveraging_is_applied_before_anything_is_measured() {
    let behind = |scene: &mut Scene| {
        let side = &mut scene.board.markets[0].longs;
        (side.a, scene.account.positions[0].deleveraging_a) = (1 << 62, 1 << 63);
    };
    assert_eq!(Scene::long(500_000).with(behind).next(), Some(Action::ApplyDeleveraging { market: 0 }));
}
