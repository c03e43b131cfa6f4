//! Bankruptcy: whether anything of value is left, what is owed, and what was seized pays of it (DESIGN §6).
//!
//! An [`Estate`] is taken stock of once: cash, tokens, claims on markets, and every loss. Whether it
//! [`is bankrupt`](Estate::is_bankrupt) is decided by that alone, so a keeper knows before it pays what the program will
//! find. Cash is [shared out](Estate::share_out) pari passu; what it does not pay goes the way of the
//! [`waterfall`](crate::waterfall), a borrow's part by [`of_debt`].

use crate::error::{RiskError, overflow};
use crate::health::{self, Health};
use crate::layout::account::{Balance, MAX_BALANCES, MAX_POSITIONS, Position};
use crate::layout::bank::NO_FEED;
use crate::layout::board::RiskBoard;
use crate::layout::feed::Feed;
use crate::liquidation::View;
use crate::margin::{Holdings, equity};
use crate::num::{Index, PRICE_BITS, Price, Quote, Shares, TokenAmount, wide};
use crate::validity::usable_for_liquidation;
use crate::waterfall::{BorrowLoss, attribute, of_borrow, seized_part};

/// Most losses of one account: every balance a borrow, and every position behind.
pub const MOST_LEGS: usize = MAX_BALANCES.saturating_add(MAX_POSITIONS);

/// What owes something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Debtor {
    /// The balance in this slot is a borrow.
    Balance(usize),
    /// The position in this slot is at a loss.
    Position(usize),
}

/// One loss, and what seized cash pays of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Leg {
    /// Where it lies.
    pub debtor: Debtor,
    /// What is owed, native quote, rounded up.
    pub loss: Quote,
    /// What the waterfall has to bear of it, native quote.
    pub attributed: Quote,
    /// What was seized pays of it, native quote.
    pub seized: Quote,
}

/// What an account's cross part, or a pocket, has and owes; native quote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Estate {
    /// The quote deposit, or the pocket.
    pub cash: Quote,
    /// Deposits of other tokens at full price, rounded down.
    pub tokens: Quote,
    /// What markets owe to positions that were closed.
    pub claims: Quote,
    /// Everything owed, rounded up once a loss.
    pub owed: Quote,
    /// Whether there are lots, held or in orders.
    pub has_lots: bool,
    count: usize,
    places: [u8; MOST_LEGS],
    losses: [Quote; MOST_LEGS],
    parts: [Quote; MOST_LEGS],
}

impl Estate {
    const fn with(cash: Quote) -> Self {
        Self {
            cash,
            tokens: Quote::ZERO,
            claims: Quote::ZERO,
            owed: Quote::ZERO,
            has_lots: false,
            count: 0,
            places: [0; MOST_LEGS],
            losses: [Quote::ZERO; MOST_LEGS],
            parts: [Quote::ZERO; MOST_LEGS],
        }
    }

    /// Takes stock of an account's cross part. `cash` is its quote deposit, native units, as the bank has it now.
    ///
    /// Shares count at the board's indexes. A deposit is worth its amount at [`deposit_price`], a borrow at
    /// [`debt_price`]. `Missing` for a bank or feed that the board does not have; those of [`debt_price`]; `Overflow`
    /// for what does not fit.
    pub fn of_cross(
        holdings: &Holdings<'_>,
        cash: TokenAmount,
        board: &RiskBoard,
        now: i64,
    ) -> Result<Self, RiskError> {
        let mut estate = Self::with(Quote::from_unsigned(cash.get())?);
        for (place, balance) in holdings.balances.iter().enumerate() {
            if balance.is_free() {
                continue;
            }
            let entry = board.banks.get(usize::from(balance.bank)).ok_or(RiskError::Missing)?;
            let places = (entry.decimals, board.header.quote_decimals);
            if balance.is_borrow() {
                let owed = balance.shares.amount_up(Index::from(entry.borrow_index))?;
                let (price, _) = debt_price(board, balance.bank, now)?;
                estate.owes(place, worth_up(owed, price, places)?)?;
            } else if balance.bank != board.header.quote_bank {
                let held = balance.shares.amount_down(Index::from(entry.deposit_index))?;
                let price = deposit_price(board, balance.bank, now)?;
                estate.tokens = estate.tokens.checked_add(worth_down(held, price, places)?)?;
            }
        }
        for (place, position) in holdings.positions.iter().enumerate() {
            if position.is_cross() {
                estate.includes(place, position)?;
            }
        }
        Ok(estate)
    }

