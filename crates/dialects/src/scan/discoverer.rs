//! Asking once: who is there now.

use core::time::Duration;

use mcast_proto::{
    Action, Arrival, Doubts, Instant, Lane, Machine, Networked, Observation, Summary,
};

use super::dialect::Dialect;
use super::engine::Engine;

/// Where there is no deadline, the end comes after so many times the silence at the latest, counted from
/// the last question: whoever invents new devices all the time can't keep a run from its end.
const MOST_SILENCES: u32 = 10;
/// A question to one alone is answered within so long, or not at all.
const FOLLOWED_UP_WITHIN: Duration = Duration::from_secs(2);

/// How a [`Discoverer`] asks, and for how long.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Discovery {
    /// How often each question is put, three times at the most. Where questions have a number each has
    /// another one, because repeats are dropped by it.
    pub repeat: u32,
    /// The end comes this long after the last news, and not before answers to the last question could be
    /// here: that depends on the protocol. Where there is no `deadline`, it comes ten times as long after
    /// the last question in any case.
    pub silence: Duration,
    /// The end comes this long after the start in any case.
    pub deadline: Option<Duration>,
    /// The end comes as soon as so many were found.
    pub count: Option<u64>,
    /// Finds that are remembered, a few hundred bytes each, taken as they come. Where there are more, one
    /// of the source that has most gives way: it was told, and is told again should it be heard again. Only
    /// a source that has more than 64 and more than all others is not listened to any more: that is counted
    /// in [`Summary::ignored`]. In both cases [`Summary::doubts`] has [`Doubts::NO_ROOM`].
    pub capacity: usize,
}

impl Default for Discovery {
    fn default() -> Discovery {
        let silence = Duration::from_secs(1);
        Discovery { repeat: 2, silence, deadline: None, count: None, capacity: 4_096 }
    }
}

/// Asks in one protocol, tells each thing that is there once, and ends.
///
/// A thing is told again, as changed, where more is heard of it or it says something else; and as lost where
/// it says goodbye on the way.
#[derive(Debug)]
pub struct Discoverer<D> {
    config: Discovery,
    engine: Engine<D>,
    /// It comes to its end, and only tells what is left.
    is_ending: bool,
}

impl<D: Dialect> Discoverer<D> {
    /// A discoverer that starts at the first [`Machine::handle_timeout`]. `seed` decides the numbers of its
    /// questions, and when exactly they are put.
    pub fn new(dialect: D, config: Discovery, seed: u64) -> Discoverer<D> {
        let engine =
            Engine::new(dialect, config.repeat, config.capacity, config.count, false, seed);
        Discoverer { config, engine, is_ending: false }
    }

    /// What was done so far.
    pub fn summary(&self, now: Instant) -> Summary {
        self.engine.course.summary(now)
    }

    /// When it has been silent for long enough; `None` while there is something to ask or to wait for.
    fn silent(&self) -> Option<Instant> {
        let engine = &self.engine;
        if engine.next_question().is_some() || engine.dialect.due().is_some() {
            return None;
        }
        let answered = self.asked_last()? + engine.dialect.answers_within();
        let followed_up = engine.follow_ups.last().map(|last| last + FOLLOWED_UP_WITHIN);
        let silent = engine.last_news() + self.config.silence;
        [Some(answered), followed_up, Some(silent)].into_iter().flatten().max()
    }

    /// When the time is up, whatever is heard.
    fn latest(&self) -> Option<Instant> {
        match self.config.deadline {
            Some(deadline) => self.engine.course.started().map(|started| started + deadline),
            None if self.engine.asking.next().is_some() => None,
            None => {
                let longest = self.config.silence.saturating_mul(MOST_SILENCES);
                let longest = longest.max(self.engine.dialect.answers_within());
                self.asked_last().map(|last| last + longest)
            }
        }
    }

    /// The last question; the start, where there is none and it only listens.
    fn asked_last(&self) -> Option<Instant> {
        self.engine.asking.last().or(self.engine.course.started())
    }

    /// What to do next while it runs.
    fn next(&self) -> Option<Instant> {
        if self.is_ending || self.engine.session.has_news() {
            return Some(Instant::AT_ONCE);
        }
        let engine = &self.engine;
        let ends = [self.silent(), self.latest()].into_iter().flatten().min();
        [ends, engine.next_question(), engine.dialect.due()].into_iter().flatten().min()
    }

    fn end(&mut self, now: Instant, reason: Doubts) {
        self.is_ending = true;
        self.engine.give_up(now);
        self.engine.course.close_for(reason);
    }
}

impl<D: Dialect> Machine for Discoverer<D> {
    fn handle_datagram<'d>(
        &mut self,
        now: Instant,
        arrival: Arrival,
        datagram: &'d [u8],
    ) -> Option<Action<'d>> {
        self.engine.hear(now, arrival, datagram);
        if self.engine.has_enough() {
            self.engine.course.close_for(Doubts::COUNT);
        }
        None
    }

    fn handle_timeout(&mut self, now: Instant) -> Option<Action<'_>> {
        if self.engine.course.start(now) {
            self.engine.asking.begin(now);
        }
        if self.deadline().is_none_or(|due| due > now) {
            return None;
        }
        if self.engine.course.is_open() && !self.engine.session.has_news() {
            let is_silent = self.silent().is_some_and(|silent| silent <= now);
            if is_silent || self.latest().is_some_and(|latest| latest <= now) {
                self.end(now, if is_silent { Doubts::NONE } else { Doubts::DEADLINE });
            } else if self.engine.dialect.due().is_some_and(|due| due <= now) {
                self.engine.wake(now);
            }
        }
        if self.engine.session.has_news() {
            return self.engine.tell();
        }
        if !self.engine.course.is_open() {
            return Some(self.engine.course.finish(now));
        }
        self.engine.put(now)
    }

    fn deadline(&self) -> Option<Instant> {
        self.engine.course.deadline(self.next())
    }

    fn close(&mut self, now: Instant) {
        if self.engine.course.is_running() {
            self.end(now, Doubts::CLOSED);
        } else {
            self.engine.course.close_for(Doubts::CLOSED);
        }
    }

    fn handle_observation(&mut self, _now: Instant, observation: Observation) {
        match observation {
            Observation::Dropped { datagrams } => self.engine.course.drop_datagrams(datagrams),
            Observation::NetworkChanged if self.engine.course.is_running() => {
                self.engine.course.counts.doubts |= Doubts::NETWORK_CHANGED;
            }
            _ => {}
        }
    }
}

impl<D: Dialect> Networked for Discoverer<D> {
    fn lanes(&self) -> alloc::vec::Vec<Lane> {
        alloc::vec![self.engine.dialect.lane()]
    }
}
