//! `docs/RISK_PARAMETERS.md`, out of the table.

use super::{
    CHANGE_LIFETIME, Class, PARAMETERS, Parameter, Scope, Unit,
    pauses::{DUTY_WINDOW, LONGEST_PAUSE, PAUSE_DUTY, SHORTEST_PAUSE},
};
use crate::instructions::trigger::reward_limit;
use std::fmt::Write;

const PREAMBLE: &str = "\
# Risk parameters

Written by `cargo xtask docs` from `programs/plimsoll/src/governance/table.rs`; the program and its tests read the same table.

- **Bounds** are compiled into the program: no vote passes them.
- **Class** says which direction loosens. *loosening up* / *loosening down*: a change that way waits for
  `exchange.timelock_seconds`, can be vetoed by the guardian and must then be applied within the change's lifetime; a change
  the other way applies at once. *two-way*: every change waits. During set-up, before any money is held, nothing waits.
- **Ramp**: the value moves in a straight line from where it is to its target over `exchange.ramp_seconds`, because it enters
  maintenance margin. Class is judged by targets: a target beyond the one in force waits.
- A queued change dies if the parameter moved meanwhile. Values that contradict each other are refused when they would take
  effect, at every point of their ramps: `asset_weight_initial` ≤ `asset_weight_maint` ≤ 100% ≤ `liability_weight_maint`,
  `liability_weight_initial` ≥ `liability_weight_maint` + `liq_buffer`·(`liability_weight_maint` − `asset_weight_maint`), all four
  exactly 100% for the quote token; `kink1` < `kink2` < 100%, rates never fall with utilisation, `hour_limit` ≤ `day_limit`;
  `imr` ≥ (1 + `liq_buffer`)·`mmr`, `imf` ≥ (1 + `liq_buffer`)·`imf_maint`, `band` + the larger fee ≤ `mmr`, `maker_rebate` ≤
  `taker_fee`, no rebate beside a `maker_fee`, `oi_lower` < `oi_upper`, `trigger_reward` ≤ the limit below, `liq_fee_start` ≤
  `liq_fee_most`, `swap_fee_start` ≤ `swap_fee_most`, `breaker_move` none or ≥ 2%, `heartbeat_gap` none or ≥ 1 minute; and the
  guardian is neither the admin nor the risk council. In settlement nothing of a market changes.
- Roles, oracles' names and everything of the exchange are proposed by the admin only, all else by the admin or the risk council.
- Not parameters: the admin (two-step hand-over, delayed by the timelock) and pauses.
";

/// The text of `docs/RISK_PARAMETERS.md`.
pub fn parameters_markdown() -> String {
    let mut text = String::from(PREAMBLE);
    let fixed = [
        ("a queued change may be applied for", seconds(CHANGE_LIFETIME.unsigned_abs())),
        ("shortest pause", seconds(SHORTEST_PAUSE.into())),
        ("longest pause", seconds(LONGEST_PAUSE.into())),
        ("pause of one action that may begin in a window", seconds(PAUSE_DUTY.into())),
        ("window", seconds(DUTY_WINDOW.unsigned_abs())),
        ("most that executing a trigger order may earn", format!("{} whole quote tokens", reward_limit(0))),
    ];
    text.push_str("\n## Fixed when the program is compiled\n\n| what | value |\n|---|---|\n");
    for (what, value) in fixed {
        row(&mut text, &[what, &value]);
    }
    for scope in [Scope::Exchange, Scope::Board, Scope::BankTerms, Scope::Bank, Scope::Feed, Scope::Market] {
        text.push_str("\n## ");
        text.push_str(title(scope));
        text.push_str("\n\n| no. | parameter | unit | least | most | class | ramp | meaning |\n|---|---|---|---|---|---|---|---|\n");
        for parameter in PARAMETERS.iter().filter(|parameter| parameter.scope == scope) {
            row(&mut text, &cells(parameter).each_ref().map(String::as_str));
        }
    }
    text
}

