//! Accounts that one core values in a second, from memory: `cargo bench -p plimsoll-keeper`.
//!
//! A million accounts of 8 balances and 8 positions each, no two alike, cross, at maintenance, on a board where every price
//! is valid. Each pass is what a liquidator does after a price has moved.

use bytemuck::Zeroable;
use plimsoll_keeper::ledger::Ledger;
use plimsoll_risk::{
    health::{Check, Overlay},
    layout::{
        account::{MarginAccount, POSITION_IN_USE},
        board::RiskBoard,
    },
    margin,
    num::{Lots, Quote, Ratio, Shares, SizeFactor},
};
use std::{hint::black_box, time::Instant};

const ACCOUNTS: u32 = 1_000_000;
const SLOTS: usize = 8;
const PASSES: u32 = 5;
const NOW: i64 = 1_700_000_000;

/// Numbers that look like chance, the same every time.
struct Sequence(u64);

impl Sequence {
    fn below(&mut self, limit: u64) -> u64 {
        // Knuth's multiplier; the high bits are the random ones.
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33).checked_rem(limit).unwrap_or(0)
    }
}

/// Sixteen banks and sixteen markets at prices around a thousand.
fn board() -> Box<RiskBoard> {
    let mut board: Box<RiskBoard> = Box::new(RiskBoard::zeroed());
    board.header.quote_decimals = 6;
    for (number, bank) in (1_000u64..).zip(board.banks.iter_mut().take(16)) {
        bank.valid_until = NOW;
        bank.shift = 16;
        let price = number << 14;
        bank.values.asset_maint = price;
        bank.values.liability_maint = price + (price >> 3);
    }
    for (number, market) in (1_000u32..).zip(board.markets.iter_mut().take(16)) {
        (market.valid_until, market.shift) = (NOW, 10);
        market.lot_price = number << 18;
        market.maint_ratio = Ratio::from_bps(300);
        market.imf_maint = SizeFactor::new(1 << 20);
        market.unbound_maint = Quote::new(1_000_000_000);
        (market.longs.a, market.shorts.a) = (1 << 60, 1 << 60);
    }
    board
}

fn account(chance: &mut Sequence) -> MarginAccount {
    let mut account = MarginAccount::zeroed();
    for (bank, balance) in (0u8..).zip(account.balances.iter_mut().take(SLOTS)) {
        balance.bank = 2 * bank + u8::from(chance.below(2) == 1);
        balance.borrowed = u8::from(chance.below(4) == 0);
        balance.shares = Shares::new(1 + chance.below(1 << 30));
    }
    for (market, position) in (0u8..).zip(account.positions.iter_mut().take(SLOTS)) {
        let lots = 1 + i32::try_from(chance.below(10_000)).unwrap_or(1);
        position.market = 2 * market + u8::from(chance.below(2) == 1);
        position.flags = POSITION_IN_USE;
        position.lots = Lots::new(if chance.below(2) == 1 { lots } else { -lots });
        position.quote = Quote::new(-i64::from(position.lots.get()) * 256_000);
        position.deleveraging_a = 1 << 60;
    }
    account
}

fn main() {
    let (board, mut chance) = (board(), Sequence(7));
    let mut ledger = Ledger::default();
    for address in 0..ACCOUNTS {
        ledger.put(address, &account(&mut chance));
    }
    let overlay = Overlay::none();
    for _ in 0..PASSES {
        let start = Instant::now();
        let endangered = ledger
            .all_holdings()
            .map(|it| black_box(margin::margin(&it, &board, &overlay, Check::Maintenance, NOW)))
            .filter(|margin| !margin.expect("a margin").is_healthy())
            .count();
        let per_second = f64::from(ACCOUNTS) / start.elapsed().as_secs_f64();
        println!("{per_second:>12.0} accounts a second and core, {endangered} of {ACCOUNTS} endangered");
    }
}
