//! The asker's plan: scout, sweep, sweep those not yet heard, stop.

use alloc::vec::Vec;
use core::time::Duration;

use super::entry::Voice;
use super::instance::Via;
use super::known::Known;
use super::pace::Pace;
use super::rounds::{Round, Rounds};
use super::selection::Selection;
use super::tally::{MOST_SLICE_BITS, MOST_SLICES, Tally};
use super::verdict::Verdict;
use crate::secret::Salts;
use crate::wire::{
    Filter, FilterBuilder, MAX_FILTER, MAX_SENT, MAX_WINDOW_MS, MIN_QUERY, Query, Slice, Tlvs,
};
use crate::{Doubts, Evidence, Instant};

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
/// The shortest window of a copy. It is above what a host takes to wake up, holds a thousand answers
/// that nobody expected, and three are longer than most bursts of loss.
const SHORTEST_WINDOW: Duration = Duration::from_millis(8);
/// The longest window of a slice, and so the time after which the asker can slow down or stop.
const LONGEST_WINDOW: Duration = Duration::from_millis(100);
/// With more expected than this a second and a third copy cost more than a further sweep.
const BULK: u64 = 500;
const TAIL_COPIES: u8 = 3;
/// After the last window; and again, for as long as further responders are heard, but not for ever.
const SETTLE: Duration = Duration::from_millis(2);
const LONGEST_SETTLE: Duration = Duration::from_secs(2);
/// From the start of a sweep that heard nobody new to the start of the next. Sixteen then span two of
/// Wi-Fi's longest usual delivery periods for multicasts (DTIM 3, 307 ms).
const FIRST_GAP: Duration = Duration::from_millis(20);
const GAP: Duration = Duration::from_millis(40);
const IDLE_GAP: Duration = Duration::from_millis(100);
/// A responder's answers to the group are this far apart at the least, so that one to each sweep that
/// asks for them may come that much later than its window says; and this is how many come a second.
pub(super) const GROUP_GAP: Duration = Duration::from_millis(200);
const GROUP_RATE: u64 = 1_000;
/// Sweeps without anybody after which one in as many asks for answers to the group.
const UNHEARD_SWEEPS: u32 = 4;
/// An answer of this length is one at the rate at which answers are asked for; a longer one is more.
const UNIT: u64 = 160;
/// So many quiet sweeps follow at least on one in which somebody known said something new: who was made
/// to seem to have said it has time to say otherwise.
const SETTLED_SWEEPS: u32 = 2;
/// A run that has a bound ends after this many sweeps, however many of them did not count.
const MOST_SWEEPS: u32 = 64;
/// An asker that was called late catches up by this much at the most.
const CATCH_UP: Duration = Duration::from_millis(2);

/// What a run of sweeps is for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Goal {
    /// It ends after this many sweeps in a row that heard nobody new.
    pub(super) quiet: u32,
    /// From the start of a sweep to the start of the next, once nobody new is heard.
    pub(super) gap: Duration,
    /// Whether it may end with nobody known.
    pub(super) even_if_nobody: bool,
    /// It ends after so many sweeps in any case.
    pub(super) most_sweeps: u32,
    /// How many answers are expected; `None`: find out first.
    pub(super) expected: Option<u64>,
    /// Whether the queries say that the asker watches.
    pub(super) watch: bool,
    /// Whether the first sweep asks for answers to the group.
    pub(super) group: bool,
}

impl Goal {
    /// To find everybody, with nothing known.
    pub(super) fn everybody(quiet: u32, expected: Option<u64>) -> Goal {
        Goal {
            quiet,
            gap: GAP,
            even_if_nobody: false,
            most_sweeps: u32::MAX,
            expected,
            watch: false,
            group: false,
        }
    }

    /// The same, which ends after some time even if its sweeps do not count.
    pub(super) fn bounded(self) -> Goal {
        Goal { most_sweeps: MOST_SWEEPS, ..self }
    }
}

