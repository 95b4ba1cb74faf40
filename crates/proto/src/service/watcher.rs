//! The watching side: everybody, and then who comes, changes and goes.

use alloc::collections::{BTreeSet, VecDeque};
use core::time::Duration;

use super::announced::Announced;
use super::discovery::Discovery;
use super::entry::{Entry, Heard, Voice};
use super::goal::Goal;
use super::leases::{Leases, Look};
use super::neighbours::Neighbours;
use super::prompts::Prompts;
use super::session::{Answer, Session, Taken, tell};
use crate::wire::{Announce, Datagram, Goodbye, Query};
use crate::{
    Action, Arrival, Doubts, Event, Instant, Key, Loss, Machine, Observation, Path, Protocol,
    Summary,
};

/// A sweep that refreshes leases ends after this many quiet ones: three of them make a lease.
const REFRESH_QUIET: u32 = 4;
/// As many as the quiet sweeps of a discovery: at half of all datagrams lost each way, a responder that
/// is there is taken to be gone in one case of ten thousand.
const DOUBT_QUIET: u32 = 16;
/// Sixteen take less than half a second, after which who said goodbye is told to be gone. It is longer
/// than the 24 ms over which answers are spread, and the 16 together outlast the 307 ms for which Wi-Fi
/// may hold datagrams back.
const DOUBT_GAP: Duration = Duration::from_millis(28);
/// The first discovery ends after so many times its quiet sweeps, however many of them did not count: from
/// then on leases are watched, and doubts are seen to.
const FIRST_SWEEPS: u32 = 8;
/// No more of those who announced themselves are expected to answer at once, however many are made up.
const MOST_ANNOUNCED: u64 = 4096;
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
    is_telling: bool,
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
            is_telling: false,
        }
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

    // What it hears.

    fn hear_answer<'d>(&mut self, now: Instant, answer: Answer<'d>) -> Option<Action<'d>> {
        let Answer { heard, place, words, id, lease, finding } = answer;
        if heard != Heard::NoRoom {
            let (session, at) = (&mut self.session, (place, finding.from, words));
            self.leases.renew(now, &mut session.known, at, lease, &mut session.rng);
            self.announced.answered(id);
        }
        match self.session.known.at(place) {
            Some(entry) if entry.is_doubted() => {
                // Its other addresses are: whether they still are its own is asked.
                if self.doubted.insert(place) {
                    self.verify_by(now);
                }
            }
            _ => {
                self.doubted.remove(&place);
            }
        }
        if let Some((id, at)) = self.session.known.gave_way {
            self.part_with(id, at, Loss::NoRoom);
        }
        if heard == Heard::NewInPart && self.run.is_none() {
            // The whole of what it says is still to be asked for.
            self.verify_by(now);
        }
        tell(&answer)
    }

    fn hear_other<'d>(
        &mut self,
        now: Instant,
        arrival: Arrival,
        datagram: &'d [u8],
        said: Datagram<'d>,
    ) {
        self.session.life.counts.received += 1;
        // Who proves nothing must at least be here.
        if self.session.keyring.is_none() && !arrival.on_link {
            self.session.life.counts.ignored += 1;
            return;
        }
        let is_of_interest = match said {
            Datagram::Query(query) => self.is_like_ours(&query),
            Datagram::Announce(announce) => self.is_news(arrival, announce),
            Datagram::Goodbye(goodbye) => self.session.known.get(goodbye.id).is_some(),
            _ => false,
        };
        if !is_of_interest || !self.session.is_authentic(arrival, datagram) {
            return;
        }
        match said {
            Datagram::Query(query) => self.hear_neighbour(now, query),
            Datagram::Announce(announce) => self.hear_announcement(now, announce),
            Datagram::Goodbye(goodbye) => self.hear_goodbye(now, goodbye),
            _ => {}
        }
    }

    fn is_like_ours(&self, query: &Query<'_>) -> bool {
        query.watch
            && query.txn != self.session.asking.txn
            && query.tlvs == self.session.selection.tlvs()
    }

    /// Whether an announcement says what the responder has not said when it was asked.
    fn is_news(&self, arrival: Arrival, announce: Announce<'_>) -> bool {
        let selects = Query { tlvs: self.session.selection.tlvs(), ..Query::new(0, 0) };
        let epoch = announce.tlvs.epoch();
        match self.session.known.get(announce.id) {
            Some(entry) => {
                let is_other = match self.session.keyring {
                    // What is older than what was heard since was recorded.
                    Some(_) => epoch > entry.epoch(),
                    None => epoch != entry.epoch(),
                };
                let is_there = |voice: &Voice| voice.at.remote == arrival.from.remote;
                let is_elsewhere = !entry.voices.iter().any(is_there);
                is_other || (is_elsewhere && epoch == entry.epoch())
            }
            None => selects.selects(announce.tlvs),
        }
    }

    fn hear_neighbour(&mut self, now: Instant, query: Query<'_>) {
        self.neighbours.heard(now);
        // It asks for answers to the group: asked now too, they serve both.
        let may_ask = self.complete.is_some() && self.run.is_none() && self.prompts.next() <= now;
        if query.multicast_reply && may_ask {
            let due = self.leases.ask_early(now, &mut self.session.known);
            if due > 0 {
                self.prompts.spend(now);
                self.refresh(now, due, true);
            }
        }
    }

    fn hear_announcement(&mut self, now: Instant, announce: Announce<'_>) {
        let (id, epoch) = (announce.id, announce.tlvs.epoch());
        match self.session.known.get(id) {
            Some(_) => self.doubt(now, id, false),
            None if self.session.departed.has(now, id, epoch) => {
                self.session.life.counts.duplicates += 1;
            }
            None => {
                self.announced.hear(now, id);
                self.verify_by(now);
            }
        }
    }

    fn hear_goodbye(&mut self, now: Instant, goodbye: Goodbye<'_>) {
        let id = goodbye.id;
        if self.session.keyring.is_none() {
            return self.doubt(now, id, true);
        }
        let (epoch, place) = (goodbye.tlvs.epoch(), self.session.known.place(id));
        let heard = self.session.known.get(id).and_then(Entry::epoch);
        if heard.is_none() {
            // Whether it is later than the answers nobody knows: it may have been recorded.
            return self.doubt(now, id, true);
        }
        if epoch <= heard {
            self.session.life.counts.duplicates += 1;
            return;
        }
        self.session.departed.insert(now, id, epoch);
        let at = self.session.known.get(id).and_then(|entry| Some(entry.voices.last()?.at));
        if let (Some(entry), Some(at)) = (self.session.known.remove(place), at) {
            self.lose(entry, at, Loss::Goodbye);
        }
    }

    /// Somebody who proves nothing says that a responder has gone or changed: it is asked.
    fn doubt(&mut self, now: Instant, id: u64, said_goodbye: bool) {
        let place = self.session.known.place(id);
        if let Some(entry) = self.session.known.at_mut(place) {
            let at = entry.doubt(now, said_goodbye);
            self.doubted.insert(place);
            self.verify_by(at);
        }
    }

    fn verify_by(&mut self, at: Instant) {
        self.verify_at = Some(self.verify_at.map_or(at, |before| before.min(at)));
    }

    fn lose(&mut self, entry: Entry, at: Path, reason: Loss) {
        let place = self.session.known.place(entry.id);
        self.doubted.remove(&place);
        if entry.is_told() {
            self.part_with(entry.id, at, reason);
        }
    }

    /// It is to be told that this responder is lost. Until that is told nothing it says is heard: the
    /// application would take who was found again for lost.
    fn part_with(&mut self, id: u64, at: Path, reason: Loss) {
        self.session.parting.insert(id);
        self.losses.push_back((id, at, reason));
    }

    // What it does.

    fn start(&mut self, now: Instant, goal: Goal) {
        if self.session.renew() {
            let known = &mut self.session.known;
            self.leases.set_places(known);
            let doubted = known.iter_mut().filter(|(_, entry)| entry.is_doubted());
            self.doubted = doubted.map(|(place, _)| place).collect();
        }
        self.is_telling = false;
        self.session.asking.start(now, goal);
        let is_thorough = goal.quiet >= DOUBT_QUIET;
        self.run = Some(Run { began: now, is_thorough, by_group: goal.group });
    }

    /// Asks those whose leases are due.
    fn refresh(&mut self, now: Instant, due: u64, group: bool) {
        let goal = Goal::everybody(REFRESH_QUIET, Some(due + 1));
        self.start(now, Goal { even_if_nobody: true, watch: true, group, ..goal }.bounded());
    }

    /// Asks those who are in doubt, and those who were announced.
    fn verify(&mut self, now: Instant, group: bool) {
        self.prompts.spend(now);
        self.verify_at = None;
        let announced = self.announced.take_news().min(MOST_ANNOUNCED);
        let expected = announced + self.doubted.len() as u64 + 1;
        let goal = Goal::everybody(DOUBT_QUIET, Some(expected));
        let gap = DOUBT_GAP;
        self.start(now, Goal { even_if_nobody: true, watch: true, gap, group, ..goal }.bounded());
    }

    /// A run of sweeps has ended, which is not seen to yet.
    fn is_swept(&self) -> bool {
        self.run.is_some() && self.session.asking.is_at_rest()
    }

    fn end_run(&mut self, now: Instant, run: Run) {
        self.run = None;
        self.is_telling = true;
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

    fn earliest_doubt(&self) -> Option<Instant> {
        let known = &self.session.known;
        let entries = self.doubted.iter().filter_map(|place| known.at(*place));
        entries.flat_map(|entry| &entry.voices).filter_map(|voice| voice.doubted).min()
    }

    /// Forgets those who were in doubt when a run began, and did not answer in it.
    fn lose_silent(&mut self, run: Run) {
        for place in core::mem::take(&mut self.doubted) {
            let known = &mut self.session.known;
            let is_gone = |doubted: Option<Instant>| doubted.is_some_and(|at| at <= run.began);
            if let Some((entry, at)) = known.forget(place, |voice| is_gone(voice.doubted)) {
                let reason = if entry.said_goodbye { Loss::Goodbye } else { Loss::Expired };
                self.lose(entry, at, reason);
                continue;
            }
            let next = known.at(place).into_iter().flat_map(|entry| &entry.voices);
            if let Some(at) = next.filter_map(|voice| voice.doubted).min() {
                self.doubted.insert(place);
                self.verify_by(at);
            }
        }
    }

    /// When the next thing but a sweep is to be done.
    fn next_look(&self) -> Option<Instant> {
        let at_rest = self.run.is_none();
        let at_once = (self.is_swept() || !self.losses.is_empty() || self.is_telling)
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
        if let Some((id, from, reason)) = self.losses.pop_front() {
            self.session.parting.remove(&id);
            return Some(Action::Emit(Event::Lost {
                protocol: Protocol::MCAST,
                key: Key::Service(id),
                from,
                reason,
            }));
        }
        if self.is_telling {
            self.is_telling = self.session.has_untold();
            return self.session.tell_in_part();
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
            let quiet = self.config.effort.quiet_sweeps();
            let goal = Goal::everybody(quiet, self.config.expected);
            let most_sweeps = quiet * FIRST_SWEEPS;
            self.start(now, Goal { even_if_nobody: true, most_sweeps, ..goal });
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

#[cfg(all(test, feature = "auth"))]
mod tests;
