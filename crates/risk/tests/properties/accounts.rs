//! Valuation and health of random accounts against exact decimals.

use crate::exact::*;
use num_traits::Zero;
use plimsoll_risk::health::{Check, Overlay, equity, health};
use plimsoll_risk::layout::account::{Balance, MAX_BALANCES};
use plimsoll_risk::layout::bank::{BankTerms, NO_FEED};
use plimsoll_risk::layout::board::RiskBoard;
use plimsoll_risk::layout::feed::Feed;
use plimsoll_risk::num::{Index, Price, Quote, Ratio, Shares};
use plimsoll_risk::ramp::Ramp;
use plimsoll_risk::validity::Validity;
use plimsoll_risk::valuation::{
    Prices, Setting, Worth, refresh_bank, share_value, share_values, weights_are_ordered,
};
use proptest::prelude::*;

const NOW: i64 = 1_700_000_000;
const BUFFER: Ratio = Ratio::from_bps(1_000);

/// One bank with its feed's prices.
#[derive(Clone, Debug)]
struct Listed {
    price: Price,
    stable: Price,
    decimals: u8,
    /// wA_init, wA_maint, wL_maint − 1, wL_init − the least that the law allows.
    weights: [Ratio; 4],
    deposit_index: Index,
    borrow_index: Index,
    deposit_shares: u64,
    scale_start: u64,
}

impl Listed {
    fn weights(&self) -> (Ratio, Ratio, Ratio, Ratio) {
        let [low, high, maint, initial] = self.weights.map(|weight| weight.get());
        let (asset_initial, asset_maint) = (low.min(high), low.max(high));
        let liability_maint = (1 << 30) + maint;
        let gap = u64::from(liability_maint - asset_maint) * u64::from(BUFFER.get());
        let end = liability_maint + gap.div_ceil(1 << 30) as u32;
        (
            Ratio::new(asset_initial),
            Ratio::new(asset_maint),
            Ratio::new(end + initial),
            Ratio::new(liability_maint),
        )
    }

    fn terms(&self, feed: u8) -> BankTerms {
        let (asset_initial, asset_maint, liability_initial, liability_maint) = self.weights();
        BankTerms {
            feed,
            decimals: self.decimals,
            deposit_index: self.deposit_index.into(),
            borrow_index: self.borrow_index.into(),
            deposit_shares: Shares::new(self.deposit_shares),
            scale_start: Quote::new(self.scale_start as i64),
            asset_weight_initial: asset_initial,
            asset_weight_maint: Ramp::constant(asset_maint.get()),
            liability_weight_initial: liability_initial,
            liability_weight_maint: Ramp::constant(liability_maint.get()),
            updated_at: NOW,
            ..bytemuck::Zeroable::zeroed()
        }
    }

    /// Native quote of one native token at a price.
    fn token(&self, price: Price, quote_decimals: u8) -> Exact {
        crate::exact::price(price) * whole(ten_to(quote_decimals)) / whole(ten_to(self.decimals))
    }

    fn scale(&self, quote_decimals: u8) -> Exact {
        let deposits =
            whole(self.deposit_shares) * index(self.deposit_index) * self.token(self.price, quote_decimals);
        if self.scale_start == 0 || deposits <= whole(self.scale_start) {
            whole(1)
        } else if deposits >= whole(i64::MAX) {
            Exact::zero() // More than can be counted: nothing is known of the scale.
        } else {
            whole(self.scale_start) / deposits
        }
    }

    /// The exact value of one share.
    fn exact(&self, worth: Worth, quote_decimals: u8) -> Exact {
        let (asset_initial, asset_maint, liability_initial, liability_maint) = self.weights();
        let (low, high) = (self.price.min(self.stable), self.price.max(self.stable));
        let asset = |price| index(self.deposit_index) * self.token(price, quote_decimals);
        let liability = |price| index(self.borrow_index) * self.token(price, quote_decimals);
        let gap = ratio(liability_maint) - ratio(asset_maint);
        match worth {
            Worth::AssetStrict => asset(low) * ratio(asset_initial) * self.scale(quote_decimals),
            Worth::AssetMaint => asset(self.price) * ratio(asset_maint),
            Worth::AssetEquity => asset(self.price),
            Worth::LiabilityStrict => liability(high) * ratio(liability_initial),
            Worth::LiabilityLiqend => liability(self.price) * (ratio(liability_maint) + ratio(BUFFER) * gap),
            Worth::LiabilityMaint => liability(self.price) * ratio(liability_maint),
            Worth::LiabilityEquity => liability(self.price),
        }
    }
}

