//! Orders as one would say them.

use plimsoll::instructions::trade::{OrderArgs, PEGGED, REDUCE_ONLY};
use plimsoll_book::{SelfTrade, Side};

/// Most makers that an order meets unless it says otherwise.
const MAKERS: u8 = 16;

const IMMEDIATE_OR_CANCEL: u8 = 1;
const FILL_OR_KILL: u8 = 2;
const POST_ONLY: u8 = 3;
const POST_ONLY_SLIDE: u8 = 4;
const MARKET: u8 = 5;

/// An order, built word by word: `Order::limit(Side::Bid, 10, 60_000).post_only().client_id(7)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub struct Order(OrderArgs);

impl Order {
    /// So many lots at this price in ticks or better; what does not fill at once rests.
    pub const fn limit(side: Side, lots: u32, price: u32) -> Self {
        Self(OrderArgs {
            side: side.code(),
            kind: 0,
            flags: 0,
            self_trade: 0,
            lots,
            price,
            peg_offset: 0,
            expires_at: 0,
            client_id: 0,
            most_makers: MAKERS,
        })
    }

    /// So many lots at once, at no worse price in ticks than `worst`; the rest is dropped.
    pub const fn market(side: Side, lots: u32, worst: u32) -> Self {
        Self(OrderArgs { kind: MARKET, ..Self::limit(side, lots, worst).0 })
    }

    /// Takes what it can; the rest is dropped.
    pub const fn immediate(self) -> Self {
        Self(OrderArgs { kind: IMMEDIATE_OR_CANCEL, ..self.0 })
    }

    /// Fills at once and whole, or fails.
    pub const fn fill_or_kill(self) -> Self {
        Self(OrderArgs { kind: FILL_OR_KILL, ..self.0 })
    }

    /// Rests, or fails if it would take.
    pub const fn post_only(self) -> Self {
        Self(OrderArgs { kind: POST_ONLY, ..self.0 })
    }

    /// Rests; if it would take, one tick behind the best price of the other side.
    pub const fn post_only_slide(self) -> Self {
        Self(OrderArgs { kind: POST_ONLY_SLIDE, ..self.0 })
    }

    /// Only reduces the position.
    pub const fn reduce_only(self) -> Self {
        Self(OrderArgs { flags: self.0.flags | REDUCE_ONLY, ..self.0 })
    }

    /// Follows the oracle price at so many ticks; the order's price is where it does not go beyond.
    pub const fn pegged(self, offset: i32) -> Self {
        Self(OrderArgs { flags: self.0.flags | PEGGED, peg_offset: offset, ..self.0 })
    }

    /// Its time is over at this moment, unix seconds.
    pub const fn expires(self, at: u32) -> Self {
        Self(OrderArgs { expires_at: at, ..self.0 })
    }

    /// Any number, for the client.
    pub const fn client_id(self, number: u64) -> Self {
        Self(OrderArgs { client_id: number, ..self.0 })
    }

    /// What happens when it meets its own account; unless told otherwise, both shrink.
    pub const fn self_trade(self, behaviour: SelfTrade) -> Self {
        let self_trade = match behaviour {
            SelfTrade::DecrementAndCancel => 0,
            SelfTrade::CancelProvide => 1,
            SelfTrade::Abort => 2,
        };
        Self(OrderArgs { self_trade, ..self.0 })
    }

    /// Most makers that it meets.
    pub const fn most_makers(self, makers: u8) -> Self {
        Self(OrderArgs { most_makers: makers, ..self.0 })
    }

    /// As the program takes it.
    pub const fn args(&self) -> OrderArgs {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use plimsoll_book::{Kind, OrderPrice, Ticks};

    #[test]
    fn the_program_reads_what_was_said() {
        let order = Order::limit(Side::Ask, 5, 900);
        let kinds = [
            (order, Kind::Limit),
            (order.immediate(), Kind::ImmediateOrCancel),
            (order.fill_or_kill(), Kind::FillOrKill),
            (order.post_only(), Kind::PostOnly),
            (order.post_only_slide(), Kind::PostOnlySlide),
            (Order::market(Side::Ask, 5, 900), Kind::Market),
        ];
        for (order, kind) in kinds {
            assert_eq!(order.args().kind().ok(), Some(kind));
            assert_eq!(order.args().side().ok(), Some(Side::Ask));
        }
        for behaviour in [SelfTrade::DecrementAndCancel, SelfTrade::CancelProvide, SelfTrade::Abort] {
            assert_eq!(order.self_trade(behaviour).args().self_trade().ok(), Some(behaviour));
        }
    }

    #[test]
    fn a_pegged_order_keeps_its_limit_and_other_flags() {
        let args = Order::limit(Side::Bid, 5, 900).reduce_only().pegged(-3).args();
        assert_eq!(args.price(), OrderPrice::Pegged { offset: -3, limit: Ticks::new(900) });
        assert!(args.is_reduce_only());
    }
}
