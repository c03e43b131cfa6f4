//! The report as a page that needs nothing else: figures, charts, tables.

mod charts;
mod picture;
mod tables;

use crate::outcome::{Look, Outcome};
use charts::{Chart, Series};
use maud::{DOCTYPE, Markup, PreEscaped, html};
use plimsoll_sim::{
    calendar::minute,
    report::{Amount, Liquidations},
};

const STYLE: &str = include_str!("page/style.css");

/// Colours that read on light and dark ground.
const BLUE: (u8, u8, u8) = (76, 139, 245);
const ORANGE: (u8, u8, u8) = (240, 146, 60);
const TEAL: (u8, u8, u8) = (38, 176, 160);
const PURPLE: (u8, u8, u8) = (155, 109, 215);
const RED: (u8, u8, u8) = (224, 84, 84);
const PALETTE: [(u8, u8, u8); 5] = [BLUE, ORANGE, TEAL, PURPLE, RED];

/// How the ways of a liquidation are called, in their order.
const WAYS: [&str; 5] = ["taken over", "into the book", "collateral swapped", "gains bought", "deleveraged"];
/// Who bears a loss, in their order.
const BEARERS: [&str; 4] = ["insurance", "winners", "reserves", "lenders"];
/// Loads beyond this are drawn at the edge, percent.
const MOST_LOAD: f64 = 150.0;

/// The whole page.
pub fn page(outcome: &Outcome) -> String {
    let title = format!("Plimsoll: {} to {} UTC", minute(outcome.from), minute(outcome.until));
    let markup = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                main {
                    (header(outcome))
                    section.figures { (figures(outcome)) }
                    section.charts { @for chart in charts(outcome) { (chart.draw()) } }
                    (tables::keepers(outcome))
                    (tables::compute(outcome))
                    (tables::vaults(outcome))
                }
            }
        }
    };
    markup.into_string()
}

/// Prices, margin, liquidations and open interest as one drawing, for a text that has no room for a page.
pub fn picture(outcome: &Outcome) -> String {
    let [prices, open_interest, margin, ways, _, _] = charts(outcome);
    picture::beside_each_other(&[prices, margin, ways, open_interest])
}

fn header(outcome: &Outcome) -> Markup {
    let faults = outcome.faults();
    html! {
        header {
            p.name { "PLIMSOLL" }
            h1 { "A crash, " @if faults.is_empty() { "survived" } @else { "not survived" } }
            p {
                (outcome.accounts) " leveraged accounts, " (outcome.source) ", " (minute(outcome.from)) " to "
                (minute(outcome.until)) " UTC, seed " (outcome.seed) ". Keepers, liquidators and a market maker as "
                "processes of their own, over JSON-RPC, on the compiled program."
            }
            @if faults.is_empty() {
                p.good { "Every invariant held at each of " (outcome.looks.len()) " looks at the whole ledger." }
            } @else {
                ul.bad { @for fault in &faults { li { (fault) } } }
            }
        }
    }
}

fn figures(outcome: &Outcome) -> Markup {
    let Liquidations { taken_over, into_book, collateral_swaps, pnl_bought, deleveraged } =
        outcome.liquidations;
    let liquidations: u64 =
        [taken_over, into_book, collateral_swaps, pnl_bought, deleveraged].iter().map(|way| way.count).sum();
    let differs = outcome.vault_difference.values().any(|amount| amount.get() != 0);
    let all = [
        ("liquidations", counted(liquidations)),
        ("margin calls", counted(outcome.margin_calls)),
        ("bankruptcies", counted(outcome.bankruptcies)),
        ("paid by insurance, USDC", whole(outcome.insurance_paid)),
        ("borne by others, USDC", whole(outcome.socialised)),
        ("unresolved, USDC", whole(outcome.unresolved_deficit)),
        ("vaults less claims", if differs { "not 0".to_owned() } else { "0".to_owned() }),
        ("still in danger", counted(outcome.endangered_left)),
        ("fills", counted(outcome.fills)),
        ("transactions", counted(outcome.transactions)),
        ("keepers killed", counted(outcome.kills)),
        ("real seconds", counted(outcome.wall_seconds.set_up + outcome.wall_seconds.prices)),
    ];
    html! { @for (name, figure) in all { div { strong { (figure) } span { (name) } } } }
}

fn charts(outcome: &Outcome) -> [Chart; 6] {
    let looks = &outcome.looks;
    let bearers: Vec<Series> =
        stacked(&BEARERS, looks, |look| look.bore.iter().map(|it| money(*it)).collect());
    let ways: Vec<Series> =
        stacked(&WAYS, looks, |look| look.liquidations.iter().map(|count| *count as f64).collect());
    let open_interest = outcome.markets.iter().zip(PALETTE).enumerate().map(|(place, (name, colour))| {
        Series::line(
            name.clone(),
            colour,
            over(looks, |look| look.open_interest.get(place).map_or(0.0, |it| money(*it))),
        )
    });
    [
        Chart {
            unit: "%",
            is_from_zero: false,
            ..Chart::of("Prices, and the index that caution values assets by", prices(outcome))
        },
        Chart::of("Open interest, USDC", open_interest.collect()),
        Chart {
            unit: "%",
            line: Some(100.0),
            ..Chart::of("Margin: how much of what accounts have is spoken for", loads(looks))
        },
        Chart { is_stacked: true, ..Chart::of("Liquidations by way, until then", ways) },
        Chart::of(
            "Insurance fund, USDC",
            vec![Series::line("insurance".into(), TEAL, over(looks, |it| money(it.insurance)))],
        ),
        Chart { is_stacked: true, ..Chart::of("Deficits and who paid them, USDC, until then", bearers) },
    ]
}