fn listed() -> impl Strategy<Value = Listed> {
    // $0.00001 to $1,000,000; indexes from 0.5 to 64; stable within a factor of two.
    let price = (1u64 << 24..1u64 << 60, 0u32..36).prop_map(|(raw, shift)| (raw >> shift).max(1 << 24));
    let indexes = (1u128 << 63..1u128 << 70, 1u128 << 64..1u128 << 70);
    let weights = (0u32..=1 << 30, 0u32..=1 << 30, 0u32..1 << 29, 0u32..1 << 28);
    let deposits = (0u64..1 << 44, prop_oneof![Just(0u64), 1u64..1 << 45]);
    (price, 50u64..200, 0u8..=12, indexes, weights, deposits).prop_map(
        |(price, tilt, decimals, indexes, weights, (deposit_shares, scale_start))| Listed {
            price: Price::new(price),
            stable: Price::new((u128::from(price) * u128::from(tilt) / 100) as u64),
            decimals,
            weights: [weights.0, weights.1, weights.2, weights.3].map(Ratio::new),
            deposit_index: Index::new(indexes.0),
            borrow_index: Index::new(indexes.1),
            deposit_shares,
            scale_start,
        },
    )
}

const ASSETS: [Worth; 3] = [Worth::AssetStrict, Worth::AssetMaint, Worth::AssetEquity];
const LIABILITIES: [Worth; 4] =
    [Worth::LiabilityStrict, Worth::LiabilityLiqend, Worth::LiabilityMaint, Worth::LiabilityEquity];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn a_share_is_worth_its_exact_value_assets_down_liabilities_up(listed in listed(), quote_decimals in 0u8..=9) {
        let terms = listed.terms(0);
        let setting = Setting { quote_decimals, liq_buffer: BUFFER, now: NOW };
        let prices = Prices { price: listed.price, stable: listed.stable };
        prop_assert!(weights_are_ordered(&terms, BUFFER));
        let Ok(found) = share_values(&terms, prices, &setting) else {
            prop_assert!(listed.exact(Worth::LiabilityStrict, quote_decimals) >= whole(1u64 << 63));
            return Ok(());
        };
        let unit = whole(power_of_two(u32::from(found.shift)));
        let values: [u64; 7] = bytemuck::cast(found.values);
        let of = |worth| listed.exact(worth, quote_decimals);
        let largest = of(Worth::LiabilityStrict).max(of(Worth::AssetEquity));
        // Scaled deposits are counted in whole native quote: a relative 1 in their value.
        let counted = whole(found.deposits_value.get()).max(whole(1));
        for worth in ASSETS.into_iter().chain(LIABILITIES) {
            let exact = listed.exact(worth, quote_decimals);
            let mantissa = whole(values[worth as usize]) / &unit;
            let mut slack = &largest / whole(power_of_two(60)) + whole(1) / &unit;
            if worth == Worth::AssetStrict {
                slack += &exact / &counted;
                prop_assert!(mantissa <= &exact + &slack);
            } else if ASSETS.contains(&worth) {
                prop_assert!(mantissa <= exact);
            } else {
                prop_assert!(mantissa >= exact);
            }
            prop_assert!(is_near(&mantissa, &exact, &slack), "{:?} {} {}", worth, mantissa, exact);
            let (alone, shift) = share_value(&terms, worth, prices, &setting).unwrap();
            let alone = whole(alone) / whole(power_of_two(u32::from(shift)));
            prop_assert!(is_near(&alone, &mantissa, &slack));
        }
    }

    #[test]
    fn any_terms_are_answered_without_a_panic(
        bytes in proptest::collection::vec(any::<u8>(), size_of::<BankTerms>()), price in any::<u64>(), stable in any::<u64>(),
        quote_decimals in any::<u8>(), buffer in any::<u32>(), now in any::<i64>()
    ) {
        let terms: BankTerms = bytemuck::pod_read_unaligned(&bytes);
        let prices = Prices { price: Price::new(price), stable: Price::new(stable) };
        let _ = share_values(&terms, prices, &Setting { quote_decimals: quote_decimals % 16, liq_buffer: Ratio::new(buffer), now });
        let _ = weights_are_ordered(&terms, Ratio::new(buffer));
    }
}

/// A board of these banks, all fresh, and the quote token behind them.
fn board(listed: &[Listed]) -> Option<Box<RiskBoard>> {
    let mut board: Box<RiskBoard> = Box::new(bytemuck::Zeroable::zeroed());
    board.header.liq_buffer = Ramp::constant(BUFFER.get());
    board.header.quote_decimals = 6;
    board.header.bank_count = listed.len() as u8 + 1;
    let header = board.header;
    for (at, listed) in listed.iter().enumerate() {
        let feed = Feed {
            price: listed.price,
            stable: listed.stable,
            last_valid_price: listed.price,
            last_valid_time: NOW,
            publish_time: NOW,
            max_age: 60,
            validity: Validity::Valid.code(),
            ..bytemuck::Zeroable::zeroed()
        };
        board.feeds[at] = feed;
        board.banks[at] = listed.terms(at as u8);
        refresh_bank(&mut board.banks[at], &feed, &header, NOW).ok()?;
    }
    let quote = &mut board.banks[listed.len()];
    *quote = BankTerms {
        deposit_index: Index::ONE.into(),
        borrow_index: Index::ONE.into(),
        ..listed[0].terms(NO_FEED)
    };
    quote.decimals = 6;
    refresh_bank(quote, &Feed { ..bytemuck::Zeroable::zeroed() }, &header, NOW).ok()?;
    Some(board)
}

