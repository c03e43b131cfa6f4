//! The most that each figure may be: a change that costs more has to say so here.

/// What we promise.
const PROMISES: &[(&str, u64)] = &[
    ("deposit", 7_000),
    ("deposit.token_2022", 9_000),
    ("withdraw.16_balances_borrow", 12_000),
    ("margin.per_balance", 180),
    ("margin.per_balance_largest", 180),
    ("refresh.per_feed", 2_500),
    ("place.one_position", 7_000),
    ("place.max_shape", 15_000),
    ("place.max_shape.reducing", 20_000),
    ("trade.one_position", 12_000),
    ("trade.max_shape", 22_000),
    ("fill.per_maker", 3_000),
    ("fill.per_maker_largest", 3_000),
    ("apply_fill", 5_000),
    ("apply_fill_largest", 5_000),
    ("cancel", 5_000),
    ("settle_pnl", 10_000),
    ("margin.per_position", 400),
    ("margin.per_position_largest", 400),
    ("withdraw.max_shape", 18_000),
    ("liquidate.takeover.max_shape", 35_000),
    ("liquidate.book.max_shape", 35_000),
    ("liquidate.collateral.max_shape", 35_000),
    ("bankruptcy.max_shape", 40_000),
    ("waterfall.total", 80_000),
    ("deleverage.touch", 500),
    ("program_bytes", 716_800),
];

/// Promises that are not kept yet, and what is allowed until they are.
const NOT_REACHED: &[(&str, u64)] =
    &[("cancel", 6_500), ("deleverage.touch", 1_500), ("program_bytes", 820_000)];

/// What was measured, rounded up to the next 500 with at least 3% to spare.
const MEASURED: &[(&str, u64)] = &[
    ("premium.observation", 1_000),
    ("trade.max_shape_then_rests", 17_500),
    ("place_order.1_queued", 9_500),
    ("place_order.10_queued", 18_500),
    ("apply_fills", 16_000),
    ("place_order.queue_half_full", 16_000),
    ("place_order.8_expired", 21_000),
    ("fill.per_expired", 1_500),
    ("cancel_all", 34_000),
    ("cancel_by_client_id", 34_000),
    ("batch", 30_000),
    ("set_dead_man", 2_000),
    ("settle_pnl.gain", 4_500),
    ("set_position_mode", 2_500),
    ("fund_pocket", 12_500),
    ("set_position_mode.cross", 4_000),
    ("drain_pocket", 5_000),
    ("collect_fees", 4_000),
    ("collect_fees.deficit", 4_000),
    ("pay_fees", 5_000),
    ("refresh_market", 5_000),
    ("assess", 11_500),
    ("assess.renew", 11_500),
    ("assess.margin_call", 17_000),
    ("assess.insolvent", 15_500),
    ("liquidate.pnl.max_shape", 32_000),
    ("gate_withdrawals", 13_500),
    ("bankruptcy.unordered", 43_000),
    ("waterfall.31_legs", 107_500),
    ("deleverage", 5_500),
    ("apply_deleveraging", 3_000),
    ("open_stake", 5_500),
    ("stake", 14_000),
    ("cool", 2_500),
    ("redeem", 6_500),
    ("close_stake", 1_500),
    ("prove_life", 1_500),
    ("start_settlement", 3_000),
    ("observe_settlement", 2_000),
    ("observe_settlement.last", 3_000),
    ("close_settled", 3_000),
    ("close_market", 3_500),
    ("place_trigger", 2_500),
    ("cancel_trigger", 2_000),
    ("execute_trigger", 23_000),
    ("deposit.first", 6_500),
    ("deposit.16_balances_repaying", 8_000),
    ("withdraw", 8_000),
    ("withdraw_all", 8_000),
    ("withdraw_all.16_balances", 10_000),
    ("repay.16_balances", 7_500),
    ("repay_all.16_balances", 7_500),
    ("repay", 7_500),
    ("repay_all", 7_500),
    ("withdraw.16_balances_borrow_4_overlays", 18_500),
    ("margin.per_overlay", 2_000),
    ("skim_surplus", 5_000),
    ("refresh_bank.short", 5_500),
    ("resume_bank", 2_000),
    ("refresh_prices", 4_500),
    ("refresh_prices.8_feeds", 22_500),
    ("refresh_prices.29_feeds", 75_000),
    ("refresh_prices.after_a_day", 5_500),
    ("refresh_prices.paid", 7_500),
    ("refresh_prices.switchboard", 4_500),
    ("refresh_bank", 5_500),
    ("refresh.per_feed_without_bank", 1_500),
    ("refresh_prices.31_banks", 44_000),
    ("refresh.per_bank", 1_500),
    ("refresh_prices.64_markets", 100_000),
    ("refresh.per_market", 1_500),
    ("refresh_prices.ramping", 5_500),
    ("open_account", 6_500),
    ("set_delegate", 2_000),
    ("close_account", 2_500),
    ("create_exchange", 9_000),
    ("create_board", 8_500),
    ("create_insurance", 8_000),
    ("grow_board", 8_500),
    ("grow_board.last", 8_500),
    ("register_bank", 16_500),
    ("add_feed", 2_000),
    ("register_bank.spl", 15_000),
    ("register_bank.token_2022", 16_500),
    ("add_feed.64", 2_000),
    ("register_bank.32", 13_500),
    ("open_exchange", 2_000),
    ("create_market", 24_500),
    ("grow_book", 3_500),
    ("grow_book.queue", 4_000),
    ("propose_change", 9_000),
    ("propose_change.ramped", 8_500),
    ("propose_change.queued", 9_500),
    ("veto_change", 2_500),
    ("withdraw_change", 2_500),
    ("apply_change", 5_500),
    ("apply_change.ramped", 5_000),
    ("nominate_admin", 2_000),
    ("accept_admin", 2_000),
    ("pause", 2_500),
    ("unpause", 2_500),
];

fn find(list: &[(&str, u64)], name: &str) -> Option<u64> {
    list.iter().find(|(of, _)| *of == name).map(|(_, cap)| *cap)
}

/// The cap of a figure: what is allowed where the promise is not kept yet.
pub fn of(name: &str) -> Option<u64> {
    [NOT_REACHED, PROMISES, MEASURED].into_iter().find_map(|list| find(list, name))
}

/// What is promised of a figure, if anything is.
pub fn promised(name: &str) -> Option<u64> {
    find(PROMISES, name)
}

/// Whether a figure's promise is known not to be kept yet.
pub fn is_not_reached(name: &str) -> bool {
    find(NOT_REACHED, name).is_some()
}

/// The names of all that have a cap.
pub fn names() -> impl Iterator<Item = &'static str> {
    PROMISES.iter().chain(MEASURED).map(|(name, _)| *name)
}
