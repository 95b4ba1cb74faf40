//! The queries of the plan: the scout, and the slices of a sweep.

use core::iter;
use core::time::Duration;

use super::{Asking, SETTLE, Stage};
use crate::Instant;
use crate::service::ask::expected::SAMPLE_BITS;
use crate::service::ask::sweep::{Kind, Need};
use crate::service::selection::Selection;
use crate::service::table::known::Known;
use crate::service::table::voice::Voice;
use crate::wire::{Query, Slice};

const SCOUT_WINDOW: Duration = Duration::from_millis(4);
const SCOUT_WAIT: Duration = Duration::from_millis(5);
/// A sweep settles for this long at the most, whoever goes on to be heard.
const LONGEST_SETTLE: Duration = Duration::from_secs(2);
/// An asker that was called late catches up by this much at the most.
const CATCH_UP: Duration = Duration::from_millis(2);

impl Asking {
    /// Asks a sample of the responders.
    pub(super) fn ask_scout<'a>(&'a mut self, now: Instant, selection: &'a Selection) -> Query<'a> {
        self.pauses.note_query(now);
        self.round = 0;
        self.rounds.ask(now, 0);
        self.stage = Stage::AwaitScout(self.pauses.next_query(now + SCOUT_WAIT));
        let query = Query {
            window_ms: SCOUT_WINDOW.as_millis() as u16,
            sample_bits: SAMPLE_BITS,
            watch: self.goal.watch,
            tlvs: selection.tlvs(),
            ..Query::new(self.txn, 0)
        };
        self.questions.put(query, iter::empty())
    }

    /// Begins a sweep; its questions are asked later, slice by slice.
    pub(super) fn begin_sweep(
        &mut self,
        now: Instant,
        kind: Kind,
        known: &Known,
        selection: &Selection,
    ) {
        // 0 is the scout's.
        self.round = self.round.checked_add(1).unwrap_or(1);
        let need = Need {
            expected: self.expected.answers(),
            missing: known.missing(),
            voices: known.voices(),
            room: self.questions.filter_room(selection.tlvs().len()),
            is_first: core::mem::take(&mut self.is_first),
        };
        self.sweep.begin(now, kind, need, &self.pace);
        self.pauses.note_sweep(now, kind);
        if kind == Kind::Padded {
            self.padded.count_sweep();
        }
        self.stage = Stage::Sweep(now);
    }

    /// Asks the next slice of the sweep.
    pub(super) fn ask_slice<'a>(
        &'a mut self,
        now: Instant,
        due: Instant,
        known: &Known,
        selection: &'a Selection,
        is_silent: impl Fn(&Voice) -> bool,
    ) -> Query<'a> {
        self.pace.adjust(now);
        let slice = self.sweep.slice().unwrap_or(Slice::ALL);
        let population = (known.len() as u64).saturating_add(self.expected.answers()).max(1);
        let (window, gap) = self.sweep.ask(now, population, &self.pace);
        self.rounds.ask(now, self.round);
        self.pauses.note_query(now);
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
}
