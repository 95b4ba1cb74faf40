//! The asker's plan: scout, sweep, sweep those not yet heard, stop.

mod judging;
mod querying;

use core::time::Duration;

use crate::rng::Rng;
use crate::secret::Salts;
use crate::service::ask::expected::Expected;
use crate::service::ask::goal::{Goal, Limits};
use crate::service::ask::pace::Pace;
use crate::service::ask::padded::Padded;
use crate::service::ask::pauses::Pauses;
use crate::service::ask::questions::Questions;
use crate::service::ask::rounds::{Round, Rounds};
use crate::service::ask::sweep::{Kind, Sweep};
use crate::service::ask::verdict::Verdict;
use crate::service::selection::Selection;
use crate::service::table::known::Known;
use crate::service::table::voice::Voice;
use crate::wire::Query;
use crate::{Doubts, Evidence, Instant, Via};

#[cfg(test)]
mod tests;

/// After the last window; and again, for as long as further responders are heard, but not for ever.
const SETTLE: Duration = Duration::from_millis(2);
/// After so many rounds a session is to have another number: what was recorded in one round would be an
/// answer to a later one of the same number.
const MOST_ROUNDS: u16 = 60_000;

/// What is to be done for the plan.
#[derive(Debug)]
pub(crate) enum Step<'a> {
    Ask(Query<'a>),
    Audit,
}

/// What an answer has brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum News {
    Nothing,
    /// Somebody known says something new.
    Changed,
    /// Somebody new, or somebody known from where nobody was known.
    Voice,
}

/// Decides which query is sent when.
#[derive(Debug, Clone)]
pub(crate) struct Asking {
    pub(crate) txn: u64,
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
    expected: Expected,
    padded: Padded,
    pauses: Pauses,
    /// Voices heard for the first time since the last sweep was judged, and whether others changed.
    news: u64,
    has_changed: bool,
    /// In this run, and in all.
    run_sweeps: u32,
    sweeps: u32,
}

/// Where the plan is.
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

impl Asking {
    pub(crate) fn new(txn: u64, salts: Salts, rng: Rng, limits: Limits) -> Asking {
        Asking {
            txn,
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
            expected: Expected::new(Some(0)),
            padded: Padded::default(),
            pauses: Pauses::new(rng, limits.query_gap()),
            news: 0,
            has_changed: false,
            run_sweeps: 0,
            sweeps: 0,
        }
    }

    /// Starts a run of sweeps.
    pub(crate) fn start(&mut self, now: Instant, goal: Goal) {
        self.goal = goal;
        self.pace = Pace::new(now, self.limits.answers, self.limits.buffer);
        self.verdict.begin();
        (self.news, self.has_changed, self.run_sweeps) = (0, false, 0);
        self.is_first = goal.expected.is_none();
        self.padded.begin_run(now);
        self.expected = Expected::new(goal.expected);
        let at = self.pauses.next_query(now);
        let kind = if goal.group { Kind::Group } else { Kind::Ordinary };
        self.stage = if self.is_first { Stage::Scout(at) } else { Stage::Pause(at, kind) };
    }

    /// Whether the session is to have another number before the next run.
    pub(crate) fn is_worn_out(&self) -> bool {
        self.round >= MOST_ROUNDS
    }

    #[cfg(all(test, feature = "auth"))]
    pub(crate) fn wear_out(&mut self) {
        self.round = MOST_ROUNDS;
    }

    /// The session has this number from now on. Nothing that was asked before is answered any more.
    pub(crate) fn set_txn(&mut self, txn: u64) {
        (self.txn, self.round, self.rounds) = (txn, 0, Rounds::new());
    }

    pub(crate) fn is_at_rest(&self) -> bool {
        self.stage == Stage::Rest
    }

    pub(crate) fn sweeps(&self) -> u32 {
        self.sweeps
    }

    /// What the sweeps of this run have shown.
    pub(crate) fn verdict(&self) -> &Verdict {
        &self.verdict
    }

    /// Whether the run has had the sweeps that it was for, all of them clean.
    pub(crate) fn has_reached_goal(&self) -> bool {
        self.is_at_rest() && self.verdict.quiet() >= self.goal.quiet
    }

    /// The round that an answer is to, if it may still come.
    pub(crate) fn answered(&self, now: Instant, round: u16) -> Option<Round> {
        self.rounds.answered(now, round)
    }

    pub(crate) fn set_buffer(&mut self, now: Instant, datagrams: u64) {
        self.limits.buffer = datagrams;
        self.pace = Pace::new(now, self.limits.answers, datagrams);
    }

    pub(crate) fn dropped(&mut self, datagrams: u64) {
        self.pace.dropped(datagrams);
        self.sweep.note_drops();
    }

    /// What happens keeps the sweep that is under way from counting.
    pub(crate) fn spoil(&mut self, doubt: Doubts) {
        self.verdict.spoil(doubt);
    }

    /// What became of the sweep that is over.
    pub(crate) fn audited(&mut self, evidence: Evidence) {
        if self.stage == Stage::Audited {
            self.verdict.take(evidence);
        }
    }

    /// An answer to this session came; says how long after its question, where that is known.
    pub(crate) fn heard(
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

    pub(crate) fn deadline(&self) -> Option<Instant> {
        match self.stage {
            Stage::Rest => None,
            Stage::Audit | Stage::Audited => Some(Instant::AT_ONCE),
            Stage::Scout(at) | Stage::AwaitScout(at) | Stage::Sweep(at) => Some(at),
            Stage::Settle(at, ..) | Stage::Pause(at, _) => Some(at),
        }
    }

    /// Goes on with the plan to where something is to be done.
    pub(crate) fn advance(&mut self, now: Instant, known: &Known, selection: &Selection) {
        while self.deadline().is_some_and(|due| due <= now) {
            match self.stage {
                Stage::Rest | Stage::Scout(_) | Stage::Sweep(_) | Stage::Audit => return,
                Stage::AwaitScout(_) => {
                    self.expected.extrapolate(known.sampled());
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
    pub(crate) fn poll<'a>(
        &'a mut self,
        now: Instant,
        known: &Known,
        selection: &'a Selection,
        is_silent: impl Fn(&Voice) -> bool,
    ) -> Option<Step<'a>> {
        self.advance(now, known, selection);
        match self.stage {
            Stage::Scout(due) if due <= now => Some(Step::Ask(self.ask_scout(now, selection))),
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
}
