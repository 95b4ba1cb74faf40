//! The asker's plan: scout, sweep, sweep those not yet heard, stop.

use core::iter;
use core::time::Duration;

use super::entry::Voice;
use super::goal::{Goal, Limits};
use super::known::Known;
use super::pace::Pace;
use super::questions::Questions;
use super::rounds::{Round, Rounds};
use super::selection::Selection;
use super::sweep::{Kind, Need, Sweep};
use super::verdict::Verdict;
use crate::rng::Rng;
use crate::secret::Salts;
use crate::wire::{Query, Slice};
use crate::{Doubts, Evidence, Instant, Via};

#[cfg(test)]
mod tests;

/// The scout asks 1 in 2^8: a hundred thousand then send 390 answers, which fit any buffer.
const SAMPLE_BITS: u8 = 8;
/// More answers to it are not believed, which anybody can make up: the first sweep then takes a few seconds
/// at the most, and where there are more than 130,000 responders it follows what it hears.
const MOST_SCOUTED: u64 = 1 << 9;
const SCOUT_WINDOW: Duration = Duration::from_millis(4);
const SCOUT_WAIT: Duration = Duration::from_millis(5);
/// What is expected when the scout heard nobody, which happens up to about a thousand.
const EXPECTED_UNSEEN: u64 = 64;
/// More are never expected, whatever the application says or a forger pretends.
const MOST_EXPECTED: u64 = 1 << 20;
/// After so many refusals without news it waits twice as long, and so on: many askers that go on at their
/// pace leave nobody the time to answer. Not sooner, since where somebody forges questions in its name who
/// asks often is answered at last.
const REFUSALS: u32 = 16;
/// After the last window; and again, for as long as further responders are heard, but not for ever.
const SETTLE: Duration = Duration::from_millis(2);
const LONGEST_SETTLE: Duration = Duration::from_secs(2);
/// From the start of a sweep to the start of the next: after the first that heard nobody new, and where
/// enough have heard nobody at all.
const FIRST_GAP: Duration = Duration::from_millis(20);
const IDLE_GAP: Duration = Duration::from_millis(100);
/// A responder's answers to the group are this far apart at the least, so that one to each sweep that
/// asks for them may come that much later than its window says.
pub(super) const GROUP_GAP: Duration = Duration::from_millis(200);
/// Sweeps without anybody after which one in as many asks for answers to the group.
const UNHEARD_SWEEPS: u32 = 4;
/// So many quiet sweeps follow at least on one in which somebody known said something new: who was made
/// to seem to have said it has time to say otherwise.
const SETTLED_SWEEPS: u32 = 2;
/// A run's padded sweeps are three for two quiet ones at the most, and those of all runs that begin in
/// such a time no more than of one: somebody may forge what makes a watcher ask again and again.
const PADDED_EVERY: Duration = Duration::from_secs(10);
/// After so many rounds a session is to have another number: what was recorded in one round would be an
/// answer to a later one of the same number.
const MOST_ROUNDS: u16 = 60_000;
/// An asker that was called late catches up by this much at the most.
const CATCH_UP: Duration = Duration::from_millis(2);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// Not asking, or done with it.
    Rest,
    /// The scout is due then.
    Scout(Instant),
    AwaitScout(Instant),
    /// The next slice is due then.
    Sweep(Instant),
    /// Until the first, unless further responders (so many until now) are still heard; in any case until
    /// the second.
    Settle(Instant, u64, Instant),
    /// The driver is asked what became of the sweep.
    Audit,
    /// Its answer is awaited: at once.
    Audited,
    Pause(Instant, Kind),
}

/// What is to be done for the plan.
#[derive(Debug)]
pub(super) enum Step<'a> {
    Ask(Query<'a>),
    Audit,
}

/// What an answer has brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum News {
    Nothing,
    /// Somebody known says something new.
    Changed,
    /// Somebody new, or somebody known from where nobody was known.
    Voice,
}

/// Decides which query is sent when.
#[derive(Debug, Clone)]
pub(super) struct Asking {
    pub(super) txn: u64,
    rng: Rng,
    questions: Questions,
    limits: Limits,
    goal: Goal,
    stage: Stage,
    pace: Pace,
    rounds: Rounds,
    round: u16,
    sweep: Sweep,
    verdict: Verdict,
    /// The next sweep is the first that asks everybody.
    is_first: bool,
    /// Answers expected in the next sweep that is not padded.
    expected: u64,
    /// Padded sweeps that were made of late, and since when that is counted.
    padded: u32,
    padded_since: Option<Instant>,
    /// When the last sweep began that was not padded, and the last by group.
    ordinary_began: Instant,
    last_group: Option<Instant>,
    last_asked: Option<Instant>,
    /// Voices heard for the first time since the last sweep was judged, and whether others changed.
    news: u64,
    has_changed: bool,
    /// In this run, and in all.
    run_sweeps: u32,
    sweeps: u32,
}

