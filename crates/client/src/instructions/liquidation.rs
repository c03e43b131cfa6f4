//! Accounts in danger: assessed, liquidated, deleveraged, resolved.

use super::{instruction, with_makers, with_oracles};
use crate::addresses::{BankAddresses, ExchangeAddresses, MarketAddresses};
use plimsoll_risk::num::Ratio;
use solana_instruction::{AccountMeta, Instruction};
use solana_pubkey::Pubkey;

/// Scope of an account's cross part.
const CROSS: u8 = u8::MAX;

/// What is judged and liquidated by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// An account's balances with all its cross positions.
    Cross,
    /// The isolated position in the market at a place on the board, with its pocket.
    Pocket(u8),
}

impl Scope {
    /// As the program takes it.
    pub const fn code(self) -> u8 {
        match self {
            Self::Cross => CROSS,
            Self::Pocket(market) => market,
        }
    }

    /// The scope that the program names so.
    pub const fn from_code(code: u8) -> Self {
        if code == CROSS { Self::Cross } else { Self::Pocket(code) }
    }
}

/// Flags a scope of an account for liquidation, renews or lifts the flag, marks it insolvent or takes that back, or posts
/// a margin call: whatever is due. `insurance` is needed where the mark changes. Nobody needs to sign.
pub fn assess(
    board: Pubkey,
    account: Pubkey,
    scope: Scope,
    insurance: Option<Pubkey>,
    oracles: &[Pubkey],
) -> Instruction {
    let accounts = plimsoll::accounts::Assess { account, board, insurance };
    with_oracles(instruction(accounts, plimsoll::instruction::Assess { scope: scope.code() }), oracles)
}

/// What a liquidator takes of an endangered account into an own one. `liquidator` signs: the own account's owner, or a
/// delegate.
#[derive(Clone, Copy, Debug)]
pub struct Liquidation {
    pub board: Pubkey,
    pub liquidator: Pubkey,
    /// The liquidator's margin account.
    pub own: Pubkey,
    /// The endangered margin account.
    pub account: Pubkey,
}

impl Liquidation {
    /// Takes over lots of the position in a market, at most so many, at no worse a price than this, in ticks. The quote
    /// bank is needed where insurance pays the fee of an insolvent account.
    pub fn take_over(
        &self,
        market: &MarketAddresses,
        most_lots: u32,
        worst_price: u32,
        quote_bank: Option<Pubkey>,
        oracles: &[Pubkey],
    ) -> Instruction {
        let accounts = plimsoll::accounts::TakeOver {
            liquidator: self.liquidator,
            liquidator_account: self.own,
            account: self.account,
            board: self.board,
            market: market.market,
            quote_bank,
        };
        let data = plimsoll::instruction::TakeOver { most_lots, worst_price };
        with_oracles(instruction(accounts, data), oracles)
    }

    /// Repays a borrow, at most so many native units of it, for collateral and at least this fee.
    pub fn swap_collateral(
        &self,
        debt: &BankAddresses,
        collateral: &BankAddresses,
        most_debt: u64,
        least_fee: Ratio,
        oracles: &[Pubkey],
    ) -> Instruction {
        let accounts = plimsoll::accounts::SwapCollateral {
            liquidator: self.liquidator,
            liquidator_account: self.own,
            account: self.account,
            board: self.board,
            debt_bank: debt.bank,
            collateral_bank: collateral.bank,
        };
        let data = plimsoll::instruction::SwapCollateral { most_debt, least_fee: least_fee.get() };
        with_oracles(instruction(accounts, data), oracles)
    }

    /// Buys positive PnL in a market, at most so much native quote of it, for at least this fee.
    pub fn buy_pnl(
        &self,
        market: &MarketAddresses,
        quote_bank: Pubkey,
        most: u64,
        least_fee: Ratio,
        oracles: &[Pubkey],
    ) -> Instruction {
        let accounts = plimsoll::accounts::BuyPnl {
            liquidator: self.liquidator,
            liquidator_account: self.own,
            account: self.account,
            board: self.board,
            market: market.market,
            quote_bank,
        };
        let data = plimsoll::instruction::BuyPnl { most, least_fee: least_fee.get() };
        with_oracles(instruction(accounts, data), oracles)
    }
}

/// How an endangered position is liquidated into the book.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IntoBook {
    /// Most lots.
    pub most_lots: u32,
    /// Most orders that it meets.
    pub most_makers: u8,
    /// Least that the keeper earns, native quote.
    pub least_pay: u64,
}

