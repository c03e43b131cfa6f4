//! The most that each figure may be: a change that costs more has to say so here.

/// What we promise.
const PROMISES: &[(&str, u64)] = &[
    ("deposit", 7_000),
    ("deposit.token_2022", 9_000),
    ("withdraw.16_balances_borrow", 12_000),
    ("margin.per_balance", 180),
    ("margin.per_balance_largest", 180),
    ("refresh.per_feed", 2_500),
    ("program_bytes", 716_800),
];

/// What was measured, rounded up to the next 500 with at least 3% to spare.
const MEASURED: &[(&str, u64)] = &[
    ("deposit.first", 6_500),
    ("deposit.16_balances_repaying", 7_500),
    ("withdraw", 7_500),
    ("withdraw_all", 7_500),
    ("withdraw_all.16_balances", 9_500),
    ("repay.16_balances", 7_500),
    ("repay_all.16_balances", 7_500),
    ("repay", 7_000),
    ("repay_all", 7_000),
    ("withdraw.16_balances_borrow_4_overlays", 18_000),
    ("margin.per_overlay", 2_000),
    ("skim_surplus", 5_000),
    ("refresh_bank.short", 5_500),
    ("resume_bank", 2_000),
    ("refresh_prices", 4_500),
    ("refresh_prices.8_feeds", 22_000),
    ("refresh_prices.29_feeds", 75_000),
    ("refresh_prices.after_a_day", 5_500),
    ("refresh_prices.paid", 7_500),
    ("refresh_prices.switchboard", 4_500),
    ("refresh_bank", 5_500),
    ("refresh.per_feed_without_bank", 1_500),
    ("refresh_prices.31_banks", 43_000),
    ("refresh.per_bank", 1_500),
    ("refresh_prices.ramping", 5_500),
    ("open_account", 7_000),
    ("set_delegate", 2_000),
    ("close_account", 2_500),
    ("create_exchange", 10_000),
    ("create_board", 11_500),
    ("grow_board", 8_500),
    ("grow_board.last", 8_500),
    ("register_bank", 19_000),
    ("add_feed", 2_000),
    ("register_bank.spl", 17_500),
    ("register_bank.token_2022", 19_000),
    ("add_feed.64", 2_000),
    ("register_bank.32", 16_000),
    ("open_exchange", 2_000),
    ("propose_change", 8_500),
    ("propose_change.ramped", 8_000),
    ("propose_change.queued", 12_000),
    ("veto_change", 2_500),
    ("withdraw_change", 2_000),
    ("apply_change", 5_000),
    ("apply_change.ramped", 5_000),
    ("nominate_admin", 2_000),
    ("accept_admin", 2_000),
    ("pause", 2_000),
    ("unpause", 2_500),
];

/// The cap of a figure.
pub fn of(name: &str) -> Option<u64> {
    PROMISES.iter().chain(MEASURED).find(|(of, _)| *of == name).map(|(_, cap)| *cap)
}

/// Whether a figure is one of those that are promised.
pub fn is_promise(name: &str) -> bool {
    PROMISES.iter().any(|(of, _)| *of == name)
}

/// The names of all that have a cap.
pub fn names() -> impl Iterator<Item = &'static str> {
    PROMISES.iter().chain(MEASURED).map(|(name, _)| *name)
}