    /// Takes stock of the isolated position in a slot and of its pocket, and of nothing else. `Overflow` for what does
    /// not fit.
    pub fn of_pocket(place: usize, position: &Position) -> Result<Self, RiskError> {
        let mut estate = Self::with(position.pocket.max(Quote::ZERO));
        estate.includes(place, position)?;
        Ok(estate)
    }

    fn includes(&mut self, place: usize, position: &Position) -> Result<(), RiskError> {
        self.has_lots |= !position.is_flat();
        if position.quote.is_negative() {
            let loss = Quote::ZERO.checked_sub(position.quote)?;
            return self.owes(place.saturating_add(MAX_BALANCES), loss);
        }
        self.claims = self.claims.checked_add(position.quote)?;
        Ok(())
    }

    fn owes(&mut self, place: usize, loss: Quote) -> Result<(), RiskError> {
        let (Some(known), Some(sum)) = (self.places.get_mut(self.count), self.losses.get_mut(self.count))
        else {
            return Err(RiskError::TooMany);
        };
        *known = u8::try_from(place).or(Err(RiskError::TooMany))?;
        *sum = loss;
        self.owed = self.owed.checked_add(loss)?;
        self.count = self.count.saturating_add(1);
        Ok(())
    }

    /// Whether nothing of value is left and more is owed than cash and claims would pay.
    ///
    /// No lots; tokens worth less than `dust` (native quote) together, whatever they are, so a handful of a dead token
    /// shields nobody; claims worth less than `dust`, or the time for ordinary liquidation has passed: a dry pool
    /// must not hold everybody else up for ever.
    pub fn is_bankrupt(&self, dust: Quote, deadline_passed: bool) -> bool {
        let dust = dust.max(Quote::new(1));
        !self.has_lots
            && self.owed > Quote::ZERO
            // Exact: neither is below 0.
            && self.owed.saturating_sub(self.cash) >= self.claims
            && self.tokens < dust
            && (deadline_passed || self.claims < dust)
    }

    /// Shares the cash out over the losses, pari passu, and attributes the rest ([`attribute`]); returns that rest.
    ///
    /// `Overflow` for what does not fit.
    pub fn share_out(&mut self) -> Result<Quote, RiskError> {
        let deficit = self.owed.saturating_sub(self.cash).max(Quote::ZERO);
        let (Some(losses), Some(parts)) = (self.losses.get(..self.count), self.parts.get_mut(..self.count))
        else {
            return overflow();
        };
        if self.cash.is_zero() {
            parts.copy_from_slice(losses);
        } else {
            attribute(deficit, losses, parts)?;
        }
        Ok(deficit)
    }

    /// The losses: borrows in the order of their slots, then positions. What was shared out means nothing before
    /// [`Estate::share_out`].
    pub fn legs(&self) -> impl Iterator<Item = Leg> + '_ {
        let amounts = self.losses.iter().zip(&self.parts);
        self.places.iter().zip(amounts).take(self.count).map(|(place, (loss, attributed))| {
            let place = usize::from(*place);
            let debtor = match place.checked_sub(MAX_BALANCES) {
                Some(position) => Debtor::Position(position),
                None => Debtor::Balance(place),
            };
            Leg { debtor, loss: *loss, attributed: *attributed, seized: seized_part(*loss, *attributed) }
        })
    }
}

/// Whether the insurance fund can buy a bank's token from somebody now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Buying {
    /// At the price.
    Possible,
    /// Its feed has no price that a liquidation may rest on: a stale one could be far too high. Wait for the next.
    Later,
    /// Its feed has been dead so long that nobody knows what it is worth: nothing is bought any more.
    Never,
}

/// The price that a deposit counts at when it is asked whether anything of value is left: the higher of the last valid
/// one and the stable one; 0 once the feed has had no valid price for so long that margin checks count nothing, either.
///
/// `Missing` for a bank or feed that the board does not have.
pub fn deposit_price(board: &RiskBoard, bank: u8, now: i64) -> Result<Price, RiskError> {
    let Some(feed) = feed_of(board, bank)? else { return Ok(Price::ONE) };
    if is_dead(feed, now) {
        return Ok(Price::ZERO);
    }
    Ok(feed.last_valid_price.max(feed.stable))
}

