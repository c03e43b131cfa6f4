//! What is going on, on one line of a terminal; a line now and then where there is none.

use crate::{conduct::News, outcome::Outcome};
use indicatif::{ProgressBar, ProgressStyle};
use plimsoll_sim::{calendar::minute, report::decimal};
use std::time::Duration;

const SET_UP: &str = "{spinner} {msg}";
const PRICES: &str = "{bar:28} {pos}/{len}  {msg}  [{elapsed}, {eta} left]";
/// Lines about prices where there is no terminal.
const LINES: usize = 24;
const TICK: Duration = Duration::from_millis(120);

/// Shows what is told, where somebody can see it.
pub struct Progress {
    bar: ProgressBar,
    /// What the feeds are called.
    feeds: Vec<String>,
}

impl Progress {
    /// Of a demo with these feeds.
    pub fn new(feeds: Vec<String>) -> Self {
        let bar = ProgressBar::new_spinner();
        bar.set_style(style(SET_UP));
        bar.enable_steady_tick(TICK);
        Self { bar, feeds }
    }

    /// Shows it.
    pub fn tells(&self, news: &News<'_>) {
        match news {
            News::SetUp(what) => self.says((*what).to_owned(), true),
            News::Moment { step: (number, count), unix_time, prices, look } => {
                if self.bar.length() != Some(*count as u64) {
                    self.bar.set_style(style(PRICES));
                    self.bar.set_length(*count as u64);
                    self.bar.reset_elapsed();
                }
                self.bar.set_position(*number as u64);
                let prices = self.feeds.iter().zip(*prices);
                let prices: Vec<String> =
                    prices.map(|(name, price)| format!("{name} {}", decimal(*price, 0))).collect();
                let liquidations: u64 = look.liquidations.iter().sum();
                let is_mark = number * LINES / count != number.saturating_sub(1) * LINES / count;
                let line = format!(
                    "{}  {}  in danger {}, liquidations {liquidations}, insurance {}",
                    minute(*unix_time),
                    prices.join(" "),
                    look.endangered,
                    Outcome::money(look.insurance),
                );
                self.says(line, is_mark);
            }
        }
    }

    /// On the terminal; elsewhere only what is a mark.
    fn says(&self, what: String, is_mark: bool) {
        if self.bar.is_hidden() && is_mark {
            eprintln!("{what}");
        }
        self.bar.set_message(what);
    }

    /// Takes the line away.
    pub fn ends(&self) {
        self.bar.finish_and_clear();
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}
