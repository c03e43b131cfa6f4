//! Lines and stacked areas over time, as SVG within the page.

use maud::{Markup, PreEscaped, html};
use plimsoll_sim::calendar::minute;
use plotters::backend::SVGBackend;
use plotters::{
    chart::ChartBuilder,
    drawing::IntoDrawingArea,
    series::{AreaSeries, LineSeries},
    style::{Color, IntoFont, RGBColor, ShapeStyle, TRANSPARENT},
};
use std::error::Error;

/// Size of the drawing; the page scales it.
pub const SIZE: (u32, u32) = (720, 300);
/// Of axes and their labels: it reads on light and dark ground.
const GREY: RGBColor = RGBColor(128, 134, 144);
/// A limit that is drawn across.
const LIMIT: RGBColor = RGBColor(224, 84, 84);
/// Longer than this, the horizontal axis shows days, seconds.
const DAYS: f64 = 3.0 * 86_400.0;
const HOUR: f64 = 3_600.0;

/// One line.
pub struct Series {
    name: String,
    colour: (u8, u8, u8),
    /// Whether it stands behind the others, and without a name of its own.
    is_pale: bool,
    points: Vec<(f64, f64)>,
}

impl Series {
    /// A line of points: unix seconds, and a number.
    pub const fn line(name: String, colour: (u8, u8, u8), points: Vec<(f64, f64)>) -> Self {
        Self { name, colour, is_pale: false, points }
    }

    /// The same, standing behind another.
    pub const fn pale(name: String, colour: (u8, u8, u8), points: Vec<(f64, f64)>) -> Self {
        Self { name, colour, is_pale: true, points }
    }
}

/// A chart over time.
pub struct Chart {
    /// What it shows.
    pub title: &'static str,
    /// The lines, from the back to the front.
    pub series: Vec<Series>,
    /// What stands behind numbers of the vertical axis.
    pub unit: &'static str,
    /// Drawn across.
    pub line: Option<f64>,
    /// Whether each series stands on the one before, and the ground between them is theirs.
    pub is_stacked: bool,
    /// Whether the vertical axis begins at 0.
    pub is_from_zero: bool,
}

impl Chart {
    /// Lines in numbers without a unit.
    pub const fn of(title: &'static str, series: Vec<Series>) -> Self {
        Self { title, series, unit: "", line: None, is_stacked: false, is_from_zero: true }
    }

    /// The chart with its title and its legend.
    pub fn draw(&self) -> Markup {
        html! {
            figure {
                figcaption { (self.title) }
                ul.legend {
                    @for (name, (red, green, blue)) in self.named() {
                        li { i style=(format!("background:rgb({red},{green},{blue})")) {} (name) }
                    }
                }
                (PreEscaped(self.drawing()))
            }
        }
    }

    /// What a legend names, where there is more than one line.
    pub fn named(&self) -> impl Iterator<Item = (&str, (u8, u8, u8))> {
        let named = || self.series.iter().filter(|series| !series.is_pale);
        let is_needed = named().count() > 1;
        named().filter(move |_| is_needed).map(|series| (series.name.as_str(), series.colour))
    }

    /// The chart alone, as SVG.
    pub fn drawing(&self) -> String {
        let mut drawing = String::new();
        match self.draw_into(&mut drawing) {
            Ok(()) => drawing,
            Err(error) => html! { p { "not drawn: " (error.to_string()) } }.into_string(),
        }
    }

