//! The watching side: everybody, and then who comes, changes and goes.

mod doubting;
mod hearing;
mod losing;

use alloc::collections::{BTreeSet, VecDeque};
use core::time::Duration;

use crate::service::answer::neighbours::Neighbours;
use crate::service::ask::goal::Goal;
use crate::service::ask::prompts::Prompts;
use crate::service::ask::session::{Session, Taken};
use crate::service::discovery::Discovery;
use crate::service::selection::Selection;
use crate::service::table::leases::{Leases, Look};
use crate::service::watch::announced::Announced;
use crate::{Action, Arrival, Doubts, Instant, Loss, Machine, Observation, Path, Summary};

#[cfg(all(test, feature = "auth"))]
mod tests;

/// A sweep that refreshes leases ends after this many quiet ones: three of them make a lease.
const REFRESH_QUIET: u32 = 4;
/// As many as the quiet sweeps of a discovery: at half of all datagrams lost each way, a responder that
/// is there is taken to be gone in one case of ten thousand.
const DOUBT_QUIET: u32 = 16;
/// The first discovery ends after so many times its quiet sweeps, however many of them did not count: from
/// then on leases are watched, and doubts are seen to.
const FIRST_SWEEPS: u32 = 8;
/// Called later than this, the watcher takes it that its host slept.
const SLEPT: Duration = Duration::from_secs(5);

/// Finds everybody and goes on: it reports who is found, changes and is lost until it is closed.
///
/// Its driver must hear the group. The discovery's deadline and count bound nothing here. What a
/// responder says unasked is never a fact, only a reason to ask; with a key, a goodbye is one.
#[derive(Debug, Clone)]
pub struct Watcher {
    config: Discovery,
    session: Session,
    leases: Leases,
    neighbours: Neighbours,
    announced: Announced,
    prompts: Prompts,
    /// Places of those whose presence is in doubt, and when the next of them is to be asked.
    doubted: BTreeSet<u64>,
    verify_at: Option<Instant>,
    /// Those who are gone and of whom that is still to be told.
    losses: VecDeque<(u64, Path, Loss)>,
    /// Whether everybody was found, as the first discovery ended, and what kept it from that.
    complete: Option<bool>,
    doubts: Doubts,
    /// The run of sweeps that was started, and whose end is not yet seen to.
    run: Option<Run>,
    /// When the last run began all of whose sweeps counted.
    clean: Option<Instant>,
    /// A run has ended: of whom no whole answer could be had in it the part is told.
    is_reporting: bool,
}

#[derive(Debug, Clone, Copy)]
struct Run {
    began: Instant,
    /// Whether it is long enough to tell that who does not answer is gone.
    is_thorough: bool,
    by_group: bool,
}

impl Watcher {
    /// A watcher that starts at the first [`Machine::handle_timeout`]. `seed` decides the session's
    /// number, which answers must repeat, and the salts of its questions: it must not be one that others
    /// can guess.
    pub fn new(config: Discovery, seed: u64) -> Watcher {
        Watcher {
            session: Session::new(&config, seed),
            config,
            leases: Leases::new(),
            neighbours: Neighbours::default(),
            announced: Announced::default(),
            prompts: Prompts::default(),
            doubted: BTreeSet::new(),
            verify_at: None,
            losses: VecDeque::new(),
            complete: None,
            doubts: Doubts::NONE,
            run: None,
            clean: None,
            is_reporting: false,
        }
    }

    /// Watches others from now on, as a run that begins now: nobody is known, who is of the new selection is
    /// found, again if need be, and of who was found before and is not nothing is told any more. After its end
    /// a watcher watches nobody.
    pub fn select(&mut self, now: Instant, selection: Selection) {
        if !self.session.life.is_open() {
            return;
        }
        let config = Discovery { selection, ..self.config.clone() };
        let mut session = self.session.clone();
        session.restart(&config);
        *self = Watcher { session, ..Watcher::new(config, 0) };
        if self.session.life.started().is_some() {
            self.begin(now);
        }
    }

    fn begin(&mut self, now: Instant) {
        let quiet = self.config.effort.quiet_sweeps();
        let goal = Goal::everybody(quiet, self.config.expected);
        let most_sweeps = quiet * FIRST_SWEEPS;
        self.start(now, Goal { even_if_nobody: true, most_sweeps, ..goal });
    }

    /// What was done so far; `complete` is about the first discovery, and `None` until it has ended.
    pub fn summary(&self, now: Instant) -> Summary {
        let Session { asking, flaws, life, .. } = &self.session;
        let complete = self.complete.map(|complete| complete && flaws.is_empty());
        let doubts = if complete == Some(true) { Doubts::NONE } else { self.doubts | *flaws };
        Summary { complete, doubts, sweeps: asking.sweeps(), ..life.summary(now) }
    }

    /// Responders that are there now, as far as it knows.
    pub fn present(&self) -> usize {
        self.session.known.len()
    }

    fn start(&mut self, now: Instant, goal: Goal) {
        if self.session.renew() {
            let known = &mut self.session.known;
            self.leases.set_places(known);
            let doubted = known.iter_mut().filter(|(_, entry)| entry.is_doubted());
            self.doubted = doubted.map(|(place, _)| place).collect();
        }
        self.is_reporting = false;
        self.session.asking.start(now, goal);
        let is_thorough = goal.quiet >= DOUBT_QUIET;
        self.run = Some(Run { began: now, is_thorough, by_group: goal.group });
    }

