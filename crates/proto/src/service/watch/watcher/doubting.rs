//! Whose presence is in doubt: who is asked, and gone if nothing comes.

use core::time::Duration;

use super::{DOUBT_QUIET, Run, Watcher};
use crate::service::ask::goal::Goal;
use crate::{Instant, Loss};

/// Sixteen take less than half a second, after which who said goodbye is told to be gone. It is longer
/// than the 24 ms over which answers are spread, and the 16 together outlast the 307 ms for which Wi-Fi
/// may hold datagrams back.
const DOUBT_GAP: Duration = Duration::from_millis(28);
/// No more of those who announced themselves are expected to answer at once, however many are made up.
const MOST_ANNOUNCED: u64 = 4096;

impl Watcher {
    /// Somebody who proves nothing says that a responder has gone or changed: it is asked.
    pub(super) fn doubt(&mut self, now: Instant, id: u64, said_goodbye: bool) {
        let place = self.session.known.place(id);
        if let Some(entry) = self.session.known.at_mut(place) {
            let at = entry.doubt(now, said_goodbye);
            self.doubted.insert(place);
            self.verify_by(at);
        }
    }

    /// Those who are in doubt are to be asked by then.
    pub(super) fn verify_by(&mut self, at: Instant) {
        self.verify_at = Some(self.verify_at.map_or(at, |before| before.min(at)));
    }

    /// Asks those who are in doubt, and those who were announced.
    pub(super) fn verify(&mut self, now: Instant, group: bool) {
        self.prompts.spend(now);
        self.verify_at = None;
        let announced = self.announced.take_news().min(MOST_ANNOUNCED);
        let expected = announced + self.doubted.len() as u64 + 1;
        let goal = Goal::everybody(DOUBT_QUIET, Some(expected));
        self.start(
            now,
            Goal { even_if_nobody: true, watch: true, gap: DOUBT_GAP, group, ..goal }.bounded(),
        );
    }

    /// Since when the first of those is in doubt who still are.
    pub(super) fn earliest_doubt(&self) -> Option<Instant> {
        let known = &self.session.known;
        let entries = self.doubted.iter().filter_map(|place| known.at(*place));
        entries.flat_map(|entry| &entry.voices).filter_map(|voice| voice.doubted).min()
    }

    /// Forgets those who were in doubt when a run began, and did not answer in it.
    pub(super) fn lose_silent(&mut self, run: Run) {
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
}