/// The price that a borrow counts at, and whether its token can be bought at that: the feed's where a liquidation may
/// rest on it, otherwise the higher of the last valid one and the stable one.
///
/// `StalePrice` for a token that never had a price; `Missing` for a bank or feed that the board does not have.
pub fn debt_price(board: &RiskBoard, bank: u8, now: i64) -> Result<(Price, Buying), RiskError> {
    let Some(feed) = feed_of(board, bank)? else { return Ok((Price::ONE, Buying::Possible)) };
    if usable_for_liquidation(feed, now) {
        return Ok((feed.price, Buying::Possible));
    }
    let price = feed.last_valid_price.max(feed.stable);
    if price.is_zero() {
        return Err(RiskError::StalePrice { bank: u16::from(bank) });
    }
    Ok((price, if is_dead(feed, now) { Buying::Never } else { Buying::Later }))
}

fn is_dead(feed: &Feed, now: i64) -> bool {
    health::remaining(now.saturating_sub(feed.last_valid_time)).is_zero()
}

/// The feed of a bank's token; `None` for the quote token.
fn feed_of(board: &RiskBoard, bank: u8) -> Result<Option<&Feed>, RiskError> {
    let entry = board.banks.get(usize::from(bank)).ok_or(RiskError::Missing)?;
    if entry.feed == NO_FEED {
        return Ok(None);
    }
    board.feeds.get(usize::from(entry.feed)).map(Some).ok_or(RiskError::Missing)
}

/// What an amount is worth, native quote, rounded down. `decimals` of the token, then of the quote token, at most 12.
fn worth_down(amount: TokenAmount, price: Price, decimals: (u8, u8)) -> Result<Quote, RiskError> {
    Quote::from_unsigned(worth(amount, price, decimals, false)?)
}

/// What an amount is worth, native quote, rounded up. `decimals` of the token, then of the quote token, at most 12.
///
/// `BadParameter` for more decimals, `Overflow` for what does not fit.
pub fn worth_up(amount: TokenAmount, price: Price, decimals: (u8, u8)) -> Result<Quote, RiskError> {
    Quote::from_unsigned(worth(amount, price, decimals, true)?)
}

/// All that fit: computing one costs a hundred units on chain for each balance.
#[allow(clippy::indexing_slicing)] // at compile time, within the length
const POWERS_OF_TEN: [u64; 20] = {
    let mut powers = [1u64; 20];
    let mut place = 1;
    while place < powers.len() {
        powers[place] = powers[place.saturating_sub(1)].saturating_mul(10);
        place = place.saturating_add(1);
    }
    powers
};

#[inline(never)]
fn worth(amount: TokenAmount, price: Price, decimals: (u8, u8), up: bool) -> Result<u64, RiskError> {
    let (token, quote) = decimals;
    let Some(factor) = POWERS_OF_TEN.get(usize::from(token.abs_diff(quote))).copied() else {
        return Err(RiskError::BadParameter);
    };
    let exact = wide::mul(amount.get(), price.get());
    let exact = if token < quote { exact.checked_mul(u128::from(factor)) } else { Some(exact) };
    let Some(exact) = exact else { return overflow() };
    // Rounding twice in one direction is rounding once.
    let mut units = exact.wrapping_shr(PRICE_BITS);
    if up && units.wrapping_shl(PRICE_BITS) != exact {
        units = units.saturating_add(1);
    }
    let Some(units) = wide::narrow(units) else { return overflow() };
    if token <= quote {
        return Ok(units);
    }
    if up { Ok(units.div_ceil(factor)) } else { units.checked_div(factor).ok_or(RiskError::BadParameter) }
}

/// A borrow of a bankrupt estate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Debt {
    /// What is owed, native units of the token.
    pub owed: TokenAmount,
    /// What buying all of it would cost, native quote ([`purchase_cost`](crate::waterfall::purchase_cost)); 0 where
    /// nothing can be bought.
    pub cost: TokenAmount,
    /// What was seized for it, native quote ([`Leg::seized`]).
    pub seized: TokenAmount,
    /// The bank's reserves, native units of the token.
    pub reserves: TokenAmount,
    /// What the insurance fund may spend on it, native quote.
    pub budget: TokenAmount,
}

