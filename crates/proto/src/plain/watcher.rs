//! The watching side of the plain protocol: the same question again and again.

use alloc::vec::Vec;
use core::time::Duration;

use sha2::{Digest, Sha256};

use super::PROBE;
use crate::life::Life;
use crate::path::is_peer;
use crate::{
    Action, Arrival, Destination, Event, Instant, Machine, Message, Observation, Path, Summary,
};

/// What a [`Watcher`] asks, and how often.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Watching {
    /// The probe's bytes.
    pub probe: Vec<u8>,
    /// From probe to probe.
    pub every: Duration,
    /// A responder is lost when it has left so many probes in a row unanswered; zero counts as one.
    pub patience: u32,
    /// Responders that are remembered, 80 bytes each; those over it are not reported but counted in
    /// [`Summary::ignored`].
    pub capacity: usize,
}

impl Default for Watching {
    /// `who's there?` every ten seconds; who leaves three unanswered is lost.
    fn default() -> Watching {
        Watching {
            probe: PROBE.to_vec(),
            every: Duration::from_secs(10),
            patience: 3,
            capacity: 65_536,
        }
    }
}

/// Probes steadily and reports who is found, says something else, and answers no more, until it is
/// closed. A responder is an address with its port.
#[derive(Debug, Clone)]
pub struct Watcher {
    config: Watching,
    life: Life,
    /// Probes that are to be answered, so far.
    probes: u64,
    /// The next probe is out of turn.
    is_extra: bool,
    last_probe: Instant,
    next_probe: Instant,
    /// Sorted by address.
    known: Vec<Known>,
    /// Who is before this place has been looked at since the next probe became due.
    looked: usize,
}

#[derive(Debug, Clone)]
struct Known {
    path: Path,
    /// Of what it said: two answers may be long, and a forger must not make two that look the same.
    digest: [u8; 32],
    /// The number of the last probe that it answered.
    answered: u64,
    /// Reported as lost, and about to be forgotten.
    lost: bool,
}

impl Watcher {
    /// A watcher that starts at the first [`Machine::handle_timeout`].
    pub fn new(config: Watching) -> Watcher {
        Watcher {
            life: Life::default(),
            probes: 0,
            is_extra: false,
            last_probe: Instant::ZERO,
            next_probe: Instant::ZERO,
            known: Vec::with_capacity(config.capacity),
            looked: 0,
            config,
        }
    }

    /// What was done so far.
    pub fn summary(&self, now: Instant) -> Summary {
        self.life.summary(now)
    }

    /// The next one, in order, who has left too many probes unanswered.
    fn next_lost(&mut self) -> Option<Path> {
        let patience = u64::from(self.config.patience.max(1));
        while let Some(known) = self.known.get_mut(self.looked) {
            self.looked += 1;
            if !known.lost && self.probes - known.answered >= patience {
                known.lost = true;
                return Some(known.path);
            }
        }
        None
    }
}

