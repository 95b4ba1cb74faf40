//! The asker's plan: scout, sweep, sweep those not yet heard, stop.

use alloc::vec::Vec;
use core::time::Duration;

use super::known::{Entry, Known};
use super::pace::Pace;
use super::selection::Selection;
use super::tally::{MOST_SLICE_BITS, MOST_SLICES, Tally};
use crate::Instant;
use crate::wire::{Filter, FilterBuilder, MAX_FILTER, MAX_WINDOW_MS, Query, Slice, Tlvs};

/// The scout asks 1 in 2^8: a hundred thousand then send 390 answers, which fit any buffer.
const SAMPLE_BITS: u8 = 8;
const SCOUT_WINDOW: Duration = Duration::from_millis(4);
const SCOUT_WAIT: Duration = Duration::from_millis(5);
/// What is expected when the scout heard nobody, which happens up to about a thousand.
const EXPECTED_UNSEEN: u64 = 64;
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
/// A responder answers to the group once a second at the most.
const GROUP_GAP: Duration = Duration::from_millis(1_100);
/// Sweeps without anybody after which one in as many asks for answers to the group.
const UNHEARD_SWEEPS: u32 = 4;
/// Rounds for whose answers a watcher, which goes on with one session, still waits.
const RECENT_ROUNDS: u16 = 64;
/// The same for questions to one responder, of which many may be open.
const RECENT_INQUIRIES: u16 = 4096;
/// An asker that was called late catches up by this much at the most.
const CATCH_UP: Duration = Duration::from_millis(2);

/// What a run of sweeps is for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Goal {
    /// It ends after this many sweeps in a row that heard nobody new.
    pub(super) quiet: u32,
    /// Whether it may end with nobody known.
    pub(super) even_if_nobody: bool,
    /// How many answers are expected; `None`: find out first.
    pub(super) expected: Option<u64>,
    /// Whether the queries say that the asker watches.
    pub(super) watch: bool,
    /// Whether answers are to go to the group.
    pub(super) group: bool,
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
    Pause(Instant),
}

/// Decides which query is sent when.
#[derive(Debug, Clone)]
pub(super) struct Asking {
    pub(super) txn: u64,
    limits: Limits,
    goal: Goal,
    stage: Stage,
    pace: Pace,
    tally: Tally,
    round: u16,
    /// Questions to one responder count their rounds down, so that each is one of its own to it.
    inquiry_round: u16,
    /// The sweep is the first that asks everybody.
    first: bool,
    /// Answers expected in the next sweep.
    expected: u64,
    slice_bits: u8,
    copies: u8,
    to_group: bool,
    sweep_started: Instant,
    last_asked: Instant,
    /// Heard for the first time since the last sweep was judged.
    news: u64,
    /// Sweeps in a row without news.
    quiet: u32,
    sweeps: u32,
    /// Answers were heard at the group, and none by unicast.
    only_by_group: bool,
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
    pub(super) fn new(txn: u64, limits: Limits) -> Asking {
        Asking {
            txn,
            limits,
            goal: Goal {
                quiet: 0,
                even_if_nobody: true,
                expected: None,
                watch: false,
                group: false,
            },
            stage: Stage::Rest,
            pace: Pace::new(Instant::ZERO, limits.answers, limits.buffer),
            tally: Tally::new(),
            round: 0,
            inquiry_round: 0,
            first: false,
            expected: 0,
            slice_bits: 0,
            copies: 1,
            to_group: false,
            sweep_started: Instant::ZERO,
            last_asked: Instant::ZERO,
            news: 0,
            quiet: 0,
            sweeps: 0,
            only_by_group: false,
            filter: Vec::with_capacity(MAX_FILTER),
        }
    }

    /// Starts a run of sweeps.
    pub(super) fn start(&mut self, now: Instant, goal: Goal) {
        self.goal = goal;
        self.pace = Pace::new(now, self.limits.answers, self.limits.buffer);
        (self.news, self.quiet, self.first) = (0, 0, goal.expected.is_none());
        self.only_by_group = false;
        match goal.expected {
            None => self.stage = Stage::Scout,
            Some(expected) => {
                self.expected = expected;
                self.stage = Stage::Pause(now);
            }
        }
    }

    pub(super) fn is_at_rest(&self) -> bool {
        self.stage == Stage::Rest
    }

