//! How much somebody can take on, asked of the engine.

use crate::venue::Venue;
use plimsoll_risk::{
    health::{Check, Overlay},
    layout::account::{Balance, MarginAccount, POSITION_IN_USE, POSITION_ISOLATED, Position},
    liquidation::Scope,
    margin::Holdings,
    num::{Index, Quote, Shares, TokenAmount},
};
use solana_pubkey::Pubkey;

/// Most lots of a position or an order.
const MOST_LOTS: u64 = (1 << 30) - 1;
/// What a trade costs beside its price, hundredths of a percent: the taker's fee and a tick.
const COSTS: u64 = 15;

/// The largest number up to `most` that is accepted, by bisection; 0 where not even 1 is.
fn largest(most: u64, accepts: impl Fn(u64) -> bool) -> u64 {
    let (mut accepted, mut refused) = (0, most + 1);
    while refused - accepted > 1 {
        let middle = accepted + (refused - accepted) / 2;
        if accepts(middle) {
            accepted = middle;
        } else {
            refused = middle;
        }
    }
    accepted
}

impl Venue {
    /// Most lots that an account, or a pocket of so much native quote, could hold if it held nothing else: Initial health is
    /// not below 0 with their costs paid.
    pub fn most_lots(&self, account: &Pubkey, market: u8, pocket: Option<u64>) -> u32 {
        let perp = self.markets[usize::from(market)].perp;
        let ticks = self.index_ticks(market);
        let most = largest(MOST_LOTS, |lots| {
            let worth = u128::from(lots) * u128::from(ticks) * u128::from(perp.tick_lot);
            let paid = worth + worth * u128::from(COSTS) / 10_000;
            let Ok(paid) = i64::try_from(paid) else { return false };
            // An order to buy counts what it would lose if it filled now.
            let position = Position {
                bids: lots as u32,
                bids_quote: Quote::new(paid),
                market,
                flags: POSITION_IN_USE | pocket.map_or(0, |_| POSITION_ISOLATED),
                pocket: Quote::new(pocket.unwrap_or(0).cast_signed()),
                ..bytemuck::Zeroable::zeroed()
            };
            self.carries(account, position)
        });
        most as u32
    }

    fn carries(&self, account: &Pubkey, position: Position) -> bool {
        let (overlay, is_isolated) = (Overlay::none(), position.is_isolated());
        let mut trial: MarginAccount = self.account(account).0;
        trial.positions = bytemuck::Zeroable::zeroed();
        trial.positions[0] = position;
        let scope = match is_isolated {
            true => Scope::Pocket(&trial.positions[0]),
            false => Scope::Cross(Holdings::from(&trial)),
        };
        scope.measure(Check::Initial, &self.view(&overlay)).is_ok_and(|(health, _)| !health.is_negative())
    }

    /// Most native units that an account without a balance in a bank could borrow there.
    pub fn most_borrowed(&self, account: &Pubkey, bank: u8) -> u64 {
        let index = Index::from(self.board().banks[usize::from(bank)].borrow_index);
        let overlay = Overlay::none();
        largest(1 << 50, |amount| {
            let mut trial: MarginAccount = self.account(account).0;
            let slot = trial.balances.iter_mut().find(|slot| slot.is_free()).expect("a free balance");
            let Ok(shares) = Shares::from_amount_up(TokenAmount::new(amount), index) else {
                return false;
            };
            *slot = Balance { shares, bank, borrowed: 1, reserved: [0; 6] };
            let scope = Scope::Cross(Holdings::from(&trial));
            scope
                .measure(Check::Withdraw, &self.view(&overlay))
                .is_ok_and(|(health, _)| !health.is_negative())
        })
    }

    /// Health of a liquidator's cross part as liquidations check it, native quote; 0 where it is not known or below.
    pub fn spare_margin(&self, account: &Pubkey) -> u64 {
        let overlay = Overlay::none();
        let scope = Scope::Cross(Holdings::from(&self.account(account).0));
        let health = scope.measure(Check::Liquidator, &self.view(&overlay)).map(|(health, _)| health);
        health.unwrap_or(Quote::ZERO).max(Quote::ZERO).magnitude()
    }
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