impl Asking {
    pub(super) fn new(txn: u64, salts: Salts, rng: Rng, limits: Limits) -> Asking {
        Asking {
            txn,
            rng,
            questions: Questions::new(salts, limits.sealed),
            limits,
            goal: Goal::everybody(0, None),
            stage: Stage::Rest,
            pace: Pace::new(Instant::ZERO, limits.answers, limits.buffer),
            rounds: Rounds::new(),
            round: 0,
            sweep: Sweep::new(),
            verdict: Verdict::default(),
            is_first: false,
            expected: 0,
            padded: 0,
            padded_since: None,
            ordinary_began: Instant::ZERO,
            last_group: None,
            last_asked: None,
            news: 0,
            has_changed: false,
            run_sweeps: 0,
            sweeps: 0,
        }
    }

    /// Starts a run of sweeps.
    pub(super) fn start(&mut self, now: Instant, goal: Goal) {
        self.goal = goal;
        self.pace = Pace::new(now, self.limits.answers, self.limits.buffer);
        self.verdict.begin();
        (self.news, self.has_changed, self.run_sweeps) = (0, false, 0);
        self.is_first = goal.expected.is_none();
        if self.padded_since.is_none_or(|since| now - since >= PADDED_EVERY) {
            (self.padded, self.padded_since) = (0, Some(now));
        }
        self.expected = goal.expected.unwrap_or(EXPECTED_UNSEEN).min(MOST_EXPECTED);
        let at = self.may_ask_at(now);
        let kind = if goal.group { Kind::Group } else { Kind::Ordinary };
        self.stage = if self.is_first { Stage::Scout(at) } else { Stage::Pause(at, kind) };
    }

    /// Whether the session is to have another number before the next run.
    pub(super) fn is_worn_out(&self) -> bool {
        self.round >= MOST_ROUNDS
    }

    #[cfg(all(test, feature = "auth"))]
    pub(super) fn wear_out(&mut self) {
        self.round = MOST_ROUNDS;
    }

    /// The session has this number from now on. Nothing that was asked before is answered any more.
    pub(super) fn set_txn(&mut self, txn: u64) {
        (self.txn, self.round, self.rounds) = (txn, 0, Rounds::new());
    }

    pub(super) fn is_at_rest(&self) -> bool {
        self.stage == Stage::Rest
    }

    pub(super) fn sweeps(&self) -> u32 {
        self.sweeps
    }

    /// What the sweeps of this run have shown.
    pub(super) fn verdict(&self) -> &Verdict {
        &self.verdict
    }

    /// Whether the run has had the sweeps that it was for, all of them clean.
    pub(super) fn has_reached_goal(&self) -> bool {
        self.is_at_rest() && self.verdict.quiet() >= self.goal.quiet
    }

    /// The round that an answer is to, if it may still come.
    pub(super) fn answered(&self, now: Instant, round: u16) -> Option<Round> {
        self.rounds.answered(now, round)
    }

    pub(super) fn set_buffer(&mut self, now: Instant, datagrams: u64) {
        self.limits.buffer = datagrams;
        self.pace = Pace::new(now, self.limits.answers, datagrams);
    }

    pub(super) fn dropped(&mut self, datagrams: u64) {
        self.pace.dropped(datagrams);
        self.sweep.note_drops();
    }

    /// What happens keeps the sweep that is under way from counting.
    pub(super) fn spoil(&mut self, doubt: Doubts) {
        self.verdict.spoil(doubt);
    }

    /// What became of the sweep that is over.
    pub(super) fn audited(&mut self, evidence: Evidence) {
        if self.stage == Stage::Audited {
            self.verdict.take(evidence);
        }
    }

