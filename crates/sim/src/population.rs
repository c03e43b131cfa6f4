//! Who is in the market when it crashes: accounts from a seed, and positions in pairs.
//!
//! What somebody takes on is a part of what their initial margin allows, not a number of lots: only the caller, who has
//! the deposits on the chain, knows that limit. [`pairs`] turns wishes into lots once it is known, each long with its
//! short.

mod pairing;

pub use pairing::{Pair, lots_by_side, pairs};

use crate::{
    dice::{Dice, Subject},
    sizes::part_of,
};
use plimsoll_risk::num::{Quote, Ratio};

/// Markets that one account trades in at most.
const MOST_MARKETS: u64 = 3;

/// Who shall be there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Census {
    /// Where all throws come from.
    pub seed: u64,
    /// How many accounts.
    pub accounts: u32,
    /// Markets, as places on the board.
    pub markets: Vec<u8>,
    /// The quote token's bank, as a place on the board.
    pub quote_bank: u8,
    /// Banks of other collateral.
    pub collaterals: Vec<u8>,
    /// The smallest deposits of an account together, native quote.
    pub least_worth: Quote,
    /// How often that doubles at most: small accounts are as many as large ones.
    pub doublings: u32,
    /// The least and the most of what initial margin allows that an account uses.
    pub usage: (Ratio, Ratio),
    /// How many only borrow, in a million.
    pub borrowers: u32,
    /// How many positions are isolated, in a million.
    pub isolated: u32,
    /// How many of those who trade have resting orders too, in a million.
    pub resting: u32,
}

/// A deposit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deposit {
    /// The bank, as a place on the board.
    pub bank: u8,
    /// What it is worth at the first prices, native quote.
    pub worth: Quote,
}

/// A borrow, withdrawn from the account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Borrow {
    /// The bank.
    pub bank: u8,
    /// Part of the most that could be borrowed of it.
    pub part: Ratio,
}

/// A position that somebody wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wish {
    /// The market, as a place on the board.
    pub market: u8,
    /// Long or short.
    pub is_long: bool,
    /// Part of the quote deposit that becomes its pocket; `None` stands on the account.
    pub pocket: Option<Ratio>,
    /// Part of the lots that the account, or the pocket, could hold if it held nothing else.
    pub part: Ratio,
}

/// An order that rests in the book.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Resting {
    /// The market.
    pub market: u8,
    /// Bid or ask.
    pub is_bid: bool,
    /// How far from the first price, below for a bid and above for an ask.
    pub away: Ratio,
    /// Part of the lots that the account could hold if it held nothing else.
    pub part: Ratio,
}

/// Somebody.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Account {
    /// What they bring, the quote deposit first; at least one.
    pub deposits: Vec<Deposit>,
    /// What they borrow and take away.
    pub borrows: Vec<Borrow>,
    /// Positions they want, at most one a market.
    pub wishes: Vec<Wish>,
    /// Orders they leave in the book.
    pub resting: Vec<Resting>,
}

impl Account {
    /// What the cross part uses of its limit: borrows, positions and orders together.
    pub fn usage(&self) -> Ratio {
        let borrows = self.borrows.iter().map(|borrow| borrow.part);
        let cross = self.wishes.iter().filter(|wish| wish.pocket.is_none()).map(|wish| wish.part);
        let orders = self.resting.iter().map(|order| order.part);
        let total = borrows.chain(cross).chain(orders).fold(0u32, |sum, part| sum.saturating_add(part.get()));
        Ratio::new(total)
    }

    /// What becomes the pockets of isolated positions, by market, native quote.
    pub fn pockets(&self) -> Vec<(u8, u64)> {
        let cash = self.deposits.first().map_or(0, |deposit| deposit.worth.magnitude());
        let isolated = self.wishes.iter().filter_map(|it| Some((it.market, part_of(cash, it.pocket?))));
        isolated.filter(|(_, amount)| *amount > 0).collect()
    }
}

impl Census {
    /// A crowd with leverage, on a board with so many markets and banks, of which the first is the quote token's: deposits of
    /// 200 to about 100,000 quote, of which each uses between 40 % and 99 % of what its Initial margin allows.
    pub fn leveraged(seed: u64, accounts: u32, markets: u8, banks: u8) -> Self {
        Self {
            seed,
            accounts,
            markets: (0..markets).collect(),
            quote_bank: 0,
            collaterals: (1..banks).collect(),
            least_worth: Quote::new(200_000_000),
            doublings: 8,
            usage: (Ratio::from_bps(4_000), Ratio::from_bps(9_900)),
            borrowers: 150_000,
            isolated: 250_000,
            resting: 300_000,
        }
    }