    pub(super) fn sweeps(&self) -> u32 {
        self.sweeps
    }

    /// Whether an answer to this round may still come: later it may have been sent again by anybody.
    pub(super) fn is_recent(&self, round: u16) -> bool {
        self.round.wrapping_sub(round) <= RECENT_ROUNDS || self.is_inquiry(round)
    }

    fn is_inquiry(&self, round: u16) -> bool {
        let since = round.checked_sub(self.inquiry_round);
        self.inquiry_round != 0 && since.is_some_and(|since| since < RECENT_INQUIRIES)
    }

    /// The time since the latest query.
    pub(super) fn since_asked(&self, now: Instant) -> Duration {
        now - self.last_asked
    }

    pub(super) fn set_buffer(&mut self, now: Instant, datagrams: u64) {
        self.limits.buffer = datagrams;
        self.pace = Pace::new(now, self.limits.answers, datagrams);
    }

    pub(super) fn dropped(&mut self, datagrams: u64) {
        self.pace.dropped(datagrams);
    }

    /// An answer to this session came.
    pub(super) fn heard(
        &mut self,
        now: Instant,
        id: u64,
        round: u16,
        is_new: bool,
        by_group: bool,
    ) {
        self.news += u64::from(is_new);
        self.only_by_group = by_group && (self.only_by_group || is_new);
        if round == 0 || self.is_inquiry(round) {
            return; // these come when they come
        }
        let slice = Slice::of(id, self.txn, self.slice_bits).index() as usize;
        let in_time = round == self.round && self.tally.heard(now, slice) == Some(false);
        self.pace.heard(!in_time);
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        match self.stage {
            Stage::Rest => None,
            Stage::Scout => Some(Instant::ZERO),
            Stage::AwaitScout(at) | Stage::Sweep(at) | Stage::Pause(at) => Some(at),
            Stage::Settle(at, ..) => Some(at),
        }
    }