/// Liquidates a position into the book, at the oracle price less the fee or better; the keeper's account earns of what is
/// better. Oracles and makers as for placing an order. Nobody needs to sign.
pub fn liquidate_into_book(
    market: &MarketAddresses,
    keeper_account: Pubkey,
    account: Pubkey,
    terms: &IntoBook,
    oracles: &[Pubkey],
    makers: &[Pubkey],
) -> Instruction {
    let accounts = plimsoll::accounts::LiquidateIntoBook {
        keeper_account,
        account,
        board: market.board,
        market: market.market,
        bids: market.bids,
        asks: market.asks,
        queue: market.queue,
    };
    let IntoBook { most_lots, most_makers, least_pay } = *terms;
    let data = plimsoll::instruction::LiquidateIntoBook { most_lots, most_makers, least_pay };
    with_makers(with_oracles(instruction(accounts, data), oracles), makers)
}

/// Closes lots of an insolvent account's position against the other side of the market, pro rata. Nobody needs to sign.
pub fn deleverage(
    market: &MarketAddresses,
    account: Pubkey,
    most_lots: u32,
    oracles: &[Pubkey],
) -> Instruction {
    let accounts = plimsoll::accounts::Deleverage { account, board: market.board, market: market.market };
    with_oracles(instruction(accounts, plimsoll::instruction::Deleverage { most_lots }), oracles)
}

/// Applies to an account's position what its side of a market went through. Nobody needs to sign.
pub fn apply_deleveraging(market: &MarketAddresses, account: Pubkey) -> Instruction {
    let accounts =
        plimsoll::accounts::ApplyDeleveraging { account, board: market.board, market: market.market };
    instruction(accounts, plimsoll::instruction::ApplyDeleveraging {})
}

/// A bankruptcy to be resolved. `resolver` signs; the tokens that the insurance fund buys for a debt are his.
#[derive(Clone, Copy, Debug)]
pub struct Resolution {
    pub exchange: ExchangeAddresses,
    pub resolver: Pubkey,
    /// The resolver's margin account.
    pub resolver_account: Pubkey,
    /// The bankrupt margin account.
    pub account: Pubkey,
    pub quote_bank: Pubkey,
}

impl Resolution {
    /// Sends what a scope owes down the waterfall. `legs` are the markets of the scope's positions that owe or own, and
    /// the banks of its balances but the quote token's, in any order.
    pub fn resolve(&self, scope: Scope, legs: &[Pubkey]) -> Instruction {
        let accounts = plimsoll::accounts::ResolveBankruptcy {
            resolver: self.resolver,
            resolver_account: self.resolver_account,
            account: self.account,
            exchange: self.exchange.exchange,
            board: self.exchange.board,
            insurance: self.exchange.insurance,
            quote_bank: self.quote_bank,
        };
        let data = plimsoll::instruction::ResolveBankruptcy { scope: scope.code() };
        let mut resolve = instruction(accounts, data);
        resolve.accounts.extend(legs.iter().map(|leg| AccountMeta::new(*leg, false)));
        resolve
    }
}

/// Stops withdrawals from a bank for a bounded time, while a material loss of this account is not attributed. Nobody needs
/// to sign.
pub fn gate_withdrawals(bank: &BankAddresses, account: Pubkey, oracles: &[Pubkey]) -> Instruction {
    let accounts = plimsoll::accounts::GateWithdrawals { account, board: bank.board, bank: bank.bank };
    with_oracles(instruction(accounts, plimsoll::instruction::GateWithdrawals {}), oracles)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_is_what_the_program_names_so() {
        for scope in [Scope::Cross, Scope::Pocket(0), Scope::Pocket(63)] {
            assert_eq!(Scope::from_code(scope.code()), scope);
        }
    }

    #[test]
    fn the_legs_of_a_bankruptcy_are_written() {
        let key = |byte| Pubkey::new_from_array([byte; 32]);
        let resolution = Resolution {
            exchange: ExchangeAddresses::derive(),
            resolver: key(1),
            resolver_account: key(2),
            account: key(3),
            quote_bank: key(4),
        };
        let legs = [key(5), key(6)];
        let accounts = resolution.resolve(Scope::Cross, &legs).accounts;
        let last: Vec<_> = accounts[7..].iter().map(|meta| (meta.pubkey, meta.is_writable)).collect();
        assert_eq!(last, [(key(5), true), (key(6), true)]);
    }
}
