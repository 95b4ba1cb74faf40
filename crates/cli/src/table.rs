//! The live table of a watch on a terminal.

use std::fmt::Write;
use std::io;
use std::time::{Duration, SystemTime};

use anstream::{AutoStream, ColorChoice};
use anstyle::Style;
use mcast_net::clock::Clock;
use mcast_proto::Instant;
use terminal_size::{Height, Width, terminal_size_of};
use unicode_width::UnicodeWidthChar;

use crate::escape::Escaped;
use crate::render::Milliseconds;
use crate::roster::{Roster, Row, State};
use crate::stderr;

/// How often it may change.
pub(crate) const REFRESH: Duration = Duration::from_millis(250);
/// How often it changes where nothing but the ages does.
const AGEING: Duration = Duration::from_secs(1);

/// Draws who is there.
pub(crate) struct Table {
    roster: Roster,
    /// Where is watched.
    place: String,
    header: Style,
    /// The changes of the roster that are drawn, and when.
    drawn: Option<(u64, Instant)>,
    size: (usize, usize),
}

impl Table {
    pub(crate) fn new(roster: Roster, place: String) -> Table {
        let header = match AutoStream::choice(&io::stdout()) {
            ColorChoice::Never => Style::new(),
            _ => Style::new().bold(),
        };
        Table { roster, place, header, drawn: None, size: (0, 0) }
    }

    /// Draws it, where that shows something new.
    pub(crate) fn draw(&mut self, now: Instant) {
        let state = self.roster.lock();
        let is_fresh = |(changes, at)| changes == state.changes && now - at < AGEING;
        if self.drawn.is_some_and(is_fresh) {
            return;
        }
        let changes = state.changes;
        let size = match terminal_size_of(io::stdout()) {
            Some((Width(width), Height(height))) => (width.into(), height.into()),
            None => (80, 24),
        };
        let lines = lines(&state, &self.place, size, self.header, Clock::wall());
        drop(state);
        // The terminal has laid out the lines that stand there anew: nobody knows where they are.
        let is_resized = self.size != size;
        if stderr::stand(&lines, is_resized) {
            (self.drawn, self.size) = (Some((changes, now)), size);
        }
    }
}

/// A table that fits the terminal: a header, a line for each that has room, and the sum.
fn lines(
    state: &State,
    place: &str,
    (width, height): (usize, usize),
    header: Style,
    now: SystemTime,
) -> Vec<String> {
    // The last column stays empty: some terminals go on to the next line as soon as it is filled.
    let width = width.saturating_sub(1).max(20);
    // One line for the header, one for the sum.
    let room = height.saturating_sub(2).max(1);
    let rows = state.sorted();
    let shown = rows.len().min(room);
    let cells: Vec<[String; 6]> = rows[..shown].iter().map(|row| cells(row, now)).collect();
    let is_plain = rows.first().is_some_and(|row| row.said.is_some());
    let widths = widths(&cells, width, is_plain);
    let name = if is_plain { "SAYS" } else { "NAME" };
    let titles = [name, "SERVICE", "ADDRESS", "INTERFACE", "AGE", "ROUND TRIP"].map(str::to_owned);
    let mut lines = vec![format!("{header}{}{header:#}", line(&titles, widths, width))];
    lines.extend(cells.iter().map(|cells| line(cells, widths, width)));
    let mut sum = format!("{} there", rows.len());
    if shown < rows.len() {
        let _ = write!(sum, ", {} more than fit", rows.len() - shown);
    }
    let _ = write!(sum, "; {} found and {} lost on {place}", state.found, state.lost);
    lines.push(cut(&sum, width));
    lines
}

fn cells(row: &Row, now: SystemTime) -> [String; 6] {
    let shown = |text: &Option<String>| match text {
        Some(text) => Escaped(text.as_bytes()).to_string(),
        None => "-".into(),
    };
    [
        row.said.clone().unwrap_or_else(|| shown(&row.name)),
        shown(&row.service),
        row.address.clone(),
        shown(&row.interface),
        age(now.duration_since(row.since).unwrap_or_default()),
        row.round_trip.map_or("-".into(), |time| Milliseconds(time).to_string()),
    ]
}

/// Two units at the most: `42s`, `3m05s`, `2h10m`, `5d03h`.
fn age(age: Duration) -> String {
    let seconds = age.as_secs();
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds}s"),
        (0, 0, _) => format!("{minutes}m{:02}s", seconds % 60),
        (0, _, _) => format!("{hours}h{:02}m", minutes % 60),
        _ => format!("{days}d{:02}h", hours % 24),
    }
}

