//! The rows: who is there, and who was lost a short while ago.

use std::cmp::Ordering;
use std::time::{Duration, SystemTime};

use mcast_proto::Finding;

use super::layout::{Cell, Column};
use super::view::{Order, View};
use crate::escape::Escaped;
use crate::render::Found;
use crate::roster::{Gone, Known, State};

/// For so long one who was lost is shown among those who are there.
const SHOWN_GONE: Duration = Duration::from_secs(30);

/// A row.
pub(super) enum Row<'a> {
    There(&'a Known),
    Gone(&'a Gone),
}

/// All rows, in the order that is wanted.
pub(super) fn sorted<'a>(state: &'a State, view: &View, now: SystemTime) -> Vec<Row<'a>> {
    let is_fresh = |gone: &&Gone| now.duration_since(gone.at).is_ok_and(|since| since < SHOWN_GONE);
    let gone = state.gone.iter().filter(is_fresh).map(Row::Gone);
    let mut rows: Vec<Row<'_>> = state.all().map(Row::There).chain(gone).collect();
    // Those that are alike stay in the order of their keys.
    rows.sort_by(|a, b| a.compare(b, view.order));
    if view.is_reversed {
        rows.reverse();
    }
    rows
}

impl<'a> Row<'a> {
    pub(super) fn is_gone(&self) -> bool {
        matches!(self, Row::Gone(_))
    }

    fn known(&self) -> &'a Known {
        match self {
            Row::There(known) => known,
            Row::Gone(gone) => &gone.known,
        }
    }

    pub(super) fn record(&self) -> Found<'a> {
        Found::of_known(self.known())
    }

    fn compare(&self, other: &Row<'_>, order: Order) -> Ordering {
        let (known, other) = (self.known(), other.known());
        let (a, b) = (known.finding.as_finding(), other.finding.as_finding());
        let names = |finding: &Finding<'_>| finding.name().map(str::to_owned);
        let by_name = || (names(&a), a.payload()).cmp(&(names(&b), b.payload()));
        match order {
            Order::Service => a.service().cmp(&b.service()).then_with(by_name),
            Order::Name => by_name(),
            Order::Address => {
                let place = |it: &Finding<'_>| (it.from.remote.ip(), it.port(), it.from.remote);
                place(&a).cmp(&place(&b))
            }
            Order::Age => other.since.cmp(&known.since),
            Order::RoundTrip => {
                let time = |finding: &Finding<'_>| finding.round_trip.unwrap_or(Duration::MAX);
                time(&a).cmp(&time(&b))
            }
        }
    }

    /// What stands in each column.
    pub(super) fn cells(&self, found: &Found<'_>, now: SystemTime) -> Vec<Cell> {
        let shown = |text: Option<&str>| Escaped(text.unwrap_or("-").as_bytes()).to_string();
        let since = |time| now.duration_since(time).unwrap_or_default();
        let (age, news) = match self {
            Row::There(known) => (age(since(known.since)), found.change.map(|it| it.to_string())),
            Row::Gone(Gone { reason, at, .. }) => {
                ("lost".into(), Some(format!("{reason} {} ago", self::age(since(*at)))))
            }
        };
        let notes: Vec<String> = news.into_iter().chain(found.notes(false)).collect();
        let service = found.offer.map(|offer| offer.services.to_string());
        Column::ALL
            .into_iter()
            .map(|column| match column {
                Column::Name => name_of(found),
                Column::Service => service.clone().unwrap_or_else(|| "-".into()),
                Column::Protocol => shown(Some(found.dialect)),
                Column::Address => found.reach().to_string(),
                Column::Interface => shown(found.interface),
                Column::Age => age.clone(),
                Column::RoundTrip => found.rtt_ms.map_or("-".into(), |time| time.to_string()),
                Column::Txt => found.details().join(" "),
                Column::Notes => notes.join("; "),
            })
            .map(Cell::new)
            .collect()
    }
}

/// What tells one from others: its name, or, by the plain protocol, what it says.
pub(super) fn name_of(found: &Found<'_>) -> String {
    let name = found.offer.map(|offer| offer.name.unwrap_or("-").as_bytes());
    let said = || found.payload.map_or(&b"-"[..], |payload| payload.as_bytes());
    let name = name.unwrap_or_else(said);
    // No column is so wide.
    Escaped(&name[..name.len().min(256)]).to_string()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_have_two_units_at_the_most() {
        for (seconds, shown) in
            [(0, "0s"), (59, "59s"), (185, "3m05s"), (7_800, "2h10m"), (442_800, "5d03h")]
        {
            assert_eq!(age(Duration::from_secs(seconds)), shown);
        }
    }
}