fn cells(parameter: &Parameter) -> [String; 8] {
    let (least, most) = match parameter.unit {
        Unit::Address | Unit::OptionalAddress => (String::from("–"), String::from("–")),
        unit => (human(unit, parameter.least), human(unit, parameter.most)),
    };
    [
        parameter.id.to_string(),
        format!("`{}`", parameter.name),
        unit(parameter).into(),
        least,
        most,
        class(parameter.class).into(),
        if parameter.is_ramped() { "yes".into() } else { String::new() },
        parameter.meaning.into(),
    ]
}

fn row(text: &mut String, cells: &[&str]) {
    // Writing to a string cannot fail.
    let _ = writeln!(text, "| {} |", cells.join(" | "));
}

const fn title(scope: Scope) -> &'static str {
    match scope {
        Scope::Exchange => "Exchange",
        Scope::Board => "Risk board",
        Scope::BankTerms => "Bank: what a margin check reads",
        Scope::Bank => "Bank: caps, limits, interest",
        Scope::Feed => "Feed",
        Scope::Market => "Market",
    }
}

const fn unit(parameter: &Parameter) -> &'static str {
    match parameter.unit {
        Unit::Ratio => "ratio (2^-30)",
        Unit::SizeFactor => "ratio per √ whole quote (2^-42)",
        Unit::Lots => "lots",
        Unit::Count => "number",
        Unit::Tokens => "native units of the token",
        Unit::Quote => "native units of the quote token",
        Unit::Seconds => "seconds",
        Unit::Flag => "yes or no",
        Unit::Address => "32 bytes",
        Unit::OptionalAddress => "32 bytes, or none",
    }
}

const fn class(class: Class) -> &'static str {
    match class {
        Class::LooseningUp => "loosening up",
        Class::LooseningUpZeroIsNone => "loosening up; 0 is none, the loosest",
        Class::LooseningDown => "loosening down",
        Class::TwoWay => "two-way",
    }
}

fn human(unit: Unit, value: u64) -> String {
    match unit {
        Unit::Ratio => percent(value),
        Unit::SizeFactor => parts_per_million(value),
        Unit::Seconds => seconds(value),
        Unit::Flag => (if value == 0 { "no" } else { "yes" }).into(),
        _ if value >= i64::MAX.unsigned_abs() => "any".into(),
        _ => grouped(value),
    }
}

/// A raw ratio in percent, at most two places.
fn percent(raw: u64) -> String {
    let hundredths = u128::from(raw).saturating_mul(10_000).saturating_add(1 << 29) >> 30;
    let (whole, rest) = (hundredths.saturating_div(100), hundredths.checked_rem(100).unwrap_or(0));
    match rest {
        0 => format!("{whole}%"),
        rest => format!("{}%", format!("{whole}.{rest:02}").trim_end_matches('0')),
    }
}

/// A raw size factor in millionths, rounded to the nearest.
fn parts_per_million(raw: u64) -> String {
    let millionths = u128::from(raw).saturating_mul(1_000_000).saturating_add(1 << 41) >> 42;
    if millionths == 0 { "0".into() } else { format!("{millionths}·10⁻⁶") }
}

/// Seconds in the largest unit that divides them.
fn seconds(value: u64) -> String {
    for (size, name) in [(86_400, "day"), (3_600, "hour"), (60, "minute")] {
        match (value.checked_div(size), value.checked_rem(size)) {
            (Some(1), Some(0)) => return format!("1 {name}"),
            (Some(count), Some(0)) if count > 1 => return format!("{count} {name}s"),
            _ => {}
        }
    }
    format!("{value} second{}", if value == 1 { "" } else { "s" })
}

/// With a comma before each three digits.
fn grouped(value: u64) -> String {
    let digits = value.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && digits.len().saturating_sub(place).checked_rem(3) == Some(0) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
