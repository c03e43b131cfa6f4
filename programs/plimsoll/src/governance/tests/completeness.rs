//! The table is all there is: no field of an account that governance should own is missing from it.

use super::*;
use plimsoll_risk::layout::{Layout, bank::BankTerms, board::BoardHeader, feed::Feed, market::MarketTerms};

/// Bytes of an account that are state, not parameters: named here on purpose. Any other field has to be in the table.
const STATE: &[(&str, &[&str])] = &[
    (
        "Exchange",
        &[
            "admin",
            "nominated_admin",
            "quote_mint",
            "board",
            "admin_ready_at",
            "change_sequence",
            "sequence",
            "pause_duty",
            "phase",
            "bump",
            "governed_at",
        ],
    ),
    (
        "BoardHeader",
        &[
            "exchange",
            "paused_until",
            "quote_decimals",
            "quote_bank",
            "bank_count",
            "market_count",
            "feed_count",
            "bump",
            "is_open",
            "sequence",
            "heartbeat",
            "grace_until",
            "cancel_only_until",
        ],
    ),
    ("RefreshReward", &["hour_start", "paid"]),
    // The shock table joins the parameters with portfolio margin.
    ("PortfolioTerms", &["shocks_from", "shocks_to", "shocks_start", "shocks_end"]),
    (
        "BankTerms",
        &[
            "values",
            "valid_until",
            "publish_time",
            "shift",
            "deposit_shift",
            "borrow_shift",
            "deposit_unit",
            "borrow_unit",
            "feed",
            "decimals",
            "shift",
            "deposit_shift",
            "borrow_shift",
            "deposit_unit",
            "borrow_unit",
            "bank",
            "deposit_index",
            "borrow_index",
            "deposit_shares",
            "deposits_value",
            "updated_at",
        ],
    ),
    (
        "Bank",
        &[
            "exchange",
            "board",
            "mint",
            "vault",
            "token_program",
            "deposit_index",
            "borrow_index",
            "deposit_shares",
            "borrow_shares",
            "reserves",
            "reserves_fraction",
            "vault_balance",
            "pockets",
            "pools",
            "insurance",
            "fees",
            "accrued_at",
            "sequence",
            "hour_outflow",
            "day_outflow",
            "borrow_rate",
            "index",
            "decimals",
            "bump",
            "vault_bump",
            "flags",
            "token_2022",
            "gated_until",
            "gate_rests_until",
        ],
    ),
    (
        "Feed",
        &[
            "price",
            "confidence",
            "publish_time",
            "pyth_publish_time",
            "refreshed_at",
            "stable",
            "twap",
            "grid_price",
            "grid_time",
            "variance",
            "last_valid_price",
            "last_valid_time",
            "diverged_since",
            "window_price",
            "window_start",
            "markets",
            "banks",
            "validity",
            "source",
            "in_use",
        ],
    ),
    (
        "MarketTerms",
        &[
            "lot_price",
            "lot_stable",
            "initial_ratio",
            "maint_ratio",
            "imf_maint",
            "unbound_initial",
            "unbound_maint",
            "funding",
            "valid_until",
            "publish_time",
            "haircut",
            "shift",
            "feed",
            "longs",
            "shorts",
            "market",
            "open_interest",
            "breaker_until",
            // Fixed for ever: what has been traded is counted in it.
            "lots_per_unit",
            "funding_updated_at",
            "settlement_price",
            "longs_ended",
            "shorts_ended",
        ],
    ),
    (
        "Market",
        &[
            "exchange",
            "board",
            "bids",
            "asks",
            "queue",
            "sequence",
            "pool",
            "deficit",
            "fees_receivable",
            "insurance",
            "long_lots",
            "short_lots",
            "queued_bids",
            "queued_asks",
            "premium",
            "settlement_start",
            "settlement_paid",
            // Fixed for ever: what has been traded is counted in it.
            "tick_lot",
            "index",
            "bump",
            "insurance_receivable",
            "long_residue",
            "short_residue",
            "long_charge",
            "short_charge",
            "liq_window_start",
            "liq_window_taken",
            "subsidy_start",
            "subsidy_paid",
            "settle_from",
            "settle_credited",
            "settle_average",
        ],
    ),
];

/// The fields of a layout that ought to be parameters, as (name, offset), looking into structs that hold some.
fn fields_in_question(layout: &'static Layout, at: usize, into: &mut Vec<(String, usize, usize)>) {
    let state = STATE.iter().find(|(name, _)| *name == layout.name).map_or(&[][..], |(_, fields)| fields);
    for field in layout.fields {
        let unused = field.name.starts_with("reserved") || field.name == "spare";
        if unused || state.contains(&field.name) {
            continue;
        }
        match field.kind {
            // Each element is one of its own.
            plimsoll_risk::layout::Kind::Array(_, length) => {
                let size = field.size / length;
                into.extend((0..length).map(|place| {
                    let name = format!("{}.{}[{place}]", layout.name, field.name);
                    (name, at + field.offset + place * size, size)
                }));
            }
            plimsoll_risk::layout::Kind::Struct(inner) if inner.name != "Ramp" => {
                fields_in_question(inner, at + field.offset, into);
            }
            _ => into.push((format!("{}.{}", layout.name, field.name), at + field.offset, field.size)),
        }
    }
}