    /// Does one thing that is due: the query that it returns, or a step of the plan. `is_silent` says
    /// who need not answer.
    pub(super) fn poll<'a>(
        &'a mut self,
        now: Instant,
        known: &Known,
        selection: &'a Selection,
        is_silent: impl Fn(&Entry) -> bool,
    ) -> Option<Query<'a>> {
        if self.deadline().is_none_or(|due| due > now) {
            return None;
        }
        match self.stage {
            Stage::Rest => None,
            Stage::Scout => {
                self.stage = Stage::AwaitScout(now + SCOUT_WAIT);
                (self.last_asked, self.round) = (now, 0);
                Some(Query {
                    window_ms: SCOUT_WINDOW.as_millis() as u16,
                    sample_bits: SAMPLE_BITS,
                    watch: self.goal.watch,
                    tlvs: selection.tlvs(),
                    ..Query::new(self.txn, 0)
                })
            }
            Stage::AwaitScout(_) => {
                let heard = self.news;
                self.expected = if heard == 0 {
                    EXPECTED_UNSEEN
                } else {
                    // Two standard deviations more than the sample says.
                    (heard + (4 * heard).isqrt() + 1) << SAMPLE_BITS
                };
                self.begin_sweep(now, known, selection);
                None
            }
            Stage::Sweep(due) => Some(self.ask_slice(now, due, known, selection, is_silent)),
            Stage::Settle(_, news, limit) => {
                if self.news != news && now < limit {
                    self.stage = Stage::Settle((now + SETTLE).min(limit), self.news, limit);
                } else {
                    self.judge_sweep(known);
                }
                None
            }
            Stage::Pause(_) => {
                self.begin_sweep(now, known, selection);
                None
            }
        }
    }

    fn begin_sweep(&mut self, now: Instant, known: &Known, selection: &Selection) {
        // 0 is the scout's.
        self.round = self.round.checked_add(1).unwrap_or(1);
        self.to_group = self.goal.group || self.only_by_group || self.is_unheard(known);
        let one_copy = self.first || self.expected > BULK || self.to_group;
        self.copies = if one_copy { 1 } else { TAIL_COPIES };
        self.first = false;

        let room = self.filter_room(selection.tlvs()).max(1);
        let filters = Filter::bytes_for(known.len()).div_ceil(room);
        let window = self.pace.time_for(self.milli_expected());
        let windows = window.as_nanos().div_ceil(LONGEST_WINDOW.as_nanos()) as usize;
        let slices = filters.max(windows).clamp(1, MOST_SLICES).next_power_of_two();
        self.slice_bits = (slices.ilog2() as u8).min(MOST_SLICE_BITS);

        self.tally.begin(now, self.milli_expected() >> self.slice_bits);
        self.sweep_started = now;
        self.stage = Stage::Sweep(now);
    }

    /// Nobody is known after several sweeps: now and then it asks for answers to the group, which
    /// firewalls let pass that drop the others.
    fn is_unheard(&self, known: &Known) -> bool {
        known.is_empty()
            && self.quiet >= UNHEARD_SWEEPS
            && self.quiet.is_multiple_of(UNHEARD_SWEEPS)
    }

    fn milli_expected(&self) -> u64 {
        self.expected.saturating_mul(1000 * u64::from(self.copies))
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
        is_silent: impl Fn(&Entry) -> bool,
    ) -> Query<'a> {
        self.pace.adjust(now);
        let index = self.tally.len() as u32;
        let slice = Slice::new(self.slice_bits, index).unwrap_or(Slice::ALL);

        let spread = self.pace.time_for(self.tally.density(now));
        let shortest = SHORTEST_WINDOW * self.copies.into();
        let window_ms = spread.max(shortest).as_nanos().div_ceil(1_000_000);
        let window_ms = window_ms.min(MAX_WINDOW_MS.into()) as u16;
        self.tally.asked(now + Duration::from_millis(window_ms.into()));
        self.last_asked = now;

        self.stage = if index + 1 == 1 << self.slice_bits {
            let settled = self.tally.last_window() + SETTLE;
            Stage::Settle(settled, self.news, settled + LONGEST_SETTLE)
        } else {
            let pause = spread.max(Duration::from_secs(1) / self.limits.queries.max(1));
            let on_time = if now - due > CATCH_UP { now } else { due };
            Stage::Sweep(on_time + pause)
        };

        let room = Query::filter_room(selection.tlvs().len(), self.limits.sealed);
        let silent = known.in_slice(slice).filter(|entry| is_silent(entry));
        let length = Filter::bytes_for(silent.clone().count()).min(room);
        self.filter.clear();
        self.filter.resize(length, 0);
        let salt = self.round.into();
        let mut filter = FilterBuilder::new(&mut self.filter, self.txn, salt);
        silent.for_each(|entry| filter.insert(entry.id));

        let population = (known.len() as u64).saturating_add(self.expected);
        Query {
            salt,
            window_ms,
            slice,
            copies: self.copies,
            estimate: Some(population.max(1).ilog2() as u8),
            multicast_reply: self.to_group,
            watch: self.goal.watch,
            filter: filter.finish(),
            tlvs: selection.tlvs(),
            ..Query::new(self.txn, self.round)
        }
    }

    fn judge_sweep(&mut self, known: &Known) {
        self.sweeps = self.sweeps.saturating_add(1);
        self.expected = self.news + 1;
        self.quiet = if self.news > 0 { 0 } else { self.quiet.saturating_add(1) };
        self.news = 0;
        let enough = self.quiet >= self.goal.quiet;
        self.stage = if enough && (self.goal.even_if_nobody || !known.is_empty()) {
            Stage::Rest
        } else {
            let gap = match self.quiet {
                _ if self.only_by_group => GROUP_GAP,
                0 => Duration::ZERO,
                1 => FIRST_GAP,
                _ if enough => IDLE_GAP,
                _ => GAP,
            };
            Stage::Pause(self.sweep_started + gap)
        };
    }

    /// A question to one responder alone, long enough for the longest answer.
    pub(super) fn ask_one<'a>(
        &mut self,
        now: Instant,
        id: u64,
        selection: &'a Selection,
    ) -> Query<'a> {
        self.last_asked = now;
        self.inquiry_round = self.inquiry_round.wrapping_sub(1);
        Query {
            // In the smallest slice there is: others behind the same address stay silent.
            slice: Slice::of(id, self.txn, crate::wire::MAX_HASH_BITS),
            window_ms: (SHORTEST_WINDOW * TAIL_COPIES.into()).as_millis() as u16,
            copies: TAIL_COPIES,
            tlvs: selection.tlvs(),
            length: crate::wire::MAX_SENT,
            ..Query::new(self.txn, self.inquiry_round)
        }
    }
}