    /// The accounts of the seed.
    ///
    /// Sides of a market are dealt in turn, so there are as many who want to be long as short, or one more.
    pub fn accounts(&self) -> Vec<Account> {
        let mut dice = Dice::new(self.seed, Subject::Accounts);
        let mut dealt = vec![false; usize::from(u8::MAX).saturating_add(1)];
        let mut accounts = Vec::new();
        for _ in 0..self.accounts {
            let part = self.part(&mut dice);
            let account = if dice.happens(self.borrowers) {
                self.borrower(part, &mut dice)
            } else {
                self.trader(part, &mut dealt, &mut dice)
            };
            accounts.push(account);
        }
        accounts
    }

    /// How much of their limit somebody uses.
    fn part(&self, dice: &mut Dice) -> Ratio {
        let (least, most) = self.usage;
        let part = dice.between(u64::from(least.get()), u64::from(most.get()));
        Ratio::new(u32::try_from(part).unwrap_or(u32::MAX)).min(Ratio::ONE)
    }

    /// What somebody brings, native quote: the least, doubled so and so often, and up to as much again.
    fn worth(&self, dice: &mut Dice) -> Quote {
        let doublings = u32::try_from(dice.between(0, u64::from(self.doublings))).unwrap_or(0);
        let least =
            self.least_worth.magnitude().saturating_mul(1u64.checked_shl(doublings).unwrap_or(u64::MAX));
        Quote::from_unsigned(dice.between(least, least.saturating_mul(2))).unwrap_or(Quote::MAX)
    }

    /// Deposits collateral and borrows quote, or deposits quote and borrows a token.
    fn borrower(&self, part: Ratio, dice: &mut Dice) -> Account {
        let worth = self.worth(dice);
        let Some(token) = dice.one_of(&self.collaterals).copied() else {
            return Account {
                deposits: vec![Deposit { bank: self.quote_bank, worth }],
                ..Account::default()
            };
        };
        let falls = dice.below(4) != 0;
        let (given, taken) = if falls { (token, self.quote_bank) } else { (self.quote_bank, token) };
        Account {
            deposits: vec![Deposit { bank: given, worth }],
            borrows: vec![Borrow { bank: taken, part }],
            ..Account::default()
        }
    }

    /// Trades in some markets, on quote and often on a collateral too.
    fn trader(&self, part: Ratio, dealt: &mut [bool], dice: &mut Dice) -> Account {
        let worth = self.worth(dice);
        let mut deposits = vec![Deposit { bank: self.quote_bank, worth }];
        if let Some(bank) = dice.one_of(&self.collaterals).copied()
            && dice.below(2) == 0
        {
            deposits.push(Deposit { bank, worth: self.worth(dice) });
        }
        let mut markets = self.markets.clone();
        dice.shuffle(&mut markets);
        markets.truncate(usize::try_from(dice.between(1, MOST_MARKETS)).unwrap_or(1));
        let mut account = Account { deposits, ..Account::default() };
        let rests = dice.happens(self.resting);
        // A fifth of what is used waits in orders.
        let orders = if rests { portion(part, 1, 5) } else { Ratio::ZERO };
        let places = u32::try_from(markets.len()).unwrap_or(u32::MAX);
        for market in markets {
            let Some(side) = dealt.get_mut(usize::from(market)) else { continue };
            *side = !*side;
            let is_isolated = dice.happens(self.isolated);
            // Pockets take at most half of the quote deposit together.
            let pocket = is_isolated.then(|| portion(Ratio::ONE, 1, places.saturating_mul(2)));
            let share = if is_isolated { part } else { portion(part.saturating_sub(orders), 1, places) };
            account.wishes.push(Wish { market, is_long: *side, pocket, part: share });
            if rests {
                account.resting.extend(resting(market, *side, portion(orders, 1, places), dice));
            }
        }
        account
    }
}

/// An order that takes profit, and one that adds on the way down (or up): both away from the price.
fn resting(market: u8, is_long: bool, part: Ratio, dice: &mut Dice) -> Vec<Resting> {
    let mut order = |is_bid, part| {
        let away = Ratio::from_bps(u32::try_from(dice.between(50, 1_500)).unwrap_or(50));
        Resting { market, is_bid, away, part }
    };
    let half = portion(part, 1, 2);
    vec![order(is_long, half), order(!is_long, half)]
}

/// `ratio · numerator / denominator`, rounded down.
fn portion(ratio: Ratio, numerator: u32, denominator: u32) -> Ratio {
    let part =
        u64::from(ratio.get()).saturating_mul(u64::from(numerator)).checked_div(u64::from(denominator));
    Ratio::new(part.and_then(|part| u32::try_from(part).ok()).unwrap_or(0))
}

#[cfg(test)]
mod tests;
