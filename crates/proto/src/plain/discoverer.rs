//! The asking side of the plain protocol.

use alloc::vec::Vec;
use core::time::Duration;

use super::voices::{Voice, Voices};
use super::{PROBE, found};
use crate::life::Life;
use crate::path::is_peer;
use crate::rng::Rng;
use crate::schedule::{Asked, Repeats};
use crate::secret::Secret;
use crate::{
    Action, Arrival, Destination, Doubts, Event, Instant, Machine, Message, Observation, Summary,
};

/// Where there is no deadline, the end comes after so many times the silence at the latest, counted from
/// the last probe: whoever answers from a new port all the time can't keep a run from its end.
const MOST_SILENCES: u32 = 10;

/// What a [`Discoverer`] asks, and for how long.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Discovery {
    /// The probe's bytes.
    pub probe: Vec<u8>,
    /// How many times the probe is sent in all, after growing gaps (250 ms, 500 ms, then 1 s, each
    /// jittered by a quarter); zero counts as one. A repeated probe is answered again by everybody:
    /// it repairs loss at the price of more answers.
    pub repeat: u32,
    /// The end comes this long after the last new answer, and after the last probe; where there is no
    /// `deadline`, ten times as long after the last probe in any case.
    pub silence: Duration,
    /// The end comes this long after the start in any case.
    pub deadline: Option<Duration>,
    /// The end comes as soon as this many responders have answered.
    pub count: Option<u64>,
    /// Responders that are remembered, about 100 bytes each, taken as they come. Where there are more,
    /// one gives way, of the source that has most, so that no source hides another: who gave way was
    /// reported, and is reported again should it answer again. Only a source that has more than 64 and
    /// more than all others is not listened to any more: that is counted in [`Summary::ignored`]. In
    /// both cases [`Summary::doubts`] has [`Doubts::NO_ROOM`].
    pub capacity: usize,
}

impl Default for Discovery {
    /// The tutorial's client: one `who's there?`, three seconds.
    fn default() -> Discovery {
        Discovery {
            probe: PROBE.to_vec(),
            repeat: 1,
            silence: Duration::from_secs(3),
            deadline: None,
            count: None,
            capacity: 65_536,
        }
    }
}

/// Sends a probe to the group and reports each responder once.
///
/// A responder is an address, with its port, and what it says there: one that is heard over two
/// interfaces, or answers twice, is one; two that share a port are two if they say different things.
/// See the [module's example](super).
#[derive(Debug, Clone)]
pub struct Discoverer {
    config: Discovery,
    rng: Rng,
    life: Life,
    repeats: Repeats,
    /// When the next probe is due; `None` once all are sent.
    next_probe: Option<Instant>,
    asked: Asked,
    /// What last put off the end: a new answer, or a probe.
    last_news: Instant,
    known: Voices<()>,
}

impl Discoverer {
    /// A discoverer that starts at the first [`Machine::handle_timeout`]. `seed` decides the jitter.
    pub fn new(config: Discovery, seed: u64) -> Discoverer {
        let secret = Secret::new(seed);
        Discoverer {
            rng: secret.rng("jitter"),
            life: Life::default(),
            repeats: Repeats::new(config.repeat),
            next_probe: None,
            asked: Asked::default(),
            last_news: Instant::ZERO,
            known: Voices::new(config.capacity, secret.rng("room")),
            config,
        }
    }

    /// What was done so far.
    pub fn summary(&self, now: Instant) -> Summary {
        self.life.summary(now)
    }

    /// When the run ends if nothing more is heard; `None` where that is not settled, or past.
    pub fn ends(&self) -> Option<Instant> {
        self.life.deadline([self.silent(), self.latest()].into_iter().flatten().min())
    }

    /// When it has been silent for long enough; `None` while probes are still to be sent.
    fn silent(&self) -> Option<Instant> {
        self.next_probe.is_none().then(|| self.last_news + self.config.silence)
    }

    /// When the time is up, whatever is heard.
    fn latest(&self) -> Option<Instant> {
        match self.config.deadline {
            Some(deadline) => self.life.started().map(|started| started + deadline),
            None if self.next_probe.is_some() => None,
            None => {
                let longest = self.config.silence.saturating_mul(MOST_SILENCES);
                self.asked.last().map(|last| last + longest)
            }
        }
    }
}

impl Machine for Discoverer {
    fn handle_datagram<'d>(
        &mut self,
        now: Instant,
        arrival: Arrival,
        datagram: &'d [u8],
    ) -> Option<Action<'d>> {
        if !self.life.is_running() {
            return None;
        }
        let from = arrival.from;
        let counts = &mut self.life.counts;
        counts.received += 1;
        if !is_peer(from.remote) {
            counts.ignored += 1;
            return None;
        }
        let voice = Voice::new(from.remote, datagram);
        if self.known.get(&voice).is_some() {
            counts.duplicates += 1;
            return None;
        }
        let room = self.known.insert(voice, ());
        if room != Ok(None) {
            counts.doubts |= Doubts::NO_ROOM;
        }
        if room.is_err() {
            counts.ignored += 1;
            return None;
        }
        counts.found += 1;
        self.last_news = now;
        let number = counts.found;
        if self.config.count.is_some_and(|count| number >= count) {
            self.life.close_for(Doubts::COUNT);
        }
        let round_trip = self.asked.round_trip(arrival.time(now));
        Some(Action::Emit(Event::Found(found(arrival, round_trip, number, datagram))))
    }

    fn handle_timeout(&mut self, now: Instant) -> Option<Action<'_>> {
        if self.life.start(now) {
            self.next_probe = Some(now);
        }
        if self.ends().is_some_and(|end| end <= now) {
            if self.silent().is_none_or(|silent| silent > now) {
                self.life.close_for(Doubts::DEADLINE);
            }
            return Some(self.life.finish(now));
        }
        if !self.life.is_open() || self.next_probe.is_none_or(|due| due > now) {
            return None;
        }
        self.asked.ask(now);
        self.last_news = now;
        self.next_probe = self.repeats.next(now, &mut self.rng);
        self.life.counts.sent += 1;
        let message = Message::Plain(&self.config.probe);
        Some(Action::Send { to: Destination::Group, message })
    }

    fn deadline(&self) -> Option<Instant> {
        self.life.deadline([self.next_probe, self.ends()].into_iter().flatten().min())
    }

    fn close(&mut self, _now: Instant) {
        self.life.close_for(Doubts::CLOSED);
    }

    fn handle_observation(&mut self, _now: Instant, observation: Observation) {
        match observation {
            Observation::Dropped { datagrams } => self.life.drop_datagrams(datagrams),
            Observation::NetworkChanged if self.life.is_running() => {
                self.life.counts.doubts |= Doubts::NETWORK_CHANGED;
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests;
