//! Which columns a terminal has room for, and how wide they are. A text that is too long is cut, and says so; a number
//! is never cut: its column is whole or left out, and of an address whole groups are left out.

use unicode_width::UnicodeWidthChar;

use super::view::{Order, View};
use crate::roster::State;

/// A column, in the order in which they stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Column {
    Name,
    Service,
    Protocol,
    Address,
    Interface,
    Age,
    RoundTrip,
    Txt,
    Notes,
}

/// How a column is cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// To so many columns of the terminal at the least, and at the most.
    Text(usize, usize),
    /// By whole groups; to so many columns at the least.
    Address(usize),
    /// Not at all.
    Number,
}

impl Column {
    pub(super) const ALL: [Column; 9] = [
        Column::Name,
        Column::Service,
        Column::Protocol,
        Column::Address,
        Column::Interface,
        Column::Age,
        Column::RoundTrip,
        Column::Txt,
        Column::Notes,
    ];

    /// Which has room first where there is little.
    const BY_WEIGHT: [Column; 9] = [
        Column::Address,
        Column::Name,
        Column::Age,
        Column::Protocol,
        Column::Service,
        Column::RoundTrip,
        Column::Interface,
        Column::Txt,
        Column::Notes,
    ];

    fn title(self, is_plain: bool) -> &'static str {
        match self {
            Column::Name if is_plain => "SAYS",
            Column::Name => "NAME",
            Column::Service => "SERVICE",
            Column::Protocol => "PROTOCOL",
            Column::Address => "ADDRESS",
            Column::Interface => "INTERFACE",
            Column::Age => "AGE",
            Column::RoundTrip => "ROUND TRIP",
            Column::Txt => "TXT",
            Column::Notes => "NOTES",
        }
    }

    fn kind(self) -> Kind {
        match self {
            Column::Name => Kind::Text(10, 40),
            Column::Service => Kind::Text(10, 32),
            Column::Interface => Kind::Text(9, 15),
            Column::Txt | Column::Notes => Kind::Text(12, 60),
            // What most IPv4 networks need, and the shortest that IPv6 is cut to.
            Column::Address => Kind::Address(21),
            Column::Protocol | Column::Age | Column::RoundTrip => Kind::Number,
        }
    }

    /// The order that sorts by it.
    fn is_sorted(self, order: Order, is_plain: bool) -> bool {
        match self {
            Column::Name => order == Order::Name || is_plain && order == Order::Service,
            Column::Service => order == Order::Service,
            Column::Address => order == Order::Address,
            Column::Age => order == Order::Age,
            Column::RoundTrip => order == Order::RoundTrip,
            Column::Protocol | Column::Interface | Column::Txt | Column::Notes => false,
        }
    }
}

/// A text, and how many columns of the terminal it takes.
#[derive(Debug)]
pub(super) struct Cell {
    text: String,
    width: usize,
}

impl Cell {
    pub(super) fn new(text: String) -> Cell {
        let width = columns(&text);
        Cell { text, width }
    }
}

/// The columns that are shown, and how wide.
pub(super) struct Layout {
    columns: Vec<(Column, usize)>,
    titles: Vec<Cell>,
}

impl Layout {
    pub(super) fn of(rows: &[Vec<Cell>], state: &State, view: &View, width: usize) -> Layout {
        let mut protocols = state.all().map(|known| known.finding.as_finding().protocol);
        let first = protocols.next();
        let is_one_protocol = protocols.all(|protocol| Some(protocol) == first);
        let is_plain = is_one_protocol && first == Some(mcast_proto::Protocol::PLAIN);
        let is_wanted = |column: Column| match column {
            Column::Service => !is_plain,
            Column::Protocol => !is_one_protocol,
            // They have a column where one has something to say there.
            Column::Txt | Column::Notes => rows.iter().any(|row| row[column as usize].width > 0),
            _ => true,
        };
        let title = |column: Column| {
            let mark = match column.is_sorted(view.order, is_plain) {
                true if view.is_reversed => "▼",
                true => "▲",
                false => "",
            };
            Cell::new(format!("{}{mark}", column.title(is_plain)))
        };
        let wish = |column: Column| {
            let title = title(column).width;
            let widest = rows.iter().map(|row| row[column as usize].width).max().unwrap_or(0);
            match column.kind() {
                Kind::Text(_, most) => widest.max(title).min(most),
                Kind::Address(_) | Kind::Number => widest.max(title),
            }
        };
        let least = |column: Column| match column.kind() {
            Kind::Text(least, _) | Kind::Address(least) => wish(column).min(least),
            Kind::Number => wish(column),
        };
        let mut widths: Vec<(Column, usize)> = Vec::new();
        let mut left = width + 1;
        for column in Column::BY_WEIGHT.into_iter().filter(|column| is_wanted(*column)) {
            if least(column) < left {
                left -= least(column) + 1;
                widths.push((column, least(column)));
            }
        }
        for (column, wide) in &mut widths {
            let more = (wish(*column) - *wide).min(left);
            *wide += more;
            left -= more;
        }
        widths.sort_by_key(|(column, _)| *column as usize);
        Layout { columns: widths, titles: Column::ALL.map(title).into() }
    }

