//! Who is there, as far as a watch knows: what a line or a table says of one who is gone or stays.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use mcast_proto::{Change, Event, Finding, Loss, OwnedFinding, OwnedKey, Protocol};

/// Who is there. Two that are cloned are one.
#[derive(Debug, Clone, Default)]
pub(crate) struct Roster(Arc<Mutex<State>>);

#[derive(Debug, Default)]
pub(crate) struct State {
    known: BTreeMap<Key, Known>,
    /// How many changes there were.
    pub(crate) changes: u64,
    pub(crate) found: u64,
    pub(crate) lost: u64,
    /// Who was lost and has not been found again, the last of them, in the order in which they went.
    pub(crate) gone: VecDeque<Gone>,
}

/// So many of those who were lost are remembered: more than a screen shows.
const MOST_GONE: usize = 64;

/// A responder of any protocol.
type Key = (Protocol, OwnedKey);

/// One who is there.
#[derive(Debug, Clone)]
pub(crate) struct Known {
    pub(crate) finding: OwnedFinding,
    pub(crate) interface: Option<String>,
    pub(crate) since: SystemTime,
    /// What was new about it last.
    pub(crate) change: Option<Change>,
}

/// One who was there.
#[derive(Debug, Clone)]
pub(crate) struct Gone {
    key: Key,
    pub(crate) known: Known,
    pub(crate) reason: Loss,
    pub(crate) at: SystemTime,
}

/// What was known before an event.
#[derive(Debug, Default)]
pub(crate) struct Past {
    /// When the one whom it is about was found.
    pub(crate) since: Option<SystemTime>,
    /// The one who is gone by it.
    pub(crate) gone: Option<Known>,
}

impl Roster {
    /// Takes in an event, and tells what was known before.
    pub(crate) fn note(
        &self,
        event: &Event<'_>,
        interface: Option<&str>,
        time: SystemTime,
    ) -> Past {
        let mut state = self.lock();
        match *event {
            Event::Found(finding) => state.put(finding, interface, time, None),
            Event::Changed { finding, change } => state.put(finding, interface, time, Some(change)),
            Event::Lost { protocol, key, reason, .. } => {
                state.take((protocol, key.into()), reason, time)
            }
            Event::Asked { .. } | Event::Message { .. } => Past::default(),
        }
    }

    /// Whether it knows no more than so many after this event.
    pub(crate) fn has_room_for(&self, event: &Event<'_>, most: usize) -> bool {
        let (Event::Found(finding) | Event::Changed { finding, .. }) = event else { return true };
        let state = self.lock();
        let key = (finding.protocol, finding.key().into());
        state.known.len() < most || state.known.contains_key(&key)
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        // A panic elsewhere leaves it whole: every change is one step.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// All who are there, in the order of their keys.
    pub(crate) fn all(&self) -> impl ExactSizeIterator<Item = &Known> {
        self.known.values()
    }

    /// They by service and name; those who have neither, or the same, in the order of their keys.
    pub(crate) fn sorted(&self) -> Vec<&Known> {
        let with_names = self.all().map(|known| {
            let finding = known.finding.as_finding();
            ((finding.service(), finding.name()), known)
        });
        let mut all: Vec<_> = with_names.collect();
        all.sort_by_key(|(names, _)| *names);
        all.into_iter().map(|(_, known)| known).collect()
    }

    fn put(
        &mut self,
        mut finding: Finding<'_>,
        interface: Option<&str>,
        time: SystemTime,
        change: Option<Change>,
    ) -> Past {
        self.changes += 1;
        let key = (finding.protocol, finding.key().into());
        let before = self.known.get(&key);
        if before.is_none() {
            self.found += 1;
            self.gone.retain(|gone| gone.key != key);
        }
        let since = before.map(|known| known.since);
        let round_trip = before.and_then(|known| known.finding.as_finding().round_trip);
        finding.round_trip = finding.round_trip.or(round_trip);
        let (finding, interface) = (finding.into(), interface.map(str::to_owned));
        let since_then = since.unwrap_or(time);
        self.known.insert(key, Known { finding, interface, since: since_then, change });
        Past { since, gone: None }
    }

    fn take(&mut self, key: Key, reason: Loss, at: SystemTime) -> Past {
        let Some(known) = self.known.remove(&key) else { return Past::default() };
        self.changes += 1;
        self.lost += 1;
        if self.gone.len() == MOST_GONE {
            self.gone.pop_front();
        }
        self.gone.push_back(Gone { key, known: known.clone(), reason, at });
        Past { since: Some(known.since), gone: Some(known) }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use mcast_proto::{Body, Path};

    use super::*;

    fn says(number: u64, payload: &[u8]) -> Finding<'_> {
        let from = Path::new(([10, 0, 0, 2], 50_008).into());
        Finding::new(Protocol::PLAIN, from, Body::Plain { number, payload })
    }

    /// That the first is lost.
    fn lost() -> Event<'static> {
        let Finding { protocol, from, .. } = says(1, b"");
        Event::Lost { protocol, key: says(1, b"").key(), from, reason: Loss::Unanswered }
    }

