//! The live table of a watch on a terminal.

use std::fmt::Write;
use std::time::{Duration, SystemTime};

use anstyle::Style;
use mcast_net::clock::Clock;
use mcast_proto::Instant;
use unicode_width::UnicodeWidthChar;

use crate::escape::{Escaped, OneLine};
use crate::render::Found;
use crate::roster::{Roster, State};
use crate::terminal::TERMINAL;

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
        let header = match TERMINAL.stdout().has_colors {
            true => Style::new().bold(),
            false => Style::new(),
        };
        let place = OneLine(place).to_string();
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
        let size = TERMINAL.size();
        let lines = lines(&state, &self.place, size, self.header, Clock::wall());
        drop(state);
        // The terminal has laid out the lines that stand there anew: nobody knows where they are.
        let is_resized = self.size != size;
        if TERMINAL.frame(&lines, is_resized) {
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
    let all = state.sorted();
    let shown = all.len().min(room);
    let records: Vec<Found<'_>> = all[..shown].iter().map(|known| Found::of_known(known)).collect();
    let cells: Vec<[String; COLUMNS]> = records.iter().map(|found| cells(found, now)).collect();
    let is_plain = !records.is_empty() && records.iter().all(|found| found.offer.is_none());
    let widths = widths(&cells, width, is_plain);
    let name = if is_plain { "SAYS" } else { "NAME" };
    let titles = [name, "SERVICE", "ADDRESS", "INTERFACE", "AGE", "ROUND TRIP", "NOTES"];
    let titles = titles.map(str::to_owned);
    let mut lines = vec![format!("{header}{}{header:#}", line(&titles, widths, width))];
    lines.extend(cells.iter().map(|cells| line(cells, widths, width)));
    let mut sum = format!("{} there", all.len());
    if shown < all.len() {
        let _ = write!(sum, ", {} more than fit", all.len() - shown);
    }
    let _ = write!(sum, "; {} found and {} lost on {place}", state.found, state.lost);
    if let Some((known, reason)) = &state.last_lost {
        let _ = write!(sum, ", last {} ({reason})", name_of(&Found::of_known(known)));
    }
    lines.push(cut(&sum, width));
    lines
}

/// What a row has.
const COLUMNS: usize = 7;

fn cells(found: &Found<'_>, now: SystemTime) -> [String; COLUMNS] {
    let shown = |text: Option<&str>| Escaped(text.unwrap_or("-").as_bytes()).to_string();
    let since = found.since.map_or(now, |since| since.0);
    let change = found.change.map(|change| change.to_string());
    let notes: Vec<String> = change.into_iter().chain(found.notes(false)).collect();
    [
        name_of(found),
        found.offer.map_or_else(|| found.dialect.to_owned(), |offer| offer.services.to_string()),
        found.reach().to_string(),
        shown(found.interface),
        age(now.duration_since(since).unwrap_or_default()),
        found.rtt_ms.map_or("-".into(), |time| time.to_string()),
        notes.join("; "),
    ]
}

/// What tells it from others: its name, or, by the plain protocol, what it says.
fn name_of(found: &Found<'_>) -> String {
    let name = found.offer.map(|offer| offer.name.unwrap_or("-").as_bytes());
    let said = || found.payload.map_or(&b"-"[..], |payload| payload.as_bytes());
    Escaped(name.unwrap_or_else(said)).to_string()
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
/// too much, and then addresses. The plain protocol knows no services, and has no column for them; notes have
/// one where there are some, and what is left of the line.
fn widths(cells: &[[String; COLUMNS]], width: usize, is_plain: bool) -> [usize; COLUMNS] {
    const LEAST: [usize; COLUMNS] = [4, 7, 7, 9, 6, 10, 0];
    const MOST: [usize; COLUMNS] = [40, 24, 48, 15, 7, 12, 40];
    let mut widths = LEAST;
    for row in cells {
        for ((widest, cell), most) in widths.iter_mut().zip(row).zip(MOST) {
            *widest = (*widest).max(columns(cell)).min(most);
        }
    }
    if is_plain {
        widths[1] = 0;
    }
    if widths[6] > 0 {
        widths[6] = widths[6].max("NOTES".len());
    }
    let gaps = widths.iter().filter(|wide| **wide > 0).count() - 1;
    for (place, least) in [(6, 5), (0, 12), (1, 10), (2, 15)] {
        let over = (widths.iter().sum::<usize>() + gaps).saturating_sub(width);
        let least = least.min(widths[place]);
        widths[place] = widths[place].saturating_sub(over).max(least);
    }
    widths
}

fn line(cells: &[String; COLUMNS], widths: [usize; COLUMNS], width: usize) -> String {
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

    use mcast_proto::{Body, Change, Event, Finding, Key, Loss, Path, Protocol};

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
    fn notes_and_who_was_lost_last_have_their_place() {
        let roster = roster(2, "Me!");
        let from = Path::new(SocketAddr::from(([192, 168, 100, 100], 1)));
        let body = Body::Plain { number: 1, payload: b"You" };
        let finding = Finding::new(Protocol::PLAIN, from, body);
        let changed = Event::Changed { finding, change: Change::Content };
        roster.note(&changed, Some("wlan0"), SystemTime::UNIX_EPOCH);
        let remote = SocketAddr::from(([192, 168, 100, 100], 2));
        let (key, reason) = (Key::Plain { remote, number: 1 }, Loss::Unanswered);
        let lost = Event::Lost { protocol: Protocol::PLAIN, key, from, reason };
        roster.note(&lost, None, SystemTime::UNIX_EPOCH);
        assert_eq!(
            drawn(&roster, (90, 24)),
            [
                "SAYS ADDRESS           INTERFACE AGE    ROUND TRIP NOTES",
                "You  192.168.100.100:1 wlan0     1m05s     0.41 ms content",
                "1 there; 2 found and 1 lost on eth0, wlan0, last Me! (unanswered)",
            ]
        );
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