    /// An answer to this session came; says how long after its question, where that is known.
    pub(super) fn heard(
        &mut self,
        now: Instant,
        id: u64,
        round: u16,
        news: News,
        via: Via,
    ) -> Option<Duration> {
        self.news += u64::from(news == News::Voice);
        self.has_changed |= news == News::Changed;
        self.verdict.heard(via);
        if round == 0 {
            return self.answered(now, round).map(|round| now - round.began);
        }
        let is_current = round == self.round;
        let heard = is_current.then(|| self.sweep.heard(now, id, self.txn)).flatten();
        self.pace.heard(heard.is_none_or(|heard| heard.is_late));
        heard.map(|heard| now - heard.asked)
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        match self.stage {
            Stage::Rest => None,
            Stage::Audit | Stage::Audited => Some(Instant::AT_ONCE),
            Stage::Scout(at) | Stage::AwaitScout(at) | Stage::Sweep(at) => Some(at),
            Stage::Settle(at, ..) | Stage::Pause(at, _) => Some(at),
        }
    }

    /// Goes on with the plan to where something is to be done.
    pub(super) fn advance(&mut self, now: Instant, known: &Known, selection: &Selection) {
        while self.deadline().is_some_and(|due| due <= now) {
            match self.stage {
                Stage::Rest | Stage::Scout(_) | Stage::Sweep(_) | Stage::Audit => return,
                Stage::AwaitScout(_) => {
                    let sampled = known.sampled().min(MOST_SCOUTED);
                    if sampled > 0 {
                        // Two standard deviations more than the sample says.
                        let most = sampled + (4 * sampled).isqrt() + 1;
                        self.expected = (most << SAMPLE_BITS).min(MOST_EXPECTED);
                    }
                    self.begin_sweep(now, Kind::Ordinary, known, selection);
                }
                Stage::Settle(_, news, limit) => {
                    self.stage = if self.news != news && now < limit {
                        Stage::Settle((now + SETTLE).min(limit), self.news, limit)
                    } else {
                        Stage::Audit
                    };
                }
                Stage::Audited => self.judge_sweep(now, known),
                Stage::Pause(_, kind) => self.begin_sweep(now, kind, known, selection),
            }
        }
    }