    fn payloads(state: &State) -> Vec<Vec<u8>> {
        let said = |known: &Known| known.finding.as_finding().payload().unwrap().to_vec();
        state.sorted().into_iter().map(said).collect()
    }

    #[test]
    fn who_is_found_stays_until_lost_and_keeps_its_age_and_its_round_trip() {
        let roster = Roster::default();
        let at = |seconds| SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
        let mut found = says(1, b"Me!");
        found.round_trip = Some(Duration::from_millis(1));
        let past = roster.note(&Event::Found(found), Some("eth0"), at(1));
        assert!(past.since.is_none() && past.gone.is_none());
        let changed = Event::Changed { finding: says(1, b"Me too!"), change: Change::Content };
        assert_eq!(roster.note(&changed, Some("eth0"), at(2)).since, Some(at(1)));
        {
            let state = roster.lock();
            let [known] = state.sorted()[..] else { panic!("{state:?}") };
            assert_eq!((known.since, known.change), (at(1), Some(Change::Content)));
            let finding = known.finding.as_finding();
            assert_eq!(finding.round_trip, Some(Duration::from_millis(1)));
            assert_eq!(finding.payload(), Some(&b"Me too!"[..]));
            assert_eq!((state.found, state.lost, state.changes), (1, 0, 2));
        }
        let past = roster.note(&lost(), None, at(3));
        let gone = past.gone.expect("it was there");
        assert_eq!((past.since, gone.interface.as_deref()), (Some(at(1)), Some("eth0")));
        assert!(roster.note(&lost(), None, at(4)).gone.is_none());
        let state = roster.lock();
        assert_eq!((state.sorted().len(), state.found, state.lost), (0, 1, 1));
        let gone = state.gone.back().expect("it is remembered");
        assert_eq!((gone.reason, gone.at), (Loss::Unanswered, at(3)));
        drop(state);
        roster.note(&Event::Found(says(1, b"Me!")), None, at(5));
        assert!(roster.lock().gone.is_empty(), "it is there again");
    }

    #[test]
    fn of_those_who_are_lost_the_last_are_remembered() {
        let (roster, at) = (Roster::default(), SystemTime::UNIX_EPOCH);
        for number in 0..2 * MOST_GONE as u64 {
            roster.note(&Event::Found(says(number, b"Me!")), None, at);
            let (Finding { protocol, from, .. }, key) =
                (says(number, b""), says(number, b"").key());
            let reason = Loss::Unanswered;
            roster.note(&Event::Lost { protocol, key, from, reason }, None, at);
        }
        let state = roster.lock();
        assert_eq!((state.gone.len(), state.lost), (MOST_GONE, 2 * MOST_GONE as u64));
    }

    #[test]
    fn two_that_share_an_address_are_two() {
        let (roster, at) = (Roster::default(), SystemTime::UNIX_EPOCH);
        for (number, said) in [(1, b"Me!"), (2, b"You")] {
            roster.note(&Event::Found(says(number, said)), None, at);
        }
        assert_eq!(payloads(&roster.lock()), [b"Me!", b"You"]);
        roster.note(&lost(), None, at);
        assert_eq!(payloads(&roster.lock()), [b"You"]);
    }
}
