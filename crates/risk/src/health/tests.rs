//! The rules of a margin check, one account at a time.

extern crate std;
use super::*;
use crate::layout::account::MarginAccount;
use crate::layout::board::BoardHeader;
use crate::num::{PRICE_BITS, Shares, StoredIndex};
use crate::observation::{Source, fold};
use crate::ramp::Ramp;
use crate::valuation::refresh_bank;
use bytemuck::Zeroable;
use std::boxed::Box;

const NOW: i64 = 1_000_000;
const USDC: u8 = 0;
const SOL: u8 = 1;
const ETH: u8 = 2;

fn dollars(dollars: u64) -> Price {
    Price::new(dollars << PRICE_BITS)
}

fn pyth(dollars: u64, publish_time: i64) -> OraclePrice {
    OraclePrice { price: self::dollars(dollars), confidence: Price::ZERO, publish_time, source: Source::Pyth }
}

fn bank(feed: u8, decimals: u8) -> BankTerms {
    BankTerms {
        feed,
        decimals,
        deposit_index: StoredIndex::ONE,
        borrow_index: StoredIndex::ONE,
        asset_weight_initial: Ratio::from_bps(7_500),
        asset_weight_maint: Ramp::constant(Ratio::new(Ratio::ONE.get() / 16 * 13).get()),
        liability_weight_initial: Ratio::from_bps(15_000),
        liability_weight_maint: Ramp::constant(Ratio::from_bps(12_500).get()),
        updated_at: NOW,
        ..BankTerms::zeroed()
    }
}

/// USDC (6 decimals), SOL at $100 and ETH at $2,000; six decimals each, so that every value here is exact.
fn board() -> Box<RiskBoard> {
    let mut board = Box::new(RiskBoard::zeroed());
    board.header = BoardHeader {
        liq_buffer: Ramp::constant(Ratio::new(Ratio::ONE.get() / 8).get()),
        max_publish_spread: 10,
        bank_max_age: 3_600,
        quote_decimals: 6,
        bank_count: 3,
        ..BoardHeader::zeroed()
    };
    board.banks[0] = bank(NO_FEED, 6);
    board.banks[1] = bank(0, 6);
    board.banks[2] = bank(1, 6);
    for feed in &mut board.feeds[..2] {
        feed.max_age = 60;
        feed.max_confidence = Ratio::from_bps(200);
        feed.max_divergence = Ratio::from_bps(1_000);
        feed.stable_rate = Ratio::from_bps(10);
    }
    refresh(&mut board, 0, pyth(100, NOW), NOW);
    refresh(&mut board, 1, pyth(2_000, NOW), NOW);
    reprice(&mut board, NOW);
    board
}

fn reprice(board: &mut RiskBoard, now: i64) {
    let RiskBoard { header, feeds, banks, .. } = board;
    for bank in &mut banks[..3] {
        let feed = feeds[usize::from(bank.feed).min(63)];
        refresh_bank(bank, &feed, header, now).unwrap();
    }
}

fn refresh(board: &mut RiskBoard, feed: usize, price: OraclePrice, now: i64) {
    fold(&mut board.feeds[feed], &price, now).unwrap();
    reprice(board, now);
}

fn has(bank: u8, shares: u64) -> Balance {
    Balance { shares: Shares::new(shares), bank, borrowed: 0, reserved: [0; 6] }
}

fn owes(bank: u8, shares: u64) -> Balance {
    Balance { borrowed: 1, ..has(bank, shares) }
}

fn account(some: &[Balance]) -> [Balance; MAX_BALANCES] {
    let mut balances = MarginAccount::zeroed().balances;
    balances[MAX_BALANCES - some.len()..].copy_from_slice(some);
    balances
}

fn check(board: &RiskBoard, some: &[Balance], check: Check, now: i64) -> Result<Health, RiskError> {
    health(&account(some), board, &Overlay::none(), check, now)
}

const UNIT: u64 = 1_000_000;

#[test]
fn nothing_is_worth_nothing() {
    assert_eq!(check(&board(), &[], Check::Withdraw, NOW), Ok(Health::default()));
    assert!(Health::default().is_healthy());
}

#[test]
fn the_mantissas_lie_in_the_order_of_their_names() {
    let values = ShareValues {
        asset_strict: 10,
        asset_maint: 11,
        liability_strict: 12,
        liability_liqend: 13,
        liability_maint: 14,
        asset_equity: 15,
        liability_equity: 16,
    };
    let of = |worth| mantissa(&values, worth);
    assert_eq!((of(Worth::AssetStrict), of(Worth::AssetMaint), of(Worth::AssetEquity)), (10, 11, 15));
    assert_eq!((of(Worth::LiabilityStrict), of(Worth::LiabilityLiqend)), (12, 13));
    assert_eq!((of(Worth::LiabilityMaint), of(Worth::LiabilityEquity)), (14, 16));
}