    fn draw_into(&self, drawing: &mut String) -> Result<(), Box<dyn Error + '_>> {
        let area = SVGBackend::with_string(drawing, SIZE).into_drawing_area();
        let (across, up) = self.ranges();
        let unit = unit(&across);
        // Round numbers of hours or days are round times.
        let across = across.start / unit..across.end / unit;
        let mut chart = ChartBuilder::on(&area)
            .margin_top(8)
            .margin_right(26)
            .x_label_area_size(30)
            .y_label_area_size(62)
            .build_cartesian_2d(across.clone(), up)?;
        chart
            .configure_mesh()
            .disable_x_mesh()
            .light_line_style(TRANSPARENT)
            .bold_line_style(GREY.mix(0.22))
            .axis_style(GREY.mix(0.5))
            .label_style(("system-ui, sans-serif", 17).into_font().color(&GREY))
            .x_labels(7)
            .y_labels(5)
            .x_label_formatter(&|at| when(*at * unit, unit > HOUR))
            .y_label_formatter(&|number| short(*number) + self.unit)
            .draw()?;
        if let Some(line) = self.line {
            let style = ShapeStyle { color: LIMIT.mix(0.6), filled: false, stroke_width: 1 };
            chart.draw_series(LineSeries::new([(across.start, line), (across.end, line)], style))?;
        }
        // The last of a stack is the highest: what stands before it covers its lower part.
        let order: Vec<&Series> =
            if self.is_stacked { self.series.iter().rev().collect() } else { self.series.iter().collect() };
        for series in order {
            let (red, green, blue) = series.colour;
            let colour = RGBColor(red, green, blue);
            let points = series.points.iter().map(|(at, number)| (at / unit, *number));
            if self.is_stacked {
                chart.draw_series(AreaSeries::new(points, 0.0, colour.mix(1.0)))?;
                continue;
            }
            let (opacity, stroke_width) = if series.is_pale { (0.4, 1) } else { (1.0, 2) };
            let style = ShapeStyle { color: colour.mix(opacity), filled: false, stroke_width };
            chart.draw_series(LineSeries::new(points, style))?;
        }
        area.present()?;
        Ok(())
    }

    /// From the first to the last time, and from the lowest to the highest number with room around them.
    fn ranges(&self) -> (std::ops::Range<f64>, std::ops::Range<f64>) {
        let points = || self.series.iter().flat_map(|series| &series.points);
        let bounds = |of: fn(&(f64, f64)) -> f64| {
            points()
                .map(of)
                .fold((f64::INFINITY, f64::NEG_INFINITY), |(least, most), it| (least.min(it), most.max(it)))
        };
        let ((first, last), (least, most)) = (bounds(|it| it.0), bounds(|it| it.1));
        if first >= last || !least.is_finite() {
            return (0.0..1.0, 0.0..1.0);
        }
        let most = self.line.map_or(most, |line| most.max(line * 1.05));
        let room = ((most - least) * 0.08).max(1e-9);
        let least = if self.is_from_zero { least.min(0.0) } else { least - room };
        (first..last, least..(most + room).max(least + 1.0))
    }
}

/// What the horizontal axis counts, seconds.
fn unit(across: &std::ops::Range<f64>) -> f64 {
    if across.end - across.start > DAYS { 24.0 * HOUR } else { HOUR }
}

/// A moment as the axis says it.
fn when(at: f64, is_long: bool) -> String {
    let text = minute(at as i64);
    let (day, time) = text.split_once(' ').unwrap_or((&text, ""));
    if is_long { day.get(5..).unwrap_or(day).to_owned() } else { time.to_owned() }
}

/// A number with few digits.
fn short(number: f64) -> String {
    let (size, scaled) = match number.abs() {
        size if size >= 1e6 => ("M", number / 1e6),
        size if size >= 1e4 => ("k", number / 1e3),
        _ => ("", number),
    };
    let digits = if scaled.abs() >= 10.0 || scaled == 0.0 || scaled.fract() == 0.0 { 0 } else { 1 };
    format!("{scaled:.digits$}{size}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short() {
        let all = [0.0, 4.5, 95.0, 9_500.0, 25_000.0, 1_500_000.0, 12_000_000.0].map(short);
        assert_eq!(all, ["0", "4.5", "95", "9500", "25k", "1.5M", "12M"]);
    }

    #[test]
    fn a_chart_of_nothing_is_drawn_all_the_same() {
        let drawn = Chart::of("nothing", Vec::new()).draw().into_string();
        assert!(drawn.contains("<svg") && !drawn.contains("not drawn"), "{drawn}");
    }
}
