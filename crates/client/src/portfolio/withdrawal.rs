//! How much of a token may leave an account.

use super::{Most, Portfolio};
use plimsoll::{
    errors::Refusal,
    state::{Bank, risk_board::Pausable},
};
use plimsoll_risk::{
    health::Check,
    layout::account::{Balance, MAX_BALANCES, Position},
    margin::Holdings,
    num::{Index, Ratio, Shares, TokenAmount},
    outflow::OutflowTerms,
};

const HOUR: u32 = 3_600;
const DAY: u32 = 86_400;

impl Portfolio<'_> {
    /// The most of a bank's token that the program would pay out now, native units, and what it would say to one more.
    ///
    /// Without borrowing that is at most the deposit. Counted are interest until now, the Withdraw kind of margin (of
    /// accounts that owe or hold positions; others need none), the bank's borrow caps, its utilisation limit, the two
    /// windows of net outflow, its gate, its vault, and the guardian's pauses.
    pub fn max_withdrawal(&self, bank: &Bank, may_borrow: bool) -> Most<TokenAmount> {
        let none = |refused| Most { amount: TokenAmount::ZERO, refused };
        let trial = match Trial::new(self, bank, may_borrow) {
            Ok(trial) => trial,
            Err(refused) => return none(refused),
        };
        let mut beyond = trial.bank.vault_balance.get().saturating_add(1);
        let mut refused = match trial.attempt(TokenAmount::new(beyond)) {
            Ok(()) => return Most { amount: TokenAmount::MAX, refused: Refusal::Overflow },
            Err(refused) => refused,
        };
        let mut allowed = 0;
        while beyond.abs_diff(allowed) > 1 {
            let middle = allowed.midpoint(beyond);
            match trial.attempt(TokenAmount::new(middle)) {
                Ok(()) => allowed = middle,
                Err(why) => (beyond, refused) = (middle, why),
            }
        }
        Most { amount: TokenAmount::new(allowed), refused }
    }
}

/// One withdrawal, tried at one amount after the other: the rules of `Bank::withdraw`, which a test holds them against.
struct Trial<'a> {
    portfolio: &'a Portfolio<'a>,
    /// The bank with its interest accrued.
    bank: Bank,
    /// The slot of the balance.
    place: usize,
    may_borrow: bool,
    may_owe_more: bool,
    deposits: TokenAmount,
}

impl<'a> Trial<'a> {
    fn new(portfolio: &'a Portfolio<'a>, bank: &Bank, may_borrow: bool) -> Result<Self, Refusal> {
        let Portfolio { account, board, now, .. } = portfolio;
        let mut bank = *bank;
        bank.require_whole().map_err(|_| Refusal::VaultShortfall)?;
        bank.require_ungated(*now).map_err(|_| Refusal::Gated)?;
        let runs = |action| board.require_running(action, *now).is_ok();
        if !runs(Pausable::Withdraw) {
            return Err(Refusal::Paused);
        }
        bank.accrue(*now).map_err(|_| Refusal::Overflow)?;
        let free = || account.balances.iter().position(Balance::is_free);
        let place = account.slot_of(bank.index).or_else(free).ok_or(Refusal::NoFreeSlot)?;
        let deposits = bank.deposits().map_err(|_| Refusal::Overflow)?;
        let may_owe_more = runs(Pausable::Borrow);
        Ok(Self { portfolio, bank, place, may_borrow, may_owe_more, deposits })
    }

    /// What the program would say to so much.
    fn attempt(&self, amount: TokenAmount) -> Result<(), Refusal> {
        let mut balances = self.portfolio.account.balances;
        let slot = balances.get_mut(self.place).ok_or(Refusal::NoFreeSlot)?;
        slot.bank = self.bank.index;
        let mut bank = self.bank;
        let taken = take_deposit(&mut bank, slot, amount)?;
        let borrowed = amount.saturating_sub(taken);
        if !borrowed.is_zero() {
            if !self.may_borrow {
                return Err(Refusal::WouldBorrow);
            }
            if !self.may_owe_more {
                return Err(Refusal::Paused);
            }
            add_borrow(&mut bank, slot, borrowed)?;
        }
        require_utilisation(&bank)?;
        if amount > bank.vault_balance {
            return Err(Refusal::UtilisationLimit);
        }
        self.require_outflow(amount)?;
        self.require_margin(&balances)
    }