/// What a sweep asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Answers to the asker, as long as the shortest query allows.
    Ordinary,
    /// The same, as long as the longest that is missing. Where the way is too narrow for so long a query,
    /// nobody hears it: so that nobody answers says nothing.
    Padded,
    /// Answers to the group.
    Group,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// Not asking, or done with it.
    Rest,
    Scout,
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
    salts: Salts,
    limits: Limits,
    goal: Goal,
    stage: Stage,
    pace: Pace,
    tally: Tally,
    rounds: Rounds,
    round: u16,
    kind: Kind,
    verdict: Verdict,
    /// The sweep is the first that asks everybody.
    first: bool,
    /// Answers expected in the next sweep, and how much longer each is than the shortest.
    expected: u64,
    units: u64,
    /// The longest answer that is missing and so the length of a padded query.
    length: usize,
    slice_bits: u8,
    copies: u8,
    /// Padded sweeps that may still be made.
    padded_left: u32,
    /// When the last sweep began, and the last that was not an extra one.
    began: Instant,
    ordinary_began: Instant,
    last_group: Option<Instant>,
    last_asked: Option<Instant>,
    /// Voices heard for the first time since the last sweep was judged, and whether others changed.
    news: u64,
    has_changed: bool,
    /// In this run, and in all.
    run_sweeps: u32,
    sweeps: u32,
    filter: Vec<u8>,
}

/// What bounds the asking.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// Answers a second.
    pub(super) answers: u32,
    /// Queries a second.
    pub(super) queries: u32,
    /// Datagrams in the socket's receive buffer.
    pub(super) buffer: u64,
    /// Whether queries carry a trailer.
    pub(super) sealed: bool,
}

impl Asking {
    pub(super) fn new(txn: u64, salts: Salts, limits: Limits) -> Asking {
        Asking {
            txn,
            salts,
            limits,
            goal: Goal::everybody(0, None),
            stage: Stage::Rest,
            pace: Pace::new(Instant::ZERO, limits.answers, limits.buffer),
            tally: Tally::new(),
            rounds: Rounds::new(),
            round: 0,
            kind: Kind::Ordinary,
            verdict: Verdict::default(),
            first: false,
            expected: 0,
            units: 1,
            length: MIN_QUERY,
            slice_bits: 0,
            copies: 1,
            padded_left: 0,
            began: Instant::ZERO,
            ordinary_began: Instant::ZERO,
            last_group: None,
            last_asked: None,
            news: 0,
            has_changed: false,
            run_sweeps: 0,
            sweeps: 0,
            filter: Vec::with_capacity(MAX_FILTER),
        }
    }

    /// Starts a run of sweeps.
    pub(super) fn start(&mut self, now: Instant, goal: Goal) {
        self.goal = goal;
        self.pace = Pace::new(now, self.limits.answers, self.limits.buffer);
        self.verdict.begin();
        (self.news, self.has_changed, self.run_sweeps) = (0, false, 0);
        self.first = goal.expected.is_none();
        // One forged promise of a long answer must not make every sweep a long one.
        self.padded_left = goal.quiet * 3 / 2;
        match goal.expected {
            None => self.stage = Stage::Scout,
            Some(expected) => {
                self.expected = expected.min(MOST_EXPECTED);
                let kind = if goal.group { Kind::Group } else { Kind::Ordinary };
                self.stage = Stage::Pause(now, kind);
            }
        }
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
    }

    /// Responders say that they refuse questions: silence is not absence.
    pub(super) fn refused(&mut self) {
        self.verdict.spoil(Doubts::REFUSED);
    }

    /// The network is another one: what was quiet says nothing of it.
    pub(super) fn network_changed(&mut self) {
        self.verdict.spoil(Doubts::NETWORK_CHANGED);
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
        let slice = Slice::of(id, self.txn, self.slice_bits).index() as usize;
        let heard = (round == self.round).then(|| self.tally.heard(now, slice)).flatten();
        self.pace.heard(heard.is_none_or(|heard| heard.is_late));
        heard.map(|heard| now - heard.asked)
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        match self.stage {
            Stage::Rest => None,
            Stage::Scout | Stage::Audit | Stage::Audited => Some(Instant::ZERO),
            Stage::AwaitScout(at) | Stage::Sweep(at) | Stage::Pause(at, _) => Some(at),
            Stage::Settle(at, ..) => Some(at),
        }
    }