    /// Does one thing that is due. `is_silent` says whose words need not be heard again.
    pub(super) fn poll<'a>(
        &'a mut self,
        now: Instant,
        known: &Known,
        selection: &'a Selection,
        is_silent: impl Fn(&Voice) -> bool,
    ) -> Option<Step<'a>> {
        self.advance(now, known, selection);
        match self.stage {
            Stage::Scout(due) if due <= now => Some(Step::Ask(self.scout(now, selection))),
            Stage::Sweep(due) if due <= now => {
                Some(Step::Ask(self.ask_slice(now, due, known, selection, is_silent)))
            }
            Stage::Audit => {
                self.stage = Stage::Audited;
                Some(Step::Audit)
            }
            _ => None,
        }
    }

    /// When the next query may go out, whatever it is for.
    fn may_ask_at(&self, now: Instant) -> Instant {
        self.last_asked.map_or(now, |asked| now.max(asked + self.limits.query_gap()))
    }

    fn scout<'a>(&'a mut self, now: Instant, selection: &'a Selection) -> Query<'a> {
        (self.last_asked, self.round) = (Some(now), 0);
        self.rounds.ask(now, 0);
        self.stage = Stage::AwaitScout(self.may_ask_at(now + SCOUT_WAIT));
        let query = Query {
            window_ms: SCOUT_WINDOW.as_millis() as u16,
            sample_bits: SAMPLE_BITS,
            watch: self.goal.watch,
            tlvs: selection.tlvs(),
            ..Query::new(self.txn, 0)
        };
        self.questions.put(query, iter::empty())
    }

    fn begin_sweep(&mut self, now: Instant, kind: Kind, known: &Known, selection: &Selection) {
        // 0 is the scout's.
        self.round = self.round.checked_add(1).unwrap_or(1);
        let need = Need {
            expected: self.expected,
            missing: known.missing(),
            voices: known.voices(),
            room: self.questions.filter_room(selection.tlvs().len()),
            is_first: core::mem::take(&mut self.is_first),
        };
        self.sweep.begin(now, kind, need, &self.pace);
        match kind {
            Kind::Ordinary => self.ordinary_began = now,
            Kind::Group => (self.ordinary_began, self.last_group) = (now, Some(now)),
            Kind::Padded => self.padded += 1,
        }
        self.stage = Stage::Sweep(now);
    }

    fn ask_slice<'a>(
        &'a mut self,
        now: Instant,
        due: Instant,
        known: &Known,
        selection: &'a Selection,
        is_silent: impl Fn(&Voice) -> bool,
    ) -> Query<'a> {
        self.pace.adjust(now);
        let slice = self.sweep.slice().unwrap_or(Slice::ALL);
        let population = (known.len() as u64).saturating_add(self.expected).max(1);
        let (window, gap) = self.sweep.ask(now, population, &self.pace);
        self.rounds.ask(now, self.round);
        self.last_asked = Some(now);
        self.stage = if self.sweep.slice().is_none() {
            let settled = self.sweep.settled() + SETTLE;
            Stage::Settle(settled, self.news, settled + LONGEST_SETTLE)
        } else {
            let on_time = if now - due > CATCH_UP { now } else { due };
            Stage::Sweep(on_time + gap.max(self.limits.query_gap()))
        };

        // Who has promised a long answer is asked for it in padded sweeps, and there alone.
        let is_padded = self.sweep.kind == Kind::Padded;
        let is_named = |voice: &&Voice| is_silent(voice) && (voice.missing.is_none() || !is_padded);
        let query = Query {
            window_ms: window.as_millis() as u16,
            slice,
            copies: self.sweep.copies,
            estimate: Some(population.ilog2() as u8),
            multicast_reply: self.sweep.kind == Kind::Group,
            watch: self.goal.watch,
            tlvs: selection.tlvs(),
            length: self.sweep.length,
            ..Query::new(self.txn, self.round)
        };
        let named = known.in_slice(slice).filter(is_named).map(|voice| voice.name);
        self.questions.put(query, named)
    }

    /// A sweep is over, and what became of it is known, or will never be.
    fn judge_sweep(&mut self, now: Instant, known: &Known) {
        self.sweeps = self.sweeps.saturating_add(1);
        self.run_sweeps = self.run_sweeps.saturating_add(1);
        let news = core::mem::take(&mut self.news);
        if self.sweep.kind != Kind::Padded {
            self.expected = (news + 1).min(MOST_EXPECTED);
        }
        // Where answers come by the group alone, silence to the asker alone says nothing.
        let says_something = match self.sweep.kind {
            Kind::Ordinary => !self.verdict.only_by_group(),
            Kind::Group => self.verdict.only_by_group(),
            Kind::Padded => false,
        };
        self.verdict.judge(news, !says_something);
        if core::mem::take(&mut self.has_changed) {
            self.verdict.limit(self.goal.quiet.saturating_sub(SETTLED_SWEEPS));
        }
        // One forged promise of a long answer must not make every sweep a long one.
        let is_missing = known.missing().is_some() && self.padded < self.goal.quiet * 3 / 2;
        let is_quiet = self.verdict.quiet() >= self.goal.quiet;
        let has_somebody = self.goal.even_if_nobody || !known.is_empty();
        let is_done = is_quiet && has_somebody;
        if (is_done && !is_missing) || self.run_sweeps >= self.goal.most_sweeps {
            self.stage = Stage::Rest;
            return;
        }
        let kind = self.next_kind(is_missing, is_done, known);
        let refusals = self.verdict.refusals();
        let gap = match self.verdict.quiet() {
            // At random, since all who ask hear the same refusal.
            _ if refusals > 0 => {
                let half = self.goal.gap * (1 << (refusals / REFUSALS)) / 2;
                half + self.rng.within(half)
            }
            _ if kind == Kind::Padded => Duration::ZERO,
            0 if news > 0 || self.verdict.is_clean() => Duration::ZERO,
            1 => FIRST_GAP,
            _ if is_quiet => IDLE_GAP,
            _ => self.goal.gap,
        };
        let mut at = self.may_ask_at(now).max(self.ordinary_began + gap);
        if kind == Kind::Group {
            at = at.max(self.last_group.map_or(now, |last| last + GROUP_GAP));
        }
        self.stage = Stage::Pause(at, kind);
    }

    fn next_kind(&self, is_missing: bool, is_done: bool, known: &Known) -> Kind {
        let was_ordinary = self.sweep.kind == Kind::Ordinary;
        if is_missing && (was_ordinary || is_done) {
            return Kind::Padded;
        }
        // Nobody is known after several sweeps: now and then it asks for answers to the group, which
        // firewalls let pass that drop the others; and every other time where nothing else comes.
        let quiet = self.verdict.quiet();
        let is_unheard =
            known.is_empty() && quiet >= UNHEARD_SWEEPS && quiet.is_multiple_of(UNHEARD_SWEEPS);
        if was_ordinary && (is_unheard || self.verdict.only_by_group()) {
            return Kind::Group;
        }
        Kind::Ordinary
    }
}