    /// The first line: it marks what the rows are sorted by.
    pub(super) fn titles(&self) -> String {
        self.line(&self.titles)
    }

    /// The line of a row.
    pub(super) fn line(&self, cells: &[Cell]) -> String {
        let mut line = String::new();
        for (column, wide) in &self.columns {
            let Cell { text, width } = &cells[*column as usize];
            let text = match column.kind() {
                _ if width <= wide => text.clone(),
                Kind::Address(_) => cut_address(text, *wide),
                _ => cut(text, *wide),
            };
            let padding = wide.saturating_sub(columns(&text)) + 1;
            line += &text;
            line.extend(std::iter::repeat_n(' ', padding));
        }
        line.truncate(line.trim_end().len());
        line
    }
}

/// As many of the parts as there is room for, from the first on: no part is cut but the first.
pub(super) fn join_fitting(
    parts: impl IntoIterator<Item = String>,
    between: &str,
    width: usize,
) -> String {
    let mut line = String::new();
    for part in parts {
        if line.is_empty() {
            line = cut(&part, width);
        } else if columns(&line) + columns(between) + columns(&part) <= width {
            line = line + between + &part;
        }
    }
    line
}

/// How many columns of a terminal a text takes.
fn columns(text: &str) -> usize {
    text.chars().map(|c| c.width().unwrap_or(0)).sum()
}

/// The text, cut to so many columns, but not within a number.
fn cut(text: &str, width: usize) -> String {
    if columns(text) <= width {
        return text.to_owned();
    }
    let mut taken = 0;
    let fits = |(_, c): &(usize, char)| {
        taken += c.width().unwrap_or(0);
        taken < width
    };
    let end = text.char_indices().take_while(fits).last().map_or(0, |(at, c)| at + c.len_utf8());
    let (cut, rest) = text.split_at(end);
    let cut = match rest.starts_with(|c: char| c.is_ascii_digit()) {
        true => cut.trim_end_matches(|c: char| c.is_ascii_digit()),
        false => cut,
    };
    format!("{cut}…")
}

/// An address without some of the groups in its middle: `[2001:db8:…:5]:631`. The last group, its zone and the port
/// tell it from its neighbours, and stay; where there is no room for them, nothing is shown of it.
fn cut_address(address: &str, width: usize) -> String {
    let (bare, bracket) = match address.strip_prefix('[') {
        Some(bare) => (bare, "["),
        None => (address, ""),
    };
    let groups: Vec<&str> = bare.split(':').collect();
    // A port is behind the last group of an address in brackets.
    let last = groups.len().saturating_sub(1 + bracket.len());
    let without = |kept: usize| {
        let (start, end) = (&groups[..kept], &groups[last..]);
        format!("{bracket}{}", [start, &["…"], end].concat().join(":"))
    };
    (0..last).rev().map(without).find(|text| columns(text) <= width).unwrap_or_else(|| "…".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_cut_says_so_and_takes_no_column_too_many() {
        assert_eq!(cut("lab-3", 5), "lab-3");
        assert_eq!(cut("lab-30", 5), "lab-…");
        assert_eq!(cut("at 192.168.100.3", 13), "at 192.168.…", "no number that is another");
        assert_eq!(
            (cut("2026", 3), cut("2026x", 5), cut("2026xy", 5)),
            ("…".into(), "2026x".into(), "2026…".into())
        );
        assert_eq!(cut("広い部屋", 6), "広い…");
    }

    #[test]
    fn of_an_address_whole_groups_are_left_out_and_never_the_port() {
        let address = "[2001:db8:1:2:333:4444:5555:6666]:50008";
        for (width, shown) in [
            (38, "[2001:db8:1:2:333:4444:…:6666]:50008"),
            (30, "[2001:db8:1:2:…:6666]:50008"),
            (21, "[2001:…:6666]:50008"),
            (16, "[…:6666]:50008"),
            (5, "…"),
        ] {
            let cut = cut_address(address, width);
            assert_eq!(cut, shown);
        }
        assert_eq!(cut_address("fe80::1111:2222:3333:4444%eth0", 21), "fe80::…:4444%eth0");
    }

    #[test]
    fn what_has_no_room_is_left_out_whole() {
        let parts = || ["500 there", "500 found and 0 lost", "on eth0"].map(str::to_owned);
        assert_eq!(join_fitting(parts(), "; ", 80), "500 there; 500 found and 0 lost; on eth0");
        assert_eq!(join_fitting(parts(), "; ", 39), "500 there; 500 found and 0 lost");
        assert_eq!(join_fitting(parts(), "; ", 20), "500 there; on eth0");
    }
}
