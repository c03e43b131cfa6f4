//! The ledger right before an instruction that only an account in danger allows: what that rested on.

use crate::Chain;
use anchor_lang::Discriminator;
use plimsoll::{
    instruction::*,
    oracle,
    state::{MarginAccount, Market, RiskBoard},
};
use plimsoll_risk::{health::Overlay, layout::feed::Feed, liquidation::View};
use solana_account::ReadableAccount;
use solana_instruction::Instruction;
use solana_pubkey::Pubkey;
use std::collections::BTreeMap;

/// Board and accounts at one moment, and the prices that an instruction brings along.
#[derive(Clone)]
pub(crate) struct Past {
    pub board: Box<RiskBoard>,
    pub markets: BTreeMap<u8, Market>,
    accounts: BTreeMap<Pubkey, MarginAccount>,
    overlay: Overlay,
    /// Unix seconds.
    pub now: i64,
}

impl Past {
    /// Remembers what an instruction rests on that only an account in danger allows; `None` for any other.
    pub fn of(chain: &Chain, instruction: &Instruction) -> Option<Self> {
        if !is_about_danger(instruction) {
            return None;
        }
        let ledger = super::ledger(chain);
        let board = ledger.board?;
        Some(Self {
            board: Box::new(*board),
            markets: ledger.markets.iter().map(|(index, it)| (*index, *it.market)).collect(),
            accounts: ledger.accounts.iter().map(|(address, account)| (*address, **account)).collect(),
            overlay: overlay(chain, board, instruction),
            now: chain.now(),
        })
    }

    pub fn view(&self) -> View<'_> {
        View { board: &self.board, overlay: &self.overlay, now: self.now }
    }

    pub fn account(&self, address: &Pubkey) -> &MarginAccount {
        self.accounts.get(address).expect("an account of before")
    }
}

/// Prices of the oracle accounts among an instruction's.
fn overlay(chain: &Chain, board: &RiskBoard, instruction: &Instruction) -> Overlay {
    let mut overlay = Overlay::none();
    let feeds = &board.feeds[..usize::from(board.header.feed_count)];
    for meta in &instruction.accounts {
        let Some(account) = chain.account(&meta.pubkey) else { continue };
        let (owner, data) = (&account.owner, account.data());
        let names = |(_, Feed { pyth_feed_id, switchboard, .. }): &(usize, &Feed)| {
            oracle::names(&meta.pubkey, owner, data, pyth_feed_id, switchboard)
        };
        let Some((index, feed)) = feeds.iter().enumerate().find(names) else { continue };
        let price = oracle::read_price(&meta.pubkey, owner, data, &feed.pyth_feed_id, &feed.switchboard);
        overlay.push(index as u8, price.expect("a price that was accepted")).expect("few prices");
    }
    overlay
}

/// Whether an instruction is one of those that flag, liquidate, deleverage or resolve.
pub(crate) fn is_about_danger(instruction: &Instruction) -> bool {
    let marks: [&[u8]; 7] = [
        Assess::DISCRIMINATOR,
        TakeOver::DISCRIMINATOR,
        LiquidateIntoBook::DISCRIMINATOR,
        SwapCollateral::DISCRIMINATOR,
        BuyPnl::DISCRIMINATOR,
        Deleverage::DISCRIMINATOR,
        ResolveBankruptcy::DISCRIMINATOR,
    ];
    let ours = instruction.program_id == plimsoll::ID;
    ours && marks.iter().any(|mark| instruction.data.starts_with(mark))
}
