//! Orders placed and cancelled, fills applied.

use super::{instruction, order::Order, with_makers, with_oracles};
use crate::addresses::MarketAddresses;
use plimsoll_book::{OrderId, Side};
use solana_instruction::Instruction;
use solana_pubkey::Pubkey;

/// Of `cancel_all`: both sides.
const BOTH_SIDES: u8 = 2;

/// Somebody's trading in one market. `trader` signs: the account's owner, or a delegate.
#[derive(Clone, Copy, Debug)]
pub struct Trading {
    pub market: MarketAddresses,
    /// The margin account.
    pub account: Pubkey,
    pub trader: Pubkey,
}

impl Trading {
    /// Places an order. `oracles` stand in for stale prices of the board; `makers` are the margin accounts to settle at
    /// once, in the order in which they are expected to be met: others are settled through the queue.
    pub fn place(&self, order: &Order, oracles: &[Pubkey], makers: &[Pubkey]) -> Instruction {
        let data = plimsoll::instruction::PlaceOrder { order: order.args() };
        with_makers(with_oracles(instruction(self.accounts(), data), oracles), makers)
    }

    /// Cancels, then places, with one margin check at the end. Orders that are gone already are passed over.
    pub fn batch(
        &self,
        cancels: &[OrderId],
        orders: &[Order],
        oracles: &[Pubkey],
        makers: &[Pubkey],
    ) -> Instruction {
        let data = plimsoll::instruction::Batch {
            cancels: cancels.iter().map(|order| order.get()).collect(),
            orders: orders.iter().map(Order::args).collect(),
        };
        with_makers(with_oracles(instruction(self.accounts(), data), oracles), makers)
    }

    /// Cancels one order.
    pub fn cancel(&self, order: OrderId) -> Instruction {
        instruction(self.accounts(), plimsoll::instruction::CancelOrder { order: order.get() })
    }

    /// Cancels all orders that have this client id.
    pub fn cancel_by_client_id(&self, client_id: u64) -> Instruction {
        instruction(self.accounts(), plimsoll::instruction::CancelByClientId { client_id })
    }

    /// Cancels all orders, or those of one side. Anyone may sign once the dead-man switch is due.
    pub fn cancel_all(&self, side: Option<Side>) -> Instruction {
        let side = side.map_or(BOTH_SIDES, Side::code);
        instruction(self.accounts(), plimsoll::instruction::CancelAll { side })
    }

    fn accounts(&self) -> plimsoll::accounts::Trade {
        let market = &self.market;
        plimsoll::accounts::Trade {
            trader: self.trader,
            account: self.account,
            board: market.board,
            market: market.market,
            bids: market.bids,
            asks: market.asks,
            queue: market.queue,
        }
    }
}

/// Sets after how many seconds of silence anyone may cancel the account's orders; 0 switches it off. `trader` signs.
pub fn set_dead_man(board: Pubkey, account: Pubkey, trader: Pubkey, seconds: u32) -> Instruction {
    let accounts = plimsoll::accounts::SetDeadMan { trader, account, board };
    instruction(accounts, plimsoll::instruction::SetDeadMan { seconds })
}

/// Applies waiting fills of these makers' margin accounts, oldest first, at most so many. Nobody needs to sign.
pub fn apply_fills(market: &MarketAddresses, makers: &[Pubkey], most: u8) -> Instruction {
    let accounts =
        plimsoll::accounts::ApplyFills { board: market.board, market: market.market, queue: market.queue };
    with_makers(instruction(accounts, plimsoll::instruction::ApplyFills { most }), makers)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::addresses::ExchangeAddresses;

    #[test]
    fn oracles_come_before_makers_and_only_makers_are_written() {
        let market = MarketAddresses::derive(&ExchangeAddresses::derive(), 3);
        let key = |byte| Pubkey::new_from_array([byte; 32]);
        let trading = Trading { market, account: key(1), trader: key(2) };
        let order = Order::limit(Side::Bid, 1, 1);
        let place = trading.place(&order, &[key(3)], &[key(4), key(5)]);
        let behind = &place.accounts[trading.cancel_all(None).accounts.len()..];
        let found: Vec<_> =
            behind.iter().map(|meta| (meta.pubkey, meta.is_writable, meta.is_signer)).collect();
        assert_eq!(found, [(key(3), false, false), (key(4), true, false), (key(5), true, false)]);
    }
}