impl Debt {
    /// Whether anything would be bought for it, were it possible.
    pub fn needs_purchase(&self) -> bool {
        !self.seized.is_zero() || (self.reserves < self.owed && !self.budget.is_zero())
    }
}

/// Who pays a borrow back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DebtPaid {
    /// Bought with what was seized, native units of the token.
    pub seized: TokenAmount,
    /// What that cost, native quote, rounded up: at most what was seized. The rest of it is the insurance fund's.
    pub seized_spent: TokenAmount,
    /// Reserves, insurance, lenders.
    pub loss: BorrowLoss,
}

impl DebtPaid {
    /// All that is bought, native units of the token: never more than is owed.
    pub const fn bought(&self) -> TokenAmount {
        TokenAmount::new(self.seized.get().saturating_add(self.loss.bought.get()))
    }

    /// All that is paid for it, native quote. Never more than what was seized and the budget.
    pub const fn spent(&self) -> TokenAmount {
        TokenAmount::new(self.seized_spent.get().saturating_add(self.loss.spent.get()))
    }
}

/// A borrow's way: what was seized for it buys first, then come reserves, insurance and lenders
/// ([`of_borrow`]). Together exactly what is owed.
///
/// What was seized pays before the reserves do: it is the borrower's own. Tokens bought are rounded down, what they cost
/// is rounded up. `Overflow` for what does not fit.
#[inline(never)]
pub fn of_debt(debt: &Debt) -> Result<DebtPaid, RiskError> {
    let own = match debt.seized.is_zero() {
        true => BorrowLoss::default(),
        false => of_borrow(debt.owed, TokenAmount::ZERO, debt.cost, debt.seized)?,
    };
    let left = debt.owed.saturating_sub(own.bought);
    let cost = debt.cost.saturating_sub(own.spent);
    let loss = of_borrow(left, debt.reserves, cost, debt.budget)?;
    Ok(DebtPaid { seized: own.bought, seized_spent: own.spent, loss })
}

/// What of an account's uncovered loss may fall on a bank, native quote, rounded up: of another token's bank the part that
/// the waterfall would attribute to the account's debt there; of the quote token's all of it, as whatever the account lost
/// becomes a debt of quote when it is settled. Bad feeds and errors as in [`equity`].
pub fn uncovered_in(bank: u8, holdings: &Holdings<'_>, view: &View<'_>) -> Result<Quote, RiskError> {
    let whole = equity(holdings, view.board, view.overlay, view.now)?;
    let uncovered = whole.liabilities.checked_sub(whole.assets)?.max(Quote::ZERO);
    if bank == view.board.header.quote_bank {
        return Ok(uncovered);
    }
    let borrows = |slot: &&Balance| slot.bank == bank && slot.is_borrow() && !slot.is_free();
    let Some(debt) = holdings.balances.iter().find(borrows) else { return Ok(Quote::ZERO) };
    let owed = alone(*debt, view)?.liabilities.magnitude();
    let part = wide::mul_div_up(uncovered.magnitude(), owed, whole.liabilities.magnitude().max(1));
    Ok(part.map_or_else(overflow, Quote::from_unsigned)?.min(uncovered))
}

/// What so many deposit shares of a bank are worth at full price, native quote, rounded down. Errors as [`uncovered_in`].
pub fn deposits_worth(bank: u8, shares: Shares, view: &View<'_>) -> Result<Quote, RiskError> {
    let empty: Balance = bytemuck::Zeroable::zeroed();
    alone(Balance { shares, bank, ..empty }, view).map(|worth| worth.assets)
}

/// What one balance is worth or owes at full price.
fn alone(balance: Balance, view: &View<'_>) -> Result<Health, RiskError> {
    let mut balances: [Balance; MAX_BALANCES] = bytemuck::Zeroable::zeroed();
    let [first, ..] = &mut balances;
    *first = balance;
    health::equity(&balances, view.board, view.overlay, view.now)
}

#[cfg(test)]
mod tests;
