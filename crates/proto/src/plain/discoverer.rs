//! The asking side of the plain protocol.

use alloc::vec::Vec;
use core::net::SocketAddr;
use core::time::Duration;

use super::PROBE;
use crate::life::Life;
use crate::path::is_peer;
use crate::rng::Rng;
use crate::schedule::Repeats;
use crate::secret::Secret;
use crate::{Action, Arrival, Destination, Event, Instant, Machine, Message, Summary};

/// What a [`Discoverer`] asks, and for how long.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Discovery {
    /// The probe's bytes.
    pub probe: Vec<u8>,
    /// How many times the probe is sent in all, after growing gaps (250 ms, 500 ms, then 1 s, each
    /// jittered by a quarter); zero counts as one. A repeated probe is answered again by everybody:
    /// it repairs loss at the price of more answers.
    pub repeat: u32,
    /// The end comes this long after the last new answer, and after the last probe.
    pub silence: Duration,
    /// The end comes this long after the start in any case.
    pub deadline: Option<Duration>,
    /// The end comes as soon as this many responders have answered.
    pub count: Option<u64>,
    /// Responders that are remembered, 32 bytes each; those over it are not reported but counted in
    /// [`Summary::ignored`].
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
/// A responder is an address with its port: one that is heard over two interfaces, or answers twice,
/// is one responder. See the [module's example](super).
#[derive(Debug, Clone)]
pub struct Discoverer {
    config: Discovery,
    rng: Rng,
    life: Life,
    repeats: Repeats,
    /// When the next probe is due; `None` once all are sent.
    next_probe: Option<Instant>,
    last_probe: Instant,
    /// What last put off the end: a new answer, or a probe.
    last_news: Instant,
    /// Sorted.
    known: Vec<SocketAddr>,
}

impl Discoverer {
    /// A discoverer that starts at the first [`Machine::handle_timeout`]. `seed` decides the jitter.
    pub fn new(config: Discovery, seed: u64) -> Discoverer {
        Discoverer {
            rng: Secret::new(seed).rng("jitter"),
            life: Life::default(),
            repeats: Repeats::new(config.repeat),
            next_probe: None,
            last_probe: Instant::ZERO,
            last_news: Instant::ZERO,
            known: Vec::with_capacity(config.capacity),
            config,
        }
    }

    /// What was done so far.
    pub fn summary(&self, now: Instant) -> Summary {
        self.life.summary(now)
    }

    /// When the run ends if nothing more is heard; `None` where that is not settled, or past.
    pub fn ends(&self) -> Option<Instant> {
        let by_silence = match self.next_probe {
            Some(_) => None,
            None => Some(self.last_news + self.config.silence),
        };
        let by_deadline =
            self.life.started().zip(self.config.deadline).map(|(started, after)| started + after);
        self.life.deadline([by_silence, by_deadline].into_iter().flatten().min())
    }
}

impl Machine for Discoverer {
    fn handle_datagram<'d>(
        &mut self,
        now: Instant,
        arrival: Arrival,
        datagram: &'d [u8],
    ) -> Option<Action<'d>> {
        if self.life.started().is_none() || !self.life.is_open() {
            return None;
        }
        let from = arrival.from;
        let counts = &mut self.life.counts;
        counts.received += 1;
        let Err(at) = self.known.binary_search(&from.remote) else {
            counts.duplicates += 1;
            return None;
        };
        if !is_peer(from.remote) || self.known.len() >= self.config.capacity {
            counts.ignored += 1;
            return None;
        }
        self.known.insert(at, from.remote);
        counts.found += 1;
        self.last_news = now;
        if self.config.count.is_some_and(|count| counts.found >= count) {
            self.life.close();
        }
        let round_trip = now - self.last_probe;
        Some(Action::Emit(Event::Found { from, round_trip, payload: datagram }))
    }

    fn handle_timeout(&mut self, now: Instant) -> Option<Action<'_>> {
        if self.life.start(now) {
            self.next_probe = Some(now);
        }
        if self.ends().is_some_and(|end| end <= now) {
            return Some(self.life.finish(now));
        }
        if !self.life.is_open() || self.next_probe.is_none_or(|due| due > now) {
            return None;
        }
        self.last_probe = now;
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
        self.life.close();
    }
}