    /// Asks those whose leases are due.
    fn refresh(&mut self, now: Instant, due: u64, group: bool) {
        let goal = Goal::everybody(REFRESH_QUIET, Some(due + 1));
        self.start(now, Goal { even_if_nobody: true, watch: true, group, ..goal }.bounded());
    }

    /// A run of sweeps has ended, which is not seen to yet.
    fn is_swept(&self) -> bool {
        self.run.is_some() && self.session.asking.is_at_rest()
    }

    fn end_run(&mut self, now: Instant, run: Run) {
        self.run = None;
        self.is_reporting = true;
        let is_clean = self.session.asking.has_reached_goal();
        if self.complete.is_none() {
            // Nobody at all is never known to be everybody.
            let cut_short = self.session.cut_short();
            let is_complete = is_clean && !self.session.known.is_empty() && cut_short.is_empty();
            self.complete = Some(is_complete);
            self.doubts = self.session.asking.verdict().doubts() | cut_short;
            if !is_complete && self.doubts.is_empty() {
                // It had all the sweeps that it may have.
                self.doubts = Doubts::DEADLINE;
            }
            self.leases.begin(now);
        }
        if is_clean {
            self.clean = Some(run.began);
        }
        if is_clean && run.is_thorough {
            self.lose_silent(run);
        } else if let Some(at) = self.earliest_doubt() {
            self.verify_by(at);
        }
        self.leases.come_to_rest(now);
        self.verify_at = self.verify_at.map(|at| at.max(now));
        if run.is_thorough && !run.by_group && self.announced.are_waiting(now) {
            // What is asked of them to the asker alone may not get through.
            self.verify(now, true);
        }
    }

    /// When the next thing but a sweep is to be done.
    fn next_look(&self) -> Option<Instant> {
        let at_rest = self.run.is_none();
        let at_once = (self.is_swept() || !self.losses.is_empty() || self.is_reporting)
            .then_some(Instant::AT_ONCE);
        let verify = self.verify_at.map(|at| at.max(self.prompts.next()));
        let verify = verify.filter(|_| at_rest && self.complete.is_some());
        let leases = self.leases.next(at_rest);
        [at_once, verify, leases].into_iter().flatten().min()
    }

    fn look(&mut self, now: Instant) -> Option<Action<'_>> {
        if let Some(run) = self.run.filter(|_| self.is_swept()) {
            self.end_run(now, run);
            return None;
        }
        if let Some(lost) = self.next_loss() {
            return Some(Action::Emit(lost));
        }
        if self.is_reporting {
            self.is_reporting = self.session.has_unreported();
            return self.session.report_in_part();
        }
        let at_rest = self.run.is_none();
        let verify = self.verify_at.map(|at| at.max(self.prompts.next()));
        if at_rest && self.complete.is_some() && verify.is_some_and(|at| at <= now) {
            self.verify(now, false);
            return None;
        }
        let clean = self.clean;
        match self.leases.look(now, &mut self.session.known, at_rest, clean) {
            Look::Ended(entry, at) => self.lose(entry, at, Loss::Expired),
            Look::Ask { due, is_urgent } => {
                // An answer to the group serves other watchers too. Who has not answered the first time
                // is asked for one to this watcher alone.
                let group = !is_urgent && due > 0 && self.neighbours.watch_too(now);
                self.refresh(now, due, group);
            }
            Look::Nothing => {}
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
        let life = &self.session.life;
        if life.started().is_none() || !life.is_open() {
            return None;
        }
        match self.session.take(now, arrival, datagram) {
            Taken::Answer(answer) => self.hear_answer(now, answer),
            Taken::Other(said) => {
                self.hear_other(now, arrival, datagram, said);
                None
            }
            Taken::Nothing => None,
        }
    }

    fn handle_timeout(&mut self, now: Instant) -> Option<Action<'_>> {
        if self.session.life.start(now) {
            self.begin(now);
        }
        let due = self.deadline().filter(|due| *due <= now)?;
        if !self.session.life.is_open() {
            self.session.life.counts = self.summary(now);
            return Some(self.session.life.finish(now));
        }
        if due > Instant::AT_ONCE && now - due > SLEPT {
            self.leases.wake_up(now, &mut self.session.known);
            if self.complete.is_some() {
                self.refresh(now, self.session.known.len() as u64, false);
            }
        }
        self.session.advance(now);
        if self.next_look().is_some_and(|at| at <= now) {
            return self.look(now);
        }
        let watch = self.complete.is_some();
        self.session.poll(now, |voice| {
            voice.doubted.is_none_or(|at| at > now) && !(watch && voice.lease.is_due())
        })
    }

    fn deadline(&self) -> Option<Instant> {
        let next = [self.session.asking.deadline(), self.next_look()];
        self.session.life.deadline(next.into_iter().flatten().min())
    }

    fn close(&mut self, _now: Instant) {
        if self.session.life.is_open() && self.complete.is_none() {
            self.doubts |= Doubts::CLOSED;
        }
        self.session.life.close();
    }

    fn handle_observation(&mut self, now: Instant, observation: Observation) {
        self.session.observe(now, observation);
        // There may be others on the network now. Those who are gone are missed by their leases.
        let is_idle = self.complete.is_some() && self.run.is_none();
        if observation == Observation::NetworkChanged && is_idle && self.session.life.is_open() {
            self.refresh(now, 0, false);
        }
    }
}
