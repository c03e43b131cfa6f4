use super::*;
use course::Plan;
use plimsoll_sim::synthetic::Phase;

/// Three hours, the second of which takes a half away: within an hour that is one leg of twenty minutes, several percent a
/// minute, and more than margin and divergence limits were made for.
fn short_day(backing: u32) -> Plan {
    let calm = Phase { hours: 1, drift: 0, noise: 700, jump_chance: 0, jump: 0 };
    let fall = Phase { hours: 1, drift: -11_000, noise: 5_000, jump_chance: 0, jump: 0 };
    let crash = Crash {
        start: day_start("2022-05-07").expect("a day"),
        symbols: symbols(),
        phases: vec![calm, fall, calm],
    };
    Plan { source: "a short day".into(), history: crash.history(3), accounts: 60, backing, seed: 3 }
}

#[test]
fn a_crash_is_survived_and_told_alike_every_time() {
    let plan = short_day(100);
    let report = replay(&plan).teller.report;
    assert_eq!(report.endangered_left, 0, "{report}");
    let ways = &report.liquidations;
    for (name, count) in [
        ("taken over", ways.taken_over.count),
        ("into the book", ways.into_book.count),
        ("swapped", ways.collateral_swaps.count),
        ("bankrupt", report.bankruptcies),
    ] {
        assert!(count > 0, "nobody was {name}: {report}");
    }
    assert!(report.vaults.iter().all(|vault| vault.least.get() >= 0), "{report}");
    let json = |report: &plimsoll_sim::report::Report| report.json().expect("a report");
    assert_eq!(json(&report), json(&replay(&plan).teller.report), "the same seed, another report");
}

#[test]
fn without_capital_lots_are_deleveraged_and_others_bear_the_losses() {
    let report = replay(&short_day(1)).teller.report;
    assert!(report.deleveraged_lots > 0, "{report}");
    assert!(report.losses.winners_charged.get() > 0 && report.losses.lenders_bore.get() > 0, "{report}");
    assert_eq!(report.endangered_left, 0, "{report}");
    assert!(report.vaults.iter().all(|vault| vault.least.get() >= 0), "{report}");
}
