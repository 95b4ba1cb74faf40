//! Who is there, as far as a watch knows: what a line or a table says of one who is gone or stays.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use mcast_proto::{Body, Event, Finding, OwnedKey, Protocol};

use crate::escape::Escaped;
use crate::render::Reach;

/// Who is there. Two that are cloned are one.
#[derive(Debug, Clone, Default)]
pub(crate) struct Roster(Arc<Mutex<State>>);

#[derive(Debug, Default)]
pub(crate) struct State {
    rows: BTreeMap<Key, Row>,
    /// How many changes there were.
    pub(crate) changes: u64,
    pub(crate) found: u64,
    pub(crate) lost: u64,
}

/// A responder of any protocol.
type Key = (Protocol, OwnedKey);

/// What is known of a responder.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    pub(crate) service: Option<String>,
    pub(crate) name: Option<String>,
    /// What it said by the plain protocol, escaped.
    pub(crate) said: Option<String>,
    /// Where it is to be reached.
    pub(crate) address: String,
    pub(crate) interface: Option<String>,
    pub(crate) round_trip: Option<Duration>,
    pub(crate) since: SystemTime,
}

impl Roster {
    /// Takes in an event, and returns the row of one who is gone by it.
    pub(crate) fn note(
        &self,
        event: &Event<'_>,
        interface: Option<&str>,
        time: SystemTime,
    ) -> Option<Row> {
        let mut state = self.lock();
        match event {
            Event::Found(finding) | Event::Changed { finding, .. } => {
                let key = (finding.protocol, finding.key().into());
                state.put(key, Row::of(finding, interface, time));
                None
            }
            Event::Lost { protocol, key, .. } => state.take(&(*protocol, (*key).into())),
            Event::Asked { .. } | Event::Message { .. } => None,
        }
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        // A panic elsewhere leaves it whole: every change is one step.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// The rows, by service and name; by the plain protocol by address.
    pub(crate) fn sorted(&self) -> Vec<&Row> {
        let mut rows: Vec<&Row> = self.rows.values().collect();
        // Those that are equal stay in the order of their keys.
        rows.sort_by_key(|row| (&row.service, &row.name));
        rows
    }

    fn put(&mut self, key: Key, row: Row) {
        self.changes += 1;
        match self.rows.get_mut(&key) {
            Some(known) => {
                let round_trip = row.round_trip.or(known.round_trip);
                *known = Row { since: known.since, round_trip, ..row };
            }
            None => {
                self.found += 1;
                self.rows.insert(key, row);
            }
        }
    }

    fn take(&mut self, key: &Key) -> Option<Row> {
        let row = self.rows.remove(key)?;
        self.changes += 1;
        self.lost += 1;
        Some(row)
    }
}

impl Row {
    fn of(finding: &Finding<'_>, interface: Option<&str>, time: SystemTime) -> Row {
        let said = match finding.body {
            Body::Plain { payload, .. } => Some(Escaped(payload).to_string()),
            _ => None,
        };
        Row {
            service: finding.service().map(str::to_owned),
            name: finding.name().map(str::to_owned),
            said,
            address: Reach { finding: *finding, interface }.to_string(),
            interface: interface.map(str::to_owned),
            round_trip: finding.round_trip,
            since: time,
        }
    }
}

#[cfg(test)]
mod tests {
    use mcast_proto::{Change, Loss, Path};

    use super::*;

    /// That the first at an address is lost.
    fn lost(from: Path) -> Event<'static> {
        let (protocol, reason) = (Protocol::PLAIN, Loss::Unanswered);
        let key = mcast_proto::Key::Plain { remote: from.remote, number: 1 };
        Event::Lost { protocol, key, from, reason }
    }

    #[test]
    fn who_is_found_stays_until_lost_and_keeps_its_age() {
        let roster = Roster::default();
        let at = |seconds| SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
        let from = Path::new(([10, 0, 0, 2], 50_008).into());
        let says =
            |payload| Finding::new(Protocol::PLAIN, from, Body::Plain { number: 1, payload });
        let found = Event::Found(says(b"Me!\x1b"));
        let changed = Event::Changed { finding: says(b"Me too!"), change: Change::Content };
        assert!(roster.note(&found, Some("eth0"), at(1)).is_none());
        assert_eq!(roster.lock().sorted()[0].said.as_deref(), Some("Me!\\x1b"));
        assert!(roster.note(&changed, Some("eth0"), at(2)).is_none());
        {
            let state = roster.lock();
            let row = state.sorted()[0];
            assert_eq!((row.said.as_deref(), row.since), (Some("Me too!"), at(1)));
            assert_eq!(
                (state.sorted().len(), state.found, state.lost, state.changes),
                (1, 1, 0, 2)
            );
        }
        let lost = lost(from);
        let gone = roster.note(&lost, None, at(3)).unwrap();
        assert_eq!(
            (gone.address.as_str(), gone.interface.as_deref()),
            ("10.0.0.2:50008", Some("eth0"))
        );
        assert!(roster.note(&lost, None, at(4)).is_none());
        let state = roster.lock();
        assert_eq!((state.sorted().len(), state.found, state.lost), (0, 1, 1));
    }

    #[test]
    fn two_that_share_an_address_are_two() {
        let roster = Roster::default();
        let from = Path::new(([10, 0, 0, 2], 50_008).into());
        let at = SystemTime::UNIX_EPOCH;
        for (number, payload) in [(1, &b"Me!"[..]), (2, b"You")] {
            let body = Body::Plain { number, payload };
            roster.note(&Event::Found(Finding::new(Protocol::PLAIN, from, body)), None, at);
        }
        assert_eq!(roster.lock().sorted().len(), 2);
        let gone = roster.note(&lost(from), None, at);
        assert_eq!(gone.and_then(|row| row.said).as_deref(), Some("Me!"));
        assert_eq!(roster.lock().sorted()[0].said.as_deref(), Some("You"));
    }
}
