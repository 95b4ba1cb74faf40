//! Watching: who comes, changes and goes.

use core::time::Duration;

use mcast_proto::{
    Action, Arrival, Doubts, Instant, Lane, Machine, Networked, Observation, Role, Summary,
};

use super::dialect::Dialect;
use super::engine::Engine;

/// Rounds of questions are so far apart at the least: each is answered by everybody.
const LEAST_EVERY: Duration = Duration::from_secs(5);

/// How a [`Watcher`] asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Watching {
    /// How often each question of a round is put, three times at the most. Where questions have a number each
    /// has another one, because repeats are dropped by it.
    pub repeat: u32,
    /// From round to round, five seconds at the least; `None`: as often as suits the protocol.
    pub every: Option<Duration>,
    /// What has no lease is lost when it has left so many rounds unanswered; zero counts as one.
    pub patience: u32,
    /// Finds that are remembered, a few hundred bytes each, taken as they come. Where there are more, one
    /// of the source that has most gives way, and is told as lost for want of room. Only a source that has
    /// more than 64 and more than all others is not listened to any more: that is counted in
    /// [`Summary::ignored`]. In both cases [`Summary::doubts`] has [`Doubts::NO_ROOM`].
    pub capacity: usize,
}

impl Default for Watching {
    fn default() -> Watching {
        Watching { repeat: 2, every: None, patience: 3, capacity: 4_096 }
    }
}

/// Asks in one protocol again and again, hears announcements, and tells what is found, changed and lost,
/// until it is closed.
///
/// Something is lost when it says goodbye; when its lease has ended and it has answered none of two questions
/// to it alone; or, where the protocol has no leases, when it has left a few rounds unanswered.
#[derive(Debug)]
pub struct Watcher<D> {
    every: Duration,
    patience: u64,
    engine: Engine<D>,
    next_round: Instant,
    /// The next round is out of turn: who leaves it unanswered is not counted the nearer to lost for it.
    is_extra: bool,
}

impl<D: Dialect> Watcher<D> {
    /// A watcher that starts at the first [`Machine::handle_timeout`]. `seed` decides the numbers of its
    /// questions, and when exactly they are put.
    pub fn new(dialect: D, config: Watching, seed: u64) -> Watcher<D> {
        let every = config.every.unwrap_or_else(|| dialect.every());
        Watcher {
            every: every.max(LEAST_EVERY).max(dialect.answers_within()),
            patience: config.patience.max(1).into(),
            engine: Engine::new(dialect, config.repeat, config.capacity, None, true, seed),
            next_round: Instant::AT_ONCE,
            is_extra: false,
        }
    }

    /// What was done so far.
    pub fn summary(&self, now: Instant) -> Summary {
        self.engine.course.summary(now)
    }

    fn next(&self) -> Option<Instant> {
        let engine = &self.engine;
        if engine.session.has_news() {
            return Some(Instant::AT_ONCE);
        }
        let business = [engine.next_question(), engine.dialect.due(), engine.session.due()];
        business.into_iter().flatten().chain([self.next_round]).min()
    }

    fn begin_round(&mut self, now: Instant) {
        self.next_round = now + self.every;
        if !core::mem::take(&mut self.is_extra) {
            self.engine.session.begin_round(self.patience);
        }
        self.engine.asking.begin(now);
    }
}

impl<D: Dialect> Machine for Watcher<D> {
    fn handle_datagram<'d>(
        &mut self,
        now: Instant,
        arrival: Arrival,
        datagram: &'d [u8],
    ) -> Option<Action<'d>> {
        self.engine.hear(now, arrival, datagram);
        None
    }

    fn handle_timeout(&mut self, now: Instant) -> Option<Action<'_>> {
        if self.engine.course.start(now) {
            self.next_round = now;
        }
        if self.deadline().is_none_or(|due| due > now) {
            return None;
        }
        if self.engine.course.is_open() && !self.engine.session.has_news() {
            if self.engine.dialect.due().is_some_and(|due| due <= now) {
                self.engine.wake(now);
            } else if self.next_round <= now {
                self.begin_round(now);
            }
        }
        if self.engine.session.has_news() {
            return self.engine.tell();
        }
        if !self.engine.course.is_open() {
            return Some(self.engine.course.finish(now));
        }
        if self.engine.next_question().is_some_and(|due| due <= now) {
            return self.engine.put(now);
        }
        match self.engine.session.check(now) {
            Some(recall) => self.engine.recall(recall.path, &recall.by),
            None => None,
        }
    }

    fn deadline(&self) -> Option<Instant> {
        self.engine.course.deadline(self.next())
    }

    fn close(&mut self, now: Instant) {
        if self.engine.course.is_running() {
            self.engine.give_up(now);
        }
        self.engine.course.close_for(Doubts::CLOSED);
    }

    fn handle_observation(&mut self, now: Instant, observation: Observation) {
        match observation {
            // There may be others on the network now.
            Observation::NetworkChanged if self.engine.course.is_running() => {
                self.next_round = self.next_round.min(now);
                self.is_extra = true;
            }
            Observation::Dropped { datagrams } => self.engine.course.drop_datagrams(datagrams),
            _ => {}
        }
    }
}

impl<D: Dialect> Networked for Watcher<D> {
    fn lanes(&self) -> alloc::vec::Vec<Lane> {
        let lane = self.engine.dialect.lane();
        let role = match lane.role {
            Role::AskingPeer => Role::Peer,
            other => other,
        };
        alloc::vec![Lane { role, ..lane }]
    }
}
