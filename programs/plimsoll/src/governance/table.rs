//! Every parameter, one row each: add a row at the end and the tests and `docs/RISK_PARAMETERS.md` know it.
//!
//! Bounds are compiled in: no vote passes them. Where an instant tightening could stop people from leaving, the bound on
//! that side is a liveness floor (`hour_limit`, `day_limit`, `utilisation_limit`, `small_share`, `band`, `settlement_cap`,
//! `gate_share`, `gate_seconds`, `breaker_move`, `breaker_seconds`, `liq_window_cap`): what governance wants to stop altogether it has to pause, and a pause expires.

use super::Target;
use super::parameter::{
    Class::{LooseningDown, LooseningUp, LooseningUpZeroIsNone, TwoWay},
    Parameter, Place, Scope, Unit,
};
use crate::{errors::Refusal, state::exchange::TIERS};
use anchor_lang::prelude::*;
use plimsoll_risk::{
    layout::{
        bank::PORTFOLIO_ELIGIBLE,
        market::{MARKET_REDUCE_ONLY, PORTFOLIO_ELIGIBLE as ELIGIBLE_MARKET},
    },
    num::{Ratio as Fraction, TokenAmount},
};

const MINUTE: u64 = 60;
const HOUR: u64 = 3_600;
const DAY: u64 = 86_400;
/// Greatest amount of quote: it is held as a signed number.
const ANY_QUOTE: u64 = i64::MAX as u64;
const ANY: u64 = u64::MAX;
const ONE: u64 = bps(10_000);
/// Greatest size factor, as it is held: 0.00098.
const ANY_FACTOR: u64 = u32::MAX as u64;
/// Most lots of an account: less than half of what a position can hold, so that even a fill from one end of the range to the
/// other is a number of lots. A fill that did not fit would wait in the queue for ever.
const ANY_LOTS: u64 = (1 << 30) - 1;
/// Most lots that the least order of a market can have.
pub(crate) const MOST_MINIMUM_LOTS: u32 = 1_000_000;
/// Gains of a market can be slowed to so much in a window, native quote, but not stopped.
pub(crate) const LEAST_SETTLEMENT: u64 = 100_000_000;
/// Least move of the price that opens a breaker: below it a breaker would be a pause without an end. A refresh looks at a
/// feed's markets only beyond it.
pub(crate) const LEAST_BREAKER_MOVE: Fraction = Fraction::from_bps(200);

/// Hundredths of a percent as a ratio's raw number.
const fn bps(bps: u32) -> u64 {
    Fraction::from_bps(bps).get() as u64
}

/// `number "name" Scope Unit (least..most) Class Place(where) "meaning";`, the numbers counting from 0.
macro_rules! parameters {
    ($($id:literal $name:literal $scope:ident $unit:ident ($least:expr, $most:expr) $class:ident
        $place:ident($($find:tt)+) $meaning:literal;)+) => {
        &[$(Parameter {
            id: $id,
            name: $name,
            scope: Scope::$scope,
            unit: Unit::$unit,
            least: $least,
            most: $most,
            class: $class,
            place: Place::$place($($find)+),
            #[cfg(not(target_os = "solana"))]
            meaning: $meaning,
        },)+]
    };
}

/// How long loosening waits: known to `create_exchange`.
pub(super) const TIMELOCK: &Parameter = &PARAMETERS[0];
/// How long a ramp takes: known to `create_exchange`.
pub(super) const RAMP: &Parameter = &PARAMETERS[1];
/// The one role whose change its holder cannot veto.
pub(super) const GUARDIAN: &Parameter = &PARAMETERS[3];

