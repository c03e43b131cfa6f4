//! The terminal: keys in, frames out.

use super::{
    feed::{Memory, News, Pace, Source},
    scene::Scene,
    screen::Screen,
};
use crate::{
    Refusal,
    session::{self, Session},
};
use crossbeam_channel::{Receiver, Sender, unbounded};
use ratatui::{
    DefaultTerminal,
    crossterm::event::{self, Event},
};
use std::{io, sync::Arc, thread, time::Duration};

/// How long it waits for a key before it looks for news.
const GLANCE: Duration = Duration::from_millis(100);

/// Shows scenes until somebody says `q`.
///
/// # Errors
/// `Failed`: the network does not answer at the start. `Unwritten`: the terminal is gone.
pub fn watch(session: &Session) -> Result<(), Refusal> {
    let scene = Scene::of(&Memory::read(session.reader(), session.names().clone())?);
    let mut screen = Screen::new(session.client().url(), scene);
    let news = listen(session)?;
    let mut terminal = ratatui::try_init().map_err(|error| unwritten(&error))?;
    let end = show(&mut terminal, &mut screen, &news);
    ratatui::restore();
    end.map_err(|error| unwritten(&error))
}

/// Starts what feeds the screen. It ends with the process, or once nobody listens.
fn listen(session: &Session) -> Result<Receiver<News>, Refusal> {
    let source = Arc::new(Source {
        client: session::client(&session.client().url(), session.cluster()),
        reader: session.reader().clone(),
        websocket: session.websocket(),
        names: session.names().clone(),
        pace: Pace::USUAL,
    });
    let (tell, news) = unbounded();
    starts("scenes", &source, &tell, Source::feed_scenes)?;
    starts("events", &source, &tell, Source::feed_events)?;
    Ok(news)
}

fn starts(
    name: &str,
    source: &Arc<Source>,
    tell: &Sender<News>,
    feed: fn(&Source, &Sender<News>),
) -> Result<(), Refusal> {
    let (source, tell) = (Arc::clone(source), tell.clone());
    let thread = thread::Builder::new().name(name.to_owned()).spawn(move || feed(&source, &tell));
    thread.map(drop).map_err(|error| Refusal::Failed(format!("no thread: {error}")))
}

fn show(terminal: &mut DefaultTerminal, screen: &mut Screen, news: &Receiver<News>) -> io::Result<()> {
    loop {
        terminal.draw(|frame| screen.draw(frame))?;
        if event::poll(GLANCE)?
            && let Event::Key(key) = event::read()?
            && screen.press(key).is_break()
        {
            return Ok(());
        }
        for told in news.try_iter() {
            screen.hears(told);
        }
    }
}

fn unwritten(error: &io::Error) -> Refusal {
    Refusal::Unwritten(format!("the terminal: {error}"))
}