impl Machine for Watcher {
    fn handle_datagram<'d>(
        &mut self,
        now: Instant,
        arrival: Arrival,
        datagram: &'d [u8],
    ) -> Option<Action<'d>> {
        if self.probes == 0 || !self.life.is_open() {
            return None;
        }
        let from = arrival.from;
        let counts = &mut self.life.counts;
        counts.received += 1;
        let fresh = Known {
            path: from,
            digest: Sha256::digest(datagram).into(),
            answered: self.probes,
            lost: false,
        };
        let round_trip = now - self.last_probe;
        let found = Action::Emit(Event::Found { from, round_trip, payload: datagram });
        match self.known.binary_search_by_key(&from.remote, |known| known.path.remote) {
            Ok(at) => {
                let known = core::mem::replace(&mut self.known[at], fresh);
                if known.lost {
                    counts.found += 1;
                    return Some(found);
                }
                if known.digest != self.known[at].digest {
                    let payload = datagram;
                    return Some(Action::Emit(Event::Changed { from, round_trip, payload }));
                }
                counts.duplicates += 1;
                None
            }
            Err(_) if !is_peer(from.remote) || self.known.len() >= self.config.capacity => {
                counts.ignored += 1;
                None
            }
            Err(at) => {
                counts.found += 1;
                self.known.insert(at, fresh);
                self.looked += usize::from(at < self.looked);
                Some(found)
            }
        }
    }

    fn handle_timeout(&mut self, now: Instant) -> Option<Action<'_>> {
        if self.life.start(now) {
            self.next_probe = now;
        }
        if self.deadline().is_none_or(|due| due > now) {
            return None;
        }
        if !self.life.is_open() {
            return Some(self.life.finish(now));
        }
        if let Some(from) = self.next_lost() {
            return Some(Action::Emit(Event::Lost { from }));
        }
        self.looked = 0;
        self.known.retain(|known| !known.lost);
        // Who leaves one out of turn unanswered is not counted the nearer to lost for it.
        self.probes += u64::from(!core::mem::take(&mut self.is_extra));
        self.last_probe = now;
        self.next_probe = now + self.config.every;
        self.life.counts.sent += 1;
        let message = Message::Plain(&self.config.probe);
        Some(Action::Send { to: Destination::Group, message })
    }

    fn deadline(&self) -> Option<Instant> {
        self.life.deadline(Some(self.next_probe))
    }

    fn close(&mut self, _now: Instant) {
        self.life.close();
    }

    fn handle_observation(&mut self, now: Instant, observation: Observation) {
        match observation {
            // There may be others on the network now.
            Observation::NetworkChanged if self.probes > 0 => {
                self.next_probe = self.next_probe.min(now);
                self.is_extra = true;
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use core::net::SocketAddr;

    use super::*;
    use crate::Cast;

    const EVERY: Duration = Duration::from_secs(10);

    fn watcher(capacity: usize) -> Watcher {
        Watcher::new(Watching { every: EVERY, capacity, ..Watching::default() })
    }

    fn peer(number: u8) -> SocketAddr {
        ([10, 0, 0, number], 50_008).into()
    }

    /// What a datagram from a peer comes to: found, changed, or nothing.
    fn hear(watcher: &mut Watcher, at: Instant, remote: SocketAddr, said: &str) -> &'static str {
        let from = Path::new(remote);
        let arrival = Arrival::new(from, Cast::Unicast, true);
        match watcher.handle_datagram(at, arrival, said.as_bytes()) {
            Some(Action::Emit(Event::Found { payload, .. })) => {
                assert_eq!(payload, said.as_bytes());
                "found"
            }
            Some(Action::Emit(Event::Changed { payload, .. })) => {
                assert_eq!(payload, said.as_bytes());
                "changed"
            }
            None => "nothing",
            other => panic!("{other:?}"),
        }
    }

    /// Does everything that is due, and returns who was lost until the probe went out.
    fn probe(watcher: &mut Watcher, at: Instant) -> Vec<SocketAddr> {
        let mut lost = Vec::new();
        loop {
            match watcher.handle_timeout(at) {
                Some(Action::Emit(Event::Lost { from })) => lost.push(from.remote),
                Some(Action::Send { to: Destination::Group, .. }) => return lost,
                other => panic!("{other:?}"),
            }
        }
    }

    fn second(number: u64) -> Instant {
        Instant::from_millis(1000 * number)
    }

    #[test]
    fn it_reports_who_comes_changes_and_leaves_three_probes_unanswered() {
        let mut watcher = watcher(8);
        assert_eq!(probe(&mut watcher, second(0)), []);
        assert_eq!(hear(&mut watcher, second(1), peer(1), "Me!"), "found");
        assert_eq!(hear(&mut watcher, second(1), peer(2), "Me!"), "found");
        assert_eq!(hear(&mut watcher, second(1), peer(1), "Me!"), "nothing");
        assert_eq!(watcher.deadline(), Some(second(10)));
        for round in 1..=3 {
            assert_eq!(probe(&mut watcher, second(10 * round)), []);
            let expected = if round == 2 { "changed" } else { "nothing" };
            let said = if round == 1 { "Me!" } else { "Me too!" };
            assert_eq!(hear(&mut watcher, second(10 * round + 1), peer(2), said), expected);
        }
        assert_eq!(probe(&mut watcher, second(40)), [peer(1)]);
        assert_eq!(hear(&mut watcher, second(41), peer(1), "Me!"), "found");
        let summary = watcher.summary(second(41));
        assert_eq!((summary.found, summary.sent, summary.complete), (3, 5, None));
    }

    #[test]
    fn who_answers_while_the_lost_are_told_is_found_again_or_kept() {
        let mut watcher = watcher(8);
        assert_eq!(probe(&mut watcher, second(0)), []);
        for number in [2, 4, 6] {
            assert_eq!(hear(&mut watcher, second(1), peer(number), "Me!"), "found");
        }
        for round in 1..=3 {
            assert_eq!(probe(&mut watcher, second(10 * round)), []);
        }
        let first = watcher.handle_timeout(second(40));
        assert!(
            matches!(first, Some(Action::Emit(Event::Lost { from })) if from.remote == peer(2))
        );
        assert_eq!(hear(&mut watcher, second(40), peer(1), "Me!"), "found");
        assert_eq!(hear(&mut watcher, second(40), peer(2), "Me!"), "found");
        assert_eq!(hear(&mut watcher, second(40), peer(4), "Me!"), "nothing");
        assert_eq!(probe(&mut watcher, second(40)), [peer(6)]);
        assert_eq!(hear(&mut watcher, second(41), peer(1), "Me!"), "nothing");
    }

    #[test]
    fn a_changed_network_is_asked_at_once_and_costs_nobody_a_probe() {
        let mut watcher = watcher(8);
        watcher.handle_observation(second(0), Observation::NetworkChanged);
        assert_eq!(probe(&mut watcher, second(0)), []);
        assert_eq!(hear(&mut watcher, second(0), peer(1), "Me!"), "found");
        for number in 1..=5 {
            watcher.handle_observation(second(number), Observation::NetworkChanged);
            assert_eq!(watcher.deadline(), Some(second(number)));
            assert_eq!(probe(&mut watcher, second(number)), []);
        }
        assert_eq!(watcher.deadline(), Some(second(15)));
    }

    #[test]
    fn it_remembers_no_more_than_it_may_and_ends_when_closed() {
        let mut watcher = watcher(1);
        assert_eq!(hear(&mut watcher, second(0), peer(1), "Me!"), "nothing");
        assert_eq!(probe(&mut watcher, second(0)), []);
        assert_eq!(hear(&mut watcher, second(0), ([224, 0, 0, 1], 9).into(), "Me!"), "nothing");
        assert_eq!(hear(&mut watcher, second(0), peer(1), "Me!"), "found");
        assert_eq!(hear(&mut watcher, second(0), peer(2), "Me!"), "nothing");
        watcher.close(second(1));
        let Some(Action::Done(summary)) = watcher.handle_timeout(second(1)) else { panic!() };
        assert_eq!((summary.found, summary.ignored), (1, 2));
        assert_eq!(watcher.deadline(), None);
    }
}
