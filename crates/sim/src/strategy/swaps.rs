//! Borrows repaid for collateral.

use super::{Action, Outlook, Scope, Situation, case::Danger, lots::asked};
use plimsoll_risk::{RiskError, layout::account::Balance, liquidation::swap, num::wide};

/// The largest borrow that the liquidator can repay, for the largest deposit that brings health.
pub(super) fn swap_largest(
    situation: &Situation<'_>,
    danger: &Danger<'_>,
    outlook: &Outlook<'_>,
) -> Result<Option<Action>, RiskError> {
    if situation.scope != Scope::Cross {
        return Ok(None);
    }
    let asked = asked(&situation.view.board.header.swap_auction(), situation, danger);
    for debt in by_worth(situation, true).into_iter().filter(|debt| (outlook.repays)(debt.bank)) {
        for collateral in by_worth(situation, false) {
            let debt_shares = match swap(debt, collateral, &danger.standing, &asked, &situation.view) {
                Ok(sized) if sized.debt_shares.is_zero() || sized.collateral_shares.is_zero() => continue,
                Ok(sized) => sized.debt_shares,
                Err(
                    RiskError::StalePrice { .. } | RiskError::LowersHealth { .. } | RiskError::BadParameter,
                ) => continue,
                Err(other) => return Err(other),
            };
            return Ok(Some(Action::SwapCollateral {
                debt: debt.bank,
                collateral: collateral.bank,
                debt_shares,
            }));
        }
    }
    Ok(None)
}

/// Borrows or deposits, the worthiest at full price first, at equal worth by bank.
fn by_worth<'a>(situation: &Situation<'a>, is_borrow: bool) -> Vec<&'a Balance> {
    let balances = situation.account.balances.iter();
    let mut found: Vec<&Balance> =
        balances.filter(|balance| !balance.is_free() && balance.is_borrow() == is_borrow).collect();
    found.sort_by_key(|balance| (core::cmp::Reverse(worth(situation, balance)), balance.bank));
    found
}

/// At full price on the board, native quote; of a bank that the board does not have, nothing.
pub(super) fn worth(situation: &Situation<'_>, balance: &Balance) -> u128 {
    situation.view.board.banks.get(usize::from(balance.bank)).map_or(0, |bank| {
        let mantissa =
            if balance.is_borrow() { bank.values.liability_equity } else { bank.values.asset_equity };
        wide::mul(balance.shares.get(), mantissa).wrapping_shr(u32::from(bank.shift))
    })
}