    fn require_outflow(&self, amount: TokenAmount) -> Result<(), Refusal> {
        let (bank, now) = (&self.bank, self.portfolio.now);
        let terms = |limit_ratio: Ratio, period_seconds: u32| OutflowTerms {
            limit_ratio,
            period_seconds,
            small_size: TokenAmount::new(bank.small_withdrawal),
            small_share: bank.small_share,
        };
        let (hour, day) = (terms(bank.hour_limit, HOUR), terms(bank.day_limit, DAY));
        if amount > bank.hour_outflow.available(amount, &hour, self.deposits, now)? {
            return Err(Refusal::HourlyOutflow);
        }
        if amount > bank.day_outflow.available(amount, &day, self.deposits, now)? {
            return Err(Refusal::DailyOutflow);
        }
        Ok(())
    }

    /// Who owes nothing and holds no position needs no margin.
    fn require_margin(&self, balances: &[Balance; MAX_BALANCES]) -> Result<(), Refusal> {
        let positions = &self.portfolio.account.positions;
        let owes = balances.iter().any(|slot| !slot.is_free() && slot.is_borrow());
        if !owes && !positions.iter().any(Position::is_cross) {
            return Ok(());
        }
        let holdings = Holdings { balances, positions };
        let margin = self.portfolio.valuation().margin(&holdings, Check::Withdraw)?;
        if margin.is_healthy() { Ok(()) } else { Err(Refusal::NotEnoughMargin) }
    }
}

/// Takes at most an amount of a deposit, and returns what it took. Shares are rounded up: the user never gains.
fn take_deposit(bank: &mut Bank, slot: &mut Balance, amount: TokenAmount) -> Result<TokenAmount, Refusal> {
    if slot.is_borrow() || slot.is_free() {
        return Ok(TokenAmount::ZERO);
    }
    let index: Index = bank.deposit_index.into();
    let held = slot.shares.amount_down(index)?;
    let taken = amount.min(held);
    let shares = if taken == held { slot.shares } else { Shares::from_amount_up(taken, index)? };
    let shares = shares.min(slot.shares);
    slot.shares = slot.shares.checked_sub(shares)?;
    bank.deposit_shares = bank.deposit_shares.checked_sub(shares)?;
    Ok(taken)
}

/// Adds a debt. Shares are rounded up: the user never gains.
fn add_borrow(bank: &mut Bank, slot: &mut Balance, amount: TokenAmount) -> Result<(), Refusal> {
    let index: Index = bank.borrow_index.into();
    let shares = Shares::from_amount_up(amount, index)?;
    slot.shares = slot.shares.checked_add(shares)?;
    slot.borrowed = 1;
    bank.borrow_shares = bank.borrow_shares.checked_add(shares)?;
    if bank.borrow_shares.amount_up(index)?.get() > bank.borrow_cap {
        return Err(Refusal::BorrowCap);
    }
    if slot.shares.amount_up(index)?.get() > bank.account_borrow_cap {
        return Err(Refusal::AccountBorrowCap);
    }
    Ok(())
}

/// Lenders can be paid only while something of what they lent is still here.
fn require_utilisation(bank: &Bank) -> Result<(), Refusal> {
    if bank.borrow_shares == Shares::ZERO {
        return Ok(());
    }
    let deposits = bank.deposit_shares.amount_down(bank.deposit_index.into())?;
    let borrows = bank.borrow_shares.amount_up(bank.borrow_index.into())?;
    if borrows > deposits.mul_down(bank.utilisation_limit)? {
        return Err(Refusal::UtilisationLimit);
    }
    Ok(())
}
