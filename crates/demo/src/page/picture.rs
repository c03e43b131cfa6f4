//! Charts as one drawing, beside and below each other.

use super::charts::{Chart, SIZE};
use maud::{PreEscaped, html};

/// Room above each chart, for its title and its legend.
const HEAD: u32 = 56;
/// Room between charts.
const GAP: u32 = 24;
/// A letter of the legend is about so wide.
const LETTER: usize = 8;
/// Beside a name of the legend: the coloured dot, and room to the next one.
const DOT: usize = 30;

/// Two charts a row, on a ground of their own: what stands around a drawing may be dark or light.
pub fn beside_each_other(charts: &[Chart]) -> String {
    let (wide, high) = (SIZE.0 + GAP, SIZE.1 + HEAD + GAP);
    let rows = u32::try_from(charts.len().div_ceil(2)).unwrap_or(1);
    let (width, height) = (2 * wide + GAP, rows * high + GAP);
    let places = (0..rows).flat_map(|row| [(GAP, row * high + GAP), (GAP + wide, row * high + GAP)]);
    let markup = html! {
        svg xmlns="http://www.w3.org/2000/svg" viewBox=(format!("0 0 {width} {height}")) font-family="system-ui, sans-serif" {
            rect width=(width) height=(height) rx="12" fill="#f7f8fa" {}
            @for (chart, (x, y)) in charts.iter().zip(places) {
                svg x=(x) y=(y) width=(SIZE.0) height=(SIZE.1 + HEAD) {
                    text x="10" y="18" font-size="19" font-weight="600" fill="#1b2330" { (chart.title) }
                    @for (name, (red, green, blue), x) in legend(chart) {
                        circle cx=(x) cy="38" r="6" fill=(format!("rgb({red},{green},{blue})")) {}
                        text x=(x + 11) y="43" font-size="15" fill="#5a6472" { (name) }
                    }
                    g transform=(format!("translate(0 {HEAD})")) { (PreEscaped(chart.drawing())) }
                }
            }
        }
    };
    markup.into_string() + "\n"
}

/// Names of the lines, their colours, and where they stand.
fn legend(chart: &Chart) -> Vec<(&str, (u8, u8, u8), usize)> {
    let mut x = 16;
    let mut place = |(name, colour)| {
        let here = x;
        x += str::len(name) * LETTER + DOT;
        (name, colour, here)
    };
    chart.named().map(&mut place).collect()
}
