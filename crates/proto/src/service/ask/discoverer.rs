//! The asking side: everybody, once.

use crate::service::ask::goal::Goal;
use crate::service::ask::session::{Session, Taken, report};
use crate::service::discovery::Discovery;
use crate::service::selection::Selection;
use crate::service::table::entry::Heard;
use crate::{Action, Arrival, Doubts, Instant, Machine, Observation, Summary};

// Some of them need a key.
#[cfg(all(test, feature = "auth"))]
mod tests;

/// Finds everybody, and says whether it did: see the [module](crate::service).
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

    /// Asks for others from now on, as a run that begins now: who was found before is found again if the new
    /// selection has it, and counts no more if not. The deadline counts from the start of the run, silence
    /// from now on. After its end a discoverer asks for nobody.
    pub fn select(&mut self, now: Instant, selection: Selection) {
        if !self.session.life.is_open() {
            return;
        }
        self.config.selection = selection;
        self.session.restart(&self.config);
        (self.last_news, self.ended_by) = (Some(now), Doubts::NONE);
        if self.session.life.started().is_some() {
            self.begin(now);
        }
    }

    fn begin(&mut self, now: Instant) {
        let quiet = self.config.effort.quiet_sweeps();
        self.session.asking.start(now, Goal::everybody(quiet, self.config.expected));
    }

    /// What was done so far.
    pub fn summary(&self, now: Instant) -> Summary {
        let Session { asking, known, flaws, life, .. } = &self.session;
        let is_complete = life.started().is_some()
            && asking.has_reached_goal()
            && !known.is_empty()
            && known.missing().is_none()
            && flaws.is_empty();
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

    /// Whether as many as were wanted were found.
    fn has_enough(&self) -> bool {
        self.config.count.is_some_and(|count| self.session.life.counts.found >= count)
    }

    /// Why it ends now, if it does.
    fn ending(&self, now: Instant) -> Option<Doubts> {
        let is_over = self.ends().is_some_and(|end| end <= now);
        [
            (self.has_enough(), Doubts::COUNT),
            (self.session.asking.is_at_rest(), Doubts::NONE),
            (!self.session.life.is_open(), Doubts::CLOSED),
            (is_over, Doubts::DEADLINE),
        ]
        .into_iter()
        .find_map(|(is_so, doubt)| is_so.then_some(doubt))
    }

    /// What is still to be told, and then the end.
    fn finish(&mut self, now: Instant) -> Option<Action<'_>> {
        // Who stops at a number of responders wants no more of them, told in part or whole.
        if !self.has_enough() {
            if self.session.has_unreported() {
                return self.session.report_in_part();
            }
            self.ended_by |= self.session.cut_short();
        }
        self.session.life.counts = self.summary(now);
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
        if life.started().is_none() || !life.is_open() || self.has_enough() {
            return None;
        }
        // What else the group hears, our own questions first of all, means nothing here.
        let Taken::Answer(answer) = self.session.take(now, arrival, datagram) else { return None };
        if matches!(answer.heard, Heard::New | Heard::NewInPart | Heard::Whole) {
            self.last_news = Some(now);
        }
        report(&answer)
    }

    fn handle_timeout(&mut self, now: Instant) -> Option<Action<'_>> {
        if self.session.life.start(now) {
            self.begin(now);
        }
        if self.deadline().is_none_or(|due| due > now) {
            return None;
        }
        // What is heard between the last sweep and the end would be neither.
        self.session.advance(now);
        if let Some(why) = self.ending(now) {
            self.ended_by |= why;
            return self.finish(now);
        }
        self.session.poll(now, |voice| voice.doubted.is_none())
    }

    fn deadline(&self) -> Option<Instant> {
        let asking = &self.session.asking;
        let at_once = (asking.is_at_rest() || self.has_enough()).then_some(Instant::AT_ONCE);
        let next = [asking.deadline(), self.ends(), at_once];
        self.session.life.deadline(next.into_iter().flatten().min())
    }

    fn close(&mut self, _now: Instant) {
        self.session.life.close();
    }

    fn handle_observation(&mut self, now: Instant, observation: Observation) {
        self.session.observe(now, observation);
    }
}
