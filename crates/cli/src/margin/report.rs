//! The answer: what the engine says of the account, in decimals.

use super::{
    board::{Desk, NOW, Unfit},
    input::Input,
};
use plimsoll_risk::{
    RiskError,
    health::{Check, Overlay},
    margin::{Margin, equity, isolated_margin, margin},
    num::Quote,
};
use serde::Serialize;
use std::{collections::BTreeMap, fmt};

/// Decimals of a figure in the report.
const FIGURE_DECIMALS: u32 = 6;

/// An account's margin.
#[derive(Debug, Serialize)]
pub struct Report {
    /// Net collateral less requirement.
    pub health: PerCheck,
    /// Weighted assets less weighted liabilities.
    pub net_collateral: PerCheck,
    /// What positions and orders need.
    pub requirement: PerCheck,
    /// Health of each isolated position, by market.
    pub isolated: BTreeMap<String, PerCheck>,
    /// Everything at full price.
    pub equity: Figure,
}

/// One figure for each kind of check.
#[derive(Clone, Copy, Debug, Serialize)]
#[allow(missing_docs)] // The kinds themselves.
pub struct PerCheck {
    pub withdraw: Figure,
    pub initial: Figure,
    pub liquidation_end: Figure,
    pub maintenance: Figure,
}

impl PerCheck {
    fn of(figure: impl Fn(Check) -> Result<Figure, RiskError>) -> Result<Self, RiskError> {
        Ok(Self {
            withdraw: figure(Check::Withdraw)?,
            initial: figure(Check::Initial)?,
            liquidation_end: figure(Check::LiquidationEnd)?,
            maintenance: figure(Check::Maintenance)?,
        })
    }
}

impl Report {
    /// Asks the engine about the account on a desk; the input names its markets.
    pub fn of(desk: &Desk, input: &Input) -> Result<Self, Unfit> {
        let decimals = u32::from(desk.board.header.quote_decimals);
        let none = Overlay::none();
        let holdings = desk.holdings();
        let figure = |of: fn(&Margin) -> Quote| {
            PerCheck::of(|check| {
                let margin = margin(&holdings, &desk.board, &none, check, NOW)?;
                Ok(Figure::of(of(&margin), decimals))
            })
        };
        let equity = equity(&holdings, &desk.board, &none, NOW)?.net();
        Ok(Self {
            health: figure(Margin::health)?,
            net_collateral: figure(Margin::net_collateral)?,
            requirement: figure(|margin| margin.requirement)?,
            isolated: isolated(desk, input)?,
            equity: Figure::of(equity, decimals),
        })
    }
}

/// Health of each isolated position, by the name of its market.
fn isolated(desk: &Desk, input: &Input) -> Result<BTreeMap<String, PerCheck>, RiskError> {
    let decimals = u32::from(desk.board.header.quote_decimals);
    let held = desk.positions.iter().zip(&input.account.positions);
    held.filter(|(position, _)| position.is_isolated())
        .map(|(position, named)| {
            let health = PerCheck::of(|check| {
                let margin = isolated_margin(position, &desk.board, &Overlay::none(), check, NOW)?;
                Ok(Figure::of(margin.health(), decimals))
            })?;
            Ok((named.market.clone(), health))
        })
        .collect()
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&serde_json::to_string_pretty(self).map_err(|_| fmt::Error)?)
    }
}

/// An amount of quote, in millionths of a whole one, to the nearest (half away from zero).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Figure(i128);

impl Figure {
    /// From native units with so many decimals, at most 12.
    fn of(quote: Quote, decimals: u32) -> Self {
        let raw = i128::from(quote.get());
        match FIGURE_DECIMALS.checked_sub(decimals) {
            Some(missing) => Self(raw * 10i128.pow(missing)),
            None => {
                let unit = 10i128.pow(decimals - FIGURE_DECIMALS);
                Self((raw + raw.signum() * (unit / 2)) / unit)
            }
        }
    }
}

impl fmt::Display for Figure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let (whole, millionths) = (self.0.unsigned_abs() / 1_000_000, self.0.unsigned_abs() % 1_000_000);
        write!(f, "{sign}{whole}.{millionths:06}")
    }
}

impl Serialize for Figure {
    fn serialize<S: serde::Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        out.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_has_six_decimals_to_the_nearest() {
        let shown = |raw, decimals| Figure::of(Quote::new(raw), decimals).to_string();
        assert_eq!(shown(-1_500_000, 6), "-1.500000");
        assert_eq!(shown(1_499, 9), "0.000001");
        assert_eq!(shown(1_500, 9), "0.000002");
        assert_eq!(shown(-1_500, 9), "-0.000002");
        assert_eq!(shown(-499, 9), "0.000000");
        assert_eq!(shown(7, 0), "7.000000");
        assert_eq!(shown(i64::MIN, 0), "-9223372036854775808.000000");
    }
}
