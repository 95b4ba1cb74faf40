//! The watching side: everybody, and then who comes, changes and goes.

mod hearing;

use core::time::Duration;

use super::asking::{Asking, Goal};
use super::discoverer::Discovery;
use super::inquiries::{Inquiries, Inquiry, Step, Why};
use super::instance::{Instance, Loss, Via};
use super::known::Known;
use super::leases::{Leases, Look};
use super::neighbours::Neighbours;
use crate::life::Life;
use crate::rng::Rng;
use crate::wire::{Datagram, Keyring, Tlvs};
use crate::{Action, Arrival, Destination, Event, Instant, Machine, Message, Observation, Summary};

/// A sweep that refreshes leases ends after this many quiet ones: three of them make a lease.
const REFRESH_QUIET: u32 = 4;
/// Called later than this, the watcher takes it that its host slept.
const SLEPT: Duration = Duration::from_secs(5);

/// Finds everybody and goes on: it reports who is found, changes and is lost until it is closed.
///
/// Its driver must hear the group. The discovery's deadline and count bound nothing here.
#[derive(Debug, Clone)]
pub struct Watcher {
    config: Discovery,
    rng: Rng,
    asking: Asking,
    known: Known,
    inquiries: Inquiries,
    neighbours: Neighbours,
    leases: Leases,
    /// Whether everybody was found, as the first discovery ended.
    complete: Option<bool>,
    /// A run of sweeps was started, and its end not yet seen to.
    sweeping: bool,
    left_out: bool,
    life: Life,
}

impl Watcher {
    /// A watcher that starts at the first [`Machine::handle_timeout`]. `seed` decides the session's
    /// number, which answers must repeat: it must not be one that others can guess.
    pub fn new(config: Discovery, seed: u64) -> Watcher {
        let mut rng = Rng::new(seed);
        let txn = rng.next();
        Watcher {
            rng,
            asking: Asking::new(txn, config.limits()),
            known: Known::new(txn, config.capacity, config.per_source()),
            inquiries: Inquiries::new(),
            neighbours: Neighbours::default(),
            leases: Leases::new(),
            complete: None,
            sweeping: false,
            left_out: false,
            life: Life::default(),
            config,
        }
    }

    /// What was done so far; `complete` is about the first discovery, and `None` until it has ended.
    pub fn summary(&self, now: Instant) -> Summary {
        let complete = self.complete.map(|complete| complete && !self.left_out);
        Summary { complete, sweeps: self.asking.sweeps(), ..self.life.summary(now) }
    }

    /// Responders that are there now, as far as it knows.
    pub fn present(&self) -> usize {
        self.known.len()
    }

    fn lose(&mut self, id: u64, reason: Loss) -> Option<Action<'static>> {
        let entry = self.known.remove(id)?;
        if self.close_inquiry(id) {
            return None;
        }
        Some(Action::Emit(Event::ServiceLost { id, from: entry.from, reason }))
    }

    /// Whether it was asked for details, until when a responder is not reported as found.
    fn close_inquiry(&mut self, id: u64) -> bool {
        self.inquiries.close(id).is_some_and(|open| open.why == Why::Details)
    }

    /// Sees to what is due among the leases.
    fn look_through(&mut self, now: Instant) -> Option<Action<'static>> {
        match self.leases.look_through(now, &mut self.known, self.asking.is_at_rest()) {
            Look::Ended(id) => return self.lose(id, Loss::Expired),
            Look::Ask { due, is_urgent } => {
                // An answer to the group serves other watchers too, but is given once a second alone:
                // who has not answered the first time is asked for one that is given each time.
                let group = !is_urgent && self.neighbours.watch_too(now);
                self.refresh(now, due, group);
            }
            Look::Nothing => {}
        }
        None
    }

    fn refresh(&mut self, now: Instant, due: u64, group: bool) {
        let expected = Some(due + 1);
        let quiet = REFRESH_QUIET;
        self.start(now, Goal { quiet, even_if_nobody: true, expected, watch: true, group });
    }

    fn start(&mut self, now: Instant, goal: Goal) {
        self.asking.start(now, goal);
        self.sweeping = true;
    }

    /// A run of sweeps has ended, which is not seen to yet.
    fn is_swept(&self) -> bool {
        self.sweeping && self.asking.is_at_rest()
    }

    fn unanswered(&mut self, now: Instant, inquiry: Inquiry) -> Option<Action<'static>> {
        match inquiry.why {
            Why::Goodbye => self.lose(inquiry.id, Loss::Goodbye),
            Why::Announcement => None,
            Why::Details => {
                let entry = self.known.get(inquiry.id)?;
                Some(Action::Emit(Event::ServiceFound(Instance {
                    id: entry.id,
                    from: entry.from,
                    via: Via::Unicast,
                    round_trip: None,
                    lease: entry.lease.ends - now,
                    authentic: self.config.keyring.is_some(),
                    truncated: true,
                    tlvs: Tlvs::NONE,
                })))
            }
        }
    }

    fn next_look(&self) -> Option<Instant> {
        if self.is_swept() {
            Some(Instant::ZERO)
        } else {
            self.leases.next(self.asking.is_at_rest())
        }
    }
}