/// Every parameter; a parameter's number is its place.
#[rustfmt::skip]
pub const PARAMETERS: &[Parameter] = parameters! {
    0 "exchange.timelock_seconds" Exchange Seconds (DAY, 30 * DAY) TwoWay
        U64(|t| Ok(&mut t.exchange.timelock_seconds))
        "How long a change that loosens, and the hand-over of the admin's role, wait";
    1 "exchange.ramp_seconds" Exchange Seconds (HOUR, 30 * DAY) TwoWay
        U64(|t| Ok(&mut t.exchange.ramp_seconds))
        "How long a ramped parameter takes to arrive";
    2 "exchange.risk_council" Exchange Address (0, 0) TwoWay
        Address(|t| Ok(&mut t.exchange.risk_council))
        "Who, beside the admin, proposes changes of numbers";
    3 "exchange.guardian" Exchange Address (0, 0) TwoWay
        Address(|t| Ok(&mut t.exchange.guardian))
        "Who pauses and vetoes; cannot veto this parameter's change";
    4 "exchange.fee_collector" Exchange Address (0, 0) TwoWay
        Address(|t| Ok(&mut t.exchange.fee_collector))
        "Who receives surplus and fees";

    // More takes more from the liquidated, less leaves them so thin that they are liquidated again: neither side is the safe one.
    5 "board.liq_buffer" Board Ratio (0, bps(2_500)) TwoWay
        Ramp(|t| Ok(&mut t.board.header.liq_buffer))
        "How much further than maintenance a liquidation goes";
    6 "board.max_publish_spread" Board Seconds (1, MINUTE) TwoWay
        U32(|t| Ok(&mut t.board.header.max_publish_spread))
        "Widest spread of publish times within one strict check";
    7 "board.bank_max_age" Board Seconds (5 * MINUTE, 6 * HOUR) TwoWay
        U32(|t| Ok(&mut t.board.header.bank_max_age))
        "Age beyond which a bank's indexes on the board are stale";
    8 "refresh.reward" Board Quote (0, 10_000) LooseningUp
        Tokens(|t| Ok(&mut t.board.header.refresh.reward))
        "What a refresh earns that moved something";
    9 "refresh.hourly_cap" Board Quote (0, 50_000_000) LooseningUp
        Tokens(|t| Ok(&mut t.board.header.refresh.hourly_cap))
        "Most that refreshers earn in an hour, all together";
    10 "refresh.min_age" Board Seconds (1, MINUTE) LooseningDown
        U32(|t| Ok(&mut t.board.header.refresh.min_age))
        "A price this old is worth a reward";
    11 "refresh.min_move" Board Ratio (bps(1), bps(500)) LooseningDown
        Ratio(|t| Ok(&mut t.board.header.refresh.min_move))
        "A price that moved this far is worth a reward";

    12 "portfolio.tail_multiple" Board Ratio (ONE, bps(39_000)) LooseningDown
        Ramp(|t| Ok(&mut t.board.header.portfolio.tail_multiple))
        "Expected shortfall as a multiple of the standard deviation (c)";
    13 "portfolio.factor_sigma" Board Ratio (bps(50), bps(5_000)) LooseningDown
        Ramp(|t| Ok(&mut t.board.header.portfolio.factor_sigma))
        "Daily volatility of the market-wide factor (sigma_F)";
    14 "portfolio.floor" Board Ratio (bps(10), bps(5_000)) LooseningDown
        Ramp(|t| Ok(&mut t.board.header.portfolio.floor))
        "Least requirement, of gross notional";
    15 "portfolio.minimum_equity" Board Quote (0, 10_000_000_000_000) LooseningDown
        Quote(|t| Ok(&mut t.board.header.portfolio.minimum_equity))
        "Least equity of an account in portfolio mode; below it, reduce-only";

    16 "bank.asset_weight_initial" BankTerms Ratio (0, ONE) LooseningUp
        Ratio(|t| Ok(&mut t.terms()?.asset_weight_initial))
        "Weight of a deposit when risk is taken or tokens leave";
    17 "bank.asset_weight_maint" BankTerms Ratio (0, ONE) LooseningUp
        Ramp(|t| Ok(&mut t.terms()?.asset_weight_maint))
        "Weight of a deposit in maintenance";
    18 "bank.liability_weight_initial" BankTerms Ratio (ONE, bps(30_000)) LooseningDown
        Ratio(|t| Ok(&mut t.terms()?.liability_weight_initial))
        "Weight of a debt when risk is taken or tokens leave";
    19 "bank.liability_weight_maint" BankTerms Ratio (ONE, bps(30_000)) LooseningDown
        Ramp(|t| Ok(&mut t.terms()?.liability_weight_maint))
        "Weight of a debt in maintenance";
    20 "bank.scale_start" BankTerms Quote (0, ANY_QUOTE) LooseningUpZeroIsNone
        Quote(|t| Ok(&mut t.terms()?.scale_start))
        "Worth of all deposits beyond which `asset_weight_initial` shrinks";
    // Switching it off moves accounts from one model to another: not a safe direction.
    21 "bank.portfolio_eligible" BankTerms Flag (0, 1) TwoWay
        Bits(PORTFOLIO_ELIGIBLE, |t| Ok(&mut t.terms()?.flags))
        "Whether portfolio margin's model covers its balances";

    22 "bank.deposit_cap" Bank Tokens (0, ANY) LooseningUp
        U64(|t| Ok(&mut t.bank()?.deposit_cap))
        "Most that may be deposited in all";
    23 "bank.account_deposit_cap" Bank Tokens (0, ANY) LooseningUp
        U64(|t| Ok(&mut t.bank()?.account_deposit_cap))
        "Most that one account may hold";
    24 "bank.borrow_cap" Bank Tokens (0, ANY) LooseningUp
        U64(|t| Ok(&mut t.bank()?.borrow_cap))
        "Most that may be borrowed in all";
    25 "bank.account_borrow_cap" Bank Tokens (0, ANY) LooseningUp
        U64(|t| Ok(&mut t.bank()?.account_borrow_cap))
        "Most that one account may owe";
    26 "bank.minimum_deposit" Bank Tokens (1, 1_000_000_000) LooseningDown
        U64(|t| Ok(&mut t.bank()?.minimum_deposit))
        "Least deposit";
    27 "bank.small_withdrawal" Bank Tokens (1, ANY) LooseningUp
        U64(|t| Ok(&mut t.bank()?.small_withdrawal))
        "Withdrawals up to this size may use the whole outflow limit, and so much may leave in any hour";
    28 "bank.small_share" Bank Ratio (0, bps(5_000)) LooseningDown
        Ratio(|t| Ok(&mut t.bank()?.small_share))
        "Part of the outflow limits that larger withdrawals cannot use";
    29 "bank.hour_limit" Bank Ratio (bps(100), ONE) LooseningUp
        Ratio(|t| Ok(&mut t.bank()?.hour_limit))
        "Most net outflow in an hour, of the deposits; 100% is no limit";
    30 "bank.day_limit" Bank Ratio (bps(500), ONE) LooseningUp
        Ratio(|t| Ok(&mut t.bank()?.day_limit))
        "Most net outflow in a day, of the deposits; 100% is no limit";
    31 "bank.utilisation_limit" Bank Ratio (bps(5_000), bps(9_800)) LooseningUp
        Ratio(|t| Ok(&mut t.bank()?.utilisation_limit))
        "Most of the deposits that may be lent";
    32 "bank.reserve_factor" Bank Ratio (0, bps(5_000)) TwoWay
        Ratio(|t| Ok(&mut t.bank()?.reserve_factor))
        "Part of the interest that is kept back";
    33 "bank.kink1" Bank Ratio (bps(100), bps(9_800)) TwoWay
        Ratio(|t| Ok(&mut t.bank()?.kink1))
        "Utilisation at the rate curve's first kink";
    34 "bank.kink2" Bank Ratio (bps(200), bps(9_900)) TwoWay
        Ratio(|t| Ok(&mut t.bank()?.kink2))
        "Utilisation at the rate curve's second kink";
    35 "bank.rate0" Bank Ratio (0, bps(30_000)) TwoWay
        Ratio(|t| Ok(&mut t.bank()?.rate0))
        "Annual borrow rate at no utilisation";
    36 "bank.rate1" Bank Ratio (0, bps(30_000)) TwoWay
        Ratio(|t| Ok(&mut t.bank()?.rate1))
        "Annual borrow rate at the first kink";
    37 "bank.rate2" Bank Ratio (0, bps(30_000)) TwoWay
        Ratio(|t| Ok(&mut t.bank()?.rate2))
        "Annual borrow rate at the second kink";
    38 "bank.rate3" Bank Ratio (0, bps(30_000)) TwoWay
        Ratio(|t| Ok(&mut t.bank()?.rate3))
        "Annual borrow rate at full utilisation";

    39 "feed.pyth_feed_id" Feed Address (0, 0) TwoWay
        Address(|t| Ok(&mut t.feed()?.pyth_feed_id))
        "Pyth's id of the price";
    40 "feed.switchboard" Feed OptionalAddress (0, 0) TwoWay
        Address(|t| Ok(&mut t.feed()?.switchboard))
        "The Switchboard account that stands in when Pyth is silent";
    41 "feed.max_age" Feed Seconds (5, 10 * MINUTE) TwoWay
        U32(|t| Ok(&mut t.feed()?.max_age))
        "Age beyond which the price is stale";
    42 "feed.max_confidence" Feed Ratio (bps(1), bps(1_000)) TwoWay
        Ratio(|t| Ok(&mut t.feed()?.max_confidence))
        "Widest confidence interval, of the price";
    43 "feed.max_divergence" Feed Ratio (bps(50), bps(5_000)) TwoWay
        Ratio(|t| Ok(&mut t.feed()?.max_divergence))
        "Furthest distance of the price from the stable price";
    44 "feed.stable_rate" Feed Ratio (bps(1), bps(1_000)) TwoWay
        Ratio(|t| Ok(&mut t.feed()?.stable_rate))
        "Fastest movement of the stable price, a minute";
    45 "feed.fallback_band" Feed Ratio (bps(10), bps(2_000)) TwoWay
        Ratio(|t| Ok(&mut t.feed()?.fallback_band))
        "Furthest distance of a Switchboard price from the board's";
    46 "feed.volatility_floor" Feed Ratio (bps(1), ONE) TwoWay
        Ratio(|t| Ok(&mut t.feed()?.volatility_floor))
        "Least daily volatility assumed";
    47 "feed.beta" Feed Ratio (0, bps(30_000)) TwoWay
        Ratio(|t| Ok(&mut t.feed()?.beta))
        "Sensitivity to the market-wide factor, portfolio margin";
    48 "feed.sigma" Feed Ratio (bps(10), ONE) LooseningDown
        Ramp(|t| Ok(&mut t.feed()?.sigma))
        "Own daily volatility, portfolio margin";
    49 "feed.shock" Feed Ratio (bps(100), ONE) LooseningDown
        Ramp(|t| Ok(&mut t.feed()?.shock))
        "Own shock, portfolio margin";
    50 "feed.basis" Feed Ratio (0, bps(5_000)) LooseningDown
        Ramp(|t| Ok(&mut t.feed()?.basis))
        "Basis charge between legs of one underlying, portfolio margin";

    // With more, people cannot leave with what they own; with less, they owe more than they have: neither side is safe.
    51 "market.imr" Market Ratio (bps(100), ONE) TwoWay
        Ratio(|t| Ok(&mut t.market_terms()?.imr))
        "Margin of a position when risk is taken or tokens leave";
    52 "market.mmr" Market Ratio (bps(50), bps(5_000)) LooseningDown
        Ramp(|t| Ok(&mut t.market_terms()?.mmr))
        "Margin of a position in maintenance";
    53 "market.imf" Market SizeFactor (0, ANY_FACTOR) TwoWay
        SizeFactor(|t| Ok(&mut t.market_terms()?.imf))
        "Growth of the initial margin with the square root of the position's worth";
    54 "market.imf_maint" Market SizeFactor (0, ANY_FACTOR) LooseningDown
        Ramp(|t| Ok(&mut t.market_terms()?.imf_maint_ramp))
        "Growth of the maintenance margin with the square root of the position's worth";
    55 "market.kappa" Market Ratio (0, bps(39_000)) LooseningDown
        Ratio(|t| Ok(&mut t.market_terms()?.kappa))
        "Initial margin as a multiple of the daily volatility";
    56 "market.breaker_imr" Market Ratio (bps(100), ONE) LooseningDown
        Ratio(|t| Ok(&mut t.market_terms()?.breaker_imr))
        "Initial margin while a breaker is open";
    57 "market.pnl_weight" Market Ratio (0, ONE) LooseningUp
        Ratio(|t| Ok(&mut t.market_terms()?.pnl_weight))
        "Weight of a profit on paper when risk is taken";
    58 "market.pnl_cap" Market Quote (0, 10_000_000_000_000) LooseningUp
        Quote(|t| Ok(&mut t.market_terms()?.pnl_cap))
        "Most profit on paper of one position that counts when risk is taken";
    59 "market.oi_lower" Market Quote (0, ANY_QUOTE) LooseningUp
        Quote(|t| Ok(&mut t.market_terms()?.oi_lower))
        "Open interest at which the initial margin begins to rise";
    60 "market.oi_upper" Market Quote (1, ANY_QUOTE) LooseningUp
        Quote(|t| Ok(&mut t.market_terms()?.oi_upper))
        "Open interest at which the initial margin is the whole worth";
    // Switching it off moves accounts from one model to another: not a safe direction.
    61 "market.portfolio_eligible" Market Flag (0, 1) TwoWay
        Bits(ELIGIBLE_MARKET, |t| Ok(&mut t.market_terms()?.flags))
        "Whether portfolio margin's model covers its positions";
    62 "market.reduce_only" Market Flag (0, 1) LooseningDown
        Bits(MARKET_REDUCE_ONLY, |t| Ok(&mut t.market_terms()?.state))
        "Whether positions may only shrink";
    63 "market.taker_fee" Market Ratio (0, bps(100)) TwoWay
        Ratio(|t| Ok(&mut t.market()?.taker_fee))
        "Paid by takers, of the notional";
    64 "market.maker_fee" Market Ratio (0, bps(100)) TwoWay
        Ratio(|t| Ok(&mut t.market()?.maker_fee))
        "Paid by makers, of the notional";
    65 "market.maker_rebate" Market Ratio (0, bps(100)) TwoWay
        Ratio(|t| Ok(&mut t.market()?.maker_rebate))
        "Paid to makers, of the notional";
    66 "market.band" Market Ratio (bps(50), bps(2_000)) LooseningUp
        Ratio(|t| Ok(&mut t.market()?.band))
        "Furthest distance from the index at which an order may match";
    67 "market.open_interest_cap" Market Lots (1, ANY) LooseningUp
        U64(|t| Ok(&mut t.market()?.open_interest_cap))
        "Most open interest";
    68 "market.account_cap" Market Lots (1, ANY_LOTS) LooseningUp
        U32(|t| Ok(&mut t.market()?.account_cap))
        "Most that one account may hold, its orders counted as if filled";
    // With more, the small ones cannot leave; with less, the book fills with what is not worth its rent.
    69 "market.minimum_lots" Market Lots (1, MOST_MINIMUM_LOTS as u64) TwoWay
        U32(|t| Ok(&mut t.market()?.minimum_lots))
        "Least size of an order";
    70 "market.impact_notional" Market Quote (1, 10_000_000_000_000) TwoWay
        Quote(|t| Ok(&mut t.market()?.impact_notional))
        "Depth at which the book's price is taken for funding";
    71 "market.funding_cap" Market Ratio (bps(1), bps(1_000)) TwoWay
        Ratio(|t| Ok(&mut t.market()?.funding_cap))
        "Largest premium that funding counts";
    72 "market.funding_period" Market Seconds (HOUR, DAY) TwoWay
        U32(|t| Ok(&mut t.market()?.funding_period))
        "How long it takes until a premium is paid once";
    73 "market.settlement_cap" Market Quote (LEAST_SETTLEMENT, ANY) LooseningUp
        Tokens(|t| Ok(&mut t.market()?.settlement_cap))
        "Most gains that become cash in an hour";
    74 "market.unsettled_cap" Market Count (4, 10_000) LooseningUp
        U32(|t| Ok(&mut t.market()?.unsettled_cap))
        "Fills that one taker may have waiting once the queue is half full";
    75 "market.trigger_reward" Market Quote (0, 2_000_000) LooseningUp
        U32(|t| Ok(&mut t.market()?.trigger_reward))
        "What executing a trigger order earns unless its owner says otherwise";

    // What takes more from the liquidated pays more to those who keep others safe from them: neither side is the safe one.
    76 "market.liq_fee_start" Market Ratio (0, bps(500)) TwoWay
        Ratio(|t| Ok(&mut t.market_terms()?.liq_fee_start))
        "Fee of a liquidation at the moment of flagging, of the worth taken; never more than half of `mmr`";
    77 "market.liq_fee_most" Market Ratio (bps(1), bps(1_000)) TwoWay
        Ratio(|t| Ok(&mut t.market_terms()?.liq_fee_most))
        "The same at the end of its auction";
    78 "market.liq_fee_seconds" Market Seconds (1, 10 * MINUTE) TwoWay
        U32(|t| Ok(&mut t.market_terms()?.liq_fee_seconds))
        "How long that fee rises";
    79 "market.liq_insurance_share" Market Ratio (0, bps(9_000)) TwoWay
        Ratio(|t| Ok(&mut t.market_terms()?.liq_insurance_share))
        "Part of each such fee that is insurance";
    80 "market.breaker_move" Market Ratio (0, bps(5_000)) LooseningUpZeroIsNone
        Ratio(|t| Ok(&mut t.market_terms()?.breaker_move))
        "Move of the price within five minutes that opens the breaker; none, or at least 2%";
    81 "market.breaker_seconds" Market Seconds (10, HOUR) LooseningDown
        U32(|t| Ok(&mut t.market_terms()?.breaker_seconds))
        "How long the breaker stays open";
    // With more, a book is swept empty; with less, who is in danger stays in danger: neither side is safe.
    82 "market.liq_window_cap" Market Quote (LEAST_SETTLEMENT, ANY) TwoWay
        Tokens(|t| Ok(&mut t.market()?.liq_window_cap))
        "Most that is liquidated into the book in one window";
    83 "market.tranche_target" Market Quote (0, ANY) TwoWay
        Tokens(|t| Ok(&mut t.market()?.tranche_target))
        "Up to so much of its insurance revenue a market keeps for itself";
    84 "market.subsidy_cap" Market Quote (0, 1_000_000_000_000) LooseningUp
        Tokens(|t| Ok(&mut t.market()?.subsidy_cap))
        "Most that its tranche pays an hour for liquidating the insolvent";
    85 "market.tier" Market Count (0, TIERS as u64 - 1) TwoWay
        U8(|t| Ok(&mut t.market()?.tier))
        "Which of `tier_cap` holds for it";

    86 "board.swap_fee_start" Board Ratio (0, bps(500)) TwoWay
        Ratio(|t| Ok(&mut t.board.header.swap_fee_start))
        "Fee of a swap of collateral, or of bought profit, at the moment of flagging";
    87 "board.swap_fee_most" Board Ratio (bps(1), bps(1_500)) TwoWay
        Ratio(|t| Ok(&mut t.board.header.swap_fee_most))
        "The same at the end of its auction";
    88 "board.swap_fee_seconds" Board Seconds (1, 10 * MINUTE) TwoWay
        U32(|t| Ok(&mut t.board.header.swap_fee_seconds))
        "How long that fee rises";
    89 "board.swap_insurance_share" Board Ratio (0, bps(9_000)) TwoWay
        Ratio(|t| Ok(&mut t.board.header.swap_insurance_share))
        "Part of each such fee that is insurance";
    90 "board.liq_dust" Board Quote (0, 100_000_000) TwoWay
        Quote(|t| Ok(&mut t.board.header.liq_dust))
        "Where a liquidation would leave less, it takes everything";
    91 "board.insolvency_seconds" Board Seconds (30, HOUR) TwoWay
        U32(|t| Ok(&mut t.board.header.insolvency_seconds))
        "How long after flagging the insolvent may be deleveraged";
    92 "board.heartbeat_gap" Board Seconds (0, DAY) TwoWay
        U32(|t| Ok(&mut t.board.header.heartbeat_gap))
        "Silence of all refreshes that is an outage; none, or at least a minute";
    93 "board.grace_seconds" Board Seconds (0, 10 * MINUTE) TwoWay
        U32(|t| Ok(&mut t.board.header.grace_seconds))
        "How long after an outage nobody is liquidated";
    94 "board.cancel_only_seconds" Board Seconds (0, 10 * MINUTE) TwoWay
        U32(|t| Ok(&mut t.board.header.cancel_only_seconds))
        "How long after that orders may only be cancelled";
    95 "board.gate_share" Board Ratio (bps(10), bps(5_000)) LooseningUp
        Ratio(|t| Ok(&mut t.board.header.gate_share))
        "Pending loss, of a bank's deposits, that gates its withdrawals";
    96 "board.gate_seconds" Board Seconds (MINUTE, HOUR) LooseningDown
        U32(|t| Ok(&mut t.board.header.gate_seconds))
        "How long they are gated, at most once a day";

    97 "exchange.insurance_cooldown" Exchange Seconds (DAY, 30 * DAY) TwoWay
        U32(|t| Ok(&mut t.exchange.insurance_cooldown))
        "How long stakes in the insurance fund cool before they can be redeemed";
    98 "exchange.tier_seconds" Exchange Seconds (HOUR, 7 * DAY) TwoWay
        U32(|t| Ok(&mut t.exchange.tier_seconds))
        "Window of `tier_cap`";
    99 "exchange.purchase_fee" Exchange Ratio (0, bps(1_000)) TwoWay
        Ratio(|t| Ok(&mut t.exchange.purchase_fee))
        "Most that the fund pays above the oracle price for tokens that cover a debt";
    100 "exchange.fee_share" Exchange Ratio (0, ONE) TwoWay
        Ratio(|t| Ok(&mut t.exchange.fee_share))
        "Part of the collected trading fees that is insurance";
    101 "exchange.tier_cap_0" Exchange Quote (0, ANY) TwoWay
        Tokens(|t| tier_cap(t, 0))
        "Most that the shared fund pays in a window for markets of tier 0";
    102 "exchange.tier_cap_1" Exchange Quote (0, ANY) TwoWay
        Tokens(|t| tier_cap(t, 1))
        "The same of tier 1";
    103 "exchange.tier_cap_2" Exchange Quote (0, ANY) TwoWay
        Tokens(|t| tier_cap(t, 2))
        "The same of tier 2";
    104 "exchange.tier_cap_3" Exchange Quote (0, ANY) TwoWay
        Tokens(|t| tier_cap(t, 3))
        "The same of tier 3";
};

/// What the shared fund pays for one tier of markets.
fn tier_cap<'t>(target: &'t mut Target<'_>, tier: usize) -> Result<&'t mut TokenAmount> {
    target.exchange.tier_caps.get_mut(tier).ok_or_else(|| Refusal::UnknownTarget.into())
}

// A number that is not a row's place would read another parameter.
const _: () = {
    let mut place = 0;
    #[allow(clippy::arithmetic_side_effects)] // counts the rows, at compile time
    while place < PARAMETERS.len() {
        assert!(PARAMETERS[place].id as usize == place);
        assert!(PARAMETERS[place].least <= PARAMETERS[place].most);
        place += 1;
    }
};
