//! Exchanges for tests, made by hand: one market, a few accounts, no chain.

use crate::{
    chain::CLOCK,
    desk::{Own, View},
    store::{Store, Update},
};
use anchor_lang::Discriminator;
use bytemuck::{Pod, Zeroable};
use plimsoll::state::{MarginAccount, Market, RiskBoard};
use plimsoll_client::addresses::{ExchangeAddresses, MarketAddresses};
use plimsoll_risk::layout::{account, board};
use solana_pubkey::Pubkey;

/// When everything happens, unix seconds.
pub const NOW: i64 = 1_700_000_000;
/// The keeper.
pub const OWNER: Pubkey = Pubkey::new_from_array([1; 32]);
/// Somebody's margin account.
pub const ALICE: Pubkey = Pubkey::new_from_array([2; 32]);

/// An account's data: its mark, then its fields.
pub fn data<T: Pod>(mark: &[u8], fields: &T) -> Vec<u8> {
    [mark, bytemuck::bytes_of(fields)].concat()
}

/// A margin account that was flagged at this time.
pub fn flagged_at(time: i64) -> Vec<u8> {
    let mut account = account::MarginAccount::zeroed();
    account.header.flagged_at = time;
    data(MarginAccount::DISCRIMINATOR, &account)
}

/// The chain's clock.
pub fn clock(now: i64) -> Update {
    let data = [[0; 8], [0; 8], [0; 8], [0; 8], now.to_le_bytes()].concat();
    Update { address: CLOCK, slot: 0, data: Some(data) }
}

/// A fully verified price that was published at this time.
pub fn oracle(address: Pubkey, published: i64) -> Update {
    let data = [&[0; 93][..], &published.to_le_bytes()].concat();
    Update { address, slot: 0, data: Some(data) }
}

/// An exchange at [`NOW`] with a market of lots worth 6,000,000 at 60,000 ticks.
pub struct Scene {
    pub of: ExchangeAddresses,
    pub own: Own,
    pub board: Box<board::RiskBoard>,
    pub account: account::MarginAccount,
    pub oracles: Vec<Pubkey>,
}

impl Scene {
    pub fn new() -> Self {
        let of = ExchangeAddresses::derive();
        let mut board: Box<board::RiskBoard> = Box::new(Zeroable::zeroed());
        (board.header.market_count, board.header.feed_count) = (1, 2);
        let terms = &mut board.markets[0];
        (terms.lot_price, terms.shift, terms.valid_until) = (6_000_000 << 8, 8, NOW);
        let account = account::MarginAccount::zeroed();
        Self { of, own: Own::derive(&of, OWNER, 0), board, account, oracles: Vec::new() }
    }

    /// All of it in memory; the scene's account is the keeper's.
    pub fn store(&self) -> Store {
        let at = MarketAddresses::derive(&self.of, 0);
        let market = Market { tick_lot: 100, minimum_lots: 1, ..Market::zeroed() };
        let mut store = Store::new(self.of).with_oracles(self.oracles.iter().copied());
        let update = |address, data| Update { address, slot: 1, data: Some(data) };
        for update in [
            clock(NOW),
            update(self.of.board, data(RiskBoard::DISCRIMINATOR, &*self.board)),
            update(at.market, data(Market::DISCRIMINATOR, &market)),
            update(self.own.account, data(MarginAccount::DISCRIMINATOR, &self.account)),
        ] {
            assert!(store.apply(&update).is_ok());
        }
        store
    }

    /// The store as somebody looks at it.
    pub fn looks<T>(&self, store: &Store, look: impl FnOnce(&View<'_>) -> T) -> T {
        let (board, now) = (store.board().expect("a board"), store.now().expect("a time"));
        look(&View { store, board, own: self.own, now })
    }
}