/// Each price as a part of the first; the index beside it, paler.
fn prices(outcome: &Outcome) -> Vec<Series> {
    let mut series = Vec::new();
    for (place, (name, colour)) in outcome.markets.iter().zip(PALETTE).enumerate() {
        let of = |look: &Look| number(look.prices.get(place));
        let first = outcome.looks.first().map_or(1.0, of);
        let stable = over(&outcome.looks, |look| 100.0 * number(look.stable.get(place)) / first);
        series.push(Series::pale(format!("{name} index"), colour, stable));
        series.push(Series::line(
            name.clone(),
            colour,
            over(&outcome.looks, |look| 100.0 * of(look) / first),
        ));
    }
    series
}

fn loads(looks: &[Look]) -> Vec<Series> {
    let names = ["the riskiest", "one in twenty is riskier", "one in four", "half of all"];
    let colours = [RED, ORANGE, BLUE, TEAL];
    let series = names.iter().zip(colours).enumerate().map(|(place, (name, colour))| {
        let of = |look: &Look| (f64::from(look.loads[place]) / 100.0).min(MOST_LOAD);
        Series::line((*name).to_owned(), colour, over(looks, of))
    });
    series.collect()
}

/// One on top of the other.
fn stacked(names: &[&str], looks: &[Look], of: impl Fn(&Look) -> Vec<f64>) -> Vec<Series> {
    let series = names.iter().zip(PALETTE).enumerate().map(|(place, (name, colour))| {
        let until = |look: &Look| of(look).iter().take(place + 1).sum();
        Series::line((*name).to_owned(), colour, over(looks, until))
    });
    series.collect()
}

fn over(looks: &[Look], of: impl Fn(&Look) -> f64) -> Vec<(f64, f64)> {
    looks.iter().map(|look| (look.unix_time as f64, of(look))).collect()
}

fn number(text: Option<&String>) -> f64 {
    text.and_then(|text| text.parse().ok()).unwrap_or(0.0)
}

/// Whole quote: charts are for eyes.
fn money(amount: Amount) -> f64 {
    amount.get() as f64 / 1e6
}

/// Whole quote, as people write it.
fn whole(amount: Amount) -> String {
    let text = Outcome::money(amount);
    text.split('.').next().unwrap_or_default().to_owned()
}

fn counted(number: u64) -> String {
    Amount::new(i128::from(number)).in_tokens(0).trim_end_matches(".00").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcome::Used;

    fn outcome() -> Outcome {
        let look = |unix_time, price: &str| Look {
            unix_time,
            prices: vec![price.to_owned(); 2],
            stable: vec![price.to_owned(); 2],
            open_interest: vec![Amount::new(5_000_000_000); 2],
            ..Look::default()
        };
        let used = Used { count: 3, refused: 0, max_compute_units: 7_000, allowed: Some(9_000) };
        Outcome {
            markets: ["BTC-PERP", "ETH-PERP"].map(str::to_owned).to_vec(),
            looks: vec![look(0, "40000.000000"), look(3_600, "30000.000000")],
            instructions: [("deposit".to_owned(), used)].into(),
            vault_difference: [("USDC".to_owned(), Amount::default())].into(),
            ..Outcome::default()
        }
    }

    #[test]
    fn a_page_needs_nothing_else() {
        let page = page(&outcome());
        for outside in ["src=", "href=", "@import", "url(", "<script", "https:"] {
            assert!(!page.contains(outside), "{outside}");
        }
        assert_eq!(page.matches("<svg").count(), 6);
        assert!(!page.contains("not drawn") && page.contains("7,000") && page.contains("BTC-PERP"));
    }

    #[test]
    fn a_picture_is_one_drawing_of_four_charts() {
        let picture = picture(&outcome());
        assert!(picture.starts_with("<svg") && picture.ends_with("</svg>\n"));
        assert_eq!(picture.matches("<svg").count(), picture.matches("</svg>").count());
        // The drawing, four places in it, a chart in each.
        assert_eq!(picture.matches("<svg").count(), 9);
        assert!(picture.contains("Liquidations by way") && !picture.contains("not drawn"));
    }

    #[test]
    fn a_page_says_whether_it_went_well() {
        let good = outcome();
        assert!(good.is_good() && page(&good).contains("Every invariant held"));
        let differs = [("USDC".to_owned(), Amount::new(-1))].into();
        for bad in [
            Outcome { endangered_left: 2, ..outcome() },
            Outcome { vault_difference: differs, ..outcome() },
            Outcome { violations: vec!["events are missing".to_owned()], ..outcome() },
        ] {
            assert!(!bad.is_good() && !page(&bad).contains("Every invariant held"));
            assert!(page(&bad).contains(&bad.faults()[0]) && bad.to_string().contains("FAULT"));
        }
    }
}
