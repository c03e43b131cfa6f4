//! The waterfall at work: each loss goes its way, and what is paid for it moves.
//!
//! What is seized lies in the quote bank's pools until it is known who gets it; insurance goes there, too, before it pays
//! anybody. In the end the pools are the markets' again, to the unit.

use crate::{
    errors::{Refusal, refused},
    events::{BankruptcyLeg, LEG_BORROW, LEG_CLAIM, LEG_DEPOSIT, LEG_POSITION},
    instructions::{liquidation::scope::Scope, trade::makers::Brought},
    state::{Bank, Exchange, InsuranceFund, MarginAccount, Market, RiskBoard},
};
use anchor_lang::prelude::*;
use plimsoll_risk::{
    RiskError,
    bankruptcy::{self, Buying, Debt, DebtPaid, Debtor, Estate, Leg},
    deleveraging::{Charge, Side, charge, charge_cap, charge_room},
    layout::market::{MARKET_CLOSED, MarketTerms},
    num::{Quote, Ratio, TokenAmount},
    waterfall::{Cover, MarketLoss, of_market, purchase_cost},
};

/// The tier of the shared fund's cap that all borrows fall under.
const BORROWS_TIER: usize = 0;

/// A bankruptcy being resolved.
pub struct Waterfall<'a, 'info> {
    pub account: &'a mut MarginAccount,
    /// Who sells tokens to the fund.
    pub resolver: &'a mut MarginAccount,
    pub exchange: &'a Exchange,
    pub board: &'a mut RiskBoard,
    pub insurance: &'a mut InsuranceFund,
    /// With interest accrued until now.
    pub quote_bank: &'a mut Bank,
    pub brought: Brought<'a, 'info>,
    /// What is paid above the price for tokens.
    pub fee: Ratio,
    pub now: i64,
    /// What the resolver is to be paid, native quote; it lies in the pools.
    pub price: TokenAmount,
    /// What happened, in order.
    pub legs: Vec<BankruptcyLeg>,
}

/// What became of an estate.
pub struct Borne {
    /// Quote that was seized.
    pub cash: TokenAmount,
    /// What the resolver was paid, native quote.
    pub paid: TokenAmount,
    /// His balance of quote afterwards; 0 where he was not paid.
    pub resolver_balance: i64,
    /// Everything that was owed or seized, in order.
    pub legs: Vec<BankruptcyLeg>,
}

impl Waterfall<'_, '_> {
    /// Seizes what is left of a scope, shared out before, and lets each loss go its way.
    ///
    /// # Errors
    /// [`Refusal::MissingLeg`], [`Refusal::BringTokens`], [`Refusal::StalePrice`], [`Refusal::UtilisationLimit`],
    /// [`Refusal::NoFreeSlot`] of the resolver.
    pub fn run(mut self, estate: &Estate, scope: Scope) -> Result<Borne> {
        let cash = self.seize(scope)?;
        for leg in estate.legs() {
            self.bear(&leg)?;
        }
        if scope == Scope::Cross {
            self.seize_rest()?;
        }
        let (paid, resolver_balance) = self.close()?;
        Ok(Borne { cash, paid, resolver_balance, legs: self.legs })
    }

    /// Seizes the scope's cash: the quote deposit, or the pocket. Returns it.
    ///
    /// # Errors
    /// [`Refusal::UtilisationLimit`] while too much of that deposit is lent.
    fn seize(&mut self, scope: Scope) -> Result<TokenAmount> {
        let Scope::Pocket(place) = scope else { return self.quote_bank.seize(self.account) };
        let position = self.account.positions.get_mut(place).ok_or(Refusal::NoPosition)?;
        let cash = TokenAmount::new(position.pocket.max(Quote::ZERO).magnitude());
        position.pocket = Quote::ZERO;
        self.quote_bank.pocket_pays(cash)?;
        Ok(cash)
    }

