//! Orders as clients send them.

use crate::errors::{Refusal, refuse};
use anchor_lang::prelude::*;
use plimsoll_book::{Kind, OrderPrice, SelfTrade, Side, Ticks};

/// Flag of an order: it may only reduce the position.
pub const REDUCE_ONLY: u8 = 1;
/// Flag of an order: its price follows the oracle's.
pub const PEGGED: u8 = 2;

/// Most orders placed in one instruction.
pub const MAX_PLACED: usize = 16;
/// Most orders cancelled in one instruction.
pub const MAX_CANCELLED: usize = 32;

/// An order as a client sends it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, AnchorSerialize, AnchorDeserialize)]
pub struct OrderArgs {
    /// 0 buys, 1 sells.
    pub side: u8,
    /// 0 limit, 1 immediate or cancel, 2 fill or kill, 3 post only, 4 post only with a slide, 5 market.
    pub kind: u8,
    /// [`REDUCE_ONLY`], [`PEGGED`].
    pub flags: u8,
    /// When it meets its own account: 0 both shrink, 1 the resting order goes, 2 the whole fails.
    pub self_trade: u8,
    /// How much, lots.
    pub lots: u32,
    /// Worst price, ticks; of a pegged order where it does not go beyond.
    pub price: u32,
    /// Of a pegged order, ticks from the oracle price.
    pub peg_offset: i32,
    /// When its time is over, unix seconds; 0 is never.
    pub expires_at: u32,
    /// Any number, for the client.
    pub client_id: u64,
    /// Most makers that it may meet.
    pub most_makers: u8,
}

impl OrderArgs {
    /// # Errors
    /// [`Refusal::BadOrder`] for an unknown code.
    pub fn side(&self) -> Result<Side> {
        Side::from_code(self.side).ok_or_else(|| Refusal::BadOrder.into())
    }

    /// # Errors
    /// [`Refusal::BadOrder`] for an unknown code.
    pub fn kind(&self) -> Result<Kind> {
        Ok(match self.kind {
            0 => Kind::Limit,
            1 => Kind::ImmediateOrCancel,
            2 => Kind::FillOrKill,
            3 => Kind::PostOnly,
            4 => Kind::PostOnlySlide,
            5 => Kind::Market,
            _ => return Err(refuse(Refusal::BadOrder)),
        })
    }

    /// # Errors
    /// [`Refusal::BadOrder`] for an unknown code.
    pub fn self_trade(&self) -> Result<SelfTrade> {
        Ok(match self.self_trade {
            0 => SelfTrade::DecrementAndCancel,
            1 => SelfTrade::CancelProvide,
            2 => SelfTrade::Abort,
            _ => return Err(refuse(Refusal::BadOrder)),
        })
    }

    /// At what price.
    pub const fn price(&self) -> OrderPrice {
        let price = Ticks::new(self.price);
        if self.flags & PEGGED == 0 {
            OrderPrice::Fixed(price)
        } else {
            OrderPrice::Pegged { offset: self.peg_offset, limit: price }
        }
    }

    /// Whether it may only reduce the position.
    pub const fn is_reduce_only(&self) -> bool {
        self.flags & REDUCE_ONLY != 0
    }
}
