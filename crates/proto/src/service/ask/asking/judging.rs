//! What follows on a sweep: another, of which kind and when, or none.

use super::{Asking, Stage};
use crate::Instant;
use crate::service::ask::sweep::Kind;
use crate::service::table::known::Known;

/// Sweeps without anybody after which one in as many asks for answers to the group.
const UNHEARD_SWEEPS: u32 = 4;
/// So many quiet sweeps follow at least on one in which somebody known said something new: who was made
/// to seem to have said it has time to say otherwise.
const SETTLED_SWEEPS: u32 = 2;

impl Asking {
    /// A sweep is over, and what became of it is known, or will never be.
    pub(super) fn judge_sweep(&mut self, now: Instant, known: &Known) {
        self.sweeps = self.sweeps.saturating_add(1);
        self.run_sweeps = self.run_sweeps.saturating_add(1);
        let news = core::mem::take(&mut self.news);
        if self.sweep.kind != Kind::Padded {
            self.expected.follow(news);
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
        let is_missing = known.missing().is_some() && self.padded.may_go_on(self.goal.quiet);
        let is_quiet = self.verdict.quiet() >= self.goal.quiet;
        let has_somebody = self.goal.even_if_nobody || !known.is_empty();
        let is_done = is_quiet && has_somebody;
        if (is_done && !is_missing) || self.run_sweeps >= self.goal.most_sweeps {
            self.stage = Stage::Rest;
            return;
        }
        let kind = self.next_kind(is_missing, is_done, known);
        let at = self.pauses.next_sweep(now, kind, &self.goal, &self.verdict, news);
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