    /// One loss goes its way, and is gone.
    ///
    /// # Errors
    /// [`Refusal::MissingLeg`]; those of a borrow's way.
    fn bear(&mut self, leg: &Leg) -> Result<()> {
        match leg.debtor {
            Debtor::Position(place) => self.bear_position(place, leg),
            Debtor::Balance(place) => self.bear_balance(place, leg),
        }
    }

    #[inline(never)]
    fn bear_position(&mut self, place: usize, leg: &Leg) -> Result<()> {
        let position = self.account.positions.get_mut(place).ok_or(Refusal::NoPosition)?;
        let (index, winners_are_long) = (position.market, position.was_short());
        (position.quote, position.realised) = (Quote::ZERO, Quote::ZERO);
        let terms = self.board.markets.get_mut(usize::from(index)).ok_or(Refusal::UnknownMarket)?;
        let mut market = self.brought.open::<Market>(&terms.market)?;
        let tier = usize::from(market.tier);
        let (fund, tier_left) = (self.insurance.fund.cover(), self.tier_left(tier)?);
        let terms = self.board.markets.get_mut(usize::from(index)).ok_or(Refusal::UnknownMarket)?;
        let (limits, is_closed) = ((fund, tier_left, self.now), terms.state == MARKET_CLOSED);
        let borne = bear_in_market(&mut market, terms, winners_are_long, leg.attributed, limits)?;
        let (tranche, fund) = (amount(borne.tranche), amount(borne.fund));
        self.fund_pays(tier, fund)?;
        let insured = tranche.checked_add(fund).map_err(refused)?;
        self.quote_bank.insurance_pays(insured)?;
        let paid = insured.checked_add(amount(leg.seized)).map_err(refused)?;
        market.pool = market.pool.checked_add(paid).map_err(refused)?;
        if !borne.deficit.is_zero() {
            // What opens in a closed market stays open for ever: nobody waits for it.
            if market.deficit.is_zero() && !is_closed {
                self.insurance.open_deficits =
                    self.insurance.open_deficits.checked_add(1).ok_or(Refusal::Overflow)?;
            }
            market.deficit = market.deficit.checked_add(amount(borne.deficit)).map_err(refused)?;
        }
        self.legs.push(BankruptcyLeg {
            kind: LEG_POSITION,
            index,
            amount: leg.loss.magnitude(),
            seized: leg.seized.magnitude(),
            own: tranche.get(),
            fund: fund.get(),
            bought: 0,
            others: borne.winners.magnitude(),
            deficit: borne.deficit.magnitude(),
        });
        Ok(())
    }

    #[inline(never)]
    fn bear_balance(&mut self, place: usize, leg: &Leg) -> Result<()> {
        let slot = *self.account.balances.get(place).ok_or(Refusal::UnknownBank)?;
        let budget = self.insurance.fund.cover().min(self.tier_left(BORROWS_TIER)?);
        let mut debt = Debt {
            owed: TokenAmount::ZERO,
            cost: TokenAmount::ZERO,
            seized: amount(leg.seized),
            reserves: TokenAmount::ZERO,
            budget,
        };
        let paid = if slot.bank == self.quote_bank.index {
            self.quote_debt(place, &mut debt)?
        } else {
            self.token_debt(place, slot.bank, &mut debt)?
        };
        self.fund_pays(BORROWS_TIER, paid.loss.spent)?;
        let kept = debt.seized.saturating_sub(paid.seized_spent);
        if !kept.is_zero() {
            // What buys nothing, if only a unit, is nobody else's.
            self.quote_bank.pools_insure(kept)?;
            self.insurance.fund.own = self.insurance.fund.own.checked_add(kept).map_err(refused)?;
        }
        self.legs.push(BankruptcyLeg {
            kind: LEG_BORROW,
            index: slot.bank,
            amount: debt.owed.get(),
            seized: debt.seized.get(),
            own: paid.loss.reserves.get(),
            fund: paid.loss.spent.get(),
            bought: paid.bought().get(),
            others: paid.loss.lenders.get(),
            deficit: 0,
        });
        Ok(())
    }