#[test]
fn each_kind_takes_its_own_weights() {
    let board = board();
    let some = [has(SOL, 8 * UNIT), owes(ETH, UNIT / 10), has(USDC, 5_000_000)];
    // 5 + 800·w − 200·w, one native unit more owed.
    let net = |kind| check(&board, &some, kind, NOW).unwrap().net().get();
    assert_eq!(net(Check::Withdraw), 5_000_000 + 600_000_000 - 300_000_000 - 1);
    assert_eq!(net(Check::Initial), net(Check::Withdraw));
    // wL_maint + (wL_maint − wA_maint)/8 = 1.25 + 0.4375/8
    assert_eq!(net(Check::LiquidationEnd), 5_000_000 + 650_000_000 - 260_937_500 - 1);
    assert_eq!(net(Check::Maintenance), 5_000_000 + 650_000_000 - 250_000_000 - 1);
    let equity = equity(&account(&some), &board, &Overlay::none(), NOW).unwrap();
    assert_eq!(equity.net().get(), 5_000_000 + 800_000_000 - 200_000_000 - 1);
}

#[test]
fn the_quote_token_is_worth_exactly_one() {
    let board = board();
    for kind in [Check::Withdraw, Check::Initial, Check::LiquidationEnd, Check::Maintenance] {
        assert_eq!(check(&board, &[has(USDC, 77)], kind, NOW).unwrap().assets, Quote::new(77));
        assert_eq!(check(&board, &[owes(USDC, 77)], kind, NOW).unwrap().liabilities, Quote::new(78));
    }
}

#[test]
fn strict_kinds_value_assets_at_the_lower_price_and_liabilities_at_the_higher() {
    let mut board = board();
    refresh(&mut board, 0, pyth(108, NOW + 5), NOW + 5);
    let strict = |some: &[Balance]| check(&board, some, Check::Initial, NOW + 5).unwrap();
    assert_eq!(strict(&[has(SOL, UNIT)]).assets.get(), 75_000_000);
    assert!(strict(&[owes(SOL, UNIT)]).liabilities.get().abs_diff(162_000_000) <= 1);
}

#[test]
fn a_stale_price_refuses_the_strict_kinds_only() {
    let board = board();
    let some = [has(SOL, UNIT)];
    assert!(check(&board, &some, Check::Initial, NOW + 60).is_ok());
    assert_eq!(check(&board, &some, Check::Initial, NOW + 61), Err(RiskError::StalePrice { bank: 1 }));
    let full = check(&board, &some, Check::Maintenance, NOW).unwrap();
    assert_eq!(check(&board, &some, Check::Maintenance, NOW + 61), Ok(full));
}

#[test]
fn an_asset_with_a_bad_feed_fades_and_a_liability_does_not() {
    let board = board();
    let at = |some: &[Balance], seconds| check(&board, some, Check::Maintenance, NOW + seconds).unwrap();
    let asset = |seconds| at(&[has(SOL, 16 * UNIT)], seconds).assets.get();
    assert_eq!((asset(0), asset(600)), (1_300_000_000, 1_300_000_000));
    assert!(asset(601) < 1_300_000_000);
    assert!(asset(600 + 10_800).abs_diff(650_000_000) <= 2);
    assert_eq!((asset(600 + 21_600), asset(9_000_000)), (0, 0));
    let debt = |seconds| at(&[owes(SOL, UNIT)], seconds).liabilities;
    assert_eq!(debt(9_000_000), debt(0));
}

#[test]
fn a_diverged_price_counts_the_worse_of_what_was_trusted() {
    let mut board = board();
    refresh(&mut board, 0, pyth(150, NOW + 5), NOW + 5);
    assert_eq!(board.banks[1].valid_until, 0);
    let at = |some: &[Balance]| check(&board, some, Check::Maintenance, NOW + 5).unwrap();
    assert_eq!(at(&[has(SOL, 16 * UNIT)]).assets.get(), 1_300_000_000);
    assert_eq!(at(&[owes(SOL, 16 * UNIT)]).liabilities.get(), 2_000_000_001);
    assert!(check(&board, &[has(SOL, 1)], Check::Withdraw, NOW + 5).is_err());
}

