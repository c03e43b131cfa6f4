//! How a scene looks.

use super::{
    feed::News,
    scene::{Risky, Scene},
};
use crate::{
    Refusal,
    act::measures::moment,
    look::{markets::HEADS as MARKET_HEADS, table::short},
};
use ratatui::{
    Frame, Terminal,
    backend::TestBackend,
    crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers},
    layout::{Constraint, Layout, Rect},
    style::{Color, Modifier, Style},
    text::{Line, Span},
    widgets::{Block, List, ListItem, Paragraph, Row, Table, TableState},
};
use std::{collections::VecDeque, ops::ControlFlow};

/// Events that are kept.
const MOST_EVENTS: usize = 500;
/// Rows that a page moves.
const PAGE: isize = 10;

/// A part of the screen that can be chosen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Panel {
    /// The markets.
    Markets,
    /// The riskiest accounts.
    #[default]
    Accounts,
    /// Insurance and deficits.
    Insurance,
    /// What happened.
    Events,
}

impl Panel {
    /// In the order in which Tab goes through them.
    const ALL: [Self; 4] = [Self::Markets, Self::Accounts, Self::Insurance, Self::Events];

    /// The one so many steps further.
    #[must_use]
    pub fn moved(self, steps: usize) -> Self {
        let mut around = Self::ALL.into_iter().cycle().skip_while(|it| *it != self).skip(steps);
        around.next().unwrap_or(self)
    }

    const fn place(self) -> usize {
        self as usize
    }
}

/// What a panel with columns shows.
struct Rows<'a> {
    panel: Panel,
    title: &'a str,
    heads: &'a [&'static str],
    widths: &'a [Constraint],
    rows: Vec<Row<'static>>,
}

/// A scene with what happened, and where in it somebody looks.
pub struct Screen {
    url: String,
    /// What is shown.
    pub scene: Scene,
    events: VecDeque<String>,
    problem: Option<String>,
    chosen: Panel,
    /// First row shown of each panel.
    rows: [usize; Panel::ALL.len()],
}

impl Screen {
    /// Of a first scene.
    pub fn new(url: String, scene: Scene) -> Self {
        Self { url, scene, events: VecDeque::new(), problem: None, chosen: Panel::default(), rows: [0; 4] }
    }

    /// Takes what it is told.
    pub fn hears(&mut self, news: News) {
        match news {
            News::Scene(scene) => self.scene = *scene,
            News::Problem(problem) => self.problem = problem,
            News::Event(line) => {
                self.events.push_front(line.to_string());
                self.events.truncate(MOST_EVENTS);
            }
        }
    }

    /// Does what a key says; breaks at the end.
    pub fn press(&mut self, key: KeyEvent) -> ControlFlow<()> {
        let interrupts = key.code == KeyCode::Char('c') && key.modifiers.contains(KeyModifiers::CONTROL);
        match key.code {
            _ if key.kind == KeyEventKind::Release => {}
            KeyCode::Char('q') | KeyCode::Esc => return ControlFlow::Break(()),
            _ if interrupts => return ControlFlow::Break(()),
            KeyCode::Tab | KeyCode::Right => self.chosen = self.chosen.moved(1),
            KeyCode::BackTab | KeyCode::Left => self.chosen = self.chosen.moved(Panel::ALL.len() - 1),
            KeyCode::Down | KeyCode::Char('j') => self.scroll(1),
            KeyCode::Up | KeyCode::Char('k') => self.scroll(-1),
            KeyCode::PageDown => self.scroll(PAGE),
            KeyCode::PageUp => self.scroll(-PAGE),
            _ => {}
        }
        ControlFlow::Continue(())
    }

    /// Moves in the chosen panel, within what it has.
    fn scroll(&mut self, by: isize) {
        let most = self.length(self.chosen).saturating_sub(1);
        if let Some(row) = self.rows.get_mut(self.chosen.place()) {
            *row = row.saturating_add_signed(by).min(most);
        }
    }

    fn length(&self, panel: Panel) -> usize {
        match panel {
            Panel::Markets => self.scene.markets.markets.len(),
            Panel::Accounts => self.scene.riskiest.len(),
            Panel::Insurance => self.scene.insurance.as_ref().map_or(0, |it| it.markets.len()),
            Panel::Events => self.events.len(),
        }
    }

    /// Draws it.
    pub fn draw(&self, frame: &mut Frame<'_>) {
        let markets = u16::try_from(self.length(Panel::Markets).saturating_add(3)).unwrap_or(u16::MAX);
        let [title, top, middle, bottom, keys] = Layout::vertical([
            Constraint::Length(1),
            Constraint::Max(markets),
            Constraint::Fill(2),
            Constraint::Fill(1),
            Constraint::Length(1),
        ])
        .areas(frame.area());
        let [accounts, insurance] =
            Layout::horizontal([Constraint::Fill(3), Constraint::Fill(2)]).areas(middle);
        frame.render_widget(self.title(), title);
        self.markets(frame, top);
        self.accounts(frame, accounts);
        self.insurance(frame, insurance);
        self.draw_events(frame, bottom);
        frame.render_widget(Line::from("Tab ← → panel   ↑ ↓ move   q ends").style(faint()), keys);
    }