    /// The quote token needs nobody to sell it. What was paid leaves the pools with the debt.
    fn quote_debt(&mut self, place: usize, debt: &mut Debt) -> Result<DebtPaid> {
        let bank = &mut *self.quote_bank;
        let slot = self.account.balances.get_mut(place).ok_or(Refusal::UnknownBank)?;
        debt.owed = bank.owed_for(slot.shares)?;
        (debt.cost, debt.reserves) = (debt.owed, TokenAmount::new(bank.reserves));
        let paid = bankruptcy::of_debt(debt).map_err(refused)?;
        bank.insurance_pays(paid.loss.spent)?;
        bank.pools = bank.pools.checked_sub(paid.spent()).map_err(refused)?;
        bank.write_off(slot, &paid.loss)?;
        if !paid.loss.lenders.is_zero() {
            self.board.copy_bank(bank, self.now)?;
        }
        Ok(paid)
    }

    /// Another token is bought from the resolver.
    fn token_debt(&mut self, place: usize, index: u8, debt: &mut Debt) -> Result<DebtPaid> {
        let (price, buying) = bankruptcy::debt_price(&self.board.0, index, self.now).map_err(refused)?;
        let terms = self.board.bank(index)?;
        let decimals = (terms.decimals, self.board.header.quote_decimals);
        let mut bank = self.brought.open::<Bank>(&terms.bank)?;
        bank.accrue(self.now)?;
        let slot = self.account.balances.get_mut(place).ok_or(Refusal::UnknownBank)?;
        (debt.owed, debt.reserves) = (bank.owed_for(slot.shares)?, TokenAmount::new(bank.reserves));
        if debt.needs_purchase() {
            match buying {
                Buying::Possible => {
                    let worth = bankruptcy::worth_up(debt.owed, price, decimals).map_err(refused)?;
                    debt.cost = purchase_cost(amount(worth), self.fee, self.fee).map_err(refused)?;
                }
                Buying::Later => return Err(refused(RiskError::StalePrice { bank: u16::from(index) })),
                Buying::Never => {}
            }
        }
        let paid = bankruptcy::of_debt(debt).map_err(refused)?;
        bank.buy_from(self.resolver, paid.bought())?;
        bank.write_off(slot, &paid.loss)?;
        if !paid.loss.lenders.is_zero() {
            follow(self.board, &bank)?;
        }
        self.quote_bank.insurance_pays(paid.loss.spent)?;
        self.price = self.price.checked_add(paid.spent()).map_err(refused)?;
        Ok(paid)
    }

    /// What else is left: claims become the insurance fund's, deposits too small to be liquidated the reserves'.
    ///
    /// # Errors
    /// [`Refusal::MissingLeg`].
    fn seize_rest(&mut self) -> Result<()> {
        for position in &mut self.account.positions {
            if !position.is_cross() || position.quote.is_zero() {
                continue;
            }
            let terms = self.board.market(position.market)?;
            let mut market = self.brought.open::<Market>(&terms.market)?;
            let claim = position.quote;
            market.insurance_receivable = market.insurance_receivable.checked_add(claim).map_err(refused)?;
            (position.quote, position.realised) = (Quote::ZERO, Quote::ZERO);
            let leg = BankruptcyLeg { kind: LEG_CLAIM, index: position.market, ..Default::default() };
            self.legs.push(BankruptcyLeg { amount: claim.magnitude(), ..leg });
        }
        for slot in &mut self.account.balances {
            if slot.is_free() {
                continue;
            }
            let index = slot.bank;
            let mut bank = self.brought.open::<Bank>(&self.board.bank(index)?.bank)?;
            bank.accrue(self.now)?;
            let amount = bank.forfeit(slot)?.get();
            self.legs.push(BankruptcyLeg { kind: LEG_DEPOSIT, index, amount, ..Default::default() });
        }
        Ok(())
    }