    /// Does one thing that is due: what it returns, or a step of the plan. `is_silent` says whose words
    /// need not be heard again.
    pub(super) fn poll<'a>(
        &'a mut self,
        now: Instant,
        known: &Known,
        selection: &'a Selection,
        is_silent: impl Fn(&Voice) -> bool,
    ) -> Option<Step<'a>> {
        if self.deadline().is_none_or(|due| due > now) {
            return None;
        }
        match self.stage {
            Stage::Rest => None,
            Stage::Scout => Some(Step::Ask(self.scout(now, selection))),
            Stage::AwaitScout(_) => {
                let heard = self.news.min(MOST_SCOUTED);
                self.expected = if heard == 0 {
                    EXPECTED_UNSEEN
                } else {
                    // Two standard deviations more than the sample says.
                    (heard + (4 * heard).isqrt() + 1) << SAMPLE_BITS
                };
                self.begin_sweep(now, Kind::Ordinary, known, selection);
                None
            }
            Stage::Sweep(due) => {
                Some(Step::Ask(self.ask_slice(now, due, known, selection, is_silent)))
            }
            Stage::Settle(_, news, limit) => {
                self.stage = if self.news != news && now < limit {
                    Stage::Settle((now + SETTLE).min(limit), self.news, limit)
                } else {
                    Stage::Audit
                };
                None
            }
            Stage::Audit => {
                self.stage = Stage::Audited;
                Some(Step::Audit)
            }
            Stage::Audited => {
                self.judge_sweep(now, known);
                None
            }
            Stage::Pause(_, kind) => {
                self.begin_sweep(now, kind, known, selection);
                None
            }
        }
    }

    fn scout<'a>(&mut self, now: Instant, selection: &'a Selection) -> Query<'a> {
        self.stage = Stage::AwaitScout(now + SCOUT_WAIT);
        (self.last_asked, self.round) = (Some(now), 0);
        self.rounds.ask(now, 0);
        Query {
            window_ms: SCOUT_WINDOW.as_millis() as u16,
            sample_bits: SAMPLE_BITS,
            watch: self.goal.watch,
            salt: self.salts.next(),
            tlvs: selection.tlvs(),
            ..Query::new(self.txn, 0)
        }
    }

    fn begin_sweep(&mut self, now: Instant, kind: Kind, known: &Known, selection: &Selection) {
        // 0 is the scout's.
        self.round = self.round.checked_add(1).unwrap_or(1);
        self.kind = kind;
        let mut expected = self.expected;
        (self.units, self.length) = (1, MIN_QUERY);
        if kind == Kind::Padded {
            let (missing, longest) = known.missing().unwrap_or((0, 0));
            expected = missing + 1;
            self.length = usize::from(longest).clamp(MIN_QUERY, MAX_SENT);
            self.units = (self.length as u64).div_ceil(UNIT);
            self.padded_left = self.padded_left.saturating_sub(1);
        }
        let one_copy = self.first || expected > BULK || kind == Kind::Group;
        self.copies = if one_copy { 1 } else { TAIL_COPIES };
        self.first = false;

        let room = self.filter_room(selection.tlvs()).max(1);
        let filters = Filter::bytes_for(known.voices()).div_ceil(room);
        let milli_expected = expected.saturating_mul(1000 * u64::from(self.copies) * self.units);
        let window = self.pace.time_for(milli_expected);
        let windows = window.as_nanos().div_ceil(LONGEST_WINDOW.as_nanos()) as usize;
        let slices = filters.max(windows).clamp(1, MOST_SLICES).next_power_of_two();
        self.slice_bits = (slices.ilog2() as u8).min(MOST_SLICE_BITS);

        self.tally.begin(now, (milli_expected / self.units) >> self.slice_bits);
        if kind == Kind::Group {
            self.last_group = Some(now);
        }
        self.began = now;
        if kind != Kind::Padded {
            self.ordinary_began = now;
        }
        self.stage = Stage::Sweep(now);
    }

    /// Room for the filter: what is left beside selectors and trailer, less a thirtieth, since slices
    /// are not all of one size.
    fn filter_room(&self, selectors: Tlvs<'_>) -> usize {
        Query::filter_room(selectors.len(), self.limits.sealed) * 29 / 30
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
        let index = self.tally.len() as u32;
        let slice = Slice::new(self.slice_bits, index).unwrap_or(Slice::ALL);
        let population = (known.len() as u64).saturating_add(self.expected).max(1);

        let spread = self.pace.time_for(self.tally.density(now).saturating_mul(self.units));
        let shortest = match self.kind {
            Kind::Group => Duration::from_nanos(population * 1_000_000_000 / GROUP_RATE)
                .clamp(SHORTEST_WINDOW * TAIL_COPIES.into(), LONGEST_SETTLE),
            _ => SHORTEST_WINDOW * self.copies.into(),
        };
        let window_ms = spread.max(shortest).as_nanos().div_ceil(1_000_000);
        let window_ms = window_ms.min(MAX_WINDOW_MS.into()) as u16;
        self.tally.asked(now, now + Duration::from_millis(window_ms.into()));
        self.rounds.ask(now, self.round);
        self.last_asked = Some(now);

        self.stage = if index + 1 == 1 << self.slice_bits {
            let late = if self.kind == Kind::Group { GROUP_GAP } else { Duration::ZERO };
            let settled = self.tally.last_window() + late + SETTLE;
            Stage::Settle(settled, self.news, settled + LONGEST_SETTLE)
        } else {
            let pause = spread.max(self.query_gap());
            let on_time = if now - due > CATCH_UP { now } else { due };
            Stage::Sweep(on_time + pause)
        };

        // Who has promised a long answer is asked for it in padded sweeps, and there alone.
        let is_named = |voice: &&Voice| {
            is_silent(voice) && (voice.missing.is_none() || self.kind != Kind::Padded)
        };
        let room = Query::filter_room(selection.tlvs().len(), self.limits.sealed);
        let silent = known.in_slice(slice).filter(is_named);
        let length = Filter::bytes_for(silent.clone().count()).min(room);
        let salt = self.salts.next();
        self.filter.clear();
        self.filter.resize(length, 0);
        let mut filter = FilterBuilder::new(&mut self.filter, self.txn, salt);
        silent.for_each(|voice| filter.insert(voice.name));

        Query {
            window_ms,
            slice,
            copies: self.copies,
            estimate: Some(population.ilog2() as u8),
            multicast_reply: self.kind == Kind::Group,
            watch: self.goal.watch,
            salt,
            filter: filter.finish(),
            tlvs: selection.tlvs(),
            length: self.length,
            ..Query::new(self.txn, self.round)
        }
    }

    /// The time from one query to the next, at the least.
    fn query_gap(&self) -> Duration {
        Duration::from_secs(1) / self.limits.queries.max(1)
    }

    /// A sweep is over, and what became of it is known, or will never be.
    fn judge_sweep(&mut self, now: Instant, known: &Known) {
        self.sweeps = self.sweeps.saturating_add(1);
        self.run_sweeps = self.run_sweeps.saturating_add(1);
        let news = core::mem::take(&mut self.news);
        if self.kind != Kind::Padded {
            self.expected = (news + 1).min(MOST_EXPECTED);
        }
        // Where answers come by the group alone, silence to the asker alone says nothing.
        let says_something = match self.kind {
            Kind::Ordinary => !self.verdict.only_by_group(),
            Kind::Group => self.verdict.only_by_group(),
            Kind::Padded => false,
        };
        self.verdict.judge(news, !says_something);
        if core::mem::take(&mut self.has_changed) {
            self.verdict.limit(self.goal.quiet.saturating_sub(SETTLED_SWEEPS));
        }
        let is_missing = known.missing().is_some() && self.padded_left > 0;
        let is_quiet = self.verdict.quiet() >= self.goal.quiet;
        let has_somebody = self.goal.even_if_nobody || !known.is_empty();
        let is_done = is_quiet && has_somebody && !is_missing;
        if is_done || self.run_sweeps >= self.goal.most_sweeps {
            self.stage = Stage::Rest;
            return;
        }
        let kind = self.next_kind(is_missing, is_quiet && has_somebody, known);
        let gap = match self.verdict.quiet() {
            _ if kind == Kind::Padded => Duration::ZERO,
            0 if news > 0 || self.verdict.is_clean() => Duration::ZERO,
            1 => FIRST_GAP,
            _ if is_quiet => IDLE_GAP,
            _ => self.goal.gap,
        };
        let mut at = self.ordinary_began + gap;
        if kind == Kind::Group {
            at = at.max(self.last_group.map_or(now, |last| last + GROUP_GAP));
        }
        let soonest = self.last_asked.map_or(now, |asked| asked + self.query_gap());
        self.stage = Stage::Pause(at.max(soonest), kind);
    }

    fn next_kind(&self, is_missing: bool, is_quiet: bool, known: &Known) -> Kind {
        let was_ordinary = self.kind == Kind::Ordinary;
        if is_missing && (was_ordinary || is_quiet) {
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