    fn title(&self) -> Line<'static> {
        let scene = &self.scene;
        let mut spans = vec![
            Span::styled("plimsoll ", Style::new().add_modifier(Modifier::BOLD)),
            Span::raw(format!("{}  {}  accounts {}  ", self.url, moment(scene.now), scene.accounts)),
            counted("endangered", scene.endangered),
            counted("flagged", scene.flagged),
            counted("unvalued", scene.unvalued),
        ];
        spans.extend(self.problem.iter().map(|problem| Span::styled(problem.clone(), alarm())));
        Line::from(spans)
    }

    fn markets(&self, frame: &mut Frame<'_>, area: Rect) {
        let widths = [10, 22, 10, 10, 16, 18, 16, 14, 8, 16].map(Constraint::Max);
        let rows = self.scene.markets.markets.iter().map(|it| {
            let is_sound = it.mode == "open" && it.price == "valid";
            Row::new(it.row()).style(if is_sound { Style::new() } else { warning() })
        });
        let (panel, title) = (Panel::Markets, " markets ");
        self.draw_rows(
            frame,
            area,
            Rows { panel, title, heads: &MARKET_HEADS, widths: &widths, rows: rows.collect() },
        );
    }

    fn accounts(&self, frame: &mut Frame<'_>, area: Rect) {
        const HEADS: [&str; 6] = ["account", "scope", "load", "health", "needs", "is"];
        let widths = [11, 10, 10, 20, 20, 20].map(Constraint::Max);
        let row = |it: &Risky| {
            let cells = [
                short(&it.account),
                it.scope.clone(),
                it.load.to_string(),
                it.health.to_string(),
                it.requirement.to_string(),
                it.state.clone(),
            ];
            Row::new(cells).style(style_of(&it.state))
        };
        let rows = self.scene.riskiest.iter().map(row).collect();
        let (panel, title) = (Panel::Accounts, " riskiest accounts ");
        self.draw_rows(frame, area, Rows { panel, title, heads: &HEADS, widths: &widths, rows });
    }

    fn insurance(&self, frame: &mut Frame<'_>, area: Rect) {
        const HEADS: [&str; 4] = ["market", "own part", "target", "deficit"];
        let widths = [10, 18, 18, 18].map(Constraint::Max);
        let title = self.scene.insurance.as_ref().map_or_else(
            || " insurance: none yet ".to_owned(),
            |it| {
                format!(
                    " insurance: {}, insolvent {}, deficits {} ",
                    it.cover, it.insolvent, it.open_deficits
                )
            },
        );
        let rows = self.scene.insurance.iter().flat_map(|it| it.tranches()).map(Row::new).collect();
        let (panel, title) = (Panel::Insurance, title.as_str());
        self.draw_rows(frame, area, Rows { panel, title, heads: &HEADS, widths: &widths, rows });
    }

    fn draw_events(&self, frame: &mut Frame<'_>, area: Rect) {
        let first = self.rows[Panel::Events.place()];
        let lines = self.events.iter().skip(first).take(area.height.into());
        let list = List::new(lines.map(|line| ListItem::new(line.as_str())));
        if self.events.is_empty() {
            let none = Paragraph::new("nothing happened yet").style(faint());
            return frame.render_widget(none.block(self.block(Panel::Events, " events ")), area);
        }
        frame.render_widget(list.block(self.block(Panel::Events, " events ")), area);
    }

    fn draw_rows(&self, frame: &mut Frame<'_>, area: Rect, rows: Rows<'_>) {
        let head = Row::new(rows.heads.to_vec()).style(faint());
        let block = self.block(rows.panel, rows.title);
        let table = Table::new(rows.rows, rows.widths.to_vec()).header(head).block(block);
        let mut state = TableState::new().with_offset(self.rows[rows.panel.place()]);
        frame.render_stateful_widget(table, area, &mut state);
    }

    fn block(&self, panel: Panel, title: &str) -> Block<'static> {
        let style = if panel == self.chosen { Style::new().fg(Color::Cyan) } else { faint() };
        Block::bordered().border_style(style).title(title.to_owned())
    }
}

fn counted(what: &str, count: usize) -> Span<'static> {
    let text = format!("{what} {count}  ");
    if count == 0 { Span::raw(text) } else { Span::styled(text, alarm()) }
}

fn style_of(state: &str) -> Style {
    match state.split(',').next() {
        Some("endangered") => alarm(),
        Some("near") => warning(),
        _ => Style::new(),
    }
}

const fn faint() -> Style {
    Style::new().fg(Color::DarkGray)
}

const fn warning() -> Style {
    Style::new().fg(Color::Yellow)
}

const fn alarm() -> Style {
    Style::new().fg(Color::Red)
}

/// One frame of so many columns and lines as plain text.
///
/// # Errors
/// `Unwritten` where it cannot be drawn.
pub fn as_text(screen: &Screen, width: u16, height: u16) -> Result<String, Refusal> {
    let unwritten = |error: &dyn std::fmt::Display| Refusal::Unwritten(error.to_string());
    let mut terminal = Terminal::new(TestBackend::new(width, height)).map_err(|error| unwritten(&error))?;
    terminal.draw(|frame| screen.draw(frame)).map_err(|error| unwritten(&error))?;
    let buffer = terminal.backend().buffer();
    let lines = (0..height).map(|y| {
        let line: String =
            (0..width).filter_map(|x| Some(buffer.cell((x, y))?.symbol().to_owned())).collect();
        line.trim_end().to_owned()
    });
    Ok(lines.collect::<Vec<_>>().join("\n"))
}
