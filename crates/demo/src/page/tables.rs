//! Bars and numbers, a row each.

use super::counted;
use crate::outcome::Outcome;
use maud::{Markup, html};
use plimsoll_sim::report::Amount;

/// What each keeper made.
pub fn keepers(outcome: &Outcome) -> Markup {
    let most = outcome.keeper_profit.values().map(|profit| profit.fees.get()).max().unwrap_or(0).max(1);
    html! {
        section {
            h2 { "Keepers" }
            p { "Fees are what liquidations and services paid; equity also moves with the prices of what a keeper holds." }
            div.scroll {
                table {
                    tr { th { "keeper" } th.wide { "fees, USDC" } th {} th { "equity since the start" } }
                    @for (name, profit) in &outcome.keeper_profit {
                        tr {
                            td { (name) }
                            td.wide { (bar(profit.fees.get(), most, false)) }
                            td.number { (Outcome::money(profit.fees)) }
                            td.number { (Outcome::money(profit.equity_change)) }
                        }
                    }
                }
            }
            @if !outcome.keeper_errors.is_empty() {
                p {
                    "Refused or failed: "
                    @for (name, count) in &outcome.keeper_errors { span.tag { (name) " " (counted(*count)) } " " }
                }
            }
        }
    }
}

/// What instructions used, against what transactions with them asked for.
pub fn compute(outcome: &Outcome) -> Markup {
    let most =
        outcome.instructions.values().map(|used| used.max_compute_units.max(used.allowed.unwrap_or(0)));
    let most = i128::from(most.max().unwrap_or(0).max(1));
    html! {
        section {
            h2 { "Compute units" }
            p { "The most that each instruction used; the pale bar is what a transaction with it asked for at most." }
            div.scroll {
                table {
                    tr { th { "instruction" } th.wide {} th { "most" } th { "allowed" } th { "times" } th { "refused" } }
                    @for (name, used) in &outcome.instructions {
                        tr {
                            td { (name) }
                            td.wide {
                                div.bars {
                                    (bar(used.allowed.unwrap_or(0).into(), most, true))
                                    (bar(used.max_compute_units.into(), most, false))
                                }
                            }
                            td.number { (counted(used.max_compute_units)) }
                            td.number { @if let Some(allowed) = used.allowed { (counted(allowed)) } }
                            td.number { (counted(used.count)) }
                            td.number { (counted(used.refused)) }
                        }
                    }
                }
            }
        }
    }
}

/// What vaults have beyond all claims.
pub fn vaults(outcome: &Outcome) -> Markup {
    let rounding = |token: &String| outcome.vault_rounding.get(token).copied().unwrap_or_default();
    html! {
        section {
            h2 { "Vaults" }
            p {
                "Tokens in each vault less all claims on it: deposits less borrows, pockets, pools, insurance, fees and reserves. "
                "Rounding is always the vault's: what it left is in the smallest unit of the token."
            }
            div.scroll {
                table {
                    tr { th { "token" } th { "difference" } th { "left by rounding" } th { "least" } th { "most" } }
                    @for (token, difference) in &outcome.vault_difference {
                        @let rounding = rounding(token);
                        tr {
                            td { (token) }
                            @for amount in [*difference, rounding.end, rounding.least, rounding.most] {
                                td.number { (units(amount)) }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn units(amount: Amount) -> String {
    amount.in_tokens(0).trim_end_matches(".00").to_owned()
}

/// A part of the most, as a bar.
fn bar(part: i128, most: i128, is_pale: bool) -> Markup {
    let percent = (part.max(0) * 1_000 / most) as f64 / 10.0;
    html! { div.bar.pale[is_pale] style=(format!("width:{percent}%")) {} }
}
