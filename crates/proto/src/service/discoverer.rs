//! The asking side: everybody, once.

use core::time::Duration;

use super::asking::Goal;
use super::discovery::Discovery;
use super::entry::Heard;
use super::session::{Session, Taken, tell};
use crate::{Action, Arrival, Doubts, Instant, Machine, Observation, Summary};

/// Finds everybody, and says whether it did: see the [module](super).
///
/// Its driver should also hear the group, where it can: answers to the group are asked for where
/// nobody answers otherwise, and responders that refuse questions say so to the group.
#[derive(Debug, Clone)]
pub struct Discoverer {
    config: Discovery,
    session: Session,
    /// When somebody was last found.
    last_news: Option<Instant>,
    /// Why it ended before it was complete.
    ended_by: Doubts,
}

impl Discoverer {
    /// A discoverer that starts at the first [`Machine::handle_timeout`]. `seed` decides the session's
    /// number, which answers must repeat, and the salts of its questions: it must not be one that others
    /// can guess.
    pub fn new(config: Discovery, seed: u64) -> Discoverer {
        let session = Session::new(&config, seed);
        Discoverer { config, session, last_news: None, ended_by: Doubts::NONE }
    }

    /// What was done so far.
    pub fn summary(&self, now: Instant) -> Summary {
        let Session { asking, known, flaws, life, .. } = &self.session;
        let is_complete = life.started().is_some()
            && asking.has_reached_goal()
            && !known.is_empty()
            && flaws.is_empty()
            && !self.session.has_untold();
        let doubts = asking.verdict().doubts() | *flaws | self.ended_by;
        Summary {
            complete: Some(is_complete),
            doubts: if is_complete { Doubts::NONE } else { doubts },
            sweeps: asking.sweeps(),
            ..life.summary(now)
        }
    }

    /// When the run ends at the latest, if nobody new answers.
    pub fn ends(&self) -> Option<Instant> {
        let started = self.session.life.started()?;
        let by_deadline = self.config.deadline.map(|after| started + after);
        let by_silence = self.config.silence.map(|after| self.last_news.unwrap_or(started) + after);
        [by_deadline, by_silence].into_iter().flatten().min()
    }

    fn is_over(&self, now: Instant) -> bool {
        self.ends().is_some_and(|end| end <= now)
    }

    fn is_at_end(&self, now: Instant) -> bool {
        !self.session.life.is_open() || self.is_over(now) || self.session.asking.is_at_rest()
    }

    /// What is still to be told, and then the end.
    fn finish(&mut self, now: Instant) -> Option<Action<'_>> {
        if self.session.life.is_open() && self.is_over(now) && !self.session.asking.is_at_rest() {
            self.ended_by |= Doubts::DEADLINE;
        }
        // Who stops at a number of responders wants no more of them, told in part or whole.
        if !self.ended_by.contains(Doubts::COUNT) && self.session.has_untold() {
            return self.session.tell_in_part();
        }
        let summary = self.summary(now);
        self.session.life.counts = Summary { elapsed: Duration::ZERO, ..summary };
        Some(self.session.life.finish(now))
    }
}

impl Machine for Discoverer {
    fn handle_datagram<'d>(
        &mut self,
        now: Instant,
        arrival: Arrival,
        datagram: &'d [u8],
    ) -> Option<Action<'d>> {
        let life = &self.session.life;
        if life.started().is_none() || !life.is_open() {
            return None;
        }
        // What else the group hears, our own questions first of all, means nothing here.
        let Taken::Answer(answer) = self.session.take(now, arrival, datagram) else { return None };
        if matches!(answer.heard, Heard::New | Heard::NewInPart | Heard::Whole) {
            self.last_news = Some(now);
        }
        let life = &mut self.session.life;
        if self.config.count.is_some_and(|count| life.counts.found >= count) {
            self.ended_by |= Doubts::COUNT;
            life.close();
        }
        tell(&answer)
    }

    fn handle_timeout(&mut self, now: Instant) -> Option<Action<'_>> {
        if self.session.life.start(now) {
            let quiet = self.config.effort.quiet_sweeps();
            self.session.asking.start(now, Goal::everybody(quiet, self.config.expected));
        }
        if self.deadline().is_none_or(|due| due > now) {
            return None;
        }
        if self.is_at_end(now) {
            return self.finish(now);
        }
        self.session.poll(now, |voice| voice.doubted.is_none())
    }

    fn deadline(&self) -> Option<Instant> {
        let asking = &self.session.asking;
        let at_rest = asking.is_at_rest().then_some(Instant::ZERO);
        let next = [asking.deadline(), self.ends(), at_rest];
        self.session.life.deadline(next.into_iter().flatten().min())
    }

    fn close(&mut self, _now: Instant) {
        if self.session.life.is_open() {
            self.ended_by |= Doubts::CLOSED;
        }
        self.session.life.close();
    }

    fn handle_observation(&mut self, now: Instant, observation: Observation) {
        self.session.observe(now, observation);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Cast, Path};
    use alloc::vec::Vec;

    /// When a discovery that hears nobody ends.
    fn ends(config: Discovery) -> Duration {
        let mut discoverer = Discoverer::new(config, 1);
        let mut now = Instant::ZERO;
        loop {
            if let Some(Action::Done(summary)) = discoverer.handle_timeout(now) {
                assert_eq!(summary.complete, Some(false));
                return now - Instant::ZERO;
            }
            now = discoverer.deadline().unwrap().max(now);
        }
    }

    #[test]
    fn where_nobody_answers_it_ends_by_silence_or_deadline() {
        let (short, long) = (Some(Duration::from_millis(700)), Some(Duration::from_secs(9)));
        for (deadline, silence) in [(short, None), (None, short), (short, long), (long, short)] {
            assert_eq!(Some(ends(Discovery { deadline, silence, ..Discovery::all() })), short);
        }
    }

    #[test]
    fn questions_that_the_group_hears_are_not_counted_as_refused_answers() {
        let mut discoverer = Discoverer::new(Discovery::all(), 1);
        let mut query = Vec::new();
        if let Some(Action::Send { message, .. }) = discoverer.handle_timeout(Instant::ZERO) {
            message.encode(&mut query);
        }
        let remote = "10.0.0.9:4000".parse().unwrap();
        let from = Path::new(remote);
        let arrival = Arrival::new(from, Cast::Unknown, true);
        for (datagram, counted) in [(query.as_slice(), 0), (b"junk", 1)] {
            assert_eq!(discoverer.handle_datagram(Instant::ZERO, arrival, datagram), None);
            let Summary { received, ignored, .. } = discoverer.summary(Instant::ZERO);
            assert_eq!((received, ignored), (counted, counted));
        }
    }
}