#[test]
fn a_debt_that_never_had_a_price_is_not_worth_nothing() {
    let mut board = board();
    board.feeds[0] = Feed::zeroed();
    reprice(&mut board, NOW);
    let kind = Check::Maintenance;
    assert_eq!(check(&board, &[owes(SOL, 1)], kind, NOW), Err(RiskError::StalePrice { bank: 1 }));
    assert_eq!(check(&board, &[has(SOL, 1)], kind, NOW), Ok(Health::default()));
}

#[test]
fn strict_kinds_refuse_prices_published_too_far_apart() {
    let mut board = board();
    refresh(&mut board, 0, pyth(100, NOW + 10), NOW + 10);
    let some = [has(SOL, UNIT), has(ETH, UNIT), has(USDC, 1)];
    assert!(check(&board, &some, Check::Initial, NOW + 10).is_ok());
    refresh(&mut board, 0, pyth(100, NOW + 11), NOW + 11);
    assert_eq!(check(&board, &some, Check::Initial, NOW + 11), Err(RiskError::PublishSpread));
    assert!(check(&board, &some, Check::Maintenance, NOW + 11).is_ok());
    assert!(check(&board, &[has(SOL, UNIT), has(USDC, 1)], Check::Initial, NOW + 11).is_ok());
}

#[test]
fn an_overlay_price_counts_exactly_as_a_refresh_would() {
    let board = board();
    let mut refreshed = self::board();
    let new = pyth(104, NOW + 90);
    refresh(&mut refreshed, 0, new, NOW + 95);
    let mut overlay = Overlay::none();
    overlay.push(0, new).unwrap();
    for some in [[has(SOL, 3 * UNIT + 7)], [owes(SOL, 3 * UNIT + 7)]] {
        for kind in [Check::Withdraw, Check::Initial, Check::LiquidationEnd, Check::Maintenance] {
            let overlaid = health(&account(&some), &board, &overlay, kind, NOW + 95).unwrap();
            assert_eq!(overlaid, check(&refreshed, &some, kind, NOW + 95).unwrap());
        }
    }
}

#[test]
fn an_overlay_price_never_replaces_a_fresh_entry_or_a_newer_price() {
    let mut board = board();
    let balances = account(&[has(SOL, UNIT)]);
    let mut overlay = Overlay::none();
    overlay.push(0, pyth(105, NOW + 5)).unwrap();
    let of =
        |board: &RiskBoard, overlay: &Overlay, now| health(&balances, board, overlay, Check::Initial, now);
    assert_eq!(of(&board, &overlay, NOW + 5), of(&board, &Overlay::none(), NOW + 5));
    refresh(&mut board, 0, pyth(200, NOW + 6), NOW + 6);
    assert_eq!(of(&board, &overlay, NOW + 6), Err(RiskError::StalePrice { bank: 1 }));
    for _ in 0..3 {
        overlay.push(1, pyth(1, 1)).unwrap();
    }
    assert_eq!(overlay.push(1, pyth(1, 1)), Err(RiskError::TooMany));
}

#[test]
fn old_indexes_refuse_the_strict_kinds_even_with_a_fresh_price() {
    let mut board = board();
    let now = NOW + 3_601;
    refresh(&mut board, 0, pyth(100, now), now);
    assert_eq!(check(&board, &[has(SOL, UNIT)], Check::Initial, now), Err(RiskError::StalePrice { bank: 1 }));
    assert_eq!(
        check(&board, &[has(USDC, UNIT)], Check::Initial, now),
        Err(RiskError::StalePrice { bank: 0 })
    );
    assert!(check(&board, &[has(SOL, UNIT), owes(USDC, 1)], Check::Maintenance, now).is_ok());
}

#[test]
fn a_bank_that_the_board_does_not_have_is_missing() {
    let board = board();
    for bank in [3, 31, 32, 255] {
        assert_eq!(check(&board, &[has(bank, 1)], Check::Maintenance, NOW), Err(RiskError::Missing));
    }
}

#[test]
fn a_fortune_beyond_the_range_is_an_overflow_and_never_a_wrap() {
    let board = board();
    let rich = [has(USDC, 1 << 58)];
    assert_eq!(check(&board, &rich, Check::Maintenance, NOW), Err(RiskError::Overflow));
    let full = [has(USDC, (1 << 58) - 1); MAX_BALANCES];
    let sum = check(&board, &full, Check::Maintenance, NOW).unwrap().assets;
    assert_eq!(sum.get(), 16 * ((1 << 58) - 1));
    assert_eq!(check(&board, &[owes(ETH, u64::MAX)], Check::Initial, NOW), Err(RiskError::Overflow));
}

