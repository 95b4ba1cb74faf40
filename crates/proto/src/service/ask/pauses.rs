//! How long an asker pauses from one query to the next, and from one sweep to the next.

use core::time::Duration;

use crate::Instant;
use crate::rng::Rng;
use crate::service::GROUP_GAP;
use crate::service::ask::goal::Goal;
use crate::service::ask::sweep::Kind;
use crate::service::ask::verdict::Verdict;

/// After so many refusals without news it waits twice as long, and so on: many askers that go on at their
/// pace leave nobody the time to answer. Not sooner, since where somebody forges questions in its name who
/// asks often is answered at last.
const REFUSALS: u32 = 16;
/// From the start of a sweep to the start of the next: after the first that heard nobody new, and where
/// enough have heard nobody at all.
const FIRST_GAP: Duration = Duration::from_millis(20);
const IDLE_GAP: Duration = Duration::from_millis(100);

/// When was asked last, and so when may be asked again.
#[derive(Debug, Clone)]
pub(crate) struct Pauses {
    rng: Rng,
    /// From one query to the next, at the least.
    query_gap: Duration,
    last_asked: Option<Instant>,
    /// When the last sweep began that was not padded, and the last by group.
    ordinary_began: Instant,
    last_group: Option<Instant>,
}

impl Pauses {
    pub(crate) fn new(rng: Rng, query_gap: Duration) -> Pauses {
        let ordinary_began = Instant::ZERO;
        Pauses { rng, query_gap, last_asked: None, ordinary_began, last_group: None }
    }

    /// A query goes out, whatever it is for.
    pub(crate) fn note_query(&mut self, now: Instant) {
        self.last_asked = Some(now);
    }

    /// A sweep begins.
    pub(crate) fn note_sweep(&mut self, now: Instant, kind: Kind) {
        match kind {
            Kind::Ordinary => self.ordinary_began = now,
            Kind::Group => (self.ordinary_began, self.last_group) = (now, Some(now)),
            Kind::Padded => {}
        }
    }

    /// When the next query may go out, whatever it is for.
    pub(crate) fn next_query(&self, now: Instant) -> Instant {
        self.last_asked.map_or(now, |asked| now.max(asked + self.query_gap))
    }

    /// When a sweep of this kind may follow on one that heard so many for the first time.
    pub(crate) fn next_sweep(
        &mut self,
        now: Instant,
        kind: Kind,
        goal: &Goal,
        verdict: &Verdict,
        news: u64,
    ) -> Instant {
        let refusals = verdict.refusals();
        let gap = match verdict.quiet() {
            // At random, since all who ask hear the same refusal.
            _ if refusals > 0 => {
                let half = goal.gap * (1 << (refusals / REFUSALS)) / 2;
                half + self.rng.within(half)
            }
            _ if kind == Kind::Padded => Duration::ZERO,
            0 if news > 0 || verdict.is_clean() => Duration::ZERO,
            1 => FIRST_GAP,
            quiet if quiet >= goal.quiet => IDLE_GAP,
            _ => goal.gap,
        };
        let mut at = self.next_query(now).max(self.ordinary_began + gap);
        if kind == Kind::Group {
            at = at.max(self.last_group.map_or(now, |last| last + GROUP_GAP));
        }
        at
    }
}