#[test]
fn every_field_that_is_not_state_is_a_parameter() {
    let accounts: [(&[&'static Layout], Scope); 6] = [
        (&[const { &Exchange::LAYOUT }], Scope::Exchange),
        (&[const { &BoardHeader::LAYOUT }], Scope::Board),
        (&[const { &BankTerms::LAYOUT }], Scope::BankTerms),
        (&[const { &Bank::LAYOUT }], Scope::Bank),
        (&[const { &Feed::LAYOUT }], Scope::Feed),
        (&[const { &MarketTerms::LAYOUT }, const { &Market::LAYOUT }], Scope::Market),
    ];
    for (layouts, scope) in accounts {
        let (mut missing, mut at) = (Vec::new(), 0);
        for layout in layouts {
            fields_in_question(layout, at, &mut missing);
            at += layout.size;
        }
        for parameter in PARAMETERS.iter().filter(|parameter| parameter.scope == scope) {
            let touched = first_byte_written(parameter);
            let before = missing.len();
            missing.retain(|(_, offset, size)| !(*offset..offset + size).contains(&touched));
            assert_eq!(missing.len() + 1, before, "{} writes no field of its own", parameter.name);
        }
        assert!(missing.is_empty(), "neither parameters nor named as state: {missing:?}");
    }
}

/// Where in its account (its entry, on the board; of a market the entry, then the account) a parameter's write lands.
fn first_byte_written(parameter: &Parameter) -> usize {
    let bytes = |world: &World| match parameter.scope {
        Scope::Exchange => bytemuck::bytes_of(&world.exchange).to_vec(),
        Scope::Board => bytemuck::bytes_of(&world.board.header).to_vec(),
        Scope::BankTerms => bytemuck::bytes_of(&world.board.banks[usize::from(BANK)]).to_vec(),
        Scope::Bank => bytemuck::bytes_of(&world.bank).to_vec(),
        Scope::Feed => bytemuck::bytes_of(&world.board.feeds[usize::from(FEED)]).to_vec(),
        Scope::Market => {
            [bytemuck::bytes_of(&world.board.markets[usize::from(MARKET)]), bytemuck::bytes_of(&world.market)]
                .concat()
        }
    };
    let mut world = World::in_set_up();
    let before = bytes(&world);
    let value = step(parameter, usual(parameter), true).or(step(parameter, usual(parameter), false)).unwrap();
    parameter.write(&mut world.target(target_of(parameter)), value, NOW, 0).unwrap();
    let after = bytes(&world);
    before.iter().zip(&after).position(|(before, after)| before != after).expect(parameter.name)
}

#[test]
fn names_are_unique_and_everything_has_a_meaning() {
    for parameter in PARAMETERS {
        assert_eq!(
            PARAMETERS.iter().filter(|other| other.name == parameter.name).count(),
            1,
            "{}",
            parameter.name
        );
        assert!(!parameter.meaning.is_empty() && !parameter.meaning.contains('|'), "{}", parameter.name);
        if parameter.unit.is_address() {
            assert_eq!(
                parameter.class,
                Class::TwoWay,
                "{}: an address has no safe direction",
                parameter.name
            );
        }
    }
    assert_eq!(table::TIMELOCK.name, "exchange.timelock_seconds");
    assert_eq!(table::RAMP.name, "exchange.ramp_seconds");
    assert_eq!(table::GUARDIAN.name, "exchange.guardian");
}

#[test]
fn what_enters_maintenance_ramps() {
    let named = ["maint", "liq_buffer", "sigma", "shock", "basis", "tail_multiple", ".floor", ".mmr"];
    for parameter in PARAMETERS {
        let enters = named.iter().any(|part| parameter.name.contains(part));
        assert_eq!(parameter.is_ramped(), enters, "{}", parameter.name);
    }
}

#[test]
fn the_committed_description_of_the_parameters_is_the_tables() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/RISK_PARAMETERS.md");
    if std::env::var_os("PLIMSOLL_WRITE_DOCS").is_some() {
        std::fs::write(path, parameters_markdown()).unwrap();
    }
    let committed = std::fs::read_to_string(path).unwrap_or_default();
    assert!(committed == parameters_markdown(), "out of date: run the tests once with PLIMSOLL_WRITE_DOCS=1");
}