/// How wide the columns are: as wide as what is in them, but names and services give way where that is
/// too much, and then addresses. The plain protocol knows no services, and has no column for them.
fn widths(cells: &[[String; 6]], width: usize, is_plain: bool) -> [usize; 6] {
    const LEAST: [usize; 6] = [4, 7, 7, 9, 6, 10];
    const MOST: [usize; 6] = [40, 24, 48, 15, 7, 12];
    let mut widths = LEAST;
    for row in cells {
        for ((widest, cell), most) in widths.iter_mut().zip(row).zip(MOST) {
            *widest = (*widest).max(columns(cell)).min(most);
        }
    }
    if is_plain {
        widths[1] = 0;
    }
    let gaps = widths.iter().filter(|wide| **wide > 0).count() - 1;
    for place in [0, 1, 2] {
        let over = (widths.iter().sum::<usize>() + gaps).saturating_sub(width);
        let least = [12, 10, 15][place].min(widths[place]);
        widths[place] = widths[place].saturating_sub(over).max(least);
    }
    widths
}

fn line(cells: &[String; 6], widths: [usize; 6], width: usize) -> String {
    let mut line = String::new();
    for (cell, wide) in cells.iter().zip(widths).filter(|(_, wide)| *wide > 0) {
        let cell = cut(cell, wide);
        let padding = wide.saturating_sub(columns(&cell)) + 1;
        let _ = write!(line, "{cell}{:padding$}", "");
    }
    cut(line.trim_end(), width)
}

/// How many columns of a terminal a text takes.
fn columns(text: &str) -> usize {
    text.chars().map(|c| c.width().unwrap_or(0)).sum()
}

/// The text, cut to so many columns.
fn cut(text: &str, width: usize) -> String {
    if columns(text) <= width {
        return text.to_owned();
    }
    let mut taken = 0;
    let mut cut: String = text
        .chars()
        .take_while(|c| {
            taken += c.width().unwrap_or(0);
            taken < width
        })
        .collect();
    cut.push('…');
    cut
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use mcast_proto::{Body, Event, Finding, Path, Protocol};

    use super::*;

    /// So many responders, each of which says this.
    fn roster(number: u16, said: &str) -> Roster {
        let roster = Roster::default();
        for port in 1..=number {
            let remote = SocketAddr::from(([192, 168, 100, 100], port));
            let from = Path::new(remote);
            let body = Body::Plain { number: 1, payload: said.as_bytes() };
            let mut found = Finding::new(Protocol::PLAIN, from, body);
            found.round_trip = Some(Duration::from_micros(412));
            roster.note(&Event::Found(found), Some("wlan0"), SystemTime::UNIX_EPOCH);
        }
        roster
    }

    fn drawn(roster: &Roster, size: (usize, usize)) -> Vec<String> {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(65);
        lines(&roster.lock(), "eth0, wlan0", size, Style::new(), now)
    }

    #[test]
    fn a_table_says_all_that_is_known() {
        assert_eq!(
            drawn(&roster(1, "Me!"), (80, 24)),
            [
                "SAYS ADDRESS           INTERFACE AGE    ROUND TRIP",
                "Me!  192.168.100.100:1 wlan0     1m05s     0.41 ms",
                "1 there; 1 found and 0 lost on eth0, wlan0",
            ]
        );
    }

    #[test]
    fn whatever_the_size_it_fits_and_counts_what_does_not() {
        for said in ["Me!", &"long ".repeat(100), &"広い".repeat(50)] {
            for (number, size) in [(500, (80, 24)), (500, (30, 5)), (3, (200, 60)), (0, (80, 24))] {
                let lines = drawn(&roster(number, said), size);
                assert!(lines.len() <= size.1, "{lines:?}");
                let widest = lines.iter().map(|line| columns(line)).max().unwrap();
                assert!(widest < size.0, "{widest}: {lines:?}");
                assert!(lines.last().unwrap().starts_with(&format!("{number} there")), "{lines:?}");
            }
        }
        let lines = drawn(&roster(500, "Me!"), (80, 24));
        assert_eq!(lines.len(), 24);
        let sum = "500 there, 478 more than fit; 500 found and 0 lost on eth0, wlan0";
        assert_eq!(lines[23], sum);
    }

    #[test]
    fn ages_have_two_units_at_the_most() {
        for (seconds, shown) in
            [(0, "0s"), (59, "59s"), (185, "3m05s"), (7_800, "2h10m"), (442_800, "5d03h")]
        {
            assert_eq!(age(Duration::from_secs(seconds)), shown);
        }
    }

    #[test]
    fn what_is_cut_says_so_and_takes_no_column_too_many() {
        assert_eq!(cut("lab-3", 5), "lab-3");
        assert_eq!(cut("lab-30", 5), "lab-…");
        assert_eq!(cut("広い部屋", 6), "広い…");
    }
}