    /// Pays the resolver; returns that and his balance of quote afterwards.
    ///
    /// # Errors
    /// [`Refusal::NoFreeSlot`].
    fn close(&mut self) -> Result<(TokenAmount, i64)> {
        if self.price.is_zero() {
            self.quote_bank.observe_rate()?;
            return Ok((TokenAmount::ZERO, 0));
        }
        let moved = self.quote_bank.pay_gain(self.resolver, self.price, self.now)?;
        Ok((self.price, moved.balance))
    }

    /// What a tier may still take of the shared fund in this window.
    fn tier_left(&self, tier: usize) -> Result<TokenAmount> {
        let (window, cap) = (self.insurance.tiers.get(tier), self.exchange.tier_caps.get(tier));
        let (Some(window), Some(cap)) = (window, cap) else { return Err(Refusal::Overflow.into()) };
        Ok(window.left(*cap, self.exchange.tier_seconds, self.now))
    }

    /// The shared fund loses what it pays for a tier; its cash is moved where it is known what for.
    fn fund_pays(&mut self, tier: usize, amount: TokenAmount) -> Result<()> {
        if amount.is_zero() {
            return Ok(());
        }
        ensure!(self.insurance.fund.slash(amount, self.now) == amount, Refusal::Overflow);
        let window = self.insurance.tiers.get_mut(tier).ok_or(Refusal::Overflow)?;
        window.pay(amount, self.exchange.tier_seconds, self.now).map_err(refused)
    }
}

/// The board's copy of a bank whose lenders bore a loss follows, or it would be ahead. Its values are computed by whoever
/// asks until the next price comes: that is cheaper than to value sixteen banks here.
fn follow(board: &mut RiskBoard, bank: &Bank) -> Result<()> {
    let entry = board.banks.get_mut(usize::from(bank.index)).ok_or(Refusal::UnknownBank)?;
    (entry.deposit_index, entry.borrow_index) = (bank.deposit_index, bank.borrow_index);
    (entry.deposit_unit, entry.borrow_unit, entry.valid_until) = (0, 0, 0);
    Ok(())
}

/// Who bears a loss in a market: its tranche and its winners bear it here, what the shared fund bears is to be paid.
///
/// Winners whose index cannot take it bear nothing: then it stays open. `limits` is what the fund has, what the tier may
/// take of it, and the time.
fn bear_in_market(
    market: &mut Market,
    terms: &mut MarketTerms,
    winners_are_long: bool,
    loss: Quote,
    limits: (TokenAmount, TokenAmount, i64),
) -> Result<MarketLoss> {
    let ((fund, tier, now), cap) = (limits, charge_cap(terms));
    let (residue, window, open_lots) = if winners_are_long {
        (&mut market.long_residue, &mut market.long_charge, market.long_lots)
    } else {
        (&mut market.short_residue, &mut market.short_charge, market.short_lots)
    };
    let winners = charge_room(window, open_lots, cap, now);
    let cover = Cover { tranche: market.insurance, fund, tier, winners };
    let mut borne = of_market(loss, &cover).map_err(refused)?;
    if !borne.winners.is_zero() {
        let bill = Charge { is_long: winners_are_long, open_lots, amount: borne.winners, cap };
        let mut side = Side::of(terms, winners_are_long);
        let taken = charge(&mut side, residue, window, &bill, now).unwrap_or(Quote::ZERO);
        if !taken.is_zero() {
            side.store(terms, winners_are_long);
        }
        let left = borne.winners.checked_sub(taken).map_err(refused)?;
        (borne.winners, borne.deficit) = (taken, borne.deficit.checked_add(left).map_err(refused)?);
    }
    market.insurance = market.insurance.checked_sub(amount(borne.tranche)).map_err(refused)?;
    Ok(borne)
}

/// An amount that is not below 0.
const fn amount(quote: Quote) -> TokenAmount {
    TokenAmount::new(quote.magnitude())
}
