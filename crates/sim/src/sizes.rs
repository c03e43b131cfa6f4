//! How much somebody can take on, asked of the engine.

use plimsoll_risk::{
    health::Check,
    layout::account::{Balance, MarginAccount, POSITION_IN_USE, POSITION_ISOLATED, Position},
    liquidation::{Scope, View},
    margin::Holdings,
    num::{Index, PRICE_BITS, Quote, RATIO_BITS, Ratio, Shares, TokenAmount, wide},
};

/// Most lots of a position or an order.
const MOST_LOTS: u64 = (1 << 30) - 1;
/// Most native units that are asked about.
const MOST_UNITS: u64 = 1 << 50;
/// What a trade costs beside its price, hundredths of a percent: the taker's fee and a tick.
const COSTS: u128 = 15;

/// The largest number up to `most` that is accepted, by bisection; 0 where not even 1 is.
fn largest(most: u64, accepts: impl Fn(u64) -> bool) -> u64 {
    let (mut accepted, mut refused) = (0, most.saturating_add(1));
    while refused.saturating_sub(accepted) > 1 {
        let middle = accepted.midpoint(refused);
        if accepts(middle) {
            accepted = middle;
        } else {
            refused = middle;
        }
    }
    accepted
}

/// A part of a number, rounded down.
pub fn part_of(number: u64, part: Ratio) -> u64 {
    // A part of a number always fits.
    wide::mul_shift_down(number, u64::from(part.get()), RATIO_BITS).unwrap_or(number)
}

/// Native units of a bank's token that are worth so much native quote at the board's price, rounded down; `None` where it has
/// none.
pub fn units(view: &View<'_>, bank: u8, worth: Quote) -> Option<u64> {
    let header = &view.board.header;
    if bank == header.quote_bank {
        return Some(worth.magnitude());
    }
    let terms = view.board.banks.get(usize::from(bank))?;
    let price = u128::from(view.board.feeds.get(usize::from(terms.feed))?.price.get());
    let one = |decimals: u8| 10u128.checked_pow(decimals.into());
    let scaled = u128::from(worth.magnitude()).checked_mul(one(terms.decimals)?)?;
    let per_unit = price.checked_mul(one(header.quote_decimals)?)?;
    // Amounts of money have some 50 bits, a token's unit 30, prices some 60.
    let units = scaled.checked_shl(PRICE_BITS)?.checked_div(per_unit)?;
    u64::try_from(units).ok()
}

/// Most lots that an account, or a pocket of so much native quote, could hold of a market if it held nothing else: Initial
/// health is not below 0 with their costs paid. `of_a_lot` is what one is traded for, native quote.
pub fn most_lots(
    account: &MarginAccount,
    view: &View<'_>,
    market: u8,
    of_a_lot: u64,
    pocket: Option<u64>,
) -> u32 {
    let most = largest(MOST_LOTS, |lots| {
        let worth = u128::from(of_a_lot).saturating_mul(lots.into());
        let paid = worth.saturating_add(worth.saturating_mul(COSTS) / 10_000);
        let (Ok(paid), Ok(bids)) = (i64::try_from(paid), u32::try_from(lots)) else { return false };
        // An order to buy counts what it would lose if it filled now.
        let position = Position {
            bids,
            bids_quote: Quote::new(paid),
            market,
            flags: POSITION_IN_USE | pocket.map_or(0, |_| POSITION_ISOLATED),
            pocket: Quote::from_unsigned(pocket.unwrap_or(0)).unwrap_or(Quote::MAX),
            ..bytemuck::Zeroable::zeroed()
        };
        carries(account, position, view)
    });
    u32::try_from(most).unwrap_or(0)
}

fn carries(account: &MarginAccount, position: Position, view: &View<'_>) -> bool {
    let mut trial = *account;
    trial.positions = bytemuck::Zeroable::zeroed();
    let [first, ..] = &mut trial.positions;
    *first = position;
    let scope = match position.is_isolated() {
        true => Scope::Pocket(&position),
        false => Scope::Cross(Holdings::from(&trial)),
    };
    scope.measure(Check::Initial, view).is_ok_and(|(health, _)| !health.is_negative())
}

/// Most native units that an account without a balance in a bank could borrow there; 0 where all its balances are in use.
pub fn most_borrowed(account: &MarginAccount, view: &View<'_>, bank: u8) -> u64 {
    let Some(terms) = view.board.banks.get(usize::from(bank)) else { return 0 };
    let index = Index::from(terms.borrow_index);
    largest(MOST_UNITS, |amount| {
        let mut trial = *account;
        let Some(slot) = trial.balances.iter_mut().find(|slot| slot.is_free()) else { return false };
        let Ok(shares) = Shares::from_amount_up(TokenAmount::new(amount), index) else { return false };
        *slot = Balance { shares, bank, borrowed: 1, reserved: [0; 6] };
        let scope = Scope::Cross(Holdings::from(&trial));
        scope.measure(Check::Withdraw, view).is_ok_and(|(health, _)| !health.is_negative())
    })
}

/// Health of a liquidator's cross part as liquidations check it, native quote; 0 where it is not known or below.
pub fn spare_margin(account: &MarginAccount, view: &View<'_>) -> u64 {
    let scope = Scope::Cross(Holdings::from(account));
    let health = scope.measure(Check::Liquidator, view).map(|(health, _)| health);
    health.unwrap_or(Quote::ZERO).max(Quote::ZERO).magnitude()
}

#[cfg(test)]
mod tests {
    use super::largest;

    #[test]
    fn the_largest_is_found_wherever_it_lies() {
        for limit in 0..=20 {
            assert_eq!(largest(20, |number| number <= limit), limit);
        }
        assert_eq!(largest(20, |number| number <= 99), 20);
    }
}
