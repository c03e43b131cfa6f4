//! Every long has its short.

use super::{Account, Wish};
use plimsoll_risk::num::{RATIO_BITS, wide};

/// Lots that one account is long and another short.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pair {
    /// The market, as a place on the board.
    pub market: u8,
    /// Who is long, as a place among the accounts.
    pub long: usize,
    /// Who is short.
    pub short: usize,
    /// How many lots; at least 1.
    pub lots: u32,
}

/// What is left of somebody's wish.
struct Wanting {
    account: usize,
    lots: u32,
}

/// Matches wishes market by market, in the order of the accounts: nobody gets more than they want, and one side of a
/// market gets all of it.
///
/// `limit` says how many lots of the wish's market the account, or its pocket, could hold if it held nothing else; so a
/// wish is `part · limit`, rounded down.
pub fn pairs(accounts: &[Account], limit: impl Fn(usize, &Wish) -> u32) -> Vec<Pair> {
    let mut markets: Vec<u8> =
        accounts.iter().flat_map(|account| &account.wishes).map(|wish| wish.market).collect();
    markets.sort_unstable();
    markets.dedup();
    let mut pairs = Vec::new();
    for market in markets {
        let side = |is_long| {
            let mut wanting = Vec::new();
            for (account, somebody) in accounts.iter().enumerate() {
                let wish =
                    somebody.wishes.iter().find(|wish| wish.market == market && wish.is_long == is_long);
                if let Some(wish) = wish {
                    let most = u64::from(limit(account, wish));
                    let lots = wide::mul_shift_down(most, u64::from(wish.part.get()), RATIO_BITS);
                    let lots = lots.and_then(|lots| u32::try_from(lots).ok()).unwrap_or(0);
                    wanting.push(Wanting { account, lots });
                }
            }
            wanting
        };
        match_up(market, side(true), side(false), &mut pairs);
    }
    pairs
}

/// Gives the first of one side to the first of the other, as far as it goes, then on.
fn match_up(market: u8, longs: Vec<Wanting>, shorts: Vec<Wanting>, pairs: &mut Vec<Pair>) {
    let (mut longs, mut shorts) = (longs.into_iter(), shorts.into_iter());
    let (mut long, mut short) = (longs.next(), shorts.next());
    while let (Some(buyer), Some(seller)) = (&mut long, &mut short) {
        let lots = buyer.lots.min(seller.lots);
        if lots > 0 {
            pairs.push(Pair { market, long: buyer.account, short: seller.account, lots });
        }
        buyer.lots = buyer.lots.saturating_sub(lots);
        seller.lots = seller.lots.saturating_sub(lots);
        let (is_bought, is_sold) = (buyer.lots == 0, seller.lots == 0);
        if is_bought {
            long = longs.next();
        }
        if is_sold {
            short = shorts.next();
        }
    }
}

/// Lots of an account in a market, long and short.
pub fn lots_by_side(pairs: &[Pair], account: usize, market: u8) -> (u64, u64) {
    pairs.iter().filter(|pair| pair.market == market).fold((0, 0), |(longs, shorts), pair| {
        let lots = u64::from(pair.lots);
        let of = |who| if who == account { lots } else { 0 };
        (longs.saturating_add(of(pair.long)), shorts.saturating_add(of(pair.short)))
    })
}