#[test]
fn precomputed_values_serve_through_their_last_second() {
    let mut board = board();
    // Told apart from a value computed on the spot.
    board.banks[1].values.asset_maint /= 2;
    let at = |seconds| {
        check(&board, &[has(SOL, 16 * UNIT)], Check::Maintenance, NOW + seconds).unwrap().assets.get()
    };
    assert_eq!((at(60), at(61)), (650_000_000, 1_300_000_000));
}

#[test]
fn the_quote_token_has_no_publish_time_to_be_apart_from() {
    let mut board = board();
    board.banks[0].publish_time = NOW - 1_000;
    assert!(check(&board, &[has(USDC, 1), has(SOL, 1)], Check::Initial, NOW).is_ok());
}

#[test]
fn a_bad_feed_counts_the_stable_price_where_that_is_worse() {
    let mut board = board();
    refresh(&mut board, 0, pyth(105, NOW + 1), NOW + 1);
    let at = |some: &[Balance]| check(&board, some, Check::Maintenance, NOW + 200).unwrap();
    assert_eq!(at(&[has(SOL, 16 * UNIT)]).assets.get(), 1_300_000_000);
    assert_eq!(at(&[owes(SOL, 16 * UNIT)]).liabilities.get(), 2_100_000_001);
    board.feeds[0].stable = dollars(110);
    let at = |some: &[Balance]| check(&board, some, Check::Maintenance, NOW + 200).unwrap();
    assert_eq!(at(&[has(SOL, 16 * UNIT)]).assets.get(), 1_365_000_000);
    assert_eq!(at(&[owes(SOL, 16 * UNIT)]).liabilities.get(), 2_200_000_001);
}

#[test]
fn an_overlay_price_that_is_not_valid_does_not_count() {
    let board = board();
    let wide = OraclePrice { confidence: dollars(5), ..pyth(101, NOW + 90) };
    for new in [wide, pyth(150, NOW + 90), pyth(101, NOW + 20), pyth(101, NOW + 200)] {
        let mut overlay = Overlay::none();
        overlay.push(0, new).unwrap();
        let of = |check| health(&account(&[has(SOL, 16 * UNIT)]), &board, &overlay, check, NOW + 95);
        assert_eq!(of(Check::Initial), Err(RiskError::StalePrice { bank: 1 }));
        assert_eq!(of(Check::Maintenance).unwrap().assets.get(), 1_300_000_000);
    }
}

#[test]
fn a_diverged_price_counts_for_liquidations_near_its_average_or_after_three_minutes() {
    let mut board = board();
    refresh(&mut board, 0, pyth(112, NOW + 1), NOW + 1);
    let sol = [has(SOL, 16 * UNIT)];
    let stale = Err(RiskError::StalePrice { bank: 1 });
    // Far from stable price and average: what was valid last.
    assert_eq!(check(&board, &sol, Check::Maintenance, NOW + 2).unwrap().assets.get(), 1_300_000_000);
    // A liquidator's own token counts nothing meanwhile, and a debt cannot be valued.
    let endured = |board: &RiskBoard, now| {
        assert_eq!(check(board, &sol, Check::Liquidator, now).unwrap().assets, Quote::ZERO);
        assert_eq!(check(board, &[owes(SOL, 16 * UNIT)], Check::Liquidator, now), stale);
    };
    endured(&board, NOW + 2);
    board.feeds[0].twap = dollars(105);
    let counts = |board: &RiskBoard, now| {
        assert_eq!(check(board, &sol, Check::Maintenance, now).unwrap().assets.get(), 1_456_000_000);
        assert_eq!(equity(&account(&sol), board, &Overlay::none(), now).unwrap().assets.get(), 1_792_000_000);
        // Strict values: a deposit at the stable price, a borrow at the price.
        assert_eq!(check(board, &sol, Check::Liquidator, now).unwrap().assets.get(), 1_200_000_000);
        let owed = check(board, &[owes(SOL, 16 * UNIT)], Check::Liquidator, now).unwrap();
        assert_eq!(owed.liabilities.get(), 2_688_000_001);
        assert_eq!(check(board, &sol, Check::Initial, now), stale);
        assert_eq!(check(board, &sol, Check::Withdraw, now), stale);
    };
    counts(&board, NOW + 2);
    // Far from both for as long as an episode may block.
    board.feeds[0].twap = dollars(100);
    board.feeds[0].max_age = 600;
    endured(&board, NOW + 180);
    counts(&board, NOW + 181);
    // Too old is never used.
    endured(&board, NOW + 602);
}
