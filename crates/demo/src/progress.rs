//! What is going on, on one line of a terminal.

use crate::{conduct::News, outcome::Outcome};
use indicatif::{ProgressBar, ProgressStyle};
use plimsoll_sim::{calendar::minute, report::decimal};
use std::time::Duration;

const SET_UP: &str = "{spinner} {msg}";
const PRICES: &str = "{bar:28} {pos}/{len}  {msg}  [{elapsed}, {eta} left]";
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
            News::SetUp(what) => self.bar.set_message((*what).to_owned()),
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
                self.bar.set_message(format!(
                    "{}  {}  in danger {}, liquidations {liquidations}, insurance {}",
                    minute(*unix_time),
                    prices.join(" "),
                    look.endangered,
                    Outcome::money(look.insurance),
                ));
            }
        }
    }

    /// Takes the line away.
    pub fn ends(&self) {
        self.bar.finish_and_clear();
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}