/// Up to sixteen banks and a balance in each slot, some of them empty.
fn portfolio() -> impl Strategy<Value = (Vec<Listed>, Vec<(u64, bool, u8)>)> {
    let balance = (prop_oneof![Just(0u64), 0u64..1 << 40, 0u64..1 << 20], any::<bool>());
    (proptest::collection::vec(listed(), 1..16), proptest::collection::vec(balance, MAX_BALANCES)).prop_map(
        |(listed, balances)| {
            let banks = listed.len() as u8 + 1;
            let balances = (0u8..)
                .zip(balances)
                .map(|(slot, (shares, borrowed))| (shares, borrowed, slot % banks))
                .collect();
            (listed, balances)
        },
    )
}

fn balances(drawn: &[(u64, bool, u8)]) -> [Balance; MAX_BALANCES] {
    core::array::from_fn(|slot| {
        let (shares, borrowed, bank) = drawn[slot];
        Balance { shares: Shares::new(shares), bank, borrowed: borrowed.into(), reserved: [0; 6] }
    })
}

/// Exact assets and liabilities with the worths of a kind.
fn exact_sums(
    listed: &[Listed],
    drawn: &[(u64, bool, u8)],
    asset: Worth,
    liability: Worth,
) -> (Exact, Exact) {
    let (mut assets, mut liabilities) = (Exact::zero(), Exact::zero());
    for (shares, borrowed, bank) in drawn {
        let worth = if *borrowed { liability } else { asset };
        let value = listed.get(usize::from(*bank)).map_or_else(|| whole(1), |listed| listed.exact(worth, 6));
        *(if *borrowed { &mut liabilities } else { &mut assets }) += whole(*shares) * value;
    }
    (assets, liabilities)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn health_is_the_exact_sum_within_a_unit_a_balance_and_the_kinds_are_in_order((listed, drawn) in portfolio()) {
        let Some(board) = board(&listed) else { return Ok(()) };
        let balances = balances(&drawn);
        let none = Overlay::none();
        let kinds = [
            (Check::Withdraw, Worth::AssetStrict, Worth::LiabilityStrict),
            (Check::Initial, Worth::AssetStrict, Worth::LiabilityStrict),
            (Check::LiquidationEnd, Worth::AssetMaint, Worth::LiabilityLiqend),
            (Check::Maintenance, Worth::AssetMaint, Worth::LiabilityMaint),
        ];
        let mut last = Quote::new(i64::MIN);
        let (full, debts) = exact_sums(&listed, &drawn, Worth::AssetEquity, Worth::LiabilityStrict);
        for (check, asset, liability) in kinds {
            let (assets, liabilities) = exact_sums(&listed, &drawn, asset, liability);
            let Ok(found) = health(&balances, &board, &none, check, NOW) else {
                prop_assert!(&full + &debts > whole(1u64 << 57));
                return Ok(());
            };
            // A unit a balance, and the bits that the smaller of the seven values lose to the common shift.
            let slack = whole(MAX_BALANCES + 1) + (&full + &debts) / whole(power_of_two(48));
            let scaling = if check.is_strict() { scaling_slack(&listed, &drawn) } else { Exact::zero() };
            prop_assert!(is_near(&whole(found.assets.get()), &assets, &(&slack + &scaling)));
            prop_assert!(is_near(&whole(found.liabilities.get()), &liabilities, &slack));
            prop_assert!(whole(found.assets.get()) <= assets + scaling, "assets round down");
            prop_assert!(whole(found.liabilities.get()) >= liabilities, "liabilities round up");
            prop_assert!(found.net() >= last, "{:?} is stricter than the kind before it", check);
            last = found.net();
        }
        if let Ok(found) = equity(&balances, &board, &none, NOW) {
            prop_assert!(found.net() >= last);
        }
    }

    #[test]
    fn the_order_of_the_maintenance_kinds_survives_bad_feeds((listed, drawn) in portfolio(), later in 0i64..30_000) {
        let Some(board) = board(&listed) else { return Ok(()) };
        let balances = balances(&drawn);
        let at = |check, later| health(&balances, &board, &Overlay::none(), check, NOW + later).map(|health| health.net());
        if let (Ok(end), Ok(maintenance)) = (at(Check::LiquidationEnd, later), at(Check::Maintenance, later)) {
            prop_assert!(end <= maintenance);
            // A feed that dies never makes an account safer than the worst of its prices, and never safer with time.
            if later > 60 {
                prop_assert!(at(Check::Maintenance, later + 1_000).unwrap() <= maintenance);
            }
        }
    }
}

/// How far the scaled strict assets can move because deposits are counted in whole native quote.
fn scaling_slack(listed: &[Listed], drawn: &[(u64, bool, u8)]) -> Exact {
    let mut slack = Exact::zero();
    for (shares, borrowed, bank) in drawn {
        if let (Some(listed), false) = (listed.get(usize::from(*bank)), *borrowed)
            && listed.scale_start > 0
        {
            let value = whole(*shares) * listed.exact(Worth::AssetStrict, 6);
            slack += value / whole(listed.scale_start);
        }
    }
    slack
}
