//! Cash of the markets: settlement of profit and loss, pockets of isolated positions, fees.

pub mod collect_fees;
pub mod move_pocket;
pub mod pay_fees;
pub mod set_position_mode;
pub mod settle_pnl;

pub use collect_fees::*;
pub use move_pocket::*;
pub use pay_fees::*;
pub use set_position_mode::*;
pub use settle_pnl::*;

use crate::{
    errors::{Refusal, refused},
    state::{Bank, MarginAccount, Market, RiskBoard, margin_account::scope, risk_board::Pausable},
};
use anchor_lang::prelude::*;
use plimsoll_risk::num::Quote;

/// A margin check reads pockets below 2^58 native quote only.
const POCKET_BITS: u32 = 58;

/// # Errors
/// [`Refusal::ForeignMarket`] for a market of another board.
fn require_market(market: &Market, board: &Pubkey) -> Result<()> {
    ensure!(market.board.is(board.as_array()), Refusal::ForeignMarket);
    Ok(())
}

/// That the account, the bank and the board (with its address) belong together, and that the trader may move quote in and out
/// of pockets now. A delegate that may trade may do that too: nothing leaves the account.
fn require_pockets(
    trader: &Pubkey,
    account: &MarginAccount,
    bank: &Bank,
    (key, board): (&Pubkey, &RiskBoard),
    now: i64,
) -> Result<()> {
    account.require_trader(trader, scope::TRADE, now)?;
    ensure!(account.header.exchange == bank.exchange, Refusal::ForeignExchange);
    bank.require_quote(key, board)?;
    board.require_running(Pausable::Pocket, now)
}

/// What a pocket holds once an amount, 0 or more, is added.
///
/// # Errors
/// [`Refusal::Overflow`] where a margin check could not read it any more.
fn into_pocket(pocket: Quote, amount: Quote) -> Result<Quote> {
    let sum = pocket.checked_add(amount).map_err(refused)?;
    ensure!(sum.get() >> POCKET_BITS == 0, Refusal::Overflow);
    Ok(sum)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pocket_never_grows_beyond_what_a_margin_check_reads() {
        let most = Quote::new((1 << POCKET_BITS) - 1);
        assert_eq!(into_pocket(Quote::ZERO, most).unwrap(), most);
        assert!(into_pocket(most, Quote::new(1)).is_err());
        assert!(into_pocket(Quote::MAX, Quote::new(1)).is_err());
    }
}
