//! The watching side of the plain protocol: the same question again and again.

use alloc::collections::VecDeque;
use alloc::vec::Vec;
use core::time::Duration;

use super::presence::{Gone, Heard, Presence};
use super::{PROBE, found};
use crate::life::Life;
use crate::path::is_peer;
use crate::schedule::Asked;
use crate::{
    Action, Arrival, Change, Destination, Doubts, Event, Instant, Key, Loss, Machine, Message,
    Observation, Protocol, Summary,
};

/// Probes are so far apart at the least: each is answered by everybody.
const LEAST_EVERY: Duration = Duration::from_millis(100);

/// What a [`Watcher`] asks, and how often.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Watching {
    /// The probe's bytes.
    pub probe: Vec<u8>,
    /// From probe to probe, 100 ms at the least.
    pub every: Duration,
    /// A responder is lost when it has left so many probes in a row unanswered; zero counts as one.
    pub patience: u32,
    /// Responders that are remembered, about 250 bytes each, taken as they come. Where there are more,
    /// one gives way, of the source that has most, and is reported as lost for want of room. Only a source
    /// that has more than 64 and more than all others is not listened to any more: that is counted in
    /// [`Summary::ignored`]. In both cases [`Summary::doubts`] has [`Doubts::NO_ROOM`].
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
/// closed.
///
/// A responder is an address, with its port, and what it says there. Where something new is said at an
/// address, it is another responder if what was said there before is still heard, and the same one, changed,
/// if that is not heard from one probe to the next. So a change is told by the second answer, and two
/// responders that share a port stay two.
#[derive(Debug, Clone)]
pub struct Watcher {
    config: Watching,
    life: Life,
    asked: Asked,
    /// The next probe is out of turn.
    is_extra: bool,
    next_probe: Instant,
    presence: Presence,
    /// Those who gave way to others, and are still to be told.
    gave_way: VecDeque<Gone>,
}

impl Watcher {
    /// A watcher that starts at the first [`Machine::handle_timeout`].
    pub fn new(mut config: Watching) -> Watcher {
        config.every = config.every.max(LEAST_EVERY);
        Watcher {
            life: Life::default(),
            asked: Asked::default(),
            is_extra: false,
            next_probe: Instant::AT_ONCE,
            presence: Presence::new(config.capacity, config.patience.max(1).into()),
            gave_way: VecDeque::new(),
            config,
        }
    }

    /// What was done so far.
    pub fn summary(&self, now: Instant) -> Summary {
        self.life.summary(now)
    }
}

impl Machine for Watcher {
    fn handle_datagram<'d>(
        &mut self,
        now: Instant,
        arrival: Arrival,
        datagram: &'d [u8],
    ) -> Option<Action<'d>> {
        if self.presence.probes() == 0 || !self.life.is_open() {
            return None;
        }
        let from = arrival.from;
        let counts = &mut self.life.counts;
        counts.received += 1;
        if !is_peer(from.remote) {
            counts.ignored += 1;
            return None;
        }
        let (heard, gave_way) = self.presence.hear(from, datagram);
        if heard == Heard::NoRoom || gave_way.is_some() {
            counts.doubts |= Doubts::NO_ROOM;
        }
        self.gave_way.extend(gave_way);
        let round_trip = self.asked.round_trip(arrival.time(now));
        match heard {
            Heard::Found(number) => {
                counts.found += 1;
                Some(Action::Emit(Event::Found(found(arrival, round_trip, number, datagram))))
            }
            Heard::Changed(number) => {
                let finding = found(arrival, round_trip, number, datagram);
                Some(Action::Emit(Event::Changed { finding, change: Change::Content }))
            }
            Heard::Nothing => {
                counts.duplicates += 1;
                None
            }
            Heard::NoRoom => {
                counts.ignored += 1;
                None
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
        if let Some(gone) = self.gave_way.pop_front() {
            return Some(lost(gone, Loss::NoRoom));
        }
        if let Some(gone) = self.presence.next_lost() {
            return Some(lost(gone, Loss::Unanswered));
        }
        // Who leaves one out of turn unanswered is not counted the nearer to lost for it.
        if !core::mem::take(&mut self.is_extra) {
            self.presence.probe();
        }
        self.asked.ask(now);
        self.next_probe = now + self.config.every;
        self.life.counts.sent += 1;
        let message = Message::Plain(&self.config.probe);
        Some(Action::Send { to: Destination::Group, message })
    }

    fn deadline(&self) -> Option<Instant> {
        let next = if self.gave_way.is_empty() { self.next_probe } else { Instant::AT_ONCE };
        self.life.deadline(Some(next))
    }

    fn close(&mut self, _now: Instant) {
        self.life.close_for(Doubts::CLOSED);
    }

    fn handle_observation(&mut self, now: Instant, observation: Observation) {
        match observation {
            // There may be others on the network now.
            Observation::NetworkChanged if self.presence.probes() > 0 => {
                self.next_probe = self.next_probe.min(now);
                self.is_extra = true;
            }
            Observation::Dropped { datagrams } => self.life.drop_datagrams(datagrams),
            _ => {}
        }
    }
}

fn lost(gone: Gone, reason: Loss) -> Action<'static> {
    let Gone { path: from, number } = gone;
    let key = Key::Plain { remote: from.remote, number };
    Action::Emit(Event::Lost { protocol: Protocol::PLAIN, key, from, reason })
}

#[cfg(test)]
mod tests;
