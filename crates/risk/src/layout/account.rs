//! The margin account: one person's balances, positions, open orders and trigger orders.

use super::Key;
use crate::num::{Lots, Quote, Shares};

/// Balances in one margin account.
pub const MAX_BALANCES: usize = 16;
/// Positions in one margin account.
pub const MAX_POSITIONS: usize = 16;
/// Open orders in one margin account.
pub const MAX_ORDERS: usize = 32;
/// Trigger orders in one margin account.
pub const MAX_TRIGGERS: usize = 8;

/// Flag of a [`Position`]: the slot is in use.
pub const POSITION_IN_USE: u8 = 1;
/// Flag of a [`Position`]: it stands on its pocket alone.
pub const POSITION_ISOLATED: u8 = 2;
/// Flag of a [`Position`]: its lots were short when it last became flat.
pub const POSITION_WAS_SHORT: u8 = 4;
/// Flag of a [`Position`]: the insurance fund counts its pocket among the insolvent.
pub const POSITION_INSOLVENT: u8 = 8;

/// State of an account's cross part: not flagged for liquidation.
pub const ACCOUNT_HEALTHY: u8 = 0;
/// State of an account's cross part: flagged for liquidation.
pub const ACCOUNT_FLAGGED: u8 = 1;
/// State of an account's cross part: flagged, and the insurance fund counts it among the insolvent.
pub const ACCOUNT_INSOLVENT: u8 = 2;

crate::layout! {
    /// Who the account belongs to, who may act for it, and what state it is in.
    pub struct AccountHeader {
        /// The exchange that the account belongs to.
        pub exchange: Key,
        /// Who may do everything with it.
        pub owner: Key,
        /// Who may trade for the owner, within `delegate_scope` and until `delegate_expires_at`; never withdraws.
        pub delegate: Key,
        /// When the delegate's rights end, unix seconds.
        pub delegate_expires_at: i64,
        /// Number of the account's last event: a gap proves that an event was missed.
        pub sequence: u64,
        /// When a silent maker's orders may be cancelled by anyone, unix seconds; 0 is never.
        pub dead_man_deadline: i64,
        /// How far each sign of life moves that deadline, seconds.
        pub dead_man_seconds: u32,
        /// Which of the owner's accounts this is.
        pub number: u32,
        /// When it was flagged for liquidation, unix seconds; 0 is not flagged.
        pub flagged_at: i64,
        /// Last proof that it is still in danger, unix seconds.
        pub flag_renewed_at: i64,
        /// When its margin call was posted, unix seconds; 0 is not posted.
        pub margin_called_at: i64,
        /// Number of its last order.
        pub order_sequence: u64,
        /// When it was opened, unix seconds.
        pub opened_at: i64,
        /// What the delegate may do, a set of `DelegateScope` bits.
        pub delegate_scope: u32,
        /// Cross or portfolio margin, a `MarginMode`.
        pub mode: u8,
        /// State of the cross part, one of `ACCOUNT_*`: healthy, flagged, insolvent.
        pub state: u8,
        /// The canonical bump of its address.
        pub bump: u8,
        /// In-progress bits.
        pub flags: u8,
        /// Which of `orders` are in use, a bit a slot.
        pub orders_in_use: u32,
        /// Which of `triggers` are in use, a bit a slot.
        pub triggers_in_use: u8,
        /// Unused, zero.
        pub reserved: [u8; 75],
    }

    /// A deposit or a borrow of one token. A slot without shares is free.
    pub struct Balance {
        /// Shares of the bank's deposits, or of its borrows.
        pub shares: Shares,
        /// The bank's place on the risk board.
        pub bank: u8,
        /// 1 if the shares are owed, 0 if they are owned.
        pub borrowed: u8,
        /// Unused, zero.
        pub reserved: [u8; 6],
    }

    /// A position in one market, with what is resting or queued in it.
    pub struct Position {
        /// Size as of the deleveraging snapshot: long above zero, short below.
        pub lots: Lots,
        /// Lots of resting and queued bids.
        pub bids: u32,
        /// Lots of resting and queued asks.
        pub asks: u32,
        /// Deleveraging epoch of the snapshot.
        pub epoch: u16,
        /// The market's place on the risk board.
        pub market: u8,
        /// A set of `POSITION_*`: in use, isolated, was short, insolvent.
        pub flags: u8,
        /// What was paid for the position, with sign: realised PnL, fees and accrued funding included.
        pub quote: Quote,
        /// Realised profit or loss that is not settled yet.
        pub realised: Quote,
        /// The market's cumulative funding when funding was last applied, 2^-32 native quote a lot.
        pub funding: i64,
        /// The side's `A` when deleveraging was last applied.
        pub deleveraging_a: u64,
        /// The side's `K` when deleveraging was last applied.
        pub deleveraging_k: i64,
        /// Margin of an isolated position.
        pub pocket: Quote,
        /// Worth of the bids at their limits.
        pub bids_quote: Quote,
        /// Worth of the asks at their limits.
        pub asks_quote: Quote,
    }

    /// A resting or queued order, as its owner's account knows it.
    pub struct OpenOrder {
        /// The book's `OrderId`: its side's sequence number, the lowest bit the side.
        pub id: u64,
        /// The number that the client gave it.
        pub client_id: u64,
        /// Its node in the book.
        pub node: u32,
        /// The market's place on the risk board.
        pub market: u8,
        /// Side, reduce-only, pegged.
        pub flags: u8,
        /// Unused, zero.
        pub reserved: [u8; 2],
    }

    /// An order that waits for the oracle price to reach its trigger.
    pub struct TriggerOrder {
        /// The number that the client gave it.
        pub client_id: u64,
        /// When it lapses, unix seconds; 0 is never.
        pub expires_at: i64,
        /// The price that sets it off, in ticks.
        pub trigger_price: u32,
        /// The worst price it may fill at, in ticks.
        pub limit_price: u32,
        /// How much of the position it closes.
        pub lots: u32,
        /// What the keeper who executes it earns, native quote.
        pub reward: u32,
        /// Distance of a trailing stop from the best price, a ratio.
        pub trail: u32,
        /// The market's place on the risk board.
        pub market: u8,
        /// Stop-loss, take-profit, trailing.
        pub kind: u8,
        /// Side, limit or market.
        pub flags: u8,
        /// Unused, zero.
        pub reserved: [u8; 9],
    }

    /// When an isolated position was flagged for liquidation: its pocket's part of what the header says of the account.
    pub struct PocketFlag {
        /// When it was flagged, unix seconds; 0 is not flagged.
        pub flagged_at: u32,
        /// Last proof that it is still in danger, unix seconds.
        pub renewed_at: u32,
    }

    /// One margin account.
    pub struct MarginAccount {
        /// Owner, delegate, state.
        pub header: AccountHeader,
        /// Deposits and borrows.
        pub balances: [Balance; MAX_BALANCES],
        /// Positions.
        pub positions: [Position; MAX_POSITIONS],
        /// Open orders.
        pub orders: [OpenOrder; MAX_ORDERS],
        /// Trigger orders.
        pub triggers: [TriggerOrder; MAX_TRIGGERS],
        /// Flags of isolated positions, by position slot; zeroed when the slot is given back.
        pub pocket_flags: [PocketFlag; MAX_POSITIONS],
    }
}

