//! `plimsoll watch`: the whole system in a terminal, as it changes.
//!
//! A [`feed`] keeps every margin account in memory by subscription and makes [`scene`]s of them; [`screen`] draws a scene and
//! [`terminal`] shows it until somebody says `q`.

pub mod feed;
pub mod scene;
pub mod screen;
mod terminal;

use crate::{
    Refusal,
    look::events::{self, Shown},
    session::{Connection, Session},
};
use clap::Args;
use feed::{Memory, News};
use scene::Scene;
use screen::{Screen, as_text};
use std::io::{self, IsTerminal};

/// Shows the whole system as it changes: markets, the riskiest accounts, insurance and deficits, events
///
/// Tab and the arrows left and right choose a panel, up and down move in it, q ends. The load of an account is what is
/// spoken for of what counts for it at maintenance: above 100 % it may be liquidated.
#[derive(Args, Clone, Debug)]
pub struct Watch {
    /// Writes one frame as text and ends
    #[arg(long)]
    once: bool,
    /// Columns of that frame
    #[arg(long, value_name = "N", default_value_t = 140, requires = "once")]
    width: u16,
    /// Lines of that frame
    #[arg(long, value_name = "N", default_value_t = 40, requires = "once")]
    height: u16,
    #[command(flatten)]
    connection: Connection,
}

impl Watch {
    /// Watches.
    ///
    /// # Errors
    /// One line, and the exit code of its kind.
    pub fn run(&self) -> Result<(), Refusal> {
        let session = Session::open(&self.connection)?;
        if self.once {
            return self.show_once(&session);
        }
        if session.is_json() || !io::stdout().is_terminal() {
            return Err(Refusal::Malformed("watch needs a terminal: say --once for one frame".into()));
        }
        terminal::watch(&session)
    }

    fn show_once(&self, session: &Session) -> Result<(), Refusal> {
        let memory = Memory::read(session.reader(), session.names().clone())?;
        let mut screen = Screen::new(session.client().url(), Scene::of(&memory));
        let shown = Shown::new(memory.exchange);
        // A node that keeps no history is no reason not to show the rest.
        for told in events::past(session.client(), &plimsoll::ID, self.height.into()).unwrap_or_default() {
            shown.events(&told).into_iter().for_each(|line| screen.hears(News::Event(Box::new(line))));
        }
        session.says(as_text(&screen, self.width, self.height)?, &screen.scene)
    }
}