impl Machine for Watcher {
    fn handle_datagram<'d>(
        &mut self,
        now: Instant,
        arrival: Arrival,
        datagram: &'d [u8],
    ) -> Option<Action<'d>> {
        if self.life.started().is_none() || !self.life.is_open() {
            return None;
        }
        self.hear(now, arrival, datagram)
    }

    fn handle_timeout(&mut self, now: Instant) -> Option<Action<'_>> {
        if self.life.start(now) {
            let goal = Goal {
                quiet: self.config.effort.quiet_sweeps(),
                even_if_nobody: true,
                expected: self.config.expected,
                watch: false,
                group: false,
            };
            self.start(now, goal);
        }
        let due = self.deadline().filter(|due| *due <= now)?;
        if !self.life.is_open() {
            let summary = self.summary(now);
            self.life.counts = Summary { elapsed: Duration::ZERO, ..summary };
            return Some(self.life.finish(now));
        }
        if due > Instant::ZERO && now - due > SLEPT {
            self.leases.wake_up(now, &mut self.known);
            if self.complete.is_some() {
                self.refresh(now, self.known.len() as u64, false);
            }
        }
        if self.is_swept() {
            // Nobody at all is never known to be everybody.
            self.complete.get_or_insert(!self.known.is_empty());
            self.sweeping = false;
            self.leases.look_soon();
        }
        if self.next_look().is_some_and(|at| at <= now) {
            return self.look_through(now);
        }
        let inquiry = self.inquiries.poll(now);
        if let Some(Step::Unanswered(inquiry)) = inquiry {
            return self.unanswered(now, inquiry);
        }
        let key = self.config.keyring.as_ref().map(Keyring::signing);
        let (to, query) = match inquiry {
            Some(Step::Ask { id, at, by_group }) => {
                let to = if by_group { Destination::Group } else { Destination::Peer(at) };
                (to, self.asking.ask_one(now, id, &self.config.selection))
            }
            _ => {
                let watch = self.complete.is_some();
                let selection = &self.config.selection;
                let query = self.asking.poll(now, &self.known, selection, |entry| {
                    !watch || !entry.lease.is_due(now)
                })?;
                (Destination::Group, query)
            }
        };
        self.life.counts.sent += 1;
        let message = Message::Structured { datagram: Datagram::Query(query), key };
        Some(Action::Send { to, message })
    }

    fn deadline(&self) -> Option<Instant> {
        let next = [self.asking.deadline(), self.inquiries.deadline(), self.next_look()];
        self.life.deadline(next.into_iter().flatten().min())
    }

    fn close(&mut self, _now: Instant) {
        self.life.close();
    }

    fn handle_observation(&mut self, now: Instant, observation: Observation) {
        match observation {
            Observation::ReceiveBuffer { datagrams } => self.asking.set_buffer(now, datagrams),
            Observation::Dropped { datagrams } => {
                self.asking.dropped(datagrams);
                self.life.counts.dropped = self.life.counts.dropped.saturating_add(datagrams);
            }
            Observation::Audit(_) => {}
            // There may be others on the network now. Those who are gone are missed by their leases.
            Observation::NetworkChanged => {
                if self.complete.is_some() && self.asking.is_at_rest() && self.life.is_open() {
                    self.refresh(now, 0, false);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Cast;
    use crate::wire::{self, Binding, Epoch, Goodbye, Key, Reply, Tlv, TlvBuf};
    use alloc::vec::Vec;
    use core::net::SocketAddr;

    const ID: u64 = 7;

    fn epoch(seq: u32) -> TlvBuf {
        let mut tlvs = TlvBuf::new();
        tlvs.push(Tlv::Epoch(Epoch { boot: 1, seq })).unwrap();
        tlvs
    }

    /// While the rest of a short answer is asked for, nobody has been told of the responder.
    #[test]
    fn who_was_not_reported_as_found_is_not_reported_as_changed_or_lost() {
        let key = Key::new(b"0123456789abcdef", Binding::Unbound).unwrap();
        let keyring = Some(Keyring::new(key.clone(), Vec::new()));
        let mut watcher = Watcher::new(Discovery { keyring, ..Discovery::all() }, 1);
        let mut now = Instant::ZERO;
        let txn = loop {
            if let Some(Action::Send {
                message: Message::Structured { datagram: Datagram::Query(query), .. },
                ..
            }) = watcher.handle_timeout(now)
                && query.round > 0
            {
                break query.txn;
            }
            now = watcher.deadline().unwrap().max(now);
        };
        let mut hear = |last: u8, datagram: Datagram<'_>| {
            let remote = SocketAddr::from(([10, 0, 0, last], 50009));
            let mut bytes = Vec::new();
            datagram.encode(Some(wire::Seal { key: &key, from: remote }), &mut bytes);
            let from = crate::Path::new(remote);
            let arrival = Arrival::new(from, Cast::Unicast, true);
            watcher.handle_datagram(now, arrival, &bytes).map(|action| alloc::format!("{action:?}"))
        };
        let (before, after) = (epoch(1), epoch(2));
        let tlvs = before.as_tlvs();
        let short = Reply {
            txn,
            id: ID,
            round: 1,
            copy: 0,
            lease_s: 120,
            whole: Some(200),
            busy: false,
            tlvs,
        };
        assert_eq!(hear(1, Datagram::Reply(short)), None);
        assert_eq!(hear(2, Datagram::Reply(short)), None);
        let goodbye = Goodbye { id: ID, tlvs: after.as_tlvs() };
        assert_eq!(hear(1, Datagram::Goodbye(goodbye)), None);

        let whole = Reply { whole: None, ..short };
        let found = hear(1, Datagram::Reply(whole));
        assert!(found.is_some_and(|event| event.contains("ServiceFound")));
        let further = hear(2, Datagram::Reply(whole));
        assert!(further.is_some_and(|event| event.contains("Address")));
        let lost = hear(1, Datagram::Goodbye(goodbye));
        assert!(lost.is_some_and(|event| event.contains("ServiceLost")));
    }
}