impl PocketFlag {
    /// Nothing flagged.
    pub const NONE: Self = Self { flagged_at: 0, renewed_at: 0 };

    /// Whether the pocket was flagged, and not cleared since; the flag may have lapsed.
    pub const fn is_set(&self) -> bool {
        self.flagged_at != 0
    }
}

impl Balance {
    /// Whether the slot holds nothing.
    pub fn is_free(&self) -> bool {
        self.shares == Shares::ZERO
    }

    /// Whether the shares are owed rather than owned.
    pub fn is_borrow(&self) -> bool {
        self.borrowed != 0
    }
}

impl Position {
    /// Whether the slot holds nothing.
    #[inline(always)]
    pub const fn is_free(&self) -> bool {
        self.flags & POSITION_IN_USE == 0
    }

    /// Whether there are no lots, held or in orders: what a change of mode needs.
    #[inline(always)]
    pub const fn is_flat(&self) -> bool {
        self.lots.is_zero() && self.bids | self.asks == 0
    }

    /// Whether nothing is left of it, so that its slot can be zeroed: no lots, no orders, nothing unsettled, no pocket, and
    /// the insurance fund does not count it.
    #[inline(always)]
    pub const fn is_done(&self) -> bool {
        self.is_flat()
            && self.quote.get() | self.realised.get() | self.pocket.get() == 0
            && self.flags & POSITION_INSOLVENT == 0
    }

    /// Whether its lots are short, or were when it last became flat: the other side's winners bear what it leaves behind.
    pub const fn was_short(&self) -> bool {
        self.lots.get() < 0 || (self.lots.is_zero() && self.flags & POSITION_WAS_SHORT != 0)
    }

    /// Remembers which side it leaves, to be called before its lots change to none.
    #[inline(always)]
    pub const fn leave_side(&mut self) {
        self.flags &= !POSITION_WAS_SHORT;
        if self.lots.get() < 0 {
            self.flags |= POSITION_WAS_SHORT;
        }
    }

    /// Whether the account's balances stand for it: in use, and not isolated.
    #[inline(always)]
    pub const fn is_cross(&self) -> bool {
        self.flags & (POSITION_IN_USE | POSITION_ISOLATED) == POSITION_IN_USE
    }

    /// Whether it stands on its pocket alone.
    #[inline(always)]
    pub const fn is_isolated(&self) -> bool {
        self.flags & (POSITION_IN_USE | POSITION_ISOLATED) == (POSITION_IN_USE | POSITION_ISOLATED)
    }
}
