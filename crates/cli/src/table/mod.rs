//! The live table of a watch on a terminal: who is there, who has just gone, in an order and from a row on that the
//! keys choose.

mod layout;
mod rows;
mod view;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use anstyle::Style;
use mcast_net::clock::Clock;
use mcast_proto::Instant;

use crate::escape::OneLine;
use crate::render::Found;
use crate::roster::{Roster, State};
use crate::terminal::{Key, TERMINAL};
use layout::{Cell, Layout, join_fitting};
use rows::{Row, name_of};
use view::View;

/// How often it may change.
pub(crate) const REFRESH: Duration = Duration::from_millis(250);
/// How often it changes where nothing but the ages does.
const AGEING: Duration = Duration::from_secs(1);

/// Draws who is there. Two that are cloned are one.
#[derive(Clone)]
pub(crate) struct Table(Arc<Mutex<Drawing>>);

struct Drawing {
    roster: Roster,
    /// Where is watched.
    place: String,
    styles: Styles,
    clock: Clock,
    view: View,
    /// The keys are listened to.
    has_keys: bool,
    /// The changes of the roster that are drawn, and when.
    drawn: Option<(u64, Instant)>,
    size: (usize, usize),
    is_finished: bool,
}

#[derive(Debug, Clone, Copy, Default)]
struct Styles {
    header: Style,
    gone: Style,
}

impl Table {
    pub(crate) fn new(roster: Roster, place: &str) -> Table {
        let styles = match TERMINAL.stdout().has_colors {
            true => Styles { header: Style::new().bold(), gone: Style::new().dimmed() },
            false => Styles::default(),
        };
        Table(Arc::new(Mutex::new(Drawing {
            roster,
            place: OneLine(place).to_string(),
            styles,
            clock: Clock::new(),
            view: View::default(),
            has_keys: false,
            drawn: None,
            size: (0, 0),
            is_finished: false,
        })))
    }

    /// Draws it, where that shows something new.
    pub(crate) fn draw(&self) {
        let mut drawing = self.lock();
        if !drawing.is_finished {
            drawing.draw();
        }
    }

    /// From now on it says which keys there are.
    pub(crate) fn has_keys(&self) {
        let mut drawing = self.lock();
        (drawing.has_keys, drawing.drawn) = (true, None);
    }

    /// Does what a key is for, and shows it at once.
    pub(crate) fn press(&self, key: Key) {
        let mut drawing = self.lock();
        if !drawing.is_finished {
            drawing.view.press(key);
            drawing.drawn = None;
            drawing.draw();
        }
    }

    /// Draws it for the last time: no key does anything any more.
    pub(crate) fn finish(&self) {
        let mut drawing = self.lock();
        if !drawing.is_finished {
            (drawing.has_keys, drawing.drawn, drawing.is_finished) = (false, None, true);
            drawing.draw();
        }
    }

    fn lock(&self) -> MutexGuard<'_, Drawing> {
        // A panic elsewhere leaves a table that can be drawn.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drawing {
    fn draw(&mut self) {
        let Drawing { roster, place, styles, clock, view, has_keys, drawn, size, .. } = self;
        let now = clock.now();
        let state = roster.lock();
        let (changes, size_now) = (state.changes, TERMINAL.size());
        let is_fresh = |(drawn, at)| drawn == changes && now - at < AGEING && *size == size_now;
        if drawn.is_some_and(is_fresh) {
            return;
        }
        let picture = Picture { place, size: size_now, styles: *styles, has_keys: *has_keys };
        let lines = picture.lines(&state, view, Clock::wall());
        drop(state);
        // The terminal has laid out the lines that stand there anew: nobody knows where they are.
        let is_resized = *size != size_now;
        if TERMINAL.frame(&lines, is_resized) {
            (*drawn, *size) = (Some((changes, now)), size_now);
        }
    }
}

/// What a table that fits the terminal is made of.
struct Picture<'a> {
    place: &'a str,
    size: (usize, usize),
    styles: Styles,
    has_keys: bool,
}

/// What the keys do.
const KEYS: [&str; 4] = ["q quit", "↑↓ PgUp PgDn scroll", "s sort", "r reverse"];

impl Picture<'_> {
    /// A header, a line for each that has room, the sum, and the keys.
    fn lines(&self, state: &State, view: &mut View, now: SystemTime) -> Vec<String> {
        let (width, height) = self.size;
        // The last column stays empty: some terminals go on to the next line as soon as it is filled.
        let width = width.saturating_sub(1).max(20);
        // One line for the header, one for the sum, one for the keys.
        let has_keys = self.has_keys && height > 4;
        let room = height.saturating_sub(2 + usize::from(has_keys)).max(1);
        let rows = rows::sorted(state, view, now);
        let first = view.first(rows.len(), room);
        let shown = &rows[first..rows.len().min(first + room)];
        let records: Vec<Found<'_>> = shown.iter().map(Row::record).collect();
        let cells: Vec<Vec<Cell>> =
            shown.iter().zip(&records).map(|(row, found)| row.cells(found, now)).collect();
        let layout = Layout::of(&cells, state, view, width);
        let Styles { header, gone } = self.styles;
        let mut lines = vec![format!("{header}{}{header:#}", layout.titles())];
        lines.extend(cells.iter().zip(shown).map(|(cells, row)| {
            let style = if row.is_gone() { gone } else { Style::new() };
            format!("{style}{}{style:#}", layout.line(cells))
        }));
        let range = (rows.len() > shown.len())
            .then(|| format!("rows {}-{} of {}", first + 1, first + shown.len(), rows.len()));
        lines.push(self.sum(state, range, width));
        if has_keys {
            lines.push(join_fitting(KEYS.map(str::to_owned), "   ", width));
        }
        lines
    }

    fn sum(&self, state: &State, range: Option<String>, width: usize) -> String {
        let last = state.gone.back().map(|gone| {
            let reason = gone.reason;
            format!("last lost {} ({reason})", name_of(&Found::of_known(&gone.known)))
        });
        let parts = [format!("{} there", state.all().len())].into_iter().chain(range);
        let parts = parts.chain([
            format!("{} found and {} lost", state.found, state.lost),
            format!("on {}", self.place),
        ]);
        join_fitting(parts.chain(last), "; ", width)
    }
}

#[cfg(test)]
mod tests;
